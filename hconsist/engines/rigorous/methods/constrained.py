"""Constrained losses of a convex, non-increasing, non-negative phi that falls at 0: a search up to
four labels; the hinge has a formula (Theorem F).

Theorem F: ``T(b) >= 2 T_2(b/2)`` with T_2 that of phi and two labels, so that ``T_2(b) >= kappa
b^2`` gives ``T(b) >= kappa b^2 / 2``; kappa is found from phi (`Curve.tie_strength`).
"""

from __future__ import annotations

from fractions import Fraction

from hconsist.engines.methods import method
from hconsist.engines.rigorous.constrained import ConstrainedRisk
from hconsist.engines.rigorous.methods.concave import pool_ends
from hconsist.engines.rigorous.methods.plan import (
    CONSTRAINED,
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
from hconsist.engines.rigorous.supports import Searched, Vertices
from hconsist.losses.facts import Curve, Fact


def _needed(question: Question) -> tuple[Curve, tuple[Fact, ...]] | str:
    form, other = question.scores, complete_zero_one(question)
    if form is None or other:
        return other or "needs a constrained loss"
    facts, missing = known(form.phi, "convex", "non-increasing", "non-negative", "falls at 0")
    return (form.phi, facts) if facts else missing


@method("rigorous", "constrained", rank=70, lemmas=(POOLING, STAR_SHAPE))
def plan(question: Question) -> Plan | str:
    """Branch and bound over all sorted distributions."""
    found = _needed(question)
    if isinstance(found, str):
        return found
    phi, facts = found
    if phi.hinge is not None:
        return "a hinge has exact linear programs"
    if question.n > 4:
        return "a search needs at most four labels"
    return Searching.of_sorted(question, ConstrainedRisk(phi), "constrained").plan(question, facts)


@method("rigorous", "constrained", rank=70, lemmas=(POOLING, STAR_SHAPE, CONSTRAINED), asked="T**")
def lines(question: Question) -> Lines | str:
    """The ends of the pieces for a hinge, a search for others."""
    found = _needed(question)
    if isinstance(found, str):
        return found
    phi, facts = found
    n, hinge = question.n, phi.hinge
    if hinge is not None:
        ends = tuple((b, t, t) for b in pool_ends(n) for t in [hinge[0] * of_hinge(n, b)])
        return Lines(Vertices(ends, (CONSTRAINED,)), facts)
    if n > 4:
        return "a search needs at most four labels"
    curvature = ((Fraction(1), phi.tie_strength / 2),)
    lemmas, region = (POOLING, STAR_SHAPE, CONSTRAINED), [everything(n)]
    return Lines(Searched(ConstrainedRisk(phi), region, lemmas, 5_000, curvature), facts)


def of_hinge(n: int, beta: Fraction) -> Fraction:
    """T(beta) of the hinge by theorem F (i): n times that of the mean absolute error."""
    return n * min(max(beta / k, beta - Fraction(1, k)) for k in range(2, n + 1))
