"""Any loss and a few labels: a search over scores and distributions together.

For fixed scores the regret ``<p, l(s)> - C*(p)`` is convex in p: C* lies below ``<p, l(s')>`` for
every s', so linear programs with more and more such cuts find the best p. From there a local search
over both ends at a point where neither can be bettered; the best of many starts is T. Where softmax
values are the natural coordinates the search is over these.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hconsist.arithmetic import NUMPY, Ops, Value
from hconsist.engines.numeric.coordinates import form_of, logarithm
from hconsist.engines.numeric.finite_scores import FiniteSolution
from hconsist.engines.numeric.linear import above_cuts, with_regret
from hconsist.engines.numeric.methods import inner_solver
from hconsist.losses import SoftmaxLoss
from hconsist.losses.forms import OfProbabilities
from hconsist.losses.prediction_forms import WeightedSoftmax
from hconsist.pointwise import PointwiseProblem

Array = NDArray[np.float64]

#: Labels and scores at most.
MOST = 24
_STARTS, _CUTS = 8, 12
#: Scores are searched up to this size: beyond, nothing moves.
_BOX = 30.0
#: Softmax values are kept this far from 0: where losses stay small there, and where they do not.
_FLOOR, _HIGHER_FLOOR = 1e-12, 1e-9


@dataclass(frozen=True)
class Space:
    """The coordinates x of the scores: losses at x, where each item is predicted, the best x.

    Parameters
    ----------
    losses : callable
        (..., coordinates) to (..., labels).
    region : callable
        The rows of an item: ``rows @ x <= 0``.
    best : callable
        p to the least risk and coordinates that reach it.
    scores : callable
        Coordinates to scores.
    draw : callable
        A number of random coordinates.
    simplex : bool
        Whether x is a distribution.
    floor : float
        The least entry of such an x.
    """

    losses: Callable[[Array], Array]
    region: Callable[[int], Array]
    best: Callable[[Array], tuple[float, Array]]
    scores: Callable[[Array], Array]
    draw: Callable[[int], Array]
    simplex: bool
    floor: float = 0.0


def space(problem: PointwiseProblem) -> Space | str:
    """The coordinates of a problem, or why there are none."""
    if max(problem.n, problem.n_scores) > MOST:
        return f"a search over scores is for {MOST} labels and scores at most"
    form = form_of(problem)
    if isinstance(form, WeightedSoftmax):
        weights = np.array([[float(v) for v in row] for row in form.weights])
        g = form.g.g
        return _of_softmax(
            problem,
            lambda x: np.asarray(g(x, NUMPY) @ weights),
            lambda item: np.array(problem.decision.score_region(item, problem.n_scores), float),
            _best_of_weights(weights, g),
        )
    forecast = problem.surrogate.form(OfProbabilities, problem.n)
    if problem.surrogate.scores_of == "labels" and forecast is not None:
        rows = problem.decision.exact_region

        def losses(x: Array) -> Array:
            return np.asarray(forecast.f(x, NUMPY))

        own = _best_of_labels(problem, losses)
        if own is None:
            return "the least risk of its forecasts is not known in closed form or by convexity"
        return _of_softmax(
            problem,
            losses,
            lambda item: np.array([[float(v) for v in row] for row in rows(item)]),
            own,
        )
    return _of_scores(problem)


Best = Callable[[Array], tuple[float, Array]]


def _of_softmax(
    problem: PointwiseProblem,
    losses: Callable[[Array], Array],
    region: Callable[[int], Array],
    best: Best,
) -> Space:
    size, unit = problem.n_scores, float(problem.decision.temperature)
    random = np.random.default_rng(0)
    end = np.full(size, _FLOOR)
    with np.errstate(all="ignore"):
        steep = not np.all(np.abs(losses(end)) < 1e6)
    floor = _HIGHER_FLOOR if steep else _FLOOR

    def guarded(x: Array) -> Array:
        with np.errstate(all="ignore"):
            found = losses(np.maximum(x, floor))
        return np.asarray(np.nan_to_num(found, nan=1e6, posinf=1e6))

    def draw(count: int) -> Array:
        return np.asarray(random.dirichlet(np.ones(size), size=count))

    def scores(x: Array) -> Array:
        return logarithm(np.where(x <= 2 * floor, 0.0, x), unit)

    return Space(guarded, region, best, scores, draw, simplex=True, floor=floor)


def _best_of_weights(weights: Array, g: Callable[..., Array]) -> Best:
    class Base(SoftmaxLoss):
        def of_softmax(self, u: Value, ops: Ops) -> Value:
            return g(u, ops)

    size = len(weights)
    inner = inner_solver(PointwiseProblem(Base(), n_classes=size))
    if inner is None:
        return _anywhere(lambda x: np.asarray(g(np.maximum(x, _FLOOR), NUMPY) @ weights), size)

    def best(p: Array) -> tuple[float, Array]:
        w = weights @ p
        total = float(w.sum())
        with np.errstate(all="ignore"):
            found = inner.solve((w / total)[None], np.ones((1, size)))
        x = np.exp(found.scores[0] - found.scores[0].max())
        return total * float(found.risk[0]), x / x.sum()

    return best


def _best_of_labels(problem: PointwiseProblem, losses: Callable[[Array], Array]) -> Best | None:
    """By the pooled search's solver, or at p itself for a proper loss."""
    unit = float(problem.decision.temperature)
    inner = inner_solver(PointwiseProblem(problem.surrogate, n_classes=problem.n))
    if _proper(problem, losses):
        return lambda p: (float(p @ losses(np.maximum(p, _FLOOR))), p)
    if inner is None:
        return None

    def best(p: Array) -> tuple[float, Array]:
        with np.errstate(all="ignore"):
            found = inner.solve(p[None], np.ones((1, p.size)))
        x = np.exp((found.scores[0] - found.scores[0].max()) / unit)
        return float(found.risk[0]), x / x.sum()

    return best


