"""SymPy expressions for what has no elementary form: finite minima, interpolation, pooled norms.

Each knows its own value in floats and, rigorously, in balls (`evaluate_in`, called by
`hconsist.arithmetic.evaluate`).
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import sympy
from sympy import Expr

from hconsist.arithmetic import BALLS, NUMPY, BallOps, Ops, SympyOps, Value, evaluate, precision
from hconsist.errors import EngineCannotAnswerError

if TYPE_CHECKING:
    from sympy.printing.printer import Printer


def pool_symbol() -> sympy.Symbol:
    """The size of a pool of labels."""
    return sympy.Symbol("k", integer=True, positive=True)


def in_numbers(expression: Expr, prec: int) -> Expr:
    """A value to so many bits, by balls; None where symbols are free."""
    if expression.free_symbols:
        return None
    with precision(prec + 30):
        middle = evaluate(expression, {}, BALLS).mid()
    return sympy.Float(middle.str(prec, radius=False), precision=prec)


class Node(sympy.Expr):  # type: ignore[misc]
    """An expression that SymPy turns into numbers: by balls where nothing is free, and in code as
    what `doit` writes out.

    >>> x = sympy.Symbol("x")
    >>> bent = Interpolation(x, (0, 0), (1, 1), (2, 4))
    >>> float(sympy.lambdify(x, bent)(1.5)), bent.subs(x, 1.5), FiniteMinimum(x, x, 2, 4).evalf(5)
    (2.5, 2.50000000000000, 2.0000)
    """

    def _eval_evalf(self, prec: int) -> Expr:
        return in_numbers(self, prec)

    def _code(self, printer: Printer, *args: object) -> str:
        return str(printer._print(self.doit()))

    _pythoncode = _numpycode = _lambdacode = _mpmathcode = _scipycode = _code


class _Minimum(Node):
    """A minimum over a bound variable; arguments (body, variable, first, last)."""

    @property
    def free_symbols(self) -> set[Expr]:
        """Without the bound variable."""
        body, variable, first, last = self.args
        free: set[Expr] = (body.free_symbols - {variable}) | first.free_symbols | last.free_symbols
        return free

    @property
    def evaluation_arguments(self) -> tuple[Expr, ...]:
        """What `evaluate_in` receives the values of."""
        return tuple(sorted(self.free_symbols, key=str))

    def _eval_subs(self, old: object, new: object) -> Expr:
        return self if old == self.args[1] else None

    def _latex(self, printer: Printer, *args: object) -> str:
        body, variable, first, last = (printer._print(a) for a in self.args)
        return rf"\min_{{{first} \le {variable} \le {last}}} \left[ {body} \right]"

    def _sympystr(self, printer: Printer, *args: object) -> str:
        body, variable, first, last = (printer._print(a) for a in self.args)
        return f"{type(self).__name__}({body}, {first} <= {variable} <= {last})"


class FiniteMinimum(_Minimum):
    """``min { body : k = first, ..., last }`` over a whole number k.

    Parameters
    ----------
    body : sympy.Expr
    k : sympy.Symbol
        Bound by the minimum.
    first, last : int or sympy.Expr
    """

    def __new__(cls, body: Expr, k: Expr, first: Expr | int, last: Expr | int) -> Expr:
        first, last = sympy.sympify(first), sympy.sympify(last)
        if first == last:
            return sympy.sympify(body).subs(k, first)
        return sympy.Expr.__new__(cls, sympy.sympify(body), k, first, last)

    def doit(self, **hints: object) -> Expr:
        """The minimum written out with `sympy.Min`."""
        body, k, first, last = self.args
        if not (first.is_Integer and last.is_Integer):
            return self
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


class Interpolation(Node):
    """The piecewise-linear function of x through given points, x between the first and the last
    abscissa.

    Parameters
    ----------
    x : sympy.Expr
    *points : sympy.Tuple
        Pairs with increasing abscissae, without free symbols.
    """

    def __new__(cls, x: Expr, *points: tuple[Expr | int, Expr | int]) -> Expr:
        x, points = sympy.sympify(x), tuple(sympy.Tuple(*p) for p in points)
        if x.is_number and x.is_comparable:
            return _segment_value(x, points)
        if len(points) == 2:
            return _line(x, *points)
        return sympy.Expr.__new__(cls, x, *points)

    @property
    def evaluation_arguments(self) -> tuple[Expr, ...]:
        """What `evaluate_in` receives the values of."""
        return (self.args[0],)

    def inverse(self, value: Expr) -> Expr:
        """The inverse function, where the ordinates increase."""
        return Interpolation(value, *(sympy.Tuple(v, x) for x, v in self.args[1:]))

    def doit(self, **hints: object) -> Expr:
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
        return np.interp(
            np.asarray(x, dtype=float), grid, np.asarray([float(p[1]) for p in points])
        )

    def _latex(self, printer: Printer, *args: object) -> str:
        x, *points = self.args
        if len(points) <= 6:
            return str(printer._print(self.doit()))
        shown = [*points[:2], None, *points[-2:]]
        listed = ",\\ ".join(
            r"\dots"
            if p is None
            else rf"\left({printer._print(p[0])}, {printer._print(p[1])}\right)"
            for p in shown
        )
        return rf"\operatorname{{interpolate}}\left({printer._print(x)};\ {listed}\right)"

    def _sympystr(self, printer: Printer, *args: object) -> str:
        x, *points = self.args
        return f"Interpolation({x}; {', '.join(str(tuple(p)) for p in points)})"


class ConvexMinimum(_Minimum):
    """``min { body : x in (low, high) }`` of a body convex in x, whose minimum has no elementary
    form.

    Parameters
    ----------
    body : sympy.Expr
    x : sympy.Symbol
        Bound by the minimum.
    low, high : sympy.Expr
        Numbers; high may be infinite.
    """

    def __new__(cls, body: Expr, x: Expr, low: Expr, high: Expr) -> Expr:
        return sympy.Expr.__new__(cls, *(sympy.sympify(a) for a in (body, x, low, high)))

    def evaluate_in(self, ops: Ops, *values: Value) -> Value:
        """The value in floats or balls."""
        body, x, low, high = self.args
        if isinstance(ops, SympyOps):
            return self.subs(dict(zip(self.evaluation_arguments, values, strict=True)))
        slope = sympy.diff(body, x)
        known = dict(zip(self.evaluation_arguments, values, strict=True))
        if not isinstance(ops, BallOps):
            best = self._lowest(
                slope, {k: np.asarray(v, dtype=float) for k, v in known.items()}, ops
            )
            return evaluate(body, {**known, x: best}, ops)
        middles = {k: np.asarray(float(v.mid())) for k, v in known.items()}
        at = ops.const(0) + float(self._lowest(slope, middles, NUMPY))
        bend = sympy.diff(slope, x)
        start = _constant(low, ops)
        end = self._beyond(slope, known, at, ops) if high is sympy.oo else _constant(high, ops)
        for _ in range(3):  # sharpen the float
            exact_point = {**known, x: at}
            step = (at - evaluate(slope, exact_point, ops) / evaluate(bend, exact_point, ops)).mid()
            if not (step.is_finite() and step > start and step < end):
                break
            at = step
        # The value there from above; from below the tangent, at the end of the interval where it is
        # lowest.
        upper, rise = evaluate(body, {**known, x: at}, ops), evaluate(slope, {**known, x: at}, ops)
        drop = (rise * (at - start)).max(-rise * (end - at)).max(ops.const(0))
        return upper.union(upper - drop)

    def _beyond(self, slope: Expr, known: dict[Expr, Value], at: Value, ops: Ops) -> Value:
        """A point beyond which the body rises: its slope there is proven positive."""
        point = 2 * abs(at) + 1
        for _ in range(60):
            if evaluate(slope, {**known, self.args[1]: point}, ops) > 0:
                return point
            point = 2 * point
        raise EngineCannotAnswerError(
            "symbolic", f"no point was found beyond which {self.args[0]} rises", "numeric"
        )

    def _lowest(self, slope: Expr, known: dict[Expr, Value], ops: Ops) -> Value:
        _, x, low, high = self.args
        shape = np.broadcast_shapes(*(v.shape for v in known.values())) if known else ()

        def place(t: Value) -> Value:  # [0, 1] onto the interval
            if high is sympy.oo:
                return float(low) + t / (1 - t)
            return float(low) + (float(high) - float(low)) * t

        left, right = np.zeros(shape), np.ones(shape)
        with np.errstate(all="ignore"):
            for _ in range(60):
                middle = (left + right) / 2
                falls = np.asarray(evaluate(slope, {**known, x: place(middle)}, ops)) < 0
                left, right = np.where(falls, middle, left), np.where(falls, right, middle)
            return place((left + right) / 2)


class UnimodalMinimum(ConvexMinimum):
    """``min { body : x in (low, high) }`` of a body that falls up to a point and rises beyond it.

    Parameters
    ----------
    body, x, low, high
        As for `ConvexMinimum`.
    """

    def evaluate_in(self, ops: Ops, *values: Value) -> Value:
        """The value in floats or balls."""
        if not isinstance(ops, BallOps):
            return super().evaluate_in(ops, *values)
        body, x, low, high = self.args
        slope = sympy.diff(body, x)
        known = dict(zip(self.evaluation_arguments, values, strict=True))
        middles = {k: np.asarray(float(v.mid())) for k, v in known.items()}
        middle = ops.const(0) + float(self._lowest(slope, middles, NUMPY))
        start, end = _constant(low, ops), _constant(high, ops)
        for exponent in range(-44, -2, 3):
            reach = ops.const(Fraction(2) ** exponent)
            left, right = (middle - reach).max(start), (middle + reach).min(end)
            falls = not left > start or evaluate(slope, {**known, x: left}, ops) < 0
            rises = not right < end or evaluate(slope, {**known, x: right}, ops) > 0
            if falls and rises:  # the lowest point lies between
                between = evaluate(body, {**known, x: left.union(right)}, ops)
                return between.min(evaluate(body, {**known, x: middle}, ops))
        raise EngineCannotAnswerError(
            "symbolic", f"the lowest point of {body} was not enclosed", "numeric"
        )


def _constant(value: Expr, ops: Ops) -> Value:
    return (
        ops.const(Fraction(int(value.p), int(value.q))) if value.is_Rational else ops.const(value)
    )


def _line(x: Expr, a: Expr, b: Expr) -> Expr:
    return a[1] + (b[1] - a[1]) / (b[0] - a[0]) * (x - a[0])


def _segment_value(x: Expr, points: Sequence[Expr]) -> Expr:
    for a, b in pairwise(points):
        if x <= b[0]:
            return _line(x, a, b)
    return points[-1][1]
