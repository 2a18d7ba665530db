"""Costs that are drawn with the label: arms of a bandit, experts to defer to.

Their costs in [0, 1] are arbitrary, and only their means count, so a label says which of them cost
1 and which 0: every vector of mean costs is the mean of such labels.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, ClassVar

from hconsist.arithmetic import is_symbolic, require
from hconsist.decisions import reading
from hconsist.decisions.costs import Table
from hconsist.decisions.decision import Decision
from hconsist.decisions.specs import register_target
from hconsist.decisions.target import Target
from hconsist.errors import InvalidInputError

if TYPE_CHECKING:
    from sympy import Expr

_MOST = 6


def _count(value: object, what: str, form: str) -> None:
    least = 1 if what == "experts" else 2
    require(
        type(value) is int and least <= value <= _MOST,
        f"the number of {what} must be a whole number from {least} to {_MOST}",
        value,
        f"write {form}",
    )


@dataclass(frozen=True)
class Policy(Target):
    """One of K arms is chosen, and costs what it costs: in [0, 1], drawn together for all arms.

    There are 2^K labels, binary numbers: bit a says whether arm a costs 1.

    Examples
    --------
    >>> Policy(2).decision(4).costs.rows[1]
    (Fraction(0, 1), Fraction(0, 1), Fraction(1, 1), Fraction(1, 1))
    """

    arms: int = 2
    name: ClassVar[str] = "policy"

    def __post_init__(self) -> None:
        _count(self.arms, "arms", "policy:arms=3")

    @property
    def only_classes(self) -> int:
        """2^K."""
        return 1 << self.arms

    def decision(self, n_classes: int | Expr) -> Decision:
        """One prediction an arm."""
        if n_classes != self.only_classes:
            raise InvalidInputError(
                f"the costs of {self.arms} arms are {self.only_classes} labels",
                f"n_classes={n_classes}",
                f"pass n_classes={self.only_classes}",
            )
        rows = [[y >> a & 1 for y in range(n_classes)] for a in range(self.arms)]
        return Decision(Table(rows), rule="least expected cost")

    def __str__(self) -> str:
        return f"policy:arms={self.arms}"


@dataclass(frozen=True)
class Experts(Target):
    """Zero-one costs, and for each of m experts one prediction more, at any cost in [0, 1].

    Uniformly over the experts: n_classes counts the pairs of a class and a set of experts that are
    wrong, 2^m for each class; pair number ``class 2^m + set``, with bit e of the set for expert e.

    Examples
    --------
    >>> decision = Experts(1).decision(4)  # two classes
    >>> decision.items, decision.costs.rows[2]
    (3, (Fraction(0, 1), Fraction(1, 1), Fraction(0, 1), Fraction(1, 1)))
    """

    experts: int = 1
    name: ClassVar[str] = "defer"

    def __post_init__(self) -> None:
        _count(self.experts, "experts", "defer:experts=2")

    def decision(self, n_classes: int | Expr) -> Decision:
        """The classes in order, then the experts."""
        sets = 1 << self.experts
        if is_symbolic(n_classes) or n_classes % sets or n_classes // sets < 2:
            raise InvalidInputError(
                f"a label is a class and a set of the {self.experts} experts that are wrong: "
                f"n_classes is {sets} times the number of classes, which is at least 2",
                f"n_classes={n_classes}",
                f"pass n_classes={2 * sets} for two classes",
            )
        labels, classes = range(n_classes), range(n_classes // sets)
        rows = [[int(r != y // sets) for y in labels] for r in classes]
        rows += [[y >> e & 1 for y in labels] for e in range(self.experts)]
        table = Table([[Fraction(v) for v in row] for row in rows])
        return Decision(table, rule="least expected cost")

    def __str__(self) -> str:
        return f"defer:experts={self.experts}"


@register_target("policy", "policy:arms=3", "of one of K arms: its cost in [0, 1]", Policy)
def _policy(rest: str, spec: str) -> Target:
    arms = reading.settings(rest, spec, {"arms": "3"})["arms"]
    return Policy(reading.whole(arms, "the number of arms", "arms=3"))
