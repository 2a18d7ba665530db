"""Best-in-class conditional risk of any smooth loss, with or without a bound on the scores: batched
projected Newton.

The variables are the scores of the groups. A loss whose risk is convex in the scores, or in the
softmax values, has no other stationary point in the box of scores than the optimum (the softmax is
a change of coordinates), so a local method suffices.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from hconsist.arithmetic import NUMPY, Ops, Value
from hconsist.engines.numeric.inner import Array, Optimum
from hconsist.engines.numeric.jets import GroupJetOps, GroupScores, Jet, JetOps
from hconsist.losses import Loss
from hconsist.losses.forms import OfSoftmax

_JETS = JetOps()


class GroupedLosses(Protocol):
    """Losses of grouped labels as functions of the scores."""

    def values(self, scores: Array, multiplicity: Array) -> Array:
        """Losses (N, G)."""

    def derivatives(
        self, scores: Array, multiplicity: Array, weight: Array
    ) -> tuple[Array, Array, Array]:
        """Losses (N, G), their Jacobian by the scores (N, G, G) and the Hessian of ``sum weight *
        losses`` (N, G, G).
        """


@dataclass(frozen=True)
class SoftmaxModel:
    """A loss of the label's own softmax value: derivatives from those of psi(w) = g(e^w), w = log
    softmax.
    """

    form: OfSoftmax

    def _log_softmax(self, scores: Array, multiplicity: Array) -> tuple[Array, Array]:
        t = float(self.form.temperature)
        top = np.max(np.where(multiplicity > 0, scores, -np.inf), axis=-1, keepdims=True)
        e = multiplicity * np.exp(np.minimum((scores - top) / t, 0.0))
        total = e.sum(axis=-1, keepdims=True)
        return np.minimum((scores - top) / t - np.log(total), 0.0), e / total

    def values(self, scores: Array, multiplicity: Array) -> Array:
        """Losses (N, G)."""
        w, _ = self._log_softmax(scores, multiplicity)
        return np.asarray(self._psi(w).value)

    def _psi(self, w: Array) -> Jet:
        result: Jet = self.form.g(_JETS.exp(Jet.variable(np.maximum(w, -300.0))), _JETS)
        return result

    def derivatives(
        self, scores: Array, multiplicity: Array, weight: Array
    ) -> tuple[Array, Array, Array]:
        """Losses, Jacobian, Hessian of the weighted sum."""
        t = float(self.form.temperature)
        w, share = self._log_softmax(scores, multiplicity)
        psi = self._psi(w)
        first, second = psi.gradient[..., 0], psi.hessian[..., 0, 0]
        toward = np.eye(w.shape[-1]) - share[:, None, :]  # d w_i / d s_j, times t
        jacobian = first[..., None] * toward / t
        spread = share[:, :, None] * (np.eye(w.shape[-1]) - share[:, None, :])
        hessian = np.matmul(np.swapaxes(toward, -1, -2) * (weight * second)[:, None, :], toward)
        hessian = hessian - np.sum(weight * first, axis=-1)[:, None, None] * spread
        return psi.value, jacobian, hessian / t**2


@dataclass(frozen=True)
class SeparableScoresModel:
    """Constrained losses ``l_y = sum_{k != y} g(z_k)``, z the scores less their mean."""

    term: Callable[[Value, Ops], Value]
    n: int

    def _centred(self, scores: Array, multiplicity: Array) -> Array:
        return np.asarray(scores - np.sum(multiplicity * scores, axis=-1, keepdims=True) / self.n)

    def values(self, scores: Array, multiplicity: Array) -> Array:
        """Losses (N, G)."""
        g = self.term(self._centred(scores, multiplicity), NUMPY)
        return np.asarray(
            np.sum(np.where(multiplicity > 0, multiplicity * g, 0.0), axis=-1, keepdims=True) - g
        )

    def derivatives(
        self, scores: Array, multiplicity: Array, weight: Array
    ) -> tuple[Array, Array, Array]:
        """Losses, Jacobian, Hessian of the weighted sum."""
        jet = self.term(Jet.variable(self._centred(scores, multiplicity)), _JETS)
        first, second = jet.gradient[..., 0], jet.hessian[..., 0, 0]
        present = multiplicity > 0
        g, first, second = (np.where(present, a, 0.0) for a in (jet.value, first, second))
        identity = np.eye(g.shape[-1])
        centring = identity - multiplicity[:, None, :] / self.n
        jacobian = (multiplicity * first)[:, None, :] - first[..., None] * identity
        total = weight.sum(axis=-1, keepdims=True)
        diagonal = (total * multiplicity - weight) * second
        hessian = np.matmul(np.swapaxes(centring, -1, -2) * diagonal[:, None, :], centring)
        return (
            np.sum(multiplicity * g, axis=-1, keepdims=True) - g,
            np.matmul(jacobian, centring),
            hessian,
        )


@dataclass(frozen=True)
class PairwiseModel:
    """Sum losses ``l_y = sum_{k != y} phi(s_y - s_k)``: derivatives from those of phi at the
    differences.
    """

    phi: Callable[[Value, Ops], Value]

    def values(self, scores: Array, multiplicity: Array) -> Array:
        """Losses (N, G)."""
        phi = self.phi(scores[:, :, None] - scores[:, None, :], NUMPY)
        return np.asarray(
            np.sum(np.where(_others(multiplicity) > 0, _others(multiplicity) * phi, 0.0), axis=-1)
        )

    def derivatives(
        self, scores: Array, multiplicity: Array, weight: Array
    ) -> tuple[Array, Array, Array]:
        """Losses, Jacobian, Hessian of the weighted sum."""
        others = _others(multiplicity)
        jet = self.phi(Jet.variable(scores[:, :, None] - scores[:, None, :]), _JETS)
        value, first, second = (np.where(others > 0, others * a, 0.0) for a in _elementwise(jet))
        diagonal = np.arange(scores.shape[-1])
        jacobian = -first
        jacobian[:, diagonal, diagonal] += np.sum(first, axis=-1)
        bend = weight[:, :, None] * second
        bend = bend + np.swapaxes(bend, -1, -2)  # a graph Laplacian
        hessian = -bend
        hessian[:, diagonal, diagonal] += np.sum(bend, axis=-1)
        return np.sum(value, axis=-1), jacobian, hessian


def _others(multiplicity: Array) -> Array:
    """How many labels other than one of group y are in group k: (N, G, G); nothing for an empty
    group y.
    """
    others = np.maximum(multiplicity[:, None, :] - np.eye(multiplicity.shape[-1]), 0.0)
    return np.asarray(others * (multiplicity > 0)[:, :, None])


def _elementwise(jet: Jet) -> tuple[Array, Array, Array]:
    return jet.value, jet.gradient[..., 0], jet.hessian[..., 0, 0]


@dataclass(frozen=True)
class FormulaModel:
    """Any symmetric loss by its formula over jets; a loss over scores that sum to zero sees the
    centred scores.
    """

    loss: Loss
    n: int
    centred: bool = False
    inner_maxima: bool = False

    def values(self, scores: Array, multiplicity: Array) -> Array:
        """Losses (N, G)."""
        return np.asarray(
            self._run(scores, multiplicity, GroupJetOps(multiplicity), derivatives=False).value
        )

    def _jet(self, scores: Array, multiplicity: Array) -> Jet:
        plain = GroupJetOps(multiplicity)
        if self.inner_maxima:
            self._run(scores, multiplicity, plain, derivatives=False)
        return self._run(
            scores, multiplicity, GroupJetOps(multiplicity, plain.maximisers), derivatives=True
        )

    def _run(
        self, scores: Array, multiplicity: Array, ops: GroupJetOps, *, derivatives: bool
    ) -> Jet:
        if self.centred:
            scores = scores - np.sum(multiplicity * scores, axis=-1, keepdims=True) / self.n
        result: Jet = self.loss.losses(GroupScores(scores, self.n, derivatives=derivatives), ops)
        return result

    def derivatives(
        self, scores: Array, multiplicity: Array, weight: Array
    ) -> tuple[Array, Array, Array]:
        """Losses, Jacobian, Hessian of the weighted sum."""
        jet = self._jet(scores, multiplicity)
        jacobian, hessian = jet.gradient, np.einsum("ng,ngij->nij", weight, jet.hessian)
        if self.centred:
            centring = np.eye(scores.shape[-1]) - multiplicity[:, None, :] / self.n
            jacobian = np.matmul(jacobian, centring)
            hessian = np.matmul(np.swapaxes(centring, -1, -2), np.matmul(hessian, centring))
        return jet.value, jacobian, hessian


@dataclass(frozen=True)
class Newton:
    """Projected Newton over scores in [-bound, bound], one row per distribution.

    Parameters
    ----------
    model : Model
    bound : float
        The score bound of the hypothesis set, or one so large that nothing beyond it shows in a
        double.
    unit : float
        The scale of the scores, for the starting point.
    """

    model: GroupedLosses
    bound: float
    unit: float = 1.0
    iterations: int = 120
    tolerance: float = 1e-12
    chunk: int = 4096

    def solve(self, p: Array, multiplicity: Array, *, second: bool = True) -> Optimum:
        """The optimum for each distribution of the batch; without its Hessian unless ``second``."""
        p, multiplicity = np.broadcast_arrays(p, multiplicity)
        shape = p.shape
        flat_p, flat_m = p.reshape(-1, shape[-1]), multiplicity.reshape(-1, shape[-1])
        parts = [
            self._solve(flat_p[i : i + self.chunk], flat_m[i : i + self.chunk], second)
            for i in range(0, len(flat_p), self.chunk)
        ]
        joined = [
            np.concatenate([getattr(q, f) for q in parts])
            for f in ("risk", "losses", "scores", "hessian", "residual")
        ]
        return Optimum(*(a.reshape(*shape[:-1], *a.shape[1:]) for a in joined))

    def _solve(self, p: Array, m: Array, second: bool) -> Optimum:
        weight = p * m
        log_p = np.log(np.maximum(p, 1e-14))
        scores = self.unit * (
            log_p - (log_p.max(axis=-1, keepdims=True) + log_p.min(axis=-1, keepdims=True)) / 2
        )
        scores = self._descend(weight, m, np.clip(scores, -self.bound, self.bound))
        losses, jacobian, hessian = self.model.derivatives(scores, m, weight)
        gradient = np.einsum("ng,ngj->nj", weight, jacobian)
        risk = _dot(weight, losses)
        # what a Newton step would still gain: the optimality gap up to higher order
        _, held, gap = self._step(scores, gradient, hessian, m)
        residual = gap / (1.0 + np.abs(risk))
        if not second:
            return Optimum(risk, losses, scores, np.zeros((len(p), 0, 0)), residual)
        # d2 C* = - B' F^+ B with B the Jacobian of the gradient by p, F the Hessian on the free
        # scores
        b = np.where(held[:, None, :], 0.0, m[..., None] * jacobian)
        inverse = _pseudo_inverse(np.where(held[:, :, None] | held[:, None, :], 0.0, hessian))
        curvature = -np.matmul(b, np.matmul(inverse, np.swapaxes(b, -1, -2)))
        return Optimum(risk, losses, scores, curvature, residual)

    def lower(self, p: Array, m: Array, scores: Array) -> Array:
        """Scores of lower risk from the given ones: a local minimum where it is not convex."""
        return self._descend(p * m, m, np.clip(scores, -self.bound, self.bound))

    def _descend(self, weight: Array, m: Array, scores: Array) -> Array:
        rows = np.arange(len(scores))
        for _ in range(self.iterations):
            if rows.size == 0:
                break
            s, w, mult = scores[rows], weight[rows], m[rows]
            losses, jacobian, hessian = self.model.derivatives(s, mult, w)
            risk = _dot(w, losses)
            gradient = np.einsum("ng,ngj->nj", w, jacobian)
            step, held, decrement = self._step(s, gradient, hessian, mult)
            slope = np.max(np.where(held, 0.0, np.abs(gradient)), axis=-1) * self.unit
            scale = 1.0 + np.abs(risk)
            going = (slope > self.tolerance * scale) & (decrement > 1e-17 * scale)
            rows, mult = rows[going], mult[going]
            s, w, step, risk = (a[going] for a in (s, w, step, risk))
            moved = self._line_search(s, step, w, mult, risk, decrement[going])
            scores[rows] = moved
            stuck = np.all(moved == s, axis=-1)
            rows = rows[~stuck]
        return scores

    def _step(
        self, s: Array, gradient: Array, hessian: Array, m: Array
    ) -> tuple[Array, NDArray[np.bool_], Array]:
        held = (
            ((s <= -self.bound) & (gradient > 0)) | ((s >= self.bound) & (gradient < 0)) | (m == 0)
        )
        blocked = held[:, :, None] | held[:, None, :]
        reduced = np.where(blocked, 0.0, hessian)
        eigenvalues, vectors = np.linalg.eigh(reduced)
        size = np.abs(eigenvalues)
        size = np.maximum(size, 1e-14 * size.max(axis=-1, keepdims=True) + 1e-200)
        g = np.where(held, 0.0, gradient)
        along = np.einsum("nij,ni->nj", vectors, g)
        # no step moves further than a few units: a flat direction must not throw the others out
        step = -np.einsum("nij,nj->ni", vectors, along / size)
        step = np.where(held, 0.0, step)
        longest = np.max(np.abs(step), axis=-1, keepdims=True)
        step = step * np.minimum(1.0, 20.0 * self.unit / np.maximum(longest, 1e-300))
        return step, held, -np.sum(step * g, axis=-1)

    def _line_search(
        self, s: Array, step: Array, w: Array, m: Array, risk: Array, slope: Array
    ) -> Array:
        result = s.copy()
        pending = np.arange(len(s))
        t = 1.0
        for _ in range(25):
            if pending.size == 0:
                break
            trial = np.clip(s[pending] + t * step[pending], -self.bound, self.bound)
            with np.errstate(over="ignore", invalid="ignore"):
                value = _dot(w[pending], self.model.values(trial, m[pending]))
            # near the optimum the decrease drowns in rounding: a full step that does not increase
            # the risk is taken
            limit = (
                risk[pending] - 1e-4 * t * slope[pending] + 4e-16 * (1.0 + np.abs(risk[pending]))
            )
            good = value <= limit
            result[pending[good]] = trial[good]
            pending = pending[~good]
            t *= 0.35
        return result


def _dot(weight: Array, losses: Array) -> Array:
    return np.asarray(np.sum(np.where(weight > 0, weight * losses, 0.0), axis=-1))


def _pseudo_inverse(matrix: Array) -> Array:
    eigenvalues, vectors = np.linalg.eigh(matrix)
    size = np.abs(eigenvalues).max(axis=-1, keepdims=True)
    good = np.abs(eigenvalues) > 1e-13 * size
    inverse = np.where(good, 1.0 / np.where(good, eigenvalues, 1.0), 0.0)
    return np.asarray(np.matmul(vectors * inverse[:, None, :], np.swapaxes(vectors, -1, -2)))
