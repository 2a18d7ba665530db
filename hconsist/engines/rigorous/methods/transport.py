"""Entropic transport (LDR) losses: a search up to five labels, dual plans from below.

They are convex in the scores as log-sum-exps of affine functions, so pooling and star shape hold;
near 0, ``T(b) >= lam b^2 / 2`` times the scale (Theorem K). Two labels are a convex margin loss.
"""

from __future__ import annotations

from fractions import Fraction

from hconsist.engines.methods import method
from hconsist.engines.rigorous.methods import one_margin
from hconsist.engines.rigorous.methods.plan import (
    POOLING,
    QUADRATIC,
    STAR_SHAPE,
    Lines,
    Plan,
    Question,
    complete_zero_one,
)
from hconsist.engines.rigorous.methods.searched import Searching
from hconsist.engines.rigorous.regions import everything
from hconsist.engines.rigorous.supports import Searched
from hconsist.engines.rigorous.transport import TransportRisk
from hconsist.losses.forms import Transport


def _needed(question: Question) -> Transport | str:
    form = question.transport
    if form is None:
        return "needs an LDR loss with rational parameters"
    return complete_zero_one(question) or (
        form if question.n <= 5 else "a search needs at most five labels"
    )


@method("rigorous", "transport", rank=60, lemmas=(POOLING, STAR_SHAPE))
def plan(question: Question) -> Plan | str:
    """Branch and bound over all sorted distributions."""
    if question.transport is not None and question.n == 2:
        return one_margin.plan(question)
    form = _needed(question)
    if isinstance(form, str):
        return form
    risk, unit = TransportRisk(form), float(form.lam)
    return Searching.of_sorted(question, risk, "scores", unit).plan(question, ())


@method("rigorous", "transport", rank=60, lemmas=(POOLING, STAR_SHAPE, QUADRATIC), asked="T**")
def lines(question: Question) -> Lines | str:
    """A search over all distributions at once."""
    if question.transport is not None and question.n == 2:
        return one_margin.lines(question)
    form = _needed(question)
    if isinstance(form, str):
        return form
    curvature = ((Fraction(1), Fraction(form.scale) * Fraction(form.lam) / 2),)
    lemmas, region = (POOLING, STAR_SHAPE, QUADRATIC), [everything(question.n)]
    return Lines(Searched(TransportRisk(form), region, lemmas, 5_000, curvature))
