"""Envelope, inverse and the Bound object, against definitions evaluated by hand."""

from __future__ import annotations

import dataclasses
from fractions import Fraction

import numpy as np
import pytest
import sympy
from hypothesis import given
from hypothesis import strategies as st

from hconsist.bounds import Bound, derive
from hconsist.closed_forms import invert
from hconsist.engines import load
from hconsist.engines.derivation import Derivation
from hconsist.engines.numeric.engine import SampledEnvelope
from hconsist.errors import InvalidInputError, UnknownNameError
from hconsist.hull import ConvexHull, search_grid
from hconsist.pointwise import PointwiseProblem, beta_symbol

BETA = beta_symbol()
BINARY_ENTROPY = (1 + BETA) / 2 * sympy.log(1 + BETA) + (1 - BETA) / 2 * sympy.log(1 - BETA)


def bound_of(transform: sympy.Expr, assumptions: tuple[str, ...] = ()) -> Bound:
    problem = PointwiseProblem("logistic", n_classes=2)
    return Bound(
        problem, "symbolic", Derivation(problem, transform, transform, assumptions=assumptions)
    )


@given(st.lists(st.fractions(0, 1, max_denominator=50), min_size=2, max_size=12))
def test_hull_is_convex_below_and_touches(values: list[Fraction]) -> None:
    betas = [Fraction(i, len(values) - 1) for i in range(len(values))]
    hull = ConvexHull.of(betas, values)
    heights = [hull(b) for b in betas]
    assert all(h <= v for h, v in zip(heights, values, strict=True))
    assert heights[0] == values[0] and heights[-1] == values[-1]
    second = [heights[i - 1] - 2 * heights[i] + heights[i + 1] for i in range(1, len(heights) - 1)]
    assert all(d >= 0 for d in second)
    for beta, height in zip(hull.betas, hull.values, strict=True):
        assert values[betas.index(beta)] == height


@given(st.fractions(0, 2, max_denominator=1000))
def test_hull_inverse_is_the_largest_beta_below(level: Fraction) -> None:
    hull = ConvexHull.of(
        [Fraction(0), Fraction(1, 4), Fraction(1)], [Fraction(0), Fraction(1, 16), Fraction(1)]
    )
    beta = hull.inverse(level)
    assert 0 <= beta <= 1
    assert hull(beta) == min(level, Fraction(1))


@pytest.mark.parametrize("excess", ["0", "1/1000000000000", "0.001", "0.3", "0.69", "5"])
def test_inversion_is_proven_and_sharp(excess: str) -> None:
    level = Fraction(excess)
    low, high = invert(BINARY_ENTROPY, level)
    assert 0 <= low <= high <= 1
    if level == 0:
        assert low == 0 and high <= Fraction(1, 2**60)
        return
    assert high - low <= high * Fraction(1, 2**55)
    if level < Fraction(69, 100):
        truth = float(
            sympy.nsolve(
                BINARY_ENTROPY - sympy.Rational(excess),
                BETA,
                0.5 if level > 0.01 else float(level) ** 0.5,
            )
        )
        assert float(high) == pytest.approx(truth, rel=1e-12)


def test_exact_equality_is_not_lost() -> None:
    low, high = invert(BETA / 2, Fraction(1, 4))
    assert low <= Fraction(1, 2) <= high
    assert high - low < Fraction(1, 2**50)


def test_values_are_floats_or_arrays_of_the_same_shape() -> None:
    bound = bound_of(BINARY_ENTROPY)
    assert isinstance(bound(0.05), float)
    grid = np.array([[0.0, 0.01], [0.1, 10.0]])
    values = bound(grid)
    assert values.shape == grid.shape
    assert values[0, 0] == 0 and values[1, 1] == 1
    assert bound.transform_curve([0.0, 1e-9, 1.0]) == pytest.approx(
        [0.0, 0.5e-18, np.log(2)], rel=1e-12
    )


def test_an_assumption_removes_the_claim_that_the_bound_is_attained() -> None:
    answer = bound_of(BINARY_ENTROPY, assumptions=("a lemma",)).bound(0.1)
    assert answer.lower is None and answer.upper is not None and answer.assumptions == ("a lemma",)


@pytest.mark.parametrize("excess", [-0.1, "x", float("nan")])
def test_bad_excess(excess: object) -> None:
    with pytest.raises(InvalidInputError, match="excess must be"):
        bound_of(BETA).bound(excess)


def test_unknown_engine_is_named_with_the_nearest() -> None:
    with pytest.raises(UnknownNameError, match="did you mean 'numeric'"):
        derive("logistic", engine="numerc")  # type: ignore[arg-type]


def test_grid_is_dense_near_zero() -> None:
    grid = search_grid()
    assert grid == sorted(set(grid))
    assert sum(b < Fraction(1, 100) for b in grid) >= 12


def test_a_value_that_the_engine_does_not_know_loosens_the_bound_and_does_not_tighten_it() -> None:
    def known(spec: str, gaps: tuple[int, ...]) -> Bound:
        found = derive(spec, n_classes=3, engine="numeric")
        sampled = load("numeric").envelope(found.problem)
        vague = [
            dataclasses.replace(a, estimate=None, reason="not sure") if i in gaps else a
            for i, a in enumerate(sampled.answers)
        ]
        object.__setattr__(found, "_envelope", SampledEnvelope(sampled.betas, vague))
        return found

    whole, holed = known("logistic", ()), known("logistic", (130, 131, 170))
    grid = np.linspace(0.001, 1, 200)
    assert np.all(holed.envelope_curve(grid) <= whole.envelope_curve(grid) + 1e-15)
    assert np.all(np.isfinite(holed.envelope_curve(grid)))
    assert holed.envelope_curve([0.01]) == pytest.approx(whole.envelope_curve([0.01]))
    assert np.max(whole.envelope_curve(grid) - holed.envelope_curve(grid)) < 0.02
