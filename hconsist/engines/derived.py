"""A transformation in closed form, what follows from it, and the steps that led there."""

from __future__ import annotations

from dataclasses import dataclass, field, fields, is_dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Literal

from hconsist.pointwise import PointwiseProblem

if TYPE_CHECKING:
    import sympy


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


def conditions(problem: PointwiseProblem) -> tuple[str, ...]:
    """What holds of the symbols in a problem, in words: the parameters of the loss, the score
    bound, the number of labels.

    >>> conditions(PointwiseProblem("gce:q=q", n_classes=2)), conditions(PointwiseProblem("mae"))
    (('q > 0',), ())
    """
    if not problem.is_symbolic:
        return ()
    values: list[object] = [problem.n_classes, problem.hypotheses.score_bound]
    losses: list[object] = [problem.surrogate]
    while losses:
        loss = losses.pop()
        for one in fields(loss):  # type: ignore[arg-type]
            value = getattr(loss, one.name)
            (losses if is_dataclass(value) else values).append(value)
    import sympy

    symbols = {s for v in values if isinstance(v, sympy.Expr) for s in v.free_symbols}
    return tuple(
        f"{s} a whole number >= 2" if s.is_integer else f"{s} {'>' if s.is_positive else '<'} 0"
        for s in sorted(symbols, key=str)
        if s.is_positive or s.is_negative
    )


@dataclass(frozen=True)
class Derived:
    """T in closed form, with what follows from it.

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
        Exponent s of ``C beta^s``, what the formula `transform` is at 0; of T where they are equal.
    steps : tuple of Step
    assumptions : tuple of str
        What the result rests on beyond the definitions; empty when on nothing.
    relation : {"=", "<=", ">="}
        How T compares with the formula `transform`: "<=" where the formula is proven from above
        only (the envelope is exact all the same), ">=" where it is a lower bound.
    envelope_exact : bool
        Whether the formula `envelope` is T**, not only a convex function below it.
    reach : Fraction or None
        The largest beta at which T is finite; None for the target's largest regret.
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
    envelope_exact: bool = True
    reach: Fraction | None = None

    @property
    def conditions(self) -> tuple[str, ...]:
        """What holds of the symbols in the problem, in words."""
        return conditions(self.problem)

    @property
    def envelope_relation(self) -> Literal["=", ">="]:
        """How T** compares with `envelope`: what bounds T from below bounds T** from below."""
        return "=" if self.envelope_exact and self.relation != ">=" else ">="

    @property
    def gamma_relation(self) -> Literal["=", "<="]:
        """How Gamma compares with `gamma`: the inverse of a lower bound on T** lies above it."""
        return "=" if self.envelope_relation == "=" else "<="

    @property
    def equation(self) -> str:
        """``T(beta) = ...`` in LaTeX, with the relation that is proven."""
        import sympy

        relation = {"=": "=", "<=": r"\le", ">=": r"\ge"}[self.relation]
        return rf"\mathcal{{T}}(\beta) {relation} {sympy.latex(self.transform)}"

    def _repr_latex_(self) -> str:
        return rf"$\displaystyle {self.equation}$"
