"""The methods of the rigorous engine, one a file, tried in this order.

Each returns a plan, or says why it does not apply. A plan rests on facts of the loss; where one of
them is declared and not proven, the answer is an estimate and says so.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from hconsist.engines.rigorous.methods import (
    comp_sum,
    concave,
    constrained,
    one_margin,
    piecewise,
    softmax,
    top_k,
    transport,
)
from hconsist.engines.rigorous.methods.plan import Lines, Method, Plan, Question
from hconsist.errors import EngineCannotAnswerError

__all__ = ["METHODS", "Method", "choose_lines", "choose_plan"]

METHODS: tuple[Method, ...] = (
    comp_sum.METHOD,
    concave.METHOD,
    top_k.METHOD,
    softmax.METHOD,
    transport.METHOD,
    constrained.METHOD,
    one_margin.METHOD,
    piecewise.METHOD,
)
_T = TypeVar("_T", Plan, Lines)


def choose_plan(question: Question) -> Plan:
    """The first plan for one value of T; proven facts come first.

    Raises
    ------
    EngineCannotAnswerError
        With each method's reason.
    """
    return _choose(question, [(m.name, m.plan) for m in METHODS])


def choose_lines(question: Question) -> Lines:
    """The first source of supporting lines of T, on proven facts alone.

    Raises
    ------
    EngineCannotAnswerError
        With each method's reason.
    """
    found = _choose(question, [(m.name, m.lines) for m in METHODS])
    declared = [f.assumption for f in found.rests_on if not f.proven]
    if declared:
        raise EngineCannotAnswerError(
            "rigorous", "a bound needs proven facts; " + "; ".join(declared), "numeric"
        )
    return found


def _choose(question: Question, methods: list[tuple[str, Callable[[Question], _T | str]]]) -> _T:
    reasons, second = [], None
    for name, method in methods:
        found = method(question)
        if isinstance(found, str):
            reasons.append(f"{name}: {found}")
        elif all(fact.proven for fact in found.rests_on):
            return found
        elif second is None:
            second = found
    if second is not None:
        return second
    loss, hypotheses = question.problem.surrogate.spec, question.problem.hypotheses
    raise EngineCannotAnswerError(
        "rigorous",
        f"no method for {loss}, {hypotheses}, {question.problem.target} ({'. '.join(reasons)})",
        "numeric",
    )
