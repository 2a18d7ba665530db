"""Lower bounds of T for any number of labels and a convex loss of the softmax value, by the largest
softmax value M of wrong scores (docs/theory.md, "the mass of the largest value").

The best wrong scores S give M to label 1, to the predicted j and perhaps to others, which share
what is left. Against any S' that raises no loss but that of j and of others by more than c,
``regret >= b (g(M) - g(S'_1)) + (1 - b) min((2 g(M) - g(S'_1) - g(S'_j))/2, -c)``: p is a mixture
of label 1 (b), of both, and of others. What the others lose for c, ``d(s) = s - h(g(s) + c)`` with
h the inverse of g, goes to labels 1 and j. Over all ways in which the others share 1 - 2M, the sum
of d is least where

- d is concave, so where -1/g' is: as many as possible have M, and one the rest (u g' falls too);
- -1/g' and u g' (which falls) show that d is linear, then convex, and d(s)/s falls: there, or where
  they share it equally, as few as can.
"""

from __future__ import annotations

import heapq
import itertools
import time
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from functools import partial

import numpy as np
from scipy.optimize import minimize_scalar

from hconsist.arithmetic import BALLS, NUMPY, endpoints
from hconsist.arithmetic.derivatives import BALL_JETS, Jets
from hconsist.arithmetic.exact import Value
from hconsist.arithmetic.jet import Jet, variable
from hconsist.engines.rigorous.line import bound_over, hull
from hconsist.losses.facts import Curve, Fact

Vector = tuple[Fraction, ...]
_BOXES, _GRID, _ZOOMS, _GOLDEN = 600, 17, 7, 0.6180339887498949
#: On (0, c], c one of these, g is known for every softmax value of two labels that tie, or less; at
#: some ends a proof finds numbers that it can compare.
_SCALES = (Fraction(1), Fraction(1, 2), Fraction(9, 16))
#: Values further apart than this factor are not near.
_NEAR = Fraction(21, 20)
#: The shares are sought from here up where g is infinite at 0.
_LEAST = 1e-9


@dataclass(frozen=True)
class Spread:
    """What the others' least sum rests on.

    Parameters
    ----------
    equal : bool
        Whether they may also share equally.
    facts : tuple of Fact
    """

    equal: bool
    facts: tuple[Fact, ...]


class _Constants(Jets):
    """Jets whose constants are jets too, over arithmetics that know nothing of jets."""

    def const(self, value: Value) -> Value:
        return Jet(self.base.const(value))


def scaled(g: Curve, c: Fraction) -> Curve:
    """``-g(c u)``: what holds of it on (0, 1] holds of -g on (0, c]."""
    return Curve(f"-{g.name}({c} u)", lambda u, ops: -g(u * ops.const(c), ops), "unit")


def reciprocal_slope(g: Curve, c: Fraction) -> Curve:
    """``-1/g'`` at c u."""

    def of(u: Value, ops: Value) -> Value:
        jet = g(Jet(u * ops.const(c), ops.const(1), None), _Constants(ops))
        return -ops.const(1) / jet.d1

    return Curve(f"-1/{g.name}'({c} u)", of, "unit")


def shape_of(g: Curve) -> Spread | str:
    """Which of the two cases is shown, or neither."""
    for c in _SCALES:
        try:
            slope = reciprocal_slope(g, c)
            concave = slope.facts("concave")
            if _proven(concave):
                return Spread(False, concave)
            convex, mass = slope.facts("convex"), scaled(g, c).facts("convex in -log u")
        except Exception:  # a stranger's formula may do anything
            continue
        if _proven(convex) and _proven(mass):
            return Spread(True, (*convex, *mass))
    return f"could not show that -1/{g.name}' is concave, or convex with u {g.name}' falling"


def _proven(facts: tuple[Fact, ...]) -> bool:
    return bool(facts) and all(f.proven for f in facts)


