"""Surrogates with a score for each prediction, and squared distances: against the definitions, and
against closed forms.
"""

from __future__ import annotations

from collections.abc import Callable

import brute
import numpy as np
import pytest
from test_general_targets import below, costs_of, t1

import hconsist as hc
from hconsist.engines import numeric
from hconsist.errors import EngineCannotAnswerError, InvalidInputError
from hconsist.losses import parse_loss


def weighted(costs: np.ndarray, label: bool) -> brute.Regret:
    top = costs.max(axis=0) if label else costs.max()

    def regret(s: np.ndarray, p: np.ndarray) -> np.ndarray:
        w = p @ (top - costs).T
        q = brute.softmax(s)
        v = w / w.sum(axis=-1, keepdims=True)
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where(w > 0, w * np.log(v / q), 0.0).sum(axis=-1)

    return regret


def one_vs_all(costs: np.ndarray) -> brute.Regret:
    def regret(s: np.ndarray, p: np.ndarray) -> np.ndarray:
        w, v = p @ (1 - costs).T, 1 / (1 + np.exp(-s))
        with np.errstate(divide="ignore", invalid="ignore"):
            yes = np.where(w > 0, w * np.log(w / v), 0.0)
            no = np.where(w < 1, (1 - w) * np.log((1 - w) / (1 - v)), 0.0)
        return (yes + no).sum(axis=-1)

    return regret


def least_squares(costs: np.ndarray) -> brute.Regret:
    return lambda s, p: ((s + p @ costs.T) ** 2).sum(axis=-1)


CASES = {
    ("weighted", "abstain:c=0.3", 3): lambda c: (weighted(c, False), brute.argmax),
    ("weighted", "abstain:c=0.6", 2): lambda c: (weighted(c, False), brute.argmax),
    ("weighted", "defer:accuracy=[[.9,.8,.1],[.3,.3,.9]]", 3): lambda c: (
        weighted(c, False),
        brute.argmax,
    ),
    ("weighted", "ordinal:absolute", 3): lambda c: (weighted(c, False), brute.argmax),
    ("weighted:base=logistic,offset=label", "weights:3,2,1", 3): lambda c: (
        weighted(c, True),
        brute.argmax,
    ),
    ("ova:phi=margin-logistic", "abstain:c=0.3", 2): lambda c: (one_vs_all(c), brute.argmax),
    ("cost-regression:log", "cost:[[0,1,1/2],[1,0,1/3]]", 3): lambda c: (
        one_vs_all(c),
        brute.argmax,
    ),
    ("cost-regression:square", "cost:[[0,2,5],[1,0,2],[4,1,0]]", 3): lambda c: (
        least_squares(c),
        brute.argmax,
    ),
    ("brier", "abstain:c=0.3", 3): lambda c: (brute.brier, brute.plug_in(c)),
    ("brier", "ordinal:absolute", 4): lambda c: (brute.brier, brute.plug_in(c)),
}


@pytest.mark.parametrize("case", CASES, ids=str)
def test_no_point_lies_below_and_some_come_near(case: tuple[str, str, int]) -> None:
    spec, target, n = case
    costs = costs_of(target, n)
    regret, predict = CASES[case](costs)
    excess, ratio = brute.points(
        regret, predict, costs, n if spec == "brier" else len(costs), below(spec, target, n), 20_000
    )
    assert excess >= -1e-8
    assert ratio < 1.05


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES, ids=str)
def test_no_point_of_many_lies_below(case: tuple[str, str, int]) -> None:
    spec, target, n = case
    costs = costs_of(target, n)
    regret, predict = CASES[case](costs)
    size = n if spec == "brier" else len(costs)
    excess, ratio = brute.points(
        regret, predict, costs, size, below(spec, target, n), 100_000, seed=1, rounds=150
    )
    assert excess >= -1e-8
    assert ratio < 1.05


def value(spec: str, target: str, n: int, b: float) -> float:
    problem = hc.PointwiseProblem(spec, target, n_classes=n)
    answer = hc.transform(problem, b)
    assert not answer.reason
    assert answer.witness.prediction_regret >= b - 1e-12
    assert answer.witness.regret == pytest.approx(answer.estimate, rel=1e-6, abs=1e-11)
    return answer.estimate


def pairs(m: float, b: float) -> float:
    return m * t1(min(b / m, 1.0))


def score_abstention(n: int, c: float) -> Callable[[float], float]:
    """The largest sum of the two weights that compete, where it is known."""

    def transform(b: float) -> float:
        sums = []
        if b <= c and (c - b) / (n - 1) <= 1 - c + b / 2:
            sums.append(2 * (1 - c) + b)
        if c >= 0.5:
            sums.append(1.0)
        if b <= 1 - c and (c + b) / (n - 1) <= 1 - c - b / 2:
            sums.append(2 * (1 - c) - b)
        return pairs(max(sums), b)

    return transform


@pytest.mark.parametrize(
    ("c", "b"), [(0.3, 0.1), (0.3, 0.3), (0.5, 0.1), (0.5, 0.6), (0.7, 0.1), (0.7, 0.6), (0.7, 0.9)]
)
def test_score_based_abstention(c: float, b: float) -> None:
    wanted = score_abstention(3, c)(b)
    assert value("weighted", f"abstain:c={c}", 3, b) == pytest.approx(wanted, rel=1e-7)


