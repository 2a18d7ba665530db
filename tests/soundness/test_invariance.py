"""That a loss sees only differences of scores, and no labels, is shown by its operations and never
believed of its class, whose flags are true by default.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any, ClassVar

import numpy as np
import pytest

from hconsist.arithmetic import Ops, Value
from hconsist.arithmetic.jet import Jet
from hconsist.engines import transform
from hconsist.errors import EngineCannotAnswerError, InvalidInputError
from hconsist.losses import Loss, ProbabilityLoss, parse_loss
from hconsist.losses.base import SoftmaxLoss
from hconsist.losses.catalogue import LOSSES
from hconsist.losses.proving import keeps
from hconsist.losses.proving.invariance import Moving, MovingOps
from hconsist.losses.proving.on_interval import RegionOps, Term
from hconsist.losses.proving.scores import convex_in_scores
from hconsist.losses.proving.signs import OpenInterval
from hconsist.losses.proving.terms import VARIABLE
from hconsist.pointwise import PointwiseProblem


@dataclass(frozen=True)
class OwnScore(Loss):
    """exp(-s_y): every risk falls to 0 as all scores rise, so that T = 0."""

    spec_name: ClassVar[str] = "own-score"

    def losses(self, scores: Value, ops: Ops) -> Value:
        return ops.exp(-scores)


@dataclass(frozen=True)
class Favoured(Loss):
    """Logistic losses of the margin, the first label's with a wider one: convex."""

    spec_name: ClassVar[str] = "favoured"

    def losses(self, scores: Value, ops: Ops) -> Value:
        n = scores.shape[-1]
        wide = ops.matrix([[Fraction(4 if y == 0 else 1)] * n for y in range(n)])
        return ops.sum_others(ops.softplus(wide - ops.differences(scores)))


@dataclass(frozen=True)
class FavouredShare(ProbabilityLoss):
    """The first label pays for its own probability, the others for the square."""

    spec_name: ClassVar[str] = "favoured-share"

    def of_probabilities(self, q: Value, ops: Ops) -> Value:
        n = q.shape[-1]
        first = ops.matrix([[Fraction(int(y == 0)) for y in range(n)]])[0, :]
        return ops.const(1) - q * q - ops.sum(ops.rows(q * first)) * ops.const(1)


@dataclass(frozen=True)
class Loops(Loss):
    """Label by label, in a loop that an arithmetic without an end would not leave."""

    spec_name: ClassVar[str] = "loops"

    def losses(self, scores: Value, ops: Ops) -> Value:
        return np.stack([-2 * s if y == 0 else -s for y, s in enumerate(scores)], axis=-1)


def test_the_flags_of_the_catalogue_are_shown() -> None:
    for name in LOSSES:
        loss = parse_loss(name)
        if loss.scores_of != "labels":
            continue
        n = loss.only_classes or 3
        differences, labels = keeps(loss.losses, n)
        assert labels == loss.symmetric, name
        assert differences == (loss.shift_invariant and not loss.sum_to_zero) or (
            loss.sum_to_zero and n == 2
        ), name


@pytest.mark.parametrize(
    ("loss", "found"),
    [(OwnScore(), (False, True)), (Favoured(), (True, False)), (FavouredShare(), (True, False)),
     (Loops(), (False, False))],
    ids=str,
)  # fmt: skip
def test_what_does_not_hold_is_not_shown(loss: Loss, found: tuple[bool, bool]) -> None:
    assert loss.shift_invariant and loss.symmetric  # as the base class says
    assert keeps(loss.losses, 2) == found and keeps(loss.losses, 3) == found


@pytest.mark.parametrize("loss", [OwnScore(), Favoured(), FavouredShare()], ids=str)
def test_a_flag_that_the_formula_refutes_is_told_of_estimates(loss: Loss) -> None:
    with pytest.raises(EngineCannotAnswerError, match="= False in its class"):
        transform(PointwiseProblem(loss), "1/3")


