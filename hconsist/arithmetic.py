"""Number systems: each elementary function once per arithmetic.

A loss formula takes an ``ops`` object and never asks which arithmetic it runs in:

============== ======================================== =======================================
class          numbers                                  a vector over classes is
============== ======================================== =======================================
`ArrayOps`     floats of any array-API namespace        an array (..., n), class axis last
`SympyOps`     exact symbolic expressions               a NumPy object array (n,)
`BallOps`      python-flint balls, outward rounded      a NumPy object array (n,)
`CvxpyOps`     convex expressions                       a CVXPY expression (n,)
============== ======================================== =======================================

Heavy libraries are imported on first use only, so that importing the package stays cheap.
"""

from __future__ import annotations

import math
import numbers
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from hconsist.errors import EngineCannotAnswerError, InvalidInputError

if TYPE_CHECKING:
    import sympy

#: A value of one of the four arithmetics (scalar or vector): the formula does not care which.
Value: TypeAlias = Any
#: A loss parameter: an exact rational, or a SymPy expression (a symbol, or a constant such as
#: sqrt(2)).
Exact: TypeAlias = "Fraction | sympy.Expr"


#: A function of one number t, over an arithmetic: f(t, ops).
OfParameter: TypeAlias = Callable[[Any, Any], Any]


def exact(value: object, name: str) -> Exact:
    """Read a parameter exactly.

    A float is read as its shortest decimal, the number that was typed: 0.1 is 1/10, not the nearest
    binary double.

    Parameters
    ----------
    value : int, float, str, Decimal, Fraction or sympy.Expr
    name : str
        How the parameter is called in the error message.

    Raises
    ------
    InvalidInputError
        When the value is not a finite number.

    Examples
    --------
    >>> exact(0.1, "tau"), exact("7/3", "tau")
    (Fraction(1, 10), Fraction(7, 3))
    """
    if isinstance(value, Fraction):
        return value
    if isinstance(value, bool) or value is None:
        raise InvalidInputError(f"{name} must be a number", value, f"pass {name}=1 or {name}='1/2'")
    if isinstance(value, numbers.Integral):
        return Fraction(int(value))
    if hasattr(value, "free_symbols"):  # a SymPy expression, without importing SymPy to ask
        if getattr(value, "is_Rational", False):
            return Fraction(int(value.p), int(value.q))  # type: ignore[attr-defined]
        if getattr(value, "is_Float", False):
            return exact(float(value), name)  # type: ignore[arg-type]
        return value
    try:
        if isinstance(value, str | Decimal):
            return Fraction(value)
        if isinstance(value, numbers.Real):
            return Fraction(repr(float(value)))
    except (ValueError, OverflowError, ZeroDivisionError):
        pass
    raise InvalidInputError(
        f"{name} must be a finite number", value, f"pass {name} as 1.5, '3/2' or a SymPy expression"
    )


def whole(value: object, name: str) -> int:
    """Read a whole number, also from the text of a spec string.

    Raises
    ------
    InvalidInputError
        When the value is not a whole number.

    Examples
    --------
    >>> whole("3", "k")
    3
    """
    number = exact(value, name)
    if not isinstance(number, Fraction) or number.denominator != 1:
        raise InvalidInputError(f"{name} must be a whole number", str(value), f"pass {name}=2")
    return int(number)


def is_symbolic(value: object) -> bool:
    """Whether a parameter has free symbols left, so that it has no numerical value yet.

    >>> is_symbolic(Fraction(1, 2))
    False
    """
    return bool(getattr(value, "free_symbols", ()))


def require(condition: object, rule: str, received: object, remedy: str) -> None:
    """Raise `InvalidInputError` unless the condition holds; a condition that SymPy leaves open
    passes.

    >>> require(True, "tau must be >= 0", 1, "pass tau=0")
    """
    if condition is False or (hasattr(condition, "is_Boolean") and condition == False):  # noqa: E712 (SymPy's false)
        raise InvalidInputError(
            rule, received if isinstance(received, Fraction) else str(received), remedy
        )


