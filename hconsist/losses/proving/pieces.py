"""A formula cut into smooth pieces: exact sums on intervals, with the points where they meet.

`RegionOps` runs a loss formula over `Sum` values on one interval. Where a maximum, an absolute
value or a case of a formula is not decided on it, the interval is cut at the roots of the
difference: exactly where they are rational, inside a tiny bracket elsewhere (both sides then cover
the bracket).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from hconsist.arithmetic import BALLS, Exact, Ops, Value, endpoints
from hconsist.arithmetic.functions import Elementary
from hconsist.losses.proving import limits
from hconsist.losses.proving.signs import Interval, constant_sign
from hconsist.losses.proving.terms import (
    ONE,
    UNIT,
    VARIABLE,
    ZERO,
    Atom,
    Sum,
    UndecidedError,
    sum_of,
)

#: A point where pieces meet: exact, or a bracket around it.
Joint = tuple[Fraction, Fraction]
_MOST_PIECES = 24
_FINE = Fraction(1, 2**60)


class SplitError(Exception):
    """Something is not decided on an interval: cut it at these joints."""

    def __init__(self, joints: list[Joint], difference: Sum, why: str) -> None:
        super().__init__(why)
        self.joints, self.difference = joints, difference


@dataclass(frozen=True)
class Term:
    """A `Sum` with the arithmetic that knows its signs."""

    sum: Sum
    ops: RegionOps

    def _of(self, other: Any) -> Sum:
        return other.sum if isinstance(other, Term) else sum_of(other)

    def _new(self, value: Sum) -> Term:
        return Term(value, self.ops)

    def __neg__(self) -> Term:
        return self._new(-self.sum)

    def __add__(self, other: Any) -> Term:
        return self._new(self.sum + self._of(other))

    __radd__ = __add__

    def __sub__(self, other: Any) -> Term:
        return self._new(self.sum - self._of(other))

    def __rsub__(self, other: Any) -> Term:
        return self._new(self._of(other) - self.sum)

    def __mul__(self, other: Any) -> Term:
        return self._new(self.sum * self._of(other))

    __rmul__ = __mul__

    def __truediv__(self, other: Any) -> Term:
        return self._new(self.sum * self.ops.power_of(self._of(other), Fraction(-1)))

    def __rtruediv__(self, other: Any) -> Term:
        return self._new(self._of(other) * self.ops.power_of(self.sum, Fraction(-1)))

    def __pow__(self, exponent: Any) -> Term:
        return self._new(self.ops.power_of(self.sum, Fraction(exponent)))


class RegionOps(Ops):
    """Exact sums on one interval; see `Ops`."""

    def __init__(self, interval: Interval) -> None:
        self.interval = interval

    def const(self, value: Exact | int) -> Value:
        """An exact constant."""
        if isinstance(value, int | Fraction):
            return Term(sum_of(Fraction(value)), self)
        if getattr(value, "free_symbols", True):
            raise UndecidedError(f"the parameter {value} has no value")
        return Term(Sum({frozenset({(Atom("constant", value), Fraction(1))}): Fraction(1)}), self)

    def _sum(self, x: Any) -> Sum:
        return x.sum if isinstance(x, Term) else sum_of(x)

    def pi(self) -> Value:
        """The circle's constant."""
        import sympy

        return self.const(sympy.pi)

    def exp(self, x: Value) -> Value:
        """Exponential."""
        return Term(limits.exp_of(self._sum(x)), self)

    def log(self, x: Value) -> Value:
        """Natural logarithm of what is shown to be positive."""
        value = self._sum(x)
        self._positive(value, "the logarithm")
        return Term(limits.log_of(value), self)

    def _positive(self, value: Sum, what: str) -> None:
        if self.interval.sign(value) != 3:
            raise UndecidedError(f"could not show that {value} is positive, as {what} of it needs")

    def tanh(self, x: Value) -> Value:
        """``1 - 2 / (1 + exp(2 x))``."""
        weight = self.exp(Term(self._sum(x) * 2, self))
        return 1 - 2 / (1 + weight)

    def softplus(self, x: Value) -> Value:
        """``log(1 + exp(x))``."""
        return self.log(self.exp(x) + 1)

    def expm1(self, x: Value) -> Value:
        """``exp(x) - 1``."""
        return self.exp(x) - 1

    def sigmoid(self, x: Value) -> Value:
        """``1 / (1 + exp(-x))``."""
        return 1 / (1 + self.exp(Term(-self._sum(x), self)))

    def apply(self, function: Elementary, x: Value) -> Value:
        """A function of the table: those above are exact sums, others are not."""
        known = {"exp", "log", "tanh", "softplus", "expm1", "sigmoid", "xlogx"}
        if function.name not in known:
            raise UndecidedError(f"could not show the signs of a formula with {function.name}")
        return getattr(self, function.name)(x)

    def xlogx(self, x: Value) -> Value:
        """``x log x``; 0 at 0."""
        value = self._sum(x)
        return Term(ZERO, self) if value.is_zero else Term(value * self.log(x).sum, self)

    def power(self, x: Value, exponent: Exact | int) -> Value:
        """``x ** exponent``."""
        if not isinstance(exponent, int | Fraction):
            raise UndecidedError(f"the exponent {exponent} is not rational")
        return Term(self.power_of(self._sum(x), Fraction(exponent)), self)

    def power_of(self, value: Sum, e: Fraction) -> Sum:
        """A power of a sum, a base of its own where its sign is known."""
        if not e:
            return UNIT
        if value.is_zero:
            if e < 0:
                raise UndecidedError("a division by 0")
            return ZERO
        natural = e.denominator == 1 and e > 0
        if len(value.terms) == 1:
            if natural:
                return value.power(e)
            return self._monomial_power(value, e)
        sign = self.interval.sign(value)
        if sign == 3:
            return limits._power(value, e)
        if e.denominator == 1 and sign == -3:
            flipped = limits._power(-value, e)
            return flipped if e % 2 == 0 else -flipped
        if natural:
            return value.power(e)
        if e > 0 and sign is not None and sign > 0:  # isolated zeros: cut there
            raise SplitError(_roots(self.interval, value), value, f"zeros of {value}")
        raise UndecidedError(f"could not show that {value} has no zero")

    def _monomial_power(self, value: Sum, e: Fraction) -> Sum:
        ((m, c),) = value.terms.items()
        sign = self.interval.sign(value)
        if sign is None or abs(sign) < 3:
            if any(atom.kind == "x" for atom, _ in m) and self.interval.contains(Fraction(0)):
                raise SplitError([(Fraction(0), Fraction(0))], VARIABLE, "the sign of x")
            raise UndecidedError(f"could not show that {value} has no zero")
        if e.denominator == 1:
            return Sum({frozenset((a, k * e) for a, k in m): c ** int(e)})
        if sign < 0:
            raise UndecidedError(f"a root of {value}, which is negative")
        if c > 0 and all(self.interval.sign(_atom_sum(a)) == 3 for a, _ in m):
            return limits.rational_power(c, e).scaled(frozenset((a, k * e) for a, k in m))
        # x < 0 under a root: |x| to the power, where that is a whole one
        powers = dict(m)
        x = Atom("x")
        k = powers.pop(x, Fraction(0)) * e
        if k.denominator != 1 or any(self.interval.sign(_atom_sum(a)) != 3 for a in powers):
            raise UndecidedError(f"a root of {value}")
        rest = frozenset((a, q * e) for a, q in powers.items())
        size = limits.rational_power(abs(c), e).scaled(rest)
        return size.scaled(frozenset({(x, k)})) * (1 if k % 2 == 0 else -1)

    # -- decisions
    def _compare(self, x: Value, y: Value) -> tuple[Sum, int]:
        """The difference and its sign on the interval."""
        difference = self._sum(x) - self._sum(y)
        sign = self.interval.sign(difference)
        if sign is None:
            joints = _roots(self.interval, difference)
            raise SplitError(joints, difference, f"the sign of {difference}")
        return difference, sign

    def maximum(self, x: Value, y: Value) -> Value:
        """The larger of two."""
        return Term(self._sum(x if self._compare(x, y)[1] >= 0 else y), self)

    def minimum(self, x: Value, y: Value) -> Value:
        """The smaller of two."""
        return Term(self._sum(y if self._compare(x, y)[1] >= 0 else x), self)

    def absolute(self, x: Value) -> Value:
        """Absolute value."""
        value = Term(self._sum(x), self)
        return self.maximum(value, -value)

    def less(self, x: Value, y: Value, *, strict: bool) -> bool | None:
        """Whether x < y (x <= y) on the whole interval."""
        try:
            difference, sign = self._compare(x, y)
        except SplitError as split:
            if any(low != high for low, high in split.joints):
                raise UndecidedError(
                    "a case of the formula changes at an irrational point"
                ) from split
            raise
        if abs(sign) in (1, 2):
            raise UndecidedError(f"{difference} has zeros where a case of the formula changes")
        return sign < 0 or (sign == 0 and not strict)

    def all_of(self, conditions: list[Value]) -> Value:
        """Conjunction."""
        return all(conditions)

    def any_of(self, conditions: list[Value]) -> Value:
        """Disjunction."""
        return any(conditions)

    def select(self, branches: list[tuple[Value, Value]], *, continuous: bool = False) -> Value:
        """The first branch whose condition holds."""
        for condition, value in branches:
            if condition:
                return Term(self._sum(value), self)
        raise UndecidedError("no case of the formula holds")


