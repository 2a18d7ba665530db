"""Scores in [-B, B]: the odds of two softmax values stay within ``exp(2 B / temperature)``."""

from __future__ import annotations

import itertools

import sympy
from sympy import Expr

from hconsist.arithmetic import to_sympy
from hconsist.engines.symbolic.best_in_class import softmax
from hconsist.engines.symbolic.best_in_class.lagrange import inverse_slope
from hconsist.engines.symbolic.best_in_class.shown import Found, formula, is_smooth, unproven
from hconsist.engines.symbolic.solution import stop
from hconsist.losses.forms import OfSoftmax
from hconsist.pointwise import PointwiseProblem


def derive(problem: PointwiseProblem, p: tuple[Expr, ...]) -> Found | None:
    """C* of a loss of the label's softmax value with bounded scores: g affine, or concave and
    falling, or convex for two labels.
    """
    form, bound = problem.surrogate.form(OfSoftmax), problem.hypotheses.score_bound
    if form is None or bound is None:
        return None
    ratio = sympy.exp(2 * to_sympy(bound) / to_sympy(form.temperature))
    symbolic = problem.surrogate.symbolic
    u = sympy.Symbol("u", positive=True)
    g = formula(form.g, u)
    if not is_smooth(g, u):
        raise stop(f"could not show that g(u) = {g} is one finite and smooth formula on (0, 1]")
    slope = sympy.simplify(sympy.diff(g, u))
    if not slope.has(u) and slope.is_negative:
        return _of_affine(g, u, slope, p, ratio)
    rises = unproven(form.g, g, u, "non-increasing", symbolic)
    if rises:
        raise stop(rises)
    not_concave = unproven(form.g, g, u, "concave", symbolic)
    if not not_concave:
        return _of_concave(g, u, p, ratio)
    not_convex = unproven(form.g, g, u, "convex", symbolic)
    if not_convex:
        raise stop(f"{not_concave}; {not_convex}")
    if len(p) != 2:
        raise stop("bounded scores for n >= 3 labels and a convex g")
    return _of_two_labels(form, g, u, p, ratio, symbolic)


def _of_affine(g: Expr, u: Expr, slope: Expr, p: tuple[Expr, ...], ratio: Expr) -> Found:
    n = len(p)
    tops = _sums_of_the_largest(p)
    best = sympy.Max(
        *((1 + (ratio - 1) * top) / (n + (ratio - 1) * m) for m, top in enumerate(tops, 1))
    )
    return g.subs(u, 0) + slope * best, [
        (r"\mathcal C = g(0) + g' \langle p, q \rangle,\ q \propto e^{s}", "g is affine"),
        (
            r"\langle p, q \rangle \le \max_m \frac{1 + (e^{2B} - 1) P_m}{n + (e^{2B} - 1) m}",
            "linear-fractional in the weights exp(s): the maximum is at a vertex of the box, "
            "the m likeliest labels at B",
        ),
    ]


def _of_concave(g: Expr, u: Expr, p: tuple[Expr, ...], ratio: Expr) -> Found:
    """Concave decreasing g: the risk is least at a vertex of the box, the m likeliest labels at B.

    With all scores equal as one of the vertices (m = n).
    """
    n = len(p)
    risks = [g.subs(u, sympy.Rational(1, n))]
    for m, top in enumerate(_sums_of_the_largest(p), 1):
        low = 1 / (m * ratio + n - m)
        risks.append(top * g.subs(u, ratio * low) + (1 - top) * g.subs(u, low))
    return sympy.Min(*risks), [
        (
            r"\min = \min_m P_m\, g(r_m) + (1 - P_m)\, g(e^{-2B} r_m),\quad "
            r"r_m = e^{2B} / (m e^{2B} + n - m)",
            "g is concave and decreasing: the minimum is at a vertex of what the box reaches, the "
            "m likeliest labels at the larger value",
        ),
    ]


def _of_two_labels(
    form: OfSoftmax, g: Expr, u: Expr, p: tuple[Expr, ...], ratio: Expr, symbolic: bool
) -> Found:
    """Convex g: the stationary point, or the end of the box on its side."""
    risk, steps = softmax.of_form(form, p, symbolic)
    inverse = inverse_slope(g, u)
    if inverse is None:
        raise stop(f"the inverse of the slope of g(u) = {g} is no power")
    elasticity, top, low = inverse[2], sympy.Max(*p), sympy.Min(*p)
    edge = ratio / (1 + ratio)
    inside = top ** (-elasticity) <= ratio * low ** (-elasticity)
    cut = top * g.subs(u, edge) + low * g.subs(u, 1 / (1 + ratio))
    return sympy.Piecewise((risk, inside), (cut, True)), [
        *steps,
        (
            r"q = e^{2B} / (1 + e^{2B}) \text{ for the likelier label where the optimum lies "
            r"outside}",
            "convexity",
        ),
    ]


def _sums_of_the_largest(p: tuple[Expr, ...]) -> list[Expr]:
    """P_m, the sum of the m largest label probabilities, for m < n."""
    return [sympy.Add(*(_order_statistic(p, k) for k in range(1, m + 1))) for m in range(1, len(p))]


def _order_statistic(p: tuple[Expr, ...], k: int) -> Expr:
    """The k-th largest label probability."""
    if k == 1:
        return sympy.Max(*p)
    if k == len(p):
        return sympy.Min(*p)
    return sympy.Max(*(sympy.Min(*c) for c in itertools.combinations(p, k)))
