"""Any convex phi: two labels decide, by theorem D or X where the marginal loss is infinite at 0,
by theorem H where it is finite.
"""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import sympy
from scipy.optimize import minimize_scalar
from sympy import Expr, Poly

from hconsist.arithmetic import to_sympy
from hconsist.engines.derivation import Step, beta_symbol
from hconsist.engines.symbolic.consequences import SymbolRange, convex_consequences
from hconsist.engines.symbolic.forms import beta_of_odds, in_beta, odds_symbol
from hconsist.engines.symbolic.nodes import ConvexMinimum
from hconsist.engines.symbolic.signs import constant_sign, holds, sign_on
from hconsist.engines.symbolic.softmax.form import Power, share
from hconsist.engines.symbolic.softmax.powers import two_label_transform
from hconsist.engines.symbolic.softmax.witnesses import evaluated, tied_scores
from hconsist.engines.symbolic.solution import Solution, stop
from hconsist.pointwise import PointwiseProblem, Witness

tex = sympy.latex


def of_convex(
    problem: PointwiseProblem,
    phi: Expr,
    steps: list[Step],
    reach: Expr = sympy.Integer(1),
    power: Power | None = None,
) -> Solution:
    """Two labels decide (theorem D), or there are only two.

    Parameters
    ----------
    problem, phi, steps
    reach : sympy.Expr
        The largest softmax value that the scores allow; 1 for complete hypothesis sets.
    power : Power or None
        The power form of phi, whose two-label formula is known.
    """
    u, s = share(), sympy.Symbol("s", positive=True)
    b, w = beta_symbol(), odds_symbol()
    marginal = sympy.factor(-sympy.diff(phi, u))
    h = (
        sympy.cancel(1 / marginal)
        if marginal.is_rational_function(u)
        else sympy.simplify(1 / marginal)
    )
    one, half = sympy.Integer(1), sympy.Rational(1, 2)
    if sign_on(h, u, 0, one) != 1:
        raise stop(f"phi(u) = {phi} is not provably decreasing on (0, 1)")
    in_share = sign_on(sympy.diff(h, u), u, 0, one) == 1
    # Convex in the score difference v, u = 1/(1 + e^-v): phi_v = -psi u (1 - u) does not decrease.
    in_scores = problem.n_classes == 2 and sign_on(sympy.diff(u * (1 - u) / h, u), u, 0, one) == -1
    if not in_share and not in_scores:
        raise stop(f"phi(u) = {phi} is provably convex neither on (0, 1) nor in the scores")
    at_zero = sympy.limit(h, u, 0, "+")
    steps.append(
        Step(
            rf"\psi(u) := -\varphi'(u) = {tex(marginal)} > 0,\quad h := 1/\psi"
            + (r",\quad h' \ge 0" if in_share else r",\quad (u(1-u)\psi)' \le 0"),
            "Differentiate: phi decreases and is convex "
            + ("on (0, 1)" if in_share else "in the difference of the scores"),
            (r"0 < u < 1",),
        )
    )
    if problem.n_classes != 2:
        steps.append(
            _many_labels_of_infinite_marginal(h, u)
            if at_zero == 0
            else _many_labels_of_finite_marginal(phi, h, u)
        )
    # Stationarity p_1 psi(s) = p_2 psi(1 - s) reads beta = (h(s) - h(1 - s))/(h(s) + h(1 - s)),
    # increasing in s.
    mirror = h.subs(u, 1 - s)
    switch = sympy.factor(
        sympy.cancel(sympy.together((h.subs(u, s) - mirror) / (h.subs(u, s) + mirror)))
    )
    steps.append(
        Step(
            rf"\beta = \frac{{h(s) - h(1-s)}}{{h(s) + h(1-s)}} = {tex(switch)}",
            "Lagrange stationarity p_1 psi(s) = p_2 psi(1 - s) for p = ((1 + beta)/2, (1 - "
            "beta)/2)",
            (r"s = S_1 \ge \tfrac12",),
        )
    )
    tie = phi.subs(u, half)
    risk = (1 + b) / 2 * phi.subs(u, s) + (1 - b) / 2 * phi.subs(u, 1 - s)
    top = sympy.limit(switch, s, 1, "-") if reach == 1 else _threshold(switch, s, reach)
    branches = []
    equation = sympy.numer(sympy.together(switch - beta_of_odds()))
    best: Expr | None = None
    T: Expr | None = None
    if power is not None and holds(power.m > 0):
        T = two_label_transform(power)
    elif equation.is_polynomial(s):
        best = _share_of(sympy.Poly(equation, s), s, w, top)
    if best is not None and best.is_rational_function(w):
        gap = (tie - risk).subs(b, beta_of_odds()).subs(s, best)
        T = in_beta(gap if gap.has(sympy.log) else sympy.cancel(sympy.together(gap)))
    elif best is not None or (T is None and not in_share):
        numerator = sympy.numer(sympy.together(switch - b))
        if numerator.is_polynomial(s):
            best = _quadratic_share(sympy.Poly(numerator, s), top)
        if best is None:
            raise stop(f"the stationarity equation beta = {switch} could not be solved for s")
        T = tie - risk.subs(s, best)
    elif T is None:
        T = tie - ConvexMinimum(risk, s, half, one)
    branches.append((T, one if top == 1 else top))
    at_one = None
    if top != 1:
        branches.append(
            (tie - ((1 + b) / 2 * phi.subs(u, reach) + (1 - b) / 2 * phi.subs(u, 1 - reach)), one)
        )
        T = sympy.Piecewise((T, b <= top), (branches[-1][0], True))
    else:
        at_one = sympy.simplify(tie - sympy.limit(phi, u, 1, "-"))
    steps.append(Step(rf"\mathcal{{T}}(\beta) = {tex(T)}", "Tie against optimum", ()))
    curvature = sympy.factor(
        (h.subs(u, s) + mirror) ** 3
        / (
            4
            * h.subs(u, s)
            * mirror
            * (
                sympy.diff(h, u).subs(u, s) * mirror
                + h.subs(u, s) * sympy.diff(h, u).subs(u, 1 - s)
            )
        )
    )
    derivation = convex_consequences(
        problem, T, steps, [SymbolRange(branches, True, (curvature, s, half, one))]
    )
    witness = None
    if not problem.is_symbolic:

        def witness(beta: Fraction) -> Witness:
            p = ((1 + beta) / 2, (1 - beta) / 2, *([Fraction(0)] * (problem.n - 2)))
            risks = sympy.lambdify(s, risk.subs(b, to_sympy(beta)), "scipy")
            found = minimize_scalar(
                risks, bounds=(0.5, float(reach)), method="bounded", options={"xatol": 1e-12}
            )
            ends = (
                [float(phi.subs(u, reach))]
                if beta == 1
                else []
                if top == 1
                else [float(risks(float(reach)))]
            )
            return evaluated(
                problem,
                p,
                tied_scores(problem, 2),
                1,
                lambda q: min(float(found.fun), *ends, np.inf),
            )

    return Solution(derivation, at_one=at_one, witness=witness)


