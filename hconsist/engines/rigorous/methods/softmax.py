"""Losses of the label's softmax value, convex and non-increasing: a search up to five labels.

The pooling lemma names the best scores that predict a label, star shape the distributions of one
regret; the pair lemma bounds T below near 0.
"""

from __future__ import annotations

from hconsist.engines.methods import method
from hconsist.engines.rigorous.methods.plan import (
    PAIRS,
    POOLING,
    STAR_SHAPE,
    Lines,
    Plan,
    Question,
    complete_zero_one,
    known,
)
from hconsist.engines.rigorous.methods.searched import Searching
from hconsist.engines.rigorous.regions import everything
from hconsist.engines.rigorous.risk import SoftmaxRisk
from hconsist.engines.rigorous.supports import Pools, Searched, tie_curvature
from hconsist.losses.facts import Fact
from hconsist.losses.forms import OfSoftmax


def _needed(question: Question) -> tuple[OfSoftmax, tuple[Fact, ...]] | str:
    form, other = question.softmax, complete_zero_one(question)
    if form is None or other:
        return other or "needs a loss of the label's softmax value"
    facts, missing = known(form.g, "convex", "non-increasing")
    return (form, facts) if facts else missing


@method("rigorous", "softmax search", rank=50, lemmas=(POOLING, STAR_SHAPE))
def plan(question: Question) -> Plan | str:
    """Branch and bound over all sorted distributions."""
    found = _needed(question)
    if isinstance(found, str):
        return found
    form, facts = found
    if question.n > 5:
        return "a search needs at most five labels"
    risk, unit = SoftmaxRisk(form.g), float(form.temperature)
    return Searching.of_sorted(question, risk, "softmax", unit).plan(question, facts)


@method("rigorous", "softmax search", rank=50, lemmas=(POOLING, STAR_SHAPE, PAIRS), asked="T**")
def lines(question: Question) -> Lines | str:
    """Three numbers a line for two labels, a search beyond."""
    found = _needed(question)
    if isinstance(found, str):
        return found
    form, facts = found
    if question.n == 2:
        return Lines(Pools(form.g.term, (2,), (POOLING,)), facts)
    if question.n > 5:
        return "a search needs at most five labels"
    lemmas, region = (POOLING, STAR_SHAPE, PAIRS), [everything(question.n)]
    curvature = tie_curvature(form.g.term, question.n)
    return Lines(Searched(SoftmaxRisk(form.g), region, lemmas, 5_000, curvature), facts)
