"""Where a formula is finite, smooth and continuous: shown by its structure, or not at all."""

from __future__ import annotations

import sympy
from sympy import Expr

from hconsist.engines.symbolic.signs import between, constant_sign, sign_on
from hconsist.engines.symbolic.solution import stop

#: Nodes whose formula changes.
SWITCHES = (sympy.Max, sympy.Min, sympy.Abs, sympy.Piecewise)
#: Functions that are analytic on the whole real line.
_ENTIRE = (sympy.exp, sympy.tanh, sympy.sinh, sympy.cosh, sympy.sin, sympy.cos, sympy.atan)


def smooth_on(expression: Expr, x: Expr, low: Expr | int, high: Expr) -> bool:
    """Whether a formula without switches is shown to be real and analytic on the open interval:
    no pole, no logarithm and no root of what may be 0 or negative. False is no answer.

    Examples
    --------
    >>> f = sympy.Symbol("f", real=True)
    >>> smooth_on(sympy.log(1 + f), f, 0, sympy.oo), smooth_on(1 / (1 - f), f, 0, sympy.oo)
    (True, False)
    """
    e = sympy.sympify(expression)
    if not e.has(x):
        return e.is_finite is not False and e.is_real is not False and e is not sympy.nan
    if e == x:
        return True
    if e.is_Add or e.is_Mul or isinstance(e, (*_ENTIRE, sympy.erf, sympy.erfc)):
        return all(smooth_on(a, x, low, high) for a in e.args)
    if isinstance(e, sympy.log):
        return smooth_on(e.args[0], x, low, high) and never_zero(e.args[0], x, low, high) == 1
    if e.is_Pow:
        base, exponent = e.args
        if not smooth_on(base, x, low, high) or not smooth_on(exponent, x, low, high):
            return False
        if exponent.is_Integer:
            return bool(exponent >= 0) or never_zero(base, x, low, high) is not None
        return never_zero(base, x, low, high) == 1
    return False


def never_zero(expression: Expr, x: Expr, low: Expr | int, high: Expr) -> int | None:
    """1 where the expression is shown to be > 0 on the open interval, -1 where < 0; None where
    open.
    """
    if not expression.has(x):
        return constant_sign(expression) or None
    # erf lies in (-1, 1): any such number is (g - 1)/(g + 1) with some g > 0; erfc = 1 - erf.
    bounded = {a: sympy.Dummy("g", positive=True) for a in expression.atoms(sympy.erf, sympy.erfc)}
    ranges = {
        a: (g - 1) / (g + 1) if isinstance(a, sympy.erf) else 2 / (g + 1)
        for a, g in bounded.items()
    }
    if ranges and sympy.factor(expression.xreplace(ranges)).is_positive:
        return 1
    if low == 0 and high == 1 and expression.has(sympy.log(x)):
        # -log x is some positive number
        plain = expression.subs(sympy.log(x), -sympy.Dummy("L", positive=True))
        if plain.subs(x, sympy.Dummy("t", positive=True)).is_positive:
            return 1
    if constant_sign(low) in (0, 1):
        t = sympy.Dummy("t", positive=True)
        if expression.subs(x, t).is_positive:  # a sum of positive things, by SymPy's rules
            return 1
        parts = sympy.fraction(sympy.together(expression.subs(x, between(low, high, t))))
        if all(p.count_ops() <= 100 and sympy.expand(p).is_positive for p in parts):
            return 1
    return sign_on(expression, x, low, high, strict=True) or None


def continuous_at(values: list[Expr], own: Expr) -> str:
    """Why the values of the neighbouring pieces and the formula's own are not shown to be finite
    and equal; empty when they are.
    """
    shown = ", ".join(str(v) for v in dict.fromkeys([*values, own]))
    for value in values:
        if value.has(sympy.nan, sympy.zoo, sympy.oo, -sympy.oo):
            return shown
        if value != own and constant_sign(value - own) != 0:
            return shown
    return "" if not own.has(sympy.nan, sympy.zoo, sympy.oo, -sympy.oo) else shown


def zeros(expression: Expr, x: Expr) -> list[Expr]:
    """Every real zero.

    Raises
    ------
    EngineCannotAnswerError
        When SymPy does not find them all.
    """
    numerator = sympy.numer(sympy.together(expression))
    if numerator.is_polynomial(x):
        polynomial = sympy.Poly(numerator, x)
        if polynomial.degree() == 1:
            first, second = polynomial.all_coeffs()
            return [sympy.simplify(-second / first)]
        if polynomial.degree() > 1 and not polynomial.free_symbols_in_domain:
            try:
                return list(dict.fromkeys(sympy.real_roots(polynomial)))
            except NotImplementedError:  # coefficients that are not rational
                pass
    try:
        found = sympy.solveset(expression, x, sympy.S.Reals)
    except (TypeError, NotImplementedError, ValueError):  # SymPy does not decide a membership
        found = None
    if found == sympy.S.EmptySet:
        return []
    if isinstance(found, sympy.FiniteSet):
        return list(found)
    raise stop(f"no closed form for where {expression} changes its sign")
