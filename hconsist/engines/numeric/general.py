"""Targets with costs of their own: the methods that read them, and why each may not apply."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from hconsist.arithmetic import NUMPY
from hconsist.engines.numeric.cones import Coordinates, Kind, Pairs, Solution
from hconsist.engines.numeric.plugin import PlugIn
from hconsist.errors import EngineCannotAnswerError
from hconsist.losses.forms import OfProbabilities
from hconsist.losses.of_predictions import (
    PredictionLoss,
    Squares,
    WeightedMargins,
    WeightedSoftmax,
)
from hconsist.pointwise import UNREACHED, Answer, PointwiseProblem, Witness

Array = NDArray[np.float64]

DUAL = "for each pair of predictions a one-dimensional dual over linear programs (docs/targets.md)"
CONES = "for each pair of predictions a convex program (docs/targets.md)"

#: Relative disagreement of a value and the re-evaluated regret of its witness that is reported.
_AGREE = 1e-7
#: Scores below the largest by this many temperatures stand for minus infinity.
_FAR = 100.0


def answers(problem: PointwiseProblem, betas: list[Fraction]) -> list[Answer]:
    """T at every beta for a target with costs of its own, or a loss that scores its predictions.

    Raises
    ------
    EngineCannotAnswerError
        With what the loss, the hypothesis set or the target lacks.
    """
    decision = problem.decision
    if problem.hypotheses.score_bound is not None:
        raise _refused(problem, "costs other than zero-one ones are solved for complete scores")
    if decision.size != 1:
        raise _refused(problem, "costs other than zero-one ones are solved for one prediction")
    kind = divergence(problem)
    if kind is not None and kind[0] == "kl":
        plug_in = PlugIn(decision)
        return [_plug_in(problem, plug_in, b, kind[1]) for b in betas]
    found = coordinates(problem)
    if found is None:
        raise _refused(
            problem,
            "its regret is no multiple of a KL divergence or a squared distance, in which each "
            "pair of predictions is a convex program",
        )
    costs = np.array([[float(v) for v in row] for row in decision.costs.exact_rows()])
    pairs = Pairs(found, costs)
    return [_by_cones(problem, pairs, b) for b in betas]


def _refused(problem: PointwiseProblem, reason: str) -> EngineCannotAnswerError:
    return EngineCannotAnswerError(
        "numeric", f"{problem.surrogate.spec} and the target {problem.target}: {reason}"
    )


def divergence(problem: PointwiseProblem) -> tuple[str, float] | None:
    """Whether the surrogate regret at forecast q is a multiple of KL(p; q) or of |p - q|^2, and
    which.

    Seen at random pairs (p, q), which is enough for an estimate: every witness is evaluated from
    the loss.

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
    random = np.random.default_rng(0)
    p, q = random.dirichlet(np.ones(problem.n), size=(2, 7))
    with np.errstate(all="ignore"):
        regret = np.sum(p * (form.f(q, NUMPY) - form.f(p, NUMPY)), axis=-1)
    kinds = {
        "kl": np.sum(p * np.log(p / q), axis=-1),
        "square": np.sum((p - q) ** 2, axis=-1),
    }
    return _multiple(regret, kinds)


def _multiple(regret: Array, kinds: dict[str, Array]) -> tuple[str, float] | None:
    """Which measure the regrets are a positive multiple of, and the multiple."""
    for name, measure in kinds.items():
        with np.errstate(all="ignore"):
            ratio = regret / measure
        if np.all(np.isfinite(ratio)) and ratio[0] > 0 and np.ptp(ratio) <= 1e-9 * ratio[0]:
            return name, round(float(np.mean(ratio)), 12)
    return None


def coordinates(problem: PointwiseProblem) -> Coordinates | None:
    """The coordinates in which the surrogate regret is jointly convex, where it is seen to be."""
    loss, decision = problem.surrogate, problem.decision
    if isinstance(loss, PredictionLoss):
        form = loss.prediction_form(decision.items)
        weights = np.array([[float(v) for v in row] for row in form.weights])
        match form:
            case WeightedSoftmax():
                return _of_softmax(form, weights)
            case WeightedMargins():
                return _of_margins(form, weights)
            case Squares():
                return Coordinates("square of each", weights, 1.0, lambda v: v)
    kind = divergence(problem)
    if kind is None or kind[0] != "square":
        return None
    unit = float(decision.temperature)
    regions = [
        np.array([[float(v) for v in row] for row in decision.exact_region(r)])
        for r in range(decision.items)
    ]
    return Coordinates(
        "square on a simplex", np.eye(problem.n), kind[1], lambda v: _logarithm(v, unit), regions
    )


