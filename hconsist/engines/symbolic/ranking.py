"""Losses that see how the labels are ranked: max losses (theorem I), losses flat below zero
(theorem J), linear losses.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

import numpy as np
import sympy
from sympy import Expr

from hconsist.arithmetic import SYMPY, is_symbolic, to_sympy
from hconsist.engines.derivation import Derivation, Step, beta_symbol
from hconsist.engines.symbolic import margin
from hconsist.engines.symbolic.consequences import SymbolRange, convex_consequences
from hconsist.engines.symbolic.pairs import joined
from hconsist.engines.symbolic.signs import sign_on
from hconsist.engines.symbolic.solution import Solution, stop
from hconsist.losses.forms import OfScores, Pairwise, Transport
from hconsist.losses.forms_of_scores import LargestTerms
from hconsist.pointwise import PointwiseProblem, Witness

tex = sympy.latex


def of_limits(problem: PointwiseProblem, form: LargestTerms) -> Solution:
    """Derive T of the limits of LDR for three classes or more.

    Raises
    ------
    EngineCannotAnswerError
        Where the risk falls without end.
    """
    loss = problem.surrogate
    if form.count != 1:
        raise _of_direction(problem, form)
    v = margin.margin_variable()
    phi = sympy.sympify(loss.losses(np.array([v, 0, 0], dtype=object) * sympy.Integer(1), SYMPY)[0])
    return _of_max(problem, phi, _limit_steps(phi))


def of_pairs(problem: PointwiseProblem, form: Pairwise) -> Solution:
    """Derive T of a loss of the margins to the other labels, for three classes or more.

    Raises
    ------
    EngineCannotAnswerError
    """
    phi = sympy.sympify(form.phi(margin.margin_variable(), SYMPY))
    if is_flat(phi) and problem.top_k("symbolic") == 1:
        return _of_flat(problem, phi, form)
    if form.how == "max":
        return _of_max(problem, phi, [])
    raise stop(
        f"{problem.surrogate.spec_name} losses with n = {problem.n_classes}: no derivation covers "
        "them"
    )


def of_scores(problem: PointwiseProblem, form: OfScores) -> Solution:
    """Derive T of a constrained loss whose phi is flat below zero, for three classes or more."""
    return _of_flat(problem, sympy.sympify(form.phi(margin.margin_variable(), SYMPY)), form)


def is_flat(phi: Expr) -> bool:
    """Whether phi(v) is the constant phi(0) for v <= 0, and does not increase beyond."""
    pieces, f = margin.split(phi, margin.margin_variable()), margin.margin_symbol()
    start = pieces.right[0].subs(f, 0)
    return all(sympy.simplify(left - start) == 0 for left in pieces.left) and margin.decreasing(
        pieces
    )


# -- max losses


def _limit_steps(phi: Expr) -> list[Step]:
    """The Crammer-Singer loss as the limit of LDR, label by label."""
    lam, x = sympy.symbols("lambda x", positive=True)
    pair = np.array([x, sympy.Integer(0)], dtype=object)
    wins, loses = (
        sympy.limit(Transport(lam, sympy.Integer(0)).losses(s, SYMPY)[0], lam, 0, "+")
        for s in (pair, pair[::-1])
    )
    if sympy.simplify(wins) != 0 or sympy.simplify(loses - x) != 0:
        return []
    return [
        Step(
            r"\lim_{\lambda \to 0} \lambda \log \textstyle\sum_k e^{m_k/\lambda} = \max_k "
            r"m_k,\quad \varphi(v) = " + tex(phi),
            "The limit of LDR-KL; for two labels SymPy finds 0 or the difference of the scores",
            (r"\lambda \to 0",),
        )
    ]


def _of_max(problem: PointwiseProblem, phi: Expr, steps: list[Step]) -> Solution:
    """T_n(beta) = T_2((2 beta - 1)_+), or 0 where two labels are missed at once: theorem I."""
    v, b = margin.margin_variable(), beta_symbol()
    pieces, f = margin.split(phi, v), margin.margin_symbol()
    at_zero = phi.subs(v, 0)
    if not margin.decreasing(pieces):
        raise stop(f"phi(v) = {phi} is not provably non-increasing")
    ends = [*pieces.knots[1:], sympy.oo]
    if not margin.is_convex(pieces) and any(
        sign_on(sympy.expand(right + left - 2 * at_zero), f, low, high) not in (0, 1)
        for right, left, low, high in zip(
            pieces.right, pieces.left, pieces.knots, ends, strict=True
        )
    ):
        raise stop(
            f"a max loss whose phi(v) + phi(-v) is not provably at least 2 phi(0) = {2 * at_zero}"
        )
    bound, k = problem.hypotheses.score_bound, problem.top_k("symbolic")
    steps = [*steps, _max_step(phi)]
    if k > 1 and (is_symbolic(problem.n_classes) or problem.n >= k + 2):
        return _two_missed(problem, k, at_zero, steps)
    two = PointwiseProblem(problem.surrogate, hypotheses=problem.hypotheses, n_classes=2)
    binary = margin.derive_margin(two, phi, sympy.oo if bound is None else 2 * to_sympy(bound))
    inner = binary.derivation
    T = sympy.Piecewise((0, b <= sympy.Rational(1, 2)), (inner.transform.subs(b, 2 * b - 1), True))
    steps = [
        *steps,
        Step(
            rf"\inf_{{s_j \ge s_1}} \mathcal{{C}}(s, p) = \varphi(0) = {tex(at_zero)}",
            "Theorem I: with a top label a of margin m, label 1 pays at least phi(-m), a pays "
            "phi(m), others at least phi(0), "
            "and p_1 is at least p_a. The tie of all labels attains it",
        ),
        Step(
            r"\mathcal{C}^*(p) = \min_m\, p_{\max} \varphi(m) + (1 - p_{\max}) \varphi(-m),\quad"
            r" \text{regret} = \mathcal{T}_2((2 p_{\max} - 1)_+)",
            "All labels but the top one of margin m pay phi(-m) at least, and exactly that when "
            "they are tied",
        ),
        Step(
            rf"\mathcal{{T}}(\beta) = \mathcal{{T}}_2((2\beta - 1)_+) = {tex(T)}",
            "The binary transformation increases and p_max is at least beta. For beta up to 1/2 "
            "the counterexample is "
            "p = (1/2, 1/2 - beta, beta, 0, ...): the tie of all labels is optimal and may "
            "predict label 2, so the loss is not "
            "consistent; beyond, p = (beta, 0, 1 - beta, 0, ...)",
            (r"n \ge 3",) if k == 1 else (rf"n = k + 1 = {k + 1}",),
        ),
        *inner.steps,
    ]
    gamma = None if inner.gamma is None else (1 + inner.gamma) / 2
    upper = None if inner.gamma_upper is None else (1 + inner.gamma_upper) / 2
    derivation = Derivation(problem, T, T, gamma, upper, None, tuple(steps))

    def witness(beta: Fraction) -> Witness:
        top = max(beta, Fraction(1, 2))
        p = (top, top - beta, 1 - 2 * top + beta, *([Fraction(0)] * (problem.n - 3)))
        if k > 1 and top > beta:  # the first label is missed, and its rivals are not likelier
            y = Fraction(1, 4) - beta / 2 if problem.n == 3 else Fraction(0)
            p = (beta + y, Fraction(1, 2), Fraction(1, 2) - beta - y, *p[3:])
        there = binary.witness(2 * top - 1) if binary.witness is not None else None
        missed = set(range(problem.n)) - {0}
        predicted = (1,) if k == 1 else tuple(sorted(missed))
        regret = 0.0 if there is None else there.regret
        return Witness(p, (0.0,) * problem.n, predicted, regret)

    return Solution(
        derivation, at_one=binary.at_one, witness=None if problem.is_symbolic else witness
    )


def _max_step(phi: Expr) -> Step:
    return Step(
        rf"\ell(s, y) = \max_{{k \ne y}} \varphi(s_y - s_k),\quad \varphi(v) = {tex(phi)},\quad"
        rf" \varphi(m) + \varphi(-m) \ge 2\varphi(0)",
        "The smallest margin counts, as phi does not increase",
    )


def _two_missed(problem: PointwiseProblem, k: int, at_zero: Expr, steps: list[Step]) -> Solution:
    """Top-k targets with room to miss both likely labels: T = 0."""
    zero, one = sympy.Integer(0), sympy.Integer(1)
    steps = [
        *steps,
        Step(
            rf"p_{{\max}} \le \tfrac12 \implies \mathcal{{C}}^*(p) = \varphi(0) = {tex(at_zero)}",
            "Theorem I: with a top label of margin m all others pay phi(-m) at least, and "
            "phi(m) + phi(-m) >= 2 phi(0); the tie of all labels attains it, and may predict any k",
        ),
        Step(
            r"\mathcal{T}(\beta) = 0,\quad \Gamma(\varepsilon) = 1",
            "p = (x, x, y, y, 0, ...) with x + y = 1/2: the k labels predicted miss the first two, "
            "and their regret runs from 0 to 1 with x",
            (rf"n \ge k + 2 = {k + 2}",),
        ),
    ]

    def witness(beta: Fraction) -> Witness:
        x = (1 + beta) / 4 if k == 2 else beta / 2
        if k == 3:  # the likely three hold a predicted label
            x = beta if 4 * beta < 1 else (1 + 2 * beta) / 6
        y, n = Fraction(1, 2) - x, problem.n
        p = (x, x, y, y, *([Fraction(0)] * (n - 4)))
        return Witness(p, (0.0,) * n, tuple(range(2, k + 2)), 0.0)

    derivation = Derivation(problem, zero, zero, one, one, None, tuple(steps))
    return Solution(derivation, witness=None if problem.is_symbolic else witness)


# -- phi flat below zero


def _of_flat(problem: PointwiseProblem, phi: Expr, form: Pairwise | OfScores) -> Solution:
    """T = beta times the cost of the second rank: theorem J."""
    loss, v, b = problem.surrogate, margin.margin_variable(), beta_symbol()
    n, x = to_sympy(problem.n_classes), sympy.Symbol("x", nonnegative=True)
    bound = problem.hypotheses.score_bound
    how = form.how if isinstance(form, Pairwise) else "constrained"
    if bound is not None and how != "max":
        raise stop(f"bounded scores for {loss.spec_name} losses with n >= 3")
    far = sympy.limit(margin.split(phi, v).right[-1], margin.margin_symbol(), sympy.oo)
    high, low = phi.subs(v, 0), far if bound is None else phi.subs(v, 2 * to_sympy(bound))
    if isinstance(form, Pairwise) and how != "max":
        outer = joined(form, x)
        y = sympy.Symbol("y", positive=True)
        if sign_on(sympy.diff(outer.subs(x, y), y), y, 0, sympy.oo) not in (0, 1):
            raise stop(f"{outer} is not provably increasing in x")
        step = sympy.simplify(outer.subs(x, high + (n - 2) * low) - outer.subs(x, (n - 1) * low))
        shown = (
            rf"\ell(s, y) = \Phi\Bigl(\sum_{{k \ne y}} \varphi(s_y - s_k)\Bigr),\quad \Phi(x) "
            rf"= {tex(outer)}"
        )
        why = (
            "A label of rank r pays at least w_r = Phi((r - 1) phi(0) + (n - r) inf phi), and "
            "that when scores are far apart. "
            "Moving j from its place R to the top costs the sum over r < R of (p_(r) - "
            "p_j)(w_(r+1) - w_r), at least "
            "beta (w_2 - w_1), with equality for two labels"
        )
    else:
        step = high - low
        shown = (
            r"\ell(s, y) = \max_{k \ne y} \varphi(s_y - s_k)"
            if how == "max"
            else r"\mathcal{C} = \sum_k (1 - p_k) \varphi(-s_k),\quad \sum_k s_k = 0"
        )
        why = (
            "Only a sole top label pays less than phi(0), or, in a constrained loss, the labels "
            "with s_k >= 0, j among them, "
            "pay phi(0): the least risk of a prediction j is affine in p_j with slope inf phi - "
            "phi(0)"
        )
    T = b * step
    steps = [
        Step(
            rf"{shown},\quad \varphi(v) = {tex(phi)} = {tex(high)} \text{{ for }} v \le 0,\quad "
            rf"\inf \varphi = {tex(low)}",
            "phi is constant below 0 and does not increase",
        ),
        Step(rf"\mathcal{{T}}(\beta) = {tex(T)}", "Theorem J. " + why, (r"n \ge 3",)),
    ]
    return Solution(
        convex_consequences(problem, T, steps, [SymbolRange([(T, sympy.Integer(1))])]),
        witness=_ranked(problem),
    )


def _ranked(problem: PointwiseProblem) -> Callable[[Fraction], Witness] | None:
    """Label 2 first and label 1 second against the right order, all scores far apart."""
    if problem.is_symbolic:
        return None
    n, bound = problem.n, problem.hypotheses.score_bound
    levels = (
        np.linspace(60.0 * n, -60.0 * n, n)
        if bound is None
        else np.array([float(bound), *([-float(bound)] * (n - 1))])
    )

    def witness(beta: Fraction) -> Witness:
        p = ((1 + beta) / 2, (1 - beta) / 2, *([Fraction(0)] * (n - 2)))
        wrong = levels.copy()
        wrong[[0, 1]] = levels[[1, 0]]
        if problem.surrogate.sum_to_zero:
            right, wrong = (np.where(np.arange(n) == k, 60.0 * (n - 1), -60.0) for k in (0, 1))
        else:
            right = levels
        floats = [float(v) for v in p]
        risks = [float(problem.conditional_risk(s, floats)) for s in (wrong, right)]
        return Witness(p, tuple(float(s) for s in wrong), (1,), risks[0] - risks[1])

    return witness


# -- losses that fall without end


def _of_direction(problem: PointwiseProblem, form: LargestTerms) -> Exception:
    """What stops LDR-k and the limit lambda -> infinity: a direction along which the risk falls
    without end, if any.
    """
    loss, n, t = problem.surrogate, problem.n, sympy.Symbol("t", positive=True)
    if loss.symbolic:
        return stop(f"{loss.spec_name} losses with symbols")
    scores = np.array([t, t, *([sympy.Integer(0)] * (n - 2))], dtype=object)
    risk = sympy.sympify(loss.losses(scores, SYMPY)[0])
    far = 1000 * (1 + to_sympy(form.c))  # beyond every kink of the piecewise-linear loss
    slope = (risk.subs(t, 2 * far) - risk.subs(t, far)) / far
    if slope.is_negative:
        return stop(
            f"the risk is unbounded below: at p = e_1 it changes by {slope} per unit along e_1 + "
            "e_2 (a tie), so the least "
            "wrong risk is minus infinity as well and no regret is defined"
        )
    return stop(
        f"{loss.spec}: the risk is piecewise linear and bounded along e_1 + e_2; no derivation "
        "covers it for n >= 3"
    )
