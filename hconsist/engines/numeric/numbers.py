"""Targets whose prediction is a number: the mean of a forecast, or the score itself.

*Squared error, a forecast's mean.* The regret is (<c, q> - <y, p>)^2, c the bins and y the labels:
two convex programs, one a sign. *Absolute error, a forecast's mean.* For a mean h and a median k
the regret is <p, |h - y| - |k - y|>, and for cross-entropy the least KL(p; q) over <c, q> = h is
the dual of plug-in forecasts with the two-atom forecasts of mean h as vertices; h is searched on a
line. *The score itself.* For a score h the regret is linear in p, or a square with two signs, and
the least surrogate regret over p is a linear program with cuts of C*; h is searched on a line.
Where labels are symmetric around their mean their distribution is a mixture of pairs of points, in
which the surrogate regret is linear: the least is that of one pair.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from math import sqrt

import numpy as np
from numpy.typing import NDArray

from hconsist.arithmetic import NUMPY
from hconsist.decisions import Distance
from hconsist.engines.numeric.cones import Coordinates, DirectionProgram, divergence
from hconsist.engines.numeric.linear import above_cuts, with_regret
from hconsist.engines.numeric.plugin import FAR, primal, top
from hconsist.engines.numeric.pruning import level as level_of
from hconsist.pointwise import PointwiseProblem

Array = NDArray[np.float64]

#: Scores on a line to begin with, and rounds of finer lines around the best.
_LINE, _ROUNDS = 61, 13


@dataclass(frozen=True)
class NumberSolution:
    """T at one beta: value, distribution, scores of the prediction, best scores, the number."""

    value: float
    p: Array
    scores: Array
    best: Array
    number: float


def distance(problem: PointwiseProblem) -> Distance:
    """The costs of numbers of a problem that predicts one."""
    found = problem.decision.numbers
    assert found is not None
    return found


def centres(problem: PointwiseProblem) -> Array:
    """Where the bins of the forecast are: the labels' points, unless the loss has its own."""
    own = problem.decision.centres
    return distance(problem).positions if own is None else np.array([float(v) for v in own])


class Means:
    """Forecasts whose mean is the prediction, squared error."""

    def __init__(self, problem: PointwiseProblem, coordinates: Coordinates) -> None:
        self.c, self.y = centres(problem), distance(problem).positions
        self.coordinates = coordinates
        self._program = DirectionProgram(coordinates, np.zeros((0, 0)))

    def smallest_regret(self, beta: float) -> NumberSolution | str | None:
        """T(beta); a string where the solver failed."""
        best: NumberSolution | None = None
        for sign in (1.0, -1.0):
            level = sqrt(beta)
            status, _, _ = self._program.solve(-sign * self.y, sign * self.c, level)
            if status == "infeasible":
                continue
            if not status.startswith("optimal"):
                return status
            found = self._repaired(*self._program.point(), sign, level)
            if found is not None and (best is None or found.value < best.value):
                best = found
        return best

    def _repaired(self, p: Array, v: Array, sign: float, level: float) -> NumberSolution | None:
        p, v = np.maximum(p, 0.0), np.maximum(v, 0.0)
        p[p < 1e-12], v[v < 1e-14] = 0.0, 0.0
        p, v = p / p.sum(), v / v.sum()
        end = int(np.argmax(sign * self.c))
        short = level - sign * float(self.c @ v - self.y @ p)
        if short > 0:
            room = sign * float(self.c[end] - self.c @ v)
            if room < short:
                return None
            v = (1 - short / room) * v
            v[end] += short / room
        at = self.coordinates
        w = at.weights @ p
        value = at.scale * divergence(at, w, v)
        return NumberSolution(value, p, at.scores(v), at.scores(w), float(self.c @ v))


class AbsoluteOfMeans:
    """Cross-entropy forecasts of the labels whose mean is the prediction, absolute error."""

    def __init__(self, problem: PointwiseProblem, coordinates: Coordinates) -> None:
        self.y, self.coordinates = distance(problem).positions, coordinates

    def smallest_regret(self, beta: float) -> NumberSolution | None:
        """T(beta): the best mean on finer and finer lines, the best median."""
        low, high = float(self.y[0]), float(self.y[-1])
        best: tuple[float, float] | None = None
        step = (high - low) / (_LINE - 1)
        line = np.linspace(low, high, _LINE)
        for _ in range(_ROUNDS):
            for h in line:
                found = self._at(float(h), beta)
                if found is not None and (best is None or found.value < best[0]):
                    best = found.value, float(h)
            if best is None:
                return None
            step, around = step / 4, best[1]
            line = np.clip(around + step * np.arange(-4, 5), low, high)
        assert best is not None
        return self._at(best[1], beta)

    def _at(self, h: float, beta: float) -> NumberSolution | None:
        y = self.y
        left, right = (np.flatnonzero(s * (y - h) >= 0) for s in (-1, 1))
        vertices = []
        for i, j in product(left, right):
            v = np.zeros(y.size)
            share = 1.0 if i == j or y[j] == y[i] else (y[j] - h) / (y[j] - y[i])
            v[i] += share
            v[j] += 1 - share
            vertices.append(v)
        atoms, best = np.array(vertices), None
        for k in y:
            d = np.abs(h - y) - np.abs(k - y)
            reached = float(level_of(d.max(), beta))
            if np.isinf(reached):
                continue
            lam = top(atoms, d, reached, 0.0, FAR / max(float(np.ptp(d)), 1e-300))
            found = primal(atoms, d, reached, lam)
            if found is not None and (best is None or found[0] < best[0]):
                best = found
        if best is None:
            return None
        value, p, q = best
        scores = self.coordinates.scores
        return NumberSolution(self.coordinates.scale * max(value, 0.0), p, scores(q), scores(p), h)


