"""Second-order jets: a loss formula run on jets returns its value, gradient and Hessian, exactly
and in one pass.

`JetOps` is one more arithmetic for the formulas of `hconsist.losses`; it asks nothing of them that
`ArrayOps` does not.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hconsist.arithmetic import Exact, Ops, Value

Array = NDArray[np.float64]


class Jet:
    """A value with its first and second derivatives in d variables: shapes (...), (..., d) and
    (..., d, d).
    """

    __slots__ = ("gradient", "hessian", "value")
    __array_ufunc__ = None  # so that ndarray * Jet reaches Jet.__rmul__

    def __init__(self, value: Array, gradient: Array, hessian: Array) -> None:
        self.value, self.gradient, self.hessian = value, gradient, hessian

    @classmethod
    def variable(cls, value: Array) -> Jet:
        """An elementwise variable: every entry is differentiated by itself (d = 1)."""
        return cls(value, np.ones((*value.shape, 1)), np.zeros((*value.shape, 1, 1)))

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of the values."""
        return self.value.shape

    def __getitem__(self, key: Any) -> Jet:
        """A further axis at the end, ``jet[..., None]``: all that a formula may ask for."""
        if key != (Ellipsis, None):
            raise NotImplementedError("a jet can only be indexed by [..., None]")
        return Jet(
            self.value[..., None], self.gradient[..., None, :], self.hessian[..., None, :, :]
        )

    def chain(self, value: Array, first: Array, second: Array) -> Jet:
        """f(self) from f, f' and f'' at the value."""
        g = self.gradient
        if not g.shape[-1]:
            return _plain(value)
        outer = g[..., :, None] * g[..., None, :]
        return Jet(
            value,
            first[..., None] * g,
            second[..., None, None] * outer + first[..., None, None] * self.hessian,
        )

    def _pair(self, other: Any) -> tuple[Array, Array | float, Array | float]:
        if isinstance(other, Jet):
            return other.value, other.gradient, other.hessian
        return np.asarray(other, dtype=float), 0.0, 0.0

    def __add__(self, other: Any) -> Jet:
        v, g, h = self._pair(other)
        value = self.value + v
        if not self.gradient.shape[-1]:
            return _plain(value)
        if isinstance(other, Jet):
            return Jet(value, self.gradient + g, self.hessian + h)
        d = self.gradient.shape[-1]
        return Jet(
            value,
            np.broadcast_to(self.gradient, (*value.shape, d)),
            np.broadcast_to(self.hessian, (*value.shape, d, d)),
        )

    def __radd__(self, other: Any) -> Jet:
        return self.__add__(other)

    def __neg__(self) -> Jet:
        return Jet(-self.value, -self.gradient, -self.hessian)

    def __sub__(self, other: Any) -> Jet:
        return self.__add__(-other)

    def __rsub__(self, other: Any) -> Jet:
        return self.__neg__().__add__(other)

    def __mul__(self, other: Any) -> Jet:
        if not isinstance(other, Jet):
            v = np.asarray(other, dtype=float)
            if not self.gradient.shape[-1]:
                return _plain(self.value * v)
            return Jet(
                self.value * v, self.gradient * v[..., None], self.hessian * v[..., None, None]
            )
        if not self.gradient.shape[-1]:
            return _plain(self.value * other.value)
        cross = self.gradient[..., :, None] * other.gradient[..., None, :]
        return Jet(
            self.value * other.value,
            self.value[..., None] * other.gradient + other.value[..., None] * self.gradient,
            self.value[..., None, None] * other.hessian
            + other.value[..., None, None] * self.hessian
            + cross
            + np.swapaxes(cross, -1, -2),
        )

    def __rmul__(self, other: Any) -> Jet:
        return self.__mul__(other)

    def __truediv__(self, other: Any) -> Jet:
        if not isinstance(other, Jet):
            return self.__mul__(1.0 / np.asarray(other, dtype=float))
        r = 1.0 / other.value
        return self.__mul__(other.chain(r, -r * r, 2 * r * r * r))

    def __rtruediv__(self, other: Any) -> Jet:
        r = 1.0 / self.value
        return self.chain(r, -r * r, 2 * r * r * r).__mul__(other)


def _plain(value: Array) -> Jet:
    """A value without derivatives (d = 0)."""
    value = np.asarray(value)
    return Jet(value, np.empty((*value.shape, 0)), np.empty((*value.shape, 0, 0)))


def _where(condition: Array, x: Jet, y: Jet) -> Jet:
    return Jet(
        np.where(condition, x.value, y.value),
        np.where(condition[..., None], x.gradient, y.gradient),
        np.where(condition[..., None, None], x.hessian, y.hessian),
    )


