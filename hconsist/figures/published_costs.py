"""What the published bounds of other targets lose: the factor of the square root of a small excess,
as published and exactly.
"""

from __future__ import annotations

import json
from fractions import Fraction
from importlib.resources import files
from typing import TYPE_CHECKING

import matplotlib as mpl
import numpy as np
from matplotlib.ticker import NullFormatter

from hconsist.arithmetic.exact import Value
from hconsist.engines import transform
from hconsist.figures import FIGURES
from hconsist.figures.style import DASHED, LOOKS
from hconsist.plots import STYLE, axes_in_style
from hconsist.pointwise import PointwiseProblem

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

#: The target regret at which the factor is read off, small beside every cost.
_SMALL = Fraction(1, 1000)
_DATA = "published_costs.json"

Points = list[tuple[float, float]]


def factor(loss: str, target: str, n: int) -> float:
    """beta / sqrt(T(beta)) at a small beta, by the closed form.

    >>> round(factor("logistic", "zero-one", 3), 3)  # sqrt(2)
    1.414
    """
    problem = PointwiseProblem(loss, target, n_classes=n)
    value = transform(problem, _SMALL, "symbolic").estimate
    assert value is not None
    return float(_SMALL) / float(np.sqrt(value))


def compute() -> dict[str, dict[str, Points]]:
    """The exact curves of every panel, from the derivations: in two minutes; kept as data beside
    this module.
    """
    from hconsist.functionals import AUC

    costs = [k / 20 for k in range(1, 20)]
    priors = [0.5, 0.3, 0.2, 0.1, 0.05, 0.02, 0.01]
    panels: dict[str, dict[str, Points]] = {
        "abstention": {
            "score of its own": [(c, factor("weighted", f"abstain:c={c}", 3)) for c in costs],
            "forecast (Chow)": [(c, factor("logistic", f"abstain:c={c}", 3)) for c in costs],
        },
        "deferral": {
            "any experts": [
                (k, factor("weighted", "defer:accuracy=[" + ",".join(["[1,1]"] * k) + "]", 2))
                for k in range(1, 6)
            ]
        },
        "imbalance": {
            "logit adjustment": [(p, factor("logistic", _balanced(p), 2)) for p in priors],
            "class weights": [
                (p, factor("weighted:base=logistic,offset=label", _balanced(p), 2)) for p in priors
            ],
        },
        "ranking": {"ours": [], "reached": []},
        "label sets": {
            "one score a set": [
                (k, factor("weighted", f"hamming:k={k}", 2**k) / np.sqrt(k)) for k in (1, 2, 3)
            ]
        },
    }
    for p in priors:
        target = AUC("margin-logistic", str(p))  # type: ignore[arg-type]
        (excess,) = target.gamma.free_symbols
        panels["ranking"]["ours"].append((p, float(target.gamma.subs(excess, 1))))
        found = target.worst(0.01)
        assert found is not None
        panels["ranking"]["reached"].append((p, found.rank_regret / float(np.sqrt(found.excess))))
    return panels


def _balanced(p: float) -> str:
    first, second = Fraction(str(p)), 1 - Fraction(str(p))
    return f"weights:{1 / first},{1 / second}"


def published(panel: str, x: Value) -> Value:
    """The published factor: quoted from memory but for the AUC (Agarwal, JMLR 2014, theorem 13,
    read); of the imbalance only the rate is known, from an abstract.

    >>> round(float(published("abstention", 0.5)), 4)  # sqrt(2 (2 - c))
    1.7321
    """
    grid = np.asarray(x, dtype=float)
    known = {
        "abstention": np.sqrt(2 * np.maximum(2 - grid, 0)),
        "deferral": np.sqrt(2 * (grid + 1)),
        "imbalance": np.sqrt(2) / grid,
        "ranking": np.sqrt(2) / (2 * grid * np.abs(1 - grid) + (grid == 1)),
        "label sets": 2 + 0 * grid,
    }
    return known[panel]


_LABELS = {
    "abstention": "cost of rejecting, c",
    "deferral": "experts",
    "imbalance": "share of the rarer label",
    "ranking": "share of positives",
    "label sets": "labels in a set",
}
_TITLES = {
    "abstention": "Abstention, cross-entropy",
    "deferral": "Deferral, cross-entropy",
    "imbalance": "Balanced error, two labels",
    "ranking": "AUC, logistic loss",
    "label sets": "Hamming loss of sets",
}


_WORDS = """excess of the target
$\\leq$ factor $\\cdot\\ \\sqrt{\\varepsilon}$,
$\\varepsilon$ the small excess of the loss

dashed: as published
(from memory; AUC: read;
imbalance: the rate only)

solid: exact, or our bound"""


def lost_by_publication(panel: str, ax: Axes | None = None) -> Axes:
    """One panel: the factor as published (dashed) and exactly (solid, with markers), the room
    between shaded.

    Parameters
    ----------
    panel : {"abstention", "deferral", "imbalance", "ranking", "label sets"}
    ax : matplotlib Axes, optional

    Examples
    --------
    >>> ax = lost_by_publication("deferral")
    >>> [line.get_label() for line in ax.lines]
    ['published', 'any experts']
    """
    data: dict[str, dict[str, Points]] = json.loads(
        files("hconsist.figures").joinpath(_DATA).read_text(encoding="utf-8")
    )
    ax = axes_in_style(ax)
    curves = data[panel]
    grid = np.array([x for x, _ in next(iter(curves.values()))])
    above = published(panel, grid)
    name = "published rate" if panel == "imbalance" else "published"
    ax.plot(grid, above, color="0.25", linestyle=DASHED, label=name)
    for (name, points), (color, marker) in zip(curves.items(), LOOKS, strict=False):
        x, y = np.array(points).T
        if panel == "abstention" and y[x < 0.5].max() < 1:  # it jumps at 1/2
            x, y = (np.insert(v, np.searchsorted(x, 0.5), np.nan) for v in (x, y))
        ax.plot(x, y, color=color, marker=marker, markersize=4, label=name)
    first = np.array(next(iter(curves.values())))
    ax.fill_between(first[:, 0], first[:, 1], above, color="0.5", alpha=0.15, linewidth=0)
    if panel in ("imbalance", "ranking"):
        ax.set_xscale("log")
        ax.set_yscale("log")
        ax.yaxis.set_minor_formatter(NullFormatter())
    else:
        ax.set_ylim(bottom=0)
    if panel in ("deferral", "label sets"):
        ax.set_xticks(grid)
    ax.set_xlabel(_LABELS[panel])
    ax.set_title(_TITLES[panel], fontsize="medium")
    ax.legend(frameon=False, fontsize="small", loc="best")
    return ax


@FIGURES.register("published-costs")
def published_costs() -> Figure:
    """Five targets of the field, published factors beside exact ones."""
    from matplotlib.figure import Figure

    with mpl.rc_context(fname=STYLE):
        figure = Figure(figsize=(9.6, 6.0))
        flat = list(figure.subplots(2, 3).flat)
        for panel, ax in zip(_LABELS, flat, strict=False):
            lost_by_publication(panel, ax)
        for ax in (flat[0], flat[3]):
            ax.set_ylabel(r"factor of $\sqrt{\varepsilon}$")
        flat[5].axis("off")
        flat[5].text(0.0, 0.95, _WORDS, va="top", fontsize="small")
    return figure
