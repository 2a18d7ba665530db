"""In which coordinates a surrogate regret is a KL divergence or a squared distance.

Seen at random points, so many that a feature a thousandth wide is met, which is enough for an
estimate: every witness is evaluated from the loss.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from hconsist.arithmetic import NUMPY
from hconsist.decisions.score_rules import ranking
from hconsist.engines.numeric.cones import Coordinates, Kind, on_the_side, pooled, sorted_as
from hconsist.losses.forms import OfProbabilities
from hconsist.losses.prediction_forms import (
    PredictionForm,
    Rows,
    Squares,
    WeightedMargins,
    WeightedSoftmax,
)
from hconsist.pointwise import PointwiseProblem

Array = NDArray[np.float64]

#: Scores below the largest by this many temperatures stand for minus infinity.
FAR = 100.0
#: Entries of the random distributions that a loss is seen at.
_NUMBERS = 12_000


def divergence(problem: PointwiseProblem) -> tuple[str, float] | None:
    """Whether the surrogate regret at forecast q is a multiple of KL(p; q) or of |p - q|^2, and
    which.

    Examples
    --------
    >>> divergence(PointwiseProblem("brier", n_classes=3))
    ('square', 1.0)
    >>> divergence(PointwiseProblem("gce:q=0.5", n_classes=3)) is None
    True
    """
    form = problem.surrogate.form(OfProbabilities, problem.n)
    if form is None:
        return None
    p, q = _distributions(problem.n)
    with np.errstate(all="ignore"):
        regret = np.sum(p * (form.f(q, NUMPY) - form.f(p, NUMPY)), axis=-1)
    kinds = {
        "kl": np.sum(p * np.log(p / q), axis=-1),
        "square": np.sum((p - q) ** 2, axis=-1),
    }
    return multiple(regret, kinds)


def _distributions(n: int) -> tuple[Array, Array]:
    """Pairs of random distributions, not so close that rounding matters."""
    p, q = np.random.default_rng(0).dirichlet(np.ones(n), size=(2, max(_NUMBERS // n, 8)))
    apart = np.sum((p - q) ** 2, axis=-1) > 1e-3 / n
    return p[apart], q[apart]


def multiple(regret: Array, kinds: dict[str, Array]) -> tuple[str, float] | None:
    """Which measure the regrets are a positive multiple of, and the multiple."""
    for name, measure in kinds.items():
        with np.errstate(all="ignore"):
            ratio = regret / measure
        if np.all(np.isfinite(ratio)) and ratio[0] > 0 and np.ptp(ratio) <= 1e-9 * ratio[0]:
            return name, round(float(np.mean(ratio)), 12)
    return None


def form_of(problem: PointwiseProblem) -> PredictionForm | None:
    """The conditional risk as a function of ``weights @ p``, where the loss says it."""
    return problem.surrogate.prediction_form(problem.n_scores)


def forecast(problem: PointwiseProblem) -> tuple[str, float] | None:
    """`divergence` where the labels themselves are forecast, by whatever loss."""
    form = form_of(problem)
    if isinstance(form, WeightedSoftmax) and problem.decision.rule in (
        "least expected cost",
        "mean",
    ):
        own = np.array_equal(_floats(form.weights), np.eye(problem.n))
        found = _of_softmax(form, _floats(form.weights), _nowhere) if own else None
        return None if found is None else ("kl", found.scale)
    return divergence(problem)


def coordinates(problem: PointwiseProblem) -> Coordinates | None:
    """The coordinates in which the surrogate regret is jointly convex, where it is seen to be."""
    decision = problem.decision
    form = form_of(problem)
    if form is None:
        kind = divergence(problem)
        if kind is None:
            return None
        unit = float(decision.temperature)
        name: Kind = "square on a simplex" if kind[0] == "square" else "kl on a simplex"
        return Coordinates(
            name, np.eye(problem.n), kind[1], lambda v: logarithm(v, unit), _of_forecast(problem)
        )
    weights = _floats(form.weights)
    region: Callable[[int], Array] = _nowhere
    if decision.rule == "least expected cost":
        region = _of_forecast(problem)
    elif not decision.predicts_numbers:
        region = _of_scores(problem)
    match form:
        case WeightedSoftmax():
            found = _of_softmax(form, weights, region)
        case WeightedMargins():
            found = _of_margins(form, weights, region)
        case Squares():
            found = Coordinates("square of each", weights, 1.0, lambda v: v, region)
    if found is None or region is _nowhere or decision.rule == "least expected cost":
        return found
    return replace(found, nearest=_nearest(problem, found.origin))


def _floats(rows: Rows) -> Array:
    return np.array([[float(v) for v in row] for row in rows])


def _nowhere(item: int) -> Array:
    del item
    return np.zeros((0, 0))


def _of_forecast(problem: PointwiseProblem) -> Callable[[int], Array]:
    decision = problem.decision
    return _nowhere if decision.predicts_numbers else lambda r: _floats_of(decision.exact_region(r))


def _of_scores(problem: PointwiseProblem) -> Callable[[int], Array]:
    decision, size = problem.decision, problem.n_scores
    return lambda item: _floats_of(decision.score_region(item, size))


def _floats_of(rows: list[list[Fraction]] | list[list[int]]) -> Array:
    return np.array([[float(v) for v in row] for row in rows])


def _nearest(problem: PointwiseProblem, origin: float) -> Callable[[Array, int], Array]:
    """The best coordinates for a prediction: means of blocks, or the origin."""
    rule, size, region = problem.decision.rule, problem.n_scores, _of_scores(problem)
    if rule == "order":
        return lambda w, item: sorted_as(w, ranking(item, size))
    if rule in ("signs", "count"):
        return lambda w, item: on_the_side(w, region(item), origin)
    return pooled


def logarithm(v: Array, unit: float = 1.0) -> Array:
    """Scores whose softmax is v; those of 0 far below the others."""
    with np.errstate(divide="ignore"):
        return np.asarray(np.maximum(np.log(v / v.max()), -FAR) * unit)


def _of_softmax(
    form: WeightedSoftmax, weights: Array, region: Callable[[int], Array]
) -> Coordinates | None:
    w, v = _distributions(3)
    regret = np.sum(w * (form.g.g(v, NUMPY) - form.g.g(w, NUMPY)), axis=-1)
    kind = multiple(regret, {"kl": np.sum(w * np.log(w / v), axis=-1)})
    unit = float(form.g.temperature)
    if kind is None:
        return None
    return Coordinates("kl on a simplex", weights, kind[1], lambda v: logarithm(v, unit), region)


def _of_margins(
    form: WeightedMargins, weights: Array, region: Callable[[int], Array]
) -> Coordinates | None:
    """A logistic phi up to its unit, or a square."""
    w, v = (p[:, 0] for p in _distributions(2))

    def risk(u: Array) -> Array:
        return np.asarray(w * form.phi.phi(u, NUMPY) + (1 - w) * form.phi.phi(-u, NUMPY))

    kl = w * np.log(w / v) + (1 - w) * np.log((1 - w) / (1 - v))
    links: dict[Kind, tuple[Callable[[Array], Array], Array]] = {
        "kl of each": (_logit, kl),
        "square of each": (lambda v: 2 * v - 1, (w - v) ** 2),
    }
    for kind, (link, measure) in links.items():
        found = multiple(risk(link(v)) - risk(link(w)), {kind: measure})
        if found is not None:
            return Coordinates(kind, weights, found[1], link, region, origin=0.5)
    return None


def _logit(v: Array) -> Array:
    with np.errstate(divide="ignore"):
        return np.asarray(np.clip(np.log(v) - np.log1p(-v), -FAR, FAR))
