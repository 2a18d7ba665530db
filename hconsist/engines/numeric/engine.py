"""The numeric engine as an `Engine`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hconsist.engines import numeric
from hconsist.engines.methods import Try, tries
from hconsist.engines.numeric.ways import NumericQuestion
from hconsist.engines.protocol import BestInClassRisk, Effort, EngineName, no_closed_form
from hconsist.errors import EngineCannotAnswerError
from hconsist.hull import ConvexHull, search_grid
from hconsist.losses.forms import OfMargin, convex_in_scores
from hconsist.pointwise import UNREACHED, Answer, PointwiseProblem

if TYPE_CHECKING:
    from hconsist.engines.derivation import Derivation

ESTIMATE = (
    "an estimate: the envelope of values found by optimisation on a grid of beta; nothing is proven"
)


class SampledEnvelope:
    """The hull of values of T.

    Parameters
    ----------
    betas : sequence of Fraction
        From 0 to the largest regret.
    answers : sequence of Answer
        T there; where one is not known, the value to the left stands in for it.
    """

    def __init__(self, betas: Sequence[Fraction], answers: Sequence[Answer]) -> None:
        self.betas, self.answers = betas, answers
        known = [
            (float(b), answer.estimate)
            for b, answer in zip(betas, answers, strict=True)
            if not (answer.estimate is None and answer.reason == UNREACHED)  # T is infinite there
        ]
        self.hull = ConvexHull.below([b for b, _ in known], [value for _, value in known])

    def curve(self, betas: NDArray[np.float64]) -> NDArray[np.float64]:
        """T** at target regrets, estimated."""
        return np.array([float(self.hull(b)) for b in betas.ravel()]).reshape(betas.shape)

    def gamma(self, excess: Fraction, effort: Effort) -> Answer:
        """Gamma, estimated."""
        found = float(self.hull.inverse(float(excess)))
        return Answer(found, None, None, None, "numeric", (ESTIMATE,))


@dataclass(frozen=True)
class FoundRisk:
    """C*(p) by the first method of `risks` that applies."""

    risks: Callable[[NDArray[np.float64]], NDArray[np.float64]]
    how: str = "solver"

    def __call__(self, p: ArrayLike) -> NDArray[np.float64]:
        """All label distributions at once."""
        return self.risks(np.asarray(p, dtype=float))


@dataclass(frozen=True)
class ByPrograms:
    """C*(p) by one convex program per label distribution."""

    problem: PointwiseProblem
    how: str = "solver"

    def __call__(self, p: ArrayLike) -> NDArray[np.float64]:
        """One label distribution after the other."""
        from cvxpy.error import DCPError

        array, spec = np.asarray(p, dtype=float), self.problem.surrogate.spec
        flat = array.reshape(-1, array.shape[-1])
        try:
            found = [numeric.best_in_class(self.problem, row, method="oracle") for row in flat]
        except DCPError as refused:
            reason = f"could not write {spec} as a convex program"
            raise EngineCannotAnswerError("numeric", reason) from refused
        failed = [f.status for f in found if f.risk is None]
        if failed:
            reason = f"the convex program for {spec} ended as {failed[0]}"
            raise EngineCannotAnswerError("numeric", reason)
        return np.array([f.risk for f in found], dtype=float).reshape(array.shape[:-1])


class NumericEngine:
    """Estimates by convex optimisation."""

    name: EngineName = "numeric"
    assumptions: tuple[str, ...] = (ESTIMATE,)
    refines = False

    def transform(self, problem: PointwiseProblem, beta: Fraction, **options: Any) -> Answer:
        """See `hconsist.engines.numeric.transform`."""
        return numeric.transform(problem, beta, **options)

    def sweep(
        self, problem: PointwiseProblem, betas: Iterable[Fraction], **options: Any
    ) -> list[Answer]:
        """All values of beta together."""
        return numeric.sweep(problem, betas, **options)

    def envelope(self, problem: PointwiseProblem) -> SampledEnvelope:
        """The hull of a sweep."""
        betas = [problem.decision.max_regret * b for b in search_grid()]
        return SampledEnvelope(betas, numeric.sweep(problem, betas))

    def derive(self, problem: PointwiseProblem) -> Derivation:
        """Nothing: it works with numbers."""
        raise EngineCannotAnswerError(self.name, no_closed_form(self.name), "symbolic")

    def methods(self, problem: PointwiseProblem) -> list[Try]:
        """Each search, in the order in which they are tried."""
        return list(tries("numeric", NumericQuestion(problem)))

    def best_in_class(self, problem: PointwiseProblem) -> BestInClassRisk:
        """The first method that applies, or convex programs where the losses are convex in the
        scores.
        """
        from hconsist.engines.numeric.risks import best_in_class_risks

        _require_bounded(problem)
        risks = best_in_class_risks(problem)
        if risks is not None:
            return FoundRisk(risks)
        # proven or declared: a solver's value is an estimate in any case
        if convex_in_scores(problem.surrogate.forms, problem.n):
            return ByPrograms(problem)
        raise EngineCannotAnswerError(
            "numeric", f"no method for the best-in-class risk of {problem.surrogate.spec}"
        )


def _require_bounded(problem: PointwiseProblem) -> None:
    """A risk without a minimum has no gap, and what a solver returns is where it stopped."""
    form = problem.surrogate.form(OfMargin, problem.n)
    if form is None or problem.hypotheses.score_bound is not None:
        return
    bounded = form.phi.fact("bounded below")
    if bounded.refuted:
        raise EngineCannotAnswerError(
            "numeric", f"the risk of a sure label has no minimum: {bounded}"
        )
