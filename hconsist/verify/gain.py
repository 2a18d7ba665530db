"""How many times smaller a bound of ours is than the published one that it improves."""

from __future__ import annotations

from fractions import Fraction

from hconsist.closed_forms import enclose
from hconsist.engines import transform
from hconsist.errors import InvalidInputError
from hconsist.formula import parse_formula
from hconsist.pointwise import PointwiseProblem, beta_symbol
from hconsist.theorems import Theorem

#: Target regrets at which bounds are compared.
_BETAS = tuple(Fraction(s) for s in ("1/50", "1/10", "1/4", "1/2", "3/4"))
_STEPS = 40


def gain(entry: Theorem) -> float:
    """The largest ratio of the published bound of the excess error to the exact one, on the last
    problem of a statement that a published bound is not tight; a bound above 1 counts as 1.

    Parameters
    ----------
    entry : Theorem
        Recorded as "not tight". Where it is about a transformation, both bounds are its inverses;
        otherwise its ``gain`` is a formula in the number n of classes.

    Raises
    ------
    InvalidInputError
        For a statement of another kind.

    Examples
    --------
    >>> from hconsist.theorems import theorem
    >>> round(gain(theorem("comp-sum-mae-not-tight")), 2), round(gain(theorem("auc-not-tight")), 2)
    (2.0, 1.73)
    """
    if entry.claim != "not tight":
        raise InvalidInputError("a gain is that of an improvement", entry.id, "see --list")
    problem = entry.instances[-1]
    if entry.gain:
        return float(parse_formula(entry.gain, {"n": problem.n_classes}, "a gain"))
    ratios = []
    for beta in _BETAS:
        exact = transform(problem, beta, "symbolic").estimate
        assert exact is not None
        ratios.append(_reached(entry, problem, exact) / float(beta))
    return max(ratios)


def _reached(entry: Theorem, problem: PointwiseProblem, level: float) -> float:
    """The target regret at which the published transformation reaches a level; at most 1."""
    formula, low, high = entry.at(problem), Fraction(0), Fraction(1)
    for _ in range(_STEPS):
        middle = (low + high) / 2
        if enclose(formula, beta_symbol(), middle)[1] <= level:
            low = middle
        else:
            high = middle
    return float(high)
