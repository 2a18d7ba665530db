"""From T to its inverse, an elementary bound on the inverse, and the growth at 0."""

from __future__ import annotations

from typing import Any

import sympy

from hconsist.engines.derivation import beta_symbol, excess_symbol


def invert(expression: Any, at_one: Any) -> Any:
    """The inverse of an increasing T with T(0) = 0, capped at 1; None where peeling does not find it.

    Parameters
    ----------
    expression : sympy.Expr
        In `beta_symbol()`.
    at_one : sympy.Expr
        T(1): from this excess on Gamma is 1.
    """
    from hconsist.engines.symbolic.nodes import Interpolation

    b, e = beta_symbol(), excess_symbol()
    if isinstance(expression, Interpolation):
        inner = expression.inverse(e)
    else:
        found = _peel(expression, b, e)
        if found is None:
            return None
        inner = found
    return sympy.Piecewise((inner, e <= at_one), (1, True))


def _peel(left: Any, b: Any, right: Any) -> Any:
    """Solve left(b) = right for b >= 0 by undoing one operation after the other; None where b enters twice."""
    for _ in range(40):
        if left == b:
            return right
        if left.is_Add:
            const, rest = left.as_independent(b, as_Add=True)
            if const != 0:
                left, right = rest, right - const
                continue
            return _quadratic(left, b, right)
        if left.is_Mul:
            const, rest = left.as_independent(b, as_Add=False)
            if const != 1:
                left, right = rest, right / const
                continue
            expanded = sympy.expand(left)
            if expanded == left:
                return None
            left = expanded
            continue
        if isinstance(left, sympy.exp):
            left, right = left.args[0], sympy.log(right)
        elif left.is_Pow and not left.exp.has(b):
            if left.base.is_Add and left.exp == 2 and not left.base.subs(b, 0).is_zero:
                return None  # two branches
            left, right = left.base, right ** (1 / left.exp)
        elif isinstance(left, sympy.log):
            left, right = left.args[0], sympy.exp(right)
        else:
            return None
    return None


def _quadratic(left: Any, b: Any, right: Any) -> Any:
    """Solve a polynomial in b, quadratic in b or in b^2 and without constant term, for its non-negative root."""
    polynomial = sympy.Poly(left, b) if left.is_polynomial(b) else None
    if polynomial is None:
        return None
    powers = {m[0]: c for m, c in polynomial.terms()}
    for step in (1, 2):
        if set(powers) == {step, 2 * step}:
            first, second = powers[step], powers[2 * step]
            if not first.is_positive:
                return None
            # The root that vanishes with the excess and increases with it.
            root = (sympy.sqrt(first**2 + 4 * second * right) - first) / (2 * second)
            return root if step == 1 else sympy.sqrt(root)
    return None
