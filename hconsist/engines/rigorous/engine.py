"""The rigorous engine as an `Engine`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hconsist.arithmetic import precision
from hconsist.closed_forms import middle
from hconsist.engines import rigorous
from hconsist.engines.derivation import Derivation
from hconsist.engines.methods import Try, tries
from hconsist.engines.protocol import Effort, EngineName, no_closed_form
from hconsist.engines.rigorous.envelope import Envelope
from hconsist.engines.rigorous.gaps import best_in_class_risk
from hconsist.engines.rigorous.methods.plan import BITS
from hconsist.errors import EngineCannotAnswerError
from hconsist.pointwise import Answer, PointwiseProblem, round_down

#: Relative width to which a curve is refined for a figure.
_CURVE = Fraction(1, 10**4)


@contextmanager
def _told(problem: PointwiseProblem) -> Iterator[None]:
    """Tell of balls that are not finite, or an infimum that is not found, as a refusal."""
    try:
        yield
    except ArithmeticError as found:
        reason = f"{problem.surrogate.spec}: {found}"
        raise EngineCannotAnswerError("rigorous", reason, "numeric") from found


class ProvenEnvelope:
    """T** and Gamma between proven lines and points, refined where they are asked for.

    Parameters
    ----------
    problem : PointwiseProblem
    """

    def __init__(self, problem: PointwiseProblem) -> None:
        self.problem = problem
        with _told(problem):
            self.proven: Envelope = rigorous.envelope(problem)

    def curve(self, betas: NDArray[np.float64]) -> NDArray[np.float64]:
        """A proven lower bound of T** at target regrets."""
        checked = [self.problem.check_beta(b) for b in betas.ravel()]
        with _told(self.problem):
            values = [round_down(self.proven.value(b, _CURVE)[0]) for b in checked]
        return np.array(values).reshape(betas.shape)

    def gamma(self, excess: Fraction, effort: Effort) -> Answer:
        """Gamma enclosed, as closely as the effort allows."""
        if effort.resume is not None:
            self.proven.resume(effort.resume)
        with _told(self.problem):
            low, high, reason = self.proven.gamma(
                excess, effort.tolerance, effort.time_budget, effort.progress, effort.checkpoint
            )
        lemmas = self.proven.supports.lemmas
        return Answer(middle(low, high), low, high, None, "rigorous", lemmas, reason)


@dataclass(frozen=True)
class EnclosedRisk:
    """C*(p) between rationals.

    >>> risk = EnclosedRisk(PointwiseProblem("mae", n_classes=2))
    >>> low, high = risk.bounds(["3/4", "1/4"])
    >>> low <= Fraction(1, 4) <= high
    True
    """

    problem: PointwiseProblem
    how: str = "enclosure"

    def bounds(self, p: Sequence[object]) -> tuple[Fraction, Fraction]:
        """Proven bounds at one label distribution."""
        return best_in_class_risk(self.problem, p)

    def __call__(self, p: ArrayLike) -> NDArray[np.float64]:
        """Midpoints."""
        array = np.asarray(p, dtype=float)
        rows = [self.bounds(row.tolist()) for row in array.reshape(-1, array.shape[-1])]
        return np.array([middle(low, high) for low, high in rows]).reshape(array.shape[:-1])


class RigorousEngine:
    """Enclosures in ball arithmetic."""

    name: EngineName = "rigorous"
    assumptions: tuple[str, ...] = ()
    refines = True

    def transform(self, problem: PointwiseProblem, beta: Fraction, **options: Any) -> Answer:
        """See `hconsist.engines.rigorous.transform`."""
        return rigorous.transform(problem, beta, **options)

    def sweep(
        self, problem: PointwiseProblem, betas: Iterable[Fraction], **options: Any
    ) -> list[Answer]:
        """One value after the other."""
        return [rigorous.transform(problem, beta, **options) for beta in betas]

    def envelope(self, problem: PointwiseProblem) -> ProvenEnvelope:
        """Supporting lines and points."""
        return ProvenEnvelope(problem)

    def derive(self, problem: PointwiseProblem) -> Derivation:
        """Nothing: it works with numbers."""
        raise EngineCannotAnswerError(self.name, no_closed_form(self.name), "symbolic")

    def methods(self, problem: PointwiseProblem) -> list[Try]:
        """Each plan for a value of T, then each source of supporting lines."""
        question = rigorous.question_of(problem)
        with precision(BITS):
            return [
                *tries("rigorous", question),
                *tries("rigorous", question, "T**"),
            ]

    def best_in_class(self, problem: PointwiseProblem) -> EnclosedRisk:
        """See `hconsist.engines.rigorous.best_in_class_risk`."""
        return EnclosedRisk(problem)
