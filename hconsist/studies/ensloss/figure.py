"""Zero-one error by method."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from hconsist.studies.drawing import side_by_side

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from hconsist.simulate.results import Row


def draw(rows: Sequence[Row], ax: Axes) -> None:
    """Draw the rows of the study on the Axes."""
    rows = sorted(rows, key=lambda row: row["tuning"] != "fixed")
    settings = side_by_side(ax, rows, ("d", "m", "tuning"), "method", "error")
    ax.set_xticks(range(len(settings)), [f"d = {d}\nm = {m}\n{how}" for d, m, how in settings])
    ax.set_xlabel("dimension, sample size; step 0.1 for all (fixed), or each method's own (tuned)")
    ax.set_ylabel("zero-one error on clean labels")
    ax.set_title(
        "Random calibrated derivatives against fixed losses\nmean and two standard errors over "
        "seeds"
    )
    ax.legend()
