"""Two labels: ``min p_1 phi(f) + p_2 phi(-f)`` over |f| <= B, by stationarity or at the kinks.

phi is cut into pieces that are proven to meet (`margin.split`); that it falls, or is convex, is
proven on them.
"""

from __future__ import annotations

import sympy
from sympy import Expr

from hconsist.arithmetic import to_sympy
from hconsist.engines.symbolic import margin
from hconsist.engines.symbolic.best_in_class.shown import Found, formula
from hconsist.engines.symbolic.best_in_class.sum_to_zero import active_branch
from hconsist.engines.symbolic.margin import MarginPieces
from hconsist.engines.symbolic.signs import constant_sign
from hconsist.engines.symbolic.solution import stop
from hconsist.losses.forms import OfMargin
from hconsist.pointwise import PointwiseProblem


def _likelier() -> tuple[Expr, Expr]:
    """p_max and 1 - p_max."""
    eta, theta = sympy.symbols("eta theta", positive=True)
    return eta, theta


def derive(problem: PointwiseProblem, p: tuple[Expr, ...]) -> Found | None:
    """C* of a binary margin loss: piecewise linear, or with an even derivative, or convex."""
    form, bound = problem.surrogate.form(OfMargin), problem.hypotheses.score_bound
    if form is None or len(p) != 2:
        return None
    v, f = margin.margin_variable(), margin.margin_symbol()
    phi = formula(form.phi, v)
    curve = None if problem.surrogate.symbolic else form.phi
    pieces = margin.split(phi, v, curve)
    limit = sympy.oo if bound is None else to_sympy(bound)
    if all(_is_linear(piece, f) for piece in (*pieces.right, *pieces.left)):
        risk, steps = _at_a_kink(phi, v, pieces, limit)
    else:
        slope = sympy.simplify(sympy.diff(pieces.right[0], f))
        even = len(pieces.knots) == 1 and sympy.simplify(phi - pieces.right[0].subs(f, v)) == 0
        if even and sympy.simplify(slope - slope.subs(f, -f)) == 0:
            risk, steps = _at_the_end(phi.subs(v, f), f, pieces, limit)
        else:
            risk, steps = _stationary(phi.subs(v, f), f, pieces, limit, problem.is_symbolic)
    eta, theta = _likelier()
    whole = sympy.expand_log(sympy.powsimp(risk.subs(eta + theta, 1)), force=True)
    definition = (
        r"\mathcal C(f) = \eta\, \varphi(f) + \theta\, \varphi(-f),\ \eta = p_{\max} = 1 - "
        r"\theta,\quad \varphi(v) = " + sympy.latex(phi),
        "definition",
    )
    return whole.subs({eta: sympy.Max(*p), theta: sympy.Min(*p)}), [definition, *steps]


def _is_linear(piece: Expr, f: Expr) -> bool:
    return bool(piece.is_polynomial(f) and sympy.degree(piece, f) <= 1)


def _require_decreasing(phi: Expr, pieces: MarginPieces) -> None:
    if not margin.decreasing(pieces):
        raise stop(f"could not show that phi = {phi} does not increase")


def _at_a_kink(phi: Expr, v: Expr, pieces: MarginPieces, limit: Expr) -> Found:
    eta, theta = _likelier()
    _require_decreasing(phi, pieces)
    if limit is sympy.oo and pieces.right[-1].has(margin.margin_symbol()):
        raise stop(f"phi(v) = {phi} falls without bound: so does the risk of a sure label")
    points = {sympy.Min(k, limit) if limit is not sympy.oo else k for k in pieces.knots}
    points |= {limit} if limit is not sympy.oo else set()
    values = [
        eta * phi.subs(v, point) + theta * phi.subs(v, -point) for point in sorted(points, key=str)
    ]
    return sympy.Min(*values), [
        (
            r"\mathcal C \text{ is piecewise linear, and } \mathcal C(f) \le \mathcal C(-f) "
            r"\text{ for } f \ge 0",
            "phi does not increase: the minimum is at a kink or the end",
        )
    ]


def _at_the_end(phi: Expr, f: Expr, pieces: MarginPieces, limit: Expr) -> Found:
    eta, theta = _likelier()
    _require_decreasing(phi, pieces)
    ends = [
        sympy.limit(phi, f, sign * limit) if limit is sympy.oo else phi.subs(f, sign * limit)
        for sign in (1, -1)
    ]
    if any(end.is_finite is False for end in ends):
        raise stop(f"phi = {phi} is unbounded")
    return eta * ends[0] + theta * ends[1], [
        (
            r"\mathcal C'(f) = (\eta - \theta) \varphi'(f) \le 0",
            "the derivative of phi is even",
        )
    ]


def _stationary(phi: Expr, f: Expr, pieces: MarginPieces, limit: Expr, symbolic: bool) -> Found:
    """A convex phi that falls at 0: the stationary point, which has f >= 0, or the end B."""
    eta, theta = _likelier()
    if not margin.is_convex(pieces):
        raise stop(f"could not show that phi = {phi} is convex")
    # A power of max(0, 1 - v) is read as that of 1 - v.
    smooth = active_branch(phi, f)
    if smooth is None:
        raise stop(f"phi = {phi} changes its formula")
    slope = sympy.simplify(sympy.diff(smooth, f))
    if constant_sign(slope.subs(f, 0)) != -1:
        raise stop(f"could not show that phi = {phi} falls at 0")
    odds = sympy.Symbol("E", positive=True)
    equation = sympy.simplify((eta * slope - theta * slope.subs(f, -f)).rewrite(sympy.exp))
    try:
        if equation.has(sympy.exp):
            in_odds = sympy.simplify(equation.subs(f, sympy.log(odds)))
            roots = [sympy.log(r) for r in sympy.solve(in_odds, odds)]
        else:
            roots = sympy.solve(equation, f)
    except (NotImplementedError, TypeError):  # SymPy asks for the truth of an open relation
        roots = []
    # The optimum is 0 at equal probabilities; other roots are not on the real line or not on the
    # active branch.
    roots = [r for r in roots if r.subs({eta: 1, theta: 1}) == 0]
    if len(roots) != 1 or not (symbolic or _solves(roots[0], phi, f)):
        raise stop(f"no closed form for the stationary point of phi = {phi}")
    best = sympy.simplify(roots[0])
    inside = sympy.simplify(
        sympy.expand_log(eta * smooth.subs(f, best) + theta * smooth.subs(f, -best), force=True)
    )
    steps = [
        (
            r"\mathcal C'(f) = 0 \iff f = " + sympy.latex(best),
            "convex: the stationary point is the minimum",
        )
    ]
    if limit is sympy.oo:
        return inside, steps
    end = eta * phi.subs(f, limit) + theta * phi.subs(f, -limit)
    return sympy.Piecewise((inside, best <= limit), (end, True)), [
        *steps,
        (r"f = B \text{ where the stationary point lies outside}", "convexity"),
    ]


def _solves(root: Expr, phi: Expr, f: Expr) -> bool:
    """Whether the risk is stationary at the root for several odds: a guard against a wrong branch
    of a root.
    """
    eta, theta = _likelier()
    slope = sympy.diff(phi, f)
    for share in (sympy.Rational(11, 20), sympy.Rational(3, 4), sympy.Rational(49, 50)):
        point = root.subs({eta: share, theta: 1 - share})
        here = share * slope.subs(f, point) - (1 - share) * slope.subs(f, -point)
        if not point.is_real or constant_sign(here) != 0:
            return False
    return True
