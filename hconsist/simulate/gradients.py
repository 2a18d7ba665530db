"""Weighted losses of score vectors with their gradients, from the loss formulas themselves.

Shapes: scores and label weights (..., n_classes, m), classes before samples, so that reductions
over few classes run over long rows. Every family keeps its formula in `hconsist.losses`; it runs on
jets (`hconsist.arithmetic.derivatives`): of one variable where the loss is a separable sum, of all
scores where it is not.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from types import ModuleType
from typing import Protocol

from hconsist.arithmetic import ArrayOps
from hconsist.arithmetic.derivatives import ArrayJets
from hconsist.arithmetic.exact import Value
from hconsist.arithmetic.jet import Jet
from hconsist.arithmetic.logarithms import LogPower, plain
from hconsist.errors import InvalidInputError
from hconsist.losses import Loss, Separable
from hconsist.simulate.backend import AnyArray, Backend


class RiskKernel(Protocol):
    """``sum_y weights_y l(scores, y)`` at every sample, and its gradient by the scores."""

    def __call__(self, scores: AnyArray, weights: AnyArray) -> tuple[AnyArray, AnyArray]:
        """Values (..., m) and gradients (..., n_classes, m)."""


def risk_kernel(loss: Loss, backend: Backend) -> RiskKernel:
    """The kernel for a loss: its separable form where it has one, jets of all scores where it has
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
        return _OfAllScores(loss, backend)
    kind = _OfSoftmax if separable.coordinate == "softmax" else _OfScores
    return kind(separable, backend)


def term_derivative(loss: Loss) -> Callable[[Value, ArrayOps], Value]:
    """g'(z) of the separable form of a loss, as a function of (z, ops).

    >>> from hconsist.arithmetic import NUMPY
    >>> from hconsist.losses import parse_loss
    >>> import numpy as np
    >>> term_derivative(parse_loss("logistic"))(np.array([0.5]), NUMPY)
    array([-2.])
    """
    separable = loss.separable
    assert separable is not None

    def derivative(z: Value, ops: ArrayOps) -> Value:
        return _slope(separable.term(Jet(z, 1.0), ArrayJets(ops))) + 0.0 * z

    return derivative


def _slope(result: Value) -> Value:
    """The derivative of a result in one variable, which is 0 where it does not depend on it."""
    return result.d1 if isinstance(result, Jet) and result.d1 is not None else 0.0


def _bounded(values: Value, xp: ModuleType) -> Value:
    """Losses that overflow are huge instead: a label of weight 0 stays out of the sum."""
    return values if isinstance(values, int | float) else xp.clip(values, -1e300, 1e300)


@dataclass(frozen=True)
class _OfSoftmax:
    """``sum_k w_k g(u_k)``, u = softmax(scores / temperature), as a function of log u."""

    separable: Separable
    backend: Backend

    def __call__(self, scores: AnyArray, weights: AnyArray) -> tuple[AnyArray, AnyArray]:
        xp = self.backend.xp
        jets = ArrayJets(self.backend.ops)
        temperature = float(self.separable.temperature)
        if temperature != 1:
            scores = scores / temperature
        below = scores - xp.max(scores, axis=-2, keepdims=True)
        u = xp.exp(below)
        total = xp.sum(u, axis=-2, keepdims=True)
        log_u = below - xp.log(total)
        u = u / total
        w = _label_weights(self.separable, weights, xp)
        term = plain(self.separable.term(LogPower(Jet(log_u, 1.0), jets), jets.logarithmic()))
        slopes = w * _bounded(_slope(term), xp)
        value = xp.sum(w * _bounded(term.v if isinstance(term, Jet) else term, xp), axis=-2)
        slopes = slopes - u * xp.sum(slopes, axis=-2, keepdims=True)
        return value, slopes if temperature == 1 else slopes / temperature


@dataclass(frozen=True)
class _OfScores:
    """``sum_k w_k g(z_k)``, z the scores less their mean."""

    separable: Separable
    backend: Backend

    def __call__(self, scores: AnyArray, weights: AnyArray) -> tuple[AnyArray, AnyArray]:
        xp = self.backend.xp
        z = scores - xp.mean(scores, axis=-2, keepdims=True)
        w = _label_weights(self.separable, weights, xp)
        term = self.separable.term(Jet(z, 1.0), ArrayJets(self.backend.ops))
        slopes = w * _slope(term)
        value = xp.sum(w * (term.v if isinstance(term, Jet) else term), axis=-2)
        return value, slopes - xp.mean(slopes, axis=-2, keepdims=True)


def _label_weights(separable: Separable, weights: AnyArray, xp: ModuleType) -> AnyArray:
    """The weights of the terms: those of the labels, or where complementary their total less
    them.
    """
    if separable.complement:
        return xp.sum(weights, axis=-2, keepdims=True) - weights
    return weights


@dataclass(frozen=True)
class _OfAllScores:
    """Any loss: its formula run on scores that carry their own derivatives."""

    loss: Loss
    backend: Backend

    def __call__(self, scores: AnyArray, weights: AnyArray) -> tuple[AnyArray, AnyArray]:
        xp = self.backend.xp
        ops = ArrayJets(self.backend.ops)
        if self.loss.sum_to_zero:
            scores = scores - xp.mean(scores, axis=-2, keepdims=True)
        last = xp.moveaxis(scores, -2, -1)
        losses = self.loss.losses(ops.variables(last, order=1), ops)
        w = xp.moveaxis(weights, -2, -1)
        assert isinstance(losses, Jet)
        value = xp.sum(w * losses.v, axis=-1)
        gradient = xp.sum(w * losses.d1, axis=-1)  # directions come first
        gradient = xp.moveaxis(gradient, 0, -2)
        if self.loss.sum_to_zero:
            gradient = gradient - xp.mean(gradient, axis=-2, keepdims=True)
        return value, gradient
