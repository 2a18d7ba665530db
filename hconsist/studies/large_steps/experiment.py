"""Does gradient descent with large steps turn logistic regression into the perceptron?

On separable data ``w <- w + (step / m) sum_i y_i x_i sigma(-y_i w.x_i)`` divided by its step tends,
as the step grows, to the batch perceptron ``v <- v + (1/m) sum_i y_i x_i [y_i v.x_i < 0]``, with
one half where a margin is 0, as at the start. Reported: the angle between the two after ten
iterations, and the iterations that each needs to separate the data.

Source: Tyurin, "From logistic regression to the perceptron algorithm: exploring gradient descent
with large step sizes",
2024.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from hconsist.simulate.backend import AnyArray, Backend
from hconsist.simulate.results import Cell, Row
from hconsist.studies.study import Verdict

Array = NDArray[np.float64]

#: Iterations after which the directions are compared.
COMPARED = 10
STEPS = (1.0, 10.0, 100.0, 1e3, 1e4, 1e6, 1e8)


def cells(quick: bool) -> list[Cell]:
    """One cell a margin of separation."""
    margins = (0.03,) if quick else (0.1, 0.03, 0.01)
    return [
        {
            "margin": v,
            "d": 20,
            "m": 100,
            "seeds": 5 if quick else 20,
            "iterations": 500 if quick else 3000,
        }
        for v in margins
    ]


def separable(d: int, m: int, margin: float, seeds: int, random: np.random.Generator) -> Array:
    """y_i x_i, (seeds, m, d), on the unit sphere, at least ``margin`` from a hyperplane through
    0.
    """
    direction = random.standard_normal((seeds, 1, d))
    direction /= np.linalg.norm(direction, axis=-1, keepdims=True)
    across = random.standard_normal((seeds, m, d))
    across -= (across * direction).sum(-1, keepdims=True) * direction
    across /= np.linalg.norm(across, axis=-1, keepdims=True)
    along = margin * (1 + random.random((seeds, m, 1)))
    return np.asarray(along * direction + np.sqrt(1 - along**2) * across)


def run(cell: Cell, random: np.random.Generator, backend: Backend) -> list[Row]:
    """One row for each step and seed."""
    data = separable(cell["d"], cell["m"], cell["margin"], cell["seeds"], random)
    slow, first = _iterate(data, cell["iterations"], None, backend)
    rows = []
    for step in STEPS:
        w, needed = _iterate(data, cell["iterations"], step, backend)
        cosine = (w * slow).sum(-1) / (np.linalg.norm(w, axis=-1) * np.linalg.norm(slow, axis=-1))
        rows += [
            {
                "margin": cell["margin"],
                "step": step,
                "seed": i,
                "angle": float(np.arccos(np.clip(cosine[i], -1, 1))),
                "iterations": int(needed[i]),
                "perceptron_iterations": int(first[i]),
            }
            for i in range(len(data))
        ]
    return rows


def _iterate(
    data: Array, iterations: int, step: float | None, backend: Backend
) -> tuple[Array, NDArray[np.int64]]:
    """Iterates after `COMPARED` steps and the number of steps to separate (iterations + 1 if more);
    None is the perceptron.
    """
    xp = backend.xp
    points = backend.array(data)
    v = 0.0 * points[:, 0, :]
    kept, needed = v, np.full(data.shape[0], iterations + 1)
    margins = xp.matmul(points, v[..., None])[..., 0]
    for t in range(1, iterations + 1):
        weight = (
            _perceptron(margins, xp)
            if step is None
            else xp.exp(-backend.ops.softplus(step * margins))
        )
        v = v + xp.matmul(weight[:, None, :], points)[:, 0, :] / data.shape[1]
        kept = v if t == COMPARED else kept
        margins = xp.matmul(points, v[..., None])[..., 0]
        separated = backend.numpy(xp.all(margins > 0, axis=1))
        needed = np.where(separated & (needed > iterations), t, needed)
        if t >= COMPARED and (needed <= iterations).all():
            break
    return np.asarray(backend.numpy(kept)), needed


def _perceptron(margins: AnyArray, xp: AnyArray) -> AnyArray:
    """1 where the margin is negative, 1/2 where it is 0: the limit of ``sigma(-step margin)``."""
    one = xp.ones_like(margins)
    return xp.where(margins < 0, one, xp.where(margins == 0, 0.5 * one, 0.0 * one))


def verdict(rows: Sequence[Row]) -> Verdict:
    """Violated where the angle does not shrink towards 0 as the step grows."""
    summary, violations = [], []
    for margin in dict.fromkeys(row["margin"] for row in rows):
        group = [row for row in rows if row["margin"] == margin]
        angles = {
            s: float(np.median([row["angle"] for row in group if row["step"] == s])) for s in STEPS
        }
        needs = {
            s: float(np.median([row["iterations"] for row in group if row["step"] == s]))
            for s in STEPS
        }
        perceptron = float(np.median([row["perceptron_iterations"] for row in group]))
        if not (angles[STEPS[-1]] < 0.01 and angles[STEPS[-1]] < angles[STEPS[0]]):
            violations += group[:1]
        told = ", ".join(
            f"step {s:g}: median angle {angles[s]:.4f}, {needs[s]:.0f}" for s in STEPS[::2]
        )
        summary.append(
            f"margin {margin:g}, median iterations to separate; perceptron: {perceptron:.0f}; "
            f"{told}"
        )
    return Verdict("violated" if violations else "holds", tuple(summary), tuple(violations))
