"""Figures of bounds: functions take ``ax=None``, draw, and return the Axes.

Without an ``ax`` a figure in the house style is made, through pyplot only where the caller has
imported pyplot (so that it shows in a notebook). Curves differ in colour, marker and line style,
and carry their name, so that they read in greyscale.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure
from matplotlib.transforms import Bbox
from numpy.typing import NDArray

from hconsist.bounds import float_curve
from hconsist.errors import InvalidInputError
from hconsist.theorems import published as published_theorems

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.lines import Line2D

    from hconsist.bounds import Bound
    from hconsist.pointwise import Answer
    from hconsist.tightness import Tightness

#: The packaged style sheet, for ``matplotlib.style.use`` and ``matplotlib.rc_context(fname=...)``.
STYLE = Path(__file__).with_name("hconsist.mplstyle")

#: Published curves are dashed, convex envelopes dotted.
DASHED = (0, (3.2, 1.4))
DOTTED = (0, (1, 1.6))
_MARKERS = ("o", "s", "^", "D", "v", "P", "X")
#: What each engine's curve may be called.
_STATUS = {"symbolic": "exact", "rigorous": "certified", "numeric": "numerical estimate"}


def bound_curves(
    bounds: Bound | Sequence[Bound],
    ax: Axes | None = None,
    *,
    labels: Sequence[str] | None = None,
    published: bool = True,
    log: bool = False,
) -> Axes:
    """Gamma against the surrogate excess: ours solid, the best published bound for the same problem
    dashed.

    A curve ends where its bound becomes trivial. Where the published bound is ours, one curve
    stands for both and its legend entry says so.

    Parameters
    ----------
    bounds : Bound or sequence of Bound
    ax : matplotlib Axes, optional
    labels : sequence of str, optional
        One name for each bound; spec strings when left out.
    published : bool
        Whether to draw published bounds.
    log : bool
        Logarithmic axes: a constant factor between two bounds is then a constant distance.

    Returns
    -------
    matplotlib Axes

    Raises
    ------
    InvalidInputError
        Without bounds, or for a problem that has symbols left.

    Examples
    --------
    >>> from hconsist.bounds import derive
    >>> ax = bound_curves(derive("mae", n_classes=10))
    >>> ax.get_ylabel()
    'excess zero-one error + gap, at most'
    """
    return _draw(_GAMMA, bounds, ax, labels, published, log)


def transform_curves(
    bounds: Bound | Sequence[Bound],
    ax: Axes | None = None,
    *,
    labels: Sequence[str] | None = None,
    published: bool = True,
    log: bool = False,
) -> Axes:
    """T against the target regret: ours solid, its convex envelope dotted where it differs, the
    published one dashed.

    Parameters, returns and errors as for `bound_curves`.

    Examples
    --------
    >>> from hconsist.bounds import derive
    >>> ax = transform_curves(derive("mae", n_classes=10), published=False)
    >>> [line.get_label() for line in ax.lines]
    ['comp-sum:tau=2: exact', 'comp-sum:tau=2: convex envelope']
    """
    return _draw(_TRANSFORM, bounds, ax, labels, published, log)


def tightness_curves(report: Tightness, ax: Axes | None = None, *, witnesses: int = 4) -> Axes:
    """Exact and published T with the distributions that attain the exact one drawn beside them as
    small bars.

    Bars show p in the order largest, predicted (hollow, marked j), others; further labels of
    probability 0, and those after the eighth, are left out. The convex envelope, which the bound
    follows, is dotted where it differs.

    Parameters
    ----------
    report : Tightness
    ax : matplotlib Axes, optional
    witnesses : int
        How many distributions to draw.

    Returns
    -------
    matplotlib Axes

    Examples
    --------
    >>> from hconsist.pointwise import PointwiseProblem
    >>> from hconsist.tightness import tightness
    >>> ax = tightness_curves(tightness(PointwiseProblem("mae", n_classes=10), ["1/2"]))
    >>> [line.get_label().split(":")[0] for line in ax.lines[:3]]
    ['exact (numerical estimate)', 'its convex envelope', 'published, Mao et al., ICML 2023']
    """
    own, ax = ax is None, axes_in_style(ax)
    betas = np.array([float(b) for b, _ in report.grid])
    exact = np.array([np.nan if a.estimate is None else a.estimate for _, a in report.grid])
    _curve(ax, betas, exact, "exact (numerical estimate)", 0)
    envelope = np.array([float(report.envelope(b)) for b in betas])
    if np.nanmax(exact - envelope) > 1e-3 * np.nanmax(exact):
        _curve(ax, betas, envelope, "its convex envelope", 0, DOTTED)
    for index, comparison in enumerate(report.comparisons):
        values = float_curve(comparison.theorem.at(report.problem), betas)
        label = f"published, {_short(comparison.theorem.paper)}: {comparison}"
        _curve(ax, betas, values, label, index + 1, DASHED)
    ax.set_xlabel(rf"{report.problem.target} regret $\beta$ at a point")
    ax.set_ylabel(r"least surrogate regret $T(\beta)$ (in units of the loss)")
    ax.set_xlim(0, 1)
    ax.set_ylim(0, None)
    with mpl.rc_context(fname=STYLE if own else None):
        ax.set_title(
            f"{report.problem.surrogate.spec}, {report.problem.n} classes, "
            f"{report.problem.hypotheses} hypotheses"
        )
        ax.legend(loc="upper left")
    shown = [
        (b, a) for b, a in zip(report.betas, report.answers, strict=True) if a.witness is not None
    ]
    picked = [
        shown[i]
        for i in np.unique(np.linspace(0, len(shown) - 1, min(witnesses, len(shown))).astype(int))
    ]
    height = 1.0 / max(len(picked), 1)
    for row, (beta, answer) in enumerate(picked):
        _witness_bars(
            ax, float(beta), answer, (1.08, row * height + 0.3 * height, 0.2, 0.42 * height)
        )
    return ax


def _witness_bars(
    ax: Axes, beta: float, answer: Answer, place: tuple[float, float, float, float]
) -> None:
    """A small bar chart of the witness, tied to its point on the curve by a mark."""
    assert answer.witness is not None
    p = np.array([float(v) for v in answer.witness.p])
    predicted = np.isin(np.arange(p.size), answer.witness.predicted)
    keep = np.flatnonzero((p > 1e-12) | predicted)[:8]
    colour = ax.lines[0].get_color()
    inset = ax.inset_axes(place)
    inset.bar(
        np.arange(keep.size),
        p[keep],
        width=0.75,
        color=["white" if predicted[i] else colour for i in keep],
        edgecolor=colour,
        linewidth=1.0,
    )
    more = np.count_nonzero(p > 1e-12) - np.count_nonzero(p[keep] > 1e-12)
    inset.set_title(
        rf"$p$ at $\beta$ = {beta:g}" + (f" (+{more} labels)" if more else ""),
        fontsize=8,
        pad=2,
        loc="left",
    )
    inset.set_xticks(
        np.flatnonzero(predicted[keep]), ["j"] * int(np.count_nonzero(predicted[keep])), fontsize=7
    )
    inset.tick_params(axis="x", length=0, pad=1)
    inset.set_yticks([0, float(p.max())], ["0", f"{p.max():.2g}"], fontsize=7)
    inset.set_xlim(-0.6, 7.6)
    inset.grid(visible=False)
    for side in ("top", "right"):
        inset.spines[side].set_visible(False)
    ax.plot(
        [beta],
        [answer.estimate if answer.estimate is not None else np.nan],
        marker="o",
        color="black",
        markersize=4,
    )


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


# --- parts


@dataclass(frozen=True)
class _View:
    """One of the two ways to look at a bound: T upwards, or Gamma, which is T** read from the other
    axis.
    """

    inverse: bool
    title: str
    x: str
    y: str
    corner: str


_GAMMA = _View(
    inverse=True,
    title="Upper bound on the excess {target} error",
    x="surrogate excess risk + gap (in units of the loss; nats for logarithms)",
    y="excess {target} error + gap, at most",
    corner="lower right",
)
_TRANSFORM = _View(
    inverse=False,
    title="Least surrogate regret at a given target regret",
    x=r"{target} regret $\beta$ at a point",
    y=r"least surrogate regret $T(\beta)$ (in units of the loss)",
    corner="upper left",
)


def _draw(
    view: _View,
    bounds: Bound | Sequence[Bound],
    ax: Axes | None,
    labels: Sequence[str] | None,
    published: bool,
    log: bool,
) -> Axes:
    chosen, names = _checked(bounds, labels)
    own, ax = ax is None, axes_in_style(ax)
    curves = []
    for index, (bound, name) in enumerate(zip(chosen, names, strict=True)):
        betas = float(bound.problem.decision.max_regret) * _grid(log)

        def line(
            values: NDArray[np.float64],
            what: str,
            *dash: Any,
            name: str = name,
            index: int = index,
            betas: NDArray[np.float64] = betas,
        ) -> Line2D:
            x, y = (values, betas) if view.inverse else (betas, values)
            return _curve(ax, x, y, f"{name}: {what}", index, *dash)

        envelope = bound.envelope_curve(betas)
        values = envelope if view.inverse else bound.transform_curve(betas)
        papers = best_published(bound, betas) if published else None
        same = papers is not None and _alike(bound, values, papers[1])
        curves.append((line(values, _status(bound) + (", as published" if same else "")), name))
        if not _alike(bound, values, envelope):
            line(envelope, "convex envelope", DOTTED)
        if papers is not None and not same:
            line(papers[1], f"published, {papers[0]}", DASHED)
    target = _common([str(b.problem.target) for b in chosen], "target")
    ax.set_xlabel(view.x.format(target=target))
    ax.set_ylabel(view.y.format(target=target))
    _finish(
        ax, curves, _title(view.title.format(target=target), chosen), view.corner, own=own, log=log
    )
    return ax


def _checked(
    bounds: Bound | Sequence[Bound], labels: Sequence[str] | None
) -> tuple[list[Bound], list[str]]:
    chosen = list(bounds) if isinstance(bounds, Sequence) else [bounds]
    if not chosen:
        raise InvalidInputError(
            "there must be a bound to draw", "none", "pass hc.derive('logistic')"
        )
    for bound in chosen:
        if bound.problem.is_symbolic:
            raise InvalidInputError(
                "a curve needs every parameter to be a number",
                str(bound.problem.surrogate),
                "derive it again with numbers",
            )
    if labels is not None and len(labels) != len(chosen):
        raise InvalidInputError(
            "there must be one label for each bound", list(labels), f"pass {len(chosen)} labels"
        )
    names = list(labels) if labels is not None else [b.problem.surrogate.spec for b in chosen]
    if labels is not None and len(set(names)) == len(names):
        return chosen, names
    for part in ("n_classes", "hypotheses", "target"):
        values = [str(getattr(b.problem, part)) for b in chosen]
        if len(set(values)) > 1:
            names = [
                f"{name}, {'n = ' if part == 'n_classes' else ''}{value}"
                for name, value in zip(names, values, strict=True)
            ]
    return chosen, names


def axes_in_style(ax: Axes | None) -> Axes:
    """The caller's Axes, or new ones in the house style."""
    if ax is not None:
        return ax
    pyplot = sys.modules.get("matplotlib.pyplot")
    with mpl.rc_context(fname=STYLE):
        figure = pyplot.figure() if pyplot else Figure()
        return figure.add_subplot()


