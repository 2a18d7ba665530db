"""What the searches rely on, held against the formula on a sample: an estimate may trust a declared
shape, but not one that its own formula refutes.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hconsist.arithmetic import BALLS, NUMPY, Value, endpoints, precision
from hconsist.engines.numeric.decimals import losses_in_decimals
from hconsist.errors import HconsistError
from hconsist.losses import Loss, ProbabilityLoss, SoftmaxLoss
from hconsist.losses.base import Shape
from hconsist.losses.identity import all_own

Array = NDArray[np.float64]

#: Rounding of a second difference, relative to the values.
_ROUNDING = 1e-9


def known_shape(loss: Loss) -> Shape | None:
    """The declared shape of a loss, or None where a sample of its values refutes it.

    Examples
    --------
    >>> from hconsist.losses import parse_loss
    >>> known_shape(parse_loss("logistic")), known_shape(parse_loss("ldr"))
    ('convex in softmax', 'convex in scores')
    >>> known_shape(parse_loss("softmax:Piecewise((-log(u),u<1/2),(-log(u)+5,True))")) is None
    True
    """
    shape: Shape | None = _cached(loss, "shape")
    return shape


def order(loss: Loss) -> int:
    """-1 where a higher score always means a smaller loss (the pooling lemma needs it), 1 where it
    never does, 0 otherwise; on a sample of scores, of a loss that is symmetric in the labels.

    Examples
    --------
    >>> from hconsist.losses import parse_loss
    >>> [order(parse_loss(s)) for s in ("mae", "softmax:u**2", "taylor-softmax")]
    [-1, 1, 0]
    """
    found: int = _cached(loss, "order")
    return found


def scale(loss: Loss, n: int) -> float:
    """How far one score may rise before its label's loss bends: what one unit of a score is.

    Examples
    --------
    >>> from hconsist.losses import parse_loss
    >>> 10 < scale(parse_loss("ldr:lam=0.05,c=20"), 3) < 40, scale(parse_loss("logistic"), 3) < 4
    (True, True)
    """
    t = 2.0 ** np.arange(-40, 61)
    scores = np.concatenate([[0.0], t])[:, None] * (np.arange(n) == 0)
    if loss.sum_to_zero:
        scores = scores - scores.mean(axis=1, keepdims=True)
    with np.errstate(all="ignore"):
        losses = np.asarray(loss.losses(scores, NUMPY), dtype=float)[:, 0]
        rise = losses[1:] - losses[0]
        bend = np.abs(rise[1:] - 2 * rise[:-1])
        bent = bend > 0.1 * np.abs(rise[1:]) + 1e-9
    return float(t[int(np.argmax(bent))]) if np.any(bent) else 1.0


def lost_digits(loss: Loss, wide: bool) -> float:
    """How far the losses in floats (the widest ones where ``wide``) are from their values in
    balls, relative to how much they vary: 0 where the balls cannot say.

    Examples
    --------
    >>> from hconsist.losses import parse_loss
    >>> lost_digits(parse_loss("logistic"), True) < 1e-15
    True
    """
    found: float = _cached(loss, "wide" if wide else "double")
    return found


def _lost(loss: Loss, kind: type[np.floating]) -> float:
    n = loss.only_classes or 3
    scores = np.array([[0.0] * n, [1.0, *[0.0] * (n - 1)], [0.5, *[-0.25] * (n - 1)]])
    if loss.sum_to_zero:
        scores -= scores.mean(axis=1, keepdims=True)
    exact = []
    for row in scores[1:]:
        found = losses_in_decimals(loss, row) or _in_balls(loss, row)
        if found is None or any(abs(value) > 1e300 for value in found):
            return 0.0  # beyond floats at these scores: nothing to compare
        exact.append(found[:2])
    with np.errstate(all="ignore"):
        values = np.asarray(loss.losses(scores[1:].astype(kind), NUMPY))[:, :2].astype(float)
    spread = max(abs(a - b) for a, b in exact)
    error = float(np.max(np.abs(values - np.array(exact))))
    rounding = 4e-16 * float(np.max(np.abs(exact)))  # of the comparison itself
    return max(error - rounding, 0.0) / spread if spread > 0 else 0.0


def _in_balls(loss: Loss, scores: Array) -> list[float] | None:
    """The losses of two labels with all their digits; None where balls cannot say."""
    for bits in (128, 512, 2048):
        try:
            with precision(bits):
                balls = np.array([BALLS.const(Fraction(v)) for v in scores], dtype=object)
                ends = [endpoints(v) for v in loss.losses(balls, BALLS)[:2]]
        except (ArithmeticError, ValueError, TypeError, NotImplementedError, HconsistError):
            return None
        if any(abs(low) > 10**300 for low, _ in ends):
            return None
        if all(high - low <= (1 + abs(low)) / 10**30 for low, high in ends):
            return [float(low) for low, _ in ends]
    return None


def _cached(loss: Loss, what: str) -> Any:
    if not all_own(loss):  # a stranger's loss may be equal to another one, and is not
        return loss.kept(f"numeric {what}", lambda: _FINDERS[what](loss))
    return _remembered(loss, what)


@lru_cache(maxsize=512)
def _remembered(loss: Loss, what: str) -> object:
    return _FINDERS[what](loss)


def _shape(loss: Loss) -> Shape | None:
    shape = loss.shape
    if shape is None:
        return None
    rng = np.random.default_rng(0)
    n = loss.only_classes or 3
    with np.errstate(all="ignore"):
        if isinstance(loss, ProbabilityLoss) and shape != "convex in scores":
            a, b = (rng.dirichlet(np.full(n, 0.7), 400) for _ in range(2))
            bends = _bends(loss.of_probabilities, a, b)
            if isinstance(loss, SoftmaxLoss):  # also along a fine grid, where a jump shows
                u = np.sort(np.concatenate([np.geomspace(1e-6, 1, 800), np.linspace(1e-3, 1, 800)]))
                bends = np.append(bends, _bends(loss.of_softmax, u[:-1], u[1:]))
        else:
            size = rng.choice([0.3, 2.0, 12.0], (400, 1))
            a, b = (size * rng.normal(size=(400, n)) for _ in range(2))
            if loss.sum_to_zero:
                a, b = (s - s.mean(axis=1, keepdims=True) for s in (a, b))
            bends = _bends(loss.losses, a, b)
    bends = bends[np.isfinite(bends)]
    wrong = bends > _ROUNDING if shape.startswith("concave") else bends < -_ROUNDING
    return None if np.any(wrong) else shape


def _bends(function: Callable[..., Value], a: Array, b: Array) -> Array:
    """How far the mean of the values lies above the value of the mean, relative."""
    low, high, middle = (np.asarray(function(x, NUMPY)) for x in (a, b, (a + b) / 2))
    bend = (low + high) / 2 - middle
    return np.asarray(bend / (1.0 + np.abs(low) + np.abs(high))).ravel()


def _order(loss: Loss) -> int:
    rng = np.random.default_rng(1)
    n = loss.only_classes or 3
    size = rng.choice([0.05, 0.5, 3.0, 20.0], (600, 1))
    scores = size * rng.normal(size=(600, n))
    if loss.sum_to_zero:
        scores -= scores.mean(axis=1, keepdims=True)
    with np.errstate(all="ignore"):
        losses = np.asarray(loss.losses(scores, NUMPY), dtype=float)
        rise = losses[:, :, None] - losses[:, None, :]
    higher = scores[:, :, None] > scores[:, None, :]
    rise = np.where(higher & np.isfinite(rise), rise, 0.0)
    large = np.abs(np.nan_to_num(losses, posinf=0.0))  # of each pair: others may be, at a pole
    tolerance = 1e-10 * (1.0 + large[:, :, None] + large[:, None, :])
    if np.all(rise <= tolerance):
        return -1
    return 1 if np.all(rise >= -tolerance) else 0


_FINDERS: dict[str, Callable[[Loss], object]] = {
    "shape": _shape,
    "order": _order,
    "wide": lambda loss: _lost(loss, np.longdouble),
    "double": lambda loss: _lost(loss, np.float64),
}
