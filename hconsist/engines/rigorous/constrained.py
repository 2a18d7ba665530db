"""Best-in-class risks of constrained losses: scores from above, one multiplier from below.

``sum_k (1 - p_k) psi(z_k)`` over scores that sum to zero is at least ``sum_k inf_z [(1 - p_k)
psi(z) - mu z]`` for every mu; each infimum of a convex function is bounded below by two tangents
whose slopes are proven to have opposite signs.
"""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from scipy.optimize import brentq

from hconsist.arithmetic import BALLS, Ops
from hconsist.arithmetic.derivatives import BALL_JETS, FLOAT_JETS
from hconsist.arithmetic.exact import Value
from hconsist.arithmetic.jet import variable
from hconsist.engines.rigorous.line import halved
from hconsist.engines.rigorous.risk import Counts, Point, Values
from hconsist.losses.facts import Curve

if TYPE_CHECKING:
    from flint import arb

_REACH = 64.0
_FAR = Fraction(64)


class ConstrainedRisk:
    """Conditional risks of a constrained loss with convex psi(z) = phi(-z), non-decreasing.

    Parameters
    ----------
    phi : Curve
        Convex, non-increasing, non-negative.
    """

    def __init__(self, phi: Curve) -> None:
        self.phi = phi
        self._solved: dict[tuple[Values, Counts], tuple[Point, float]] = {}
        self._bounds: dict[tuple[Values, Counts], tuple[arb, arb]] = {}

    def term(self, z: Value, ops: Ops) -> Value:
        """psi(z)."""
        return self.phi(-z, ops)

    def at(self, point: Point, values: Values, counts: Counts) -> arb:
        """``C(z, p)`` as a ball, affine in p."""
        total = BALLS.const(0)
        for p, count, term in zip(values, counts, point.terms, strict=True):
            if count:
                total = total + BALLS.const((1 - p) * count) * term
        return total

    def optimum(self, values: Values, counts: Counts) -> Point:
        """Nearly optimal scores."""
        return self._solve(values, counts)[0]

    def best_in_class(self, values: Values, counts: Counts) -> tuple[arb, arb]:
        """Balls below and above ``C*(p)``."""
        key = (values, counts)
        if key not in self._bounds:
            point, level = self._solve(values, counts)
            if not level:  # the losses are non-negative
                self._bounds[key] = BALLS.const(0), self.at(point, values, counts)
                return self._bounds[key]
            for shrink in (
                0.0,
                2.0**-50,
                2.0**-44,
                2.0**-38,
            ):  # at a kink the best one is on an edge
                try:
                    low = self._dual(values, counts, level * (1 - shrink), point)
                    break
                except ArithmeticError:
                    continue
            else:
                low = BALLS.const(0)  # the losses are non-negative
            self._bounds[key] = low, self.at(point, values, counts)
        return self._bounds[key]

    def _dual(self, values: Values, counts: Counts, level: float, point: Point) -> arb:
        """The dual value of one multiplier, a ball below ``C*(p)``."""
        low = BALLS.const(0)
        for p, count, z in zip(values, counts, point.coordinates, strict=True):
            if count:
                guesses = (self._argmin(float(1 - p), level), float(z))
                low = low + BALLS.const(count) * self._tilted_minimum(
                    1 - p, Fraction(level), guesses
                )
        return low

    def _slope(self, z: float) -> float:
        try:
            return float(self.term(variable(z), FLOAT_JETS).d1)
        except OverflowError:
            return float("inf")

    def _argmin(self, w: float, mu: float) -> float:
        """Where ``w psi(z) - mu z`` is least, by bisection of its slope."""
        return halved(lambda z: w * self._slope(z) < mu, -_REACH, _REACH)

    def _solve(self, values: Values, counts: Counts) -> tuple[Point, float]:
        """Bisect the multiplier until the scores sum to zero, then give the likeliest label what is
        missing.
        """
        key = (values, counts)
        if (
            key not in self._solved and 1 in values
        ):  # certain labels cost nothing, so theirs is the score that is missing
            scores = [(sum(counts) - 1) * _FAR if p == 1 else -_FAR for p in values]
            self._solved[key] = (
                Point(tuple(scores), tuple(self.term(BALLS.const(z), BALLS) for z in scores), ()),
                0.0,
            )
        if key not in self._solved:
            groups = [(float(1 - p), c) for p, c in zip(values, counts, strict=True)]
            low, high = 0.0, max(w for w, c in groups if c) * self._slope(0.0) * 2 + 1e-300

            def total(mu: float) -> float:
                return sum(c * self._argmin(w, mu) for w, c in groups if c)

            low = (
                float(brentq(total, low, high, xtol=1e-300, rtol=1e-15, maxiter=200))
                if total(high) > 0
                else high
            )
            best = max((i for i, c in enumerate(counts) if c), key=lambda i: values[i])
            scores = [Fraction(self._argmin(w, low)) if c else Fraction(0) for w, c in groups]
            rest = sum(
                (z * c for i, (z, c) in enumerate(zip(scores, counts, strict=True)) if i != best),
                Fraction(0),
            )
            scores[best] = -rest / counts[best]
            terms = tuple(self.term(BALLS.const(z), BALLS) for z in scores)
            self._solved[key] = Point(tuple(scores), terms, ()), low
        return self._solved[key]

    def _tilted_minimum(self, w: Fraction, mu: Fraction, guesses: tuple[float, float]) -> arb:
        """A ball below ``inf_z w psi(z) - mu z``."""
        y1, y2 = Fraction(min(guesses)), Fraction(max(guesses))
        step = Fraction(1, 2**60)
        while step < 4 * int(_REACH):
            jets = [self.term(variable(BALLS.const(y)), BALL_JETS) for y in (y1, y2)]
            s1, s2 = (BALLS.const(w) * jet.d1 - BALLS.const(mu) for jet in jets)
            if s1 <= 0 and s2 >= 0 and s2 - s1 > 0:
                r1, r2 = (
                    BALLS.const(w) * jet.v - BALLS.const(mu * y)
                    for jet, y in zip(jets, (y1, y2), strict=True)
                )
                found: arb = (s2 * r1 - s1 * r2 + s1 * s2 * BALLS.const(y2 - y1)) / (s2 - s1)
                return found
            y1, y2, step = y1 - step, y2 + step, 2 * step
        raise ArithmeticError("no sign change of the slope was found")