def _logarithm(v: Array, unit: float = 1.0) -> Array:
    with np.errstate(divide="ignore"):
        return np.asarray(np.maximum(np.log(v / v.max()), -_FAR) * unit)


def _of_softmax(form: WeightedSoftmax, weights: Array) -> Coordinates | None:
    w, v = np.random.default_rng(0).dirichlet(np.ones(3), size=(2, 7))
    regret = np.sum(w * (form.g.g(v, NUMPY) - form.g.g(w, NUMPY)), axis=-1)
    kind = _multiple(regret, {"kl": np.sum(w * np.log(w / v), axis=-1)})
    unit = float(form.g.temperature)
    if kind is None:
        return None
    return Coordinates("kl on a simplex", weights, kind[1], lambda v: _logarithm(v, unit))


def _of_margins(form: WeightedMargins, weights: Array) -> Coordinates | None:
    """A logistic phi up to its unit, or a square."""
    w, v = np.random.default_rng(0).uniform(0.05, 0.95, size=(2, 7))

    def risk(u: Array) -> Array:
        return np.asarray(w * form.phi.phi(u, NUMPY) + (1 - w) * form.phi.phi(-u, NUMPY))

    kl = w * np.log(w / v) + (1 - w) * np.log((1 - w) / (1 - v))
    links: dict[Kind, tuple[Callable[[Array], Array], Array]] = {
        "kl of each": (_logit, kl),
        "square of each": (lambda v: 2 * v - 1, (w - v) ** 2),
    }
    for kind, (link, measure) in links.items():
        found = _multiple(risk(link(v)) - risk(link(w)), {kind: measure})
        if found is not None:
            return Coordinates(kind, weights, found[1], link)
    return None


def _logit(v: Array) -> Array:
    with np.errstate(divide="ignore"):
        return np.asarray(np.clip(np.log(v) - np.log1p(-v), -_FAR, _FAR))


def _plug_in(problem: PointwiseProblem, plug_in: PlugIn, beta: Fraction, scale: float) -> Answer:
    if beta == 0:
        return _at_a_tie(problem, plug_in)
    found = plug_in.smallest_regret(float(beta))
    if found is None:
        return Answer(None, None, None, None, "numeric", (DUAL,), UNREACHED)
    unit = float(problem.decision.temperature)
    scores = _logarithm(found.q, unit), _logarithm(found.p, unit)
    return witnessed(problem, found.p, scores, found.item, scale * found.value, DUAL)


def _at_a_tie(problem: PointwiseProblem, plug_in: PlugIn) -> Answer:
    """T(0) = 0: any forecast that is the truth."""
    p = np.full(problem.n, 1 / problem.n)
    item = int(np.argmin(plug_in.costs @ p))
    scores = _logarithm(p, float(problem.decision.temperature))
    return witnessed(problem, p, (scores, scores), item, 0.0, DUAL)


def _by_cones(problem: PointwiseProblem, pairs: Pairs, beta: Fraction) -> Answer:
    found = pairs.smallest_regret(float(beta)) if beta else _no_regret(problem, pairs)
    if found is None:
        return Answer(None, None, None, None, "numeric", (CONES,), UNREACHED)
    if isinstance(found, str):
        return Answer(None, None, None, None, "numeric", (CONES,), found)
    link = pairs.coordinates.scores
    scores, best = link(found.v), link(pairs.coordinates.weights @ found.p)
    return witnessed(problem, found.p, (scores, best), found.item, found.value, CONES)


def _no_regret(problem: PointwiseProblem, pairs: Pairs) -> Solution:
    p = np.full(problem.n, 1 / problem.n)
    w = pairs.coordinates.weights @ p
    return Solution(0.0, p, w, int(np.argmin(pairs.costs @ p)))


def witnessed(
    problem: PointwiseProblem,
    p: Array,
    scores: tuple[Array, Array],
    item: int,
    value: float,
    method: str,
) -> Answer:
    """An answer whose witness is evaluated from the loss and the costs; a value that its witness
    does not confirm is no estimate.

    Parameters
    ----------
    scores : pair of arrays
        Those that predict the item, and the best ones at p.
    """
    worst, best = scores
    regret = float(problem.conditional_risk(worst, p) - problem.conditional_risk(best, p))
    reached = float(problem.decision.regret(p, [item]))
    witness = Witness(
        tuple(map(float, p)), tuple(map(float, worst)), (item,), regret, prediction_regret=reached
    )
    reason = ""
    if not abs(value - regret) <= _AGREE * abs(value) + 1e-12:
        reason = f"value {value:.12g} and re-evaluated regret {regret:.12g} of the witness differ"
    return Answer(
        None if reason else max(value, 0.0), None, None, witness, "numeric", (method,), reason
    )
