"""Losses that are piecewise linear in the scores: the points where their kinks cross.

The kinks of the losses and the borders between predictions are planes that cut the scores into
cells. In a cell that predicts r every conditional risk is an affine function, so that its least
value over the scores that predict r, where there is one, is that of a corner of the cells: the same
finitely many corners for every label distribution. There is one where no loss falls along an edge
of the cells moved through 0: along a ray losses rise linearly in each of those cones, which their
edges span.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import combinations, product

import numpy as np
from numpy.typing import NDArray

from hconsist.checker.piecewise import Piecewise, names_of, read
from hconsist.losses.piecewise import NotPiecewiseLinearError, piecewise_formulas
from hconsist.pointwise import PointwiseProblem

Array = NDArray[np.float64]

#: Planes through one corner are chosen in at most so many ways.
_MOST = 20_000
#: A maximum of sums of maxima has at most so many affine pieces.
_PIECES = 64


def crossings(problem: PointwiseProblem) -> Array | None:
    """The corners of the cells, (corners, scores); None for a loss that is not piecewise linear or
    not bounded below, and for too many planes.

    Examples
    --------
    >>> from hconsist.pointwise import PointwiseProblem
    >>> crossings(PointwiseProblem("crammer-singer", n_classes=2)).tolist()
    [[-0.5, 0.5], [0.0, 0.0], [0.5, -0.5]]
    """
    count = problem.n_scores
    try:
        losses = [read(t, names_of(count)) for t in piecewise_formulas(problem.surrogate, count)]
        kinks = [plane for f in losses for plane in _kinks(f)]
    except NotPiecewiseLinearError:
        return None
    borders = [
        np.append(row, 0.0)
        for r in range(problem.decision.items)
        for row in np.array(problem.decision.score_region(r, count), dtype=float)
    ]
    planes = _different([*kinks, *borders])
    if planes is None:
        return None
    ones = np.ones(count)
    alike = not np.any(planes[:, :-1] @ ones) and all(_rise(f, ones) == 0 for f in losses)
    fixed = np.ones((1 if alike or problem.surrogate.sum_to_zero else 0, count))
    free = count - len(fixed)
    if math.comb(len(planes), free) + math.comb(len(planes), free - 1) > _MOST:
        return None
    for edge in _edges(planes[:, :-1], fixed, free):
        if any(_rise(f, side) < -1e-9 for f in losses for side in (edge, -edge)):
            return None
    found: set[tuple[float, ...]] = set()
    for active in combinations(planes, free):
        rows = np.vstack([*(one[:-1] for one in active), fixed])
        if abs(np.linalg.det(rows)) > 1e-9:
            right = np.append([-one[-1] for one in active], np.zeros(len(fixed)))
            found.add(tuple(np.round(np.linalg.solve(rows, right), 12) + 0.0))
    return np.array(sorted(found)) if found else None


def _edges(normals: Array, fixed: Array, free: int) -> Iterator[Array]:
    """Directions that lie in as many planes as leave one."""
    for active in combinations(normals, free - 1):
        rows = np.vstack([*active, fixed, np.zeros((1, normals.shape[1]))])
        _, sizes, directions = np.linalg.svd(rows)
        if len(sizes) == 1 or sizes[-2] > 1e-9:
            yield directions[-1]


def _rise(f: Piecewise, ray: Array) -> float:
    """How f rises along a ray in the end."""
    total = float(np.dot([float(a) for a in f.slopes], ray))
    for c, left, right in f.maxima:
        total += float(c) * max(_rise(left, ray), _rise(right, ray))
    return total


def _kinks(f: Piecewise) -> Iterator[Array]:
    """The planes (slopes, constant) where the parts of a maximum meet."""
    for _, left, right in f.maxima:
        yield from _kinks(left)
        yield from _kinks(right)
        for one, two in product(_pieces(left), _pieces(right)):
            yield one - two


def _pieces(f: Piecewise) -> list[Array]:
    """The affine functions (slopes, constant) that f is somewhere."""
    found = [np.array([float(a) for a in (*f.slopes, f.constant)])]
    for c, left, right in f.maxima:
        parts = [float(c) * one for one in (*_pieces(left), *_pieces(right))]
        if len(found) * len(parts) > _PIECES:
            raise NotPiecewiseLinearError(f"more than {_PIECES} affine pieces in a maximum")
        found = [one + part for one, part in product(found, parts)]
    return found


def _different(planes: list[Array]) -> Array | None:
    """The planes without repetition; None where there is none, or too many."""
    found: dict[tuple[float, ...], Array] = {}
    for plane in planes:
        size = np.abs(plane[:-1]).max()
        if size > 1e-12:
            scaled = plane / size
            scaled = scaled * np.sign(scaled[np.flatnonzero(np.abs(scaled) > 1e-12)[0]])
            found.setdefault(tuple(np.round(scaled, 10) + 0.0), scaled)
    return np.array(list(found.values())) if 0 < len(found) <= _MOST else None
