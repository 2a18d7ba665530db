"""Which derivation fits a phi: symmetric around a point, convex, or concave between its corners."""

from __future__ import annotations

import numpy as np
import sympy
from sympy import Expr

from hconsist.arithmetic import SYMPY, to_sympy
from hconsist.engines.derivation import Step, beta_symbol
from hconsist.engines.symbolic.consequences import SymbolRange, convex_consequences
from hconsist.engines.symbolic.margin.convex import of_convex
from hconsist.engines.symbolic.margin.corners import of_corners
from hconsist.engines.symbolic.margin.pieces import (
    MarginPieces,
    decreasing,
    is_convex,
    margin_symbol,
    margin_variable,
    split,
)
from hconsist.engines.symbolic.margin.witness import margin_witness
from hconsist.engines.symbolic.solution import Solution, stop
from hconsist.losses.facts import Curve
from hconsist.losses.forms import OfMargin, OfSoftmax, margin_of_softmax
from hconsist.pointwise import PointwiseProblem

tex = sympy.latex


def solve(problem: PointwiseProblem) -> Solution:
    """Derive T of a binary margin loss.

    Raises
    ------
    EngineCannotAnswerError
    """
    form = problem.surrogate.form(OfMargin)
    if form is None:
        raise stop(f"{problem.surrogate.spec} is no loss of the margin")
    v = margin_variable()
    bound = problem.hypotheses.score_bound
    return derive_margin(
        problem,
        sympy.sympify(form.phi(v, SYMPY)),
        sympy.oo if bound is None else to_sympy(bound),
    )


def of_softmax(
    problem: PointwiseProblem, phi: Expr, u: Expr, temperature: Expr, own: Curve | None = None
) -> Solution:
    """A loss of the softmax value with two classes whose sum over the two labels is constant, such
    as the MAE.

    As a loss of the score difference over the temperature it is symmetric around a point.
    """
    if sympy.simplify(phi + phi.subs(u, 1 - u)).has(u):
        raise stop(
            f"could not show that phi(u) = {phi} falls and is convex on (0, 1) or in the "
            "scores, nor that its sum over two labels is constant"
        )
    v = margin_variable()
    bound = problem.hypotheses.score_bound
    reach = sympy.oo if bound is None else 2 * to_sympy(bound) / temperature
    known = None if own is None else margin_of_softmax(OfSoftmax(own)).phi
    return derive_margin(problem, phi.subs(u, 1 / (1 + sympy.exp(-v))), reach, known)


def of_two_classes(problem: PointwiseProblem) -> Solution:
    """A loss symmetric in two labels that sees only the difference v of their scores."""
    v, shift = margin_variable(), sympy.Symbol("t", real=True)
    half = v if problem.surrogate.sum_to_zero else v / 2
    scores = np.array([half, -half], dtype=object)
    phi = sympy.sympify(problem.surrogate.losses(scores, SYMPY)[0])
    other = sympy.sympify(problem.surrogate.losses(scores[::-1], SYMPY)[1])
    if other != phi and sympy.simplify(other - phi) != 0:
        raise stop("could not show that the loss of two labels is symmetric in them")
    if not problem.surrogate.sum_to_zero:
        moved = sympy.sympify(problem.surrogate.losses(scores + shift, SYMPY)[0])
        if moved != phi and sympy.simplify(moved - phi) != 0:
            raise stop("the loss depends on more than the difference of the scores")
    bound = problem.hypotheses.score_bound
    reach = (
        sympy.oo if bound is None else to_sympy(bound) * (1 if problem.surrogate.sum_to_zero else 2)
    )
    return derive_margin(problem, phi, reach)


def derive_margin(
    problem: PointwiseProblem, phi: Expr, B: Expr, curve: Curve | None = None
) -> Solution:
    """Derive T of phi(v) with |v| <= B, v the argument of the formula for the likelier label."""
    v = margin_variable()
    curve = _curve(problem) if curve is None else curve
    steps = [
        Step(
            r"\mathcal{C}_\beta(f) = \tfrac{1+\beta}{2}\varphi(f) + "
            r"\tfrac{1-\beta}{2}\varphi(-f),\quad \varphi(v) = " + tex(phi),
            "Two labels, of which the likelier has probability (1 + beta)/2; f is its margin",
            (rf"|f| \le {tex(B)}" if B is not sympy.oo else r"f \in \mathbb{R}",),
        )
    ]
    total = sympy.simplify(phi + phi.subs(v, -v))
    pieces = split(phi, v, curve)
    if not total.has(v) and decreasing(pieces):
        return _symmetric(problem, phi, v, total, pieces, B, steps)
    if is_convex(pieces):
        return of_convex(problem, phi, v, pieces, B, steps)
    return of_corners(problem, pieces, B, steps)


def _curve(problem: PointwiseProblem) -> Curve | None:
    """phi of two labels as a curve of which facts are known; None where parameters are symbols."""
    form = None if problem.surrogate.symbolic else problem.surrogate.form(OfMargin, 2)
    return None if form is None else form.phi


def _symmetric(
    problem: PointwiseProblem,
    phi: Expr,
    v: Expr,
    total: Expr,
    pieces: MarginPieces,
    B: Expr,
    steps: list[Step],
) -> Solution:
    b = beta_symbol()
    far = pieces.right[-1]
    end = sympy.limit(far, margin_symbol(), sympy.oo) if B is sympy.oo else phi.subs(v, B)
    if end.is_infinite:
        raise stop("phi is unbounded below: T is infinite")
    T = b * sympy.factor(sympy.simplify(phi.subs(v, 0) - end))
    steps += [
        Step(
            rf"\varphi(f) + \varphi(-f) = {tex(total)} \implies \mathcal{{C}}_\beta(f) ="
            rf" \tfrac{{1-\beta}}{{2}}\,{tex(total)} + \beta\,\varphi(f)",
            "The loss is symmetric around a point and decreasing",
            (r"\varphi' \le 0",),
        ),
        Step(
            rf"\mathcal{{T}}(\beta) = \beta\,(\varphi(0) - \varphi({tex(B)})) = {tex(T)}",
            "The risk decreases in f: the best wrong prediction is f = 0, the best of all the "
            "largest f",
            (),
        ),
    ]
    derivation = convex_consequences(problem, T, steps, [SymbolRange([(T, sympy.Integer(1))])])
    return Solution(derivation, witness=margin_witness(problem))
