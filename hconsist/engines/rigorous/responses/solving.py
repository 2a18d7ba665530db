"""Where to look for a certificate: the best line at one vector of softmax values, in floats.

For softmax values S the least regret of a p with ``p(A) - p(B) >= b`` is, by duality, the largest
``slope b - offset`` for which some S' of the simplex has ``g(S'_y) <= g(S_y) + offset + tilt_y
slope`` for every label y. Nothing is proven here.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from hconsist.arithmetic import NUMPY
from hconsist.arithmetic.derivatives import FLOAT_JETS, Jets
from hconsist.arithmetic.floats import FLOATS
from hconsist.arithmetic.jet import variable

#: Logarithms of the softmax values of the table.
_LOGS = np.linspace(-92.0, 0.0, 2_301)
#: Softmax values are no less, in floats.
TINY = 1e-40
_FAILURES = (ValueError, OverflowError, ZeroDivisionError)


class Inverse:
    """The least u in (0, 1] with ``g(u) <= value`` for a non-increasing g, from a table of g and
    its slopes.
    """

    def __init__(self, term: Callable[..., Any]) -> None:
        self.term = term
        with np.errstate(all="ignore"):
            jet = term(variable(np.exp(_LOGS), 1), Jets(NUMPY))
            values = np.broadcast_to(np.asarray(jet.v, dtype=float), _LOGS.shape)
            rates = np.broadcast_to(np.asarray(jet.d1, dtype=float), _LOGS.shape) * np.exp(_LOGS)
            rates = np.where(rates < 0, 1 / rates, 0.0)
        kept = np.isfinite(values)
        self._z = _LOGS[kept][::-1].tolist()
        self._values = np.maximum.accumulate(values[kept][::-1]).tolist()
        self._rates = rates[kept][::-1].tolist()
        self.least, self.most = self._values[0], self._values[-1]
        self.steep = not self.value(0.0) < math.inf  # g has no end at 0, or none that is known

    def value(self, u: float) -> float:
        """g(u); infinite where floats cannot say it."""
        try:
            return float(self.term(u, FLOATS))
        except _FAILURES:
            return math.inf

    def fall(self, u: float) -> float:
        """-g'(u); 0 where it is not finite."""
        try:
            fall = -float(self.term(variable(min(u, 1.0), 1), FLOAT_JETS).d1)
        except _FAILURES:
            return 0.0
        return fall if math.isfinite(fall) else 0.0

    def __call__(self, value: float) -> tuple[float, float]:
        """u and its derivative; above 1 by what is missing where even g(1) is too large."""
        if value <= self.least:
            return 1.0 + self.least - value, -1.0
        if value >= self.most:
            return TINY, 0.0
        i = bisect_right(self._values, value) - 1
        low, high = self._values[i], self._values[i + 1]
        step = high - low
        t = (value - low) / step
        a, b = self._z[i], self._z[i + 1]
        slope = (b - a) / step
        # a cubic in the value, as steep at the ends as g says, if that is not steeper than monotone
        left, right = max(self._rates[i], 3 * slope), max(self._rates[i + 1], 3 * slope)
        one, two = left - slope, right - slope
        z = a + t * (b - a) + t * (1 - t) * step * (one * (1 - t) - two * t)
        rate = slope + one * (1 - t) * (1 - 3 * t) - two * t * (2 - 3 * t)
        u = math.exp(z)
        return u, u * min(rate, 0.0)

    def polished(self, value: float) -> float:
        """u alone, to rounding where g is smooth; at most 1."""
        u = min(max(self(value)[0], TINY), 1.0)
        try:
            for _ in range(2):
                jet = self.term(variable(u, 1), FLOAT_JETS)
                step = (jet.v - value) / jet.d1
                if not abs(step) < 1e-3 * u:
                    break
                u -= step
        except _FAILURES:
            pass
        return min(u, 1.0)


@dataclass
class Demand:
    """Labels of one softmax value: how many, g there, and their tilt."""

    weight: float
    value: float
    tilt: int


class LeastSum:
    """The best line at one vector of softmax values.

    Parameters
    ----------
    inverse : Inverse
    groups : list of list of list of Demand
        For each group its possible arrangements, of which the one that asks for most counts.
    floor : float
        The least ratio of two softmax values.
    """

    def __init__(self, inverse: Inverse, groups: list[list[list[Demand]]], floor: float) -> None:
        self.inverse, self.groups, self.floor = inverse, groups, floor

    def excess(self, slope: float, offset: float) -> tuple[float, float, float]:
        """What S' sums to, less 1, and its derivatives in slope and offset."""
        top = (0.0, 0.0, 0.0)
        found = []
        for arrangements in self.groups:
            options = []
            for entries in arrangements:
                labels = []
                for e in entries:
                    u, rate = self.inverse(e.value + offset + e.tilt * slope)
                    label = (u, rate * e.tilt, rate)
                    labels.append((e.weight, label))
                    top = max(top, label)
                options.append(labels)
            found.append(options)
        least = tuple(self.floor * x for x in top)
        total = [-1.0, 0.0, 0.0]
        for options in found:
            sums = []
            for labels in options:
                one = [0.0, 0.0, 0.0]
                for weight, label in labels:
                    chosen = max(label, least)
                    for i in range(3):
                        one[i] += weight * chosen[i]
                sums.append(one)
            best = max(sums)
            for i in range(3):
                total[i] += best[i]
        return total[0], total[1], total[2]

    def ease(self, beta: float, enough: float, near: float) -> tuple[float, float]:
        """The slope whose line through (beta, enough) asks for least, and what its answers sum to,
        less 1: below 0 where the regret is larger than ``enough``.
        """

        def rise(slope: float) -> tuple[float, float]:
            value, by_slope, by_offset = self.excess(slope, slope * beta - enough)
            return value, by_slope + beta * by_offset

        low, high, slope = (0.0, -1.0), None, near
        best = (math.inf, near)
        for i in range(40):
            value, by = rise(slope)
            best = min(best, (value, slope))
            if abs(by) < 1e-7:
                break
            if by > 0:
                high = (slope, by)
            else:
                low = (slope, by)
            if high is None:
                slope *= 2
                if slope > 1e9:
                    break
                continue
            (a, fa), (b, fb) = low, high
            if b - a < 1e-8 * b:
                break
            slope = (a + b) / 2 if i % 3 == 2 or a == 0 else a - fa * (b - a) / (fb - fa)
        return best[1], best[0]
