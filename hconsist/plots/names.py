"""Title, scales and legend of finished curves, and the name of each curve beside it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import matplotlib as mpl
import numpy as np
from matplotlib.transforms import Bbox
from numpy.typing import NDArray

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.legend import Legend
    from matplotlib.lines import Line2D

from hconsist.plots.style import STYLE, figure_of

Array = NDArray[np.float64]


def finish(
    ax: Axes,
    curves: Sequence[tuple[Line2D, str]],
    title: str,
    corner: str,
    *,
    own: bool,
    log: bool,
    settings: dict[str, object] | None = None,
) -> None:
    """Title, scales, limits, legend, and the name of each curve beside it; ``settings`` go over the
    house style.
    """
    letters: Any = (settings or {}).get("legend.fontsize", 9)
    if log:
        ax.set_xscale("log")
        ax.set_yscale("log")
    else:
        ax.set_xlim(0, None)
        ax.set_ylim(0, None)
    with mpl.rc_context(settings, fname=STYLE if own else None):
        ax.set_title(title)
        for loc in (corner, "best"):
            legend = ax.legend(loc=loc)
            points = _drawn(ax)
            crowded = any(_count(path, legend.get_window_extent()) for path in points.values())
            if not crowded:
                break
        if crowded:
            legend = _below(ax, bool(settings))
            if own:  # the room that the legend takes is added, not taken from the curves
                figure = figure_of(ax)
                figure.set_figheight(
                    figure.get_figheight() + legend.get_window_extent().height / figure.dpi
                )
            points = _drawn(ax)
    if len(curves) > 1:
        _name_curves(ax, curves, points, [legend.get_window_extent()], letters)


def _below(ax: Axes, narrow: bool) -> Legend:
    """A legend under the Axes: two columns where they fit the figure, else one; under a narrow
    figure as a whole, so that it takes height and no width.
    """
    figure = figure_of(ax)
    if narrow:
        if (inside := ax.get_legend()) is not None:
            inside.remove()
        return figure.legend(*ax.get_legend_handles_labels(), loc="outside lower center")
    for columns in (2, 1):
        legend = ax.legend(loc="upper center", bbox_to_anchor=(0.5, -0.16), ncols=columns)
        figure.draw_without_rendering()
        if legend.get_window_extent().width <= figure.bbox.width:
            break
    return legend


def _name_curves(
    ax: Axes,
    curves: Sequence[tuple[Line2D, str]],
    points: dict[Line2D, NDArray[np.float64]],
    taken: list[Bbox],
    letters: float,
) -> None:
    """Write each name beside its curve, where no other curve, name or legend is near: the freest of
    a hundred places.
    """
    frame = ax.get_window_extent()
    point = figure_of(ax).dpi / 72
    for line, name in curves:
        own = points[line]
        others = np.vstack(
            [path for other, path in points.items() if other is not line] or [np.empty((0, 2))]
        )
        text = ax.annotate(
            name, (0.5, 0.5), xycoords="axes fraction", color=line.get_color(), fontsize=letters
        )
        size: tuple[float, float] = text.get_window_extent().size

        def cost(
            place: tuple[float, int, int],
            own: Array = own,
            others: Array = others,
            size: tuple[float, float] = size,
        ) -> float:
            box = _beside(own, place, size, point)
            crowd = 300 * sum(box.padded(2).overlaps(other) for other in taken)
            crowd += 3 * _count(own, box.padded(1)) + 3 * _count(others, box.padded(2))
            crowd += _count(others, box.padded(18))  # a name near two curves belongs to neither
            crowd += 1000 * bool(
                box.x0 < frame.x0 or box.x1 > frame.x1 or box.y0 < frame.y0 or box.y1 > frame.y1
            )
            return float(crowd + abs(place[0] - 0.6))

        best = min(
            (
                (float(at), right, up)
                for at in np.linspace(0.1, 0.98, 25)
                for right in (1, 0)
                for up in (0, 1)
            ),
            key=cost,
        )
        box, anchor = _beside(own, best, size, point), _anchor(own, best[0])
        taken.append(box)
        x, y = ax.transData.inverted().transform(anchor)
        text.xy, text.xycoords = (x, y), "data"
        text.set_anncoords("offset points")
        text.set_position(((box.x0 - anchor[0]) / point, (box.y0 - anchor[1]) / point))


def _anchor(path: NDArray[np.float64], at: float) -> NDArray[np.float64]:
    return np.asarray(path[int(at * (len(path) - 1))])


def _beside(
    path: NDArray[np.float64],
    place: tuple[float, int, int],
    size: tuple[float, float],
    point: float,
) -> Bbox:
    """Where a text of this size comes to lie: at a fraction of the path, to its right or left,
    above or below.
    """
    at, right, up = place
    x, y = _anchor(path, at) + point * np.array([6 if right else -6, 2 if up else -2])
    return Bbox.from_bounds(x if right else x - size[0], y if up else y - size[1], *size)


def _drawn(ax: Axes) -> dict[Line2D, NDArray[np.float64]]:
    """Where each line lies on the canvas once the layout is settled."""
    figure_of(ax).draw_without_rendering()
    return {line: ax.transData.transform(np.column_stack(_dense(line))) for line in ax.lines}


def _count(path: NDArray[np.float64], box: Bbox) -> int:
    """How many points of a path lie in a box."""
    return int(np.count_nonzero((path > box.min).all(axis=1) & (path < box.max).all(axis=1)))


def _dense(line: Line2D) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The vertices of a line and points between them, so that no label falls into a gap."""
    x, y = (np.asarray(v, dtype=float) for v in line.get_data())
    steps = np.linspace(0, len(x) - 1, 4 * len(x))
    return np.interp(steps, np.arange(len(x)), x), np.interp(steps, np.arange(len(y)), y)
