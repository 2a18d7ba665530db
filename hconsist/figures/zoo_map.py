"""The zoo at a glance: how fast each loss's bound shrinks, and with which constant.

The rows come from ``zoo.json``, which ``python -m hconsist.figures.zoo_map`` computes in minutes.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import matplotlib as mpl

from hconsist.errors import InvalidInputError
from hconsist.figures import FIGURES
from hconsist.figures.style import DOTTED, LOOKS
from hconsist.losses import CATALOGUE, parse_loss
from hconsist.plots import STYLE, axes_in_style
from hconsist.zoo import ZooRow, zoo

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

TABLE = Path(__file__).with_name("zoo.json")
#: Members of the families that the catalogue's defaults leave out.
MORE = (
    "gce:q=0.5",
    "comp-sum:tau=0.5",
    "comp-sum:tau=2.5",
    "ldr:lam=0.5,c=0",
    "ldr:lam=0.5,c=1",
    "constrained:phi=squared-hinge",
    "constrained:phi=exponential",
)
#: Where the spec string is not the name that people use.
NAMES = {
    "mae": "MAE",
    "gce:q=0.7": "GCE, q = 0.7",
    "gce:q=0.5": "GCE, q = 0.5",
    "logistic": "cross-entropy",
    "comp-sum:tau=0.5": "comp-sum, τ = 0.5",
    "comp-sum:tau=2.5": "comp-sum, τ = 2.5",
    "sum-exp": "sum-exponential",
    "ldr:lam=0.5,c=0": "LDR, λ = 0.5, c = 0",
    "ldr:lam=0.5,c=1": "LDR, λ = 0.5, c = 1",
    "ldr:lam=1,c=0": "LDR, λ = 1, c = 0",
    "aldr:lam0=1,alpha=2,c=0": "ALDR, λ₀ = 1, α = 2",
    "constrained:phi=hinge": "constrained hinge",
    "constrained:phi=squared-hinge": "constrained squared hinge",
    "constrained:phi=exponential": "constrained exponential",
    "infonce:temperature=0.1": "InfoNCE",
    "brier": "Brier",
    "sigmoid:k=1": "sigmoid",
    "rho-margin:rho=1": "ρ-margin, ρ = 1",
    "margin-logistic": "logistic",
    "least-squares": "least squares",
    "squared-hinge": "squared hinge",
    "quadratic-surrogate": "quadratic surrogate",
    "rce:A=-4": "RCE",
    "sce:alpha=0.1,beta=1,A=-4": "SCE, 0.1 CE + RCE",
    "cosface:scale=8,margin=0.35": "CosFace, s = 8, m = 0.35",
    "js:pi=0.5": "Jensen-Shannon, π = 1/2",
    "taylor-ce:order=2": "Taylor CE, order 2",
    "agce:a=1,q=0.5": "AGCE, a = 1, q = 1/2",
    "aul:a=1.5,p=0.9": "AUL, a = 1.5, p = 0.9",
    "ael:a=2.5": "AEL, a = 2.5",
    "focal:gamma=2": "focal, γ = 2",
    "soft-truncated:alpha=1": "soft truncation, α = 1",
    "hard-truncated:alpha=2": "hard truncation, α = 2",
    "truncated-gce:q=0.7,k=0.5": "truncated GCE, q = 0.7, k = 0.5",
    "dice:gamma=1": "dice, γ = 1",
    "rll:alpha=0.1": "RLL, α = 0.1",
    "z-loss:a=1,b=1": "z-loss, a = b = 1",
    "margin-focal:gamma=2": "margin focal, γ = 2",
}


def compute() -> list[ZooRow]:
    """Every loss of the catalogue and of `MORE` with a bound at 10 classes, each under one name;
    users' formulas left out.

    Minutes: most of these losses have no closed form.
    """
    specs = [entry.spec for entry in CATALOGUE.values() if "formula" not in entry.parameters]
    distinct = {
        parse_loss(spec).spec: spec for spec in [*specs, *MORE]
    }  # of two names the later, "logistic"
    return [
        row
        for row in zoo(10, list(distinct.values()))
        if row.growth is not None and row.constant is not None
    ]


def table() -> list[ZooRow]:
    """The rows as they were computed, constants and growths to four digits."""
    return [ZooRow(**entry) for entry in json.loads(TABLE.read_text(encoding="utf-8"))]


def as_json(rows: Iterable[ZooRow]) -> str:
    """The rows as they are checked in.

    >>> as_json([])
    '[]\\n'
    """
    lines = []
    for row in rows:
        entry: dict[str, object] = dict(vars(row))
        entry |= {"growth": float(f"{row.growth:.4g}"), "constant": float(row.shown_constant)}
        lines.append(json.dumps(entry, ensure_ascii=False))
    return "[" + ",\n ".join(lines) + "]\n"


def zoo_map(
    rows: Sequence[ZooRow], ax: Axes | None = None, *, labels: Sequence[str] | None = None
) -> Axes:
    """One line for each loss: the constant K of Gamma(u) <= K u^(1/s) on the axis, the growth
    exponent s in marker and colour.

    Filled markers rest on a derived closed form, hollow ones on an estimate. Losses without a bound
    are left out.

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
    known = [
        (r.growth, r.constant, r.proven, name)
        for r, name in zip(rows, names, strict=True)
        if r.growth and r.constant
    ]
    if not known:
        raise InvalidInputError("at least one loss must have a bound", "none", "add logistic")
    known.sort(key=lambda entry: (entry[0], round(entry[1], 4), entry[3]))
    ax = axes_in_style(ax)
    with mpl.rc_context(fname=STYLE):
        for growth, (colour, marker) in zip(
            sorted({entry[0] for entry in known}), LOOKS, strict=False
        ):
            label = {1.0: "growth 1: error ≤ K u", 2.0: "growth 2: error ≤ K √u"}.get(
                growth, f"growth {growth:.3g}: error ≤ K u^(1/{growth:.3g})"
            )
            for proven in (True, False):
                places = [
                    (constant, y)
                    for y, (g, constant, p, _) in enumerate(known)
                    if (g, p) == (growth, proven)
                ]
                if places:
                    (line,) = ax.plot(
                        *zip(*places, strict=True), marker=marker, color=colour, linestyle="none"
                    )
                    line.set(
                        markersize=7.5,
                        markeredgewidth=1.6,
                        label=label if proven else f"{label}, estimate",
                    )
                    if not proven:
                        line.set_markerfacecolor("white")
        for y, (before, after) in enumerate(pairwise(known)):
            if before[0] != after[0]:
                ax.hlines(
                    y + 0.5,
                    0,
                    1,
                    transform=ax.get_yaxis_transform(),
                    color="0.35",
                    linewidth=0.8,
                    linestyle=DOTTED,
                )
        ax.set_yticks(range(len(known)), [entry[3] for entry in known])
    ax.set_ylim(len(known) - 0.5, -0.5)
    ax.set_xscale("log")
    ends = [entry[1] for entry in known]
    ticks = [
        t
        for t in (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100)
        if min(ends) / 2.2 < t < max(ends) * 2.2
    ]
    ax.set_xticks(ticks, [f"{t:g}" for t in ticks])
    ax.set_xticks([], minor=True)
    ax.set_xlim(min(ends) / 1.25, max(ends) * 1.25)
    ax.set_xlabel("constant K of the bound, u the surrogate excess")
    ax.legend(loc="best", handlelength=1)
    return ax


@FIGURES.register("zoo-map")
def whole_zoo() -> Figure:
    """Every loss with a bound at ten classes: square-root rates with like constants, and linear
    rates that cost n.
    """
    from matplotlib.figure import Figure

    rows = table()
    labels = [
        NAMES.get(row.loss, row.loss) + (" (2 classes)" if row.n_classes == 2 else "")
        for row in rows
    ]
    with mpl.rc_context(fname=STYLE):
        figure = Figure(figsize=(7.6, 0.2 * len(rows) + 1.5))
        ax = zoo_map(rows, figure.add_subplot(), labels=labels)
        ax.set_title("Growth and constant of the bounds of the zoo, 10 classes")
    return figure


if __name__ == "__main__":
    TABLE.write_text(as_json(compute()), encoding="utf-8")
