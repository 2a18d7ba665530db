"""A formula as its operations: what it does to numbers of which nothing is known.

`Writing` runs a formula of the scores and writes down each operation on them. What stands for
numbers there has no truth value, is equal to nothing, and is no array: a formula that gets through
takes the same steps whatever the scores are, so that what is proven of its steps is proven of its
values. One that does not get through may still be evaluated in floats.

>>> from hconsist.losses import parse_loss
>>> mae = written(parse_loss("mae").losses, 2)
>>> mae.reason, mae == written(parse_loss("gce:q=1/2").losses, 2)
('', False)
>>> written(lambda s, ops: -s if s[..., 0] else s, 2).reason
'the formula asks whether a value is 0, or a condition holds: use ops.select'
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import NoReturn

import numpy as np

from hconsist.arithmetic import Exact, Ops, Value
from hconsist.arithmetic.functions import Elementary
from hconsist.arithmetic.opaque import Opaque
from hconsist.errors import InvalidInputError


@dataclass(frozen=True)
class Written:
    """The steps of a formula; two formulas with the same steps are one.

    Parameters
    ----------
    steps : tuple
        Each operation with the numbers of the steps that it is applied to, the last one the result.
    reason : str
        Why they are not known; empty where they are.
    """

    steps: tuple[object, ...] = ()
    reason: str = ""


def written(
    losses: Callable[[Value, Ops], Value], n_scores: int, *, of_labels: bool = True
) -> Written:
    """The steps of the losses of all labels, or why they are not known; ``of_labels``: there are as
    many labels as scores.
    """
    ops = Writing(n_scores)
    try:
        found = losses(ops.step("scores", shape=(n_scores,)), ops)
        if not isinstance(found, Noted):
            return Written(reason=f"the losses are {type(found).__name__}, and not made with ops")
        if of_labels and np.broadcast_shapes(found.shape, (n_scores,)) != (n_scores,):
            return Written(reason=f"the losses have the shape {found.shape}, not ({n_scores},)")
    except InvalidInputError as problem:
        return Written(reason=f"{problem.received}: {problem.remedy}")
    except Exception as problem:  # a stranger's formula may do anything
        return Written(reason=f"the formula is not made with ops alone ({problem})")
    return Written((*ops.steps, found.number))


def _refused(what: str, remedy: str) -> NoReturn:
    raise InvalidInputError("a loss must be written with ops", f"the formula {what}", remedy)


class Untold(Opaque):
    """A value or a condition of which nothing is known."""

    __slots__ = ("number", "ops", "shape")

    def __init__(self, ops: Writing, number: int, shape: tuple[int, ...]) -> None:
        self.ops, self.number, self.shape = ops, number, shape

    def __bool__(self) -> NoReturn:  # noqa: PLE0304 (it has none)
        _refused("asks whether a value is 0, or a condition holds", "use ops.select")

    def __len__(self) -> int:
        return self.shape[0]

    __iter__ = None
    __contains__ = None


class Noted(Untold):
    """A value. It is not changed in place: arrays would change under other names too."""

    __slots__ = ()

    @property
    def ndim(self) -> int:
        """How many axes it has."""
        return len(self.shape)

    def _in_place(self, other: object) -> NoReturn:
        _refused("changes a value in place", "write x = x + y, not x += y")

    __iadd__ = __isub__ = __imul__ = __itruediv__ = __ipow__ = _in_place

    def __neg__(self) -> Noted:
        return self.ops.step("neg", self)

    def __pos__(self) -> Noted:
        return self

    def __abs__(self) -> Noted:
        return self.ops.absolute(self)

    def __add__(self, other: Value) -> Noted:
        return self.ops.step("add", self, other)

    def __radd__(self, other: Value) -> Noted:
        return self.ops.step("add", other, self)

    def __sub__(self, other: Value) -> Noted:
        return self.ops.step("sub", self, other)

    def __rsub__(self, other: Value) -> Noted:
        return self.ops.step("sub", other, self)

    def __mul__(self, other: Value) -> Noted:
        return self.ops.step("mul", self, other)

    def __rmul__(self, other: Value) -> Noted:
        return self.ops.step("mul", other, self)

    def __truediv__(self, other: Value) -> Noted:
        return self.ops.step("div", self, other)

    def __rtruediv__(self, other: Value) -> Noted:
        return self.ops.step("div", other, self)

    def __matmul__(self, other: Value) -> Noted:
        right = self.ops._value(other)
        ends = (np.broadcast_to(False, v.shape) for v in (self, right))
        return self.ops.step("matmul", self, right, shape=np.shape(np.matmul(*ends)))

    def __pow__(self, exponent: Value) -> Noted:
        if not isinstance(exponent, int | Fraction):
            _refused(f"has the exponent {exponent!r}", "write a whole number or a Fraction")
        return self.ops.step("pow", self, say=exponent)

    def __getitem__(self, key: Value) -> Noted:
        shape = np.broadcast_to(False, self.shape)[key].shape
        keys = key if isinstance(key, tuple) else (key,)
        said = repr([k if isinstance(k, slice) or k is Ellipsis else np.asarray(k).tolist()
                     for k in keys])  # fmt: skip
        return self.ops.step("entry", self, say=said, shape=shape)


class Condition(Untold):
    """A condition."""

    __slots__ = ()


class Writing(Ops):
    """Writes down what is done to its values; see `Ops`.

    Parameters
    ----------
    n : int
        Scores.
    """

    def __init__(self, n: int) -> None:
        self.n = n
        self.steps: dict[tuple[object, ...], int] = {}

    def step(
        self, name: str, *values: Value, say: object = None, shape: tuple[int, ...] | None = None
    ) -> Noted:
        """One operation on values, elementwise unless a shape is given."""
        return Noted(self, *self._step(name, [self._value(v) for v in values], say, shape))

    def _step(
        self, name: str, known: Sequence[Untold], say: object, shape: tuple[int, ...] | None
    ) -> tuple[int, tuple[int, ...]]:
        if shape is None:
            shape = np.broadcast_shapes(*(v.shape for v in known))
        done = (name, type(say), say, *(v.number for v in known))
        return self.steps.setdefault(done, len(self.steps)), shape

    def _value(self, x: Value) -> Noted:
        if isinstance(x, Noted):
            return x
        if isinstance(x, int | Fraction) and not isinstance(x, bool):
            return self.const(x)
        _refused(f"has the number {x!r}", "write ops.const(Fraction(1, 2))")

    def _of_axis(self, name: str, x: Value, say: object = None) -> Noted:
        x = self._value(x)
        if not x.shape:
            _refused(f"asks for ops.{name} of a number", "give it a vector")
        return self.step(name, x, say=say, shape=x.shape[:-1])

    def _of_square(self, name: str, x: Value) -> Noted:
        if len(x.shape) < 2 or x.shape[-1] != x.shape[-2]:
            _refused(f"asks for ops.{name} of no square matrix", "give it ops.differences(...)")
        return self._of_axis(name, x)

    def const(self, value: Exact | int) -> Noted:
        """An exact constant."""
        plain = Fraction(value) if isinstance(value, int) else value
        return self.step("const", say=plain, shape=())

    def pi(self) -> Value:
        """The circle's constant."""
        return self.step("pi", shape=())

    def apply(self, function: Elementary, x: Value) -> Value:
        """A function of one number."""
        return self.step(function.name, x)

    def power(self, x: Value, exponent: Exact | int) -> Value:
        """A power."""
        if isinstance(exponent, Untold):
            _refused("has an exponent that is a value", "write ops.exp(e * ops.log(x))")
        return self.step("power", x, say=exponent)

    def lower_power(self, x: Value, power: Value, exponent: Exact | int, by: int) -> Value:
        """A power."""
        return self.power(x, exponent - by)

    def maximum(self, x: Value, y: Value) -> Value:
        """The larger of two."""
        return self.step("maximum", x, y)

    def minimum(self, x: Value, y: Value) -> Value:
        """The smaller of two."""
        return self.step("minimum", x, y)

    def absolute(self, x: Value) -> Noted:
        """Absolute value."""
        return self.step("absolute", x)

    def sum(self, vector: Value) -> Value:
        """Sum."""
        return self._of_axis("sum", vector)

    def max(self, vector: Value) -> Value:
        """Maximum."""
        return self._of_axis("max", vector)

    def logsumexp(self, vector: Value) -> Value:
        """Logarithm of a sum."""
        return self._of_axis("logsumexp", vector)

    def top_sum(self, vector: Value, k: int) -> Value:
        """Sum of the largest."""
        return self._of_axis("top_sum", vector, say=k)

    def softmax(self, scores: Value) -> Value:
        """Softmax values."""
        return self.step("softmax", scores)

    def log_softmax(self, scores: Value) -> Value:
        """Their logarithms."""
        return self.step("log_softmax", scores)

    def differences(self, scores: Value) -> Value:
        """A matrix."""
        scores = self._value(scores)
        return self.step("differences", scores, shape=(*scores.shape, scores.shape[-1]))

    def rows(self, vector: Value) -> Value:
        """A matrix."""
        vector = self._value(vector)
        return self.step("rows", vector, shape=(*vector.shape, vector.shape[-1]))

    def off_diagonal(self, n: int) -> Value:
        """A matrix."""
        return self.step("off_diagonal", say=n, shape=(n, n))

    def matrix(self, rows: list[list[Exact]]) -> Value:
        """A matrix."""
        exact = tuple(tuple(row) for row in rows)
        return self.step("matrix", say=exact, shape=np.shape(np.array(rows, dtype=object)))

    def sum_others(self, matrix: Value) -> Value:
        """Row sums."""
        return self._of_square("sum_others", matrix)

    def max_others(self, matrix: Value) -> Value:
        """Row maxima."""
        return self._of_square("max_others", matrix)

    def maximum_over(
        self, function: Callable[..., Value], slope: Callable[..., Value], low: Value, high: Value
    ) -> Value:
        """A maximum over a number, which stands in the function."""
        at = self.step("parameter", low, high)
        return self.step("maximum_over", at, function(at, self), slope(at, self))

    def _condition(self, name: str, values: Sequence[Value], say: object = None) -> Condition:
        return Condition(self, *self._step(name, values, say, None))

    def less(self, x: Value, y: Value, *, strict: bool) -> Value:
        """A condition."""
        return self._condition("less", [self._value(x), self._value(y)], say=bool(strict))

    def takes_first(self, x: Value, y: Value) -> Value:
        """A condition."""
        return self._condition("takes_first", [self._value(x), self._value(y)])

    def _holds(self, condition: Value) -> Condition:
        if isinstance(condition, Condition):
            return condition
        if isinstance(condition, bool):
            return Condition(self, *self._step("holds", [], condition, ()))
        _refused(f"has the condition {condition!r}", "make conditions by ops.less")

    def all_of(self, conditions: list[Value]) -> Value:
        """Conjunction."""
        return self._condition("all_of", [self._holds(c) for c in conditions])

    def any_of(self, conditions: list[Value]) -> Value:
        """Disjunction."""
        return self._condition("any_of", [self._holds(c) for c in conditions])

    def select(self, branches: list[tuple[Value, Value]], *, continuous: bool = False) -> Value:
        """Cases."""
        if continuous:
            _refused("calls its cases continuous", "leave that out: it is not believed")
        parts: list[Untold] = []
        for condition, value in branches:
            parts += [self._holds(condition), self._value(value)]
        return Noted(self, *self._step("select", parts, None, None))
