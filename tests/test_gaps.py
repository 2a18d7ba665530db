"""Best-in-class risks and minimizability gaps against direct minimisation, Monte Carlo and
quadrature by other means.
"""

from __future__ import annotations

import itertools
import math
from fractions import Fraction
from math import log

import numpy as np
import pytest
from scipy import integrate, optimize, special, stats

from hconsist.arithmetic import NUMPY
from hconsist.distributions import Finite, GaussianMixture
from hconsist.engines.rigorous import best_in_class_risk
from hconsist.engines.symbolic.best_in_class import derive_best_in_class
from hconsist.errors import EngineCannotAnswerError, InvalidInputError, UnknownNameError
from hconsist.gaps import (
    best_in_class_function,
    comp_sum_value,
    compare_taus,
    deterministic_gap_bound,
    expected_best_in_class,
    gap_upper_bound,
    minimizability_gap,
    target_gap,
)
from hconsist.hypotheses import Bounded, Linear
from hconsist.losses import ProbabilityLoss, parse_loss
from hconsist.pointwise import PointwiseProblem

THREE = np.array([[0.5, 0.3, 0.2], [0.7, 0.25, 0.05], [0.34, 0.33, 0.33]])
NOISY = Finite(
    ["1/4", "1/4", "1/4", "1/4"],
    [[0.8, 0.1, 0.1], [0.2, 0.7, 0.1], [0.1, 0.3, 0.6], [0.5, 0.3, 0.2]],
    points=[[0.0, 0.0], [1.0, 0.0], [0.0, 1.0], [1.0, 1.0]],
)


def search(spec: str, p: np.ndarray, start: np.ndarray) -> float:
    """Smallest conditional risk over scores, by a general-purpose optimiser from several starts."""
    loss = parse_loss(spec)

    def risk(s: np.ndarray) -> float:
        scores = np.append(s, -s.sum()) if loss.sum_to_zero else np.append(s, 0.0)
        return float(p @ loss.losses(scores, NUMPY))

    runs = [
        optimize.minimize(
            risk, s, method="Nelder-Mead", options={"xatol": 1e-9, "fatol": 1e-13, "maxiter": 4000}
        )
        for s in start
    ]
    return float(min(run.fun for run in runs))


@pytest.mark.parametrize(
    "spec",
    [
        "logistic",
        "sum-exp",
        "comp-sum:tau=0.5",
        "gce",
        "comp-sum:tau=1.9",
        "infonce",
        "brier",
        "spherical",
        "taylor-softmax",
        "spherical-softmax",
        "constrained:phi=exponential",
        "constrained:phi=squared-hinge",
        "sum:phi=exponential",
        "comp-sum-margin:phi=exponential,tau=1",
        "softmax:1/u**2",
    ],
)
def test_closed_form_is_the_minimum_over_scores(spec: str) -> None:
    best = derive_best_in_class(PointwiseProblem(spec, n_classes=3))
    assert best.steps
    scale = 0.1 if spec == "infonce" else 1.0
    start = scale * np.array([[0.5, 0.2], [3.0, 1.0], [1.0, 5.0]])
    slack = (
        1e-6 if spec == "spherical-softmax" else 1e-8
    )  # its infimum is approached as all scores grow
    for p in THREE:
        found = search(spec, p, start)
        assert float(best(p)) <= found + 1e-10
        assert found <= float(best(p)) + slack


@pytest.mark.parametrize(
    ("spec", "start", "end"),
    [("mae", 1.0, 0.0), ("comp-sum:tau=3", 0.5, 0.0), ("agce:q=2", 1.5, 0.0), ("rce", 4.0, 0.0)],
)
def test_concave_losses_are_minimised_at_a_vertex(spec: str, start: float, end: float) -> None:
    best = derive_best_in_class(PointwiseProblem(spec, n_classes=3))
    loss = parse_loss(spec)
    assert isinstance(loss, ProbabilityLoss)
    simplex = np.random.default_rng(0).dirichlet([0.3] * 3, size=4000)
    for p in THREE:
        assert float(best(p)) == pytest.approx(start + (end - start) * p.max(), abs=1e-14)
        assert float(best(p)) <= (loss.of_probabilities(simplex, NUMPY) @ p).min() + 1e-12


