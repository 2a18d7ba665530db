"""What the symbolic engine leaves behind: a transformation, what follows from it, and the steps
that led there.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from hconsist.closed_forms import float_curve, invert, middle
from hconsist.pointwise import Answer, PointwiseProblem, beta_symbol, excess_symbol

if TYPE_CHECKING:
    import sympy

__all__ = ["Derivation", "DerivedEnvelope", "Step", "beta_symbol", "excess_symbol"]


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
        T in the symbol `beta_symbol()`; exact (attained or approached) unless `relation` says
        otherwise.
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
    relation : {"=", "<=", ">="}
        How T compares with the formula `transform`: "<=" where the formula is proven from above
        only (the envelope is exact all the same), ">=" where it is a lower bound.
    """

    problem: PointwiseProblem
    transform: sympy.Expr
    envelope: sympy.Expr
    gamma: sympy.Expr | None = None
    gamma_upper: sympy.Expr | None = None
    growth: sympy.Expr | None = None
    steps: tuple[Step, ...] = ()
    assumptions: tuple[str, ...] = field(default=())
    relation: Literal["=", "<=", ">="] = "="

    def latex(self) -> str:
        """The bound as a theorem with a proof sketch, in LaTeX (needs amsmath, amssymb and
        amsthm).
        """
        tex = _tex
        relation = {"=": "=", "<=": r"\le", ">=": r"\ge"}[self.relation]
        beyond = (
            []
            if self.envelope == self.transform
            else [rf"\[ \mathcal{{T}}^{{**}}(\beta) = {tex(self.envelope)} . \]"]
        )
        if self.gamma is not None:
            beyond.append(rf"Its inverse is \[ \Gamma(\varepsilon) = {tex(self.gamma)} . \]")
        if self.gamma_upper is not None:
            beyond.append(rf"In particular \[ \Gamma(\varepsilon) \le {tex(self.gamma_upper)} . \]")
        if self.growth is not None:
            beyond.append(
                rf"As $\beta \to 0$, $\mathcal{{T}}(\beta) = \Theta(\beta^{{{tex(self.growth)}}})$."
            )
        return "\n".join(
            [
                r"\begin{theorem}",
                rf"Let $\ell$ be the loss \texttt{{{_escape(self.problem.surrogate.spec)}}} on"
                rf" $n = {tex(self.problem.n_classes)}$ labels, with the hypothesis set"
                rf" \texttt{{{_escape(str(self.problem.hypotheses))}}} and the target",
                rf"\texttt{{{_escape(str(self.problem.target))}}}.",
                r"For every distribution and every $h \in \mathcal{H}$,",
                r"\[ \mathcal{T}^{**}\bigl(\mathcal{R}(h) - \mathcal{R}^* + \mathcal{M}\bigr) \le"
                r" \mathcal{R}_\ell(h) - \mathcal{R}_\ell^* + \mathcal{M}_\ell , \]",
                r"where $\mathcal{M}$ are the minimizability gaps and",
                rf"\[ \mathcal{{T}}(\beta) {relation} {tex(self.transform)} . \]",
                *beyond,
                *(_escape(text[0].upper() + text[1:]) + "." for text in self.assumptions),
                r"\end{theorem}",
                r"\begin{proof}[Proof sketch]",
                r"\begin{enumerate}",
                *(_item(step) for step in self.steps),
                r"\end{enumerate}",
                r"\end{proof}",
            ]
        )

    def document(self) -> str:
        """The same as a LaTeX document that compiles on its own."""
        return "\n".join(
            [
                r"\documentclass{article}",
                r"\usepackage{amsmath,amssymb,amsthm}",
                r"\newtheorem{theorem}{Theorem}",
                r"\begin{document}",
                r"\sloppy",
                self.latex(),
                r"\end{document}",
                "",
            ]
        )

    def _repr_latex_(self) -> str:
        return rf"$\displaystyle \mathcal{{T}}(\beta) = {_tex(self.transform)}$"


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
        most = self.derivation.problem.decision.max_regret
        low, high = invert(self.derivation.envelope, excess, most)
        assumed = self.derivation.assumptions
        lower = None if assumed else low
        return Answer(middle(low, high), lower, high, None, "symbolic", assumed)


def _tex(value: object) -> str:
    import sympy

    return str(sympy.latex(value))


def _escape(text: str) -> str:
    """Plain text in LaTeX."""
    special = {"\\": r"\textbackslash{}", "^": r"\^{}", "~": r"\textasciitilde{}"} | {
        c: "\\" + c for c in "_%#&${}"
    }
    return "".join(special.get(c, c) for c in text)


def _item(step: Step) -> str:
    conditions = "".join(rf" \quad ({condition})" for condition in step.conditions)
    return rf"\item {_escape(step.justification)}: \[ {step.statement}{conditions} \]"
