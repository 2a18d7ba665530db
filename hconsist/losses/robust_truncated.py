"""Losses for noisy labels that give up labels with a large loss, softly or at a level."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import ClassVar

from hconsist.arithmetic import Exact, Ops, Value, require
from hconsist.losses.base import Shape, SoftmaxLoss, convex_if
from hconsist.losses.catalogue import register_loss


@register_loss
@dataclass(frozen=True)
class SoftTruncated(SoftmaxLoss):
    """Softly truncated cross-entropy ``alpha log(1 - log(u) / alpha)``.

    Domain: alpha > 0; alpha -> infinity is cross-entropy.

    Source: Xu, Zhu, Yang, Zhang, Jin, Yang, "Learning with non-convex truncated losses by SGD", UAI
    2019, eq. (3).

    >>> from hconsist.arithmetic import NUMPY
    >>> import numpy as np
    >>> SoftTruncated(1).losses(np.zeros(2), NUMPY).round(4)
    array([0.5266, 0.5266])
    """

    alpha: Exact = Fraction(1)

    spec_name: ClassVar[str] = "soft-truncated"
    source: ClassVar[str] = "Xu et al., UAI 2019"

    def __post_init__(self) -> None:
        alpha = self._read("alpha")
        require(alpha > 0, "alpha must be > 0", alpha, "pass alpha=1")

    def of_softmax(self, u: Value, ops: Ops) -> Value:
        alpha = ops.const(self.alpha)
        return alpha * ops.log(ops.const(1) - ops.log(u) / alpha)

    @property
    def shape(self) -> Shape | None:
        # phi'' has the sign of 1 - log(u) - 1/alpha times alpha: non-negative on (0, 1] exactly for
        # alpha >= 1.
        return convex_if(self.alpha >= 1, False)


@register_loss
@dataclass(frozen=True)
class HardTruncated(SoftmaxLoss):
    """Truncated cross-entropy ``min(-log u, alpha)``: labels with a loss above alpha are given up.

    Domain: alpha > 0.

    Source: Xu, Zhu, Yang, Zhang, Jin, Yang, "Learning with non-convex truncated losses by SGD", UAI
    2019, section 3.

    >>> from hconsist.arithmetic import NUMPY
    >>> import numpy as np
    >>> HardTruncated("1/2").losses(np.zeros(2), NUMPY)
    array([0.5, 0.5])
    """

    alpha: Exact = Fraction(2)

    spec_name: ClassVar[str] = "hard-truncated"
    source: ClassVar[str] = "Xu et al., UAI 2019"

    def __post_init__(self) -> None:
        alpha = self._read("alpha")
        require(alpha > 0, "alpha must be > 0", alpha, "pass alpha=2")

    def of_softmax(self, u: Value, ops: Ops) -> Value:
        return ops.minimum(-ops.log(u), ops.const(self.alpha))


@register_loss
@dataclass(frozen=True)
class TruncatedGCE(SoftmaxLoss):
    """Truncated generalized cross-entropy ``(1 - max(u, k)^q) / q``.

    Domain: 0 < q <= 1, 0 < k < 1.

    Source: Zhang, Sabuncu, "Generalized cross entropy loss for training deep neural networks with
    noisy labels", NeurIPS 2018, eq. (9).

    >>> from hconsist.arithmetic import NUMPY
    >>> import numpy as np
    >>> TruncatedGCE(q=1, k="3/4").losses(np.zeros(2), NUMPY)
    array([0.25, 0.25])
    """

    q: Exact = Fraction(7, 10)
    k: Exact = Fraction(1, 2)

    spec_name: ClassVar[str] = "truncated-gce"
    source: ClassVar[str] = "Zhang, Sabuncu, NeurIPS 2018"

    def __post_init__(self) -> None:
        q, k = self._read("q"), self._read("k")
        require((q > 0) & (q <= 1), "q must lie in (0, 1]", q, "pass q=0.7")
        require((k > 0) & (k < 1), "k must lie in (0, 1)", k, "pass k=0.5; k = 0 is the gce loss")

    def of_softmax(self, u: Value, ops: Ops) -> Value:
        highest = (ops.const(1) - ops.power(ops.const(self.k), self.q)) / ops.const(self.q)
        return ops.minimum((ops.const(1) - ops.power(u, self.q)) / ops.const(self.q), highest)
