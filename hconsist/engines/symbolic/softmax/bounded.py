"""Scores in a box, three labels or more: theorem T of docs/theory.md.

The scores reach the softmax values S with S_i <= R S_k, R = e^(2B). Where the loss is convex in the
scores and its reciprocal marginal is convex, the worst distribution has two labels, and the others
stay as low as the box allows: they rise with the largest value.
"""

from __future__ import annotations

from fractions import Fraction

import sympy
from scipy.optimize import minimize_scalar
from sympy import Expr

from hconsist.arithmetic import to_sympy
from hconsist.engines.derivation import Derivation, Step, beta_symbol
from hconsist.engines.symbolic.nodes import ConvexMinimum
from hconsist.engines.symbolic.signs import holds
from hconsist.engines.symbolic.softmax.form import Power, share
from hconsist.engines.symbolic.softmax.shown import shown
from hconsist.engines.symbolic.softmax.witnesses import evaluated
from hconsist.engines.symbolic.solution import Solution, stop
from hconsist.losses.facts import Curve, What
from hconsist.pointwise import PointwiseProblem, Witness

tex = sympy.latex


def ratio(problem: PointwiseProblem, temperature: Expr) -> Expr:
    """R = e^(2B/temperature), the largest ratio of two softmax values."""
    bound = problem.hypotheses.score_bound
    if bound is None:
        raise stop("the scores have no bound")
    return sympy.exp(2 * to_sympy(bound) / to_sympy(temperature))


def of_box(
    problem: PointwiseProblem,
    phi: Expr,
    temperature: Expr,
    steps: list[Step],
    power: Power | None,
    curve: Curve | None,
) -> Solution:
    """T of a loss of the softmax value with scores in a box, for three labels or more.

    Raises
    ------
    EngineCannotAnswerError
        Where the loss was not shown to be convex in the scores, or its reciprocal marginal not to
        be convex.
    """
    u, b = share(), beta_symbol()
    R, n = ratio(problem, temperature), to_sympy(problem.n_classes)
    _require_shape(phi, u, power, curve)
    kappa = 1 + (n - 2) / R
    tie, most = R / (2 * R + n - 2), R / (R + n - 1)
    flat = (n - 2) / (2 * R + n - 2)
    first, second = (1 + b) / 2, (1 - b) / 2
    a = sympy.Symbol("a", positive=True)
    risk = first * phi.subs(u, a) + second * phi.subs(u, 1 - kappa * a)
    end = phi.subs(u, tie) - first * phi.subs(u, most) - second * phi.subs(u, most / R)
    if power is None:
        inner = phi.subs(u, tie) - ConvexMinimum(risk, a, tie, most)
        T = sympy.Piecewise((0, b <= flat), (inner, True))
    else:
        inner = phi.subs(u, tie) - _best_of_power(power, kappa, first, second)
        last = kappa * R**power.m
        last = sympy.simplify((last - 1) / (last + 1))
        T = sympy.Piecewise((0, b <= flat), (inner, b <= last), (end, True))
    steps = [
        *steps,
        Step(
            rf"S_i \le R\, S_k,\quad R = {tex(R)},\quad \kappa = 1 + \tfrac{{n-2}}{{R}} = "
            rf"{tex(kappa)}",
            "Scores in the box reach these softmax values: a convex set, the same for every label, "
            "so that the pooling lemma holds",
            (r"n \ge 3",),
        ),
        Step(
            r"\mathcal{C}^*(\mathrm{pool}(p)) - \mathcal{C}^*(p) \ge \max_\delta \Bigl[p_1 "
            r"(\varphi(x) - \varphi(x + \delta)) - p_j (\varphi(x - \kappa\delta) - "
            r"\varphi(x))\Bigr]",
            "x is the value that the pool shares. Raise the top label by delta: every other label "
            "rises to (x + delta)/R at most, by delta/R each, and the predicted label pays for it",
            (rf"\tfrac1n \le x \le {tex(tie)}",),
        ),
        Step(
            r"\ldots \ge \max_\delta \Bigl[\tfrac{1+\beta}2 (\varphi(x) - \varphi(x + \delta)) - "
            r"\tfrac{1-\beta}2 (\varphi(x - \kappa\delta) - \varphi(x))\Bigr]",
            "phi is convex and falls, so the bracket is least where p_1 + p_j = 1",
            (r"\kappa \ge 1",),
        ),
        Step(
            rf"x = S^* = {tex(tie)}",
            "The right side falls in x. Inside, as h = 1/psi is convex: psi(x) is at least the "
            "weighted harmonic mean of psi at x + delta and x - kappa delta, whose weighted mean "
            "is x. At the wall, where the two values differ by the factor R, as u psi(u) does not "
            "increase: the derivative is affine in beta, and not positive at both ends",
            (r"h'' \ge 0,\ (u\psi)' \le 0",),
        ),
        Step(
            rf"\mathcal{{T}}(\beta) = {tex(T)}",
            "Theorem T. Attained by p = ((1 + beta)/2, (1 - beta)/2, 0, ...), where S* is the tie "
            "and the other labels lie at the wall; where (1 + beta)/(1 - beta) is at most kappa "
            "the tie is best of all, so that no bound holds there",
            (r"n \ge 3",),
        ),
        Step(
            r"\mathcal{T}^{**} = \mathcal{T}",
            "At this p the risks are affine in beta, so their infimum is concave and T convex",
        ),
    ]
    derivation = Derivation(problem, T, T, steps=tuple(steps))
    witness = None
    if not problem.is_symbolic:
        values = [float(v) for v in (tie, most, kappa)]
        scale = float(problem.hypotheses.score_bound or 0)

        def witness(beta: Fraction) -> Witness:
            p = ((1 + beta) / 2, (1 - beta) / 2, *([Fraction(0)] * (problem.n - 2)))
            risks = sympy.lambdify(a, risk.subs(b, to_sympy(beta)), "scipy")
            found = minimize_scalar(
                risks, bounds=(values[0], values[1]), method="bounded", options={"xatol": 1e-12}
            )
            best = min(float(found.fun), *(float(risks(v)) for v in values[:2]))
            scores = (scale, scale, *([-scale] * (problem.n - 2)))
            return evaluated(problem, p, scores, 1, lambda q: best)

    return Solution(derivation, witness=witness)


