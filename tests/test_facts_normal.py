"""Facts of formulas with the normal distribution function: log Phi is concave by Mills' ratio."""

from __future__ import annotations

import numpy as np
import pytest

from hconsist.arithmetic import NUMPY
from hconsist.engines import transform
from hconsist.losses import parse_loss
from hconsist.losses.facts import Curve
from hconsist.losses.forms import OfMargin
from hconsist.pointwise import PointwiseProblem


def phi(spec: str) -> Curve:
    form = parse_loss(spec).form(OfMargin)
    assert form is not None
    return form.phi


@pytest.mark.parametrize(
    "spec",
    ["probit", "margin:-log(erfc(-v/2)/2)", "margin:-log((1+erf(v))/2)", "margin:erfc(v)+v**2"],
)
def test_convex_by_proof(spec: str) -> None:
    curve = phi(spec)
    assert curve.fact("convex").proven and curve.fact("bounded below").proven


def test_probit_is_answered_and_nothing_is_declared() -> None:
    answer = transform(PointwiseProblem("probit"), "1/2", engine="rigorous")
    assert answer.proven and not answer.assumptions


SPECS = (
    "margin:-log(erfc(-v)/2)-v**2/1000",  # convex nearly everywhere
    "margin:-log(erfc(-v)/2)+erf(v)/3",
    "margin:erfc(v)-v/50",
    "margin:erfc(v)+v/50",
    "margin:erfc(v)*exp(-v)",
    "margin:-log(1-erf(v)/2)",
    "margin:(1-erf(v/3))**2",
    "margin:v*erf(v)+exp(-v**2)*3/5",  # nearly its own integral
    "margin:erf(v)+erf(1-v)",
    "margin:Max(erfc(v),1-v)",
)
WHATS = ("convex", "concave", "non-increasing", "non-decreasing", "non-negative")


@pytest.mark.parametrize("spec", SPECS)
def test_what_is_proven_holds_on_a_grid(spec: str) -> None:
    curve, x = phi(spec), np.linspace(-5, 5, 2001)
    value = np.asarray(curve(x, NUMPY)) + 0 * x
    slope, bend = np.diff(value), np.diff(value, 2)
    slack = 1e-13 * (1 + np.abs(value).max())
    holds = {
        "convex": bend.min() >= -slack,
        "concave": bend.max() <= slack,
        "non-increasing": slope.max() <= slack,
        "non-decreasing": slope.min() >= -slack,
        "non-negative": value.min() >= -slack,
    }
    for what in WHATS:
        found = curve.fact(what)  # type: ignore[arg-type]
        assert holds[what] or not found, (spec, what)
        plain = (bend.min() if what == "convex" else -bend.max()) > 1e-9
        assert not (found.refuted and what in ("convex", "concave") and plain), (spec, what)


def test_what_oddness_says_of_erf() -> None:
    assert phi("margin:erfc(v)").fact("odd about a level").proven
    assert not phi("margin:erfc(v)+v**2").fact("odd about a level")
