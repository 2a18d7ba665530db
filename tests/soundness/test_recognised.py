"""Curves that are nearly of a known kind are not taken for one; signs where one thing is off."""

from __future__ import annotations

from fractions import Fraction

import pytest

from hconsist.losses import parse_loss
from hconsist.losses.facts import Curve
from hconsist.losses.forms import OfMargin, OfSoftmax

F = Fraction


def curve(spec: str) -> Curve:
    loss = parse_loss(spec)
    form = loss.form(OfSoftmax) if spec.startswith("softmax") else loss.form(OfMargin)
    assert form is not None
    return form.g if isinstance(form, OfSoftmax) else form.phi


@pytest.mark.parametrize(
    ("spec", "tau"),
    [
        ("softmax:-log(u)", F(1)),
        ("softmax:1-u", F(2)),
        ("softmax:1/u", F(0)),
        ("softmax:-3*u**(1/2)", F(3, 2)),
        # they rise, or have two terms
        ("softmax:log(u)", None),
        ("softmax:u**2", None),
        ("softmax:-1/u", None),
        ("softmax:1-u-u**2", None),
    ],
)
def test_power_laws(spec: str, tau: F | None) -> None:
    assert curve(spec).power_law == tau


@pytest.mark.parametrize(
    ("spec", "hinge"),
    [
        ("margin:Max(0,1-v)", (F(1), F(1))),
        ("margin:Max(0,3-2*v)", (F(3), F(3, 2))),
        ("margin:Max(0,-1-v)", None),  # its kink is on the wrong side of 0
        ("margin:Max(0,1+v)", None),
        ("margin:Max(0,-v)", None),
        ("margin:Piecewise((2-v,v<1),(0,True))", None),
        ("margin:Max(1,2-v)", None),
    ],
)
def test_hinges(spec: str, hinge: tuple[F, F] | None) -> None:
    assert curve(spec).hinge == hinge


@pytest.mark.parametrize(
    ("spec", "what"),
    [
        ("margin:v**2/100-1/2", "non-negative"),
        ("margin:-v", "bounded below"),
        ("margin:v**3+v**2", "bounded below"),
        ("margin:exp(-v)-2*v", "bounded below"),
        ("margin:v**2", "falls at 0"),
        ("margin:Max(-v,0)", "falls at 0"),
        ("margin:Min(-v,0)", "convex"),
        ("margin:Abs(v)", "concave"),
        ("margin:Max(0,1-v)+Min(0,v)", "convex"),
        ("margin:exp(-v)-exp(-2*v)/4", "convex"),
        ("margin:(1-v)**4-v**2/100", "convex"),
        ("margin:(v**2-2)**2", "convex"),
        ("softmax:Piecewise((1-u,u<1),(2,True))", "continuous"),
        ("softmax:-u*log(u)", "non-increasing"),
        ("softmax:(1-u)**3-(1-u)/4", "non-increasing"),
        ("softmax:sqrt(u)-u", "non-increasing"),
        ("softmax:1/u-10*u**2", "convex"),
        ("margin:log(1+v**2)", "convex"),
        ("margin:sqrt(1+v**2)-sqrt(1+v**2/4)*2", "convex"),
        ("margin:tanh(v)**2", "convex"),
    ],
)
def test_what_does_not_hold_is_not_proven(spec: str, what: str) -> None:
    assert not curve(spec).fact(what)  # type: ignore[arg-type]