class JetOps(Ops):
    """Elementwise functions of jets.

    At a kink (maximum, absolute value) the derivative is that of one side.

    Examples
    --------
    >>> u = Jet.variable(np.array([0.5]))
    >>> JetOps().log(u).gradient[..., 0], JetOps().log(u).hessian[..., 0, 0]
    (array([2.]), array([-4.]))
    """

    def const(self, value: Exact | int) -> float:
        return float(value)

    def pi(self) -> float:
        return math.pi

    def exp(self, x: Value) -> Value:
        if not isinstance(x, Jet):
            return math.exp(x)
        v = np.exp(x.value)
        return x.chain(v, v, v)

    def log(self, x: Value) -> Value:
        if not isinstance(x, Jet):
            return math.log(x)
        r = 1.0 / x.value
        return x.chain(np.log(x.value), r, -r * r)

    def tanh(self, x: Value) -> Value:
        if not isinstance(x, Jet):
            return math.tanh(x)
        v = np.tanh(x.value)
        first = 1.0 - v * v
        return x.chain(v, first, -2.0 * v * first)

    def power(self, x: Value, exponent: Exact | int) -> Value:
        e = float(exponent)
        if not isinstance(x, Jet):
            return x**e
        v = x.value
        if e == int(e) and e >= 0:  # no division: the argument may be 0
            first = e * v ** max(e - 1, 0) if e else np.zeros_like(v)
            second = e * (e - 1) * v ** max(e - 2, 0) if e > 1 else np.zeros_like(v)
            return x.chain(v**e, first, second)
        value = v**e
        first = e * value / v
        return x.chain(value, first, (e - 1) * first / v)

    def maximum(self, x: Value, y: Value) -> Value:
        x, y = self._lift(x, y)
        return _where(x.value >= y.value, x, y)

    def minimum(self, x: Value, y: Value) -> Value:
        x, y = self._lift(x, y)
        return _where(x.value <= y.value, x, y)

    def absolute(self, x: Value) -> Value:
        return _where(x.value >= 0, x, -x)

    def softplus(self, x: Value) -> Value:
        e = np.exp(-np.abs(x.value))
        sigma = np.where(x.value >= 0, 1.0, e) / (1.0 + e)
        return x.chain(np.maximum(x.value, 0.0) + np.log1p(e), sigma, sigma * (1.0 - sigma))

    def _lift(self, x: Value, y: Value) -> tuple[Jet, Jet]:
        if not isinstance(x, Jet):
            x = y * 0.0 + x
        if not isinstance(y, Jet):
            y = x * 0.0 + y
        return x, y

    def xlogx(self, x: Value) -> Value:
        if not isinstance(x, Jet):
            return x * math.log(x) if x > 0 else 0.0
        safe = np.maximum(x.value, 1e-300)
        log = np.log(safe)
        return x.chain(x.value * log, 1.0 + log, 1.0 / safe)


class GroupScores(Jet):
    """Scores of grouped labels: G values that stand for n labels. Only here does ``shape`` speak of
    labels.
    """

    __slots__ = ("n",)

    def __init__(self, scores: Array, n: int, *, derivatives: bool = True) -> None:
        size = scores.shape[-1]
        d = size if derivatives else 0
        identity = np.broadcast_to(np.eye(size)[:, :d], (*scores.shape, d))
        super().__init__(scores, identity, np.zeros((*scores.shape, d, d)))
        self.n = n

    @property
    def shape(self) -> tuple[int, ...]:
        return (*self.value.shape[:-1], self.n)


