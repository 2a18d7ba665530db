"""What every distribution says: the law of p(.|x), over which gaps and risks are averaged.

A bound sees a distribution only through the law of the label distribution p(.|x), so that is what
`Distribution.expectation` averages.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

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
    def label_probabilities(self) -> tuple[float | Fraction, ...]:
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
