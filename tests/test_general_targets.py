"""Targets with costs of their own: engines against the definitions, and against closed forms."""

from __future__ import annotations

import subprocess
import sys
from fractions import Fraction
from math import log

import brute
import numpy as np
import pytest

import hconsist as hc
from hconsist import plots
from hconsist.decisions import CostMatrix, Decision, Table, Target, parse_target
from hconsist.engines import numeric, rigorous
from hconsist.engines.numeric.kinks import crossings
from hconsist.errors import EngineCannotAnswerError, InvalidInputError
from hconsist.tightness import tightness


def kl(x: float, y: float) -> float:
    """The binary divergence, written anew."""
    first = x * log(x / y) if x else 0.0
    return first + ((1 - x) * log((1 - x) / (1 - y)) if x < 1 else 0.0)


def t1(b: float) -> float:
    """T of cross-entropy for the zero-one target."""
    return kl((1 + b) / 2, 0.5)


def costs_of(target: str, n: int) -> np.ndarray:
    table = parse_target(target).decision(n).costs
    return np.array([[float(table.entry(r, y)) for y in range(n)] for r in range(table.items)])


def below(spec: str, target: str, n: int):
    """T from the engine at an array of target regrets: the value at the grid point below each."""
    problem = hc.PointwiseProblem(spec, target, n_classes=n)
    most = problem.decision.max_regret
    grid = [most * Fraction(i, 60) for i in range(61)]
    found = numeric.sweep(problem, grid)
    assert all(not a.reason for a in found)
    values = np.array([a.estimate for a in found])
    assert np.all(np.diff(values) >= -1e-12)  # T is non-decreasing
    nodes = np.array([float(b) for b in grid])
    return lambda b: values[np.clip(np.searchsorted(nodes, b + 1e-12) - 1, 0, 60)]


PLUG_IN = [
    ("cost:[[0,2,5],[1,0,2],[4,1,0]]", 3),
    ("cost:[[0,1],[10,0]]", 2),
    ("cost:[[0,-1,2],[1,0,1/3],[0.5,0.5,0.5],[2,2,-2]]", 3),
    ("ordinal:absolute", 4),
    ("ordinal:squared", 3),
    ("abstain:c=0.1", 3),
    ("abstain:c=0.3", 3),
    ("abstain:c=0.6", 3),
    ("defer:accuracy=[[.9,.8,.1],[.3,.3,.9]]", 3),
    ("weights:3,2,1", 3),
    ("hamming:k=2", 4),
]


@pytest.mark.parametrize(("target", "n"), PLUG_IN)
def test_no_point_lies_below_plug_in_cross_entropy_and_some_come_near(target: str, n: int) -> None:
    costs = costs_of(target, n)
    excess, ratio = brute.points(
        brute.cross_entropy, brute.plug_in(costs), costs, n, below("logistic", target, n), 20_000
    )
    assert excess >= -1e-10
    assert ratio < 1.05


@pytest.mark.slow
@pytest.mark.parametrize(("target", "n"), PLUG_IN)
def test_no_point_of_many_lies_below(target: str, n: int) -> None:
    costs = costs_of(target, n)
    excess, ratio = brute.points(
        brute.cross_entropy,
        brute.plug_in(costs),
        costs,
        n,
        below("logistic", target, n),
        100_000,
        seed=1,
        rounds=150,
    )
    assert excess >= -1e-10
    assert ratio < 1.05


def value(target: object, n: int, b: object, spec: str = "logistic") -> float:
    problem = hc.PointwiseProblem(spec, target, n_classes=n)
    answer = hc.transform(problem, b)
    assert not answer.reason
    witness = answer.witness
    assert witness.prediction_regret >= float(b) - 1e-12
    assert witness.prediction_regret == pytest.approx(
        float(problem.target_regret(witness.p, witness.predicted)), abs=1e-15
    )
    assert witness.regret == pytest.approx(answer.estimate, rel=1e-7, abs=1e-14)
    # the prediction is allowed: its expected cost under the forecast is the least, up to rounding
    q = brute.softmax(np.array(witness.scores) / float(problem.decision.temperature))
    expected = costs_of(str(target), n) @ q
    assert expected[witness.predicted[0]] <= expected.min() + 1e-11 * np.abs(expected).max()
    return answer.estimate


@pytest.mark.parametrize("b", ["0.001", "0.3", "0.5", "0.85", "1"])
def test_closed_forms_of_plug_in_cross_entropy(b: str) -> None:
    x = float(b)
    for n in (3, 4, 7):
        assert value("ordinal:absolute", n, b) == pytest.approx(t1(x / (n - 1)), rel=1e-9)
    for c in (0.1, 0.3, 0.45):
        if x <= 1 - c:
            wanted = kl(min(x + c, (1 + x) / 2), c)
            assert value(f"abstain:c={c}", 4, b) == pytest.approx(wanted, rel=1e-9)
    for c in (0.5, 0.6):
        assert value(f"abstain:c={c}", 4, b) == pytest.approx(t1(x), rel=1e-9)
    assert value("weights:1/2,3,2,1", 4, b) == pytest.approx(kl((x + 2) / 5, 2 / 5), rel=1e-9)
    assert value("hamming:k=3", 8, b) == pytest.approx(t1(x / 3), rel=1e-9)


