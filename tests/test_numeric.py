"""The numeric engine against brute force, theorems and its own exhaustive search."""

from __future__ import annotations

import cvxpy as cp
import numpy as np
import pytest
from scipy.optimize import minimize

from hconsist.arithmetic import CVXPY, NUMPY
from hconsist.engines.numeric import best_in_class, exhaustive, sweep, transform
from hconsist.engines.numeric.jets import Jet, JetOps
from hconsist.engines.numeric.methods import inner_solver
from hconsist.engines.numeric.searches import too_much
from hconsist.errors import EngineCannotAnswerError, InvalidInputError
from hconsist.losses import UserSoftmaxLoss, parse_loss
from hconsist.pointwise import PointwiseProblem


def best_in_class_comp_sum(tau: float, p: np.ndarray) -> float:
    """The closed form of the literature, written here anew."""
    if tau == 1:
        return float(-np.sum(p[p > 0] * np.log(p[p > 0])))
    if tau >= 2:
        return float((1 - p.max()) / (tau - 1))
    return float((np.sum(p ** (1 / (2 - tau))) ** (2 - tau) - 1) / (1 - tau))


def brute_force(tau: float, n: int, beta: float, seed: int, starts: int = 8) -> float:
    """min over p and S together, by SLSQP from random starts: p_1 - p_2 >= beta, S_2 >= S_i."""
    rng = np.random.default_rng(seed)

    def phi(u: np.ndarray) -> np.ndarray:
        u = np.maximum(u, 1e-14)
        return -np.log(u) if tau == 1 else (u ** (tau - 1) - 1) / (1 - tau)

    def regret(x: np.ndarray) -> float:
        p, s = np.maximum(x[:n], 0.0), x[n:]
        return float(p @ phi(s)) - best_in_class_comp_sum(tau, p)

    constraints = [
        {"type": "eq", "fun": lambda x: x[:n].sum() - 1},
        {"type": "eq", "fun": lambda x: x[n:].sum() - 1},
        {"type": "ineq", "fun": lambda x: x[0] - x[1] - beta},
        {"type": "ineq", "fun": lambda x: x[n + 1] - np.delete(x[n:], 1)},
    ]
    best = np.inf
    for _ in range(starts):
        p = np.concatenate([[beta, 0.0], np.zeros(n - 2)]) + (1 - beta) * rng.dirichlet(np.ones(n))
        x0 = np.concatenate([p, rng.dirichlet(np.ones(n))])
        with np.errstate(all="ignore"):
            r = minimize(
                regret,
                x0,
                method="SLSQP",
                bounds=[(0, 1)] * n + [(1e-12, 1)] * n,
                constraints=constraints,
                options={"ftol": 1e-14, "maxiter": 500},
            )
        feasible = max(abs(c["fun"](r.x)) for c in constraints[:2]) < 1e-9 and all(
            np.all(np.asarray(c["fun"](r.x)) > -1e-9) for c in constraints[2:]
        )
        if feasible:
            best = min(best, r.fun)
    return best


RANDOM = np.random.default_rng(20)
CASES = [
    (
        round(float(RANDOM.uniform(0, 1.95)), 3),
        int(RANDOM.integers(2, 5)),
        round(float(RANDOM.uniform(0.05, 0.95)), 3),
    )
    for _ in range(10)
]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    ("tau", "n", "beta"), [*CASES, (1.8, 4, 0.5), (1.9, 4, 0.3), (1.0, 3, 0.4)]
)
def test_agrees_with_brute_force_over_p_and_softmax(tau: float, n: int, beta: float) -> None:
    answer = transform(PointwiseProblem(f"comp-sum:tau={tau}", n_classes=n), beta)
    assert answer.estimate == pytest.approx(brute_force(tau, n, beta, seed=1), abs=1e-6)


@pytest.mark.parametrize(
    ("tau", "n", "beta"), [(1.85, 4, 0.35), (1.95, 3, 0.2), (0.4, 4, 0.6), (1.7, 4, 0.7)]
)
def test_agrees_with_the_exhaustive_search(tau: float, n: int, beta: float) -> None:
    problem = PointwiseProblem(f"comp-sum:tau={tau}", n_classes=n)
    assert transform(problem, beta).estimate == pytest.approx(
        exhaustive(problem, beta).estimate, abs=1e-10
    )


