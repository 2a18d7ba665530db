"""Jets: a formula run on numbers that carry their derivatives returns its value, gradient and
Hessian, exactly and in one pass, in any arithmetic.

`Jets` is one more arithmetic for the formulas. It knows sums, products, case distinctions and the
chain rule; what the elementary functions and their derivatives are, it asks the table
(`hconsist.arithmetic.functions`).
"""

from __future__ import annotations

import math
from functools import reduce
from typing import Any

import numpy as np

from hconsist.arithmetic.arrays import ArrayOps
from hconsist.arithmetic.balls import BALLS, possible
from hconsist.arithmetic.exact import Exact, OfParameter, Value
from hconsist.arithmetic.floats import FLOATS
from hconsist.arithmetic.functions import Elementary
from hconsist.arithmetic.objects import ObjectOps, elementwise
from hconsist.arithmetic.ops import Ops
from hconsist.errors import EngineCannotAnswerError


class Jet:
    """A value v with its first and second derivatives d1 and d2.

    Parameters
    ----------
    v : value
        A number or array of any arithmetic.
    d1, d2 : value or None
        In one variable, of the shape of v, or a number for all entries. None: not asked for (d2
        alone, or both).
    many : bool
        In d variables: d1 and d2 are arrays of shapes (d, ...) and (d, d, ...), directions first.

    Examples
    --------
    >>> x = variable(3.0)
    >>> (1 / x).d1 == -1 / 9
    True
    """

    __slots__ = ("d1", "d2", "many", "v")
    __array_ufunc__ = None  # so that ndarray * Jet reaches Jet.__rmul__

    def __init__(self, v: Any, d1: Any = None, d2: Any = None, *, many: bool = False) -> None:
        self.v, self.d1, self.d2, self.many = v, d1, d2, many

    @property
    def value(self) -> Any:
        """The value."""
        return self.v

    @property
    def gradient(self) -> Any:
        """The first derivatives, directions last: (..., d)."""
        return np.moveaxis(self.d1, 0, -1) if self.many else self.d1[..., None]

    @property
    def hessian(self) -> Any:
        """The second derivatives, directions last: (..., d, d)."""
        return np.moveaxis(self.d2, (0, 1), (-2, -1)) if self.many else self.d2[..., None, None]

    @classmethod
    def variable(cls, x: Any) -> Jet:
        """See `variable`."""
        return variable(x)

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of the values."""
        return tuple(self.v.shape)

    def __getitem__(self, key: Any) -> Jet:
        """Entries by integers, slices, None and at most one ellipsis."""
        inner = key if isinstance(key, tuple) else (key,)
        if not any(k is Ellipsis for k in inner):
            inner = (*inner, Ellipsis)
        free = slice(None)
        first = (free, *inner) if self.many else inner
        second = (free, free, *inner) if self.many else inner
        return Jet(
            _entry(self.v, inner),
            None if self.d1 is None else _entry(self.d1, first),
            None if self.d2 is None else _entry(self.d2, second),
            many=self.many,
        )

    def through(self, f: Any, f1: Any, f2: Any) -> Jet:
        """The chain rule, for a function with value f and derivatives f1, f2 at v; f2 may be None
        where second derivatives were not asked for.
        """
        if self.d1 is None:
            return Jet(f)
        d2 = None
        if self.d2 is not None:
            d2 = f2 * self._outer(self.d1, self.d1) + f1 * self.d2
        return Jet(f, f1 * self.d1, d2, many=self.many)

    def _outer(self, x: Any, y: Any) -> Any:
        return x[:, None, ...] * y[None, ...] if self.many else x * y

    def _moved(self, v: Any, like: Jet) -> Jet:
        """A jet with the derivatives of ``like`` and the value v, which may have spread."""
        d1, d2 = like.d1, like.d2
        shape = getattr(v, "shape", ())
        if d1 is not None and shape != getattr(like.v, "shape", ()):
            d1 = _spread(d1, shape, int(like.many))
            d2 = None if d2 is None else _spread(d2, shape, 2 * int(like.many))
        return Jet(v, d1, d2, many=like.many)

    def __neg__(self) -> Jet:
        return Jet(
            -self.v,
            None if self.d1 is None else -self.d1,
            None if self.d2 is None else -self.d2,
            many=self.many,
        )

    def __add__(self, other: Any) -> Any:
        if not isinstance(other, Jet):
            return NotImplemented if _stranger(other) else self._moved(self.v + other, self)
        if other.d1 is None or self.d1 is None:
            return self._moved(self.v + other.v, self if other.d1 is None else other)
        d2 = None if self.d2 is None or other.d2 is None else self.d2 + other.d2
        return Jet(self.v + other.v, self.d1 + other.d1, d2, many=self.many or other.many)

    __radd__ = __add__

    def __sub__(self, other: Any) -> Any:
        return NotImplemented if _stranger(other) else self.__add__(-other)

    def __rsub__(self, other: Any) -> Any:
        return (-self).__add__(other)

    def __mul__(self, other: Any) -> Any:
        if not isinstance(other, Jet):
            return NotImplemented if _stranger(other) else self._scaled(other)
        if other.d1 is None or self.d1 is None:
            return self._scaled(other.v) if other.d1 is None else other._scaled(self.v)
        d2 = None
        if self.d2 is not None and other.d2 is not None:
            cross = self._outer(self.d1, other.d1)
            across = self._outer(other.d1, self.d1) if self.many else cross
            d2 = self.d2 * other.v + cross + across + self.v * other.d2
        d1 = self.d1 * other.v + self.v * other.d1
        return Jet(self.v * other.v, d1, d2, many=self.many)

    __rmul__ = __mul__

    def _scaled(self, factor: Any) -> Jet:
        return Jet(
            self.v * factor,
            None if self.d1 is None else self.d1 * factor,
            None if self.d2 is None else self.d2 * factor,
            many=self.many,
        )

    def _inverse(self) -> Jet:
        r = 1 / self.v
        return self.through(r, -r * r, None if self.d2 is None else 2 * r * r * r)

    def __truediv__(self, other: Any) -> Any:
        if isinstance(other, Jet):
            return self.__mul__(other._inverse())
        if _stranger(other):
            return NotImplemented
        return Jet(
            self.v / other,
            None if self.d1 is None else self.d1 / other,
            None if self.d2 is None else self.d2 / other,
            many=self.many,
        )

    def __rtruediv__(self, other: Any) -> Any:
        return self._inverse().__mul__(other)


def _entry(x: Any, key: Any) -> Any:
    """An entry of an array; a single ball or expression is an array without axes."""
    return x[key] if hasattr(x, "shape") else np.asarray(x, dtype=object)[key]


def _stranger(other: Any) -> bool:
    """Whether the other number knows better how to combine with a jet."""
    return hasattr(other, "logarithm")


def _spread(d: Any, shape: tuple[int, ...], leading: int) -> Any:
    if not hasattr(d, "shape"):
        return d
    target = (*d.shape[:leading], *shape)
    if isinstance(d, np.ndarray):
        return np.broadcast_to(d, target)
    from array_api_compat import array_namespace

    return array_namespace(d).broadcast_to(d, target)


def variable(x: Any, order: int = 2) -> Jet:
    """The independent variable at x; every entry of an array is differentiated by itself.

    >>> x = variable(2.0)
    >>> (x * x).v, (x * x).d1, (x * x).d2
    (4.0, 4.0, 2.0)
    """
    zero = x * 0
    return Jet(x, zero + 1, zero if order > 1 else None)


class Jets(Ops):
    """Jets over the numbers of another arithmetic.

    At a kink (maximum, absolute value, cases that meet) where a ball cannot tell the branches
    apart, derivatives are the hull of both: every subgradient of a convex formula is inside. Floats
    take one side. At a jump there is no derivative: nan in balls.

    Parameters
    ----------
    base : Ops
        Of single numbers (`FLOATS`), or of vectors (arrays, balls).

    Examples
    --------
    >>> g = FLOAT_JETS.log(variable(2.0))
    >>> g.d1, g.d2
    (0.5, -0.25)
    """

    base: Any

    def __init__(self, base: Ops) -> None:
        self.base = base

    def const(self, value: Exact | int) -> Value:
        return self.base.const(value)

    def pi(self) -> Value:
        return self.base.pi()

    def apply(self, function: Elementary, x: Value) -> Value:
        if not isinstance(x, Jet):
            return self.base.apply(function, x)
        y = self.base.apply(function, x.v)
        if x.d1 is None:
            return Jet(y)
        first = function.first(x.v, y, self.base)
        second = None if x.d2 is None else function.second(x.v, y, first, self.base)
        return x.through(y, first, second)

    def variables(self, x: Any, order: int = 2) -> Jet:
        """Independent variables along the last axis: (..., n) with n directions."""
        n, xp = x.shape[-1], np if isinstance(self.base, ObjectOps) else self.base.xp
        one = 1.0 - self.base.off_diagonal(n)
        d1 = xp.broadcast_to(xp.reshape(one, (n, *(1 for _ in x.shape[:-1]), n)), (n, *x.shape))
        d2 = xp.broadcast_to(0 * x, (n, n, *x.shape)) if order > 1 else None
        return Jet(x, d1, d2, many=True)

    def power(self, x: Value, exponent: Exact | int) -> Value:
        base = self.base
        if not isinstance(x, Jet):
            return base.power(x, exponent)
        y = base.power(x.v, exponent)
        if exponent == 0 or x.d1 is None:
            return x.through(y, x.v * 0, x.v * 0)
        e = base.const(exponent)
        first = e * base.lower_power(x.v, y, exponent, 1)
        if x.d2 is None:
            return x.through(y, first, None)
        if exponent == 1:
            return x.through(y, first, x.v * 0)
        return x.through(y, first, e * (e - 1) * base.lower_power(x.v, y, exponent, 2))

    # -- case distinctions
    def maximum(self, x: Value, y: Value) -> Value:
        return self._pick(x, y, x, y, self.base.maximum)

    def minimum(self, x: Value, y: Value) -> Value:
        return self._pick(x, y, y, x, self.base.minimum)

    def absolute(self, x: Value) -> Value:
        if not isinstance(x, Jet):
            return self.base.absolute(x)
        return self._pick(x, -x, x, -x, lambda v, _: self.base.absolute(v))

    def _pick(self, x: Value, y: Value, larger: Value, smaller: Value, choose: Any) -> Value:
        if not isinstance(x, Jet) and not isinstance(y, Jet):
            return choose(x, y)
        first = self.base.takes_first(_value(larger), _value(smaller))
        if first is True and isinstance(x, Jet):
            return x
        if first is False and isinstance(y, Jet):
            return y
        return self._joined([(first, x), (True, y)], choose(_value(x), _value(y)), True)

    def less(self, x: Value, y: Value, *, strict: bool) -> Value:
        return self.base.less(_value(x), _value(y), strict=strict)

    def takes_first(self, x: Value, y: Value) -> Value:
        return self.base.takes_first(_value(x), _value(y))

    def all_of(self, conditions: list[Value]) -> Value:
        return self.base.all_of(conditions)

    def any_of(self, conditions: list[Value]) -> Value:
        return self.base.any_of(conditions)

    def select(self, branches: list[tuple[Value, Value]], *, continuous: bool = False) -> Value:
        value = self.base.select([(c, _value(v)) for c, v in branches], continuous=continuous)
        return self._joined(branches, value, continuous)

    def _joined(self, branches: list[tuple[Value, Value]], value: Value, continuous: bool) -> Value:
        """The value of cases, with the derivatives of the branch that holds or, where more than one
        may, their hull, or nan where the function may jump.
        """
        jets = [v for _, v in branches if isinstance(v, Jet)]
        model = next((j for j in jets if j.d1 is not None), None)
        if model is None:
            return Jet(value) if jets else value
        conditions = [c for c, _ in branches]
        firsts: list[Any] = []
        seconds: list[Any] = []
        for _, v in branches:
            known = v if isinstance(v, Jet) and v.d1 is not None else None
            firsts.append(model.d1 * 0 if known is None else known.d1)
            if model.d2 is not None:
                seconds.append(model.d2 * 0 if known is None else known.d2)
        d1 = self._derivative(conditions, firsts, continuous)
        d2 = None if model.d2 is None else self._derivative(conditions, seconds, continuous)
        return Jet(value, d1, d2, many=model.many)

    def _derivative(self, conditions: list[Any], derivatives: list[Any], continuous: bool) -> Any:
        hull = self.base.select(list(zip(conditions, derivatives, strict=True)))
        if continuous or not isinstance(self.base, ObjectOps):
            return hull
        flat = [part for pair in zip(conditions, derivatives, strict=True) for part in pair]
        return elementwise(lambda h, *f: h if len(possible(*f)) == 1 else h * math.nan, hull, *flat)

    # -- vectors: reductions along the last axis, directions stay in front
    def _linear(self, function: Any, vector: Value) -> Value:
        """A linear function of the entries, which acts on values and derivatives alike."""
        if not isinstance(vector, Jet):
            return function(vector)
        return Jet(
            function(vector.v),
            None if vector.d1 is None else function(vector.d1),
            None if vector.d2 is None else function(vector.d2),
            many=vector.many,
        )

    def sum(self, vector: Value) -> Value:
        return self._linear(self.base.sum, vector)

    def differences(self, scores: Value) -> Value:
        return self._linear(self.base.differences, scores)

    def rows(self, vector: Value) -> Value:
        return self._linear(self.base.rows, vector)

    def sum_others(self, matrix: Value) -> Value:
        return self._linear(self.base.sum_others, matrix)

    def max_others(self, matrix: Value) -> Value:
        if not isinstance(matrix, Jet):
            return self.base.max_others(matrix)
        n = matrix.shape[-1]
        found = []
        for y in range(n):
            entries = [matrix[y, k] for k in range(n) if k != y]
            found.append(reduce(self.maximum, entries))
        if found[0].d2 is not None:
            raise NotImplementedError
        values = np.empty(n, dtype=object)
        values[:] = [f.v for f in found]
        return Jet(values, np.stack([f.d1 for f in found], axis=-1), many=matrix.many)

    def off_diagonal(self, n: int) -> Value:
        return self.base.off_diagonal(n)

    def matrix(self, rows: list[list[Exact]]) -> Value:
        return self.base.matrix(rows)

    def max(self, vector: Value) -> Value:
        return self.top_sum(vector, 1)

    def logsumexp(self, vector: Value) -> Value:
        value = self.base.logsumexp(_value(vector))
        if not isinstance(vector, Jet):
            return value
        if vector.d1 is None:
            return Jet(value)
        u = self._shares(vector.v, value)
        d1 = self.base.sum(u * vector.d1)
        if vector.d2 is None:
            return Jet(value, d1, many=vector.many)
        centred = vector.d1 - _entry(
            d1, (..., None)
        )  # the variance of the slopes, and the mean bend
        d2 = self.base.sum(u * (vector._outer(centred, centred) + vector.d2))
        return Jet(value, d1, d2, many=vector.many)

    def _shares(self, scores: Any, total: Any) -> Any:
        """The softmax values, whose logsumexp is known."""
        return self.base.softmax(scores)

    def log_softmax(self, scores: Value) -> Value:
        value = self.base.log_softmax(_value(scores))
        if not isinstance(scores, Jet):
            return value
        spread = scores - self.logsumexp(scores)[..., None]
        return Jet(value, spread.d1, spread.d2, many=scores.many)

    def softmax(self, scores: Value) -> Value:
        if not isinstance(scores, Jet):
            return self.base.softmax(scores)
        u = self.base.softmax(scores.v)
        return self.log_softmax(scores).through(u, u, u)


class ArrayJets(Jets):
    """Jets whose values are arrays, in any array namespace.

    Examples
    --------
    >>> ops = ArrayJets(ArrayOps())
    >>> s = ops.variables(np.array([0.0, 0.0]), order=1)
    >>> ops.logsumexp(s).d1
    array([0.5, 0.5])
    """

    def __init__(self, base: ArrayOps) -> None:
        super().__init__(base)
        self.xp = base.xp

    def logarithmic(self) -> Ops:
        from hconsist.arithmetic.logarithms import Logarithmic

        return Logarithmic(self)

    def _shares(self, scores: Any, total: Any) -> Any:
        return self.xp.exp(scores - total[..., None])

    # Constant arrays become jets too: a strict namespace refuses array - jet before the jet can
    # answer.
    def off_diagonal(self, n: int) -> Value:
        return Jet(self.base.off_diagonal(n))

    def matrix(self, rows: list[list[Exact]]) -> Value:
        return Jet(self.base.matrix(rows))

    def top_sum(self, vector: Value, k: int) -> Value:
        if not isinstance(vector, Jet):
            return self.base.top_sum(vector, k)
        xp = self.xp
        ranks = xp.argsort(xp.argsort(vector.v, axis=-1), axis=-1)
        chosen = ranks >= vector.v.shape[-1] - k

        def total(a: Any) -> Any:
            return None if a is None else xp.sum(xp.where(chosen, a, xp.zeros_like(a)), axis=-1)

        return Jet(total(vector.v), total(vector.d1), total(vector.d2), many=vector.many)

    def max_others(self, matrix: Value) -> Value:
        if not isinstance(matrix, Jet):
            return self.base.max_others(matrix)
        others = self.base.off_diagonal(matrix.shape[-1])
        low = self.xp.where(others > 0, matrix.v, self.xp.full_like(matrix.v, -math.inf))
        return self.max(Jet(low, matrix.d1, matrix.d2, many=matrix.many))

    def maximum_over(
        self, function: OfParameter, slope: OfParameter, low: Value, high: Value
    ) -> Value:
        # The derivative of a maximum is that of the function at the maximiser, held fixed
        # (Danskin).
        _, at = self.base.maximiser(
            lambda t, _: _value(function(Jet(t), self)),
            lambda t, _: _value(slope(Jet(t), self)),
            _value(low),
            _value(high),
        )
        result = function(Jet(at), self)
        if isinstance(result, Jet) and result.d2 is not None:
            raise EngineCannotAnswerError(
                "numeric", "no second derivative of a maximum over an interval here"
            )
        return result


def _value(x: Value) -> Value:
    return x.v if isinstance(x, Jet) else x


FLOAT_JETS = Jets(FLOATS)
BALL_JETS = Jets(BALLS)
