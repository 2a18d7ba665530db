"""Numbers for the eye, rounded to the safe side: upper bounds up, lower bounds down."""

from __future__ import annotations

from decimal import ROUND_CEILING, ROUND_FLOOR, Context, Decimal
from fractions import Fraction

Number = float | Fraction


def digits_up(value: Number, digits: int = 4) -> str:
    """An upper bound in few digits: never below the value.

    >>> digits_up(1.4142), digits_up(10.0), digits_up(0.0123449), digits_up(Fraction(3, 20))
    ('1.415', '10', '0.01235', '0.15')
    """
    return _rounded(value, digits, ROUND_CEILING)


def digits_down(value: Number, digits: int = 4) -> str:
    """A lower bound in few digits: never above the value.

    >>> digits_down(1.41429), digits_down(10.0), digits_down(-0.0123441), digits_down(2 / 3)
    ('1.414', '10', '-0.01235', '0.6666')
    """
    return _rounded(value, digits, ROUND_FLOOR)


def _rounded(value: Number, digits: int, mode: str) -> str:
    exact = Fraction(value)
    context = Context(prec=digits, rounding=mode)
    shown = context.divide(Decimal(exact.numerator), Decimal(exact.denominator))
    return f"{float(shown):.{digits}g}"