@pytest.mark.parametrize("tau", ["0", "0.5", "1", "1.3", "1.5"])
@pytest.mark.parametrize("n", [2, 7, 1000])
def test_two_class_formula_holds_for_every_n_up_to_tau_three_halves(tau: str, n: int) -> None:
    t = float(tau)
    b = np.array([0.01, 0.1, 0.3, 0.6, 0.9])
    a = 1 / (2 - t)
    mean = (((1 + b) ** a + (1 - b) ** a) / 2) ** (1 / a)
    expected = (
        (1 + b) / 2 * np.log(1 + b) + (1 - b) / 2 * np.log(1 - b)
        if t == 1
        else 2 ** (1 - t) / (t - 1) * (mean - 1)
    )
    answers = sweep(PointwiseProblem(f"comp-sum:tau={tau}", n_classes=n), b.tolist())
    assert [a.estimate for a in answers] == pytest.approx(expected.tolist(), abs=1e-12)


@pytest.mark.parametrize(("tau", "n"), [("2", 3), ("2", 30), ("2.5", 4), ("3", 10)])
def test_linear_and_concave_losses_follow_theorem_c(tau: str, n: int) -> None:
    t, k = float(tau), np.arange(2, n + 1)
    for b in (0.05, 0.2, 0.5, 0.8):
        m = max(b, (1 + b) / n)
        expected = min(b, np.min(m - k ** (1 - t) * np.minimum(1, k * m - b))) / (t - 1)
        assert transform(
            PointwiseProblem(f"comp-sum:tau={tau}", n_classes=n), b
        ).estimate == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize(
    "spec", ["comp-sum:tau=0.3", "logistic", "gce:q=0.8", "mae", "comp-sum:tau=2.5"]
)
@pytest.mark.parametrize("n", [2, 5, 40])
def test_witness_is_feasible_and_attains_the_estimate(spec: str, n: int) -> None:
    problem = PointwiseProblem(spec, n_classes=n)
    for beta, answer in zip((0.0, 0.15, 0.7, 1.0), sweep(problem, [0, 0.15, 0.7, 1]), strict=True):
        witness = answer.witness
        assert witness is not None and answer.lower is None and answer.upper is None
        assert witness.predicted == (1,)
        assert witness.scores[1] == max(witness.scores)
        assert (
            beta - 1e-12
            <= float(problem.target_regret(witness.p, witness.predicted))
            <= beta + 1e-9
        )
        risk = float(problem.conditional_risk(witness.scores, witness.p))
        best = best_in_class_comp_sum(float(problem.surrogate.tau), np.array(witness.p))  # type: ignore[attr-defined]
        assert risk - best == pytest.approx(answer.estimate, abs=1e-9)


@pytest.mark.parametrize("tau", [0.0, 0.6, 1.0, 1.4, 1.99])
def test_best_in_class_risk_matches_the_closed_form(tau: float) -> None:
    p = np.random.default_rng(3).dirichlet(np.full(6, 0.4), size=50)
    p[:5, 0] = 0.0
    p /= p.sum(axis=1, keepdims=True)
    inner = inner_solver(PointwiseProblem(f"comp-sum:tau={tau}", n_classes=6))
    assert inner is not None
    optimum = inner.solve(p, np.ones_like(p))
    expected = [best_in_class_comp_sum(tau, row) for row in p]
    assert optimum.risk == pytest.approx(expected, abs=1e-12)


def test_derivatives_of_the_best_in_class_risk_are_losses_and_hessian() -> None:
    inner = inner_solver(PointwiseProblem("gce:q=0.6", n_classes=11))
    assert inner is not None
    p, m = np.array([[0.3, 0.1, 0.05]]), np.array([[1.0, 4.0, 6.0]])
    here = inner.solve(p, m)
    h = 1e-6
    for i in range(3):
        up, down = p.copy(), p.copy()
        up[0, i] += h
        down[0, i] -= h
        plus, minus = inner.solve(up, m), inner.solve(down, m)
        assert (plus.risk - minus.risk)[0] / (2 * h) == pytest.approx(
            m[0, i] * here.losses[0, i], rel=1e-7
        )
        column = m[0] * (plus.losses - minus.losses)[0] / (2 * h)
        assert column == pytest.approx(here.hessian[0, :, i], rel=1e-6, abs=1e-8)


