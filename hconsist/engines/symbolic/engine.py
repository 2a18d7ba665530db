"""The symbolic engine as an `Engine`."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from typing import Any

from hconsist.engines import symbolic
from hconsist.engines.derivation import Derivation, DerivedEnvelope
from hconsist.engines.methods import Try
from hconsist.engines.protocol import EngineName
from hconsist.engines.symbolic.best_in_class import BestInClassFormula, derive_best_in_class
from hconsist.engines.symbolic.methods import outcomes
from hconsist.pointwise import Answer, PointwiseProblem


class SymbolicEngine:
    """Closed forms, derived by SymPy."""

    name: EngineName = "symbolic"
    assumptions: tuple[str, ...] = ()
    refines = False

    def transform(self, problem: PointwiseProblem, beta: Fraction, **options: Any) -> Answer:
        """See `hconsist.engines.symbolic.transform`."""
        return symbolic.transform(problem, beta, **options)

    def sweep(
        self, problem: PointwiseProblem, betas: Iterable[Fraction], **options: Any
    ) -> list[Answer]:
        """One value after the other: the derivation is kept."""
        return [symbolic.transform(problem, beta, **options) for beta in betas]

    def envelope(self, problem: PointwiseProblem) -> DerivedEnvelope:
        """The derived envelope."""
        return DerivedEnvelope(self.derive(problem))

    def derive(self, problem: PointwiseProblem) -> Derivation:
        """See `hconsist.engines.symbolic.derive`."""
        return symbolic.derive(problem)

    def methods(self, problem: PointwiseProblem) -> list[Try]:
        """Each derivation, begun where its form fits: it may stop at what is not shown."""
        return outcomes(problem)

    def best_in_class(self, problem: PointwiseProblem) -> BestInClassFormula:
        """See `hconsist.engines.symbolic.best_in_class.derive_best_in_class`."""
        return derive_best_in_class(problem)
