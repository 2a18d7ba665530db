"""T with its regimes, and the distributions that attain it as small bars."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import TYPE_CHECKING

import matplotlib as mpl
import numpy as np

from hconsist.bounds import Bound, derive
from hconsist.engines import sweep
from hconsist.errors import EngineCannotAnswerError, InvalidInputError
from hconsist.figures import FIGURES
from hconsist.figures.style import DASHED, DOTTED, LOOKS
from hconsist.plots import STYLE, axes_in_style, best_published
from hconsist.pointwise import Answer, Witness

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def witness_bars(witness: Witness, ax: Axes | None = None, *, colour: str = LOOKS[0][0]) -> Axes:
    """A worst-case distribution: one bar for each label, filled where the score is the largest, the
    predicted label marked.

    Parameters
    ----------
    witness : Witness
    ax : matplotlib Axes, optional
    colour : str

    Returns
    -------
    matplotlib Axes

    Examples
    --------
    >>> ax = witness_bars(Witness((0.5, 0.0, 0.5), (0.0, 0.0, -60.0), (1,), 1 / 6))
    >>> [float(bar.get_height()) for bar in ax.patches]
    [0.5, 0.0, 0.5]
    """
    ax = axes_in_style(ax)
    for label, (height, tied) in enumerate(zip(witness.p, _tied(witness), strict=True)):
        ax.bar(
            label,
            round(float(height), 7),
            width=0.74,
            facecolor=colour if tied else "white",
            edgecolor=colour,
            linewidth=1.0,
        )
        if label in witness.predicted:
            ax.plot(
                label,
                -0.1,
                marker="^",
                color="black",
                markersize=4,
                clip_on=False,
                linestyle="none",
            )
    ax.set_xlim(-0.6, len(witness.p) - 0.4)
    ax.set_ylim(0, 1)
    ax.set_xticks([])
    ax.set_yticks([])
    ax.grid(False)
    for side in ("left", "top", "right"):
        ax.spines[side].set_visible(False)
    return ax


def transform_with_witnesses(
    bound: Bound, ax: Axes | None = None, *, betas: Sequence[object] = ("0.2", "0.4", "0.6", "0.8")
) -> Axes:
    """T by regime (how many labels share the largest score in the worst case), and worst-case
    distributions at some betas.

    The values and the distributions are the numeric engine's: estimates, with witnesses that anyone
    can evaluate again.

    Parameters
    ----------
    bound : Bound
        Of a problem with at most 12 classes.
    ax : matplotlib Axes, optional
    betas : sequence of numbers in [0, 1]
        Where distributions are drawn.

    Returns
    -------
    matplotlib Axes
        The bars are its child axes.

    Raises
    ------
    InvalidInputError
        For more than 12 classes, a beta outside [0, 1], or symbols without a value.
    EngineCannotAnswerError
        When the numeric engine has no method.

    Examples
    --------
    >>> ax = transform_with_witnesses(derive("mae", n_classes=4))
    >>> len(ax.child_axes)
    4
    """
    if bound.problem.n > 12:
        raise InvalidInputError(
            "at most 12 bars can be told apart",
            bound.problem.n,
            "derive the bound for fewer classes",
        )
    chosen = [bound.problem.check_beta(beta) for beta in betas]
    grid = np.linspace(0, 1, 201)
    answers: list[Answer] = sweep(bound.problem, [round(float(b), 3) for b in grid[1:]])
    values = np.array([0.0, *(_value(a) for a in answers)])
    regimes = [pool_size(a.witness) for a in answers if a.witness]
    top = values[-1]
    ax = axes_in_style(ax)
    with mpl.rc_context(fname=STYLE):
        if (paper := best_published(bound, grid)) is not None:
            ax.plot(
                grid,
                paper[1],
                color="0.5",
                linestyle=DASHED,
                linewidth=1.4,
                label=f"published, {paper[0]}",
            )
        ax.plot(
            grid,
            bound.envelope_curve(grid),
            color="0.2",
            linestyle=DOTTED,
            linewidth=1.5,
            label="convex envelope",
        )
        start = 0
        for size, run in groupby(regimes):
            stop = start + len(list(run))
            label = f"{size} labels tied"
            shown = label in [str(line.get_label()) for line in ax.lines]
            piece = slice(start, stop + 1)
            ax.plot(
                grid[piece],
                values[piece],
                color=_colour(size),
                linewidth=3,
                label=f"_{label}" if shown else label,
            )
            if stop - start > 0.04 * len(
                grid
            ):  # the number beside the curve serves those who cannot tell the colours
                middle = (start + stop) // 2
                text = ax.annotate(
                    str(size),
                    (grid[middle], values[middle]),
                    (-5, 3),
                    textcoords="offset points",
                    weight="bold",
                )
                text.set(color=_colour(size), ha="right", va="bottom")
            start = stop
            if 0 < start < len(regimes):  # greys of two regimes may be alike
                ax.plot(
                    grid[start],
                    values[start],
                    marker="|",
                    markersize=11,
                    color="black",
                    zorder=3,
                    label="_switch",
                )
        ax.set_xlim(0, 1)
        ax.set_ylim(0, 1.3 * top)
        for beta, answer in zip(chosen, sweep(bound.problem, chosen), strict=True):
            assert answer.witness is not None
            x, y, colour = float(beta), _value(answer), _colour(pool_size(answer.witness))
            box = ax.inset_axes((x - 0.15, y + 0.12 * top, 0.17, 0.2 * top), transform=ax.transData)
            box.patch.set_alpha(0)
            witness_bars(answer.witness, box, colour=colour)
            ax.plot(
                x,
                y,
                marker="o",
                color=colour,
                markeredgecolor="white",
                markersize=7,
                zorder=4,
                label="_witness",
            )
        ax.plot(
            [],
            [],
            marker="^",
            color="black",
            markersize=4,
            linestyle="none",
            label="predicted label",
        )
    ax.set_xlabel(r"zero-one regret $\beta$ at a point")
    ax.set_ylabel(r"least surrogate regret $T(\beta)$")
    return ax


@FIGURES.register("worst-cases")
def worst_cases() -> Figure:
    """MAE and GCE (q = 0.9) at five classes: which labels the worst case plays changes with
    beta.
    """
    from matplotlib.figure import Figure

    with mpl.rc_context(fname=STYLE):
        figure = Figure(figsize=(8.6, 4.6))
        panels = figure.subplots(1, 2)
        for ax, spec, title in zip(
            panels, ("mae", "gce:q=0.9"), ("MAE, 5 classes", "GCE, q = 0.9, 5 classes"), strict=True
        ):
            transform_with_witnesses(derive(spec, n_classes=5), ax)
            ax.set_title(title)
        panels[1].set_ylabel("")
        panels[0].legend(loc="upper left")
    return figure


def pool_size(witness: Witness) -> int:
    """How many labels share the largest score, the predicted one among them.

    >>> pool_size(Witness((0.5, 0.5, 0.0), (0.0, 0.0, -60.0), (1,), 0.1))
    2
    """
    return sum(_tied(witness))


def _tied(witness: Witness) -> list[bool]:
    top = max(witness.scores)
    return [bool(score >= top - 1e-6 * (1 + abs(top))) for score in witness.scores]


def _value(answer: Answer) -> float:
    if answer.estimate is None:
        raise EngineCannotAnswerError("numeric", answer.reason, "symbolic")
    return round(
        answer.estimate, 7
    )  # an optimiser's last digits differ between machines; the drawing must not


def _colour(size: int) -> str:
    return LOOKS[(size - 2) % len(LOOKS)][0]
