"""The minimizability gap of a loss, and of the target, by what the members of H can do."""

from __future__ import annotations

from fractions import Fraction
from typing import Literal

import numpy as np

from hconsist.distributions import Distribution, Estimate, Finite
from hconsist.engines import rigorous
from hconsist.errors import EngineCannotAnswerError, InvalidInputError, UnknownNameError
from hconsist.gaps.conditional import best_in_class_function, expected_best_in_class
from hconsist.gaps.gap import Gap, between, difference, enclosed
from hconsist.gaps.linear import linear_gap
from hconsist.hypotheses import Hypotheses, parse_hypotheses
from hconsist.losses import Loss, parse_loss
from hconsist.pointwise import PointwiseProblem

#: Which functions H holds, given the scores that they reach at a point.
Members = Literal["all", "constant", "linear"]
MEMBERS: tuple[Members, ...] = ("all", "constant", "linear")


def minimizability_gap(
    loss: Loss | str,
    distribution: Distribution,
    hypotheses: Hypotheses | str = "complete",
    members: Members = "all",
    engine: Literal["numeric", "rigorous"] = "numeric",
) -> Gap:
    """The minimizability gap of a loss.

    Parameters
    ----------
    loss : Loss or str
    distribution : Distribution
    hypotheses : Hypotheses or str
        The scores that are reached at a point.
    members : {"all", "constant", "linear"}
        "all": every measurable function with these scores: the gap is 0, whatever the distribution.
        "constant": the score vector does not depend on x, so that R*(H) = C*(P_Y). "linear":
        hypotheses must be `Linear` and the distribution a
        `Finite` one with points; R*(H) is the value of a convex program, an estimate.
    engine : {"numeric", "rigorous"}
        "numeric": closed forms where there are any, solvers elsewhere. "rigorous": proven bounds,
        on finite distributions: rational candidates from above and dual certificates from below,
        evaluated in balls.

    Raises
    ------
    InvalidInputError
        When the parts do not fit together.
    EngineCannotAnswerError
        When there is no method for the loss, or for the distribution.

    Source: Mao, Mohri, Zhong, ICML 2023, section 5.

    Examples
    --------
    >>> d = Finite(["1/2", "1/2"], [[1, 0], [0, 1]])
    >>> float(minimizability_gap("logistic", d))
    0.0
    >>> round(float(minimizability_gap("logistic", d, members="constant")), 6)
    0.693147
    >>> proven = minimizability_gap("logistic", d, members="constant", engine="rigorous")
    >>> float(proven.upper - proven.lower) < 1e-12
    True
    """
    surrogate, reach = parse_loss(loss), parse_hypotheses(hypotheses)
    if members not in MEMBERS:
        raise UnknownNameError("kind of members", str(members), MEMBERS)
    if engine not in ("numeric", "rigorous"):
        raise UnknownNameError("engine for gaps", str(engine), ("numeric", "rigorous"))
    if engine == "rigorous" and not isinstance(distribution, Finite):
        raise EngineCannotAnswerError(
            "rigorous", f"{type(distribution).__name__} has infinitely many inputs", "numeric"
        )
    if members == "linear":
        return linear_gap(surrogate, distribution, reach, engine == "rigorous")
    if reach.depends_on_input:
        raise InvalidInputError(
            f"members={members!r} needs scores that do not depend on x",
            str(reach),
            "pass complete or bounded:B, or members='linear'",
        )
    if engine == "rigorous" and isinstance(distribution, Finite):
        return _proven_gap(surrogate, distribution, reach, members)
    expected = expected_best_in_class(surrogate, distribution, reach)
    if members == "all":
        zero = Estimate(Fraction(0), 0.0, "measurable selection")
        return Gap(
            zero,
            expected,
            expected,
            True,
            "H chooses scores input by input: R*(H) is the mean of C*",
        )
    best, closed = best_in_class_function(surrogate, reach, distribution.n_classes)
    marginal = np.array([float(v) for v in distribution.label_probabilities])
    risk = Estimate(float(best(marginal)), 0.0, "closed form" if closed else "solver")
    return difference(
        risk,
        expected,
        closed and expected.error == 0,
        "constant scores: R*(H) = C*(P_Y), concave in P_Y",
    )


def _proven_gap(loss: Loss, distribution: Finite, hypotheses: Hypotheses, members: Members) -> Gap:
    """Proven bounds for all functions, whose gap is 0, and for constant ones."""
    problem = PointwiseProblem(loss, hypotheses=hypotheses, n_classes=distribution.n_classes)
    low = high = Fraction(0)
    for weight, p in zip(distribution.weights, distribution.conditionals, strict=True):
        least, most = rigorous.best_in_class_risk(problem, p)
        low, high = low + weight * least, high + weight * most
    expected = enclosed(low, high)
    if members == "all":
        zero = Estimate(Fraction(0), 0.0, "measurable selection")
        reason = "H chooses scores input by input: R*(H) is the mean of C*"
        return Gap(zero, expected, expected, True, reason, Fraction(0), Fraction(0))
    least, most = rigorous.best_in_class_risk(problem, distribution.label_probabilities)
    return between((least, most), (low, high), "constant scores: R*(H) = C*(P_Y), enclosed")


def target_gap(distribution: Distribution, members: Members = "constant") -> Estimate:
    """The minimizability gap of the zero-one loss: 0 for all functions, best constant error minus
    Bayes error for constants.

    Examples
    --------
    >>> float(target_gap(Finite(["1/2", "1/2"], [[1, 0], ["1/3", "2/3"]])))
    0.16666666666666666
    """
    if members == "all":
        return Estimate(Fraction(0), 0.0, "measurable selection")
    if members != "constant":
        raise InvalidInputError(
            "the zero-one gap is known for all or constant members",
            members,
            "pass members='constant'",
        )
    bayes = distribution.bayes_error()
    return Estimate(
        1 - max(distribution.label_probabilities) - bayes.value, bayes.error, bayes.method
    )
