"""Robust error against the radius of the attack."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from hconsist.studies.drawing import line

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from hconsist.simulate.results import Row


def draw(rows: Sequence[Row], ax: Axes) -> None:
    """Draw the rows of the study on the Axes: each method at its own penalty, and the plain loss at
    the penalty for all too.
    """
    for i, method in enumerate(dict.fromkeys(row["method"] for row in rows)):
        group = [row for row in rows if (row["method"], row["tuning"]) == (method, "tuned")]
        line(ax, group, "radius", "robust_error", f"{method}, l2 tuned", i)
    group = [r for r in rows if (r["method"], r["tuning"]) == ("plain logistic", "fixed")]
    line(ax, group, "radius", "robust_error", "plain logistic, l2 = 0.001", 4)
    ax.set_xlabel("radius of the attack (l2)")
    ax.set_ylabel("robust zero-one error, exact")
    ax.set_title("Linear rules under attack\nmean and two standard errors over seeds")
    ax.legend()
