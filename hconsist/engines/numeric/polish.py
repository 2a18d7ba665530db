"""Local searches over scores for many label distributions at once: a pattern search over the levels
of a score vector, which needs no derivative, then Newton steps over the scores of all labels; where
the formula has kinks or no derivatives, a pattern search again.
"""

from __future__ import annotations

from itertools import product

import numpy as np
from numpy.typing import NDArray

from hconsist.engines.numeric.methods import local_solver
from hconsist.engines.numeric.tables import Tables

Array = NDArray[np.float64]

#: Moves of one local search: where a risk falls towards infinity, it ends somewhere.
_MOVES = 90
#: Levels that move in all directions at once; more of them move one at a time.
_TOGETHER = 3


class Polish:
    """The local searches of one problem."""

    def __init__(self, tables: Tables) -> None:
        self.tables, self.unit = tables, tables.unit
        self.newton = local_solver(tables.problem, tables.unit)
        self.shift = tables.problem.surrogate.shift_invariant

    def lower(self, p: Array, scores: Array, tied: bool, fine: bool) -> tuple[Array, Array]:
        """Scores (M, n) of lower risk from these ones, and the risks (M,).

        Parameters
        ----------
        p : array (M, n)
        scores : array (M, n)
        tied : bool
            Whether they predict wrongly: p is in the order of `program.Program` then, else
            descending.
        fine : bool
            Whether to search for long.
        """
        scores, member = self._levels(scores, None)
        value, scores = self._search(p, scores, member, tied, 0.25 * self.unit)
        scores = self._arranged(scores, tied)
        if self.newton is not None:
            value, scores = self._by_newton(p, value, scores, tied)
        if self.newton is None or fine:
            scores, member = self._levels(scores, self._apart(p, scores, tied))
            value, scores = self._search(p, scores, member, tied, 0.02 * self.unit)
        return value, scores

    def smooth(self, p: Array, value: Array, scores: Array, tied: bool) -> tuple[Array, Array]:
        """The same row by row by L-BFGS, to the last digits of smooth risks."""
        value, scores = value.copy(), self._arranged(scores, tied)
        for i in range(len(p)):
            value[i], scores[i] = self._smooth(p[i], value[i], scores[i], tied)
        return value, scores

    def _by_newton(self, p: Array, value: Array, scores: Array, tied: bool) -> tuple[Array, Array]:
        """Newton steps over every label's score, those tied with the predicted ones as one; a row
        keeps its scores where that does not help.
        """
        assert self.newton is not None
        k, one = self.tables.k, np.ones(p.shape)
        if not tied:
            trial = self._newton(p, one, scores)
        else:
            level = scores[:, :k].min(axis=1, keepdims=True)
            together = np.abs(scores - level) <= 1e-9 * self.unit
            count = together.sum(axis=1, keepdims=True)
            mean = np.sum(np.where(together, p, 0.0), axis=1, keepdims=True) / count
            first = np.argmax(together, axis=1)
            rows = np.arange(len(p))
            many = np.where(together, 0.0, 1.0)
            many[rows, first] = count[:, 0]
            trial = self._newton(np.where(together, mean, p), many, scores)
            level = trial[rows, first][:, None]
            trial = np.where(together, level, trial)
            trial[:, :k] = np.maximum(trial[:, :k], level)
            trial[:, k:] = np.minimum(trial[:, k:], level)
        trial = self.tables.centred(trial)
        risk = self.tables.risk(p, trial[:, None], tied)[:, 0]
        better = risk < value
        return np.where(better, risk, value), np.where(better[:, None], trial, scores)

    def _newton(self, p: Array, many: Array, scores: Array) -> Array:
        assert self.newton is not None
        with np.errstate(all="ignore"):
            try:
                found = self.newton.lower(p, many, scores)
            except np.linalg.LinAlgError:  # infinite derivatives
                return scores
        return np.where(np.isfinite(found), found, scores)

    def _levels(self, scores: Array, apart: Array | None) -> tuple[Array, NDArray[np.intp]]:
        """Which labels move together: equal scores (or of equal ``apart``), numbered by row."""
        keys = scores / self.unit if apart is None else apart
        order = np.argsort(keys, axis=1, kind="stable")
        ranked = np.take_along_axis(keys, order, 1)
        new = np.diff(ranked, axis=1) > 1e-9 * (1 + np.abs(ranked[:, 1:]))
        number = np.concatenate([np.zeros((len(keys), 1), int), np.cumsum(new, axis=1)], axis=1)
        member = np.empty_like(number)
        np.put_along_axis(member, order, number, 1)
        return scores, member

    def _apart(self, p: Array, scores: Array, tied: bool) -> Array:
        """Keys that tell labels apart by their scores and probabilities, but for those tied with
        the predicted ones.
        """
        arranged = self._arranged(scores, tied)
        key = arranged / self.unit * 7.0 + p * 3.1
        if tied:
            level = arranged[:, : self.tables.k].min(axis=1, keepdims=True)
            key = np.where(np.abs(arranged - level) <= 1e-9 * self.unit, -1e9, key)
        scores[:] = arranged
        return np.asarray(key)

    def _arranged(self, scores: Array, tied: bool) -> Array:
        """The scores in the order in which p belongs to them."""
        scores = self.tables.centred(scores)
        if tied:
            return self.tables.arranged(scores)[1]
        order = np.argsort(self.tables.losses(scores), axis=1, kind="stable")
        return np.take_along_axis(scores, order, 1)

    def _search(
        self, p: Array, scores: Array, member: NDArray[np.intp], tied: bool, first: float
    ) -> tuple[Array, Array]:
        scores = scores.copy()
        value = self.tables.risk(p, scores[:, None], tied)[:, 0]
        most = int(member.max()) + 1
        if most > 1 or not self.shift:
            directions = self._directions(most)
            size = np.full(len(p), first)
            for _ in range(_MOVES):
                rows = np.flatnonzero(size > 1e-9 * self.unit)
                if rows.size == 0:
                    break
                moves = directions[:, member[rows]].swapaxes(0, 1)  # (rows, moves, n)
                trial = scores[rows, None] + size[rows, None, None] * moves
                if np.isfinite(self.tables.bound) and not self.tables.sum_to_zero:
                    trial = np.clip(trial, -self.tables.bound, self.tables.bound)
                risks = self.tables.risk(p[rows], trial, tied)
                best = np.argmin(risks, axis=1)
                index = np.arange(rows.size)
                better = risks[index, best] < value[rows] - 1e-16 * (1 + np.abs(value[rows]))
                scores[rows[better]] = trial[index, best][better]
                value[rows[better]] = risks[index, best][better]
                grown = np.minimum(1.6 * size[rows], 64 * self.unit)
                size[rows] = np.where(better, grown, size[rows] / 2.5)
        return value, self.tables.centred(scores)

    def _directions(self, levels: int) -> Array:
        """Moves of the levels (D, levels)."""
        if levels <= _TOGETHER:
            moves = np.array([d for d in product((-1.0, 0.0, 1.0), repeat=levels) if any(d)])
            return moves[moves[:, 0] == 0] if self.shift and levels > 1 else moves
        one = np.eye(levels)
        steps = np.cumsum(one, axis=0)[:-1]  # the levels up to one of them together
        return np.concatenate([one, -one, steps, -steps])

    def _smooth(self, p: Array, value: float, scores: Array, tied: bool) -> tuple[float, Array]:
        """L-BFGS over the scores of all labels, those tied with the predicted ones as one."""
        from scipy.optimize import minimize

        start = scores
        key = self._apart(p[None], start[None].copy(), tied)[0]
        distinct, member = np.unique(np.round(key, 9), return_inverse=True)
        member = member.ravel()
        if distinct.size < 2:
            return value, scores
        step = 1e-5 * self.unit
        moves = step * np.concatenate([np.eye(distinct.size), -np.eye(distinct.size)])

        def risk(x: Array) -> tuple[float, Array]:
            trial = self.tables.centred(np.concatenate([[x], x + moves])[:, member])
            values = self.tables.losses(trial) @ p
            up, down = np.split(values[1:], 2)
            return float(values[0]), np.nan_to_num((up - down) / (2 * step), posinf=0.0, neginf=0.0)

        x0 = np.array([start[member == j][0] for j in range(distinct.size)])
        bound = self.tables.bound
        limits = None if np.isinf(bound) else [(-bound, bound)] * distinct.size
        options = {"ftol": 1e-16, "gtol": 1e-10}
        found = minimize(risk, x0, jac=True, method="L-BFGS-B", bounds=limits, options=options)
        reached = found.x[member][None]
        new = float(self.tables.risk(p[None], reached[:, None], tied)[0, 0])
        return (new, self.tables.centred(reached)[0]) if new < value else (value, scores)
