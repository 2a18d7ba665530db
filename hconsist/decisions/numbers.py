"""Costs of predicting a number when the label is a point on a line."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from math import inf
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Distance:
    """Any number h may be predicted, at cost ``|h - y|^power`` for the label at the point y.

    Parameters
    ----------
    points : tuple of Fraction
        Where the labels are, increasing; predictions lie between the first and the last.
    power : {1, 2}
    symmetric : bool
        Whether the label's distribution is symmetric around its mean.

    Examples
    --------
    >>> squared = Distance((Fraction(0), Fraction(1), Fraction(2)), 2)
    >>> float(squared.regret(np.array([0.5, 0.0, 0.5]), np.array([0.5])))
    0.25
    """

    points: tuple[Fraction, ...]
    power: Literal[1, 2]
    symmetric: bool = False

    @property
    def labels(self) -> int:
        """How many points there are."""
        return len(self.points)

    @property
    def items(self) -> float:
        """Infinitely many numbers may be predicted."""
        return inf

    def entry(self, item: Fraction | int, label: int) -> Fraction:
        """The cost of one number when one label is true."""
        return Fraction(abs(item - self.points[label])) ** self.power

    def spread(self, size: int) -> Fraction:
        """The largest regret: that of predicting one end when the other is certain, from the middle
        of a symmetric distribution.
        """
        del size
        return (self.points[-1] - self.points[0]) ** self.power

    @cached_property
    def positions(self) -> Array:
        """The points as floats."""
        return np.array([float(v) for v in self.points])

    def regret(self, p: Array, predicted: Array) -> Array:
        """Expected cost of a number less the least: (..., labels), (..., 1) to (...)."""
        if self.power == 2:
            return np.asarray((predicted[..., 0] - p @ self.positions) ** 2)
        expected = np.sum(p * np.abs(predicted - self.positions), axis=-1)
        # a median is a point: the expected cost is convex and straight between points
        medians = p @ np.abs(self.positions[:, None] - self.positions)
        return np.asarray(expected - medians.min(axis=-1))
