"""Every pair against its bound."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from hconsist.simulate.results import Row


def draw(rows: Sequence[Row], ax: Axes) -> None:
    """Draw the rows of the study on the Axes."""
    limit = 1e-3
    for index, kind in enumerate(
        ("random", "adversarial", "climbed", "witness", "mixture", "chosen mixture")
    ):
        chosen = [row for row in rows if row["kind"] == kind]
        if not chosen:
            continue
        bound = np.array([row["bound"] for row in chosen])
        target = np.array([row["target"] for row in chosen])
        names = {
            "climbed": "climbed towards the bound",
            "witness": "witnesses of T",
            "mixture": "trained on Gaussian mixtures",
            "chosen mixture": "trained where an adversary chose the mixture",
        }
        ax.plot(
            np.maximum(bound, limit),
            np.maximum(target, limit),
            linestyle="none",
            marker=".x^+Ds"[index],
            markersize=3.2,
            markeredgewidth=0.6,
            alpha=0.6,
            label=f"{names.get(kind, kind)} ({len(chosen)})",
            zorder=2 + index,
            rasterized=True,
        )
    ax.plot([limit, 1], [limit, 1], color="black", linewidth=1.4, label="the bound", zorder=1)
    ax.set_xscale("log")
    ax.set_yscale("log")
    ax.set_xlim(limit * 0.8, 1.2)
    ax.set_ylim(limit * 0.8, 1.2)
    rows = [row for row in rows if row["standing"] != "none"]
    losses = len({row["loss"] for row in rows})
    ax.set_xlabel(r"bound $\Gamma$(surrogate excess + gap)")
    ax.set_ylabel("excess zero-one error + gap")
    ax.set_title(
        f"Every pair against its bound\n{len(rows)} pairs, {losses} losses; values below "
        f"{limit:g} drawn at {limit:g}"
    )
    ax.legend(loc="upper left", markerscale=2)
