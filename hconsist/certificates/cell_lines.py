"""Lines below T that touch a cell of label distributions, and the hull of its corners."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from dataclasses import dataclass, field
from fractions import Fraction

from hconsist.certificates.methods import first_method
from hconsist.checker import Rejected, Tree
from hconsist.checker.obligations import Sign
from hconsist.checker.piecewise import read
from hconsist.checker.trees import minus, put
from hconsist.engines.rigorous.piecewise.cells import Part, RegretPair, crossing

_METHODS = ("algebra:0", "algebra:1", "algebra:2", "balls:0", "balls:1", "balls:2")
#: A slope for lines that end at a cell.
_STEEP = Fraction(1000)

Line = tuple[Fraction, Fraction]
Point = tuple[Fraction, Fraction]


@dataclass
class CellLines:
    """Lines below T, each under the cells that it lies below."""

    cells: list[tuple[RegretPair, Part]]
    found: list[Line] = field(default_factory=list)

    def number(self, line: Line) -> int:
        """The line's place in the table."""
        if line not in self.found:
            self.found.append(line)
        return self.found.index(line)

    def below(self, part: Part) -> list[int]:
        """The numbers of the lines below a cell."""
        return [j for j, line in enumerate(self.found) if is_below(line, part)]


def is_below(line: Line, part: Part) -> bool:
    """Whether a line lies below a cell, by its corners."""
    slope, level = line
    return all(low >= slope * b + level for b, low, _ in part.corners)


def lines_of(part: Part) -> list[Line]:
    """Lines of slope >= 0 below a cell that touch it: the edges of the hull of its corners, the
    least value, and a steep line at its end.
    """
    if not part.corners:
        return [(Fraction(0), Fraction(0))]
    hull = sorted_hull([(b, low) for b, low, _ in part.corners])
    found = [(Fraction(0), min(v for _, v in hull))]
    for (b, v), (c, w) in itertools.pairwise(hull):
        slope = (w - v) / (c - b)
        if slope > 0:
            found.append((slope, v - slope * b))
    steep = max(_STEEP, found[-1][0])
    end, top = hull[-1]
    return [*found, (steep, top - steep * end)]


def _turns_right(a: Point, b: Point, c: Point) -> bool:
    return (b[0] - a[0]) * (c[1] - a[1]) <= (b[1] - a[1]) * (c[0] - a[0])


def sorted_hull(points: list[Point]) -> list[Point]:
    """The lower hull of points, by abscissa."""
    best: dict[Fraction, Fraction] = {}
    for b, v in points:
        best[b] = min(v, best.get(b, v))
    hull: list[Point] = []
    for point in sorted(best.items()):
        while len(hull) > 1 and _turns_right(hull[-2], hull[-1], point):
            hull.pop()
        hull.append(point)
    return hull


def place(part: Part, beta: Fraction) -> tuple[Fraction, tuple[Fraction, ...]] | None:
    """The least regret of a part at target regrets >= beta, from above, and where."""
    found = crossing([(b, high) for b, _, high in part.corners], beta)
    if found is None:
        return None
    regret, i, j, share = found
    p, q = part.cell.points[i], part.cell.points[j]
    return regret, tuple(x + share * (y - x) for x, y in zip(p, q, strict=True))


def shown(term: Tree, low: str, high: str) -> str | None:
    """The first method by which a term is >= 0 between two numbers."""
    return first_method(Sign(term, "x", low, high, _METHODS[0]), _METHODS)


def cuts(claim: Tree) -> set[Fraction]:
    """The rational numbers at which a claim changes its case, or its maximum of affine parts."""
    found: set[Fraction] = set()
    if isinstance(claim, list):
        if claim[0] == "ifle" and isinstance(claim[2], str):
            found.add(Fraction(claim[2]))
        if claim[0] == "max":
            found |= _ties(minus(claim[1], claim[2]))
        for part in claim[1:]:
            found |= cuts(part)
    return found


def _ties(difference: Tree) -> set[Fraction]:
    """Where an affine difference vanishes."""
    try:
        f = read(put(difference, "b", "s1"), ["s1"])
    except (Rejected, ValueError):
        return set()
    return {-f.constant / f.slopes[0]} if not f.maxima and f.slopes[0] else set()


def grid(largest: Fraction) -> list[Fraction]:
    """Sixteenths of the largest target regret."""
    return [largest * Fraction(k, 16) for k in range(1, 17)]


def texts(values: Iterable[Fraction]) -> list[str]:
    """Rationals as a certificate writes them."""
    return [str(v) for v in values]
