"""A point that attains or approaches T: the best wrong margin and the best of all, searched."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

import numpy as np

from hconsist.pointwise import PointwiseProblem, Witness

#: The largest margin that stands for infinity; the search is even on a logarithmic scale, so that
#: the scale of phi does not matter.
_FAR = 1e7


def margin_witness(problem: PointwiseProblem) -> Callable[[Fraction], Witness] | None:
    """The tie f = 0 at p = ((1 + beta)/2, (1 - beta)/2), or the best wrong margin on a grid where
    the tie is not best.
    """
    if problem.is_symbolic:
        return None
    bound = problem.hypotheses.score_bound
    reach = _FAR if bound is None else float(bound)
    start = np.concatenate([[0.0], np.geomspace(1e-7 * reach, reach, 4001)])
    if bound is None:
        start = np.concatenate([[0.0], np.geomspace(1e-9, reach, 8001)])

    def witness(beta: Fraction) -> Witness:
        p = ((1 + beta) / 2, (1 - beta) / 2)
        floats = [float(v) for v in p]

        def risks(margins: np.ndarray) -> np.ndarray:
            with np.errstate(all="ignore"):
                values = problem.conditional_risk(np.stack([margins, -margins], axis=-1), floats)
            return np.where(np.isnan(values), np.inf, values)

        def lowest(sign: float) -> tuple[float, float]:
            margins = start
            for _ in range(5):  # a grid, refined around its best point
                at = int(np.argmin(risks(sign * margins)))
                low, high = margins[max(at - 1, 0)], margins[min(at + 1, len(margins) - 1)]
                best = margins[at]
                margins = np.unique(np.append(np.linspace(low, high, 1001), best))
            values = risks(sign * margins)
            return float(margins[int(np.argmin(values))]), float(values.min())

        (worst, wrong), (_, right) = lowest(-1.0), lowest(1.0)
        return Witness(p, (-worst, worst), (1,), wrong - min(right, wrong))

    return witness