@pytest.mark.parametrize("b", [0.01, 0.5, 2.0, 5.0, 8.5, 9.0])
def test_squared_ordinal_costs_see_means_alone(b: float) -> None:
    n, wanted = 4, np.inf
    for r in range(1, n):
        for m in range(1, n):
            u = (b + m * m) / (2 * m)
            if r + u <= n + 1e-12:
                wanted = min(wanted, kl(min((r - 1 + u) / (n - 1), 1.0), (r - 0.5) / (n - 1)))
    assert value("ordinal:squared", n, b) == pytest.approx(wanted, rel=1e-9)


def test_the_largest_score_at_other_costs() -> None:
    """A foreign target that predicts the largest score: T = 0 up to 5.3, where log p is optimal."""

    class Costly(hc.Target):
        def decision(self, n):
            wrong = [10, 1, 1]
            return hc.Decision(
                hc.Table([[wrong[r] * (r != y) for y in range(n)] for r in range(n)])
            )

    problem = hc.PointwiseProblem("logistic", Costly(), n_classes=3)
    for b in ("0.5", "5", "5.3"):
        answer = hc.transform(problem, b)
        assert answer.estimate == pytest.approx(0, abs=1e-12)
        assert answer.witness.prediction_regret >= float(b) - 1e-12
    assert hc.transform(problem, "7").estimate > 0.01


def test_temperature_scales_the_forecast_alone() -> None:
    plain = value("abstain:c=0.3", 3, "0.3")
    warm = hc.transform(
        hc.PointwiseProblem("infonce:temperature=1/2", "abstain:c=0.3", n_classes=3), "0.3"
    )
    assert warm.estimate == pytest.approx(plain, rel=1e-9)


def test_adding_a_constant_to_a_label_and_renaming_change_nothing() -> None:
    random = np.random.default_rng(5)
    costs = random.integers(0, 9, size=(4, 3))
    shifted = costs + np.array([3, -20, 7])
    order = [2, 0, 1]
    for b in (1, 3):
        base = value(CostMatrix(costs.tolist()), 3, b)
        assert value(CostMatrix(shifted.tolist()), 3, b) == pytest.approx(base, rel=1e-9)
        assert value(CostMatrix(costs[:, order].tolist()), 3, b) == pytest.approx(base, rel=1e-9)
        assert value(CostMatrix(costs[::-1].tolist()), 3, b) == pytest.approx(base, rel=1e-9)
        doubled = value(CostMatrix((2 * costs).tolist()), 3, 2 * b)
        assert doubled == pytest.approx(base, rel=1e-9)


def test_a_cost_matrix_of_zeros_and_ones_is_the_zero_one_target() -> None:
    for engine in ("symbolic", "numeric", "rigorous"):
        found = hc.transform(
            hc.PointwiseProblem("gce:q=0.7", "cost:[[0,1,1],[1,0,1],[1,1,0]]", n_classes=3),
            "0.4",
            engine,
        )
        wanted = hc.transform(hc.PointwiseProblem("gce:q=0.7", n_classes=3), "0.4", engine)
        assert found == wanted


@pytest.mark.parametrize(
    ("spec", "target", "hypotheses", "said"),
    [
        ("gce:q=0.7", "squared-error:range=1", "complete", "KL"),
        ("logistic", "abstain:c=0.3", "bounded:2", "complete scores"),
    ],
)
def test_what_is_not_solved_is_refused_with_the_reason(spec, target, hypotheses, said) -> None:
    problem = hc.PointwiseProblem(spec, target, hypotheses, 3)
    with pytest.raises(EngineCannotAnswerError, match=said):
        numeric.transform(problem, "0.1")


def test_a_surrogate_must_forecast_or_score_predictions() -> None:
    with pytest.raises(InvalidInputError, match="forecasts or scores predictions"):
        hc.PointwiseProblem("crammer-singer", "abstain:c=0.3", n_classes=3)


BAD = {
    "cost:[[0,2],[1]]": "one length",
    "cost:[[0,nan],[1,0]]": "must be a number",
    "cost:[[0,1,2]]": "at least two predictions",
    "cost:[[0],[1]]": "at least two labels",
    "cost:": "rows of numbers",
    "cost:[[0,1/0],[1,0]]": "must be a number",
    "cost:[[0,__import__('os')],[1,0]]": "must be a number",
    "cost:@/no/such/file.csv": "readable CSV file",
    "abstain:c=2": r"c must lie in \(0, 1\)",
    "abstain": "needs c",
    "abstain:c=0.2,d=1": "unknown setting",
    "defer:accuracy=[[.9,2]]": r"must lie in \[0, 1\]",
    "weights:1,0": "must be > 0",
    "hamming:k=9": "from 1 to 7",
    "hamming:k=x": "whole number",
    "ordinal:cubic": "absolute or squared",
    "costs:1": "did you mean 'cost'",
}


