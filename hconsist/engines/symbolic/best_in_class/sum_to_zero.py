"""Constrained losses: ``min sum (1 - p_k) g(z_k)`` over scores that sum to 0, g(z) = phi(-z)."""

from __future__ import annotations

import sympy
from sympy import Expr

from hconsist.arithmetic import to_sympy
from hconsist.engines.symbolic import margin
from hconsist.engines.symbolic.best_in_class.lagrange import stationary
from hconsist.engines.symbolic.best_in_class.shown import Found, formula
from hconsist.engines.symbolic.regular import SWITCHES
from hconsist.engines.symbolic.signs import constant_sign
from hconsist.engines.symbolic.solution import stop
from hconsist.losses.forms import OfScores
from hconsist.pointwise import PointwiseProblem


def of_hinge(problem: PointwiseProblem, p: tuple[Expr, ...]) -> Found | None:
    """phi(v) = a max(0, 1 - v / r): a linear program whose dual is one number."""
    form = problem.surrogate.form(OfScores)
    if form is None or problem.hypotheses.score_bound is not None or problem.surrogate.symbolic:
        return None
    hinge = form.phi.hinge
    if hinge is None:
        return None
    (a, r), n = hinge, len(p)
    scaled = "" if r == 1 else rf" / {sympy.latex(to_sympy(r))}"
    factor = "" if a == 1 else sympy.latex(to_sympy(a)) + " "
    return to_sympy(a) * n * (1 - sympy.Max(*p)), [
        (
            rf"\mathcal C = {factor}\textstyle\sum_k (1 - p_k) \max(0, 1 + z_k{scaled}) \ge "
            rf"{factor}(1 - p_{{\max}}) \sum_k (1 + z_k{scaled}) = {factor}n (1 - p_{{\max}})",
            "sum z = 0",
        ),
        (rf"z{scaled} = n e_{{\max}} - 1", "attains it"),
    ]


def derive(problem: PointwiseProblem, p: tuple[Expr, ...]) -> Found | None:
    """A convex phi, smooth or a power of max(0, .): Lagrange."""
    form = problem.surrogate.form(OfScores)
    if form is None or problem.hypotheses.score_bound is not None:
        return None
    z, v = sympy.Symbol("z", real=True), margin.margin_variable()
    phi = formula(form.phi, v)
    curve = None if problem.surrogate.symbolic else form.phi
    if not margin.is_convex(margin.split(phi, v, curve)):
        raise stop(f"could not show that phi(v) = {phi} is continuous and convex")
    g = active_branch(phi.subs(v, -z), z)
    if g is None:
        raise stop(f"phi(v) = {phi} changes its formula")
    weights = (p[1], p[0]) if len(p) == 2 else tuple(1 - v for v in p)
    found = stationary(g, z, weights, 0)
    if found is None:
        raise stop(f"the inverse of the slope of phi(v) = {phi} is no power and no logarithm")
    return found


def active_branch(g: Expr, z: Expr) -> Expr:
    """The formula on whose branch a stationary point of a convex g lies: g itself, or for a power
    of max(0, a + b z), a > 0, that of a + b z, whose stationary point has a + b z > 0 (the sum of
    its values is fixed, and positive); None elsewhere. Where a <= 0 the risk is 0 at z = 0.
    """
    if not g.has(*SWITCHES):
        return g
    if not (g.is_Pow and isinstance(g.base, sympy.Max) and g.exp.is_Rational and g.exp > 1):
        return None
    active = [a for a in g.base.args if a != 0]
    if len(active) != 1 or sympy.Integer(0) not in g.base.args:
        return None
    (inside,) = active
    if not inside.is_polynomial(z) or sympy.degree(inside, z) != 1:
        return None
    if constant_sign(inside.subs(z, 0)) != 1:
        return None
    return inside**g.exp