class Ops:
    """What every arithmetic offers. Scalars combine with ``+ - * /``; everything else is a
    method.
    """

    def const(self, value: Exact | int) -> Value:
        """An exact constant in this arithmetic."""
        raise NotImplementedError

    def exp(self, x: Value) -> Value:
        """Exponential, elementwise."""
        raise NotImplementedError

    def log(self, x: Value) -> Value:
        """Natural logarithm, elementwise."""
        raise NotImplementedError

    def tanh(self, x: Value) -> Value:
        """Hyperbolic tangent, elementwise."""
        raise NotImplementedError

    def power(self, x: Value, exponent: Exact | int) -> Value:
        """``x ** exponent`` for x >= 0 (any x when the exponent is a natural number),
        elementwise.
        """
        raise NotImplementedError

    def maximum(self, x: Value, y: Value) -> Value:
        """The larger of two values, elementwise."""
        raise NotImplementedError

    def minimum(self, x: Value, y: Value) -> Value:
        """The smaller of two values, elementwise."""
        raise NotImplementedError

    def absolute(self, x: Value) -> Value:
        """Absolute value, elementwise."""
        raise NotImplementedError

    def softplus(self, x: Value) -> Value:
        """``log(1 + exp(x))``, elementwise, without overflow."""
        raise NotImplementedError

    def xlogx(self, x: Value) -> Value:
        """``x log x`` for x >= 0, elementwise; 0 at 0."""
        raise NotImplementedError

    def sum(self, vector: Value) -> Value:
        """Sum over the last axis."""
        raise NotImplementedError

    def max(self, vector: Value) -> Value:
        """Maximum over the last axis."""
        raise NotImplementedError

    def top_sum(self, vector: Value, k: int) -> Value:
        """Sum of the k largest entries of the last axis; 1 <= k <= its length."""
        raise NotImplementedError

    def logsumexp(self, vector: Value) -> Value:
        """``log(sum(exp(vector)))`` over the last axis, without overflow."""
        raise NotImplementedError

    def softmax(self, scores: Value) -> Value:
        """``exp(s_y) / sum_k exp(s_k)`` over the last axis."""
        raise NotImplementedError

    def differences(self, scores: Value) -> Value:
        """The matrix (..., n, n) with entry [y, k] = s_y - s_k."""
        raise NotImplementedError

    def rows(self, vector: Value) -> Value:
        """The matrix (..., n, n) whose every row is the vector: entry [y, k] = v_k."""
        raise NotImplementedError

    def off_diagonal(self, n: int) -> Value:
        """The matrix (n, n) with 0 on the diagonal and 1 elsewhere."""
        raise NotImplementedError

    def matrix(self, rows: list[list[Exact]]) -> Value:
        """A matrix of exact constants."""
        raise NotImplementedError

    def sum_others(self, matrix: Value) -> Value:
        """Row sums of (..., n, n) without the diagonal: sum over k != y of entry [y, k]."""
        raise NotImplementedError

    def max_others(self, matrix: Value) -> Value:
        """Row maxima of (..., n, n) without the diagonal: max over k != y of entry [y, k]."""
        raise NotImplementedError

    def maximum_over(
        self, function: OfParameter, slope: OfParameter, low: Value, high: Value
    ) -> Value:
        """``max { function(t) : low <= t <= high }``, elementwise, for a smooth function of one
        number t.

        ``function(t, ops)`` and its derivative ``slope(t, ops)`` take a t of the shape of their
        values. Floats: the best of a grid, refined by bisection on the slope. Balls: an enclosure
        by branch and bound.
        """
        raise EngineCannotAnswerError(
            "numeric", f"{type(self).__name__} has no maximum over an interval"
        )

    # Case distinctions. A condition is True, False, an elementwise truth value, or None where a
    # ball cannot decide it.
    def less(self, x: Value, y: Value, *, strict: bool) -> Value:
        """``x < y`` or ``x <= y``."""
        return x < y if strict else x <= y

    def all_of(self, conditions: list[Value]) -> Value:
        """Conjunction."""
        result = conditions[0]
        for c in conditions[1:]:
            result = result & c
        return result

    def any_of(self, conditions: list[Value]) -> Value:
        """Disjunction."""
        result = conditions[0]
        for c in conditions[1:]:
            result = result | c
        return result

    def select(self, branches: list[tuple[Value, Value]]) -> Value:
        """The value of the first branch whose condition holds; nan where none does."""
        raise NotImplementedError


