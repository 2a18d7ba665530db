"""Tables of a symmetric loss at score vectors of at most three distinct values, and of label
distributions of few distinct values.
"""

from __future__ import annotations

from itertools import product

import numpy as np
from numpy.typing import NDArray

from hconsist.engines.numeric.answers import losses_of
from hconsist.engines.numeric.grids import simplex_grid
from hconsist.engines.numeric.rays import rays
from hconsist.engines.numeric.shapes import scale
from hconsist.pointwise import PointwiseProblem

Array = NDArray[np.float64]

_LARGE = 1e30
#: The least relative spread of scores that a loss of standardised scores is asked at.
_NO_TIE = 1e-3
#: Gaps between levels reach so many units; and, without a bound, far ones where only limits are
#: left, in the same unit.
_REACH, _FAR = 64.0, (2.0**9, 2.0**14, 2.0**24)
#: Losses that are multiplied at once.
_PIECE = 3e6


class Tables:
    """Scores and losses of one problem, whose loss does not tell the labels apart.

    Examples
    --------
    >>> tables = Tables(PointwiseProblem("spherical", n_classes=3))
    >>> tables.free.shape == tables.scores.shape
    True
    """

    def __init__(self, problem: PointwiseProblem) -> None:
        self.problem, self.n, self.k = problem, problem.n, problem.top_k("numeric")
        bound = problem.hypotheses.score_bound
        self.bound = np.inf if bound is None else float(bound)
        self.unit = scale(problem.surrogate, self.n)
        self.sum_to_zero = problem.surrogate.sum_to_zero
        self.rays = rays(problem)
        self.scores = self.inside(self._grid())
        self.free = np.sort(self.losses(self.scores), axis=1)
        self.known = self.scores
        self.tied = self.arranged(self.scores)[0]

    def losses(self, scores: Array) -> Array:
        """The losses of all labels (..., n), very large where they are not numbers."""
        with np.errstate(all="ignore"):
            values = np.asarray(losses_of(self.problem, scores), dtype=float)
        if not self.problem.surrogate.shift_invariant:
            return np.asarray(np.nan_to_num(values, nan=_LARGE, posinf=_LARGE))
        with np.errstate(all="ignore"):
            tie = np.asarray(losses_of(self.problem, np.zeros(self.n)), dtype=float)
        # equal scores, whatever rounding leaves of their spread; where the loss has no value there,
        # its values at small spreads are rounding too, and the same as at large ones
        close = _NO_TIE if np.any(np.isnan(tie)) else 1e-12
        level = np.ptp(scores, axis=-1) <= close * np.max(np.abs(scores), axis=-1, initial=1e-300)
        if np.any(level):
            values = np.where(level[..., None], tie, values)
        return np.asarray(np.nan_to_num(values, nan=_LARGE, posinf=_LARGE))

    def arranged(self, scores: Array) -> tuple[Array, Array]:
        """Losses and scores with the k highest scores first, each part by its losses: (..., n)."""
        order = np.argsort(-scores, axis=-1, kind="stable")
        scores = np.take_along_axis(scores, order, axis=-1)
        losses = self.losses(scores)
        inside, outside = (
            np.argsort(part, axis=-1, kind="stable") for part in np.split(losses, [self.k], axis=-1)
        )
        order = np.concatenate([inside, outside + self.k], axis=-1)
        return np.take_along_axis(losses, order, -1), np.take_along_axis(scores, order, -1)

    def centred(self, scores: Array) -> Array:
        """The scores as the loss wants them."""
        return scores - scores.mean(axis=-1, keepdims=True) if self.sum_to_zero else scores

    def risk(self, p: Array, scores: Array, tied: bool) -> Array:
        """The least risk of the arrangements of scores (M, D, n) at p (M, n); infinite outside the
        bound.

        ``tied``: p in the order of `program.Program`, the predicted labels first; else descending.
        """
        scores = self.centred(scores)
        losses = self.arranged(scores)[0] if tied else np.sort(self.losses(scores), axis=-1)
        values = np.einsum("mdn,mn->md", losses, p)
        if np.isfinite(self.bound):
            outside = np.max(np.abs(scores), axis=-1) > self.bound * (1 + 1e-12)
            values = np.where(outside, np.inf, values)
        return np.asarray(values)

    def add(self, scores: Array) -> Array:
        """Keep scores (M, n) among those that best risks are read from; their losses, ascending."""
        scores = self.centred(scores)
        losses = np.sort(self.losses(scores), axis=-1)
        self.free = np.concatenate([self.free, losses])
        self.known = np.concatenate([self.known, scores])
        return losses

    def best(self, p: Array, many: int) -> list[Array]:
        """The best, second best, ... scores of the table for each descending p."""
        risks = p @ self.free.T
        order = np.argpartition(risks, many, axis=1)[:, :many]
        return [self.known[order[:, i]] for i in range(many)]

    # -- scores
    def _grid(self) -> Array:
        n, complete = self.n, np.isinf(self.bound)
        reach = _REACH * self.unit if complete else 2 * self.bound
        free_shift = not self.sum_to_zero and not self.problem.surrogate.shift_invariant
        count = (16 if free_shift else 24) if n <= 4 else (5 if free_shift else 9)
        gaps = reach * np.concatenate([np.geomspace(2.0**-11, 1.0, count), [0.75, 0.5, 0.3]])
        if complete and not free_shift:  # else far scores leave rounding alone of their differences
            gaps = np.concatenate([gaps, reach * np.array(_FAR)])
        sizes = range(1, n) if n <= 12 else sorted({1, 2, 3, self.k, n // 2, n - 2, n - 1})
        rows = [np.zeros((1, n))]
        pairs = np.array(list(product(gaps, repeat=2)))
        for first in sizes:
            pattern = np.where(np.arange(n) < first, 0.0, -1.0)
            rows.append(gaps[:, None] * pattern)
            for second in (s for s in sizes if first + s < n):
                lower = np.where(np.arange(n) < first + second, 0.0, -1.0)
                rows.append(pairs[:, :1] * pattern + pairs[:, 1:] * lower)
        scores = np.concatenate(rows)
        if not complete:
            scores = scores[-scores.min(axis=1) <= reach * (1 + 1e-12)]
        if self.sum_to_zero:
            return np.asarray(scores)
        if not free_shift:
            return np.asarray(scores + (0.0 if complete else self.bound))
        steps = reach * np.array([1.0, 0.5, 0.2, 0.05])
        shifts = np.concatenate([-steps, [0.0], steps])
        return np.asarray((scores[None] + shifts[:, None, None]).reshape(-1, n))

    def inside(self, scores: Array) -> Array:
        """The scores that the hypothesis set reaches."""
        scores = self.centred(scores)
        return np.asarray(scores[np.max(np.abs(scores), axis=1) <= self.bound * (1 + 1e-12)])

    # -- distributions
    def distributions(self, beta: float, r: int) -> Array:
        """Distributions of at most five distinct values with target regret beta, in the order of
        `program.Program`.
        """
        n, k = self.n, self.k
        rightly, rest = k - r, n - k - r
        parts = []
        for many in sorted({0, 1, 2, 3, rest // 2, rest - 1, rest} & set(range(rest + 1))):
            sizes = [rightly, many, rest - many]
            used = [i for i, size in enumerate(sizes) if size]
            resolution = (60, 40, 16 if n <= 4 else 12, 10 if n <= 5 else 8)[len(used)]
            grid = simplex_grid(2 + len(used), resolution) * (1.0 - beta)
            pair, extra = grid[:, :1] / (2 * r), grid[:, 1:2] / r
            blocks = [np.zeros((len(grid), 1))] * 3
            for column, i in enumerate(used):
                blocks[i] = grid[:, 2 + column : 3 + column] / sizes[i]
            columns = [(blocks[0], rightly), (pair, r), (pair + beta / r + extra, r)]
            columns += [(blocks[1], many), (blocks[2], rest - many)]
            p = np.concatenate([np.repeat(c, m, axis=1) for c, m in columns if m], axis=1)
            least = p[:, :rightly].min(axis=1, initial=1.0)
            good = least >= p[:, rightly:k].max(axis=1) - 1e-12
            good &= p[:, k : k + r].min(axis=1) >= p[:, k + r :].max(axis=1, initial=0.0) - 1e-12
            parts.append(p[good])
        p = np.concatenate(parts)
        tail = -np.sort(-p[:, k + r :], axis=1)
        p = np.concatenate([p[:, : k + r], tail], axis=1)
        if self.rays.size:  # where a best risk is unbounded below there is no regret
            p = p[np.min(-np.sort(-p, axis=1) @ self.rays.T, axis=1) >= -1e-11]
        return np.asarray(p)

    def flat(self, beta: float, r: int) -> Array:
        """Distributions whose labels are missed ones and those predicted rightly at x + beta / r,
        the others predicted at x, some at one height in [x, x + beta / r], and the rest at 0:
        minima narrower than a grid are often here.
        """
        n, k, d = self.n, self.k, beta / r
        rows = []
        rest = n - k - r
        for many in sorted({0, 1, 2, 3, rest // 2, rest} & set(range(rest + 1))):
            for height in (0.0, 0.5, 1.0) if many else (0.0,):
                x = (1.0 - d * (k + many * height)) / (k + r + many)
                if x >= 0:
                    high, low = [x + d] * (k - r), [x] * r
                    block = [x + height * d] * many
                    rows.append([*high, *low, *[x + d] * r, *block, *[0.0] * (rest - many)])
        p = np.array(rows).reshape(-1, n)
        if self.rays.size:
            p = p[np.min(-np.sort(-p, axis=1) @ self.rays.T, axis=1) >= -1e-11]
        return p

    def regrets(self, p: Array) -> tuple[Array, NDArray[np.intp]]:
        """The regret on the table, and the best wrong prediction, for each p (P, n)."""
        size = max(int(_PIECE / len(self.free)), 1)
        values, rows = [np.empty(0)], [np.empty(0, dtype=np.intp)]
        for start in range(0, len(p), size):
            piece = p[start : start + size]
            best = np.min(-np.sort(-piece, axis=1) @ self.free.T, axis=1)
            risks = piece @ self.tied.T
            row = np.argmin(risks, axis=1)
            values.append(risks[np.arange(len(piece)), row] - best)
            rows.append(row)
        return np.concatenate(values), np.concatenate(rows)