def test_more_than_differences_has_no_false_proof() -> None:
    # "proven 0.057..." (scores v and -v alone) where the truth is 0
    with pytest.raises(EngineCannotAnswerError, match="the difference of the scores"):
        transform(PointwiseProblem(OwnScore()), "1/3", engine="rigorous")


def regret(loss: Loss, top: int, beta: float) -> float:
    """By a grid of margins: the least wrong risk less the least of all, label ``top`` likelier."""
    v = np.linspace(-8, 8, 64001)
    p = np.array([1 + beta, 1 - beta][:: 1 if top == 0 else -1]) / 2
    from hconsist.arithmetic import NUMPY

    values: Any = loss.losses(np.stack([v, -v], axis=-1), NUMPY) @ p
    wrong = values[v <= 0] if top == 0 else values[v >= 0]
    return float(wrong.min() - values.min())


@pytest.mark.parametrize("beta", ["1/10", "1/2"])
def test_both_labels_may_be_the_likelier_one(beta: str) -> None:
    loss = Favoured()
    found = transform(PointwiseProblem(loss), beta, engine="rigorous")
    truth = min(regret(loss, top, float(Fraction(beta))) for top in (0, 1))
    assert truth < regret(loss, 0, float(Fraction(beta))) - 0.01
    assert found.lower is not None and float(found.lower) <= truth + 1e-3


#: Of NumPy's own, which take a stand-in for a vector for one number unless it refuses.
FOREIGN = [
    lambda s: np.take(s, 0),
    lambda s: np.cumsum(s)[0],
    lambda s: np.flip(np.atleast_1d(s))[0],
    lambda s: np.sort(np.ravel(s))[-1],
    lambda s: np.asarray(s).ravel()[0],
    lambda s: np.max(s, axis=-1, keepdims=True),
]


@dataclass(frozen=True)
class DropsAtTie(ProbabilityLoss):
    """MAE, and 5 less where a label has exactly one half: T(1/2) = 0 for two labels, as the tie is
    best and is wrong for both. 1/4 was "proven": what stands for numbers was unequal to 1/2.
    """

    unequal: bool = False
    spec_name: ClassVar[str] = "drops-at-tie"

    def of_probabilities(self, q: Value, ops: Ops) -> Value:
        half = ops.const(Fraction(1, 2))
        return ops.const(1) - q + (5 * (q != half) if self.unequal else -5 * (q == half))


@dataclass(frozen=True)
class OwnDropsAtTie(SoftmaxLoss):
    """The same of one label's softmax value."""

    spec_name: ClassVar[str] = "own-drops-at-tie"

    def of_softmax(self, u: Value, ops: Ops) -> Value:
        return ops.const(1) - u - 5 * (u == ops.const(Fraction(1, 2)))


@pytest.mark.parametrize("loss", [DropsAtTie(), DropsAtTie(True), OwnDropsAtTie()], ids=str)
@pytest.mark.parametrize("n", [2, 3])
def test_equality_of_python_is_refused(loss: Loss, n: int) -> None:
    assert keeps(loss.losses, n) == (False, False)
    assert convex_in_scores(loss.losses, n)  # why not
    with pytest.raises((EngineCannotAnswerError, InvalidInputError)):
        transform(PointwiseProblem(loss, n_classes=n), Fraction(1, 2), engine="rigorous")


#: What Python and NumPy would do to one object that stands for all numbers.
PYTHONS = [
    lambda s: not (s - 1),
    lambda s: (s - 1) and 0,
    lambda s: s in {Fraction(1, 2)},
    lambda s: {Fraction(1, 2): 5}.get(s, 0),
    lambda s: s < 1,
    lambda s: s >= 1,
    lambda s: s != 1,
    float,
    int,
    abs,
    round,
    np.exp,
    np.asarray,
    lambda s: np.max(s, axis=-1),
    np.add.reduce,
    lambda s: np.multiply(s, 2),
    lambda s: np.multiply(2.0, s, dtype=object),
    lambda s: np.maximum(s, 0),
]
STAND_INS = [
    Jet(np.array([2.0, 4.0]), np.array([1.0, 0.0]), np.array([0.0, 0.0])),
    Moving(MovingOps(2), Fraction(1), (2,)),
    Term(VARIABLE, RegionOps(OpenInterval(Fraction(0), Fraction(1)))),
]


