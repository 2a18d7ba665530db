"""Signs of polynomials with whole coefficients: real roots, counted exactly."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

from hconsist.arithmetic import BALLS
from hconsist.arithmetic.exact import Value

if TYPE_CHECKING:
    from flint import arb


def ball(value: Value) -> arb:
    """A rational as a ball; balls as they are."""
    return BALLS.const(value) if isinstance(value, Fraction) else value


def _at_most(a: Value, b: Value) -> bool:
    """Whether a <= b is certain, for rationals or balls."""
    if isinstance(a, Fraction) and isinstance(b, Fraction):
        return a <= b
    return bool(ball(a) <= ball(b))


def roots_sign(coefficients: list[int], low: Value, high: Value) -> int | None:
    """The sign of an integer polynomial between two ends (None: infinite).

    >>> roots_sign([1, -2, 1], Fraction(0), None)  # (1 - x)^2
    2
    """
    import flint

    polynomial = flint.fmpz_poly(coefficients)
    _, factors = polynomial.factor()
    beyond, level = 0, 3
    for factor, multiplicity in factors:
        roots: list[Fraction] | list[arb]
        if factor.degree() == 1:
            roots = [Fraction(-int(factor[0]), int(factor[1]))]
        else:
            found: Any = factor.complex_roots()  # with multiplicities, which the stubs forget
            roots = [r.real for r, _ in found if r.imag == 0]
        for root in roots:
            if high is not None and _at_most(high, root):
                beyond += multiplicity
            elif low is not None and _at_most(root, low):
                continue
            elif multiplicity % 2 == 0:
                level = 2  # inside or not: a square
            else:
                return None
    leading = int(polynomial[polynomial.degree()])
    sign = 1 if leading > 0 else -1
    return -level * sign if beyond % 2 else level * sign
