"""Losses of margins: two labels, and sums and maxima of margin losses."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from hconsist.arithmetic import SYMPY, to_sympy
from hconsist.consistency import calculus
from hconsist.consistency.rules.case import SWAP, Case, curve_of, margin_variable, rule
from hconsist.consistency.rules.line import pieces_of, vanishes
from hconsist.consistency.rules.softmax import softmax_value, softmax_value_top_k
from hconsist.consistency.verdict import ConsistencyVerdict
from hconsist.engines.derivation import Step
from hconsist.losses import CompSum
from hconsist.losses.forms import General, OfMargin, Pairwise

if TYPE_CHECKING:
    from sympy import Expr


@rule(Pairwise, asks="phi exponential")
def reduction(case: Case) -> ConsistencyVerdict | None:
    """Sums of exponentials are functions of the softmax value."""
    import sympy

    form, v = case.form(Pairwise), margin_variable()
    if form is None or form.how == "max":
        return None
    if sympy.simplify(form.phi(v, SYMPY) - sympy.exp(-v)) != 0:
        return None
    same = CompSum(0 if form.tau is None else form.tau)
    known = (softmax_value if case.top_1 else softmax_value_top_k)(Case(same, case.n, case.target))
    if known is None:
        return None
    step = Step(
        r"\textstyle\sum_{k \ne y} e^{-(s_y - s_k)} = 1/q_y - 1", f"the loss is {same.spec}"
    )
    return ConsistencyVerdict(
        case.loss,
        case.n,
        case.target,
        known.status,
        known.reason,
        (step, *known.steps),
        known.counterexample,
    )


@rule(
    General,
    asks="for two labels: phi continuous, bounded below, and convex or non-increasing with "
    "suitable slopes at 0",
    labels=2,
)
def binary_margin(case: Case) -> ConsistencyVerdict | None:
    """Two labels: phi convex is calibrated if and only if phi'(0) exists and is negative; phi
    monotone by its slopes at 0.
    """
    import sympy

    v = margin_variable()
    phi = _of_difference(case, v)
    cut = None if phi is None else pieces_of(phi, v)
    if phi is None or cut is None:
        return None
    curve, (left, right) = curve_of(phi, v, "line"), cut.slopes(0)
    formula = (rf"\ell = \varphi(v),\quad \varphi(v) = {sympy.latex(phi)}", "scores (v, -v)")
    slopes = (
        rf"\varphi'(0-) = {sympy.latex(left)},\quad \varphi'(0+) = {sympy.latex(right)}",
        "one-sided derivatives of the formula",
    )
    bounded = curve.fact("bounded below").proven
    if curve.fact("convex").proven or cut.convex:
        if left == right and left.is_negative:
            if not bounded:
                return _no_regret(case)
            return case.verdict(
                "consistent",
                "phi is convex and differentiable at 0 with phi'(0) < 0 (Bartlett, Jordan, "
                "McAuliffe 2006, theorem 2)",
                formula,
                slopes,
                (
                    r"\eta > 1/2 \;\Rightarrow\; C_\eta'(0) = (2 \eta - 1) \varphi'(0) < 0",
                    "derivative of the conditional risk",
                ),
                (r"\inf_{v \le 0} C_\eta(v) = C_\eta(0) > C_\eta^*", "convexity"),
            )
        if (left - right).is_zero is None and left != right and not (right - left).is_positive:
            return None
        return _kink(case, left, right, phi.subs(v, 0), formula, slopes)
    # The pieces join, so that the trend of the formula counts.
    falls = calculus.falls(curve, phi, v) or cut.decreasing or calculus.trend(phi, v) == -1
    bounded = bounded or (falls and bool(cut.far_limit.is_finite))
    if falls and right.is_negative and (left - right).is_nonnegative:
        if not bounded:
            return _no_regret(case)
        return case.verdict(
            "consistent",
            "phi is non-increasing and falls at least as fast after 0 as before it",
            formula,
            slopes,
            (
                r"\eta > 1/2,\ v < 0 \;\Rightarrow\; C_\eta(v) - C_\eta(-v) = (2\eta - "
                r"1)(\varphi(v) - \varphi(-v)) > 0",
                "phi is non-increasing, phi(e) < phi(0) <= phi(-e) for small e > 0: bounded away "
                "from 0 for v <= -e",
            ),
            (
                r"C_\eta'(0+) = \eta \varphi'(0+) - (1 - \eta) \varphi'(0-) < 0",
                "v = 0 is no minimiser either",
            ),
        )
    return None


def _no_regret(case: Case) -> ConsistencyVerdict:
    """phi without a proven lower bound. If there is none the surrogate risk of every distribution
    whose label is likely somewhere is minus infinity: a sequence of hypotheses reaches it by one
    input alone, whatever it predicts at the others.
    """
    return case.verdict(
        "undecided",
        "could not show that phi is bounded below: where it is not, the least risk is minus "
        "infinity, no surrogate regret is defined, and a risk that falls without end at one input "
        "says nothing of the predictions at another",
    )


def _of_difference(case: Case, v: Expr) -> Expr:
    """phi(v) with scores (v, -v), where the loss of two labels is symmetric and sees no more than
    the difference of the scores; None elsewhere.
    """
    import sympy

    form, t = case.form(OfMargin), sympy.Symbol("t", real=True)
    if form is not None:
        return sympy.sympify(form.phi(v, SYMPY))
    here, there = case.losses((v, -v)), case.losses((-v, v))
    moved = here if case.loss.sum_to_zero else case.losses((v + t, t - v))
    if here is None or there is None or moved is None:
        return None
    same = (moved[0], here[0]), (there[1], here[0])
    if any(a != b and sympy.simplify(a - b) != 0 for a, b in same):
        return None
    return here[0]


def _kink(
    case: Case, left: Expr, right: Expr, at_zero: Expr, *steps: tuple[str, str]
) -> ConsistencyVerdict | None:
    for power in range(1, 60):
        eta = Fraction(1, 2) + Fraction(1, 2 ** (power + 1))
        a, b = to_sympy(eta), to_sympy(1 - eta)
        # No right prediction (v > 0) gains: C'(0+) >= 0.
        if (a * right - b * left).is_nonnegative:
            break
    else:
        return None
    return case.refuted(
        "phi is convex but not differentiable at 0 with a negative slope (Bartlett, Jordan, "
        "McAuliffe 2006, theorem 2)",
        *steps,
        (r"C_\eta'(0+) = \eta \varphi'(0+) - (1 - \eta) \varphi'(0-) \ge 0", rf"at \eta = {eta}"),
        p=[eta, 1 - eta],
        start=[0, 0],
        predicted=(1,),
        floor=at_zero,
        why="the conditional risk is convex in the margin and does not fall to the right of the "
        "tie",
    )


@rule(
    Pairwise, asks="of a max loss: phi convex, odd around phi(0), or constant for negative margins"
)
def max_loss(case: Case) -> ConsistencyVerdict | None:
    """Max losses: no bound when phi(v) + phi(-v) >= 2 phi(0) (convex, or odd around phi(0)) and n
    >= 3.
    """
    import sympy

    form, n = case.form(Pairwise), case.n
    if form is None or form.how != "max" or n < 3:
        return None
    v = margin_variable()
    phi = sympy.sympify(form.phi(v, SYMPY))
    cut, curve = pieces_of(phi, v), form.phi
    if cut is None or not (calculus.falls(curve, phi, v) or cut.decreasing):
        return None
    balanced = vanishes(phi + phi.subs(v, -v) - 2 * phi.subs(v, 0), v)
    at_zero = phi.subs(v, 0)
    if curve.fact("convex").proven or cut.convex or balanced:
        p = [Fraction(2, 5), *[Fraction(3, 5 * (n - 1))] * (n - 1)]
        return case.refuted(
            "a max loss has a tie as minimiser whenever no label has probability above 1/2 "
            "(Awasthi, Mao, Mohri, Zhong, NeurIPS 2022, for convex phi)",
            (
                r"C(s) \ge p_a \varphi(m) + (1 - p_a) \varphi(-m)",
                "a is the top label, m its margin over the second; phi non-increasing",
            ),
            (
                r"\ge \tfrac12 (\varphi(m) + \varphi(-m)) + (\tfrac12 - p_a)(\varphi(-m) - "
                r"\varphi(m)) \ge \varphi(0)",
                r"p_a \le 1/2",
            ),
            p=p,
            start=[0] * n,
            predicted=tuple(range(n - case.k, n)),
            floor=at_zero,
            why="phi(m) + phi(-m) >= 2 phi(0) and phi is non-increasing, so no scores beat a full "
            "tie when p_max <= 1/2",
        )
    if case.top_1 and cut.flat_behind and (cut.far_limit - at_zero).is_negative:
        return case.verdict(
            "consistent",
            "phi is constant for negative margins, so only the margin of the top label counts",
            (r"\varphi(v) = \varphi(0) \text{ for } v \le 0", "the formula"),
            (
                r"C(s) = \varphi(0) - p_a (\varphi(0) - \varphi(m))",
                "a is the top label, m its margin",
            ),
            (
                r"\inf_{a = j} C - C^* = (p_{\max} - p_j)(\varphi(0) - \inf \varphi) > 0",
                "the margin of the top label is unrestricted",
            ),
        )
    return None


@rule(
    Pairwise,
    asks="of a sum: phi convex, non-increasing, differentiable and bounded below, or constant for "
    "negative and for large margins",
)
def sum_loss(case: Case) -> ConsistencyVerdict | None:
    """Sum losses of a convex, non-increasing phi that is differentiable with phi'(0) < 0 (Zhang
    2004, theorem 5).
    """
    import sympy

    form = case.form(Pairwise)
    if form is None or form.how != "sum" or case.n < 3 or not case.top_1:
        return None
    v = margin_variable()
    phi = sympy.sympify(form.phi(v, SYMPY))
    cut, curve = pieces_of(phi, v), form.phi
    if cut is None or not cut.differentiable:
        return None
    slope = cut.slopes(0)[0]
    convex = curve.fact("convex").proven or cut.convex
    if not convex or not (calculus.falls(curve, phi, v) or cut.decreasing):
        return None
    if not slope.is_negative or not cut.far_limit.is_finite:
        return None
    return case.verdict(
        "consistent",
        "sum loss of a convex, non-increasing, differentiable phi with phi'(0) < 0 (Zhang 2004, "
        "theorem 5)",
        (
            rf"\varphi(v) = {sympy.latex(phi)},\quad \varphi'(0) = {sympy.latex(slope)} < 0",
            "derivative of the formula",
        ),
        SWAP,
        (
            r"\inf_{s_j = \max s} C = \inf_{s_j = s_i = \max s} C",
            "average s and its swap: C is convex, the average ties i and j",
        ),
        (
            r"C(s + \delta (e_i - e_j)) \le C(s) + 2 (p_i - p_j) \varphi'(0) \delta + o(\delta)",
            "third labels cancel to first order; o is uniform: phi' is uniformly continuous where "
            "the risk is bounded",
        ),
        (r"\inf_{s_j = \max s} C > C^*", "the last step gains a fixed amount from every tie"),
    )


@rule(Pairwise)
def flat_behind_sum(case: Case) -> ConsistencyVerdict | None:
    """Sum and comp-sum losses of a phi that is constant for v <= 0, falls right after 0 and is
    constant again far out.
    """
    form = case.form(Pairwise)
    if form is None or form.how == "max" or case.n < 3 or not case.top_1:
        return None
    v = margin_variable()
    phi = form.phi(v, SYMPY)
    cut = pieces_of(phi, v)
    if cut is None or not cut.decreasing or not cut.flat_behind or not cut.flat_ahead:
        return None
    slope = cut.slopes(0)[1]
    if not slope.is_negative:
        return None
    return case.verdict(
        "consistent",
        "phi is constant for negative margins and falls at 0: raising a tied top label costs the "
        "others nothing",
        (
            rf"\varphi(v) = \varphi(0) \text{{ for }} v \le 0,\quad \varphi'(0+) = {slope} < 0",
            "the formula",
        ),
        SWAP,
        (
            r"s_i = s_j = \max s \;\Rightarrow\; C(s + \delta e_i) < C(s)",
            "the loss of i falls by its margin over j; the other labels are below i before and "
            "after, at constant phi",
        ),
        (
            r"\min \{ C : s_j = \max s \} > C^*",
            "gaps beyond the point where phi is constant change nothing: the scores are compact",
        ),
    )
