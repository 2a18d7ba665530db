"""Bounds on the excess error under low noise, checked on the worst and on random distributions."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from hconsist.engines import EngineName
from hconsist.errors import EngineCannotAnswerError
from hconsist.pointwise import PointwiseProblem
from hconsist.theorems import Theorem
from hconsist.theorems.statement import MARGIN
from hconsist.verify.compare import (
    BETAS,
    NUMERIC_TOLERANCE,
    levels,
)
from hconsist.verify.evidence import Check, describe
from hconsist.verify.relations import RELATIONS, Relation


class UnderMassart(Relation):
    """Excess <= f u when every conditional regret is 0 or at least `MARGIN`."""

    def check(self, entry: Theorem, problem: PointwiseProblem, engine: EngineName) -> Check:
        """beta <= f T(beta) for every beta >= MARGIN: the worst distribution has one regret, at
        MARGIN.
        """
        name = describe(problem)
        betas = [MARGIN, *(b for b in BETAS if b > MARGIN)]
        try:
            values = levels(problem, engine, betas if engine != "rigorous" else betas[:3])
        except EngineCannotAnswerError as problem_found:
            return Check(engine, name, "undecided", None, problem_found.reason)
        factor = Fraction(float(entry.at(problem)))
        slack = [float(factor * level - beta) for beta, level in zip(betas, values, strict=False)]
        worst = min(slack)
        good = worst >= -NUMERIC_TOLERANCE and (
            entry.claim != "tight" or abs(slack[0]) <= NUMERIC_TOLERANCE
        )
        return Check(
            engine,
            name,
            "confirmed" if good else "contradicted",
            worst,
            f"at beta = {MARGIN}: slack {slack[0]:.2g}",
        )


class UnderTsybakov(Relation):
    """The bound under P(h != h*) <= c (excess)^a, given T(beta) >= C beta^s: f = C and s = 2."""

    def check(self, entry: Theorem, problem: PointwiseProblem, engine: EngineName) -> Check:
        """The bound on random finite distributions, each with the smallest constant c that its
        noise condition allows.
        """
        name, constant, s = describe(problem), float(entry.at(problem)), 2.0
        if engine == "rigorous":
            return Check(
                engine,
                name,
                "undecided",
                None,
                "a statement about distributions, checked on samples",
            )
        try:
            values = np.array([float(v) for v in levels(problem, engine, BETAS)])
        except EngineCannotAnswerError as problem_found:
            return Check(engine, name, "undecided", None, problem_found.reason)
        betas = np.array([float(b) for b in BETAS])
        rng = np.random.default_rng(0)
        # Rows: distributions on the points of BETAS, from one point (where the bound is nearly
        # attained) to all of them.
        weights = np.vstack(
            [np.eye(len(betas)) * q for q in (1.0, 0.3, 0.01)]
            + [rng.dirichlet(np.full(len(betas), a), 300) for a in (0.1, 1)]
        )
        worst = np.inf
        for a in (0.0, 0.3, 0.5, 0.9):
            excess, disagreement, surrogate = weights @ betas, weights.sum(axis=1), weights @ values
            c = disagreement / excess**a
            power = 1.0 / (s - a * (s - 1))
            allowed = c ** ((s - 1) * power) * (surrogate / constant) ** power
            worst = min(worst, float(np.min(allowed / excess - 1)))
        return Check(
            engine, name, "confirmed" if worst >= -NUMERIC_TOLERANCE else "contradicted", worst
        )


RELATIONS.add(
    "massart", UnderMassart(), summary="excess <= f u where regrets are 0 or at least a margin"
)
RELATIONS.add(
    "tsybakov", UnderTsybakov(), summary="the bound under Tsybakov noise, T(beta) >= f beta^2"
)
