"""What the second checker shows of numbers and of signs, against exact fractions, 400 bits of
another library, and points of the interval.
"""

from __future__ import annotations

import random
import sys
import time
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from flint import arb, ctx, fmpq

sys.path.insert(0, str(Path(__file__).parents[2]))

from second_checker import coverage, rules, trees
from second_checker import intervals as iv
from second_checker import polynomials as po
from second_checker.signs import Clock
from second_checker.spans import Constants, Span
from second_checker.trees import q

X: Any = ("var", "x")


def holds(pair: Any, x: Fraction) -> bool:
    return bool(Fraction(pair[0], iv.UNIT) <= x <= Fraction(pair[1], iv.UNIT))


def encloses(pair: Any, x: Any) -> bool:
    """Not shown to be outside; no interval at all says nothing."""
    if pair is None:
        return True
    scaled = x * arb(2) ** iv.P
    return not (bool(scaled < pair[0]) or bool(scaled > pair[1]))


def test_arithmetic_of_intervals_holds_every_corner() -> None:
    r = random.Random(7)

    def end() -> int:
        return r.choice([-1, 1]) * r.getrandbits(r.choice([3, 60, 128, 131, 200]))

    for _ in range(150):
        a, b = ((min(x, y), max(x, y)) for x, y in ((end(), end()), (end(), end())))
        ends = [Fraction(x, iv.UNIT) for x in a]
        for x in ends:
            for y in (Fraction(y, iv.UNIT) for y in b):
                assert holds(iv.plus(a, b), x + y)
                assert holds(iv.times(a, b), x * y)
                assert holds(iv.larger(a, b), max(x, y))
            assert holds(iv.ends(*ends), x)
        for k in (1, 2, 3, 4, 5):
            power = iv.whole_power(a, k)
            inside = [*ends, Fraction(0)] if a[0] <= 0 <= a[1] else ends
            assert power is None or all(holds(power, x**k) for x in inside)
        over = iv.inverse(a)
        if a[0] <= 0 <= a[1]:
            assert over is None and iv.log(a) is None and iv.power(a, Fraction(-2)) is None
            assert a[0] == 0 or iv.xlogx(a) is iv.power(a, Fraction(1, 2)) is None
        else:
            assert over is not None and all(holds(over, 1 / x) for x in ends)
    assert iv.power((0, 0), Fraction(1, 2)) == (0, 0)
    assert iv.power((0, iv.UNIT), Fraction(-1, 2)) is None


def test_functions_of_intervals_hold_the_values_inside() -> None:
    r, before, ctx.prec = random.Random(5), ctx.prec, 400
    try:
        for _ in range(25):
            low = Fraction(r.randrange(1, 10**6), 10**6) * Fraction(2) ** r.randrange(-20, 3)
            high = low * Fraction(r.choice([1, 1, 101, 150, 300]), r.choice([1, 100, 100]))
            low, high = min(low, high), max(low, high)
            pair = iv.ends(low, high)
            for k in range(4):
                x = low + (high - low) * Fraction(k, 3)
                t = arb(fmpq(x.numerator, x.denominator))
                assert encloses(iv.log(pair), t.log())
                assert encloses(iv.exp(pair), t.exp())
                assert encloses(iv.exp((-pair[1], -pair[0])), (-t).exp())
                assert encloses(iv.xlogx(pair), t * t.log())
                for e in (Fraction(1, 2), Fraction(-1, 2), Fraction(-2), Fraction(4, 3)):
                    assert encloses(iv.power(pair, e), t ** arb(fmpq(e.numerator, e.denominator)))
    finally:
        ctx.prec = before


def test_signs_of_polynomials_with_known_roots() -> None:
    r = random.Random(3)
    for _ in range(60):
        roots = [Fraction(r.randrange(-6, 7), r.randrange(1, 4)) for _ in range(r.randrange(1, 5))]
        roots += roots[:1] * r.randrange(3)
        p = [Fraction(r.choice([-2, 1, 3]))]
        for x in roots:
            p = [a - x * b for a, b in zip([Fraction(0), *p], [*p, Fraction(0)], strict=True)]
        low, high = (Fraction(x) for x in sorted(r.sample(range(-7, 8), 2)))
        left, right = r.choice([(low, high), (None, high), (low, None)])
        inside = {x for x in roots if (left is None or x > left) and (right is None or x < right)}
        assert po.roots_inside(p, left, right) == len(inside)
        mid = po.between(left, right)
        assert (left is None or left < mid) and (right is None or mid < right)
        at = next(mid + Fraction(k, 997) for k in range(9) if mid + Fraction(k, 997) not in roots)
        positive = po.value(p, at) > 0
        turns = {x for x in inside if roots.count(x) % 2}
        assert po.sign_inside(p, left, right, strict=False) == (not turns and positive)
        assert po.sign_inside(p, left, right, strict=True) == (not inside and positive)
    assert po.sign_inside([], Fraction(0), Fraction(1), strict=False)
    assert not po.sign_inside([], Fraction(0), Fraction(1), strict=True)


