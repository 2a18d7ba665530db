"""Whether a loss is consistent for the target."""

from __future__ import annotations

from dataclasses import dataclass

from hconsist.consistency import verdict
from hconsist.engines import EngineName
from hconsist.pointwise import PointwiseProblem
from hconsist.theorems import Theorem
from hconsist.verify.evidence import Check, describe
from hconsist.verify.relations import RELATIONS, Relation


@dataclass(frozen=True)
class Consistency(Relation):
    """A surrogate is, or is not, calibrated for the target."""

    wanted: str

    def check(self, entry: Theorem, problem: PointwiseProblem, engine: EngineName) -> Check:
        """The verdict of `hconsist.consistency`, with its proof or counterexample."""
        name = describe(problem)
        if engine != "symbolic":
            return Check(
                engine,
                name,
                "undecided",
                None,
                "consistency is decided by proof or counterexample, not by this engine",
            )
        found = verdict(problem.surrogate, problem.n_classes, problem.target)
        if found.status == "undecided":
            return Check(engine, name, "undecided", None, found.reason)
        return Check(
            engine,
            name,
            "confirmed" if found.status == self.wanted else "contradicted",
            None,
            found.reason,
        )


RELATIONS.add("consistent", Consistency("consistent"), summary="calibrated for the target")
RELATIONS.add(
    "inconsistent", Consistency("not consistent"), summary="not calibrated for the target"
)
