"""A point that attains or approaches T: the best wrong margin and the best of all, searched."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

import numpy as np

from hconsist.pointwise import PointwiseProblem, Witness


def margin_witness(problem: PointwiseProblem) -> Callable[[Fraction], Witness] | None:
    """The tie f = 0 at p = ((1 + beta)/2, (1 - beta)/2), or the best wrong margin on a grid where
    the tie is not best.
    """
    if problem.is_symbolic:
        return None
    bound = problem.hypotheses.score_bound
    reach = 60.0 if bound is None else float(bound)

    def witness(beta: Fraction) -> Witness:
        p = ((1 + beta) / 2, (1 - beta) / 2)
        floats = [float(v) for v in p]

        def lowest(sign: float) -> tuple[float, float]:
            margins = np.concatenate(
                [np.linspace(0, reach, 2001), np.linspace(0, min(reach, 4.0), 2001)]
            )
            for _ in range(4):  # a grid, refined around its best point
                risks = problem.conditional_risk(
                    np.stack([sign * margins, -sign * margins], axis=-1), floats
                )
                best, step = margins[int(np.argmin(risks))], np.ptp(margins) / 500
                margins = np.clip(np.linspace(best - step, best + step, 2001), 0, reach)
            return float(best), float(risks.min())

        (worst, wrong), (_, right) = lowest(-1.0), lowest(1.0)
        return Witness(p, (-worst, worst), (1,), wrong - min(right, wrong))

    return witness
