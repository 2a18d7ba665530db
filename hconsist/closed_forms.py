"""Values of closed forms in one variable: floats for curves, proven bounds, and proven inverses."""

from __future__ import annotations

from contextlib import suppress
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from hconsist.arithmetic import BALLS, NUMPY, endpoints, evaluate, precision
from hconsist.pointwise import beta_symbol

if TYPE_CHECKING:
    import sympy


def middle(low: Fraction, high: Fraction) -> float:
    """A float between two bounds; 0 where they cannot be told from it."""
    return (
        float((low + high) / 2) if low else 0.0 if high < Fraction(1, 2**100) else float(high / 2)
    )


def float_curve(expression: sympy.Expr, betas: NDArray[np.float64]) -> NDArray[np.float64]:
    """A closed form on floats. Cancellation near 0 is left to the balls: small arguments go through
    them one by one.
    """
    symbol = beta_symbol()
    with np.errstate(all="ignore"):
        values = np.asarray(
            evaluate(expression, {symbol: betas}, NUMPY), dtype=float
        ) + np.zeros_like(betas)
    delicate = ~np.isfinite(values) | (betas < 1e-2)
    for index in np.argwhere(delicate):
        try:
            low, high = enclose(expression, symbol, Fraction(repr(float(betas[tuple(index)]))))
        except InfiniteValueError:
            values[tuple(index)] = np.inf
            continue
        values[tuple(index)] = middle(low, high)
    return values


class InfiniteValueError(ArithmeticError):
    """A closed form that tends to infinity at the value."""


def enclose(
    expression: sympy.Expr, symbol: sympy.Symbol, value: Fraction, bits: int = 200
) -> tuple[Fraction, Fraction]:
    """Proven rational bounds of a closed form in one variable.

    Parameters
    ----------
    expression : sympy.Expr
        In the one symbol.
    symbol : sympy.Symbol
    value : Fraction
    bits : int
        Working precision.

    Raises
    ------
    InfiniteValueError
        When the value is infinite.
    ArithmeticError
        When the value is not a finite number.

    Examples
    --------
    >>> low, high = enclose(beta_symbol() ** 2 / 3, beta_symbol(), Fraction(1, 2))
    >>> low <= Fraction(1, 12) <= high
    True
    """
    if value in (0, 1):
        # 0 log 0 and its like tend to 0, which a ball around an end point cannot see: substitute
        # exactly there.
        import sympy

        there = expression.subs(symbol, int(value))
        original, expression = expression, there
        if there.has(sympy.nan, sympy.zoo, sympy.oo):
            limit = original.limit(symbol, int(value), "-" if value else "+")
            # a minimum over a half-line has its value at 1 by itself, where no limit is known
            expression = there if limit.has(sympy.Limit) else limit
            if limit is sympy.oo:
                raise InfiniteValueError(f"{original} is infinite at {value}")
    with precision(bits):
        return endpoints(evaluate(expression, {symbol: BALLS.const(value)}, BALLS))


def invert(
    envelope: sympy.Expr, excess: Fraction, most: Fraction = Fraction(1), bits: int = 60
) -> tuple[Fraction, Fraction]:
    """Rationals around sup { beta in [0, most] : T**(beta) <= excess }, by bisection on proven
    comparisons.

    A comparison that the balls leave open keeps both sides where they are, so the result holds in
    any case.
    """

    def level(beta: Fraction) -> tuple[Fraction, Fraction]:
        return enclose(envelope, beta_symbol(), beta)

    low, high = Fraction(0), most
    with suppress(InfiniteValueError):  # above every excess
        if level(high)[1] <= excess:
            return high, high
    # Halve from above first: excesses of interest are often tiny, and relative accuracy is what
    # counts.
    while high > Fraction(1, 2**200) and level(high / 2)[0] > excess:
        high /= 2
    low = high / 2 if level(high / 2)[1] <= excess else Fraction(0)
    tolerance = high / 2**bits
    while high - low > tolerance:
        middle = (low + high) / 2
        below, above = level(middle)
        if above <= excess:
            low = middle
        elif below > excess:
            high = middle
        else:  # equality to 200 bits: middle is the answer up to rounding; close in on both sides
            step = tolerance / 2
            low = max((x for x in (low, middle - step) if level(x)[1] <= excess), default=low)
            high = min((x for x in (high, middle + step) if level(x)[0] > excess), default=high)
            break
    return low, high