@pytest.mark.parametrize("spec", ["comp-sum:tau=1.3", "logistic", "ldr:lam=0.5,c=1"])
def test_jets_differentiate_the_loss_formulas(spec: str) -> None:
    loss = parse_loss(spec)
    u, h = np.array([0.2, 0.7]), 1e-5
    jet = loss.of_softmax(Jet.variable(u), JetOps())  # type: ignore[attr-defined]
    low, mid, high = (loss.of_softmax(u + d, NUMPY) for d in (-h, 0.0, h))  # type: ignore[attr-defined]
    assert jet.value == pytest.approx(mid)
    assert jet.gradient[:, 0] == pytest.approx((high - low) / (2 * h), rel=1e-7)
    assert jet.hessian[:, 0, 0] == pytest.approx((high - 2 * mid + low) / h**2, rel=1e-4)


def test_transform_is_non_decreasing_and_vanishes_at_zero() -> None:
    values = [
        a.estimate
        for a in sweep(PointwiseProblem("gce:q=0.95", n_classes=20), np.linspace(0, 1, 41).tolist())
    ]
    assert values[0] == 0.0
    assert np.all(np.diff(values) > 0)


def test_bad_input_is_refused_before_work() -> None:
    with pytest.raises(InvalidInputError, match=r"beta must lie in \[0, 1\]"):
        sweep(PointwiseProblem("logistic", n_classes=3), [0.5, 1.5])
    with pytest.raises(EngineCannotAnswerError):
        exhaustive(PointwiseProblem("logistic", n_classes=5), 0.5)


@pytest.mark.parametrize(
    ("spec", "n", "hypotheses", "beta"),
    [
        (
            "ldr:lam=0.25,c=1",
            3,
            "complete",
            0.8,
        ),  # the best p_j is small, where the slope is infinite
        ("ldr:lam=0.1,c=1", 3, "complete", 0.2),
        ("gce:q=0.8", 3, "bounded:1", 0.3),
        ("constrained:phi=exponential", 3, "complete", 0.5),
        ("sum:phi=exponential", 3, "complete", 0.8),
    ],
)
def test_other_families_agree_with_the_exhaustive_search(
    spec: str, n: int, hypotheses: str, beta: float
) -> None:
    problem = PointwiseProblem(spec, hypotheses=hypotheses, n_classes=n)
    assert transform(problem, beta).estimate == pytest.approx(
        exhaustive(problem, beta, resolution=10).estimate, abs=1e-9
    )


@pytest.mark.parametrize("bound", [0.5, 1.0, 3.0])
def test_bounded_scores_follow_the_binary_logistic_formula(bound: float) -> None:
    for b in (0.1, 0.5, 0.9):
        if b <= np.tanh(bound / 2 * 2):  # softmax of two scores in [-B, B]: margins up to 2B
            expected = (1 + b) / 2 * np.log(1 + b) + (1 - b) / 2 * np.log(1 - b)
        else:
            expected = (
                np.log(2)
                - (1 + b) / 2 * np.log1p(np.exp(-2 * bound))
                - (1 - b) / 2 * np.log1p(np.exp(2 * bound))
            )
        problem = PointwiseProblem("logistic", hypotheses=f"bounded:{bound}", n_classes=2)
        assert transform(problem, b).estimate == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize(("n", "k"), [(4, 2), (10, 3), (12, 5)])
def test_top_k_transform_of_cross_entropy_is_the_top_one_transform(n: int, k: int) -> None:
    betas = [0.1, 0.5, 0.9]
    answers = sweep(PointwiseProblem("logistic", target=f"top-k:{k}", n_classes=n), betas)
    expected = [(1 + b) / 2 * np.log(1 + b) + (1 - b) / 2 * np.log(1 - b) for b in betas]
    assert [a.estimate for a in answers] == pytest.approx(expected, abs=1e-12)
    for b, a in zip(betas, answers, strict=True):
        w = a.witness
        assert w is not None and len(w.predicted) == k
        others = [s for i, s in enumerate(w.scores) if i not in w.predicted]
        assert min(w.scores[i] for i in w.predicted) >= max(others) - 1e-9
        assert (
            float(
                PointwiseProblem("logistic", target=f"top-k:{k}", n_classes=n).target_regret(
                    w.p, w.predicted
                )
            )
            >= b - 1e-12
        )


