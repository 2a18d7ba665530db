"""Losses whose conditional risk is a squared distance from p: Brier, the quadratic surrogate.

``C(x, p) = a |x - p + h|^2 + (a function of p)`` in coordinates x (softmax values, or scores) that
reach p - h for every p. Let the predicted set K miss A and hold B in its place, s labels each, so
that x(B) >= x(A) and p(A) - p(B) = b. By Cauchy and Schwarz ``|x - p + h|^2 >= b^2 / (2 s)``, and s
is at most min(k, n - k): T(b) >= a b^2 / (2 min(k, n - k)). It is attained where p is u + b/(2 s)
on A, u - b/(2 s) on B, u on the rest of K and 0 elsewhere, with u = 1/(k + s) >= b/(2 s).
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

import numpy as np

from hconsist.arithmetic import NUMPY, SYMPY
from hconsist.arithmetic.exact import Value
from hconsist.engines.methods import method
from hconsist.engines.rigorous.methods.plan import Budget, Plan, Question, scores_of_labels
from hconsist.engines.rigorous.methods.searched import at_zero
from hconsist.engines.rigorous.risk import pool_set
from hconsist.losses.forms import OfProbabilities
from hconsist.pointwise import Answer, Witness

PROJECTION = "squared distances (docs/theory.md)"


@method("rigorous", "squared distance", rank=14, lemmas=(PROJECTION,))
def plan(question: Question) -> Plan | str:
    """The squared distance of p from what predicts the set: b^2 / (2 min(k, n - k)), scaled."""
    if not question.k or question.k >= question.n:
        return "needs the zero-one or a top-k target"
    if other := scores_of_labels(question):
        return other
    loss, n = question.problem.surrogate, question.n
    form = loss.form(OfProbabilities)
    if form is not None:
        if question.bound is not None:
            return "softmax values of bounded scores do not reach every p"
        found = squared(form.f, n)
        if isinstance(found, str):
            return found
        scale, shift = found
        if shift:
            return "needs the squared distance of the softmax values from p itself"
    elif loss.shift_invariant or loss.sum_to_zero:
        return "needs a squared distance of the scores, or of the softmax values, from p"
    else:
        found = squared(loss.losses, n)
        if isinstance(found, str):
            return found
        scale, shift = found
        if question.bound is not None and not -question.bound <= -shift <= question.bound - 1:
            return f"the best scores, p - {shift}, leave the box"
    return Plan(lambda beta, budget: _answer(question, scale, shift, beta, budget))


def squared(losses: Callable[..., Value], n: int) -> tuple[Fraction, Fraction] | str:
    """(a, h) of losses ``a |x - e_y + h|^2 + const``, by polynomial algebra; or why they are none.

    >>> from hconsist.losses import parse_loss
    >>> squared(parse_loss("quadratic-surrogate").losses, 4)
    (Fraction(1, 8), Fraction(1, 1))
    """
    if not _looks_squared(losses, n):
        return "the losses are no squared distances"
    import sympy

    x = sympy.symbols(f"x0:{n}")
    vector = np.array(x, dtype=object)
    try:
        found = [sympy.expand(v) for v in losses(vector, SYMPY)]
        scale = found[0].coeff(x[0], 2)
        other = sympy.expand(found[0]).coeff(x[1], 1)
        shift = sympy.nsimplify(other / (2 * scale)) if scale else None
    except Exception as problem:  # a stranger's formula may do anything
        return f"the losses are no polynomials ({type(problem).__name__})"
    if shift is None or not (scale.is_Rational and shift.is_Rational) or scale <= 0:
        return "the losses are no squared distances"
    for y, loss in enumerate(found):
        square = sum((x[k] - int(k == y) + shift) ** 2 for k in range(n))
        if not sympy.expand(loss - scale * square).is_Rational:
            return "the losses are no squared distances"
    return Fraction(int(scale.p), int(scale.q)), Fraction(int(shift.p), int(shift.q))


def _looks_squared(losses: Callable[..., Value], n: int) -> bool:
    """Whether the difference of two losses is that of two squared distances on a sample: saves the
    algebra where it is not.
    """
    x = np.random.default_rng(0).uniform(0.1, 0.9, (8, n))
    try:
        with np.errstate(all="ignore"):
            found = np.asarray(losses(x, NUMPY), dtype=float)
        ratio = (found[:, 0] - found[:, 1]) / (x[:, 1] - x[:, 0])
    except Exception:  # a stranger's formula may do anything
        return False
    return bool(np.ptp(ratio) <= 1e-6 * abs(ratio[0]))


def _answer(
    question: Question, scale: Fraction, shift: Fraction, beta: Fraction, budget: Budget
) -> Answer:
    if not beta:
        return at_zero(question)
    n, k = question.n, question.k
    s = min(k, n - k)
    lower = scale * beta**2 / (2 * s)
    best: tuple[Fraction, tuple[Fraction, ...], tuple[Fraction, ...]] | None = None
    for p in _candidates(n, k, s, beta):
        predicted = range(s, s + k)
        pooled, _, members = pool_set(p, predicted)
        x = list(p)
        for i in members:
            x[i] = pooled[0]
        upper = scale * sum(((a - b) ** 2 for a, b in zip(p, x, strict=True)), Fraction(0))
        if best is None or upper < best[0]:
            best = upper, p, tuple(x)
    assert best is not None
    upper, p, x_best = best
    scores = tuple(float(v - shift) for v in x_best)
    if question.problem.surrogate.form(OfProbabilities) is not None:
        scores = tuple(float(np.log(max(float(v), 1e-300))) for v in x_best)
    witness = Witness(p, scores, tuple(range(s, s + k)), float(upper))
    width = budget.width if budget.width is not None else Fraction(1, 10**9)
    reason = "" if upper - lower <= width else "no distribution was found that attains the bound"
    estimate = float((lower + upper) / 2)
    return Answer(estimate, lower, upper, witness, "rigorous", (), reason)


def _candidates(n: int, k: int, s: int, beta: Fraction) -> list[tuple[Fraction, ...]]:
    """Distributions of regret beta where labels s to s + k - 1 are predicted."""
    u, half = Fraction(1, k + s), beta / (2 * s)
    rest = [Fraction(0)] * (n - k - s)
    found = []
    if u >= half:
        found.append((*[u + half] * s, *[u - half] * s, *[u] * (k - s), *rest))
    if k > s:  # the labels in place of A have nothing
        left = (1 - beta) / (k - s)
        found.append((*[beta / s] * s, *[Fraction(0)] * s, *[left] * (k - s), *rest))
    return found or [(*[(1 + beta) / (2 * s)] * s, *[(1 - beta) / (2 * s)] * s, *rest)]
