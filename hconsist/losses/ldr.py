"""Label-distributionally robust (LDR) losses."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import ClassVar

from hconsist.arithmetic import Exact, Ops, Value, require, whole
from hconsist.losses.base import Loss, Shape, SoftmaxLoss
from hconsist.losses.catalogue import register_loss, register_maker
from hconsist.losses.forms import Form, Transport
from hconsist.losses.forms_of_scores import AdaptiveTransport, LargestTerms


@register_loss
@dataclass(frozen=True)
class LDR(SoftmaxLoss):
    """LDR-KL loss with margin c and temperature lam.

    Domain: lam > 0, c >= 0, n >= 2, scores in R^n.

    Definition: ``max_q sum_k q_k (c [k != y] + s_k - s_y) - lam (KL(q, uniform) - log n)``
    ``= lam log sum_k exp((c [k != y] + s_k - s_y) / lam)``. The constant ``lam log n`` makes it 0
    for a perfect prediction; the paper leaves it out, which no regret, gap or bound can see. As a
    function of u = softmax(s / lam)_y it is ``lam log(1 + e^(c/lam) (1/u - 1))``. lam -> 0 is the
    Crammer-Singer loss with margin c; c = 0 is lam times cross-entropy at temperature lam.

    Units: those of the scores.

    Source: Zhu, Ying, Yang, "Label distributionally robust losses for multi-class classification",
    ICML 2023, eq. (4).

    Examples
    --------
    >>> from hconsist.arithmetic import NUMPY
    >>> import numpy as np
    >>> LDR(lam=1, c=0).losses(np.zeros(2), NUMPY).round(4)
    array([0.6931, 0.6931])
    """

    lam: Exact = Fraction(1)
    c: Exact = Fraction(0)

    spec_name: ClassVar[str] = "ldr"
    source: ClassVar[str] = "Zhu, Ying, Yang, ICML 2023"

    def __post_init__(self) -> None:
        lam, c = self._read("lam"), self._read("c")
        require(lam > 0, "lam must be > 0", lam, "pass lam=1; the limit lam -> 0 is 'ldr-zero'")
        require(c >= 0, "c must be >= 0", c, "pass c=0 for no margin")

    @property
    def temperature(self) -> Exact:
        return self.lam

    @property
    def shape(self) -> Shape | None:
        return "convex in scores"

    def of_softmax(self, u: Value, ops: Ops) -> Value:
        lam = ops.const(self.lam)
        if self.c == 0:
            return -lam * ops.log(u)
        # (u + e^(c/lam) (1 - u)) / u, the two logarithms apart so that a convex program can read
        # each.
        weight = ops.exp(ops.const(self.c / self.lam))
        return lam * (ops.log(weight - (weight - ops.const(1)) * u) - ops.log(u))

    def losses(self, scores: Value, ops: Ops) -> Value:
        # The definition, convex in the scores as it stands; `of_softmax` is the same function
        # (asserted in the tests).
        lam, n = ops.const(self.lam), scores.shape[-1]
        exponents = (ops.const(self.c) * ops.off_diagonal(n) - ops.differences(scores)) / lam
        return lam * ops.logsumexp(exponents)

    def _own_forms(self) -> tuple[Form, ...]:
        return (*super()._own_forms(), Transport(self.lam, self.c))


@register_loss
@dataclass(frozen=True)
class LDRk(Loss):
    """LDR-k loss: the mean of the k largest of ``c [k' != y] + s_k' - s_y`` over all labels k'.

    Domain: k a whole number, 1 <= k <= n, c >= 0, scores in R^n.

    Definition: ``max_q sum_k' q_k' (c [k' != y] + s_k' - s_y)`` over distributions q with every
    q_k' <= 1/k. k = 1 is the limit lam -> 0 of `LDR`, the Crammer-Singer loss with margin c; k = n
    the limit lam -> infinity. Units: those of the scores.

    Source: Zhu, Ying, Yang, ICML 2023, section 4.

    Examples
    --------
    >>> from hconsist.arithmetic import NUMPY
    >>> import numpy as np
    >>> LDRk(k=2, c=1).losses(np.array([2.0, 0.0, 0.0]), NUMPY)
    array([-0.5,  2. ,  2. ])
    """

    k: int = 2
    c: Exact = Fraction(1)

    spec_name: ClassVar[str] = "ldr-k"
    source: ClassVar[str] = "Zhu, Ying, Yang, ICML 2023"

    def __post_init__(self) -> None:
        object.__setattr__(self, "k", whole(self.k, "k"))
        c = self._read("c")
        require(self.k >= 1, "k must be >= 1", self.k, "pass k=2; k=1 is the Crammer-Singer loss")
        require(c >= 0, "c must be >= 0", c, "pass c=1")

    @property
    def shape(self) -> Shape | None:
        return "convex in scores"

    @property
    def _terms(self) -> LargestTerms:
        return LargestTerms(self.k, self.c)

    def losses(self, scores: Value, ops: Ops) -> Value:
        return self._terms.losses(scores, ops)

    def _own_forms(self) -> tuple[Form, ...]:
        return (self._terms,)


@register_maker("ldr-zero", LDRk.source)
def LDRZero(c: object = Fraction(1)) -> LDRk:  # noqa: N802 (reads as a class: it is a member of the family)
    """The limit lam -> 0 of `LDR`: the Crammer-Singer loss with margin c, that is `LDRk` at k = 1.

    >>> LDRZero(2)
    LDRk(k=1, c=Fraction(2, 1))
    """
    return LDRk(k=1, c=c)


@register_loss
@dataclass(frozen=True)
class LDRInfinity(Loss):
    """The limit lam -> infinity of LDR-KL: the mean over all labels k of ``c [k != y] + s_k -
    s_y``, linear in the scores.

    Domain: c >= 0, scores in R^n; unbounded below. Units: those of the scores.

    Source: Zhu, Ying, Yang, ICML 2023, section 4.

    >>> from hconsist.arithmetic import NUMPY
    >>> import numpy as np
    >>> LDRInfinity(1).losses(np.array([1.0, 0.0]), NUMPY)
    array([0., 1.])
    """

    c: Exact = Fraction(1)

    spec_name: ClassVar[str] = "ldr-inf"
    source: ClassVar[str] = "Zhu, Ying, Yang, ICML 2023"

    def __post_init__(self) -> None:
        c = self._read("c")
        require(c >= 0, "c must be >= 0", c, "pass c=1")

    @property
    def shape(self) -> Shape | None:
        return "convex in scores"

    @property
    def _terms(self) -> LargestTerms:
        return LargestTerms(None, self.c)

    def losses(self, scores: Value, ops: Ops) -> Value:
        return self._terms.losses(scores, ops)

    def _own_forms(self) -> tuple[Form, ...]:
        return (self._terms,)


@register_loss
@dataclass(frozen=True)
class ALDR(Loss):
    """Adaptive LDR-KL loss: the temperature is chosen per example, by a maximum of its own.

    Domain: lam0 > 0, alpha > 1, c >= 0, n >= 2, scores in R^n.

    Definition: ``max_q max_{lam >= 0} sum_k q_k m_k - lam KL(q, uniform) - (a/2) (lam - lam0)^2``
    with
    ``m_k = c [k != y] + s_k - s_y`` and ``a = alpha log(n) / lam0``. The maximum over q is the
    LDR-KL loss, which leaves
    ``max_lam lam log((1/n) sum_k exp(m_k / lam)) - (a/2) (lam - lam0)^2``, where the maximiser
    satisfies lam = lam0 - KL(q, uniform) / a, so that ``lam0 (1 - 1/alpha) <= lam <= lam0`` (KL <=
    log n). A supremum of convex functions of the scores: convex. The released code replaces the
    maximum by one fixed-point step. Units: those of the scores.

    Source: Zhu, Ying, Yang, "Label distributionally robust losses for multi-class classification",
    ICML 2023, section 5.

    Examples
    --------
    >>> from hconsist.arithmetic import NUMPY
    >>> import numpy as np
    >>> ALDR(lam0=1, alpha=2, c=0).losses(np.array([0.0, 0.0]), NUMPY).round(12)
    array([0., 0.])
    """

    lam0: Exact = Fraction(1)
    alpha: Exact = Fraction(2)
    c: Exact = Fraction(0)

    spec_name: ClassVar[str] = "aldr"
    solves_for_its_value: ClassVar[bool] = True
    source: ClassVar[str] = "Zhu, Ying, Yang, ICML 2023"

    def __post_init__(self) -> None:
        lam0, alpha, c = self._read("lam0"), self._read("alpha"), self._read("c")
        require(lam0 > 0, "lam0 must be > 0", lam0, "pass lam0=1")
        require(
            alpha > 1,
            "alpha must be > 1",
            alpha,
            "pass alpha=2: then the temperature stays positive",
        )
        require(c >= 0, "c must be >= 0", c, "pass c=0 for no margin")

    @property
    def shape(self) -> Shape | None:
        return "convex in scores"

    @property
    def _adaptive(self) -> AdaptiveTransport:
        return AdaptiveTransport(self.lam0, self.alpha, self.c)

    def losses(self, scores: Value, ops: Ops) -> Value:
        return self._adaptive.losses(scores, ops)

    def _own_forms(self) -> tuple[Form, ...]:
        return (self._adaptive,)


@register_loss
@dataclass(frozen=True)
class CosFace(SoftmaxLoss):
    """Large-margin cosine loss ``log sum_k exp(scale (margin [k != y] + s_k - s_y))``: scale times
    LDR with lam = 1 / scale.

    Domain: scale > 0, margin >= 0; the scores are cosines, hypothesis set bounded:1, and any scores
    on the complete set.

    Source: Wang et al., "CosFace: large margin cosine loss for deep face recognition", CVPR 2018,
    eq. (4).

    >>> from hconsist.arithmetic import NUMPY
    >>> import numpy as np
    >>> CosFace(scale=2, margin=0).losses(np.zeros(2), NUMPY).round(4)
    array([0.6931, 0.6931])
    """

    scale: Exact = Fraction(8)
    margin: Exact = Fraction(7, 20)

    spec_name: ClassVar[str] = "cosface"
    source: ClassVar[str] = "Wang et al., CVPR 2018"

    def __post_init__(self) -> None:
        scale, margin = self._read("scale"), self._read("margin")
        require(scale > 0, "scale must be > 0", scale, "pass scale=8")
        require(margin >= 0, "margin must be >= 0", margin, "pass margin=0.35")

    @property
    def _ldr(self) -> LDR:
        return LDR(lam=1 / self.scale, c=self.margin)

    @property
    def temperature(self) -> Exact:
        return self._ldr.temperature

    @property
    def shape(self) -> Shape | None:
        return self._ldr.shape

    def of_softmax(self, u: Value, ops: Ops) -> Value:
        return ops.const(self.scale) * self._ldr.of_softmax(u, ops)

    def losses(self, scores: Value, ops: Ops) -> Value:
        return ops.const(self.scale) * self._ldr.losses(scores, ops)

    def _own_forms(self) -> tuple[Form, ...]:
        return (*super()._own_forms(), Transport(1 / self.scale, self.margin, self.scale))


@register_loss
@dataclass(frozen=True)
class InfoNCE(SoftmaxLoss):
    """InfoNCE loss ``-log softmax(s / temperature)_y``, the positive among n candidates of
    similarities s. Units: nats.

    Domain: temperature > 0, scores in R^n.

    Source: van den Oord, Li, Vinyals, "Representation learning with contrastive predictive coding",
    2018; temperature as in Wu, Xiong, Yu, Lin, CVPR 2018.

    >>> from hconsist.arithmetic import NUMPY
    >>> import numpy as np
    >>> InfoNCE("1/2").losses(np.array([0.5, 0.0]), NUMPY).round(4)
    array([0.3133, 1.3133])
    """

    temperature: Exact = Fraction(1, 10)

    spec_name: ClassVar[str] = "infonce"
    source: ClassVar[str] = "van den Oord, Li, Vinyals 2018"

    def __post_init__(self) -> None:
        temperature = self._read("temperature")
        require(temperature > 0, "temperature must be > 0", temperature, "pass temperature=0.1")

    @property
    def shape(self) -> Shape | None:
        return "convex in softmax"

    def of_softmax(self, u: Value, ops: Ops) -> Value:
        return -ops.log(u)

    def losses(self, scores: Value, ops: Ops) -> Value:
        return CosFace(scale=1 / self.temperature, margin=Fraction(0)).losses(scores, ops)

    def _own_forms(self) -> tuple[Form, ...]:
        scale = 1 / self.temperature
        return (*super()._own_forms(), Transport(self.temperature, Fraction(0), scale))
