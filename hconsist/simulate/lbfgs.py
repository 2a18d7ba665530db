"""Limited-memory BFGS for many small problems at once.

Every problem has its own step, its own descent test and its own memory; a problem that is done is
left alone, and the batch is compacted when most of it is done.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hconsist.simulate.backend import AnyArray, Backend

#: Values (A,) and gradients (A, P) at parameters (A, P) of the problems whose numbers (A,) are
#: given.
Objective = Callable[[AnyArray, NDArray[np.int64]], tuple[AnyArray, AnyArray]]

_ARMIJO = 1e-4
_BACKTRACKS = 30


@dataclass(frozen=True)
class Minimum:
    """What the minimiser found for each problem.

    Parameters
    ----------
    parameters : array (B, P)
    value : array (B,)
    gradient : array (B,)
        Largest absolute entry of the gradient.
    converged : array (B,) of bool
        Whether the gradient is below the tolerance; false where progress ended before, or
        iterations ran out.
    iterations : array (B,) of int
    """

    parameters: AnyArray
    value: NDArray[np.float64]
    gradient: NDArray[np.float64]
    converged: NDArray[np.bool_]
    iterations: NDArray[np.int64]


def minimise(
    objective: Objective,
    start: AnyArray,
    backend: Backend,
    *,
    tolerance: float = 1e-8,
    max_iterations: int = 500,
    memory: int = 10,
) -> Minimum:
    """Minimise B functions of P parameters each.

    Parameters
    ----------
    objective : callable
        (parameters (A, P), problem numbers (A,)) to (values (A,), gradients (A, P)).
    start : array (B, P)
    tolerance : float
        On the largest absolute entry of the gradient.
    max_iterations, memory : int

    Source: Nocedal, Mathematics of Computation 1980; Armijo's rule with the interpolated step,
    Nocedal and Wright, 3.5.

    Examples
    --------
    >>> import numpy as np
    >>> centre = np.array([[1.0, 2.0], [-3.0, 0.5]])
    >>> def square(x, i):
    ...     return ((x - centre[i]) ** 2).sum(1), 2 * (x - centre[i])
    >>> found = minimise(square, np.zeros((2, 2)), Backend())
    >>> found.parameters.round(6), found.converged
    (array([[ 1. ,  2. ],
           [-3. ,  0.5]]), array([ True,  True]))
    """
    xp = backend.xp
    problems, size = start.shape
    result = np.zeros((problems, size))
    value, gradient = np.zeros(problems), np.zeros(problems)
    converged, iterations = np.zeros(problems, dtype=bool), np.zeros(problems, dtype=np.int64)

    active = np.arange(problems)
    x = start + 0.0 * start
    f, g = objective(x, active)
    steps = backend.array(np.zeros((memory, problems, size)))
    changes = 0.0 * steps
    # 1 / <step, change> of every remembered pair; 0 where there is none, which drops the pair from
    # the recursion.
    rho = backend.array(np.zeros((memory, problems)))
    scale = 1.0 / xp.maximum(_norm(g, xp), xp.full_like(f, 1.0))
    alive = np.ones(problems, dtype=bool)
    top, level, _ = _fetched(f, g, xp.zeros_like(f) > 0, backend)

    for iteration in range(max_iterations + 1):
        finished = ~alive | (top <= tolerance) | ~np.isfinite(level)
        if iteration == max_iterations:
            finished[:] = True
        if finished.any() and (finished.mean() >= 0.5 or finished.all()):
            out = active[finished]
            result[out] = backend.numpy(x)[finished]
            value[out], gradient[out] = level[finished], top[finished]
            converged[out] = top[finished] <= tolerance
            keep = np.flatnonzero(~finished)
            if keep.size == 0:
                break
            active, alive, top, finished = active[keep], alive[keep], top[keep], finished[keep]
            index = backend.index(keep)
            x, f, g, scale = (xp.take(a, index, axis=0) for a in (x, f, g, scale))
            steps, changes, rho = (xp.take(a, index, axis=1) for a in (steps, changes, rho))
        iterations[active[~finished]] = iteration + 1

        direction = -_two_loop(g, steps, changes, rho, scale, iteration, memory, xp)
        slope = _dot(direction, g, xp)
        norms = _norm(direction, xp) * _norm(g, xp)
        bad = ~(slope < -1e-10 * norms)
        rho = xp.where(bad[None, :], xp.zeros_like(rho), rho)
        direction = xp.where(bad[:, None], -g * scale[:, None], direction)
        slope = xp.where(bad, _dot(direction, g, xp), slope)

        new_x, new_f, new_g, moved, (top, level, accepted) = _line_search(
            objective, active, x, f, g, direction, slope, finished, backend
        )
        step, change = new_x - x, new_g - g
        curvature = _dot(step, change, xp)
        squares = _dot(change, change, xp)
        useful = moved & (curvature > 1e-10 * _norm(step, xp) * xp.sqrt(squares))
        slot = iteration % memory
        ones = xp.ones_like(curvature)
        steps[slot, ...], changes[slot, ...] = step, change
        rho[slot, ...] = xp.where(
            useful, 1.0 / xp.where(useful, curvature, ones), xp.zeros_like(ones)
        )
        scale = xp.where(useful, curvature / xp.where(useful, squares, ones), scale)
        # A failed search forgets the memory once; failing along the gradient itself ends the
        # problem.
        if not accepted.all():
            remembered = backend.numpy(xp.max(rho, axis=0)) > 0
            alive = alive & (accepted | remembered)
        rho = xp.where((~moved)[None, :], xp.zeros_like(rho), rho)
        gradient_step = 1.0 / xp.maximum(_norm(g, xp), ones)
        scale = xp.where(moved, scale, gradient_step)
        x, f, g = new_x, new_f, new_g
    return Minimum(backend.array(result), value, gradient, converged, iterations)


def _fetched(
    f: AnyArray, g: AnyArray, accepted: AnyArray, backend: Backend
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.bool_]]:
    """The largest entries of the gradients, the values, and who is accepted, in one transfer from
    the device: all that the host decides by.
    """
    xp = backend.xp
    flags = xp.where(accepted, xp.ones_like(f), xp.zeros_like(f))
    told = backend.numpy(xp.stack([xp.max(xp.abs(g), axis=-1), f, flags]))
    return told[0], told[1], told[2] > 0


def _dot(a: AnyArray, b: AnyArray, xp: AnyArray) -> AnyArray:
    return xp.sum(a * b, axis=-1)


def _norm(a: AnyArray, xp: AnyArray) -> AnyArray:
    return xp.sqrt(xp.sum(a * a, axis=-1))


def _two_loop(
    g: AnyArray,
    steps: AnyArray,
    changes: AnyArray,
    rho: AnyArray,
    scale: AnyArray,
    iteration: int,
    memory: int,
    xp: AnyArray,
) -> AnyArray:
    """The inverse Hessian estimate times the gradient."""
    newest_first = [(iteration - 1 - k) % memory for k in range(min(memory, iteration))]
    q = g
    weights = {}
    for k in newest_first:
        weights[k] = rho[k, ...] * _dot(steps[k, ...], q, xp)
        q = q - weights[k][:, None] * changes[k, ...]
    q = scale[:, None] * q
    for k in reversed(newest_first):
        back = rho[k, ...] * _dot(changes[k, ...], q, xp)
        q = q + (weights[k] - back)[:, None] * steps[k, ...]
    return q


def _line_search(
    objective: Objective,
    active: NDArray[np.int64],
    x: AnyArray,
    f: AnyArray,
    g: AnyArray,
    direction: AnyArray,
    slope: AnyArray,
    finished: NDArray[np.bool_],
    backend: Backend,
) -> tuple[
    AnyArray,
    AnyArray,
    AnyArray,
    AnyArray,
    tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.bool_]],
]:
    """Backtrack each problem until Armijo's rule holds; rounding noise of the value is allowed for
    near the optimum. One transfer from the device for each evaluation of the objective; the last is
    returned.
    """
    xp = backend.xp
    t = xp.ones_like(f)
    accepted = (backend.array(finished) if finished.any() else xp.zeros_like(f)) > 0.5
    idle = accepted
    best_x, best_f, best_g = x, f, g
    noise = 1e-15 * (1.0 + xp.abs(f)) * 4.0
    for _ in range(_BACKTRACKS):
        trial = x + t[:, None] * direction
        trial_f, trial_g = objective(trial, active)
        enough = (trial_f <= f + _ARMIJO * t * slope + noise) & ~accepted
        best_x = xp.where(enough[:, None], trial, best_x)
        best_f = xp.where(enough, trial_f, best_f)
        best_g = xp.where(enough[:, None], trial_g, best_g)
        accepted = accepted | enough
        told = _fetched(best_f, best_g, accepted, backend)
        if told[2].all():
            break
        # The minimiser of the parabola through f, the slope and the trial value, kept within [0.1,
        # 0.5] of the step.
        drop = 2.0 * (trial_f - f - t * slope)
        safe = xp.isfinite(drop) & (drop > 0)
        parabola = -slope * t / xp.where(safe, drop, xp.ones_like(drop))
        shrink = xp.where(safe, parabola, xp.full_like(t, 0.1))
        shrink = xp.minimum(xp.maximum(shrink, xp.full_like(t, 0.1)), xp.full_like(t, 0.5))
        t = xp.where(accepted, t, t * shrink)
    return best_x, best_f, best_g, accepted & ~idle, told