def test_normalized_cross_entropy_tends_to_the_least_likely_label() -> None:
    loss, best = parse_loss("nce"), derive_best_in_class(PointwiseProblem("nce", n_classes=3))
    random = np.random.default_rng(1).normal(size=(5000, 3)) * 20
    for p in THREE:
        assert (loss.losses(random, NUMPY) @ p).min() >= float(best(p)) - 1e-12
        far = [
            float(loss.losses(np.array([0.0, 0.0, -t]), NUMPY) @ p) - float(best(p))
            for t in (10.0, 100.0, 700.0)
        ]
        assert far[0] >= far[1] >= far[2] >= 0 and far[2] < 2e-3


@pytest.mark.parametrize("tau", [0, "1/2", 1, "5/4", "3/2", "19/10", 2, 3])
def test_comp_sum_formula_of_the_paper(tau: object) -> None:
    best = derive_best_in_class(PointwiseProblem(f"comp-sum:tau={tau}", n_classes=3))
    t = float(Fraction(str(tau)))
    for p in [*THREE, np.array([1.0, 0.0, 0.0])]:
        if t == 1:
            expected = float(stats.entropy(p))
        elif t < 2:
            expected = float(((p ** (1 / (2 - t))).sum() ** (2 - t) - 1) / (1 - t))
        else:
            expected = float((1 - p.max()) / (t - 1))
        assert float(best(p)) == pytest.approx(expected, abs=1e-13)


@pytest.mark.parametrize("bound", [None, "0.4", "2.5"])
@pytest.mark.parametrize(
    "spec",
    [
        "hinge",
        "squared-hinge",
        "least-squares",
        "margin-logistic",
        "exponential",
        "sigmoid",
        "rho-margin",
        "ramp",
    ],
)
def test_margin_losses(spec: str, bound: str | None) -> None:
    reach = "complete" if bound is None else f"bounded:{bound}"
    best = derive_best_in_class(PointwiseProblem(spec, hypotheses=reach, n_classes=2))  # type: ignore[arg-type]
    limit = 40.0 if bound is None else float(bound)
    f = np.linspace(-limit, limit, 400001)
    losses = parse_loss(spec).losses(np.stack([f, -f], -1), NUMPY)
    for eta in (0.05, 0.3, 0.5, 0.62, 0.9):
        p = np.array([eta, 1 - eta])
        assert float(best(p)) == pytest.approx(float((losses @ p).min()), abs=2e-7)


@pytest.mark.parametrize("n", [2, 3, 4])
@pytest.mark.parametrize("spec", ["mae", "rce"])
def test_affine_losses_in_a_box(spec: str, n: int) -> None:
    best = derive_best_in_class(PointwiseProblem(spec, hypotheses="bounded:0.7", n_classes=n))  # type: ignore[arg-type]
    random = np.random.default_rng(n)
    corners = np.array(list(itertools.product((-0.7, 0.7), repeat=n)))
    inside = random.uniform(-0.7, 0.7, size=(5000, n))
    loss = parse_loss(spec)
    for p in random.dirichlet(np.ones(n), size=4):
        assert float(best(p)) == pytest.approx(
            float((loss.losses(corners, NUMPY) @ p).min()), abs=1e-12
        )
        assert float(best(p)) <= (loss.losses(inside, NUMPY) @ p).min() + 1e-12


@pytest.mark.parametrize(
    "spec", ["logistic", "sum-exp", "gce", "infonce:temperature=0.5", "comp-sum:tau=0.5"]
)
@pytest.mark.parametrize("bound", ["0.3", "2"])
def test_two_labels_in_a_box(spec: str, bound: str) -> None:
    best = derive_best_in_class(PointwiseProblem(spec, hypotheses=f"bounded:{bound}", n_classes=2))  # type: ignore[arg-type]
    f = np.linspace(-float(bound), float(bound), 200001)
    losses = parse_loss(spec).losses(np.stack([f, -f], -1), NUMPY)
    for eta in (0.05, 0.3, 0.5, 0.62, 0.9, 1.0):
        p = np.array([eta, 1 - eta])
        assert float(best(p)) == pytest.approx(float((losses @ p).min()), abs=1e-8)


def test_constrained_hinge_and_quadratic_surrogate_in_a_box() -> None:
    for p in THREE:
        assert float(
            derive_best_in_class(PointwiseProblem("constrained", n_classes=3))(p)
        ) == pytest.approx(3 * (1 - p.max()))
        problem = PointwiseProblem("quadratic-surrogate", hypotheses="bounded:0.3", n_classes=3)  # type: ignore[arg-type]
        axis = np.linspace(-0.3, 0.3, 601)
        # Separable: minimise each score on its own.
        expected = sum(((v * axis**2 + (1 - v) * (axis + 1) ** 2) / 6).min() for v in p)
        assert float(derive_best_in_class(problem)(p)) == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("spec", ["sce", "agce", "taylor-ce", "focal", "rll"])
