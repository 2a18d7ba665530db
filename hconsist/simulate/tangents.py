"""Forward-mode derivatives in any array namespace: one more arithmetic for the loss formulas."""

from __future__ import annotations

import math
from typing import Any

from hconsist.arithmetic import ArrayOps, Exact, OfParameter, Ops, Value


class Tangent:
    """Values (...) with slopes (d, ...), their derivatives in d directions.

    The operators take another tangent or a plain number or array of the same namespace.
    """

    __slots__ = ("slope", "value")
    __array_ufunc__ = None  # so that ndarray * Tangent reaches Tangent.__rmul__

    def __init__(self, value: Any, slope: Any) -> None:
        self.value, self.slope = value, slope

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of the values."""
        return tuple(self.value.shape)

    def __getitem__(self, key: Any) -> Tangent:
        inner = key if isinstance(key, tuple) else (key,)
        if Ellipsis not in inner:
            inner = (*inner, Ellipsis)
        return Tangent(self.value[inner], self.slope[(slice(None), *inner)])

    def __add__(self, other: Any) -> Tangent:
        if isinstance(other, Tangent):
            return Tangent(self.value + other.value, self.slope + other.slope)
        value = self.value + other
        return Tangent(value, self.slope + 0.0 * value)

    __radd__ = __add__

    def __neg__(self) -> Tangent:
        return Tangent(-self.value, -self.slope)

    def __sub__(self, other: Any) -> Tangent:
        return self.__add__(-other)

    def __rsub__(self, other: Any) -> Tangent:
        return self.__neg__().__add__(other)

    def __mul__(self, other: Any) -> Tangent:
        if isinstance(other, Tangent):
            return Tangent(
                self.value * other.value, self.slope * other.value + self.value * other.slope
            )
        return Tangent(self.value * other, self.slope * other)

    __rmul__ = __mul__

    def __truediv__(self, other: Any) -> Tangent:
        if isinstance(other, Tangent):
            ratio = self.value / other.value
            return Tangent(ratio, (self.slope - ratio * other.slope) / other.value)
        return Tangent(self.value / other, self.slope / other)

    def __rtruediv__(self, other: Any) -> Tangent:
        ratio = other / self.value
        return Tangent(ratio, -ratio / self.value * self.slope)


class TangentOps(Ops):
    """Elementwise functions and reductions of tangents, by the chain rule, over an `ArrayOps`.

    At a kink (maximum, absolute value) the derivative is that of one side.

    Examples
    --------
    >>> import numpy as np
    >>> ops = TangentOps(ArrayOps(np))
    >>> s = ops.variables(np.array([0.0, 0.0]))
    >>> ops.logsumexp(s).slope
    array([0.5, 0.5])
    """

    def __init__(self, plain: ArrayOps) -> None:
        self.plain, self.xp = plain, plain.xp

    def variables(self, x: Any) -> Tangent:
        """Independent variables along the last axis: (..., n) with n directions."""
        n = x.shape[-1]
        identity = 1.0 - self.plain.off_diagonal(n)
        identity = self.xp.reshape(identity, (n, *(1 for _ in x.shape[:-1]), n))
        return Tangent(x, self.xp.broadcast_to(identity, (n, *x.shape)))

    def const(self, value: Exact | int) -> float:
        return self.plain.const(value)

    def pi(self) -> float:
        return self.plain.pi()

    def exp(self, x: Value) -> Value:
        value = self.plain.exp(_value(x))
        return Tangent(value, value * x.slope) if isinstance(x, Tangent) else value

    def log(self, x: Value) -> Value:
        value = self.plain.log(_value(x))
        return Tangent(value, x.slope / x.value) if isinstance(x, Tangent) else value

    def tanh(self, x: Value) -> Value:
        value = self.plain.tanh(_value(x))
        return Tangent(value, (1 - value * value) * x.slope) if isinstance(x, Tangent) else value

    def power(self, x: Value, exponent: Exact | int) -> Value:
        value = self.plain.power(_value(x), exponent)
        if not isinstance(x, Tangent):
            return value
        e = float(exponent)
        if e == 0:
            return Tangent(value, 0.0 * x.slope)
        return Tangent(value, e * self.plain.power(x.value, exponent - 1) * x.slope)

    def maximum(self, x: Value, y: Value) -> Value:
        return self._pick(x, y, larger=True)

    def minimum(self, x: Value, y: Value) -> Value:
        return self._pick(x, y, larger=False)

    def absolute(self, x: Value) -> Value:
        if not isinstance(x, Tangent):
            return self.plain.absolute(x)
        return Tangent(self.xp.abs(x.value), self.xp.sign(x.value) * x.slope)

    def softplus(self, x: Value) -> Value:
        value = self.plain.softplus(_value(x))
        if not isinstance(x, Tangent):
            return value
        return Tangent(
            value, self.xp.exp(x.value - value) * x.slope
        )  # the logistic function, without overflow

    def xlogx(self, x: Value) -> Value:
        value = self.plain.xlogx(_value(x))
        if not isinstance(x, Tangent):
            return value
        tiny = self.xp.maximum(x.value, self.xp.full_like(x.value, 5e-324))
        return Tangent(value, (self.xp.log(tiny) + 1) * x.slope)

    def sum(self, vector: Value) -> Value:
        if not isinstance(vector, Tangent):
            return self.plain.sum(vector)
        return Tangent(self.plain.sum(vector.value), self.plain.sum(vector.slope))

    def max(self, vector: Value) -> Value:
        return self.top_sum(vector, 1)

    def top_sum(self, vector: Value, k: int) -> Value:
        if not isinstance(vector, Tangent):
            return self.plain.top_sum(vector, k)
        xp = self.xp
        ranks = xp.argsort(xp.argsort(vector.value, axis=-1), axis=-1)
        chosen = xp.astype(ranks >= vector.value.shape[-1] - k, vector.value.dtype)
        finite = xp.where(chosen > 0, vector.value, xp.zeros_like(vector.value))
        return Tangent(xp.sum(finite, axis=-1), xp.sum(chosen * vector.slope, axis=-1))

    def logsumexp(self, vector: Value) -> Value:
        value = self.plain.logsumexp(_value(vector))
        if not isinstance(vector, Tangent):
            return value
        return Tangent(value, self.plain.sum(self.plain.softmax(vector.value) * vector.slope))

    def softmax(self, scores: Value) -> Value:
        u = self.plain.softmax(_value(scores))
        if not isinstance(scores, Tangent):
            return u
        u = self.xp.maximum(
            u, self.xp.full_like(u, 1e-150)
        )  # logarithms and powers of it are finite
        mean = self.plain.sum(u * scores.slope)[..., None]
        return Tangent(u, u * (scores.slope - mean))

    def differences(self, scores: Value) -> Value:
        if not isinstance(scores, Tangent):
            return self.plain.differences(scores)
        return Tangent(self.plain.differences(scores.value), self.plain.differences(scores.slope))

    def rows(self, vector: Value) -> Value:
        if not isinstance(vector, Tangent):
            return self.plain.rows(vector)
        return Tangent(self.plain.rows(vector.value), self.plain.rows(vector.slope))

    # Constant arrays become tangents too: a strict namespace refuses array - tangent before tangent
    # can answer.
    def off_diagonal(self, n: int) -> Value:
        return self._constant(self.plain.off_diagonal(n))

    def matrix(self, rows: list[list[Exact]]) -> Value:
        return self._constant(self.plain.matrix(rows))

    def sum_others(self, matrix: Value) -> Value:
        if not isinstance(matrix, Tangent):
            return self.plain.sum_others(matrix)
        return Tangent(self.plain.sum_others(matrix.value), self.plain.sum_others(matrix.slope))

    def max_others(self, matrix: Value) -> Value:
        if not isinstance(matrix, Tangent):
            return self.plain.max_others(matrix)
        others = self.plain.off_diagonal(matrix.shape[-1])
        low = self.xp.where(others > 0, matrix.value, self.xp.full_like(matrix.value, -math.inf))
        return self.max(Tangent(low, matrix.slope))

    def maximum_over(
        self, function: OfParameter, slope: OfParameter, low: Value, high: Value
    ) -> Value:
        # The derivative of a maximum is that of the function at the maximiser, held fixed
        # (Danskin).
        _, at = self.plain.maximiser(
            lambda t, _: _value(function(self._constant(t), self)),
            lambda t, _: _value(slope(self._constant(t), self)),
            _value(low),
            _value(high),
        )
        return function(self._constant(at), self)

    def less(self, x: Value, y: Value, *, strict: bool) -> Value:
        return self.plain.less(_value(x), _value(y), strict=strict)

    def select(self, branches: list[tuple[Value, Value]]) -> Value:
        value = self.plain.select([(condition, _value(v)) for condition, v in branches])
        direction = next((v.slope for _, v in branches if isinstance(v, Tangent)), None)
        if direction is None:
            return value
        zero = 0.0 * direction
        slope = self.plain.select(
            [(c, v.slope if isinstance(v, Tangent) else zero) for c, v in branches]
        )
        return Tangent(value, slope)

    @staticmethod
    def _constant(value: Any) -> Tangent:
        return Tangent(value, 0.0 * value)

    def _pick(self, x: Value, y: Value, larger: bool) -> Value:
        choose = self.plain.maximum if larger else self.plain.minimum
        value = choose(_value(x), _value(y))
        if not isinstance(x, Tangent) and not isinstance(y, Tangent):
            return value
        first = _value(x) > _value(y) if larger else _value(x) < _value(y)
        slopes = [v.slope if isinstance(v, Tangent) else None for v in (x, y)]
        known = next(s for s in slopes if s is not None)
        x_slope, y_slope = (0.0 * known if s is None else s for s in slopes)
        return Tangent(value, self.xp.where(first, x_slope, y_slope))


def _value(x: Value) -> Value:
    return x.value if isinstance(x, Tangent) else x
