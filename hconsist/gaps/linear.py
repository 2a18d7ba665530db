"""Gaps of linear scores on a finite distribution: a convex program, or proven bounds of it."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from hconsist.arithmetic import CVXPY, exact
from hconsist.arithmetic.derivatives import FLOAT_JETS
from hconsist.arithmetic.exact import Value
from hconsist.arithmetic.jet import variable
from hconsist.distributions import Distribution, Estimate, Finite
from hconsist.engines import rigorous
from hconsist.errors import EngineCannotAnswerError, InvalidInputError
from hconsist.gaps.conditional import Array, best_in_class_function
from hconsist.gaps.gap import Gap, between, difference
from hconsist.hypotheses import Bounded, Hypotheses
from hconsist.losses import Loss
from hconsist.losses.forms import OfSoftmax, Transport, convex_in_scores


def _linear_risk(loss: Loss, p: Array, features: Array, weight: float, bias: float) -> Estimate:
    """``min sum_i p_i . l(W x_i + b)`` over row norms of W and entries of b, with the solver's
    duality gap as error.
    """
    import cvxpy as cp

    weights, offset = cp.Variable((p.shape[1], features.shape[1])), cp.Variable(p.shape[1])
    constraints: list[Value] = [cp.norm(weights, 2, axis=1) <= weight, cp.abs(offset) <= bias]
    if loss.sum_to_zero:
        constraints += [cp.sum(offset) == 0, cp.sum(weights, axis=0) == 0]
    costs = [
        row @ _in_scores(loss, weights @ x + offset) for row, x in zip(p, features, strict=True)
    ]
    program = cp.Problem(cp.Minimize(sum(costs)), constraints)
    data, chain, inverse = program.get_problem_data(cp.CLARABEL, solver_opts={})
    raw = chain.solver.solve_via_data(data, warm_start=False, verbose=False, solver_opts={})
    program.unpack_results(raw, chain, inverse)
    if program.status != cp.OPTIMAL:
        raise EngineCannotAnswerError(
            "numeric", f"the convex program for {loss.spec} ended as {program.status}"
        )
    return Estimate(
        float(program.value), abs(float(raw.obj_val - raw.obj_val_dual)), "convex program"
    )


def linear_gap(
    loss: Loss, distribution: Distribution, hypotheses: Hypotheses, proven: bool = False
) -> Gap:
    """The gap of linear scores; see `hconsist.gaps.minimizability_gap`."""
    linear = hypotheses.affine
    if linear is None or not isinstance(distribution, Finite) or distribution.points is None:
        raise InvalidInputError(
            "members='linear' needs a Linear hypothesis set and a Finite distribution with points",
            f"{hypotheses}, {type(distribution).__name__}",
            "pass Linear(weight=1, bias=1) and Finite(..., points=...)",
        )
    if not _convex_in_scores(loss, distribution.n_classes):
        raise EngineCannotAnswerError(
            "numeric", f"R*(H) of {loss.spec} is not a convex program in linear scores"
        )
    if proven:
        parts = rigorous.linear_gap(
            loss, linear, distribution.weights, distribution.conditionals, distribution.points
        )
        return between(
            parts.risk,
            parts.conditional,
            "linear scores: a rational candidate, and tangents below the risk",
        )
    features = np.array(distribution.points)
    p = np.array(distribution.conditionals, dtype=float)
    weights = np.array(distribution.weights, dtype=float)
    weight, bias = float(linear.weight), float(linear.bias)
    risk = _linear_risk(loss, weights[:, None] * p, features, weight, bias)
    expected = 0.0
    for w, x, q in zip(weights, features, p, strict=True):
        # At x the scores fill the box of radius W |x| + B.
        reach = Bounded(exact(weight * float(np.linalg.norm(x)) + bias, "score bound"))
        best, _ = best_in_class_function(loss, reach, distribution.n_classes)
        expected += float(w) * float(best(q))
    conditional = Estimate(expected, risk.error, "finite sum, solver")
    return difference(risk, conditional, False, "linear scores: an estimate by convex optimisation")


def _convex_in_scores(loss: Loss, n_classes: int) -> bool:
    """Whether the losses are convex in the scores, proven or declared: a solver's value is an
    estimate in any case.
    """
    return bool(convex_in_scores(loss.forms, n_classes))


def _in_scores(loss: Loss, scores: Value) -> Value:
    """The losses as convex CVXPY expressions of the scores; those of the softmax value that are
    convex in t = -log u through t, which is convex.
    """
    transport, form = loss.form(Transport), loss.form(OfSoftmax)
    if transport is not None:
        return transport.losses(scores, CVXPY)
    if form is None:
        return loss.losses(scores, CVXPY)
    temperature = float(form.temperature)
    minus_log = Transport(Fraction(1), Fraction(0)).losses(scores / temperature, CVXPY)
    power = form.g.power_law
    if power is None or power >= 1:
        raise EngineCannotAnswerError(
            "numeric", f"no convex program for {loss.spec} in linear scores"
        )
    # g(u) = g(1) + c (u^(tau - 1) - 1)/(1 - tau), with c = -g'(1)
    rest = float(1 - power)
    jet = form.g(variable(1.0, 1), FLOAT_JETS)
    return jet.v + float(-jet.d1) * (CVXPY.exp(rest * minus_log) - 1) / rest
