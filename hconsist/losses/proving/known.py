"""Curves of a known kind, recognised by exact algebra and not by name."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

from hconsist.arithmetic import precision
from hconsist.losses.origin import Asked
from hconsist.losses.proving import limits
from hconsist.losses.proving.curves import BITS, pieces_of
from hconsist.losses.proving.on_interval import RegionOps, SplitError, Term
from hconsist.losses.proving.signs import OpenInterval
from hconsist.losses.proving.terms import VARIABLE, Sum, UndecidedError, constant_sign, sum_of, work

_HALF = Fraction(1, 2)
_REACHES = (Fraction(1), Fraction(2), Fraction(4), _HALF, Fraction(8), Fraction(64), Fraction(512))
_SHARES = (Fraction(1), Fraction(3, 4), _HALF, Fraction(1, 4))


def recognise(curve: Asked, what: str) -> object:
    """A `Asked` property by name; what is not recognised is None (0 for a strength)."""
    with precision(BITS), work():
        try:
            return _KNOWN[what](curve)
        except Exception:  # a stranger's formula may do anything
            return Fraction(0) if what == "tie_strength" else None


def _power_law(curve: Asked) -> Fraction | None:
    (piece,) = pieces_of(curve).pieces
    if curve.domain != "unit" or not curve.fact("continuous").proven:
        return None
    ((monomial, c),) = piece.formula.derivative.expanded.terms.items()
    exponent = Fraction(0)
    rest = []
    for atom, e in monomial:
        if atom.kind == "x":
            exponent = e
        elif atom.constant:
            rest.append((atom, e))
        else:
            return None
    falls = constant_sign(Sum({frozenset(rest): c})) == -3
    return exponent + 2 if falls else None


def _hinge(curve: Asked) -> tuple[Fraction, Fraction] | None:
    left, right = (piece.formula for piece in pieces_of(curve).pieces)
    if not curve.fact("continuous").proven or not right.is_zero:
        return None
    (joint,) = pieces_of(curve).joints
    level, slope = limits.at(left, Fraction(0)).rational, left.derivative.rational
    if joint[0] != joint[1] or level is None or slope is None or not joint[0] > 0 > slope:
        return None
    return level, joint[0]  # level = -slope joint, as the pieces meet


def _both_sides(curve: Asked, right: Fraction | None) -> tuple[OpenInterval, Sum, Sum]:
    """phi(x) and phi(-x) on (0, right)."""
    interval = OpenInterval(Fraction(0), right)
    ops = RegionOps(interval)
    right_side, left_side = (ops._sum(curve.term(Term(x, ops), ops)) for x in (VARIABLE, -VARIABLE))
    return interval, right_side, left_side


def _tie_strength(curve: Asked) -> Fraction:
    """kappa with ``T_2(b) >= kappa b^2`` for b <= 1/2.

    ``T_2(b) >= phi(0) - R_b(f) = b o(f) - e(f)`` for every f >= 0, with the odd part ``o(f) =
    (phi(-f) - phi(f))/2`` and the even part ``e(f) = (phi(f) + phi(-f))/2 - phi(0)``. Where ``4
    kappa e(f) <= o(f)^2`` for f in [0, F] and ``o(F) >= kappa``, the f with o(f) = 2 kappa b is in
    [0, F] for all b <= 1/2 and gives kappa b^2. The candidate is the limit of o^2 / (4 e) at 0,
    ``phi'(0)^2 / (2 phi''(0))``, then smaller ones.
    """
    for share in _SHARES:
        for reach in _REACHES:
            try:
                found = _strength(curve, reach, share)
            except (UndecidedError, SplitError):  # a kink inside: look closer to 0
                continue
            if found:
                return found
    return Fraction(0)


def _strength(curve: Asked, reach: Fraction, share: Fraction) -> Fraction:
    """The kappa of `_tie_strength` for one F and one share of the candidate, or 0."""
    interval, right, left = _both_sides(curve, reach)
    level = limits.at(right, Fraction(0))
    odd = limits.canonical((left - right) * sum_of(_HALF))
    even = limits.canonical((left + right) * sum_of(_HALF) - level)
    slope = limits.at(right.derivative, Fraction(0)).rational
    bend = limits.at(right.derivative.derivative, Fraction(0)).rational
    if slope is None or bend is None or bend <= 0:
        return Fraction(0)
    kappa = share * slope**2 / (2 * bend)
    if constant_sign(limits.at(odd, reach) - sum_of(kappa)) not in (0, 3):
        return Fraction(0)
    below = interval.sign((odd * odd - even * sum_of(4 * kappa)).expanded)
    return kappa if below is not None and below >= 0 else Fraction(0)


_KNOWN: dict[str, Callable[[Asked], object]] = {
    "power_law": _power_law,
    "hinge": _hinge,
    "tie_strength": _tie_strength,
}
