"""The losses of examples, each with its own label or label distribution, in any array namespace.

What trains and what audits needs one number an example, not the losses of all labels. A loss of the
label's softmax value is asked at that value's logarithm alone; a formula that fills a matrix over
(label, other label) is run on the label's row of it (`LabelRows`). The formula is the same line.
"""

from __future__ import annotations

from types import ModuleType

import numpy as np

from hconsist.arithmetic import NUMPY, ArrayOps, Exact, Value
from hconsist.arithmetic.logarithms import LogPower, plain
from hconsist.errors import EngineCannotAnswerError, InvalidInputError
from hconsist.losses.base import Loss
from hconsist.losses.forms import OfMargin, OfProbabilities, OfSoftmax


class LabelRows(ArrayOps):
    """Floats in which a matrix over (label, other label) is kept to the row of the example's label.

    Parameters
    ----------
    ops : ArrayOps
        Of the scores.
    labels : array (...) of int
        One label an example.
    is_label : array (..., n) of bool
        Where the other label is the label.

    Examples
    --------
    >>> labels = np.array([0, 1])
    >>> ops = LabelRows(NUMPY, labels, labels[:, None] == np.arange(2))
    >>> ops.differences(np.array([[1.0, 3.0], [1.0, 3.0]]))
    array([[ 0., -2.],
           [ 2.,  0.]])
    """

    def __init__(self, ops: ArrayOps, labels: Value, is_label: Value) -> None:
        super().__init__(ops.xp, **ops._creation)
        self._base, self._labels, self._is_label = ops, labels, is_label

    def logsumexp(self, vector: Value) -> Value:
        return self._base.logsumexp(vector)

    def log_softmax(self, scores: Value) -> Value:
        return self._base.log_softmax(scores)

    def power(self, x: Value, exponent: Exact | int) -> Value:
        return self._base.power(x, exponent)

    def maximiser(self, *arguments: Value) -> tuple[Value, Value]:
        return self._base.maximiser(*arguments)

    def differences(self, scores: Value) -> Value:
        return pick(scores, self._labels, self.xp)[..., None] - scores

    def rows(self, vector: Value) -> Value:
        return vector

    def off_diagonal(self, n: int) -> Value:
        return 1.0 - self.xp.astype(self._is_label, self._creation["dtype"])

    def matrix(self, rows: list[list[Exact]]) -> Value:
        return self._base.matrix(rows)[self._labels, ...]

    def _with_diagonal(self, matrix: Value, value: float) -> Value:
        return self.xp.where(self._is_label, self.xp.full_like(matrix, value), matrix)


def pick(values: Value, labels: Value, xp: ModuleType) -> Value:
    """The entry of each example's label: (..., n) and (...) to (...).

    >>> pick(np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([1, 0]), np)
    array([2., 3.])
    """
    return xp.take_along_axis(values, labels[..., None], axis=-1)[..., 0]


def label_losses(loss: Loss, scores: Value, labels: Value, ops: ArrayOps) -> Value:
    """``l(scores_i, y_i)``: shapes (..., n) and (...) of int to (...).

    Domain: labels in 0..n-1 (not checked here). Losses over scores that sum to zero are asked at
    the scores less their mean.

    Parameters
    ----------
    loss : Loss
    scores : array (..., n)
    labels : array (...) of int
    ops : ArrayOps
        With ``dtype`` and ``device`` of the scores, where they are not NumPy's doubles.

    Raises
    ------
    InvalidInputError
        For a loss of another number of classes, or with a parameter that is a symbol.

    Examples
    --------
    >>> from hconsist.losses import parse_loss
    >>> label_losses(parse_loss("mae"), np.zeros((2, 4)), np.array([0, 3]), NUMPY)
    array([0.75, 0.75])
    """
    scores = _checked(loss, scores, ops)
    xp = ops.xp
    softmax = loss.form(OfSoftmax)
    if softmax is not None:
        log_u = pick(ops.log_softmax(_cooled(scores, softmax.temperature)), labels, xp)
        return _of_log(softmax, log_u, ops)
    if loss.only_classes == 2 and (margin := loss.form(OfMargin)) is not None:
        own = pick(scores, labels, xp)
        return margin.phi((own - pick(scores, 1 - labels, xp)) / 2, ops)
    probabilities = loss.form(OfProbabilities)
    if probabilities is not None:
        return pick(_of_all(probabilities, scores, ops), labels, xp)
    if _row_by_row(loss, min(scores.shape[-1], 40)):
        n = scores.shape[-1]
        every = xp.arange(n, **{k: v for k, v in ops._creation.items() if k == "device"})
        own = labels[..., None] == every
        kept = {"dtype": scores.dtype, **ops._creation}
        inner = LabelRows(_with(ops, kept), labels, own)
        return loss.losses(scores, inner)
    return pick(loss.losses(scores, ops), labels, xp)


