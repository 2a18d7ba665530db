"""Pairs for targets with costs of their own, on finite distributions: exact up to rounding."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hconsist.bounds import Bound, derive
from hconsist.engines import sweep
from hconsist.pointwise import PointwiseProblem
from hconsist.simulate.curves import ROUNDING
from hconsist.simulate.results import Cell, Row
from hconsist.studies.bounds.counterexamples import described
from hconsist.studies.bounds.table import row_of

Array = NDArray[np.float64]

#: Grid of target regrets on which Gamma is read off, rounded up to the next point.
_GRID = 4001


def cost_pairs(cell: Cell, random: np.random.Generator) -> list[Row]:
    """Random pairs, and witnesses of T alone and mixed, each on up to four inputs."""
    bound = derive(cell["loss"], cell["n"], target=cell["target"], engine="symbolic")
    problem, size = bound.problem, cell["pairs"] // 2
    kinds = {
        "random": _random(problem, size, random),
        "witness": _witnesses(problem, size, random),
    }
    rows = []
    for kind, (weights, p, scores, items) in kinds.items():
        target = (weights * _regret(problem, p, items)).sum(-1)
        surrogate = (weights * _excess(problem, p, scores)).sum(-1)
        rounding = ROUNDING * (1 + np.abs(surrogate))
        above = _gamma(bound, surrogate + rounding)
        for i in range(size):
            row = row_of(
                kind,
                cell["loss"],
                cell["n"],
                f"complete, {cell['target']}",
                f"{kind}:{i}",
                described(weights[i], p[i], scores[i]),
                target=target[i],
                surrogate=surrogate[i],
                surrogate_error=rounding[i],
                bound=above[i],
                ceiling=above[i],
            )
            rows.append({**row, "standing": "proven"})
    return rows


def _regret(problem: PointwiseProblem, p: Array, items: NDArray[np.intp]) -> Array:
    return np.asarray(problem.decision.regret(p, items[..., None]))


def _excess(problem: PointwiseProblem, p: Array, scores: Array) -> Array:
    """Conditional risk above the least one, which the best scores have: logarithms of the weights
    of predictions, or of the chances of labels.
    """
    weights = _weights(problem)
    w = p if weights is None else p @ weights.T
    with np.errstate(divide="ignore"):
        best = np.maximum(np.log(w), -700.0) * float(problem.decision.temperature)
    return np.asarray(problem.conditional_risk(scores, p) - problem.conditional_risk(best, p))


def _weights(problem: PointwiseProblem) -> Array | None:
    """What each prediction saves for each label, where predictions have scores of their own."""
    if problem.surrogate.scores_of == "labels":
        return None
    rows = problem.surrogate.weights(problem.n_scores)  # type: ignore[attr-defined]
    return np.array([[float(v) for v in row] for row in rows])


def _gamma(bound: Bound, excess: Array) -> Array:
    """Gamma from the closed form of the envelope, rounded up to the grid."""
    most = float(bound.problem.decision.max_regret)
    betas = np.linspace(0, most, _GRID)
    levels = np.maximum.accumulate(bound.envelope_curve(betas))
    return np.asarray(betas[np.minimum(np.searchsorted(levels, excess, "right"), _GRID - 1)])


def _inputs(size: int, random: np.random.Generator) -> Array:
    weights = random.dirichlet(np.ones(4), size)
    weights[np.arange(4) >= random.integers(1, 5, (size, 1))] = 0.0
    return np.asarray(weights / weights.sum(axis=1, keepdims=True))


Drawn = tuple[Array, Array, Array, NDArray[np.intp]]


def _random(problem: PointwiseProblem, size: int, random: np.random.Generator) -> Drawn:
    p = random.dirichlet(np.full(problem.n, 0.7), size=(size, 4))
    p = np.maximum(p, 1e-9) / np.maximum(p, 1e-9).sum(-1, keepdims=True)
    weights = _weights(problem)
    w = p if weights is None else np.maximum(p @ weights.T, 1e-9)
    spread = random.choice([0.05, 0.3, 1.0], size=(size, 4, 1))
    scores = np.log(w) + spread * random.standard_normal(w.shape)
    return _inputs(size, random), p, scores, problem.decision.predict(scores)[..., 0]


def _witnesses(problem: PointwiseProblem, size: int, random: np.random.Generator) -> Drawn:
    """Points where T is nearly attained; at a tie the worst prediction counts."""
    most = float(problem.decision.max_regret)
    betas = [round(most * v, 6) for v in (*np.geomspace(0.01, 0.5, 7), 0.6, 0.7, 0.8, 0.9)]
    found = [a.witness for a in sweep(problem, betas) if a.witness is not None]
    chosen = random.integers(len(found), size=(size, 4))
    p, scores = (
        np.array([[float(v) for v in getattr(w, name)] for w in found])[chosen]
        for name in ("p", "scores")
    )
    items = np.array([w.predicted[0] for w in found])[chosen]
    weights = _inputs(size, random)
    alone = random.random(size) < 0.6
    weights[alone] = np.eye(4)[0]
    return weights, p / p.sum(-1, keepdims=True), scores, items
