"""Piecewise-linear and linear losses of the scores: exact counterexamples."""

from __future__ import annotations

from fractions import Fraction

from hconsist.arithmetic import SYMPY
from hconsist.consistency.polyhedral import BraidRisk, find_counterexample
from hconsist.consistency.rules.case import Case, margin_variable, rule
from hconsist.consistency.rules.line import vanishes
from hconsist.consistency.verdict import ConsistencyVerdict
from hconsist.losses.forms import General, Pairwise
from hconsist.losses.forms_of_scores import LargestTerms


def lattice_unit(case: Case) -> Fraction | None:
    """The step of the lattice of kinks of score differences; None for losses without one."""
    import sympy

    form, v = case.form(Pairwise), margin_variable()
    terms = case.form(LargestTerms)
    hinges = (
        form is not None
        and form.how != "comp-sum"
        and vanishes(form.phi(v, SYMPY) - sympy.Max(0, 1 - v), v)
    )
    if not hinges and (terms is None or terms.count is None):
        return None
    return Fraction(1) if terms is None or terms.c == 0 else terms.c


@rule(General)
def piecewise_linear(case: Case) -> ConsistencyVerdict | None:
    """Weston-Watkins, Crammer-Singer, LDR-k: exact search for a counterexample on the lattice of
    kinks.
    """
    import sympy

    loss, n = case.loss, case.n
    unit = lattice_unit(case)
    terms = case.form(LargestTerms)
    kept = 1 if terms is None else terms.count
    if unit is None or kept is None or n < 3:
        return None
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


@rule(LargestTerms)
def linear_limit(case: Case) -> ConsistencyVerdict | None:
    """LDR at lambda = infinity: linear scores, unbounded below along ties of likely labels."""
    import sympy

    terms = case.form(LargestTerms)
    if terms is None or terms.count is not None or case.n < 3:
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
