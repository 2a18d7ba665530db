"""Obligations: the small facts that a rule reduces a theorem to, and how each is proven.

A rule (see `hconsist.checker.rules`) turns a statement and a proof into a list of obligations; the
theorem of the rule says that the statement follows from them. They are data, so that another prover
can be given the same list. An interval runs from `low` to `high`, trees without variables; what is
said of it is said of its *open* interior, where the tree then has a value too.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

from hconsist.checker.algebra import Algebra, is_zero
from hconsist.checker.enclosures import enclose
from hconsist.checker.limits import Rejected, need
from hconsist.checker.trees import Tree, check_tree, derivative, minus, put, rational, size

if TYPE_CHECKING:
    from flint import arb

#: Orders of derivatives that a ladder may climb.
ORDERS = tuple("0123456")


@dataclass(frozen=True)
class Sign:
    """term >= 0 (or > 0, if strict) for every x in (low, high), where it has a value.

    ``method`` is "algebra:k" or "balls:k", k = 0..6.

    **Ladder.** Write f_0 for the term and f_(j+1) for the derivative tree of f_j. It is shown that
    f_0, ..., f_k have values on (low, high); that f_0, ..., f_(k-1) have values >= 0 at low; and
    that f_k >= 0 (> 0) on (low, high). *Then the obligation holds:* by lemma 2, f_(j+1) is the
    derivative of f_j on (low, high); by lemma 1, f_j is continuous on [low, high). Where f_(j+1) is
    >= 0 (> 0), f_j increases (strictly) from a value >= 0; so j = k - 1, ..., 0 in turn.

    "algebra" shows f_k's sign by its normal form, and values by the existence of normal forms.
    "balls" encloses f_0, ..., f_k on eighths of [low, high], values and all; its interval is
    bounded.
    """

    term: Tree
    variable: str
    low: Tree
    high: Tree
    method: str
    strict: bool = False
    reason: str = ""


@dataclass(frozen=True)
class Continuous:
    """The term has a value, so is continuous, at every x in (low, high)."""

    term: Tree
    variable: str
    low: Tree
    high: Tree
    reason: str = ""


@dataclass(frozen=True)
class Equal:
    """Two trees without variables have values, which are the same number.

    Equal text is no proof: ``(1 - 1)/(1 - 1)`` has no value. Both are enclosed, which shows that
    they have values; the difference is then an exact 0, or its normal form is.
    """

    left: Tree
    right: Tree
    reason: str = ""


@dataclass(frozen=True)
class Number:
    """A tree without variables has a value; it is >= 0 (or > 0) where that is asked for."""

    term: Tree
    sign: str = ""
    reason: str = ""


@dataclass(frozen=True)
class Identity:
    """A tree in some variables is 0 wherever each of them lies in (0, 1), and has a value there."""

    term: Tree
    reason: str = ""


Obligation = Sign | Continuous | Equal | Number | Identity


class Interval:
    """Its ends as balls, and a box for the algebra that contains it."""

    def __init__(self, low: Tree, high: Tree) -> None:
        check_tree(low)
        self.start, self.stop = value(low), None if high == "inf" else value(high)
        need(self.stop is None or bool(self.stop - self.start > 0), "a piece must run upwards")
        # An end that is no rational is left out of the box; the sign of the low end must be known.
        need(isinstance(low, str) or bool(self.start >= 0), "a piece must run from a known sign")
        self.low = rational(low) if isinstance(low, str) else Fraction(0)
        self.high = rational(high) if isinstance(high, str) and high != "inf" else None

    def algebra(self, t: Tree) -> Algebra:
        """The normal form on a box that contains the open interval."""
        return Algebra(self.low, self.high, t)

    def nonnegative(self, t: Tree) -> bool:
        """Whether a tree is shown to be >= 0 on the open interval; so, where continuous, at ends.

        Used of bases under fractional powers, on balls that reach to the ends. A base has a value
        on the balls that it was enclosed on, and is continuous there.
        """
        try:
            return self.algebra(t).nonnegative
        except Rejected:
            return False

    def eighths(self) -> Iterable[arb]:
        """Balls that cover the closed interval."""
        if self.stop is None:
            raise Rejected("balls need a bounded piece")
        step = (self.stop - self.start) / 8
        for i in range(8):
            yield (self.start + step * i).union(self.start + step * (i + 1))


def value(t: Tree) -> arb:
    """A ball that contains the value of a tree without variables, shown to exist."""
    return enclose(t, {}, _constant_nonnegative)


def _constant_nonnegative(t: Tree) -> bool:
    try:
        return Algebra(Fraction(0), Fraction(0), t).nonnegative
    except Rejected:
        return False


def equal(s: Tree, t: Tree) -> bool:
    """Whether two trees without variables are shown to have the same value."""
    try:
        if isinstance(s, str) and isinstance(t, str):
            return rational(s) == rational(t)
        left, right = value(s), value(t)
        if bool(left == right):  # exact balls only are equal
            return True
        return bool(left.overlaps(right)) and is_zero(minus(s, t))
    except Rejected:
        return False


def at_least_zero(t: Tree, strict: bool = False) -> bool:
    """Whether a tree without variables is shown to have a value >= 0 (> 0)."""
    try:
        x = value(t)
    except Rejected:
        return False
    if bool(x > 0):
        return True
    return not strict and (bool(x >= 0) or (bool(x.contains(0)) and is_zero(t)))


@functools.singledispatch
def discharge(o: Obligation) -> None:
    """Prove one obligation, or raise `Rejected`."""
    raise TypeError(f"no obligation: {o!r}")


@discharge.register
def _(o: Equal) -> None:
    need(equal(o.left, o.right), f"not shown to be equal: {o.reason}")


@discharge.register
def _(o: Number) -> None:
    if o.sign == "":
        value(o.term)
    else:
        need(at_least_zero(o.term, o.sign == ">"), f"not shown to be {o.sign} 0: {o.reason}")


@discharge.register
def _(o: Identity) -> None:
    size(o.term)
    need(Algebra(Fraction(0), Fraction(1), o.term).zero, f"not shown to vanish: {o.reason}")


@discharge.register
def _(o: Continuous) -> None:
    interval = Interval(o.low, o.high)
    _has_values(o.term, o.variable, interval)


def _has_values(t: Tree, name: str, interval: Interval) -> None:
    """Reject unless a tree is shown to have a value on the open interval: by algebra or balls."""
    try:
        interval.algebra(t)
    except Rejected:
        for x in interval.eighths():
            enclose(t, {name: x}, interval.nonnegative)


@discharge.register
def _(o: Sign) -> None:
    interval = Interval(o.low, o.high)
    kind, _, steps = o.method.partition(":")
    need(kind in ("algebra", "balls") and steps in ORDERS, f"unknown method {o.method:.40}")
    tree, last = o.term, int(steps)
    for k in range(last + 1):
        size(tree)
        if k < last:
            need(
                _starts_well(tree, o.variable, o.low, interval),
                f"not shown to be >= 0 at the low end: {o.reason}",
            )
        if kind == "algebra":
            form = interval.algebra(tree)  # a value throughout
            shown = form.positive if o.strict else form.nonnegative
        else:
            balls = [enclose(tree, {o.variable: x}, interval.nonnegative)
                     for x in interval.eighths()]  # fmt: skip
            shown = all(bool(y > 0) if o.strict else bool(y >= 0) for y in balls)
        if k == last:
            need(shown, f"an inequality is not shown on a piece: {o.reason}")
        else:
            tree = derivative(tree, o.variable)


def _starts_well(t: Tree, name: str, low: Tree, interval: Interval) -> bool:
    """Whether a tree is shown to have a value >= 0 at the low end."""
    try:
        if bool(enclose(t, {name: interval.start}) >= 0):
            return True
    except Rejected:
        pass
    return at_least_zero(put(t, name, low))


def prove(t: Tree, name: str, low: Tree, high: Tree, method: str) -> None:
    """Reject unless `Sign` holds for a tree, by the method."""
    discharge(Sign(t, name, low, high, method))