@pytest.mark.parametrize("value", STAND_INS, ids=["jet", "moving", "term"])
@pytest.mark.parametrize("use", range(len(PYTHONS)))
def test_a_stand_in_answers_no_question_of_python(use: int, value: Any) -> None:
    """T(1/2) = 1/4 was "proven" of 1 - u - 5 (not (u - 1/2)), and of a set, where it is 0: every
    object is true, and in no set.
    """
    with pytest.raises(InvalidInputError, match="ops"):
        PYTHONS[use](value)


def test_an_array_leaves_arithmetic_to_what_stands_for_numbers() -> None:
    x, jet = np.array([1.0, 3.0]), STAND_INS[0]
    for found, value, slope in (
        (x + jet, [3, 7], [1, 0]), (x - jet, [-1, -1], [-1, 0]), (x * jet, [2, 12], [1, 0]),
        (x / jet, [1 / 2, 3 / 4], [-1 / 4, 0]),
    ):  # fmt: skip
        assert found.v == pytest.approx(value)
        assert found.d1 == pytest.approx(slope)


@pytest.mark.parametrize("wrong", [lambda u: int(not u), lambda u: int(u in {0})])
def test_truth_of_python_proves_nothing(wrong: Any) -> None:
    @dataclass(frozen=True)
    class Drops(SoftmaxLoss):
        spec_name: ClassVar[str] = "drops"

        def of_softmax(self, u: Value, ops: Ops) -> Value:
            return ops.const(1) - u - 5 * wrong(u - ops.const(Fraction(1, 2)))

    with pytest.raises((EngineCannotAnswerError, InvalidInputError)):
        transform(PointwiseProblem(Drops(), n_classes=2), Fraction(1, 2), engine="rigorous")


@pytest.mark.parametrize("entry", FOREIGN)
@pytest.mark.parametrize("hypotheses", ["complete", "bounded:1"])
def test_functions_of_numpy_are_refused(entry: Any, hypotheses: str) -> None:
    """With losses 1 - q - q_0**2/2, T(1/2) = 0 for two labels: at p = (1/4, 3/4) q = (1, 0) and
    (0, 1) are both best. 1/2 was "proven" (0.3581 with bounded scores): q itself stood for q_0.
    """

    @dataclass(frozen=True)
    class Foreign(ProbabilityLoss):
        spec_name: ClassVar[str] = "foreign"

        def of_probabilities(self, q: Value, ops: Ops) -> Value:
            return ops.const(1) - q - entry(q) * entry(q) * ops.const(Fraction(1, 2))

    def convex(scores: Value, ops: Ops) -> Value:
        return ops.softplus(entry(scores) - scores)

    assert keeps(Foreign().losses, 2) == (False, False)
    assert convex_in_scores(convex, 2)  # why not
    problem = PointwiseProblem(Foreign(), hypotheses=hypotheses, n_classes=2)
    with pytest.raises((EngineCannotAnswerError, InvalidInputError)):
        transform(problem, Fraction(1, 2), engine="rigorous", time_budget=5)


