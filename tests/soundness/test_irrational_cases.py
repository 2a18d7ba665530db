"""Cases, poles and corners at irrational points: what holds beside a bracketed root says nothing
of the root."""

from __future__ import annotations

import pytest

from hconsist.losses import parse_loss
from hconsist.losses.facts import Curve
from hconsist.losses.forms import OfMargin, OfSoftmax

#: It jumps from 0.29 to -0.71 where the maximum takes over; "convex" was proven of it, and with it
#: T(1/2) = 0.99625 for two labels, where the truth is 0.8498.
JUMP = "softmax:Max(u**2-1/2,0)/100-u+Piecewise((1,u**2<1/2),(0,True))"


def curve(spec: str) -> Curve:
    loss = parse_loss(spec)
    form = loss.form(OfSoftmax) if spec.startswith("softmax") else loss.form(OfMargin)
    assert form is not None
    return form.g if isinstance(form, OfSoftmax) else form.phi


@pytest.mark.parametrize(
    ("spec", "what"),
    [
        (JUMP, "continuous"),
        (JUMP, "convex"),
        (JUMP, "non-increasing"),
        (JUMP.replace("u**2<1/2", "1/(u**2-1/2)<0"), "continuous"),
        ("softmax:2-u-log(sqrt(u**4-u**2+1/4))/10**30", "continuous"),  # a pole at sqrt(1/2)
        ("softmax:2-u+log(sqrt(u**4-u**2+1/4))/10**30", "bounded below"),
        ("softmax:2*(1-u)**2-sqrt(u**4-u**2+1/4)/10**8", "convex"),  # a corner, bent down
    ],
)
def test_what_fails_at_an_irrational_point_is_not_proven(spec: str, what: str) -> None:
    assert not curve(spec).fact(what)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("spec", "what"),
    [
        ("margin:Max(0,2-v**3)", "non-increasing"),
        ("margin:Max(0,sqrt(2)-v)", "convex"),
        ("margin:Max(0,2-v**3)+Piecewise((-v,v<0),(0,True))", "non-increasing"),
    ],
)
def test_what_holds_there_is_still_proven(spec: str, what: str) -> None:
    assert curve(spec).fact(what)  # type: ignore[arg-type]


#: At 0, which no softmax value is, engines take the curve's limit; at 1 likewise.
@pytest.mark.parametrize(
    "spec",
    [
        "softmax:Piecewise((1-u,sqrt(1+u)>1),(-5,True))",
        "softmax:Piecewise((1-u,sqrt(1+u)>1),(5,True))",
        "softmax:Piecewise((1-sqrt(u),sqrt(1+u)>1),(2,True))",
        "softmax:Piecewise((-u*log(u)/9-u,sqrt(1+u)>1),(2,True))",
        "softmax:Piecewise((1-u,u<1),(-1,True))",
    ],
)
def test_a_jump_where_no_scores_are_is_no_continuity(spec: str) -> None:
    for what in ("continuous", "non-increasing", "bounded below"):
        assert not curve(spec).fact(what)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "spec", ["softmax:Piecewise((1-u,sqrt(1+u)>1),(1,True))", "softmax:1-sqrt(u)"]
)
def test_what_is_continuous_at_zero_is(spec: str) -> None:
    assert curve(spec).fact("continuous")
