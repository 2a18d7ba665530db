"""A loss at arrays of scores, of any array library: its values for all labels, and their
derivatives by the scores, from the one formula.
"""

from __future__ import annotations

from typing import Protocol

import numpy as np

from hconsist.arithmetic import ArrayOps, Ops, Value
from hconsist.arithmetic.derivatives import ArrayJets
from hconsist.arithmetic.jet import Jet
from hconsist.errors import InvalidInputError


class Scored(Protocol):
    """What is asked of a loss here."""

    only_classes: int | None

    @property
    def spec(self) -> str: ...

    @property
    def symbolic(self) -> bool: ...

    def losses(self, scores: Value, ops: Ops) -> Value:
        """The losses of all labels."""


class OnArrays:
    """What a loss does with arrays: it is called, and differentiated."""

    def __call__(self: Scored, scores: Value) -> Value:
        """``l(scores, y)`` for every label y, at an array of scores of any array library.

        Domain: real scores, shape (..., n_classes); ints are read as floats. The result has the
        same shape, library, device and dtype.

        Raises
        ------
        InvalidInputError
            For another number of classes, or a parameter without a value.

        Examples
        --------
        >>> from hconsist.losses import parse_loss
        >>> parse_loss("mae")([0.0, 0.0])
        array([0.5, 0.5])
        """
        return values(self, scores)

    def gradient(self: Scored, scores: Value) -> Value:
        """``d l(scores, y) / d scores_k`` for every label y and score k: shape (..., n_classes) to
        (..., n_classes, n_classes), labels before scores. At a kink, a one-sided derivative.

        >>> from hconsist.losses import parse_loss
        >>> parse_loss("logistic").gradient([0.0, 0.0])
        array([[-0.5,  0.5],
               [ 0.5, -0.5]])
        """
        return jacobian(self, scores)


def values(loss: Scored, scores: Value) -> Value:
    """``l(scores, y)`` for every label y: (..., n) to (..., n).

    >>> from hconsist.losses import parse_loss
    >>> values(parse_loss("mae"), [0.0, 0.0])
    array([0.5, 0.5])
    """
    scores, ops = _read(loss, scores)
    return ops.xp.broadcast_to(loss.losses(scores, ops), scores.shape)


def jacobian(loss: Scored, scores: Value) -> Value:
    """``d l(scores, y) / d scores_k``: (..., n) to (..., n, n), labels y before scores k.

    >>> from hconsist.losses import parse_loss
    >>> jacobian(parse_loss("logistic"), [0.0, 0.0])
    array([[-0.5,  0.5],
           [ 0.5, -0.5]])
    """
    scores, ops = _read(loss, scores)
    jets = ArrayJets(ops)
    found = loss.losses(jets.variables(scores, order=1), jets)
    n = scores.shape[-1]
    if not isinstance(found, Jet) or found.d1 is None:  # a constant
        return ops.xp.zeros((*scores.shape, n), dtype=scores.dtype)
    slopes = ops.xp.broadcast_to(found.d1, (n, *scores.shape))
    return ops.xp.moveaxis(slopes, 0, -1)


def _read(loss: Scored, scores: Value) -> tuple[Value, ArrayOps]:
    """The scores as an array of floats, and its arithmetic."""
    import array_api_compat

    if isinstance(scores, list | tuple | int | float):
        scores = np.asarray(scores, dtype=float)
    if not array_api_compat.is_array_api_obj(scores):
        kind = type(scores).__name__
        raise InvalidInputError("scores must be an array", kind, "pass a NumPy, torch or JAX array")
    xp = array_api_compat.array_namespace(scores)
    if not xp.isdtype(scores.dtype, "real floating"):
        scores = xp.astype(scores, xp.asarray(1.0).dtype)
    n = scores.shape[-1] if scores.ndim else 0
    if n < 2 or loss.only_classes not in (None, n):
        need = "two or more" if loss.only_classes is None else str(loss.only_classes)
        raise InvalidInputError(
            f"scores of {loss.spec} have {need} entries along the last axis",
            f"shape {tuple(scores.shape)}",
            "pass one score a label",
        )
    if loss.symbolic:
        raise InvalidInputError("a parameter has no value", loss.spec, "give a number for it")
    return scores, ArrayOps(xp, dtype=scores.dtype, device=array_api_compat.device(scores))
