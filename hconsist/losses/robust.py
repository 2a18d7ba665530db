"""Losses for noisy labels: bounded, symmetric and asymmetric relatives of cross-entropy."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import ClassVar

from hconsist.arithmetic import Exact, Ops, Value, require, whole
from hconsist.losses.base import ProbabilityLoss, Shape, SoftmaxLoss, convex_if, total
from hconsist.losses.catalogue import register_loss


@register_loss
@dataclass(frozen=True)
class ReverseCrossEntropy(SoftmaxLoss):
    """Reverse cross-entropy ``-A (1 - u)``, where A < 0 stands for log 0: a multiple of the MAE
    loss.

    Domain: A < 0, u the softmax value of the label.

    Definition: ``- sum_k q_k log(e_y)_k`` with q = softmax(scores), e_y one-hot and log 0 replaced
    by A.

    Source: Wang et al., "Symmetric cross entropy for robust learning with noisy labels", ICCV 2019,
    eq. (6).

    >>> from hconsist.arithmetic import NUMPY
    >>> import numpy as np
    >>> ReverseCrossEntropy(-4).losses(np.zeros(2), NUMPY)
    array([2., 2.])
    """

    A: Exact = Fraction(-4)

    spec_name: ClassVar[str] = "rce"
    source: ClassVar[str] = "Wang et al., ICCV 2019"

    def __post_init__(self) -> None:
        A = self._read("A")
        require(A < 0, "A must be < 0", A, "A stands for log 0: pass A=-4")

    def of_softmax(self, u: Value, ops: Ops) -> Value:
        return ops.const(-self.A) * (ops.const(1) - u)

    @property
    def shape(self) -> Shape | None:
        return "convex in softmax"


@register_loss
@dataclass(frozen=True)
class SCE(SoftmaxLoss):
    """Symmetric cross-entropy ``alpha CE + beta RCE = -alpha log u - beta A (1 - u)``.

    Domain: alpha > 0, beta >= 0, A < 0.

    Source: Wang et al., "Symmetric cross entropy for robust learning with noisy labels", ICCV 2019,
    eq. (7).

    >>> from hconsist.arithmetic import NUMPY
    >>> import numpy as np
    >>> SCE(alpha=1, beta=1, A=-4).losses(np.zeros(2), NUMPY).round(4)
    array([2.6931, 2.6931])
    """

    alpha: Exact = Fraction(1, 10)
    beta: Exact = Fraction(1)
    A: Exact = Fraction(-4)

    spec_name: ClassVar[str] = "sce"
    source: ClassVar[str] = "Wang et al., ICCV 2019"

    def __post_init__(self) -> None:
        alpha, beta, A = self._read("alpha"), self._read("beta"), self._read("A")
        require(alpha > 0, "alpha must be > 0", alpha, "pass alpha=0.1; alpha = 0 is the rce loss")
        require(beta >= 0, "beta must be >= 0", beta, "pass beta=1")
        require(A < 0, "A must be < 0", A, "A stands for log 0: pass A=-4")

    def of_softmax(self, u: Value, ops: Ops) -> Value:
        reverse = ReverseCrossEntropy(self.A).of_softmax(u, ops)
        return ops.const(self.beta) * reverse - ops.const(self.alpha) * ops.log(u)

    @property
    def shape(self) -> Shape | None:
        return "convex in softmax"


@register_loss
@dataclass(frozen=True)
class NCE(ProbabilityLoss):
    """Normalized cross-entropy ``log q_y / sum_k log q_k``, q = softmax(scores). Its losses over
    the labels sum to 1.

    Source: Ma, Huang, Wang, Romano, Erfani, Bailey, "Normalized loss functions for deep learning
    with noisy labels", ICML 2020, eq. (4).

    >>> from hconsist.arithmetic import NUMPY
    >>> import numpy as np
    >>> NCE().losses(np.zeros(4), NUMPY)
    array([0.25, 0.25, 0.25, 0.25])
    """

    spec_name: ClassVar[str] = "nce"
    source: ClassVar[str] = "Ma et al., ICML 2020"

    def of_probabilities(self, q: Value, ops: Ops) -> Value:
        log_q = ops.log(q)
        return log_q / total(log_q, ops)

    def losses(self, scores: Value, ops: Ops) -> Value:
        # The same ratio with -log softmax written in the scores: no probability rounds to 0.
        minus_log_q = ops.logsumexp(-ops.differences(scores))
        return minus_log_q / total(minus_log_q, ops)


@register_loss
@dataclass(frozen=True)
class AGCE(SoftmaxLoss):
    """Asymmetric generalized cross-entropy ``((a + 1)^q - (a + u)^q) / q``.

    Domain: a > 0, q > 0.

    Source: Zhou, Liu, Jiang, Gao, Ji, "Asymmetric loss functions for learning with noisy labels",
    ICML 2021, section 4.

    >>> from hconsist.arithmetic import NUMPY
    >>> import numpy as np
    >>> AGCE(a=1, q=1).losses(np.zeros(2), NUMPY)
    array([0.5, 0.5])
    """

    a: Exact = Fraction(1)
    q: Exact = Fraction(1, 2)

    spec_name: ClassVar[str] = "agce"
    source: ClassVar[str] = "Zhou et al., ICML 2021"

    def __post_init__(self) -> None:
        a, q = self._read("a"), self._read("q")
        require(a > 0, "a must be > 0", a, "pass a=1; a = 0 is the gce loss")
        require(q > 0, "q must be > 0", q, "pass q=0.5")

    def of_softmax(self, u: Value, ops: Ops) -> Value:
        a = ops.const(self.a)
        return (ops.power(a + ops.const(1), self.q) - ops.power(a + u, self.q)) / ops.const(self.q)

    @property
    def shape(self) -> Shape | None:
        return convex_if(self.q <= 1, self.q > 1)


@register_loss
@dataclass(frozen=True)
class AUL(SoftmaxLoss):
    """Asymmetric unhinged loss ``((a - u)^p - (a - 1)^p) / p``.

    Domain: a > 1, p > 0.

    Source: Zhou et al., "Asymmetric loss functions for learning with noisy labels", ICML 2021,
    section 4.

    >>> from hconsist.arithmetic import NUMPY
    >>> import numpy as np
    >>> AUL(a=2, p=1).losses(np.zeros(2), NUMPY)
    array([0.5, 0.5])
    """

    a: Exact = Fraction(3, 2)
    p: Exact = Fraction(9, 10)

    spec_name: ClassVar[str] = "aul"
    source: ClassVar[str] = "Zhou et al., ICML 2021"

    def __post_init__(self) -> None:
        a, p = self._read("a"), self._read("p")
        require(a > 1, "a must be > 1", a, "pass a=1.5")
        require(p > 0, "p must be > 0", p, "pass p=0.9")

    def of_softmax(self, u: Value, ops: Ops) -> Value:
        a = ops.const(self.a)
        return (ops.power(a - u, self.p) - ops.power(a - ops.const(1), self.p)) / ops.const(self.p)

    @property
    def shape(self) -> Shape | None:
        return convex_if(self.p >= 1, self.p < 1)


@register_loss
@dataclass(frozen=True)
class AEL(SoftmaxLoss):
    """Asymmetric exponential loss ``exp(-u / a)``.

    Domain: a > 0.

    Source: Zhou et al., "Asymmetric loss functions for learning with noisy labels", ICML 2021,
    section 4.

    >>> from hconsist.arithmetic import NUMPY
    >>> import numpy as np
    >>> AEL(a=0.5).losses(np.zeros(2), NUMPY).round(4)
    array([0.3679, 0.3679])
    """

    a: Exact = Fraction(5, 2)

    spec_name: ClassVar[str] = "ael"
    source: ClassVar[str] = "Zhou et al., ICML 2021"

    def __post_init__(self) -> None:
        a = self._read("a")
        require(a > 0, "a must be > 0", a, "pass a=2.5")

    def of_softmax(self, u: Value, ops: Ops) -> Value:
        return ops.exp(-u / ops.const(self.a))

    @property
    def shape(self) -> Shape | None:
        return "convex in softmax"


@register_loss
@dataclass(frozen=True)
class JensenShannon(SoftmaxLoss):
    """Generalised Jensen-Shannon loss between the label and the prediction, scaled by ``Z = -(1 -
    pi) log(1 - pi)``.

    Domain: 0 < pi < 1, the weight of the label. pi -> 0 is cross-entropy, pi -> 1 half the L1
    distance (MAE).

    Definition: ``(pi KL(e_y, m) + (1 - pi) KL(q, m)) / Z`` with m = pi e_y + (1 - pi) q, q =
    softmax(scores). With u = q_y and v = pi + (1 - pi) u it is ``((1 - pi) (u log u + (u - 1) log(1
    - pi)) - v log v) / Z``.

    Source: Englesson, Azizpour, "Generalized Jensen-Shannon divergence loss for learning with noisy
    labels", NeurIPS 2021.

    >>> from hconsist.arithmetic import NUMPY
    >>> import numpy as np
    >>> JensenShannon("1/2").of_softmax(np.array([0.0, 1.0]), NUMPY).round(12)
    array([2., 0.])
    """

    pi: Exact = Fraction(1, 2)

    spec_name: ClassVar[str] = "js"
    source: ClassVar[str] = "Englesson, Azizpour, NeurIPS 2021"

    def __post_init__(self) -> None:
        pi = self._read("pi")
        require(
            (pi > 0) & (pi < 1),
            "pi must lie in (0, 1)",
            pi,
            "pass pi=0.5; pi -> 0 is cross-entropy, pi -> 1 the mae loss",
        )

    def of_softmax(self, u: Value, ops: Ops) -> Value:
        rest = ops.const(1 - self.pi)
        log_rest = ops.log(rest)
        mixed = ops.const(self.pi) + rest * u
        divergence = rest * (ops.xlogx(u) + (u - ops.const(1)) * log_rest) - ops.xlogx(mixed)
        return divergence / (-rest * log_rest)

    @property
    def shape(self) -> Shape | None:
        return "convex in softmax"  # phi'' = pi (1 - pi) / (Z u (pi + (1 - pi) u))


@register_loss
@dataclass(frozen=True)
class RLL(ProbabilityLoss):
    """Robust log loss ``log((alpha + 1) / alpha) - log(alpha + q_y) + sum_{k != y} log(alpha + q_k)
    / (n - 1)``.

    Domain: alpha > 0, q = softmax(scores). The losses over the labels sum to a constant.

    Source: Patel, Sastry, "Memorization in deep neural networks: does the loss function matter?",
    PAKDD 2021, eq. (5).

    >>> from hconsist.arithmetic import NUMPY
    >>> import numpy as np
    >>> RLL(1).losses(np.zeros(3), NUMPY).round(4)
    array([0.6931, 0.6931, 0.6931])
    """

    alpha: Exact = Fraction(1, 10)

    spec_name: ClassVar[str] = "rll"
    source: ClassVar[str] = "Patel, Sastry, PAKDD 2021"

    def __post_init__(self) -> None:
        alpha = self._read("alpha")
        require(alpha > 0, "alpha must be > 0", alpha, "pass alpha=0.1")

    def of_probabilities(self, q: Value, ops: Ops) -> Value:
        alpha, n = ops.const(self.alpha), q.shape[-1]
        logs = ops.log(q + alpha)
        others = (total(logs, ops) - logs) / ops.const(n - 1)
        return ops.log((alpha + ops.const(1)) / alpha) - logs + others


@register_loss
@dataclass(frozen=True)
class TaylorCE(SoftmaxLoss):
    """Taylor cross-entropy ``sum_{i=1}^order (1 - u)^i / i``: order 1 is the MAE loss, order ->
    infinity cross-entropy.

    Domain: order a whole number >= 1.

    Source: Feng, Shu, Lin, Lv, Li, An, "Can cross entropy loss be robust to label noise?", IJCAI
    2020, eq. (8).

    >>> from hconsist.arithmetic import NUMPY
    >>> import numpy as np
    >>> TaylorCE(2).losses(np.zeros(2), NUMPY)
    array([0.625, 0.625])
    """

    order: int = 2

    spec_name: ClassVar[str] = "taylor-ce"
    source: ClassVar[str] = "Feng et al., IJCAI 2020"

    def __post_init__(self) -> None:
        object.__setattr__(self, "order", whole(self.order, "order"))
        require(
            self.order >= 1,
            "order must be >= 1",
            self.order,
            "pass order=2; order=1 is the mae loss",
        )

    def of_softmax(self, u: Value, ops: Ops) -> Value:
        rest = ops.const(1) - u
        result = rest
        for i in range(2, self.order + 1):
            result = result + ops.power(rest, i) / ops.const(i)
        return result

    @property
    def shape(self) -> Shape | None:
        return "convex in softmax"
