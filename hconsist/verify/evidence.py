"""One engine's word on one instance of a statement, and the verdict that all of them give."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from hconsist.pointwise import PointwiseProblem
from hconsist.theorems import Theorem

Outcome = Literal["confirmed", "contradicted", "undecided"]


@dataclass(frozen=True)
class Check:
    """One engine's word on one instance of a statement.

    Parameters
    ----------
    engine : str
    problem : str
        The instance, in words.
    outcome : {"confirmed", "contradicted", "undecided"}
    margin : float or None
        For inequalities the smallest slack seen (negative: violated), for equalities the largest
        difference.
    detail : str
        The reason for an undecided outcome; the counterexample for a contradiction.
    """

    engine: str
    problem: str
    outcome: Outcome
    margin: float | None
    detail: str = ""


@dataclass(frozen=True)
class Verification:
    """The verdict on a statement.

    ``status`` says whether the catalogue's claim was reproduced: "holds",
    "violated" or "undecided".
    """

    theorem: Theorem
    checks: tuple[Check, ...]
    seconds: float
    by_difference: bool = False

    @property
    def status(self) -> Literal["holds", "violated", "undecided"]:
        """Three-valued: a contradiction anywhere is a violation; a confirmation of every instance
        holds.
        """
        if any(c.outcome == "contradicted" for c in self.checks):
            return "violated"
        settled = {c.problem for c in self.checks if c.outcome == "confirmed"}
        return "holds" if settled == {c.problem for c in self.checks} and settled else "undecided"

    @property
    def engines(self) -> tuple[str, ...]:
        """The engines that confirmed at least one instance."""
        return tuple(dict.fromkeys(c.engine for c in self.checks if c.outcome == "confirmed"))

    @property
    def margin(self) -> float | None:
        """The margin nearest to a violation: the smallest slack, or the largest difference."""
        known = [c.margin for c in self.checks if c.margin is not None]
        if not known:
            return None
        tight = self.by_difference and self.theorem.claim == "tight"
        return max(known) if tight else min(known)

    def as_dict(self) -> dict[str, object]:
        """JSON-ready form."""
        return {
            "id": self.theorem.id,
            "paper": self.theorem.paper,
            "locator": self.theorem.locator,
            "quoted": self.theorem.quoted,
            "claim": self.theorem.claim,
            "status": self.status,
            "margin": self.margin,
            "engines": list(self.engines),
            "seconds": round(self.seconds, 3),
            "checks": [vars(c) for c in self.checks],
        }


def describe(problem: PointwiseProblem) -> str:
    """An instance in words: loss, class count, hypothesis set and target.

    >>> describe(PointwiseProblem("mae", n_classes=3))
    'comp-sum:tau=2, n=3, complete, zero-one'
    """
    return (
        f"{problem.surrogate.spec}, n={problem.n_classes}, {problem.hypotheses}, {problem.target}"
    )
