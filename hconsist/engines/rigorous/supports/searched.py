"""Lines below T by branch and bound over label distributions."""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction

from hconsist.arithmetic import endpoints
from hconsist.engines.rigorous.branch import BranchSearch, Risk
from hconsist.engines.rigorous.envelope import Line, Point, Support, Wanted
from hconsist.engines.rigorous.regions import Simplex
from hconsist.engines.rigorous.supports.known import NoPrior


class Searched(NoPrior):
    """Lines below T by branch and bound over all label distributions at once: the least
    ``C*(pool(p)) - C*(p) - slope b``.

    Parameters
    ----------
    risk : Risk
    regions : sequence of Simplex
        Of all distributions.
    lemmas : tuple of str
    max_boxes : int
        For one line.
    curvature : sequence of (Fraction, Fraction)
        Pairs (B, c) with B increasing: T is known to be at least ``c b^2`` for b <= B.
    """

    def __init__(
        self,
        risk: Risk,
        regions: Sequence[Simplex],
        lemmas: tuple[str, ...],
        max_boxes: int,
        curvature: Sequence[tuple[Fraction, Fraction]] = (),
    ) -> None:
        self.risk, self.regions, self.lemmas, self.max_boxes, self.curvature = (
            risk,
            regions,
            lemmas,
            max_boxes,
            curvature,
        )

    def top(self) -> Fraction:
        """An upper bound of T(1): all mass on the labels that others are tied with."""
        found = []
        for simplex in self.regions:
            for vertex in simplex.vertices:
                if simplex.regret(vertex) == 1:
                    tied = self.risk.best_in_class(*simplex.pool(vertex)[:2])[1]
                    found.append(
                        endpoints(tied - self.risk.best_in_class(vertex, simplex.counts)[0])[1]
                    )
        return min(found)

    def prior(self, excess: Fraction) -> tuple[list[Line], list[Point]]:
        """The tangent of ``c b^2`` where that reaches the excess, and T of two labels around it.

        Beyond B, T(b) >= c B b by star shape, so a tangent of slope at most c B stays below T on
        all of [0, 1].
        """
        lines, points = [], []
        for reach, c in self.curvature:
            if not (c > 0 and 0 < excess <= c * reach**2 / 4):
                continue
            touch = Fraction(math.sqrt(excess / c))
            if touch <= reach / 2:
                lines.append(Line(2 * c * touch, c * touch**2))
            for simplex in self.regions:
                for beta in (touch / 2, touch, 2 * touch):
                    pair = (
                        (1 + beta) / 2,
                        (1 - beta) / 2,
                        *[Fraction(0)] * (len(simplex.counts) - 2),
                    )
                    tied = self.risk.best_in_class(*simplex.pool(pair)[:2])[1]
                    points.append(
                        (
                            beta,
                            endpoints(tied - self.risk.best_in_class(pair, simplex.counts)[0])[1],
                        )
                    )
            break
        return lines, points

    def line(self, wanted: Wanted) -> Support:
        """The line of this slope. One that only has to bring in a point need not be close."""
        slope = wanted.slope

        def coarse(simplex: Simplex) -> Fraction:
            regrets = [simplex.regret(v) for v in simplex.vertices]
            least, most = min(regrets), max(regrets)
            least, most = max(least, Fraction(0)), max(most, Fraction(0))
            c = next((c for reach, c in self.curvature if most <= reach), Fraction(0))
            at = min(max(slope / (2 * c), least), most) if c else most
            return c * at * at - slope * at

        def enough(lower: Fraction, upper: Fraction) -> bool:
            """Half of the way that the new point leads below the old ones."""
            return upper - lower <= max(wanted.slack, (-wanted.level - upper) / 2)

        def progress(boxes: int, lower: float, upper: float) -> None:
            if wanted.report is not None:
                wanted.report(
                    f"slope {float(slope):.6g}: {boxes} boxes, offset between {-upper:.6g} and "
                    f"{-lower:.6g}"
                )

        search = BranchSearch(self.risk, self.regions, coarse, slope)
        found = search.run(
            wanted.slack,
            self.max_boxes,
            time_budget=wanted.seconds,
            progress=progress,
            enough=enough,
        )
        return Support(Line(slope, -found.lower), list(search.points.items()), found.reason)
