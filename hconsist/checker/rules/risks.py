"""Losses of all scores, piecewise linear: their risks, exactly and from below.

A vector s of scores is *allowed* if it is in the hypothesis set: all vectors, those with |s_k| <=
B, those that sum to zero, or both. It may predict r if s_r >= s_k for every k. The risk at p is
C(s, p) = sum of p_y loss_y(s).

**Lemma 7 (risks from below).** Let p be a distribution. By lemma 5, C(., p) is at least the least
of affine functions a + <g, s>, one for each choice in the maxima that stand upside down (of labels
with p_y > 0). Let numbers m_k >= 0 and z be given for each, z = 0 unless scores sum to zero, and
rest = g - sum over k of m_k (e_r - e_k) - z (1, ..., 1). Then for allowed s that may predict r

    a + <g, s> >= a + <rest, s> >= a - B sum |rest_k|,     or a where rest = 0.

Without a prediction (m = 0) this holds of all allowed s. So a list of weights, m and z, one entry
for each choice, bounds the least risk from below: weak duality of linear programs.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import Any

from hconsist.checker.limits import Rejected, need, within
from hconsist.checker.piecewise import (
    Piecewise,
    line_below,
    names_of,
    read,
    rise,
    upside_down,
    value,
)
from hconsist.checker.reading import Fields, fields, items
from hconsist.checker.statements import Statement
from hconsist.checker.trees import rational

Vector = tuple[Fraction, ...]
#: Choices in one bound of a risk, and maxima.
CHOICES, MAXIMA = 4_096, 20_000


class Risks:
    """The losses of a statement in exact arithmetic."""

    def __init__(self, s: Statement) -> None:
        need(s.kind == "scores", "this rule is about piecewise-linear losses of all scores")
        self.statement, self.count = s, s.scores
        self.losses: list[Piecewise] = [read(t, names_of(self.count)) for t in s.losses]
        self.choices = [upside_down(f) for f in self.losses]

    def values(self, scores: Sequence[Fraction]) -> Vector:
        """The losses of all labels."""
        return tuple(value(f, scores) for f in self.losses)

    def allowed(self, data: object, predicted: int | None = None) -> Vector:
        """Rational scores of a file, which must be allowed, and may have to predict."""
        scores = vector(data, self.count, "scores")
        bound = self.statement.bound
        need(bound is None or all(abs(x) <= bound for x in scores), "a score is beyond the bound")
        need(not self.statement.zero_sum or sum(scores) == 0, "the scores do not sum to zero")
        need(
            predicted is None or scores[predicted] == max(scores),
            "the scores do not predict that prediction",
        )
        return scores

    def rises(self, data: object) -> Vector:
        """How the losses of all labels rise along a ray of allowed scores, in the long run."""
        ray = vector(data, self.count, "a ray")
        need(self.statement.bound is None, "bounded scores have no rays")
        need(not self.statement.zero_sum or sum(ray) == 0, "a ray does not sum to zero")
        return tuple(rise(f, ray) for f in self.losses)

    def least(self, p: Sequence[Fraction], data: list[Any], predicted: int | None) -> Fraction:
        """What lemma 7 shows of the risk at p of allowed scores that may predict ``predicted``."""
        used = [y for y, share in enumerate(p) if share]
        total = sum(self.choices[y] for y in used)
        within(2**total, CHOICES, "choices of a bound of a risk")
        ways = list(itertools.product((0, 1), repeat=total))
        need(len(items(data, "a bound of a risk", CHOICES)) == len(ways), "a bound for each choice")
        return min(
            self._line(p, used, entry, predicted, way)
            for entry, way in zip(data, ways, strict=True)
        )

    def _line(
        self, p: Sequence[Fraction], used: list[int], entry: object, predicted: int | None,
        way: tuple[int, ...],
    ) -> Fraction:  # fmt: skip
        given = fields(entry, "a bound of a risk", "weights order shift")
        weights = iter([rational(w) for w in items(given["weights"], "weights", MAXIMA, 0)])
        choices = iter(way)
        constant, slopes = Fraction(0), [Fraction(0)] * self.count
        for y in used:
            a, g = line_below(self.losses[y], weights, choices)
            constant += p[y] * a
            slopes = [x + p[y] * z for x, z in zip(slopes, g, strict=True)]
        need(next(weights, None) is None, "too many weights")
        return self._within_scores(constant, slopes, given, predicted)

    def _within_scores(
        self,
        constant: Fraction,
        slopes: list[Fraction],
        given: Fields,
        predicted: int | None,
    ) -> Fraction:
        shift = rational(given["shift"])
        need(shift == 0 or self.statement.zero_sum, "the scores need not sum to zero")
        rest = [x - shift for x in slopes]
        order = vector(given["order"], self.count, "order")
        need(min(order) >= 0, "an entry of order is negative")
        if predicted is None:
            need(not any(order), "no order among scores without a prediction")
        else:
            for k, m in enumerate(order):
                rest[predicted] -= m
                rest[k] += m
        if self.statement.bound is None:
            need(not any(rest), "the line below the risk is not constant")
            return constant
        return constant - self.statement.bound * sum(map(abs, rest), Fraction(0))


def vector(data: object, count: int, name: str) -> Vector:
    """Rationals of a file, so many of them."""
    found = tuple(rational(v) for v in items(data, name, 1_000, 0))
    need(len(found) == count, f"{name}: {count} numbers are needed")
    return found


def distribution(data: object, n: int, name: str) -> Vector:
    """A rational point of the simplex."""
    p = vector(data, n, name)
    need(min(p) >= 0 and sum(p) == 1, f"{name} is not a distribution")
    return p


def cost_rows(s: Statement) -> tuple[Vector, ...]:
    """The costs of predictions, zero-one included: rows are predictions."""
    if s.costs is not None:
        return s.costs
    if s.classes is None:
        raise Rejected("this rule needs a number of classes")
    every = range(s.classes)
    return tuple(tuple(Fraction(r != y) for y in every) for r in every)


def predictions(s: Statement, data: Fields) -> Iterator[int]:
    """The numbers of two predictions, ``predicted`` and ``best``."""
    for key in ("predicted", "best"):
        need(type(data[key]) is int, f"{key} must be the number of a prediction")
        need(0 <= data[key] < s.scores, f"{key} must be the number of a prediction")
        yield data[key]
