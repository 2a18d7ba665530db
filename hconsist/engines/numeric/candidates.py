"""Candidates of the pooled search: distributions as layouts of few groups of labels.

By the pooling lemma (docs/theory.md) the infimum over scores that predict a set K is the
best-in-class risk of pool(p), and by concavity of C* labels with the same role share one value. A
candidate is a layout of few groups,

    missed (r labels, in the true top but not predicted), predicted (r labels, the reverse),
    [high, low: labels predicted rightly, above and below the pooled level; top-k targets only,]
    block (labels not predicted, in the pool), single (one label), rest,

whose unknowns are the masses of the parts; each missed label has beta / r more than a predicted
one.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Bools = NDArray[np.bool_]
Indices = NDArray[np.intp]

#: Groups of the zero-one target; the part "pair" is the mass of the first two without beta.
ZERO_ONE = ("missed", "predicted", "block", "single", "rest")
TOP_K = ("missed", "predicted", "high", "low", "block", "single", "rest")


@dataclass(frozen=True)
class Candidates:
    """A batch of distributions: beta (N,), layout (N, G) with the number of labels of each group,
    masses (N, G - 1).
    """

    beta: Array
    layout: Array
    masses: Array

    def take(self, index: Indices | Bools) -> Candidates:
        """A sub-batch."""
        return Candidates(self.beta[index], self.layout[index], self.masses[index])

    @staticmethod
    def join(parts: list[Candidates]) -> Candidates:
        """Several batches one after the other."""
        return Candidates(
            *(np.concatenate([getattr(c, f) for c in parts]) for f in ("beta", "layout", "masses"))
        )


def predicted_groups(groups: tuple[str, ...]) -> Bools:
    """Which groups belong to the predicted set."""
    return np.array([g in ("predicted", "high", "low") for g in groups])


def pool(p: Array, layout: Array, predicted: Bools) -> tuple[Array, Bools]:
    """The distribution whose free optimum is the optimum of p over scores that predict the given
    set.

    Predicted labels below a level and other labels above it are averaged; the level is the one that
    keeps the mass.

    Returns
    -------
    pooled : array (N, G)
    members : bool array (N, G)

    Examples
    --------
    >>> chosen = np.array([False, True, False])
    >>> pool(np.array([[0.5, 0.1, 0.4]]), np.ones((1, 3)), chosen)[0].round(12)
    array([[0.33333333, 0.33333333, 0.33333333]])
    """
    inside, outside = layout * predicted, layout * ~predicted
    level = np.where(layout > 0, p, np.inf)  # breakpoints of the balance, one per group
    difference = p[:, None, :] - np.where(layout > 0, p, 0.0)[:, :, None]  # [breakpoint, group]
    balance = np.sum(
        inside[:, None, :] * np.maximum(-difference, 0)
        - outside[:, None, :] * np.maximum(difference, 0),
        axis=-1,
    )
    below = np.max(np.where((balance <= 0) & (layout > 0), level, -np.inf), axis=-1, keepdims=True)
    members = ((inside > 0) & (p <= below)) | ((outside > 0) & (p > below))
    weight = layout * members
    count = weight.sum(axis=-1, keepdims=True)
    mean = np.sum(weight * p, axis=-1, keepdims=True) / np.maximum(count, 1.0)
    return np.where(members, mean, p), members


def layouts(n: int, k: int) -> list[tuple[int, ...]]:
    """The layouts to start from: all of them for few classes, a geometric ladder of block sizes for
    many.
    """
    if k == 1:
        return [(1, 1, block, *_outside(n - 2 - block)) for block in ladder(n - 2)]
    result: list[tuple[int, ...]] = []
    most = min(k, n - k)
    for r in sorted({1, 2, (most + 1) // 2, most} & set(range(1, most + 1))):
        common = k - r
        for high in sorted({0, 1, common // 2, common} & set(range(common + 1))):
            for block in ladder(n - k - r):
                result.append((r, r, high, common - high, block, *_outside(n - k - r - block)))
    return result


def _outside(left: int) -> tuple[int, int]:
    return (min(left, 1), max(left - 1, 0))


def ladder(most: int) -> list[int]:
    """Sizes of a block to try, up to the largest: all, or in geometric steps."""
    if most <= 10:
        return list(range(most + 1))
    steps, size = {0, 1, 2, most}, 2.0
    while size < most:
        steps.add(round(size))
        size *= 1.25
    return sorted(steps)


def starts(betas: Array, layout: tuple[int, ...], rng: np.random.Generator) -> Iterator[Candidates]:
    """Starting points of one layout for every beta: block height and spread of the rest vary."""
    left = (1.0 - betas)[:, None]
    sizes = np.broadcast_to(np.array(layout, dtype=float), (betas.size, len(layout)))
    r, block, single, rest = layout[0], layout[-3], layout[-2], layout[-1]
    if len(layout) == len(ZERO_ONE):
        many = sum(layout) > 12  # and then many layouts: fewer starts of each
        outside = (
            ((0.0, 0.0),)
            if (many and block) or not single
            else ((0.0, 0.0), (0.4, 0.0), (0.1, 0.3))
        )
        levels = (0.15, 0.5, 0.8, 1.0) if many else (0.1, 0.35, 0.6, 0.85, 1.0)
        reach = min(1.0, 2.0 * (single + rest) / sum(layout))
        for height in levels if block else (0.0,):
            for one, others in outside:
                part = np.concatenate(
                    [one * reach * left, (others if rest else 0.0) * reach * left], axis=1
                )
                inside = left - part.sum(axis=1, keepdims=True)
                pair = (
                    np.maximum((inside - block * betas[:, None] * height) * 2 / (block + 2), 0.0)
                    if block
                    else inside
                )
                yield Candidates(betas, sizes, np.concatenate([pair, inside - pair, part], axis=1))
        return
    # labels at one level, at random heights around it, or absent
    counts = np.array([2 * r, *layout[2:]], dtype=float)
    for _ in range(10):
        heights = rng.choice([0.0, 0.3, 1.0, 1.0, 1.6], size=counts.size)
        heights[0] = max(heights[0], 0.3)
        shares = counts * heights
        yield Candidates(betas, sizes, left * shares / shares.sum())
