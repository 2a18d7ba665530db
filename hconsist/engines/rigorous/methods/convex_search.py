"""Losses convex in coordinates in which order is order: a search up to five labels, any scores.

The softmax values, weights or scores that a box of scores reaches are a convex set, which
permutations leave as it is: the pooling lemmas and star shape hold in it as without a bound.
"""

from __future__ import annotations

from hconsist.engines.methods import method
from hconsist.engines.rigorous.methods.convex import convex_risk
from hconsist.engines.rigorous.methods.plan import (
    POOLING,
    POOLING_SETS,
    STAR_SHAPE,
    Plan,
    Question,
)
from hconsist.engines.rigorous.methods.searched import Searching
from hconsist.engines.rigorous.regions import sorted_region, top_k_regions


@method("rigorous", "convex search", rank=92, lemmas=(POOLING, STAR_SHAPE, POOLING_SETS))
def plan(question: Question) -> Plan | str:
    """Branch and bound over sorted distributions, with dual bounds of the least risks."""
    k, n = question.k, question.n
    if not k:
        return "needs the zero-one or a top-k target"
    if n > 5:
        return "a search needs at most five labels"
    found = convex_risk(question)
    if isinstance(found, str):
        return found
    searching = Searching(
        found.risk,
        lambda beta: [sorted_region(n, beta)] if k == 1 else top_k_regions(n, k, beta),
        found.coordinates,
        (POOLING, STAR_SHAPE) if k == 1 else (POOLING_SETS,),
        found.temperature,
    )
    return searching.plan(question, found.facts)
