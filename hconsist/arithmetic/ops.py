"""What a formula may use: the operations that every arithmetic offers."""

from __future__ import annotations

from typing import Any

from hconsist.arithmetic.exact import Exact, OfParameter, Value
from hconsist.arithmetic.functions import Functions
from hconsist.errors import EngineCannotAnswerError


class Ops(Functions):
    """What every arithmetic offers. Scalars combine with ``+ - * /``; everything else is a
    method: here, or a row of the table of elementary functions (``ops.exp(x)``).
    """

    #: Whether a vector combines with an array (..., 1).
    broadcasts = False

    def const(self, value: Exact | int) -> Value:
        """An exact constant in this arithmetic."""
        raise NotImplementedError

    def pi(self) -> Value:
        """The number pi."""
        raise NotImplementedError

    def power(self, x: Value, exponent: Exact | int) -> Value:
        """``x ** exponent`` for x >= 0 (any x when the exponent is a natural number),
        elementwise.
        """
        raise NotImplementedError

    def lower_power(self, x: Value, power: Value, exponent: Exact | int, by: int) -> Value:
        """``x ** (exponent - by)``, for derivatives, where ``power = x ** exponent`` is known."""
        return self.power(x, exponent - by)

    def away_from_zero(self, x: Value) -> Value:
        """x >= 0, in floats at least the smallest number whose inverse is finite."""
        return x

    def maximum(self, x: Value, y: Value) -> Value:
        """The larger of two values, elementwise."""
        raise NotImplementedError

    def minimum(self, x: Value, y: Value) -> Value:
        """The smaller of two values, elementwise."""
        raise NotImplementedError

    def absolute(self, x: Value) -> Value:
        """Absolute value, elementwise."""
        raise NotImplementedError

    def sum(self, vector: Value) -> Value:
        """Sum over the last axis."""
        raise NotImplementedError

    def total(self, vector: Value) -> Value:
        """Sum over the last axis, in a shape that combines with the vector again."""
        return self.sum(self.rows(vector))

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

    def log_softmax(self, scores: Value) -> Value:
        """``s_y - log(sum_k exp(s_k))`` over the last axis, without over- or underflow."""
        raise NotImplementedError

    def logarithmic(self) -> Ops:
        """The arithmetic in which softmax values are carried by their logarithms, where that
        matters (floats); this one elsewhere.
        """
        return self

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

    def takes_first(self, x: Value, y: Value) -> Value:
        """Whether the maximum of x and y is x: a float settles a tie for x, a ball leaves it
        undecided.
        """
        return x >= y

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

    def select(self, branches: list[tuple[Value, Value]], *, continuous: bool = False) -> Value:
        """The value of the first branch whose condition holds; nan where none does.

        Balls take the hull of the branches that may hold. Where more than one may, the derivative
        is the hull of theirs if the function is known to be ``continuous`` (a kink), and nan if it
        is not: a jump has no derivative, and no enclosure of slopes may pass over it.
        """
        raise NotImplementedError


class OverOps(Ops):
    """An arithmetic of numbers that another one carries, whose constants are its own.

    Parameters
    ----------
    base : Ops
    """

    base: Any

    def __init__(self, base: Ops) -> None:
        self.base = base

    def const(self, value: Exact | int) -> Value:
        return self.base.const(value)

    def pi(self) -> Value:
        return self.base.pi()