def _threshold(switch: Expr, s: Expr, reach: Expr) -> Expr:
    """The beta from which on the largest softmax value in reach is best."""
    return sympy.simplify(switch.subs(s, reach))


def _share_of(polynomial: Poly, s: Expr, w: Expr, top: Expr) -> Expr | None:
    """The root s in (1/2, 1) of the stationarity equation in terms of w; None where roots are not
    found.
    """
    if polynomial.degree() > 2:
        return None
    middle = top / 2
    sample = sympy.sqrt((1 - middle) / (1 + middle))
    half = sympy.Rational(1, 2)
    chosen = []
    for root in sympy.roots(polynomial, multiple=True):
        value = root.subs(w, sample)
        if constant_sign(value - half) in (0, 1) and constant_sign(1 - value) in (0, 1):
            chosen.append(root)
    return chosen[0] if len(chosen) == 1 else None


def _quadratic_share(polynomial: Poly, top: Expr) -> Expr:
    """The root of a quadratic in s, in the form whose denominator does not vanish with beta."""
    b, half = beta_symbol(), sympy.Rational(1, 2)
    if polynomial.degree() != 2:
        return None
    first, second, third = polynomial.all_coeffs()
    root = sympy.sqrt(sympy.expand(second**2 - 4 * first * third))
    for sign in (1, -1):
        for value in (2 * third / (-second + sign * root), (-second + sign * root) / (2 * first)):
            start, inside = value.subs(b, 0), value.subs(b, top / 2)
            if start in (sympy.nan, sympy.zoo) or constant_sign(start - half) != 0:
                continue
            if constant_sign(inside - half) == 1 and constant_sign(1 - inside) == 1:
                return value
    return None


