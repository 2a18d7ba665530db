"""Bounds made of bounds: a predictor learnt first, and a rejector learnt for it.

With a predictor h and a rejector r, the abstention regret at a point is that of r given h plus at
most the zero-one regret of h:

    cost(r, h) - min(err*, c) = [cost(r, h) - min(err_h, c)] + [min(err_h, c) - min(err*, c)].

The rejector's surrogate weighs the two actions by err_h and c, so with m = err_h + c <= 1 + c its
regret t bounds the first bracket by m Gamma_2(t/m), Gamma_2 being the bound of its margin loss for
two labels. That is jointly concave in (m, t) and grows with m, so over a population

    excess  <=  Gamma_1(excess of h) + (1 + c) Gamma_2(excess of r / (1 + c)).

The published combination has Gamma_2(. / c) in the place of Gamma_2(. / (1 + c)) (Mao, Mohri,
Zhong, ALT 2024, theorem 6), which is larger.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Literal

from hconsist.arithmetic import exact, to_sympy
from hconsist.bounds import Bound, check_excess
from hconsist.errors import InvalidInputError
from hconsist.pointwise import Answer, excess_symbol

if TYPE_CHECKING:
    import sympy


@dataclass(frozen=True)
class Scaled:
    """``outside * Gamma(inside * excess)``.

    Parameters
    ----------
    bound : Bound
    outside, inside : Fraction

    Examples
    --------
    >>> from hconsist.bounds import derive
    >>> Scaled(derive("hinge"), Fraction(2), Fraction(1, 2)).of(Fraction(1, 5)).estimate
    0.2
    """

    bound: Bound
    outside: Fraction = Fraction(1)
    inside: Fraction = Fraction(1)

    def of(self, excess: Fraction) -> Answer:
        """The value at an excess, with what is proven about it."""
        found = self.bound.bound(excess * self.inside)
        return Answer(
            None if found.estimate is None else float(self.outside) * found.estimate,
            None if found.lower is None else self.outside * found.lower,
            None if found.upper is None else self.outside * found.upper,
            None,
            found.engine,
            found.assumptions,
            found.reason,
        )

    def expression(self, excess: sympy.Expr) -> sympy.Expr | None:
        """In closed form, where Gamma or an elementary bound on it has one."""
        formula = self.bound.gamma if self.bound.gamma is not None else self.bound.gamma_upper
        if formula is None:
            return None
        return to_sympy(self.outside) * formula.subs(
            excess_symbol(), excess * to_sympy(self.inside)
        )


@dataclass(frozen=True)
class TwoStage:
    """The bound of a predictor and a rejector trained one after the other.

    Parameters
    ----------
    first : Bound
        Of the predictor's loss, for the zero-one target.
    second : Bound
        Of the rejector's margin loss, two labels.
    c : number in (0, 1)
        The cost of rejecting.
    form : {"tight", "published"}

    Raises
    ------
    InvalidInputError
        For bounds of other targets, or a cost outside (0, 1).

    Examples
    --------
    >>> from hconsist.bounds import derive
    >>> first, second = derive("logistic", 10), derive("margin-logistic")
    >>> for form in ("tight", "published"):
    ...     print(round(TwoStage(first, second, "1/4", form).bound("0.01", "0.01").estimate, 4))
    0.2991
    0.4924
    """

    first: Bound
    second: Bound
    c: Fraction
    form: Literal["tight", "published"] = "tight"

    def __post_init__(self) -> None:
        c = exact(self.c, "c")
        if not isinstance(c, Fraction) or not 0 < c < 1:
            raise InvalidInputError("c must lie in (0, 1)", str(self.c), "pass 0.25")
        object.__setattr__(self, "c", c)
        if self.form not in ("tight", "published"):
            raise InvalidInputError(
                "the form must be tight or published", self.form, "pass form='tight'"
            )
        for bound in (self.first, self.second):
            if bound.problem.decision.structure.top != 1:
                raise InvalidInputError(
                    "both stages are bounds for the zero-one target",
                    str(bound.problem.target),
                    "derive them without a target",
                )
        if self.second.problem.n_classes != 2:
            raise InvalidInputError(
                "the rejector decides between two actions",
                f"n_classes={self.second.problem.n_classes}",
                "derive its bound for two classes",
            )

    @property
    def parts(self) -> tuple[Scaled, Scaled]:
        """What is added: the first stage, and the second one scaled."""
        mass = 1 + self.c
        inside = 1 / (mass if self.form == "tight" else self.c)
        return Scaled(self.first), Scaled(self.second, mass, inside)

    def bound(self, first_excess: object, second_excess: object) -> Answer:
        """The abstention excess at the two surrogate excesses (gaps included).

        A sum of bounds is no exact value: nothing is proven from below.
        """
        excesses = check_excess(first_excess), check_excess(second_excess)
        found = [part.of(e) for part, e in zip(self.parts, excesses, strict=True)]
        known = [v.estimate for v in found if v.estimate is not None]
        uppers = [v.upper for v in found if v.upper is not None]
        return Answer(
            sum(known) if len(known) == 2 else None,
            None,
            sum(uppers, Fraction(0)) if len(uppers) == 2 else None,
            None,
            " + ".join(dict.fromkeys(v.engine for v in found)),
            tuple(dict.fromkeys(a for v in found for a in v.assumptions)),
            "; ".join(v.reason for v in found if v.reason),
        )

    @property
    def expression(self) -> sympy.Expr | None:
        """In closed form, in the symbols epsilon_1 and epsilon_2."""
        import sympy

        symbols = sympy.symbols("epsilon_1 epsilon_2", nonnegative=True)
        terms = [part.expression(e) for part, e in zip(self.parts, symbols, strict=True)]
        known = [term for term in terms if term is not None]
        return sum(known, sympy.Integer(0)) if len(known) == 2 else None
