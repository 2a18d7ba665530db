"""Best-in-class risks of softmax losses over scores in a box: softmax values within a factor of
each other.

Scores in [-B, B] reach the S of the simplex with ``S_i <= R S_k`` for all i and k, R = exp(2B /
temperature). The vertices of this polytope have some labels at R t and the others at t.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction
from functools import partial
from typing import TYPE_CHECKING

from scipy.optimize import brentq

from hconsist.arithmetic import BALLS, endpoints
from hconsist.arithmetic.derivatives import BALL_JETS, FLOAT_JETS
from hconsist.arithmetic.jet import variable
from hconsist.engines.rigorous.risk import Counts, Point, Values, mean_of_groups
from hconsist.losses.facts import Curve

if TYPE_CHECKING:
    from flint import arb

#: A softmax value of 1 is out of reach, and no formula needs a slope there.
_BELOW_ONE = math.nextafter(1.0, 0.0)


def reach(bound: Fraction, temperature: Fraction) -> arb:
    """The largest ratio of two softmax values of scores in [-bound, bound], as a ball."""
    found: arb = BALLS.exp(BALLS.const(2 * bound) / BALLS.const(temperature))
    return found


class SoftmaxBox:
    """Conditional risks ``sum_y p_y g(S_y)`` over the S that scores in [-bound, bound] reach.

    Parameters
    ----------
    g : Curve
        Non-increasing, convex or concave.
    ratio : ball
        The largest ratio of two softmax values, `reach` for scores in a box.
    """

    def __init__(self, g: Curve, ratio: arb) -> None:
        self.g, self.ratio = g, ratio
        self.inner = endpoints(self.ratio)[0]  # a rational ratio that is reached

    def of_concave(self, p: tuple[Fraction, ...]) -> tuple[Fraction, Fraction]:
        """Bounds of the least risk of p for concave g: at a vertex, likelier labels at the larger
        value.
        """
        n, order, risks = len(p), sorted(p, reverse=True), []
        for k in range(1, n + 1):
            low = 1 / (k * self.ratio + (n - k))
            terms = [self.g(v, BALLS) for v in (self.ratio * low, low)]
            risks.append(
                endpoints(
                    BALLS.const(sum(order[:k])) * terms[0] + BALLS.const(sum(order[k:])) * terms[1]
                )
            )
        return min(r[0] for r in risks), min(r[1] for r in risks)

    def of_convex(self, p: tuple[Fraction, ...]) -> tuple[Fraction, Fraction]:
        """Bounds of the least risk of p for convex g."""
        low, S = self.solve(p, (1,) * len(p))
        terms = [self.g(BALLS.const(s), BALLS) for s in S]
        value = BALLS.const(0)
        for v, term in zip(p, terms, strict=True):
            value = value + BALLS.const(v) * term
        return endpoints(low)[0], endpoints(value)[1]

    def solve(
        self, values: tuple[Fraction, ...], counts: tuple[int, ...]
    ) -> tuple[arb, list[Fraction]]:
        """A ball below the least risk for convex g, and nearly best softmax values in reach, one a
        group of labels of equal probability.

        The tangents of g at any points, a label each, add up to a function that is nowhere above
        the risk, and least at a vertex.
        """
        points = self._candidate(values, counts)
        offset, slopes = BALLS.const(0), []
        for v, count, s in zip(values, counts, points, strict=True):
            jet = self.g(variable(BALLS.const(s), 1), BALL_JETS)
            slope = BALLS.const(v) * jet.d1
            offset = offset + BALLS.const(count) * (BALLS.const(v) * jet.v - slope * BALLS.const(s))
            slopes += [slope] * count
        # The smallest slopes go with the larger value.
        slopes.sort(key=lambda d: float(d.mid()))
        n = len(slopes)
        least: arb | None = None
        large, small = BALLS.const(0), sum(slopes[1:], slopes[0])
        for k in range(1, n + 1):
            large, small = large + slopes[k - 1], small - slopes[k - 1]
            at = (self.ratio * large + small) / (k * self.ratio + (n - k))
            least = at if least is None else least.min(at)
        total = sum((s * c for s, c in zip(points, counts, strict=True)), Fraction(0))
        assert least is not None, "a slope a label"
        return offset + least, self._inside([s / total for s in points], counts)

    def _candidate(self, values: tuple[Fraction, ...], counts: tuple[int, ...]) -> list[Fraction]:
        """Nearly the best softmax values: with t the smallest, ``p g'(S)`` is one level at all
        labels with t < S < R t, and outweighs it at neither end.
        """
        weights, n = [float(v) for v in values], sum(counts)
        ratio = min(float(self.inner), 1e300)
        lowest, highest = 1 / (1 + (n - 1) * ratio), 1.0 / n  # all but one at the top; all equal

        def fall(u: float) -> float:
            return -float(self.g(variable(min(u, _BELOW_ONE), 1), FLOAT_JETS).d1)

        def smallest(level: float) -> float:
            """Where the labels at t and at R t pull alike."""

            def pull(t: float) -> float:
                at_t, at_top = fall(t), fall(ratio * t)
                total = 0.0
                for w, c in zip(weights, counts, strict=True):
                    if w * at_t <= level:
                        total += c * (level - w * at_t)
                    elif w * at_top >= level:
                        total += c * ratio * (level - w * at_top)
                return total

            if pull(lowest) >= 0:
                return lowest
            if pull(highest) <= 0:
                return highest
            return math.exp(_root(lambda x: pull(math.exp(x)), math.log(lowest), math.log(highest)))

        def short(w: float, level: float, x: float) -> float:
            return level - w * fall(math.exp(x))

        def shares(level: float) -> list[float]:
            t = smallest(level)
            top = min(ratio * t, _BELOW_ONE)
            at_t, at_top, found = fall(t), fall(top), []
            for w in weights:
                if w * at_t <= level:
                    found.append(t)
                elif w * at_top >= level:
                    found.append(top)
                else:
                    found.append(
                        math.exp(_root(partial(short, w, level), *map(math.log, (t, top))))
                    )
            return found

        def mass(log_level: float) -> float:
            found = shares(math.exp(log_level))
            return 1 - sum(s * c for s, c in zip(found, counts, strict=True))

        # the level is a mean of -u g'(u)
        most = min(ratio * lowest, _BELOW_ONE)
        near = [lowest * (most / lowest) ** (i / 8) for i in range(9)]
        levels = [max(u * fall(u), 1e-300) for u in near]
        left, right = math.log(min(levels)) - 1, math.log(max(levels)) + 1
        while mass(left) > 0 and left > -690:
            left -= 8
        while mass(right) < 0 and right < 690:
            right += 8
        if mass(left) > 0 or mass(right) < 0:
            return [Fraction(1, n)] * len(values)
        level = math.exp(_root(mass, left, right))
        return [Fraction(s) for s in shares(level)]

    def _inside(self, S: list[Fraction], counts: tuple[int, ...]) -> list[Fraction]:
        """The same, moved towards equal values until all ratios are within the reached one."""
        n, away = sum(counts), Fraction(1, 2**52)
        moved = S
        while max(moved) > self.inner * min(moved):
            moved = [s * (1 - away) + away / n for s in S]
            away *= 2
        return moved


class SoftmaxBoxRisk:
    """Conditional risks of a convex, non-increasing g for the search over label distributions.

    Parameters
    ----------
    box : SoftmaxBox
    """

    def __init__(self, box: SoftmaxBox) -> None:
        self.box = box
        self._solved: dict[tuple[Values, Counts], tuple[arb, Point]] = {}

    def _solve(self, values: Values, counts: Counts) -> tuple[arb, Point]:
        key = (values, counts)
        if key not in self._solved:
            kept = [i for i, c in enumerate(counts) if c]
            low, S = self.box.solve(tuple(values[i] for i in kept), tuple(counts[i] for i in kept))
            full = [Fraction(0)] * len(values)
            terms = [BALLS.const(0)] * len(values)
            for i, s in zip(kept, S, strict=True):
                full[i], terms[i] = s, self.box.g(BALLS.const(s), BALLS)
            self._solved[key] = low, Point(tuple(full), tuple(terms), ())
        return self._solved[key]

    def optimum(self, values: Values, counts: Counts) -> Point:
        """Nearly the best softmax values."""
        return self._solve(values, counts)[1]

    def at(self, point: Point, values: Values, counts: Counts) -> arb:
        """``C(S, p)`` as a ball, linear in p."""
        return mean_of_groups(values, counts, point.terms)

    def best_in_class(self, values: Values, counts: Counts) -> tuple[arb, arb]:
        """Balls below and above ``C*(p)``."""
        low, point = self._solve(values, counts)
        return low, self.at(point, values, counts)


def _root(rising: Callable[[float], float], left: float, right: float) -> float:
    """Where a function that rises crosses 0 on an interval at whose ends it is <= 0 and >= 0."""
    if rising(left) >= 0:
        return left
    if rising(right) <= 0:
        return right
    return float(brentq(rising, left, right, xtol=1e-15, rtol=1e-15))
