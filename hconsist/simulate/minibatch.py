"""Training by mini-batches, for data larger than memory: Adam on the risk of each batch."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hconsist.arithmetic.exact import Value
from hconsist.losses import Loss
from hconsist.simulate.backend import Backend
from hconsist.simulate.gradients import risk_kernel
from hconsist.simulate.models import Model
from hconsist.simulate.problem import Problem
from hconsist.simulate.rescaling import Rescaling

Array = NDArray[np.float64]


class MiniBatches:
    """Parameters that each batch moves.

    Steps fall like ``1 / sqrt(1 + t / decay)``. Features of unlike scales are centred and scaled as
    the first batch says, by a change of variables, as in `hconsist.simulate.train`.

    Parameters
    ----------
    loss : Loss
    model : Model
    n_classes : int
    l2 : float
        Penalty, as in `hconsist.simulate.train`.
    step : float
        Of Adam, at the start.
    decay : float
        Batches after which the step has fallen by sqrt(2).
    seed : int
        Of the starting point.
    begin : array (P,), optional
        The starting point itself.

    Source: Kingma, Ba, "Adam: a method for stochastic optimization", ICLR 2015.

    Examples
    --------
    >>> from hconsist.losses import parse_loss
    >>> from hconsist.simulate.models import parse_model
    >>> run = MiniBatches(parse_loss("logistic"), parse_model("linear"), 2, l2=0.0)
    >>> [round(run.step([[-1.0], [1.0]], [0, 1]), 3) for _ in range(3)]
    [0.693, 0.644, 0.598]
    """

    def __init__(
        self,
        loss: Loss,
        model: Model,
        n_classes: int,
        l2: float,
        step: float = 0.05,
        decay: float = 100.0,
        seed: int = 0,
        begin: Array | None = None,
    ) -> None:
        self.loss, self.model, self.n_classes, self.l2 = loss, model, n_classes, l2
        self.rate, self.decay, self.seed = step, decay, seed
        self.steps = 0
        self._begin = begin
        self._free: Array | None = None
        self._change: Rescaling | None = None

    @property
    def parameters(self) -> Array:
        """The parameters (1, P) of the model."""
        assert self._free is not None, "no batch was seen"
        if self._change is None:
            return self._free
        return np.asarray(self._change.outward(self._free, self.n_classes, Backend().xp))

    def step(self, x: Value, y: ArrayLike, weights: ArrayLike | None = None) -> float:
        """Move along the gradient of a batch; its risk, with the penalty, before that.

        Parameters
        ----------
        x : array or sparse matrix (m, d)
        y : array (m,) of int
        weights : array (m,), optional
            Of the samples, about 1; their sum over m scales the step, so that samples of weight 0
            count as none.
        """
        m = len(np.asarray(y))
        share = np.ones(m) / m if weights is None else np.asarray(weights, dtype=float) / m
        problem = Problem.read(self.loss, self.model, x, y, self.n_classes, share, self.l2)
        width, backend = problem.design.shape[-2], Backend()
        if self._free is None:
            self._free = self._started(problem, width)
            self._mean, self._square = np.zeros_like(self._free), np.zeros_like(self._free)
            self._penalised = self.model.is_weight(width, self.n_classes)
        parameters = self.parameters
        scores, back = self.model.scores(parameters, problem.design, self.n_classes, backend.xp)
        values, slopes = risk_kernel(self.loss, backend)(scores, problem.weights)
        held = self._penalised * parameters
        value = float(values.sum() + 0.5 * self.l2 * (held**2).sum())
        gradient = back(slopes) + self.l2 * held
        if self._change is not None:
            gradient = self._change.inward(gradient, self.n_classes, backend.xp)
        self.steps += 1
        self._mean = 0.9 * self._mean + 0.1 * gradient
        self._square = 0.999 * self._square + 0.001 * gradient**2
        mean = self._mean / (1 - 0.9**self.steps)
        root = np.sqrt(self._square / (1 - 0.999**self.steps))
        rate = self.rate / np.sqrt(1 + (self.steps - 1) / self.decay)
        self._free = self._free - rate * mean / (root + 1e-8)
        return value

    def _started(self, problem: Problem, width: int) -> Array:
        """The starting point (1, P), and the change of variables that the first batch asks for."""
        if self.model.rescales:
            self._change = Rescaling.of(problem.design, problem.l2)
        if self._begin is not None:
            begun = np.asarray(self._begin, dtype=float)[None]
            if self._change is None:
                return begun
            return np.asarray(self._change.entered(begun, self.n_classes, Backend().xp))
        random = np.random.default_rng(self.seed)
        start = self.model.start(1, width, self.n_classes, random)
        if not problem.convex and self.model.convex:
            start = start + 0.1 * random.standard_normal(start.shape)
        return start
