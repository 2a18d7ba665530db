"""Which method answers which problem."""

from __future__ import annotations

import numpy as np

from hconsist.engines.numeric.inner import (
    Fallback,
    Inner,
    SeparableScores,
    SeparableSoftmax,
    WaterFilling,
)
from hconsist.engines.numeric.jets import GroupJetOps, GroupScores, Jet, JetOps
from hconsist.engines.numeric.shapes import known_shape, order
from hconsist.engines.numeric.smooth import (
    FormulaModel,
    Newton,
    PairwiseModel,
    SeparableScoresModel,
    SoftmaxModel,
)
from hconsist.errors import EngineCannotAnswerError
from hconsist.losses import LDRk, Loss, Max, SoftmaxLoss, Sum
from hconsist.pointwise import PointwiseProblem

#: On the complete set, scores beyond this many units change no risk in double precision.
_FAR = 60.0


def inner_solver(problem: PointwiseProblem) -> Inner | None:
    """The batched solver of best-in-class risks, for symmetric losses that are smooth and convex in
    some coordinates.
    """
    loss, bound = problem.surrogate, problem.hypotheses.score_bound
    shape = known_shape(loss)
    if not loss.symmetric or order(loss) != -1:
        return None  # the pooling lemma needs both
    if shape not in ("convex in softmax", "convex in scores"):
        return None
    if not _has_jets(loss) or is_piecewise_linear(loss):
        return None
    if isinstance(loss, SoftmaxLoss):
        unit = float(loss.temperature)
        if bound is None and shape == "convex in softmax":
            if _finite_slope(loss):
                return WaterFilling(loss.separable)
            fast = SeparableSoftmax(loss.separable)
            return (
                Fallback(fast, Newton(SoftmaxModel(loss), _FAR * unit, unit))
                if _straight_at_one(loss)
                else fast
            )
        newton = Newton(
            SoftmaxModel(loss), _FAR * unit + _margin(loss) if bound is None else float(bound), unit
        )
        return (
            Fallback(SeparableSoftmax(loss.separable, iterations=25, rising=True), newton)
            if bound is None
            else newton
        )
    if isinstance(loss, Max | LDRk) or (bound is not None and loss.sum_to_zero and problem.n > 2):
        return None
    separable = loss.separable
    if separable is not None and separable.complement:
        newton = Newton(
            SeparableScoresModel(separable.term, problem.n), _FAR if bound is None else float(bound)
        )
        return Fallback(SeparableScores(separable), newton) if bound is None else newton
    far = _FAR if bound is None else float(bound)
    if isinstance(loss, Sum):
        return Newton(PairwiseModel(loss.phi.of_margin), far)
    model = FormulaModel(loss, problem.n, loss.sum_to_zero, _inner_maxima(loss))
    return Newton(model, far)


def _finite_slope(loss: SoftmaxLoss) -> bool:
    """Whether phi' has a finite limit at 0, so that unlikely labels may get no share at all."""
    jet: Jet = loss.of_softmax(Jet.variable(np.array([1e-12, 1e-9])), JetOps())
    slopes = -jet.gradient[:, 0]
    return bool(slopes[0] < 1.0005 * slopes[1])


def _straight_at_one(loss: SoftmaxLoss) -> bool:
    """Whether phi'' vanishes at 1 where phi' does not: the conditions of a label with nearly all
    the mass degenerate.
    """
    jet: Jet = loss.of_softmax(Jet.variable(np.array([1.0])), JetOps())
    return bool(abs(jet.hessian[0, 0, 0]) < 1e-9 * abs(jet.gradient[0, 0]))


def _margin(loss: Loss) -> float:
    return 3.0 * float(getattr(loss, "c", 0))


def _plain_run(loss: Loss) -> GroupJetOps:
    """The arithmetic after the formula ran once, on scores 0 and without derivatives."""
    scores = np.zeros((1, loss.only_classes or 3))
    ops = GroupJetOps(np.ones_like(scores))
    loss.losses(GroupScores(scores, scores.shape[1], derivatives=False), ops)
    return ops


def _has_jets(loss: Loss) -> bool:
    """Whether the formula of the loss stays within the arithmetic of jets (no sorting)."""
    try:
        _plain_run(loss)
    except (NotImplementedError, EngineCannotAnswerError):
        return False
    return True


def _inner_maxima(loss: Loss) -> bool:
    """Whether the formula maximises over a variable of its own."""
    return bool(_plain_run(loss).maximisers)


def is_piecewise_linear(loss: Loss) -> bool:
    """Whether the second derivatives of the loss (in softmax values, where it is a function of
    them) vanish.

    Examples
    --------
    >>> from hconsist.losses import parse_loss
    >>> is_piecewise_linear(parse_loss("mae")), is_piecewise_linear(parse_loss("sum:phi=hinge"))
    (True, True)
    """
    if isinstance(loss, SoftmaxLoss):  # u^(-1/2) and the like have no jet at 0: stay inside
        jet: Jet = loss.of_softmax(Jet.variable(np.linspace(0.05, 0.95, 7)), JetOps())
    else:
        n = loss.only_classes or 3
        scores = np.random.default_rng(0).normal(size=(20, n))
        if not _has_jets(loss):
            return False
        if _inner_maxima(loss):
            return False
        jet = loss.losses(GroupScores(scores, n), GroupJetOps(np.ones_like(scores)))
    return bool(np.all(np.abs(jet.hessian) < 1e-12))
