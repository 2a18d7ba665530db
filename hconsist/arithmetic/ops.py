"""What a formula may use: the operations that every arithmetic offers."""

from __future__ import annotations

from hconsist.arithmetic.exact import Exact, OfParameter, Value
from hconsist.errors import EngineCannotAnswerError


class Ops:
    """What every arithmetic offers. Scalars combine with ``+ - * /``; everything else is a
    method.
    """

    def const(self, value: Exact | int) -> Value:
        """An exact constant in this arithmetic."""
        raise NotImplementedError

    def pi(self) -> Value:
        """The number pi."""
        raise NotImplementedError

    def exp(self, x: Value) -> Value:
        """Exponential, elementwise."""
        raise NotImplementedError

    def log(self, x: Value) -> Value:
        """Natural logarithm, elementwise."""
        raise NotImplementedError

    def tanh(self, x: Value) -> Value:
        """Hyperbolic tangent, elementwise."""
        raise NotImplementedError

    def power(self, x: Value, exponent: Exact | int) -> Value:
        """``x ** exponent`` for x >= 0 (any x when the exponent is a natural number),
        elementwise.
        """
        raise NotImplementedError

    def maximum(self, x: Value, y: Value) -> Value:
        """The larger of two values, elementwise."""
        raise NotImplementedError

    def minimum(self, x: Value, y: Value) -> Value:
        """The smaller of two values, elementwise."""
        raise NotImplementedError

    def absolute(self, x: Value) -> Value:
        """Absolute value, elementwise."""
        raise NotImplementedError

    def softplus(self, x: Value) -> Value:
        """``log(1 + exp(x))``, elementwise, without overflow."""
        raise NotImplementedError

    def xlogx(self, x: Value) -> Value:
        """``x log x`` for x >= 0, elementwise; 0 at 0."""
        raise NotImplementedError

    def sum(self, vector: Value) -> Value:
        """Sum over the last axis."""
        raise NotImplementedError

    def max(self, vector: Value) -> Value:
        """Maximum over the last axis."""
        raise NotImplementedError

    def top_sum(self, vector: Value, k: int) -> Value:
        """Sum of the k largest entries of the last axis; 1 <= k <= its length."""
        raise NotImplementedError

    def logsumexp(self, vector: Value) -> Value:
        """``log(sum(exp(vector)))`` over the last axis, without overflow."""
        raise NotImplementedError

    def softmax(self, scores: Value) -> Value:
        """``exp(s_y) / sum_k exp(s_k)`` over the last axis."""
        raise NotImplementedError

    def differences(self, scores: Value) -> Value:
        """The matrix (..., n, n) with entry [y, k] = s_y - s_k."""
        raise NotImplementedError

    def rows(self, vector: Value) -> Value:
        """The matrix (..., n, n) whose every row is the vector: entry [y, k] = v_k."""
        raise NotImplementedError

    def off_diagonal(self, n: int) -> Value:
        """The matrix (n, n) with 0 on the diagonal and 1 elsewhere."""
        raise NotImplementedError

    def matrix(self, rows: list[list[Exact]]) -> Value:
        """A matrix of exact constants."""
        raise NotImplementedError

    def sum_others(self, matrix: Value) -> Value:
        """Row sums of (..., n, n) without the diagonal: sum over k != y of entry [y, k]."""
        raise NotImplementedError

    def max_others(self, matrix: Value) -> Value:
        """Row maxima of (..., n, n) without the diagonal: max over k != y of entry [y, k]."""
        raise NotImplementedError

    def maximum_over(
        self, function: OfParameter, slope: OfParameter, low: Value, high: Value
    ) -> Value:
        """``max { function(t) : low <= t <= high }``, elementwise, for a smooth function of one
        number t.

        ``function(t, ops)`` and its derivative ``slope(t, ops)`` take a t of the shape of their
        values. Floats: the best of a grid, refined by bisection on the slope. Balls: an enclosure
        by branch and bound.
        """
        raise EngineCannotAnswerError(
            "numeric", f"{type(self).__name__} has no maximum over an interval"
        )

    # Case distinctions. A condition is True, False, an elementwise truth value, or None where a
    # ball cannot decide it.
    def less(self, x: Value, y: Value, *, strict: bool) -> Value:
        """``x < y`` or ``x <= y``."""
        return x < y if strict else x <= y

    def all_of(self, conditions: list[Value]) -> Value:
        """Conjunction."""
        result = conditions[0]
        for c in conditions[1:]:
            result = result & c
        return result

    def any_of(self, conditions: list[Value]) -> Value:
        """Disjunction."""
        result = conditions[0]
        for c in conditions[1:]:
            result = result | c
        return result

    def select(self, branches: list[tuple[Value, Value]]) -> Value:
        """The value of the first branch whose condition holds; nan where none does."""
        raise NotImplementedError
