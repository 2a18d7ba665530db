"""Losses for which T = 0 is a theorem (docs/theory.md, "where T vanishes"): their conditions are
seen on a sample of scores, so that the answer is an estimate like every other.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hconsist.engines.numeric.answers import answer, losses_of
from hconsist.engines.numeric.polish import Polish
from hconsist.engines.numeric.shapes import scale
from hconsist.engines.numeric.tables import Tables
from hconsist.pointwise import Answer, PointwiseProblem

Array = NDArray[np.float64]

CONSTANT_SUM = (
    "T = 0, a theorem: the losses are not negative, sum to a constant, and give all of it to a "
    "label whose score is far below equal other ones (seen on a sample of scores)"
)
REFLECTION = (
    "T = 0, a theorem: no loss changes when a score is reflected about {centre:g} (seen on a "
    "sample of scores), so the best scores, reflected, predict any label"
)
_SAME = 1e-10


def theorem(problem: PointwiseProblem) -> str:
    """Which of the theorems applies, in words; empty where none does.

    Examples
    --------
    >>> "sum to a constant" in theorem(PointwiseProblem("nce", n_classes=3))
    True
    >>> theorem(PointwiseProblem("logistic", n_classes=3))
    ''
    """
    loss, bound, k = problem.surrogate, problem.hypotheses.score_bound, problem.top_k("numeric")
    if not loss.symmetric:
        return ""
    if bound is None and problem.n - k >= 2 and _sums_to_a_constant(problem):
        return CONSTANT_SUM
    if loss.shift_invariant or loss.sum_to_zero:
        return ""
    centre = _centre(problem)
    reached = centre is not None and (bound is None or centre == 0.0)
    return REFLECTION.format(centre=centre) if reached else ""


def zero(problem: PointwiseProblem, betas: Array) -> list[Answer]:
    """The answers where one of the theorems applies.

    Examples
    --------
    >>> zero(PointwiseProblem("nce", n_classes=3), np.array([0.3]))[0].estimate < 1e-12
    True
    """
    words = theorem(problem)
    if words == CONSTANT_SUM:
        return [_far_label(problem, float(b)) for b in betas]
    centre = _centre(problem)
    assert centre is not None
    return [_reflected(problem, float(b), centre, words) for b in betas]


def _sample(problem: PointwiseProblem) -> Array:
    random, n = np.random.default_rng(2), problem.n
    scores = random.choice([0.3, 2.0, 10.0], (60, 1)) * random.normal(size=(60, n))
    return scores - scores.mean(axis=1, keepdims=True) if problem.surrogate.sum_to_zero else scores


def _losses(problem: PointwiseProblem, scores: Array) -> Array:
    with np.errstate(all="ignore"):
        return np.asarray(losses_of(problem, scores), dtype=float)


def _far(problem: PointwiseProblem) -> Array:
    """The last label's score far below equal other ones."""
    scores = np.zeros(problem.n)
    scores[-1] = -(2.0**60) * scale(problem.surrogate, problem.n)
    return scores - scores.mean() if problem.surrogate.sum_to_zero else scores


def _sums_to_a_constant(problem: PointwiseProblem) -> bool:
    losses = _losses(problem, _sample(problem))
    total = losses.sum(axis=1)
    if not np.all(np.isfinite(losses)) or losses.min() < 0 or not total[0] > 0:
        return False
    last = float(_losses(problem, _far(problem))[-1])
    return bool(np.ptp(total) <= _SAME * total[0] and abs(last - total[0]) <= 1e-12 * total[0])


def _pair(problem: PointwiseProblem, beta: float) -> Array:
    p = np.zeros(problem.n)
    p[0], p[1] = (1 + beta) / 2, (1 - beta) / 2
    return p


def _far_label(problem: PointwiseProblem, beta: float) -> Answer:
    scores = _far(problem)
    predicted = np.arange(1, problem.top_k("numeric") + 1)
    p = _pair(problem, beta)
    return answer(problem, p, scores, scores, predicted, 0.0, 0.0, (CONSTANT_SUM,))


def _centre(problem: PointwiseProblem) -> float | None:
    """About which score every loss is even in every score, or None."""
    t = np.linspace(-8.0, 8.0, 1025)
    own = _losses(problem, t[:, None] * (np.arange(problem.n) == 0))[:, 0]
    if not np.all(np.isfinite(own)):
        return None
    centre = float(t[int(np.argmax(own))])  # a multiple of 1/64
    scores, random = _sample(problem), np.random.default_rng(3)
    flip = random.random(scores.shape) < 0.5
    losses = _losses(problem, scores)
    other = _losses(problem, np.where(flip, 2 * centre - scores, scores))
    same = np.abs(losses - other) <= _SAME * (1 + np.abs(losses))
    return centre if np.all(np.isfinite(losses)) and bool(np.all(same)) else None


def _reflected(problem: PointwiseProblem, beta: float, centre: float, words: str) -> Answer:
    tables, p = Tables(problem), _pair(problem, beta)
    start = np.concatenate(tables.best(-np.sort(-p[None], axis=1), 3))
    risks, found = Polish(tables).lower(np.tile(p, (3, 1)), start, False, False)
    best = found[int(np.argmin(risks))]
    best = best[np.argsort(_losses(problem, best), kind="stable")]
    predicted = np.arange(1, problem.top_k("numeric") + 1)
    distance = np.abs(best - centre)
    tied = centre - distance
    tied[predicted] = centre + distance[predicted]
    return answer(problem, p, best, tied, predicted, 0.0, 0.0, (words,))
