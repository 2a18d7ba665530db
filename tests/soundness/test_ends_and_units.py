"""Where a proof or an estimate meets the end of its range: beta = 1, the largest target regret,
infinite values, and costs in any unit. The numbers are worked out here.
"""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest

import hconsist as hc
from hconsist.choosing import choices
from hconsist.engines import numeric
from hconsist.errors import EngineCannotAnswerError

F = Fraction
UNBOUNDED = "margin:exp(-v)-2*v"


@pytest.mark.parametrize(
    ("spec", "value"),
    [
        # phi(0) less the least value of phi, by hand: phi' = 0 at log 10, or far out
        ("margin:exp(-v)+Abs(v-1)/10", 1.1 - (0.1 + (math.log(10) - 1) / 10)),
        ("margin:exp(-v)+Max(0,-v)", 1.0),
    ],
)
def test_beta_one(spec: str, value: float) -> None:
    answer = hc.transform(hc.PointwiseProblem(spec), F(1), "symbolic")
    assert answer.lower is not None
    assert answer.upper is not None
    assert float(answer.lower) - 1e-12 <= value <= float(answer.upper) + 1e-12
    assert answer.width is not None
    assert answer.width < 1e-9


def test_no_regret_exists_where_the_loss_has_no_least_value() -> None:
    for engine in ("symbolic", "numeric"):
        answer = hc.transform(hc.PointwiseProblem(UNBOUNDED), F(1), engine)
        assert (answer.estimate, answer.lower, answer.upper) == (None, None, None)
        assert "unbounded below" in answer.reason


def _least_regret(beta: float) -> float:
    """T of exp(-v) - 2v at two labels, on a fine grid of margins."""
    v = np.linspace(0, 12, 240_001)
    risk = (1 + beta) / 2 * (np.exp(-v) - 2 * v) + (1 - beta) / 2 * (np.exp(v) + 2 * v)
    return float(1 - risk.min())


def test_bounds_of_a_loss_without_a_least_value() -> None:
    # T is infinite at 1; a sweep took the value at another regret for it, and Gamma was 1
    first, last = numeric.sweep(hc.PointwiseProblem(UNBOUNDED), [F(1, 2), F(1)])
    assert first.estimate is not None
    assert abs(first.estimate - _least_regret(0.5)) < 1e-6
    assert last.estimate is None
    exact = hc.derive(UNBOUNDED, engine="symbolic").bound("0.1")
    assert exact.upper is not None
    assert abs(_least_regret(float(exact.upper)) - 0.1) < 1e-6
    estimate = hc.derive(UNBOUNDED, engine="numeric").bound("0.1").estimate
    assert estimate is not None
    assert abs(estimate - float(exact.upper)) < 1e-3
    with pytest.raises(EngineCannotAnswerError, match="no sign change"):
        hc.derive(UNBOUNDED, engine="rigorous").bound("0.1")


def test_an_audit_of_a_loss_without_a_least_value() -> None:
    random = np.random.default_rng(0)
    logits, labels = random.normal(size=(30, 2)), random.integers(0, 2, 30)
    for y in (labels, np.eye(2)[labels]):
        found = hc.audit(logits, y, loss=UNBOUNDED)
        assert not found.sides
        assert any("no least value" in note for note in found.notes)


def test_the_largest_regret_is_reached_whatever_rounds() -> None:
    # 18 - 17/3 is below 37/3 in floats: no pair seemed to reach it
    costs = [
        [F(20, 7), F(3, 7), F(18), F(15, 7)],
        [F(1, 7), F(6), F(20, 3), F(5, 7)],
        [F(2), F(3), F(17, 3), F(1)],
    ]
    problem = hc.PointwiseProblem(
        "weighted:base=logistic,offset=label", hc.CostMatrix(costs), n_classes=4
    )
    answer = hc.transform(problem, F(37, 3))
    assert answer.estimate is not None
    # p is sure of label 2: the weights are 0, 34/3, 37/3, and all meet at their mean
    value = sum(w * math.log(w / (71 / 9)) for w in (34 / 3, 37 / 3))
    assert abs(answer.estimate - value) < 1e-6


