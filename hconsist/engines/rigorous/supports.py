"""Lines below T, one class for each reason why they are (docs/theory.md, "Supporting lines")."""

from __future__ import annotations

import heapq
import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from scipy.optimize import brentq

from hconsist.arithmetic import BALLS, endpoints
from hconsist.engines.rigorous.binary import BinaryRisk
from hconsist.engines.rigorous.branch import Risk, Search
from hconsist.engines.rigorous.envelope import Line, Point, Support, Wanted
from hconsist.engines.rigorous.jets import BALL_JETS, FLOAT_JETS, variable
from hconsist.engines.rigorous.regions import Simplex
from hconsist.losses.facts import Curve

#: Least logarithm of a softmax value that is looked for.
_FLOOR = -200.0
#: Most intervals of beta for one line.
_PIECES = 500
#: Slopes below this are solved for in balls alone.
_GENTLE = 1e-4


class NoPrior:
    """Nothing is known before the first line is asked for."""

    def prior(self, excess: Fraction) -> tuple[list[Line], list[Point]]:
        """Lines and points that cost nothing, for Gamma at this excess."""
        return [], []


@dataclass(frozen=True)
class Vertices(NoPrior):
    """Lines below a piecewise linear T, from proven bounds at every point where one of its pieces
    ends.

    Between them T is a minimum of affine functions, so concave: a line below T at both ends stays
    below.

    Parameters
    ----------
    points : tuple
        (beta, lower bound of T, upper bound of T).
    lemmas : tuple of str
    """

    points: tuple[tuple[Fraction, Fraction, Fraction], ...]
    lemmas: tuple[str, ...]

    def top(self) -> Fraction:
        """An upper bound of T(1)."""
        return next(high for beta, _, high in self.points if beta == 1)

    def line(self, wanted: Wanted) -> Support:
        """The line of this slope, and the points: all of them, as they are known."""
        offset = max(wanted.slope * beta - low for beta, low, _ in self.points)
        return Support(Line(wanted.slope, offset), [(beta, high) for beta, _, high in self.points])


class MarginScores(NoPrior):
    """Lines below T of a convex margin loss, one for each score f: ``T(b) >= phi(0) - R_b(f)``,
    affine in b.

    Parameters
    ----------
    phi : Curve
        Convex with a negative slope at 0.
    bound : Fraction or None
    """

    lemmas: tuple[str, ...] = ()

    def __init__(self, phi: Curve, bound: Fraction | None) -> None:
        self.phi, self.bound = phi, bound

    def top(self) -> Fraction:
        """An upper bound of T(1)."""
        return self._upper(Fraction(1))

    def _upper(self, beta: Fraction) -> Fraction:
        tied = endpoints(self.phi(BALLS.const(0), BALLS))[1]
        return tied - BinaryRisk(self.phi, beta, self.bound).convex_minimum()[0]

    def line(self, wanted: Wanted) -> Support:
        """The line of the score f with ``(phi(-f) - phi(f)) / 2 = slope``, or of the bound where
        there is none.
        """

        def half_jump(f: float) -> float:
            try:
                return float(self._jet(-f, FLOAT_JETS).v - self._jet(f, FLOAT_JETS).v) / 2 - float(
                    wanted.slope
                )
            except OverflowError:
                return math.inf

        reach = float(self.bound) if self.bound is not None else 1.0
        while self.bound is None and half_jump(reach) < 0 and reach < 2**20:
            reach *= 2
        at = Fraction(reach) if self.bound is None else self.bound
        if half_jump(reach) > 0:
            at = Fraction(_bisected(half_jump, 0.0, reach))
        forward, backward = (self.phi(BALLS.const(f), BALLS) for f in (at, -at))
        tied = self.phi(BALLS.const(0), BALLS)
        # On [0, 1] the lower end of the slope errs on the right side.
        line = Line(
            endpoints((backward - forward) / 2)[0], endpoints((forward + backward) / 2 - tied)[1]
        )
        up, down = self._jet(float(at), FLOAT_JETS).d1, self._jet(-float(at), FLOAT_JETS).d1
        beta = _unit((down - up) / (down + up)) if down + up < 0 else Fraction(1)
        return Support(line, [(beta, self._upper(beta))] if beta else [])

    def _jet(self, f: float, ops: Any) -> Any:
        return self.phi(variable(f), ops)


