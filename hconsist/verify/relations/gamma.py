"""Gamma against a formula: an upper bound on the excess error."""

from __future__ import annotations

import itertools
from fractions import Fraction
from typing import TYPE_CHECKING

from hconsist.bounds import derive
from hconsist.closed_forms import enclose
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

if TYPE_CHECKING:
    from sympy import Expr


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
        if not _concave(formula):
            reason = (
                "f is not increasing and concave: above the inverse of T it may fall below Gamma"
            )
            return Check(engine, name, "undecided", min(slack), reason)
        return Check(engine, name, "confirmed", min(slack))


def _concave(formula: Expr) -> bool:
    """Whether the values of f on a grid rise and bend downwards."""
    grid = [Fraction(i, 40) ** 2 for i in range(1, 61)]
    values = [float(enclose(formula, excess_symbol(), x)[1]) for x in grid]
    steps = [float(y - x) for x, y in itertools.pairwise(grid)]
    slopes = [(v - u) / h for (u, v), h in zip(itertools.pairwise(values), steps, strict=True)]
    tolerance = 1e-9 * (1.0 + max(map(abs, slopes)))
    falling = all(t <= s + tolerance for s, t in itertools.pairwise(slopes))
    return falling and all(s >= -tolerance for s in slopes)


class GammaEquality(Relation):
    """Gamma(u) = f(u): the exact bound is the claimed one."""

    by_difference = True

    def check(self, entry: Theorem, problem: PointwiseProblem, engine: EngineName) -> Check:
        """The derived or computed Gamma against f at the surrogate regrets T(beta)."""
        formula, name = entry.at(problem), describe(problem)
        if engine == "rigorous":
            return Check(engine, name, "undecided", None, "an equality of Gamma is not enclosed")
        try:
            exact = derive(
                problem.surrogate, problem.n_classes, problem.hypotheses, problem.target, engine
            )
            excesses = [a.estimate for a in ask(engine, problem, BETAS[2:-1])]
        except EngineCannotAnswerError as found:
            return Check(engine, name, "undecided", None, found.reason)
        worst = 0.0
        for excess in excesses:
            if excess is None or not excess > 0:
                return Check(
                    engine, name, "undecided", None, "T has no positive value to compare at"
                )
            point = Fraction(excess)
            claimed, found_there = enclose(formula, excess_symbol(), point), float(exact(excess))
            difference = max(abs(float(v) - found_there) for v in claimed)
            worst = max(worst, difference)
            if difference > NUMERIC_TOLERANCE:
                detail = f"u = {excess:.6g}: Gamma = {found_there:.9g}, f = {float(claimed[0]):.9g}"
                return Check(engine, name, "contradicted", difference, detail)
        return Check(engine, name, "confirmed", worst)


RELATIONS.add("Gamma =", GammaEquality(), summary="Gamma(u) = f(u)")
RELATIONS.add("Gamma <=", GammaBound(), summary="Gamma(u) <= f(u)")
