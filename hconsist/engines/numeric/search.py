"""Search over label distributions: T(beta) = min over p of C*(pool(p)) - C*(p).

Every one of the `candidates` is feasible, so each value found is an upper bound of T up to
rounding. They descend by an active-set Newton method over their masses.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hconsist.engines.numeric.candidates import (
    TOP_K,
    ZERO_ONE,
    Candidates,
    ladder,
    layouts,
    pool,
    predicted_groups,
    starts,
)
from hconsist.engines.numeric.inner import Inner, Optimum

Array = NDArray[np.float64]
Bools = NDArray[np.bool_]
Indices = NDArray[np.intp]

#: A solution whose optimality gap is above this is not used.
ACCEPTED_RESIDUAL = 1e-9


@dataclass(frozen=True)
class SearchResult:
    """What a search returns, one row per beta: regret, distribution and pooled distribution by
    group, inner residual.
    """

    value: Array
    candidates: Candidates
    p: Array
    pooled: Array
    residual: Array

    def take(self, index: Indices) -> SearchResult:
        """A sub-batch."""
        return SearchResult(
            self.value[index],
            self.candidates.take(index),
            self.p[index],
            self.pooled[index],
            self.residual[index],
        )


class Objective:
    """The regret of pooled predictions as a function of the masses, with gradient and Hessian."""

    def __init__(self, inner: Inner, groups: tuple[str, ...]) -> None:
        self.inner, self.predicted = inner, predicted_groups(groups)

    def distribution(self, c: Candidates) -> tuple[Array, Array]:
        """p (N, G) and the Jacobian dp/dmasses (N, G, G - 1)."""
        count, size = c.layout.shape
        r = c.layout[:, 0]
        jacobian = np.zeros((count, size, size - 1))
        jacobian[:, 0, 0] = jacobian[:, 1, 0] = 0.5 / r
        for g in range(2, size):
            jacobian[:, g, g - 1] = np.where(
                c.layout[:, g] > 0, 1.0 / np.maximum(c.layout[:, g], 1.0), 0.0
            )
        p = np.einsum("igk,ik->ig", jacobian, c.masses)
        p[:, 0] += c.beta / r
        return p, jacobian

    def _optima(
        self, c: Candidates, second: bool
    ) -> tuple[Array, Array, Bools, Optimum, Optimum, Array]:
        p, jacobian = self.distribution(c)
        pooled, members = pool(p, c.layout, self.predicted)
        return p, pooled, members, *self._both(p, pooled, c.layout, second), jacobian

    def _both(
        self, p: Array, pooled: Array, layout: Array, second: bool
    ) -> tuple[Optimum, Optimum]:
        return self.inner.solve(p, layout, second=second), self.inner.solve(
            pooled, layout, second=second
        )

    def value(self, c: Candidates) -> Array:
        """C*(pool(p)) - C*(p); infinite where the inner solver failed."""
        _, _, _, free, tied, _ = self._optima(c, second=False)
        value = tied.risk - free.risk
        bad = (np.maximum(free.residual, tied.residual) > ACCEPTED_RESIDUAL) | ~np.isfinite(value)
        return np.where(bad, np.inf, value)

    def derivatives(self, c: Candidates) -> tuple[Array, Array, Array]:
        """Value, gradient and Hessian in the masses."""
        _, _, members, free, tied, jacobian = self._optima(c, second=True)
        m = c.layout
        weight = m * members
        averaging = np.eye(m.shape[-1]) * ~members[:, None, :] + (
            members[:, :, None]
            * weight[:, None, :]
            / np.maximum(np.sum(weight, axis=-1), 1.0)[:, None, None]
        )
        through = np.matmul(averaging, jacobian)
        gradient = np.einsum("ig,igk->ik", m * tied.losses, through) - np.einsum(
            "ig,igk->ik", m * free.losses, jacobian
        )
        hessian = _congruence(tied.hessian, through) - _congruence(free.hessian, jacobian)
        return tied.risk - free.risk, gradient, hessian

    def found(self, c: Candidates) -> SearchResult:
        """The full record of a batch."""
        p, pooled, _, free, tied, _ = self._optima(c, second=False)
        return SearchResult(
            tied.risk - free.risk,
            c,
            p,
            pooled,
            np.asarray(np.maximum(free.residual, tied.residual)),
        )


def _congruence(matrix: Array, j: Array) -> Array:
    return np.asarray(np.matmul(np.swapaxes(j, -1, -2), np.matmul(matrix, j)))


#: Steps tried at once on every line: fractions of the Newton step, and of the way to the nearest
#: wall. The small ones matter where the slope is infinite at a probability of 0.
_OF_STEP = np.array([1.0, 0.5, 0.15, 0.03])
_OF_WALL = np.array([1.0, 0.9, 0.5, 0.1, 1e-2, 1e-3, 1e-5])


#: Shares of a part that a poll moves to another part.
_POLL = np.array([0.5, 0.05, 2e-3, 1e-5])


def descend(
    objective: Objective,
    c: Candidates,
    iterations: int = 40,
    tolerance: float = 1e-13,
    polls: int = 0,
) -> Candidates:
    """Local minimisation over the masses (>= 0, fixed sum): batched active-set Newton with a line
    search.

    The Hessian is indefinite (a difference of concave functions), so its eigenvalues are taken in
    absolute value. A row whose Newton step does not improve it is polled, where polls are left:
    mass moves from each part to each other part. It is done when that does not help either.
    """
    masses = c.masses.copy()
    exists = np.concatenate([np.ones((len(masses), 1)), c.layout[:, 2:]], axis=1) > 0
    rows = np.arange(masses.shape[0])
    polls_left = np.full(masses.shape[0], polls)
    for _ in range(iterations):
        if rows.size == 0:
            break
        sub = Candidates(c.beta[rows], c.layout[rows], masses[rows])
        value, gradient, hessian = objective.derivatives(sub)
        gradient, hessian = (
            np.nan_to_num(a, posinf=1e30, neginf=-1e30) for a in (gradient, hessian)
        )
        direction = _newton_direction(sub.masses, gradient, hessian, exists[rows])
        trial = (
            sub.masses[:, None, :]
            + _step_lengths(sub.masses, direction)[..., None] * direction[:, None, :]
        )
        masses[rows], reached = _best_trial(objective, sub, value, trial)
        enough = tolerance * np.maximum(np.abs(value), 1e-6)
        idle = value - reached <= enough
        polled = rows[idle & (polls_left[rows] > 0)]
        if polled.size:
            polls_left[polled] -= 1
            sub = Candidates(c.beta[polled], c.layout[polled], masses[polled])
            before = reached[idle & np.isin(rows, polled)]
            masses[polled], after = _best_trial(
                objective, sub, before, _poll(sub.masses, exists[polled])
            )
            polled = polled[before - after > 1e-11 * np.maximum(np.abs(before), 1e-6)]
        rows = np.concatenate([rows[~idle], polled])
    return Candidates(c.beta, c.layout, masses)


def _best_trial(
    objective: Objective, sub: Candidates, value: Array, trial: Array
) -> tuple[Array, Array]:
    """The best of several masses (N, L, parts) and its value, or the present one where none is
    better.
    """
    trial = np.maximum(trial, 0.0)
    trial *= ((1.0 - sub.beta)[:, None] / np.maximum(trial.sum(axis=-1), 1e-300))[..., None]
    steps, parts = trial.shape[1:]
    repeated = Candidates(
        np.repeat(sub.beta, steps), np.repeat(sub.layout, steps, axis=0), trial.reshape(-1, parts)
    )
    values = objective.value(repeated).reshape(-1, steps)
    best = np.argmin(values, axis=1)
    index = np.arange(best.size)
    better = values[index, best] < value
    return np.where(better[:, None], trial[index, best], sub.masses), np.where(
        better, values[index, best], value
    )


def _poll(masses: Array, exists: Bools) -> Array:
    """Masses after a share of one part has moved to another, for all pairs of parts and all shares:
    (N, L, parts).
    """
    parts = masses.shape[-1]
    pairs = [(i, j) for i in range(parts) for j in range(parts) if i != j]
    trial = np.repeat(masses[:, None, :], len(pairs) * _POLL.size, axis=1)
    for column, (i, j) in enumerate(pairs):
        here = slice(column * _POLL.size, (column + 1) * _POLL.size)
        moved = _POLL * np.where(exists[:, j], masses[:, i], 0.0)[:, None]
        trial[:, here, i] -= moved
        trial[:, here, j] += moved
    return trial


def _newton_direction(masses: Array, gradient: Array, hessian: Array, exists: Bools) -> Array:
    """A descent direction in the plane of fixed sum; parts at 0 that would decrease are held."""
    at_zero = masses <= 1e-13 * np.max(masses, axis=-1, keepdims=True)
    free = exists & ~at_zero
    # the multiplier of the sum is the mean gradient of the free parts; parts at 0 enter when their
    # slope is lower
    level = np.sum(np.where(free, gradient, 0.0), axis=-1, keepdims=True) / np.maximum(
        free.sum(axis=-1, keepdims=True), 1
    )
    free = free | (exists & at_zero & (gradient < level))
    count = np.maximum(free.sum(axis=-1), 1).astype(float)
    projector = (
        np.eye(masses.shape[-1]) * free[:, None, :]
        - free[:, :, None] * free[:, None, :] / count[:, None, None]
    )
    g = np.einsum("ikl,il->ik", projector, gradient)
    h = np.matmul(projector, np.matmul(hessian, projector))
    eigenvalues, vectors = np.linalg.eigh(h)
    size = np.maximum(
        np.abs(eigenvalues), 1e-7 * np.max(np.abs(eigenvalues), axis=-1, keepdims=True) + 1e-12
    )
    step = -np.einsum("ikl,il->ik", vectors, np.einsum("ilk,il->ik", vectors, g) / size)
    step = np.einsum("ikl,il->ik", projector, step)
    # after the projection a part at 0 may still point outward: hold it and give its share back
    # evenly
    outward = at_zero & (step < 0)
    step = np.where(outward, 0.0, step)
    inside = free & ~outward
    surplus = step.sum(axis=-1, keepdims=True) / np.maximum(inside.sum(axis=-1, keepdims=True), 1)
    return np.where(inside, step - surplus, 0.0)


def _step_lengths(masses: Array, direction: Array) -> Array:
    """Step lengths to try, (N, L): fractions of the full step, and the step to the nearest wall."""
    with np.errstate(divide="ignore", invalid="ignore"):
        wall = np.min(np.where(direction < 0, -masses / direction, np.inf), axis=-1)
    wall = np.where(np.isfinite(wall), wall, 0.0)
    return np.concatenate([np.minimum(_OF_STEP, wall[:, None]), _OF_WALL * wall[:, None]], axis=1)


def smallest_regret(
    inner: Inner, n: int, k: int, betas: Array, *, seed: int = 0, keep: int = 3
) -> SearchResult:
    """The best candidate for every beta.

    The best start of each layout descends a few steps, the best few of each beta descend to the
    end, then layouts with a block a little larger or smaller are tried until none helps.
    """
    objective = Objective(inner, ZERO_ONE if k == 1 else TOP_K)
    rng = np.random.default_rng(seed)
    best_starts = []
    for layout in layouts(n, k):
        batch = Candidates.join(list(starts(betas, layout, rng)))
        best_starts.append(batch.take(_smallest(objective.value(batch), betas.size, 1)))
    coarse = descend(objective, Candidates.join(best_starts), iterations=4)
    value = objective.value(coarse)
    # the best without a block and the best with one, whose size is then refined: neither may hide
    # the other
    found = []
    blocked = (coarse.layout[:, -3] > 0) & (coarse.masses[:, -3] > 1e-6)
    for chosen in (~blocked, blocked):
        if np.any(chosen):
            rows = _smallest(np.where(chosen, value, np.inf), betas.size, keep)
            best = _best(objective, descend(objective, coarse.take(rows), polls=3), betas.size)
            found.append(_improve_blocks(objective, best, betas, n, k).candidates)
    return _best(objective, Candidates.join(found), betas.size)


def follow(
    inner: Inner, anchors: SearchResult, anchor_betas: Array, n: int, k: int, betas: Array
) -> SearchResult:
    """The best candidates at further betas, by descent from those of the anchors on either side."""
    objective = Objective(inner, ZERO_ONE if k == 1 else TOP_K)
    right = np.clip(np.searchsorted(anchor_betas, betas), 0, anchor_betas.size - 1)
    parts = []
    for offset in (-1, 0):
        index = np.clip(right + offset, 0, anchor_betas.size - 1)
        source = anchors.candidates.take(index)
        mass = source.masses.sum(axis=1)
        scale = np.where(mass > 0, (1.0 - betas) / np.where(mass > 0, mass, 1.0), 0.0)
        masses = source.masses * scale[:, None]
        masses[:, 0] = np.maximum(masses[:, 0] + (1.0 - betas) - masses.sum(axis=1), 0.0)
        parts.append(Candidates(betas, source.layout, masses))
    best = _best(objective, descend(objective, Candidates.join(parts), polls=2), betas.size)
    return _improve_blocks(objective, best, betas, n, k, rounds=1)


def _smallest(values: Array, count: int, keep: int) -> Indices:
    """Rows of the smallest values for each beta, where rows are ordered (candidate, beta)."""
    chosen = np.argsort(values.reshape(-1, count), axis=0, kind="stable")[:keep]
    return np.asarray((chosen * count + np.arange(count)).ravel())


def _best(objective: Objective, c: Candidates, count: int) -> SearchResult:
    """The best of several candidates per beta; rows are ordered (candidate, beta)."""
    found = objective.found(c)
    value = np.where(found.residual > ACCEPTED_RESIDUAL, np.inf, found.value).reshape(-1, count)
    return found.take(np.argmin(value, axis=0) * count + np.arange(count))


def _improve_blocks(
    objective: Objective, best: SearchResult, betas: Array, n: int, k: int, rounds: int = 6
) -> SearchResult:
    sizes = np.array(ladder(n - 2 if k == 1 else n - k - 1))
    block = best.candidates.layout[:, -3]
    position = np.searchsorted(sizes, block)
    up = sizes[np.minimum(position + 1, sizes.size - 1)] - block
    gap = np.maximum(up, block - sizes[np.maximum(position - 1, 0)])
    if np.all(block == 0):
        return best
    while np.any(gap > 1):
        gap = np.maximum(gap // 3, 1)
        best = _try_blocks(objective, best, gap, (-2, -1, 1, 2))
    if np.all(np.diff(sizes) == 1):  # every size was a start
        rounds = 1
    for _ in range(rounds):  # until neighbouring sizes stop helping
        before = best.value
        best = _try_blocks(
            objective,
            best,
            np.ones_like(gap),
            (-4, -3, -2, -1, 1, 2, 3, 4) if rounds > 1 else (-1, 1),
        )
        if np.all(best.value >= before - 1e-15):
            break
    return _best(
        objective,
        Candidates.join([best.candidates, descend(objective, best.candidates, polls=2)]),
        betas.size,
    )


def _try_blocks(
    objective: Objective, best: SearchResult, gap: Array, steps: tuple[int, ...]
) -> SearchResult:
    moved = Candidates.join([_resized(best.candidates, step * gap) for step in steps])
    return _best(
        objective,
        Candidates.join([best.candidates, descend(objective, moved, iterations=8)]),
        best.value.size,
    )


def _resized(c: Candidates, change: Array) -> Candidates:
    """Another block size: the labels of the pool are scaled together, so that it keeps its mass."""
    layout, masses = c.layout.copy(), c.masses.copy()
    old, outside = layout[:, -3].copy(), layout[:, -2] + layout[:, -1]
    new = np.clip(old + change, 0, old + outside)
    left = old + outside - new
    layout[:, -3], layout[:, -2], layout[:, -1] = new, np.minimum(left, 1), np.maximum(left - 1, 0)
    pair = masses[:, 0] + c.beta
    height = np.where(old > 0, masses[:, -3] / np.maximum(old, 1), pair / (2 * layout[:, 0]))
    single = np.where(layout[:, -2] > 0, masses[:, -2], 0.0)
    mass = masses[:, 0] + masses[:, -3] + masses[:, -1] + masses[:, -2] - single
    scale = (mass + c.beta) / np.maximum(pair + height * new, 1e-300)
    masses[:, 0] = np.where(new > 0, np.clip(pair * scale - c.beta, 0.0, mass), mass)
    masses[:, -3], masses[:, -2], masses[:, -1] = mass - masses[:, 0], single, 0.0
    return Candidates(c.beta, layout, masses)
