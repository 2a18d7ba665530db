"""Exact against published T, with the distributions that attain the exact one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import matplotlib as mpl
import numpy as np

from hconsist.closed_forms import float_curve
from hconsist.plots.published import short_source
from hconsist.plots.style import DASHED, DOTTED, STYLE, axes_in_style, draw_curve

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from hconsist.pointwise import Answer
    from hconsist.tightness import Tightness


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
    draw_curve(ax, betas, exact, "exact (numerical estimate)", 0)
    envelope = np.array([float(report.envelope(b)) for b in betas])
    if np.nanmax(exact - envelope) > 1e-3 * np.nanmax(exact):
        draw_curve(ax, betas, envelope, "its convex envelope", 0, DOTTED)
    for index, comparison in enumerate(report.comparisons):
        values = float_curve(comparison.theorem.at(report.problem), betas)
        label = f"published, {short_source(comparison.theorem.paper)}: {comparison}"
        draw_curve(ax, betas, values, label, index + 1, DASHED)
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
