"""Three labels: user losses that break one condition each of theorems D and H, of the powers, of
proper, constrained and ranking losses. What is derived is the brute force on grids, or refused.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from fractions import Fraction
from typing import ClassVar

import numpy as np
import pytest

from hconsist.arithmetic import NUMPY, Ops, Value
from hconsist.engines.symbolic import transform
from hconsist.errors import EngineCannotAnswerError
from hconsist.losses import (
    CompSumMargin,
    Constrained,
    Loss,
    MaxLoss,
    ProbabilityLoss,
    SumLoss,
    UserMarginLoss,
    parse_loss,
)
from hconsist.losses.base import total
from hconsist.pointwise import PointwiseProblem

_AXIS = np.sinh(np.linspace(-4, 4, 181)) / 2
_AXIS = np.union1d(_AXIS, np.linspace(-3, 3, 49))
SCORES = np.stack(np.meshgrid(_AXIS, _AXIS), axis=-1).reshape(-1, 2)
SCORES = np.concatenate([SCORES, np.zeros((len(SCORES), 1))], axis=1)


def brute_force(loss: Loss, beta: float) -> float:
    """The least wrong risk minus the least risk, over p with ``max p - p_j = beta``."""
    scores = SCORES - SCORES.mean(axis=1, keepdims=True)
    with np.errstate(all="ignore"):
        losses = loss.losses(scores, NUMPY)
    known = np.isfinite(losses).all(axis=1)
    losses, scores = losses[known], scores[known]
    top = np.linspace(max(beta, (1 + beta) / 3), (1 + beta) / 2, 13)
    rows = np.stack([top, top - beta, 1 + beta - 2 * top], axis=1)
    least = np.inf
    for order in itertools.permutations(range(3)):
        p = np.empty_like(rows)
        p[:, order] = rows
        risks = losses @ p.T
        wrong = scores[:, order[1]] >= scores.max(axis=1)
        least = min(least, float((risks[wrong].min(axis=0) - risks.min(axis=0)).min()))
    return least


@dataclass(frozen=True)
class Quadratic(ProbabilityLoss):
    """``sum q^2 - weight q_y``, proper at weight 2; with ``favour`` the first label pays less."""

    weight: Fraction = Fraction(1)
    favour: Fraction = Fraction(0)

    spec_name: ClassVar[str] = "quadratic-of-q"

    def of_probabilities(self, q: Value, ops: Ops) -> Value:
        n = q.shape[-1]
        first = ops.matrix([[self.favour, *[Fraction(0)] * (n - 1)]])[0, :]
        squares = total(q * q, ops)
        return squares - ops.const(self.weight) * q - first * q


LIARS: tuple[Loss | str, ...] = (
    # theorem D: h neither convex, nor concave with a convex square
    "softmax:-log(u) + (1 - u)**2/2",
    "softmax:-log(u) - u/2 - u**2/4",
    # convex, but not falling; falling, but not convex
    "softmax:u - log(u)/4",
    "softmax:1 - 3*u**2 + 2*u**3",
    # theorem H: a finite marginal loss with h not convex, u psi not increasing
    "softmax:exp(-3*u)",
    "softmax:(1 - u)**4",
    "softmax:1/(1 + 8*u)",
    # powers of the wrong sign, and with a jump
    "softmax:u",
    "softmax:u**2",
    "softmax:log(u)",
    "softmax:Piecewise((1 - u, u < 1/2), (3 - u, True))",
    "softmax:Piecewise((-log(u), u <= 1/3), (-2*log(u) + log(1/3), True))",
    # not proper, not symmetric
    Quadratic(Fraction(1)),
    Quadratic(Fraction(2), favour=Fraction(1)),
    # constrained losses: not convex, not falling, 1/g' not convex, a jump
    Constrained(UserMarginLoss("Min(1, Max(0, 1 - v))")),
    Constrained(UserMarginLoss("exp(v)")),
    Constrained(UserMarginLoss("Max(0, 1 + v)")),
    Constrained(UserMarginLoss("Abs(v)")),
    Constrained(UserMarginLoss("Max(v, 3*v)")),
    Constrained(UserMarginLoss("Max(0, 1 - v, v - 3)")),
    Constrained(UserMarginLoss("(1 - v)**4")),
    Constrained(UserMarginLoss("Max(0, 1 - v)**4 + Max(0, 1 - v)")),
    Constrained(UserMarginLoss("Piecewise((1 - v, v < 1), (-1, True))")),
    # max losses: rising, phi(v) + phi(-v) below 2 phi(0), a jump
    MaxLoss(UserMarginLoss("Max(0, 1 + v)")),
    MaxLoss(UserMarginLoss("Max(0, Min(1, 1 - v)) + Max(0, Min(1, -1 - v))/8")),
    MaxLoss(UserMarginLoss("Piecewise((1 - v, v < 0), (Max(0, 1/2 - v), True))")),
    # flat below 0, then rising, or with a jump at 0
    SumLoss(UserMarginLoss("Max(1, 1 + v)")),
    SumLoss(UserMarginLoss("Piecewise((1, v < 0), (Max(0, 1/2 - v), True))")),
    MaxLoss(UserMarginLoss("Piecewise((1, v <= 0), (0, True))")),
    # sums of exponentials of the wrong sign; one of two rates
    SumLoss(UserMarginLoss("exp(v)")),
    CompSumMargin(UserMarginLoss("-exp(-v)/8"), tau=1),
    SumLoss(UserMarginLoss("exp(-v) + exp(-2*v)")),
)
HONEST: tuple[Loss | str, ...] = (
    "logistic",
    "mae",
    "softmax:(1 - u)**2",
    "comp-sum:tau=3",
    Quadratic(Fraction(2)),
    Constrained(UserMarginLoss("Max(0, 1 - v) + Max(0, -1 - v)")),
    MaxLoss(UserMarginLoss("Max(0, 1 - v)")),
    SumLoss(UserMarginLoss("Max(0, Min(1, 1 - v))")),
    SumLoss(UserMarginLoss("2*exp(-v/2)")),
)


def check(loss: Loss, beta: Fraction) -> bool:
    """Whether there is an answer; no bound of it may exclude the brute force."""
    try:
        answer = transform(PointwiseProblem(loss, n_classes=3), beta)
    except EngineCannotAnswerError as refused:
        assert refused.reason
        return False
    expected = brute_force(loss, float(beta))
    if answer.lower is not None:
        assert float(answer.lower) <= expected + 5e-3
    if answer.upper is not None:
        assert expected - 5e-3 <= float(answer.upper)
    return True


@pytest.mark.parametrize("beta", [Fraction(3, 10), Fraction(3, 4)])
@pytest.mark.parametrize("loss", LIARS, ids=str)
def test_liars(loss: Loss | str, beta: Fraction) -> None:
    check(parse_loss(loss), beta)


@pytest.mark.parametrize("loss", HONEST, ids=str)
def test_the_brute_force_finds_what_holds(loss: Loss | str) -> None:
    assert check(parse_loss(loss), Fraction(3, 4))
