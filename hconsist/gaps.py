"""Minimizability gaps: ``M_l(H) = R*_l(H) - E_x[C*_l(H, x)] >= 0``, what an H-consistency bound
carries on both sides.

M is 0 when H has every measurable function with scores in its box, for any distribution. It is
positive when the members of H cannot treat the inputs one by one: here constant functions and
linear functions, on finite distributions and Gaussian mixtures.

Source: Mao, Mohri, Zhong, ICML 2023, section 5 (comp-sum losses); Awasthi et al., ICML 2022.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hconsist.arithmetic import CVXPY, NUMPY, Exact, exact, require
from hconsist.arithmetic.derivatives import FLOAT_JETS
from hconsist.arithmetic.jet import variable
from hconsist.distributions import Distribution, Estimate, Finite
from hconsist.engines import numeric, rigorous
from hconsist.engines.numeric.methods import inner_solver
from hconsist.engines.symbolic.best_in_class import best_in_class
from hconsist.errors import EngineCannotAnswerError, InvalidInputError, UnknownNameError
from hconsist.hypotheses import Bounded, Hypotheses, parse_hypotheses
from hconsist.losses import CompSum, Loss, parse_loss
from hconsist.losses.forms import OfMargin, OfSoftmax, Transport, convex_in_scores
from hconsist.pointwise import PointwiseProblem

Array = NDArray[np.float64]
#: Which functions H holds, given the scores that they reach at a point.
Members = Literal["all", "constant", "linear"]
MEMBERS: tuple[Members, ...] = ("all", "constant", "linear")


@dataclass(frozen=True)
class Gap:
    """A minimizability gap and its two parts.

    Parameters
    ----------
    value : Estimate
        ``risk - conditional``.
    risk : Estimate
        R*_l(H), the best-in-class risk.
    conditional : Estimate
        E_x[C*_l(H, x)].
    exact : bool
        Whether both parts are closed forms or finite sums of them; a solver's or a quadrature's
        value is an estimate.
    reason : str
        How the parts were found.
    lower, upper : Fraction or None
        Proven bounds of the gap; None where nothing is proven.
    """

    value: Estimate
    risk: Estimate
    conditional: Estimate
    exact: bool
    reason: str
    lower: Fraction | None = None
    upper: Fraction | None = None

    def __float__(self) -> float:
        return float(self.value)


def best_in_class_function(
    loss: Loss | str, hypotheses: Hypotheses | str, n_classes: int
) -> tuple[Callable[[Array], Array], bool]:
    """The function ``p -> C*(p)``, vectorised, and whether it is a closed form.

    Closed forms come from the symbolic engine; where it has none, the numeric engine's solver or a
    convex program answers.

    Raises
    ------
    EngineCannotAnswerError
        Where neither has a method.

    Examples
    --------
    >>> best, closed = best_in_class_function("logistic", "complete", 2)
    >>> closed, float(best(np.array([0.5, 0.5])).round(6))
    (True, 0.693147)
    """
    problem = PointwiseProblem(
        parse_loss(loss), hypotheses=parse_hypotheses(hypotheses), n_classes=n_classes
    )
    try:
        return best_in_class(problem), True
    except EngineCannotAnswerError:
        _require_bounded(problem)
    inner = inner_solver(problem)
    if inner is not None:
        solver = inner
        return lambda p: np.asarray(
            solver.solve(np.atleast_2d(p), np.ones_like(np.atleast_2d(p))).risk
        ).reshape(p.shape[:-1]), False
    if _convex_in_scores(problem.surrogate, problem.n):
        return lambda p: _each(problem, p), False
    raise EngineCannotAnswerError(
        "numeric", f"no method for the best-in-class risk of {problem.surrogate.spec}"
    )


def _require_bounded(problem: PointwiseProblem) -> None:
    """A risk without a minimum has no gap, and what a solver returns is where it stopped."""
    form = problem.surrogate.form(OfMargin, problem.n)
    if form is None or problem.hypotheses.score_bound is not None:
        return
    bounded = form.phi.fact("bounded below")
    if bounded.refuted:
        raise EngineCannotAnswerError(
            "numeric", f"the risk of a sure label has no minimum: {bounded}"
        )


def _each(problem: PointwiseProblem, p: Array) -> Array:
    """C*(p) by one convex program per label distribution."""
    from cvxpy.error import DCPError

    flat = p.reshape(-1, p.shape[-1])
    try:
        found = [numeric.best_in_class(problem, row, method="oracle") for row in flat]
    except DCPError as refused:
        raise EngineCannotAnswerError(
            "numeric", f"could not write {problem.surrogate.spec} as a convex program"
        ) from refused
    failed = [f.status for f in found if f.risk is None]
    if failed:
        raise EngineCannotAnswerError(
            "numeric", f"the convex program for {problem.surrogate.spec} ended as {failed[0]}"
        )
    return np.array([f.risk for f in found], dtype=float).reshape(p.shape[:-1])


def _linear_risk(loss: Loss, p: Array, features: Array, weight: float, bias: float) -> Estimate:
    """``min sum_i p_i . l(W x_i + b)`` over row norms of W and entries of b, with the solver's
    duality gap as error.
    """
    import cvxpy as cp

    weights, offset = cp.Variable((p.shape[1], features.shape[1])), cp.Variable(p.shape[1])
    constraints: list[Any] = [cp.norm(weights, 2, axis=1) <= weight, cp.abs(offset) <= bias]
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


def expected_best_in_class(
    loss: Loss | str, distribution: Distribution, hypotheses: Hypotheses | str = "complete"
) -> Estimate:
    """``E_x[C*_l(H, x)]``: exact for a finite distribution and a closed form, by quadrature for
    Gaussian mixtures.

    Examples
    --------
    >>> float(expected_best_in_class("mae", Finite.point(["3/4", "1/4"])))
    0.25
    """
    best, closed = best_in_class_function(loss, hypotheses, distribution.n_classes)
    found = distribution.expectation(best)
    return found if closed else Estimate(found.value, found.error, f"{found.method}, solver")


def minimizability_gap(
    loss: Loss | str,
    distribution: Distribution,
    hypotheses: Hypotheses | str = "complete",
    members: Members = "all",
    engine: Literal["numeric", "rigorous"] = "numeric",
) -> Gap:
    """The minimizability gap of a loss.

    Parameters
    ----------
    loss : Loss or str
    distribution : Distribution
    hypotheses : Hypotheses or str
        The scores that are reached at a point.
    members : {"all", "constant", "linear"}
        "all": every measurable function with these scores: the gap is 0, whatever the distribution.
        "constant": the score vector does not depend on x, so that R*(H) = C*(P_Y). "linear":
        hypotheses must be `Linear` and the distribution a
        `Finite` one with points; R*(H) is the value of a convex program, an estimate.
    engine : {"numeric", "rigorous"}
        "numeric": closed forms where there are any, solvers elsewhere. "rigorous": proven bounds,
        on finite distributions: rational candidates from above and dual certificates from below,
        evaluated in balls.

    Raises
    ------
    InvalidInputError
        When the parts do not fit together.
    EngineCannotAnswerError
        When there is no method for the loss, or for the distribution.

    Source: Mao, Mohri, Zhong, ICML 2023, section 5.

    Examples
    --------
    >>> d = Finite(["1/2", "1/2"], [[1, 0], [0, 1]])
    >>> float(minimizability_gap("logistic", d))
    0.0
    >>> round(float(minimizability_gap("logistic", d, members="constant")), 6)
    0.693147
    >>> proven = minimizability_gap("logistic", d, members="constant", engine="rigorous")
    >>> float(proven.upper - proven.lower) < 1e-12
    True
    """
    surrogate, reach = parse_loss(loss), parse_hypotheses(hypotheses)
    if members not in MEMBERS:
        raise UnknownNameError("kind of members", str(members), MEMBERS)
    if engine not in ("numeric", "rigorous"):
        raise UnknownNameError("engine for gaps", str(engine), ("numeric", "rigorous"))
    if engine == "rigorous" and not isinstance(distribution, Finite):
        raise EngineCannotAnswerError(
            "rigorous", f"{type(distribution).__name__} has infinitely many inputs", "numeric"
        )
    if members == "linear":
        return _linear_gap(surrogate, distribution, reach, engine == "rigorous")
    if reach.depends_on_input:
        raise InvalidInputError(
            f"members={members!r} needs scores that do not depend on x",
            str(reach),
            "pass complete or bounded:B, or members='linear'",
        )
    if engine == "rigorous" and isinstance(distribution, Finite):
        return _proven_gap(surrogate, distribution, reach, members)
    expected = expected_best_in_class(surrogate, distribution, reach)
    if members == "all":
        zero = Estimate(Fraction(0), 0.0, "measurable selection")
        return Gap(
            zero,
            expected,
            expected,
            True,
            "H chooses scores input by input: R*(H) is the mean of C*",
        )
    best, closed = best_in_class_function(surrogate, reach, distribution.n_classes)
    marginal = np.array([float(v) for v in distribution.label_probabilities])
    risk = Estimate(float(best(marginal)), 0.0, "closed form" if closed else "solver")
    return _difference(
        risk,
        expected,
        closed and expected.error == 0,
        "constant scores: R*(H) = C*(P_Y), concave in P_Y",
    )


def _difference(risk: Estimate, expected: Estimate, exact_parts: bool, reason: str) -> Gap:
    method = f"{risk.method} - {expected.method}"
    value = Estimate(float(risk) - float(expected), risk.error + expected.error, method)
    if float(value) < -(value.error + 1e-6 * (1 + abs(float(risk)))):  # no gap is negative
        raise EngineCannotAnswerError("numeric", f"a solver missed a least risk: {method}: {value}")
    return Gap(value, risk, expected, exact_parts, reason)


def _proven_gap(loss: Loss, distribution: Finite, hypotheses: Hypotheses, members: Members) -> Gap:
    """Proven bounds for all functions, whose gap is 0, and for constant ones."""
    problem = PointwiseProblem(loss, hypotheses=hypotheses, n_classes=distribution.n_classes)
    low = high = Fraction(0)
    for weight, p in zip(distribution.weights, distribution.conditionals, strict=True):
        least, most = rigorous.best_in_class_risk(problem, p)
        low, high = low + weight * least, high + weight * most
    expected = _enclosed(low, high)
    if members == "all":
        zero = Estimate(Fraction(0), 0.0, "measurable selection")
        reason = "H chooses scores input by input: R*(H) is the mean of C*"
        return Gap(zero, expected, expected, True, reason, Fraction(0), Fraction(0))
    least, most = rigorous.best_in_class_risk(problem, distribution.label_probabilities)
    return _between((least, most), (low, high), "constant scores: R*(H) = C*(P_Y), enclosed")


def _enclosed(low: Fraction, high: Fraction) -> Estimate:
    return Estimate(float((low + high) / 2), float((high - low) / 2), "enclosure")


def _between(
    risk: tuple[Fraction, Fraction], expected: tuple[Fraction, Fraction], reason: str
) -> Gap:
    # No gap is negative.
    low, high = max(risk[0] - expected[1], Fraction(0)), risk[1] - expected[0]
    return Gap(
        _enclosed(low, high), _enclosed(*risk), _enclosed(*expected), False, reason, low, high
    )


def _linear_gap(
    loss: Loss, distribution: Distribution, hypotheses: Hypotheses, proven: bool = False
) -> Gap:
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
        return _between(
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
    return _difference(
        risk, conditional, False, "linear scores: an estimate by convex optimisation"
    )


def _convex_in_scores(loss: Loss, n_classes: int) -> bool:
    """Whether the losses are convex in the scores, proven or declared: a solver's value is an
    estimate in any case.
    """
    return bool(convex_in_scores(loss.forms, n_classes))


def _in_scores(loss: Loss, scores: Any) -> Any:
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


# -- comp-sum losses: upper bounds and comparison across tau
def comp_sum_value(tau: object, v: ArrayLike) -> Array:
    """``Phi^tau(v) = ((1 + v)^(1 - tau) - 1) / (1 - tau)``, ``log(1 + v)`` at tau = 1; increasing
    and concave for tau >= 0.

    Examples
    --------
    >>> float(comp_sum_value(2, 1.0))
    0.5
    """
    values = np.asarray(v, dtype=float)
    if np.any(values < 0):
        raise InvalidInputError("v must be >= 0", values.tolist(), "v is a sum of exponentials")
    return np.asarray(CompSum(exact(tau, "tau")).of_softmax(1 / (1 + values), NUMPY))


def gap_upper_bound(
    tau: object,
    distribution: Distribution,
    sum_exponential_risk: float | Estimate,
    hypotheses: Hypotheses | str = "complete",
) -> Estimate:
    """``Phi^tau(R*_0(H)) - E[C*_tau(H, x)]``, an upper bound on the minimizability gap of the
    comp-sum loss tau.

    The loss is Phi^tau of the sum-exponential loss (tau = 0) and Phi^tau is increasing and concave:
    by Jensen,
    ``R*_tau(H) = inf E Phi^tau(l_0) <= inf Phi^tau(E l_0) = Phi^tau(R*_0(H))``.

    Parameters
    ----------
    tau : number >= 0
    distribution : Distribution
    sum_exponential_risk : float or Estimate
        R*_0(H), or any upper bound on it such as the risk of a trained model.
    hypotheses : Hypotheses or str

    Source: Mao, Mohri, Zhong, ICML 2023, theorem 3 (section 5.2).

    Examples
    --------
    >>> d = Finite(["1/2", "1/2"], [[1, 0], [0, 1]])
    >>> round(float(gap_upper_bound(1, d, 1.0)), 6)
    0.693147
    """
    loss = CompSum(exact(tau, "tau"))
    require(
        float(sum_exponential_risk) >= 0,
        "a sum-exponential risk must be >= 0",
        float(sum_exponential_risk),
        "pass R*_0(H)",
    )
    risk = float(sum_exponential_risk)
    error = sum_exponential_risk.error if isinstance(sum_exponential_risk, Estimate) else 0.0
    expected = expected_best_in_class(loss, distribution, hypotheses)
    # Phi^tau has slope (1 + v)^(-tau) <= 1.
    return Estimate(
        float(comp_sum_value(tau, risk)) - float(expected), error + expected.error, "Jensen"
    )


def deterministic_gap_bound(
    tau: object,
    n_classes: int,
    sum_exponential_risk: float | Estimate,
    hypotheses: Hypotheses | str = "complete",
) -> Estimate:
    """The upper bound where the label is a function of the input: ``Phi^tau(R*_0(H)) -
    Phi^tau(C*_0)``, non-increasing in tau.

    With scores in [-B, B], C*_0 = (n - 1) exp(-2B) at every input; 0 for complete H. The bound is
    the integral of (1 + v)^(-tau) from C*_0 to R*_0(H), which falls as tau grows. In the realizable
    case, complete H and R*_0(H) = 0, it is 0.

    Source: Mao, Mohri, Zhong, ICML 2023, section 5.2 (deterministic case).

    Examples
    --------
    >>> [round(float(deterministic_gap_bound(tau, 10, 3.0)), 4) for tau in (0, 1, 2)]
    [3.0, 1.3863, 0.75]
    """
    bound = parse_hypotheses(hypotheses).score_bound
    lowest = 0.0 if bound is None else (n_classes - 1) * float(np.exp(-2 * float(bound)))
    risk = float(sum_exponential_risk)
    if risk < lowest * (1 - 1e-12):
        raise InvalidInputError(
            f"R*_0(H) is at least C*_0 = {lowest:.6g}",
            risk,
            "pass the sum-exponential risk of scores within the bound",
        )
    error = sum_exponential_risk.error if isinstance(sum_exponential_risk, Estimate) else 0.0
    return Estimate(
        float(comp_sum_value(tau, risk)) - float(comp_sum_value(tau, lowest)),
        error,
        "Jensen, deterministic labels",
    )


@dataclass(frozen=True)
class GapComparison:
    """One line of a comparison across tau: the gap itself and its upper bound."""

    tau: Exact
    gap: Gap
    upper: Estimate


def compare_taus(
    taus: Iterable[object],
    distribution: Distribution,
    hypotheses: Hypotheses | str = "complete",
    members: Members = "constant",
) -> list[GapComparison]:
    """Minimizability gaps of comp-sum losses for several tau, with the upper bound by Jensen.

    Examples
    --------
    >>> d = Finite(["1/2", "1/2"], [[1, 0], [0, 1]])
    >>> [round(float(line.gap), 4) for line in compare_taus([0, 1, 2], d)]
    [1.0, 0.6931, 0.5]
    """
    base = minimizability_gap(CompSum(0), distribution, hypotheses, members)
    lines = []
    for value in taus:
        tau = exact(value, "tau")
        gap = minimizability_gap(CompSum(tau), distribution, hypotheses, members)
        lines.append(
            GapComparison(tau, gap, gap_upper_bound(tau, distribution, base.risk, hypotheses))
        )
    return lines


def target_gap(distribution: Distribution, members: Members = "constant") -> Estimate:
    """The minimizability gap of the zero-one loss: 0 for all functions, best constant error minus
    Bayes error for constants.

    Examples
    --------
    >>> float(target_gap(Finite(["1/2", "1/2"], [[1, 0], ["1/3", "2/3"]])))
    0.16666666666666666
    """
    if members == "all":
        return Estimate(Fraction(0), 0.0, "measurable selection")
    if members != "constant":
        raise InvalidInputError(
            "the zero-one gap is known for all or constant members",
            members,
            "pass members='constant'",
        )
    bayes = distribution.bayes_error()
    return Estimate(
        1 - max(distribution.label_probabilities) - bayes.value, bayes.error, bayes.method
    )
