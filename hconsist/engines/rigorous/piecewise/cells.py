"""Cells of label distributions, cut until both least risks are linear in each.

A risk is a minimum of linear functions of p, one for each vector of losses. Where the losses that
are best at a cell's centre are best at all its corners, the risk is linear there; otherwise the
plane between them and those of some corner cuts the cell."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction

from hconsist.checker.cells import Cell, dot
from hconsist.checker.rules.cells import is_symmetric, region, wanted
from hconsist.checker.rules.risks import cost_rows
from hconsist.checker.statements import Statement
from hconsist.engines.rigorous.piecewise.risks import LeastRisks, Solved, UnboundedError

Vector = tuple[Fraction, ...]
#: Rays along which risks may fall without end.
_RAYS = 100


@dataclass
class Part:
    """A cell of a pair of predictions; once it is cut, the two halves.

    Attributes
    ----------
    cell : Cell
    right, best : Solved
        The least risks at the centre: of scores that may predict the pair's first prediction, and
        of all scores.
    corners : list of (Fraction, Fraction, Fraction)
        Of each point: the target regret, and the surrogate regret less and more than which it is
        not, the scores being those of `best` and `right`.
    """

    cell: Cell
    right: Solved | None = None
    best: Solved | None = None
    corners: list[tuple[Fraction, Fraction, Fraction]] = field(default_factory=list)
    wall: Vector | None = None
    halves: tuple[Part, Part] | None = None
    linear: bool = False


class RegretPair:
    """The regrets of one prediction against another, over all distributions.

    Parameters
    ----------
    least : LeastRisks
    predicted, best : int
    symmetric : bool
        Whether sorted distributions suffice.
    """

    def __init__(self, least: LeastRisks, predicted: int, best: int, symmetric: bool) -> None:
        self.least, self.predicted, self.against = least, predicted, best
        costs = cost_rows(least.statement)
        self.d = tuple(x - y for x, y in zip(costs[predicted], costs[best], strict=True))
        self.rays: list[Vector] = []
        self.root = self._part(self._bounded(region(costs, best, symmetric)))

    def _bounded(self, cell: Cell) -> Cell:
        """The part of a cell where no risk falls without end."""
        for p in cell.points:
            try:
                self.least.at(p, None)
            except UnboundedError:
                if len(self.rays) >= _RAYS:
                    raise
                ray = self.least.ray(p)
                self.rays.append(ray)
                rises = self.least.risks.rises([str(x) for x in ray])
                if dot(p, rises) >= 0:
                    raise
                return self._bounded(cell.part(rises))
        return cell

    def _part(self, cell: Cell) -> Part:
        if not cell.points:
            return Part(cell, linear=True)
        count = len(cell.points)
        centre = tuple(sum(x, Fraction(0)) / count for x in zip(*cell.points, strict=True))
        # A centre of small numbers is as good, where it lies inside.
        near = _simple(centre)
        centre = (
            near
            if all(dot(w, near) > 0 or dot(w, centre) == 0 == dot(w, near) for w in cell.walls)
            else centre
        )
        right, best = self.least.at(centre, self.predicted), self.least.at(centre, None)
        part = Part(cell, right, best)
        for p in cell.points:
            floor = self.least.at(p, self.predicted).low - dot(p, best.losses)
            top = dot(p, right.losses) - self.least.at(p, None).low
            part.corners.append((dot(p, self.d), floor, top))
        part.wall = self._wall(part)
        part.linear = part.wall is None
        return part

    def _wall(self, part: Part) -> Vector | None:
        """A plane between losses that are best at the centre and at the worst corner."""
        found, worst = None, Fraction(0)
        for solved, predicted in ((part.right, self.predicted), (part.best, None)):
            assert solved is not None
            for p in part.cell.points:
                here = self.least.at(p, predicted)
                excess = dot(p, solved.losses) - here.high
                if excess > worst:
                    worst = excess
                    found = tuple(x - y for x, y in zip(solved.losses, here.losses, strict=True))
        return found

    def split(self, part: Part) -> tuple[Part, Part]:
        """The two halves of a part that is not linear."""
        if part.halves is None:
            assert part.wall is not None
            below = self._part(part.cell.part([-x for x in part.wall]))
            part.halves = below, self._part(part.cell.part(part.wall))
        return part.halves


def _simple(p: Vector) -> Vector:
    rounded = [x.limit_denominator(64) for x in p]
    rounded[-1] = 1 - sum(rounded[:-1], Fraction(0))
    return tuple(rounded)


def pairs_of(least: LeastRisks) -> tuple[bool, list[RegretPair]]:
    """Whether the loss is seen to be symmetric, and the pairs of predictions that matter: one, for
    a symmetric loss and the zero-one target.
    """
    s: Statement = least.statement
    symmetric = s.costs is None and is_symmetric(least.risks)
    return symmetric, [RegretPair(least, r, best, symmetric) for r, best in wanted(s, symmetric)]


def least_from(points: list[tuple[Fraction, Fraction]], beta: Fraction) -> Fraction | None:
    """The least value over the hull of points at abscissae >= beta; None where there are none."""
    found = crossing(points, beta)
    return None if found is None else found[0]


def crossing(
    points: list[tuple[Fraction, Fraction]], beta: Fraction
) -> tuple[Fraction, int, int, Fraction] | None:
    """That value, with the two points and the share of the second where it is taken."""
    best: tuple[Fraction, int, int, Fraction] | None = None
    for i, (b, v) in enumerate(points):
        if b >= beta:
            if best is None or v < best[0]:
                best = v, i, i, Fraction(0)
            continue
        for j, (c, w) in enumerate(points):
            if c >= beta:
                share = (beta - b) / (c - b)
                value = v + share * (w - v)
                if best is None or value < best[0]:
                    best = value, i, j, share
    return best
