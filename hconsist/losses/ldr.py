"""Label-distributionally robust (LDR) losses."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import ClassVar

from hconsist.arithmetic import Exact, Ops, Value, require
from hconsist.losses.base import Shape, SoftmaxLoss


@dataclass(frozen=True)
class LDR(SoftmaxLoss):
    """LDR-KL loss with margin c and temperature lam.

    Domain: lam > 0, c >= 0, n >= 2, scores in R^n.

    Definition: ``max_q sum_k q_k (c [k != y] + s_k - s_y) - lam (KL(q, uniform) - log n)``
    ``= lam log sum_k exp((c [k != y] + s_k - s_y) / lam)``. The constant ``lam log n`` makes it 0 for a perfect
    prediction; the paper leaves it out, which no regret, gap or bound can see. As a function of
    u = softmax(s / lam)_y it is ``lam log(1 + e^(c/lam) (1/u - 1))``.
    lam -> 0 is the Crammer-Singer loss with margin c; c = 0 is lam times cross-entropy at temperature lam.

    Units: those of the scores.

    Source: Zhu, Ying, Yang, "Label distributionally robust losses for multi-class classification", ICML 2023, eq. (4).

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
        require(lam > 0, "lam must be > 0", lam, "pass lam=1; the limit lam -> 0 is 'max:phi=hinge' (margin 1)")
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
        # (u + e^(c/lam) (1 - u)) / u, the two logarithms apart so that a convex program can read each.
        weight = ops.exp(ops.const(self.c / self.lam))
        return lam * (ops.log(weight - (weight - ops.const(1)) * u) - ops.log(u))

    def losses(self, scores: Value, ops: Ops) -> Value:
        # The definition, convex in the scores as it stands; `of_softmax` is the same function (asserted in the tests).
        lam, n = ops.const(self.lam), scores.shape[-1]
        exponents = (ops.const(self.c) * ops.off_diagonal(n) - ops.differences(scores)) / lam
        return lam * ops.logsumexp(exponents)
