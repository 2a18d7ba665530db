"""The methods of the rigorous engine, one a file; see `hconsist.engines.methods`.

Each returns a plan, or says why it does not apply. A plan rests on facts of the loss; where one of
them is declared and not proven, the answer is an estimate and says so.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from hconsist.engines.methods import Asked, no_method, tries
from hconsist.engines.rigorous.methods import (
    closed,
    comp_sum,
    concave,
    constrained,
    convex_search,
    costs,
    few_labels,
    masses,
    one_margin,
    piecewise,
    projected,
    softmax,
    three_labels,
    top_k,
    transport,
    two_labels,
    two_likely,
    vanishing,
)
from hconsist.engines.rigorous.methods.plan import Lines, Plan, Question
from hconsist.errors import EngineCannotAnswerError

__all__ = [
    "choose_lines",
    "choose_plan",
    "closed",
    "comp_sum",
    "concave",
    "constrained",
    "convex_search",
    "costs",
    "few_labels",
    "later_plans",
    "masses",
    "one_margin",
    "piecewise",
    "projected",
    "softmax",
    "three_labels",
    "top_k",
    "transport",
    "two_labels",
    "two_likely",
    "vanishing",
]


def choose_plan(question: Question) -> Plan:
    """The first plan for one value of T; proven facts come first.

    Raises
    ------
    EngineCannotAnswerError
        With each method's reason.
    """
    found: Plan = _choose(question, "T")
    return found


def later_plans(question: Question) -> Iterator[Plan]:
    """The plans on proven facts after the first such, for where that leaves a wide enclosure."""
    begun = False
    for one in tries("rigorous", question):
        if one.reason:
            continue
        if begun and all(fact.proven for fact in one.found.rests_on):
            yield one.found
        begun = begun or all(fact.proven for fact in one.found.rests_on)


def choose_lines(question: Question) -> Lines:
    """The first source of supporting lines of T, on proven facts alone.

    Raises
    ------
    EngineCannotAnswerError
        With each method's reason.
    """
    found: Lines = _choose(question, "T**")
    declared = [f.assumption for f in found.rests_on if not f.proven]
    if declared:
        raise EngineCannotAnswerError(
            "rigorous", "a bound needs proven facts; " + "; ".join(declared), "numeric"
        )
    return found


def _choose(question: Question, asked: Asked) -> Any:
    tried, second = [], None
    for one in tries("rigorous", question, asked):
        if one.reason:
            tried.append(one)
        elif all(fact.proven for fact in one.found.rests_on):
            return one.found
        elif second is None:
            second = one.found
    if second is not None:
        return second
    raise no_method("rigorous", question.problem, tried, "numeric")