class ArrayOps(Ops):
    """Floats in an array-API namespace (NumPy unless told otherwise).

    Parameters
    ----------
    namespace : module, optional
        NumPy, or what ``array_api_compat.array_namespace`` returns for torch or array-api-strict.
    **creation
        ``dtype`` and ``device`` of the arrays that a formula creates (constants, identity
        matrices).

    Examples
    --------
    >>> float(ArrayOps().softplus(np.asarray(0.0)))  # doctest: +ELLIPSIS
    0.693147...
    """

    def __init__(self, namespace: Any = np, **creation: Any) -> None:
        self.xp, self._creation = namespace, creation

    def const(self, value: Exact | int) -> float:
        return float(value)

    # Array namespaces take arrays, not Python numbers, in elementary functions: constants go
    # through math.
    def exp(self, x: Value) -> Value:
        return math.exp(x) if isinstance(x, int | float) else self.xp.exp(x)

    def log(self, x: Value) -> Value:
        return math.log(x) if isinstance(x, int | float) else self.xp.log(x)

    def tanh(self, x: Value) -> Value:
        return math.tanh(x) if isinstance(x, int | float) else self.xp.tanh(x)

    def power(self, x: Value, exponent: Exact | int) -> Value:
        return x ** float(exponent)

    def maximum(self, x: Value, y: Value) -> Value:
        x, y = self._pair(x, y)
        return self.xp.maximum(x, y)

    def minimum(self, x: Value, y: Value) -> Value:
        x, y = self._pair(x, y)
        return self.xp.minimum(x, y)

    def absolute(self, x: Value) -> Value:
        return abs(x)

    def softplus(self, x: Value) -> Value:
        # max(x, 0) + log1p(exp(-|x|)): no overflow on either side, full precision near 0.
        return self.maximum(x, 0.0) + self.xp.log1p(self.xp.exp(-self.xp.abs(x)))

    def xlogx(self, x: Value) -> Value:
        if isinstance(x, int | float):
            return x * math.log(x) if x > 0 else 0.0
        positive = x > 0
        return x * self.xp.log(self.xp.where(positive, x, self.xp.ones_like(x)))

    def sum(self, vector: Value) -> Value:
        return self.xp.sum(vector, axis=-1)

    def max(self, vector: Value) -> Value:
        return self.xp.max(vector, axis=-1)

    def top_sum(self, vector: Value, k: int) -> Value:
        return self.xp.sum(self.xp.sort(vector, axis=-1)[..., vector.shape[-1] - k :], axis=-1)

    def logsumexp(self, vector: Value) -> Value:
        top = self.xp.max(vector, axis=-1, keepdims=True)
        return self.xp.log(self.xp.sum(self.xp.exp(vector - top), axis=-1)) + top[..., 0]

    def softmax(self, scores: Value) -> Value:
        weights = self.xp.exp(scores - self.xp.max(scores, axis=-1, keepdims=True))
        return weights / self.xp.sum(weights, axis=-1, keepdims=True)

    def differences(self, scores: Value) -> Value:
        return scores[..., :, None] - scores[..., None, :]

    def rows(self, vector: Value) -> Value:
        return self.xp.broadcast_to(vector[..., None, :], (*vector.shape, vector.shape[-1]))

    def off_diagonal(self, n: int) -> Value:
        return 1.0 - self.xp.eye(n, **self._creation)

    def matrix(self, rows: list[list[Exact]]) -> Value:
        return self.xp.asarray([[float(v) for v in row] for row in rows], **self._creation)

    def sum_others(self, matrix: Value) -> Value:
        return self.xp.sum(self._with_diagonal(matrix, 0.0), axis=-1)

    def max_others(self, matrix: Value) -> Value:
        return self.xp.max(self._with_diagonal(matrix, -math.inf), axis=-1)

    def maximum_over(
        self, function: OfParameter, slope: OfParameter, low: Value, high: Value
    ) -> Value:
        best, at = self.maximiser(function, slope, low, high)
        return self.maximum(best, function(at, self))

    def maximiser(
        self, function: OfParameter, slope: OfParameter, low: Value, high: Value
    ) -> tuple[Value, Value]:
        """The largest value on the grid of `maximum_over`, and the t that its refinement found."""
        xp, cells = self.xp, 48
        best = function(xp.asarray(low, **self._creation), self)
        at = xp.full_like(best, low)
        for i in range(1, cells + 1):
            t = low + (high - low) * i / cells
            value = function(xp.asarray(t, **self._creation), self)
            better = value > best
            best, at = xp.where(better, value, best), xp.where(better, xp.full_like(best, t), at)
        width = (high - low) / cells
        left, right = self.maximum(at - width, low), self.minimum(at + width, high)
        for _ in range(60):
            middle = (left + right) / 2
            rising = slope(middle, self) > 0
            left, right = xp.where(rising, middle, left), xp.where(rising, right, middle)
        return best, (left + right) / 2

    def select(self, branches: list[tuple[Value, Value]]) -> Value:
        result: Value = math.nan
        for condition, value in reversed(branches):
            if isinstance(condition, bool):
                result = value if condition else result
            else:
                condition = self.xp.asarray(condition)
                value, result = (
                    v
                    if hasattr(v, "shape")
                    else self.xp.full(condition.shape, float(v), **self._creation)
                    for v in (value, result)
                )
                result = self.xp.where(condition, value, result)
        return result

    def _with_diagonal(self, matrix: Value, value: float) -> Value:
        diagonal = self.xp.eye(matrix.shape[-1], **self._creation) > 0
        return self.xp.where(diagonal, self.xp.full_like(matrix, value), matrix)

    def _pair(self, x: Value, y: Value) -> tuple[Value, Value]:
        """Give a Python scalar the dtype of its partner, as the array API wants."""
        if isinstance(x, int | float) and isinstance(y, int | float):
            return self.xp.asarray(float(x), **self._creation), self.xp.asarray(
                float(y), **self._creation
            )
        if isinstance(y, int | float) and not isinstance(x, int | float):
            return x, self.xp.full_like(x, y)
        if isinstance(x, int | float) and not isinstance(y, int | float):
            return self.xp.full_like(y, x), y
        return x, y


