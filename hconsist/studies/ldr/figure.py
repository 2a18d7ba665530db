"""Excess error on clean labels by noise and loss."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from hconsist.studies.drawing import MARKERS

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from hconsist.simulate.results import Row


def draw(rows: Sequence[Row], ax: Axes) -> None:
    """Draw the rows of the study on the Axes."""
    settings = list(dict.fromkeys((row["noise"], row["rate"]) for row in rows))
    losses = list(dict.fromkeys(row["loss"] for row in rows))
    for i, loss in enumerate(losses):
        values = [
            np.array(
                [r["excess"] for r in rows if (r["noise"], r["rate"], r["loss"]) == (*s, loss)]
            )
            for s in settings
        ]
        places = np.arange(len(settings)) + (i - (len(losses) - 1) / 2) * 0.12
        spread = [2 * v.std(ddof=1) / np.sqrt(v.size) for v in values]
        ax.errorbar(
            places,
            [v.mean() for v in values],
            spread,
            linestyle="none",
            marker=MARKERS[i],
            label=loss,
            linewidth=1.2,
        )
    ax.set_xticks(range(len(settings)), [f"{noise}\n{rate:g}" for noise, rate in settings])
    ax.set_ylim(0, 1.25 * ax.get_ylim()[1])  # room for the legend
    ax.set_xlabel("label noise: kind and rate")
    ax.set_ylabel("excess error on clean labels")
    ax.set_title("Losses trained on noisy labels\nmean and two standard errors over seeds")
    ax.legend(ncols=2)
