"""How many samples do naive Bayes and logistic regression need as the dimension grows?

All labels share one diagonal covariance, so every linear rule has its error in closed form (two
labels) or as a normal probability in score space. A learner's need is the smallest sample size
whose mean excess error over the Bayes error is at most `LEVEL`. Designs:

========== =======================================================================================
``log``    the signal on half of the coordinates, of variance 1; the others are noise of variance d.
           The separation is that at which `predicted_error` gives naive Bayes a need of
           ``4 log2(d)``; that of logistic regression is at least d / 2.
``root``   the same for a need of ``4 sqrt(d)``.
``fixed``  means 2 apart, evenly over d coordinates of variance 1: no learner at all needs less than
           a multiple of d.
``sup``    no rule at all: the largest deviation of the 2 d estimated class means, in standard
           deviations, which is what the published O(log d) controls. The need is the sample size
           whose 90 % quantile is at most `DEVIATION`.
``paper``  K labels, class 0 at -1, class k at 2^(k-1) times the ones vector, variances d and 1 on
           halves of the coordinates: a separation that grows like sqrt(d).
========== =======================================================================================

The proofs are in the documentation, "Naive Bayes against logistic regression".

Source: Ng, Jordan, NIPS 2001; Zheng et al., "Revisiting discriminative vs. generative classifiers",
ICML 2023.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import brentq
from scipy.special import ndtr, ndtri

from hconsist.distributions import GaussianMixture
from hconsist.simulate.backend import Backend
from hconsist.simulate.studies.mixtures import linear_error
from hconsist.simulate.study import Cell, Row, Verdict
from hconsist.simulate.training import train

Array = NDArray[np.float64]

#: Excess error at which the sample size is read off.
LEVEL = 0.02
#: Deviation of an estimated mean, in standard deviations, and the probability that some mean may be
#: farther off.
DEVIATION, FAILURE = 0.5, 0.1
#: Where every climb through the sample sizes begins; they grow by sqrt(2).
SMALLEST = 8
NAIVE, LOGISTIC, SCALED, MEANS = (
    "naive Bayes",
    "logistic regression",
    "logistic regression, scaled",
    "class means, sup norm",
)
#: What the two laws ask of naive Bayes.
LAWS: dict[str, Callable[[int], float]] = {
    "log": lambda d: 4 * math.log2(d),
    "root": lambda d: 4 * math.sqrt(d),
}
#: Inputs of one training batch, in doubles.
_BATCH = 4_000_000


def design(name: str, d: int, classes: int = 2) -> GaussianMixture:
    """The distribution of a design in d dimensions, d even.

    >>> [round(float(design(name, 10).bayes_error()), 4) for name in ("paper", "fixed")]
    [0.0095, 0.1587]
    """
    ones, noisy = np.ones(d), np.array([float(d)] * (d // 2) + [1.0] * (d - d // 2))
    if name == "paper":
        places = [-1.0, *(2.0**k for k in range(classes - 1))]
        return GaussianMixture([1 / classes] * classes, np.outer(places, ones), np.diag(noisy))
    half = ones / math.sqrt(d)
    if name in LAWS:
        half = separation(d, LAWS[name](d)) / 2 * (noisy == 1) / math.sqrt(d - d // 2)
        return GaussianMixture([0.5, 0.5], [-half, half], np.diag(noisy))
    return GaussianMixture([0.5, 0.5], [-half, half], np.eye(d))


def predicted_error(signal: ArrayLike, m: float) -> float:
    """The error of naive Bayes after m / 2 samples of each of two labels, to the accuracy of the
    central limit theorem in d.

    Parameters
    ----------
    signal : array (d,)
        Half the difference of the class means, in standard deviations of every feature.
    m : float
        More than 6: below, estimated variances have reciprocals of infinite variance.

    With ``s^2 = sum signal^2``, ``q = sum signal^4`` and ``r = (m - 4) / (m - 6)`` (from the
    estimated variances; 1 were they known) the discriminant of a new point has mean ``s^2`` and
    variance ``V = r ((1 + 1/m)(s^2 + d/m) + s^2/m + q) - q``, in units of the mean weight, exactly;
    the error is ``Phi(-s^2 / sqrt(V))``.

    >>> signal = np.full(100, 0.1)
    >>> round(predicted_error(signal, 100), 4), round(predicted_error(signal, 1e9), 4)
    (0.2437, 0.1587)
    """
    squares = np.asarray(signal, dtype=float) ** 2
    s2, q, ratio = float(squares.sum()), float((squares**2).sum()), (m - 4) / (m - 6)
    variance = ratio * ((1 + 1 / m) * (s2 + squares.size / m) + s2 / m + q) - q
    return float(ndtr(-s2 / math.sqrt(variance)))


def separation(d: int, need: float) -> float:
    """The distance of the class means at which naive Bayes needs that many samples, with the signal
    on half of d coordinates.

    >>> round(separation(64, 48), 2)
    4.26
    """

    def excess(half: float) -> float:
        signal = np.full(d - d // 2, half / math.sqrt(d - d // 2))
        return predicted_error(np.r_[signal, np.zeros(d // 2)], need) - float(ndtr(-half)) - LEVEL

    # the excess rises and falls as the separation grows; the laws ask for the larger of the two
    # separations
    grid = np.linspace(0.5, 4 * d**0.25 + 4, 200)
    last = int(np.flatnonzero([excess(h) > 0 for h in grid])[-1])
    return 2 * float(brentq(excess, grid[last], grid[last + 1]))


def predicted_need(name: str, d: int) -> float:
    """The need of naive Bayes, or that of the class means for ``sup``; nan where it is at most
    `SMALLEST`.

    >>> [round(predicted_need(name, 64)) for name in ("log", "fixed", "sup")]
    [24, 381, 90]
    """
    if name == "sup":
        return 2 * (float(ndtri((1 + (1 - FAILURE) ** (1 / (2 * d))) / 2)) / DEVIATION) ** 2
    g = design(name, d)
    signal = (g.means[1] - g.means[0]) / 2 / np.sqrt(np.diagonal(g.covariances[0]))
    level = float(g.bayes_error()) + LEVEL
    if predicted_error(signal, SMALLEST) <= level:
        return float("nan")
    return float(
        np.exp(
            brentq(
                lambda t: predicted_error(signal, math.exp(t)) - level,
                math.log(SMALLEST),
                math.log(1e9),
            )
        )
    )


def cells(quick: bool) -> list[Cell]:
    """Every design and dimension."""

    def grid(
        name: str, dimensions: Sequence[int], seeds: int, limit: int, classes: int = 2
    ) -> list[Cell]:
        return [
            {"design": name, "classes": classes, "d": d, "seeds": seeds, "limit": limit}
            for d in dimensions
        ]

    if quick:
        plain = [
            *grid("fixed", (4, 8, 16), 8, 256),
            *grid("log", (16, 32, 64), 8, 256),
            *grid("sup", (16, 64, 256), 40, 256),
        ]
        return [*plain, *grid("paper", (4, 16), 8, 256), *grid("paper", (4, 8), 4, 256, classes=3)]
    laws = []
    for name in ("log", "root", "fixed"):
        laws += [*grid(name, (16, 32, 64, 128), 40, 8192), *grid(name, (256, 512), 20, 8192)]
        laws += grid(name, (1024,) if name != "fixed" else (), 10, 8192)
    paper = [
        cell
        for k in (2, 3, 5, 7)
        for cell in grid("paper", (4, 8, 16, 32, 64), 20, 2048, classes=k)
    ]
    return [*laws, *grid("sup", (16, 32, 64, 128, 256, 512, 1024, 2048), 400, 8192), *paper]


def sizes(classes: int, limit: int) -> list[int]:
    """Even sample sizes up to the limit, growing by sqrt(2), at least two of every class.

    >>> sizes(2, 64)
    [8, 12, 16, 22, 32, 46, 64]
    """
    steps = range(2 * int(math.log2(limit / SMALLEST)) + 1)
    return [
        m for m in (2 * round(SMALLEST / 2 * math.sqrt(2) ** k) for k in steps) if m >= 2 * classes
    ]


def run(cell: Cell, random: np.random.Generator, backend: Backend) -> list[Row]:
    """One row for each sample size, seed and learner; a learner climbs until two sizes in a row
    meet the level.
    """
    if cell["design"] == "sup":
        return _deviations(cell, random)
    g = design(cell["design"], cell["d"], cell["classes"])
    bayes, rows = float(g.bayes_error()), []
    learners = {
        NAIVE: naive_bayes,
        LOGISTIC: _logistic(backend, scale=False),
        SCALED: _logistic(backend, scale=True),
    }
    met = dict.fromkeys(learners, 0)
    tried = sizes(g.n_classes, cell["limit"])
    for m, stream in zip(tried, random.spawn(len(tried)), strict=True):
        climbing = [learner for learner in learners if met[learner] < 2]
        if not climbing:
            break
        errors: dict[str, list[float]] = {learner: [] for learner in climbing}
        chunk = max(1, min(cell["seeds"], _BATCH // (m * cell["d"])))
        for start in range(0, cell["seeds"], chunk):
            x, y = _samples(g, m, min(chunk, cell["seeds"] - start), stream)
            for learner in climbing:
                errors[learner] += rule_errors(g, learners[learner](x, y)).tolist()
        for learner, values in errors.items():
            met[learner] = met[learner] + 1 if np.mean(values) - bayes <= LEVEL else 0
            rows += [_row(cell, m, i, learner, error, bayes) for i, error in enumerate(values)]
    return rows


def _row(cell: Cell, m: int, seed: int, learner: str, error: float, bayes: float) -> Row:
    return {
        "design": cell["design"],
        "classes": cell["classes"],
        "d": cell["d"],
        "m": m,
        "seed": seed,
        "learner": learner,
        "error": error,
        "bayes_error": bayes,
    }


def _deviations(cell: Cell, random: np.random.Generator) -> list[Row]:
    """The largest of 2 d deviations of running class means, at every size, from samples of standard
    normal features.
    """
    tried = [m for m in sizes(2, cell["limit"]) if m <= 8 * predicted_need("sup", cell["d"])]
    rows = []
    for i, stream in enumerate(random.spawn(cell["seeds"])):
        sums, seen = np.zeros(2 * cell["d"]), 0
        for m in tried:
            sums += stream.standard_normal((m // 2 - seen, 2 * cell["d"])).sum(0)
            seen = m // 2
            rows.append(_row(cell, m, i, MEANS, float(np.abs(sums / seen).max()), 0.0))
    return rows


def _samples(
    g: GaussianMixture, m: int, seeds: int, random: np.random.Generator
) -> tuple[Array, NDArray[np.intp]]:
    """As many of each label as of the others, up to one, so that no class is empty; the covariance
    is diagonal and shared.
    """
    y = np.tile(np.arange(m) % g.n_classes, (seeds, 1))
    normal = random.standard_normal((seeds, m, g.dimension))
    return g.means[y] + np.sqrt(np.diagonal(g.covariances[0])) * normal, y


def naive_bayes(x: Array, y: NDArray[np.intp]) -> Array:
    """Gaussian naive Bayes with one variance for each feature: rules (seeds, n_classes, d + 1), the
    last entry the bias.
    """
    of_class = [(y == k)[..., None] for k in range(int(y.max()) + 1)]
    means = [(x * side).sum(1) / side.sum(1) for side in of_class]
    residual = x - sum(side * mean[:, None] for side, mean in zip(of_class, means, strict=True))
    variance = (residual**2).sum(1) / (x.shape[1] - len(means))
    rules = []
    for side, mean in zip(of_class, means, strict=True):
        bias = np.log(side.mean(1)[:, 0]) - (mean**2 / variance).sum(-1) / 2
        rules.append(np.concatenate([mean / variance, bias[:, None]], axis=-1))
    return np.stack(rules, axis=1)


def _logistic(backend: Backend, scale: bool) -> Callable[[Array, NDArray[np.intp]], Array]:
    def learn(x: Array, y: NDArray[np.intp]) -> Array:
        unit = x.std(axis=1, keepdims=True) if scale else np.ones((1, 1, 1))
        n = int(y.max()) + 1
        fit = train(
            "logistic",
            "linear",
            x / unit,
            y,
            n_classes=n,
            l2=1e-3,
            tolerance=1e-8,
            max_iterations=2000,
            backend=backend,
        )
        rules = fit.parameters.reshape(len(x), n, -1)
        rules[..., :-1] /= unit
        return rules

    return learn


def rule_errors(g: GaussianMixture, rules: Array) -> Array:
    """Error of the rules argmax_k w_k.x + b_k, one covariance: (k, n_classes, d + 1) to (k,).

    Exact for two labels. For more, the scores given a label are normal; along the principal axis of
    their differences the probability is exact, across it an average over 1024 scrambled Sobol
    points, the same for all rules.

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


