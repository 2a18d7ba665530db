"""Losses concave in the softmax value (Theorem C): T is a minimum of n numbers.

Risks concave in the softmax value are least at points uniform on k labels.
"""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from hconsist.arithmetic import BALLS, endpoints
from hconsist.engines.methods import method
from hconsist.engines.rigorous.methods.plan import (
    CONCAVE,
    Lines,
    Plan,
    Question,
    complete_zero_one,
    known,
)
from hconsist.engines.rigorous.methods.searched import at_zero, scores_of
from hconsist.engines.rigorous.supports import Vertices
from hconsist.losses.facts import Curve, Fact
from hconsist.losses.forms import OfSoftmax
from hconsist.pointwise import Answer, Witness

if TYPE_CHECKING:
    from flint import arb

#: Labels beyond which n numbers are too many.
_MOST = 100_000


def _needed(question: Question) -> tuple[OfSoftmax, tuple[Fact, ...]] | str:
    form, other = question.softmax, complete_zero_one(question)
    if form is None or other:
        return other or "needs a loss of the label's softmax value"
    if question.n > _MOST:
        return f"needs at most {_MOST} labels"
    facts, missing = known(form.g, "concave", "non-increasing", "continuous at 0")
    return (form, facts) if facts else missing


@method("rigorous", "concave", rank=30, lemmas=(CONCAVE,))
def plan(question: Question) -> Plan | str:
    """The least of n numbers."""
    found = _needed(question)
    if isinstance(found, str):
        return found
    form, facts = found
    return Plan(lambda beta, budget: _answer(question, form, beta), facts)


@method("rigorous", "concave", rank=30, lemmas=(CONCAVE,), asked="T**")
def lines(question: Question) -> Lines | str:
    """The ends of the pieces of a piecewise linear T."""
    found = _needed(question)
    if isinstance(found, str):
        return found
    form, facts = found
    n, terms = question.n, _uniform_terms(form.g, question.n)
    points = tuple((b, *_least_pool(n, terms, b)[:2]) for b in pool_ends(n))
    return Lines(Vertices(points, (CONCAVE,)), facts)


def pool_ends(n: int) -> list[Fraction]:
    """Where a piece of a T that is a minimum over pools may end."""
    return [Fraction(0), *(Fraction(1, m) for m in range(n - 1, 0, -1))]


def _answer(question: Question, form: OfSoftmax, beta: Fraction) -> Answer:
    if not beta:
        return at_zero(question)
    n = question.n
    lower, upper, k = _least_pool(n, _uniform_terms(form.g, n), beta)
    top = max(beta, (1 + beta) / n)
    # Labels as large as possible in the pool of k, predicted label in second place, the rest of the
    # mass spread by size.
    p = [top, top - beta]
    left = 1 - 2 * top + beta
    while len(p) < n:
        p.append(min(top, max(left, Fraction(0))))
        left -= p[-1]
    if left != 0:
        raise AssertionError("the witness of theorem C does not sum to 1: please report this")
    chosen = {1, *([0] if k > 1 else []), *range(2, k)}
    softmax = [1.0 / k if i in chosen else 0.0 for i in range(n)]
    scores = scores_of(softmax, float(form.temperature))
    witness = Witness(tuple(p), scores, (1,), float(upper))
    return Answer(float((lower + upper) / 2), lower, upper, witness, "rigorous", (CONCAVE,))


def _least_pool(n: int, g: list[arb], beta: Fraction) -> tuple[Fraction, Fraction, int]:
    """Bounds of T(beta) by theorem C, and the number of labels in the best pool."""
    top = max(beta, (1 + beta) / n)
    lowest, upper, best = None, None, 0
    for k in range(1, n + 1):
        pooled_mass = min(Fraction(1), k * top - beta)
        low, high = endpoints(
            BALLS.const(top) * (g[0] - g[1]) - BALLS.const(pooled_mass) * (g[0] - g[k])
        )
        lowest = low if lowest is None else min(lowest, low)
        if upper is None or high < upper:
            upper, best = high, k
    assert lowest is not None
    assert upper is not None
    return max(lowest, Fraction(0)), upper, best


def _uniform_terms(g: Curve, n: int) -> list[arb]:
    """g(0), g(1), g(1/2), ..., g(1/n)."""
    return [g(BALLS.const(Fraction(1, k) if k else 0), BALLS) for k in range(n + 1)]