class Values:
    """Losses of the predicted number itself."""

    def __init__(self, problem: PointwiseProblem) -> None:
        self.problem, self.distance = problem, distance(problem)
        self.y = self.distance.positions
        self.low, self.high = float(self.y[0]), float(self.y[-1])
        self._cuts = self.losses(np.linspace(self.low, self.high, 65))

    def losses(self, h: Array) -> Array:
        """(...) to (..., labels)."""
        return np.asarray(self.problem.surrogate.losses(np.asarray(h)[..., None], NUMPY))

    def best(self, p: Array) -> tuple[float, float]:
        """The least risk and its score: convex losses, on finer and finer lines."""
        low, high = self.low, self.high
        for _ in range(12):
            line = np.linspace(low, high, 33)
            risk = self.losses(line) @ p
            i = int(np.argmin(risk))
            low, high = line[max(i - 1, 0)], line[min(i + 1, 32)]
        return float(risk[i]), float(line[i])

    def smallest_regret(self, beta: float) -> NumberSolution | None:
        """T(beta)."""
        return self._symmetric(beta) if self.distance.symmetric else self._searched(beta)

    def _symmetric(self, beta: float) -> NumberSolution | None:
        """Two labels at equal distance from their mean, on the grid of points and middles."""
        best: NumberSolution | None = None
        n = self.y.size
        for i, j in product(range(n), repeat=2):
            mean = (self.y[i] + self.y[j]) / 2
            if i > j:
                continue
            p = np.zeros(n)
            p[i] += 0.5
            p[j] += 0.5
            for h in (mean - sqrt(beta), mean + sqrt(beta)):
                if not self.low - 1e-12 <= h <= self.high + 1e-12:
                    continue
                risk, free = self.best(p)
                if (value := float(self.losses(np.array(h)) @ p) - risk) < (
                    np.inf if best is None else best.value
                ):
                    best = NumberSolution(value, p, np.array([h]), np.array([free]), float(h))
        return best

    def _directions(self, h: float, beta: float) -> list[tuple[Array, float]]:
        """Linear conditions on p, one of which the regret beta at the score h is."""
        if self.distance.power == 2:
            return [(s * (h - self.y), sqrt(beta)) for s in (1.0, -1.0)]
        return [(np.abs(h - self.y) - np.abs(k - self.y), beta) for k in self.y]

    def _searched(self, beta: float) -> NumberSolution | None:
        line = np.linspace(self.low, self.high, _LINE)
        step = float(line[1] - line[0])
        best: tuple[float, float, int, Array] | None = None
        for round_ in range(_ROUNDS):
            for h in line:
                for which, (d, level) in enumerate(self._directions(float(h), beta)):
                    if d.max() < level or (round_ and best and which != best[2]):
                        continue
                    found = self._best_p(float(h), d, level, 1 if round_ == 0 else 6)
                    if found is not None and (best is None or found[0] < best[0]):
                        best = found[0], float(h), which, found[1]
            if best is None:
                return None
            if round_ == 0:  # cuts were few: look at the best point again
                best = (np.inf, *best[1:])
            step = step / 4
            line = np.clip(best[1] + step * np.arange(-4, 5), self.low, self.high)
        assert best is not None
        value, h, _, p = best
        return NumberSolution(value, p, np.array([h]), np.array([self.best(p)[1]]), h)

    def _best_p(self, h: float, d: Array, level: float, cuts: int) -> tuple[float, Array] | None:
        """The least regret of the score h over p: linear programs, with cuts of C* as needed."""
        losses = self.losses(np.array(h))
        best: tuple[float, Array] | None = None
        for _ in range(cuts):
            found = above_cuts(losses, self._cuts, d, level)
            if found is None:
                return best
            p = with_regret(found[1], d, level)
            risk, free = self.best(p)
            value = float(losses @ p) - risk
            if best is None or value < best[0]:
                best = value, p
            if value <= found[0] + 1e-12:
                break
            self._cuts = np.vstack([self._cuts, self.losses(np.array([free]))])
        return best
