"""Floats in any array-API namespace."""

from __future__ import annotations

import math
from types import ModuleType

import numpy as np

from hconsist.arithmetic.exact import Exact, OfParameter, Value
from hconsist.arithmetic.functions import Elementary
from hconsist.arithmetic.ops import Ops


class ArrayOps(Ops):
    """Floats in an array-API namespace (NumPy unless told otherwise).

    Parameters
    ----------
    namespace : module, optional
        NumPy, or what ``array_api_compat.array_namespace`` returns for torch or array-api-strict.
    **creation
        ``dtype`` and ``device`` of the arrays that a formula creates (constants, identity
        matrices).

    Examples
    --------
    >>> float(ArrayOps().softplus(np.asarray(0.0)))  # doctest: +ELLIPSIS
    0.693147...
    """

    broadcasts = True

    def __init__(self, namespace: ModuleType = np, **creation: object) -> None:
        self.xp, self._creation = namespace, creation

    def const(self, value: Exact | int) -> float:
        return float(value)

    def pi(self) -> float:
        return math.pi

    def apply(self, function: Elementary, x: Value) -> Value:
        # Array namespaces take arrays, not Python numbers, in elementary functions.
        if isinstance(x, int | float):
            return function.scalar(x)
        return function.of_array(x, self.xp)

    def power(self, x: Value, exponent: Exact | int) -> Value:
        return x ** float(exponent)

    def lower_power(self, x: Value, power: Value, exponent: Exact | int, by: int) -> Value:
        if float(exponent) >= by and float(exponent).is_integer():  # x may be 0
            left = float(exponent - by)
            return x if left == 1 else x * 0 + 1 if left == 0 else x**left
        if isinstance(x, int | float):
            return power / x**by if x else (0.0 if float(exponent) > by else math.inf)
        at_zero = x == 0  # where power / x is 0 / 0: the limit
        below = self.xp.where(at_zero, self.xp.ones_like(x), x)
        limit = 0.0 if float(exponent) > by else math.inf
        quotient = power / below if by == 1 else power / (below * below)
        return self.xp.where(at_zero, self.xp.full_like(x, limit), quotient)

    def away_from_zero(self, x: Value) -> Value:
        if isinstance(x, int | float):
            return max(x, 1e-300)
        floats = self.xp.finfo(x.dtype)
        return self.maximum(x, float(floats.smallest_normal) / float(floats.eps))

    def maximum(self, x: Value, y: Value) -> Value:
        x, y = self._pair(x, y)
        return self.xp.maximum(x, y)

    def minimum(self, x: Value, y: Value) -> Value:
        x, y = self._pair(x, y)
        return self.xp.minimum(x, y)

    def absolute(self, x: Value) -> Value:
        return abs(x)

    def sum(self, vector: Value) -> Value:
        return self.xp.sum(vector, axis=-1)

    def total(self, vector: Value) -> Value:
        return self.xp.sum(vector, axis=-1, keepdims=True)

    def max(self, vector: Value) -> Value:
        return self.xp.max(vector, axis=-1)

    def top_sum(self, vector: Value, k: int) -> Value:
        return self.xp.sum(self.xp.sort(vector, axis=-1)[..., vector.shape[-1] - k :], axis=-1)

    def logsumexp(self, vector: Value) -> Value:
        top = self.xp.max(vector, axis=-1, keepdims=True)
        return self.xp.log(self.xp.sum(self.xp.exp(vector - top), axis=-1)) + top[..., 0]

    def softmax(self, scores: Value) -> Value:
        weights = self.xp.exp(scores - self.xp.max(scores, axis=-1, keepdims=True))
        return weights / self.xp.sum(weights, axis=-1, keepdims=True)

    def log_softmax(self, scores: Value) -> Value:
        below = scores - self.xp.max(scores, axis=-1, keepdims=True)
        return below - self.xp.log(self.xp.sum(self.xp.exp(below), axis=-1, keepdims=True))

    def logarithmic(self) -> Ops:
        from hconsist.arithmetic.logarithms import Logarithmic

        return Logarithmic(self)

    def differences(self, scores: Value) -> Value:
        return scores[..., :, None] - scores[..., None, :]

    def rows(self, vector: Value) -> Value:
        return self.xp.broadcast_to(vector[..., None, :], (*vector.shape, vector.shape[-1]))

    def off_diagonal(self, n: int) -> Value:
        return 1.0 - self.xp.eye(n, **self._creation)

    def matrix(self, rows: list[list[Exact]]) -> Value:
        return self.xp.asarray([[float(v) for v in row] for row in rows], **self._creation)

    def sum_others(self, matrix: Value) -> Value:
        return self.xp.sum(self._with_diagonal(matrix, 0.0), axis=-1)

    def max_others(self, matrix: Value) -> Value:
        return self.xp.max(self._with_diagonal(matrix, -math.inf), axis=-1)

    def maximum_over(
        self, function: OfParameter, slope: OfParameter, low: Value, high: Value
    ) -> Value:
        best, at = self.maximiser(function, slope, low, high)
        return self.maximum(best, function(at, self))

    def maximiser(
        self, function: OfParameter, slope: OfParameter, low: Value, high: Value
    ) -> tuple[Value, Value]:
        """The largest value on the grid of `maximum_over`, and the t that its refinement found."""
        xp, cells = self.xp, 48
        best = function(xp.asarray(low, **self._creation), self)
        at = xp.full_like(best, low)
        for i in range(1, cells + 1):
            t = low + (high - low) * i / cells
            value = function(xp.asarray(t, **self._creation), self)
            better = value > best
            best, at = xp.where(better, value, best), xp.where(better, xp.full_like(best, t), at)
        width = (high - low) / cells
        left, right = self.maximum(at - width, low), self.minimum(at + width, high)
        for _ in range(60):
            middle = (left + right) / 2
            rising = slope(middle, self) > 0
            left, right = xp.where(rising, middle, left), xp.where(rising, right, middle)
        return best, (left + right) / 2

    def select(self, branches: list[tuple[Value, Value]], *, continuous: bool = False) -> Value:
        result: Value = math.nan
        for condition, value in reversed(branches):
            if isinstance(condition, bool):
                result = value if condition else result
            else:
                condition = self.xp.asarray(condition)
                value, result = (
                    v
                    if hasattr(v, "shape")
                    else self.xp.full(condition.shape, float(v), **self._creation)
                    for v in (value, result)
                )
                result = self.xp.where(condition, value, result)
        return result

    def _with_diagonal(self, matrix: Value, value: float) -> Value:
        diagonal = self.xp.eye(matrix.shape[-1], **self._creation) > 0
        return self.xp.where(diagonal, self.xp.full_like(matrix, value), matrix)

    def _pair(self, x: Value, y: Value) -> tuple[Value, Value]:
        """Give a Python scalar the dtype of its partner, as the array API wants."""
        if isinstance(x, int | float) and isinstance(y, int | float):
            return self.xp.asarray(float(x), **self._creation), self.xp.asarray(
                float(y), **self._creation
            )
        if isinstance(y, int | float) and not isinstance(x, int | float):
            return x, self.xp.full_like(x, y)
        if isinstance(x, int | float) and not isinstance(y, int | float):
            return self.xp.full_like(y, x), y
        return x, y


NUMPY = ArrayOps(np)
