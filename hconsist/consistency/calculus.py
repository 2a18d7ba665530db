"""Signs, slopes and monotonicity of a formula in one variable, decided exactly or not at all."""

from __future__ import annotations

import math
from fractions import Fraction

import sympy
from sympy import Expr

from hconsist.arithmetic import BALLS, evaluate, to_sympy
from hconsist.errors import InvalidInputError
from hconsist.losses.facts import Curve

#: Nodes at which a formula changes.
SWITCHES = (sympy.Max, sympy.Min, sympy.Abs, sympy.Piecewise)


def falls(curve: Curve, expression: Expr, symbol: Expr) -> bool:
    """Whether a curve is proven not to increase: by the prover of facts or, where it is proven
    continuous, by `trend`. The slope alone says nothing of a jump.

    Examples
    --------
    >>> import sympy
    >>> u = sympy.Symbol("u", positive=True)
    >>> jump = sympy.Piecewise((-sympy.log(u), u < sympy.Rational(1, 2)), (5 - sympy.log(u), True))
    >>> curve = Curve("g", lambda x, ops: evaluate(jump, {u: x}, ops), "unit")
    >>> falls(curve, jump, u)
    False
    """
    if curve.fact("non-increasing").proven:
        return True
    return curve.fact("continuous").proven and trend(expression, symbol) in (-1, 0)


def trend(expression: Expr, symbol: Expr) -> int | None:
    """1 (non-decreasing), -1 (non-increasing), 0 (constant) or None (not known).

    The variable runs over the real line, or over (0, 1] when the symbol is positive.

    Examples
    --------
    >>> import sympy
    >>> u = sympy.Symbol("u", positive=True)
    >>> trend(-((1 - u) ** 2) * sympy.log(u), u), trend(u * (1 - u), u)
    (-1, None)
    """
    if symbol not in expression.free_symbols:
        return 0
    direction = _trend_of_structure(expression, symbol)
    return _trend_of_slope(expression, symbol) if direction is None else direction


def _trend_of_structure(e: Expr, symbol: Expr) -> int | None:
    if e == symbol:
        return 1
    if e.is_Add or isinstance(e, sympy.Max | sympy.Min):
        return _together([trend(a, symbol) for a in e.args])
    if e.is_Mul:
        constant, factors = e.as_independent(symbol, as_Add=False)
        factors = factors.args if factors.is_Mul else (factors,)
        sign = _sign(constant)
        if len(factors) > 1:  # a product of non-negative factors that all move the same way
            flips = [
                1 if _non_negative(f, symbol) else -1 if _non_negative(-f, symbol) else None
                for f in factors
            ]
            if sign is None or None in flips:
                return None
            factors = [f if flip == 1 else -f for f, flip in zip(factors, flips, strict=True)]
            sign *= math.prod(flips)  # type: ignore[arg-type]
        direction = _together([trend(f, symbol) for f in factors])
        return None if direction is None or sign is None else sign * direction
    if isinstance(e, sympy.exp | sympy.log | sympy.tanh | sympy.erf):
        return trend(e.args[0], symbol)
    if isinstance(e, sympy.erfc):
        direction = trend(e.args[0], symbol)
        return None if direction is None else -direction
    if e.is_Pow:
        base, exponent = e.args
        if symbol not in exponent.free_symbols and _non_negative(base, symbol):
            sign, direction = _sign(exponent), trend(base, symbol)
            return None if sign is None or direction is None else sign * direction
        if symbol not in base.free_symbols:
            sign, direction = _sign(sympy.log(base)), trend(exponent, symbol)
            return None if sign is None or direction is None else sign * direction
    return None


def _trend_of_slope(e: Expr, symbol: Expr) -> int | None:
    slope = sympy.factor(sympy.diff(e, symbol))
    if slope.is_nonpositive or slope.is_nonnegative:
        return -1 if slope.is_nonpositive else 1
    # Convex on (0, 1] with a slope <= 0 at its end.
    falls = symbol.is_positive and slope.subs(symbol, 1).is_nonpositive
    return (
        -1
        if falls and sympy.factor(sympy.simplify(sympy.diff(e, symbol, 2))).is_nonnegative
        else None
    )


def _together(directions: list[int | None]) -> int | None:
    if None in directions:
        return None
    found = {d for d in directions if d}
    return None if len(found) > 1 else (found.pop() if found else 0)


def _sign(constant: Expr) -> int | None:
    return (
        1
        if constant.is_positive
        else -1
        if constant.is_negative
        else 0
        if constant.is_zero
        else None
    )


def _non_negative(expression: Expr, symbol: Expr) -> bool:
    """Whether the expression is >= 0 on the domain: known to SymPy, or monotone with its smallest
    value at the end u = 1.
    """
    if expression.is_nonnegative:
        return True
    return bool(
        symbol.is_positive
        and trend(expression, symbol) == -1
        and expression.subs(symbol, 1).is_nonnegative
    )


def proven_negative(
    expression: Expr, symbol: Expr, low: Fraction, high: Fraction, boxes: int = 4096
) -> bool:
    """Whether an expression is < 0 on [low, high], by ball arithmetic with bisection: True is a
    proof, False is no answer.

    Examples
    --------
    >>> import sympy
    >>> u = sympy.Symbol("u", positive=True)
    >>> proven_negative(u**2 - 2 * u, u, Fraction(1, 10), Fraction(1, 2))
    True
    >>> proven_negative(u - 1, u, Fraction(0), Fraction(1))
    False
    """
    import flint

    waiting = [(low, high)]
    for _ in range(boxes):
        if not waiting:
            return True
        a, b = waiting.pop()
        left, right = (flint.arb(flint.fmpq(q.numerator, q.denominator)) for q in (a, b))
        try:
            value = evaluate(to_sympy(expression), {symbol: left.union(right)}, BALLS)
        except InvalidInputError:
            return False
        if value < 0:
            continue
        if a == b or value > 0:
            return False
        middle = (a + b) / 2
        waiting += [(a, middle), (middle, b)]
    return False
