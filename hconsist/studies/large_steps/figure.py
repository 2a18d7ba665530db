"""Angle to the batch perceptron against the step."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from hconsist.studies.drawing import line

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from hconsist.simulate.results import Row


def draw(rows: Sequence[Row], ax: Axes) -> None:
    """Draw the rows of the study on the Axes."""
    for i, margin in enumerate(dict.fromkeys(row["margin"] for row in rows)):
        line(
            ax,
            [row for row in rows if row["margin"] == margin],
            "step",
            "angle",
            f"margin of separation {margin:g}",
            i,
        )
    ax.set_xscale("log")
    ax.set_ylim(0, None)
    ax.set_xlabel("step of gradient descent")
    ax.set_ylabel("angle to the batch perceptron (radians)")
    ax.set_title(
        "Logistic regression with large steps tends to the perceptron\nafter ten iterations; mean "
        "and two standard errors"
    )
    ax.legend()
