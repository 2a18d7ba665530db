"""The methods of the symbolic engine, by the forms of a loss, and the choice among them."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import numpy as np
import sympy

from hconsist.arithmetic import SYMPY, Ops, Value, is_symbolic
from hconsist.engines.methods import Try, method, no_method, tries
from hconsist.engines.symbolic import (
    constrained,
    costs,
    margin,
    proper,
    ranking,
    softmax,
    squares,  # noqa: F401 (its methods register themselves)
    standardised,  # noqa: F401
    vanishing,  # noqa: F401
)
from hconsist.engines.symbolic.budget import MOST_LABELS, SECONDS, budget
from hconsist.engines.symbolic.failures import told
from hconsist.engines.symbolic.integers import no_larger_integers
from hconsist.engines.symbolic.pairs import own_share
from hconsist.engines.symbolic.solution import Solution, UndefinedTransformError, stop
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
    problem.check_formula("symbolic")
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
        with budget(spent), told(stop), no_larger_integers(stop):
            return _choose(problem)
    except EngineCannotAnswerError as refused:
        return refused


#: How a derivation is begun.
Plan = Callable[[], Solution]


def _choose(problem: PointwiseProblem) -> Solution:
    """The solution by the first method that applies; a method that applies and is stopped in the
    middle says why, and where another one applies too, that is tried.
    """
    tried, stopped = [], []
    for one in tries("symbolic", problem):
        if one.reason:
            tried.append(one)
            continue
        try:
            found: Solution = one.found()
        except UndefinedTransformError:
            raise  # that there is no T is shown, whatever other methods want
        except EngineCannotAnswerError as refused:
            stopped.append((one.method.name, refused))
        else:
            return found
    if stopped:
        refusal = stopped[-1][1]
        refusal.methods = tuple(
            [(name, r.reason) for name, r in stopped]
            + [(one.method.name, one.reason) for one in tried]
        )
        raise refusal
    raise no_method("symbolic", problem, tried, "numeric")


def outcomes(problem: PointwiseProblem) -> list[Try]:
    """What each method says of a problem, the derivation being carried out."""
    try:
        solve(problem)
        stopped = {}
    except EngineCannotAnswerError as refused:
        stopped = dict(refused.methods)
    return [
        one
        if one.reason or one.method.name not in stopped
        else Try(one.method, stopped[one.method.name])
        for one in tries("symbolic", problem)
    ]


def _one_label(problem: PointwiseProblem) -> str:
    """Why a derivation for the zero-one target does not apply; empty where it does."""
    top = problem.decision.structure.top
    if top is None:
        return "needs the zero-one target"
    return "" if top == 1 else "needs the zero-one target (one predicted label)"


def _few_labels(problem: PointwiseProblem) -> str:
    """Why what is written out label by label does not apply; empty where it does."""
    if is_symbolic(problem.n_classes) or problem.n <= MOST_LABELS:
        return ""
    return f"needs at most {MOST_LABELS} labels: lower n"


def _any_top(problem: PointwiseProblem) -> str:
    """As `_three_labels`, for any number of predicted labels."""
    if problem.decision.structure.top is None:
        return "needs the zero-one or a top-k target"
    return "needs three labels or more" if problem.n_classes == 2 else _few_labels(problem)


def _three_labels(problem: PointwiseProblem) -> str:
    two = problem.n_classes == 2
    return "needs three labels or more" if two else _one_label(problem) or _few_labels(problem)


@method("symbolic", "costs of a forecast", rank=10, lemmas=("docs/targets.md, theorems 2 and 4",))
def costs_of_a_forecast(problem: PointwiseProblem) -> Plan | str:
    """Any finite costs and a forecast by cross-entropy."""
    if problem.decision.structure.top is not None:
        return "needs a target with costs of its own"
    reason = costs.not_a_forecast(problem)
    return reason or (lambda: costs.of_forecasts(problem))


@method("symbolic", "competing scores", rank=15, lemmas=("docs/targets.md, theorem 5",))
def competing_scores(problem: PointwiseProblem) -> Plan | str:
    """Any finite costs and a loss with one score a prediction: cross-entropy, logistic, squared."""
    reason = costs.not_of_scores(problem)
    return reason or (lambda: costs.of_scores(problem))


@method("symbolic", "parts", rank=16, lemmas=("docs/targets_scores.md, theorems D and E",))
def scores_of_parts(problem: PointwiseProblem) -> Plan | str:
    """Costs that count wrong parts, or ask for the whole set, and one binary problem a part."""
    reason = costs.not_of_parts(problem)
    return reason or (lambda: costs.of_parts(problem))


@method("symbolic", "tied items", rank=17, lemmas=("docs/targets_scores.md, theorem F",))
def tied_items(problem: PointwiseProblem) -> Plan | str:
    """The place of the predicted item, and the logistic loss of all pairs of items."""
    reason = costs.not_of_items(problem)
    return reason or (lambda: costs.of_items(problem))


@method("symbolic", "softmax value", rank=20, lemmas=("Theorems A to E",))
def softmax_value(problem: PointwiseProblem) -> Plan | str:
    """Losses of the label's softmax value: powers, convex and concave ones."""
    form = problem.surrogate.form(OfSoftmax)
    if problem.decision.structure.top is None:
        return "needs the zero-one or a top-k target"
    if form is None:
        return "needs a loss of the label's softmax value"
    return lambda: softmax.solve(problem, form)