def test_no_closed_form_is_said(spec: str) -> None:
    # A finite slope at 0 lets labels drop out (agce, taylor-ce); the marginal of the others has no
    # power inverse.
    with pytest.raises(EngineCannotAnswerError, match="no closed form"):
        derive_best_in_class(PointwiseProblem(spec, n_classes=3))


def test_the_formula_follows_the_loss() -> None:
    once = derive_best_in_class(PointwiseProblem("softmax:-log(u)", n_classes=3))
    twice = derive_best_in_class(PointwiseProblem("softmax:-2*log(u) + 1", n_classes=3))
    assert np.allclose(twice(THREE), 2 * once(THREE) + 1)


@pytest.mark.parametrize(
    "spec", ["sce", "focal", "ldr:c=1", "js", "weston-watkins", "ldr-zero:c=2"]
)
def test_solver_where_there_is_no_closed_form(spec: str) -> None:
    best, closed = best_in_class_function(spec, "complete", 3)
    assert not closed
    for p in THREE:
        assert float(best(p)) == pytest.approx(search(spec, p, np.array([[0.5, 0.2]])), abs=1e-8)


# -- gaps
@pytest.mark.parametrize("spec", ["logistic", "sum-exp", "mae", "brier", "constrained", "focal"])
def test_all_functions_have_no_gap(spec: str) -> None:
    gap = minimizability_gap(spec, NOISY)
    assert gap.value.value == 0 and gap.exact


@pytest.mark.parametrize(
    "spec", ["logistic", "sum-exp", "gce", "brier", "constrained:phi=exponential", "focal"]
)
def test_constant_functions(spec: str) -> None:
    gap = minimizability_gap(spec, NOISY, members="constant")
    marginal = np.array(NOISY.label_probabilities, dtype=float)
    start = np.array([[0.3, 0.2], [2.0, 1.0]])
    risk = search(spec, marginal, start)
    conditional = np.mean(
        [search(spec, np.array(p, dtype=float), start) for p in NOISY.conditionals]
    )
    assert float(gap) == pytest.approx(risk - float(conditional), abs=1e-7)
    assert gap.exact == (spec != "focal")
    assert float(gap) > 1e-3


def test_bounded_constant_functions() -> None:
    d = Finite(["1/2", "1/2"], [[0.9, 0.1], [0.3, 0.7]])
    gap = minimizability_gap("exponential", d, Bounded(Fraction(1, 4)), members="constant")
    f = np.linspace(-0.25, 0.25, 100001)
    losses = np.stack([np.exp(-f), np.exp(f)], -1)
    expected = (losses @ [0.6, 0.4]).min() - np.mean(
        [(losses @ p).min() for p in ([0.9, 0.1], [0.3, 0.7])]
    )
    assert float(gap) == pytest.approx(float(expected), abs=1e-9)


@pytest.mark.parametrize("spec", ["logistic", "sum-exp", "comp-sum:tau=0.5"])
def test_linear_functions(spec: str) -> None:
    # Bounds wide enough to be inactive: an unconstrained fit by another optimiser must agree.
    gap = minimizability_gap(spec, NOISY, Linear(weight=50, bias=50), members="linear")
    loss, x = parse_loss(spec), np.array(NOISY.points)
    p = np.array(NOISY.conditionals, dtype=float)

    def risk(v: np.ndarray) -> float:
        scores = x @ v[:6].reshape(2, 3) + v[6:]
        return float((p * loss.losses(scores, NUMPY)).sum() / 4)

    fit = optimize.minimize(risk, np.zeros(9), method="BFGS", options={"gtol": 1e-9})
    assert gap.risk.value == pytest.approx(fit.fun, abs=1e-6)
    assert not gap.exact
    # The scores at each point can be anything within the wide bounds.
    assert float(gap.conditional) == pytest.approx(
        float(expected_best_in_class(spec, NOISY)), abs=1e-6
    )
    assert float(gap) > 1e-4
    # With tight bounds the risk cannot be smaller.
    assert float(
        minimizability_gap(spec, NOISY, Linear(weight="1/2", bias="1/2"), members="linear").risk
    ) > float(gap.risk)


