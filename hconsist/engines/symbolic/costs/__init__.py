"""Costs of any kind: forecasts of the label, and one score a prediction."""

from __future__ import annotations

from hconsist.decisions.costs import Distances
from hconsist.engines.symbolic import cost_range
from hconsist.engines.symbolic.costs import forecasts, parts, scores, tied
from hconsist.engines.symbolic.solution import Solution
from hconsist.losses.cross_entropy import cross_entropy_scale
from hconsist.losses.prediction_forms import Rows
from hconsist.pointwise import PointwiseProblem


def _needs_complete(problem: PointwiseProblem) -> str:
    decision = problem.decision
    if problem.hypotheses.score_bound is not None or decision.size != 1:
        return "needs complete scores and one prediction"
    if decision.predicts_numbers:
        return "needs finitely many predictions"
    return ""


def not_a_forecast(problem: PointwiseProblem) -> str:
    """Why `of_forecasts` does not apply; empty where it does."""
    loss = problem.surrogate
    if reason := _needs_complete(problem):
        return reason
    if loss.scores_of != "labels" or cross_entropy_scale(loss) is None:
        return "needs a cross-entropy forecast"
    if problem.decision.rule != "least expected cost":
        return f"the target {problem.target} predicts the largest score whatever it costs"
    return ""


def of_forecasts(problem: PointwiseProblem) -> Solution:
    """By the widest range of cost differences where that decides, and else by all that matter.

    Raises
    ------
    EngineCannotAnswerError
        With what stopped it.
    """
    scale = cross_entropy_scale(problem.surrogate)
    assert scale is not None
    if isinstance(problem.decision.costs, Distances):
        return cost_range.of_distances(problem, scale)
    widest = None if problem.decision.symbols else cost_range.solve(problem, scale)
    return widest or forecasts.solve(problem, scale)


def not_of_scores(problem: PointwiseProblem) -> str:
    """Why `of_scores` does not apply; empty where it does."""
    if problem.surrogate.scores_of == "labels":
        return "needs a loss with one score a prediction"
    if reason := _needs_complete(problem):
        return reason
    if problem.decision.rule != "largest scores":
        return "needs the prediction with the largest score"
    form = problem.surrogate.prediction_form(problem.decision.items)
    if form is None:
        return "needs a loss with one score a prediction"
    if not _saves(problem, form.weights):
        return "needs weights of the scores that say what their predictions save"
    return "" if scores.covers(form) else "needs cross-entropy, the logistic or a squared loss"


def _saves(problem: PointwiseProblem, weights: Rows) -> bool:
    """Whether cost and weight of each prediction have one sum, for each label."""
    rows = problem.decision.finite.exact_rows()
    return len(rows) == len(weights) and all(
        len({row[y] + own[y] for row, own in zip(rows, weights, strict=True)}) == 1
        for y in range(problem.n)
    )


def of_scores(problem: PointwiseProblem) -> Solution:
    """By the two weights that compete.

    Raises
    ------
    EngineCannotAnswerError
        With what stopped it.
    """
    form = problem.surrogate.prediction_form(problem.decision.items)
    assert form is not None
    return scores.solve(problem, form)


def not_of_parts(problem: PointwiseProblem) -> str:
    """Why `of_parts` does not apply; empty where it does."""
    if reason := _needs_complete(problem):
        return reason
    found = parts.parts(problem)
    return found if isinstance(found, str) else ""


def of_parts(problem: PointwiseProblem) -> Solution:
    """By infimal convolution of the binary transformation.

    Raises
    ------
    EngineCannotAnswerError
        With what stopped it.
    """
    found = parts.parts(problem)
    assert not isinstance(found, str)
    return parts.solve(problem, found)


def not_of_items(problem: PointwiseProblem) -> str:
    """Why `of_items` does not apply; empty where it does."""
    return _needs_complete(problem) or tied.missing(problem)


def of_items(problem: PointwiseProblem) -> Solution:
    """By the tie rule of Fenchel-Young losses."""
    return tied.solve(problem)
