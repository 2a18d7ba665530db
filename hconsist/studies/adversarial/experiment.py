"""Robust error under an l2 ball, for linear scores, where the supremum is exact.

For two labels and f(x) = w.x + b the worst margin in a ball of radius r is ``y f(x) - r |w|``, and
on a mixture with one covariance the robust error of a rule is a normal probability. Plain logistic
training is compared with training on the worst margin and with the smooth adversarial comp-sum
loss, which adds nu times the change of the margin, ``r |w|``, to the plain loss.

Each method has its penalty l2 twice: 1e-3 for all (``fixed``), and its own, the best of `PENALTIES`
by the robust error on a validation sample as large as the training sample (``tuned``), seed by
seed.

Source: Mao, Mohri, Zhong, ICML 2023 (smooth adversarial comp-sum losses); Awasthi et al., AISTATS
2023.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hconsist.distributions import GaussianMixture
from hconsist.simulate.backend import AnyArray, Backend
from hconsist.simulate.lbfgs import minimise
from hconsist.simulate.mixtures import linear_error
from hconsist.simulate.results import Cell, Row
from hconsist.studies.study import Verdict

Array = NDArray[np.float64]


#: The penalty for all, and those that a method chooses from.
FIXED_PENALTY = 1e-3
PENALTIES = (1e-4, 1e-3, 1e-2, 0.03, 0.1, 0.3, 1.0, 3.0)


def distribution() -> GaussianMixture:
    """A strong feature and many weak ones, which an attack can turn."""
    mean = np.array([1.0] + [0.25] * 9)
    return GaussianMixture([0.5, 0.5], [-mean, mean], np.eye(10))


def robust_logistic(
    x: ArrayLike,
    signs: ArrayLike,
    inside: float,
    outside: float,
    l2: float = 1e-3,
    backend: Backend | None = None,
) -> Array:
    """Minimise the mean of ``softplus(-(y f(x) - inside |w|)) + outside |w|``: rules (k, d + 1) for
    samples (k, m, d).

    ``inside`` is the radius in the worst margin, or of a Wasserstein ball around the data;
    ``outside`` is nu times the radius.
    """
    backend = backend or Backend()
    xp, ops = backend.xp, backend.ops
    points, sides = np.asarray(x, dtype=float), np.asarray(signs, dtype=float)
    # y (x, 1): the margin is its product with the rule
    signed = backend.array(
        np.concatenate([points, np.ones((*points.shape[:2], 1))], axis=-1) * sides[..., None]
    )
    free = backend.array(np.arange(points.shape[2] + 1) < points.shape[2])  # all but the bias
    m = points.shape[1]
    gathered: tuple[NDArray[np.int64] | None, AnyArray] = (None, signed)

    def objective(rule: AnyArray, active: NDArray[np.int64]) -> tuple[AnyArray, AnyArray]:
        nonlocal gathered
        if gathered[0] is not active:
            part = (
                signed
                if active.size == signed.shape[0]
                else xp.take(signed, backend.index(active), axis=0)
            )
            gathered = (active, part)
        part, w = gathered[1], rule * free
        square = xp.sum(w * w, axis=1)
        norm = xp.sqrt(square + 1e-12)
        margin = xp.matmul(part, rule[:, :, None])[..., 0] - inside * norm[:, None]
        losses = ops.softplus(-margin)
        slope = -xp.exp(-margin - losses)  # minus the logistic function of -margin
        value = xp.mean(losses, axis=1) + outside * norm + l2 / 2 * square
        pull = (outside - inside * xp.mean(slope, axis=1)) / norm + l2
        return value, xp.matmul(slope[:, None, :], part)[:, 0, :] / m + pull[:, None] * w

    found = minimise(objective, 0.01 * xp.mean(signed, axis=1), backend, tolerance=1e-6)
    return np.asarray(backend.numpy(found.parameters), dtype=float)


def cells(quick: bool) -> list[Cell]:
    """One cell a radius."""
    radii = (0.2, 0.5) if quick else (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6)
    return [{"radius": r, "samples": 200, "seeds": 5 if quick else 30} for r in radii]


def run(cell: Cell, random: np.random.Generator, backend: Backend) -> list[Row]:
    """One row for each method, seed and way of choosing l2: the exact robust error."""
    g, r, m = distribution(), cell["radius"], cell["samples"]
    samples = [g.sample(m, stream) for stream in random.spawn(cell["seeds"])]
    x, signs = np.stack([s[0] for s in samples]), np.stack([2.0 * s[1] - 1 for s in samples])
    held = [g.sample(m, stream) for stream in random.spawn(cell["seeds"])]
    unseen = np.stack([np.c_[s[0], np.ones(m)] * (2.0 * s[1] - 1)[:, None] for s in held])
    methods = {
        "plain logistic": (0.0, 0.0),
        "worst margin": (r, 0.0),
        "smooth adversarial, nu = 1": (0.0, r),
        "smooth adversarial, nu = 1/2": (0.0, r / 2),
    }
    rows = []
    for method, (inside, outside) in methods.items():
        rules = [robust_logistic(x, signs, inside, outside, l2, backend) for l2 in PENALTIES]
        missed = np.stack(
            [
                np.mean(
                    (unseen @ w[..., None])[..., 0]
                    <= r * np.linalg.norm(w[:, :-1], axis=1)[:, None],
                    axis=1,
                )
                for w in rules
            ]
        )
        fixed = np.full(len(x), PENALTIES.index(FIXED_PENALTY))
        for tuning, index in (("fixed", fixed), ("tuned", missed.argmin(axis=0))):
            chosen = np.stack([rules[k][i] for i, k in enumerate(index)])
            robust, plain = linear_error(g, chosen, r), linear_error(g, chosen)
            rows += [
                {
                    "radius": r,
                    "method": method,
                    "tuning": tuning,
                    "l2": PENALTIES[index[i]],
                    "seed": i,
                    "robust_error": float(robust[i]),
                    "error": float(plain[i]),
                }
                for i in range(len(robust))
            ]
    return rows


def verdict(rows: Sequence[Row]) -> Verdict:
    """Mean robust errors with standard errors over seeds, and the median penalty of each."""
    summary = []
    for r, tuning in dict.fromkeys((row["radius"], row["tuning"]) for row in rows):
        group = [row for row in rows if (row["radius"], row["tuning"]) == (r, tuning)]
        told = []
        for method in dict.fromkeys(row["method"] for row in group):
            values, penalties = (
                np.array([row[key] for row in group if row["method"] == method])
                for key in ("robust_error", "l2")
            )
            told.append(
                f"{method} {values.mean():.4f} +- {values.std(ddof=1) / np.sqrt(values.size):.4f} "
                f"(l2 {np.median(penalties):g})"
            )
        summary.append(f"radius {r:g}, l2 {tuning}: " + ", ".join(told))
    return Verdict("measured", tuple(summary))