def test_gaussian_mixture_expectation() -> None:
    g = GaussianMixture([0.5, 0.5], [[-1.0, -1.0], [1.0, 1.0]], np.diag([2.0, 1.0]))
    estimate = expected_best_in_class("logistic", g)
    # The log-odds are N(+-D^2/2, D^2) given the label: another quadrature on a plain grid.
    square = 4 / 2 + 4 / 1
    r = np.linspace(-80, 80, 400001)
    density = stats.norm.pdf(r, square / 2, np.sqrt(square))
    eta = special.expit(r)
    expected = integrate.trapezoid(density * (special.entr(eta) + special.entr(1 - eta)), r)
    assert float(estimate) == pytest.approx(expected, abs=1e-10)
    assert estimate.error < 1e-8
    gap = minimizability_gap("logistic", g, members="constant")
    assert float(gap) == pytest.approx(log(2) - expected, abs=1e-10)
    assert not gap.exact


def test_gaussian_mixture_in_the_plane() -> None:
    g = GaussianMixture([0.3, 0.3, 0.4], [[0.0, 0.0], [2.0, 0.0], [0.0, 2.0]], np.eye(2))
    estimate = expected_best_in_class("gce", g)
    x, _ = g.sample(400000, seed=3)
    values = derive_best_in_class(PointwiseProblem("gce", n_classes=3))(g.posterior(x))
    assert (
        abs(float(estimate) - values.mean())
        < 4 * values.std() / np.sqrt(values.size) + estimate.error
    )
    assert 0 < estimate.error < 1e-3


def test_gaps_are_never_negative() -> None:
    random = np.random.default_rng(5)
    for _ in range(20):
        counts = random.integers(0, 5, size=(3, 4))
        counts[:, 0] += 1
        d = Finite(
            ["1/3", "1/3", "1/3"],
            [[Fraction(int(v), int(row.sum())) for v in row] for row in counts],
        )
        for spec in ("logistic", "gce", "mae", "brier", "nce", "constrained"):
            assert float(minimizability_gap(spec, d, members="constant")) >= -1e-14
        assert target_gap(d).value >= 0


def test_upper_bound_holds_and_is_an_equality_at_tau_0() -> None:
    lines = compare_taus(["0", "1/2", "1", "3/2", "2", "3"], NOISY)
    assert float(lines[0].upper) == pytest.approx(float(lines[0].gap), abs=1e-14)
    for line in lines[1:]:
        assert float(line.gap) < float(line.upper)
    # A larger risk of the sum-exponential loss gives a weaker bound.
    assert float(gap_upper_bound(1, NOISY, 5.0)) > float(gap_upper_bound(1, NOISY, 3.0))


@pytest.mark.parametrize("reach", ["complete", "bounded:1"])
def test_deterministic_labels(reach: str) -> None:
    d = Finite(["1/2", "1/4", "1/4"], [[1, 0, 0], [0, 1, 0], [0, 0, 1]])
    risk = float(minimizability_gap("sum-exp", d, "complete", "constant").risk)
    bounds = [float(deterministic_gap_bound(tau, 3, risk, reach)) for tau in (0, 0.5, 1, 1.5, 2, 3)]
    assert all(a > b > 0 for a, b in itertools.pairwise(bounds))
    lowest = 0.0 if reach == "complete" else 2 * np.exp(-2.0)
    integral = integrate.quad(lambda v: (1 + v) ** -1.5, lowest, risk)[0]
    assert bounds[3] == pytest.approx(integral, abs=1e-10)
    if reach == "complete":
        for tau, bound in zip((0, 0.5, 1, 1.5, 2, 3), bounds, strict=True):
            assert bound == pytest.approx(float(gap_upper_bound(tau, d, risk)), abs=1e-12)
            assert (
                float(minimizability_gap(f"comp-sum:tau={tau}", d, members="constant"))
                <= bound + 1e-12
            )


def test_realizable_case() -> None:
    assert float(deterministic_gap_bound(1, 10, 0.0)) == 0
    d = Finite(["1/2", "1/2"], [[1, 0], [0, 1]])
    assert float(expected_best_in_class("logistic", d)) == 0
    assert float(gap_upper_bound(1, d, 0.0)) == 0


