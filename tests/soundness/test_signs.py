"""Signs that decide proofs: what changes its sign has none, strict signs are strict, and strengths
of a tie hold for every target regret they are claimed for.
"""

from __future__ import annotations

from fractions import Fraction
from types import SimpleNamespace
from typing import Any

import flint
import numpy as np
import pytest
import sympy

from hconsist.arithmetic import NUMPY
from hconsist.engines.symbolic.regular import never_zero, smooth_on
from hconsist.engines.symbolic.signs import constant_sign, sign_on
from hconsist.losses import parse_loss
from hconsist.losses.facts import Curve
from hconsist.losses.forms import OfMargin, OfSoftmax
from hconsist.losses.proving import curves, limits
from hconsist.losses.proving.on_interval import RegionOps, Term
from hconsist.losses.proving.scores import CurvatureOps, Shape
from hconsist.losses.proving.signs import OpenInterval
from hconsist.losses.proving.terms import VARIABLE, Atom, Sum, UndecidedError
from hconsist.losses.proving.terms import constant_sign as proven_constant

F = Fraction
X = sympy.Symbol("x", real=True)
OO = sympy.oo


@pytest.mark.parametrize(
    ("expression", "low", "high"),
    [
        ((X - 1) ** 3, 0, OO),
        (X**3, -OO, OO),
        (sympy.E * X - 1, 0, OO),
        (sympy.exp(X) - 2, 0, OO),
        (sympy.exp(X) - sympy.exp(1), 0, 2),
        (sympy.tanh(X), -OO, OO),
        (sympy.sqrt(X) - X, 0, OO),
    ],
)
def test_what_changes_its_sign_has_none(expression: Any, low: Any, high: Any) -> None:
    assert sign_on(expression, X, low, high) is None
    assert sign_on(-expression, X, low, high) is None


def test_signs_of_what_keeps_its_sign() -> None:
    assert sign_on((X - 1) ** 2, X, 0, OO) == 1
    assert sign_on((X - 1) ** 2, X, 0, OO, strict=True) is None
    assert sign_on(1 - sympy.exp(X), X, 0, OO) == -1
    assert sign_on(sympy.E * X + 1, X, 0, OO, strict=True) == 1


def test_constants() -> None:
    hidden = sympy.log(6) - sympy.log(2) - sympy.log(3)
    assert constant_sign(hidden) in (0, None)  # no ball tells 0 from what is near
    assert constant_sign(sympy.sqrt(2) - sympy.Rational(3, 2)) == -1
    assert never_zero(sympy.Integer(-2), X, 0, 1) == -1
    assert never_zero(sympy.Integer(0), X, 0, 1) is None


def test_roots_of_what_may_be_negative_are_not_smooth() -> None:
    assert not smooth_on(sympy.sqrt(X - 1), X, 0, OO)
    assert not smooth_on((X**2 - 2) ** sympy.Rational(-1, 3), X, 0, OO)
    assert smooth_on(sympy.sqrt(X + 1), X, 0, OO)


@pytest.mark.parametrize(
    "formula",
    [
        "(v-10)**2/20+100*Max(0,-1-v)**2",  # the candidate is 5, for scores far beyond the bend
        "v**4+v**2/2-v",  # holds for half of the candidate only
        "log(1+exp(-v))",
        "exp(-v)",
        "Max(0,1-v)**2",
    ],
)
def test_the_strength_of_a_tie_holds_up_to_one_half(formula: str) -> None:
    form = parse_loss(f"margin:{formula}").form(OfMargin)
    assert form is not None
    kappa = float(form.phi.tie_strength)
    f = np.linspace(-3, 30, 20001)
    forward, backward = (np.asarray(form.phi(s * f, NUMPY)) for s in (1.0, -1.0))
    for b in (0.05, 0.2, 0.5):
        risk = (1 + b) / 2 * forward + (1 - b) / 2 * backward
        tied = float(np.asarray(form.phi(np.zeros(1), NUMPY))[0])
        assert tied - risk.min() >= kappa * b**2 - 1e-6


# -- the prover of facts
UNIT, HALF_LINE = OpenInterval(F(0), F(1)), OpenInterval(F(0), None)


def test_signs_of_sums_that_change_are_not_shown() -> None:
    ops = RegionOps(HALF_LINE)
    assert HALF_LINE.sign(VARIABLE - 1) is None
    assert OpenInterval(F(1), None).sign(VARIABLE - 1) == 3
    near: Any = SimpleNamespace(rational=None, is_zero=False, ball=lambda x: flint.arb(0, 1))
    near.expanded = near
    assert proven_constant(near) is None  # a ball around 0
    with pytest.raises(UndecidedError):
        ops.log(Term(VARIABLE - 1, ops))
    hidden = [ops._sum(ops.log(ops.const(F(n)))) for n in (6, 2, 3)]
    assert proven_constant(hidden[0] - hidden[1] - hidden[2]) in (0, None)
    inside = 1 + (VARIABLE - 1) * (VARIABLE - 1)  # the logarithm vanishes at 1
    pole = Sum({frozenset({(Atom("log", inside.expanded), F(-1))}): F(1)})
    assert HALF_LINE.sign(pole) is None