def at(t: Any, x: Fraction) -> Any:
    """The value, nan or infinite where there is none."""
    if t[0] in ("q", "var"):
        y = t[1] if t[0] == "q" else x
        return arb(fmpq(y.numerator, y.denominator))
    first, *rest = (at(s, x) for s in trees.parts(t))
    if t[0] == "pow":
        e = t[2]
        return first ** int(e) if e.denominator == 1 else first ** arb(
            fmpq(e.numerator, e.denominator))  # fmt: skip
    if t[0] in ("exp", "log"):
        return getattr(first, t[0])()
    if t[0] == "xlogx":
        return first if first == 0 else first * first.log()
    for y in rest:
        first = first + y if t[0] == "add" else first * y if t[0] == "mul" else first.max(y)
    return first


def some(r: random.Random, depth: int) -> Any:
    if depth == 0:
        return r.choice([X, X, q(Fraction(r.randrange(-4, 5), r.choice([1, 2, 3])))])
    kind = r.choice(["add", "add", "mul", "mul", "pow", "exp", "log", "max", "xlogx"])
    if kind in ("add", "mul", "max"):
        return (kind, some(r, depth - 1), some(r, r.randrange(depth)))
    if kind == "pow":
        powers = [
            Fraction(2),
            Fraction(3),
            Fraction(-1),
            Fraction(1, 2),
            Fraction(-1, 2),
            Fraction(1, 3),
            Fraction(-2),
        ]
        return (kind, some(r, depth - 1), r.choice(powers))
    return (kind, some(r, depth - 1))


def span(low: Fraction | None, high: Fraction | None) -> Span:
    clock = Clock(time.monotonic() + 60)
    ends = [None if x is None else q(x) for x in (low, high)]
    return Span("x", ends[0], ends[1], Constants(clock), clock)


def test_what_is_shown_of_random_formulas_is_so_at_points() -> None:
    r, shown = random.Random(11), 0
    for _ in range(150):
        t = some(r, r.randrange(1, 4))
        low, high = r.choice(
            [
                (Fraction(0), Fraction(1)),
                (Fraction(1, 2), Fraction(2)),
                (Fraction(-1), Fraction(1)),
                (Fraction(0), None),
            ]
        )
        s, top = span(low, high), Fraction(50) if high is None else high
        points = [
            low + (top - low) * Fraction(k, 64)
            for k in (Fraction(1, 9999), 1, 2, 5, 16, 32, 47, 63)
        ]
        values = [at(t, x) for x in points]
        if not s.prover.has_values(t):
            assert not (s.nonneg(t, 0) or s.positive(t, 0) or s.prover.zero(t))
        else:
            assert all(y.is_finite() for y in values), t
        for order in (0, 1, 2):
            if s.nonneg(t, order):
                shown += 1
                assert not any(bool(y < 0) for y in values), t
            if s.positive(t, order):
                shown += 1
                assert not any(bool(y <= 0) for y in values), t
        if s.prover.zero(t):
            assert not any(bool(y != 0) for y in values), t
        fixed = trees.put(t, "x", q(points[3]))
        if s.constants.has_values(fixed):
            assert not (s.constants.positive(fixed) and bool(values[3] <= 0))
            assert not (s.constants.nonneg(fixed) and bool(values[3] < 0))
            least, most = (s.constants.outer(fixed, side) for side in (0, 1))
            assert holds_between(least, values[3], most)
        else:
            assert not (s.constants.lacks(fixed) and values[3].is_finite())
    assert shown > 150


def holds_between(low: Fraction, x: Any, high: Fraction) -> bool:
    return not (bool(x < arb(fmpq(low.numerator, low.denominator)))
                or bool(x > arb(fmpq(high.numerator, high.denominator))))  # fmt: skip


