"""The least value of a formula of one number over an interval, from below and from above, in balls.

Intervals are halved until the bounds meet. Over one interval a formula is bounded below by its ends
where its slope has one sign or it is concave, by the tangent at its lowest point where it is
convex, by the mean value theorem where its slope is known, and by its ball otherwise.
"""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

from hconsist.arithmetic import BALLS, endpoints
from hconsist.arithmetic.exact import Value
from hconsist.arithmetic.jet import Jet

if TYPE_CHECKING:
    from flint import arb

#: A formula of a ball, with its first and second derivatives there.
Formula = Callable[[Value], Jet]
#: A part this much smaller than the whole, over which nothing is known, ends it.
_FINEST = 2**40
#: Parts looked at without a better bound from below or above, after which no better one is expected
#: (a jump that no ball can place keeps its whole neighbourhood alike).
_PATIENCE = 1000
#: Binary digits of the points where tangents are taken.
_GRID = 2**60


@dataclass(frozen=True)
class LineInfimum:
    """``low <= inf f <= f(at) <= high``."""

    low: Fraction
    high: Fraction
    at: Fraction


def hull(left: Fraction, right: Fraction) -> arb:
    """The ball of an interval."""
    a, c = BALLS.const(left), BALLS.const(right)
    return a.union(c)


def least(
    formula: Formula,
    left: Fraction,
    right: Fraction,
    width: Fraction,
    max_boxes: int,
    rough: Callable[[Fraction, Fraction], Fraction | None] | None = None,
    *,
    inside: Callable[[Fraction], Fraction] | None = None,
) -> LineInfimum:
    """Enclose the infimum of a formula over [left, right], by halving the interval of the least
    bound.

    Parameters
    ----------
    formula : callable
        On the ball of any part of the interval; a jet whose value is not finite says nothing.
    width : Fraction
        Bounds this close will do.
    max_boxes : int
        How many parts are looked at; what is returned holds in any case.
    rough : callable, optional
        A lower bound over a part, for those over which the formula's ball is not finite.
    inside : callable, optional
        The point of the domain that speaks for one that may lie outside it, an end of [left,
        right]: the formula may jump there. ``at`` is of the domain, ``high`` attained in it.

    Raises
    ------
    ArithmeticError
        Where no part has a finite lower bound.

    Examples
    --------
    >>> from hconsist.arithmetic.derivatives import BALL_JETS
    >>> from hconsist.arithmetic.jet import variable
    >>> def f(x):
    ...     t = variable(x)
    ...     return t * t * t - t
    >>> found = least(f, Fraction(0), Fraction(1), Fraction(1, 10**9), 1000)
    >>> found.low**2 >= Fraction(4, 27) >= found.high**2, found.high - found.low < 1e-6
    (True, True)
    """
    order = itertools.count()
    best: tuple[Fraction, Fraction] | None = None

    def value(x: Fraction) -> Jet:
        nonlocal best
        found = formula(BALLS.const(x))
        within = x if inside is None else inside(x)
        attained = found if within == x else formula(BALLS.const(within))
        if attained.v.is_finite():
            high = endpoints(attained.v)[1]
            if best is None or high < best[0]:
                best = high, within
        return found

    def bound(a: Fraction, c: Fraction) -> Fraction | None:
        ends = [value(a), value(c)]
        box = formula(hull(a, c))
        found = _over(formula, box, ends, a, c, value)
        if found is None and rough is not None:
            found = rough(a, c)
        return found

    heap: list[tuple[bool, Fraction, int, Fraction, Fraction]] = []

    def push(a: Fraction, c: Fraction, before: Fraction | None) -> None:
        low = bound(a, c)
        if low is None:
            low = before
        elif before is not None:
            low = max(low, before)
        heapq.heappush(heap, (low is not None, low or Fraction(0), next(order), a, c))

    push(left, right, None)
    boxes = 1
    progress, since = (heap[0][:2], best), boxes
    while boxes < max_boxes:
        known, low, _, a, c = heap[0]
        if (heap[0][:2], best) != progress:
            progress, since = (heap[0][:2], best), boxes
        elif boxes - since > _PATIENCE:
            break
        if (known and best is not None and best[0] - low <= width) or a == c:
            break
        if not known and (c - a) * _FINEST < right - left:
            break
        heapq.heappop(heap)
        middle = (a + c) / 2
        push(a, middle, low if known else None)
        push(middle, c, low if known else None)
        boxes += 2
    known, low, *_ = heap[0]
    if not known or best is None:
        raise ArithmeticError("the formula is not bounded below over some part of its domain")
    return LineInfimum(min(low, best[0]), *best)


def bound_over(
    formula: Formula, box: Jet, ends: list[Jet], a: Fraction, c: Fraction
) -> Fraction | None:
    """A lower bound over [a, c], from the formula on its ball and at its ends; see `_over`."""
    return _over(formula, box, ends, a, c, lambda x: formula(BALLS.const(x)))


