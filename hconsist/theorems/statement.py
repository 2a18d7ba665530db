"""A published statement, or one of ours, as data."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Literal

from hconsist.errors import InvalidInputError
from hconsist.pointwise import PointwiseProblem, beta_symbol

if TYPE_CHECKING:
    import sympy

#: What the record says of a statement. "tight": holds with equality. "valid": holds as an
#: inequality. "not tight": a published bound that holds and is not attained where the entry says
#: so; an improvement, not a refutation. "fails as printed": a counterexample to the printed text,
#: which was read. "false": a formula that suggests itself and does not hold, attributed to nobody.
#: "open": not settled here.
Claim = Literal["tight", "valid", "not tight", "fails as printed", "false", "open"]
#: Claims that are reproduced by a counterexample on every instance.
DENIED: tuple[Claim, ...] = ("not tight", "fails as printed", "false")
#: How well the source is known. "read": its text was read. "secondary": another text quotes it.
#: "memory": neither. "own": the statement is made in docs/theory.md.
Quoted = Literal["read", "secondary", "memory", "own"]

#: The smallest non-zero conditional regret in statements under Massart noise.
MARGIN = Fraction(1, 5)


@dataclass(frozen=True)
class Paper:
    """A source.

    Parameters
    ----------
    key : str
        The name of its file, without the suffix.
    short : str
        Authors, title and venue on one line.
    title, authors, year, venue, arxiv, url : str
        Empty where not known.
    version : str
        Which edition is quoted, since numbering differs between editions.
    """

    key: str
    short: str
    title: str = ""
    authors: str = ""
    year: str = ""
    venue: str = ""
    arxiv: str = ""
    url: str = ""
    version: str = ""


@dataclass(frozen=True)
class Theorem:
    """One statement of the literature, or of this project, with what is known about its truth.

    Parameters
    ----------
    id : str
        Kebab-case name, unique in the catalogue.
    source : Paper
    locator : str
        Number and title of the result in that edition.
    statement : str
        In LaTeX.
    relation : str
        How the formula and the exact quantity compare: a name in `hconsist.verify.RELATIONS`.
    claim : {"tight", "valid", "not tight", "fails as printed", "false", "open"}
        The verdict that `hconsist verify` must reproduce.
    instances : tuple of PointwiseProblem
        Problems on which the statement is checked.
    formula : callable or None
        ``formula(problem)``: the claimed closed form, in `beta_symbol()` for transformations, in
        `excess_symbol()` for Gamma; None for statements without one.
    check : callable or None
        For the relations "fact" and "computed": ``check(problem)`` gives whether it is true there,
        by how much, and the evidence.
    betas : callable or None
        Target regrets at which a transformation is checked, where the statement does not cover all
        of [0, 1].
    quoted : {"read", "secondary", "memory", "own"}
        How well the source is known. Nobody is called wrong from memory.
    conditions : str
        What the source assumes of hypothesis sets, losses and distributions.
    note : str
        What was found: a counterexample in words, a missing condition, a constant that was dropped.
    subject : str
        What is evaluated, in words, where no problem of the package says it.
    improves : str
        For "not tight": the id of the published bound.
    gain : str
        How many times smaller the new bound of the excess error is, as a formula in n, where it
        cannot be read off two transformations (`hconsist.verify.gain`).
    """

    id: str
    source: Paper
    locator: str
    statement: str
    relation: str
    claim: Claim
    instances: tuple[PointwiseProblem, ...]
    formula: Callable[[PointwiseProblem], sympy.Expr | None] | None = None
    check: Callable[[PointwiseProblem], tuple[bool, float, str]] | None = None
    betas: Callable[[PointwiseProblem], tuple[Fraction, ...]] | None = None
    quoted: Quoted = "memory"
    conditions: str = ""
    note: str = ""
    subject: str = ""
    improves: str = ""
    gain: str = ""

    @property
    def paper(self) -> str:
        """The source on one line."""
        return self.source.short

    @property
    def new(self) -> bool:
        """Whether the statement was found in this project."""
        return self.quoted == "own"

    @property
    def denied(self) -> bool:
        """Whether the record is reproduced by a counterexample."""
        return self.claim in DENIED

    def at(self, problem: PointwiseProblem) -> sympy.Expr:
        """The claimed closed form for a problem.

        Raises
        ------
        InvalidInputError
            When the statement has no formula there.
        """
        value = self.formula(problem) if self.formula is not None else None
        if value is None:
            raise InvalidInputError(
                f"{self.id} must cover the problem",
                problem.surrogate.spec,
                "see its statement for its range",
            )
        return value

    def applies(self, problem: PointwiseProblem) -> bool:
        """Whether the statement is about this problem: same family of losses, hypothesis sets and
        target.

        A statement applies to the problems that differ from one of its instances by parameter
        values at most; whether the parameters are in its range is for the formula to say (it
        returns None outside).
        """
        for instance in self.instances:
            same_loss = instance.surrogate.family == problem.surrogate.family
            kinds = _one_label(instance), _one_label(problem)
            same_target = kinds[0] == kinds[1]
            if kinds[0] is None:  # costs of its own: those costs alone
                same_target = instance.target == problem.target
            same_set = (instance.hypotheses.score_bound is None) == (
                problem.hypotheses.score_bound is None
            )
            if same_loss and same_target and same_set:
                return self.formula is None or self.formula(problem) is not None
        return False


def _one_label(problem: PointwiseProblem) -> bool | None:
    """Whether one label is predicted, or several; None for targets with other costs."""
    top = problem.decision.structure.top
    return None if top is None else top == 1


def entropy_gap() -> sympy.Expr:
    """T_1(beta), the transformation of the logistic loss, on which many statements build.

    >>> entropy_gap().subs(beta_symbol(), 0)
    0
    """
    import sympy

    b = beta_symbol()
    return (1 + b) / 2 * sympy.log(1 + b) + (1 - b) / 2 * sympy.log(1 - b)


def problems(
    specs: tuple[str, ...],
    classes: tuple[int, ...] = (2,),
    hypotheses: tuple[str, ...] = ("complete",),
    target: str = "zero-one",
) -> tuple[PointwiseProblem, ...]:
    """All combinations of loss specs, class counts and hypothesis sets as pointwise problems.

    >>> len(problems(("logistic", "mae"), (2, 3)))
    4
    """
    return tuple(
        PointwiseProblem(spec, target, h, n) for spec in specs for n in classes for h in hypotheses
    )