def _elementwise(function: Callable[..., Any], *args: Any) -> Any:
    """Apply a scalar function to object arrays, or directly to scalars."""
    if any(isinstance(a, np.ndarray) for a in args):
        return np.frompyfunc(function, len(args), 1)(*args)
    return function(*args)


def _drop_diagonal(matrix: Any) -> Any:
    """(..., n, n) to (..., n, n - 1): the entries [y, k] with k != y."""
    n = matrix.shape[-1]
    rows = np.arange(n)[:, None]
    others = np.array([[k for k in range(n) if k != y] for y in range(n)])
    return matrix[..., rows, others]


class _ObjectOps(Ops):
    """What SymPy expressions and balls share: vectors are NumPy object arrays."""

    def sum(self, vector: Value) -> Value:
        return np.sum(np.asarray(vector, dtype=object), axis=-1)

    def max(self, vector: Value) -> Value:
        rows = np.moveaxis(np.asarray(vector, dtype=object), -1, 0)
        top = rows[0]
        for row in rows[1:]:
            top = self.maximum(top, row)
        return top

    def top_sum(self, vector: Value, k: int) -> Value:
        # k passes of a sorting network: each carries the largest remaining entry out, by maxima and
        # minima only.
        rest = list(np.moveaxis(np.asarray(vector, dtype=object), -1, 0))
        result = self.const(0)
        for _ in range(k):
            top = rest[0]
            for i in range(1, len(rest)):
                rest[i - 1], top = self.minimum(top, rest[i]), self.maximum(top, rest[i])
            rest.pop()
            result = result + top
        return result

    def logsumexp(self, vector: Value) -> Value:
        return self.log(self.sum(self.exp(vector)))

    def softmax(self, scores: Value) -> Value:
        weights = self.exp(np.asarray(scores, dtype=object))
        return weights / np.sum(weights, axis=-1, keepdims=True)

    def softplus(self, x: Value) -> Value:
        return self.log(self.exp(x) + self.const(1))

    def differences(self, scores: Value) -> Value:
        scores = np.asarray(scores, dtype=object)
        return scores[..., :, None] - scores[..., None, :]

    def rows(self, vector: Value) -> Value:
        vector = np.asarray(vector, dtype=object)
        return np.broadcast_to(vector[..., None, :], (*vector.shape, vector.shape[-1]))

    def off_diagonal(self, n: int) -> Value:
        one, zero = self.const(1), self.const(0)
        return np.array(
            [[zero if i == j else one for j in range(n)] for i in range(n)], dtype=object
        )

    def matrix(self, rows: list[list[Exact]]) -> Value:
        return np.array([[self.const(v) for v in row] for row in rows], dtype=object)

    def sum_others(self, matrix: Value) -> Value:
        return self.sum(_drop_diagonal(matrix))

    def max_others(self, matrix: Value) -> Value:
        return self.max(_drop_diagonal(matrix))


