"""Closed forms for costs of any kind: forecasts beyond one range, a symbolic cost of rejection, and
losses with one score a prediction; against the numeric engine, brute force and hulls of samples.
"""

from __future__ import annotations

from fractions import Fraction

import brute
import numpy as np
import pytest
import sympy

import hconsist as hc
from hconsist.closed_forms import float_curve
from hconsist.decisions import Abstain, CostMatrix
from hconsist.engines import symbolic
from hconsist.engines.symbolic.costs.laws import Law
from hconsist.engines.symbolic.costs.programs import maximum
from hconsist.hull import ConvexHull
from hconsist.pointwise import UNREACHED, beta_symbol

SHARES = ("1/50", "1/4", "9/20", "7/10", "1")

FORECASTS = [
    ("abstain:c=0.3", 3),
    ("abstain:c=0.1", 5),
    ("abstain:c=0.8", 4),
    ("ordinal:squared", 4),
    ("cost:[[0,2,5],[1,0,2],[4,1,0]]", 3),
    ("cost:[[0,1,3],[2,0,1],[1,4,0]]", 3),
    ("defer:accuracy=[[.9,.8,.1],[.3,.3,.9]]", 3),
]
SCORES = [
    ("weighted", "abstain:c=0.5", 3),
    ("weighted", "abstain:c=0.3", 3),
    ("weighted", "ordinal:absolute", 4),
    ("weighted:base=logistic,offset=label", "weights:3,2,1", 3),
    ("ova:phi=margin-logistic", "zero-one", 4),
    ("ova:phi=margin-logistic", "abstain:c=0.3", 3),
    ("cost-regression:square", "hamming:k=2", 4),
    ("ova:phi=least-squares", "abstain:c=0.6", 3),
]


@pytest.mark.parametrize(("target", "n"), FORECASTS)
def test_a_closed_form_for_any_costs_of_a_forecast(target: str, n: int) -> None:
    problem = hc.PointwiseProblem("logistic", target, n_classes=n)
    for share in SHARES:
        b = problem.decision.max_regret * Fraction(share)
        found = symbolic.transform(problem, b)
        assert found.estimate == pytest.approx(hc.transform(problem, b).estimate, rel=1e-9)
        assert found.lower <= found.upper
        if found.witness is not None:
            p = found.witness.p
            assert problem.decision.exact_regret(p, found.witness.predicted) >= b
            assert found.witness.regret == pytest.approx(found.estimate, rel=1e-9)


@pytest.mark.parametrize(("target", "n"), [FORECASTS[0], FORECASTS[3], FORECASTS[4]])
def test_the_envelope_is_the_hull_of_samples(target: str, n: int) -> None:
    derivation = hc.derive("logistic", n, target=target, engine="symbolic").derivation
    most = float(derivation.problem.decision.max_regret)
    grid = np.linspace(0, most, 801)
    values, envelope = (float_curve(f, grid) for f in (derivation.transform, derivation.envelope))
    hull = ConvexHull.of(grid.tolist(), values.tolist())
    below = np.array([hull(float(b)) for b in grid])
    assert np.all(envelope <= below * (1 + 1e-9) + 1e-12)
    assert np.max(below - envelope) < 1e-4 * values[-1]
    assert np.max(values - envelope) > 1e-3 * values[-1]  # T has a concave kink there


def test_abstention_kinks_where_a_label_takes_the_place_of_rejecting() -> None:
    bound = hc.derive("logistic", 3, target="abstain:c=0.3", engine="symbolic")
    b = beta_symbol()
    low, high = (bound.transform.subs(b, sympy.Rational(v)) for v in ("399/1000", "401/1000"))
    kink = bound.transform.subs(b, sympy.Rational(2, 5))
    assert (low + high).evalf() / 2 < kink.evalf()  # concave at 1 - 2c
    gamma = bound.bound("0.3")
    assert gamma.lower <= gamma.upper
    envelope = float_curve(bound.envelope, np.array([float(gamma.upper)]))[0]
    assert envelope == pytest.approx(0.3, rel=1e-9)


def test_the_cost_of_rejection_may_be_a_symbol() -> None:
    c = sympy.Symbol("c", positive=True)
    bound = hc.derive("logistic", 3, target=Abstain(c))
    b = beta_symbol()
    for value in ("1/10", "2/5", "1/2", "7/10"):
        problem = hc.PointwiseProblem("logistic", Abstain(Fraction(value)), n_classes=3)
        for beta in (Fraction(1, 5), Fraction(7, 10)):
            there = bound.transform.subs({c: sympy.Rational(value), b: sympy.Rational(str(beta))})
            exact = symbolic.transform(problem, beta)
            assert float(there) == pytest.approx(exact.estimate, rel=1e-12)
    with pytest.raises(hc.errors.InvalidInputError, match="numbers"):
        hc.transform(bound.problem, "1/5")


def test_one_forecast_may_never_lead_to_a_prediction() -> None:
    problem = hc.PointwiseProblem("logistic", "cost:[[0,1],[1,0],[2,2]]", n_classes=2)
    assert symbolic.transform(problem, Fraction(3, 2)).reason == UNREACHED
    assert hc.derive("logistic", 2, target=problem.target).bound(100).estimate == 1


