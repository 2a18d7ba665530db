"""Piecewise linear losses of the differences of scores that bend at 0 and at one unit, found by
probing their formula: for losses without a form that says so.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hconsist.engines.numeric.answers import losses_of
from hconsist.engines.numeric.shapes import scale
from hconsist.pointwise import PointwiseProblem

Array = NDArray[np.float64]

_CLOSE = 1e-11
_LINES = 24


def unit_of(problem: PointwiseProblem) -> float | None:
    """The c > 0 such that every loss bends only where two scores are equal or differ by c; None
    where there is none.

    Examples
    --------
    >>> unit_of(PointwiseProblem("ldr-k:k=2,c=3", n_classes=4))
    3.0
    >>> unit_of(PointwiseProblem("logistic", n_classes=3)) is None
    True
    """
    loss, n = problem.surrogate, problem.n
    if not loss.shift_invariant or loss.sum_to_zero or n > 12:
        return None
    about = scale(loss, n)

    def own(t: Array) -> Array:
        return _losses(problem, t[:, None] * (np.arange(n) == 0))[:, 0]

    # one bend between a quarter and twice the unit: where the lines of both sides meet
    left, right = np.array([0.20, 0.24]) * about, np.array([2.5, 3.0]) * about
    (a, b), (c, d) = own(left), own(right)
    low, high = (b - a) / (left[1] - left[0]), (d - c) / (right[1] - right[0])
    if not np.isfinite(low - high) or abs(low - high) < 1e-9:
        return None
    unit = float((c - a + low * left[0] - high * right[0]) / (low - high))
    if not 0 < unit <= 2.5 * about:
        return None
    unit = round(unit, 12)
    return unit if _bends_there_only(problem, unit) else None


def _losses(problem: PointwiseProblem, scores: Array) -> Array:
    with np.errstate(all="ignore"):
        return np.asarray(losses_of(problem, scores), dtype=float)


def _bends_there_only(problem: PointwiseProblem, unit: float) -> bool:
    """Along random lines, every loss is linear between places where a difference is 0 or +-unit."""
    random, n = np.random.default_rng(0), problem.n
    for _ in range(_LINES):
        base, way = unit * random.normal(size=n), random.normal(size=n)
        first, second = np.triu_indices(n, 1)
        gap, speed = base[first] - base[second], way[first] - way[second]
        places = np.concatenate([(target - gap) / speed for target in (-unit, 0.0, unit)])
        places = np.unique(np.clip(places, -4 * unit, 4 * unit))
        t = np.stack([places[:-1], (places[:-1] + places[1:]) / 2, places[1:]])
        values = _losses(problem, base + t[..., None] * way)
        off = np.abs(values[0] + values[2] - 2 * values[1])
        if not np.all(off <= _CLOSE * (1 + np.abs(values[1]) + unit)):
            return False
    return True
