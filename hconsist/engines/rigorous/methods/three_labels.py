"""Three labels and any formula that permutations leave as it is, of the softmax values, of
standardised scores or of margins, where the larger of two has the smaller loss: kinks and jumps
included.

Exchange two labels of p in the wrong order: the risk of scores s changes by
``(p_i - p_k)(l_i - l_k)``. So the best scores fall as p does, and the best of those that predict
given labels fall as p does among these and among the others. Both infima are then one function R
of weights in the order of the scores (`hconsist.engines.rigorous.ranked`), concave in p. T is the
least ``R(wrong) - C*(p)`` over ``p = (x + b, x, 1 - b - 2 x)``, one number: between two x the
regret is at least the smaller of ``R(wrong) - C(s, p)`` at both, for any scores s. T does not fall
with b: moving p towards its exchange of the two labels that tell the regret lowers what the wrong
scores cost, and C* is concave and symmetric.
"""

from __future__ import annotations

import heapq
import itertools
import time
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from hconsist.arithmetic import BALLS, endpoints
from hconsist.arithmetic.derivatives import BALL_JETS
from hconsist.arithmetic.jet import Jet
from hconsist.engines.methods import method
from hconsist.engines.rigorous.box import reach
from hconsist.engines.rigorous.methods.plan import (
    Budget,
    Plan,
    Question,
    known,
    scores_of_labels,
)
from hconsist.engines.rigorous.methods.searched import at_zero
from hconsist.engines.rigorous.ranked import Cells, Vector, halves
from hconsist.losses.facts import Curve, Fact
from hconsist.losses.forms import OfProbabilities
from hconsist.losses.forms_of_scores import Standardised
from hconsist.losses.proving import keeps
from hconsist.pointwise import Answer, Witness

RANKED = "scores in the order of p (docs/theory.md)"
_WIDTH, _CELLS, _PARTS = Fraction(1, 10**6), 6_000, 400
#: How often a cell is halved to show that losses are in order.
_DEPTH = 12


@dataclass(frozen=True)
class Ranked:
    """What the search is over.

    Parameters
    ----------
    losses : callable
        The jet of the losses at a jet of three numbers.
    region : tuple of vectors
        Corners of numbers that fall: at least those that scores reach.
    ratio : Fraction or None
        Of two numbers that are surely reached, at most.
    g : Curve or None
        Where the loss of a label is g of its own number.
    scores : callable
        Scores of floats, for people.
    positive : bool
        Whether a number that is 0 is not reached, and the losses may jump there.
    """

    losses: Callable[[Jet], Jet]
    region: tuple[Vector, ...]
    ratio: Fraction | None
    g: Curve | None
    scores: Callable[[Vector], tuple[float, ...]]
    positive: bool = False


@method("rigorous", "three labels", rank=98, lemmas=(RANKED,))
def plan(question: Question) -> Plan | str:
    """Any formula of the softmax values, of standardised scores or of margins that keeps order."""
    if question.n != 3 or question.k not in (1, 2):
        return "needs three labels, and the zero-one or the top-2 target"
    if other := scores_of_labels(question):
        return other
    if not keeps(question.problem.surrogate.losses, 3)[1]:
        return "could not show that the loss does not tell the labels apart"
    found = _of_softmax(question) or _of_sphere(question) or _of_margins(question)
    if found is None:
        return "needs a formula of the softmax values, of standardised scores, or of margins"
    if isinstance(found, str):
        return found
    ranked, facts = found
    return Plan(lambda beta, budget: _Search(question, ranked, beta, budget).answer(), facts)


def _of_softmax(question: Question) -> tuple[Ranked, tuple[Fact, ...]] | str | None:
    form = question.problem.surrogate.form(OfProbabilities)
    if form is None or not isinstance(form.temperature, Fraction):
        return None
    low = high = None
    if question.bound is not None:
        low, high = endpoints(reach(question.bound, form.temperature))
    region = _triangle(high)
    temperature = float(form.temperature)

    def losses(q: Jet) -> Jet:
        found: Jet = form.f(q, BALL_JETS)
        return found

    def scores(q: Vector) -> tuple[float, ...]:
        logs = [np.log(float(v)) if v else None for v in q]
        least = min(v for v in logs if v is not None) - 40.0
        filled = [least if v is None else v for v in logs]
        middle = (max(filled) + min(filled)) / 2 if question.bound is not None else 0.0
        return tuple(temperature * float(v - middle) for v in filled)

    curve = question.softmax
    if curve is not None:
        facts, missing = known(curve.g, "non-increasing")
        return (Ranked(losses, region, low, curve.g, scores), facts) if facts else missing
    if not in_order(losses, region):
        return "could not show that the larger softmax value has the smaller loss"
    return Ranked(losses, region, low, None, scores, positive=True), ()


