"""Robust error against the radius of the attack."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from hconsist.studies.drawing import line

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from hconsist.simulate.results import Row


def draw(rows: Sequence[Row], ax: Axes) -> None:
    """Draw the rows of the study on the Axes."""
    for i, method in enumerate(dict.fromkeys(row["method"] for row in rows)):
        group = [row for row in rows if row["method"] == method]
        line(ax, group, "radius", "robust_error", method, i)
    ax.set_xlabel("radius of the attack (l2)")
    ax.set_ylabel("robust zero-one error, exact")
    ax.set_title("Linear rules under attack\nmean and two standard errors over seeds")
    ax.legend()
