"""Which comp-sum loss does the theory choose, and which wins?

For every tau: the bound ``Gamma(excess + gap)`` on the excess error of a trained linear hypothesis,
the part of it that the minimizability gap alone is responsible for, and the excess error that was
met. All are averages over a randomised rule.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from hconsist.arithmetic import NUMPY
from hconsist.losses import parse_loss
from hconsist.simulate.backend import Backend
from hconsist.simulate.best import best_risk
from hconsist.simulate.conditional import best_scores, zero_one_regret
from hconsist.simulate.curves import ROUNDING, curve_of
from hconsist.simulate.mixtures import mixture
from hconsist.simulate.population import SPREAD, population
from hconsist.simulate.results import Cell, Row
from hconsist.simulate.training import train
from hconsist.studies.study import Verdict

TAUS = ("0", "0.25", "0.5", "0.75", "1", "1.2", "1.4", "1.6", "1.8", "2")


def cells(quick: bool) -> list[Cell]:
    """One cell a distribution."""
    names = (
        ["three labels, uniform noise"]
        if quick
        else ["three labels", "three labels, uniform noise", "two labels, Massart noise"]
    )
    taus = ["0", "1", "1.6", "2"] if quick else list(TAUS)
    return [
        {"distribution": name, "taus": taus, "samples": 200, "seeds": 4 if quick else 20}
        for name in names
    ]


def run(cell: Cell, random: np.random.Generator, backend: Backend) -> list[Row]:
    """One row for each tau and seed."""
    distribution, seeds, m = mixture(cell["distribution"]), cell["seeds"], cell["samples"]
    n = distribution.n_classes
    nodes = population(distribution, log2_points=8, repeats=8, seed=int(random.integers(2**31)))
    labels = nodes.p.reshape(-1, n)
    even = np.tile(nodes.weights, len(nodes.x)) / len(nodes.x)
    samples = [distribution.sample(m, stream) for stream in random.spawn(seeds)]
    x, y = np.stack([s[0] for s in samples]), np.stack([s[1] for s in samples])
    rows = []
    for tau in cell["taus"]:
        loss = parse_loss(f"comp-sum:tau={tau}")
        best, _ = best_scores(loss, labels)
        within = best_risk(loss, "linear", nodes, restarts=2, backend=backend).estimate
        gap = float(within) - float(best @ even)
        fit = train(
            loss, "linear", x, y, n_classes=n, l2=1e-3, restarts=2, tolerance=1e-6, backend=backend
        )
        scores = np.stack([fit.scores(part) for part in nodes.x], axis=1)
        target, target_error = nodes.mean(zero_one_regret(scores, nodes.p))
        regret = (nodes.p * loss.losses(scores, NUMPY)).sum(-1) - best.reshape(nodes.p.shape[:-1])
        total, total_error = nodes.mean(regret)
        curve = curve_of(loss.spec, n)
        states = curve.compare(
            np.maximum(target - SPREAD * target_error, 0), total + SPREAD * total_error + ROUNDING
        )
        rows += [
            {
                "distribution": cell["distribution"],
                "tau": float(tau),
                "seed": i,
                "error": float(target[i]),
                "bound": float(curve.gamma(total[i])),
                "gap": gap,
                "gap_error": within.error,
                "bound_of_gap": float(curve.gamma(max(gap, 0.0))),
                "excess": float(total[i]) - gap,
                "state": int(states[i]),
            }
            for i in range(seeds)
        ]
    return rows


def verdict(rows: Sequence[Row]) -> Verdict:
    """Whether every bound holds; the tau of the smallest mean bound and that of the smallest mean
    error.
    """
    summary = []
    for name in dict.fromkeys(row["distribution"] for row in rows):
        means = {}
        for tau in sorted({row["tau"] for row in rows if row["distribution"] == name}):
            group = [row for row in rows if row["distribution"] == name and row["tau"] == tau]
            means[tau] = tuple(
                float(np.mean([row[key] for row in group])) for key in ("bound", "error")
            )
        chosen, best = (min(means, key=lambda tau, i=i: means[tau][i]) for i in (0, 1))  # type: ignore[misc]
        summary.append(
            f"{name}: the bound is smallest at tau = {chosen:g} ({means[chosen][0]:.4f}), "
            f"the error at tau = {best:g} ({means[best][1]:.4f}, against {means[chosen][1]:.4f} "
            "at the bound's choice)"
        )
    violations = tuple(row for row in rows if row["state"] < 0)
    status = (
        "violated"
        if violations
        else "undecided"
        if any(row["state"] == 0 for row in rows)
        else "holds"
    )
    summary.append(f"{len(violations)} of {len(rows)} bounds violated")
    return Verdict(status, tuple(summary), violations)  # type: ignore[arg-type]
