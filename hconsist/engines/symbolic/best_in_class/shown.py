"""What a closed form may rest on: proven facts of the curve, or signs that SymPy decides on one
smooth formula. Never a declaration.
"""

from __future__ import annotations

import sympy
from sympy import Expr

from hconsist.arithmetic import SYMPY
from hconsist.engines.symbolic.regular import SWITCHES, smooth_on
from hconsist.engines.symbolic.signs import sign_on
from hconsist.engines.symbolic.solution import stop
from hconsist.errors import InvalidInputError
from hconsist.losses.facts import Curve, What

#: C*(p), and the steps that led there: statement, justification.
Found = tuple[Expr, list[tuple[str, str]]]
#: Which derivative has which signs.
_SIGNS: dict[str, tuple[int, tuple[int, int]]] = {
    "non-increasing": (1, (0, -1)),
    "convex": (2, (0, 1)),
    "concave": (2, (0, -1)),
}


def formula(curve: Curve, x: Expr) -> Expr:
    """The curve at x, in SymPy.

    Raises
    ------
    EngineCannotAnswerError
        Where it has no such formula.
    """
    try:
        return sympy.sympify(curve(x, SYMPY))
    except (InvalidInputError, TypeError, AttributeError, sympy.SympifyError) as problem:
        raise stop("the loss has no formula that SymPy can hold") from problem


def is_smooth(g: Expr, u: Expr) -> bool:
    """Whether g is one formula, shown to be finite and smooth on (0, 1]."""
    if g.has(*SWITCHES) or not smooth_on(g, u, sympy.Integer(0), sympy.Integer(1)):
        return False
    return not g.subs(u, 1).has(sympy.nan, sympy.zoo, sympy.oo, -sympy.oo)


def unproven(curve: Curve, g: Expr, u: Expr, what: What, symbolic: bool) -> str:
    """Why g, a curve on (0, 1] with formula g(u), is not proven to be so; empty where it is.

    With symbols for parameters the facts of the curve are out of reach, and SymPy decides.
    """
    reason = ""
    if not symbolic:
        fact = curve.fact(what)
        if fact.proven:
            return ""
        reason = fact.assumption or str(fact)
        if fact.refuted:
            return reason
    order, signs = _SIGNS[what]
    if is_smooth(g, u):
        bend = sympy.simplify(sympy.diff(g, u, order))
        if sign_on(bend, u, sympy.Integer(0), sympy.Integer(1)) in signs:
            return ""
        if bend.is_nonpositive if signs[1] < 0 else bend.is_nonnegative:
            return ""
    return reason or f"could not show that {curve.on} is {what}"
