"""Surrogates of a number: histograms over bins, and losses of the distance to the label.

Labels are points of a line, which the target gives (`with_points`); without a target those of
[0, 1] with 1/(n - 1) between them.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import ClassVar

import numpy as np

from hconsist.arithmetic import Exact, Ops, Value, exact, require
from hconsist.losses.base import Loss, ScoresOf
from hconsist.losses.catalogue import register_loss
from hconsist.losses.of_parts import _CrossEntropy
from hconsist.losses.of_predictions import PredictionLoss
from hconsist.losses.prediction_forms import Rows

Points = tuple[Fraction, ...]


@register_loss
@dataclass(frozen=True)
class TwoHot(_CrossEntropy):
    """Cross-entropy of a histogram with atoms at the labels' points. A label between two atoms
    would be shared by them in proportion, so that its mean is kept.

    Source: Schrittwieser et al., Nature 2020 (MuZero); Imani, White, ICML 2018.

    >>> from hconsist.arithmetic import NUMPY
    >>> TwoHot().losses(np.zeros(2), NUMPY).round(4)
    array([0.6931, 0.6931])
    """

    spec_name: ClassVar[str] = "two-hot"
    source: ClassVar[str] = "Schrittwieser et al., Nature 2020"
    scores_of: ClassVar[ScoresOf] = "bins"

    def weights(self, n_scores: int) -> Rows:
        """1 for the label's own atom."""
        every = range(n_scores)
        return tuple(tuple(Fraction(int(b == y)) for y in every) for b in every)


@register_loss
@dataclass(frozen=True)
class HLGauss(PredictionLoss):
    """Cross-entropy of a histogram of equal bins between the first and the last label, the label
    spread as a normal distribution around it, cut off at the ends.

    Domain: sigma > 0, in widths of a bin; bins >= 2. The masses are computed in floats.

    Source: Imani, White, ICML 2018; Farebrother et al., ICML 2024.

    >>> from hconsist.arithmetic import NUMPY
    >>> HLGauss(bins=2).with_points((Fraction(0), Fraction(1))).losses(np.zeros(2), NUMPY).round(4)
    array([0.6931, 0.6931])
    """

    sigma: Exact = Fraction(3, 4)
    bins: int = 10
    points: Points = field(default=(), kw_only=True, compare=False)

    spec_name: ClassVar[str] = "hl-gauss"
    source: ClassVar[str] = "Imani, White, ICML 2018"
    scores_of: ClassVar[ScoresOf] = "bins"

    read = None  # type: ignore[assignment]  # the spelling of every loss

    def __post_init__(self) -> None:
        sigma = self._read("sigma")
        require(sigma > 0, "sigma must be > 0", sigma, "pass sigma=0.75, in widths of a bin")
        bins = exact(self.bins, "bins")
        require(
            isinstance(bins, Fraction) and bins.denominator == 1 and 2 <= bins <= 1000,
            "bins must be a whole number from 2 to 1000",
            bins,
            "pass bins=10",
        )
        object.__setattr__(self, "bins", int(bins))

    def with_points(self, points: Points) -> Loss:
        return replace(self, points=points)

    def centres(self) -> Points:
        low, high = (self.points[0], self.points[-1]) if self.points else (Fraction(0), Fraction(1))
        width = (high - low) / self.bins
        return tuple(low + width * (2 * b + 1) / 2 for b in range(self.bins))

    def weights(self, n_scores: int) -> Rows:
        """The mass of each bin, for each label."""
        from scipy.special import ndtr

        points = self.points or (Fraction(0), Fraction(1))
        width = float(points[-1] - points[0]) / self.bins
        edges = float(points[0]) + width * np.arange(self.bins + 1)
        spread = float(self.sigma) * width
        below = ndtr((edges[:, None] - np.array([float(y) for y in points])) / spread)
        mass = np.diff(below, axis=0) / (below[-1] - below[0])
        return tuple(tuple(Fraction(float(v)) for v in row) for row in mass)

    losses = _CrossEntropy.losses
    prediction_form = _CrossEntropy.prediction_form
    _own = _CrossEntropy._own

    @property
    def spec(self) -> str:
        return f"hl-gauss:sigma={self.sigma},bins={self.bins}"

    @property
    def symbolic(self) -> bool:
        return False


