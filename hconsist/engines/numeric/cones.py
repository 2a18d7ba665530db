"""One convex program for each pair of predictions, where the surrogate regret is jointly convex.

The scores of predictions enter through coordinates v with regret D(w, v), w = A p: KL on a simplex,
binary KL or a square in each coordinate. Predicting r needs v_r >= v_k (or, for a forecast, its
polytope), so T_{r,r*}(b) = min D(A p, v) over p with <p, d> >= b and over such v: a cone program.
It is convex in b, and its multipliers are tangents, by which pairs are left out at other b.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

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
    regions : list of array or None
        For each prediction the rows of ``rows @ v <= 0``; None where the largest coordinate is
        predicted.
    """

    kind: Kind
    weights: Array
    scale: float
    scores: Callable[[Array], Array]
    regions: list[Array] | None = None


@dataclass(frozen=True)
class Solution:
    """T at one beta: value, distribution, coordinates of the scores, prediction."""

    value: float
    p: Array
    v: Array
    item: int


@dataclass
class Pairs:
    """The programs of all pairs of predictions; asked for one beta after the other.

    Parameters
    ----------
    coordinates : Coordinates
    costs : array (predictions, labels)
    """

    coordinates: Coordinates
    costs: Array
    _programs: dict[int, Any] = field(init=False, default_factory=dict)
    _tangents: dict[tuple[int, int], list[tuple[float, float, float]]] = field(
        init=False, default_factory=dict
    )

    def smallest_regret(self, beta: float) -> Solution | str | None:
        """T(beta); None where no prediction has that regret; a string where the solver failed."""
        best: Solution | None = None
        items = range(len(self.costs))
        pairs = [(r, s) for r in items for s in items if r != s]
        for pair in sorted(pairs, key=lambda pair: self._below(pair, beta)):
            if best is not None and self._below(pair, beta) >= best.value * (1 - 1e-9):
                break
            d = self.costs[pair[0]] - self.costs[pair[1]]
            if d.max() < beta:
                continue
            found = self._solve(pair, d, beta)
            if isinstance(found, str):
                return found
            if found is not None and (best is None or found.value < best.value):
                best = found
        return best

    def _below(self, pair: tuple[int, int], beta: float) -> float:
        """A lower bound from the tangents found so far, less what rounding may have added."""
        lines = self._tangents.get(pair, [])
        return max((v + slope * (beta - b) - _SLACK for b, v, slope in lines), default=0.0)

    def _solve(self, pair: tuple[int, int], d: Array, beta: float) -> Solution | str | None:
        import cvxpy as cp

        item = pair[0]
        if item not in self._programs:
            self._programs[item] = self._program(item)
        program, p, v, direction, level, bound = self._programs[item]
        direction.value, level.value = d, beta
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                program.solve(
                    solver=cp.CLARABEL, tol_gap_abs=1e-11, tol_gap_rel=1e-10, tol_feas=1e-11
                )
            except cp.error.SolverError as failure:
                return f"the solver failed: {failure}"
        if program.status in (cp.INFEASIBLE, cp.INFEASIBLE_INACCURATE):
            return None
        if program.status not in (cp.OPTIMAL, cp.OPTIMAL_INACCURATE):
            return f"the solver stopped as {program.status}"
        scale = self.coordinates.scale
        slope = abs(float(bound.dual_value)) * scale
        found = self._repaired(p.value, v.value, d, beta, item)
        if program.status == cp.OPTIMAL:
            self._tangents.setdefault(pair, []).append((beta, scale * float(program.value), slope))
        return found

    def _program(self, item: int) -> Any:
        import cvxpy as cp

        c = self.coordinates
        size, n = c.weights.shape
        p, v = cp.Variable(n), cp.Variable(size)
        direction, level = cp.Parameter(n), cp.Parameter()
        w = c.weights @ p
        bound = direction @ p >= level
        constraints = [p >= 0, cp.sum(p) == 1, bound]
        if c.regions is None:
            constraints += [v[item] >= v[k] for k in range(size) if k != item]
        else:
            constraints.append(c.regions[item] @ v <= 0)
        if c.kind == "kl on a simplex":
            constraints.append(cp.sum(v) == cp.sum(w))
            risk = cp.sum(cp.rel_entr(w, v))
        elif c.kind == "kl of each":
            risk = cp.sum(cp.rel_entr(w, v)) + cp.sum(cp.rel_entr(1 - w, 1 - v))
        else:
            if c.kind == "square on a simplex":
                constraints += [v >= 0, cp.sum(v) == 1]
            risk = cp.sum_squares(w - v)
        return cp.Problem(cp.Minimize(risk), constraints), p, v, direction, level, bound

    def _repaired(self, p: Array, v: Array, d: Array, beta: float, item: int) -> Solution | None:
        """The solver's point made feasible: p a distribution of enough regret, v the best at it."""
        p = np.maximum(p, 0.0)
        p[p < 1e-12] = 0.0
        p = p / p.sum()
        short = beta - float(p @ d)
        if short > 0:
            most = int(np.argmax(d))
            share = short / max(float(d[most] - p @ d), short)
            p = (1 - share) * p
            p[most] += share
        w = self.coordinates.weights @ p
        if self.coordinates.regions is None:
            v = pooled(w, item)
        else:
            v = np.maximum(v, 0.0)
            v = v / v.sum()
        return Solution(self.coordinates.scale * self.regret(w, v), p, v, item)

    def regret(self, w: Array, v: Array) -> float:
        """D(w, v), without the scale."""
        if self.coordinates.kind.startswith("square"):
            return float(np.sum((w - v) ** 2))
        total = float(_terms(w, v).sum())
        if self.coordinates.kind == "kl of each":
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
