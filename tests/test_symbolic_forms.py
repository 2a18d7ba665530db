"""Closed forms by form (bounded scores, squares, lines, blind losses, max losses and top-k, concave
losses, one turning point), against a brute force on grids that is written from the definitions.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import ClassVar

import numpy as np
import pytest

from hconsist.arithmetic import NUMPY, Ops, Value
from hconsist.closed_forms import float_curve
from hconsist.engines.symbolic import derive, transform
from hconsist.errors import EngineCannotAnswerError
from hconsist.losses import Loss, parse_loss
from hconsist.losses.base import ProbabilityLoss
from hconsist.losses.facts import Curve
from hconsist.losses.forms import Form
from hconsist.losses.forms_of_scores import OfWeights
from hconsist.pointwise import PointwiseProblem

BETAS = (Fraction(1, 20), Fraction(3, 10), Fraction(3, 5), Fraction(19, 20))


def worst(losses: np.ndarray, scores: np.ndarray, p: np.ndarray, k: int) -> tuple[np.ndarray, ...]:
    """Target and surrogate regrets of three labels: of the best scores on the grid that may predict
    label j (k = 1), or all labels but j (k = 2).
    """
    risks = p @ losses.T
    best = risks.min(axis=1)
    targets, regrets = [], []
    for j in range(3):
        end = scores.max(axis=1) if k == 1 else scores.min(axis=1)
        regrets.append(risks[:, scores[:, j] == end].min(axis=1) - best)
        targets.append(p.max(axis=1) - p[:, j] if k == 1 else p[:, j] - p.min(axis=1))
    return np.concatenate(targets), np.concatenate(regrets)


def grid(low: float, high: float, size: int) -> np.ndarray:
    axis = np.linspace(low, high, size)
    return np.stack(np.meshgrid(axis, axis, axis, indexing="ij"), axis=-1).reshape(-1, 3)


def against_brute_force(
    spec: str, hypotheses: str, k: int, scores: np.ndarray, slack: float
) -> None:
    """T lies below every regret on the grid, and its witness has its value."""
    target = "zero-one" if k == 1 else "top-k:2"
    problem = PointwiseProblem(spec, target, hypotheses, 3)
    found = derive(problem)
    random = np.random.default_rng(3)
    answers = [transform(problem, b) for b in BETAS]
    witnesses = [a.witness for a in answers if a.witness is not None]
    assert len(witnesses) == len(BETAS)
    p = np.vstack([random.dirichlet([0.5] * 3, 120), [[float(v) for v in w.p] for w in witnesses]])
    with np.errstate(all="ignore"):
        losses = parse_loss(spec).losses(scores, NUMPY)
    targets, regrets = worst(losses, scores, p, k)
    low = float_curve(found.transform, targets)
    assert np.all(regrets >= low - slack)
    for beta, answer, witness in zip(BETAS, answers, witnesses, strict=True):
        upper = float(answer.upper if answer.upper is not None else answer.estimate or 0)
        if answer.upper is not None:
            assert witness.regret == pytest.approx(upper, abs=1e-9)
            at = np.array([[float(v) for v in witness.p]])
            there, values = worst(losses, scores, at, k)
            assert values[there >= float(beta) - 1e-12].min() <= upper + slack


@pytest.mark.parametrize("spec", ["logistic", "sum-exp", "softmax:-log(u)+1/u", "softmax:1/u**2"])
def test_bounded_scores_of_three_labels(spec: str) -> None:
    against_brute_force(spec, "bounded:1/2", 1, grid(-0.5, 0.5, 41), 4e-3)


@pytest.mark.parametrize("k", [1, 2])
@pytest.mark.parametrize("spec", ["ldr-inf:c=1", "quadratic-surrogate"])
def test_lines_and_squares(spec: str, k: int) -> None:
    against_brute_force(spec, "bounded:1", k, grid(-1, 1, 41), 1e-3)


@pytest.mark.parametrize("spec", ["max:phi=hinge", "max:phi=sigmoid,k=1"])
def test_max_losses_and_two_predicted_labels(spec: str) -> None:
    against_brute_force(spec, "bounded:1", 2, grid(-1, 1, 41), 1e-3)


def test_a_concave_loss_of_the_softmax_value() -> None:
    spec, size = "aul:a=1.5,p=0.5", 60
    shares = grid(0, 1, size + 1)
    shares = shares[np.abs(shares.sum(axis=1) - 1) < 1e-9].round(12)
    loss = parse_loss(spec)
    losses = loss.of_softmax(shares, NUMPY)  # type: ignore[attr-defined]
    problem = PointwiseProblem(spec, n_classes=3)
    curve, p = derive(problem).transform, np.random.default_rng(1).dirichlet([0.5] * 3, 400)
    targets, regrets = worst(losses, shares, p, 1)
    assert np.all(regrets >= float_curve(curve, targets) - 1e-9)
    for beta in BETAS:
        answer = transform(problem, beta)
        assert answer.witness is not None and answer.upper is not None
        assert answer.witness.regret == pytest.approx(float(answer.upper), abs=1e-9)
    envelope = derive(problem).envelope
    ends = np.linspace(0, 1, 21)
    assert np.all(float_curve(envelope, ends) <= float_curve(curve, ends) + 1e-12)


def test_two_predicted_labels_of_a_squared_distance() -> None:
    shares = grid(0, 1, 61)
    shares = shares[np.abs(shares.sum(axis=1) - 1) < 1e-9].round(12)
    losses = parse_loss("brier").of_probabilities(shares, NUMPY)  # type: ignore[attr-defined]
    problem = PointwiseProblem("brier", "top-k:2", n_classes=3)
    p = np.random.default_rng(1).dirichlet([0.5] * 3, 400)
    targets, regrets = worst(losses, shares, p, 2)
    assert np.all(regrets >= float_curve(derive(problem).transform, targets) - 1e-3)
    found = transform(problem, Fraction(3, 10))
    assert found.witness is not None and found.upper is not None
    assert found.lower is not None and found.lower <= Fraction(9, 200) <= found.upper
    assert found.witness.regret == pytest.approx(0.045, abs=1e-12)
    assert transform(problem, Fraction(4, 5)).upper is None  # from 2/3 on a lower bound
    with pytest.raises(EngineCannotAnswerError, match="squared distance"):
        derive(PointwiseProblem("spherical", "top-k:2", n_classes=5))


def test_two_standardised_scores() -> None:
    answer = transform(PointwiseProblem("z-loss", n_classes=2), Fraction(3, 10))
    assert answer.witness is not None and answer.estimate is not None
    expected = 0.3 * (np.log1p(np.exp(2)) - np.log(2))
    assert answer.estimate == pytest.approx(expected, abs=1e-12)
    assert answer.witness.regret == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("hypotheses", ["complete", "bounded:1"])
@pytest.mark.parametrize("spec", ["focal", "js", "soft-truncated", "dice", "margin-focal"])
def test_one_turning_point(spec: str, hypotheses: str) -> None:
    problem = PointwiseProblem(spec, hypotheses=hypotheses, n_classes=2)
    reach = 30.0 if hypotheses == "complete" else 1.0
    v = np.linspace(-reach, reach, 60001)
    with np.errstate(all="ignore"):
        losses = parse_loss(spec).losses(np.stack([v, -v], axis=-1), NUMPY)
    for beta in (Fraction(3, 10), Fraction(9, 10)):
        answer = transform(problem, beta)
        assert answer.lower is not None and answer.upper is not None
        risk = losses @ np.array([(1 + float(beta)) / 2, (1 - float(beta)) / 2])
        brute = risk[v <= 0].min() - risk.min()
        assert float(answer.lower) - 1e-6 <= brute <= float(answer.upper) + 1e-12
        assert float(answer.upper - answer.lower) < 1e-9


@pytest.mark.parametrize(
    ("spec", "n", "hypotheses", "target"),
    [
        ("taylor-softmax", 3, "complete", "zero-one"),
        ("spherical-softmax", 4, "complete", "top-k:2"),
        ("spherical-softmax", 3, "bounded:1", "zero-one"),
        ("nce", 3, "complete", "zero-one"),
        ("nce", 5, "complete", "top-k:3"),
        ("max:phi=hinge", 4, "complete", "top-k:2"),
        ("max:phi=hinge", 6, "bounded:1", "top-k:3"),
        ("gce:q=0.7", 10, "bounded:1", "zero-one"),
        ("mae", 3, "complete", "top-k:2"),
        ("aul", 10, "bounded:1", "top-k:2"),
        ("constrained:phi=hinge", 5, "complete", "top-k:3"),
    ],
)
def test_no_bound_at_all(spec: str, n: int, hypotheses: str, target: str) -> None:
    problem = PointwiseProblem(spec, target, hypotheses, n)
    for beta in (Fraction(1, 10), Fraction(3, 10)):
        answer = transform(problem, beta)
        assert answer.upper == 0 == answer.lower
        if answer.witness is None:
            continue
        p = sorted(answer.witness.p, reverse=True)
        kept = sum(answer.witness.p[i] for i in answer.witness.predicted)
        assert sum(p[: len(answer.witness.predicted)]) - kept == beta
        scores = np.array(answer.witness.scores)
        chosen = np.isin(np.arange(n), answer.witness.predicted)
        assert scores[chosen].min() >= scores[~chosen].max()  # a tie may fall on these labels
        risk = float(problem.conditional_risk(scores, [float(v) for v in answer.witness.p]))
        random = 3 * np.random.default_rng(0).standard_normal((4000, n))
        if hypotheses != "complete":
            random = np.clip(random, -1, 1)
        if problem.surrogate.sum_to_zero:
            random -= random.mean(axis=1, keepdims=True)
        floats = np.array([float(v) for v in answer.witness.p])
        assert risk <= np.nanmin(problem.conditional_risk(random, floats)) + 1e-9


def test_what_has_no_transform_says_so() -> None:
    for n, target in ((2, "zero-one"), (3, "zero-one"), (3, "top-k:2")):
        answer = transform(PointwiseProblem("ldr-inf", target, n_classes=n), Fraction(3, 10))
        assert answer.estimate is None and "no regret exists" in answer.reason


# -- liars


@pytest.mark.parametrize(
    ("spec", "n", "hypotheses", "target"),
    [
        ("softmax:-log(u) + 1 - u", 3, "bounded:1", "zero-one"),  # not convex in the scores
        ("gce:q=0.5", 3, "bounded:1", "zero-one"),  # the reciprocal marginal is concave
        ("logistic", 3, "bounded:1", "top-k:2"),
        ("taylor-softmax", 3, "bounded:1", "zero-one"),  # even about -1, and the box is not
        ("nce", 3, "complete", "top-k:2"),  # no label is left over
        ("quadratic-surrogate", 3, "bounded:1/2", "zero-one"),  # best scores leave the box
        ("max:phi=rho-margin", 3, "complete", "top-k:2"),  # phi(v) + phi(-v) < 2 phi(0)
        ("softmax:-(u - 7/8)**3/3 - u/100", 2, "complete", "zero-one"),  # turns twice
    ],
)
def test_a_broken_condition_is_refused(spec: str, n: int, hypotheses: str, target: str) -> None:
    with pytest.raises(EngineCannotAnswerError):
        derive(PointwiseProblem(spec, target, hypotheses, n))


def test_a_known_zero_ends_where_its_condition_does() -> None:
    problem = PointwiseProblem("gce:q=0.7", hypotheses="bounded:1", n_classes=10)
    edge = 8 / (2 * np.exp(2.0) + 8)  # 0.351
    assert transform(problem, Fraction("0.351")).upper == 0 and edge > 0.351
    with pytest.raises(EngineCannotAnswerError):
        transform(problem, Fraction("0.352"))


@dataclass(frozen=True)
class Crossed(Loss):
    """A square with a cross term."""

    spec_name: ClassVar[str] = "crossed"
    shift_invariant: ClassVar[bool] = False

    def losses(self, scores: Value, ops: Ops) -> Value:
        half = ops.const(Fraction(1, 2))
        total = ops.total(scores)
        return ops.total(ops.power(scores, 2)) + half * total * total - scores


@dataclass(frozen=True)
class Backward(Loss):
    """A square whose best scores fall as the label grows likelier."""

    spec_name: ClassVar[str] = "backward"
    shift_invariant: ClassVar[bool] = False

    def losses(self, scores: Value, ops: Ops) -> Value:
        return ops.total(ops.power(scores, 2)) + scores


@dataclass(frozen=True)
class Lopsided(Loss):
    """Weights that are even about no score."""

    spec_name: ClassVar[str] = "lopsided"
    shift_invariant: ClassVar[bool] = False

    def losses(self, scores: Value, ops: Ops) -> Value:
        return self._own_forms()[0].losses(scores, ops)  # type: ignore[union-attr]

    def _own_forms(self) -> tuple[Form, ...]:
        return (OfWeights(Curve("w", lambda s, ops: ops.const(1) + ops.exp(s), "line")),)


@dataclass(frozen=True)
class Negative(ProbabilityLoss):
    """Losses that sum to a constant, and are negative somewhere."""

    spec_name: ClassVar[str] = "negative"

    def of_probabilities(self, q: Value, ops: Ops) -> Value:
        return ops.const(Fraction(1, 4)) - q


@pytest.mark.parametrize("loss", [Crossed(), Backward(), Lopsided(), Negative()])
def test_a_loss_that_nearly_has_the_form_is_refused(loss: Loss) -> None:
    with pytest.raises(EngineCannotAnswerError):
        derive(PointwiseProblem(loss, n_classes=4))
