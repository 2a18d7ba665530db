"""T against a formula: a lower bound, or an equality."""

from __future__ import annotations

from hconsist.closed_forms import enclose
from hconsist.engines import EngineName
from hconsist.errors import EngineCannotAnswerError
from hconsist.pointwise import PointwiseProblem, beta_symbol
from hconsist.theorems import Theorem
from hconsist.verify.compare import (
    BETAS,
    EQUALITY_WIDTH,
    ask,
    compare_estimate,
    compare_proven,
)
from hconsist.verify.evidence import Check, describe
from hconsist.verify.relations import RELATIONS, Relation


class LowerBound(Relation):
    """T(beta) >= f(beta)."""

    def check(self, entry: Theorem, problem: PointwiseProblem, engine: EngineName) -> Check:
        """T at several betas against the formula there."""
        formula = entry.at(problem)
        # The rigorous engine searches; a few betas are enough to hold a closed form against it.
        betas = BETAS[3:9:2] if engine == "rigorous" else BETAS
        if entry.betas is not None:
            betas = entry.betas(problem)
        name = describe(problem)
        try:
            answers = ask(engine, problem, betas)
        except EngineCannotAnswerError as problem_found:
            return Check(engine, name, "undecided", None, problem_found.reason)
        margins: list[float] = []
        refutation = ""
        open_at: list[str] = []
        for beta, answer in zip(betas, answers, strict=True):
            low, high = enclose(formula, beta_symbol(), beta)
            if engine == "numeric":
                outcome, margin = compare_estimate(answer, float((low + high) / 2), entry.relation)
            else:
                outcome, margin = compare_proven(
                    answer, low, high, entry.relation, EQUALITY_WIDTH[engine]
                )
            if margin is not None:
                margins.append(margin)
            if outcome == "contradicted" and not refutation:
                shown = answer.estimate if answer.estimate is not None else float("nan")
                refutation = f"beta = {beta}: T = {shown:.9g}, formula = {float(low):.9g}"
            if outcome == "undecided":
                open_at.append(str(beta))
        edge = max if self.by_difference else min
        margin = edge(margins) if margins else None
        if refutation:
            return Check(engine, name, "contradicted", margin, refutation)
        if engine == "rigorous" and len(open_at) < len(betas) and not open_at:
            return Check(
                engine, name, "confirmed", margin, f"at beta = {', '.join(map(str, betas))}"
            )
        if open_at:
            return Check(
                engine,
                name,
                "undecided",
                margin,
                f"enclosures overlap at beta = {', '.join(open_at)}",
            )
        return Check(engine, name, "confirmed", margin)


class UpperBound(LowerBound):
    """T(beta) <= f(beta)."""


class Equality(LowerBound):
    """T(beta) = f(beta)."""

    by_difference = True


RELATIONS.add("T >=", LowerBound(), summary="T(beta) >= f(beta)")
RELATIONS.add("T <=", UpperBound(), summary="T(beta) <= f(beta)")
RELATIONS.add("T =", Equality(), summary="T(beta) = f(beta)")
