"""Published bounds beside derived ones, the room between them shaded."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import TYPE_CHECKING

import matplotlib as mpl
import numpy as np

from hconsist.arithmetic import to_sympy
from hconsist.arithmetic.shown import digits_up
from hconsist.bounds import Bound, derive
from hconsist.engines.derivation import excess_symbol
from hconsist.errors import EngineCannotAnswerError, InvalidInputError
from hconsist.figures import FIGURES
from hconsist.figures.style import DASHED, DOTTED, LOOKS
from hconsist.plots import STYLE, axes_in_style, best_published, bound_curves, figure_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def gain_over_published(
    bounds: Bound | Sequence[Bound],
    ax: Axes | None = None,
    *,
    labels: Sequence[str] | None = None,
    reach: float = 0.25,
) -> Axes:
    """Gamma as derived (solid) and as published (dashed), the gain between them shaded.

    Past 1 a bound on an error says nothing: a published curve that gets there runs along the top.

    Parameters
    ----------
    bounds : Bound or sequence of Bound
        At most seven.
    ax : matplotlib Axes, optional
    labels : sequence of str, optional
        One name for each bound; spec strings when left out.
    reach : float
        Largest surrogate excess drawn, in units of the losses.

    Returns
    -------
    matplotlib Axes

    Raises
    ------
    InvalidInputError
        For no bound or more than seven, or a problem about which nothing is published.

    Examples
    --------
    >>> ax = gain_over_published(derive("mae", n_classes=10))
    >>> [line.get_label() for line in ax.lines]
    ['comp-sum:tau=2, published', 'comp-sum:tau=2, exact']
    """
    chosen = list(bounds) if isinstance(bounds, Sequence) else [bounds]
    if not 1 <= len(chosen) <= len(LOOKS):
        raise InvalidInputError(
            f"this figure holds one to {len(LOOKS)} bounds", len(chosen), "draw fewer"
        )
    names = [b.problem.surrogate.spec for b in chosen] if labels is None else list(labels)
    betas, excess = np.linspace(0, 1, 801), np.linspace(0, reach, 201)
    curves = []
    for bound in chosen:
        paper = best_published(bound, betas)
        if paper is None:
            raise InvalidInputError(
                "something must be published",
                bound.problem.surrogate.spec,
                "use hconsist.plots.bound_curves",
            )
        curves.append(
            (
                np.interp(excess, paper[1], betas),
                np.interp(excess, bound.envelope_curve(betas), betas),
            )
        )
    ax = axes_in_style(ax)
    with mpl.rc_context(fname=STYLE):
        for index, (name, (claimed, exact)) in enumerate(zip(names, curves, strict=True)):
            colour, marker = LOOKS[index]
            ax.fill_between(excess, exact, claimed, facecolor=colour, alpha=0.08, edgecolor="none")
            every = (0.1 + 0.07 * index, 0.2)
            (paper_line,) = ax.plot(
                excess,
                claimed,
                color=colour,
                marker=marker,
                markevery=every,
                label=f"{name}, published",
            )
            paper_line.set(linestyle=DASHED, markerfacecolor="white")
            ax.plot(
                excess, exact, color=colour, marker=marker, markevery=every, label=f"{name}, exact"
            )
    ax.set_xlim(0, reach)
    ax.set_ylim(0, 1.03)
    ax.set_xlabel("surrogate excess risk + minimizability gap")
    ax.set_ylabel("excess error, at most")
    return ax


@FIGURES.register("published-vs-exact")
def published_vs_exact() -> Figure:
    """MAE and GCE at 10 and 100 classes: the published bounds weaken with the number of classes,
    the exact ones hardly do.
    """
    from matplotlib.figure import Figure

    with mpl.rc_context(fname=STYLE):
        figure = Figure(figsize=(8.6, 4.4))
        panels = figure.subplots(1, 2, sharey=True)
        for n, ax in zip((10, 100), panels, strict=True):
            bounds = [derive(spec, n_classes=n) for spec in ("mae", "gce:q=0.7")]
            gain_over_published(bounds, ax, labels=["MAE", "GCE, q = 0.7"])
            _read_off(ax, Fraction(1, 20), "MAE", bounds[0])
            ax.set_title(f"{n} classes")
        panels[1].set_ylabel("")
        figure.legend(handles=panels[0].lines[:4], loc="outside lower center", ncols=4)
    return figure


def _read_off(ax: Axes, excess: Fraction, name: str, bound: Bound) -> None:
    """Arrow at one excess from what the published bound of a loss says down to what the exact one
    says; both in words are rounded up.
    """
    values = {}
    for line in ax.lines:
        x, y = (np.asarray(v, dtype=float) for v in line.get_data())
        values[str(line.get_label())] = float(np.interp(float(excess), x, y))
    claimed, exact = values[f"{name}, published"], values[f"{name}, exact"]
    arrow = {"arrowstyle": "-|>", "color": "black", "linewidth": 1.2, "shrinkA": 0, "shrinkB": 2}
    ax.annotate("", (float(excess), exact), (float(excess), claimed), arrowprops=arrow)
    before = "says nothing" if claimed >= 1 else digits_up(Fraction(f"{claimed:.9f}"), 2)
    after = digits_up(_gamma(bound, excess), 2)
    ax.text(
        float(excess) + 0.006,
        0.12,
        f"{name} at excess {float(excess):g}:\n{before} \u2192 {after}",
        va="center",
        fontsize=9,
    )
    ax.axvline(float(excess), ymax=exact / 1.03, color="black", linewidth=0.7, linestyle=DOTTED)


def _gamma(bound: Bound, excess: Fraction) -> Fraction:
    """Gamma at an excess: exactly where the closed form is rational there, else from above."""
    if bound.gamma is not None:
        value = bound.gamma.subs(excess_symbol(), to_sympy(excess))
        if value.is_Rational:
            return Fraction(int(value.p), int(value.q))
    upper = bound.bound(excess).upper
    if upper is None:
        raise EngineCannotAnswerError("symbolic", "no proven bound to read off", "rigorous")
    return Fraction(upper)


@FIGURES.register("bounds")
def bounds() -> Figure:
    """What ``hconsist plot mae gce:q=0.7 --classes 10 --classes 100`` draws: the README's first
    figure.
    """
    specs = ("mae", "mae", "gce:q=0.7", "gce:q=0.7")
    derived = [derive(spec, n_classes=n) for spec, n in zip(specs, (10, 100) * 2, strict=True)]
    return figure_of(bound_curves(derived, labels=specs))
