"""The spherical family: losses of the label's score, the sum and the sum of squares of the
scores.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import ClassVar

from hconsist.arithmetic import Exact, Ops, Value, require
from hconsist.losses.base import Loss
from hconsist.losses.catalogue import register_loss
from hconsist.losses.facts import Curve
from hconsist.losses.forms import Form
from hconsist.losses.forms_of_scores import OfWeights, Standardised


@dataclass(frozen=True)
class _OfWeights(Loss):
    """Cross-entropy of the shares that weights f(s) of the scores have."""

    def weight(self, s: Value, ops: Ops) -> Value:
        """f, elementwise."""
        raise NotImplementedError

    @property
    def _weights(self) -> OfWeights:
        return OfWeights(Curve("f", self.weight, "line"))

    def losses(self, scores: Value, ops: Ops) -> Value:
        return self._weights.losses(scores, ops)

    def _own_forms(self) -> tuple[Form, ...]:
        return (self._weights,)


@register_loss
@dataclass(frozen=True)
class TaylorSoftmax(_OfWeights):
    """Cross-entropy of the Taylor softmax: ``-log(f(s_y) / sum_k f(s_k))`` with ``f(s) = 1 + s +
    s^2 / 2``.

    f is positive but decreases below s = -1: the order of the scores is not the order of the
    predicted probabilities.

    Source: de Brebisson, Vincent, "An exploration of softmax alternatives belonging to the
    spherical loss family", ICLR 2016, eq. (6).

    >>> from hconsist.arithmetic import NUMPY
    >>> import numpy as np
    >>> np.exp(-TaylorSoftmax().losses(np.array([-4.0, 0.0]), NUMPY)).round(12)
    array([0.83333333, 0.16666667])
    """

    spec_name: ClassVar[str] = "taylor-softmax"
    shift_invariant: ClassVar[bool] = False
    source: ClassVar[str] = "de Brebisson, Vincent, ICLR 2016"

    def weight(self, s: Value, ops: Ops) -> Value:
        """f, elementwise."""
        return ops.const(1) + s + ops.power(s, 2) / ops.const(2)


@register_loss
@dataclass(frozen=True)
class SphericalSoftmax(_OfWeights):
    """Cross-entropy of the spherical softmax: ``-log((s_y^2 + epsilon) / sum_k (s_k^2 +
    epsilon))``.

    Domain: epsilon > 0. Even in every score: the sign of a score is invisible.

    Source: Vincent, de Brebisson, Bouthillier, "Efficient exact gradient update for training deep
    networks with very large sparse targets", NeurIPS 2015; de Brebisson, Vincent, ICLR 2016, eq.
    (4).

    >>> from hconsist.arithmetic import NUMPY
    >>> import numpy as np
    >>> np.exp(-SphericalSoftmax(1).losses(np.array([-3.0, 0.0]), NUMPY)).round(12)
    array([0.90909091, 0.09090909])
    """

    epsilon: Exact = Fraction(1, 10)

    spec_name: ClassVar[str] = "spherical-softmax"
    shift_invariant: ClassVar[bool] = False
    source: ClassVar[str] = "de Brebisson, Vincent, ICLR 2016"

    def __post_init__(self) -> None:
        epsilon = self._read("epsilon")
        require(epsilon > 0, "epsilon must be > 0", epsilon, "pass epsilon=0.1")

    def weight(self, s: Value, ops: Ops) -> Value:
        """``s^2 + epsilon``, elementwise."""
        return ops.power(s, 2) + ops.const(self.epsilon)


@register_loss
@dataclass(frozen=True)
class ZLoss(Loss):
    """Z-loss ``softplus(a (b - z_y)) / a`` of the standardised score ``z_y = (s_y - mean) / std``.

    Domain: a > 0, b real, scores not all equal (there z is undefined and the loss nan). std is the
    population's:
    ``sum_k z_k = 0``, ``sum_k z_k^2 = n``. Invariant under shift and positive scaling of the
    scores.

    Source: de Brebisson, Vincent, "The Z-loss: a shift and scale invariant classification loss
    belonging to the spherical family", arXiv:1604.08859, eq. (4).

    >>> from hconsist.arithmetic import NUMPY
    >>> import numpy as np
    >>> ZLoss(a=1, b=1).losses(np.array([2.0, 0.0]), NUMPY).round(4)
    array([0.6931, 2.1269])
    """

    a: Exact = Fraction(1)
    b: Exact = Fraction(1)

    spec_name: ClassVar[str] = "z-loss"
    source: ClassVar[str] = "de Brebisson, Vincent 2016"

    def __post_init__(self) -> None:
        a, _ = self._read("a"), self._read("b")
        require(a > 0, "a must be > 0", a, "pass a=1")

    def of_standardised(self, z: Value, ops: Ops) -> Value:
        """The loss of a standardised score, elementwise."""
        a = ops.const(self.a)
        return ops.softplus(a * (ops.const(self.b) - z)) / a

    @property
    def _standardised(self) -> Standardised:
        return Standardised(Curve("g", self.of_standardised, "line"))

    def losses(self, scores: Value, ops: Ops) -> Value:
        return self._standardised.losses(scores, ops)

    def _own_forms(self) -> tuple[Form, ...]:
        return (self._standardised,)
