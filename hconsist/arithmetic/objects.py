"""What SymPy expressions and balls share: a vector over classes is a NumPy object array."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from hconsist.arithmetic.exact import Exact, Value
from hconsist.arithmetic.ops import Ops


def elementwise(function: Callable[..., Value], *args: Value) -> Value:
    """Apply a scalar function to object arrays, or directly to scalars."""
    if any(isinstance(a, np.ndarray) for a in args):
        return np.frompyfunc(function, len(args), 1)(*args)
    return function(*args)


def _drop_diagonal(matrix: Value) -> Value:
    """(..., n, n) to (..., n, n - 1): the entries [y, k] with k != y."""
    n = matrix.shape[-1]
    rows = np.arange(n)[:, None]
    others = np.array([[k for k in range(n) if k != y] for y in range(n)])
    return matrix[..., rows, others]


class ObjectOps(Ops):
    """What SymPy expressions and balls share: vectors are NumPy object arrays."""

    def sum(self, vector: Value) -> Value:
        return np.sum(np.asarray(vector, dtype=object), axis=-1)

    def max(self, vector: Value) -> Value:
        rows = np.moveaxis(np.asarray(vector, dtype=object), -1, 0)
        top = rows[0]
        for row in rows[1:]:
            top = self.maximum(top, row)
        return top

    def top_sum(self, vector: Value, k: int) -> Value:
        # k passes of a sorting network: each carries the largest remaining entry out, by maxima and
        # minima only.
        rest = list(np.moveaxis(np.asarray(vector, dtype=object), -1, 0))
        result = self.const(0)
        for _ in range(k):
            top = rest[0]
            for i in range(1, len(rest)):
                rest[i - 1], top = self.minimum(top, rest[i]), self.maximum(top, rest[i])
            rest.pop()
            result = result + top
        return result

    def logsumexp(self, vector: Value) -> Value:
        return self.log(self.sum(self.exp(vector)))

    def softmax(self, scores: Value) -> Value:
        weights = self.exp(np.asarray(scores, dtype=object))
        return weights / np.sum(weights, axis=-1, keepdims=True)

    def log_softmax(self, scores: Value) -> Value:
        total = np.asarray(self.logsumexp(scores), dtype=object)
        return np.asarray(scores, dtype=object) - total[..., None]

    def differences(self, scores: Value) -> Value:
        scores = np.asarray(scores, dtype=object)
        return scores[..., :, None] - scores[..., None, :]

    def rows(self, vector: Value) -> Value:
        vector = np.asarray(vector, dtype=object)
        return np.broadcast_to(vector[..., None, :], (*vector.shape, vector.shape[-1]))

    def off_diagonal(self, n: int) -> Value:
        one, zero = self.const(1), self.const(0)
        return np.array(
            [[zero if i == j else one for j in range(n)] for i in range(n)], dtype=object
        )

    def matrix(self, rows: list[list[Exact]]) -> Value:
        return np.array([[self.const(v) for v in row] for row in rows], dtype=object)

    def sum_others(self, matrix: Value) -> Value:
        return self.sum(_drop_diagonal(matrix))

    def max_others(self, matrix: Value) -> Value:
        return self.max(_drop_diagonal(matrix))
