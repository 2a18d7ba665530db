"""Pieces that cover an interval of numbers, score pieces, limits at infinite scores, and cases."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from .reading import fields
from .signs import Clock
from .spans import Constants, Span
from .trees import (
    Rejected,
    Tree,
    Undecided,
    add,
    minus,
    neg,
    parts,
    put,
    q,
    rational,
    read,
    rebuilt,  # fmt: skip
    words,
)

MOST_PIECES = 50_000
METHOD = re.compile(r"(algebra|balls):[0-6]", re.ASCII)


@dataclass
class Work:
    """What the proof of one file shares."""

    clock: Clock
    constants: Constants

    def must_be(self, shown: bool, what: str) -> None:
        """Undecided, unless shown."""
        if not shown:
            raise Undecided(f"{what}: not shown")

    def value(self, t: Tree, what: str) -> None:
        """A tree without variables has a value."""
        if not self.constants.has_values(t):
            if self.constants.lacks(t):
                raise Rejected(f"{what} has no value")
            raise Undecided(f"{what} has a value: not shown")

    def constant(self, t: Tree, what: str, strict: bool = False) -> None:
        """A tree without variables is >= 0 (> 0)."""
        c = self.constants
        self.value(t, what)
        if c.positive(t) if strict else c.nonneg(t):
            return
        y = c.enclose(t, {})
        if y is not None and (y[1] < 0 or (strict and (y[1] <= 0 or c.zero(t)))):
            raise Rejected(f"{what}: the number is not {'> 0' if strict else '>= 0'}")
        raise Undecided(f"{what}: not shown")

    def equal(self, s: Tree, options: list[Tree], what: str) -> int:
        """The first of these that is shown equal to s; rejected where all are shown to differ."""
        for k, t in enumerate(options):
            if self.constants.equal(s, t):
                return k
        if all(self.constants.differ(s, t) for t in options):
            raise Rejected(what)
        raise Undecided(f"{what}, as far as was shown")

    def span(self, name: str, low: Tree | None, high: Tree | None) -> Span:
        """An open interval of a variable; None is infinite."""
        return Span(name, low, high, self.constants, self.clock)


def order(method: Any) -> int:
    """The k of a method; how the sign is shown is ours to choose."""
    if not isinstance(method, str) or not METHOD.fullmatch(method):
        raise Rejected(f"no method: {str(method)[:40]}")
    return int(method[-1])


def orders(method: Any, count: int) -> list[int]:
    """One for each of `count` inequalities."""
    if not isinstance(method, list):
        return [order(method)] * count
    if len(method) != count:
        raise Rejected(f"{len(method)} methods for {count} inequalities")
    return [order(m) for m in method]


@dataclass
class Piece:
    """A piece that covers the numbers y = at(x), x in its span, from `start` to `stop`."""

    span: Span
    at: Tree
    start: Tree
    stop: Tree
    rest: dict[str, Any]

    @property
    def numbers(self) -> tuple[Tree, Tree]:
        """The numbers covered lie between these."""
        return self.start, self.stop


def listed(value: Any) -> list[Any]:
    """A list of not too many."""
    if not isinstance(value, list):
        raise Rejected("pieces are a list")
    if len(value) > MOST_PIECES:
        raise Undecided("more than 50000 pieces")
    return value


def covering(w: Work, raw: Any, keys: str, start: Tree, stop: Tree) -> Iterator[Piece]:
    """The pieces, after each is shown to go on where the last one ended. The numbers that at takes
    between its ends are all those between at(from) and at(to), as at is continuous.
    """
    here = start
    for one in listed(raw):
        fields(one, keys)
        low, high = read(one["from"], ""), read(one["to"], "")
        at = read(one["at"], "x")
        w.value(low, "from")
        w.value(high, "to")
        w.constant(minus(high, low), "to > from", strict=True)
        if low[0] != "q":
            w.constant(low, "a low end that is no rational")
        span = w.span("x", low, high)
        span.must_have_values(at, "at has values on its piece")
        ends = put(at, "x", low), put(at, "x", high)
        for end in ends:
            w.value(end, "at, at an end")
        here = ends[1 - w.equal(here, list(ends), f"no end of a piece is {words(here)[:80]}")]
        yield Piece(span, at, *ends, one)
    w.equal(here, [stop], f"the pieces do not reach {words(stop)}")


def scores(w: Work, raw: Any, f: Tree, start: Fraction | None, stop: Fraction | None) -> None:
    """f >= 0 on the scores from start to stop; None is infinite."""
    here = "-inf" if start is None else str(start)
    for one in listed(raw):
        a, b, climb, method = fields(one, "from to climb method")
        if a != here or climb not in ("up", "down"):
            raise Rejected("a score piece does not begin where the last one ended")
        low = None if a == "-inf" else rational(a)
        high = None if b == "inf" else rational(b)
        if low is not None and high is not None and low >= high:
            raise Rejected("a score piece without scores")
        for end in (low, high):
            if end is not None:
                w.value(put(f, "v", q(end)), "the loss at the end of a score piece")
        base = low if climb == "up" else high
        if base is None:
            raise Rejected("a climb from infinity")
        step: Tree = ("var", "x") if climb == "up" else neg(("var", "x"))
        length = None if low is None or high is None else q(high - low)
        span = w.span("x", q(0), length)
        span.must(put(f, "v", add(q(base), step)), order(method), "a score piece")
        here = b
    if here != ("inf" if stop is None else str(stop)):
        raise Rejected("the score pieces do not reach the end")


def limit(w: Work, t: Tree, name: str, sign: int) -> Tree | int:
    """The limit of t as the variable goes to +infinity (sign 1) or -infinity: a tree without
    variables, or +-1 for +-infinity; part by part, refused where that does not decide. That t has
    values at all scores is shown elsewhere (a power below is then one of positive numbers).
    """
    refuse = Undecided(f"the limit of {words(t)[:60]} is not decided part by part")
    if t == ("var", name):
        return sign
    if t[0] in ("q", "var"):
        return t
    below = [limit(w, s, name, sign) for s in parts(t)]
    infinite = [y for y in below if isinstance(y, int)]
    finite = [y for y in below if not isinstance(y, int)]
    kind = t[0]
    if not infinite:
        made: Tree = rebuilt(t, lambda s, it=iter(finite): next(it))
        w.must_be(w.constants.has_values(made), "a limit has a value")
        return made
    if kind == "add" and len(set(infinite)) == 1:
        return infinite[0]
    if kind == "mul":
        total = 1
        for y in below:
            if isinstance(y, int):
                total *= y
            elif w.constants.positive(y):
                pass
            elif w.constants.positive(neg(y)):
                total = -total
            else:
                raise refuse
        return total
    only = infinite[0]
    if kind == "exp":
        return 1 if only == 1 else q(0)
    if kind in ("log", "xlogx") and only == 1:
        return 1
    if kind == "max":
        return 1 if 1 in infinite else finite[0] if finite else -1
    if kind == "pow":
        e = t[2]
        if e < 0 and (only == 1 or e.denominator == 1):
            return q(0)
        if e > 0 and (only == 1 or (e.denominator == 1)):
            return only if e.denominator == 1 and int(e) % 2 else 1
    raise refuse


# Cases of a claim.


def resolved(w: Work, t: Tree, numbers: tuple[Tree, ...]) -> Tree:
    """The claim between these numbers: a case is decided on all of them, or the piece fails."""
    t = rebuilt(t, lambda s: resolved(w, s, numbers))
    if t[0] != "ifle":
        return t
    cut, below, above = t[1:]
    w.constant(cut, "the number of a case", strict=True)
    if all(w.constants.nonneg(minus(cut, y)) for y in numbers):
        return below  # type: ignore[no-any-return]
    if all(w.constants.nonneg(minus(y, cut)) for y in numbers):
        return above  # type: ignore[no-any-return]
    raise Undecided("a case is not decided on a whole piece")


def at_number(w: Work, t: Tree, name: str, b: Tree) -> Tree:
    """The claim at one number, its cases decided there; it has a value."""

    def go(s: Tree) -> Tree:
        s = rebuilt(s, go)
        if s[0] != "ifle":
            return s
        cut, below, above = s[1:]
        w.constant(cut, "the number of a case", strict=True)
        if w.constants.nonneg(minus(cut, b)):
            return below  # type: ignore[no-any-return]
        if w.constants.positive(minus(b, cut)):
            return above  # type: ignore[no-any-return]
        raise Undecided("a case is not decided at a number")

    made = put(go(t), name, b)
    w.value(made, "the claim at a number")
    return made
