"""The pair lemma in a box (docs/theory.md): a lower bound of T for one predicted label, any number
of labels, and a loss convex in the softmax value.

At the best scores that predict j in place of label 1 both have the largest softmax value M. With
S' = (M + e, M - c e, the others lifted to (M + e)/R where they are below), c = 1 + (n - 2)/R, the
regret is at least ``g(M) - (1 + b)/2 g(M + e) - (1 - b)/2 g(M - c e)``: no label but these two
gains, and their probabilities weigh no less than (1 + b)/2 and (1 - b)/2. So T(b) is at least the
least over 1/n <= M <= 1/(2 + (n - 2)/R) of the largest such number over e.
"""

from __future__ import annotations

import heapq
import itertools
from fractions import Fraction
from typing import TYPE_CHECKING

from scipy.optimize import minimize_scalar

from hconsist.arithmetic import BALLS, endpoints
from hconsist.arithmetic.derivatives import BALL_JETS
from hconsist.arithmetic.exact import Value
from hconsist.arithmetic.floats import FLOATS
from hconsist.arithmetic.jet import Jet, variable
from hconsist.engines.rigorous.line import hull
from hconsist.losses.facts import Curve

if TYPE_CHECKING:
    from flint import arb

_BOXES = 1_000


class PairInBox:
    """Lower bounds of T(beta) over the largest softmax value M.

    Parameters
    ----------
    g : Curve
        Convex and non-increasing.
    ratio : ball or None
        The largest ratio of two softmax values; None where there is no bound.
    n : int
    beta : Fraction
    """

    def __init__(self, g: Curve, ratio: arb | None, n: int, beta: Fraction) -> None:
        self.g, self.n = g, n
        others = BALLS.const(n - 2) / ratio if ratio is not None else BALLS.const(0)
        self.c = 1 + others
        # outward: more values of M cost nothing
        self.largest = endpoints(1 / (2 + others))[1]
        inverse = float((1 / ratio).mid()) if ratio is not None else 0.0
        self._most = (1 - inverse) / (float(self.c.mid()) + inverse) * (1 - 1e-12)
        self._up, self._down = (1 + beta) / 2, (1 - beta) / 2

    def least(self, width: Fraction) -> Fraction:
        """A lower bound of T(beta), within the width of the regret of two labels if it is that."""
        goal = self._jet(BALLS.const(self.largest), self._share(float(self.largest))).v
        enough = endpoints(goal)[0] - width if goal.is_finite() else Fraction(0)
        order = itertools.count()
        first = min(Fraction(1, self.n), self.largest)
        heap = [(self.over(first, self.largest), next(order), first, self.largest)]
        for _ in range(_BOXES):
            low, _, left, right = heap[0]
            if low >= enough or left == right:
                break
            if right - left < right / 2**10 and low < enough - Fraction(1, 100) * abs(enough):
                break  # it is not the regret of two labels: no box would change that
            heapq.heappop(heap)
            middle = (left + right) / 2 if right < 2 * left else Fraction((left * right) ** 0.5)
            for a, b in ((left, middle), (middle, right)):
                heapq.heappush(heap, (max(low, self.over(a, b)), next(order), a, b))
        return heap[0][0]

    def over(self, left: Fraction, right: Fraction) -> Fraction:
        """A lower bound for every M in [left, right]."""
        found = Fraction(0)  # no regret is negative
        for share in {self._share(float(right)), self._share(float((left + right) / 2))}:
            low = self._over(left, right, share)
            found = found if low is None else max(found, low)
        return found

    def _over(self, left: Fraction, right: Fraction, share: Fraction) -> Fraction | None:
        box = self._jet(hull(left, right), share)
        ends = [self._jet(BALLS.const(x), share) for x in (left, (left + right) / 2, right)]
        if not all(v.is_finite() for j in (box, *ends) for v in (j.v, j.d1)):
            return None
        half = (right - left) / 2
        slope, steep = endpoints(ends[1].d1), endpoints(box.d1)
        if box.d2.is_finite():  # no kink inside
            bend = max(abs(x) for x in endpoints(box.d2))
            steep = max(slope[0] - bend * half, steep[0]), min(slope[1] + bend * half, steep[1])
        if steep[1] <= 0:
            return endpoints(ends[2].v)[0]
        if steep[0] >= 0:
            return endpoints(ends[0].v)[0]
        drop = max(-steep[0], steep[1]) * half
        return max(endpoints(box.v)[0], endpoints(ends[1].v)[0] - drop)

    def _jet(self, M: Value, share: Fraction) -> Jet:
        """The number at e = share M."""
        m, x = variable(M), BALLS.const(share)
        found: Jet = self.g(m, BALL_JETS) - self.g(m * (1 + x), BALL_JETS) * BALLS.const(self._up)
        if self._down:
            found = found - self.g(m * (1 - self.c * x), BALL_JETS) * BALLS.const(self._down)
        return found

    def _share(self, M: float) -> Fraction:
        """The best e / M at a float M; what it proves does not depend on how good it is."""
        up, down, cost = float(self._up), float(self._down), float(self.c.mid())

        def risk(x: float) -> float:
            high = up * float(self.g(min(M * (1 + x), 1.0), FLOATS))
            return high + down * float(self.g(M * (1 - cost * x), FLOATS)) if down else high

        try:
            found = minimize_scalar(risk, bounds=(0.0, self._most), method="bounded",
                                    options={"xatol": 1e-12})  # fmt: skip
        except (ValueError, OverflowError, ZeroDivisionError):
            return Fraction(0)
        return Fraction(min(max(float(found.x), 0.0), self._most))


def least_pair(g: Curve, ratio: arb | None, n: int, beta: Fraction, width: Fraction) -> Fraction:
    """A lower bound of T(beta); it stops within the width of the regret of two labels.

    Examples
    --------
    >>> from hconsist.losses import parse_loss
    >>> from hconsist.losses.forms import OfSoftmax
    >>> g = parse_loss("logistic").form(OfSoftmax).g
    >>> bound = least_pair(g, None, 10, Fraction(3, 10), Fraction(1, 10**7))
    >>> 0.0457004 < bound <= 0.0457006
    True
    """
    return PairInBox(g, ratio, n, beta).least(width)
