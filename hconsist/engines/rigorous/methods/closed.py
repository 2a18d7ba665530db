"""Two forms whose T is a number: minus a cosine (Theorem G), and two standardised scores.

Two standardised scores are 1 and -1, in one order or the other: the wrong one costs
``g(-1) - g(1)`` more on the likelier label and as much less on the other, b in all.
"""

from __future__ import annotations

import math
from fractions import Fraction

from hconsist.arithmetic import BALLS, endpoints
from hconsist.arithmetic.exact import Value
from hconsist.engines.methods import method
from hconsist.engines.rigorous.methods.convex import cosine
from hconsist.engines.rigorous.methods.plan import (
    Budget,
    Plan,
    Question,
    complete_zero_one,
    known,
    one_predicted_label,
    scores_of_labels,
)
from hconsist.engines.rigorous.methods.searched import at_zero
from hconsist.losses.forms import OfProbabilities
from hconsist.losses.forms_of_scores import Standardised
from hconsist.pointwise import Answer, Witness

PROPER = "Theorem G (docs/theory.md)"
#: Labels of which the algebra is done.
_MOST = 200
#: Scores this far below have no share that a float could tell.
_FAR = 60.0


@method("rigorous", "cosine", rank=16, lemmas=(PROPER,))
def of_cosine(question: Question) -> Plan | str:
    """Minus the cosine of p and the softmax values, any number of labels."""
    form = question.problem.surrogate.form(OfProbabilities)
    if form is None or not isinstance(form.temperature, Fraction):
        return "needs a formula of the softmax values"
    if other := complete_zero_one(question) or scores_of_labels(question):
        return other
    if question.n > _MOST:
        return f"needs at most {_MOST} labels"
    scale = cosine(form.f, question.n)
    if scale is None:
        return "the losses are no cosines"
    far = _FAR * float(form.temperature)
    scores = (0.0, 0.0, *[-far] * (question.n - 2))

    def answer(beta: Fraction, budget: Budget) -> Answer:
        half, square = (BALLS.const(v) / 2 for v in (Fraction(1), 1 + beta**2))
        value = BALLS.const(scale) * (square.sqrt() - half.sqrt())
        return _answer(question, beta, value, scores, (PROPER,))

    return Plan(answer)


@method("rigorous", "two standardised scores", rank=17)
def of_two_scores(question: Question) -> Plan | str:
    """A curve of the label's standardised score that does not rise."""
    form = question.problem.surrogate.form(Standardised)
    if form is None or question.n != 2:
        return "needs standardised scores of two labels"
    if other := one_predicted_label(question) or scores_of_labels(question):
        return other
    facts, missing = known(form.g, "non-increasing")
    if not facts:
        return missing
    one = BALLS.const(1)
    step = form.g(-one, BALLS) - form.g(one, BALLS)
    low = float(question.bound or 1) / 2
    return Plan(
        lambda beta, budget: _answer(question, beta, BALLS.const(beta) * step, (-low, low)), facts
    )


def _answer(
    question: Question,
    beta: Fraction,
    value: Value,
    scores: tuple[float, ...],
    lemmas: tuple[str, ...] = (),
) -> Answer:
    if not beta:
        return at_zero(question)
    lower, upper = endpoints(value)
    p = ((1 + beta) / 2, (1 - beta) / 2, *[Fraction(0)] * (question.n - 2))
    witness = Witness(p, scores, (1,), math.nextafter(float(upper), math.inf))
    estimate = float((lower + upper) / 2)
    return Answer(estimate, max(lower, Fraction(0)), upper, witness, "rigorous", lemmas)