def _over(
    formula: Formula, box: Jet, ends: list[Jet], a: Fraction, c: Fraction, value: Formula
) -> Fraction | None:
    """A lower bound over [a, c]; None where nothing finite is known."""
    if not box.v.is_finite():
        return None
    found = endpoints(box.v)[0]
    finite = all(e.v.is_finite() for e in ends)
    if box.d1 is None or not box.d1.is_finite() or not finite:
        return found
    values = [endpoints(e.v)[0] for e in ends]
    if box.d1 >= 0:
        return max(found, values[0])
    if box.d1 <= 0:
        return max(found, values[1])
    if box.d2 is not None and box.d2.is_finite():
        if box.d2 <= 0:
            return max(found, min(values))
        if box.d2 >= 0:
            return max(found, _tangent(value, a, c))
    middle = (a + c) / 2
    at = value(middle)
    if at.v.is_finite():
        steep = max(abs(x) for x in endpoints(box.d1))
        found = max(found, endpoints(at.v)[0] - steep * (c - a) / 2)
    return found


def _tangent(value: Formula, a: Fraction, c: Fraction) -> Fraction:
    """A lower bound of a convex formula over [a, c]: tangents near its lowest point, found by
    Newton's method.
    """
    x, found = (a + c) / 2, None
    for _ in range(4):
        at = value(x)
        if not (at.v.is_finite() and at.d1.is_finite()):
            break
        low, slope = endpoints(at.v)[0], endpoints(at.d1)
        # at + slope (y - x): where the slope may have either sign, the worse end counts
        drop = max(slope[0] * (x - a), slope[1] * (x - a), slope[0] * (x - c), slope[1] * (x - c))
        bound = low - max(drop, Fraction(0))
        found = bound if found is None else max(found, bound)
        bend = at.d2.mid() if at.d2.is_finite() else BALLS.const(0)
        if not bend > 0:
            break
        moved = x - Fraction(float(at.d1.mid())) / Fraction(float(bend))
        nearest = min(max(Fraction(round(moved * _GRID), _GRID), a), c)
        if nearest == x:
            break
        x = nearest
    return found if found is not None else endpoints(value(a).v)[0]


def convex_least(formula: Formula, left: Fraction | None, right: Fraction | None) -> LineInfimum:
    """Enclose the infimum of a convex formula over an interval, whose ends may be infinite: two
    tangents beside a bisected sign change of its slope.

    Raises
    ------
    ArithmeticError
        Where no sign change is found: the formula may fall towards an infinite end.

    Examples
    --------
    >>> from hconsist.arithmetic.derivatives import BALL_JETS
    >>> from hconsist.arithmetic.jet import variable
    >>> def f(x):
    ...     t = variable(x)
    ...     return BALL_JETS.exp(t) - t
    >>> found = convex_least(f, None, None)
    >>> found.low <= 1 <= found.high, found.high - found.low < 1e-3
    (True, True)
    """
    far = Fraction(64)
    low = left if left is not None else -far
    high = right if right is not None else far
    first, last = formula(BALLS.const(low)), formula(BALLS.const(high))
    if left is not None and first.d1 >= 0:
        return LineInfimum(*endpoints(first.v), low)
    if right is not None and last.d1 <= 0:
        return LineInfimum(*endpoints(last.v), high)
    a, c = low, high
    for _ in range(46):  # closer points would leave nothing of the difference of their slopes
        middle = (a + c) / 2
        slope = formula(BALLS.const(middle)).d1
        if not slope.is_finite():
            raise ArithmeticError("the slope is not finite")
        a, c = (middle, c) if slope.mid() < 0 else (a, middle)
    step = Fraction(1, 2**40)
    while step < 1:
        one, two = formula(BALLS.const(a)), formula(BALLS.const(c))
        if one.d1 <= 0 and two.d1 >= 0 and two.d1 - one.d1 > 0:
            meet = (two.d1 * one.v - one.d1 * two.v + one.d1 * two.d1 * BALLS.const(c - a)) / (
                two.d1 - one.d1
            )
            best = min((endpoints(r.v)[1], y) for r, y in ((one, a), (two, c)))
            return LineInfimum(min(endpoints(meet)[0], best[0]), *best)
        a, c, step = max(a - step, low), min(c + step, high), 2 * step
    raise ArithmeticError("no sign change of the slope was found")


def halved(below: Callable[[float], bool], low: float, high: float) -> float:
    """Where ``below``, true first, becomes false, to the last bit.

    Examples
    --------
    >>> abs(halved(lambda x: x**2 < 2, 0.0, 2.0) - 2**0.5) < 1e-15
    True
    """
    while True:
        middle = (low + high) / 2
        if not low < middle < high:
            return middle
        low, high = (middle, high) if below(middle) else (low, middle)
