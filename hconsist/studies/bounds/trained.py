"""Hypotheses trained on Gaussian mixtures: both sides are averages over a randomised rule."""

from __future__ import annotations

import numpy as np

from hconsist.hypotheses import parse_hypotheses
from hconsist.losses import parse_loss
from hconsist.simulate.backend import Backend
from hconsist.simulate.best import best_risk
from hconsist.simulate.conditional import conditional_risk, zero_one_regret
from hconsist.simulate.curves import curve_of
from hconsist.simulate.mixtures import mixture
from hconsist.simulate.optimum import least_conditional_risk
from hconsist.simulate.population import SPREAD, population
from hconsist.simulate.results import Cell, Row
from hconsist.simulate.training import train
from hconsist.studies.bounds.plan import BOUNDED
from hconsist.studies.bounds.table import row_of, with_bounds

REPEATS = 16


def trained_pairs(cell: Cell, random: np.random.Generator, backend: Backend) -> list[Row]:
    """Hypotheses trained on samples of several sizes, every loss and seed in one batch."""
    distribution, model = mixture(cell["distribution"]), cell["model"]
    n, sizes = distribution.n_classes, (20, 100, 500)
    # linear functions, networks with an output bias, ...: without bounds their scores fill R^n at
    # every input
    hypotheses = model if model in BOUNDED else "complete"
    nodes = population(
        distribution, log2_points=8, repeats=REPEATS, seed=int(random.integers(2**31))
    )
    problems = [
        (loss, m, s) for loss in cell["losses"] for m in sizes for s in range(cell["seeds"])
    ]
    streams = {(m, s): random.spawn(1)[0] for m in sizes for s in range(cell["seeds"])}
    samples = {key: distribution.sample(max(sizes), stream) for key, stream in streams.items()}
    x = np.stack([samples[m, s][0] for _, m, s in problems])
    y = np.stack([samples[m, s][1] for _, m, s in problems])
    weights = np.stack([(np.arange(max(sizes)) < m) / m for _, m, s in problems])
    fit = train(
        [loss for loss, _, _ in problems],
        model,
        x,
        y,
        n_classes=n,
        sample_weights=weights,
        l2=1e-3,
        restarts=1,
        tolerance=1e-6,
        max_iterations=200,
        backend=backend,
    )
    scores = np.stack([fit.scores(part) for part in nodes.x], axis=1)  # (B, repeats, m, n)
    target, target_error = nodes.mean(zero_one_regret(scores, nodes.p))
    norms = np.linalg.norm(nodes.x, axis=-1).ravel()
    set_ = parse_hypotheses(hypotheses)
    reach = (
        None
        if set_.score_bound is None
        else np.array([set_.score_bound_at(float(r)) for r in norms], dtype=float)
    )
    rows = []
    for spec in cell["losses"]:
        loss = parse_loss(spec)
        labels, weight = nodes.p.reshape(-1, n), np.tile(nodes.weights, len(nodes.x)) / len(nodes.x)
        best, _ = least_conditional_risk(loss, labels, reach)
        # not needed for the comparison, where R*(H) cancels: how much of the excess is gap
        within = best_risk(loss, model, nodes, restarts=1, backend=backend)
        gap = float(within.estimate) - float(best @ weight)
        group = []
        for i in [k for k, problem in enumerate(problems) if problem[0] == spec]:
            regret = conditional_risk(loss, scores[i], nodes.p) - best.reshape(nodes.p.shape[:-1])
            surrogate, surrogate_error = nodes.mean(regret)
            _, m, s = problems[i]
            group.append(
                row_of(
                    "mixture",
                    spec,
                    n,
                    hypotheses,
                    f"m={m},seed={s}",
                    f"{cell['distribution']}; {model}; parameters={fit.parameters[i].tolist()}",
                    target=target[i],
                    target_error=SPREAD * target_error[i],
                    surrogate=float(surrogate),
                    surrogate_error=SPREAD * float(surrogate_error),
                    gap=gap,
                    gap_error=within.estimate.error,
                )
            )
        rows += with_bounds(group, curve_of(spec, n, hypotheses))
    return rows
