"""Forms of a loss of predictions: what its conditional risk is of weights ``A p`` of the scores."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TypeAlias

from hconsist.losses.forms import OfMargin, OfSoftmax

#: A row for each score, an entry for each label.
Rows: TypeAlias = tuple[tuple[Fraction, ...], ...]


@dataclass(frozen=True)
class WeightedSoftmax:
    """``C(s, p) = sum_r w_r g(softmax(s / temperature)_r)`` with w = weights @ p."""

    weights: Rows
    g: OfSoftmax


@dataclass(frozen=True)
class WeightedMargins:
    """``C(s, p) = sum_r w_r phi(s_r) + (1 - w_r) phi(-s_r)`` with w = weights @ p."""

    weights: Rows
    phi: OfMargin


@dataclass(frozen=True)
class Squares:
    """``C(s, p) = sum_r E (s_r - w_r)^2``: up to a constant the squared distance of s to weights @
    p.
    """

    weights: Rows


PredictionForm: TypeAlias = WeightedSoftmax | WeightedMargins | Squares
