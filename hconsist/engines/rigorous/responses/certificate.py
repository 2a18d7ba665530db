"""The bound over a whole region of softmax values, proven in balls.

Let S' be affine in the means of the groups, of sum at most 1 at the vertices of a region. Where
``g(S'_y) <= g(S_y) + offset + tilt_y slope`` holds for all labels and all S of the region, the
regret of every p that has ``p(A) - p(B) >= b`` is at least ``slope b - offset`` (docs/theory.md,
"Response lemma"). A label's answer is a line in its own softmax value, so that each condition is
about one number.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from fractions import Fraction
from typing import Any

from hconsist.arithmetic import BALLS, endpoints
from hconsist.arithmetic.derivatives import BALL_JETS
from hconsist.arithmetic.jet import variable
from hconsist.engines.rigorous.line import hull
from hconsist.engines.rigorous.responses.answers import Answers, Response, fit
from hconsist.engines.rigorous.responses.layouts import MeansRegion
from hconsist.engines.rigorous.responses.solving import TINY, Demand, Inverse, LeastSum
from hconsist.losses.facts import Curve

#: Parts into which the values of many labels, and of one, are cut, at most.
_PARTS, _FEW = 160, 24
#: Where in their range many labels are asked, for a line above all they want.
_SHARES = (0.0, 1e-3, 1e-2, 0.05, 0.1, 0.2, 0.35, 0.5, 0.75, 1.0)

_SAME = Response(Fraction(0), Fraction(1), "same")


class Certifier:
    """Bounds of T(beta) over regions.

    Parameters
    ----------
    g : Curve
        Non-increasing on (0, 1].
    ratio : ball or None
        The largest ratio of two softmax values.
    beta : Fraction
    """

    def __init__(self, g: Curve, ratio: Any, beta: Fraction) -> None:
        self.term, self.beta = g.term, beta
        self.convex = bool(g.fact("convex"))
        self.inverse = Inverse(g.term)
        zero = Fraction(0)
        #: At most, and at least, the least ratio of two softmax values.
        self.least, self.safe = (zero, zero) if ratio is None else endpoints(1 / ratio)

    def proves(self, region: MeansRegion, enough: Fraction, near: float) -> tuple[bool, float]:
        """Whether ``T(beta) >= enough`` is proven over the region, and the slope at its centre."""
        count = len(region.vertices)
        centre = [float(sum(column)) / count for column in zip(*region.vertices, strict=True)]
        highs = [float(region.most(g)) for g in range(len(region.groups))]
        program = self._program(region, centre, highs)
        slope, excess = program.ease(float(self.beta), float(enough), near)
        if excess > 0 or not 0 <= slope < math.inf:  # the lemma asks for a slope of this sign
            return False, slope
        tilt = Fraction(slope)
        offset = tilt * self.beta - enough
        aim, answers = float(offset), None
        for _ in range(3):  # all that is left of the sum goes to lower offsets
            answers = fit(
                region, self._lines(region, centre, highs, slope, aim), self.safe, self.least
            )
            rate = program.excess(slope, aim)[2]
            if answers is None or not rate < 0 or abs(answers.excess) < 1e-10:
                break
            aim = max(aim - float(answers.excess) / rate, min(0.0, float(offset)))
        holds = answers is not None and all(
            self._holds(region, g, answers, offset + region.groups[g].tilt * tilt)
            for g in range(len(region.groups))
        )
        return holds, slope

    # -- floats: what the labels ask for
    def _program(self, region: MeansRegion, centre: list[float], highs: list[float]) -> LeastSum:
        groups = []
        for g, (group, mean) in enumerate(zip(region.groups, centre, strict=True)):
            if self._ends_at_zero(region, g):
                mean = highs[g]  # what is said there holds for all that is less
            arrangements = [[(float(group.count), mean)]]
            if group.count > 1 and group.side != "tied":
                low, high = self._low(region, g, centre), highs[g]
                share = group.count * (mean - low) / (high - low) if high > low else 0.0
                if 0 < share < group.count:
                    ends = [(share, high), (group.count - share, low)]
                    arrangements.append([(w, max(s, TINY)) for w, s in ends])
            groups.append(
                [[Demand(w, self._value(s), group.tilt) for w, s in one] for one in arrangements]
            )
        return LeastSum(self.inverse, groups, float(self.safe))

    def _ends_at_zero(self, region: MeansRegion, g: int) -> bool:
        """Whether values of a group reach 0, where no line is close to what they ask for."""
        single = region.groups[g].count == 1 or region.groups[g].side == "tied"
        return single and self.inverse.steep and min(v[g] for v in region.vertices) <= 0

    def _low(self, region: MeansRegion, g: int, centre: list[float]) -> float:
        """The least that a label of the group has."""
        if region.groups[g].side == "above":
            return centre[0]
        return float(self.least) * centre[region.top]

    def _value(self, s: float) -> float:
        return self.inverse.value(max(s, TINY))

    def _ask(self, s: float, shift: float) -> float:
        """Nearly the least answer to s that does."""
        return min(self.inverse(self._value(s) + shift)[0], 1.0)

    def _lines(
        self,
        region: MeansRegion,
        centre: list[float],
        highs: list[float],
        slope: float,
        offset: float,
    ) -> list[Response]:
        """Lines near what the labels ask for."""
        lines: dict[int, Response] = {}
        many, top = [], 0.0
        for g, group in enumerate(region.groups):
            if group.count > 1 and group.side != "tied":
                many.append(g)
                continue
            shift, least = offset + group.tilt * slope, float(min(v[g] for v in region.vertices))
            if self._ends_at_zero(region, g):
                most = Fraction(self._ask(highs[g], shift))
                lines[g] = _SAME if shift >= 0 else Response(most, Fraction(0))
            else:
                lines[g] = self._tangent(centre[g], shift, least)
            top = max(top, float(lines[g].start) + float(lines[g].rate) * centre[g])
        for g in sorted(many, key=lambda g: region.groups[g].side == "below"):
            group, shift = region.groups[g], offset + region.groups[g].tilt * slope
            if self.safe and group.side == "below":
                lines[g] = self._over_floor(
                    region, g, centre, highs[g], shift, float(self.safe) * top
                )
            else:
                lines[g] = self._over_all(
                    centre[g], self._low(region, g, centre), highs[g], shift, group.tilt
                )
                top = max(top, float(lines[g].start + lines[g].rate * Fraction(highs[g])))
        for g, group in enumerate(region.groups):
            line = lines[g]
            if line.kind != "own":
                continue
            u = float(line.start) + float(line.rate) * centre[g]
            alone = group.side == "tied" or group.count == 1
            if alone and self.safe and u < float(self.safe) * top * (1 + 1e-7):
                lines[g] = Response(Fraction(0), Fraction(0), "floor")
        return [lines[g] for g in range(len(region.groups))]

    def _tangent(self, s: float, shift: float, least: float) -> Response:
        """Near what one label asks for: the tangent; a multiple, where that falls to 0."""
        u = self.inverse.polished(self._value(s) + shift)
        down = self.inverse.fall(u)
        rate = self.inverse.fall(s) / down if down > 0 else 0.0
        start = u - rate * s
        if s > 0 and start + rate * least <= 0.1 * u * least / s:
            return Response(Fraction(0), Fraction(u / s))
        return Response(Fraction(start), Fraction(rate))

    def _over_floor(
        self,
        region: MeansRegion,
        g: int,
        centre: list[float],
        high: float,
        shift: float,
        floor: float,
    ) -> Response:
        """A line from the floor that is above what any label of the group asks for."""
        low, rate = self._low(region, g, centre), 0.0
        tops = [float(v[region.top]) for v in region.vertices]
        scales = (min(tops) / centre[region.top], 1.0, max(tops) / centre[region.top])
        for share, scale in itertools.product(_SHARES[3:], scales):
            d = share * (high - low * scale)
            if d > 0:
                ask = self._ask(low * scale + d, shift)
                rate = max(rate, (ask - floor * scale) / d)
        return Response(Fraction(0), Fraction(min(1.01 * rate, 1.0)), "above floor")

    def _over_all(self, mean: float, low: float, high: float, shift: float, tilt: int) -> Response:
        """A line above what any label asks for, least at the mean, with a little to spare."""
        points = sorted({mean, *(low + share * (high - low) for share in _SHARES)})
        points = sorted({*points, *((a + b) / 2 for a, b in itertools.pairwise(points))})
        asked = [(s, self._ask(s, shift) if s > 0 else 0.0) for s in points]
        by = dict(asked)[mean]
        rates = [(y - by) / (s - mean) for s, y in asked if s != mean]
        ends = itertools.product(asked[:3], asked[-3:])
        rates += [(y - x) / (b - a) for (a, x), (b, y) in ends if a < b]
        best = (math.inf, 0.0, 0.0)
        for rate in {0.0, *(max(r, 0.0) for r in rates)}:
            start = max(t - rate * s for s, t in asked)
            best = min(best, (start + rate * mean, start, rate))
        at, start, rate = best
        spare = 1e-3 * mean if self.inverse.steep and low == 0 else 0.0
        if tilt >= 0 and 1.01 * at + spare >= mean:
            return _SAME if not self.safe else Response(Fraction(0), Fraction(1))
        return Response(Fraction(1.01 * start + spare), Fraction(1.01 * rate))

    # -- balls: what is proven
    def _holds(self, region: MeansRegion, g: int, answers: Answers, goal: Fraction) -> bool:
        """Whether ``g(answer) - g(own) <= goal`` for the labels of a group, all over the region."""
        group, line = region.groups[g], answers.lines[g]
        own = [v[g] for v in region.vertices]
        if line.kind == "floor":
            return self._crude(min(answers.floors), region.most(g), goal)
        if line.kind == "above floor":
            least = [self.least * v[region.top] for v in region.vertices]
            reach = max(t - x for t, x in zip(region.highest(g), least, strict=True))
            ends = list(zip(answers.floors, least, strict=True))
            for floor, s in ends:  # in floats first
                start = float(floor) - float(line.rate * s)
                moved = Response(Fraction(start), line.rate)
                if not self._plausible(moved, float(s), float(s + reach), float(goal)):
                    return False
            return self._cut(
                lambda a, c: self._over(line.rate, ends, a, c, goal),
                Fraction(0),
                max(reach, Fraction(0)),
                _PARTS,
            )
        if line.kind == "same":
            return goal >= 0
        if line.rate >= 1 and line.start >= 0 and goal >= 0:
            return True  # it answers no less than it has
        parts = _PARTS
        if group.count == 1 or group.side == "tied":
            low, high, parts = min(own), max(own), _FEW
        else:
            low = min(v[0] for v in region.vertices) if group.side == "above" else Fraction(0)
            high = region.most(g)
            if goal >= 0 and group.side == "below":
                # below this it answers no less than it has
                low = line.start / (1 - line.rate)
                if low >= high:
                    return True
        if not self._plausible(line, float(low), float(high), float(goal)):
            return False
        return self._cut(lambda a, c: self._part(line, a, c, goal), low, high, parts)

    def _plausible(self, line: Response, low: float, high: float, goal: float) -> bool:
        """Whether the condition holds in floats at some points: saves a proof that must fail."""
        start, rate = float(line.start), float(line.rate)
        points = [low + share * (high - low) for share in _SHARES]
        return all(
            self.inverse.value(start + rate * s) - self._value(s) <= goal + 1e-12
            for s in points
            if s > TINY and start + rate * s > TINY
        )

    def _cut(
        self,
        part: Callable[[Fraction, Fraction], bool | None],
        low: Fraction,
        high: Fraction,
        most: int,
    ) -> bool:
        """Whether a condition holds over all parts, which are cut where that is open (False; None:
        it does not hold).
        """
        parts = [(low, high)]
        for _ in range(most):
            a, c = parts.pop()
            found = part(a, c)
            if not found:
                if found is None or a == c:
                    return False
                middle = Fraction(math.sqrt(a * c)) if a and c > 4 * a else (a + c) / 2
                parts += [(middle, c), (a, middle)]
            elif not parts:
                return True
        return False

    def _crude(self, answer: Fraction, own: Fraction, goal: Fraction) -> bool:
        """Whether ``g(answer) - g(own) <= goal``: for all larger answers and smaller values too."""
        found = self._g(answer) - self._g(own)
        return bool(found.is_finite() and endpoints(found)[1] <= goal)

    def _over(
        self,
        rate: Fraction,
        ends: list[tuple[Fraction, Fraction]],
        low: Fraction,
        high: Fraction,
        goal: Fraction,
    ) -> bool | None:
        """Whether ``g(floor + rate d) - g(least + d) <= goal`` for low <= d <= high and all
        mixtures of these floors and least values.

        For convex g a tangent takes the place of the second term; what is left is convex, and
        largest at an end.
        """
        if self._crude(min(f for f, _ in ends) + rate * low, max(s for _, s in ends) + high, goal):
            return True
        if not self.convex or max(f for f, _ in ends) + rate * high > 1:  # g is convex up to 1
            return False
        middle = sum(s for _, s in ends) / len(ends) + (low + high) / 2
        jet = self.term(variable(BALLS.const(middle), 1), BALL_JETS)
        if not (jet.v.is_finite() and jet.d1.is_finite()):
            return False
        for floor, s in ends:
            for d in (low, high):
                tangent = jet.v + jet.d1 * BALLS.const(s + d - middle)
                found = self._g(floor + rate * d) - tangent
                if not (found.is_finite() and endpoints(found)[1] <= goal):
                    return None if low == high else False
        return True

    def _g(self, u: Fraction) -> Any:
        return self.term(BALLS.const(u), BALLS)

    def _part(self, line: Response, low: Fraction, high: Fraction, goal: Fraction) -> bool | None:
        """Whether ``g(start + rate s) - g(s) <= goal`` for low <= s <= high; None: not at one s."""
        if self._crude(line.start + line.rate * low, high, goal):
            return True
        if low <= 0 or low == high:
            return False
        middle, half = (low + high) / 2, (high - low) / 2
        at = self._difference(line, BALLS.const(middle))
        if not at.v.is_finite():
            return False
        if endpoints(at.v)[1] > goal:
            return None
        box = self._difference(line, hull(low, high))
        if not box.d1.is_finite():
            return False
        steep = max(abs(x) for x in endpoints(box.d1)) * half
        if at.d1.is_finite() and box.d2.is_finite():
            slope = max(abs(x) for x in endpoints(at.d1)) * half
            bend = max(endpoints(box.d2)[1], Fraction(0)) * half**2 / 2
            steep = min(steep, slope + bend)
        return endpoints(at.v)[1] + steep <= goal

    def _difference(self, line: Response, s: Any) -> Any:
        x = variable(s)
        answer = BALLS.const(line.start) + BALLS.const(line.rate) * x
        return self.term(answer, BALL_JETS) - self.term(x, BALL_JETS)