@pytest.mark.parametrize(
    ("spec", "hypotheses", "target", "predicted"),
    [
        ("logistic", "complete", "zero-one", [2]),
        ("gce:q=0.7", "complete", "zero-one", None),
        ("gce:q=0.7", "bounded:1", "zero-one", [3]),
        ("logistic", "bounded:0.5", "top-k:2", [1, 3]),
        ("sum-exp", "complete", "zero-one", [3]),
        ("ldr:lam=0.25,c=1", "complete", "zero-one", [1]),
        ("ldr:lam=0.5,c=0.5", "bounded:0.4", "top-k:2", [0, 3]),
        ("constrained:phi=exponential", "complete", "zero-one", [2]),
        ("constrained:phi=squared-hinge", "complete", "zero-one", None),
        ("sum:phi=exponential", "complete", "zero-one", [1]),
        ("sum:phi=margin-logistic", "bounded:1", "zero-one", [1]),
    ],
)
def test_fast_inner_solution_agrees_with_the_convex_program(
    spec: str, hypotheses: str, target: str, predicted: list[int] | None
) -> None:
    problem = PointwiseProblem(spec, target=target, hypotheses=hypotheses, n_classes=4)
    p = [0.45, 0.3, 0.15, 0.1]
    slow, fast = (best_in_class(problem, p, predicted, method=m) for m in ("oracle", "fast"))  # type: ignore[arg-type]
    assert slow.gap is not None and abs(slow.gap) < 1e-7
    assert fast.risk == pytest.approx(slow.risk, abs=1e-7)
    if predicted is not None:  # the convex program knows nothing of the pooling lemma
        assert fast.scores is not None
        assert min(fast.scores[predicted]) >= max(np.delete(fast.scores, predicted)) - 1e-9


def test_best_in_class_checks_its_input() -> None:
    problem = PointwiseProblem("logistic", n_classes=3)
    with pytest.raises(InvalidInputError, match="sum to 1"):
        best_in_class(problem, [0.5, 0.5, 0.5])
    with pytest.raises(InvalidInputError, match="1 different labels"):
        best_in_class(problem, [0.5, 0.25, 0.25], [0, 1])


def pool_minimum(tau: float, n: int, beta: float) -> float:
    """min over k of T_k (docs/theory.md, theorem B), by bisection on the derivative of its convex
    inner problem.
    """
    a = 1 / (2 - tau)
    best = np.inf
    for k in range(2, n + 1):
        low, high = 0.0, (1 - beta) / 2
        if k > 2:

            def slope(x: float, k: int = k) -> float:
                return float(
                    (x + beta) ** (a - 1)
                    + x ** (a - 1)
                    - 2 * ((1 - 2 * x - beta) / (k - 2)) ** (a - 1)
                )

            for _ in range(60):
                middle = (low + high) / 2
                low, high = (low, middle) if slope(middle) > 0 else (middle, high)
            norm = (
                (low + beta) ** a + low**a + (k - 2) * ((1 - 2 * low - beta) / (k - 2)) ** a
            ) ** (1 / a)
        else:
            norm = ((high + beta) ** a + high**a) ** (1 / a)
        best = min(best, (norm - k ** (1 / a - 1)) / (tau - 1))
    return best


@pytest.mark.parametrize(("tau", "n"), [(1.7, 6), (1.8, 4), (1.9, 6), (1.8, 1000), (1.97, 1000)])
def test_pools_explain_generalized_cross_entropy_up_to_a_known_window(tau: float, n: int) -> None:
    betas = [b for b in np.round(np.arange(0.035, 1, 0.06), 3).tolist() if not 2 / 3 < b < 0.68]
    values = [
        a.estimate for a in sweep(PointwiseProblem(f"comp-sum:tau={tau}", n_classes=n), betas)
    ]
    assert values == pytest.approx([pool_minimum(tau, min(n, 60), b) for b in betas], abs=1e-12)


