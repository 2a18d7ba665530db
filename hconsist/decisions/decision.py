"""A decision: labels, predictions, what a wrong one costs, and how scores become a prediction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hconsist.arithmetic import NUMPY, is_symbolic
from hconsist.decisions import score_rules
from hconsist.decisions.costs import Costs, as_uniform
from hconsist.decisions.numbers import Distance
from hconsist.errors import InvalidInputError

if TYPE_CHECKING:
    from sympy import Expr

Array = NDArray[np.float64]

#: How scores become a prediction. "largest scores": one score an item, the items with the largest
#: scores. "least expected cost": one score a label, softmax(scores / temperature) is a forecast of
#: the label, and the items with the least expected cost under it. The others: `score_rules`.
Rule = Literal["largest scores", "least expected cost", "signs", "count", "order", "mean", "value"]


@dataclass(frozen=True)
class Structure:
    """What methods ask of a decision; found by comparing its costs, never by the name of a class.

    Parameters
    ----------
    top : int or None
        k where the k labels with the largest scores are predicted and a label that is not among
        them costs 1: the top-k target, and for k = 1 the zero-one target. None elsewhere.
    """

    top: int | None


@dataclass(frozen=True)
class Decision:
    """What is predicted, at which cost, and from which scores.

    A prediction is a set of ``size`` different items; its cost is the sum of its items' costs.

    Parameters
    ----------
    costs : Uniform or Table
        Of each item and label. An item may be a label, a rejection, an expert, a ranking, ...
    size : int
        How many items are predicted, fewer than there are.
    rule : {"largest scores", "least expected cost"}
        How scores become a prediction. Ties fall on the worst items, so that T is closed.
    temperature : Fraction
        Of the forecast, for the rule "least expected cost".
    numbers : Distance or None
        The costs when any number may be predicted, where the labels are points on a line.
    centres : tuple of Fraction or None
        Of the bins of a histogram that is a forecast; None where the bins are the labels.

    Raises
    ------
    InvalidInputError
        When there are too few items.

    Examples
    --------
    >>> from hconsist.decisions.costs import Table
    >>> costly = Decision(Table([[0, 10, 10], [1, 0, 1], [1, 1, 0]]))
    >>> float(costly.regret([0.4, 0.3, 0.3], [0]).round(12))  # 0.6 times 10, against 0.7
    5.3
    >>> costly.max_regret, costly.structure.top
    (Fraction(10, 1), None)
    """

    costs: Costs | Distance
    size: int = 1
    rule: Rule = "largest scores"
    temperature: Fraction = Fraction(1)
    numbers: Distance | None = None
    centres: tuple[Fraction, ...] | None = None

    def __post_init__(self) -> None:
        if not is_symbolic(self.items) and not 1 <= self.size < self.items:
            raise InvalidInputError(
                "fewer items are predicted than there are, and at least one",
                f"{self.size} of {self.items}",
                "predict fewer, or pass more labels",
            )

    @property
    def labels(self) -> Any:
        """How many labels there are: a number, or a symbol."""
        return self.costs.labels

    @property
    def items(self) -> Any:
        """How many items can be predicted: a number, or a symbol."""
        return self.costs.items

    @cached_property
    def max_regret(self) -> Fraction:
        """The largest conditional regret of any prediction, in the unit of the costs."""
        return self.costs.spread(self.size)

    @cached_property
    def structure(self) -> Structure:
        """What is special about this decision."""
        if self.rule not in ("largest scores", "least expected cost"):
            return Structure(None)
        uniform = as_uniform(self.finite)
        # With uniform costs the least expected cost is the largest softmax value, so the largest
        # score: both rules are one.
        unit = uniform is not None and uniform.wrong - uniform.right == 1
        return Structure(self.size if unit else None)

    def by_largest_scores(self) -> Decision:
        """The same costs where each item has a score of its own."""
        return replace(self, rule="largest scores")

    def by_forecast(self, temperature: Fraction) -> Decision:
        """The same costs where softmax(scores / temperature) is the forecast."""
        return replace(self, temperature=temperature)

    def by_score_rule(self, rule: score_rules.ScoreRule) -> Decision:
        """The same costs where the scores are read by one of the rules of `score_rules`."""
        return replace(self, rule=rule)

    def by_value(self) -> Decision | None:
        """The same target where the one score is the predicted number; None for other targets."""
        return None if self.numbers is None else replace(self, costs=self.numbers, rule="value")

    @property
    def predicts_numbers(self) -> bool:
        """Whether a prediction is a number, one of infinitely many."""
        return isinstance(self.costs, Distance)

    @property
    def symbols(self) -> tuple[Expr, ...]:
        """The symbols in the costs, for derivations."""
        return () if isinstance(self.costs, Distance) else self.costs.symbols

    @property
    def finite(self) -> Costs:
        """The costs, one row a prediction.

        Raises
        ------
        InvalidInputError
            Where a prediction is a number.
        """
        if isinstance(self.costs, Distance):
            raise InvalidInputError(
                "there is no finite list of predictions where a number is predicted",
                "a regression target",
                "use the numeric engine",
            )
        return self.costs

    @property
    def plain(self) -> bool:
        """Whether the largest scores of the labels are predicted, by either rule."""
        return self.rule == "largest scores" or self.structure.top is not None

    def exact_region(self, item: int) -> list[list[Fraction]]:
        """Where a forecast q may lead to one predicted item: q with ``region q <= 0``, ties
        included; one row for each other item.

        >>> from hconsist.decisions.costs import Table
        >>> found = Decision(Table([[0, 3], [1, 0]]), rule="least expected cost").exact_region(0)
        >>> [[str(v) for v in row] for row in found]
        [['-1', '3']]
        """
        others = [k for k in range(self.items) if k != item]
        every = range(self.labels)
        if self.rule == "least expected cost":
            return [self.difference(item, k) for k in others]
        return [[Fraction((y == k) - (y == item)) for y in every] for k in others]

    def score_region(self, item: int, n_scores: int) -> list[list[int]]:
        """Where scores may lead to one predicted item: ``region scores <= 0``, ties included.

        >>> from hconsist.decisions.costs import Uniform
        >>> Decision(Uniform(2)).score_region(1, 2)
        [[1, -1]]
        """
        if self.rule in ("signs", "count", "order"):
            return score_rules.region(self.rule, item, n_scores)
        return [
            [(y == k) - (y == item) for y in range(n_scores)] for k in range(n_scores) if k != item
        ]

    def difference(self, item: int, other: int) -> list[Fraction]:
        """How much more an item costs than another, for each label."""
        costs = self.finite
        return [costs.entry(item, y) - costs.entry(other, y) for y in range(self.labels)]

    def regret(self, p: ArrayLike, predicted: ArrayLike) -> Array:
        """Conditional regret: expected cost of the predicted items minus the least expected cost.

        Shapes: p (..., labels), predicted (..., size) numbers of items; the result has the leading
        shape. In the unit of the costs.

        Source: Mao, Mohri, Zhong, ICML 2023, lemma 3 (zero-one); Cortes et al., NeurIPS 2024
        (cardinality-aware); the definition, for other costs.
        """
        if isinstance(self.costs, Distance):
            return self.costs.regret(np.asarray(p, dtype=float), np.asarray(predicted, dtype=float))
        costs = self.costs.relative(np.asarray(p, dtype=float))
        items = np.asarray(predicted, dtype=np.intp)
        best = np.sort(costs, axis=-1)[..., : self.size].sum(axis=-1)
        items = np.broadcast_to(items, (*costs.shape[:-1], items.shape[-1]))
        return np.asarray(np.take_along_axis(costs, items, axis=-1).sum(axis=-1) - best)

    def exact_regret(self, p: Sequence[Fraction], predicted: Sequence[int]) -> Fraction:
        """`regret` at one rational distribution, exactly.

        >>> from hconsist.decisions.costs import Uniform
        >>> Decision(Uniform(2)).exact_regret([Fraction(2, 3), Fraction(1, 3)], [1])
        Fraction(1, 3)
        """
        expected = [
            sum((q * self.finite.entry(r, y) for y, q in enumerate(p) if q), Fraction(0))
            for r in range(self.items)
        ]
        best = sum(sorted(expected)[: self.size], Fraction(0))
        return sum((expected[r] for r in predicted), Fraction(0)) - best

    def predict(self, scores: ArrayLike) -> NDArray[Any]:
        """One prediction that the scores allow: (..., scores) to (..., size) numbers of items, or
        to (..., 1) predicted numbers.

        Which one, at a tie, is left open.

        >>> from hconsist.decisions.costs import Uniform
        >>> Decision(Uniform(3)).predict([0.0, 2.0, 1.0])
        array([1])
        """
        merits = np.asarray(scores, dtype=float)
        if self.rule in ("signs", "count", "order"):
            return score_rules.predicted(self.rule, merits)[..., None]
        if self.rule == "value":
            return merits
        if self.rule != "largest scores":
            forecast = np.asarray(NUMPY.softmax(merits / float(self.temperature)))
            if isinstance(self.costs, Distance):
                centres = self.costs.positions if self.centres is None else self.centres
                return np.asarray((forecast @ np.asarray(centres, dtype=float))[..., None])
            merits = -self.costs.relative(forecast)
        return np.asarray(np.argsort(-merits, axis=-1, kind="stable")[..., : self.size])
