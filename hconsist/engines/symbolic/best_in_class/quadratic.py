"""Losses that are quadratic in the scores, with a risk in which every score stands on its own."""

from __future__ import annotations

import numpy as np
import sympy
from sympy import Expr

from hconsist.arithmetic import SYMPY, to_sympy
from hconsist.engines.symbolic.best_in_class.shown import Found
from hconsist.engines.symbolic.solution import stop
from hconsist.errors import InvalidInputError
from hconsist.pointwise import PointwiseProblem

#: The most labels that are written out.
MOST_LABELS = 60


def derive(problem: PointwiseProblem, p: tuple[Expr, ...]) -> Found | None:
    """The risk is ``sum_k (a_k s_k^2 + b_k s_k) + c`` with a_k > 0: each score on its own, clipped
    to the box where there is one.
    """
    loss, n, bound = problem.surrogate, len(p), problem.hypotheses.score_bound
    if loss.sum_to_zero or n > MOST_LABELS:
        return None
    s = sympy.symbols(f"s1:{n + 1}", real=True)
    try:
        losses = [sympy.sympify(v) for v in loss.losses(np.array(s, dtype=object), SYMPY)]
    except (InvalidInputError, TypeError, AttributeError, sympy.SympifyError):
        return None
    if not all(v.is_polynomial(*s) for v in losses):
        return None
    last = 1 - sympy.Add(*p[:-1])
    risk = sympy.Poly(sympy.Add(*(a * b for a, b in zip((*p[:-1], last), losses, strict=True))), *s)
    if risk.total_degree() != 2:
        return None
    values = [sympy.expand(risk.coeff_monomial(1))]
    squares = [sympy.expand(risk.coeff_monomial(v**2)) for v in s]
    mixed = [risk.coeff_monomial(v * w) for i, v in enumerate(s) for w in s[:i]]
    if any(sympy.expand(c) != 0 for c in mixed) or not all(a.is_positive for a in squares):
        raise stop(f"the risk {risk.as_expr()} is not a sum of a convex parabola for each score")
    steps = [(r"\mathcal C = " + sympy.latex(risk.as_expr()), "expanded")]
    for v, a in zip(s, squares, strict=True):
        b = risk.coeff_monomial(v)
        best = sympy.expand(-b / (2 * a))
        if bound is not None:
            best = sympy.Max(-to_sympy(bound), sympy.Min(to_sympy(bound), best))
        values.append(a * best**2 + b * best)
    steps.append(
        (
            r"s_k = -b_k / (2 a_k), \text{ or the nearest point of the box}",
            "each score on its own, a_k s_k^2 + b_k s_k",
        )
    )
    return sympy.Add(*values), steps
