"""Least risks of piecewise-linear losses, for the search over label distributions."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

from hconsist.arithmetic import BALLS
from hconsist.engines.rigorous.piecewise.risks import LeastRisks
from hconsist.engines.rigorous.risk import Counts, Values

if TYPE_CHECKING:
    from flint import arb


@dataclass(frozen=True)
class TiedScores:
    """Scores, one a group of labels of equal probability, and the losses of the groups there."""

    coordinates: tuple[Fraction, ...]
    terms: tuple[Fraction, ...]


class PiecewiseRisk:
    """Conditional risks of a symmetric piecewise-linear loss that is convex in the scores: bounds
    are exact, by rational linear programs.

    Parameters
    ----------
    least : LeastRisks
    """

    def __init__(self, least: LeastRisks) -> None:
        self.least = least
        self._known: dict[tuple[Values, Counts], tuple[Fraction, TiedScores]] = {}

    def _solve(self, values: Values, counts: Counts) -> tuple[Fraction, TiedScores]:
        key = (values, counts)
        if key not in self._known:
            owners = [i for i, c in enumerate(counts) for _ in range(c)]
            solved = self.least.at(tuple(values[i] for i in owners), None)
            means = [Fraction(0)] * len(values)
            for i, s in zip(owners, solved.scores, strict=True):
                means[i] += s / counts[i]  # no worse, by convexity
            losses = self.least.losses(tuple(means[i] for i in owners))
            terms = [Fraction(0)] * len(values)
            for i, loss in zip(owners, losses, strict=True):
                terms[i] = loss
            self._known[key] = solved.low, TiedScores(tuple(means), tuple(terms))
        return self._known[key]

    def optimum(self, values: Values, counts: Counts) -> TiedScores:
        """Best scores, equal within a group."""
        return self._solve(values, counts)[1]

    def at(self, point: TiedScores, values: Values, counts: Counts) -> arb:
        """``C(s, p)`` as a ball."""
        total = sum(
            (p * c * term for p, c, term in zip(values, counts, point.terms, strict=True)),
            Fraction(0),
        )
        return BALLS.const(total)

    def best_in_class(self, values: Values, counts: Counts) -> tuple[arb, arb]:
        """Balls below and above ``C*(p)``."""
        low, point = self._solve(values, counts)
        return BALLS.const(low), self.at(point, values, counts)
