"""Do label-distributionally robust losses stand label noise better than others?

Hypotheses trained on noisy labels, their excess error on the clean distribution: LDR-KL at two
temperatures against cross-entropy, generalized and symmetric cross-entropy and MAE, under uniform
and under pair-wise class-dependent noise.

Source: Zhu, Ying, Yang, ICML 2023, at the scale of a Gaussian mixture. The adaptive variant ALDR-KL
searches a temperature for every sample and label: it gets five seeds, and none in the quick study.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from hconsist.distributions import ClassNoise, GaussianMixture, NoisyLabels, UniformNoise
from hconsist.simulate.backend import Backend
from hconsist.simulate.conditional import zero_one_regret
from hconsist.simulate.population import population
from hconsist.simulate.results import Cell, Row
from hconsist.simulate.training import train
from hconsist.studies.study import Verdict

LOSSES = ("logistic", "gce:q=0.7", "sce", "mae", "ldr:lam=1,c=1", "ldr:lam=4,c=1")
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
    x, y = np.stack([s[0] for s in samples]), np.stack([s[1] for s in samples])
    # the adaptive loss costs a hundred times the others: fewer seeds, in a batch of its own
    batches = [
        [(loss, i) for loss in LOSSES for i in range(cell["seeds"])],
        [(ADAPTIVE, i) for i in range(cell["adaptive"])],
    ]
    rows = []
    for problems in filter(None, batches):
        index = [i for _, i in problems]
        fit = train(
            [loss for loss, _ in problems],
            "linear",
            x[index],
            y[index],
            n_classes=base.n_classes,
            l2=1e-3,
            restarts=1 if problems is batches[1] else 2,
            tolerance=1e-5,
            max_iterations=200,
            backend=backend,
        )
        scores = np.stack([fit.scores(part) for part in nodes.x], axis=1)
        excess, error = nodes.mean(zero_one_regret(scores, nodes.p))
        rows += [
            {
                "noise": cell["noise"],
                "rate": cell["rate"],
                "loss": loss,
                "seed": i,
                "excess": float(value),
                "excess_error": float(spread),
            }
            for (loss, i), value, spread in zip(problems, excess, error, strict=True)
        ]
    return rows


def verdict(rows: Sequence[Row]) -> Verdict:
    """The mean excess of every loss under every noise, with its standard error over seeds."""
    summary = []
    for noise, rate in dict.fromkeys((row["noise"], row["rate"]) for row in rows):
        group = [row for row in rows if (row["noise"], row["rate"]) == (noise, rate)]
        told = []
        for loss in dict.fromkeys(row["loss"] for row in group):
            values = np.array([row["excess"] for row in group if row["loss"] == loss])
            fewer = (
                f" ({values.size} seeds)"
                if values.size < len({row["seed"] for row in group})
                else ""
            )
            error = values.std(ddof=1) / np.sqrt(values.size)
            told.append((float(values.mean()), f"{loss} {values.mean():.4f} +- {error:.4f}{fewer}"))
        summary.append(f"{noise} {rate:g}: " + ", ".join(text for _, text in sorted(told)))
    return Verdict("measured", tuple(summary))
