"""A kink inside a ball: its bend is no number, so no formula is called concave, convex or smooth
there (an adversary found T = 0 "proven" for losses whose best score is at a kink).
"""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from hconsist.arithmetic import BALLS
from hconsist.arithmetic.derivatives import BALL_JETS
from hconsist.arithmetic.jet import variable
from hconsist.engines.rigorous import transform
from hconsist.engines.rigorous.line import hull, least
from hconsist.engines.rigorous.pairs import PairInBox
from hconsist.losses import parse_loss
from hconsist.losses.forms import OfSoftmax
from hconsist.pointwise import PointwiseProblem


def test_an_absolute_value_is_not_concave():
    def formula(x):
        return BALL_JETS.absolute(variable(x) - BALLS.const(Fraction(3, 10)))

    box = formula(hull(Fraction(0), Fraction(1)))
    assert box.d1.is_finite()
    assert not box.d2.is_finite()
    found = least(formula, Fraction(0), Fraction(1), Fraction(1, 10**6), 1000)
    assert found.low <= 0 <= found.high < Fraction(1, 10**5)


def test_the_smaller_of_two_is_not_convex():
    def formula(x):
        return BALL_JETS.minimum(variable(x), BALLS.const(Fraction(1, 2)))

    assert not formula(hull(Fraction(0), Fraction(1))).d2.is_finite()


CASES = {
    "Abs(u-0.7)": lambda u: abs(u - 0.7),
    "Max(0,0.6-u)+Max(0,u-0.6)/2": lambda u: np.maximum(0, 0.6 - u) + np.maximum(0, u - 0.6) / 2,
}


@pytest.mark.parametrize("formula", CASES)
@pytest.mark.parametrize("beta", [Fraction(1, 10), Fraction(3, 10)])
def test_two_labels_whose_best_score_is_at_a_kink(formula, beta):
    g, u = CASES[formula], np.linspace(0, 1, 20_001)
    regrets = []
    for b in np.linspace(float(beta), 1, 91):
        risk = (1 + b) / 2 * g(u) + (1 - b) / 2 * g(1 - u)
        regrets.append(risk[u <= 0.5].min() - risk.min())
    problem = PointwiseProblem(f"softmax:{formula}", n_classes=2)
    found = transform(problem, beta)
    assert found.lower <= min(regrets) + 1e-3
    assert found.upper >= min(regrets) - 1e-3


def test_pairs_over_a_kink():
    g = parse_loss("softmax:Max(1-2*u,(1-u)/3)").form(OfSoftmax).g
    pairs, left, right = PairInBox(g, None, 10, Fraction(3, 10)), Fraction(1, 10), Fraction(1, 2)
    for share in (Fraction(1, 10), Fraction(1, 2), Fraction(9, 10)):
        low = pairs._over(left, right, share)
        points = [left + (right - left) * Fraction(i, 400) for i in range(401)]
        least_seen = min(float(pairs._jet(BALLS.const(M), share).v.mid()) for M in points)
        assert low is None or float(low) <= least_seen + 1e-12


def test_a_kink_that_ties_two_labels_at_no_cost():
    """At p = (5, 2, 2, 1, 0, ...)/10 the softmax values (.4, .4, .2, 0, ...) are best: the
    multiplier 2/5 is in p times the subgradients at the kink, p_3 times 2, and above p_4 times 2.
    The second label may lead, so T(3/10) = 0; 0.012 was "proven" before.
    """
    problem = PointwiseProblem("softmax:Max(1-2*u,(1-u)/3)", n_classes=10)
    assert transform(problem, Fraction(3, 10)).lower == 0
