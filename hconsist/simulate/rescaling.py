"""A change of variables for inputs of unlike scales, under which the minimiser reaches the optimum.

The inputs are not touched: weights of centred and scaled inputs are turned into those of the inputs
as they are, and gradients back. Risk and penalty are asked of the latter, so the optimum is the
same; the path to it is short.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import ModuleType

import numpy as np
from numpy.typing import NDArray

from hconsist.arithmetic.exact import Value
from hconsist.simulate.sparse import SparseDesign

Array = NDArray[np.float64]

#: Root mean squares of features between 1 / MILD and MILD are left as they are.
MILD = 8.0


@dataclass(frozen=True)
class Rescaling:
    """``w = v scale`` and ``b = c - w . shift`` for every class: arrays (B or 1, 1, d)."""

    shift: Value
    scale: Value

    @classmethod
    def of(cls, design: Array | SparseDesign, l2: Array) -> Rescaling | None:
        """What a design (B or 1, d, m) asks for under penalties (B,); None where features are
        alike.

        A weight's curvature is about a quarter of its feature's variance, and the penalty: scaled
        by its root all are alike, rare features too.

        >>> free = np.zeros(1)
        >>> Rescaling.of(np.array([[[1.0, -1.0], [0.5, 1.0]]]), free) is None
        True
        >>> Rescaling.of(np.array([[[1000.0, 1200.0], [0.5, 1.0]]]), free).scale
        array([[[0.0078125, 4.       ]]])
        """
        if isinstance(design, SparseDesign):
            mean = np.asarray(design.matrix.mean(axis=0)).reshape(1, -1)
            square = np.asarray(design.matrix.multiply(design.matrix).mean(axis=0)).reshape(1, -1)
        else:
            mean = design.mean(axis=-1)
            square = np.einsum("bdm,bdm->bd", design, design) / design.shape[-1]
        used = square > 0
        if not (used & ((square > MILD**2) | (square < MILD**-2))).any():
            return None
        variance = np.maximum(square - mean**2, 1e-14 * square)
        least = float(np.min(l2))  # one scale for all problems that share the inputs
        curvature = variance + 4 * (l2[:, None] if len(variance) == len(l2) else least)
        # powers of two: scaling rounds nothing
        scale = np.exp2(-np.round(np.log2(np.where(used, curvature, 1.0)) / 2))
        return cls(mean[:, None, :], scale[:, None, :])

    def outward(self, parameters: Value, n_classes: int, xp: ModuleType) -> Value:
        """Weights and biases of the inputs as they are, from those of the scaled ones: (A, P)."""
        free = xp.reshape(parameters, (parameters.shape[0], n_classes, -1))
        weights = free[..., :-1] * self.scale
        bias = free[..., -1:] - xp.sum(weights * self.shift, axis=-1, keepdims=True)
        return xp.reshape(xp.concat([weights, bias], axis=-1), parameters.shape)

    def entered(self, parameters: Value, n_classes: int, xp: ModuleType) -> Value:
        """The inverse of `outward`."""
        outer = xp.reshape(parameters, (parameters.shape[0], n_classes, -1))
        bias = outer[..., -1:] + xp.sum(outer[..., :-1] * self.shift, axis=-1, keepdims=True)
        free = xp.concat([outer[..., :-1] / self.scale, bias], axis=-1)
        return xp.reshape(free, parameters.shape)

    def inward(self, gradient: Value, n_classes: int, xp: ModuleType) -> Value:
        """The gradient by the weights of the scaled inputs, from that of the inputs: (A, P)."""
        outer = xp.reshape(gradient, (gradient.shape[0], n_classes, -1))
        by_weight = (outer[..., :-1] - self.shift * outer[..., -1:]) * self.scale
        return xp.reshape(xp.concat([by_weight, outer[..., -1:]], axis=-1), gradient.shape)
