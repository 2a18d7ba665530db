"""Naive Bayes and logistic regression in batches, and the exact error of a linear rule."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from hconsist.distributions import GaussianMixture
from hconsist.simulate.backend import Backend
from hconsist.simulate.mixtures import linear_error
from hconsist.simulate.training import train

Array = NDArray[np.float64]


#: The penalty for all, and those that logistic regression chooses from; with the paper's means,
#: which reach far, a smaller one too.
FIXED_PENALTY, PENALTIES, SMALLER = 1e-3, (1e-3, 1e-1, 10.0), (1e-5,)

#: What naive Bayes may add to its variances, in units of the largest (scikit-learn's
#: ``var_smoothing``); 10 is nearly the rule of the nearest mean.
SMOOTHINGS = (0.0, 0.01, 0.1, 1.0, 10.0)

#: Inputs of one training batch, in doubles.
_BATCH = 4_000_000


def samples(
    g: GaussianMixture, m: int, seeds: int, random: np.random.Generator
) -> tuple[Array, NDArray[np.intp]]:
    """As many of each label as of the others, up to one, so that no class is empty; the covariance
    is diagonal and shared.
    """
    y = np.tile(np.arange(m) % g.n_classes, (seeds, 1))
    normal = random.standard_normal((seeds, m, g.dimension))
    return g.means[y] + np.sqrt(np.diagonal(g.covariances[0])) * normal, y


def naive_bayes(x: Array, y: NDArray[np.intp], smoothing: float = 0.0) -> Array:
    """Gaussian naive Bayes with one variance for each feature, all raised by a share of the
    largest: rules (seeds, n_classes, d + 1), the last entry the bias.
    """
    of_class = [(y == k)[..., None] for k in range(int(y.max()) + 1)]
    means = [(x * side).sum(1) / side.sum(1) for side in of_class]
    residual = x - sum(side * mean[:, None] for side, mean in zip(of_class, means, strict=True))
    variance = (residual**2).sum(1) / (x.shape[1] - len(means))
    variance += smoothing * variance.max(axis=-1, keepdims=True)
    rules = []
    for side, mean in zip(of_class, means, strict=True):
        bias = np.log(side.mean(1)[:, 0]) - (mean**2 / variance).sum(-1) / 2
        rules.append(np.concatenate([mean / variance, bias[:, None]], axis=-1))
    return np.stack(rules, axis=1)


def logistic(
    backend: Backend, scale: bool, l2: float = FIXED_PENALTY
) -> Callable[[Array, NDArray[np.intp]], Array]:
    """Logistic regression in batches, on features as they are or scaled to variance 1."""

    def learn(x: Array, y: NDArray[np.intp]) -> Array:
        unit = x.std(axis=1, keepdims=True) if scale else np.ones((1, 1, 1))
        n = int(y.max()) + 1
        fit = train(
            "logistic",
            "linear",
            x / unit,
            y,
            n_classes=n,
            l2=l2,
            tolerance=1e-8 if l2 == FIXED_PENALTY else 1e-6,
            max_iterations=2000,
            backend=backend,
        )
        rules = fit.parameters.reshape(len(x), n, -1)
        rules[..., :-1] /= unit
        return rules

    return learn


def chosen(rules: dict[float, Array], x: Array, y: NDArray[np.intp]) -> Array:
    """Of the rules of each penalty, or smoothing, those that err least on a validation sample, the
    largest at a tie: seed by seed.

    >>> x, y = np.array([[[1.0], [-1.0]]]), np.array([[1, 0]])
    >>> right = np.array([[[-1.0, 0.0], [1.0, 0.0]]])
    >>> bool((chosen({0.1: right, 1.0: -right}, x, y) == right).all())
    True
    """
    table = [rules[l2] for l2 in sorted(rules, reverse=True)]
    missed = [
        ((x @ np.swapaxes(w[..., :-1], 1, 2) + w[:, None, :, -1]).argmax(-1) != y).mean(-1)
        for w in table
    ]
    best = np.argmin(missed, axis=0)
    return np.stack([table[k][i] for i, k in enumerate(best)])


def rule_errors(g: GaussianMixture, rules: Array) -> Array:
    """Error of the rules argmax_k w_k.x + b_k, one covariance: (k, n_classes, d + 1) to (k,).

    Exact for two labels. For more, the scores given a label are normal; along the principal axis of
    their differences the probability is exact, across it an average over 1024 scrambled Sobol
    points, the same for all rules.

    >>> from hconsist.studies.nb_vs_lr.designs import design
    >>> g = design("fixed", 4)
    >>> rule = np.array([[[0.0] * 5, [1.0, 1.0, 1.0, 1.0, 0.0]]])
    >>> bool(abs(rule_errors(g, rule)[0] - float(g.bayes_error())) < 1e-12)
    True
    """
    n = g.n_classes
    if n == 2:
        return linear_error(g, rules[:, 1] - rules[:, 0])
    from scipy.stats import qmc

    across = ndtri(np.clip(qmc.Sobol(n - 2, seed=0).random_base2(10), 1e-16, 1 - 1e-16))
    correct = np.zeros(len(rules))
    for y in range(n):
        # how far every rival is ahead of y, an offset plus root z for a standard normal z: right
        # where all are behind
        others = [k for k in range(n) if k != y]
        ahead = rules[:, others] - rules[:, [y]]
        w, offset = ahead[..., :-1], ahead[..., :-1] @ g.means[y] + ahead[..., -1]
        values, vectors = np.linalg.eigh(w @ g.covariances[0] @ np.swapaxes(w, 1, 2))
        root = vectors * np.sqrt(np.maximum(values, 0))[:, None, :]
        along = root[:, None, :, -1]
        rest = offset[:, None, :] + across @ np.swapaxes(root[..., :-1], 1, 2)
        with np.errstate(divide="ignore", invalid="ignore"):
            edge = -rest / along
        high = np.where(along > 0, edge, np.where((along == 0) & (rest > 0), -np.inf, np.inf)).min(
            axis=-1
        )
        low = np.where(along < 0, edge, -np.inf).max(axis=-1)
        correct += g.weights[y] * np.maximum(ndtr(high) - ndtr(low), 0).mean(axis=-1)
    return np.asarray(1 - correct)
