"""Search over label distributions: T(beta) = min over p of C*(pool(p)) - C*(p).

By the pooling lemma (docs/theory.md) the infimum over scores that predict label j is the best-in-class risk of pool(p), and by
concavity of C* the pooled labels other than the largest and j share one value. A candidate is

    p = (x + beta, x, y * (k - 2), r, e * (n - k - 1)),      the largest label, the predicted one, a block, one label, the rest

kept as five groups; the unknowns are the masses of the four parts. Every distribution of that form is feasible, so each value
found is an upper bound up to rounding. Source: docs/theory.md, pooling lemma.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hconsist.engines.numeric.inner import Inner, Optimum

Array = NDArray[np.float64]
Indices = NDArray[np.intp]

#: Groups: largest, predicted, block, single, rest.
GROUPS = 5


@dataclass(frozen=True)
class Candidates:
    """A batch of starting points: everything has leading shape (N,).

    Parameters
    ----------
    beta : array (N,)
    block : int array (N,)
        k, the number of labels of the pool: the largest, the predicted one and k - 2 more.
    masses : array (N, 4)
        Masses of the parts (pair without beta, block, single, rest); they sum to 1 - beta.
    """

    beta: Array
    block: Indices
    masses: Array

    def take(self, index: Indices) -> Candidates:
        """A sub-batch."""
        return Candidates(self.beta[index], self.block[index], self.masses[index])


@dataclass(frozen=True)
class Found:
    """What the search returns, one row per candidate: regret, grouped distribution, pooled distribution."""

    value: Array
    p: Array
    pooled: Array
    multiplicity: Array
    block: Indices
    masses: Array
    residual: Array

    def take(self, index: Indices) -> Found:
        """A sub-batch."""
        return Found(*(getattr(self, f)[index] for f in self.__dataclass_fields__))


def multiplicities(block: Indices, n: int) -> Array:
    """How many labels each of the five groups has: (N, 5)."""
    single = np.minimum(n - block, 1)
    return np.stack([np.ones_like(block), np.ones_like(block), block - 2, single, n - block - single], axis=-1).astype(float)


def pool(p: Array, multiplicity: Array) -> tuple[Array, NDArray[np.bool_]]:
    """Average p over the predicted label (group 1) and the smallest set of top labels whose mean is at least the others.

    The mean is the largest mean over prefixes of the labels in decreasing order, the predicted one always among them.

    Returns
    -------
    pooled : array (N, G)
    members : bool array (N, G)

    Examples
    --------
    >>> pool(np.array([[0.5, 0.1, 0.4]]), np.ones((1, 3)))[0].round(12)
    array([[0.33333333, 0.33333333, 0.33333333]])
    """
    others = multiplicity.copy()
    others[:, 1] = 0.0
    order = np.argsort(np.where(others > 0, -p, np.inf), axis=-1)
    count = np.cumsum(np.take_along_axis(others, order, axis=-1), axis=-1) + 1.0
    total = np.cumsum(np.take_along_axis(others * p, order, axis=-1), axis=-1) + p[:, 1:2]
    mean = np.maximum(np.max(total / count, axis=-1), p[:, 1])[:, None]
    members = (others > 0) & (p > mean)
    members[:, 1] = True
    return np.where(members, mean, p), members


class Objective:
    """The regret of pooled predictions as a function of the four masses, with gradient and Hessian."""

    def __init__(self, inner: Inner, n: int) -> None:
        self.inner, self.n = inner, n

    def distribution(self, c: Candidates) -> tuple[Array, Array, Array]:
        """p (N, 5), multiplicities (N, 5), and the constant Jacobian dp/dmasses (N, 5, 4)."""
        m = multiplicities(c.block, self.n)
        jacobian = np.zeros((*m.shape, 4))
        jacobian[:, 0, 0] = jacobian[:, 1, 0] = 0.5
        for part, group in ((1, 2), (2, 3), (3, 4)):
            jacobian[:, group, part] = np.where(m[:, group] > 0, 1.0 / np.maximum(m[:, group], 1.0), 0.0)
        p = np.einsum("igk,ik->ig", jacobian, c.masses)
        p[:, 0] += c.beta
        return p, m, jacobian

    def optima(self, c: Candidates) -> tuple[Array, Array, Array, NDArray[np.bool_], Optimum, Optimum, Array]:
        """p, multiplicities, pooled p, members, the free and the pooled optimum, and the Jacobian."""
        p, m, jacobian = self.distribution(c)
        pooled, members = pool(p, m)
        return p, m, pooled, members, self.inner.solve(p, m), self.inner.solve(pooled, m), jacobian

    def value(self, c: Candidates) -> Array:
        """C*(pool(p)) - C*(p); nan where the inner solver failed."""
        _, _, _, _, free, tied, _ = self.optima(c)
        bad = np.maximum(free.residual, tied.residual) > 1e-9
        return np.where(bad, np.nan, tied.risk - free.risk)

    def derivatives(self, c: Candidates) -> tuple[Array, Array, Array]:
        """Value, gradient (N, 4) and Hessian (N, 4, 4) in the masses."""
        _, m, _, members, free, tied, jacobian = self.optima(c)
        weight = m * members
        averaging = np.eye(GROUPS) * ~members[:, None, :] + (
            members[:, :, None] * weight[:, None, :] / np.sum(weight, axis=-1)[:, None, None]
        )
        through = np.matmul(averaging, jacobian)
        gradient = np.einsum("ig,igk->ik", m * tied.losses, through) - np.einsum("ig,igk->ik", m * free.losses, jacobian)
        hessian = _congruence(tied.hessian, through) - _congruence(free.hessian, jacobian)
        return tied.risk - free.risk, gradient, hessian

    def found(self, c: Candidates) -> Found:
        """The full record of a batch."""
        p, m, pooled, _, free, tied, _ = self.optima(c)
        return Found(
            tied.risk - free.risk, p, pooled, m, c.block, c.masses, np.asarray(np.maximum(free.residual, tied.residual))
        )


def _congruence(matrix: Array, j: Array) -> Array:
    return np.asarray(np.matmul(np.swapaxes(j, -1, -2), np.matmul(matrix, j)))


#: Step lengths tried at once on every line.
_LINE = np.array([1.0, 0.5, 0.2, 0.05, 0.01, 1e-3])


def descend(objective: Objective, c: Candidates, iterations: int = 40, tolerance: float = 1e-13) -> Candidates:
    """Local minimisation over the masses (>= 0, fixed sum): batched active-set Newton with a line search.

    The Hessian is indefinite (a difference of concave functions), so its eigenvalues are taken in absolute value. A row is
    done when no step improves it.
    """
    n = objective.n
    masses = c.masses.copy()
    exists = np.stack([np.ones_like(c.block), c.block - 2, n - c.block, n - c.block - 1], axis=-1) > 0
    active_rows = np.arange(masses.shape[0])
    for _ in range(iterations):
        if active_rows.size == 0:
            break
        sub = Candidates(c.beta[active_rows], c.block[active_rows], masses[active_rows])
        value, gradient, hessian = objective.derivatives(sub)
        gradient, hessian = (
            np.nan_to_num(gradient, posinf=1e30, neginf=-1e30),
            np.nan_to_num(hessian, posinf=1e30, neginf=-1e30),
        )
        direction = _newton_direction(sub.masses, gradient, hessian, exists[active_rows])
        trial = np.maximum(
            sub.masses[:, None, :] + _longest_steps(sub.masses, direction)[..., None] * direction[:, None, :], 0.0
        )
        trial *= ((1.0 - sub.beta) / np.maximum(trial.sum(axis=-1), 1e-300).T).T[..., None]
        steps = trial.shape[1]
        values = objective.value(Candidates(np.repeat(sub.beta, steps), np.repeat(sub.block, steps), trial.reshape(-1, 4)))
        values = np.where(np.isnan(values), np.inf, values).reshape(-1, steps)
        best = np.argmin(values, axis=1)
        reached = values[np.arange(best.size), best]
        better = reached < value
        masses[active_rows[better]] = trial[np.arange(best.size), best][better]
        active_rows = active_rows[value - reached > tolerance * np.maximum(np.abs(value), 1e-6)]
    return Candidates(c.beta, c.block, masses)


def _newton_direction(masses: Array, gradient: Array, hessian: Array, exists: NDArray[np.bool_]) -> Array:
    """A descent direction in the plane of fixed sum; parts at 0 that would decrease are held."""
    scale = np.max(masses, axis=-1, keepdims=True)
    at_zero = masses <= 1e-13 * scale
    free = exists & ~at_zero
    # the multiplier of the sum is the mean gradient of the free parts; parts at 0 enter when their slope is lower
    level = np.sum(np.where(free, gradient, 0.0), axis=-1, keepdims=True) / np.maximum(free.sum(axis=-1, keepdims=True), 1)
    free = free | (exists & at_zero & (gradient < level))
    count = np.maximum(free.sum(axis=-1), 1).astype(float)
    projector = np.eye(4) * free[:, None, :] - free[:, :, None] * free[:, None, :] / count[:, None, None]
    g = np.einsum("ikl,il->ik", projector, gradient)
    h = np.matmul(projector, np.matmul(hessian, projector))
    eigenvalues, vectors = np.linalg.eigh(h)
    size = np.maximum(np.abs(eigenvalues), 1e-10 * np.max(np.abs(eigenvalues), axis=-1, keepdims=True) + 1e-12)
    step = -np.einsum("ikl,il->ik", vectors, np.einsum("ilk,il->ik", vectors, g) / size)
    step = np.einsum("ikl,il->ik", projector, step)
    # after the projection a part at 0 may still point outward: hold it and give its share back evenly
    outward = (masses <= 1e-13 * scale) & (step < 0)
    step = np.where(outward, 0.0, step)
    inside = free & ~outward
    surplus = step.sum(axis=-1, keepdims=True) / np.maximum(inside.sum(axis=-1, keepdims=True), 1)
    return np.where(inside, step - surplus, 0.0)


def _longest_steps(masses: Array, direction: Array) -> Array:
    """Step lengths to try, (N, L): fractions of the full step and the step to the nearest wall."""
    with np.errstate(divide="ignore", invalid="ignore"):
        wall = np.min(np.where(direction < 0, -masses / direction, np.inf), axis=-1)
    wall = np.where(np.isfinite(wall), wall, 0.0)
    return np.concatenate([np.minimum(_LINE[None, :], wall[:, None]), wall[:, None]], axis=1)


def starts(betas: Array, blocks: Iterable[int], n: int) -> Candidates:
    """Starting points for every beta and block size: block height and spread of the rest vary."""
    rows: list[tuple[Array, Array, Array]] = []
    for k in blocks:
        heights = (0.1, 0.35, 0.6, 0.85, 1.0) if k > 2 else (0.0,)
        spreads = ((0.0, 0.0), (0.4, 0.0), (0.1, 0.3)) if k < n else ((0.0, 0.0),)
        for height in heights:
            for single, rest in spreads:
                left = 1.0 - betas
                outside = np.stack([single * left, (rest if n > k + 1 else 0.0) * left], axis=-1) * min(1.0, (n - k) / n * 2)
                left = left - outside.sum(axis=-1)
                pair = np.maximum((left - (k - 2) * betas * height) * 2 / k, 0.0)
                masses = np.concatenate([np.stack([pair, left - pair], axis=-1), outside], axis=-1)
                if k == 2:
                    masses[:, 0] += masses[:, 1]
                    masses[:, 1] = 0.0
                rows.append((betas, np.full(betas.shape, k), masses))
    b, k_, m = (np.concatenate(parts) for parts in zip(*rows, strict=True))
    return Candidates(b, k_, m)


def block_sizes(n: int) -> list[int]:
    """All sizes 2..n for few classes, a geometric ladder for many."""
    if n <= 12:
        return list(range(2, n + 1))
    ladder = {2, 3, 4, n}
    k = 4.0
    while k < n:
        ladder.add(round(k))
        k *= 1.5
    return sorted(k for k in ladder if k <= n)


def smallest_regret(inner: Inner, n: int, betas: Array, keep: int = 4) -> tuple[Found, Array]:
    """The best candidate for every beta, and the lowest values by block size explored last.

    Many starts are evaluated, the best few of each beta descend; then block sizes next to the best are tried until none helps.
    """
    objective = Objective(inner, n)
    sizes = block_sizes(n)
    first = starts(betas, sizes, n)
    values = objective.value(first)
    values = np.where(np.isnan(values), np.inf, values)
    # the best start of each (block size, beta) descends a few steps; the best few of each beta go to the end
    rows = np.concatenate([_smallest(np.where(first.block == k, values, np.inf), betas.size, 1) for k in sizes])
    coarse = descend(objective, first.take(rows), iterations=4)
    values = objective.value(coarse)
    rows = _smallest(np.where(np.isnan(values), np.inf, values), betas.size, keep)
    best = _best(objective, descend(objective, coarse.take(rows)), betas.size)
    gap = _ladder_gap(sizes, best.block)
    while np.any(gap > 1):
        gap = np.maximum(gap // 3, 1)
        best = _try_blocks(objective, best, betas, gap, n)
    for _ in range(8):  # until neighbouring sizes stop helping
        before = best.value
        best = _try_blocks(objective, best, betas, np.ones_like(gap), n)
        if np.all(best.value >= before - 1e-15):
            break
    return best, best.value


def _smallest(values: Array, count: int, keep: int) -> Indices:
    """Rows of the smallest values for each beta, where rows are ordered (candidate, beta)."""
    chosen = np.argsort(values.reshape(-1, count), axis=0, kind="stable")[:keep]
    return np.asarray((chosen * count + np.arange(count)).ravel())


def _ladder_gap(sizes: list[int], block: Indices) -> Indices:
    ladder = np.array(sizes)
    position = np.searchsorted(ladder, block)
    up = ladder[np.minimum(position + 1, ladder.size - 1)] - block
    down = block - ladder[np.maximum(position - 1, 0)]
    return np.asarray(np.maximum(up, down))


def _best(objective: Objective, c: Candidates, count: int) -> Found:
    """The best of several candidates per beta; rows are ordered (candidate, beta)."""
    found = objective.found(c)
    value = np.where(found.residual > 1e-9, np.inf, found.value).reshape(-1, count)
    return found.take(np.argmin(value, axis=0) * count + np.arange(count))


def _try_blocks(objective: Objective, best: Found, betas: Array, gap: Indices, n: int) -> Found:
    candidates = [Candidates(betas, best.block, best.masses)]
    for sign in (-2, -1, 1, 2):
        block = np.clip(best.block + sign * gap, 2, n)
        masses = _moved(best.masses, best.block, block, n, betas)
        candidates.append(descend(objective, Candidates(betas, block, masses), iterations=12))
    joined = Candidates(*(np.concatenate([getattr(c, f) for c in candidates]) for f in ("beta", "block", "masses")))
    return _best(objective, joined, betas.size)


def _moved(masses: Array, old: Indices, new: Indices, n: int, betas: Array) -> Array:
    """Masses for another block size: the whole pool keeps its mass, its labels their relative heights."""
    result = masses.copy()
    share = np.where(old > 2, masses[:, 1] / np.maximum(old - 2, 1), (masses[:, 0] + betas) / 2)
    pool_mass = masses[:, 0] + masses[:, 1] + masses[:, 2]
    result[:, 2] = 0.0
    result[:, 1] = np.where(new > 2, np.minimum(share * (new - 2), pool_mass), 0.0)
    result[:, 0] = pool_mass - result[:, 1]
    result[:, 3] = np.where(n - new > 1, masses[:, 3], 0.0)
    result[:, 0] += masses[:, 3] - result[:, 3]
    return result