@pytest.mark.parametrize("b", [0.1, 0.5, 1.0, 2.0, 2.9])
def test_class_weighted_cross_entropy(b: float) -> None:
    wanted = pairs((2 * 3 * 2 + b * (3 - 2)) / (3 + 2), b)
    found = value("weighted:base=logistic,offset=label", "weights:1,3,2", 3, b)
    assert found == pytest.approx(wanted, rel=1e-7)


@pytest.mark.parametrize("b", [0.1, 0.5, 0.9])
def test_one_vs_all_and_regression(b: float) -> None:
    for n in (2, 4):
        assert value("ova:phi=margin-logistic", "zero-one", n, b) == pytest.approx(
            2 * t1(b), rel=1e-7
        )
        assert value("ova:phi=least-squares", "zero-one", n, b) == pytest.approx(
            2 * b * b, rel=1e-7
        )
    two_arms = "cost:[[0,1,0,1],[0,0,1,1]]"
    assert value("cost-regression:square", two_arms, 4, b) == pytest.approx(b * b / 2, rel=1e-7)
    assert value("cost-regression:log", two_arms, 4, b) == pytest.approx(2 * t1(b), rel=1e-7)


def test_values_of_the_brier_score() -> None:
    assert value("brier", "ordinal:absolute", 4, 0.3) == pytest.approx(0.0048214286, rel=1e-6)
    assert value("brier", "abstain:c=0.3", 3, 0.1) == pytest.approx(0.015, rel=1e-6)


def test_weighted_at_zero_one_costs_is_its_base() -> None:
    for b in (0.2, 0.9, 1.0):
        assert value("weighted:base=logistic", "zero-one", 3, b) == pytest.approx(t1(b), rel=1e-7)


def test_losses_are_their_formula() -> None:
    problem = hc.PointwiseProblem("weighted", "abstain:c=0.25", n_classes=2)
    s, p = np.array([0.3, -0.2, 0.1]), np.array([0.7, 0.3])
    logs = -np.log(brute.softmax(s))
    wanted = 0.7 * logs[0] + 0.3 * logs[1] + 0.75 * logs[2]
    assert float(problem.conditional_risk(s, p)) == pytest.approx(wanted)
    squared = hc.PointwiseProblem("cost-regression", "cost:[[0,2],[1,0],[3,3]]", n_classes=2)
    wanted = 0.7 * ((0.3 + 0) ** 2 + (-0.2 + 1) ** 2 + (0.1 + 3) ** 2)
    wanted += 0.3 * ((0.3 + 2) ** 2 + (-0.2 + 0) ** 2 + (0.1 + 3) ** 2)
    assert float(squared.conditional_risk(s, p)) == pytest.approx(wanted)
    ova = hc.PointwiseProblem("ova", "abstain:c=0.25", n_classes=2)
    w = np.array([0.7, 0.3, 0.75])
    wanted = sum(w * np.log1p(np.exp(-s)) + (1 - w) * np.log1p(np.exp(s)))
    assert float(ova.conditional_risk(s, p)) == pytest.approx(wanted)


def test_what_is_not_solved_is_refused_with_the_reason() -> None:
    problem = hc.PointwiseProblem("weighted:base=gce:q=0.5", "defer:experts=3", n_classes=40)
    with pytest.raises(EngineCannotAnswerError, match="KL divergence or a squared distance"):
        numeric.transform(problem, "0.1")
    for target in ("abstain:c=0.3", "zero-one"):
        with pytest.raises(EngineCannotAnswerError, match="KL divergence or a squared distance"):
            base = hc.PointwiseProblem("weighted:base=gce:q=0.5", target, n_classes=3)
            hc.transform(base, "0.1", "rigorous")
        with pytest.raises(EngineCannotAnswerError, match="logistic or a squared"):
            hc.transform(
                hc.PointwiseProblem("ova:phi=hinge", target, n_classes=3), "0.1", "symbolic"
            )
    assert hc.verdict("weighted:base=gce:q=0.5", 3, "abstain:c=0.3").status == "undecided"
    with pytest.raises(InvalidInputError, match=r"costs in \[0, 1\]"):
        numeric.transform(hc.PointwiseProblem("ova", "ordinal:squared", n_classes=3), 1)
    with pytest.raises(InvalidInputError, match="one prediction"):
        hc.PointwiseProblem("weighted", "top-k:2", n_classes=4)


@pytest.mark.parametrize(
    "spec",
    [
        "weighted:base=logistic,offset=label",
        "weighted:base=agce:a=1,q=2,offset=global",
        "ova:phi=margin-logistic",
        "cost-regression:square",
    ],
)
def test_specs_come_back(spec: str) -> None:
    found = parse_loss(spec)
    assert parse_loss(found.spec) == found


@pytest.mark.parametrize(
    "spec", ["weighted:base=hinge", "weighted:offset=both", "ova:phi=logistic", "cost-regression:x"]
)
def test_bad_specs_are_refused(spec: str) -> None:
    with pytest.raises(InvalidInputError):
        parse_loss(spec)
