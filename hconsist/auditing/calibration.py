"""Calibration: what the logits say of probabilities, as they are and recalibrated across folds."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hconsist.arithmetic import NUMPY
from hconsist.arithmetic.exact import Value

Array = NDArray[np.float64]

#: Bins of the calibration figure, of equal numbers of examples.
BINS = 12

#: The normal quantile of a two-sided interval at 95 %.
_Z = 1.959963984540054


def bins(confidence: Array, hits: Array) -> list[dict[str, float]]:
    """Mean confidence and share of hits in bins of equal numbers, by confidence;
    ``low`` and ``high`` are Wilson's interval of the share at 95 %, which has a width where all
    are hits, too.

    Hits between 0 and 1 (of label distributions) vary less than whole ones: it is then too wide.

    >>> bins(np.array([0.9, 0.6]), np.array([1.0, 0.0]))[0]["confidence"]
    0.6
    """
    order = np.argsort(confidence, kind="stable")
    parts = [part for part in np.array_split(order, min(BINS, len(order))) if part.size]
    return [
        {
            "examples": float(part.size),
            "confidence": float(confidence[part].mean()),
            "hits": float(hits[part].mean()),
            **_wilson(float(hits[part].mean()), part.size),
        }
        for part in parts
    ]


def _wilson(share: float, of: int) -> dict[str, float]:
    """The shares from which this one is at most `_Z` standard deviations away.

    >>> [round(v, 3) for v in _wilson(1.0, 75).values()]
    [0.951, 1.0]
    """
    unsure = _Z**2 / of
    middle = (share + unsure / 2) / (1 + unsure)
    reach = float(np.sqrt(unsure * share * (1 - share) + unsure**2 / 4)) / (1 + unsure)
    return {"low": min(middle - reach, share), "high": max(middle + reach, share)}


def calibration_error(found: list[dict[str, float]]) -> float:
    """The mean distance of hits and confidence over the bins.

    >>> calibration_error([{"examples": 2.0, "confidence": 0.75, "hits": 0.5}])
    0.25
    """
    total = sum(b["examples"] for b in found)
    return sum(b["examples"] * abs(b["hits"] - b["confidence"]) for b in found) / total


def cross_fitted(logits: Array, labels: NDArray[np.int64], folds: int, seed: int) -> Array:
    """Log-probabilities (N, K) ``log softmax(a s + b)`` with one factor a and one offset b a label,
    each fold's from the others by cross-entropy (with a penalty of 1e-3 on b).

    Source: Guo et al., "On calibration of modern neural networks", ICML 2017 (temperature); the
    offsets are those of vector scaling.
    """
    n = len(labels)
    fold = np.random.default_rng(seed).permutation(n) % folds
    result = np.empty_like(logits)
    for k in range(folds):
        rest = fold != k
        a, b = _fit(logits[rest], labels[rest])
        result[~rest] = NUMPY.log_softmax(a * logits[~rest] + b)
    return result


def _fit(logits: Array, labels: NDArray[np.int64]) -> tuple[float, Array]:
    from scipy.optimize import minimize

    m, k = logits.shape
    scale = float(np.abs(logits - logits.mean(1, keepdims=True)).mean()) or 1.0
    units = logits / scale
    one_hot = labels[:, None] == np.arange(k)

    def value(theta: Array) -> tuple[float, Value]:
        log_q = NUMPY.log_softmax(theta[0] * units + theta[1:])
        rest = np.exp(log_q) - one_hot
        slope = np.r_[(rest * units).sum() / m, rest.mean(0) + 1e-3 * theta[1:]]
        return float(-log_q[one_hot].mean() + 5e-4 * (theta[1:] ** 2).sum()), slope

    found = minimize(value, np.r_[scale, np.zeros(k)], jac=True, method="L-BFGS-B")
    return float(found.x[0]) / scale, found.x[1:]
