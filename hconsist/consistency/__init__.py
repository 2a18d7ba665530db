"""Consistency verdicts with proof: is a small surrogate risk a small target risk, on the complete
hypothesis set?
"""

from __future__ import annotations

from dataclasses import replace

from hconsist.consistency.costs import FreeRegret, free_regret
from hconsist.consistency.linked import without_a_rule
from hconsist.consistency.rules import RULES, Case, asked_for
from hconsist.consistency.verdict import ConsistencyVerdict, Counterexample
from hconsist.decisions import Target, parse_target
from hconsist.errors import EngineCannotAnswerError
from hconsist.losses import Loss, parse_loss
from hconsist.pointwise import PointwiseProblem

__all__ = ["ConsistencyVerdict", "Counterexample", "FreeRegret", "free_regret", "verdict"]


def verdict(
    loss: Loss | str, n_classes: int = 2, target: Target | str = "zero-one"
) -> ConsistencyVerdict:
    """Whether a loss is consistent with a target for n labels on the complete hypothesis set, with
    the argument.

    The rules work on the loss's formula: derivatives by SymPy, signs by SymPy or ball arithmetic,
    piecewise-linear risks by exact arithmetic. What none of them settles is undecided.

    Parameters
    ----------
    loss : Loss or str
    n_classes : int
    target : Target or str

    Raises
    ------
    InvalidInputError
        When the parts do not fit together.

    Source: Steinwart 2007 and Tewari, Bartlett 2007 (calibration); Bartlett, Jordan, McAuliffe
    2006, theorem 2 (two labels).

    Examples
    --------
    >>> verdict("crammer-singer", n_classes=3).status
    'not consistent'
    >>> print(verdict("logistic", n_classes=10))  # doctest: +ELLIPSIS
    comp-sum:tau=1, n = 10, zero-one: consistent (strictly decreasing in the label's softmax ...)
    """
    loss, target = parse_loss(loss), parse_target(target)
    if (unread := without_a_rule(loss, n_classes, target)) is not None:
        return unread
    problem = PointwiseProblem(loss, target, n_classes=n_classes)
    case = Case(problem.surrogate, problem.n, problem.target)
    if case.loss.symbolic:
        return case.verdict("undecided", "a parameter has no value: give a number for it")
    try:
        problem.check_formula("symbolic")
    except EngineCannotAnswerError as refused:
        return case.verdict("undecided", refused.reason)
    if problem.decision.structure.top is None or case.loss.scores_of != "labels":
        return _of_costs(case, problem)
    for rule in RULES:
        found = rule.function(case) if rule.applies(case) else None
        if found is not None:
            return found
    tried = asked_for(case)
    return case.verdict(
        "undecided", "no rule applies" + (f"; the rules ask for: {tried}" if tried else "")
    )


def _of_costs(case: Case, problem: PointwiseProblem) -> ConsistencyVerdict:
    """Costs of any kind: whether best scores may lead to a wrong prediction, exactly."""
    found = free_regret(problem)
    if isinstance(found, str):
        return case.verdict(
            "undecided",
            f"{found} (the other rules are about the zero-one and top-k targets, not "
            f"{problem.target})",
        )
    if found.regret == 0:
        made = case.verdict(
            "consistent",
            f"{found.reason}, and rational multipliers prove that they lead to best predictions",
            (
                r"\max \{ \langle p, L_r - L_{r^*} \rangle : A p \in V_r \} \le 0",
                "for each pair of predictions, by linear programming duality in rationals",
            ),
            (
                r"\mathcal{T}(\beta) > 0 \text{ for } \beta > 0",
                "the regret is positive off A p, lower semicontinuous, and p and the coordinates "
                "range over a compact set",
            ),
        )
        return made
    end = "and to no further" if found.largest else "at least"
    made = case.verdict(
        "not consistent",
        f"T = 0 up to {found.shown} {end}: {found.reason}",
        (
            r"p = (" + ", ".join(map(str, found.p)) + ")",
            f"the best scores may predict {found.predicted[0]}, whose regret is {found.regret}",
        ),
    )
    return replace(made, free=found)
