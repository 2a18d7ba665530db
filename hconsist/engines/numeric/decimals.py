"""Losses in decimals of many digits, to compare floats with: the number of digits is raised until
the values settle.

Balls would prove the digits; where a few exponentials and logarithms are all, decimals say them
without loading python-flint. What they cannot say is left to the balls.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal, DecimalException, localcontext
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from hconsist.arithmetic import Exact, Value
from hconsist.arithmetic.functions import Elementary, Functions
from hconsist.arithmetic.objects import ObjectOps, elementwise
from hconsist.errors import HconsistError
from hconsist.losses import Loss

_FUNCTIONS: dict[Elementary, Callable[[Decimal], Decimal]] = {
    Functions.exp: Decimal.exp,
    Functions.log: Decimal.ln,
    Functions.expm1: lambda x: x.exp() - 1,
    Functions.softplus: lambda x: (x.exp() + 1).ln(),
    Functions.sigmoid: lambda x: 1 / (1 + (-x).exp()),
    Functions.tanh: lambda x: 1 - 2 / ((2 * x).exp() + 1),
    Functions.xlogx: lambda x: x * x.ln() if x else x,
}
_DIGITS = (40, 150, 600)
#: What a search in floats may have left, as a part of a risk.
_ROUNDING = Decimal("1e-15")


class DecimalOps(ObjectOps):
    """Python's decimals at the precision of their context: digits, not bounds.

    >>> ops = DecimalOps()
    >>> print(f"{ops.exp(ops.const(1)):.10f}")
    2.7182818285
    """

    def const(self, value: Exact | int) -> Value:
        if not isinstance(value, Fraction | int):
            raise NotImplementedError("decimals know rational constants only")
        q = Fraction(value)
        return Decimal(q.numerator) / Decimal(q.denominator)

    def apply(self, function: Elementary, x: Value) -> Value:
        if function not in _FUNCTIONS:
            raise NotImplementedError("decimals do not know this function")
        return elementwise(_FUNCTIONS[function], x)

    def power(self, x: Value, exponent: Exact | int) -> Value:
        e = self.const(exponent)
        return elementwise(lambda v: v**e if v or e else Decimal(1), x)

    def maximum(self, x: Value, y: Value) -> Value:
        return elementwise(max, x, y)

    def minimum(self, x: Value, y: Value) -> Value:
        return elementwise(min, x, y)

    def absolute(self, x: Value) -> Value:
        return elementwise(abs, x)


def losses_in_decimals(loss: Loss, scores: NDArray[np.float64]) -> list[float] | None:
    """The losses at scores (n,), with all their digits; None where decimals cannot say.

    Examples
    --------
    >>> from hconsist.losses import parse_loss
    >>> losses_in_decimals(parse_loss("logistic"), np.array([0.0, 0.0]))
    [0.6931471805599453, 0.6931471805599453]
    """
    found = _settled(loss, [float(s) for s in scores])
    return None if found is None else [float(v) for v in found]


def regret_in_decimals(
    loss: Loss,
    p: NDArray[np.float64],
    scores: NDArray[np.float64],
    best: NDArray[np.float64],
    bound: float = np.inf,
) -> float | None:
    """Risk at ``scores`` less risk at ``best``, all digits of the losses kept until the end: for
    regrets that are lost in the rounding of the two risks. None where decimals cannot say.

    The same rounding left ``best`` a little off, so its length is corrected too: a parabola through
    three lengths, where that lowers the risk by rounding and keeps the scores within the bound.

    Examples
    --------
    >>> from hconsist.losses import parse_loss
    >>> p, tie = np.array([0.5 + 1e-9, 0.5 - 1e-9]), np.zeros(2)
    >>> found = regret_in_decimals(parse_loss("logistic"), p, tie, np.array([4.1e-9, 0.0]))
    >>> abs(found / 2e-18 - 1) < 1e-6  # b^2/2 for b = 2e-9
    True
    """
    with localcontext() as context:
        context.prec = 60
        weights = [Decimal(float(w)) for w in p]

        def risk(row: NDArray[np.float64]) -> Decimal | None:
            found = _settled(loss, [float(s) for s in row])
            if found is None:
                return None
            return sum((w * v for w, v in zip(weights, found, strict=True)), Decimal(0))

        tied, free = risk(scores), risk(best)
        if tied is None or free is None:
            return None
        for step in (2.0**-4, 2.0**-9) if np.any(best) else ():
            below, above = risk((1 - step) * best), risk((1 + step) * best)
            if below is None or above is None or not below - 2 * free + above > 0:
                break
            moved = 1 + step * float((below - above) / (2 * (below - 2 * free + above)))
            other = None if not 0.5 < moved < 2 else risk(moved * best)
            lower = other is not None and 0 < free - other <= _ROUNDING * abs(free)
            if other is not None and lower and np.max(np.abs(moved * best)) <= bound:
                best, free = moved * best, other
        return float(tied - free)


def _settled(loss: Loss, scores: list[float]) -> list[Decimal] | None:
    """The losses to thirty decimals and more; None where decimals cannot say."""
    before: list[Decimal] | None = None
    for digits in _DIGITS:
        try:
            with localcontext() as context:
                context.prec = digits
                values = np.array([Decimal(s) for s in scores], dtype=object)
                found: list[Value] = list(loss.losses(values, DecimalOps()))
                if not all(isinstance(v, Decimal) and v.is_finite() for v in found):
                    return None
                if before is not None and all(
                    abs(a - b) * 10**30 <= 1 + abs(a) for a, b in zip(before, found, strict=True)
                ):
                    return found
        except (DecimalException, ArithmeticError, TypeError, ValueError, AttributeError):
            return None
        except (NotImplementedError, HconsistError):
            return None
        before = found
    return None