def _atom_sum(atom: Atom) -> Sum:
    return Sum({frozenset({(atom, Fraction(1))}): Fraction(1)})


def _roots(interval: Interval, value: Sum) -> list[Joint]:
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


def _polynomial_roots(interval: Interval, value: Sum) -> list[Joint]:
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
            joints += [endpoints(r.real) for r, _ in factor.complex_roots() if r.imag == 0]
    inside = [j for j in joints if interval.contains(j[0]) and interval.contains(j[1])]
    if not inside:
        raise UndecidedError(f"the sign of {value}")
    return inside


def _bracket(interval: Interval, value: Sum, rising: bool) -> Joint:
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


def _start(interval: Interval, side: Callable[[Fraction], int]) -> Joint:
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


@dataclass(frozen=True)
class Piece:
    """An exact formula on an interval."""

    interval: Interval
    formula: Sum


@dataclass(frozen=True)
class Pieces:
    """A formula in smooth pieces, left to right, with the joints between them."""

    pieces: tuple[Piece, ...]
    joints: tuple[Joint, ...]


def cut(
    term: Callable[[Value, Ops], Value], left: Fraction | None, right: Fraction | None
) -> Pieces:
    """The pieces of a formula.

    Raises
    ------
    UndecidedError
        Where the formula is outside what is understood here, with the reason.
    """
    waiting = [Interval(left, right)]
    pieces: list[Piece] = []
    joints: list[Joint] = []
    ends: list[Joint] = []  # the joint that ends each waiting interval but the last
    while waiting:
        if len(pieces) + len(waiting) > _MOST_PIECES:
            raise UndecidedError("the formula has too many cases")
        interval = waiting.pop(0)
        ops = RegionOps(interval)
        try:
            value = term(Term(VARIABLE, ops), ops)
            pieces.append(Piece(interval, ops._sum(value)))
            if waiting:
                joints.append(ends.pop(0))
        except SplitError as split:
            points = sorted(split.joints)
            waiting = _cut_at(interval, points, split.difference) + waiting
            ends = points + ends
    return Pieces(tuple(pieces), tuple(joints))


