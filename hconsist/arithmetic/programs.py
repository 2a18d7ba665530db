"""Convex expressions, by CVXPY."""

from __future__ import annotations

import math

import numpy as np

from hconsist.arithmetic.exact import Exact, Value
from hconsist.arithmetic.functions import Elementary
from hconsist.arithmetic.ops import Ops
from hconsist.errors import InvalidInputError


class CvxpyOps(Ops):
    """CVXPY expressions: a formula that follows the DCP rules becomes a convex program as it
    stands.

    Examples
    --------
    >>> import cvxpy as cp
    >>> CvxpyOps().softplus(cp.Variable()).is_convex()
    True
    """

    def const(self, value: Exact | int) -> Value:
        return float(value)

    def pi(self) -> Value:
        return math.pi

    def apply(self, function: Elementary, x: Value) -> Value:
        import cvxpy as cp

        if isinstance(x, int | float):
            return function.scalar(x)
        if function.program is None:
            raise InvalidInputError(
                f"a convex program has no {function.name}",
                str(x),
                "use the numeric engine's search instead",
            )
        return function.program(x, cp)

    def power(self, x: Value, exponent: Exact | int) -> Value:
        import cvxpy as cp

        try:  # power cones, exact for every exponent
            return cp.power(x, float(exponent), approx=False)
        except TypeError:  # an older CVXPY, which has second-order cones for a nearby rational only
            return cp.power(x, float(exponent))

    def maximum(self, x: Value, y: Value) -> Value:
        import cvxpy as cp

        return cp.maximum(x, y)

    def minimum(self, x: Value, y: Value) -> Value:
        import cvxpy as cp

        return cp.minimum(x, y)

    def absolute(self, x: Value) -> Value:
        import cvxpy as cp

        return cp.abs(x)

    def less(self, x: Value, y: Value, *, strict: bool) -> Value:
        raise _no_cases(f"{x} < {y}")

    def select(self, branches: list[tuple[Value, Value]], *, continuous: bool = False) -> Value:
        raise _no_cases(f"{len(branches)} cases")

    def sum(self, vector: Value) -> Value:
        import cvxpy as cp

        return cp.sum(vector, axis=-1) if len(vector.shape) > 1 else cp.sum(vector)

    def max(self, vector: Value) -> Value:
        import cvxpy as cp

        return cp.max(vector, axis=1) if len(vector.shape) > 1 else cp.max(vector)

    def top_sum(self, vector: Value, k: int) -> Value:
        import cvxpy as cp

        if len(vector.shape) > 1:
            return cp.hstack([cp.sum_largest(vector[i], k) for i in range(vector.shape[0])])
        return cp.sum_largest(vector, k)

    def logsumexp(self, vector: Value) -> Value:
        import cvxpy as cp

        return cp.log_sum_exp(vector, axis=1) if len(vector.shape) > 1 else cp.log_sum_exp(vector)

    def softmax(self, scores: Value) -> Value:
        raise InvalidInputError(
            "softmax is not a convex function of the scores",
            str(scores),
            "take the softmax vector itself as variable",
        )

    def differences(self, scores: Value) -> Value:
        import cvxpy as cp

        return cp.vstack([scores[y] - scores for y in range(scores.shape[0])])

    def rows(self, vector: Value) -> Value:
        import cvxpy as cp

        return cp.vstack([vector] * vector.shape[0])

    def off_diagonal(self, n: int) -> Value:
        return 1.0 - np.eye(n)

    def matrix(self, rows: list[list[Exact]]) -> Value:
        return np.array([[float(v) for v in row] for row in rows])

    def sum_others(self, matrix: Value) -> Value:
        import cvxpy as cp

        return cp.sum(cp.multiply(self.off_diagonal(matrix.shape[0]), matrix), axis=1)

    def max_others(self, matrix: Value) -> Value:
        import cvxpy as cp

        n = matrix.shape[0]
        return cp.hstack([cp.max(matrix[y, [k for k in range(n) if k != y]]) for y in range(n)])


def _no_cases(received: str) -> InvalidInputError:
    return InvalidInputError(
        "a convex program has no case distinction",
        received,
        "write the formula by Max and Min, or use the numeric engine's search",
    )


CVXPY = CvxpyOps()
