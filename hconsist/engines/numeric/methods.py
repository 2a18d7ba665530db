"""Which method answers which problem."""

from __future__ import annotations

import numpy as np

from hconsist.engines.numeric.adaptive import AdaptiveModel
from hconsist.engines.numeric.inner import (
    Fallback,
    Inner,
    SeparableScores,
    SeparableSoftmax,
)
from hconsist.engines.numeric.jets import GroupJetOps, GroupScores, Jet, JetOps
from hconsist.engines.numeric.shapes import known_shape, order
from hconsist.engines.numeric.smooth import (
    FormulaModel,
    GroupedLosses,
    Newton,
    PairwiseModel,
    SeparableScoresModel,
    SoftmaxModel,
)
from hconsist.engines.numeric.water import ConvexShares, WaterFilling
from hconsist.errors import EngineCannotAnswerError
from hconsist.losses import Loss, Separable
from hconsist.losses.forms import OfScores, OfSoftmax, Pairwise, Transport
from hconsist.losses.forms_of_scores import AdaptiveTransport
from hconsist.pointwise import PointwiseProblem

#: On the complete set, scores beyond this many units change no risk in double precision.
_FAR = 60.0


def inner_solver(problem: PointwiseProblem) -> Inner | None:
    """The batched solver of best-in-class risks, for symmetric losses that are smooth and convex in
    some coordinates.
    """
    with np.errstate(all="ignore"):  # of samples at the ends of a formula's domain
        return _inner_solver(problem)


def _inner_solver(problem: PointwiseProblem) -> Inner | None:
    loss, bound = problem.surrogate, problem.hypotheses.score_bound
    shape = known_shape(loss)
    if not loss.symmetric or order(loss) != -1:
        return None  # the pooling lemma needs both
    if shape not in ("convex in softmax", "convex in scores"):
        return None
    if not _has_jets(loss) or is_piecewise_linear(loss):
        return None
    form = loss.form(OfSoftmax)
    if form is not None:
        return _of_softmax(problem, form, shape == "convex in softmax")
    pairs = loss.form(Pairwise)
    if pairs is not None and pairs.how == "max":
        return None
    if bound is not None and loss.sum_to_zero and problem.n > 2:
        return None
    far = _FAR if bound is None else float(bound)
    scores = loss.form(OfScores)
    if scores is not None and loss.separable is not None:
        newton = Newton(SeparableScoresModel(loss.separable.term, problem.n), far)
        return Fallback(SeparableScores(loss.separable), newton) if bound is None else newton
    if pairs is not None and pairs.how == "sum":
        return Newton(PairwiseModel(pairs.phi), far)
    adaptive = loss.form(AdaptiveTransport)
    if adaptive is not None:
        return Newton(AdaptiveModel(adaptive, problem.n), far)
    model = FormulaModel(loss, problem.n, loss.sum_to_zero, _inner_maxima(loss))
    return Newton(model, far)


def _of_softmax(problem: PointwiseProblem, form: OfSoftmax, convex: bool) -> Inner | None:
    """Of a loss of the softmax value: convex in it, or else in the scores."""
    bound, unit = problem.hypotheses.score_bound, float(form.temperature)
    separable = Separable("softmax", form.g, temperature=form.temperature)
    smooth = form.g.kinks == () and bool(form.g.fact("strictly convex"))
    if convex and not smooth:
        general = ConvexShares(separable)
        if general.irregular:
            return general if bound is None else None
    if bound is not None:
        return Newton(SoftmaxModel(form), float(bound), unit)
    if not convex:
        transport = problem.surrogate.form(Transport)
        margin = 0.0 if transport is None else 3.0 * float(transport.c)
        newton = Newton(SoftmaxModel(form), _FAR * unit + margin, unit)
        return Fallback(SeparableSoftmax(separable, iterations=25, rising=True), newton)
    if _finite_slope(form):
        return WaterFilling(separable)
    fast = SeparableSoftmax(separable)
    if not _straight_at_one(form):
        return fast
    return Fallback(fast, Newton(SoftmaxModel(form), _FAR * unit, unit))


def local_solver(problem: PointwiseProblem, unit: float) -> Newton | None:
    """Newton steps to a local minimum of the risk, for any loss whose formula can be differentiated
    at groups of labels; None where it cannot, or where scores with a bound have to sum to zero.
    """
    loss, bound = problem.surrogate, problem.hypotheses.score_bound
    if (bound is not None and loss.sum_to_zero) or not _has_jets(loss) or _inner_maxima(loss):
        return None
    far = np.inf if bound is None else float(bound)
    form = loss.form(OfSoftmax)
    if form is None or loss.form(Transport) is not None:  # whose weights may be no floats
        model: GroupedLosses = FormulaModel(loss, problem.n, loss.sum_to_zero)
    else:
        model = SoftmaxModel(form)
    return Newton(model, far, unit, iterations=40)


def _finite_slope(form: OfSoftmax) -> bool:
    """Whether phi' has a finite limit at 0, so that unlikely labels may get no share at all."""
    jet: Jet = form.g(Jet.variable(np.array([1e-12, 1e-9])), JetOps())
    slopes = -jet.gradient[:, 0]
    return bool(slopes[0] < 1.0005 * slopes[1])


def _straight_at_one(form: OfSoftmax) -> bool:
    """Whether phi'' vanishes at 1 where phi' does not: the conditions of a label with nearly all
    the mass degenerate.
    """
    jet: Jet = form.g(Jet.variable(np.array([1.0])), JetOps())
    return bool(abs(jet.hessian[0, 0, 0]) < 1e-9 * abs(jet.gradient[0, 0]))


def _plain_run(loss: Loss) -> GroupJetOps:
    """The arithmetic after the formula ran once, on scores 0 and without derivatives."""
    scores = np.zeros((1, loss.only_classes or 3))
    ops = GroupJetOps(np.ones_like(scores))
    loss.losses(GroupScores(scores, scores.shape[1], derivatives=False), ops)
    return ops


def _has_jets(loss: Loss) -> bool:
    """Whether the formula of the loss stays within the arithmetic of jets (no sorting)."""
    try:
        with np.errstate(all="ignore"):
            _plain_run(loss)
    except (NotImplementedError, EngineCannotAnswerError):
        return False
    return True


def _inner_maxima(loss: Loss) -> bool:
    """Whether the formula maximises over a variable of its own."""
    with np.errstate(all="ignore"):
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
    form = loss.form(OfSoftmax)
    if form is not None:  # u^(-1/2) and the like have no jet at 0: stay inside
        jet: Jet = form.g(Jet.variable(np.linspace(0.05, 0.95, 7)), JetOps())
    else:
        n = loss.only_classes or 3
        scores = np.random.default_rng(0).normal(size=(20, n))
        if not _has_jets(loss):
            return False
        if _inner_maxima(loss):
            return False
        jet = loss.losses(GroupScores(scores, n), GroupJetOps(np.ones_like(scores)))
    return bool(np.all(np.abs(jet.hessian) < 1e-12))
