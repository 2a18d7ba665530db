"""Balls: arithmetic whose results contain the exact value, by python-flint."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np

from hconsist.arithmetic.exact import Exact, OfParameter, Value, to_sympy
from hconsist.arithmetic.expressions import evaluate
from hconsist.arithmetic.functions import Elementary
from hconsist.arithmetic.objects import ObjectOps, elementwise

if TYPE_CHECKING:
    from flint import arb


class BallOps(ObjectOps):
    """Balls of python-flint: each result contains the exact value for every point of the arguments.

    The working precision is ``flint.ctx.prec`` (bits). A function with a limited domain (log,
    fractional powers) is enclosed over the part of the ball inside its domain: the exact argument
    is known to lie there.

    Examples
    --------
    >>> ops = BallOps()
    >>> bool(ops.log(ops.exp(ops.const(1))).contains(1))
    True
    """

    def const(self, value: Exact | int) -> arb:
        if isinstance(value, Fraction | int):
            import flint

            q = Fraction(value)
            return flint.arb(flint.fmpq(q.numerator, q.denominator))
        found: arb = evaluate(to_sympy(value), {}, self)
        return found

    def pi(self) -> arb:
        import flint

        return flint.arb.pi()

    def apply(self, function: Elementary, x: Value) -> Value:
        return (
            elementwise(function.of_ball, x) if isinstance(x, np.ndarray) else function.of_ball(x)
        )

    def power(self, x: Value, exponent: Exact | int) -> Value:
        if isinstance(exponent, Fraction) and exponent.denominator == 1:
            exponent = int(exponent)
        if isinstance(exponent, int):
            return elementwise(lambda v: self._integer_power(v, exponent), x)
        e = self.const(exponent)
        return elementwise(lambda v: self._real_power(v, e), x)

    def maximum(self, x: Value, y: Value) -> Value:
        return elementwise(lambda a, b: a.max(b), x, y)

    def minimum(self, x: Value, y: Value) -> Value:
        return elementwise(lambda a, b: a.min(b), x, y)

    def absolute(self, x: Value) -> Value:
        return elementwise(abs, x)

    def maximum_over(
        self, function: OfParameter, slope: OfParameter, low: Value, high: Value, boxes: int = 4000
    ) -> Value:
        shape = np.asarray(function(low, self)).shape
        results = np.empty(shape, dtype=object)
        for index in np.ndindex(*shape):
            results[index] = self._maximum_over(
                lambda t, i=index: np.asarray(function(t, self))[i],
                lambda t, i=index: np.asarray(slope(t, self))[i],
                low.lower(),
                high.upper(),
                boxes,
            )
        return results

    def _maximum_over(
        self, function: Value, slope: Value, low: Value, high: Value, boxes: int
    ) -> Value:
        import flint

        # The maximum lies in [floor, ceiling]: floor from points, ceiling from boxes that are not
        # yet below the floor.
        floor = function(low).lower().max(function(high).lower())
        ceiling = function(low).upper().max(function(high).upper())
        tolerance = self.const(2) ** (8 - flint.ctx.prec)
        waiting = [(low, high)]
        while waiting:
            a, b = waiting.pop(0)
            boxes -= 1
            whole = a.union(b)
            rate = slope(whole)
            if rate > 0 or rate < 0:
                continue  # monotone: its ends are points already seen
            middle = whole.mid()
            at = function(middle)
            floor = floor.max(at.lower())
            upper = (at + rate * (whole - middle)).upper()
            if upper <= floor:
                continue
            if boxes <= 0 or not upper - floor > tolerance * (self.const(1) + abs(floor)):
                ceiling = ceiling.max(upper)
                continue
            waiting += [(a, middle), (middle, b)]
        return floor.union(ceiling.max(floor))

    def less(self, x: Value, y: Value, *, strict: bool) -> Value:
        return elementwise(_less if strict else _at_most, x, y)

    def takes_first(self, x: Value, y: Value) -> Value:
        return elementwise(_larger, x, y)

    def all_of(self, conditions: list[Value]) -> Value:
        return elementwise(_all, *conditions)

    def any_of(self, conditions: list[Value]) -> Value:
        return elementwise(_any, *conditions)

    def select(self, branches: list[tuple[Value, Value]], *, continuous: bool = False) -> Value:
        return elementwise(_hull, *(part for branch in branches for part in branch))

    def _integer_power(self, x: Value, n: int) -> Value:
        if n < 0:
            return self.const(1) / self._integer_power(x, -n)
        if n == 0:
            return self.const(1)
        if n % 2 == 0:
            # An even power is never negative; repeated products of a ball around 0 would lose that.
            half = abs(x)
            low, high = half.lower().max(self.const(0)), half.upper()
            return self._product(low, n).union(self._product(high, n))
        return self._product(x.lower(), n).union(self._product(x.upper(), n))

    @staticmethod
    def _product(x: Value, n: int) -> Value:
        result = x
        for _ in range(n - 1):
            result = result * x
        return result

    def _real_power(self, x: Value, e: Value) -> Value:
        if x.lower() > 0:
            return (e * x.log()).exp()
        zero = self.const(0)
        if e > 0 and x.upper() > 0:  # increasing on [0, upper]
            return zero.union((e * x.upper().log()).exp())
        if e > 0 and x.upper() == 0:
            return zero
        import flint

        return flint.arb("nan")


def _less(x: arb, y: arb) -> bool | None:
    return True if x < y else False if x >= y else None


def _at_most(x: arb, y: arb) -> bool | None:
    return True if x <= y else False if x > y else None


def _larger(x: arb, y: arb) -> bool | None:
    return True if x > y else False if x < y else None


def _all(*conditions: bool | None) -> bool | None:
    return False if False in conditions else None if None in conditions else True


def _any(*conditions: bool | None) -> bool | None:
    return True if True in conditions else None if None in conditions else False


def possible(*flat: Value) -> list[Value]:
    """The values of the branches that may hold, up to the first that must; empty where none must.

    The arguments are condition, value, condition, value, ...

    >>> possible(False, "a", None, "b", True, "c", True, "d"), possible(None, "a")
    (['b', 'c'], [])
    """
    found = []
    for condition, value in zip(flat[::2], flat[1::2], strict=True):
        if not (condition is None or isinstance(condition, bool)):  # ~True is -2
            raise TypeError(f"the condition {condition!r} is not made by ops.less")
        if condition is not False:
            found.append(value)
        if condition is True:
            return found
    return []


def _hull(*flat: Value) -> Value:
    values = possible(*flat)
    if not values:
        import flint

        return flint.arb("nan")
    hull = values[0]
    for value in values[1:]:
        hull = hull.union(value)
    return hull


def endpoints(ball: arb) -> tuple[Fraction, Fraction]:
    """The exact rational endpoints of a finite ball, outward.

    Raises
    ------
    ArithmeticError
        When the ball is not finite: nothing was enclosed.

    Examples
    --------
    >>> low, high = endpoints(BallOps().const(Fraction(1, 3)))
    >>> low < Fraction(1, 3) < high
    True
    """
    if not ball.is_finite():
        raise ArithmeticError(f"the enclosure {ball} is not finite")
    low, high = ball.lower().fmpq(), ball.upper().fmpq()
    return Fraction(int(low.p), int(low.q)), Fraction(int(high.p), int(high.q))


@contextmanager
def precision(bits: int) -> Iterator[None]:
    """Work in balls of the given precision, and restore flint's global setting afterwards.

    >>> import flint
    >>> with precision(200):
    ...     flint.ctx.prec
    200
    """
    import flint

    before = flint.ctx.prec
    flint.ctx.prec = bits
    try:
        yield
    finally:
        flint.ctx.prec = before


BALLS = BallOps()
