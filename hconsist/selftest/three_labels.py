"""T of three labels by brute force, from the definitions alone, for symmetric losses that see only
differences of scores. No engine is imported, nor any prover.

Label 0 is predicted (a tie falls on the worst) where scores are (0, -a, -c) with a, c >= 0; label 1
is the most likely one, more likely than label 0 by a gap of at least beta.
"""

from __future__ import annotations

import numpy as np
from scipy.optimize import minimize

from hconsist.selftest.two_labels import FALLS, Array, FoundPoint, Losses

#: The largest difference of scores that is tried, where scores have no bound.
FARTHEST = 700.0

#: Each label in turn in the first place; each its own inverse.
_TOPS = ([0, 1, 2], [1, 0, 2], [2, 1, 0])
#: How many valleys of the grid are followed to their floor.
VALLEYS = 3
_SIMPLEX = np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]])


def differences(bound: float | None, density: int = 1) -> Array:
    """Differences of scores >= 0, from fine to large."""
    most = FARTHEST if bound is None else 2 * bound
    grid = [
        np.zeros(1),
        np.geomspace(1e-3, most, 24 * density),
        np.linspace(0.1, min(4, most), 16 * density),
    ]
    return np.unique(np.concatenate(grid))


def distributions(gap: Array, along: Array) -> Array:
    """Distributions (p0, p0 + gap, rest) with label 1 the most likely, for gap in [0, 1] and
    ``along`` in [0, 1] between the extreme values of p0.
    """
    low, high = np.maximum(0.0, (1 - 2 * gap) / 3), (1 - gap) / 2
    p0 = low + along * np.maximum(high - low, 0)
    return np.stack([p0, p0 + gap, np.maximum(1 - 2 * p0 - gap, 0.0)], axis=-1)


def risks(losses: Losses, scores: Array, p: Array) -> Array:
    """``sum_y p_y l(scores, y)``; a label of probability 0 counts for nothing."""
    with np.errstate(all="ignore"):
        terms = np.where(p > 0, p * losses(scores), 0.0).sum(axis=-1)
    return np.where(np.isnan(terms), np.inf, terms)


def _scores(a: Array, c: Array) -> Array:
    return np.stack([np.zeros_like(a), -a, -c], axis=-1)


def least(
    losses: Losses, p: Array, bound: float | None, wrong: bool, density: int = 1
) -> tuple[Array, Array]:
    """The least risk for each distribution: where (..., 3), and how much; over the scores that
    predict label 0 where ``wrong``.
    """
    if not wrong:  # one label on top at a time: then no valley runs across both axes
        tops = [least(losses, p[:, order], bound, True, density) for order in _TOPS]
        first = np.array([risk for _, risk in tops]).argmin(axis=0)
        scores = np.array([w[:, order] for (w, _), order in zip(tops, _TOPS, strict=True)])
        rows = np.arange(len(p))
        return scores[first, rows], np.array([risk for _, risk in tops])[first, rows]
    axis = differences(bound, density)
    most = float(axis[-1])
    a, c = (part.ravel() for part in np.meshgrid(axis, axis, indexing="ij"))
    with np.errstate(all="ignore"):
        table = losses(_scores(a, c))
        table = np.where(np.isfinite(table), table, 1e300)
        values = p @ table.T
    at = values.argmin(axis=1)
    rows = np.arange(len(p))
    best, x, y = risks(losses, _scores(a[at], c[at]), p), a[at], c[at]
    spread = {
        float(v): float(np.max(np.abs(np.diff(axis[max(i - 1, 0) : i + 2]))))
        for i, v in enumerate(axis)
    }
    wx = np.array([spread[float(v)] for v in x])
    wy = np.array([spread[float(v)] for v in y])
    steps = np.linspace(-1, 1, 5)
    dx, dy = (part.ravel() for part in np.meshgrid(steps, steps, indexing="ij"))
    for _ in range(90):  # closer only where a step no longer helps: valleys may be narrow
        gx = np.clip(x[:, None] + wx[:, None] * dx, 0.0, most)
        gy = np.clip(y[:, None] + wy[:, None] * dy, 0.0, most)
        found = risks(losses, _scores(gx, gy), p[:, None, :])
        i = found.argmin(axis=1)
        better = found[rows, i] < best
        best = np.where(better, found[rows, i], best)
        x, y = np.where(better, gx[rows, i], x), np.where(better, gy[rows, i], y)
        wx, wy = np.where(better, wx, wx / 2), np.where(better, wy, wy / 2)
    return _scores(x, y), best


