"""A convex phi: the risk falls up to the margin where beta is stationary, and rises after it."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import sympy
from sympy import Expr

from hconsist.engines.derivation import Step, beta_symbol
from hconsist.engines.symbolic.consequences import SymbolRange, convex_consequences
from hconsist.engines.symbolic.forms import (
    beta_of_odds,
    in_beta,
    odds_symbol,
    rational_in_exponentials,
)
from hconsist.engines.symbolic.margin.pieces import MarginPieces, margin_symbol
from hconsist.engines.symbolic.margin.witness import margin_witness
from hconsist.engines.symbolic.nodes import ConvexMinimum
from hconsist.engines.symbolic.signs import constant_sign, exponential_unit, sign_on
from hconsist.engines.symbolic.solution import Solution, stop
from hconsist.pointwise import PointwiseProblem

tex = sympy.latex


@dataclass(frozen=True)
class Branch:
    """T on an interval of beta.

    Parameters
    ----------
    T : sympy.Expr
    end : sympy.Expr
        The largest beta it holds for; the branches follow one another from 0 to 1.
    best : sympy.Expr or None
        The best margin; None where it has no closed form.
    piece : int
        The piece of phi that holds the best margin, or that starts at it.
    runs : bool
        Whether the best margin moves through the piece with beta, or stays at an end.
    """

    T: Expr
    end: Expr
    best: Expr
    piece: int
    runs: bool


def of_convex(
    problem: PointwiseProblem, phi: Expr, v: Expr, pieces: MarginPieces, B: Expr, steps: list[Step]
) -> Solution:
    """T of a continuous phi that is proven convex.

    Raises
    ------
    EngineCannotAnswerError
        Where phi does not fall at 0, or the risk has no minimiser in closed form.
    """
    f = margin_symbol()
    slopes = [sympy.diff(pieces.left[0], f).subs(f, 0), sympy.diff(pieces.right[0], f).subs(f, 0)]
    if constant_sign(slopes[1]) != -1 or constant_sign(slopes[0]) != 1:
        raise stop(
            f"phi'(0) = {slopes[1]} is not negative on both sides, so a convex phi is not "
            "calibrated"
        )
    at_zero = phi.subs(v, 0)
    steps += [
        Step(
            rf"\varphi'' \ge 0,\ \varphi'(0) = {tex(slopes[1])} < 0 \implies \inf_{{f \le 0}} "
            rf"\mathcal{{C}}_\beta(f)"
            rf" = \varphi(0) = {tex(at_zero)}",
            "phi is convex, so the risk is convex in f and decreases at 0",
            (),
        )
    ]
    unbounded = _branches(pieces, at_zero)
    cases = [(unbounded, True)] if B is sympy.oo else _bounded(pieces, at_zero, unbounded, B)
    assembled = [(_assemble(branches), condition) for branches, condition in cases]
    T = assembled[0][0] if len(cases) == 1 else sympy.Piecewise(*assembled)
    for branches, condition in cases:
        for branch in branches:
            where = () if condition is True else (tex(condition),)
            shown = r"\arg\min_f \mathcal{C}_\beta(f)" if branch.best is None else tex(branch.best)
            steps.append(
                Step(
                    rf"f^*(\beta) = {shown}",
                    "Where the risk stops to decrease: (1 - beta)/(1 + beta) = phi'(f)/phi'(-f), "
                    "which decreases in f"
                    if branch.runs
                    else "A kink of phi, or the largest margin in reach",
                    (rf"\beta \le {tex(branch.end)}", *where),
                )
            )
    steps.append(
        Step(
            rf"\mathcal{{T}}(\beta) = \varphi(0) - \mathcal{{C}}_\beta(f^*(\beta)) = {tex(T)}",
            "Insert",
            (),
        )
    )
    consequences = []
    for branches, condition in cases:
        smooth = branches[0].runs and all(not branch.runs for branch in branches[1:])
        curvature = _curvature(pieces, branches[0].piece) if smooth else None
        consequences.append(
            SymbolRange([(branch.T, branch.end) for branch in branches], condition, curvature)
        )
    last = cases[-1][0][-1]
    at_one = None
    if B is sympy.oo and last.runs:
        at_one = at_zero - _least_value(pieces, last.piece)
    return Solution(
        convex_consequences(problem, T, steps, consequences),
        at_one=at_one,
        witness=margin_witness(problem),
    )


def _least_value(pieces: MarginPieces, i: int) -> Expr:
    """The infimum of phi, on the piece that the best margin of beta = 1 lies in: there only phi(f)
    counts. Minus infinity where phi has no least value.
    """
    f, low = margin_symbol(), pieces.knots[i]
    phi, last = pieces.right[i], i + 1 == len(pieces.knots)
    # phi is convex: it falls everywhere where its slope tends to at most 0
    if last and constant_sign(sympy.limit(sympy.diff(phi, f), f, sympy.oo)) in (0, -1):
        return sympy.limit(phi, f, sympy.oo)
    return ConvexMinimum(phi, f, low, sympy.oo if last else pieces.knots[i + 1])


def _curvature(pieces: MarginPieces, i: int) -> tuple[Expr, Expr, Expr, Expr] | None:
    """T'' as a function of the best margin f on piece i, with f and its interval."""
    f = margin_symbol()
    slopes = sympy.diff(pieces.left[i], f) - sympy.diff(pieces.right[i], f)
    expression = rational_in_exponentials(
        slopes / (2 * sympy.diff(_switch(pieces.right[i], pieces.left[i]), f)), f
    )
    high = pieces.knots[i + 1] if i + 1 < len(pieces.knots) else sympy.oo
    return expression, f, pieces.knots[i], high


def risk_at(right: Expr, left: Expr) -> Expr:
    """(1 + beta)/2 phi(f) + (1 - beta)/2 phi(-f)."""
    b = beta_symbol()
    return (1 + b) / 2 * right + (1 - b) / 2 * left


def _branches(pieces: MarginPieces, at_zero: Expr) -> list[Branch]:
    """T without a bound on f."""
    f = margin_symbol()
    found: list[Branch] = []
    reached = sympy.Integer(0)
    for i, low in enumerate(pieces.knots):
        high = pieces.knots[i + 1] if i + 1 < len(pieces.knots) else sympy.oo
        right, left = pieces.right[i], pieces.left[i]
        switch = _switch(right, left)
        start = _stationary(right, left, low, "+")
        if constant_sign(start - reached) == 1:  # a kink at low: it stays best for a while
            stay = at_zero - risk_at(right.subs(f, low), left.subs(f, low))
            found.append(Branch(_affine(stay), start, low, i, False))
            reached = start
        if reached == 1:
            break
        end = _stationary(right, left, high, "-")
        if constant_sign(end - start) != 1:
            continue  # the piece is passed at one beta
        risk = risk_at(right, left)
        best = _solve_switch(switch, f, low, high, (start + end) / 2)
        if best is None:
            T = at_zero - ConvexMinimum(risk, f, low, high)
            found.append(Branch(T, end, None, i, True))
        else:
            T = (at_zero - risk.subs(f, best)).subs(beta_symbol(), beta_of_odds())
            T = in_beta(sympy.powsimp(sympy.expand_power_exp(T)))
            found.append(Branch(T, end, in_beta(best), i, True))
        reached = end
        if reached == 1:
            break
    if reached != 1:
        raise stop("the risk is not minimised by finite or infinite margins in closed form")
    return found


def _switch(right: Expr, left: Expr) -> Expr:
    """The beta at which f is stationary, (d - a)/(d + a) with the slopes a = -phi'(f) and d =
    -phi'(-f) > 0; where phi rises, a < 0, there is none in [0, 1), and the quotient means nothing.
    """
    f = margin_symbol()
    a, d = -sympy.diff(right, f), sympy.diff(left, f)
    return sympy.factor(rational_in_exponentials((d - a) / (d + a), f))


def _stationary(right: Expr, left: Expr, point: Expr, side: str) -> Expr:
    """The largest beta <= 1 at which the risk does not fall at an end of a piece: 1 where phi has
    stopped to fall.

    Raises
    ------
    EngineCannotAnswerError
        Where it is not known whether phi falls there.
    """
    f = margin_symbol()
    slope = sympy.limit(sympy.diff(right, f), f, point, side)
    sign = constant_sign(slope)
    if sign is None:
        raise stop(f"could not show whether phi falls at {point}, where its slope is {slope}")
    return sympy.Integer(1) if sign != -1 else _end_value(_switch(right, left), f, point, side)


def _end_value(switch: Expr, f: Expr, point: Expr, side: str) -> Expr:
    if point is sympy.oo:
        return sympy.limit(switch, f, point)
    value = switch.subs(f, point)
    return (
        sympy.limit(switch, f, point, side)
        if value.has(sympy.nan, sympy.zoo)
        else sympy.simplify(value)
    )


def _solve_switch(switch: Expr, f: Expr, low: Expr, high: Expr, middle: Expr) -> Expr:
    """The f in [low, high] with switch(f) = beta, in terms of w (see `forms`); None where it has
    no closed form. ``middle`` is a beta for which there is one.
    """
    w, z = odds_symbol(), sympy.Dummy("z", positive=True)
    exponential = switch.has(sympy.exp)
    unknown, unit = (z, exponential_unit(switch, f)) if exponential else (f, sympy.Integer(1))
    written = switch
    if exponential:
        written = sympy.expand_power_exp(sympy.expand(switch.subs(f, sympy.log(z) / unit)))
        written = sympy.powsimp(written)
    odds = sympy.factor(sympy.together((1 - written) / (1 + written)))  # = w^2, it falls in f
    roots = [
        sympy.log(root) / unit if exponential else root for root in _roots_of(odds, unknown, w)
    ]
    # Exactly one root lies in the piece, where the switch increases.
    sample = sympy.sqrt((1 - middle) / (1 + middle))
    chosen = []
    for root in roots:
        value = root.subs(w, sample)
        if value.has(sympy.I) or constant_sign(value - low) not in (0, 1):
            continue
        if high is sympy.oo or constant_sign(high - value) in (0, 1):
            chosen.append(root)
    return chosen[0] if len(chosen) == 1 else None


def _roots_of(odds: Expr, unknown: Expr, w: Expr) -> list[Expr]:
    """The solutions of odds = w^2, where that is quadratic once a common power is undone."""
    top, bottom = sympy.fraction(odds)
    if not top.is_polynomial(unknown) or not bottom.is_polynomial(unknown):
        return []
    powers = [e for part in (top, bottom) for _, e in sympy.factor_list(part, unknown)[1]]
    common = math.gcd(*powers)
    level = w**2
    if common > 1 and sympy.degree(top - bottom * level, unknown) > 2:
        odds = _common_root(top, unknown, common) / _common_root(bottom, unknown, common)
        level = w ** sympy.Rational(2, common)
        top, bottom = sympy.fraction(odds)
    stands_for = sympy.Dummy("W", positive=True)
    found = []
    for sign in (1, -1) if common % 2 == 0 else (1,):  # an even root has two signs
        equation = sympy.Poly(sympy.expand(top - sign * bottom * stands_for), unknown)
        if equation.degree() <= 2:
            found += sympy.roots(equation, multiple=True)
    return [r.subs(stands_for, level) for r in found]


def _common_root(polynomial: Expr, unknown: Expr, power: int) -> Expr:
    """The root of a polynomial all of whose factors have this power."""
    constant, factors = sympy.factor_list(polynomial, unknown)
    if power % 2 and constant.is_negative:
        return -_common_root(-polynomial, unknown, power)
    return sympy.Mul(sympy.root(constant, power), *(base ** (e // power) for base, e in factors))


def _affine(T: Expr) -> Expr:
    """Affine in beta: polynomials collected, other coefficients left as they came."""
    return sympy.collect(sympy.expand(T), beta_symbol()) if T.is_polynomial() else T


def _assemble(branches: list[Branch]) -> Expr:
    b = beta_symbol()
    if len(branches) == 1:
        return branches[0].T
    return sympy.Piecewise(
        *((branch.T, b <= branch.end) for branch in branches[:-1]), (branches[-1].T, True)
    )


def _threshold(pieces: MarginPieces, i: int, high: Expr, B: Expr) -> Expr:
    """The beta from which B is the best margin, B in piece i, which ends at high."""
    f, right, left = margin_symbol(), pieces.right[i], pieces.left[i]
    if not B.free_symbols:
        return _stationary(right, left, B, "-")
    # The quotient means something where d + a > 0: so where phi falls, which it does everywhere if
    # at the end, as phi' increases.
    falls = constant_sign(sympy.limit(sympy.diff(right, f), f, high, "-")) in (0, -1)
    both = sympy.diff(left - right, f)
    if not falls and sign_on(both, f, pieces.knots[i], high, strict=True) != 1:
        raise stop(f"could not show that phi falls at {B}")
    return _end_value(_switch(right, left), f, B, "-")


def _bounded(
    pieces: MarginPieces, at_zero: Expr, unbounded: list[Branch], B: Expr
) -> list[tuple[list[Branch], Expr]]:
    """T on |f| <= B: the unbounded branches up to the beta at which B is stationary, then f = B.

    The risk is convex in f, so its minimum over the interval is the unbounded minimiser, cut at B.
    One case for each piece that may hold B; more than one only when B is a symbol.
    """
    f = margin_symbol()
    cases: list[tuple[list[Branch], Expr]] = []
    for i, low in enumerate(pieces.knots):
        high = pieces.knots[i + 1] if i + 1 < len(pieces.knots) else sympy.oo
        above, below = (
            constant_sign(B - low),
            constant_sign(high - B) if high is not sympy.oo else 1,
        )
        if above in (0, -1) or below == -1:
            continue
        if above is None and not B.free_symbols:
            raise stop(f"whether {B} or {low} is larger")
        threshold = _threshold(pieces, i, high, B)
        branches = []
        for branch in unbounded:
            if branch.piece < i or (branch.piece == i and not branch.runs):
                branches.append(branch)
            elif branch.piece == i:
                branches.append(replace(branch, end=threshold))
        if branches and constant_sign(branches[-1].end - 1) == 1:
            branches[-1] = replace(branches[-1], end=sympy.Integer(1))
        complete = bool(branches) and branches[-1].end == 1
        if not complete:
            tangent = at_zero - risk_at(pieces.right[i].subs(f, B), pieces.left[i].subs(f, B))
            branches.append(Branch(_affine(tangent), sympy.Integer(1), B, i, False))
        last = complete or high is sympy.oo or below in (0, 1)
        cases.append((branches, True if last else high >= B))
        if last:
            break
    return cases
