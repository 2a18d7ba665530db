"""Multi-class losses built from a margin loss: constrained, sum, max and comp-sum of margins."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from typing import ClassVar

from hconsist.arithmetic import Exact, Ops, Value, require
from hconsist.losses import forms
from hconsist.losses.base import Loss, MarginLoss, Shape
from hconsist.losses.catalogue import register_loss, register_maker
from hconsist.losses.facts import Curve
from hconsist.losses.margin import Hinge
from hconsist.losses.separable import Separable

_NEURIPS22 = "Awasthi, Mao, Mohri, Zhong, NeurIPS 2022"


@dataclass(frozen=True)
class _OfMargin(Loss):
    """A multi-class loss with a margin loss phi as its parameter."""

    phi: MarginLoss = field(default_factory=Hinge)

    @property
    def spec(self) -> str:
        parts = [f"phi={self.phi.spec_name}", *self.phi.spec.split(":")[1:]]
        return self.spec_name + ":" + ",".join(parts)

    @property
    def symbolic(self) -> bool:
        return self.phi.symbolic

    @property
    def shape(self) -> Shape | None:
        return self.phi.shape

    @property
    def _curve(self) -> Curve:
        form = self.phi.form(forms.OfMargin)
        assert form is not None  # every margin loss has this form
        return form.phi


@register_loss
@dataclass(frozen=True)
class Constrained(_OfMargin):
    """Constrained loss ``sum_{k != y} phi(-s_k)`` over scores that sum to zero.

    Source: Lee, Lin, Wahba 2004; Awasthi et al., NeurIPS 2022, section 5.

    >>> from hconsist.arithmetic import NUMPY
    >>> import numpy as np
    >>> Constrained(Hinge()).losses(np.array([2.0, -1.0, -1.0]), NUMPY)
    array([0., 3., 3.])
    """

    spec_name: ClassVar[str] = "constrained"
    source: ClassVar[str] = _NEURIPS22

    def losses(self, scores: Value, ops: Ops) -> Value:
        return ops.sum_others(ops.rows(self.phi.of_margin(-scores, ops)))

    @property
    def sum_to_zero(self) -> bool:
        return True

    @property
    def separable(self) -> Separable:
        return Separable("scores", lambda z, ops: self.phi.of_margin(-z, ops), complement=True)

    def _own_forms(self) -> tuple[forms.Form, ...]:
        return (forms.OfScores(self._curve),)


@register_loss
@dataclass(frozen=True)
class SumLoss(_OfMargin):
    """Sum loss ``sum_{k != y} phi(s_y - s_k)``; with the hinge it is the Weston-Watkins loss.

    Source: Weston, Watkins 1998; Awasthi et al., NeurIPS 2022, section 4.2.

    >>> from hconsist.arithmetic import NUMPY
    >>> import numpy as np
    >>> SumLoss(Hinge()).losses(np.array([2.0, 0.0, 0.0]), NUMPY)
    array([0., 4., 4.])
    """

    spec_name: ClassVar[str] = "sum"
    source: ClassVar[str] = _NEURIPS22

    def losses(self, scores: Value, ops: Ops) -> Value:
        return ops.sum_others(self.phi.of_margin(ops.differences(scores), ops))

    def _own_forms(self) -> tuple[forms.Form, ...]:
        return (forms.Pairwise(self._curve, "sum", self.losses),)


@register_loss
@dataclass(frozen=True)
class MaxLoss(_OfMargin):
    """Max loss ``max_{k != y} phi(s_y - s_k)``; with the hinge it is the Crammer-Singer loss.

    phi must be non-increasing, so that the maximum is phi at the smallest margin.

    Source: Crammer, Singer 2001; Awasthi et al., NeurIPS 2022, section 4.1.

    >>> from hconsist.arithmetic import NUMPY
    >>> import numpy as np
    >>> MaxLoss(Hinge()).losses(np.array([2.0, 0.0, 0.5]), NUMPY)
    array([0. , 3. , 2.5])
    """

    spec_name: ClassVar[str] = "max"
    source: ClassVar[str] = _NEURIPS22

    def losses(self, scores: Value, ops: Ops) -> Value:
        return ops.max_others(self.phi.of_margin(ops.differences(scores), ops))

    def _own_forms(self) -> tuple[forms.Form, ...]:
        return (forms.Pairwise(self._curve, "max", self.losses),)


@register_loss
@dataclass(frozen=True)
class CompSumMargin(_OfMargin):
    """Comp-sum loss with any margin loss inside: ``Phi^tau(sum_{k != y} phi(s_y - s_k))``.

    Source: Mao, Mohri, Zhong, ICML 2023, eq. (2); with the rho-margin loss it is the family of
    their adversarial section.

    >>> from hconsist.arithmetic import NUMPY
    >>> import numpy as np
    >>> CompSumMargin(Hinge(), tau=0).losses(np.array([2.0, 0.0, 0.0]), NUMPY)
    array([0., 4., 4.])
    """

    tau: Exact = Fraction(1)

    spec_name: ClassVar[str] = "comp-sum-margin"
    source: ClassVar[str] = "Mao, Mohri, Zhong, ICML 2023"

    def __post_init__(self) -> None:
        tau = self._read("tau")
        require(tau >= 0, "tau must be >= 0", tau, "tau=0 is the sum loss, tau=1 its logarithm")

    @property
    def spec(self) -> str:
        return f"{super().spec},tau={self.tau}"

    @property
    def shape(self) -> Shape | None:
        return self.phi.shape if self.tau == 0 else None

    def _own_forms(self) -> tuple[forms.Form, ...]:
        return (forms.Pairwise(self._curve, "comp-sum", self.losses, self.tau),)

    def losses(self, scores: Value, ops: Ops) -> Value:
        one_plus = SumLoss(self.phi).losses(scores, ops) + ops.const(1)
        if self.tau == 1:
            return ops.log(one_plus)
        return (ops.power(one_plus, 1 - self.tau) - ops.const(1)) / ops.const(1 - self.tau)


@register_maker("weston-watkins", "Weston, Watkins 1998")
def WestonWatkins() -> SumLoss:  # noqa: N802 (reads as a class: it is a member of the family)
    """Weston-Watkins loss ``sum_{k != y} max(0, 1 - s_y + s_k)``: `SumLoss` of the hinge."""
    return SumLoss(Hinge())


@register_maker("crammer-singer", "Crammer, Singer 2001")
def CrammerSinger() -> MaxLoss:  # noqa: N802
    """Crammer-Singer loss ``max_{k != y} max(0, 1 - s_y + s_k)``: `MaxLoss` of the hinge."""
    return MaxLoss(Hinge())


@register_loss
@dataclass(frozen=True)
class QuadraticSurrogate(Loss):
    """Quadratic surrogate of the zero-one loss: ``(1/(2n)) sum_k (s_k + [k != y])^2``.

    Source: Osokin, Bach, Lacoste-Julien, NeurIPS 2017, section 2.2.

    >>> from hconsist.arithmetic import NUMPY
    >>> import numpy as np
    >>> QuadraticSurrogate().losses(np.array([0.0, -1.0]), NUMPY)
    array([0. , 0.5])
    """

    spec_name: ClassVar[str] = "quadratic-surrogate"
    shift_invariant: ClassVar[bool] = False
    source: ClassVar[str] = "Osokin, Bach, Lacoste-Julien, NeurIPS 2017"

    @property
    def shape(self) -> Shape | None:
        return "convex in scores"

    def losses(self, scores: Value, ops: Ops) -> Value:
        n = scores.shape[-1]
        return ops.sum(ops.power(ops.rows(scores) + ops.off_diagonal(n), 2)) / ops.const(2 * n)
