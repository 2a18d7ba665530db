"""Binary margin losses of the symbolic engine against published formulas and brute force."""

from __future__ import annotations

from fractions import Fraction
from functools import lru_cache

import numpy as np
import pytest
import sympy

from hconsist.arithmetic import BALLS, NUMPY, Ops, Value, endpoints, evaluate, precision
from hconsist.engines.derivation import beta_symbol, excess_symbol
from hconsist.engines.symbolic import derive, transform
from hconsist.errors import EngineCannotAnswerError
from hconsist.hypotheses import Bounded, Linear, OneHiddenReLU
from hconsist.losses import (
    Constrained,
    Exponential,
    Hinge,
    MarginLoss,
    RhoMargin,
    Sigmoid,
    parse_loss,
)
from hconsist.pointwise import PointwiseProblem

b, e = beta_symbol(), excess_symbol()
BOUNDS = [None, Fraction(2, 5), Fraction(1), Fraction(5, 2)]


def published(spec: str, B: sympy.Expr) -> sympy.Expr:
    """Awasthi et al., ICML 2022, section 5 (B infinite: Bartlett, Jordan, McAuliffe 2006)."""

    def cut(formula: sympy.Expr, end: sympy.Expr, tangent: sympy.Expr) -> sympy.Expr:
        return formula if B is sympy.oo else sympy.Piecewise((formula, b <= end), (tangent, True))

    up, down = (1 + b) / 2, (1 - b) / 2
    if spec == "hinge":
        return b * sympy.Min(B, 1)
    if spec == "margin-logistic":
        tangent = (
            sympy.log(2) - up * sympy.log(1 + sympy.exp(-B)) - down * sympy.log(1 + sympy.exp(B))
        )
        return cut(up * sympy.log(1 + b) + down * sympy.log(1 - b), sympy.tanh(B / 2), tangent)
    if spec == "exponential":
        return cut(
            1 - sympy.sqrt(1 - b**2), sympy.tanh(B), 1 - up * sympy.exp(-B) - down * sympy.exp(B)
        )
    if spec == "squared-hinge":
        return cut(b**2, sympy.Min(B, 1), 2 * B * b - B**2)
    if spec == "least-squares":
        return cut(b**2, sympy.Min(B, 1), 2 * B * b - B**2)
    if spec == "sigmoid:k=2":
        return b * sympy.tanh(2 * B)
    if spec == "rho-margin:rho=2":
        return b * sympy.Min(B, 2) / 2
    return b * sympy.Min(B, 1) / 2  # ramp


def enclosures_meet(left: sympy.Expr, right: sympy.Expr) -> bool:
    with precision(200):
        for k in range(33):
            value = {b: BALLS.const(Fraction(k, 32))}
            low, high = endpoints(evaluate(left, value, BALLS) - evaluate(right, value, BALLS))
            if not low <= 0 <= high or high - low > 1e-40:
                return False
    return True


SPECS = [
    "hinge",
    "margin-logistic",
    "exponential",
    "squared-hinge",
    "least-squares",
    "sigmoid:k=2",
    "rho-margin:rho=2",
    "ramp",
]


@pytest.mark.parametrize("bound", BOUNDS)
@pytest.mark.parametrize("spec", SPECS)
def test_published_formulas(spec: str, bound: Fraction | None) -> None:
    problem = PointwiseProblem(spec, hypotheses="complete" if bound is None else Bounded(bound))
    B = sympy.oo if bound is None else sympy.Rational(bound.numerator, bound.denominator)
    assert enclosures_meet(derive(problem).transform, published(spec, B))


@pytest.mark.parametrize("spec", ["hinge", "exponential"])
def test_linear_and_relu_enter_through_their_bound(spec: str) -> None:
    bounded = derive(PointwiseProblem(spec, hypotheses=Bounded("1/2"))).transform
    assert (
        derive(PointwiseProblem(spec, hypotheses=Linear(weight=3, bias="1/2"))).transform == bounded
    )
    assert (
        derive(
            PointwiseProblem(spec, hypotheses=OneHiddenReLU(output=2, weight=3, bias="1/4"))
        ).transform
        == bounded
    )


@pytest.mark.parametrize("spec", SPECS)
def test_symbolic_bound_agrees_with_numbers(spec: str) -> None:
    B = sympy.Symbol("B", positive=True)
    general = derive(PointwiseProblem(spec, hypotheses=Bounded(B)))
    for bound in BOUNDS[1:]:
        number = sympy.Rational(bound.numerator, bound.denominator)
        special = derive(PointwiseProblem(spec, hypotheses=Bounded(bound)))
        assert enclosures_meet(general.transform.subs(B, number), special.transform)
        if general.gamma is not None and special.gamma is not None:
            for excess in (0.01, 0.2, 0.4):
                left, right = (
                    float(g.gamma.subs({B: number, e: excess}).evalf()) for g in (general, special)
                )
                assert left == pytest.approx(right, rel=1e-12)


