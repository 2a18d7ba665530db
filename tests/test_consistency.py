"""Consistency verdicts against searches and linear programs that know nothing of the proofs."""

from __future__ import annotations

import dataclasses
import itertools
from fractions import Fraction

import cvxpy as cp
import numpy as np
import pytest
import sympy

from hconsist.arithmetic import CVXPY, NUMPY
from hconsist.consistency import Counterexample, verdict
from hconsist.consistency.calculus import proven_negative, trend
from hconsist.consistency.polyhedral import BraidRisk, label_distributions
from hconsist.losses import CATALOGUE, Loss, ProbabilityLoss, QuadraticSurrogate, parse_loss

EXTRA = [
    "ldr:c=1",
    "comp-sum:tau=3",
    "hard-truncated:alpha=0.5",
    "max:phi=rho-margin",
    "max:phi=ramp",
    "max:phi=sigmoid",
    "max:phi=exponential",
    "sum:phi=exponential",
    "sum:phi=margin-logistic",
    "sum:phi=squared-hinge",
    "sum:phi=rho-margin",
    "constrained:phi=rho-margin",
    "constrained:phi=sigmoid",
    "constrained:phi=exponential",
    "constrained:phi=least-squares",
    "constrained:phi=squared-hinge",
    "comp-sum-margin:phi=rho-margin",
    "ldam:growth=0.5",
    "ldam:growth=1",
    "ldr-k:k=3",
    "ldr-zero:c=0",
]
THREE = [s for s in [*CATALOGUE, *EXTRA] if parse_loss(s).only_classes is None]
INCONSISTENT = {
    *(
        "crammer-singer",
        "weston-watkins",
        "max",
        "sum",
        "max:phi=ramp",
        "max:phi=sigmoid",
        "max:phi=exponential",
    ),
    *("ldr-zero", "ldr-k", "ldr-inf", "ldr-k:k=3", "ldr-zero:c=0"),
    *("nce", "taylor-softmax", "spherical-softmax", "ldam", "ldam:growth=0.5"),
}
UNDECIDED = {"comp-sum-margin"}


def score_grid(loss: Loss) -> np.ndarray:
    """Three scores on a lattice wide enough for every loss here, in units of the temperature."""
    axis = np.arange(-8, 8.01, 0.5)
    if loss.sum_to_zero:
        grid = np.array([(a, b, -a - b) for a, b in itertools.product(axis, axis)])
    else:
        axis = np.arange(-6, 6.01, 0.5)
        grid = np.array(list(itertools.product(axis, repeat=3)))
    grid = grid[np.ptp(grid, axis=1) > 0]
    return grid * step(loss)


def step(loss: Loss) -> float:
    """A scale on which the minimiser moves visibly with p."""
    return (
        float(loss.temperature)
        if isinstance(loss, ProbabilityLoss)
        else 0.1
        if loss == QuadraticSurrogate()
        else 1.0
    )


def risks(loss: Loss, grid: np.ndarray, p: np.ndarray) -> np.ndarray:
    values = loss.losses(grid, NUMPY)
    return np.where(p > 0, p * values, 0.0).sum(axis=-1)


@pytest.mark.parametrize("spec", THREE)
def test_three_labels(spec: str) -> None:
    loss = parse_loss(spec)
    found = verdict(loss, 3)
    expected = (
        "not consistent"
        if spec in INCONSISTENT
        else "undecided"
        if spec in UNDECIDED
        else "consistent"
    )
    assert found.status == expected
    grid = score_grid(loss)
    if found.status == "consistent":
        assert len(found.steps) >= 3
        p = np.array([0.6, 0.25, 0.15])
        values = risks(loss, grid, p)
        for wrong in (1, 2):
            leads = grid[:, wrong] == grid.max(axis=1)
            assert values[leads].min() > values.min() + 1e-4
    elif found.counterexample is not None:
        example = found.counterexample
        assert example.check()
        p = np.array(example.p, dtype=float)
        values = risks(loss, grid, p)
        right = grid.argmax(axis=1) == p.argmax()
        unique = (grid == grid.max(axis=1, keepdims=True)).sum(axis=1) == 1
        assert values[right & unique].min() >= float(example.floor) - 1e-9


@pytest.mark.parametrize("spec", [s for s in CATALOGUE if parse_loss(s).only_classes in (None, 2)])
def test_two_labels(spec: str) -> None:
    loss = parse_loss(spec)
    found = verdict(loss, 2)
    # Linear in the margin: the least risk is minus infinity, so that no surrogate regret is defined
    # and a sequence of risks that falls without end at one input may predict anything at others.
    unbounded = ("ldr-k", "ldr-inf")
    assert found.status == (
        "not consistent"
        if spec in ("ldam", "taylor-softmax", "spherical-softmax")
        else "undecided"
        if spec in unbounded
        else "consistent"
    )
    assert spec not in unbounded or "bounded below" in found.reason
    if found.status == "consistent" and spec != "z-loss":
        f = np.arange(-6, 6.01, 0.125) * step(loss)
        values = risks(loss, np.stack([f, -f], axis=-1), np.array([0.7, 0.3]))
        assert values[f <= 0].min() > values.min() + 1e-5


