"""Closed forms of T for costs of any kind, derived from the range of the cost differences."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

import hconsist as hc
from hconsist.decisions import CostMatrix
from hconsist.engines import rigorous, symbolic
from hconsist.errors import EngineCannotAnswerError
from hconsist.pointwise import UNREACHED

DERIVED = [
    ("ordinal:absolute", 3),
    ("ordinal:absolute", 5),
    ("weights:1,3,2", 3),
    ("weights:1,9", 2),
    ("hamming:k=2", 4),
    ("hamming:k=3", 8),
    ("abstain:c=0.5", 3),
    ("abstain:c=0.6", 4),
    ("cost:[[0,5],[1,0]]", 2),
    ("cost:[[0,2,2],[2,0,2],[2,2,0]]", 3),
]


@pytest.mark.parametrize(("target", "n"), DERIVED)
def test_closed_forms_lie_in_the_enclosures(target: str, n: int) -> None:
    problem = hc.PointwiseProblem("logistic", target, n_classes=n)
    for share in ("0", "1/100000", "1/5", "7/10", "1"):
        b = problem.decision.max_regret * Fraction(share)
        found = hc.transform(problem, b, "symbolic")
        proven = hc.transform(problem, b, "rigorous")
        assert found.lower <= proven.upper
        assert proven.lower <= found.upper
        assert found.width < 1e-40
        assert not found.assumptions
        p = found.witness.p
        assert sum(p) == 1
        assert problem.decision.exact_regret(p, found.witness.predicted) >= b
        assert found.witness.regret == pytest.approx(found.estimate, rel=1e-9, abs=1e-15)


@pytest.mark.parametrize(("target", "n"), [DERIVED[2], DERIVED[3], DERIVED[8]])
def test_gamma_and_its_elementary_bound(target: str, n: int) -> None:
    bound = hc.derive("logistic", n, target=target, engine="symbolic")
    most = float(bound.problem.decision.max_regret)
    for excess in (0.0001, 0.01, 0.1, 1.0):
        value = bound.bound(excess)
        if value.estimate < most:  # T is strictly increasing: Gamma inverts it
            back = rigorous.transform(bound.problem, Fraction(value.estimate))
            assert float(back.lower) == pytest.approx(excess, rel=1e-9)
        (symbol,) = bound.gamma_upper.free_symbols
        upper = float(bound.gamma_upper.subs(symbol, Fraction(str(excess))))
        assert float(value.upper) <= upper * (1 + 1e-12)
    assert bound.bound(100).estimate == most
    assert bound.envelope == bound.transform
    assert "begin{theorem}" in bound.latex()


def test_a_scaled_loss_and_scaled_costs() -> None:
    plain = hc.PointwiseProblem("logistic", "weights:3,2,1", n_classes=3)
    loss = hc.PointwiseProblem("softmax:-2*log(u)", "weights:3,2,1", n_classes=3)
    costs = hc.PointwiseProblem("logistic", "weights:6,4,2", n_classes=3)
    value = symbolic.transform(plain, Fraction(1)).estimate
    assert symbolic.transform(loss, Fraction(1)).estimate == pytest.approx(2 * value, rel=1e-12)
    assert symbolic.transform(costs, Fraction(2)).estimate == pytest.approx(value, rel=1e-12)


@pytest.mark.parametrize(
    ("spec", "target", "n", "said"),
    [
        ("gce:q=0.5", "weights:3,2,1", 3, "cross-entropy"),
        ("brier", "weights:3,2,1", 3, "cross-entropy"),
    ],
)
def test_what_is_not_derived_says_why(spec: str, target: str, n: int, said: str) -> None:
    with pytest.raises(EngineCannotAnswerError, match=said):
        symbolic.derive(hc.PointwiseProblem(spec, target, n_classes=n))


def test_random_costs_are_derived_rightly() -> None:
    random = np.random.default_rng(3)
    for _ in range(25):
        items, n = random.integers(2, 4, size=2)
        target = CostMatrix(random.integers(0, 4, size=(items, n)).tolist())
        problem = hc.PointwiseProblem("logistic", target, n_classes=int(n))
        if problem.decision.max_regret == 0:
            continue
        b = problem.decision.max_regret * Fraction(1, 3)
        try:
            found = symbolic.transform(problem, b)
        except EngineCannotAnswerError as refused:
            assert UNREACHED in refused.reason
            assert hc.transform(problem, b).reason == UNREACHED
            continue
        if found.estimate is None:  # no forecast leads to a prediction with that regret
            continue
        proven = rigorous.transform(problem, b)
        assert found.lower <= proven.upper
        assert proven.lower <= found.upper


def test_the_largest_score_at_other_costs_has_no_such_range() -> None:
    """The mean of the cost difference may be positive where the largest score is predicted."""

    class Largest(hc.Target):
        def decision(self, n):
            return hc.Decision(hc.Table([[0, 10, 10], [1, 0, 1], [1, 1, 0]]))

    problem = hc.PointwiseProblem("logistic", Largest(), n_classes=3)
    with pytest.raises(EngineCannotAnswerError, match="largest score"):
        symbolic.derive(problem)
