"""A jet: a number that carries its first and second derivatives through sums, products and the
chain rule, over the numbers of any arithmetic.
"""

from __future__ import annotations

import numpy as np

from hconsist.arithmetic.exact import Value
from hconsist.arithmetic.opaque import Opaque


class Jet(Opaque):
    """A value v with its first and second derivatives d1 and d2.

    Parameters
    ----------
    v : value
        A number or array of any arithmetic.
    d1, d2 : value or None
        In one variable, of the shape of v, or a number for all entries. None: not asked for (d2
        alone, or both).
    many : bool
        In d variables: d1 and d2 are arrays of shapes (d, ...) and (d, d, ...), directions first.

    Examples
    --------
    >>> x = variable(3.0)
    >>> (1 / x).d1 == -1 / 9
    True
    """

    __slots__ = ("d1", "d2", "many", "v")

    def __init__(self, v: Value, d1: Value = None, d2: Value = None, *, many: bool = False) -> None:
        self.v, self.d1, self.d2, self.many = v, d1, d2, many

    @property
    def value(self) -> Value:
        """The value."""
        return self.v

    @property
    def gradient(self) -> Value:
        """The first derivatives, directions last: (..., d)."""
        return np.moveaxis(self.d1, 0, -1) if self.many else self.d1[..., None]

    @property
    def hessian(self) -> Value:
        """The second derivatives, directions last: (..., d, d)."""
        return np.moveaxis(self.d2, (0, 1), (-2, -1)) if self.many else self.d2[..., None, None]

    @classmethod
    def variable(cls, x: Value) -> Jet:
        """See `variable`."""
        return variable(x)

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of the values."""
        return tuple(self.v.shape)

    def __getitem__(self, key: Value) -> Jet:
        """Entries by integers, slices, None and at most one ellipsis."""
        inner = key if isinstance(key, tuple) else (key,)
        if not any(k is Ellipsis for k in inner):
            inner = (*inner, Ellipsis)
        free = slice(None)
        first = (free, *inner) if self.many else inner
        second = (free, free, *inner) if self.many else inner
        return Jet(
            entry(self.v, inner),
            None if self.d1 is None else entry(self.d1, first),
            None if self.d2 is None else entry(self.d2, second),
            many=self.many,
        )

    def through(self, f: Value, f1: Value, f2: Value) -> Jet:
        """The chain rule, for a function with value f and derivatives f1, f2 at v; f2 may be None
        where second derivatives were not asked for.
        """
        if self.d1 is None:
            return Jet(f)
        d2 = None
        if self.d2 is not None:
            d2 = f2 * self._outer(self.d1, self.d1) + f1 * self.d2
        return Jet(f, f1 * self.d1, d2, many=self.many)

    def _outer(self, x: Value, y: Value) -> Value:
        return x[:, None, ...] * y[None, ...] if self.many else x * y

    def _moved(self, v: Value, like: Jet) -> Jet:
        """A jet with the derivatives of ``like`` and the value v, which may have spread."""
        d1, d2 = like.d1, like.d2
        shape = getattr(v, "shape", ())
        if d1 is not None and shape != getattr(like.v, "shape", ()):
            d1 = _spread(d1, shape, int(like.many))
            d2 = None if d2 is None else _spread(d2, shape, 2 * int(like.many))
        return Jet(v, d1, d2, many=like.many)

    def __neg__(self) -> Jet:
        return Jet(
            -self.v,
            None if self.d1 is None else -self.d1,
            None if self.d2 is None else -self.d2,
            many=self.many,
        )

    def __add__(self, other: Value) -> Value:
        if not isinstance(other, Jet):
            return NotImplemented if _stranger(other) else self._moved(self.v + other, self)
        if other.d1 is None or self.d1 is None:
            return self._moved(self.v + other.v, self if other.d1 is None else other)
        d2 = None if self.d2 is None or other.d2 is None else self.d2 + other.d2
        return Jet(self.v + other.v, self.d1 + other.d1, d2, many=self.many or other.many)

    __radd__ = __add__

    def __sub__(self, other: Value) -> Value:
        return NotImplemented if _stranger(other) else self.__add__(-other)

    def __rsub__(self, other: Value) -> Value:
        return (-self).__add__(other)

    def __mul__(self, other: Value) -> Value:
        if not isinstance(other, Jet):
            return NotImplemented if _stranger(other) else self._scaled(other)
        if other.d1 is None or self.d1 is None:
            return self._scaled(other.v) if other.d1 is None else other._scaled(self.v)
        d2 = None
        if self.d2 is not None and other.d2 is not None:
            cross = self._outer(self.d1, other.d1)
            across = self._outer(other.d1, self.d1) if self.many else cross
            d2 = self.d2 * other.v + cross + across + self.v * other.d2
        d1 = self.d1 * other.v + self.v * other.d1
        return Jet(self.v * other.v, d1, d2, many=self.many)

    __rmul__ = __mul__

    def _scaled(self, factor: Value) -> Jet:
        return Jet(
            self.v * factor,
            None if self.d1 is None else self.d1 * factor,
            None if self.d2 is None else self.d2 * factor,
            many=self.many,
        )

    def _inverse(self) -> Jet:
        r = 1 / self.v
        return self.through(r, -r * r, None if self.d2 is None else 2 * r * r * r)

    def __truediv__(self, other: Value) -> Value:
        if isinstance(other, Jet):
            return self.__mul__(other._inverse())
        if _stranger(other):
            return NotImplemented
        return Jet(
            self.v / other,
            None if self.d1 is None else self.d1 / other,
            None if self.d2 is None else self.d2 / other,
            many=self.many,
        )

    def __rtruediv__(self, other: Value) -> Value:
        return self._inverse().__mul__(other)


def entry(x: Value, key: Value) -> Value:
    """An entry of an array; a single ball or expression is an array without axes."""
    return x[key] if hasattr(x, "shape") else np.asarray(x, dtype=object)[key]


def _stranger(other: object) -> bool:
    """Whether the other number knows better how to combine with a jet."""
    return hasattr(other, "logarithm")


def _spread(d: Value, shape: tuple[int, ...], leading: int) -> Value:
    if not hasattr(d, "shape"):
        return d
    target = (*d.shape[:leading], *shape)
    if isinstance(d, np.ndarray):
        return np.broadcast_to(d, target)
    from array_api_compat import array_namespace

    return array_namespace(d).broadcast_to(d, target)


def variable(x: Value, order: int = 2) -> Jet:
    """The independent variable at x; every entry of an array is differentiated by itself.

    >>> x = variable(2.0)
    >>> (x * x).v, (x * x).d1, (x * x).d2
    (4.0, 4.0, 2.0)
    """
    zero = x * 0
    return Jet(x, zero + 1, zero if order > 1 else None)


def value_of(x: Value) -> Value:
    """The value of a jet; any other number is its own."""
    return x.v if isinstance(x, Jet) else x