def test_the_minimum_over_pools_is_not_the_pointwise_transform() -> None:
    b, p = 0.675, np.array([0.675, 0.0, 0.325])
    tied = np.array([b / 2, b / 2, 1 - b])
    by_hand = (np.sum(p**5) ** 0.2 - np.sum(tied**5) ** 0.2) / 0.8
    problem = PointwiseProblem("comp-sum:tau=1.8", n_classes=3)
    assert transform(problem, b).estimate == pytest.approx(by_hand, abs=1e-12)
    assert by_hand < pool_minimum(1.8, 3, b) - 2e-4
    oracle = [best_in_class(problem, p, j, method="oracle").risk for j in ([1], None)]
    assert oracle[0] - oracle[1] == pytest.approx(by_hand, abs=1e-8)  # type: ignore[operator]


@pytest.mark.parametrize(
    ("spec", "n", "hypotheses", "expected"),
    [
        ("hinge", 2, "bounded:0.5", 0.15),
        ("sigmoid", 2, "bounded:1", 0.3 * np.tanh(1.0)),
        ("rho-margin", 2, "complete", 0.3),
        ("constrained:phi=hinge", 3, "complete", 0.3),
        (
            "max:phi=hinge",
            3,
            "complete",
            0.0,
        ),  # Crammer-Singer: all scores equal is optimal while p_max < 1/2
        (
            "comp-sum-margin:phi=rho-margin,tau=1",
            3,
            "complete",
            0.3 * np.log(2.0),
        ),  # adversarial family: beta Phi(1)
    ],
)
def test_direct_search_finds_the_known_values_of_kinked_and_non_convex_losses(
    spec: str, n: int, hypotheses: str, expected: float
) -> None:
    answer = transform(PointwiseProblem(spec, hypotheses=hypotheses, n_classes=n), 0.3)
    assert answer.estimate == pytest.approx(expected, abs=2e-7)
    assert answer.witness is not None and answer.witness.regret == pytest.approx(expected, abs=2e-7)


def test_weston_watkins_has_no_bound_near_zero() -> None:
    small, large = sweep(PointwiseProblem("sum:phi=hinge", n_classes=3), [0.1, 0.5])
    assert small.estimate == pytest.approx(0.0, abs=1e-9)
    assert large.estimate == pytest.approx(0.4, abs=1e-6)


def test_direct_search_agrees_with_the_pooled_one() -> None:
    from hconsist.engines.numeric.direct import Direct

    problem = PointwiseProblem("gce:q=0.8", hypotheses="bounded:1", n_classes=3)
    assert Direct(problem).smallest_regret(0.3)[0] == pytest.approx(
        transform(problem, 0.3).estimate, abs=1e-8
    )


def test_direct_search_finds_minima_narrower_than_its_grid() -> None:
    from hconsist.engines.numeric.direct import Direct

    problem = PointwiseProblem(
        "constrained:phi=hinge", n_classes=3
    )  # theorem F: T(b) = b up to b = 1/2
    assert Direct(problem).smallest_regret(0.001)[0] == pytest.approx(0.001, abs=2e-7)


def test_direct_search_refuses_what_would_not_come_back() -> None:
    with pytest.raises(EngineCannotAnswerError, match="betas at most"):
        sweep(PointwiseProblem("max:phi=exponential", n_classes=3), np.linspace(0, 1, 999).tolist())
    assert "beyond 4 classes" in too_much(PointwiseProblem("ldam", "top-k:2", n_classes=5), 2, 1)
    with pytest.raises(EngineCannotAnswerError, match="memory"):
        transform(PointwiseProblem("mae", n_classes=10**9), 0.5)


