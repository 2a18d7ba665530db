"""Excess error against the number of unlabeled points."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from hconsist.studies.drawing import line

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from hconsist.simulate.results import Row


def draw(rows: Sequence[Row], ax: Axes) -> None:
    """Draw the rows of the study on the Axes."""
    index = 0
    for kind in ("in domain", "out of domain"):
        group = [row for row in rows if row["kind"] == kind]
        for key, method in (("excess_mean", "mean"), ("excess", "robust logistic")):
            if group:
                line(ax, group, "unlabeled", key, f"{method}, unlabeled points {kind}", index)
                index += 1
    for key, method, dash in (
        ("excess_labeled", "mean", ":"),
        ("excess_robust_labeled", "robust logistic", "--"),
    ):
        labeled = [row[key] for row in rows if row["unlabeled"]]
        if labeled:
            ax.axhline(
                float(np.mean(labeled)),
                color="0.35",
                linewidth=1.2,
                linestyle=dash,
                label=f"{method}, labeled points alone",
            )
    ax.set_xscale("log")
    ax.set_ylim(0, 1.45 * ax.get_ylim()[1])  # room for the legend
    ax.set_xlabel("unlabeled points")
    ax.set_ylabel("excess zero-one error, exact")
    ax.set_title("Self-training on two Gaussians\nmean and two standard errors over seeds")
    ax.legend()
