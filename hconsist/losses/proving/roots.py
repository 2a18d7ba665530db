"""Where the sign of a sum may change on an interval: exactly where the root is rational, inside a
tiny bracket elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

from hconsist.arithmetic import BALLS, endpoints
from hconsist.losses.proving import limits
from hconsist.losses.proving.signs import OpenInterval
from hconsist.losses.proving.terms import (
    Sum,
    UndecidedError,
    constant_sign,
)

#: A point where pieces meet: exact, or a bracket around it.
Joint = tuple[Fraction, Fraction]
_FINE = Fraction(1, 2**60)


def roots(interval: OpenInterval, value: Sum) -> list[Joint]:
    """Joints at which the sign of a sum may change: exact or bracketed.

    Raises
    ------
    UndecidedError
        Where not all of them are found.
    """
    value = value.expanded
    only_x = all(
        atom.kind == "x" and e > 0 and e.denominator == 1 for m in value.terms for atom, e in m
    )
    if only_x:
        return _polynomial_roots(interval, value)
    rate = interval.sign(value.derivative)
    if rate is None or abs(rate) < 2:
        if interval.contains(Fraction(0)):  # each side may be monotone
            return [(Fraction(0), Fraction(0))]
        raise UndecidedError(f"could not find the zeros of {value}")
    found = _bracket(interval, value, rate > 0)
    return [found]


def _polynomial_roots(interval: OpenInterval, value: Sum) -> list[Joint]:
    import math

    import flint

    degrees = {m: int(next(iter(m))[1]) if m else 0 for m in value.terms}
    shared = math.lcm(*(c.denominator for c in value.terms.values()))
    coefficients = [0] * (max(degrees.values()) + 1)
    for m, c in value.terms.items():
        coefficients[degrees[m]] = int(c * shared)
    joints: list[Joint] = []
    for factor, _ in flint.fmpz_poly(coefficients).factor()[1]:
        if factor.degree() == 1:
            root = Fraction(-int(factor[0]), int(factor[1]))
            joints.append((root, root))
        else:
            found: Any = factor.complex_roots()  # with multiplicities, which the stubs forget
            joints += [endpoints(r.real) for r, _ in found if r.imag == 0]
    inside = [j for j in joints if interval.contains(j[0]) and interval.contains(j[1])]
    if not inside:
        raise UndecidedError(f"the sign of {value}")
    return inside


def _bracket(interval: OpenInterval, value: Sum, rising: bool) -> Joint:
    """The root of a monotone sum, between rationals."""

    def side(x: Fraction) -> int:
        """-1 left of the root, 1 right of it, 0 where that is open or the root is met."""
        ball = value.ball(BALLS.const(x))
        if ball > 0 or ball < 0:
            return 1 if (ball > 0) == rising else -1
        if constant_sign(limits.at(value, x)) == 0:
            raise _MetError(x)
        return 0

    try:
        low, high = _start(interval, side)
        for _ in range(200):
            middle = (low + high) / 2
            guess = middle.limit_denominator(64)
            at = guess if low < guess < high and high - low < Fraction(1, 2) else middle
            where = side(at) or side(at := middle)
            if not where or high - low < _FINE:
                break
            low, high = (at, high) if where < 0 else (low, at)
    except _MetError as met:
        return met.at, met.at
    return low, high


class _MetError(Exception):
    def __init__(self, at: Fraction) -> None:
        super().__init__()
        self.at = at


def _start(interval: OpenInterval, side: Callable[[Fraction], int]) -> Joint:
    """Points on both sides of the root."""
    inner = interval.inner()
    low = high = inner
    step = Fraction(1)
    for _ in range(40):
        if side(low) > 0:
            low = (interval.left + low) / 2 if interval.left is not None else low - step
        elif side(high) < 0:
            high = (interval.right + high) / 2 if interval.right is not None else high + step
        else:
            break
        step *= 2
    if side(low) >= 0 or side(high) <= 0:
        raise UndecidedError("no change of sign was found")
    return low, high
