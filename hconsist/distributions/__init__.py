"""Marginals with p(y|x): what a minimizability gap and a risk are averaged over."""

from hconsist.distributions.base import Array, Distribution, Estimate
from hconsist.distributions.finite import Finite
from hconsist.distributions.mixture import GaussianMixture
from hconsist.distributions.noise import (
    ClassNoise,
    LabelNoise,
    MassartNoise,
    TsybakovNoise,
    UniformNoise,
)
from hconsist.distributions.noisy import NoisyLabels

__all__ = [
    "Array",
    "ClassNoise",
    "Distribution",
    "Estimate",
    "Finite",
    "GaussianMixture",
    "LabelNoise",
    "MassartNoise",
    "NoisyLabels",
    "TsybakovNoise",
    "UniformNoise",
]
