"""T of three labels by brute force, from the definitions alone, for symmetric losses that see only
differences of scores. No engine is imported, nor any prover.

Label 0 is predicted (a tie falls on the worst) where scores are (0, -a, -c) with a, c >= 0; label 1
is the most likely one, more likely than label 0 by a gap of at least beta.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from hconsist.selftest.two_labels import FALLS, Array, FoundPoint, Losses

#: The largest difference of scores that is tried, where scores have no bound.
FARTHEST = 700.0

#: Each label in turn in the first place; each its own inverse.
_TOPS = ([0, 1, 2], [1, 0, 2], [2, 1, 0])
#: How many valleys of the grid are followed to their floor.
VALLEYS = 3
#: How often a search halves its steps, and how long a simplex moves at most.
ROUNDS = 45
ITERATIONS = 250
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
    where, risk = tops(losses, p, bound, density, _TOPS[:1] if wrong else _TOPS)
    first, rows = risk.argmin(axis=0), np.arange(len(p))
    return where[first, rows], risk[first, rows]


def tops(
    losses: Losses, p: Array, bound: float | None, density: int = 1,
    orders: Sequence[Sequence[int]] = _TOPS,
) -> tuple[Array, Array]:  # fmt: skip
    """The least risk with one label on top at a time, so that no valley runs across both axes:
    where (orders, rows, 3), and how much (orders, rows).
    """
    axis, table = _table(losses, bound, density)
    most, q = float(axis[-1]), np.concatenate([p[:, order] for order in orders])
    at = (q @ table.T).argmin(axis=1)
    i, j = np.divmod(at, axis.size)
    rows = np.arange(len(q))
    x, y = axis[i], axis[j]
    best = risks(losses, _scores(x, y), q)
    wide = np.diff(axis)
    wide = np.maximum(np.append(wide, 0.0), np.insert(wide, 0, 0.0))
    wx, wy = wide[i], wide[j]
    steps = np.linspace(-1, 1, 5)
    dx, dy = (part.ravel() for part in np.meshgrid(steps, steps, indexing="ij"))
    for _ in range(ROUNDS * density):  # closer only where a step no longer helps
        gx = np.clip(x[:, None] + wx[:, None] * dx, 0.0, most)
        gy = np.clip(y[:, None] + wy[:, None] * dy, 0.0, most)
        found = risks(losses, _scores(gx, gy), q[:, None, :])
        k = found.argmin(axis=1)
        better = found[rows, k] < best
        best = np.where(better, found[rows, k], best)
        x, y = np.where(better, gx[rows, k], x), np.where(better, gy[rows, k], y)
        wx, wy = np.where(better, wx, wx / 2), np.where(better, wy, wy / 2)
    scores = _scores(x, y).reshape(len(orders), len(p), 3)
    placed = np.array([part[:, order] for part, order in zip(scores, orders, strict=True)])
    return placed, best.reshape(len(orders), len(p))


def _table(losses: Losses, bound: float | None, density: int) -> tuple[Array, Array]:
    """The axis of differences, and the losses at every pair of them."""
    axis = differences(bound, density)
    a, c = (part.ravel() for part in np.meshgrid(axis, axis, indexing="ij"))
    with np.errstate(all="ignore"):
        table = losses(_scores(a, c))
    return axis, np.where(np.isfinite(table), table, 1e300)


def careful(losses: Losses, p: Array, bound: float | None, wrong: bool) -> tuple[Array, float]:
    """`least` at one distribution, for the figures that are compared."""
    where, risk = polished(losses, p[None], bound, _TOPS[:1] if wrong else _TOPS)
    first = int(risk[:, 0].argmin())
    return where[first, 0], float(risk[first, 0])


def polished(
    losses: Losses, p: Array, bound: float | None, orders: Sequence[Sequence[int]] = _TOPS
) -> tuple[Array, Array]:
    """`tops`, from every valley of the grid by simplices that change their form, as kinks make
    valleys that no fixed direction follows; all simplices of all distributions at once.
    """
    axis, table = _table(losses, bound, 1)
    most, size = float(axis[-1]), axis.size
    q = np.concatenate([p[:, order] for order in orders])
    starts, owner = [], []
    for row, weights in enumerate(q):
        values = (table @ weights).reshape(size, size)
        wall = np.pad(values, 1, constant_values=np.inf)
        around = [wall[i : i + size, j : j + size] for i in (0, 1, 2) for j in (0, 1, 2)]
        valleys = np.flatnonzero(values <= np.min(around, axis=0))
        lowest = valleys[np.argsort(values.ravel()[valleys], kind="stable")[:VALLEYS]]
        starts += [(axis[k // size], axis[k % size]) for k in lowest]
        owner += [row] * len(lowest)
    at, of = np.array(starts), q[owner]

    def risk(points: Array) -> Array:
        """Risks (simplices, k) at points (simplices, k, 2)."""
        a, c = np.moveaxis(np.clip(np.abs(points), 0.0, most), -1, 0)
        return risks(losses, _scores(a, c), of[:, None, :])

    for step in (0.1, 0.01, 1e-4):
        at = _simplices(risk, at, np.maximum(np.abs(at), 0.1) * step)
    value = risk(at[:, None, :])[:, 0]
    where, best = np.zeros((len(q), 3)), np.full(len(q), np.inf)
    for row, found, (a, c) in zip(owner, value, np.clip(np.abs(at), 0.0, most), strict=True):
        if found < best[row]:
            best[row], where[row] = found, (0.0, -a, -c)
    parts = where.reshape(len(orders), len(p), 3)
    placed = np.array([part[:, order] for part, order in zip(parts, orders, strict=True)])
    return placed, best.reshape(len(orders), len(p))


def _simplices(risk: Callable[[Array], Array], at: Array, size: Array) -> Array:
    """Nelder and Mead's search in the plane, from every start (..., 2) at once."""
    x = at[:, None, :] + size[:, None, :] * _SIMPLEX
    f, rows = risk(x), np.arange(len(at))[:, None]
    for _ in range(ITERATIONS):
        order = np.argsort(f, axis=1, kind="stable")
        x, f = x[rows, order], f[rows, order]
        spread = np.abs(x[:, 1:] - x[:, :1]).max(axis=(1, 2))
        with np.errstate(invalid="ignore"):
            flat = ~(f[:, 2] - f[:, 0] > 1e-15)
        if np.all(flat & (spread <= 1e-13 * (1 + np.abs(x[:, 0]).max(axis=1)))):
            break
        middle = (x[:, 0] + x[:, 1]) / 2
        away = middle - x[:, 2]
        tried = middle[:, None] + np.array([1.0, 2.0, 0.5, -0.5])[:, None] * away[:, None]
        g = risk(tried)
        reflected, expanded, outside, inside = g.T
        choice = np.select(
            [
                (reflected < f[:, 0]) & (expanded < reflected),
                reflected < f[:, 1],
                (reflected < f[:, 2]) & (outside <= reflected),
                (reflected >= f[:, 2]) & (inside < f[:, 2]),
            ],
            [1, 0, 2, 3],
            -1,
        )
        moved = choice >= 0
        x[moved, 2], f[moved, 2] = tried[moved, choice[moved]], g[moved, choice[moved]]
        if not np.all(moved):
            closer = x[:, :1] + (x[:, 1:] - x[:, :1]) / 2
            x[~moved, 1:], f[~moved, 1:] = closer[~moved], risk(closer)[~moved]
    return np.asarray(x[rows[:, 0], f.argmin(axis=1)])


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
    return np.asarray(np.minimum(best, polished(losses, p, bound)[1].min(axis=0)))


