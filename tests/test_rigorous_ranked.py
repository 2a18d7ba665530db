"""Three labels, any formula that keeps order: against other engines, other methods and samples."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any, ClassVar

import numpy as np
import pytest

import hconsist as hc
from hconsist.arithmetic import NUMPY, precision
from hconsist.engines import rigorous
from hconsist.engines.rigorous.methods import three_labels
from hconsist.engines.rigorous.methods.plan import BITS, Budget
from hconsist.engines.rigorous.ranked import Cells
from hconsist.losses.base import ProbabilityLoss
from hconsist.pointwise import Answer, PointwiseProblem

BETA = Fraction(3, 10)


def ranked(loss: Any, target: str, hypotheses: str, beta: Fraction = BETA) -> Answer:
    question = rigorous.question_of(PointwiseProblem(loss, target, hypotheses, 3))
    with precision(BITS):
        plan = three_labels.plan(question)
        assert not isinstance(plan, str), plan
        return plan.answer(beta, Budget())


@pytest.mark.parametrize(
    ("spec", "target", "hypotheses"),
    [
        ("dice:gamma=1", "zero-one", "complete"),
        ("rll:alpha=0.1", "zero-one", "bounded:1"),
        ("z-loss", "zero-one", "bounded:1"),
        ("truncated-gce:q=0.7,k=0.5", "zero-one", "complete"),
    ],
)
def test_a_search_in_floats_ends_in_the_enclosure(spec: str, target: str, hypotheses: str) -> None:
    found = ranked(spec, target, hypotheses)
    assert found.width is not None
    assert found.width <= 1e-6
    problem = PointwiseProblem(spec, target, hypotheses, 3)
    estimate = hc.engines.transform(problem, BETA, engine="numeric").estimate
    assert estimate is not None
    assert float(found.lower) - 1e-7 <= estimate <= float(found.upper) + 1e-6  # type: ignore[arg-type]
    p = np.array([float(v) for v in found.witness.p])  # type: ignore[union-attr]
    assert p.sum() == pytest.approx(1)


@pytest.mark.parametrize(
    ("spec", "target", "hypotheses"),
    [
        ("mae", "zero-one", "complete"),  # Theorem C
        ("softmax:Max(59/20*(1-u), 11/4-69/20*u)", "zero-one", "bounded:1/2"),  # a kink
        ("logistic", "top-k:2", "complete"),
        ("logistic", "zero-one", "bounded:1"),
    ],
)
def test_two_methods_meet(spec: str, target: str, hypotheses: str) -> None:
    found = ranked(spec, target, hypotheses)
    other = rigorous.transform(PointwiseProblem(spec, target, hypotheses, 3), BETA)
    assert max(found.lower, other.lower) <= min(found.upper, other.upper)  # type: ignore[type-var]
    assert found.width is not None
    assert found.width <= 1e-6


@pytest.mark.parametrize("formula", ["Min(-log(u), 2)", "Max(0, 9/20-u)**2", "Min(2, 3*(1-u))"])
@pytest.mark.parametrize("bounded", [True, False])
def test_a_cell_is_below_all_its_points(formula: str, bounded: bool) -> None:
    """Kinks, flat pieces, a pole: the bounds of every cell, at random weights, against samples."""
    problem = PointwiseProblem(
        f"softmax:{formula}", hypotheses="bounded:1" if bounded else "complete", n_classes=3
    )
    question = rigorous.question_of(problem)
    random = np.random.default_rng(7)
    with precision(BITS):
        made = three_labels._of_softmax(question)
        assert isinstance(made, tuple)
        cells = Cells(made[0].losses, made[0].region, made[0].g, made[0].ratio)
        for _ in range(4):
            weights = [Fraction(int(v), 100) for v in random.multinomial(100, [1 / 3] * 3)]
            low, high, _ = cells.least(weights, 1e-4, 400)
            assert low <= high
    for weights_ in random.dirichlet([1.0, 1.0, 1.0], 5):
        bounds, _ = cells.bounds(weights_)
        for bound, corners in zip(bounds, cells.corners, strict=True):
            shares = random.dirichlet([1.0] * 3, 6)
            q = shares @ np.array(corners, dtype=float)
            risk = question.softmax.risk(q, weights_, NUMPY)  # type: ignore[union-attr]
            assert np.all(risk >= bound - 1e-12)
    if bounded:
        assert all(max(x) <= made[0].ratio * min(x) for x in cells.points)  # type: ignore[operator]


@dataclass(frozen=True)
class Swapped(ProbabilityLoss):
    """A loss that rises with the label's softmax value beyond 1/5."""

    spec_name: ClassVar[str] = "swapped"

    def of_probabilities(self, q: Any, ops: Any) -> Any:
        return ops.power(q - ops.const(Fraction(1, 5)), 2) + ops.total(ops.power(q, 3))


def test_a_loss_that_does_not_keep_order_is_refused() -> None:
    question = rigorous.question_of(PointwiseProblem(Swapped(), n_classes=3))
    with precision(BITS):
        assert "larger softmax value" in str(three_labels.plan(question))


def test_what_is_not_asked_for_is_refused() -> None:
    def reason(spec: str, **more: Any) -> str:
        return str(three_labels.plan(rigorous.question_of(PointwiseProblem(spec, **more))))

    with precision(BITS):
        assert "three labels" in reason("dice:gamma=1", n_classes=4)
        assert "tell the labels apart" in reason("ldam:margin=0.5,growth=1.5", n_classes=3)
        assert "piecewise linear" in reason("comp-sum-margin:phi=exponential,tau=1", n_classes=3)
