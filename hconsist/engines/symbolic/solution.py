"""What a derivation produces, and the choice of the derivation that fits a problem."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from typing import Any

import numpy as np

from hconsist.arithmetic import SYMPY, Ops, Value
from hconsist.engines.derivation import Derivation
from hconsist.errors import EngineCannotAnswerError
from hconsist.pointwise import PointwiseProblem, Witness


@dataclass(frozen=True)
class Solution:
    """A derivation with what the values of T need.

    Parameters
    ----------
    derivation : Derivation
    lower : sympy.Expr or None
        A proven lower bound on T where the transform is proven from above only; None where the transform is exact.
    upper_only : bool
        Whether the transform is proven from above only.
    at_one : sympy.Expr or None
        T(1), where the closed form has a removable singularity there.
    lower_only : bool
        Whether the transform is proven from below only.
    witness : callable or None
        A point that attains or approaches T(beta).
    """

    derivation: Derivation
    lower: Any = None
    upper_only: bool = False
    at_one: Any = None
    lower_only: bool = False
    witness: Callable[[Fraction], Witness] | None = None


def stop(reason: str) -> EngineCannotAnswerError:
    """The exception that says what stopped a derivation."""
    return EngineCannotAnswerError("symbolic", reason, "numeric")


@lru_cache(maxsize=512)
def solve(problem: PointwiseProblem) -> Solution:
    """Find the derivation that fits the problem.

    Raises
    ------
    EngineCannotAnswerError
        When none does.
    """
    from hconsist.engines.symbolic import constrained, margin, proper, ranking, softmax
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

    loss = problem.surrogate
    form = loss.separable
    if form is not None and form.coordinate == "softmax":
        return softmax.solve(problem, form)
    if problem.target.k != 1:
        raise stop(f"the target {problem.target} (derivations cover the zero-one target for {loss.spec_name} losses)")
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
