"""The search over few levels of scores: against the pooled search, closed forms and brute force;
and losses whose declared shape or order does not hold.
"""

from __future__ import annotations

import numpy as np
import pytest

from hconsist.arithmetic import NUMPY
from hconsist.engines.numeric import transform
from hconsist.engines.numeric.levels import Levels
from hconsist.losses import SoftmaxLoss, parse_loss
from hconsist.pointwise import PointwiseProblem


@pytest.mark.parametrize(
    ("spec", "target", "hypotheses", "n"),
    [
        ("logistic", "zero-one", "complete", 3),
        ("logistic", "zero-one", "complete", 10),
        ("brier", "zero-one", "complete", 6),
        ("gce:q=0.7", "zero-one", "bounded:1", 3),
        ("constrained:phi=exponential", "zero-one", "complete", 3),
        ("logistic", "top-k:2", "complete", 4),
        ("weston-watkins", "zero-one", "complete", 4),
    ],
)
def test_agrees_with_the_methods_for_convex_losses(
    spec: str, target: str, hypotheses: str, n: int
) -> None:
    problem = PointwiseProblem(spec, target, hypotheses, n)
    found = Levels(problem).smallest_regret(0.3)
    assert found.value == pytest.approx(transform(problem, 0.3).estimate, abs=1e-8)


def risks(spec: str, n: int, bound: float) -> np.ndarray:
    """Losses (points, n) on a grid of the box of scores, score 0 the largest first."""
    axis = np.linspace(-bound, bound, 41)
    scores = np.stack(np.meshgrid(*[axis] * n, indexing="ij"), axis=-1).reshape(-1, n)
    return np.concatenate([scores, parse_loss(spec).losses(scores, NUMPY)], axis=1)


@pytest.mark.parametrize(
    "spec", ["spherical", "dice:gamma=1", "nce", "hard-truncated:alpha=2", "rll:alpha=0.1"]
)
def test_no_distribution_and_no_score_of_a_grid_is_better(spec: str) -> None:
    """T from the search is at most the regret of any p, with the best scores of a grid on both
    sides up to its spacing; and some p of the grid comes close.
    """
    answer = transform(PointwiseProblem(spec, hypotheses="bounded:1", n_classes=3), 0.3)
    assert answer.estimate is not None
    table = risks(spec, 3, 1.0)
    scores, losses = table[:, :3], table[:, 3:]
    predicts = scores[:, 1] >= scores.max(axis=1)
    parts = [(i / 20, j / 20) for i in range(21) for j in range(21 - i)]
    p = np.array([[0.3 + 0.7 * a / 2, 0.7 * a / 2, 0.7 * b] for a, b in parts])
    p[:, 0] += 1 - p.sum(axis=1)
    all_risks = p @ losses.T
    regrets = all_risks[:, predicts].min(axis=1) - all_risks.min(axis=1)
    assert regrets.min() >= answer.estimate - 2e-3
    assert regrets.min() <= answer.estimate + 2e-2


def test_truncated_losses_at_ten_labels_have_the_value_of_two() -> None:
    # labels that are given up cost the same whatever their number: a third label does not help
    for spec in ("hard-truncated:alpha=2", "truncated-gce:q=0.7,k=0.5", "spherical"):
        two, ten = (transform(PointwiseProblem(spec, n_classes=n), 0.3) for n in (2, 10))
        assert ten.estimate == pytest.approx(two.estimate, abs=1e-8)


class Liar(SoftmaxLoss):
    """1 - u^2, declared convex."""

    spec_name = "liar"

    @property
    def shape(self):  # type: ignore[no-untyped-def]
        return "convex in softmax"

    def of_softmax(self, u, ops):  # type: ignore[no-untyped-def]
        return ops.const(1) - ops.power(u, 2)


def test_a_false_declaration_is_not_believed() -> None:
    answer = transform(PointwiseProblem(Liar(), n_classes=3), 0.3)
    truth = transform(PointwiseProblem("softmax:1-u**2", n_classes=3), 0.3)
    assert truth.estimate == pytest.approx(0.291666666667, abs=1e-9)
    assert answer.estimate == pytest.approx(truth.estimate, abs=1e-8)


@pytest.mark.parametrize("formula", ["u**2", "exp(u)"])
def test_a_loss_that_rewards_low_scores_has_no_bound(formula: str) -> None:
    for hypotheses in ("complete", "bounded:1"):
        problem = PointwiseProblem(f"softmax:{formula}", hypotheses=hypotheses, n_classes=3)
        answer = transform(problem, 0.3)
        assert answer.estimate == 0.0 and "T = 0" in answer.assumptions[0]


def test_a_jump_is_no_convexity() -> None:
    # the label keeps a softmax value below 1/2, where the loss is smaller by 5: a tie costs nothing
    spec = "softmax:Piecewise((-log(u),u<1/2),(-log(u)+5,True))"
    answer = transform(PointwiseProblem(spec, n_classes=3), 0.3)
    assert answer.estimate == pytest.approx(0.0, abs=1e-9)


def test_margins_of_many_temperatures_scale_with_the_temperature() -> None:
    # for c/lam large, three labels: T / lam is constant
    wide = [
        transform(PointwiseProblem(f"ldr:lam={lam},c={c}", n_classes=3), 0.37).estimate
        for lam, c in (("0.3", 3), ("0.001", 20))
    ]
    assert None not in wide
    units = [t / lam for t, lam in zip(wide, (0.3, 0.001), strict=True)]  # type: ignore[operator]
    assert units[1] == pytest.approx(units[0], rel=2e-4)


def test_formulas_that_cancel_in_floats_are_not_believed() -> None:
    for n in (2, 3):
        answer = transform(PointwiseProblem("gce:q=1e-300", n_classes=n), 0.3)
        if answer.estimate is None:  # or the formula keeps its digits: then it is cross-entropy
            assert "cancels" in answer.reason
        else:
            assert answer.estimate == pytest.approx(0.045700541525, abs=1e-9)


@pytest.mark.parametrize(("q", "t"), [("0.999", 0.0332), ("0.9999", 0.0333)])
def test_powers_near_the_mean_absolute_error(q: str, t: float) -> None:
    a = 1 / (1 - float(q))
    answer = transform(PointwiseProblem(f"gce:q={q}", n_classes=3), 0.1)
    # all three tied: (0.4, 0.3, 0.3) against the uniform distribution
    log_norm = np.log(0.4) + np.log1p(2 * np.exp(a * np.log(0.75))) / a
    tied = (np.exp(log_norm) - 3 ** (1 / a - 1)) / float(q)
    assert answer.estimate == pytest.approx(t, abs=1e-4)
    assert answer.estimate <= tied + 1e-12