def need(rows: Sequence[Row]) -> float:
    """The sample size at which the mean excess (of ``sup``: the quantile) meets its level,
    log-linear between sizes.

    The smallest size where already that is enough; nan where none is.
    """
    tried = sorted({row["m"] for row in rows})
    values = [
        np.array([row["error"] - row["bayes_error"] for row in rows if row["m"] == m])
        for m in tried
    ]
    return _need(tried, values, rows[0]["learner"])


def _need(tried: Sequence[int], values: Sequence[Array], learner: str) -> float:
    means = learner == MEANS
    level = DEVIATION if means else LEVEL
    reached = [float(np.quantile(v, 1 - FAILURE)) if means else float(v.mean()) for v in values]
    for i, value in enumerate(reached):
        if value <= level:
            if i == 0:
                return float(tried[0])
            share = (np.log(reached[i - 1]) - np.log(level)) / (
                np.log(reached[i - 1]) - np.log(max(value, 1e-12))
            )
            return float(
                np.exp(np.log(tried[i - 1]) + share * (np.log(tried[i]) - np.log(tried[i - 1])))
            )
    return float("nan")


@dataclass(frozen=True)
class Growth:
    """How the need of one learner in one design grows, with 95 % intervals from the bootstrap over
    seeds.

    Parameters
    ----------
    needs : dict
        Dimension to need; nan where more than the largest size tried, or at most the smallest.
    power : tuple of three floats
        The slope of log need against log d with its interval: 1 for Theta(d), towards 0 for
        Theta(log d).
    logarithmic, linear : tuple of three floats
        b in ``need = a + b log2(d)`` and in ``need = a + b d``, by least squares of relative
        errors.
    misfit : tuple of three floats
        Root mean square relative residual of the fits: power, logarithmic, linear.
    better : float
        The share of resamples in which the logarithmic fit is better than the linear one.
    """

    needs: dict[int, float]
    power: tuple[float, float, float]
    logarithmic: tuple[float, float, float]
    linear: tuple[float, float, float]
    misfit: tuple[float, float, float]
    better: float


