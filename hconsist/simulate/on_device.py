"""Best conditional risks of many label distributions over all scores, where the distributions are:
on any array library and device.

What runs there: two labels, by the search over one margin; losses that are convex in the softmax
values and steep at 0, by Newton's method on the optimality conditions; concave ones, at a vertex.
Each is a fixed number of operations, or asks the device once an iteration. For other losses the
host computes (`hconsist.simulate.optimum`), and the answer is moved.
"""

from __future__ import annotations

import numpy as np

from hconsist.arithmetic.derivatives import ArrayJets
from hconsist.arithmetic.jet import Jet
from hconsist.engines.numeric.inner import Fallback, SeparableSoftmax
from hconsist.engines.numeric.methods import inner_solver, is_piecewise_linear
from hconsist.losses import Loss, MarginLoss, Separable, SoftmaxLoss
from hconsist.pointwise import PointwiseProblem
from hconsist.simulate.backend import AnyArray, Backend
from hconsist.simulate.conditional import conditional_risk, far_margin, on_the_line
from hconsist.simulate.optimum import least_conditional_risk

#: Relative violation of the optimality conditions above which the host is asked instead.
_RESIDUAL = 1e-9
#: Where the steps end: the risk is off by the square of what the conditions are.
_ENOUGH = 1e-11
#: Logarithms of softmax values and of label probabilities are not followed below these.
_LOWEST, _VANISHING = -200.0, 1e-30
_ITERATIONS = 60


def least_risk(loss: Loss, p: AnyArray, backend: Backend) -> AnyArray:
    """C*(x) over all scores: (m, n) to (m,), both of the backend.

    >>> from hconsist.losses import parse_loss
    >>> p = np.array([[0.5, 0.3, 0.2], [0.8, 0.1, 0.1]])
    >>> least_risk(parse_loss("logistic"), p, Backend()).round(4)  # the entropy
    array([1.0297, 0.639 ])
    """
    n = p.shape[-1]
    way = _way(loss, n)
    if way == "line":
        far = 0.0 * p[:, 0] + far_margin(loss)
        return on_the_line(loss, p, -far, far)[0]
    if way == "vertex":
        return _at_vertex(loss, p, backend)
    if isinstance(way, SeparableSoftmax):
        with np.errstate(all="ignore"):  # NumPy alone warns of what the residual tells
            risk, residual = _by_newton(way.separable, p, backend)
        if not bool(backend.xp.any(~(residual <= _RESIDUAL))):
            return risk
    return backend.array(least_conditional_risk(loss, backend.numpy(p))[0])


def runs_on_device(loss: Loss, n: int) -> bool:
    """Whether the best risk is computed where the distributions are.

    >>> from hconsist.losses import parse_loss
    >>> [runs_on_device(parse_loss(spec), 3) for spec in ("gce:q=0.7", "mae", "weston-watkins")]
    [True, True, False]
    """
    return _way(loss, n) is not None


def _way(loss: Loss, n: int) -> SeparableSoftmax | str | None:
    """The method; None where it is the host's."""
    inner = inner_solver(PointwiseProblem(loss, n_classes=n))
    if n == 2 and loss.shift_invariant and (isinstance(loss, MarginLoss) or inner is None):
        return "line"
    newton = inner.fast if isinstance(inner, Fallback) else inner
    if isinstance(newton, SeparableSoftmax) and not newton.rising:
        return newton
    if inner is None and isinstance(loss, SoftmaxLoss):
        flat = loss.shape == "concave in softmax" or is_piecewise_linear(loss)
        return "vertex" if flat else None
    return None


def _at_vertex(loss: Loss, p: AnyArray, backend: Backend) -> AnyArray:
    """All weight on the likeliest label."""
    xp = backend.xp
    labels = backend.index(np.arange(p.shape[-1]))
    likeliest = labels == xp.argmax(p, axis=-1)[:, None]
    far = xp.full_like(p, -100.0 * float(loss.temperature))
    return conditional_risk(loss, xp.where(likeliest, xp.zeros_like(p), far), p)


def _by_newton(separable: Separable, p: AnyArray, backend: Backend) -> tuple[AnyArray, AnyArray]:
    """``min sum_i p_i g(u_i)`` over the simplex by Newton's method on ``-p_i g'(u_i) = mu`` in
    log u and log mu, as `SeparableSoftmax` of the numeric engine has it, with every row in every
    step; risks and relative residuals (m,).
    """
    xp, jets = backend.xp, ArrayJets(backend.ops)
    floor = xp.full_like(p, _VANISHING)
    log_p = xp.log(xp.maximum(p, floor))
    used = xp.where(p > 0, xp.ones_like(p), xp.zeros_like(p))
    log_u = log_p - xp.log(xp.sum(used * p, axis=-1, keepdims=True))
    log_mu = 0.0 * p[:, 0]

    def followed(x: AnyArray) -> AnyArray:
        return xp.clip(xp.where(xp.isnan(x), xp.full_like(x, -1.0), x), _LOWEST, 0.0)

    log_u, result = followed(log_u), None
    for _ in range(_ITERATIONS + 1):
        u = xp.exp(log_u)
        term = separable.term(Jet(u, 1.0, 0.0), jets)
        slope = u * term.d2 / term.d1  # of log(-g') in log u
        gap = log_p + xp.log(-term.d1) - log_mu[:, None]
        mass = used * u
        total = xp.sum(mass, axis=-1)
        off = xp.abs(gap) * mass
        residual = xp.abs(total - 1.0) + xp.max(xp.where(used > 0, off, xp.zeros_like(p)), axis=-1)
        result = xp.sum(xp.where(used > 0, p * term.v, xp.zeros_like(p)), axis=-1), residual
        if not bool(xp.any(residual > _ENOUGH)):
            break
        relative = mass / total[:, None] / slope
        step = (xp.sum(relative * gap, axis=-1) - xp.log(total)) / xp.sum(relative, axis=-1)
        log_u = followed(log_u + (step[:, None] - gap) / slope)
        step = xp.where(xp.isfinite(step), step, xp.zeros_like(step))
        log_mu = log_mu + step
    assert result is not None
    return result
