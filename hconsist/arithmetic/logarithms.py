"""Numbers carried by their logarithms: softmax values that neither underflow nor lose 1 - u.

`Logarithmic` is an arithmetic over another one. Exponentials and softmax values are `LogPower`
there: their logarithms, powers, products, quotients and sums are exact to rounding, however small
they are, and 1 - u does not cancel. A formula sees no difference:

>>> import numpy as np
>>> from hconsist.arithmetic import NUMPY
>>> scores = np.array([0.0, 800.0, -800.0])
>>> ops = NUMPY.logarithmic()
>>> -ops.log(ops.softmax(scores))
array([ 800.,   -0., 1600.])
"""

from __future__ import annotations

from hconsist.arithmetic.exact import Exact, OfParameter, Value
from hconsist.arithmetic.functions import Elementary, Functions
from hconsist.arithmetic.opaque import Opaque
from hconsist.arithmetic.ops import Ops, OverOps


class LogPower(Opaque):
    """The number ``e ** logarithm``; combined with a number of another kind, it is that value."""

    __slots__ = ("_value", "logarithm", "ops")

    def __init__(self, logarithm: Value, ops: Ops) -> None:
        self.logarithm, self.ops = logarithm, ops
        self._value: Value = None

    @property
    def value(self) -> Value:
        """The number itself, in the arithmetic below."""
        if self._value is None:
            self._value = self.ops.exp(self.logarithm)
        return self._value

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of the values."""
        return tuple(self.logarithm.shape)

    def __getitem__(self, key: Value) -> LogPower:
        return LogPower(self.logarithm[key], self.ops)

    def __neg__(self) -> Value:
        return -self.value

    def __add__(self, other: Value) -> Value:
        return self.value + plain(other)

    __radd__ = __add__

    def __sub__(self, other: Value) -> Value:
        return self.ops.expm1(self.logarithm) if _is_one(other) else self.value - plain(other)

    def __rsub__(self, other: Value) -> Value:
        # 0 - x, as -x would be -0.0 where the number is 1, and 1 / (1 - u) minus infinity there.
        return 0 - self.ops.expm1(self.logarithm) if _is_one(other) else other - self.value

    def __mul__(self, other: Value) -> Value:
        if isinstance(other, LogPower):
            return LogPower(self.logarithm + other.logarithm, self.ops)
        return self.value * other

    __rmul__ = __mul__

    def __truediv__(self, other: Value) -> Value:
        if isinstance(other, LogPower):
            return LogPower(self.logarithm - other.logarithm, self.ops)
        return self.value / other

    def __rtruediv__(self, other: Value) -> Value:
        return other * self.ops.exp(-self.logarithm)


def _is_one(other: object) -> bool:
    return isinstance(other, int | float) and other == 1


def plain(x: Value) -> Value:
    """The number itself, whether it is carried by its logarithm or not."""
    return x.value if isinstance(x, LogPower) else x


class Logarithmic(OverOps):
    """The arithmetic of another `Ops`, in which exponentials are carried by their logarithms.

    Parameters
    ----------
    base : Ops
        Of floats, or of jets over floats. Exact arithmetics do not need it.
    """

    def apply(self, function: Elementary, x: Value) -> Value:
        if function is Functions.exp and not isinstance(x, int | float):
            return LogPower(plain(x), self.base)
        if isinstance(x, LogPower):
            if function is Functions.log:
                return x.logarithm
            if function is Functions.xlogx:
                return x.value * x.logarithm
        return self.base.apply(function, plain(x))

    def power(self, x: Value, exponent: Exact | int) -> Value:
        if isinstance(x, LogPower):
            return LogPower(self.const(exponent) * x.logarithm, self.base)
        return self.base.power(x, exponent)

    def maximum(self, x: Value, y: Value) -> Value:
        return self.base.maximum(plain(x), plain(y))

    def minimum(self, x: Value, y: Value) -> Value:
        return self.base.minimum(plain(x), plain(y))

    def absolute(self, x: Value) -> Value:
        return x if isinstance(x, LogPower) else self.base.absolute(x)

    def sum(self, vector: Value) -> Value:
        if isinstance(vector, LogPower):
            return LogPower(self.base.logsumexp(vector.logarithm), self.base)
        return self.base.sum(vector)

    def total(self, vector: Value) -> Value:
        if not isinstance(vector, LogPower):
            return self.base.total(vector)
        if not self.base.broadcasts:
            return super().total(vector)
        return LogPower(self.base.logsumexp(vector.logarithm)[..., None], self.base)

    def max(self, vector: Value) -> Value:
        return self.base.max(plain(vector))

    def top_sum(self, vector: Value, k: int) -> Value:
        return self.base.top_sum(plain(vector), k)

    def logsumexp(self, vector: Value) -> Value:
        return self.base.logsumexp(plain(vector))

    def log_softmax(self, scores: Value) -> Value:
        return self.base.log_softmax(plain(scores))

    def softmax(self, scores: Value) -> Value:
        return LogPower(self.log_softmax(scores), self.base)

    def differences(self, scores: Value) -> Value:
        return self.base.differences(plain(scores))

    def rows(self, vector: Value) -> Value:
        if isinstance(vector, LogPower):
            return LogPower(self.base.rows(vector.logarithm), self.base)
        return self.base.rows(vector)

    def off_diagonal(self, n: int) -> Value:
        return self.base.off_diagonal(n)

    def matrix(self, rows: list[list[Exact]]) -> Value:
        return self.base.matrix(rows)

    def sum_others(self, matrix: Value) -> Value:
        return self.base.sum_others(plain(matrix))

    def max_others(self, matrix: Value) -> Value:
        return self.base.max_others(plain(matrix))

    def maximum_over(
        self, function: OfParameter, slope: OfParameter, low: Value, high: Value
    ) -> Value:
        return self.base.maximum_over(function, slope, low, high)

    def less(self, x: Value, y: Value, *, strict: bool) -> Value:
        return self.base.less(plain(x), plain(y), strict=strict)

    def takes_first(self, x: Value, y: Value) -> Value:
        return self.base.takes_first(plain(x), plain(y))

    def select(self, branches: list[tuple[Value, Value]], *, continuous: bool = False) -> Value:
        return self.base.select([(c, plain(v)) for c, v in branches], continuous=continuous)
