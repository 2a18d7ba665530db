"""Two labels: a problem in one variable, for every loss of the difference of the scores.

With t >= 0 the difference of the higher and the lower score, h(t) the loss of the label on top and
l(t) that of the other, a distribution ((1 + b)/2, (1 - b)/2) has the best risks

    predicting the likelier label  K(-b),  the other one  K(b),
    K(x) = inf over t >= 0 of (h(t) + l(t)) / 2 + x (l(t) - h(t)) / 2,

so its regret is max(0, K(b) - K(-b)). Nothing is asked of the loss, convexity neither. Both infima
are found for all b at once: the losses are tabulated on a grid whose ratio is constant, from 2^-60
to 2^100, so the scale of the scores does not matter; the lowest basins are then narrowed by golden
sections, which need no derivative (kinks do no harm), in the widest floats of the machine. Where a
loss may jump, the floats on both sides of each jump are nodes too (`jumps`): an infimum may be a
one-sided limit. T(b) is the least regret over all b' >= b: where l < h somewhere, regrets may fall.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hconsist.engines.numeric.answers import losses_of
from hconsist.engines.numeric.continuity import cannot_jump
from hconsist.engines.numeric.jumps import sides
from hconsist.losses.forms import OfMargin, convex_in_scores
from hconsist.pointwise import PointwiseProblem

Wide = NDArray[np.longdouble]

#: The grid of differences: so many nodes an octave, from 2^low to 2^high.
_OCTAVE, _LOW, _HIGH = 12, -60, 100
#: Golden sections of a basin, which leave 10^-14 of it: kinks are found to rounding, smooth minima
#: are flat long before.
_SECTIONS = 66
_GOLDEN = (np.sqrt(np.longdouble(5)) - 1) / 2
#: Kinks and narrow bumps are looked for at so many points an interval of the grid, 2^-7 to 2^6,
#: and kept where the losses bend so many times as much as nearby; no more of them than so many.
_CLOSER, _BEND, _MOST = 64, 16, 1500
#: A risk below minus this is minus infinity.
_HUGE = 1e300
#: Basins that are narrowed for each target regret.
_BASINS = 6
#: Differences of risks that are rounding, in units of the floats' relative spacing.
_ROUNDING = 8
#: Target regrets to look for a fall of the regret.
_FALL = 257


@dataclass(frozen=True)
class Infimum:
    """K at many x: value, difference of the scores where it is (nearly) attained, and whether it is
    -inf, or approached so slowly that the value cannot be trusted.
    """

    value: Wide
    at: Wide
    unbounded: NDArray[np.bool_]
    slow: NDArray[np.bool_]

    def halves(self) -> tuple[Infimum, Infimum]:
        """What was asked first, and what after it."""
        n = len(self.value) // 2
        first = Infimum(self.value[:n], self.at[:n], self.unbounded[:n], self.slow[:n])
        return first, Infimum(self.value[n:], self.at[n:], self.unbounded[n:], self.slow[n:])


@dataclass(frozen=True)
class TwoLabels:
    """T at many target regrets: where it is found, and the differences of the scores.

    Parameters
    ----------
    regret : array (B,)
        Infinite where every distribution has an unbounded risk.
    beta : array (B,)
        The target regret b' >= b of the distribution.
    tied, free : array (B,)
        Differences of the scores (predicted label less the other) of the best wrong prediction and
        of the best prediction.
    slow : bool array (B,)
    """

    regret: NDArray[np.float64]
    beta: NDArray[np.float64]
    tied: NDArray[np.float64]
    free: NDArray[np.float64]
    slow: NDArray[np.bool_]


class Differences:
    """The losses of one problem as functions of the difference of the scores, with label ``top``
    having the higher one.
    """

    def __init__(self, problem: PointwiseProblem, top: int = 0) -> None:
        self.problem, self.top = problem, top
        bound = problem.hypotheses.score_bound
        octaves = np.arange(_LOW * _OCTAVE, _HIGH * _OCTAVE + 1) / np.longdouble(_OCTAVE)
        nodes = np.exp2(octaves)
        self.limit = np.longdouble(np.inf)
        if bound is not None:
            self.limit = 2 * np.longdouble(float(bound))
            nodes = np.concatenate(
                [
                    self.limit * np.exp2(octaves[octaves <= 0]),
                    self.limit * np.linspace(np.longdouble(0), np.longdouble(1), 201)[1:],
                ]
            )
        nodes = _ascending(np.concatenate([[np.longdouble(0)], nodes]))
        form = problem.surrogate.form(OfMargin, 2)
        if not _continuous(problem, form):
            known = [] if form is None else [abs(2 * float(v)) for v in form.phi.kinks or ()]
            near = sides(lambda t: np.stack(self.losses(t)), nodes, known)
            nodes = _ascending(np.concatenate([nodes, near[near <= self.limit]]))
        bends = self._bends()
        self.nodes = _ascending(np.concatenate([nodes, bends[bends <= self.limit]]))
        self.high, self.low = self.losses(self.nodes)

    def _bends(self) -> Wide:
        """Differences at which a loss bends much more than nearby: a valley there may be narrower
        than the grid.
        """
        part = _OCTAVE * _CLOSER
        close = np.exp2(np.arange(-7 * part, 6 * part) / np.longdouble(part))
        found = np.zeros(close.size - 2, dtype=bool)
        for values in self.losses(close):
            size = np.abs(values[1:-1])
            bend = np.abs(np.diff(values, 2))
            with np.errstate(invalid="ignore"):  # infinite losses bend nowhere
                parts = np.append(bend, [bend[-1]] * (-bend.size % _CLOSER)).reshape(-1, _CLOSER)
                beside = np.concatenate([parts[:1], parts, parts[-1:]])
                wide = np.concatenate([beside[:-2], beside[1:-1], beside[2:]], axis=1)
                usual = np.repeat(np.median(wide, axis=1), _CLOSER)
                found |= bend > _BEND * usual[: bend.size] + 1e-12 * (1 + size)
        found &= found.sum() <= _MOST
        return np.asarray(close[1:-1][found])

    def losses(self, t: NDArray[np.floating]) -> tuple[NDArray[np.floating], NDArray[np.floating]]:
        """Loss of the label on top and of the other one, huge where it is infinite or no number: a
        label of probability 0 does not count all the same.
        """
        s = t / 2
        pair = (s, -s) if self.top == 0 else (-s, s)
        with np.errstate(all="ignore"):
            values = losses_of(self.problem, np.stack(pair, axis=-1))
        huge = np.finfo(values.dtype).max / 4
        values = np.clip(np.where(np.isnan(values), huge, values), -huge, huge)
        return values[..., self.top], values[..., 1 - self.top]

    def risk(self, x: Wide, t: NDArray[np.floating]) -> NDArray[np.floating]:
        """The risk at difference t whose infimum is K(x)."""
        return _mixed(x, *self.losses(t))

    def infimum(self, x: Wide) -> Infimum:
        """K(x) for x (B,)."""
        risks = _mixed(x[:, None], self.high, self.low)
        row, node, after = self._basins(risks)
        ends = self.nodes[np.maximum(node - 1, 0)], self.nodes[after]
        at, value = self.nodes[node], risks[row, node]
        narrow(lambda t: self.risk(x[row], t), *ends, at, value)
        one = np.minimum(np.ones_like(at), self.limit / 2)  # of equal differences a plain one
        plain = self.risk(x[row], one)
        same = plain <= value + _ROUNDING * np.finfo(value.dtype).eps * np.abs(value)
        at, value = np.where(same, one, at), np.where(same, plain, value)
        self._to_doubles(x[row], at, value)
        best = np.lexsort((value, row))[np.searchsorted(row, np.arange(x.size))]
        unbounded, slow = self._far(risks, value[best])
        return Infimum(np.where(unbounded, -np.inf, value[best]), at[best], unbounded, slow)

    def _to_doubles(self, x: Wide, at: Wide, value: Wide) -> None:
        """Move each place to a double, beside a jump to that on its side: a witness has doubles."""
        nearest = at.astype(float)
        trials = [nearest, np.nextafter(nearest, 0.0), np.nextafter(nearest, np.inf)]
        wide = np.minimum(np.stack(trials).astype(at.dtype), self.limit)
        risks = np.stack([self.risk(x, t) for t in wide])
        near = risks[0] - value <= _ROUNDING * np.finfo(float).eps * np.abs(value)
        best = np.where(near, 0, np.argmin(risks, axis=0))
        rows = np.arange(at.size)
        at[:], value[:] = wide[best, rows], risks[best, rows]

    @staticmethod
    def _basins(risks: Wide) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.intp]]:
        """Rows and nodes of the lowest local minima of each row, rows in order, and the nodes where
        the risks begin to rise: behind a level stretch, which may be the two sides of a valley.
        """
        wall = np.full((len(risks), 1), np.inf, dtype=risks.dtype)
        risks = _levelled(risks)
        before, after = risks[:, :-1], risks[:, 1:]
        # of a level stretch only the first node counts
        local = (risks < np.concatenate([wall, before], axis=1)) & (
            risks <= np.concatenate([after, wall], axis=1)
        )
        row, node = np.nonzero(local)
        order = np.lexsort((risks[row, node], row))
        row, node = row[order], node[order]
        rank = np.arange(row.size) - np.searchsorted(row, row)
        row, node = row[rank < _BASINS], node[rank < _BASINS]
        places = np.arange(1, risks.shape[1])
        moves = np.where(before != after, places, places[-1])
        moves = np.minimum.accumulate(moves[:, ::-1], axis=1)[:, ::-1]
        return row, node, moves[row, np.minimum(node, places.size - 1)]

    def _far(self, risks: Wide, value: Wide) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """Whether the risks fall without end, or too slowly to know where to."""
        if np.isfinite(self.limit):
            return value < -_HUGE, np.zeros(len(value), dtype=bool)
        octave = risks[:, _OCTAVE::_OCTAVE]
        falls = -np.diff(octave, axis=1)
        near, far = falls[:, falls.shape[1] // 2], falls[:, -1]
        scale = 1e-12 * (1.0 + np.abs(risks[:, 0]))
        last = risks[:, -1] <= value
        unbounded = (value < -_HUGE) | (last & (far > scale) & (far > near / 2))
        return unbounded, last & (far > scale) & ~unbounded


def _ascending(nodes: Wide) -> Wide:
    """Each node once (np.unique would load masked arrays, which takes longer than the answer)."""
    nodes = np.sort(nodes)
    return np.asarray(nodes[np.append(True, nodes[1:] != nodes[:-1])])


def _continuous(problem: PointwiseProblem, form: OfMargin | None) -> bool:
    """Whether the losses are known not to jump: a convex function has no jumps."""
    if form is not None:
        return cannot_jump(form.phi.term) or bool(form.phi.fact("continuous"))
    return bool(convex_in_scores(problem.surrogate.forms, 2))


def _levelled(risks: Wide) -> Wide:
    """The risks along the nodes, without the ups and downs of rounding: a value moves on only where
    it differs from the last one by more.
    """
    rows = np.array(risks.T)  # a copy: a node a row
    unit = _ROUNDING * np.finfo(risks.dtype).eps

    def same(new: Wide, last: Wide) -> NDArray[np.bool_]:
        move = np.abs(new - last)
        return np.asarray(~(move > unit * np.maximum(np.abs(new), np.abs(last))))

    # few nodes differ by rounding alone: from each on, until the risks are what they were
    doubtful = np.any(same(rows[1:], rows[:-1]) & (rows[1:] != rows[:-1]), axis=1)
    i = 0
    for start in 1 + np.flatnonzero(doubtful):
        i, changed = max(i, int(start)), i <= int(start)
        while changed and i < len(rows):
            stays = same(rows[i], rows[i - 1])
            changed = bool(np.any(rows[i, stays] != rows[i - 1, stays]))
            rows[i, stays] = rows[i - 1, stays]
            i += 1
    return np.asarray(rows.T)


def _mixed(
    x: NDArray[np.floating], high: NDArray[np.floating], low: NDArray[np.floating]
) -> NDArray[np.floating]:
    return np.asarray((1 - x) / 2 * high + (1 + x) / 2 * low)


def narrow(
    function: Callable[[NDArray[np.floating]], NDArray[np.floating]],
    left: NDArray[np.floating],
    right: NDArray[np.floating],
    at: NDArray[np.floating],
    value: NDArray[np.floating],
    steps: int = _SECTIONS,
) -> None:
    """Golden sections in [left, right], elementwise; ``at`` and ``value`` keep the best point seen.

    Examples
    --------
    >>> at, value = np.array([0.5]), np.array([0.25])
    >>> narrow(lambda t: np.abs(t - 0.3), np.array([0.0]), np.array([1.0]), at, value)
    >>> round(float(at[0]), 12)
    0.3
    """
    golden = at.dtype.type(_GOLDEN)
    lower, upper = right - golden * (right - left), left + golden * (right - left)
    below, above = function(lower), function(upper)
    for point, reached in ((lower, below), (upper, above)):
        better = reached < value
        at[better], value[better] = point[better], reached[better]
    for _ in range(steps):
        go_left = below <= above
        left, right = np.where(go_left, left, lower), np.where(go_left, upper, right)
        new = np.where(go_left, right - golden * (right - left), left + golden * (right - left))
        reached = function(new)
        better = reached < value
        at[better], value[better] = new[better], reached[better]
        lower, upper = np.where(go_left, new, upper), np.where(go_left, lower, new)
        below, above = np.where(go_left, reached, above), np.where(go_left, below, reached)


def smallest_regret(problem: PointwiseProblem, betas: NDArray[np.float64], top: int) -> TwoLabels:
    """T(b) for all b where ``top`` is the likelier label and the other one is predicted.

    Examples
    --------
    >>> problem = PointwiseProblem("margin:exp(-v/50)", n_classes=2)
    >>> smallest_regret(problem, np.array([0.9]), 0).regret.round(6)
    array([0.56411])
    """
    right = Differences(problem, top)
    wrong = right if problem.surrogate.symmetric else Differences(problem, 1 - top)
    found = _regrets(right, wrong, betas)
    monotone = np.all(right.low >= right.high) and np.all(wrong.low >= wrong.high)
    if not monotone or not np.all(np.isfinite(found.regret)):
        grid = np.linspace(0.0, 1.0, _FALL)
        found = _least_above(found, _regrets(right, wrong, grid), betas)
        step = 1.0 / (_FALL - 1)
        moved = np.unique(found.beta[found.beta > betas])
        if moved.size:
            near = np.clip(moved[:, None] + step * np.linspace(-1, 1, 65), 0.0, 1.0)
            found = _least_above(found, _regrets(right, wrong, np.unique(near)), betas)
    return found


def _regrets(right: Differences, wrong: Differences, betas: NDArray[np.float64]) -> TwoLabels:
    x = betas.astype(np.longdouble)
    if wrong is right:  # one table: both infima together
        good, bad = right.infimum(np.concatenate([-x, x])).halves()
    else:
        good, bad = right.infimum(-x), wrong.infimum(x)
    better = good.value <= bad.value  # otherwise the wrong prediction is the best one: no regret
    with np.errstate(invalid="ignore"):
        regret = np.where(better, bad.value - good.value, 0.0)
    none = good.unbounded | bad.unbounded
    return TwoLabels(
        np.where(none, np.inf, regret).astype(float),
        betas,
        bad.at.astype(float),
        np.where(better, -good.at, bad.at).astype(float),
        (good.slow | bad.slow) & ~none,
    )


def _least_above(found: TwoLabels, more: TwoLabels, betas: NDArray[np.float64]) -> TwoLabels:
    """For each b the least regret among both tables at b' >= b."""
    fields = [
        np.concatenate([getattr(found, f), getattr(more, f)])
        for f in ("regret", "beta", "tied", "free", "slow")
    ]
    allowed = fields[1] >= betas[:, None]
    values = np.where(allowed, fields[0], np.inf)
    index = np.argmin(values, axis=1)
    # where every one is infinite the least is its own: argmin would name one of a smaller b'
    index = np.where(np.isinf(values.min(axis=1)), np.arange(betas.size), index)
    return TwoLabels(*(f[index] for f in fields))
