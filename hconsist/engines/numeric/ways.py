"""The methods of the numeric engine, in the order in which they are tried.

Each takes a `NumericQuestion` and returns what computes the answers, or why it does not apply. What
a method needs is loaded when it is asked: most questions are answered by one of the first.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from hconsist.engines.methods import method, no_method, tries
from hconsist.engines.numeric.answers import answer as _answer
from hconsist.engines.numeric.answers import tie, unbounded
from hconsist.engines.numeric.closed import VERTICES, at_vertices, no_bound, two_labels
from hconsist.engines.numeric.shapes import known_shape, order
from hconsist.errors import EngineCannotAnswerError
from hconsist.losses.forms import OfSoftmax
from hconsist.pointwise import Answer, PointwiseProblem

if TYPE_CHECKING:
    from hconsist.engines.numeric.inner import Inner

Array = NDArray[np.float64]

#: T(0): of a distribution without a preference every prediction is a best one.
TIE = "no prediction has a target regret at the uniform distribution"


@dataclass(frozen=True)
class NumericQuestion:
    """A problem, and at how many values of beta together.

    Parameters
    ----------
    problem : PointwiseProblem
    betas : int
    """

    problem: PointwiseProblem
    betas: int = 1

    @property
    def k(self) -> int:
        """How many labels are predicted, each at unit cost when it is not the true one; else 0."""
        return self.problem.decision.structure.top or 0


#: Exact betas, the same as floats, and a seed, to answers.
Plan = Callable[[list[Fraction], Array, int], list[Answer]]


def answers(
    problem: PointwiseProblem, values: list[Fraction], array: Array, seed: int
) -> list[Answer]:
    """The answers of the first method that applies; T(0) of a symmetric loss is known.

    Raises
    ------
    EngineCannotAnswerError
        With each method's reason.
    """
    question, tried = NumericQuestion(problem, len(values)), []
    if _ties(question) and np.any(array == 0):
        rest = array != 0
        found = answers(problem, [v for v in values if v], array[rest], seed) if rest.any() else []
        others = iter(found)
        return [next(others) if v else tie(problem, (TIE,)) for v in values]
    for one in tries("numeric", question):
        if not one.reason:
            plan: Plan = one.found
            return plan(values, array, seed)
        tried.append(one)
    from hconsist.engines.numeric.searches import too_much

    refusal = no_method("numeric", problem, tried, None)
    refused = too_much(problem, question.k, question.betas)
    raise EngineCannotAnswerError("numeric", refused, None, refusal.methods) if refused else refusal


def _ties(question: NumericQuestion) -> bool:
    """Whether every prediction is a best one of a distribution without a preference."""
    if not question.problem.surrogate.symmetric:
        return False
    return not _costs(question) and not _two(question)


def _costs(question: NumericQuestion) -> bool:
    return not question.k or question.problem.surrogate.scores_of != "labels"


def _two(question: NumericQuestion) -> bool:
    problem = question.problem
    return problem.n == 2 and problem.surrogate.shift_invariant and question.k == 1


def _largest(question: NumericQuestion) -> str:
    """Why a method for targets of the largest scores does not apply; empty where it does."""
    return "needs the zero-one or a top-k target" if _costs(question) else ""


def _falls(question: NumericQuestion) -> str:
    """Why a method for losses that fall as their label's score rises does not apply."""
    loss = question.problem.surrogate
    if loss.symmetric and order(loss) != -1:
        return "needs a loss that is seen to fall as its label's score rises"
    return _largest(question)


@method("numeric", "costs", rank=10)
def costs(question: NumericQuestion) -> Plan | str:
    """Costs of any kind: a convex program for each prediction, or the plug-in forecast."""
    if not _costs(question):
        return "needs a target with costs of its own, or a loss that scores predictions"
    from hconsist.engines.numeric import general

    return lambda values, array, seed: general.answers(question.problem, values)


@method("numeric", "two labels", rank=20)
def two(question: NumericQuestion) -> Plan | str:
    """Two labels: a problem in one variable, for every loss."""
    if reason := _largest(question):
        return reason
    if not _two(question):
        return "needs two labels and a loss of the score difference"
    return lambda values, array, seed: two_labels(question.problem, array)


@method("numeric", "rewards", rank=30)
def rewards(question: NumericQuestion) -> Plan | str:
    """Losses that never fall as their label's score rises have T = 0."""
    loss = question.problem.surrogate
    if reason := _largest(question):
        return reason
    if not loss.symmetric or order(loss) != 1:
        return "needs a loss that never falls as its label's score rises"
    return lambda values, array, seed: [no_bound(question.problem, float(b)) for b in array]


@method("numeric", "pooled", rank=40, lemmas=("pooling lemma (docs/theory.md)",))
def pools(question: NumericQuestion) -> Plan | str:
    """Smooth convex losses: batched Newton over pooled distributions."""
    problem = question.problem
    if reason := _falls(question):
        return reason
    inner = _inner(problem)
    if inner is None:
        return "needs a symmetric loss, smooth and convex in the softmax values or the scores"
    return lambda values, array, seed: _pooled_or_levels(problem, inner, values, array, seed)


def _inner(problem: PointwiseProblem) -> Inner | None:
    from hconsist.engines.numeric.methods import inner_solver

    try:
        with np.errstate(all="ignore"):  # what overflows is found by the residuals
            return inner_solver(problem)
    except OverflowError:  # a constant of the formula is no float
        return None


