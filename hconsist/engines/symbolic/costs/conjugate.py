"""``sup { lam x - log max_i E_i e^{lam d} : lam >= 0 }`` over finitely many laws of d, which has an
elementary form for one law of two values only.

The supremum is concave in lam. Its value in balls: from below at any lam; from above by the tangent
of an active law at a point where its slope is proven positive, up to a point where that of another
is proven not positive.
"""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import sympy
from sympy import Expr

from hconsist.arithmetic import (
    BALLS,
    BallOps,
    Ops,
    SympyOps,
    Value,
    endpoints,
    evaluate,
    to_sympy,
)
from hconsist.engines.symbolic.costs.laws import Law
from hconsist.engines.symbolic.costs.programs import Number

if TYPE_CHECKING:
    from flint import arb
    from sympy.printing.printer import Printer

#: lam times the smallest gap of values is searched up to here in floats, and is this in balls where
#: x is the largest value.
_EXPONENT = 800.0
_FAR = 4000


class Conjugate(sympy.Expr):  # type: ignore[misc]
    """The conjugate of the largest logarithmic moment function of some laws.

    Parameters
    ----------
    x : sympy.Expr
        At most the largest value of all laws, where the limit lam to infinity is taken.
    *laws : pairs of tuples
        Values in increasing order, and masses.

    Examples
    --------
    >>> from hconsist.arithmetic import NUMPY
    >>> b = sympy.Symbol("b")
    >>> found = Conjugate(b, ((-1, 1), (sympy.Rational(1, 2), sympy.Rational(1, 2))))
    >>> round(float(evaluate(found, {b: np.asarray(0.5)}, NUMPY)), 10)  # T_1(1/2)
    0.1308120359
    """

    def __new__(cls, x: Expr, *laws: tuple[Iterable[object], Iterable[object]]) -> Expr:
        """Hold the supremum unevaluated."""
        held = [sympy.Tuple(sympy.Tuple(*v), sympy.Tuple(*m)) for v, m in laws]
        return sympy.Expr.__new__(cls, sympy.sympify(x), *held)

    @property
    def evaluation_arguments(self) -> tuple[Expr, ...]:
        """What `evaluate_in` receives the values of."""
        return (self.args[0],)

    def _numbers(self) -> list[tuple[np.ndarray, np.ndarray]]:
        return [
            (np.array([float(v) for v in values]), np.array([float(m) for m in masses]))
            for values, masses in self.args[1:]
        ]

    def evaluate_in(self, ops: Ops, x: Value) -> Value:
        """The value in floats or balls."""
        if isinstance(ops, SympyOps):
            return self.func(x, *self.args[1:])
        if isinstance(ops, BallOps):
            return self._enclosed(x)
        betas = np.asarray(x, dtype=float)
        left, right = self._bracket(betas.ravel())[:2]
        value = np.min([_curve(law, betas.ravel(), (left + right) / 2)[0]
                        for law in self._numbers()], axis=0)  # fmt: skip
        return np.maximum(value, 0.0).reshape(betas.shape)

    def _bracket(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Where the slope of the lowest curve changes its sign, by bisection."""
        laws = self._numbers()
        gaps = [np.diff(values).min() for values, _ in laws if len(values) > 1]
        left = np.zeros_like(x)
        right = np.full_like(x, _EXPONENT / min(gaps, default=1.0))
        for _ in range(200):
            middle = (left + right) / 2
            curves = [_curve(law, x, middle) for law in laws]
            lowest = np.argmin([c[0] for c in curves], axis=0)
            slope = np.take_along_axis(np.array([c[1] for c in curves]), lowest[None], 0)[0]
            left, right = np.where(slope > 0, middle, left), np.where(slope > 0, right, middle)
        return left, right

    def _enclosed(self, x: arb) -> arb:
        import flint

        laws = [([_ball(v) for v in values], [_ball(m) for m in masses])
                for values, masses in self.args[1:]]  # fmt: skip
        zero = BALLS.const(0)
        means = [sum((m * v for v, m in zip(*law, strict=True)), zero) for law in laws]
        if any(x <= mean for mean in means):
            return zero  # every curve starts at 0, and this one falls from there
        at = np.asarray([float(x.mid())])
        left, right = (BALLS.const(Fraction(float(v[0]))) for v in self._bracket(at))
        left, right = _sharper(laws, x.mid(), left, right)
        relative = BALLS.const(Fraction(1, 2) ** max(flint.ctx.prec - 20, 20))
        from_zero = any(not x > mean for mean in means)
        for _ in range(8):
            low, high = left * (1 - relative), right * (1 + relative)
            if from_zero:  # x is the mean of a law, up to rounding
                low, high = zero, BALLS.const(Fraction(1, 2) ** (flint.ctx.prec // 3))
            first = _active(laws, x, low)
            second = _active(laws, x, high)
            if (from_zero or first[1] > 0) and second[1] <= 0:
                lower = _least(laws, x, low)
                upper = (first[0] + first[1].max(zero) * (high - low)).max(second[0])
                return lower.union(upper).max(zero)
            relative = 16 * relative
        # towards the largest value: every curve of the law that reaches it stays below its limit
        tops = [law for law in laws if law[0][-1] >= x]
        far = BALLS.const(Fraction(_FAR))
        lower = _least(laws, x, left).max(_least(laws, x, far))
        upper = min((-law[1][-1].log() for law in tops), key=lambda v: float(v.mid()))
        return lower.union(upper).max(zero)

    def _latex(self, printer: Printer, *args: object) -> str:
        x = printer._print(self.args[0])
        sums = []
        for values, masses in self.args[1:]:
            terms = [_term(printer, v, m) for v, m in zip(values, masses, strict=True)]
            sums.append(" + ".join(t.strip() for t in terms))
        several = r",\; ".join(sums)
        inner = sums[0] if len(sums) == 1 else rf"\max\left\{{ {several} \right\}}"
        return rf"\sup_{{\lambda \ge 0}} \left[ \lambda {x} - \log\left( {inner} \right) \right]"

    def _sympystr(self, printer: Printer, *args: object) -> str:
        laws = ", ".join(f"{tuple(v)}: {tuple(m)}" for v, m in self.args[1:])
        return f"Conjugate({self.args[0]}; {laws})"


def conjugate(x: Expr, laws: Iterable[Law]) -> Expr:
    """The conjugate of several laws; the binary divergence for one law of two values.

    >>> half = Fraction(1, 2)
    >>> b = sympy.Symbol("b", positive=True)
    >>> conjugate(b, [Law((-1, 1), (half, half))]).subs(b, sympy.Rational(1, 2)).evalf(10)
    0.1308120359
    """
    known = list(laws)
    if len(known) == 1 and len(known[0].values) == 2:
        low, top = (expression(v) for v in known[0].values)
        return binary_divergence((x - low) / (top - low), expression(known[0].masses[1]))
    return Conjugate(
        x, *((map(expression, law.values), map(expression, law.masses)) for law in known)
    )


def _term(printer: Printer, value: Expr, mass: Expr) -> str:
    """``mass e^{value lam}`` in LaTeX."""
    if value == 0:
        return str(printer._print(mass))
    times = {1: "", -1: "-"}.get(value, printer._print(value) + " ")
    return rf"{'' if mass == 1 else printer._print(mass)} e^{{{times}\lambda}}"


def binary_divergence(x: Expr, m: Expr) -> Expr:
    """``x log(x/m) + (1 - x) log((1 - x)/(1 - m))``."""
    x, rest = sympy.factor(x), sympy.factor(1 - x)
    first, second = sympy.factor(x / m), sympy.factor(rest / (1 - m))
    return x * sympy.log(first) + rest * sympy.log(second)


def expression(value: Number | Expr) -> Expr:
    """A number, traced or not, as a SymPy expression."""
    held = getattr(value, "expression", None)
    return to_sympy(value) if held is None else held


def _curve(
    law: tuple[np.ndarray, np.ndarray], x: np.ndarray, lam: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """lam x - log E e^{lam d}, and its slope, without overflow or cancellation."""
    values, masses = law
    top = values[-1]
    weights = masses * np.exp(lam[:, None] * (values - top))
    total = weights.sum(axis=1)
    slope = x - weights @ values / total
    small = lam * np.abs(values).max() < 1
    moment = np.where(small[:, None], masses * np.expm1(np.where(small, lam, 0)[:, None] * values),
                      0.0).sum(axis=1)  # fmt: skip
    far = lam * (x - top) - np.log(total)
    return np.where(small, lam * x - np.log1p(moment), far), slope


Balls: TypeAlias = "tuple[list[arb], list[arb]]"


def _moments(law: Balls, lam: arb) -> tuple[arb, arb, arb]:
    """E e^{lam d}, and the mean and variance of d tilted by it."""
    zero = BALLS.const(0)
    terms = [m * (lam * v).exp() for v, m in zip(*law, strict=True)]
    total = sum(terms, zero)
    mean = sum((t * v for t, v in zip(terms, law[0], strict=True)), zero) / total
    away = [v - mean for v in law[0]]  # not squared by a power: that of a ball around 0 is nan
    spread = sum((t * u * u for t, u in zip(terms, away, strict=True)), zero) / total
    return total, mean, spread


def _active(laws: list[Balls], x: arb, lam: arb) -> tuple[arb, arb]:
    """Value and slope of the curve that is lowest at the middle of lam: any law would do."""
    found = []
    for law in laws:
        total, mean, _ = _moments(law, lam)
        found.append((lam * x - total.log(), x - mean))
    lowest = found[0]
    for pair in found[1:]:
        if pair[0].mid() < lowest[0].mid():
            lowest = pair
    return lowest


def _least(laws: list[Balls], x: arb, lam: arb) -> arb:
    lowest, *others = (lam * x - _moments(law, lam)[0].log() for law in laws)
    for other in others:
        lowest = lowest.min(other)
    return lowest


def _sharper(laws: list[Balls], x: arb, left: arb, right: arb) -> tuple[arb, arb]:
    """Newton steps from the floats: to slope 0 of one law, or to where two laws meet."""

    def lowest(lam: arb) -> int:
        values = [float((lam * x - _moments(law, lam)[0].log()).mid()) for law in laws]
        return int(np.argmin(values))

    if not left > 0:
        return left, right
    spread = BALLS.const(Fraction(1, 10**9))
    i, j = lowest(left * (1 - spread)), lowest(right * (1 + spread))
    lam = right.mid()
    for _ in range(7):
        total, mean, variance = _moments(laws[i], lam)
        if i == j:
            step = (x - mean) / variance
        else:
            other, there, _ = _moments(laws[j], lam)
            step = (total.log() - other.log()) / (there - mean)
        moved = (lam + step).mid()
        if not moved.is_finite() or not abs(moved - lam) < lam / 1000:
            return left, right
        lam = moved
    return lam, lam


def _ball(value: Expr) -> arb:
    found: arb = evaluate(value, {}, BALLS)
    return found


def ends(value: Expr) -> tuple[Fraction, Fraction]:
    """Rational ends of a constant expression."""
    return endpoints(_ball(value))
