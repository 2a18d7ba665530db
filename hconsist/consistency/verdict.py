"""What a consistency verdict says, and the counterexample that backs a negative one."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import TYPE_CHECKING, Literal

import numpy as np

from hconsist.arithmetic import BALLS, SYMPY, evaluate, precision, to_sympy
from hconsist.consistency.costs import FreeRegret
from hconsist.decisions import Target
from hconsist.engines.derivation import Step
from hconsist.losses import Loss

if TYPE_CHECKING:
    from flint import arb
    from sympy import Expr

Status = Literal["consistent", "not consistent", "undecided"]


@dataclass(frozen=True)
class Counterexample:
    """A label distribution at which wrong predictions do as well as right ones: exact, and open to
    re-evaluation.

    Along ``scores(t) = start + t direction``, t >= 0, the ``predicted`` labels may be the
    prediction (ties fall on the worst), they are suboptimal under p, and the conditional risk tends
    to ``floor`` or below; no score vector whose prediction is right has a smaller conditional risk
    than ``floor``.

    Parameters
    ----------
    loss : Loss
    p : tuple of Fraction
    start, direction : tuple of Fraction
        The direction is zero where the infimum is attained.
    predicted : tuple of int
    floor : sympy.Expr
        Exact; minus infinity where the conditional risk is unbounded below.
    reason : str
        Why no right prediction goes below the floor.
    """

    loss: Loss
    p: tuple[Fraction, ...]
    start: tuple[Fraction, ...]
    direction: tuple[Fraction, ...]
    predicted: tuple[int, ...]
    floor: Expr
    reason: str

    @property
    def attained(self) -> bool:
        """Whether the scores do not have to go to infinity."""
        return not any(self.direction)

    def scores(self, t: object = 0) -> tuple[Fraction, ...]:
        """The score vector at t, exactly."""
        step = Fraction(str(t))
        return tuple(a + step * b for a, b in zip(self.start, self.direction, strict=True))

    def risk(self, t: object = 0) -> Expr:
        """The conditional risk at scores(t), an exact SymPy expression."""
        import sympy

        losses = self.loss.losses(
            np.array([to_sympy(s) for s in self.scores(t)], dtype=object), SYMPY
        )
        return sympy.Add(*(to_sympy(q) * loss for q, loss in zip(self.p, losses, strict=True) if q))

    def excess(self, t: object = 0) -> Expr:
        """``risk(t) - floor`` as a ball of python-flint, 256 bits: an enclosure, whatever
        cancels.
        """
        with precision(256):
            return self._ball(t) - evaluate(self.floor, {}, BALLS)

    def _ball(self, t: object) -> arb:
        losses = self.loss.losses(
            np.array([BALLS.const(s) for s in self.scores(t)], dtype=object), BALLS
        )
        return sum(
            (BALLS.const(q) * loss for q, loss in zip(self.p, losses, strict=True) if q),
            BALLS.const(0),
        )

    def check(self) -> bool:
        """Evaluate everything again but the floor's proof: the prediction is allowed, wrong, and as
        good as any right one.
        """
        k = len(self.predicted)
        wrong = sum(self.p[j] for j in self.predicted) < sum(sorted(self.p)[-k:])
        others = [i for i in range(len(self.p)) if i not in self.predicted]
        allowed = all(
            v[j] >= v[i]
            for v in (self.start, self.direction)
            for j in self.predicted
            for i in others
        )
        if sum(self.p) != 1 or not wrong or not allowed:
            return False
        if self.attained:
            return bool(self.excess() <= 1e-30)
        if self.floor.is_infinite:
            with precision(256):
                low = [self._ball(t) for t in (10, 1000, 100000)]
            return bool(low[2] < low[1] < low[0]) and bool(low[2] < -1000)
        excess = [self.excess(t) for t in (10, 1000, 100000)]
        # The floor may lie above the limit; and an excess below 1e-60 cannot be told from the next.
        return all(bool(b < a) or bool(a < 1e-60) for a, b in pairwise(excess)) and bool(
            excess[2] < 1e-4
        )

    def as_dict(self) -> dict[str, object]:
        """JSON-ready form; rational numbers as strings."""
        return {
            "loss": self.loss.spec,
            "p": [str(v) for v in self.p],
            "start": [str(v) for v in self.start],
            "direction": [str(v) for v in self.direction],
            "predicted": list(self.predicted),
            "floor": str(self.floor),
            "reason": self.reason,
        }


@dataclass(frozen=True)
class ConsistencyVerdict:
    """Whether a loss is consistent with a target on the complete hypothesis set, and why.

    Parameters
    ----------
    loss : Loss
    n_classes : int
    target : Target
    status : {"consistent", "not consistent", "undecided"}
    reason : str
        The theorem applied or, where undecided, what no rule could settle.
    steps : tuple of Step
        The proof; empty where undecided.
    counterexample : Counterexample or None
        Given with "not consistent" for the zero-one and top-k targets.
    free : FreeRegret or None
        For other targets: a regret that costs nothing, so that T = 0 up to it.
    """

    loss: Loss
    n_classes: int
    target: Target
    status: Status
    reason: str
    steps: tuple[Step, ...] = ()
    counterexample: Counterexample | None = None
    free: FreeRegret | None = None

    def __str__(self) -> str:
        return (
            f"{self.loss.spec}, n = {self.n_classes}, {self.target}: {self.status} ({self.reason})"
        )

    def as_dict(self) -> dict[str, object]:
        """JSON-ready form."""
        return {
            "loss": self.loss.spec,
            "n_classes": self.n_classes,
            "target": str(self.target),
            "status": self.status,
            "reason": self.reason,
            "steps": [
                {"statement": s.statement, "justification": s.justification} for s in self.steps
            ],
            "counterexample": None
            if self.counterexample is None
            else self.counterexample.as_dict(),
            **({} if self.free is None else {"free": self.free.as_dict()}),
        }
