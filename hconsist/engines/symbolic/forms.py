"""Short forms of derived expressions, through the rational parametrisation beta = (1 - w^2)/(1 +
w^2).
"""

from __future__ import annotations

import sympy
from sympy import Expr

from hconsist.engines.derivation import beta_symbol
from hconsist.engines.symbolic.signs import exponential_unit


def odds_symbol() -> Expr:
    """w = sqrt((1 - beta)/(1 + beta)), in [0, 1]: square root of the odds against the likelier of
    two labels.
    """
    return sympy.Symbol("w", positive=True)


def beta_of_odds() -> Expr:
    """Beta in terms of w."""
    w = odds_symbol()
    return (1 - w**2) / (1 + w**2)


def rational_in_exponentials(expression: Expr, x: Expr) -> Expr:
    """Reduced as a rational function, of x or of e^x."""
    if not expression.has(sympy.exp, sympy.tanh, sympy.cosh, sympy.sinh):
        return sympy.cancel(expression) if expression.is_rational_function(x) else expression
    z = sympy.Dummy("z", positive=True)
    plain = expression.rewrite([sympy.tanh, sympy.sinh, sympy.cosh], sympy.exp)
    unit = exponential_unit(sympy.expand_power_exp(plain), x)
    inner = plain.subs(x, sympy.log(z) / unit)
    written = sympy.expand_power_exp(sympy.expand(inner, deep=True))
    # Numbers such as e are held fixed: SymPy would look for relations between them.
    held = {
        c: sympy.Dummy("c", positive=True)
        for c in written.atoms(sympy.exp, type(sympy.E))
        if not c.free_symbols
    }
    reduced = sympy.cancel(sympy.together(sympy.powsimp(written.xreplace(held))))
    back = {dummy: c for c, dummy in held.items()}
    return reduced.xreplace(back).subs(z, sympy.exp(unit * x))


def in_beta(expression: Expr) -> Expr:
    """An expression in w, rational up to logarithms, written in beta."""
    w, b = odds_symbol(), beta_symbol()
    inside = [a.args[0] for a in expression.atoms(sympy.log)]
    outside = expression.replace(sympy.log, lambda arg: sympy.Integer(1))
    if not all(part.is_rational_function(w) for part in (outside, *inside)):
        return expression.subs(w, sympy.sqrt((1 - b) / (1 + b)))
    expanded = _split_logarithms(expression)
    terms, rest = _linear_in_logarithms(expanded)
    if terms is None:
        return expression.subs(w, sympy.sqrt((1 - b) / (1 + b)))
    result = _back(rest)
    again = result
    for logarithm, coefficient in terms.items():
        argument = sympy.factor(_back(logarithm.args[0]))
        again += _back(coefficient) * sympy.expand_log(sympy.log(argument), force=True)
    terms, rest = _linear_in_logarithms(_split_logarithms(again))
    if terms is not None:
        again = _plain(rest) + sum(
            (_plain(c) * logarithm for logarithm, c in terms.items()), sympy.Integer(0)
        )
    if (
        again.subs(b, 0).is_finite is False or again.subs(b, 0) is sympy.nan
    ):  # a pole that cancels: w has none
        return sympy.factor(expression).subs(w, sympy.sqrt((1 - b) / (1 + b)))
    return again


def _plain(coefficient: Expr) -> Expr:
    coefficient = sympy.expand(coefficient)
    if coefficient.is_polynomial(beta_symbol()) and sympy.degree(coefficient, beta_symbol()) <= 1:
        return coefficient
    return sympy.factor(coefficient) if coefficient.is_rational_function() else coefficient


def _split_logarithms(expression: Expr) -> Expr:
    """Every logarithm of a product as a sum of logarithms of its factors."""
    factored = expression.replace(
        sympy.log, lambda arg: sympy.log(sympy.factor(sympy.cancel(sympy.together(arg))))
    )
    return sympy.expand(sympy.expand_log(factored, force=True))


def _linear_in_logarithms(expression: Expr) -> tuple[dict[Expr, Expr] | None, Expr]:
    """Coefficients of the logarithms, and what is left; None where a logarithm enters otherwise."""
    logarithms = sorted((a for a in expression.atoms(sympy.log)), key=sympy.default_sort_key)
    found: dict[Expr, Expr] = {}
    rest = expression
    for logarithm in logarithms:
        coefficient = sympy.expand(rest).coeff(logarithm)
        found[logarithm] = coefficient
        rest = sympy.expand(sympy.expand(rest) - sympy.expand(coefficient * logarithm))
    if rest.has(sympy.log) or any(c.has(sympy.log) for c in found.values()):
        return None, expression
    return found, rest


def _back(expression: Expr) -> Expr:
    """A rational function of w in beta: w^2 = (1 - beta)/(1 + beta), w = sqrt(1 - beta^2)/(1 +
    beta).
    """
    w, b = odds_symbol(), beta_symbol()
    if not expression.has(w):
        return expression
    if not expression.is_rational_function(w):
        return expression.subs(w, sympy.sqrt((1 - b) / (1 + b)))
    q = sympy.Dummy("q", positive=True)
    mirrored = expression.subs(w, -w)
    even = sympy.cancel(sympy.together(expression + mirrored) / 2).subs(w, sympy.sqrt(q))
    odd = sympy.cancel(sympy.together(expression - mirrored) / (2 * w)).subs(w, sympy.sqrt(q))
    ratio = (1 - b) / (1 + b)
    even_b = sympy.factor(sympy.cancel(sympy.together(even.subs(q, ratio))))
    odd_b = sympy.factor(sympy.cancel(sympy.together(odd.subs(q, ratio)) / (1 + b)))
    return even_b + odd_b * sympy.sqrt(1 - b**2)
