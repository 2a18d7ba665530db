"""Linear programs solved exactly, with the basis that proves the optimum.

A program is ``max <objective, x>`` over ``rows @ x = right, x >= 0``. The simplex method runs on
numbers; the basis that it ends in is then checked by its own arithmetic, which may carry a
parameter (`parameters`): a basis that is feasible and has no better neighbour is optimal.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, TypeAlias

import flint

#: A rational, or a rational function that knows its value at a sample (`parameters.Traced`).
Number: TypeAlias = Any
Rows = Sequence[Sequence[Number]]


@dataclass(frozen=True)
class BasicOptimum:
    """The largest value, the point that has it, and which of its entries are basic."""

    value: Number
    point: tuple[Number, ...]
    basis: tuple[int, ...]


def sample(value: Number) -> Fraction:
    """A number at the sample of its parameter; a rational is itself."""
    held: Number = getattr(value, "sample", value)
    return Fraction(held)


def maximum(
    rows: Rows, right: Sequence[Number], objective: Sequence[Number]
) -> BasicOptimum | None:
    """The optimum; None where no point satisfies the rows.

    Raises
    ------
    ArithmeticError
        For an unbounded program.

    Examples
    --------
    >>> one = Fraction(1)
    >>> found = maximum([[one, one, one]], [one], [one, 2 * one, 0 * one])
    >>> found.value, found.point
    (Fraction(2, 1), (Fraction(0, 1), Fraction(1, 1), Fraction(0, 1)))
    """
    shadow = [[_rational(v) for v in row] for row in rows]
    end = _simplex(shadow, [_rational(v) for v in right], [_rational(v) for v in objective])
    if end is None:
        _compare_infeasible(rows, right, objective)
        return None
    basis, kept = end
    return _certified(
        [rows[i] for i in kept], [right[i] for i in kept], list(objective), tuple(sorted(basis))
    )


def _compare_infeasible(rows: Rows, right: Sequence[Number], objective: Sequence[Number]) -> None:
    """Show that no point satisfies the rows: the least that entries of their own must add is
    positive. Its comparisons say for which values of a parameter that is so.
    """
    zero = 0 * objective[0]
    one, every = zero + 1, range(len(rows))
    signs = [-1 if v < 0 else 1 for v in right]
    own = [
        [*(s * v for v in row), *(one if i == k else zero for k in every)]
        for i, (row, s) in enumerate(zip(rows, signs, strict=True))
    ]
    there = [s * v for s, v in zip(signs, right, strict=True)]
    found = maximum(own, there, [*(zero for _ in objective), *(-one for _ in every)])
    if found is None or not found.value < 0:
        raise ArithmeticError("the rows are not shown to have no point")


def _certified(
    rows: Rows, right: Sequence[Number], objective: list[Number], basis: tuple[int, ...]
) -> BasicOptimum:
    """The basic point and its reduced costs, each compared with 0 where it must not be negative."""
    size = len(objective)
    columns = [[row[j] for j in basis] for row in rows]
    values = solve_linear(columns, list(right))
    multipliers = solve_linear([list(c) for c in zip(*columns, strict=True)],
                               [objective[j] for j in basis])  # fmt: skip
    zero = 0 * objective[0]
    for value in values:
        if value < 0:
            raise ArithmeticError("the basis is not feasible")
    for j in range(size):
        if j not in basis:
            price = sum((m * row[j] for m, row in zip(multipliers, rows, strict=True)), zero)
            if price < objective[j]:
                raise ArithmeticError("the basis is not optimal")
    point = [zero] * size
    for j, value in zip(basis, values, strict=True):
        point[j] = value
    total = sum((objective[j] * v for j, v in zip(basis, values, strict=True)), zero)
    return BasicOptimum(total, tuple(point), basis)


def solve_linear(matrix: list[list[Number]], right: list[Number]) -> list[Number]:
    """The solution of a square system, by elimination.

    >>> solve_linear([[Fraction(2), Fraction(1)], [Fraction(0), Fraction(4)]],
    ...              [Fraction(3), Fraction(4)])
    [Fraction(1, 1), Fraction(1, 1)]
    """
    size = len(right)
    work = [[*row, value] for row, value in zip(matrix, right, strict=True)]
    for k in range(size):
        pivot = next((i for i in range(k, size) if sample(work[i][k]) != 0), None)
        if pivot is None:
            raise ArithmeticError("the system is singular")
        work[k], work[pivot] = work[pivot], work[k]
        head = work[k][k]
        work[k] = [v / head for v in work[k]]
        for i in range(size):
            if i != k and not _is_zero(work[i][k]):
                factor = work[i][k]
                work[i] = [a - factor * b for a, b in zip(work[i], work[k], strict=True)]
    return [row[size] for row in work]


def _is_zero(value: Number) -> bool:
    return bool(value == 0) if isinstance(value, Fraction | int) else bool(value.vanishes)


def _rational(value: Number) -> flint.fmpq:
    """At the sample, in an arithmetic faster than `fractions`."""
    exact = sample(value)
    return flint.fmpq(exact.numerator, exact.denominator)


def _whole(value: int) -> flint.fmpq:
    return flint.fmpq(value)


def _simplex(
    rows: list[list[flint.fmpq]], right: list[flint.fmpq], objective: list[flint.fmpq]
) -> tuple[list[int], list[int]] | None:
    """An optimal basis and the rows that are independent, by Bland's rule; None where infeasible.

    Phase one gives each row an entry of its own and drives these out.
    """
    size, count = len(objective), len(rows)
    signs = [-1 if v < 0 else 1 for v in right]
    table = [
        [s * v for v in row] + [_whole(int(i == k)) for k in range(count)] + [s * value]
        for i, (row, value, s) in enumerate(zip(rows, right, signs, strict=True))
    ]
    basis = [size + i for i in range(count)]
    first = [_whole(0)] * size + [_whole(-1)] * count
    _iterate(table, basis, first, size + count)
    if sum((table[i][-1] for i in range(count) if basis[i] >= size), _whole(0)) != 0:
        return None
    kept = []
    for i in range(count):
        if basis[i] >= size:
            j = next((j for j in range(size) if table[i][j] != 0), None)
            if j is None:
                continue  # the row follows from the others
            _pivot(table, basis, i, j)
        kept.append(i)
    table, basis = [table[i] for i in kept], [basis[i] for i in kept]
    _iterate(table, basis, objective + [_whole(0)] * count, size)
    return basis, kept


def _iterate(
    table: list[list[flint.fmpq]], basis: list[int], objective: list[flint.fmpq], allowed: int
) -> None:
    while True:
        entering = None
        for j in range(allowed):
            if j in basis:
                continue
            gain = objective[j] - sum(
                (objective[b] * row[j] for b, row in zip(basis, table, strict=True)), _whole(0)
            )
            if gain > 0:
                entering = j
                break
        if entering is None:
            return
        ratios = [
            (row[-1] / row[entering], basis[i], i)
            for i, row in enumerate(table)
            if row[entering] > 0
        ]
        if not ratios:
            raise ArithmeticError("the program is unbounded")
        _pivot(table, basis, min(ratios)[2], entering)


def _pivot(table: list[list[flint.fmpq]], basis: list[int], i: int, j: int) -> None:
    head = table[i][j]
    table[i] = [v / head for v in table[i]]
    for k, row in enumerate(table):
        if k != i and row[j] != 0:
            factor = row[j]
            table[k] = [a - factor * b for a, b in zip(row, table[i], strict=True)]
    basis[i] = j
