"""Targets with costs of their own: the methods that read them, and why each may not apply."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from hconsist.engines.numeric import exchange, finite_scores, numbers, symmetry
from hconsist.engines.numeric.cones import ConePairs, ConeSolution
from hconsist.engines.numeric.coordinates import coordinates, forecast, logarithm
from hconsist.engines.numeric.plugin import PlugIn
from hconsist.engines.numeric.searches import searched
from hconsist.errors import EngineCannotAnswerError
from hconsist.losses.forms import convex_in_scores
from hconsist.pointwise import UNREACHED, Answer, PointwiseProblem, Witness

Array = NDArray[np.float64]

DUAL = "for each pair of predictions a one-dimensional dual over linear programs (docs/targets.md)"
CONES = "for each pair of predictions a convex program (docs/targets.md)"
VERTICES = "linear programs over p, one for each vertex of the scores (docs/targets_scores.md)"
EXCHANGE = (
    "for each pair of predictions a local search over scores and distributions from many starts; "
    "it may miss a narrow minimum"
)
#: The reason that its estimates bear where the losses may have several valleys.
FROM_STARTS = (
    "searched, not proven minimal: scores and distributions are followed from finitely many "
    "starts, and the losses are not known to be convex"
)
MEANS = "a convex program for each sign of the error (docs/targets_scores.md)"
LINE = (
    "a search over the predicted number, linear programs or duals over p (docs/targets_scores.md)"
)

#: Relative disagreement of a value and the re-evaluated regret of its witness that is reported.
_AGREE = 1e-7
#: A search over scores and distributions takes seconds: values of beta at most.
_MOST_SEARCHED = 24


def answers(problem: PointwiseProblem, betas: list[Fraction]) -> list[Answer]:
    """T at every beta for a target with costs of its own, or a loss that scores its predictions.

    Raises
    ------
    EngineCannotAnswerError
        With what the loss, the hypothesis set or the target lacks.
    """
    decision = problem.decision
    if problem.hypotheses.score_bound is not None:
        raise _refused(problem, "costs other than zero-one ones are solved for complete scores")
    if decision.size != 1:
        raise _refused(problem, "costs other than zero-one ones are solved for one prediction")
    if decision.predicts_numbers:
        return _numbers(problem, betas)
    kind = forecast(problem)
    if kind is not None and kind[0] == "kl":
        plug_in = PlugIn(decision)
        return [_plug_in(problem, plug_in, b, kind[1]) for b in betas]
    costs = np.array([[float(v) for v in row] for row in decision.finite.exact_rows()])
    which = symmetry.pairs(problem, costs)
    found = coordinates(problem)
    if found is not None:
        pairs = ConePairs(found, costs, which)
        return [_by_cones(problem, pairs, b) for b in betas]
    vertices = finite_scores.vertices(problem)
    if vertices is not None:
        programs = finite_scores.Programs(vertices, costs, which)
        return [_searched(problem, programs, b, VERTICES) for b in betas]
    space = exchange.space(problem)
    if isinstance(space, str):
        raise _refused(
            problem,
            "its regret is no multiple of a KL divergence or a squared distance, in which each "
            f"pair of predictions is a convex program; and {space}",
        )
    if len(betas) > _MOST_SEARCHED:
        raise _refused(
            problem,
            f"it needs a search over scores and distributions, for {_MOST_SEARCHED} betas at most",
        )
    search = exchange.Exchange(problem, space, costs, which)
    answered = [_searched(problem, search, b, EXCHANGE) for b in betas]
    if convex_in_scores(problem.surrogate.forms, problem.n):
        return answered
    return [searched(one, FROM_STARTS) for one in answered]


def _refused(problem: PointwiseProblem, reason: str) -> EngineCannotAnswerError:
    return EngineCannotAnswerError(
        "numeric", f"{problem.surrogate.spec} and the target {problem.target}: {reason}"
    )


def _searched(
    problem: PointwiseProblem,
    search: finite_scores.Programs | exchange.Exchange,
    beta: Fraction,
    method: str,
) -> Answer:
    found = search.smallest_regret(float(beta)) if beta else search.without_regret()
    if found is None:
        return Answer(None, None, None, None, "numeric", (method,), UNREACHED)
    scores = found.scores, found.best
    return witnessed(problem, found.p, scores, found.item, found.value, method)


def _numbers(problem: PointwiseProblem, betas: list[Fraction]) -> list[Answer]:
    """Targets whose prediction is a number."""
    if problem.decision.rule == "value":
        return [_number(problem, numbers.Values(problem), b, LINE) for b in betas]
    if numbers.distance(problem).symmetric:
        raise _refused(problem, "symmetric labels are solved for losses of the number itself")
    found = coordinates(problem)
    if found is None:
        raise _refused(
            problem,
            "its regret is no multiple of a KL divergence or a squared distance, in which the mean "
            "of a forecast is a convex program",
        )
    if numbers.distance(problem).power == 2:
        return [_number(problem, numbers.Means(problem, found), b, MEANS) for b in betas]
    own = np.array_equal(found.weights, np.eye(problem.n))
    if not own or not found.kind.startswith("kl"):
        raise _refused(
            problem, "the absolute error of a mean is solved for cross-entropy of the labels"
        )
    return [_number(problem, numbers.AbsoluteOfMeans(problem, found), b, LINE) for b in betas]


def _number(
    problem: PointwiseProblem,
    search: numbers.Means | numbers.AbsoluteOfMeans | numbers.Values,
    beta: Fraction,
    method: str,
) -> Answer:
    found = search.smallest_regret(float(beta))
    if found is None:
        return Answer(None, None, None, None, "numeric", (method,), UNREACHED)
    if isinstance(found, str):
        return Answer(None, None, None, None, "numeric", (method,), found)
    scores = found.scores, found.best
    return witnessed(problem, found.p, scores, found.number, found.value, method)


def _plug_in(problem: PointwiseProblem, plug_in: PlugIn, beta: Fraction, scale: float) -> Answer:
    if beta == 0:
        return _at_a_tie(problem, plug_in)
    found = plug_in.smallest_regret(float(beta))
    if found is None:
        return Answer(None, None, None, None, "numeric", (DUAL,), UNREACHED)
    unit = float(problem.decision.temperature)
    scores = logarithm(found.q, unit), logarithm(found.p, unit)
    return witnessed(problem, found.p, scores, found.item, scale * found.value, DUAL)


def _at_a_tie(problem: PointwiseProblem, plug_in: PlugIn) -> Answer:
    """T(0) = 0: any forecast that is the truth."""
    p = np.full(problem.n, 1 / problem.n)
    item = int(np.argmin(plug_in.costs @ p))
    scores = logarithm(p, float(problem.decision.temperature))
    return witnessed(problem, p, (scores, scores), item, 0.0, DUAL)


def _by_cones(problem: PointwiseProblem, pairs: ConePairs, beta: Fraction) -> Answer:
    found = pairs.smallest_regret(float(beta)) if beta else _no_regret(problem, pairs)
    if found is None:
        return Answer(None, None, None, None, "numeric", (CONES,), UNREACHED)
    if isinstance(found, str):
        return Answer(None, None, None, None, "numeric", (CONES,), found)
    link = pairs.coordinates.scores
    scores, best = link(found.v), link(pairs.coordinates.weights @ found.p)
    return witnessed(problem, found.p, (scores, best), found.item, found.value, CONES)


def _no_regret(problem: PointwiseProblem, pairs: ConePairs) -> ConeSolution:
    p = np.full(problem.n, 1 / problem.n)
    w = pairs.coordinates.weights @ p
    return ConeSolution(0.0, p, w, int(np.argmin(pairs.costs @ p)))


def witnessed(
    problem: PointwiseProblem,
    p: Array,
    scores: tuple[Array, Array],
    item: int | float,
    value: float,
    method: str,
) -> Answer:
    """An answer whose witness is evaluated from the loss and the costs; a value that its witness
    does not confirm is no estimate.

    Parameters
    ----------
    scores : pair of arrays
        Those that predict the item, and the best ones at p.
    """
    worst, best = scores
    regret = float(problem.conditional_risk(worst, p) - problem.conditional_risk(best, p))
    reached = float(problem.decision.regret(p, [item]))
    witness = Witness(
        tuple(map(float, p)), tuple(map(float, worst)), (item,), regret, prediction_regret=reached
    )
    reason = ""
    if not abs(value - regret) <= _AGREE * abs(value) + 1e-12:
        reason = f"value {value:.12g} and re-evaluated regret {regret:.12g} of the witness differ"
    elif value < -1e-9 * max(1.0, abs(float(problem.conditional_risk(best, p)))):
        reason = f"the best scores were not found: the witness has the regret {value:.6g}"
    return Answer(
        None if reason else max(value, 0.0), None, None, witness, "numeric", (method,), reason
    )
