"""Does the error of the mean estimator follow sqrt(d / m), and what do unlabeled points add?

Two Gaussians with means -mu and mu in R^d. The rule sign(theta.x) with theta the mean of y x over m
labeled points is compared with self-training: unlabeled points, in the domain or moved out of it,
get the labels of that rule, and either the mean is taken again or a logistic rule that is robust in
a Wasserstein ball (a penalty on the worst margin) is fitted to all of them. Each is compared with
the same learner on the labeled points alone: the gain of unlabeled points is not that of another
learner. The robust rule's radius and penalty are chosen from `RADII` and `PENALTIES` on 100 labeled
points more, by each number of unlabeled points for itself.

With labels alone the error of the mean rule is Phi(-s cos(theta, mu)), s = |mu|, with the squared
cosine ``(s + g/sqrt m)^2 / ((s + g/sqrt m)^2 + chi^2/m)``, g normal and chi^2 of d - 1 degrees of
freedom: `predicted` averages it. The excess is of order d/m while d/m is small, where the paper's
bound has sqrt(d/m).

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
#: What the robust rule chooses from, on `HELD` labeled points more.
RADII, PENALTIES, HELD = (0.0, 0.1, 0.3), (1e-3, 1e-1, 1.0), 100


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
    held_signs = random.choice([-1.0, 1.0], size=(seeds, HELD))
    held = held_signs[..., None] * mean + random.standard_normal((seeds, HELD, d))
    unseen = np.concatenate([held, np.ones((seeds, HELD, 1))], -1) * held_signs[..., None]
    first = (signs[..., None] * x).mean(1)
    alone = linear_error(g, np.c_[first, np.zeros(seeds)])
    errors = repeated = robust_alone = alone
    if k:
        robust_alone = linear_error(g, _tuned(x, signs, unseen, backend))
        hidden = random.choice([-1.0, 1.0], size=(seeds, k))
        more = hidden[..., None] * mean + random.standard_normal((seeds, k, d))
        if cell["kind"] == "out of domain":
            shift = random.standard_normal((seeds, d))
            shift[:, 0] = 0.0
            more = more + SHIFT * (shift / np.linalg.norm(shift, axis=1, keepdims=True))[:, None, :]
        scores = backend.xp.matmul(backend.array(more), backend.array(first)[..., None])[..., 0]
        guessed = np.where(backend.numpy(scores) > 0, 1.0, -1.0)
        everything, labels = np.concatenate([x, more], 1), np.concatenate([signs, guessed], 1)
        errors = linear_error(g, _tuned(everything, labels, unseen, backend))
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
            "excess_robust_labeled": float(robust_alone[i]) - bayes,
        }
        for i in range(seeds)
    ]


def _tuned(x: Array, signs: Array, unseen: Array, backend: Backend) -> Array:
    """Robust logistic rules (seeds, d + 1) at the radius and penalty that miss the fewest of the
    held-out points, seed by seed.
    """
    rules = [
        robust_logistic(x, signs, radius, 0.0, l2, backend) for radius in RADII for l2 in PENALTIES
    ]
    missed = np.stack([np.mean((unseen @ w[..., None])[..., 0] <= 0, axis=1) for w in rules])
    return np.stack([rules[j][i] for i, j in enumerate(missed.argmin(axis=0))])


def predicted(d: int, m: int) -> float:
    """The mean excess error of the mean rule on m labeled points, over the cosine's exact law.

    >>> round(predicted(20, 800), 4), round(predicted(20, 40), 4)
    (0.001, 0.0201)
    """
    from scipy.special import ndtr
    from scipy.stats import chi2, norm

    points = (np.arange(400) + 0.5) / 400
    along = (SIGNAL + norm.ppf(points) / np.sqrt(m))[:, None]
    across = chi2.ppf(points, d - 1)[None, :] / m
    cosine = along / np.sqrt(along**2 + across)
    return float(ndtr(-SIGNAL * cosine).mean() - ndtr(-SIGNAL))


def verdict(rows: Sequence[Row]) -> Verdict:
    """The law of the mean rule in d/m, and what unlabeled points add to each learner.

    Violated where a mean excess of the mean rule, on labels alone, is five standard errors from its
    law.
    """
    summary, violations = [], []
    means: dict[tuple[int, int], list[float]] = {}
    for row in rows:
        if row["kind"] == "labeled":
            means.setdefault((row["d"], row["m"]), []).append(row["excess"])
    told = []
    for (d, m), values in means.items():
        law, error = predicted(d, m), float(np.std(values, ddof=1) / np.sqrt(len(values)))
        told.append(f"d = {d}, m = {m}: {np.mean(values):.4f} (law {law:.4f})")
        if abs(np.mean(values) - law) > 5 * error + 1e-4:
            violations += [r for r in rows if (r["kind"], r["d"], r["m"]) == ("labeled", d, m)][:1]
    if told:
        summary.append("mean rule, labels alone, excess: " + ", ".join(told))
    if len(means) > 1:
        ratio = np.log([d / m for d, m in means])
        slope = np.polyfit(ratio, np.log([np.mean(v) for v in means.values()]), 1)[0]
        summary.append(
            f"excess ~ (d/m)^{slope:.2f} over these; the law tends to d/m, the bound of the paper "
            "has exponent 1/2"
        )
    for kind, k in dict.fromkeys(
        (row["kind"], row["unlabeled"]) for row in rows if row["unlabeled"]
    ):
        group = [row for row in rows if (row["kind"], row["unlabeled"]) == (kind, k)]
        told = []
        for key, base, method in (
            ("excess", "excess_robust_labeled", "robust logistic, tuned"),
            ("excess_mean", "excess_labeled", "mean"),
        ):
            before, gain = (
                np.array([row[base] for row in group]),
                np.array([row[base] - row[key] for row in group]),
            )
            told.append(
                f"{method} {before.mean():.4f} -> {(before - gain).mean():.4f} (gain "
                f"{gain.mean():+.4f} +- {gain.std(ddof=1) / np.sqrt(gain.size):.4f})"
            )
        summary.append(f"{k} unlabeled {kind}: {', '.join(told)}")
    return Verdict("violated" if violations else "holds", tuple(summary), tuple(violations))
