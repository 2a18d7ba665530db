"""Samples needed against the dimension, with the fitted laws."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from hconsist.studies.drawing import DASHES, MARKERS
from hconsist.studies.nb_vs_lr.designs import (
    DEVIATION,
    LEVEL,
    LOGISTIC,
    MEANS,
    NAIVE,
    TUNED,
    TUNED_SCALED,
    predicted_need,
)
from hconsist.studies.nb_vs_lr.growth import FittedGrowth, groups, growth, need

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from hconsist.simulate.results import Row


def draw(rows: Sequence[Row], ax: Axes) -> None:
    """Draw the rows of the study on the Axes."""
    shown = {
        ("fixed", LOGISTIC): "logistic regression, l2 = 1e-3, fixed separation",
        ("fixed", TUNED): "the same, l2 tuned",
        ("fixed", NAIVE): "naive Bayes, fixed separation",
        ("log", TUNED): "logistic regression, l2 tuned, separation$^4$ ~ d / log d",
        ("log", TUNED_SCALED): "the same, features scaled",
        ("log", NAIVE): "naive Bayes, separation$^4$ ~ d / log d",
        ("sup", MEANS): f"all class means within {DEVIATION:g} standard deviations",
    }
    fewest = min(row["classes"] for row in rows)
    drawn = {
        (design, learner): group
        for (design, classes, learner), group in groups(rows).items()
        if classes == fewest
    }
    if not any(key in drawn for key in shown):  # a part of the study: whatever is there
        shown = {key: f"{key[1]}, {key[0]}" for key in drawn}
    for index, key in enumerate(key for key in shown if key in drawn):
        group = drawn[key]
        dimensions = sorted({row["d"] for row in group})
        needs = [need([row for row in group if row["d"] == d]) for d in dimensions]
        found = growth(group)
        label = shown[key] + (f": {law(found)}" if found else "")
        ax.plot(
            dimensions,
            needs,
            linestyle=DASHES[index % 4],
            marker=MARKERS[index % len(MARKERS)],
            label=label,
            zorder=3,
        )
        if key[1] in (NAIVE, MEANS) and key[0] != "paper":
            fine = np.unique(
                2 * np.geomspace(dimensions[0] / 2, dimensions[-1] / 2, 30).round().astype(int)
            )
            ax.plot(
                fine,
                [predicted_need(key[0], int(d)) for d in fine],
                color="0.35",
                linewidth=0.9,
                zorder=2,
            )
    if ("log", TUNED) in drawn:
        span = np.array(sorted({row["d"] for row in drawn["log", TUNED]}))
        ax.plot(
            span,
            span / 2,
            color="0.35",
            linewidth=0.9,
            linestyle=":",
            label="d / 2: logistic regression there needs more, for large d",
        )
    ax.plot([], [], color="0.35", linewidth=0.9, label="predicted")
    ax.set_xscale("log", base=2)
    ax.set_yscale("log", base=2)
    low, high = ax.get_ylim()
    if 0 < low < high < np.inf:
        ax.set_ylim(low, high * (high / low) ** 0.65)  # room for the legend
    ax.set_xlabel("dimension d")
    ax.set_ylabel("samples needed")
    ax.set_title(
        f"Samples for an excess error of {LEVEL:g}, or to know the means\n"
        "slopes with 95 % intervals; a logarithm where it fits better than a line"
    )
    ax.legend(fontsize=8, loc="upper left")


def law(found: FittedGrowth) -> str:
    """The exponent, and where a logarithm fits better than a line, its slope: with half the width
    of the intervals.
    """
    value, low, high = found.power
    text = rf"d$^{{{value:.2f} \pm {(high - low) / 2:.2f}}}$"
    if found.better > 0.95:
        value, low, high = found.logarithmic
        text += rf", {value:.1f} $\pm$ {(high - low) / 2:.1f} a doubling of d"
    return text
