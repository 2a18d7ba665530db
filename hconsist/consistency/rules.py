"""Sufficient conditions for consistency, and constructions of counterexamples, each tried on the
loss's own formula.

Throughout, H is complete and the target is the zero-one or a top-k loss. A loss is consistent if
and only if, for every label distribution p, the infimum of the conditional risk over the scores
whose prediction may be suboptimal exceeds the infimum over all scores (Steinwart 2007; Tewari and
Bartlett 2007). Ties fall on the worst label.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from hconsist.arithmetic import SYMPY, to_sympy
from hconsist.consistency import calculus
from hconsist.consistency.polyhedral import BraidRisk, find_counterexample
from hconsist.consistency.verdict import ConsistencyVerdict, Counterexample, Status
from hconsist.decisions import Target, decision_of
from hconsist.engines.derivation import Step
from hconsist.losses import (
    ALDR,
    LDAM,
    NCE,
    RLL,
    CompSum,
    CompSumMargin,
    Constrained,
    Exponential,
    Hinge,
    LDRInfinity,
    LDRk,
    Loss,
    MarginLoss,
    Max,
    ProbabilityLoss,
    QuadraticSurrogate,
    SoftmaxLoss,
    SphericalSoftmax,
    Sum,
    TaylorSoftmax,
    ZLoss,
)


@dataclass(frozen=True)
class Case:
    """One question: is the loss, for n labels, consistent with the target?"""

    loss: Loss
    n: int
    target: Target

    @property
    def top_1(self) -> bool:
        """Whether the target is the zero-one loss."""
        return self.k == 1

    @property
    def k(self) -> int:
        """How many labels are predicted, each at unit cost when it is not the true one."""
        top = decision_of(self.target, self.n).structure.top
        if top is None:
            raise AssertionError("a rule was asked about a target that is not the zero-one kind")
        return top

    def verdict(
        self,
        status: Status,
        reason: str,
        *steps: tuple[str, str],
        counterexample: Counterexample | None = None,
    ) -> ConsistencyVerdict:
        """A verdict on this case."""
        made = tuple(Step(statement, justification) for statement, justification in steps)
        return ConsistencyVerdict(
            self.loss, self.n, self.target, status, reason, made, counterexample
        )

    def refuted(
        self,
        reason: str,
        *steps: tuple[str, str],
        p: list[Fraction],
        start: list[Any],
        predicted: tuple[int, ...],
        floor: Any,
        why: str,
        direction: list[Any] | None = None,
    ) -> ConsistencyVerdict:
        """A negative verdict with its counterexample, padded to n labels of probability 0 far below
        the others.
        """
        missing = self.n - len(p)
        example = Counterexample(
            self.loss,
            (*p, *[Fraction(0)] * missing),
            (*map(Fraction, start), *[Fraction(min(start)) - 2] * missing),
            (
                *map(Fraction, direction or [0] * len(start)),
                *[Fraction(min(direction or [0]))] * missing,
            ),
            predicted,
            to_sympy(floor) if isinstance(floor, Fraction) else floor,
            why,
        )
        return self.verdict("not consistent", reason, *steps, counterexample=example)


Rule = Callable[[Case], ConsistencyVerdict | None]

_SWAP = (
    r"s_j > s_i,\ p_i > p_j \;\Rightarrow\; C(s) - C(s^{i \leftrightarrow j}) = (p_i - "
    r"p_j)(\ell_i(s) - \ell_j(s)) > 0",
    "symmetry of the loss, and the label with the larger score has the smaller loss",
)


def _variable(positive: bool) -> Any:
    import sympy

    return sympy.Symbol("u", positive=True) if positive else sympy.Symbol("v", real=True)


# -- losses of the label's softmax value
def softmax_value(case: Case) -> ConsistencyVerdict | None:
    """Zero-one: g non-increasing on (0, 1] with g' < 0 on [1/n, 1/2], possibly truncated from above
    by a constant.
    """
    import sympy

    loss, n = case.loss, case.n
    if not isinstance(loss, SoftmaxLoss) or not case.top_1:
        return None
    u = _variable(positive=True)
    g = loss.of_softmax(u, SYMPY)
    cap = None
    if isinstance(g, sympy.Min) and len(g.args) == 2:
        constants = [a for a in g.args if not a.has(u)]
        if len(constants) == 1:
            cap = constants[0]
            (g,) = (a for a in g.args if a.has(u))
            if not (g.subs(u, 1) - cap).is_negative:
                return None
    slope = sympy.simplify(sympy.diff(g, u))
    if calculus.trend(g, u) != -1 or not calculus.proven_negative(
        slope, u, Fraction(1, n), Fraction(1, 2)
    ):
        return None
    steps = [
        (
            rf"\ell_y = g(q_y),\quad g(u) = {sympy.latex(loss.of_softmax(u, SYMPY))}",
            "q is the softmax of the scores",
        ),
        (
            rf"g'(u) = {sympy.latex(slope)} < 0 \text{{ on }} [1/{n}, 1/2],\ g \text{{ "
            r"non-increasing}",
            "derivative, ball arithmetic",
        ),
        _SWAP,
        (
            r"q_i = q_j = t,\ p_i > p_j \;\Rightarrow\; \partial_{e_i - e_j} C = (p_i - p_j) "
            r"g'(t) < 0",
            "a predicted label has t >= 1/n, and two labels that tie have t <= 1/2",
        ),
        (
            r"\min \{ C : q_j = \max q \} > C^*",
            "the minimum over a closed subset of the closed simplex is attained (g is lower "
            "semicontinuous), "
            "and by the last two steps no minimiser of C lies in it",
        ),
    ]
    if cap is not None:
        steps.insert(
            2,
            (
                rf"\ell = \min(g, {sympy.latex(cap)}),\ g(1) < {sympy.latex(cap)}",
                "predicting a likeliest label with certainty costs less than the cap, so at a "
                "minimiser the largest q lies "
                "where the loss is below its cap, and there it is strictly decreasing",
            ),
        )
    return case.verdict(
        "consistent",
        "strictly decreasing in the label's softmax value where predictions are made",
        *steps,
    )


def softmax_value_top_k(case: Case) -> ConsistencyVerdict | None:
    """Top-k: consistent for every k if the slope at 0 is infinite; for no k >= 2 if g is convex or
    concave and it is finite.
    """
    import sympy

    loss = case.loss
    if not isinstance(loss, SoftmaxLoss) or case.top_1:
        return None
    u = _variable(positive=True)
    g = loss.of_softmax(u, SYMPY)
    capped = _capped(g, u)
    if capped is not None:
        return _certainty(case, *capped)
    if g.has(sympy.Min, sympy.Max, sympy.Abs, sympy.Piecewise) or calculus.trend(g, u) != -1:
        return None
    slope = sympy.simplify(sympy.diff(g, u))
    steep = sympy.limit(slope, u, 0, "+")
    curvature = sympy.factor(sympy.simplify(sympy.diff(g, u, 2)))
    convex = curvature.is_nonnegative or _positive_below_one(curvature, u)
    falling = _positive_below_one(-slope, u) or (
        convex and slope.subs(u, Fraction(1, 2)).is_negative
    )
    if steep == -sympy.oo and falling:
        return case.verdict(
            "consistent",
            "strictly decreasing in the softmax value with an infinite slope at 0: every "
            "minimiser orders the labels as p does",
            (
                rf"g'(u) = {sympy.latex(slope)} < 0 \text{{ on }} (0, 1/2],\quad g'(0+) = -\infty",
                "derivative of the formula",
            ),
            _SWAP,
            (
                r"q_i = q_j = t,\ p_i > p_j \;\Rightarrow\; \partial_{e_i - e_j} C = (p_i - p_j) "
                r"g'(t) < 0",
                "two labels that tie have t <= 1/2; t = 0 is no minimiser, since the slope at 0 "
                "is infinite and p_i > 0",
            ),
            (
                r"\min_{\text{wrong top-}k} C > C^*",
                "wrong predictions form a closed subset of the simplex without a minimiser of C",
            ),
        )
    drop = sympy.limit(g, u, 0, "+") - g.subs(u, 1)
    if convex:
        most, least = -steep, -slope.subs(u, 1)
    elif curvature.is_nonpositive or _positive_below_one(-curvature, u):
        most = least = drop
    else:
        return None
    if not (most.is_finite and least.is_positive and drop.is_finite):
        return None
    return _certainty(case, g.subs(u, 1), drop, most, least)


def _capped(g: Any, u: Any) -> tuple[Any, Any, Any, Any] | None:
    """For g = min(h, cap) with h convex and decreasing: g(1), g(0) - g(1), and the two constants of
    `_certainty`.
    """
    import sympy

    if not isinstance(g, sympy.Min) or len(g.args) != 2 or sum(a.has(u) for a in g.args) != 1:
        return None
    cap, h = sorted(g.args, key=lambda a: bool(a.has(u)))
    slope = sympy.simplify(sympy.diff(h, u))
    convex = _positive_below_one(sympy.factor(sympy.simplify(sympy.diff(h, u, 2))), u)
    drop = cap - h.subs(u, 1)
    if not (convex and slope.subs(u, 1).is_negative and drop.is_positive):
        return None
    # Nothing is gained below any r with h(r) >= cap, and at most drop above it: g(0) - g(q) <=
    # (drop / r) q.
    r = next(
        (
            Fraction(1, 2**i)
            for i in range(1, 400)
            if (h.subs(u, sympy.Rational(1, 2**i)) - cap).is_nonnegative
        ),
        None,
    )
    if r is None:
        return None
    return h.subs(u, 1), drop, drop / to_sympy(r), sympy.Min(-slope.subs(u, 1), drop)


def _certainty(case: Case, end: Any, drop: Any, most: Any, least: Any) -> ConsistencyVerdict:
    """Unlikely labels tie at probability 0, where g(0) - g(q) <= most q and g(q) - g(1) >= least (1
    - q).
    """
    import sympy

    n, k = case.n, case.k
    # p_0 (g(q_0) - g(1)) >= p_0 least (1 - q_0) >= max p_y most sum q_y >= sum p_y (g(0) - g(q_y)).
    small = Fraction(1, 2 * n)
    while not (
        to_sympy(1 - (k + Fraction(n - k, 2)) * small) * least - to_sympy(small) * most
    ).is_nonnegative:
        small /= 2
    rest = [small if y < k else small / 2 for y in range(1, n)]
    p = [1 - sum(rest, Fraction(0)), *rest]
    return case.refuted(
        "the slope in the softmax value is finite at 0: unlikely labels tie at probability 0",
        (
            rf"g(0) - g(q) \le {sympy.latex(most)}\, q,\quad g(q) - g(1) \ge {sympy.latex(least)} "
            r"(1 - q)",
            "shape of g",
        ),
        (
            rf"p_0 \cdot {sympy.latex(least)} \ge \max_{{y \ne 0}} p_y \cdot {sympy.latex(most)}"
            r"\;\Rightarrow\; q = e_0 \text{ minimises}",
            "sum over the labels",
        ),
        p=p,
        start=[0] * n,
        direction=[1] + [0] * (n - 1),
        predicted=(0, *range(n - k + 1, n)),
        floor=sympy.simplify(end + to_sympy(sum(rest, Fraction(0))) * drop),
        why="what any q saves on the unlikely labels is at most what it costs on label 0, so q = "
        "e_0 attains the minimum",
    )


def _positive_below_one(expression: Any, symbol: Any) -> bool:
    """Whether an expression is > 0 on (0, 1), by writing u = 1 / (1 + w), w > 0."""
    import sympy

    w = sympy.Symbol("w", positive=True)
    odds = expression.subs(symbol, 1 / (1 + w))
    return bool(
        expression.is_positive or odds.is_positive or sympy.factor(sympy.simplify(odds)).is_positive
    )


# -- other losses of the predicted probabilities
def probability_loss(case: Case) -> ConsistencyVerdict | None:
    """Zero-one: a symmetric loss, continuous on the closed simplex, with l_i - l_j of the sign of
    q_j - q_i to first order.
    """
    import sympy

    loss, n = case.loss, case.n
    if (
        not isinstance(loss, ProbabilityLoss)
        or isinstance(loss, SoftmaxLoss)
        or not case.top_1
        or not loss.symmetric
    ):
        return None
    size = min(
        n, 4
    )  # the formulas treat all further labels alike: three and four labels show their form
    q = sympy.symbols(f"q1:{size + 1}", nonnegative=True)
    losses = loss.of_probabilities(np.array(q, dtype=object), SYMPY)
    if not all(_continuous(e, q) for e in losses):
        return None
    if size != n:
        return _by_form(case, losses, q)
    return _order_and_tie(case, losses, q)


def _order_and_tie(case: Case, losses: Any, q: tuple[Any, ...]) -> ConsistencyVerdict | None:
    import sympy

    lead = sympy.Symbol("delta", positive=True)
    difference = (losses[0] - losses[1]).subs(q[0], q[1] + lead)
    slope = sympy.simplify(sympy.diff(difference, lead))
    ordered = _negative(difference) or (
        sympy.simplify(difference.subs(lead, 0)) == 0 and _negative(slope)
    )
    # At a tie for the largest probability q_2 > 0; elsewhere any probability may be 0.
    if not ordered or not _negative(sympy.limit(slope, lead, 0, "+"), q[1]):
        return None
    return case.verdict(
        "consistent",
        "continuous on the simplex, and the loss falls with the label's probability, to first "
        "order at ties",
        (
            rf"\ell_i - \ell_j < 0 \text{{ when }} q_i = q_j + \delta: "
            rf"{sympy.latex(sympy.simplify(difference))}",
            "sign of the formula",
        ),
        _SWAP,
        (
            r"q_i = q_j,\ p_i > p_j \;\Rightarrow\; \partial_{e_i - e_j} C = (p_i - p_j)\, "
            r"\partial_{e_i - e_j} \ell_i < 0",
            "by symmetry the other losses do not change to first order",
        ),
        (
            r"\min \{ C : q_j = \max q \} > C^*",
            "the loss is continuous on the closed simplex, so the minimum is attained",
        ),
    )


def _by_form(case: Case, losses: Any, q: tuple[Any, ...]) -> ConsistencyVerdict | None:
    """More labels than were written out: the difference l_i - l_j keeps its form, h(q_i) - h(q_j)
    over a positive total.
    """
    found = _order_and_tie(case, losses, q)
    if found is None:
        return None
    note = Step(
        r"\ell_i - \ell_j \text{ written for } 4 \text{ labels}",
        "the other labels enter through one symmetric total, whose sign does not depend on their "
        "number",
    )
    return ConsistencyVerdict(
        case.loss, case.n, case.target, found.status, found.reason, (note, *found.steps)
    )


def _negative(expression: Any, positive: Any = None) -> bool:
    """Whether SymPy proves an expression negative for all q >= 0, or where one of them is
    positive.
    """
    import sympy

    if positive is not None:
        expression = expression.xreplace({positive: sympy.Symbol(positive.name, positive=True)})
    return any(
        form.is_negative
        for form in (
            expression,
            sympy.simplify(expression),
            sympy.factor(sympy.simplify(expression)),
        )
    )


def _continuous(expression: Any, q: tuple[Any, ...]) -> bool:
    """Whether every logarithm and denominator stays positive on the closed simplex, so that the
    formula is continuous there.
    """
    import sympy

    def never_zero(e: Any) -> bool:
        if e.is_positive:
            return True
        # A sum over labels of positive multiples of powers vanishes only at q = 0, which is not in
        # the simplex.
        terms = e.as_ordered_terms()
        return (
            e.is_Add
            and e.is_nonnegative
            and all(any(t.free_symbols == {v} for t in terms) for v in q)
        )

    for part in sympy.preorder_traversal(expression):
        if isinstance(part, sympy.log) and part.free_symbols and not never_zero(part.args[0]):
            return False
        if part.is_Pow and part.free_symbols and part.exp.is_negative and not never_zero(part.base):
            return False
    return True


def normalized(case: Case) -> ConsistencyVerdict | None:
    """NCE: the weights log q_k / sum log q_k can sit on the least likely label whatever the order
    of the others.
    """
    n, k = case.n, case.k
    if not isinstance(case.loss, NCE) or k > max(n - 2, 1):
        return None
    if case.n == 2:
        return case.verdict(
            "consistent",
            "with two labels the normalized loss is a strictly decreasing function of the label's "
            "probability",
            (r"\ell_1 + \ell_2 = 1,\quad \ell_1 < 1/2 \iff q_1 > q_2", "definition"),
            (
                r"C = p_2 + (p_1 - p_2)\,\ell_1 \ge 1/2 > p_2 = C^* \text{ when } q_1 \le q_2, "
                r"p_1 > p_2",
                "linear in the loss",
            ),
        )
    p = [Fraction(1, 2), Fraction(1, 3), *[Fraction(1, 6 * (n - 2))] * (n - 2)]
    return case.refuted(
        "driving the least likely label to probability 0 brings the risk to its infimum, whatever "
        "label leads",
        (r"\ell_y = w_y,\quad w = \log q / \textstyle\sum_k \log q_k \in \Delta_n", "definition"),
        (r"C = \textstyle\sum_y p_y w_y \ge \min_y p_y", "a weighted mean"),
        (
            r"q_n \to 0 \;\Rightarrow\; w_n \to 1,\ C \to p_n = \min_y p_y",
            "the other probabilities stay where they are",
        ),
        p=p,
        start=[0, *[1] * k, *[0] * (n - 1 - k)],
        direction=[*[0] * (n - 1), -1],
        predicted=tuple(range(1, k + 1)),
        floor=p[-1],
        why="the conditional risk is a weighted mean of the label probabilities, hence at least "
        "the smallest of them",
    )


def robust_log(case: Case) -> ConsistencyVerdict | None:
    """RLL for top-k: labels less likely than 1/n are pushed to probability 0, all of them."""
    import sympy

    n, k = case.n, case.k
    if not isinstance(case.loss, RLL) or case.top_1:
        return None
    rest = [Fraction(1, 2 * n) if y < k else Fraction(1, 4 * n) for y in range(1, n)]
    p = [1 - sum(rest, Fraction(0)), *rest]
    vertex = np.array([sympy.Integer(1), *[sympy.Integer(0)] * (n - 1)], dtype=object)
    losses = case.loss.of_probabilities(vertex, SYMPY)
    return case.refuted(
        "the loss of an unlikely label enters the risk with a negative weight: all such labels "
        "tie at probability 0",
        (
            r"C = \text{const} - \textstyle\sum_y \tfrac{n p_y - 1}{n - 1} \log(\alpha + q_y)",
            "definition, summed over the labels",
        ),
        (
            r"p_y < 1/n \text{ for } y \ne 0 \;\Rightarrow\; q = e_0 \text{ minimises}",
            "the logarithm increases",
        ),
        p=p,
        start=[0] * n,
        direction=[1] + [0] * (n - 1),
        predicted=(0, *range(n - k + 1, n)),
        floor=sympy.Add(*(to_sympy(a) * b for a, b in zip(p, losses, strict=True))),
        why="only label 0 has a positive weight, so that each term of the risk is smallest at q = "
        "e_0",
    )


# -- two labels: functions of one margin
def binary_margin(case: Case) -> ConsistencyVerdict | None:
    """Two labels: phi convex is calibrated if and only if phi'(0) exists and is negative; phi
    monotone by its slopes at 0.
    """
    import sympy

    families = (
        MarginLoss | Sum | Max | CompSumMargin | Constrained | LDRk | LDRInfinity
    )  # functions of the score difference
    if case.n != 2 or not isinstance(case.loss, families):
        return None
    v = _variable(positive=False)
    phi = case.loss.losses(np.array([v, -v], dtype=object), SYMPY)[0]
    left, right = calculus.one_sided_slopes(phi, v)
    formula = (rf"\ell = \varphi(v),\quad \varphi(v) = {sympy.latex(phi)}", "scores (v, -v)")
    slopes = (
        rf"\varphi'(0-) = {sympy.latex(left)},\quad \varphi'(0+) = {sympy.latex(right)}",
        "one-sided derivatives of the formula",
    )
    if case.loss.shape == "convex in scores":
        if left == right and left.is_negative:
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
    if calculus.trend(phi, v) == -1 and right.is_negative and (left - right).is_nonnegative:
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


def _kink(
    case: Case, left: Any, right: Any, at_zero: Any, *steps: tuple[str, str]
) -> ConsistencyVerdict:
    for power in range(1, 60):
        eta = Fraction(1, 2) + Fraction(1, 2 ** (power + 1))
        a, b = to_sympy(eta), to_sympy(1 - eta)
        # No right prediction (v > 0) gains: C'(0+) >= 0.
        if (a * right - b * left).is_nonnegative:
            break
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


# -- multi-class losses of margins
def max_loss(case: Case) -> ConsistencyVerdict | None:
    """Max losses: no bound when phi(v) + phi(-v) >= 2 phi(0) (convex, or odd around phi(0)) and n
    >= 3.
    """
    import sympy

    loss, n = case.loss, case.n
    if not isinstance(loss, Max) or n < 3:
        return None
    v = _variable(positive=False)
    phi = loss.phi.of_margin(v, SYMPY)
    if calculus.trend(phi, v) != -1:
        return None
    balanced = _vanishes(phi + phi.subs(v, -v) - 2 * phi.subs(v, 0), v)
    at_zero = phi.subs(v, 0)
    if loss.phi.shape == "convex in scores" or balanced:
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
    if (
        case.top_1
        and _flat_behind(phi, v)
        and (sympy.limit(_far(phi, v), v, sympy.oo) - at_zero).is_negative
    ):
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


def sum_loss(case: Case) -> ConsistencyVerdict | None:
    """Sum losses of a convex, non-increasing phi that is differentiable with phi'(0) < 0 (Zhang
    2004, theorem 5).
    """
    import sympy

    loss = case.loss
    if not isinstance(loss, Sum) or case.n < 3 or not case.top_1:
        return None
    v = _variable(positive=False)
    phi = loss.phi.of_margin(v, SYMPY)
    smooth = not phi.has(sympy.Max, sympy.Min, sympy.Abs, sympy.Piecewise) or _smooth_hinge(phi)
    slope = calculus.one_sided_slopes(phi, v)[0]
    if (
        loss.phi.shape != "convex in scores"
        or not smooth
        or calculus.trend(phi, v) != -1
        or not slope.is_negative
    ):
        return None
    if not sympy.limit(_active(phi), v, sympy.oo).is_finite:
        return None
    return case.verdict(
        "consistent",
        "sum loss of a convex, non-increasing, differentiable phi with phi'(0) < 0 (Zhang 2004, "
        "theorem 5)",
        (
            rf"\varphi(v) = {sympy.latex(phi)},\quad \varphi'(0) = {sympy.latex(slope)} < 0",
            "derivative of the formula",
        ),
        _SWAP,
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


def flat_behind_sum(case: Case) -> ConsistencyVerdict | None:
    """Sum and comp-sum losses of a phi that is constant for v <= 0, falls right after 0 and is
    constant again far out.
    """
    loss = case.loss
    if not isinstance(loss, Sum | CompSumMargin) or case.n < 3 or not case.top_1:
        return None
    v = _variable(positive=False)
    phi = loss.phi.of_margin(v, SYMPY)
    slope = calculus.one_sided_slopes(phi, v)[1]
    if (
        calculus.trend(phi, v) != -1
        or not _flat_behind(phi, v)
        or not slope.is_negative
        or _far(phi, v).has(v)
    ):
        return None
    return case.verdict(
        "consistent",
        "phi is constant for negative margins and falls at 0: raising a tied top label costs the "
        "others nothing",
        (
            rf"\varphi(v) = \varphi(0) \text{{ for }} v \le 0,\quad \varphi'(0+) = {slope} < 0",
            "the formula",
        ),
        _SWAP,
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


def _flat_behind(phi: Any, v: Any) -> bool:
    """Whether phi(v) = phi(0) for every v <= 0."""
    import sympy

    t = sympy.Symbol("t", nonnegative=True)
    behind = _resolved(phi.subs(v, -t))
    return behind is not None and not behind.has(t)


def _vanishes(expression: Any, v: Any) -> bool:
    """Whether an expression is 0 for every real v: by simplification or, where it is piecewise
    linear, at its kinks.
    """
    import sympy

    if not expression.has(sympy.Max, sympy.Min):
        return bool(sympy.simplify(expression).is_zero)
    affine = {
        a
        for m in expression.atoms(sympy.Max, sympy.Min)
        for a in m.args
        if not a.has(sympy.Max, sympy.Min)
    }
    outer = expression.replace(
        lambda e: isinstance(e, sympy.Max | sympy.Min), lambda e: sympy.Dummy()
    )
    if any(sympy.degree(a, v) > 1 for a in affine if a.has(v)) or (
        outer.has(v) and sympy.degree(outer, v) > 1
    ):
        return False
    kinks = sorted(
        {r for a in affine for b in affine for r in sympy.solve(a - b, v)}
        if len(affine) > 1
        else {sympy.Integer(0)}
    )
    points = (
        [kinks[0] - 1, *kinks, kinks[-1] + 1] if kinks else [sympy.Integer(0), sympy.Integer(1)]
    )
    return all(expression.subs(v, x) == 0 for x in points)


def _smooth_hinge(phi: Any) -> bool:
    """Powers >= 2 of max(0, linear): differentiable everywhere."""
    import sympy

    return bool(
        phi.is_Pow and isinstance(phi.base, sympy.Max) and phi.exp.is_number and phi.exp >= 2
    )


def _active(phi: Any) -> Any:
    """The formula for large margins: max(0, linear) is 0 there."""
    import sympy

    return phi.replace(
        lambda e: isinstance(e, sympy.Max) and sympy.Integer(0) in e.args,
        lambda e: sympy.Integer(0) if _falls(e) else e,
    )


def _falls(e: Any) -> bool:
    (symbol,) = e.free_symbols
    return calculus.trend(e, symbol) == -1


def constrained_loss(case: Case) -> ConsistencyVerdict | None:
    """Constrained losses: phi non-increasing, and falling (or constant) with a derivative on the
    whole half-line v <= 0.
    """
    import sympy

    loss = case.loss
    if not isinstance(loss, Constrained) or case.n < 3:
        return None
    smooth = _smooth_constrained(case, loss.phi)
    if smooth is not None:
        return smooth
    if not case.top_1:
        return _constrained_hinge_top_k(case) if isinstance(loss.phi, Hinge) else None
    v = _variable(positive=False)
    phi = loss.phi.of_margin(v, SYMPY)
    if calculus.trend(phi, v) != -1:
        return None
    t = sympy.Symbol("t", nonnegative=True)
    behind = _resolved(phi.subs(v, -t))
    first = (
        r"C(s) = \textstyle\sum_k (1 - p_k)\, g(s_k),\ \sum_k s_k = 0,\ g(z) = \varphi(-z)",
        "definition, summed over y",
    )
    if behind is None:
        return None
    if not behind.has(t):
        if not (sympy.limit(_far(phi, v), v, sympy.oo) - behind).is_negative:
            return None
        return case.verdict(
            "consistent",
            "phi is constant for negative margins: a constrained loss pays for the labels with "
            "non-negative scores",
            first,
            (
                r"C^* \le (1 - p_i) g(0) + \inf g \textstyle\sum_{k \ne i} (1 - p_k)",
                "score of i large, all others very negative",
            ),
            (
                r"s_j = \max s \ge 0 \;\Rightarrow\; C \ge (1 - p_j) g(0) + \inf g "
                r"\textstyle\sum_{k \ne j} (1 - p_k) > C^*",
                r"p_j < p_i",
            ),
        )
    slope = sympy.simplify(sympy.diff(behind, t))
    convex = loss.phi.shape == "convex in scores"
    rising = slope.is_positive or (convex and slope.subs(t, 0).is_positive)
    limits = (sympy.limit(behind, t, sympy.oo), sympy.limit(_far(phi, v), v, sympy.oo))
    bounded = all(x.is_finite for x in limits) and (limits[0] - limits[1]).is_positive
    if not rising or not ((convex and limits[1].is_finite) or bounded):
        return None
    reach = (
        "g is bounded below and grows at least linearly, so wrong predictions of bounded risk "
        "form a compact set"
        if convex
        else "in [-inf, inf]^n a wrong label at +inf gains by a swap or by going to -inf; without "
        "+inf there is no -inf"
    )
    return case.verdict(
        "consistent",
        "constrained loss, phi strictly decreasing and differentiable for v <= 0 (Lee, Lin, Wahba "
        "2004 for the hinge)",
        first,
        (
            rf"g'(z) = {sympy.latex(slope.subs(t, sympy.Symbol('z')))} > 0 \text{{ for }} z \ge 0",
            "derivative of the formula",
        ),
        _SWAP,
        (
            r"s_i = s_j = \max s =: z \;\Rightarrow\; \partial_{e_i - e_j} C = (p_j - p_i)\, "
            r"g'(z) < 0",
            "the largest of scores that sum to 0 is >= 0",
        ),
        (r"\min \{ C : s_j = \max s \} > C^*", reach),
    )


def _smooth_constrained(case: Case, inner: MarginLoss) -> ConsistencyVerdict | None:
    """Every top-k target: phi convex, differentiable and bounded below with phi'(0) < 0, monotone
    or not.
    """
    import sympy

    v = _variable(positive=False)
    phi = inner.of_margin(v, SYMPY)
    differentiable = not phi.has(sympy.Max, sympy.Min, sympy.Abs, sympy.Piecewise) or _smooth_hinge(
        phi
    )
    slope = calculus.one_sided_slopes(phi, v)[0]
    if inner.shape != "convex in scores" or not differentiable or not slope.is_negative:
        return None
    far = sympy.limit(_active(phi), v, sympy.oo)
    if not (far.is_finite or far == sympy.oo):
        return None
    return case.verdict(
        "consistent",
        "constrained loss, phi convex, differentiable, bounded below, phi'(0) < 0: minimisers "
        "order the labels as p does",
        (
            r"C(s) = \textstyle\sum_k (1 - p_k)\, g(s_k),\ \sum_k s_k = 0,\ g(z) = \varphi(-z)",
            "definition, summed over y",
        ),
        (rf"g'(0) = {sympy.latex(-slope)} > 0", "derivative of the formula"),
        (
            r"(1 - p_k)\, g'(s_k) = \mu > 0",
            "Lagrange at a minimiser; some score is >= 0, where g' >= g'(0) > 0",
        ),
        (
            r"p_i > p_j \;\Rightarrow\; g'(s_i) > g'(s_j) \;\Rightarrow\; s_i > s_j",
            "g' is non-decreasing",
        ),
        (
            r"\min_{\text{wrong}} C > C^*",
            "the largest score of a wrong prediction belongs to a label with p < 1: bounded risk "
            "means bounded scores",
        ),
    )


def _constrained_hinge_top_k(case: Case) -> ConsistencyVerdict:
    """The minimiser n e_0 - 1 ties all labels but the likeliest."""
    n, k = case.n, case.k
    rest = [Fraction(1, 2 * n) if y < k else Fraction(1, 4 * n) for y in range(1, n)]
    p = [1 - sum(rest, Fraction(0)), *rest]
    return case.refuted(
        "the minimiser gives the same score to all labels but the likeliest",
        (
            r"C(s) = \textstyle\sum_k (1 - p_k) \max(0, 1 + s_k) \ge (1 - p_{\max}) \sum_k (1 + "
            r"s_k) = n (1 - p_{\max})",
            "the scores sum to 0",
        ),
        (r"s = n e_{\max} - 1", "attains it"),
        p=p,
        start=[n - 1, *[-1] * (n - 1)],
        predicted=(0, *range(n - k + 1, n)),
        floor=n * (1 - p[0]),
        why="1 + s_k <= max(0, 1 + s_k) and every 1 - p_k is at least 1 - p_max",
    )


def _resolved(e: Any) -> Any:
    """An expression of t >= 0 with its Max and Min decided; None where SymPy cannot."""
    import sympy

    def decide(part: Any) -> Any:
        if not part.args:
            return part
        args = [decide(a) for a in part.args]
        if isinstance(part, sympy.Max | sympy.Min):
            best = args[0]
            for other in args[1:]:
                gap = sympy.expand(other - best)
                if gap.is_nonnegative:
                    best = other if isinstance(part, sympy.Max) else best
                elif gap.is_nonpositive:
                    best = best if isinstance(part, sympy.Max) else other
                else:
                    raise ValueError
            return best
        return part.func(*args)

    try:
        return decide(e)
    except ValueError:
        return None


def _far(phi: Any, v: Any) -> Any:
    """phi for large v: each Max and Min replaced by the argument that wins there."""
    import sympy

    far = {}
    for part in phi.atoms(sympy.Max, sympy.Min):
        pick = max if isinstance(part, sympy.Max) else min
        far[part] = pick(part.args, key=lambda a: float(a.subs(v, 10**6)))
    result = phi
    while result.has(sympy.Max, sympy.Min):
        result = result.xreplace(far)
    return result


def reduction(case: Case) -> ConsistencyVerdict | None:
    """Sums of exponentials are functions of the softmax value."""
    loss = case.loss
    if isinstance(loss, Sum) and isinstance(loss.phi, Exponential):
        same: Loss = CompSum(0)
    elif isinstance(loss, CompSumMargin) and isinstance(loss.phi, Exponential):
        same = CompSum(loss.tau)
    else:
        return None
    known = (softmax_value if case.top_1 else softmax_value_top_k)(Case(same, case.n, case.target))
    if known is None:
        return None
    step = Step(
        r"\textstyle\sum_{k \ne y} e^{-(s_y - s_k)} = 1/q_y - 1", f"the loss is {same.spec}"
    )
    return ConsistencyVerdict(
        loss,
        case.n,
        case.target,
        known.status,
        known.reason,
        (step, *known.steps),
        known.counterexample,
    )


def piecewise_linear(case: Case) -> ConsistencyVerdict | None:
    """Weston-Watkins, Crammer-Singer, LDR-k: exact search for a counterexample on the lattice of
    kinks.
    """
    import sympy

    loss, n = case.loss, case.n
    hinges = isinstance(loss, Sum | Max) and isinstance(loss.phi, Hinge)
    if not (hinges or isinstance(loss, LDRk)) or n < 3:
        return None
    kept = loss.k if isinstance(loss, LDRk) else 1
    unit = loss.c if isinstance(loss, LDRk) and loss.c != 0 else Fraction(1)
    if kept >= 3 and case.top_1:
        return case.refuted(
            "the conditional risk falls without bound while two labels stay tied at the top",
            (
                r"C(t (e_1 + e_2)) = \text{const} - t (k - 2)/k \to -\infty \text{ at } p = e_1",
                "k - 2 of the k largest terms are -t",
            ),
            p=[Fraction(1), *[Fraction(0)] * (n - 1)],
            start=[0] * n,
            direction=[1, 1, *[0] * (n - 2)],
            predicted=(1,),
            floor=-sympy.oo,
            why="the infimum over all scores is minus infinity",
        )
    size = max(3, case.k + 1, kept)
    if size > min(n, 5):
        return None
    found = find_counterexample(BraidRisk(loss, size, unit), case.k)
    if found is None:
        return None
    if found.minimum is None:
        return case.refuted(
            "the conditional risk falls without bound under a wrong prediction",
            (
                rf"C(t d) \to -\infty \text{{ along }} d = {found.direction}",
                "exact slope beyond the last kink",
            ),
            p=list(found.p),
            start=[Fraction(0)] * size,
            direction=list(found.direction),
            predicted=found.predicted,
            floor=-sympy.oo,
            why="the infimum over all scores is minus infinity",
        )
    return case.refuted(
        "a wrong prediction is made at a minimiser of a piecewise-linear conditional risk",
        (
            rf"C(s + \epsilon 1_A) \ge C(s) \text{{ for every }} A \subset [{size}],\ s = "
            rf"{found.start}",
            "exact arithmetic over all label sets",
        ),
        (
            r"\Rightarrow C(s) = C^*",
            "the risk is linear on the cones of the braid arrangement, whose rays are the vectors "
            "1_A",
        ),
        *(
            [
                (
                    r"C_n(s_1, s_2, s_3, \dots) \ge C_3(s_1, s_2, s_3)",
                    "more labels of probability 0 only add to it",
                )
            ]
            if n > size
            else []
        ),
        p=list(found.p),
        start=[Fraction(v) * unit for v in found.start],
        predicted=found.predicted,
        floor=found.minimum,
        why="no step along the indicator vector of a label set decreases the risk, which proves "
        "the minimum",
    )


def linear_limit(case: Case) -> ConsistencyVerdict | None:
    """LDR at lambda = infinity: linear scores, unbounded below along ties of likely labels."""
    import sympy

    if not isinstance(case.loss, LDRInfinity) or case.n < 3:
        return None
    n, k = case.n, case.k
    tied = 2 if case.top_1 else 1
    return case.refuted(
        "the conditional risk is linear and falls without bound while labels stay tied",
        (r"C(s) = \text{const} + \bar s - \textstyle\sum_y p_y s_y", "definition"),
        (
            r"C(t 1_A) = \text{const} + t (|A|/n - \textstyle\sum_{y \in A} p_y) \to -\infty",
            f"A is the first {tied} of the labels",
        ),
        p=[Fraction(1, 2), Fraction(2, 5), *[Fraction(1, 10 * (n - 2))] * (n - 2)],
        start=[0] * n,
        direction=[*[1] * tied, *[0] * (n - tied)],
        predicted=(1,) if case.top_1 else (0, *range(n - k + 1, n)),
        floor=-sympy.oo,
        why="the infimum over all scores is minus infinity",
    )


# -- losses with a link of their own
def non_monotone_link(case: Case) -> ConsistencyVerdict | None:
    """Taylor and spherical softmax: cross-entropy of probabilities that are not ordered as the
    scores.
    """
    import sympy

    loss, n = case.loss, case.n
    if not isinstance(loss, TaylorSoftmax | SphericalSoftmax):
        return None
    start = [-4, *[0] * (n - 1)] if isinstance(loss, TaylorSoftmax) else [-2, 1, *[0] * (n - 2)]
    values = loss.losses(np.array([to_sympy(s) for s in start], dtype=object), SYMPY)
    p = [
        Fraction(int(q.p), int(q.q))
        for q in (sympy.nsimplify(sympy.exp(-value)) for value in values)
    ]
    entropy = -sympy.Add(*(to_sympy(q) * sympy.log(to_sympy(q)) for q in p))
    return case.refuted(
        "the link is not monotone: a very negative score means a large probability",
        (r"C(s) = \mathrm{KL}(p, q(s)) + H(p) \ge H(p)", "cross-entropy of the probabilities q(s)"),
        (
            r"q(s) = p \text{ at these scores, whose largest is not the one of the likeliest "
            r"label}",
            "exact evaluation",
        ),
        p=p,
        start=start,
        predicted=tuple(range(1, case.k + 1)),
        floor=entropy,
        why="Gibbs: cross-entropy is at least the entropy of p",
    )


def z_loss(case: Case) -> ConsistencyVerdict | None:
    """Z-loss: a strictly decreasing function of a score on a sphere."""
    import sympy

    loss = case.loss
    if not isinstance(loss, ZLoss):
        return None
    z = sympy.Symbol("z", real=True)
    slope = sympy.simplify(sympy.diff(loss.of_standardised(z, SYMPY), z))
    if not slope.is_negative:
        return None
    return case.verdict(
        "consistent",
        "strictly decreasing in the standardised score, which ranges over a compact sphere "
        "(scores not all equal)",
        (r"\ell_y = g(z_y),\quad \textstyle\sum_k z_k = 0,\ \sum_k z_k^2 = n", "standardisation"),
        (rf"g'(z) = {sympy.latex(slope)} < 0", "derivative of the formula"),
        _SWAP,
        (
            r"z_i = z_j,\ p_i > p_j \;\Rightarrow\; \partial_{e_i - e_j} C = (p_i - p_j) g'(z_i) "
            r"< 0",
            "at a tie e_i - e_j is tangent to the sphere; with two labels z = (1, -1) or (-1, 1) "
            "and there is no tie",
        ),
        (
            r"\min_{\text{wrong}} C > C^*",
            "the sphere is compact and wrong predictions form a closed part without a minimiser",
        ),
    )


def label_dependent_margins(case: Case) -> ConsistencyVerdict | None:
    """LDAM: unequal margins move the decision boundary away from equal probabilities."""
    import sympy

    loss, n = case.loss, case.n
    if not isinstance(loss, LDAM) or not case.top_1:
        return None
    margins = [to_sympy(m) for m in loss.margins(n)]
    if margins[0] == margins[1]:
        from hconsist.losses import LDR

        known = softmax_value(Case(LDR(lam=1, c=margins[0]), n, case.target))
        if known is None:
            return None
        step = Step(r"\Delta_y = \Delta", "equal margins: the loss is LDR with lam = 1")
        return ConsistencyVerdict(
            loss, n, case.target, known.status, known.reason, (step, *known.steps)
        )
    # The two extreme margins differ most. The larger one makes its label count for more; the other
    # label is slightly likelier.
    strict, likely = (n - 1, 0) if (margins[-1] - margins[0]).is_positive else (0, n - 1)
    pull = {y: sympy.exp(margins[y]) / (1 + sympy.exp(margins[y])) for y in (strict, likely)}
    for power in range(2, 200):
        share = Fraction(1, 2) + Fraction(1, 2**power)
        if (to_sympy(1 - share) * pull[strict] - to_sympy(share) * pull[likely]).is_positive:
            break
    else:
        return None

    def risk(lead: Fraction) -> Any:
        """With two labels, the strict one ahead by lead."""
        lost = sympy.log(1 + sympy.exp(margins[strict] - to_sympy(lead)))
        return to_sympy(1 - share) * lost + to_sympy(share) * sympy.log(
            1 + sympy.exp(margins[likely] + to_sympy(lead))
        )

    lead = next(
        step
        for step in (Fraction(1, 2**i) for i in range(200))
        if (risk(step) - risk(Fraction(0))).is_negative
    )
    p, start, direction = [Fraction(0)] * n, [Fraction(-2)] * n, [Fraction(-1)] * n
    p[strict], p[likely], start[strict], start[likely], direction[strict], direction[likely] = (
        1 - share,
        share,
        lead,
        Fraction(0),
        Fraction(0),
        Fraction(0),
    )
    return case.refuted(
        "labels with different margins: the minimiser prefers the label with the larger margin "
        "although it is less likely",
        (
            r"\tfrac{d}{dv} C(0) = p_a \tfrac{e^{\Delta_a}}{1 + e^{\Delta_a}} - p_b "
            r"\tfrac{e^{\Delta_b}}{1 + e^{\Delta_b}} < 0",
            "slope at the tie as the score of b, the label with the larger margin, rises",
        ),
        (
            r"C \ge C(0) \text{ wherever } a \text{ leads}",
            "the conditional risk is convex in the score difference",
        ),
        p=p,
        start=start,
        direction=direction,
        predicted=(strict,),
        floor=risk(Fraction(0)),
        why="by convexity no scores that favour the likelier label go below the tie, and the "
        "given wrong ones do",
    )


def adaptive(case: Case) -> ConsistencyVerdict | None:
    """ALDR: with an inner maximum strictly concave in lambda the loss is differentiable, and the
    order argument applies.
    """
    import sympy

    loss, n = case.loss, case.n
    if not isinstance(loss, ALDR):
        return None
    # The second derivative of the inner objective is V / lam - alpha log(n) / lam0, V the variance
    # of log q under q and lam >= lam0 (1 - 1/alpha). V is largest for one label of probability 1 -
    # r and the others at r / (n - 1).
    r = sympy.Symbol("r", positive=True)
    limit = to_sympy(loss.alpha - 1) * sympy.log(n)
    variance = r * (1 - r) * sympy.log((1 - r) * (n - 1) / r) ** 2
    end = Fraction(1, 10**6)
    outside = (
        to_sympy(end) * sympy.log(n * 10**6) ** 2
    )  # r log(n / r)^2 rises for small r, and bounds V at both ends
    if not (outside - limit).is_negative or not calculus.proven_negative(
        variance - limit, r, end, 1 - end
    ):
        return None
    return case.verdict(
        "consistent",
        "the inner maximum has one maximiser, so the loss is differentiable, and it falls as its "
        "label's score rises",
        (
            r"\tfrac{d^2}{d\lambda^2} = \tfrac{1}{\lambda} \mathrm{Var}_q(\log q) - \tfrac{\alpha "
            r"\log n}{\lambda_0} < 0",
            rf"max Var_q(log q) < (alpha - 1) log n for n = {n} (ball arithmetic; two-valued q is "
            r"worst: Reeb, Wolf 2015)",
        ),
        _SWAP,
        (
            r"s_i = s_j,\ p_i > p_j \;\Rightarrow\; \partial_{e_i - e_j} C = (p_i - p_j)\, "
            r"\partial_{e_i - e_j} \ell_i < 0",
            "Danskin: the derivative is the one of the LDR-KL loss at the maximising lambda",
        ),
        (
            r"\min_{\text{wrong}} C > C^*",
            "where the risk is bounded, labels with p > 0 stay within a bounded distance of the "
            "top; others may go "
            "to -infinity, where the risk is continuous: a closed set of a compact one, without a "
            "minimiser",
        ),
    )


def quadratic(case: Case) -> ConsistencyVerdict | None:
    """Quadratic surrogate: the unique minimiser is an increasing function of p."""
    import sympy

    loss, n = case.loss, case.n
    if not isinstance(loss, QuadraticSurrogate):
        return None
    size = min(n, 4)
    s, p = (
        sympy.symbols(f"s1:{size + 1}", real=True),
        sympy.symbols(f"p1:{size + 1}", nonnegative=True),
    )
    values = loss.losses(np.array(s, dtype=object), SYMPY)
    risk = sympy.expand(sum(a * b for a, b in zip(p, values, strict=True))).subs(
        p[-1], 1 - sum(p[:-1])
    )
    shares = (*p[:-1], 1 - sum(p[:-1]))
    distance = sum((a - b + 1) ** 2 for a, b in zip(s, shares, strict=True)) / (2 * size)
    if sympy.expand(risk - distance).has(*s):
        return None
    return case.verdict(
        "consistent",
        "a squared distance to the label probabilities: the unique minimiser orders the labels as "
        "p does",
        (
            r"C(s) = \tfrac{1}{2n} \textstyle\sum_k (s_k + 1 - p_k)^2 + \text{const}(p)",
            "expanded and compared",
        ),
        (r"s^* = p - 1", "unique, and the risk grows without bound away from it"),
        (
            r"\min_{\text{wrong}} C > C^*",
            "wrong predictions form a closed set of scores that misses s*",
        ),
    )


def strictly_proper(case: Case) -> ConsistencyVerdict | None:
    """Proper losses for top-k: the unique minimiser over the closed simplex is q = p."""
    import sympy

    loss = case.loss
    if case.top_1 or not isinstance(loss, ProbabilityLoss) or isinstance(loss, SoftmaxLoss):
        return None
    size = min(case.n, 4)
    q, p = (
        sympy.symbols(f"q1:{size + 1}", positive=True),
        sympy.symbols(f"p1:{size + 1}", positive=True),
    )
    losses = loss.of_probabilities(np.array(q, dtype=object), SYMPY)
    risk = sum(a * b for a, b in zip(p, losses, strict=True))
    norm = sympy.sqrt(sum(a**2 for a in q))
    inner = sum(a * b for a, b in zip(p, q, strict=True))
    last = {p[-1]: 1 - sum(p[:-1]), q[-1]: 1 - sum(q[:-1])}
    squared = sum((a - b) ** 2 for a, b in zip(p, q, strict=True)) - sum(a**2 for a in p)
    if not sympy.expand((risk - squared).subs(last)).free_symbols:
        regret, why = r"C(q) - C(p) = \lVert q - p \rVert_2^2", "expanded and compared"
    elif not sympy.simplify(risk - sum(p) + inner / norm).free_symbols:
        regret, why = (
            r"C(q) - C(p) = \lVert p \rVert_2 - \langle p, q \rangle / \lVert q \rVert_2",
            "> 0 for q != p by Cauchy-Schwarz",
        )
    else:
        return None
    return case.verdict(
        "consistent",
        "strictly proper: the unique minimiser is q = p",
        (regret, why),
        (
            r"\min_{\text{wrong top-}k} C > C^*",
            "wrong predictions form a closed subset of the simplex that misses q = p",
        ),
    )


RULES: tuple[Rule, ...] = (
    softmax_value,
    softmax_value_top_k,
    probability_loss,
    normalized,
    robust_log,
    reduction,
    binary_margin,
    max_loss,
    sum_loss,
    flat_behind_sum,
    constrained_loss,
    piecewise_linear,
    linear_limit,
    non_monotone_link,
    z_loss,
    label_dependent_margins,
    adaptive,
    quadratic,
    strictly_proper,
)


def asked_for(case: Case) -> str:
    """What the rules for losses of this kind ask for, for the message of an undecided verdict."""
    top_1 = {
        SoftmaxLoss: "g non-increasing with g' < 0 on [1/n, 1/2], perhaps capped",
        ProbabilityLoss: "continuous on the simplex and decreasing in the label's probability",
        MarginLoss: "phi convex, or non-increasing with suitable slopes at 0",
        Sum: "phi convex, non-increasing, differentiable and bounded below, or constant for "
        "negative and for large margins",
        Max: "phi convex, odd around phi(0), or constant for negative margins",
        Constrained: "phi non-increasing and falling, or constant, for negative margins",
        CompSumMargin: "phi exponential, or constant for negative and for large margins",
        ALDR: "max Var_q(log q) < (alpha - 1) log n",
    }
    top_k = {
        SoftmaxLoss: "g' < 0 on (0, 1/2] and g'(0) infinite, or g convex or concave, perhaps "
        "capped, g'(0) finite, g'(1) < 0",
        ProbabilityLoss: "strictly proper with the squared or the spherical regret",
        ALDR: top_1[ALDR],
    }
    kinds = top_1 if case.top_1 else top_k
    return "; ".join(text for kind, text in kinds.items() if isinstance(case.loss, kind))
