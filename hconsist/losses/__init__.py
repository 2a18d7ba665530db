"""Surrogate families and targets; each formula is written once, over an ``ops`` arithmetic."""

from hconsist.losses.base import Loss, MarginLoss, ProbabilityLoss, Separable, SoftmaxLoss, check_distribution
from hconsist.losses.catalogue import CATALOGUE, parse_loss, parse_target
from hconsist.losses.comp_sum import GCE, MAE, CompSum, Logistic, SumExponential
from hconsist.losses.ldr import LDR
from hconsist.losses.margin import (
    Exponential,
    Hinge,
    MarginLogistic,
    Quadratic,
    Ramp,
    RhoMargin,
    Sigmoid,
    SquaredHinge,
)
from hconsist.losses.multiclass import CompSumMargin, Constrained, Max, Sum
from hconsist.losses.targets import Target, TopK, ZeroOne
from hconsist.losses.user import UserMarginLoss, UserSoftmaxLoss

__all__ = [
    "CATALOGUE",
    "GCE",
    "LDR",
    "MAE",
    "CompSum",
    "CompSumMargin",
    "Constrained",
    "Exponential",
    "Hinge",
    "Logistic",
    "Loss",
    "MarginLogistic",
    "MarginLoss",
    "Max",
    "ProbabilityLoss",
    "Quadratic",
    "Ramp",
    "RhoMargin",
    "Separable",
    "Sigmoid",
    "SoftmaxLoss",
    "SquaredHinge",
    "Sum",
    "SumExponential",
    "Target",
    "TopK",
    "UserMarginLoss",
    "UserSoftmaxLoss",
    "ZeroOne",
    "check_distribution",
    "parse_loss",
    "parse_target",
]
