"""Second-order jets: a loss formula run on jets returns its value, gradient and Hessian, exactly and in one pass.

`JetOps` is one more arithmetic for the formulas of `hconsist.losses`; it asks nothing of them that `ArrayOps` does not.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hconsist.arithmetic import Exact, Ops, Value

Array = NDArray[np.float64]


class Jet:
    """A value with its first and second derivatives in d variables: shapes (...), (..., d) and (..., d, d)."""

    __slots__ = ("gradient", "hessian", "value")
    __array_ufunc__ = None  # so that ndarray * Jet reaches Jet.__rmul__

    def __init__(self, value: Array, gradient: Array, hessian: Array) -> None:
        self.value, self.gradient, self.hessian = value, gradient, hessian

    @classmethod
    def variable(cls, value: Array) -> Jet:
        """An elementwise variable: every entry is differentiated by itself (d = 1)."""
        return cls(value, np.ones((*value.shape, 1)), np.zeros((*value.shape, 1, 1)))

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of the values."""
        return self.value.shape

    def chain(self, value: Array, first: Array, second: Array) -> Jet:
        """f(self) from f, f' and f'' at the value."""
        g = self.gradient
        outer = g[..., :, None] * g[..., None, :]
        return Jet(value, first[..., None] * g, second[..., None, None] * outer + first[..., None, None] * self.hessian)

    def _pair(self, other: Any) -> tuple[Array, Array | float, Array | float]:
        if isinstance(other, Jet):
            return other.value, other.gradient, other.hessian
        return np.asarray(other, dtype=float), 0.0, 0.0

    def __add__(self, other: Any) -> Jet:
        v, g, h = self._pair(other)
        value = self.value + v
        if isinstance(other, Jet):
            return Jet(value, self.gradient + g, self.hessian + h)
        d = self.gradient.shape[-1]
        return Jet(
            value, np.broadcast_to(self.gradient, (*value.shape, d)), np.broadcast_to(self.hessian, (*value.shape, d, d))
        )

    def __radd__(self, other: Any) -> Jet:
        return self.__add__(other)

    def __neg__(self) -> Jet:
        return Jet(-self.value, -self.gradient, -self.hessian)

    def __sub__(self, other: Any) -> Jet:
        return self.__add__(-other)

    def __rsub__(self, other: Any) -> Jet:
        return self.__neg__().__add__(other)

    def __mul__(self, other: Any) -> Jet:
        if not isinstance(other, Jet):
            v = np.asarray(other, dtype=float)
            return Jet(self.value * v, self.gradient * v[..., None], self.hessian * v[..., None, None])
        cross = self.gradient[..., :, None] * other.gradient[..., None, :]
        return Jet(
            self.value * other.value,
            self.value[..., None] * other.gradient + other.value[..., None] * self.gradient,
            self.value[..., None, None] * other.hessian
            + other.value[..., None, None] * self.hessian
            + cross
            + np.swapaxes(cross, -1, -2),
        )

    def __rmul__(self, other: Any) -> Jet:
        return self.__mul__(other)

    def __truediv__(self, other: Any) -> Jet:
        if not isinstance(other, Jet):
            return self.__mul__(1.0 / np.asarray(other, dtype=float))
        r = 1.0 / other.value
        return self.__mul__(other.chain(r, -r * r, 2 * r * r * r))

    def __rtruediv__(self, other: Any) -> Jet:
        r = 1.0 / self.value
        return self.chain(r, -r * r, 2 * r * r * r).__mul__(other)


def _where(condition: Array, x: Jet, y: Jet) -> Jet:
    return Jet(
        np.where(condition, x.value, y.value),
        np.where(condition[..., None], x.gradient, y.gradient),
        np.where(condition[..., None, None], x.hessian, y.hessian),
    )


class JetOps(Ops):
    """Elementwise functions of jets.

    At a kink (maximum, absolute value) the derivative is that of one side.

    Examples
    --------
    >>> u = Jet.variable(np.array([0.5]))
    >>> JetOps().log(u).gradient[..., 0], JetOps().log(u).hessian[..., 0, 0]
    (array([2.]), array([-4.]))
    """

    def const(self, value: Exact | int) -> float:
        return float(value)

    def exp(self, x: Value) -> Value:
        if not isinstance(x, Jet):
            return math.exp(x)
        v = np.exp(x.value)
        return x.chain(v, v, v)

    def log(self, x: Value) -> Value:
        if not isinstance(x, Jet):
            return math.log(x)
        r = 1.0 / x.value
        return x.chain(np.log(x.value), r, -r * r)

    def tanh(self, x: Value) -> Value:
        if not isinstance(x, Jet):
            return math.tanh(x)
        v = np.tanh(x.value)
        first = 1.0 - v * v
        return x.chain(v, first, -2.0 * v * first)

    def power(self, x: Value, exponent: Exact | int) -> Value:
        e = float(exponent)
        if not isinstance(x, Jet):
            return x**e
        v = x.value
        if e == int(e) and e >= 0:  # no division: the argument may be 0
            first = e * v ** max(e - 1, 0) if e else np.zeros_like(v)
            second = e * (e - 1) * v ** max(e - 2, 0) if e > 1 else np.zeros_like(v)
            return x.chain(v**e, first, second)
        value = v**e
        first = e * value / v
        return x.chain(value, first, (e - 1) * first / v)

    def maximum(self, x: Value, y: Value) -> Value:
        x, y = self._lift(x, y)
        return _where(x.value >= y.value, x, y)

    def minimum(self, x: Value, y: Value) -> Value:
        x, y = self._lift(x, y)
        return _where(x.value <= y.value, x, y)

    def absolute(self, x: Value) -> Value:
        return _where(x.value >= 0, x, -x)

    def softplus(self, x: Value) -> Value:
        e = np.exp(-np.abs(x.value))
        sigma = np.where(x.value >= 0, 1.0, e) / (1.0 + e)
        return x.chain(np.maximum(x.value, 0.0) + np.log1p(e), sigma, sigma * (1.0 - sigma))

    def _lift(self, x: Value, y: Value) -> tuple[Jet, Jet]:
        if not isinstance(x, Jet):
            x = y * 0.0 + x
        if not isinstance(y, Jet):
            y = x * 0.0 + y
        return x, y
