"""Losses that are neither convex nor known to have finitely many best scores: a search over score
vectors of at most three distinct values, any number of classes.

The loss does not tell the labels apart, so a score vector is a few levels and how many labels have
each; which label gets which is decided by sorting: the smallest loss goes to the likeliest label
(among all for a best risk, among the predicted ones and among the others for a prediction). Levels
are tabulated on a geometric grid. For the most promising wrong predictions w the distribution is
found exactly by the linear program of `kinked`,

    min over p of <p, l(w)> - min over s of <p, l(s)>,

in turns with a local search over the levels of w and of s, until nothing moves. What is left
between the linear program and the regret at its p is the gap that the answer allows for.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from time import process_time

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from hconsist.engines.numeric.answers import losses_of
from hconsist.engines.numeric.exhaustive import simplex_grid
from hconsist.engines.numeric.kinked import Program
from hconsist.engines.numeric.shapes import scale
from hconsist.pointwise import PointwiseProblem

Array = NDArray[np.float64]

#: More classes than this make the tables large.
MOST_CLASSES = 40
#: How many wrong predictions are followed to the end, and for how many turns.
_FOLLOWED, _TURNS = 6, 30
#: Moves of one local search: where a risk falls towards infinity, it ends somewhere.
_MOVES = 120
#: Seconds of computing after which no further start is followed, and no further turn taken.
_SECONDS = 3.0
#: Regrets closer than this are equal: the turns end.
_STILL = 1e-12
_LARGE = 1e30


@dataclass(frozen=True)
class Solution:
    """T at one beta, labels in the order missed, predicted wrongly, predicted rightly, rest; the
    gap to the linear program.
    """

    value: float
    p: Array
    tied: Array
    free: Array
    predicted: NDArray[np.intp]
    gap: float


class Levels:
    """The tables of one problem.

    Parameters
    ----------
    problem : PointwiseProblem
        With a loss that is symmetric in the labels.
    """

    def __init__(self, problem: PointwiseProblem) -> None:
        self.problem, self.n, self.k = problem, problem.n, problem.top_k("numeric")
        loss, bound = problem.surrogate, problem.hypotheses.score_bound
        self.bound = np.inf if bound is None else float(bound)
        self.unit = scale(loss, self.n)
        self.scores = self._inside(self._grid())
        self.free = np.sort(self.losses(self.scores), axis=1)
        self.tied = self.arranged(self.scores)[0]

    def losses(self, scores: Array) -> Array:
        """The losses of all labels, very large where they are not numbers."""
        with np.errstate(all="ignore"):
            values = np.asarray(losses_of(self.problem, scores), dtype=float)
        if not self.problem.surrogate.shift_invariant:
            return np.asarray(np.nan_to_num(values, nan=_LARGE, posinf=_LARGE))
        # equal scores, whatever rounding leaves of their spread, where the loss has no value there
        level = np.ptp(scores, axis=-1) <= 1e-12 * np.max(np.abs(scores), axis=-1, initial=1e-300)
        if np.any(level):
            with np.errstate(all="ignore"):
                tie = np.asarray(losses_of(self.problem, np.zeros(self.n)), dtype=float)
            values = np.where(level[..., None], tie, values)
        return np.asarray(np.nan_to_num(values, nan=_LARGE, posinf=_LARGE))

    def arranged(self, scores: Array) -> tuple[Array, Array]:
        """Losses and scores with the k highest scores first, each part by its losses."""
        order = np.argsort(-scores, axis=1, kind="stable")
        scores = np.take_along_axis(scores, order, axis=1)
        losses = self.losses(scores)
        k = self.k
        inside, outside = (
            np.argsort(part, axis=1, kind="stable") for part in np.split(losses, [k], 1)
        )
        order = np.concatenate([inside, outside + k], axis=1)
        return np.take_along_axis(losses, order, 1), np.take_along_axis(scores, order, 1)

    def _grid(self) -> Array:
        n = self.n
        sizes = range(1, n) if n <= 12 else sorted({1, 2, 3, self.k, n // 2, n - 2, n - 1})
        reach = 64.0 * self.unit if np.isinf(self.bound) else 2 * self.bound
        count = 24 if n <= 4 else 12
        gaps = reach * np.concatenate([np.geomspace(2.0**-11, 1.0, count), [0.75, 0.5, 0.3]])
        rows = [np.zeros((1, n))]
        for first in sizes:
            pattern = np.where(np.arange(n) < first, 0.0, -1.0)
            rows.append(gaps[:, None] * pattern)
            pairs = np.array(list(product(gaps, repeat=2)))
            for second in (s for s in sizes if first + s < n):
                lower = np.where(np.arange(n) < first + second, 0.0, -1.0)
                rows.append(pairs[:, :1] * pattern + pairs[:, 1:] * lower)
        scores = np.concatenate(rows)
        if np.isfinite(self.bound):
            scores = scores[-scores.min(axis=1) <= reach * (1 + 1e-12)]
        if self.problem.surrogate.sum_to_zero:
            return np.asarray(scores)
        if self.problem.surrogate.shift_invariant:
            return np.asarray(scores + (self.bound if np.isfinite(self.bound) else 0.0))
        steps = reach * np.array([1.0, 0.5, 0.2, 0.1, 0.05, 0.02])
        shifts = np.concatenate([-steps, [0.0], steps])
        return np.asarray((scores[None] + shifts[:, None, None]).reshape(-1, n))

    def _inside(self, scores: Array) -> Array:
        if self.problem.surrogate.sum_to_zero:
            scores = scores - scores.mean(axis=1, keepdims=True)
        return np.asarray(scores[np.max(np.abs(scores), axis=1) <= self.bound * (1 + 1e-12)])

    # -- distributions
    def distributions(self, beta: float, r: int) -> Array:
        """Distributions of at most five distinct values with target regret beta, in the order of
        `kinked.Program`.
        """
        n, k = self.n, self.k
        rightly, rest = k - r, n - k - r
        parts = []
        for many in sorted({0, 1, 2, 3, rest // 2, rest - 1, rest} & set(range(rest + 1))):
            sizes = [rightly, many, rest - many]
            used = [i for i, size in enumerate(sizes) if size]
            grid = simplex_grid(2 + len(used), (60, 40, 16, 10)[len(used)]) * (1.0 - beta)
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
        return np.concatenate([p[:, : k + r], tail], axis=1)

    def regrets(self, p: Array) -> Iterator[tuple[Array, NDArray[np.intp]]]:
        """The regret on the table and the best wrong prediction, in pieces."""
        for start in range(0, len(p), 512):
            piece = p[start : start + 512]
            best = np.min(-np.sort(-piece, axis=1) @ self.free.T, axis=1)
            risks = piece @ self.tied.T
            row = np.argmin(risks, axis=1)
            yield risks[np.arange(len(piece)), row] - best, row

    # -- local search over the levels
    def polish(self, p: Array, start: Array, tied: bool) -> tuple[float, Array]:
        """Lower the risk from several starts (M, n) by moving their levels: value, scores (n,)."""
        best_value, best_scores = np.inf, start[0]
        for scores in start:
            values, member = np.unique(scores, return_inverse=True)
            directions = np.array(
                [d for d in product((-1.0, 0.0, 1.0), repeat=values.size) if any(d)]
            )
            if self.problem.surrogate.shift_invariant and values.size > 1:
                directions = directions[directions[:, 0] == 0]
            levels, size = values, 0.25 * self.unit
            value = float(self._risk(p, scores[None], tied)[0])
            for _ in range(_MOVES):
                if size < 1e-8 * self.unit:
                    break
                trial = (levels + size * directions)[:, member]
                if np.isfinite(self.bound) and not self.problem.surrogate.sum_to_zero:
                    trial = np.clip(trial, -self.bound, self.bound)
                risks = self._risk(p, trial, tied)
                best = int(np.argmin(risks))
                if risks[best] < value - 1e-16:
                    value, scores = float(risks[best]), trial[best]
                    levels = np.array([scores[member == j][0] for j in range(values.size)])
                    size = min(1.5 * size, 16 * self.unit)
                else:
                    size /= 2.5
            if value < best_value:
                best_value, best_scores = value, scores
        return self._split(p, best_value, best_scores, tied)

    def _split(self, p: Array, value: float, scores: Array, tied: bool) -> tuple[float, Array]:
        """Lower the risk further where labels of one level have different probabilities: each its
        own level, but for those tied with the predicted ones.
        """
        scores = self._one(scores)
        place = p if tied else -np.sort(-p)
        if tied:
            start = self.arranged(scores)[1][0]
        else:
            start = scores[0][np.argsort(self.losses(scores)[0], kind="stable")]
        apart = place.copy()
        if tied:
            apart[np.abs(start - start[: self.k].min()) <= 1e-9 * self.unit] = -1.0
        keys = np.round(np.stack([start / self.unit, apart], axis=1), 9)
        distinct, member = np.unique(keys, axis=0, return_inverse=True)
        member = member.ravel()
        if len(distinct) < 2:
            return value, scores[0]
        step = 1e-5 * self.unit
        moves = step * np.concatenate([np.eye(len(distinct)), -np.eye(len(distinct))])

        def risk(x: Array) -> tuple[float, Array]:
            trial = np.concatenate([[x], x + moves])[:, member]
            if self.problem.surrogate.sum_to_zero:
                trial = trial - trial.mean(axis=1, keepdims=True)
            values = self.losses(trial) @ place
            up, down = np.split(values[1:], 2)
            return float(values[0]), np.nan_to_num((up - down) / (2 * step), posinf=0.0, neginf=0.0)

        x0 = np.array([start[member == j][0] for j in range(len(distinct))])
        limits = None if np.isinf(self.bound) else [(-self.bound, self.bound)] * len(distinct)
        found = minimize(
            risk,
            x0,
            jac=True,
            method="L-BFGS-B",
            bounds=limits,
            options={"ftol": 1e-16, "gtol": 1e-10},
        )
        reached = float(self._risk(p, found.x[None, member], tied)[0])
        return (reached, found.x[member]) if reached < value else (value, scores[0])

    def _risk(self, p: Array, scores: Array, tied: bool) -> Array:
        if self.problem.surrogate.sum_to_zero:
            scores = scores - scores.mean(axis=1, keepdims=True)
        outside = np.max(np.abs(scores), axis=1) > self.bound * (1 + 1e-12)
        losses = self.arranged(scores)[0] if tied else np.sort(self.losses(scores), axis=1)
        risk = losses @ (p if tied else -np.sort(-p))
        return np.where(outside, np.inf, risk)

    # -- one target regret
    def smallest_regret(self, beta: float) -> Solution:
        """T(beta)."""
        end = process_time() + _SECONDS
        starts: list[tuple[float, int, Array, Array]] = []
        for r in range(1, min(self.k, self.n - self.k) + 1):
            grid = self.distributions(beta, r)
            pieces = list(self.regrets(grid))
            values, rows = (np.concatenate([piece[i] for piece in pieces]) for i in (0, 1))
            order = np.argsort(values, kind="stable")
            _, first = np.unique(rows[order], return_index=True)
            for index in order[np.sort(first)[:_FOLLOWED]]:
                starts.append((float(values[index]), r, grid[index], self.scores[rows[index]]))
        best: Solution | None = None
        for _, r, p, tied in sorted(starts, key=lambda start: start[0])[:_FOLLOWED]:
            found = self._follow(beta, r, p, tied, end)
            if best is None or found.value < best.value:
                best = found
            if best.value <= _STILL or process_time() > end:
                break
        assert best is not None
        return best

    def _follow(self, beta: float, r: int, p: Array, tied: Array, end: float) -> Solution:
        program = Program(self.n, self.k, r, self.free, np.empty((0, self.n)))
        table, known = self.free, self.scores
        value, bound = np.inf, -np.inf
        record: tuple[Array, Array, Array] | None = None
        for _ in range(_TURNS):
            _, tied = self.polish(p, tied[None], True)
            costs, arranged = self.arranged(self._one(tied))
            lower, _, found = program.solve(costs[0], beta, np.inf)
            if found is None:
                break
            p = found / found.sum()
            starts = np.argsort(table @ -np.sort(-p), kind="stable")[:3]
            _, free = self.polish(p, known[starts], False)
            risk = np.sort(self.losses(self._one(free)), axis=1)
            table, known = np.concatenate([table, risk]), np.concatenate([known, self._one(free)])
            program.table = table
            regret = float(costs[0] @ p - risk[0] @ -np.sort(-p))
            if regret < value:
                record, bound = (p, arranged[0], self._one(free)[0]), lower
            done = value - regret < _STILL and regret - lower < _STILL * 100
            value = min(value, regret)
            if done or process_time() > end:
                break
        if record is None:
            raise AssertionError("the linear program over p has no solution")
        return self._solution(r, value, record, max(value - bound, 0.0))

    def _one(self, scores: Array) -> Array:
        centre = scores.mean() if self.problem.surrogate.sum_to_zero else 0.0
        return np.asarray(scores - centre)[None]

    def _solution(
        self, r: int, value: float, record: tuple[Array, Array, Array], gap: float
    ) -> Solution:
        n, k = self.n, self.k
        p, tied, scores = record
        free = np.empty(n)
        by_loss = scores[np.argsort(self.losses(scores[None])[0], kind="stable")]
        free[np.argsort(-p, kind="stable")] = by_loss
        order = np.concatenate(
            [np.arange(k, k + r), np.arange(k - r, k), np.arange(k - r), np.arange(k + r, n)]
        )
        return Solution(value, p[order], tied[order], free[order], np.arange(r, r + k), gap)
