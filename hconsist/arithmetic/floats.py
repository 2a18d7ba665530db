"""Single Python floats."""

from __future__ import annotations

import math

from hconsist.arithmetic.exact import Exact, Value
from hconsist.arithmetic.functions import Elementary
from hconsist.arithmetic.ops import Ops


class FloatOps(Ops):
    """One Python float at a time, where an array would cost more than the arithmetic.

    Examples
    --------
    >>> FLOATS.maximum(FLOATS.exp(0.0), 2.0)
    2.0
    """

    def const(self, value: Exact | int) -> float:
        return float(value)

    def pi(self) -> float:
        return math.pi

    def apply(self, function: Elementary, x: Value) -> float:
        return float(function.scalar(x))

    def power(self, x: Value, exponent: Exact | int) -> float:
        return float(x ** float(exponent))

    def away_from_zero(self, x: Value) -> float:
        return max(float(x), 1e-300)

    def maximum(self, x: Value, y: Value) -> Value:
        return max(x, y)

    def minimum(self, x: Value, y: Value) -> Value:
        return min(x, y)

    def absolute(self, x: Value) -> Value:
        return abs(x)

    def select(self, branches: list[tuple[Value, Value]], *, continuous: bool = False) -> Value:
        return next((value for condition, value in branches if condition), math.nan)


FLOATS = FloatOps()
