"""T of two labels by brute force, from the definitions alone: grids of label distributions and of
margins, then ever finer grids around the best points. No engine is imported, nor any prover.

With scores (v, -v), label 1 is predicted where v <= 0 (a tie falls on the worst), and its target
regret is 2 eta - 1 where eta >= 1/2 is the probability of label 0. Every loss here must see only
the difference of the scores.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
#: Scores (..., n) to the losses of all labels (..., n).
Losses = Callable[[Array], Array]

#: A risk that still falls by so much over the last decade of margins has no lower bound.
FALLS = 1e-3
#: Least relative size of a regret that floating point can tell from 0.
NOISE = 1e-13
#: Where losses change so much faster than beside it, they are looked at for a jump.
STEEP = 1.5


@dataclass(frozen=True)
class FoundPoint:
    """A label distribution, scores that predict wrongly, and the surrogate regret there."""

    p: tuple[float, ...]
    scores: tuple[float, ...]
    regret: float
    scale: float

    @property
    def swapped(self) -> FoundPoint:
        """The same with the labels' names exchanged."""
        return FoundPoint(self.p[::-1], self.scores[::-1], self.regret, self.scale)


def margins(bound: float | None, density: int = 1, knots: Sequence[float] = ()) -> Array:
    """Margins from the finest to the largest scale, of both signs, 0 and a fine grid among them,
    and on both sides of every knot from near to far.

    Dense grids reach farther, for losses that approach their limit slowly, as 1/v.
    """
    most = (1e7 if density < 4 else 1e13) if bound is None else bound
    half = np.concatenate(
        [
            np.geomspace(1e-6, most, 400 * density),
            np.linspace(0, min(8.0, most), 600 * density + 1),
        ]
    )
    ladder = np.geomspace(1e-7, 1.0, 30 * density + 1)
    ladder = np.concatenate([-ladder, [0.0], ladder])
    near = (np.asarray(knots, dtype=float)[:, None] + ladder).ravel()
    return np.unique(np.concatenate([-half, half, near[np.abs(near) <= most]]))


def nodes(
    losses: Losses, bound: float | None, density: int = 1, knots: Sequence[float] = ()
) -> Array:
    """The margins to try: of `margins`, and the floats on both sides of every jump between them,
    since an infimum may be a one-sided limit in another valley than the best of the grid.
    """
    v = margins(bound, density, knots)
    with np.errstate(all="ignore"):
        change = np.abs(np.diff(losses(np.stack([v, -v], axis=-1)), axis=0)).max(axis=-1)
        slope = np.nan_to_num(change / np.diff(v), nan=0.0, posinf=0.0)
        beside = np.maximum(np.append(slope[1:], 0.0), np.insert(slope[:-1], 0, 0.0))
        at = np.flatnonzero(slope > STEEP * beside)
        left, right = v[at], v[at + 1]
        for _ in range(60):
            middle = (left + right) / 2
            first, mid, last = (losses(np.stack([x, -x], axis=-1)) for x in (left, middle, right))
            steeper = np.abs(mid - first).max(axis=-1) > np.abs(last - mid).max(axis=-1)
            left, right = np.where(steeper, left, middle), np.where(steeper, middle, right)
    return np.unique(np.concatenate([v, left, right]))


def risks(losses: Losses, v: Array, eta: Array) -> Array:
    """``eta l(v, -v)_0 + (1 - eta) l(v, -v)_1``; a label of probability 0 counts for nothing."""
    with np.errstate(all="ignore"):
        both = losses(np.stack([v, -v], axis=-1))
        terms = np.where(eta > 0, eta * both[..., 0], 0.0) + np.where(
            eta < 1, (1 - eta) * both[..., 1], 0.0
        )
    return np.where(np.isnan(terms), np.inf, terms)


def least(losses: Losses, eta: Array, v: Array, rounds: int = 11) -> tuple[Array, Array]:
    """The least risk over margins between the ends of the sorted grid v, for each eta: where, and
    how much.
    """
    with np.errstate(all="ignore"):
        both = losses(np.stack([v, -v], axis=-1))
        table = np.where(eta[:, None] > 0, eta[:, None] * both[None, :, 0], 0.0)
        table = table + np.where(eta[:, None] < 1, (1 - eta[:, None]) * both[None, :, 1], 0.0)
    table = np.where(np.isnan(table), np.inf, table)
    at = table.argmin(axis=1)
    rows = np.arange(len(eta))
    best, where = table[rows, at], v[at]
    low, high = v[np.maximum(at - 1, 0)], v[np.minimum(at + 1, len(v) - 1)]
    steps = np.linspace(0, 1, 17)
    for _ in range(rounds):
        grid = low[:, None] + (high - low)[:, None] * steps
        found = risks(losses, grid, eta[:, None])
        k = found.argmin(axis=1)
        better = found[rows, k] < best
        best, where = np.where(better, found[rows, k], best), np.where(better, grid[rows, k], where)
        width = (high - low) / 16
        low, high = np.maximum(v[0], where - width), np.minimum(v[-1], where + width)
    return where, best