class FiniteScores(NoPrior):
    """Lines below T of a margin loss whose risks are least at finitely many scores, by bisection of
    [0, 1].

    ``T(b) = A(b) - inf R_b`` with A(b) the least R_b over scores f <= 0. Both are minima of
    functions affine in b. So on an interval A is at least its chord, ``inf R_b`` at most R_b(f) for
    any f, and T - slope b is bounded below at the two ends.

    Parameters
    ----------
    phi : Curve
    scores : sequence of Fraction or None
        Non-negative; with f stands -f. None is infinity.
    """

    lemmas: tuple[str, ...] = ()

    def __init__(self, phi: Curve, scores: Sequence[Fraction | None]) -> None:
        import flint

        balls = [flint.arb("inf") if f is None else BALLS.const(f) for f in scores]
        pairs = [(phi(f, BALLS), phi(-f, BALLS)) for f in balls]
        self.right, self.wrong = pairs, [(backward, forward) for forward, backward in pairs]

    def top(self) -> Fraction:
        """An upper bound of T(1)."""
        return self._upper(Fraction(1))

    @staticmethod
    def _risk(beta: Fraction, pair: tuple[Any, Any]) -> Any:
        return BALLS.const((1 + beta) / 2) * pair[0] + BALLS.const((1 - beta) / 2) * pair[1]

    def _upper(self, beta: Fraction) -> Fraction:
        wrong = min(endpoints(self._risk(beta, pair))[1] for pair in self.wrong)
        return wrong - min(
            endpoints(self._risk(beta, pair))[0] for pair in (*self.right, *self.wrong)
        )

    def line(self, wanted: Wanted) -> Support:
        """The line of this slope, found by cutting the interval of the least bound."""
        slope, order = wanted.slope, itertools.count()
        points = {Fraction(0): Fraction(0), Fraction(1): self.top()}

        def entry(left: Fraction, right: Fraction) -> tuple[Fraction, int, Fraction, Fraction]:
            middle, low = (left + right) / 2, Fraction(0)
            points[middle] = self._upper(middle)
            score = min(
                (*self.right, *self.wrong), key=lambda pair: float(self._risk(middle, pair).mid())
            )
            for beta in (left, right):
                tied = min(endpoints(self._risk(beta, pair))[0] for pair in self.wrong)
                low = min(low, tied - endpoints(self._risk(beta, score))[1] - slope * beta)
            return low, next(order), left, right

        heap = [entry(Fraction(0), Fraction(1))]
        while len(heap) < _PIECES:
            if (
                min((v - slope * b for b, v in points.items()), default=Fraction(0)) - heap[0][0]
                <= wanted.slack
            ):
                break
            _, _, left, right = heap[0]
            middle = (left + right) / 2
            heapq.heapreplace(heap, entry(left, middle))
            heapq.heappush(heap, entry(middle, right))
        reason = (
            "" if len(heap) < _PIECES else f"the box budget ran out after {len(heap)} intervals"
        )
        return Support(Line(slope, -heap[0][0]), list(points.items()), reason)


