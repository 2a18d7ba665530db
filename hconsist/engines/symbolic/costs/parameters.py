"""Numbers with a parameter: rational functions that know their value at a sample, and remember
every comparison made of them.

A computation that only adds, multiplies, divides and compares is valid wherever all its comparisons
come out as at the sample. `pieces` runs it on samples until the intervals cover a range: parametric
linear programming, for one parameter.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, TypeVar

import sympy
from sympy import Expr
from sympy.polys.fields import FracElement
from sympy.polys.rings import PolyElement

from hconsist.arithmetic import to_sympy
from hconsist.engines.symbolic.solution import stop

R = TypeVar("R")
#: The most intervals on which a formula may change.
_MOST_PIECES = 24


@dataclass
class Parameter:
    """One parameter at a sample, and the comparisons that were made there.

    Parameters
    ----------
    symbol : sympy.Symbol
    at : Fraction
        The sample.
    """

    symbol: Expr
    at: Fraction
    signs: list[FracElement] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.field = sympy.QQ.frac_field(self.symbol)

    def number(self, expression: Expr | Fraction | Traced) -> Traced:
        """A rational function of the parameter, from a number or a SymPy expression."""
        if isinstance(expression, Traced):
            return expression
        value = to_sympy(expression) if isinstance(expression, Fraction) else expression
        value = sympy.sympify(value)
        there = sympy.Rational(value.subs(self.symbol, to_sympy(self.at)))
        return Traced(self, self.field(value), Fraction(int(there.p), int(there.q)))

    def interval(self, low: Expr, high: Expr) -> tuple[Expr, Expr]:
        """The largest interval around the sample, in [low, high], on which no compared number
        changes its sign, nor is divided by 0.
        """
        at = to_sympy(self.at)
        for element in set(self.signs):
            for part in (element.numer, element.denom):
                for place in _roots(part, self.symbol):
                    if place < at and place > low:
                        low = place
                    elif place > at and place < high:
                        high = place
                    elif place == at:
                        raise ArithmeticError("the sample is a root")
        return low, high


def _roots(part: PolyElement, symbol: Expr) -> list[Expr]:
    """The real roots of a polynomial in one symbol."""
    if part.degree() < 1:
        return []
    if part.degree() == 1:
        terms = {powers[0]: Fraction(str(value)) for powers, value in part.terms()}
        return [to_sympy(-terms.get(0, Fraction(0)) / terms[1])]
    polynomial = sympy.Poly(part.as_expr(), symbol)
    return [root[0] for root in sympy.real_roots(polynomial, multiple=False)]


class Traced:
    """A rational function of a `Parameter`, compared by its value at the sample."""

    def __init__(self, parameter: Parameter, element: FracElement, value: Fraction) -> None:
        self.parameter, self.element, self.sample = parameter, element, value

    @property
    def vanishes(self) -> bool:
        """Whether the function is 0 everywhere."""
        return not self.element

    @property
    def expression(self) -> Expr:
        """As a SymPy expression."""
        return sympy.factor(self.element.as_expr())

    def _of(self, other: Any) -> Traced:
        if isinstance(other, Traced):
            return other
        value = Fraction(other)
        exact = sympy.QQ(value.numerator, value.denominator)
        return Traced(self.parameter, self.parameter.field.convert_from(exact, sympy.QQ), value)

    def _made(self, element: FracElement, value: Fraction) -> Traced:
        return Traced(self.parameter, element, value)

    def __add__(self, other: Traced | Fraction | int) -> Traced:
        o = self._of(other)
        return self._made(self.element + o.element, self.sample + o.sample)

    def __sub__(self, other: Traced | Fraction | int) -> Traced:
        o = self._of(other)
        return self._made(self.element - o.element, self.sample - o.sample)

    def __mul__(self, other: Traced | Fraction | int) -> Traced:
        o = self._of(other)
        return self._made(self.element * o.element, self.sample * o.sample)

    def __truediv__(self, other: Traced | Fraction | int) -> Traced:
        o = self._of(other)
        self.parameter.signs.append(o.element)
        return self._made(self.element / o.element, self.sample / o.sample)

    def __neg__(self) -> Traced:
        return self._made(-self.element, -self.sample)

    def __abs__(self) -> Traced:
        return -self if self < 0 else self

    __radd__, __rmul__ = __add__, __mul__

    def __rsub__(self, other: Traced | Fraction | int) -> Traced:
        return self._of(other) - self

    def __rtruediv__(self, other: Traced | Fraction | int) -> Traced:
        return self._of(other) / self

    def _difference(self, other: Any) -> Fraction:
        difference = self - other
        if not difference.vanishes:
            if difference.sample == 0:  # equal at the sample only: another sample decides
                raise ZeroDivisionError("the sample is not generic")
            self.parameter.signs.append(difference.element)
        return Fraction(difference.sample)

    def __lt__(self, other: Traced | Fraction | int) -> bool:
        return self._difference(other) < 0

    def __le__(self, other: Traced | Fraction | int) -> bool:
        return self._difference(other) <= 0

    def __gt__(self, other: Traced | Fraction | int) -> bool:
        return self._difference(other) > 0

    def __ge__(self, other: Traced | Fraction | int) -> bool:
        return self._difference(other) >= 0

    def __eq__(self, other: object) -> bool:
        return self._difference(other) == 0

    def __hash__(self) -> int:
        return hash(self.element)


def pieces(
    symbol: Expr, low: Expr, high: Expr, compute: Callable[[Parameter], R]
) -> list[tuple[R, Expr, Expr]]:
    """A computation on each interval between low and high, which may be infinity, where its
    comparisons are the same: (result, from, to), in order; neighbours with equal results are one.

    Raises
    ------
    EngineCannotAnswerError
        When there are more than a few intervals.

    Examples
    --------
    >>> c = sympy.Symbol("c")
    >>> def larger(parameter):
    ...     x = parameter.number(c)
    ...     return (x if x > 1 - x else 1 - x).expression
    >>> pieces(c, sympy.Integer(0), sympy.Integer(1), larger)
    [(1 - c, 0, 1/2), (c, 1/2, 1)]
    """
    open_ends: list[tuple[Expr, Expr]] = [(low, high)]
    found: list[tuple[R, Expr, Expr]] = []
    while open_ends:
        left, right = open_ends.pop()
        if len(found) + len(open_ends) > _MOST_PIECES:
            raise stop(f"the formula changes on more than {_MOST_PIECES} intervals of {symbol}")
        parameter, result = _at_a_sample(symbol, left, right, compute)
        start, end = parameter.interval(left, right)
        found.append((result, start, end))
        open_ends += [(a, b) for a, b in ((left, start), (end, right)) if a < b]
    found.sort(key=lambda piece: sympy.N(piece[1], 30))
    merged = found[:1]
    for piece in found[1:]:
        if piece[0] == merged[-1][0]:
            merged[-1] = (piece[0], merged[-1][1], piece[2])
        else:
            merged.append(piece)
    return merged


def _at_a_sample(
    symbol: Expr, left: Expr, right: Expr, compute: Callable[[Parameter], R]
) -> tuple[Parameter, R]:
    """The computation at a generic point between two ends."""
    a = Fraction(str(sympy.N(left, 40)))
    b = a + 2 if right == sympy.oo else Fraction(str(sympy.N(right, 40)))
    for share in (Fraction(17, 37), Fraction(8, 23), Fraction(29, 41), Fraction(3, 53)):
        parameter = Parameter(symbol, (a + (b - a) * share).limit_denominator(10**6))
        if not left < to_sympy(parameter.at) < right:
            parameter = Parameter(symbol, a + (b - a) * share)
        try:
            return parameter, compute(parameter)
        except ZeroDivisionError:
            continue
    raise stop(f"no generic value of {symbol} between {left} and {right} was found")
