"""Targets with costs of their own: the methods that read them, and why each may not apply."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from hconsist.arithmetic import NUMPY
from hconsist.engines.numeric.plugin import PlugIn
from hconsist.errors import EngineCannotAnswerError
from hconsist.losses.forms import OfProbabilities
from hconsist.pointwise import Answer, PointwiseProblem, Witness

Array = NDArray[np.float64]

DUAL = "for each pair of predictions a one-dimensional dual over linear programs (docs/targets.md)"
NOWHERE = "no prediction has that target regret at a finite surrogate regret"

#: Relative disagreement of a value and the re-evaluated regret of its witness that is reported.
_AGREE = 1e-7
#: Scores below the largest by this many temperatures stand for minus infinity.
_FAR = 100.0


def answers(problem: PointwiseProblem, betas: list[Fraction]) -> list[Answer]:
    """T at every beta for a target that is not the zero-one or a top-k target.

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
    if kind is None or kind[0] != "kl":
        raise _refused(
            problem, "its regret is not a multiple of KL(p; q), in which each pair is convex"
        )
    plug_in = PlugIn(decision)
    return [_plug_in(problem, plug_in, b, kind[1]) for b in betas]


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
    for name, measure in kinds.items():
        ratio = regret / measure
        if np.all(np.isfinite(ratio)) and ratio[0] > 0 and np.ptp(ratio) <= 1e-9 * ratio[0]:
            return name, round(float(np.mean(ratio)), 12)
    return None


def _plug_in(problem: PointwiseProblem, plug_in: PlugIn, beta: Fraction, scale: float) -> Answer:
    if beta == 0:
        return _at_a_tie(problem, plug_in)
    found = plug_in.smallest_regret(float(beta))
    if found is None:
        return Answer(None, None, None, None, "numeric", (DUAL,), NOWHERE)
    return witnessed(problem, found.p, found.q, found.item, scale * found.value, DUAL)


def _at_a_tie(problem: PointwiseProblem, plug_in: PlugIn) -> Answer:
    """T(0) = 0: any forecast that is the truth."""
    n = problem.n
    p = np.full(n, 1 / n)
    item = int(np.argmin(plug_in.costs @ p))
    return witnessed(problem, p, p, item, 0.0, DUAL)


def witnessed(
    problem: PointwiseProblem, p: Array, q: Array, item: int, value: float, method: str
) -> Answer:
    """An answer whose witness is evaluated from the loss and the costs; a value that its witness
    does not confirm is no estimate.
    """
    unit = float(problem.decision.temperature)
    with np.errstate(divide="ignore"):
        scores, best = (np.maximum(np.log(v / v.max()), -_FAR) * unit for v in (q, p))
    regret = float(problem.conditional_risk(scores, p) - problem.conditional_risk(best, p))
    reached = float(problem.decision.regret(p, [item]))
    witness = Witness(
        tuple(map(float, p)), tuple(map(float, scores)), (item,), regret, prediction_regret=reached
    )
    reason = ""
    if not abs(value - regret) <= _AGREE * abs(value) + 1e-13:
        reason = (
            f"dual value {value:.12g} and re-evaluated regret {regret:.12g} of the witness differ"
        )
    return Answer(
        None if reason else max(value, 0.0), None, None, witness, "numeric", (method,), reason
    )
