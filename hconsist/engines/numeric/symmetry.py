"""Pairs of predictions up to what renames items, labels that may be present, or classes.

A renaming moves labels, predictions and scores together. It is used where the costs do not change,
exactly, and where the loss does not, at random scores: then T of a pair is that of its image.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hconsist.arithmetic import NUMPY
from hconsist.decisions.score_rules import rankings
from hconsist.pointwise import PointwiseProblem

Array = NDArray[np.float64]
Pair = tuple[int, int]


@dataclass(frozen=True)
class Renaming:
    """Where labels, predictions and scores go; scores may change their sign."""

    labels: NDArray[np.intp]
    items: NDArray[np.intp]
    scores: NDArray[np.intp]
    sign: Array


def pairs(problem: PointwiseProblem, costs: Array) -> list[Pair]:
    """One ordered pair of predictions of each class under the renamings that change nothing.

    Examples
    --------
    >>> problem = PointwiseProblem("ranknet", "kendall", n_classes=6)
    >>> costs = np.array([[float(v) for v in r] for r in problem.decision.finite.exact_rows()])
    >>> pairs(problem, costs)
    [(0, 1), (0, 2), (0, 3), (0, 4), (0, 5)]
    """
    items = range(len(costs))
    every = [(r, s) for r in items for s in items if r != s]
    moves = [move for move in _candidates(problem) if _keeps(problem, costs, move)]
    if not moves:
        return every
    parent = {pair: pair for pair in every}

    def root(pair: Pair) -> Pair:
        while parent[pair] != pair:
            parent[pair] = parent[parent[pair]]
            pair = parent[pair]
        return pair

    for move in moves:
        for r, s in every:
            a, b = sorted((root((r, s)), root((int(move.items[r]), int(move.items[s])))))
            parent[b] = a
    return [pair for pair in every if root(pair) == pair]


def _keeps(problem: PointwiseProblem, costs: Array, move: Renaming) -> bool:
    if not np.array_equal(costs[np.ix_(move.items, move.labels)], costs):
        return False
    s = np.random.default_rng(0).normal(size=(5, problem.n_scores))
    moved = np.empty_like(s)
    moved[:, move.scores] = s * move.sign
    with np.errstate(all="ignore"):
        here = np.asarray(problem.surrogate.losses(s, NUMPY))
        there = np.asarray(problem.surrogate.losses(moved, NUMPY))
    return bool(np.allclose(there[:, move.labels], here, rtol=1e-12, atol=1e-12))


def _candidates(problem: PointwiseProblem) -> Iterator[Renaming]:
    """Exchanges of neighbours, and changes of sign."""
    n, items, m = problem.n, problem.decision.items, problem.n_scores
    kind, ones = problem.surrogate.scores_of, np.ones(m)
    exchanges = [_exchange(m, i) for i in range(m - 1)]
    for swap in exchanges:
        match kind:
            case "items":
                labels = _of_rankings(swap)
            case "bits":
                labels = np.array([_bits(y, swap) for y in range(n)])
            case "labels" | "predictions":
                labels = np.arange(n)
                labels[: min(m, n)] = swap[: min(m, n)]
                if sorted(labels) != list(range(n)):
                    continue
            case _:
                return
        if kind in ("labels", "predictions"):
            moved = np.arange(items)
            moved[: min(m, items)] = swap[: min(m, items)]
            if sorted(moved) != list(range(items)):
                continue
        elif items == m:
            moved = swap
        elif kind == "bits" and items == n:
            moved = labels
        else:
            moved = _of_rankings(swap)
        yield Renaming(labels, moved, swap, ones)
    if kind == "bits" and items == n:
        for i in range(m):
            flipped = np.arange(n) ^ (1 << i)
            yield Renaming(flipped, flipped, np.arange(m), np.where(np.arange(m) == i, -1.0, 1.0))


def _exchange(m: int, i: int) -> NDArray[np.intp]:
    order = np.arange(m)
    order[[i, i + 1]] = order[[i + 1, i]]
    return order


def _of_rankings(swap: NDArray[np.intp]) -> NDArray[np.intp]:
    numbers = {y: k for k, y in enumerate(rankings(swap.size))}
    return np.array([numbers[tuple(int(swap[i]) for i in y)] for y in numbers])


def _bits(y: int, swap: NDArray[np.intp]) -> int:
    return sum((y >> i & 1) << int(swap[i]) for i in range(swap.size))
