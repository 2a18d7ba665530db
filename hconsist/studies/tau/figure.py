"""Bound and error across the comp-sum family."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from hconsist.studies.drawing import lines

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from hconsist.simulate.results import Row


def draw(rows: Sequence[Row], ax: Axes) -> None:
    """Draw the rows of the study on the Axes."""
    name = rows[-1]["distribution"]
    rows = [r for r in rows if r["distribution"] == name and r["tuning"] == "tuned"]
    lines(
        ax,
        rows,
        "tau",
        {
            "bound": r"bound $\Gamma$(excess + gap)",
            "bound_of_gap": r"$\Gamma$(gap)",
            "error": "excess error",
        },
    )
    ax.set_yscale("log")
    ax.set_ylim(1e-3, 1)
    ax.set_xlabel(r"$\tau$ (1: cross-entropy, 2: mean absolute error)")
    ax.set_ylabel("excess zero-one error")
    ax.set_title(
        f"Bound and error of linear hypotheses across the comp-sum family\n{name}; l2 tuned"
    )
    ax.legend()
