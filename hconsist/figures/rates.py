"""Rates with their slopes: how fast a bound on the error shrinks with the surrogate excess,
predicted and measured.

A surrogate with ``T(b) ~ b^s`` near 0 bounds the excess error by a constant times ``u^(1/s)``, u
the surrogate excess. Under Tsybakov noise of exponent a, ``P(margin <= t) = t^(a / (1 - a))``, the
power becomes ``1 / (s - a (s - 1))``.

Source: Mao, Mohri, Zhong, "Enhanced H-consistency bounds", ALT 2025; Bartlett, Jordan, McAuliffe,
JASA 2006, theorem 3.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import matplotlib as mpl
import numpy as np
from numpy.typing import NDArray

from hconsist.bounds import Bound, derive
from hconsist.distributions import GaussianMixture, NoisyLabels, TsybakovNoise
from hconsist.errors import InvalidInputError
from hconsist.figures import FIGURES
from hconsist.figures.style import DASHED, DOTTED, LOOKS
from hconsist.losses import Loss, parse_loss
from hconsist.plots import STYLE, axes_in_style
from hconsist.simulate.conditional import best_scores, conditional_risk
from hconsist.simulate.population import Population, population

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Array = NDArray[np.float64]

#: Two labels, to whose margins `TsybakovNoise` gives the law that it promises.
_CLEAN = GaussianMixture([0.5, 0.5], [[-1.0], [1.0]], [[1.0]])
EXPONENTS = (0.2, 0.4, 0.6, 0.8)


@dataclass(frozen=True)
class Slope:
    """A fitted power.

    Parameters
    ----------
    value : float
        Least-squares slope of log y on log x, the mean over independent repetitions.
    error : float
        Half the width of the 95 % interval of that mean (Student's t); 0 for one repetition.
    """

    value: float
    error: float


def fit_slope(x: Array, y: Array) -> Slope:
    """The power in ``y ~ x^power``, fitted in each repetition by itself.

    Shapes: both (repetitions, points), positive.

    Examples
    --------
    >>> x = np.array([[0.1, 0.2, 0.4], [0.1, 0.3, 0.5]])
    >>> fit_slope(x, 3 * x**0.5)
    Slope(value=0.5, error=0.0)
    """
    from scipy.stats import t

    x, y = np.log(x), np.log(y)
    x = x - x.mean(axis=1, keepdims=True)
    slopes = (x * y).sum(axis=1) / (x * x).sum(axis=1)
    count = len(slopes)
    error = slopes.std(ddof=1) * t.ppf(0.975, count - 1) / np.sqrt(count) if count > 1 else 0.0
    return Slope(
        round(float(slopes.mean()), 5), round(float(error), 5)
    )  # last digits differ between machines


def worst_pairs(
    loss: Loss, exponent: float, *, repeats: int = 8, seed: int = 0
) -> tuple[Array, Array]:
    """Surrogate and target excess of hypotheses that score 0, a wrong tie, wherever the margin is
    below a threshold.

    No hypothesis of the same target excess costs less, so these meet the predicted power. Both are
    means over inputs, computed from the conditional risks; T does not enter.

    Parameters
    ----------
    loss : Loss
        Of two labels.
    exponent : float
        Of the Tsybakov noise, in (0, 1).
    repeats : int
        Independent randomisations of the inputs.

    Returns
    -------
    surrogate, target : array (repeats, thresholds)

    Examples
    --------
    >>> surrogate, target = worst_pairs(parse_loss("mae"), 0.5)
    >>> bool(np.allclose(2 * surrogate, target))  # a wrong tie costs half the margin
    True
    """
    nodes = _nodes(exponent, repeats, seed)
    p = nodes.p.reshape(-1, 2)
    cost = (conditional_risk(loss, np.zeros_like(p), p) - best_scores(loss, p)[0]).reshape(
        nodes.p.shape[:-1]
    )
    margin = np.abs(nodes.p[..., 1] - nodes.p[..., 0])
    # from the threshold that one input in 2000 meets, so that there are some, to where T leaves its
    # power
    thresholds = np.geomspace(max(5e-4 ** ((1 - exponent) / exponent), 1e-4), 0.3, 10)
    below = margin[:, None] <= thresholds[:, None]
    return (below * (cost * nodes.weights)[:, None]).sum(-1), (
        below * (margin * nodes.weights)[:, None]
    ).sum(-1)


@lru_cache(maxsize=8)
def _nodes(exponent: float, repeats: int, seed: int) -> Population:
    return population(
        NoisyLabels(_CLEAN, TsybakovNoise(exponent, _CLEAN)),
        log2_points=12,
        repeats=repeats,
        seed=seed,
    )


def gamma_rates(
    bounds: Sequence[Bound], ax: Axes | None = None, *, labels: Sequence[str] | None = None
) -> Axes:
    """Gamma on logarithmic axes; the legend gives the slope fitted between the excesses 1e-6 and
    1e-4.

    Parameters
    ----------
    bounds : sequence of Bound
        At most seven.
    ax : matplotlib Axes, optional
    labels : sequence of str, optional
        One name for each bound; spec strings when left out.

    Returns
    -------
    matplotlib Axes

    Raises
    ------
    InvalidInputError
        For no bound or more than seven.

    Examples
    --------
    >>> ax = gamma_rates([derive("hinge"), derive("margin-logistic")])
    >>> [line.get_label() for line in ax.lines]
    ['hinge: 1.000', 'margin-logistic: 0.500']
    """
    if not 1 <= len(bounds) <= len(LOOKS):
        raise InvalidInputError(
            f"this figure holds one to {len(LOOKS)} bounds", len(bounds), "draw fewer"
        )
    names = [b.problem.surrogate.spec for b in bounds] if labels is None else list(labels)
    excess = np.geomspace(1e-6, 0.1, 101)
    betas = np.concatenate([[0.0], np.geomspace(1e-7, 1, 1201)])
    ax = axes_in_style(ax)
    with mpl.rc_context(fname=STYLE):
        for index, (bound, name) in enumerate(zip(bounds, names, strict=True)):
            gamma = np.interp(excess, bound.envelope_curve(betas), betas)
            slope = fit_slope(excess[None, :41], gamma[None, :41])
            colour, marker = LOOKS[index]
            every = (0.05 + 0.04 * index, 0.2)
            ax.plot(
                excess,
                gamma,
                color=colour,
                marker=marker,
                markevery=every,
                label=f"{name}: {slope.value:.3f}",
            )
    ax.set_xscale("log")
    ax.set_yscale("log")
    ax.set_xlim(excess[0], excess[-1])
    ax.set_xlabel("surrogate excess u")
    ax.set_ylabel(r"bound $\Gamma(u)$ on the excess error")
    return ax


def noise_pairs(
    loss: Loss, ax: Axes | None = None, *, exponents: Sequence[float] = EXPONENTS
) -> Axes:
    """Worst pairs under Tsybakov noise on logarithmic axes, and lines of the predicted slope
    through them.

    Parameters
    ----------
    loss : Loss
        Of two labels, with T(b) ~ b^2 near 0.
    ax : matplotlib Axes, optional
    exponents : sequence of float
        In (0, 1); at most seven.

    Returns
    -------
    matplotlib Axes

    Examples
    --------
    >>> ax = noise_pairs(parse_loss("logistic"), exponents=[0.5])
    >>> [line.get_label() for line in ax.lines]
    ['exponent 0.5', '_slope 0.667']
    """
    ax = axes_in_style(ax)
    with mpl.rc_context(fname=STYLE):
        for exponent, (colour, marker) in zip(exponents, LOOKS, strict=False):
            x, y = (
                np.array([float(f"{v:.5g}") for v in pairs.mean(axis=0)])
                for pairs in worst_pairs(loss, exponent)
            )
            ax.plot(
                x, y, linestyle="none", marker=marker, color=colour, label=f"exponent {exponent:g}"
            )
            slope, ends = 1 / (2 - exponent), np.array([x[0], 1.0])
            (line,) = ax.plot(
                ends, y[0] * (ends / x[0]) ** slope, color=colour, label=f"_slope {slope:.3f}"
            )
            line.set(linewidth=1.2, zorder=1)
    ax.set_xscale("log")
    ax.set_yscale("log")
    ax.set_xlim(1e-9, 1)
    ax.set_ylim(1e-5, 1)
    ax.set_xlabel("surrogate excess")
    ax.set_ylabel("excess error")
    return ax


def slopes_under_noise(
    losses: Sequence[tuple[str, Loss, float]],
    ax: Axes | None = None,
    *,
    exponents: Sequence[float] = EXPONENTS,
) -> Axes:
    """Fitted slopes with 95 % intervals against the noise exponent; lines are the prediction.

    The intervals are those of the inputs' randomisation. The prediction is a limit: at the excesses
    of `worst_pairs` the powers that follow b^s in T shift a slope by about 0.001.

    Parameters
    ----------
    losses : sequence of (name, loss of two labels, growth)
        Growth is s in T(b) ~ b^s; at most seven losses.
    ax : matplotlib Axes, optional
    exponents : sequence of float
        In (0, 1).

    Returns
    -------
    matplotlib Axes

    Examples
    --------
    >>> ax = slopes_under_noise([("MAE", parse_loss("mae"), 1)], exponents=[0.5])
    >>> [round(float(v), 3) for v in ax.containers[0].lines[0].get_ydata()]
    [1.0]
    """
    ax = axes_in_style(ax)
    grid = np.linspace(0, 1, 101)
    with mpl.rc_context(fname=STYLE):
        for growth, dash in zip(
            sorted({entry[2] for entry in losses}), (DOTTED, DASHED, "-"), strict=False
        ):
            predicted = 1 / (growth - grid * (growth - 1))
            label = f"predicted, growth {growth:g}"
            ax.plot(
                grid, predicted, color="0.25", linestyle=dash, linewidth=1.4, label=label, zorder=1
            )
        for index, (name, loss, _) in enumerate(losses):
            colour, marker = LOOKS[index]
            found = [fit_slope(*worst_pairs(loss, exponent)) for exponent in exponents]
            values, errors = [slope.value for slope in found], [slope.error for slope in found]
            places = np.array(exponents) + 0.025 * (
                index - (len(losses) - 1) / 2
            )  # beside one another, not on top
            ax.errorbar(
                places,
                values,
                errors,
                label=name,
                color=colour,
                marker=marker,
                linestyle="none",
                capsize=4,
                elinewidth=1.4,
            )
    ax.set_xlim(0, 1)
    ax.set_ylim(0.2, 1.05)
    ax.set_xlabel("noise exponent (1: Massart)")
    ax.set_ylabel("slope of log error on log excess")
    return ax


@FIGURES.register("rates")
def rates() -> Figure:
    """Rates with slopes: bounds of losses, errors under noise, and every fitted slope beside the
    predicted one.
    """
    from matplotlib.figure import Figure

    specs = {
        "MAE, n = 10": ("mae", 10),
        "MAE, n = 100": ("mae", 100),
        "cross-entropy": ("logistic", 10),
    }
    specs["GCE, q = 0.5"] = ("gce:q=0.5", 10)
    logistic = parse_loss("logistic")
    losses = [
        ("cross-entropy", logistic, 2.0),
        ("GCE, q = 0.5", parse_loss("gce:q=0.5"), 2.0),
        ("MAE", parse_loss("mae"), 1.0),
    ]
    with mpl.rc_context(fname=STYLE):
        figure = Figure(figsize=(11.4, 4.0))
        left, middle, right = figure.subplots(1, 3)
        gamma_rates(
            [derive(spec, n_classes=n) for spec, n in specs.values()], left, labels=list(specs)
        )
        noise_pairs(logistic, middle)
        slopes_under_noise(losses, right)
        left.set_title("Bounds and their slopes at 0")
        middle.set_title("Cross-entropy under noise")
        right.set_title("Fitted slopes, 95 % intervals")
        for ax in (left, middle, right):
            ax.legend(loc="lower right")
    return figure
