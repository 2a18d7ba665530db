"""Losses for which T = 0 is a theorem (docs/theory.md, "where T vanishes"), by exact algebra.

*Reflection.* Where a loss sees each score through weights that are even about t, the best scores,
reflected about t, predict any label at no cost. *One label far below.* Where no loss is negative
and a rational score vector that ties all labels but the last costs next to nothing at p = ((1+b)/2,
(1-b)/2, 0, ..., 0), T is next to nothing.
"""

from __future__ import annotations

from fractions import Fraction

import flint
import numpy as np

from hconsist.arithmetic import BALLS, NUMPY, SYMPY, Ops, endpoints
from hconsist.arithmetic.exact import Value
from hconsist.engines.methods import method
from hconsist.engines.rigorous.methods.plan import Budget, Plan, Question, scores_of_labels
from hconsist.engines.rigorous.methods.searched import at_zero
from hconsist.losses.facts import Curve, Fact
from hconsist.losses.forms import OfProbabilities
from hconsist.losses.forms_of_scores import OfWeights
from hconsist.losses.proving import keeps
from hconsist.pointwise import Answer, Witness

REFLECTION = "where T vanishes, reflection (docs/theory.md)"
#: Where the logarithm of the last label's softmax value is tried.
_FAR = 10**12
#: Centres are sought between these scores, in floats; a proof follows.
_REACH, _DIGITS = 16.0, 10**4


@method("rigorous", "vanishing", rank=15, lemmas=(REFLECTION,))
def plan(question: Question) -> Plan | str:
    """T = 0: weights even about a score, or losses >= 0 that one label far below makes vanish."""
    if not question.k:
        return "needs the zero-one or a top-k target"
    if other := scores_of_labels(question):
        return other
    if not keeps(question.problem.surrogate.losses, question.n)[1]:
        return "could not show that the loss does not tell the labels apart"
    weights = question.problem.surrogate.form(OfWeights)
    if weights is not None:
        found = _centre(weights.w)
        if isinstance(found, str):
            return found
        centre, facts = found
        if question.bound is not None and centre:
            return f"needs complete scores, as the weights are even about {centre}"
        return Plan(lambda beta, budget: _nothing(question, beta), facts)
    form = question.problem.surrogate.form(OfProbabilities)
    if form is None or question.bound is not None or question.n - question.k < 2:
        return "needs weights of single scores, or complete scores and two labels left out"
    high = _far_below(form, question.n)
    if high is None or high > Fraction(1, 10**9):
        return "one label far below others that tie costs something"
    if missing := _negative(form, question.n):
        return missing
    return Plan(lambda beta, budget: _far(question, form, beta, budget))


def _centre(w: Curve) -> tuple[Fraction, tuple[Fact, ...]] | str:
    """Where weights are even about, proven by a difference that neither rises nor falls."""
    sample = np.linspace(-_REACH, _REACH, 4097)
    with np.errstate(all="ignore"):
        values = np.asarray(w(sample, NUMPY), dtype=float)
    if not np.all(np.isfinite(values)):
        return "needs weights that are finite"
    least = float(sample[int(np.argmin(values))])
    centre = Fraction(least).limit_denominator(_DIGITS)

    def difference(v: Value, ops: Ops) -> Value:
        t = ops.const(centre)
        return w(t + v, ops) - w(t - v, ops)

    change = Curve(f"{w.name}({centre} + v) - {w.name}({centre} - v)", difference, "line")
    facts = change.facts("non-increasing", "non-decreasing")
    if not facts or not all(f.proven for f in facts):
        return f"could not show that the weights are even about {centre}"
    # a constant, that is 0 at v = 0
    return centre, facts


def _nothing(question: Question, beta: Fraction) -> Answer:
    if not beta:
        return at_zero(question)
    zero = Fraction(0)
    return Answer(0.0, zero, zero, None, "rigorous", (REFLECTION,))


def _negative(form: OfProbabilities, n: int) -> str:
    """Why the losses are not seen to be >= 0; empty where they are."""
    import sympy

    t = sympy.symbols(f"t0:{n}", positive=True)
    q = np.array([sympy.exp(-x) for x in t], dtype=object)
    try:
        losses = form.f(q, SYMPY)
        signs = [sympy.cancel(sympy.expand_log(x, force=False)).is_nonnegative for x in losses[:1]]
    except Exception as problem:  # a stranger's formula may do anything
        return f"the signs of the losses are not known ({type(problem).__name__})"
    return "" if all(s is True for s in signs) else "could not show that the losses are >= 0"


def _softmax(n: int) -> np.ndarray:
    """Softmax values of equal labels, the last one far below, in balls."""
    last = flint.arb(-_FAR).exp()
    rest = (1 - last) / (n - 1)
    values = np.empty(n, dtype=object)
    values[:] = [rest] * (n - 1) + [last]
    return values


def _far_below(form: OfProbabilities, n: int) -> Fraction | None:
    """An upper bound of the loss of a label that ties with all others but the last."""
    try:
        return endpoints(form.f(_softmax(n), BALLS)[0])[1]
    except (ArithmeticError, ValueError):
        return None


def _far(question: Question, form: OfProbabilities, beta: Fraction, budget: Budget) -> Answer:
    if not beta:
        return at_zero(question)
    n, k = question.n, question.k
    high = _far_below(form, n)
    assert high is not None
    p = ((1 + beta) / 2, (1 - beta) / 2, *[Fraction(0)] * (n - 2))
    scores = (*[0.0] * (n - 1), -float(_FAR) * float(form.temperature))
    # labels 0 and 1 alone have probability, and one loss
    witness = Witness(p, scores, tuple(range(1, k + 1)), float(high))
    width = budget.width
    reason = "" if width is None or high <= width else "the witness costs more than that"
    return Answer(float(high / 2), Fraction(0), high, witness, "rigorous", (), reason)
