"""The parts of the rigorous engine, each alone, against brute force: a bound on the wrong side, or
one that has become loose, fails here.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from hconsist.arithmetic import NUMPY, endpoints, precision
from hconsist.engines.rigorous.binary import BinaryRisk
from hconsist.engines.rigorous.box import SoftmaxBox, reach
from hconsist.engines.rigorous.constrained import ConstrainedRisk
from hconsist.engines.rigorous.regions import PairBound, comp_sum_regions
from hconsist.engines.rigorous.risk import SoftmaxRisk, pool
from hconsist.engines.rigorous.transport import TransportRisk
from hconsist.losses import parse_loss
from hconsist.losses.forms import OfMargin, OfSoftmax, Transport
from hconsist.pointwise import PointwiseProblem
from hconsist.selftest import three_labels, two_labels


@pytest.fixture(autouse=True)
def bits() -> Iterator[None]:
    """The engine's own precision."""
    with precision(128):
        yield


F = Fraction
DISTRIBUTIONS = [
    (F(1, 2), F(3, 10), F(1, 5)),
    (F(2, 5), F(2, 5), F(1, 5)),
    (F(9, 10), F(1, 20), F(1, 20)),
    (F(1, 3), F(2, 3), F(0)),
]
CONVEX = ["logistic", "gce:q=0.5", "comp-sum:tau=1.7", "softmax:exp(1-u)"]


def losses_of(spec: str) -> Any:
    loss = parse_loss(spec)
    return lambda scores: np.asarray(loss.losses(scores, NUMPY))


def truths(spec: str, rows: list[tuple[F, ...]], bound: float | None = None) -> list[float]:
    """C* of three labels at each distribution, by brute force."""
    found = three_labels.least_risks(losses_of(spec), np.array(rows, dtype=float), bound)
    assert found is not None
    return [float(v) for v in found]


def encloses(low: object, high: object, value: float, width: float = 1e-7) -> None:
    assert float(low) <= value + 1e-9, "the lower bound is false"  # type: ignore[arg-type]
    # brute force finds a little more than the least
    assert float(high) >= value - 1e-8, "the upper bound is false"  # type: ignore[arg-type]
    assert float(high) - float(low) <= width, "the bounds are wide"  # type: ignore[arg-type, operator]


@pytest.mark.parametrize("spec", CONVEX)
def test_risks_of_convex_losses(spec: str) -> None:
    form = parse_loss(spec).form(OfSoftmax)
    assert form is not None
    risk = SoftmaxRisk(form.g)
    grouped = (F(1, 2), F(1, 4), F(1, 4))
    *values, last = truths(spec, [*DISTRIBUTIONS, grouped])
    for p, value in zip(DISTRIBUTIONS, values, strict=True):
        low, high = risk.best_in_class(p, (1, 1, 1))
        encloses(endpoints(low)[0], endpoints(high)[1], value)
    low, high = risk.best_in_class((F(1, 2), F(1, 4)), (1, 2))  # two labels of 1/4
    encloses(endpoints(low)[0], endpoints(high)[1], last)


@pytest.mark.parametrize("spec", ["logistic", "gce:q=0.5"])
@pytest.mark.parametrize("bound", [F(1, 4), F(2)])
def test_risks_of_convex_losses_in_a_box(spec: str, bound: F) -> None:
    form = parse_loss(spec).form(OfSoftmax)
    assert form is not None
    values = truths(spec, DISTRIBUTIONS[:3], float(bound))
    for p, value in zip(DISTRIBUTIONS, values, strict=False):
        encloses(*SoftmaxBox(form.g, reach(bound, form.temperature)).of_convex(p), value, 1e-6)


@pytest.mark.parametrize("spec", ["mae", "softmax:1-u**2"])
def test_risks_of_concave_losses_in_a_box(spec: str) -> None:
    form = parse_loss(spec).form(OfSoftmax)
    assert form is not None
    for p, value in zip(DISTRIBUTIONS, truths(spec, DISTRIBUTIONS, 0.5), strict=True):
        encloses(*SoftmaxBox(form.g, reach(F(1, 2), form.temperature)).of_concave(p), value)


@pytest.mark.parametrize(("spec", "beta"), [("softmax:1-u**2", 0.3), ("softmax:sqrt(2-u)", 0.7)])
def test_concave_losses(spec: str, beta: float) -> None:
    from hconsist.engines.rigorous import transform

    found = transform(PointwiseProblem(spec, n_classes=3), F(str(beta)))
    point = three_labels.transform(losses_of(spec), beta)
    assert point is not None
    encloses(found.lower, found.upper, point.regret)


