"""Best-in-class risks of Brier and spherical losses over the softmax values that scores reach.

Scores in a box reach the cone of x with ``x_i <= R x_k`` (all of x >= 0 without a box), whose edges
have some labels at R and the others at 1. Brier's risk is a squared distance of p from the values
with sum 1; the spherical one is ``-<p, x>`` over the x of length 1, or at most 1, which are convex.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from scipy.optimize import nnls

from hconsist.arithmetic import BALLS, endpoints
from hconsist.engines.rigorous.risk import Counts, Values, mean_of_groups
from hconsist.engines.rigorous.transport import ScorePoint

if TYPE_CHECKING:
    from flint import arb

#: How much more a sum of 1 weighs than the distance.
_WEIGHT = 1e4


class ConeRisk:
    """Conditional risks ``scale |S - p|^2`` (up to a function of p that is linear), or
    ``-scale <p, x> / |x|``.

    Parameters
    ----------
    kind : {"brier", "spherical"}
    scale : Fraction
    ratio : ball or None
        The largest ratio of two softmax values.
    n : int
        Few labels: there are 2^n edges.
    """

    def __init__(
        self, kind: Literal["brier", "spherical"], scale: Fraction, ratio: arb | None, n: int
    ) -> None:
        self.kind, self.scale, self.ratio, self.n = kind, scale, ratio, n
        large = Fraction(1) if ratio is None else endpoints(ratio)[0]
        small = Fraction(0) if ratio is None else Fraction(1)
        sets = (
            [(i,) for i in range(n)]
            if ratio is None
            else [s for k in range(1, n + 1) for s in itertools.combinations(range(n), k)]
        )
        self.edges = [tuple(large if i in s else small for i in range(n)) for s in sets]
        totals = [sum(e, Fraction(0)) for e in self.edges]
        self.edges = [tuple(v / t for v in e) for e, t in zip(self.edges, totals, strict=True)]
        self._matrix = np.array([[float(v) for v in e] for e in self.edges]).T
        self._solved: dict[tuple[Values, Counts], tuple[arb, ScorePoint]] = {}

    def optimum(self, values: Values, counts: Counts) -> ScorePoint:
        """Nearly the best softmax values."""
        return self._solve(values, counts)[1]

    def at(self, point: ScorePoint, values: Values, counts: Counts) -> arb:
        """The risk as a ball, linear in p."""
        return mean_of_groups(values, counts, point.terms)

    def best_in_class(self, values: Values, counts: Counts) -> tuple[arb, arb]:
        """Balls below and above the least risk."""
        low, point = self._solve(values, counts)
        return low, self.at(point, values, counts)

    def _solve(self, values: Values, counts: Counts) -> tuple[arb, ScorePoint]:
        key = (values, counts)
        if key not in self._solved:
            owners = [i for i, c in enumerate(counts) for _ in range(c)]
            p = [values[i] for i in owners]
            x = self._grouped(self._projection(p), owners, counts)
            terms = self._terms(x)
            low = self._below(p, x)
            first = [owners.index(i) if c else None for i, c in enumerate(counts)]
            self._solved[key] = (
                low,
                ScorePoint(
                    tuple(Fraction(0) if j is None else x[j] for j in first),
                    tuple(BALLS.const(0) if j is None else terms[j] for j in first),
                ),
            )
        return self._solved[key]

    def _projection(self, p: Sequence[Fraction]) -> list[Fraction]:
        """A point of the cone near p's projection, with sum 1."""
        target = np.array([float(v) for v in p])
        matrix = self._matrix
        if self.kind == "brier":
            matrix = np.vstack([matrix, np.full(matrix.shape[1], _WEIGHT)])
            target = np.append(target, _WEIGHT)
        shares = [Fraction(float(v)) for v in nnls(matrix, target)[0]]
        total = sum(shares, Fraction(0))
        return [
            sum((s * e[i] for s, e in zip(shares, self.edges, strict=True) if s), Fraction(0))
            / total
            for i in range(self.n)
        ]

    def _grouped(self, x: list[Fraction], owners: list[int], counts: Counts) -> list[Fraction]:
        """Means over groups, which are in the cone as well."""
        means = [Fraction(0)] * len(counts)
        for i, v in zip(owners, x, strict=True):
            means[i] += v / counts[i]
        return [means[i] for i in owners]

    def _terms(self, x: list[Fraction]) -> list[arb]:
        """The losses at x, without what is the same for every x."""
        square = sum((v * v for v in x), Fraction(0))
        if self.kind == "brier":  # |x|^2 - 2 x_y
            return [BALLS.const(self.scale * (square - 2 * v)) for v in x]
        length = BALLS.const(square).sqrt()
        return [-BALLS.const(self.scale * v) / length for v in x]

    def _least_of_edges(self, slopes: list[Fraction]) -> arb:
        """A ball below the least of a linear function over the cone's points of sum 1."""
        order = sorted(slopes)
        if self.ratio is None:
            return BALLS.const(order[0])
        least: Any = None
        for k in range(1, self.n + 1):
            large, small = (BALLS.const(sum(part, Fraction(0))) for part in (order[:k], order[k:]))
            at = (self.ratio * large + small) / (k * self.ratio + (self.n - k))
            least = at if least is None else least.min(at)
        found: arb = least
        return found

    def _below(self, p: list[Fraction], x: list[Fraction]) -> arb:
        """A lower bound of the least risk at p."""
        scale = BALLS.const(self.scale)
        if self.kind == "brier":  # the tangent at x is least at an edge
            slopes = [2 * (a - b) for a, b in zip(x, p, strict=True)]
            square = sum((a * a for a in x), Fraction(0))
            return scale * (self._least_of_edges(slopes) - BALLS.const(square))
        # <p, y> <= <z, y> for all y of the cone gives <p, y> <= |z| |y|
        length = sum((a * b for a, b in zip(p, x, strict=True)), Fraction(0)) / sum(
            (a * a for a in x), Fraction(0)
        )
        z = [length * v for v in x]
        short = endpoints(self._least_of_edges([a - b for a, b in zip(z, p, strict=True)]))[0]
        lifted = [v + max(-short, Fraction(0)) for v in z]
        return -scale * BALLS.const(sum((v * v for v in lifted), Fraction(0))).sqrt()
