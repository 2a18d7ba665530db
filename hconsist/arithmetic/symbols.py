"""Exact symbolic expressions, by SymPy."""

from __future__ import annotations

import numpy as np

from hconsist.arithmetic.exact import Exact, OfParameter, Value, to_sympy
from hconsist.arithmetic.functions import Elementary
from hconsist.arithmetic.interval_maximum import interval_maximum
from hconsist.arithmetic.objects import ObjectOps, elementwise


class SympyOps(ObjectOps):
    """Exact symbolic expressions.

    Examples
    --------
    >>> from fractions import Fraction
    >>> import sympy
    >>> SympyOps().power(sympy.Symbol("u", positive=True), Fraction(1, 3))
    u**(1/3)
    """

    def const(self, value: Exact | int) -> Value:
        return to_sympy(value)

    def pi(self) -> Value:
        import sympy

        return sympy.pi

    def apply(self, function: Elementary, x: Value) -> Value:
        import sympy

        return elementwise(lambda v: function.of_symbol(v, sympy), x)

    def power(self, x: Value, exponent: Exact | int) -> Value:
        e = to_sympy(exponent)
        return elementwise(lambda v: v**e, x)

    def maximum(self, x: Value, y: Value) -> Value:
        import sympy

        return elementwise(sympy.Max, x, y)

    def minimum(self, x: Value, y: Value) -> Value:
        import sympy

        return elementwise(sympy.Min, x, y)

    def absolute(self, x: Value) -> Value:
        import sympy

        return elementwise(sympy.Abs, x)

    def maximum_over(
        self, function: OfParameter, slope: OfParameter, low: Value, high: Value
    ) -> Value:
        import sympy

        held_maximum = interval_maximum()
        t = sympy.Dummy("t", positive=True)
        values, slopes = np.asarray(function(t, self)), np.asarray(slope(t, self))
        held = [
            held_maximum(v, d, t, low, high)
            for v, d in zip(values.ravel(), slopes.ravel(), strict=True)
        ]
        return np.array(held, dtype=object).reshape(values.shape)

    def less(self, x: Value, y: Value, *, strict: bool) -> Value:
        return elementwise((lambda a, b: a < b) if strict else (lambda a, b: a <= b), x, y)

    def select(self, branches: list[tuple[Value, Value]], *, continuous: bool = False) -> Value:
        import sympy

        def piecewise(*flat: Value) -> Value:
            return sympy.Piecewise(*zip(flat[1::2], flat[::2], strict=True))

        return elementwise(piecewise, *(part for branch in branches for part in branch))


SYMPY = SympyOps()
