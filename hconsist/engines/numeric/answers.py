"""From a search's result to an `Answer`: every value is the regret of its witness, evaluated anew.

The evaluation takes the definition of the loss, in the widest floats that the machine has (64 bits
of mantissa and exponents up to 10^4932 on x86), so that neither the cancellation of two risks nor
an overflow decides. A negative regret, or one that disagrees with the search, is a reason and no
estimate.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hconsist.arithmetic import NUMPY
from hconsist.engines.numeric.decimals import regret_in_decimals
from hconsist.engines.numeric.shapes import lost_digits
from hconsist.losses.forms import OfProbabilities
from hconsist.pointwise import UNBOUNDED, Answer, PointwiseProblem, Witness

Array = NDArray[np.float64]

#: A score that stands for minus infinity is shown this far below the largest one, in units of the
#: temperature.
_INFINITE = 100.0
#: How far the search and the re-evaluated witness may differ, relative to 1 + value.
_AGREE = 1e-8
#: Solvers stop at this relative gap: tied scores better by no more are as good as the best ones.
_SOLVED = 1e-12
#: Losses whose formula cancels more than this part of their spread are not estimated.
_LOST = 1e-8
#: A regret below this part of the terms that it is taken from is taken in decimals.
_ROUNDED = 1e-9
#: Beyond so many classes a witness is evaluated by the softmax form of its loss: the definition may
#: need all pairs of labels.
_PAIRS = 100


def answer(
    problem: PointwiseProblem,
    p: Array,
    best: Array,
    tied: Array,
    predicted: NDArray[np.intp],
    value: float,
    residual: float,
    assumptions: tuple[str, ...],
    doubt: str = "",
) -> Answer:
    """The answer of a search that found ``value`` as risk at ``tied`` less risk at ``best``.

    Parameters
    ----------
    problem : PointwiseProblem
    p : array (n,)
    best, tied : array (n,)
        The best scores, and the best of those that predict ``predicted``; -inf is allowed.
    predicted : int array (k,)
    value, residual : float
        What the search found, and how far its solver was from optimal.
    assumptions : tuple of str
    doubt : str
        Why the search itself does not trust its value.
    """
    p = p / p.sum()
    if problem.hypotheses.score_bound is None:
        best, tied = _finite(problem, best), _finite(problem, tied)
    regret, size = regret_of(problem, p, tied, best)
    reason = doubt
    if not reason and (part := lost_digits(problem.surrogate, wide=problem.n == 2)) > _LOST:
        reason = f"floats keep the losses to a part of {part:.1e} only: their formula cancels"
    if not reason and not (residual <= 1e-9 and np.isfinite(value)):
        reason = f"the inner solver stopped with residual {residual:.1e}"
    if not reason and regret < -_SOLVED * (1.0 + size):
        reason = (
            f"scores that predict label {predicted[0]} have a lower risk than those found best, by "
            f"{-regret:.3g}: the search failed"
        )
    if not reason and not abs(value - regret) <= _AGREE * (1.0 + abs(value)):
        # also where the regret is not a number
        reason = (
            f"search value {value:.12g} and re-evaluated regret {regret:.12g} of the witness differ"
        )
    lost = abs(regret) < _ROUNDED * size and len(p) <= _PAIRS and not np.array_equal(tied, best)
    if not reason and lost:
        bound = problem.hypotheses.score_bound
        far = np.inf if bound is None else float(bound)
        exact = regret_in_decimals(problem.surrogate, p, tied, best, far)
        regret = regret if exact is None else exact
    if not reason:  # tied scores as good as the best ones are the best ones
        regret = max(regret, 0.0)
    witness = Witness(
        tuple(map(float, p)), tuple(map(float, tied)), tuple(map(int, predicted)), regret
    )
    return Answer(None if reason else regret, None, None, witness, "numeric", assumptions, reason)


def unbounded(assumptions: tuple[str, ...]) -> Answer:
    """No p of the regret asked for has a finite best risk."""
    return Answer(None, None, None, None, "numeric", assumptions, UNBOUNDED)


def tie(problem: PointwiseProblem, assumptions: tuple[str, ...]) -> Answer:
    """T(0) = 0, for a loss that does not tell the labels apart: at the uniform distribution no
    prediction has a target regret, and some prediction is made by the best scores.

    The scores shown are equal ones, or two levels where those have a lower risk.
    """
    n, p = problem.n, np.full(problem.n, 1.0 / problem.n)
    bound = problem.hypotheses.score_bound
    best = np.zeros(n)
    if problem.surrogate.shape != "convex in scores" and n <= _PAIRS:
        reach = 64.0 if bound is None else float(bound)
        high = np.arange(n) < 1 + np.arange(n - 1)[:, None]
        high[:, [0, 1]] = high[:, [1, 0]]  # label 1 is the first on top
        sizes = reach * 2.0 ** -np.arange(13.0)
        levels = np.where(high, 1.0, -1.0)
        if problem.surrogate.sum_to_zero:
            levels -= levels.mean(axis=1, keepdims=True)
            levels /= np.abs(levels).max(axis=1, keepdims=True)
        candidates = np.concatenate([best[None], *(size * levels for size in sizes)])
        with np.errstate(all="ignore"):
            risks = np.nan_to_num(losses_of(problem, candidates) @ p, nan=np.inf)
        best = candidates[int(np.argmin(risks))]
    predicted = np.arange(1, problem.top_k("numeric") + 1)
    return answer(problem, p, best, best, predicted, 0.0, 0.0, assumptions)


def regret_of(problem: PointwiseProblem, p: Array, tied: Array, best: Array) -> tuple[float, float]:
    """Risk at ``tied`` less risk at ``best``, and the size of the terms that it is taken from.

    Examples
    --------
    >>> problem = PointwiseProblem("margin:exp(exp(-v))", n_classes=2)
    >>> p, nothing, best = np.array([0.6, 0.4]), np.zeros(2), np.array([0.1, -0.1])
    >>> round(regret_of(problem, p, nothing, best)[0], 6)
    0.027468
    """
    scores = np.stack([tied, best]).astype(np.longdouble)
    with np.errstate(all="ignore"):
        losses = losses_of(problem, scores)
        terms = np.where(p > 0, p * losses, 0.0)
        size = np.sum(np.abs(terms))
        regret = np.sum(terms[0] - terms[1])
    return float(regret), float(size) if np.isfinite(size) else 0.0


def losses_of(problem: PointwiseProblem, scores: NDArray[np.floating]) -> NDArray[np.floating]:
    """The losses of all labels by their definition, in the precision of the scores: (..., n)."""
    loss = problem.surrogate
    form = loss.form(OfProbabilities)
    if form is not None and scores.shape[-1] > _PAIRS:
        return np.asarray(form.f(NUMPY.softmax(scores / float(form.temperature)), NUMPY))
    return np.asarray(loss.losses(scores, NUMPY))


def _finite(problem: PointwiseProblem, scores: Array) -> Array:
    """Scores that can be shown: minus infinity becomes a large negative number."""
    loss = problem.surrogate
    if loss.sum_to_zero:
        return np.asarray(scores - scores.mean())
    if not loss.shift_invariant:
        return scores
    form = loss.form(OfProbabilities)
    unit = 1.0 if form is None else float(form.temperature)
    below = scores - scores.max()
    return np.where(np.isneginf(below), -_INFINITE * unit, below)