def test_sums_with_roots() -> None:
    ops = RegionOps(UNIT)
    root = ops._sum(ops.power(Term(VARIABLE + 1, ops), F(1, 2)))
    positive = VARIABLE * VARIABLE - VARIABLE + 1
    assert UNIT.sign(positive + root * 4) in (3, None)
    assert UNIT.sign(positive - root * 4) == -3


def test_monotone_sums_and_joined_halves() -> None:
    assert UNIT._monotone(VARIABLE - F(1, 2), 3) is None
    assert UNIT._monotone(VARIABLE, 1) == 1 and UNIT._monotone(VARIABLE, 3) == 3
    both = OpenInterval(F(-1), F(1))
    assert both._joined(VARIABLE, F(0), [-3, 3]) is None
    assert both._joined(VARIABLE * VARIABLE, F(0), [3, 3]) == 2


@pytest.mark.parametrize(
    ("what", "shown"),
    [
        ("non-negative", {0, 1, 2, 3}),
        ("non-increasing", {0, -1, -2, -3}),
        ("decreasing", {-2, -3}),
        ("convex", {0, 1, 2, 3}),
        ("strictly convex", {2, 3}),
        ("strictly concave", {-2, -3}),
    ],
)
def test_what_signs_show(what: str, shown: set[int]) -> None:
    line: Any = parse_loss("margin:exp(-v)").form(OfMargin).phi  # type: ignore[union-attr]
    unknown = SimpleNamespace(proven=False)
    curve = SimpleNamespace(domain="line", term=line.term, fact=lambda what: unknown)
    for sign in (-3, -2, -1, 0, 1, 2, 3, None):
        interval: Any = SimpleNamespace(
            sign=lambda f, sign=sign: sign, left=None, right=None, loose=frozenset()
        )
        piece = SimpleNamespace(formula=VARIABLE, interval=interval)
        pieces: Any = SimpleNamespace(pieces=[piece], joints=[])
        if sign in shown:
            curves._CHECKS[what](curve, pieces)
        else:
            with pytest.raises(UndecidedError):
                curves._CHECKS[what](curve, pieces)


def test_slopes_that_stay_open_or_jump_back_show_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    bent: Any = parse_loss("margin:Min(-v,-2*v)").form(OfMargin).phi  # type: ignore[union-attr]
    with pytest.raises(UndecidedError):
        curves._slope_jumps(curves.pieces_of(bent), 1)
    curves._slope_jumps(curves.pieces_of(bent), -1)
    monkeypatch.setattr(curves, "_signs_of_slope_at_zero", lambda pieces: [None])
    with pytest.raises(UndecidedError):
        curves._falls(bent, curves.pieces_of(bent))


def test_ends() -> None:
    def fact(spec: str, what: Any) -> Any:
        loss = parse_loss(spec)
        form: Any = loss.form(OfSoftmax) or loss.form(OfMargin)
        return (form.g if isinstance(form, OfSoftmax) else form.phi).fact(what)

    assert fact("margin:exp(-v)", "bounded below").proven
    assert fact("margin:-v", "bounded below").refuted
    assert fact("margin:erfc(v)", "non-increasing").proven
    assert not fact("margin:erfc(-v)", "non-increasing")
    assert fact("softmax:1-u", "continuous at 0").proven
    for level in (1, -1):  # a value at 0 of its own

        def own(x: Any, ops: Any, level: int = level) -> Any:
            at_zero = ops.less(x, ops.const(0), strict=False)
            return ops.select([(at_zero, ops.const(level)), (True, -x)])

        assert not Curve("g", own, "unit").fact("continuous at 0")


def test_log_phi_nears_0_from_below() -> None:
    ops = RegionOps(HALF_LINE)
    found = limits.lead(ops.log_ndtr(Term(VARIABLE, ops)).sum, "+inf")
    assert found is not None and found.sign == -3


def test_powers_of_what_may_be_negative_are_not_convex() -> None:
    ops = CurvatureOps(3)
    assert ops.power(Shape("convex", 0, (3,)), 3).curve == "none"
    assert ops.power(Shape("convex", 1, (3,)), 3).curve == "convex"
    falling = Shape("constant", -1, ()) * Shape("convex", 1, (3,))
    assert falling.curve == "concave"
