"""Losses of a preference between two items, of their scores' difference h = s_preferred - s_other:
binary margin losses, u = h / 2.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import ClassVar

from hconsist.arithmetic import Exact, Ops, Value, require
from hconsist.losses.base import MarginLoss
from hconsist.losses.catalogue import register_loss


@register_loss
@dataclass(frozen=True)
class DPO(MarginLoss):
    """``-(1 - smoothing) log sigma(scale h) - smoothing log sigma(-scale h)``, h the difference of
    the two implicit rewards, in nats; ``smoothing > 0`` is conservative DPO.

    Domain: scale > 0 (beta in the paper), smoothing in [0, 1/2).

    Source: Rafailov et al., "Direct preference optimization", NeurIPS 2023, eq. (7); the smoothed
    loss: Mitchell, "A note on DPO with noisy preferences", 2023.

    >>> from hconsist.arithmetic import NUMPY
    >>> import numpy as np
    >>> float(DPO().of_margin(np.asarray(0.0), NUMPY).round(4))
    0.6931
    """

    scale: Exact = Fraction(1, 10)
    smoothing: Exact = Fraction(0)

    spec_name: ClassVar[str] = "dpo"
    source: ClassVar[str] = "Rafailov et al., NeurIPS 2023"
    made_for: ClassVar[str] = "pairwise"
    convex: ClassVar[bool] = True

    def __post_init__(self) -> None:
        scale, smoothing = self._read("scale"), self._read("smoothing")
        require(scale > 0, "scale must be > 0", scale, "pass scale=0.1")
        require(
            0 <= smoothing < Fraction(1, 2),
            "smoothing must lie in [0, 1/2)",
            smoothing,
            "pass smoothing=0.1",
        )

    def of_margin(self, u: Value, ops: Ops) -> Value:
        h = ops.const(2 * self.scale) * u
        plain = ops.const(1 - self.smoothing) * ops.softplus(-h)
        return plain if self.smoothing == 0 else plain + ops.const(self.smoothing) * ops.softplus(h)


@register_loss
@dataclass(frozen=True)
class IPO(MarginLoss):
    """``(h - 1/(2 tau))^2``.

    Domain: tau > 0.

    Source: Azar et al., "A general theoretical paradigm to understand learning from human
    preferences", AISTATS 2024, eq. (17).

    >>> from hconsist.arithmetic import NUMPY
    >>> float(IPO(1).of_margin(0.0, NUMPY))
    0.25
    """

    tau: Exact = Fraction(1, 10)

    spec_name: ClassVar[str] = "ipo"
    source: ClassVar[str] = "Azar et al., AISTATS 2024"
    made_for: ClassVar[str] = "pairwise"
    convex: ClassVar[bool] = True

    def __post_init__(self) -> None:
        tau = self._read("tau")
        require(tau > 0, "tau must be > 0", tau, "pass tau=0.1")

    def of_margin(self, u: Value, ops: Ops) -> Value:
        return ops.power(ops.const(1 / (2 * self.tau)) - ops.const(2) * u, 2)


@register_loss
@dataclass(frozen=True)
class SLiC(MarginLoss):
    """``max(0, margin - h)``.

    Domain: margin > 0.

    Source: Zhao et al., "SLiC-HF: sequence likelihood calibration with human feedback", 2023.

    >>> from hconsist.arithmetic import NUMPY
    >>> import numpy as np
    >>> float(SLiC(1).of_margin(np.asarray(0.25), NUMPY))
    0.5
    """

    margin: Exact = Fraction(1)

    spec_name: ClassVar[str] = "slic"
    source: ClassVar[str] = "Zhao et al. 2023"
    made_for: ClassVar[str] = "pairwise"
    convex: ClassVar[bool] = True

    def __post_init__(self) -> None:
        margin = self._read("margin")
        require(margin > 0, "margin must be > 0", margin, "pass margin=1")

    @property
    def kinks(self) -> tuple[Exact, ...]:
        return (self.margin / 2,)

    def of_margin(self, u: Value, ops: Ops) -> Value:
        return ops.maximum(ops.const(self.margin) - ops.const(2) * u, ops.const(0))
