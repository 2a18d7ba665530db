"""Cells: polytopes of label distributions, cut by planes, with their corners.

**Lemma 6.** Let P be the set of p in the simplex with <w, p> >= 0 for every *wall* w of a cell (the
coordinates are walls too), and let its *points* be the vertices of P, each with the set of walls
that are *tight* there, <w, p> = 0. Then P is the hull of the points. And the vertices of the part
of P with <w, p> >= 0 are: the points there, and where the plane <w, p> = 0 crosses the segment
between two points strictly on either side, unless all the walls that are tight at both are tight at
a third point too. At a crossing the new wall is tight, and those tight at both ends, and no other.

*Proof.* P is a polytope, so the hull of its vertices. A vertex of the part is a vertex of P or lies
inside an edge of P that crosses the plane, and a crossing inside an edge is a vertex of the part.
Two vertices p, q of P lie in the face where the walls tight at both are tight, the smallest that
contains both; it is the segment, an edge, if and only if it has no third vertex. A wall that is >=
0 at p and q and 0 between them is 0 at both.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from hconsist.checker.limits import BITS, spend, within

Vector = tuple[Fraction, ...]
#: Labels of a cell, and points of one.
LABELS, POINTS = 12, 2_000


@dataclass(frozen=True)
class Cell:
    """The hull of its points, which is where every wall is >= 0.

    Attributes
    ----------
    walls : tuple of vectors
    tight : dict
        From each vertex to the walls that are tight there, a bit for each.
    """

    walls: tuple[Vector, ...]
    tight: dict[Vector, int]

    @property
    def points(self) -> tuple[Vector, ...]:
        """The vertices."""
        return tuple(self.tight)

    def part(self, wall: Sequence[Fraction]) -> Cell:
        """The part where <wall, p> >= 0; it may have no points."""
        w, new = tuple(wall), 1 << len(self.walls)
        heights = {p: dot(w, p) for p in self.tight}
        found = {p: t | (new if heights[p] == 0 else 0)
                 for p, t in self.tight.items() if heights[p] >= 0}  # fmt: skip
        above = [p for p, h in heights.items() if h > 0]
        below = [p for p, h in heights.items() if h < 0]
        for p in above:
            for q in below:
                both = self.tight[p] & self.tight[q]
                if self._third(self.tight[p], self.tight[q]):
                    continue
                share = heights[p] / (heights[p] - heights[q])
                crossing = tuple(_small(x + share * (y - x)) for x, y in zip(p, q, strict=True))
                found[crossing] = both | new
                within(len(found), POINTS, "points of a cell")
        return Cell((*self.walls, w), found)

    def _third(self, first: int, second: int) -> bool:
        """Whether what is tight at both of two vertices is tight at a third; vertices differ in
        what is tight.
        """
        spend(len(self.tight))
        both = first & second
        return any(t & both == both and t != first and t != second for t in self.tight.values())


def simplex(n: int) -> Cell:
    """All distributions of n labels."""
    within(n, LABELS, "labels of a cell")
    axes = tuple(tuple(Fraction(i == k) for i in range(n)) for k in range(n))
    every = (1 << n) - 1
    return Cell(axes, {p: every & ~(1 << k) for k, p in enumerate(axes)})


def dot(x: Sequence[Fraction], y: Sequence[Fraction]) -> Fraction:
    """The sum of products."""
    spend(len(x))
    return sum((a * b for a, b in zip(x, y, strict=True) if a and b), Fraction(0))


def _small(x: Fraction) -> Fraction:
    within(max(x.numerator.bit_length(), x.denominator.bit_length()), 20 * BITS, "bits of a number")
    return x