@pytest.mark.parametrize(("spec", "target", "n"), SCORES)
def test_one_score_a_prediction(spec: str, target: str, n: int) -> None:
    problem = hc.PointwiseProblem(spec, target, n_classes=n)
    for share in SHARES:
        b = problem.decision.max_regret * Fraction(share)
        found, numeric = symbolic.transform(problem, b), hc.transform(problem, b).estimate
        if found.upper is not None:
            assert found.estimate == pytest.approx(numeric, rel=1e-6)
        assert float(found.lower) <= numeric * (1 + 1e-6)


def test_where_other_weights_do_not_fit_the_bound_says_so() -> None:
    problem = hc.PointwiseProblem("weighted", "abstain:c=0.3", n_classes=3)
    assert symbolic.transform(problem, Fraction(1, 5)).proven
    beyond = symbolic.transform(problem, Fraction(3, 5))
    assert beyond.upper is None and beyond.lower > 0
    derivation = symbolic.derive(problem)
    assert derivation.relation == ">=" and not derivation.envelope_exact
    bound = hc.derive("weighted", 3, target="abstain:c=0.3").bound("0.05")
    assert bound.lower is None and bound.upper is not None


@pytest.mark.parametrize(
    ("spec", "target", "n", "regret"),
    [
        ("logistic", "abstain:c=0.3", 3, "forecast"),
        ("weighted", "abstain:c=0.3", 3, "weighted"),
        ("ova:phi=margin-logistic", "zero-one", 3, "ova"),
    ],
)
def test_no_random_point_lies_below(spec: str, target: str, n: int, regret: str) -> None:
    """Losses written anew; the nearest point is close to T."""
    problem = hc.PointwiseProblem(spec, target, n_classes=n)
    costs = np.array([[float(v) for v in row] for row in problem.decision.costs.exact_rows()])
    top = costs.max()

    def weighted(s: np.ndarray, p: np.ndarray) -> np.ndarray:
        w = p @ (top - costs).T
        total = w.sum(axis=-1, keepdims=True)
        return total[..., 0] * brute.cross_entropy(s, w / total)

    def ova(s: np.ndarray, p: np.ndarray) -> np.ndarray:
        v, w = 1 / (1 + np.exp(-s)), p @ (1 - costs).T
        with np.errstate(all="ignore"):
            parts = [np.where(x > 0, x * np.log(x / y), 0) for x, y in ((w, v), (1 - w, 1 - v))]
        return sum(parts).sum(axis=-1)

    losses = {"forecast": brute.cross_entropy, "weighted": weighted, "ova": ova}
    predict = brute.plug_in(costs) if regret == "forecast" else brute.argmax
    formula = hc.derive(spec, n, target=target, engine="symbolic").transform
    scores = n if regret == "forecast" else len(costs)

    def transform(target: np.ndarray) -> np.ndarray:
        return float_curve(formula, np.maximum(target, 1e-2)) * (target >= 1e-2) - 1e-12

    excess, ratio = brute.points(losses[regret], predict, costs, scores, transform, 4000)
    assert excess > -1e-9
    assert ratio < 1.05


def test_a_false_dominance_is_noticed() -> None:
    """Laws that cross are not ordered; a wider one is above."""
    half = Fraction(1, 2)
    a, b = Law((-half, half), (half, half)), Law((Fraction(-1), Fraction(1)), (half, half))
    skew = Law((Fraction(-3, 10), Fraction(7, 10)), (Fraction(7, 10), Fraction(3, 10)))
    down = Law((Fraction(-1), Fraction(1)), (Fraction(7, 10), Fraction(3, 10)))
    assert a.below(b) and not b.below(a)
    assert not skew.below(down) and not down.below(skew)


def test_programs_are_solved_exactly() -> None:
    """Against SciPy, on random rational programs."""
    from scipy.optimize import linprog

    random = np.random.default_rng(5)
    for _ in range(20):
        rows = random.integers(-3, 4, size=(3, 6))
        rows[0] = 1
        inside = random.dirichlet(np.ones(6))
        right = [Fraction(1), *(Fraction(round(float(v) * 8), 8) for v in rows[1:] @ inside)]
        goal = random.integers(-5, 6, size=6)
        exact = maximum(
            [[Fraction(int(v)) for v in row] for row in rows],
            right,
            [Fraction(int(v)) for v in goal],
        )
        found = linprog(-goal, A_eq=rows, b_eq=[float(v) for v in right])
        assert (exact is None) == (found.status == 2)
        if exact is not None:
            assert float(exact.value) == pytest.approx(-found.fun, abs=1e-9)
            assert all(v >= 0 for v in exact.point)


def test_random_costs_of_scores_lie_below_the_numeric_engine() -> None:
    random = np.random.default_rng(11)
    for _ in range(4):
        target = CostMatrix(random.integers(0, 4, size=(3, 2)).tolist())
        problem = hc.PointwiseProblem("weighted", target, n_classes=2)
        if problem.decision.max_regret == 0:
            continue
        b = problem.decision.max_regret * Fraction(2, 5)
        try:
            found = symbolic.transform(problem, b)
        except hc.errors.EngineCannotAnswerError:
            continue
        assert float(found.lower) <= hc.transform(problem, b).estimate * (1 + 1e-6)
