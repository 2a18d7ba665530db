"""How losses grow along far scores: where a risk falls without end, there is no regret."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hconsist.engines.numeric.answers import losses_of
from hconsist.engines.numeric.shapes import scale
from hconsist.pointwise import PointwiseProblem

Array = NDArray[np.float64]

#: Units at which slopes are taken; they must agree to be those of a straight way down.
_FAR = 2.0**30


def rays(problem: PointwiseProblem) -> Array:
    """Slopes of the losses along the indicator vectors of the highest labels, for scores far apart,
    ascending in each row: a risk with ``<p, row> < 0`` for descending p is unbounded below.

    Empty (0, n) where scores have a bound, and where no loss falls without end.

    Examples
    --------
    >>> rays(PointwiseProblem("ldr-inf", n_classes=3)).round(6)
    array([[-0.666667,  0.333333,  0.333333],
           [-0.333333, -0.333333,  0.666667]])
    >>> rays(PointwiseProblem("logistic", n_classes=3)).shape
    (0, 3)
    """
    loss, n = problem.surrogate, problem.n
    if problem.hypotheses.score_bound is not None or n > 200:
        return np.empty((0, n))
    far = np.tri(n, n)[: n - 1] * _FAR * scale(loss, n)
    if loss.sum_to_zero:
        far = far - far.mean(axis=1, keepdims=True)
    with np.errstate(all="ignore"):
        at = [np.asarray(losses_of(problem, t * far), dtype=float) for t in (1.0, 2.0, 4.0)]
        near, slopes = (at[1] - at[0]), (at[2] - at[1]) / 2
    unit = _FAR * scale(loss, n)
    good = np.all(np.isfinite(slopes), axis=1)
    good &= np.all(np.abs(slopes - near) <= 1e-6 * (np.abs(near) + unit * 1e-9), axis=1)
    good &= np.any(slopes < -1e-9 * unit, axis=1)
    return np.sort(slopes[good] / unit, axis=1)
