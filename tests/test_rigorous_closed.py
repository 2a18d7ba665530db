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
