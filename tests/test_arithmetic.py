"""The arithmetics: one operation, the same value in each, and jets over all of them."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import mpmath
import numpy as np
import pytest
import sympy

from hconsist.arithmetic import BALLS, CVXPY, NUMPY, SYMPY, ArrayOps, endpoints, evaluate, precision
from hconsist.arithmetic.derivatives import BALL_JETS, FLOAT_JETS, ArrayJets
from hconsist.arithmetic.functions import FUNCTIONS
from hconsist.arithmetic.jet import variable
from hconsist.errors import InvalidInputError
from hconsist.losses import UserMarginLoss, UserSoftmaxLoss, parse_loss

V = sympy.Symbol("v", real=True)
KINK = sympy.Piecewise((1 - V, V < 1), (0, True))
JUMP = sympy.Piecewise((1 - V, V < 1), (2, True))


def namespace(name: str) -> Any:
    if name == "numpy":
        return np
    if name == "torch":
        pytest.importorskip("torch")
        return __import__("array_api_compat.torch", fromlist=["torch"])
    return pytest.importorskip(name)


def test_jets_over_balls_enclose_pi():
    # The float nearest to pi stood here once: an "enclosure" of radius 0 that pi is not in.
    with precision(128):
        jet = evaluate(sympy.pi * V, {V: variable(BALLS.const(1))}, BALL_JETS)
        assert jet.v.contains(BALLS.pi().mid())
        assert jet.d1.contains(BALLS.pi().mid())
        assert jet.v.rad() < 1e-30


# -- the table of elementary functions


def test_every_function_that_sympy_has_is_in_the_grammar():
    from hconsist import formula

    named = {name for name, row in FUNCTIONS.items() if row.symbol is None}
    assert named <= set(formula.FUNCTIONS)


POINTS = {"(0, inf)": (1e-3, 0.7, 1.0, 30.0), "[0, inf)": (1e-3, 0.7, 1.0, 30.0)}
LINE = (-37.0, -3.0, -0.3, 0.0, 0.2, 0.47, 2.5, 20.0)
NAMES = ("numpy", "torch", "array_api_strict")


def exact_values(name: str, x: float) -> list[mpmath.mpf]:
    """f, f', f'' at a float, from the row's SymPy expression alone."""
    t = sympy.Symbol("t", positive=True) if FUNCTIONS[name].domain != "R" else V
    f = FUNCTIONS[name].of_symbol(t, sympy)
    at = sympy.Rational(x)
    return [mpmath.mpf(sympy.N(g.subs(t, at), 140)) for g in (f, f.diff(t), f.diff(t, 2))]


CASES = [(name, x) for name, row in FUNCTIONS.items() for x in POINTS.get(row.domain, LINE)]


@pytest.mark.parametrize(("name", "x"), CASES)
@mpmath.workdps(150)
def test_every_function_is_itself_in_every_arithmetic(name, x):
    wanted = exact_values(name, x)
    value = float(wanted[0])
    near = {"rel": 4e-15 * max(1.0, abs(x)), "abs": 1e-300}
    if name == "log" and x == 1.0:
        near["abs"] = 0.0
    assert FUNCTIONS[name].scalar(x) == pytest.approx(value, **near)
    for library in ("numpy", "array_api_strict"):
        xp = namespace(library)
        assert float(FUNCTIONS[name].of_array(xp.asarray([x]), xp)[0]) == pytest.approx(
            value, **near
        )
    floats = FLOAT_JETS.apply(FUNCTIONS[name], variable(x))
    arrays = ArrayJets(NUMPY).apply(FUNCTIONS[name], variable(np.asarray([x])))
    # f'' of the inverse Mills ratio is what is left of numbers of the size of x^2
    left = 1e-14 * x * x if name == "inverse_mills" else 1e-15
    for found in ((floats.v, floats.d1, floats.d2), (arrays.v[0], arrays.d1[0], arrays.d2[0])):
        for got, w in zip(found, wanted, strict=True):
            assert float(got) == pytest.approx(float(w), rel=3e-12 * max(1.0, x * x), abs=left)
    with precision(200):
        ball = BALL_JETS.apply(FUNCTIONS[name], variable(BALLS.const(Fraction(x))))
        for got, w in zip((ball.v, ball.d1, ball.d2), wanted, strict=True):
            low, high = (mpmath.mpf(q.numerator) / q.denominator for q in endpoints(got))
            slack = mpmath.mpf(10) ** -36 * (1 + abs(w))
            assert low - slack <= w <= high + slack
            assert high - low < 1e-15 * (1 + abs(w))


@pytest.mark.parametrize("name", list(FUNCTIONS))
def test_wide_balls_enclose_values_and_slopes(name):
    inside = POINTS.get(FUNCTIONS[name].domain, (-2.0, -0.5, 0.0, 0.3, 1.5))
    with precision(128):
        ends = [BALLS.const(Fraction(x)) for x in (min(inside), max(inside))]
        wide = BALL_JETS.apply(FUNCTIONS[name], variable(ends[0].union(ends[1])))
        for x in inside:
            at = BALL_JETS.apply(FUNCTIONS[name], variable(BALLS.const(Fraction(x))))
            assert wide.v.contains(at.v.mid())
            assert wide.d1.contains(at.d1.mid()) or not wide.d1.is_finite()


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("function", ["erf", "erfc", "log_ndtr", "inverse_mills"])
def test_the_normal_law_on_every_array_library(name, function):
    xp = namespace(name)
    x = [-40.0, -8.0, -4.1, -0.5, -0.1, 0.0, 0.4, 0.6, 3.0, 5.5, 12.0]
    found = FUNCTIONS[function].of_array(xp.asarray(x, dtype=xp.float64), xp)
    wanted = [float(exact_values(function, t)[0]) for t in x]
    assert [float(v) for v in found] == pytest.approx(wanted, rel=2e-14, abs=1e-300)


def test_a_formula_with_erf_is_a_loss_in_every_arithmetic():
    loss = UserMarginLoss("-log((1 + erf(v/sqrt(2)))/2)")
    tails = loss.of_margin(np.array([-40.0, 0.0, 3.0]), NUMPY)
    wanted = [-mpmath.log(mpmath.ncdf(t)) for t in (-40, 0, 3)]
    assert tails == pytest.approx([float(w) for w in wanted], rel=1e-14)
    assert float(loss.of_margin(BALLS.const(-2), BALLS)) == pytest.approx(3.78318433368203)
    jet = loss.of_margin(variable(np.array([-40.0])), ArrayJets(NUMPY))
    assert jet.d1[0] == pytest.approx(-40.0249688472, rel=1e-10)
    assert 0 < jet.d2[0] < 1


def test_probit_is_in_the_catalogue():
    loss = parse_loss("probit")
    user = UserMarginLoss("-log((1 + erf(v/sqrt(2)))/2)")
    u = np.linspace(-30, 30, 61)
    assert loss.of_margin(u, NUMPY) == pytest.approx(user.of_margin(u, NUMPY), rel=1e-13)
    half = loss.of_margin(sympy.Integer(0), SYMPY)
    assert sympy.simplify(half - sympy.log(2)) == 0
    scores = np.array([40.0, -40.0])
    assert np.all(np.isfinite(loss.losses(scores, NUMPY)))
    with pytest.raises(InvalidInputError, match="convex program"):
        import cvxpy as cp

        loss.of_margin(cp.Variable(), CVXPY)


# -- case distinctions


def test_cases_have_one_value_in_every_arithmetic():
    x = np.array([-1.0, 0.5, 1.0, 3.0])
    wanted = [2.0, 0.5, 0.0, 0.0]
    for name in NAMES:
        xp = namespace(name)
        found = evaluate(KINK, {V: xp.asarray(x.tolist(), dtype=xp.float64)}, ArrayOps(xp))
        assert [float(v) for v in found] == wanted
    vector = np.array([BALLS.const(Fraction(t)) for t in x], dtype=object)
    assert [float(v) for v in evaluate(KINK, {V: vector}, BALLS)] == wanted
    jet = evaluate(KINK, {V: variable(x)}, ArrayJets(NUMPY))
    assert jet.v.tolist() == wanted
    assert jet.d1.tolist() == [-1.0, -1.0, 0.0, 0.0]
    assert [evaluate(KINK, {V: variable(t)}, FLOAT_JETS).d1 for t in x] == [-1.0, -1.0, 0.0, 0.0]
    symbols = np.array([sympy.Symbol("a", real=True), sympy.Integer(0)], dtype=object)
    written = evaluate(KINK, {V: symbols}, SYMPY)
    assert written[0] == KINK.subs(V, symbols[0])
    assert written[1] == 1


def test_a_kink_has_the_hull_of_its_slopes_and_a_jump_has_none():
    around = BALLS.const(Fraction(1, 2)).union(BALLS.const(2))
    kink = evaluate(KINK, {V: variable(around)}, BALL_JETS)
    assert kink.d1.contains(-1)
    assert kink.d1.contains(0)
    assert kink.d1.rad() < 0.51
    jump = evaluate(JUMP, {V: variable(around)}, BALL_JETS)
    assert jump.v.contains(2)
    assert jump.v.contains(0)
    assert not jump.d1.is_finite()
    beside = evaluate(JUMP, {V: variable(BALLS.const(3))}, BALL_JETS)
    assert float(beside.d1) == 0.0


@pytest.mark.parametrize(
    ("cases", "continuous"),
    [
        (sympy.Piecewise((1 - V, V < 1), (0, True)), True),
        (sympy.Piecewise((1 - V, V <= 1), (0, V > 1)), True),
        (sympy.Piecewise((sympy.exp(-V), V < 0), (1 - V, True)), True),
        (sympy.Piecewise((1 - V, V < 1), (2, True)), False),
        (sympy.Piecewise((1 - V, V < 1), (5, V <= 1), (0, True)), False),  # a value of its own
        (sympy.Piecewise((1 / V, V > 0), (0, True)), False),
        (sympy.Piecewise((0, V < 0), (sympy.exp(-1 / V), True)), False),  # not shown
        (sympy.Piecewise((1 - V, V < 1)), False),
        (sympy.Piecewise((V, V**2 < 1), (1, True)), False),
        (sympy.Piecewise((JUMP, V < 0), (1 - V, True)), False),
        (sympy.Piecewise((V - sympy.pi, sympy.pi > V), (0, True)), True),
    ],
)
def test_continuity_is_shown_by_algebra(cases, continuous):
    from hconsist.arithmetic.cases import study

    assert study(cases).continuous is continuous


def test_a_jump_inside_a_maximum_is_seen():
    around = BALLS.const(Fraction(1, 2)).union(BALLS.const(2))
    jet = evaluate(sympy.Max(JUMP, -5), {V: variable(around)}, BALL_JETS)
    assert not jet.d1.is_finite()


def test_an_exact_tie_of_balls_is_a_kink():
    jet = BALL_JETS.maximum(variable(BALLS.const(0)), BALLS.const(0))
    assert jet.d1.contains(0)
    assert jet.d1.contains(1)


def test_a_convex_program_refuses_cases_in_words():
    import cvxpy as cp

    with pytest.raises(InvalidInputError, match="case distinction"):
        evaluate(KINK, {V: cp.Variable()}, CVXPY)


# -- softmax values by their logarithms

FAR = [0.0, 800.0, -800.0]


@pytest.mark.parametrize("name", NAMES)
def test_the_logistic_loss_far_out_is_exact(name):
    xp = namespace(name)
    ops = ArrayOps(xp, dtype=xp.float64)
    found = parse_loss("logistic").losses(xp.asarray(FAR, dtype=xp.float64), ops)
    assert [float(v) for v in found] == [800.0, 0.0, 1600.0]


@pytest.mark.parametrize(
    "spec", ["softmax:-log(u)", "softmax:-log(u)*(1-u)", "focal", "nce", "sce"]
)
def test_other_losses_far_out_are_finite(spec):
    losses = parse_loss(spec).losses(np.array(FAR), NUMPY)
    assert np.all(np.isfinite(losses))
    jets = ArrayJets(NUMPY)
    slopes = parse_loss(spec).losses(jets.variables(np.array(FAR), order=1), jets).d1
    assert np.all(np.isfinite(slopes))


def test_small_losses_do_not_cancel():
    scores = np.array([20.0, -20.0])  # 1 - u = 4e-18: u rounds to 1
    loss = UserSoftmaxLoss("(1 - u)**2").losses(scores, NUMPY)[0]
    assert 0 <= loss < 1e-30
    mae = parse_loss("mae").losses(np.array([16.0, -16.0]), NUMPY)[0]
    assert mae == pytest.approx(1 / (1 + np.exp(32.0)), rel=0.02)


@pytest.mark.parametrize("spec", ["logistic", "gce:q=0.7", "focal", "nce", "js", "rce"])
def test_torch_gradients_in_single_precision(spec):
    torch = pytest.importorskip("torch")
    from array_api_compat import torch as xp

    try:
        loss = parse_loss(spec)
    except Exception:
        pytest.skip("not in the catalogue")
    scores = torch.tensor([0.0, 200.0, -200.0], requires_grad=True)
    values = loss.losses(scores, ArrayOps(xp, dtype=torch.float32))
    values.sum().backward()
    assert torch.all(torch.isfinite(values))
    assert torch.all(torch.isfinite(scores.grad))


def test_probit_has_a_transform_in_long_doubles_too():
    wide = np.asarray([-1.0, 0.5], dtype=np.longdouble)
    assert NUMPY.log_ndtr(wide) == pytest.approx(NUMPY.log_ndtr(wide.astype(float)), rel=1e-15)
