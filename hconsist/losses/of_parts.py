"""Surrogates with a score for each part of a label: for each label that may be present, for each
threshold between ordered labels, for each bin of a histogram; and the choice among items.

Their conditional risk depends on the label distribution through ``w = A p``: how likely a part is.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from itertools import permutations
from typing import ClassVar

from hconsist.arithmetic import Ops, Value
from hconsist.errors import InvalidInputError
from hconsist.losses.base import Loss, ScoresOf
from hconsist.losses.catalogue import register_loss
from hconsist.losses.comp_sum import CompSum
from hconsist.losses.forms import OfSoftmax
from hconsist.losses.of_predictions import MarginsOfPredictions, PredictionLoss
from hconsist.losses.prediction_forms import Rows, WeightedSoftmax


@register_loss
@dataclass(frozen=True)
class BinaryRelevance(MarginsOfPredictions):
    """``sum_i phi(s_i) [i present] + phi(-s_i) [i absent]``: one binary problem for each of k
    labels that may be present.

    The labels of the problem are the 2^k sets, as binary numbers.

    Source: Boutell, Luo, Shen, Brown, Pattern Recognition 2004; Gao, Zhou, AIJ 2013, section 4.

    >>> from hconsist.arithmetic import NUMPY
    >>> import numpy as np
    >>> BinaryRelevance().losses(np.array([0.0, 1.0]), NUMPY).round(4)
    array([2.0064, 2.0064, 1.0064, 1.0064])
    """

    spec_name: ClassVar[str] = "binary-relevance"
    source: ClassVar[str] = "Boutell et al., Pattern Recognition 2004"
    scores_of: ClassVar[ScoresOf] = "bits"

    def weights(self, n_scores: int) -> Rows:
        """1 where the label is in the set."""
        sets = range(1 << n_scores)
        return tuple(tuple(Fraction(y >> i & 1) for y in sets) for i in range(n_scores))


@register_loss
@dataclass(frozen=True)
class Cumulative(MarginsOfPredictions):
    """``sum_j phi(s_j) [y > j] + phi(-s_j) [y <= j]``: one binary problem for each of the n - 1
    thresholds between ordered labels (all-threshold loss).

    Source: Rennie, Srebro, IJCAI workshop 2005; Pedregosa, Bach, Gramfort, JMLR 2017, section 3.

    >>> from hconsist.arithmetic import NUMPY
    >>> import numpy as np
    >>> Cumulative().losses(np.array([0.0, -1.0]), NUMPY).round(4)
    array([1.0064, 1.0064, 2.0064])
    """

    spec_name: ClassVar[str] = "cumulative"
    source: ClassVar[str] = "Pedregosa, Bach, Gramfort, JMLR 2017"
    scores_of: ClassVar[ScoresOf] = "thresholds"

    def weights(self, n_scores: int) -> Rows:
        """1 where the label is beyond the threshold."""
        labels = range(n_scores + 1)
        return tuple(tuple(Fraction(int(y > j)) for y in labels) for j in range(n_scores))


@dataclass(frozen=True)
class _CrossEntropy(PredictionLoss):
    """``-sum_b h_b(y) log softmax(s)_b``, the label y spread over parts b with weights that sum to
    1.
    """

    def _own(self) -> OfSoftmax:
        form = CompSum(Fraction(1)).form(OfSoftmax)
        assert form is not None
        return form

    def losses(self, scores: Value, ops: Ops) -> Value:
        terms = -ops.log_softmax(scores)
        return terms @ ops.matrix([list(row) for row in self.weights(scores.shape[-1])])

    def prediction_form(self, n_scores: int) -> WeightedSoftmax:
        """A weighted sum over the softmax values."""
        return WeightedSoftmax(self.weights(n_scores), self._own())

    @property
    def spec(self) -> str:
        return self.spec_name

    @classmethod
    def read(cls, rest: str, parse: Callable[[str], Loss]) -> Loss:
        """No parameter."""
        del parse
        if rest:
            raise InvalidInputError(
                f"{cls.spec_name} has no parameter", rest, f"write {cls.spec_name}"
            )
        return cls()


@register_loss
@dataclass(frozen=True)
class ListSoftmax(_CrossEntropy):
    """``-log softmax(s)_i`` of the item i that is ranked first: the softmax loss of a list, the
    choice model of K-way preferences.

    Source: Cao, Qin, Liu, Tsai, Li, ICML 2007 (top-one probability).

    >>> from hconsist.arithmetic import NUMPY
    >>> import numpy as np
    >>> ListSoftmax().losses(np.zeros(2), NUMPY).round(4)
    array([0.6931, 0.6931])
    """

    spec_name: ClassVar[str] = "list-softmax"
    source: ClassVar[str] = "Cao, Qin, Liu, Tsai, Li, ICML 2007"
    scores_of: ClassVar[ScoresOf] = "items"

    def weights(self, n_scores: int) -> Rows:
        """1 where the item is first."""
        rankings = list(permutations(range(n_scores)))
        return tuple(tuple(Fraction(int(y[0] == i)) for y in rankings) for i in range(n_scores))
