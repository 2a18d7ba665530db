"""Defects of the numeric engine and of gaps, mended at their cause: true values by brute force."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from hconsist.arithmetic import NUMPY
from hconsist.distributions import Finite
from hconsist.engines.numeric import sweep, transform
from hconsist.engines.numeric.levels import Levels
from hconsist.engines.numeric.rays import rays
from hconsist.engines.numeric.searches import SEARCHED, only_searched
from hconsist.engines.numeric.water import ConvexShares
from hconsist.gaps import minimizability_gap
from hconsist.losses import parse_loss
from hconsist.pointwise import PointwiseProblem
from hconsist.selftest import two_labels

PAIR = Finite(["3/5", "2/5"], [["4/5", "1/5"], ["3/10", "7/10"]])
THREE = Finite(["3/5", "2/5"], [["3/5", "1/5", "1/5"], ["1/10", "7/10", "1/5"]])


def brute(spec: str, beta: float, bound: float | None = None) -> float:
    loss = parse_loss(spec)
    found = two_labels.sweep(lambda s: np.asarray(loss.losses(s, NUMPY)), [beta], bound, 2)
    assert found is not None
    return found[0].regret


def test_a_kinked_convex_loss_of_three_labels() -> None:
    problem = PointwiseProblem("softmax:Max(-log(u),1/(1+u))", n_classes=3)
    answer = transform(problem, "0.37")
    # as two labels alone, by another method: the third does not help
    two = transform(PointwiseProblem("softmax:Max(-log(u),1/(1+u))", n_classes=2), "0.37")
    assert two.estimate == pytest.approx(0.0122381, abs=1e-7)
    assert answer.estimate == pytest.approx(two.estimate, abs=1e-9)
    assert answer.reason == SEARCHED and two.reason == ""  # across a kink


@pytest.mark.parametrize("formula", ["Max(1-u,2-3*u)", "Max((1-u)**2,1/2-u)", "(1-u)**(3/2)"])
def test_best_risks_of_kinked_convex_losses_against_a_grid(formula: str) -> None:
    separable = parse_loss(f"softmax:{formula}").separable
    p = np.random.default_rng(1).dirichlet([1.0, 1.0], 12)
    found = ConvexShares(separable).solve(p, np.ones_like(p))  # type: ignore[arg-type]
    u = np.linspace(0.0, 1.0, 40001)
    g = np.asarray(separable.term(u, NUMPY))  # type: ignore[union-attr]
    grid = np.min(p[:, :1] * g + p[:, 1:] * g[::-1], axis=1)
    assert np.all(found.risk <= grid + 1e-12) and np.all(found.risk >= grid - 1e-4)
    assert found.residual.max() < 1e-14


@pytest.mark.parametrize(
    ("spec", "beta", "bound", "truth"),
    [
        ("margin:Piecewise((Abs(1-v),v<=1),((Abs(1-v))+0.37-1/2,True))", "1/80", None, 0.026625),
        (
            "margin:(Piecewise((1-tanh(v),v<1/3),(Max(0,1-v)**2,True)))+(Abs(1-v))",
            "13/120",
            1.0,
            0.293375820156,
        ),
    ],
)
def test_an_infimum_that_is_a_one_sided_limit(
    spec: str, beta: str, bound: float | None, truth: float
) -> None:
    hypotheses = "complete" if bound is None else f"bounded:{bound:g}"
    answer = transform(PointwiseProblem(spec, hypotheses=hypotheses, n_classes=2), beta)
    assert answer.estimate == pytest.approx(truth, abs=1e-9) and answer.reason == ""
    a, _, b = beta.partition("/")
    assert truth == pytest.approx(brute(spec, int(a) / int(b), bound), abs=1e-9)


GAPS: list[tuple[str, str, Finite, str]] = [
    ("softmax:((1-u**(7/10))/(7/10))+((1-u)**(3/2))", "complete", PAIR, "numeric"),
    ("softmax:(1-u)**(3/2)", "bounded:1", PAIR, "rigorous"),
    ("focal:gamma=24/20", "complete", PAIR, "numeric"),
    ("softmax:(-log((1+u)/2))+(-log(u)*(1-u))", "bounded:1/2", PAIR, "numeric"),
    ("margin:((1-v)**2)+5/7*(exp(-2*v))", "bounded:1/2", PAIR, "numeric"),
    ("softmax:Max(1-u,Abs(u-1/2))", "complete", PAIR, "numeric"),
    ("softmax:Min(1-u,(1-u)**2+1/8)", "bounded:1/2", PAIR, "numeric"),
    ("margin:Min(1,Max(0,1-v))", "complete", PAIR, "numeric"),
]


@pytest.mark.filterwarnings("ignore")  # of SymPy's search for a closed form
@pytest.mark.parametrize(("spec", "hypotheses", "inputs", "engine"), GAPS)
def test_gaps_against_brute_force(spec: str, hypotheses: str, inputs: Finite, engine: Any) -> None:
    found = minimizability_gap(spec, inputs, hypotheses, members="constant", engine=engine)
    loss = parse_loss(spec)
    bound = None if hypotheses == "complete" else float(eval(hypotheses.partition(":")[2]))
    rows = np.array([[float(v) for v in row] for row in inputs.conditionals])
    weights = np.array([float(w) for w in inputs.weights])
    best = two_labels.least_risks(
        lambda s: np.asarray(loss.losses(s, NUMPY)),
        np.append(rows[:, 0], weights @ rows[:, 0]),
        bound,
        2,
    )
    assert best is not None
    assert float(found) == pytest.approx(best[-1] - weights @ best[:-1], abs=1e-7)


def test_gaps_of_three_labels_of_losses_without_a_convex_form() -> None:
    # crammer-singer is piecewise linear, spherical 1 - |p| at best
    gap = float(minimizability_gap("spherical", THREE, members="constant"))
    norms = [np.linalg.norm([float(v) for v in row]) for row in THREE.conditionals]
    mean = np.array([0.4, 0.4, 0.2])
    expected = 0.6 * norms[0] + 0.4 * norms[1] - np.linalg.norm(mean)
    assert gap == pytest.approx(expected, abs=1e-7)
    assert float(minimizability_gap("weston-watkins", THREE, members="constant")) == pytest.approx(
        0.52, abs=1e-12
    )


@pytest.mark.parametrize("n", [2, 3])
def test_powers_near_a_logarithm_at_a_tiny_target_regret(n: int) -> None:
    import mpmath

    mpmath.mp.dps = 50
    q, b = mpmath.mpf("0.001"), mpmath.mpf("1e-6")
    a = 1 / (1 - q)
    mean = (((1 + b) ** a + (1 - b) ** a) / 2) ** (1 / a)
    exact = float(2 ** (-q) / q * (mean - 1))
    answer = transform(PointwiseProblem("gce:q=0.001", n_classes=n), "1/1000000")
    assert answer.estimate == pytest.approx(exact, rel=1e-3 if n == 3 else 1e-6)


def test_a_linear_loss_has_no_regret() -> None:
    for n, target in ((3, "zero-one"), (10, "top-k:2")):
        problem = PointwiseProblem("ldr-inf:c=1", target, n_classes=n)
        assert len(rays(problem)) == n - 1
        answer = transform(problem, 0.3)
        assert answer.estimate is None and "unbounded below" in answer.reason


@pytest.mark.parametrize(
    ("spec", "n", "hypotheses"),
    [
        ("nce", 3, "complete"),
        ("nce", 10, "complete"),
        ("taylor-softmax", 10, "complete"),
        ("spherical-softmax:epsilon=0.1", 3, "bounded:1"),
    ],
)
def test_where_t_vanishes_by_a_theorem(spec: str, n: int, hypotheses: str) -> None:
    answer = transform(PointwiseProblem(spec, hypotheses=hypotheses, n_classes=n), 0.3)
    assert answer.estimate == pytest.approx(0.0, abs=1e-12)
    assert "a theorem" in answer.assumptions[0] and answer.witness is not None
    p, wrong = answer.witness.p, answer.witness.predicted[0]
    assert max(p) - p[wrong] >= 0.3 - 1e-12
    assert answer.witness.scores[wrong] == max(answer.witness.scores)


def test_no_theorem_where_its_conditions_fail() -> None:
    # in a box that is not symmetric about -1, and where the sum of the losses is not constant
    bounded = transform(
        PointwiseProblem("taylor-softmax", hypotheses="bounded:1", n_classes=3), 0.3
    )
    assert bounded.estimate == pytest.approx(0.0225017094, abs=1e-8)
    spherical = transform(PointwiseProblem("spherical", n_classes=3), 0.3)
    assert spherical.estimate == pytest.approx(np.sqrt(1.09 / 2) - np.sqrt(0.5), abs=1e-10)


def test_a_sweep_of_a_loss_without_convexity_is_one_search() -> None:
    betas = np.linspace(0.05, 0.95, 4)
    answers = sweep(PointwiseProblem("spherical", n_classes=4), betas.tolist())
    found = np.array([a.estimate for a in answers], dtype=float)
    # two labels: a third does not help
    assert found == pytest.approx(np.sqrt((1 + betas**2) / 2) - np.sqrt(0.5), abs=1e-9)


def test_best_risks_are_not_left_where_scores_are_infinite() -> None:
    # a label far below has no slope in floats: starts at the logarithms of p find its place
    levels = Levels(PointwiseProblem("dice:gamma=1", "top-k:2", n_classes=6))
    p = np.array([[0.2464, 0.2464, 0.1572, 0.1572, 0.0964, 0.0964]])
    p /= p.sum()
    best = levels.best_risks(p)[0]
    q = np.random.default_rng(0).dirichlet(np.full(6, 0.7), 200_000)
    risks = 1 - np.max((2 * q @ p[0] + 1) / (np.sum(q**2, axis=1) + 2))
    assert best <= risks + 1e-12 and best == pytest.approx(0.367988, abs=1e-5)


def test_powers_have_their_limits_for_derivatives_at_zero() -> None:
    from hconsist.engines.numeric.jets import Jet, JetOps

    jet = JetOps().power(Jet.variable(np.array([0.0, 0.25])), Fraction(6, 5))
    assert jet.gradient[:, 0] == pytest.approx([0.0, 1.2 * 0.25**0.2], abs=1e-15)
    assert jet.hessian[0, 0, 0] == np.inf


@pytest.mark.parametrize(("hypotheses", "n"), [("complete", 3), ("bounded:1", 3), ("complete", 10)])
def test_a_loss_that_tells_the_labels_apart(hypotheses: str, n: int) -> None:
    without = PointwiseProblem("ldam:margin=0", hypotheses=hypotheses, n_classes=n)
    plain = PointwiseProblem("logistic", hypotheses=hypotheses, n_classes=n)
    assert transform(without, 0.3).estimate == pytest.approx(
        transform(plain, 0.3).estimate, abs=1e-8
    )
    answer = transform(PointwiseProblem("ldam", hypotheses=hypotheses, n_classes=n), 0.3)
    assert answer.reason == "" and answer.witness is not None
    # two labels of the n are one of its cases
    assert 0 < answer.estimate <= 0.12  # type: ignore[operator]


def test_scores_so_close_that_their_differences_are_rounding_are_not_asked() -> None:
    # a loss of standardised scores sees shape alone: any shape has a large spread too
    problem = PointwiseProblem("z-loss:a=1,b=1", hypotheses="bounded:1", n_classes=3)
    assert transform(problem, 0.3).estimate == pytest.approx(0.0289998197384, abs=1e-9)
    two = transform(PointwiseProblem("z-loss:a=1,b=1", n_classes=2), 0.3)
    assert two.reason == "" and two.estimate == pytest.approx(0.3 * 1.433780830, abs=1e-8)


@pytest.mark.parametrize("n", [3, 10])
def test_a_regret_below_the_rounding_of_the_risks_keeps_its_digits(n: int) -> None:
    # T of the closed form, 5.001537001955e-13: the search alone is lost, and found 5.0031e-13
    answer = transform(PointwiseProblem("gce:q=0.001", n_classes=n), "1/1000000")
    assert answer.estimate == pytest.approx(5.001537001955e-13, rel=1e-5)


def test_a_search_across_kinks_says_that_it_is_one() -> None:
    spec = "softmax:(tanh(1-u))+sqrt(2)/2*Abs(u-(3/4))"
    assert only_searched(parse_loss(spec), 3) and not only_searched(parse_loss(spec), 2)
    found = transform(PointwiseProblem("truncated-gce:q=0.7,k=0.5", n_classes=3), 0.3)
    assert found.estimate is not None and found.reason == SEARCHED
    # nothing lies below 0
    jump = "softmax:Piecewise((-log(u),u<1/2),(-log(u)+5,True))"
    zero = transform(PointwiseProblem(jump, n_classes=3), 0.3)
    assert zero.estimate == pytest.approx(0.0, abs=1e-9) and zero.reason == ""


def test_searches_from_a_grid_say_so() -> None:
    from hconsist.engines.numeric.searches import FROM_A_GRID, directly

    problem = PointwiseProblem("ldam", n_classes=2)
    found = directly(problem, np.array([0.3]))[0]
    assert found.estimate == pytest.approx(transform(problem, 0.3).estimate, abs=1e-7)
    assert found.reason == FROM_A_GRID


@pytest.mark.parametrize("n", [2, 3])
def test_a_regret_that_is_rounding_is_taken_in_decimals(n: int) -> None:
    # of the closed form; in the widest floats it was 7e-4 off at three labels, 1e-4 at two
    answer = transform(PointwiseProblem("gce:q=0.001", n_classes=n), "1/100000000")
    assert answer.estimate == pytest.approx(5.0015370019542167e-17, rel=1e-7)
    assert answer.reason == ""


@pytest.mark.parametrize(("n", "bound", "beta"), [(4, "", 0.3), (10, ":1", 0.3)])
def test_predicted_sets_of_labels_that_are_told_apart(n: int, bound: str, beta: float) -> None:
    hypotheses = "bounded:1" if bound else "complete"
    without = PointwiseProblem("ldam:margin=0", "top-k:2", hypotheses, n)
    plain = PointwiseProblem("logistic", "top-k:2", hypotheses, n)
    found = transform(without, beta)
    assert found.estimate == pytest.approx(transform(plain, beta).estimate, abs=1e-9)
    assert "searched" in found.reason


def test_sets_of_labels_beside_convex_programs_of_another_solver() -> None:
    # CVXPY's values at the witnesses; 120 random distributions had none below them
    for spec, n, k, bound, beta, value in (
        ("ldam", 3, 2, "complete", 0.3, 0.07201410),
        ("ldam:margin=1,growth=3", 5, 2, "bounded:1", 0.15, 0.00117365),
    ):
        found = transform(PointwiseProblem(spec, f"top-k:{k}", bound, n), beta)
        assert found.estimate == pytest.approx(value, abs=2e-8)
        assert found.witness is not None
        scores = np.array(found.witness.scores)
        chosen = np.isin(np.arange(n), found.witness.predicted)
        assert scores[chosen].min() >= scores[~chosen].max() - 1e-12


@pytest.mark.parametrize("spec", ["aldr", "aldr:lam0=1/2,alpha=3/2,c=1"])
def test_adaptive_temperatures_against_the_formula_over_jets(spec: str) -> None:
    from hconsist.engines.numeric.adaptive import AdaptiveModel
    from hconsist.engines.numeric.smooth import FormulaModel
    from hconsist.losses.forms_of_scores import AdaptiveTransport

    loss, rng = parse_loss(spec), np.random.default_rng(0)
    form = loss.form(AdaptiveTransport)
    assert form is not None
    counts = np.broadcast_to(np.array([1.0, 2.0, 3.0]), (30, 3))
    scores, weight = 3 * rng.normal(size=(30, 3)), rng.random((30, 3))
    own = AdaptiveModel(form, 6).derivatives(scores, counts, weight)
    jets = FormulaModel(loss, 6, inner_maxima=True).derivatives(scores, counts, weight)
    for mine, other in zip(own, jets, strict=True):
        assert mine == pytest.approx(other, abs=1e-11)


@pytest.mark.parametrize(
    ("spec", "covered"),
    [
        ("ldr:lam=0.3,c=1", True),
        ("softmax:-log(u)+3*(1-u)", True),
        ("softmax:-log(u+1/2)", True),
        ("comp-sum:tau=1.8", True),
        ("softmax:(1-u)**4", False),
    ],
)
def test_labels_outside_the_pool_are_pushed_apart(spec: str, covered: bool) -> None:
    # theorem W: mass moved from a smaller to a larger label outside the pool, which it does not
    # leave, does not raise the regret; (1 - u)^4, whose h is convex but not 0 at 0, shows that the
    # test can fail
    from hconsist.engines.numeric.methods import inner_solver

    inner, rng, rows = (
        inner_solver(PointwiseProblem(spec, n_classes=5)),
        np.random.default_rng(1),
        [],
    )
    assert inner is not None
    while len(rows) < 400:
        p = np.sort(rng.dirichlet(np.full(5, rng.choice([0.3, 1.0, 3.0]))))[::-1].copy()
        j = int(rng.integers(1, 3))
        pool = [j]
        for i in range(5):
            if i != j and p[i] > p[pool].mean():
                pool.append(i)
        rest = [i for i in range(5) if i not in pool]
        if len(rest) < 2:
            continue
        larger, smaller, mean = rest[0], rest[-1], p[pool].mean()
        move = min(p[smaller], mean - p[larger]) * rng.choice([0.05, 0.3, 1.0])
        after = p.copy()
        after[larger] += move
        after[smaller] -= move
        for one in (p, after):
            pooled = one.copy()
            pooled[pool] = mean
            rows += [pooled, one]
    risks = inner.solve(np.array(rows), np.ones((len(rows), 5)), second=False).risk.reshape(-1, 4)
    change = (risks[:, 2] - risks[:, 3]) - (risks[:, 0] - risks[:, 1])
    assert (change.max() <= 1e-12) == covered and (covered or change.max() > 1e-4)
