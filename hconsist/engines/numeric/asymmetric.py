"""Convex losses that tell the labels apart: each pair of a missed and a predicted label by itself.

With s_j = 0 for the predicted label j, "j is predicted" says that the other scores are in [-r, 0],
r the largest difference of scores, so that the risk

    C_j(p) = min { C(s, p) : s_j = 0, -r <= s_k <= 0 }

is a convex program in a box, as C*(p) is. For each pair (i, j) the search starts at
distributions of two and three labels with p_i - p_j >= b and moves mass along the slope of
C_j - C*, which is the difference of the losses at the two optima. No pooling lemma is used.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import permutations
from time import process_time

import numpy as np
from numpy.typing import NDArray

from hconsist.engines.numeric.answers import answer
from hconsist.engines.numeric.jets import JetOps
from hconsist.losses.forms import convex_in_scores
from hconsist.pointwise import Answer, PointwiseProblem

Array = NDArray[np.float64]

PAIRS = (
    "convex programs for each pair of a missed and a predicted label, mass moved down the slope "
    "from distributions of two and three labels; it may miss a narrow minimum"
)
#: More labels have too many pairs.
MOST_CLASSES = 12
#: Up to so many labels every pair is searched; rows that are solved together.
_FEW, _CHUNK = 4, 128
#: Differences of scores beyond this show in no double.
_FAR = 60.0
_ITERATIONS = 60
#: How many pairs are followed, and for how many moves; shares of mass that a move tries.
_FOLLOWED, _MOVES = 6, 40
_SHARES = np.array([0.5, 0.2, 0.05, 0.01, 2e-3, 3e-4, 3e-5, 1e-6])
_SECONDS = 3.0


@dataclass(frozen=True)
class PairRegret:
    """One distribution for one pair: its regret."""

    value: float
    p: Array
    missed: int
    predicted: int


class PairPrograms:
    """The convex programs of one problem."""

    def __init__(self, problem: PointwiseProblem) -> None:
        self.problem, self.n = problem, problem.n
        bound = problem.hypotheses.score_bound
        self.range = _FAR if bound is None else 2 * float(bound)
        self.ops = JetOps()

    def risks(self, p: Array, j: NDArray[np.intp]) -> tuple[Array, Array, Array]:
        """C_j(p) for rows p (M, n) and j (M,): risk (M,), losses (M, n), scores (M, n)."""
        pinned = np.arange(self.n) == j[:, None]
        return self._solved(p, pinned, -self.range, 0.0)

    def best(self, p: Array) -> tuple[Array, Array, Array]:
        """C*(p): risk, losses and scores, whatever they predict."""
        return self.within(p, -self.range / 2, self.range / 2)

    def within(
        self,
        p: Array,
        low: Array | float,
        high: Array | float,
        start: Array | None = None,
    ) -> tuple[Array, Array, Array]:
        """The least risk of scores in a box, (M, n) or one for all: risk, losses and scores."""
        return self._solved(p, np.zeros(p.shape, dtype=bool), low, high, start)

    def gradient(self, p: Array, s: Array) -> Array:
        """Of the risk in the scores: (M, n)."""
        jet = self.problem.surrogate.losses(self.ops.variables(s), self.ops)
        return np.asarray(np.einsum("my,myk->mk", p, jet.gradient))

    def _solved(
        self,
        p: Array,
        pinned: NDArray[np.bool_],
        low: Array | float,
        high: Array | float,
        start: Array | None = None,
    ) -> tuple[Array, Array, Array]:
        """The convex program in a box, pinned scores being 0, by projected Newton steps."""
        log_p = np.log(np.maximum(p, 1e-9))
        at = np.where(pinned, log_p, 0.0).sum(axis=1, keepdims=True)
        centre = at if pinned.any() else (log_p.max(axis=1) + log_p.min(axis=1))[:, None] / 2
        low, high = np.broadcast_to(low, p.shape), np.broadcast_to(high, p.shape)
        s = np.clip(log_p - centre if start is None else start, low, high)
        for first in range(0, len(p), _CHUNK):
            going = np.arange(first, min(first + _CHUNK, len(p)))
            for _ in range(_ITERATIONS):
                if not going.size:
                    break
                s[going], moved = self._step(
                    p[going], s[going], pinned[going], low[going], high[going]
                )
                going = going[moved]
        losses = np.asarray(self.problem.surrogate.losses(s, self.ops.base), dtype=float)
        return np.sum(p * losses, axis=1), losses, s

    def _step(
        self, p: Array, s: Array, pinned: NDArray[np.bool_], low: Array, high: Array
    ) -> tuple[Array, NDArray[np.bool_]]:
        """One step for each row, and whether it lowered the risk."""
        rows = np.arange(len(p))
        jet = self.problem.surrogate.losses(self.ops.variables(s), self.ops)
        gradient = np.einsum("my,myk->mk", p, jet.gradient)
        hessian = np.einsum("my,mykl->mkl", p, jet.hessian)
        held = ((s <= low) & (gradient > 0)) | ((s >= high) & (gradient < 0)) | pinned
        g = np.where(held, 0.0, gradient)
        h = np.where(held[:, :, None] | held[:, None, :], 0.0, hessian)
        index = np.arange(self.n)
        h[:, index, index] += np.where(held, 1.0, 1e-12)
        step = -np.linalg.solve(h, g[..., None])[..., 0]
        longest = np.abs(step).max(axis=1, keepdims=True)
        step *= np.minimum(1.0, 20.0 / np.maximum(longest, 1e-300))
        sizes = np.array([1.0, 0.3, 0.1, 0.01, 1e-3])
        trial = np.clip(s[:, None] + sizes[:, None] * step[:, None], low[:, None], high[:, None])
        losses = np.asarray(self.problem.surrogate.losses(trial, self.ops.base), dtype=float)
        values = np.einsum("my,mdy->md", p, losses)
        now = np.sum(p * np.asarray(jet.value), axis=1)
        best = np.argmin(values, axis=1)
        better = values[rows, best] < now - 1e-17 * (1 + np.abs(now))
        s = np.where(better[:, None], trial[rows, best], s)
        return s, (np.abs(g).max(axis=1) > 1e-13) & better

    # -- one target regret
    def smallest_regret(self, beta: float) -> PairRegret:
        """T(beta), the best of all pairs."""
        end = process_time() + _SECONDS
        pairs = list(permutations(range(self.n), 2))
        if self.n > _FEW:  # the most promising pairs, by their two labels alone
            pairs = self._promising(pairs, beta)
        starts = [(i, j, p) for i, j in pairs for p in self._starts(i, j, beta)]
        p = np.array([p for _, _, p in starts])
        wrong = np.array([j for _, j, _ in starts])
        value = self.risks(p, wrong)[0] - self.best(p)[0]
        chosen: list[int] = []
        for at in np.argsort(value, kind="stable"):
            if sum(starts[c][:2] == starts[at][:2] for c in chosen) < 2:
                chosen.append(int(at))
            if len(chosen) == 2 * _FOLLOWED:
                break
        found = [PairRegret(float(value[at]), p[at], starts[at][0], starts[at][1]) for at in chosen]
        for place, one in enumerate(found):
            if process_time() < end or place == 0:
                found[place] = self._follow(one, beta, end)
        return min(found, key=lambda one: one.value)

    def _promising(self, pairs: list[tuple[int, int]], beta: float) -> list[tuple[int, int]]:
        """Of distributions on two labels, the scores of all others far below: a grid of
        differences for each pair.
        """
        t = np.concatenate([[0.0], np.geomspace(1e-3, min(self.range, 30.0), 60)])
        values = []
        for i, j in pairs:
            regrets = []
            for high, low in ((j, i), (i, j)):  # predicted wrongly, and rightly
                s = np.full((t.size, self.n), -min(self.range, 30.0))
                s[:, high], s[:, low] = 0.0, -t
                losses = np.asarray(self.problem.surrogate.losses(s, self.ops.base), dtype=float)
                regrets.append((losses[:, i] * (1 + beta) + losses[:, j] * (1 - beta)).min() / 2)
            values.append(regrets[0] - min(regrets))
        return [pairs[at] for at in np.argsort(values, kind="stable")[: 2 * _FOLLOWED]]

    def _starts(self, i: int, j: int, beta: float) -> list[Array]:
        """Distributions with p_i = p_j + b: alone, with a third label, and with all others."""
        low = (1 - beta) / 2
        shapes = [np.zeros(self.n)]
        others = [k for k in range(self.n) if k not in (i, j)]
        for k in others if self.n <= _FEW else others[:: max(len(others) - 1, 1)]:
            shapes.append(0.4 * (1 - beta) * np.eye(self.n)[k])
        rest = np.ones(self.n)
        rest[[i, j]] = 0.0
        if self.n > 2:
            shapes.append(0.5 * (1 - beta) * rest / rest.sum())
        result = []
        for shape in shapes:
            p = shape.copy()
            p[j] = low - shape.sum() / 2
            p[i] = p[j] + beta
            result.append(p)
        return result

    def _follow(self, start: PairRegret, beta: float, end: float) -> PairRegret:
        """Mass moves between blocks, the pair together being one, while the regret falls."""
        i, j, p, value = start.missed, start.predicted, start.p, start.value
        blocks = [np.eye(self.n)[k] for k in range(self.n) if k not in (i, j)]
        blocks += [(np.eye(self.n)[i] + np.eye(self.n)[j]) / 2, np.eye(self.n)[i]]
        away = np.array([a - b for a in blocks for b in blocks if a is not b])
        wrong = np.array([j])
        for _ in range(_MOVES):
            if process_time() > end:
                break
            slope = self.risks(p[None], wrong)[1][0] - self.best(p[None])[1][0]
            gain = away @ slope
            trials = []
            for move in away[np.argsort(gain, kind="stable")[: 6 if self.n <= _FEW else 3]]:
                room = np.min(np.where(move < 0, -p / np.minimum(move, -1e-300), np.inf))
                trials += [p + share * room * move for share in (1.0, *_SHARES)]
            trial = np.array(trials)
            trial = trial[np.all(trial >= 0, axis=1) & (trial[:, i] - trial[:, j] >= beta - 1e-15)]
            if not len(trial):
                break
            regret = self.risks(trial, np.full(len(trial), j))[0] - self.best(trial)[0]
            at = int(np.argmin(regret))
            if not regret[at] < value - 1e-13:
                break
            p, value = trial[at], float(regret[at])
        return PairRegret(value, p, i, j)


def applies(problem: PointwiseProblem) -> str:
    """Why the method does not apply; empty where it does.

    Examples
    --------
    >>> applies(PointwiseProblem("ldam", n_classes=4))
    ''
    """
    if problem.top_k("numeric") != 1:
        return "needs the zero-one target"
    return solvable(problem)


def solvable(problem: PointwiseProblem) -> str:
    """Why the risks of a loss are no convex programs in a box for it; empty where they are."""
    loss = problem.surrogate
    if not loss.shift_invariant or loss.sum_to_zero:
        return "needs a loss of score differences"
    if problem.n > MOST_CLASSES:
        return f"is for {MOST_CLASSES} classes at most"
    if not convex_in_scores(loss.forms, problem.n):
        return "needs a loss that is shown or declared to be convex in the scores"
    try:
        ops = JetOps()
        jet = loss.losses(ops.variables(np.zeros((1, problem.n))), ops)
    except (NotImplementedError, TypeError):
        return "needs a formula that can be differentiated"
    smooth = bool(np.all(np.isfinite(jet.hessian)) and np.any(jet.hessian))
    return "" if smooth else "needs a loss that bends"


def answers(problem: PointwiseProblem, betas: Array) -> list[Answer]:
    """T at every beta.

    Examples
    --------
    >>> found = answers(PointwiseProblem("ldam:margin=0", n_classes=3), np.array([0.5]))
    >>> round(found[0].estimate, 9)  # cross-entropy
    0.130812036
    """
    pairs, result = PairPrograms(problem), []
    for beta in betas:
        found = pairs.smallest_regret(float(beta))
        p = found.p[None]
        risk, _, wrong = pairs.risks(p, np.array([found.predicted]))
        least, _, best = pairs.best(p)
        shift = pairs.range / 2 if problem.hypotheses.score_bound is not None else 0.0
        predicted = np.array([found.predicted])
        value = float(risk[0] - least[0])
        result.append(
            answer(problem, found.p, best[0], wrong[0] + shift, predicted, value, 0.0, (PAIRS,))
        )
    return result
