"""Simulation: hypotheses trained on data, and bounds met by experiment.

`train` minimises empirical risks in batches through the array API; `population` gives the nodes at which a risk on a Gaussian
mixture is an average, so that the same training finds best-in-class risks.
"""

from hconsist.simulate.backend import Backend
from hconsist.simulate.models import BoundedLinear, LinearScores, Model, RandomFeatures, ReLUNetwork, parse_model
from hconsist.simulate.training import Fit, train

__all__ = [
    "Backend",
    "BoundedLinear",
    "Fit",
    "LinearScores",
    "Model",
    "RandomFeatures",
    "ReLUNetwork",
    "parse_model",
    "train",
]
