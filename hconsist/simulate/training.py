"""Empirical risk minimisation for many problems at once: seeds, losses, noise levels and sample
sizes in one batch.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hconsist.arithmetic import NUMPY
from hconsist.errors import InvalidInputError
from hconsist.losses import CompSum, Loss, parse_loss
from hconsist.losses.forms import convex_in_scores
from hconsist.simulate.backend import AnyArray, Backend
from hconsist.simulate.gradients import RiskKernel, risk_kernel
from hconsist.simulate.lbfgs import minimise
from hconsist.simulate.models import Model, parse_model

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
        Largest absolute entry of its gradient.
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
        design = self.model.design(_inputs(x))
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
    x : array (m, d) or (B, m, d)
        Inputs, shared by the problems or one set each.
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

    Examples
    --------
    >>> x = np.array([[-2.0], [-1.0], [1.0], [2.0]])
    >>> fit = train(["logistic", "mae"], "linear", x, [0, 1, 0, 1], l2=0.1)
    >>> fit.parameters.shape, bool(fit.converged.all())
    ((2, 4), True)
    """
    backend = backend or Backend()
    model = parse_model(model)
    problem = _Problem.read(losses, model, x, y, n_classes, sample_weights, l2)
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
            guide.objective(1, backend),
            backend.array(starts[:, 0]),
            backend,
            tolerance=1e-3,
            max_iterations=min(100, max_iterations),
        )
        starts[:, 0] = backend.numpy(found.parameters)
    found = minimise(
        problem.objective(runs, backend),
        backend.array(starts.reshape(problem.batch * runs, -1)),
        backend,
        tolerance=tolerance,
        max_iterations=max_iterations,
    )
    value = np.where(np.isnan(found.value), np.inf, found.value).reshape(problem.batch, runs)
    best = np.argmin(value, axis=1) + runs * np.arange(problem.batch)
    best = best[problem.original]
    return Fit(
        model,
        n,
        backend.numpy(found.parameters)[best],
        found.value[best],
        found.gradient[best],
        found.converged[best],
        found.iterations[best],
    )


@dataclass(frozen=True)
class _Problem:
    """Checked data; problems are sorted by loss, so that those of one loss lie side by side, and
    ``original`` leads back.
    """

    losses: tuple[Loss, ...]
    model: Model
    design: Array  # (B or 1, D, m)
    weights: Array  # (B or 1, n, m): sample weight times label probability
    l2: Array  # (B,)
    n_classes: int
    batch: int
    original: NDArray[np.intp]

    @classmethod
    def read(
        cls,
        losses: Loss | str | Sequence[Loss | str],
        model: Model,
        x: ArrayLike,
        y: ArrayLike,
        n_classes: int | None,
        sample_weights: ArrayLike | None,
        l2: ArrayLike,
    ) -> _Problem:
        chosen = [parse_loss(v) for v in ([losses] if isinstance(losses, Loss | str) else losses)]
        if not chosen:
            raise InvalidInputError("there must be a loss to train", "none", "pass 'logistic'")
        inputs = _inputs(x)
        p = _label_distributions(y, inputs.shape[1], n_classes)
        n = p.shape[-2]
        even = np.full((1, inputs.shape[1]), 1 / inputs.shape[1])
        sample = (
            even
            if sample_weights is None
            else np.atleast_2d(np.asarray(sample_weights, dtype=float))
        )
        penalty = np.atleast_1d(np.asarray(l2, dtype=float))
        if sample.shape[1] != inputs.shape[1] or not (
            np.isfinite(sample).all() and (sample >= 0).all()
        ):
            raise InvalidInputError(
                f"sample_weights must be non-negative with last axis {inputs.shape[1]}",
                f"shape {sample.shape}",
                "one a sample",
            )
        if penalty.ndim != 1 or not (penalty >= 0).all():
            raise InvalidInputError(
                "l2 must be a number >= 0, or one a problem", penalty.tolist(), "pass l2=0.01"
            )
        sizes = {len(chosen), inputs.shape[0], p.shape[0], sample.shape[0], penalty.size} - {1}
        if len(sizes) > 1:
            raise InvalidInputError(
                "losses, x, y, sample_weights and l2 must agree on the number of problems",
                sorted(sizes),
                "use one number of problems, or 1 where shared",
            )
        batch = sizes.pop() if sizes else 1
        chosen = chosen * batch if len(chosen) == 1 else chosen
        for loss in set(chosen):
            if loss.only_classes not in (None, n):
                raise InvalidInputError(
                    f"{loss.spec} is defined for n_classes = {loss.only_classes}",
                    n,
                    f"lift it: 'sum:phi={loss.spec_name}'",
                )
        order = sorted(range(batch), key=lambda i: chosen[i].spec)
        design, weights = model.design(inputs), p * sample[:, None, :]

        def sort(array: Array) -> Array:
            return np.ascontiguousarray(
                array if array.shape[0] == 1 or order == list(range(batch)) else array[order]
            )

        return cls(
            tuple(chosen[i] for i in order),
            model,
            sort(design),
            sort(weights),
            np.broadcast_to(penalty, (batch,))[order],
            n,
            batch,
            np.argsort(order),
        )

    @property
    def convex(self) -> bool:
        """Whether every local minimum is global."""
        return self.model.convex and all(
            convex_in_scores(loss.forms, self.n_classes) for loss in set(self.losses)
        )

    def with_losses(self, losses: Sequence[Loss]) -> _Problem:
        """The same data under other losses."""
        return _Problem(
            tuple(losses),
            self.model,
            self.design,
            self.weights,
            self.l2,
            self.n_classes,
            self.batch,
            self.original,
        )

    def objective(self, runs: int, backend: Backend) -> Any:
        """The function that `minimise` wants: run r of problem b has number ``b * runs + r``."""
        return _Objective(self, runs, backend)


