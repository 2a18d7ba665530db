"""Losses whose best scores are among finitely many, whatever the label distribution: linear
programs over p.

For a loss that is concave, or straight, in the coordinates of its scores between kinks, the least
risk over the scores that predict r is reached at a vertex of the polytope that predicts r (or of
the arrangement of kinks in it). So C* is the least of finitely many linear functions of p, and for
a pair (r, r*) and a vertex v of r

    min { <p, l(v)> - C*(p) : <p, d> >= b }  =  min { <p, l(v)> + t : t >= -<p, l(v')> for all v' }

is a linear program.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import combinations, product

import numpy as np
from numpy.typing import NDArray

from hconsist.arithmetic import NUMPY
from hconsist.engines.numeric.coordinates import form_of, logarithm
from hconsist.engines.numeric.kinks import crossings
from hconsist.engines.numeric.linear import above_cuts, with_regret
from hconsist.losses.forms import OfProbabilities, OfSoftmax
from hconsist.losses.prediction_forms import WeightedMargins, WeightedSoftmax
from hconsist.pointwise import PointwiseProblem

Array = NDArray[np.float64]

#: Vertices, and combinations of inequalities, at most.
_MOST = 20_000
#: The least probability whose logarithm is a score: minus infinity in the witness.
_TINY = 1e-12


@dataclass(frozen=True)
class TriedScores:
    """The scores to try: their losses, and which predictions each allows.

    Parameters
    ----------
    losses : array (vertices, labels)
    allowed : bool array (predictions, vertices)
    scores : array (vertices, scores)
    """

    losses: Array
    allowed: NDArray[np.bool_]
    scores: Array


@dataclass(frozen=True)
class FiniteSolution:
    """T at one beta: value, distribution, scores that predict the item, best scores."""

    value: float
    p: Array
    scores: Array
    best: Array
    item: int


def vertices(problem: PointwiseProblem) -> TriedScores | None:
    """The vertices for a problem; None for a loss that has none, or too many."""
    decision = problem.decision
    if decision.predicts_numbers:
        return None
    form = form_of(problem)
    match form:
        case WeightedMargins():
            return _of_margins(problem, form)
        case WeightedSoftmax():
            if not _concave(form.g.g):
                return None
            weights = np.array([[float(v) for v in row] for row in form.weights])
            regions = [
                np.array(decision.score_region(r, problem.n_scores), dtype=float)
                for r in range(decision.items)
            ]
            return _of_simplex(problem, lambda q: form.g.g(q, NUMPY) @ weights, regions)
    if problem.surrogate.scores_of == "labels" and (points := crossings(problem)) is not None:
        return _at(problem, points)
    share = problem.surrogate.form(OfSoftmax)
    forecast = problem.surrogate.form(OfProbabilities, problem.n)
    if problem.surrogate.scores_of != "labels" or share is None or forecast is None:
        return None
    if not _concave(share.g):
        return None
    region = [decision.exact_region(r) for r in range(decision.items)]
    rows = [np.array([[float(v) for v in row] for row in one]) for one in region]
    return _of_simplex(problem, lambda q: forecast.f(q, NUMPY), rows)


def _concave(g: Callable[..., Array]) -> bool:
    # A coarse grid sees weak curvature, a fine one a feature that is a thousandth wide.
    with np.errstate(all="ignore"):
        bends = [np.diff(g(np.linspace(0.0, 1.0, many), NUMPY), 2) for many in (201, 20_001)]
    return all(bool(np.all(np.isfinite(bend)) and np.all(bend <= 1e-12)) for bend in bends)


def _of_simplex(
    problem: PointwiseProblem, losses: Callable[[Array], Array], rows: list[Array]
) -> TriedScores | None:
    """Vertices of the polytopes ``rows[r] @ q <= 0`` of the simplex, and of the simplex."""
    n = rows[0].shape[1]
    found: dict[tuple[float, ...], Array] = {tuple(v): v for v in np.eye(n)}
    for region in rows:
        known = corners(region, n)
        if known is None:
            return None
        found.update({tuple(np.round(v, 12)): v for v in known})
    q = np.array(list(found.values()))
    allowed = np.array([np.all(q @ region.T <= 1e-9, axis=1) for region in rows])
    unit = float(problem.decision.temperature)
    scores = np.array([logarithm(np.where(v < _TINY, 0.0, v), unit) for v in q])
    return TriedScores(np.asarray(losses(q)), allowed, scores)


def corners(rows: Array, n: int) -> list[Array] | None:
    """The vertices of ``rows @ q <= 0`` on the simplex; None where there are too many to look at.

    >>> [v.round(3).tolist() for v in corners(np.array([[-1.0, 1.0]]), 2)]
    [[1.0, 0.0], [0.5, 0.5]]
    """
    every = np.vstack([-np.eye(n), rows])
    every = every[np.any(np.abs(every) > 1e-12, axis=1)]
    count = 1
    for i in range(n - 1):
        count = count * (len(every) - i) // (i + 1)
    if count > _MOST:
        return None
    found: dict[tuple[float, ...], Array] = {}
    for active in combinations(range(len(every)), n - 1):
        system = np.vstack([every[list(active)], np.ones(n)])
        if np.linalg.matrix_rank(system, tol=1e-10) < n:
            continue
        q = np.linalg.solve(system, np.append(np.zeros(n - 1), 1.0))
        if np.all(every @ q <= 1e-10):
            found.setdefault(tuple(np.round(q, 10) + 0.0), np.maximum(q, 0.0))
    return [found[key] for key in sorted(found, reverse=True)]


def _of_margins(problem: PointwiseProblem, form: WeightedMargins) -> TriedScores | None:
    """Scores at the kinks of phi(s) and phi(-s), and at 0."""
    at = _bends(form)
    if at is None or len(at) ** problem.n_scores > _MOST:
        return None
    return _at(problem, np.array(list(product(at, repeat=problem.n_scores))))


def _at(problem: PointwiseProblem, scores: Array) -> TriedScores:
    """Scores to try, as they are."""
    decision = problem.decision
    regions = [
        np.array(decision.score_region(r, problem.n_scores), dtype=float)
        for r in range(decision.items)
    ]
    allowed = np.array([np.all(scores @ region.T <= 1e-11, axis=1) for region in regions])
    return TriedScores(np.asarray(problem.surrogate.losses(scores, NUMPY)), allowed, scores)


def _bends(form: WeightedMargins) -> list[float] | None:
    """Where a piecewise linear phi(s) and phi(-s) bend, with 0; None for other phi."""
    unit = 0.125
    s = unit * np.arange(-80, 81)
    with np.errstate(all="ignore"):
        bend = np.abs(np.diff(form.phi.phi(s, NUMPY), 2))
        between = np.abs(np.diff(form.phi.phi(s + unit / 3, NUMPY), 2))
    if not (np.all(np.isfinite(bend)) and np.all(np.isfinite(between))):
        return None
    at = s[1:-1][bend > 1e-9]
    if at.size > 4 or np.count_nonzero(between > 1e-9) > 2 * at.size or at.size == 0:
        return None
    known = form.phi.phi.kinks
    if known is not None:
        at = np.array([float(k) for k in known])
    elif np.any(np.diff(at) < 1.5 * unit):  # between two points of the grid
        return None
    return sorted({0.0, *at.tolist(), *(-at).tolist()})


class Programs:
    """The linear programs of all pairs of predictions."""

    def __init__(self, found: TriedScores, costs: Array, which: list[tuple[int, int]]) -> None:
        self.found, self.costs, self.which = found, costs, which

    def smallest_regret(self, beta: float) -> FiniteSolution | None:
        """T(beta); None where no prediction has that regret."""
        best: FiniteSolution | None = None
        for r, s in self.which:
            d = self.costs[r] - self.costs[s]
            if d.max() < beta - 1e-12:
                continue
            for v in np.flatnonzero(self.found.allowed[r]):
                one = self._solve(int(v), d, beta)
                if one is not None and (best is None or one[0] < best.value - 1e-13):
                    p, value = one[1], one[0]
                    free = int(np.argmin(self.found.losses @ p))
                    scores = self.found.scores
                    best = FiniteSolution(value, p, scores[v], scores[free], r)
        return best

    def without_regret(self) -> FiniteSolution:
        """T(0) = 0: the best scores, whatever they predict."""
        p = np.full(self.costs.shape[1], 1 / self.costs.shape[1])
        v = int(np.argmin(np.where(self.found.allowed.any(axis=0), self.found.losses @ p, np.inf)))
        scores = self.found.scores[v]
        return FiniteSolution(0.0, p, scores, scores, int(np.argmax(self.found.allowed[:, v])))

    def _solve(self, vertex: int, d: Array, beta: float) -> tuple[float, Array] | None:
        losses = self.found.losses
        found = above_cuts(losses[vertex], losses, d, beta)
        if found is None:
            return None
        p = with_regret(found[1], d, beta)
        return float(losses[vertex] @ p - (losses @ p).min()), p