def figure_of(ax: Axes) -> Figure:
    """The figure that an Axes lies in."""
    figure = ax.get_figure(root=True)
    assert isinstance(figure, Figure)
    return figure


def _grid(log: bool) -> NDArray[np.float64]:
    """Target regrets as parts of the largest; from 0.001 up on logarithmic axes."""
    return np.geomspace(1e-3, 1.0, 241) if log else np.linspace(0.0, 1.0, 401)


def best_published(
    bound: Bound, betas: NDArray[np.float64]
) -> tuple[str, NDArray[np.float64]] | None:
    """The best transformation that a paper states and nobody refuted, on the grid: its source and
    its values.
    """
    curves = [
        (_short(theorem.paper), float_curve(formula, betas))
        for theorem in published_theorems(bound.problem)
        if theorem.formula is not None and (formula := theorem.formula(bound.problem)) is not None
    ]
    return max(curves, key=lambda curve: float(curve[1].sum()), default=None)


def _alike(bound: Bound, first: NDArray[np.float64], second: NDArray[np.float64]) -> bool:
    """Whether two curves are one: closed forms to rounding, envelopes that interpolate a grid to
    what the eye can see.
    """
    tolerance = 1e-9 if bound.engine == "symbolic" else 2e-3
    return bool(np.abs(first - second).max() <= tolerance * first.max())