def expected_losses(loss: Loss, scores: Value, p: Value, ops: ArrayOps) -> Value:
    """``sum_y p_iy l(scores_i, y)``: shapes (..., n) and (..., n) to (...); labels of probability 0
    are left out.

    Raises
    ------
    InvalidInputError
        As `label_losses`.

    Examples
    --------
    >>> from hconsist.losses import parse_loss
    >>> p = np.array([[0.5, 0.5, 0.0]])
    >>> expected_losses(parse_loss("logistic"), np.zeros((1, 3)), p, NUMPY).round(4)
    array([1.0986])
    """
    scores = _checked(loss, scores, ops)
    xp = ops.xp
    there = p > 0
    softmax = loss.form(OfSoftmax)
    if softmax is not None:
        log_u = ops.log_softmax(_cooled(scores, softmax.temperature))
        values = _of_log(softmax, xp.where(there, log_u, xp.zeros_like(log_u)), ops)
    elif (probabilities := loss.form(OfProbabilities)) is not None:
        values = _of_all(probabilities, scores, ops)
    else:
        values = loss.losses(scores, ops)
    values = xp.where(there, values, xp.zeros_like(values))
    return xp.sum(p * values, axis=-1)


def _checked(loss: Loss, scores: Value, ops: ArrayOps) -> Value:
    n = scores.shape[-1]
    if loss.only_classes not in (None, n):
        raise InvalidInputError(
            f"{loss.spec} is defined for n_classes = {loss.only_classes}",
            n,
            f"lift it: 'sum:phi={loss.spec_name}'",
        )
    if loss.symbolic:
        raise InvalidInputError(
            "every parameter must be a number", loss.spec, "give the parameters values"
        )
    return scores - ops.xp.mean(scores, axis=-1, keepdims=True) if loss.sum_to_zero else scores


def _cooled(scores: Value, temperature: Exact) -> Value:
    return scores if temperature == 1 else scores / float(temperature)


def _of_log(form: OfSoftmax, log_u: Value, ops: ArrayOps) -> Value:
    value = plain(form.g(LogPower(log_u, ops), ops.logarithmic()))
    return value if hasattr(value, "shape") else value + 0.0 * log_u


def _of_all(form: OfProbabilities, scores: Value, ops: ArrayOps) -> Value:
    logs = ops.logarithmic()
    return plain(form.f(logs.softmax(_cooled(scores, form.temperature)), logs))


def _with(ops: ArrayOps, creation: dict[str, object]) -> ArrayOps:
    """The same arithmetic, with a dtype for what it creates."""
    return type(ops)(ops.xp, **creation)


def _row_by_row(loss: Loss, n: int) -> bool:
    return bool(loss.kept(f"rows {n}", lambda: _rows_fit(loss, n)))


def _rows_fit(loss: Loss, n: int) -> bool:
    """Whether the formula of a loss may be run on rows: it gives there what the definition gives,
    at scores that no formula knows of.
    """
    random = np.random.default_rng(0)
    scores, labels = random.normal(size=(3, n)), random.integers(n, size=3)
    own = labels[:, None] == np.arange(n)
    try:
        rows = loss.losses(scores, LabelRows(ArrayOps(np, dtype=np.float64), labels, own))
    except (ValueError, TypeError, IndexError, AttributeError, EngineCannotAnswerError):
        return False
    whole = loss.losses(scores, NUMPY)
    return np.shape(rows) == (3,) and bool(np.allclose(rows, pick(whole, labels, np), rtol=1e-12))
