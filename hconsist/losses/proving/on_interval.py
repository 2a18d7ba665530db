"""A formula on one interval, as an exact sum.

`RegionOps` runs a loss formula over `Sum` values on one interval. Where a maximum, an absolute
value or a case of a formula is not decided on it, it asks for a cut at the roots of the difference.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from hconsist.arithmetic import BALLS, Exact, Ops, Value
from hconsist.arithmetic.functions import Elementary
from hconsist.arithmetic.opaque import Opaque
from hconsist.losses.proving import limits
from hconsist.losses.proving.roots import Joint, roots
from hconsist.losses.proving.signs import OpenInterval
from hconsist.losses.proving.terms import (
    UNIT,
    VARIABLE,
    ZERO,
    Atom,
    Sum,
    UndecidedError,
    sum_of,
)


class SplitError(Exception):
    """Something is not decided on an interval: cut it at these joints."""

    def __init__(self, joints: list[Joint], difference: Sum, why: str) -> None:
        super().__init__(why)
        self.joints, self.difference = joints, difference


@dataclass(frozen=True, eq=False)
class Term(Opaque):
    """A `Sum` with the arithmetic that knows its signs."""

    sum: Sum
    ops: RegionOps

    def _of(self, other: Value) -> Sum:
        return other.sum if isinstance(other, Term) else sum_of(other)

    def _new(self, value: Sum) -> Term:
        return Term(value, self.ops)

    def __neg__(self) -> Term:
        return self._new(-self.sum)

    def __add__(self, other: Value) -> Term:
        return self._new(self.sum + self._of(other))

    __radd__ = __add__

    def __sub__(self, other: Value) -> Term:
        return self._new(self.sum - self._of(other))

    def __rsub__(self, other: Value) -> Term:
        return self._new(self._of(other) - self.sum)

    def __mul__(self, other: Value) -> Term:
        return self._new(self.sum * self._of(other))

    __rmul__ = __mul__

    def __truediv__(self, other: Value) -> Term:
        return self._new(self.sum * self.ops.power_of(self._of(other), Fraction(-1)))

    def __rtruediv__(self, other: Value) -> Term:
        return self._new(self._of(other) * self.ops.power_of(self.sum, Fraction(-1)))

    def __pow__(self, exponent: Fraction | int) -> Term:
        return self._new(self.ops.power_of(self.sum, Fraction(exponent)))


class RegionOps(Ops):
    """Exact sums on one interval; see `Ops`."""

    def __init__(self, interval: OpenInterval) -> None:
        self.interval = interval

    def const(self, value: Exact | int) -> Value:
        """An exact constant."""
        if isinstance(value, int | Fraction):
            return Term(sum_of(Fraction(value)), self)
        if getattr(value, "free_symbols", True):
            raise UndecidedError(f"the parameter {value} has no value")
        return Term(Sum({frozenset({(Atom("constant", value), Fraction(1))}): Fraction(1)}), self)

    def _sum(self, x: Value) -> Sum:
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

    def erf(self, x: Value) -> Value:
        """``2 Phi(sqrt(2) x) - 1``."""
        return 2 * self._ndtr(x, limits.rational_power(Fraction(2), Fraction(1, 2))) - 1

    def erfc(self, x: Value) -> Value:
        """``2 Phi(-sqrt(2) x)``."""
        return 2 * self._ndtr(x, -limits.rational_power(Fraction(2), Fraction(1, 2)))

    def log_ndtr(self, x: Value) -> Value:
        """``log Phi(x)``."""
        return Term(limits.log_of(self._ndtr(x, UNIT).sum), self)

    def _ndtr(self, x: Value, scale: Sum) -> Term:
        value = (self._sum(x) * scale).expanded
        if value.is_zero:
            return Term(sum_of(Fraction(1, 2)), self)
        return Term(_atom_sum(Atom("ndtr", value)), self)

    def apply(self, function: Elementary, x: Value) -> Value:
        """A function of the table: those above are exact sums, others are not."""
        known = {"exp", "log", "tanh", "softplus", "expm1", "sigmoid", "xlogx"}
        known |= {"erf", "erfc", "log_ndtr"}
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
            raise SplitError(roots(self.interval, value), value, f"zeros of {value}")
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
            joints = roots(self.interval, difference)
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
        for low, high in self.interval.brackets:  # a sign by how the interval was cut ends there
            near = difference.ball(BALLS.const(low).union(BALLS.const(high)))
            if not (near > 0 or near < 0 or difference.is_zero):
                raise UndecidedError("a case of the formula changes at an irrational point")
        return sign < 0 or (sign == 0 and not strict)

    def all_of(self, conditions: list[Value]) -> Value:
        """Conjunction."""
        return all(map(_decided, conditions))

    def any_of(self, conditions: list[Value]) -> Value:
        """Disjunction."""
        return any(map(_decided, conditions))

    def select(self, branches: list[tuple[Value, Value]], *, continuous: bool = False) -> Value:
        """The first branch whose condition holds."""
        for condition, value in branches:
            if _decided(condition):
                return Term(self._sum(value), self)
        raise UndecidedError("no case of the formula holds")


def _decided(condition: object) -> bool:
    """A condition of `less`, and no number that Python makes of one (~True is -2, and true)."""
    if isinstance(condition, bool):
        return condition
    raise UndecidedError(f"the condition {condition!r} is not made by ops.less")


def _atom_sum(atom: Atom) -> Sum:
    return Sum({frozenset({(atom, Fraction(1))}): Fraction(1)})
