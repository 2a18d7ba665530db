"""Any finite costs, a cross-entropy forecast: T by a one-dimensional dual over linear programs.

Predicting r from the forecast q = softmax(scores / temperature) needs q in a polytope Q_r. The
surrogate regret is KL(p; q), jointly convex, so for each pair (r, r*) with cost difference
d = L_r - L_{r*} (docs/targets.md, theorem 1)

    T_{r,r*}(b) = max_{lam >= 0} lam b - log V(lam),
    V(lam) = max_{q in Q_r} sum_y q_y e^{lam d_y},

and T is the least of these. V is a linear program for each lam; its optimal vertices are collected,
and lam maximises the least of their curves, until the program has no better vertex.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from hconsist.decisions import Decision
from hconsist.engines.numeric.linear import simplex, status
from hconsist.engines.numeric.pruning import by_range, level, lower_bounds

if TYPE_CHECKING:
    import highspy

Array = NDArray[np.float64]

#: Relative distance of the dual value and the vertices' value at which a pair is done.
_CLOSE = 1e-13
#: lam times the range of the cost difference is searched up to here; beyond, e^{-FAR} is 0.
FAR = 700.0
_ROUNDS = 60
#: Rows of a polytope that its program is given at once, where a forecast breaks them.
_ROWS_AT_ONCE = 4
#: Ordered pairs from which on those of one prediction are bounded together first.
_MANY = 400


@dataclass(frozen=True)
class ForecastSolution:
    """T at one beta: its value, the distribution, the forecast and the item predicted."""

    value: float
    p: Array
    q: Array
    item: int


class PlugIn:
    """The pairs of predictions of one decision, for every beta.

    Examples
    --------
    >>> from hconsist.decisions import Ordinal
    >>> found = PlugIn(Ordinal().decision(3)).smallest_regret(1.0)
    >>> round(found.value, 10)  # T_1(1/2)
    0.1308120359
    """

    def __init__(self, decision: Decision) -> None:
        self.decision = decision
        self.costs = np.array(
            [
                [float(decision.costs.entry(r, y)) for y in range(decision.labels)]
                for r in range(decision.items)
            ]
        )
        self._programs: dict[int, ForecastProgram] = {}

    def program(self, item: int) -> ForecastProgram:
        """The polytope of forecasts that lead to an item."""
        if item not in self._programs:
            if self.decision.rule == "least expected cost":
                rows = np.delete(self.costs[item] - self.costs, item, axis=0)
            else:
                rows = np.delete(np.eye(len(self.costs)), item, axis=0)
                rows[:, item] -= 1
            self._programs[item] = ForecastProgram(rows)
        return self._programs[item]

    def smallest_regret(self, beta: float) -> ForecastSolution | None:
        """T(beta); None where no prediction has that regret at a finite surrogate regret."""
        items = len(self.costs)
        every = np.array([(r, s) for r in range(items) for s in range(items) if r != s])
        d = self.costs[every[:, 0]] - self.costs[every[:, 1]]
        bounds, multipliers = _ranges(d, beta)
        by_forecast = self.decision.rule == "least expected cost"
        if not by_forecast:  # the mean of d may be positive on Q_r
            bounds = np.where(np.isfinite(level(d.max(axis=1), beta)), 0.0, np.inf)
        pairs = _PairsOfForecasts(every, d, bounds, multipliers)
        best: ForecastSolution | None = None
        if len(every) < _MANY or not by_forecast:
            return self._best_of(pairs, beta, best, raise_them=False)
        groups = [pairs.of(r) for r in range(items)]
        for group in sorted(groups, key=lambda group: float(group.bounds.min())):
            best = self._best_of(group, beta, best, raise_them=True)
        return best

    def _best_of(
        self, pairs: _PairsOfForecasts, beta: float, best: ForecastSolution | None, raise_them: bool
    ) -> ForecastSolution | None:
        """The best of some pairs and of what is known, the pair with the lowest bound first.

        With `raise_them` the pairs are of one prediction, and their bounds are raised together as
        soon as there is a value to compare them with.
        """
        bounds = pairs.bounds.copy()
        while True:
            limit = np.inf if best is None else best.value
            i = int(np.argmin(bounds))
            if not bounds[i] < limit * (1 - 1e-12):
                return best
            item, other = (int(v) for v in pairs.which[i])
            if raise_them and best is not None:
                raise_them = False
                open_ = np.flatnonzero(bounds < limit)
                rows, others = self.costs[item] - self.costs, pairs.which[open_, 1]
                raised = lower_bounds(rows, others, pairs.d[open_], beta, limit)
                bounds[open_] = np.maximum(bounds[open_], raised)
                continue
            bounds[i] = np.inf
            program = self.program(item)
            reached = float(level(pairs.d[i].max(), beta))
            found = program.solve(other, pairs.d[i], reached, float(pairs.multipliers[i]), limit)
            if found is not None and found[0] < limit:
                best = ForecastSolution(found[0], found[1], found[2], item)


@dataclass(frozen=True)
class _PairsOfForecasts:
    """Ordered pairs of predictions: their cost differences, lower bounds of T, and multipliers from
    which to start.
    """

    which: NDArray[np.intp]
    d: Array
    bounds: Array
    multipliers: Array

    def of(self, item: int) -> _PairsOfForecasts:
        """Those of one prediction."""
        own = self.which[:, 0] == item
        return _PairsOfForecasts(
            self.which[own], self.d[own], self.bounds[own], self.multipliers[own]
        )


def _ranges(d: Array, beta: float) -> tuple[Array, Array]:
    """Theorem 2: a lower bound of T for each pair from the range of d alone, and its multiplier."""
    a, g = -d.min(axis=1), d.max(axis=1)
    reached = level(g, beta)
    kl, lam = by_range(a, g, reached)
    possible = np.isfinite(reached) & (a > 0) & (g > 0)
    kl = np.where(possible, np.maximum(kl, 0.0), np.inf)
    return kl, np.where(np.isfinite(lam), lam, FAR / np.maximum(a + g, 1e-300))


@dataclass
class ForecastProgram:
    """The forecasts in one polytope: ``rows @ q <= 0`` on the simplex."""

    rows: Array
    _lp: highspy.Highs = field(init=False)
    _waiting: NDArray[np.bool_] = field(init=False)
    _known: dict[int, Array] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        self._lp = lp = simplex()
        n = self.rows.shape[1]
        self.rows = self.rows / np.maximum(np.abs(self.rows).max(axis=1, keepdims=True), 1e-300)
        self._waiting = np.ones(len(self.rows), dtype=bool)
        for _ in range(n):
            lp.addVar(0.0, 1.0)
        lp.addRow(1.0, 1.0, n, np.arange(n, dtype=np.int32), np.ones(n))
        lp.setMaximize()

    def relaxed(self, objective: Array) -> Array | None:
        """A vertex of the rows that the program has so far; None where there is none."""
        n = objective.size
        scale = np.abs(objective).max() or 1.0
        self._lp.changeColsCost(n, np.arange(n, dtype=np.int32), objective / scale)
        self._lp.run()
        if status(self._lp) != "Optimal":
            return None
        q = np.maximum(np.array(self._lp.getSolution().col_value), 0.0)
        return np.asarray(q / q.sum())

    def add_violated(self, q: Array) -> bool:
        """Give the program the rows that a forecast breaks most; False where it breaks none."""
        excess = np.where(self._waiting, self.rows @ q, -np.inf)
        chosen = np.argsort(-excess)[:_ROWS_AT_ONCE]
        chosen = chosen[excess[chosen] > 1e-13]
        for row in self.rows[chosen]:
            index = np.flatnonzero(row).astype(np.int32)
            self._lp.addRow(-np.inf, 0.0, index.size, index, row[index])
        self._waiting[chosen] = False
        return bool(chosen.size)

    def solve(
        self, other: int, d: Array, beta: float, start: float, limit: float
    ) -> tuple[float, Array, Array] | None:
        """T of the pair with another item, with its p and q; None where it is not below the limit.

        V is the same for every beta, so the vertices of earlier ones are kept.
        """
        low, high = 0.0, FAR / max(float(np.ptp(d)), 1e-300)
        vertices = self._known.get(other, np.zeros((0, d.size)))
        lam = top(vertices, d, beta, low, high) if len(vertices) else min(start, high)
        for _ in range(_ROUNDS):
            while True:  # fewer rows allow more forecasts: a larger V, a lower bound of T
                q = self.relaxed(_growth(d, lam))
                if q is None:
                    return None
                value, slope = _curves(np.vstack([vertices, q]), d, beta, np.array([lam]))
                lower, known = float(value[-1, 0]), value[:-1, 0]
                if lower >= limit:
                    return None
                if not self.add_violated(q):
                    break
            vertices = self._known[other] = np.vstack([vertices, q])
            if known.size and known.min() - lower <= _CLOSE * max(abs(lower), 1e-12):
                break
            low, high = (lam, high) if slope[-1, 0] > 0 else (low, lam)
            lam = top(vertices, d, beta, low, high)
        return primal(vertices, d, beta, lam)


def _growth(d: Array, lam: float) -> Array:
    """e^{lam d} up to what does not move the optimum on the simplex, without overflow."""
    if lam * d.max() < 30:
        return np.asarray(np.expm1(lam * d))
    return np.asarray(np.exp(lam * (d - d.max())))


def _curves(vertices: Array, d: Array, beta: float, lam: Array) -> tuple[Array, Array]:
    """lam b - log sum_y q_y e^{lam d_y} and its slope: (vertices, labels), (lam,) to (vertices,
    lam).
    """
    top = np.where(vertices > 0, d, -np.inf).max(axis=1)
    t = lam[None, :, None]
    shifted = np.minimum(d - top[:, None], 0)[:, None, :]
    weights = vertices[:, None, :] * np.exp(t * shifted)
    total = weights.sum(axis=-1)
    slope = beta - weights @ d / total
    value = lam * (beta - top[:, None]) - np.log(total)
    near = np.abs(lam * np.abs(d).max()) < 1
    if near.any():  # no cancellation where the curve is small
        small = np.sum(vertices[:, None, :] * np.expm1(lam[near][None, :, None] * d), axis=-1)
        value[:, near] = lam[near] * beta - np.log1p(small)
    return value, slope


def top(vertices: Array, d: Array, beta: float, low: float, high: float) -> float:
    """Where the least of the concave curves of the vertices is largest, in [low, high]: the sign
    of its slope on finer and finer grids.
    """
    for _ in range(40):
        lam = np.linspace(low, high, 33)
        value, slope = _curves(vertices, d, beta, lam)
        slope = np.take_along_axis(slope, np.argmin(value, axis=0)[None], 0)[0]
        falls = np.flatnonzero(slope <= 0)
        if falls.size == 0:
            return high
        i = int(falls[0])
        if i == 0:
            return low
        low, high = float(lam[i - 1]), float(lam[i])
        if high - low <= 2e-16 * high:
            break
    return (low + high) / 2


def primal(vertices: Array, d: Array, beta: float, lam: float) -> tuple[float, Array, Array] | None:
    """The forecast that mixes two optimal vertices so that the tilted mean of d is b, and p."""
    value, slope = (v[:, 0] for v in _curves(vertices, d, beta, np.array([lam])))
    least = float(value.min())
    close = np.flatnonzero(value <= least + 1e-11 * max(abs(least), 1e-12))
    up = min(close, key=lambda i: (slope[i] < 0, slope[i]))
    down = max(close, key=lambda i: (slope[i] <= 0, slope[i]))
    q = vertices[up]
    if slope[up] > 0 > slope[down]:
        # Weighted by their sums V_i, which agree up to rounding, slopes mix linearly.
        share = slope[up] / (slope[up] - slope[down])
        q = (1 - share) * vertices[up] + share * vertices[down]
    top = float(d[q > 0].max())
    p = np.where(q > 0, q * np.exp(lam * np.minimum(d - top, 0)), 0.0)
    p = p / p.sum()
    short = beta - float(p @ d)
    if short > 0:  # rounding: lean on the label where d is largest
        most = int(np.argmax(np.where(q > 0, d, -np.inf)))
        room = float(d[most] - p @ d)
        if short > 1e-6 * max(1.0, beta) or room < short:
            return (least, p, q) if short <= 1e-9 else None
        p = (1 - short / room) * p
        p[most] += short / room
    return least, p, q
