"""Lines below T of pools of tied labels: a few numbers a pool are the proof."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import TYPE_CHECKING

from scipy.optimize import brentq

from hconsist.arithmetic import BALLS, endpoints
from hconsist.arithmetic.derivatives import BALL_JETS, FLOAT_JETS
from hconsist.arithmetic.exact import Value
from hconsist.arithmetic.jet import variable
from hconsist.engines.rigorous.branch import Risk
from hconsist.engines.rigorous.envelope import Line, Point, Support, Wanted
from hconsist.engines.rigorous.supports.known import NoPrior

if TYPE_CHECKING:
    from flint import arb

#: Least logarithm of a softmax value that is looked for.
_FLOOR = -200.0
#: Slopes below this are solved for in balls alone.
_GENTLE = 1e-4


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
        term: Callable[..., Value],
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
        self, k: int, exact: list[Fraction], counts: tuple[int, ...], terms: list[arb]
    ) -> list[Point]:
        """The p for which S is best, ``p_y g'(S_y)`` equal for all y with S_y > 0, and ``T_k <=
        g(1/k) - C*(p)`` there.
        """
        slopes = [self.term(variable(BALLS.const(u)), BALL_JETS).d1 if u else None for u in exact]
        if any(d is not None and not d < 0 for d in slopes):
            return []
        weights: list[Value] = [0 if d is None else -1 / d for d in slopes]
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


def tie_curvature(term: Callable[..., Value], n: int) -> list[tuple[Fraction, Fraction]]:
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
