"""How many samples do naive Bayes and logistic regression need as the dimension grows?

Two labels with one covariance, so every linear rule has its error in closed form. Design ``growing`` is that of the paper:
means -1 and +1 times the ones vector, variances d and 1 on halves of the coordinates; its separation grows with d. Design
``fixed`` spreads a separation of 2 evenly over d coordinates of variance 1. A learner's need is the smallest sample size
whose mean excess error over the Bayes error is at most 0.02; its slope in log d is 1 for O(d) and tends to 0 for O(log d).

Source: Ng, Jordan, NIPS 2001; Zheng et al., "Revisiting discriminative vs. generative classifiers", ICML 2023.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from hconsist.distributions import GaussianMixture
from hconsist.simulate.backend import Backend
from hconsist.simulate.study import Cell, Row, Verdict
from hconsist.simulate.training import train

Array = NDArray[np.float64]

#: Excess error at which the sample size is read off.
LEVEL = 0.02
SIZES = (16, 32, 64, 128, 256, 512, 1024)


def design(name: str, d: int) -> GaussianMixture:
    """The distribution of a design in d dimensions, d even.

    >>> round(float(design("growing", 10).bayes_error()), 4), round(float(design("fixed", 10).bayes_error()), 4)
    (0.0095, 0.1587)
    """
    if name == "growing":
        variances = np.array([float(d)] * (d // 2) + [1.0] * (d - d // 2))
        return GaussianMixture([0.5, 0.5], [[-1.0] * d, [1.0] * d], np.diag(variances))
    return GaussianMixture([0.5, 0.5], [[-1 / np.sqrt(d)] * d, [1 / np.sqrt(d)] * d], np.eye(d))


def cells(quick: bool) -> list[Cell]:
    """Every design and dimension."""
    dimensions = (4, 8, 16) if quick else (4, 8, 16, 32, 64)
    return [
        {"design": name, "d": d, "seeds": 10 if quick else 40, "sizes": list(SIZES[:5] if quick else SIZES)}
        for name in ("growing", "fixed")
        for d in dimensions
    ]


def run(cell: Cell, random: np.random.Generator, backend: Backend) -> list[Row]:
    """One row for each sample size, seed and learner."""
    g = design(cell["design"], cell["d"])
    bayes, rows = float(g.bayes_error()), []
    for m in cell["sizes"]:
        x, y = _samples(g, m, cell["seeds"], random)
        fit = train("logistic", "linear", x, y, n_classes=2, l2=1e-3, tolerance=1e-5, max_iterations=200, backend=backend)
        weights = fit.parameters.reshape(len(x), 2, -1)
        rules = {"logistic regression": weights[:, 1] - weights[:, 0], "naive Bayes": naive_bayes(x, y)}
        for learner, rule in rules.items():
            errors = linear_error(g, rule)
            rows += [
                {
                    "design": cell["design"],
                    "d": cell["d"],
                    "m": m,
                    "seed": i,
                    "learner": learner,
                    "error": float(errors[i]),
                    "bayes_error": bayes,
                }
                for i in range(len(x))
            ]
    return rows


def _samples(g: GaussianMixture, m: int, seeds: int, random: np.random.Generator) -> tuple[Array, NDArray[np.intp]]:
    """m / 2 of each label, so that no class is empty."""
    y = np.tile(np.arange(m) % 2, (seeds, 1))
    normal = random.standard_normal((seeds, m, g.dimension))
    x = np.where(y[..., None] == 1, g.transform(1, normal), g.transform(0, normal))
    return x, y


def naive_bayes(x: Array, y: NDArray[np.intp]) -> Array:
    """Gaussian naive Bayes with one variance for each feature: the rule w.x + b > 0 as (seeds, d + 1)."""
    one = (y == 1)[..., None]
    means = [(x * side).sum(1) / side.sum(1) for side in (~one, one)]
    centred = x - np.where(one, means[1][:, None], means[0][:, None])
    variance = (centred**2).sum(1) / (x.shape[1] - 2)
    w = (means[1] - means[0]) / variance
    b = -(w * (means[0] + means[1]) / 2).sum(-1) + np.log(one.mean(1)[:, 0] / (1 - one.mean(1)[:, 0]))
    return np.concatenate([w, b[:, None]], axis=-1)


def linear_error(g: GaussianMixture, rule: Array) -> Array:
    """Exact error of the rules w.x + b > 0 for label 1: (k, d + 1) to (k,).

    >>> g = design("fixed", 4)
    >>> bool(abs(linear_error(g, np.array([[1.0, 1.0, 1.0, 1.0, 0.0]]))[0] - float(g.bayes_error())) < 1e-12)
    True
    """
    w, b = rule[:, :-1], rule[:, -1]
    spread = np.sqrt(np.einsum("ki,ij,kj->k", w, g.covariances[0], w))
    low, high = (w @ g.means[y] + b for y in (0, 1))
    return np.asarray(g.weights[0] * ndtr(low / spread) + g.weights[1] * ndtr(-high / spread))


def need(rows: Sequence[Row]) -> float:
    """The sample size at which the mean excess falls to the level, between sizes by log-linear interpolation; nan if never."""
    sizes = sorted({row["m"] for row in rows})
    excess = [np.mean([row["error"] - row["bayes_error"] for row in rows if row["m"] == m]) for m in sizes]
    for i, value in enumerate(excess):
        if value <= LEVEL:
            if i == 0:
                return float(sizes[0])
            share = (np.log(excess[i - 1]) - np.log(LEVEL)) / (np.log(excess[i - 1]) - np.log(max(value, 1e-12)))
            return float(np.exp(np.log(sizes[i - 1]) + share * (np.log(sizes[i]) - np.log(sizes[i - 1]))))
    return float("nan")


def slope(rows: Sequence[Row], resamples: int = 100) -> tuple[float, float, float]:
    """The slope of log need against log d, with a 95 % interval from the bootstrap over seeds; nan without two needs."""
    dimensions, seeds = sorted({row["d"] for row in rows}), sorted({row["seed"] for row in rows})
    sizes = sorted({row["m"] for row in rows})
    table = {(row["d"], row["m"], row["seed"]): row["error"] - row["bayes_error"] for row in rows}
    excess = np.array([[[table[d, m, s] for s in seeds] for m in sizes] for d in dimensions])
    random = np.random.default_rng(0)

    def fitted(chosen: NDArray[np.int64]) -> float:
        points = []
        for d, part in zip(dimensions, excess[:, :, chosen].mean(-1), strict=True):
            fake = [{"m": m, "error": e, "bayes_error": 0.0} for m, e in zip(sizes, part, strict=True)]
            points.append((np.log(d), np.log(need(fake))))
        usable = np.array([point for point in points if np.isfinite(point[1])])
        return float(np.polyfit(usable[:, 0], usable[:, 1], 1)[0]) if len(usable) > 1 else float("nan")

    draws = [fitted(random.integers(len(seeds), size=len(seeds))) for _ in range(resamples)]
    low, high = np.nanquantile(draws, [0.025, 0.975])
    return fitted(np.arange(len(seeds))), float(low), float(high)


def verdict(rows: Sequence[Row]) -> Verdict:
    """Slopes with intervals; nothing is claimed of them beforehand.

    At a fixed separation spread over all coordinates the errors of the d estimated means add up to d / m, for naive Bayes too.
    """
    summary = []
    for name, learner in dict.fromkeys((row["design"], row["learner"]) for row in rows):
        group = [row for row in rows if (row["design"], row["learner"]) == (name, learner)]
        if len({row["d"] for row in group}) < 2:
            continue
        needs = {d: need([row for row in group if row["d"] == d]) for d in sorted({row["d"] for row in group})}
        value, low, high = slope(group)
        smallest = min(row["m"] for row in group)
        told = ", ".join(
            f"{d}: more" if not np.isfinite(m) else f"{d}: at most {m:.0f}" if m <= smallest else f"{d}: {m:.0f}"
            for d, m in needs.items()
        )
        summary.append(f"{name}, {learner}: need ~ d^{value:.2f} (95 % interval {low:.2f} to {high:.2f}); {told}")
    return Verdict("measured", tuple(summary))
