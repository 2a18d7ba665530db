"""Targets: what a bound is about, for every number of labels."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from hconsist.decisions.costs import Distances, Table, Uniform
from hconsist.decisions.decision import Array, Decision
from hconsist.decisions.numbers import Distance
from hconsist.errors import InvalidInputError

if TYPE_CHECKING:
    from sympy import Expr

_REMEDY = "define decision(n_classes) and return a Decision with your costs"


@dataclass(frozen=True)
class Target:
    """A target loss: for each number of labels a `Decision`, from whose costs everything follows.

    A target of your own is a subclass that defines `decision`, and nothing else.

    Examples
    --------
    >>> from hconsist.decisions import Table
    >>> class Costly(Target):
    ...     def decision(self, n_classes):
    ...         wrong = lambda r: 10 if r == 0 else 1
    ...         every = range(n_classes)
    ...         return Decision(Table([[wrong(r) * (r != y) for y in every] for r in every]))
    >>> float(Costly().regret([0.4, 0.3, 0.3], [0]).round(12))
    5.3
    """

    @property
    def only_classes(self) -> int | None:
        """The number of labels that the target is about; None for every number."""
        return None

    @property
    def symbol_range(self) -> tuple[Expr, Expr]:
        """Between which values a symbol in the costs may lie; derivations cover all of it.

        Raises
        ------
        InvalidInputError
            When the target does not say.
        """
        raise InvalidInputError(
            "a target with a symbol must say its range",
            type(self).__name__,
            "define symbol_range, or pass numbers",
        )

    def decision(self, n_classes: int | Expr) -> Decision:
        """The decision for so many labels: a number, or a symbol where the costs allow it.

        Raises
        ------
        InvalidInputError
            When the target makes no sense for n_classes labels.
        """
        raise InvalidInputError("a target must say its costs", type(self).__name__, _REMEDY)

    def regret(self, p: ArrayLike, predicted: ArrayLike) -> Array:
        """Conditional regret, computed from the costs; see `Decision.regret`.

        Not to be overridden: nothing reads a regret that is not that of the costs.
        """
        return self.decision(np.asarray(p).shape[-1]).regret(p, predicted)


def decision_of(target: Target, n_classes: int | Expr) -> Decision:
    """The decision of a target, after a look at whether the target is its costs.

    Raises
    ------
    InvalidInputError
        For a target that computes its regret by other means, or gives no `Decision`.
    """
    if type(target).regret is not Target.regret:
        raise InvalidInputError(
            "the regret of a target is computed from its costs, and may not be redefined",
            type(target).__name__,
            _REMEDY,
        )
    found = target.decision(n_classes)
    if type(found) is not Decision:
        raise InvalidInputError(
            "decision(n_classes) must return a Decision", type(found).__name__, _REMEDY
        )
    if not type(target).__module__.startswith("hconsist."):
        check_parts(found)
    if found.labels != n_classes:
        raise InvalidInputError(
            f"the target {target} is for {found.labels} labels",
            f"n_classes={n_classes}",
            f"pass n_classes={found.labels}",
        )
    return found


def check_parts(found: Decision) -> None:
    """Refuse a decision whose parts are not what engines take them for.

    Raises
    ------
    InvalidInputError

    Examples
    --------
    >>> from hconsist.decisions.costs import Uniform
    >>> check_parts(Decision(Uniform(3)))
    """
    fits = {
        "costs": type(found.costs) in (Uniform, Table, Distances, Distance),
        "size": type(found.size) is int,
        "rule": found.rule in ("largest scores", "least expected cost", "mean"),
        "temperature": type(found.temperature) is Fraction and found.temperature > 0,
        "numbers": found.numbers is None or type(found.numbers) is Distance,
        "centres": found.centres is None,
    }
    for name, fit in fits.items():
        if not fit:
            raise InvalidInputError(
                "a target gives a Decision of costs, a size and a rule",
                f"{name}={getattr(found, name)!r}",
                "pass a Table, a whole number, and 'largest scores' or 'least expected cost'",
            )
