"""Cheap lower bounds of T for many pairs of predictions at once, so that few need linear programs.

For predictions r, s and d = L_r - L_s any lam >= 0 and mu >= 0 prove (docs/targets.md, theorem 1)

    T_{r,s}(b) >= lam b - log max_y [ e^{lam d_y} - sum_k mu_k (L_r - L_k)(y) ].

To leave a pair out it is enough that this reaches the least T found so far, seldom the best mu: for
all s of one r together a few steps of the accelerated projected gradient method (Nesterov 1983;
Beck and Teboulle, SIAM J. Imaging Sci. 2009) on the smoothed maximum, in which pairs that are done
drop out. What the steps do decides the time alone: each value is a bound whatever mu is.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

#: How much the maximum over labels is smoothed, relative to its range: tuned on 100 x 100 costs.
_SMOOTHING = 0.06
_STEPS, _EVERY = 120, 5
#: Beyond this lam d the largest exponential is all that counts.
_EXPONENT = 30.0
#: Differences of costs are off by no more, relative to the target regret.
_ROUNDING = 1e-13


def xlogy(x: Array, y: Array) -> Array:
    """``x log y``, 0 where x is."""
    return np.where(x <= 1e-16, 0.0, x * np.log(y))


def by_range(a: Array, g: Array, beta: float | Array) -> tuple[Array, Array]:
    """``kl((b + a)/(a + g); a/(a + g))`` (theorem 2) and its slope in b, the multiplier: nan where
    that makes no sense.
    """
    with np.errstate(all="ignore"):
        x, y = (beta + a) / (a + g), a / (a + g)
        kl = xlogy(x, x / y) + xlogy(1 - x, (1 - x) / (1 - y))
        return kl, (np.log(x / y) - np.log((1 - x) / (1 - y))) / (a + g)


def level(most: Array | float, beta: float) -> Array:
    """beta where a cost difference of at most ``most`` reaches it, infinity elsewhere: a difference
    that is beta before rounding reaches it.

    >>> bool(level(18 - 17 / 3, 37 / 3) == 18 - 17 / 3), bool(np.isinf(level(1.0, 1.1)))
    (True, True)
    """
    near = np.asarray(most) >= beta * (1 - _ROUNDING)
    return np.asarray(np.where(near, np.minimum(beta, most), np.inf))


def multipliers(d: Array, beta: float, level: float) -> Array:
    """For each pair a lam that suits a T about as large as the level: that of the range of d, drawn
    together until theorem 2 gives the level.
    """
    a, g = -d.min(axis=1), d.max(axis=1)
    low, high = beta / g, np.ones(len(d))
    for _ in range(40):
        middle = (low + high) / 2
        large = by_range(middle * a, middle * g, beta)[0] > level
        low, high = np.where(large, middle, low), np.where(large, high, middle)
    lam, most = by_range(high * a, high * g, beta)[1], _EXPONENT / (a + g)
    return np.asarray(np.where(np.isfinite(lam), np.minimum(lam, most), most))


def lower_bounds(
    rows: Array, others: NDArray[np.intp], d: Array, beta: float, level: float
) -> Array:
    """Lower bounds of T for one prediction r against others; the search stops at the level.

    Parameters
    ----------
    rows : array (predictions, labels)
        L_r - L_k for every k.
    others : array of int
        The predictions s to compare with, whose rows are `d`, each with values of both signs.
    d : array (others, labels)
    beta, level : float
        The target regret; the value beyond which a bound need not be raised.

    Examples
    --------
    >>> costs = np.array([[0.0, 1.0], [1.0, 0.0]])
    >>> rows = costs[0] - costs
    >>> found = lower_bounds(rows, np.array([1]), rows[1:], 0.5, 0.1308)
    >>> 0.1307 < found[0] < 0.13082  # T_1(1/2) = 0.130812
    np.True_
    """
    lam = multipliers(d, beta, level)
    best = np.full(len(d), -np.inf)
    a, g = -d.min(axis=1), d.max(axis=1)
    alive = np.arange(len(d))
    # e^{lam d} - 1 less the chord's slope times d, which mu_s = slope takes away
    slope = (np.exp(lam * g) - np.exp(-lam * a)) / (a + g)
    rest = np.expm1(lam[:, None] * d) - slope[:, None] * d
    floor = np.zeros((len(d), len(rows)))
    floor[np.arange(len(d)), others] = -slope
    smooth = _SMOOTHING * np.maximum(np.ptp(rest, axis=1), 1e-300)
    length = smooth / np.square(rows).sum(axis=0).max()
    mu, ahead, momentum = np.zeros_like(floor), np.zeros_like(floor), 1.0
    slack = 1e-14 * lam * np.maximum(a, g)  # rounding of lam d
    for step in range(_STEPS):
        left = rest - ahead @ rows
        most = left.max(axis=1)
        best[alive] = np.maximum(best[alive], lam * beta - np.log1p(most) - slack)
        if step % _EVERY == 0:
            kept = best[alive] < level
            if not kept.any():
                break
            if not kept.all():
                alive = alive[kept]
                lam, rest, floor, smooth, length, mu, ahead, slack, left, most = (
                    v[kept]
                    for v in (lam, rest, floor, smooth, length, mu, ahead, slack, left, most)
                )
        weights = np.exp((left - most[:, None]) / smooth[:, None])
        weights /= weights.sum(axis=1, keepdims=True)
        following = np.maximum(ahead + length[:, None] * (weights @ rows.T), floor)
        grown = (1 + np.sqrt(1 + 4 * momentum**2)) / 2
        ahead = np.maximum(following + (momentum - 1) / grown * (following - mu), floor)
        mu, momentum = following, grown
    return best
