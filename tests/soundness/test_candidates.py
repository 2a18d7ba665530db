"""Bounds that start from a point found in floats hold whatever it is: here it is a poor one.
And the supporting lines of T, by which Gamma is enclosed, against brute force.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

import hconsist as hc
from hconsist.arithmetic import NUMPY, endpoints, precision
from hconsist.engines.rigorous.binary import BinaryRisk
from hconsist.engines.rigorous.box import SoftmaxBox, reach
from hconsist.engines.rigorous.constrained import ConstrainedRisk
from hconsist.engines.rigorous.envelope import Wanted
from hconsist.engines.rigorous.plugin import pairs_at
from hconsist.engines.rigorous.supports import FiniteScores, MarginScores
from hconsist.losses import parse_loss
from hconsist.losses.forms import OfMargin, OfSoftmax
from hconsist.pointwise import PointwiseProblem
from hconsist.selftest import three_labels, two_labels

F = Fraction
P = (F(1, 2), F(3, 10), F(1, 5))


@pytest.fixture(autouse=True)
def bits() -> Iterator[None]:
    with precision(128):
        yield


def losses_of(spec: str) -> Any:
    loss = parse_loss(spec)
    return lambda scores: np.asarray(loss.losses(scores, NUMPY))


@pytest.mark.parametrize("spec", ["logistic", "gce:q=0.5", "softmax:exp(1-u)"])
@pytest.mark.parametrize("poor", [(1, 1, 1), (1, 2, 2), (9, 10, 11)])
def test_a_box_of_a_poor_candidate(
    spec: str, poor: tuple[int, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    form = parse_loss(spec).form(OfSoftmax)
    assert form is not None
    box = SoftmaxBox(form.g, reach(F(1), form.temperature))
    monkeypatch.setattr(box, "_candidate", lambda p, _: [F(v, sum(poor)) for v in poor])
    low, high = box.of_convex(P)
    truth = three_labels.least_risks(losses_of(spec), np.array([P], dtype=float), 1.0)
    assert truth is not None
    assert float(low) <= float(truth[0]) + 1e-9 and float(high) >= float(truth[0]) - 1e-9
    assert float(high) > float(truth[0]) + 1e-4  # it is poor


@pytest.mark.parametrize("spec", ["margin-logistic", "exponential", "squared-hinge"])
@pytest.mark.parametrize("shift", [-0.3, 0.3])
def test_a_minimum_of_a_margin_from_poor_slopes(
    spec: str, shift: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    form = parse_loss(spec).form(OfMargin)
    assert form is not None
    risk = BinaryRisk(form.phi, F(1, 2), F(3))
    right = risk._float_slope
    monkeypatch.setattr(risk, "_float_slope", lambda f: right(f + shift))
    low, high, _ = risk.convex_minimum()
    truth = two_labels.least_risks(losses_of(spec), np.array([3 / 4]), 3.0)
    assert truth is not None
    assert float(low) <= float(truth[0]) + 1e-9 and float(high) >= float(truth[0]) - 1e-9
    assert float(high) - float(low) > 1e-3  # the place is poor


@pytest.mark.parametrize("spec", ["margin-logistic", "squared-hinge", "rho-margin:rho=2", "ramp"])
@pytest.mark.parametrize("slope", ["1/10", "1/3", "4/5"])
def test_lines_of_margins_lie_below_t_and_touch_it(spec: str, slope: str) -> None:
    form = parse_loss(spec).form(OfMargin)
    assert form is not None
    convex = spec in ("margin-logistic", "squared-hinge")
    knots = [F(0), F(1), F(2), None]
    lines: Any = MarginScores(form.phi, F(2)) if convex else FiniteScores(form.phi, knots)
    found = lines.line(Wanted(F(slope), F(1, 1000), F(-1), math.inf, None)).line
    betas = np.linspace(0.0, 1.0, 21)
    points = two_labels.sweep(losses_of(spec), betas.tolist(), 2.0 if convex else None)
    assert points is not None
    above = np.array([p.regret for p in points]) - [float(found(F(float(b)))) for b in betas]
    assert above.min() >= -1e-9
    assert above.min() <= 1e-2  # a supporting line


@pytest.mark.parametrize("spec", ["constrained:phi=exponential", "constrained:phi=squared-hinge"])
@pytest.mark.parametrize("factor", [0.6, 0.9, 1.2, 1.6])
def test_every_multiplier_gives_a_lower_bound(spec: str, factor: float) -> None:
    loss = parse_loss(spec)
    risk = ConstrainedRisk(loss.phi.form(OfMargin).phi)  # type: ignore[attr-defined]
    point, level = risk._solve(P, (1, 1, 1))
    assert level > 0
    try:
        low = risk._dual(P, (1, 1, 1), level * factor, point)
    except ArithmeticError:
        return
    a, b = np.meshgrid(np.linspace(-3, 3, 601), np.linspace(-3, 3, 601))
    scores = np.stack([a, b, -a - b], axis=-1).reshape(-1, 3)
    least = float((losses_of(spec)(scores) @ np.array([float(v) for v in P])).min())
    assert float(endpoints(low)[0]) <= least + 1e-12
    assert float(endpoints(low)[0]) <= least - 1e-4  # the multiplier is poor


@pytest.mark.parametrize(
    "spec", ["exponential", "squared-hinge", "margin-logistic", "sigmoid", "rho-margin:rho=2"]
)
@pytest.mark.parametrize("excess", ["1/50", "1/5"])
def test_gamma_of_supporting_lines_is_that_of_brute_force(spec: str, excess: str) -> None:
    bound = hc.derive(spec, engine="rigorous").bound(excess, time_budget=5.0)
    assert bound.upper is not None and bound.lower is not None
    low, high = float(bound.lower), min(float(bound.upper), 1.0)
    points = two_labels.sweep(losses_of(spec), [low, high])
    assert points is not None
    eps = float(F(excess))
    assert points[0].regret <= eps + 1e-7
    assert high == 1.0 or points[1].regret >= eps - 1e-7


def test_a_program_that_failed_proves_no_region_empty(monkeypatch: pytest.MonkeyPatch) -> None:
    decision = PointwiseProblem("logistic", n_classes=3).decision
    (pair, *_) = pairs_at(decision, F(1, 2))
    monkeypatch.setattr(pair, "program", lambda lam: None)
    assert pair.moment(F(1)) is not None  # forecasts lead there: None would say that none does
