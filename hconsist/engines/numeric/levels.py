"""Losses that are neither convex nor known to have finitely many best scores: a search over score
vectors of few distinct values, any number of classes, all target regrets at once.

The loss does not tell the labels apart, so a score vector is a few levels and how many labels have
each; which label gets which is decided by sorting: the smallest loss goes to the likeliest label
(among all for a best risk, among the predicted ones and among the others for a prediction). Levels
are tabulated on a geometric grid (`tables`), far ones among them, where a loss nears its limits.
For the most promising wrong predictions w the distribution is found exactly by the linear program
of `program`,

    min over p of <p, l(w)> - min over s of <p, l(s)>,

in turns with local searches over the levels of w and of s, and then over every label's score, until
nothing moves. What is left between the linear program and the regret at its p is the gap that the
answer allows for.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from time import process_time

import numpy as np
from numpy.typing import NDArray

from hconsist.engines.numeric.polish import Polish
from hconsist.engines.numeric.program import Program
from hconsist.engines.numeric.tables import Tables
from hconsist.pointwise import PointwiseProblem

Array = NDArray[np.float64]

#: More classes than this make the tables large; more target regrets take minutes.
MOST_CLASSES, MOST_BETAS = 40, 600
#: So many target regrets are searched from the tables, further ones from the solutions beside them.
_ANCHORS = 12
#: How many wrong predictions of each target regret are followed, and for how many turns.
_FOLLOWED, _TURNS = 6, 12
#: A regret that is 0 up to what scores far apart leave of it.
_NOTHING = 1e-9
#: How many of them are followed to the end.
_FINISHED = 2
#: Shares of mass that polls move are no smaller.
_SMALLEST = 1e-6
#: How many of the table are solved for their best distributions, from which these are chosen.
_LOOKED_AT = 16
#: Seconds of computing for the turns of one target regret, and for each further one.
_SECONDS, _EACH = 1.6, 0.4
#: Regrets closer than this are equal: the turns end.
_STILL, _NEAR = 1e-13, 1e-11


@dataclass(frozen=True)
class LevelSolution:
    """T at one beta, labels in the order missed, predicted wrongly, predicted rightly, rest; the
    gap to the linear program.
    """

    value: float
    p: Array
    tied: Array
    free: Array
    predicted: NDArray[np.intp]
    gap: float


@dataclass
class _Path:
    """One wrong prediction that is followed at one target regret."""

    index: int
    beta: float
    r: int
    p: Array
    tied: Array
    free: Array = field(default_factory=lambda: np.empty(0))
    value: float = np.inf
    bound: float = -np.inf
    best: tuple[Array, Array, Array] | None = None
    done: bool = False


def _level(p: Array, k: int) -> Array:
    """The level at which predicted labels (the first k) and likelier others are pooled: (M, 1)."""
    low, high = np.zeros((len(p), 1)), np.ones((len(p), 1))
    for _ in range(50):
        level = (low + high) / 2
        short = np.maximum(level - p[:, :k], 0).sum(axis=1) < np.maximum(p[:, k:] - level, 0).sum(
            axis=1
        )
        low = np.where(short[:, None], level, low)
        high = np.where(short[:, None], high, level)
    return (low + high) / 2


class Levels:
    """The search of one problem, whose loss is symmetric in the labels."""

    def __init__(self, problem: PointwiseProblem) -> None:
        self.problem, self.n, self.k = problem, problem.n, problem.top_k("numeric")
        self.tables = Tables(problem)
        self.polish = Polish(self.tables)
        self._programs: dict[int, Program] = {}

    def program(self, r: int) -> Program:
        """The linear program over p where r labels are missed; its cuts serve every beta."""
        if r not in self._programs:
            self._programs[r] = Program(self.n, self.k, r, self.tables.free, self.tables.rays)
        return self._programs[r]

    def smallest_regret(self, beta: float) -> LevelSolution:
        """T(beta)."""
        return self.sweep(np.array([beta]))[0]

    def sweep(self, betas: Array) -> list[LevelSolution]:
        """T at every beta. What is found at a larger target regret holds at a smaller one too."""
        many, back = np.unique(betas, return_inverse=True)
        chosen = many
        if many.size > _ANCHORS:
            chosen = many[np.unique(np.linspace(0, many.size - 1, _ANCHORS).round().astype(int))]
        end = process_time() + _SECONDS + _EACH * chosen.size
        paths = self._searched(chosen, end)
        if chosen.size < many.size:
            paths = self._followed(many, dict(zip(chosen, paths, strict=True)))
        for i in range(len(paths) - 2, -1, -1):
            if paths[i + 1].value < paths[i].value:
                paths[i] = paths[i + 1]
        return [self._solution(paths[i]) for i in back]

    def best_risks(self, p: Array) -> Array:
        """C* at descending p (M, n)."""
        return np.concatenate(
            [self._free(p[i : i + 512], [], 6, len(p) <= 64)[0] for i in range(0, len(p), 512)]
        )

    def _searched(self, betas: Array, end: float) -> list[_Path]:
        paths = [path for i, b in enumerate(betas) for path in self._starts(i, float(b))]
        self._turn(paths)
        paths = self._kept(paths, betas.size, 2 * _FOLLOWED)
        self._turn(paths)
        paths = self._kept(paths, betas.size, _FOLLOWED)
        for turn in range(_TURNS):
            going = [path for path in paths if not path.done]
            if not going or (turn > 1 and process_time() > end):
                break
            self._turn(going)
            if turn >= 2:  # only the nearest to the best are followed further
                self._drop(paths, betas.size, 3 if turn < 5 else 1)
        found = []
        for index, beta in enumerate(betas):
            mine = sorted((p for p in paths if p.index == index), key=lambda p: p.value)
            for place, path in enumerate(mine[:_FINISHED]):
                if path.value > _NOTHING and (place == 0 or process_time() < end):
                    if place == 0:
                        self._poll(path, end)
                    self._finish(path, end)
            nothing = _Path(index, float(beta), 1, np.empty(0), np.empty(0))
            found.append(min([*mine[:_FINISHED], nothing], key=lambda p: p.value))
        return found

    def _followed(self, betas: Array, known: dict[float, _Path]) -> list[_Path]:
        """Solutions at further target regrets, from those of the known ones on either side."""
        anchors = np.array(sorted(known))
        paths = []
        for i, beta in enumerate(betas):
            at = int(np.searchsorted(anchors, beta))
            for anchor in {max(at - 1, 0), min(at, anchors.size - 1)}:
                source = known[anchors[anchor]]
                if source.best is None or float(beta) in known:
                    continue
                costs, _ = self.tables.arranged(source.best[1][None])
                _, _, p = self.program(source.r).solve(costs[0], float(beta), np.inf)
                if p is not None:
                    start = _Path(i, float(beta), source.r, p / p.sum(), source.best[1])
                    paths.append(start)
        for _ in range(3):
            self._turn([path for path in paths if not path.done])
        for path in paths:  # once more, with all best scores that have been found since
            if path.best is not None:
                path.p, path.tied, _ = path.best
                path.value = np.inf
        self._turn([path for path in paths if path.best is not None])
        found = []
        for i, beta in enumerate(betas):
            nothing = _Path(i, float(beta), 1, np.empty(0), np.empty(0))
            mine = [p for p in paths if p.index == i] + [known.get(float(beta), nothing)]
            found.append(min(mine, key=lambda p: p.value))
        return found

    def _starts(self, index: int, beta: float) -> list[_Path]:
        """The most promising wrong predictions of the table, each with its best distribution, and
        distributions that are flat but for what is missed.
        """
        found = []
        for r in range(1, min(self.k, self.n - self.k) + 1):
            grid = self.tables.distributions(beta, r)
            values, rows = self.tables.regrets(grid)
            order = np.argsort(values, kind="stable")
            _, first = np.unique(rows[order], return_index=True)
            for at in order[np.sort(first)[:_LOOKED_AT]]:
                scores = self.tables.scores[rows[at]]
                _, _, p = self.program(r).solve(self.tables.tied[rows[at]], beta, np.inf)
                found.append(_Path(index, beta, r, grid[at] if p is None else p / p.sum(), scores))
            flat = self.tables.flat(beta, r)
            for p, row in zip(flat, self.tables.regrets(flat)[1], strict=True):
                found.append(_Path(index, beta, r, p, self.tables.scores[row]))
        return found

    @staticmethod
    def _kept(paths: list[_Path], count: int, most: int) -> list[_Path]:
        """The best few of each target regret, to be followed further."""
        kept = []
        for index in range(count):
            mine = sorted((p for p in paths if p.index == index), key=lambda p: p.value)
            kept += [p for p in mine[:most] if np.isfinite(p.value)]
        for path in kept:
            path.done = path.value <= _NOTHING
        return kept

    def _drop(self, paths: list[_Path], count: int, keep: int) -> None:
        for index in range(count):
            mine = sorted((p for p in paths if p.index == index), key=lambda p: p.value)
            for path in mine[keep:] if mine and mine[0].value > _NOTHING else mine:
                path.done = True

    def _turn(self, paths: list[_Path], fine: bool = False) -> None:
        """The wrong scores and the best scores at p, then the linear program for the next p: once
        for each path.
        """
        if not paths:
            return
        p, tied = (np.array([getattr(path, f) for path in paths]) for f in ("p", "tied"))
        tied = self._wrong(p, tied, fine)
        costs, arranged = self.tables.arranged(tied)
        ordered = -np.sort(-p, axis=1)
        free = self._free(ordered, [], 6 if fine else 3, fine)[1]
        losses = self.tables.add(free)
        for program in self._programs.values():
            program.table = self.tables.free
        for i, path in enumerate(paths):
            path.tied = arranged[i]
            regret = float(costs[i] @ p[i] - losses[i] @ ordered[i])
            before = path.value
            if regret < path.value:
                path.value, path.best = regret, (p[i], arranged[i], free[i])
            lower, _, found = self.program(path.r).solve(costs[i], path.beta, np.inf)
            path.done = found is None or (before - regret < _STILL and path.value - lower < _NEAR)
            path.bound = min(lower, path.value)
            if found is not None:
                path.p = found / found.sum()

    def _wrong(self, p: Array, tied: Array, fine: bool) -> Array:
        """The best wrong scores found at each p, from the given ones and from pooled logarithms."""
        pooled = p.copy()
        level = _level(p, self.k)
        pooled[:, : self.k] = np.maximum(p[:, : self.k], level)
        pooled[:, self.k :] = np.minimum(p[:, self.k :], level)
        return self._least(p, [tied, self._logarithms(pooled, 1.0)], True, fine)[1]

    def _free(
        self, ordered: Array, known: list[Array], many: int, fine: bool
    ) -> tuple[Array, Array]:
        """Best risks and scores at descending p: from those known, those of the table, and the
        logarithms of p, as at infinity nothing shows which way is down.
        """
        logarithms = [self._logarithms(ordered, t) for t in (1.0, 2.5)]
        return self._least(
            ordered, [*known, *self.tables.best(ordered, many), *logarithms], False, fine
        )

    def _least(self, p: Array, starts: list[Array], tied: bool, fine: bool) -> tuple[Array, Array]:
        many = len(starts)
        risks, scores = self.polish.lower(np.tile(p, (many, 1)), np.concatenate(starts), tied, fine)
        risks, scores = risks.reshape(many, -1), scores.reshape(many, -1, self.n)
        row, index = np.argmin(risks, axis=0), np.arange(len(p))
        risk, at = risks[row, index], scores[row, index]
        return self.polish.smooth(p, risk, at, tied) if fine else (risk, at)

    def _logarithms(self, p: Array, power: float) -> Array:
        scores = power * np.log(np.maximum(p, 1e-6))
        top, bound = scores.max(axis=1, keepdims=True), self.tables.bound
        if np.isfinite(bound):
            return np.asarray(np.maximum(scores - top + bound, -bound))
        return np.asarray((scores - top) * min(self.tables.unit, 1e6))

    def _poll(self, path: _Path, end: float) -> None:
        """Mass moves between blocks of equally likely labels while that lowers the regret: turns
        alone creep where the best scores follow p.
        """
        size = 0.1
        while size > _SMALLEST and process_time() < end:
            assert path.best is not None
            p, tied, free = path.best
            trial = self._moves(p, path.r, path.beta, size)
            size /= 3.0
            if not len(trial):
                continue
            ordered = -np.sort(-trial, axis=1)
            wrong = self._wrong(trial, np.tile(tied, (len(trial), 1)), False)
            costs, wrong = self.tables.arranged(wrong)
            risks, best = self._free(ordered, [np.tile(free, (len(trial), 1))], 1, False)
            values = np.sum(costs * trial, axis=1) - risks
            at = int(np.argmin(values))
            if values[at] < path.value - _STILL:
                path.value, path.bound = float(values[at]), -np.inf
                path.best = (trial[at], wrong[at], best[at])
                self.tables.add(path.best[2][None])
                size = min(4.0 * size, 0.3)

    def _moves(self, p: Array, r: int, beta: float, size: float) -> Array:
        """Distributions with a share of mass moved from one block of labels to another."""
        n, k = self.n, self.k
        role = np.repeat([0, 1, 2, 3], [k - r, r, r, n - k - r])
        blocks = [np.isin(role, (1, 2)), role == 2]
        for part in (0, 3):
            for value in np.unique(np.round(p[role == part], 9)):
                blocks.append((role == part) & (np.abs(p - value) < 1e-8))
        for part in (0, 3):  # labels of one level may part
            blocks += [np.arange(n) == i for i in np.flatnonzero(role == part)[:4]]
        weights = np.array([b / b.sum() for b in blocks])
        moves = np.array([a - b for a in weights for b in weights if np.any(a != b)])
        trial = np.unique(np.round(p + size * moves, 15), axis=0)
        inside = np.all(trial >= 0, axis=1)
        inside &= trial[:, role == 2].sum(axis=1) - trial[:, role == 1].sum(axis=1) >= beta - 1e-15
        trial = trial[inside]
        # each role in descending order, as the linear program has them
        trial = np.concatenate([-np.sort(-trial[:, role == i], axis=1) for i in range(4)], axis=1)
        low = trial[:, role <= 0].min(axis=1, initial=1.0)
        missed = trial[:, role == 2].min(axis=1)
        wrong, rest = (trial[:, role == i].max(axis=1, initial=0.0) for i in (1, 3))
        return np.asarray(
            trial[(low >= np.maximum(wrong, rest)) & (missed >= np.maximum(wrong, rest))]
        )

    def _finish(self, path: _Path, end: float) -> None:
        """A last turn from the best point, to the end."""
        assert path.best is not None
        path.p, path.tied, _ = path.best
        path.value = np.inf  # found with best scores that may not have been the best ones
        for _ in range(3):
            before = path.value
            path.done = False
            self._turn([path], fine=True)
            if before - path.value <= _STILL or process_time() > end:
                break

    def _solution(self, path: _Path) -> LevelSolution:
        n, k, r = self.n, self.k, path.r
        predicted = np.arange(r, r + k)
        if path.best is None:  # no distribution of that regret has a finite best risk
            zero = np.zeros(n)
            return LevelSolution(np.inf, np.full(n, 1.0 / n), zero, zero, predicted, 0.0)
        p, tied, scores = path.best
        free = np.empty(n)
        by_loss = scores[np.argsort(self.tables.losses(scores[None])[0], kind="stable")]
        free[np.argsort(-p, kind="stable")] = by_loss
        order = np.concatenate(
            [np.arange(k, k + r), np.arange(k - r, k), np.arange(k - r), np.arange(k + r, n)]
        )
        gap = max(path.value - path.bound, 0.0)
        return LevelSolution(path.value, p[order], tied[order], free[order], predicted, gap)
