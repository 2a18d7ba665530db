"""Many labels and a convex loss of the softmax value: T by the largest value of wrong scores.

The lower bound is one over that value (`hconsist.engines.rigorous.masses`); the upper one is the
regret of ties of k labels, ``p = (x + b, x, y, ..., y, 0, ..., 0)``. The cost does not grow with n
but for the number of ties that are looked at.
"""

from __future__ import annotations

from fractions import Fraction

from hconsist.engines.methods import method
from hconsist.engines.rigorous.masses import MassBound, Spread, shape_of, uniform
from hconsist.engines.rigorous.methods import few_labels
from hconsist.engines.rigorous.methods.plan import (
    POOLING,
    Budget,
    Plan,
    Question,
    complete_zero_one,
    known,
    scores_of_labels,
)
from hconsist.engines.rigorous.methods.searched import at_zero, scores_of
from hconsist.engines.rigorous.risk import SoftmaxRisk
from hconsist.losses.forms import OfSoftmax
from hconsist.pointwise import Answer, Witness

MASSES = "the mass of the largest value (docs/theory.md)"
_WIDTH, _MOST = Fraction(1, 10**6), 200


@method("rigorous", "masses", rank=84, lemmas=(POOLING, MASSES))
def plan(question: Question) -> Plan | str:
    """The largest softmax value of wrong scores, ties of k labels."""
    form, other = question.softmax, complete_zero_one(question) or scores_of_labels(question)
    if form is None or other:
        return other or "needs a loss of the label's softmax value"
    if not 5 < question.n <= _MOST:
        return f"needs six labels to {_MOST}"
    if not isinstance(form.temperature, Fraction):
        return "needs a rational temperature"
    facts, missing = known(form.g, "convex", "non-increasing")
    if not facts:
        return missing
    shape = shape_of(form.g)
    if isinstance(shape, str):
        return shape
    found = form
    return Plan(
        lambda beta, budget: _answer(question, found, shape, beta, budget), (*facts, *shape.facts)
    )


def _answer(
    question: Question, form: OfSoftmax, shape: Spread, beta: Fraction, budget: Budget
) -> Answer:
    if not beta:
        return at_zero(question)
    n, g = question.n, form.g
    width = budget.width if budget.width is not None else _WIDTH
    bound = MassBound(g, shape, n, beta)
    risk = SoftmaxRisk(g)
    upper, values, k = min((*uniform(g, risk, n, beta, k), k) for k in bound.pools())
    lower = bound.least(upper - width * Fraction(9, 10), budget.max_boxes, budget.time_budget)
    upper, lower = max(upper, Fraction(0)), max(min(lower, upper), Fraction(0))
    if upper - lower > width and not isinstance(other := few_labels.plan(question), str):
        found = other.answer(beta, budget)
        if found.lower is not None and found.upper is not None:
            if found.upper < upper:
                estimate = float((max(lower, found.lower) + found.upper) / 2)
                return Answer(
                    estimate, max(lower, found.lower), found.upper, found.witness, "rigorous",
                    (*found.assumptions, MASSES), _reason(found.upper - lower, width),
                )  # fmt: skip
            lower = max(lower, found.lower)
    p = (values[0], values[1], *[values[2]] * (k - 2), *[Fraction(0)] * (n - k))
    softmax = [1 / k] * k + [0.0] * (n - k)
    scores = scores_of(softmax, float(form.temperature))
    witness = Witness(p, scores, (1,), float(upper))
    return Answer(
        float((lower + upper) / 2), lower, upper, witness, "rigorous", (POOLING, MASSES),
        _reason(upper - lower, width),
    )  # fmt: skip


def _reason(left: Fraction, width: Fraction) -> str:
    return "" if left <= width else "the worst ties that were tried leave a gap"
