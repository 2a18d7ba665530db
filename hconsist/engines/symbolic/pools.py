"""Pools of labels for power losses with 3/2 < tau < 2 (theorem B of docs/theory.md), as SymPy
functions.

With a > 2, e_k(beta) = min { ||p||_a : p on k labels, p_1 - p_2 = beta } - k^(1/a - 1) is convex in
beta.
`PoolMinimum` is min over k of e_k, `PoolEnvelope` its lower convex envelope. The conjugate of e_k
has a closed equation,

    min over beta of ||p||_a - lambda beta = nu,   (nu + lambda)^alpha + (nu - lambda)_+^alpha + (k
    - 2) nu^alpha = 1,

with alpha = a/(a - 1), so that every slope lambda proves a lower bound on the envelope.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
import sympy
from numpy.typing import NDArray
from sympy import Expr

from hconsist.arithmetic import BALLS, BallOps, Ops, SympyOps, Value
from hconsist.engines.symbolic.nodes import in_numbers

if TYPE_CHECKING:
    from flint import arb
    from sympy.printing.printer import Printer

Floats = NDArray[np.float64]


class _OfPools(sympy.Function):  # type: ignore[misc]
    """A function of (a, n, beta) that is 0 at beta = 0 and has values in floats and balls;
    ``_shown`` is its LaTeX.
    """

    nargs = 3

    @classmethod
    def eval(cls, a: Expr, n: int | Expr, beta: Expr) -> Expr:
        """0 at beta = 0."""
        return sympy.Integer(0) if beta == 0 else None

    def evaluate_in(self, ops: Ops, a: Value, n: Value, beta: Value) -> Value:
        """The value in floats or balls."""
        if isinstance(ops, SympyOps):
            return self.func(a, n, beta)
        if isinstance(ops, BallOps):
            return self._ball(a, int(self.args[1]), beta)
        return self._float(float(a), int(self.args[1]), np.asarray(beta, dtype=float))

    def _eval_evalf(self, prec: int) -> Expr:
        return in_numbers(self, prec)

    def _latex(self, printer: Printer, exp: Expr | None = None) -> str:
        a, n, beta = (printer._print(x) for x in self.args)
        body = self._shown.replace("@a", a).replace("@n", n).replace("@b", beta)
        return body if exp is None else rf"\Bigl({body}\Bigr)^{{{exp}}}"


class PoolMinimum(_OfPools):
    """``min over k = 2..n of e_k(beta)``; arguments (a, n, beta)."""

    _shown = (
        r"\min_{2 \le k \le @n} \Bigl[ \min_{p \in \Delta_k,\ p_1 - p_2 = @b}"
        r" \lVert p \rVert_{@a} - k^{\frac{1}{@a} - 1} \Bigr]"
    )

    def _ball(self, a: Value, n: int, beta: Value) -> Value:
        return _minimum_ball(a, n, beta)

    def _float(self, a: float, n: int, beta: Floats) -> Floats:
        return _minimum_float(a, n, beta)


class PoolEnvelope(_OfPools):
    """Lower convex envelope of `PoolMinimum` on [0, 1]; arguments (a, n, beta)."""

    _shown = (
        r"\max_{\lambda \ge 0} \Bigl[ \lambda @b + \min_{2 \le k \le @n} \nu_k(\lambda)"
        r" - k^{\frac{1}{@a} - 1} \Bigr]"
    )

    def _ball(self, a: Value, n: int, beta: Value) -> Value:
        return _envelope_ball(a, n, beta)

    def _float(self, a: float, n: int, beta: Floats) -> Floats:
        return np.asarray([_envelope_float(a, n, float(b)) for b in beta.ravel()]).reshape(
            beta.shape
        )


def lowest_label(a: float, k: int, beta: float) -> float:
    """p_2 at the k-label optimum, in floats."""
    return float(_lowest_float(a, k, np.asarray(beta)))


def best_pool(a: float, n: int, beta: float) -> int:
    """The k that attains `PoolMinimum`, in floats."""
    values = [
        float(_norm_float(a, k, np.asarray(beta))) - k ** (1 / a - 1) for k in range(2, n + 1)
    ]
    return 2 + int(np.argmin(values))


# -- floats


def _lowest_float(a: float, k: int, beta: Floats) -> Floats:
    """p_2 at the distribution on k labels with p_1 - p_2 = beta that has the smallest a-norm."""
    if k == 2:
        return (1 - beta) / 2
    low, high = np.zeros_like(beta), (1 - beta) / 2
    for _ in range(60):
        x = (low + high) / 2
        y = np.maximum(1 - beta - 2 * x, 0) / (k - 2)
        raise_it = y ** (a - 1) > (x ** (a - 1) + (x + beta) ** (a - 1)) / 2
        low, high = np.where(raise_it, x, low), np.where(raise_it, high, x)
    return np.where(high < 1e-17, 0.0, (low + high) / 2)


def _norm_float(a: float, k: int, beta: Floats) -> Floats:
    x = _lowest_float(a, k, beta)
    rest = 0.0 if k == 2 else (k - 2) * (np.maximum(1 - beta - 2 * x, 0) / (k - 2)) ** a
    return np.asarray(((x + beta) ** a + x**a + rest) ** (1 / a))


def _minimum_float(a: float, n: int, beta: Floats) -> Floats:
    best = np.full(beta.shape, np.inf)
    for k in range(2, n + 1):
        # p_1 >= beta alone gives this much (for beta >= 1/k): skip pools that cannot win.
        floor = (beta**a + (1 - beta) ** a * (k - 1) ** (1 - a)) ** (1 / a) - k ** (1 / a - 1)
        if k > 2 and bool(np.all((floor >= best) & (beta * k >= 1))):
            continue
        best = np.minimum(best, _norm_float(a, k, beta) - k ** (1 / a - 1))
    return best


def _nu_float(alpha: float, pools: Floats, slope: float) -> Floats:
    """nu_k(lambda) for an array of pools: the equation's left side is convex and increasing, so
    Newton falls from above.
    """
    nu = np.ones(pools.shape)
    for _ in range(100):
        first, second, third = nu + slope, np.maximum(nu - slope, 0), np.maximum(nu, 0)
        total = first**alpha + second**alpha + (pools - 2) * third**alpha
        rise = alpha * (
            first ** (alpha - 1) + second ** (alpha - 1) + (pools - 2) * third ** (alpha - 1)
        )
        step = (total - 1) / rise
        nu = nu - step
        if np.all(step <= 1e-16):
            break
    return nu


@lru_cache(maxsize=4096)
def _best_slope(a: float, n: int, beta: float) -> tuple[float, int, int]:
    """The slope that attains the envelope at beta, and the pools that win just below and just above
    it.
    """
    alpha, pools = a / (a - 1), np.arange(2, n + 1, dtype=float)
    ties = pools ** (1 / a - 1)

    def winner(slope: float) -> tuple[int, float]:
        """The pool with the lowest conjugate value, and the beta at which it has this slope."""
        nus = _nu_float(alpha, pools, slope)
        best = int(np.argmin(nus - ties))
        k, nu = int(pools[best]), float(nus[best])
        first, second, rest = (max(v, 0.0) ** (1 / (a - 1)) for v in (nu + slope, nu - slope, nu))
        return k, (first - second) / (first + second + (k - 2) * rest)

    low, high = 0.0, 1.0  # the slope 1 is steep enough for beta = 1
    if beta < 1:
        for _ in range(52):
            slope = (low + high) / 2
            low, high = (slope, high) if winner(slope)[1] < beta else (low, slope)
    gap = 1e-7 * high
    slope = high if beta == 1 else (low + high) / 2
    return slope, winner(max(slope - gap, 0.0))[0], winner(slope + gap)[0]


def _envelope_float(a: float, n: int, beta: float) -> float:
    if beta == 0:
        return 0.0
    slope, below, above = _best_slope(a, n, beta)
    if below == above:
        return float(_norm_float(a, below, np.asarray(beta)) - below ** (1 / a - 1))
    pools = np.arange(2, n + 1, dtype=float)
    return slope * beta + float((_nu_float(a / (a - 1), pools, slope) - pools ** (1 / a - 1)).min())


# -- balls


def _power(x: arb, e: arb) -> arb:
    found: arb = BALLS.power(x, e) if not hasattr(e, "log") else BALLS._real_power(x, e)
    return found


def _tie(a: arb, k: int) -> arb:
    """k^(1/a - 1), the a-norm of the uniform distribution on k labels."""
    one = BALLS.const(1)
    return _power(BALLS.const(k), one / a - one)


def _norm_ball(a: arb, k: int, beta: arb) -> arb:
    """Enclosure of min ||p||_a: the value at one x from above, the tangent there (the problem is
    convex) from below.
    """
    one, two = BALLS.const(1), BALLS.const(2)
    high = (one - beta) / two
    if k == 2:
        return _power(_power(high + beta, a) + _power(high, a), one / a)
    x = BALLS.const(0) + float(_lowest_float(float(a), k, np.asarray(float(beta.mid()))))

    def parts(at: arb) -> tuple[arb, arb, arb]:
        y = (one - beta - two * at) / BALLS.const(k - 2)
        rise = _power(at + beta, a - one) + _power(at, a - one) - two * _power(y, a - one)
        bend = (
            _power(at + beta, a - two)
            + _power(at, a - two)
            + BALLS.const(4) / BALLS.const(k - 2) * _power(y, a - two)
        )
        return y, a * rise, a * (a - one) * bend

    for _ in range(3):  # sharpen the float
        _, rise, bend = parts(x)
        step = (x - rise / bend).mid()
        if not (x > 0 and step.is_finite() and step > 0 and step < high):
            break
        x = step
    y, rise, _ = parts(x)
    upper = _power(x + beta, a) + _power(x, a) + BALLS.const(k - 2) * _power(y, a)
    # f(t) >= f(x) + f'(x) (t - x) for every t in [0, high].
    zero = BALLS.const(0)
    drop = (rise * x).max(-rise * (high - x)).max(zero)
    lower = (upper - drop).max(zero)
    return _power(upper.union(lower).max(zero), one / a)


def _minimum_ball(a: arb, n: int, beta: arb) -> arb:
    one = BALLS.const(1)
    best: arb | None = None
    for k in range(2, n + 1):
        tie = _tie(a, k)
        if best is not None and beta * k >= 1:
            others = _power(one - beta, a) * _power(BALLS.const(k - 1), one - a)
            if _power(_power(beta, a) + others, one / a) - tie >= best:
                continue
        value = _norm_ball(a, k, beta) - tie
        best = value if best is None else best.min(value)
    assert best is not None, "there are two labels"
    return best


def _conjugate_gap(alpha: arb, k: int, nu: arb, slope: arb) -> arb:
    """(nu + lambda)^alpha + (nu - lambda)_+^alpha + (k - 2) nu_+^alpha - 1: at most 0 where nu <=
    nu_k(lambda).
    """
    zero = BALLS.const(0)
    total = _power((nu + slope).max(zero), alpha) + _power((nu - slope).max(zero), alpha)
    return total + BALLS.const(k - 2) * _power(nu.max(zero), alpha) - BALLS.const(1)


def _nu_ball(alpha: arb, k: int, slope: arb) -> arb:
    """nu_k(lambda) enclosed: a secant iteration, then the signs of the equation on both sides."""
    import flint

    guess = float(_nu_float(float(alpha), np.asarray([float(k)]), float(slope.mid()))[0])
    nu = BALLS.const(0) + guess
    previous = nu + BALLS.const(0) + 1e-9
    value, before = (
        _conjugate_gap(alpha, k, nu, slope).mid(),
        _conjugate_gap(alpha, k, previous, slope).mid(),
    )
    for _ in range(6):
        if value == before:
            break
        previous, nu = nu, (nu - value * (nu - previous) / (value - before)).mid()
        before, value = value, _conjugate_gap(alpha, k, nu, slope).mid()
    width = flint.arb(2) ** (-(flint.ctx.prec * 3 // 4))
    for _ in range(60):
        low, high = nu - width, nu + width
        if _conjugate_gap(alpha, k, low, slope) <= 0 and _conjugate_gap(alpha, k, high, slope) >= 0:
            return low.union(high)
        width = width * 4
    return flint.arb("nan")


def _point(a: arb, k: int, nu: arb, slope: arb) -> arb:
    """The beta at which e_k has the slope lambda: p is proportional to (nu + lambda, nu - lambda,
    nu, ...)^(1/(a - 1)).
    """
    zero, one = BALLS.const(0), BALLS.const(1)
    e = one / (a - one)
    first, second, rest = (_power(v.max(zero), e) for v in (nu + slope, nu - slope, nu))
    return (first - second) / (first + second + BALLS.const(k - 2) * rest)


def _envelope_ball(a: arb, n: int, beta: arb) -> arb:
    """Enclosure of the envelope: a slope from below, a chord between two pools (or one pool) from
    above.
    """
    one = BALLS.const(1)
    alpha = a / (a - one)
    slope_float, below, above = _best_slope(float(a), n, float(beta.mid()))
    slope = BALLS.const(0) + slope_float
    if below == above:
        upper = _norm_ball(a, below, beta) - _tie(a, below)
        if not beta >= 1:
            slope = _slope_of(a, below, beta.mid()).mid()
    else:
        # Secant for the slope at which both pools have the same conjugate value.
        def difference(s: arb) -> arb:
            return (
                _nu_ball(alpha, below, s)
                - _tie(a, below)
                - _nu_ball(alpha, above, s)
                + _tie(a, above)
            ).mid()

        previous = slope * (one + BALLS.const(0) + 1e-7)
        value, before = difference(slope), difference(previous)
        for _ in range(5):
            if value == before:
                break
            previous, slope = slope, (slope - value * (slope - previous) / (value - before)).mid()
            before, value = value, difference(slope)
        left = _point(a, below, _nu_ball(alpha, below, slope), slope).mid()
        right = _point(a, above, _nu_ball(alpha, above, slope), slope).mid()
        ends = [_norm_ball(a, k, x) - _tie(a, k) for k, x in ((below, left), (above, right))]
        if right > left and left <= beta and beta <= right:
            upper = ends[0] + (ends[1] - ends[0]) * (beta - left) / (right - left)
        else:
            upper = _minimum_ball(a, n, beta)
    # Every pool must stay above the line of this slope: take the lowest of the winners, and check
    # the others against it.
    lowest, *others = (_nu_ball(alpha, k, slope) - _tie(a, k) for k in {below, above})
    for other in others:
        lowest = lowest.min(other)
    floor = lowest.lower()
    for k in range(2, n + 1):
        if k in (below, above):
            continue
        if not _conjugate_gap(alpha, k, floor + _tie(a, k), slope) <= 0:
            floor = floor.min((_nu_ball(alpha, k, slope) - _tie(a, k)).lower())
    lower = (slope * beta + floor).max(BALLS.const(0))
    return lower.union(upper).max(BALLS.const(0))


def _slope_of(a: arb, k: int, beta: arb) -> arb:
    """e_k'(beta), as half the difference of (p_1/N)^(a-1) and (p_2/N)^(a-1), or with the other
    labels where p_2 = 0.
    """
    one, two = BALLS.const(1), BALLS.const(2)
    x = float(_lowest_float(float(a), k, np.asarray(float(beta))))
    p2 = (one - beta) / two if k == 2 else BALLS.const(0) + x
    if k > 2 and x > 0:  # one Newton step makes the float as good as needed for a slope
        for _ in range(3):
            y = (one - beta - two * p2) / BALLS.const(k - 2)
            rise = _power(p2 + beta, a - one) + _power(p2, a - one) - two * _power(y, a - one)
            bend = (
                _power(p2 + beta, a - two)
                + _power(p2, a - two)
                + BALLS.const(4) / BALLS.const(k - 2) * _power(y, a - two)
            )
            p2 = (p2 - rise / ((a - one) * bend)).mid()
    y = BALLS.const(0) if k == 2 else (one - beta - two * p2) / BALLS.const(k - 2)
    norm = _power(_power(p2 + beta, a) + _power(p2, a) + BALLS.const(k - 2) * _power(y, a), one / a)
    first, second = _power((p2 + beta) / norm, a - one), _power(p2 / norm, a - one)
    if x > 0 or k == 2:
        return (first - second) / two
    return first - _power(y / norm, a - one)
