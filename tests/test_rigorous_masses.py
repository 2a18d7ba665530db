"""Ties of k labels: a convex loss of the softmax value, many labels, against other methods."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from hconsist.arithmetic import precision
from hconsist.engines import rigorous
from hconsist.engines.rigorous.masses import MassBound, shape_of
from hconsist.engines.rigorous.methods import masses
from hconsist.engines.rigorous.methods.plan import BITS
from hconsist.engines.rigorous.risk import SoftmaxRisk, pool
from hconsist.losses import parse_loss
from hconsist.losses.forms import OfSoftmax
from hconsist.pointwise import PointwiseProblem

BETA = Fraction(3, 10)


@pytest.mark.parametrize("spec", ["agce:a=1,q=0.5", "ael:a=2.5", "taylor-ce:order=2"])
def test_ties_of_ten_labels_are_enclosed(spec: str) -> None:
    found = rigorous.transform(PointwiseProblem(spec, n_classes=10), BETA)
    assert found.width is not None
    assert found.width <= 1e-6
    assert masses.MASSES in found.assumptions
    problem = PointwiseProblem(spec, n_classes=10)
    p = np.array([float(v) for v in found.witness.p])  # type: ignore[union-attr]
    risk = float(problem.conditional_risk(np.array(found.witness.scores), p))  # type: ignore[union-attr]
    assert float(problem.target_regret(p, [1])) == pytest.approx(0.3)
    with precision(BITS):
        least = SoftmaxRisk(problem.surrogate.form(OfSoftmax).g)  # type: ignore[union-attr]
        low, _ = least.best_in_class(found.witness.p, (1,) * 10)  # type: ignore[union-attr]
    assert risk - float(low.mid()) == pytest.approx(float(found.upper), abs=1e-9)  # type: ignore[arg-type]


@pytest.mark.parametrize("formula", ["-log(u)/5 + 3*(1-u)", "exp(-u/2)", "(1-u) + (1-u)**2/4"])
def test_no_distribution_has_a_smaller_regret(formula: str) -> None:
    """Random p of six labels, pooled: the bound is below every regret."""
    g = parse_loss(f"softmax:{formula}").form(OfSoftmax).g  # type: ignore[union-attr]
    random = np.random.default_rng(3)
    with precision(BITS):
        shape = shape_of(g)
        assert not isinstance(shape, str)
        bound = MassBound(g, shape, 6, BETA).least(Fraction(1), boxes=8)
        risk, least = SoftmaxRisk(g), None
        for _ in range(20):
            rest = random.dirichlet([0.4] * 5)
            others = [Fraction(int(v * 1000), 1000) * (1 - BETA) for v in rest[1:]]
            x = (1 - BETA - sum(others)) / 2
            p = (x + BETA, x, *others)
            if max(others) > p[0]:
                continue
            q, sizes, _ = pool(p, (1,) * 6, 1)
            high = risk.best_in_class(q, sizes)[1] - risk.best_in_class(p, (1,) * 6)[0]
            least = high if least is None else least.min(high)
    assert least is not None
    assert 0 < bound <= float(least.upper())


@pytest.mark.parametrize("formula", ["Max(1-u, 2-4*u)", "1/u", "(1-u)**3"])
def test_a_loss_of_neither_shape_is_refused(formula: str) -> None:
    """A kink; convex reciprocals without the share of the tie; a slope that ends at 0."""
    g = parse_loss(f"softmax:{formula}").form(OfSoftmax).g  # type: ignore[union-attr]
    found = shape_of(g)
    assert isinstance(found, str)
    assert "could not show" in found


def test_a_fact_of_the_other_shape_is_not_enough() -> None:
    """exp(-u/2) as if its reciprocal were concave: one way to share is then left out."""
    g = parse_loss("softmax:exp(-u/2)").form(OfSoftmax).g  # type: ignore[union-attr]
    shape = shape_of(g)
    assert not isinstance(shape, str)
    assert shape.equal
    assert {f.what for f in shape.facts} == {"convex", "convex in -log u"}
