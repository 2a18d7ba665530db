"""An audit: risks, regrets or excesses, both sides of the bound, calibration, classes."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hconsist.arithmetic import NUMPY
from hconsist.arithmetic.exact import Value
from hconsist.auditing.calibration import bins, calibration_error, cross_fitted
from hconsist.auditing.findings import Findings, Side
from hconsist.auditing.statistics import (
    ConfidenceInterval,
    mean_interval,
    read_labels,
    read_logits,
    share_interval,
)
from hconsist.bounds import Bound, derive
from hconsist.errors import EngineCannotAnswerError, InvalidInputError
from hconsist.hull import ConvexHull
from hconsist.losses import Loss, parse_loss
from hconsist.losses.per_example import expected_losses, label_losses
from hconsist.simulate.conditional import zero_one_regret
from hconsist.simulate.optimum import is_unbounded_below, least_conditional_risk
from hconsist.simulate.probabilities import link

Array = NDArray[np.float64]


class Audit(Findings):
    """What `audit` found; ``as_dict`` is ready for JSON, ``html`` is a page of its own."""

    def html(self) -> str:
        """A page with figures, in one file that loads nothing."""
        from hconsist.auditing.page import page

        return page(self)


def audit(
    logits: ArrayLike,
    labels: ArrayLike,
    loss: str | Loss = "logistic",
    *,
    best_risk: float | None = None,
    level: float = 0.95,
    folds: int = 5,
    seed: int = 0,
) -> Audit:
    """What logits and labels of held-out examples say of a classifier, for the zero-one target.

    Parameters
    ----------
    logits : array (N, K)
        Scores of independent examples that were not trained on.
    labels : array (N,) of int, or (N, K)
        One label an example; or label distributions, such as the shares of several annotators
        (their counts, as whole numbers, do as well). Distributions are taken as the truth.
    loss : str or Loss
        What was trained, or is to be looked at.
    best_risk : float, optional
        A lower bound on the best risk that any function has, where one is known; with hard labels
        the least value of the loss is taken otherwise.
    level : float
        Of the intervals.
    folds, seed : int
        Of the cross-fitted calibration (hard labels).

    Raises
    ------
    InvalidInputError
        For shapes or values that are no logits and labels.

    Examples
    --------
    >>> logits = np.log([[0.7, 0.3], [0.6, 0.4], [0.2, 0.8], [0.4, 0.6]])
    >>> found = audit(logits, [[0.9, 0.1], [0.4, 0.6], [0.1, 0.9], [0.3, 0.7]])
    >>> round(found.regret.value, 3), round(found.surrogate_regret.value, 4)
    (0.05, 0.0639)
    >>> round(found.sides[0].most, 2)
    0.35
    """
    name = loss if isinstance(loss, str) else loss.spec
    loss, scores = parse_loss(loss), read_logits(logits)
    n, k = scores.shape
    y, p = read_labels(labels, n, k)
    if not 0 < level < 1:
        raise InvalidInputError("level must lie in (0, 1)", level, "pass level=0.95")
    if y is not None and not 2 <= folds <= n:
        raise InvalidInputError(f"folds must be 2..{n}", folds, "pass folds=5")
    if best_risk is not None and not np.isfinite(best_risk):
        raise InvalidInputError("best_risk must be a finite number", best_risk, "leave it out")
    top = scores == scores.max(axis=1, keepdims=True)
    predicted = scores.argmax(axis=1)
    told = link(loss, k)
    q = told(scores) if told is not None else np.exp(NUMPY.log_softmax(scores))
    confidence = q[np.arange(n), predicted]
    bound = derive(loss, n_classes=k)
    notes: list[str] = []
    if p is not None:
        risks = np.asarray(expected_losses(loss, scores, p, NUMPY))
        wrong = 1 - np.where(top, p, np.inf).min(axis=1)
        error = mean_interval(wrong, level)
        found = _soft(loss, scores, p, bound, level, notes)
    else:
        assert y is not None
        risks = np.asarray(label_losses(loss, scores, y, NUMPY))
        wrong = 1.0 - (top[np.arange(n), y] & (top.sum(axis=1) == 1))
        error = share_interval(int(wrong.sum()), n, level)
        found = _hard(loss, scores, y, risks, bound, level, best_risk, folds, seed, notes)
    regret, surrogate, sides, lost = found
    if told is None:
        notes.append(f"the scores of {loss.spec} tell no probabilities: their softmax is shown")
    binned = bins(confidence, 1 - wrong)
    return Audit(
        loss=name,
        examples=n,
        classes=k,
        labels="hard" if p is None else "soft",
        risk=mean_interval(risks, level),
        error=error,
        regret=regret,
        surrogate_regret=surrogate,
        sides=sides,
        lost=lost,
        calibration=binned,
        calibration_error=calibration_error(binned),
        probabilities="what the scores of the loss tell" if told is not None else "softmax",
        per_class=_per_class(np.eye(k)[y] if p is None else p, predicted, risks, wrong, confidence),
        notes=tuple(notes),
    )


Found = tuple[
    ConfidenceInterval | None, ConfidenceInterval | None, tuple[Side, ...], dict[str, float]
]


def _soft(
    loss: Loss, scores: Array, p: Array, bound: Bound, level: float, notes: list[str]
) -> Found:
    """Regrets at every point, both sides of the bound, and where the slack is lost."""
    target = zero_one_regret(scores, p)
    regret = mean_interval(target, level)
    if is_unbounded_below(loss, p.shape[1]):
        notes.append(f"no surrogate regrets: {loss.spec} has no least value")
        return regret, None, (), {}
    try:
        best, _ = least_conditional_risk(loss, p)
    except EngineCannotAnswerError as problem:
        notes.append(f"no surrogate regrets: {problem}")
        return regret, None, (), {}
    pointwise = np.maximum(np.asarray(expected_losses(loss, scores, p, NUMPY)) - best, 0.0)
    surrogate = mean_interval(pointwise, level)
    notes.append(
        "regrets take the label distributions as the truth: few annotators make them look surer, "
        "and regrets larger, than they are"
    )
    side = _side(bound, surrogate.value, "mean of the pointwise excess risks of these examples")
    hull = _envelope(bound)
    spent, cheapest = float(hull(regret.value)), hull(target)
    erring = target > 0
    lost = {
        "the excess error met, at the least price": spent,
        "regrets of unlike size (Jensen)": max(float(cheapest.mean()) - spent, 0.0),
        "right decisions with wrong probabilities": float((pointwise * ~erring).mean()),
        "wrong decisions, beyond the least price": float(((pointwise - cheapest) * erring).mean()),
    }
    return regret, surrogate, (side,), lost


def _hard(
    loss: Loss,
    scores: Array,
    y: NDArray[np.int64],
    risks: Array,
    bound: Bound,
    level: float,
    best_risk: float | None,
    folds: int,
    seed: int,
    notes: list[str],
) -> Found:
    """Excesses through what is known of the best risk."""
    k = scores.shape[1]
    if best_risk is None and is_unbounded_below(loss, k):
        notes.append(f"no lower bound on the best risk: {loss.spec} has no least value")
        return None, None, (), {}
    try:
        floor = (
            float(least_conditional_risk(loss, np.eye(k))[0].min())
            if best_risk is None
            else best_risk
        )
    except EngineCannotAnswerError as problem:
        notes.append(f"no lower bound on the best risk: {problem}")
        return None, None, (), {}
    high = mean_interval(risks, 2 * level - 1 if level > 0.5 else level).high
    if best_risk is not None and best_risk > high:
        raise InvalidInputError(
            "best_risk is a lower bound on the risk of every function, these logits among them, "
            f"whose risk is at most {high:.4g} as far as Student's t may be trusted",
            best_risk,
            "pass a smaller number in the units of the loss, or leave it out",
        )
    said = "the bound given on the best risk" if best_risk is not None else "the least loss"
    sides = [
        _side(
            bound,
            max(high - floor, 0.0),
            f"upper {100 * level:g} % limit of the risk less {said}, {floor:.4g}: whatever the "
            "distribution, as far as Student's t may be trusted",
        )
    ]
    if min(np.bincount(y, minlength=k)) < folds:
        notes.append(f"no calibration: a label has fewer than {folds} examples")
        return None, None, tuple(sides), {}
    q = np.exp(cross_fitted(scores, y, folds, seed))
    q /= q.sum(axis=1, keepdims=True)
    try:
        best, at = least_conditional_risk(loss, q)
    except EngineCannotAnswerError as problem:
        notes.append(f"no range by calibration: {problem}")
        return None, None, tuple(sides), {}
    reached = float(np.asarray(label_losses(loss, at, y, NUMPY)).mean())
    least, most = sorted((reached, float(best.mean())))
    mean = float(risks.mean())
    for name, value in (("less", most), ("more", least)):
        sides.append(
            _side(
                bound,
                max(mean - value, 0.0),
                f"estimate by cross-fitted calibration, the {name} cautious: the risk less "
                f"{value:.4g}, the best that a factor and offsets make of these logits; another "
                "model may have less",
            )
        )
    return None, None, tuple(sides), {}


def _side(bound: Bound, excess: float, means: str) -> Side:
    answer = bound.bound(excess)
    if answer.upper is not None:
        most = float(np.nextafter(float(answer.upper), np.inf))
        return Side(excess, min(most, 1.0), True, means)
    return Side(
        excess, float(answer.estimate if answer.estimate is not None else 1.0), False, means
    )


def _envelope(bound: Bound) -> Callable[[Value], Value]:
    """T** by chords of a grid: an estimate from above, for shares of the slack."""
    grid = np.linspace(0, 1, 201)
    curve = bound.envelope_curve if bound.derivation is not None else bound.transform_curve
    values = np.asarray(curve(grid), dtype=float)
    kept = np.isfinite(values)
    hull = ConvexHull.of(grid[kept].tolist(), values[kept].tolist())
    x, v = (np.asarray(a, dtype=float) for a in (hull.betas, hull.values))
    return lambda beta: np.interp(beta, x, v)


def _per_class(
    p: Array, predicted: NDArray[np.int64], risks: Array, wrong: Array, confidence: Array
) -> list[dict[str, float]]:
    """One line a label: its examples (with soft labels their mass), and means over them."""
    rows = []
    for label in range(p.shape[1]):
        mass = p[:, label]
        total = float(mass.sum())
        share = mass / total if total > 0 else mass
        rows.append(
            {
                "label": float(label),
                "examples": total,
                "predicted": float((predicted == label).sum()),
                "recall": float(share @ (predicted == label)),
                "risk": float(share @ risks),
                "error": float(share @ wrong),
                "confidence": float(share @ confidence),
            }
        )
    return rows