def least_risks(
    losses: Losses,
    eta: Array,
    bound: float | None = None,
    density: int = 1,
    knots: Sequence[float] = (),
) -> Array | None:
    """C*(eta) over all margins; None where the risk has no lower bound."""
    return _least_risks(losses, eta, nodes(losses, bound, density, knots), bound)


def _least_risks(losses: Losses, eta: Array, grid: Array, bound: float | None) -> Array | None:
    _, best = least(losses, eta, grid)
    if bound is None:
        inner = np.abs(grid) <= grid[-1] / 10
        _, nearer = least(losses, eta, grid[inner])
        if np.any(nearer - best > FALLS * (1 + np.abs(nearer))) or not np.all(np.isfinite(best)):
            return None
    return best


def sweep(
    losses: Losses,
    betas: Sequence[float],
    bound: float | None = None,
    density: int = 1,
    knots: Sequence[float] = (),
) -> list[FoundPoint] | None:
    """The point of least regret found for each target regret; None where a risk has no lower
    bound.

    Both labels are tried as the one predicted wrongly, so that losses need not be symmetric.
    ``knots`` are margins around which to look closely.
    """
    etas = [(1 + b) / 2 for b in betas]
    found = [
        one_sided(side, etas, (-np.inf, 0.0), bound, density, around)
        for side, around in ((losses, knots), (swapped(losses), [-k for k in knots]))
    ]
    points = []
    for i in range(len(betas)):
        options = []
        for side, answer in enumerate(found):
            if answer is None:
                return None
            options.append(answer[i].swapped if side else answer[i])
        points.append(min(options, key=lambda point: point.regret))
    return points


def swapped(losses: Losses) -> Losses:
    """The same with the labels' names exchanged."""
    return lambda scores: losses(scores[..., ::-1])[..., ::-1]


def one_sided(
    losses: Losses,
    etas: Sequence[float],
    between: tuple[float, float],
    bound: float | None = None,
    density: int = 1,
    knots: Sequence[float] = (),
) -> list[FoundPoint] | None:
    """The least regret with margins in an interval, and a probability of label 0 of at least each
    of ``etas``; None where a risk has no lower bound.
    """
    asked = np.asarray(etas, dtype=float)
    grid = nodes(losses, bound, density, knots)
    grid = np.union1d(grid, [v for v in between if abs(v) <= grid[-1]])
    eta = np.unique(np.concatenate([asked, np.linspace(asked.min(), 1, 97 * density)]))
    first = _regrets(losses, eta, grid, bound, between)
    if first is None:
        return None
    for _ in range(4):  # where the regret is least inside, look closer
        regret = first[2]
        tail = np.minimum.accumulate(regret[::-1])[::-1]
        inside = np.flatnonzero(regret[:-1] > tail[:-1] + NOISE * first[3][:-1])
        if not len(inside):
            break
        at = {int(i + np.argmin(regret[i:])) for i in inside}
        around = [np.linspace(eta[max(i - 1, 0)], eta[min(i + 1, len(eta) - 1)], 17) for i in at]
        more = np.setdiff1d(np.concatenate(around), eta)
        if not len(more) or len(more) > 400:
            break
        second = _regrets(losses, more, grid, bound, between)
        if second is None:
            return None
        order = np.argsort(np.concatenate([eta, more]), kind="stable")
        eta = np.concatenate([eta, more])[order]
        joined = [np.concatenate([a, b])[order] for a, b in zip(first, second, strict=True)]
        first = (joined[0], joined[1], joined[2], joined[3])
    where, _, regret, scale = first
    points = []
    for wanted in asked:
        allowed = np.flatnonzero(eta >= wanted)
        i = int(allowed[np.argmin(regret[allowed])])
        points.append(
            FoundPoint(
                (float(eta[i]), float(1 - eta[i])),
                (float(where[i]), float(-where[i])),
                float(regret[i]),
                float(scale[i]),
            )
        )
    return points


def _regrets(
    losses: Losses, eta: Array, grid: Array, bound: float | None, between: tuple[float, float]
) -> tuple[Array, Array, Array, Array] | None:
    """Wrong margins, risks there, regrets, and the scale of the risks, for each eta."""
    low, high = between
    where, wrong = least(losses, eta, grid[(low <= grid) & (grid <= high)])
    best = wrong
    for rest in (grid[grid <= low], grid[grid >= high]):
        if len(rest):
            best = np.minimum(best, least(losses, eta, rest)[1])
    if _least_risks(losses, eta[[0, len(eta) // 2, -1]], grid, bound) is None:
        return None
    if not np.all(np.isfinite(best)):
        return None
    with np.errstate(invalid="ignore"):
        regret = wrong - best
    scale = 1 + np.abs(best)
    return where, wrong, regret, scale


def regret_at(
    losses: Losses,
    p: Sequence[float],
    scores: Sequence[float],
    bound: float | None = None,
    knots: Sequence[float] = (),
) -> float | None:
    """The surrogate regret at one point, C* by brute force; None where C* has no lower bound."""
    eta = np.array([float(p[0])])
    best = least_risks(losses, eta, bound, 4, knots)
    if best is None:
        return None
    v = np.array([(float(scores[0]) - float(scores[1])) / 2])
    return float(risks(losses, v, eta)[0] - min(best[0], risks(losses, v, eta)[0]))
