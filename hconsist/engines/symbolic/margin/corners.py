"""A continuous phi that is linear or concave between its corners: corners and ends decide."""

from __future__ import annotations

import sympy
from sympy import Expr

from hconsist.engines.derivation import Step, beta_symbol
from hconsist.engines.symbolic.consequences import SymbolRange, convex_consequences
from hconsist.engines.symbolic.margin.convex import risk_at
from hconsist.engines.symbolic.margin.pieces import MarginPieces, margin_symbol
from hconsist.engines.symbolic.margin.witness import margin_witness
from hconsist.engines.symbolic.signs import constant_sign, sign_on
from hconsist.engines.symbolic.solution import Solution, stop
from hconsist.pointwise import PointwiseProblem

tex = sympy.latex


def of_corners(
    problem: PointwiseProblem, pieces: MarginPieces, B: Expr, steps: list[Step]
) -> Solution:
    """T of a continuous phi that is linear or concave between its knots.

    Raises
    ------
    EngineCannotAnswerError
        Where that could not be shown, or T is not linear in beta.
    """
    f, b = margin_symbol(), beta_symbol()
    for i, (low, high) in enumerate(pieces.intervals):
        for formula in (pieces.right[i], pieces.left[i]):
            if sign_on(sympy.diff(formula, f, 2), f, low, high) not in (0, -1):
                raise stop(
                    "could not show that phi is convex, nor that it is symmetric around a point "
                    "and decreasing, nor that it is concave between its corners"
                )
    cases = []
    for i, (low, high) in enumerate(pieces.intervals):
        if B is not sympy.oo:
            if (constant_sign(B - low) in (-1, 0) and i) or (
                high is not sympy.oo and constant_sign(B - high) == 1
            ):
                continue
        elif high is not sympy.oo:
            continue
        # A symbol B inside (low, high) as (low + high t)/(1 + t): signs are then read off.
        t = sympy.Dummy("t", positive=True)
        inside = (low + high * t) / (1 + t) if high is not sympy.oo else low + t
        symbolic = B is not sympy.oo and B.free_symbols and not low.has(B) and B.is_Symbol
        place = inside if symbolic else B
        points = [*pieces.knots[: i + 1], *([] if B is sympy.oo else [place])]
        values = [
            (pieces.right[min(k, i)].subs(f, p), pieces.left[min(k, i)].subs(f, p))
            for k, p in enumerate(points)
        ]
        if B is sympy.oo:
            values.append(
                tuple(sympy.limit(side[i], f, sympy.oo) for side in (pieces.right, pieces.left))
            )
        if any(v.is_infinite for pair in values for v in pair):
            raise stop("phi is unbounded but not convex")
        best = _smallest(
            [risk_at(here, there) for here, there in values]
            + [risk_at(there, here) for here, there in values]
        )
        wrong = _smallest([risk_at(there, here) for here, there in values])
        T = sympy.factor(sympy.simplify(wrong - best))
        if symbolic:
            back = (B - low) / (high - B) if high is not sympy.oo else B - low
            T = sympy.factor(sympy.simplify(T.subs(t, back)))
        condition = True if high is sympy.oo or not symbolic else high >= B
        cases.append((T, condition))
    T = cases[0][0] if len(cases) == 1 else sympy.Piecewise(*cases)
    steps.append(
        Step(
            rf"\mathcal{{T}}(\beta) = \min_{{f \in K, f \le 0}} \mathcal{{C}}_\beta(f) - \min_{{f "
            r"\in K}"
            rf" \mathcal{{C}}_\beta(f) = {tex(T)}",
            "Between its corners phi is linear or concave, and so is the risk: minima lie at "
            "corners and ends",
            (r"K = \{" + ", ".join(rf"\pm {tex(k)}" for k in [*pieces.knots, B]) + r"\}",),
        )
    )
    if not all(
        sympy.diff(expression, b, 2) == 0 and expression.subs(b, 0) == 0 for expression, _ in cases
    ):
        raise stop(f"T = {T} is not linear in beta")
    listed = [
        SymbolRange([(expression, sympy.Integer(1))], condition) for expression, condition in cases
    ]
    return Solution(convex_consequences(problem, T, steps, listed), witness=margin_witness(problem))


def _smallest(risks: list[Expr]) -> Expr:
    """The risk that is smallest for every beta in [0, 1]: risks are affine in beta, so both ends
    decide.
    """
    b = beta_symbol()
    for candidate in risks:
        gaps = [sympy.simplify(other - candidate) for other in risks]
        if all(
            constant_sign(sympy.factor(gap.subs(b, end))) in (0, 1)
            for gap in gaps
            for end in (0, 1)
        ):
            return candidate
    raise stop("no corner is best for every beta")
