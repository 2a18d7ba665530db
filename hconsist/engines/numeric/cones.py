"""One convex program for each pair of predictions, where the surrogate regret is jointly convex.

The scores of predictions enter through coordinates v with regret D(w, v), w = A p: KL on a simplex,
binary KL or a square in each coordinate. Predicting r needs v in a polytope (v_r >= v_k, signs, an
order, the forecasts that lead to r), so T_{r,r*}(b) = min D(A p, v) over p with <p, d> >= b and
over such v: a cone program. It is convex in b, and its multipliers are tangents, by which pairs are
left out at other b.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from hconsist.engines.numeric.linear import with_regret
from hconsist.engines.numeric.pruning import level

Array = NDArray[np.float64]

Kind = Literal["kl on a simplex", "kl of each", "square of each", "square on a simplex"]

#: What a tangent from the solver's multiplier may be too high by.
_SLACK = 1e-8


@dataclass(frozen=True)
class Coordinates:
    """In which coordinates a surrogate regret is jointly convex.

    Parameters
    ----------
    kind : str
        D(w, v): see the module.
    weights : array (coordinates, labels)
        w = weights @ p.
    scale : float
        Of the regret.
    scores : callable
        The scores at which the coordinates are v.
    region : callable
        For each prediction the rows of ``rows @ v <= rows @ origin``.
    nearest : callable or None
        The best v in the region of a prediction at w, where it is known in closed form.
    origin : float
        The coordinate of the score 0.
    """

    kind: Kind
    weights: Array
    scale: float
    scores: Callable[[Array], Array]
    region: Callable[[int], Array]
    nearest: Callable[[Array, int], Array] | None = None
    origin: float = 0.0


@dataclass(frozen=True)
class ConeSolution:
    """T at one beta: value, distribution, coordinates of the scores, prediction."""

    value: float
    p: Array
    v: Array
    item: int


@dataclass
class ConePairs:
    """The programs of all pairs of predictions; asked for one beta after the other.

    Parameters
    ----------
    coordinates : Coordinates
    costs : array (predictions, labels)
    which : list of pairs
        The ordered pairs to solve: all, or one of each class of equal ones.
    """

    coordinates: Coordinates
    costs: Array
    which: list[tuple[int, int]]
    _programs: dict[int, DirectionProgram] = field(init=False, default_factory=dict)
    _tangents: dict[tuple[int, int], list[tuple[float, float, float]]] = field(
        init=False, default_factory=dict
    )

    def smallest_regret(self, beta: float) -> ConeSolution | str | None:
        """T(beta); None where no prediction has that regret; a string where the solver failed."""
        best: ConeSolution | None = None
        for pair in sorted(self.which, key=lambda pair: self._below(pair, beta)):
            if best is not None and self._below(pair, beta) >= best.value * (1 - 1e-9):
                break
            d = self.costs[pair[0]] - self.costs[pair[1]]
            reached = float(level(d.max(), beta))
            if np.isinf(reached):
                continue
            found = self._solve(pair, d, reached)
            if isinstance(found, str):
                return found
            if found is not None and (best is None or found.value < best.value):
                best = found
        return best

    def _below(self, pair: tuple[int, int], beta: float) -> float:
        """A lower bound from the tangents found so far, less what rounding may have added."""
        lines = self._tangents.get(pair, [])
        size = max((abs(v) for _, v, _ in lines), default=0.0)
        slack = _SLACK * max(size, 1.0)
        return max((v + slope * (beta - b) - slack for b, v, slope in lines), default=0.0)

    def _solve(self, pair: tuple[int, int], d: Array, beta: float) -> ConeSolution | str | None:
        item = pair[0]
        if item not in self._programs:
            self._programs[item] = DirectionProgram(self.coordinates, self.coordinates.region(item))
        program = self._programs[item]
        status, value, slope = program.solve(d, np.zeros(len(self.coordinates.weights)), beta)
        if status == "infeasible":
            if self.coordinates.kind != "square on a simplex":  # scores may be any: p exists
                return "the solver called a program infeasible that has a point"
            return None
        if status not in ("optimal", "optimal_inaccurate"):
            return status
        p, v = program.point()
        found = self._repaired(p, v, d, beta, item)
        scale = self.coordinates.scale
        if status == "optimal":
            self._tangents.setdefault(pair, []).append((beta, scale * value, scale * slope))
        return found

    def _repaired(
        self, p: Array, v: Array, d: Array, beta: float, item: int
    ) -> ConeSolution | None:
        """The solver's point made feasible: p a distribution of enough regret, v the best at it."""
        p = np.maximum(p, 0.0)
        p[p < 1e-12] = 0.0
        p = with_regret(p, d, beta)
        w = self.coordinates.weights @ p
        if self.coordinates.nearest is not None:
            v = self.coordinates.nearest(w, item)
        else:
            v = np.maximum(v, 0.0)
            v = v / v.sum()
        return ConeSolution(self.coordinates.scale * divergence(self.coordinates, w, v), p, v, item)