@pytest.mark.parametrize(
    ("spec", "power"), [("weighted", 1), ("cost-regression:square", 2), ("brier", 0)]
)
@pytest.mark.parametrize("unit", [F(10**9), F(1, 10**9)])
def test_the_unit_of_costs(spec: str, power: int, unit: F) -> None:
    # of one problem in two units the values differ by a power of the unit
    rows = [[3, 4, 3], [1, 0, 5], [2, 6, 5]]
    beta = F(3)
    answers = [
        hc.transform(
            hc.PointwiseProblem(
                spec, hc.CostMatrix([[u * v for v in row] for row in rows]), n_classes=3
            ),
            u * beta,
        ).estimate
        for u in (F(1), unit)
    ]
    assert None not in answers
    assert answers[1] / float(unit) ** power == pytest.approx(answers[0], rel=1e-5)


def test_a_region_that_is_a_point_keeps_its_value_in_any_unit() -> None:
    # row 0 is least at q = e_1 alone, the regret is largest at p = e_2: |e_2 - e_1|^2 = 2
    costs = [[F(v, 10**9) for v in row] for row in ([6, 2, 6], [4, 2, 2], [6, 3, 0])]
    problem = hc.PointwiseProblem("brier", hc.CostMatrix(costs), n_classes=3)
    estimate = hc.transform(problem, F(6, 10**9)).estimate
    assert estimate is not None
    assert abs(estimate - 2) < 1e-6


def test_a_choice_knows_the_largest_regret_and_the_least_loss() -> None:
    # of weights 30, 20, 10 Gamma(0.01) is about sqrt(2 30 20 0.01) = 3.5, and was cut at 1
    (row,) = choices(3, 0.0, "weights:30,20,10", ["logistic"])
    assert row.proven
    assert row.bound is not None
    assert 3.4 < row.bound < 3.6
    squares, unbounded = choices(2, 0.0, "zero-one", ["least-squares", UNBOUNDED])
    assert squares.gap == pytest.approx(1.0, abs=1e-9)  # it was 1 - (1 - 10^6)^2
    assert unbounded.gap is None


def test_a_pair_that_is_possible_from_some_regret_on() -> None:
    # prediction 0 against 2 needs beta >= 1; that it is impossible below was taken to hold above
    problem = hc.PointwiseProblem("weighted", "cost:[[5,3],[0,6],[5,1]]", n_classes=2)
    answer = hc.transform(problem, F(3, 2), "symbolic")
    w = (2.5, 4.0)  # at p = (1/4, 3/4), where all but these is below their mean
    above = sum(x * math.log(x / 3.25) for x in w)
    assert answer.lower is not None
    assert float(answer.lower) <= above + 1e-12


def test_rounding_moves_no_more_than_rounding() -> None:
    # p = (1/2, 1/2, 0, 0) is at |p - q|^2 = 1/4 from the even forecast, which may say class 1; at
    # the largest regret all of p was moved to one label, and T was 1/2
    estimate = hc.transform(
        hc.PointwiseProblem("brier", "defer:experts=1", n_classes=4), F(1)
    ).estimate
    assert estimate is not None
    assert abs(estimate - 0.25) < 1e-6


def test_a_closed_form_from_below_is_called_one() -> None:
    problem = hc.PointwiseProblem("weighted", "cost:[[-2,-3],[1,3],[-3,1],[3,-2]]")
    answer = hc.transform(problem, F(6), "symbolic")
    assert answer.upper is None
    assert "lower bound" in answer.reason


def test_a_prediction_that_no_finite_scores_make() -> None:
    # row 0 is never better than row 1 and as good at label 1 alone, where it costs nothing more
    answer = hc.transform(
        hc.PointwiseProblem("logistic", "cost:[[3,0,4],[2,0,1]]", n_classes=3), F(3), "rigorous"
    )
    assert answer.upper is None
    assert "no rational forecast" in answer.reason
