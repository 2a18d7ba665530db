"""Distributions on which the need of naive Bayes is known, and that need."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import brentq
from scipy.special import ndtr, ndtri

from hconsist.distributions import GaussianMixture

#: Excess error at which the sample size is read off.
LEVEL = 0.02

#: Deviation of an estimated mean, in standard deviations, and the probability that some mean may be
#: farther off.
DEVIATION, FAILURE = 0.5, 0.1

#: Where every climb through the sample sizes begins; they grow by sqrt(2).
SMALLEST = 8

NAIVE, TUNED_NAIVE, LOGISTIC, SCALED, TUNED, TUNED_SCALED, MEANS = (
    "naive Bayes",
    "naive Bayes, tuned",
    "logistic regression",
    "logistic regression, scaled",
    "logistic regression, tuned",
    "logistic regression, scaled and tuned",
    "class means, sup norm",
)

#: What the two laws ask of naive Bayes.
LAWS: dict[str, Callable[[int], float]] = {
    "log": lambda d: 4 * math.log2(d),
    "root": lambda d: 4 * math.sqrt(d),
}


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
