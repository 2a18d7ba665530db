"""Experiments under a bound: pairs of surrogate and target excess, none of which may lie above
Gamma.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import matplotlib as mpl
import numpy as np
from numpy.typing import NDArray

from hconsist.bounds import Bound, derive
from hconsist.engines import sweep
from hconsist.figures import FIGURES
from hconsist.figures.style import DOTTED, LOOKS
from hconsist.gaps import best_in_class_function
from hconsist.plots import STYLE, axes_in_style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from hconsist.pointwise import PointwiseProblem

Array = NDArray[np.float64]


def random_pairs(problem: PointwiseProblem, size: int = 200, seed: int = 0) -> Array:
    """Surrogate and target regret at random label distributions and random scores, on the complete
    hypothesis set.

    Returns
    -------
    array (size, 2)
        In units of the loss, and of probability.

    Examples
    --------
    >>> from hconsist.pointwise import PointwiseProblem
    >>> pairs = random_pairs(PointwiseProblem("logistic", n_classes=3), size=50)
    >>> pairs.shape, bool(pairs.min() >= -1e-12)
    ((50, 2), True)
    """
    random = np.random.default_rng(seed)
    p = random.dirichlet(np.full(problem.n, 0.6), size=size)
    return _pairs(problem, p, 1.5 * random.standard_normal((size, problem.n)))


def near_witnesses(problem: PointwiseProblem, size: int = 200, seed: int = 0) -> Array:
    """The same pairs close to the worst cases: witnesses of T whose distribution and scores are
    shaken a little.

    Examples
    --------
    >>> from hconsist.pointwise import PointwiseProblem
    >>> near_witnesses(PointwiseProblem("mae", n_classes=3), size=50).shape
    (50, 2)
    """
    random = np.random.default_rng(seed)
    betas = [f"{k}/20" for k in range(1, 20)]
    chosen = random.integers(len(betas), size=size)
    answers = sweep(problem, betas)
    p = np.array([answers[i].witness.p for i in chosen])
    scores = np.array([answers[i].witness.scores for i in chosen])
    shake = 0.15 * random.random((size, 1)) ** 2
    p = (1 - shake) * p + shake * random.dirichlet(np.ones(problem.n), size=size)
    scores = scores + 3 * shake * random.standard_normal(scores.shape)
    labels = np.array([answers[i].witness.predicted[0] for i in chosen])
    scores[np.arange(size), labels] = scores.max(axis=1) + 1e-9  # the wrong prediction stands
    return _pairs(problem, p, scores)


def _pairs(problem: PointwiseProblem, p: Array, scores: Array) -> Array:
    best, _ = best_in_class_function(problem.surrogate, problem.hypotheses, problem.n)
    surrogate = problem.conditional_risk(scores, p) - best(p)
    target = problem.target_regret(p, problem.decision.predict(scores))
    return np.column_stack([surrogate, target])


def cloud_under_bound(
    bound: Bound, ax: Axes | None = None, *, size: int = 200, seed: int = 0
) -> Axes:
    """Random pairs, pairs near the worst cases, and the bound above them; T where one input alone
    cannot reach the bound.

    Parameters
    ----------
    bound : Bound
        On the complete hypothesis set, for the zero-one target.
    ax : matplotlib Axes, optional
    size : int
        Pairs of each kind.
    seed : int

    Returns
    -------
    matplotlib Axes

    Examples
    --------
    >>> ax = cloud_under_bound(derive("mae", n_classes=3), size=20)
    >>> [line.get_label() for line in ax.lines]
    ['random', 'near the worst cases', 'at one input: T', 'the bound']
    """
    ax = axes_in_style(ax)
    betas = np.linspace(0, 1, 201)
    clouds = {
        "random": random_pairs(bound.problem, size, seed),
        "near the worst cases": near_witnesses(bound.problem, size, seed),
    }
    reach = float(bound.envelope_curve(betas)[-1])
    with mpl.rc_context(fname=STYLE):
        for (name, pairs), (colour, marker) in zip(
            clouds.items(), (LOOKS[5], LOOKS[1]), strict=True
        ):
            pairs = np.round(pairs[pairs[:, 0] < 1.1 * reach], 7)
            style = {"markersize": 3.0, "markeredgewidth": 0.0, "alpha": 0.75}
            (line,) = ax.plot(*pairs.T, marker=marker, color=colour, linestyle="none", label=name)
            line.set(**style)
        transform, envelope = bound.transform_curve(betas), bound.envelope_curve(betas)
        if np.max(transform - envelope) > 1e-3 * reach:
            ax.plot(
                transform,
                betas,
                color="black",
                linestyle=DOTTED,
                linewidth=1.4,
                label="at one input: T",
            )
        ax.plot(envelope, betas, color="black", label="the bound")
    ax.set_xlim(0, 1.1 * reach)
    ax.set_ylim(0, 1.03)
    ax.set_xlabel("surrogate excess")
    ax.set_ylabel("excess zero-one error")
    return ax


@FIGURES.register("clouds")
def clouds() -> Figure:
    """Cross-entropy at 3 classes and MAE at 5: random experiments stay far below the bound, worst
    cases touch it.
    """
    from matplotlib.figure import Figure

    with mpl.rc_context(fname=STYLE):
        figure = Figure(figsize=(8.6, 4.2))
        panels = figure.subplots(1, 2, sharey=True)
        titles = {"logistic": ("Cross-entropy, 3 classes", 3), "mae": ("MAE, 5 classes", 5)}
        for ax, (spec, (title, n)) in zip(panels, titles.items(), strict=True):
            cloud_under_bound(derive(spec, n_classes=n), ax)
            ax.set_title(title)
        panels[1].set_ylabel("")
        figure.legend(handles=panels[1].lines, loc="outside lower center", ncols=4, markerscale=2)
    return figure
