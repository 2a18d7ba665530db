"""All scores: ``min sum p_k g(q_k)`` over the simplex of softmax values q."""

from __future__ import annotations

import sympy
from sympy import Expr

from hconsist.engines.symbolic.best_in_class.lagrange import stationary
from hconsist.engines.symbolic.best_in_class.shown import Found, formula, is_smooth, unproven
from hconsist.engines.symbolic.pairs import own_share
from hconsist.engines.symbolic.signs import constant_sign
from hconsist.engines.symbolic.solution import stop
from hconsist.losses.forms import OfSoftmax, Pairwise
from hconsist.pointwise import PointwiseProblem


def derive(problem: PointwiseProblem, p: tuple[Expr, ...]) -> Found | None:
    """C* of a loss of the label's softmax value on complete hypothesis sets."""
    form = problem.surrogate.form(OfSoftmax)
    if form is None or problem.hypotheses.score_bound is not None:
        return None
    return of_form(form, p, problem.surrogate.symbolic)


def of_pairs(problem: PointwiseProblem, p: tuple[Expr, ...]) -> Found | None:
    """Sums of exponentials of the margins are functions of the softmax value."""
    form = problem.surrogate.form(Pairwise)
    if form is None or problem.hypotheses.score_bound is not None:
        return None
    same = own_share(form)
    if same is None:
        return None
    risk, steps = of_form(same, p, problem.surrogate.symbolic)
    u = sympy.Symbol("u", positive=True)
    g = sympy.latex(formula(same.g, u).subs(u, sympy.Symbol("q_y")))
    return risk, [
        (
            r"\textstyle\sum_{k \ne y} e^{-(s_y - s_k)} = 1/q_y - 1",
            f"the loss is ${g}$, a function of the softmax value",
        ),
        *steps,
    ]


def of_form(form: OfSoftmax, p: tuple[Expr, ...], symbolic: bool) -> Found:
    """Concave g: a vertex of the simplex. Convex g that is infinitely steep at 0: Lagrange.

    Raises
    ------
    EngineCannotAnswerError
        Where neither is proven, or the stationary point has no closed form.
    """
    u = sympy.Symbol("u", positive=True)
    g = formula(form.g, u)
    if not is_smooth(g, u):
        raise stop(f"could not show that g(u) = {g} is one finite and smooth formula on (0, 1]")
    not_concave = unproven(form.g, g, u, "concave", symbolic)
    if not not_concave:
        return _at_a_vertex(form, g, u, p, symbolic)
    not_convex = unproven(form.g, g, u, "convex", symbolic)
    if not_convex:
        raise stop(f"{not_concave}; {not_convex}")
    slope = sympy.simplify(sympy.diff(g, u))
    if sympy.limit(slope, u, 0, "+") != -sympy.oo:
        # labels of small probability may get q = 0: no closed form over all p
        raise stop(f"the slope of g(u) = {g} at 0 is finite: labels may get no mass")
    found = stationary(g, u, p, 1)
    if found is None:
        raise stop(f"the inverse of the slope of g(u) = {g} is no power")
    return found


def _at_a_vertex(form: OfSoftmax, g: Expr, u: Expr, p: tuple[Expr, ...], symbolic: bool) -> Found:
    """The risk at vertex k is ``g(0) + (g(1) - g(0)) p_k``."""
    start, end = sympy.limit(g, u, 0, "+"), g.subs(u, 1)
    if not start.is_finite:
        raise stop(f"g(u) = {g} has no finite limit at 0")
    sign = constant_sign(sympy.simplify(end - start))
    if sign is None and not unproven(form.g, g, u, "non-increasing", symbolic):
        sign = -1
    if sign is None:
        raise stop(f"could not show which of g(0) = {start} and g(1) = {end} is larger")
    chosen, name = (sympy.Max(*p), r"p_{\max}") if sign <= 0 else (sympy.Min(*p), r"p_{\min}")
    return sympy.simplify(start + (end - start) * chosen), [
        (
            r"\mathcal C = \textstyle\sum_k p_k\, g(q_k),\quad g(u) = " + sympy.latex(g),
            "the loss sees its own softmax value",
        ),
        (
            rf"\min = g(0) + (g(1) - g(0))\, {name}",
            "g is concave: the minimum is at a vertex of the simplex",
        ),
    ]
