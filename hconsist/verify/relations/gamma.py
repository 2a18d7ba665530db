"""Gamma against a formula: an upper bound on the excess error."""

from __future__ import annotations

from fractions import Fraction

from hconsist.bounds import enclose
from hconsist.engines import EngineName
from hconsist.errors import EngineCannotAnswerError
from hconsist.pointwise import PointwiseProblem, excess_symbol
from hconsist.theorems import Theorem
from hconsist.verify.compare import (
    BETAS,
    NUMERIC_TOLERANCE,
    ask,
)
from hconsist.verify.evidence import Check, describe
from hconsist.verify.relations import RELATIONS, Relation


class GammaBound(Relation):
    """Gamma(u) <= f(u) for an increasing concave f."""

    def check(self, entry: Theorem, problem: PointwiseProblem, engine: EngineName) -> Check:
        """Gamma(u) <= f(u) for all u, checked as f(T(beta)) >= beta.

        Every published f is increasing and concave, so its inverse is convex, and T above it means
        T** above it.
        """
        formula, name = entry.at(problem), describe(problem)
        betas = BETAS[3:9:2] if engine == "rigorous" else BETAS
        # A formula that is attained leaves a slack of the size of the balls, or of the search, on
        # either side.
        tolerance = NUMERIC_TOLERANCE if engine == "numeric" else 1e-8
        try:
            answers = ask(engine, problem, betas)
        except EngineCannotAnswerError as problem_found:
            return Check(engine, name, "undecided", None, problem_found.reason)
        slack: list[float] = []
        for beta, answer in zip(betas, answers, strict=True):
            estimate = (
                None if answer.estimate is None else max(Fraction(answer.estimate), Fraction(0))
            )
            low, high = (
                (estimate, estimate) if engine == "numeric" else (answer.lower, answer.upper)
            )
            if (
                high is not None
                and (excess := float(enclose(formula, excess_symbol(), high)[1] - beta))
                < -tolerance
            ):
                return Check(
                    engine,
                    name,
                    "contradicted",
                    excess,
                    f"beta = {beta}: f(T(beta)) - beta = {excess:.6g}",
                )
            if low is None:
                return Check(
                    engine, name, "undecided", None, f"T is not bounded below at beta = {beta}"
                )
            slack.append(float(enclose(formula, excess_symbol(), low)[0] - beta))
        if min(slack) < -tolerance:
            return Check(engine, name, "undecided", min(slack), "the enclosure of T is too wide")
        return Check(engine, name, "confirmed", min(slack))


RELATIONS.add("gamma <=", GammaBound(), summary="Gamma(u) <= f(u)")
