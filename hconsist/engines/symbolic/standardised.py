"""Two labels and a curve of the standardised score: it is 1 for the larger score, -1 for the other,
whatever they are.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

import sympy

from hconsist.arithmetic import SYMPY
from hconsist.engines.derivation import Step, beta_symbol
from hconsist.engines.methods import method
from hconsist.engines.symbolic.consequences import SymbolRange, convex_consequences
from hconsist.engines.symbolic.signs import constant_sign
from hconsist.engines.symbolic.solution import Solution, stop
from hconsist.losses.forms_of_scores import Standardised
from hconsist.pointwise import PointwiseProblem, Witness

tex = sympy.latex


@method("symbolic", "standardised pair", rank=57)
def standardised_pair(problem: PointwiseProblem) -> Callable[[], Solution] | str:
    """Two labels and a loss of the standardised score."""
    form = problem.surrogate.form(Standardised)
    if problem.decision.structure.top != 1 or problem.n_classes != 2:
        return "needs two labels and the zero-one target"
    if form is None:
        return "needs a loss of the standardised score"
    return lambda: _of_pair(problem, form)


def _of_pair(problem: PointwiseProblem, form: Standardised) -> Solution:
    b, one = beta_symbol(), sympy.Integer(1)
    low, high = (sympy.sympify(form.g(v, SYMPY)) for v in (-one, one))
    if constant_sign(low - high) != 1:
        raise stop(f"could not show that g(-1) = {low} is above g(1) = {high}")
    T = b * (low - high)
    steps = [
        Step(
            r"z_y = \pm 1,\quad \mathcal{C}(s, p) = p_1\, g(\pm 1) + p_2\, g(\mp 1)",
            "Of two different scores the larger one is standardised to 1, the other to -1; equal "
            "scores have no value",
            (r"n = 2",),
        ),
        Step(
            rf"\mathcal{{T}}(\beta) = \beta\,(g(-1) - g(1)) = {tex(T)}",
            "The wrong order costs this more than the right one",
        ),
    ]

    def witness(beta: Fraction) -> Witness:
        p = ((1 + beta) / 2, (1 - beta) / 2)
        bound = problem.hypotheses.score_bound
        far = 1.0 if bound is None else float(bound)
        floats = [float(v) for v in p]
        risks = [float(problem.conditional_risk(s, floats)) for s in ((-far, far), (far, -far))]
        return Witness(p, (-far, far), (1,), risks[0] - risks[1])

    derivation = convex_consequences(problem, T, steps, [SymbolRange([(T, one)])])
    return Solution(derivation, witness=None if problem.is_symbolic else witness)
