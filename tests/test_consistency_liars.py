"""Losses that break one condition of a rule each: no verdict may call them consistent.

The brute force knows nothing of the rules: grids of label distributions and scores.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pytest

from hconsist.arithmetic import NUMPY, Ops, Value
from hconsist.consistency import verdict
from hconsist.consistency.rules import RULES
from hconsist.losses import (
    Constrained,
    Loss,
    MaxLoss,
    ProbabilityLoss,
    QuadraticSurrogate,
    SumLoss,
    UserMarginLoss,
    parse_loss,
)
from hconsist.losses.base import MarginLoss


def gap_of_two_labels(loss: Loss, eta: float, reach: float = 6.0) -> float:
    """Least risk of wrong predictions minus least risk of all, on a grid of margins."""
    f = np.linspace(-reach, reach, 6001)
    losses = loss.losses(np.stack([f, -f], axis=-1), NUMPY)
    risk = losses @ np.array([eta, 1 - eta])
    return float(risk[f <= 0].min() - risk.min())


@pytest.mark.parametrize(
    ("spec", "eta"),
    [
        # a jump upwards where the derivative says that g falls
        ("softmax:Piecewise((-log(u), u < 1/2), (5 - log(u), True))", 0.6),
        # a kink where two labels tie: the slope is negative on both sides
        ("softmax:Max(5 - 9*u, 1 - u)", 0.55),
        # jumps of a margin loss whose slopes look convex, or falling
        ("margin:Piecewise((Max(0, 1 - v) - 3, v < -1), (Max(0, 1 - v), True))", 0.6),
        ("margin:Piecewise((exp(-v), v <= 0), (1 + exp(-v), True))", 0.55),
    ],
)
def test_a_jump_or_a_kink_is_not_consistent(spec: str, eta: float) -> None:
    loss = parse_loss(spec)
    assert gap_of_two_labels(loss, eta) < 1e-9
    assert verdict(loss, 2).status != "consistent"


@dataclass(frozen=True)
class FromFiveOn(ProbabilityLoss):
    """Brier up to four labels; from five on the loss rises with the label's probability."""

    spec_name: ClassVar[str] = "from-five-on"

    def of_probabilities(self, q: Value, ops: Ops) -> Value:
        sign = ops.const(1 if q.shape[-1] < 5 else -1)
        return ops.const(1) - sign * ops.const(2) * q + ops.sum(ops.rows(ops.power(q, 2)))


@dataclass(frozen=True)
class QuadraticToFour(Loss):
    """The quadratic surrogate up to four labels; from five on its sign is turned around."""

    spec_name: ClassVar[str] = "quadratic-to-four"
    shift_invariant: ClassVar[bool] = False

    def losses(self, scores: Value, ops: Ops) -> Value:
        sign = ops.const(1 if scores.shape[-1] < 5 else -1)
        return QuadraticSurrogate().losses(scores * sign, ops)


@pytest.mark.parametrize("n", [5, 8])
@pytest.mark.parametrize("loss", [FromFiveOn(), QuadraticToFour()])
def test_what_four_labels_say_is_not_said_of_five(loss: Loss, n: int) -> None:
    assert verdict(loss, 4).status == "consistent"
    assert verdict(loss, n).status != "consistent"
    if n == 5:
        assert verdict(loss, n, "top-k:2").status != "consistent"
    p = np.array([0.4, *[0.6 / (n - 1)] * (n - 1)])
    scores = 2 * np.random.default_rng(0).normal(size=(20000, n))
    risk, leader = loss.losses(scores, NUMPY) @ p, scores.argmax(axis=1)
    assert risk[leader == 0].min() > risk[leader != 0].min() + 1e-3


@dataclass(frozen=True)
class Lopsided(ProbabilityLoss):
    """Label 0 counts thrice, which the first difference of losses does not show; called
    symmetric.
    """

    spec_name: ClassVar[str] = "lopsided"

    def of_probabilities(self, q: Value, ops: Ops) -> Value:
        brier = ops.const(1) - ops.const(2) * q + ops.sum(ops.rows(ops.power(q, 2)))
        weight = np.array([1, 1, *[9] * (q.shape[-1] - 2)], dtype=object)
        return brier * (weight if brier.dtype == object else weight.astype(float))


def test_symmetry_is_shown_not_believed() -> None:
    loss = Lopsided()
    p = np.array([0.4, 0.3, 0.3])
    scores = np.random.default_rng(1).normal(size=(20000, 3))
    risk = loss.losses(scores, NUMPY) @ p
    assert risk[scores.argmax(axis=1) == 0].min() > risk[scores.argmax(axis=1) == 2].min()
    assert verdict(loss, 3).status != "consistent"


@dataclass(frozen=True)
class CalledConvex(MarginLoss):
    """exp(v) near 0 and falling far out, declared convex."""

    convex: ClassVar[bool] = True
    spec_name: ClassVar[str] = "called-convex"

    def of_margin(self, u: Value, ops: Ops) -> Value:
        return (
            ops.maximum(-u, ops.const(0))
            - ops.minimum(ops.maximum(u - ops.const(1), ops.const(0)), ops.const(3))
            + ops.minimum(ops.maximum(-u - ops.const(1), ops.const(0)), ops.const(0))
        )


@pytest.mark.parametrize(
    "loss",
    [
        SumLoss(CalledConvex()),
        MaxLoss(CalledConvex()),
        Constrained(CalledConvex()),
        # convex where Max and powers say so, with a jump
        SumLoss(UserMarginLoss("Piecewise((exp(-v), v < 0), (2 + exp(-v), True))")),
        Constrained(UserMarginLoss("Piecewise((exp(-v), v < 0), (2 + exp(-v), True))")),
        # flat behind 0 but for a bump far out
        SumLoss(UserMarginLoss("Min(1, Max(0, 1 - v)) + Max(0, 1 - Abs(v + 1000001))")),
        Constrained(UserMarginLoss("Min(1, Max(0, 1 - v)) + Max(0, 1 - Abs(v + 1000001))")),
        # rises again beyond a million: what wins at v = 10^6 is not what wins in the end
        SumLoss(UserMarginLoss("Max(Min(1, Max(0, 1 - v)), v - 2000000)")),
        Constrained(UserMarginLoss("Max(Min(1, Max(0, 1 - v)), v - 2000000)")),
        MaxLoss(UserMarginLoss("Max(Min(1, Max(0, 1 - v)), v - 2000000)")),
    ],
)
def test_a_shape_is_proven_not_declared(loss: Loss) -> None:
    assert verdict(loss, 3).status != "consistent"


def test_without_a_lower_bound_there_is_no_regret() -> None:
    for spec in ("margin:-v", "margin:exp(-v) - v", "margin:-log(1 + exp(v))"):
        found = verdict(spec, 2)
        assert found.status == "undecided" and "bounded below" in found.reason


def test_many_labels_are_refused_not_guessed() -> None:
    found = verdict("brier", 200)
    assert found.status == "undecided"


def test_every_rule_is_used_by_some_loss() -> None:
    assert len({r.name for r in RULES}) == len(RULES) >= 19
    assert all(r.summary for r in RULES)