@pytest.mark.parametrize("n", [3, 4, 5])
@pytest.mark.parametrize(
    "spec", ["crammer-singer", "weston-watkins", "ldr-k:k=2,c=1", "ldr-zero:c=2", "ldr-k:k=2,c=0"]
)
def test_piecewise_linear_counterexamples_by_linear_programming(spec: str, n: int) -> None:
    example = verdict(spec, n).counterexample
    assert example is not None
    assert example.attained and example.check()
    scores, p = cp.Variable(n), np.array(example.p, dtype=float)
    program = cp.Problem(cp.Minimize(p @ example.loss.losses(scores, CVXPY)), [scores[0] == 0])
    best = program.solve(solver=cp.HIGHS)
    assert best == pytest.approx(float(example.floor), abs=1e-8)
    assert float(example.risk()) == float(example.floor)
    assert example.p[example.predicted[0]] < max(example.p)


@pytest.mark.parametrize("n", [3, 4])
@pytest.mark.parametrize("spec", ["crammer-singer", "weston-watkins", "ldr-k:k=2,c=1"])
def test_lattice_descent_is_the_linear_program(spec: str, n: int) -> None:
    loss = parse_loss(spec)
    risk = BraidRisk(loss, n, Fraction(1))
    scores, p = cp.Variable(n), cp.Parameter(n, nonneg=True)
    base, led = ([scores[0] == 0], [scores[0] == 0, scores[1] >= scores])
    programs = [cp.Problem(cp.Minimize(p @ loss.losses(scores, CVXPY)), c) for c in (base, led)]
    compared = 0
    for q in itertools.islice(label_distributions(n, 9), 3, 40, 4):
        p.value = np.array(q, dtype=float)
        if risk.unbounded_along(q) is not None:
            assert programs[0].solve(solver=cp.HIGHS) == -np.inf
            continue
        for program, leader in zip(programs, (frozenset(), frozenset({1})), strict=True):
            assert program.solve(solver=cp.HIGHS) == pytest.approx(
                float(risk.minimise(q, leader)[1]), abs=1e-8
            )
            compared += 1
    assert compared >= 2


@pytest.mark.parametrize("k", [2, 3])
@pytest.mark.parametrize(
    ("spec", "status"),
    [
        ("logistic", "consistent"),
        ("gce", "consistent"),
        ("ldr:c=1", "consistent"),
        ("focal", "consistent"),
        ("js", "consistent"),
        ("brier", "consistent"),
        ("spherical", "consistent"),
        ("z-loss", "consistent"),
        ("mae", "not consistent"),
        ("rce", "not consistent"),
        ("taylor-ce", "not consistent"),
        ("agce:q=2", "not consistent"),
        ("aul", "not consistent"),
        ("crammer-singer", "not consistent"),
        ("ldr-inf", "not consistent"),
        ("nce", "not consistent"),
        ("rll", "not consistent"),
        ("hard-truncated", "not consistent"),
        ("truncated-gce", "not consistent"),
        ("constrained", "not consistent"),
        ("constrained:phi=exponential", "consistent"),
        ("constrained:phi=least-squares", "consistent"),
        ("weston-watkins", "not consistent"),
        ("ldr-k:k=2", "not consistent"),
        ("aldr", "consistent"),
        ("dice", "undecided"),
    ],
)
def test_top_k(spec: str, status: str, k: int) -> None:
    loss = parse_loss(spec)
    found = verdict(loss, 5, f"top-k:{k}")
    assert found.status == status
    if found.counterexample is not None:
        example = found.counterexample
        assert example.check()
        # No random scores go below the floor.
        random = np.random.default_rng(k)
        scores = random.normal(size=(20000, 5)) * random.exponential(6, size=(20000, 1))
        if loss.sum_to_zero:
            scores -= scores.mean(axis=1, keepdims=True)
        values = risks(loss, scores, np.array(example.p, dtype=float))
        assert values.min() >= float(example.floor) - 1e-9


def test_counterexamples_can_fail() -> None:
    example = verdict("weston-watkins", 3).counterexample
    assert isinstance(example, Counterexample)
    broken = [
        dataclasses.replace(example, predicted=(0,)),  # the right label
        dataclasses.replace(example, predicted=(2,)),  # not a label that leads
        dataclasses.replace(
            example, floor=example.floor - sympy.Rational(1, 100)
        ),  # the risk is above the claimed floor
        dataclasses.replace(example, start=(Fraction(0), Fraction(3), Fraction(0))),
        dataclasses.replace(example, p=(Fraction(1, 3), Fraction(1, 2), Fraction(1, 6))),
        dataclasses.replace(example, p=(Fraction(1, 2), Fraction(1, 3), Fraction(1, 3))),
        dataclasses.replace(example, loss=parse_loss("sum:phi=squared-hinge")),
    ]
    assert [b.check() for b in broken] == [False] * len(broken)
    assert example.as_dict()["p"] == ["1/2", "1/3", "1/6"]


