"""Conditional risks and regrets of many (label distribution, scores) pairs at once."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hconsist.arithmetic import NUMPY
from hconsist.engines.numeric.methods import inner_solver, is_piecewise_linear
from hconsist.errors import EngineCannotAnswerError
from hconsist.losses import Loss, SoftmaxLoss
from hconsist.pointwise import PointwiseProblem
from hconsist.simulate.gradients import term_derivative

Array = NDArray[np.float64]

#: A score this far below the largest one, in units of the temperature, stands for minus infinity.
_FAR = 100.0


def conditional_risk(loss: Loss, scores: Array, p: Array) -> Array:
    """``sum_y p_y l(s, y)``, with labels of probability 0 left out: (..., n) and (..., n) to
    (...).
    """
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
        Of two labels; or convex or concave in the softmax values; or smooth and convex in the
        scores.
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
        far = np.full(len(p), far_margin(loss))
        return on_the_line(loss, p, -far, far)
    inner = inner_solver(PointwiseProblem(loss, n_classes=p.shape[-1]))
    if inner is not None:
        found = inner.solve(p, np.ones_like(p))
        risk, scores = np.array(found.risk), np.array(found.scores)
        failed = ~(found.residual <= 1e-9)
        if failed.any():
            if not (isinstance(loss, SoftmaxLoss) and loss.shape == "convex in softmax"):
                raise EngineCannotAnswerError(
                    "numeric", f"the best risk of {loss.spec} was not reached at every p"
                )
            scores[failed] = _water_filling(loss, p[failed])
            risk[failed] = conditional_risk(loss, scores[failed], p[failed])
        return risk, scores
    if isinstance(loss, SoftmaxLoss) and (
        loss.shape == "concave in softmax" or is_piecewise_linear(loss)
    ):
        scores = np.full(p.shape, -_FAR * float(loss.temperature))
        np.put_along_axis(scores, p.argmax(axis=-1)[..., None], 0.0, axis=-1)
        return conditional_risk(loss, scores, p), scores
    raise EngineCannotAnswerError("numeric", f"no method for the best risk of {loss.spec}")


def _water_filling(loss: SoftmaxLoss, p: Array) -> Array:
    """Optimal scores for phi convex: ``-p_i phi'(u_i) = mu`` where u_i > 0, by bisection on log mu
    and, inside, on log u.

    Labels whose slope at 0 is finite may get no share at all, which Newton's equations do not
    foresee.
    """
    slope = term_derivative(loss)
    low, high = np.log(1e-40), 0.0

    def shares(log_mu: Array) -> Array:
        a, b = np.full(p.shape, low), np.full(p.shape, high)
        for _ in range(60):
            middle = (a + b) / 2
            u = np.exp(middle)
            above = (
                -p * slope(u, NUMPY) > np.exp(log_mu)[..., None]
            )  # the marginal gain still exceeds its price
            a, b = np.where(above, middle, a), np.where(above, b, middle)
        return a

    bottom, top = np.full(p.shape[:-1], -100.0), np.full(p.shape[:-1], 200.0)
    for _ in range(80):
        middle = (bottom + top) / 2
        many = np.exp(shares(middle)).sum(axis=-1) > 1
        bottom, top = np.where(many, middle, bottom), np.where(many, top, middle)
    scores = shares(top)
    return np.asarray(
        np.maximum(scores - scores.max(axis=-1, keepdims=True), -_FAR) * float(loss.temperature)
    )


def far_margin(loss: Loss) -> float:
    """A margin of two labels beyond which no risk changes.

    >>> from hconsist.losses import parse_loss
    >>> far_margin(parse_loss("hinge"))
    45.0
    """
    return 45.0 * _unit(loss)


def on_the_line(loss: Loss, p: Array, low: Array, high: Array) -> tuple[Array, Array]:
    """Two labels: the best scores (f, -f), low <= f <= high, on a grid that holds multiples of 1/8,
    then by golden section.

    Parameters
    ----------
    loss : Loss
    p : array (m, 2)
    low, high : array (m,)
    """
    unit = _unit(loss)
    grid = np.concatenate([np.arange(-64, 65) / 8, np.sinh(np.linspace(-4.5, 4.5, 121)) * unit])
    grid = np.unique(np.concatenate([grid, [-1e-6, 1e-6], np.arange(-64, 65) / 8 * unit]))

    def risk(f: Array, p: Array = p) -> Array:
        return _finite(conditional_risk(loss, np.stack([f, -f], axis=-1), p))

    values = np.stack([risk(np.clip(f, low, high)) for f in grid])
    # non-convex losses have several valleys: the lowest three are searched
    edge = np.full((1, len(p)), np.inf)
    before, after = np.concatenate([edge, values[:-1]]), np.concatenate([values[1:], edge])
    valleys = np.where((values < before) & (values <= after), values, np.inf)
    kept = min(3, int(np.isfinite(valleys).sum(axis=0).max()))
    start = np.clip(grid[np.argsort(valleys, axis=0, kind="stable")[:kept]], low, high).ravel()
    low, high, q = np.tile(low, kept), np.tile(high, kept), np.tile(p, (kept, 1))
    lowest = risk(start, q)
    left_end = np.clip(grid[np.maximum(np.searchsorted(grid, start, "left") - 1, 0)], low, high)
    right_end = np.clip(
        grid[np.minimum(np.searchsorted(grid, start, "right"), len(grid) - 1)], low, high
    )
    golden = (np.sqrt(5) - 1) / 2
    left, right = (
        right_end - golden * (right_end - left_end),
        left_end + golden * (right_end - left_end),
    )
    at_left, at_right = risk(left, q), risk(right, q)
    for _ in range(46):
        smaller = at_left < at_right
        left_end, right_end = np.where(smaller, left_end, left), np.where(smaller, right, right_end)
        # one of the two points stays a golden section of the smaller interval
        point = np.where(
            smaller,
            right_end - golden * (right_end - left_end),
            left_end + golden * (right_end - left_end),
        )
        value = risk(point, q)
        left, right = np.where(smaller, point, right), np.where(smaller, left, point)
        at_left, at_right = np.where(smaller, value, at_right), np.where(smaller, at_left, value)
    middle = (left_end + right_end) / 2
    reached = risk(middle, q)
    f = np.where(reached < lowest, middle, start).reshape(kept, -1)
    best = np.minimum(reached, lowest).reshape(kept, -1).argmin(axis=0)
    f = f[best, np.arange(len(p))]
    return risk(f), np.stack([f, -f], axis=-1)


def _unit(loss: Loss) -> float:
    return float(loss.temperature)


def _finite(risk: Array) -> Array:
    """Undefined risks (the Z-loss where all scores are equal) are never the best."""
    return np.asarray(np.where(np.isnan(risk), np.inf, risk))
