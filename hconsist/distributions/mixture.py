"""Gaussian mixtures: a Gaussian for each label, and averages over its law of p(.|x)."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hconsist.distributions.base import Array, Distribution, Estimate
from hconsist.errors import InvalidInputError


@dataclass(frozen=True)
class GaussianMixture(Distribution):
    """Label y with probability weights[y], then x ~ N(means[y], covariances[y]) in R^d.

    Parameters
    ----------
    weights : (n,) array, positive, sum 1
    means : (n, d) array
    covariances : (n, d, d) array, or one (d, d) array shared by all labels
        Symmetric and positive definite.

    Raises
    ------
    InvalidInputError

    Examples
    --------
    >>> g = GaussianMixture([0.5, 0.5], [[-1.0], [1.0]], [[1.0]])
    >>> g.posterior([[0.0], [1.0]]).round(4)
    array([[0.5   , 0.5   ],
           [0.1192, 0.8808]])
    >>> round(float(g.bayes_error()), 6)
    0.158655
    """

    weights: Array
    means: Array
    covariances: Array
    _factors: Array = field(repr=False, compare=False, default_factory=lambda: np.zeros(0))

    def __init__(self, weights: ArrayLike, means: ArrayLike, covariances: ArrayLike) -> None:
        w, m, c = (np.asarray(v, dtype=float) for v in (weights, means, covariances))
        if w.ndim != 1 or w.size < 2 or not np.all(w > 0) or abs(w.sum() - 1) > 1e-12:
            raise InvalidInputError(
                "weights must be at least two positive numbers that sum to 1",
                w.tolist(),
                "pass [0.5, 0.5]",
            )
        if m.ndim != 2 or m.shape[0] != w.size or not np.all(np.isfinite(m)):
            raise InvalidInputError(
                f"means must be a finite array of shape ({w.size}, d)",
                f"shape {m.shape}",
                "one row a label",
            )
        if c.ndim == 2:
            c = np.broadcast_to(c, (w.size, *c.shape))
        d = m.shape[1]
        if c.shape != (w.size, d, d) or not np.all(np.isfinite(c)):
            raise InvalidInputError(
                f"covariances must have shape ({d}, {d}) or ({w.size}, {d}, {d})",
                f"shape {c.shape}",
                "pass np.eye(d)",
            )
        if not np.allclose(c, np.swapaxes(c, -1, -2), rtol=1e-12, atol=0):
            raise InvalidInputError(
                "covariances must be symmetric", c.tolist(), "pass (c + c.T) / 2"
            )
        try:
            factors = np.linalg.cholesky(c)
        except np.linalg.LinAlgError:
            raise InvalidInputError(
                "covariances must be positive definite", c.tolist(), "pass np.eye(d)"
            ) from None
        for name, value in (
            ("weights", w),
            ("means", m),
            ("covariances", c),
            ("_factors", factors),
        ):
            value = np.array(value)
            value.flags.writeable = False
            object.__setattr__(self, name, value)

    @property
    def n_classes(self) -> int:
        return int(self.weights.size)

    @property
    def dimension(self) -> int:
        """Of the inputs."""
        return int(self.means.shape[1])

    @property
    def label_probabilities(self) -> tuple[float, ...]:
        return tuple(float(w) for w in self.weights)

    @property
    def shared_covariance(self) -> bool:
        """Whether all labels have the same covariance."""
        return bool(np.all(self.covariances == self.covariances[0]))

    def log_joint(self, x: ArrayLike) -> Array:
        """``log P(y) + log density(x | y)``: inputs (..., d) to (..., n_classes)."""
        points = np.asarray(x, dtype=float)
        if points.shape[-1:] != (self.dimension,):
            raise InvalidInputError(
                f"x must have shape (..., {self.dimension})",
                f"shape {points.shape}",
                "features come last",
            )
        centred = points[..., None, :] - self.means
        whitened = np.linalg.solve(self._factors, centred[..., None])[..., 0]
        log_det = np.log(np.diagonal(self._factors, axis1=-2, axis2=-1)).sum(-1)
        constant = np.log(self.weights) - log_det - self.dimension / 2 * math.log(2 * math.pi)
        return np.asarray(constant - (whitened**2).sum(-1) / 2)

    def posterior(self, x: ArrayLike) -> Array:
        """p(y|x): inputs (..., d) to (..., n_classes)."""
        joint = self.log_joint(x)
        weights = np.exp(joint - joint.max(axis=-1, keepdims=True))
        return np.asarray(weights / weights.sum(axis=-1, keepdims=True))

    def transform(self, label: int, normal: ArrayLike) -> Array:
        """Standard normal points (..., d) moved to the component of a label."""
        return np.asarray(self.means[label] + np.asarray(normal) @ self._factors[label].T)

    def sample(self, size: int, seed: int | np.random.Generator) -> tuple[Array, NDArray[np.intp]]:
        """Inputs (size, d) and labels (size,)."""
        random = np.random.default_rng(seed)
        labels = random.choice(self.n_classes, size=size, p=self.weights)
        noise = random.standard_normal((size, self.dimension))
        return self.means[labels] + np.einsum("sij,sj->si", self._factors[labels], noise), labels

    @property
    def separation(self) -> float:
        """Mahalanobis distance of the means of labels 0 and 1 under the covariance of label 0."""
        return float(
            np.linalg.norm(np.linalg.solve(self._factors[0], self.means[1] - self.means[0]))
        )

    def bayes_error(self) -> Estimate:
        if self.n_classes == 2 and self.shared_covariance:
            return Estimate(self._two_class_error(), 0.0, "closed form")
        return self.expectation(lambda p: 1 - p.max(axis=-1))

    def _two_class_error(self) -> float:
        """The log-odds of label 1 are N(-+ distance^2 / 2 + log(w1 / w0), distance^2) given the
        label.
        """
        from scipy.stats import norm

        distance = self.separation
        if distance == 0:
            return float(self.weights.min())
        prior = math.log(self.weights[1] / self.weights[0])
        first = norm.cdf((prior - distance**2 / 2) / distance)
        second = norm.cdf((-prior - distance**2 / 2) / distance)
        return float(self.weights[0] * first + self.weights[1] * second)

    @cached_property
    def reduced(self) -> GaussianMixture:
        """A mixture with the same law of p(.|x) in as few dimensions as linear algebra finds.

        With a shared covariance the log-odds depend on the whitened input only within the span of
        the differences of the means.
        """
        if not self.shared_covariance:
            return self
        whitened = np.linalg.solve(self._factors[0], (self.means - self.means[0]).T).T
        _, singular, basis = np.linalg.svd(whitened, full_matrices=False)
        rank = max(int((singular > 1e-12 * max(singular[0], 1e-300)).sum()), 1)
        return GaussianMixture(self.weights, whitened @ basis[:rank].T, np.eye(rank))

    def expectation(self, function: Callable[[Array], Array]) -> Estimate:
        reduced = self.reduced
        return (
            reduced._quadrature(function)
            if reduced.dimension == 1
            else reduced._quasi_monte_carlo(function)
        )

    def _quadrature(self, function: Callable[[Array], Array]) -> Estimate:
        """Adaptive Gauss-Kronrod on the line, split where two posteriors are equal, at the means,
        and at doubling distances from them, so that no peak is narrower than its piece.
        """
        from scipy.integrate import quad

        spread = np.sqrt(self.covariances[:, 0, 0])
        low, high = (
            float((self.means[:, 0] - 40 * spread).min()),
            float((self.means[:, 0] + 40 * spread).max()),
        )
        inner = {x for x in self._crossings() if low < x < high}
        for steps in (0, 1, 2, 4, 8, 16):
            inner |= {
                float(m + side * steps * s)
                for m, s in zip(self.means[:, 0], spread, strict=True)
                for side in (-1, 1)
            }
        knots = [low, *sorted(inner), high]

        def integrand(x: float) -> float:
            joint = self.log_joint([[x]])
            return float(np.exp(joint).sum() * function(self.posterior([[x]]))[0])

        # full_output: where rounding stops the refinement, the error estimate says so, not a
        # warning.
        pieces = [
            quad(integrand, a, b, epsabs=1e-13, epsrel=1e-11, limit=200, full_output=1)
            for a, b in itertools.pairwise(knots)
        ]
        return Estimate(
            math.fsum(p[0] for p in pieces), math.fsum(p[1] for p in pieces), "adaptive quadrature"
        )

    def _crossings(self) -> list[float]:
        """Where the joint densities of two labels are equal, on the line: roots of quadratics."""
        mean, variance = self.means[:, 0], self.covariances[:, 0, 0]
        squared, linear = -1 / (2 * variance), mean / variance
        constant = np.log(self.weights) - mean**2 / (2 * variance) - np.log(variance) / 2
        roots: list[float] = []
        for i in range(self.n_classes):
            for j in range(i):
                polynomial = np.trim_zeros(
                    np.array([v[i] - v[j] for v in (squared, linear, constant)]), "f"
                )
                if len(polynomial) > 1:
                    found = np.roots(polynomial)
                    roots += [float(r.real) for r in found if abs(r.imag) == 0]
        return roots

    def _quasi_monte_carlo(
        self, function: Callable[[Array], Array], log2_points: int = 13, repeats: int = 16
    ) -> Estimate:
        """Scrambled Sobol points through every component; the spread over independent scramblings
        gives the error.
        """
        from scipy.stats import norm, qmc

        means = []
        for seed in range(repeats):
            sobol = qmc.Sobol(self.dimension, seed=seed).random_base2(log2_points)
            normal = norm.ppf(np.clip(sobol, 1e-16, 1 - 1e-16))
            total = 0.0
            for y in range(self.n_classes):
                points = self.transform(y, normal)
                total += float(self.weights[y]) * float(np.mean(function(self.posterior(points))))
            means.append(total)
        error = 3 * float(np.std(means, ddof=1)) / math.sqrt(repeats)
        return Estimate(float(np.mean(means)), error, "randomised quasi-Monte Carlo")
