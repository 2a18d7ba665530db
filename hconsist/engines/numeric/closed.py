"""Answers that need no search over the scores: two labels, finitely many scores, none at all."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from hconsist.engines.numeric import binary, vertices
from hconsist.engines.numeric.answers import answer as _answer
from hconsist.engines.numeric.answers import unbounded
from hconsist.losses.forms import OfSoftmax
from hconsist.pointwise import Answer, PointwiseProblem

Array = NDArray[np.float64]

VERTICES = (
    "scores at the vertices of the arrangement of kinks (docs/theory.md, finite scores), "
    "linear programs over p"
)

REWARDS = (
    "T = 0: no loss falls when its label's score rises (seen on a sample of scores), so the best "
    "scores predict a least likely label"
)

SLOW = "the risk is still falling at scores of 10^30: its infimum is not known"


def two_labels(problem: PointwiseProblem, array: Array) -> list[Answer]:
    """Each order of the labels: one is enough where the loss does not tell them apart."""
    tops = (0,) if problem.surrogate.symmetric else (0, 1)
    found = [binary.smallest_regret(problem, array, top) for top in tops]
    answers = []
    for i in range(array.size):
        top = min(tops, key=lambda t: found[t].regret[i])
        row = found[top]
        if not np.isfinite(row.regret[i]):
            answers.append(unbounded(()))
            continue
        other = np.array([-1.0, 1.0]) if top == 0 else np.array([1.0, -1.0])
        answers.append(
            _answer(
                problem,
                0.5 - other * row.beta[i] / 2,
                other * row.free[i] / 2,
                other * row.tied[i] / 2,
                np.array([1 - top]),
                float(row.regret[i]),
                0.0,
                (),
                SLOW if row.slow[i] else "",
            )
        )
    return answers


def no_bound(problem: PointwiseProblem, beta: float) -> Answer:
    """A loss that never falls as its label's score rises: best scores predict a least likely label,
    whatever they are; equal ones stand for them in the witness.
    """
    n, k = problem.n, problem.top_k("numeric")
    p = np.full(n, (1.0 - beta) / n)
    p[0] += beta
    return _answer(problem, p, np.zeros(n), np.zeros(n), np.arange(1, k + 1), 0.0, 0.0, (REWARDS,))


def at_vertices(
    problem: PointwiseProblem, form: OfSoftmax, betas: list[Fraction], array: Array
) -> list[Answer]:
    """A loss concave in the softmax value: best scores are uniform on some labels."""
    value, largest, size = vertices.smallest_regret(form, problem.n, array)
    answers = []
    for i in range(len(betas)):
        p = vertices.distribution(float(array[i]), float(largest[i]), problem.n)
        order = np.argsort(-np.where(np.arange(p.size) == 1, 2.0, p), kind="stable")[: size[i]]
        good, bad = np.full(p.size, -np.inf), np.full(p.size, -np.inf)
        good[0], bad[order] = 0.0, 0.0
        answers.append(_answer(problem, p, good, bad, np.array([1]), float(value[i]), 0.0, ()))
    return answers
