"""Do label-distributionally robust losses stand label noise better than others?

Hypotheses trained on noisy labels, their excess error on the clean distribution: LDR-KL at three
temperatures, one below 1, against cross-entropy, generalized and symmetric cross-entropy and MAE,
under uniform and under pair-wise class-dependent noise.

Each loss has its penalty l2 twice: 1e-3 for all (``fixed``), and its own, the best of `PENALTIES`
by the error on a validation sample of noisy labels as large as the training sample (``tuned``),
seed by seed.

Source: Zhu, Ying, Yang, ICML 2023, at the scale of a Gaussian mixture. The adaptive variant ALDR-KL
searches a temperature for every sample and label: it gets five seeds at the fixed penalty, and none
in the quick study.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from hconsist.distributions import ClassNoise, GaussianMixture, NoisyLabels, UniformNoise
from hconsist.distributions.base import Array
from hconsist.simulate.backend import Backend
from hconsist.simulate.conditional import zero_one_regret
from hconsist.simulate.population import Population, population
from hconsist.simulate.results import Cell, Row
from hconsist.simulate.training import train
from hconsist.studies.study import Verdict

LOSSES = (
    "logistic",
    "gce:q=0.7",
    "sce",
    "mae",
    "ldr:lam=0.3,c=1",
    "ldr:lam=1,c=1",
    "ldr:lam=4,c=1",
)
#: The penalty for all, and those that a loss chooses from.
FIXED_PENALTY, PENALTIES = 1e-3, (1e-3, 1e-2, 1e-1)
ADAPTIVE = "aldr:lam0=1,alpha=2,c=1"


def clean() -> GaussianMixture:
    """Four labels on a circle, one of them rare."""
    angles = 2 * np.pi * np.arange(4) / 4
    return GaussianMixture(
        [0.3, 0.3, 0.3, 0.1], 1.6 * np.c_[np.cos(angles), np.sin(angles)], np.eye(2)
    )


def cells(quick: bool) -> list[Cell]:
    """Every kind and rate of noise."""
    uniform, pairs = ((0.4,), (0.3,)) if quick else ((0.0, 0.2, 0.4, 0.6), (0.15, 0.3, 0.4))
    seeds, adaptive = (4, 0) if quick else (20, 5)
    return [
        {"noise": kind, "rate": rate, "seeds": seeds, "samples": 300, "adaptive": adaptive}
        for kind, rates in (("uniform", uniform), ("pairs", pairs))
        for rate in rates
    ]


def run(cell: Cell, random: np.random.Generator, backend: Backend) -> list[Row]:
    """One row for each loss and seed: the excess error on clean labels."""
    base = clean()
    noise = (
        UniformNoise(cell["rate"])
        if cell["noise"] == "uniform"
        else ClassNoise.pairs(base.n_classes, cell["rate"])
    )
    noisy = NoisyLabels(base, noise)
    nodes = population(base, log2_points=8, repeats=4, seed=int(random.integers(2**31)))
    samples = [noisy.sample(cell["samples"], stream) for stream in random.spawn(cell["seeds"])]
    held = [noisy.sample(cell["samples"], stream) for stream in random.spawn(cell["seeds"])]
    rows = []
    for penalty in PENALTIES:
        problems = [(loss, i) for loss in LOSSES for i in range(cell["seeds"])]
        rows += _trained(problems, penalty, samples, held, nodes, backend)
    tuned = []
    for loss in LOSSES:
        for i in range(cell["seeds"]):
            mine = [row for row in rows if (row["loss"], row["seed"]) == (loss, i)]
            tuned.append({**min(mine, key=lambda row: row["validation"]), "tuning": "tuned"})
    # the adaptive loss costs a hundred times the others
    alone = [(ADAPTIVE, i) for i in range(cell["adaptive"])]
    rows = [row for row in rows if row["l2"] == FIXED_PENALTY]
    if alone:
        rows += _trained(alone, FIXED_PENALTY, samples, held, nodes, backend)
    return [{"noise": cell["noise"], "rate": cell["rate"], **row} for row in (*rows, *tuned)]


def _trained(
    problems: list[tuple[str, int]],
    penalty: float,
    samples: list[tuple[Array, NDArray[np.int_]]],
    held: list[tuple[Array, NDArray[np.int_]]],
    nodes: Population,
    backend: Backend,
) -> list[Row]:
    """Rows of (loss, seed): the excess error on clean labels, and the error on held-out noisy
    ones.
    """
    index = [i for _, i in problems]
    x, y, unseen, truth = (
        np.stack([pairs[i][side] for i in index]) for pairs in (samples, held) for side in (0, 1)
    )
    fit = train(
        [loss for loss, _ in problems],
        "linear",
        x,
        y,
        n_classes=nodes.p.shape[-1],
        l2=penalty,
        restarts=1,
        tolerance=1e-5,
        max_iterations=200,
        backend=backend,
    )
    scores = np.stack([fit.scores(part) for part in nodes.x], axis=1)
    excess, error = nodes.mean(zero_one_regret(scores, nodes.p))
    missed = (fit.scores(unseen).argmax(-1) != truth).mean(-1)
    return [
        {
            "loss": loss,
            "tuning": "fixed",
            "l2": penalty,
            "seed": i,
            "excess": float(excess[k]),
            "excess_error": float(error[k]),
            "validation": float(missed[k]),
        }
        for k, (loss, i) in enumerate(problems)
    ]


def verdict(rows: Sequence[Row]) -> Verdict:
    """The mean excess of every loss under every noise, with its standard error over seeds."""
    summary = []
    for noise, rate, tuning in dict.fromkeys((r["noise"], r["rate"], r["tuning"]) for r in rows):
        group = [r for r in rows if (r["noise"], r["rate"], r["tuning"]) == (noise, rate, tuning)]
        told = []
        for loss in dict.fromkeys(row["loss"] for row in group):
            values, penalties = (
                np.array([row[key] for row in group if row["loss"] == loss])
                for key in ("excess", "l2")
            )
            fewer = (
                f", {values.size} seeds" if values.size < len({r["seed"] for r in group}) else ""
            )
            error = values.std(ddof=1) / np.sqrt(values.size)
            text = f"{loss} {values.mean():.4f} +- {error:.4f} (l2 {np.median(penalties):g}{fewer})"
            told.append((float(values.mean()), text))
        summary.append(
            f"{noise} {rate:g}, l2 {tuning}: " + ", ".join(text for _, text in sorted(told))
        )
    return Verdict("measured", tuple(summary))
