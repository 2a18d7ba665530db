"""Best softmax values of a convex g: `ConvexShares` for any, kinks and straight pieces included,
`WaterFilling`, faster, for smooth strictly convex ones whose slope at 0 is finite.

``min sum_i p_i g(z_i)`` over the simplex has a multiplier mu, and each z_i minimises ``p_i g(z) +
mu z``: where the slope -g' falls through mu / p_i, the end of the interval where it never does, the
kink where it falls past. The total of the z_i falls as mu grows; at the mu where it is 1 straight
pieces may leave an interval of choices, all of them optimal, in which the total is mixed to 1.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from hconsist.engines.numeric.inner import VANISHING, Optimum
from hconsist.engines.numeric.jets import Jet, JetOps
from hconsist.engines.numeric.jumps import sides
from hconsist.losses import Separable

Array = NDArray[np.float64]
_JETS = JetOps()
#: Scores below the largest by this many units do not show in a double.
_LOWEST = -200.0
#: Safeguarded Newton steps towards a slope, within one cell of the table.
_STEPS = 7
_SEARCH = 80


@dataclass(frozen=True)
class ConvexShares:
    """The inner problem of a convex g that falls on (0, 1].

    Examples
    --------
    >>> from hconsist.losses import parse_loss
    >>> shares = ConvexShares(parse_loss("softmax:Max(1-u,2-3*u)").separable)
    >>> shares.solve(np.array([[0.6, 0.4]]), np.ones((1, 2))).risk.round(12)
    array([0.5])
    """

    separable: Separable

    def derivatives(self, z: Array) -> tuple[Array, Array, Array]:
        """g, g' and g''."""
        with np.errstate(all="ignore"):
            jet = self.separable.term(Jet.variable(z), _JETS)
            parts = (jet.value, jet.gradient[..., 0], jet.hessian[..., 0, 0])
        return tuple(np.broadcast_to(np.asarray(a, dtype=float), z.shape) for a in parts)  # type: ignore[return-value]

    @cached_property
    def table(self) -> tuple[Array, Array]:
        """Places in (0, 1] in descending order, with both sides of every kink, and the slopes -g'
        there, which increase.
        """
        z = np.unique(np.concatenate(
            [np.geomspace(VANISHING, 1e-3, 200), np.linspace(1e-3, 1.0, 400)]
        ))  # fmt: skip
        kinks = sides(lambda t: (t * self.derivatives(np.maximum(t, VANISHING))[1])[None], z, [])
        z = np.unique(np.concatenate([z, kinks[(kinks > 0) & (kinks <= 1)]]))[::-1]
        slope = np.nan_to_num(-self.derivatives(z)[1], nan=0.0, posinf=1e300)
        return z, np.maximum.accumulate(np.maximum(slope, 0.0))

    @cached_property
    def irregular(self) -> bool:
        """Whether g has a kink inside (0, 1), or a straight piece."""
        z, slope = self.table
        inside = (z[1:] > 2 * VANISHING) & (z[:-1] < 1)
        step = np.diff(slope)[inside]
        far = np.abs(np.diff(z))[inside]
        size = np.maximum(slope[1:][inside], 1e-12)
        kink = (far < 1e-12 * z[1:][inside]) & (step > 1e-7 * size)
        straight = (far > 1e-6 * z[1:][inside]) & (step < 1e-13 * size)
        return bool(np.any(kink) or np.any(straight))

    def _places(self, wanted: Array, side: str) -> Array:
        """Where the slope -g' passes ``wanted``; of a straight piece the end on that side."""
        z, slope = self.table
        # slopes ascend; the cell between index - 1 (slope < wanted) and index (slope >= wanted)
        index = np.searchsorted(slope, wanted, side="left" if side == "high" else "right")
        low, high = z[np.clip(index, 0, z.size - 1)], z[np.clip(index - 1, 0, z.size - 1)]
        result = np.where(index == 0, 1.0, np.where(index == z.size, 0.0, high))
        inside = (index > 0) & (index < z.size) & (high - low > 1e-14 * high)
        if not np.any(inside):
            return np.asarray(result)
        a, b, target = low[inside], high[inside], wanted[inside]
        x = np.sqrt(a * b)
        for _ in range(_STEPS):
            _, first, second = self.derivatives(x)
            value = -first - target  # falls in x
            a, b = np.where(value > 0, x, a), np.where(value > 0, b, x)
            with np.errstate(all="ignore"):
                # Newton in log z for the logarithm of the slope: straight for powers
                step = x * np.exp(np.clip(-np.log(-first / target) * first / (x * second), -9, 9))
            x = np.where((step >= a) & (step <= b), step, np.sqrt(a * b))
        result = np.asarray(result)
        result[inside] = x
        return result

    def solve(self, p: Array, multiplicity: Array, *, second: bool = True) -> Optimum:
        """The optimum for each distribution of the batch; without its Hessian unless ``second``."""
        p, multiplicity = (np.asarray(a, dtype=float) for a in np.broadcast_arrays(p, multiplicity))
        shape = p.shape
        p, weight = (
            p.reshape(-1, shape[-1]),
            np.where(p > 0, multiplicity, 0.0).reshape(-1, shape[-1]),
        )
        z = self._shares(p, weight)
        value, first, bend = self.derivatives(np.maximum(z, VANISHING))
        with np.errstate(all="ignore"):
            risk = np.sum(np.where(weight > 0, weight * p * value, 0.0), axis=-1)
        residual = np.abs(np.sum(weight * z, axis=-1) - 1.0)
        residual = np.where(np.isfinite(risk), residual, np.inf)
        hessian = np.zeros((*p.shape[:-1], 0, 0))
        if second:
            hessian = self._hessian(p, weight, z, first, bend)
        scores = np.maximum(np.log(np.maximum(z, VANISHING)), _LOWEST)
        scores = scores * float(self.separable.temperature)
        return Optimum(
            risk.reshape(shape[:-1]),
            value.reshape(shape),
            scores.reshape(shape),
            hessian.reshape(*shape[:-1], *hessian.shape[1:]),
            residual.reshape(shape[:-1]),
        )

    def _shares(self, p: Array, weight: Array) -> Array:
        """The z_i (N, G): the multiplier by bisection of its logarithm on the table, then by the
        exact places.
        """
        z, slope = self.table
        positive = slope[slope > 0]
        least = np.log(positive[0] if positive.size else 1.0)
        with np.errstate(divide="ignore"):
            log_p = np.where(weight > 0, np.log(p), -np.inf)
        top = log_p.max(axis=-1)
        bottom = np.where(np.isneginf(log_p), np.inf, log_p).min(axis=-1)
        low = bottom + min(least, 0.0) - 80.0
        high = top + np.log(max(slope[-1], 1e-300)) + 1.0

        def total(log_mu: Array, side: str) -> tuple[Array, Array]:
            with np.errstate(over="ignore"):
                wanted = np.exp(log_mu[:, None] - log_p)
            places = np.where(weight > 0, self._places(wanted, side), 0.0)
            return np.sum(weight * places, axis=-1), places

        rough_slope = np.concatenate([[0.0], slope])
        rough_place = np.concatenate([[1.0], z])
        for _ in range(30):  # on the table, to a cell or two
            middle = (low + high) / 2
            with np.errstate(over="ignore"):
                wanted = np.minimum(np.exp(middle[:, None] - log_p), 1e300)
            places = np.where(wanted > slope[-1], 0.0, np.interp(wanted, rough_slope, rough_place))
            enough = np.sum(weight * places, axis=-1) >= 1.0
            low, high = np.where(enough, middle, low), np.where(enough, high, middle)
        low, high = low - 0.1, high + 0.1
        return self._exact(total, low, high)

    def _exact(self, total: object, low: Array, high: Array) -> Array:
        at: object = total
        assert callable(at)
        (many, upper), (few, lower) = at(low, "high"), at(high, "low")
        wider = np.full(low.shape, 1.0)
        for _ in range(12):
            bad_low, bad_high = many < 1.0, few > 1.0
            if not np.any(bad_low | bad_high):
                break
            low, high = np.where(bad_low, low - wider, low), np.where(bad_high, high + wider, high)
            wider = 2 * wider
            (many, upper), (few, lower) = at(low, "high"), at(high, "low")
        above, below = many - 1.0, few - 1.0  # the stale one is halved (Illinois)
        open_ = np.ones(low.shape, dtype=bool)
        for i in range(_SEARCH):
            open_ &= (high - low > 4e-16 * np.maximum(1.0, np.abs(high))) & (many - few > 1e-15)
            if not np.any(open_):
                break
            with np.errstate(all="ignore"):
                middle = low + (high - low) * above / (above - below)
            centre = (low + high) / 2
            middle = np.where((i % 4 == 3) | ~((middle > low) & (middle < high)), centre, middle)
            value, places = at(middle, "high")
            enough = value >= 1.0
            low, many = np.where(enough, middle, low), np.where(enough, value, many)
            upper = np.where(enough[:, None], places, upper)
            above = np.where(enough, value - 1.0, above / 2)
            if self.irregular:
                value, places = at(middle, "low")
            # the choices of this multiplier surround the total, or it is met up to rounding
            met = enough & (value <= 1.0 + 4e-16)
            less = ~enough | met
            high, few = np.where(less, middle, high), np.where(less, value, few)
            lower = np.where(less[:, None], places, lower)
            below = np.where(less, value - 1.0, below / 2)
            open_ &= ~met
        with np.errstate(all="ignore"):
            share = np.where(many - few > 0, (1.0 - few) / (many - few), 0.0)
        return np.asarray(lower + np.clip(share, 0.0, 1.0)[:, None] * (upper - lower))

    @staticmethod
    def _hessian(p: Array, weight: Array, z: Array, first: Array, bend: Array) -> Array:
        free = (z > 0) & (z < 1) & (weight > 0) & (bend > 0)
        with np.errstate(all="ignore"):
            curvature = np.where(free, 1.0 / (p * bend), 0.0)
        a = weight * curvature * first
        total = np.sum(weight * curvature, axis=-1)[..., None, None]
        outer = a[..., :, None] * a[..., None, :]
        hessian = np.where(total > 0, outer / np.where(total > 0, total, 1.0), 0.0)
        index = np.arange(p.shape[-1])
        hessian[..., index, index] -= a * first
        return hessian


