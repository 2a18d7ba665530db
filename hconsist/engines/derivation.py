"""What the symbolic engine leaves behind: a transformation, what follows from it, and the steps that led there."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from hconsist.pointwise import PointwiseProblem, beta_symbol, excess_symbol

if TYPE_CHECKING:
    import sympy

__all__ = ["Derivation", "Step", "beta_symbol", "excess_symbol"]


@dataclass(frozen=True)
class Step:
    """One step of a derivation.

    Parameters
    ----------
    statement : str
        What holds now, in LaTeX.
    justification : str
        Why, in plain words.
    conditions : tuple of str
        Under which conditions (LaTeX).
    """

    statement: str
    justification: str
    conditions: tuple[str, ...] = ()


@dataclass(frozen=True)
class Derivation:
    """A derived H-consistency bound in closed form.

    Parameters
    ----------
    problem : PointwiseProblem
    transform : sympy.Expr
        T in the symbol `beta_symbol()`; exact (attained or approached) unless an assumption says otherwise.
    envelope : sympy.Expr
        Lower convex envelope T** on [0, 1]; the transform itself where that is convex.
    gamma : sympy.Expr or None
        Inverse of the envelope in `excess_symbol()`, where it has a closed form.
    gamma_upper : sympy.Expr or None
        Elementary upper bound on gamma (square root or linear, with its constant).
    growth : sympy.Expr or None
        Exponent s of ``T(beta) ~ C beta^s`` at 0.
    steps : tuple of Step
    assumptions : tuple of str
        What the result rests on beyond the definitions; empty when on nothing.
    """

    problem: PointwiseProblem
    transform: sympy.Expr
    envelope: sympy.Expr
    gamma: sympy.Expr | None = None
    gamma_upper: sympy.Expr | None = None
    growth: sympy.Expr | None = None
    steps: tuple[Step, ...] = ()
    assumptions: tuple[str, ...] = field(default=())

    def latex(self) -> str:
        """The bound as a theorem with a proof sketch, in LaTeX (needs amsmath and amsthm)."""
        import sympy

        lines = [
            r"\begin{theorem}",
            rf"For the loss \texttt{{{self.problem.surrogate.spec}}} with $n = {sympy.latex(self.problem.n_classes)}$ classes,",
            rf"\[ \mathcal{{T}}(\beta) = {sympy.latex(self.transform)} . \]",
            r"\end{theorem}",
            r"\begin{proof}[Proof sketch]",
            *(rf"{step.justification}: \[ {step.statement} \]" for step in self.steps),
            r"\end{proof}",
        ]
        return "\n".join(lines)
