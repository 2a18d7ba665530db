"""Comp-sum losses: cross-entropy and its relatives."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import ClassVar

from hconsist.arithmetic import Exact, Ops, Value, require
from hconsist.losses.base import Shape, SoftmaxLoss
from hconsist.losses.catalogue import register_loss, register_maker
from hconsist.losses.forms import Form, Transport


@register_loss
@dataclass(frozen=True)
class CompSum(SoftmaxLoss):
    """Comp-sum loss Phi^tau, exponential inner function.

    Domain: tau >= 0, any number of classes n >= 2, scores in R^n.

    Definition: ``Phi^tau(sum_{k != y} exp(s_k - s_y))`` with ``Phi^tau(v) = ((1 + v)^(1 - tau) - 1)
    / (1 - tau)`` and
    ``log(1 + v)`` at tau = 1; of the softmax value u of the label, ``(u^(tau - 1) - 1) / (1 -
    tau)``, or ``-log u``. tau = 0 is the sum-exponential loss, 1 the logistic loss (cross-entropy),
    in (1, 2) generalized cross-entropy with q = tau - 1, and 2 the mean absolute error.

    Units: nats at tau = 1.

    Raises
    ------
    InvalidInputError
        For tau < 0.

    Source: Mao, Mohri, Zhong, "Cross-entropy loss functions: theoretical analysis and
    applications", ICML 2023, eq. (4).

    Examples
    --------
    >>> from hconsist.arithmetic import NUMPY
    >>> import numpy as np
    >>> CompSum(2).losses(np.array([0.0, 0.0, 0.0, 0.0]), NUMPY)
    array([0.75, 0.75, 0.75, 0.75])
    """

    tau: Exact = Fraction(1)

    spec_name: ClassVar[str] = "comp-sum"
    source: ClassVar[str] = "Mao, Mohri, Zhong, ICML 2023"

    def __post_init__(self) -> None:
        tau = self._read("tau")
        require(
            tau >= 0,
            "tau must be >= 0",
            tau,
            "tau=0 is the sum-exponential, 1 the logistic, 2 the MAE loss",
        )

    def of_softmax(self, u: Value, ops: Ops) -> Value:
        if self.tau == 1:
            return -ops.log(u)
        return (ops.power(u, self.tau - 1) - ops.const(1)) / ops.const(1 - self.tau)

    @property
    def shape(self) -> Shape | None:
        # phi'' = (2 - tau) u^(tau - 3)
        if (self.tau <= 2) == True:  # noqa: E712 (SymPy may leave the comparison open)
            return "convex in softmax"
        if (self.tau > 2) == True:  # noqa: E712
            return "concave in softmax"
        return None

    def _own_forms(self) -> tuple[Form, ...]:
        cross_entropy = (Transport(Fraction(1), Fraction(0)),) if self.tau == 1 else ()
        return (*super()._own_forms(), *cross_entropy)


@register_maker("sum-exp", "Weston, Watkins 1998")
def SumExponential() -> CompSum:  # noqa: N802 (reads as a class: it is a member of the family)
    """Sum-exponential loss: `CompSum` at tau = 0."""
    return CompSum(0)


@register_maker("logistic", CompSum.source)
def Logistic() -> CompSum:  # noqa: N802
    """Multinomial logistic loss, that is softmax cross-entropy: `CompSum` at tau = 1."""
    return CompSum(1)


@register_maker("gce", "Zhang, Sabuncu, NeurIPS 2018")
def GCE(q: object = Fraction(7, 10)) -> CompSum:  # noqa: N802
    """Generalized cross-entropy ``(1 - u^q) / q``: `CompSum` at tau = 1 + q.

    Raises
    ------
    InvalidInputError
        For q outside (0, 1].

    Examples
    --------
    >>> GCE(0.7)
    CompSum(tau=Fraction(17, 10))
    """
    from hconsist.arithmetic import exact

    value = exact(q, "q")
    require(
        (value > 0) & (value <= 1),
        "q must lie in (0, 1]",
        value,
        "q=0.7 is usual, q=1 is the MAE loss",
    )
    return CompSum(value + 1)


@register_maker("mae", "Ghosh, Kumar, Sastry, AAAI 2017")
def MAE() -> CompSum:  # noqa: N802
    """Mean absolute error ``1 - u``: `CompSum` at tau = 2."""
    return CompSum(2)
