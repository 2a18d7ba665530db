"""Many labels, few of which have probability: T is bounded above at such distributions, and where
it is next to nothing there, it is next to nothing.

The regret at a distribution is enclosed by the pooling lemmas, for losses that are convex in
coordinates in which order is order. For a convex g of the softmax value a bound from below goes
with it: the pair lemma in a box for one predicted label (`hconsist.engines.rigorous.pairs`),
and for several the response lemma (`hconsist.engines.rigorous.responses`).
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

from scipy.optimize import minimize_scalar

from hconsist.engines.methods import method
from hconsist.engines.rigorous.branch import BranchSearch, Risk
from hconsist.engines.rigorous.methods import piecewise
from hconsist.engines.rigorous.methods.convex import Convex, convex_risk
from hconsist.engines.rigorous.methods.plan import (
    PAIRS,
    POOLING,
    POOLING_SETS,
    RESPONSES,
    Budget,
    Plan,
    Question,
)
from hconsist.engines.rigorous.methods.searched import Searching, at_zero
from hconsist.engines.rigorous.pairs import least_pair
from hconsist.engines.rigorous.piecewise.risks import UnboundedError
from hconsist.engines.rigorous.regions import Simplex, sorted_region, top_k_regions
from hconsist.engines.rigorous.responses import regret_is_more
from hconsist.pointwise import Answer

_WIDTH, _BOXES, _FEWER = Fraction(1, 10**6), 400, 40


@method("rigorous", "few labels", rank=85, lemmas=(POOLING, POOLING_SETS, PAIRS, RESPONSES))
def plan(question: Question) -> Plan | str:
    """Distributions on few labels from above, zero or the pair lemma from below."""
    if not question.k:
        return "needs the zero-one or a top-k target"
    if question.n <= max(5, 2 * question.k):
        return "needs more than five labels, and more than twice as many as are predicted"
    found = convex_risk(question)
    if isinstance(found, str):
        return found
    return Plan(lambda beta, budget: _answer(question, found, beta, budget), found.facts)


def few(n: int, k: int, beta: Fraction) -> list[Simplex]:
    """Distributions of regret beta, at least: on at most 2 k labels, 3 for k = 1; and such that all
    the others, or half of them, share the rest.
    """
    zero, left = Fraction(0), n - 2 * k
    pair = (*[(1 + beta) / (2 * k)] * k, *[(1 - beta) / (2 * k)] * k)
    found = []
    for m in {left, (left + 1) // 2}:
        shares = (*[beta / k] * k, *[zero] * k, (1 - beta) / m)
        counts = (*[1] * (2 * k), m, left - m)
        if k == 1:  # groups
            found.append(Simplex(((*pair, zero, zero), (*shares, zero)), counts))
        else:
            spread = (*shares[:-1], *[shares[-1]] * m, *[zero] * (left - m))
            found.append(Simplex(((*pair, *[zero] * left), spread), (1,) * n, k, k))
    if k == 1:
        three = sorted_region(3, beta)
        vertices = tuple((*v, zero) for v in three.vertices)
        return [Simplex(vertices, (1, 1, 1, n - 3)), *found]
    rest = (zero,) * left
    four = [
        Simplex(tuple((*v, *rest) for v in s.vertices), (1,) * n, s.swapped, s.k)
        for s in top_k_regions(2 * k, k, beta)
    ]
    return [*four, *found]


def shared(risk: Risk, n: int, k: int, beta: Fraction) -> Iterator[Simplex]:
    """Distributions of regret beta, at least: m likely labels are missed, m are predicted in their
    place, and what these leave goes to the other predicted ones, in the share of least regret.
    """
    for m in range(1, min(k, n - k) + 1):

        def point(mass: Fraction, m: int = m) -> Simplex:
            rest = (1 - mass) / (k - m) if k > m else Fraction(0)
            pair = [(mass + beta) / (2 * m)] * m + [(mass - beta) / (2 * m)] * m
            p = (*pair, *[rest] * (k - m), *[Fraction(0)] * (n - k - m))
            return Simplex((p,), (1,) * n, m, k)

        def regret(mass: float, point: Any = point) -> float:
            simplex = point(Fraction(mass))
            (p,) = simplex.vertices
            q, sizes, _ = simplex.pool(p)
            high, low = risk.best_in_class(q, sizes)[1], risk.best_in_class(p, simplex.counts)[0]
            return float((high - low).mid())

        yield point(Fraction(1))
        if m < k:
            yield point(beta)
        if m < k and beta < 1:
            ends = (float(beta) * (1 + 1e-12), 1.0)
            found = minimize_scalar(regret, bounds=ends, method="bounded", options={"xatol": 1e-6})
            yield point(min(max(Fraction(float(found.x)), beta), Fraction(1)))


def _answer(question: Question, found: Convex, beta: Fraction, budget: Budget) -> Answer:
    if not beta:
        return at_zero(question)
    n, k, started = question.n, question.k, time.monotonic()
    width = budget.width if budget.width is not None else _WIDTH
    risk: Risk = found.risk
    several = k > 1 and found.pair is not None
    first = list(shared(risk, n, k, beta)) if several else []
    search = BranchSearch(risk, [*first, *few(n, k, beta)])
    try:
        best = search.run(width / 4, _FEWER if several else _BOXES,
                          enough=lambda low, high: high <= width,
                          time_budget=budget.time_budget)  # fmt: skip
    except UnboundedError:  # at these distributions: others may have a regret
        if k > 1 or isinstance(whole := piecewise.plan(question), str):
            raise
        return whole.answer(beta, budget)
    lemmas: tuple[str, ...] = (POOLING,) if k == 1 else (POOLING_SETS,)
    lower, reason = Fraction(0), ""
    if best.upper > width:
        reason = "no lower bound is known for several predicted labels of so many"
        if k == 1 and found.pair is not None:
            bound = least_pair(*found.pair, n, beta, width / 4)
            lower, lemmas = max(bound, Fraction(0)), (POOLING, PAIRS)
            reason = "the pair lemma leaves a gap" if best.upper - lower > width else ""
        elif k == 1 and not isinstance(whole := piecewise.plan(question), str):
            return whole.answer(beta, budget)
        if found.pair is not None and best.upper - lower > width:
            left = budget.time_budget
            left = None if left is None else max(left - (time.monotonic() - started), 0.0)
            more = best.upper - width * Fraction(9, 10)
            failed = regret_is_more(*found.pair, n, k, beta, more, time_budget=left)
            if failed:
                reason = reason if k == 1 else failed
            else:
                lower, lemmas, reason = more, (*lemmas[:1], RESPONSES), ""
    searching = Searching(risk, lambda b: few(n, k, b), found.coordinates, lemmas,
                          found.temperature)  # fmt: skip
    return searching.answer(best, n, budget, min(lower, best.upper), reason)
