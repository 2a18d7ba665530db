"""T by the pooled search: its candidates, and how they become answers."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from hconsist.engines.numeric import search
from hconsist.engines.numeric.answers import answer as _answer
from hconsist.engines.numeric.candidates import TOP_K, ZERO_ONE, predicted_groups
from hconsist.engines.numeric.inner import Inner, SeparableSoftmax
from hconsist.pointwise import Answer, PointwiseProblem

Array = NDArray[np.float64]

POOLING = (
    "the search uses the pooling lemma (docs/theory.md) and the pool structure of its candidates"
)

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
    groups = ZERO_ONE if k == 1 else TOP_K
    predicted = predicted_groups(groups)
    layout = found.candidates.layout
    best, tied = inner.solve(found.p, layout), inner.solve(found.pooled, layout)
    answers = []
    for i in range(len(betas)):
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
