"""Lines below T of a margin loss: one a score, or over the finitely many scores that matter."""

from __future__ import annotations

import heapq
import itertools
import math
from collections.abc import Sequence
from fractions import Fraction

from hconsist.arithmetic import BALLS, Ops, endpoints
from hconsist.arithmetic.derivatives import FLOAT_JETS
from hconsist.arithmetic.exact import Value
from hconsist.arithmetic.jet import variable
from hconsist.engines.rigorous.binary import BinaryRisk
from hconsist.engines.rigorous.envelope import Line, Support, Wanted
from hconsist.engines.rigorous.line import halved
from hconsist.engines.rigorous.supports.known import NoPrior
from hconsist.losses.facts import Curve

#: Most intervals of beta for one line.
_PIECES = 500


class MarginScores(NoPrior):
    """Lines below T of a convex margin loss, one for each score f: ``T(b) >= phi(0) - R_b(f)``,
    affine in b.

    Parameters
    ----------
    phi : Curve
        Convex with a negative slope at 0.
    bound : Fraction or None
    """

    lemmas: tuple[str, ...] = ()

    def __init__(self, phi: Curve, bound: Fraction | None) -> None:
        self.phi, self.bound = phi, bound

    def top(self) -> Fraction:
        """An upper bound of T(1)."""
        return self._upper(Fraction(1))

    def _upper(self, beta: Fraction) -> Fraction:
        tied = endpoints(self.phi(BALLS.const(0), BALLS))[1]
        return tied - BinaryRisk(self.phi, beta, self.bound).convex_minimum()[0]

    def line(self, wanted: Wanted) -> Support:
        """The line of the score f with ``(phi(-f) - phi(f)) / 2 = slope``, or of the bound where
        there is none.
        """

        def half_jump(f: float) -> float:
            try:
                return float(self._jet(-f, FLOAT_JETS).v - self._jet(f, FLOAT_JETS).v) / 2 - float(
                    wanted.slope
                )
            except OverflowError:
                return math.inf

        reach = float(self.bound) if self.bound is not None else 1.0
        while self.bound is None and half_jump(reach) < 0 and reach < 2**20:
            reach *= 2
        at = Fraction(reach) if self.bound is None else self.bound
        if half_jump(reach) > 0:
            at = Fraction(halved(lambda f: half_jump(f) < 0, 0.0, reach))
        forward, backward = (self.phi(BALLS.const(f), BALLS) for f in (at, -at))
        tied = self.phi(BALLS.const(0), BALLS)
        # On [0, 1] the lower end of the slope errs on the right side.
        line = Line(
            endpoints((backward - forward) / 2)[0], endpoints((forward + backward) / 2 - tied)[1]
        )
        up, down = self._jet(float(at), FLOAT_JETS).d1, self._jet(-float(at), FLOAT_JETS).d1
        beta = _unit((down - up) / (down + up)) if down + up < 0 else Fraction(1)
        return Support(line, [(beta, self._upper(beta))] if beta else [])

    def _jet(self, f: float, ops: Ops) -> Value:
        return self.phi(variable(f), ops)


class FiniteScores(NoPrior):
    """Lines below T of a margin loss whose risks are least at finitely many scores, by bisection of
    [0, 1].

    ``T(b) = A(b) - inf R_b`` with A(b) the least R_b over scores f <= 0. Both are minima of
    functions affine in b. So on an interval A is at least its chord, ``inf R_b`` at most R_b(f) for
    any f, and T - slope b is bounded below at the two ends.

    Parameters
    ----------
    phi : Curve
    scores : sequence of Fraction or None
        Non-negative; with f stands -f. None is infinity.
    """

    lemmas: tuple[str, ...] = ()

    def __init__(self, phi: Curve, scores: Sequence[Fraction | None]) -> None:
        import flint

        balls = [flint.arb("inf") if f is None else BALLS.const(f) for f in scores]
        pairs = [(phi(f, BALLS), phi(-f, BALLS)) for f in balls]
        self.right, self.wrong = pairs, [(backward, forward) for forward, backward in pairs]

    def top(self) -> Fraction:
        """An upper bound of T(1)."""
        return self._upper(Fraction(1))

    @staticmethod
    def _risk(beta: Fraction, pair: tuple[Value, Value]) -> Value:
        return BALLS.const((1 + beta) / 2) * pair[0] + BALLS.const((1 - beta) / 2) * pair[1]

    def _upper(self, beta: Fraction) -> Fraction:
        wrong = min(endpoints(self._risk(beta, pair))[1] for pair in self.wrong)
        return wrong - min(
            endpoints(self._risk(beta, pair))[0] for pair in (*self.right, *self.wrong)
        )

    def line(self, wanted: Wanted) -> Support:
        """The line of this slope, found by cutting the interval of the least bound."""
        slope, order = wanted.slope, itertools.count()
        points = {Fraction(0): Fraction(0), Fraction(1): self.top()}

        def entry(left: Fraction, right: Fraction) -> tuple[Fraction, int, Fraction, Fraction]:
            middle, low = (left + right) / 2, Fraction(0)
            points[middle] = self._upper(middle)
            score = min(
                (*self.right, *self.wrong), key=lambda pair: float(self._risk(middle, pair).mid())
            )
            for beta in (left, right):
                tied = min(endpoints(self._risk(beta, pair))[0] for pair in self.wrong)
                low = min(low, tied - endpoints(self._risk(beta, score))[1] - slope * beta)
            return low, next(order), left, right

        heap = [entry(Fraction(0), Fraction(1))]
        while len(heap) < _PIECES:
            if (
                min((v - slope * b for b, v in points.items()), default=Fraction(0)) - heap[0][0]
                <= wanted.slack
            ):
                break
            _, _, left, right = heap[0]
            middle = (left + right) / 2
            heapq.heapreplace(heap, entry(left, middle))
            heapq.heappush(heap, entry(middle, right))
        reason = (
            "" if len(heap) < _PIECES else f"the box budget ran out after {len(heap)} intervals"
        )
        return Support(Line(slope, -heap[0][0]), list(points.items()), reason)


def _unit(value: float) -> Fraction:
    """A float as a rational in [0, 1]."""
    return Fraction(min(max(value, 0.0), 1.0))