#: Formulas of all scores s, and whether they see differences alone and tell no labels apart.
MOVES: list[tuple[Any, tuple[bool, bool]]] = [
    (lambda s, ops: ops.softmax(s), (True, True)),
    (lambda s, ops: s - ops.max(s), (True, True)),
    (lambda s, ops: ops.max(s) - s, (True, True)),
    (lambda s, ops: ops.max(s) + s, (False, True)),
    (lambda s, ops: 2 * s - s - s, (True, True)),
    (lambda s, ops: 2 * s - s, (False, True)),
    (lambda s, ops: s / 2 - s, (False, True)),
    (lambda s, ops: s / 2 - 2 * s, (False, True)),
    (lambda s, ops: s * s, (False, True)),
    (lambda s, ops: s * s + s, (False, True)),
    (lambda s, ops: ops.softmax(s) * s, (False, True)),
    (lambda s, ops: s * ops.softmax(s), (False, True)),
    (lambda s, ops: s / ops.softmax(s), (False, True)),
    (lambda s, ops: ops.softmax(s) / s, (False, True)),
    (lambda s, ops: s**2, (False, True)),
    (lambda s, ops: ops.softmax(s) ** ops.softmax(s), (False, False)),
    (lambda s, ops: ops.softmax(ops.exp(s)), (False, True)),
    (lambda s, ops: ops.sum_others(ops.differences(s * s)), (False, True)),
    (lambda s, ops: ops.sum_others(ops.differences(s)), (True, True)),
    (lambda s, ops: ops.sum(s) - 3 * s, (True, True)),
    (lambda s, ops: ops.sum(s) - s, (False, True)),
    (lambda s, ops: ops.sum_others(ops.rows(s)) - 2 * s, (True, True)),
    (lambda s, ops: ops.sum_others(ops.rows(s)) - 3 * s, (False, True)),
    (lambda s, ops: ops.top_sum(s, 2) - 2 * s, (True, True)),
    (lambda s, ops: ops.top_sum(s, 2) - s, (False, True)),
    (lambda s, ops: ops.maximum(s, ops.const(0)), (False, True)),
    (lambda s, ops: ops.maximum(s, ops.const(0)) - s, (False, True)),
    (lambda s, ops: s - s[0], (True, False)),
    (lambda s, ops: s - s[..., -1], (True, False)),
    (lambda s, ops: ops.sum(s[..., None]) - s, (False, True)),
    (lambda s, ops: ops.sum(s[..., None]) - 3 * s, (False, True)),
    (lambda s, ops: ops.sum(s + ops.const(0)) - 3 * s, (True, True)),
    (lambda s, ops: -s + s, (True, True)),
    (lambda s, ops: ops.softmax(ops.power(s, 2)), (False, True)),
    (lambda s, ops: ops.softmax(ops.absolute(s)), (False, True)),
    (lambda s, ops: ops.softmax(ops.lower_power(s, s, 3, 1)), (False, True)),
    (lambda s, ops: ops.sum(ops.rows(s)), (False, True)),
    (lambda s, ops: ops.maximum_over(lambda t, o: t, None, ops.max(s), ops.max(s)), (False, True)),
    (lambda s, ops: ops.select([(ops.all_of([ops.less(s, ops.const(0), strict=True)]),
                                 ops.softmax(s)), (True, ops.const(2))]), (False, True)),
    (lambda s, ops: ops.softmax(s) * (s == ops.const(1)), (False, False)),
    (lambda s, ops: ops.softmax(s) * (s != np.array([1, 0, 0])), (False, False)),
    (lambda s, ops: ops.softmax(s) * ops.less(s, ops.const(1), strict=True), (False, True)),
    (lambda s, ops: ops.softmax(s) * ops.less(s, ops.max(s), strict=True), (True, True)),
    (lambda s, ops: ops.select([(ops.less(s, ops.const(0), strict=True), ops.softmax(s)),
                                (True, ops.const(2))]), (False, True)),
    (lambda s, ops: ops.matrix([[Fraction(1)] * 3])[0, :] * ops.softmax(s), (True, False)),
]  # fmt: skip


@pytest.mark.parametrize("case", range(len(MOVES)))
def test_how_a_formula_moves(case: int) -> None:
    formula, (differences, labels) = MOVES[case]
    assert keeps(formula, 3) == (differences, labels)


def test_labels_are_told_by_a_constant_matrix_alone() -> None:
    def formula(s: Value, ops: Ops) -> Value:
        weights = ops.matrix([[Fraction(int(y == k == 0)) for k in range(3)] for y in range(3)])
        return ops.sum_others(weights * ops.differences(s))

    assert keeps(formula, 3) == (True, False)
