"""The symbolic engine against published formulas, brute-force minimisation and mutated losses."""

from __future__ import annotations

import pickle
from dataclasses import dataclass
from fractions import Fraction
from typing import ClassVar

import numpy as np
import pytest
import sympy
from scipy.optimize import minimize

from hconsist.arithmetic import BALLS, NUMPY, Ops, Value, endpoints, evaluate, precision
from hconsist.engines import transform as by_engine
from hconsist.engines.derivation import beta_symbol, excess_symbol
from hconsist.engines.symbolic import derive, transform
from hconsist.errors import EngineCannotAnswerError, InvalidInputError
from hconsist.hypotheses import Bounded
from hconsist.losses import LDR, CompSum, SoftmaxLoss, parse_loss
from hconsist.pointwise import PointwiseProblem

b, e = beta_symbol(), excess_symbol()
GRID = [Fraction(k, 16) for k in range(17)]


def published(tau: sympy.Rational) -> sympy.Expr:
    """Mao, Mohri, Zhong, ICML 2023, tau <= 1."""
    if tau == 1:
        return (1 + b) / 2 * sympy.log(1 + b) + (1 - b) / 2 * sympy.log(1 - b)
    a = 1 / (2 - tau)
    return 2 ** (1 - tau) / (1 - tau) * (1 - (((1 + b) ** a + (1 - b) ** a) / 2) ** (2 - tau))


def enclosed_difference(left: sympy.Expr, right: sympy.Expr, betas: list[Fraction] = GRID) -> float:
    """The largest difference of two expressions on the grid, by outward-rounded balls."""
    worst = 0.0
    with precision(200):
        for beta in betas:
            value = {b: BALLS.const(beta)}
            low, high = endpoints(evaluate(left, value, BALLS) - evaluate(right, value, BALLS))
            worst = max(worst, float(max(-low, high)))
    return worst


def brute_force_two(phi: SoftmaxLoss, beta: float) -> float:
    """T of two classes by a plain search over the softmax value."""
    u = np.linspace(1e-9, 1 - 1e-9, 200_001)
    risk = (1 + beta) / 2 * phi.of_softmax(u, NUMPY) + (1 - beta) / 2 * phi.of_softmax(1 - u, NUMPY)
    return float(phi.of_softmax(np.asarray(0.5), NUMPY) - risk.min())


@pytest.mark.parametrize("n", [2, 3, 10, 1000])
@pytest.mark.parametrize("tau", ["0", "1/3", "1/2", "9/10", "1"])
def test_published_formula_up_to_logistic(tau: str, n: int) -> None:
    derived = derive(PointwiseProblem(CompSum(tau), n_classes=n)).transform
    formula = published(sympy.Rational(tau))
    assert enclosed_difference(derived, formula, GRID[:-1]) < 1e-50


@pytest.mark.parametrize("tau", ["0", "1", "3/2"])
def test_published_formula_as_symbols(tau: str) -> None:
    derived = derive(PointwiseProblem(CompSum(tau), n_classes=4)).transform
    difference = sympy.simplify((derived - published(sympy.Rational(tau))) ** 1)
    if difference != 0:  # a square root of a square: compare squares of the terms that carry it
        kept = sympy.sqrtdenest(
            sympy.simplify(difference.subs(b, sympy.sin(sympy.Symbol("t", positive=True))))
        )
        assert kept == 0 or enclosed_difference(derived, published(sympy.Rational(tau))) < 1e-50


def test_value_at_one_needs_no_limit() -> None:
    answer = transform(PointwiseProblem("logistic", n_classes=3), Fraction(1))
    assert answer.lower is not None and answer.upper is not None
    assert abs(answer.upper - Fraction(float(np.log(2)))) < 1e-15
    assert answer.upper - answer.lower < 1e-40


