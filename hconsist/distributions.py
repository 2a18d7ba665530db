"""Marginals with p(y|x): what a minimizability gap and a risk are averaged over.

A bound sees a distribution only through the law of the label distribution p(.|x), so that is what
`expectation` averages.
"""

from __future__ import annotations

import itertools
import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hconsist.arithmetic import exact
from hconsist.errors import InvalidInputError

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Estimate:
    """A number with the error that its method reports.

    Parameters
    ----------
    value : float or Fraction
        A Fraction is exact.
    error : float
        0 for a closed form or a finite sum (up to rounding); otherwise what quadrature estimates,
        or three standard errors of randomised quasi-Monte Carlo. An estimate, not a bound.
    method : str

    Examples
    --------
    >>> float(Estimate(Fraction(1, 4), 0.0, "finite sum"))
    0.25
    """

    value: float | Fraction
    error: float
    method: str

    def __float__(self) -> float:
        return float(self.value)


class Distribution(ABC):
    """A distribution of inputs and labels."""

    @property
    @abstractmethod
    def n_classes(self) -> int:
        """The number of labels."""

    @property
    @abstractmethod
    def label_probabilities(self) -> tuple[Any, ...]:
        """P(y) for every label: the mean of p(y|x) over x."""

    @abstractmethod
    def expectation(self, function: Callable[[Array], Array]) -> Estimate:
        """``E_x[function(p(.|x))]``.

        Parameters
        ----------
        function : callable
            Vectorised: label distributions (..., n_classes) to values (...). Smooth except where
            two probabilities are equal.
        """

    @abstractmethod
    def bayes_error(self) -> Estimate:
        """``E_x[1 - max_y p(y|x)]``, the smallest zero-one risk."""


@dataclass(frozen=True)
class Finite(Distribution):
    """Finitely many inputs, exactly.

    Parameters
    ----------
    weights : sequence of m numbers
        P(x), positive, summing to exactly 1. Floats are read as the decimals that were typed.
    conditionals : sequence of m label distributions
        p(y|x), each summing to exactly 1.
    points : sequence of m feature vectors, optional
        The inputs themselves, needed by hypothesis sets that depend on x.

    Raises
    ------
    InvalidInputError
        For entries that are negative or do not sum to 1, or lengths that do not fit.

    Examples
    --------
    >>> d = Finite(["1/2", "1/2"], [[0.9, 0.1], [0.4, 0.6]])
    >>> d.bayes_error().value
    Fraction(1, 4)
    >>> d.label_probabilities
    (Fraction(13, 20), Fraction(7, 20))
    """

    weights: tuple[Fraction, ...]
    conditionals: tuple[tuple[Fraction, ...], ...]
    points: tuple[tuple[float, ...], ...] | None = None

    def __init__(
        self,
        weights: Sequence[Any],
        conditionals: Sequence[Sequence[Any]],
        points: ArrayLike | None = None,
    ) -> None:
        object.__setattr__(self, "weights", _rational_distribution(weights, "weights"))
        object.__setattr__(
            self,
            "conditionals",
            tuple(_rational_distribution(p, "a conditional") for p in conditionals),
        )
        if any(w == 0 for w in self.weights):
            raise InvalidInputError(
                "every weight must be > 0",
                list(map(str, self.weights)),
                "leave inputs of weight 0 out",
            )
        if len(self.conditionals) != len(self.weights):
            raise InvalidInputError(
                "there must be one conditional per weight",
                f"{len(self.weights)} weights, {len(self.conditionals)} conditionals",
                "pass p(y|x) for every input",
            )
        if len({len(p) for p in self.conditionals}) != 1 or self.n_classes < 2:
            raise InvalidInputError(
                "every conditional must have the same n_classes >= 2 entries",
                [len(p) for p in self.conditionals],
                "write a label that cannot occur as 0",
            )
        if points is not None:
            array = np.asarray(points, dtype=float)
            if (
                array.ndim != 2
                or array.shape[0] != len(self.weights)
                or not np.all(np.isfinite(array))
            ):
                raise InvalidInputError(
                    f"points must be a finite array of shape ({len(self.weights)}, d)",
                    f"shape {array.shape}",
                    "pass one feature vector per weight",
                )
            points = tuple(tuple(row) for row in array.tolist())
        object.__setattr__(self, "points", points)

    @classmethod
    def point(cls, p: Sequence[Any]) -> Finite:
        """One input with label distribution p.

        >>> Finite.point(["2/3", "1/3"]).bayes_error().value
        Fraction(1, 3)
        """
        return cls([1], [p])

    @property
    def n_classes(self) -> int:
        return len(self.conditionals[0])

    @property
    def label_probabilities(self) -> tuple[Fraction, ...]:
        return tuple(
            sum(
                (w * p[y] for w, p in zip(self.weights, self.conditionals, strict=True)),
                Fraction(0),
            )
            for y in range(self.n_classes)
        )

    @property
    def deterministic(self) -> bool:
        """Whether the label is a function of the input."""
        return all(max(p) == 1 for p in self.conditionals)

    def expectation(self, function: Callable[[Array], Array]) -> Estimate:
        values = np.asarray(function(np.array(self.conditionals, dtype=float)), dtype=float)
        return Estimate(
            float(np.dot(np.array(self.weights, dtype=float), values)), 0.0, "finite sum"
        )

    def bayes_error(self) -> Estimate:
        correct = sum(
            (w * max(p) for w, p in zip(self.weights, self.conditionals, strict=True)), Fraction(0)
        )
        return Estimate(1 - correct, 0.0, "finite sum")


