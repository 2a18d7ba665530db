"""Truncated Taylor series over floats or balls: derivatives of a loss formula without a second copy
of the formula.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from hconsist.arithmetic import BALLS, Exact, Ops, Value


@dataclass(frozen=True)
class Jet:
    """Value, first and second derivative in one variable; the coefficients are floats or balls.

    Examples
    --------
    >>> x = Jet(3.0, 1.0, 0.0)
    >>> (1 / x).d1 == -1 / 9
    True
    """

    v: Any
    d1: Any
    d2: Any

    def __neg__(self) -> Jet:
        return Jet(-self.v, -self.d1, -self.d2)

    def __add__(self, other: Any) -> Jet:
        if isinstance(other, Jet):
            return Jet(self.v + other.v, self.d1 + other.d1, self.d2 + other.d2)
        return Jet(self.v + other, self.d1, self.d2)

    __radd__ = __add__

    def __sub__(self, other: Any) -> Jet:
        return self.__add__(-other)

    def __rsub__(self, other: Any) -> Jet:
        return (-self).__add__(other)

    def __mul__(self, other: Any) -> Jet:
        if isinstance(other, Jet):
            d2 = self.d2 * other.v + 2 * (self.d1 * other.d1) + self.v * other.d2
            return Jet(self.v * other.v, self.d1 * other.v + self.v * other.d1, d2)
        return Jet(self.v * other, self.d1 * other, self.d2 * other)

    __rmul__ = __mul__

    def __truediv__(self, other: Any) -> Jet:
        if isinstance(other, Jet):
            inverse = 1 / other.v
            return self * other.through(
                inverse, -inverse * inverse, 2 * inverse * inverse * inverse
            )
        return Jet(self.v / other, self.d1 / other, self.d2 / other)

    def __rtruediv__(self, other: Any) -> Jet:
        return Jet(other, other * 0, other * 0) / self

    def through(self, f: Any, f1: Any, f2: Any) -> Jet:
        """Chain rule for a function with value f and derivatives f1, f2 at self.v."""
        return Jet(f, f1 * self.d1, f2 * self.d1 * self.d1 + f1 * self.d2)


class _Floats:
    """Just enough of `Ops` for scalar floats."""

    exp = staticmethod(math.exp)
    log = staticmethod(math.log)
    tanh = staticmethod(math.tanh)

    @staticmethod
    def const(value: Exact | int) -> float:
        return float(value)

    @staticmethod
    def pi() -> float:
        return math.pi

    @staticmethod
    def power(x: float, exponent: Exact | int) -> float:
        return float(x ** float(exponent))

    @staticmethod
    def xlogx(x: float) -> float:
        return x * math.log(x) if x else 0.0

    @staticmethod
    def maximum(x: float, y: float) -> float:
        return max(x, y)

    @staticmethod
    def minimum(x: float, y: float) -> float:
        return min(x, y)


class JetOps(Ops):
    """Jets in one variable over floats or balls.

    At a kink of a maximum or minimum, where a ball cannot tell the branches apart, derivatives are
    the hull of both: every subgradient of a convex formula is inside.

    Examples
    --------
    >>> g = FLOAT_JETS.log(variable(2.0))
    >>> g.d1, g.d2
    (0.5, -0.25)
    """

    def __init__(self, base: Any) -> None:
        self.base = base

    def const(self, value: Exact | int) -> Value:
        return self.base.const(value)

    def pi(self) -> Value:
        return self.base.pi()

    def exp(self, x: Value) -> Value:
        if not isinstance(x, Jet):
            return self.base.exp(x)
        e = self.base.exp(x.v)
        return x.through(e, e, e)

    def log(self, x: Value) -> Value:
        if not isinstance(x, Jet):
            return self.base.log(x)
        inverse = 1 / x.v
        return x.through(self.base.log(x.v), inverse, -inverse * inverse)

    def tanh(self, x: Value) -> Value:
        if not isinstance(x, Jet):
            return self.base.tanh(x)
        t = self.base.tanh(x.v)
        slope = 1 - t * t
        return x.through(t, slope, -2 * t * slope)

    def xlogx(self, x: Value) -> Value:
        if not isinstance(x, Jet):
            return self.base.xlogx(x)
        return x.through(self.base.xlogx(x.v), self.base.log(x.v) + 1, 1 / x.v)

    def softplus(self, x: Value) -> Value:
        if not isinstance(x, Jet):
            return self.base.log(self.base.exp(x) + 1)
        sigmoid = 1 / (1 + self.base.exp(-x.v))
        # log(1 + e^x) = x + log(1 + e^-x): no overflow of floats for large x
        value = (
            self.base.log(1 + self.base.exp(x.v))
            if float(x.v) < 0
            else x.v + self.base.log(1 + self.base.exp(-x.v))
        )
        return x.through(value, sigmoid, sigmoid * (1 - sigmoid))

    def power(self, x: Value, exponent: Exact | int) -> Value:
        if not isinstance(x, Jet):
            return self.base.power(x, exponent)
        if exponent == 0:
            return Jet(x.v * 0 + 1, x.d1 * 0, x.d2 * 0)
        e = self.base.const(exponent)
        first = self.base.power(x.v, exponent - 1)
        second = x.v * 0 if exponent == 1 else e * (e - 1) * self.base.power(x.v, exponent - 2)
        return x.through(self.base.power(x.v, exponent), e * first, second)

    def maximum(self, x: Value, y: Value) -> Value:
        return self._pick(x, y, self.base.maximum, larger=True)

    def minimum(self, x: Value, y: Value) -> Value:
        return self._pick(x, y, self.base.minimum, larger=False)

    def absolute(self, x: Value) -> Value:
        return self.maximum(x, -x)

    def _pick(self, x: Value, y: Value, choose: Any, *, larger: bool) -> Value:
        left, right = (a if isinstance(a, Jet) else Jet(a, a * 0, a * 0) for a in (x, y))
        if left.v > right.v:
            return left if larger else right
        if left.v < right.v:
            return right if larger else left
        return Jet(choose(left.v, right.v), _hull(left.d1, right.d1), _hull(left.d2, right.d2))


def _hull(x: Any, y: Any) -> Any:
    return x.union(y) if hasattr(x, "union") else x


def variable(x: Any) -> Jet:
    """The independent variable at x, a float or a ball."""
    return Jet(x, x * 0 + 1, x * 0)


FLOAT_JETS = JetOps(_Floats)
BALL_JETS = JetOps(BALLS)
