"""Statements that carry their own check: an exact evaluation, or a computation in floats."""

from __future__ import annotations

from dataclasses import dataclass

from hconsist.engines import EngineName
from hconsist.pointwise import PointwiseProblem
from hconsist.theorems import Theorem
from hconsist.verify.evidence import Check, describe
from hconsist.verify.relations import RELATIONS, Relation


@dataclass(frozen=True)
class OwnCheck(Relation):
    """What `Theorem.check` decides; other engines have nothing to say.

    Parameters
    ----------
    engine : str
        "symbolic" for an exact evaluation, "numeric" for one in floats, which is an estimate.
    how : str
        What other engines answer.
    """

    engine: EngineName
    how: str

    def check(self, entry: Theorem, problem: PointwiseProblem, engine: EngineName) -> Check:
        """The statement's own check, for the engine that it belongs to."""
        name = describe(problem)
        if entry.subject:
            many = len(entry.instances) > 1
            name = f"{entry.subject}, n={problem.n_classes}" if many else entry.subject
        assert entry.check is not None
        if engine != self.engine:
            return Check(engine, name, "undecided", None, self.how)
        true, margin, evidence = entry.check(problem)
        return Check(engine, name, "confirmed" if true else "contradicted", margin, evidence)


RELATIONS.add(
    "fact", OwnCheck("symbolic", "decided by exact evaluation"), summary="an exact evaluation"
)
RELATIONS.add(
    "computed",
    OwnCheck("numeric", "computed in floats at many points"),
    summary="a computation in floats at many points: an estimate",
)
