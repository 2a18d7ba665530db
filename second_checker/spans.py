"""What is shown of trees without variables, and of a tree in one variable on an open interval.

*Ladders*: f_0(low) >= 0, ..., f_(k-1)(low) >= 0 and f_k >= 0 on the interval, f_(j+1) the
derivative of f_j, give f_0 >= 0, as each f_j is continuous from low on and does not decrease.
*Chords*: a function that is concave on the interval and >= 0 at both ends, where it has values.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction

from . import intervals as iv
from .polynomials import between
from .signs import Box, Clock, Prover
from .trees import (
    ZERO,
    Rejected,
    Tree,
    Undecided,
    derivative,
    minus,
    neg,
    parts,
    put,
    q,
    rebuilt,
    words,
)


class Constants(Prover):
    """Trees without variables."""

    def __init__(self, clock: Clock) -> None:
        super().__init__(Box(), clock)

    def outer(self, t: Tree, side: int) -> Fraction:
        """A rational at most (side 0) or at least (side 1) the value of t."""
        if t[0] == "q":
            return Fraction(t[1])
        y = self.enclose(t, {}) if self.has_values(t) else None
        if y is None:
            raise Undecided(f"no value shown of {words(t)}")
        return Fraction(y[side], iv.UNIT)

    def equal(self, s: Tree, t: Tree) -> bool:
        """Both have values, and these are shown to be equal."""
        return self.zero(minus(s, t))

    def differ(self, s: Tree, t: Tree) -> bool:
        """Both have values, and these are shown to differ."""
        return self.positive(minus(s, t)) or self.positive(minus(t, s))

    def lacks(self, t: Tree) -> bool:
        """t is shown to have no value: a part is outside the domain of what is done to it."""
        if any(self.lacks(s) for s in parts(t)):
            return True
        if t[0] not in ("log", "xlogx", "pow") or not self.has_values(t[1]):
            return False
        zero, below = self.zero(t[1]), self.positive(neg(t[1]))
        if t[0] != "pow":
            return below or (zero and t[0] == "log")
        whole, negative = t[2].denominator == 1, t[2] < 0
        return (below and not whole) or (zero and negative)


# An open interval of one variable, with its ladders.


@dataclass
class Span:
    """(low, high) of x, the ends trees without variables (high None: infinite), for one file."""

    name: str
    low: Tree | None
    high: Tree | None
    constants: Constants
    clock: Clock

    def __post_init__(self) -> None:
        low = None if self.low is None else self.constants.outer(self.low, 0)
        high = None if self.high is None else self.constants.outer(self.high, 1)
        self.prover = Prover(Box(((self.name, low, high),)), self.clock)

    def must(self, t: Tree, order: int, what: str) -> None:
        """t >= 0 on the interval, or an exception; what is plainly false is found first."""
        self.blame(t, what, points=3)
        if not self.nonneg(t, order):
            self.blame(t, what)
            raise Undecided(f"{what}: not shown")

    def must_vanish(self, t: Tree, what: str) -> None:
        """t = 0 on the interval, or an exception."""
        if not self.prover.zero(t):
            self.blame(t, what)
            self.blame(neg(t), what)
            raise Undecided(f"{what}: not shown")

    def must_have_values(self, t: Tree, what: str) -> None:
        """t has values on the interval, or an exception."""
        if not self.prover.has_values(t):
            self.blame(t, what, signs=False)
            raise Undecided(f"{what}: not shown")

    def blame(self, t: Tree, what: str, signs: bool = True, points: int = 63) -> None:
        """Rejected, if t is shown to have no value, or to be < 0, at one of some points."""
        _, low, high = self.prover.box.side
        point = between(low, high)
        step = 64 // (points + 1)
        for k in range(step, 64, step):
            if low is not None and high is not None:
                point = low + (high - low) * Fraction(k, 64)
                if not self.inside(point):
                    continue
            there = put(t, self.name, q(point))
            y = self.constants.enclose(there, {})
            if signs and y is not None and y[1] < 0:
                raise Rejected(f"{what}: less than 0 at {self.name} = {point}")
            if k % 8 == 0 and y is None and self.constants.lacks(there):
                raise Rejected(f"{what}: no value at {self.name} = {point}")

    def inside(self, x: Fraction) -> bool:
        """x is shown to be in the open interval, whose ends are finite."""
        c = self.constants
        assert self.low is not None and self.high is not None
        return c.positive(minus(q(x), self.low)) and c.positive(minus(self.high, q(x)))

    def nonneg(self, t: Tree, order: int = 0) -> bool:
        """t >= 0 on the open interval: at once, by a ladder, or on both sides of a kink."""
        if not self.prover.has_values(t):
            return False
        smooth = self.resolved(t)
        if self.prover.zero(smooth):
            return True
        orders = [order, *(k for k in range(4) if k != order)]
        if any(self.ladder(smooth, k) for k in orders) or self.chord(smooth):
            return True
        kink = self._kink(smooth)
        if kink is None:
            return False
        # t is continuous, so the kink itself follows from either side.
        left, right = replace(self, high=q(kink)), replace(self, low=q(kink))
        return left.nonneg(t, order) and right.nonneg(t, order)

    def chord(self, t: Tree) -> bool:
        """t is >= 0 at both ends, where it has values, and concave between them (t is continuous up
        to its ends, so not below the lesser of the two).
        """
        if self.low is None or self.high is None:
            return False
        if not all(self.constants.nonneg(put(t, self.name, e)) for e in (self.low, self.high)):
            return False
        try:
            slope = derivative(t, self.name)
            bend = neg(derivative(slope, self.name))
        except Undecided:
            return False
        return self.prover.has_values(slope) and self.prover.nonneg(bend)

    def positive(self, t: Tree, order: int = 0) -> bool:
        """t > 0 on the open interval: at once, or by a ladder whose last step is > 0."""
        if not self.prover.has_values(t):
            return False
        smooth = self.resolved(t)
        return any(self.ladder(smooth, k, strict=True) for k in (order, 0, 1, 2))

    def resolved(self, t: Tree) -> Tree:
        """t with each maximum replaced by the one of its trees that is shown to be the larger."""
        t = rebuilt(t, self.resolved)
        if t[0] == "max":
            if self.prover.nonneg(minus(t[1], t[2])):
                return t[1]  # type: ignore[no-any-return]
            if self.prover.nonneg(minus(t[2], t[1])):
                return t[2]  # type: ignore[no-any-return]
        return t

    def _kink(self, t: Tree) -> Fraction | None:
        """A rational inside the interval where the two trees of some maximum cross."""
        if t[0] == "max":
            f = self.prover.form(minus(t[1], t[2]))
            x = ((self.prover.forms.atom("x", self.name), Fraction(1)),)
            if f and x in f and set(f) <= {x, ()}:
                root = -f.get((), Fraction(0)) / f[x]
                _, low, high = self.prover.box.side
                if (low is None or root > low) and (high is None or root < high):
                    return root
        return next((k for k in map(self._kink, parts(t)) if k is not None), None)

    def ladder(self, t: Tree, order: int, strict: bool = False) -> bool:
        """f_j(low) >= 0 for j < order, f_order >= 0 (> 0) on the interval, all with values."""
        if order and self.low is None:
            return False
        for _ in range(order):
            start = put(t, self.name, self.low or ZERO)
            if not (self.prover.has_values(t) and self.constants.nonneg(start)):
                return False
            try:
                t = derivative(t, self.name)
            except Undecided:
                return False
        return self.prover.positive(t) if strict else self.prover.nonneg(t)
