"""Signs of expressions on intervals, decided by SymPy or left open."""

from __future__ import annotations

import sympy
from sympy import Expr
from sympy.logic.boolalg import Boolean

from hconsist.arithmetic import BALLS, evaluate, precision
from hconsist.errors import InvalidInputError

#: What is rewritten in exponentials (a bare ``rewrite(exp)`` would turn powers into exponentials as
#: well).
HYPERBOLIC = (sympy.tanh, sympy.sinh, sympy.cosh)

#: Longer polynomials, and powers above it, are left open.
MOST_TERMS = 400


def holds(condition: Boolean | bool) -> bool:
    """Whether SymPy can tell that a condition is true."""
    return bool(condition == True)  # noqa: E712 (SymPy leaves open what it cannot decide)


def constant_sign(value: Expr | int) -> int | None:
    """The sign of an expression without free variables of integration: 1, 0, -1, or None where it
    stays open.
    """
    value = sympy.sympify(value)
    if value.is_zero:
        return 0
    if value.is_extended_positive:
        return 1
    if value.is_extended_negative:
        return -1
    if value.free_symbols:
        value = sympy.factor(value)
        return 1 if value.is_positive else -1 if value.is_negative else 0 if value.is_zero else None
    try:
        with precision(200):
            ball = evaluate(value, {}, BALLS)
    except InvalidInputError:
        return None
    return 1 if ball > 0 else -1 if ball < 0 else 0 if sympy.simplify(value) == 0 else None


def sign_on(
    expression: Expr, x: Expr, low: Expr | int, high: Expr, strict: bool = False
) -> int | None:
    """1 where the expression is >= 0 on all of (low, high), -1 where <= 0, 0 where it vanishes;
    None where open. With ``strict`` 1 means > 0 and -1 means < 0.

    The interval is mapped to a positive variable, exponentials to powers of one, and the factors'
    signs are read off.
    """
    expression = sympy.sympify(expression)
    if expression == 0:
        return 0
    expression = _of_symbols(expression, x)
    t = sympy.Dummy("t", positive=True)
    if any(a.has(x) for a in expression.atoms(sympy.exp, *HYPERBOLIC)):
        expression = sympy.expand_power_exp(expression.rewrite(list(HYPERBOLIC), sympy.exp))
    constants = {
        a: sympy.Dummy("g", positive=True)
        for a in expression.atoms(sympy.exp, type(sympy.E))
        if not a.free_symbols
    }
    # e^r for a number r > 0 is 1 plus something positive; its value is used only if that does not
    # decide.
    loose = {c: 1 + g if constant_sign(_exponent(c)) == 1 else g for c, g in constants.items()}
    if any(a.has(x) for a in expression.atoms(sympy.exp)):
        # Rational in z = e^x; the ends of the interval become free positive numbers, which proves
        # more than asked, but fast.
        if constant_sign(low) not in (0, 1):
            return None
        unit = exponential_unit(expression, x)  # measure x in units in which every rate is whole
        expression, low, high = expression.subs(x, x / unit), low * unit, high * unit
        z = sympy.Dummy("z", positive=True)
        start = sympy.Integer(1) if low == 0 else 1 + sympy.Dummy("start", positive=True)
        reach = t if high is sympy.oo else sympy.Dummy("reach", positive=True) * t / (1 + t)
        mapped = in_powers(expression, x, z).xreplace(constants)
        # Factoring with numbers such as e as further symbols is slow.
        if _largest_power(mapped) > MOST_TERMS or mapped.count_ops() > (150 if constants else 1500):
            return None
        mapped = mapped.subs(z, start + reach)
        decided = _decided(mapped.xreplace({constants[c]: loose[c] for c in constants}), strict)
        if decided is not None or not constants or mapped.free_symbols - {t, *constants.values()}:
            return decided
        values = {g: c for c, g in constants.items()}
        return _coefficients_decide(mapped, t, values, strict)
    roots = [
        p.exp.q
        for p in expression.atoms(sympy.Pow)
        if p.exp.is_Rational and p.exp.q > 1 and p.base.has(x)
    ]
    if roots and low == 0 and high in (1, sympy.oo):  # fractional powers of x: x = y^q
        y = sympy.Dummy("y", positive=True)
        expression, x = (
            sympy.powdenest(expression.subs(x, y ** sympy.ilcm(1, *roots)), force=True),
            y,
        )
    mapped = expression.subs(x, between(low, high, t))
    if _largest_power(mapped) > MOST_TERMS:
        return None
    decided = _decided(mapped.xreplace(loose), strict)
    if decided is not None or not constants:
        return decided
    values = {g: c for c, g in constants.items()}
    return _coefficients_decide(mapped.xreplace(constants), t, values, strict)


def _of_symbols(expression: Expr, x: Expr) -> Expr:
    """Exponentials of symbols, without x, as powers of numbers above 1: e^(2 c) is (1 + g)^2."""
    rates: dict[Expr, list[Expr]] = {}
    for a in expression.atoms(sympy.exp):
        if a.free_symbols and not a.has(x):
            rate, rest = sympy.expand(a.args[0]).as_coeff_Mul()
            if rate.is_Rational and rest.is_positive:
                rates.setdefault(rest, []).append(rate)
    for rest, found in rates.items():
        below = sympy.ilcm(1, *(rate.q for rate in found))
        unit = sympy.Rational(sympy.igcd(0, *(int(rate * below) for rate in found)), below)
        above = 1 + sympy.Dummy("g", positive=True)
        expression = expression.replace(
            lambda a, rest=rest: (
                isinstance(a, sympy.exp) and sympy.expand(a.args[0]).as_coeff_Mul()[1] == rest
            ),
            lambda a, unit=unit, above=above: (
                above ** (sympy.expand(a.args[0]).as_coeff_Mul()[0] / unit)
            ),
        )
    return expression


