"""Simulation: hypotheses trained on data, and bounds met by experiment.

`train` minimises empirical risks in batches through the array API; `population` gives the nodes at
which a risk on a Gaussian mixture is an average, so that the same training finds best-in-class
risks: `best_risk`. Studies made of these are in `hconsist.studies`.
"""

from hconsist.simulate.backend import Backend
from hconsist.simulate.best import BestRisk, best_risk
from hconsist.simulate.models import (
    BoundedLinear,
    LinearScores,
    Model,
    RandomFeatures,
    ReLUNetwork,
    parse_model,
)
from hconsist.simulate.population import Population, population
from hconsist.simulate.results import dataset, netcdf
from hconsist.simulate.training import Fit, train

__all__ = [
    "Backend",
    "BestRisk",
    "BoundedLinear",
    "Fit",
    "LinearScores",
    "Model",
    "Population",
    "RandomFeatures",
    "ReLUNetwork",
    "best_risk",
    "dataset",
    "netcdf",
    "parse_model",
    "population",
    "train",
]
