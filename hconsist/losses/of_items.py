"""Surrogates with a score for each item of a ranking; labels are rankings, first item first, in the
order of `itertools.permutations`.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations, permutations
from typing import ClassVar

import numpy as np

from hconsist.arithmetic import Ops, Value
from hconsist.losses.base import Loss, ScoresOf, Shape
from hconsist.losses.catalogue import register_loss
from hconsist.losses.prediction_forms import Rows


@register_loss
@dataclass(frozen=True)
class RankNet(Loss):
    """``sum log(1 + exp(s_b - s_a))`` over the pairs of items with a ranked before b, in nats.

    Source: Burges et al., "Learning to rank using gradient descent", ICML 2005.

    >>> from hconsist.arithmetic import NUMPY
    >>> RankNet().losses(np.array([1.0, 0.0]), NUMPY).round(4)
    array([0.3133, 1.3133])
    """

    spec_name: ClassVar[str] = "ranknet"
    source: ClassVar[str] = "Burges et al., ICML 2005"
    symmetric: ClassVar[bool] = False
    scores_of: ClassVar[ScoresOf] = "items"

    def losses(self, scores: Value, ops: Ops) -> Value:
        pairs = np.array([list(combinations(y, 2)) for y in _rankings(scores)])
        behind = scores[..., pairs[..., 1]] - scores[..., pairs[..., 0]]
        return ops.sum(ops.softplus(behind))

    def order_weights(self, n_scores: int) -> Rows:
        """How many items an item is ranked before: at the best scores the sum over j of
        sigma(s_i - s_j) is its mean, and increases in s_i, so both have one order.
        """
        every = range(n_scores)
        rankings = list(permutations(every))
        return tuple(tuple(Fraction(n_scores - 1 - y.index(i)) for y in rankings) for i in every)

    @property
    def shape(self) -> Shape | None:
        return "convex in scores"


@register_loss
@dataclass(frozen=True)
class ListMLE(Loss):
    """``sum_k log sum_{j >= k} exp(s_{y_j}) - s_{y_k}``: minus the log likelihood of the ranking
    under the model of Plackett and Luce, in nats.

    Source: Xia, Liu, Wang, Zhang, Li, "Listwise approach to learning to rank", ICML 2008.

    >>> from hconsist.arithmetic import NUMPY
    >>> ListMLE().losses(np.zeros(3), NUMPY).round(4)  # log 6
    array([1.7918, 1.7918, 1.7918, 1.7918, 1.7918, 1.7918])
    """

    spec_name: ClassVar[str] = "listmle"
    source: ClassVar[str] = "Xia, Liu, Wang, Zhang, Li, ICML 2008"
    symmetric: ClassVar[bool] = False
    scores_of: ClassVar[ScoresOf] = "items"

    def losses(self, scores: Value, ops: Ops) -> Value:
        order = np.array(_rankings(scores))
        total: Value = None
        for k in range(order.shape[1] - 1):
            left = scores[..., order[:, k:]]
            term = ops.logsumexp(left) - left[..., 0]
            total = term if total is None else total + term
        return total

    @property
    def shape(self) -> Shape | None:
        return "convex in scores"


def _rankings(scores: Value) -> list[tuple[int, ...]]:
    return list(permutations(range(scores.shape[-1])))
