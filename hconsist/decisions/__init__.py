"""Targets as their definitions: labels, predictions, exact costs, and how scores are turned into a
prediction.

Everything else, the regret, its largest value, the structure that a method asks for, is computed
from these.
"""

from hconsist.decisions.arms import Experts, Policy
from hconsist.decisions.costs import Costs, Table, Uniform
from hconsist.decisions.decision import Decision, Rule, Structure
from hconsist.decisions.finite import (
    Abstain,
    CostMatrix,
    Defer,
    Hamming,
    LabelWeights,
    Ordinal,
    SubsetZeroOne,
)
from hconsist.decisions.label_sets import TopK, ZeroOne
from hconsist.decisions.numbers import Distance
from hconsist.decisions.rankings import Borda, First, Kendall, Preference, RankLoss
from hconsist.decisions.regression import AbsoluteError, SquaredError
from hconsist.decisions.specs import MAKERS, parse_target, register_target
from hconsist.decisions.target import Target, decision_of

__all__ = [
    "SquaredError",
    "RankLoss",
    "Policy",
    "Preference",
    "Kendall",
    "First",
    "Experts",
    "Distance",
    "Borda",
    "AbsoluteError",
    "MAKERS",
    "Abstain",
    "CostMatrix",
    "Defer",
    "Hamming",
    "LabelWeights",
    "Ordinal",
    "SubsetZeroOne",
    "Costs",
    "Decision",
    "Rule",
    "Structure",
    "Table",
    "Target",
    "TopK",
    "Uniform",
    "ZeroOne",
    "decision_of",
    "parse_target",
    "register_target",
]
