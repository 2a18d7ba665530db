"""Losses without a bound: the counterexample met by data, the risk that falls without limit."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hconsist.consistency import verdict as consistency_verdict
from hconsist.losses import parse_loss
from hconsist.simulate.conditional import conditional_risk, zero_one_regret
from hconsist.simulate.curves import ROUNDING
from hconsist.simulate.results import Row
from hconsist.studies.bounds.table import row_of

Array = NDArray[np.float64]


def counterexamples(spec: str, n: int) -> list[Row]:
    """Target excess without surrogate excess, from the verdict on consistency; evaluated in floats,
    from the formula.
    """
    loss = parse_loss(spec)
    found = consistency_verdict(loss, n).counterexample
    if found is None:
        return []
    scores = np.array([float(s) for s in found.scores(0 if found.attained else 100_000)])
    p = np.array([float(v) for v in found.p])
    excess = float(conditional_risk(loss, scores, p)) - float(found.floor)
    return [
        row_of(
            "counterexample",
            spec,
            n,
            "complete",
            "attained" if found.attained else "approached",
            described(np.ones(1), p[None], scores[None]),
            target=float(zero_one_regret(scores, p)),
            surrogate=excess,
            surrogate_error=ROUNDING if found.attained else 1e-3,
        )
    ]


def unbounded(spec: str, n: int) -> Row:
    """A distribution whose risk falls without limit as the score of its likeliest label grows."""
    p = np.array([0.7, 0.3, *[0.0] * (n - 2)])
    scores = np.array([100_000.0, *[0.0] * (n - 1)])
    risk = float(conditional_risk(parse_loss(spec), scores, p))
    return row_of(
        "unbounded",
        spec,
        n,
        "complete",
        "",
        described(np.ones(1), p[None], scores[None]),
        surrogate=risk,
    )


def described(weights: Array, p: Array, scores: Array) -> str:
    """A finite distribution and a hypothesis, as text that a reader can evaluate again."""
    used = weights > 0
    return f"weights={weights[used].tolist()} p={p[used].tolist()} scores={scores[used].tolist()}"
