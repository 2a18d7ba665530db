"""Weighted losses of score vectors with their gradients, from the loss formulas themselves.

Shapes: scores and label weights (..., n_classes, m), classes before samples, so that reductions
over few classes run over long rows. Every family keeps its formula in `hconsist.losses`;
derivatives are found by SymPy, or by tangent arithmetic where a loss is not a separable sum.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Protocol

from hconsist.arithmetic import SYMPY, ArrayOps, evaluate
from hconsist.errors import InvalidInputError
from hconsist.losses import Loss, Separable
from hconsist.simulate.backend import AnyArray, Backend
from hconsist.simulate.tangents import Tangent, TangentOps

#: Softmax values are kept above this, where every power of interest is still a finite double.
_TINY = 1e-150


class RiskKernel(Protocol):
    """``sum_y weights_y l(scores, y)`` at every sample, and its gradient by the scores."""

    def __call__(self, scores: AnyArray, weights: AnyArray) -> tuple[AnyArray, AnyArray]:
        """Values (..., m) and gradients (..., n_classes, m)."""


def risk_kernel(loss: Loss, backend: Backend) -> RiskKernel:
    """The kernel for a loss: its separable form where it has one, tangent arithmetic where it has
    none.

    Raises
    ------
    InvalidInputError
        For a loss with a parameter without a value.

    Examples
    --------
    >>> import numpy as np
    >>> from hconsist.losses import parse_loss
    >>> kernel = risk_kernel(parse_loss("logistic"), Backend())
    >>> value, gradient = kernel(np.zeros((2, 1)), np.array([[1.0], [0.0]]))
    >>> value.round(4), gradient[:, 0]
    (array([0.6931]), array([-0.5,  0.5]))
    """
    if loss.symbolic:
        raise InvalidInputError(
            "training needs every parameter to be a number", loss.spec, "give the parameters values"
        )
    separable = loss.separable
    if separable is None:
        return _ByTangents(loss, backend)
    kind = _OfSoftmax if separable.coordinate == "softmax" else _OfScores
    return kind(separable, log_derivative(loss), backend)


@lru_cache(maxsize=256)
def log_derivative(loss: Loss) -> Callable[[Any, ArrayOps], Any]:
    """g'(z) for scores, and z g'(z) for softmax values: simplified once, so that nothing overflows
    that need not.
    """
    import sympy

    separable = loss.separable
    assert separable is not None
    softmax = separable.coordinate == "softmax"
    z = sympy.Symbol("z", positive=True) if softmax else sympy.Symbol("z", real=True)
    formula = sympy.sympify(separable.term(z, SYMPY)).rewrite(
        (sympy.Max, sympy.Min, sympy.Abs), sympy.Piecewise
    )
    slope = sympy.diff(formula, z)
    slope = sympy.piecewise_fold(slope) if slope.has(sympy.Piecewise) else slope
    if softmax:
        slope = sympy.powsimp(sympy.expand_mul(slope * z))
    return lambda value, ops: evaluate(slope, {z: value}, ops)


@dataclass(frozen=True)
class _OfSoftmax:
    """``sum_k w_k g(u_k)``, u = softmax(scores / temperature)."""

    separable: Separable
    derivative: Callable[[Any, ArrayOps], Any]
    backend: Backend

    def __call__(self, scores: AnyArray, weights: AnyArray) -> tuple[AnyArray, AnyArray]:
        xp, ops = self.backend.xp, self.backend.ops
        temperature = float(self.separable.temperature)
        if temperature != 1:
            scores = scores / temperature
        u = xp.exp(scores - xp.max(scores, axis=-2, keepdims=True))
        u = xp.clip(u / xp.sum(u, axis=-2, keepdims=True), _TINY)
        w = (
            xp.sum(weights, axis=-2, keepdims=True) - weights
            if self.separable.complement
            else weights
        )
        slopes = w * self.derivative(u, ops)
        value = xp.sum(w * self.separable.term(u, ops), axis=-2)
        slopes = slopes - u * xp.sum(slopes, axis=-2, keepdims=True)
        return value, slopes if temperature == 1 else slopes / temperature


@dataclass(frozen=True)
class _OfScores:
    """``sum_k w_k g(z_k)``, z the scores less their mean, w the weights or, where complementary,
    their total less them.
    """

    separable: Separable
    derivative: Callable[[Any, ArrayOps], Any]
    backend: Backend

    def __call__(self, scores: AnyArray, weights: AnyArray) -> tuple[AnyArray, AnyArray]:
        xp, ops = self.backend.xp, self.backend.ops
        z = scores - xp.mean(scores, axis=-2, keepdims=True)
        w = (
            xp.sum(weights, axis=-2, keepdims=True) - weights
            if self.separable.complement
            else weights
        )
        slopes = w * self.derivative(z, ops)
        value = xp.sum(w * self.separable.term(z, ops), axis=-2)
        return value, slopes - xp.mean(slopes, axis=-2, keepdims=True)


@dataclass(frozen=True)
class _ByTangents:
    """Any loss: its formula run on scores that carry their own derivatives."""

    loss: Loss
    backend: Backend

    def __call__(self, scores: AnyArray, weights: AnyArray) -> tuple[AnyArray, AnyArray]:
        xp = self.backend.xp
        ops = TangentOps(self.backend.ops)
        if self.loss.sum_to_zero:
            scores = scores - xp.mean(scores, axis=-2, keepdims=True)
        last = xp.moveaxis(scores, -2, -1)
        losses = self.loss.losses(ops.variables(last), ops)
        w = xp.moveaxis(weights, -2, -1)
        assert isinstance(losses, Tangent)
        value = xp.sum(w * losses.value, axis=-1)
        gradient = xp.sum(w * losses.slope, axis=-1)  # directions come first
        gradient = xp.moveaxis(gradient, 0, -2)
        if self.loss.sum_to_zero:
            gradient = gradient - xp.mean(gradient, axis=-2, keepdims=True)
        return value, gradient