@lru_cache(maxsize=1)
def _interval_maximum() -> Any:
    """The class of held maxima over an interval; made on first use, as it needs SymPy."""
    import mpmath
    import sympy

    class IntervalMaximum(sympy.Expr):  # type: ignore[misc]
        """``max { body : low <= t <= high }`` for a formula in t.

        Parameters
        ----------
        body, slope : sympy.Expr
            The formula and its derivative by t.
        t : sympy.Symbol
            Bound by the maximum.
        low, high : sympy.Expr
            Without free symbols.

        """

        def __new__(cls, body: Any, slope: Any, t: Any, low: Any, high: Any) -> Any:
            """Hold the maximum unevaluated."""
            return sympy.Expr.__new__(cls, *(sympy.sympify(v) for v in (body, slope, t, low, high)))

        @property
        def free_symbols(self) -> set[Any]:
            """Without the bound t."""
            free: set[Any] = self.args[0].free_symbols - {self.args[2]}
            return free

        @property
        def evaluation_arguments(self) -> tuple[Any, ...]:
            """What `evaluate_in` receives the values of."""
            return tuple(sorted(self.free_symbols, key=str))

        def evaluate_in(self, ops: Ops, *values: Value) -> Value:
            """The value in any arithmetic."""
            body, slope, t, low, high = self.args
            known = dict(zip(self.evaluation_arguments, values, strict=True))
            ends = (evaluate(v, {}, ops) for v in (low, high))
            return ops.maximum_over(
                lambda x, o: evaluate(body, {**known, t: x}, o),
                lambda x, o: evaluate(slope, {**known, t: x}, o),
                *ends,
            )

        def _eval_evalf(self, prec: int) -> Any:
            if self.free_symbols:
                return self
            body, slope, t, low, high = self.args
            with mpmath.workprec(prec + 30):
                f, d = sympy.lambdify(t, body, "mpmath"), sympy.lambdify(t, slope, "mpmath")
                a, b = mpmath.mpf(sympy.N(low, 60)), mpmath.mpf(sympy.N(high, 60))
                grid = [a + (b - a) * i / 64 for i in range(65)]
                best = max(range(65), key=lambda i: f(grid[i]))
                left, right = grid[max(best - 1, 0)], grid[min(best + 1, 64)]
                for _ in range(prec + 40):
                    middle = (left + right) / 2
                    left, right = (middle, right) if d(middle) > 0 else (left, middle)
                return sympy.Float(max(f(grid[best]), f((left + right) / 2)), precision=prec)

        def _latex(self, printer: Any, *args: Any) -> str:
            body, _, t, low, high = (printer._print(a) for a in self.args)
            return rf"\max_{{{low} \le {t} \le {high}}} \left[ {body} \right]"

    return IntervalMaximum


class SympyOps(_ObjectOps):
    """Exact symbolic expressions.

    Examples
    --------
    >>> import sympy
    >>> SympyOps().power(sympy.Symbol("u", positive=True), Fraction(1, 3))
    u**(1/3)
    """

    def const(self, value: Exact | int) -> Value:
        return to_sympy(value)

    def exp(self, x: Value) -> Value:
        import sympy

        return _elementwise(sympy.exp, x)

    def log(self, x: Value) -> Value:
        import sympy

        return _elementwise(sympy.log, x)

    def tanh(self, x: Value) -> Value:
        import sympy

        return _elementwise(sympy.tanh, x)

    def power(self, x: Value, exponent: Exact | int) -> Value:
        e = to_sympy(exponent)
        return _elementwise(lambda v: v**e, x)

    def maximum(self, x: Value, y: Value) -> Value:
        import sympy

        return _elementwise(sympy.Max, x, y)

    def minimum(self, x: Value, y: Value) -> Value:
        import sympy

        return _elementwise(sympy.Min, x, y)

    def absolute(self, x: Value) -> Value:
        import sympy

        return _elementwise(sympy.Abs, x)

    def xlogx(self, x: Value) -> Value:
        return _elementwise(lambda v: to_sympy(0) if v == 0 else v * self.log(v), x)

    def maximum_over(
        self, function: OfParameter, slope: OfParameter, low: Value, high: Value
    ) -> Value:
        import sympy

        held_maximum = _interval_maximum()
        t = sympy.Dummy("t", positive=True)
        values, slopes = np.asarray(function(t, self)), np.asarray(slope(t, self))
        held = [
            held_maximum(v, d, t, low, high)
            for v, d in zip(values.ravel(), slopes.ravel(), strict=True)
        ]
        return np.array(held, dtype=object).reshape(values.shape)

    def select(self, branches: list[tuple[Value, Value]]) -> Value:
        import sympy

        return sympy.Piecewise(*((value, condition) for condition, value in branches))


