"""SymPy's largest integers: refused before GMP, which ends the process where it finds no memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from sympy.polys import rings

#: Bits of an integer (128 MiB); the derivations of the catalogue stay far below.
MOST_BITS = 2**30

_refusal: ContextVar[Callable[[str], Exception] | None] = ContextVar("refusal", default=None)


def bits_of_gcd(f: Any, g: Any) -> float:
    """About how long an integer is that SymPy's heuristic gcd makes of two polynomials over the
    integers, at the least.

    It puts an integer x, about the root of the larger coefficient, for one generator after the
    other: each multiplies the length by half the degree.

    Examples
    --------
    >>> from sympy import ZZ, ring
    >>> _, x, y = ring("x, y", ZZ)
    >>> bits_of_gcd(x + y, x - y) < 100 < 2**30 < bits_of_gcd(x**30000 * y**30000 + 1, x + y)
    True
    """
    bits = float(min(int(f.max_norm()), int(g.max_norm())).bit_length())
    degrees = zip(f.degrees(), g.degrees(), strict=True)
    for most in (max(pair) for pair in degrees):
        bits += most * (bits / 2 + 3)
    return bits


@contextmanager
def no_larger_integers(refusal: Callable[[str], Exception]) -> Iterator[None]:
    """Refuse, inside the block, a greatest common divisor that needs integers of more than
    `MOST_BITS`. Elsewhere SymPy does what it always does.

    Parameters
    ----------
    refusal : callable
        Makes the exception from the reason.

    Examples
    --------
    >>> import sympy
    >>> x, y = sympy.symbols("x y")
    >>> with no_larger_integers(ValueError):
    ...     sympy.cancel((x**30000 * y**30000 - 1) / (x - y))
    Traceback (most recent call last):
    ...
    ValueError: SymPy would need integers of more than 2^30 bits: give exponents shorter values
    """
    if rings.heugcd is not _guarded:
        _guarded.plain, rings.heugcd = rings.heugcd, _guarded
    token = _refusal.set(refusal)
    try:
        yield
    finally:
        _refusal.reset(token)


class _Guarded:
    """SymPy's `heugcd`, which is asked for by its name in one module."""

    plain: Callable[[Any, Any], Any]

    def __call__(self, f: Any, g: Any) -> Any:
        refusal = _refusal.get()
        if refusal is not None and bits_of_gcd(f, g) > MOST_BITS:
            power = MOST_BITS.bit_length() - 1
            raise refusal(
                f"SymPy would need integers of more than 2^{power} bits: "
                "give exponents shorter values"
            )
        return self.plain(f, g)


_guarded = _Guarded()