@dataclass(frozen=True)
class _OfDistance(Loss):
    """A loss of ``h - y``, h the one score and y the label's point."""

    points: Points = field(default=(), kw_only=True, compare=False)

    symmetric: ClassVar[bool] = False
    shift_invariant: ClassVar[bool] = False
    scores_of: ClassVar[ScoresOf] = "value"

    def with_points(self, points: Points) -> Loss:
        return replace(self, points=points)

    def of_distance(self, u: Value, ops: Ops) -> Value:
        """The loss at the distance u >= 0, elementwise."""
        raise NotImplementedError

    def losses(self, scores: Value, ops: Ops) -> Value:
        points = self.points or (Fraction(0), Fraction(1))
        spread = scores @ ops.matrix([[Fraction(1)] * len(points)]) - ops.matrix([list(points)])[0]
        return self.of_distance(ops.absolute(spread), ops)

    @property
    def spec(self) -> str:
        name, value = next((k, v) for k, v in vars(self).items() if k != "points")
        return f"{self.spec_name}:{name}={value}"

    @property
    def symbolic(self) -> bool:
        return False


@register_loss
@dataclass(frozen=True)
class Huber(_OfDistance):
    """``u^2/2`` up to delta, ``delta u - delta^2/2`` beyond, u = |h - y|.

    Domain: delta > 0, in the unit of the label.

    Source: Huber, Annals of Mathematical Statistics 1964.

    >>> from hconsist.arithmetic import NUMPY
    >>> Huber(1).losses(np.array([3.0]), NUMPY)
    array([2.5, 1.5])
    """

    delta: Exact = Fraction(1)

    spec_name: ClassVar[str] = "huber"
    source: ClassVar[str] = "Huber, Annals of Mathematical Statistics 1964"

    def __post_init__(self) -> None:
        delta = self._read("delta")
        require(delta > 0, "delta must be > 0", delta, "pass delta=1")

    def of_distance(self, u: Value, ops: Ops) -> Value:
        near = ops.minimum(u, ops.const(self.delta))
        return ops.power(near, 2) / ops.const(2) + ops.const(self.delta) * (u - near)


@register_loss
@dataclass(frozen=True)
class Lp(_OfDistance):
    """``|h - y|^p``.

    Domain: p >= 1.

    Source: Mao, Mohri, Zhong, ICML 2024 (regression).

    >>> from hconsist.arithmetic import NUMPY
    >>> Lp(2).losses(np.array([3.0]), NUMPY)
    array([9., 4.])
    """

    p: Exact = Fraction(2)

    spec_name: ClassVar[str] = "lp"
    source: ClassVar[str] = "Mao, Mohri, Zhong, ICML 2024"

    def __post_init__(self) -> None:
        p = self._read("p")
        require(p >= 1, "p must be >= 1", p, "pass p=2")

    def of_distance(self, u: Value, ops: Ops) -> Value:
        return u if self.p == 1 else ops.power(u, self.p)


@register_loss
@dataclass(frozen=True)
class EpsInsensitive(_OfDistance):
    """``max(0, |h - y| - eps)``.

    Domain: eps >= 0, in the unit of the label.

    Source: Vapnik, "The nature of statistical learning theory", Springer 1995, chapter 6.

    >>> from hconsist.arithmetic import NUMPY
    >>> EpsInsensitive(1).losses(np.array([3.0]), NUMPY)
    array([2., 1.])
    """

    eps: Exact = Fraction(1, 10)

    spec_name: ClassVar[str] = "eps-insensitive"
    source: ClassVar[str] = "Vapnik 1995, chapter 6"

    def __post_init__(self) -> None:
        eps = self._read("eps")
        require(eps >= 0, "eps must be >= 0", eps, "pass eps=0.1")

    def of_distance(self, u: Value, ops: Ops) -> Value:
        return ops.maximum(u - ops.const(self.eps), ops.const(0))
