"""Signs of exact sums on an interval, proven.

In turn: signs of the terms; the common factor taken out; real roots of a polynomial in one atom;
and *descent*: G / m for a monomial m of known sign, whose derivative has one term less, is
monotone, so that its sign follows from one end (Rolle's argument). What is left is bisected in
balls. A sign is one of

==  ==============================================
3   positive in the open interval
2   non-negative, zero at isolated points only
1   non-negative
0   zero
==  ==============================================

or the negative of these, or None: not shown.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING

from hconsist.arithmetic import BALLS
from hconsist.arithmetic.exact import Value
from hconsist.losses.proving import limits
from hconsist.losses.proving.polynomials import ball, roots_sign
from hconsist.losses.proving.terms import (
    ONE,
    Atom,
    ExhaustedError,
    Monomial,
    Sum,
    UndecidedError,
    constant_sign,
    to_the,
)

if TYPE_CHECKING:
    pass

#: Sums looked at for one question, and how deep a descent goes.
BUDGET, DEPTH = 400, 7
_TAIL = Fraction(16)


@dataclass
class OpenInterval:
    """An open interval; None stands for an infinite end.

    Parameters
    ----------
    left, right : Fraction or None
    decided : dict
        Signs that hold on this interval by how it was cut, not by proof.
    """

    left: Fraction | None
    right: Fraction | None
    decided: dict[Sum, int] = field(default_factory=dict)
    #: Ends a hair outside, beyond a root that is only bracketed: nothing is anchored there.
    loose: frozenset[str] = frozenset()
    #: The brackets of such roots.
    brackets: tuple[tuple[Fraction, Fraction], ...] = ()
    _known: dict[Sum, tuple[int | None, int]] = field(default_factory=dict, repr=False)
    _left: int = BUDGET

    def part(self, left: Fraction | None, right: Fraction | None) -> OpenInterval:
        """A part of it."""
        loose = {
            side for side in self.loose if getattr(self, side) == (left, right)[side != "left"]
        }
        return OpenInterval(left, right, dict(self.decided), frozenset(loose), self.brackets)

    def parts(self, at: Fraction) -> tuple[OpenInterval, OpenInterval]:
        """Both sides of an inner point."""
        return self.part(self.left, at), self.part(at, self.right)

    def contains(self, x: Fraction) -> bool:
        """Whether x is an inner point."""
        return (self.left is None or self.left < x) and (self.right is None or x < self.right)

    # -- signs
    def sign(self, value: Sum, depth: int = DEPTH) -> int | None:
        """The sign of a sum on this interval, where it can be shown."""
        if value in self.decided:
            return self.decided[value]
        if value.is_constant:
            return constant_sign(value)
        known, tried = self._known.get(value, (None, 0))
        if known is None and tried < depth and self._left > 0:
            self._left -= 1
            self._known[value] = None, depth  # asked again on the way: not shown
            known = self._found(value, depth)
            self._known[value] = known, depth
        return known

    def _found(self, value: Sum, depth: int) -> int | None:
        sign = self._of_terms(value, depth)
        if sign is None and (mirrored := limits.mirrored(value)) != value:
            sign = self._of_terms(mirrored, depth)
        if sign is not None:
            return sign
        factor, rest = self._factored(value)
        outer = self._monomial_sign(factor, depth)
        if outer is None:
            factor, rest, outer = ONE, value.expanded, 3
        inner = self._core(rest, depth)
        return None if inner is None else _product(outer, inner)

    def _core(self, rest: Sum, depth: int) -> int | None:
        if rest.is_zero:
            return 0
        if rest.is_constant:
            return constant_sign(rest)
        sign = self._of_terms(rest, depth)
        if sign is None:
            sign = self._polynomial(rest)
        if sign is None:
            sign = self._square_root(rest, depth)
        if sign is None:
            sign = self._descent(rest, depth)
        if sign is None and depth >= DEPTH - 1:
            sign = self._halves(rest, depth)
        return sign

    def _of_terms(self, value: Sum, depth: int) -> int | None:
        """The sign that all terms share."""
        total: int | None = 0
        for m, c in value.terms.items():
            sign = self._monomial_sign(m, depth)
            if sign is None:
                return None
            sign = sign if c > 0 else -sign
            if total is None or sign * total < 0:
                return None
            total = max(total, sign, key=abs)
        return total

    def _monomial_sign(self, monomial: Monomial, depth: int) -> int | None:
        result = 3
        for atom, e in monomial:
            sign = self._atom_sign(atom, depth)
            if sign is None and e.denominator == 1 and e % 2 == 0 and e > 0:
                sign = 2  # an even power; what is analytic and not constant has isolated zeros
            elif sign is None or (e < 0 and abs(sign) < 3):
                return None
            elif e.denominator == 1 and e % 2 == 0:
                sign = abs(sign)
            result = _product(result, sign)
        return result

    def _atom_sign(self, atom: Atom, depth: int) -> int | None:
        match atom.kind:
            case "x":
                if self.left is not None and self.left >= 0:
                    return 3
                return -3 if self.right is not None and self.right <= 0 else None
            case "log":
                if limits.is_distribution_function(atom.of):
                    return -3
                return self.sign(atom.of - 1, depth - 1)
            case "constant":
                return constant_sign(Sum({frozenset({(atom, Fraction(1))}): Fraction(1)}))
        return 3  # exponentials, Phi, and bases, which are made where they are positive

    def _factored(self, value: Sum) -> tuple[Monomial, Sum]:
        """The common factor of all terms, and the rest multiplied out."""
        lowest: dict[Atom, Fraction] = {}
        atoms = {atom for m in value.terms for atom, _ in m}
        for atom in atoms:
            lowest[atom] = min(dict(m).get(atom, Fraction(0)) for m in value.terms)
        factor = frozenset((a, e) for a, e in lowest.items() if e)
        rest = value.scaled(to_the(factor, Fraction(-1))).expanded
        return factor, rest

    # -- polynomials in one atom
    def _polynomial(self, value: Sum) -> int | None:
        """Real roots of a polynomial in one atom, counted against the atom's range."""
        atoms = {atom for m in value.terms for atom, _ in m}
        if len(atoms) != 1:
            return None
        (atom,) = atoms
        exponents = {m: dict(m).get(atom, Fraction(0)) for m in value.terms}
        scale = math.lcm(*(e.denominator for e in exponents.values()))
        if (scale != 1 and atom.kind in ("x", "log") and self._atom_sign(atom, 1) != 3) or any(
            e < 0 or e * scale > 60 for e in exponents.values()
        ):
            return None
        low, high = self._range(atom)
        degree = int(max(e * scale for e in exponents.values()))
        shared = math.lcm(*(c.denominator for c in value.terms.values()))
        coefficients = [0] * (degree + 1)
        for m, c in value.terms.items():
            coefficients[int(exponents[m] * scale)] = int(c * shared)
        if scale != 1:
            ends = (None if v is None else ball(v) for v in (low, high))
            low, high = (None if v is None else BALLS.power(v, Fraction(1, scale)) for v in ends)
        return roots_sign(coefficients, low, high)

    def _range(self, atom: Atom) -> tuple[Value, Value]:
        """The ends of the atom's range on this interval, rationals or balls; None: infinite."""
        if atom.kind == "x":
            return self.left, self.right
        ends = [None if e is None else BALLS.const(e) for e in (self.left, self.right)]
        only_x = frozenset({(Atom("x"), Fraction(1))})
        if atom.kind == "exp" and atom.of == only_x:
            low = BALLS.const(0) if ends[0] is None else BALLS.exp(ends[0])
            return low, None if ends[1] is None else BALLS.exp(ends[1])
        if atom.kind == "log" and atom.of == Sum({only_x: Fraction(1)}) and self.left is not None:
            low = None if self.left <= 0 else BALLS.log(ends[0])
            return low, None if ends[1] is None else BALLS.log(ends[1])
        return (None, None) if atom.kind == "log" else (BALLS.const(0), None)

    # -- square roots
    def _square_root(self, value: Sum, depth: int) -> int | None:
        """The sign of P + R sqrt(Q): that of P^2 - R^2 Q decides where P and R have opposite
        signs.
        """
        half = Fraction(1, 2)
        roots = {a for m in value.terms for a, e in m if a.kind == "base" and e % 1 == half}
        for root in roots:
            plain, under = {}, {}
            for m, c in value.terms.items():
                e = dict(m).get(root, Fraction(0))
                if e % 1 == half:
                    under[m] = c
                else:
                    plain[m] = c
            p, r = Sum(plain), Sum(under)
            a, b = self.sign(p, depth - 1), self.sign(r, depth - 1)
            if a is None or b is None or a * b >= 0:
                continue
            difference = self.sign((p * p - r * r).expanded, depth - 1)
            if difference is not None:
                return _product(a, difference)
        return None

    # -- descent
    def _descent(self, value: Sum, depth: int) -> int | None:
        for quotient, outer in self._quotients(value, depth):
            try:
                slope = quotient.derivative
                rate = self.sign(slope, depth - 1)
                if rate is None:
                    continue
                sign = self._monotone(quotient, rate)
            except ExhaustedError:
                raise
            except UndecidedError:
                continue
            if sign is not None:
                return _product(outer, sign)
        return None

    def _quotients(self, value: Sum, depth: int) -> Iterator[tuple[Sum, int]]:
        """value / m for its monomials m of known sign, those with simple derivatives first."""
        found = []
        for m in {ONE, *(_varying(m) for m in value.terms), *_exponentials(value)}:
            sign = self._monomial_sign(m, depth)
            if sign in (3, -3):
                quotient = value.scaled(to_the(m, Fraction(-1)))
                try:
                    slope = quotient.derivative
                    size = len(self._factored(slope)[1].terms) if slope.terms else 0
                except ExhaustedError:
                    raise
                except UndecidedError:
                    continue
                found.append((size, len(m), str(quotient), quotient, sign))
        for size, _, _, quotient, sign in sorted(found, key=lambda entry: entry[:3]):
            if size <= len(value.terms) + 2:
                yield quotient, sign

    def _monotone(self, value: Sum, rate: int) -> int | None:
        """The sign of a monotone function, from the end where it is least (greatest)."""
        first, last = (self.left, self.right) if rate > 0 else (self.right, self.left)
        ends = [("-inf", "+inf"), ("+inf", "-inf")][rate < 0]
        if rate == 0:
            middle = limits.at(value, self.inner())
            return constant_sign(middle)
        names = ("left", "right") if rate > 0 else ("right", "left")
        least = most = None
        if names[0] not in self.loose:
            least = limits.end_sign(value, first, ends[0], from_right=rate > 0)
        if least is not None and least >= 0:
            return 3 if abs(rate) >= 2 or least > 0 else 1
        if names[1] not in self.loose:
            most = limits.end_sign(value, last, ends[1], from_right=rate < 0)
        if most is not None and most <= 0:
            return -3 if abs(rate) >= 2 or most < 0 else -1
        return None

    def inner(self) -> Fraction:
        """A rational point inside."""
        if self.left is None:
            return Fraction(0) if self.right is None else self.right - 1
        return self.left + 1 if self.right is None else (self.left + self.right) / 2

    # -- what is left
    def _halves(self, value: Sum, depth: int) -> int | None:
        """Cut at 0, or in the middle, and bisect in balls what is compact."""
        if self.left is None or self.right is None:
            zero = Fraction(0)
            at = zero if self.contains(zero) else _TAIL if self.left is not None else -_TAIL
            if not self.contains(at):
                return None
            signs = [part.sign(value, depth - 1) for part in self.parts(at)]
            return self._joined(value, at, signs)
        return self._bisected(value)

    def _joined(self, value: Sum, at: Fraction, signs: list[int | None]) -> int | None:
        if None in signs:
            return None
        left, right = signs
        assert left is not None
        assert right is not None
        middle = constant_sign(limits.at(value, at))
        if left * right < 0 or middle is None:
            return None
        least = min(abs(left), abs(right))
        if least == 3 and middle == 0:
            least = 2
        total = left + right
        return least * ((total > 0) - (total < 0)) if least else _weak(total)

    def _bisected(self, value: Sum) -> int | None:
        assert self.left is not None
        assert self.right is not None
        waiting, found = [(self.left, self.right)], set()
        for _ in range(256):
            if not waiting:
                break
            a, b = waiting.pop()
            ball = value.ball(BALLS.const(a).union(BALLS.const(b)))
            if ball > 0 or ball < 0:
                found.add(1 if ball > 0 else -1)
                if len(found) > 1:
                    return None
            else:
                middle = (a + b) / 2
                waiting += [(middle, b), (a, middle)]
        return 3 * found.pop() if len(found) == 1 and not waiting else None


def _varying(monomial: Monomial) -> Monomial:
    """The factors in which x occurs."""
    return frozenset((atom, e) for atom, e in monomial if not atom.constant)


def _exponentials(value: Sum) -> set[Monomial]:
    """The exponential factors of the terms, where Phi occurs: x Phi(x) + Phi'(x) has the slope
    Phi(x), and x Phi(x) / Phi'(x) + 1 has none as simple.
    """
    atoms = {atom for m in value.terms for atom, _ in m}
    if not any(atom.kind == "ndtr" for atom in atoms):
        return set()
    return {frozenset((a, e) for a, e in m if a.kind == "exp") for m in value.terms}


def _weak(total: int) -> int:
    return (total > 0) - (total < 0)


def _product(a: int, b: int) -> int:
    if not a or not b:
        return 0
    size = min(abs(a), abs(b))
    return size if (a > 0) == (b > 0) else -size
