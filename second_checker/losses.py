"""Losses of all scores, piecewise linear: exact values, lines below, and risks from below.

A formula is ("line", constant, slopes), ("sum", parts with factors) or ("max", f, g). Maxima are
met from the left to the right; one stands upright where the product of the factors above it is >=
0. An upright maximum of f and g is at least w f + (1 - w) g, one upside down is the lesser for one
of its parts: so a formula is at least the least of its lines, one for each way to choose parts.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

from .reading import Statement, fields
from .trees import Rejected, Undecided, rational

Form = tuple[Any, ...]
Vector = tuple[Fraction, ...]
MOST_CHOICES, MOST_NODES, MOST_DEEP = 4096, 20_000, 100


def formula(raw: Any, count: int) -> Form:
    """A formula of the scores s1, ..., s_count from sums, products with numbers, and maxima."""
    names = {f"s{k + 1}": k for k in range(count)}
    nodes = 0

    def go(t: Any, depth: int) -> Form:
        nonlocal nodes
        nodes += 1
        if nodes > MOST_NODES or depth > MOST_DEEP:
            raise Undecided("a formula over the limits")
        if isinstance(t, str):
            if t in names:
                return ("line", Fraction(0), tuple(Fraction(k == names[t]) for k in range(count)))
            return ("line", rational(t), (Fraction(0),) * count)
        if not isinstance(t, list) or len(t) < 2 or t[0] not in ("add", "mul", "max"):
            raise Rejected(f"no piecewise-linear formula: {str(t)[:60]}")
        parts = [go(s, depth + 1) for s in t[1:]]
        if t[0] == "max":
            if len(parts) != 2:
                raise Rejected("a maximum has two parts")
            return ("max", *parts)
        if t[0] == "add":
            return ("sum", *((Fraction(1), p) for p in parts))
        factor, rest = Fraction(1), []
        for p in parts:
            number = as_number(p)
            if number is None:
                rest.append(p)
            else:
                factor *= number
        if len(rest) > 1:
            raise Rejected("a product of two formulas of scores")
        inner = rest[0] if rest else ("line", Fraction(1), (Fraction(0),) * count)
        return ("sum", (factor, inner))

    return go(raw, 0)


def as_number(f: Form) -> Fraction | None:
    """The number that a formula without scores and maxima is."""
    if f[0] == "line":
        return f[1] if not any(f[2]) else None
    if f[0] == "max":
        return None
    total = Fraction(0)
    for c, part in f[1:]:
        number = as_number(part)
        if number is None:
            return None
        total += c * number
    return total


def value(f: Form, s: Vector, constants: int = 1) -> Fraction:
    """The value at scores; with constants 0, how the value rises along a ray in the long run."""
    if f[0] == "line":
        return constants * f[1] + sum(a * x for a, x in zip(f[2], s, strict=True))
    if f[0] == "max":
        return max(value(f[1], s, constants), value(f[2], s, constants))
    return sum((c * value(part, s, constants) for c, part in f[1:]), Fraction(0))


def turned(f: Form, side: int = 1) -> int:
    """How many maxima stand upside down; those under a factor 0 do not count, nor are they met."""
    if f[0] == "line":
        return 0
    if f[0] == "max":
        return (side < 0) + turned(f[1], side) + turned(f[2], side)
    return sum(turned(part, side if c > 0 else -side) for c, part in f[1:] if c)


def below(
    f: Form, weights: Iterator[Fraction], choices: Iterator[int], count: int
) -> list[Fraction]:
    """A line of the formula: constant and slopes."""
    line = [Fraction(0)] * (count + 1)

    def go(g: Form, factor: Fraction, side: int) -> None:
        if g[0] == "line":
            line[0] += factor * g[1]
            for k, a in enumerate(g[2]):
                line[k + 1] += factor * a
        elif g[0] == "sum":
            for c, part in g[1:]:
                if c:
                    go(part, factor * c, side if c > 0 else -side)
        else:
            if side > 0:
                w = next(weights, None)
                if w is None or not 0 <= w <= 1:
                    raise Rejected("a weight in [0, 1] for each upright maximum")
            else:
                w = Fraction(1 - next(choices))
            go(g[1], factor * w, side)
            go(g[2], factor * (1 - w), side)

    go(f, Fraction(1), 1)
    return line


def shape(f: Form, order: list[int]) -> Any:
    """The formula with its scores renamed, sums and maxima sorted: equal shapes, same function."""
    constant, slopes = Fraction(0), [Fraction(0)] * len(order)
    maxima: dict[Any, Fraction] = {}

    def go(g: Form, factor: Fraction) -> None:
        nonlocal constant
        if g[0] == "line":
            constant += factor * g[1]
            for k, a in enumerate(g[2]):
                slopes[order[k]] += factor * a
        elif g[0] == "sum":
            for c, part in g[1:]:
                go(part, factor * c)
        else:
            key = tuple(sorted(set(leaves(g))))
            maxima[key] = maxima.get(key, Fraction(0)) + factor

    def leaves(g: Form) -> list[Any]:
        if g[0] == "max":
            return leaves(g[1]) + leaves(g[2])
        if g[0] == "sum" and len(g) == 2 and g[1][0] == 1:
            return leaves(g[1][1])
        return [shape(g, order)]

    go(f, Fraction(1))
    kept = tuple(sorted((key, c) for key, c in maxima.items() if c))
    return constant, tuple(slopes), kept


class Losses:
    """The losses of a statement, with its scores."""

    def __init__(self, s: Statement) -> None:
        if s.kind != "scores":
            raise Rejected("the rule is for losses of all scores")
        self.s, self.count = s, s.scores
        self.forms = [formula(t, self.count) for t in s.losses]

    def at(self, scores: Vector) -> Vector:
        """The losses of all labels."""
        return tuple(value(f, scores) for f in self.forms)

    def scores(self, raw: Any, predicted: int | None = None) -> Vector:
        """Scores that the hypotheses allow, and that may predict something."""
        found = numbers(raw, self.count)
        if self.s.bound is not None and max(map(abs, found)) > self.s.bound:
            raise Rejected("a score beyond the bound")
        if self.s.zero_sum and sum(found) != 0:
            raise Rejected("the scores do not sum to zero")
        if predicted is not None and found[predicted] < max(found):
            raise Rejected("another prediction has a larger score")
        return found

    def rise(self, raw: Any) -> Vector:
        """How the losses rise along a ray."""
        ray = numbers(raw, self.count)
        if self.s.bound is not None or (self.s.zero_sum and sum(ray) != 0):
            raise Rejected("no ray of the scores")
        return tuple(value(f, ray, 0) for f in self.forms)

    def floor(self, p: Vector, raw: Any, predicted: int | None) -> Fraction:
        """A number that the risk at p is not below, for scores that may predict something."""
        used = [y for y, share in enumerate(p) if share]
        bits = sum(turned(self.forms[y]) for y in used)
        if 2**bits > MOST_CHOICES:
            raise Undecided("too many choices of minima")
        ways = list(itertools.product((0, 1), repeat=bits))
        if not isinstance(raw, list) or len(raw) != len(ways):
            raise Rejected("a bound of a risk has an entry for each choice")
        found = []
        for entry, way in zip(raw, ways, strict=True):
            given, order, shift = fields(entry, "weights order shift")
            weights = iter(numbers(given, None))
            choices = iter(way)
            line = [Fraction(0)] * (self.count + 1)
            for y in used:
                mine = below(self.forms[y], weights, choices, self.count)
                line = [a + p[y] * b for a, b in zip(line, mine, strict=True)]
            if next(weights, None) is not None:
                raise Rejected("too many weights")
            found.append(self._least(line, numbers(order, self.count), rational(shift), predicted))
        return min(found)

    def _least(
        self, line: list[Fraction], order: Vector, shift: Fraction, predicted: int | None
    ) -> Fraction:
        """The least value of a line over the scores, by weak duality."""
        if min(order) < 0 or (shift and not self.s.zero_sum):
            raise Rejected("a multiplier of the wrong sign, or of no constraint")
        if predicted is None and any(order):
            raise Rejected("an order of scores without a prediction")
        rest = [a - shift for a in line[1:]]
        if predicted is not None:
            rest[predicted] -= sum(order)
            rest = [a + m for a, m in zip(rest, order, strict=True)]
        if self.s.bound is None:
            if any(rest):
                raise Rejected("the line below the risk is not constant")
            return line[0]
        return line[0] - self.s.bound * sum(map(abs, rest))


def numbers(raw: Any, count: int | None) -> Vector:
    """A list of rationals."""
    if not isinstance(raw, list) or (count is not None and len(raw) != count):
        raise Rejected(f"not a list of {'numbers' if count is None else f'{count} numbers'}")
    return tuple(rational(x) for x in raw)


def distribution(raw: Any, n: int) -> Vector:
    """A rational point of the simplex."""
    p = numbers(raw, n)
    if min(p) < 0 or sum(p) != 1:
        raise Rejected("not a distribution")
    return p


def dot(x: Vector, y: Vector) -> Fraction:
    """The sum of products."""
    return sum((a * b for a, b in zip(x, y, strict=True)), Fraction(0))
