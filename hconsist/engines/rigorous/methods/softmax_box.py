"""Bounded scores and a loss convex in the softmax value: a search up to five labels.

The softmax values that scores in a box reach are a convex set that permutations leave as it is, so
the pooling lemmas and star shape hold in it as they do in the simplex.
"""

from __future__ import annotations

from fractions import Fraction

from hconsist.engines.methods import method
from hconsist.engines.rigorous.box import SoftmaxBox, SoftmaxBoxRisk, reach
from hconsist.engines.rigorous.methods.plan import (
    POOLING,
    POOLING_SETS,
    STAR_SHAPE,
    Plan,
    Question,
    known,
)
from hconsist.engines.rigorous.methods.searched import Searching
from hconsist.engines.rigorous.regions import sorted_region, top_k_regions


@method("rigorous", "softmax box", rank=55, lemmas=(POOLING, STAR_SHAPE, POOLING_SETS))
def plan(question: Question) -> Plan | str:
    """Branch and bound over sorted distributions; the best softmax values by their tangents."""
    form, bound, k, n = question.softmax, question.bound, question.k, question.n
    if form is None or bound is None or not isinstance(form.temperature, Fraction):
        return "needs a loss of the label's softmax value and bounded scores"
    if not k:
        return "needs the zero-one or a top-k target"
    facts, missing = known(form.g, "convex", "non-increasing")
    if not facts:
        return missing
    if n > 5:
        return "a search needs at most five labels"
    searching = Searching(
        SoftmaxBoxRisk(SoftmaxBox(form.g, reach(bound, form.temperature))),
        lambda beta: [sorted_region(n, beta)] if k == 1 else top_k_regions(n, k, beta),
        "softmax",
        (POOLING, STAR_SHAPE) if k == 1 else (POOLING_SETS,),
        float(form.temperature),
    )
    return searching.plan(question, facts)