def _status(bound: Bound) -> str:
    """What the curve may be called; a derivation that rests on an assumption is not called
    exact.
    """
    if bound.engine == "symbolic" and bound.assumptions:
        return "derived, under assumptions"
    return _STATUS[bound.engine]


def _short(paper: str) -> str:
    """``First author et al., venue year``."""
    first, *others, venue = paper.split(", ")
    return f"{first} et al., {venue}" if others and " " not in others[0] else f"{first}, {venue}"


def _curve(
    ax: Axes,
    x: NDArray[np.float64],
    y: NDArray[np.float64],
    label: str,
    index: int,
    dash: tuple[int, tuple[float, ...]] | None = None,
) -> Line2D:
    """One line in the look of its index: colour and marker tell losses apart; dashes and hollow
    markers the status.
    """
    with mpl.rc_context(fname=STYLE):
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


def _common(values: Sequence[str], otherwise: str) -> str:
    return values[0] if len(set(values)) == 1 else otherwise


def _title(what: str, bounds: Sequence[Bound]) -> str:
    facts = [
        text.format(value)
        for part, text in (("n_classes", "{} classes"), ("hypotheses", "{} hypotheses"))
        if (value := _common([str(getattr(b.problem, part)) for b in bounds], ""))
    ]
    return "\n".join([what, ", ".join(facts)]).rstrip()


