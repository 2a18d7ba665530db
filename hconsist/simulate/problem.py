"""What is to be trained, read and checked: losses, inputs, labels, weights, penalties."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hconsist.arithmetic.exact import Value
from hconsist.errors import InvalidInputError
from hconsist.losses import Loss, parse_loss
from hconsist.losses.forms import convex_in_scores
from hconsist.simulate.models import Model
from hconsist.simulate.sparse import SparseDesign

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Problem:
    """Checked data; problems are sorted by loss, so that those of one loss lie side by side, and
    ``original`` leads back.
    """

    losses: tuple[Loss, ...]
    model: Model
    design: Array | SparseDesign  # (B or 1, D, m)
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
    ) -> Problem:
        chosen = [parse_loss(v) for v in ([losses] if isinstance(losses, Loss | str) else losses)]
        if not chosen:
            raise InvalidInputError("there must be a loss to train", "none", "pass 'logistic'")
        inputs = read_inputs(x)
        m = inputs.shape[2 if isinstance(inputs, SparseDesign) else 1]
        p = label_distributions(y, m, n_classes)
        n = p.shape[-2]
        even = np.full((1, m), 1 / m)
        sample = (
            even
            if sample_weights is None
            else np.atleast_2d(np.asarray(sample_weights, dtype=float))
        )
        penalty = np.atleast_1d(np.asarray(l2, dtype=float))
        if sample.shape[1] != m or not (np.isfinite(sample).all() and (sample >= 0).all()):
            raise InvalidInputError(
                f"sample_weights must be non-negative with last axis {m}",
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

        def sort(array: Value) -> Value:  # what is in order, or shared, is not copied
            return array if array.shape[0] == 1 or order == list(range(batch)) else array[order]

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

    def with_losses(self, losses: Sequence[Loss]) -> Problem:
        """The same data under other losses."""
        return Problem(
            tuple(losses),
            self.model,
            self.design,
            self.weights,
            self.l2,
            self.n_classes,
            self.batch,
            self.original,
        )


def read_inputs(x: Value) -> Array | SparseDesign:
    """Inputs as (B or 1, m, d), not copied where they are doubles; a SciPy sparse matrix stays one.

    Raises
    ------
    InvalidInputError
        For another shape, or inputs that are not finite.
    """
    if hasattr(x, "tocsr"):
        matrix = x.tocsr().astype(float, copy=False)
        if len(matrix.shape) != 2 or matrix.shape[0] == 0 or not _finite(matrix.data):
            raise InvalidInputError(
                "sparse x must be finite, of shape (m, d)",
                f"shape {matrix.shape}",
                "features come last",
            )
        return SparseDesign(matrix)
    inputs = np.asarray(x, dtype=float)
    if inputs.ndim not in (2, 3) or inputs.shape[-2] == 0 or not _finite(inputs):
        raise InvalidInputError(
            "x must be finite, of shape (m, d) or (B, m, d)",
            f"shape {inputs.shape}, {int((~np.isfinite(inputs)).sum())} entries not finite",
            "features come last",
        )
    return inputs if inputs.ndim == 3 else inputs[None]


def _finite(values: Array) -> bool:
    """Whether all are finite, without a table of truth values as long as the data."""
    with np.errstate(over="ignore", invalid="ignore"):
        return math.isfinite(values.sum()) or bool(np.isfinite(values).all())


def label_distributions(y: ArrayLike, m: int, n_classes: int | None) -> Array:
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
