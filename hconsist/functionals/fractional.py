"""Metrics that are a ratio of linear functions of the true and the predicted positives: F-measures,
Jaccard.

    metric(h) = (a0 + a1 TP + a2 P) / (b0 + b1 TP + b2 P),   TP = E[h eta],  P = E[h].

With F the best value, h predicts positive where (a1 - F b1) eta + a2 - F b2 > 0: above a threshold
(Dinkelbach). The plug-in predicts where the forecast is above it, so a wrong decision at eta costs
at least kl(eta; threshold) of cross-entropy. Which distributions of eta and which wrong decisions
lose R of the metric at the least cost is, for given F, a linear program over measures.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linprog, minimize_scalar

from hconsist.arithmetic.exact import Value
from hconsist.functionals.shares import share_of_positives

Array = NDArray[np.float64]


@dataclass(frozen=True)
class RatioWitness:
    """Atoms of a distribution with the decisions of a predictor.

    Parameters
    ----------
    weights, eta : tuple of float
    decisions : tuple of int
    excess : float
        Cross-entropy excess of forecasts at the threshold where the decision is wrong, and equal to
        eta elsewhere.
    regret : float
        Best metric minus metric, both evaluated from the definition.
    """

    weights: tuple[float, ...]
    eta: tuple[float, ...]
    decisions: tuple[int, ...]
    excess: float
    regret: float


@dataclass(frozen=True)
class LinearFractional:
    """A ratio metric at a known share of positives.

    Parameters
    ----------
    prior : Fraction
        The share of positives, in (0, 1).
    numerator, denominator : triples of numbers
        Coefficients of 1, TP and P.

    Examples
    --------
    >>> f1 = LinearFractional.f_measure("1/2")
    >>> round(f1.metric([1.0], [0.5], [1]), 6)  # predict all positive: 2 pi / (pi + 1)
    0.666667
    """

    prior: Fraction
    numerator: tuple[float, float, float]
    denominator: tuple[float, float, float]

    def __post_init__(self) -> None:
        object.__setattr__(self, "prior", share_of_positives(self.prior))

    @classmethod
    def f_measure(cls, prior: Value, beta: float = 1.0) -> LinearFractional:
        """F_beta = (1 + beta^2) TP / (beta^2 pi + P)."""
        share, s = share_of_positives(prior), beta**2
        return cls(share, (0.0, 1 + s, 0.0), (s * float(share), 0.0, 1.0))

    @classmethod
    def jaccard(cls, prior: Value) -> LinearFractional:
        """TP / (pi + P - TP)."""
        share = share_of_positives(prior)
        return cls(share, (0.0, 1.0, 0.0), (float(share), -1.0, 1.0))

    def metric(self, weights: Value, eta: Value, decisions: Value) -> float:
        """The value for atoms, from the definition."""
        w, e, h = (np.asarray(v, dtype=float) for v in (weights, eta, decisions))
        tp, positive = float(w @ (h * e)), float(w @ h)
        top, bottom = (
            c[0] + c[1] * tp + c[2] * positive for c in (self.numerator, self.denominator)
        )
        return top / bottom

    def line(self, level: float) -> tuple[float, float, float]:
        """numerator - level * denominator: coefficients of 1, TP and P."""
        c = [a - level * b for a, b in zip(self.numerator, self.denominator, strict=True)]
        return c[0], c[1], c[2]

    def threshold(self, best: float) -> float:
        """Where the best predictor changes its decision."""
        _, slope, offset = self.line(best)
        return -offset / slope

    def best(self, weights: Value, eta: Value) -> float:
        """The best value for a distribution, by Dinkelbach's iteration."""
        w, e = np.asarray(weights, dtype=float), np.asarray(eta, dtype=float)
        level = 0.0
        for _ in range(100):
            _, slope, offset = self.line(level)
            improved = self.metric(w, e, slope * e + offset > 0)
            if improved <= level + 1e-15:
                return level
            level = improved
        return level

    def bound(self, excess: float) -> float:
        """A proven bound on the regret: sqrt(2 eps) times the steepest slope over the least
        denominator.

        With F the best value, F - metric = E[1(wrong) |slope (eta - threshold)|] / denominator, and
        by Pinsker and Jensen E[1(wrong) |eta - threshold|] <= sqrt(eps / 2).

        >>> round(LinearFractional.f_measure("1/2").bound(0.01), 6)  # sqrt(2 eps) / pi
        0.282843
        """
        pi = float(self.prior)
        ends = [(0.0, 0.0), (pi, pi), (pi, 1.0), (0.0, 1 - pi)]
        least = min(
            self.denominator[0] + self.denominator[1] * tp + self.denominator[2] * p
            for tp, p in ends
        )
        slope = max(abs(self.line(level)[1]) for level in (0.0, 1.0))
        return min(slope * float(np.sqrt(excess / 2)) / least, 1.0)

    def smallest_excess(self, regret: float, grid: int = 300) -> RatioWitness | None:
        """The least cross-entropy excess at which so much of the metric can be lost: an estimate,
        by a linear program over measures on a grid of eta for each best value; None where no
        distribution loses so much.
        """

        def value(best: float) -> float:
            found = self._program(best, regret, grid)
            return np.inf if found is None else found[0]

        top = 1.0
        candidates = np.linspace(regret + 1e-6, top, 60)
        values = [value(float(v)) for v in candidates]
        i = int(np.argmin(values))
        if not np.isfinite(values[i]):
            return None
        low, high = candidates[max(i - 1, 0)], candidates[min(i + 1, 59)]
        found = minimize_scalar(value, bounds=(low, high), method="bounded",
                                options={"xatol": 1e-7})  # fmt: skip
        best = float(found.x) if found.fun < values[i] else float(candidates[i])
        solution = self._program(best, regret, grid)
        assert solution is not None
        excess, weights, eta, decisions = solution
        kept = weights > 1e-12
        w, e, h = weights[kept] / weights[kept].sum(), eta[kept], decisions[kept]
        lost = self.best(w, e) - self.metric(w, e, h)
        return RatioWitness(tuple(w), tuple(e), tuple(map(int, h)), excess, lost)

    def _program(
        self, best: float, regret: float, grid: int
    ) -> tuple[float, Array, Array, Array] | None:
        threshold = self.threshold(best)
        if not 0 < threshold < 1:
            return None
        near = threshold + np.sign(np.linspace(-1, 1, grid)) * np.linspace(-1, 1, grid) ** 2
        eta = np.unique(np.clip(np.concatenate([np.linspace(0, 1, grid), near, [threshold]]), 0, 1))
        both = np.concatenate([eta, eta])
        decisions = np.concatenate([np.zeros_like(eta), np.ones_like(eta)])
        constant, slope, offset = self.line(best)
        gain = slope * both + offset
        wrong = (gain > 0) != (decisions > 0)
        with np.errstate(all="ignore"):
            kl = _xlogy(both, threshold) + _xlogy(1 - both, 1 - threshold)
        lower = self.line(best - regret)
        found = linprog(
            np.where(wrong, kl, 0.0),
            A_eq=[np.ones_like(both), both, np.maximum(gain, 0)],
            b_eq=[1, float(self.prior), -constant],
            A_ub=[decisions * (lower[1] * both + lower[2])],
            b_ub=[-lower[0]],
            method="highs",
        )
        if found.status != 0:
            return None
        return max(float(found.fun), 0.0), found.x, both, decisions


def _xlogy(x: Array, y: float) -> Array:
    return np.where(x > 0, x * np.log(x / y), 0.0)