class GroupJetOps(JetOps):
    """Jets of vectors over labels, kept as G groups of equal scores with multiplicities.

    A vector is (..., G); a matrix [y, k] is (..., G, G + 1): column 0 is the label itself, column 1
    + g the *other* labels of group g. Sums and maxima weigh columns by how many labels they stand
    for.

    Parameters
    ----------
    multiplicity : array (..., G)
        Zero for an empty group.
    maximisers : list of array, optional
        Of the inner maxima of the formula, in order, as an earlier run left them in the attribute
        of this name.
    """

    def __init__(self, multiplicity: Array, maximisers: list[Array] | None = None) -> None:
        size = multiplicity.shape[-1]
        self.maximisers: list[Array] = []
        self._known = list(maximisers or [])
        self.weights = multiplicity
        others = np.maximum(multiplicity[..., None, :] - np.eye(size), 0.0)
        self.pair_weights = np.concatenate([np.ones((*others.shape[:-1], 1)), others], axis=-1)
        self.size = size

    def _weights(self, x: Jet) -> Array:
        return self.weights if x.value.shape[-1] == self.size else self.pair_weights

    def sum(self, vector: Value) -> Value:
        return self._weighted(vector, self._weights(vector))

    def max(self, vector: Value) -> Value:
        return self._largest(vector, self._weights(vector))

    def logsumexp(self, vector: Value) -> Value:
        weights = self._weights(vector)
        top = np.max(np.where(weights > 0, vector.value, -np.inf), axis=-1, keepdims=True)
        return self.log(self._weighted(self.exp(vector - top), weights)) + top[..., 0]

    def softmax(self, scores: Value) -> Value:
        total = self.logsumexp(scores)
        column = Jet(
            total.value[..., None], total.gradient[..., None, :], total.hessian[..., None, :, :]
        )
        return self.exp(Jet(scores.value, scores.gradient, scores.hessian) - column)

    def differences(self, scores: Value) -> Value:
        return self._own(scores) - self.rows(scores)

    def rows(self, vector: Value) -> Value:
        own = self._own(vector)

        def columns(a: Array, first: Array, axis: int) -> Array:
            spread = np.repeat(np.expand_dims(a, axis - 1), self.size, axis=axis - 1)
            return np.concatenate([first, spread], axis=axis)

        return Jet(
            columns(vector.value, own.value, -1),
            columns(vector.gradient, own.gradient, -2),
            columns(vector.hessian, own.hessian, -3),
        )

    def off_diagonal(self, n: int) -> Value:
        result = np.ones((self.size, self.size + 1))
        result[:, 0] = 0.0
        return result

    def sum_others(self, matrix: Value) -> Value:
        return self._weighted(matrix, self._without_self())

    def max_others(self, matrix: Value) -> Value:
        return self._largest(matrix, self._without_self())

    def maximum_over(self, value: Any, slope: Any, low: Value, high: Value) -> Value:
        """The root of the slope, without derivatives; with them, from the maximisers of such a run.

        By the envelope theorem the first derivatives of the maximiser give the second derivatives
        of the maximum.
        """
        if not self._known:
            shape = self.weights.shape

            def constant(lam: Array) -> Jet:
                return Jet(lam, np.zeros((*shape, 0)), np.zeros((*shape, 0, 0)))

            at = _falling_root(
                lambda lam: slope(constant(lam), self).value,
                np.full(shape, float(low)),
                np.full(shape, float(high)),
            )
            self.maximisers.append(at)
            return value(constant(at), self)
        lam = self._known.pop(0)
        d = self.size
        flat = np.zeros((*lam.shape, d, d))
        still = slope(Jet(lam, np.zeros((*lam.shape, d)), flat), self)
        unit = np.broadcast_to(np.eye(d)[0], (*lam.shape, d))
        moved = slope(Jet(lam, unit, flat), self)
        curvature = (moved.gradient - still.gradient)[..., :1]
        return value(Jet(lam, -still.gradient / curvature, flat), self)

    def _without_self(self) -> Array:
        weights = self.pair_weights.copy()
        weights[..., 0] = 0.0
        return weights

    @staticmethod
    def _own(vector: Jet) -> Jet:
        return Jet(
            vector.value[..., :, None],
            vector.gradient[..., :, None, :],
            vector.hessian[..., :, None, :, :],
        )

    @staticmethod
    def _weighted(x: Jet, w: Array) -> Jet:
        def total(a: Array, weights: Array, axis: int) -> Array:
            return np.asarray(np.sum(np.where(weights > 0, weights * a, 0.0), axis=axis))

        if not x.gradient.shape[-1]:
            return _plain(total(x.value, w, -1))
        return Jet(
            total(x.value, w, -1),
            total(x.gradient, w[..., None], -2),
            total(x.hessian, w[..., None, None], -3),
        )

    @staticmethod
    def _largest(x: Jet, w: Array) -> Jet:
        index = np.argmax(np.where(w > 0, x.value, -np.inf), axis=-1)[..., None]
        return Jet(
            np.take_along_axis(x.value, index, axis=-1)[..., 0],
            np.take_along_axis(x.gradient, index[..., None], axis=-2)[..., 0, :],
            np.take_along_axis(x.hessian, index[..., None, None], axis=-3)[..., 0, :, :],
        )


def _falling_root(function: Callable[[Array], Array], low: Array, high: Array) -> Array:
    """Where a function that falls through 0 does so, elementwise; an end of the interval where it
    has one sign.

    Anderson-Bjorck steps (regula falsi whose stale end is scaled down), a bisection where three of
    them left more than half.

    Examples
    --------
    >>> _falling_root(lambda x: 2 - x**3, np.array([0.0]), np.array([2.0])) ** 3
    array([2.])
    """
    a, b, fa, fb = low.copy(), high.copy(), function(low), function(high)
    close = 1e-13 * (np.abs(fa) + np.abs(fb))
    x, before, last = np.where(fa <= 0, a, b), b - a, np.zeros(a.shape)
    going = (fa > 0) & (fb < 0)
    for i in range(90):
        if not np.any(going):
            break
        with np.errstate(all="ignore"):
            step = b - fb * (b - a) / (fb - fa)
        slow = (i % 3 == 2) & (b - a > before / 2)
        step = np.where(slow | ~((step > a) & (step < b)), (a + b) / 2, step)
        if i % 3 == 2:
            before = b - a
        f = function(np.where(going, step, x))
        x = np.where(going, step, x)
        right = f > 0  # the root is to the right of x
        with np.errstate(all="ignore"):
            shrink = 1.0 - f / np.where(right, fa, fb)
        shrink = np.where(shrink > 0, shrink, 0.5)
        stale = np.where(right, last > 0, last < 0)
        fa, fb = (
            np.where(right, f, np.where(stale, fa * shrink, fa)),
            np.where(right, np.where(stale, fb * shrink, fb), f),
        )
        a, b = np.where(right, x, a), np.where(right, b, x)
        last = np.where(right, 1.0, -1.0)
        going &= (np.abs(f) > close) & (b - a > 1e-15 * np.maximum(np.abs(a), np.abs(b)))
    return x
