"""T at one number, and the corners of T**, from cells of label distributions."""

from __future__ import annotations

import heapq
import itertools
import time
from dataclasses import dataclass
from fractions import Fraction

from hconsist.engines.rigorous.piecewise.cells import (
    Part,
    RegretPair,
    crossing,
    least_from,
    pairs_of,
)
from hconsist.engines.rigorous.piecewise.risks import LeastRisks
from hconsist.hull import ConvexHull

Vector = tuple[Fraction, ...]


@dataclass(frozen=True)
class Value:
    """T(beta) between two rationals, and a point where the upper one is attained (None: T is
    infinite, as nothing has that target regret).
    """

    lower: Fraction | None
    upper: Fraction | None
    p: Vector = ()
    scores: Vector = ()
    predicted: int = 0
    reason: str = ""


def _floor(part: Part, beta: Fraction) -> Fraction | None:
    return least_from([(b, low) for b, low, _ in part.corners], beta)


class Transform:
    """T of a piecewise-linear loss; what was cut for one number serves the next.

    Parameters
    ----------
    least : LeastRisks
    """

    def __init__(self, least: LeastRisks) -> None:
        self.least = least
        self.symmetric, self.pairs = pairs_of(least)

    def at(self, beta: Fraction, max_cells: int = 5_000, seconds: float | None = None) -> Value:
        """T(beta), by cutting the cell with the least lower bound."""
        order = itertools.count()
        heap: list[tuple[Fraction, int, RegretPair, Part]] = []
        upper = Value(None, None)
        end = None if seconds is None else time.monotonic() + seconds

        def push(pair: RegretPair, part: Part) -> None:
            nonlocal upper
            low = _floor(part, beta)
            if low is None:
                return
            found = crossing([(b, high) for b, _, high in part.corners], beta)
            assert found is not None
            assert part.right is not None
            value, i, j, share = found
            if upper.upper is None or value < upper.upper:
                p, q = part.cell.points[i], part.cell.points[j]
                point = tuple(x + share * (y - x) for x, y in zip(p, q, strict=True))
                upper = Value(None, value, point, part.right.scores, pair.predicted)
            heapq.heappush(heap, (low, next(order), pair, part))

        if beta == 0:
            return self._at_zero()
        for pair in self.pairs:
            push(pair, pair.root)
        count = 0
        while heap:
            low, _, pair, part = heapq.heappop(heap)
            assert upper.upper is not None
            over = count >= max_cells or (end is not None and time.monotonic() > end)
            if low >= upper.upper or part.linear or over or upper.upper == 0:
                lower = min(max(low, Fraction(0)), upper.upper)
                reason = "" if lower == upper.upper or not over else "the budget ended"
                return Value(lower, upper.upper, upper.p, upper.scores, upper.predicted, reason)
            count += 1
            for half in pair.split(part):
                push(pair, half)
        return upper

    def _at_zero(self) -> Value:
        """T(0) = 0: the best scores of any distribution."""
        for pair in self.pairs:
            best, cell = pair.root.best, pair.root.cell
            if best is not None:
                p = cell.points[0]
                scores = self.least.at(p, None).scores
                top = max(range(len(scores)), key=lambda k: scores[k])
                return Value(Fraction(0), Fraction(0), p, scores, top)
        return Value(None, None)

    def corners(self, max_cells: int = 5_000) -> list[tuple[Fraction, Fraction, Fraction]]:
        """Numbers (beta, lower, upper) between which T** is linear: lines below all (beta, lower)
        are below T; the upper ones are regrets.
        """
        parts = [(pair, pair.root) for pair in self.pairs]
        points: list[tuple[Fraction, Fraction, Fraction]] = [(Fraction(0),) * 3]
        known = [(b, high) for _, part in parts for b, _, high in part.corners]
        cells = 0
        while parts:
            pair, part = parts.pop()
            hull = _hull(known)
            below = any(low < hull(b) for b, low, _ in part.corners if b >= 0)
            if part.linear or not below or cells >= max_cells:
                points += part.corners
                continue
            cells += 1
            for half in pair.split(part):
                known += [(b, high) for b, _, high in half.corners]
                parts.append((pair, half))
        return sorted(set(points))

    def kinks(self, max_cells: int = 5_000) -> list[Fraction]:
        """Target regrets of all corners once every part is cut: T is affine, or infinite, or a
        minimum of two such, between neighbours.
        """
        found: set[Fraction] = set()
        for _, part in self.all_parts(max_cells):
            found |= {b for b, _, _ in part.corners}
        return sorted(found)

    def all_parts(self, max_cells: int = 5_000) -> list[tuple[RegretPair, Part]]:
        """The parts when all that are not linear have been cut."""
        todo = [(pair, pair.root) for pair in self.pairs]
        done: list[tuple[RegretPair, Part]] = []
        while todo:
            pair, part = todo.pop()
            if part.linear or len(done) + len(todo) >= max_cells:
                done.append((pair, part))
            else:
                todo += [(pair, half) for half in pair.split(part)]
        return done


def _hull(points: list[tuple[Fraction, Fraction]]) -> ConvexHull:
    best: dict[Fraction, Fraction] = {Fraction(0): Fraction(0)}
    for b, v in points:
        best[b] = min(v, best.get(b, v))
    order = sorted(best)
    return ConvexHull.of(order, [best[b] for b in order])
