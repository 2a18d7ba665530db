"""The exponent of T at 0."""

from __future__ import annotations

import math
from fractions import Fraction

from hconsist.bounds import derive
from hconsist.engines import EngineName
from hconsist.errors import EngineCannotAnswerError
from hconsist.pointwise import PointwiseProblem
from hconsist.theorems import Theorem
from hconsist.verify.compare import (
    ask,
)
from hconsist.verify.evidence import Check, describe
from hconsist.verify.relations import RELATIONS, Relation


class Growth(Relation):
    """T(beta) ~ C beta^f as beta tends to 0."""

    def check(self, entry: Theorem, problem: PointwiseProblem, engine: EngineName) -> Check:
        """The exponent of T at 0: derived, or the slope of log T between two small betas."""
        claimed, name = entry.at(problem), describe(problem)
        if engine == "rigorous":
            return Check(
                engine,
                name,
                "undecided",
                None,
                "an exponent is a limit; the rigorous engine answers at points",
            )
        try:
            if engine == "symbolic":
                bound = derive(
                    problem.surrogate, problem.n_classes, problem.hypotheses, problem.target, engine
                )
                growth = bound.derivation.growth if bound.derivation else None
                if growth is None:
                    return Check(engine, name, "undecided", None, "no exponent was derived")
                return Check(
                    engine,
                    name,
                    "confirmed" if growth == claimed else "contradicted",
                    0.0,
                    f"derived {growth}",
                )
            small = [Fraction(1, 64), Fraction(1, 32)]
            values = [a.estimate for a in ask(engine, problem, small)]
        except EngineCannotAnswerError as problem_found:
            return Check(engine, name, "undecided", None, problem_found.reason)
        if None in values or min(values) <= 0:  # type: ignore[type-var, operator]
            return Check(engine, name, "undecided", None, f"T at {small} is {values}")
        slope = math.log2(values[1] / values[0])  # type: ignore[operator]
        close = abs(slope - float(claimed)) < 0.05
        return Check(
            engine,
            name,
            "confirmed" if close else "contradicted",
            abs(slope - float(claimed)),
            f"slope {slope:.4f}",
        )


RELATIONS.add("growth", Growth(), summary="T(beta) ~ C beta^f at 0")
