"""Surrogates with one score for each prediction of a target: abstention and deferral by a score of
their own, structured losses, class weights, one-vs-all, regression of costs.

Such a loss is known once the target's costs L[r, y] are: `PointwiseProblem` hands them over. The
prediction is the one with the largest score. Without costs the predictions are the labels, at
zero-one costs.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import ClassVar, Literal

from hconsist.arithmetic import Ops, Value, require
from hconsist.errors import InvalidInputError, UnknownNameError
from hconsist.losses.base import Loss, MarginLoss, ScoresOf, SoftmaxLoss
from hconsist.losses.catalogue import register_loss
from hconsist.losses.comp_sum import CompSum
from hconsist.losses.forms import OfMargin, OfSoftmax
from hconsist.losses.margin import MarginLogistic
from hconsist.losses.prediction_forms import (
    PredictionForm,
    Rows,
    Squares,
    WeightedMargins,
    WeightedSoftmax,
)


@dataclass(frozen=True)
class PredictionLoss(Loss):
    """A loss of the scores of predictions."""

    costs: Rows | None = field(default=None, kw_only=True)

    symmetric: ClassVar[bool] = False
    scores_of: ClassVar[ScoresOf] = "predictions"

    @classmethod
    def read(cls, rest: str, parse: Callable[[str], Loss]) -> Loss:
        """The loss of what follows the colon of a spec string, and a reader of inner losses."""
        raise NotImplementedError

    def with_costs(self, costs: Rows) -> Loss:
        """The same loss for a target with these costs."""
        return replace(self, costs=costs)

    def weights(self, n_scores: int) -> Rows:
        """Rows are predictions, columns labels; without costs those of zero-one."""
        raise NotImplementedError

    def prediction_form(self, n_scores: int) -> PredictionForm:
        """What the conditional risk is, for so many predictions."""
        raise NotImplementedError

    def _costs(self, n_scores: int) -> Rows:
        if self.costs is not None:
            return self.costs
        every = range(n_scores)
        return tuple(tuple(Fraction(int(r != y)) for y in every) for r in every)


@register_loss
@dataclass(frozen=True)
class Weighted(PredictionLoss):
    """``sum_r (a_y - L[r, y]) g(softmax(scores)_r)``: a base loss of each prediction, weighted by
    what it saves.

    Parameters
    ----------
    base : SoftmaxLoss
    offset : {"global", "label"}
        a_y: the largest cost, or the largest of the label.

    With abstention or deferral costs this is score-based abstention and deferral; with label
    weights and ``offset="label"`` the class-weighted base loss.

    Source: Mao, Mohri, Zhong, AISTATS 2024 (score-based abstention); NeurIPS 2023 (deferral,
    structured prediction).

    >>> from hconsist.arithmetic import NUMPY
    >>> import numpy as np
    >>> loss = Weighted().with_costs(((0, 1), (1, 0), (Fraction(1, 4), Fraction(1, 4))))
    >>> loss.losses(np.zeros(3), NUMPY).round(6)  # (1 + 3/4) log 3
    array([1.922572, 1.922572])
    """

    base: SoftmaxLoss = field(default_factory=lambda: CompSum(Fraction(1)))
    offset: Literal["global", "label"] = "global"

    spec_name: ClassVar[str] = "weighted"
    source: ClassVar[str] = "Mao, Mohri, Zhong, AISTATS 2024"

    @classmethod
    def read(cls, rest: str, parse: Callable[[str], Loss]) -> Loss:
        """``base=...,offset=...``, or the base alone."""
        base, comma, last = rest.rpartition(",offset=")
        base = (base if comma else rest).removeprefix("base=") or "logistic"
        if rest.startswith("offset="):
            base, last, comma = "logistic", rest.removeprefix("offset="), ","
        inner = parse(base)
        if inner.form(OfSoftmax) is None or not isinstance(inner, SoftmaxLoss):
            raise InvalidInputError(
                "the base must be a loss of the softmax value", base, "use logistic, gce:q=0.7, mae"
            )
        return cls(inner, last if comma else "global")  # type: ignore[arg-type]

    def __post_init__(self) -> None:
        require(
            self.offset in ("global", "label"),
            "offset must be global or label",
            self.offset,
            "write weighted:base=logistic,offset=label",
        )

    def weights(self, n_scores: int) -> Rows:
        """a_y - L[r, y]."""
        costs = self._costs(n_scores)
        columns = [max(column) for column in zip(*costs, strict=True)]
        top = [max(columns)] * len(columns) if self.offset == "global" else columns
        return tuple(tuple(a - v for a, v in zip(top, row, strict=True)) for row in costs)

    def losses(self, scores: Value, ops: Ops) -> Value:
        unit = ops.const(self.base.temperature)
        terms = self.base.of_softmax(ops.softmax(scores / unit), ops)
        return terms @ ops.matrix([list(row) for row in self.weights(scores.shape[-1])])

    def prediction_form(self, n_scores: int) -> WeightedSoftmax:
        """A weighted sum over the softmax values."""
        form = self.base.form(OfSoftmax)
        assert form is not None
        return WeightedSoftmax(self.weights(n_scores), form)

    @property
    def spec(self) -> str:
        return f"weighted:base={self.base.spec},offset={self.offset}"

    @property
    def symbolic(self) -> bool:
        return self.base.symbolic


@dataclass(frozen=True)
class MarginsOfPredictions(PredictionLoss):
    """``sum_i w_i phi(s_i) + (1 - w_i) phi(-s_i)``: one binary problem a score, w its weights."""

    phi: MarginLoss = field(default_factory=MarginLogistic)

    shift_invariant: ClassVar[bool] = False

    @classmethod
    def read(cls, rest: str, parse: Callable[[str], Loss]) -> Loss:
        """``phi=...``, or the margin loss alone."""
        inner = parse(rest.removeprefix("phi=") or "margin-logistic")
        if not isinstance(inner, MarginLoss):
            raise InvalidInputError(
                "phi must be a binary margin loss", inner.spec, "use margin-logistic, least-squares"
            )
        return cls(inner)

    def losses(self, scores: Value, ops: Ops) -> Value:
        weights = [list(row) for row in self.weights(scores.shape[-1])]
        against = [[1 - v for v in row] for row in weights]
        right, wrong = self.phi.of_margin(scores, ops), self.phi.of_margin(-scores, ops)
        return right @ ops.matrix(weights) + wrong @ ops.matrix(against)

    def prediction_form(self, n_scores: int) -> WeightedMargins:
        """A sum of binary problems."""
        form = self.phi.form(OfMargin)
        assert form is not None
        return WeightedMargins(self.weights(n_scores), form)

    @property
    def spec(self) -> str:
        return f"{self.spec_name}:phi={self.phi.spec}"

    @property
    def symbolic(self) -> bool:
        return self.phi.symbolic


@register_loss
@dataclass(frozen=True)
class OneVsAll(MarginsOfPredictions):
    """``sum_r (1 - L[r, y]) phi(s_r) + L[r, y] phi(-s_r)``: one binary problem a prediction; costs
    in [0, 1].

    Source: Verma, Nalisnick, ICML 2022 (deferral).

    >>> from hconsist.arithmetic import NUMPY
    >>> import numpy as np
    >>> OneVsAll().losses(np.zeros(2), NUMPY).round(6)
    array([1.386294, 1.386294])
    """

    spec_name: ClassVar[str] = "ova"
    source: ClassVar[str] = "Verma, Nalisnick, ICML 2022"

    def weights(self, n_scores: int) -> Rows:
        """1 - L[r, y].

        Raises
        ------
        InvalidInputError
            For costs outside [0, 1].
        """
        costs = self._costs(n_scores)
        for value in (v for row in costs for v in row):
            require(
                0 <= value <= 1,
                f"{self.spec} needs costs in [0, 1]",
                value,
                "scale the costs, or use weighted:base=logistic",
            )
        return tuple(tuple(1 - v for v in row) for row in costs)


@register_loss
@dataclass(frozen=True)
class CostRegression(PredictionLoss):
    """``sum_r (s_r + L[r, y])^2``: minus each score estimates a cost, and the least one is chosen.

    With ``link="log"`` the log loss of each cost in [0, 1] under the forecast 1 / (1 + exp(s_r)):
    one-vs-all with the logistic margin loss.

    Source: Foster, Krishnamurthy, NeurIPS 2021 (log loss).

    >>> from hconsist.arithmetic import NUMPY
    >>> import numpy as np
    >>> CostRegression().losses(np.array([0.0, -1.0]), NUMPY)
    array([0., 2.])
    """

    link: Literal["square"] = "square"

    spec_name: ClassVar[str] = "cost-regression"
    source: ClassVar[str] = "Foster, Krishnamurthy, NeurIPS 2021"
    shift_invariant: ClassVar[bool] = False

    @classmethod
    def read(cls, rest: str, parse: Callable[[str], Loss]) -> Loss:
        """``square``, or ``log``: then one-vs-all of the logistic margin loss."""
        del parse
        if rest == "log":
            return OneVsAll(MarginLogistic())
        if rest not in ("", "square"):
            raise UnknownNameError("cost regression", rest, ("square", "log"))
        return cls()

    def weights(self, n_scores: int) -> Rows:
        """-L[r, y]: what the scores estimate."""
        return tuple(tuple(-v for v in row) for row in self._costs(n_scores))

    def losses(self, scores: Value, ops: Ops) -> Value:
        # sum_r (s_r - w)^2 = sum s^2 - 2 s w + w^2, with w = -L
        weights = self.weights(scores.shape[-1])
        squares = ops.sum(ops.power(scores, 2))
        columns = zip(*weights, strict=True)
        constant: list[Fraction] = [sum((v**2 for v in column), Fraction(0)) for column in columns]
        cross = scores @ ops.matrix([[2 * v for v in row] for row in weights])
        return squares[..., None] - cross + ops.matrix([constant])[0]

    def prediction_form(self, n_scores: int) -> Squares:
        """A squared distance."""
        return Squares(self.weights(n_scores))

    @property
    def spec(self) -> str:
        return f"cost-regression:{self.link}"
