"""The linear program over label distributions for one wrong prediction."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from hconsist.engines.numeric.linear import simplex, status

if TYPE_CHECKING:
    import highspy

Array = NDArray[np.float64]

#: Values that differ by less are equal.
CLOSE = 1e-12


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
        self._lp = lp = simplex()
        for _ in range(n):
            lp.addVar(0.0, 1.0)
        lp.addVar(-np.inf, np.inf)
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

    def _row(self, coefficients: Array, low: float, high: float = np.inf) -> None:
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
        lp.changeRowBounds(0, beta, np.inf)
        while True:
            lp.run()
            ended = status(lp)
            if ended == "Infeasible":
                return np.inf, 0.0, None
            if ended != "Optimal":
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
            if risk < column[n] - CLOSE:
                cut = np.empty(n)
                cut[order] = self.table[best]
                added |= self._cut(cut)
            if not added:
                return value, slope, p
