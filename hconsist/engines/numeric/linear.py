"""Linear programs over label distributions: what the searches of this engine state alike.

SciPy's and HiGHS's solvers load when the first program is stated, since most questions need none.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import highspy

Array = NDArray[np.float64]


def simplex() -> highspy.Highs:
    """A silent HiGHS that solves by the simplex method, one program after the other."""
    import highspy

    program = highspy.Highs()
    for option, value in (
        ("output_flag", False),
        ("presolve", "off"),
        ("solver", "simplex"),
        # not "threads": HiGHS refuses a number other than the process's first, which may be CVXPY's
        ("parallel", "off"),
        ("primal_feasibility_tolerance", 1e-10),
        ("dual_feasibility_tolerance", 1e-10),
    ):
        program.setOptionValue(option, value)
    return program


def status(program: highspy.Highs) -> str:
    """How the last solve ended: "Optimal", "Infeasible", ..."""
    return str(program.modelStatusToString(program.getModelStatus()))


def above_cuts(
    losses: Array, cuts: Array, d: Array, beta: float
) -> tuple[float, NDArray[np.float64]] | None:
    """The least of ``<p, losses> - min_c <p, c>`` over p of regret ``<p, d> >= beta``.

    Parameters
    ----------
    losses, d : array (n,)
    cuts : array (m, n)
    beta : float

    Returns
    -------
    (float, array (n,)) or None
        The value and p, which sums to one up to the solver's tolerance; None where there is none.

    Examples
    --------
    >>> losses, cuts = np.array([1.0, 0.0]), np.array([[0.0, 1.0]])
    >>> value, p = above_cuts(losses, cuts, np.array([1.0, -1.0]), 0.5)
    >>> round(value, 9), p.round(9)
    (0.5, array([0.75, 0.25]))
    """
    from scipy.optimize import linprog

    n = losses.size
    answer = linprog(
        np.append(losses, 1.0),
        A_ub=np.vstack([np.column_stack([-cuts, -np.ones(len(cuts))]), np.append(-d, 0.0)[None]]),
        b_ub=np.append(np.zeros(len(cuts)), -beta),
        A_eq=np.append(np.ones(n), 0.0)[None],
        b_eq=[1.0],
        bounds=[(0, 1)] * n + [(None, None)],
    )
    if answer.status != 0:
        return None
    return float(answer.fun), np.maximum(answer.x[:n], 0.0)


def with_regret(p: Array, d: Array, beta: float) -> Array:
    """p, normalised, with as much of the labels of the largest d as makes ``<p, d> >= beta``: those
    that p has, in its proportions, so that rounding moves no more than rounding.

    >>> with_regret(np.array([0.5, 0.5]), np.array([1.0, -1.0]), 0.5)
    array([0.75, 0.25])
    """
    p = p / p.sum()
    short = beta - float(p @ d)
    if short > 0:
        most = float(d.max())
        highest = np.where(d >= most - 1e-13 * abs(most), p, 0.0)
        if not highest.sum() > 0:
            highest[int(np.argmax(d))] = 1.0
        share = min(1.0, short / max(most - float(p @ d), short))
        p = (1 - share) * p + share * highest / highest.sum()
    return p