def _finish(
    ax: Axes, curves: Sequence[tuple[Line2D, str]], title: str, corner: str, *, own: bool, log: bool
) -> None:
    """Title, scales, limits, legend, and the name of each curve beside it."""
    if log:
        ax.set_xscale("log")
        ax.set_yscale("log")
    else:
        ax.set_xlim(0, None)
        ax.set_ylim(0, None)
    with mpl.rc_context(fname=STYLE if own else None):
        ax.set_title(title)
        for loc in (corner, "best"):
            legend = ax.legend(loc=loc)
            points = _drawn(ax)
            crowded = any(_count(path, legend.get_window_extent()) for path in points.values())
            if not crowded:
                break
        if crowded:
            legend = ax.legend(loc="upper center", bbox_to_anchor=(0.5, -0.16), ncols=2)
            if own:  # the room that the legend takes is added, not taken from the curves
                figure = figure_of(ax)
                figure.set_figheight(
                    figure.get_figheight() + legend.get_window_extent().height / figure.dpi
                )
            points = _drawn(ax)
    if len(curves) > 1:
        _name_curves(ax, curves, points, [legend.get_window_extent()])


def _name_curves(
    ax: Axes,
    curves: Sequence[tuple[Line2D, str]],
    points: dict[Line2D, NDArray[np.float64]],
    taken: list[Bbox],
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
            name, (0.5, 0.5), xycoords="axes fraction", color=line.get_color(), fontsize=9
        )
        size = text.get_window_extent().size

        def cost(
            place: tuple[float, int, int], own: Any = own, others: Any = others, size: Any = size
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
    path: NDArray[np.float64], place: tuple[float, int, int], size: Any, point: float
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
