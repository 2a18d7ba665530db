"""User losses that break one condition of a derivation each, against a brute force on grids."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
import sympy

from hconsist.arithmetic import NUMPY
from hconsist.engines.symbolic import derive, transform
from hconsist.engines.symbolic.margin import margin_variable, split
from hconsist.engines.symbolic.regular import smooth_on, zeros
from hconsist.engines.symbolic.signs import sign_on
from hconsist.errors import EngineCannotAnswerError
from hconsist.losses import parse_loss
from hconsist.pointwise import PointwiseProblem

MARGINS = np.concatenate([np.linspace(-12, 12, 24001), np.linspace(-400, 400, 4001)])


def brute_force(spec: str, beta: float) -> float:
    """T of two labels on a grid of margins: least wrong risk minus least risk."""
    loss = parse_loss(spec)
    with np.errstate(all="ignore"):
        losses = loss.losses(np.stack([MARGINS, -MARGINS], axis=-1), NUMPY)
        risk = losses @ np.array([(1 + beta) / 2, (1 - beta) / 2])
    return float(np.nanmin(risk[MARGINS <= 0]) - np.nanmin(risk))


@pytest.mark.parametrize(
    "spec",
    [
        # jumps, whose slopes and curvature look convex or falling
        "margin:Piecewise((Max(0, 1 - v) - 3, v < -1), (Max(0, 1 - v), True))",
        "margin:Piecewise((1 - v, v < 1), (2, True))",
        "margin:Piecewise((exp(-v), v <= 0), (1 + exp(-v), True))",
        "margin:Piecewise((1, v < 0), (0, True))",
        "softmax:Piecewise((-log(u), u < 1/2), (5 - log(u), True))",
        "softmax:Piecewise((-log(u), u <= 1/2), (-2*log(u), True))",
        # a pole, with slopes of one sign on both sides
        "margin:1/(1 + v)",
        "softmax:1/(u - 1/2)",
        # no real value
        "margin:log(1 - v)",
        "margin:sqrt(1 - v)",
        # neither convex nor falling, and with switches inside switches
        "margin:v**3 - v",
        "softmax:(u - 1/4)**2",
    ],
)
def test_a_broken_condition_is_refused(spec: str) -> None:
    with pytest.raises(EngineCannotAnswerError) as caught:
        derive(PointwiseProblem(spec, n_classes=2))
    assert any(w in str(caught.value) for w in ("could not show", "formula", "provably"))


@pytest.mark.parametrize(
    "spec",
    [
        "margin:Max(0, 1 - Abs(v))",
        "margin:Min(1, Max(0, 1 - v))",
        "margin:Max(0, 1 - v, -3*v)",
        "margin:log(1 + exp(1 - v))",
        "margin:log(1 + exp(-v))**2",
        "margin:sqrt(1 + v**2) - v",
        "margin:exp(-v/3)",
        "margin:exp(-v/50)",
        "margin:(1 - v)**4",
        "margin:Max(0, 1 - v)**5",
        "margin:exp(-2*v) + (1 - v)**2",
        "margin:Piecewise((1 - v, v < 1), (0, True))",
        "softmax:-log(u) + (1 - u)**2/2",
    ],
)
def test_what_derives_is_the_brute_force(spec: str) -> None:
    problem = PointwiseProblem(spec, n_classes=2)
    for beta in (Fraction(1, 5), Fraction(1, 2), Fraction(9, 10)):
        answer = transform(problem, beta)
        assert answer.lower is not None and answer.upper is not None
        expected = brute_force(spec, float(beta))
        # The grid misses the best margin, never the tie: it lies below T, and not far.
        assert float(answer.lower) - 2e-5 <= expected <= float(answer.upper) + 1e-12


def test_switches_inside_switches_are_cut_where_they_switch() -> None:
    v = margin_variable()
    nested = sympy.Max(0, sympy.Max(0, 1 - v) ** 2 - 3)
    assert split(nested, v).knots == (0, sympy.sqrt(3) - 1, 1)
    hat = split(sympy.Max(0, 1 - sympy.Abs(v)), v)
    assert hat.knots == (0, 1) and hat.right[1] == 0 == hat.left[1]


def test_a_zero_that_is_not_found_stops() -> None:
    v = margin_variable()
    assert zeros(v**3 - v, v) == [-1, 0, 1]
    with pytest.raises(EngineCannotAnswerError, match="no closed form"):
        zeros(sympy.exp(v) + sympy.tanh(v) - v**2, v)


def test_signs_are_strict_where_asked() -> None:
    f, low, high = sympy.Symbol("f", real=True), sympy.Integer(0), sympy.oo
    assert sign_on((f - 1) ** 2, f, low, high) == 1
    assert sign_on((f - 1) ** 2, f, low, high, strict=True) is None
    assert not smooth_on(1 / (f - 1) ** 2, f, low, high)
    assert smooth_on(1 / (f + 1) ** 2 + sympy.log(1 + sympy.exp(-f)), f, low, high)
