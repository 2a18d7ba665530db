"""Label noise: what a law of p(.|x) becomes when labels are flipped, or kept away from ties."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass

import numpy as np

from hconsist.distributions.base import Array, Distribution, Estimate
from hconsist.distributions.mixture import GaussianMixture
from hconsist.errors import InvalidInputError


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
    >>> from hconsist.distributions import NoisyLabels
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
