"""Closed forms of the least risk near a face of the simplex, where floats cancel."""

import numpy as np
import pytest

from hconsist.distributions import Finite
from hconsist.engines import load
from hconsist.gaps import minimizability_gap
from hconsist.pointwise import PointwiseProblem

SLOPED = "margin:exp(-v)+v/10"  # least at v = log 10 for a certain label


def least(p, reach):
    v = np.linspace(-reach, reach, 240_001)
    return float((p * (np.exp(-v) + v / 10) + (1 - p) * (np.exp(v) - v / 10)).min())


@pytest.mark.parametrize("hypotheses", ["complete", "bounded:3"])
def test_a_certain_label_is_the_limit_of_likely_ones(hypotheses) -> None:
    reach = 3.0 if hypotheses == "bounded:3" else 12.0
    inputs = Finite(["3/4", "1/4"], [[1, 0], ["1/6", "5/6"]])
    gap = minimizability_gap(SLOPED, inputs, hypotheses, "constant")
    expected = 0.75 * least(1.0, reach) + 0.25 * least(1 / 6, reach)
    assert float(gap.conditional) == pytest.approx(expected, abs=1e-7)
    assert float(gap) == pytest.approx(least(0.75 + 0.25 / 6, reach) - expected, abs=1e-7)


def test_every_small_probability() -> None:
    best = load("symbolic").best_in_class(PointwiseProblem(SLOPED, n_classes=2))
    small = np.array([0.0, 1e-300, 1e-60, 1e-17, 1e-16, 1e-13, 1e-10, 1e-7])
    found = best(np.stack([small, 1 - small], axis=-1))
    assert found == pytest.approx([least(1 - q, 20.0) for q in small], abs=1e-7)


def test_one_distribution_is_no_python_number() -> None:
    inputs = Finite([1], [[1, 0]])
    assert float(minimizability_gap("margin:exp(-v)", inputs, "bounded:1/2", "constant")) == 0