def _proper(problem: PointwiseProblem, losses: Callable[[Array], Array]) -> bool:
    random = np.random.default_rng(1)
    p = random.dirichlet(np.ones(problem.n), size=40)
    q = np.concatenate([random.dirichlet(np.ones(problem.n), size=300), p])
    with np.errstate(all="ignore"):
        near = np.abs(p + 0.01 * random.normal(size=p.shape))
        q = np.concatenate([q, near / near.sum(axis=1, keepdims=True)])
        risk = p @ losses(q).T
        own = np.sum(p * losses(p), axis=1)
    return bool(np.all(own <= risk.min(axis=1) + 1e-12))


def _anywhere(losses: Callable[[Array], Array], size: int) -> Best:
    """The least risk over the simplex, by a search from its middle and its corners."""

    def best(p: Array) -> tuple[float, Array]:
        starts = [np.full(size, 1 / size), *(0.9 * np.eye(size) + 0.1 / size)]
        found = [_descend(losses, p, np.zeros((0, size)), x, simplex=True) for x in starts]
        return min(found, key=lambda one: one[0])

    return best


def _of_scores(problem: PointwiseProblem) -> Space:
    size, random = problem.n_scores, np.random.default_rng(0)

    def losses(x: Array) -> Array:
        with np.errstate(all="ignore"):
            found = np.asarray(problem.surrogate.losses(x, NUMPY), dtype=float)
        return np.asarray(np.nan_to_num(found, nan=1e6, posinf=1e6))

    def best(p: Array) -> tuple[float, Array]:
        return _descend(losses, p, np.zeros((0, size)), np.zeros(size), simplex=False)

    def region(item: int) -> Array:
        return np.array(problem.decision.score_region(item, size), dtype=float)

    def draw(count: int) -> Array:
        spread = random.choice([0.3, 1.0, 3.0], size=(count, 1))
        return np.asarray(random.normal(size=(count, size)) * spread)

    return Space(losses, region, best, lambda x: x, draw, simplex=False)


