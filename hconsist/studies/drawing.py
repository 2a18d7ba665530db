"""Figures of the studies: rows in, Axes out, in the house style of `hconsist.plots`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from hconsist.errors import InvalidInputError
from hconsist.studies.study import study

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from hconsist.simulate.results import Row

DASHES = ("-", (0, (5, 1.5)), (0, (1, 1.5)), (0, (5, 1.5, 1, 1.5)))
MARKERS = ("o", "s", "^", "D", "v", "P", "X")


def draw(name: str, rows: Sequence[Row], ax: Axes | None = None) -> Axes:
    """The figure of a study.

    Parameters
    ----------
    name : str
        Of the study.
    rows : sequence of rows
        What `hconsist.studies.run_study` returned.
    ax : matplotlib Axes, optional

    Raises
    ------
    UnknownNameError
        For a study that is not there.
    InvalidInputError
        Without rows.

    Examples
    --------
    >>> from hconsist.studies import run_study
    >>> draw("bounds", run_study("bounds", quick=True, only=0)).get_ylabel()
    'excess zero-one error + gap'
    """
    import matplotlib as mpl

    from hconsist.plots import STYLE, axes_in_style

    chosen = study(name)
    if not rows:
        raise InvalidInputError("there must be rows to draw", "none", "run the study first")
    ax = axes_in_style(ax)
    with mpl.rc_context(fname=STYLE):
        ax.set_prop_cycle(
            mpl.rcParams["axes.prop_cycle"]
        )  # the caller's Axes may have other colours
        chosen.draw(rows, ax)
    return ax


def lines(ax: Axes, rows: Sequence[Row], x: str, names: Mapping[str, str]) -> None:
    """One line for each column of the rows."""
    for i, (key, label) in enumerate(names.items()):
        line(ax, rows, x, key, label, i)


def line(ax: Axes, rows: Sequence[Row], x: str, y: str, label: str, index: int) -> None:
    """Means over rows of one x, with two standard errors."""
    places = sorted({row[x] for row in rows})
    values = [np.array([row[y] for row in rows if row[x] == place]) for place in places]
    mean = np.array([v.mean() for v in values])
    spread = np.array([2 * v.std(ddof=1) / np.sqrt(v.size) if v.size > 1 else 0.0 for v in values])
    (line,) = ax.plot(
        places,
        mean,
        linestyle=DASHES[index % 4],
        marker=MARKERS[index % len(MARKERS)],
        label=label,
    )
    ax.fill_between(
        places, mean - spread, mean + spread, color=line.get_color(), alpha=0.18, linewidth=0
    )


def side_by_side(
    ax: Axes, rows: Sequence[Row], settings: tuple[str, ...], series: str, value: str
) -> list[tuple[object, ...]]:
    """Means with two standard errors, the series beside one another at each setting.

    Parameters
    ----------
    ax : matplotlib Axes
    rows : sequence of rows
    settings : tuple of str
        The columns that tell the places on the axis.
    series, value : str
        The column that tells the markers, and the one that is averaged.

    Returns
    -------
    list of tuples
        The settings, in the order of the places.
    """
    places = list(dict.fromkeys(tuple(row[key] for key in settings) for row in rows))
    names = list(dict.fromkeys(row[series] for row in rows))
    for i, name in enumerate(names):
        chosen = [row for row in rows if row[series] == name]
        values = [
            np.array([r[value] for r in chosen if tuple(r[key] for key in settings) == place])
            for place in places
        ]
        ax.errorbar(
            np.arange(len(places)) + (i - (len(names) - 1) / 2) * min(0.12, 0.8 / len(names)),
            [v.mean() for v in values],
            [2 * v.std(ddof=1) / np.sqrt(v.size) for v in values],
            linestyle="none",
            marker=MARKERS[i % len(MARKERS)],
            markerfacecolor=None if i < len(MARKERS) else "white",  # colours come again: hollow
            label=name,
            linewidth=1.2,
        )
    return places
