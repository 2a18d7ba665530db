"""Exact parameters: rational numbers and SymPy expressions, and the rules that they must meet."""

from __future__ import annotations

import numbers
import re
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Any, TypeAlias

from hconsist.errors import InvalidInputError

if TYPE_CHECKING:
    import sympy

#: A value of one of the arithmetics (scalar or vector): the formula does not care which.
Value: TypeAlias = Any
#: A loss parameter: an exact rational, or a SymPy expression (a symbol, or a constant such as
#: sqrt(2)).
Exact: TypeAlias = "Fraction | sympy.Expr"
#: The most digits of a number, and its largest decimal exponent.
_DIGITS = 1000
#: A function of one number t, over an arithmetic: f(t, ops).
OfParameter: TypeAlias = Callable[[Any, Any], Any]


def exact(value: object, name: str) -> Exact:
    """Read a parameter exactly.

    A float is read as its shortest decimal, the number that was typed: 0.1 is 1/10, not the nearest
    binary double.

    Parameters
    ----------
    value : int, float, str, Decimal, Fraction or sympy.Expr
    name : str
        How the parameter is called in the error message.

    Raises
    ------
    InvalidInputError
        When the value is not a finite number.

    Examples
    --------
    >>> exact(0.1, "tau"), exact("7/3", "tau")
    (Fraction(1, 10), Fraction(7, 3))
    """
    if isinstance(value, Fraction):
        return value
    if isinstance(value, bool) or value is None:
        raise InvalidInputError(f"{name} must be a number", value, f"pass {name}=1 or {name}='1/2'")
    if isinstance(value, numbers.Integral):
        return Fraction(int(value))
    if hasattr(value, "free_symbols"):  # a SymPy expression, without importing SymPy to ask
        if getattr(value, "is_Rational", False):
            return Fraction(int(value.p), int(value.q))  # type: ignore[attr-defined]
        if getattr(value, "is_Float", False):
            return exact(float(value), name)  # type: ignore[arg-type]
        return value
    if isinstance(value, str | Decimal):
        _check_digits(str(value), name)
    try:
        if isinstance(value, str | Decimal):
            return Fraction(value)
        if isinstance(value, numbers.Real):
            return Fraction(repr(float(value)))
    except (ValueError, OverflowError, ZeroDivisionError):
        pass
    raise InvalidInputError(
        f"{name} must be a finite number", value, f"pass {name} as 1.5, '3/2' or a SymPy expression"
    )


def _check_digits(text: str, name: str) -> None:
    """Refuse a number whose digits alone would fill the memory, before it is read."""
    exponent = re.search(r"[eE][+-]?0*(\d+)\s*\Z", text)
    if len(text) > _DIGITS or (exponent and (len(exponent[1]) > 4 or int(exponent[1]) > _DIGITS)):
        raise InvalidInputError(
            f"{name} must be a number of at most {_DIGITS} digits", text, "pass one nearer to 1"
        )


def whole(value: object, name: str) -> int:
    """Read a whole number, also from the text of a spec string.

    Raises
    ------
    InvalidInputError
        When the value is not a whole number.

    Examples
    --------
    >>> whole("3", "k")
    3
    """
    number = exact(value, name)
    if not isinstance(number, Fraction) or number.denominator != 1:
        raise InvalidInputError(f"{name} must be a whole number", str(value), f"pass {name}=2")
    return int(number)


def is_symbolic(value: object) -> bool:
    """Whether a parameter has free symbols left, so that it has no numerical value yet.

    >>> is_symbolic(Fraction(1, 2))
    False
    """
    return bool(getattr(value, "free_symbols", ()))


def require(condition: object, rule: str, received: object, remedy: str) -> None:
    """Raise `InvalidInputError` unless the condition holds; a condition that SymPy leaves open
    passes.

    >>> require(True, "tau must be >= 0", 1, "pass tau=0")
    """
    if condition is False or (hasattr(condition, "is_Boolean") and condition == False):  # noqa: E712 (SymPy's false)
        raise InvalidInputError(
            rule, received if isinstance(received, Fraction) else str(received), remedy
        )


def to_sympy(value: Exact | int) -> sympy.Expr:
    """The SymPy form of an exact parameter.

    >>> to_sympy(Fraction(2, 3))
    2/3
    """
    import sympy

    if isinstance(value, Fraction):
        return sympy.Rational(value.numerator, value.denominator)
    return sympy.sympify(value)