class MassBound:
    """Lower bounds of T(beta) over intervals of M.

    Parameters
    ----------
    g : Curve
        Convex and non-increasing.
    shape : Spread
    n : int
    beta : Fraction
    """

    def __init__(self, g: Curve, shape: Spread, n: int, beta: Fraction) -> None:
        self.g, self.n, self.beta = g, n, beta
        self.equal = shape.equal
        at_zero = g(BALLS.const(0), BALLS)
        self.finite = bool(at_zero.is_finite())
        self._chosen: dict[tuple[int, Fraction], tuple[float, float, list[float]]] = {}

    def pools(self, most: int = 2) -> list[int]:
        """The numbers of labels k whose tie at 1/k allows the least bound, by floats."""
        values = {}
        for k in range(2, min(self.n, 40) + 1):
            M = Fraction(1, k)
            part = min(k, self.n - 1)
            values[k] = float(self.over(part, M, M)) if part > 1 else 0.0
        return sorted(values, key=lambda k: (values[k], k))[:most]

    def least(
        self, enough: Fraction, boxes: int | None = None, seconds: float | None = None
    ) -> Fraction:
        """A lower bound of T(beta); it stops where that is ``enough``."""
        ends = None if seconds is None else time.monotonic() + seconds
        order = itertools.count()
        heap = []
        for k in range(2, self.n):
            a, b = Fraction(1, k + 1), Fraction(1, k)
            heap.append((self.over(k, a, b), next(order), k, a, b))
        if not heap:
            return Fraction(0)
        heapq.heapify(heap)
        for _ in range(_BOXES if boxes is None else boxes):
            low, _, k, a, b = heap[0]
            late = ends is not None and time.monotonic() > ends
            if low >= enough or late or b - a < Fraction(1, 2**40):
                break
            middle = (a + b) / 2
            heapq.heapreplace(heap, (max(low, self.over(k, a, middle)), next(order), k, a, middle))
            heapq.heappush(heap, (max(low, self.over(k, middle, b)), next(order), k, middle, b))
        return heap[0][0]

    def over(self, k: int, left: Fraction, right: Fraction) -> Fraction:
        """A lower bound for every M in [left, right], within [1/(k + 1), 1/k]: with shares that are
        good at both ends, and between them on a line.
        """
        ends = [self._choose(k, x) for x in (left, right)]
        share = _line(ends[0][0], ends[1][0], left, right)
        pool = _line(ends[0][1], ends[1][1], left, right)
        gains, costs = [], [self._lost(lambda m: m, pool)]
        for way, (full, count, other) in enumerate(self._ways(k)):
            first, last = (e[2][way] for e in ends)
            most = None
            if not self.finite and other(right) * _NEAR < other(left):
                # g may be steep there: what it rises by is bounded by the rise at the left end,
                # as u g' falls in both cases (-1/g' is concave and not below 0)
                most, last = other(left), first
            part = _line(first, last, left, right)
            gains.append(_Gain(self.g, self.beta, full, count, other, share, pool, part))
            costs.append(self._lost(other, part, most))
        found: Fraction | None = None
        for gain in gains:  # what any of the others loses is allowed to all of them
            terms: list[Callable[[Value], Jet]] = [gain.both]
            terms += [partial(gain.others, cost) for cost in costs]
            for term in terms:
                low = _least_over(term, left, right)
                if low is None:
                    return Fraction(0)
                found = low if found is None else min(found, low)
        assert found is not None
        return max(found, Fraction(0))  # no regret is negative

    def _lost(
        self, value: Callable[[Value], Value], part: _Line, most: Fraction | None = None
    ) -> Callable[[Value], Value]:
        """What a label loses that keeps a part of its value, as a function of M; ``most``: g falls
        by more between x r and r where r is larger.
        """

        def lost(m: Value) -> Value:
            if part.is_one:
                return BALLS.const(0)
            r = value(m) if most is None else BALLS.const(most)
            return self.g(r * part(m), BALL_JETS) - self.g(r, BALL_JETS)

        return lost

    def _ways(self, k: int) -> list[tuple[int, int, Callable[[Value], Value]]]:
        """How others share: how many have M, how many have another value, and that value."""
        ways: list[tuple[int, int, Callable[[Value], Value]]] = [(k - 2, 1, lambda m: 1 - m * k)]
        if self.equal:
            ways.append((0, k - 1, lambda m: (1 - m * 2) / (k - 1)))
        return ways

    # -- in floats
    def _values(self, u: Value) -> Value:
        with np.errstate(all="ignore"):
            return np.asarray(self.g(np.asarray(u, dtype=float), NUMPY), dtype=float)

    def _inverse(self, s: float, cost: Value) -> Value:
        """The least share x of s with g(x s) <= g(s) + cost, from above."""
        if s <= 1e-15:
            return np.full_like(cost, 0.0 if self.finite else 1.0)
        least = 0.0 if self.finite else _LEAST
        low, high = np.full_like(cost, least), np.ones_like(cost)
        goal = self._values(s) + cost
        free = self._values(least * s) <= goal
        for _ in range(45):
            middle = (low + high) / 2
            fits = self._values(middle * s) <= goal
            high, low = np.where(fits, middle, high), np.where(fits, low, middle)
        return np.where(free, least, high)

    def _choose(self, k: int, M: Fraction) -> tuple[float, float, list[float]]:
        """Good shares at M of j, of the others with M, and of the others in each way: what they
        prove does not depend on how good they are. The value is concave in the share of j.
        """
        if (k, M) in self._chosen:
            return self._chosen[k, M]
        b, m = float(self.beta), float(M)
        least = 0.0 if self.finite else _LEAST
        ways = [(full, count, max(float(other(M)), 0.0)) for full, count, other in self._ways(k)]
        base, left, right = float(self._values(m)), least, 1.0
        for _ in range(_ZOOMS):
            pools = np.linspace(left, right, _GRID)
            cost = np.maximum(self._values(pools * m) - base, 0.0)
            freed = [full * m * (1 - pools) + count * s * (1 - self._inverse(s, cost))
                     for full, count, s in ways]  # fmt: skip

            def value(shares: Value, cost: Value = cost, freed: Value = freed) -> Value:
                own, found = self._values(shares * m), np.full(_GRID, np.inf)
                for more in freed:
                    gained = base - self._values(m * (2 - shares) + more)
                    pair = (gained + base - own) / 2
                    found = np.minimum(found, b * gained + (1 - b) * np.minimum(pair, -cost))
                return np.where(np.isnan(found), -np.inf, found)

            low, high = np.full(_GRID, least), np.ones(_GRID)
            one, two = high - _GOLDEN * (high - low), low + _GOLDEN * (high - low)
            first, second = value(one), value(two)
            for _ in range(34):
                better = first >= second
                high, low = np.where(better, two, high), np.where(better, low, one)
                new = np.where(better, high - _GOLDEN * (high - low), low + _GOLDEN * (high - low))
                known, at = np.where(better, first, second), value(new)
                one, two = np.where(better, new, two), np.where(better, one, new)
                first, second = np.where(better, at, known), np.where(better, known, at)
            ends = np.stack([low, (low + high) / 2, high, np.full(_GRID, least)])
            table = np.stack([value(row) for row in ends])
            i, j = np.unravel_index(int(np.argmax(table)), table.shape)
            step = (right - left) / (_GRID - 1)
            share, pool = float(ends[i, j]), float(pools[j])
            left, right = max(pool - step, least), min(pool + step, 1.0)
        cost = max(float(self._values(pool * m)) - base, 0.0)
        parts = [float(self._inverse(s, np.array([cost]))[0]) for _, _, s in ways]
        self._chosen[k, M] = share, pool, parts
        return self._chosen[k, M]


