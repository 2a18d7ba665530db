"""Losses of all predicted probabilities, each label written out."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np

from hconsist.arithmetic import SYMPY, to_sympy
from hconsist.consistency.calculus import SWITCHES
from hconsist.consistency.rules.case import EXPLICIT_LABELS, SWAP, Case, rule, written
from hconsist.consistency.verdict import ConsistencyVerdict
from hconsist.losses.forms import OfProbabilities, OfSoftmax

if TYPE_CHECKING:
    from sympy import Expr


@rule(OfProbabilities, asks="continuous on the simplex and decreasing in the label's probability")
def probability_loss(case: Case) -> ConsistencyVerdict | None:
    """Zero-one: a symmetric loss, continuous on the closed simplex, with l_i - l_j of the sign of
    q_j - q_i to first order; every label written out.
    """
    form = case.form(OfProbabilities)
    if form is None or case.form(OfSoftmax) is not None or not case.top_1:
        return None
    if case.n > EXPLICIT_LABELS:
        return None
    q = _labels("q", case.n, nonnegative=True)
    losses = written(form.f, q)
    if losses is None or not symmetric(losses, q):
        return None
    if not all(_continuous(e, q) and _smooth(e, q) for e in losses):
        return None
    return _order_and_tie(case, losses, q)


def _labels(name: str, n: int, **assumptions: bool) -> tuple[Expr, ...]:
    import sympy

    symbols: tuple[Expr, ...] = sympy.symbols(f"{name}1:{n + 1}", **assumptions)
    return symbols


def symmetric(losses: Expr, q: tuple[Expr, ...]) -> bool:
    """Whether relabelling permutes the losses: shown for a swap and a rotation, which generate
    every permutation.
    """
    import sympy

    n = len(q)
    for order in ((1, 0, *range(2, n)), (*range(1, n), 0)):
        renamed = dict(zip(q, (q[i] for i in order), strict=True))
        for y in range(n):
            moved, other = losses[y].xreplace(renamed), losses[order[y]]
            if moved != other and sympy.simplify(moved - other) != 0:
                return False
    return True


def _order_and_tie(case: Case, losses: Expr, q: tuple[Expr, ...]) -> ConsistencyVerdict | None:
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
        SWAP,
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


def _negative(expression: Expr, positive: Expr | None = None) -> bool:
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


def _never_zero(e: Expr, q: tuple[Expr, ...]) -> bool:
    """Whether an expression is shown to be positive on the closed simplex."""
    if e.is_positive:
        return True
    # A sum over labels of positive multiples of powers vanishes only at q = 0, which is not in the
    # simplex.
    terms = e.as_ordered_terms()
    return bool(
        e.is_Add and e.is_nonnegative and all(any(t.free_symbols == {v} for t in terms) for v in q)
    )


def _smooth(expression: Expr, q: tuple[Expr, ...]) -> bool:
    """Whether the formula has no corner where two probabilities tie above 0: "no change to first
    order" is said of a derivative.
    """
    import sympy

    return not expression.has(*SWITCHES) and all(
        part.exp.is_integer or part.base in q or _never_zero(part.base, q)
        for part in expression.atoms(sympy.Pow)
        if part.free_symbols
    )


def _continuous(expression: Expr, q: tuple[Expr, ...]) -> bool:
    """Whether every logarithm and denominator stays positive on the closed simplex, so that the
    formula is continuous there.
    """
    import sympy

    for part in sympy.preorder_traversal(expression):
        if isinstance(part, sympy.log) and part.free_symbols and not _never_zero(part.args[0], q):
            return False
        if (
            part.is_Pow
            and part.free_symbols
            and part.exp.is_negative
            and not _never_zero(part.base, q)
        ):
            return False
    return True


@rule(OfProbabilities)
def normalized(case: Case) -> ConsistencyVerdict | None:
    """NCE: the weights log q_k / sum log q_k can sit on the least likely label whatever the order
    of the others.
    """
    import sympy

    form, n, k = case.form(OfProbabilities), case.n, case.k
    if form is None or k > max(n - 2, 1) or n > EXPLICIT_LABELS:
        return None
    q = _labels("q", n, positive=True)
    logs = [sympy.log(v) for v in q]
    losses = written(form.f, q)
    if losses is None or any(
        sympy.simplify(loss - own / sum(logs)) != 0 for loss, own in zip(losses, logs, strict=True)
    ):
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


@rule(OfProbabilities)
def robust_log(case: Case) -> ConsistencyVerdict | None:
    """RLL for top-k: labels less likely than 1/n are pushed to probability 0, all of them."""
    import sympy

    form, n, k = case.form(OfProbabilities), case.n, case.k
    if form is None or case.top_1 or n > EXPLICIT_LABELS or not _robust(form, n):
        return None
    rest = [Fraction(1, 2 * n) if y < k else Fraction(1, 4 * n) for y in range(1, n)]
    p = [1 - sum(rest, Fraction(0)), *rest]
    vertex = np.array([sympy.Integer(1), *[sympy.Integer(0)] * (n - 1)], dtype=object)
    losses = form.f(vertex, SYMPY)
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


def _robust(form: OfProbabilities, n: int) -> bool:
    """Whether ``l_y = const - log(alpha + q_y) + sum over the others of log(alpha + q_k)/(n - 1)``,
    up to a positive factor.
    """
    import sympy

    q = _labels("q", n, positive=True)
    losses = written(form.f, q)
    if losses is None:
        return False
    own = sympy.simplify(-1 / sympy.diff(losses[0], q[0]))
    alpha = sympy.simplify(own.subs(q[0], 0))
    scale = sympy.simplify((own - alpha) / q[0])  # own = (alpha + q) scale
    if scale.has(*q) or alpha.has(*q) or not scale.is_positive or not alpha.is_positive:
        return False
    logs = [sympy.log(alpha / scale + v) / scale for v in q]
    wanted = [
        -logs[y] + sum(logs[k] for k in range(n) if k != y) / sympy.Integer(n - 1) for y in range(n)
    ]
    rest = {sympy.simplify(a - b) for a, b in zip(losses, wanted, strict=True)}
    return len(rest) == 1 and not rest.pop().free_symbols


@rule(
    OfProbabilities,
    asks_top_k="strictly proper with the squared or the spherical regret",
)
def strictly_proper(case: Case) -> ConsistencyVerdict | None:
    """Proper losses for top-k: the unique minimiser over the closed simplex is q = p."""
    import sympy

    form = case.form(OfProbabilities)
    if case.top_1 or form is None or case.form(OfSoftmax) is not None or case.n > EXPLICIT_LABELS:
        return None
    q, p = _labels("q", case.n, positive=True), _labels("p", case.n, positive=True)
    losses = written(form.f, q)
    if losses is None:
        return None
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
