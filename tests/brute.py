"""Points of a decision problem at random, then nearer and nearer to the worst: written from the
definitions of the loss and the costs, without the package.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

#: (scores, p) to surrogate regrets; scores to predicted items.
Regret = Callable[[np.ndarray, np.ndarray], np.ndarray]
Predict = Callable[[np.ndarray], np.ndarray]


def softmax(s: np.ndarray) -> np.ndarray:
    e = np.exp(s - s.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def cross_entropy(s: np.ndarray, p: np.ndarray) -> np.ndarray:
    q = softmax(s)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(p > 0, p * np.log(p / q), 0.0).sum(axis=-1)


def brier(s: np.ndarray, p: np.ndarray) -> np.ndarray:
    return ((p - softmax(s)) ** 2).sum(axis=-1)


def plug_in(costs: np.ndarray) -> Predict:
    return lambda s: np.argmin(softmax(s) @ costs.T, axis=-1)


def argmax(s: np.ndarray) -> np.ndarray:
    return np.argmax(s, axis=-1)


def points(
    regret: Regret,
    predict: Predict,
    costs: np.ndarray,
    n_scores: int,
    transform: Callable[[np.ndarray], np.ndarray],
    size: int,
    seed: int = 0,
    rounds: int = 60,
) -> tuple[float, float]:
    """The smallest ``surrogate - T(target)`` over all points, and the smallest ratio of the two
    where the target regret is not small.

    transform gives T at an array of target regrets, rounded down.
    """
    random = np.random.default_rng(seed)
    n = costs.shape[1]
    scale = costs.max() - costs.min()

    def values(s: np.ndarray, p: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        expected = p @ costs.T
        item = predict(s)
        target = expected[np.arange(len(p)), item] - expected.min(axis=-1)
        return regret(s, p), target

    p = random.dirichlet(np.full(n, 0.5), size=size)
    with np.errstate(divide="ignore"):
        s = 2 * random.standard_normal((size, n_scores))
        if n_scores == n:
            close = random.random(size) < 0.5
            s[close] = (np.log(p + 1e-9) + 0.5 * random.standard_normal((size, n)))[close]
    surrogate, target = values(s, p)
    excess = float((surrogate - transform(target)).min())

    def ratios(surrogate: np.ndarray, target: np.ndarray) -> np.ndarray:
        known = transform(target)
        usable = (target > 0.03 * scale) & (known > 1e-9)
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where(usable, surrogate / known, np.inf)

    ratio = ratios(surrogate, target)
    kept = np.argsort(ratio)[:200]
    s, p, ratio = s[kept], p[kept], ratio[kept]
    for step in np.geomspace(0.5, 1e-4, rounds):
        for _ in range(4):
            near_s = s + step * random.standard_normal(s.shape)
            near_p = p * np.exp(2 * step * random.standard_normal(p.shape))
            near_p = near_p / near_p.sum(axis=-1, keepdims=True)
            surrogate, target = values(near_s, near_p)
            excess = min(excess, float((surrogate - transform(target)).min()))
            found = ratios(surrogate, target)
            better = found < ratio
            s[better], p[better], ratio[better] = near_s[better], near_p[better], found[better]
    return excess, float(ratio.min())
