"""Published statements as data: what papers claim, and what became of it. Engines never import this
package.

A paper is a file in ``papers/`` (see `hconsist.theorems.reading`); statements whose formula or
check is a program are in `exact` and `facts`.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from hconsist.errors import UnknownNameError
from hconsist.pointwise import PointwiseProblem
from hconsist.theorems.reading import read_paper
from hconsist.theorems.statement import Claim, Paper, Theorem

__all__ = ["Claim", "PAPERS", "Paper", "Theorem", "catalogue", "published", "read_paper", "theorem"]

#: Where the files of the papers are.
PAPERS = Path(__file__).with_name("papers")


@lru_cache(maxsize=1)
def catalogue() -> dict[str, Theorem]:
    """Every statement by its id: paper by paper, our own last.

    Examples
    --------
    >>> catalogue()["comp-sum-logistic"].claim
    'tight'
    """
    from hconsist.theorems import exact, facts

    entries: list[Theorem] = []
    for path in sorted(PAPERS.glob("*.toml")):
        entries += read_paper(path, eager=False)
    sources = {entry.source.key: entry.source for entry in entries}
    own = sources["hconsist"]
    entries += [
        *exact.theorems(own),
        *facts.theorems(own, sources[facts.ENHANCED], sources[facts.INFORMATION]),
    ]
    entries.sort(key=lambda entry: (entry.new, entry.source.key))
    found: dict[str, Theorem] = {}
    for entry in entries:
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
    """The statements of the literature that give a transformation for this problem (denied and new
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
        if t.relation in ("T >=", "T =")
        and t.betas is None
        and not t.denied
        and not t.new
        and t.applies(problem)
    ]
