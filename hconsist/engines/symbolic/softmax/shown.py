"""Facts about formulas of one softmax value: the prover of `hconsist.losses.facts`, for formulas
that a derivation meets on its way (1/psi, its square).
"""

from __future__ import annotations

import sympy
from sympy import Expr

from hconsist.arithmetic import evaluate
from hconsist.engines.symbolic.parameters import sign_in_share
from hconsist.engines.symbolic.signs import sign_on
from hconsist.losses.facts import Curve, What

#: Signs of derivatives that show a fact: which derivative, which signs.
_SIGNS: dict[str, tuple[int, tuple[int, ...]]] = {
    "non-increasing": (1, (0, -1)),
    "convex": (2, (0, 1)),
    "concave": (2, (0, -1)),
}


def curve_of(expression: Expr, u: Expr, name: str = "h") -> Curve:
    """A formula of u alone as a curve on (0, 1]."""
    return Curve(name, lambda z, ops: evaluate(expression, {u: z}, ops), "unit")


def shown(what: What, expression: Expr, u: Expr, curve: Curve | None = None) -> bool:
    """Whether a smooth formula is shown to be so on (0, 1), by the signs of its derivatives, or by
    the prover of facts. False is no answer.

    Examples
    --------
    >>> u = sympy.Symbol("u", positive=True)
    >>> shown("convex", sympy.exp(u), u), shown("concave", u * (1 - sympy.log(u)), u)
    (True, True)
    """
    expression, one = sympy.sympify(expression), sympy.Integer(1)
    if what == "convex in -log u":
        tested = -u * sympy.diff(expression, u)
        if sign_on(sympy.diff(tested, u), u, 0, one) in (0, -1):
            return True
    elif what in _SIGNS:
        order, good = _SIGNS[what]
        derivative = sympy.diff(expression, u, order)
        if sign_on(derivative, u, 0, one) in good:
            return True
        if expression.free_symbols - {u} and sign_in_share(derivative, u) in good:
            return True
    if expression.free_symbols - {u}:
        return False
    return bool((curve or curve_of(expression, u)).fact(what).proven)
