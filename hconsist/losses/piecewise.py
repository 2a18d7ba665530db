"""Losses that are piecewise linear in the scores, as formulas of the checker's trees.

The loss's own formula runs over an arithmetic of affine functions and maxima; what is not made of
these is refused.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np

from hconsist.arithmetic import Exact, Value
from hconsist.arithmetic.functions import Elementary
from hconsist.arithmetic.objects import ObjectOps, elementwise
from hconsist.losses.base import Loss

if TYPE_CHECKING:
    from hconsist.checker import Tree

#: Subsets of scores that the sum of the largest may be written over.
_SUBSETS = 300


class NotPiecewiseLinearError(Exception):
    """The formula is made of something else than affine functions and maxima."""


def _for_arrays(
    operation: Callable[[Formula, Value], Formula],
) -> Callable[[Formula, Value], Value]:
    """An operation that leaves arrays to NumPy, which takes them entry by entry."""

    def operate(self: Formula, other: Value) -> Value:
        return NotImplemented if isinstance(other, np.ndarray) else operation(self, other)

    return operate


@dataclass(frozen=True)
class Formula:
    """constant + sum of slopes times scores + sum of c max(f, g)."""

    constant: Fraction
    slopes: tuple[Fraction, ...]
    maxima: tuple[tuple[Fraction, Formula, Formula], ...] = ()

    @_for_arrays
    def __add__(self, other: object) -> Formula:
        y = _formula(other, len(self.slopes))
        slopes = tuple(a + b for a, b in zip(self.slopes, y.slopes, strict=True))
        return Formula(self.constant + y.constant, slopes, self.maxima + y.maxima)

    __radd__ = __add__

    @_for_arrays
    def __mul__(self, other: object) -> Formula:
        y = _formula(other, len(self.slopes))
        if y.is_constant:
            return self._times(y.constant)
        if self.is_constant:
            return y._times(self.constant)
        raise NotPiecewiseLinearError("a product of two formulas of the scores")

    def _times(self, c: Fraction) -> Formula:
        maxima = tuple((c * k, f, g) for k, f, g in self.maxima if c)
        return Formula(c * self.constant, tuple(c * a for a in self.slopes), maxima)

    __rmul__ = __mul__

    def __neg__(self) -> Formula:
        return self._times(Fraction(-1))

    @_for_arrays
    def __sub__(self, other: object) -> Formula:
        result: Formula = self + _formula(other, len(self.slopes))._times(Fraction(-1))
        return result

    @_for_arrays
    def __rsub__(self, other: object) -> Formula:
        result: Formula = -self + other
        return result

    @_for_arrays
    def __truediv__(self, other: object) -> Formula:
        y = _formula(other, len(self.slopes))
        if not y.is_constant or not y.constant:
            raise NotPiecewiseLinearError("a quotient")
        return self._times(1 / y.constant)

    @property
    def is_constant(self) -> bool:
        """Whether no score stands in it."""
        return not self.maxima and not any(self.slopes)

    def tree(self) -> Tree:
        """The formula as the checker writes it, in s1, s2, ..."""
        from hconsist.checker.trees import add, mul

        scores = [mul(str(a), f"s{k + 1}") for k, a in enumerate(self.slopes) if a]
        maxima = [mul(str(c), ["max", f.tree(), g.tree()]) for c, f, g in self.maxima]
        return add(str(self.constant), *scores, *maxima)


def _formula(value: object, count: int) -> Formula:
    if isinstance(value, Formula):
        return value
    if isinstance(value, int | Fraction):
        return Formula(Fraction(value), (Fraction(0),) * count)
    raise NotPiecewiseLinearError(f"a constant that is not rational: {value}")


class PiecewiseOps(ObjectOps):
    """The arithmetic of affine functions of ``count`` scores, and maxima."""

    def __init__(self, count: int) -> None:
        self.count = count

    def const(self, value: Exact | int) -> Formula:
        return _formula(value, self.count)

    def apply(self, function: Elementary, x: Value) -> Value:
        raise NotPiecewiseLinearError("an elementary function of the scores")

    def power(self, x: Value, exponent: Exact | int) -> Value:
        if exponent == 1:
            return x
        raise NotPiecewiseLinearError(f"the power {exponent}")

    def maximum(self, x: Value, y: Value) -> Value:
        return elementwise(self._larger, x, y)

    def minimum(self, x: Value, y: Value) -> Value:
        return -self.maximum(-x, -y)

    def absolute(self, x: Value) -> Value:
        return self.maximum(x, -x)

    def top_sum(self, vector: Value, k: int) -> Value:
        # The largest sum of k of them: convex as it is written.
        entries = list(np.moveaxis(np.asarray(vector, dtype=object), -1, 0))
        subsets = list(itertools.islice(itertools.combinations(entries, k), _SUBSETS + 1))
        if len(subsets) > _SUBSETS:
            raise NotPiecewiseLinearError(f"more than {_SUBSETS} subsets of the scores")
        sums = [functools.reduce(lambda a, b: a + b, subset) for subset in subsets]
        return functools.reduce(self.maximum, sums)

    def less(self, x: Value, y: Value, *, strict: bool) -> Value:
        raise NotPiecewiseLinearError("a case distinction")

    def select(self, branches: list[tuple[Value, Value]], *, continuous: bool = False) -> Value:
        raise NotPiecewiseLinearError("a case distinction")

    def _larger(self, x: Value, y: Value) -> Formula:
        first, second = _formula(x, self.count), _formula(y, self.count)
        difference = first - second
        if first == second or difference.is_constant:
            return first if difference.constant >= 0 else second
        none = (Fraction(0),) * self.count
        return Formula(Fraction(0), none, ((Fraction(1), first, second),))


def piecewise_formulas(loss: Loss, scores: int) -> list[Tree]:
    """The loss of each label as a tree in s1, s2, ... for so many scores.

    Raises
    ------
    NotPiecewiseLinearError
        Where the loss is not made of affine functions and maxima with rational coefficients.

    Examples
    --------
    >>> from hconsist.losses import parse_loss
    >>> piecewise_formulas(parse_loss("crammer-singer"), 2)[0]
    ['max', ['add', '1', ['mul', '-1', 's1'], 's2'], '0']
    """
    ops = PiecewiseOps(scores)
    vector = np.array(
        [
            Formula(Fraction(0), tuple(Fraction(i == k) for i in range(scores)))
            for k in range(scores)
        ],
        dtype=object,
    )
    try:
        found = loss.losses(vector, ops)
        return [_formula(f, scores).tree() for f in found]
    except (TypeError, ValueError, AttributeError, NotImplementedError) as problem:
        raise NotPiecewiseLinearError(str(problem)) from problem