@method("symbolic", "margin", rank=30)
def binary_margin(problem: PointwiseProblem) -> Plan | str:
    """Two labels and a loss of the margin."""
    if reason := _one_label(problem):
        return reason
    if problem.surrogate.form(OfMargin) is None:
        return "needs a binary loss of the margin"
    return lambda: margin.solve(problem)


@method("symbolic", "share", rank=35)
def share_of_two(problem: PointwiseProblem) -> Plan | str:
    """Two labels and a loss of the margin whose risk has one stationary point, convex or not."""
    if reason := _one_label(problem):
        return reason
    if problem.surrogate.form(OfMargin) is None:
        return "needs a binary loss of the margin"
    try:
        found = softmax.as_share(problem)
    except EngineCannotAnswerError as refused:
        return refused.reason
    return lambda: found


@method("symbolic", "proper", rank=40, lemmas=("Theorem G",))
def proper_loss(problem: PointwiseProblem) -> Plan | str:
    """Proper losses of all probabilities."""
    form = problem.surrogate.form(OfProbabilities)
    if problem.decision.structure.top is None:
        return "needs the zero-one or a top-k target"
    if reason := _no_narrower(problem):
        return reason
    if form is None or not problem.surrogate.symmetric:
        return "needs a symmetric loss of the predicted probabilities"
    return lambda: proper.solve(problem, form)


@method("symbolic", "two probabilities", rank=50)
def two_probabilities(problem: PointwiseProblem) -> Plan | str:
    """Two labels and a loss of the probabilities: a loss of the label's own."""
    form = problem.surrogate.form(OfProbabilities)
    if reason := _one_label(problem) or _no_narrower(problem):
        return reason
    if form is None or not problem.surrogate.symmetric or problem.n_classes != 2:
        return "needs two labels and a symmetric loss of the predicted probabilities"
    return lambda: softmax.solve(problem, _own_of_two(form))


def _no_narrower(problem: PointwiseProblem) -> str:
    narrower = problem.surrogate.form(OfSoftmax) or problem.surrogate.form(OfMargin)
    return "a narrower form has a derivation of its own" if narrower else ""


@method("symbolic", "score difference", rank=60)
def score_difference(problem: PointwiseProblem) -> Plan | str:
    """Two labels and a loss of the difference of their scores."""
    loss = problem.surrogate
    if reason := _one_label(problem) or _no_narrower(problem):
        return reason
    if problem.n_classes != 2 or not loss.symmetric or loss.form(OfProbabilities) is not None:
        return "needs two labels and a symmetric loss of the difference of their scores"
    return lambda: margin.of_two_classes(problem)


@method("symbolic", "flat below zero", rank=70, lemmas=("Theorem J",))
def flat_scores(problem: PointwiseProblem) -> Plan | str:
    """Constrained losses whose phi is flat below zero."""
    form = problem.surrogate.form(OfScores)
    if reason := _three_labels(problem):
        return reason
    if form is None or not _flat(form):
        return "needs a constrained loss whose phi is constant below zero"
    return lambda: ranking.of_scores(problem, form)


def _flat(form: OfScores) -> bool:
    return ranking.is_flat(sympy.sympify(form.phi(margin.margin_variable(), SYMPY)))


@method("symbolic", "constrained", rank=80, lemmas=("Theorem F",))
def constrained_loss(problem: PointwiseProblem) -> Plan | str:
    """Constrained losses of a convex phi."""
    form = problem.surrogate.form(OfScores)
    if reason := _three_labels(problem):
        return reason
    if form is None or _flat(form):
        return "needs a constrained loss whose phi is not constant below zero"
    return lambda: constrained.solve(problem, form)


@method("symbolic", "pairs", rank=90, lemmas=("Theorems A to D",))
def exponential_pairs(problem: PointwiseProblem) -> Plan | str:
    """Pairwise losses of an exponential phi: losses of the label's own softmax value."""
    form = problem.surrogate.form(Pairwise)
    if reason := _three_labels(problem):
        return reason
    share = None if form is None else own_share(form)
    if share is None:
        return "needs a sum over pairs of an exponential phi"
    return lambda: softmax.solve(problem, share)


@method("symbolic", "ranking", rank=100, lemmas=("Theorem I", "Theorem J"))
def ranked_pairs(problem: PointwiseProblem) -> Plan | str:
    """Pairwise losses that take a maximum, or whose phi is flat below zero."""
    form = problem.surrogate.form(Pairwise)
    largest = form is not None and form.how == "max"
    if reason := (_any_top if largest else _three_labels)(problem):
        return reason
    if form is None or own_share(form) is not None:
        return "needs a maximum over pairs, or a phi that is constant below zero"
    return lambda: ranking.of_pairs(problem, form)


@method("symbolic", "largest terms", rank=110, lemmas=("Theorem I",))
def largest_terms(problem: PointwiseProblem) -> Plan | str:
    """The limit lambda -> 0 of LDR, and where a risk falls without end."""
    form = problem.surrogate.form(LargestTerms)
    largest = form is not None and form.count == 1
    if reason := (_any_top if largest else _three_labels)(problem):
        return reason
    if form is None:
        return "needs a mean of the largest score differences"
    return lambda: ranking.of_limits(problem, form)


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
