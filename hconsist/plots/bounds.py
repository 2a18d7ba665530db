"""Curves of bounds: Gamma against the surrogate excess, and T against the target regret."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from hconsist.bounds import DRAWINGS
from hconsist.errors import InvalidInputError
from hconsist.plots.labels import legend_name, target_name
from hconsist.plots.names import finish
from hconsist.plots.published import best_published
from hconsist.plots.style import DASHED, DOTTED, axes_in_style, draw_curve, narrow

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.lines import Line2D

    from hconsist.bounds import Bound

#: What each engine's curve may be called.
_STATUS = {"symbolic": "exact", "rigorous": "certified", "numeric": "numerical estimate"}


@DRAWINGS.register("gamma")
def bound_curves(
    bounds: Bound | Sequence[Bound],
    ax: Axes | None = None,
    *,
    labels: Sequence[str] | None = None,
    published: bool = True,
    log: bool = False,
    title: bool = True,
    width: float | None = None,
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
        One name for each bound; made from the spec strings when left out (`legend_name`).
    published : bool
        Whether to draw published bounds.
    log : bool
        Logarithmic axes: a constant factor between two bounds is then a constant distance.
    title : bool
        Whether to write a title: a paper has captions.
    width : float, optional
        Inches, for new Axes: 3.3 is a column of a paper, with smaller letters.

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
    return _draw(_GAMMA, bounds, ax, labels, published, log, title, width)


def transform_curves(
    bounds: Bound | Sequence[Bound],
    ax: Axes | None = None,
    *,
    labels: Sequence[str] | None = None,
    published: bool = True,
    log: bool = False,
    title: bool = True,
    width: float | None = None,
) -> Axes:
    """T against the target regret: ours solid, its convex envelope dotted where it differs, the
    published one dashed.

    Parameters, returns and errors as for `bound_curves`.

    Examples
    --------
    >>> from hconsist.bounds import derive
    >>> ax = transform_curves(derive("mae", n_classes=10), published=False)
    >>> [line.get_label() for line in ax.lines]
    ['comp-sum ($\\\\tau = 2$): exact', 'comp-sum ($\\\\tau = 2$): convex envelope']
    """
    return _draw(_TRANSFORM, bounds, ax, labels, published, log, title, width)


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
    title="Upper bound on the excess {counted}",
    x="surrogate excess risk + gap (in units of the loss; nats for logarithms)",
    y="excess {counted} + gap, at most",
    corner="lower right",
)
_TRANSFORM = _View(
    inverse=False,
    title="Least surrogate regret at a given target regret",
    x=r"{regret} regret $\beta$ at a point",
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
    title: bool,
    width: float | None,
) -> Axes:
    if width is not None and not 1.5 <= width <= 40:
        raise InvalidInputError("a width is from 1.5 to 40 inches", width, "pass width=3.3")
    settings = {} if width is None or ax is not None else narrow(width)
    chosen, names = _checked(bounds, labels)
    own, ax = ax is None, axes_in_style(ax, settings)
    curves = []
    for index, (bound, name) in enumerate(zip(chosen, names, strict=True)):
        betas = float(bound.problem.decision.max_regret) * _grid(log)

        def line(
            values: NDArray[np.float64],
            what: str,
            dash: tuple[int, tuple[float, ...]] | None = None,
            name: str = name,
            index: int = index,
            betas: NDArray[np.float64] = betas,
        ) -> Line2D:
            x, y = (values, betas) if view.inverse else (betas, values)
            return draw_curve(ax, x, y, f"{name}: {what}", index, dash, settings)

        envelope = bound.envelope_curve(betas)
        values = envelope if view.inverse else bound.transform_curve(betas)
        papers = best_published(bound, betas) if published else None
        same = papers is not None and _alike(bound, values, papers[1])
        curves.append((line(values, _status(bound) + (", as published" if same else "")), name))
        if not _alike(bound, values, envelope):
            line(envelope, "convex envelope", DOTTED)
        if papers is not None and not same:
            line(papers[1], f"published, {papers[0]}", DASHED)
    target = _common([str(b.problem.target) for b in chosen], "") or None
    counted, which = ("target error", "") if target is None else target_name(target)
    words = {"counted": counted, "regret": counted.removesuffix(" error")}
    across, up = view.x.format(**words), view.y.format(**words)
    if settings:  # a narrow figure has its axes' names in two lines, its curves in the legend alone
        across, up = (text.replace(" (in ", "\n(in ") for text in (across, up))
        curves = curves[:1]
    ax.set_xlabel(across)
    ax.set_ylabel(up)
    head = view.title.format(**words) + (f", {which}" if which else "")
    said = _title(head, chosen) if title else ""
    finish(ax, curves, said, view.corner, own=own, log=log, settings=settings)
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
        if bound.left_open:
            raise InvalidInputError(
                "a curve needs every parameter to be a number",
                str(bound.problem.surrogate),
                "derive it again with numbers",
            )
    if labels is not None and len(labels) != len(chosen):
        raise InvalidInputError(
            "there must be one label for each bound", list(labels), f"pass {len(chosen)} labels"
        )
    names = (
        list(labels)
        if labels is not None
        else [legend_name(b.problem.surrogate.spec) for b in chosen]
    )
    if labels is not None and len(set(names)) == len(names):
        return chosen, names
    for part in ("n_classes", "hypotheses", "target"):
        values = [str(getattr(b.problem, part)) for b in chosen]
        if len(set(values)) > 1:
            names = [
                f"{name}, {_of_labels(value) if part == 'n_classes' else value}"
                for name, value in zip(names, values, strict=True)
            ]
    return chosen, names


def _of_labels(n_classes: str) -> str:
    """A number of labels, or its symbol, for which the closed form is the same."""
    return f"n = {n_classes}" if n_classes.isdigit() else f"every {n_classes}"


def _grid(log: bool) -> NDArray[np.float64]:
    """Target regrets as parts of the largest; from 0.001 up on logarithmic axes."""
    return np.geomspace(1e-3, 1.0, 241) if log else np.linspace(0.0, 1.0, 401)


def _alike(bound: Bound, first: NDArray[np.float64], second: NDArray[np.float64]) -> bool:
    """Whether two curves are one: closed forms to rounding, envelopes that interpolate a grid to
    what the eye can see.
    """
    tolerance = 1e-9 if bound.engine == "symbolic" else 2e-3
    return bool(np.abs(first - second).max() <= tolerance * first.max())


def _status(bound: Bound) -> str:
    """What the curve may be called; a derivation that rests on an assumption, or bounds T from one
    side, is not called exact.
    """
    proves = bound.engine != "numeric"
    if proves and (bound.problem.of_larger_boxes or (bound.derivation and bound.assumptions)):
        return "derived, under assumptions"
    if bound.derivation is not None and bound.derivation.envelope_relation == ">=":
        return "proven bound"
    return _STATUS[bound.engine]


def _common(values: Sequence[str], otherwise: str) -> str:
    return values[0] if len(set(values)) == 1 else otherwise


def _title(what: str, bounds: Sequence[Bound]) -> str:
    facts = [
        text.format(value)
        for part, text in (("n_classes", "{} classes"), ("hypotheses", "{} hypotheses"))
        if (value := _common([str(getattr(b.problem, part)) for b in bounds], ""))
    ]
    return "\n".join([what, ", ".join(facts)]).rstrip()
