"""Best-in-class conditional risks, batched over grouped label distributions.

Labels of equal probability get equal scores at the optimum of a symmetric problem, so a distribution is kept as a few
distinct values with multiplicities: n = 1000 costs the same as n = 10. Shapes: values and multiplicities (..., G).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from hconsist.engines.numeric.jets import Jet, JetOps
from hconsist.losses import Loss, Separable

Array = NDArray[np.float64]
_JETS = JetOps()
#: Label probabilities of 0 are differentiated as this: the limit, without infinities.
_VANISHING = 1e-30
#: exp(-200) does not show in a double sum with a term of order 1, and its third power is still a double.
_LOWEST = -200.0


@dataclass(frozen=True)
class Optimum:
    """Best-in-class conditional risk of a batch of grouped distributions.

    Parameters
    ----------
    risk : array (...)
    losses : array (..., G)
        Losses of the labels at the optimum, which are the derivatives of the risk by the probabilities.
    scores : array (..., G)
        Optimal scores; a label of probability 0 may have a very negative one.
    hessian : array (..., G, G)
        Second derivatives of the risk by the probabilities of the groups.
    residual : array (...)
        Largest violation of the optimality conditions, relative.
    """

    risk: Array
    losses: Array
    scores: Array
    hessian: Array
    residual: Array


class Inner(Protocol):
    """A way to compute best-in-class conditional risks."""

    def solve(self, p: Array, multiplicity: Array) -> Optimum:
        """The optimum for each distribution of the batch."""


@dataclass(frozen=True)
class SeparableSoftmax:
    """``min sum_i p_i g(z_i)`` over the simplex, g strictly convex and decreasing, by Newton on ``p_i g'(z_i) = -mu``.

    The iteration runs in log z and log mu, where powers are straight lines: for a power loss every step solves the
    conditions of the labels exactly and the last equation is a logsumexp.
    """

    separable: Separable
    iterations: int = 60
    tolerance: float = 1e-14

    def derivatives(self, z: Array) -> tuple[Array, Array, Array]:
        """g, g' and g'' at z > 0."""
        jet = self.separable.term(Jet.variable(z), _JETS)
        return jet.value, jet.gradient[..., 0], jet.hessian[..., 0, 0]

    def solve(self, p: Array, multiplicity: Array) -> Optimum:
        """The optimum for each distribution of the batch."""
        p, multiplicity = np.broadcast_arrays(p, multiplicity)
        weight = np.where(p > 0, multiplicity, 0.0)
        log_p = np.log(np.maximum(p, _VANISHING))
        w = log_p - _logsumexp(log_p, weight)[..., None]
        nu = np.zeros(p.shape[:-1])
        residual = np.full(p.shape[:-1], np.inf)
        for _ in range(self.iterations):
            w = np.maximum(w, _LOWEST)
            value, first, second = self.derivatives(np.exp(w))
            slope = np.exp(w) * second / first  # of log(-g') in log z; negative
            gap = log_p + np.log(-first) - nu[..., None]
            total = _logsumexp(w, weight)
            share = weight * np.exp(w - total[..., None])
            step_nu = (np.sum(share * gap / slope, axis=-1) - total) / np.sum(share / slope, axis=-1)
            step = (step_nu[..., None] - gap) / slope
            free = (weight > 0) & (w > _LOWEST)
            residual = np.maximum(np.abs(total), np.max(np.where(free, np.abs(gap), 0.0) * share, axis=-1))
            if np.all((residual <= self.tolerance) & (np.max(np.where(free, np.abs(step), 0.0), axis=-1) < 1e-12)):
                break
            # log z may move by many units at once only downward: overshooting upward would leave the domain z <= 1
            w = np.minimum(w + step, 0.0)
            nu = nu + step_nu
        value, first, second = self.derivatives(np.exp(np.maximum(w, _LOWEST)))
        risk = np.sum(weight * p * value, axis=-1)
        curvature = np.where(weight > 0, 1.0 / (np.maximum(p, _VANISHING) * second), 0.0)
        a = weight * curvature * first
        hessian = a[..., :, None] * a[..., None, :] / np.sum(weight * curvature, axis=-1)[..., None, None]
        index = np.arange(p.shape[-1])
        hessian[..., index, index] -= a * first
        return Optimum(risk, value, w * float(self.separable.temperature), hessian, residual)


def _logsumexp(x: Array, weight: Array) -> Array:
    top = np.max(np.where(weight > 0, x, -np.inf), axis=-1, keepdims=True)
    return np.asarray(np.log(np.sum(weight * np.exp(np.minimum(x - top, 0.0)), axis=-1)) + top[..., 0])


def choose(loss: Loss) -> Inner | None:
    """The batched method for a loss without bounds on the scores, where there is one."""
    separable = loss.separable
    if separable is not None and separable.coordinate == "softmax" and loss.shape == "convex in softmax":
        strictly = Jet.variable(np.array([0.5]))
        if separable.term(strictly, _JETS).hessian[0, 0, 0] > 0:
            return SeparableSoftmax(separable)
    return None