@pytest.mark.parametrize(
    ("spec", "status"),
    [
        ("margin:Max(0, 1 - v)", "consistent"),
        ("margin:Max(0, -v)", "not consistent"),  # kink at 0: the perceptron
        ("margin:exp(v)", "not consistent"),
        ("margin:Max(0, 1 - v, -3*v)", "consistent"),  # a kink elsewhere does not matter
        ("margin:Max(1 - v, 1 - 2*v)", "not consistent"),
        ("margin:1/(1 + exp(v))", "consistent"),
        ("softmax:(1 - u)**2", "consistent"),
        ("softmax:1/u**2 + 1/u", "consistent"),
        ("softmax:u", "undecided"),
        ("softmax:(u - 1/4)**2", "undecided"),
    ],
)
def test_users_own_losses(spec: str, status: str) -> None:
    loss = parse_loss(spec)
    found = verdict(loss, loss.only_classes or 4)
    assert found.status == status
    if found.counterexample is not None:
        assert found.counterexample.check()
        eta = float(found.counterexample.p[0])
        f = np.linspace(0, 5, 501)
        risk = risks(loss, np.stack([f, -f], -1), np.array([eta, 1 - eta]))
        assert risk.min() >= float(found.counterexample.floor) - 1e-12


def test_a_symbolic_parameter_is_undecided() -> None:
    from hconsist.losses import CompSum

    found = verdict(CompSum(sympy.Symbol("tau", positive=True)), 3)
    assert found.status == "undecided" and "no value" in found.reason


def test_calculus() -> None:
    u, v = sympy.Symbol("u", positive=True), sympy.Symbol("v", real=True)
    assert trend(sympy.exp(-v) * sympy.log(1 + sympy.exp(-v)), v) == -1
    assert trend(v**2, v) is None
    assert trend(-sympy.log(u) + 3 * u, u) is None
    # A slope that is -1/1000 at its largest is proven; one that touches 0 is not.
    low, high = Fraction(1, 10), Fraction(1, 2)
    assert proven_negative(
        -((u - sympy.Rational(1, 3)) ** 2) - sympy.Rational(1, 1000), u, low, high
    )
    assert not proven_negative(-((u - sympy.Rational(1, 3)) ** 2), u, low, high)


def test_verdicts_are_json_ready() -> None:
    import json

    for spec in ("logistic", "crammer-singer", "ldr-inf", "comp-sum-margin"):
        assert json.loads(json.dumps(verdict(spec, 3).as_dict()))["n_classes"] == 3


def test_the_condition_of_the_adaptive_loss() -> None:
    # Independent: the largest varentropy by direct search over two-valued distributions.
    r = np.linspace(1e-6, 1 - 1e-6, 400001)
    for n in (2, 17, 18, 40):
        varentropy = (r * (1 - r) * np.log((1 - r) * (n - 1) / r) ** 2).max()
        assert (verdict("aldr:alpha=2", n).status == "consistent") == bool(varentropy < np.log(n))


def test_normalized_cross_entropy_has_no_bound() -> None:
    # T = 0: at p = ((1 + b)/2, (1 - b)/2, 0) the second label may lead while the risk tends to its
    # infimum 0.
    loss = parse_loss("nce")
    for b in (0.2, 0.9):
        p = np.array([(1 + b) / 2, (1 - b) / 2, 0.0])
        values = [float(p @ loss.losses(np.array([0.0, 1.0, -t]), NUMPY)) for t in (1e2, 1e4, 1e6)]
        assert values[0] > values[1] > values[2] > 0 and values[2] < 1e-5


@pytest.mark.parametrize(
    ("spec", "n", "target", "asked"),
    [
        ("comp-sum-margin:phi=hinge", 3, "zero-one", "phi exponential"),
        ("aldr:alpha=1.1", 3, "zero-one", "Var_q"),
        ("softmax:u", 3, "zero-one", "non-increasing"),
        ("dice", 3, "top-k:2", "strictly proper"),
    ],
)
def test_undecided_says_what_was_missing(spec: str, n: int, target: str, asked: str) -> None:
    found = verdict(spec, n, target)
    assert found.status == "undecided" and asked in found.reason
    assert found.counterexample is None and not found.steps


def test_a_linear_constrained_loss_is_not_called_consistent() -> None:
    # sum (1 - p_k) s_k falls without bound along (1, 1, -2) at p = (0.5, 0.4, 0.1): a tie of the
    # first two labels.
    from hconsist.losses import Constrained, UserMarginLoss

    loss = Constrained(UserMarginLoss("-v"))
    assert verdict(loss, 3).status != "consistent"
    p = np.array([0.5, 0.4, 0.1])
    assert (
        p @ loss.losses(np.array([9.0, 9.0, -18.0]), NUMPY)
        < p @ loss.losses(np.array([1.0, 1.0, -2.0]), NUMPY)
        < 0
    )