def test_symbolic_shape_parameters() -> None:
    k, rho = sympy.symbols("k rho", positive=True)
    assert (
        sympy.simplify(
            derive(PointwiseProblem(Sigmoid(k), hypotheses=Bounded(2))).transform
            - b * sympy.tanh(2 * k)
        )
        == 0
    )
    assert derive(PointwiseProblem(RhoMargin(rho))).transform == b


@lru_cache(maxsize=4)
def both_sides(loss: MarginLoss, reach: float) -> tuple[np.ndarray, np.ndarray]:
    f = np.linspace(0, reach, 480_001)  # the kinks of the formulas below are on the grid
    return loss.of_margin(f, NUMPY), loss.of_margin(-f, NUMPY)


def brute_force(loss: MarginLoss, beta: float, reach: float) -> float:
    right, left = both_sides(loss, reach)
    risk, wrong = (
        (1 + beta) / 2 * right + (1 - beta) / 2 * left,
        (1 + beta) / 2 * left + (1 - beta) / 2 * right,
    )
    return float(wrong.min() - min(risk.min(), wrong.min()))


@pytest.mark.parametrize(
    "formula",
    [
        "Max(0, 1 - v)**3",
        "Max(0, 2 - v)**2",
        "exp(-3*v)",
        "exp(-v) + Max(0, 1 - v)",
        "log(1 + exp(-2*v))",
        "Max(0, 1 - v) + Max(0, 1 - v)**2",
        "(1 - v)**2 + Max(0, -v)",
        "Max(0, 1 - v, 1 - 3*v)",
        "1/(1 + exp(v))",
        "Min(1, Max(0, 1 - v/3))",
        "Max(0, 1 - v, (1 - v)/2 + 1/4)",
        "1 - v/(1 + Abs(v))",
    ],
)
@pytest.mark.parametrize("bound", [None, Fraction(3, 4)])
def test_own_formulas_against_brute_force(formula: str, bound: Fraction | None) -> None:
    loss = parse_loss(f"margin:{formula}")
    assert isinstance(loss, MarginLoss)
    problem = PointwiseProblem(loss, hypotheses="complete" if bound is None else Bounded(bound))
    for beta in (Fraction(1, 20), Fraction(1, 2), Fraction(9, 10)):
        answer = transform(problem, beta)
        reach = 48.0 if bound is None else float(bound)
        tolerance = 1e-6 if bound is not None or "Abs" not in formula else 0.1
        assert answer.estimate == pytest.approx(
            brute_force(loss, float(beta), reach), abs=tolerance
        )
        assert (
            answer.upper is not None
            and answer.lower is not None
            and answer.upper - answer.lower < 1e-30
        )


def test_what_stops_a_derivation_is_named() -> None:
    with pytest.raises(EngineCannotAnswerError, match="calibrated"):
        derive(PointwiseProblem("margin:Max(0, v)"))
    with pytest.raises(EngineCannotAnswerError, match="could not show that phi is convex"):
        derive(PointwiseProblem("margin:v**3 - v"))


@pytest.mark.parametrize("spec", SPECS)
@pytest.mark.parametrize("bound", BOUNDS)
def test_gamma_and_its_elementary_bound(spec: str, bound: Fraction | None) -> None:
    derivation = derive(
        PointwiseProblem(spec, hypotheses="complete" if bound is None else Bounded(bound))
    )
    betas = np.linspace(0, 1, 41)[1:-1]
    values = np.asarray(evaluate(derivation.envelope, {b: betas}, NUMPY))
    with np.errstate(all="ignore"):
        if derivation.gamma is not None:
            assert np.allclose(evaluate(derivation.gamma, {e: values}, NUMPY), betas, atol=1e-7)
        assert derivation.gamma_upper is not None
        assert np.all(
            np.asarray(evaluate(derivation.gamma_upper, {e: values}, NUMPY)) >= betas - 1e-12
        )


class Steeper(Exponential):
    """The exponential loss with a linear term."""

    def of_margin(self, u: Value, ops: Ops) -> Value:
        return super().of_margin(u, ops) - u / ops.const(4)


class WiderHinge(Hinge):
    """The hinge that starts at 3."""

    def of_margin(self, u: Value, ops: Ops) -> Value:
        return ops.maximum(ops.const(3) - u, ops.const(0))


def test_a_mutated_formula_changes_the_transform() -> None:
    assert derive(PointwiseProblem(WiderHinge())).transform == 3 * b
    assert (
        derive(PointwiseProblem(Constrained(WiderHinge()), n_classes=3))
        .transform.subs(b, sympy.Rational(1, 3))
        .doit()
        == 1
    )
    mutated = PointwiseProblem(Steeper(), hypotheses=Bounded(1))
    for beta in (Fraction(1, 10), Fraction(4, 5)):
        answer = transform(mutated, beta)
        assert answer.estimate == pytest.approx(
            brute_force(mutated.surrogate, float(beta), 1.0), abs=1e-8
        )
        assert answer.estimate != pytest.approx(
            transform(PointwiseProblem("exponential", hypotheses=Bounded(1)), beta).estimate
        )
