"""Zero-one error by method."""

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
    settings = list(dict.fromkeys((row["d"], row["m"]) for row in rows))
    methods = list(dict.fromkeys(row["method"] for row in rows))
    for i, method in enumerate(methods):
        values = [
            np.array([r["error"] for r in rows if (r["d"], r["m"], r["method"]) == (*s, method)])
            for s in settings
        ]
        places = np.arange(len(settings)) + (i - (len(methods) - 1) / 2) * 0.12
        spread = [2 * v.std(ddof=1) / np.sqrt(v.size) for v in values]
        ax.errorbar(
            places,
            [v.mean() for v in values],
            spread,
            linestyle="none",
            marker=MARKERS[i],
            label=method,
            linewidth=1.2,
        )
    ax.set_xticks(range(len(settings)), [f"d = {d}\nm = {m}" for d, m in settings])
    ax.set_xlabel("dimension and sample size")
    ax.set_ylabel("zero-one error on clean labels")
    ax.set_title(
        "Random calibrated derivatives against fixed losses\nmean and two standard errors over "
        "seeds"
    )
    ax.legend()
