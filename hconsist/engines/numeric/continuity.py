"""Formulas that cannot jump, seen at once: nothing but continuous operations on continuous values.

`hconsist.losses.proving` proves much more and says how; the simplest formulas are spared it here,
and python-flint with it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from hconsist.arithmetic import Exact, Ops, Value
from hconsist.arithmetic.functions import Elementary, Functions

_POSITIVE = (Functions.exp, Functions.softplus, Functions.sigmoid)
_ON_POSITIVE = (Functions.log, Functions.xlogx)


def cannot_jump(formula: Callable[[Value, Ops], Value]) -> bool:
    """Whether a function of a real number is composed of continuous ones, none at the end of its
    domain. False says nothing.

    Examples
    --------
    >>> cannot_jump(lambda v, ops: ops.log(ops.const(1) + ops.exp(-v)))
    True
    >>> cannot_jump(lambda v, ops: ops.const(1) / v)
    False
    >>> cannot_jump(lambda v, ops: ops.log(v))
    False
    """
    try:
        found = formula(_Continuous(), _Seen())
    except Exception:  # a stranger's formula may do anything
        return False
    return isinstance(found, _Continuous) or _is_constant(found)


@dataclass(frozen=True)
class _Continuous:
    """The value of a continuous function; whether it is positive everywhere."""

    positive: bool = False

    def __add__(self, other: Value) -> _Continuous:
        return _Continuous((_positive(other) or _is_zero(other)) and self.positive)

    def __sub__(self, other: Value) -> _Continuous:
        _checked(other)
        return _Continuous()

    def __rsub__(self, other: Value) -> _Continuous:
        return self.__sub__(other)

    def __neg__(self) -> _Continuous:
        return _Continuous()

    def __mul__(self, other: Value) -> _Continuous:
        return _Continuous(_positive(other) and self.positive)

    __radd__ = __add__
    __rmul__ = __mul__

    def __truediv__(self, other: Value) -> _Continuous:
        if not _positive(other) and (isinstance(other, _Continuous) or _is_zero(other)):
            raise ZeroDivisionError("what it is divided by may be 0")
        return _Continuous(_positive(other) and self.positive)

    def __rtruediv__(self, other: Value) -> _Continuous:
        if not self.positive:
            raise ZeroDivisionError("what it is divided by may be 0")
        return _Continuous(_positive(other))


def _is_constant(value: Value) -> bool:
    return isinstance(value, int | float) or hasattr(value, "numerator")


def _checked(value: Value) -> Value:
    if not isinstance(value, _Continuous) and not _is_constant(value):
        raise TypeError(f"not known to be continuous: {type(value).__name__}")
    return value


def _positive(value: Value) -> bool:
    return value.positive if isinstance(_checked(value), _Continuous) else bool(value > 0)


def _is_zero(value: Value) -> bool:
    return not isinstance(value, _Continuous) and bool(value == 0)


class _Seen(Ops):
    """The operations that are continuous; every other one is missing, and comparisons fail."""

    def const(self, value: Exact | int) -> Value:
        return _checked(value)

    def apply(self, function: Elementary, x: Value) -> Value:
        if function in _ON_POSITIVE and not _positive(x):
            raise ValueError("at the end of the domain")
        _checked(x)
        return _Continuous(function in _POSITIVE)

    def power(self, x: Value, exponent: Exact | int) -> Value:
        if not _positive(x) and not (isinstance(exponent, int) and exponent >= 0):
            raise ValueError("at the end of the domain")
        _checked(exponent)
        return _Continuous(_positive(x))

    def maximum(self, x: Value, y: Value) -> Value:
        return _Continuous(_positive(x) | _positive(y))

    def minimum(self, x: Value, y: Value) -> Value:
        return _Continuous(_positive(x) & _positive(y))

    def absolute(self, x: Value) -> Value:
        return _Continuous(_positive(x))
