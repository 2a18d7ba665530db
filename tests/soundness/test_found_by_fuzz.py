"""What the fuzz (`hconsist selftest`) found, kept."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

import hconsist as hc
from hconsist.arithmetic import NUMPY
from hconsist.engines import numeric, rigorous, symbolic
from hconsist.losses import parse_loss

TENT = "margin:log(1+exp(1-v))-Max(0,1-1000*Abs(v+11/6))/30"
CUSP = "margin:Min(Max(0,8/10-v),((10/11-v)**2)/2)"
BUMP = "softmax:-log((1+u)/2)-6*exp(-(800*(u-1/3))**2)/10"


@pytest.mark.parametrize(
    ("spec", "beta", "truth"),
    [  # truths by the brute force of the selftest; that of CUSP is enclosed by the rigorous engine
        (TENT, "9/20", 0.2659034652255843),
        (CUSP, "4/5", 0.2671735537190083),
        (BUMP, "1/100", 0.0),
    ],
)
def test_valleys_narrower_than_the_grid_are_searched(spec: str, beta: str, truth: float) -> None:
    """They were passed over, without a reason: 0.2614, 0.2645 and 5e-5 were said."""
    found = numeric.transform(hc.PointwiseProblem(spec, n_classes=2), Fraction(beta))
    assert found.estimate == pytest.approx(truth, abs=1e-8)
    assert not found.reason


def test_the_cusp_is_where_rigour_finds_it() -> None:
    found = rigorous.transform(hc.PointwiseProblem(CUSP, n_classes=2), Fraction(4, 5))
    assert found.lower <= Fraction("0.2671735537190083") <= found.upper
    assert found.width < 1e-6


def test_a_witness_beside_a_pole() -> None:
    """At s = 1 the risk of label 1 is 1/0, which stopped the program."""
    problem = hc.PointwiseProblem("softmax:exp(-5*u/9)*(1/u-1)", n_classes=2)
    found = symbolic.transform(problem, Fraction(1, 100))
    assert found.witness.regret == pytest.approx(found.estimate, abs=1e-9)


def test_one_less_u_is_no_negative_zero() -> None:
    """At a margin of 40 it was -0.0, 1 / (1 - u) minus infinity and this loss 0: its least risk was
    looked for there, and T(9/10) "0.097", while to predict the wrong label is best: T = 0.
    """
    spec = "softmax:Max((-log(u)*(1-u))+7/2*u/(1-u)-u,4/11*(exp(1-u)-1))"
    with np.errstate(divide="ignore"):
        assert parse_loss("softmax:1/(1-u)").losses(np.array([40.0, 0.0]), NUMPY)[0] > 1e15
    found = numeric.transform(hc.PointwiseProblem(spec, n_classes=2), Fraction(9, 10))
    assert found.estimate == pytest.approx(0, abs=1e-12)
    assert found.witness.scores[0] - found.witness.scores[1] == pytest.approx(-0.91071, abs=1e-4)