@dataclass(frozen=True)
class _Gain:
    """What the regret is at least, for two kinds of p, as functions of M."""

    g: Curve
    beta: Fraction
    full: int
    count: int
    other: Callable[[Value], Value]
    share: _Line
    pool: _Line
    part: _Line

    def _top(self, m: Value) -> tuple[Value, Value]:
        """What label 1 gets, and what that is worth to the share b of p."""
        top = m * (2 - self.share(m)) + m * self.full * (1 - self.pool(m))
        top = top + self.other(m) * self.count * (1 - self.part(m))
        worth = (self.g(m, BALL_JETS) - self.g(top, BALL_JETS)) * BALLS.const(self.beta)
        return top, worth

    def both(self, x: Value) -> Jet:
        """The rest of p is that of labels 1 and j, half each."""
        m = variable(x)
        top, worth = self._top(m)
        pair = self.g(m, BALL_JETS) * 2 - self.g(top, BALL_JETS)
        pair = pair - self.g(m * self.share(m), BALL_JETS)
        return _as_jet(worth + pair * BALLS.const((1 - self.beta) / 2))

    def others(self, cost: Callable[[Value], Value], x: Value) -> Jet:
        """The rest of p is that of others, who lose ``cost``."""
        m = variable(x)
        return _as_jet(self._top(m)[1] - cost(m) * BALLS.const(1 - self.beta))


@dataclass(frozen=True)
class _Line:
    """A number that goes from one share to another between two values of M."""

    left: Fraction
    start: Fraction
    slope: Fraction
    is_one: bool

    def __call__(self, m: Value) -> Value:
        if not self.slope:
            return BALLS.const(self.start)
        return (m - BALLS.const(self.left)) * BALLS.const(self.slope) + BALLS.const(self.start)


def _line(x: float, y: float, left: Fraction, right: Fraction) -> _Line:
    start, end = Fraction(x), Fraction(y)
    slope = (end - start) / (right - left) if right > left else Fraction(0)
    return _Line(left, start, slope, start == end == 1)


def _as_jet(found: Value) -> Jet:
    return found if isinstance(found, Jet) else Jet(found, BALLS.const(0), BALLS.const(0))


def _least_over(term: Callable[[Value], Jet], left: Fraction, right: Fraction) -> Fraction | None:
    ends = [term(BALLS.const(x)) for x in (left, right)]
    box = term(hull(left, right))
    return bound_over(term, box, ends, left, right)


def uniform(g: Curve, risk: Value, n: int, beta: Fraction, k: int) -> tuple[Fraction, Vector]:
    """An upper bound of T(beta), the regret of ``(x + b, x, y, ..., y, 0, ..., 0)`` on k labels
    where all k tie, and the values of the groups (1, 1, k - 2, n - k).
    """

    def distribution(x: Fraction) -> Vector:
        y = (1 - beta - 2 * x) / (k - 2) if k > 2 else Fraction(0)
        return x + beta, x, y, Fraction(0)

    counts = (1, 1, k - 2, n - k)
    tied = endpoints(g(BALLS.const(Fraction(1, k)), BALLS))[1]

    def regret(x: Fraction) -> Fraction:
        return tied - endpoints(risk.best_in_class(distribution(x), counts)[0])[0]

    last = (1 - beta) / 2
    if k == 2:
        return regret(last), distribution(last)
    found = minimize_scalar(  # C* is concave in x
        lambda x: float(regret(Fraction(float(x)))), bounds=(0.0, float(last)), method="bounded",
        options={"xatol": 1e-7},
    )  # fmt: skip
    return min((regret(x), distribution(x)) for x in (Fraction(0), Fraction(float(found.x))))
