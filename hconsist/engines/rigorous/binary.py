"""Binary margin losses: two infima over one score, at eta = (1 + beta)/2."""

from __future__ import annotations

from fractions import Fraction

from hconsist.arithmetic import BALLS, endpoints
from hconsist.arithmetic.derivatives import BALL_JETS, FLOAT_JETS
from hconsist.arithmetic.exact import Value
from hconsist.arithmetic.jet import Jet, variable
from hconsist.engines.rigorous.line import least
from hconsist.losses.facts import Curve

#: Where the search for a wall ends.
_FARTHEST = 2**40
#: How far from a kink its two tangents are taken.
_STEP = Fraction(1, 2**60)


class BinaryRisk:
    """``R(f) = (1 + b)/2 phi(f) + (1 - b)/2 phi(-f)`` over scores |f| <= bound.

    Parameters
    ----------
    phi : Curve
        Convex with a negative slope at 0, or non-increasing.
    beta : Fraction
    bound : Fraction or None
    """

    def __init__(self, phi: Curve, beta: Fraction, bound: Fraction | None) -> None:
        self.phi, self.bound = phi, bound
        self.up, self.down = (1 + beta) / 2, (1 - beta) / 2

    def value(self, f: Value) -> Value:
        """R(f) as a ball; an infinite score needs a weight of zero on the side that explodes."""
        return self._weighted(self.phi(f, BALLS), lambda: self.phi(-f, BALLS))

    def _weighted(self, forward: Value, backward: Value) -> Value:
        total = BALLS.const(self.up) * forward
        return total + BALLS.const(self.down) * backward() if self.down else total

    def slope(self, f: Fraction) -> Value:
        """A ball that contains a subgradient of R at f."""
        forward = self.phi(variable(BALLS.const(f), 1), BALL_JETS)
        backward = self.phi(-variable(BALLS.const(f), 1), BALL_JETS)
        return BALLS.const(self.up) * forward.d1 + BALLS.const(self.down) * backward.d1

    def _float_slope(self, f: float) -> float:
        jets: list[float] = [self.phi(sign * variable(f, 1), FLOAT_JETS).d1 for sign in (1.0, -1.0)]
        return float(self.up) * jets[0] + float(self.down) * jets[1]

    def convex_minimum(self) -> tuple[Fraction, Fraction, float]:
        """Bounds of the least R for convex phi, and where it is: two tangents beside a bisected
        sign change of the slope.
        """
        if self.up == self.down:  # convex and even
            low, high = endpoints(self.value(BALLS.const(0)))
            return low, high, 0.0
        if (
            self.bound is None and not self.down
        ):  # inf phi, the limit at infinity of a convex function that decreases from 0
            import flint

            far = Fraction(1000)
            limit = self.phi(flint.arb("inf"), BALLS)
            high = endpoints(self.value(BALLS.const(far)))[1]
            if limit.is_finite():  # then a convex phi falls everywhere, towards this limit
                return endpoints(limit)[0], high, float(far)
        wall = self.bound if self.bound is not None else Fraction(2**12)
        if self.bound is not None and self.slope(wall) <= 0:  # still falling at the bound
            low, high = endpoints(self.value(BALLS.const(wall)))
            return low, high, float(wall)
        left, right = 0.0, float(wall)
        for _ in range(200):
            middle = (left + right) / 2
            if not left < middle < right:
                break
            try:
                falling = self._float_slope(middle) < 0
            except OverflowError:
                falling = False
            left, right = (middle, right) if falling else (left, middle)
        y1, y2 = Fraction(left), Fraction(right)
        step = _STEP
        while step < wall:  # slopes proven to have opposite signs
            s1, s2 = self.slope(y1), self.slope(y2)
            if s1 <= 0 and s2 >= 0 and s2 - s1 > 0:
                break
            if s1 <= 0 and y2 == self.bound:  # falling up to y1, which is next to the bound
                end = self.value(BALLS.const(wall))
                low = self.value(BALLS.const(y1)) + s1 * BALLS.const(wall - y1)
                return endpoints(low)[0], endpoints(end)[1], float(wall)
            y1, y2, step = y1 - step, min(y2 + step, wall), 2 * step
        else:
            raise ArithmeticError("no sign change of the slope was found")
        r1, r2 = self.value(BALLS.const(y1)), self.value(BALLS.const(y2))
        low = endpoints((s2 * r1 - s1 * r2 + s1 * s2 * BALLS.const(y2 - y1)) / (s2 - s1))[0]
        best = min((endpoints(r)[1], float(y)) for r, y in ((r1, y1), (r2, y2)))
        return low, best[0], best[1]

    def monotone_minimum(
        self, positive: bool, width: Fraction, max_boxes: int
    ) -> tuple[Fraction, Fraction, float]:
        """Bounds of the least R over f >= 0 (or f <= 0) for non-increasing phi, and where it is.

        Beyond a wall a > 0, ``R >= up phi(inf) + down phi(-a)`` at scores above it, and with up and
        down exchanged at scores below -a: where that is more than what is reached, or all but it,
        the scores up to the wall are searched.
        """
        import flint

        wall, limit = self.bound, self.phi(flint.arb("inf"), BALLS)
        first, second = (self.up, self.down) if positive else (self.down, self.up)
        beyond: Fraction | None = None
        if wall is None:
            wall = Fraction(4)
            while True:
                near = [self.phi(BALLS.const(sign * wall), BALLS) for sign in (1, -1)]
                reached = [
                    BALLS.const(w) * n for w, n in zip((first, second), near, strict=True) if w
                ]
                rest = [
                    BALLS.const(w) * n
                    for w, n in zip((first, second), (limit, near[1]), strict=True)
                    if w
                ]
                here, beyond = endpoints(sum(reached[1:], reached[0]))[1], _low(rest)
                at_zero = endpoints(self.phi(BALLS.const(0), BALLS))[1]
                if beyond >= min(here - width, at_zero) or wall > _FARTHEST:
                    break
                wall *= 2
        sign = 1 if positive else -1

        def risk(f: Value) -> Jet:
            x = variable(f)
            total = self.phi(x, BALL_JETS) * BALLS.const(self.up)
            if self.down:
                total = total + self.phi(-x, BALL_JETS) * BALLS.const(self.down)
            return total if isinstance(total, Jet) else Jet(total, BALLS.const(0), BALLS.const(0))

        ends = sorted((Fraction(0), sign * wall))
        found = least(risk, ends[0], ends[1], width, max_boxes)
        low = found.low if beyond is None else min(found.low, beyond)
        return low, found.high, float(found.at)


def _low(terms: list[Value]) -> Fraction:
    """A lower bound of a sum of balls."""
    total: Value = sum(terms[1:], terms[0])
    return endpoints(total)[0]