def transform(
    losses: Losses, beta: float, bound: float | None = None, density: int = 1
) -> FoundPoint | None:
    """The point of least regret found with a target regret of at least beta; None where a risk has
    no lower bound.
    """
    found = sweep(losses, [beta], bound, density)
    return None if found is None else found[0]


def sweep(
    losses: Losses, betas: Sequence[float], bound: float | None = None, density: int = 1
) -> list[FoundPoint] | None:
    """`transform` at several target regrets: one grid for all, then closer around the two best
    points of each.
    """
    asked = np.asarray(betas, dtype=float)
    gaps = np.unique(np.concatenate([asked, np.linspace(asked.min(), 1, 7)]))
    gap, t = (
        part.ravel() for part in np.meshgrid(gaps, np.linspace(0, 1, 13 * density), indexing="xy")
    )
    if least_risks(losses, distributions(gap, t)[:: max(len(gap) // 5, 1)], bound) is None:
        return None
    regret = _regrets(losses, gap, t, bound, density)
    order = np.array([np.argsort(np.where(gap >= b, regret, np.inf))[:2] for b in asked]).ravel()
    floor = np.repeat(asked, 2)
    best, g, u = regret[order], gap[order], t[order]
    steps = np.linspace(-1, 1, 5)
    dg, dt = (part.ravel() for part in np.meshgrid(steps, steps, indexing="ij"))
    width_g, width_t = (1 - floor[:, None]) / 6, 1 / 12
    rows = np.arange(len(best))
    for _ in range(9):
        gap = np.clip(g[:, None] + width_g * dg, floor[:, None], 1)
        t = np.clip(u[:, None] + width_t * dt, 0, 1)
        regret = _regrets(losses, gap.ravel(), t.ravel(), bound, density).reshape(gap.shape)
        i = regret.argmin(axis=1)
        better = regret[rows, i] < best
        best = np.where(better, regret[rows, i], best)
        g, u = np.where(better, gap[rows, i], g), np.where(better, t[rows, i], u)
        width_g, width_t = width_g / 3, width_t / 3
    found = _compared(losses, distributions(g, u), bound, density)
    return [
        min(found[2 * k : 2 * k + 2], key=lambda point: point.regret) for k in range(len(asked))
    ]


def _compared(losses: Losses, p: Array, bound: float | None, density: int) -> list[FoundPoint]:
    """The regret of the best wrong scores at each p: what was compared before is only as good as
    its risks.
    """
    rough, known = tops(losses, p, bound, density)
    where, risk = polished(losses, p, bound)
    closer = risk <= known
    where, risk = np.where(closer[..., None], where, rough), np.where(closer, risk, known)
    best = risk.min(axis=0)
    return [
        FoundPoint(
            tuple(map(float, p[k])), tuple(map(float, where[0, k])),
            float(risk[0, k] - best[k]), 1 + abs(float(best[k])),
        )
        for k in range(len(p))
    ]  # fmt: skip


def _regrets(losses: Losses, gap: Array, t: Array, bound: float | None, density: int) -> Array:
    _, risk = tops(losses, distributions(gap, t), bound, density)
    return np.asarray(risk[0] - risk.min(axis=0))


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