def careful(losses: Losses, p: Array, bound: float | None, wrong: bool) -> tuple[Array, float]:
    """`least` at one distribution, for the figures that are compared: from every valley of the grid
    simplices that change their form, as kinks make valleys that no fixed direction follows.
    """
    best, where = np.inf, np.zeros(3)
    axis = differences(bound, 2)
    most, size = float(axis[-1]), axis.size
    x, y = (part.ravel() for part in np.meshgrid(axis, axis, indexing="ij"))
    for order in _TOPS[:1] if wrong else _TOPS:
        q = p[order]

        def risk(at: Array, q: Array = q) -> float:
            a, c = np.clip(np.abs(at), 0.0, most)
            return float(risks(losses, np.array([0.0, -a, -c]), q))

        table = risks(losses, _scores(x, y), q).reshape(size, size)
        wall = np.pad(table, 1, constant_values=np.inf)
        around = [wall[i : i + size, j : j + size] for i in (0, 1, 2) for j in (0, 1, 2)]
        valleys = np.flatnonzero(table <= np.min(around, axis=0))
        starts = valleys[np.argsort(table.ravel()[valleys], kind="stable")[:VALLEYS]]
        for at in np.stack([x[starts], y[starts]], axis=-1):
            for step in (0.1, 0.01, 1e-4):
                simplex = at + np.maximum(np.abs(at), 0.1) * step * _SIMPLEX
                options = {"initial_simplex": simplex, "xatol": 1e-13, "fatol": 1e-15}
                with np.errstate(all="ignore"):
                    at = minimize(risk, at, method="Nelder-Mead", options=options).x
            found = risk(at)
            if found < best:
                a, c = np.clip(np.abs(at), 0.0, most)
                best, where = found, np.array([0.0, -a, -c])[order]
    return where, best


def least_risks(
    losses: Losses, p: Array, bound: float | None = None, density: int = 1
) -> Array | None:
    """C*(p), shape of p less its last axis flattened; None where the risk has no lower bound."""
    _, best = least(losses, p, bound, wrong=False, density=density)
    if bound is None:
        _, nearer = least(losses, p, FARTHEST / 4, wrong=False, density=density)
        best = np.minimum(best, nearer)
        if np.any(nearer - best > FALLS * (1 + np.abs(nearer))) or not np.all(np.isfinite(best)):
            return None
    return best


def transform(
    losses: Losses, beta: float, bound: float | None = None, density: int = 1
) -> FoundPoint | None:
    """The point of least regret found with a target regret of at least beta; None where a risk has
    no lower bound.
    """
    gaps, along = np.meshgrid(np.linspace(beta, 1, 7), np.linspace(0, 1, 13 * density))
    gap, t = gaps.ravel(), along.ravel()
    if least_risks(losses, distributions(gap, t)[:: max(len(gap) // 5, 1)], bound) is None:
        return None
    regret, where, scale = _regrets(losses, gap, t, bound, density)
    order = np.argsort(regret)[:2]
    best = [
        (float(regret[i]), float(gap[i]), float(t[i]), where[i], float(scale[i])) for i in order
    ]
    steps = np.linspace(-1, 1, 5)
    dg, dt = (part.ravel() for part in np.meshgrid(steps, steps, indexing="ij"))
    width_g, width_t = (1 - beta) / 6, 1 / 12
    for _ in range(9):
        around = [
            (np.clip(g + width_g * dg, beta, 1), np.clip(u + width_t * dt, 0, 1))
            for _, g, u, _, _ in best
        ]
        gap = np.concatenate([g for g, _ in around])
        t = np.concatenate([u for _, u in around])
        regret, where, scale = _regrets(losses, gap, t, bound, density)
        for k in range(len(best)):
            mine = slice(25 * k, 25 * (k + 1))
            i = 25 * k + int(np.argmin(regret[mine]))
            if regret[i] < best[k][0]:
                best[k] = (float(regret[i]), float(gap[i]), float(t[i]), where[i], float(scale[i]))
        width_g, width_t = width_g / 3, width_t / 3
    points = []
    for _, g, u, rough, _ in best:  # what was compared so far is only as good as its risks
        p = distributions(np.array([g]), np.array([u]))[0]
        scores, wrong = careful(losses, p, bound, wrong=True)
        if (known := float(risks(losses, rough, p))) < wrong:
            scores, wrong = rough, known
        free = min(wrong, careful(losses, p, bound, wrong=False)[1], float(least(
            losses, p[None], bound, wrong=False, density=density
        )[1][0]))  # fmt: skip
        points.append(
            FoundPoint(tuple(map(float, p)), tuple(map(float, scores)), wrong - free, 1 + abs(free))
        )
    return min(points, key=lambda point: point.regret)


def _regrets(
    losses: Losses, gap: Array, t: Array, bound: float | None, density: int
) -> tuple[Array, Array, Array]:
    p = distributions(gap, t)
    where, wrong = least(losses, p, bound, wrong=True, density=density)
    _, best = least(losses, p, bound, wrong=False, density=density)
    best = np.minimum(best, wrong)
    return wrong - best, where, 1 + np.abs(best)


def regret_at(
    losses: Losses,
    p: tuple[float, ...],
    scores: tuple[float, ...],
    bound: float | None = None,
    density: int = 2,
) -> float | None:
    """The surrogate regret at one point, C* by brute force; None where C* has no lower bound."""
    row, at = np.asarray(p, dtype=float)[None], np.asarray(scores, dtype=float)[None]
    best = least_risks(losses, row, bound, density)
    if best is None:
        return None
    here = float(risks(losses, at, row)[0])
    return here - min(here, float(best[0]), careful(losses, row[0], bound, wrong=False)[1])
