"""Each condition of the derivations by theorems C, D, G and H, and of best-in-class risks, alone:
what fails one of them and no other is refused by that one's words.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, ClassVar

import numpy as np
import pytest
import sympy

from hconsist.arithmetic import NUMPY, SYMPY
from hconsist.engines.derivation import beta_symbol
from hconsist.engines.symbolic import constrained, cost_range, margin, proper
from hconsist.engines.symbolic.best_in_class import derive_best_in_class
from hconsist.engines.symbolic.best_in_class.shown import unproven
from hconsist.engines.symbolic.softmax import convex
from hconsist.engines.symbolic.softmax.form import Power, share
from hconsist.engines.symbolic.softmax.powers import of_power
from hconsist.errors import EngineCannotAnswerError
from hconsist.losses import SoftmaxLoss, parse_loss
from hconsist.losses.forms import OfProbabilities, OfSoftmax
from hconsist.pointwise import PointwiseProblem
from hconsist.selftest import judge, three_labels, two_labels

U, ONE = share(), sympy.Integer(1)
#: Any problem of two and of three labels, where the formula is passed beside it.
TWO, THREE = (PointwiseProblem("logistic", n_classes=n) for n in (2, 3))


def refused(why: str, derive: Callable[..., Any], *given: Any) -> None:
    with pytest.raises(EngineCannotAnswerError, match=why):
        derive(*given)


# -- theorems D and H
def test_convexity_in_the_scores_is_for_two_labels() -> None:
    bent = -sympy.log(U) - U**2  # concave in u near 1, convex in the difference of two scores
    refused("convex neither on", convex.of_convex, THREE, bent, [])


def test_convexity_in_the_scores_is_shown() -> None:
    refused("convex neither on", convex.of_convex, TWO, -U - U**2 / 2, [])


@pytest.mark.parametrize("spec", ["softmax:(1-u)**2", "softmax:exp(-u)", "softmax:-log((1+u)/2)"])
def test_two_labels_of_a_convex_loss(spec: str) -> None:
    loss, betas = parse_loss(spec), ("3/10", "9/10")
    found = convex.of_convex(
        PointwiseProblem(loss, n_classes=2), loss.form(OfSoftmax).g(U, SYMPY), []
    )
    points = judge.brute(judge.Trial(loss, spec, 2, None, betas))
    assert points is not None
    for beta in betas:
        value = found.derivation.transform.subs(beta_symbol(), sympy.Rational(beta))
        point = points[beta]
        assert point is not None and float(value) == pytest.approx(point.regret, abs=1e-7)


def test_the_root_that_rises_from_the_tie_is_taken() -> None:
    """Both roots of s^2 - s + (1 - b^2)/4 start at the tie; (1 - b)/2 is below it."""
    s, b = sympy.Symbol("s", positive=True), beta_symbol()
    root = convex._quadratic_share(sympy.Poly(s**2 - s + (1 - b**2) / 4, s), ONE)
    assert float(root.subs(b, sympy.Rational(1, 2))) == pytest.approx(3 / 4)


def test_theorem_d_needs_a_convex_reciprocal_or_a_convex_square() -> None:
    many = convex._many_labels_of_infinite_marginal
    refused("theorem D", many, U ** sympy.Rational(1, 3), U)  # concave, and so is its square
    assert many(sympy.sqrt(U), U) and many(U**2, U)


@pytest.mark.parametrize(
    ("h", "phi", "why"),
    [
        (1 + sympy.sqrt(U), -U, "a convex reciprocal marginal"),
        (1 + 26 * U**4, -U, "to be negative on"),  # its phi is not looked at before
        (1 + U**2 / 10, -sympy.sqrt(10) * sympy.atan(U / sympy.sqrt(10)), "the two-label value"),
    ],
)  # fmt: skip
def test_theorem_h_needs_all_of_its_conditions(h: Any, phi: Any, why: str) -> None:
    refused(why, convex._many_labels_of_finite_marginal, phi, h, U)


# -- powers, constrained losses
def test_a_power_that_rises_is_no_loss() -> None:
    rising = Power(U, ONE, sympy.Integer(-1), sympy.Integer(0))
    refused("phi must decrease", of_power, TWO, rising, [])


def test_pairs_of_constrained_losses_need_a_convex_reciprocal_slope() -> None:
    v = margin.margin_variable()
    phi = sympy.log(1 + sympy.exp(-v)) - v / 2  # 1/g' falls from 2 to 2/3 as a sigmoid
    pieces = margin.split(phi, v)
    assert margin.is_convex(pieces)
    refused("reciprocal slope", constrained._from_pairs, THREE, phi, v, pieces, [])


# -- proper losses
def of(a: Any, at: Callable[[Any], Any], times: Callable[[Any], Any], odd: Any = None) -> Any:
    """A(Q) + B(Q) q_y^(a - 1), Q = sum q^a; twice that of the label ``odd``."""

    def f(q: Any, ops: Any) -> Any:
        total = sum(v**a for v in q)
        rows = [at(total) + times(total) * v ** (a - 1) for v in q]
        return np.array([2 * r if k == odd else r for k, r in enumerate(rows)], dtype=object)

    return OfProbabilities(f)


def test_which_losses_are_recognised_as_proper() -> None:
    two, quarter = sympy.Integer(2), sympy.Rational(1, 4)
    brier = (lambda Q: 1 + Q, lambda Q: -2)
    assert proper.entropy(of(two, *brier), 3) is not None
    # label 1 pays twice; B is not 2 F'; F(x^2) = -sqrt(x) is convex
    assert proper.entropy(of(two, *brier, odd=1), 3) is None
    assert proper.entropy(of(two, lambda Q: Q, lambda Q: -3), 3) is None
    root = (lambda Q: -(Q**quarter) / 2, lambda Q: -(Q ** (quarter - 1)) / 2)
    assert proper.entropy(of(two, *root), 3) is None


def test_theorem_g_needs_an_exponent_of_at_most_two() -> None:
    cubes = of(sympy.Integer(3), lambda Q: 1 + 2 * Q, lambda Q: -3)
    assert proper.entropy(cubes, 3) is not None
    refused("theorem G", proper.solve, THREE, cubes)


# -- costs
def test_the_witness_of_a_range_moves_mass_to_the_label_that_costs_more() -> None:
    problem = PointwiseProblem("logistic", target="cost:[[0,3],[1,0]]", n_classes=2)
    found = cost_range.solve(problem, Fraction(1))
    assert found is not None and found.witness is not None
    for beta in (Fraction(1, 2), Fraction(2)):
        witness = found.witness(beta)
        p = [Fraction(v) for v in witness.p]
        assert sum(p) == 1 and min(p) >= 0
        assert problem.decision.exact_regret(p, witness.predicted) == beta
        assert witness.regret == pytest.approx(
            float(found.derivation.transform.subs(beta_symbol(), sympy.Rational(str(beta)))),
            abs=1e-9,
        )


# -- best-in-class risks
@pytest.mark.parametrize(
    ("spec", "n"),
    [("mae", 3), ("softmax:1-u**2", 2), ("softmax:1-u**2", 3), ("logistic", 2), ("gce:q=1/2", 2)],
)
def test_best_in_class_risk_of_bounded_scores(spec: str, n: int) -> None:
    loss = parse_loss(spec)
    best = derive_best_in_class(PointwiseProblem(loss, hypotheses="bounded:1/2", n_classes=n))
    p = np.array([[0.55, 0.45, 0.0], [0.95, 0.05, 0.0], [0.4, 0.35, 0.25], [0.7, 0.2, 0.1]])
    p = p[:2, :2] if n == 2 else p

    def losses(s: np.ndarray) -> np.ndarray:
        return np.asarray(loss.losses(s, NUMPY))

    if n == 2:
        truth = two_labels.least_risks(losses, p[:, 0], 0.5)
    else:
        truth = three_labels.least_risks(losses, p, 0.5)
    assert np.allclose(best(p), truth, atol=1e-7)


@pytest.mark.parametrize("spec", ["softmax:u", "softmax:sqrt(u)"])
def test_best_in_class_risk_of_bounded_scores_is_of_losses_that_fall(spec: str) -> None:
    problem = PointwiseProblem(spec, hypotheses="bounded:1/2", n_classes=2)
    refused("non-increasing|rises|increas", derive_best_in_class, problem)


@dataclass(frozen=True)
class Claimed(SoftmaxLoss):
    """Said to be convex, which the prover leaves open."""

    spec_name: ClassVar[str] = "claimed"
    shape: ClassVar[str] = "convex in softmax"

    def of_softmax(self, u: Any, ops: Any) -> Any:
        return ops.exp(-u - ops.erf(5 * u - ops.const(2)) / ops.const(90)) + u * u


def test_signs_of_second_derivatives_decide_where_no_fact_does() -> None:
    curve = parse_loss("mae").form(OfSoftmax).g
    u = sympy.Symbol("u", positive=True)
    assert unproven(curve, -(u**2), u, "concave", True) == ""
    assert unproven(curve, u**2, u, "convex", True) == ""
    assert unproven(curve, u**2, u, "concave", True)
    assert unproven(curve, -(u**2), u, "convex", True)


def test_what_is_declared_is_no_proof() -> None:
    curve, u = Claimed().form(OfSoftmax).g, sympy.Symbol("u", positive=True)
    fact = curve.fact("convex")
    assert fact and not fact.proven
    assert unproven(curve, -(u**2), u, "convex", False)
