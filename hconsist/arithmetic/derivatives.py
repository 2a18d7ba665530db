"""Jets as an arithmetic: a formula run on numbers that carry their derivatives returns its value,
gradient and Hessian, exactly and in one pass, in any arithmetic.

`Jets` is one more arithmetic for the formulas. It knows sums, products, case distinctions and the
chain rule; what the elementary functions and their derivatives are, it asks the table
(`hconsist.arithmetic.functions`).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import reduce

import numpy as np

from hconsist.arithmetic.arrays import ArrayOps
from hconsist.arithmetic.balls import BALLS, possible
from hconsist.arithmetic.exact import Exact, OfParameter, Value
from hconsist.arithmetic.floats import FLOATS
from hconsist.arithmetic.functions import Elementary
from hconsist.arithmetic.jet import Jet, entry, value_of
from hconsist.arithmetic.objects import ObjectOps, elementwise
from hconsist.arithmetic.ops import Ops, OverOps
from hconsist.errors import EngineCannotAnswerError


class Jets(OverOps):
    """Jets over the numbers of another arithmetic.

    At a kink (maximum, absolute value, cases that meet) where a ball cannot tell the branches
    apart, first derivatives are the hull of both (every subgradient of a convex formula is inside)
    and second ones nan, as the slope may jump. Floats take one side. At a jump there is no
    derivative: nan in balls.

    Parameters
    ----------
    base : Ops
        Of single numbers (`FLOATS`), or of vectors (arrays, balls).

    Examples
    --------
    >>> from hconsist.arithmetic.jet import variable
    >>> g = FLOAT_JETS.log(variable(2.0))
    >>> g.d1, g.d2
    (0.5, -0.25)
    """

    def apply(self, function: Elementary, x: Value) -> Value:
        if not isinstance(x, Jet):
            return self.base.apply(function, x)
        y = self.base.apply(function, x.v)
        if x.d1 is None:
            return Jet(y)
        first = function.first(x.v, y, self.base)
        second = None if x.d2 is None else function.second(x.v, y, first, self.base)
        return x.through(y, first, second)

    def variables(self, x: Value, order: int = 2) -> Jet:
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

    def _pick(
        self,
        x: Value,
        y: Value,
        larger: Value,
        smaller: Value,
        choose: Callable[[Value, Value], Value],
    ) -> Value:
        if not isinstance(x, Jet) and not isinstance(y, Jet):
            return choose(x, y)
        first = self.base.takes_first(value_of(larger), value_of(smaller))
        if first is True and isinstance(x, Jet):
            return x
        if first is False and isinstance(y, Jet):
            return y
        return self._joined([(first, x), (True, y)], choose(value_of(x), value_of(y)), True)

    def less(self, x: Value, y: Value, *, strict: bool) -> Value:
        return self.base.less(value_of(x), value_of(y), strict=strict)

    def takes_first(self, x: Value, y: Value) -> Value:
        return self.base.takes_first(value_of(x), value_of(y))

    def all_of(self, conditions: list[Value]) -> Value:
        return self.base.all_of(conditions)

    def any_of(self, conditions: list[Value]) -> Value:
        return self.base.any_of(conditions)

    def select(self, branches: list[tuple[Value, Value]], *, continuous: bool = False) -> Value:
        value = self.base.select([(c, value_of(v)) for c, v in branches], continuous=continuous)
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
        firsts: list[Value] = []
        seconds: list[Value] = []
        for _, v in branches:
            known = v if isinstance(v, Jet) and v.d1 is not None else None
            firsts.append(model.d1 * 0 if known is None else known.d1)
            if model.d2 is not None:
                seconds.append(model.d2 * 0 if known is None else known.d2)
        d1 = self._derivative(conditions, firsts, continuous)
        # at a kink the slope jumps: no number bounds the second derivative, continuous or not
        d2 = None if model.d2 is None else self._derivative(conditions, seconds, False)
        return Jet(value, d1, d2, many=model.many)

    def _derivative(
        self, conditions: list[Value], derivatives: list[Value], continuous: bool
    ) -> Value:
        hull = self.base.select(list(zip(conditions, derivatives, strict=True)))
        if continuous or not isinstance(self.base, ObjectOps):
            return hull
        flat = [part for pair in zip(conditions, derivatives, strict=True) for part in pair]
        return elementwise(lambda h, *f: h if len(possible(*f)) == 1 else h * math.nan, hull, *flat)

    # -- vectors: reductions along the last axis, directions stay in front
    def _linear(self, function: Callable[[Value], Value], vector: Value) -> Value:
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
        value = self.base.logsumexp(value_of(vector))
        if not isinstance(vector, Jet):
            return value
        if vector.d1 is None:
            return Jet(value)
        u = self._shares(vector.v, value)
        d1 = self.base.sum(u * vector.d1)
        if vector.d2 is None:
            return Jet(value, d1, many=vector.many)
        centred = vector.d1 - entry(
            d1, (..., None)
        )  # the variance of the slopes, and the mean bend
        d2 = self.base.sum(u * (vector._outer(centred, centred) + vector.d2))
        return Jet(value, d1, d2, many=vector.many)

    def _shares(self, scores: Value, total: Value) -> Value:
        """The softmax values, whose logsumexp is known."""
        return self.base.softmax(scores)

    def log_softmax(self, scores: Value) -> Value:
        value = self.base.log_softmax(value_of(scores))
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

    def _shares(self, scores: Value, total: Value) -> Value:
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

        def total(a: Value) -> Value:
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
            lambda t, _: value_of(function(Jet(t), self)),
            lambda t, _: value_of(slope(Jet(t), self)),
            value_of(low),
            value_of(high),
        )
        result = function(Jet(at), self)
        if isinstance(result, Jet) and result.d2 is not None:
            raise EngineCannotAnswerError(
                "numeric", "no second derivative of a maximum over an interval here"
            )
        return result


FLOAT_JETS = Jets(FLOATS)
BALL_JETS = Jets(BALLS)
