"""How scores that are neither of labels nor of predictions become a prediction.

- "signs": one score a label that may be present; the present ones have a positive score. The set
  is a binary number: score i stands for the bit of value 2^i.
- "count": one score a threshold of ordered labels; the label is the number of positive scores.
- "order": one score an item; the ranking sorts them, largest first. Rankings are numbered as
  `itertools.permutations` lists them.
- "value": one score, the predicted number itself; "mean": the mean of the points under a forecast.

>>> import numpy as np
>>> predicted("signs", np.array([1.0, -1.0, 2.0])), predicted("count", np.array([1.0, -1.0]))
(array(5), array(1))
>>> ranking(predicted("order", np.array([0.1, 0.9, 0.5])), 3)
(1, 2, 0)
"""

from __future__ import annotations

from functools import lru_cache
from itertools import pairwise, permutations
from math import factorial
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from sympy import Expr

Array = NDArray[np.float64]

ScoreRule = Literal["signs", "count", "order"]


@lru_cache(maxsize=16)
def rankings(m: int) -> tuple[tuple[int, ...], ...]:
    """All rankings of m items, the first one first: in the order of `itertools.permutations`."""
    return tuple(permutations(range(m)))


def ranking(number: int, m: int) -> tuple[int, ...]:
    """The ranking with a number."""
    return rankings(m)[int(number)]


def items_of(count: int | Expr) -> int | None:
    """m with m! = count; None where there is none.

    >>> items_of(24), items_of(12)
    (4, None)
    """
    return next((m for m in range(2, 13) if factorial(m) == count), None)


def rule_for(scores_of: str, labels: int, items: int | Expr) -> tuple[ScoreRule | None, int] | None:
    """How so many predictions are made from scores of this kind, for so many labels, and the number
    of scores; no rule (None in first place) is the largest score. None where they do not fit.

    >>> rule_for("bits", 8, 6), rule_for("bits", 8, 3), rule_for("items", 6, 3)
    (('order', 3), (None, 3), (None, 3))
    >>> rule_for("bits", 6, 6) is None
    True
    """
    match scores_of:
        case "bits":
            k = labels.bit_length() - 1
            if labels != 1 << k:
                return None
            if items == labels:
                return "signs", k
        case "items":
            found = items_of(labels)
            if found is None:
                return None
            k = found
        case "thresholds":
            return ("count", labels - 1) if items == labels else None
        case _:
            return None
    if items == factorial(k):
        return "order", k
    return (None, k) if items == k else None


def region(rule: ScoreRule, item: int, n_scores: int) -> list[list[int]]:
    """Rows with ``rows @ scores <= 0`` where the item may be predicted, ties included.

    For "count" these are the scores that do not increase from threshold to threshold: any others
    with as many positive ones have at least their risk (docs/targets_scores.md).

    >>> region("order", 1, 3)  # items 0, 2, 1
    [[-1, 0, 1], [0, 1, -1]]
    """
    every = range(n_scores)
    if rule == "order":
        order = ranking(item, n_scores)
        return [[(i == after) - (i == before) for i in every] for before, after in pairwise(order)]
    if rule == "signs":
        return [[(1 - 2 * (item >> i & 1)) * (i == j) for j in every] for i in every]
    return [[(-1 if i < item else 1) * (i == j) for j in every] for i in every]


def predicted(rule: ScoreRule, scores: Array) -> NDArray[np.intp]:
    """One prediction that the scores allow: (..., scores) to (...) numbers of predictions."""
    n = scores.shape[-1]
    if rule == "count":
        return np.asarray(np.sum(scores > 0, axis=-1), dtype=np.intp)
    if rule == "signs":
        return np.asarray((scores > 0) @ (1 << np.arange(n)), dtype=np.intp)
    order = np.argsort(-scores, axis=-1, kind="stable")
    # the number of a permutation, digit by digit in the factorial system
    later = np.tril(np.ones((n, n), dtype=bool), -1).T
    smaller = np.sum((order[..., None, :] < order[..., :, None]) & later, axis=-1)
    return np.asarray(smaller @ [factorial(n - 1 - i) for i in range(n)], dtype=np.intp)
