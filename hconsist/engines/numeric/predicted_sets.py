"""Convex losses that tell the labels apart, top-k targets: each pair of a missed and a wrongly
predicted set of labels by itself.

"The set K is predicted" says that a threshold t lies between the scores of K and the others, so
that with t held the risk is a convex program in a box, s_k >= t on K and s_k <= t outside it. On
complete scores of score differences t = 0; in a box the least value over t is a convex problem in
one variable, whose slope is the sum of the gradients held at t. For a missed set A and a wrong set
B of K, |A| = |B|, the search starts at distributions with p(A) - p(B) = b and moves mass along the
slope of C_K - C*, the difference of the losses at the two optima. No pooling lemma is used.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations
from math import comb
from time import process_time

import numpy as np
from numpy.typing import NDArray

from hconsist.engines.numeric import asymmetric
from hconsist.engines.numeric.answers import answer
from hconsist.engines.numeric.asymmetric import PairPrograms
from hconsist.engines.numeric.searches import FROM_A_GRID, searched
from hconsist.pointwise import Answer, PointwiseProblem

Array = NDArray[np.float64]
Labels = tuple[int, ...]

SETS = (
    "convex programs for pairs of a missed and a wrongly predicted set, mass moved down the slope "
    "from distributions of few values; it may miss a narrow minimum"
)
#: More pairs of sets than this are not tried.
MOST_PAIRS = 20_000
#: Pairs of sets of one size that are kept, starts that are followed, for how many moves, and the
#: directions that a move tries.
_KEPT, _FOLLOWED, _MOVES, _WAYS = 8, 6, 5, 6
_SHARES = np.array([1.0, 0.5, 0.2, 0.05, 0.01, 2e-3, 3e-4, 3e-5, 1e-6])
_SECONDS = 3.0
#: Of those followed, how many are polished, in how many steps.
_POLISHED, _STEPS = 2, 60
#: Pairs of sets that are valued together.
_TOGETHER = 200
#: Steps towards the best threshold of scores in a box, until its slope or its room is below this.
_THRESHOLDS, _FLAT = 40, 1e-10


@dataclass(frozen=True)
class Sets:
    """The labels missed, those predicted in their place, and the other predicted ones."""

    missed: Labels
    wrong: Labels
    right: Labels

    @property
    def predicted(self) -> Labels:
        """All predicted labels."""
        return self.wrong + self.right


@dataclass(frozen=True)
class SetRegret:
    """One distribution for one pair of sets: its regret."""

    value: float
    p: Array
    sets: Sets


class SetPrograms:
    """The convex programs of one problem."""

    def __init__(self, problem: PointwiseProblem) -> None:
        self.problem, self.n, self.k = problem, problem.n, problem.top_k("numeric")
        self.pairs = PairPrograms(problem)
        bound = problem.hypotheses.score_bound
        self.bound = None if bound is None else float(bound)

    def best(self, p: Array) -> tuple[Array, Array, Array]:
        """C*(p): risk, losses and scores, whatever they predict."""
        return self.pairs.best(p)

    def risks(self, p: Array, chosen: NDArray[np.bool_]) -> tuple[Array, Array, Array]:
        """The least risk of scores that predict the sets of rows (M, n): risk, losses, scores."""
        if self.bound is None:
            far = self.pairs.range
            return self.pairs.within(p, np.where(chosen, 0.0, -far), np.where(chosen, far, 0.0))
        low, high = np.full(len(p), -self.bound), np.full(len(p), self.bound)
        left = right = np.zeros(len(p))  # slopes at both ends; the stale one is halved (Illinois)
        at, s, rows = high.copy(), np.zeros_like(p), np.arange(len(p))
        ends = np.zeros((2, len(p)), dtype=bool)  # which ends have been tried
        for step in range(_THRESHOLDS):
            box = self._box(chosen[rows], at[rows])
            s[rows] = self.pairs.within(p[rows], *box, s[rows] if step else None)[2]
            slope = np.zeros(len(p))
            slope[rows] = self._held(p[rows], s[rows], at[rows], chosen[rows])
            rising = slope > 0
            left, right = np.where(rising, left / 2, slope), np.where(rising, slope, right / 2)
            low, high = np.where(rising, low, at), np.where(rising, at, high)
            ends |= np.stack([slope < 0, rising])
            open_ = (np.abs(slope) > _FLAT) & (high - low > _FLAT)
            rows = rows[(open_ & ((step > 0) | rising))[rows]]  # falls up to the wall: at the wall
            if not rows.size:
                break
            with np.errstate(all="ignore"):
                secant = low - left * (high - low) / (right - left)
            inside = (secant > low) & (secant < high) & ends[0] & ends[1] & (step % 4 != 3)
            at[rows] = np.where(inside, secant, (low + high) / 2)[rows]
        return self.pairs.within(p, *self._box(chosen, at), s)

    def _box(self, chosen: NDArray[np.bool_], at: Array) -> tuple[Array, Array]:
        assert self.bound is not None
        t = at[:, None]
        return np.where(chosen, t, -self.bound), np.where(chosen, self.bound, t)

    def _held(self, p: Array, s: Array, at: Array, chosen: NDArray[np.bool_]) -> Array:
        """The slope (from below) of the least risk in the threshold: of the scores it holds."""
        gradient = self.pairs.gradient(p, s)
        wanted = np.where(chosen, np.maximum(gradient, 0.0), np.minimum(gradient, 0.0))
        return np.asarray(np.sum(np.where(s == at[:, None], wanted, 0.0), axis=1))

    def member(self, sets: Sets) -> NDArray[np.bool_]:
        """Which labels are predicted."""
        return np.isin(np.arange(self.n), sets.predicted)

    # -- one target regret
    def smallest_regret(self, beta: float) -> SetRegret:
        """T(beta), the best of the pairs of sets."""
        end = process_time() + _SECONDS
        sizes: dict[int, list[Sets]] = {}
        for sets in pairs_of_sets(self.n, self.k):
            sizes.setdefault(len(sets.missed), []).append(sets)
        chosen = [one for pairs in sizes.values() for one in self._promising(pairs, beta)]
        starts = [(sets, p) for sets in chosen for p in self._starts(sets, beta)]
        p = np.array([p for _, p in starts])
        member = np.array([self.member(sets) for sets, _ in starts])
        value = self.risks(p, member)[0] - self.best(p)[0]
        found: list[SetRegret] = []
        for at in np.argsort(value, kind="stable"):
            sets = starts[at][0]
            if sum(one.sets == sets for one in found) < 2 and len(found) < _FOLLOWED:
                found.append(SetRegret(float(value[at]), p[at], sets))
        for place, one in enumerate(found):
            if process_time() < end or not place:
                found[place] = self._follow(one, beta, end)
        found.sort(key=lambda one: one.value)
        for one in found[:_POLISHED]:
            if process_time() < end:
                found.append(self._polish(one, beta))
        return min(found, key=lambda one: one.value)

    def _promising(self, pairs: list[Sets], beta: float) -> list[Sets]:
        """By two scores: the sets tied, and the missed above the wrong by a grid of differences,
        every other label far below, or tied where it has to be predicted.
        """
        far = min(self.pairs.range, 30.0)
        t = np.concatenate([[0.0], np.geomspace(1e-3, far, 24)])
        values = np.concatenate(
            [
                self._two_scores(pairs[i : i + _TOGETHER], t, far, beta)
                for i in range(0, len(pairs), _TOGETHER)
            ]
        )
        return [pairs[at] for at in np.argsort(values, kind="stable")[:_KEPT]]

    def _two_scores(self, pairs: list[Sets], t: Array, far: float, beta: float) -> Array:
        tied = np.full((len(pairs), 1, self.n), -far)
        free = np.full((len(pairs), t.size, self.n), -far)
        for row, sets in enumerate(pairs):
            tied[row][:, [*sets.missed, *sets.predicted]] = 0.0
            free[row][:, [*sets.missed, *sets.right]] = 0.0
            free[row][:, sets.wrong] = -t[:, None]
        p = np.array([
            [_blocks(self.n, sets, beta, *share) for share in _shares(sets, beta)]
            for sets in pairs
        ])  # fmt: skip
        wrong, right = (np.einsum("mty,msy->mts", self._losses(s), p) for s in (tied, free))
        return np.asarray(np.min(wrong.min(axis=1) - right.min(axis=1), axis=1))

    def _losses(self, s: Array) -> Array:
        return np.asarray(self.problem.surrogate.losses(s, self.pairs.ops.base), dtype=float)

    def _starts(self, sets: Sets, beta: float) -> list[Array]:
        """Distributions with p(A) - p(B) = b: also with some mass on all other labels."""
        shares = _shares(sets, beta)
        shares += [(right * 0.7, 0.3) for right, _ in shares]
        return [_blocks(self.n, sets, beta, *share) for share in shares]

    def _follow(self, start: SetRegret, beta: float, end: float) -> SetRegret:
        """Mass moves between blocks, a missed and a wrong label together being one, while the
        regret falls.
        """
        p, value, sets = start.p, start.value, start.sets
        one, member = np.eye(self.n), self.member(sets)
        blocks = [one[k] for k in range(self.n) if k not in (*sets.missed, *sets.wrong)]
        blocks += [(one[a] + one[b]) / 2 for a in sets.missed for b in sets.wrong]
        blocks += [one[a] for a in sets.missed]
        away = np.array([a - b for a in blocks for b in blocks if a is not b])
        for _ in range(_MOVES):
            if process_time() > end:
                break
            slope = self.risks(p[None], member[None])[1][0] - self.best(p[None])[1][0]
            trials = []
            for move in away[np.argsort(away @ slope, kind="stable")[:_WAYS]]:
                room = np.min(np.where(move < 0, -p / np.minimum(move, -1e-300), np.inf))
                trials += [p + share * room * move for share in _SHARES]
            trial = np.array(trials)
            regret = trial[:, sets.missed].sum(axis=1) - trial[:, sets.wrong].sum(axis=1)
            trial = trial[np.all(trial >= 0, axis=1) & (regret >= beta - 1e-15)]
            if not len(trial):
                break
            reached = self.risks(trial, np.repeat(member[None], len(trial), axis=0))[0]
            reached = reached - self.best(trial)[0]
            at = int(np.argmin(reached))
            if not reached[at] < value - 1e-13:
                break
            p, value = trial[at], float(reached[at])
        return SetRegret(value, p, sets)

    def _polish(self, start: SetRegret, beta: float) -> SetRegret:
        """A descent along the slope of the regret, in the distributions of that target regret."""
        from scipy.optimize import minimize

        sets, member = start.sets, self.member(start.sets)[None]
        sign = np.isin(np.arange(self.n), sets.missed) * 1.0
        sign[list(sets.wrong)] = -1.0

        def regret(p: Array) -> tuple[float, Array]:
            row = np.maximum(p, 0.0)[None] / np.maximum(p, 0.0).sum()
            wrong, best = self.risks(row, member), self.best(row)
            return float(wrong[0][0] - best[0][0]), (wrong[1] - best[1])[0]

        limits = [
            {"type": "eq", "fun": lambda p: p.sum() - 1, "jac": np.ones_like},
            {"type": "ineq", "fun": lambda p: sign @ p - beta, "jac": lambda p: sign},
        ]
        box, options = [(0.0, 1.0)] * self.n, {"ftol": 1e-14, "maxiter": _STEPS}
        with np.errstate(all="ignore"):
            end = minimize(
                regret, start.p, jac=True, method="SLSQP", bounds=box, constraints=limits,
                options=options,
            )  # fmt: skip
        p = np.where(end.x > 1e-13, end.x, 0.0)
        p = p / p.sum()
        short = beta - float(sign @ p)
        if not (np.all(np.isfinite(p)) and short <= 1e-9):
            return start
        if short > 0:  # towards the start, which may have a little more, or from a wrong label
            a, b = sets.missed[0], max(sets.wrong, key=lambda y: p[y])
            p[a], p[b] = p[a] + short / 2, p[b] - short / 2
        if np.any(p < 0):
            return start
        value = regret(p)[0]
        return SetRegret(value, p, sets) if value < start.value else start


def pairs_of_sets(n: int, k: int) -> Iterator[Sets]:
    """Every missed set, wrong set and rest of the prediction.

    >>> [(s.missed, s.wrong, s.right) for s in pairs_of_sets(3, 2)][:2]
    [((0,), (1,), (2,)), ((0,), (2,), (1,))]
    """
    for size in range(1, min(k, n - k) + 1):
        for missed in combinations(range(n), size):
            others = [y for y in range(n) if y not in missed]
            for wrong in combinations(others, size):
                rest = [y for y in others if y not in wrong]
                for right in combinations(rest, k - size):
                    yield Sets(missed, wrong, right)


def how_many(n: int, k: int) -> int:
    """Of `pairs_of_sets`.

    >>> how_many(10, 2) == sum(1 for _ in pairs_of_sets(10, 2))
    True
    """
    sizes = range(1, min(k, n - k) + 1)
    return sum(comb(n, m) * comb(n - m, m) * comb(n - 2 * m, k - m) for m in sizes)


def _shares(sets: Sets, beta: float) -> list[tuple[float, float]]:
    """Masses on the other predicted labels (and none on the rest): none, as much for each as a
    missed label has, and as a wrong one has.
    """
    if not sets.right:
        return [(0.0, 0.0)]
    size, many = len(sets.missed), len(sets.right)
    likely, unlikely = ((1 + sign * beta) / 2 / size * many for sign in (1, -1))
    shares = [(0.0, 0.0), (likely / (1 + likely), 0.0), (unlikely / (1 + unlikely), 0.0)]
    return [(min(right, 0.9 * (1 - beta)), none) for right, none in shares]


def _blocks(n: int, sets: Sets, beta: float, right: float, others: float) -> Array:
    """p with p(A) - p(B) = b, equal in each set, of those masses on the other predicted labels and
    on all others (where there are any).
    """
    p = np.zeros(n)
    rest = [y for y in range(n) if y not in (*sets.missed, *sets.predicted)]
    left = 1.0
    for labels, mass in ((sets.right, right), (rest, others * (1 - beta))):
        if labels:
            p[list(labels)] = mass / len(labels)
            left -= mass
    p[list(sets.missed)] = (left + beta) / 2 / len(sets.missed)
    p[list(sets.wrong)] = (left - beta) / 2 / len(sets.wrong)
    return p


def applies(problem: PointwiseProblem) -> str:
    """Why the method does not apply; empty where it does.

    Examples
    --------
    >>> applies(PointwiseProblem("ldam", "top-k:2", n_classes=4))
    ''
    """
    if how_many(problem.n, problem.top_k("numeric")) > MOST_PAIRS:
        return f"is for {MOST_PAIRS} pairs of a missed and a predicted set at most"
    return asymmetric.solvable(problem)


def answers(problem: PointwiseProblem, betas: Array) -> list[Answer]:
    """T at every beta.

    Examples
    --------
    >>> problem = PointwiseProblem("ldam:margin=0", "top-k:2", n_classes=4)
    >>> round(answers(problem, np.array([0.5]))[0].estimate, 9)  # cross-entropy
    0.130812036
    """
    programs, result = SetPrograms(problem), []
    for beta in betas:
        found = programs.smallest_regret(float(beta))
        p, member = found.p[None], programs.member(found.sets)[None]
        risk, _, wrong = programs.risks(p, member)
        least, _, best = programs.best(p)
        predicted, value = np.array(found.sets.predicted), float(risk[0] - least[0])
        one = answer(problem, found.p, best[0], wrong[0], predicted, value, 0.0, (SETS,))
        result.append(searched(one, FROM_A_GRID))
    return result
