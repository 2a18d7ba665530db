"""Best-in-class conditional risks, and their mean over a distribution."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from hconsist.distributions import Distribution, Estimate
from hconsist.engines import load
from hconsist.errors import EngineCannotAnswerError
from hconsist.hypotheses import Hypotheses, parse_hypotheses
from hconsist.losses import Loss, parse_loss
from hconsist.pointwise import PointwiseProblem

Array = NDArray[np.float64]


def best_in_class_function(
    loss: Loss | str, hypotheses: Hypotheses | str, n_classes: int
) -> tuple[Callable[[Array], Array], bool]:
    """The function ``p -> C*(p)``, vectorised, and whether it is a closed form.

    Closed forms come from the symbolic engine; where it has none, the numeric engine's solver or a
    convex program answers.

    Raises
    ------
    EngineCannotAnswerError
        Where neither has a method.

    Examples
    --------
    >>> best, closed = best_in_class_function("logistic", "complete", 2)
    >>> closed, float(best(np.array([0.5, 0.5])).round(6))
    (True, 0.693147)
    """
    problem = PointwiseProblem(
        parse_loss(loss), hypotheses=parse_hypotheses(hypotheses), n_classes=n_classes
    )
    try:
        return load("symbolic").best_in_class(problem), True
    except EngineCannotAnswerError:
        return load("numeric").best_in_class(problem), False


def expected_best_in_class(
    loss: Loss | str, distribution: Distribution, hypotheses: Hypotheses | str = "complete"
) -> Estimate:
    """``E_x[C*_l(H, x)]``: exact for a finite distribution and a closed form, by quadrature for
    Gaussian mixtures.

    Examples
    --------
    >>> from hconsist.distributions import Finite
    >>> float(expected_best_in_class("mae", Finite.point(["3/4", "1/4"])))
    0.25
    """
    best, closed = best_in_class_function(loss, hypotheses, distribution.n_classes)
    found = distribution.expectation(best)
    return found if closed else Estimate(found.value, found.error, f"{found.method}, solver")
