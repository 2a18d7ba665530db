"""Named Gaussian mixtures that several studies share."""

from __future__ import annotations

import numpy as np

from hconsist.distributions import ClassNoise, GaussianMixture, MassartNoise, NoisyLabels, UniformNoise

NAMES = ("two labels", "three labels", "three labels, uniform noise", "two labels, Massart noise", "three labels, pair noise")


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
