"""Losses that break what a closed form of C* rests on (a jump, a false declaration, a rise): the
gap is the brute force over scores, or refused with a reason.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any, ClassVar

import numpy as np
import pytest

from hconsist.arithmetic import NUMPY, Ops, Value
from hconsist.distributions import Estimate, Finite
from hconsist.engines.symbolic.best_in_class import derive_best_in_class
from hconsist.errors import EngineCannotAnswerError
from hconsist.gaps import minimizability_gap
from hconsist.losses import Loss, MarginLoss, SoftmaxLoss, parse_loss
from hconsist.losses.base import Shape
from hconsist.pointwise import PointwiseProblem

TWO = Finite(["1/2", "1/2"], [["0.6", "0.4"], ["0.1", "0.9"]])
THREE = Finite(["1/2", "1/2"], [["0.6", "0.3", "0.1"], ["0.1", "0.2", "0.7"]])


def scores_of(n: int, bound: float | None) -> np.ndarray:
    """All score vectors up to a shift, on a grid that holds the corners of the box and, without
    one, points near the corners of the simplex.
    """
    # both sides of every jump of the losses below: an infimum may be a one-sided limit
    sides_of_jumps = (np.array([[-1.0, 0.0, 1.0]]) + 1e-9 * np.array([[-1.0], [1.0]])).ravel()
    if bound is not None:
        axis = np.linspace(-bound, bound, 20001 if n == 2 else 201)
        if n == 2:
            axis = np.append(axis, sides_of_jumps[np.abs(sides_of_jumps) < bound])
            return np.stack([axis, -axis], axis=-1)
        sides = np.stack(np.meshgrid(axis, axis), axis=-1).reshape(-1, 2)
        # every box vector has one at an end; the others are shifts of these
        return np.concatenate(
            [np.insert(sides, k, end, axis=1) for k in range(3) for end in (-bound, bound)]
        )
    axis = np.sinh(np.linspace(-5.3, 5.3, 40001 if n == 2 else 801)) / 2
    if n == 2:
        axis = np.concatenate([axis, np.linspace(-4, 4, 8001), sides_of_jumps])
        return np.stack([axis, -axis], axis=-1)
    sides = np.stack(np.meshgrid(axis, axis), axis=-1).reshape(-1, 2)
    return np.concatenate([sides, np.zeros((len(sides), 1))], axis=1)


def brute_force(loss: Loss, d: Finite, bound: float | None, members: str) -> tuple[float, float]:
    """The gap and E C*, by the least risks on the grid."""
    with np.errstate(all="ignore"):
        losses = loss.losses(scores_of(d.n_classes, bound), NUMPY)

    def least(p: Any) -> float:
        return float(np.nanmin(losses @ np.array([float(v) for v in p])))

    conditional = float(
        sum(float(w) * least(p) for w, p in zip(d.weights, d.conditionals, strict=True))
    )
    whole = least(d.label_probabilities) if members == "constant" else conditional
    return whole - conditional, conditional


@dataclass(frozen=True)
class Declared(SoftmaxLoss):
    """A loss of the softmax value with any declaration."""

    name: str = "concave"
    says: str = "concave in softmax"

    spec_name: ClassVar[str] = "declared"

    def of_softmax(self, u: Value, ops: Ops) -> Value:
        one = ops.const(1)
        match self.name:
            case "concave":
                return one - u * u
            case "log":
                return -ops.log(u)
            case "bent":  # concave, then convex
                return one - ops.const(3) * u * u + ops.const(2) * u * u * u
            case _:
                return ops.maximum(ops.const(Fraction(1, 2)) - u, one - ops.const(3) * u)

    @property
    def shape(self) -> Shape | None:
        return self.says  # type: ignore[return-value]


@dataclass(frozen=True)
class DeclaredMargin(MarginLoss):
    """phi(v) = -(v - 1)^2 and phi(v) = tanh(v), which are not convex."""

    name: str = "parabola"

    spec_name: ClassVar[str] = "declared-margin"
    convex: ClassVar[bool] = True

    def of_margin(self, u: Value, ops: Ops) -> Value:
        if self.name == "parabola":
            return -ops.power(u - ops.const(1), 2)
        return ops.exp(-u) - ops.exp(-ops.const(2) * u) / ops.const(3)


SOFTMAX = (
    "softmax:Piecewise((1 - u, u < 1/2), (5 - u, True))",
    "softmax:Piecewise((1 - u**2, u < 1/2), (1/2 - u**2, True))",
    "softmax:Piecewise((-log(u), u < 1/2), (5 - log(u), True))",
    "softmax:2*u - u**2",
    "softmax:u**2",
    "softmax:3*u - log(u)",
    "softmax:1 - 3*u**2 + 2*u**3",
    "softmax:1/u**2 - 3/u",
    Declared("concave", "convex in softmax"),
    Declared("log", "concave in softmax"),
    Declared("bent", "convex in softmax"),
    Declared("bent", "concave in softmax"),
    Declared("kinked", "concave in softmax"),
)
MARGIN = (
    "margin:Piecewise((Max(0, 1 - v) - 3, v < -1), (Max(0, 1 - v), True))",
    "margin:Piecewise((1 - v, v < 1), (2, True))",
    "margin:Piecewise((exp(-v), v <= 0), (1 + exp(-v), True))",
    "margin:exp(v)",
    "margin:Max(0, 1 + v)",
    "margin:tanh(v)",
    "margin:Max(-v, -2*v)",
    "margin:Max(0, 1 - Abs(v))",
    "margin:(v + 1)**2",
    DeclaredMargin("parabola"),
    DeclaredMargin("exponentials"),
)


def agree(loss: Loss | str, d: Finite, reach: str, members: str, tolerance: float) -> bool:
    """Whether there is an answer; it has to be the brute force."""
    try:
        gap = minimizability_gap(loss, d, reach, members)  # type: ignore[arg-type]
    except EngineCannotAnswerError as refused:
        assert refused.reason
        return False
    bound = None if reach == "complete" else float(reach.split(":")[1])
    value, conditional = brute_force(parse_loss(loss), d, bound, members)
    assert float(gap) == pytest.approx(value, abs=tolerance)
    assert float(gap.conditional) == pytest.approx(conditional, abs=tolerance)
    return True


@pytest.mark.parametrize("members", ["all", "constant"])
@pytest.mark.parametrize("reach", ["complete", "bounded:0.5"])
@pytest.mark.parametrize("loss", SOFTMAX, ids=str)
def test_gaps_of_softmax_liars(loss: Loss | str, reach: str, members: str) -> None:
    for d, tolerance in ((TWO, 1e-5), (THREE, 1e-3)):
        agree(loss, d, reach, members, tolerance)


@pytest.mark.parametrize("members", ["all", "constant"])
@pytest.mark.parametrize("reach", ["complete", "bounded:0.5"])
@pytest.mark.parametrize("loss", MARGIN, ids=str)
def test_gaps_of_margin_liars(loss: Loss | str, reach: str, members: str) -> None:
    agree(loss, TWO, reach, members, 1e-5)


@pytest.mark.parametrize("reach", ["complete", "bounded:0.5"])
@pytest.mark.parametrize(
    ("loss", "d"),
    [
        ("logistic", TWO),
        ("mae", THREE),
        ("comp-sum:tau=3", THREE),
        ("softmax:1 - u**2", THREE),
        (Declared("concave", "convex in softmax"), THREE),
        ("hinge", TWO),
        ("margin:Max(0, 1 - v, -3*v)", TWO),
        ("margin:Piecewise((1 - v, v < 1), (0, True))", TWO),
        ("margin:exp(-v)", TWO),
        ("sigmoid", TWO),
    ],
    ids=str,
)
def test_what_holds_is_answered_exactly(loss: Loss | str, d: Finite, reach: str) -> None:
    assert minimizability_gap(loss, d, reach, "constant").exact
    assert agree(loss, d, reach, "constant", 1e-5 if d is TWO else 1e-3)


@pytest.mark.parametrize(
    ("loss", "reach", "said"),
    [
        (SOFTMAX[0], "bounded:0.5", "one finite and smooth formula"),
        (SOFTMAX[2], "complete", "one finite and smooth formula"),
        (Declared("bent", "concave in softmax"), "complete", "not to satisfy 'concave'"),
        (DeclaredMargin("parabola"), "bounded:0.5", "could not show that phi"),
        (MARGIN[0], "complete", "continuous at -1"),
        (MARGIN[4], "bounded:0.5", "does not increase"),
        (MARGIN[6], "complete", "falls without bound"),
    ],
    ids=str,
)
def test_a_refusal_says_what_is_missing(loss: Loss | str, reach: str, said: str) -> None:
    problem = PointwiseProblem(loss, hypotheses=reach, n_classes=2)  # type: ignore[arg-type]
    with pytest.raises(EngineCannotAnswerError, match=said):
        derive_best_in_class(problem)


def test_a_negative_gap_of_a_solver_is_refused_with_its_two_risks() -> None:
    from hconsist.errors import EngineCannotAnswerError
    from hconsist.gaps.gap import difference

    with pytest.raises(EngineCannotAnswerError, match="missed a least risk"):
        difference(Estimate(0.8, 0.0, "solver"), Estimate(1.2, 0.0, "solver"), False, "")
