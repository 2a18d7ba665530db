"""Losses recognised from their formula for n labels: cross-entropy of a ratio, shares that sum to
1, proper losses of the predicted probabilities.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import sympy
from sympy import Expr

from hconsist.arithmetic import SYMPY, Ops, Value
from hconsist.engines.symbolic.best_in_class.shown import Found
from hconsist.engines.symbolic.proper import EXPLICIT_LABELS, entropy
from hconsist.engines.symbolic.regular import never_zero, smooth_on
from hconsist.engines.symbolic.signs import constant_sign, sign_on
from hconsist.engines.symbolic.solution import stop
from hconsist.errors import InvalidInputError
from hconsist.losses.forms import General, OfProbabilities, OfSoftmax
from hconsist.losses.forms_of_scores import OfWeights
from hconsist.pointwise import PointwiseProblem


def of_cross_entropy(problem: PointwiseProblem, p: tuple[Expr, ...]) -> Found | None:
    """``-log(r(s_y) / sum_k r(s_k))`` with a positive continuous r that grows without bound."""
    loss = problem.surrogate
    if problem.hypotheses.score_bound is not None or len(p) > EXPLICIT_LABELS:
        return None
    if not isinstance(loss.forms[0], OfWeights | General):
        return None
    s = sympy.symbols(f"s1:{len(p) + 1}", real=True)
    weight = _ratio([sympy.exp(-v) for v in _written(loss.losses, s)], s)
    if weight is None:
        return None
    x, zero, infinity = s[0], sympy.Integer(0), sympy.oo
    positive = all(
        smooth_on(weight, x, low, high) and never_zero(weight, x, low, high) == 1
        for low, high in ((-infinity, zero), (zero, infinity))
    )
    if not positive or not weight.subs(x, 0).is_positive or not _continuous(weight, x):
        raise stop(f"could not show that r(s) = {weight} is positive and continuous")
    if sympy.limit(weight, x, infinity) is not infinity:
        raise stop(f"could not show that r(s) = {weight} grows without bound")
    return -sympy.Add(*(v * sympy.log(v) for v in p)), [
        (
            r"\ell(s, y) = -\log q_y,\ q_y = r(s_y) / \textstyle\sum_k r(s_k),\ r(s) = "
            + sympy.latex(weight.subs(x, sympy.Symbol("s"))),
            "the formula of the loss",
        ),
        (
            r"\mathcal C = \mathrm{KL}(p, q(s)) + H(p),\ \inf = H(p)",
            "r takes every value from r(0) on: r(s_k) = t p_k with t large comes near every point "
            "of the simplex",
        ),
    ]


def of_shares(problem: PointwiseProblem, p: tuple[Expr, ...]) -> Found | None:
    """``r(q_y) / sum_k r(q_k)`` with r > 0 infinite at 0: the normalized cross-entropy."""
    form = _of_probabilities(problem, len(p))
    if form is None:
        return None
    u = sympy.symbols(f"q1:{len(p) + 1}", positive=True)
    weight = _ratio(_written(form.f, u), u)
    if weight is None:
        return None
    x, zero, one = u[0], sympy.Integer(0), sympy.Integer(1)
    if not smooth_on(weight, x, zero, one):
        raise stop(f"could not show that r(u) = {weight} is smooth on (0, 1)")
    falls = sign_on(sympy.diff(weight, x), x, zero, one)  # towards a value of the same sign at 1
    sign = -(falls or 0)
    if sign == 0 or constant_sign(sign * weight.subs(x, 1)) not in (0, 1):
        raise stop(f"could not show that r(u) = {weight} has one sign")
    if sympy.limit(weight, x, 0, "+") != sign * sympy.oo:
        raise stop(f"could not show that r(u) = {weight} is infinite at 0")
    r = sympy.latex(weight.subs(x, sympy.Symbol("q")))
    return sympy.Min(*p), [
        (
            r"\mathcal C = \textstyle\sum_y p_y w_y,\ w_y = r(q_y) / \sum_k r(q_k),\ w \in "
            r"\Delta_n,\ r(q) = " + r,
            "definition",
        ),
        (r"\inf = \min_y p_y", "a weighted mean; w tends to the vertex y as q_y tends to 0"),
    ]


def of_proper(problem: PointwiseProblem, p: tuple[Expr, ...]) -> Found | None:
    """Losses of the predicted probabilities that are minimised by q = p."""
    form = _of_probabilities(problem, len(p))
    if form is None:
        return None
    found = entropy(form, len(p))
    return None if found is None else (found.at(p), list(found.steps))


def _of_probabilities(problem: PointwiseProblem, n: int) -> OfProbabilities | None:
    loss = problem.surrogate
    if problem.hypotheses.score_bound is not None or n > EXPLICIT_LABELS:
        return None
    return None if loss.form(OfSoftmax) is not None else loss.form(OfProbabilities)


def _written(losses: Callable[[Value, Ops], Value], symbols: tuple[Expr, ...]) -> list[Expr]:
    """The losses of all labels in SymPy; empty where they have no such formula."""
    try:
        return [sympy.sympify(v) for v in losses(np.array(symbols, dtype=object), SYMPY)]
    except (InvalidInputError, TypeError, AttributeError, sympy.SympifyError):
        return []


def _ratio(values: list[Expr], symbols: tuple[Expr, ...]) -> Expr:
    """The r of values ``r(x_y) / sum_k r(x_k)``, checked for every label; None elsewhere."""
    if not values:
        return None
    x = symbols[0]
    weight, total = sympy.fraction(sympy.together(values[0]))
    if weight.free_symbols & set(symbols) != {x}:
        return None
    if sympy.expand(total - sympy.Add(*(weight.subs(x, s) for s in symbols))) != 0:
        return None
    for value, s in zip(values[1:], symbols[1:], strict=True):
        other, below = sympy.fraction(sympy.together(value))
        if sympy.expand(other - weight.subs(x, s)) != 0 or sympy.expand(below - total) != 0:
            return None
    return weight


def _continuous(weight: Expr, x: Expr) -> bool:
    """Whether the halves meet at 0."""
    ends = {sympy.limit(weight, x, 0, side) for side in "+-"}
    return bool(ends == {weight.subs(x, 0)})
