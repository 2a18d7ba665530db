"""A statement that carries its own exact check."""

from __future__ import annotations

from hconsist.engines import EngineName
from hconsist.pointwise import PointwiseProblem
from hconsist.theorems import Theorem
from hconsist.verify.evidence import Check, describe
from hconsist.verify.relations import RELATIONS, Relation


class ExactFact(Relation):
    """What `Theorem.check` decides by exact evaluation."""

    def check(self, entry: Theorem, problem: PointwiseProblem, engine: EngineName) -> Check:
        """A statement that carries its own exact check."""
        assert entry.check is not None
        if engine != "symbolic":
            return Check(
                engine, describe(problem), "undecided", None, "decided by exact evaluation"
            )
        true, margin, evidence = entry.check(problem)
        return Check(
            engine, describe(problem), "confirmed" if true else "contradicted", margin, evidence
        )


RELATIONS.add("fact", ExactFact(), summary="decided by exact evaluation")
