"""How strongly a loss of two labels is proper (Agarwal, JMLR 2014, section 4)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hconsist.arithmetic import NUMPY
from hconsist.engines import EngineName
from hconsist.pointwise import PointwiseProblem
from hconsist.theorems import Theorem
from hconsist.verify.evidence import Check, describe
from hconsist.verify.relations import RELATIONS, Relation

Array = NDArray[np.float64]

#: Relative slack: least risks are found to about 1e-12 in differences of size 1e-3.
_TOLERANCE = 1e-6
#: How near to equality a constant that is called tight must come.
_NEAR = 5e-3
#: Margins are searched up to this size where the hypothesis set does not bound them.
_FAR = 40.0


def least_risk(problem: PointwiseProblem, weights: Array) -> Array:
    """inf over margins v of w l_1((v, -v)) + (1 - w) l_2((v, -v)), by golden section on a bracket.

    >>> float(least_risk(PointwiseProblem("margin-logistic"), np.array([0.5]))[0].round(9))
    0.693147181
    """
    bound = problem.hypotheses.score_bound
    far = _FAR if bound is None else float(bound)

    def risk(v: Array) -> Array:
        losses = problem.surrogate.losses(np.stack([v, -v], axis=-1), NUMPY)
        return np.asarray(weights * losses[..., 0] + (1 - weights) * losses[..., 1])

    low, high = np.full_like(weights, -far), np.full_like(weights, far)
    share = (np.sqrt(5) - 1) / 2
    with np.errstate(over="ignore"):
        for _ in range(90):
            left, right = high - share * (high - low), low + share * (high - low)
            nearer = risk(left) <= risk(right)
            low, high = np.where(nearer, low, left), np.where(nearer, right, high)
        ends = [risk(np.full_like(weights, s * far)) for s in (-1, 1)]
        return np.asarray(np.minimum.reduce([risk((low + high) / 2), *ends]))


class StronglyProper(Relation):
    """2 H((q + q')/2) - H(q) - H(q') >= f (q - q')^2 / 4, H the least risk: the loss is f-strongly
    proper (theorem 10 there).
    """

    def check(self, entry: Theorem, problem: PointwiseProblem, engine: EngineName) -> Check:
        """The least ratio of both sides over pairs of label probabilities; an estimate."""
        name = describe(problem)
        if engine != "numeric" or problem.n_classes != 2:
            return Check(
                engine, name, "undecided", None, "the least risk of two labels is found by search"
            )
        ends = np.array([1e-6, 0.002, 0.01])  # some constants are approached at an end only
        grid = np.concatenate([ends, np.arange(1, 40) / 40, 1 - ends])
        pairs = np.array([(q, r) for q in grid for r in grid if 0.0015 < q - r < 0.3])
        h = [least_risk(problem, x) for x in (pairs.mean(axis=1), pairs[:, 0], pairs[:, 1])]
        squares = (pairs[:, 0] - pairs[:, 1]) ** 2
        ratio = 4 * (2 * h[0] - h[1] - h[2]) / squares / float(entry.at(problem))
        worst = int(np.argmin(ratio))
        slack = float(ratio[worst]) - 1
        good = slack >= -_TOLERANCE and (entry.claim != "tight" or slack <= _NEAR)
        q, r = pairs[worst]
        detail = f"ratio {ratio[worst]:.6f} at q = {q:.3g}, q' = {r:.3g}"
        return Check(engine, name, "confirmed" if good else "contradicted", slack, detail)


RELATIONS.add(
    "strongly proper", StronglyProper(), summary="regret >= f (q - q')^2 / 2 of forecasts"
)
