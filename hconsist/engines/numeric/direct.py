"""Direct search for few classes: any loss, also where its risk has kinks or is not convex, and no
lemma is used.

Losses are tabulated on a grid of scores. For every p of a grid the best score vector, and the best
among those that predict label j, are read from the table; the most promising p are refined, and
with them their scores, by pattern searches along all directions of {-1, 0, 1}^n (which contain the
edges of hinge-like losses).
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import permutations, product

import numpy as np
from numpy.typing import NDArray

from hconsist.arithmetic import NUMPY
from hconsist.engines.numeric.grids import simplex_grid
from hconsist.losses.forms import OfProbabilities
from hconsist.pointwise import PointwiseProblem

Array = NDArray[np.float64]

#: The largest number of classes for which the tables stay small.
MOST_CLASSES = 4
#: The largest number of betas that a sweep takes on: each costs a second or more.
MOST_BETAS = 24
_STEPS = {
    2: (0.125, 41),
    3: (0.25, 21),
    4: (0.5, 11),
}  # spacing near 0 and number of nodes of the complete set


class Direct:
    """The tables of one problem, for all betas."""

    def __init__(self, problem: PointwiseProblem) -> None:
        self.problem, self.n = problem, problem.n
        bound = problem.hypotheses.score_bound
        self.bound = np.inf if bound is None else float(bound)
        form = problem.surrogate.form(OfProbabilities)
        unit = 1.0 if form is None else float(form.temperature)
        spacing, count = _STEPS[self.n]
        half = spacing * unit * np.arange(1, count // 2 + 1)
        # near 0 evenly, then far out: 40 units stand for infinity
        half[count // 4 :] = np.geomspace(half[count // 4], 40 * unit, half.size - count // 4)
        nodes = (
            np.concatenate([-half[::-1], [0.0], half])
            if bound is None
            else np.linspace(-self.bound, self.bound, count)
        )
        scores = np.array(list(product(nodes, repeat=self.n)))
        if problem.surrogate.sum_to_zero:
            scores = scores - scores.mean(axis=1, keepdims=True)
        self.scores = scores[np.max(np.abs(scores), axis=1) <= self.bound + 1e-12]
        self.table = self.losses(self.scores)
        directions = np.array([d for d in product((-1.0, 0.0, 1.0), repeat=self.n) if any(d)])
        if problem.surrogate.sum_to_zero:
            directions = directions - directions.mean(axis=1, keepdims=True)
        self.directions = directions[np.max(np.abs(directions), axis=1) > 1e-12]
        self.unit = unit

    def losses(self, scores: Array) -> Array:
        """The losses of all labels, very large where they overflow."""
        with np.errstate(all="ignore"):
            values = np.asarray(self.problem.surrogate.losses(scores, NUMPY), dtype=float)
            tie = np.asarray(self.problem.surrogate.losses(np.zeros(self.n), NUMPY), dtype=float)
        if np.any(
            np.isnan(tie)
        ):  # standardised scores: equal ones have none, whatever rounding leaves of their spread
            level = np.ptp(scores, axis=-1) <= 1e-12 * np.max(np.abs(scores), axis=-1)
            values = np.where(level[..., None], np.nan, values)
        return np.asarray(np.nan_to_num(values, nan=1e12, posinf=1e12))

    def polish(
        self, p: Array, start: Array, predicted: int | None, step: float, smallest: float = 1e-9
    ) -> tuple[Array, Array]:
        """Lower the risk of each row from its start: risks (B,) and scores (B, n)."""
        scores = start.copy()
        value = _risk(p, self.losses(scores))
        size = np.full(len(p), step)
        for _ in range(400):
            rows = np.flatnonzero(size > smallest * self.unit)
            if rows.size == 0:
                break
            trial = scores[rows, None, :] + size[rows, None, None] * self.directions
            if np.isfinite(self.bound) and not self.problem.surrogate.sum_to_zero:
                trial = np.clip(trial, -self.bound, self.bound)
            risks = _risk(p[rows, None, :], self.losses(trial))
            outside = np.max(np.abs(trial), axis=-1) > self.bound + 1e-12
            if predicted is not None:
                outside |= trial[..., predicted] < trial.max(axis=-1) - 1e-15
            risks = np.where(outside, np.inf, risks)
            best = np.argmin(risks, axis=1)
            reached = risks[np.arange(rows.size), best]
            better = reached < value[rows] - 1e-16
            scores[rows[better]] = trial[np.arange(rows.size), best][better]
            value[rows[better]] = reached[better]
            # steps stay of the order of the table: far beyond, differences of scores drown in
            # rounding
            size[rows] = np.where(
                better, np.minimum(size[rows] * 1.5, 40 * self.unit), size[rows] / 2
            )
        return value, scores

    def regret(self, p: Array, predicted: int) -> tuple[Array, Array, Array]:
        """Regret on the grid of scores, and the best nodes (tied and free)."""
        allowed = self.scores[:, predicted] >= self.scores.max(axis=1) - 1e-12
        risk = p @ self.table.T
        free = np.argmin(risk, axis=1)
        tied = np.argmin(np.where(allowed, risk, np.inf), axis=1)
        rows = np.arange(len(p))
        return risk[rows, tied] - risk[rows, free], self.scores[tied], self.scores[free]

    def smallest_regret(self, beta: float, keep: int = 4) -> tuple[float, Array, Array, Array, int]:
        """T, p, tied scores, free scores and the predicted label."""
        n = self.n
        pairs = [(0, 1)] if self.problem.surrogate.symmetric else list(permutations(range(n), 2))
        resolution = {2: 200, 3: 40, 4: 16}[n]
        best: tuple[float, Array, Array, Array, int] | None = None
        for top, predicted in pairs:
            order = [top, predicted, *(i for i in range(n) if i not in (top, predicted))]

            def distribution(parts: Array, order: list[int] = order) -> Array:
                p = np.empty_like(parts)
                scaled = parts * (1.0 - beta)
                p[:, order[0]] = scaled[:, 0] / 2 + beta + scaled[:, 1]
                p[:, order[1]] = scaled[:, 0] / 2
                p[:, order[2:]] = scaled[:, 2:]
                return p

            grid = simplex_grid(n, resolution)
            values, _, _ = self.regret(distribution(grid), predicted)
            chosen = np.concatenate(
                [grid[np.argsort(values, kind="stable")[:keep]], pools(n, beta)]
            )
            found = self._refine(chosen, distribution, predicted, 1.0 / resolution)
            if best is None or found[0] < best[0]:
                best = (*found, predicted)
        assert best is not None
        return best

    def _refine(
        self, parts: Array, distribution: Callable[[Array], Array], predicted: int, step: float
    ) -> tuple[float, Array, Array, Array]:
        n = self.n
        _, tied, free = self.regret(distribution(parts), predicted)
        coarse = 0.5 * self.unit
        tied_risk, tied = self.polish(distribution(parts), tied, predicted, coarse)
        free_risk, free = self.polish(distribution(parts), free, None, coarse)
        value = tied_risk - free_risk
        winner = np.argsort(value)[:2]
        parts, tied, free, value = parts[winner], tied[winner], free[winner], value[winner]
        moves = np.array(
            [np.eye(n)[a] - np.eye(n)[b] for a in range(n) for b in range(n) if a != b]
        )
        donors = np.argmin(moves, axis=1)
        size = np.full(len(parts), step)
        while np.any(size > 1e-7):
            length = np.minimum(size[:, None], parts[:, donors])
            trial = np.maximum(parts[:, None, :] + length[..., None] * moves, 0.0)
            p = distribution(trial.reshape(-1, n))
            # each trial starts from the scores of its centre and from the best node of the table
            _, node_tied, node_free = self.regret(p, predicted)
            here = [np.repeat(a, len(moves), axis=0) for a in (tied, free)]
            small = np.minimum(coarse, float(size.max()) * 4 * self.unit)
            t = [self.polish(p, s, predicted, small, 1e-8) for s in (here[0], node_tied)]
            f = [self.polish(p, s, None, small, 1e-8) for s in (here[1], node_free)]
            tied_best, free_best = (_better(*pair) for pair in (t, f))
            values = (tied_best[0] - free_best[0]).reshape(len(parts), -1)
            best = np.argmin(values, axis=1)
            rows = np.arange(len(parts))
            index = rows * len(moves) + best
            better = values[rows, best] < value - 1e-13
            parts = np.where(better[:, None], trial[rows, best], parts)
            tied = np.where(better[:, None], tied_best[1][index], tied)
            free = np.where(better[:, None], free_best[1][index], free)
            value = np.where(better, values[rows, best], value)
            size = np.where(better, size, size / 2)
        last = slice(int(np.argmin(value)), int(np.argmin(value)) + 1)
        p = distribution(parts[last])
        tied_risk, tied = self.polish(p, tied[last], predicted, 0.1 * self.unit)
        free_risk, free = self.polish(p, free[last], None, 0.1 * self.unit)
        return float(tied_risk[0] - free_risk[0]), p[0], tied[0], free[0]


def pools(n: int, beta: float) -> Array:
    """Parts of the distributions whose labels are x + beta, x, some at one height in [x, x + beta],
    and the others 0.

    Minima narrower than the grid are often here.

    >>> pools(3, 0.1).round(3)
    array([[1.   , 0.   , 0.   ],
           [0.667, 0.   , 0.333],
           [0.63 , 0.   , 0.37 ],
           [0.593, 0.   , 0.407]])
    """
    rows = []
    for others in range(n - 1):
        for height in (0.0, 0.5, 1.0) if others else (0.0,):
            x = (1.0 - beta * (1.0 + others * height)) / (others + 2)
            if x >= 0 and beta < 1:
                rows.append([2 * x, 0.0, *[x + height * beta] * others, *[0.0] * (n - 2 - others)])
    return np.array(rows).reshape(-1, n) / (1.0 - beta if beta < 1 else 1.0)


def _better(first: tuple[Array, Array], second: tuple[Array, Array]) -> tuple[Array, Array]:
    lower = first[0] <= second[0]
    return np.where(lower, first[0], second[0]), np.where(lower[:, None], first[1], second[1])


def _risk(p: Array, losses: Array) -> Array:
    return np.asarray(np.sum(np.where(p > 0, p * losses, 0.0), axis=-1))
