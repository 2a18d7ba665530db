"""What is shown of trees on an open box: that they have values, are zero, >= 0 or > 0.

Every answer True is a proof; False says "not shown". A sign is tried by normal form (zero; positive
coefficients of positive atoms), by Sturm's theorem where one generator remains, and by enclosures
on finer and finer parts of the closed box.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from fractions import Fraction

from . import intervals as iv
from .forms import Form, Forms, NoForm
from .polynomials import End, sign_inside
from .trees import (
    Tree,
    Undecided,
    minus,
    neg,
    parts,  # fmt: skip
)

MOST_PARTS = 3000


@dataclass
class Clock:
    """The time one file may take."""

    end: float

    def check(self) -> None:
        """Undecided once the time is over."""
        if time.monotonic() > self.end:
            raise Undecided("over the limit of time")


@dataclass(frozen=True)
class Box:
    """An open box: name, low, high of each variable, None for infinite."""

    sides: tuple[tuple[str, End, End], ...] = ()

    @property
    def finite(self) -> bool:
        """Bounded on every side."""
        return all(low is not None and high is not None for _, low, high in self.sides)

    @property
    def side(self) -> tuple[str, End, End]:
        """That of the one variable."""
        (only,) = self.sides
        return only


class Prover:
    """Proofs on one box."""

    def __init__(self, box: Box, clock: Clock) -> None:
        self.box, self.clock = box, clock
        positive = frozenset(n for n, low, _ in box.sides if low is not None and low >= 0)
        self.forms = Forms(self.positive_form, positive)
        self._values: dict[Tree, bool] = {}
        self._form: dict[Tree, Form | None] = {}
        self._nonneg: dict[Tree, bool] = {}
        self._busy: set[frozenset[object]] = set()

    # Values.

    def has_values(self, t: Tree) -> bool:
        """Every part of t has a finite value everywhere on the open box."""
        if t not in self._values:
            self.clock.check()
            self._values[t] = all(self.has_values(s) for s in parts(t)) and self._in_domain(t)
        return self._values[t]

    def _in_domain(self, t: Tree) -> bool:
        kind = t[0]
        if kind == "ifle":
            return False
        if kind == "log":
            return self.positive(t[1])
        if kind == "xlogx":
            return self.nonneg(t[1])
        if kind == "pow":
            e = t[2]
            if e > 0:
                return e.denominator == 1 or self.nonneg(t[1])
            return self.positive(t[1]) or (e.denominator == 1 and self.positive(neg(t[1])))
        return True

    # Forms.

    def form(self, t: Tree) -> Form | None:
        """The normal form of a tree that was shown to have values."""
        if t not in self._form:
            self.clock.check()
            try:
                self._form[t] = self._made(t) if self.has_values(t) else None
            except NoForm:
                self._form[t] = None
        return self._form[t]

    def _made(self, t: Tree) -> Form:
        kind, forms = t[0], self.forms
        if kind == "q":
            return {(): t[1]} if t[1] else {}
        if kind == "var":
            return {((forms.atom("x", t[1]), Fraction(1)),): Fraction(1)}
        below = [self.form(s) for s in parts(t)]
        if any(f is None for f in below):
            raise NoForm
        fs = [f for f in below if f is not None]
        if kind == "add":
            return forms.add(*fs)
        if kind == "mul":
            out = fs[0]
            for f in fs[1:]:
                out = forms.mul(out, f)
            return out
        if kind == "pow":
            return forms.power(fs[0], t[2])
        if kind == "exp":
            return forms.exp(fs[0])
        if kind == "log":
            return forms.log(fs[0])
        if kind == "xlogx":
            return forms.mul(fs[0], forms.log(fs[0])) if fs[0] else {}
        if kind == "max":
            difference = minus(t[1], t[2])
            if self.nonneg(difference):
                return fs[0]
            if self.nonneg(neg(difference)):
                return fs[1]
        raise NoForm

    def zero(self, t: Tree) -> bool:
        """t has values on the box and is 0 there."""
        f = self.form(t)
        try:
            return f is not None and self.forms.zero(f)
        except NoForm:
            return False

    # Signs of forms.

    def positive_form(self, f: Form, strict: bool = True) -> bool:
        """f > 0 (or f >= 0, not strict) on the box."""
        try:
            _, _, rest = self.forms.split(f) if f else (Fraction(0), {}, {})
        except NoForm:
            return False
        if not rest:
            return not strict
        if all(v > 0 for v in rest.values()) and all(
            self.forms.is_positive(a) for m in rest for a, _ in m
        ):
            return True
        if self._by_sturm(rest, strict):
            return True
        key = frozenset(rest.items())
        if key in self._busy:
            return False
        self._busy.add(key)
        try:
            return self._by_parts(self.forms.tree(rest), strict)
        finally:
            self._busy.discard(key)

    def _by_sturm(self, f: Form, strict: bool) -> bool:
        """One generator y, a variable or e^variable: a polynomial in a root of y on y's range."""
        atoms = {a for m in f for a, _ in m}
        if len(atoms) != 1 or len(self.box.sides) != 1:
            return False
        (a,) = atoms
        kind, what = self.forms.data[a]
        _, low, high = self.box.side
        exponents = [dict(m).get(a, Fraction(0)) for m in f]
        root = 1
        for e in exponents:
            root = root * e.denominator // _gcd(root, e.denominator)
        if min(exponents) < 0 or max(exponents) * root > 80:
            return False
        if kind == "e" and len(what) == 1 and what[0][1] == 1 and self._is_variable(what[0][0]):
            low, high = _exp_end(low, root, 0), _exp_end(high, root, 1)
            low = Fraction(0) if low is None else low
        elif kind == "x" and root == 1:
            pass
        elif kind == "x" and low is not None and low >= 0:
            low, high = _root_end(low, root, 0), _root_end(high, root, 1)
        else:
            return False
        p = [Fraction(0)] * (int(max(exponents) * root) + 1)
        for e, c in zip(exponents, f.values(), strict=True):
            p[int(e * root)] += c
        return sign_inside(p, low, high, strict)

    def _is_variable(self, a: int) -> bool:
        return bool(self.forms.data[a][0] == "x")

    # Signs of trees.

    def positive(self, t: Tree) -> bool:
        """t has values on the box and is > 0 there."""
        if not self.has_values(t):
            return False
        f = self.form(t)
        return self.positive_form(f) if f is not None else self._by_parts(t, True)

    def nonneg(self, t: Tree) -> bool:
        """t has values on the box and is >= 0 there (by form, Sturm or enclosures)."""
        if t not in self._nonneg:
            self._nonneg[t] = False  # while it is being shown
            self._nonneg[t] = self._shown_nonneg(t)
        return self._nonneg[t]

    def _shown_nonneg(self, t: Tree) -> bool:
        if not self.has_values(t):
            return False
        if self.zero(t):
            return True
        f = self.form(t)
        # A form has no x log x as such: where it ends, the tree itself may still be enclosed.
        return (f is not None and self.positive_form(f, False)) or self._by_parts(t, False)

    # Enclosures.

    def _by_parts(self, t: Tree, strict: bool) -> bool:
        """Enclosures of t on the closed box, cut in halves until each shows the sign."""
        constant = not has_variables(t)
        if not constant and (not self.box.finite or len(self.box.sides) > 1):
            return False
        if constant:
            y = self.enclose(t, {})
            return y is not None and (y[0] > 0 if strict else y[0] >= 0)
        name, low, high = self.box.side
        assert low is not None and high is not None
        waiting = [(low, high, 0)]
        count = 0
        while waiting:
            self.clock.check()
            a, b, depth = waiting.pop()
            count += 1
            y = self.enclose(t, {name: iv.ends(a, b)})
            if y is not None and (y[0] > 0 if strict else y[0] >= 0):
                continue
            middle = (a + b) / 2
            at = self.enclose(t, {name: iv.of(middle)}) if depth < 4 or depth % 4 == 0 else None
            if (at is not None and at[1] < 0) or depth > 16 or count > MOST_PARTS:
                return False
            waiting += [(a, middle, depth + 1), (middle, b, depth + 1)]
        return True

    def enclose(self, t: Tree, at: dict[str, iv.Pair]) -> iv.Pair | None:
        """An interval that holds the values of t where the variables are in these closed intervals,
        if t has values at all of these points; else None.
        """
        memo: dict[int, iv.Pair | None] = {}

        def go(s: Tree) -> iv.Pair | None:
            if id(s) not in memo:
                y = step(s)
                memo[id(s)] = None if y is None else iv.kept(y)
            return memo[id(s)]

        def clipped(s: Tree) -> iv.Pair | None:
            """A base that is >= 0 on the open box is so at its ends, where it has values: rounding
            below 0 is cut off."""
            y = go(s)
            if y is not None and y[0] < 0 <= y[1] and self.box.sides and self.nonneg(s):
                return (0, y[1])
            if y is not None and y[0] < 0 <= y[1] and not self.box.sides and self.zero(s):
                return (0, 0)
            return y

        def step(s: Tree) -> iv.Pair | None:
            kind = s[0]
            if kind == "q":
                return iv.of(s[1])
            if kind == "var":
                return at[s[1]]
            if kind in ("pow", "xlogx"):
                whole = kind == "pow" and s[2].denominator == 1
                y = go(s[1]) if whole else clipped(s[1])
                if y is None:
                    return None
                return iv.power(y, s[2]) if kind == "pow" else iv.xlogx(y)
            ys = [go(p) for p in parts(s)]
            found = [y for y in ys if y is not None]
            if len(found) < len(ys):
                return None
            if kind == "exp":
                return iv.exp(found[0])
            if kind == "log":
                return iv.log(found[0])
            if kind == "max":
                return iv.larger(*found)
            if kind not in ("add", "mul"):
                return None
            total = found[0]
            for y in found[1:]:
                total = iv.plus(total, y) if kind == "add" else iv.times(total, y)
            return total

        return go(t)


def has_variables(t: Tree) -> bool:
    """Whether a variable stands in a tree."""
    return t[0] == "var" or any(map(has_variables, parts(t)))


def _gcd(a: int, b: int) -> int:
    while b:
        a, b = b, a % b
    return a


def _outward(pair: iv.Pair | None, side: int) -> End:
    return None if pair is None else Fraction(pair[side], iv.UNIT)


def _exp_end(x: End, root: int, side: int) -> End:
    return None if x is None else _outward(iv.exp(iv.of(x / root)), side)


def _root_end(x: End, root: int, side: int) -> End:
    if x is None or x in (0, 1):
        return x
    return _outward(iv.power(iv.of(x), Fraction(1, root)), side)
