"""Two labels and a loss of the margin: T is a difference of two infima over one score.

``T(b) = inf over f <= 0 of R_b - inf over f of R_b``, R_b(f) = (1 + b)/2 phi(f) + (1 - b)/2
phi(-f), at eta = (1 + b)/2: it does not fall with b. For a convex phi that falls at 0 the first
infimum is phi(0), as R_b falls up to 0; where a convex phi does not fall at 0, R_b is least at some
f <= 0 and T is 0. For a non-increasing phi both are bisected.
"""

from __future__ import annotations

from fractions import Fraction

import flint

from hconsist.arithmetic import BALLS, endpoints
from hconsist.engines.methods import method
from hconsist.engines.rigorous.binary import BinaryRisk
from hconsist.engines.rigorous.methods.plan import (
    Budget,
    Lines,
    Plan,
    Question,
    known,
    one_predicted_label,
)
from hconsist.engines.rigorous.supports import FiniteScores, MarginScores
from hconsist.losses.facts import Curve
from hconsist.pointwise import Answer, Witness


def _curve(question: Question) -> Curve | str:
    form = question.margin
    if form is None:
        return "needs two labels and a loss of the margin"
    return one_predicted_label(question) or form.phi


@method("rigorous", "one margin", rank=80)
def plan(question: Question) -> Plan | str:
    """Convex, or non-increasing."""
    phi = _curve(question)
    if isinstance(phi, str):
        return phi
    bound = question.bound
    convex, unconvex = known(phi, "convex")
    falls = phi.fact("falls at 0")
    if convex and falls:
        return Plan(lambda b, budget: _convex(phi, b, bound, budget), (*convex, falls))
    if convex and falls.refuted:
        return Plan(lambda b, budget: _nothing(b), convex)
    falling, unfalling = known(phi, "non-increasing")
    if falling:
        return Plan(lambda b, budget: _bisected(phi, b, bound, budget), falling)
    return "; ".join(filter(None, (unconvex or str(falls), unfalling)))


@method("rigorous", "one margin", rank=80, asked="T**")
def lines(question: Question) -> Lines | str:
    """A line for each score of a convex phi; finitely many scores for two kinds of others."""
    phi = _curve(question)
    if isinstance(phi, str):
        return phi
    convex, unconvex = known(phi, "convex", "falls at 0")
    if convex:
        return Lines(MarginScores(phi, question.bound), convex)
    odd = phi.facts("non-increasing", "odd about a level")
    if odd and (question.bound is not None or phi(flint.arb("inf"), BALLS).is_finite()):
        # R_b is a level minus b (phi(-f) - phi(f))/2: monotone in f
        return Lines(FiniteScores(phi, (Fraction(0), question.bound)), odd)
    flat = phi.facts("non-increasing", "piecewise linear", "bounded below")
    if flat and phi.kinks is not None:  # R_b is linear between kinks, and least at one of them
        kinks = {abs(k) for k in phi.kinks} | {Fraction(0)}
        bound = question.bound
        inside = kinks if bound is None else {k for k in kinks if k < bound} | {bound}
        return Lines(FiniteScores(phi, sorted(inside)), flat)
    return f"{unconvex}; nor is it piecewise linear, or odd about a level, and non-increasing"


def _convex(phi: Curve, beta: Fraction, bound: Fraction | None, budget: Budget) -> Answer:
    risk = BinaryRisk(phi, beta, bound)
    tied = endpoints(risk.value(BALLS.const(0)))  # R falls up to 0: its slope there is beta phi'(0)
    low, high, _ = risk.convex_minimum()
    return _answer(beta, tied[0] - high, tied[1] - low, 0.0, budget)


def _nothing(beta: Fraction) -> Answer:
    """T is 0: the best score predicts the less likely label, or ties."""
    p = ((1 + beta) / 2, (1 - beta) / 2)
    witness = Witness(p, (0.0, 0.0), (1,), 0.0) if not beta else None
    return Answer(0.0, Fraction(0), Fraction(0), witness, "rigorous")


def _bisected(phi: Curve, beta: Fraction, bound: Fraction | None, budget: Budget) -> Answer:
    risk = BinaryRisk(phi, beta, bound)
    width = (budget.width if budget.width is not None else _WIDTH) / 4
    boxes = budget.max_boxes if budget.max_boxes is not None else _BOXES
    wrong = risk.monotone_minimum(False, width, boxes)
    right = risk.monotone_minimum(True, width, boxes)
    lower = wrong[0] - min(right[1], wrong[1])
    return _answer(beta, lower, wrong[1] - min(right[0], wrong[0]), wrong[2], budget)


_WIDTH, _BOXES = Fraction(1, 10**9), 100_000


def _answer(
    beta: Fraction, lower: Fraction, upper: Fraction, worst: float, budget: Budget
) -> Answer:
    lower = max(lower, Fraction(0))
    p = ((1 + beta) / 2, (1 - beta) / 2)
    witness = Witness(p, (worst, -worst), (1,), float(upper))
    width = budget.width if budget.width is not None else _WIDTH
    reason = "" if upper - lower <= width else "the box budget ran out"
    return Answer(float((lower + upper) / 2), lower, upper, witness, "rigorous", (), reason)
