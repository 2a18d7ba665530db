"""Where the minimum over label distributions is looked for: polytopes of grouped distributions, cut
into simplices.

A grouped distribution lists p_max first, then the predicted label, then groups of equal labels.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction

from hconsist.arithmetic import BALLS, endpoints
from hconsist.arithmetic.exact import Value
from hconsist.engines.rigorous.risk import Counts, SoftmaxRisk, Values, pool, pool_set


@dataclass(frozen=True)
class Simplex:
    """Vertices of equal group structure.

    Group 0 is the top label and group 1 the predicted one. For a top-k target groups 0 to ``swapped
    - 1`` are the likely labels that are not predicted, the next ``swapped`` are predicted in their
    place, and k in all are predicted from there on.
    """

    vertices: tuple[Values, ...]
    counts: Counts
    swapped: int = 1
    k: int = 1

    def regret(self, values: Values) -> Fraction:
        """The target regret, at least."""
        return sum(values[: self.swapped], Fraction(0)) - sum(
            values[self.swapped : 2 * self.swapped], Fraction(0)
        )

    def pool(self, values: Values) -> tuple[Values, Counts, tuple[int, ...]]:
        """The distribution that the best scores which predict these labels are best for; see
        `pool`.
        """
        if self.k == 1:
            return pool(values, self.counts, 1)
        return pool_set(values, range(self.swapped, self.swapped + self.k))

    def halves(self) -> tuple[Simplex, Simplex]:
        """Cut at the middle of the longest edge."""

        def length(pair: tuple[int, int]) -> Fraction:
            a, b = self.vertices[pair[0]], self.vertices[pair[1]]
            return max(abs(x - y) for x, y in zip(a, b, strict=True))

        i, j = max(itertools.combinations(range(len(self.vertices)), 2), key=length)
        middle = tuple((x + y) / 2 for x, y in zip(self.vertices[i], self.vertices[j], strict=True))
        replaced = [list(self.vertices), list(self.vertices)]
        replaced[0][i] = middle
        replaced[1][j] = middle
        return tuple(replace(self, vertices=tuple(vertices)) for vertices in replaced)  # type: ignore[return-value]

    def centre(self) -> Values:
        """The mean of the vertices."""
        m = len(self.vertices)
        return tuple(sum(column, Fraction(0)) / m for column in zip(*self.vertices, strict=True))


def comp_sum_regions(n: int, beta: Fraction) -> Iterator[Simplex]:
    """Regions that contain a minimiser for a comp-sum loss, 0 <= tau <= 2, by the reduction lemma
    (docs/theory.md).

    For a pool of k labels: ``p = (x + beta, x, y, ..., y, r, 0, ..., 0)`` with k - 2 labels y and
    one partial label r.
    """
    for k in range(2, n + 1):
        yield from _pool_region(n, k, beta)


def sorted_region(n: int, beta: Fraction) -> Simplex:
    """A simplex of ``(x + beta, x, r_1 >= ... >= r_(n-2) >= 0)`` that contains a minimiser for any
    symmetric loss.

    Where r_1 is above x + beta the target regret exceeds beta, so nothing there is below T(beta).
    """
    vertices = [((1 + beta) / 2, (1 - beta) / 2, *[Fraction(0)] * (n - 2))]
    vertices += [
        (beta, Fraction(0), *[(1 - beta) / i] * i, *[Fraction(0)] * (n - 2 - i))
        for i in range(1, n - 1)
    ]
    return Simplex(tuple(vertices) if beta < 1 else tuple(vertices[:1]), (1,) * n)


def everything(n: int) -> Simplex:
    """A simplex of ``(x + b, x, r_1 >= ... >= r_(n-2) >= 0)`` with every b in [0, 1] that contains
    a minimiser for each.
    """
    zero, one = Fraction(0), Fraction(1)
    vertices = [(one, zero, *[zero] * (n - 2)), (one / 2, one / 2, *[zero] * (n - 2))]
    vertices += [(zero, zero, *[one / i] * i, *[zero] * (n - 2 - i)) for i in range(1, n - 1)]
    return Simplex(tuple(vertices), (1,) * n)


def _generators(n: int, k: int, swapped: int) -> tuple[list[Values], list[Values]]:
    """Uniform distributions on the first labels of each group: likely labels not predicted, then
    the other groups.

    Groups may be taken as sorted: permutations inside them change nothing.
    """
    ends = [0, swapped, 2 * swapped, swapped + k, n]
    groups = [range(a, b) for a, b in itertools.pairwise(ends)]

    def uniform(group: range) -> list[Values]:
        return [
            tuple(Fraction(1, size) if i in group[:size] else Fraction(0) for i in range(n))
            for size in range(1, len(group) + 1)
        ]

    return uniform(groups[0]), [v for group in groups[1:] for v in uniform(group)]


def top_k_everything(n: int, k: int) -> list[Simplex]:
    """Simplices, one for each number of swapped labels, that contain a minimiser for every target
    regret.
    """
    found = []
    for swapped in range(1, min(k, n - k) + 1):
        likely, others = _generators(n, k, swapped)
        found.append(Simplex((*likely, *others), (1,) * n, swapped, k))
    return found


def top_k_regions(n: int, k: int, beta: Fraction) -> list[Simplex]:
    """Simplices that contain a minimiser for a top-k target: the distributions whose swapped labels
    differ by beta in mass.

    A vertex is a likely generator and one other, in shares that give beta: the product of two
    simplices, cut along the monotone paths of its grid.
    """
    found = []
    for swapped in range(1, min(k, n - k) + 1):
        likely, others = _generators(n, k, swapped)

        def vertex(a: Values, z: Values, swapped: int = swapped) -> Values:
            share = (1 + beta) / 2 if any(z[swapped : 2 * swapped]) else beta
            return tuple(share * x + (1 - share) * y for x, y in zip(a, z, strict=True))

        steps = len(likely) - 1 + len(others) - 1
        for ups in itertools.combinations(range(steps), len(likely) - 1):
            path, i, j = [(0, 0)], 0, 0
            for step in range(steps):
                i, j = (i + 1, j) if step in ups else (i, j + 1)
                path.append((i, j))
            vertices = tuple(dict.fromkeys(vertex(likely[i], others[j]) for i, j in path))
            found.append(Simplex(vertices, (1,) * n, swapped, k))
    return found


def _pool_region(n: int, k: int, beta: Fraction) -> Iterator[Simplex]:
    """The polytope of (x, r) for one pool size, cut into triangles (segments, points where it is
    flat).
    """
    # Half planes a x + c r <= d: x >= 0; r >= 0; r <= (1 - r)/k; x + beta/2 <= (1 - r)/k; y <= x +
    # beta.
    planes = [
        (Fraction(-1), Fraction(0), Fraction(0)),
        (Fraction(0), Fraction(-1), Fraction(0)),
        (Fraction(0), Fraction(k + 1), Fraction(1))
        if k < n
        else (Fraction(0), Fraction(1), Fraction(0)),
    ]
    if k == 2:  # no y: 2 x + beta + r = 1
        planes += [(Fraction(2), Fraction(1), 1 - beta), (Fraction(-2), Fraction(-1), beta - 1)]
    else:
        planes += [
            (Fraction(k), Fraction(1), 1 - k * beta / 2),
            (Fraction(-k), Fraction(-1), (k - 1) * beta - 1),
        ]
    corners: list[tuple[Fraction, Fraction]] = []
    for (a, c, d), (e, f, g) in itertools.combinations(planes, 2):
        det = a * f - c * e
        if det == 0:
            continue
        x, r = (d * f - c * g) / det, (a * g - d * e) / det
        if all(u * x + v * r <= w for u, v, w in planes) and (x, r) not in corners:
            corners.append((x, r))
    if not corners:
        return
    counts = (1, 1, k - 2, 1 if k < n else 0)

    def distribution(corner: tuple[Fraction, Fraction]) -> Values:
        x, r = corner
        y = (1 - r - 2 * x - beta) / (k - 2) if k > 2 else Fraction(0)
        return (x + beta, x, y, r)

    hull = _in_order(corners)
    for i in range(1, max(2, len(hull) - 1)):
        yield Simplex(tuple(distribution(c) for c in (hull[0], *hull[i : i + 2])), counts)


def _in_order(corners: list[tuple[Fraction, Fraction]]) -> list[tuple[Fraction, Fraction]]:
    """Vertices of a convex polygon in the order of its boundary (exact gift wrapping)."""
    start = min(corners)
    ordered, rest = [start], [c for c in corners if c != start]
    while rest:
        current = ordered[-1]
        best = rest[0]
        for other in rest[1:]:
            cross = (best[0] - current[0]) * (other[1] - current[1]) - (best[1] - current[1]) * (
                other[0] - current[0]
            )
            if cross < 0:
                best = other
        ordered.append(best)
        rest.remove(best)
    return ordered


class PairBound:
    """The pair lemma (docs/theory.md) on a simplex: D >= t^(tau-1) 2 m T_2(beta / (2 m)), scaling
    with T itself at small beta.

    t is the softmax mass of the top and the predicted label at the pooled optimum, m half their
    probability.

    Parameters
    ----------
    risk : SoftmaxRisk
        Of a comp-sum loss.
    tau : Fraction
        In [0, 2].
    beta : Fraction
    """

    def __init__(self, risk: SoftmaxRisk, tau: Fraction, beta: Fraction) -> None:
        self.risk, self.tau, self.beta = risk, tau, beta
        self._two_labels: dict[Fraction, Value] = {}

    def two_labels(self, m: Fraction) -> Value:
        """``2 m T_2(beta / (2 m))``, which decreases in m."""
        if m not in self._two_labels:
            b = self.beta / (2 * m)
            tied = self.risk.best_in_class((Fraction(1, 2),), (2,))[0]
            split = self.risk.best_in_class(((1 + b) / 2, (1 - b) / 2), (1, 1))[1]
            self._two_labels[m] = BALLS.const(2 * m) * (tied - split)
        return self._two_labels[m]

    def __call__(self, simplex: Simplex) -> Fraction:
        """A lower bound of D over the simplex."""
        m = max((v[0] + v[1]) / 2 for v in simplex.vertices)
        value = self.two_labels(m)
        if self.tau > 1:
            pool_size = sum(simplex.counts[:3])
            mass = BALLS.const(pool_size)
            if simplex.counts[3] and self.tau < 2:
                ratio = max(v[3] * pool_size / (1 - v[3]) for v in simplex.vertices)
                mass = mass + BALLS.power(BALLS.const(ratio), 1 / (2 - self.tau))
            value = value * BALLS.power(BALLS.const(2) / mass, self.tau - 1)
        return max(Fraction(0), endpoints(value)[0])