def _jacobian(losses: Callable[[Array], Array], x: Array, simplex: bool) -> Array:
    """Central differences, relative to softmax values near 0: (labels, coordinates)."""
    step = np.minimum(1e-5, x / 4) if simplex else np.full(x.size, 1e-5)
    moves = np.diag(step)
    values = losses(np.concatenate([x + moves, x - moves]))
    return np.asarray(((values[: x.size] - values[x.size :]) / (2 * step[:, None])).T)


def _descend(
    losses: Callable[[Array], Array], p: Array, rows: Array, start: Array, simplex: bool
) -> tuple[float, Array]:
    """The least ``<p, losses(x)>`` near a start, over ``rows @ x <= 0``."""
    from scipy.optimize import minimize

    def risk(x: Array) -> float:
        return float(p @ losses(x))

    def slope(x: Array) -> Array:
        return np.asarray(p @ _jacobian(losses, x, simplex))

    bounds = [(_FLOOR, 1.0) if simplex else (-_BOX, _BOX)] * start.size
    found: Any
    if not rows.size and not simplex:
        found = minimize(
            risk, start, jac=slope, method="L-BFGS-B", bounds=bounds,
            options={"ftol": 1e-16, "gtol": 1e-9, "maxiter": 300},
        )  # fmt: skip
        return float(found.fun), np.asarray(found.x)
    constraints = [{"type": "ineq", "fun": lambda x: -rows @ x, "jac": lambda x: -rows}]
    if not rows.size:
        constraints = []
    if simplex:
        one = {"type": "eq", "fun": lambda x: x.sum() - 1, "jac": lambda x: np.ones(x.size)}
        constraints.append(one)
    found = minimize(
        risk, start, jac=slope, method="SLSQP", bounds=bounds, constraints=constraints,
        options={"ftol": 1e-14, "maxiter": 200},
    )  # fmt: skip
    return float(found.fun), np.asarray(found.x)


