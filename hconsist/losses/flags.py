"""Flags of a user's class, ``symmetric`` and ``shift_invariant``, against its formula: they are
true by default, and searches look at fewer scores where they are.
"""

from __future__ import annotations

import numpy as np

from hconsist.arithmetic import NUMPY
from hconsist.losses.base import Loss
from hconsist.losses.identity import all_own

_NEAR = 1e-6


def refuted(loss: Loss, n_classes: int) -> str:
    """Which flag of the class the values at a few scores refute, or that the formula changes the
    scores, and what to write; empty where neither.

    Examples
    --------
    >>> from hconsist.losses import parse_loss
    >>> refuted(parse_loss("logistic"), 3)
    ''
    """
    if all_own(loss) or loss.scores_of != "labels":
        return ""
    scores = np.random.default_rng(5).uniform(-1.0, 1.0, (3, n_classes))
    if loss.sum_to_zero:
        scores -= scores.mean(axis=-1, keepdims=True)
    try:
        with np.errstate(all="ignore"):
            given = scores.copy()
            here = np.asarray(loss.losses(given, NUMPY), dtype=float)
            turned = np.asarray(loss.losses(scores[:, ::-1], NUMPY), dtype=float)[:, ::-1]
            moved = np.asarray(loss.losses(scores + 0.7, NUMPY), dtype=float)
    except Exception:  # what a formula cannot do is told where it is asked for
        return ""
    if np.any(given != scores):
        return f"{loss.spec} changes the scores that it is given: write x = x + y, not x += y"
    if loss.symmetric and _differ(here, turned):
        return f"{loss.spec} tells the labels apart: set symmetric = False in its class"
    if loss.shift_invariant and not loss.sum_to_zero and _differ(here, moved):
        return (
            f"{loss.spec} changes as a constant is added to every score: set shift_invariant = "
            "False in its class"
        )
    return ""


def _differ(a: np.ndarray, b: np.ndarray) -> bool:
    if a.shape != b.shape:
        return False
    known = np.isfinite(a) & np.isfinite(b)
    return bool(np.any(known & (np.abs(a - b) > _NEAR * (1 + np.abs(a)))))
