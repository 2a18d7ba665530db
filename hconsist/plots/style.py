"""The house style: Axes in it, one look for each curve, and files with the same bytes each time."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.lines import Line2D


#: The packaged style sheet, for ``matplotlib.style.use`` and ``matplotlib.rc_context(fname=...)``.
STYLE = Path(__file__).with_name("hconsist.mplstyle")
#: Published curves are dashed, convex envelopes dotted.
DASHED = (0, (3.2, 1.4))
DOTTED = (0, (1, 1.6))
_MARKERS = ("o", "s", "^", "D", "v", "P", "X")


def save(ax: Axes, path: Path | str) -> None:
    """Write the figure of an Axes; the same figure gives the same bytes each time.

    Parameters
    ----------
    ax : matplotlib Axes
    path : path
        Ending in .svg, .pdf or .png. Text stays text in SVG and PDF.
    """
    path = Path(path)
    dated = {".svg": {"Date": None}, ".pdf": {"CreationDate": None}}.get(path.suffix.lower(), {})
    with mpl.rc_context({"svg.hashsalt": "hconsist", "svg.fonttype": "none", "pdf.fonttype": 42}):
        figure_of(ax).savefig(path, metadata=dated, dpi=200)


def narrow(width: float) -> dict[str, object]:
    """Settings of Matplotlib for a figure of this width in inches, with letters to match.

    >>> narrow(3.3)["figure.figsize"]
    (3.3, 2.64)
    """
    sizes = ("font.size", "axes.titlesize", "axes.labelsize")
    small = ("legend.fontsize", "xtick.labelsize", "ytick.labelsize")
    shapes = {"lines.markersize": 3.5, "lines.linewidth": 1.2}
    letters = dict.fromkeys(sizes, 8.0) | dict.fromkeys(small, 6.5)
    return {"figure.figsize": (width, round(0.8 * width, 3)), **letters, **shapes}


def axes_in_style(ax: Axes | None, settings: dict[str, object] | None = None) -> Axes:
    """The caller's Axes, or new ones in the house style with these settings over it."""
    if ax is not None:
        return ax
    pyplot = sys.modules.get("matplotlib.pyplot")
    with mpl.rc_context(settings, fname=STYLE):
        figure = pyplot.figure() if pyplot else Figure()
        return figure.add_subplot()


def figure_of(ax: Axes) -> Figure:
    """The figure that an Axes lies in."""
    figure = ax.get_figure(root=True)
    assert isinstance(figure, Figure)
    return figure


def draw_curve(
    ax: Axes,
    x: NDArray[np.float64],
    y: NDArray[np.float64],
    label: str,
    index: int,
    dash: tuple[int, tuple[float, ...]] | None = None,
    settings: dict[str, object] | None = None,
) -> Line2D:
    """One line in the look of its index: colour and marker tell losses apart; dashes and hollow
    markers the status.
    """
    with mpl.rc_context(settings, fname=STYLE):
        colours = mpl.rcParams["axes.prop_cycle"].by_key()["color"]
        (line,) = ax.plot(
            x,
            y,
            label=label,
            color=colours[index % len(colours)],
            marker=_MARKERS[index % len(_MARKERS)],
            markevery=(0.04 + 0.03 * (index % 4) + 0.06 * bool(dash), 0.16),
            markerfacecolor="white" if dash else None,
            linestyle=dash or "-",
        )
    return line
