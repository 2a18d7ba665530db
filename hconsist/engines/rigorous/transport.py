"""Best-in-class risks of LDR losses: scores from above, transport plans from below.

``C(s, p) = sum_y p_y lam log sum_k exp((c [k != y] + s_k - s_y)/lam)`` is at least, for any
conditional distributions Q_y,
``sum_y p_y (sum_k Q_yk (c [k != y] + s_k - s_y) + lam H(Q_y))``. Where the plan M_yk = p_y Q_yk has
both marginals p, the scores cancel and what is left bounds ``C*(p)`` below: a dual certificate,
made exact in rationals.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np

from hconsist.arithmetic import BALLS
from hconsist.arithmetic.exact import Value
from hconsist.engines.rigorous.risk import Counts, Values, mean_of_groups
from hconsist.losses.forms import Transport

if TYPE_CHECKING:
    from flint import arb


@dataclass(frozen=True)
class ScorePoint:
    """Scores, one a group, and the losses of the groups there; None for groups of probability zero,
    which are left out.
    """

    coordinates: tuple[Fraction, ...]
    terms: tuple[Value, ...]


class TransportRisk:
    """Conditional risks of an LDR loss.

    Parameters
    ----------
    form : Transport
        With rational parameters.
    """

    def __init__(self, form: Transport) -> None:
        self.form = form
        self.lam, self.c, self.scale = (Fraction(v) for v in (form.lam, form.c, form.scale))
        self._points: dict[tuple[Values, Counts], ScorePoint] = {}
        self._bounds: dict[tuple[Values, Counts], tuple[arb, arb]] = {}

    def at(self, point: ScorePoint, values: Values, counts: Counts) -> arb:
        """``C(s, p)`` as a ball, linear in p."""
        return mean_of_groups(values, counts, point.terms)

    def optimum(self, values: Values, counts: Counts) -> ScorePoint:
        """Nearly optimal scores."""
        key = (values, counts)
        if key not in self._points:
            groups = [i for i, p in enumerate(values) if p and counts[i]]
            p = np.array([float(values[i]) for i in groups for _ in range(counts[i])])
            owners = [i for i in groups for _ in range(counts[i])]
            scores = [Fraction(float(s)) for s in self._newton(p)]
            first = {
                i: scores[owners.index(i)] for i in groups
            }  # labels of a group share one score exactly
            labels = np.array([BALLS.const(first[i]) for i in owners], dtype=object)
            losses = self.form.losses(labels, BALLS)
            terms = {i: losses[owners.index(i)] for i in groups}
            coordinates = tuple(first.get(i, Fraction(0)) for i in range(len(values)))
            self._points[key] = ScorePoint(
                coordinates, tuple(terms.get(i) for i in range(len(values)))
            )
        return self._points[key]

    def best_in_class(self, values: Values, counts: Counts) -> tuple[arb, arb]:
        """Balls below and above ``C*(p)``."""
        key = (values, counts)
        if key not in self._bounds:
            point = self.optimum(values, counts)
            groups = [i for i, p in enumerate(values) if p and counts[i]]
            p = [values[i] for i in groups for _ in range(counts[i])]
            s = np.array([float(point.coordinates[i]) for i in groups for _ in range(counts[i])])
            self._bounds[key] = self._dual(p, s), self.at(point, values, counts)
        return self._bounds[key]

    def _rows(self, s: np.ndarray) -> np.ndarray:
        """Q_yk at scores s."""
        c, lam = float(self.c), float(self.lam)
        exponents = (c * (1 - np.eye(s.size)) + s[None, :]) / lam
        weights = np.exp(exponents - exponents.max(axis=1, keepdims=True))
        return np.asarray(weights / weights.sum(axis=1, keepdims=True))

    def _newton(self, p: np.ndarray) -> np.ndarray:
        """Newton's method with the step halved while the gradient grows, first score 0."""
        lam = float(self.lam)
        s = lam * np.log(p / p[0])

        def gradient(t: np.ndarray) -> np.ndarray:
            return np.asarray(p @ self._rows(t) - p)

        g = gradient(s)
        for _ in range(100):
            if s.size == 1 or np.abs(g).max() < 3e-16:
                break
            rows = self._rows(s)
            curvature = (np.diag(p @ rows) - (rows * p[:, None]).T @ rows) / lam
            step = np.zeros_like(s)
            step[1:] = np.linalg.lstsq(curvature[1:, 1:], g[1:], rcond=None)[0]
            size, after = 1.0, gradient(s - step)
            while np.abs(after).max() > np.abs(g).max() and size > 1e-6:
                size /= 2
                after = gradient(s - size * step)
            if np.abs(after).max() > 0.9 * np.abs(g).max() and np.abs(g).max() < 1e-13:
                break  # rounding noise
            s, g = s - size * step, after
        return np.asarray(s)

    def _dual(self, p: list[Fraction], s: np.ndarray) -> arb:
        """The dual value of a plan with both marginals p."""
        n = len(p)
        rows = self._rows(s)
        plan = [
            [p[y] * Fraction(float(rows[y, k])) if k != y else Fraction(0) for k in range(n)]
            for y in range(n)
        ]
        for y in range(n):
            plan[y][y] = p[y] - sum(plan[y], Fraction(0))
        excess = [sum((plan[y][k] for y in range(n)), Fraction(0)) - p[k] for k in range(n)]
        for k in range(
            n
        ):  # move what column k has too much, along its own row, to columns that miss it
            for other in range(n):
                if excess[k] > 0 > excess[other]:
                    moved = min(excess[k], -excess[other])
                    plan[k][k] -= moved
                    plan[k][other] += moved
                    excess[k] -= moved
                    excess[other] += moved
        if any(excess) or min(min(row) for row in plan) < 0:
            return BALLS.const(0)  # every LDR loss is non-negative
        total, lam = BALLS.const(0), BALLS.const(self.lam)
        for y in range(n):
            for k in range(n):
                if plan[y][k]:
                    m = BALLS.const(plan[y][k])
                    gain = BALLS.const(self.c) if k != y else BALLS.const(0)
                    total = total + m * (gain - lam * BALLS.log(m / BALLS.const(p[y])))
        return BALLS.const(self.scale) * total