def _rational_distribution(values: Sequence[Any], name: str) -> tuple[Fraction, ...]:
    numbers = []
    for v in values:
        number = exact(v.item() if isinstance(v, np.generic) else v, f"an entry of {name}")
        if not isinstance(number, Fraction):
            raise InvalidInputError(
                f"{name} must be rational numbers", str(v), "pass numbers such as 0.3 or '1/3'"
            )
        numbers.append(number)
    if any(v < 0 for v in numbers) or sum(numbers) != 1:
        raise InvalidInputError(
            f"{name} must be non-negative and sum to exactly 1",
            [str(v) for v in numbers],
            "write thirds as '1/3': the floats 0.333 three times sum to 0.999",
        )
    return tuple(numbers)


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
        """Adaptive Gauss-Kronrod on the line, split at the points where two posteriors are equal
        and at the means.
        """
        from scipy.integrate import quad

        spread = np.sqrt(self.covariances[:, 0, 0])
        low, high = (
            float((self.means[:, 0] - 40 * spread).min()),
            float((self.means[:, 0] + 40 * spread).max()),
        )
        inner = {float(m) for m in self.means[:, 0]} | {
            x for x in self._crossings() if low < x < high
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


class LabelNoise(ABC):
    """What happens to p(.|x) when labels are observed through noise: a map of label distributions.

    The noise at x depends on x only through the clean p(.|x), so every expectation stays one over
    the clean distribution.
    """

    @abstractmethod
    def __call__(self, p: Array) -> Array:
        """The noisy label distributions: shape (..., n_classes) to (..., n_classes)."""

    def check(self, clean: Distribution) -> None:
        """Raise `InvalidInputError` when the noise makes no sense for the clean distribution."""
        return

    def bayes_error(self, clean: Distribution) -> Estimate | None:
        """The noisy Bayes error where it follows from the clean one, else None."""
        return None


@dataclass(frozen=True)
class UniformNoise(LabelNoise):
    """With probability ``rate`` the label is replaced by one of the others, each equally likely
    (symmetric noise).

    Domain: 0 <= rate < (n - 1) / n, so that the most likely label stays the most likely.

    Source: Ghosh, Kumar, Sastry, AAAI 2017, section 3.

    >>> UniformNoise(0.2)(np.array([1.0, 0.0, 0.0]))
    array([0.8, 0.1, 0.1])
    """

    rate: float

    def __post_init__(self) -> None:
        _check_unit("rate", self.rate)

    def __call__(self, p: Array) -> Array:
        other = self.rate / (p.shape[-1] - 1)
        return np.asarray((1 - self.rate - other) * p + other)

    def check(self, clean: Distribution) -> None:
        n = clean.n_classes
        if not self.rate < (n - 1) / n:
            raise InvalidInputError(
                "rate must be < (n_classes - 1) / n_classes",
                self.rate,
                "more noise than that makes the true label the least likely",
            )

    def bayes_error(self, clean: Distribution) -> Estimate:
        error, n = clean.bayes_error(), clean.n_classes
        slope = 1 - self.rate - self.rate / (n - 1)
        return Estimate(self.rate + slope * float(error), slope * error.error, error.method)


@dataclass(frozen=True)
class ClassNoise(LabelNoise):
    """Label y is observed as label k with probability ``matrix[y][k]`` (class-dependent noise).

    Domain: a square row-stochastic matrix. The noisy Bayes rule may differ from the clean one.

    Source: Natarajan, Dhillon, Ravikumar, Tewari, NeurIPS 2013, section 2.

    >>> ClassNoise([[0.9, 0.1], [0.4, 0.6]])(np.array([0.5, 0.5]))
    array([0.65, 0.35])
    """

    matrix: tuple[tuple[float, ...], ...]

    def __post_init__(self) -> None:
        array = np.asarray(self.matrix, dtype=float)
        if (
            array.ndim != 2
            or array.shape[0] != array.shape[1]
            or (array < 0).any()
            or (abs(array.sum(1) - 1) > 1e-12).any()
        ):
            raise InvalidInputError(
                "matrix must be square with rows that are label distributions",
                array.tolist(),
                "row y: P(observed | true y)",
            )
        object.__setattr__(self, "matrix", tuple(tuple(row) for row in array.tolist()))

    @classmethod
    def pairs(cls, n_classes: int, rate: float) -> ClassNoise:
        """Label y becomes y + 1 (cyclically) with probability ``rate``.

        >>> ClassNoise.pairs(3, 0.25).matrix[2]
        (0.25, 0.0, 0.75)
        """
        _check_unit("rate", rate)
        return cls((1 - rate) * np.eye(n_classes) + rate * np.roll(np.eye(n_classes), 1, axis=1))  # type: ignore[arg-type]

    def __call__(self, p: Array) -> Array:
        return np.asarray(p @ np.asarray(self.matrix))

    def check(self, clean: Distribution) -> None:
        if len(self.matrix) != clean.n_classes:
            raise InvalidInputError(
                f"matrix must have {clean.n_classes} rows",
                f"{len(self.matrix)} rows",
                "one row a label of the distribution",
            )


@dataclass(frozen=True)
class MassartNoise(LabelNoise):
    """The label is the clean Bayes label with probability ``margin + (1 - margin)/n``, each other
    one with ``(1 - margin)/n``.

    So p_max minus any other probability is exactly ``margin`` at every x. Domain: 0 < margin <= 1.

    Source: Massart, Nedelec, Annals of Statistics 2006, condition (7).

    >>> MassartNoise(0.4)(np.array([0.7, 0.3]))
    array([0.7, 0.3])
    """

    margin: float

    def __post_init__(self) -> None:
        _check_unit("margin", self.margin)
        if self.margin == 0:
            raise InvalidInputError("margin must be > 0", self.margin, "pass margin=0.2")

    def __call__(self, p: Array) -> Array:
        return _with_margin(p, np.full(p.shape[:-1], self.margin))

    def bayes_error(self, clean: Distribution) -> Estimate:
        n = clean.n_classes
        return Estimate((1 - self.margin) * (n - 1) / n, 0.0, "closed form")


@dataclass(frozen=True)
class TsybakovNoise(LabelNoise):
    """Two labels whose margin m(x) = p_max - p_min satisfies ``P(m(x) <= t) = t^(exponent / (1 -
    exponent))`` exactly.

    m grows with the clean margin: it is that quantile of the clean margin's law which the condition
    asks for, and the Bayes rule is the clean one. Domain: 0 < exponent < 1; a clean distribution
    that is a `GaussianMixture` of two labels with one covariance, whose log-odds have a law in
    closed form.

    Parameters
    ----------
    exponent : float
        The alpha of ``P(0 < |2 eta(x) - 1| <= t) <= B t^(alpha / (1 - alpha))``; towards 1 there is
        little noise.
    clean : GaussianMixture

    Source: Tsybakov, Annals of Statistics 2004; Bartlett, Jordan, McAuliffe, JASA 2006, section 5.

    >>> g = GaussianMixture([0.5, 0.5], [[-1.0], [1.0]], [[1.0]])
    >>> d = NoisyLabels(g, TsybakovNoise(0.5, g))
    >>> float(d.bayes_error())
    0.25
    """

    exponent: float
    clean: GaussianMixture

    def __post_init__(self) -> None:
        _check_unit("exponent", self.exponent)
        if not 0 < self.exponent < 1:
            raise InvalidInputError(
                "exponent must lie in (0, 1)",
                self.exponent,
                "pass exponent=0.5; Massart noise is its limit 1",
            )
        if (
            self.clean.n_classes != 2
            or not self.clean.shared_covariance
            or self.clean.separation == 0
        ):
            raise InvalidInputError(
                "Tsybakov noise needs a mixture of two distinct labels with one covariance",
                f"{self.clean.n_classes} labels",
                "use GaussianMixture([0.5, 0.5], means, covariance), or MassartNoise for more "
                "labels",
            )

    def __call__(self, p: Array) -> Array:
        from scipy.special import ndtr

        with np.errstate(divide="ignore"):
            odds = np.abs(np.log(p[..., 1]) - np.log(p[..., 0]))
        # The log-odds of label 1 are N(-+ separation^2 / 2 + prior, separation^2) given the label.
        separation, prior = (
            self.clean.separation,
            math.log(self.clean.weights[1] / self.clean.weights[0]),
        )
        quantile = sum(
            w * (ndtr((odds - centre) / separation) - ndtr((-odds - centre) / separation))
            for w, centre in zip(
                self.clean.weights,
                (prior - separation**2 / 2, prior + separation**2 / 2),
                strict=True,
            )
        )
        return _with_margin(p, quantile ** ((1 - self.exponent) / self.exponent))

    def check(self, clean: Distribution) -> None:
        if clean is not self.clean:
            raise InvalidInputError(
                "Tsybakov noise fits one distribution",
                "another one",
                "pass the same mixture to both",
            )

    def bayes_error(self, clean: Distribution) -> Estimate:
        return Estimate(
            (1 - self.exponent) / 2, 0.0, "closed form"
        )  # the mean of U^((1 - a)/a) is a


def _with_margin(p: Array, margin: Array) -> Array:
    """margin on the most likely label, the rest spread evenly over all labels."""
    n = p.shape[-1]
    best = np.arange(n) == np.argmax(p, axis=-1)[..., None]
    return np.asarray(np.where(best, margin[..., None], 0.0) + (1 - margin[..., None]) / n)


def _check_unit(name: str, value: object) -> None:
    if (
        isinstance(value, bool)
        or not isinstance(value, int | float | np.floating)
        or not 0 <= value <= 1
    ):
        raise InvalidInputError(f"{name} must be a number in [0, 1]", value, f"pass {name}=0.2")


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
