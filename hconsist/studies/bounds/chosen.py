"""Trained hypotheses near the curve: mixtures and training weights chosen by an adversary.

Hypotheses trained on the mixtures of `hconsist.simulate.mixtures` are far below their bounds: their
conditional label distributions vary, and Jensen's inequality and decisions that are right lose most
of the slack. An adversary takes labels that hardly depend on the input, the first likelier than the
second by beta, and trains with example weights that make the second likelier by a little, slopes
held small by the penalty: the hypothesis predicts it everywhere, with scores that are nearly tied.
That is the witness of T, met by training: excess error about beta, excess risk about T(beta), for
losses whose T is attained at a tie of two labels.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hconsist.distributions import GaussianMixture
from hconsist.losses import parse_loss
from hconsist.simulate.backend import Backend
from hconsist.simulate.conditional import best_scores, conditional_risk, zero_one_regret
from hconsist.simulate.curves import curve_of
from hconsist.simulate.population import SPREAD, population
from hconsist.simulate.results import Cell, Row
from hconsist.simulate.training import train
from hconsist.studies.bounds.table import row_of, with_bounds
from hconsist.studies.bounds.trained import REPEATS

Labels = NDArray[np.int64]

#: What is trained, against the bounds of all losses: any hypothesis obeys them.
TEACHERS = ("logistic", "sum-exp")

#: By how much more the second label weighs in training.
TILTS = (0.004, 0.02)

#: Training samples; half the distance of the means; the weight of the third label, if any; the
#: penalty.
SAMPLES, APART, THIRD, PENALTY = 500, 0.02, 1e-3, 30.0


def chosen_mixture(beta: float, n: int) -> GaussianMixture:
    """Labels that hardly depend on the input: the first likelier than the second by about beta.

    >>> chosen_mixture(0.5, 2).weights
    array([0.75, 0.25])
    """
    rest = 1 - THIRD * (n - 2)
    weights = [rest * (1 + beta) / 2, rest * (1 - beta) / 2, *[THIRD] * (n - 2)]
    means = np.zeros((n, 2))
    means[0, 0], means[1, 0] = APART, -APART
    return GaussianMixture(weights, means, np.eye(2))


def chosen_pairs(cell: Cell, random: np.random.Generator, backend: Backend) -> list[Row]:
    """Linear hypotheses trained on reweighted samples, for every tilt and seed, against the bounds
    of all losses.
    """
    beta, n = cell["beta"], cell["n"]
    distribution = chosen_mixture(beta, n)
    nodes = population(
        distribution, log2_points=6, repeats=REPEATS, seed=int(random.integers(2**31))
    )
    samples = [distribution.sample(SAMPLES, stream) for stream in random.spawn(cell["seeds"])]
    for _, labels in samples:
        labels[:n] = np.arange(n)  # none is missing
    problems = [(k, tilt, s) for k in TEACHERS for tilt in TILTS for s in range(cell["seeds"])]
    x, y = (np.stack([samples[s][side] for *_, s in problems]) for side in (0, 1))
    fit = train(
        [teacher for teacher, *_ in problems],
        "linear",
        x,
        y,
        n_classes=n,
        sample_weights=np.stack(
            [_tilted(y[i], n, tilt) for i, (_, tilt, _) in enumerate(problems)]
        ),
        l2=PENALTY,
        tolerance=1e-6,
        max_iterations=200,
        backend=backend,
    )
    scores = np.stack([fit.scores(part) for part in nodes.x], axis=1)
    target, target_error = nodes.mean(zero_one_regret(scores, nodes.p))
    rows = []
    for spec in cell["losses"]:
        loss, group = parse_loss(spec), []
        best, _ = best_scores(loss, nodes.p.reshape(-1, n))
        for i, (teacher, tilt, s) in enumerate(problems):
            regret = conditional_risk(loss, scores[i], nodes.p) - best.reshape(nodes.p.shape[:-1])
            surrogate, error = nodes.mean(regret)
            group.append(
                row_of(
                    "chosen mixture",
                    spec,
                    n,
                    "complete",
                    f"{teacher},tilt={tilt:g},seed={s}",
                    f"labels apart by {beta:g}; linear; parameters={fit.parameters[i].tolist()}",
                    target=target[i],
                    target_error=SPREAD * target_error[i],
                    surrogate=float(surrogate),
                    surrogate_error=SPREAD * float(error),
                )
            )
        rows += with_bounds(group, curve_of(spec, n))
    return rows


def _tilted(y: Labels, n: int, tilt: float) -> NDArray[np.float64]:
    """Example weights under which the second label is likelier than the first by the tilt."""
    rest = 1 - THIRD * (n - 2)
    share = np.array([rest * (1 - tilt) / 2, rest * (1 + tilt) / 2, *[THIRD] * (n - 2)])
    return np.asarray(share[y] / np.bincount(y, minlength=n)[y])