def test_signs_by_one_generator() -> None:
    """A polynomial in exp(x), or in a root of x, on the range of that; not in exp(x^2)."""
    to_2 = span(Fraction(0), Fraction(2)).prover
    square: Any = ("exp", ("pow", X, Fraction(2)))
    assert to_2.positive(trees.minus(q(8), ("exp", X)))
    assert not to_2.nonneg(trees.minus(q(7), ("exp", X)))
    assert not to_2.nonneg(trees.minus(q(8), square))
    assert not to_2.nonneg(trees.minus(("exp", X), q(2)))
    for_all = span(Fraction(0), None).prover
    assert for_all.positive(trees.minus(("exp", X), q(Fraction(1, 2))))
    assert not for_all.nonneg(trees.minus(q(10**9), ("exp", X)))
    assert not for_all.nonneg(trees.minus(q(10**9), ("pow", X, Fraction(1, 2))))
    both = span(None, None).prover
    assert both.positive(trees.add(("exp", X), q(1)))
    assert not both.nonneg(trees.minus(("exp", X), q(Fraction(1, 10**9))))
    wide = span(Fraction(-1), Fraction(1)).prover
    assert wide.nonneg(("pow", X, Fraction(2))) and not wide.positive(("pow", X, Fraction(2)))
    assert not wide.nonneg(X) and not wide.nonneg(("pow", X, Fraction(3)))


def test_where_powers_and_logarithms_have_values() -> None:
    unit = span(Fraction(0), Fraction(1)).prover
    below = trees.minus(X, q(2))
    for t in (("pow", below, Fraction(-1)), ("pow", X, Fraction(-1, 2)), ("log", X), ("xlogx", X),
              ("pow", below, Fraction(3))):  # fmt: skip
        assert unit.has_values(t), t
    crossing = trees.minus(X, q(Fraction(1, 2)))
    for t in (("pow", crossing, Fraction(-1)), ("pow", crossing, Fraction(1, 2)), ("log", crossing),
              ("xlogx", crossing), ("pow", below, Fraction(1, 2)), ("pow", below, Fraction(-1, 2)),
              ("log", trees.minus(X, X)), ("pow", trees.minus(X, X), Fraction(-2))):  # fmt: skip
        assert not unit.has_values(t), t
    cases: Any = ("ifle", q(Fraction(1, 2)), q(1), q(2))
    assert not unit.has_values(cases)
    assert unit.form(("max", X, trees.neg(X))) == unit.form(X)


def test_roots_are_counted_from_minus_infinity() -> None:
    cubic = [Fraction(c) for c in (-10, -7, 4, 1)]  # (x + 5)(x + 1)(x - 2)
    square = [Fraction(c) for c in (-1, 0, 1)]
    for p, roots in ((cubic, (-5, -1, 2)), (square, (-1, 1))):
        assert all(po.value(p, Fraction(r)) == 0 for r in roots)
        for high in (None, *(Fraction(k, 2) for k in range(-13, 7))):
            inside = sum(high is None or r < high for r in roots)
            assert po.roots_inside(p, None, high) == inside
    assert po.sign_inside(square, None, Fraction(-1), True)
    assert not po.sign_inside(square, None, Fraction(-1, 2), False)


def raw_work() -> Any:
    clock = Clock(time.monotonic() + 30)
    return coverage.Work(clock, Constants(clock))


def test_numbers_off_the_rules_are_rejected() -> None:
    two: Any = SimpleNamespace(n=2, costs=None, claim=q(1))
    assert rules.simplex(two, ["3/4", "1/4"]) == [Fraction(3, 4), Fraction(1, 4)]
    for point in (["3/2", "-1/2"], ["1/2", "1/4"]):
        with pytest.raises(trees.Rejected, match="off the simplex"):
            rules.simplex(two, point)
    for excess, share in (("0", "0"), ("0", "3/2"), ("-1", "1/2")):
        with pytest.raises(trees.Rejected, match="the share in"):
            rules.gamma_violated(None)(raw_work(), two, {"excess": excess, "share": share})
    with pytest.raises(trees.Rejected, match="claim"):
        rules._claim_at_zero(raw_work(), two)
    piece = {"from": "0", "to": "0", "at": "x"}
    with pytest.raises(trees.Rejected, match="to > from"):
        list(coverage.covering(raw_work(), [piece], "from to at", q(0), q(1)))