def growth(rows: Sequence[Row], resamples: int = 200) -> Growth | None:
    """The growth of one learner's need in one design; None with fewer than three needs."""
    learner = rows[0]["learner"]
    table: dict[int, dict[int, list[float]]] = {}
    for row in rows:
        table.setdefault(row["d"], {}).setdefault(row["m"], []).append(
            row["error"] - row["bayes_error"]
        )
    samples = {
        d: (sorted(by), [np.array(by[m]) for m in sorted(by)]) for d, by in sorted(table.items())
    }
    random = np.random.default_rng(0)

    def measured(resample: bool) -> dict[int, float]:
        found = {}
        for d, (tried, values) in samples.items():
            chosen = [v[random.integers(v.size, size=v.size)] if resample else v for v in values]
            value = _need(tried, chosen, learner)
            found[d] = value if value > tried[0] else float("nan")
        return found

    needs = measured(resample=False)
    if sum(np.isfinite(v) for v in needs.values()) < 3:
        return None
    first = _fit(needs)
    draws = [
        _fit(found)
        for found in (measured(resample=True) for _ in range(resamples))
        if _usable(found) >= 3
    ]
    slopes = np.array([d[0] for d in draws])
    low, high = np.quantile(slopes, [0.025, 0.975], axis=0)
    power, logarithmic, linear = (
        (float(first[0][i]), float(low[i]), float(high[i])) for i in range(3)
    )
    better = float(np.mean([d[1][1] < d[1][2] for d in draws]))
    return Growth(needs, power, logarithmic, linear, first[1], better)