class BallOps(_ObjectOps):
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

    def const(self, value: Exact | int) -> Value:
        if isinstance(value, Fraction | int):
            import flint

            q = Fraction(value)
            return flint.arb(flint.fmpq(q.numerator, q.denominator))
        return evaluate(to_sympy(value), {}, self)

    def exp(self, x: Value) -> Value:
        return _elementwise(lambda v: v.exp(), x)

    def log(self, x: Value) -> Value:
        return _elementwise(lambda v: v.log(), x)

    def tanh(self, x: Value) -> Value:
        return _elementwise(lambda v: v.tanh(), x)

    def power(self, x: Value, exponent: Exact | int) -> Value:
        if isinstance(exponent, Fraction) and exponent.denominator == 1:
            exponent = int(exponent)
        if isinstance(exponent, int):
            return _elementwise(lambda v: self._integer_power(v, exponent), x)
        e = self.const(exponent)
        return _elementwise(lambda v: self._real_power(v, e), x)

    def maximum(self, x: Value, y: Value) -> Value:
        return _elementwise(lambda a, b: a.max(b), x, y)

    def minimum(self, x: Value, y: Value) -> Value:
        return _elementwise(lambda a, b: a.min(b), x, y)

    def absolute(self, x: Value) -> Value:
        return _elementwise(abs, x)

    def xlogx(self, x: Value) -> Value:
        return _elementwise(self._xlogx, x)

    def _xlogx(self, x: Value) -> Value:
        if x.lower() > 0:
            return x * x.log()
        zero, top = self.const(0), x.upper()
        if not top > 0:
            return zero
        # Decreasing down to -1/e at 1/e, increasing after it.
        turning = (-self.const(1)).exp()
        enclosure = zero.union(top * top.log())
        return enclosure if top < turning else enclosure.union(-turning)

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
        self, function: Any, slope: Any, low: Value, high: Value, boxes: int
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

    def less(self, x: Value, y: Value, *, strict: bool) -> bool | None:
        if (x < y) if strict else (x <= y):
            return True
        return False if ((x >= y) if strict else (x > y)) else None

    def all_of(self, conditions: list[Value]) -> bool | None:
        return False if False in conditions else None if None in conditions else True

    def any_of(self, conditions: list[Value]) -> bool | None:
        return True if True in conditions else None if None in conditions else False

    def select(self, branches: list[tuple[Value, Value]]) -> Value:
        # Every branch that may hold, up to the first that must, contributes to the hull.
        result: Value = None
        for condition, value in branches:
            if condition is not False:
                result = value if result is None else result.union(value)
            if condition is True:
                break
        else:
            import flint

            return flint.arb("nan")
        return result

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


