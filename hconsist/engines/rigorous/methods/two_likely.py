"""Where T is next to nothing for a loss that falls in the label's softmax value, of any curvature.

Two labels have all the probability: b and 1 - b for several predicted labels, which miss the first;
(1 + b)/2 and (1 - b)/2 for one, the second. The best scores give all that is left to these two, so
that the least risk is the infimum of a formula of one number, enclosed in balls; the risk of
rational scores that predict the set is no less than what T is.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np

from hconsist.arithmetic import BALLS, endpoints
from hconsist.arithmetic.derivatives import BALL_JETS
from hconsist.arithmetic.exact import Value
from hconsist.arithmetic.jet import Jet, variable
from hconsist.engines.methods import method
from hconsist.engines.rigorous.box import reach
from hconsist.engines.rigorous.line import least
from hconsist.engines.rigorous.methods.plan import (
    Budget,
    Plan,
    Question,
    known,
    scores_of_labels,
)
from hconsist.engines.rigorous.methods.searched import at_zero
from hconsist.losses.facts import Curve
from hconsist.pointwise import Answer, Witness

if TYPE_CHECKING:
    from flint import arb

_WIDTH, _BOXES, _STEPS = Fraction(1, 10**6), 2_000, 64


@method("rigorous", "two likely labels", rank=110)
def plan(question: Question) -> Plan | str:
    """Distributions on two labels from above: T may be next to nothing there."""
    form, k = question.softmax, question.k
    if form is None or not isinstance(form.temperature, Fraction):
        return "needs a loss of the label's softmax value"
    if other := scores_of_labels(question):
        return other
    if not k or question.n < 3 or question.n <= k:
        return "needs three labels, and the zero-one or a top-k target"
    facts, missing = known(form.g, "non-increasing")
    if not facts:
        return missing
    ratio = None if question.bound is None else reach(question.bound, form.temperature)
    two = TwoLikely(form.g, ratio, question.n, k)
    temperature = float(form.temperature)
    return Plan(lambda beta, budget: _answer(question, two, temperature, beta, budget), facts)


class TwoLikely:
    """Risks where labels 0 and k alone have probability, and labels 1 to k are predicted.

    Parameters
    ----------
    g : Curve
        Non-increasing.
    ratio : ball or None
        The largest ratio of two softmax values.
    n, k : int
    """

    def __init__(self, g: Curve, ratio: arb | None, n: int, k: int) -> None:
        self.g, self.n, self.k = g, n, k
        #: What each other label has, at least, where the largest softmax value is 1.
        self.floor = 1 / ratio if ratio is not None else BALLS.const(0)

    def lowest(self, first: Fraction, other: Fraction, width: Fraction) -> Fraction:
        """A lower bound of the least risk of all scores."""
        return min(self._lowest(first, other, width), self._lowest(other, first, width))

    def _lowest(self, first: Fraction, other: Fraction, width: Fraction) -> Fraction:
        """Over the scores at which the first of the two labels is the larger one, a, the other
        having ``1 - (1 + (n - 2) floor) a`` at most.
        """
        rest = 1 + (self.n - 2) * self.floor
        left, right = endpoints(1 / (1 + rest))[0], endpoints(1 / (rest + self.floor))[1]
        weights = BALLS.const(first), BALLS.const(other)

        def risk(a: Value) -> Jet:
            x = variable(a)
            found = self.g(x, BALL_JETS) * weights[0] + self.g(1 - x * rest, BALL_JETS) * weights[1]
            return found if isinstance(found, Jet) else Jet(found)

        def rough(a: Fraction, c: Fraction) -> Fraction | None:
            most = endpoints(1 - rest * BALLS.const(a))[1]
            ends = [self.g(BALLS.const(x), BALLS) for x in (c, most)]
            if not all(e.is_finite() for e in ends):
                return None
            return endpoints(ends[0] * weights[0] + ends[1] * weights[1])[0]

        return least(risk, left, min(right, Fraction(1)), width, _BOXES, rough).low

    def tied(self, first: Fraction, other: Fraction) -> tuple[Fraction, list[Fraction]]:
        """The risk of scores that predict labels 1 to k, from above, with their softmax values."""
        best: tuple[Fraction, list[Fraction]] | None = None
        for values in self._candidates():
            terms = [self.g(BALLS.const(values[i]), BALLS) for i in (0, self.k)]
            risk = BALLS.const(first) * terms[0] + BALLS.const(other) * terms[1]
            if risk.is_finite():
                high = endpoints(risk)[1]
                best = (high, values) if best is None or high < best[0] else best
        assert best is not None  # all equal
        return best

    def _candidates(self) -> Iterator[list[Fraction]]:
        """Softmax values: label k has t; labels 0 to k - 1 the same, from the floor to t; the
        others the floor.
        """
        floor = endpoints(self.floor)[1]  # inward: these values are reached
        for share in np.linspace(0.0, 1.0, _STEPS + 1):
            part = floor + Fraction(float(share)) * (1 - floor)
            sizes = [part] * self.k + [Fraction(1)] + [floor] * (self.n - self.k - 1)
            yield [s / sum(sizes) for s in sizes]
        yield [Fraction(1, self.n)] * self.n


def _answer(
    question: Question, two: TwoLikely, temperature: float, beta: Fraction, budget: Budget
) -> Answer:
    if not beta:
        return at_zero(question)
    n, k = question.n, question.k
    width = budget.width if budget.width is not None else _WIDTH
    first, other = ((1 + beta) / 2, (1 - beta) / 2) if k == 1 else (beta, 1 - beta)
    high, values = two.tied(first, other)
    upper = max(high - two.lowest(first, other, width / 4), Fraction(0))
    p = [Fraction(0)] * n
    p[0], p[k] = first, other
    scores = tuple(temperature * float(np.log(max(float(v), 1e-300))) for v in values)
    witness = Witness(tuple(p), scores, tuple(range(1, k + 1)), float(upper))
    reason = "" if upper <= width else "no lower bound but 0 is known for a loss of this curvature"
    return Answer(float(upper / 2), Fraction(0), upper, witness, "rigorous", (), reason)
