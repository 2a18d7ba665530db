"""Finitely many inputs, in exact numbers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import ArrayLike

from hconsist.arithmetic import exact
from hconsist.distributions.base import Array, Distribution, Estimate
from hconsist.errors import InvalidInputError

#: What a probability is read from.
Given = int | float | str | Fraction


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
        weights: Sequence[Given],
        conditionals: Sequence[Sequence[Given]],
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
    def point(cls, p: Sequence[Given]) -> Finite:
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


def _rational_distribution(values: Sequence[Given], name: str) -> tuple[Fraction, ...]:
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