def _triangle(ratio: Fraction | None) -> tuple[Vector, ...]:
    """Corners of the softmax values that fall, each at most ``ratio`` times the last."""
    third = (Fraction(1, 3),) * 3
    if ratio is None:
        zero, half = Fraction(0), Fraction(1, 2)
        return (Fraction(1), zero, zero), (half, half, zero), third
    one = 1 / (ratio + 2)
    two = 1 / (2 * ratio + 1)
    return (ratio * one, one, one), (ratio * two, ratio * two, two), third


def _of_sphere(question: Question) -> tuple[Ranked, tuple[Fact, ...]] | str | None:
    """Standardised scores that fall are those of (2, -1, -1) to (1, 1, -2), in any box."""
    form = question.problem.surrogate.form(Standardised)
    if form is None:
        return None
    facts, missing = known(form.g, "non-increasing")
    if not facts:
        return missing
    corners = tuple(tuple(map(Fraction, s)) for s in ((2, -1, -1), (1, 1, -2)))
    scale = float(question.bound or 1) / 2

    def losses(s: Jet) -> Jet:
        found: Jet = form.losses(s, BALL_JETS)
        return found

    def scores(s: Vector) -> tuple[float, ...]:
        return tuple(scale * float(v) for v in s)

    return Ranked(losses, corners, None, None, scores), facts


def _of_margins(question: Question) -> tuple[Ranked, tuple[Fact, ...]] | str | None:
    """Scores that fall, the last 0, within the box. Where phi is flat from its last bend u on,
    gaps beyond u may be closed up to u: no loss rises and no order changes.
    """
    form, bound = question.pairwise, question.bound
    if form is None:
        return None
    facts, missing = known(form.phi, "non-increasing")
    if not facts:
        return missing
    if bound is None:
        flat = known(form.phi, "piecewise linear", "bounded below")
        if not flat[0] or not form.phi.kinks:
            return flat[1] or "needs bounded scores, or margins that end in a flat piece"
        facts = (*facts, *flat[0])
        bound = max(Fraction(0), *form.phi.kinks) or Fraction(1)
    wide, zero = 2 * bound, Fraction(0)
    region = (zero, zero, zero), (wide, zero, zero), (wide, wide, zero)

    def losses(s: Jet) -> Jet:
        found: Jet = form.losses(s, BALL_JETS)
        return found

    def scores(s: Vector) -> tuple[float, ...]:
        return tuple(float(v - wide / 2) for v in s)

    return Ranked(losses, region, None, None, scores), facts


def in_order(losses: Callable[[Jet], Jet], region: tuple[Vector, ...]) -> bool:
    """Whether ``l_1 <= l_2 <= l_3`` is shown wherever ``x_1 >= x_2 >= x_3`` in a triangle, for
    losses that exchange with their arguments: neighbours that tie have one loss, and the
    difference grows along ``e_1 - e_2``, or it is positive over a cell.
    """
    one = BALLS.const(1)
    for i in (0, 1):
        waiting = [(region, 0)]
        while waiting:
            corners, depth = waiting.pop()
            box = np.empty(3, dtype=object)
            box[:] = [BALLS.const(min(c)).union(BALLS.const(max(c)))
                      for c in zip(*corners, strict=True)]  # fmt: skip
            found = losses(Jet(box)).v
            if found[i + 1] - found[i] >= 0:
                continue
            # with the ties that the cell is moved to: both numbers at their mean
            box[i] = box[i + 1] = box[i].union(box[i + 1])
            slopes = np.full(3, BALLS.const(0), dtype=object)
            slopes[i], slopes[i + 1] = one, -one
            slope = losses(Jet(box, slopes, None)).d1
            if slope is not None and slope[i + 1] - slope[i] >= 0:
                continue
            if depth == _DEPTH:
                return False
            waiting += [(half, depth + 1) for half in halves(corners)]
    return True