def _usable(needs: dict[int, float]) -> int:
    return sum(bool(np.isfinite(v)) for v in needs.values())


def _fit(needs: dict[int, float]) -> tuple[tuple[float, float, float], tuple[float, float, float]]:
    """Slopes and misfits of the power, logarithmic and linear laws."""
    d, m = np.array([(k, v) for k, v in needs.items() if np.isfinite(v)]).T
    slopes, misfits = [], []
    slope, start = np.polyfit(np.log(d), np.log(m), 1)
    slopes.append(float(slope))
    misfits.append(float(np.sqrt(np.mean((np.exp(start) * d**slope / m - 1) ** 2))))
    for g in (np.log2(d), d):
        basis = np.stack([np.ones_like(g), g], axis=1) / m[:, None]
        coefficients, *_ = np.linalg.lstsq(basis, np.ones_like(m), rcond=None)
        slopes.append(float(coefficients[1]))
        misfits.append(float(np.sqrt(np.mean((basis @ coefficients - 1) ** 2))))
    return (slopes[0], slopes[1], slopes[2]), (misfits[0], misfits[1], misfits[2])


def groups(rows: Sequence[Row]) -> dict[tuple[str, int, str], list[Row]]:
    """Rows by design, number of classes and learner."""
    found: dict[tuple[str, int, str], list[Row]] = {}
    for row in rows:
        found.setdefault((row["design"], row["classes"], row["learner"]), []).append(row)
    return found


