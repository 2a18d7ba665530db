"""What SymPy cannot do is a refusal with its reason, wherever closed forms are asked for."""

from __future__ import annotations

import pytest

from hconsist.consistency import verdict
from hconsist.distributions import Finite
from hconsist.engines import transform
from hconsist.engines.symbolic.best_in_class import derive_best_in_class
from hconsist.engines.symbolic.failures import told
from hconsist.errors import EngineCannotAnswerError
from hconsist.gaps import minimizability_gap
from hconsist.pointwise import PointwiseProblem


def test_a_stationarity_equation_with_roots_is_refused() -> None:
    """Its numerator is no polynomial in s: sqrt(1 - s) is one of its generators."""
    problem = PointwiseProblem("softmax:(1-u**2)+(u**(-1/2))", n_classes=2)
    with pytest.raises(EngineCannotAnswerError, match="could not be solved for s"):
        transform(problem, "1/2", engine="symbolic")
    assert transform(problem, "1/2", engine="numeric").estimate == pytest.approx(
        float(transform(problem, "1/2", engine="rigorous").lower or 0), abs=1e-6
    )


def test_a_slope_whose_inverse_sympy_cannot_compare_is_refused() -> None:
    problem = PointwiseProblem("focal:gamma=9/5", hypotheses="bounded:2", n_classes=2)
    with pytest.raises(EngineCannotAnswerError, match=r"SymPy stopped|is no power"):
        derive_best_in_class(problem)


@pytest.mark.parametrize("sure", ["0", "1"])
def test_gaps_of_the_same_loss_are_found_by_other_means(sure: str) -> None:
    """Its slope has no value at 1, which a label of probability 1 pulls towards."""
    rows = [[sure, str(1 - int(sure))], ["7/10", "3/10"]]
    distribution = Finite(["1/2", "1/2"], rows)
    asked = {"members": "constant", "hypotheses": "bounded:2"}
    numeric = minimizability_gap("focal:gamma=9/5", distribution, engine="numeric", **asked)
    rigorous = minimizability_gap("focal:gamma=9/5", distribution, engine="rigorous", **asked)
    assert rigorous.lower is not None and rigorous.upper is not None
    assert float(rigorous.lower) - 1e-6 <= float(numeric) <= float(rigorous.upper) + 1e-6
    assert float(rigorous.upper - rigorous.lower) < 1e-6


def test_errors_of_our_own_are_not_taken_for_sympys() -> None:
    with pytest.raises(ZeroDivisionError), told(ValueError):
        1 / 0  # noqa: B018


def test_zeros_that_sympy_does_not_decide_are_no_crash() -> None:
    largest = "softmax:Max(Piecewise(((1-u)**2,u<3/4),(u**(-1/2),True)),2/3*((1-u**(7/10))/(7/10)))"
    assert verdict(largest, 2).status == "undecided"
