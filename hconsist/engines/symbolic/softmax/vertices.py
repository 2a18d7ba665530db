"""A concave phi that falls: the best and the least wrong softmax values are vertices (theorem C,
whose proof asks for no power).
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

import numpy as np
import sympy
from sympy import Expr

from hconsist.arithmetic import to_sympy
from hconsist.engines.derivation import Derivation, Step, beta_symbol, excess_symbol
from hconsist.engines.symbolic.nodes import Interpolation
from hconsist.engines.symbolic.signs import constant_sign
from hconsist.engines.symbolic.softmax.form import share
from hconsist.engines.symbolic.softmax.shown import shown
from hconsist.engines.symbolic.softmax.witnesses import tied_scores
from hconsist.engines.symbolic.solution import Solution, stop
from hconsist.hull import ConvexHull
from hconsist.losses.facts import Curve
from hconsist.pointwise import PointwiseProblem, Witness

tex = sympy.latex
#: The most labels whose pools are written out.
MOST_WRITTEN = 60


def of_concave_curve(
    problem: PointwiseProblem, phi: Expr, steps: list[Step], curve: Curve | None
) -> Solution:
    """T of a concave phi that falls, on complete scores.

    Raises
    ------
    EngineCannotAnswerError
    """
    u, b = share(), beta_symbol()
    if problem.is_symbolic or problem.n > MOST_WRITTEN:
        raise stop(f"pools of a concave phi are written out for up to {MOST_WRITTEN} labels")
    if not shown("non-increasing", phi, u, curve) or not shown("concave", phi, u, curve):
        raise stop(f"could not show that phi(u) = {phi} falls and is concave on (0, 1)")
    n, start = to_sympy(problem.n), sympy.limit(phi, u, 0, "+")
    if not start.is_finite:
        raise stop(f"phi(u) = {phi} is not finite at 0")
    drops = [
        sympy.simplify(start - phi.subs(u, sympy.Rational(1, k))) for k in range(1, int(n) + 1)
    ]
    top = b if n == 2 else sympy.Max(b, (1 + b) / n)
    if n == 2:  # M = (1 + beta)/2
        terms = [drops[0] * b, drops[0] * (1 + b) / 2 - drops[1]]
    else:
        terms = [
            drops[0] * top - drop * sympy.Min(1, k * top - b) for k, drop in enumerate(drops, 1)
        ]
        terms[0] = drops[0] * b
    T = sympy.Min(*terms, evaluate=False)
    points: list[tuple[Expr, Expr]] = [(sympy.Integer(0), sympy.Integer(0))]
    for j in range(int(n) - 1, 0, -1):
        at = sympy.Rational(1, j)
        points.append((at, _least([t.subs(b, at) for t in terms])))
    hull = ConvexHull.of(*zip(*points, strict=True))
    points = list(zip(hull.betas, hull.values, strict=True))
    envelope = Interpolation(b, *points)
    first = sympy.simplify(points[1][1] / points[1][0])
    steps = [
        *steps,
        Step(
            r"\varphi'' \le 0,\ \varphi' \le 0,\quad \mathcal{C}^*(p) = \varphi(0) - D_1 "
            r"p_{\max},\quad D_k = \varphi(0) - \varphi(1/k)",
            "The conditional risk is concave in S, so its infimum over the simplex is at a vertex",
        ),
        Step(
            r"\inf_{S_j \ge S_i} \mathcal{C}(S, p) = \min_{1 \le k \le n} \varphi(0) - D_k P_k",
            "The vertices of the simplex cut by S_j >= S_i are the uniform vectors on sets of k "
            "labels that hold j; the best set has the k - 1 top labels, of mass P_k with p_j",
        ),
        Step(
            r"P_k \le \min(1, k M - \beta),\quad M = p_{\max} \ge \max\left(\beta, "
            r"\tfrac{1+\beta}{n}\right),\quad \mathcal{T}(\beta) = \min_k \bigl[D_1 M - D_k "
            r"\min(1, kM - \beta)\bigr]",
            "For a given p_max the mass P_k is attained; phi is concave, so k D_k is at most D_1 "
            "and the bracket does not decrease in p_max: take the smallest",
            (r"k D_k \le D_1",),
        ),
        Step(
            rf"\mathcal{{T}}^{{**}}(\beta) = {tex(envelope)}",
            "Between beta = 1/j and 1/(j + 1) every term is linear, so T is concave there and the "
            "corners of the envelope are at beta = 1/j",
        ),
    ]
    most = points[-1][1]
    gamma = sympy.Piecewise(
        (
            Interpolation(excess_symbol(), *((v, x) for x, v in points)),
            excess_symbol() <= most,
        ),
        (1, True),
    )
    derivation = Derivation(
        problem, T, envelope, gamma, excess_symbol() / first, sympy.Integer(1), tuple(steps)
    )
    return Solution(derivation, witness=_witness(problem, drops))


def _least(values: list[Expr]) -> Expr:
    """The least of numbers, by balls where SymPy does not see it."""
    best = values[0]
    for value in values[1:]:
        sign = constant_sign(value - best)
        if sign is None:
            raise stop(f"whether {value} or {best} is smaller")
        best = value if sign < 0 else best
    return best


def _witness(problem: PointwiseProblem, drops: list[Expr]) -> Callable[[Fraction], Witness]:
    floats = [float(v) for v in drops]

    def witness(beta: Fraction) -> Witness:
        n = problem.n
        top = max(beta, (1 + beta) / n)
        costs = [
            floats[0] * float(top) - floats[k - 1] * float(min(Fraction(1), k * top - beta))
            for k in range(1, n + 1)
        ]
        size = 1 + int(np.argmin(costs))
        rest = 1 - (2 * top - beta)
        p = [top, top - beta]
        for _ in range(n - 2):
            p.append(min(top, rest))
            rest -= p[-1]
        order = [1, 0, *range(2, n)][:size]
        far = min(tied_scores(problem, 1))
        scores = tuple(0.0 if i in order else far for i in range(n))
        best = tuple(0.0 if i == 0 else far for i in range(n))
        array = [float(v) for v in p]
        risks = [float(problem.conditional_risk(s, array)) for s in (scores, best)]
        return Witness(tuple(p), scores, (1,), max(risks[0] - risks[1], 0.0))

    return witness