@pytest.mark.parametrize(
    "spec", ["margin-logistic", "exponential", "squared-hinge", "margin:Max(0,1-v)**3", "hinge"]
)
@pytest.mark.parametrize("bound", [None, F(1, 4), F(3)])
@pytest.mark.parametrize("beta", [F(1, 10), F(2, 3)])
def test_minima_of_convex_margins(spec: str, bound: F | None, beta: F) -> None:
    form = parse_loss(spec).form(OfMargin)
    assert form is not None
    low, high, _ = BinaryRisk(form.phi, beta, bound).convex_minimum()
    reach = None if bound is None else float(bound)
    best = two_labels.least_risks(losses_of(spec), np.array([(1 + float(beta)) / 2]), reach)
    assert best is not None
    encloses(low, high, float(best[0]))


@pytest.mark.parametrize("spec", ["margin-logistic", "sigmoid", "ramp", "margin:1/(1+exp(v))"])
@pytest.mark.parametrize("positive", [True, False])
def test_minima_of_falling_margins(spec: str, positive: bool) -> None:
    form = parse_loss(spec).form(OfMargin)
    assert form is not None
    beta, width = F(1, 3), F(1, 10**4)
    low, high, _ = BinaryRisk(form.phi, beta, F(2)).monotone_minimum(positive, width, 10**5)
    grid = two_labels.margins(2.0)
    half = grid[grid >= 0] if positive else grid[grid <= 0]
    _, best = two_labels.least(losses_of(spec), np.array([2 / 3]), half)
    encloses(low, high, float(best[0]), 2e-4)


@pytest.mark.parametrize("spec", ["constrained:phi=exponential", "constrained:phi=squared-hinge"])
@pytest.mark.parametrize("p", DISTRIBUTIONS[:3])
def test_risks_of_constrained_losses(spec: str, p: tuple[F, ...]) -> None:
    loss = parse_loss(spec)
    phi = loss.phi.form(OfMargin).phi  # type: ignore[attr-defined]
    low, high = ConstrainedRisk(phi).best_in_class(p, (1, 1, 1))
    grid = np.linspace(-4, 4, 401)
    a, b = np.meshgrid(grid, grid)
    scores = np.stack([a, b, -a - b], axis=-1).reshape(-1, 3)
    weights = np.array([float(v) for v in p])
    coarse = float((losses_of(spec)(scores) @ weights).min())
    value = float(endpoints(high)[1])
    assert float(endpoints(low)[0]) <= coarse + 1e-12  # no scores do better than the lower bound
    assert value <= coarse + 1e-9  # and the engine's own do as well as a grid's
    assert value - float(endpoints(low)[0]) < 1e-7


@pytest.mark.parametrize("spec", ["ldr:lam=0.5,c=1", "ldr:lam=2,c=3"])
def test_risks_of_transport(spec: str) -> None:
    form = parse_loss(spec).form(Transport)
    assert form is not None
    for p, value in zip(DISTRIBUTIONS, truths(spec, DISTRIBUTIONS[:3]), strict=False):
        low, high = TransportRisk(form).best_in_class(p, (1, 1, 1))
        encloses(endpoints(low)[0], endpoints(high)[1], value)


@pytest.mark.parametrize("tau", [F(0), F(1, 2), F(1), F(3, 2), F(9, 5)])
@pytest.mark.parametrize("beta", [F(1, 10), F(1, 2)])
def test_the_bound_of_pairs_is_below_every_difference(tau: F, beta: F) -> None:
    form = parse_loss(f"comp-sum:tau={tau}").form(OfSoftmax)
    assert form is not None
    risk = SoftmaxRisk(form.g)
    bound = PairBound(risk, tau, beta)
    for simplex in comp_sum_regions(4, beta):
        low = bound(simplex)
        for values in (*simplex.vertices, simplex.centre()):
            pooled, counts, _ = pool(values, simplex.counts, 1)
            difference = (
                endpoints(risk.best_in_class(pooled, counts)[1])[1]
                - endpoints(risk.best_in_class(values, simplex.counts)[0])[0]
            )
            assert low <= difference
    if tau == 1:  # where the mass is 1, the bound of two labels is T itself
        (first, *_) = comp_sum_regions(2, beta)
        exact = two_labels.sweep(losses_of("logistic"), [float(beta)])
        assert exact is not None
        assert float(bound(first)) == pytest.approx(exact[0].regret, abs=1e-9)


def test_a_pool_is_a_mean_no_smaller_than_what_is_left_out() -> None:
    values, counts, members = pool((F(1, 2), F(1, 10), F(2, 5)), (1, 1, 1), 1)
    assert (values, counts, set(members)) == ((F(1, 3),), (3,), {0, 1, 2})
    values, counts, members = pool((F(7, 10), F(1, 5), F(1, 10)), (1, 1, 1), 1)
    assert (values, counts, set(members)) == ((F(9, 20), F(1, 10)), (2, 1), {0, 1})
