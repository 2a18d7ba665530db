"""From T to its inverse, an elementary bound on the inverse, and the growth at 0."""

from __future__ import annotations

from dataclasses import dataclass

import sympy
from sympy import Expr

from hconsist.engines.derivation import Derivation, Step, beta_symbol, excess_symbol
from hconsist.engines.symbolic.nodes import Interpolation
from hconsist.engines.symbolic.signs import constant_sign, sign_on
from hconsist.pointwise import PointwiseProblem

tex = sympy.latex


def invert(expression: Expr, at_one: Expr) -> Expr:
    """The inverse of an increasing T with T(0) = 0, capped at 1; None where peeling does not find
    it.

    Parameters
    ----------
    expression : sympy.Expr
        In `beta_symbol()`.
    at_one : sympy.Expr
        T(1): from this excess on Gamma is 1.
    """
    b, e = beta_symbol(), excess_symbol()
    if isinstance(expression, Interpolation):
        inner = expression.inverse(e)
    else:
        found = _peel(expression, b, e)
        if found is None:
            return None
        inner = found
    return sympy.Piecewise((inner, e <= at_one), (1, True))


@dataclass(frozen=True)
class SymbolRange:
    """T for one range of the symbols.

    Parameters
    ----------
    branches : list of pairs
        The formula of T and the beta up to which it holds, from 0 to 1.
    condition : sympy condition or True
        The range of the symbols.
    curvature : tuple, optional
        T'' on the first branch as a function of a parameter: (expression, parameter, its first
        value, its last), where the parameter increases with beta, and T is linear on the other
        branches.
    """

    branches: list[tuple[Expr, Expr]]
    condition: Expr | bool = True
    curvature: tuple[Expr, Expr, Expr, Expr] | None = None


def convex_consequences(
    problem: PointwiseProblem, T: Expr, steps: list[Step], cases: list[SymbolRange]
) -> Derivation:
    """What follows from a T that is C*(tie) minus an infimum of risks affine in beta, hence
    convex.
    """
    steps = [
        *steps,
        Step(
            r"\mathcal{T}^{**} = \mathcal{T}",
            "The risks are affine in beta, so their infimum is concave and T convex",
        ),
    ]
    found = [_of_case(case, steps) for case in cases]
    gamma, gamma_upper, growth = (
        _combine([(result[i], case.condition) for result, case in zip(found, cases, strict=True)])
        for i in range(3)
    )
    if gamma is not None:
        steps.append(
            Step(rf"\Gamma(\varepsilon) = {tex(gamma)}", "Solve T(beta) = epsilon for beta")
        )
    return Derivation(problem, T, T, gamma, gamma_upper, growth, tuple(steps))


def _combine(values: list[tuple[Expr, Expr | bool]]) -> Expr:
    if any(value is None for value, _ in values):
        return None
    if all(value == values[0][0] for value, _ in values):
        return values[0][0]
    return sympy.Piecewise(*values)


def _of_case(case: SymbolRange, steps: list[Step]) -> tuple[Expr, Expr, Expr]:
    """Gamma, its elementary upper bound, and the growth exponent, for one range of the symbols."""
    b, e = beta_symbol(), excess_symbol()
    first = case.branches[0][0]
    gamma = _invert_branches(case.branches)
    slope = sympy.simplify(sympy.diff(first, b).subs(b, 0)) if first != 0 else sympy.Integer(0)
    where = () if case.condition is True else (tex(case.condition),)
    if constant_sign(slope) == 1:
        upper = e / slope
        steps.append(
            Step(
                rf"\Gamma(\varepsilon) \le {tex(upper)}",
                "A convex T lies above its tangent at 0",
                where,
            )
        )
        return gamma, upper, sympy.Integer(1)
    if case.curvature is not None:
        growth, upper = _quadratic_growth(case.branches, case.curvature, steps)
        return gamma, upper, growth
    return gamma, None, None


