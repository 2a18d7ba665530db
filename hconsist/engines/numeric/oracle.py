"""The inner problem as a convex program, to be read and to check the fast methods against.

CVXPY states it in the coordinates in which the loss is convex, from the loss's own formula;
Clarabel solves it and its dual.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import exp
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hconsist.arithmetic import CVXPY
from hconsist.errors import EngineCannotAnswerError
from hconsist.losses import SoftmaxLoss
from hconsist.pointwise import PointwiseProblem

Array = NDArray[np.float64]

#: Scores of the complete set are searched in a box of this size (units of the temperature), so that
#: minima are attained.
_BOX = 60.0


@dataclass(frozen=True)
class BestInClass:
    """A best-in-class conditional risk, and how close to optimal it is known to be.

    Parameters
    ----------
    risk : float or None
        The value of the solver's primal point; None where the solver failed.
    dual : float or None
        The value of its dual point: a lower bound of the risk, up to the rounding of the solver.
    scores : array (n,) or None
        Where the risk is attained; for softmax coordinates the logarithm of the optimal softmax
        vector.
    status : str
        The solver's word, or the method and its residual.
    """

    risk: float | None
    dual: float | None
    scores: Array | None
    status: str

    @property
    def gap(self) -> float | None:
        """``risk - dual``."""
        return None if self.risk is None or self.dual is None else self.risk - self.dual


def solve(
    problem: PointwiseProblem, p: Array, predicted: tuple[int, ...] | None = None
) -> BestInClass:
    """``inf { C(s, p) : s in H(x) }``, over scores that predict the given set where there is one.

    Raises
    ------
    EngineCannotAnswerError
        When the loss is not known to be convex in the scores or in the softmax values.
    """
    import cvxpy as cp

    loss, n, bound = problem.surrogate, problem.n, problem.hypotheses.score_bound
    variable = cp.Variable(n)
    unit = float(loss.temperature) if isinstance(loss, SoftmaxLoss) else 1.0
    constraints: list[Any] = []
    if isinstance(loss, SoftmaxLoss) and loss.shape == "convex in softmax":
        losses = loss.of_softmax(variable, CVXPY)
        constraints += [cp.sum(variable) == 1, variable >= 0]
        if bound is not None:
            ratio = exp(2 * float(bound) / unit)
            constraints.append(cp.max(variable) <= ratio * cp.min(variable))
    elif loss.shape == "convex in scores":
        losses = loss.losses(variable, CVXPY)
        limit = _BOX * unit if bound is None else float(bound)
        constraints += [variable <= limit, variable >= -limit]
        if loss.sum_to_zero:
            constraints.append(cp.sum(variable) == 0)
    else:
        raise EngineCannotAnswerError(
            "numeric", f"{loss.spec} is not known to be convex in scores or softmax values"
        )
    if predicted is not None:
        others = [i for i in range(n) if i not in predicted]
        constraints += [variable[j] >= variable[i] for j in predicted for i in others]
    seen = np.flatnonzero(p > 0)
    objective = sum(float(p[y]) * losses[int(y)] for y in seen)
    program = cp.Problem(cp.Minimize(objective), constraints)
    data, chain, inverse = program.get_problem_data(cp.CLARABEL, solver_opts={})
    tolerances = {"tol_gap_abs": 1e-10, "tol_gap_rel": 1e-10, "tol_feas": 1e-10}
    raw = chain.solver.solve_via_data(data, warm_start=False, verbose=False, solver_opts=tolerances)
    try:
        program.unpack_results(raw, chain, inverse)
    except cp.error.SolverError as failure:
        return BestInClass(None, None, None, str(failure))
    if program.status != cp.OPTIMAL:
        return BestInClass(
            None, None, None, f"{program.status}, residual {max(raw.r_prim, raw.r_dual):.1e}"
        )
    dual = float(program.value - (raw.obj_val - raw.obj_val_dual))
    point = np.asarray(variable.value, dtype=float)
    scores = (
        unit * np.log(np.maximum(point, 1e-300)) if loss.shape == "convex in softmax" else point
    )
    return BestInClass(float(program.value), dual, scores, program.status)