def test_comp_sum_value_is_the_loss_of_a_sum() -> None:
    v = np.array([0.0, 0.3, 4.0])
    for tau in (0, 0.5, 1, 1.5, 2, 3):
        expected = np.log1p(v) if tau == 1 else ((1 + v) ** (1 - tau) - 1) / (1 - tau)
        assert np.allclose(comp_sum_value(tau, v), expected, rtol=1e-13)


def test_target_gap_of_a_mixture() -> None:
    g = GaussianMixture([0.4, 0.6], [[-1.0], [1.0]], [[1.0]])
    assert float(target_gap(g)) == pytest.approx(0.4 - float(g.bayes_error()))
    assert float(target_gap(g, "all")) == 0


@pytest.mark.parametrize(
    ("call", "error", "rule"),
    [
        (
            lambda: minimizability_gap("logistic", NOISY, members="affine"),
            UnknownNameError,
            "unknown kind of members",
        ),
        (
            lambda: minimizability_gap("logistic", NOISY, Linear()),
            InvalidInputError,
            "do not depend on x",
        ),
        (
            lambda: minimizability_gap("logistic", Finite.point([0.5, 0.5]), Linear(), "linear"),
            InvalidInputError,
            "with points",
        ),
        (
            lambda: minimizability_gap("gce", NOISY, Linear(), "linear"),
            EngineCannotAnswerError,
            "not a convex program",
        ),
        (lambda: minimizability_gap("hinge", NOISY), InvalidInputError, "n_classes = 2"),
        (lambda: gap_upper_bound(1, NOISY, -1.0), InvalidInputError, "must be >= 0"),
        (lambda: deterministic_gap_bound(1, 3, 0.01, "bounded:1"), InvalidInputError, "at least C"),
        (lambda: target_gap(NOISY, "linear"), InvalidInputError, "all or constant"),
    ],
)
def test_bad_input(call: object, error: type[Exception], rule: str) -> None:
    with pytest.raises(error) as caught:
        call()  # type: ignore[operator]
    assert rule in str(caught.value)


# -- proven bounds
TABLE = Finite(
    ["1/2", "1/4", "1/4"],
    [["1/2", "1/4", "1/4"], ["1/10", "7/10", "1/5"], [0, "1/5", "4/5"]],
    points=[[0.0, 1.0], [1.0, -0.5], [-1.0, 0.25]],
)
CONVEX = (
    "logistic",
    "sum-exp",
    "comp-sum:tau=1/2",
    "ldr:lam=1/2,c=1",
    "sum:phi=hinge",
    "max:phi=hinge",
    "constrained:phi=exponential",
    "constrained:phi=hinge",
    "sum:phi=squared-hinge",
    "quadratic-surrogate",
)


@pytest.mark.parametrize("spec", CONVEX)
def test_linear_gaps_are_enclosed(spec: str) -> None:
    reach = Linear(weight="3/2", bias="1/2")
    proven = minimizability_gap(spec, TABLE, reach, "linear", "rigorous")
    estimate = minimizability_gap(spec, TABLE, reach, "linear")
    assert 0 <= proven.lower <= proven.upper <= proven.lower + Fraction(1, 10**7)
    assert float(estimate) == pytest.approx(float(proven.upper), abs=1e-5)
    # Nothing that H can do is below the lower bound of its risk.
    loss, random = parse_loss(spec), np.random.default_rng(0)
    p, w = np.array(TABLE.conditionals, dtype=float), np.array(TABLE.weights, dtype=float)
    for _ in range(200):
        W = random.standard_normal((3, 2))
        W -= W.mean(axis=0) * loss.sum_to_zero
        W *= min(1.0, 1.5 / np.linalg.norm(W, axis=1).max())
        b = random.uniform(-0.5, 0.5, 3)
        b -= b.mean() * loss.sum_to_zero
        b *= min(1.0, 0.5 / np.abs(b).max())
        risk = float(w @ (p * loss.losses(np.array(TABLE.points) @ W.T + b, NUMPY)).sum(axis=1))
        assert risk >= float(proven.risk) - proven.risk.error - 1e-12


