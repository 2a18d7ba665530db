"""Figures of the studies: rows in, Axes out, in the house style of `hconsist.plots`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

import matplotlib as mpl
import numpy as np

from hconsist.errors import InvalidInputError, UnknownNameError
from hconsist.plots import STYLE, axes_in_style

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from hconsist.simulate.study import Row

_MARKERS = ("o", "s", "^", "D", "v", "P", "X")


def draw(name: str, rows: Sequence[Row], ax: Axes | None = None) -> Axes:
    """The figure of a study.

    Parameters
    ----------
    name : str
        Of the study.
    rows : sequence of rows
        What `hconsist.simulate.study.run_study` returned.
    ax : matplotlib Axes, optional

    Raises
    ------
    UnknownNameError
        For a study without a figure.
    InvalidInputError
        Without rows.

    Examples
    --------
    >>> from hconsist.simulate.study import run_study
    >>> draw("bounds", run_study("bounds", quick=True, only=0)).get_ylabel()
    'excess zero-one error + gap'
    """
    if name not in _FIGURES:
        raise UnknownNameError("figure", name, _FIGURES)
    if not rows:
        raise InvalidInputError("there must be rows to draw", "none", "run the study first")
    ax = axes_in_style(ax)
    with mpl.rc_context(fname=STYLE):
        _FIGURES[name](rows, ax)
    return ax


def _bounds(rows: Sequence[Row], ax: Axes) -> None:
    from hconsist.simulate.studies.bounds import curve_of

    limit = 1e-3
    for index, kind in enumerate(("random", "adversarial", "climbed", "witness", "mixture")):
        chosen = [row for row in rows if row["kind"] == kind]
        if not chosen:
            continue
        bound = np.empty(len(chosen))
        for key in {(row["loss"], row["n"]) for row in chosen}:
            where = [i for i, row in enumerate(chosen) if (row["loss"], row["n"]) == key]
            bound[where] = curve_of(*key).gamma(np.array([chosen[i]["surrogate"] for i in where]))
        target = np.array([row["target"] for row in chosen])
        names = {"climbed": "climbed towards the bound", "witness": "witnesses of T", "mixture": "trained on Gaussian mixtures"}
        ax.plot(
            np.maximum(bound, limit),
            np.maximum(target, limit),
            linestyle="none",
            marker=_MARKERS[index],
            markersize=2.6,
            markeredgewidth=0,
            alpha=0.5,
            label=f"{names.get(kind, kind)} ({len(chosen)})",
            zorder=2 + index,
            rasterized=True,
        )
    ax.plot([limit, 1], [limit, 1], color="black", linewidth=1.4, label="the bound", zorder=1)
    ax.set_xscale("log")
    ax.set_yscale("log")
    ax.set_xlim(limit * 0.8, 1.2)
    ax.set_ylim(limit * 0.8, 1.2)
    rows = [row for row in rows if row["kind"] != "unanswered"]
    losses = len({row["loss"] for row in rows})
    ax.set_xlabel(r"bound $\Gamma$(surrogate excess + gap)")
    ax.set_ylabel("excess zero-one error + gap")
    ax.set_title(f"Every pair against its bound\n{len(rows)} pairs, {losses} losses; values below {limit:g} drawn at {limit:g}")
    ax.legend(loc="upper left", markerscale=2)


_FIGURES: Mapping[str, Callable[[Sequence[Row], Axes], None]] = {"bounds": _bounds}
