"""A distribution whose labels were flipped by a noise."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hconsist.distributions.base import Array, Distribution, Estimate
from hconsist.distributions.mixture import GaussianMixture
from hconsist.distributions.noise import LabelNoise
from hconsist.errors import InvalidInputError


@dataclass(frozen=True)
class NoisyLabels(Distribution):
    """A distribution whose labels are seen through noise; posteriors, risks and the Bayes error are
    those of the noisy labels.

    Parameters
    ----------
    clean : Distribution
    noise : LabelNoise

    Examples
    --------
    >>> g = GaussianMixture([0.5, 0.5], [[-1.0], [1.0]], [[1.0]])
    >>> from hconsist.distributions import UniformNoise
    >>> round(float(NoisyLabels(g, UniformNoise(0.1)).bayes_error()), 6)
    0.226924
    """

    clean: Distribution
    noise: LabelNoise

    def __post_init__(self) -> None:
        self.noise.check(self.clean)

    @property
    def n_classes(self) -> int:
        return self.clean.n_classes

    @property
    def label_probabilities(self) -> tuple[float, ...]:
        return tuple(
            float(self.expectation(lambda p, y=y: p[..., y]))  # type: ignore[misc]
            for y in range(self.n_classes)
        )

    def expectation(self, function: Callable[[Array], Array]) -> Estimate:
        return self.clean.expectation(lambda p: function(self.noise(p)))

    def bayes_error(self) -> Estimate:
        return self.noise.bayes_error(self.clean) or self.expectation(lambda p: 1 - p.max(axis=-1))

    def posterior(self, x: ArrayLike) -> Array:
        """Noisy p(y|x), for a clean Gaussian mixture: inputs (..., d) to (..., n_classes)."""
        return self.noise(self._mixture.posterior(x))

    def sample(self, size: int, seed: int | np.random.Generator) -> tuple[Array, NDArray[np.intp]]:
        """Inputs (size, d) and noisy labels (size,), for a clean Gaussian mixture."""
        random = np.random.default_rng(seed)
        x, _ = self._mixture.sample(size, random)
        cumulative = np.cumsum(self.posterior(x), axis=-1)[:, :-1]
        return x, np.asarray((random.random((size, 1)) > cumulative).sum(axis=-1))

    @property
    def _mixture(self) -> GaussianMixture:
        if not isinstance(self.clean, GaussianMixture):
            raise InvalidInputError(
                "inputs need a Gaussian mixture",
                type(self.clean).__name__,
                "use expectation instead",
            )
        return self.clean
