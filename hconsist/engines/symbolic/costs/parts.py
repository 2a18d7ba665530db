"""One score a part of the label, costs that count wrong parts: infimal convolution.

A part is a label that may be present, or a threshold between ordered labels. Where the cost of a
prediction is a sum of c_i over the parts that it gets wrong, both regrets are sums over the parts,
and T is the infimal convolution of b -> T_2(b / c_i), T_2 that of the binary problem
(docs/targets_scores.md, theorem D). Where the whole set must be right, one wrong part decides
(theorem E).
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

import sympy
from sympy import Expr

from hconsist.arithmetic import SYMPY, to_sympy
from hconsist.decisions.costs import as_uniform
from hconsist.engines.derivation import Derivation, Step, beta_symbol, excess_symbol
from hconsist.engines.symbolic import margin
from hconsist.engines.symbolic.costs.conjugate import Conjugate
from hconsist.engines.symbolic.solution import Solution, stop
from hconsist.losses.forms import OfMargin
from hconsist.losses.jointly_convex import logistic_unit
from hconsist.losses.prediction_forms import WeightedMargins
from hconsist.pointwise import PointwiseProblem

tex = sympy.latex
Weights = tuple[Fraction, ...]

#: Unequal weights: the law of their signed sum is written out, with up to 2^PARTS values.
_MOST_PARTS = 7


@dataclass(frozen=True)
class Parts:
    """What each wrong part costs; one cost for any number of wrong parts where `whole`.

    Parameters
    ----------
    weights : tuple of Fraction
    whole : bool
    """

    weights: Weights
    whole: bool = False


def parts(problem: PointwiseProblem) -> Parts | str:
    """What the costs say of the parts, or why they are no costs of parts.

    >>> parts(PointwiseProblem("binary-relevance", "hamming:k=2", n_classes=4))
    Parts(weights=(Fraction(1, 1), Fraction(1, 1)), whole=False)
    >>> parts(PointwiseProblem("binary-relevance", "rank-loss:items=2", n_classes=4))
    'needs a prediction that says of each part whether it is there'
    """
    loss, decision = problem.surrogate, problem.decision
    reason = "needs a prediction that says of each part whether it is there"
    if decision.rule not in ("signs", "count"):  # asked first: n may be a symbol elsewhere
        return reason
    form = loss.prediction_form(problem.n_scores)
    if not isinstance(form, WeightedMargins):
        return reason
    every, own = range(problem.n_scores), form.weights
    signs = {r: _signs(decision.rule, r, len(every)) for r in range(decision.items)}
    uniform = as_uniform(decision.finite)
    if decision.rule == "signs" and uniform is not None and len(every) > 1:
        return Parts((uniform.wrong - uniform.right,), whole=True)
    rows = decision.finite.exact_rows()
    found = []
    for i in every:  # two predictions that differ in one part, at a label that lacks it
        one, two = next((r, s) for r in signs for s in signs if _differ(signs[r], signs[s]) == [i])
        r, s = (one, two) if signs[one][i] else (two, one)
        y = next(y for y in range(problem.n) if not own[i][y])
        found.append(rows[r][y] - rows[s][y])
    if min(found) <= 0:
        return "needs costs that grow with each wrong part"
    for y in range(problem.n):
        rest = {
            row[y] - sum((c for i, c in enumerate(found) if signs[r][i] != own[i][y]), Fraction(0))
            for r, row in enumerate(rows)
        }
        if len(rest) != 1:
            return "needs costs that are sums over the wrong parts"
    return Parts(tuple(found))


def _signs(rule: str, item: int, size: int) -> tuple[bool, ...]:
    """Which parts a prediction says are there."""
    return tuple(bool(item >> i & 1) if rule == "signs" else item > i for i in range(size))


def _differ(one: tuple[bool, ...], two: tuple[bool, ...]) -> list[int]:
    return [i for i, (a, b) in enumerate(zip(one, two, strict=True)) if a != b]


def solve(problem: PointwiseProblem, found: Parts) -> Solution:
    """The derivation, from that of the binary problem.

    Raises
    ------
    EngineCannotAnswerError
        With what stopped it.
    """
    loss = problem.surrogate
    phi = loss.phi  # type: ignore[attr-defined]
    binary = PointwiseProblem(phi, n_classes=2)
    inner = margin.solve(binary)
    two = inner.derivation
    if two.relation != "=" or inner.upper_only or inner.lower_only:
        raise stop(f"the binary transformation of {phi.spec} is a bound of one side")
    first = (
        Step(
            r"\mathcal{C}(s, p) - \mathcal{C}^*(p) = \sum_i \left[ w_i \phi(s_i) + (1 - w_i) "
            r"\phi(-s_i) - \inf_{t} \{ w_i \phi(t) + (1 - w_i) \phi(-t) \} \right]",
            "One binary problem for each part: w_i is the probability of part i, and each score "
            "is chosen by itself",
        ),
        *two.steps,
        Step(
            rf"\mathcal{{T}}_2(\beta) = {tex(two.transform)}",
            "The binary problem of one part: to be wrong about a part with abs(2 w_i - 1) = beta "
            "costs at least this",
        ),
    )
    convex = two.envelope == two.transform
    if found.whole:
        return _of_sets(problem, found, inner, first, convex)
    if problem.decision.rule == "count" and not _exchange(phi):
        raise stop(f"could not show that phi(s) - phi(-s) falls for {phi.spec}")
    if len(set(found.weights)) == 1:
        return _equal(problem, found.weights, inner, first, convex)
    return _unequal(problem, found.weights, first)


def _exchange(phi: Expr) -> bool:
    """Whether phi(s) - phi(-s) falls: then thresholds in order are as good as any."""
    curve = phi.form(OfMargin).phi
    if curve.fact("non-increasing"):
        return True
    v = sympy.Symbol("v", real=True)
    value = sympy.sympify(curve(v, SYMPY))
    slope = sympy.simplify(sympy.diff(value - value.subs(v, -v), v))
    return bool(slope.is_number and slope <= 0)


def _whole_range(inner: Solution, expression: Expr) -> Expr:
    """A formula of T_2 with its value at 1 where that is a limit."""
    if inner.at_one is None:
        return expression
    return sympy.Piecewise((expression, beta_symbol() < 1), (inner.at_one, True))


def _equal(
    problem: PointwiseProblem,
    weights: Weights,
    inner: Solution,
    first: tuple[Step, ...],
    convex: bool,
) -> Solution:
    """k parts of one weight c: T(b) = k T_2(b / (k c))."""
    b, e, k, c = beta_symbol(), excess_symbol(), len(weights), to_sympy(weights[0])
    two = inner.derivation

    def lifted(formula: Expr) -> Expr:
        moved = formula.subs(b, b / (k * c))
        if isinstance(moved, sympy.Piecewise):
            return sympy.Piecewise(*((k * piece, where) for piece, where in moved.args))
        return k * moved

    hull = lifted(_whole_range(inner, two.envelope))
    free = problem.decision.rule == "signs"
    exact = convex or free
    formula = lifted(_whole_range(inner, two.transform)) if convex else hull

    def inverse(formula: Expr) -> Expr:
        return None if formula is None else k * c * formula.subs(e, e / k)

    argument, unit = tex(b / (k * c)), "" if c == 1 else f" / {tex(c)}"
    steps = (
        *first,
        Step(
            rf"\mathcal{{T}}(\beta) \ge \min \Bigl\{{ \sum_i \mathcal{{T}}_2(\beta_i{unit}) : "
            r"\sum_i \beta_i \ge \beta \Bigr\}",
            "The target regret is the sum of beta_i over the parts that are wrong, so T is at "
            "least the infimal convolution"
            + ("" if free else "; exchanging two scores out of order does not raise the risk, so "
               "thresholds are taken in order"),
        ),
        Step(
            rf"\mathcal{{T}}(\beta) {'=' if convex else '>='} {k}\, \mathcal{{T}}_2({argument})"
            rf" = {tex(formula)}",
            "A convex function is least where all parts have the same regret; all of them are "
            "wrong at two labels that share no part, mixed"
            if convex
            else "The convex envelope of T_2 is below it, and least where all parts have the same "
            "regret",
        ),
    )  # fmt: skip
    derivation = Derivation(
        problem, formula, hull, inverse(two.gamma), inverse(two.gamma_upper), two.growth, steps,
        two.assumptions, relation="=" if convex else ">=", envelope_exact=exact,
    )  # fmt: skip
    return Solution(derivation, lower_only=not convex)


def _unequal(problem: PointwiseProblem, weights: Weights, first: tuple[Step, ...]) -> Solution:
    """Logistic parts of different weights: the law of the signed sum of the weights."""
    form = problem.surrogate.prediction_form(problem.n_scores)
    assert isinstance(form, WeightedMargins)
    unit = logistic_unit(form.phi.phi)
    if unit is None:
        raise stop("parts of different costs are derived for the logistic loss")
    if len(weights) > _MOST_PARTS:
        raise stop(f"{len(weights)} parts of different costs have too many sums")
    law: dict[Fraction, Fraction] = {Fraction(0): Fraction(1)}
    for c in weights:
        turned: dict[Fraction, Fraction] = {}
        for x, m in law.items():
            for value in (x - c, x + c):
                turned[value] = turned.get(value, Fraction(0)) + m / 2
        law = turned
    values = sorted(law)
    b, e, k, c = beta_symbol(), excess_symbol(), len(weights), to_sympy(unit)
    reach, squares = to_sympy(sum(weights)), to_sympy(sum((w**2 for w in weights), Fraction(0)))
    held = Conjugate(b, ([to_sympy(v) for v in values], [to_sympy(law[v]) for v in values]))
    formula = sympy.Piecewise((c * held, b < reach), (c * k * sympy.log(2), True))
    rises = all(x <= y for x, y in pairwise(weights))
    falls = all(x >= y for x, y in pairwise(weights))
    attained = problem.decision.rule == "signs" or rises or falls
    upper = sympy.Piecewise(
        (sympy.sqrt(2 * squares * e / c), e <= c * reach**2 / (2 * squares)), (reach, True)
    )
    steps = (
        *first,
        Step(
            r"\mathcal{T}(\beta) \ge \min \Bigl\{ \sum_i \mathcal{T}_2(\beta_i / c_i) : \sum_i "
            rf"\beta_i \ge \beta \Bigr\}},\quad c = {tex(tuple(map(to_sympy, weights)))}",
            "The target regret is the sum of beta_i over the parts that are wrong, so T is at "
            "least the infimal convolution",
        ),
        Step(
            r"\sup_\lambda \Bigl[ \lambda \beta - \sum_i \log\cosh(\lambda c_i) \Bigr]",
            "Its conjugate is the sum of the conjugates, and that of T_2(x / c) is log cosh "
            "(lambda c): the logarithmic moment of the sum of all c_i with random signs",
        ),
        Step(
            rf"\mathcal{{T}}(\beta) {'=' if attained else '>='} {tex(formula)}",
            "Attained where w_i = (1 - tanh(lambda c_i))/2"
            if attained
            else "A lower bound: the probabilities of thresholds must fall, the best ones do not",
        ),
        Step(rf"\Gamma(\varepsilon) \le {tex(upper)}", "log cosh x is at most x^2 / 2"),
    )
    derivation = Derivation(
        problem, formula, formula, None, upper, sympy.Integer(2), steps,
        relation="=" if attained else ">=", envelope_exact=attained,
    )  # fmt: skip
    return Solution(derivation, lower_only=not attained)


def _of_sets(
    problem: PointwiseProblem,
    found: Parts,
    inner: Solution,
    first: tuple[Step, ...],
    convex: bool,
) -> Solution:
    """One cost c for every wrong set: T(b) = T_2(2 b / c - 1), 0 up to c/2."""
    b, c = beta_symbol(), to_sympy(found.weights[0])
    two = inner.derivation

    def beyond(formula: Expr) -> Expr:
        moved = formula.subs(b, 2 * b / c - 1)
        rest = moved.args if isinstance(moved, sympy.Piecewise) else ((moved, True),)
        return sympy.Piecewise((sympy.Integer(0), b <= c / 2), *rest)

    formula = beyond(_whole_range(inner, two.transform))
    envelope = beyond(_whole_range(inner, two.envelope))

    def inverse(formula: Expr) -> Expr:
        return None if formula is None else c * (1 + formula) / 2

    steps = (
        *first,
        Step(
            r"w_i \ge p(S) \ge \beta / c",
            "Predicting R where S is best costs c (p(S) - p(R)). R and S differ in some part i, "
            "and the label S has it as S says: abs(2 w_i - 1) is at least 2 beta / c - 1, and the "
            "score of i is on the wrong side",
        ),
        Step(
            rf"\mathcal{{T}}(\beta) = \mathcal{{T}}_2\left(\left({tex(2 * b / c - 1)}\right)_+"
            rf"\right) = {tex(formula)}",
            "Attained: beta / c on S, the rest on a set that differs from S in part i and in one "
            "more; R differs from S in i alone. No excess of the surrogate forces the regret "
            "below c / 2",
        ),
    )
    derivation = Derivation(
        problem, formula, envelope, inverse(two.gamma), inverse(two.gamma_upper), None, steps,
        two.assumptions, envelope_exact=convex,
    )  # fmt: skip
    return Solution(derivation)