def _many_labels_of_infinite_marginal(h: Expr, u: Expr) -> Step:
    """Theorem D, or X for h = a u (1 - rho u): two labels decide for every n. h increases, so that
    a > 0 and rho <= 1/2.
    """
    one = sympy.Integer(1)
    convex, concave = (
        sign_on(sympy.diff(h, u, 2), u, 0, one) in signs for signs in ((0, 1), (0, -1))
    )
    squared = sign_on(sympy.diff(h**2, u, 2), u, 0, one) in (0, 1)
    if concave and not squared and sympy.simplify(sympy.diff(h, u, 3)) == 0:
        return Step(
            r"h = a\,u(1 - \rho u),\ 0 \le \rho \le \tfrac12 \implies "
            r"\mathcal{T}_n = \mathcal{T}_2 \text{ for every } n",
            "Theorem X: against every tie of the predicted label a competitor gains a line of the "
            "value of two labels",
        )
    if not convex and not (concave and squared):
        raise stop(
            f"h(u) = 1/psi(u) = {h} is neither convex, nor concave with a convex square (theorem D)"
        )
    shape = "h'' \\ge 0" if convex else "h'' \\le 0,\\ (h^2)'' \\ge 0"
    return Step(
        rf"{shape},\ h(0) = 0 \implies \mathcal{{T}}_n = \mathcal{{T}}_2 \text{{ for every }} n",
        "Theorem D: moving mass from the other labels to the two at stake lowers the regret",
    )


def _many_labels_of_finite_marginal(phi: Expr, h: Expr, u: Expr) -> Step:
    """Theorem H: labels of small probability get no mass, and two labels still decide for every
    n.
    """
    one, half, third = sympy.Integer(1), sympy.Rational(1, 2), sympy.Rational(1, 3)
    s, b = sympy.Symbol("s", positive=True), beta_symbol()
    psi = 1 / h
    finite = (
        f"the marginal loss at 0 is finite ({psi.subs(u, 0)}), so labels may get no mass: "
        "theorem H needs "
    )
    if sign_on(sympy.diff(h, u, 2), u, 0, one) not in (0, 1):
        raise stop(finite + f"a convex reciprocal marginal, not h(u) = {h}")
    rest = u * psi - (1 - 2 * u) * psi.subs(u, 1 - 2 * u)
    if sign_on(sympy.diff(u * psi, u), u, 0, third) not in (0, 1) or sign_on(
        rest, u, third, half
    ) not in (0, 1):
        raise stop(
            finite
            + f"u psi(u) = {u * psi} to increase up to 1/3, and to stay above its value at 1 - 2u "
            "up to 1/2"
        )
    slope = sympy.diff(psi, u)
    bend = psi - psi.subs(u, u / 2) - u / 4 * slope.subs(u, u / 2) + u / 2 * slope
    if sign_on(bend, u, 0, one) not in (0, -1):
        raise stop(finite + f"{bend} to be negative on (0, 1)")
    # b (phi(b/2) - phi(b)) >= T_2(b): where both labels get mass, along the optimum s; beyond it
    # T_2 is affine in b.
    h_s, mirror = h.subs(u, s), h.subs(u, 1 - s)
    switch = sympy.cancel(sympy.together((h_s - mirror) / (h_s + mirror)))
    floor = b * (phi.subs(u, b / 2) - phi.subs(u, b))
    pair = phi.subs(u, half) - (1 + b) / 2 * phi.subs(u, s) - (1 - b) / 2 * phi.subs(u, 1 - s)
    top = sympy.limit(switch, s, 1, "-")
    inside = sign_on(
        sympy.cancel(sympy.together((floor - pair).subs(b, switch))), s, half, one
    ) in (0, 1)
    beyond = top == 1 or sign_on((floor - pair.subs(s, 1)), b, top, one) in (0, 1)
    if not inside or not beyond:
        raise stop(
            finite + "beta (phi(beta/2) - phi(beta)) to be provably at least the two-label value"
        )
    return Step(
        r"\mathcal{T}_n \ge \min_{\beta \le t \le 1} R(t),\quad R(t) = \max_{x + y = t}\left[t "
        r"\varphi(\tfrac t2)"
        r" - \tfrac{t + \beta}2 \varphi(x) - \tfrac{t - \beta}2 \varphi(y)\right],\quad \min_t "
        r"R(t) = R(1) = \mathcal{T}_2",
        "Theorem H: the tied labels get at least their probability, so the pair at stake holds t "
        "with p_1 + p_j <= t. While "
        "both labels get mass R falls, as h is convex; where label j gets none R is concave, and "
        "at t = beta it is "
        "beta (phi(beta/2) - phi(beta)), at least the two-label value",
        (r"h'' \ge 0,\ (u \psi)' \ge 0",),
    )
