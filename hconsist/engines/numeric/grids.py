"""T by exhaustion for few classes: every p on a grid, every set of tied labels, then local
refinement.

It backs the search: neither the choice of the pool nor the shape of p is assumed, only that the
conditional risk is convex in coordinates in which order is order, so that an optimum over the
scores that predict j is one with the active labels tied.
"""

from __future__ import annotations

from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from hconsist.engines.numeric.inner import Inner

Array = NDArray[np.float64]


def constrained_risk(inner: Inner, p: Array) -> Array:
    """``inf { C(s, p) : s_1 >= s_i for all i }`` (label 1 is the second one) for p of shape (N,
    n).
    """
    count, n = p.shape
    ones = np.ones_like(p)
    best = np.full(count, np.inf)
    others = [i for i in range(n) if i != 1]
    for size in range(n):
        for tied in combinations(others, size):
            members = [1, *tied]
            q = p.copy()
            q[:, members] = p[:, members].mean(axis=1, keepdims=True)
            optimum = inner.solve(q, ones)
            left_out = [i for i in others if i not in tied]
            fits = np.ones(count, dtype=bool)
            for i in left_out:
                fits &= (optimum.scores[:, i] <= optimum.scores[:, 1] + 1e-9) | (q[:, i] == 0)
            best = np.where(fits, np.minimum(best, optimum.risk), best)
    return best


def smallest_regret(
    inner: Inner, n: int, beta: float, resolution: int = 16, keep: int = 6
) -> tuple[float, Array]:
    """T(beta) and the distribution where it is found.

    p = (x + beta + extra, x, p_3, ..., p_n): the masses 2x, extra, p_3, ... run over a simplex grid
    of the given resolution, and the best points are refined by moving mass between parts until the
    step is below 1e-10.
    """

    def distribution(parts: Array) -> Array:
        scaled = parts * (1.0 - beta)
        pair = scaled[:, :1] / 2.0
        return np.concatenate([pair + beta + scaled[:, 1:2], pair, scaled[:, 2:]], axis=1)

    def regret(parts: Array) -> Array:
        p = distribution(parts)
        free = inner.solve(p, np.ones_like(p)).risk
        return np.asarray(constrained_risk(inner, p) - free)

    grid = simplex_grid(n, resolution)
    values = regret(grid)
    chosen = np.argsort(values)[:keep]
    points, values = grid[chosen], values[chosen]
    moves = np.array([np.eye(n)[a] - np.eye(n)[b] for a in range(n) for b in range(n) if a != b])
    step = np.full(points.shape[0], 1.0 / resolution)
    while np.any(step > 1e-10):
        donors = np.argmin(moves, axis=1)
        length = np.minimum(step[:, None], points[:, donors])
        trial = points[:, None, :] + length[..., None] * moves[None]
        trial_values = regret(np.maximum(trial, 0.0).reshape(-1, n)).reshape(points.shape[0], -1)
        best = np.argmin(trial_values, axis=1)
        rows = np.arange(points.shape[0])
        better = trial_values[rows, best] < values
        points = np.where(better[:, None], np.maximum(trial[rows, best], 0.0), points)
        values = np.minimum(values, trial_values[rows, best])
        step = np.where(better, step, step / 2)
    winner = int(np.argmin(values))
    return float(values[winner]), distribution(points[winner : winner + 1])[0]


def simplex_grid(parts: int, resolution: int) -> Array:
    """All points of the simplex with coordinates in multiples of 1 / resolution."""
    bars = np.array(list(combinations(range(resolution + parts - 1), parts - 1)))
    edges = np.concatenate(
        [np.full((len(bars), 1), -1), bars, np.full((len(bars), 1), resolution + parts - 1)], axis=1
    )
    return (np.diff(edges, axis=1) - 1) / resolution
