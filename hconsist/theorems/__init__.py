"""Published statements as data: what papers claim, and what became of it. Engines never import this
package.
"""

from __future__ import annotations

from functools import lru_cache

from hconsist.errors import UnknownNameError
from hconsist.pointwise import PointwiseProblem
from hconsist.theorems.statement import Claim, Relation, Theorem

__all__ = ["Claim", "Relation", "Theorem", "catalogue", "published", "theorem"]


@lru_cache(maxsize=1)
def catalogue() -> dict[str, Theorem]:
    """Every statement by its id, in the order of the modules.

    Examples
    --------
    >>> catalogue()["comp-sum-logistic"].claim
    'tight'
    """
    from hconsist.theorems import binary, comp_sum, findings, multiclass, noise, targets

    found: dict[str, Theorem] = {}
    for entry in (
        *comp_sum.THEOREMS,
        *binary.theorems(),
        *multiclass.theorems(),
        *targets.theorems(),
        *noise.theorems(),
        *findings.theorems(),
    ):
        if entry.id in found:
            raise AssertionError(f"two theorems are called {entry.id}")
        found[entry.id] = entry
    return found


def theorem(identifier: str) -> Theorem:
    """One statement by its id.

    Raises
    ------
    UnknownNameError
        With the nearest id.

    Examples
    --------
    >>> theorem("psi-hinge").paper.startswith("Bartlett")
    True
    """
    known = catalogue()
    if identifier not in known:
        raise UnknownNameError("theorem", identifier, known)
    return known[identifier]


def published(problem: PointwiseProblem) -> list[Theorem]:
    """The statements of the literature that give a transformation for this problem (refuted and new
    ones left out).

    Examples
    --------
    >>> [t.id for t in published(PointwiseProblem("mae", n_classes=10))]
    ['comp-sum-from-two']
    """
    if problem.is_symbolic:
        return []
    return [
        t
        for t in catalogue().values()
        if t.relation in ("transform >=", "transform =")
        and t.claim != "refuted"
        and not t.new
        and t.applies(problem)
    ]
