"""Pairs of a distribution and a hypothesis near their bound."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hconsist.errors import EngineCannotAnswerError
from hconsist.losses import Loss
from hconsist.simulate.backend import AnyArray, Backend
from hconsist.simulate.conditional import conditional_risk, zero_one_regret
from hconsist.simulate.curves import FEW, BracketedCurve, plain
from hconsist.simulate.on_device import least_risk
from hconsist.simulate.optimum import least_conditional_risk, two_label_transform
from hconsist.studies.bounds.members import Members

Array = NDArray[np.float64]


#: NumPy, where the engines compute.
HOST = Backend()

#: Weights (k, 4), label distributions (k, 4, n) and scores (k, 4, n) of k pairs on up to four
#: inputs.
Pairs = tuple[Array, Array, Array]


def excesses(
    loss: Loss,
    weights: AnyArray,
    p: AnyArray,
    scores: AnyArray,
    reach: Array | None = None,
    backend: Backend = HOST,
) -> tuple[AnyArray, AnyArray]:
    """Target and surrogate excess plus gap: weights (k, m), p and scores (k, m, n), reach (m,), to
    (k,) each; arrays of the backend, NumPy's where scores have a reach.
    """
    xp, labels = backend.xp, backend.xp.reshape(p, (-1, p.shape[-1]))
    if backend == HOST:
        boxes = None if reach is None else np.tile(reach, len(p))
        best, _ = least_conditional_risk(loss, labels, boxes)
    else:
        best = least_risk(loss, labels, backend)
    regret = conditional_risk(loss, scores, p) - xp.reshape(best, p.shape[:-1])
    target = zero_one_regret(scores, p)
    return xp.sum(weights * target, axis=-1), xp.sum(weights * regret, axis=-1)


def _weights(size: int, random: np.random.Generator) -> Array:
    """P(x) on one to four inputs."""
    weights = random.dirichlet(np.ones(4), size)
    weights[np.arange(4) >= random.integers(1, 5, (size, 1))] = 0.0
    return np.asarray(weights / weights.sum(axis=1, keepdims=True))


def _some_distributions(n: int, size: int, random: np.random.Generator) -> Array:
    """From nearly deterministic to nearly uniform; no probability is so small that logarithms lose
    it.
    """
    concentration = random.choice([0.2, 1.0, 5.0], size=(size, 4, 1))
    draws = np.maximum(random.gamma(np.broadcast_to(concentration, (size, 4, n))), 1e-9)
    return np.asarray(draws / draws.sum(axis=-1, keepdims=True))


def random_pairs(n: int, size: int, random: np.random.Generator) -> Pairs:
    """Label distributions and scores at random."""
    p = _some_distributions(n, size, random)
    scores = random.standard_normal(p.shape) * random.choice([0.3, 1.0, 3.0], size=(size, 4, 1))
    return _weights(size, random), p, scores


def tied_pairs(
    loss: Loss, n: int, size: int, members: Members, random: np.random.Generator
) -> Pairs:
    """The best scores after the wrong label was pooled with the labels above it: the cheapest way
    to err (pooling lemma).
    """
    p = _some_distributions(n, size, random)
    wrong = random.integers(n, size=(size, 4))
    pooled = _pooled(p, wrong)
    reach = None if members.reach is None else np.tile(members.reach, size)
    _, scores = least_conditional_risk(loss, pooled.reshape(-1, n), reach)
    if reach is None and loss.shift_invariant:
        scores = np.maximum(scores - scores.max(-1, keepdims=True), -60.0)
    scores = scores.reshape(p.shape)
    if _at_vertices(scores):  # every label at the vertex: predict the wrong one
        scores = np.where(np.arange(n) == wrong[..., None], 0.0, -60.0)
    lift = np.where(np.arange(n) == wrong[..., None], 1e-9, 0.0)
    top = np.where(np.arange(n) == wrong[..., None], scores.max(-1, keepdims=True), scores)
    return _weights(size, random), p, top + lift


def _at_vertices(scores: Array) -> bool:
    """Whether every score vector puts all weight on one label."""
    return bool(np.all(np.sort(scores, axis=-1)[..., -2] <= -50.0))


def _pooled(p: Array, wrong: NDArray[np.int64]) -> Array:
    """Average p over the wrong label and the smallest set of top labels whose mean is at least
    every label left out.
    """
    n = p.shape[-1]
    result = p.copy()
    for index in np.ndindex(wrong.shape):
        j, row = wrong[index], p[index]
        order = [k for k in np.argsort(-row, kind="stable") if k != j]
        for count in range(n):
            members = [j, *order[:count]]
            mean = row[members].mean()
            if count == n - 1 or mean >= row[order[count]]:
                break
        result[index][members] = mean
    return result


def witness_pairs(curve: BracketedCurve, n: int, size: int, random: np.random.Generator) -> Pairs:
    """Witnesses of T at random target regrets, labels permuted, on one input or several; some
    scores moved a little.
    """
    known = _witnesses(
        curve,
        np.round(np.concatenate([random.uniform(0.02, 0.98, 24), np.geomspace(0.01, 0.9, 8)]), 4),
    )
    touching = _witnesses(curve, curve.touching) if curve.touching.size else known
    first = len(known)
    known = [*known, *touching]
    known_p, known_s = (np.array([pair[i] for pair in known]) for i in (0, 1))
    # half of the pairs mix the points where T touches its envelope: below its chords no single
    # input comes close
    start = np.where(random.random((size, 1)) < 0.5, first, 0)
    chosen = random.integers(start, np.where(start, len(known), first), size=(size, 4))
    p, scores = known_p[chosen], known_s[chosen]
    if curve.problem.surrogate.symmetric:
        order = random.permuted(np.broadcast_to(np.arange(n), p.shape), axis=-1)
        p, scores = np.take_along_axis(p, order, -1), np.take_along_axis(scores, order, -1)
    moved = random.random((size, 1, 1)) < 0.3
    scores = scores + np.where(moved, 0.01 * random.standard_normal(scores.shape), 0.0)
    weights = _weights(size, random)
    alone = random.random(size) < 0.5
    weights[alone] = np.eye(4)[0]
    return weights, p / p.sum(-1, keepdims=True), scores


def _witnesses(curve: BracketedCurve, betas: Array) -> list[tuple[Array, Array]]:
    problem = curve.problem
    if curve.coarse:
        return curve.witnesses
    if problem.n == 2 and problem.surrogate.shift_invariant:
        bound = problem.hypotheses.score_bound
        _, p, scores = two_label_transform(
            problem.surrogate, betas, None if bound is None else float(bound)
        )
        return list(zip(p, scores, strict=True))
    try:
        return plain(problem, betas.tolist())
    except EngineCannotAnswerError:
        return plain(problem, betas[-FEW:].tolist())


def joined(kinds: dict[str, Pairs], size: int, random: np.random.Generator) -> Pairs:
    """Pairs drawn from all kinds together."""
    weights, p, scores = (np.concatenate([pairs[i] for pairs in kinds.values()]) for i in range(3))
    chosen = random.integers(len(weights), size=size)
    return weights[chosen], p[chosen], scores[chosen]


def climb(
    loss: Loss,
    pairs: Pairs,
    curve: BracketedCurve,
    members: Members,
    random: np.random.Generator,
    steps: int,
    backend: Backend = HOST,
) -> Pairs:
    """Random moves of distributions and scores, kept where the pair comes closer to its bound.

    Every round runs on the backend's device; members of bounded sets are NumPy's.
    """
    if members.reach is not None:
        backend = HOST
    xp = backend.xp
    weights, p, scores = map(backend.array, (*pairs[:2], members.nearest(pairs[2], random)[0]))
    floor, nothing = xp.full_like(p, 1e-9), xp.zeros_like(weights[:, 0])

    def normal() -> AnyArray:
        return backend.array(random.standard_normal(pairs[1].shape))

    def closeness(p: AnyArray, scores: AnyArray) -> AnyArray:
        target, surrogate = excesses(loss, weights, p, scores, members.reach, backend)
        share = target / xp.maximum(curve.gamma(surrogate), nothing + 1e-12)
        # rounding rules the ratio of two tiny excesses: such pairs say nothing
        return xp.where(surrogate > 1e-5, share, nothing)

    best = closeness(p, scores)
    for step in range(steps):
        scale = 0.3 * 0.85**step
        trial = xp.maximum(p * xp.exp(scale * normal()), floor)
        trial = trial / xp.sum(trial, axis=-1, keepdims=True)
        moved = scores + scale * normal()
        if members.reach is not None:
            moved, _ = members.nearest(moved, random)
        value = closeness(trial, moved)
        better = value > best
        p = xp.where(better[:, None, None], trial, p)
        scores = xp.where(better[:, None, None], moved, scores)
        best = xp.where(better, value, best)
    return pairs[0], backend.numpy(p), backend.numpy(scores)
