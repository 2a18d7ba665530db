"""The zoo at a glance: how fast each loss's bound shrinks, and with which constant."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import matplotlib as mpl

from hconsist.errors import InvalidInputError
from hconsist.figures.style import LOOKS
from hconsist.plots import STYLE, axes_in_style
from hconsist.zoo import ZooRow, zoo

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

#: Losses whose bound has a derived closed form, and the names on the map.
DERIVED = {
    "hinge": "hinge (2 classes)",
    "ramp": "ramp (2 classes)",
    "mae": "MAE",
    "comp-sum:tau=2.5": "comp-sum, τ = 2.5",
    "squared-hinge": "squared hinge (2 classes)",
    "gce:q=0.7": "GCE, q = 0.7",
    "gce:q=0.5": "GCE, q = 0.5",
    "logistic": "cross-entropy",
    "comp-sum:tau=0.5": "comp-sum, τ = 0.5",
    "sum-exp": "sum-exponential",
    "ldr:lam=0.5,c=0": "LDR, λ = 0.5, c = 0",
    "constrained:phi=exponential": "constrained exponential",
}


def zoo_map(rows: Sequence[ZooRow], ax: Axes | None = None, *, labels: Sequence[str] | None = None) -> Axes:
    """One line for each loss: the constant K of Gamma(u) <= K u^(1/s) on the axis, the growth exponent s in the marker.

    Filled markers rest on a derived closed form, hollow ones on an estimate. Losses without a bound are left out.

    Parameters
    ----------
    rows : sequence of ZooRow
    ax : matplotlib Axes, optional
    labels : sequence of str, optional
        One name for each row; spec strings when left out.

    Returns
    -------
    matplotlib Axes

    Raises
    ------
    InvalidInputError
        When no row has a bound.

    Examples
    --------
    >>> ax = zoo_map(list(zoo(3, ["mae", "logistic"])))
    >>> [text.get_text() for text in ax.get_yticklabels()]
    ['mae', 'logistic']
    """
    names = [row.loss for row in rows] if labels is None else list(labels)
    known = [(r.growth, r.constant, r.proven, name) for r, name in zip(rows, names, strict=True) if r.growth and r.constant]
    if not known:
        raise InvalidInputError("at least one loss must have a bound", "none", "add logistic")
    known.sort(key=lambda entry: (entry[0], entry[1]))
    growths = sorted({entry[0] for entry in known})
    ax = axes_in_style(ax)
    with mpl.rc_context(fname=STYLE):
        for growth, (colour, marker) in zip(growths, LOOKS, strict=False):
            label = {1.0: "growth 1: error ≤ K u", 2.0: "growth 2: error ≤ K √u"}.get(
                growth, f"growth {growth:.3g}: error ≤ K u^(1/{growth:.3g})"
            )
            places = [(constant, y) for y, (g, constant, _, _) in enumerate(known) if g == growth]
            ax.plot(*zip(*places, strict=True), marker=marker, markersize=8, color=colour, linestyle="none", label=label)
        for y, (growth, constant, proven, _) in enumerate(known):
            if not proven:
                ax.plot(constant, y, marker=LOOKS[growths.index(growth)][1], markersize=4, color="white")
        ax.set_yticks(range(len(known)), [entry[3] for entry in known])
    ax.set_ylim(len(known) - 0.5, -0.5)
    ax.set_xlim(0, 1.12 * max(entry[1] for entry in known))
    ax.set_xlabel("constant K of the bound, u the surrogate excess")
    ax.legend(loc="lower right", handlelength=1)
    return ax


def zoo_of_closed_forms() -> Figure:
    """Losses with a derived closed form at ten classes: square-root rates with like constants, and linear rates that cost n."""
    from matplotlib.figure import Figure

    rows = [row for spec in DERIVED for row in zoo(10, [spec])]
    with mpl.rc_context(fname=STYLE):
        figure = Figure(figsize=(7.2, 4.6))
        ax = zoo_map(rows, figure.add_subplot(), labels=list(DERIVED.values()))
        ax.set_title("Growth and constant of exact bounds, 10 classes")
    return figure
