"""Lower convex hulls of points in the plane: what a convex envelope is between the points where T
is known.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import accumulate
from typing import Any, TypeAlias

import numpy as np


def search_grid(size: int = 201) -> list[Fraction]:
    """Exact betas on which an envelope is sampled: uniform, and geometric towards 0, where bounds
    are used.

    >>> grid = search_grid(11)
    >>> grid[0], grid[-1], len(grid) == len(set(grid))
    (Fraction(0, 1), Fraction(1, 1), True)
    """
    uniform = {Fraction(i, size - 1) for i in range(size)}
    return sorted(
        uniform
        | {Fraction(1, 2) ** i for i in range(1, 14)}
        | {Fraction(3, 4) * Fraction(1, 2) ** i for i in range(13)}
    )


#: A hull is of exact numbers or of floats, and gives back what it is of.
Number: TypeAlias = Any


@dataclass(frozen=True)
class ConvexHull:
    """Lower convex hull of points with increasing abscissae: a convex piecewise-linear function.

    Works in floats and, exactly, in fractions.

    Parameters
    ----------
    betas, values : tuple
        The vertices of the hull.

    Examples
    --------
    >>> from fractions import Fraction
    >>> hull = ConvexHull.of([0, Fraction(1, 2), 1], [0, Fraction(3, 4), 1])
    >>> hull.betas, hull(Fraction(1, 2)), hull.inverse(Fraction(1, 4))
    ((0, 1), Fraction(1, 2), Fraction(1, 4))
    """

    betas: tuple[Number, ...]
    values: tuple[Number, ...]

    @classmethod
    def of(cls, betas: Sequence[Number], values: Sequence[Number]) -> ConvexHull:
        """The hull of the points (betas[i], values[i])."""
        hull: list[tuple[Number, Number]] = []
        for point in zip(betas, values, strict=True):
            while len(hull) > 1 and not _turns_left(hull[-2], hull[-1], point):
                hull.pop()
            hull.append(point)
        return cls(tuple(b for b, _ in hull), tuple(v for _, v in hull))

    @classmethod
    def below(cls, betas: Sequence[Number], values: Sequence[Number | None]) -> ConvexHull:
        """The hull of a function that starts at 0 and does not fall, where some values are not
        known (None).

        The value to the left stands in for one that is not known; leaving the point out would put
        the hull above the function.

        >>> ConvexHull.below([0, 1, 2], [0, None, 2]).values
        (0, 0, 2)
        """
        known = list(
            accumulate(values, lambda last, value: last if value is None else value, initial=0)
        )[1:]
        return cls.of(betas, known)

    def __call__(self, beta: Number) -> Number:
        """The value at beta, between the first and the last abscissa."""
        right = min(max(int(np.searchsorted(self.betas, beta)), 1), len(self.betas) - 1)
        return _line(self.betas[right - 1 : right + 1], self.values[right - 1 : right + 1], beta)

    def inverse(self, value: Number) -> Number:
        """The largest beta whose value is at most the given one (capped at the last abscissa)."""
        if value >= self.values[-1]:
            return self.betas[-1]
        # Convex with value 0 at 0: non-decreasing, so the last vertex below the level starts the
        # crossing segment.
        left = max(i for i, v in enumerate(self.values[:-1]) if v <= value)
        return _line(self.values[left : left + 2], self.betas[left : left + 2], value)


def _turns_left(
    a: tuple[Number, Number], b: tuple[Number, Number], c: tuple[Number, Number]
) -> bool:
    return bool((b[0] - a[0]) * (c[1] - a[1]) > (b[1] - a[1]) * (c[0] - a[0]))


def _line(xs: Sequence[Number], ys: Sequence[Number], x: Number) -> Number:
    return ys[0] + (ys[1] - ys[0]) * (x - xs[0]) / (xs[1] - xs[0])
