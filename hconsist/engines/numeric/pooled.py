"""T by the pooled search: its candidates, and how they become answers."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from hconsist.engines.numeric import search
from hconsist.engines.numeric.answers import answer as _answer
from hconsist.engines.numeric.candidates import TOP_K, ZERO_ONE, Candidates, predicted_groups
from hconsist.engines.numeric.inner import Inner, SeparableSoftmax
from hconsist.pointwise import Answer, PointwiseProblem

Array = NDArray[np.float64]

POOLING = (
    "the search uses the pooling lemma (docs/theory.md) and the pool structure of its candidates"
)

#: Below this a regret is lost in the rounding of the risks that it is the difference of, and so is
#: the search for its p: the pair of labels alone is tried too, evaluated in the widest floats.
_LOST = 1e-8
#: A sweep over more values of beta than this searches globally at so many and follows the solutions
#: in between.
_ANCHORS = 24


def pooled(
    problem: PointwiseProblem, inner: Inner, betas: list[Fraction], array: Array, seed: int
) -> list[Answer]:
    """The answers at all betas; a long sweep searches at some and follows the solutions between."""
    n, k = problem.n, problem.top_k("numeric")
    anchors = np.unique(array)
    dense = anchors.size > _ANCHORS and not isinstance(inner, SeparableSoftmax)
    if dense:
        anchors = anchors[np.round(np.linspace(0, anchors.size - 1, _ANCHORS)).astype(int)]
    found = search.smallest_regret(inner, n, k, anchors, seed=seed)
    found = (
        search.follow(inner, found, anchors, n, k, array)
        if dense
        else found.take(np.searchsorted(anchors, array))
    )
    answers = _answers(problem, inner, found)
    small = np.array([a.estimate is not None and 0 < a.estimate < _LOST for a in answers])
    if k == 1 and np.any(small):
        pair = np.zeros((int(small.sum()), len(ZERO_ONE)))
        pair[:, :2], pair[:, -1] = 1.0, n - 2
        masses = np.zeros((len(pair), len(ZERO_ONE) - 1))
        masses[:, 0] = 1.0 - array[small]
        alone = search.Objective(inner, ZERO_ONE).found(Candidates(array[small], pair, masses))
        for i, other in zip(np.flatnonzero(small), _answers(problem, inner, alone), strict=True):
            if other.estimate is not None and other.estimate < answers[i].estimate:  # type: ignore[operator]
                answers[i] = other
    return answers


def _answers(problem: PointwiseProblem, inner: Inner, found: search.SearchResult) -> list[Answer]:
    predicted = predicted_groups(ZERO_ONE if problem.top_k("numeric") == 1 else TOP_K)
    layout = found.candidates.layout
    best, tied = inner.solve(found.p, layout), inner.solve(found.pooled, layout)
    answers = []
    for i in range(len(layout)):
        repeat = layout[i].astype(int)
        p, good, bad = (np.repeat(v[i], repeat) for v in (found.p, best.scores, tied.scores))
        labels = np.flatnonzero(np.repeat(predicted, repeat))
        answers.append(
            _answer(
                problem,
                p,
                good,
                bad,
                labels,
                float(found.value[i]),
                float(found.residual[i]),
                (POOLING,),
            )
        )
    return answers
