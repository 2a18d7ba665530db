"""Is the order of losses that theory predicts under label noise the one that real data show?

Real features and labels; the noise is injected. Each repeat splits the data anew, label by label:
at most `TRAINED` examples and 40 % to train on, half as many for validation, up to `TESTED` of the
rest for the test. Labels of the first two parts are noisy, those of the test are not. Features are
centred and scaled by the training part. Linear scores; each loss has the penalty of `PENALTIES`
with the smallest error on the noisy validation labels (the largest one at a tie), repeat by repeat,
and beside it the error at `FIXED_PENALTY`.

All losses of a repeat share splits and noise, so their differences are paired. Repeats are
independent given the data: intervals over them speak of these data under fresh splits and noise,
not of other data from the same source.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hconsist.distributions import ClassNoise, UniformNoise
from hconsist.simulate.backend import Backend
from hconsist.simulate.results import Cell, Row
from hconsist.simulate.training import Fit, train
from hconsist.studies.noise_on_data.data import NAMED, from_files, load, named

Labels = NDArray[np.int64]

LOSSES = ("logistic", "sce", "gce:q=0.3", "gce:q=0.7", "mae", "focal")
FIXED_PENALTY, PENALTIES = 1e-3, (1e-4, 1e-3, 1e-2, 1e-1, 1.0, 10.0)

#: The most examples to train and to test on.
TRAINED, TESTED = 400, 2000

RATES = {"uniform": (0.0, 0.2, 0.4), "pairs": (0.2, 0.4)}


def cells(
    quick: bool,
    data: Sequence[str] = (),
    features: Path | None = None,
    labels: Path | None = None,
) -> list[Cell]:
    """Every kind and rate of noise on each set of data: those named, the two files, or by default
    all of scikit-learn's.

    With two labels both kinds of noise are one, and a rate must leave the true label the likeliest.

    >>> [(cell["noise"], cell["rate"]) for cell in cells(False, ["breast_cancer"])]
    [('uniform', 0.0), ('uniform', 0.2), ('uniform', 0.4)]
    """
    sets = [named(name) for name in dict.fromkeys(data)]
    if features is not None and labels is not None:
        sets.append(from_files(features, labels))
    sets = sets or [named(name) for name in (["wine"] if quick else NAMED)]
    rates = {kind: values[-1:] for kind, values in RATES.items()} if quick else RATES
    return [
        {**chosen, "noise": kind, "rate": rate, "repeats": 4 if quick else 20}
        for chosen in sets
        for kind in (RATES if chosen["classes"] > 2 else ("uniform",))
        for rate in rates[kind]
    ]


def run(cell: Cell, random: np.random.Generator, backend: Backend) -> list[Row]:
    """One row for each repeat and loss: the error on clean test labels."""
    x, y = load(cell)
    n, rate = cell["classes"], cell["rate"]
    noise = UniformNoise(rate) if cell["noise"] == "uniform" else ClassNoise.pairs(n, rate)
    chances = noise(np.eye(n))
    problems = [(loss, penalty) for loss in LOSSES for penalty in PENALTIES]
    rows = []
    for repeat, stream in enumerate(random.spawn(cell["repeats"])):
        training, validation, test = split(y, stream)
        seen, held = (observed(y[part], chances, stream) for part in (training, validation))
        centre, unit = x[training].mean(0), x[training].std(0)
        scaled = (x - centre) / np.where(unit > 0, unit, 1.0)
        fit = train(
            [loss for loss, _ in problems],
            "linear",
            scaled[training],
            seen,
            n_classes=n,
            l2=[penalty for _, penalty in problems],
            restarts=1,
            tolerance=1e-5,
            max_iterations=300,
            backend=backend,
        )
        missed, wrong = (
            _errors(fit, scaled[part], truth)
            for part, truth in ((validation, held), (test, y[test]))
        )
        for loss in LOSSES:
            mine = [i for i, problem in enumerate(problems) if problem[0] == loss]
            best = min(mine, key=lambda i: (missed[i], -problems[i][1]))
            fixed = mine[PENALTIES.index(FIXED_PENALTY)]
            rows.append(
                {
                    "data": cell["data"],
                    "classes": n,
                    "samples": len(training),
                    "noise": cell["noise"],
                    "rate": rate,
                    "repeat": repeat,
                    "loss": loss,
                    "l2": problems[best][1],
                    "validation": float(missed[best]),
                    "error": float(wrong[best]),
                    "error_fixed": float(wrong[fixed]),
                }
            )
    return rows


def split(y: Labels, random: np.random.Generator) -> tuple[Labels, Labels, Labels]:
    """Indices for training, validation and test, each with its share of every label.

    >>> parts = split(np.repeat([0, 1], [60, 40]), np.random.default_rng(0))
    >>> [len(part) for part in parts]
    [40, 20, 40]
    """
    share = min(0.4, TRAINED / len(y))
    tested = min(1 - 1.5 * share, TESTED / len(y))
    parts: tuple[list[Labels], ...] = ([], [], [])
    for label in np.unique(y):
        order = random.permutation(np.flatnonzero(y == label))
        cuts = np.round(np.array([share, 1.5 * share, 1.5 * share + tested]) * len(order))
        cuts = np.maximum(cuts, [2, 3, 4]).astype(int)
        for part, piece in zip(parts, np.split(order, cuts)[:3], strict=True):
            part.append(piece)
    training, validation, test = (np.sort(np.concatenate(part)) for part in parts)
    return training, validation, test


def observed(y: Labels, chances: NDArray[np.float64], random: np.random.Generator) -> Labels:
    """Labels seen through noise: label k where it was y with probability ``chances[y, k]``."""
    levels = np.cumsum(chances, axis=1)[y]
    levels[:, -1] = 1.0
    return np.asarray((random.random((len(y), 1)) >= levels).sum(axis=1))


def _errors(fit: Fit, x: NDArray[np.float64], y: Labels) -> NDArray[np.float64]:
    return np.asarray((fit.scores(x).argmax(-1) != y).mean(-1))
