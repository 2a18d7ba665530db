"""The choice of the derivation that fits a problem."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from hconsist.arithmetic import SYMPY, Ops, Value
from hconsist.engines.symbolic import constrained, margin, proper, ranking, softmax
from hconsist.engines.symbolic.solution import Solution, stop
from hconsist.errors import EngineCannotAnswerError
from hconsist.losses import (
    CompSumMargin,
    Constrained,
    LDRInfinity,
    LDRk,
    MarginLoss,
    Max,
    ProbabilityLoss,
    Separable,
    Sum,
)
from hconsist.pointwise import PointwiseProblem


@lru_cache(maxsize=512)
def solve(problem: PointwiseProblem) -> Solution:
    """Find the derivation that fits the problem.

    Raises
    ------
    EngineCannotAnswerError
        When none does.
    """
    loss, k = problem.surrogate, problem.top_k("symbolic", "numeric")
    form = loss.separable
    if form is not None and form.coordinate == "softmax":
        return softmax.solve(problem, form)
    if k != 1:
        raise stop(
            f"the target {problem.target} (derivations cover the zero-one target for "
            f"{loss.spec_name} losses)"
        )
    if isinstance(loss, MarginLoss):
        return margin.solve(problem)
    if loss.symmetric and isinstance(loss, ProbabilityLoss):
        try:
            return proper.solve(problem)
        except EngineCannotAnswerError:
            if problem.n_classes != 2:
                raise
    if problem.n_classes == 2 and loss.symmetric and isinstance(loss, ProbabilityLoss):

        def own(u: Value, ops: Ops) -> Value:
            return loss.of_probabilities(np.array([u, 1 - u], dtype=object), ops)[0]

        return softmax.solve(problem, Separable("softmax", own, temperature=loss.temperature))
    if problem.n_classes == 2 and loss.symmetric:
        return margin.of_two_classes(problem)
    if isinstance(loss, Constrained):
        if ranking.is_flat(loss.phi.of_margin(margin.margin_variable(), SYMPY)):
            return ranking.solve(problem)
        return constrained.solve(problem)
    if isinstance(loss, Sum | CompSumMargin):
        share = softmax.own_share(problem)
        if share is not None:
            return softmax.solve(problem, share)
    if isinstance(loss, Max | Sum | CompSumMargin | LDRk | LDRInfinity):
        return ranking.solve(problem)
    raise stop(f"{loss.spec_name} losses with n = {problem.n_classes}: no derivation covers them")
