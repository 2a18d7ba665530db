"""Excess error on clean labels by noise and loss."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from hconsist.studies.drawing import side_by_side

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from hconsist.simulate.results import Row


def draw(rows: Sequence[Row], ax: Axes) -> None:
    """Draw the rows of the study on the Axes: the adaptive loss as it is, the others tuned."""
    tuned = {row["loss"] for row in rows if row["tuning"] == "tuned"}
    rows = [r for r in rows if r["tuning"] == ("tuned" if r["loss"] in tuned else "fixed")]
    settings = side_by_side(ax, rows, ("noise", "rate"), "loss", "excess")
    ax.set_xticks(range(len(settings)), [f"{noise}\n{rate:g}" for noise, rate in settings])
    ax.set_ylim(0, 1.25 * ax.get_ylim()[1])  # room for the legend
    ax.set_xlabel("label noise: kind and rate")
    ax.set_ylabel("excess error on clean labels")
    ax.set_title(
        "Losses trained on noisy labels, l2 of each tuned\nmean and two standard errors over seeds"
    )
    ax.legend(ncols=2)
