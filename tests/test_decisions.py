"""A target is its costs: whoever answers, answers about these, or says what it needs."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import pytest

import hconsist as hc
from hconsist.certificates import parse_claim, statement
from hconsist.decisions import Decision, Table, Target, TopK, ZeroOne, parse_target
from hconsist.engines import numeric, rigorous, symbolic
from hconsist.errors import EngineCannotAnswerError, InvalidInputError
from hconsist.theorems import published

HALF = Fraction(1, 2)


@dataclass(frozen=True)
class OwnRegret(ZeroOne):
    """A stranger's target: to predict label 0 wrongly costs 10, told by its regret."""

    def regret(self, p, predicted):
        cost = 1 - np.asarray(p, dtype=float)
        cost[..., 0] *= 10
        return np.take_along_axis(cost, predicted, -1)[..., 0] - cost.min(-1)


@dataclass(frozen=True)
class OwnRegretAlone(Target):
    """The same, without costs."""

    @property
    def k(self):
        return 1

    def regret(self, p, predicted):
        return OwnRegret().regret(p, predicted)


@dataclass(frozen=True)
class Costly(Target):
    """The same, told by its costs; the largest score is predicted. T = 0 up to 5.3: at p =
    (.4, .3, .3) and scores log p the surrogate regret is 0, the target regret 6 - 0.7.
    """

    def decision(self, n_classes):
        every = range(n_classes)
        wrong = [10] + [1] * (n_classes - 1)
        return Decision(Table([[wrong[r] * (r != y) for y in every] for r in every]))


@pytest.mark.parametrize("target", [OwnRegret(), OwnRegretAlone()])
def test_a_target_with_a_regret_of_its_own_is_refused_with_the_remedy(target) -> None:
    with pytest.raises(InvalidInputError, match=r"define decision\(n_classes\)"):
        hc.PointwiseProblem("logistic", target, n_classes=3)
    with pytest.raises(InvalidInputError, match="from its costs"):
        hc.verdict("logistic", 3, target)
    with pytest.raises(InvalidInputError, match="from its costs"):
        hc.derive("logistic", 3, target=target)


def test_a_decision_must_be_one() -> None:
    class Sly(Decision):
        def regret(self, p, predicted):
            return 0 * super().regret(p, predicted)

    class Gives(Target):
        def __init__(self, what):
            object.__setattr__(self, "what", what)

        def decision(self, n_classes):
            return self.what

    for what in (None, Sly(Table([[0, 1], [1, 0]])), Decision(Table([[0, 1, 1], [1, 0, 1]]))):
        with pytest.raises(InvalidInputError):
            hc.PointwiseProblem("logistic", Gives(what), n_classes=2)


#: Entry points that would give a value of T, a proof or a theorem about it.
ANSWERS = {
    "symbolic": symbolic.derive,
    "symbolic value": lambda problem: symbolic.transform(problem, HALF),
    "numeric": lambda problem: numeric.transform(problem, HALF),
    "sweep": lambda problem: numeric.sweep(problem, [HALF]),
    "exhaustive": lambda problem: numeric.exhaustive(problem, HALF),
    "rigorous": lambda problem: rigorous.transform(problem, HALF),
    "envelope": lambda problem: float(
        rigorous.envelope(problem).gamma(Fraction(1, 10), Fraction(1, 100))[1]
    ),
    "certificate": lambda problem: statement(problem, *parse_claim("T >= b**2/2", 3)),
    "bound": lambda problem: hc.Bound(problem, "numeric")(0.1),
    "proven bound": lambda problem: hc.Bound(problem, "rigorous")(0.1),
    "LaTeX": lambda problem: hc.Bound(problem, "numeric").latex(),
    "inner": lambda problem: numeric.best_in_class(problem, [0.4, 0.3, 0.3], [0]),
}


@pytest.mark.parametrize("entry", ANSWERS)
@pytest.mark.parametrize(
    "spec", ["logistic", "mae", "gce:q=0.7", "crammer-singer", "ldr:lam=1,c=1", "brier"]
)
def test_other_costs_are_never_answered_as_zero_one(entry: str, spec: str) -> None:
    problem = hc.PointwiseProblem(spec, Costly(), n_classes=3)
    zero_one = hc.PointwiseProblem(spec, n_classes=3)
    try:
        answer = ANSWERS[entry](problem)
    except EngineCannotAnswerError:
        return
    assert not isinstance(answer, dict)  # a certificate cannot state these costs
    if isinstance(answer, float):  # Gamma of these costs: T is 0 up to 5.3
        assert answer >= 5.3
        return
    if isinstance(answer, list):
        (answer,) = answer
    assert isinstance(answer, hc.Answer), f"{zero_one} has another value"
    assert answer.estimate == pytest.approx(0, abs=1e-9)
    assert float(problem.target_regret(answer.witness.p, answer.witness.predicted)) >= 0.5 - 1e-9


