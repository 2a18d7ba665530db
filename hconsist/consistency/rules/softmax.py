"""Losses of the label's softmax value: l = g(q_y), q the softmax of the scores."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from hconsist.arithmetic import SYMPY, to_sympy
from hconsist.consistency import calculus
from hconsist.consistency.calculus import SWITCHES
from hconsist.consistency.rules.case import SWAP, Case, curve_of, rule, softmax_variable
from hconsist.consistency.verdict import ConsistencyVerdict
from hconsist.losses.forms import OfSoftmax

if TYPE_CHECKING:
    from sympy import Expr


@rule(
    OfSoftmax,
    asks="g continuous, non-increasing with g' < 0 on [1/n, 1/2], perhaps capped",
)
def softmax_value(case: Case) -> ConsistencyVerdict | None:
    """Zero-one: g non-increasing on (0, 1] with g' < 0 on [1/n, 1/2], possibly truncated from above
    by a constant.
    """
    import sympy

    form, n = case.form(OfSoftmax), case.n
    if form is None or not case.top_1:
        return None
    u = softmax_variable()
    g = written = sympy.sympify(form.g(u, SYMPY))
    cap = None
    if isinstance(g, sympy.Min) and len(g.args) == 2:
        constants = [a for a in g.args if not a.has(u)]
        if len(constants) == 1:
            cap = constants[0]
            (g,) = (a for a in g.args if a.has(u))
            if not (g.subs(u, 1) - cap).is_negative:
                return None
    # A kink where predictions tie would spoil the derivative along e_i - e_j; a jump everything.
    if g.has(*SWITCHES) or not calculus.falls(curve_of(g, u, "unit"), g, u):
        return None
    slope = sympy.simplify(sympy.diff(g, u))
    if not calculus.proven_negative(slope, u, Fraction(1, n), Fraction(1, 2)):
        return None
    steps = [
        (
            rf"\ell_y = g(q_y),\quad g(u) = {sympy.latex(written)}",
            "q is the softmax of the scores",
        ),
        (
            rf"g'(u) = {sympy.latex(slope)} < 0 \text{{ on }} [1/{n}, 1/2],\ g \text{{ "
            r"non-increasing}",
            "derivative, ball arithmetic",
        ),
        SWAP,
        (
            r"q_i = q_j = t,\ p_i > p_j \;\Rightarrow\; \partial_{e_i - e_j} C = (p_i - p_j) "
            r"g'(t) < 0",
            "a predicted label has t >= 1/n, and two labels that tie have t <= 1/2",
        ),
        (
            r"\min \{ C : q_j = \max q \} > C^*",
            "the minimum over a closed subset of the closed simplex is attained (g is lower "
            "semicontinuous), "
            "and by the last two steps no minimiser of C lies in it",
        ),
    ]
    if cap is not None:
        steps.insert(
            2,
            (
                rf"\ell = \min(g, {sympy.latex(cap)}),\ g(1) < {sympy.latex(cap)}",
                "predicting a likeliest label with certainty costs less than the cap, so at a "
                "minimiser the largest q lies "
                "where the loss is below its cap, and there it is strictly decreasing",
            ),
        )
    return case.verdict(
        "consistent",
        "strictly decreasing in the label's softmax value where predictions are made",
        *steps,
    )


@rule(
    OfSoftmax,
    asks_top_k="g' < 0 on (0, 1/2] and g'(0) infinite, or g convex or concave, perhaps capped, "
    "g'(0) finite, g'(1) < 0",
)
def softmax_value_top_k(case: Case) -> ConsistencyVerdict | None:
    """Top-k: consistent for every k if the slope at 0 is infinite; for no k >= 2 if g is convex or
    concave and it is finite.
    """
    import sympy

    form = case.form(OfSoftmax)
    if form is None or case.top_1:
        return None
    u = softmax_variable()
    g = sympy.sympify(form.g(u, SYMPY))
    capped = _capped(g, u)
    if capped is not None:
        return _certainty(case, *capped)
    curve = curve_of(g, u, "unit")
    if g.has(*SWITCHES) or not calculus.falls(curve, g, u):
        return None
    slope = sympy.simplify(sympy.diff(g, u))
    steep = sympy.limit(slope, u, 0, "+")
    curvature = sympy.factor(sympy.simplify(sympy.diff(g, u, 2)))
    convex = curve.fact("convex").proven or _positive_below_one(curvature, u)
    falling = _positive_below_one(-slope, u) or (
        convex and slope.subs(u, Fraction(1, 2)).is_negative
    )
    if steep == -sympy.oo and falling:
        return case.verdict(
            "consistent",
            "strictly decreasing in the softmax value with an infinite slope at 0: every "
            "minimiser orders the labels as p does",
            (
                rf"g'(u) = {sympy.latex(slope)} < 0 \text{{ on }} (0, 1/2],\quad g'(0+) = -\infty",
                "derivative of the formula",
            ),
            SWAP,
            (
                r"q_i = q_j = t,\ p_i > p_j \;\Rightarrow\; \partial_{e_i - e_j} C = (p_i - p_j) "
                r"g'(t) < 0",
                "two labels that tie have t <= 1/2; t = 0 is no minimiser, since the slope at 0 "
                "is infinite and p_i > 0",
            ),
            (
                r"\min_{\text{wrong top-}k} C > C^*",
                "wrong predictions form a closed subset of the simplex without a minimiser of C",
            ),
        )
    drop = sympy.limit(g, u, 0, "+") - g.subs(u, 1)
    concave = curve.fact("concave").proven or _positive_below_one(-curvature, u)
    if not convex and not concave:
        return None
    most, least = (-steep, -slope.subs(u, 1)) if convex else (drop, drop)
    if not (most.is_finite and least.is_positive and drop.is_finite):
        return None
    return _certainty(case, g.subs(u, 1), drop, most, least)


def _capped(g: Expr, u: Expr) -> tuple[Expr, Expr, Expr, Expr] | None:
    """For g = min(h, cap) with h convex and decreasing: g(1), g(0) - g(1), and the two constants of
    `_certainty`.
    """
    import sympy

    if not isinstance(g, sympy.Min) or len(g.args) != 2 or sum(a.has(u) for a in g.args) != 1:
        return None
    cap, h = sorted(g.args, key=lambda a: bool(a.has(u)))
    if h.has(*SWITCHES) or not calculus.falls(curve_of(h, u, "unit"), h, u):
        return None
    slope = sympy.simplify(sympy.diff(h, u))
    convex = _positive_below_one(sympy.factor(sympy.simplify(sympy.diff(h, u, 2))), u)
    drop = cap - h.subs(u, 1)
    if not (convex and slope.subs(u, 1).is_negative and drop.is_positive):
        return None
    # Nothing is gained below any r with h(r) >= cap, and at most drop above it: g(0) - g(q) <=
    # (drop / r) q.
    r = next(
        (
            Fraction(1, 2**i)
            for i in range(1, 400)
            if (h.subs(u, sympy.Rational(1, 2**i)) - cap).is_nonnegative
        ),
        None,
    )
    if r is None:
        return None
    return h.subs(u, 1), drop, drop / to_sympy(r), sympy.Min(-slope.subs(u, 1), drop)


def _certainty(case: Case, end: Expr, drop: Expr, most: Expr, least: Expr) -> ConsistencyVerdict:
    """Unlikely labels tie at probability 0, where g(0) - g(q) <= most q and g(q) - g(1) >= least (1
    - q).
    """
    import sympy

    n, k = case.n, case.k
    # p_0 (g(q_0) - g(1)) >= p_0 least (1 - q_0) >= max p_y most sum q_y >= sum p_y (g(0) - g(q_y)).
    small = Fraction(1, 2 * n)
    while not (
        to_sympy(1 - (k + Fraction(n - k, 2)) * small) * least - to_sympy(small) * most
    ).is_nonnegative:
        small /= 2
    rest = [small if y < k else small / 2 for y in range(1, n)]
    p = [1 - sum(rest, Fraction(0)), *rest]
    return case.refuted(
        "the slope in the softmax value is finite at 0: unlikely labels tie at probability 0",
        (
            rf"g(0) - g(q) \le {sympy.latex(most)}\, q,\quad g(q) - g(1) \ge {sympy.latex(least)} "
            r"(1 - q)",
            "shape of g",
        ),
        (
            rf"p_0 \cdot {sympy.latex(least)} \ge \max_{{y \ne 0}} p_y \cdot {sympy.latex(most)}"
            r"\;\Rightarrow\; q = e_0 \text{ minimises}",
            "sum over the labels",
        ),
        p=p,
        start=[0] * n,
        direction=[1] + [0] * (n - 1),
        predicted=(0, *range(n - k + 1, n)),
        floor=sympy.simplify(end + to_sympy(sum(rest, Fraction(0))) * drop),
        why="what any q saves on the unlikely labels is at most what it costs on label 0, so q = "
        "e_0 attains the minimum",
    )


def _positive_below_one(expression: Expr, symbol: Expr) -> bool:
    """Whether an expression is > 0 on (0, 1), by writing u = 1 / (1 + w), w > 0."""
    import sympy

    w = sympy.Symbol("w", positive=True)
    odds = expression.subs(symbol, 1 / (1 + w))
    return bool(
        expression.is_positive or odds.is_positive or sympy.factor(sympy.simplify(odds)).is_positive
    )
