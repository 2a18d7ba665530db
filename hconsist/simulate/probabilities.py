"""Label distributions from scores, where a loss tells them: the one under which they are best.

Of a loss g(u_y), g decreasing and strictly convex, the best softmax values u under p satisfy
``p_k g'(u_k) = const``, and u is best for the p proportional to ``-1 / g'(u_k)`` alone:
cross-entropy tells u itself, sum-exponential u^2, generalized cross-entropy u^(1 - q). Of a smooth
strictly convex phi of the margin f the best f under eta satisfies ``eta phi'(f) = (1 - eta)
phi'(-f)``. A proper loss of the probabilities tells them. Every other loss tells none.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from hconsist.arithmetic import NUMPY
from hconsist.arithmetic.derivatives import ArrayJets
from hconsist.arithmetic.jet import Jet
from hconsist.arithmetic.logarithms import LogPower, plain
from hconsist.engines.symbolic.proper import EXPLICIT_LABELS, entropy
from hconsist.losses import Loss
from hconsist.losses.forms import OfMargin, OfProbabilities, OfSoftmax

Array = NDArray[np.float64]
#: Scores (..., n) to label distributions (..., n).
Link = Callable[[Array], Array]


@lru_cache(maxsize=128)
def link(loss: Loss, n_classes: int) -> Link | None:
    """How scores of a loss tell label distributions; None where they do not, or that is not proven.

    Examples
    --------
    >>> from hconsist.losses import parse_loss
    >>> scores = np.log(np.array([0.6, 0.4]))
    >>> link(parse_loss("sum-exp"), 2)(scores).round(4)  # 0.36 and 0.16, scaled to sum to 1
    array([0.6923, 0.3077])
    >>> [link(parse_loss(spec), 2) is None for spec in ("brier", "mae", "hinge", "squared-hinge")]
    [False, True, True, True]
    """
    softmax = loss.form(OfSoftmax)
    if softmax is not None:
        told = softmax.g.facts("decreasing", "strictly convex")
        return _of_softmax(softmax) if told and all(f.proven for f in told) else None
    margin = loss.form(OfMargin) if loss.only_classes == 2 else None
    if margin is not None:
        strict = margin.phi.fact("strictly convex")
        return _of_margin(margin) if strict.proven and margin.phi.kinks == () else None
    form = loss.form(OfProbabilities)
    if form is not None and n_classes <= EXPLICIT_LABELS and entropy(form, n_classes) is not None:
        return lambda scores: _softmax(scores / float(form.temperature))
    return None


def _softmax(scores: Array) -> Array:
    return np.asarray(np.exp(NUMPY.log_softmax(np.asarray(scores, dtype=float))))


def _of_softmax(form: OfSoftmax) -> Link:
    jets = ArrayJets(NUMPY)

    def told(scores: Array) -> Array:
        log_u = NUMPY.log_softmax(np.asarray(scores, dtype=float) / float(form.temperature))
        by_log = plain(form.g(LogPower(Jet(log_u, 1.0), jets), jets.logarithmic()))
        with np.errstate(divide="ignore"):
            return _softmax(log_u - np.log(-by_log.d1 + 0.0 * log_u))  # -1/g'(u) = u / -(dg/dlog u)

    return told


def _of_margin(form: OfMargin) -> Link:
    jets = ArrayJets(NUMPY)

    def told(scores: Array) -> Array:
        f = (np.asarray(scores)[..., 0] - np.asarray(scores)[..., 1]) / 2
        with np.errstate(over="ignore"):
            right, wrong = (form.phi(Jet(v, 1.0), jets).d1 + 0.0 * f for v in (f, -f))
            # both slopes below zero, or past the least loss one of them above: then eta is 0 or 1
            eta = np.where(
                np.isfinite(right) & np.isfinite(wrong), wrong / (right + wrong), 1.0 * (f > 0)
            )
        return np.stack([np.clip(eta, 0, 1), 1 - np.clip(eta, 0, 1)], axis=-1)

    return told
