"""Hypotheses on four inputs: the scores nearest to those wanted that a set reaches."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from hconsist.hypotheses import Complete, Linear, OneHiddenReLU, parse_hypotheses

Array = NDArray[np.float64]


#: Norms of the four inputs r_i e_i, the origin first, that bounded hypothesis sets are tried on.
NORMS = np.array([0.0, 0.5, 1.0, 2.0])


class Members:
    """Scores of hypotheses on four inputs: any at all, or those nearest to the ones wanted that a
    bounded set reaches.

    Linear functions and ReLU networks interpolate any scores at the inputs ``r_i e_i``; where the
    norms of the result are too large they are cut.

    Examples
    --------
    >>> members = Members("linear:W=1,B=1", 2)
    >>> scores, _ = members.nearest(np.full((1, 4, 2), 9.0), np.random.default_rng(0))
    >>> scores[0, :, 0].round(3)  # |b| <= 1 and |w| <= 1: wanted was 9
    array([1.   , 1.289, 1.577, 2.155])
    """

    def __init__(self, spec: str, n: int) -> None:
        self.hypotheses, self.n = parse_hypotheses(spec), n
        bounds = [self.hypotheses.score_bound_at(float(r)) for r in NORMS]
        self.reach = (
            None if bounds[0] is None else np.array([float(b) for b in bounds if b is not None])
        )

    def nearest(
        self, wanted: Array, random: np.random.Generator
    ) -> tuple[Array, Callable[[int], str]]:
        """Scores (k, 4, n) of members of the set, and how to write the parameters of the i-th."""
        if isinstance(self.hypotheses, Complete):
            return wanted, lambda i: ""
        # cut to what any member reaches: what lies far beyond the box says nothing about the labels
        assert self.reach is not None
        wanted = np.clip(wanted, -self.reach[:, None], self.reach[:, None])
        slopes = np.swapaxes(wanted[:, 1:] - wanted[:, :1], 1, 2) / NORMS[1:]  # (k, n, 3)
        if isinstance(self.hypotheses, Linear):
            size, b = float(self.hypotheses.weight), wanted[:, 0]
            norms = np.linalg.norm(slopes, axis=-1, keepdims=True)
            w = slopes * np.minimum(1.0, size / np.maximum(norms, 1e-300))
            scores = np.swapaxes(b[..., None] + w * NORMS[1:], 1, 2)
            return np.concatenate(
                [b[:, None], scores], axis=1
            ), lambda i: f" w={w[i].tolist()} b={b[i].tolist()}"
        assert isinstance(self.hypotheses, OneHiddenReLU)
        return self._networks(self.hypotheses, wanted, slopes, random)

    def _networks(
        self, h: OneHiddenReLU, wanted: Array, slopes: Array, random: np.random.Generator
    ) -> tuple[Array, Callable[[int], str]]:
        """One constant unit, three that each see one input, and four at random; output weights
        scaled into their ball.
        """
        k, n = len(wanted), self.n
        weight, bias = float(h.weight), float(h.bias)
        v = random.standard_normal((k, 4, 3))
        v *= weight * random.random((k, 4, 1)) / np.linalg.norm(v, axis=-1, keepdims=True)
        c = bias * random.uniform(-1, 1, (k, 4))
        v = np.concatenate(
            [np.broadcast_to(np.vstack([np.zeros(3), weight * np.eye(3)]), (k, 4, 3)), v], axis=1
        )
        c = np.concatenate([np.broadcast_to([bias, 0.0, 0.0, 0.0], (k, 4)), c], axis=1)
        noise = random.choice([0.0, 0.0, 0.1, 0.5], (k, 1, 1)) * random.standard_normal((k, n, 4))
        u = np.concatenate(
            [wanted[:, 0, :, None] / bias, slopes / weight, noise], axis=-1
        )  # (k, n, 8)
        # one factor for all labels: it keeps the order of the scores
        u /= np.maximum(1.0, np.abs(u).sum(-1).max(-1) / float(h.output))[:, None, None]
        inputs = np.vstack([np.zeros(3), np.diag(NORMS[1:])])
        hidden = np.maximum(np.einsum("kjd,id->kij", v, inputs) + c[:, None], 0.0)
        scores = np.einsum("kij,knj->kin", hidden, u)
        return scores, lambda i: f" u={u[i].tolist()} v={v[i].tolist()} c={c[i].tolist()}"
