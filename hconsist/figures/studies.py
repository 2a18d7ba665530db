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

    from hconsist.simulate.studies.nb_vs_lr import Growth
    from hconsist.simulate.study import Row

_DASHES = ("-", (0, (5, 1.5)), (0, (1, 1.5)), (0, (5, 1.5, 1, 1.5)))
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
        ax.set_prop_cycle(
            mpl.rcParams["axes.prop_cycle"]
        )  # the caller's Axes may have other colours
        _FIGURES[name](rows, ax)
    return ax


def _bounds(rows: Sequence[Row], ax: Axes) -> None:
    limit = 1e-3
    for index, kind in enumerate(("random", "adversarial", "climbed", "witness", "mixture")):
        chosen = [row for row in rows if row["kind"] == kind]
        if not chosen:
            continue
        bound = np.array([row["bound"] for row in chosen])
        target = np.array([row["target"] for row in chosen])
        names = {
            "climbed": "climbed towards the bound",
            "witness": "witnesses of T",
            "mixture": "trained on Gaussian mixtures",
        }
        ax.plot(
            np.maximum(bound, limit),
            np.maximum(target, limit),
            linestyle="none",
            marker=".x^+D"[index],
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


def _tau(rows: Sequence[Row], ax: Axes) -> None:
    name = rows[-1]["distribution"]
    rows = [row for row in rows if row["distribution"] == name]
    _lines(
        ax,
        rows,
        "tau",
        {
            "bound": r"bound $\Gamma$(excess + gap)",
            "bound_of_gap": r"$\Gamma$(gap)",
            "error": "excess error",
        },
    )
    ax.set_yscale("log")
    ax.set_ylim(1e-3, 1)
    ax.set_xlabel(r"$\tau$ (1: cross-entropy, 2: mean absolute error)")
    ax.set_ylabel("excess zero-one error")
    ax.set_title(f"Bound and error of linear hypotheses across the comp-sum family\n{name}")
    ax.legend()


def _noise(rows: Sequence[Row], ax: Axes) -> None:
    strengths = sorted({row["strength"] for row in rows if row["noise"] == "tsybakov"})
    colours = mpl.rcParams["axes.prop_cycle"].by_key()["color"]
    for i, strength in enumerate(strengths):
        for family, marker in (("worst", "o"), ("shifted", "^"), ("trained", "x")):
            group = [
                r
                for r in rows
                if (r["noise"], r["strength"], r["family"]) == ("tsybakov", strength, family)
            ]
            group = [row for row in group if row["surrogate"] > 1e-8]
            x, y = (np.array([row[key] for row in group]) for key in ("surrogate", "target"))
            ax.plot(x, y, linestyle="none", marker=marker, markersize=4, color=colours[i])
            if family == "worst":
                line, slope = np.geomspace(x[x > 0].min(), x.max(), 2), 1 / (2 - strength)
                look = {"color": colours[i], "linestyle": _DASHES[i % 4], "linewidth": 1.3}
                label = f"exponent {strength:g}, predicted slope {slope:.3f}"
                ax.plot(line, y[-1] * (line / x[-1]) ** slope, label=label, **look)
    ax.plot([], [], linestyle="none", marker="o", color="0.4", label="worst: errs below a margin")
    ax.plot([], [], linestyle="none", marker="^", color="0.4", label="shifted best rule")
    ax.plot([], [], linestyle="none", marker="x", color="0.4", label="trained")
    ax.set_xscale("log")
    ax.set_yscale("log")
    ax.set_xlim(1e-8, 1)
    ax.set_ylim(1e-5, 1)
    ax.set_xlabel("surrogate excess + gap, logistic loss (nats)")
    ax.set_ylabel("excess zero-one error")
    ax.set_title("Excess error against surrogate excess under Tsybakov noise")
    ax.legend(fontsize=8)


def _nb_vs_lr(rows: Sequence[Row], ax: Axes) -> None:
    from hconsist.simulate.studies import nb_vs_lr as study

    shown = {
        ("fixed", study.LOGISTIC): "logistic regression, fixed separation",
        ("fixed", study.NAIVE): "naive Bayes, fixed separation",
        ("log", study.LOGISTIC): "logistic regression, separation$^4$ ~ d / log d",
        ("log", study.SCALED): "the same, features scaled",
        ("log", study.NAIVE): "naive Bayes, separation$^4$ ~ d / log d",
        ("sup", study.MEANS): f"all class means within {study.DEVIATION:g} standard deviations",
    }
    groups = {
        (design, learner): group
        for (design, classes, learner), group in study.groups(rows).items()
        if classes == 2
    }
    for index, key in enumerate(key for key in shown if key in groups):
        group = groups[key]
        dimensions = sorted({row["d"] for row in group})
        needs = [study.need([row for row in group if row["d"] == d]) for d in dimensions]
        found = study.growth(group)
        label = shown[key] + (f": {_law(found)}" if found else "")
        ax.plot(
            dimensions,
            needs,
            linestyle=_DASHES[index % 4],
            marker=_MARKERS[index],
            label=label,
            zorder=3,
        )
        if key[1] in (study.NAIVE, study.MEANS):
            fine = np.unique(
                2 * np.geomspace(dimensions[0] / 2, dimensions[-1] / 2, 30).round().astype(int)
            )
            ax.plot(
                fine,
                [study.predicted_need(key[0], int(d)) for d in fine],
                color="0.35",
                linewidth=0.9,
                zorder=2,
            )
    if ("log", study.LOGISTIC) in groups:
        span = np.array(sorted({row["d"] for row in groups["log", study.LOGISTIC]}))
        ax.plot(
            span,
            span / 2,
            color="0.35",
            linewidth=0.9,
            linestyle=":",
            label="d / 2: logistic regression there needs more, for large d",
        )
    ax.plot([], [], color="0.35", linewidth=0.9, label="predicted")
    ax.set_xscale("log", base=2)
    ax.set_yscale("log", base=2)
    low, high = ax.get_ylim()
    ax.set_ylim(low, high * (high / low) ** 0.65)  # room for the legend
    ax.set_xlabel("dimension d")
    ax.set_ylabel("samples needed")
    ax.set_title(
        f"Samples for an excess error of {study.LEVEL:g}, or to know the means\n"
        "slopes with 95 % intervals; a logarithm where it fits better than a line"
    )
    ax.legend(fontsize=8, loc="upper left")


def _law(found: Growth) -> str:
    """The exponent, and where a logarithm fits better than a line, its slope: with half the width
    of the intervals.
    """
    value, low, high = found.power
    text = rf"d$^{{{value:.2f} \pm {(high - low) / 2:.2f}}}$"
    if found.better > 0.95:
        value, low, high = found.logarithmic
        text += rf", {value:.1f} $\pm$ {(high - low) / 2:.1f} a doubling of d"
    return text


def _ldr(rows: Sequence[Row], ax: Axes) -> None:
    settings = list(dict.fromkeys((row["noise"], row["rate"]) for row in rows))
    losses = list(dict.fromkeys(row["loss"] for row in rows))
    for i, loss in enumerate(losses):
        values = [
            np.array(
                [r["excess"] for r in rows if (r["noise"], r["rate"], r["loss"]) == (*s, loss)]
            )
            for s in settings
        ]
        places = np.arange(len(settings)) + (i - (len(losses) - 1) / 2) * 0.12
        spread = [2 * v.std(ddof=1) / np.sqrt(v.size) for v in values]
        ax.errorbar(
            places,
            [v.mean() for v in values],
            spread,
            linestyle="none",
            marker=_MARKERS[i],
            label=loss,
            linewidth=1.2,
        )
    ax.set_xticks(range(len(settings)), [f"{noise}\n{rate:g}" for noise, rate in settings])
    ax.set_ylim(0, 1.25 * ax.get_ylim()[1])  # room for the legend
    ax.set_xlabel("label noise: kind and rate")
    ax.set_ylabel("excess error on clean labels")
    ax.set_title("Losses trained on noisy labels\nmean and two standard errors over seeds")
    ax.legend(ncols=2)


def _ensloss(rows: Sequence[Row], ax: Axes) -> None:
    settings = list(dict.fromkeys((row["d"], row["m"]) for row in rows))
    methods = list(dict.fromkeys(row["method"] for row in rows))
    for i, method in enumerate(methods):
        values = [
            np.array([r["error"] for r in rows if (r["d"], r["m"], r["method"]) == (*s, method)])
            for s in settings
        ]
        places = np.arange(len(settings)) + (i - (len(methods) - 1) / 2) * 0.12
        spread = [2 * v.std(ddof=1) / np.sqrt(v.size) for v in values]
        ax.errorbar(
            places,
            [v.mean() for v in values],
            spread,
            linestyle="none",
            marker=_MARKERS[i],
            label=method,
            linewidth=1.2,
        )
    ax.set_xticks(range(len(settings)), [f"d = {d}\nm = {m}" for d, m in settings])
    ax.set_xlabel("dimension and sample size")
    ax.set_ylabel("zero-one error on clean labels")
    ax.set_title(
        "Random calibrated derivatives against fixed losses\nmean and two standard errors over "
        "seeds"
    )
    ax.legend()


def _adversarial(rows: Sequence[Row], ax: Axes) -> None:
    for i, method in enumerate(dict.fromkeys(row["method"] for row in rows)):
        group = [row for row in rows if row["method"] == method]
        _line(ax, group, "radius", "robust_error", method, i)
    ax.set_xlabel("radius of the attack (l2)")
    ax.set_ylabel("robust zero-one error, exact")
    ax.set_title("Linear rules under attack\nmean and two standard errors over seeds")
    ax.legend()


def _two_gaussians(rows: Sequence[Row], ax: Axes) -> None:
    index = 0
    for kind in ("in domain", "out of domain"):
        group = [row for row in rows if row["kind"] == kind]
        for key, method in (("excess_mean", "mean"), ("excess", "robust logistic")):
            if group:
                _line(ax, group, "unlabeled", key, f"{method}, unlabeled points {kind}", index)
                index += 1
    labeled = [row["excess_labeled"] for row in rows if row["unlabeled"]]
    if labeled:
        ax.axhline(
            float(np.mean(labeled)),
            color="0.35",
            linewidth=1.2,
            linestyle=":",
            label="labeled points alone (mean)",
        )
    ax.set_xscale("log")
    ax.set_ylim(0, None)
    ax.set_xlabel("unlabeled points")
    ax.set_ylabel("excess zero-one error, exact")
    ax.set_title("Self-training on two Gaussians\nmean and two standard errors over seeds")
    ax.legend()


def _large_steps(rows: Sequence[Row], ax: Axes) -> None:
    for i, margin in enumerate(dict.fromkeys(row["margin"] for row in rows)):
        _line(
            ax,
            [row for row in rows if row["margin"] == margin],
            "step",
            "angle",
            f"margin of separation {margin:g}",
            i,
        )
    ax.set_xscale("log")
    ax.set_ylim(0, None)
    ax.set_xlabel("step of gradient descent")
    ax.set_ylabel("angle to the batch perceptron (radians)")
    ax.set_title(
        "Logistic regression with large steps tends to the perceptron\nafter ten iterations; mean "
        "and two standard errors"
    )
    ax.legend()


def _lines(ax: Axes, rows: Sequence[Row], x: str, names: Mapping[str, str]) -> None:
    for i, (key, label) in enumerate(names.items()):
        _line(ax, rows, x, key, label, i)


def _line(ax: Axes, rows: Sequence[Row], x: str, y: str, label: str, index: int) -> None:
    """Means over rows of one x, with two standard errors."""
    places = sorted({row[x] for row in rows})
    values = [np.array([row[y] for row in rows if row[x] == place]) for place in places]
    mean = np.array([v.mean() for v in values])
    spread = np.array([2 * v.std(ddof=1) / np.sqrt(v.size) if v.size > 1 else 0.0 for v in values])
    (line,) = ax.plot(
        places,
        mean,
        linestyle=_DASHES[index % 4],
        marker=_MARKERS[index % len(_MARKERS)],
        label=label,
    )
    ax.fill_between(
        places, mean - spread, mean + spread, color=line.get_color(), alpha=0.18, linewidth=0
    )


_FIGURES: Mapping[str, Callable[[Sequence[Row], Axes], None]] = {
    "bounds": _bounds,
    "tau": _tau,
    "noise": _noise,
    "nb-vs-lr": _nb_vs_lr,
    "ldr": _ldr,
    "ensloss": _ensloss,
    "adversarial": _adversarial,
    "two-gaussians": _two_gaussians,
    "large-steps": _large_steps,
}
