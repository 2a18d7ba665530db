"""Searches over scores of few values, or over all: where the inner problem has no solver."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from hconsist.engines.numeric import direct, levels
from hconsist.engines.numeric.answers import answer as _answer
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
    """Why a problem without a better method is beyond the direct searches; empty where it is not.

    They take a second or more for each beta: an envelope on hundreds would not come back.
    """
    spec, symmetric = problem.surrogate.spec, problem.surrogate.symmetric
    if betas > direct.MOST_BETAS:
        return f"{spec} needs a direct search, for {direct.MOST_BETAS} betas at most"
    most = levels.MOST_CLASSES if symmetric else direct.MOST_CLASSES
    if problem.n > most or (k > 1 and not symmetric):
        return (
            f"no method for {spec}, {problem.target}, {problem.hypotheses} beyond {most} classes"
            + ("" if symmetric else " and the zero-one target: the loss tells the labels apart")
        )
    return ""


def by_levels(problem: PointwiseProblem, array: Array) -> list[Answer]:
    """Scores of at most three values to start from; see `LEVELS`."""
    search_, answers = levels.Levels(problem), []
    for beta in array:
        s = search_.smallest_regret(float(beta))
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


def nearer(first: Answer, second: Answer) -> Answer:
    """The answer with the smaller estimate; one that has an estimate before one that has none."""
    values = [np.inf if a.estimate is None else a.estimate for a in (first, second)]
    return second if values[1] < values[0] else first
