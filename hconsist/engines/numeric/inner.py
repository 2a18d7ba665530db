"""Best-in-class conditional risks, batched over grouped label distributions.

Labels of equal probability get equal scores at the optimum of a symmetric problem, so a
distribution is kept as a few distinct values with multiplicities: n = 1000 costs the same as n =
10. Shapes: values and multiplicities (..., G).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from hconsist.arithmetic import NUMPY
from hconsist.engines.numeric.jets import Jet, JetOps
from hconsist.losses import Separable

Array = NDArray[np.float64]
_JETS = JetOps()
#: Label probabilities of 0 are differentiated as this: the limit, without infinities.
VANISHING = 1e-30
#: exp(-200) does not show in a double sum with a term of order 1, and its third power is still a
#: double.
_LOWEST = -200.0
#: A score that stands for an infinite one.
_INFINITE = 60.0


@dataclass(frozen=True)
class Optimum:
    """Best-in-class conditional risk of a batch of grouped distributions.

    Parameters
    ----------
    risk : array (...)
    losses : array (..., G)
        Losses of the labels at the optimum, which are the derivatives of the risk by the
        probabilities.
    scores : array (..., G)
        Optimal scores; a label of probability 0 may have a very negative one.
    hessian : array (..., G, G)
        Second derivatives of the risk by the probabilities of the groups.
    residual : array (...)
        Largest violation of the optimality conditions, relative.
    """

    risk: Array
    losses: Array
    scores: Array
    hessian: Array
    residual: Array


_FIELDS = ("risk", "losses", "scores", "hessian", "residual")


class Inner(Protocol):
    """A way to compute best-in-class conditional risks."""

    def solve(self, p: Array, multiplicity: Array, *, second: bool = True) -> Optimum:
        """The optimum for each distribution of the batch; without its Hessian unless ``second``."""


@dataclass(frozen=True)
class SeparableSoftmax:
    """``min sum_i p_i g(z_i)`` over the simplex, g decreasing, by Newton on the optimality
    conditions ``p_i g'(z_i) = -mu``.

    They have one solution where g is strictly convex, or where the risk is strictly convex in the
    scores. In the second case (losses with a margin, ``rising``) -g' may fall and then rise, and
    the largest value may sit where it rises.

    The iteration runs in log z and log mu, where powers are straight lines: for a power loss every
    step solves the conditions of the labels exactly and the last equation is a logsumexp.
    """

    separable: Separable
    iterations: int = 60
    rising: bool = False

    def derivatives(self, z: Array) -> tuple[Array, Array, Array]:
        """g, g' and g'' at z > 0."""
        jet = self.separable.term(Jet.variable(z), _JETS)
        return jet.value, jet.gradient[..., 0], jet.hessian[..., 0, 0]

    def solve(self, p: Array, multiplicity: Array, *, second: bool = True) -> Optimum:
        """The optimum for each distribution of the batch; without its Hessian unless ``second``."""
        p, multiplicity = np.broadcast_arrays(p, multiplicity)
        shape = p.shape
        # labels first from here on: sums over a handful of labels are fast along the first axis
        p, multiplicity = (
            np.ascontiguousarray(a.reshape(-1, shape[-1]).T) for a in (p, multiplicity)
        )
        weight = np.where(p > 0, multiplicity, 0.0)
        log_p = np.log(np.maximum(p, VANISHING))
        w, nu = self._conditions(log_p, weight, log_p - _logsumexp(log_p, weight))
        result = self._optimum(p, log_p, weight, w, nu, second)
        if self.rising and np.any(bad := ~(result[-1] <= 1e-11)):
            start = self._rising_start(log_p[:, bad].T, weight[:, bad].T).T
            w[:, bad], nu[bad] = self._conditions(log_p[:, bad], weight[:, bad], start)
            result = self._optimum(p, log_p, weight, w, nu, second)
        risk, losses, scores, hessian, residual = result
        return Optimum(
            risk.reshape(shape[:-1]),
            np.ascontiguousarray(losses.T).reshape(shape),
            np.ascontiguousarray(scores.T).reshape(shape),
            hessian.reshape(*shape[:-1], *hessian.shape[1:]),
            residual.reshape(shape[:-1]),
        )

    def _conditions(self, log_p: Array, weight: Array, start: Array) -> tuple[Array, Array]:
        """log z (G, N) and log mu (N,) at the solution of the optimality conditions; rows leave as
        they converge.
        """
        w = np.clip(start, _LOWEST, 0.0)
        nu = np.zeros(w.shape[1])
        rows = np.arange(w.shape[1])
        for _ in range(self.iterations):
            x, m, lp = (
                (w, weight, log_p)
                if rows.size == w.shape[1]
                else (w[:, rows], weight[:, rows], log_p[:, rows])
            )
            z = np.exp(x)
            _, first, second = self.derivatives(z)
            with np.errstate(all="ignore"):
                slope = z * second / first  # of log(-g') in log z
                gap = lp + np.log(-first) - nu[rows]
                mass = m * z
                total = np.sum(mass, axis=0)
                relative = mass / total / slope
                step_nu = (np.sum(relative * gap, axis=0) - np.log(total)) / np.sum(
                    relative, axis=0
                )
                step = (step_nu - gap) / slope
                residual = np.abs(np.log(total)) + np.max(np.abs(gap) * mass, axis=0)
                # log z may move by many units at once, only downward: above 0 is outside the domain
                w[:, rows] = np.clip(x + step, _LOWEST, 0.0)
                nu[rows] += step_nu
                # convergence is quadratic: from here the step just taken ends at rounding
                going = (residual > 1e-9) & np.isfinite(step_nu)
            rows = rows[going]
            if rows.size == 0:
                break
        return np.nan_to_num(w, nan=-1.0), np.nan_to_num(nu)

    def _rising_start(self, log_p: Array, weight: Array) -> Array:
        """A start with the largest value close to 1, from the conditions with -z g'(z) constant for
        the other labels.
        """
        rows = np.arange(len(log_p))
        largest = np.argmax(np.where(weight > 0, log_p, -np.inf), axis=-1)
        rest = weight.copy()
        rest[rows, largest] -= 1.0
        ratio = np.exp(_logsumexp(log_p.T, rest.T) - log_p[rows, largest])
        small = 1e-9
        constant = -small * self.derivatives(np.array([small]))[1][0] * ratio

        def excess(log_gap: Array) -> Array:
            gap = np.exp(log_gap)
            return np.asarray(gap + constant[:, None] / self.derivatives(1.0 - gap)[1])

        grid = np.broadcast_to(np.linspace(np.log(1e-14), np.log(0.5), 48), (len(rows), 48))
        crossing = np.argmax(excess(grid) >= 0, axis=1)
        high = grid[rows, crossing][:, None]
        low = grid[rows, np.maximum(crossing - 1, 0)][:, None]
        for _ in range(14):
            middle = (low + high) / 2
            above = excess(middle) >= 0
            low, high = np.where(above, low, middle), np.where(above, middle, high)
        gap = np.exp(high[:, 0])
        start = log_p - np.maximum(_logsumexp(log_p.T, rest.T), -200.0)[:, None] + high
        start[rows, largest] = np.log1p(-gap)
        return np.asarray(start)

    def _optimum(
        self, p: Array, log_p: Array, weight: Array, w: Array, nu: Array, want_hessian: bool
    ) -> tuple[Array, Array, Array, Array, Array]:
        z = np.exp(w)
        value, first, second = self.derivatives(z)
        risk = np.sum(weight * p * value, axis=0)
        mass = weight * z
        gap = np.abs(log_p + np.log(-first) - nu) * mass
        residual = np.abs(np.sum(mass, axis=0) - 1.0) + np.max(gap, axis=0)
        size = len(p)
        hessian = (
            np.zeros((p.shape[1], size, size)) if want_hessian else np.zeros((p.shape[1], 0, 0))
        )
        if want_hessian:
            curvature = np.where(weight > 0, 1.0 / (np.maximum(p, VANISHING) * second), 0.0)
            a = weight * curvature * first
            hessian = (a.T[:, :, None] * a.T[:, None, :]) / np.sum(weight * curvature, axis=0)[
                :, None, None
            ]
            index = np.arange(size)
            hessian[:, index, index] -= (a * first).T
        return risk, value, w * float(self.separable.temperature), hessian, residual