def test_jets_of_an_inner_maximum_follow_the_envelope_theorem() -> None:
    problem = PointwiseProblem("aldr:lam0=0.5,alpha=3,c=1", n_classes=4)
    model = inner_solver(problem).model  # type: ignore[union-attr]
    s, ones, w = np.array([[0.3, -0.2, 0.1, -0.4]]), np.ones((1, 4)), np.full((1, 4), 0.25)
    losses, jacobian, hessian = model.derivatives(s, ones, w)
    assert losses == pytest.approx(problem.surrogate.losses(s, NUMPY), abs=1e-12)
    h = 1e-5
    for i in range(4):
        up, down = s + h * np.eye(4)[i], s - h * np.eye(4)[i]
        slope = (problem.surrogate.losses(up, NUMPY) - problem.surrogate.losses(down, NUMPY)) / (
            2 * h
        )
        assert jacobian[0, :, i] == pytest.approx(slope[0], abs=1e-8)
        bend = (model.derivatives(up, ones, w)[1] - model.derivatives(down, ones, w)[1]).mean(
            axis=1
        ) / (2 * h)
        assert hessian[0, :, i] == pytest.approx(bend[0], abs=1e-8)


def test_bounded_scores_give_no_bound_for_small_regrets_from_three_classes_on() -> None:
    # both labels at the upper score bound: tied at the optimum itself while p_1 <= p_2 (1 +
    # e^(-2B)) and p_3 = 0
    for bound in (0.5, 1.0):
        edge = 1 / (1 + 2 * np.exp(2 * bound))
        problem = PointwiseProblem("logistic", hypotheses=f"bounded:{bound}", n_classes=3)
        below, above = sweep(problem, [round(0.98 * edge, 9), round(1.1 * edge, 9)])
        assert below.estimate == pytest.approx(0.0, abs=1e-12)
        assert above.estimate is not None and above.estimate > 1e-7


@pytest.mark.parametrize("n", [2, 3, 6])
def test_constrained_exponential_at_a_certain_label(n: int) -> None:
    # p = (1, 0, ...): C* = 0, and the tied optimum of (1/2, 1/2, 0, ...) weighs e^z_k by 1 - p_k
    weights = np.array([0.5, 0.5, *[1.0] * (n - 2)])
    expected = n * np.exp(np.log(weights).mean())
    assert transform(
        PointwiseProblem("constrained:phi=exponential", n_classes=n), 1
    ).estimate == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("formula", ["(1-u)+(1-u)**2/2", "1/(1+u)", "(1-u)**2"])
def test_finite_slopes_leave_unlikely_labels_without_a_share(formula: str) -> None:
    """The best risk against an independent convex program, at distributions whose optimum is at a
    face of the simplex.
    """

    loss = UserSoftmaxLoss(formula)
    problem = PointwiseProblem(loss, n_classes=3)
    for p in ([0.75, 0.25, 0.0], [0.9, 0.06, 0.04], [0.5, 0.3, 0.2]):
        share = cp.Variable(3, nonneg=True)
        terms = cp.inv_pos(1 + share) if formula == "1/(1+u)" else loss.of_softmax(share, CVXPY)
        reference = cp.Problem(cp.Minimize(np.array(p) @ terms), [cp.sum(share) == 1]).solve(
            solver=cp.CLARABEL
        )
        assert float(best_in_class(problem, p).risk) == pytest.approx(reference, abs=1e-7)
    two = transform(PointwiseProblem(loss, n_classes=2), "1/2").estimate
    three = transform(problem, "1/2").estimate
    assert two is not None and three is not None and three <= two + 1e-9


def test_a_loss_that_is_straight_at_one_is_solved_for_nearly_certain_labels() -> None:
    # phi'' of the softly truncated loss vanishes at u = 1; two labels leave one variable, minimised
    # here on a fine grid
    loss, betas = parse_loss("soft-truncated"), [0.3, 0.55, 0.8, 0.95]
    u = 1 / (1 + np.exp(-np.linspace(-60, 60, 400_001)))
    phi, mirror = (
        loss.of_softmax(u, NUMPY),
        loss.of_softmax(1 / (1 + np.exp(np.linspace(-60, 60, 400_001))), NUMPY),
    )  # type: ignore[attr-defined]
    exact = [
        float(np.log1p(np.log(2)) - ((1 + b) / 2 * phi + (1 - b) / 2 * mirror).min()) for b in betas
    ]
    for n in (2, 3):
        found = [a.estimate for a in sweep(PointwiseProblem(loss, n_classes=n), betas)]
        assert None not in found
        assert np.all(np.array(found, dtype=float) <= np.array(exact) + 1e-8)
        if n == 2:
            assert found == pytest.approx(exact, abs=1e-8)
