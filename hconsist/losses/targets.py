"""Target losses: what the bound is about."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hconsist.errors import InvalidInputError


@dataclass(frozen=True)
class Target(ABC):
    """A target loss of a prediction set of fixed size, symmetric in the labels."""

    @property
    @abstractmethod
    def k(self) -> int:
        """How many labels are predicted."""

    def regret(self, p: NDArray[np.float64], predicted: NDArray[np.intp]) -> NDArray[np.float64]:
        """Conditional regret: the k largest probabilities minus those of the predicted labels.

        Shapes: p (..., n), predicted (..., k); the result has the leading shape.

        Source: Mao, Mohri, Zhong, ICML 2023, lemma 3 (k = 1); Cortes et al., NeurIPS 2024
        (cardinality-aware).
        """
        best = np.sort(p, axis=-1)[..., -self.k :].sum(axis=-1)
        return np.asarray(best - np.take_along_axis(p, predicted, axis=-1).sum(axis=-1))

    def check(self, n_classes: int) -> None:
        """Raise `InvalidInputError` when the target makes no sense for n_classes labels."""
        if not self.k < n_classes:
            raise InvalidInputError(
                "a top-k target needs k < n_classes",
                f"k={self.k}, n_classes={n_classes}",
                "lower k or raise n_classes",
            )


@dataclass(frozen=True)
class ZeroOne(Target):
    """Zero-one loss: the predicted label is an argmax of the scores, ties falling on the worst
    label.

    >>> import numpy as np
    >>> float(ZeroOne().regret(np.array([0.7, 0.3]), np.array([1])).round(12))
    0.4
    """

    @property
    def k(self) -> int:
        return 1

    def __str__(self) -> str:
        return "zero-one"


@dataclass(frozen=True)
class TopK(Target):
    """Top-k loss: the k labels with the largest scores are predicted, ties falling on the worst
    labels.

    >>> import numpy as np
    >>> float(TopK(2).regret(np.array([0.5, 0.3, 0.2]), np.array([0, 2])).round(12))
    0.1
    """

    size: int = 1

    def __post_init__(self) -> None:
        if isinstance(self.size, bool) or not isinstance(self.size, int) or self.size < 1:
            raise InvalidInputError("k must be a whole number >= 1", self.size, "pass TopK(2)")

    @property
    def k(self) -> int:
        return self.size

    def __str__(self) -> str:
        return f"top-k:{self.size}"
