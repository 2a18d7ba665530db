"""Branch and bound over label distributions.

Best-in-class risks are infima of functions linear in p, so they are concave in p. On a simplex of
distributions, with any fixed point S, ``C_j(p) - C*(p) >= C_j(p) - C(S, p)`` is concave too and is
least at a vertex: finitely many exact distributions bound a whole simplex, and the bound is off by
the square of its diameter. A multiple of the target regret
``p_1 - p_j``, which is linear, may be taken off: that is how a supporting line of T is found.
"""

from __future__ import annotations

import heapq
import itertools
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Protocol

from hconsist.arithmetic import BALLS, endpoints
from hconsist.engines.rigorous.checkpoint import read, seal
from hconsist.engines.rigorous.regions import Simplex
from hconsist.engines.rigorous.risk import Counts, Values

if TYPE_CHECKING:
    from flint import arb

#: Called with the number of simplices looked at and the bounds so far.
Progress = Callable[[int, float, float], None]
#: Called with what is finished so far, JSON-ready, to be resumed from.
Checkpoint = Callable[[dict[str, object]], None]

SCHEMA = "hconsist-search/1"
#: Seconds between checkpoints.
SAVE_EVERY = 5.0


@dataclass(frozen=True)
class Enclosure:
    """What the search proved: lower <= minimum <= upper, the upper side attained at ``values``, a
    distribution of the group structure of ``simplex``.

    ``reason`` says what ended the search before the asked width was met; it is empty otherwise.
    """

    lower: Fraction
    upper: Fraction
    values: Values
    simplex: Simplex
    boxes: int
    reason: str = ""

    @property
    def counts(self) -> Counts:
        """How many labels have each of the values."""
        return self.simplex.counts


class Risk(Protocol):
    """What the search needs to know of a conditional risk."""

    def optimum(self, values: Values, counts: Counts) -> Any:
        """A nearly optimal point for p, of a kind that `at` knows."""

    def at(self, point: Any, values: Values, counts: Counts) -> arb:
        """The risk of p at a point, linear in p, as a ball."""

    def best_in_class(self, values: Values, counts: Counts) -> tuple[arb, arb]:
        """Balls below and above the least risk of p."""


