"""Values that are known where no closed form of the whole of T is: T = 0 at one beta, proven.

A tie that is best of all at some distribution has regret 0, and may predict wrongly. What has to be
compared is compared in balls.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import TYPE_CHECKING

from hconsist.arithmetic import BALLS, precision
from hconsist.arithmetic.exact import Exact
from hconsist.losses.forms import OfScores, OfSoftmax
from hconsist.pointwise import Answer, PointwiseProblem, Witness

if TYPE_CHECKING:
    from flint import arb
    from sympy import Expr

Point = tuple[tuple[Fraction, ...], tuple[float, ...], tuple[int, ...]]
#: A score this far below has a softmax value of 0 in a witness.
_FAR = 700.0


def known_zero(problem: PointwiseProblem, beta: Fraction, bits: int = 160) -> Answer | None:
    """T(beta) = 0 where that is shown; None elsewhere, which is no answer.

    Examples
    --------
    >>> known_zero(PointwiseProblem("gce:q=0.7", hypotheses="bounded:1", n_classes=10),
    ...            Fraction(3, 10)).upper
    Fraction(0, 1)
    >>> known_zero(PointwiseProblem("gce:q=0.7", n_classes=10), Fraction(3, 10)) is None
    True
    """
    if problem.is_symbolic or problem.decision.structure.top is None or problem.n < 3:
        return None
    with precision(bits):
        found = next(_points(problem, beta), None)
    if found is None:
        return None
    (p, scores, predicted), reason = found
    zero = Fraction(0)
    witness = Witness(p, scores, predicted, 0.0)
    return Answer(0.0, zero, zero, witness, "symbolic", (), reason)


def _points(problem: PointwiseProblem, beta: Fraction) -> Iterator[tuple[Point, str]]:
    own, hinge = problem.surrogate.form(OfSoftmax), problem.surrogate.form(OfScores)
    bound, k = problem.hypotheses.score_bound, problem.top_k("symbolic")
    if own is not None and own.g.fact("non-increasing").proven:
        concave = own.g.fact("concave").proven
        if bound is None and k > 1 and concave:
            yield from _vertex(problem, beta, _FAR * float(own.temperature))
        if bound is not None and concave:
            yield from _of_box_vertices(problem, own, beta)
        if bound is not None and k == 1 and own.g.fact("convex").proven and own.g.kinks == ():
            yield from _of_box_tie(problem, own, beta)
    if hinge is not None and hinge.phi.hinge is not None and bound is None and k > 1:
        yield from _vertex(problem, beta, None, hinge.phi.hinge[1])


def _vertex(
    problem: PointwiseProblem, beta: Fraction, far: float | None, reach: Fraction = Fraction(1)
) -> Iterator[tuple[Point, str]]:
    """Only the likeliest label gets mass, whichever others are predicted with it."""
    n, k = problem.n, problem.top_k("symbolic")
    m = min(k - 1, n - k)
    if m < 1 or beta * (m + 1) > m:
        return
    p = (1 - beta, *([beta / m] * m), *([Fraction(0)] * (n - m - 1)))
    predicted = (0, *range(m + 1, m + k))
    if far is None:  # scores that sum to zero
        scores = (float(reach) * (n - 1), *([-float(reach)] * (n - 1)))
    else:
        scores = (0.0, *([-far] * (n - 1)))
    yield (
        (p, scores, predicted),
        "T = 0: the best scores raise the likeliest label alone, and may predict any with it",
    )


def _ratio(own: OfSoftmax, bound: Exact) -> arb:
    found: arb = BALLS.exp(BALLS.const(2 * bound / own.temperature))
    return found


def _of_box_tie(
    problem: PointwiseProblem, own: OfSoftmax, beta: Fraction
) -> Iterator[tuple[Point, str]]:
    """docs/theory.md, bounded scores: beta <= (n - 2)/(2R + n - 2)."""
    bound, n = problem.hypotheses.score_bound, problem.n
    R, rest = _ratio(own, bound), BALLS.const(n - 2)
    if BALLS.const(beta) <= rest / (BALLS.const(2) * R + rest):
        yield (
            _pair(problem, beta, 2),
            "T = 0: the tie of two labels is best, as the others rise with the largest",
        )


def _pair(problem: PointwiseProblem, beta: Fraction, tied: int) -> Point:
    n, k, high = problem.n, problem.top_k("symbolic"), float(problem.hypotheses.score_bound or 0)
    scores = (*([high] * tied), *([-high] * (n - tied)))
    if k == 1:
        p = ((1 + beta) / 2, (1 - beta) / 2, *([Fraction(0)] * (n - 2)))
        return p, scores, (1,)
    p = (1 - beta, beta, *([Fraction(0)] * (n - 2)))
    return p, scores, (0, *range(2, k + 1))


def _of_box_vertices(
    problem: PointwiseProblem, own: OfSoftmax, beta: Fraction
) -> Iterator[tuple[Point, str]]:
    """A concave risk is least at a vertex of the box: the m likeliest labels at B."""
    n, k = problem.n, problem.top_k("symbolic")
    if k > 1 and 2 * beta > 1:
        return
    tied = 2 if k == 1 else 1
    point = _pair(problem, beta, tied)
    R, one = _ratio(own, problem.hypotheses.score_bound), BALLS.const(1)

    def risk(m: int) -> Expr:
        low = one / (BALLS.const(m) * R + BALLS.const(n - m))
        mass = BALLS.const(sum(sorted(point[0], reverse=True)[:m], Fraction(0)))
        return mass * own.g(R * low, BALLS) + (one - mass) * own.g(low, BALLS)

    least = risk(tied)
    if all(m == tied or least <= risk(m) for m in range(1, n)) and least <= own.g(
        one / BALLS.const(n), BALLS
    ):
        yield point, "T = 0: scores at the ends of the box are best, and tie with those predicted"
