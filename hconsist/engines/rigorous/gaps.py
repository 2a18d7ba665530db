"""Enclosures of best-in-class risks and of minimizability gaps on finite distributions."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from hconsist.arithmetic import endpoints, exact, precision
from hconsist.engines.rigorous.binary import BinaryRisk
from hconsist.engines.rigorous.branch import Risk
from hconsist.engines.rigorous.risk import SoftmaxRisk
from hconsist.engines.rigorous.transport import LDRRisk
from hconsist.errors import EngineCannotAnswerError, InvalidInputError
from hconsist.losses import LDR, MarginLoss, SoftmaxLoss
from hconsist.pointwise import PointwiseProblem


def best_in_class_risk(problem: PointwiseProblem, p: Sequence[Any], *, bits: int = 96) -> tuple[Fraction, Fraction]:
    """Enclose ``C*(p)``, the least conditional risk at one label distribution.

    Parameters
    ----------
    problem : PointwiseProblem
        A softmax loss convex in the softmax value, or an LDR loss, with complete H; or a convex binary margin loss with any H.
    p : sequence of n_classes numbers
        Kept exactly (a float is read as its shortest decimal); non-negative with sum 1.
    bits : int
        Working precision.

    Raises
    ------
    InvalidInputError
        When p is not a distribution.
    EngineCannotAnswerError
        For other problems.

    Examples
    --------
    >>> low, high = best_in_class_risk(PointwiseProblem("gce:q=0.5", n_classes=2), ["3/5", "2/5"])
    >>> low <= high, float(high - low) < 1e-12
    (True, True)
    """
    values = tuple(exact(v, "a probability") for v in p)
    weights = tuple(v for v in values if isinstance(v, Fraction))
    if len(weights) != problem.n or len(values) != problem.n or min(weights) < 0 or sum(weights) != 1:
        raise InvalidInputError(
            "p must be a distribution", str(list(map(str, values))), f"pass {problem.n} numbers >= 0 with sum 1"
        )
    loss, bound = problem.surrogate, problem.hypotheses.score_bound
    with precision(bits):
        if isinstance(loss, MarginLoss) and loss.convex and (bound is None or isinstance(bound, Fraction)):
            low, high, _ = BinaryRisk(loss, abs(weights[0] - weights[1]), bound).convex_minimum()
            return low, high
        if bound is None and isinstance(loss, LDR):
            return _enclosed(LDRRisk(loss), weights)
        if bound is None and isinstance(loss, SoftmaxLoss) and loss.shape == "convex in softmax":
            return _enclosed(SoftmaxRisk(loss.separable), weights)
    raise EngineCannotAnswerError("rigorous", f"no method for C* of {loss.spec} with {problem.hypotheses}", "numeric")


def _enclosed(risk: Risk, weights: tuple[Fraction, ...]) -> tuple[Fraction, Fraction]:
    low, high = risk.best_in_class(weights, (1,) * len(weights))
    return endpoints(low)[0], endpoints(high)[1]


def minimizability_gap(
    problem: PointwiseProblem, marginal: Sequence[Any], conditionals: Sequence[Sequence[Any]], *, bits: int = 96
) -> tuple[Fraction, Fraction]:
    """Enclose the minimizability gap of the constant functions on a finite distribution: ``C*(E p) - E C*(p(x))``.

    Constant functions are the poorest sets whose scores at each point are still all of H's: every set that contains them has a
    gap between 0 and this one, and a set that treats the inputs one by one has gap 0.

    Parameters
    ----------
    problem : PointwiseProblem
    marginal : sequence of m numbers
        Probabilities of the inputs.
    conditionals : sequence of m sequences of n_classes numbers
        p(y | x) at each input.

    Raises
    ------
    InvalidInputError, EngineCannotAnswerError
        As `best_in_class_risk`.

    Examples
    --------
    >>> low, high = minimizability_gap(PointwiseProblem("mae", n_classes=2), ["1/2", "1/2"], [[1, 0], ["1/4", "3/4"]])
    >>> low <= Fraction(1, 4) <= high
    True
    """
    weights = [exact(v, "a probability") for v in marginal]
    rows = [[exact(v, "a probability") for v in row] for row in conditionals]
    if len(weights) != len(rows) or not all(isinstance(w, Fraction) and w >= 0 for w in weights) or sum(weights) != 1:
        raise InvalidInputError(
            "marginal must be a distribution over the inputs", str(marginal), "one number >= 0 an input, sum 1"
        )
    parts = [best_in_class_risk(problem, row, bits=bits) for row in rows]
    mean = [sum((w * row[k] for w, row in zip(weights, rows, strict=True)), Fraction(0)) for k in range(problem.n)]
    whole = best_in_class_risk(problem, mean, bits=bits)
    low = whole[0] - sum((w * part[1] for w, part in zip(weights, parts, strict=True)), Fraction(0))
    high = whole[1] - sum((w * part[0] for w, part in zip(weights, parts, strict=True)), Fraction(0))
    return max(low, Fraction(0)), high
