"""Proper losses of the predicted distribution, with the softmax as inverse link; the log loss is
`CompSum` at tau = 1.

The best-in-class conditional risk over all scores is the generalized entropy: ``1 - sum_k p_k^2``
(Brier),
``1 - ||p||_2`` (spherical), the Shannon entropy (log).
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import ClassVar

from hconsist.arithmetic import Ops, Value
from hconsist.losses.base import ProbabilityLoss, Shape, total
from hconsist.losses.catalogue import register_loss


@register_loss
@dataclass(frozen=True)
class Brier(ProbabilityLoss):
    """Brier loss ``sum_k (q_k - 1[k = y])^2 = 1 - 2 q_y + sum_k q_k^2``, q = softmax(scores).
    Strictly proper.

    Source: Brier 1950; Gneiting, Raftery, JASA 2007, example 1.

    >>> from hconsist.arithmetic import NUMPY
    >>> import numpy as np
    >>> Brier().losses(np.zeros(2), NUMPY)
    array([0.5, 0.5])
    """

    spec_name: ClassVar[str] = "brier"
    source: ClassVar[str] = "Brier 1950; Gneiting, Raftery, JASA 2007"

    def of_probabilities(self, q: Value, ops: Ops) -> Value:
        return ops.const(1) - ops.const(2) * q + total(ops.power(q, 2), ops)

    @property
    def shape(self) -> Shape | None:
        return "convex in softmax"


@register_loss
@dataclass(frozen=True)
class Spherical(ProbabilityLoss):
    """Spherical loss ``1 - q_y / ||q||_2``, q = softmax(scores). Strictly proper, not convex in q.

    Source: Good 1971; Gneiting, Raftery, JASA 2007, example 2.

    >>> from hconsist.arithmetic import NUMPY
    >>> import numpy as np
    >>> Spherical().losses(np.zeros(4), NUMPY)
    array([0.5, 0.5, 0.5, 0.5])
    """

    spec_name: ClassVar[str] = "spherical"
    source: ClassVar[str] = "Good 1971; Gneiting, Raftery, JASA 2007"

    def of_probabilities(self, q: Value, ops: Ops) -> Value:
        norm = ops.power(total(ops.power(q, 2), ops), Fraction(1, 2))
        return ops.const(1) - q / norm
