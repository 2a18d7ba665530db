"""Two labels and one softmax value: the risk falls to its only stationary point, and rises beyond.

That is so where phi is convex in the softmax value, or where psi(1 - s)/psi(s), psi = -phi', does
not decrease: the risk need be convex in no coordinate. The best value is left as a minimum, which
balls enclose.
"""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import sympy
from scipy.optimize import minimize_scalar
from sympy import Expr

from hconsist.arithmetic import to_sympy
from hconsist.engines.derivation import Derivation, Step, beta_symbol
from hconsist.engines.symbolic.nodes import ConvexMinimum, UnimodalMinimum
from hconsist.engines.symbolic.parameters import sign_in_share
from hconsist.engines.symbolic.signs import constant_sign, sign_on
from hconsist.engines.symbolic.softmax.form import share
from hconsist.engines.symbolic.softmax.shown import curve_of, shown
from hconsist.engines.symbolic.softmax.witnesses import evaluated
from hconsist.engines.symbolic.solution import Solution, stop
from hconsist.losses.facts import Curve
from hconsist.pointwise import PointwiseProblem, Witness

tex = sympy.latex


def of_two_labels(
    problem: PointwiseProblem,
    phi: Expr,
    steps: list[Step],
    reach: Expr,
    curve: Curve | None = None,
) -> Solution:
    """T of a loss of the label's own share, for two labels.

    Parameters
    ----------
    problem, phi, steps
    reach : sympy.Expr
        The largest share in reach; 1 for complete scores.
    curve : Curve or None
        phi as a curve of which facts are known.

    Raises
    ------
    EngineCannotAnswerError
        Where the risk was not shown to have a single stationary point.
    """
    u, s, b = share(), sympy.Symbol("s", positive=True), beta_symbol()
    half = sympy.Rational(1, 2)
    convex = shown("convex", phi, u, curve)
    if not shown("non-increasing", phi, u, curve):
        raise stop(f"could not show that phi(u) = {phi} falls on (0, 1)")
    psi = -sympy.diff(phi, u)
    if not convex and not one_turn(psi, u):
        raise stop(
            f"could not show that phi(u) = {phi} is convex on (0, 1), nor that psi(1 - s)/psi(s), "
            "psi = -phi', does not decrease there"
        )
    tie = phi.subs(u, half)
    risk = (1 + b) / 2 * phi.subs(u, s) + (1 - b) / 2 * phi.subs(u, 1 - s)
    node = ConvexMinimum if convex else UnimodalMinimum
    T = tie - node(risk, s, half, reach)
    why = (
        "phi is convex, and so is the risk in s"
        if convex
        else "psi(1 - s)/psi(s) does not decrease, so the slope of the risk changes its sign once"
    )
    steps = [
        *steps,
        Step(
            rf"\psi(u) := -\varphi'(u) = {tex(psi)} \ge 0,\quad \mathcal{{C}}_\beta'(s) = "
            r"-\tfrac{1+\beta}2 \psi(s) + \tfrac{1-\beta}2 \psi(1-s)",
            f"Differentiate: {why}",
            (r"0 < s < 1",),
        ),
        Step(
            rf"\inf_{{s \le 1/2}} \mathcal{{C}}_\beta(s) = \varphi(\tfrac12) = {tex(tie)}",
            "The slope is not positive at the tie s = 1/2, nor before it",
        ),
        Step(rf"\mathcal{{T}}(\beta) = {tex(T)}", "Tie against optimum"),
    ]
    at_one = sympy.simplify(tie - sympy.limit(phi, u, reach, "-"))
    steps.append(
        Step(
            r"\mathcal{T}^{**} = \mathcal{T}",
            "The risks are affine in beta, so their infimum is concave and T convex",
        )
    )
    growth = sympy.Integer(2) if _bends_at_zero(psi, u) else None
    derivation = Derivation(problem, T, T, growth=growth, steps=tuple(steps))
    if problem.is_symbolic:
        return Solution(derivation, at_one=at_one)
    ends = float(tie - at_one)

    def witness(beta: Fraction) -> Witness:
        p = ((1 + beta) / 2, (1 - beta) / 2)
        risks = sympy.lambdify(s, risk.subs(b, to_sympy(beta)), "scipy")
        with np.errstate(all="ignore"):
            found = minimize_scalar(
                risks,
                bounds=(0.5, float(reach)),
                method="bounded",
                options={"xatol": 1e-13},
            )
            # NumPy's numbers: 1/0 is infinite
            near = [float(risks(np.float64(v))) for v in (0.5, float(reach))]
        best = min(v for v in (float(found.fun), *near) if np.isfinite(v))
        best = min(best, ends) if beta == 1 else best
        return evaluated(problem, p, (0.0, 0.0), 1, lambda q: best)

    return Solution(derivation, at_one=at_one, witness=witness)


def one_turn(psi: Expr, u: Expr) -> bool:
    """Whether psi > 0, and psi(1 - u)/psi(u) does not decrease on (0, 1)."""
    one = sympy.Integer(1)
    if sign_in_share(psi, u, strict=True) != 1:
        return False
    ratio = sympy.simplify(psi.subs(u, 1 - u) / psi)
    if sign_on(sympy.diff(ratio, u), u, 0, one) in (0, 1):
        return True
    if ratio.free_symbols - {u}:
        return False
    return bool(curve_of(ratio, u, "psi(1 - u)/psi(u)").fact("non-decreasing").proven)


def _bends_at_zero(psi: Expr, u: Expr) -> bool:
    """Whether T'' is positive at beta = 0: there the best share s has (1 + beta) psi(s) = (1 -
    beta) psi(1 - s), so d beta/d s = -psi'(1/2)/psi(1/2), and T'' = psi(1/2) ds/dbeta.
    """
    half = sympy.Rational(1, 2)
    slope, value = sympy.diff(psi, u).subs(u, half), psi.subs(u, half)
    return constant_sign(slope) == -1 and constant_sign(value) == 1
