"""Empirical risk minimisation for many problems at once: seeds, losses, noise levels and sample
sizes in one batch.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hconsist.arithmetic import NUMPY
from hconsist.errors import InvalidInputError
from hconsist.losses import CompSum, Loss, parse_loss
from hconsist.simulate.backend import AnyArray, Backend
from hconsist.simulate.convergence import tell
from hconsist.simulate.gradients import RiskKernel, risk_kernel
from hconsist.simulate.lbfgs import minimise
from hconsist.simulate.models import Model, parse_model
from hconsist.simulate.problem import Problem, read_inputs
from hconsist.simulate.rescaling import Rescaling
from hconsist.simulate.sparse import SparseDesign

Array = NDArray[np.float64]

#: Runs for each problem whose risk is not convex in the parameters.
RESTARTS = 4


@dataclass(frozen=True)
class Fit:
    """Trained hypotheses, one for each problem.

    Parameters
    ----------
    model : Model
    n_classes : int
    parameters : array (B, P)
    objective : array (B,)
        Training risk and penalty at the parameters.
    gradient : array (B,)
        Largest absolute entry of its gradient; where features are of unlike scales, by the weights
        of scaled ones.
    converged : array (B,) of bool
    iterations : array (B,) of int
    """

    model: Model
    n_classes: int
    parameters: Array
    objective: Array
    gradient: Array
    converged: NDArray[np.bool_]
    iterations: NDArray[np.int64]

    def scores(self, x: ArrayLike) -> Array:
        """Scores (B, m, n_classes) at inputs (m, d), shared by the problems, or (B, m, d)."""
        design = self.model.design(read_inputs(x))
        scores, _ = self.model.scores(self.parameters, design, self.n_classes, Backend().xp)
        return np.moveaxis(np.asarray(scores), 1, -1)

    def risks(
        self, loss: Loss | str, x: ArrayLike, p: ArrayLike, weights: ArrayLike | None = None
    ) -> Array:
        """Mean loss (B,) over inputs with label distributions p (..., m, n_classes), weighted (...,
        m) or evenly.
        """
        losses = parse_loss(loss).losses(self.scores(x), NUMPY)
        return _mean((np.asarray(p) * losses).sum(-1), weights)

    def errors(self, x: ArrayLike, p: ArrayLike, weights: ArrayLike | None = None) -> Array:
        """Zero-one risk (B,); a tie falls on its worst label."""
        scores = self.scores(x)
        top = scores == scores.max(axis=-1, keepdims=True)
        return _mean(1 - np.where(top, p, np.inf).min(axis=-1), weights)


def train(
    losses: Loss | str | Sequence[Loss | str],
    model: Model | str,
    x: ArrayLike,
    y: ArrayLike,
    *,
    n_classes: int | None = None,
    sample_weights: ArrayLike | None = None,
    l2: ArrayLike = 0.0,
    restarts: int | None = None,
    seed: int = 0,
    tolerance: float = 1e-7,
    max_iterations: int = 500,
    backend: Backend | None = None,
) -> Fit:
    """Minimise ``sum_i weight_i l(h(x_i), y_i) + (l2 / 2) |weights of h|^2`` over h, for B problems
    at once.

    Parameters
    ----------
    losses : loss or sequence of losses
        One for all problems, or one each. Any differentiable (or kinked) loss of the catalogue.
    model : Model or str
        ``"linear"``, ``"linear:W=1,B=1"``, ``"rff:features=64,scale=1"``, ``"relu:width=16"``.
    x : array or sparse matrix (m, d), or array (B, m, d)
        Inputs, shared by the problems or one set each. Doubles are not copied, and SciPy's sparse
        matrices stay sparse (NumPy backend).
    y : array (m,) or (B, m) of int, or (m, n_classes) or (B, m, n_classes) of float
        Labels, or label distributions: with p(y|x) at the nodes of a quadrature this is the
        population risk.
    n_classes : int, optional
        Needed where labels do not show it.
    sample_weights : array (m,) or (B, m), optional
        Even weights that sum to 1 when left out. Zeros pad problems of different sizes.
    l2 : float or array (B,)
    restarts : int, optional
        Runs for each problem, of which the best counts. By default 1 where loss and model are
        convex and 4 elsewhere: the first from the cross-entropy solution, the others from random
        points.
    seed : int
        Of the starting points.
    tolerance, max_iterations
        See `hconsist.simulate.lbfgs.minimise`.
    backend : Backend, optional
        NumPy on the CPU when left out.

    Raises
    ------
    InvalidInputError
        For shapes that do not fit, labels out of range, or a loss for another number of classes.

    Warns
    -----
    NotConvergedWarning
        Where a gradient is still above the tolerance at the end: progress ended, as at the kink of
        a hinge loss, or iterations ran out. `Fit.converged` says which.

    Examples
    --------
    >>> x = np.array([[-2.0], [-1.0], [1.0], [2.0]])
    >>> fit = train(["logistic", "mae"], "linear", x, [0, 1, 0, 1], l2=0.1)
    >>> fit.parameters.shape, bool(fit.converged.all())
    ((2, 4), True)
    """
    backend = backend or Backend()
    model = parse_model(model)
    problem = Problem.read(losses, model, x, y, n_classes, sample_weights, l2)
    if isinstance(problem.design, SparseDesign) and backend.name != "numpy":
        raise InvalidInputError("sparse x needs NumPy", backend.name, "pass dense inputs")
    runs = restarts or (1 if problem.convex else RESTARTS)
    if runs < 1:
        raise InvalidInputError("restarts must be >= 1", restarts, "pass restarts=4")
    random = np.random.default_rng(seed)
    width, n = problem.design.shape[-2], problem.n_classes
    starts = model.start(runs * problem.batch, width, n, random).reshape(problem.batch, runs, -1)
    if not problem.convex:
        if model.convex:
            starts += random.standard_normal(starts.shape)
        guide = problem.with_losses([CompSum(1)] * problem.batch)
        found = minimise(
            _Objective(guide, 1, backend),
            backend.array(starts[:, 0]),
            backend,
            tolerance=1e-3,
            max_iterations=min(100, max_iterations),
        )
        starts[:, 0] = backend.numpy(found.parameters)
    objective = _Objective(problem, runs, backend)
    found = minimise(
        objective,
        backend.array(starts.reshape(problem.batch * runs, -1)),
        backend,
        tolerance=tolerance,
        max_iterations=max_iterations,
    )
    value = np.where(np.isnan(found.value), np.inf, found.value).reshape(problem.batch, runs)
    best = np.argmin(value, axis=1) + runs * np.arange(problem.batch)
    best = best[problem.original]
    tell(found.converged[best], found.gradient[best], tolerance)
    return Fit(
        model,
        n,
        objective.unscaled(found.parameters)[best],
        found.value[best],
        found.gradient[best],
        found.converged[best],
        found.iterations[best],
    )


class _Objective:
    """Risk and gradient of the runs that are still active; their data are gathered once for each
    change of that set.
    """

    def __init__(self, problem: Problem, runs: int, backend: Backend) -> None:
        self.problem, self.runs, self.backend = problem, runs, backend
        self.kernels: dict[Loss, RiskKernel] = {
            loss: risk_kernel(loss, backend) for loss in set(problem.losses)
        }
        design: AnyArray = problem.design
        if not isinstance(design, SparseDesign):
            design = backend.array(design)
        self.data = [design, backend.array(problem.weights), backend.array(problem.l2)]
        change = Rescaling.of(problem.design, problem.l2) if problem.model.rescales else None
        self.change = change and Rescaling(backend.array(change.shift), backend.array(change.scale))
        self.changed = self.change
        is_weight = problem.model.is_weight(problem.design.shape[-2], problem.n_classes)
        self.is_weight = backend.array(is_weight.astype(float))
        self.active: NDArray[np.int64] | None = None
        self.part: list[AnyArray] = []
        self.groups: list[tuple[RiskKernel, slice]] = []

    def __call__(
        self, parameters: AnyArray, active: NDArray[np.int64]
    ) -> tuple[AnyArray, AnyArray]:
        if active is not self.active:
            self._gather(active)
        xp = self.backend.xp
        design, weights, l2 = self.part
        n = self.problem.n_classes
        if self.changed is not None:
            parameters = self.changed.outward(parameters, n, xp)
        scores, back = self.problem.model.scores(parameters, design, self.problem.n_classes, xp)
        if len(self.groups) == 1:
            values, slopes = self.groups[0][0](scores, weights)
        else:
            pieces = [
                kernel(
                    scores[where, ...], weights if weights.shape[0] == 1 else weights[where, ...]
                )
                for kernel, where in self.groups
            ]
            values, slopes = (xp.concat([piece[i] for piece in pieces], axis=0) for i in (0, 1))
        penalised = self.is_weight * parameters
        value = xp.sum(values, axis=-1) + 0.5 * l2 * xp.sum(penalised * penalised, axis=-1)
        gradient = back(slopes) + l2[:, None] * penalised
        return value, gradient if self.changed is None else self.changed.inward(gradient, n, xp)

    def unscaled(self, parameters: AnyArray) -> Array:
        """The parameters of all runs as the model has them."""
        if self.change is None:
            return self.backend.numpy(parameters)
        change, xp = self.change, self.backend.xp
        if change.scale.shape[0] > 1 and self.runs > 1:
            rows = self.backend.index(np.repeat(np.arange(self.problem.batch), self.runs))
            change = Rescaling(*(xp.take(a, rows, axis=0) for a in (change.shift, change.scale)))
        return self.backend.numpy(change.outward(parameters, self.problem.n_classes, xp))

    def _gather(self, active: NDArray[np.int64]) -> None:
        rows = active // self.runs
        everything = self.runs == 1 and rows.size == self.problem.batch
        index = self.backend.index(rows)
        self.part = [
            a
            if everything or (a.shape[0] == 1 and a.ndim > 1)
            else self.backend.xp.take(a, index, axis=0)
            for a in self.data
        ]
        if self.change is not None:
            one = everything or self.change.scale.shape[0] == 1
            self.changed = (
                self.change
                if one
                else Rescaling(
                    *(
                        self.backend.xp.take(a, index, axis=0)
                        for a in (self.change.shift, self.change.scale)
                    )
                )
            )
        losses = [self.problem.losses[i] for i in rows]
        cuts = [i for i in range(len(losses)) if i == 0 or losses[i] != losses[i - 1]] + [
            len(losses)
        ]
        self.groups = [(self.kernels[losses[a]], slice(a, b)) for a, b in itertools.pairwise(cuts)]
        self.active = active


def _mean(values: Array, weights: ArrayLike | None) -> Array:
    if weights is None:
        return np.asarray(values.mean(axis=-1))
    return np.asarray((values * np.asarray(weights)).sum(axis=-1))
