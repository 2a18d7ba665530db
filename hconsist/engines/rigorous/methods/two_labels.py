"""Two labels and any formula: both infima over one number, by halving its interval.

With P(top) = (1 + b)/2 the risk R_b is affine in b, so both infima are concave in b. Between b0 and
b1 the least risk of scores that predict the other label is at least what it is at one of the ends,
and the least risk of all is at most R_b at a fixed score: the regret over [b0, b1] is bounded below
at its ends, and [beta, 1] is cut where that is too little. No shape is needed, nor symmetry.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from hconsist.arithmetic import BALLS, endpoints
from hconsist.arithmetic.derivatives import BALL_JETS
from hconsist.arithmetic.exact import Value
from hconsist.arithmetic.jet import Jet
from hconsist.engines.methods import method
from hconsist.engines.rigorous.line import LineInfimum, convex_least, least
from hconsist.engines.rigorous.methods.plan import (
    Budget,
    Plan,
    Question,
    one_predicted_label,
    scores_of_labels,
)
from hconsist.engines.rigorous.methods.searched import at_zero
from hconsist.losses.facts import Fact
from hconsist.losses.forms import OfProbabilities, convex_in_scores
from hconsist.losses.proving import keeps
from hconsist.pointwise import Answer, Witness

_WIDTH, _BOXES, _PARTS = Fraction(1, 10**8), 3_000, 60
#: All scores reach every softmax value but 0 and 1: this part of 1 stands for 0.
_INWARD = 2**60


@dataclass(frozen=True)
class Coordinate:
    """One number that tells the two scores: label 0 is predicted from ``middle`` on, label 1 up to
    it.

    Parameters
    ----------
    left, right : Fraction or None
        Its ends; None is infinite, for a convex risk only.
    middle : Fraction
    losses : callable
        ``losses(x)``: the jet of both losses at a ball.
    convex : bool
        Whether both losses are convex in it.
    scores : callable
        ``scores(x)``: scores of a float, for people.
    rough : callable, optional
    inside : callable, optional
        The number that scores reach next to one that they may not: see `least`.
    """

    left: Fraction | None
    right: Fraction | None
    middle: Fraction
    losses: Value
    convex: bool
    scores: Value
    rough: Value = None
    inside: Callable[[Fraction], Fraction] | None = None


def _pair(x: Value, y: Value, slope: int) -> Jet:
    """The vector (x, y) of numbers whose derivatives are 1 and ``slope``."""
    values, slopes, bends = (np.empty(2, dtype=object) for _ in range(3))
    one, zero = BALLS.const(1), BALLS.const(0)
    values[:], slopes[:], bends[:] = [x, y], [one, one * slope], [zero, zero]
    return Jet(values, slopes, bends)


def _of_probabilities(question: Question, form: OfProbabilities) -> Coordinate:
    """The softmax value of label 0."""
    half, bound = Fraction(1, 2), question.bound
    left, reached = Fraction(0), Fraction(1, _INWARD)
    if bound is not None:
        ratio = BALLS.exp(BALLS.const(2 * bound) / BALLS.const(form.temperature))
        # outward for lower bounds, inward for what scores attain
        left, reached = endpoints(1 / (1 + ratio))

    def losses(u: Value) -> Jet:
        found: Jet = form.f(_pair(u, BALLS.const(1) - u, -1), BALL_JETS)
        return found

    softmax = question.softmax

    def rough(a: Fraction, c: Fraction, weights: tuple[Fraction, Fraction]) -> Fraction | None:
        if softmax is None or not softmax.g.fact("non-increasing").proven:
            return None
        ends = [(w, softmax.g(BALLS.const(x), BALLS))
                for w, x in zip(weights, (c, 1 - a), strict=True) if w]  # fmt: skip
        if not all(v.is_finite() for _, v in ends):
            return None
        return sum((endpoints(BALLS.const(w) * v)[0] for w, v in ends), Fraction(0))

    def scores(u: float) -> tuple[float, float]:
        u = min(max(u, 1e-15), 1 - 1e-15)
        half_gap = float(form.temperature) * float(np.log(u / (1 - u))) / 2
        return half_gap, -half_gap

    def inside(u: Fraction) -> Fraction:
        return min(max(u, reached), 1 - reached)

    return Coordinate(left, 1 - left, half, losses, False, scores, rough, inside)


def _of_scores(question: Question, convex: bool) -> Coordinate:
    """The score of label 0, that of label 1 being its opposite."""
    loss, bound = question.problem.surrogate, question.bound

    def losses(v: Value) -> Jet:
        found: Jet = loss.losses(_pair(v, -v, -1), BALL_JETS)
        return found

    left = None if bound is None else -bound
    return Coordinate(left, bound, Fraction(0), losses, convex, lambda v: (v, -v))


def _coordinate(question: Question) -> tuple[Coordinate, tuple[Fact, ...]] | str:
    loss = question.problem.surrogate
    form = loss.form(OfProbabilities)
    if form is not None and isinstance(form.temperature, Fraction):
        return _of_probabilities(question, form), ()
    if not loss.sum_to_zero and not keeps(loss.losses, 2)[0]:
        return "could not show that the loss sees only the difference of the scores"
    convex = convex_in_scores(loss.forms, 2)
    if convex:
        return _of_scores(question, True), convex
    if question.bound is None:
        return f"needs bounded scores, or {convex}"
    return _of_scores(question, False), ()


@method("rigorous", "two labels", rank=100)
def plan(question: Question) -> Plan | str:
    """Any formula of the softmax values, any of score differences in a box or convex."""
    if other := one_predicted_label(question) or scores_of_labels(question):
        return other
    if question.n != 2:
        return "needs two labels"
    found = _coordinate(question)
    if isinstance(found, str):
        return found
    coordinate, facts = found
    return Plan(lambda beta, budget: _answer(question, coordinate, beta, budget), facts)


class _Regret:
    """The regret of predicting one label where the other has probability (1 + b)/2."""

    def __init__(self, coordinate: Coordinate, top: int, width: Fraction) -> None:
        self.coordinate, self.top, self.width = coordinate, top, width
        self._known: dict[tuple[Fraction, bool], LineInfimum] = {}

    def weights(self, b: Fraction) -> tuple[Fraction, Fraction]:
        up, down = (1 + b) / 2, (1 - b) / 2
        return (up, down) if self.top == 0 else (down, up)

    def risk(self, b: Fraction, x: Value) -> Jet:
        losses = self.coordinate.losses(x)
        total = None
        for y, w in enumerate(self.weights(b)):
            if w:
                part = losses[y] * BALLS.const(w)
                total = part if total is None else total + part
        assert total is not None
        return Jet(*(t if t is None or not hasattr(t, "shape") else t.item()
                     for t in (total.v, total.d1, total.d2)))  # fmt: skip

    def least(self, b: Fraction, wrong: bool) -> LineInfimum:
        """The least risk over the scores that predict the other label, or over all."""
        key = (b, wrong)
        if key not in self._known:
            c, left, right = self.coordinate, self.coordinate.left, self.coordinate.right
            if wrong:
                left, right = (left, c.middle) if self.top == 0 else (c.middle, right)
            if c.convex:
                found = convex_least(lambda x: self.risk(b, x), left, right)
            else:
                assert left is not None
                assert right is not None
                rough = None
                if c.rough is not None:
                    weights = self.weights(b)
                    rough = lambda a, e: c.rough(a, e, weights)  # noqa: E731
                found = least(lambda x: self.risk(b, x), left, right, self.width, _BOXES, rough,
                              inside=c.inside)  # fmt: skip
            self._known[key] = found
        return self._known[key]

    def over(self, left: Fraction, right: Fraction) -> Fraction:
        """A lower bound of the regret for every b in [left, right]."""
        at = BALLS.const(self.least((left + right) / 2 if left else right, False).at)
        best = self.least(left, False).at
        bounds = []
        for x in (at, BALLS.const(best)):
            ends = [self.least(b, True).low - endpoints(self.risk(b, x).v)[1]
                    for b in (left, right)]  # fmt: skip
            bounds.append(min(ends))
        return max(bounds)


def _answer(question: Question, coordinate: Coordinate, beta: Fraction, budget: Budget) -> Answer:
    if not beta:
        return at_zero(question)
    width = budget.width if budget.width is not None else _WIDTH
    tops = (0,) if keeps(question.problem.surrogate.losses, 2)[1] else (0, 1)
    lower = upper = None
    witness = None
    for top in tops:
        regret = _Regret(coordinate, top, width / 16)
        wrong, best = regret.least(beta, True), regret.least(beta, False)
        high = wrong.high - min(best.low, wrong.high)
        if upper is None or high < upper:
            p = regret.weights(beta)
            witness = Witness(p, coordinate.scores(float(wrong.at)), (1 - top,), float(high))
            upper = high
        parts, todo, low = 0, [(beta, Fraction(1))], wrong.low - best.high
        while todo:
            left, right = todo.pop()
            bound = regret.over(left, right)
            parts += 1
            if bound >= upper - width / 2 or parts > _PARTS:
                low = min(low, bound)
            else:
                middle = (left + right) / 2
                todo += [(left, middle), (middle, right)]
                value = regret.least(middle, True).high - regret.least(middle, False).low
                upper = min(upper, max(value, Fraction(0)))
        lower = low if lower is None else min(lower, low)
    assert lower is not None
    assert upper is not None
    lower = min(max(lower, Fraction(0)), upper)
    reason = "" if upper - lower <= width else "the box budget ran out"
    estimate = float((lower + upper) / 2)
    return Answer(estimate, lower, upper, witness, "rigorous", (), reason)
