"""Convexity of a vector formula in the scores, by the rules of composition (disciplined convexity).

`CurvatureOps` runs a loss formula over curvatures instead of numbers: a value is constant, affine,
convex, concave, or none of these, with a sign where it is known.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from hconsist.arithmetic import BALLS, Exact, Ops, Value
from hconsist.arithmetic.functions import Elementary
from hconsist.arithmetic.opaque import Opaque

_FLIP = {"convex": "concave", "concave": "convex"}


def convex_in_scores(losses: Callable[[Value, Ops], Value], n_classes: int) -> str:
    """Why the losses are not shown to be convex in the scores; empty when they are."""
    ops = CurvatureOps(n_classes)
    try:
        found = losses(Shape("affine", 0, (n_classes,)), ops)
    except Exception as problem:  # a stranger's formula may do anything
        return f"the rules of composition do not apply ({type(problem).__name__}: {problem})"
    if isinstance(found, Shape) and found.curve in ("constant", "affine", "convex"):
        return ""
    return "the rules of composition fail"


@dataclass(frozen=True, eq=False)
class Shape(Opaque):
    """A curvature, a sign (1: >= 0, -1: <= 0, 0: not known), the array's shape, and the number that
    a scalar constant is.
    """

    curve: str
    sign: int = 0
    shape: tuple[int, ...] = ()
    number: Value = None

    def __neg__(self) -> Shape:
        number = None if self.number is None else -self.number
        return Shape(_FLIP.get(self.curve, self.curve), -self.sign, self.shape, number)

    def __add__(self, other: Value) -> Shape:
        right = _shape(other)
        curve = _joined(self.curve, right.curve)
        sign = self.sign if self.sign == right.sign else 0
        both = None not in (self.number, right.number)
        number = self.number + right.number if both else None
        return Shape(curve, _sign(number, sign), self.shape or right.shape, number)

    __radd__ = __add__

    def __sub__(self, other: Value) -> Shape:
        return self + (-_shape(other))

    def __rsub__(self, other: Value) -> Shape:
        return (-self).__add__(other)

    def __mul__(self, other: Value) -> Shape:
        left, right = self, _shape(other)
        if left.curve != "constant":
            left, right = right, left
        shape, sign = left.shape or right.shape, left.sign * right.sign
        if left.curve != "constant":
            return Shape("none", sign, shape)
        both = None not in (left.number, right.number)
        number = left.number * right.number if both else None
        if right.curve in ("constant", "affine"):
            curve = right.curve
        elif left.sign:
            curve = right.curve if left.sign > 0 else _FLIP.get(right.curve, right.curve)
        else:
            curve = "none"
        return Shape(curve, _sign(number, sign), shape, number)

    __rmul__ = __mul__

    def __truediv__(self, other: Value) -> Shape:
        right = _shape(other)
        if right.curve != "constant" or not right.sign:
            return Shape("none", 0, self.shape or right.shape)
        number = None if right.number is None else 1 / right.number
        inverse = Shape("constant", right.sign, right.shape, number)
        return self.__mul__(inverse)

    def __getitem__(self, key: Value) -> Shape:
        # entries are as the whole; of what shape is asked of a vector of no entries
        shape = np.broadcast_to(False, self.shape)[key].shape
        return Shape(self.curve, self.sign, shape, self.number)

    __iter__ = None


def _sign(number: Value, otherwise: int) -> int:
    return otherwise if number is None else int(number > 0) - int(number < 0)


def _joined(a: str, b: str) -> str:
    order = ("constant", "affine")
    if a in order and b in order:
        return max(a, b, key=order.index)
    if a in order or b in order:
        return b if a in order else a
    return a if a == b else "none"


def _shape(value: Value) -> Shape:
    if isinstance(value, Shape):
        return value
    if isinstance(value, int | Fraction):
        ball = BALLS.const(value)
        return Shape("constant", int(ball > 0) - int(ball < 0), (), ball)
    raise TypeError(f"{value!r} is not an exact number")


class CurvatureOps(Ops):
    """Curvatures; see `Ops`."""

    def __init__(self, n_classes: int) -> None:
        self.n = n_classes

    def const(self, value: Exact | int) -> Value:
        """An exact constant."""
        ball = BALLS.const(value)
        return Shape("constant", int(ball > 0) - int(ball < 0), (), ball)

    def _rising(self, x: Value, function: Callable[[Value], Value], sign: int = 0) -> Shape:
        """A convex increasing function."""
        if x.number is not None:
            number = function(x.number)
            return Shape("constant", _sign(number, sign), x.shape, number)
        kept = {"constant": "constant", "affine": "convex", "convex": "convex"}
        return Shape(kept.get(x.curve, "none"), sign, x.shape)

    def exp(self, x: Value) -> Value:
        """Convex, increasing, positive."""
        return self._rising(x, BALLS.exp, 1)

    def softplus(self, x: Value) -> Value:
        """Convex, increasing, positive."""
        return self._rising(x, BALLS.softplus, 1)

    def apply(self, function: Elementary, x: Value) -> Value:
        """A function of the table, where its curvature is known here."""
        if function.name in ("exp", "softplus", "log", "tanh"):
            return getattr(self, function.name)(x)
        return Shape("constant" if x.curve == "constant" else "none", 0, x.shape)

    def log(self, x: Value) -> Value:
        """Concave, increasing."""
        if x.number is not None:
            number = BALLS.log(x.number)
            return Shape("constant", _sign(number, 0), x.shape, number)
        kept = {"constant": "constant", "affine": "concave", "concave": "concave"}
        return Shape(kept.get(x.curve, "none"), 0, x.shape)

    def tanh(self, x: Value) -> Value:
        """Neither convex nor concave."""
        return Shape("constant" if x.curve == "constant" else "none", x.sign, x.shape)

    def power(self, x: Value, exponent: Exact | int) -> Value:
        """Convex of what is affine and even, or convex and non-negative, for exponents >= 1."""
        e = Fraction(exponent)
        if x.number is not None:
            number = BALLS.power(x.number, e)
            return Shape("constant", _sign(number, 0), x.shape, number)
        even = e.denominator == 1 and e % 2 == 0
        if x.curve == "constant":
            return Shape("constant", 1 if even else x.sign, x.shape)
        if e == 1:
            return x
        rising = e >= 1 and x.sign > 0 and x.curve in ("affine", "convex")
        if (even and e > 0 and x.curve == "affine") or rising:
            return Shape("convex", 1, x.shape)
        return Shape("none", 1 if even else 0, x.shape)

    def maximum(self, x: Value, y: Value) -> Value:
        """Convex of convex."""
        x, y = _shape(x), _shape(y)
        curve = "convex" if {x.curve, y.curve} <= {"constant", "affine", "convex"} else "none"
        return Shape(curve, 1 if 1 in (x.sign, y.sign) else 0, x.shape or y.shape)

    def minimum(self, x: Value, y: Value) -> Value:
        """Concave of concave."""
        return -self.maximum(-_shape(x), -_shape(y))

    def absolute(self, x: Value) -> Value:
        """Convex of affine."""
        return self.maximum(x, -x)

    def _convex_sum(self, x: Value, shape: tuple[int, ...]) -> Shape:
        return Shape(x.curve, x.sign, shape)

    def _convex_of(self, x: Value, shape: tuple[int, ...]) -> Shape:
        kept = {"constant": "constant", "affine": "convex", "convex": "convex"}
        return Shape(kept.get(x.curve, "none"), 0, shape)

    def sum(self, vector: Value) -> Value:
        """A sum keeps curvature."""
        return self._convex_sum(vector, vector.shape[:-1])

    def sum_others(self, matrix: Value) -> Value:
        """A sum keeps curvature."""
        return self._convex_sum(matrix, matrix.shape[:-1])

    def max(self, vector: Value) -> Value:
        """Convex of convex."""
        return self._convex_of(vector, vector.shape[:-1])

    def max_others(self, matrix: Value) -> Value:
        """Convex of convex."""
        return self._convex_of(matrix, matrix.shape[:-1])

    def top_sum(self, vector: Value, k: int) -> Value:
        """A maximum of sums: convex of convex."""
        return self._convex_of(vector, vector.shape[:-1])

    def logsumexp(self, vector: Value) -> Value:
        """Convex and increasing: convex of convex."""
        return self._convex_of(vector, vector.shape[:-1])

    def differences(self, scores: Value) -> Value:
        """Affine of affine."""
        curve = scores.curve if scores.curve in ("constant", "affine") else "none"
        return Shape(curve, 0, (self.n, self.n))

    def rows(self, vector: Value) -> Value:
        """Copies."""
        return Shape(vector.curve, vector.sign, (self.n, self.n))

    def off_diagonal(self, n: int) -> Value:
        """Zeros and ones."""
        return Shape("constant", 1, (n, n))

    def matrix(self, rows: list[list[Exact]]) -> Value:
        """Constants."""
        return Shape("constant", 0, (len(rows), len(rows[0])))

    def softmax(self, scores: Value) -> Value:
        """Neither convex nor concave."""
        return Shape("none", 1, scores.shape)

    def maximum_over(
        self, function: Callable[..., Value], slope: Callable[..., Value], low: Value, high: Value
    ) -> Value:
        """A supremum of convex functions, one for each positive parameter."""
        low, high = _shape(low), _shape(high)
        fixed = low.curve == high.curve == "constant"
        if not (fixed and low.sign > 0):  # over an interval that moves it is no such supremum
            return Shape("none", 0, ())
        inside = Shape("constant", 1, ())
        return self._convex_of(function(inside, self), (self.n,))
