"""The one question, and the one answer.

*Given a target regret beta at a point, how small can the surrogate regret be?* `PointwiseProblem`
states it; every engine returns an `Answer`.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hconsist.answer import UNBOUNDED as UNBOUNDED
from hconsist.answer import UNREACHED as UNREACHED
from hconsist.answer import Answer as Answer
from hconsist.answer import Witness as Witness
from hconsist.answer import round_down as round_down
from hconsist.answer import round_up as round_up
from hconsist.arithmetic import NUMPY, exact, is_symbolic
from hconsist.decisions import Decision, Target, ZeroOne, by_scores, decision_of, parse_target
from hconsist.errors import EngineCannotAnswerError, InvalidInputError
from hconsist.hypotheses import Complete, Hypotheses, check_score_bound, parse_hypotheses
from hconsist.losses import Loss, check_distribution, parse_loss
from hconsist.losses.base import check_values
from hconsist.losses.boxes import boxes_may_grow, check_larger_boxes
from hconsist.losses.forms import OfProbabilities
from hconsist.losses.identity import Itself, believed, identity, own, steps_of
from hconsist.losses.proving.written import Written

if TYPE_CHECKING:
    import sympy
    from sympy import Expr


@lru_cache(maxsize=1)
def beta_symbol() -> sympy.Symbol:
    """The target regret, in [0, 1]."""
    import sympy

    return sympy.Symbol("beta", nonnegative=True)


@lru_cache(maxsize=1)
def excess_symbol() -> sympy.Symbol:
    """The surrogate excess, >= 0."""
    import sympy

    return sympy.Symbol("epsilon", nonnegative=True)


@dataclass(frozen=True, eq=False)
class PointwiseProblem:
    """``T(beta) = inf { surrogate regret(s, p) : target regret(s, p) >= beta }`` at one input.

    The infimum runs over label distributions p, score vectors s that the hypothesis set reaches,
    and, at ties, over the predictions that the ties allow (so that T is closed).

    Parameters
    ----------
    surrogate : Loss or str
        A loss or its spec string.
    target : Target or str
        ``ZeroOne()`` (default), ``TopK(k)``, or a `Target` of your own: its costs count.
    hypotheses : Hypotheses or str
        ``Complete()`` (default), ``Bounded(B)``, ...
    n_classes : int
        At least 2. A SymPy symbol is accepted by the symbolic engine.

    Raises
    ------
    InvalidInputError
        When the parts do not fit together.

    Source: Mao, Mohri, Zhong, ICML 2023, theorem 1 (general H-consistency bound).

    Examples
    --------
    >>> problem = PointwiseProblem("logistic", n_classes=3)
    >>> float(problem.target_regret([0.5, 0.3, 0.2], [1]).round(12))
    0.2
    """

    surrogate: Loss
    target: Target = field(default_factory=ZeroOne)
    hypotheses: Hypotheses = field(default_factory=Complete)
    n_classes: int | sympy.Symbol = 2

    if TYPE_CHECKING:  # specs are read

        def __init__(
            self,
            surrogate: Loss | str,
            target: Target | str = ...,
            hypotheses: Hypotheses | str = ...,
            n_classes: int | sympy.Symbol = 2,
        ) -> None: ...

    def __post_init__(self) -> None:
        object.__setattr__(self, "surrogate", parse_loss(self.surrogate))
        object.__setattr__(self, "target", parse_target(self.target))
        object.__setattr__(self, "hypotheses", parse_hypotheses(self.hypotheses))
        object.__setattr__(self, "n_classes", check_n_classes(self.n_classes))
        check_values(self.surrogate)
        check_score_bound(self.hypotheses)
        only = self.surrogate.only_classes
        if only is not None and not is_symbolic(self.n_classes) and self.n_classes != only:
            raise InvalidInputError(
                f"{self.surrogate.spec} is defined for n_classes = {only}",
                self.n_classes,
                f"pass n_classes={only}, or lift it: 'constrained:phi=...', 'sum:phi=...'",
            )
        decision = self.decision  # refuses a target that is not its costs, or makes no sense for n
        if self.surrogate.scores_of == "predictions":
            costs = decision.finite.exact_rows()
            object.__setattr__(self, "surrogate", self.surrogate.with_costs(costs))
        if self.hypotheses.depends_on_input:
            check_larger_boxes(self.surrogate, self.hypotheses)
        _ = self._known  # of the loss as it is now

    @cached_property
    def _known(self) -> tuple[tuple[object, ...], Written | None]:
        """What tells the problem from others, and the steps of the formula of a stranger's loss."""
        loss, steps = identity(self.surrogate, self._count)
        target = self.target if own(self.target) else (Itself(self.target), repr(self.decision))
        reach = self.hypotheses if own(self.hypotheses) else Itself(self.hypotheses)
        return (loss, target, reach, self.n_classes), steps

    @property
    def _count(self) -> int:
        """How many scores a formula is looked at with."""
        if is_symbolic(self.n_classes):
            return self.surrogate.only_classes or 3
        return self.n_scores

    def __eq__(self, other: object) -> bool:
        return isinstance(other, PointwiseProblem) and self._known[0] == other._known[0]

    def __hash__(self) -> int:
        return hash(self._known[0])

    def check_formula(self, asker: str) -> None:
        """Refuse to prove anything of a formula whose steps are not known, or not those of the time
        when the problem was stated; losses of the package pass.

        Raises
        ------
        EngineCannotAnswerError

        Examples
        --------
        >>> PointwiseProblem("logistic").check_formula("rigorous")
        """
        stated = self._known[1]
        if stated is None:
            return
        reason = stated.reason or believed(self.surrogate, self._count)
        if not reason and steps_of(self.surrogate, self._count) != stated:
            reason = "it changed: state the problem again"
        if reason:
            raise EngineCannotAnswerError(
                asker,
                f"nothing is proven of {self.surrogate.spec}, as the steps of its formula are not "
                f"known ({reason})",
                "numeric",
            )

    @cached_property
    def decision(self) -> Decision:
        """The target at this number of labels: predictions, costs and how scores predict.

        >>> PointwiseProblem("logistic", "top-k:2", n_classes=5).decision.size
        2
        """
        found = decision_of(self.target, self.n_classes)
        if self.surrogate.scores_of == "labels":
            if found.plain:
                return found
            n = None if is_symbolic(self.n_classes) else self.n
            forecast = self.surrogate.form(OfProbabilities, n)
            if forecast is None:
                rule = "needs a surrogate that forecasts or scores predictions"
                remedy = "use logistic, brier, ... or weighted:base=logistic"
                raise InvalidInputError(
                    f"the target {self.target} {rule}", self.surrogate.spec, remedy
                )
            return found.by_forecast(forecast.temperature)
        if is_symbolic(self.n_classes) or found.size != 1:
            raise InvalidInputError(
                f"{self.surrogate.spec} needs a number of labels, and one prediction",
                f"{self.target}, n_classes={self.n_classes}",
                "pass n_classes=3 and a target that predicts one label or option",
            )
        return self._read(found)

    def _read(self, found: Decision) -> Decision:
        """The decision for a surrogate that does not score labels."""
        if found.numbers is not None:
            moved = self.surrogate.with_points(found.numbers.points)
            object.__setattr__(self, "surrogate", moved)
        loss = self.surrogate
        return by_scores.read(found, loss.scores_of, self.n, loss.centres(), self.target)

    @property
    def n_scores(self) -> int:
        """How many scores the surrogate has: those of labels, predictions, items, ..."""
        loss = self.surrogate
        return by_scores.count(self.decision, loss.scores_of, self.n, loss.centres())

    def top_k(self, asker: str, alternative: str | None = None) -> int:
        """k, where the k largest scores are predicted and a label that is not among them costs 1.

        Parameters
        ----------
        asker : str
            Who needs that structure, for the message: ``"rigorous"``.
        alternative : str, optional
            The engine to try instead.

        Raises
        ------
        EngineCannotAnswerError
            When the target has other costs or another way to predict.

        Examples
        --------
        >>> PointwiseProblem("logistic", "top-k:2", n_classes=5).top_k("numeric")
        2
        """
        top = self.decision.structure.top
        if top is None:
            raise EngineCannotAnswerError(
                asker,
                f"no method for {self.surrogate.spec} and the target {self.target}: it needs the "
                "zero-one or a top-k target (the largest scores are predicted, and every label "
                "that is not among them costs 1)",
                alternative,
            )
        return top

    def with_prediction_regret(self, answer: Answer) -> Answer:
        """The answer, its witness with the target regret evaluated from the costs.

        Examples
        --------
        >>> point = Witness((0.7, 0.3), (0.0, 0.0), (1,), 0.08)
        >>> answer = Answer(0.08, None, None, point, "numeric")
        >>> found = PointwiseProblem("logistic").with_prediction_regret(answer).witness
        >>> round(found.prediction_regret, 12)
        0.4
        """
        if answer.witness is None:
            return answer
        p = [float(v) for v in answer.witness.p]
        regret = float(self.decision.regret(p, list(answer.witness.predicted)))
        return replace(answer, witness=replace(answer.witness, prediction_regret=regret))

    def check_beta(self, beta: object) -> Fraction:
        """A target regret of this problem, exactly: in [0, the largest regret of the target].

        Raises
        ------
        InvalidInputError
            For a value outside, or not a number.

        Examples
        --------
        >>> PointwiseProblem("logistic").check_beta("1/3")
        Fraction(1, 3)
        """
        return check_beta(beta, self.decision.max_regret)

    @cached_property
    def of_larger_boxes(self) -> str:
        """What T rests on where the scores fill larger boxes at other inputs: that it is no smaller
        there. Empty where that is proven, and where every box is the same.

        >>> PointwiseProblem("hinge", hypotheses="linear:W=1,B=1").of_larger_boxes
        ''
        """
        if not self.hypotheses.depends_on_input:
            return ""
        two = not is_symbolic(self.n_classes) and self.n_classes == 2
        if two and self.decision.structure.top == 1 and boxes_may_grow(self.surrogate):
            return ""
        return f"declared: T does not fall as the box of scores grows with x ({self.hypotheses})"

    def at_all_inputs(self, answer: Answer, of_gamma: bool = False) -> Answer:
        """An answer about the input with the smallest box, for all inputs: T is at most it, and
        Gamma at least.
        """
        if not (told := self.of_larger_boxes):
            return answer
        low, high = (answer.lower, None) if of_gamma else (None, answer.upper)
        rests = (*answer.assumptions, told)
        return replace(answer, lower=low, upper=high, assumptions=rests)

    @property
    def n(self) -> int:
        """The number of classes, as an integer.

        Raises
        ------
        InvalidInputError
            When it is a symbol.
        """
        if is_symbolic(self.n_classes):
            raise InvalidInputError(
                "n_classes must be a number here", str(self.n_classes), "pass n_classes=3"
            )
        return int(self.n_classes)

    @property
    def is_symbolic(self) -> bool:
        """Whether a loss parameter, the score bound or n_classes is a symbol without a value."""
        return (
            self.surrogate.symbolic
            or any(map(is_symbolic, (self.n_classes, self.hypotheses.score_bound)))
            or bool(self.decision.symbols)
        )

    def conditional_risk(self, scores: ArrayLike, p: ArrayLike) -> NDArray[np.float64]:
        """``C(s, p) = sum_y p_y l(s, y)``.

        Shapes: scores and p (..., n_classes), broadcast together; the result has the leading shape.
        A label of probability 0 contributes 0, also where its loss is infinite.

        Examples
        --------
        >>> float(PointwiseProblem("mae", n_classes=2).conditional_risk([0.0, 0.0], [0.5, 0.5]))
        0.5
        """
        distribution = check_distribution(p, self.n)
        losses = self.surrogate.losses(np.asarray(scores, dtype=float), NUMPY)
        with np.errstate(invalid="ignore"):
            terms = np.where(distribution > 0, distribution * losses, 0.0)
        return np.asarray(terms.sum(axis=-1))

    def target_regret(self, p: ArrayLike, predicted: ArrayLike) -> NDArray[np.float64]:
        """Conditional regret of the target, from its costs: see `Decision.regret`."""
        return self.decision.regret(check_distribution(p, self.n), predicted)


def check_n_classes(n: object) -> int | Expr:
    """A number of classes, or a symbol for one.

    >>> check_n_classes(3)
    3
    """
    if is_symbolic(n):
        return n
    if isinstance(n, bool) or not isinstance(n, int | np.integer) or n < 2:
        raise InvalidInputError(
            "n_classes must be a whole number >= 2", n, "pass n_classes=2 for binary problems"
        )
    return int(n)


def check_beta(beta: object, most: Fraction = Fraction(1)) -> Fraction:
    """A target regret in [0, most], exactly.

    Raises
    ------
    InvalidInputError
        For a value outside, or not a number.

    Examples
    --------
    >>> check_beta(0.1)
    Fraction(1, 10)
    """
    value = exact(beta, "beta")
    if not isinstance(value, Fraction) or not 0 <= value <= most:
        raise InvalidInputError(
            f"beta must lie in [0, {most}]",
            str(beta),
            "beta is a difference of probabilities: pass 0.3"
            if most == 1
            else "beta is a difference of expected costs, in their unit",
        )
    return value
