"""Searches over scores of few values, or over all: where the inner problem has no solver."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from hconsist.engines.numeric import direct, levels
from hconsist.engines.numeric.answers import answer as _answer
from hconsist.engines.numeric.answers import unbounded
from hconsist.pointwise import Answer, PointwiseProblem

Array = NDArray[np.float64]

DIRECT = "a pattern search from a grid of distributions and scores; it may miss a narrow minimum"

LEVELS = (
    "scores of at most three values to start from, then linear programs over p and local searches "
    "over the scores in turns; it may miss a narrow minimum"
)

#: A gap beyond this is told.
_GAP = 1e-6


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
        answers.append(found)
    return answers


def directly(problem: PointwiseProblem, array: Array) -> list[Answer]:
    """All distributions and scores of a grid to start from; see `DIRECT`."""
    tables = direct.Direct(problem)
    answers = []
    for beta in array:
        value, p, tied, free, predicted = tables.smallest_regret(float(beta))
        answers.append(
            _answer(problem, p, free, tied, np.array([predicted]), value, 0.0, (DIRECT,))
        )
    return answers