class Searched(NoPrior):
    """Lines below T by branch and bound over all label distributions at once: the least
    ``C*(pool(p)) - C*(p) - slope b``.

    Parameters
    ----------
    risk : Risk
    regions : sequence of Simplex
        Of all distributions.
    lemmas : tuple of str
    max_boxes : int
        For one line.
    curvature : sequence of (Fraction, Fraction)
        Pairs (B, c) with B increasing: T is known to be at least ``c b^2`` for b <= B.
    """

    def __init__(
        self,
        risk: Risk,
        regions: Sequence[Simplex],
        lemmas: tuple[str, ...],
        max_boxes: int,
        curvature: Sequence[tuple[Fraction, Fraction]] = (),
    ) -> None:
        self.risk, self.regions, self.lemmas, self.max_boxes, self.curvature = (
            risk,
            regions,
            lemmas,
            max_boxes,
            curvature,
        )

    def top(self) -> Fraction:
        """An upper bound of T(1): all mass on the labels that others are tied with."""
        found = []
        for simplex in self.regions:
            for vertex in simplex.vertices:
                if simplex.regret(vertex) == 1:
                    tied = self.risk.best_in_class(*simplex.pool(vertex)[:2])[1]
                    found.append(
                        endpoints(tied - self.risk.best_in_class(vertex, simplex.counts)[0])[1]
                    )
        return min(found)

    def prior(self, excess: Fraction) -> tuple[list[Line], list[Point]]:
        """The tangent of ``c b^2`` where that reaches the excess, and T of two labels around it.

        Beyond B, T(b) >= c B b by star shape, so a tangent of slope at most c B stays below T on
        all of [0, 1].
        """
        lines, points = [], []
        for reach, c in self.curvature:
            if not (c > 0 and 0 < excess <= c * reach**2 / 4):
                continue
            touch = Fraction(math.sqrt(excess / c))
            if touch <= reach / 2:
                lines.append(Line(2 * c * touch, c * touch**2))
            for simplex in self.regions:
                for beta in (touch / 2, touch, 2 * touch):
                    pair = (
                        (1 + beta) / 2,
                        (1 - beta) / 2,
                        *[Fraction(0)] * (len(simplex.counts) - 2),
                    )
                    tied = self.risk.best_in_class(*simplex.pool(pair)[:2])[1]
                    points.append(
                        (
                            beta,
                            endpoints(tied - self.risk.best_in_class(pair, simplex.counts)[0])[1],
                        )
                    )
            break
        return lines, points

    def line(self, wanted: Wanted) -> Support:
        """The line of this slope. One that only has to bring in a point need not be close."""
        slope = wanted.slope

        def coarse(simplex: Simplex) -> Fraction:
            regrets = [simplex.regret(v) for v in simplex.vertices]
            least, most = min(regrets), max(regrets)
            least, most = max(least, Fraction(0)), max(most, Fraction(0))
            c = next((c for reach, c in self.curvature if most <= reach), Fraction(0))
            at = min(max(slope / (2 * c), least), most) if c else most
            return c * at * at - slope * at

        def enough(lower: Fraction, upper: Fraction) -> bool:
            """Half of the way that the new point leads below the old ones."""
            return upper - lower <= max(wanted.slack, (-wanted.level - upper) / 2)

        def progress(boxes: int, lower: float, upper: float) -> None:
            if wanted.report is not None:
                wanted.report(
                    f"slope {float(slope):.6g}: {boxes} boxes, offset between {-upper:.6g} and "
                    f"{-lower:.6g}"
                )

        search = Search(self.risk, self.regions, coarse, slope)
        found = search.run(
            wanted.slack,
            self.max_boxes,
            time_budget=wanted.seconds,
            progress=progress,
            enough=enough,
        )
        return Support(Line(slope, -found.lower), list(search.points.items()), found.reason)