@pytest.mark.parametrize("spec", BAD)
def test_bad_targets_are_refused_in_one_line(spec: str) -> None:
    with pytest.raises(InvalidInputError, match=BAD[spec]) as caught:
        hc.PointwiseProblem("logistic", spec, n_classes=2)
    assert "\n" not in str(caught.value)


def test_the_command_line_takes_the_number_of_classes_from_the_target(tmp_path) -> None:
    table = tmp_path / "costs.csv"
    table.write_text("0,2,5\n1,0,2\n4,1,0\n")

    def run(target: str) -> subprocess.CompletedProcess[str]:
        command = ["transform", "logistic", "--target", target, "--beta", "1"]
        return subprocess.run(
            [sys.executable, "-m", "hconsist", *command],
            check=False,
            capture_output=True,
            text=True,
        )

    read, written = run(f"cost:@{table}"), run("cost:[[0,2,5],[1,0,2],[4,1,0]]")
    assert read.returncode == written.returncode == 0
    assert read.stdout == written.stdout
    assert "prediction_regret" in read.stdout
    bad = run("cost:[[0,2],[1]]")
    assert bad.returncode == 2
    assert len(bad.stderr.splitlines()) == 1


@pytest.mark.parametrize("target", [t for t, _ in PLUG_IN])
def test_specs_come_back(target: str) -> None:
    found = parse_target(target)
    assert parse_target(str(found)) == found


def test_a_bound_ends_where_no_prediction_has_more_regret() -> None:
    never = hc.derive("logistic", 2, target="cost:[[0,1],[1,0],[2,2]]", engine="numeric")
    assert never(10.0) == pytest.approx(1.0)
    zero_one = hc.derive("logistic", 2, engine="numeric")
    assert never(0.1) == pytest.approx(zero_one(0.1), rel=1e-3)


def test_gamma_is_that_of_the_hull() -> None:
    """T of abstention has a concave kink at 1 - 2c: the envelope lies below it."""
    bound = hc.derive("logistic", 2, target="abstain:c=0.3", engine="numeric")
    betas = np.linspace(0, 1, 101)
    t, hull = bound.transform_curve(betas), bound.envelope_curve(betas)
    assert np.all(hull <= t + 1e-12)
    assert np.max(t - hull) > 1e-3
    assert np.all(np.diff(hull, 2) >= -1e-9)
    assert bound(float(hull[40])) == pytest.approx(0.4, rel=1e-6)


def test_faces_reach_up_to_the_largest_regret(tmp_path) -> None:
    """Plots and tables are over [0, max regret], whatever the unit."""
    bound = hc.derive("logistic", 3, target="weights:3,2,1", engine="symbolic")
    (line,) = plots.transform_curves(bound, published=False).lines
    assert max(line.get_xdata()) == 3.0
    small = hc.PointwiseProblem("logistic", "weights:1/10,1/20", n_classes=2)
    assert max(tightness(small).betas) == Fraction(1, 10)
    drawn = subprocess.run(
        [
            *(sys.executable, "-m", "hconsist", "plot", "logistic", "--target", "weights:3,2,1"),
            *("-o", str(tmp_path / "plot.svg")),
        ],
        check=False,
        capture_output=True,
        text=True,
    )
    assert drawn.returncode == 0, drawn.stderr


@pytest.mark.parametrize(
    "spec", ["crammer-singer", "weston-watkins", "constrained:phi=hinge", "max:phi=hinge"]
)
def test_corners_of_kinks_are_as_exact_as_rational_programs(spec: str) -> None:
    """A search with a gradient stopped at kinks: its "best" scores had a negative regret."""

    class Skewed(Target):
        @property
        def spec(self) -> str:
            return "skewed"

        def decision(self, n_classes: int) -> Decision:
            return Decision(Table([[0, 5, 1], [3, 0, 3], [3, 4, 0]]))

    problem = hc.PointwiseProblem(spec, Skewed(), n_classes=3)
    for beta in (Fraction(1, 2), Fraction(5, 2), Fraction(9, 2)):
        proven, found = rigorous.transform(problem, beta), numeric.transform(problem, beta)
        assert not found.reason
        assert found.witness.regret == pytest.approx(found.estimate, abs=1e-12)
        assert float(proven.lower) == pytest.approx(found.estimate, abs=1e-12)


def test_a_loss_that_falls_for_ever_has_no_corners() -> None:
    for spec, found in (("margin:-v", False), ("margin:Max(0,1-v)", True)):
        assert (crossings(hc.PointwiseProblem(spec, n_classes=2)) is not None) == found
