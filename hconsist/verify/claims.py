"""What a statement says about T, in the form that certificates take."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from hconsist.losses.forms import OfSoftmax
from hconsist.pointwise import PointwiseProblem, beta_symbol, excess_symbol
from hconsist.theorems import Theorem

if TYPE_CHECKING:
    import sympy

    from hconsist.certificates import Relation


def claims(entry: Theorem) -> Iterator[tuple[PointwiseProblem, Relation, sympy.Expr, str]]:
    """What a statement says about T on each of its instances, in the form that
    `hconsist.certificates` takes.

    An upper bound f of Gamma says that T is at least the inverse of f; that a closed form is exact
    are two claims where upper bounds have proofs (losses of the softmax value). Statements of other
    kinds say nothing here.

    Yields
    ------
    problem, relation, claim, verdict
        With the verdict, "holds" or "violated", that the catalogue records.

    Examples
    --------
    >>> from hconsist.theorems import theorem
    >>> (problem, relation, claim, verdict), *_ = claims(theorem("zhang-exponential"))
    >>> problem.surrogate.spec, relation, claim, verdict
    ('exponential', '>=', beta**2/2, 'holds')
    """
    import sympy

    if (
        entry.relation not in ("T >=", "T =", "Gamma <=")
        or entry.claim == "open"
        or entry.betas is not None
    ):
        return
    for problem in entry.instances:
        formula = entry.at(problem)
        if entry.relation == "Gamma <=":
            inverses = sympy.solve(sympy.Eq(formula, beta_symbol()), excess_symbol())
            if len(inverses) != 1:
                continue
            formula = inverses[0]
        if entry.denied:
            yield problem, "<=" if entry.relation == "T =" else ">=", formula, "violated"
            continue
        yield problem, ">=", formula, "holds"
        if (
            entry.relation == "T ="
            and entry.claim == "tight"
            and problem.surrogate.form(OfSoftmax) is not None
        ):
            yield problem, "<=", formula, "holds"
