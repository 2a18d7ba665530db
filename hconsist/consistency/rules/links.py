"""Losses with a link of their own: spheres, label margins, other maps to probabilities."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np

from hconsist.arithmetic import SYMPY, to_sympy
from hconsist.consistency.calculus import SWITCHES
from hconsist.consistency.rules.case import SWAP, Case, rule
from hconsist.consistency.rules.line import pieces_of
from hconsist.consistency.rules.softmax import softmax_value
from hconsist.consistency.verdict import ConsistencyVerdict
from hconsist.engines.derivation import Step
from hconsist.losses.facts import Curve
from hconsist.losses.forms_of_scores import LabelMargins, OfWeights, Standardised

if TYPE_CHECKING:
    from sympy import Expr


@rule(OfWeights)
def non_monotone_link(case: Case) -> ConsistencyVerdict | None:
    """Taylor and spherical softmax: cross-entropy of probabilities that are not ordered as the
    scores.
    """
    import sympy

    form, n = case.form(OfWeights), case.n
    start = None if form is None else _misordered(form.w, n)
    if start is None:
        return None
    values = case.loss.losses(np.array([to_sympy(s) for s in start], dtype=object), SYMPY)
    p = [
        Fraction(int(q.p), int(q.q))
        for q in (sympy.nsimplify(sympy.exp(-value)) for value in values)
    ]
    entropy = -sympy.Add(*(to_sympy(q) * sympy.log(to_sympy(q)) for q in p))
    return case.refuted(
        "the link is not monotone: a very negative score means a large probability",
        (r"C(s) = \mathrm{KL}(p, q(s)) + H(p) \ge H(p)", "cross-entropy of the probabilities q(s)"),
        (
            r"q(s) = p \text{ at these scores, whose largest is not the one of the likeliest "
            r"label}",
            "exact evaluation",
        ),
        p=p,
        start=start,
        predicted=tuple(range(1, case.k + 1)),
        floor=entropy,
        why="Gibbs: cross-entropy is at least the entropy of p",
    )


def _misordered(w: Curve, n: int) -> list[int] | None:
    """Scores whose largest has a smaller weight than a lower one, if some of a few have; all
    weights are rational there.
    """
    import sympy

    for start in ([-2, 1, *[0] * (n - 2)], [-4, *[0] * (n - 1)]):
        weights = [sympy.sympify(w(to_sympy(s), SYMPY)) for s in start]
        if not all(v.is_Rational and v.is_positive for v in weights):
            continue
        if (weights[0] - weights[1]).is_positive and start[0] < start[1]:
            return start
    return None


@rule(Standardised)
def z_loss(case: Case) -> ConsistencyVerdict | None:
    """Z-loss: a strictly decreasing function of a score on a sphere."""
    import sympy

    form = case.form(Standardised)
    if form is None:
        return None
    z = sympy.Symbol("z", real=True)
    g = sympy.sympify(form.g(z, SYMPY))
    slope = sympy.simplify(sympy.diff(g, z))
    # The slope says nothing of a jump, nor of the tie at a corner.
    if g.has(*SWITCHES) or pieces_of(g, z) is None or not slope.is_negative:
        return None
    return case.verdict(
        "consistent",
        "strictly decreasing in the standardised score, which ranges over a compact sphere "
        "(scores not all equal)",
        (r"\ell_y = g(z_y),\quad \textstyle\sum_k z_k = 0,\ \sum_k z_k^2 = n", "standardisation"),
        (rf"g'(z) = {sympy.latex(slope)} < 0", "derivative of the formula"),
        SWAP,
        (
            r"z_i = z_j,\ p_i > p_j \;\Rightarrow\; \partial_{e_i - e_j} C = (p_i - p_j) g'(z_i) "
            r"< 0",
            "at a tie e_i - e_j is tangent to the sphere; with two labels z = (1, -1) or (-1, 1) "
            "and there is no tie",
        ),
        (
            r"\min_{\text{wrong}} C > C^*",
            "the sphere is compact and wrong predictions form a closed part without a minimiser",
        ),
    )


@rule(LabelMargins)
def label_dependent_margins(case: Case) -> ConsistencyVerdict | None:
    """LDAM: unequal margins move the decision boundary away from equal probabilities."""
    import sympy

    loss, form, n = case.loss, case.form(LabelMargins), case.n
    if form is None or not case.top_1:
        return None
    margins = [to_sympy(m) for m in form.margins(n)]
    if margins[0] == margins[1]:
        from hconsist.losses import LDR

        known = softmax_value(Case(LDR(lam=1, c=margins[0]), n, case.target))
        if known is None:
            return None
        step = Step(r"\Delta_y = \Delta", "equal margins: the loss is LDR with lam = 1")
        return ConsistencyVerdict(
            loss, n, case.target, known.status, known.reason, (step, *known.steps)
        )
    # The two extreme margins differ most. The larger one makes its label count for more; the other
    # label is slightly likelier.
    strict, likely = (n - 1, 0) if (margins[-1] - margins[0]).is_positive else (0, n - 1)
    pull = {y: sympy.exp(margins[y]) / (1 + sympy.exp(margins[y])) for y in (strict, likely)}
    for power in range(2, 200):
        share = Fraction(1, 2) + Fraction(1, 2**power)
        if (to_sympy(1 - share) * pull[strict] - to_sympy(share) * pull[likely]).is_positive:
            break
    else:
        return None

    def risk(lead: Fraction) -> Expr:
        """With two labels, the strict one ahead by lead."""
        lost = sympy.log(1 + sympy.exp(margins[strict] - to_sympy(lead)))
        return to_sympy(1 - share) * lost + to_sympy(share) * sympy.log(
            1 + sympy.exp(margins[likely] + to_sympy(lead))
        )

    lead = next(
        step
        for step in (Fraction(1, 2**i) for i in range(200))
        if (risk(step) - risk(Fraction(0))).is_negative
    )
    p, start, direction = [Fraction(0)] * n, [Fraction(-2)] * n, [Fraction(-1)] * n
    p[strict], p[likely], start[strict], start[likely], direction[strict], direction[likely] = (
        1 - share,
        share,
        lead,
        Fraction(0),
        Fraction(0),
        Fraction(0),
    )
    return case.refuted(
        "labels with different margins: the minimiser prefers the label with the larger margin "
        "although it is less likely",
        (
            r"\tfrac{d}{dv} C(0) = p_a \tfrac{e^{\Delta_a}}{1 + e^{\Delta_a}} - p_b "
            r"\tfrac{e^{\Delta_b}}{1 + e^{\Delta_b}} < 0",
            "slope at the tie as the score of b, the label with the larger margin, rises",
        ),
        (
            r"C \ge C(0) \text{ wherever } a \text{ leads}",
            "the conditional risk is convex in the score difference",
        ),
        p=p,
        start=start,
        direction=direction,
        predicted=(strict,),
        floor=risk(Fraction(0)),
        why="by convexity no scores that favour the likelier label go below the tie, and the "
        "given wrong ones do",
    )
