"""Losses proposed for imbalanced data: focal, dice and label-dependent margins."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import ClassVar

from hconsist.arithmetic import Exact, Ops, Value, require
from hconsist.losses.base import Loss, ProbabilityLoss, Shape, SoftmaxLoss, total
from hconsist.losses.catalogue import register_loss
from hconsist.losses.forms import Form
from hconsist.losses.forms_of_scores import LabelMargins


@register_loss
@dataclass(frozen=True)
class Focal(SoftmaxLoss):
    """Focal loss ``-(1 - u)^gamma log u``, u the softmax value of the label.

    Domain: gamma >= 0; gamma = 0 is cross-entropy. Units: nats.

    Source: Lin, Goyal, Girshick, He, Dollar, "Focal loss for dense object detection", ICCV 2017,
    eq. (4).

    >>> from hconsist.arithmetic import NUMPY
    >>> import numpy as np
    >>> Focal(2).losses(np.zeros(2), NUMPY).round(4)
    array([0.1733, 0.1733])
    """

    gamma: Exact = Fraction(2)

    spec_name: ClassVar[str] = "focal"
    source: ClassVar[str] = "Lin et al., ICCV 2017"

    def __post_init__(self) -> None:
        gamma = self._read("gamma")
        require(
            gamma >= 0, "gamma must be >= 0", gamma, "pass gamma=2; gamma=0 is the logistic loss"
        )

    def of_softmax(self, u: Value, ops: Ops) -> Value:
        return -ops.power(ops.const(1) - u, self.gamma) * ops.log(u)

    @property
    def shape(self) -> Shape | None:
        # With r = (1 - u) / u: phi'' = (1 - u)^(gamma - 2) (r^2 + 2 gamma r - gamma (gamma - 1) log
        # u). For gamma >= 1 every term is >= 0; for gamma < 1 use -log u <= r, which leaves r^2 +
        # gamma (1 + gamma) r >= 0.
        return "convex in softmax"


@register_loss
@dataclass(frozen=True)
class Dice(ProbabilityLoss):
    """Dice loss ``1 - (2 q_y + gamma) / (1 + sum_k q_k^2 + gamma)``, q = softmax(scores), per
    example.

    Domain: gamma >= 0, the smoothing.

    Source: Milletari, Navab, Ahmadi, "V-Net", 3DV 2016 (squares in the denominator), smoothed as in
    Li et al., "Dice loss for data-imbalanced NLP tasks", ACL 2020, eq. (8), between the one-hot
    label and q.

    >>> from hconsist.arithmetic import NUMPY
    >>> import numpy as np
    >>> Dice(1).losses(np.zeros(2), NUMPY).round(12)
    array([0.2, 0.2])
    """

    gamma: Exact = Fraction(1)

    spec_name: ClassVar[str] = "dice"
    source: ClassVar[str] = "Milletari, Navab, Ahmadi, 3DV 2016"

    def __post_init__(self) -> None:
        gamma = self._read("gamma")
        require(gamma >= 0, "gamma must be >= 0", gamma, "pass gamma=1")

    def of_probabilities(self, q: Value, ops: Ops) -> Value:
        gamma, one = ops.const(self.gamma), ops.const(1)
        return one - (ops.const(2) * q + gamma) / (total(ops.power(q, 2), ops) + one + gamma)


@register_loss
@dataclass(frozen=True)
class LDAM(Loss):
    """Label-distribution-aware margins: cross-entropy after the label's score is lowered by its
    margin Delta_y.

    Domain: margin >= 0, growth > 0, scores in R^n.

    Definition: ``log sum_k exp(Delta_y [k != y] + s_k - s_y)``, ``Delta_y = margin growth^(y - n +
    1)`` for y = 0..n-1. The paper takes Delta_y proportional to N_y^(-1/4), N_y the number of
    examples, scaled to a largest margin (1/2): with N_y = N_0 mu^y, the long tail of its
    experiments, that is growth = mu^(-1/4). growth = 1 is one margin for all labels. Not symmetric
    in the labels. Units: nats.

    Source: Cao, Wei, Gaidon, Arechiga, Ma, "Learning imbalanced datasets with
    label-distribution-aware margin loss", NeurIPS 2019, eq. (13).

    >>> from hconsist.arithmetic import NUMPY
    >>> import numpy as np
    >>> LDAM(margin=1, growth=2).losses(np.zeros(2), NUMPY).round(4)
    array([0.9741, 1.3133])
    """

    margin: Exact = Fraction(1, 2)
    growth: Exact = Fraction(3, 2)

    spec_name: ClassVar[str] = "ldam"
    source: ClassVar[str] = "Cao et al., NeurIPS 2019"
    symmetric: ClassVar[bool] = False

    def __post_init__(self) -> None:
        margin, growth = self._read("margin"), self._read("growth")
        require(margin >= 0, "margin must be >= 0", margin, "pass margin=0.5")
        require(
            growth > 0,
            "growth must be > 0",
            growth,
            "pass growth=1.5, the ratio of consecutive margins",
        )

    @property
    def _margins(self) -> LabelMargins:
        return LabelMargins(self.margin, self.growth)

    def losses(self, scores: Value, ops: Ops) -> Value:
        return self._margins.losses(scores, ops)

    def _own_forms(self) -> tuple[Form, ...]:
        return (self._margins,)

    @property
    def shape(self) -> Shape | None:
        return "convex in scores"