@pytest.mark.parametrize("n", [2, 3, 7, 40, 1000])
def test_mae_envelope_passes_through_its_corners(n: int) -> None:
    derivation = derive(PointwiseProblem("mae", n_classes=n))
    for j in {1, min(2, n - 1), n // 2, n - 1}:
        corner = Fraction(1, j)
        answer = transform(derivation.problem, corner)
        assert answer.lower is not None and answer.upper is not None
        assert answer.lower <= Fraction(1, j * (j + 1)) <= answer.upper
        assert derivation.envelope.subs(b, sympy.Rational(1, j)) == sympy.Rational(1, j * (j + 1))


@dataclass(frozen=True)
class Doubled(SoftmaxLoss):
    """The comp-sum loss with a mutated formula."""

    tau: Fraction
    spec_name: ClassVar[str] = "doubled"

    def of_softmax(self, u: Value, ops: Ops) -> Value:
        return CompSum(self.tau).of_softmax(u, ops) * ops.const(2)


@dataclass(frozen=True)
class OtherPower(SoftmaxLoss):
    """The same loss with the exponent off by one half."""

    tau: Fraction
    spec_name: ClassVar[str] = "other-power"

    def of_softmax(self, u: Value, ops: Ops) -> Value:
        power = self.tau - Fraction(1, 2)
        return (ops.power(u, power) - ops.const(1)) / ops.const(-power)


@pytest.mark.parametrize("tau", ["0", "1", "3/2", "2", "3"])
def test_a_mutated_formula_changes_the_transform(tau: str) -> None:
    """The engine reads the formula, not the name: doubling the loss doubles T, another power gives
    another T.
    """
    original = PointwiseProblem(CompSum(tau), n_classes=3)
    doubled = PointwiseProblem(Doubled(Fraction(tau)), n_classes=3)
    other = PointwiseProblem(OtherPower(Fraction(tau)), n_classes=3)
    for beta in (Fraction(1, 4), Fraction(1, 2), Fraction(1)):
        once, twice = transform(original, beta), transform(doubled, beta)
        assert once.estimate is not None and twice.estimate is not None
        assert twice.estimate == pytest.approx(2 * once.estimate, rel=1e-14)
    try:
        changed = transform(other, Fraction(1, 2)).estimate
    except EngineCannotAnswerError:
        return
    again = transform(
        PointwiseProblem(CompSum(Fraction(tau) + Fraction(1, 2)), n_classes=3), Fraction(1, 2)
    ).estimate
    assert changed == pytest.approx(again, rel=1e-14)
    assert changed != pytest.approx(transform(original, Fraction(1, 2)).estimate, rel=1e-3)


@pytest.mark.parametrize(
    "spec", ["logistic", "sum-exp", "comp-sum:tau=1.5", "mae", "comp-sum:tau=3"]
)
@pytest.mark.parametrize("n", [2, 5])
def test_witness_attains_the_value(spec: str, n: int) -> None:
    problem = PointwiseProblem(spec, n_classes=n)
    for beta in (Fraction(1, 10), Fraction(1, 2), Fraction(1)):
        answer = transform(problem, beta)
        assert answer.witness is not None and answer.estimate is not None
        p = [Fraction(v) for v in answer.witness.p]
        assert sum(p) == 1 and max(p) - p[answer.witness.predicted[0]] == beta
        assert max(answer.witness.scores) == answer.witness.scores[answer.witness.predicted[0]]
        assert answer.witness.regret == pytest.approx(answer.estimate, abs=1e-9)


@pytest.mark.parametrize(
    "spec", ["sum-exp", "comp-sum:tau=1.5", "mae", "comp-sum:tau=2.5", "comp-sum:tau=3"]
)
@pytest.mark.parametrize("n", [2, 6])
def test_gamma_inverts_the_envelope(spec: str, n: int) -> None:
    derivation = derive(PointwiseProblem(spec, n_classes=n))
    assert derivation.gamma is not None
    betas = np.linspace(0, 1, 41)
    values = evaluate(derivation.envelope, {b: betas}, NUMPY)
    with np.errstate(invalid="ignore"):  # the branch beyond T(1) is not taken
        assert np.allclose(evaluate(derivation.gamma, {e: values}, NUMPY), betas, atol=1e-7)
        assert float(evaluate(derivation.gamma, {e: np.asarray(99.0)}, NUMPY)) == 1


@pytest.mark.parametrize(
    "spec", ["logistic", "sum-exp", "comp-sum:tau=0.5", "comp-sum:tau=1.5", "mae", "comp-sum:tau=3"]
)
@pytest.mark.parametrize("n", [2, 6])
def test_gamma_upper_lies_above(spec: str, n: int) -> None:
    derivation = derive(PointwiseProblem(spec, n_classes=n))
    betas = np.linspace(0, 1, 101)[1:]
    values = np.asarray(evaluate(derivation.envelope, {b: betas}, NUMPY)) + 0 * betas
    upper = np.asarray(evaluate(derivation.gamma_upper, {e: values}, NUMPY))
    assert np.all(upper >= betas - 1e-12)
    assert np.min(upper / betas) < 1 + 1e-3  # the constant cannot be improved


@pytest.mark.parametrize(("tau", "n"), [("1.6", 3), ("1.75", 12), ("1.95", 5), ("1.95", 60)])
def test_square_root_bound_of_the_pools_is_free_of_n(tau: str, n: int) -> None:
    """Below the exact envelope everywhere, and met at beta = 1."""
    derivation = derive(PointwiseProblem(CompSum(tau), n_classes=n))
    betas = np.linspace(0, 1, 33)[1:]
    values = evaluate(derivation.envelope, {b: betas}, NUMPY)
    upper = evaluate(derivation.gamma_upper, {e: values}, NUMPY)
    assert np.all(upper >= betas - 1e-12) and upper[-1] == pytest.approx(1, abs=1e-9)
    assert upper[0] < (2 * n ** (float(Fraction(tau)) - 1) * values[0]) ** 0.5  # the published one


@pytest.mark.parametrize("formula", ["(1 - u)**2", "(1 - u)**3", "1/(1 + u)"])
def test_no_distribution_regrets_less_where_labels_may_get_no_mass(formula: str) -> None:
    """Random p on five labels: C* and the tie by projected search over S on the simplex,
    independent of the pooling lemma.
    """
    problem = PointwiseProblem(f"softmax:{formula}", n_classes=5)
    rng = np.random.default_rng(1)
    for beta in (0.1, 0.35, 0.8):
        value = float(evaluate(derive(problem).transform, {b: np.asarray(beta)}, NUMPY))
        for _ in range(12):
            p = rng.dirichlet(np.full(5, 0.6)) * (1 - beta)
            p = np.sort(p)[::-1] + beta * np.eye(5)[0]
            p[0], p[1] = (p[0] + p[1] + beta) / 2, (p[0] + p[1] - beta) / 2
            p[2:] = np.minimum(p[2:], p[0])
            p[2:] *= (1 - p[0] - p[1]) / max(p[2:].sum(), 1e-300)
            if p.min() < 0 or p.max() > p[0] or abs(p.sum() - 1) > 1e-12:
                continue
            risks = []
            for tied in (False, True):
                order = (
                    [{"type": "ineq", "fun": lambda S, i=i: S[1] - S[i]} for i in (0, 2, 3, 4)]
                    if tied
                    else []
                )
                total = {"type": "eq", "fun": lambda S: S.sum() - 1}
                found = minimize(
                    lambda S, p=p: float(p @ problem.surrogate.of_softmax(S, NUMPY)),
                    np.full(5, 0.2),
                    bounds=[(0, 1)] * 5,
                    constraints=[total, *order],
                    options={"ftol": 1e-14},
                )
                risks.append(found.fun)
            assert risks[1] - risks[0] >= value - 1e-7


@pytest.mark.parametrize("tau", ["1.1", "1.25", "1.5"])
def test_square_root_bound_improves_on_the_published_one(tau: str) -> None:
    derivation = derive(PointwiseProblem(CompSum(tau), n_classes=2))
    excess = 0.01
    ours = float(evaluate(derivation.gamma_upper, {e: np.asarray(excess)}, NUMPY))
    assert (
        ours < (2 * 2 ** (float(Fraction(tau)) - 1) * excess) ** 0.5
    )  # sqrt(2 n^(tau - 1) epsilon), already at n = 2
    for beta in np.linspace(0.01, 1, 50):
        value = float(evaluate(derivation.transform, {b: np.asarray(beta)}, NUMPY))
        assert (
            float(evaluate(derivation.gamma_upper, {e: np.asarray(value)}, NUMPY)) >= beta - 1e-12
        )


def test_symbolic_exponent_has_a_case_for_each_range() -> None:
    tau = sympy.Symbol("tau", positive=True)
    for n in (2, 4):
        general = derive(PointwiseProblem(CompSum(tau), n_classes=n))
        for value in ("1/3", "1", "3/2", "7/4", "2", "5/2"):
            number = sympy.Rational(value)
            special = derive(PointwiseProblem(CompSum(value), n_classes=n)).transform
            assert (
                enclosed_difference(general.transform.subs(tau, number), special, GRID[:-1]) < 1e-30
            )


def test_symbolic_number_of_classes() -> None:
    n = sympy.Symbol("n", integer=True, positive=True)
    assert derive(PointwiseProblem("comp-sum:tau=1.3", n_classes=n)).transform.free_symbols == {b}
    general = derive(PointwiseProblem("mae", n_classes=n))
    for number in (3, 4, 11):
        special = derive(PointwiseProblem("mae", n_classes=number))
        assert enclosed_difference(general.transform.subs(n, number), special.transform) < 1e-40
        assert enclosed_difference(general.envelope.subs(n, number), special.envelope) < 1e-40


def test_ldr_without_margin_is_tempered_cross_entropy() -> None:
    lam = sympy.Symbol("lambda", positive=True)
    derived = derive(PointwiseProblem(LDR(lam=lam, c=0), n_classes=7))
    assert sympy.simplify(derived.transform - lam * published(sympy.Integer(1))) == 0
    assert derived.gamma_upper == sympy.sqrt(2 * e / lam)


@pytest.mark.parametrize(
    "spec", ["logistic", "mae", "comp-sum:tau=2.5", "gce:q=0.7", "softmax:1/u - log(u)"]
)
def test_derivations_travel_between_processes(spec: str) -> None:
    derivation = derive(PointwiseProblem(spec, n_classes=5))
    again = pickle.loads(pickle.dumps(derivation))
    assert again == derivation
    value = float(evaluate(again.transform, {b: np.asarray(0.3)}, NUMPY))
    assert value == pytest.approx(
        transform(derivation.problem, Fraction(3, 10)).estimate, rel=1e-12
    )


def test_a_value_needs_numbers() -> None:
    with pytest.raises(InvalidInputError, match="every parameter"):
        transform(
            PointwiseProblem("mae", n_classes=sympy.Symbol("n", integer=True, positive=True)),
            Fraction(1, 2),
        )


# -- formulas that nobody listed, against the numeric engine

OWN = [
    ("softmax:-log(u) + (1 - u)/2", 3),
    ("softmax:-log(u) + 2*(1 - u)", 2),
    ("softmax:(1 - u)**2", 2),
    ("softmax:1/u - log(u)", 4),
    ("softmax:1/u**2 + 1/u", 3),
    ("softmax:-log(u) - sqrt(u)", 3),
    ("softmax:-3*log(u)/2", 5),
    ("softmax:2*(1 - u**(1/3))", 4),
    ("softmax:1/u**(3/2)", 3),
    ("softmax:1 - u**3", 4),
    ("softmax:(1 - u)**3", 4),
    ("softmax:(1 - u)**2", 5),
    ("ldr:lam=1,c=0.2", 4),
    ("ldr:lam=1,c=0.69", 4),
    ("ldr:lam=0.5,c=1", 2),
    ("comp-sum:tau=1.7", 4),
    ("comp-sum:tau=1.9", 4),
]


@pytest.mark.parametrize(("spec", "n"), OWN)
def test_own_formulas_agree_with_the_numeric_engine(spec: str, n: int) -> None:
    problem = PointwiseProblem(spec, n_classes=n)
    for beta in (Fraction(1, 10), Fraction(1, 2), Fraction(9, 10)):
        derived, found = transform(problem, beta), by_engine(problem, beta, "numeric")
        assert derived.estimate is not None and found.estimate is not None
        assert derived.estimate == pytest.approx(found.estimate, rel=1e-7, abs=1e-10)
        assert derived.witness is not None and derived.upper is not None
        assert derived.witness.regret == pytest.approx(derived.estimate, rel=1e-7, abs=1e-10)


@pytest.mark.parametrize("spec", ["comp-sum:tau=1.6", "comp-sum:tau=1.9"])
@pytest.mark.parametrize("n", [3, 40])
def test_pools_bracket_the_transform(spec: str, n: int) -> None:
    problem = PointwiseProblem(spec, n_classes=n)
    derivation = derive(problem)
    envelope = evaluate(derivation.envelope, {b: np.linspace(0, 1, 21)}, NUMPY)
    values = evaluate(derivation.transform, {b: np.linspace(0, 1, 21)}, NUMPY)
    assert np.all(envelope <= values + 1e-15)
    assert np.all(np.diff(envelope, 2) >= -1e-12)  # convex
    for beta in (Fraction(1, 1000), Fraction(1, 7), Fraction(3, 5), Fraction(1)):
        answer = transform(problem, beta)
        assert (
            answer.lower is not None and answer.upper is not None and answer.lower <= answer.upper
        )
        below = evaluate(derivation.envelope, {b: np.asarray(float(beta))}, NUMPY)
        assert float(answer.lower) == pytest.approx(float(below), rel=1e-9)
        assert float(answer.upper) == pytest.approx(
            float(evaluate(derivation.transform, {b: np.asarray(float(beta))}, NUMPY)), rel=1e-9
        )


def test_envelope_lies_below_chords_of_the_pools() -> None:
    """Above the crossing of two pools the envelope is a chord: strictly below T, and above every
    other lower line.
    """
    derivation = derive(PointwiseProblem("comp-sum:tau=1.9", n_classes=3))
    answer = transform(derivation.problem, Fraction(9, 10))
    assert answer.lower is not None and answer.upper is not None
    assert answer.upper - answer.lower > Fraction(1, 200)
    ends = [float(evaluate(derivation.transform, {b: np.asarray(x)}, NUMPY)) for x in (0.8, 1.0)]
    assert float(answer.lower) <= sum(ends) / 2 + 1e-15


@pytest.mark.parametrize(
    ("spec", "n", "reason"),
    [
        ("softmax:(1 - u)**4", 3, "finite"),
        ("softmax:-log(u + 1/10)", 3, "provably at least"),
        ("softmax:-log(u) + 3*(1 - u)", 3, "theorem D"),
        ("ldr:lam=0.25,c=1", 5, "convex neither"),
        ("softmax:u", 2, "decreas"),
    ],
)
def test_what_stops_a_derivation_is_named(spec: str, n: int, reason: str) -> None:
    with pytest.raises(EngineCannotAnswerError, match=reason):
        derive(PointwiseProblem(spec, n_classes=n))


@pytest.mark.parametrize("spec", ["logistic", "gce:q=0.5", "sum-exp", "mae", "softmax:(1 - u)**2"])
@pytest.mark.parametrize("bound", [Fraction(1, 2), Fraction(3)])
def test_two_classes_with_bounded_scores(spec: str, bound: Fraction) -> None:
    loss = parse_loss(spec)
    problem = PointwiseProblem(loss, hypotheses=Bounded(bound))
    f = np.linspace(0, float(bound), 100_001)
    losses = loss.losses(np.stack([f, -f], axis=-1), NUMPY)
    for beta in (Fraction(1, 10), Fraction(1, 2), Fraction(1)):
        answer = transform(problem, beta)
        p = [(1 + float(beta)) / 2, (1 - float(beta)) / 2]
        wrong, right = (losses @ np.array(p[::-1])).min(), (losses @ np.array(p)).min()
        assert answer.estimate == pytest.approx(wrong - min(right, wrong), abs=1e-8)


@pytest.mark.parametrize(("k", "n"), [(2, 4), (3, 10)])
def test_top_k_logistic_is_the_zero_one_transform(k: int, n: int) -> None:
    problem = PointwiseProblem("logistic", target=f"top-k:{k}", n_classes=n)
    answer = transform(problem, Fraction(1, 2))
    assert (
        answer.estimate
        == transform(PointwiseProblem("logistic", n_classes=2), Fraction(1, 2)).estimate
    )
    assert answer.witness is not None and answer.witness.regret == pytest.approx(
        answer.estimate, abs=1e-12
    )
    assert float(
        problem.target_regret([float(v) for v in answer.witness.p], answer.witness.predicted)
    ) == pytest.approx(0.5)
