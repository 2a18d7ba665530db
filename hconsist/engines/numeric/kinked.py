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
from dataclasses import dataclass, field
from itertools import combinations_with_replacement, product
from math import comb

import highspy
import numpy as np
from numpy.typing import NDArray

from hconsist.arithmetic import NUMPY
from hconsist.engines.numeric.shapes import known_shape
from hconsist.losses import (
    CompSumMargin,
    Constrained,
    LDRk,
    Loss,
    MarginLoss,
    Max,
    SoftmaxLoss,
    Sum,
)
from hconsist.pointwise import PointwiseProblem

Array = NDArray[np.float64]

#: More vertices than this are not enumerated.
MOST_VERTICES = 2000
#: Softmax values this far below the largest are 0 (scores, in units of the temperature).
_NEGLIGIBLE = 100.0
#: A vertex whose lower bound is this close to the best value is not pursued.
_CLOSE = 1e-12


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
    if isinstance(loss, SoftmaxLoss):
        if known_shape(loss) == "concave in softmax" or is_linear(loss):
            low = -_NEGLIGIBLE * float(loss.temperature) if bound is None else -bound
            return _multisets([0.0 if bound is None else bound, low], n)
        return None
    bends = _bends(loss)
    if bends is None:
        return None
    return _free_sum(bends, n, bound) if loss.sum_to_zero else _differences(bends, n, bound)


def is_linear(loss: SoftmaxLoss) -> bool:
    """Whether the loss is linear in the softmax value.

    >>> from hconsist.losses import parse_loss
    >>> is_linear(parse_loss("mae"))
    True
    """
    u = np.linspace(0.01, 1.0, 100)
    try:
        value = np.asarray(loss.of_softmax(u, NUMPY), dtype=float)
    except OverflowError:  # a constant such as exp(c/lam) is no float
        return False
    return bool(np.max(np.abs(np.diff(value, 2))) < 1e-13 * (1.0 + np.max(np.abs(value))))


def _bends(loss: Loss) -> list[float] | None:
    """Where the losses bend: values of single scores (sum to zero), or of score differences."""
    if isinstance(loss, LDRk):
        return [float(loss.c)] if loss.c > 0 else None
    phi = loss if isinstance(loss, MarginLoss) else getattr(loss, "phi", None)
    if not isinstance(phi, MarginLoss) or phi.kinks is None:
        return None
    kinks = [float(v) for v in phi.kinks]
    if phi is loss:  # the two scores are (f, -f)
        return sorted({*kinks, *(-v for v in kinks)})
    if isinstance(loss, Constrained):
        return [-v for v in kinks]
    return kinks if isinstance(loss, Sum | Max | CompSumMargin) else None


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


