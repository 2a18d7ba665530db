"""Does gradient descent with large steps turn logistic regression into the perceptron?

On separable data ``w <- w + (step / m) sum_i y_i x_i sigma(-y_i w.x_i)`` divided by its step tends,
as the step grows, to the batch perceptron ``v <- v + (1/m) sum_i y_i x_i [y_i v.x_i < 0]``, with
one half where a margin is 0, as at the start. Normalised, with ``sum_i sigma(-y_i w.x_i)`` in place
of m, it tends to the perceptron that adds the mean of what it misclassifies.

For inputs of norm at most 1 and margin mu the latter needs at most ``1 / mu^2`` iterations, by the
perceptron's proof (what is added has norm at most 1, a margin at least mu, and no positive product
with v), and the batch perceptron at most ``m / mu^2``: with s_t the share that is misclassified,
``mu sum s_t <= |v| <= sqrt(sum s_t)`` and ``s_t >= 1/m``, or half of that once, at the start.

Two designs: ``even``, inputs at random at margins mu to 2 mu; ``odd``, one input against all others
but for the margin, which the batch perceptron corrects by 1/m an iteration. Reported: the angle to
the limit after ten iterations, and the iterations that separate the data, at each step and at the
step with the least median on the other half of the seeds (``tuned``).

Source: Tyurin, "From logistic regression to the perceptron algorithm: exploring gradient descent
with large step sizes", 2024 (the abstract was read; the normalisation is from memory).
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
PLAIN, NORMALISED = "LR + GD", "normalised LR + GD"

#: The largest angle to the limit at the largest step, and how far the median of the iterations may
#: be from the limit's there, relatively.
ANGLE, APART = 0.01, 0.1


def cells(quick: bool) -> list[Cell]:
    """One cell a design and margin of separation."""
    chosen = [("even", 0.03)] if quick else [(k, v) for k in ("even", "odd") for v in MARGINS]
    return [
        {
            "design": kind,
            "margin": v,
            "d": 20,
            "m": 100,
            "seeds": 6 if quick else 20,
            "iterations": 500 if quick else 3000,
        }
        for kind, v in chosen
    ]


MARGINS = (0.1, 0.03, 0.01)


def separable(
    d: int, m: int, margin: float, seeds: int, random: np.random.Generator, design: str = "even"
) -> Array:
    """y_i x_i, (seeds, m, d), on the unit sphere, at least ``margin`` from a hyperplane through
    0.
    """
    direction = random.standard_normal((seeds, 1, d))
    direction /= np.linalg.norm(direction, axis=-1, keepdims=True)
    across = random.standard_normal((seeds, m, d))
    if design == "odd":  # all near the first, and the last opposite
        across[:, 1:] = across[:, :1] + 0.1 * across[:, 1:]
        across[:, -1] = -across[:, 0]
    across -= (across * direction).sum(-1, keepdims=True) * direction
    across /= np.linalg.norm(across, axis=-1, keepdims=True)
    along = margin * (1 + random.random((seeds, m, 1)))
    return np.asarray(along * direction + np.sqrt(1 - along**2) * across)


def run(cell: Cell, random: np.random.Generator, backend: Backend) -> list[Row]:
    """One row for each method, step and seed."""
    data = separable(cell["d"], cell["m"], cell["margin"], cell["seeds"], random, cell["design"])
    rows = []
    for method in (PLAIN, NORMALISED):
        normalised = method == NORMALISED
        limit, first = _iterate(data, cell["iterations"], None, backend, normalised)
        for step in STEPS:
            w, needed = _iterate(data, cell["iterations"], step, backend, normalised)
            lengths = np.linalg.norm(w, axis=-1) * np.linalg.norm(limit, axis=-1)
            cosine = (w * limit).sum(-1) / lengths
            rows += [
                {
                    "design": cell["design"],
                    "margin": cell["margin"],
                    "method": method,
                    "step": step,
                    "seed": i,
                    "angle": float(np.arccos(np.clip(cosine[i], -1, 1))),
                    "iterations": int(needed[i]),
                    "perceptron_iterations": int(first[i]),
                    "most": most_iterations(cell["m"], cell["margin"], normalised),
                }
                for i in range(len(data))
            ]
    return rows


def most_iterations(m: int, margin: float, normalised: bool) -> float:
    """The proven number of iterations of the limit, one more for the half at the start.

    >>> round(most_iterations(100, 0.1, True)), round(most_iterations(100, 0.1, False))
    (101, 10001)
    """
    return 1 + (1 if normalised else m) / margin**2


def _iterate(
    data: Array, iterations: int, step: float | None, backend: Backend, normalised: bool = False
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
        if normalised:
            weight = weight / backend.ops.maximum(xp.sum(weight, axis=-1, keepdims=True), 1e-300)
        else:
            weight = weight / data.shape[1]
        v = v + xp.matmul(weight[:, None, :], points)[:, 0, :]
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


def tuned(rows: Sequence[Row]) -> tuple[float, NDArray[np.int64]]:
    """The step with the least median of iterations on the even seeds, and the iterations at it on
    the odd ones.
    """
    needs = {
        s: np.array([[r["seed"], r["iterations"]] for r in rows if r["step"] == s]) for s in STEPS
    }
    best = min(STEPS, key=lambda s: float(np.median(needs[s][needs[s][:, 0] % 2 == 0, 1])))
    return best, needs[best][needs[best][:, 0] % 2 == 1, 1]


def verdict(rows: Sequence[Row]) -> Verdict:
    """Violated where the angle does not shrink to 0 as the step grows, where at the largest step
    the median of the iterations is not the perceptron's, or where the perceptron needs more than
    proven.
    """
    summary, violations = [], []
    found: dict[tuple[str, float, str], NDArray[np.int64]] = {}
    for design, margin, method in dict.fromkeys(
        (row["design"], row["margin"], row["method"]) for row in rows
    ):
        group = [
            r for r in rows if (r["design"], r["margin"], r["method"]) == (design, margin, method)
        ]
        angles, needs = (
            {s: float(np.median([row[key] for row in group if row["step"] == s])) for s in STEPS}
            for key in ("angle", "iterations")
        )
        last = [row for row in group if row["step"] == STEPS[-1]]
        same = float(np.mean([row["iterations"] == row["perceptron_iterations"] for row in last]))
        beyond = [row for row in last if row["perceptron_iterations"] > row["most"]]
        if not (angles[STEPS[-1]] < ANGLE and angles[STEPS[-1]] < angles[STEPS[0]] / 10):
            violations += last[:1]
        violations += beyond[:1]
        perceptron = float(np.median([row["perceptron_iterations"] for row in last]))
        if abs(needs[STEPS[-1]] / perceptron - 1) > APART:
            violations += [r for r in last if r["iterations"] != r["perceptron_iterations"]][:1]
        step, odd = tuned(group)
        found[design, margin, method] = odd
        told = ", ".join(
            f"step {s:g}: median angle {angles[s]:.4f}, {needs[s]:.0f}" for s in STEPS[::2]
        )
        summary.append(
            f"{design}, margin {margin:g}, {method}, median iterations to separate; tuned (step "
            f"{step:g}): {np.median(odd):.0f}; its perceptron: "
            f"{perceptron:.0f}, proven at most {last[0]['most']:.0f}; {same:.0%} of seeds as the "
            f"perceptron at step {STEPS[-1]:g}; {told}"
        )
    for design, margin in dict.fromkeys(key[:2] for key in found):
        plain, other = (found[design, margin, method] for method in (PLAIN, NORMALISED))
        summary.append(
            f"{design}, margin {margin:g}, each tuned: normalised is faster on "
            f"{int((other < plain).sum())} of {plain.size} seeds, slower on "
            f"{int((other > plain).sum())}"
        )
    return Verdict("violated" if violations else "holds", tuple(summary), tuple(violations))