def verdict(rows: Sequence[Row]) -> Verdict:
    """Needs, and slopes with intervals; nothing is claimed of them beforehand."""
    summary = []
    for (name, classes, learner), group in groups(rows).items():
        smallest = min(row["m"] for row in group)
        parts = {
            d: [row for row in group if row["d"] == d] for d in sorted({row["d"] for row in group})
        }
        told = []
        for d, part in parts.items():
            value = need(part)
            text = (
                "more"
                if not np.isfinite(value)
                else f"at most {value:.0f}"
                if value <= smallest
                else f"{value:.0f}"
            )
            if (
                learner in (NAIVE, MEANS)
                and name != "paper"
                and np.isfinite(predicted := predicted_need(name, d))
            ):
                text += f" (predicted {predicted:.0f})"
            told.append(f"{d}: {text}")
        labels = f", {classes} labels" if classes > 2 else ""
        line = f"{name}{labels}, {learner}: "
        found = growth(group)
        if found:
            line += (
                f"need ~ d^{found.power[0]:.2f} (95 % interval {found.power[1]:.2f} to "
                f"{found.power[2]:.2f}) "
                f"misses by {found.misfit[0]:.1%}, {_told(found.logarithmic)} log2 d by "
                f"{found.misfit[1]:.1%}, "
                f"{_told(found.linear)} d by {found.misfit[2]:.1%} "
                f"(log2 d is better than d in {found.better:.0%} of resamples); "
            )
        summary.append(line + ", ".join(told))
    return Verdict("measured", tuple(summary))


def _told(slope: tuple[float, float, float]) -> str:
    return "a + {:.3g} ({:.3g} to {:.3g})".format(*slope)