class Pools(NoPrior):
    """Lines below the T_k of pools of k labels, ``T_k(b) = min { g(1/k) - C*(p) : p_1 - p_2 = b }``
    over p on k labels.

    For any S of the simplex ``C*(p) <= sum p_y g(S_y)``: ``g(S_1) <= g(1/k) - slope + c``, ``g(S_2)
    <= g(1/k) + slope + c`` and
    ``g(S_3) <= g(1/k) + c`` for the other labels give ``T_k(b) >= slope b - c``: three numbers a
    pool are the whole proof.

    Parameters
    ----------
    term : callable
        g, decreasing.
    sizes : sequence of int
        The k whose T_k have the envelope of T as theirs.
    risk : Risk, optional
        Bounds C*(p) below where g is not convex.
    lemmas : tuple of str
    """

    def __init__(
        self,
        term: Callable[..., Any],
        sizes: Sequence[int],
        lemmas: tuple[str, ...],
        risk: Risk | None = None,
    ) -> None:
        self.term, self.sizes, self.lemmas, self.risk = term, tuple(sizes), lemmas, risk
        self.tied = {k: term(BALLS.const(Fraction(1, k)), BALLS) for k in self.sizes}
        self._least = self._float(1.0)
        try:
            self._most = self._float(0.0)
        except (ValueError, OverflowError, ZeroDivisionError):
            self._most = math.inf
        self._bottom = self._float(math.exp(_FLOOR))

    def top(self) -> Fraction:
        """An upper bound of T(1): certainty on one of two tied labels."""
        return endpoints(self.tied[2] - self.term(BALLS.const(1), BALLS))[1]

    def line(self, wanted: Wanted) -> Support:
        """The line of this slope under every pool, and the points where it is tightest."""
        slope, offset = wanted.slope, 0.0
        tilt = float(slope)
        own: dict[int, float] = {}
        roomy: dict[int, list[float]] = {}
        for k in self.sizes:
            level = float(self.tied[k].mid())
            if (
                tilt < _GENTLE
                # floats cannot see an offset of the order of the slope's square: it starts at 0 in
                # the balls
            ):
                own[k] = 0.0
                continue
            if own:
                # Where the values at this offset leave room, the pool's line lies above that of an
                # earlier pool.
                roomy[k] = self._values(k, level, tilt, offset)
                if _mass(roomy[k], k) < -1e-9:
                    continue
            own[k] = self._offset(k, level, tilt)
            offset = max(offset, own[k])
        worst = Fraction(0)
        points: list[Point] = []
        for k in self.sizes:
            binding = own.get(k, -1.0) >= offset * (1 - 1e-7)
            guess = own[k] if binding else offset
            start = roomy.get(k) if k not in own else None
            start = start or self._values(k, float(self.tied[k].mid()), tilt, guess)
            proven, point = self._proven(k, slope, guess, start, binding)
            worst = max(worst, proven)
            points += point
        return Support(Line(slope, worst), points)

    # -- floats: where to look
    def _float(self, u: float) -> float:
        return float(self.term(variable(u), FLOAT_JETS).v)

    def _inverse(self, value: float, near: float) -> float:
        """The u with g(u) = value, 0 or 1 where there is none."""
        if value <= self._least:
            return 1.0
        if value >= self._most:
            return 0.0
        if value >= self._bottom:
            return math.exp(_FLOOR)
        z = math.log(near)
        for _ in range(25):  # Newton's method in log u, most often done in five steps
            u = math.exp(z)
            jet = self.term(variable(u), FLOAT_JETS)
            step = (jet.v - value) / (jet.d1 * u) if jet.d1 else math.inf
            z = z - step
            if not _FLOOR < z < 0:
                break
            if abs(step) < 1e-14:
                return math.exp(z)
        return math.exp(
            brentq(lambda z: self._float(math.exp(z)) - value, _FLOOR, 0.0, xtol=1e-14, rtol=1e-14)
        )

    def _values(self, k: int, level: float, tilt: float, offset: float) -> list[float]:
        """Softmax values of the first, the second and any other label of the pool at this
        offset.
        """
        shifts = (-tilt, tilt, 0.0) if k > 2 else (-tilt, tilt)
        return [self._inverse(level + shift + offset, 1 / k) for shift in shifts]

    def _offset(self, k: int, level: float, tilt: float) -> float:
        def mass(c: float) -> float:
            return _mass(self._values(k, level, tilt, c), k)

        return float(brentq(mass, 0.0, tilt, xtol=1e-300, rtol=1e-13)) if mass(0.0) > 0 else 0.0

    # -- balls: what is proven
    def _proven(
        self, k: int, slope: Fraction, guess: float, start: list[float], polish: bool
    ) -> tuple[Fraction, list[Point]]:
        """An offset that holds for the pool of k labels, and a point of T_k near where the line
        touches.
        """
        counts = (1, 1, k - 2) if k > 2 else (1, 1)
        shifts = [BALLS.const(-slope), BALLS.const(slope), BALLS.const(0)][: len(counts)]
        offset, level = BALLS.const(Fraction(guess)), self.tied[k].mid()
        values = [BALLS.const(Fraction(u)) for u in start]
        for _ in range(
            6 if polish else 0
        ):  # Newton's method, in turn on the softmax values and on the offset
            mass, rate = BALLS.const(-1), BALLS.const(0)
            for i, (u, s, count) in enumerate(zip(values, shifts, counts, strict=True)):
                if 0 < start[i] < 1:
                    jet = self.term(variable(u), BALL_JETS)
                    step = (u - (jet.v - level - s - offset) / jet.d1).mid()
                    values[i] = step if 0 < step < 1 else u
                    rate = rate + count / jet.d1
                mass = mass + count * values[i]
            if not rate < 0:
                break
            offset = (offset - mass / rate).mid()
        exact = [min(max(endpoints(u)[0], Fraction(0)), Fraction(1)) for u in values]
        rest = 1 - sum((u * c for u, c in zip(exact, counts, strict=True)), Fraction(0))
        if polish or rest < 0:
            exact[0] += rest
        terms = [self.term(BALLS.const(u), BALLS) for u in exact]
        proven = max(endpoints(t - self.tied[k] - s)[1] for t, s in zip(terms, shifts, strict=True))
        return proven, self._points(k, exact, counts, terms) if polish else []

    def _points(
        self, k: int, exact: list[Fraction], counts: tuple[int, ...], terms: list[Any]
    ) -> list[Point]:
        """The p for which S is best, ``p_y g'(S_y)`` equal for all y with S_y > 0, and ``T_k <=
        g(1/k) - C*(p)`` there.
        """
        slopes = [self.term(variable(BALLS.const(u)), BALL_JETS).d1 if u else None for u in exact]
        if any(d is not None and not d < 0 for d in slopes):
            return []
        weights: list[Any] = [0 if d is None else -1 / d for d in slopes]
        whole = sum(w * c for w, c in zip(weights, counts, strict=True))
        shares = [endpoints((w / whole).mid())[0] if w else Fraction(0) for w in weights]
        p = [
            1 - sum((s * c for s, c in zip(shares[1:], counts[1:], strict=True)), Fraction(0)),
            *shares[1:],
        ]
        if not p[0] > p[1] >= 0:
            return []
        if self.risk is not None:
            low = self.risk.best_in_class(tuple(p), counts)[0]
        else:
            # C is convex in the softmax value: its tangent plane at S, least over the simplex.
            low, least = BALLS.const(0), BALLS.const(0)
            for v, u, d, t, c in zip(p, exact, slopes, terms, counts, strict=True):
                if d is not None:
                    low = low + BALLS.const(v * c) * (t - BALLS.const(u) * d)
                    least = least.min(BALLS.const(v) * d)
            low = low + least
        return [(p[0] - p[1], endpoints(self.tied[k] - low)[1])]


