"""Enclosures: a ball that contains the values of a tree, or a rejection.

`enclose` returns only where the tree is shown to have a value at *every* point of the given balls;
each value then lies in the ball returned. In particular the tree is continuous there (lemma 1 of
`hconsist.checker.trees`). Balls are python-flint's, rounded outwards.

The one thing that balls alone cannot show is that the base of a fractional power, or the argument
of xlogx, is >= 0 where it vanishes at an end: the ball then reaches below 0 by a rounding. There
the caller's `Nonnegative` shows by algebra that the base is >= 0 on the whole piece; its values
then lie in the part of the ball that is >= 0, and that part is used.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import flint
from flint import arb

from hconsist.checker.limits import Rejected, need, spend
from hconsist.checker.trees import Tree, exponent, rational

#: Shows that a tree is >= 0 wherever the enclosure is asked for; returns False where it cannot.
Nonnegative = Callable[[Tree], bool]

#: Bits of the balls' midpoints in a check.
PRECISION = 160
_INFINITE = "a formula has no value, or no bounded one, on a piece"


def fmpq(q: Fraction | int) -> flint.fmpq:
    """A rational that balls and polynomials calculate with."""
    return flint.fmpq(q.numerator, q.denominator)


def number(text: str) -> arb:
    """A rational string as a ball."""
    return flint.arb(fmpq(rational(text)))


def whole_power(x: arb, k: int) -> arb:
    """x^k for k >= 1, by repeated squaring."""
    result: Any = None
    while k:
        if k & 1:
            result = x if result is None else result * x
        x, k = (x * x, k >> 1) if k > 1 else (x, 0)
    found: arb = result
    return found


def enclose(t: Tree, values: dict[str, arb], nonnegative: Nonnegative | None = None) -> arb:
    """A finite ball that contains the value of a tree at every point of the balls in `values`.

    Raises
    ------
    Rejected
        Where the tree is not shown to have a value at every such point.
    """
    spend(1)
    if isinstance(t, str):
        return values[t] if t in values else number(t)
    op = t[0]
    if op == "pow":
        return _finite(_power(t, values, nonnegative))
    need(op in ("add", "mul", "exp", "log", "max", "xlogx"), f"no enclosure of {op!r}")
    x = enclose(t[1], values, nonnegative)
    if op == "exp":
        return _finite(x.exp())
    if op == "log":
        need(bool(x.lower() > 0), "a logarithm of what is not shown to be positive")
        return _finite(x.log())
    if op == "xlogx":
        return _finite(_xlogx(*_clipped(x, t[1], nonnegative)))
    for part in t[2:]:
        y = enclose(part, values, nonnegative)
        # A finite ball is never the wider for being multiplied by an exact 0: both have values.
        x = x + y if op == "add" else x * y if op == "mul" else x.max(y)
    return _finite(x)


def _finite(x: arb) -> arb:
    if not x.is_finite():
        raise Rejected(_INFINITE)
    return x


def _clipped(x: arb, base: Tree, nonnegative: Nonnegative | None) -> tuple[arb, arb]:
    """Exact ends of a ball that contains the values of a base, which are shown to be >= 0."""
    low, high = x.lower(), x.upper()
    if not bool(low >= 0):
        need(
            nonnegative is not None and bool(high >= 0) and nonnegative(base),
            "a fractional power of what is not shown to be >= 0",
        )
        low = flint.arb(0)
    return low, high


def _power(t: Tree, values: dict[str, arb], nonnegative: Nonnegative | None) -> arb:
    """t^e: whole exponents by products, others by the monotone x -> x^e on [0, inf)."""
    e = exponent(t[2])
    x = enclose(t[1], values, nonnegative)
    if e.denominator == 1:
        if e > 0:
            return whole_power(x, int(e))
        need(not x.contains(0), "a division by what is not shown to differ from 0")
        return whole_power(1 / x, -int(e))
    if e < 0:
        need(bool(x.lower() > 0), "a negative power of what is not shown to be positive")
    ends = _clipped(x, t[1], nonnegative)
    low, high = ((fmpq(e) * end.log()).exp() if end > 0 else flint.arb(0) for end in ends)
    return low.union(high)


def _xlogx(low: arb, high: arb) -> arb:
    """x log x on [low, high], low >= 0: convex with least value -1/e at 1/e, and 0 at 0."""
    values = [x * x.log() if x > 0 else flint.arb(0) for x in (low, high)]
    hull = values[0].union(values[1])
    turn = (-flint.arb(1)).exp()
    return hull if low >= turn or high <= turn else hull.union(-turn)


def ball(t: Tree, **values: arb) -> arb:
    """`enclose` with the variables as keywords; what is not shown to have a value is rejected."""
    return enclose(t, values)
