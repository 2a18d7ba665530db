"""What every engine can be asked, whatever it does to answer."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hconsist.answer import ENGINES as ENGINES
from hconsist.answer import EngineName as EngineName
from hconsist.pointwise import Answer, PointwiseProblem

if TYPE_CHECKING:
    from hconsist.engines.derivation import Derivation
    from hconsist.engines.methods import Try


@dataclass(frozen=True)
class Effort:
    """What refining an envelope may cost, and how close it should come.

    Parameters
    ----------
    tolerance : Fraction
        Refine until ``upper - lower`` is at most this part of ``upper``.
    time_budget : float or None
        In seconds.
    progress, checkpoint : callable or None
        Called with a line of text, and with everything proven so far (JSON-ready).
    resume : dict or None
        A checkpoint whose work is taken over.
    """

    tolerance: Fraction = Fraction(1, 10**6)
    time_budget: float | None = None
    progress: Callable[[str], None] | None = None
    checkpoint: Callable[[dict[str, object]], None] | None = None
    resume: dict[str, object] | None = None


class ConvexEnvelope(Protocol):
    """T** of a problem and its inverse Gamma, as an engine knows them."""

    def curve(self, betas: NDArray[np.float64]) -> NDArray[np.float64]:
        """T** at target regrets, in floats."""

    def gamma(self, excess: Fraction, effort: Effort) -> Answer:
        """Gamma at a surrogate excess."""


class BestInClassRisk(Protocol):
    """``p -> C*(p)``, the least conditional risk that a hypothesis set reaches at a point."""

    @property
    def how(self) -> str:
        """In words: "closed form", "solver" or "enclosure"."""

    def __call__(self, p: ArrayLike) -> NDArray[np.float64]:
        """C*(p) in floats: label distributions (..., n_classes) to (...)."""


class Engine(Protocol):
    """One way to answer the question of a `PointwiseProblem`.

    Every member raises `EngineCannotAnswerError` where the engine has no method for the problem.
    """

    @property
    def name(self) -> EngineName:
        """By which it is asked for."""

    @property
    def assumptions(self) -> tuple[str, ...]:
        """What each of its envelopes rests on beyond the definitions."""

    @property
    def refines(self) -> bool:
        """Whether its envelopes take an `Effort`."""

    def transform(self, problem: PointwiseProblem, beta: Fraction, **options: Any) -> Answer:
        """T(beta), beta being checked."""

    def sweep(
        self, problem: PointwiseProblem, betas: Iterable[Fraction], **options: Any
    ) -> list[Answer]:
        """`transform` at many values of beta."""

    def envelope(self, problem: PointwiseProblem) -> ConvexEnvelope:
        """T** and Gamma."""

    def methods(self, problem: PointwiseProblem) -> list[Try]:
        """What each of its methods says of a problem; see `hconsist.engines.methods.Try`."""

    def derive(self, problem: PointwiseProblem) -> Derivation:
        """A closed form of T with its steps."""

    def best_in_class(self, problem: PointwiseProblem) -> BestInClassRisk:
        """The best-in-class conditional risk."""


def no_closed_form(engine: EngineName) -> str:
    """Why an engine that works with numbers derives nothing."""
    return f"closed forms are derived by the symbolic engine, not by the {engine} one"
