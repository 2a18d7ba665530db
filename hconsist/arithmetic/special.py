"""Functions that not every array namespace has, and enclosures that balls lack.

`erf` and its relatives come from SciPy for NumPy arrays and from ``torch.special`` for tensors;
other namespaces use the rational approximations of Cody, in array operations alone.

Source: W. J. Cody, "Rational Chebyshev approximations for the error function", Mathematics of
Computation 23 (1969), in the coefficients of his SPECFUN routine CALERF; relative error 1e-15.
"""

from __future__ import annotations

import importlib
import math
from collections.abc import Callable, Sequence
from fractions import Fraction
from types import ModuleType
from typing import TYPE_CHECKING

from hconsist.arithmetic.exact import Value

if TYPE_CHECKING:
    from flint import arb

#: The exponent of a square root.
HALF = Fraction(1, 2)

# Numerators and denominators, highest power first: erf(x) = x R(x^2) up to 0.46875,
# exp(x^2) erfc(x) = R(x) up to 4, and (1/sqrt(pi) - R(1/x^2) / x^2) / x beyond.
_NEAR = (
    (0.185777706184603153, 3.16112374387056560, 113.864154151050156, 377.485237685302021,
     3209.37758913846947),
    (1.0, 23.6012909523441209, 244.024637934444173, 1282.61652607737228, 2844.23683343917062),
)  # fmt: skip
_MIDDLE = (
    (2.15311535474403846e-8, 0.564188496988670089, 8.88314979438837594, 66.1191906371416295,
     298.635138197400131, 881.952221241769090, 1712.04761263407058, 2051.07837782607147,
     1230.33935479799725),
    (1.0, 15.7449261107098347, 117.693950891312499, 537.181101862009858, 1621.38957456669019,
     3290.79923573345963, 4362.61909014324716, 3439.36767414372164, 1230.33935480374942),
)  # fmt: skip
_FAR = (
    (0.0163153871373020978, 0.305326634961232344, 0.360344899949804439, 0.125781726111229246,
     0.0160837851487422766, 6.58749161529837803e-4),
    (1.0, 2.56852019228982242, 1.87295284992346725, 0.527905102951428412, 0.0605183413124413191,
     0.00233520497626869185),
)  # fmt: skip


def _ratio(coefficients: tuple[Sequence[float], Sequence[float]], x: Value) -> Value:
    numerator, denominator = (_horner(polynomial, x) for polynomial in coefficients)
    return numerator / denominator


def _horner(polynomial: Sequence[float], x: Value) -> Value:
    total = polynomial[0] + 0.0 * x
    for c in polynomial[1:]:
        total = total * x + c
    return total


def _native(xp: ModuleType, name: str) -> Callable[..., Value] | None:
    """The function as the array library has it, or None."""
    if xp.__name__ == "jax.numpy":
        return getattr(importlib.import_module("jax.scipy.special"), name, None)
    if xp.__name__.endswith("numpy"):
        import scipy.special

        function = getattr(scipy.special, name)
        return lambda x: function(x if x.dtype == xp.float32 else xp.asarray(x, dtype=float))
    return getattr(getattr(xp, "special", None), name, None)


def _clipped(x: Value, low: float, high: float, xp: ModuleType) -> Value:
    return xp.minimum(xp.maximum(x, xp.full_like(x, low)), xp.full_like(x, high))


def _near(x: Value, xp: ModuleType) -> Value:
    x = _clipped(x, -0.46875, 0.46875, xp)
    return x * _ratio(_NEAR, x * x)


def scaled_erfc(x: Value, xp: ModuleType) -> Value:
    """``exp(x^2) erfc(x)`` for x >= 0.46875, in any array namespace."""
    middle = _ratio(_MIDDLE, _clipped(x, 0.46875, 4.0, xp))
    far = xp.maximum(x, xp.full_like(x, 4.0))
    square = 1.0 / far / far
    tail = (1.0 / math.sqrt(math.pi) - square * _ratio(_FAR, square)) / far
    return xp.where(x <= 4.0, middle, tail)


def erf(x: Value, xp: ModuleType) -> Value:
    """The error function, elementwise.

    >>> import numpy as np
    >>> erf(np.asarray(0.5), np) == math.erf(0.5)
    np.True_
    """
    if native := _native(xp, "erf"):
        return native(x)
    size = xp.abs(x)
    tail = xp.sign(x) * (1.0 - xp.exp(-size * size) * scaled_erfc(size, xp))
    return xp.where(size <= 0.46875, _near(x, xp), tail)


