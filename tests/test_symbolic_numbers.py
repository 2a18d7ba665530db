"""What is derived turns into numbers by SymPy itself: no formula stays unevaluated."""

from __future__ import annotations

import numpy as np
import pytest
import sympy

from hconsist.arithmetic import NUMPY, evaluate
from hconsist.engines.derivation import beta_symbol, excess_symbol
from hconsist.engines.symbolic import derive
from hconsist.engines.symbolic.nodes import FiniteMinimum
from hconsist.pointwise import PointwiseProblem


@pytest.mark.parametrize(
    ("spec", "n"),
    [("mae", 12), ("constrained:phi=hinge", 4), ("aul", 3), ("focal", 2), ("gce:q=0.7", 4)],
)  # fmt: skip
def test_sympy_evaluates_what_is_derived(spec: str, n: int) -> None:
    derivation = derive(PointwiseProblem(spec, n_classes=n))
    for formula, symbol in (
        (derivation.transform, beta_symbol()),
        (derivation.envelope, beta_symbol()),
        (derivation.gamma, excess_symbol()),
    ):
        if formula is None:
            continue
        at = sympy.Rational(1, 20)
        expected = float(evaluate(formula, {symbol: np.asarray(0.05)}, NUMPY))
        for value in (at, sympy.Float("0.05", 30)):
            found = formula.subs(symbol, value).evalf(20)
            assert found.is_Float or found.is_Rational
            assert float(found) == pytest.approx(expected, rel=1e-9)
    if derivation.gamma is not None:
        run = sympy.lambdify(excess_symbol(), derivation.gamma)
        assert float(run(0.05)) == pytest.approx(float(derivation.gamma.subs(excess_symbol(), at)))


def test_a_minimum_up_to_a_symbol_stays_as_it_is() -> None:
    k, n = sympy.symbols("k n", integer=True, positive=True)
    node = FiniteMinimum(k**2, k, 2, n)
    assert node.doit() == node and node.subs(n, 5).doit() == 4
