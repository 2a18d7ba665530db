"""Which derivation fits a loss of the softmax value: a power, any convex one, or one that is
symmetric around a point for two labels.
"""

from __future__ import annotations

from typing import Any

import sympy

from hconsist.arithmetic import SYMPY, is_symbolic, to_sympy
from hconsist.engines.derivation import Step
from hconsist.engines.symbolic import margin
from hconsist.engines.symbolic.softmax.bounded import of_box
from hconsist.engines.symbolic.softmax.convex import of_convex
from hconsist.engines.symbolic.softmax.form import as_power, require_short, require_smooth, share
from hconsist.engines.symbolic.softmax.powers import of_power, of_top_k
from hconsist.engines.symbolic.solution import Solution, stop
from hconsist.errors import EngineCannotAnswerError
from hconsist.losses.forms import OfSoftmax
from hconsist.pointwise import PointwiseProblem

tex = sympy.latex


def solve(problem: PointwiseProblem, form: OfSoftmax) -> Solution:
    """Derive T from the formula of the loss."""
    u = share()
    phi = sympy.sympify(form.g(u, SYMPY))
    require_short(phi)
    steps = [
        Step(
            r"\mathcal{C}(s, p) = \sum_{k=1}^{n} p_k\, \varphi(S_k),\quad S = \mathrm{softmax}(s"
            + ("" if form.temperature == 1 else rf"/{tex(to_sympy(form.temperature))}")
            + rf"),\quad \varphi(u) = {tex(phi)}",
            "The loss sees only the label's own softmax value, and complete scores reach every S "
            "of the open simplex",
            (r"0 < S_k < 1,\ \sum_k S_k = 1",),
        )
    ]
    require_smooth(phi, u)
    power = as_power(phi)
    bound = problem.hypotheses.score_bound
    if bound is not None:
        if problem.n_classes != 2:
            if problem.top_k("symbolic") > 1:
                raise stop(f"bounded scores for n >= 3 and the target {problem.target}")
            curve = None if problem.surrogate.symbolic else form.g
            return of_box(problem, phi, form.temperature, steps, power, curve)
        reach = 1 / (1 + sympy.exp(-2 * to_sympy(bound) / to_sympy(form.temperature)))
        return _of_two(problem, phi, to_sympy(form.temperature), steps, reach, power)
    if power is not None:
        if problem.top_k("symbolic") > 1:
            return of_top_k(problem, power, steps)
        return of_power(problem, power, steps)
    if problem.top_k("symbolic") > 1:
        raise stop(
            f"the target {problem.target} for a loss that is not a power of the softmax value"
        )
    if is_symbolic(problem.n_classes) or problem.n > 2:
        return of_convex(problem, phi, steps)
    return _of_two(problem, phi, to_sympy(form.temperature), steps)


def _of_two(
    problem: PointwiseProblem, phi: Any, temperature: Any, steps: list[Step], *bounded: Any
) -> Solution:
    """Two labels: as a convex loss of the softmax value, else as a loss of the margin."""
    try:
        return of_convex(problem, phi, steps, *bounded)
    except EngineCannotAnswerError as convex:
        try:
            return margin.of_softmax(problem, phi, share(), temperature)
        except EngineCannotAnswerError as of_margin:
            reasons = dict.fromkeys((convex.reason, of_margin.reason))
            raise stop("; ".join(reasons)) from of_margin
