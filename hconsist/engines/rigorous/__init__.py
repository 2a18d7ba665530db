"""The rigorous engine: an enclosure of T(beta) that is a theorem about reals.

The upper side evaluates a rational witness in balls. The lower side is a branch and bound over
label distributions, reduced by symmetry, in which every best-in-class risk is bounded below by a
linear minorant of a convex function (a dual certificate).
"""

from __future__ import annotations

import dataclasses
import time
from fractions import Fraction

from hconsist.arithmetic import precision
from hconsist.engines.rigorous.branch import Checkpoint, Progress
from hconsist.engines.rigorous.envelope import BITS as ENVELOPE_BITS
from hconsist.engines.rigorous.envelope import Envelope
from hconsist.engines.rigorous.gaps import (
    LinearGap,
    best_in_class_risk,
    linear_gap,
    minimizability_gap,
)
from hconsist.engines.rigorous.methods import choose_lines, choose_plan, later_plans
from hconsist.engines.rigorous.methods.plan import BITS, Budget, Question
from hconsist.errors import EngineCannotAnswerError, InvalidInputError
from hconsist.losses.facts import assumptions, proven
from hconsist.pointwise import Answer, PointwiseProblem

__all__ = [
    "best_in_class_risk",
    "envelope",
    "linear_gap",
    "minimizability_gap",
    "transform",
    "LinearGap",
]


def transform(
    problem: PointwiseProblem,
    beta: Fraction,
    *,
    width: float | Fraction | None = None,
    max_boxes: int | None = None,
    time_budget: float | None = None,
    progress: Progress | None = None,
    checkpoint: Checkpoint | None = None,
    resume: dict[str, object] | None = None,
) -> Answer:
    """Enclose T(beta).

    Parameters
    ----------
    problem : PointwiseProblem
    beta : Fraction
        In [0, 1].
    width : float or Fraction, optional
        Stop when ``upper - lower`` is at most this; 1e-9 for comp-sum and margin losses, 1e-6 for
        others, unless given.
    max_boxes : int, optional
        Stop after so many simplices (100 000 for comp-sum and margin losses, 5 000 for others,
        unless given); the answer is then proven but wider, and says so in ``reason``.
    time_budget : float, optional
        Seconds, of the search over label distributions; likewise.
    progress : callable, optional
        Called with the number of simplices and the bounds so far.
    checkpoint : callable, optional
        Called every few seconds, and when a budget ends the search, with everything that is
        finished, JSON-ready. An interrupt (Ctrl-C) then ends the search with what is proven, too;
        without a checkpoint it passes on. Losses whose T is a formula or a search over one score
        are done at once and have none.
    resume : dict, optional
        A checkpoint of the same problem and beta, whose finished work is taken over.

    Raises
    ------
    InvalidInputError
        When the checkpoint is about another problem, or was changed.
    EngineCannotAnswerError
        For a problem without a method here, with each method's reason.

    Examples
    --------
    >>> answer = transform(PointwiseProblem("logistic", n_classes=3), Fraction(1, 2))
    >>> answer.lower <= Fraction("0.13081203594113696") <= answer.upper, answer.width < 1e-9
    (True, True)
    """
    beta = problem.check_beta(beta)
    question = question_of(problem)
    budget = Budget(
        None if width is None else Fraction(width),
        max_boxes,
        time_budget,
        progress,
        checkpoint,
        resume,
    )
    with precision(BITS):
        plan = choose_plan(question)
        try:
            started = time.monotonic()
            answer = plan.answer(beta, budget)
            limited = not (checkpoint is None and resume is None and max_boxes is None)
            if proven(plan.rests_on) and not limited:
                answer = _closer(question, beta, budget, answer, started)
        except (ArithmeticError, ValueError) as problem_found:
            if isinstance(problem_found, (EngineCannotAnswerError, InvalidInputError)):
                raise
            raise EngineCannotAnswerError(
                "rigorous", f"{problem.surrogate.spec}: {problem_found}", "numeric"
            ) from problem_found
    if proven(plan.rests_on):
        return answer
    told = (*answer.assumptions, *assumptions(plan.rests_on))
    return dataclasses.replace(answer, lower=None, upper=None, assumptions=told)


