"""Conditional risks and regrets of many (label distribution, scores) pairs at once."""

from __future__ import annotations

import math
from types import ModuleType

import numpy as np
from array_api_compat import array_namespace
from array_api_compat import device as array_device
from numpy.typing import NDArray

from hconsist.arithmetic import NUMPY, ArrayOps
from hconsist.engines.numeric.methods import inner_solver, is_piecewise_linear
from hconsist.errors import EngineCannotAnswerError
from hconsist.losses import Loss, SoftmaxLoss
from hconsist.pointwise import PointwiseProblem
from hconsist.simulate.backend import AnyArray
from hconsist.simulate.gradients import term_derivative

Array = NDArray[np.float64]

#: A score this far below the largest one, in units of the temperature, stands for minus infinity.
_FAR = 100.0


def arithmetic_of(array: AnyArray) -> ArrayOps:
    """The arithmetic of formulas on arrays of this library, on this array's device.

    >>> arithmetic_of(np.zeros(2)) is NUMPY
    True
    """
    if isinstance(array, np.ndarray):
        return NUMPY
    return ArrayOps(array_namespace(array), dtype=array.dtype, device=array_device(array))


def conditional_risk(loss: Loss, scores: AnyArray, p: AnyArray) -> AnyArray:
    """``sum_y p_y l(s, y)``, with labels of probability 0 left out: (..., n) and (..., n) to
    (...), in the array library of the scores.
    """
    ops = arithmetic_of(scores)
    xp = ops.xp
    if loss.sum_to_zero:
        scores = scores - xp.mean(scores, axis=-1, keepdims=True)
    with np.errstate(invalid="ignore", over="ignore"):
        terms = p * loss.losses(scores, ops)
        return xp.asarray(xp.sum(xp.where(p > 0, terms, xp.zeros_like(p)), axis=-1))


def zero_one_regret(scores: AnyArray, p: AnyArray) -> AnyArray:
    """``p_max - p_predicted``, a tie falling on its worst label: (..., n) and (..., n) to (...), in
    the array library of the scores.
    """
    xp = arithmetic_of(scores).xp
    top = scores == xp.max(scores, axis=-1, keepdims=True)
    worst = xp.min(xp.where(top, p, xp.full_like(p, float("inf"))), axis=-1)
    return xp.asarray(xp.max(p, axis=-1) - worst)


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


def on_the_line(
    loss: Loss, p: AnyArray, low: AnyArray, high: AnyArray
) -> tuple[AnyArray, AnyArray]:
    """Two labels: the best scores (f, -f), low <= f <= high, on a grid that holds multiples of 1/8,
    then by golden section, in the array library of p. The host asks a device once.

    Parameters
    ----------
    loss : Loss
    p : array (m, 2)
    low, high : array (m,)
    """
    unit, xp = _unit(loss), array_namespace(p)
    nodes = np.concatenate([np.arange(-64, 65) / 8, np.sinh(np.linspace(-4.5, 4.5, 121)) * unit])
    nodes = np.unique(np.concatenate([nodes, [-1e-6, 1e-6], np.arange(-64, 65) / 8 * unit]))
    grid = xp.asarray(nodes, dtype=p.dtype, device=array_device(p))

    def clipped(f: AnyArray) -> AnyArray:
        return xp.minimum(xp.maximum(f, low), high)

    def risk(f: AnyArray, p: AnyArray = p) -> AnyArray:
        return _finite(conditional_risk(loss, xp.stack([f, -f], axis=-1), p), xp)

    values = xp.stack([risk(clipped(low * 0 + f)) for f in nodes.tolist()])
    # non-convex losses have several valleys: the lowest three are searched
    edge = xp.full_like(values[:1, :], float("inf"))
    before = xp.concat([edge, values[:-1, :]])
    after = xp.concat([values[1:, :], edge])
    valleys = xp.where((values < before) & (values <= after), values, edge)
    count = xp.where(xp.isfinite(valleys), xp.ones_like(valleys), xp.zeros_like(valleys))
    kept = min(3, int(xp.max(xp.sum(count, axis=0))))
    lines = xp.arange(len(nodes), device=array_device(p))[:, None]
    starts = []
    for _ in range(kept):
        least = xp.argmin(valleys, axis=0)
        starts.append(clipped(xp.take(grid, least)))
        valleys = xp.where(lines == least[None, :], edge, valleys)
    start, q = xp.concat(starts), xp.concat([p] * kept)
    low, high = xp.concat([low] * kept), xp.concat([high] * kept)
    lowest = risk(start, q)
    first = xp.searchsorted(grid, start, side="left") - 1
    last = xp.searchsorted(grid, start, side="right")
    left_end = clipped(xp.take(grid, xp.where(first < 0, first * 0, first)))
    right_end = clipped(xp.take(grid, xp.where(last < len(nodes), last, last * 0 + len(nodes) - 1)))
    golden = (math.sqrt(5) - 1) / 2
    left, right = (
        right_end - golden * (right_end - left_end),
        left_end + golden * (right_end - left_end),
    )
    at_left, at_right = risk(left, q), risk(right, q)
    for _ in range(46):
        smaller = at_left < at_right
        left_end, right_end = xp.where(smaller, left_end, left), xp.where(smaller, right, right_end)
        # one of the two points stays a golden section of the smaller interval
        point = xp.where(
            smaller,
            right_end - golden * (right_end - left_end),
            left_end + golden * (right_end - left_end),
        )
        value = risk(point, q)
        left, right = xp.where(smaller, point, right), xp.where(smaller, left, point)
        at_left, at_right = xp.where(smaller, value, at_right), xp.where(smaller, at_left, value)
    middle = (left_end + right_end) / 2
    reached = risk(middle, q)
    found = xp.reshape(xp.where(reached < lowest, middle, start), (kept, -1))
    reached = xp.reshape(xp.minimum(reached, lowest), (kept, -1))
    f, best = found[0, :], reached[0, :]
    for k in range(1, kept):
        f = xp.where(reached[k, :] < best, found[k, :], f)
        best = xp.minimum(best, reached[k, :])
    return risk(f), xp.stack([f, -f], axis=-1)


def _unit(loss: Loss) -> float:
    return float(loss.temperature)


def _finite(risk: AnyArray, xp: ModuleType) -> AnyArray:
    """Undefined risks (the Z-loss where all scores are equal) are never the best."""
    return xp.where(xp.isnan(risk), xp.full_like(risk, float("inf")), risk)