class _Search:
    """T(beta) over x."""

    def __init__(self, question: Question, ranked: Ranked, beta: Fraction, budget: Budget) -> None:
        self.question, self.ranked, self.beta, self.budget = question, ranked, beta, budget
        self.width = budget.width if budget.width is not None else _WIDTH
        self.cells = Cells(
            ranked.losses, ranked.region, ranked.g, ranked.ratio, positive=ranked.positive
        )
        self._most = budget.max_boxes if budget.max_boxes is not None else _CELLS
        self._ends = None if budget.time_budget is None else time.monotonic() + budget.time_budget
        self._wrong: dict[Fraction, tuple[float, float]] = {}
        self.upper: tuple[float, Fraction, Vector] | None = None

    def distribution(self, x: Fraction) -> Vector:
        """Labels 0 and 1 tell the regret; label 2 has the rest."""
        return x + self.beta, x, 1 - self.beta - 2 * x

    def wrong_order(self, p: Vector) -> tuple[int, ...]:
        """The labels in the order of the best wrong scores."""
        if self.question.k == 1:
            return (1, 0, 2) if p[0] >= p[2] else (1, 2, 0)
        return (2, 1, 0) if p[2] >= p[1] else (1, 2, 0)

    def ends(self) -> tuple[Fraction, Fraction]:
        """x such that labels 0 and 1 tell the regret."""
        zero = Fraction(0)
        if self.question.k == 1:
            return max(zero, (1 - 2 * self.beta) / 3), (1 - self.beta) / 2
        return zero, (1 - self.beta) / 3

    def wrong(self, x: Fraction, width: float) -> float:
        """The least risk of wrong scores at x, from below, to a width."""
        if x in self._wrong and self._wrong[x][1] <= width:
            return self._wrong[x][0]
        p = self.distribution(x)
        low, high, point = self.cells.least([p[i] for i in self.wrong_order(p)], width, self._most)
        self._wrong[x] = low, width
        best = sorted(p, reverse=True)
        at = float(np.min(self.cells.values(np.array([float(v) for v in best]))))
        if self.upper is None or high - at < self.upper[0]:
            value = _higher(high - self.cells.least(best, width, self._most)[0])
            if self.upper is None or value < self.upper[0]:
                self.upper = value, x, point
        return low

    def over(self, left: Fraction, right: Fraction) -> float:
        """A lower bound of the regret for every x in [left, right], as close as it is worth."""
        finest, order = float(self.width) / 5, self.order(left, right)
        width, bound = max(finest, float(right - left) ** 2 / 8), -np.inf
        middle = self.distribution((left + right) / 2)
        while True:
            self.cells.least([middle[i] for i in order], width, self._most)
            wrong = [self.wrong(x, width) for x in (left, right)]
            ends = [self.distribution(x) for x in (left, right)]
            at = [self.cells.values(np.array([float(p[i]) for i in order])) for p in ends]
            gaps = np.minimum(wrong[0] - at[0], wrong[1] - at[1])
            best = float(np.max(gaps))
            bound = max(bound, best - 1e-14 * (abs(wrong[0]) + abs(wrong[1]) + abs(best)))
            assert self.upper is not None
            short = self.upper[0] - bound - 0.9 * float(self.width)
            if short <= 0 or width <= finest or short > 8 * width or self.spent():
                return bound
            width = max(finest, width / 8)

    def spent(self) -> str:
        """What has run out; empty where nothing has."""
        if len(self.cells.corners) >= self._most:
            return f"the box budget ran out after {len(self.cells.corners)} boxes"
        if self._ends is not None and time.monotonic() > self._ends:
            return f"the time budget ran out after {len(self.cells.corners)} boxes"
        return ""

    def order(self, left: Fraction, right: Fraction) -> tuple[int, ...]:
        """The labels as p falls in the middle: any order of scores is allowed at both ends."""
        p = self.distribution((left + right) / 2)
        return tuple(sorted(range(3), key=lambda i: -p[i]))

    def answer(self) -> Answer:
        """The enclosure, with its witness."""
        if not self.beta:
            return at_zero(self.question)
        first, last = self.ends()
        ticket = itertools.count()
        heap = [(self.over(first, last), next(ticket), first, last)]
        assert self.upper is not None
        reason, parts = "", 1
        while heap[0][0] < self.upper[0] - float(self.width) * 0.9:
            reason = self.spent() or (f"cut into {parts} parts" if parts > _PARTS else "")
            if reason:
                break
            low, _, left, right = heap[0]
            if left == right:
                break
            middle = (left + right) / 2
            halves = [(max(low, self.over(a, b)), next(ticket), a, b)
                      for a, b in ((left, middle), (middle, right))]  # fmt: skip
            heapq.heapreplace(heap, halves[0])
            heapq.heappush(heap, halves[1])
            parts += 1
        high, x, point = self.upper
        if not np.isfinite(heap[0][0]) or not np.isfinite(high):
            raise ArithmeticError("the losses have no bound over some scores")
        upper = max(Fraction(high), Fraction(0))
        lower = min(max(Fraction(heap[0][0]), Fraction(0)), upper)
        p = self.distribution(x)
        ranks = dict(zip(self.wrong_order(p), self.ranked.scores(point), strict=True))
        predicted = (1,) if self.question.k == 1 else (1, 2)
        witness = Witness(p, tuple(ranks[i] for i in range(3)), predicted, float(upper))
        estimate = float((lower + upper) / 2)
        return Answer(estimate, lower, upper, witness, "rigorous", (RANKED,), reason)


def _higher(value: float) -> float:
    return float(np.nextafter(value, np.inf))
