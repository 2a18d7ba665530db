"""Branch and bound over label distributions.

Best-in-class risks are infima of functions linear in p, so they are concave in p. On a simplex of distributions, with any
fixed point S, ``C_j(p) - C*(p) >= C_j(p) - C(S, p)`` is concave too and is least at a vertex: finitely many exact
distributions bound a whole simplex, and the bound is off by the square of its diameter.
"""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Protocol

from hconsist.arithmetic import endpoints
from hconsist.engines.rigorous.regions import Simplex
from hconsist.engines.rigorous.risk import Counts, Values, pool

#: Called with the number of simplices looked at and the bounds so far.
Progress = Callable[[int, float, float], None]


@dataclass(frozen=True)
class Enclosure:
    """What the search proved: lower <= T <= upper, the upper side attained at (values, counts)."""

    lower: Fraction
    upper: Fraction
    values: Values
    counts: Counts
    boxes: int


class Risk(Protocol):
    """What the search needs to know of a conditional risk."""

    def optimum(self, values: Values, counts: Counts) -> Any:
        """A nearly optimal point for p."""

    def at(self, point: Any, values: Values, counts: Counts) -> Any:
        """The risk of p at a point, linear in p, as a ball."""

    def best_in_class(self, values: Values, counts: Counts) -> tuple[Any, Any]:
        """Balls below and above the least risk of p."""


def minimise(
    risk: Risk,
    regions: Iterable[Simplex],
    width: Fraction,
    max_boxes: int,
    progress: Progress | None = None,
    coarse: Callable[[Simplex], Fraction] | None = None,
) -> Enclosure:
    """Enclose the least ``C*(pool(p)) - C*(p)`` over the regions.

    ``coarse`` is a second lower bound on a simplex, tried first. The search stops at the asked width or after max_boxes
    simplices; what it returns is proven either way.
    """
    pooled: dict[Values, Any] = {}
    best: tuple[Fraction, Values, Counts] | None = None

    def visit(values: Values, counts: Counts) -> Any:
        """Lower bound of C_j at a vertex; on the way, an upper bound of T."""
        nonlocal best
        if values not in pooled:
            q, sizes, _ = pool(values, counts, 1)
            low, high = risk.best_in_class(q, sizes)
            pooled[values] = low
            upper = endpoints(high - risk.best_in_class(values, counts)[0])[1]
            if best is None or upper < best[0]:
                best = (upper, values, counts)
        return pooled[values]

    def bound(simplex: Simplex) -> Fraction:
        if len(simplex.vertices) == 1:
            (vertex,) = simplex.vertices
            visit(vertex, simplex.counts)
            q, sizes, _ = pool(vertex, simplex.counts, 1)
            return endpoints(risk.best_in_class(q, sizes)[0] - risk.best_in_class(vertex, simplex.counts)[1])[0]
        rough = coarse(simplex) if coarse is not None else Fraction(0)
        if best is not None and rough >= best[0]:
            return rough
        point = risk.optimum(simplex.centre(), simplex.counts)
        fine = min(endpoints(visit(v, simplex.counts) - risk.at(point, v, simplex.counts))[0] for v in simplex.vertices)
        return max(rough, fine)

    order = itertools.count()
    heap: list[tuple[Fraction, int, Simplex]] = []
    exact_points: list[Fraction] = []
    for simplex in regions:
        entry = (bound(simplex), next(order), simplex)
        if len(simplex.vertices) == 1:
            exact_points.append(entry[0])
        else:
            heapq.heappush(heap, entry)
    boxes = len(heap) + len(exact_points)
    assert best is not None
    floor = min(exact_points, default=None)
    while heap and boxes < max_boxes:
        if best[0] - heap[0][0] <= width or (floor is not None and floor <= heap[0][0]):
            break
        low, _, simplex = heapq.heappop(heap)
        for half in simplex.halves():
            heapq.heappush(heap, (max(low, bound(half)), next(order), half))
        boxes += 2
        if progress is not None and boxes % 200 < 2:
            progress(boxes, float(heap[0][0]), float(best[0]))
    lower = min([*([heap[0][0]] if heap else []), *([floor] if floor is not None else [])])
    return Enclosure(max(lower, Fraction(0)), best[0], best[1], best[2], boxes)