def _pooled_or_levels(
    problem: PointwiseProblem, inner: Inner, values: list[Fraction], array: Array, seed: int
) -> list[Answer]:
    """The pooled search; where its solver fails (margins of a thousand temperatures), the search
    over levels, which needs no derivative.
    """
    from hconsist.engines.numeric.pooled import pooled
    from hconsist.engines.numeric.searches import SEARCHED, by_levels, searched, too_much
    from hconsist.engines.numeric.water import ConvexShares

    try:
        with np.errstate(all="ignore"):
            found = pooled(problem, inner, values, array, seed)
        if isinstance(inner, ConvexShares) and problem.n > 2:  # a kink, or a straight piece
            found = [searched(one, SEARCHED) for one in found]
        failed = [i for i, one in enumerate(found) if one.estimate is None]
    except (np.linalg.LinAlgError, OverflowError):
        found, failed = [], list(range(len(values)))
    k = problem.top_k("numeric")
    if not failed or too_much(problem, k, len(failed)):
        if not found:
            raise EngineCannotAnswerError(
                "numeric", f"the solver failed on {problem.surrogate.spec}: pass fewer betas"
            )
        return found
    others = dict(zip(failed, by_levels(problem, array[failed]), strict=True))
    return [others[i] if i in others else found[i] for i in range(len(values))]


@method("numeric", "concave", rank=50)
def concave(question: NumericQuestion) -> Plan | str:
    """Losses concave in the softmax value: scores at the vertices of the simplex."""
    from hconsist.engines.numeric import kinked

    loss, plain = question.problem.surrogate, question.problem.hypotheses.score_bound is None
    if reason := _falls(question):
        return reason
    if not plain or question.k != 1:
        return "needs complete scores and one predicted label"
    form = loss.form(OfSoftmax)
    if form is None or not (known_shape(loss) == "concave in softmax" or kinked.is_linear(form)):
        return "needs a loss concave in the softmax value"
    return lambda values, array, seed: at_vertices(question.problem, form, values, array)


@method("numeric", "kinks", rank=60, lemmas=(VERTICES,))
def kinks(question: NumericQuestion) -> Plan | str:
    """Losses concave between their kinks: finitely many scores to try."""
    from hconsist.engines.numeric import kinked

    problem = question.problem
    if reason := _falls(question):
        return reason
    scores = kinked.score_vertices(problem) if problem.surrogate.symmetric else None
    if scores is None:
        return "needs a symmetric loss that is concave between finitely many kinks"
    return lambda values, array, seed: [
        _answer(problem, s.p, s.free, s.tied, s.predicted, s.value, 0.0, (VERTICES,))
        if s.value != np.inf
        else unbounded((VERTICES,))
        for s in kinked.smallest_regret(problem, scores, array)
    ]


@method("numeric", "zero", rank=65)
def vanishing(question: NumericQuestion) -> Plan | str:
    """Losses for which T = 0 is a theorem: a constant sum, or scores that may be reflected."""
    if reason := _largest(question):
        return reason
    from hconsist.engines.numeric import zeros

    if not zeros.theorem(question.problem):
        return (
            "needs losses that sum to a constant and reach it at infinity, or that do not change "
            "when scores are reflected"
        )
    return lambda values, array, seed: zeros.zero(question.problem, array)


@method("numeric", "levels", rank=70)
def few_levels(question: NumericQuestion) -> Plan | str:
    """Symmetric losses: scores of few values, then linear programs over p and searches in turns."""
    from hconsist.engines.numeric.searches import by_levels, too_much

    problem = question.problem
    if reason := _largest(question) or too_much(problem, question.k, question.betas):
        return reason
    if not problem.surrogate.symmetric:
        return "needs a symmetric loss"
    return lambda values, array, seed: by_levels(problem, array)


@method("numeric", "pairs of labels", rank=75)
def pairs_of_labels(question: NumericQuestion) -> Plan | str:
    """Convex losses that tell the labels apart: each pair of a missed and a predicted label."""
    from hconsist.engines.numeric import asymmetric
    from hconsist.engines.numeric.direct import MOST_BETAS

    problem = question.problem
    if reason := _largest(question):
        return reason
    if problem.surrogate.symmetric:
        return "needs a loss that tells the labels apart"
    if reason := asymmetric.applies(problem):
        return reason
    if question.betas > MOST_BETAS:
        return f"searches for each beta, for {MOST_BETAS} betas at most"
    return lambda values, array, seed: asymmetric.answers(problem, array)


@method("numeric", "sets of labels", rank=76)
def sets_of_labels(question: NumericQuestion) -> Plan | str:
    """The same for top-k targets: each pair of a missed and a wrongly predicted set."""
    from hconsist.engines.numeric import predicted_sets
    from hconsist.engines.numeric.direct import MOST_BETAS

    problem = question.problem
    if reason := _largest(question):
        return reason
    if problem.surrogate.symmetric or question.k == 1:
        return "needs a loss that tells the labels apart and a top-k target"
    if reason := predicted_sets.applies(problem):
        return reason
    if question.betas > MOST_BETAS:
        return f"searches for each beta, for {MOST_BETAS} betas at most"
    return lambda values, array, seed: predicted_sets.answers(problem, array)


@method("numeric", "direct", rank=80)
def grid(question: NumericQuestion) -> Plan | str:
    """Losses that tell the labels apart: a pattern search from a grid."""
    from hconsist.engines.numeric.searches import directly, too_much

    problem = question.problem
    if reason := _largest(question) or too_much(problem, question.k, question.betas):
        return reason
    if problem.surrogate.symmetric:
        return "needs a loss that tells the labels apart"
    return lambda values, array, seed: directly(problem, array)
