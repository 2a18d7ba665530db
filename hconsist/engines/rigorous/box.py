"""Best-in-class risks of softmax losses over scores in a box: softmax values within a factor of
each other.

Scores in [-B, B] reach the S of the simplex with ``S_i <= R S_k`` for all i and k, R = exp(2B /
temperature). The vertices of this polytope have some labels at R t and the others at t.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction
from typing import Any

from scipy.optimize import brentq

from hconsist.arithmetic import BALLS, endpoints
from hconsist.arithmetic.derivatives import BALL_JETS, FLOAT_JETS
from hconsist.arithmetic.jet import variable
from hconsist.losses.forms import OfSoftmax

#: A softmax value of 1 is out of reach, and no formula needs a slope there.
_BELOW_ONE = math.nextafter(1.0, 0.0)


class SoftmaxBox:
    """Conditional risks ``sum_y p_y g(S_y)`` over the S that scores in [-bound, bound] reach.

    Parameters
    ----------
    form : OfSoftmax
        g non-increasing, convex or concave.
    bound : Fraction
    """

    def __init__(self, form: OfSoftmax, bound: Fraction) -> None:
        self.g = form.g
        self.ratio = BALLS.exp(BALLS.const(2 * bound) / BALLS.const(form.temperature))
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
        n = len(p)
        S = self._candidate(p)
        jets = [self.g(variable(BALLS.const(s)), BALL_JETS) for s in S]
        value, tangent = BALLS.const(0), BALLS.const(0)
        slopes = []
        for v, s, jet in zip(p, S, jets, strict=True):
            value = value + BALLS.const(v) * jet.v
            slopes.append(BALLS.const(v) * jet.d1)
            tangent = tangent + slopes[-1] * BALLS.const(s)
        # The tangent plane is least at a vertex: the smallest slopes go with the larger value.
        slopes.sort(key=lambda d: float(d.mid()))
        least: Any = None
        for k in range(1, n + 1):
            large = sum(slopes[1:k], slopes[0])
            small = sum(slopes[k:], BALLS.const(0))
            at = (self.ratio * large + small) / (k * self.ratio + (n - k))
            least = at if least is None else least.min(at)
        return endpoints(value - tangent + least)[0], endpoints(value)[1]

    def _candidate(self, p: tuple[Fraction, ...]) -> list[Fraction]:
        """Nearly the best S: for a smallest value t, ``p_y g'(S_y)`` equal for all y with t < S_y <
        R t.
        """
        weights, ratio = [float(v) for v in p], float(self.inner)

        def slope(u: float) -> float:
            return float(self.g(variable(u, 1), FLOAT_JETS).d1)  # the second one is infinite

        def share(weight: float, level: float, low: float, high: float) -> float:
            """Where ``weight g'(u) = -level`` between low and high."""
            if weight * slope(low) >= -level:
                return low
            if weight * slope(high) <= -level:
                return high
            return float(
                brentq(lambda u: weight * slope(u) + level, low, high, xtol=1e-18, rtol=1e-15)
            )

        def shares(low: float) -> tuple[list[float], float]:
            high = min(ratio * low, _BELOW_ONE)

            def mass(log_level: float) -> float:
                return sum(share(w, math.exp(log_level), low, high) for w in weights) - 1

            level = math.exp(_crossing(mass))
            return [share(w, level, low, high) for w in weights], level

        n = len(p)
        lowest, highest = 1 / (1 + (n - 1) * ratio), 1.0 / n  # all but one at the top; all equal

        def pull(low: float) -> float:
            """The derivative of the least risk by t, through the labels at t and at R t."""
            found, level = shares(low)
            at_low = sum(
                w * slope(low) + level for w, s in zip(weights, found, strict=True) if s == low
            )
            at_top = sum(
                w * slope(s) + level
                for w, s in zip(weights, found, strict=True)
                if s != low and s == min(ratio * low, _BELOW_ONE)
            )
            return at_low + ratio * at_top

        best = lowest if pull(lowest) >= 0 else highest
        if pull(lowest) < 0 < pull(highest):
            best = float(brentq(pull, lowest, highest, xtol=1e-18, rtol=1e-15))
        S = [Fraction(s) for s in shares(best)[0]]
        return self._inside([s / sum(S) for s in S])

    def _inside(self, S: list[Fraction]) -> list[Fraction]:
        """The same, moved towards equal values until all ratios are within the reached one."""
        n, away = len(S), Fraction(1, 2**52)
        moved = S
        while max(moved) > self.inner * min(moved):
            moved = [s * (1 - away) + away / n for s in S]
            away *= 2
        return moved


def _crossing(falling: Callable[[float], float]) -> float:
    """Where a falling function crosses 0 on [-60, 60], or the nearer end."""
    if falling(-60.0) <= 0:
        return -60.0
    if falling(60.0) >= 0:
        return 60.0
    return float(brentq(falling, -60.0, 60.0, xtol=1e-15, rtol=1e-15))
