"""The area under the ROC curve, bounded by the excess of a strongly proper loss.

**Theorem.** Let pi be the share of positives, R the excess ranking error (the AUC lost) of a
score, eps the excess risk of a lambda-strongly proper loss at the forecast q that is an increasing
function of the score. Then R <= sqrt(2 eps / lambda) / (sqrt(3) pi (1 - pi)).

*Proof.* R = E[|eta - eta'| 1(misordered)] / (2 pi (1 - pi)) over two independent points, a tie
counted half (Clemencon, Lugosi, Vayatis 2008). On a misordered pair, eta > eta' and q <= q', so
|eta - eta'| <= (eta - q) - (eta' - q') = e - e'. So 2 pi (1 - pi) R <= E|e - e'|, at most
(2/sqrt 3) sd(e): E|e - e'| = 2 Cov(e, 2F(e) - 1) with F the distribution function at the middle of
its jumps, and the variance of 2F(e) - 1 is at most 1/3. And E e^2 <= 2 eps / lambda. This is
sqrt(3) below Agarwal (JMLR 2014, theorem 13). For a squared loss it is attained, where q = pi and
eta is uniform around pi, as long as R <= 1/(3 max(pi, 1 - pi)).
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hconsist.arithmetic import to_sympy
from hconsist.arithmetic.exact import Value
from hconsist.closed_forms import float_curve
from hconsist.errors import InvalidInputError
from hconsist.functionals.shares import share_of_positives
from hconsist.functionals.strong import Strength, strong_properness
from hconsist.pointwise import excess_symbol

if TYPE_CHECKING:
    import sympy

Array = NDArray[np.float64]


@dataclass(frozen=True)
class RankWitness:
    """Atoms of equal weight where the ranking error is high and the surrogate excess low.

    Parameters
    ----------
    eta : tuple of float
        Chances of the positive label, increasing.
    forecast : float
        The forecast of every atom; an arbitrarily small decreasing perturbation misorders all.
    rank_regret, excess : float
        Evaluated from the definitions.
    """

    eta: tuple[float, ...]
    forecast: float
    rank_regret: float
    excess: float


@dataclass(frozen=True)
class AUC:
    """What the excess of a loss says of the AUC.

    Parameters
    ----------
    loss : Loss or str
    prior : Fraction
        The share of positives, in (0, 1).

    Examples
    --------
    >>> target = AUC("least-squares", "1/2")
    >>> target.gamma  # sqrt(3) below the published bound
    2*sqrt(3)*sqrt(epsilon)/3
    >>> target.published
    2*sqrt(epsilon)
    """

    loss: Value
    prior: Fraction

    def __post_init__(self) -> None:
        object.__setattr__(self, "prior", share_of_positives(self.prior))

    @property
    def strength(self) -> Strength:
        """The strong properness of the loss.

        Raises
        ------
        InvalidInputError
            For a loss with lambda = 0: it is strictly proper nowhere near some forecast.
        """
        found = strong_properness(self.loss)
        if not found.value > 0:
            raise InvalidInputError(
                "AUC is bounded by strongly proper losses",
                f"{self.loss}: lambda = 0",
                "use logistic",
            )
        return found

    @property
    def gamma(self) -> sympy.Expr:
        """``R <= sqrt(2 eps / lambda) / (sqrt(3) pi (1 - pi))``."""
        import sympy

        return self.published / sympy.sqrt(3)

    @property
    def published(self) -> sympy.Expr:
        """Agarwal, JMLR 2014, theorem 13: ``sqrt(2) / (pi (1 - pi) sqrt(lambda)) sqrt(eps)``."""
        import sympy

        pi = to_sympy(self.prior)
        lam = self.strength.value
        return sympy.sqrt(2) / (pi * (1 - pi) * sympy.sqrt(lam)) * sympy.sqrt(excess_symbol())

    def rank_regret(self, eta: ArrayLike, q: ArrayLike) -> float:
        """The AUC lost by ranking atoms of equal weight by q, from the definition.

        Shapes: both (atoms,).

        >>> AUC("logistic", "1/2").rank_regret([0.0, 1.0], [1.0, 0.0])
        1.0
        """
        chances, scores = np.asarray(eta, dtype=float), np.asarray(q, dtype=float)
        pi = float(chances.mean())
        gap = chances[:, None] - chances
        order = scores[:, None] - scores
        lost = np.abs(gap) * ((gap * order < 0) + 0.5 * (order == 0))
        return float(lost.mean() / (2 * pi * (1 - pi)))

    def excess(self, eta: ArrayLike, q: ArrayLike) -> float:
        """The surrogate excess of forecasts q of atoms of equal weight, by the entropy of the loss.

        >>> round(AUC("least-squares", "1/2").excess([0.4, 0.6], [0.5, 0.5]), 12)  # 4 (eta - q)^2
        0.04
        """
        return float(np.mean(_divergence(self.strength, np.asarray(eta), np.asarray(q))))

    def worst(self, regret: float, atoms: int = 200) -> RankWitness | None:
        """A distribution that loses so much AUC at a small surrogate excess: every pair misordered,
        the forecast constant. None where no such distribution has that regret.

        The excess of the witness is above T; for a squared loss it is T up to a factor N^2/(N^2-1).
        """
        pi = float(self.prior)
        u = (2 * np.arange(atoms) + 1) / atoms - 1

        def reached(width: float) -> tuple[Array, float]:
            eta = _with_mean(self.strength, width * u, pi)
            return eta, float(np.mean(u * eta) / (2 * pi * (1 - pi)) * 2)

        low, high = 0.0, 1.0
        while reached(high)[1] < regret:
            high *= 2
            if high > 1e6:
                return None
        for _ in range(80):
            middle = (low + high) / 2
            low, high = (middle, high) if reached(middle)[1] < regret else (low, middle)
        eta = reached(high)[0]
        found = self.rank_regret(eta, -eta)
        q = np.full(atoms, eta.mean())
        return RankWitness(tuple(eta), float(eta.mean()), found, self.excess(eta, q))


def _entropy_slope(strength: Strength, q: Array) -> Array:
    """H' by differences of the closed form, exact enough for a witness."""
    step = 1e-6
    high, low = np.clip(q + step, 0, 1), np.clip(q - step, 0, 1)
    return (_entropy(strength, high) - _entropy(strength, low)) / (high - low)


