"""Losses concave in the softmax value: every optimum sits at a vertex, so T is a finite minimum.

The softmax vectors that predict j form { S in the simplex : S_j >= S_i }, whose vertices are
uniform on a set of labels that contains j. For a pool of k labels the best p gives its k - 1 other
labels as much as p_max = m allows, which leaves a piecewise linear function of m; its minimum is at
a breakpoint. Source: docs/theory.md, theorem C.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hconsist.arithmetic import NUMPY
from hconsist.losses.forms import OfSoftmax

Array = NDArray[np.float64]


def smallest_regret(form: OfSoftmax, n: int, betas: Array) -> tuple[Array, Array, NDArray[np.intp]]:
    """T, p_max and the size of the pool for each beta: arrays (B,)."""
    k = np.arange(1, n + 1)
    top, floor = float(form.g(np.asarray(1.0), NUMPY)), _at_zero(form)
    gain = floor - form.g(1.0 / k, NUMPY)  # (n,): what a pooled label gains over softmax value 0
    b = betas[:, None, None]
    low, high = np.maximum(b, (1.0 + b) / n), (1.0 + b) / 2.0
    m = np.concatenate(
        np.broadcast_arrays(low, high, np.clip((1.0 + b) / k[None, :, None], low, high)), axis=-1
    )
    mass = np.where(k[None, :, None] == 1, m - b, np.minimum(1.0, k[None, :, None] * m - b))
    regret = (m * (floor - top) - mass * gain[None, :, None]).reshape(betas.size, -1)
    index = np.argmin(regret, axis=-1)
    rows = np.arange(betas.size)
    return (
        regret[rows, index],
        m.reshape(betas.size, -1)[rows, index],
        np.asarray(k[index // m.shape[-1]]),
    )


def _at_zero(form: OfSoftmax) -> float:
    with np.errstate(all="ignore"):
        return float(form.g(np.asarray(0.0), NUMPY))


def distribution(beta: float, largest: float, n: int) -> Array:
    """p with the given maximum: the predicted label is second, further labels are filled up to the
    maximum in turn.
    """
    p = np.zeros(n)
    p[0], p[1] = largest, largest - beta
    left = 1.0 - p[0] - p[1]
    for i in range(2, n):
        p[i] = min(largest, max(left, 0.0))
        left -= p[i]
    return np.asarray(p / p.sum())
