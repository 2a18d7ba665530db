"""Binary margin losses: two infima over one score, at eta = (1 + beta)/2."""

from __future__ import annotations

import heapq
import itertools
import math
from fractions import Fraction
from typing import Any

from hconsist.arithmetic import BALLS, endpoints
from hconsist.arithmetic.derivatives import BALL_JETS, FLOAT_JETS
from hconsist.arithmetic.jet import variable
from hconsist.losses.facts import Curve

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

    def value(self, f: Any) -> Any:
        """R(f) as a ball; an infinite score needs a weight of zero on the side that explodes."""
        return self._weighted(self.phi(f, BALLS), lambda: self.phi(-f, BALLS))

    def _weighted(self, forward: Any, backward: Any) -> Any:
        total = BALLS.const(self.up) * forward
        return total + BALLS.const(self.down) * backward() if self.down else total

    def slope(self, f: Fraction) -> Any:
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
        """Bounds of the least R over f >= 0 (or f <= 0) for non-increasing phi, and where it is, by
        bisection.

        On [a, c], ``R >= (1 + b)/2 phi(c) + (1 - b)/2 phi(-a)``.
        """
        import flint

        wall = self.bound
        boxes: list[tuple[Fraction, Fraction | None]] = [
            (Fraction(0), Fraction(1) if wall is None else wall)
        ]
        boxes += [(Fraction(1), None)] if wall is None else []

        def number(f: Fraction | None) -> Any:
            return flint.arb("inf") if f is None else BALLS.const(f)

        def bounds(box: Any) -> tuple[Fraction, Fraction, float]:
            a, c = number(box[0]), number(box[1])
            if not positive:
                a, c = -c, -a
            low = self._weighted(self.phi(c, BALLS), lambda: self.phi(-a, BALLS))
            ends = [
                (
                    endpoints(value)[1],
                    float(e.mid()) if e.is_finite() else math.copysign(60.0, float(positive) - 0.5),
                )
                for e, value in ((e, self.value(e)) for e in (a, c))
                if value.is_finite()
            ]
            return (endpoints(low)[0], *min(ends))

        order = itertools.count()
        heap: list[tuple[Fraction, int, tuple[Fraction, Fraction | None]]] = []
        best = None
        for box in boxes:
            low, high, where = bounds(box)
            best = (high, where) if best is None or high < best[0] else best
            heapq.heappush(heap, (low, next(order), box))
        assert best is not None
        count = len(heap)
        while best[0] - heap[0][0] > width and count < max_boxes:
            _, _, (left, right) = heapq.heappop(heap)
            middle = 2 * left if right is None else (left + right) / 2
            for half in ((left, middle), (middle, right)):
                low, high, where = bounds(half)
                best = (high, where) if high < best[0] else best
                heapq.heappush(heap, (low, next(order), half))
            count += 2
        return heap[0][0], best[0], best[1]
