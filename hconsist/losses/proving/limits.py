"""Exact sums at the ends of an interval: values at rational points, leading terms at infinity."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any, TypeAlias

from hconsist.arithmetic import BALLS
from hconsist.losses.proving.terms import (
    ONE,
    UNIT,
    ZERO,
    Atom,
    Sum,
    UndecidedError,
    atom_ball,
    based,
    constant_sign,
    sum_of,
    times,
    to_the,
)


# -- constants
def exp_of(value: Sum) -> Sum:
    """exp of a sum: a product of powers of exponentials of its monomials; exp(c log S) is S^c."""
    product = UNIT
    for m, c in value.terms.items():
        ((atom, e),) = m if len(m) == 1 else ((Atom("none"), Fraction(0)),)
        if atom.kind == "log" and e == 1:
            product = product * _power(atom.of, c)
        else:
            product = product * Sum({frozenset({(Atom("exp", m), c)}): Fraction(1)})
    return product


def _power(positive: Sum, e: Fraction) -> Sum:
    """S^e for an S > 0."""
    rational = positive.rational
    if rational is not None:
        return rational_power(rational, e)
    if len(positive.terms) == 1:
        ((m, c),) = positive.terms.items()
        return rational_power(c, e).scaled(to_the(m, e))
    factor, outer, base = based(positive)
    inner = ONE if base is None else frozenset({(base, e)})
    return rational_power(factor, e).scaled(times(to_the(outer, e), inner))


def rational_power(value: Fraction, e: Fraction) -> Sum:
    """A positive rational to a rational power, exactly."""
    if value == 1:
        return UNIT
    whole = e.numerator // e.denominator
    if abs(whole) > 4096:
        raise UndecidedError(f"the power {e} of {value} is too large")
    rest = e - whole
    result = Sum({ONE: value**whole})
    if not rest:
        return result
    for prime, k in _factored(value):
        part = k * rest
        kept = part - part.numerator // part.denominator
        base = frozenset({(Atom("base", Sum({ONE: prime})), kept)} if kept else set())
        result = result.scaled(base, prime ** int(part - kept))
    return result


def _factored(value: Fraction) -> list[tuple[Fraction, int]]:
    """A positive rational as powers of small primes and at most two other numbers: a form in which
    equal constants are equal.
    """
    found: list[tuple[Fraction, int]] = []
    for number, sign in ((value.numerator, 1), (value.denominator, -1)):
        p = 2
        while p * p <= number and p < 2000:
            k = 0
            while number % p == 0:
                number, k = number // p, k + 1
            if k:
                found.append((Fraction(p), sign * k))
            p += 1
        if number > 1:
            found.append((Fraction(number), sign))
    return found


def log_of(positive: Sum) -> Sum:
    """The logarithm of a sum that is positive."""
    if len(positive.terms) != 1 and len(tail := mirrored(positive).terms) == 1:
        positive = Sum(tail)  # 1 - Phi(s) = Phi(-s)
    if len(positive.terms) != 1:
        # No exponential is taken out of it here: log(1 + exp(-x)) shows its sign as it stands.
        return _log_atom(positive)
    ((m, c),) = positive.terms.items()
    if c < 0:
        return _log_atom(positive)
    total = ZERO
    for prime, k in _factored(c):
        total = total + _log_atom(Sum({ONE: prime})) * k
    for atom, e in m:
        match atom.kind:
            case "exp":
                total = total + Sum({atom.of: e})
            case "base":
                total = total + _log_atom(atom.of) * sum_of(e)
            case _:
                total = total + _log_atom(Sum({frozenset({(atom, Fraction(1))}): Fraction(1)})) * (
                    sum_of(e)
                )
    return total


def canonical(value: Sum) -> Sum:
    """The same with exponentials taken out of logarithms, so that equal ones are equal: log(1 +
    exp(-x)) = log(1 + exp(x)) - x.
    """

    def image(atom: Atom, e: Fraction) -> Sum:
        if atom.kind != "log" or e.denominator != 1 or e < 0:
            return Sum({frozenset({(atom, e)}): Fraction(1)})
        factor, outer, base = based(atom.of)
        inner = ZERO if base is None else _log_atom(base.of)
        return (inner + log_of(Sum({outer: factor}))).power(e)

    return value.expanded.map_atoms(image)


def mirrored(value: Sum) -> Sum:
    """The same with every Phi(s) written as 1 - Phi(-s), where its powers are natural."""

    def image(atom: Atom, e: Fraction) -> Sum:
        if atom.kind != "ndtr" or e.denominator != 1 or e < 0:
            return Sum({frozenset({(atom, e)}): Fraction(1)})
        tail = Sum({frozenset({(Atom("ndtr", -atom.of), Fraction(1))}): Fraction(1)})
        return (1 - tail).power(e)

    if not any(atom.kind == "ndtr" for m in value.terms for atom, _ in m):
        return value
    return value.map_atoms(image)


def _log_atom(positive: Sum) -> Sum:
    return Sum({frozenset({(Atom("log", positive), Fraction(1))}): Fraction(1)})


# -- values at rational points
def at(value: Sum, point: Fraction) -> Sum:
    """The exact value at a rational point, as a constant.

    Raises
    ------
    UndecidedError
        Where a factor is singular or a sign of a constant stays open.
    """

    def image(atom: Atom, e: Fraction) -> Sum:
        match atom.kind:
            case "x":
                if not point:
                    if e < 0:
                        raise UndecidedError("a pole")
                    return ZERO
                if e.denominator == 1:
                    return sum_of(point ** int(e))
                if point < 0:
                    raise UndecidedError("a root of a negative number")
                return rational_power(point, e)
            case "exp":
                return exp_of(at(Sum({atom.of: Fraction(1)}), point) * sum_of(e))
            case "ndtr":
                inner = at(atom.of, point)
                if inner.is_zero:
                    return rational_power(Fraction(1, 2), e)
                return Sum({frozenset({(Atom("ndtr", inner), e)}): Fraction(1)})
            case "log" | "base":
                inner = at(atom.of, point)
                if atom.kind == "log":
                    if not _positive(inner):
                        raise UndecidedError("the logarithm of what is not shown to be positive")
                    if e.denominator != 1:
                        raise UndecidedError("a root of a logarithm")
                    logarithm = log_of(inner)
                    if logarithm.is_zero and e < 0:
                        raise UndecidedError("a pole")
                    return _integer_power(logarithm, int(e))
                if inner.is_zero:
                    if e < 0:
                        raise UndecidedError("a pole")
                    return ZERO
                if not _positive(inner):
                    raise UndecidedError("the power of what is not shown to be positive")
                return _power(inner, e)
        return Sum({frozenset({(atom, e)}): Fraction(1)})

    return value.expanded.map_atoms(image)


def _integer_power(value: Sum, e: int) -> Sum:
    if e >= 0:
        return value.power(Fraction(e))
    if len(value.terms) == 1:
        ((m, c),) = value.terms.items()
        return Sum({to_the(m, Fraction(e)): c**e})
    raise UndecidedError("the inverse of a sum")


def _positive(constant: Sum) -> bool:
    return constant_sign(constant) == 3


# -- leading terms at an end
Growth: TypeAlias = tuple[Fraction, Fraction, Fraction, Fraction, Fraction]


@dataclass(frozen=True)
class Lead:
    """``coefficient * exp(square w^2 + rate w) w^power log(w)^logs log(log(w))^nested`` as w ->
    infinity; the growth is (square, rate, power, logs, nested), and growths compare from left to
    right.
    """

    growth: Growth
    coefficient: Any

    @property
    def sign(self) -> int | None:
        """The sign close to the end."""
        return 3 if self.coefficient > 0 else -3 if self.coefficient < 0 else None


_ZERO = Fraction(0)
FLAT: Growth = (_ZERO,) * 5
_SQUARED = frozenset({(Atom("x"), Fraction(2))})
_LINEAR = [
    (frozenset({(Atom("x"), Fraction(1))}),),
    (frozenset({(Atom("x"), Fraction(-1))}),),
]


def lead(value: Sum, end: str) -> Lead | None:
    """The leading term at "+inf", "-inf" (w = -x) or "0" (w = 1/x); None where it is not found, or
    where leading terms cancel.
    """
    best: Lead | None = None
    for term in _leads(value, end) or ():
        if best is None or term.growth > best.growth:
            best = term
        elif term.growth == best.growth:
            best = Lead(best.growth, best.coefficient + term.coefficient)
    return best if best is None or best.sign is not None else None


def _leads(value: Sum, end: str) -> list[Lead] | None:
    """The leading terms of every term; None where one is not found."""
    found = []
    for m, c in value.expanded.terms.items():
        coefficient = BALLS.const(c)
        growth = FLAT
        for atom, e in m:
            part = _atom_lead(atom, end)
            if part is None:
                return None
            if e.denominator != 1 and not part.coefficient > 0:
                return None
            coefficient = coefficient * BALLS.power(part.coefficient, e)
            growth = _grown(growth, part.growth, e)
        found.append(Lead(growth, coefficient))
    return found


def _grown(a: Growth, b: Growth, e: Fraction) -> Growth:
    return (a[0] + e * b[0], a[1] + e * b[1], a[2] + e * b[2], a[3] + e * b[3], a[4] + e * b[4])


#: Places in a growth.
_SQUARE, _RATE, _POWER = 0, 1, 2


def _unit(place: int, size: Fraction | int = 1) -> Growth:
    growth = [_ZERO] * 5
    growth[place] = Fraction(size)
    return (growth[0], growth[1], growth[2], growth[3], growth[4])


def _atom_lead(atom: Atom, end: str) -> Lead | None:
    one = BALLS.const(1)
    if atom.constant:
        return Lead(FLAT, atom_ball(atom, BALLS.const(0)))
    match atom.kind:
        case "x":
            if end == "0":
                return Lead(_unit(_POWER, -1), one)
            return Lead(_unit(_POWER), one if end == "+inf" else -one)
        case "exp":
            inner = lead(Sum({atom.of: Fraction(1)}), end)
            if inner is None:
                return None
            if inner.growth < FLAT:
                return Lead(FLAT, one)
            if inner.growth == FLAT:
                return Lead(FLAT, BALLS.exp(inner.coefficient))
            if end != "0" and atom.of == _SQUARED:
                return Lead(_unit(_SQUARE), one)
            if atom.of not in _LINEAR[end == "0"]:
                return None
            # exp(x) at either infinity, exp(1/x) at 0
            return Lead(_unit(_RATE, 1 if inner.coefficient > 0 else -1), one)
        case "ndtr":
            return _ndtr_lead(atom.of, end)
        case "base":
            return lead(atom.of, end)
    return _log_lead(atom, end)


def _log_lead(atom: Atom, end: str) -> Lead | None:
    inner = lead(atom.of, end)
    if inner is None or not inner.coefficient > 0:
        return None
    for place, size in enumerate(inner.growth[:4]):
        if size:  # log(e^(w^2)) = w^2, log(e^w) = w, log(w), log(log(w))
            power = _unit(_POWER, 2) if place == _SQUARE else _unit(place + 1)
            return Lead(power, BALLS.const(size))
    if inner.growth != FLAT:
        return None
    if is_distribution_function(atom.of):  # log(1 - d) is about -d, d = Phi(-s)
        (tail,) = (a for m in atom.of.terms for a, _ in m)
        near = _ndtr_lead(-tail.of, end)
        if near is not None and near.growth < FLAT:
            return Lead(near.growth, -near.coefficient)
    near = lead(atom.of - 1, end)  # log(1 + d) is about d
    if near is not None and near.growth < FLAT:
        return near
    logarithm = BALLS.log(inner.coefficient)
    return Lead(FLAT, logarithm) if logarithm > 0 or logarithm < 0 else None


def is_distribution_function(value: Sum) -> bool:
    """Whether a sum is Phi of something, which is in (0, 1)."""
    return [[(a.kind, e) for a, e in m] for m in value.terms] == [[("ndtr", Fraction(1))]] and (
        list(value.terms.values()) == [Fraction(1)]
    )


def _ndtr_lead(inner: Sum, end: str) -> Lead | None:
    """Phi(s): 1 where s grows, and exp(-s^2/2) / (sqrt(2 pi) |s|) where it falls, for s = c x."""
    found = lead(inner, end)
    if found is None:
        return None
    if found.growth < FLAT:
        return Lead(FLAT, BALLS.const(Fraction(1, 2)))
    if found.growth == FLAT:
        return None
    if found.coefficient > 0:
        return Lead(FLAT, BALLS.const(1))
    square = (inner * inner).expanded.terms
    if end == "0" or set(square) != {_SQUARED}:
        return None
    rate, tau = square[_SQUARED], BALLS.pi() * 2
    growth = _grown(_unit(_SQUARE, -rate / 2), _unit(_POWER, -1), Fraction(1))
    return Lead(growth, 1 / BALLS.power(tau * BALLS.const(rate), Fraction(1, 2)))


def end_sign(value: Sum, point: Fraction | None, end: str, *, from_right: bool) -> int | None:
    """The sign of the limit at an end: 3, 0 or -3; None where it is not found.

    Parameters
    ----------
    point : Fraction or None
        The end; None is infinity, by ``end``.
    from_right : bool
        Whether a finite end is approached from above.
    """
    if point is not None:
        try:
            return constant_sign(at(value, point))
        except UndecidedError:
            if point != 0 or not from_right:
                return None
            end = "0"
    if all(term.growth < FLAT for term in _leads(value, end) or [Lead(FLAT, None)]):
        return 0  # whether or not leading terms cancel
    found = lead(value, end)
    return None if found is None else found.sign
