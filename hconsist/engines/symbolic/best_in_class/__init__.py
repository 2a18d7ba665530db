"""Best-in-class conditional risk C*(p) in closed form, derived from the loss's formula: Lagrange,
or vertices and kinks.

C*(p) is the infimum of ``sum_y p_y l(s, y)`` over the scores that the hypothesis set reaches at a
point. A derivation rests on what is proven of the formula (`shown`): continuity, convexity,
monotonicity; what is only declared of a loss plays no part, and a refusal says what is missing.

Read in this order: `softmax` (losses of the softmax value, all scores), `box` (scores in a box),
`lagrange` (the stationary point of a separable sum), `margin` (two labels), `sum_to_zero`
(constrained losses), `ratios` and `quadratic` (losses recognised from their formula for n labels).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import sympy
from numpy.typing import ArrayLike, NDArray
from sympy import Expr

from hconsist.engines.derivation import Step
from hconsist.engines.symbolic.best_in_class import (
    box,
    margin,
    quadratic,
    ratios,
    softmax,
    sum_to_zero,
)
from hconsist.engines.symbolic.best_in_class.values import values
from hconsist.engines.symbolic.budget import SECONDS, budget
from hconsist.engines.symbolic.failures import told
from hconsist.engines.symbolic.integers import no_larger_integers
from hconsist.engines.symbolic.solution import stop
from hconsist.errors import EngineCannotAnswerError
from hconsist.losses import check_distribution
from hconsist.pointwise import PointwiseProblem

__all__ = ["BestInClassFormula", "derive_best_in_class"]


@dataclass(frozen=True)
class BestInClassFormula:
    """A closed form of the best-in-class conditional risk.

    Parameters
    ----------
    problem : PointwiseProblem
        Its target plays no part.
    symbols : tuple of sympy.Symbol
        p_1, ..., p_n.
    expression : sympy.Expr
        C*(p) in these symbols, and in the symbols of the problem.
    steps : tuple of Step

    Examples
    --------
    >>> best = derive_best_in_class(PointwiseProblem("brier", n_classes=2))
    >>> float(best([0.5, 0.5]))
    0.5
    """

    problem: PointwiseProblem
    symbols: tuple[Expr, ...]
    expression: Expr
    steps: tuple[Step, ...]
    how: str = "closed form"

    def __call__(self, p: ArrayLike) -> NDArray[np.float64]:
        """C*(p) in floats: label distributions (..., n_classes) to (...).

        Raises
        ------
        EngineCannotAnswerError
            Where the formula has no value that balls can tell.
        """
        array = check_distribution(p, len(self.symbols))
        return values(self.expression, self.symbols, array)


def derive_best_in_class(problem: PointwiseProblem) -> BestInClassFormula:
    """Derive C*(p).

    Parameters
    ----------
    problem : PointwiseProblem
        n_classes must be a number; loss parameters and the score bound may be symbols.

    Raises
    ------
    EngineCannotAnswerError
        Where no closed form could be derived; the message says what stopped it.

    Source: Mao, Mohri, Zhong, ICML 2023, appendix (comp-sum); Bartlett, Jordan, McAuliffe 2006
    (margins); derived here by Lagrange multipliers.

    Examples
    --------
    >>> derive_best_in_class(PointwiseProblem("mae", n_classes=3)).expression
    1 - Max(p1, p2, p3)
    >>> derive_best_in_class(PointwiseProblem("sum-exp", n_classes=2)).expression
    (sqrt(p1) + sqrt(p2))**2 - 1
    """
    problem.check_formula("symbolic")
    found = _derived(problem)
    if isinstance(found, EngineCannotAnswerError):
        raise found.with_traceback(None)
    return found


#: Each takes a problem and p, and finds C*(p), or None where it is not its kind of loss; it raises
#: where the loss is of its kind and something is not shown.
_DERIVATIONS = (
    softmax.derive,
    box.derive,
    margin.derive,
    sum_to_zero.of_hinge,
    sum_to_zero.derive,
    ratios.of_cross_entropy,
    ratios.of_shares,
    ratios.of_proper,
    quadratic.derive,
    softmax.of_pairs,
)


@lru_cache(maxsize=256)
def _derived(problem: PointwiseProblem) -> BestInClassFormula | EngineCannotAnswerError:
    """The closed form, or why there is none: a refusal is not searched for twice."""
    p = sympy.symbols(f"p1:{problem.n + 1}", nonnegative=True)
    reasons = [
        f"no closed form of the best-in-class risk of {problem.surrogate.spec} on "
        f"{problem.hypotheses}"
    ]
    try:
        with budget(lambda: stop(f"{reasons[0]} within {SECONDS:g} seconds")):
            for derivation in _DERIVATIONS:
                try:
                    with told(stop), no_larger_integers(stop):
                        found = derivation(problem, p)
                except EngineCannotAnswerError as refused:
                    reasons.append(refused.reason)
                    continue
                if found is not None:
                    expression, steps = found
                    return BestInClassFormula(
                        problem, p, expression, tuple(Step(a, b) for a, b in steps)
                    )
    except EngineCannotAnswerError as spent:
        return spent
    return stop("; ".join(dict.fromkeys(reasons)))
