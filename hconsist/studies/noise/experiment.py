"""How fast does the excess error follow the surrogate excess when labels are noisy?

Logistic loss, two labels. Under Massart noise of margin g every error costs at least g, so ``target
<= surrogate g / T(g)``. Under Tsybakov noise of exponent a and a surrogate with ``T(b) ~ b^2`` the
target excess is at most a constant times the surrogate excess to the power ``1 / (2 - a)``. Three
families of hypotheses approach the best one: ``worst`` errs wherever the margin is below a
threshold, at the least cost, and should meet the exponent; ``shifted`` is the best one moved
sideways;
``trained`` is fitted to growing samples by random features. The last two may only do better.

Source: Mao, Mohri, Zhong, "Enhanced H-consistency bounds", ALT 2025; Bartlett, Jordan, McAuliffe,
JASA 2006, theorem 3.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from hconsist.distributions import GaussianMixture, MassartNoise, NoisyLabels, TsybakovNoise
from hconsist.losses import parse_loss
from hconsist.simulate.backend import Backend
from hconsist.simulate.conditional import best_scores, conditional_risk, zero_one_regret
from hconsist.simulate.curves import ROUNDING, curve_of
from hconsist.simulate.population import SPREAD, population
from hconsist.simulate.results import Cell, Row
from hconsist.simulate.training import train
from hconsist.studies.study import Verdict

_CLEAN = GaussianMixture([0.5, 0.5], [[-1.0], [1.0]], [[1.0]])


def cells(quick: bool) -> list[Cell]:
    """Noise of both kinds at several strengths."""
    seeds = 3 if quick else 10
    tsybakov = [0.3, 0.7] if quick else [0.2, 0.4, 0.6, 0.8]
    massart = [0.3] if quick else [0.1, 0.3, 0.6]
    return [
        {"noise": kind, "strength": value, "seeds": seeds}
        for kind, values in (("tsybakov", tsybakov), ("massart", massart))
        for value in values
    ]


def run(cell: Cell, random: np.random.Generator, backend: Backend) -> list[Row]:
    """One row for each hypothesis: its family, its target and its surrogate excess."""
    strength = cell["strength"]
    noise = (
        TsybakovNoise(strength, _CLEAN) if cell["noise"] == "tsybakov" else MassartNoise(strength)
    )
    distribution, loss = NoisyLabels(_CLEAN, noise), parse_loss("logistic")
    nodes = population(distribution, log2_points=11, repeats=8, seed=int(random.integers(2**31)))
    best, best_at = best_scores(loss, nodes.p.reshape(-1, 2))
    best, best_at = best.reshape(nodes.p.shape[:-1]), best_at.reshape(nodes.p.shape)

    def row(family: str, parameter: float, scores: NDArray[np.float64]) -> Row:
        target, target_error = nodes.mean(zero_one_regret(scores, nodes.p))
        surrogate, surrogate_error = nodes.mean(conditional_risk(loss, scores, nodes.p) - best)
        return {
            "noise": cell["noise"],
            "strength": strength,
            "family": family,
            "parameter": parameter,
            "target": float(target),
            "target_error": float(target_error),
            "surrogate": max(float(surrogate), 0.0),  # rounding
            "surrogate_error": float(surrogate_error),
        }

    margin = np.abs(nodes.p[..., 1] - nodes.p[..., 0])
    rows = []
    # thresholds by the probability of a margin below them, so that every one has nodes; Massart
    # margins are all equal
    power = (1 - strength) / strength if cell["noise"] == "tsybakov" else 0.0
    for threshold in np.geomspace(2e-3, 1.0, 16) ** power:
        wrong = margin <= threshold
        rows.append(row("worst", float(threshold), np.where(wrong[..., None], 0.0, best_at)))
    for shift in np.geomspace(0.02, 1.0, 10):
        moved = distribution.posterior(nodes.x + shift)
        rows.append(row("shifted", float(shift), np.log(np.maximum(moved, 1e-12))))
    sizes = (100, 300, 1000) if cell["seeds"] < 5 else (100, 300, 1000, 3000)
    for m in sizes:
        samples = [distribution.sample(m, stream) for stream in random.spawn(cell["seeds"])]
        fit = train(
            loss,
            "rff:features=24,scale=1",
            np.stack([s[0] for s in samples]),
            np.stack([s[1] for s in samples]),
            n_classes=2,
            l2=1 / m,
            tolerance=1e-5,
            max_iterations=200,
            backend=backend,
        )
        scores = np.stack([fit.scores(part) for part in nodes.x], axis=1)
        rows += [row("trained", float(m), s) for s in scores]
    return rows


def exponent(rows: Sequence[Row]) -> tuple[float, float]:
    """The slope of log target against log surrogate by least squares, with its standard error.

    >>> exponent([{"target": t, "surrogate": t**2} for t in (0.1, 0.2, 0.4)])[0].__round__(9)
    0.5
    """
    x, y = (np.log([row[key] for row in rows]) for key in ("surrogate", "target"))
    x = x - x.mean()
    slope = float(x @ y / (x @ x))
    residual = y - y.mean() - slope * x
    return slope, float(np.sqrt(residual @ residual / max(len(x) - 2, 1) / (x @ x)))


def tsybakov_bound(surrogate: NDArray[np.float64], strength: float) -> NDArray[np.float64]:
    """The largest target excess at a logistic excess when ``P(m <= t) = t^c``, c = a / (1 - a).

    As ``T(b) >= b^2 / 2``, errors on a set A cost at least ``E[m^2 1_A] / 2`` and bring ``E[m
    1_A]``; the best A is ``m <= t``, which gives ``c / (c + 1) (2 (c + 2) / c surrogate)^((c + 1) /
    (c + 2))``, of exponent 1 / (2 - a).

    >>> tsybakov_bound(np.array([0.02]), 0.5).round(4)
    array([0.1216])
    """
    c = strength / (1 - strength)
    return np.asarray(c / (c + 1) * (2 * (c + 2) / c * surrogate) ** ((c + 1) / (c + 2)))


def verdict(rows: Sequence[Row]) -> Verdict:
    """Every row against the bound of its noise; under Tsybakov noise the worst family must also
    meet the exponent.
    """
    summary, violations = [], []
    for noise, strength in dict.fromkeys((row["noise"], row["strength"]) for row in rows):
        group = [row for row in rows if (row["noise"], row["strength"]) == (noise, strength)]
        target, surrogate = (
            np.array([row[key] for row in group]) for key in ("target", "surrogate")
        )
        low = target - SPREAD * np.array([row["target_error"] for row in group])
        high = surrogate + SPREAD * np.array([row["surrogate_error"] for row in group]) + ROUNDING
        if noise == "massart":
            factor = strength / float(
                curve_of("logistic", 2).bound.envelope_curve(np.array([strength]))[0]
            )
            bound, allowed = factor * surrogate, factor * high
        else:
            bound, allowed = tsybakov_bound(surrogate, strength), tsybakov_bound(high, strength)
        violations += [row for row, bad in zip(group, low > allowed, strict=True) if bad]
        used = surrogate > 1e-6
        reached = f"target at most {np.max(target[used] / bound[used]):.4f} of the bound"
        if noise == "massart":
            summary.append(f"Massart margin {strength:g}: {reached}, surrogate g / T(g)")
            continue
        predicted, found = 1 / (2 - strength), {}
        for family in ("worst", "shifted"):
            # the exponent is that of small excesses
            limit = 0.5 if family == "worst" else 0.2
            chosen = [r for r in group if r["family"] == family and r["parameter"] <= limit]
            found[family] = exponent(
                [r for r in chosen if r["target"] > 0 and r["surrogate"] > 1e-8]
            )
        worst, spread = found["worst"]
        if abs(worst - predicted) > 0.02 + 3 * spread:
            violations += [row for row in group if row["family"] == "worst"][:1]
        told = ", ".join(
            f"{family} {slope:.3f} +- {2 * error:.3f}" for family, (slope, error) in found.items()
        )
        summary.append(
            f"Tsybakov exponent {strength:g}: {reached}; exponent predicted {predicted:.3f}, {told}"
        )
    return Verdict("violated" if violations else "holds", tuple(summary), tuple(violations))