def _cut_at(interval: Interval, joints: list[Joint], difference: Sum) -> list[Interval]:
    """The parts of an interval between joints; on a part next to a bracket the sign of the
    difference is what it is beyond the bracket.
    """
    lefts = [interval.left, *(low for low, _ in joints)]
    rights = [*(high for _, high in joints), interval.right]
    parts = []
    for i, (a, b) in enumerate(zip(lefts, rights, strict=True)):
        part = interval.part(a, b)
        bracketed = [j for j in joints[max(i - 1, 0) : i + 1] if j[0] != j[1]]
        if bracketed:
            inside = Interval(
                joints[i - 1][1] if i else interval.left,
                joints[i][0] if i < len(joints) else interval.right,
            )
            sign = inside.sign(difference)
            if sign is None:
                raise UndecidedError(f"the sign of {difference} between its zeros")
            part.decided[difference] = sign
            part.decided[-difference] = -sign
            loose = {"left"} if i and joints[i - 1] in bracketed else set()
            if i < len(joints) and joints[i] in bracketed:
                loose.add("right")
            part.loose = part.loose | loose
        parts.append(part)
    return parts


def value_at(term: Callable[[Value, Ops], Value], x: Fraction) -> Sum:
    """The exact value of a formula at a rational point."""
    ops = RegionOps(Interval(x, x))
    return ops._sum(term(Term(sum_of(x), ops), ops))


__all__ = ["ONE", "Joint", "Piece", "Pieces", "cut", "value_at"]
