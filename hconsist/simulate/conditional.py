"""Conditional risks and regrets of many (label distribution, scores) pairs at once."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hconsist.arithmetic import NUMPY
from hconsist.engines.numeric.methods import inner_solver, is_piecewise_linear
from hconsist.errors import EngineCannotAnswerError
from hconsist.losses import Loss, SoftmaxLoss
from hconsist.pointwise import PointwiseProblem
from hconsist.simulate.gradients import log_derivative

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
        Of two labels; or convex or concave in the softmax values; or smooth and convex in the scores.
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
    if loss.only_classes == 2:
        return _on_the_line(loss, p)
    inner = inner_solver(PointwiseProblem(loss, n_classes=p.shape[-1]))
    if inner is not None:
        found = inner.solve(p, np.ones_like(p))
        risk, scores = np.array(found.risk), np.array(found.scores)
        failed = ~(found.residual <= 1e-9)
        if failed.any():
            if not (isinstance(loss, SoftmaxLoss) and loss.shape == "convex in softmax"):
                raise EngineCannotAnswerError("numeric", f"the best risk of {loss.spec} was not reached at every p")
            scores[failed] = _water_filling(loss, p[failed])
            risk[failed] = conditional_risk(loss, scores[failed], p[failed])
        return risk, scores
    if isinstance(loss, SoftmaxLoss) and (loss.shape == "concave in softmax" or is_piecewise_linear(loss)):
        scores = np.full(p.shape, -_FAR * float(loss.temperature))
        np.put_along_axis(scores, p.argmax(axis=-1)[..., None], 0.0, axis=-1)
        return conditional_risk(loss, scores, p), scores
    raise EngineCannotAnswerError("numeric", f"no method for the best risk of {loss.spec}")


def _water_filling(loss: SoftmaxLoss, p: Array) -> Array:
    """Optimal scores for phi convex: ``-p_i phi'(u_i) = mu`` where u_i > 0, by bisection on log mu and, inside, on log u.

    Labels whose slope at 0 is finite may get no share at all, which Newton's equations do not foresee.
    """
    slope = log_derivative(loss)
    low, high = np.log(1e-40), 0.0

    def shares(log_mu: Array) -> Array:
        a, b = np.full(p.shape, low), np.full(p.shape, high)
        for _ in range(60):
            middle = (a + b) / 2
            u = np.exp(middle)
            above = -p * slope(u, NUMPY) / u > np.exp(log_mu)[..., None]  # the marginal gain still exceeds its price
            a, b = np.where(above, middle, a), np.where(above, b, middle)
        return a

    bottom, top = np.full(p.shape[:-1], -100.0), np.full(p.shape[:-1], 200.0)
    for _ in range(80):
        middle = (bottom + top) / 2
        many = np.exp(shares(middle)).sum(axis=-1) > 1
        bottom, top = np.where(many, middle, bottom), np.where(many, top, middle)
    scores = shares(top)
    return np.asarray(np.maximum(scores - scores.max(axis=-1, keepdims=True), -_FAR) * float(loss.temperature))


def _on_the_line(loss: Loss, p: Array) -> tuple[Array, Array]:
    """Two labels: scores (f, -f), the best f on a grid that holds small multiples of 1/8, then by golden section."""
    grid = np.unique(np.concatenate([np.arange(-64, 65) / 8, np.sinh(np.linspace(-4.5, 4.5, 401))]))
    values = np.stack([conditional_risk(loss, np.array([f, -f]) * np.ones_like(p), p) for f in grid])
    best = values.argmin(axis=0)
    low, high = grid[np.maximum(best - 1, 0)], grid[np.minimum(best + 1, len(grid) - 1)]
    golden = (np.sqrt(5) - 1) / 2

    def risk(f: Array) -> Array:
        return conditional_risk(loss, np.stack([f, -f], axis=-1), p)

    for _ in range(60):
        left, right = high - golden * (high - low), low + golden * (high - low)
        smaller = risk(left) < risk(right)
        low, high = np.where(smaller, low, left), np.where(smaller, right, high)
    f = np.where(risk((low + high) / 2) < values.min(axis=0), (low + high) / 2, grid[best])
    return risk(f), np.stack([f, -f], axis=-1)
