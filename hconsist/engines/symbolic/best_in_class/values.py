"""Values of a closed form of C*: floats, and balls where floats may cancel.

A root that is divided by a small probability loses its digits in floats, as (sqrt(1 + 400 q) - 1)/q
does at q = 1e-16, and a case may be chosen by what is left of them. So a closed form is tried near
the faces of the simplex: where floats and balls differ there, balls give its values there.
"""

from __future__ import annotations

from fractions import Fraction
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from sympy import Expr

from hconsist.arithmetic import BALLS, NUMPY, endpoints, evaluate, precision
from hconsist.engines.symbolic.solution import stop

Array = NDArray[np.float64]

#: Probabilities below this are small.
_SMALL = 1e-8
#: Where floats are tried, as the smallest probability.
_TRIED = (9e-9, 1e-12, 3e-16, 1e-17, 1e-60, 1e-200)
#: A probability of 0 is the limit of small ones (C* is concave, so continuous towards a face).
_NEARLY_ZERO = Fraction(1, 2**3000)
#: Working precisions, and how close a value has to be.
_BITS, _CLOSE = (256, 2048, 16384), Fraction(1, 10**13)


def values(expression: Expr, symbols: tuple[Expr, ...], p: Array) -> Array:
    """The expression at label distributions p (..., n), in floats: (...).

    Raises
    ------
    EngineCannotAnswerError
        Where it has no finite value that balls can tell.

    Examples
    --------
    >>> import sympy
    >>> p = sympy.symbols("p1:3", nonnegative=True)
    >>> odds = (sympy.sqrt(1 + 400 * p[1]) - 1) / p[1]
    >>> [round(float(v), 9) for v in values(odds, p, np.array([[1, 1e-17], [1, 0]]))]
    [200.0, 200.0]
    """
    flat = p.reshape(-1, len(symbols))
    found = _in_floats(expression, symbols, flat)
    delicate = ~np.isfinite(found)
    least = flat.min(axis=-1)
    if not floats_hold(expression, symbols):
        delicate |= least < _SMALL
    for index in np.flatnonzero(delicate):
        found[index] = _in_balls(expression, symbols, tuple(map(float, flat[index])))
    return found.reshape(p.shape[:-1])


@lru_cache(maxsize=256)
def floats_hold(expression: Expr, symbols: tuple[Expr, ...]) -> bool:
    """Whether floats agree with balls wherever they were tried near the faces of the simplex."""
    n = len(symbols)
    rest = np.arange(1.0, n) / np.arange(1.0, n).sum()
    tried = np.array([[q, *(1 - q) * rest] for q in _TRIED])
    if n > 2:  # two small probabilities, of one order and of others
        pairs = [
            [q, r, *(1 - q - r) * rest[1:] / rest[1:].sum()] for q in _TRIED for r in (q, 1e-9)
        ]
        tried = np.concatenate([tried, pairs])
    tried = np.concatenate([tried, tried[:, ::-1]])
    for row, value in zip(tried, _in_floats(expression, symbols, tried), strict=True):
        if np.isfinite(value):
            exactly = _in_balls(expression, symbols, tuple(map(float, row)))
            if not abs(value - exactly) <= 1e-9 * (1 + abs(exactly)):
                return False
    return True


def _in_floats(expression: Expr, symbols: tuple[Expr, ...], p: Array) -> Array:
    with np.errstate(all="ignore"):
        at = {symbol: p[:, k] for k, symbol in enumerate(symbols)}
        return np.array(evaluate(expression, at, NUMPY) + np.zeros(len(p)), dtype=float)


@lru_cache(maxsize=4096)
def _in_balls(expression: Expr, symbols: tuple[Expr, ...], p: tuple[float, ...]) -> float:
    """The value at p; where it is 0/0 there, that beside p."""
    exactly = [max(Fraction(v), _NEARLY_ZERO) for v in p]
    beside = [v * (1 + _NEARLY_ZERO * k) for k, v in enumerate(exactly)]
    top = int(np.argmax(p))
    for point in (exactly, beside):
        point[top] += 1 - sum(point)  # floats sum to 1 up to rounding, and a formula may say 1 - p
        for bits in _BITS:
            with precision(bits):
                at = {s: BALLS.const(v) for s, v in zip(symbols, point, strict=True)}
                try:
                    low, high = endpoints(evaluate(expression, at, BALLS))
                except ArithmeticError:
                    continue
            if high - low <= _CLOSE * (1 + abs(high)):
                return float((low + high) / 2)
    raise stop(f"the closed form of the best-in-class risk has no value at p = {list(p)}")