@dataclass
class Program:
    """The linear program over p for one role of the labels: ``min <p, l(w)> - z`` with cuts ``z <=
    <p, l(s)>``.

    The labels are, in this order, k - r predicted rightly, r predicted wrongly, r missed, and the
    rest; each of these groups is sorted by p, and w falls along the whole order. Only the costs (w)
    and one right side (b) change between solves.
    """

    n: int
    k: int
    r: int
    table: Array
    rays: Array
    _lp: highspy.Highs = field(init=False)
    _cuts: set[bytes] = field(init=False, default_factory=set)

    def __post_init__(self) -> None:
        n, k, r = self.n, self.k, self.r
        self._lp = lp = highspy.Highs()
        for option, value in (
            ("output_flag", False),
            ("presolve", "off"),
            ("solver", "simplex"),
            (
                "parallel",
                "off",
                # not "threads": HiGHS refuses a number other than the process's first, which may be
                # CVXPY's
            ),
            ("primal_feasibility_tolerance", 1e-10),
            ("dual_feasibility_tolerance", 1e-10),
        ):
            lp.setOptionValue(option, value)
        for _ in range(n):
            lp.addVar(0.0, 1.0)
        lp.addVar(-highspy.kHighsInf, highspy.kHighsInf)
        lp.changeColCost(n, -1.0)
        rightly, wrongly = range(k - r), range(k - r, k)
        missed, rest = range(k, k + r), range(k + r, n)
        regret = np.zeros(n)
        regret[list(missed)], regret[list(wrongly)] = 1.0, -1.0
        self._row(regret, 0.0)
        self._row(np.ones(n), 1.0, 1.0)
        falling = [
            (g[i], g[i + 1]) for g in (rightly, wrongly, missed, rest) for i in range(len(g) - 1)
        ]
        falling += [
            (a[-1], b[0]) for a in (rightly, missed) for b in (wrongly, rest) if len(a) and len(b)
        ]
        for high, low in falling:
            row = np.zeros(n)
            row[high], row[low] = 1.0, -1.0
            self._row(row, 0.0)
        for losses in self.table[[0, -1]]:
            self._cut(losses)

    def _row(self, coefficients: Array, low: float, high: float = highspy.kHighsInf) -> None:
        index = np.flatnonzero(coefficients).astype(np.int32)
        self._lp.addRow(low, high, index.size, index, np.asarray(coefficients[index], dtype=float))

    def _cut(self, losses: Array, z: float = -1.0) -> bool:
        """Add ``<p, losses> >= z``; False where it is there already."""
        row = np.append(losses, z)
        key = np.round(row, 12).tobytes()
        if key in self._cuts:
            return False
        self._cuts.add(key)
        self._row(row, 0.0)
        return True

    def best_risk(self, p: Array) -> tuple[float, int]:
        """C*(p) and the row of the table where it is attained, the scores falling as p does."""
        risks = self.table @ p[np.argsort(-p, kind="stable")]
        row = int(np.argmin(risks))
        return float(risks[row]), row

    def solve(self, costs: Array, beta: float, enough: float) -> tuple[float, float, Array | None]:
        """A lower bound of T_w(beta) for the losses l(w), its slope in beta, and p where the bound
        is attained (None where it exceeds ``enough``).

        All are infinite, and p None, where no p of that regret has a finite best risk.
        """
        lp, n = self._lp, self.n
        lp.changeColsCost(n, np.arange(n, dtype=np.int32), costs)
        lp.changeRowBounds(0, beta, highspy.kHighsInf)
        while True:
            lp.run()
            status = lp.getModelStatus()
            if status == highspy.HighsModelStatus.kInfeasible:
                return np.inf, 0.0, None
            if status != highspy.HighsModelStatus.kOptimal:
                return -np.inf, 0.0, None
            solution = lp.getSolution()
            value, slope = lp.getInfo().objective_function_value, solution.row_dual[0]
            if value >= enough:
                return value, slope, None
            column = np.array(solution.col_value)
            p = np.maximum(column[:n], 0.0)
            order = np.argsort(-p, kind="stable")
            added = False
            if self.rays.size:  # a risk unbounded below leaves no regret to speak of
                fall = self.rays @ p[order]
                if fall.min() < -1e-11:
                    cut = np.empty(n)
                    cut[order] = self.rays[int(np.argmin(fall))]
                    added = self._cut(cut, 0.0)
            risk, best = self.best_risk(p)
            if risk < column[n] - _CLOSE:
                cut = np.empty(n)
                cut[order] = self.table[best]
                added |= self._cut(cut)
            if not added:
                return value, slope, p


@dataclass(frozen=True)
class Solution:
    """T at one beta: labels in the order missed, predicted wrongly, predicted rightly, rest.

    The value is NaN where a solver failed, infinite where every p of that regret has a risk
    unbounded below.
    """

    value: float
    p: Array
    tied: Array
    free: Array
    predicted: NDArray[np.intp]


def smallest_regret(problem: PointwiseProblem, scores: Array, betas: Array) -> list[Solution]:
    """T at every beta, by best-first search over the vertices: a vertex is solved only where its
    tangents do not exclude it.
    """
    n, k = problem.n, problem.top_k("numeric")
    with np.errstate(all="ignore"):
        table = np.asarray(problem.surrogate.losses(scores, NUMPY), dtype=float)
    programs = [Program(n, k, r, table, _rays(problem)) for r in range(1, min(k, n - k) + 1)]
    grid, back = np.unique(betas, return_inverse=True)
    lower = np.zeros((len(programs), len(table), grid.size))  # regrets are >= 0
    best: list[tuple[float, int, int, Array | None]] = [(np.inf, 0, 0, None)] * grid.size
    failed = np.zeros(grid.size, dtype=bool)

    def visit(index: int, which: int, row: int) -> None:
        value, slope, p = programs[which].solve(
            table[row], float(grid[index]), best[index][0] - _CLOSE
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
            if not lower[which, row, index] < best[index][0] - _CLOSE:
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


def _rays(problem: PointwiseProblem) -> Array:
    """Slopes of the losses along the indicator vectors of the highest labels, for scores far apart;
    empty when bounded.
    """
    loss, n = problem.surrogate, problem.n
    if not isinstance(loss, LDRk) or problem.hypotheses.score_bound is not None:
        return np.empty((0, n))  # the other families are bounded below
    far = np.tri(n, n)[: n - 1] * 8.0 * float(loss.c)
    return np.asarray(loss.losses(2 * far, NUMPY) - loss.losses(far, NUMPY)) / (8.0 * float(loss.c))


def _solution(program: Program, scores: Array, value: float, row: int, p: Array | None) -> Solution:
    n, k, r = program.n, program.k, program.r
    order = np.concatenate(
        [np.arange(k, k + r), np.arange(k - r, k), np.arange(k - r), np.arange(k + r, n)]
    )
    predicted = np.arange(r, r + k)
    if p is None:
        return Solution(
            value, np.full(n, 1.0 / n), scores[row][order], scores[row][order], predicted
        )
    free = np.empty(n)
    free[np.argsort(-p, kind="stable")] = scores[program.best_risk(p)[1]]
    return Solution(value, p[order], scores[row][order], free[order], predicted)
