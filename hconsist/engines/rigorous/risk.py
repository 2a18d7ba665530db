"""Enclosures of best-in-class conditional risks, from the loss formula alone.

Labels that share a probability also share a score at an optimum, so a distribution is kept as
groups: a tuple of exact probabilities and a tuple of how many labels have each.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from scipy.optimize import brentq

from hconsist.arithmetic import BALLS
from hconsist.arithmetic.derivatives import BALL_JETS, FLOAT_JETS
from hconsist.arithmetic.exact import Value
from hconsist.arithmetic.jet import variable
from hconsist.losses import Separable
from hconsist.losses.facts import Curve

if TYPE_CHECKING:
    from flint import arb

#: Least logarithm of a softmax value that the solver bothers with: below it a label's share of the
#: risk is nil.
_FLOOR = -300.0
#: Largest one: at 1 itself the slope of g may vanish.
_CEILING = -1e-9

Values = tuple[Fraction, ...]
Counts = tuple[int, ...]


@dataclass(frozen=True)
class Point:
    """A point of the softmax simplex, one exact coordinate a group, and the loss term there.

    Coordinates of groups of probability zero are zero: such a label adds nothing to the risk.
    """

    coordinates: tuple[Fraction, ...]
    terms: tuple[arb, ...]
    slopes: tuple[arb, ...]


def mean_of_groups(values: Values, counts: Counts, terms: Iterable[Value]) -> arb:
    """The sum of ``p count term`` over groups of labels: the risk as a ball, linear in p; a group
    without labels or probability needs no term.
    """
    total = BALLS.const(0)
    for p, count, term in zip(values, counts, terms, strict=True):
        if p and count:
            total = total + BALLS.const(p * count) * term
    return total


class SoftmaxRisk:
    """Conditional risks ``sum_y p_y g(S_y)`` of a softmax loss with convex decreasing g.

    Parameters
    ----------
    g : Curve or Separable
        Convex and non-increasing on (0, 1].
    """

    def __init__(self, g: Curve | Separable) -> None:
        self.term = g.term
        self._points: dict[tuple[Values, Counts], Point] = {}
        self._bounds: dict[tuple[Values, Counts], tuple[arb, arb]] = {}

    def at(self, point: Point, values: Values, counts: Counts) -> arb:
        """``C(S, p)`` as a ball, linear in p."""
        return mean_of_groups(values, counts, point.terms)

    def best_in_class(self, values: Values, counts: Counts) -> tuple[arb, arb]:
        """Balls below and above ``C*(p)``: the upper one is attained at `optimum`.

        The lower one is the linear minorant of a convex function: for any S' of the simplex
        ``C(S', p) >= C(S, p) + sum_k d_k (S'_k - S_k) >= C(S, p) + min_k d_k - sum_k d_k S_k`` with
        ``d_k = p_k g'(S_k)``.
        """
        key = (values, counts)
        if key not in self._bounds:
            point = self.optimum(values, counts)
            upper = self.at(point, values, counts)
            lowest: Any = None
            shift = BALLS.const(0)
            for p, count, s, slope in zip(
                values, counts, point.coordinates, point.slopes, strict=True
            ):
                if p:
                    d = BALLS.const(p) * slope
                    shift = shift + d * BALLS.const(s * count)
                else:
                    d = BALLS.const(0)
                lowest = d if lowest is None else lowest.min(d)
            self._bounds[key] = (upper + lowest - shift, upper)
        return self._bounds[key]

    def optimum(self, values: Values, counts: Counts) -> Point:
        """A nearly optimal point of the simplex for p; its quality is proven by nobody and needed
        by nobody.
        """
        key = (values, counts)
        if key not in self._points:
            positive = [i for i, p in enumerate(values) if p]
            coordinates = self._solve(
                [float(values[i]) for i in positive], [counts[i] for i in positive]
            )
            # Exactly on the simplex: the group of largest mass takes what rounding left over.
            exact = [Fraction(c) for c in coordinates]
            largest = max(range(len(exact)), key=lambda i: exact[i] * counts[positive[i]])
            rest = sum(
                (e * counts[positive[i]] for i, e in enumerate(exact) if i != largest), Fraction(0)
            )
            exact[largest] = (1 - rest) / counts[positive[largest]]
            full = [Fraction(0)] * len(values)
            for i, e in zip(positive, exact, strict=True):
                full[i] = e
            terms, slopes = [], []
            for p, s in zip(values, full, strict=True):
                jet = self.term(variable(BALLS.const(s)), BALL_JETS) if p else None
                terms.append(jet.v if jet is not None else BALLS.const(0))
                slopes.append(jet.d1 if jet is not None else BALLS.const(0))
            self._points[key] = Point(tuple(full), tuple(terms), tuple(slopes))
        return self._points[key]

    def _log_slope(self, v: float) -> tuple[float, float]:
        """``log(-g'(e^v))`` and its derivative in v."""
        s = math.exp(v)
        jet = self.term(variable(s), FLOAT_JETS)
        return math.log(-jet.d1), jet.d2 * s / jet.d1

    def _solve(self, p: Sequence[float], counts: Sequence[int]) -> list[float]:
        if len(p) == 1:
            return [1.0 / counts[0]]
        try:
            return self._newton(p, counts)
        except (ValueError, OverflowError, ZeroDivisionError, ArithmeticError):
            bisected = self._bisected(p, counts)
            if bisected is not None:
                return bisected
            top = max(
                range(len(p)), key=lambda i: p[i]
            )  # g linear or nearly so: all mass on the top labels
            share = [1.0 / counts[i] if i == top else 0.0 for i in range(len(p))]
            try:
                self.term(variable(0.0), FLOAT_JETS)
            except (ValueError, OverflowError, ZeroDivisionError):  # g is steep at 0
                share = [s or math.exp(_FLOOR) for s in share]
            return share

    def _bisected(self, p: Sequence[float], counts: Sequence[int]) -> list[float] | None:
        """The same where Newton steps fail, as for a g that is nearly linear: by halving the level
        ``p_i (-g'(S_i))``, and S_i within it; None where that fails too, and for slopes that only
        jump, where each step of it would take thousands of them.
        """
        if all(self.term(variable(u), FLOAT_JETS).d2 == 0 for u in (0.1, 0.3, 0.6, 0.9)):
            return None

        def fall(u: float) -> float:
            return -float(self.term(variable(u), FLOAT_JETS).d1)

        least, most = math.exp(_FLOOR), 1 - 1e-12

        def share(weight: float, level: float) -> float:
            if weight * fall(least) <= level:
                return 0.0 if steep is None else least
            if weight * fall(most) >= level:
                return most
            return float(brentq(lambda u: weight * fall(u) - level, least, most, xtol=1e-16))

        try:
            try:
                steep = None if math.isfinite(fall(0.0)) else least
            except (ValueError, OverflowError, ZeroDivisionError):
                steep = least
            low, high = min(p) * fall(most), max(p) * fall(least)
            for _ in range(80):
                level = (low + high) / 2 if high < 4 * low else math.sqrt(max(low, 1e-300) * high)
                if not low < level < high:
                    break
                shares = [share(w, level) for w in p]
                if sum(s * c for s, c in zip(shares, counts, strict=True)) > 1:
                    low = level
                else:
                    high = level
            shares = [share(w, high) for w in p]
        except (ValueError, ArithmeticError, RuntimeError):  # brentq's, where a slope jumps
            return None
        total = sum(s * c for s, c in zip(shares, counts, strict=True))
        return [s / total for s in shares] if 0.5 < total < 2 else None

    def _newton(self, p: Sequence[float], counts: Sequence[int]) -> list[float]:
        """Solve ``log p_i + log(-g'(S_i)) = L``, ``sum count S = 1`` by Newton steps in log S and
        L.
        """
        logs = [math.log(v) for v in p]
        v = [min(x, _CEILING) for x in logs]
        level = (
            max(logs) + self._log_slope(_CEILING)[0]
        )  # the top label alone would take all the mass
        for _ in range(60):
            mass = slope = 0.0
            for i, a in enumerate(logs):
                for _ in range(50):
                    value, derivative = self._log_slope(v[i])
                    step = (a + value - level) / derivative
                    before, v[i] = v[i], max(_FLOOR, min(v[i] - step, _CEILING))
                    if abs(v[i] - before) < 1e-15 * max(1.0, abs(v[i])):
                        break
                s = counts[i] * math.exp(v[i])
                mass += s
                if v[i] > _FLOOR:
                    slope += s / self._log_slope(v[i])[1]
            if not slope < 0:
                raise ArithmeticError("g is not strictly convex")
            change = math.log(mass) * mass / slope
            level -= max(-20.0, min(20.0, change))
            if abs(math.log(mass)) < 1e-15:
                break
        if abs(math.log(mass)) > 1e-6:
            raise ArithmeticError("no convergence")
        return [math.exp(x) for x in v]


def pool(values: Values, counts: Counts, j: int) -> tuple[Values, Counts, tuple[int, ...]]:
    """Average p over label j (a group) and the smallest set of top labels whose mean is at least
    every label left out.

    Returns the pooled groups, first the pool itself, and the indices of the groups that entered it.
    """
    others = sorted(
        (i for i in range(len(values)) if i != j and counts[i]),
        key=lambda i: values[i],
        reverse=True,
    )
    total, size, members = values[j] * counts[j], counts[j], [j]
    while others and values[others[0]] * size > total:
        i = others.pop(0)
        total, size = total + values[i] * counts[i], size + counts[i]
        members.append(i)
    return (
        (total / size, *(values[i] for i in others)),
        (size, *(counts[i] for i in others)),
        tuple(members),
    )


def pool_set(values: Values, predicted: Sequence[int]) -> tuple[Values, Counts, tuple[int, ...]]:
    """Average p, label by label, over the least likely predicted and the likeliest other labels, to
    a mean m between both.

    m is where the excesses over m of the labels not predicted weigh as much as what predicted
    labels lack of it. Returns as `pool`; without a label to pool, p itself and no members.
    """
    inside = set(predicted)

    def balance(m: Fraction) -> Fraction:
        over = sum((v - m for i, v in enumerate(values) if i not in inside and v > m), Fraction(0))
        return over - sum((m - values[i] for i in inside if values[i] < m), Fraction(0))

    ends = sorted(set(values))
    left = max((v for v in ends if balance(v) >= 0), default=ends[0])
    m = left
    if balance(left) > 0:  # linear up to the next end
        right = min(v for v in ends if v > left)
        m = left + (right - left) * balance(left) / (balance(left) - balance(right))
    members = tuple(i for i, v in enumerate(values) if (v < m if i in inside else v > m))
    rest = [i for i in range(len(values)) if i not in members]
    if not members:
        return values, (1,) * len(values), ()
    return (m, *(values[i] for i in rest)), (len(members), *[1] * len(rest)), members