class DirectionProgram:
    """``min D(weights p, v)`` over ``direction p + lean v >= level`` and ``rows v <= rows origin``:
    stated once, solved for many directions and levels.
    """

    def __init__(self, coordinates: Coordinates, rows: Array) -> None:
        import cvxpy as cp

        c = coordinates
        size, n = c.weights.shape
        # D(s w, s v) = s^power D(w, v): the solver sees numbers of order 1 in any unit
        self._power = {"kl on a simplex": 1, "square of each": 2}.get(c.kind, 0) * (c.origin == 0)
        self._unit = float(np.abs(c.weights).max()) or 1.0 if self._power else 1.0
        p, v = cp.Variable(n), cp.Variable(size)
        direction, lean, level = cp.Parameter(n), cp.Parameter(size), cp.Parameter()
        w = c.weights / self._unit @ p
        bound = direction @ p + lean @ v >= level
        constraints = [p >= 0, cp.sum(p) == 1, bound]
        if rows.size:
            rows = rows / np.maximum(np.abs(rows).max(axis=1, keepdims=True), 1e-300)
            constraints.append(rows @ v <= rows.sum(axis=1) * c.origin)
        if c.kind == "kl on a simplex":
            constraints.append(cp.sum(v) == cp.sum(w))
            risk = cp.sum(cp.rel_entr(w, v))
        elif c.kind == "kl of each":
            risk = cp.sum(cp.rel_entr(w, v)) + cp.sum(cp.rel_entr(1 - w, 1 - v))
        else:
            if c.kind == "square on a simplex":
                constraints += [v >= 0, cp.sum(v) == 1]
            risk = cp.sum_squares(w - v)
        self._program = cp.Problem(cp.Minimize(risk), constraints)
        self._parameters, self._variables, self._bound = (direction, lean, level), (p, v), bound

    def solve(self, direction: Array, lean: Array, level: float) -> tuple[str, float, float]:
        """The solver's word, the value, and its slope in the level."""
        import cvxpy as cp

        scale, leans = self._unit**self._power, self._unit * lean
        size = max(float(np.abs(direction).max()), float(np.abs(leans).max())) or 1.0
        given = (direction / size, leans / size, level / size)
        for parameter, value in zip(self._parameters, given, strict=True):
            parameter.value = value
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                self._program.solve(
                    solver=cp.CLARABEL, tol_gap_abs=1e-11, tol_gap_rel=1e-10, tol_feas=1e-11
                )
            except cp.error.SolverError as failure:
                return f"the solver failed: {failure}", np.nan, np.nan
        status = str(self._program.status)
        if status.startswith("infeasible"):
            return "infeasible", np.inf, np.nan
        if not status.startswith("optimal"):
            return f"the solver stopped as {status}", np.nan, np.nan
        slope = abs(float(self._bound.dual_value)) / size
        return status, scale * float(self._program.value), scale * slope

    def point(self) -> tuple[Array, Array]:
        """p and v of the last solution."""
        p, v = (np.asarray(x.value, dtype=float) for x in self._variables)
        return p, self._unit * v


def divergence(coordinates: Coordinates, w: Array, v: Array) -> float:
    """D(w, v), without the scale."""
    if coordinates.kind.startswith("square"):
        return float(np.sum((w - v) ** 2))
    total = float(_terms(w, v).sum())
    if coordinates.kind == "kl of each":
        total += float(_terms(1 - w, 1 - v).sum())
    return total


def _terms(w: Array, v: Array) -> Array:
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(w > 0, w * np.log(w / v), 0.0)


def pooled(w: Array, item: int) -> Array:
    """The nearest v with its largest entry at the item, by any of the divergences: the item and
    the largest others take their mean.

    >>> pooled(np.array([0.5, 0.2, 0.3]), 1)
    array([0.35, 0.35, 0.3 ])
    """
    v = w.copy()
    total, members = float(w[item]), [item]
    for k in np.argsort(-w, kind="stable"):
        if k == item:
            continue
        if w[k] * len(members) <= total:
            break
        total, members = total + float(w[k]), [*members, int(k)]
    v[members] = total / len(members)
    return v


def sorted_as(w: Array, order: tuple[int, ...]) -> Array:
    """The nearest v that falls along an order, by any of the divergences: isotonic regression.

    >>> sorted_as(np.array([0.2, 0.5, 0.3]), (0, 1, 2))
    array([0.35, 0.35, 0.3 ])
    """
    blocks: list[list[int]] = []
    for i in order:
        blocks.append([i])
        while len(blocks) > 1 and w[blocks[-2]].mean() < w[blocks[-1]].mean():
            blocks[-2:] = [blocks[-2] + blocks[-1]]
    v = np.empty_like(w)
    for block in blocks:
        v[block] = w[block].mean()
    return v


def on_the_side(w: Array, rows: Array, origin: float) -> Array:
    """The nearest v whose coordinates are each on a side of the origin: ``rows (v - origin) <= 0``,
    one entry a row.

    >>> on_the_side(np.array([0.2, 0.9]), np.array([[-1.0, 0], [0, -1]]), 0.5)
    array([0.5, 0.9])
    """
    wrong = np.diag(rows) * (w - origin) > 0
    return np.where(wrong, origin, w)
