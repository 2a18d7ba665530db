"""Best-in-class risks at given label distributions, for every loss that the engine can treat."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from hconsist.engines.numeric import kinked, levels
from hconsist.engines.numeric.answers import losses_of
from hconsist.engines.numeric.binary import Differences
from hconsist.engines.numeric.methods import inner_solver
from hconsist.engines.numeric.rays import rays
from hconsist.engines.numeric.search import ACCEPTED_RESIDUAL
from hconsist.errors import EngineCannotAnswerError
from hconsist.losses.forms import OfSoftmax
from hconsist.pointwise import PointwiseProblem

Array = NDArray[np.float64]


def best_in_class_risks(problem: PointwiseProblem) -> Callable[[Array], Array] | None:
    """The function ``p -> C*(p)``, (..., n) to (...): an estimate by the first method that applies,
    or None where none does.

    Two labels: a search in one variable, for any loss of the difference of the scores. More: the
    batched solvers of convex losses; for other losses without jumps that do not tell the labels
    apart the search over few score levels, which may miss a narrow minimum.

    Raises
    ------
    EngineCannotAnswerError
        By the function, where a risk has no least value that it knows.

    Examples
    --------
    >>> risk = best_in_class_risks(PointwiseProblem("margin:Abs(1-v)", n_classes=2))
    >>> round(float(risk(np.array([0.75, 0.25]))), 12)
    0.5
    """
    loss = problem.surrogate
    if problem.n == 2 and loss.shift_invariant:
        return lambda p: _two_labels(problem, p)
    inner = inner_solver(problem)
    if inner is not None:
        solver = inner

        def convex(p: Array) -> Array:
            rows = np.atleast_2d(p)
            with np.errstate(all="ignore"):
                found = solver.solve(rows, np.ones_like(rows), second=False)
            worst = float(np.max(found.residual, initial=0.0))
            if not worst <= ACCEPTED_RESIDUAL:
                raise EngineCannotAnswerError(
                    "numeric", f"the solver of {loss.spec} stopped with residual {worst:.1e}"
                )
            return np.asarray(found.risk).reshape(np.shape(p)[:-1])

        return convex
    if loss.symmetric and (scores := kinked.score_vertices(problem)) is not None:
        return lambda p: _at_vertices(problem, scores, p)
    form = loss.form(OfSoftmax)
    jumps = form is not None and form.g.fact("continuous").refuted  # searches stop at a jump's side
    if loss.symmetric and not jumps and problem.n <= levels.MOST_CLASSES:
        return lambda p: _by_levels(problem, p)
    return None


def _two_labels(problem: PointwiseProblem, p: Array) -> Array:
    flat = np.asarray(p, dtype=float).reshape(-1, 2)
    found = []
    for top in (0, 1):
        # with the label on top likelier by x: its risk is K(-x)
        x = (flat[:, top] - flat[:, 1 - top]).astype(np.longdouble)
        one = Differences(problem, top).infimum(-x)
        if np.any(one.unbounded | one.slow):
            raise EngineCannotAnswerError(
                "numeric", f"the risk of {problem.surrogate.spec} has no minimum that it can find"
            )
        found.append(one.value)
    return np.asarray(np.minimum(*found), dtype=float).reshape(np.shape(p)[:-1])


def _at_vertices(problem: PointwiseProblem, scores: Array, p: Array) -> Array:
    """Piecewise linear losses: the least risk among finitely many scores."""
    ordered = -np.sort(-np.asarray(p, dtype=float), axis=-1)
    _refuse_unbounded(problem, ordered, rays(problem))
    losses = np.sort(losses_of(problem, scores), axis=-1)  # the smallest to the likeliest label
    return np.asarray(np.min(ordered @ losses.T, axis=-1))


def _refuse_unbounded(problem: PointwiseProblem, ordered: Array, slopes: Array) -> None:
    if slopes.size and np.min(ordered @ slopes.T) < -1e-11:
        raise EngineCannotAnswerError(
            "numeric", f"the risk of {problem.surrogate.spec} is unbounded below"
        )


def _by_levels(problem: PointwiseProblem, p: Array) -> Array:
    flat = np.asarray(p, dtype=float).reshape(-1, problem.n)
    with np.errstate(all="ignore"):
        search = levels.Levels(problem)
        ordered = -np.sort(-flat, axis=1)
        _refuse_unbounded(problem, ordered, search.tables.rays)
        found = search.best_risks(ordered)
    return found.reshape(np.shape(p)[:-1])