def _quadratic_growth(
    branches: list[tuple[Expr, Expr]], curvature: tuple[Expr, Expr, Expr, Expr], steps: list[Step]
) -> Expr:
    """The exponent 2 and the bound sqrt(epsilon / C), from T'' non-decreasing on the first branch
    and T linear after it.
    """
    b, e = beta_symbol(), excess_symbol()
    expression, parameter, low, high = curvature
    start = sympy.simplify(expression.subs(parameter, low))
    if constant_sign(start) != 1:
        return None, None
    growth = sympy.Integer(2)
    if sign_on(sympy.diff(expression, parameter), parameter, low, high) not in (0, 1):
        return growth, _chord_in_square(branches, steps)
    constant = start / 2
    for T, end in branches[1:]:  # T - C beta^2 is concave on a linear branch: its ends decide
        constant = sympy.Min(constant, sympy.simplify(T.subs(b, end) / end**2))
    bound = sympy.sqrt(e / constant)
    steps.append(
        Step(
            rf"\mathcal{{T}}''(\beta) = {tex(expression)} \ge {tex(start)},\quad"
            rf" \Gamma(\varepsilon) \le {tex(bound)}",
            "T'' in terms of the optimal margin does not decrease; where T is linear, T - C "
            "beta^2 is concave",
            (),
        )
    )
    return growth, bound


def _chord_in_square(branches: list[tuple[Expr, Expr]], steps: list[Step]) -> Expr:
    """sqrt(epsilon / T(1)) where T is concave in beta^2, hence above its chord; None elsewhere."""
    b, e, y = beta_symbol(), excess_symbol(), sympy.Symbol("y", positive=True)
    T = branches[0][0]
    if (
        len(branches) != 1 or T.has(sympy.log) or T.count_ops() > 40
    ):  # SymPy takes minutes over long expressions
        return None
    if sign_on(
        sympy.simplify(sympy.diff(T.subs(b, sympy.sqrt(y)), y, 2)), y, 0, sympy.Integer(1)
    ) not in (0, -1):
        return None
    constant = sympy.simplify(T.subs(b, 1))
    bound = sympy.sqrt(e / constant)
    steps.append(
        Step(
            rf"\mathcal{{T}}(\beta) \ge {tex(constant)} \beta^2,\quad \Gamma(\varepsilon) \le "
            rf"{tex(bound)}",
            "T is concave in beta^2, hence above its chord on [0, 1]",
        )
    )
    return bound


def _invert_branches(branches: list[tuple[Expr, Expr]]) -> Expr:
    b, e = beta_symbol(), excess_symbol()
    pieces = []
    for T, end in branches:
        if T == 0:
            continue  # Gamma jumps to the end of the flat part
        inverse = _peel(T, b, e)
        if inverse is None:
            inverse = _peel(sympy.collect(sympy.expand(T), b), b, e)
        if inverse is None:
            return None
        level = sympy.simplify(T.subs(b, end))
        if level.has(sympy.nan, sympy.zoo):
            level = sympy.limit(T, b, end, "-")
            if level.has(sympy.Limit):
                return None  # a minimum without a closed form: no inverse that can be evaluated
        pieces.append((inverse, e <= level))
    return sympy.Piecewise(*pieces, (1, True)) if pieces else None


def _peel(left: Expr, b: Expr, right: Expr) -> Expr:
    """Solve left(b) = right for b >= 0 by undoing one operation after the other; None where b
    enters twice.
    """
    for _ in range(40):
        if left == b:
            return right
        if left.is_Add:
            const, rest = left.as_independent(b, as_Add=True)
            if const != 0:
                left, right = rest, right - const
                continue
            return _quadratic(left, b, right)
        if left.is_Mul:
            const, rest = left.as_independent(b, as_Add=False)
            if const != 1:
                left, right = rest, right / const
                continue
            expanded = sympy.expand(left)
            if expanded == left:
                return None
            left = expanded
            continue
        if isinstance(left, sympy.exp):
            left, right = left.args[0], sympy.log(right)
        elif left.is_Pow and not left.exp.has(b):
            if left.base.is_Add and left.exp == 2 and not left.base.subs(b, 0).is_zero:
                return None  # two branches
            left, right = left.base, right ** (1 / left.exp)
        elif isinstance(left, sympy.log):
            left, right = left.args[0], sympy.exp(right)
        else:
            return None
    return None


def _quadratic(left: Expr, b: Expr, right: Expr) -> Expr:
    """Solve a polynomial in b, quadratic in b or in b^2 and without constant term, for its
    non-negative root.
    """
    polynomial = sympy.Poly(left, b) if left.is_polynomial(b) else None
    if polynomial is None:
        return None
    powers = {m[0]: c for m, c in polynomial.terms()}
    for step in (1, 2):
        if set(powers) == {step, 2 * step}:
            first, second = powers[step], powers[2 * step]
            if not first.is_positive:
                return None
            # The root that vanishes with the excess and increases with it.
            root = (sympy.sqrt(first**2 + 4 * second * right) - first) / (2 * second)
            return root if step == 1 else sympy.sqrt(root)
    return None
