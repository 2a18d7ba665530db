"""Constrained losses: sum over the other labels of phi(-s_k), scores that sum to zero."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from hconsist.arithmetic import SYMPY
from hconsist.consistency import calculus
from hconsist.consistency.rules.case import SWAP, Case, margin_variable, rule
from hconsist.consistency.rules.line import AroundZero, pieces_of, vanishes
from hconsist.consistency.verdict import ConsistencyVerdict
from hconsist.engines.symbolic.margin import margin_symbol
from hconsist.losses.facts import Curve
from hconsist.losses.forms import OfScores

if TYPE_CHECKING:
    from sympy import Expr


@rule(
    OfScores,
    asks="phi non-increasing and falling, or constant, for negative margins, at 0 no faster before "
    "it than after it",
)
def constrained_loss(case: Case) -> ConsistencyVerdict | None:
    """Constrained losses: phi non-increasing, and falling (or constant) with a derivative on the
    whole half-line v <= 0.
    """
    import sympy

    form = case.form(OfScores)
    if form is None or case.n < 3:
        return None
    v = margin_variable()
    phi = sympy.sympify(form.phi(v, SYMPY))
    cut, curve = pieces_of(phi, v), form.phi
    if cut is None:
        return None
    smooth = _smooth_constrained(case, phi, curve, cut)
    if smooth is not None:
        return smooth
    if not case.top_1:
        hinge = vanishes(phi - sympy.Max(0, 1 - v), v)
        return _constrained_hinge_top_k(case) if hinge else None
    if not (calculus.falls(curve, phi, v) or cut.decreasing) or cut.behind is None:
        return None
    t = sympy.Symbol("t", nonnegative=True)
    behind = cut.behind.subs(margin_symbol(), t)
    first = (
        r"C(s) = \textstyle\sum_k (1 - p_k)\, g(s_k),\ \sum_k s_k = 0,\ g(z) = \varphi(-z)",
        "definition, summed over y",
    )
    if not behind.has(t):
        if not (cut.far_limit - behind).is_negative:
            return None
        return case.verdict(
            "consistent",
            "phi is constant for negative margins: a constrained loss pays for the labels with "
            "non-negative scores",
            first,
            (
                r"C^* \le (1 - p_i) g(0) + \inf g \textstyle\sum_{k \ne i} (1 - p_k)",
                "score of i large, all others very negative",
            ),
            (
                r"s_j = \max s \ge 0 \;\Rightarrow\; C \ge (1 - p_j) g(0) + \inf g "
                r"\textstyle\sum_{k \ne j} (1 - p_k) > C^*",
                r"p_j < p_i",
            ),
        )
    left, right = cut.slopes(0)
    if not (left - right).is_nonnegative:
        return None  # a corner that holds the tie of all scores at 0
    slope = sympy.simplify(sympy.diff(behind, t))
    convex = curve.fact("convex").proven or cut.convex
    rising = slope.is_positive or (convex and slope.subs(t, 0).is_positive)
    limits = (sympy.limit(behind, t, sympy.oo), cut.far_limit)
    bounded = all(x.is_finite for x in limits) and (limits[0] - limits[1]).is_positive
    if not rising or not ((convex and limits[1].is_finite) or bounded):
        return None
    reach = (
        "g is bounded below and grows at least linearly, so wrong predictions of bounded risk "
        "form a compact set"
        if convex
        else "in [-inf, inf]^n a wrong label at +inf gains by a swap or by going to -inf; without "
        "+inf there is no -inf"
    )
    return case.verdict(
        "consistent",
        "constrained loss, phi strictly decreasing and differentiable for v <= 0 (Lee, Lin, Wahba "
        "2004 for the hinge)",
        first,
        (
            rf"g'(z) = {sympy.latex(slope.subs(t, sympy.Symbol('z')))} > 0 \text{{ for }} z \ge 0",
            "derivative of the formula",
        ),
        SWAP,
        (
            r"s_i = s_j = \max s =: z \;\Rightarrow\; \partial_{e_i - e_j} C = (p_j - p_i)\, "
            r"g'(z) < 0",
            "the largest of scores that sum to 0 is >= 0; at 0 phi falls at least as fast after "
            "it as before it",
        ),
        (r"\min \{ C : s_j = \max s \} > C^*", reach),
    )


def _smooth_constrained(
    case: Case, phi: Expr, curve: Curve, cut: AroundZero
) -> ConsistencyVerdict | None:
    """Every top-k target: phi convex, differentiable and bounded below with phi'(0) < 0, monotone
    or not.
    """
    import sympy

    slope = cut.slopes(0)[0]
    convex = curve.fact("convex").proven or cut.convex
    if not convex or not cut.differentiable or not slope.is_negative:
        return None
    far = cut.far_limit
    if not (far.is_finite or far == sympy.oo):
        return None
    return case.verdict(
        "consistent",
        "constrained loss, phi convex, differentiable, bounded below, phi'(0) < 0: minimisers "
        "order the labels as p does",
        (
            r"C(s) = \textstyle\sum_k (1 - p_k)\, g(s_k),\ \sum_k s_k = 0,\ g(z) = \varphi(-z)",
            "definition, summed over y",
        ),
        (rf"g'(0) = {sympy.latex(-slope)} > 0", "derivative of the formula"),
        (
            r"(1 - p_k)\, g'(s_k) = \mu > 0",
            "Lagrange at a minimiser; some score is >= 0, where g' >= g'(0) > 0",
        ),
        (
            r"p_i > p_j \;\Rightarrow\; g'(s_i) > g'(s_j) \;\Rightarrow\; s_i > s_j",
            "g' is non-decreasing",
        ),
        (
            r"\min_{\text{wrong}} C > C^*",
            "the largest score of a wrong prediction belongs to a label with p < 1: bounded risk "
            "means bounded scores",
        ),
    )


def _constrained_hinge_top_k(case: Case) -> ConsistencyVerdict:
    """The minimiser n e_0 - 1 ties all labels but the likeliest."""
    n, k = case.n, case.k
    rest = [Fraction(1, 2 * n) if y < k else Fraction(1, 4 * n) for y in range(1, n)]
    p = [1 - sum(rest, Fraction(0)), *rest]
    return case.refuted(
        "the minimiser gives the same score to all labels but the likeliest",
        (
            r"C(s) = \textstyle\sum_k (1 - p_k) \max(0, 1 + s_k) \ge (1 - p_{\max}) \sum_k (1 + "
            r"s_k) = n (1 - p_{\max})",
            "the scores sum to 0",
        ),
        (r"s = n e_{\max} - 1", "attains it"),
        p=p,
        start=[n - 1, *[-1] * (n - 1)],
        predicted=(0, *range(n - k + 1, n)),
        floor=n * (1 - p[0]),
        why="1 + s_k <= max(0, 1 + s_k) and every 1 - p_k is at least 1 - p_max",
    )
