"""Conditional risks and regrets of many (label distribution, scores) pairs at once."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hconsist.arithmetic import NUMPY
from hconsist.engines.numeric.methods import inner_solver
from hconsist.errors import EngineCannotAnswerError
from hconsist.losses import Loss, SoftmaxLoss
from hconsist.pointwise import PointwiseProblem
from hconsist.simulate.backend import Backend
from hconsist.simulate.gradients import risk_kernel
from hconsist.simulate.lbfgs import minimise

Array = NDArray[np.float64]

#: A score this far below the largest one, in units of the temperature, stands for minus infinity.
_FAR = 100.0


def conditional_risk(loss: Loss, scores: Array, p: Array) -> Array:
    """``sum_y p_y l(s, y)``, with labels of probability 0 left out: (..., n) and (..., n) to (...)."""
    if loss.sum_to_zero:
        scores = scores - scores.mean(axis=-1, keepdims=True)
    with np.errstate(invalid="ignore", over="ignore"):
        return np.asarray(np.where(p > 0, p * loss.losses(scores, NUMPY), 0.0).sum(axis=-1))


def zero_one_regret(scores: Array, p: Array) -> Array:
    """``p_max - p_predicted``, a tie falling on its worst label: (..., n) and (..., n) to (...)."""
    top = scores == scores.max(axis=-1, keepdims=True)
    return np.asarray(p.max(axis=-1) - np.where(top, p, np.inf).min(axis=-1))


def best_scores(loss: Loss, p: Array) -> tuple[Array, Array]:
    """Best-in-class conditional risk over all scores, and scores that attain or approach it.

    Parameters
    ----------
    loss : Loss
        Convex or concave in the softmax values, or smooth and convex in the scores.
    p : array (m, n)

    Returns
    -------
    risk : array (m,)
    scores : array (m, n)

    Raises
    ------
    EngineCannotAnswerError
        For another loss, or where the optimum was not reached to nine digits.

    Examples
    --------
    >>> from hconsist.losses import parse_loss
    >>> p = np.array([[0.5, 0.5], [0.9, 0.1]])
    >>> best_scores(parse_loss("logistic"), p)[0].round(4)
    array([0.6931, 0.3251])
    >>> best_scores(parse_loss("mae"), p)[0].round(4)
    array([0.5, 0.1])
    """
    inner = inner_solver(PointwiseProblem(loss, n_classes=p.shape[-1]))
    if inner is not None:
        found = inner.solve(p, np.ones_like(p))
        if not np.all(found.residual <= 1e-9):
            raise EngineCannotAnswerError("numeric", f"the best risk of {loss.spec} was not reached at every p")
        return found.risk, found.scores
    if isinstance(loss, SoftmaxLoss) and loss.shape in ("concave in softmax", "convex in softmax"):
        if not (loss.shape == "concave in softmax" or _linear(loss)):
            raise EngineCannotAnswerError("numeric", f"no method for the best risk of {loss.spec}")
        scores = np.full(p.shape, -_FAR * float(loss.temperature))
        np.put_along_axis(scores, p.argmax(axis=-1)[..., None], 0.0, axis=-1)
        return conditional_risk(loss, scores, p), scores
    if loss.shape == "convex in scores":
        return _descend(loss, p)
    raise EngineCannotAnswerError("numeric", f"no method for the best risk of {loss.spec}")


def _linear(loss: SoftmaxLoss) -> bool:
    low, middle, high = loss.of_softmax(np.array([0.2, 0.5, 0.8]), NUMPY)
    return bool(abs(low + high - 2 * middle) <= 1e-14 * abs(low - high))


def _descend(loss: Loss, p: Array) -> tuple[Array, Array]:
    backend = Backend()
    kernel = risk_kernel(loss, backend)

    def objective(scores: Array, index: NDArray[np.int64]) -> tuple[Array, Array]:
        value, gradient = kernel(scores[..., None], p[index][..., None])
        return value[..., 0], gradient[..., 0]

    found = minimise(objective, np.log(np.maximum(p, 1e-12)), backend, tolerance=1e-9, max_iterations=2000)
    if not found.converged.all():
        raise EngineCannotAnswerError("numeric", f"the best risk of {loss.spec} was not reached at every p")
    return conditional_risk(loss, np.asarray(found.parameters), p), np.asarray(found.parameters)
