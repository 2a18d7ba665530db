"""Targets given by a table of costs: any cost matrix, ordinal labels, rejection, deferral, label
weights, sets of labels.

Each states its costs and nothing else. With a surrogate that forecasts the label the prediction is
the one of least expected cost under the forecast; with a surrogate that scores each prediction, the
one with the largest score.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, ClassVar, Literal

from hconsist.arithmetic import exact, is_symbolic, require
from hconsist.decisions import reading
from hconsist.decisions.costs import Distances, Table
from hconsist.decisions.decision import Decision
from hconsist.decisions.reading import Rows, shown, shown_rows
from hconsist.decisions.specs import register_target, whole
from hconsist.decisions.target import Target
from hconsist.errors import InvalidInputError

if TYPE_CHECKING:
    from sympy import Expr

#: Sets of so many labels at most: 2^k predictions, 4^k costs.
_MOST_IN_A_SET = 7


@dataclass(frozen=True)
class _Costed(Target):
    """A target that lists its costs for a number of labels."""

    def costs(self, n: int) -> list[list[Fraction]]:
        """Rows are predictions, columns labels."""
        raise NotImplementedError

    def decision(self, n_classes: int | Expr) -> Decision:
        """The decision with these costs."""
        if is_symbolic(n_classes):
            raise InvalidInputError(
                f"the target {self} needs a number of labels", str(n_classes), "pass n_classes=3"
            )
        return Decision(Table(self.costs(int(n_classes))), rule="least expected cost")


def _fractions(rows: object, name: str) -> Rows:
    table = Table([[exact(v, name) for v in row] for row in rows])  # type: ignore[attr-defined]
    return table.rows


@register_target(
    "cost",
    "cost:[[0,2],[1,0]] or cost:@FILE.csv",
    "rows are predictions, columns labels; entries such as 2, 0.3, 1/3",
)
@dataclass(frozen=True)
class CostMatrix(_Costed):
    """Any finite costs: one row a prediction, one column a label.

    Examples
    --------
    >>> str(CostMatrix([[0, 2, 5], [1, 0, 2], ["1/3", 1, 0]]))
    'cost:[[0,2,5],[1,0,2],[1/3,1,0]]'
    """

    rows: Rows

    @classmethod
    def read(cls, rest: str, spec: str) -> CostMatrix:
        """From its spec string."""
        return cls(reading.rows(rest, "a cost"))

    def __post_init__(self) -> None:
        object.__setattr__(self, "rows", _fractions(self.rows, "a cost"))

    @property
    def only_classes(self) -> int:
        """As many labels as there are columns."""
        return len(self.rows[0])

    def costs(self, n: int) -> list[list[Fraction]]:
        """The rows, for as many labels as they have."""
        if n != len(self.rows[0]):
            raise InvalidInputError(
                f"the costs are for {len(self.rows[0])} labels",
                f"n_classes={n}",
                f"pass n_classes={len(self.rows[0])}",
            )
        return [list(row) for row in self.rows]

    def __str__(self) -> str:
        return "cost:" + shown_rows(self.rows)


@register_target("ordinal", "ordinal:absolute|squared", "|r - y| or (r - y)^2")
@dataclass(frozen=True)
class Ordinal(_Costed):
    """Labels in an order: ``|r - y|`` or ``(r - y)^2``.

    Examples
    --------
    >>> float(Ordinal("squared").regret([0.5, 0.0, 0.5], [0]))
    1.0
    """

    distance: Literal["absolute", "squared"] = "absolute"

    @classmethod
    def read(cls, rest: str, spec: str) -> Ordinal:
        """From its spec string."""
        return cls(rest or "absolute")  # type: ignore[arg-type] # checked there

    def __post_init__(self) -> None:
        require(
            self.distance in ("absolute", "squared"),
            "the distance of an ordinal target must be absolute or squared",
            self.distance,
            "write ordinal:absolute",
        )

    def decision(self, n_classes: int | Expr) -> Decision:
        """The decision for a number of labels; for a symbol where the costs are absolute."""
        if is_symbolic(n_classes) and self.distance == "absolute":
            return Decision(Distances(n_classes), rule="least expected cost")
        return super().decision(n_classes)

    def costs(self, n: int) -> list[list[Fraction]]:
        """The distances."""
        power = 1 if self.distance == "absolute" else 2
        return [[Fraction(abs(r - y) ** power) for y in range(n)] for r in range(n)]

    def __str__(self) -> str:
        return f"ordinal:{self.distance}"


@register_target("abstain", "abstain:c=0.25", "zero-one, and c for the prediction n, reject")
@dataclass(frozen=True)
class Abstain(_Costed):
    """Zero-one costs, and one prediction more, "reject", at cost c whatever the label.

    Source: Chow, IEEE Transactions on Information Theory 1970.

    Examples
    --------
    >>> Abstain("1/4").decision(3).items, Abstain("1/4").decision(3).max_regret
    (4, Fraction(1, 1))
    """

    c: Fraction = Fraction(1, 4)

    @classmethod
    def read(cls, rest: str, spec: str) -> Abstain:
        """From its spec string."""
        return cls(reading.number(reading.settings(rest, spec, {"c": "0.25"})["c"], "c"))

    def __post_init__(self) -> None:
        c = exact(self.c, "c")
        object.__setattr__(self, "c", c)
        inside = is_symbolic(c) or (isinstance(c, Fraction) and 0 < c < 1)
        require(inside, "c must lie in (0, 1)", c, "write abstain:c=0.25")

    @property
    def symbol_range(self) -> tuple[int, int]:
        """c lies in (0, 1)."""
        return (0, 1)

    def costs(self, n: int) -> list[list[Fraction]]:
        """The labels in order, then the rejection."""
        return [*_zero_one(n), [self.c] * n]

    def __str__(self) -> str:
        return f"abstain:c={self.c if is_symbolic(self.c) else shown(self.c)}"


@register_target(
    "defer",
    "defer:accuracy=[[.9,.8,.1],[.3,.3,.9]] or defer:experts=2",
    "zero-one, and predictions n, n+1, ... for the experts: their error on the label",
)
@dataclass(frozen=True)
class Defer(_Costed):
    """Zero-one costs, and for each expert one prediction more: the expert's error on the label.

    Parameters
    ----------
    accuracy : rows of numbers in [0, 1]
        One row an expert, one column a label: the chance that the expert is right.

    Source: Mozannar, Sontag, ICML 2020, for one expert; Verma, Barrejon, Nalisnick, AISTATS 2023.

    Examples
    --------
    >>> target = Defer([[0.9, 0.8]])
    >>> target.decision(2).costs.rows[2]
    (Fraction(1, 10), Fraction(1, 5))
    """

    accuracy: Rows

    @classmethod
    def read(cls, rest: str, spec: str) -> Target:
        """From its spec string; experts of unknown accuracy are labels of their own."""
        from hconsist.decisions.arms import Experts

        if rest.strip().startswith("experts"):
            experts = reading.settings(rest, spec, {"experts": "2"})["experts"]
            return Experts(reading.whole(experts, "the number of experts", "experts=2"))
        given = reading.settings(rest, spec, {"accuracy": "[[.9,.8,.1],[.3,.3,.9]]"})
        return cls(reading.rows(given["accuracy"], "an accuracy"))

    def __post_init__(self) -> None:
        read = tuple(tuple(exact(v, "an accuracy") for v in row) for row in self.accuracy)
        remedy = "write one row an expert, as defer:accuracy=[[.9,.8,.1],[.3,.3,.9]]"
        require(len(read) > 0, "deferral needs an expert", "no row", remedy)
        require(
            len({len(row) for row in read}) == 1,
            "rows of accuracies must have one length",
            [len(row) for row in read],
            remedy,
        )
        for value in (v for row in read for v in row):
            require(0 <= value <= 1, "an accuracy must lie in [0, 1]", value, remedy)
        object.__setattr__(self, "accuracy", read)

    @property
    def only_classes(self) -> int:
        """As many labels as there are columns."""
        return len(self.accuracy[0])

    def costs(self, n: int) -> list[list[Fraction]]:
        """The labels in order, then the experts."""
        if n != len(self.accuracy[0]):
            raise InvalidInputError(
                f"the accuracies are for {len(self.accuracy[0])} labels",
                f"n_classes={n}",
                f"pass n_classes={len(self.accuracy[0])}",
            )
        return [*_zero_one(n), *([1 - v for v in row] for row in self.accuracy)]

    def __str__(self) -> str:
        return "defer:accuracy=" + shown_rows(self.accuracy)


@register_target("weights", "weights:3,2,1", "w_y unless the label y is predicted")
@dataclass(frozen=True)
class LabelWeights(_Costed):
    """A missed label y costs w_y: balanced error, logit adjustment, class weights.

    Examples
    --------
    >>> str(LabelWeights([3, 2, 1])), LabelWeights([3, 2, 1]).decision(3).max_regret
    ('weights:3,2,1', Fraction(3, 1))
    """

    weights: tuple[Fraction, ...]

    @classmethod
    def read(cls, rest: str, spec: str) -> LabelWeights:
        """From its spec string."""
        return cls(tuple(reading.number(v, "a weight") for v in rest.split(",")))

    def __post_init__(self) -> None:
        read = tuple(exact(v, "a weight") for v in self.weights)
        object.__setattr__(self, "weights", read)
        remedy = "write one weight > 0 a label, as weights:3,2,1"
        require(len(read) >= 2, "label weights need at least two labels", len(read), remedy)
        for value in read:
            fits = is_symbolic(value) or value > 0
            require(fits, "a label weight must be > 0", value, remedy)

    @property
    def symbol_range(self) -> tuple[Expr, Expr]:
        """A symbol stands for any positive weight."""
        import sympy

        return sympy.Integer(0), sympy.oo

    @property
    def only_classes(self) -> int:
        """As many labels as weights."""
        return len(self.weights)

    def costs(self, n: int) -> list[list[Fraction]]:
        """w_y where the prediction is not y."""
        if n != len(self.weights):
            raise InvalidInputError(
                f"there are weights for {len(self.weights)} labels",
                f"n_classes={n}",
                f"pass n_classes={len(self.weights)}",
            )
        return [
            [w if r != y else Fraction(0) for y, w in enumerate(self.weights)] for r in range(n)
        ]

    def __str__(self) -> str:
        return "weights:" + ",".join(str(w) if is_symbolic(w) else shown(w) for w in self.weights)


@dataclass(frozen=True)
class _LabelSets(_Costed):
    """Sets of k labels that may be present: 2^k labels and predictions, as binary numbers."""

    k: int = 2
    name: ClassVar[str] = ""

    def __post_init__(self) -> None:
        require(
            type(self.k) is int and 1 <= self.k <= _MOST_IN_A_SET,
            f"k must be a whole number from 1 to {_MOST_IN_A_SET}",
            self.k,
            f"write {self.name}:k=3",
        )

    @property
    def only_classes(self) -> int:
        """2^k."""
        return 1 << self.k

    def _distance(self, r: int, y: int) -> int:
        raise NotImplementedError

    def costs(self, n: int) -> list[list[Fraction]]:
        """For 2^k labels."""
        if n != 2**self.k:
            raise InvalidInputError(
                f"{self.k} labels that may be present make {2**self.k} sets",
                f"n_classes={n}",
                f"pass n_classes={2**self.k}",
            )
        return [[Fraction(self._distance(r, y)) for y in range(n)] for r in range(n)]

    def __str__(self) -> str:
        return f"{self.name}:k={self.k}"


@register_target("hamming", "hamming:k=3", "of 2^k label sets: how many of the k labels are wrong")
@dataclass(frozen=True)
class Hamming(_LabelSets):
    """How many of k labels are predicted wrongly.

    >>> Hamming(2).costs(4)[0]
    [Fraction(0, 1), Fraction(1, 1), Fraction(1, 1), Fraction(2, 1)]
    """

    name: ClassVar[str] = "hamming"

    @classmethod
    def read(cls, rest: str, spec: str) -> Hamming:
        """From its spec string."""
        return cls(whole(rest, spec))

    def _distance(self, r: int, y: int) -> int:
        return (r ^ y).bit_count()


@register_target("subset", "subset:k=3", "of 2^k label sets: 1 unless the whole set is predicted")
@dataclass(frozen=True)
class SubsetZeroOne(_LabelSets):
    """1 unless the whole set of k labels is predicted.

    >>> SubsetZeroOne(2).decision(4).structure.top
    1
    """

    name: ClassVar[str] = "subset"

    @classmethod
    def read(cls, rest: str, spec: str) -> SubsetZeroOne:
        """From its spec string."""
        return cls(whole(rest, spec))

    def _distance(self, r: int, y: int) -> int:
        return int(r != y)


def _zero_one(n: int) -> list[list[Fraction]]:
    return [[Fraction(int(r != y)) for y in range(n)] for r in range(n)]
