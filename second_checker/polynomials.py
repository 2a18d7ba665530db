"""Signs of polynomials over Q on an open interval, by Sturm's theorem. A polynomial is a list of
rationals, constant term first, the last one not 0; an end None is infinite.
"""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise
from math import gcd, lcm

Poly = list[Fraction]
End = Fraction | None
MOST_DEGREE = 80


def trimmed(p: Poly) -> Poly:
    """Without leading zeros, scaled by a positive rational to coprime whole coefficients."""
    while p and not p[-1]:
        p = p[:-1]
    if not p:
        return p
    scale = lcm(*(c.denominator for c in p))
    whole = [int(c * scale) for c in p]
    divisor = gcd(*whole)
    return [Fraction(c // divisor) for c in whole]


def value(p: Poly, x: Fraction) -> Fraction:
    """p(x), by Horner's rule."""
    total = Fraction(0)
    for c in reversed(p):
        total = total * x + c
    return total


def slope(p: Poly) -> Poly:
    """The derivative, up to a positive factor."""
    return trimmed([k * c for k, c in enumerate(p)][1:])


def divided(p: Poly, d: Poly) -> tuple[Poly, Poly]:
    """Quotient and remainder."""
    rest, out = list(p), [Fraction(0)] * max(len(p) - len(d) + 1, 0)
    for k in reversed(range(len(out))):
        factor = rest[k + len(d) - 1] / d[-1]
        out[k] = factor
        for i, c in enumerate(d):
            rest[k + i] -= factor * c
    return out, rest[: len(d) - 1]


def common(p: Poly, d: Poly) -> Poly:
    """A greatest common divisor."""
    p, d = trimmed(p), trimmed(d)
    while d:
        p, d = d, trimmed(divided(p, d)[1])
    return p


def _sign_at(p: Poly, x: End, right: bool) -> int:
    if not p:
        return 0
    if x is None:
        return (1 if p[-1] > 0 else -1) * (1 if right or len(p) % 2 else -1)
    v = value(p, x)
    return (v > 0) - (v < 0)


def _changes(chain: list[Poly], x: End, right: bool) -> int:
    signs = [s for s in (_sign_at(p, x, right) for p in chain) if s]
    return sum(a != b for a, b in pairwise(signs))


def roots_inside(p: Poly, low: End, high: End) -> int:
    """The number of different roots in the open interval (low, high).

    Sturm: for p without root at the ends, it is the loss of sign changes in p, p', and the negative
    remainders of the Euclidean algorithm; multiple roots count once. Roots at the ends are divided
    out first.
    """
    p = trimmed(p)
    for end in (low, high):
        while end is not None and len(p) > 1 and not value(p, end):
            p = trimmed(divided(p, [-end, Fraction(1)])[0])
    if len(p) <= 1:
        return 0
    p = trimmed(divided(p, common(p, slope(p)))[0])
    chain = [p, slope(p)]
    while len(chain[-1]) > 1:
        rest = [-c for c in divided(chain[-2], chain[-1])[1]]
        chain.append(trimmed(rest))
        if not chain[-1]:
            break
    return _changes(chain, low, False) - _changes(chain, high, True)


def _odd_part(p: Poly) -> Poly:
    """The product of the factors of odd multiplicity (Yun)."""
    out: Poly = [Fraction(1)]
    shared = common(p, slope(p))
    rest = trimmed(divided(p, shared)[0])  # all factors, once
    odd = True
    while len(rest) > 1:
        further = common(rest, shared) if len(shared) > 1 else [Fraction(1)]
        if odd:
            single = divided(rest, further)[0]  # multiplicity exactly this one
            out = _product(out, single)
        shared = trimmed(divided(shared, further)[0]) if len(further) > 1 else shared
        rest, odd = further, not odd
    return trimmed(out)


def _product(p: Poly, d: Poly) -> Poly:
    out = [Fraction(0)] * (len(p) + len(d) - 1)
    for i, a in enumerate(p):
        for j, b in enumerate(d):
            out[i + j] += a * b
    return out


def between(low: End, high: End) -> Fraction:
    """A point of the open interval."""
    if low is None:
        return Fraction(0) if high is None else high - 1
    return low + 1 if high is None else (low + high) / 2


def sign_inside(p: Poly, low: End, high: End, strict: bool) -> bool:
    """Whether p > 0 (or p >= 0) on all of (low, high) is shown."""
    p = trimmed(p)
    if not p:
        return not strict
    if len(p) > MOST_DEGREE:
        return False
    if roots_inside(p if strict else _odd_part(p), low, high):
        return False
    # No change of sign inside: one point where p is not 0 decides.
    x = between(low, high)
    for _ in range(len(p) + 1):
        v = value(p, x)
        if v:
            return v > 0
        x = (x + high) / 2 if high is not None else x + 1
    return False
