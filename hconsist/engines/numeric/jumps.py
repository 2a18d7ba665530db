"""Where a function of one number jumps: the floats on both sides, since an infimum may be a
one-sided limit that the value at the jump hides.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np
from numpy.typing import NDArray

#: Bisections of an interval that a jump may be in; they leave neighbouring floats.
_BISECTIONS = 75
#: Steps to either side, in units of the spacing of floats at the jump.
_STEPS = (1, 4, 64)
#: What is left of a jump when the interval is down to neighbouring floats, relative to the values.
_JUMP = 1e-9


def sides(
    function: Callable[[NDArray[np.floating]], NDArray[np.floating]],
    nodes: NDArray[np.floating],
    known: Iterable[float],
) -> NDArray[np.floating]:
    """Doubles just below and just above every jump of ``function`` between its nodes, and of every
    known place where its formula changes.

    Parameters
    ----------
    function : callable
        (N,) to (curves, N): several curves at once.
    nodes : array (N,)
        Ascending, >= 0.
    known : iterable of float
        Where jumps may be, as far as that is known.

    Examples
    --------
    >>> jump = lambda t: np.where(t <= 0.3, t, t - 1)[None]
    >>> near = sides(jump, np.linspace(0.0, 1.0, 9), [])
    >>> bool(near[near > 0.3].min() - near[near <= 0.3].max() < 1e-15)
    True
    """
    places = [*known]
    with np.errstate(all="ignore"):
        left, right = nodes[:-1].astype(float), nodes[1:].astype(float)
        at_left, at_right = function(left), function(right)
        for _ in range(_BISECTIONS):
            middle = (left + right) / 2
            value = function(middle)
            # to the half where the curves move more: a jump stays, a slope is halved
            go_left = np.abs(value - at_left).max(axis=0) > np.abs(at_right - value).max(axis=0)
            left, right = np.where(go_left, left, middle), np.where(go_left, middle, right)
            at_left = np.where(go_left, at_left, value)
            at_right = np.where(go_left, value, at_right)
        rise = np.abs(at_right - at_left)
        size = 1.0 + np.maximum(np.abs(at_left), np.abs(at_right))
        jumps = np.any((rise > _JUMP * size) & np.isfinite(rise), axis=0)
    places += [float(v) for v in left[jumps]]
    close = [
        place + sign * step * np.spacing(place) for place in places for sign in (-1, 1)
        for step in _STEPS
    ]  # fmt: skip
    found = np.array([*places, *close], dtype=nodes.dtype)
    return np.unique(found[found >= 0])
