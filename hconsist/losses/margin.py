"""Binary margin losses phi(u), the bricks of the calibrated and constrained families."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import ClassVar

from hconsist.arithmetic import Exact, Ops, Value, require
from hconsist.losses.base import MarginLoss
from hconsist.losses.catalogue import register_loss

_BJM = "Bartlett, Jordan, McAuliffe, JASA 2006"
_ICML22 = "Awasthi, Mao, Mohri, Zhong, ICML 2022"


@register_loss
@dataclass(frozen=True)
class Hinge(MarginLoss):
    """``max(0, 1 - u)``. Source: Awasthi et al., ICML 2022, section 5.

    >>> from hconsist.arithmetic import NUMPY
    >>> import numpy as np
    >>> Hinge().of_margin(np.array([0.0, 2.0]), NUMPY)
    array([1., 0.])
    """

    spec_name: ClassVar[str] = "hinge"
    source: ClassVar[str] = _ICML22
    convex: ClassVar[bool] = True

    @property
    def kinks(self) -> tuple[Exact, ...]:
        return (Fraction(1),)

    def of_margin(self, u: Value, ops: Ops) -> Value:
        return ops.maximum(ops.const(1) - u, ops.const(0))


@register_loss
@dataclass(frozen=True)
class SquaredHinge(MarginLoss):
    """``max(0, 1 - u)^2``, the "quadratic" loss of Awasthi et al., ICML 2022, section 5.

    >>> from hconsist.arithmetic import NUMPY
    >>> import numpy as np
    >>> SquaredHinge().of_margin(np.array([-1.0, 2.0]), NUMPY)
    array([4., 0.])
    """

    spec_name: ClassVar[str] = "squared-hinge"
    source: ClassVar[str] = _ICML22
    convex: ClassVar[bool] = True

    def of_margin(self, u: Value, ops: Ops) -> Value:
        return ops.power(ops.maximum(ops.const(1) - u, ops.const(0)), 2)


@register_loss
@dataclass(frozen=True)
class Quadratic(MarginLoss):
    """``(1 - u)^2``, least squares. Source: Bartlett, Jordan, McAuliffe 2006, example 2.

    >>> from hconsist.arithmetic import NUMPY
    >>> float(Quadratic().of_margin(3.0, NUMPY))
    4.0
    """

    spec_name: ClassVar[str] = "least-squares"
    source: ClassVar[str] = _BJM
    convex: ClassVar[bool] = True

    def of_margin(self, u: Value, ops: Ops) -> Value:
        return ops.power(ops.const(1) - u, 2)


@register_loss
@dataclass(frozen=True)
class MarginLogistic(MarginLoss):
    """``log(1 + exp(-u))``, in nats. Source: Awasthi et al., ICML 2022, section 5.

    >>> from hconsist.arithmetic import NUMPY
    >>> import numpy as np
    >>> float(MarginLogistic().of_margin(np.asarray(0.0), NUMPY))  # doctest: +ELLIPSIS
    0.6931...
    """

    spec_name: ClassVar[str] = "margin-logistic"
    source: ClassVar[str] = _ICML22
    convex: ClassVar[bool] = True

    def of_margin(self, u: Value, ops: Ops) -> Value:
        return ops.softplus(-u)


@register_loss
@dataclass(frozen=True)
class Probit(MarginLoss):
    """Probit loss ``-log Phi(u)``, Phi the standard normal distribution function, in nats.

    Domain: u in R. Convex and decreasing: Phi is log-concave.

    Source: Bliss, "The calculation of the dosage-mortality curve", Annals of Applied Biology 1935;
    as the composite of the log loss with the probit link, Reid, Williamson, JMLR 2010, section 6.

    >>> from hconsist.arithmetic import NUMPY
    >>> import numpy as np
    >>> Probit().of_margin(np.asarray([0.0, -40.0]), NUMPY).round(4)
    array([6.931000e-01, 8.046084e+02])
    """

    spec_name: ClassVar[str] = "probit"
    source: ClassVar[str] = "Bliss 1935; Reid, Williamson, JMLR 2010"
    convex: ClassVar[bool] = True

    def of_margin(self, u: Value, ops: Ops) -> Value:
        return -ops.log_ndtr(u)


@register_loss
@dataclass(frozen=True)
class Exponential(MarginLoss):
    """``exp(-u)``. Source: Awasthi et al., ICML 2022, section 5.

    >>> from hconsist.arithmetic import NUMPY
    >>> float(Exponential().of_margin(0.0, NUMPY))
    1.0
    """

    spec_name: ClassVar[str] = "exponential"
    source: ClassVar[str] = _ICML22
    convex: ClassVar[bool] = True

    def of_margin(self, u: Value, ops: Ops) -> Value:
        return ops.exp(-u)


@register_loss
@dataclass(frozen=True)
class Sigmoid(MarginLoss):
    """``1 - tanh(k u)``, k > 0; not convex. Source: Awasthi et al., ICML 2022, section 5.

    >>> from hconsist.arithmetic import NUMPY
    >>> float(Sigmoid(2).of_margin(0.0, NUMPY))
    1.0
    """

    k: Exact = Fraction(1)

    spec_name: ClassVar[str] = "sigmoid"
    source: ClassVar[str] = _ICML22

    def __post_init__(self) -> None:
        k = self._read("k")
        require(k > 0, "k must be > 0", k, "pass k=1")

    def of_margin(self, u: Value, ops: Ops) -> Value:
        return ops.const(1) - ops.tanh(ops.const(self.k) * u)


@register_loss
@dataclass(frozen=True)
class RhoMargin(MarginLoss):
    """``min(max(0, 1 - u / rho), 1)``, rho > 0; not convex. Source: Awasthi et al., ICML 2022,
    section 5.

    >>> from hconsist.arithmetic import NUMPY
    >>> import numpy as np
    >>> RhoMargin(2).of_margin(np.array([-1.0, 1.0, 3.0]), NUMPY)
    array([1. , 0.5, 0. ])
    """

    rho: Exact = Fraction(1)

    spec_name: ClassVar[str] = "rho-margin"
    source: ClassVar[str] = _ICML22

    def __post_init__(self) -> None:
        rho = self._read("rho")
        require(rho > 0, "rho must be > 0", rho, "pass rho=1")

    @property
    def kinks(self) -> tuple[Exact, ...]:
        return (Fraction(0), self.rho)

    def of_margin(self, u: Value, ops: Ops) -> Value:
        return ops.minimum(
            ops.maximum(ops.const(1) - u / ops.const(self.rho), ops.const(0)), ops.const(1)
        )


@register_loss
@dataclass(frozen=True)
class Ramp(MarginLoss):
    """``min(max(0, (1 - u) / 2), 1)``: flat outside [-1, 1], so calibrated but not convex.

    Source: Bartlett, Jordan, McAuliffe 2006 (clipped hinge), scaled to [0, 1].

    >>> from hconsist.arithmetic import NUMPY
    >>> import numpy as np
    >>> Ramp().of_margin(np.array([-3.0, 0.0, 3.0]), NUMPY)
    array([1. , 0.5, 0. ])
    """

    spec_name: ClassVar[str] = "ramp"
    source: ClassVar[str] = _BJM

    @property
    def kinks(self) -> tuple[Exact, ...]:
        return (Fraction(-1), Fraction(1))

    def of_margin(self, u: Value, ops: Ops) -> Value:
        return ops.minimum(
            ops.maximum((ops.const(1) - u) / ops.const(2), ops.const(0)), ops.const(1)
        )


@register_loss
@dataclass(frozen=True)
class MarginFocal(MarginLoss):
    """``(1 - sigma(u))^gamma log(1 + exp(-u))``, gamma >= 0, sigma the logistic function; convex
    only for gamma = 0.

    Source: Lin, Goyal, Girshick, He, Dollar, "Focal loss for dense object detection", ICCV 2017,
    eq. (4), of the margin.

    >>> from hconsist.arithmetic import NUMPY
    >>> import numpy as np
    >>> float(MarginFocal(1).of_margin(np.asarray(0.0), NUMPY))  # doctest: +ELLIPSIS
    0.3465...
    """

    gamma: Exact = Fraction(2)

    spec_name: ClassVar[str] = "margin-focal"
    source: ClassVar[str] = "Lin et al., ICCV 2017"

    def __post_init__(self) -> None:
        gamma = self._read("gamma")
        require(gamma >= 0, "gamma must be >= 0", gamma, "pass gamma=2; gamma=0 is margin-logistic")

    def of_margin(self, u: Value, ops: Ops) -> Value:
        # 1 - sigma(u) = exp(-softplus(u)), which never rounds to a negative number.
        return ops.exp(-ops.const(self.gamma) * ops.softplus(u)) * ops.softplus(-u)
