"""Do random calibrated loss-derivatives, drawn anew at every step, do as well as a fixed loss?

Linear scores trained by mini-batch gradient descent on two labels. EnsLoss draws the derivatives of
a convex calibrated loss at the margins of the batch: minus the exponential of normal draws, sorted
along the margins, clipped at -1, and divided by the margin z for z > 1. That 1/z tail integrates to
-log z, the borderline of losses bounded below. Fixed losses take the same steps on the same
batches.

Each method has its step twice: 0.1 for all (``fixed``), and its own, the best of `STEPS` on a
validation sample of noisy labels as large as the training sample (``tuned``), seed by seed.

Source: Dai, "EnsLoss: stochastic calibrated loss ensembles for preventing overfitting in
classification", 2024.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from hconsist.distributions import GaussianMixture, NoisyLabels, UniformNoise
from hconsist.losses import parse_loss
from hconsist.simulate.backend import AnyArray, Backend
from hconsist.simulate.gradients import term_derivative
from hconsist.simulate.mixtures import linear_error
from hconsist.simulate.results import Cell, Row
from hconsist.studies.study import Verdict

Array = NDArray[np.float64]

#: The step for all, and the steps that a method chooses from.
FIXED_STEP = 0.1
STEPS = (1e-4, 3e-4, 1e-3, 0.003, 0.01, 0.03, 0.1)

FIXED = ("margin-logistic", "hinge", "exponential", "squared-hinge")


def ensemble(
    margins: AnyArray, random: np.random.Generator, backend: Backend | None = None
) -> AnyArray:
    """Derivatives at the margins (k, m): one calibrated convex loss for each of the k batches.

    >>> g = ensemble(np.array([[-1.0, 0.5, 2.0]]), np.random.default_rng(0))
    >>> bool((g < 0).all() and (np.diff(g) >= 0).all())
    True
    """
    backend = backend or Backend()
    xp, ops = backend.xp, backend.ops
    draws = backend.array(np.sort(-np.exp(random.standard_normal(margins.shape)), axis=-1))
    rank = xp.argsort(xp.argsort(margins, axis=-1), axis=-1)
    return ops.maximum(xp.take_along_axis(draws, rank, axis=-1), -1.0) / ops.maximum(margins, 1.0)


def cells(quick: bool) -> list[Cell]:
    """Dimension against sample size, where overfitting is to be had or not."""
    grid = [(40, 100)] if quick else [(10, 100), (40, 100), (80, 100), (40, 400)]
    return [
        {"d": d, "m": m, "rate": 0.1, "seeds": 5 if quick else 20, "epochs": 30 if quick else 100}
        for d, m in grid
    ]


def run(cell: Cell, random: np.random.Generator, backend: Backend) -> list[Row]:
    """One row for each method, seed and way of choosing the step: the exact error on clean labels
    at the end.
    """
    d, m, seeds = cell["d"], cell["m"], cell["seeds"]
    mean = np.zeros(d)
    mean[:4] = 0.7
    clean = GaussianMixture([0.5, 0.5], [-mean, mean], np.eye(d))
    noisy = NoisyLabels(clean, UniformNoise(cell["rate"]))
    samples = [noisy.sample(m, stream) for stream in random.spawn(seeds)]
    x = np.stack([np.c_[s[0], np.ones(m)] for s in samples])
    signs = np.stack([2.0 * s[1] - 1 for s in samples])
    batches = [
        random.permuted(np.tile(np.arange(m), (seeds, 1)), axis=1).reshape(seeds, -1, 20)
        for _ in range(cell["epochs"])
    ]
    draws = random.spawn(1)[0]
    held = [noisy.sample(m, stream) for stream in random.spawn(seeds)]
    unseen = np.stack([np.c_[s[0], np.ones(m)] * (2.0 * s[1] - 1)[:, None] for s in held])
    methods: dict[str, Callable[[AnyArray], AnyArray]] = {
        "ensloss": lambda margins: ensemble(margins, draws, backend)
    }
    for spec in FIXED:
        slope = term_derivative(parse_loss(spec))
        methods[spec] = lambda margins, slope=slope: slope(margins, backend.ops) + 0.0 * margins  # type: ignore[misc]
    signed = x * signs[..., None]
    rows = []
    for method, derivative in methods.items():
        rules = [_descend(signed, batches, derivative, backend, step) for step in STEPS]
        missed = np.stack([np.mean((unseen @ w[..., None])[..., 0] <= 0, axis=1) for w in rules])
        best = missed.argmin(axis=0)  # the smallest of the best steps
        for tuning, index in (("fixed", np.full(seeds, STEPS.index(FIXED_STEP))), ("tuned", best)):
            w = np.stack([rules[k][i] for i, k in enumerate(index)])
            errors = linear_error(clean, w)
            training = np.mean((signed @ w[..., None])[..., 0] <= 0, axis=1)
            rows += [
                {
                    "d": d,
                    "m": m,
                    "method": method,
                    "tuning": tuning,
                    "step": STEPS[index[i]],
                    "seed": i,
                    "error": float(errors[i]),
                    "training_error": float(training[i]),
                }
                for i in range(seeds)
            ]
    return rows


def _descend(
    signed: Array,
    batches: list[NDArray[np.int64]],
    derivative: Callable[[AnyArray], AnyArray],
    backend: Backend,
    first_step: float,
) -> Array:
    """Rules after a pass over each of the batches (seeds, steps, size), by the derivative of the
    loss at the margins.
    """
    xp, (seeds, m, width) = backend.xp, signed.shape
    flat = backend.array(signed.reshape(seeds * m, width))
    offsets = m * np.arange(seeds)[:, None]
    w = backend.array(np.zeros((seeds, width)))
    for epoch, batch in enumerate(batches):
        size = batch.shape[2]
        step = first_step / math.sqrt(1 + epoch / 10) / size
        rows = backend.index((offsets + np.swapaxes(batch, 0, 1)).reshape(batch.shape[1], -1))
        for k in range(batch.shape[1]):
            part = xp.reshape(xp.take(flat, rows[k, ...], axis=0), (seeds, size, width))
            margins = xp.clip(xp.matmul(part, w[..., None])[..., 0], -30.0)
            w = w - step * xp.matmul(derivative(margins)[:, None, :], part)[:, 0, :]
    return np.asarray(backend.numpy(w))


def verdict(rows: Sequence[Row]) -> Verdict:
    """Mean errors with standard errors over seeds, and the median step of each method."""
    summary = []
    for d, m, tuning in dict.fromkeys((row["d"], row["m"], row["tuning"]) for row in rows):
        group = [r for r in rows if (r["d"], r["m"], r["tuning"]) == (d, m, tuning)]
        told = []
        for method in dict.fromkeys(row["method"] for row in group):
            values, steps = (
                np.array([row[key] for row in group if row["method"] == method])
                for key in ("error", "step")
            )
            text = (
                f"{method} {values.mean():.4f} +- {values.std(ddof=1) / np.sqrt(values.size):.4f}"
            )
            told.append((float(values.mean()), f"{text} (step {np.median(steps):g})"))
        summary.append(
            f"d = {d}, m = {m}, step {tuning}: " + ", ".join(text for _, text in sorted(told))
        )
    return Verdict("measured", tuple(summary))