#: An enclosure wider than this is asked of other methods too, where no width was given.
_WIDE = Fraction(1, 10**6)
#: For so many seconds in all, where no time budget was given.
_LATER = 2.0


def _closer(
    question: Question, beta: Fraction, budget: Budget, answer: Answer, started: float
) -> Answer:
    """The answer, met with those of later methods while it is wide and there is time."""
    width = budget.width if budget.width is not None else _WIDE
    if answer.lower is None or answer.upper is None or answer.upper - answer.lower <= width:
        return answer
    end = time.monotonic() + _LATER
    if budget.time_budget is not None:
        end = started + budget.time_budget
    for plan in later_plans(question):
        left = end - time.monotonic()
        if left <= 0:
            break
        try:
            other = plan.answer(beta, dataclasses.replace(budget, time_budget=left))
        except (ArithmeticError, ValueError, EngineCannotAnswerError):
            continue
        if other.lower is None or other.upper is None:
            continue
        answer = _met(answer, other, width)
        if answer.width is not None and answer.width <= width:
            break
    return answer


def _met(one: Answer, other: Answer, width: Fraction) -> Answer:
    """What two enclosures of one number leave."""
    assert one.lower is not None
    assert one.upper is not None
    assert other.lower is not None
    assert other.upper is not None
    lower, upper = max(one.lower, other.lower), min(one.upper, other.upper)
    if lower > upper:
        raise AssertionError("two rigorous methods contradict each other: please report this")
    if (lower, upper) == (one.lower, one.upper):
        return one
    best = other if other.upper <= one.upper else one
    used = [a for a in (one, other) if lower == a.lower or upper == a.upper]
    lemmas = tuple(dict.fromkeys(lemma for a in used for lemma in a.assumptions))
    reason = "" if upper - lower <= width else other.reason or one.reason
    return Answer(
        float((lower + upper) / 2), lower, upper, best.witness, "rigorous", lemmas, reason
    )


def question_of(problem: PointwiseProblem) -> Question:
    """The problem with numbers for everything.

    Raises
    ------
    EngineCannotAnswerError
        Where something is not a number.
    """
    problem.check_formula("rigorous")
    if problem.is_symbolic:
        raise EngineCannotAnswerError(
            "rigorous", "it needs numbers for every parameter", "symbolic"
        )
    bound = problem.hypotheses.score_bound
    if bound is not None and not isinstance(bound, Fraction):
        raise EngineCannotAnswerError(
            "rigorous", f"the score bound {bound} is not rational", "numeric"
        )
    return Question(problem, problem.decision.structure.top or 0, bound)


def envelope(problem: PointwiseProblem) -> Envelope:
    """T** and Gamma of a problem between proven lines and points; see `Envelope`.

    Raises
    ------
    EngineCannotAnswerError
        For a loss, target or hypothesis set without a method here.

    Examples
    --------
    >>> found = envelope(PointwiseProblem("mae", n_classes=3))
    >>> low, high, reason = found.gamma(Fraction(1, 10), Fraction(1, 10**9))
    >>> low <= Fraction(3, 10) <= high, float(high - low) < 1e-9, reason
    (True, True, '')
    """
    question = question_of(problem)
    with precision(ENVELOPE_BITS):
        supports = choose_lines(question).supports
        if getattr(supports, "most", 1) != problem.decision.max_regret:
            raise EngineCannotAnswerError(
                "rigorous",
                f"the target {problem.target} has regrets up to {problem.decision.max_regret}: "
                "T** is enclosed by this method where the largest is 1",
                "numeric",
            )
        return Envelope(supports, question.statement())
