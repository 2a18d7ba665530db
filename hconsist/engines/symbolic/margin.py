"""Binary margin losses l = phi(v) on scores in [-B, B], B finite, infinite or a symbol.

With eta = (1 + beta)/2 and the margin f of the likelier label, the conditional risk is
C(f) = eta phi(f) + (1 - eta) phi(-f), and T(beta) = inf over f <= 0 of C minus inf over |f| <= B of
C.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import pairwise
from typing import Any

import numpy as np
import sympy

from hconsist.arithmetic import SYMPY, to_sympy
from hconsist.engines.derivation import Step, beta_symbol
from hconsist.engines.symbolic.consequences import Case, convex_consequences
from hconsist.engines.symbolic.forms import (
    beta_of_odds,
    in_beta,
    odds_symbol,
    rational_in_exponentials,
)
from hconsist.engines.symbolic.signs import constant_sign, holds, sign_on
from hconsist.engines.symbolic.solution import Solution, stop
from hconsist.losses import MarginLoss
from hconsist.pointwise import PointwiseProblem, Witness

tex = sympy.latex


def margin_symbol() -> Any:
    """The margin of the likelier label."""
    return sympy.Symbol("f", real=True)


def margin_variable() -> Any:
    """The argument of phi."""
    return sympy.Symbol("v", real=True)


@dataclass(frozen=True)
class Pieces:
    """phi on f >= 0 and its mirror image phi(-f), smooth between the knots 0 = r_0 < r_1 < ... <
    oo.

    Parameters
    ----------
    knots : tuple of sympy.Expr
        Where a formula changes, starting with 0.
    right, left : tuple of sympy.Expr
        phi(f) and phi(-f) on [r_i, r_(i+1)].
    """

    knots: tuple[Any, ...]
    right: tuple[Any, ...]
    left: tuple[Any, ...]


@dataclass(frozen=True)
class Branch:
    """T on an interval of beta.

    Parameters
    ----------
    T : sympy.Expr
    end : sympy.Expr
        The largest beta it holds for; the branches follow one another from 0 to 1.
    best : sympy.Expr
        The best margin.
    piece : int
        The piece of phi that holds the best margin, or that starts at it.
    runs : bool
        Whether the best margin moves through the piece with beta, or stays at an end.
    """

    T: Any
    end: Any
    best: Any
    piece: int
    runs: bool


def _kinks(expression: Any, v: Any) -> set[Any]:
    """Real points where a Max, Min, Abs or Piecewise inside the expression may switch."""
    found: set[Any] = set()
    for node in expression.atoms(sympy.Max, sympy.Min, sympy.Abs, sympy.Piecewise):
        if isinstance(node, sympy.Abs):
            differences = [node.args[0]]
        elif isinstance(node, sympy.Piecewise):
            relations = [r for _, c in node.args for r in c.atoms(sympy.core.relational.Relational)]
            differences = [r.lhs - r.rhs for r in relations]
        else:
            differences = [p - q for i, p in enumerate(node.args) for q in node.args[:i]]
        for difference in differences:
            if difference.has(sympy.Max, sympy.Min, sympy.Abs, sympy.Piecewise):
                # an inner switch is found at its own node; the outer one on the inner branches
                # below
                continue
            if v in difference.free_symbols:
                try:
                    found |= {r for r in sympy.solve(difference, v) if r.is_real}
                except NotImplementedError as problem:
                    raise stop(
                        f"no closed form for where {difference} changes its sign"
                    ) from problem
    return found


def _resolve(expression: Any, v: Any, sample: Any) -> Any:
    """The smooth formula that holds around a sample point."""

    def choose(node: Any) -> Any:
        if isinstance(node, sympy.Abs):
            return (
                node.args[0] if constant_sign(node.args[0].subs(v, sample)) == 1 else -node.args[0]
            )
        if isinstance(node, sympy.Piecewise):
            for value, condition in node.args:
                if holds(condition.subs(v, sample)):
                    return value
            raise stop(f"the branch of {node} at {v} = {sample}")
        best = node.args[0]
        for arg in node.args[1:]:
            sign = constant_sign((arg - best).subs(v, sample))
            if sign is None:
                raise stop(f"the sign of {(arg - best).subs(v, sample)}")
            if (sign > 0) == isinstance(node, sympy.Max):
                best = arg
        return best

    switches = (sympy.Max, sympy.Min, sympy.Abs, sympy.Piecewise)
    while expression.has(*switches):
        inner = [
            n for n in expression.atoms(*switches) if not any(a.has(*switches) for a in n.args)
        ]
        expression = expression.xreplace({node: choose(node) for node in inner})
    return expression


def split(phi: Any, v: Any) -> Pieces:
    """Cut the line where the formula changes.

    Raises
    ------
    EngineCannotAnswerError
        When the order of two switching points stays open.
    """
    knots: list[Any] = [sympy.Integer(0)]
    kinks = _kinks(phi, v)
    for kink in kinks | _inner_switches(phi, v):
        size = kink if constant_sign(kink) == 1 else -kink
        if constant_sign(kink) == 0:
            continue
        for i, other in enumerate(knots):
            order = constant_sign(size - other)
            if order is None:
                raise stop(f"whether {size} or {other} is larger: give the parameters values")
            if order == 0:
                break
            if order < 0:
                knots.insert(i, size)
                break
        else:
            knots.append(size)
    f = margin_symbol()
    right, left = [], []
    for low, high in pairwise([*knots, sympy.oo]):
        sample = (low + high) / 2 if high is not sympy.oo else low + 1
        right.append(_resolve(phi, v, sample).subs(v, f))
        left.append(_resolve(phi, v, -sample).subs(v, -f))
    return Pieces(tuple(knots), tuple(right), tuple(left))


def _inner_switches(phi: Any, v: Any) -> set[Any]:
    """Switching points of nested Max and Min: pairs among all smooth arguments."""
    leaves = set()
    for node in phi.atoms(sympy.Max, sympy.Min):
        leaves |= {
            a for a in node.args if not a.has(sympy.Max, sympy.Min, sympy.Abs, sympy.Piecewise)
        }
    found: set[Any] = set()
    ordered = sorted(leaves, key=sympy.default_sort_key)
    for i, p in enumerate(ordered):
        for q in ordered[:i]:
            if v in (p - q).free_symbols:
                found |= {r for r in sympy.solve(p - q, v) if r.is_real}
    return found


def is_convex(pieces: Pieces) -> bool:
    """Whether phi is provably convex on the line: curvature on each piece, slopes across the
    knots.
    """
    f = margin_symbol()
    last = len(pieces.knots) - 1
    for i, low in enumerate(pieces.knots):
        high = pieces.knots[i + 1] if i < last else sympy.oo
        for formula in (pieces.right[i], pieces.left[i]):
            if sign_on(sympy.diff(formula, f, 2), f, low, high) not in (0, 1):
                return False
        if i:
            for side in (
                pieces.right,
                pieces.left,
            ):  # in the mirrored variable slopes increase outwards as well
                jump = (sympy.diff(side[i], f) - sympy.diff(side[i - 1], f)).subs(f, low)
                if constant_sign(jump) not in (0, 1):
                    return False
    jump = (sympy.diff(pieces.right[0], f) + sympy.diff(pieces.left[0], f)).subs(f, 0)
    return constant_sign(sympy.simplify(jump)) in (0, 1)


def solve(problem: PointwiseProblem) -> Solution:
    """Derive T of a binary margin loss.

    Raises
    ------
    EngineCannotAnswerError
    """
    loss = problem.surrogate
    assert isinstance(loss, MarginLoss)
    v = margin_variable()
    bound = problem.hypotheses.score_bound
    return derive_margin(
        problem,
        sympy.sympify(loss.of_margin(v, SYMPY)),
        sympy.oo if bound is None else to_sympy(bound),
    )


def of_softmax(problem: PointwiseProblem, phi: Any, u: Any, temperature: Any) -> Solution:
    """A loss of the softmax value with two classes whose sum over the two labels is constant, such
    as the MAE.

    As a loss of the score difference over the temperature it is symmetric around a point.
    """
    if sympy.simplify(phi + phi.subs(u, 1 - u)).has(u):
        raise stop(
            f"phi(u) = {phi} is convex neither on (0, 1) nor in the scores, and its sum over two "
            "labels is not constant"
        )
    v = margin_variable()
    bound = problem.hypotheses.score_bound
    reach = sympy.oo if bound is None else 2 * to_sympy(bound) / temperature
    return derive_margin(problem, phi.subs(u, 1 / (1 + sympy.exp(-v))), reach)


def of_two_classes(problem: PointwiseProblem) -> Solution:
    """A loss symmetric in two labels that sees only the difference v of their scores."""
    v, shift = margin_variable(), sympy.Symbol("t", real=True)
    half = v if problem.surrogate.sum_to_zero else v / 2
    scores = np.array([half, -half], dtype=object)
    phi = sympy.sympify(problem.surrogate.losses(scores, SYMPY)[0])
    if not problem.surrogate.sum_to_zero:
        moved = sympy.sympify(problem.surrogate.losses(scores + shift, SYMPY)[0])
        if any(sympy.simplify(moved.subs(shift, x) - phi) != 0 for x in (1, -2)):
            raise stop("the loss depends on more than the difference of the scores")
    bound = problem.hypotheses.score_bound
    reach = (
        sympy.oo if bound is None else to_sympy(bound) * (1 if problem.surrogate.sum_to_zero else 2)
    )
    return derive_margin(problem, phi, reach)


def derive_margin(problem: PointwiseProblem, phi: Any, B: Any) -> Solution:
    """Derive T of phi(v) with |v| <= B, v the argument of the formula for the likelier label."""
    v = margin_variable()
    steps = [
        Step(
            r"\mathcal{C}_\beta(f) = \tfrac{1+\beta}{2}\varphi(f) + "
            r"\tfrac{1-\beta}{2}\varphi(-f),\quad \varphi(v) = " + tex(phi),
            "Two labels, of which the likelier has probability (1 + beta)/2; f is its margin",
            (rf"|f| \le {tex(B)}" if B is not sympy.oo else r"f \in \mathbb{R}",),
        )
    ]
    total = sympy.simplify(phi + phi.subs(v, -v))
    pieces = split(phi, v)
    if not total.has(v) and decreasing(pieces):
        return _symmetric(problem, phi, v, total, B, steps)
    if is_convex(pieces):
        return _convex(problem, phi, v, pieces, B, steps)
    return _corners(problem, pieces, B, steps)


def decreasing(pieces: Pieces) -> bool:
    """Whether phi provably does not increase on the line."""
    f = margin_symbol()
    ends = [*pieces.knots[1:], sympy.oo]
    for i, (low, high) in enumerate(zip(pieces.knots, ends, strict=True)):
        if sign_on(sympy.diff(pieces.right[i], f), f, low, high) not in (0, -1):
            return False
        if sign_on(sympy.diff(pieces.left[i], f), f, low, high) not in (0, 1):
            return False
    return True


# -- phi(v) + phi(-v) constant


def _symmetric(
    problem: PointwiseProblem, phi: Any, v: Any, total: Any, B: Any, steps: list[Step]
) -> Solution:
    b = beta_symbol()
    end = sympy.limit(phi, v, sympy.oo) if B is sympy.oo else phi.subs(v, B)
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
    derivation = convex_consequences(problem, T, steps, [Case([(T, sympy.Integer(1))])])
    return Solution(derivation, witness=_witness(problem))


# -- convex phi


def _convex(
    problem: PointwiseProblem, phi: Any, v: Any, pieces: Pieces, B: Any, steps: list[Step]
) -> Solution:
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
            steps.append(
                Step(
                    rf"f^*(\beta) = {tex(branch.best)}",
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
            Case([(branch.T, branch.end) for branch in branches], condition, curvature)
        )
    at_one = None
    last = cases[-1][0][-1]
    if B is sympy.oo and last.runs and last.best.subs(beta_symbol(), 1).is_infinite:
        at_one = at_zero - sympy.limit(
            pieces.right[-1], f, sympy.oo
        )  # only phi(f) counts, and f is as large as can be
    return Solution(
        convex_consequences(problem, T, steps, consequences),
        at_one=at_one,
        witness=_witness(problem),
    )


def _curvature(pieces: Pieces, i: int) -> tuple[Any, Any, Any, Any] | None:
    """T'' as a function of the best margin f on piece i, with f and its interval."""
    f = margin_symbol()
    slopes = sympy.diff(pieces.left[i], f) - sympy.diff(pieces.right[i], f)
    expression = rational_in_exponentials(
        slopes / (2 * sympy.diff(_switch(pieces.right[i], pieces.left[i]), f)), f
    )
    high = pieces.knots[i + 1] if i + 1 < len(pieces.knots) else sympy.oo
    return expression, f, pieces.knots[i], high


def risk_at(right: Any, left: Any) -> Any:
    """(1 + beta)/2 phi(f) + (1 - beta)/2 phi(-f)."""
    b = beta_symbol()
    return (1 + b) / 2 * right + (1 - b) / 2 * left


def _branches(pieces: Pieces, at_zero: Any) -> list[Branch]:
    """T without a bound on f."""
    f = margin_symbol()
    found: list[Branch] = []
    reached = sympy.Integer(0)
    for i, low in enumerate(pieces.knots):
        high = pieces.knots[i + 1] if i + 1 < len(pieces.knots) else sympy.oo
        right, left = pieces.right[i], pieces.left[i]
        switch = _switch(right, left)
        start = _end_value(switch, f, low, "+")
        if constant_sign(start - reached) == 1:  # a kink at low: it stays best for a while
            stay = at_zero - risk_at(right.subs(f, low), left.subs(f, low))
            found.append(Branch(_affine(stay), start, low, i, False))
            reached = start
        if reached == 1:
            break
        end = _end_value(switch, f, high, "-")
        if constant_sign(end - start) != 1:
            continue  # the piece is passed at one beta
        if constant_sign(end - 1) == 1:
            end = sympy.Integer(1)
        best = _solve_switch(switch, f, low, high)
        T = (at_zero - risk_at(right.subs(f, best), left.subs(f, best))).subs(
            beta_symbol(), beta_of_odds()
        )
        found.append(
            Branch(in_beta(sympy.powsimp(sympy.expand_power_exp(T))), end, in_beta(best), i, True)
        )
        reached = end
        if reached == 1:
            break
    if reached != 1:
        raise stop("the risk is not minimised by finite or infinite margins in closed form")
    return found


def _switch(right: Any, left: Any) -> Any:
    """The beta at which f is stationary: (R - 1)/... written with slopes a = -phi'(f) and d =
    -phi'(-f) > 0.
    """
    f = margin_symbol()
    a, d = -sympy.diff(right, f), sympy.diff(left, f)
    return sympy.factor(rational_in_exponentials((d - a) / (d + a), f))


def _end_value(switch: Any, f: Any, point: Any, side: str) -> Any:
    if point is sympy.oo:
        return sympy.limit(switch, f, point)
    value = switch.subs(f, point)
    return (
        sympy.limit(switch, f, point, side)
        if value.has(sympy.nan, sympy.zoo)
        else sympy.simplify(value)
    )


def _solve_switch(switch: Any, f: Any, low: Any, high: Any) -> Any:
    """The f in [low, high] with switch(f) = beta, in terms of w (see `forms`)."""
    w, z = odds_symbol(), sympy.Dummy("z", positive=True)
    exponential = switch.has(sympy.exp)
    unknown = z if exponential else f
    left = sympy.expand_power_exp(switch.subs(f, sympy.log(z))) if exponential else switch
    equation = sympy.factor(sympy.numer(sympy.together(left - beta_of_odds())))
    if not equation.is_polynomial(unknown):
        raise stop(f"the stationarity equation beta = {switch} is not algebraic")
    roots = [
        sympy.log(r) if exponential else r
        for r in sympy.roots(sympy.Poly(equation, unknown), multiple=True)
    ]
    # Exactly one root lies in the piece, where the switch increases. Pick it at a beta that the
    # piece covers.
    start, end = _end_value(switch, f, low, "+"), _end_value(switch, f, high, "-")
    end = sympy.Integer(1) if constant_sign(end - 1) == 1 else end
    middle = (start + end) / 2
    sample = sympy.sqrt((1 - middle) / (1 + middle))
    chosen = []
    for root in roots:
        value = root.subs(w, sample)
        if value.has(sympy.I) or constant_sign(value - low) not in (0, 1):
            continue
        if high is sympy.oo or constant_sign(high - value) in (0, 1):
            chosen.append(root)
    if len(chosen) != 1:
        raise stop(f"the stationarity equation beta = {switch} could not be solved for f")
    return chosen[0]


def _affine(T: Any) -> Any:
    """Affine in beta: polynomials collected, other coefficients left as they came."""
    return sympy.collect(sympy.expand(T), beta_symbol()) if T.is_polynomial() else T


def _assemble(branches: list[Branch]) -> Any:
    b = beta_symbol()
    if len(branches) == 1:
        return branches[0].T
    return sympy.Piecewise(
        *((branch.T, b <= branch.end) for branch in branches[:-1]), (branches[-1].T, True)
    )


def _bounded(
    pieces: Pieces, at_zero: Any, unbounded: list[Branch], B: Any
) -> list[tuple[list[Branch], Any]]:
    """T on |f| <= B: the unbounded branches up to the beta at which B is stationary, then f = B.

    The risk is convex in f, so its minimum over the interval is the unbounded minimiser, cut at B.
    One case for each piece that may hold B; more than one only when B is a symbol.
    """
    f = margin_symbol()
    cases: list[tuple[list[Branch], Any]] = []
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
        threshold = _end_value(_switch(pieces.right[i], pieces.left[i]), f, B, "-")
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


# -- corners: phi concave or linear on every piece


def _corners(problem: PointwiseProblem, pieces: Pieces, B: Any, steps: list[Step]) -> Solution:
    f, b = margin_symbol(), beta_symbol()
    ends = [*pieces.knots[1:], sympy.oo]
    for i, (low, high) in enumerate(zip(pieces.knots, ends, strict=True)):
        for formula in (pieces.right[i], pieces.left[i]):
            if sign_on(sympy.diff(formula, f, 2), f, low, high) not in (0, -1):
                raise stop(
                    "phi is neither convex, nor symmetric around a point, nor concave between its "
                    "corners"
                )
    cases = []
    for i, (low, high) in enumerate(zip(pieces.knots, ends, strict=True)):
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
    listed = [Case([(expression, sympy.Integer(1))], condition) for expression, condition in cases]
    return Solution(convex_consequences(problem, T, steps, listed), witness=_witness(problem))


def _smallest(risks: list[Any]) -> Any:
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


# -- witness


def _witness(problem: PointwiseProblem) -> Callable[[Fraction], Witness] | None:
    """The tie f = 0 at p = ((1 + beta)/2, (1 - beta)/2), or the best wrong margin on a grid where
    the tie is not best.
    """
    if problem.is_symbolic:
        return None
    bound = problem.hypotheses.score_bound
    reach = 60.0 if bound is None else float(bound)

    def witness(beta: Fraction) -> Witness:
        p = ((1 + beta) / 2, (1 - beta) / 2)
        floats = [float(v) for v in p]

        def lowest(sign: float) -> tuple[float, float]:
            margins = np.concatenate(
                [np.linspace(0, reach, 2001), np.linspace(0, min(reach, 4.0), 2001)]
            )
            for _ in range(4):  # a grid, refined around its best point
                risks = problem.conditional_risk(
                    np.stack([sign * margins, -sign * margins], axis=-1), floats
                )
                best, step = margins[int(np.argmin(risks))], np.ptp(margins) / 500
                margins = np.clip(np.linspace(best - step, best + step, 2001), 0, reach)
            return float(best), float(risks.min())

        (worst, wrong), (_, right) = lowest(-1.0), lowest(1.0)
        return Witness(p, (-worst, worst), (1,), wrong - min(right, wrong))

    return witness
