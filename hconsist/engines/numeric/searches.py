"""Searches over scores of few values, or over all: where the inner problem has no solver."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from hconsist.engines.numeric import direct, levels
from hconsist.engines.numeric.answers import answer as _answer
from hconsist.engines.numeric.answers import unbounded
from hconsist.losses import Loss
from hconsist.losses.forms import OfScores, OfSoftmax, Pairwise
from hconsist.pointwise import Answer, PointwiseProblem

Array = NDArray[np.float64]

DIRECT = "a pattern search from a grid of distributions and scores; it may miss a narrow minimum"

LEVELS = (
    "scores of at most three values to start from, then linear programs over p and local searches "
    "over the scores in turns; it may miss a narrow minimum"
)

#: The reason that an estimate bears where nothing but a search stands behind it.
SEARCHED = (
    "searched, not proven minimal: with three labels or more, the valleys beside a kink or a jump "
    "are followed from finitely many starts"
)

#: The same of a loss that tells the labels apart, whatever it bends.
FROM_A_GRID = (
    "searched, not proven minimal: distributions and scores are followed from finitely many starts"
)

#: A gap beyond this is told; a regret below the other is 0, and nothing is smaller than that.
_GAP, _ZERO = 1e-6, 1e-9


def too_much(problem: PointwiseProblem, k: int, betas: int) -> str:
    """Why a problem without a better method is beyond the searches; empty where it is not."""
    spec, symmetric = problem.surrogate.spec, problem.surrogate.symmetric
    limit = levels.MOST_BETAS if symmetric else direct.MOST_BETAS
    if betas > limit:
        return f"{spec} needs a search for each beta, for {limit} betas at most"
    most = levels.MOST_CLASSES if symmetric else direct.MOST_CLASSES
    if problem.n > most or (k > 1 and not symmetric):
        return (
            f"no method for {spec}, {problem.target}, {problem.hypotheses} beyond {most} classes"
            + ("" if symmetric else " and the zero-one target: the loss tells the labels apart")
        )
    return ""


def only_searched(loss: Loss, n: int) -> bool:
    """Whether the formula of a loss has a kink or a jump, or is not known to have none, where no
    method but a search takes it: three labels or more, a loss of one number of each label's own.

    Examples
    --------
    >>> from hconsist.losses import parse_loss
    >>> [only_searched(parse_loss(s), 3) for s in ("truncated-gce:q=0.7,k=0.5", "softmax:1-u**2")]
    [True, False]
    """
    curves = [
        form.g if isinstance(form, OfSoftmax) else form.phi
        for form in loss.forms
        if isinstance(form, OfSoftmax | OfScores | Pairwise)
    ]
    return n > 2 and any(curve.kinks != () or not curve.fact("continuous") for curve in curves)


def by_levels(problem: PointwiseProblem, array: Array) -> list[Answer]:
    """Scores of at most three values to start from, for all betas at once; see `LEVELS`."""
    answers = []
    with np.errstate(all="ignore"):  # what overflows is not chosen
        solutions = levels.Levels(problem).sweep(array)
    for s in solutions:
        if not np.isfinite(s.value):
            answers.append(unbounded((LEVELS,)))
            continue
        found = _answer(problem, s.p, s.free, s.tied, s.predicted, s.value, 0.0, (LEVELS,))
        if s.gap > _GAP and not found.reason:
            found = replace(
                found, reason=f"the linear program over p leaves {s.gap:.1e} below the value"
            )
        elif only_searched(problem.surrogate, problem.n):
            found = searched(found, SEARCHED)
        answers.append(found)
    return answers


def searched(found: Answer, reason: str) -> Answer:
    """The answer with that reason, where it bears none and there could be something smaller."""
    if found.reason or not (found.estimate or 0.0) > _ZERO:
        return found
    return replace(found, reason=reason)


def directly(problem: PointwiseProblem, array: Array) -> list[Answer]:
    """All distributions and scores of a grid to start from; see `DIRECT`."""
    tables = direct.Direct(problem)
    answers = []
    for beta in array:
        value, p, tied, free, predicted = tables.smallest_regret(float(beta))
        found = _answer(problem, p, free, tied, np.array([predicted]), value, 0.0, (DIRECT,))
        answers.append(searched(found, FROM_A_GRID))
    return answers
