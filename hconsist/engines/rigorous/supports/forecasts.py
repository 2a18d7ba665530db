"""Lines below T for a cross-entropy forecast and any finite costs: the conjugate of T in balls.

For rational lam >= 0 and every pair of predictions, multipliers prove E_q e^{lam d} <= t on the
forecasts that lead to the first (`hconsist.engines.rigorous.plugin`). With the largest t of all
pairs, T(b) >= lam b - log t for every b: and these lines are all of T** (docs/targets.md, theorem
4).
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from hconsist.arithmetic import BALLS, endpoints
from hconsist.engines.rigorous import plugin
from hconsist.engines.rigorous.envelope import Line, Point, Support, Wanted
from hconsist.engines.rigorous.supports.known import NoPrior
from hconsist.errors import EngineCannotAnswerError
from hconsist.pointwise import PointwiseProblem

if TYPE_CHECKING:
    from flint import arb

#: How close the enclosure of T at the largest regret must be.
_WIDTH = Fraction(1, 10**12)


@dataclass(frozen=True)
class Forecasts(NoPrior):
    """Lines and points of one problem.

    Parameters
    ----------
    problem : PointwiseProblem
    scale : Fraction
        The loss is -scale log u.
    """

    problem: PointwiseProblem
    scale: Fraction

    @property
    def lemmas(self) -> tuple[str, ...]:
        """The plug-in theorem."""
        return (plugin.PLUG_IN,)

    @property
    def most(self) -> Fraction:
        """The largest regret of the target."""
        return self.problem.decision.max_regret

    def top(self) -> Fraction:
        """An upper bound of T at the largest regret.

        Raises
        ------
        EngineCannotAnswerError
            Where T is infinite there.
        """
        found = plugin.transform(self.problem, self.most, _WIDTH).upper
        if found is None:
            reason = f"T is not finite up to the largest regret {self.most}"
            raise EngineCannotAnswerError("rigorous", reason, "numeric")
        return found

    @cached_property
    def _pairs(self) -> list[plugin.DualPair]:
        return plugin.pairs_at(self.problem.decision, Fraction(1, 10**30))

    def line(self, wanted: Wanted) -> Support:
        """The line of this slope, and a point where it nearly touches."""
        lam = wanted.slope / self.scale
        largest, touching = BALLS.const(0), None  # log V(lam) >= 0: a tie has regret 0
        for pair in sorted(self._pairs, key=lambda pair: pair.chord(lam), reverse=True):
            limit = float(largest.mid())
            if touching is not None and pair.chord(lam) < limit - 1e-9 * (1 + abs(limit)):
                bound = self._chord(pair, lam)
                if bound is not None and bound < largest:
                    continue
            moment = pair.moment(lam)
            if moment is None:  # no forecast leads there
                continue
            value = BALLS.const(lam * pair.top) + BALLS.log(BALLS.const(moment))
            if touching is None or value.mid() > largest.mid():
                touching = pair
            largest = largest.max(value)
        offset = self.scale * endpoints(largest)[1]
        point = None if touching is None else self._point(touching, lam)
        points = [] if point is None else [point]
        return Support(Line(wanted.slope, offset), points)

    def _chord(self, pair: plugin.DualPair, lam: Fraction) -> arb | None:
        """Theorem 2's bound of log E e^{lam d}, in balls, for the prediction of least cost."""
        a, g = -min(pair.d), pair.top
        if self.problem.decision.rule != "least expected cost" or a <= 0:
            return None
        low, high = BALLS.exp(BALLS.const(-lam * a)), BALLS.exp(BALLS.const(lam * g))
        mean = (BALLS.const(g) * low + BALLS.const(a) * high) / BALLS.const(a + g)
        found: arb = BALLS.log(mean)
        return found

    def _point(self, pair: plugin.DualPair, lam: Fraction) -> Point | None:
        """The rational forecast that is worst at lam, p tilted from it, and their divergence."""
        found = pair.program(float(lam))
        q = None if found is None else pair.region.near(found[1])
        if q is None:
            return None
        weights = np.array([float(v) for v in q]) * np.exp(float(lam) * pair.below)
        p = plugin.distribution(weights)
        regret = sum((a * x for a, x in zip(p, pair.d, strict=True)), Fraction(0))
        if not 0 < regret <= self.most:
            return None
        return regret, self.scale * plugin.divergence(p, q)