def test_no_statement_and_no_verdict_is_about_other_costs() -> None:
    for spec in ("logistic", "mae", "crammer-singer", "brier"):
        assert hc.verdict(spec, 3, Costly()).status == "undecided"
        assert published(hc.PointwiseProblem(spec, Costly(), n_classes=3)) == []


def test_structure_is_found_by_comparison() -> None:
    class Anonymous(Target):
        def decision(self, n_classes):
            every = range(n_classes)
            return Decision(Table([[3 if r == y else 4 for y in every] for r in every]), 2)

    a = hc.PointwiseProblem("logistic", Anonymous(), n_classes=5)
    b = hc.PointwiseProblem("logistic", "top-k:2", n_classes=5)
    assert a.decision.structure.top == b.decision.structure.top == 2
    for engine in hc.engines.ENGINES:
        first, second = (hc.transform(x, "0.3", engine) for x in (a, b))
        assert first.estimate == second.estimate
        assert first.lower == second.lower
    doubled = Decision(Table([[0, 2], [2, 0]]))
    assert doubled.structure.top is None  # its regret is twice as large
    assert doubled.max_regret == 2


def test_names_equality_and_specs_of_the_two_old_targets() -> None:
    assert parse_target("zero-one") == hc.ZeroOne() == ZeroOne()
    assert parse_target("top-k:2") == parse_target("top-k:k=2") == hc.TopK(2) != TopK(3)
    assert hash(TopK(2)) == hash(TopK(2))
    assert str(TopK(2)) == "top-k:2"
    assert str(ZeroOne()) == "zero-one"
    assert TopK(1) != ZeroOne()
    assert issubclass(hc.TopK, hc.Target)


def test_regret_is_that_of_the_costs() -> None:
    random = np.random.default_rng(0)
    for _ in range(20):
        n, items = random.integers(2, 6, size=2)
        size = int(random.integers(1, items))
        costs = random.integers(-5, 9, size=(items, n))
        decision = Decision(Table(costs.tolist()), size)
        p = random.dirichlet(np.ones(n))
        sets = list(itertools.combinations(range(items), size))
        expected = [sum(float(costs[r] @ p) for r in s) for s in sets]
        for s, value in zip(sets, expected, strict=True):
            assert float(decision.regret(p, s)) == pytest.approx(value - min(expected), abs=1e-12)
        at_labels = [
            max(sum(costs[r, y] for r in s) for s in sets)
            - min(sum(costs[r, y] for r in s) for s in sets)
            for y in range(n)
        ]
        assert decision.max_regret == max(at_labels)
        rational = [Fraction(1, n)] * int(n)
        sums = [
            sum((Fraction(int(v)) for r in s for v in costs[r]), Fraction(0)) / int(n) for s in sets
        ]
        assert decision.exact_regret(rational, sets[0]) == sums[0] - min(sums)


def test_regret_of_top_k_is_that_of_sets_of_labels() -> None:
    p = np.array([0.4, 0.3, 0.2, 0.1])
    for k in (1, 2, 3):
        for s in itertools.combinations(range(4), k):
            wanted = p[:k].sum() - p[list(s)].sum()
            assert float(TopK(k).regret(p, np.array(s))) == pytest.approx(wanted, abs=1e-15)


def test_predictions_follow_the_rule() -> None:
    costs = Table([[0, 10, 10], [1, 0, 1], [1, 1, 0]])
    scores = np.log([0.4, 0.3, 0.3])
    assert Decision(costs).predict(scores).tolist() == [0]
    plug_in = Decision(costs, rule="least expected cost")
    assert plug_in.predict(scores)[0] in (1, 2)
    halved = Decision(costs, rule="least expected cost", temperature=HALF)
    assert halved.predict(scores / 2)[0] in (1, 2)
    assert Decision(costs, 2).predict(np.stack([scores, -scores])).shape == (2, 2)


def test_beta_is_in_the_unit_of_the_costs() -> None:
    problem = hc.PointwiseProblem("logistic", Costly(), n_classes=3)
    assert problem.check_beta(10) == 10
    with pytest.raises(InvalidInputError, match=r"beta must lie in \[0, 10\]"):
        hc.transform(problem, 11)
    with pytest.raises(InvalidInputError, match=r"beta must lie in \[0, 1\]"):
        hc.transform(hc.PointwiseProblem("logistic"), 2)


@pytest.mark.parametrize(
    "rows",
    [
        [],
        [[0, 1]],
        [[0], [1]],
        [[0, 1], [1]],
        [[0, float("nan")], [1, 0]],
        [[0, "inf"], [1, 0]],
        [[0, "x"], [1, 0]],
        [[0, True], [1, 0]],
    ],
)
def test_bad_costs_are_refused(rows: list[list[object]]) -> None:
    with pytest.raises(InvalidInputError):
        Table(rows)
