"""The sample size a learner needs, and the law by which it grows with the dimension."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hconsist.simulate.results import Row
from hconsist.studies.nb_vs_lr.designs import DEVIATION, FAILURE, LEVEL, MEANS

Array = NDArray[np.float64]


def need(rows: Sequence[Row]) -> float:
    """The sample size at which the mean excess (of ``sup``: the quantile) meets its level,
    log-linear between sizes.

    The smallest size where already that is enough; nan where none is.
    """
    tried = sorted({row["m"] for row in rows})
    values = [
        np.array([row["error"] - row["bayes_error"] for row in rows if row["m"] == m])
        for m in tried
    ]
    return _need(tried, values, rows[0]["learner"])


def _need(tried: Sequence[int], values: Sequence[Array], learner: str) -> float:
    means = learner == MEANS
    level = DEVIATION if means else LEVEL
    reached = [float(np.quantile(v, 1 - FAILURE)) if means else float(v.mean()) for v in values]
    for i, value in enumerate(reached):
        if value <= level:
            if i == 0:
                return float(tried[0])
            share = (np.log(reached[i - 1]) - np.log(level)) / (
                np.log(reached[i - 1]) - np.log(max(value, 1e-12))
            )
            return float(
                np.exp(np.log(tried[i - 1]) + share * (np.log(tried[i]) - np.log(tried[i - 1])))
            )
    return float("nan")


@dataclass(frozen=True)
class FittedGrowth:
    """How the need of one learner in one design grows, with 95 % intervals from the bootstrap over
    seeds.

    Parameters
    ----------
    needs : dict
        Dimension to need; nan where more than the largest size tried, or at most the smallest.
    power : tuple of three floats
        The slope of log need against log d with its interval: 1 for Theta(d), towards 0 for
        Theta(log d).
    logarithmic, linear : tuple of three floats
        b in ``need = a + b log2(d)`` and in ``need = a + b d``, by least squares of relative
        errors.
    misfit : tuple of three floats
        Root mean square relative residual of the fits: power, logarithmic, linear.
    better : float
        The share of resamples in which the logarithmic fit is better than the linear one.
    """

    needs: dict[int, float]
    power: tuple[float, float, float]
    logarithmic: tuple[float, float, float]
    linear: tuple[float, float, float]
    misfit: tuple[float, float, float]
    better: float


def growth(rows: Sequence[Row], resamples: int = 200) -> FittedGrowth | None:
    """The growth of one learner's need in one design; None with fewer than three needs."""
    learner = rows[0]["learner"]
    table: dict[int, dict[int, list[float]]] = {}
    for row in rows:
        table.setdefault(row["d"], {}).setdefault(row["m"], []).append(
            row["error"] - row["bayes_error"]
        )
    samples = {
        d: (sorted(by), [np.array(by[m]) for m in sorted(by)]) for d, by in sorted(table.items())
    }
    random = np.random.default_rng(0)

    def measured(resample: bool) -> dict[int, float]:
        found = {}
        for d, (tried, values) in samples.items():
            chosen = [v[random.integers(v.size, size=v.size)] if resample else v for v in values]
            value = _need(tried, chosen, learner)
            found[d] = value if value > tried[0] else float("nan")
        return found

    needs = measured(resample=False)
    if sum(np.isfinite(v) for v in needs.values()) < 3:
        return None
    first = _fit(needs)
    draws = [
        _fit(found)
        for found in (measured(resample=True) for _ in range(resamples))
        if _usable(found) >= 3
    ]
    slopes = np.array([d[0] for d in draws])
    low, high = np.quantile(slopes, [0.025, 0.975], axis=0)
    power, logarithmic, linear = (
        (float(first[0][i]), float(low[i]), float(high[i])) for i in range(3)
    )
    better = float(np.mean([d[1][1] < d[1][2] for d in draws]))
    return FittedGrowth(needs, power, logarithmic, linear, first[1], better)


def _usable(needs: dict[int, float]) -> int:
    return sum(bool(np.isfinite(v)) for v in needs.values())


def _fit(needs: dict[int, float]) -> tuple[tuple[float, float, float], tuple[float, float, float]]:
    """Slopes and misfits of the power, logarithmic and linear laws."""
    d, m = np.array([(k, v) for k, v in needs.items() if np.isfinite(v)]).T
    slopes, misfits = [], []
    slope, start = np.polyfit(np.log(d), np.log(m), 1)
    slopes.append(float(slope))
    misfits.append(float(np.sqrt(np.mean((np.exp(start) * d**slope / m - 1) ** 2))))
    for g in (np.log2(d), d):
        basis = np.stack([np.ones_like(g), g], axis=1) / m[:, None]
        coefficients, *_ = np.linalg.lstsq(basis, np.ones_like(m), rcond=None)
        slopes.append(float(coefficients[1]))
        misfits.append(float(np.sqrt(np.mean((basis @ coefficients - 1) ** 2))))
    return (slopes[0], slopes[1], slopes[2]), (misfits[0], misfits[1], misfits[2])


def groups(rows: Sequence[Row]) -> dict[tuple[str, int, str], list[Row]]:
    """Rows by design, number of classes and learner."""
    found: dict[tuple[str, int, str], list[Row]] = {}
    for row in rows:
        found.setdefault((row["design"], row["classes"], row["learner"]), []).append(row)
    return found
