"""The choice of the derivation that fits a problem, by the forms of its loss."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import sympy

from hconsist.arithmetic import SYMPY, Ops, Value, is_symbolic
from hconsist.engines.symbolic import constrained, cost_range, margin, proper, ranking, softmax
from hconsist.engines.symbolic.budget import MOST_LABELS, SECONDS, budget
from hconsist.engines.symbolic.failures import told
from hconsist.engines.symbolic.pairs import own_share
from hconsist.engines.symbolic.solution import Solution, stop
from hconsist.errors import EngineCannotAnswerError, InvalidInputError
from hconsist.losses.facts import Curve
from hconsist.losses.forms import OfMargin, OfProbabilities, OfScores, OfSoftmax, Pairwise
from hconsist.losses.forms_of_scores import LargestTerms
from hconsist.pointwise import PointwiseProblem


def solve(problem: PointwiseProblem) -> Solution:
    """Find the derivation that fits the problem, within the work budget.

    Raises
    ------
    EngineCannotAnswerError
        When none does, or the budget is spent.
    """
    found = _found(problem)
    if isinstance(found, EngineCannotAnswerError):
        raise found.with_traceback(None)
    return found


@lru_cache(maxsize=512)
def _found(problem: PointwiseProblem) -> Solution | EngineCannotAnswerError:
    """The solution, or why there is none: a refusal is not searched for twice."""

    def spent() -> EngineCannotAnswerError:
        return stop(
            f"the derivation of {problem.surrogate.spec} did not end within {SECONDS:g} seconds: "
            "shorten the formula, or give its parameters short values"
        )

    try:
        with budget(spent), told(stop):
            return _choose(problem)
    except EngineCannotAnswerError as refused:
        return refused


def _choose(problem: PointwiseProblem) -> Solution:
    if problem.decision.structure.top is None:
        return cost_range.solve(problem)
    loss, k = problem.surrogate, problem.top_k("symbolic", "numeric")
    share = loss.form(OfSoftmax)
    if share is not None:
        return softmax.solve(problem, share)
    if k != 1:
        raise stop(
            f"the target {problem.target} (derivations cover the zero-one target for "
            f"{loss.spec_name} losses)"
        )
    if loss.form(OfMargin) is not None:
        return margin.solve(problem)
    probabilities = loss.form(OfProbabilities)
    if probabilities is not None and loss.symmetric:
        try:
            return proper.solve(problem, probabilities)
        except EngineCannotAnswerError:
            if problem.n_classes != 2:
                raise
        return softmax.solve(problem, _own_of_two(probabilities))
    if problem.n_classes == 2 and loss.symmetric:
        return margin.of_two_classes(problem)
    if not is_symbolic(problem.n_classes) and problem.n > MOST_LABELS:
        raise stop(f"more than {MOST_LABELS} labels for {loss.spec_name} losses: lower n")
    scores, pairs = loss.form(OfScores), loss.form(Pairwise)
    if scores is not None:
        if ranking.is_flat(sympy.sympify(scores.phi(margin.margin_variable(), SYMPY))):
            return ranking.of_scores(problem, scores)
        return constrained.solve(problem, scores)
    if pairs is not None:
        return _of_pairs(problem, pairs)
    terms = loss.form(LargestTerms)
    if terms is not None:
        return ranking.of_limits(problem, terms)
    raise stop(f"{loss.spec_name} losses with n = {problem.n_classes}: no derivation covers them")


def _of_pairs(problem: PointwiseProblem, form: Pairwise) -> Solution:
    share = own_share(form)
    if share is not None:
        return softmax.solve(problem, share)
    return ranking.of_pairs(problem, form)


def _own_of_two(form: OfProbabilities) -> OfSoftmax:
    """Two labels: the loss as a function of the label's own probability, the same for both."""
    u = softmax.share()

    def own(u: Value, ops: Ops) -> Value:
        return form.f(np.array([u, 1 - u], dtype=object), ops)[0]

    try:
        mirrored = form.f(np.array([1 - u, u], dtype=object), SYMPY)[1]
        difference = sympy.simplify(own(u, SYMPY) - mirrored)
    except (InvalidInputError, TypeError) as problem:
        raise stop("the loss has no formula that SymPy can hold") from problem
    if difference != 0:
        raise stop("could not show that the loss of two labels is symmetric in them")
    return OfSoftmax(Curve("g", own, "unit"), form.temperature)
