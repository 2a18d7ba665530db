"""Inputs with their label distributions, over which a risk on a Gaussian mixture is an average."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hconsist.distributions import Estimate, GaussianMixture, NoisyLabels
from hconsist.errors import InvalidInputError

Array = NDArray[np.float64]

#: Standard errors on either side of a mean: Student's t of 16 repeats at 0.01 / 4000, so that 2000
#: comparisons of two means each, one family, hold together with 99 % confidence.
SPREAD = 7.0


@dataclass(frozen=True)
class Population:
    """Independent randomised quasi-Monte Carlo rules for one distribution.

    Parameters
    ----------
    x : array (repeats, m, d)
    p : array (repeats, m, n_classes)
        Label distributions at the inputs, exact.
    weights : array (m,)
        The same in every repeat; they sum to 1.
    """

    x: Array
    p: Array
    weights: Array

    def mean(self, values: Array) -> tuple[Array, Array]:
        """Means over the inputs and their standard errors, from the spread over the repeats.

        Shapes: values (..., repeats, m); both results (...).
        """
        means = (values * self.weights).sum(-1)
        return means.mean(-1), means.std(-1, ddof=1) / math.sqrt(means.shape[-1])


def population(
    distribution: GaussianMixture | NoisyLabels,
    log2_points: int = 10,
    repeats: int = 8,
    seed: int = 0,
) -> Population:
    """Scrambled Sobol points through every component of the mixture.

    Parameters
    ----------
    distribution : GaussianMixture or NoisyLabels
    log2_points : int
        Of points for each component.
    repeats : int
        Independent scramblings, at least 2.
    seed : int

    Raises
    ------
    InvalidInputError
        For a distribution without inputs, or fewer than 2 repeats.

    Source: Owen, "Scrambled net variance for integrals of smooth functions", Annals of Statistics
    1997.

    Examples
    --------
    >>> g = GaussianMixture([0.5, 0.5], [[-1.0], [1.0]], [[1.0]])
    >>> nodes = population(g)
    >>> mean, error = nodes.mean(1 - nodes.p.max(-1))
    >>> bool(abs(mean - float(g.bayes_error())) < 4 * error)
    True
    """
    from scipy.stats import norm, qmc

    mixture = distribution.clean if isinstance(distribution, NoisyLabels) else distribution
    if not isinstance(mixture, GaussianMixture):
        raise InvalidInputError(
            "inputs need a Gaussian mixture", type(mixture).__name__, "use expectation instead"
        )
    if repeats < 2:
        raise InvalidInputError(
            "repeats must be >= 2", repeats, "the error is the spread over repeats"
        )
    size, n = 2**log2_points, mixture.n_classes
    x = np.empty((repeats, n * size, mixture.dimension))
    for r, stream in enumerate(np.random.default_rng(seed).spawn(repeats)):
        for y in range(n):
            sobol = qmc.Sobol(mixture.dimension, rng=stream).random_base2(log2_points)
            x[r, y * size : (y + 1) * size] = mixture.transform(
                y, norm.ppf(np.clip(sobol, 1e-16, 1 - 1e-16))
            )
    return Population(x, distribution.posterior(x), np.repeat(mixture.weights / size, size))


def estimate(values: Array, nodes: Population, spread: float = 3.0) -> Estimate:
    """A mean over the population as an `Estimate` with ``spread`` standard errors.

    >>> g = GaussianMixture([0.5, 0.5], [[-1.0], [1.0]], [[1.0]])
    >>> nodes = population(g)
    >>> float(estimate(np.ones(nodes.p.shape[:-1]), nodes))
    1.0
    """
    mean, error = nodes.mean(values)
    return Estimate(float(mean), spread * float(error), "randomised quasi-Monte Carlo")