def erfc(x: Value, xp: ModuleType) -> Value:
    """``1 - erf(x)``, elementwise, with its full relative accuracy for large x."""
    if native := _native(xp, "erfc"):
        return native(x)
    size = xp.abs(x)
    tail = xp.exp(-size * size) * scaled_erfc(size, xp)
    return xp.where(size <= 0.46875, 1.0 - _near(x, xp), xp.where(x > 0, tail, 2.0 - tail))


def log_ndtr(x: Value, xp: ModuleType) -> Value:
    """``log Phi(x)``, elementwise, without underflow."""
    if native := _native(xp, "log_ndtr"):
        return native(x)
    z = -x / math.sqrt(2.0)  # Phi(x) = erfc(z) / 2
    upper = xp.log1p(-0.5 * erfc(-_clipped(z, -math.inf, 0.46875, xp), xp))
    far = xp.maximum(z, xp.full_like(z, 0.46875))
    return xp.where(z < 0.46875, upper, xp.log(0.5 * scaled_erfc(far, xp)) - far * far)


def log_ndtr_scalar(x: float) -> float:
    """``log Phi(x)`` of one float."""
    import scipy.special

    return float(scipy.special.log_ndtr(x))


def log_ndtr_ball(x: arb) -> arb:
    """``log Phi(x)`` of a ball."""
    return ((-x / type(x)(2).sqrt()).erfc() / 2).log()


def inverse_mills(x: Value, xp: ModuleType) -> Value:
    """``exp(-x^2/2) / (sqrt(2 pi) Phi(x))``, elementwise: the derivative of `log_ndtr`."""
    z = -x / math.sqrt(2.0)
    far = xp.maximum(z, xp.full_like(z, 0.46875))
    native = _native(xp, "erfcx")
    tail = math.sqrt(2.0 / math.pi) / (native(far) if native else scaled_erfc(far, xp))
    near = _clipped(z, -math.inf, 0.46875, xp)
    bulk = xp.exp(-near * near) * math.sqrt(2.0 / math.pi) / erfc(near, xp)
    return xp.where(z < 0.46875, bulk, tail)


def inverse_mills_scalar(x: float) -> float:
    """`inverse_mills` of one float."""
    import scipy.special

    z = -x / math.sqrt(2.0)
    if z > 0:
        return math.sqrt(2.0 / math.pi) / float(scipy.special.erfcx(z))
    return math.exp(-z * z) * math.sqrt(2.0 / math.pi) / math.erfc(z)


def inverse_mills_ball(x: arb) -> arb:
    """`inverse_mills` of a ball."""
    two, pi = type(x)(2), type(x).pi()
    return (two / pi).sqrt() * (-(x * x) / 2).exp() / (-x / two.sqrt()).erfc()


def softplus(x: Value, xp: ModuleType) -> Value:
    """``log(1 + exp(x))``: no overflow on either side, full precision near 0."""
    return xp.maximum(x, xp.zeros_like(x)) + xp.log1p(xp.exp(-xp.abs(x)))


def softplus_scalar(x: float) -> float:
    """`softplus` of one float."""
    return max(x, 0.0) + math.log1p(math.exp(-abs(x)))


def sigmoid(x: Value, xp: ModuleType) -> Value:
    """``1 / (1 + exp(-x))``, elementwise, without overflow."""
    e = xp.exp(-xp.abs(x))
    return xp.where(x >= 0, xp.ones_like(e), e) / (1.0 + e)


def sigmoid_scalar(x: float) -> float:
    """`sigmoid` of one float."""
    e = math.exp(-abs(x))
    return (1.0 if x >= 0 else e) / (1.0 + e)


def xlogx(x: Value, xp: ModuleType) -> Value:
    """``x log x`` for x >= 0, 0 at 0."""
    return x * xp.log(xp.where(x > 0, x, xp.ones_like(x)))


def xlogx_ball(x: arb) -> arb:
    """``x log x`` over the part of a ball in [0, inf)."""
    if x.lower() > 0:
        return x * x.log()
    zero, top = type(x)(0), x.upper()
    if not top > 0:
        return zero
    # Decreasing down to -1/e at 1/e, increasing after it.
    turning = (zero - 1).exp()
    enclosure = zero.union(top * top.log())
    return enclosure if top < turning else enclosure.union(-turning)
