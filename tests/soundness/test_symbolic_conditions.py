"""Each condition of a derivation alone: where one thing fails, nothing is derived, or the right
thing is.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any, ClassVar

import numpy as np
import pytest
import sympy

from hconsist.arithmetic import NUMPY, Ops, Value
from hconsist.engines.derivation import beta_symbol
from hconsist.engines.symbolic import transform
from hconsist.engines.symbolic.margin import margin_variable, split
from hconsist.engines.symbolic.margin.pieces import decreasing, is_convex
from hconsist.engines.symbolic.margin.solve import derive_margin, of_softmax, of_two_classes
from hconsist.engines.symbolic.softmax.form import as_power, share
from hconsist.engines.symbolic.softmax.powers import two_label_transform
from hconsist.errors import EngineCannotAnswerError
from hconsist.losses import Loss, parse_loss
from hconsist.pointwise import PointwiseProblem
from hconsist.selftest import two_labels

V = margin_variable()
U = sympy.Symbol("u", positive=True)


def test_switches_take_the_branch_of_their_sign() -> None:
    pieces = split(sympy.Abs(V - 1), V)
    assert [str(e) for e in pieces.right] == ["1 - f", "f - 1"]
    assert [str(e) for e in pieces.left] == ["f + 1", "f + 1"]
    assert [str(e) for e in split(sympy.Max(0, 1 - V), V).right] == ["1 - f", "0"]


def test_a_switch_at_a_pole_is_refused() -> None:
    half = sympy.Rational(1, 2)
    with pytest.raises(EngineCannotAnswerError, match="changes its sign"):
        split(sympy.Max(0, V / (half - V)), V)


@pytest.mark.parametrize("phi", [-(V**2), sympy.Min(0, 1 - V), sympy.Min(V, -V), sympy.tanh(-V)])
def test_what_bends_down_is_not_convex(phi: Any) -> None:
    assert not is_convex(split(phi, V))


@pytest.mark.parametrize("phi", [-(V**2), V**2, sympy.Abs(V), V])
def test_what_rises_somewhere_does_not_decrease(phi: Any) -> None:
    assert not decreasing(split(phi, V))


def test_what_is_convex_and_falls_is_seen() -> None:
    for phi in (sympy.Max(0, 1 - V), sympy.exp(-V), sympy.Max(-V, -2 * V)):
        assert is_convex(split(phi, V)) and decreasing(split(phi, V))


def test_a_symmetric_loss_that_rises_is_no_falling_one() -> None:
    problem = PointwiseProblem("margin:tanh(v)", n_classes=2)
    with pytest.raises(EngineCannotAnswerError):
        derive_margin(problem, sympy.tanh(V), sympy.oo)


def test_losses_whose_sum_varies_are_not_symmetric() -> None:
    with pytest.raises(EngineCannotAnswerError, match="its sum over two labels is constant"):
        of_softmax(PointwiseProblem("mae", n_classes=2), 1 - U**3, U, 1)


@dataclass(frozen=True)
class Favoured(Loss):
    """Two labels: exponential losses of the difference, the second counted twice, or of the first
    score alone.
    """

    how: str = "label"
    spec_name: ClassVar[str] = "favoured"

    def losses(self, scores: Value, ops: Ops) -> Value:
        total = ops.sum(ops.rows(scores))
        if self.how == "sum":
            return ops.exp(total - 2 * scores) + total * total
        weights = np.array([1, 2], dtype=object)
        return ops.exp(total - 2 * scores) * weights


@pytest.mark.parametrize(
    ("how", "why"), [("label", "symmetric in them"), ("sum", "more than the difference")]
)
def test_losses_of_two_labels_that_see_more_than_the_difference(how: str, why: str) -> None:
    with pytest.raises(EngineCannotAnswerError, match=why):
        of_two_classes(PointwiseProblem(Favoured(how), n_classes=2))


@pytest.mark.parametrize(
    "spec", ["mae", "sum:phi=exponential", "constrained:phi=exponential", "logistic", "sigmoid"]
)
def test_the_bound_of_scores_is_that_of_the_difference(spec: str) -> None:
    loss = parse_loss(spec)
    problem = PointwiseProblem(spec, hypotheses="bounded:1/2", n_classes=2)
    betas = [Fraction(1, 5), Fraction(9, 10)]
    points = two_labels.sweep(
        lambda s: np.asarray(loss.losses(s, NUMPY)), [float(b) for b in betas], 0.5
    )
    assert points is not None
    for beta, point in zip(betas, points, strict=True):
        answer = transform(problem, beta)
        assert answer.lower is not None and answer.upper is not None
        assert float(answer.lower) - 1e-7 <= point.regret <= float(answer.upper) + 1e-7


@pytest.mark.parametrize(
    "spec", ["mae", "gce:q=0.5", "comp-sum:tau=3/2", "comp-sum:tau=1/2", "comp-sum:tau=3"]
)
def test_powers_of_two_labels(spec: str) -> None:
    loss = parse_loss(spec)
    points = two_labels.sweep(lambda s: np.asarray(loss.losses(s, NUMPY)), [0.5, 0.9])
    assert points is not None
    for beta, point in zip((Fraction(1, 2), Fraction(9, 10)), points, strict=True):
        answer = transform(PointwiseProblem(spec, n_classes=2), beta)
        assert float(answer.estimate or 0.0) == pytest.approx(point.regret, abs=1e-7)


def test_the_formula_of_powers_at_two_labels_goes_over_into_that_of_the_mae() -> None:
    b, u, found = beta_symbol(), share(), []
    for phi in (1 - u, 1 - u ** sympy.Rational(9999, 10000)):
        power = as_power(phi)
        assert power is not None
        found.append(two_label_transform(power))
    assert found[0] == b / 2
    for beta in (0.3, 0.9):
        assert float(found[1].subs(b, beta)) == pytest.approx(beta / 2, abs=1e-3)