@pytest.mark.parametrize("spec", ["hinge", "margin-logistic", "squared-hinge"])
def test_linear_gaps_of_two_labels_are_enclosed(spec: str) -> None:
    two = Finite(["1/3", "2/3"], [["3/4", "1/4"], ["2/5", "3/5"]], points=[[1.0], [0.75]])
    proven = minimizability_gap(spec, two, Linear(weight=1, bias="1/2"), "linear", "rigorous")
    phi = parse_loss(spec)
    best = math.inf
    for w in np.linspace(-1, 1, 401):
        f = np.array([w, 0.75 * w])[:, None] + np.linspace(-0.5, 0.5, 201)
        eta = np.array([[0.75], [0.4]])
        risk = eta * phi.of_margin(f, NUMPY) + (1 - eta) * phi.of_margin(-f, NUMPY)
        best = min(best, float((np.array([1, 2]) / 3 @ risk).min()))
    assert float(proven.risk) - proven.risk.error <= best + 1e-12
    assert best <= float(proven.risk) + 1e-4  # the grid is that fine
    assert proven.upper - proven.lower <= Fraction(1, 10**8)


BOXED = (
    "logistic",
    "gce:q=0.3",
    "gce:q=0.7",
    "mae",
    "comp-sum:tau=3",
    "softmax:(1 - u)**2",
    "ldr:lam=1,c=1",
    "sum:phi=hinge",
    "constrained:phi=hinge",
    "quadratic-surrogate",
    "sum-exp",
)


@pytest.mark.parametrize("bound", ["1/4", "2"])
@pytest.mark.parametrize("spec", BOXED)
def test_best_in_class_risks_of_bounded_scores_are_enclosed(spec: str, bound: str) -> None:
    problem = PointwiseProblem(spec, hypotheses=f"bounded:{bound}", n_classes=3)
    p = [Fraction(1, 2), Fraction(3, 10), Fraction(1, 5)]
    low, high = best_in_class_risk(problem, p)
    assert low <= high <= low + Fraction(1, 10**8)
    random, B = np.random.default_rng(0), float(Fraction(bound))
    # Random scores, corners of the box and ties included, are never below, and come close.
    scores = np.concatenate(
        [random.uniform(-B, B, (20_000, 3)), random.choice([-B, 0, B], (300, 3))]
    )
    if problem.surrogate.sum_to_zero:
        scores -= scores.mean(axis=1, keepdims=True)
        scores = scores[np.abs(scores).max(axis=1) <= B]
    risks = problem.conditional_risk(scores, [float(v) for v in p])
    assert float(low) - 1e-12 <= risks.min() <= float(high) + 0.05 * (1 + B)


def test_proven_gaps_of_all_and_of_constant_functions() -> None:
    for reach in ("complete", "bounded:1"):
        everything = minimizability_gap("gce:q=0.7", TABLE, reach, "all", "rigorous")
        assert everything.lower == everything.upper == 0
        constant = minimizability_gap("gce:q=0.7", TABLE, reach, "constant", "rigorous")
        assert constant.lower <= constant.upper <= constant.lower + Fraction(1, 10**9)
        assert float(minimizability_gap("gce:q=0.7", TABLE, reach, "constant")) == pytest.approx(
            float(constant), abs=1e-7
        )


def test_the_linear_gap_of_a_symmetric_pair_is_known() -> None:
    """Two inputs with opposite features, scores w + b and b - w: the best ones, +-log 9, are beyond
    the reach of w alone.
    """
    two = Finite(["1/2", "1/2"], [["9/10", "1/10"], ["1/10", "9/10"]], points=[[1.0], [-1.0]])
    gap = minimizability_gap("margin-logistic", two, Linear(weight=1, bias=1), "linear", "rigorous")
    reached, box = (0.9 * math.log1p(math.exp(-f)) + 0.1 * math.log1p(math.exp(f)) for f in (1, 2))
    assert float(gap.risk) == pytest.approx(reached, abs=1e-12)
    assert float(gap.conditional) == pytest.approx(box, abs=1e-12)


def test_what_the_rigorous_engine_cannot_enclose_it_refuses() -> None:
    with pytest.raises(EngineCannotAnswerError, match="not a convex program"):
        minimizability_gap("gce", TABLE, Linear(), "linear", "rigorous")
    with pytest.raises(EngineCannotAnswerError, match="infinitely many"):
        minimizability_gap(
            "logistic", GaussianMixture([0.5, 0.5], [[-1.0], [1.0]], [[1.0]]), engine="rigorous"
        )
    with pytest.raises(EngineCannotAnswerError):
        best_in_class_risk(
            PointwiseProblem("sum:phi=exponential", n_classes=3), ["1/2", "1/4", "1/4"]
        )
    with pytest.raises(UnknownNameError):
        minimizability_gap("logistic", TABLE, engine="symbolic")  # type: ignore[arg-type]
