"""Excess error against surrogate excess under Tsybakov noise, and the predicted slopes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import matplotlib as mpl
import numpy as np

from hconsist.studies.drawing import DASHES

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from hconsist.simulate.results import Row


def draw(rows: Sequence[Row], ax: Axes) -> None:
    """Draw the rows of the study on the Axes."""
    strengths = sorted({row["strength"] for row in rows if row["noise"] == "tsybakov"})
    colours = mpl.rcParams["axes.prop_cycle"].by_key()["color"]
    for i, strength in enumerate(strengths):
        for family, marker in (("worst", "o"), ("shifted", "^"), ("trained", "x")):
            group = [
                r
                for r in rows
                if (r["noise"], r["strength"], r["family"]) == ("tsybakov", strength, family)
            ]
            group = [row for row in group if row["surrogate"] > 1e-8]
            x, y = (np.array([row[key] for row in group]) for key in ("surrogate", "target"))
            ax.plot(x, y, linestyle="none", marker=marker, markersize=4, color=colours[i])
            if family == "worst":
                line, slope = np.geomspace(x[x > 0].min(), x.max(), 2), 1 / (2 - strength)
                look = {"color": colours[i], "linestyle": DASHES[i % 4], "linewidth": 1.3}
                label = f"exponent {strength:g}, predicted slope {slope:.3f}"
                ax.plot(line, y[-1] * (line / x[-1]) ** slope, label=label, **look)
    ax.plot([], [], linestyle="none", marker="o", color="0.4", label="worst: errs below a margin")
    ax.plot([], [], linestyle="none", marker="^", color="0.4", label="shifted best rule")
    ax.plot([], [], linestyle="none", marker="x", color="0.4", label="trained")
    ax.set_xscale("log")
    ax.set_yscale("log")
    ax.set_xlim(1e-8, 1)
    ax.set_ylim(1e-5, 1)
    ax.set_xlabel("surrogate excess + gap, logistic loss (nats)")
    ax.set_ylabel("excess zero-one error")
    ax.set_title("Excess error against surrogate excess under Tsybakov noise")
    ax.legend(fontsize=8)