class Exchange:
    """The search of one problem, for every beta; cuts and good points are kept."""

    def __init__(
        self, problem: PointwiseProblem, space: Space, costs: Array, which: list[tuple[int, int]]
    ) -> None:
        self.problem, self.space, self.costs, self.which = problem, space, costs, which
        self._samples = space.draw(3000)
        scores = np.array([space.scores(x) for x in self._samples])
        self._predicted = problem.decision.predict(scores)[..., 0]
        middle = np.ones(problem.n) / problem.n
        self._cuts = space.losses(np.array([space.best(middle)[1], *self._samples[:40]]))
        self._good: dict[tuple[int, int], list[tuple[Array, Array]]] = {}

    def smallest_regret(self, beta: float) -> FiniteSolution | None:
        """T(beta), the least that was found; None where no prediction has that regret."""
        best: FiniteSolution | None = None
        for pair in self.which:
            d = self.costs[pair[0]] - self.costs[pair[1]]
            if d.max() < beta - 1e-12:
                continue
            for x, p in self._starts(pair, d, beta):
                found = self._polish(pair, d, beta, x, p)
                if found is not None and (best is None or found.value < best.value):
                    best = found
                if best is not None and best.value <= 0:
                    return best  # no regret is negative: nothing smaller is left to be found
        return best

    def without_regret(self) -> FiniteSolution:
        """T(0) = 0: the best scores, whatever they predict."""
        p = np.full(self.problem.n, 1 / self.problem.n)
        scores = self.space.scores(self.space.best(p)[1])
        return FiniteSolution(0.0, p, scores, scores, int(self.problem.decision.predict(scores)[0]))

    def _starts(self, pair: tuple[int, int], d: Array, beta: float) -> list[tuple[Array, Array]]:
        """Scores that predict the item, and the best p for each: the most promising ones."""
        item = pair[0]
        own = self._samples[self._predicted == item][: 6 * _STARTS]
        size = self._samples.shape[1]
        tie = np.full(size, 1 / size) if self.space.simplex else np.zeros(size)
        if np.all(self.space.region(item) @ tie <= 1e-12):
            own = np.vstack([own, tie])
        found = []
        for x in own:
            one = self._best_p(self.space.losses(x), d, beta)
            if one is not None:
                found.append((one[0], x, one[1]))
        found.sort(key=lambda one: one[0])
        return [*self._good.get(pair, [])[-3:], *((x, p) for _, x, p in found[:_STARTS])]

    def _best_p(
        self, losses: Array, d: Array, beta: float, cuts: int = 1
    ) -> tuple[float, Array] | None:
        """The least of ``<p, losses> - C*(p)`` over p, with so many new cuts: a lower bound."""
        found = None
        for _ in range(cuts):
            found = above_cuts(losses, self._cuts, d, beta)
            if found is None:
                return None
            value, p = found
            risk, x = self.space.best(p / p.sum())
            if losses @ p - risk <= value + 1e-10:
                break
            self._cuts = np.vstack([self._cuts, self.space.losses(x)])
        assert found is not None
        return found[0], found[1] / found[1].sum()

    def _polish(
        self, pair: tuple[int, int], d: Array, beta: float, x: Array, p: Array
    ) -> FiniteSolution | None:
        """A local search over scores and p together."""
        from scipy.optimize import minimize

        space, size = self.space, x.size
        rows = space.region(pair[0])

        def value(z: Array) -> tuple[float, Array]:
            x, p = z[:size], z[size:]
            losses = space.losses(x)
            risk, best = space.best(np.maximum(p, 0.0) / np.maximum(p, 0.0).sum())
            slope = np.append(
                p @ _jacobian(space.losses, x, space.simplex), losses - space.losses(best)
            )
            return float(p @ losses - p.sum() * risk), slope

        pad = np.zeros((len(rows), p.size))
        inside = np.column_stack([-rows, pad])
        total = np.append(np.zeros(size), np.ones(p.size))
        reach = np.append(np.zeros(size), d)
        constraints = [
            {"type": "ineq", "fun": lambda z: inside @ z, "jac": lambda z: inside},
            {"type": "ineq", "fun": lambda z: reach @ z - beta, "jac": lambda z: reach},
            {"type": "eq", "fun": lambda z: total @ z - 1, "jac": lambda z: total},
        ]
        if space.simplex:
            one = np.append(np.ones(size), np.zeros(p.size))
            constraints.append({"type": "eq", "fun": lambda z: one @ z - 1, "jac": lambda z: one})
        side = (space.floor, 1.0) if space.simplex else (-_BOX, _BOX)
        with np.errstate(all="ignore"):
            found = minimize(
                value, np.append(x, p), jac=True, method="SLSQP", constraints=constraints,
                bounds=[side] * size + [(0.0, 1.0)] * p.size,
                options={"ftol": 1e-13, "maxiter": 120},
            )  # fmt: skip
        return self._settled(pair, d, beta, found.x[:size], found.x[size:])

    def _settled(
        self, pair: tuple[int, int], d: Array, beta: float, x: Array, p: Array
    ) -> FiniteSolution | None:
        """The point made feasible, and its regret."""
        if not np.all(np.isfinite(p)):
            return None
        p = np.maximum(p, 0.0)
        p[p < 1e-12] = 0.0
        p = p / p.sum()
        short = beta - float(p @ d)
        if short > 1e-6 * max(beta, 1e-3):
            return None
        p = with_regret(p, d, beta)
        rows = self.space.region(pair[0])
        if rows.size and np.max(rows @ x) > 1e-9 * (1 + np.abs(x).max()):
            return None
        if self.space.simplex:
            x = np.where(x <= 2 * self.space.floor, 0.0, x)
            x = x / x.sum()
        risk, best = self.space.best(p)
        worst = float(p @ self.space.losses(x))
        self._good.setdefault(pair, []).append((x, p))
        return FiniteSolution(
            worst - risk, p, self.space.scores(x), self.space.scores(best), pair[0]
        )
