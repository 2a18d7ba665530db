"""Hypotheses on four inputs: the scores nearest to those wanted that a set reaches."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from hconsist.hypotheses import parse_hypotheses

Array = NDArray[np.float64]


#: Norms of the four inputs r_i e_i, the origin first, that bounded hypothesis sets are tried on.
NORMS = np.array([0.0, 0.5, 1.0, 2.0])


class Members:
    """Scores of hypotheses on four inputs: any at all, or those nearest to the ones wanted that a
    bounded set reaches.

    Linear functions and ReLU networks interpolate any scores at the inputs ``r_i e_i``; where the
    norms of the result are too large they are cut.

    Examples
    --------
    >>> members = Members("linear:W=1,B=1", 2)
    >>> scores, _ = members.nearest(np.full((1, 4, 2), 9.0), np.random.default_rng(0))
    >>> scores[0, :, 0].round(3)  # |b| <= 1 and |w| <= 1: wanted was 9
    array([1.   , 1.289, 1.577, 2.155])
    """

    def __init__(self, spec: str, n: int) -> None:
        self.hypotheses, self.n = parse_hypotheses(spec), n
        bounds = [self.hypotheses.score_bound_at(float(r)) for r in NORMS]
        self.reach = (
            None if bounds[0] is None else np.array([float(b) for b in bounds if b is not None])
        )

    def nearest(
        self, wanted: Array, random: np.random.Generator
    ) -> tuple[Array, Callable[[int], str]]:
        """Scores (k, 4, n) of members of the set, and how to write the parameters of the i-th."""
        return self.hypotheses.nearest(wanted, NORMS, random)