def in_powers(expression: Expr, x: Expr, z: Expr) -> Expr:
    """An expression in exponentials of x written in powers of z = e^x."""
    inside = expression.replace(sympy.exp, lambda a: sympy.exp(sympy.expand(a)))
    return sympy.expand_power_exp(inside).subs(x, sympy.log(z))


def exponential_unit(expression: Expr, x: Expr) -> Expr:
    """The largest number of which every exponential's rate is a whole multiple: 1/3 for
    ``exp(-x/3) + exp(x)``, the symbol k for ``exp(2 k x)``; 1 where there is none.
    """
    rates = [sympy.diff(a.args[0], x) for a in expression.atoms(sympy.exp) if a.has(x)]
    symbol = next((abs(r) for r in rates if r.free_symbols and abs(r).is_positive), None)
    if symbol is not None:
        return symbol
    if not rates or not all(r.is_Rational and r != 0 for r in rates):
        return sympy.Integer(1)
    unit = sympy.Rational(abs(rates[0]))
    for rate in rates[1:]:
        below = sympy.ilcm(unit.q, rate.q)
        unit = sympy.Rational(sympy.igcd(unit.p * below // unit.q, rate.p * below // rate.q), below)
    return unit


def _exponent(power_of_e: Expr) -> Expr:
    """The r of e^r; SymPy's number e is an atom of its own."""
    return sympy.Integer(1) if power_of_e is sympy.E else power_of_e.args[0]


def _largest_power(expression: Expr) -> int:
    """The largest whole power: an expression with (1 + t)^1000 is not expanded."""
    return max(
        (abs(int(p.exp)) for p in expression.atoms(sympy.Pow) if p.exp.is_Integer), default=0
    )


def _decided(mapped: Expr, strict: bool = False) -> int | None:
    """The sign of a rational function of positive symbols, where the signs of its coefficients
    decide.

    SymPy's own queries may search for roots of a polynomial, without end where constants are not
    rational.
    """
    if mapped.has(sympy.nan, sympy.zoo, sympy.exp, sympy.log):
        return None
    if not mapped.is_rational_function():
        return _known_to_sympy(mapped, strict)
    sign = 1
    for part in sympy.fraction(sympy.together(mapped)):
        constant, factors = _factor_list(part)
        known = constant_sign(constant)
        if known is None:
            return None
        sign *= known
        for factor, power in factors:
            if power % 2 == 0 and not strict:
                continue
            known = _terms_agree(factor)
            if known is None:
                return None
            sign *= int(known**power)
    return sign


def _known_to_sympy(mapped: Expr, strict: bool) -> int | None:
    """Roots of positive things: SymPy's rules, on short expressions."""
    if mapped.count_ops() > 60:
        return None
    if mapped.is_zero:
        return 0
    if mapped.is_positive if strict else mapped.is_nonnegative:
        return 1
    return -1 if (mapped.is_negative if strict else mapped.is_nonpositive) else None


def _terms_agree(factor: Expr) -> int | None:
    """The common sign of the terms of a polynomial in positive symbols, of it times (1 + t)^10 if t
    is its only one. Such a polynomial, not being 0, is nowhere 0.
    """
    for raised in (
        factor,
        factor * (1 + next(iter(factor.free_symbols))) ** 10
        if len(factor.free_symbols) == 1
        else factor,
    ):
        terms = sympy.Add.make_args(sympy.expand(raised))
        if len(terms) > MOST_TERMS:
            return None
        if all(term.is_nonnegative for term in terms) and any(term.is_positive for term in terms):
            return 1
        if all(term.is_nonpositive for term in terms) and any(term.is_negative for term in terms):
            return -1
    return None


def _coefficients_decide(
    expression: Expr, t: Expr, values: dict[Expr, Expr], strict: bool = False
) -> int | None:
    """The sign of a rational function of t > 0 whose coefficients, numbers enclosed by balls, share
    one sign.
    """
    if not expression.is_rational_function(t):
        return None
    sign = 1
    for part in sympy.fraction(sympy.together(expression)):
        factors = _factor_list(part)
        known = constant_sign(factors[0].xreplace(values))
        if known is None:
            return None
        sign *= known
        for factor, power in factors[1]:
            signs = {constant_sign(c.xreplace(values)) for c in sympy.Poly(factor, t).coeffs()} - {
                0
            }
            if len(signs) != 1 or None in signs:
                if power % 2 or strict:
                    return None
                continue
            sign *= int(signs.pop() or 1) ** power
    return sign


def between(low: Expr | int, high: Expr, t: Expr) -> Expr:
    """A variable of (low, high) through a positive one, t."""
    if low is -sympy.oo and high is sympy.oo:
        return t - 1 / t
    if high is sympy.oo:
        return low + t
    if low is -sympy.oo:
        return high - t
    return (low + high * t) / (1 + t)


def _factor_list(part: Expr) -> tuple[Expr, list[tuple[Expr, int]]]:
    """Constant and factors of a polynomial; a number in disguise, such as (1 + t - t)^2, is a
    constant.
    """
    try:
        constant, factors = sympy.factor_list(part)
    except sympy.PolificationFailed:
        return sympy.expand(part), []
    return constant, factors
