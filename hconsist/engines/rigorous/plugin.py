"""Any finite costs, a cross-entropy forecast: T between a dual certificate and a rational witness.

With Q_r the forecasts that may lead to r, and d = L_r - L_{r*} (docs/targets.md, theorem 1):

*Below.* Rational lam >= 0, mu >= 0 and t with

    e^{lam d_y} <= t + sum_k mu_k (L_r - L_k)(y)    for every label y

prove E_q e^{lam d} <= t on Q_r, so T_{r,r*}(b) >= lam b - log t: one inequality a label, in
balls. Where t <= 0 is reached, Q_r is empty. Where lam and mu come from does not matter.

*Above.* A rational q in Q_r, checked exactly, and a rational p with <p, d> >= b.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linprog

from hconsist.arithmetic import BALLS, endpoints
from hconsist.decisions import Decision
from hconsist.errors import EngineCannotAnswerError
from hconsist.losses.cross_entropy import cross_entropy_scale
from hconsist.pointwise import UNREACHED, Answer, PointwiseProblem, Witness

Array = NDArray[np.float64]
Vector = tuple[Fraction, ...]

PLUG_IN = "plug-in theorem for cross-entropy (docs/targets.md, theorem 1)"

#: Ordered pairs of predictions at most.
_MOST_PAIRS = 4000
#: lam is searched up to this over the least gap below the largest cost difference.
_FAR = 80.0
_STEPS = 60


def transform(problem: PointwiseProblem, beta: Fraction, width: Fraction) -> Answer:
    """Enclose T(beta) for a forecast by cross-entropy and any finite costs.

    Raises
    ------
    EngineCannotAnswerError
        With what is missing.
    """
    scale = _checked(problem)
    if beta == 0:
        n = problem.n
        point = Witness((Fraction(1, n),) * n, (0.0,) * n, (_least(problem.decision),), 0.0)
        return Answer(0.0, Fraction(0), Fraction(0), point, "rigorous")
    known = pairs_at(problem.decision, beta)
    best, least = None, np.inf
    for pair in sorted(known, key=lambda pair: pair.by_range()[1]):
        value = pair.maximise(least)
        if value < least:
            best, least = pair, value
    lower = min((b for pair in known if (b := pair.certified()) is not None), default=None)
    if lower is None:
        return Answer(None, None, None, None, "rigorous", (PLUG_IN,), UNREACHED)
    lower = scale * max(lower, Fraction(0))
    found = best.witness() if best is not None else None
    if best is None or found is None:
        reason = "no rational forecast on the side of the upper bound was found"
        return Answer(float(lower), lower, None, None, "rigorous", (PLUG_IN,), reason)
    p, q = found
    upper = scale * divergence(p, q)
    logs = np.log(np.maximum(np.array([float(v) for v in q]), 1e-300))
    scores = float(problem.decision.temperature) * (logs - logs.max())
    witness = Witness(p, tuple(map(float, scores)), (best.item,), float(upper))
    reason = "" if upper - lower <= width else "the certificate and the witness do not meet"
    estimate = float((lower + upper) / 2)
    return Answer(estimate, lower, upper, witness, "rigorous", (PLUG_IN,), reason)


def missing(problem: PointwiseProblem) -> str:
    """Why the problem is not one of this kind; empty where it is."""
    decision = problem.decision
    if cross_entropy_scale(problem.surrogate) is None or problem.surrogate.scores_of != "labels":
        return "costs other than zero-one ones are enclosed for cross-entropy forecasts"
    if decision.predicts_numbers:
        return "the predictions are numbers, infinitely many"
    if problem.hypotheses.score_bound is not None or decision.size != 1:
        return "costs other than zero-one ones are enclosed for complete scores, one prediction"
    if decision.items * (decision.items - 1) > _MOST_PAIRS:
        return f"{decision.items} predictions have too many pairs"
    return ""


def _checked(problem: PointwiseProblem) -> Fraction:
    reason, scale = missing(problem), cross_entropy_scale(problem.surrogate)
    if reason or scale is None:
        said = f"{problem.surrogate.spec} and the target {problem.target}: {reason}"
        raise EngineCannotAnswerError("rigorous", said, "numeric")
    return scale


def _least(decision: Decision) -> int:
    rows = decision.finite.exact_rows()
    return min(range(len(rows)), key=lambda r: sum(rows[r], Fraction(0)))


def divergence(p: Vector, q: Vector) -> Fraction:
    """An upper bound of KL(p; q)."""
    total = BALLS.const(0)
    for x, y in zip(p, q, strict=True):
        if x:
            total = total + BALLS.const(x) * BALLS.log(BALLS.const(x / y))
    return endpoints(total)[1]


def pairs_at(decision: Decision, beta: Fraction) -> list[DualPair]:
    """The pairs whose cost difference reaches beta somewhere."""
    found = []
    for r in range(decision.items):
        region = Region(decision.exact_region(r))
        for s in range(decision.items):
            if s != r:
                d = tuple(decision.difference(r, s))
                if max(d) >= beta:
                    found.append(DualPair(r, region, d, beta))
    return found


class Region:
    """The forecasts that may lead to one prediction: ``rows q <= 0`` on the simplex."""

    def __init__(self, rows: Sequence[Sequence[Fraction]]) -> None:
        self.rows = [tuple(row) for row in rows if any(row)]
        self.floats = np.array([[float(v) for v in row] for row in self.rows])

    @cached_property
    def inside(self) -> Vector | None:
        """A forecast with room on all sides; None where there is none."""
        m, n = self.floats.shape
        size = np.abs(self.floats).max(axis=1)
        found = linprog(
            np.r_[np.zeros(n), -1.0],
            A_ub=np.block([[self.floats, size[:, None]], [-np.eye(n), np.ones((n, 1))]]),
            b_ub=np.zeros(m + n),
            A_eq=np.r_[np.ones(n), 0.0][None],
            b_eq=[1.0],
            bounds=[(0, 1)] * n + [(None, None)],
        )
        if found.status != 0 or found.x[-1] <= 1e-9:
            return None
        return distribution(found.x[:n])

    def holds(self, q: Vector) -> bool:
        """Whether a forecast lies in the region, exactly."""
        return all(
            sum((a * x for a, x in zip(row, q, strict=True)), Fraction(0)) <= 0 for row in self.rows
        )

    def near(self, q: Array) -> Vector | None:
        """A rational forecast in the region next to a float one."""
        short = distribution([Fraction(float(v)).limit_denominator(10**6) for v in q])
        if self.holds(short) and max(abs(float(a) - b) for a, b in zip(short, q, strict=True)) < (
            1e-13
        ):
            return short
        exact, inside = distribution(q), self.inside
        if inside is None:
            return None
        for power in (15, 14, 13, 12, 10, 8):
            share = Fraction(1, 10**power)
            mixed = tuple((1 - share) * a + share * b for a, b in zip(exact, inside, strict=True))
            if self.holds(mixed):
                return mixed
        return None


def distribution(values: Sequence[float | Fraction] | Array) -> Vector:
    """Rationals in proportion to the values, negative ones as 0, with sum 1."""
    exact = [max(Fraction(v), Fraction(0)) for v in values]
    total = sum(exact, Fraction(0))
    return tuple(v / total for v in exact)


@dataclass
class DualPair:
    """One prediction against another: its dual in lam, and the best points found."""

    item: int
    region: Region
    d: Vector
    beta: Fraction
    lam: float = 0.0

    def __post_init__(self) -> None:
        self.floats = np.array([float(v) for v in self.d])
        self.top = max(self.d)
        self.below = np.array([float(v - self.top) for v in self.d])
        self.vertices: list[Array] = []

    def by_range(self) -> tuple[float, float]:
        """The multiplier of theorem 2 and its bound: where the search starts."""
        a, g, b = -float(min(self.d)), float(self.top), float(self.beta)
        if a <= 0 or b >= g:
            return self.reach, 0.0
        x, y = (b + a) / (a + g), a / (a + g)
        lam = (np.log(x / y) - np.log((1 - x) / (1 - y))) / (a + g)
        bound = x * np.log(x / y) + (1 - x) * np.log((1 - x) / (1 - y))
        return float(min(lam, self.reach)), float(bound)

    @property
    def reach(self) -> float:
        """Beyond this lam the labels below the largest difference count for nothing."""
        gaps = -self.below[self.below < 0]
        return _FAR / float(gaps.min()) if gaps.size else 1.0

    def program(self, lam: float) -> tuple[float, Array, Array] | None:
        """``V(lam) e^{-lam max d} - 1`` with its forecast and multipliers; None where Q_r is empty.

        The program is about e^{lam (d - max d)} - 1 in its own scale: lam may be tiny.
        """
        m, n = self.region.floats.shape
        growth = np.expm1(lam * self.below)
        unit = float(np.abs(growth).max()) or 1.0
        found = linprog(
            np.r_[1.0, np.zeros(m)],
            A_ub=-np.column_stack([np.ones(n), self.region.floats.T]),
            b_ub=-growth / unit,
            bounds=[(None, None)] + [(0, None)] * m,
            options={"primal_feasibility_tolerance": 1e-10, "dual_feasibility_tolerance": 1e-10},
        )
        if found.status != 0:
            return None
        q = np.maximum(-found.ineqlin.marginals, 0.0)
        return unit * float(found.x[0]), q / q.sum(), unit * np.maximum(found.x[1:], 0.0)

    def maximise(self, limit: float) -> float:
        """The largest dual value, or one that reaches the limit; keeps lam and the forecasts."""
        low, high = 0.0, self.reach
        lam = self.by_range()[0]
        value = -np.inf
        for _ in range(_STEPS):
            found = self.program(lam)
            if found is None:
                self.lam = lam
                return np.inf
            level, q, _ = found
            self.vertices.append(q)
            weights = q * np.exp(lam * self.below)
            value = lam * float(self.beta - self.top) - np.log1p(max(level, -1 + 1e-16))
            self.lam = lam
            if value >= limit * (1 + 1e-7) + 1e-15:
                return float(value)
            slope = float(self.beta) - float(weights @ self.floats / weights.sum())
            low, high = (lam, high) if slope > 0 else (low, lam)
            following = self._top(low, high)
            if slope == 0 or abs(following - lam) <= 1e-15 * lam:
                break
            lam = following
        return float(value)

    def _top(self, low: float, high: float) -> float:
        """Where the least of the curves of the forecasts found so far is largest."""
        kept, b = np.array(self.vertices), float(self.beta)
        while high - low > 4e-16 * high:
            lam = (low + high) / 2
            weights = kept * np.exp(lam * self.below)
            total = weights.sum(axis=1)
            largest = int(np.argmax(total))
            slope = b - float(weights[largest] @ self.floats) / float(total[largest])
            low, high = (lam, high) if slope > 0 else (low, lam)
            if slope == 0 or not low < (low + high) / 2 < high:
                break
        return (low + high) / 2

    def chord(self, lam: Fraction) -> float:
        """Theorem 2's bound of log E e^{lam d}, as a float; infinite where it has none."""
        a, g, x = -float(min(self.d)), float(self.top), float(lam)
        if a <= 0:
            return np.inf
        return float(x * g + np.log((g * np.exp(-x * (a + g)) + a) / (a + g)))

    def moment(self, lam: Fraction) -> Fraction | None:
        """A proven upper bound of ``e^{-lam max d} E_q e^{lam d}`` over the forecasts that lead to
        the prediction; None where none does.
        """
        found = self.program(float(lam))
        rows = self.region.rows
        if found is None:  # multipliers that prove the region empty
            m, n = self.region.floats.shape
            empty = linprog(
                np.ones(m), A_ub=-self.region.floats.T, b_ub=-np.ones(n), bounds=[(0, None)] * m
            )
            multipliers = empty.x if empty.status == 0 else np.zeros(m)
        else:
            multipliers = found[2]
        mu = [max(Fraction(float(v)), Fraction(0)) for v in multipliers]
        combined = [
            sum((a * row[y] for a, row in zip(mu, rows, strict=True) if a), Fraction(0))
            for y in range(len(self.d))
        ]
        if found is None and min(combined) > 0:
            return None
        most = max(
            endpoints(BALLS.exp(BALLS.const(lam * (x - self.top))) - BALLS.const(c))[1]
            for x, c in zip(self.d, combined, strict=True)
        )
        return most if most > 0 else None

    def certified(self) -> Fraction | None:
        """A proven lower bound of T of the pair; None where no forecast leads to the prediction."""
        lam = Fraction(self.lam)
        most = self.moment(lam)
        if most is None:
            return None
        bound = BALLS.const(lam * (self.beta - self.top)) - BALLS.log(BALLS.const(most))
        return endpoints(bound)[0]

    def witness(self) -> tuple[Vector, Vector] | None:
        """A rational p with regret beta and a rational forecast that leads to the prediction."""
        q = self.region.near(self._mixed())
        if q is None:
            return None
        if self.beta == self.top:
            kept = [v if x == self.top else Fraction(0) for v, x in zip(q, self.d, strict=True)]
            if not any(kept):  # the forecasts that lead there rule out every label of that regret
                return None
            p = distribution(kept)
            return (p, q) if all(y or not x for x, y in zip(p, q, strict=True)) else None
        weights = np.array([float(v) for v in q]) * np.exp(self.lam * self.below)
        p = distribution(weights)
        reached = sum((a * x for a, x in zip(p, self.d, strict=True)), Fraction(0))
        if reached < self.beta:
            share = (self.beta - reached) / (self.top - reached)
            y = next((i for i, x in enumerate(self.d) if x == self.top and q[i]), None)
            if y is None:
                return None
            p = tuple((1 - share) * v + (share if i == y else 0) for i, v in enumerate(p))
        return p, q

    def _mixed(self) -> Array:
        """The forecasts on both sides of the best lam, mixed so that the tilted mean is beta."""
        kept = np.array(self.vertices)
        weights = kept * np.exp(self.lam * self.below)
        total = weights.sum(axis=1)
        slope = float(self.beta) - weights @ self.floats / total
        value = -np.log(total)
        close = np.flatnonzero(value <= value.min() + 1e-11)
        up = min(close, key=lambda i: (slope[i] < 0, slope[i]))
        down = max(close, key=lambda i: (slope[i] <= 0, slope[i]))
        if slope[up] > 0 > slope[down]:
            share = slope[up] / (slope[up] - slope[down])
            return np.asarray((1 - share) * kept[up] + share * kept[down])
        return np.asarray(kept[up])
