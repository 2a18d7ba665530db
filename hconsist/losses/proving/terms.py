"""Exact sums of products of elementary atoms in one variable, closed under differentiation.

A `Sum` is a polynomial with rational coefficients and rational exponents in *atoms*: the variable
x, exp of a monomial, the logarithm of a sum, the normal distribution function Phi of a sum, a sum
as the base of a power, and named constants.
Like terms are collected, so that what cancels is exactly zero: that is what makes signs of second
derivatives provable where balls would only touch zero.

>>> x = VARIABLE
>>> (x * x - x.power(Fraction(2))).is_zero
True
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property, reduce
from typing import TYPE_CHECKING, Any, TypeAlias

from hconsist.arithmetic.exact import Value

if TYPE_CHECKING:
    from flint import arb

#: Terms beyond which nothing is multiplied out, and products of terms that one question may cost:
#: counted, not timed, so that what is shown does not depend on the machine.
MOST_TERMS, MOST_WORK = 400, 25_000
_spent = ContextVar("spent", default=0)


@contextmanager
def work() -> Iterator[None]:
    """One question: what is spent inside counts from zero."""
    token = _spent.set(0)
    try:
        yield
    finally:
        _spent.reset(token)


def _spend(terms: int) -> None:
    total = _spent.get() + terms
    _spent.set(total)
    if total > MOST_WORK:
        raise ExhaustedError("the search for a proof grew too long")


class UndecidedError(Exception):
    """What could not be decided, in words."""


class ExhaustedError(UndecidedError):
    """The work allowed for one question is spent."""


@dataclass(frozen=True)
class Atom:
    """One elementary function: kind "x", "exp" (of a monomial), "log", "ndtr" or "base" (of a sum),
    "constant" (a name, with its ball).
    """

    kind: str
    of: Any = None

    @cached_property
    def constant(self) -> bool:
        """Whether x does not occur."""
        match self.kind:
            case "x":
                return False
            case "exp":
                return all(atom.constant for atom, _ in self.of)
            case "constant":
                return True
        return bool(self.of.is_constant)

    def __hash__(self) -> int:
        return self._hash

    @cached_property
    def _hash(self) -> int:
        return hash((self.kind, self.of))

    def __str__(self) -> str:
        match self.kind:
            case "x":
                return "x"
            case "exp":
                return f"exp({_written(self.of)})"
            case "log":
                return f"log({self.of})"
            case "ndtr":
                return f"Phi({self.of})"
            case "base":
                return f"({self.of})"
        return str(self.of)


#: A product of powers of atoms.
Monomial: TypeAlias = "frozenset[tuple[Atom, Fraction]]"
ONE: Monomial = frozenset()
X = Atom("x")


def _written(monomial: Monomial) -> str:
    factors = [str(a) if e == 1 else f"{a}^{e}" for a, e in monomial]
    return " ".join(sorted(factors)) or "1"


def times(a: Monomial, b: Monomial) -> Monomial:
    """The product of two monomials."""
    if not a or not b:
        return a or b
    powers = dict(a)
    for atom, e in b:
        powers[atom] = powers.get(atom, Fraction(0)) + e
    return frozenset((atom, e) for atom, e in powers.items() if e)


def to_the(monomial: Monomial, exponent: Fraction) -> Monomial:
    """A power of a monomial."""
    return frozenset((atom, e * exponent) for atom, e in monomial) if exponent else ONE


class Sum:
    """A sum of monomials with rational coefficients; an arithmetic value with ``+ - *`` and powers.

    Division and powers of sums need signs: see `hconsist.losses.proving.region`.
    """

    def __init__(self, terms: dict[Monomial, Fraction]) -> None:
        self.terms = {m: c for m, c in terms.items() if c}

    @cached_property
    def _key(self) -> frozenset[tuple[Monomial, Fraction]]:
        return frozenset(self.terms.items())

    @cached_property
    def _hash(self) -> int:
        return hash(self._key)

    def __hash__(self) -> int:
        return self._hash

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sum) and self._key == other._key

    def __str__(self) -> str:
        return " + ".join(sorted(f"{c} {_written(m)}" for m, c in self.terms.items())) or "0"

    @property
    def is_zero(self) -> bool:
        """Whether no term is left."""
        return not self.terms

    @cached_property
    def is_constant(self) -> bool:
        """Whether x does not occur."""
        return all(atom.constant for m in self.terms for atom, _ in m)

    @property
    def rational(self) -> Fraction | None:
        """The value of a rational constant; None for anything else."""
        if not self.terms:
            return Fraction(0)
        return self.terms[ONE] if set(self.terms) == {ONE} else None

    def __neg__(self) -> Sum:
        return Sum({m: -c for m, c in self.terms.items()})

    def __add__(self, other: Sum | int) -> Sum:
        result = dict(self.terms)
        for m, c in sum_of(other).terms.items():
            result[m] = result.get(m, Fraction(0)) + c
        return Sum(result)

    __radd__ = __add__

    def __sub__(self, other: Sum | int) -> Sum:
        return self + (-sum_of(other))

    def __rsub__(self, other: Sum | int) -> Sum:
        return (-self) + other

    def __mul__(self, other: Sum | int) -> Sum:
        right = sum_of(other)
        _spend(len(self.terms) * len(right.terms))
        if len(self.terms) * len(right.terms) > MOST_TERMS:
            raise UndecidedError("the formula has too many terms to multiply out")
        result: dict[Monomial, Fraction] = {}
        for m, c in self.terms.items():
            for n, d in right.terms.items():
                key = times(m, n)
                result[key] = result.get(key, Fraction(0)) + c * d
        return Sum(result)

    __rmul__ = __mul__

    def scaled(self, monomial: Monomial, factor: Fraction = Fraction(1)) -> Sum:
        """The product with one monomial."""
        _spend(len(self.terms))
        return Sum({times(m, monomial): c * factor for m, c in self.terms.items()})

    def power(self, exponent: Fraction) -> Sum:
        """A natural power, multiplied out."""
        if exponent.denominator != 1 or exponent < 0:
            raise UndecidedError(f"the power {exponent} is not natural")
        if len(self.terms) > 1 and exponent > 16:
            raise UndecidedError(f"the power {exponent} is too high to multiply out")
        if len(self.terms) == 1:
            ((m, c),) = self.terms.items()
            return Sum({to_the(m, exponent): c ** int(exponent)})
        return reduce(Sum.__mul__, [self] * int(exponent), UNIT)

    # -- calculus
    @cached_property
    def derivative(self) -> Sum:
        """d/dx."""
        total = ZERO
        for m, c in self.terms.items():
            for atom, e in m:
                if not atom.constant:
                    total = total + _slope(atom).scaled(
                        times(m, frozenset({(atom, Fraction(-1))})), c * e
                    )
        return total

    @cached_property
    def expanded(self) -> Sum:
        """The same with natural powers of sums multiplied out, where that stays small."""
        result = ZERO
        for m, c in self.terms.items():
            rest, product = m, UNIT
            for atom, e in m:
                if atom.kind == "base" and e > 0 and e.denominator == 1 and e <= 12:
                    rest = times(rest, frozenset({(atom, -e)}))
                    product = product * atom.of.expanded.power(e)
            result = result + product.scaled(rest, c)
        return result

    def map_atoms(self, image: Callable[[Atom, Fraction], Sum]) -> Sum:
        """Every power of an atom replaced by its image."""
        total = ZERO
        for m, c in self.terms.items():
            product = Sum({ONE: c})
            for atom, e in m:
                product = product * image(atom, e)
            total = total + product
        return total

    # -- values
    def ball(self, x: arb) -> arb:
        """The value at a ball, as a ball (not finite where something is not defined)."""
        from hconsist.arithmetic import BALLS

        total = BALLS.const(0)
        for m, c in self.terms.items():
            product = BALLS.const(c)
            for atom, e in m:
                product = product * _power_ball(atom_ball(atom, x), e)
            total = total + product
        return total


def atom_ball(atom: Atom, x: arb) -> Value:
    """The value of an atom at a ball."""
    from hconsist.arithmetic import BALLS

    match atom.kind:
        case "x":
            return x
        case "exp":
            return BALLS.exp(Sum({atom.of: Fraction(1)}).ball(x))
        case "log":
            return BALLS.log(atom.of.ball(x))
        case "ndtr":
            return BALLS.erfc(-atom.of.ball(x) / BALLS.power(BALLS.const(2), Fraction(1, 2))) / 2
        case "base":
            return atom.of.ball(x)
    return BALLS.const(atom.of)


def _power_ball(value: arb, e: Fraction) -> arb:
    from hconsist.arithmetic import BALLS

    return value if e == 1 else BALLS.power(value, e)


def _slope(atom: Atom) -> Sum:
    """d/dx of an atom."""
    match atom.kind:
        case "x":
            return UNIT
        case "exp":
            return (
                Sum({frozenset({(atom, Fraction(1))}): Fraction(1)})
                * Sum({atom.of: Fraction(1)}).derivative
            )
        case "log":
            inner: Sum = atom.of
            return inner.derivative.scaled(*reciprocal(inner))
        case "ndtr":
            of: Sum = atom.of
            return _density(of) * of.derivative
    derivative: Sum = atom.of.derivative
    return derivative


def _density(x: Sum) -> Sum:
    """``exp(-x^2 / 2) / sqrt(2 pi)``."""
    import sympy

    powers = frozenset((Atom("exp", m), -c / 2) for m, c in (x * x).expanded.terms.items())
    scale = Atom("constant", 1 / sympy.sqrt(2 * sympy.pi))
    return Sum({times(powers, frozenset({(scale, Fraction(1))})): Fraction(1)})


def reciprocal(positive: Sum) -> tuple[Monomial, Fraction]:
    """1 / S as a monomial and a coefficient, for an S > 0."""
    factor, outer, base = based(positive)
    inner = ONE if base is None else frozenset({(base, Fraction(-1))})
    return times(to_the(outer, Fraction(-1)), inner), 1 / factor


def based(positive: Sum) -> tuple[Fraction, Monomial, Atom | None]:
    """S > 0 as a positive rational, a monomial and a base, in a form that multiples and products
    with exponentials share; None where S is a single term.
    """
    if len(positive.terms) == 1:
        ((m, c),) = positive.terms.items()
        return c, m, None
    exponentials = {atom for m in positive.terms for atom, _ in m if atom.kind == "exp"}
    lowest = {a: min(dict(m).get(a, Fraction(0)) for m in positive.terms) for a in exponentials}
    outer = frozenset((a, e) for a, e in lowest.items() if e)
    rest = positive.scaled(to_the(outer, Fraction(-1)))
    lead = min(rest.terms, key=_written)
    factor = abs(rest.terms[lead])
    return factor, outer, Atom("base", Sum({m: c / factor for m, c in rest.terms.items()}))


def sum_of(value: object) -> Sum:
    """A number as a sum.

    >>> sum_of(Fraction(1, 2)).rational
    Fraction(1, 2)
    """
    if isinstance(value, Sum):
        return value
    if isinstance(value, int | Fraction) and not isinstance(value, bool):
        return Sum({ONE: Fraction(value)})
    raise UndecidedError(f"{value!r} is not an exact number")


ZERO, UNIT = Sum({}), Sum({ONE: Fraction(1)})
VARIABLE = Sum({frozenset({(X, Fraction(1))}): Fraction(1)})


def constant_sign(value: Sum) -> int | None:
    """The sign of a constant: 3, 0, -3 or None."""
    if (rational := value.rational) is not None:
        return 3 * ((rational > 0) - (rational < 0))
    from hconsist.arithmetic import BALLS

    value = value.expanded
    if value.is_zero:
        return 0
    ball = value.ball(BALLS.const(0))
    return 3 if ball > 0 else -3 if ball < 0 else None