class CvxpyOps(Ops):
    """CVXPY expressions: a formula that follows the DCP rules becomes a convex program as it
    stands.

    Examples
    --------
    >>> import cvxpy as cp
    >>> CvxpyOps().softplus(cp.Variable()).is_convex()
    True
    """

    def const(self, value: Exact | int) -> Value:
        return float(value)

    def exp(self, x: Value) -> Value:
        import cvxpy as cp

        return math.exp(x) if isinstance(x, int | float) else cp.exp(x)

    def log(self, x: Value) -> Value:
        import cvxpy as cp

        return math.log(x) if isinstance(x, int | float) else cp.log(x)

    def tanh(self, x: Value) -> Value:
        raise InvalidInputError(
            "a convex program has no tanh", str(x), "use the numeric engine's search instead"
        )

    def power(self, x: Value, exponent: Exact | int) -> Value:
        import cvxpy as cp

        try:  # power cones, exact for every exponent
            return cp.power(x, float(exponent), approx=False)
        except TypeError:  # an older CVXPY, which has second-order cones for a nearby rational only
            return cp.power(x, float(exponent))

    def maximum(self, x: Value, y: Value) -> Value:
        import cvxpy as cp

        return cp.maximum(x, y)

    def minimum(self, x: Value, y: Value) -> Value:
        import cvxpy as cp

        return cp.minimum(x, y)

    def absolute(self, x: Value) -> Value:
        import cvxpy as cp

        return cp.abs(x)

    def softplus(self, x: Value) -> Value:
        import cvxpy as cp

        return cp.logistic(x)

    def xlogx(self, x: Value) -> Value:
        import cvxpy as cp

        return -cp.entr(x)

    def sum(self, vector: Value) -> Value:
        import cvxpy as cp

        return cp.sum(vector, axis=-1) if len(vector.shape) > 1 else cp.sum(vector)

    def max(self, vector: Value) -> Value:
        import cvxpy as cp

        return cp.max(vector, axis=1) if len(vector.shape) > 1 else cp.max(vector)

    def top_sum(self, vector: Value, k: int) -> Value:
        import cvxpy as cp

        if len(vector.shape) > 1:
            return cp.hstack([cp.sum_largest(vector[i], k) for i in range(vector.shape[0])])
        return cp.sum_largest(vector, k)

    def logsumexp(self, vector: Value) -> Value:
        import cvxpy as cp

        return cp.log_sum_exp(vector, axis=1) if len(vector.shape) > 1 else cp.log_sum_exp(vector)

    def softmax(self, scores: Value) -> Value:
        raise InvalidInputError(
            "softmax is not a convex function of the scores",
            str(scores),
            "take the softmax vector itself as variable",
        )

    def differences(self, scores: Value) -> Value:
        import cvxpy as cp

        return cp.vstack([scores[y] - scores for y in range(scores.shape[0])])

    def rows(self, vector: Value) -> Value:
        import cvxpy as cp

        return cp.vstack([vector] * vector.shape[0])

    def off_diagonal(self, n: int) -> Value:
        return 1.0 - np.eye(n)

    def matrix(self, rows: list[list[Exact]]) -> Value:
        return np.array([[float(v) for v in row] for row in rows])

    def sum_others(self, matrix: Value) -> Value:
        import cvxpy as cp

        return cp.sum(cp.multiply(self.off_diagonal(matrix.shape[0]), matrix), axis=1)

    def max_others(self, matrix: Value) -> Value:
        import cvxpy as cp

        n = matrix.shape[0]
        return cp.hstack([cp.max(matrix[y, [k for k in range(n) if k != y]]) for y in range(n)])


def to_sympy(value: Exact | int) -> sympy.Expr:
    """The SymPy form of an exact parameter.

    >>> to_sympy(Fraction(2, 3))
    2/3
    """
    import sympy

    if isinstance(value, Fraction):
        return sympy.Rational(value.numerator, value.denominator)
    return sympy.sympify(value)


