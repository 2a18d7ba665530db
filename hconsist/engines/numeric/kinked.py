"""Piecewise-linear losses, and losses concave between the kinks: finitely many score vectors, and
linear programs over p.

The kinks cut the space of scores into polyhedra. Where the risk is concave on each of them and
bounded below, its infimum is at a vertex, over all scores as well as over those that predict a
given set (whose walls are ties). With W the vertices,

    T(b) = min over w in W of T_w(b),   T_w(b) = min over p of max over s in W of <p, l(w) - l(s)>,

the inner minimum a linear program over the p with target regret at least b; T_w is convex and
piecewise linear in b, so the multiplier of b gives a tangent below it. No convexity of the loss is
used. Source: docs/theory.md, "finite scores".
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import combinations_with_replacement, product
from math import comb

import numpy as np
from numpy.typing import NDArray

from hconsist.arithmetic import NUMPY
from hconsist.engines.numeric.lattice import unit_of
from hconsist.engines.numeric.program import CLOSE, Program
from hconsist.engines.numeric.rays import rays
from hconsist.engines.numeric.shapes import known_shape
from hconsist.losses.facts import Curve
from hconsist.losses.forms import OfMargin, OfScores, OfSoftmax, Pairwise
from hconsist.pointwise import PointwiseProblem

Array = NDArray[np.float64]

#: More vertices than this are not enumerated.
MOST_VERTICES = 2000
#: Softmax values this far below the largest are 0 (scores, in units of the temperature).
_NEGLIGIBLE = 100.0


def score_vertices(problem: PointwiseProblem) -> Array | None:
    """Scores in descending order, (V, n), among which there are best ones for every p and every
    predicted set.

    None where the loss is not known to be concave between kinks, or where there are too many.

    Examples
    --------
    >>> score_vertices(PointwiseProblem("sum:phi=hinge", n_classes=3))
    array([[0., 0., 0.],
           [1., 1., 0.],
           [1., 0., 0.],
           [2., 1., 0.]])
    """
    loss, n = problem.surrogate, problem.n
    bound = (
        None if problem.hypotheses.score_bound is None else float(problem.hypotheses.score_bound)
    )
    form = loss.form(OfSoftmax)
    if form is not None:
        if known_shape(loss) == "concave in softmax" or is_linear(form):
            low = -_NEGLIGIBLE * float(form.temperature) if bound is None else -bound
            return _multisets([0.0 if bound is None else bound, low], n)
        return None
    bends = _bends(problem)
    if bends is None:
        return None
    return _free_sum(bends, n, bound) if loss.sum_to_zero else _differences(bends, n, bound)


def is_linear(form: OfSoftmax) -> bool:
    """Whether the loss is linear in the softmax value.

    >>> from hconsist.losses import parse_loss
    >>> is_linear(parse_loss("mae").form(OfSoftmax))
    True
    """
    u = np.linspace(0.01, 1.0, 100)
    try:
        with np.errstate(all="ignore"):
            value = np.broadcast_to(np.asarray(form.g(u, NUMPY), dtype=float), u.shape)
    except OverflowError:  # a constant such as exp(c/lam) is no float
        return False
    return bool(np.max(np.abs(np.diff(value, 2))) < 1e-13 * (1.0 + np.max(np.abs(value))))


def _bends(problem: PointwiseProblem) -> list[float] | None:
    """Where the losses bend: values of single scores (sum to zero), or of score differences."""
    loss = problem.surrogate
    if (margin := loss.form(OfMargin)) is not None:  # the two scores are (f, -f)
        kinks = _kinks(margin.phi)
        return None if kinks is None else sorted({*kinks, *(-v for v in kinks)})
    if (scores := loss.form(OfScores)) is not None:
        kinks = _kinks(scores.phi)
        return None if kinks is None else [-v for v in kinks]
    if (pairs := loss.form(Pairwise)) is not None:
        return _kinks(pairs.phi)
    unit = unit_of(problem)
    return None if unit is None else [unit]


def _kinks(phi: Curve) -> list[float] | None:
    """Of a continuous piecewise linear phi that falls and is bounded below."""
    if phi.kinks is None or not phi.facts("piecewise linear", "non-increasing", "bounded below"):
        return None
    return [float(v) for v in phi.kinks]


def _multisets(levels: Iterable[float], n: int) -> Array | None:
    values = sorted(set(levels), reverse=True)
    if comb(len(values) + n - 1, n) > MOST_VERTICES:
        return None
    return np.array(list(combinations_with_replacement(values, n)))


def _free_sum(bends: list[float], n: int, bound: float | None) -> Array | None:
    """Scores that sum to zero: n - m of them at a bend or wall, the other m tied."""
    levels = (
        bends if bound is None else sorted({*(v for v in bends if abs(v) <= bound), bound, -bound})
    )
    if sum(comb(len(levels) + n - m - 1, n - m) for m in range(1, n + 1)) > MOST_VERTICES:
        return None
    rows = []
    for m in range(1, n + 1):
        for fixed in combinations_with_replacement(levels, n - m):
            tied = -sum(fixed) / m
            if bound is None or abs(tied) <= bound:
                rows.append(sorted([*fixed, *([tied] * m)], reverse=True))
    return np.unique(np.round(np.array(rows), 14), axis=0)


def _differences(bends: list[float], n: int, bound: float | None) -> Array | None:
    """Losses of score differences that bend at 0 and at multiples of one unit: the vertices are the
    lattice points whose levels have no gap; with a bound, the lattices hung from both walls.
    """
    sizes = {abs(v) for v in bends if v}
    if len(sizes) != 1:
        return None
    unit = sizes.pop()
    if bound is None:
        if 2 ** (n - 1) > MOST_VERTICES:
            return None
        steps = np.array(list(product((0.0, unit), repeat=n - 1))).reshape(-1, n - 1)
        below = np.concatenate([np.zeros((len(steps), 1)), np.cumsum(steps, axis=1)], axis=1)
        return np.asarray(below[:, -1:] - below)
    down = [bound - unit * i for i in range(n) if unit * i <= 2 * bound]
    return _multisets({round(v, 14) for v in [*down, *(-v for v in down)]}, n)


@dataclass(frozen=True)
class KinkedSolution:
    """T at one beta: labels in the order missed, predicted wrongly, predicted rightly, rest.

    The value is NaN where a solver failed, infinite where every p of that regret has a risk
    unbounded below.
    """

    value: float
    p: Array
    tied: Array
    free: Array
    predicted: NDArray[np.intp]


def smallest_regret(problem: PointwiseProblem, scores: Array, betas: Array) -> list[KinkedSolution]:
    """T at every beta, by best-first search over the vertices: a vertex is solved only where its
    tangents do not exclude it.
    """
    n, k = problem.n, problem.top_k("numeric")
    with np.errstate(all="ignore"):
        table = np.asarray(problem.surrogate.losses(scores, NUMPY), dtype=float)
    programs = [Program(n, k, r, table, rays(problem)) for r in range(1, min(k, n - k) + 1)]
    grid, back = np.unique(betas, return_inverse=True)
    lower = np.zeros((len(programs), len(table), grid.size))  # regrets are >= 0
    best: list[tuple[float, int, int, Array | None]] = [(np.inf, 0, 0, None)] * grid.size
    failed = np.zeros(grid.size, dtype=bool)

    def visit(index: int, which: int, row: int) -> None:
        value, slope, p = programs[which].solve(
            table[row], float(grid[index]), best[index][0] - CLOSE
        )
        failed[index] |= value == -np.inf
        if value == np.inf:  # no p at all, whatever the vertex
            lower[which, :, index:] = np.inf
        elif value > -np.inf:
            lower[which, row] = np.maximum(lower[which, row], value + slope * (grid - grid[index]))
        lower[which, row, index] = np.inf  # done with
        if p is not None:
            p = p / p.sum()
            risks = table @ p  # every vertex is a candidate at this p
            here = int(np.argmin(risks))
            regret = float(risks[here]) - programs[which].best_risk(p)[0]
            if regret < best[index][0]:
                best[index] = (regret, which, here, p)

    for index in range(grid.size):
        while True:
            which, row = np.unravel_index(np.argmin(lower[:, :, index]), lower.shape[:2])
            if not lower[which, row, index] < best[index][0] - CLOSE:
                break
            visit(index, int(which), int(row))
    return [
        _solution(
            programs[best[i][1]],
            scores,
            np.nan if failed[i] else best[i][0],
            best[i][2],
            best[i][3],
        )
        for i in back
    ]


def _solution(
    program: Program, scores: Array, value: float, row: int, p: Array | None
) -> KinkedSolution:
    n, k, r = program.n, program.k, program.r
    order = np.concatenate(
        [np.arange(k, k + r), np.arange(k - r, k), np.arange(k - r), np.arange(k + r, n)]
    )
    predicted = np.arange(r, r + k)
    if p is None:
        return KinkedSolution(
            value, np.full(n, 1.0 / n), scores[row][order], scores[row][order], predicted
        )
    free = np.empty(n)
    free[np.argsort(-p, kind="stable")] = scores[program.best_risk(p)[1]]
    return KinkedSolution(value, p[order], scores[row][order], free[order], predicted)