@dataclass(frozen=True)
class WaterFilling:
    """``min sum_i p_i g(z_i)`` over the simplex, g strictly convex with a finite slope at 0.

    Labels with ``-p_i g'(0) <= mu`` get z = 0, so the optimality conditions of `SeparableSoftmax`
    fail for them. Here mu is bisected, and the inverse of -g' is read off a table and polished by
    Newton steps.
    """

    separable: Separable
    nodes: int = 4001

    @cached_property
    def _table(self) -> tuple[Array, Array]:
        """Slopes -g' in increasing order, and where they are taken."""
        z = np.linspace(1.0, 0.0, self.nodes) ** 2
        z[-1] = VANISHING
        return -self._derivatives(z)[1], z

    def _derivatives(self, z: Array) -> tuple[Array, Array, Array]:
        jet = self.separable.term(Jet.variable(z), _JETS)
        return jet.value, jet.gradient[..., 0], jet.hessian[..., 0, 0]

    def _shares(self, p: Array, mu: Array) -> Array:
        """z_i for every label, between 0 (slope too small) and 1."""
        slopes, places = self._table
        with np.errstate(all="ignore"):
            wanted = mu[..., None] / p
            z = np.interp(wanted, slopes, places)
            inside = (wanted > slopes[0]) & (wanted < slopes[-1])
            for _ in range(3):
                _, first, second = self._derivatives(np.maximum(z, VANISHING))
                z = np.where(inside, np.clip(z + (-first - wanted) / second, 0.0, 1.0), z)
        return np.where(
            wanted >= slopes[-1], 0.0, np.where(wanted <= slopes[0], 1.0, np.nan_to_num(z))
        )

    def solve(self, p: Array, multiplicity: Array, *, second: bool = True) -> Optimum:
        """The optimum for each distribution of the batch; without its Hessian unless ``second``."""
        p, multiplicity = np.broadcast_arrays(p, multiplicity)
        weight = np.where(p > 0, multiplicity, 0.0)
        low = np.zeros(p.shape[:-1])
        high = p.max(axis=-1) * self._table[0][-1]
        for _ in range(60):
            mu = (low + high) / 2
            enough = np.sum(weight * self._shares(p, mu), axis=-1) >= 1.0
            low, high = np.where(enough, mu, low), np.where(enough, high, mu)
        z = self._shares(p, (low + high) / 2)
        value, first, bend = self._derivatives(np.maximum(z, VANISHING))
        residual = np.abs(np.sum(weight * z, axis=-1) - 1.0)
        free = (z > 0) & (z < 1) & (weight > 0)
        hessian = np.zeros((*p.shape[:-1], 0, 0))
        if second:
            with np.errstate(all="ignore"):
                curvature = np.where(free, 1.0 / (p * bend), 0.0)
                a = weight * curvature * first
                total = np.sum(weight * curvature, axis=-1)
                hessian = np.where(
                    total[..., None, None] > 0,
                    a[..., :, None] * a[..., None, :] / total[..., None, None],
                    0.0,
                )
            index = np.arange(p.shape[-1])
            hessian[..., index, index] -= a * first
        scores = np.maximum(np.log(np.maximum(z, VANISHING)), _LOWEST) * float(
            self.separable.temperature
        )
        return Optimum(np.sum(weight * p * value, axis=-1), value, scores, hessian, residual)
