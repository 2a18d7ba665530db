"""Minimizability gaps of the comp-sum losses across tau, and what they leave of the guarantee."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import TYPE_CHECKING

import matplotlib as mpl

from hconsist.bounds import derive
from hconsist.distributions import Distribution, Finite
from hconsist.errors import InvalidInputError
from hconsist.figures import FIGURES
from hconsist.figures.style import LOOKS
from hconsist.gaps import minimizability_gap
from hconsist.losses import CompSum
from hconsist.plots import STYLE, axes_in_style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

#: 0 (sum-exponential), 1 (cross-entropy), 2 (mean absolute error), and between them.
TAUS = tuple(f"{i / 10:g}" for i in range(0, 21))


def gap_curves(
    distributions: Mapping[str, Distribution],
    ax: Axes | None = None,
    *,
    taus: Sequence[object] = TAUS,
    guarantee: bool = False,
) -> Axes:
    """The minimizability gap of constant functions against tau; or Gamma of it, the error that the
    bound leaves possible.

    Parameters
    ----------
    distributions : mapping from name to Distribution
        At most seven.
    ax : matplotlib Axes, optional
    taus : sequence of numbers >= 0
    guarantee : bool
        Whether to draw Gamma(gap), the bound on the error at the best constant function, in place
        of the gap.

    Returns
    -------
    matplotlib Axes

    Raises
    ------
    InvalidInputError
        For no distribution or more than seven, or a negative tau.

    Examples
    --------
    >>> two = Finite(["1/2", "1/2"], [[1, 0], [0, 1]])
    >>> (line,) = gap_curves({"two labels": two}, taus=[1, 2]).lines
    >>> [round(float(v), 4) for v in line.get_ydata()]
    [0.6931, 0.5]
    """
    if not 1 <= len(distributions) <= len(LOOKS):
        raise InvalidInputError(
            f"this figure holds one to {len(LOOKS)} distributions", len(distributions), "draw fewer"
        )
    losses = [CompSum(tau) for tau in taus]
    curves = {}
    for name, distribution in distributions.items():
        gaps = [
            float(minimizability_gap(loss, distribution, members="constant")) for loss in losses
        ]
        if guarantee:
            gaps = [
                float(derive(loss, distribution.n_classes)(gap))
                for loss, gap in zip(losses, gaps, strict=True)
            ]
        curves[name] = gaps
    ax = axes_in_style(ax)
    with mpl.rc_context(fname=STYLE):
        for (name, values), (colour, marker) in zip(curves.items(), LOOKS, strict=False):
            ax.plot(
                [float(loss.tau) for loss in losses],
                values,
                color=colour,
                marker=marker,
                markevery=4,
                label=name,
            )
    ax.set_xlabel(r"$\tau$   (0: sum-exponential, 1: cross-entropy, 2: MAE)")
    ax.set_ylabel(r"$\Gamma_\tau(M_\tau)$" if guarantee else r"minimizability gap $M_\tau$")
    ax.set_ylim(0, None)
    return ax


@FIGURES.register("gap-across-tau")
def gap_across_tau() -> Figure:
    """Inputs whose labels are certain, seen by constant functions: the gap falls with tau, and so
    does what it leaves.
    """
    from matplotlib.figure import Figure

    shares = (Fraction(1, 50), Fraction(1, 10), Fraction(3, 10))
    cases = {
        f"{float(share):.0%} of the inputs differ": Finite(
            [1 - share, share], [[1, 0, 0], [0, 1, 0]]
        )
        for share in shares
    }
    with mpl.rc_context(fname=STYLE):
        figure = Figure(figsize=(8.6, 4.2))
        left, right = figure.subplots(1, 2)
        gap_curves(cases, left)
        gap_curves(cases, right, guarantee=True)
        left.set_title("The gap")
        right.set_title("What it leaves of the guarantee")
        right.set_ylim(0, 1.02)
        figure.legend(handles=left.lines, loc="outside lower center", ncols=3)
    return figure
