"""Comp-sum losses, that is g'(u) = -c u^(tau - 2) with 0 <= tau <= 2, for any number of labels.

The reduction lemma leaves distributions of two parameters, the pair lemma bounds their regret; T**
is that of two labels up to tau = 3/2 (Theorem A, pair lemma) and of pools beyond it (Theorem B).
"""

from __future__ import annotations

from fractions import Fraction

from hconsist.engines.methods import method
from hconsist.engines.rigorous.methods.plan import (
    PAIRS,
    POOLING,
    POOLS,
    REDUCTION,
    STAR_SHAPE,
    TWO_LABELS,
    Lines,
    Plan,
    Question,
    complete_zero_one,
    known,
)
from hconsist.engines.rigorous.methods.searched import Searching
from hconsist.engines.rigorous.regions import PairBound, comp_sum_regions
from hconsist.engines.rigorous.risk import SoftmaxRisk
from hconsist.engines.rigorous.supports import Pools
from hconsist.losses.facts import Curve


def _law(question: Question) -> tuple[Curve, Fraction] | str:
    form, other = question.softmax, complete_zero_one(question)
    if form is None or other:
        return other or "needs a loss of the label's softmax value"
    tau = form.g.power_law
    if tau is None or not 0 <= tau <= 2:
        return "could not show that g'(u) = -c u^(tau - 2) with 0 <= tau <= 2"
    return form.g, tau


@method("rigorous", "comp-sum", rank=20, lemmas=(POOLING, STAR_SHAPE, REDUCTION, PAIRS))
def plan(question: Question) -> Plan | str:
    """A search over two parameters."""
    law = _law(question)
    if isinstance(law, str):
        return law
    g, tau = law
    form, risk = question.softmax, SoftmaxRisk(g)
    assert form is not None  # it has a law
    searching = Searching(
        risk,
        lambda beta: comp_sum_regions(question.n, beta),
        "softmax",
        (POOLING, STAR_SHAPE, REDUCTION, PAIRS),
        float(form.temperature),
        Fraction(1, 10**9),
        100_000,
        lambda beta: PairBound(risk, tau, beta),
    )
    return searching.plan(question, known(g, "convex", "non-increasing")[0])


@method("rigorous", "comp-sum", rank=20, lemmas=(POOLING, PAIRS, TWO_LABELS, POOLS), asked="T**")
def lines(question: Question) -> Lines | str:
    """Pools; for tau = 2 Theorem C is simpler."""
    law = _law(question)
    if isinstance(law, str):
        return law
    g, tau = law
    if tau == 2:
        return "linear in the softmax value"
    facts = known(g, "convex", "non-increasing")[0]
    if tau <= Fraction(3, 2):
        return Lines(Pools(g.term, (2,), (POOLING, PAIRS if tau <= 1 else TWO_LABELS)), facts)
    return Lines(Pools(g.term, range(2, question.n + 1), (POOLING, POOLS)), facts)
