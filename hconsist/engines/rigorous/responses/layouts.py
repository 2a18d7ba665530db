"""The scores that predict a wrong set, up to permutations: few groups of labels, however many
labels there are.

Let the predicted set K miss the m labels of A and hold the m of B in their place. By the pooling
lemma for top-k targets the best softmax values have one value t at the likeliest label of A, at the
least likely of B and, where m > 1, at all of A or all of B; the rest of K lies at or above t, every
other label at or below it. A layout lists the groups; its simplices are what their means can be.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

#: The mean softmax value of each group.
Means = tuple[Fraction, ...]


@dataclass(frozen=True)
class LabelGroup:
    """Labels of one role.

    Parameters
    ----------
    count : int
    tilt : int
        -1 in A, 1 in B, 0 elsewhere.
    side : str
        "tied" at t; "below" from the floor to t; "above" from t on.
    """

    count: int
    tilt: int
    side: Literal["tied", "below", "above"]


@dataclass(frozen=True)
class MeansRegion:
    """A simplex of means of the groups, whose labels sum to 1.

    Parameters
    ----------
    groups : tuple of LabelGroup
    top : int
        A group whose mean no other group exceeds, anywhere in the region.
    vertices : tuple of tuple of Fraction
    """

    groups: tuple[LabelGroup, ...]
    top: int
    vertices: tuple[Means, ...]

    def halves(self) -> tuple[MeansRegion, MeansRegion]:
        """Cut at the middle of the longest edge, in mass."""

        def length(pair: tuple[int, int]) -> Fraction:
            a, b = self.vertices[pair[0]], self.vertices[pair[1]]
            return max(g.count * abs(x - y) for g, x, y in zip(self.groups, a, b, strict=True))

        i, j = max(itertools.combinations(range(len(self.vertices)), 2), key=length)
        middle = tuple((x + y) / 2 for x, y in zip(self.vertices[i], self.vertices[j], strict=True))
        replaced = [list(self.vertices), list(self.vertices)]
        replaced[0][i] = replaced[1][j] = middle
        one, two = (MeansRegion(self.groups, self.top, tuple(v)) for v in replaced)
        return one, two

    def highest(self, g: int) -> list[Fraction]:
        """What no label of the group exceeds, affine over the region: its value at each vertex."""
        group = self.groups[g]
        if group.side == "below":
            return [v[0] for v in self.vertices]
        return [group.count * v[g] - (group.count - 1) * v[0] for v in self.vertices]

    def most(self, g: int) -> Fraction:
        """What no label of the group exceeds, anywhere in the region."""
        high = max(self.highest(g))
        if self.groups[g].side == "below":  # nor its group's sum
            high = min(high, self.groups[g].count * max(v[g] for v in self.vertices))
        return high


def regions(n: int, k: int, inverse: Fraction) -> Iterator[MeansRegion]:
    """Simplices that hold the means of the best softmax values of every wrong set.

    Parameters
    ----------
    n, k : int
        1 <= k < n.
    inverse : Fraction
        At most 1 / R, R the largest ratio of two softmax values; 0 where there is none.

    Examples
    --------
    >>> first = next(regions(5, 2, Fraction(0)))
    >>> [(g.count, g.side) for g in first.groups]
    [(1, 'tied'), (1, 'tied'), (2, 'below'), (1, 'above')]
    >>> [tuple(map(str, v)) for v in first.vertices]
    [('1/5', '1/5', '1/5', '1/5'), ('1/3', '1/3', '0', '1/3'), ('0', '0', '0', '1')]
    """
    for m in range(1, min(k, n - k) + 1):
        spread = (None,) if m == 1 else ("below", "above")
        for side in spread:
            tied = [m, m] if side is None else [1, m] if side == "below" else [m, 1]
            free = [
                LabelGroup(m - 1, -1, "below") if side == "below" else None,
                LabelGroup(n - k - m, 0, "below"),
                LabelGroup(m - 1, 1, "above") if side == "above" else None,
                LabelGroup(k - m, 0, "above"),
            ]
            kept = [g for g in free if g is not None and g.count]
            yield from _chains(
                (LabelGroup(tied[0], -1, "tied"), LabelGroup(tied[1], 1, "tied"), *kept), inverse
            )


def _chains(groups: tuple[LabelGroup, ...], inverse: Fraction) -> Iterator[MeansRegion]:
    """A simplex for each order of the means: the cone of an order is spanned by what is 1 from some
    place on and the least possible before.
    """
    below = [i for i, g in enumerate(groups) if g.side == "below"]
    above = [i for i, g in enumerate(groups) if g.side == "above"]
    for low, high in itertools.product(
        itertools.permutations(below), itertools.permutations(above)
    ):
        chain = [*((i,) for i in low), (0, 1), *((i,) for i in high)]
        vertices = []
        for place in range(len(chain)):
            large = {i for link in chain[place:] for i in link}
            level = [Fraction(1) if i in large else inverse for i in range(len(groups))]
            whole = sum(g.count * x for g, x in zip(groups, level, strict=True))
            vertices.append(tuple(x / whole for x in level))
        yield MeansRegion(groups, chain[-1][0], tuple(vertices))
