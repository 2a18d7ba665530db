"""Piecewise-linear losses of all scores, any score bound, up to twelve labels: T is exact.

For one distribution a least risk is a linear program, in rationals; both risks are linear in each
of finitely many cells of distributions, so T is piecewise linear, and T** is the hull of what it is
at the corners (`hconsist.checker.rules.cells` says why; the same arithmetic checks certificates).
"""

from __future__ import annotations

from fractions import Fraction

from hconsist.checker.cells import LABELS
from hconsist.checker.statements import Statement
from hconsist.engines.methods import method
from hconsist.engines.rigorous.methods.plan import (
    Budget,
    Lines,
    Plan,
    Question,
    one_predicted_label,
)
from hconsist.engines.rigorous.piecewise.answers import Transform
from hconsist.engines.rigorous.piecewise.risks import LeastRisks
from hconsist.engines.rigorous.supports import Vertices
from hconsist.errors import EngineCannotAnswerError
from hconsist.losses.forms import OfScores
from hconsist.losses.piecewise import NotPiecewiseLinearError, piecewise_formulas
from hconsist.pointwise import UNREACHED, Answer, PointwiseProblem, Witness

#: Maxima under a minus sign: a minimum has a linear program for each choice of its parts.
_CHOICES = 6
_CELLS, _WIDTH = 20_000, Fraction(1, 10**6)


def statement_of(problem: PointwiseProblem) -> Statement | str:
    """The problem as the checker states it, with the claim T >= 0; or why it has no such form."""
    decision, bound = problem.decision, problem.hypotheses.score_bound
    if (decision.rule != "largest scores" and decision.structure.top is None) or decision.size != 1:
        return "needs one prediction, that with the largest score"
    if max(problem.n, decision.items) > LABELS:
        return f"needs at most {LABELS} labels"
    if bound is not None and not isinstance(bound, Fraction):
        return "needs a rational score bound"
    try:
        formulas = piecewise_formulas(problem.surrogate, decision.items)
    except NotPiecewiseLinearError as problem_found:
        return f"needs a loss that is piecewise linear in the scores: it has {problem_found}"
    costs = None if decision.structure.top == 1 else decision.finite.exact_rows()
    zero_sum = problem.surrogate.form(OfScores) is not None
    return Statement(
        problem.surrogate.spec, "scores", None, problem.n, costs, bound, "T >=", "0",
        tuple(formulas), zero_sum,
    )  # fmt: skip


def least_risks(problem: PointwiseProblem) -> LeastRisks | str:
    """The least risks of a piecewise-linear loss over all scores, or why there are none."""
    one = PointwiseProblem(problem.surrogate, hypotheses=problem.hypotheses, n_classes=problem.n)
    statement = statement_of(one)
    if isinstance(statement, str):
        return statement
    least = LeastRisks(statement)
    if sum(least.risks.choices) > _CHOICES:
        return f"needs at most {_CHOICES} minima in the losses of all labels, for all choices"
    return least


def transform_of(problem: PointwiseProblem) -> Transform | str:
    """T of a piecewise-linear loss, or why there is none."""
    statement = statement_of(problem)
    if isinstance(statement, str):
        return statement
    least = LeastRisks(statement)
    if sum(least.risks.choices) > _CHOICES:
        return f"needs at most {_CHOICES} minima in the losses of all labels, for all choices"
    try:
        return Transform(least)
    except EngineCannotAnswerError as problem_found:
        return str(problem_found)


@method("rigorous", "piecewise", rank=90)
def plan(question: Question) -> Plan | str:
    """Cells of distributions, the least first."""
    if question.k > 1:
        return "needs one predicted label"
    found = transform_of(question.problem)
    if isinstance(found, str):
        return found
    return Plan(lambda beta, budget: answer(found, beta, budget))


def answer(found: Transform, beta: Fraction, budget: Budget) -> Answer:
    """T(beta) with its witness."""
    value = found.at(beta, budget.max_boxes or _CELLS, budget.time_budget)
    if value.lower is None or value.upper is None:
        return Answer(None, None, None, None, "rigorous", (), UNREACHED)
    scores = tuple(float(s) for s in value.scores)
    witness = Witness(value.p, scores, (value.predicted,), float(value.upper))
    width = budget.width if budget.width is not None else _WIDTH
    reason = value.reason if value.upper - value.lower > width else ""
    estimate = float(value.upper if not reason else (value.lower + value.upper) / 2)
    return Answer(estimate, value.lower, value.upper, witness, "rigorous", (), reason)


@method("rigorous", "piecewise", rank=90, asked="T**")
def lines(question: Question) -> Lines | str:
    """The corners of T**."""
    if other := one_predicted_label(question):
        return other
    found = transform_of(question.problem)
    if isinstance(found, str):
        return found
    points = found.corners(_CELLS)
    if points[-1][0] < 1:
        return f"T is infinite beyond {points[-1][0]}: there are no lines up to 1"
    return Lines(Vertices(tuple(points), ()))
