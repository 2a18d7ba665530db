"""Adaptive transport losses (ALDR) with their derivatives, by the maximiser of their temperature.

Row y of the margins is m_k = c [k != y] + s_k - s_y, q = softmax(m / lam), v the mean of m under q.
The maximum over lam of ``lam log mean exp(m / lam) - (a/2) (lam - lam0)^2`` is where its slope
``-KL(q, uniform) - a (lam - lam0)`` is 0; the slope's own derivative is Var_q(m) / lam^3 - a. By
the envelope theorem the gradient in m is q, and with d = q (m - v) / lam^2 the Hessian is
``(diag q - q q') / lam - d d' / (Var_q(m) / lam^3 - a)``. Without a margin q is the same for every
y, so that one temperature a row is found instead of one a label.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import log

import numpy as np

from hconsist.engines.numeric.inner import Array
from hconsist.losses.forms_of_scores import AdaptiveTransport

#: Steps towards a maximiser, and the part of a temperature that a last step may have.
_STEPS, _CLOSE = 60, 1e-8


@dataclass(frozen=True)
class AdaptiveModel:
    """Losses of grouped labels; column 0 of a row is the label itself, column 1 + g the *other*
    labels of group g.

    Examples
    --------
    >>> from hconsist.losses import parse_loss
    >>> form = parse_loss("aldr:lam0=1,alpha=2,c=0").form(AdaptiveTransport)
    >>> AdaptiveModel(form, 2).values(np.zeros((1, 2)), np.ones((1, 2))).round(12) + 0.0
    array([[0., 0.]])
    """

    form: AdaptiveTransport
    n: int

    @property
    def _stiffness(self) -> float:
        return float(self.form.alpha) * log(self.n) / float(self.form.lam0)

    def values(self, scores: Array, multiplicity: Array) -> Array:
        """Losses (N, G)."""
        if self.form.c == 0:
            return self._without_margin(scores, multiplicity)[1]
        return self._temperature(*self._rows(scores, multiplicity))[1]

    def _without_margin(self, scores: Array, multiplicity: Array) -> tuple[Array, Array]:
        """One temperature a row, (N, 1), and the losses (N, G)."""
        top = np.max(np.where(multiplicity > 0, scores, -np.inf), axis=-1, keepdims=True)
        plain = np.where(multiplicity > 0, scores - top, 0.0)
        lam, value = self._temperature(plain, multiplicity)
        return lam[:, None], value[:, None] + top - scores

    def _rows(self, scores: Array, multiplicity: Array) -> tuple[Array, Array]:
        size = scores.shape[-1]
        others = np.maximum(multiplicity[:, None, :] - np.eye(size), 0.0)
        counts = np.concatenate([np.ones((*others.shape[:-1], 1)), others], axis=-1)
        margins = float(self.form.c) + scores[:, None, :] - scores[:, :, None]
        margins = np.concatenate([np.zeros((*margins.shape[:-1], 1)), margins], axis=-1)
        return np.where(counts > 0, margins, 0.0), counts

    def _temperature(self, margins: Array, counts: Array) -> tuple[Array, Array]:
        """The maximiser and the maximum of each row (..., K): Newton steps on the slope, or a
        bisection where one leaves the bracket.
        """
        lam0, a, log_n = float(self.form.lam0), self._stiffness, log(self.n)
        top = margins.max(axis=-1)  # of an empty column, whose margin is 0, too: a shift
        below = margins - top[..., None]
        high = np.full(top.shape, lam0)
        low = high * (1 - 1 / float(self.form.alpha))
        lam, going = high, np.ones(top.shape, dtype=bool)
        for _ in range(_STEPS):
            e = counts * np.exp(below / lam[..., None])
            total, first = e.sum(axis=-1), below * e
            mean = first.sum(axis=-1) / total
            slope = np.log(total) - log_n - mean / lam - a * (lam - lam0)
            bend = ((first * below).sum(axis=-1) / total - mean**2) / lam**3 - a
            rising = slope > 0
            low, high = np.where(rising, lam, low), np.where(rising, high, lam)
            with np.errstate(all="ignore"):
                step = lam - slope / bend
            step = np.where((step >= low) & (step <= high), step, (low + high) / 2)
            near = np.abs(step - lam) <= _CLOSE * lam0  # then the step's own error is its square
            lam = np.where(going, step, lam)
            going &= ~near
            if not going.any():
                break
        total = (counts * np.exp(below / lam[..., None])).sum(axis=-1)
        return lam, lam * (np.log(total) - log_n) + top - a / 2 * (lam - lam0) ** 2

    def derivatives(
        self, scores: Array, multiplicity: Array, weight: Array
    ) -> tuple[Array, Array, Array]:
        """Losses, Jacobian, Hessian of the weighted sum."""
        size = np.arange(scores.shape[-1])
        if self.form.c == 0:  # l_y = G(s) - s_y
            lam, value = self._without_margin(scores, multiplicity)
            q, of_margins = self._bent(scores, multiplicity, lam[:, 0])
            jacobian = np.repeat(q[:, None, :], size.size, axis=1)
            jacobian[:, size, size] -= 1.0
            return value, jacobian, weight.sum(axis=-1)[:, None, None] * of_margins
        margins, counts = self._rows(scores, multiplicity)
        lam, value = self._temperature(margins, counts)
        q, of_margins = self._bent(margins, counts, lam)
        q, of_margins = q[..., 1:], of_margins[..., 1:, 1:]  # the label's own margin is 0
        jacobian = q.copy()  # of s_k; the label's own score moves every margin
        jacobian[:, size, size] -= np.sum(q, axis=-1)
        rows = weight[..., None, None] * of_margins  # (N, y, j, l)
        hessian = np.sum(rows, axis=1)
        across = np.sum(rows, axis=-1)  # (N, y, j)
        hessian -= across + np.swapaxes(across, -1, -2)
        hessian[:, size, size] += np.sum(across, axis=-1)
        return value, jacobian, hessian

    def _bent(self, margins: Array, counts: Array, lam: Array) -> tuple[Array, Array]:
        """Gradient q (..., K) and Hessian (..., K, K) of the maximum in the margins."""
        top = np.max(np.where(counts > 0, margins, -np.inf), axis=-1, keepdims=True)
        below = np.where(counts > 0, margins - top, 0.0)
        q = counts * np.exp(below / lam[..., None])
        q /= q.sum(axis=-1, keepdims=True)
        away = below - np.sum(q * below, axis=-1, keepdims=True)
        bend = np.sum(q * away**2, axis=-1) / lam**3 - self._stiffness
        d = q * away / (lam**2)[..., None]
        hessian = -q[..., :, None] * (q / lam[..., None])[..., None, :]
        hessian -= d[..., :, None] * (d / bend[..., None])[..., None, :]
        each = np.arange(q.shape[-1])
        hessian[..., each, each] += q / lam[..., None]
        return q, hessian
