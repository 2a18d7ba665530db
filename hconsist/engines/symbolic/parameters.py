"""Signs on (0, 1) where a loss has parameters as symbols: in exponents, beside log u.

A power of a base that is positive on (0, 1) is a positive number times a whole power of it. log u
lies between (u - 1)/u and u - 1, and what is affine in it has a sign where it has that sign at
both. Parameters are positive numbers and nothing else is known of them.
"""

from __future__ import annotations

import sympy
from sympy import Expr

from hconsist.engines.symbolic.signs import sign_on

_ONE = sympy.Integer(1)


def sign_in_share(expression: Expr, u: Expr, strict: bool = False) -> int | None:
    """The sign on (0, 1), as `sign_on` says it, with symbolic exponents and log u.

    Examples
    --------
    >>> u, a = sympy.symbols("u a", positive=True)
    >>> focal = -((1 - u) ** a) * sympy.log(u)
    >>> sign_in_share(sympy.diff(focal, u), u), sign_in_share(sympy.diff(focal, u, 2), u)
    (-1, 1)
    >>> sign_in_share((1 - a) * (1 + u) ** a, u) is None
    True
    """
    found = sign_on(expression, u, 0, _ONE, strict)
    if found is not None:
        return found
    plain = _without_powers(sympy.sympify(expression), u)
    if plain is None:
        return None
    minus_log = sympy.Dummy("l", positive=True)
    plain = sympy.expand_log(plain).subs(sympy.log(u), -minus_log)
    if plain.has(sympy.log, sympy.exp):
        return None
    sign = 1
    for part, nonzero in zip(sympy.fraction(sympy.together(plain)), (strict, True), strict=True):
        for factor in sympy.Mul.make_args(sympy.factor(part)):
            known = _of_factor(factor, u, minus_log, nonzero)
            if known is None:
                return None
            sign *= known
    return sign


def _without_powers(expression: Expr, u: Expr) -> Expr | None:
    """Powers of symbolic exponent as positive numbers times whole powers of their base."""
    positive: dict[tuple[Expr, Expr], Expr] = {}
    powers = [
        p
        for p in expression.atoms(sympy.Pow)
        if not p.exp.is_Rational or (not p.exp.is_Integer and p.base.free_symbols - {u})
    ]
    for power in powers:
        base, (whole, rest) = power.base, power.exp.as_coeff_Add()
        if power.exp.is_Rational:
            whole, rest = sympy.floor(power.exp), power.exp - sympy.floor(power.exp)
        if base.has(u):
            if not whole.is_Integer or sign_on(base, u, 0, _ONE, strict=True) != 1:
                return None
        elif not base.is_positive:
            return None
        else:
            whole = sympy.Integer(0)
        number = positive.setdefault((base, rest), sympy.Dummy("g", positive=True))
        expression = expression.xreplace({power: number * base**whole})
    return expression


def _of_factor(factor: Expr, u: Expr, minus_log: Expr, strict: bool) -> int | None:
    if not factor.has(minus_log):
        return sign_on(factor, u, 0, _ONE, strict)
    if not factor.is_polynomial(minus_log) or sympy.degree(factor, minus_log) != 1:
        return _with_free_log(factor, u, minus_log, strict)
    ends = [
        sign_on(sympy.together(factor.subs(minus_log, end)), u, 0, _ONE, strict)
        for end in (1 - u, (1 - u) / u)
    ]
    if None in ends:
        return _with_free_log(factor, u, minus_log, strict)
    signs = {end for end in ends if end}
    return 0 if not signs else signs.pop() if len(signs) == 1 else None


def _with_free_log(factor: Expr, u: Expr, minus_log: Expr, strict: bool) -> int | None:
    """Whatever -log u is, being positive."""
    free = sympy.Dummy("free", positive=True)
    return sign_on(factor.subs(minus_log, free), u, 0, _ONE, strict)
