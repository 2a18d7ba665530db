"""Clean error of each loss less that of cross-entropy, by data and noise."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from hconsist.studies.drawing import MARKERS
from hconsist.studies.noise_on_data.judgement import differences, errors, settings

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from hconsist.simulate.results import Row


def draw(rows: Sequence[Row], ax: Axes) -> None:
    """Draw the rows of the study on the Axes: paired differences with simultaneous intervals."""
    groups = settings(rows)
    tables = [errors(group) for group in groups.values()]
    base = rows[0]["loss"]
    names = [loss for loss in tables[0] if loss != base]
    for i, name in enumerate(names):
        found = [
            next(d for d in differences(table) if (d.first, d.second) == (base, name))
            for table in tables
        ]
        ax.errorbar(
            np.arange(len(groups)) + (i - (len(names) - 1) / 2) * 0.14,
            [d.mean for d in found],
            [d.half for d in found],
            linestyle="none",
            marker=MARKERS[i % len(MARKERS)],
            markersize=4,
            label=name,
            linewidth=1.2,
        )
    ax.axhline(0, color="black", linewidth=0.9)
    for i in range(1, len(groups)):
        ax.axvline(i - 0.5, color="0.85", linewidth=0.7)
    ax.set_xticks(
        range(len(groups)),
        [
            f"{noise}\n{rate:g}" + ("" if data == before else f"\n{data.replace('_', ' ')}")
            for (data, noise, rate), before in zip(
                groups, [None, *(data for data, *_ in groups)], strict=False
            )
        ],
        fontsize=7,
    )
    ax.set_xlabel("label noise: kind and rate; data")
    ax.set_ylabel(f"clean error less that of {base}")
    ax.set_title(
        "Losses trained on noisy labels of real data, l2 of each tuned\npaired over repeats; "
        "intervals hold together with 95 % in each setting"
    )
    low, high = ax.get_ylim()
    ax.set_ylim(low, high + 0.25 * (high - low))  # room for the legend
    ax.legend(ncols=3)
