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
from hconsist.engines import transform
from hconsist.errors import EngineCannotAnswerError, InvalidInputError
from hconsist.losses import Loss, ProbabilityLoss, parse_loss
from hconsist.losses.base import SoftmaxLoss
from hconsist.losses.catalogue import LOSSES
from hconsist.losses.proving import keeps
from hconsist.losses.proving.scores import convex_in_scores
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
    with pytest.raises((EngineCannotAnswerError, InvalidInputError, TypeError)):
        transform(problem, Fraction(1, 2), engine="rigorous", time_budget=5)
