"""Constrained, sum and max losses in the symbolic engine, and the LaTeX form of a derivation."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
import sympy
from scipy.optimize import linprog

from hconsist.arithmetic import NUMPY, Ops, Value, evaluate
from hconsist.engines import transform as by_engine
from hconsist.engines.derivation import beta_symbol
from hconsist.engines.symbolic import derive, transform
from hconsist.errors import EngineCannotAnswerError
from hconsist.losses import Brier, ProbabilityLoss, Spherical
from hconsist.losses.base import total
from hconsist.pointwise import PointwiseProblem

b = beta_symbol()


def hinge_regret(p: np.ndarray, predicted: int) -> float:
    """Regret of the constrained hinge at p when a label is predicted, by two linear programs in (s,
    slack).
    """
    n = p.size
    cost = np.concatenate([np.zeros(n), 1 - p])
    slack = np.hstack([np.eye(n), -np.eye(n)])  # s_k + 1 <= t_k, t >= 0
    bounds = [(None, None)] * n + [(0, None)] * n
    total = np.concatenate([np.ones(n), np.zeros(n)])[None, :]
    top = np.zeros((n, 2 * n))
    for k in range(n):
        top[k, k] += 1
        top[k, predicted] -= 1
    common = {"A_eq": total, "b_eq": [0.0], "bounds": bounds}
    free = linprog(cost, A_ub=slack, b_ub=-np.ones(n), **common)
    tied = linprog(
        cost,
        A_ub=np.vstack([slack, top]),
        b_ub=np.concatenate([-np.ones(n), np.zeros(n)]),
        **common,
    )
    return float(tied.fun - free.fun)


@pytest.mark.parametrize("n", [3, 4])
def test_constrained_hinge_is_exact(n: int) -> None:
    """No distribution falls below T, and the pools that the derivation names attain it."""
    problem = PointwiseProblem("constrained:phi=hinge", n_classes=n)
    rng = np.random.default_rng(0)
    for beta in (Fraction(1, 5), Fraction(1, 2), Fraction(9, 10)):
        answer = transform(problem, beta)
        assert answer.proven and answer.estimate is not None
        smallest, size = np.inf, float(beta)
        for trial in range(60):
            top = (
                max(size, (1 + size) / n)
                if trial % 2
                else rng.uniform(max(size, (1 + size) / n), (1 + size) / 2)
            )
            rest = 1 - 2 * top + size
            others = []
            for left in range(
                n - 3, -1, -1
            ):  # greedily, or at random as long as the labels after it can hold the rest
                low, high = max(0.0, rest - top * left), min(top, rest)
                others.append(high if trial % 4 < 2 or low >= high else rng.uniform(low, high))
                rest -= others[-1]
            if abs(rest) > 1e-12:
                continue
            p = np.array([top, top - size, *others])
            if p.min() < 0 or p.max() > top + 1e-12:
                continue
            smallest = min(smallest, hinge_regret(p, 1))
        assert smallest >= answer.estimate - 1e-9
        assert smallest <= answer.estimate + 1e-9


@pytest.mark.parametrize("phi", ["exponential", "squared-hinge", "margin-logistic"])
@pytest.mark.parametrize("n", [3, 5])
def test_constrained_lower_bound(phi: str, n: int) -> None:
    """Below the numeric optimum, above the bound for infinitely many classes, and convex."""
    problem = PointwiseProblem(f"constrained:phi={phi}", n_classes=n)
    derivation = derive(problem)
    assert derivation.assumptions
    binary = derive(PointwiseProblem(phi)).transform
    for beta in (Fraction(1, 10), Fraction(1, 2)):
        answer = transform(problem, beta)
        found = by_engine(problem, beta, "numeric").estimate
        assert answer.upper is None and answer.lower is not None and found is not None
        limit = 2 * float(evaluate(binary, {b: np.asarray(float(beta) / 2)}, NUMPY))
        assert limit < float(answer.lower) <= found * (1 + 1e-9)
        assert float(answer.lower) > 0.8 * found
    grid = evaluate(derivation.envelope, {b: np.linspace(1e-6, 1 - 1e-6, 201)}, NUMPY)
    assert np.all(np.diff(grid, 2) > -1e-12)


@pytest.mark.parametrize(
    ("spec", "formula"),
    [
        ("constrained:phi=exponential", "1 - sqrt(1 - beta**2)"),
        ("constrained:phi=squared-hinge", "beta**2"),
        ("sum:phi=hinge", "beta"),
        ("max:phi=exponential", "1 - sqrt(1 - beta**2)"),
        ("sum:phi=sigmoid", "beta"),
        ("comp-sum-margin:phi=rho-margin,tau=1", "beta*log(2)"),
        ("comp-sum-margin:phi=rho-margin,tau=0", "beta"),
    ],
)
def test_two_classes_are_a_margin_loss(spec: str, formula: str) -> None:
    derived = derive(PointwiseProblem(spec, n_classes=2)).transform
    assert sympy.simplify(derived - sympy.sympify(formula, locals={"beta": b})) == 0


@pytest.mark.parametrize("tau", ["0", "1", "1.7", "2"])
def test_an_exponential_inside_is_the_softmax(tau: str) -> None:
    """Found from the formula: the other labels drop out of the loss written in softmax values."""
    inside = derive(PointwiseProblem(f"comp-sum-margin:phi=exponential,tau={tau}", n_classes=4))
    plain = derive(PointwiseProblem(f"comp-sum:tau={tau}", n_classes=4))
    for beta in (0.2, 0.7):
        values = [
            float(evaluate(d.transform, {b: np.asarray(beta)}, NUMPY)) for d in (inside, plain)
        ]
        assert values[0] == pytest.approx(values[1], rel=1e-12)


def test_what_is_not_covered_is_named() -> None:
    with pytest.raises(EngineCannotAnswerError, match="no derivation covers"):
        derive(PointwiseProblem("sum:phi=hinge", n_classes=3))
    with pytest.raises(EngineCannotAnswerError, match="could not show that phi"):
        derive(PointwiseProblem("constrained:phi=sigmoid", n_classes=3))


# -- proper losses


class PseudoSpherical(ProbabilityLoss):
    """1 - (q_y / ||q||_a)^(a - 1) with a = 3/2."""

    def of_probabilities(self, q: Value, ops: Ops) -> Value:
        power = total(ops.power(q, Fraction(3, 2)), ops)
        return ops.const(1) - ops.power(q, Fraction(1, 2)) / ops.power(power, Fraction(1, 3))


class Improper(ProbabilityLoss):
    """The Brier loss with the wrong factor of the own probability."""

    def of_probabilities(self, q: Value, ops: Ops) -> Value:
        return ops.const(1) - ops.const(3) * q + total(ops.power(q, 2), ops)


@pytest.mark.parametrize(
    ("loss", "formula"),
    [("brier", "beta**2/2"), ("spherical", "sqrt((1 + beta**2)/2) - sqrt(1/2)")],
)
def test_proper_losses_are_two_label_formulas(loss: str, formula: str) -> None:
    for n in (2, 3, 50):
        derived = derive(PointwiseProblem(loss, n_classes=n))
        assert (
            sympy.simplify(
                derived.transform - sympy.sympify(formula, locals={"beta": b}, rational=True)
            )
            == 0
        )
        assert derived.gamma is not None and derived.gamma_upper is not None and derived.growth == 2
        answer = transform(derived.problem, Fraction(1, 3))
        assert answer.proven and answer.witness is not None
        assert answer.witness.regret == pytest.approx(answer.estimate, abs=1e-12)


@pytest.mark.parametrize("loss", [Brier(), Spherical(), PseudoSpherical()])
@pytest.mark.parametrize("n", [3, 4])
def test_no_distribution_regrets_less_under_a_proper_loss(loss: ProbabilityLoss, n: int) -> None:
    """Brute force over p, with the tie found by a search over the forecasts in which label 2 leads
    label 1.
    """
    rng = np.random.default_rng(0)
    problem = PointwiseProblem(loss, n_classes=n)
    for beta in (Fraction(3, 20), Fraction(3, 5)):
        value, size, drawn = transform(problem, beta).estimate, float(beta), []
        assert value is not None
        q = rng.dirichlet(np.full(n, 0.5), size=20_000)
        q = q[q.argmax(axis=1) == 1]
        losses = loss.of_probabilities(q, NUMPY)
        while len(drawn) < 200:
            rest = rng.dirichlet(np.full(n, 0.5))
            p = np.sort(rest * (1 - size))[::-1] + size * np.eye(n)[0]
            p[1:] = rng.permutation(p[1:])
            p[0], p[1] = (p[0] + p[1] + size) / 2, (p[0] + p[1] - size) / 2
            if p.min() < 0 or p.max() > p[0]:
                continue
            drawn.append(p)
        labels = np.array(drawn)
        best = np.sum(labels * loss.of_probabilities(labels, NUMPY), axis=1)
        assert np.all((losses @ labels.T).min(axis=0) - best >= value - 1e-9)


def test_a_loss_that_is_not_proper_is_refused() -> None:
    with pytest.raises(EngineCannotAnswerError, match="not recognised as proper"):
        derive(PointwiseProblem(Improper(), n_classes=3))


# -- max losses, losses flat below zero, limits of LDR

RANKED = [
    ("max:phi=hinge", "Max(0, 2*beta - 1)"),
    ("ldr-k:k=1,c=2", "2*Max(0, 4*beta/2 - 1)"),
    ("max:phi=exponential", "1 - sqrt(1 - Max(0, 2*beta - 1)**2)"),
    ("max:phi=sigmoid", "Max(0, 2*beta - 1)"),
    ("max:phi=rho-margin", "beta"),
    ("sum:phi=rho-margin", "beta"),
    ("constrained:phi=rho-margin", "beta"),
    ("comp-sum-margin:phi=rho-margin,tau=1", "beta*log(2)"),
    ("comp-sum-margin:phi=rho-margin,tau=1/2", "2*beta*(sqrt(2) - 1)"),
]


@pytest.mark.parametrize(("spec", "formula"), RANKED)
def test_ranked_losses(spec: str, formula: str) -> None:
    """The formula, and the numeric engine or the witness, evaluated from the loss."""
    problem = PointwiseProblem(spec, n_classes=3)
    derived = derive(problem)
    expected = sympy.sympify(formula, locals={"beta": b})
    for beta in (Fraction(1, 5), Fraction(7, 10)):
        answer = transform(problem, beta)
        value = float(expected.subs(b, sympy.Rational(beta.numerator, beta.denominator)))
        assert answer.proven and answer.estimate == pytest.approx(value, abs=1e-14)
        assert answer.witness is not None and answer.witness.regret == pytest.approx(
            value, abs=1e-7
        )
        if problem.surrogate.shape is not None:
            assert by_engine(problem, beta, "numeric").estimate == pytest.approx(value, abs=1e-7)
    assert derived.gamma is not None


@pytest.mark.parametrize(
    "spec",
    [
        "sum:phi=rho-margin",
        "max:phi=rho-margin",
        "comp-sum-margin:phi=rho-margin,tau=1",
        "max:phi=ramp",
    ],
)
def test_no_distribution_regrets_less_under_a_ranked_loss(spec: str) -> None:
    """All scores on a grid that holds the kinks, n = 4, random p: the regret of the best wrong
    prediction.
    """
    problem = PointwiseProblem(spec, n_classes=4)
    rng = np.random.default_rng(2)
    scores = (
        np.stack(np.meshgrid(*[np.arange(0, 4)] * 4, indexing="ij"), axis=-1)
        .reshape(-1, 4)
        .astype(float)
    )
    losses = problem.surrogate.losses(scores, NUMPY)
    wrong = scores[:, 1] == scores.max(axis=1)
    for beta in (0.3, 0.75):
        value = float(evaluate(derive(problem).transform, {b: np.asarray(beta)}, NUMPY))
        smallest = np.inf
        for trial in range(300):
            p = rng.dirichlet(np.full(4, 0.5)) * (1 - beta)
            if trial == 0:
                p = (
                    np.array([0, 0, 1 - beta, 0])
                    if beta > 0.5
                    else np.array([0.5 - beta, 0.5 - beta, beta, 0])
                )
            if trial == 1:
                p = np.array([(1 - beta) / 2] * 2 + [0.0, 0.0])
            p[0] = p[1] + beta
            p = p / p.sum() if p.sum() > 1 + 1e-9 else p
            if abs(p.sum() - 1) > 1e-9 or p.max() > p[0] + 1e-12 or abs(p[0] - p[1] - beta) > 1e-12:
                p = np.array([0.0, 0.0, *rng.dirichlet([1, 1])])
                share = rng.uniform(0, (1 - beta) / 2)
                p = np.array([share + beta, share, *(p[2:] * (1 - beta - 2 * share))])
                if p.max() > p[0]:
                    continue
            risks = losses @ p
            smallest = min(smallest, risks[wrong].min() - risks.min())
        assert smallest == pytest.approx(value, abs=1e-9)


@pytest.mark.parametrize("spec", ["ldr-inf:c=1", "ldr-k:k=3,c=1"])
def test_losses_without_a_floor_are_named(spec: str) -> None:
    with pytest.raises(EngineCannotAnswerError, match="unbounded below"):
        derive(PointwiseProblem(spec, n_classes=3 if "inf" in spec else 4))


LATEX = [
    ("max:phi=hinge", 3, "complete"),
    ("comp-sum-margin:phi=rho-margin,tau=1", 3, "complete"),
    ("softmax:(1 - u)**2", 3, "complete"),
    ("spherical", 4, "complete"),
    ("logistic", 10, "complete"),
    ("gce:q=0.7", 3, "complete"),
    ("mae", 100, "complete"),
    ("comp-sum:tau=2.5", 5, "complete"),
    ("margin-logistic", 2, "bounded:1"),
    ("softmax:1/u - log(u)", 4, "complete"),
    ("constrained:phi=exponential", 4, "complete"),
]


def test_every_step_is_justified() -> None:
    for spec, n, h in LATEX:
        derivation = derive(PointwiseProblem(spec, hypotheses=h, n_classes=n))
        assert len(derivation.steps) >= 4
        assert all(step.statement and step.justification for step in derivation.steps)
        assert derivation._repr_latex_().startswith("$")
