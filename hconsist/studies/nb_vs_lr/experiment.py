"""How many samples do naive Bayes and logistic regression need as the dimension grows?

All labels share one diagonal covariance, so every linear rule has its error in closed form (two
labels) or as a normal probability in score space. A learner's need is the smallest sample size
whose mean excess error over the Bayes error is at most `LEVEL`. Designs:

========== =======================================================================================
``log``    the signal on half of the coordinates, of variance 1; the others are noise of variance d.
           The separation is that at which `predicted_error` gives naive Bayes a need of
           ``4 log2(d)``; that of logistic regression is at least d / 2.
``root``   the same for a need of ``4 sqrt(d)``.
``fixed``  means 2 apart, evenly over d coordinates of variance 1: no learner at all needs less than
           a multiple of d.
``sup``    no rule at all: the largest deviation of the 2 d estimated class means, in standard
           deviations, which is what the published O(log d) controls. The need is the sample size
           whose 90 % quantile is at most `DEVIATION`.
``paper``  K labels, class 0 at -1, class k at 2^(k-1) times the ones vector, variances d and 1 on
           halves of the coordinates: a separation that grows like sqrt(d).
========== =======================================================================================

Both learners come twice: naive Bayes without smoothing and logistic regression with the penalty
1e-3 for all sizes, and, ``tuned``, with the best of `SMOOTHINGS` and of `PENALTIES` by the error
on a validation sample as large as the training sample, seed by seed. That sample is not counted in
the need: counted, it would double it. ``sup`` has no learner, so nothing to tune.

The proofs are in the documentation, "Naive Bayes against logistic regression".

Source: Ng, Jordan, NIPS 2001; Zheng et al., "Revisiting discriminative vs. generative classifiers",
ICML 2023.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from hconsist.simulate.backend import Backend
from hconsist.simulate.results import Cell, Row
from hconsist.studies.nb_vs_lr.designs import (
    LEVEL,
    LOGISTIC,
    MEANS,
    NAIVE,
    SCALED,
    SMALLEST,
    TUNED,
    TUNED_NAIVE,
    TUNED_SCALED,
    design,
    predicted_need,
)
from hconsist.studies.nb_vs_lr.growth import groups, growth, need
from hconsist.studies.nb_vs_lr.learners import (
    _BATCH,
    FIXED_PENALTY,
    PENALTIES,
    SMALLER,
    SMOOTHINGS,
    chosen,
    logistic,
    naive_bayes,
    rule_errors,
    samples,
)
from hconsist.studies.study import Verdict


def cells(quick: bool) -> list[Cell]:
    """Every design and dimension."""

    def grid(
        name: str, dimensions: Sequence[int], seeds: int, limit: int, classes: int = 2
    ) -> list[Cell]:
        return [
            {"design": name, "classes": classes, "d": d, "seeds": seeds, "limit": limit}
            for d in dimensions
        ]

    if quick:
        plain = [
            *grid("fixed", (4, 8, 16), 8, 256),
            *grid("log", (16, 32, 64), 8, 256),
            *grid("sup", (16, 64, 256), 40, 256),
        ]
        return [*plain, *grid("paper", (4, 16), 8, 256), *grid("paper", (4, 8), 4, 256, classes=3)]
    laws = []
    for name in ("log", "root", "fixed"):
        laws += [*grid(name, (16, 32, 64, 128), 40, 8192), *grid(name, (256, 512), 20, 8192)]
        laws += grid(name, (1024,) if name != "fixed" else (), 10, 8192)
    # with many labels and the smallest penalty a fit takes a thousand iterations: fewer seeds
    paper = [
        cell
        for k, seeds in ((2, 20), (3, 20), (5, 8), (7, 8))
        for cell in grid("paper", (4, 8, 16, 32, 64), seeds, 2048, classes=k)
    ]
    return [*laws, *grid("sup", (16, 32, 64, 128, 256, 512, 1024, 2048), 400, 8192), *paper]


def sizes(classes: int, limit: int) -> list[int]:
    """Even sample sizes up to the limit, growing by sqrt(2), at least two of every class.

    >>> sizes(2, 64)
    [8, 12, 16, 22, 32, 46, 64]
    """
    steps = range(2 * int(math.log2(limit / SMALLEST)) + 1)
    return [
        m for m in (2 * round(SMALLEST / 2 * math.sqrt(2) ** k) for k in steps) if m >= 2 * classes
    ]


def run(cell: Cell, random: np.random.Generator, backend: Backend) -> list[Row]:
    """One row for each sample size, seed and learner; a learner climbs until two sizes in a row
    meet the level.
    """
    if cell["design"] == "sup":
        return _deviations(cell, random)
    g = design(cell["design"], cell["d"], cell["classes"])
    bayes, rows = float(g.bayes_error()), []
    penalties = (SMALLER if cell["design"] == "paper" else ()) + PENALTIES
    met = dict.fromkeys((NAIVE, TUNED_NAIVE, LOGISTIC, SCALED, TUNED, TUNED_SCALED), 0)
    tried = sizes(g.n_classes, cell["limit"])
    for m, stream in zip(tried, random.spawn(len(tried)), strict=True):
        climbing = [learner for learner in met if met[learner] < 2]
        if not climbing:
            break
        held = stream.spawn(1)[0]
        errors: dict[str, list[float]] = {learner: [] for learner in climbing}
        chunk = max(1, min(cell["seeds"], _BATCH // (m * cell["d"])))
        for start in range(0, cell["seeds"], chunk):
            many = min(chunk, cell["seeds"] - start)
            x, y = samples(g, m, many, stream)
            validation = samples(g, m, many, held)
            found = {}
            if NAIVE in climbing or TUNED_NAIVE in climbing:
                smoothed = {s: naive_bayes(x, y, s) for s in SMOOTHINGS}
                found = {NAIVE: smoothed[0.0], TUNED_NAIVE: chosen(smoothed, *validation)}
            for fixed, tuned, scale in ((LOGISTIC, TUNED, False), (SCALED, TUNED_SCALED, True)):
                grid = penalties if tuned in climbing else (FIXED_PENALTY,)
                if fixed not in climbing and tuned not in climbing:
                    continue
                rules = {l2: logistic(backend, scale, l2)(x, y) for l2 in grid}
                found[fixed] = rules[FIXED_PENALTY]
                found[tuned] = chosen(rules, *validation)
            for learner in climbing:
                errors[learner] += rule_errors(g, found[learner]).tolist()
        for learner, values in errors.items():
            met[learner] = met[learner] + 1 if np.mean(values) - bayes <= LEVEL else 0
            rows += [_row(cell, m, i, learner, error, bayes) for i, error in enumerate(values)]
    return rows


def _row(cell: Cell, m: int, seed: int, learner: str, error: float, bayes: float) -> Row:
    return {
        "design": cell["design"],
        "classes": cell["classes"],
        "d": cell["d"],
        "m": m,
        "seed": seed,
        "learner": learner,
        "error": error,
        "bayes_error": bayes,
    }


def _deviations(cell: Cell, random: np.random.Generator) -> list[Row]:
    """The largest of 2 d deviations of running class means, at every size, from samples of standard
    normal features.
    """
    tried = [m for m in sizes(2, cell["limit"]) if m <= 8 * predicted_need("sup", cell["d"])]
    rows = []
    for i, stream in enumerate(random.spawn(cell["seeds"])):
        sums, seen = np.zeros(2 * cell["d"]), 0
        for m in tried:
            sums += stream.standard_normal((m // 2 - seen, 2 * cell["d"])).sum(0)
            seen = m // 2
            rows.append(_row(cell, m, i, MEANS, float(np.abs(sums / seen).max()), 0.0))
    return rows


def verdict(rows: Sequence[Row]) -> Verdict:
    """Needs, and slopes with intervals; nothing is claimed of them beforehand."""
    summary = []
    for (name, classes, learner), group in groups(rows).items():
        smallest = min(row["m"] for row in group)
        parts = {
            d: [row for row in group if row["d"] == d] for d in sorted({row["d"] for row in group})
        }
        told = []
        for d, part in parts.items():
            value = need(part)
            text = (
                "more"
                if not np.isfinite(value)
                else f"at most {value:.0f}"
                if value <= smallest
                else f"{value:.0f}"
            )
            if (
                learner in (NAIVE, MEANS)
                and name != "paper"
                and np.isfinite(predicted := predicted_need(name, d))
            ):
                text += f" (predicted {predicted:.0f})"
            told.append(f"{d}: {text}")
        labels = f", {classes} labels" if classes > 2 else ""
        line = f"{name}{labels}, {learner}: "
        found = growth(group)
        if found:
            line += (
                f"need ~ d^{found.power[0]:.2f} (95 % interval {found.power[1]:.2f} to "
                f"{found.power[2]:.2f}) "
                f"misses by {found.misfit[0]:.1%}, {_told(found.logarithmic)} log2 d by "
                f"{found.misfit[1]:.1%}, "
                f"{_told(found.linear)} d by {found.misfit[2]:.1%} "
                f"(log2 d is better than d in {found.better:.0%} of resamples); "
            )
        summary.append(line + ", ".join(told))
    return Verdict("measured", tuple(summary))


def _told(slope: tuple[float, float, float]) -> str:
    return "a + {:.3g} ({:.3g} to {:.3g})".format(*slope)
