"""Bipartite ranking: pairwise regrets against regrets of the classification loss (Mao, Mohri,
Zhong, ALT 2025, section 6; Agarwal, JMLR 2014).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from hconsist.arithmetic import exact
from hconsist.pointwise import PointwiseProblem
from hconsist.theorems.checks import CHECKS, Check, Verdict

Array = NDArray[np.float64]

_POINTS = 50_000


def _xlogx(x: Array) -> Array:
    return np.asarray(np.where(x > 0, x * np.log(np.where(x > 0, x, 1.0)), 0.0))


def _risk(loss: str, weights: tuple[Array, Array], margin: Array) -> Array:
    """Of weights on the margin and on its opposite."""
    phi: dict[str, Callable[[Array], Array]] = {
        "exponential": lambda v: np.exp(-v),
        "logistic": lambda v: np.logaddexp(0, -v),
        "hinge": lambda v: np.maximum(0, 1 - v),
        "squared": lambda v: (1 - v) ** 2,
    }
    return np.asarray(weights[0] * phi[loss](margin) + weights[1] * phi[loss](-margin))


def _best(loss: str, weights: tuple[Array, Array]) -> Array:
    """The least risk over all margins."""
    a, b = weights
    if loss == "exponential":
        return np.asarray(2 * np.sqrt(a * b))
    if loss == "logistic":
        return np.asarray(_xlogx(a + b) - _xlogx(a) - _xlogx(b))
    if loss == "hinge":
        return np.asarray(2 * np.minimum(a, b))
    return np.asarray(4 * a * b / np.maximum(a + b, 1e-300))


def _regret(loss: str, weights: tuple[Array, Array], margin: Array) -> Array:
    return np.asarray(np.maximum(_risk(loss, weights, margin) - _best(loss, weights), 0))


@CHECKS.register("pairwise-regret")
def pairwise(loss: str) -> Check:
    """Theorem 12: the regret of a pair is at most C(h, x') times the regret at x plus C(h, x) times
    the regret at x', C the conditional risk; at random points, half of them near the best scores.
    """

    def check(problem: PointwiseProblem) -> Verdict:
        del problem
        random = np.random.default_rng(0)
        eta = random.uniform(0.001, 0.999, (2, _POINTS))
        spread = random.choice([0.01, 0.3, 3.0], _POINTS)
        best = np.log(eta / (1 - eta)) / 2
        h = best + spread * random.normal(size=(2, _POINTS))
        sides = [(eta[i], 1 - eta[i]) for i in range(2)]
        pair = (eta[0] * (1 - eta[1]), eta[1] * (1 - eta[0]))
        left = _regret(loss, pair, h[0] - h[1])
        risks = [_risk(loss, sides[i], h[i]) for i in range(2)]
        regrets = [_regret(loss, sides[i], h[i]) for i in range(2)]
        right = risks[1] * regrets[0] + risks[0] * regrets[1]
        keep = right > 1e-9
        ratio = float(np.max(left[keep] / right[keep]))
        return (
            ratio <= 1 + 1e-6,
            1 - ratio,
            f"{keep.sum()} points: the largest ratio is {ratio:.6f}",
        )

    return check


@CHECKS.register("integrated-ranking")
def integrated(loss: str, factor: str, times: str = "2", attained: bool = False) -> Check:
    """Expected pairwise regret against times E[factor] times the expected regret, factor "risk",
    "accuracy" or "one", on random finite distributions of 2 to 6 points; attained where the ratio
    comes near 1.
    """
    multiple = float(exact(times, "times"))

    def check(problem: PointwiseProblem) -> Verdict:
        del problem
        random = np.random.default_rng(0)
        worst = 0.0
        for size in range(2, 7):
            count = _POINTS // 25
            w = random.dirichlet(np.ones(size), count)
            eta = random.uniform(0.01, 0.99, (count, size))
            unit = 2.0 if loss == "exponential" else 1.0
            noise = random.choice([0.05, 0.5, 3.0], (count, 1)) * random.normal(size=eta.shape)
            h = np.log(eta / (1 - eta)) / unit + noise
            pair = (
                eta[:, :, None] * (1 - eta[:, None, :]),
                eta[:, None, :] * (1 - eta[:, :, None]),
            )
            gaps = _regret(loss, pair, h[:, :, None] - h[:, None, :])
            left = np.einsum("ci,cj,cij->c", w, w, gaps)
            sides = (eta, 1 - eta)
            regret = np.sum(w * _regret(loss, sides, h), axis=1)
            terms = {
                "risk": _risk(loss, sides, h),
                "accuracy": np.maximum(eta, 1 - eta),
                "one": np.ones_like(eta),
            }
            right = multiple * np.sum(w * terms[factor], axis=1) * regret
            worst = max(worst, float(np.max(left[right > 1e-9] / right[right > 1e-9])))
        good = worst <= 1 + 1e-6 and (not attained or worst >= 0.98)
        return good, 1 - worst, f"{_POINTS // 5} distributions: ratio up to {worst:.6f}"

    return check


@CHECKS.register("ranking-calibration")
def calibration(loss: str) -> Check:
    """Theorem 11: the best scores at x and x' give the best score difference of the pair; at
    rational eta, in closed form.
    """
    import sympy

    unit = {"exponential": sympy.Rational(1, 2), "logistic": sympy.Integer(1)}[loss]

    def check(problem: PointwiseProblem) -> Verdict:
        del problem
        etas = [sympy.Rational(k, 10) for k in (1, 3, 5, 8)]
        worst = 0.0
        for eta in etas:
            for other in etas:
                difference = unit * (sympy.log(eta / (1 - eta)) - sympy.log(other / (1 - other)))
                a, b = eta * (1 - other), other * (1 - eta)
                slope = sympy.exp(-difference / unit) * a - b  # sign of -d risk / d margin
                worst = max(worst, abs(float(sympy.N(slope, 30))))
        return worst < 1e-20, -worst, f"{len(etas) ** 2} pairs: the pair's risk is stationary"

    return check


@CHECKS.register("hinge-ranking")
def hinge_ranking(eta: str = "3/4", other: str = "1", least: str = "0") -> Check:
    """Theorems 14 and 15: label probabilities above 1/2 have the best hinge score 1 both, so no
    regret and no score difference; the pair's regret is their difference, which tends to 1/2.
    """
    given = [float(exact(v, "a probability")) for v in (eta, other)]

    def check(problem: PointwiseProblem) -> Verdict:
        del problem
        h = np.array([1.0])
        one, two = (np.array([v]) for v in given)
        alone = [float(_regret("hinge", (v, 1 - v), h)[0]) for v in (one, two)]
        pair = (one * (1 - two), two * (1 - one))
        found = float(_regret("hinge", pair, h - h)[0])
        return (
            max(alone) < 1e-12 and found > float(exact(least, "the least regret")),
            found,
            f"regrets {alone[0]:.0f} and {alone[1]:.0f} at x and x', {found:.4f} for the pair",
        )

    return check


@CHECKS.register("auc-regret")
def auc(loss: str, strength: str = "4", root: str = "1", attained: bool = False) -> Check:
    """Theorem 13 (Agarwal): ranking regret <= sqrt(2 / (root strength)) / (p (1 - p)) times the
    root of the regret, on random finite distributions and on one where every forecast is the mean
    and the labels' probabilities are spread evenly; loss "absolute" is Corollary 12. Attained where
    the ratio comes near 1.
    """
    lam, share = float(exact(strength, "strength")), 1 / float(exact(root, "root")) ** 0.5

    def check(problem: PointwiseProblem) -> Verdict:
        del problem
        random = np.random.default_rng(0)
        worst = 0.0
        for size in (2, 3, 5, 8, 100):
            count = 2000 if size < 100 else 1
            w = random.dirichlet(np.ones(size), count)
            eta = random.uniform(0.01, 0.99, (count, size))
            noise = random.choice([0.02, 0.2, 1.0], (count, 1)) * random.normal(size=eta.shape)
            q = np.clip(eta + noise, 0.001, 0.999)
            if size == 100:
                w, eta = np.full((1, size), 1 / size), np.linspace(0.45, 0.55, size)[None]
                # all wrong, by as little as one likes
                q = 0.5 - 1e-6 * (eta - 0.5)
            p = np.sum(w * eta, axis=1)
            gap = eta[:, :, None] - eta[:, None, :]
            order = q[:, :, None] - q[:, None, :]
            wrong = np.where(order * gap < 0, 1.0, np.where(order == 0, 0.5, 0.0))
            rank = np.einsum("ci,cj,cij->c", w, w, np.abs(gap) * wrong) / (2 * p * (1 - p))
            if loss == "absolute":
                bound = np.sum(w * np.abs(eta - q), axis=1) / (p * (1 - p))
            else:
                if loss == "logistic":
                    regret = (
                        _xlogx(eta) - eta * np.log(q) + _xlogx(1 - eta) - (1 - eta) * np.log(1 - q)
                    )
                else:
                    regret = 4 * (eta - q) ** 2
                mean = np.maximum(np.sum(w * regret, axis=1), 0)
                bound = share * np.sqrt(2 * mean / lam) / (p * (1 - p))
            worst = max(worst, float(np.max(rank / np.maximum(bound, 1e-12))))
        good = worst <= 1 + 1e-9 and (not attained or worst >= 0.98)
        return good, 1 - worst, f"8001 distributions: ratio up to {worst:.4f}"

    return check
