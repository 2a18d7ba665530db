"""Least risks of piecewise-linear losses at one rational distribution, with dual solutions.

A float solver says which constraints are tight; the exact scores and multipliers follow from them,
and `hconsist.checker.rules.risks` evaluates both. What is returned is a bound whatever the solver
said.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from fractions import Fraction

import flint
import numpy as np
from scipy.optimize import linprog

from hconsist.arithmetic.exact import Value
from hconsist.checker.cells import dot
from hconsist.checker.limits import Rejected
from hconsist.checker.piecewise import Piecewise
from hconsist.checker.rules.risks import Risks
from hconsist.checker.statements import Statement
from hconsist.errors import EngineCannotAnswerError

Vector = tuple[Fraction, ...]
Row = dict[int, Fraction]
_TINY = 1e-9
#: Denominators of scores that are tried.
_DENOMINATORS = (60, 5_000, 10**7)


class UnboundedError(EngineCannotAnswerError):
    """The risk falls without end."""


@dataclass(frozen=True)
class Solved:
    """A least risk between two rationals: scores that attain the upper one, and what shows the
    lower one, as a certificate writes it.
    """

    low: Fraction
    high: Fraction
    scores: Vector
    losses: Vector
    shown: list[dict[str, object]] = field(compare=False)


@dataclass(frozen=True)
class _Program:
    """A linear program without its cost: rows . x <= limits, x the scores and the maxima."""

    rows: list[Row]
    matrix: Value
    limits: Value
    nodes: int
    losses: dict[int, Row]
    orders: dict[int, int]
    size: int


class LeastRisks:
    """The least risks of a statement's losses.

    Parameters
    ----------
    statement : Statement
        Of kind "scores".
    """

    def __init__(self, statement: Statement, far: bool = False) -> None:
        self.risks = Risks(statement)
        self._far: LeastRisks | None = None
        if far:  # the losses without constants: how they rise along rays
            self.risks.losses = [_without_constants(f) for f in self.risks.losses]
        self.statement, self.count = statement, self.risks.count
        self._known: dict[tuple[Vector, int | None], Solved] = {}
        self._points: dict[Vector, Vector] = {}
        self._programs: dict[tuple[tuple[int, ...], int | None, tuple[int, ...]], _Program] = {}
        self._shift = float(all(_flat(f) == 0 for f in self.risks.losses))

    def at(self, p: Vector, predicted: int | None) -> Solved:
        """The least risk at p over scores that may predict something, or over all.

        Raises
        ------
        EngineCannotAnswerError
            Where the risk falls without end.
        """
        key = (p, predicted)
        if key not in self._known:
            self._known[key] = self._solved(p, predicted)
        return self._known[key]

    def ray(self, p: Vector) -> Vector:
        """Scores along which the risk at p falls for ever."""
        if self._far is None:
            self._far = LeastRisks(replace(self.statement, bound=Fraction(1)), True)
        return self._far.at(p, None).scores

    def _solved(self, p: Vector, predicted: int | None) -> Solved:
        used = tuple(y for y, share in enumerate(p) if share)
        total = sum(self.risks.choices[y] for y in used)
        entries, best = [], None
        for way in itertools.product((0, 1), repeat=total):
            scores, entry = self._one(p, used, predicted, way)
            entries.append(entry)
            losses = self.losses(scores)
            if best is None or dot(p, losses) < dot(p, best[1]):
                best = scores, losses
        assert best is not None
        low = self.risks.least(p, entries, predicted)
        return Solved(low, dot(p, best[1]), *best, entries)

    def losses(self, scores: Vector) -> Vector:
        """The losses of all labels at scores."""
        if scores not in self._points:
            self._points[scores] = self.risks.values(scores)
        return self._points[scores]

    def _one(
        self, p: Vector, used: tuple[int, ...], predicted: int | None, way: tuple[int, ...]
    ) -> tuple[Vector, dict[str, Value]]:
        program = self._program(used, predicted, way)
        objective: Row = {}
        for y in used:
            _add(objective, program.losses[y], p[y])
        cost = np.zeros(program.size)
        for k, v in objective.items():
            cost[k] = float(v)
        bound, zero_sum = self.statement.bound, self.statement.zero_sum
        box = None if bound is None else float(bound)
        free = program.size - self.count
        some = len(program.limits) > 0
        found = linprog(
            cost,
            A_ub=program.matrix if some else None,
            b_ub=program.limits if some else None,
            A_eq=np.array([[1.0] * self.count + [0.0] * free]) if zero_sum else None,
            b_eq=np.array([0.0]) if zero_sum else None,
            bounds=[(None if box is None else -box, box)] * self.count + [(None, None)] * free,
            method="highs-ds",
        )
        if found.status == 3 or (found.status == 2 and bound is None):
            raise UnboundedError("rigorous", "the risk falls without end", "numeric")
        if found.status != 0:
            raise EngineCannotAnswerError("rigorous", found.message, "numeric")
        scores = self._rounded(found.x[: self.count], predicted)
        flows = -np.asarray(found.ineqlin.marginals) if some else np.zeros(0)
        ends = np.zeros(self.count)
        if box is not None:
            ends = (found.lower.marginals + found.upper.marginals)[: self.count]
        shift = float(found.eqlin.marginals[0]) if zero_sum else 0.0
        exact, moved = self._exact(objective, program, flows, shift, ends)
        return scores, self._entry(program, exact, moved)

    def _program(
        self, used: tuple[int, ...], predicted: int | None, way: tuple[int, ...]
    ) -> _Program:
        """What does not depend on p but for the labels in use."""
        key = (used, predicted, way)
        if key not in self._programs:
            build, choices = _Builder(self.count), iter(way)
            losses = {y: build.affine(self.risks.losses[y], 1, choices)[1] for y in used}
            rows, orders = list(build.rows), {}
            for k in range(self.count):
                if predicted is not None and k != predicted:
                    orders[k] = len(rows)
                    rows.append(({k: Fraction(1), predicted: Fraction(-1)}, Fraction(0)))
            size = self.count + build.nodes
            matrix = np.zeros((len(rows), size))
            for i, (row, _) in enumerate(rows):
                for k, v in row.items():
                    matrix[i, k] = float(v)
            limits = np.array([float(limit) for _, limit in rows])
            self._programs[key] = _Program(
                [row for row, _ in rows], matrix, limits, build.nodes, losses, orders, size
            )
        return self._programs[key]

    def _rounded(self, x: Value, predicted: int | None) -> Vector:
        """Rational scores near x that are allowed."""
        if not self.statement.zero_sum and self.statement.bound is None:
            x = x - x[0 if predicted is None else predicted] * self._shift
        for limit in _DENOMINATORS:
            scores = [Fraction(float(v)).limit_denominator(limit) for v in x]
            try:
                return self.risks.allowed([str(v) for v in scores], predicted)
            except Rejected:
                continue
        raise EngineCannotAnswerError("rigorous", "the solver's scores cannot be used", "numeric")

    def _exact(
        self, objective: Row, program: _Program, flows: Value, shift: float, ends: Value
    ) -> tuple[list[Fraction], Fraction]:
        """Rational multipliers with the support of the float ones: the objective is minus the sum
        of multipliers times rows, plus the shift on all scores, plus what the box holds.
        """
        support = [i for i, v in enumerate(flows) if v > _TINY]
        columns: list[Row] = [{k: -v for k, v in program.rows[i].items()} for i in support]
        columns += [{i: Fraction(1)} for i, v in enumerate(ends) if abs(v) > _TINY]
        if self.statement.zero_sum:
            columns.append({k: Fraction(1) for k in range(self.count)})
        solution = _solve(columns, objective)
        result = [Fraction(0)] * len(program.rows)
        if solution is None or any(v < 0 for v in solution[: len(support)]):
            for i in support:
                result[i] = Fraction(float(flows[i])).limit_denominator(10**9)
            return result, Fraction(shift).limit_denominator(10**9)
        for i, v in zip(support, solution, strict=False):
            result[i] = v
        return result, solution[-1] if self.statement.zero_sum else Fraction(0)

    def _entry(
        self, program: _Program, flows: list[Fraction], shift: Fraction
    ) -> dict[str, object]:
        weights = []
        for k in range(program.nodes):
            whole = flows[2 * k] + flows[2 * k + 1]
            weights.append(str(flows[2 * k] / whole) if whole > 0 else "0")
        order = ["0"] * self.count
        for k, row in program.orders.items():
            order[k] = str(flows[row])
        return {"weights": weights, "order": order, "shift": str(shift)}


class _Builder:
    """Rows of a program for the maxima that stand upright, in the order of the tree: the variable
    of maximum k is at least each of its parts, rows 2 k and 2 k + 1.
    """

    def __init__(self, count: int) -> None:
        self.count, self.nodes = count, 0
        self.rows: list[tuple[Row, Fraction]] = []

    def affine(self, f: Piecewise, sign: int, choices: Iterator[int]) -> tuple[Fraction, Row]:
        """f as a constant and slopes, of scores and of a variable for each maximum."""
        constant, slopes = f.constant, {k: v for k, v in enumerate(f.slopes) if v}
        for c, left, right in f.maxima:
            side = sign if c > 0 else -sign
            if side > 0:
                k = self.nodes
                self.nodes += 1
                self.rows += [({}, Fraction(0))] * 2
                for row, part in enumerate((left, right)):
                    a, g = self.affine(part, side, choices)
                    _add(g, {self.count + k: Fraction(1)}, Fraction(-1))
                    self.rows[2 * k + row] = (g, -a)
                _add(slopes, {self.count + k: Fraction(1)}, c)
            else:
                pick = next(choices)
                for other, part in enumerate((left, right)):
                    a, g = self.affine(part, side, choices)
                    if other == pick:
                        constant += c * a
                        _add(slopes, g, c)
        return constant, slopes


def _without_constants(f: Piecewise) -> Piecewise:
    maxima = tuple(
        (c, _without_constants(left), _without_constants(right)) for c, left, right in f.maxima
    )
    return Piecewise(Fraction(0), f.slopes, maxima)


def _flat(f: Piecewise) -> Fraction | None:
    """How much f rises when 1 is added to all scores; None where that is not seen."""
    total = sum(f.slopes, Fraction(0))
    for c, left, right in f.maxima:
        first, second = _flat(left), _flat(right)
        if first is None or first != second:
            return None
        total += c * first
    return total


def _add(x: Row, y: Row, c: Fraction) -> None:
    """x + c y, in place."""
    for k, v in y.items():
        x[k] = x.get(k, Fraction(0)) + c * v


def _solve(columns: list[Row], right: Row) -> list[Fraction] | None:
    """The solution of sum of v_i columns_i = right, free unknowns 0; None where there is none."""
    used = sorted({k for c in columns for k in c} | {k for k, v in right.items() if v})
    place = {k: i for i, k in enumerate(used)}
    width = len(columns) + 1
    if not used:
        return [Fraction(0)] * len(columns)
    matrix = flint.fmpq_mat(len(used), width)
    for j, column in enumerate([*columns, right]):
        for k, v in column.items():
            if v:
                matrix[place[k], j] = flint.fmpq(v.numerator, v.denominator)
    reduced, rank = matrix.rref()
    result = [Fraction(0)] * len(columns)
    for k in range(rank):
        pivot = next(j for j in range(width) if reduced[k, j] != 0)
        if pivot == width - 1:
            return None
        value = reduced[k, width - 1]
        result[pivot] = Fraction(int(value.p), int(value.q))
    return result
