"""Values of T against a claimed formula: enclosures, estimates, and when they agree.

A proof outranks an estimate: an estimate never contradicts nor confirms beyond the stated
tolerance.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from functools import lru_cache
from typing import Any

from hconsist.engines import EngineName, sweep, transform
from hconsist.errors import EngineCannotAnswerError
from hconsist.pointwise import Answer, PointwiseProblem
from hconsist.verify.evidence import Outcome

#: Where transformations are compared: both ends, both sides of 1/2, and near 0 where bounds are
#: used.
BETAS = tuple(
    Fraction(s)
    for s in ("1/1000", "1/50", "1/10", "1/4", "1/3", "2/5", "1/2", "2/3", "4/5", "19/20", "1")
)
#: The numeric engine's estimates are compared to this accuracy (absolute, T being at most of order
#: 1).
NUMERIC_TOLERANCE = 1e-6
#: A proven comparison must be at least this sharp to count as equality: closed forms, and
#: enclosures by search.
EQUALITY_WIDTH: dict[EngineName, Fraction] = {
    "symbolic": Fraction(1, 10**12),
    "rigorous": Fraction(1, 10**6),
}
#: The rigorous engine's budget for one value. A wider enclosure is still a proof: it may confirm or
#: refute an inequality.
RIGOROUS_BUDGET: dict[str, Any] = {"width": Fraction(1, 10**7), "max_boxes": 40}


def compare_proven(
    answer: Answer, low: Fraction, high: Fraction, relation: str, sharpness: Fraction
) -> tuple[Outcome, float | None]:
    """A proven enclosure [answer.lower, answer.upper] of T against a proven enclosure [low, high]
    of the formula.
    """
    if relation == "T >=":
        if answer.upper is not None and answer.upper < low:
            return "contradicted", float(answer.upper - low)
        if answer.lower is not None and answer.lower >= high:
            return "confirmed", float(answer.lower - high)
        # Equality cases overlap: T >= f is confirmed only up to the width of the balls, which is
        # said by the margin.
        if answer.lower is not None and high - answer.lower <= sharpness:
            return "confirmed", float(answer.lower - high)
        return "undecided", None
    if relation == "T <=":
        if answer.lower is not None and answer.lower > high:
            return "contradicted", float(high - answer.lower)
        if answer.upper is not None and answer.upper <= low:
            return "confirmed", float(low - answer.upper)
        if answer.upper is not None and answer.upper - low <= sharpness:
            return "confirmed", float(low - answer.upper)
        return "undecided", None
    if answer.upper is not None and answer.upper < low:
        return "contradicted", float(low - answer.upper)
    if answer.lower is not None and answer.lower > high:
        return "contradicted", float(answer.lower - high)
    if answer.proven and answer.lower is not None and answer.upper is not None:
        width = max(answer.upper - low, high - answer.lower)
        if width <= sharpness:
            return "confirmed", float(width)
    return "undecided", None


def compare_estimate(answer: Answer, value: float, relation: str) -> tuple[Outcome, float | None]:
    """An estimate of T against the formula's value, to the stated tolerance."""
    if answer.estimate is None:
        return "undecided", None
    difference = answer.estimate - value
    if relation == "T <=":
        difference = -difference
    if relation in ("T >=", "T <="):
        return ("confirmed" if difference >= -NUMERIC_TOLERANCE else "contradicted"), difference
    return ("confirmed" if abs(difference) <= NUMERIC_TOLERANCE else "contradicted"), abs(
        difference
    )


@lru_cache(maxsize=512)
def _asked(
    engine: EngineName, problem: PointwiseProblem, betas: tuple[Fraction, ...]
) -> tuple[Answer, ...] | EngineCannotAnswerError:
    """Answers are kept: many statements are about one problem."""
    try:
        if engine == "numeric":
            return tuple(sweep(problem, list(betas), "numeric"))
        budget = RIGOROUS_BUDGET if engine == "rigorous" else {}
        return tuple(transform(problem, b, engine, **budget) for b in betas)
    except EngineCannotAnswerError as found:
        return found


def ask(engine: EngineName, problem: PointwiseProblem, betas: Sequence[Fraction]) -> list[Answer]:
    """T at several betas from one engine, the rigorous one within its budget.

    Raises
    ------
    EngineCannotAnswerError
    """
    found = _asked(engine, problem, tuple(betas))
    if isinstance(found, EngineCannotAnswerError):
        raise found
    return list(found)


def levels(
    problem: PointwiseProblem, engine: EngineName, betas: Sequence[Fraction]
) -> list[Fraction]:
    """Lower bounds on T (proven) or estimates of it, at several betas."""
    answers = ask(engine, problem, betas)
    values = [a.estimate if engine == "numeric" else a.lower for a in answers]
    if any(v is None for v in values):
        raise EngineCannotAnswerError(engine, "T is not bounded below at every beta")
    return [Fraction(v) for v in values if v is not None]
