"""Each rule of consistency where exactly one of its conditions fails: it must stay silent. And the
constants of counterexamples against grids.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any, ClassVar

import numpy as np
import pytest
import sympy

from hconsist.arithmetic import NUMPY, Ops, Value
from hconsist.consistency import calculus
from hconsist.consistency.rules import RULES
from hconsist.consistency.rules.case import Case
from hconsist.consistency.rules.softmax import _capped
from hconsist.decisions import parse_target
from hconsist.losses import (
    Constrained,
    Loss,
    MarginLoss,
    MaxLoss,
    ProbabilityLoss,
    SoftmaxLoss,
    SumLoss,
    UserMarginLoss,
    ZLoss,
    parse_loss,
)
from hconsist.losses.facts import Curve

FUNCTIONS = {rule.name: rule.function for rule in RULES}
RISES = "Piecewise((1-tanh(v),v<0),(1-tanh(v)+v**2/(1+v**4),True))"
DIPS = "Min(1,Max(0,1-v))+Min(1/2,Max(0,v/2-1/2))"
#: Nonconvex, falling, bounded, with a slope at 0 and none at -1.
STATIONARY = "Piecewise((2-(v**2+1)*exp(v),v<0),(exp(-v),True))"
STEPS = "Max(Min(1,Max(0,1-v)),-v)"


def margin(how: Any, formula: str) -> Loss:
    loss: Loss = how(UserMarginLoss(formula))
    return loss


@dataclass(frozen=True)
class SeesTheSum(Loss):
    """Two labels: the exponential of the margin, and the square of the sum of the scores."""

    spec_name: ClassVar[str] = "sees-the-sum"
    shift_invariant: ClassVar[bool] = False

    def losses(self, scores: Value, ops: Ops) -> Value:
        total = ops.sum(ops.rows(scores))
        return ops.exp(-(scores - total / ops.const(2))) + total * total


@dataclass(frozen=True)
class Unbounded(ProbabilityLoss):
    """Not continuous where a label has probability 0."""

    kind: str = "log"
    spec_name: ClassVar[str] = "unbounded"

    def of_probabilities(self, q: Value, ops: Ops) -> Value:
        squares = ops.sum(ops.rows(ops.power(q, 2)))
        return squares + (-ops.log(q) if self.kind == "log" else ops.const(1) / q)


@dataclass(frozen=True)
class NearlyRobust(ProbabilityLoss):
    """The form of RLL, but for alpha = 0, or with the other labels counted twice."""

    alpha: int = 0
    times: int = 1
    spec_name: ClassVar[str] = "nearly-robust"

    def of_probabilities(self, q: Value, ops: Ops) -> Value:
        logs = ops.log(ops.const(self.alpha) + q)
        others = ops.sum(ops.rows(logs)) - logs
        return ops.const(self.times) * others / ops.const(q.shape[-1] - 1) - logs


@dataclass(frozen=True)
class OfDifferences(ProbabilityLoss):
    """Sums over the other labels of a function of the difference of the probabilities."""

    kind: str = "flat at ties"
    spec_name: ClassVar[str] = "of-differences"

    def of_probabilities(self, q: Value, ops: Ops) -> Value:
        d = ops.differences(q)  # own less other
        cube = d * d * d
        return ops.sum_others(-cube if self.kind == "flat at ties" else ops.const(3) * cube - d)


@dataclass(frozen=True)
class PoleAtCertainty(ProbabilityLoss):
    """-1 / (the probability of the other labels): no value where the label is certain."""

    spec_name: ClassVar[str] = "pole-at-certainty"

    def of_probabilities(self, q: Value, ops: Ops) -> Value:
        return -ops.const(1) / (ops.sum(ops.rows(q)) - q)


@dataclass(frozen=True)
class FlatInShare(SoftmaxLoss):
    spec_name: ClassVar[str] = "flat-in-share"

    def of_softmax(self, u: Value, ops: Ops) -> Value:
        return ops.const(1) + 0 * u


@dataclass(frozen=True)
class FlatInMargin(MarginLoss):
    spec_name: ClassVar[str] = "flat-in-margin"

    def of_margin(self, u: Value, ops: Ops) -> Value:
        return ops.const(1) + 0 * u


@dataclass(frozen=True)
class RisingInZ(ZLoss):
    """The square of the standardised score, which rises where it is positive."""

    spec_name: ClassVar[str] = "rising-in-z"

    def of_standardised(self, z: Value, ops: Ops) -> Value:
        return ops.power(z, 2)


@dataclass(frozen=True)
class HoldsTies(ProbabilityLoss):
    """Minus the own probability, and all distances of probabilities, or their cornered squares."""

    kind: str = "distances"
    spec_name: ClassVar[str] = "holds-ties"

    def of_probabilities(self, q: Value, ops: Ops) -> Value:
        d = ops.differences(q)
        if self.kind == "distances":
            size = ops.absolute(d)
        else:  # the root of a square that SymPy does not see
            own = ops.rows(q)
            size = ops.power(
                own * own + (own + d) * (own + d) - 2 * own * (own + d), Fraction(1, 2)
            )
        return -q + ops.total(ops.sum_others(size))


@dataclass(frozen=True)
class JumpsInZ(ZLoss):
    """It falls on both sides of 3/4, and rises by 5 there, or bends up and holds ties."""

    rise: int = 5
    spec_name: ClassVar[str] = "jumps-in-z"

    def of_standardised(self, z: Value, ops: Ops) -> Value:
        at = ops.const(Fraction(3, 4))
        before = -9 * (z - at)
        return ops.select([(ops.less(z, at, strict=True), before), (True, self.rise - (z - at))])


SILENT: list[tuple[str, Loss | str, int, str]] = [
    # g is a constant: the cap lies below all of it; then g rises; then it does not fall at ties
    ("softmax_value", "softmax:Min(-log(u),-1)", 3, "zero-one"),
    ("softmax_value", "softmax:8*(u-1/2)**3-(u-1/2)", 2, "zero-one"),
    ("softmax_value", FlatInShare(), 3, "zero-one"),
    ("softmax_value", "softmax:-(u-1/3)**3", 3, "zero-one"),
    # an infinite slope at 0, and none at 1/4; neither convex nor concave
    ("softmax_value_top_k", "softmax:-(u**2/2-u/2+log(u)/16)", 4, "top-k:2"),
    ("softmax_value_top_k", "softmax:(1-u)+(u**2-u**3)/4", 4, "top-k:2"),
    # no slope at 1, so that certainty is no minimiser; the same below a cap
    ("softmax_value_top_k", "softmax:(1-u)**2", 4, "top-k:2"),
    ("softmax_value_top_k", "softmax:Min((1-u)**2,1/2)", 4, "top-k:2"),
    ("binary_margin", "margin:exp(-v)+3*v**2/(1+v**2)", 2, "zero-one"),
    ("binary_margin", "margin:-tanh(v**3)", 2, "zero-one"),
    ("binary_margin", SeesTheSum(), 2, "zero-one"),
    ("max_loss", margin(MaxLoss, "v**2-v"), 3, "zero-one"),
    ("sum_loss", margin(SumLoss, "1/(1+exp(v))"), 3, "zero-one"),
    ("sum_loss", margin(SumLoss, "Max(0,-v)**2"), 3, "zero-one"),
    ("sum_loss", margin(SumLoss, "-v"), 3, "zero-one"),
    ("flat_behind_sum", margin(SumLoss, DIPS), 3, "zero-one"),
    ("flat_behind_sum", margin(SumLoss, "Min(1,exp(-v))"), 3, "zero-one"),
    ("flat_behind_sum", margin(SumLoss, "1-Min(1,Max(0,v-1))"), 3, "zero-one"),
    ("flat_behind_sum", margin(SumLoss, STEPS), 3, "zero-one"),
    ("probability_loss", Unbounded(), 3, "zero-one"),
    ("probability_loss", Unbounded("inverse"), 3, "zero-one"),
    ("probability_loss", OfDifferences(), 2, "zero-one"),
    ("probability_loss", OfDifferences("turns"), 2, "zero-one"),
    ("probability_loss", PoleAtCertainty(), 3, "zero-one"),
    ("probability_loss", HoldsTies(), 2, "zero-one"),
    ("probability_loss", HoldsTies(), 3, "zero-one"),
    ("probability_loss", HoldsTies("roots"), 2, "zero-one"),
    ("z_loss", RisingInZ(), 3, "zero-one"),
    ("z_loss", JumpsInZ(), 3, "zero-one"),
    ("z_loss", JumpsInZ(rise=0), 4, "zero-one"),
    ("normalized", "nce", 3, "top-k:2"),
    ("robust_log", NearlyRobust(), 3, "top-k:2"),
    ("robust_log", NearlyRobust(1, 2), 3, "top-k:2"),
    ("constrained_loss", margin(Constrained, RISES), 3, "zero-one"),
    ("constrained_loss", Constrained(FlatInMargin()), 3, "zero-one"),
    ("constrained_loss", margin(Constrained, "1-tanh(v**3)"), 3, "zero-one"),
    ("constrained_loss", margin(Constrained, STEPS), 3, "zero-one"),
    ("constrained_loss", margin(Constrained, STATIONARY), 3, "zero-one"),
    # steeper before 0 than after it: the tie of all scores is best where p is nearly uniform
    ("constrained_loss", margin(Constrained, "exp(-v)+Max(0,-v)"), 3, "zero-one"),
    ("constrained_loss", margin(Constrained, "1-tanh(v)+Min(1,Max(0,-v))"), 3, "zero-one"),
    ("constrained_loss", margin(Constrained, "1/(1+exp(v))"), 3, "top-k:2"),
    ("constrained_loss", margin(Constrained, "Max(0,-v)**2"), 3, "top-k:2"),
    ("constrained_loss", margin(Constrained, "Max(0,2-v)"), 3, "top-k:2"),
    ("constrained_loss", margin(Constrained, "Max(0,1-v)+Max(0,v-3)"), 3, "top-k:2"),
]


@pytest.mark.parametrize(("rule", "loss", "n", "target"), SILENT, ids=str)
def test_a_rule_is_silent_where_a_condition_fails(
    rule: str, loss: Loss | str, n: int, target: str
) -> None:
    case = Case(parse_loss(loss) if isinstance(loss, str) else loss, n, parse_target(target))
    assert FUNCTIONS[rule](case) is None


@pytest.mark.parametrize(
    "spec", ["softmax:exp(-u)", "softmax:exp(-9*u)", "softmax:1-u**2/2-u/4", "softmax:2-u-u**2/3"]
)
def test_no_distribution_is_below_the_floor_of_a_counterexample(spec: str) -> None:
    loss = parse_loss(spec)
    found = FUNCTIONS["softmax_value_top_k"](Case(loss, 4, parse_target("top-k:2")))
    assert found is not None and found.counterexample is not None
    p = np.array([float(v) for v in found.counterexample.p])
    rng = np.random.default_rng(0)
    q = np.concatenate([rng.dirichlet(np.full(4, a), 4000) for a in (0.05, 0.3, 1.0)])
    risks = np.asarray(loss.losses(np.log(q + 1e-12), NUMPY)) @ p
    assert risks.min() >= float(found.counterexample.floor) - 1e-9
    assert float(found.counterexample.floor) >= risks.min() - 1e-3


@pytest.mark.parametrize(("h", "cap"), [("-log(u)", 3), ("1/u - 1", 5), ("exp(1 - u) - 1", 1)])
def test_the_constants_of_a_capped_loss(h: str, cap: int) -> None:
    u = sympy.Symbol("u", positive=True)
    body = sympy.sympify(h, locals={"u": u})
    found = _capped(sympy.Min(body, cap), u)
    assert found is not None
    end, drop, most, least = (float(v) for v in found)
    q = np.linspace(1e-9, 1, 5001)
    g = np.minimum(sympy.lambdify(u, body, "numpy")(q), cap)
    assert end == pytest.approx(g[-1]) and drop == pytest.approx(cap - g[-1])
    assert np.all(cap - g <= most * q + 1e-9)
    assert np.all(g - end >= least * (1 - q) - 1e-9)


def test_the_calculus_says_nothing_of_what_it_does_not_know() -> None:
    u, v = sympy.Symbol("u", positive=True), sympy.Symbol("v", real=True)

    def jumps(x: Any, ops: Any) -> Any:
        half = ops.const(Fraction(1, 2))
        branches = [(ops.less(x, half, strict=True), -x), (True, ops.const(5) - x)]
        return ops.select(branches)

    assert not calculus.falls(Curve("g", jumps, "unit"), -u, u)  # the slope alone
    assert not calculus.falls(Curve("g", lambda x, ops: x + 0, "unit"), u, u)
    assert not calculus.proven_negative(u - 1, u, Fraction(0), Fraction(1))
    assert not calculus._non_negative(4 * (u - sympy.Rational(1, 2)) ** 2 - 1, u)
    assert not calculus._non_negative(8 * (u - sympy.Rational(1, 2)) ** 2 - 1, u)
    assert calculus.trend(sympy.erfc(v), v) == -1
