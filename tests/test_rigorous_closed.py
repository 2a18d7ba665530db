"""T as a number: cosines of any number of labels, two standardised scores, losses that fall without
end at some distributions.
"""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from hconsist.engines import rigorous, transform
from hconsist.pointwise import PointwiseProblem

BETA = Fraction(3, 10)


@pytest.mark.parametrize("n", [2, 10])
def test_cosines_do_not_depend_on_the_number_of_labels(n: int) -> None:
    found = rigorous.transform(PointwiseProblem("spherical", n_classes=n), BETA)
    exact = np.sqrt((1 + 0.3**2) / 2) - np.sqrt(0.5)
    assert float(found.lower) == pytest.approx(exact, abs=1e-15)  # type: ignore[arg-type]
    estimate = transform(PointwiseProblem("spherical", n_classes=n), BETA, engine="numeric")
    assert estimate.estimate == pytest.approx(exact, abs=1e-9)


@pytest.mark.parametrize("hypotheses", ["complete", "bounded:1/2"])
def test_two_standardised_scores(hypotheses: str) -> None:
    problem = PointwiseProblem("z-loss:a=1,b=1", hypotheses=hypotheses, n_classes=2)
    found = rigorous.transform(problem, BETA)
    step = np.logaddexp(0, 2) - np.logaddexp(0, 0)
    assert float(found.lower) <= 0.3 * step <= float(found.upper) + 1e-15  # type: ignore[arg-type]
    p, s = (np.array([float(v) for v in part]) for part in (found.witness.p, found.witness.scores))  # type: ignore[union-attr]
    regret = problem.conditional_risk(s, p) - problem.conditional_risk(-s, p)
    assert float(regret) == pytest.approx(0.3 * step)


def test_a_distribution_without_a_least_risk_is_passed_over() -> None:
    """The mean of the two largest terms falls without end where one label is certain."""
    found = rigorous.transform(PointwiseProblem("ldr-k:k=2,c=1", n_classes=6), BETA)
    assert found.lower is not None
    estimate = transform(
        PointwiseProblem("ldr-k:k=2,c=1", n_classes=6), BETA, engine="numeric"
    ).estimate
    assert float(found.lower) == pytest.approx(estimate, abs=1e-6)


def test_a_later_method_is_asked_where_the_first_leaves_a_gap() -> None:
    """A kink at 1/3: the search over p bounds C* by one tangent, a halved interval does better."""
    problem = PointwiseProblem("softmax:Max(1-u, 2-4*u)", n_classes=2)
    found = rigorous.transform(problem, Fraction(1, 10))
    u = np.linspace(0, 1, 60_001)
    g = np.maximum(1 - u, 2 - 4 * u)
    best = min(
        (p * g + (1 - p) * g[::-1])[u <= 0.5].min() - (p * g + (1 - p) * g[::-1]).min()
        for p in np.linspace(0.55, 1, 46)
    )
    assert found.width is not None
    assert found.width <= 1e-6
    assert float(found.lower) - 1e-4 <= best <= float(found.upper) + 1e-4  # type: ignore[arg-type]