class _Objective:
    """Risk and gradient of the runs that are still active; their data are gathered once for each
    change of that set.
    """

    def __init__(self, problem: _Problem, runs: int, backend: Backend) -> None:
        self.problem, self.runs, self.backend = problem, runs, backend
        self.kernels: dict[Loss, RiskKernel] = {
            loss: risk_kernel(loss, backend) for loss in set(problem.losses)
        }
        self.data = [backend.array(a) for a in (problem.design, problem.weights, problem.l2)]
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
        return value, back(slopes) + l2[:, None] * penalised

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
        losses = [self.problem.losses[i] for i in rows]
        cuts = [i for i in range(len(losses)) if i == 0 or losses[i] != losses[i - 1]] + [
            len(losses)
        ]
        self.groups = [(self.kernels[losses[a]], slice(a, b)) for a, b in itertools.pairwise(cuts)]
        self.active = active


def _inputs(x: ArrayLike) -> Array:
    inputs = np.asarray(x, dtype=float)
    if inputs.ndim not in (2, 3) or inputs.shape[-2] == 0 or not np.isfinite(inputs).all():
        raise InvalidInputError(
            "x must be finite, of shape (m, d) or (B, m, d)",
            f"shape {inputs.shape}",
            "features come last",
        )
    return inputs if inputs.ndim == 3 else inputs[None]


def _label_distributions(y: ArrayLike, m: int, n_classes: int | None) -> Array:
    """Labels or distributions as (B or 1, n, m)."""
    labels = np.asarray(y)
    if labels.dtype.kind in "iu":
        labels = np.atleast_2d(labels)
        n = n_classes or max(int(labels.max()) + 1, 2)
        if labels.ndim != 2 or labels.shape[1] != m or labels.min() < 0 or labels.max() >= n:
            raise InvalidInputError(
                f"labels must be 0..{n - 1}, of shape (..., {m})",
                f"shape {labels.shape}",
                "one label a sample",
            )
        return np.asarray(labels[:, None, :] == np.arange(n)[:, None], dtype=float)
    labels = labels if labels.ndim == 3 else labels[None]
    if (
        labels.ndim != 3
        or labels.shape[1] != m
        or labels.shape[2] < 2
        or n_classes not in (None, labels.shape[2])
    ):
        raise InvalidInputError(
            f"y must be integer labels or distributions of shape (..., {m}, n_classes)",
            f"shape {labels.shape}",
            "pass p(y|x)",
        )
    return np.swapaxes(labels, -1, -2).astype(float)


def _mean(values: Array, weights: ArrayLike | None) -> Array:
    if weights is None:
        return np.asarray(values.mean(axis=-1))
    return np.asarray((values * np.asarray(weights)).sum(axis=-1))
