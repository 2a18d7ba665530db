"""No scores have the softmax value 0 or 1, and balls around an irrational end hold values that
bounded scores do not reach: a loss may jump there, and T knows nothing of it.
"""

from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import pytest

from hconsist.arithmetic import BALLS
from hconsist.arithmetic.derivatives import BALL_JETS
from hconsist.arithmetic.jet import variable
from hconsist.engines import rigorous
from hconsist.engines.rigorous.line import least
from hconsist.engines.rigorous.methods import two_labels
from hconsist.errors import EngineCannotAnswerError
from hconsist.losses import parse_loss
from hconsist.losses.base import ProbabilityLoss, SoftmaxLoss
from hconsist.losses.forms import OfSoftmax
from hconsist.losses.proving import keeps
from hconsist.pointwise import PointwiseProblem


@dataclass(frozen=True)
class FallsAtOne(ProbabilityLoss):
    """MAE wherever scores are finite."""

    spec_name = "falls-at-one"

    def of_probabilities(self, q, ops):
        one = ops.const(1)
        below = ops.less(q, one, strict=True)
        return ops.select([(below, one - q), (True, -ops.const(5) - q)])


@dataclass(frozen=True)
class FallsAtZero(SoftmaxLoss):
    """``(1 - u)^2`` wherever scores are finite."""

    spec_name = "falls-at-zero"

    def of_softmax(self, u, ops):
        one = ops.const(1)
        above = ops.less(ops.const(0), u, strict=True)
        return ops.select([(above, (one - u) * (one - u)), (True, -ops.const(5))])


MAE_AT_ONE = "softmax:Piecewise((1-u, u < 1), (-1, True))"
MAE_AT_ZERO = "softmax:Piecewise((1-u, sqrt(1+u) > 1), (-5, True))"


def _contains(loss, n, beta, truth, target="zero-one"):
    problem = PointwiseProblem(loss, n_classes=n, target=target)
    try:
        answer = rigorous.transform(problem, Fraction(beta), max_boxes=40)
    except EngineCannotAnswerError:
        return
    assert answer.lower is None or answer.lower <= Fraction(truth) + Fraction(1, 10**9)
    assert answer.upper is None or answer.upper >= Fraction(truth) - Fraction(1, 10**9)


@pytest.mark.parametrize("loss", [MAE_AT_ONE, MAE_AT_ZERO, FallsAtOne()], ids=str)
@pytest.mark.parametrize(("n", "beta", "truth"), [(2, "1", "1/2"), (3, "1/2", "1/6")])
def test_mae_but_where_no_scores_are(loss, n, beta, truth, monkeypatch):
    monkeypatch.setattr(two_labels, "_BOXES", 20)
    monkeypatch.setattr(two_labels, "_PARTS", 1)
    _contains(loss, n, beta, truth)


def test_mae_but_at_zero_many_labels():
    _contains(MAE_AT_ZERO, 6, "1/2", "1/12")


def test_a_square_but_at_zero():
    """No regret is negative."""
    problem = PointwiseProblem(FallsAtZero(), n_classes=6, target="top-k:2")
    with pytest.raises(EngineCannotAnswerError):
        rigorous.transform(problem, Fraction(1, 2))


def test_facts_of_the_closed_unit_interval_are_not_those_of_the_open_one():
    curve = parse_loss(MAE_AT_ZERO).form(OfSoftmax).g
    for what in ("continuous", "convex", "concave", "non-increasing"):
        assert not curve.fact(what)
    assert curve.power_law is None
    assert parse_loss("mae").form(OfSoftmax).g.power_law == 2


def test_an_attained_value_is_attained_inside():
    """A formula that falls at an end of the interval, which the domain does not have."""

    def formula(x):
        below = BALLS.less(x, BALLS.const(1), strict=True)
        t = variable(x)
        return BALL_JETS.select([(below, -t), (True, t * 0 - 5)])

    third = Fraction(1, 3)
    found = least(formula, Fraction(0), Fraction(1), third, 50, inside=lambda x: min(x, 2 * third))
    assert found.low <= -5
    assert found.at <= 2 * third
    assert found.high >= -2 * third - Fraction(1, 10**9)


def test_an_exponent_may_tell_labels_apart_or_move():
    powers = np.array([1, 2, 3])
    assert keeps(lambda s, ops: ops.softmax(s) ** powers, 3) == (False, False)
    assert keeps(lambda s, ops: ops.const(2) ** s, 3) == (False, False)
    assert keeps(lambda s, ops: ops.softmax(s) ** 2, 3) == (True, True)
