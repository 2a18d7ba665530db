"""SymPy expressions for what has no elementary form: finite minima, interpolation, pooled norms.

Each knows its own value in floats and, rigorously, in balls (`evaluate_in`, called by `hconsist.arithmetic.evaluate`).
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise
from typing import Any

import numpy as np
import sympy

from hconsist.arithmetic import BallOps, Ops, SympyOps, Value, evaluate


def pool_symbol() -> sympy.Symbol:
    """The size of a pool of labels."""
    return sympy.Symbol("k", integer=True, positive=True)


class FiniteMinimum(sympy.Expr):  # type: ignore[misc]
    """``min { body : k = first, ..., last }`` over a whole number k.

    Parameters
    ----------
    body : sympy.Expr
    k : sympy.Symbol
        Bound by the minimum.
    first, last : int or sympy.Expr
    """

    def __new__(cls, body: Any, k: Any, first: Any, last: Any) -> Any:
        first, last = sympy.sympify(first), sympy.sympify(last)
        if first == last:
            return sympy.sympify(body).subs(k, first)
        return sympy.Expr.__new__(cls, sympy.sympify(body), k, first, last)

    @property
    def free_symbols(self) -> set[Any]:
        """Without the bound k."""
        body, k, first, last = self.args
        free: set[Any] = (body.free_symbols - {k}) | first.free_symbols | last.free_symbols
        return free

    @property
    def evaluation_arguments(self) -> tuple[Any, ...]:
        """What `evaluate_in` receives the values of."""
        return tuple(sorted(self.free_symbols, key=str))

    def _eval_subs(self, old: Any, new: Any) -> Any:
        return self if old == self.args[1] else None

    def doit(self, **hints: Any) -> Any:
        """The minimum written out with `sympy.Min`."""
        body, k, first, last = self.args
        return sympy.Min(*(body.subs(k, i) for i in range(int(first), int(last) + 1)))

    def evaluate_in(self, ops: Ops, *values: Value) -> Value:
        """The value in any arithmetic."""
        body, k, first, last = self.args
        known = dict(zip(self.evaluation_arguments, values, strict=True))
        result: Value = None
        for i in range(int(first), int(last) + 1):
            value = evaluate(body, {**known, k: ops.const(i)}, ops)
            result = value if result is None else ops.minimum(result, value)
        return result

    def _latex(self, printer: Any, *args: Any) -> str:
        body, k, first, last = (printer._print(a) for a in self.args)
        return rf"\min_{{{first} \le {k} \le {last}}} \left[ {body} \right]"

    def _sympystr(self, printer: Any, *args: Any) -> str:
        body, k, first, last = (printer._print(a) for a in self.args)
        return f"FiniteMinimum({body}, {k}={first}..{last})"


class Interpolation(sympy.Expr):  # type: ignore[misc]
    """The piecewise-linear function of x through given points, x between the first and the last abscissa.

    Parameters
    ----------
    x : sympy.Expr
    *points : sympy.Tuple
        Pairs with increasing abscissae, without free symbols.
    """

    def __new__(cls, x: Any, *points: Any) -> Any:
        x, points = sympy.sympify(x), tuple(sympy.Tuple(*p) for p in points)
        if x.is_Rational:
            return _segment_value(x, points)
        if len(points) == 2:
            return _line(x, *points)
        return sympy.Expr.__new__(cls, x, *points)

    @property
    def evaluation_arguments(self) -> tuple[Any, ...]:
        """What `evaluate_in` receives the values of."""
        return (self.args[0],)

    def inverse(self, value: Any) -> Any:
        """The inverse function, where the ordinates increase."""
        return Interpolation(value, *(sympy.Tuple(v, x) for x, v in self.args[1:]))

    def doit(self, **hints: Any) -> Any:
        """The same function as a `sympy.Piecewise`."""
        x, *points = self.args
        pieces = [(_line(x, a, b), x <= b[0]) for a, b in pairwise(points)]
        return sympy.Piecewise(*pieces[:-1], (pieces[-1][0], True))

    def evaluate_in(self, ops: Ops, x: Value) -> Value:
        """The value in any arithmetic."""
        if isinstance(ops, SympyOps):
            return self.func(x, *self.args[1:])
        points = self.args[1:]
        if isinstance(ops, BallOps):
            knots = [_constant(p[0], ops) for p in points]
            result: Value = None
            for i in range(len(points) - 1):
                if (i + 2 < len(points) and x > knots[i + 1]) or (i > 0 and x < knots[i]):
                    continue
                low, high = _constant(points[i][1], ops), _constant(points[i + 1][1], ops)
                value = low + (high - low) * (x - knots[i]) / (knots[i + 1] - knots[i])
                result = value if result is None else result.union(value)
            return result
        grid = np.asarray([float(p[0]) for p in points])
        return np.interp(np.asarray(x, dtype=float), grid, np.asarray([float(p[1]) for p in points]))

    def _latex(self, printer: Any, *args: Any) -> str:
        x, *points = self.args
        if len(points) <= 6:
            return str(printer._print(self.doit()))
        shown = [*points[:3], None, *points[-2:]]
        listed = ",\\ ".join(
            r"\dots" if p is None else rf"\left({printer._print(p[0])}, {printer._print(p[1])}\right)" for p in shown
        )
        return rf"\operatorname{{interpolate}}\left({printer._print(x)};\ {listed}\right)"

    def _sympystr(self, printer: Any, *args: Any) -> str:
        x, *points = self.args
        return f"Interpolation({x}; {', '.join(str(tuple(p)) for p in points)})"


def _constant(value: Any, ops: Ops) -> Value:
    return ops.const(Fraction(int(value.p), int(value.q))) if value.is_Rational else ops.const(value)


def _line(x: Any, a: Any, b: Any) -> Any:
    return a[1] + (b[1] - a[1]) / (b[0] - a[0]) * (x - a[0])


def _segment_value(x: Any, points: Sequence[Any]) -> Any:
    for a, b in pairwise(points):
        if x <= b[0]:
            return _line(x, a, b)
    return points[-1][1]
