"""Does the error of the mean estimator follow sqrt(d / m), and what do unlabeled points add?

Two Gaussians with means -mu and mu in R^d. The rule sign(theta.x) with theta the mean of y x over m
labeled points is compared with self-training: unlabeled points, in the domain or moved out of it,
get the labels of that rule, and either the mean is taken again or a logistic rule that is robust in
a Wasserstein ball (a penalty on the worst margin) is fitted to all of them.

Source: Saberi et al., "Out-of-domain unlabeled data improves generalization", ICLR 2024, at the
scale of its two-Gaussian example.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from hconsist.distributions import GaussianMixture
from hconsist.simulate.backend import Backend
from hconsist.simulate.mixtures import linear_error
from hconsist.simulate.results import Cell, Row
from hconsist.studies.adversarial.experiment import robust_logistic
from hconsist.studies.study import Verdict

Array = NDArray[np.float64]

#: |mu|, in units of the standard deviation.
SIGNAL = 1.5
#: How far out-of-domain points are moved, in directions without signal.
SHIFT = 1.0
RADIUS = 0.1


def cells(quick: bool) -> list[Cell]:
    """Ratios d / m without unlabeled points, then growing numbers of them."""
    plain = (
        [(20, 40), (20, 160)]
        if quick
        else [(d, m) for d in (20, 50) for m in (25, 50, 100, 200, 400, 800)]
    )
    some = [(20, 20, 100)] if quick else [(20, 20, k) for k in (20, 80, 320, 1280)]
    seeds = 20 if quick else 60
    return [
        *({"kind": "labeled", "d": d, "m": m, "unlabeled": 0, "seeds": seeds} for d, m in plain),
        *(
            {"kind": kind, "d": d, "m": m, "unlabeled": k, "seeds": seeds}
            for kind in ("in domain", "out of domain")
            for d, m, k in some
        ),
    ]


def run(cell: Cell, random: np.random.Generator, backend: Backend) -> list[Row]:
    """One row a seed: the exact error, and that of the labeled points alone."""
    d, m, k, seeds = cell["d"], cell["m"], cell["unlabeled"], cell["seeds"]
    mean = np.zeros(d)
    mean[0] = SIGNAL
    g = GaussianMixture([0.5, 0.5], [-mean, mean], np.eye(d))
    signs = random.choice([-1.0, 1.0], size=(seeds, m))
    x = signs[..., None] * mean + random.standard_normal((seeds, m, d))
    first = (signs[..., None] * x).mean(1)
    alone = linear_error(g, np.c_[first, np.zeros(seeds)])
    errors = repeated = alone
    if k:
        hidden = random.choice([-1.0, 1.0], size=(seeds, k))
        more = hidden[..., None] * mean + random.standard_normal((seeds, k, d))
        if cell["kind"] == "out of domain":
            shift = random.standard_normal((seeds, d))
            shift[:, 0] = 0.0
            more = more + SHIFT * (shift / np.linalg.norm(shift, axis=1, keepdims=True))[:, None, :]
        scores = backend.xp.matmul(backend.array(more), backend.array(first)[..., None])[..., 0]
        guessed = np.where(backend.numpy(scores) > 0, 1.0, -1.0)
        everything, labels = np.concatenate([x, more], 1), np.concatenate([signs, guessed], 1)
        rules = robust_logistic(everything, labels, RADIUS, 0.0, backend=backend)
        errors = linear_error(g, rules)
        again = (labels[..., None] * everything).sum(1)
        repeated = linear_error(g, np.c_[again, np.zeros(seeds)])
    bayes = float(g.bayes_error())
    return [
        {
            "kind": cell["kind"],
            "d": d,
            "m": m,
            "unlabeled": k,
            "seed": i,
            "excess": float(errors[i]) - bayes,
            "excess_mean": float(repeated[i]) - bayes,
            "excess_labeled": float(alone[i]) - bayes,
        }
        for i in range(seeds)
    ]


def verdict(rows: Sequence[Row]) -> Verdict:
    """The slope of the excess in d / m, and the gain of every number of unlabeled points."""
    summary = []
    means: dict[tuple[int, int], list[float]] = {}
    for row in rows:
        if row["kind"] == "labeled":
            means.setdefault((row["d"], row["m"]), []).append(row["excess"])
    if len(means) > 1:
        ratio = np.log([d / m for d, m in means])
        excess = np.log([np.mean(v) for v in means.values()])
        slope = np.polyfit(ratio, excess, 1)[0]
        summary.append(
            f"labeled points alone: excess ~ (d/m)^{slope:.2f}; the bound of the paper has "
            "exponent 1/2"
        )
    for kind, k in dict.fromkeys(
        (row["kind"], row["unlabeled"]) for row in rows if row["unlabeled"]
    ):
        group = [row for row in rows if (row["kind"], row["unlabeled"]) == (kind, k)]
        before = np.mean([row["excess_labeled"] for row in group])
        told = []
        for key, method in (("excess", "robust logistic"), ("excess_mean", "mean")):
            gain = np.array([row["excess_labeled"] - row[key] for row in group])
            told.append(
                f"{method} {gain.mean():+.4f} +- {gain.std(ddof=1) / np.sqrt(gain.size):.4f}"
            )
        summary.append(f"{k} unlabeled {kind}: excess {before:.4f}, gain {', '.join(told)}")
    return Verdict("measured", tuple(summary))
