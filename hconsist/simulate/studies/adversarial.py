"""Robust error under an l2 ball, for linear scores, where the supremum is exact.

For two labels and f(x) = w.x + b the worst margin in a ball of radius r is ``y f(x) - r |w|``, and on a mixture with one
covariance the robust error of a rule is a normal probability. Plain logistic training is compared with training on the worst
margin and with the smooth adversarial comp-sum loss, which adds nu times the change of the margin, ``r |w|``, to the plain
loss.

Source: Mao, Mohri, Zhong, ICML 2023 (smooth adversarial comp-sum losses); Awasthi et al., AISTATS 2023.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, ndtr

from hconsist.distributions import GaussianMixture
from hconsist.simulate.backend import Backend
from hconsist.simulate.lbfgs import minimise
from hconsist.simulate.study import Cell, Row, Verdict

Array = NDArray[np.float64]


def distribution() -> GaussianMixture:
    """A strong feature and many weak ones, which an attack can turn."""
    mean = np.array([1.0] + [0.25] * 9)
    return GaussianMixture([0.5, 0.5], [-mean, mean], np.eye(10))


def robust_error(g: GaussianMixture, rule: Array, radius: float) -> Array:
    """Exact probability that a point of the ball is misclassified: rules (k, d + 1) to (k,).

    >>> g = GaussianMixture([0.5, 0.5], [[-1.0], [1.0]], [[1.0]])
    >>> robust_error(g, np.array([[1.0, 0.0]]), 0.5).round(4)
    array([0.3085])
    """
    w, b = rule[:, :-1], rule[:, -1]
    spread = np.sqrt(np.einsum("ki,ij,kj->k", w, g.covariances[0], w))
    reach = radius * np.linalg.norm(w, axis=1)
    low, high = (w @ g.means[y] + b for y in (0, 1))
    return np.asarray(g.weights[0] * ndtr((low + reach) / spread) + g.weights[1] * ndtr((reach - high) / spread))


def robust_logistic(x: Array, signs: Array, inside: float, outside: float, l2: float = 1e-3) -> Array:
    """Minimise the mean of ``softplus(-(y f(x) - inside |w|)) + outside |w|``: rules (k, d + 1) for samples (k, m, d).

    ``inside`` is the radius in the worst margin, or of a Wasserstein ball around the data; ``outside`` is nu times the radius.
    """
    design = np.concatenate([x, np.ones((*x.shape[:2], 1))], axis=-1)

    def objective(rule: Array, active: NDArray[np.int64]) -> tuple[Array, Array]:
        part, side = design[active], signs[active]
        w = rule[:, :-1]
        norm = np.sqrt((w * w).sum(1) + 1e-12)
        margin = np.einsum("kij,kj->ki", part, rule) * side - inside * norm[:, None]
        slope = -expit(-margin)
        value = np.logaddexp(0, -margin).mean(1) + outside * norm + l2 / 2 * (w * w).sum(1)
        gradient = np.einsum("ki,kij->kj", slope * side, part) / part.shape[1]
        pull = (outside - inside * slope.mean(1)) / norm + l2
        gradient[:, :-1] += pull[:, None] * w
        return value, gradient

    start = 0.01 * (design * signs[..., None]).mean(1)
    return np.asarray(minimise(objective, start, Backend(), tolerance=1e-6).parameters)


def cells(quick: bool) -> list[Cell]:
    """One cell a radius."""
    radii = (0.2, 0.5) if quick else (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6)
    return [{"radius": r, "samples": 200, "seeds": 5 if quick else 30} for r in radii]


def run(cell: Cell, random: np.random.Generator, backend: Backend) -> list[Row]:
    """One row for each method and seed: the exact robust error."""
    g, r, m = distribution(), cell["radius"], cell["samples"]
    samples = [g.sample(m, stream) for stream in random.spawn(cell["seeds"])]
    x, signs = np.stack([s[0] for s in samples]), np.stack([2.0 * s[1] - 1 for s in samples])
    methods = {
        "plain logistic": (0.0, 0.0),
        "worst margin": (r, 0.0),
        "smooth adversarial, nu = 1": (0.0, r),
        "smooth adversarial, nu = 1/2": (0.0, r / 2),
    }
    rows = []
    for method, (inside, outside) in methods.items():
        rules = robust_logistic(x, signs, inside, outside)
        robust, plain = robust_error(g, rules, r), robust_error(g, rules, 0.0)
        rows += [
            {"radius": r, "method": method, "seed": i, "robust_error": float(robust[i]), "error": float(plain[i])}
            for i in range(len(robust))
        ]
    return rows


def verdict(rows: Sequence[Row]) -> Verdict:
    """Mean robust errors with standard errors over seeds."""
    summary = []
    for r in dict.fromkeys(row["radius"] for row in rows):
        told = []
        for method in dict.fromkeys(row["method"] for row in rows):
            values = np.array([row["robust_error"] for row in rows if (row["radius"], row["method"]) == (r, method)])
            told.append(f"{method} {values.mean():.4f} +- {values.std(ddof=1) / np.sqrt(values.size):.4f}")
        summary.append(f"radius {r:g}: " + ", ".join(told))
    return Verdict("measured", tuple(summary))
