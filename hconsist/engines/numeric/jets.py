"""Jets of vectors over labels, kept as groups of labels with equal scores.

`JetOps` is the arithmetic of `hconsist.arithmetic.derivatives` over NumPy arrays; `GroupJetOps`
adds what is said of labels: sums and maxima weigh each group by how many labels it stands for.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from hconsist.arithmetic import NUMPY, Value
from hconsist.arithmetic.derivatives import ArrayJets
from hconsist.arithmetic.exact import OfParameter
from hconsist.arithmetic.jet import Jet

__all__ = ["GroupJetOps", "GroupScores", "Jet", "JetOps"]

Array = NDArray[np.float64]


class JetOps(ArrayJets):
    """Jets over NumPy arrays.

    Examples
    --------
    >>> u = Jet.variable(np.array([0.5]))
    >>> JetOps().log(u).d1, JetOps().log(u).d2
    (array([2.]), array([-4.]))
    """

    def __init__(self) -> None:
        super().__init__(NUMPY)


class GroupScores(Jet):
    """Scores of grouped labels: G values that stand for n labels. Only here does ``shape`` speak of
    labels.
    """

    __slots__ = ("n",)

    def __init__(self, scores: Array, n: int, *, derivatives: bool = True) -> None:
        variables = JetOps().variables(scores) if derivatives else Jet(scores)
        super().__init__(scores, variables.d1, variables.d2, many=variables.many)
        self.n = n

    @property
    def shape(self) -> tuple[int, ...]:
        return (*self.v.shape[:-1], self.n)


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
        super().__init__()
        size = multiplicity.shape[-1]
        self.maximisers: list[Array] = []
        self._known = list(maximisers or [])
        self.weights = multiplicity
        others = np.maximum(multiplicity[..., None, :] - np.eye(size), 0.0)
        self.pair_weights = np.concatenate([np.ones((*others.shape[:-1], 1)), others], axis=-1)
        self.size = size

    def _weights(self, x: Jet) -> Array:
        return self.weights if x.v.shape[-1] == self.size else self.pair_weights

    def sum(self, vector: Value) -> Value:
        return self._weighted(vector, self._weights(vector))

    def max(self, vector: Value) -> Value:
        return self._largest(vector, self._weights(vector))

    def top_sum(self, vector: Value, k: int) -> Value:
        raise NotImplementedError("groups of labels are not sorted")

    def logsumexp(self, vector: Value) -> Value:
        weights = self._weights(vector)
        top = np.max(np.where(weights > 0, vector.v, -np.inf), axis=-1, keepdims=True)
        return self.log(self._weighted(self.exp(vector - top), weights)) + top[..., 0]

    def log_softmax(self, scores: Value) -> Value:
        return scores - self.logsumexp(scores)[..., None]

    def softmax(self, scores: Value) -> Value:
        return self.exp(self.log_softmax(scores))

    def differences(self, scores: Value) -> Value:
        return scores[..., :, None] - self.rows(scores)

    def rows(self, vector: Value) -> Value:
        def columns(a: Array) -> Array:
            spread = np.repeat(np.expand_dims(a, -2), self.size, axis=-2)
            return np.concatenate([a[..., :, None], spread], axis=-1)

        return self._linear(columns, vector)

    def off_diagonal(self, n: int) -> Value:
        result = np.ones((self.size, self.size + 1))
        result[:, 0] = 0.0
        return result

    def sum_others(self, matrix: Value) -> Value:
        return self._weighted(matrix, self._without_self())

    def max_others(self, matrix: Value) -> Value:
        return self._largest(matrix, self._without_self())

    def maximum_over(
        self, value: OfParameter, slope: OfParameter, low: Value, high: Value
    ) -> Value:
        """The root of the slope, without derivatives; with them, from the maximisers of such a run.

        By the envelope theorem the first derivatives of the maximiser give the second derivatives
        of the maximum.
        """
        if not self._known:
            shape = self.weights.shape
            at = _falling_root(
                lambda lam: np.asarray(slope(Jet(lam), self).v),
                np.full(shape, float(low)),
                np.full(shape, float(high)),
            )
            self.maximisers.append(at)
            return value(Jet(at), self)
        lam = self._known.pop(0)
        d = self.size
        zero, flat = np.zeros((d, *lam.shape)), np.zeros((d, d, *lam.shape))
        unit = zero.copy()
        unit[0] = 1.0
        still = slope(Jet(lam, zero, flat, many=True), self)
        moved = slope(Jet(lam, unit, flat, many=True), self)
        curvature = (moved.d1 - still.d1)[:1]
        return value(Jet(lam, -still.d1 / curvature, flat, many=True), self)

    def _without_self(self) -> Array:
        weights = self.pair_weights.copy()
        weights[..., 0] = 0.0
        return weights

    def _weighted(self, x: Jet, w: Array) -> Value:
        return self._linear(lambda a: np.sum(np.where(w > 0, w * a, 0.0), axis=-1), x)

    def _largest(self, x: Jet, w: Array) -> Value:
        index = np.argmax(np.where(w > 0, x.v, -np.inf), axis=-1)[..., None]

        def chosen(a: Array) -> Array:
            leading = (None,) * (a.ndim - index.ndim)
            return np.take_along_axis(a, index[leading], axis=-1)[..., 0]

        return self._linear(chosen, x)


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
