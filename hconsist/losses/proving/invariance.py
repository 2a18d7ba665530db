"""Whether a vector formula of the scores sees only their differences, and does not tell the labels
apart: by the operations that it is made of.

`MovingOps` runs a loss formula over values of which no more is known than how they move when every
score rises by t: by ``rate * t``, or in a way that is not known. Every operation but constants in a
matrix and the choice of an entry does the same to all labels.

>>> from hconsist.losses import parse_loss
>>> [keeps(parse_loss(s).losses, 3) for s in ("logistic", "quadratic-surrogate")]
[(True, True), (False, True)]
>>> keeps(parse_loss("ldam").losses, 3)
(True, False)
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

from hconsist.arithmetic import Exact, Ops, Value
from hconsist.arithmetic.functions import Elementary
from hconsist.arithmetic.opaque import Opaque


def keeps(losses: Callable[[Value, Ops], Value], n_classes: int) -> tuple[bool, bool]:
    """Whether it is shown that a constant added to every score changes nothing, and that
    relabelling the scores only permutes the losses. False is no answer.
    """
    ops = MovingOps(n_classes)
    try:
        found = losses(Moving(ops, Fraction(1), (n_classes,)), ops)
    except Exception:  # a stranger's formula may do anything
        return False, False
    if not isinstance(found, Moving):
        return False, False
    return found.rate == 0, not ops.tells


@dataclass(frozen=True, eq=False)
class Moving(Opaque):
    """A value that moves by ``rate * t``; None: not known. ``number`` is what a constant is."""

    ops: MovingOps
    rate: Fraction | None
    shape: tuple[int, ...] = ()
    number: Fraction | None = None

    def _new(self, rate: Fraction | None, shape: tuple[int, ...] | None = None) -> Moving:
        return Moving(self.ops, rate, self.shape if shape is None else shape)

    def __neg__(self) -> Moving:
        return self * -1

    def __add__(self, other: Value) -> Moving:
        right = self.ops.value(other)
        if self.rate is None or right.rate is None:
            return self._new(None, _wider(self, right))
        return self._new(self.rate + right.rate, _wider(self, right))

    __radd__ = __add__

    def __sub__(self, other: Value) -> Moving:
        return self.__add__(-self.ops.value(other))

    def __rsub__(self, other: Value) -> Moving:
        return self.__neg__().__add__(other)

    def __mul__(self, other: Value) -> Moving:
        left, right = self, self.ops.value(other)
        if right.number is None:
            left, right = right, left
        if right.number is not None and left.rate is not None:
            number = None if left.number is None else left.number * right.number
            return Moving(self.ops, left.rate * right.number, _wider(left, right), number)
        return self.ops.still(left, right)

    __rmul__ = __mul__

    def __truediv__(self, other: Value) -> Moving:
        right = self.ops.value(other)
        if right.number:
            return self * (1 / right.number)
        return self.ops.still(self, right)

    def __rtruediv__(self, other: Value) -> Moving:
        return self.ops.value(other).__truediv__(self)

    def __pow__(self, exponent: Value) -> Moving:
        if not isinstance(exponent, int | Fraction):
            raise TypeError("an exponent that may move, or tell the labels apart")
        return self.ops.still(self)

    def __getitem__(self, key: Value) -> Moving:
        keys = key if isinstance(key, tuple) else (key,)
        if any(k is not None and k is not Ellipsis and k != slice(None) for k in keys):
            self.ops.tells = True
        return self._new(self.rate, ())  # how long its last axis is, is not known

    __iter__ = None


def _wider(a: Moving, b: Moving) -> tuple[int, ...]:
    return max(a.shape, b.shape, key=len)


class MovingOps(Ops):
    """How values move with the scores; see `Ops`.

    Parameters
    ----------
    n : int
        Labels.
    """

    def __init__(self, n: int) -> None:
        self.n = n
        #: Whether something was done to single labels.
        self.tells = False

    def value(self, x: Value) -> Moving:
        """A number as a value that does not move."""
        if isinstance(x, Moving):
            return x
        if isinstance(x, int | Fraction) and not isinstance(x, bool):
            return Moving(self, Fraction(0), (), Fraction(x))
        raise TypeError(f"{x!r} is not an exact number")

    def still(self, *values: Value, shape: tuple[int, ...] | None = None) -> Moving:
        """Any function of values, which stays where they all do."""
        known = [self.value(v) for v in values]
        widest = max((v.shape for v in known), key=len)
        rate = Fraction(0) if all(v.rate == 0 for v in known) else None
        return Moving(self, rate, widest if shape is None else shape)

    def along(self, *values: Value, shape: tuple[int, ...] | None = None) -> Moving:
        """A maximum, or what moves with its arguments as a maximum does."""
        known = [self.value(v) for v in values]
        rates = {v.rate for v in known}
        widest = max((v.shape for v in known), key=len)
        rate = rates.pop() if len(rates) == 1 else None
        return Moving(self, rate, widest if shape is None else shape)

    def const(self, value: Exact | int) -> Value:
        """An exact constant."""
        number = Fraction(value) if isinstance(value, int | Fraction) else None
        return Moving(self, Fraction(0), (), number)

    def pi(self) -> Value:
        """The circle's constant."""
        return Moving(self, Fraction(0))

    def apply(self, function: Elementary, x: Value) -> Value:
        """Any function of one number."""
        return self.still(x)

    def power(self, x: Value, exponent: Exact | int) -> Value:
        """Any power."""
        return self.still(x)

    def lower_power(self, x: Value, power: Value, exponent: Exact | int, by: int) -> Value:
        """Any power."""
        return self.still(x)

    def maximum(self, x: Value, y: Value) -> Value:
        """It moves where both move alike."""
        return self.along(x, y)

    minimum = maximum

    def absolute(self, x: Value) -> Value:
        """A function of one number."""
        return self.still(x)

    def _sum(self, x: Moving, terms: int) -> Moving:
        if x.shape[-1:] != (self.n,) or x.rate is None:
            return self.still(x, shape=x.shape[:-1])
        return Moving(self, x.rate * terms, x.shape[:-1])

    def sum(self, vector: Value) -> Value:
        """n terms that move alike."""
        return self._sum(vector, self.n)

    def sum_others(self, matrix: Value) -> Value:
        """n - 1 terms that move alike."""
        return self._sum(matrix, self.n - 1)

    def max(self, vector: Value) -> Value:
        """A maximum."""
        return self.along(vector, shape=vector.shape[:-1])

    def max_others(self, matrix: Value) -> Value:
        """A maximum."""
        return self.max(matrix)

    def logsumexp(self, vector: Value) -> Value:
        """It moves as a maximum does."""
        return self.max(vector)

    def top_sum(self, vector: Value, k: int) -> Value:
        """k maxima."""
        return self.max(vector) * k

    def softmax(self, scores: Value) -> Value:
        """It sees differences alone."""
        return Moving(self, None if scores.rate is None else Fraction(0), scores.shape)

    log_softmax = softmax

    def differences(self, scores: Value) -> Value:
        """What all move by is gone."""
        return Moving(self, None if scores.rate is None else Fraction(0), (self.n, self.n))

    def rows(self, vector: Value) -> Value:
        """Copies."""
        return Moving(self, vector.rate, (*vector.shape, self.n))

    def off_diagonal(self, n: int) -> Value:
        """Zeros and ones."""
        return Moving(self, Fraction(0), (n, n))

    def matrix(self, rows: list[list[Exact]]) -> Value:
        """Constants, of single labels."""
        self.tells = True
        return Moving(self, Fraction(0), (len(rows), len(rows[0])))

    def maximum_over(
        self, function: Callable[..., Value], slope: Callable[..., Value], low: Value, high: Value
    ) -> Value:
        """A maximum over a number that does not move."""
        ends = self.still(low, high)
        if ends.rate != 0:
            return Moving(self, None, (self.n,))
        found: Moving = self.value(function(Moving(self, Fraction(0)), self))
        return found

    def less(self, x: Value, y: Value, *, strict: bool) -> Value:
        """It stays where both move alike."""
        both = self.along(x, y)
        return Moving(self, None if both.rate is None else Fraction(0), both.shape)

    def takes_first(self, x: Value, y: Value) -> Value:
        """As `less`."""
        return self.less(x, y, strict=False)

    def all_of(self, conditions: list[Value]) -> Value:
        """Conjunction."""
        return self._of_conditions([c for c in conditions if not isinstance(c, bool)])

    any_of = all_of

    def _of_conditions(self, conditions: list[Value]) -> Value:
        return self.still(*conditions) if conditions else True

    def select(self, branches: list[tuple[Value, Value]], *, continuous: bool = False) -> Value:
        """It moves where all branches move alike and none is taken for another."""
        conditions = [c for c, _ in branches if isinstance(c, Moving)]
        values = self.along(*(v for _, v in branches))
        kept = all(c.rate == 0 for c in conditions)
        return Moving(self, values.rate if kept else None, values.shape)
