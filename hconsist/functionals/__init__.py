"""Targets of a whole distribution: the area under the ROC curve, F-measures and other ratios, loss
of bags.

These are no costs at a point, so no `PointwiseProblem` states them: an atom of the distribution is
a chance eta of the positive label with a forecast q, and the target is a functional of all atoms.
"""

from hconsist.functionals.auc import AUC, RankWitness
from hconsist.functionals.bags import BagDesign, instance_identity
from hconsist.functionals.balanced import balanced_error
from hconsist.functionals.fractional import LinearFractional, RatioWitness
from hconsist.functionals.strong import Strength, strong_properness

__all__ = [
    "AUC",
    "BagDesign",
    "LinearFractional",
    "RankWitness",
    "RatioWitness",
    "Strength",
    "balanced_error",
    "instance_identity",
    "strong_properness",
]
