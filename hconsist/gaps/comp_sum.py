"""Comp-sum losses: upper bounds on their gaps, and gaps compared across tau."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from hconsist.arithmetic import NUMPY, Exact, exact, require
from hconsist.distributions import Distribution, Estimate
from hconsist.errors import InvalidInputError
from hconsist.gaps.conditional import Array, expected_best_in_class
from hconsist.gaps.gap import Gap
from hconsist.gaps.minimizability import Members, minimizability_gap
from hconsist.hypotheses import Hypotheses, parse_hypotheses
from hconsist.losses import CompSum


def comp_sum_value(tau: object, v: ArrayLike) -> Array:
    """``Phi^tau(v) = ((1 + v)^(1 - tau) - 1) / (1 - tau)``, ``log(1 + v)`` at tau = 1; increasing
    and concave for tau >= 0.

    Examples
    --------
    >>> float(comp_sum_value(2, 1.0))
    0.5
    """
    values = np.asarray(v, dtype=float)
    if np.any(values < 0):
        raise InvalidInputError("v must be >= 0", values.tolist(), "v is a sum of exponentials")
    return np.asarray(CompSum(exact(tau, "tau")).of_softmax(1 / (1 + values), NUMPY))


def gap_upper_bound(
    tau: object,
    distribution: Distribution,
    sum_exponential_risk: float | Estimate,
    hypotheses: Hypotheses | str = "complete",
) -> Estimate:
    """``Phi^tau(R*_0(H)) - E[C*_tau(H, x)]``, an upper bound on the minimizability gap of the
    comp-sum loss tau.

    The loss is Phi^tau of the sum-exponential loss (tau = 0) and Phi^tau is increasing and concave:
    by Jensen,
    ``R*_tau(H) = inf E Phi^tau(l_0) <= inf Phi^tau(E l_0) = Phi^tau(R*_0(H))``.

    Parameters
    ----------
    tau : number >= 0
    distribution : Distribution
    sum_exponential_risk : float or Estimate
        R*_0(H), or any upper bound on it such as the risk of a trained model.
    hypotheses : Hypotheses or str

    Source: Mao, Mohri, Zhong, ICML 2023, theorem 3 (section 5.2).

    Examples
    --------
    >>> from hconsist.distributions import Finite
    >>> d = Finite(["1/2", "1/2"], [[1, 0], [0, 1]])
    >>> round(float(gap_upper_bound(1, d, 1.0)), 6)
    0.693147
    """
    loss = CompSum(exact(tau, "tau"))
    require(
        float(sum_exponential_risk) >= 0,
        "a sum-exponential risk must be >= 0",
        float(sum_exponential_risk),
        "pass R*_0(H)",
    )
    risk = float(sum_exponential_risk)
    error = sum_exponential_risk.error if isinstance(sum_exponential_risk, Estimate) else 0.0
    expected = expected_best_in_class(loss, distribution, hypotheses)
    # Phi^tau has slope (1 + v)^(-tau) <= 1.
    return Estimate(
        float(comp_sum_value(tau, risk)) - float(expected), error + expected.error, "Jensen"
    )


def deterministic_gap_bound(
    tau: object,
    n_classes: int,
    sum_exponential_risk: float | Estimate,
    hypotheses: Hypotheses | str = "complete",
) -> Estimate:
    """The upper bound where the label is a function of the input: ``Phi^tau(R*_0(H)) -
    Phi^tau(C*_0)``, non-increasing in tau.

    With scores in [-B, B], C*_0 = (n - 1) exp(-2B) at every input; 0 for complete H. The bound is
    the integral of (1 + v)^(-tau) from C*_0 to R*_0(H), which falls as tau grows. In the realizable
    case, complete H and R*_0(H) = 0, it is 0.

    Source: Mao, Mohri, Zhong, ICML 2023, section 5.2 (deterministic case).

    Examples
    --------
    >>> [round(float(deterministic_gap_bound(tau, 10, 3.0)), 4) for tau in (0, 1, 2)]
    [3.0, 1.3863, 0.75]
    """
    bound = parse_hypotheses(hypotheses).score_bound
    lowest = 0.0 if bound is None else (n_classes - 1) * float(np.exp(-2 * float(bound)))
    risk = float(sum_exponential_risk)
    if risk < lowest * (1 - 1e-12):
        raise InvalidInputError(
            f"R*_0(H) is at least C*_0 = {lowest:.6g}",
            risk,
            "pass the sum-exponential risk of scores within the bound",
        )
    error = sum_exponential_risk.error if isinstance(sum_exponential_risk, Estimate) else 0.0
    return Estimate(
        float(comp_sum_value(tau, risk)) - float(comp_sum_value(tau, lowest)),
        error,
        "Jensen, deterministic labels",
    )


@dataclass(frozen=True)
class GapComparison:
    """One line of a comparison across tau: the gap itself and its upper bound."""

    tau: Exact
    gap: Gap
    upper: Estimate


def compare_taus(
    taus: Iterable[object],
    distribution: Distribution,
    hypotheses: Hypotheses | str = "complete",
    members: Members = "constant",
) -> list[GapComparison]:
    """Minimizability gaps of comp-sum losses for several tau, with the upper bound by Jensen.

    Examples
    --------
    >>> from hconsist.distributions import Finite
    >>> d = Finite(["1/2", "1/2"], [[1, 0], [0, 1]])
    >>> [round(float(line.gap), 4) for line in compare_taus([0, 1, 2], d)]
    [1.0, 0.6931, 0.5]
    """
    base = minimizability_gap(CompSum(0), distribution, hypotheses, members)
    lines = []
    for value in taus:
        tau = exact(value, "tau")
        gap = minimizability_gap(CompSum(tau), distribution, hypotheses, members)
        lines.append(
            GapComparison(tau, gap, gap_upper_bound(tau, distribution, base.risk, hypotheses))
        )
    return lines