def evaluate(expression: sympy.Expr, values: Mapping[sympy.Symbol, Value], ops: Ops) -> Value:
    """Evaluate a SymPy expression in any arithmetic, without passing through floats.

    Parameters
    ----------
    expression : sympy.Expr
        Built from + * **, exp, log, tanh (and sinh, cosh), sqrt, Abs, Max, Min, rational numbers,
        pi, E.
    values : mapping
        A value of the target arithmetic for every free symbol.
    ops : Ops

    Raises
    ------
    InvalidInputError
        For a function that the arithmetic does not know, or a symbol without a value.

    Examples
    --------
    >>> import sympy
    >>> b = sympy.Symbol("b")
    >>> float(evaluate(sympy.sqrt(b) / 3, {b: np.asarray(4.0)}, ArrayOps()))  # doctest: +ELLIPSIS
    0.666...
    """
    import sympy

    cache: dict[Any, Value] = {}

    def constant(e: Any) -> Value:
        if e.is_Rational:
            return ops.const(Fraction(int(e.p), int(e.q)))
        if e.is_Float:
            return ops.const(exact(e, "a coefficient"))
        if e is sympy.E:
            return ops.exp(ops.const(1))
        if e is sympy.pi:
            if isinstance(ops, BallOps):
                import flint

                return flint.arb.pi()
            return sympy.pi if isinstance(ops, SympyOps) else float(sympy.pi)
        raise InvalidInputError(
            "an expression must be built from known functions",
            str(e),
            f"rewrite {e} by exp and log",
        )

    def walk(e: Any) -> Value:
        if e not in cache:
            cache[e] = visit(e)
        return cache[e]

    def x_log_x(product: Any) -> Value:
        """A product with a factor g log(g), which tends to 0 with g; None where there is none."""
        for logarithm in product.args:
            if not isinstance(logarithm, sympy.log):
                continue
            inner, g = logarithm.args[0].primitive()
            for factor in product.args:
                coefficient, rest = factor.primitive()
                if rest in (g, -g) and inner.is_Rational and not g.is_Number:
                    others = [f for f in product.args if f is not logarithm and f is not factor]
                    ratio = (coefficient if rest == g else -coefficient) / inner
                    total = ops.const(Fraction(int(ratio.p), int(ratio.q))) * ops.xlogx(
                        walk(logarithm.args[0])
                    )
                    for other in others:
                        total = total * walk(other)
                    return total
        return None

    def visit(e: Any) -> Value:
        if e in values:
            return values[e]
        if e.is_Symbol:
            raise InvalidInputError(
                "every symbol of an expression needs a value",
                str(e),
                f"give a value for {e} (known: {list(values)})",
            )
        if e.is_Number or e.is_NumberSymbol:
            return constant(e)
        if e.is_Mul:
            continued = x_log_x(e)
            if continued is not None:
                return continued
        if e.is_Add or e.is_Mul:
            total = walk(e.args[0])
            for arg in e.args[1:]:
                total = total + walk(arg) if e.is_Add else total * walk(arg)
            return total
        if isinstance(e, sympy.exp):
            return ops.exp(walk(e.args[0]))
        if e.is_Pow:
            base, exponent = e.args
            if exponent.is_Rational:
                return ops.power(walk(base), Fraction(int(exponent.p), int(exponent.q)))
            if not exponent.free_symbols:
                return ops.power(walk(base), exponent)
            return ops.exp(walk(exponent) * ops.log(walk(base)))
        unary = {sympy.log: ops.log, sympy.tanh: ops.tanh, sympy.Abs: ops.absolute}
        for cls, function in unary.items():
            if isinstance(e, cls):
                return function(walk(e.args[0]))
        if isinstance(e, sympy.sinh | sympy.cosh | sympy.coth | sympy.sech):
            return walk(e.rewrite(sympy.exp))
        if isinstance(e, sympy.Max | sympy.Min):
            pick = ops.maximum if isinstance(e, sympy.Max) else ops.minimum
            result = walk(e.args[0])
            for arg in e.args[1:]:
                result = pick(result, walk(arg))
            return result
        if isinstance(e, sympy.Piecewise):
            branches = [(walk_condition(condition), value) for value, condition in e.args]
            return ops.select(
                [(decided, walk(value)) for decided, value in branches if decided is not False]
            )
        if hasattr(
            e, "evaluate_in"
        ):  # a function of ours that knows its own value in every arithmetic
            return e.evaluate_in(
                ops, *(walk(a) for a in getattr(e, "evaluation_arguments", e.args))
            )
        raise InvalidInputError(
            "an expression must be built from known functions",
            str(e),
            f"rewrite {e.func} by exp and log",
        )

    def walk_condition(c: Any) -> Value:
        if c == True or c == False:  # noqa: E712 (SymPy's own truth values)
            return bool(c)
        if isinstance(c, sympy.And | sympy.Or):
            decided = [walk_condition(a) for a in c.args]
            return ops.all_of(decided) if isinstance(c, sympy.And) else ops.any_of(decided)
        if isinstance(c, sympy.LessThan | sympy.StrictLessThan):
            return ops.less(walk(c.lhs), walk(c.rhs), strict=isinstance(c, sympy.StrictLessThan))
        if isinstance(c, sympy.GreaterThan | sympy.StrictGreaterThan):
            return ops.less(walk(c.rhs), walk(c.lhs), strict=isinstance(c, sympy.StrictGreaterThan))
        raise InvalidInputError(
            "a condition must be an inequality", str(c), "rewrite it by <, <=, And, Or"
        )

    return walk(sympy.sympify(expression))


def endpoints(ball: Any) -> tuple[Fraction, Fraction]:
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


NUMPY = ArrayOps(np)
SYMPY = SympyOps()
BALLS = BallOps()
CVXPY = CvxpyOps()
