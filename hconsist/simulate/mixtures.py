"""What several studies share: named Gaussian mixtures, and the exact error of a linear rule."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from hconsist.distributions import (
    ClassNoise,
    GaussianMixture,
    MassartNoise,
    NoisyLabels,
    UniformNoise,
)

Array = NDArray[np.float64]

NAMES = (
    "two labels",
    "three labels",
    "three labels, uniform noise",
    "two labels, Massart noise",
    "three labels, pair noise",
)


def mixture(name: str) -> GaussianMixture | NoisyLabels:
    """The distribution of a name, in the plane.

    >>> mixture("two labels").n_classes
    2
    """
    two = GaussianMixture([0.5, 0.5], [[-0.7, 0.0], [0.7, 0.3]], [[1.0, 0.3], [0.3, 1.0]])
    angles = 2 * np.pi * np.arange(3) / 3
    spreads = np.stack([np.eye(2) * v for v in (1, 0.5, 1.5)])
    three = GaussianMixture([0.4, 0.3, 0.3], np.c_[np.cos(angles), np.sin(angles)] * 1.2, spreads)
    named: dict[str, GaussianMixture | NoisyLabels] = {
        "two labels": two,
        "three labels": three,
        "three labels, uniform noise": NoisyLabels(three, UniformNoise(0.3)),
        "two labels, Massart noise": NoisyLabels(two, MassartNoise(0.4)),
        "three labels, pair noise": NoisyLabels(three, ClassNoise.pairs(3, 0.3)),
    }
    return named[name]


def linear_error(g: GaussianMixture, rule: Array, radius: float = 0.0) -> Array:
    """Exact error of the rules w.x + b > 0 for label 1, two labels of one covariance: (k, d + 1) to
    (k,).

    With a radius, the probability that some point of the l2 ball around x is misclassified.

    >>> g = GaussianMixture([0.5, 0.5], [[-1.0], [1.0]], [[1.0]])
    >>> rule = np.array([[1.0, 0.0]])
    >>> linear_error(g, rule).round(4), linear_error(g, rule, 0.5).round(4)
    (array([0.1587]), array([0.3085]))
    """
    w, b = rule[:, :-1], rule[:, -1]
    spread = np.sqrt(((w @ g.covariances[0]) * w).sum(axis=1))
    reach = radius * np.linalg.norm(w, axis=1)
    low, high = (w @ g.means[y] + b for y in (0, 1))
    return np.asarray(
        g.weights[0] * ndtr((low + reach) / spread) + g.weights[1] * ndtr((reach - high) / spread)
    )
