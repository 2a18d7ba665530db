"""Branch and bound over label distributions, and how what it found becomes an answer."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from hconsist.engines.rigorous.branch import BranchSearch, Enclosure, Risk
from hconsist.engines.rigorous.methods.plan import (
    BITS,
    POOLING,
    STAR_SHAPE,
    Budget,
    Plan,
    Question,
)
from hconsist.engines.rigorous.regions import PairBound, Simplex, sorted_region
from hconsist.losses.facts import Fact
from hconsist.pointwise import Answer, Witness

#: What the coordinates of a risk's optimum are: softmax values, scores, scores that sum to zero,
#: shares of weights.
Coordinates = Literal["softmax", "scores", "constrained", "weights"]


@dataclass(frozen=True)
class Searching:
    """What is searched: a risk over regions, by the lemmas that say this is enough.

    Parameters
    ----------
    risk : Risk
    regions : callable
        ``regions(beta)``.
    coordinates : str
    lemmas : tuple of str
    temperature : float
    width, max_boxes : Fraction, int
        The method's own budget.
    pairs : callable, optional
        ``pairs(beta)``: a second lower bound.
    """

    risk: Risk
    regions: Callable[[Fraction], Iterable[Simplex]]
    coordinates: Coordinates
    lemmas: tuple[str, ...]
    temperature: float = 1.0
    width: Fraction = Fraction(1, 10**6)
    max_boxes: int = 5_000
    pairs: Callable[[Fraction], PairBound] | None = None

    @classmethod
    def of_sorted(
        cls, question: Question, risk: Risk, coordinates: Coordinates, temperature: float = 1.0
    ) -> Searching:
        """All sorted distributions, for the zero-one target and losses that do not tell the labels
        apart.
        """

        def regions(beta: Fraction) -> list[Simplex]:
            return [sorted_region(question.n, beta)]

        return cls(risk, regions, coordinates, (POOLING, STAR_SHAPE), temperature)

    def plan(self, question: Question, facts: tuple[Fact, ...]) -> Plan:
        """The plan that runs this search."""
        return Plan(lambda beta, budget: self._run(question, beta, budget), facts)

    def _run(self, question: Question, beta: Fraction, budget: Budget) -> Answer:
        if not beta:
            return at_zero(question)
        statement = {**question.statement(), "beta": str(beta), "bits": BITS}
        pairs = self.pairs(beta) if self.pairs is not None else None
        search = BranchSearch(self.risk, self.regions(beta), pairs, statement=statement)
        if budget.resume is not None:
            search.resume(budget.resume)
        found = search.run(
            budget.width if budget.width is not None else self.width,
            budget.max_boxes if budget.max_boxes is not None else self.max_boxes,
            time_budget=budget.time_budget,
            progress=budget.progress,
            checkpoint=budget.checkpoint,
        )
        return self.answer(found, question.n, budget, found.lower, found.reason)

    def answer(
        self, found: Enclosure, n: int, budget: Budget, lower: Fraction, reason: str
    ) -> Answer:
        """What a search found, with a lower bound of T and why it is not closer."""
        p, coordinates = self._expand(found, n)
        if self.coordinates == "constrained":
            scores = tuple(s or 0.0 for s in coordinates)
        elif self.coordinates == "scores":
            least = min(s for s in coordinates if s is not None) - 40.0 * self.temperature
            scores = tuple(least if s is None else s for s in coordinates)
        else:
            scores = scores_of([s or 0.0 for s in coordinates], self.temperature)
        estimate = float((lower + found.upper) / 2)
        swapped, k = found.simplex.swapped, found.simplex.k
        witness = Witness(p, scores, tuple(range(swapped, swapped + k)), float(found.upper))
        width = budget.width if budget.width is not None else self.width
        if not reason and found.upper - lower > width:
            reason = "the best-in-class risk is not bounded more closely"
        return Answer(estimate, lower, found.upper, witness, "rigorous", self.lemmas, reason)

    def _expand(self, found: Enclosure, n: int) -> tuple[tuple[Fraction, ...], list[float | None]]:
        """Labels one by one, zeros included, and the coordinates of the pooled optimum; None where
        a label is out of play.
        """
        q, sizes, members = found.simplex.pool(found.values)
        point = self.risk.optimum(q, sizes)
        first = 1 if members else 0
        left = dict(zip(q[first:], point.coordinates[first:], strict=True))
        p: list[Fraction] = []
        coordinates: list[float | None] = []
        for i, (value, count) in enumerate(zip(found.values, found.counts, strict=True)):
            if count:
                p += [value] * count
                at = point.coordinates[0] if i in members else left[value]
                shown = value or i in members or self.coordinates == "constrained"
                coordinates += [float(at) if shown else None] * count
        missing = n - len(p)
        return (*p, *[Fraction(0)] * missing), coordinates + [None] * missing


def at_zero(question: Question) -> Answer:
    """T(0) = 0: all labels tie."""
    n = question.n
    point = Witness((Fraction(1, n),) * n, (0.0,) * n, tuple(range(1, question.k + 1)), 0.0)
    return Answer(0.0, Fraction(0), Fraction(0), point, "rigorous")


def scores_of(softmax: list[float], temperature: float) -> tuple[float, ...]:
    """Scores with this softmax; a zero becomes a score 40 temperatures below the others."""
    least = math.log(min(s for s in softmax if s > 0)) - 40.0
    return tuple(temperature * (math.log(s) if s > 0 else least) for s in softmax)
