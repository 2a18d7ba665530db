"""Iterations that separate the data, against the step."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from hconsist.studies.drawing import line

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from hconsist.simulate.results import Row

NAMES = {"even": "inputs at random", "odd": "one input against all"}


def draw(rows: Sequence[Row], ax: Axes) -> None:
    """Draw the rows of the study on the Axes."""
    margin = rows[-1]["margin"]
    rows = [row for row in rows if row["margin"] == margin]
    keys = list(dict.fromkeys((row["design"], row["method"]) for row in rows))
    for i, (design, method) in enumerate(keys):
        group = [row for row in rows if (row["design"], row["method"]) == (design, method)]
        line(ax, group, "step", "iterations", f"{method}, {NAMES[design]}", i)
        limit = [row["perceptron_iterations"] for row in group if row["step"] == group[0]["step"]]
        ax.axhline(
            float(np.mean(limit)), color=ax.lines[-1].get_color(), linewidth=0.9, linestyle=":"
        )
    ax.plot([], [], color="0.35", linewidth=0.9, linestyle=":", label="its perceptron")
    ax.set_xscale("log")
    ax.set_yscale("log")
    low, high = ax.get_ylim()
    ax.set_ylim(low, high * (high / low) ** 0.45)  # room for the legend
    ax.set_xlabel("step of gradient descent")
    ax.set_ylabel(f"iterations that separate the data ({max(r['iterations'] for r in rows)}: more)")
    ax.set_title(
        "Logistic regression with large steps tends to a perceptron\n"
        f"margin {margin:g}; mean and two standard errors over seeds"
    )
    ax.legend(fontsize=8)