def tie_curvature(term: Callable[..., Any], n: int) -> list[tuple[Fraction, Fraction]]:
    """Pairs (B, c) such that ``T(b) >= c b^2`` for b <= B, by the pair lemma: a softmax loss with
    convex decreasing g.

    With G the largest g'' between t (1/2 - e) and t (1/2 + e), kappa(t, b) is at least b^2 times
    the lesser of
    ``g'(t/2)^2 / (2 G)`` and ``t |g'(t/2)| e / (2 B)``, for every t in [2/n, 1] (docs/theory.md,
    "Supporting lines").
    """
    pieces = 256
    found: list[tuple[Fraction, Fraction]] = []
    # Steps of equal ratio: g' and g'' behave like powers of t.
    ends = [Fraction((2 / n) ** (1 - i / pieces)) for i in range(1, pieces)]
    spans = (
        list(itertools.pairwise([Fraction(2, n), *ends, Fraction(1)]))
        if n > 2
        else [(Fraction(1), Fraction(1))]
    )
    falls = [
        -term(variable(BALLS.const(t / 2)), BALL_JETS).d1 for _, t in spans
    ]  # least at the right end: g is convex
    for reach in (Fraction(1, 2**i) for i in range(12, -1, -1)):
        best = Fraction(0)
        for e in {min(reach * factor, Fraction(1, 4)) for factor in (Fraction(1, 2), Fraction(2))}:
            least: Fraction | None = None
            for (left, right), fall in zip(spans, falls, strict=True):
                around = BALLS.const(left * (Fraction(1, 2) - e)).union(
                    BALLS.const(right * (Fraction(1, 2) + e))
                )
                bend = term(variable(around), BALL_JETS).d2
                if not (fall > 0 and bend.is_finite() and bend.upper() > 0):
                    return found
                c = (fall * fall / (2 * bend.upper())).min(
                    BALLS.const(left * e / (2 * reach)) * fall
                )
                low = endpoints(c)[0]
                least = low if least is None else min(least, low)
            best = max(best, least or Fraction(0))
        found.append((reach, best))
    return found


def _mass(values: list[float], k: int) -> float:
    """What the softmax values of a pool of k labels sum to, less 1."""
    return values[0] + values[1] + ((k - 2) * values[2] if k > 2 else 0.0) - 1


def _bisected(rising: Callable[[float], float], low: float, high: float) -> float:
    """Where an increasing function crosses 0, to the last bit."""
    while True:
        middle = (low + high) / 2
        if not low < middle < high:
            return middle
        low, high = (middle, high) if rising(middle) < 0 else (low, middle)


def _unit(value: float) -> Fraction:
    """A float as a rational in [0, 1]."""
    return Fraction(min(max(value, 0.0), 1.0))
