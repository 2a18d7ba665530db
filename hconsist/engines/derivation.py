"""What the symbolic engine leaves behind: a transformation, what follows from it, and the steps
that led there.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from hconsist.closed_forms import float_curve, invert, middle
from hconsist.engines.derived import Derived, Step
from hconsist.engines.derived import conditions as conditions
from hconsist.pointwise import Answer, beta_symbol, excess_symbol

if TYPE_CHECKING:
    pass

__all__ = ["Derivation", "DerivedEnvelope", "Step", "beta_symbol", "excess_symbol"]


class Derivation(Derived):
    """A derived H-consistency bound in closed form; `Derived` has its parameters."""

    def latex(self) -> str:
        """The bound as a theorem with a proof sketch, in LaTeX (needs amsmath,
        amssymb, amsthm and breqn, and a theorem environment).
        """
        from hconsist.engines.latex import theorem

        return theorem(self)

    def document(self) -> str:
        """The same as a LaTeX document that compiles on its own."""
        from hconsist.engines.latex import document

        return document(self)


@dataclass(frozen=True)
class DerivedEnvelope:
    """T** in closed form, inverted by proven comparisons.

    Parameters
    ----------
    derivation : Derivation
    """

    derivation: Derivation

    def curve(self, betas: NDArray[np.float64]) -> NDArray[np.float64]:
        """T** at target regrets."""
        return float_curve(self.derivation.envelope, betas)

    def gamma(self, excess: Fraction, effort: object) -> Answer:
        """Gamma between rationals; from below only where nothing is assumed."""
        most = self.derivation.reach or self.derivation.problem.decision.max_regret
        low, high = invert(self.derivation.envelope, excess, most)
        assumed = self.derivation.assumptions
        lower = low if self.derivation.envelope_exact and not assumed else None
        return Answer(middle(low, high), lower, high, None, "symbolic", assumed)
