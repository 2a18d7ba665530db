"""Which comp-sum loss does the theory choose, and which wins?

For every tau: the bound ``Gamma(excess + gap)`` on the excess error of a trained linear hypothesis,
the part of it that the minimizability gap alone is responsible for, and the excess error that was
met. All are averages over a randomised rule: sixteen independent repeats, so that `SPREAD` standard
errors hold all comparisons of the study together (Student's t, a union bound: rows that share a
rule may err together).

Each tau has its penalty twice: 1e-3 for all (``fixed``), and the best of `PENALTIES` by the error
on a validation sample as large as the training sample, with the same noise (``tuned``; the largest
at a tie), seed by seed.
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

FIXED_PENALTY, PENALTIES = 1e-3, (1e-4, 1e-3, 1e-2, 1e-1, 1.0)

#: Independent randomised rules: with 8, Student's t lets one of 600 comparisons err at a rate of
#: 0.13.
REPEATS = 16

TAUS = ("0", "0.25", "0.5", "0.75", "1", "1.2", "1.4", "1.6", "1.8", "2")


def cells(quick: bool) -> list[Cell]:
    """One cell a distribution."""
    names = (
        ["three labels, uniform noise"]
        if quick
        else ["three labels", "three labels, uniform noise", "two labels, Massart noise"]
    )
    taus = ["0", "1", "2"] if quick else list(TAUS)
    return [
        {"distribution": name, "taus": taus, "samples": 200, "seeds": 4 if quick else 20}
        for name in names
    ]


def run(cell: Cell, random: np.random.Generator, backend: Backend) -> list[Row]:
    """One row for each tau and seed."""
    distribution, seeds, m = mixture(cell["distribution"]), cell["seeds"], cell["samples"]
    n = distribution.n_classes
    nodes = population(
        distribution, log2_points=8, repeats=REPEATS, seed=int(random.integers(2**31))
    )
    labels = nodes.p.reshape(-1, n)
    even = np.tile(nodes.weights, len(nodes.x)) / len(nodes.x)
    samples = [distribution.sample(m, stream) for stream in random.spawn(seeds)]
    held = [distribution.sample(m, stream) for stream in random.spawn(seeds)]
    x, y, unseen, truth = (
        np.stack([pair[side] for pair in pairs]) for pairs in (samples, held) for side in (0, 1)
    )
    rows = []
    for tau in cell["taus"]:
        loss = parse_loss(f"comp-sum:tau={tau}")
        best, _ = best_scores(loss, labels)
        within = best_risk(loss, "linear", nodes, restarts=2, backend=backend).estimate
        gap = float(within) - float(best @ even)
        fits = [
            train(
                loss,
                "linear",
                x,
                y,
                n_classes=n,
                l2=penalty,
                restarts=2,
                tolerance=1e-6,
                backend=backend,
            )
            for penalty in PENALTIES
        ]
        missed = np.stack([(fit.scores(unseen).argmax(-1) != truth).mean(-1) for fit in fits])
        chosen = len(PENALTIES) - 1 - missed[::-1].argmin(0)  # the largest of the best penalties
        curve = curve_of(loss.spec, n)
        fixed = np.full(seeds, PENALTIES.index(FIXED_PENALTY))
        for tuning, index in (("fixed", fixed), ("tuned", chosen)):
            scores = np.stack(
                [
                    np.stack([fits[k].scores(part)[i] for part in nodes.x])
                    for i, k in enumerate(index)
                ]
            )
            target, target_error = nodes.mean(zero_one_regret(scores, nodes.p))
            regret = (nodes.p * loss.losses(scores, NUMPY)).sum(-1)
            total, total_error = nodes.mean(regret - best.reshape(nodes.p.shape[:-1]))
            states = curve.compare(
                np.maximum(target - SPREAD * target_error, 0),
                total + SPREAD * total_error + ROUNDING,
            )
            rows += [
                {
                    "distribution": cell["distribution"],
                    "tuning": tuning,
                    "tau": float(tau),
                    "l2": PENALTIES[index[i]],
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
    for name, tuning in dict.fromkeys((row["distribution"], row["tuning"]) for row in rows):
        group = [r for r in rows if (r["distribution"], r["tuning"]) == (name, tuning)]
        values = {
            tau: {
                key: np.array([row[key] for row in group if row["tau"] == tau])
                for key in ("bound", "error", "l2")
            }
            for tau in sorted({row["tau"] for row in group})
        }
        chosen, best = (
            min(values, key=lambda tau, key=key: float(values[tau][key].mean()))  # type: ignore[misc]
            for key in ("bound", "error")
        )
        lost = values[chosen]["error"] - values[best]["error"]
        error = lost.std(ddof=1) / np.sqrt(lost.size)
        summary.append(
            f"{name}, l2 {tuning}: the bound is smallest at tau = {chosen:g} "
            f"({values[chosen]['bound'].mean():.4f}), the error at tau = {best:g} "
            f"({values[best]['error'].mean():.4f}, l2 {np.median(values[best]['l2']):g}, against "
            f"{values[chosen]['error'].mean():.4f} at the bound's choice, paired difference "
            f"{lost.mean():.4f} +- {error:.4f})"
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
