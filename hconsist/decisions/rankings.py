"""Preferences and rankings of items.

A label is a ranking of m items, first one first, numbered as `itertools.permutations` lists them:
n = m! labels. For `RankLoss` it is a set of relevant items, a binary number: n = 2^m labels.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations
from math import factorial
from typing import TYPE_CHECKING, ClassVar

from hconsist.arithmetic import is_symbolic, require
from hconsist.decisions import reading
from hconsist.decisions.costs import Table, Uniform
from hconsist.decisions.decision import Decision
from hconsist.decisions.score_rules import rankings
from hconsist.decisions.specs import register_target
from hconsist.decisions.target import Target
from hconsist.errors import InvalidInputError

if TYPE_CHECKING:
    from sympy import Expr

#: So many items at most: 120 rankings, 14 400 costs.
_MOST_ITEMS = 5


@dataclass(frozen=True)
class Preference(Target):
    """Two items, one preferred: 1 unless the preferred one is predicted. The zero-one target for
    two labels.

    >>> Preference().decision(2).structure.top
    1
    """

    @property
    def only_classes(self) -> int:
        """Two: which item is preferred."""
        return 2

    def decision(self, n_classes: int | Expr) -> Decision:
        """Zero-one costs of two labels."""
        if n_classes != 2:
            raise InvalidInputError(
                "a pairwise preference has two labels", f"n_classes={n_classes}", "pass n_classes=2"
            )
        return Decision(Uniform(2))

    def __str__(self) -> str:
        return "pairwise"


@dataclass(frozen=True)
class _Rankings(Target):
    """Costs of rankings; without ``items`` their number follows from the number of labels."""

    items: int | None = None
    name: ClassVar[str] = ""

    def __post_init__(self) -> None:
        require(
            self.items is None or (type(self.items) is int and 2 <= self.items <= _MOST_ITEMS),
            f"the number of items must be a whole number from 2 to {_MOST_ITEMS}",
            self.items,
            f"write {self.name}:items=3",
        )

    def labels(self, m: int) -> int:
        """How many labels so many items make."""
        return factorial(m)

    @property
    def only_classes(self) -> int | None:
        """As many labels as the items make; every such number where they are not given."""
        return None if self.items is None else self.labels(self.items)

    def costs(self, m: int) -> Sequence[Sequence[Fraction | int]]:
        """Rows are predictions, columns labels."""
        raise NotImplementedError

    def decision(self, n_classes: int | Expr) -> Decision:
        """The decision for so many labels."""
        sizes = {self.labels(m): m for m in range(2, _MOST_ITEMS + 1)}
        fits = not is_symbolic(n_classes) and n_classes in sizes
        if not fits or self.items not in (None, sizes[n_classes]):
            wanted = sorted(sizes) if self.items is None else [self.labels(self.items)]
            raise InvalidInputError(
                f"the labels of the target {self} are {', '.join(map(str, wanted))} in number",
                f"n_classes={n_classes}",
                f"pass n_classes={wanted[min(1, len(wanted) - 1)]}",
            )
        return Decision(Table(self.costs(sizes[n_classes])), rule="least expected cost")

    def __str__(self) -> str:
        return self.name + ("" if self.items is None else f":items={self.items}")


@dataclass(frozen=True)
class Borda(_Rankings):
    """One item is predicted; it costs as many items as are ranked before it.

    The expected cost is m - 1 less the sum of the chances that it beats each other item.

    >>> Borda().decision(6).items, Borda(3).decision(6).max_regret
    (3, Fraction(2, 1))
    """

    name: ClassVar[str] = "borda"

    def costs(self, m: int) -> Sequence[Sequence[Fraction | int]]:
        """The item's place in the ranking, from 0."""
        return [[y.index(r) for y in rankings(m)] for r in range(m)]


@dataclass(frozen=True)
class First(_Rankings):
    """One item is predicted: 1 unless it is ranked first.

    >>> First().decision(6).items, First().decision(6).max_regret
    (3, Fraction(1, 1))
    """

    name: ClassVar[str] = "first"

    def costs(self, m: int) -> Sequence[Sequence[Fraction | int]]:
        """1 unless the item is first."""
        return [[int(y[0] != r) for y in rankings(m)] for r in range(m)]


def discordant(r: tuple[int, ...], y: tuple[int, ...]) -> int:
    """How many pairs of items two rankings put in different orders.

    >>> discordant((0, 1, 2), (2, 1, 0))
    3
    """
    return sum(y.index(a) > y.index(b) for a, b in combinations(r, 2))


@dataclass(frozen=True)
class Kendall(_Rankings):
    """A ranking is predicted; it costs the number of pairs of items in the wrong order.

    >>> Kendall().decision(6).items, Kendall().decision(6).max_regret
    (6, Fraction(3, 1))
    """

    name: ClassVar[str] = "kendall"

    def costs(self, m: int) -> Sequence[Sequence[Fraction | int]]:
        """Discordant pairs."""
        return [[discordant(r, y) for y in rankings(m)] for r in rankings(m)]


@dataclass(frozen=True)
class RankLoss(_Rankings):
    """Items are relevant or not, and a ranking is predicted; it costs 1 for each pair whose
    irrelevant item comes before the relevant one.

    The regret is the sum of |m_i - m_j| over the pairs in the wrong order, m_i the chance that
    item i is relevant.

    >>> RankLoss().decision(8).items, RankLoss().decision(8).max_regret
    (6, Fraction(2, 1))
    """

    name: ClassVar[str] = "rank-loss"

    def labels(self, m: int) -> int:
        """Sets of relevant items."""
        return int(2**m)

    def costs(self, m: int) -> Sequence[Sequence[Fraction | int]]:
        """Pairs in the wrong order."""

        def wrong(r: tuple[int, ...], y: int) -> Fraction:
            return Fraction(sum(y >> b & 1 and not y >> a & 1 for a, b in combinations(r, 2)))

        return [[wrong(r, y) for y in range(2**m)] for r in rankings(m)]


@register_target(
    "pairwise", "pairwise", "1 unless the preferred one of two items is predicted", Preference
)
def _pairwise(rest: str, spec: str) -> Target:
    if rest:
        raise InvalidInputError("the pairwise target has no parameter", spec, "write pairwise")
    return Preference()


def _register(kind: type[_Rankings], summary: str) -> None:
    def read(rest: str, spec: str) -> Target:
        items = reading.settings(rest, spec, {}, {"items": ""})["items"]
        return kind(reading.whole(items, "the number of items", "items=3") if items else None)

    register_target(kind.name, f"{kind.name}:items=3", summary, kind)(read)


_register(Borda, "of one item of a ranking: how many items are ranked before it")
_register(First, "of one item of a ranking: 1 unless it is first")
_register(Kendall, "of a ranking: how many pairs of items are in the wrong order")
_register(RankLoss, "of a ranking: irrelevant items before relevant ones, in pairs")
