"""Costs of predicting an item when a label is true, as exact rationals.

`Uniform` says in one line what holds for any number of labels, a symbolic one too; `Table` lists
every entry. Two costs that differ by a constant for each label have the same regret.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from hconsist.arithmetic import exact
from hconsist.errors import InvalidInputError

if TYPE_CHECKING:
    from sympy import Expr

Array = NDArray[np.float64]


@dataclass(frozen=True)
class _Labels:
    """Costs of items that are the labels."""

    labels: Any

    @property
    def items(self) -> Any:
        """How many items there are to predict."""
        return self.labels

    @property
    def symbols(self) -> tuple[Expr, ...]:
        """The symbols in the costs but for the number of labels: none."""
        return ()


@dataclass(frozen=True)
class Uniform(_Labels):
    """The items are the labels: cost ``right`` where item and label agree, ``wrong`` where they
    differ.

    Parameters
    ----------
    labels : int or sympy.Symbol
    wrong, right : Fraction

    Examples
    --------
    >>> Uniform(3).entry(0, 0), Uniform(3).entry(0, 2)
    (Fraction(0, 1), Fraction(1, 1))
    """

    wrong: Fraction = Fraction(1)
    right: Fraction = Fraction(0)

    def entry(self, item: int, label: int) -> Fraction:
        """The cost of one item when one label is true."""
        return self.right if item == label else self.wrong

    def exact_rows(self) -> tuple[tuple[Fraction, ...], ...]:
        """Every entry: rows are items, columns labels."""
        every = range(self.labels)
        return tuple(tuple(self.entry(r, y) for y in every) for r in every)

    def spread(self, size: int) -> Fraction:
        """The most that ``size`` items can cost more than the best ``size`` items.

        With more labels than items predicted, the true label is in the best set and not in the
        worst.
        """
        del size
        return abs(self.wrong - self.right)

    def relative(self, p: Array) -> Array:
        """Expected costs of all items, up to one constant: (..., labels) to (..., items)."""
        return np.asarray(float(self.right - self.wrong) * p)


@dataclass(frozen=True)
class Table:
    """Costs entry by entry: one row an item, one column a label.

    Parameters
    ----------
    rows : sequence of sequences of numbers
        Read exactly: 2, 0.3, "1/3". Negative costs are welcome, SymPy symbols for derivations.

    Raises
    ------
    InvalidInputError
        For fewer than two rows or columns, rows of different lengths, or an entry that is not a
        finite number.

    Examples
    --------
    >>> Table([[0, 1], [10, 0], ["1/3", 0.3]]).entry(2, 1)
    Fraction(3, 10)
    """

    rows: tuple[tuple[Fraction, ...], ...]

    def __init__(self, rows: Sequence[Sequence[object]]) -> None:
        lines = [tuple(row) for row in rows]
        remedy = "pass one row a prediction and one column a label, such as [[0,2],[1,0]]"
        if len(lines) < 2:
            raise InvalidInputError("costs need at least two predictions", len(lines), remedy)
        if len({len(line) for line in lines}) != 1:
            raise InvalidInputError(
                "rows of costs must have one length", [len(line) for line in lines], remedy
            )
        if len(lines[0]) < 2:
            raise InvalidInputError("costs need at least two labels", len(lines[0]), remedy)
        read = tuple(tuple(exact(v, "a cost") for v in line) for line in lines)
        object.__setattr__(self, "rows", read)

    @property
    def symbols(self) -> tuple[Expr, ...]:
        """The symbols in the costs, for derivations."""
        found = {s for row in self.rows for v in row for s in getattr(v, "free_symbols", ())}
        return tuple(sorted(found, key=str))

    @property
    def labels(self) -> int:
        """How many labels there are."""
        return len(self.rows[0])

    @property
    def items(self) -> int:
        """How many items there are to predict."""
        return len(self.rows)

    def entry(self, item: int, label: int) -> Fraction:
        """The cost of one item when one label is true."""
        return self.rows[item][label]

    def exact_rows(self) -> tuple[tuple[Fraction, ...], ...]:
        """Every entry: rows are items, columns labels."""
        return self.rows

    def spread(self, size: int) -> Fraction:
        """The most that ``size`` items can cost more than the best ``size`` items.

        That difference is convex in the label distribution, so it is largest where one label is
        certain.
        """
        if self.symbols:
            raise InvalidInputError(
                "a value needs costs that are numbers", str(self.symbols[0]), "pass numbers"
            )
        columns = [sorted(column) for column in zip(*self.rows, strict=True)]
        return max(sum(c[-size:], Fraction(0)) - sum(c[:size], Fraction(0)) for c in columns)

    @cached_property
    def array(self) -> Array:
        """The costs as floats: shape (items, labels)."""
        return np.array([[float(v) for v in row] for row in self.rows])

    def relative(self, p: Array) -> Array:
        """Expected costs of all items: (..., labels) to (..., items)."""
        return np.asarray(p @ self.array.T)


@dataclass(frozen=True)
class Distances(_Labels):
    """Labels in an order, as many as a symbol says, which are the items: ``|r - y|``.

    >>> import sympy
    >>> Distances(sympy.Symbol("n")).entry(1, 4)
    Fraction(3, 1)
    """

    def entry(self, item: int, label: int) -> Fraction:
        """The cost of one item when one label is true."""
        return Fraction(abs(item - label))

    def exact_rows(self) -> tuple[tuple[Fraction, ...], ...]:
        """There is no table."""
        raise self._needs_number()

    def spread(self, size: int) -> Fraction:
        """There is no number."""
        raise self._needs_number()

    def relative(self, p: Array) -> Array:
        """There is no table."""
        raise self._needs_number()

    def _needs_number(self) -> InvalidInputError:
        return InvalidInputError(
            "a value needs a number of labels", str(self.labels), "pass n_classes=3"
        )


Costs = Uniform | Table | Distances


def as_uniform(costs: Costs) -> Uniform | None:
    """The same costs as one number for right and one for wrong, where every entry agrees.

    Examples
    --------
    >>> as_uniform(Table([[0, 2, 2], [2, 0, 2], [2, 2, 0]]))
    Uniform(labels=3, wrong=Fraction(2, 1), right=Fraction(0, 1))
    >>> as_uniform(Table([[0, 1], [10, 0]])) is None
    True
    """
    if isinstance(costs, Uniform):
        return costs
    if isinstance(costs, Distances) or costs.items != costs.labels:
        return None
    found = Uniform(costs.labels, costs.rows[0][1], costs.rows[0][0])
    every = range(costs.labels)
    agrees = all(costs.entry(r, y) == found.entry(r, y) for r in every for y in every)
    return found if agrees else None