def _entropy(strength: Strength, q: Array) -> Array:
    return -np.asarray(float_curve(strength.transform, np.abs(2 * np.asarray(q, dtype=float) - 1)))


def _divergence(strength: Strength, eta: Array, q: Array) -> Array:
    line = _entropy(strength, q) + _entropy_slope(strength, q) * (eta - q)
    return np.maximum(line - _entropy(strength, eta), 0.0)


@lru_cache(maxsize=8)
def _slopes(strength: Strength) -> tuple[Array, Array]:
    """Chances and -H' there, increasing."""
    grid = np.linspace(0, 1, 801)
    slope = -_entropy_slope(strength, np.clip(grid, 1e-9, 1 - 1e-9))
    return grid, np.maximum.accumulate(slope)


def _with_mean(strength: Strength, tilt: Array, mean: float) -> Array:
    """Chances with ``-H'(eta) = constant + tilt`` and the given mean: stationary points of the
    excess at constant forecast under a linear constraint.
    """
    grid, slope = _slopes(strength)

    def chances(constant: float) -> Array:
        return np.interp(constant + tilt, slope, grid)

    low, high = slope[0] - tilt.max() - 1, slope[-1] - tilt.min() + 1
    for _ in range(100):
        middle = (low + high) / 2
        low, high = (middle, high) if chances(middle).mean() < mean else (low, middle)
    return chances((low + high) / 2)