def _best_of_power(power: Power, kappa: Expr, first: Expr, second: Expr) -> Expr:
    """The least of first phi(a) + second phi(1 - kappa a), psi = c u^(-m)."""
    c, m = power.c, power.m
    if m == 1:
        return power.end - c * (first * sympy.log(first / kappa) + second * sympy.log(second))
    mean = (second ** (1 / m) + kappa ** (1 - 1 / m) * first ** (1 / m)) ** m
    return power.end - c / (m - 1) + c / (m - 1) * mean


def _require_shape(phi: Expr, u: Expr, power: Power | None, curve: Curve | None) -> None:
    if power is not None:
        if not holds(power.c > 0):
            raise stop(f"phi(u) = {phi} is not provably decreasing on (0, 1)")
        if not holds(power.m >= 1):
            raise stop(
                f"bounded scores for n >= 3: theorem T needs a loss convex in the scores, a "
                f"marginal c u^(-m) with m >= 1, not m = {power.m}"
            )
        return
    psi = -sympy.diff(phi, u)
    h = sympy.simplify(1 / psi)
    needs: list[tuple[What, Expr, Curve | None, str]] = [
        ("non-increasing", phi, curve, "phi(u)"),
        ("convex", phi, curve, "phi(u)"),
        ("convex in -log u", phi, curve, "phi(u)"),
        ("convex", h, None, "the reciprocal marginal h(u)"),
    ]
    for what, expression, known, name in needs:
        if not shown(what, expression, u, known):
            raise stop(
                f"bounded scores for n >= 3: theorem T needs that {name} is {what} on (0, 1), "
                f"which could not be shown of {expression}"
            )
