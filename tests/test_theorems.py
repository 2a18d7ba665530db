"""The catalogue's verdicts, statement by statement and engine by engine; and that a false constant
is noticed.
"""

from __future__ import annotations

import dataclasses

import pytest

from hconsist.engines import EngineName
from hconsist.pointwise import PointwiseProblem
from hconsist.theorems import Theorem, catalogue, published
from hconsist.verify import Verification, verify

ENGINES: tuple[EngineName, ...] = ("symbolic", "numeric")
STATEMENTS = list(catalogue().values())
TIGHT = [t for t in STATEMENTS if t.claim == "tight" and t.formula is not None]
#: Every fourth in the default run, all of them in the slow one.
SAMPLED = [
    pytest.param(t, id=t.id, marks=() if i % 4 == 0 else pytest.mark.slow)
    for i, t in enumerate(TIGHT)
]


def only(entry: Theorem, count: int = 2) -> Theorem:
    """The statement on its first and last instances: enough for a quick test."""
    chosen = tuple(dict.fromkeys((entry.instances[0], entry.instances[-1])))[:count]
    return dataclasses.replace(entry, instances=chosen)


@pytest.mark.parametrize("entry", STATEMENTS, ids=lambda t: t.id)
def test_no_engine_contradicts_a_statement_and_some_engine_settles_it(entry: Theorem) -> None:
    """Both in one test: what an engine says of a statement is asked once."""
    found = [verify(only(entry), (engine,)) for engine in ENGINES]
    for said in found:
        assert said.status != "violated", [c for c in said.checks if c.outcome == "contradicted"]
    if entry.claim != "open":  # open statements are listed, not settled
        checks = tuple(c for said in found for c in said.checks)
        assert Verification(entry, checks, 0.0).status == "holds", checks


@pytest.mark.parametrize("factor", [0.99, 1.01])
@pytest.mark.parametrize("entry", SAMPLED)
def test_a_false_constant_is_noticed(entry: Theorem, factor: float) -> None:
    import sympy

    scale = sympy.Rational(repr(factor))
    # A formula that is 0 stays 0 under scaling: it is moved instead.
    mutant = dataclasses.replace(
        only(entry, 1), formula=lambda problem: scale * entry.at(problem) or scale - 1
    )
    assert verify(mutant, ("symbolic", "numeric")).status == "violated"


def test_ids_are_unique_and_sources_named() -> None:
    assert len(STATEMENTS) >= 250
    assert all(t.paper and t.locator and t.statement and t.instances for t in STATEMENTS)
    assert all(
        (t.formula is None) == (t.relation in ("consistent", "inconsistent", "fact", "computed"))
        for t in STATEMENTS
    )


def test_published_finds_the_paper_for_a_problem_it_never_saw() -> None:
    assert [t.id for t in published(PointwiseProblem("gce:q=0.33", n_classes=17))] == [
        "comp-sum-gce"
    ]
    assert published(PointwiseProblem("gce:q=0.33", target="top-k:2", n_classes=17)) == []