@dataclass(frozen=True)
class SeparableScores:
    """``min sum_i (1 - p_i) g(z_i)`` over z that sum to zero (constrained losses), g convex and
    increasing.

    Newton on ``log(1 - p_i) + log g'(z_i) = nu``, which for the exponential loss is linear in z.
    """

    separable: Separable
    iterations: int = 30
    tolerance: float = 1e-13

    def solve(self, p: Array, multiplicity: Array, *, second: bool = True) -> Optimum:
        """The optimum for each distribution of the batch; without its Hessian unless ``second``."""
        p, m = np.broadcast_arrays(p, multiplicity)
        with np.errstate(all="ignore"):
            log_w = np.log(1.0 - p)
            z = np.zeros(p.shape)
            nu = np.sum(m * log_w, axis=-1) / m.sum(axis=-1)
            residual = np.full(p.shape[:-1], np.inf)
            for _ in range(self.iterations):
                jet = self.separable.term(Jet.variable(z), _JETS)
                first, bend = jet.gradient[..., 0], jet.hessian[..., 0, 0]
                slope = bend / first
                gap = np.where(m > 0, log_w + np.log(first) - nu[..., None], 0.0)
                step_nu = (np.sum(m * gap / slope, axis=-1) - np.sum(m * z, axis=-1)) / np.sum(
                    m / slope, axis=-1
                )
                step = (step_nu[..., None] - gap) / slope
                residual = np.maximum(np.max(np.abs(gap), axis=-1), np.abs(np.sum(m * z, axis=-1)))
                if not np.any(residual > self.tolerance):
                    break
                z, nu = z + step, nu + step_nu
            value = jet.value
            h = 1.0 / ((1.0 - p) * bend)
            a = m * h * first
            hessian = np.zeros((*p.shape[:-1], 0, 0))
            if second:
                hessian = (
                    a[..., :, None] * a[..., None, :] / np.sum(m * h, axis=-1)[..., None, None]
                )
                index = np.arange(p.shape[-1])
                hessian[..., index, index] -= a * first
            weighted = np.where(m > 0, m * value, 0.0)
            losses = np.sum(weighted, axis=-1, keepdims=True) - value
            risk = np.sum(np.where(m > 0, (1.0 - p) * weighted, 0.0), axis=-1)
        residual = np.where(np.isfinite(risk) & np.isfinite(residual), residual, np.inf)
        # a certain label: its score goes to infinity, the others to minus infinity, where g has its
        # infimum
        certain = np.any((p >= 1) & (m > 0), axis=-1)
        if np.any(certain):
            low = self.separable.term(np.full(p[certain].shape, -_INFINITE), NUMPY)
            others = m[certain].sum(axis=-1, keepdims=True) - 1.0
            z[certain] = np.where(p[certain] >= 1, _INFINITE * others, -_INFINITE)
            risk[certain], residual[certain] = (
                np.sum(np.where(p[certain] < 1, m[certain] * low, 0.0), axis=-1),
                0.0,
            )
        return Optimum(risk, losses, z, hessian, residual)


@dataclass(frozen=True)
class Fallback:
    """A fast method whose unconverged rows go to a robust one."""

    fast: Inner
    robust: Inner
    tolerance: float = 1e-11

    def solve(self, p: Array, multiplicity: Array, *, second: bool = True) -> Optimum:
        """The optimum for each distribution of the batch; without its Hessian unless ``second``."""
        p, multiplicity = np.broadcast_arrays(p, multiplicity)
        first = self.fast.solve(p, multiplicity, second=second)
        bad = ~(first.residual <= self.tolerance)
        if not np.any(bad):
            return first
        rest = self.robust.solve(p[bad], multiplicity[bad], second=second)
        merged = []
        for name in _FIELDS:
            values = getattr(first, name).copy()
            values[bad] = getattr(rest, name)
            merged.append(values)
        return Optimum(*merged)


def _logsumexp(x: Array, weight: Array) -> Array:
    """Over the first axis, weighted."""
    top = np.max(np.where(weight > 0, x, -1e3), axis=0)
    with np.errstate(divide="ignore"):
        return np.asarray(np.log(np.sum(weight * np.exp(np.minimum(x - top, 0.0)), axis=0)) + top)