class BranchSearch:
    """The least ``C*(pool(p)) - C*(p) - slope (p_1 - p_j)`` over some regions.

    Parameters
    ----------
    risk : Risk
    regions : iterable of Simplex
    coarse : callable, optional
        A second lower bound of ``C*(pool(p)) - C*(p) - slope (p_1 - p_j)`` on a simplex, tried
        first.
    slope : Fraction
    statement : dict
        The problem in words, by which a checkpoint is recognised.
    """

    def __init__(
        self,
        risk: Risk,
        regions: Iterable[Simplex],
        coarse: Callable[[Simplex], Fraction] | None = None,
        slope: Fraction = Fraction(0),
        statement: dict[str, object] | None = None,
    ) -> None:
        self.risk, self.coarse, self.slope, self.statement = risk, coarse, slope, statement or {}
        self.boxes = 0
        #: Upper bounds of T at the regrets of all distributions looked at.
        self.points: dict[Fraction, Fraction] = {}
        self._regions = regions
        self._pooled: dict[tuple[Values, int], arb] = {}
        self._best: tuple[Fraction, Values, Simplex] | None = None
        self._floor: Fraction | None = None
        self._order = itertools.count()
        self._heap: list[tuple[Fraction, int, Simplex]] = []

    # -- bounds
    def _visit(self, values: Values, simplex: Simplex) -> arb:
        """Lower bound of C_j at a vertex, less the regret's share; on the way, an upper bound of
        T.
        """
        key, counts = (values, simplex.swapped), simplex.counts
        if key not in self._pooled:
            q, sizes, _ = simplex.pool(values)
            low, high = self.risk.best_in_class(q, sizes)
            regret = simplex.regret(values)
            self._pooled[key] = low - BALLS.const(self.slope * regret)
            upper = endpoints(high - self.risk.best_in_class(values, counts)[0])[1]
            if regret not in self.points or upper < self.points[regret]:
                self.points[regret] = upper
            if self._best is None or upper - self.slope * regret < self._best[0]:
                self._best = (upper - self.slope * regret, values, simplex)
        return self._pooled[key]

    def _bound(self, simplex: Simplex) -> Fraction:
        if len(simplex.vertices) == 1:
            (vertex,) = simplex.vertices
            tied = self._visit(vertex, simplex)
            return endpoints(tied - self.risk.best_in_class(vertex, simplex.counts)[1])[0]
        # No regret is negative.
        rough = -self.slope * max(map(simplex.regret, simplex.vertices))
        if self._best is not None and rough >= self._best[0]:
            return rough
        if self.coarse is not None:
            rough = max(rough, self.coarse(simplex))
            if self._best is not None and rough >= self._best[0]:
                return rough
        point = self.risk.optimum(simplex.centre(), simplex.counts)
        fine = min(
            endpoints(self._visit(v, simplex) - self.risk.at(point, v, simplex.counts))[0]
            for v in simplex.vertices
        )
        return max(rough, fine)

    # -- search
    def run(
        self,
        width: Fraction,
        max_boxes: int,
        *,
        time_budget: float | None = None,
        progress: Progress | None = None,
        checkpoint: Checkpoint | None = None,
        enough: Callable[[Fraction, Fraction], bool] | None = None,
    ) -> Enclosure:
        """Search until the width is met, or ``enough(lower, upper)`` says so, or a budget is spent.

        What is returned is proven in any case, and `as_dict` holds it all. With a checkpoint an
        interrupt is one more way to end; without one it passes on, and the search can still be run
        again.
        """
        started = saved = time.monotonic()
        before = self.boxes
        reason = ""
        try:
            self._begin()
            assert self._best is not None
            while self._heap:
                lower = self._heap[0][0]
                if self._best[0] - lower <= width or (
                    self._floor is not None and self._floor <= lower
                ):
                    break
                if enough is not None and enough(lower, self._best[0]):
                    break
                if self.boxes - before >= max_boxes:
                    reason = f"the box budget ran out after {self.boxes} boxes"
                    break
                now = time.monotonic()
                if time_budget is not None and now - started > time_budget:
                    reason = f"the time budget ran out after {self.boxes} boxes"
                    break
                if checkpoint is not None and now - saved > SAVE_EVERY:
                    checkpoint(self.as_dict())
                    saved = now
                self._step()
                if progress is not None and self.boxes % 200 < 2:
                    progress(self.boxes, float(self._heap[0][0]), float(self._best[0]))
        except KeyboardInterrupt:
            if (
                checkpoint is None
                or self._best is None
                or not (self._heap or self._floor is not None)
            ):
                raise
            reason = f"interrupted after {self.boxes} boxes"
        if reason and checkpoint is not None:
            checkpoint(self.as_dict())
        assert self._best is not None
        lower = min(
            [
                *([self._heap[0][0]] if self._heap else []),
                *([self._floor] if self._floor is not None else []),
            ]
        )
        lower = lower if self.slope else max(lower, Fraction(0))
        return Enclosure(lower, self._best[0], self._best[1], self._best[2], self.boxes, reason)

    def _begin(self) -> None:
        """Bound the regions, unless a checkpoint was taken over."""
        if self._heap or self._floor is not None:
            return
        heap, floor = [], self._floor
        for simplex in self._regions:
            low = self._bound(simplex)
            if len(simplex.vertices) == 1:
                floor = low if floor is None else min(floor, low)
            else:
                heap.append((low, next(self._order), simplex))
            self.boxes += 1
        heapq.heapify(heap)
        self._heap, self._floor = heap, floor

    def _step(self) -> None:
        """Cut the simplex of the least bound; it stays until both halves are bounded, so that an
        interrupt loses nothing.
        """
        low, _, simplex = self._heap[0]
        halves = [
            (max(low, self._bound(half)), next(self._order), half) for half in simplex.halves()
        ]
        heapq.heapreplace(self._heap, halves[0])
        heapq.heappush(self._heap, halves[1])
        self.boxes += 2

    # -- checkpoints
    def as_dict(self) -> dict[str, object]:
        """Everything finished so far, JSON-ready."""
        assert self._best is not None
        return seal(
            {
                "schema": SCHEMA,
                "statement": self.statement,
                "boxes": self.boxes,
                "floor": None if self._floor is None else str(self._floor),
                "best": {"p": [str(v) for v in self._best[1]], **_written(self._best[2])},
                "open": [{"bound": str(low), **_written(s)} for low, _, s in self._heap],
            }
        )

    def resume(self, saved: dict[str, object]) -> None:
        """Take over what an earlier run finished.

        Raises
        ------
        InvalidInputError
            When the checkpoint is about another problem, or was changed since it was written.
        """
        content = read(saved, SCHEMA, self.statement)
        self._visit(tuple(Fraction(v) for v in content["best"]["p"]), _read(content["best"]))
        self._floor = None if content["floor"] is None else Fraction(content["floor"])
        self._heap = [
            (Fraction(entry["bound"]), next(self._order), _read(entry)) for entry in content["open"]
        ]
        heapq.heapify(self._heap)
        self.boxes = int(content["boxes"])


def _written(simplex: Simplex) -> dict[str, object]:
    """A simplex, JSON-ready."""
    vertices = [[str(x) for x in v] for v in simplex.vertices]
    return {
        "vertices": vertices,
        "counts": list(simplex.counts),
        "swapped": simplex.swapped,
        "k": simplex.k,
    }


def _read(entry: dict[str, Any]) -> Simplex:
    """The simplex that `_written` wrote."""
    vertices = tuple(tuple(Fraction(x) for x in v) for v in entry["vertices"])
    return Simplex(vertices, tuple(entry["counts"]), entry["swapped"], entry["k"])


def minimise(
    risk: Risk,
    regions: Iterable[Simplex],
    width: Fraction,
    max_boxes: int,
    progress: Progress | None = None,
    coarse: Callable[[Simplex], Fraction] | None = None,
) -> Enclosure:
    """Enclose the least ``C*(pool(p)) - C*(p)`` over the regions: `BranchSearch` in one call."""
    return BranchSearch(risk, regions, coarse).run(width, max_boxes, progress=progress)
