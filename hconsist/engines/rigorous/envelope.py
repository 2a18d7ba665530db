"""Enclosures of the convex envelope T** and of its inverse Gamma, by supporting lines.

A line that stays below T on [0, 1] bounds Gamma from above: ``T(beta) >= slope beta - offset`` for
every beta gives
``Gamma(u) <= (u + offset) / slope``. Points above T bound it from below, through their hull. The
chord of the hull that crosses the level u names the next slope: its supporting line either closes
the gap or touches T below the chord, at a point that joins the hull. Nothing is sampled, and
neither side rests on what T does between points.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Protocol

from hconsist.arithmetic import precision
from hconsist.engines.rigorous.checkpoint import read, seal
from hconsist.hull import ConvexHull

#: beta, and a proven upper bound of T there.
Point = tuple[Fraction, Fraction]
#: Called with a line of text on what is proven so far.
Report = Callable[[str], None]
#: Called with what is proven so far, JSON-ready, to be resumed from.
Checkpoint = Callable[[dict[str, object]], None]

SCHEMA = "hconsist-envelope/1"
#: Working precision in bits. Regrets near beta = 0 are differences of order beta^2 of risks of
#: order 1.
BITS = 160
#: Bounds of Gamma closer than this are not refined, as at u = 0 no relative accuracy can be asked
#: for; its square for T**.
FINEST = Fraction(1, 2**40)


@dataclass(frozen=True)
class Line:
    """A proven minorant of T: ``slope * beta - offset``.

    >>> Line(Fraction(1, 2), Fraction(1, 8))(Fraction(1))
    Fraction(3, 8)
    """

    slope: Fraction
    offset: Fraction

    def __call__(self, beta: Fraction) -> Fraction:
        """The value at beta: at most T there."""
        return self.slope * beta - self.offset

    def inverse(self, excess: Fraction) -> Fraction:
        """The beta above which T exceeds the excess by this line."""
        return (excess + self.offset) / self.slope


@dataclass(frozen=True)
class Wanted:
    """What is asked of a supporting line.

    Parameters
    ----------
    slope : Fraction
    slack : Fraction
        An offset this close to the least one will do.
    level : Fraction
        The offset of the line of this slope through the points known so far: the least one is at
        least this.
    seconds : float
        What is left of the time budget; infinite where there is none.
    report : callable or None
    """

    slope: Fraction
    slack: Fraction = Fraction(0)
    level: Fraction = Fraction(0)
    seconds: float = math.inf
    report: Report | None = None


@dataclass(frozen=True)
class Support:
    """A line below T, points above T of which one is near where the line touches, and why the line
    could not be better.
    """

    line: Line
    points: list[Point]
    reason: str = ""


class Supports(Protocol):
    """Where supporting lines come from: one class for each reason why a line is below T."""

    @property
    def lemmas(self) -> tuple[str, ...]:
        """What the lines rest on beyond the definitions."""

    def top(self) -> Fraction:
        """An upper bound of T(1)."""

    def prior(self, excess: Fraction) -> tuple[list[Line], list[Point]]:
        """Lines and points that cost nothing, for Gamma at this excess."""

    def line(self, wanted: Wanted) -> Support:
        """A line below T with about the slope wanted."""


class Envelope:
    """T** between proven lines and proven points, refined where it is asked for.

    Parameters
    ----------
    supports : Supports
    statement : dict
        The problem in words, by which a checkpoint is recognised.
    """

    def __init__(self, supports: Supports, statement: dict[str, object]) -> None:
        self.supports, self.statement = supports, statement
        #: The largest target regret.
        self.most: Fraction = getattr(supports, "most", Fraction(1))
        with precision(BITS):
            top = supports.top()
        self.points: dict[Fraction, Fraction] = {Fraction(0): Fraction(0), self.most: top}
        self.lines: list[Line] = []
        self._hull: ConvexHull | None = None

    @property
    def hull(self) -> ConvexHull:
        """The hull of the points: at least T**."""
        if self._hull is None:
            betas = sorted(self.points)
            self._hull = ConvexHull.of(betas, [self.points[b] for b in betas])
        return self._hull

    # -- what is proven now
    def inverse_bounds(self, excess: Fraction) -> tuple[Fraction, Fraction]:
        """Proven bounds of Gamma(excess)."""
        high = min(
            (line.inverse(excess) for line in self.lines if line.slope > 0), default=self.most
        )
        return self.hull.inverse(excess), min(high, self.most)

    def bounds(self, beta: Fraction) -> tuple[Fraction, Fraction]:
        """Proven bounds of T**(beta)."""
        return max((line(beta) for line in self.lines), default=Fraction(0)), self.hull(beta)

    # -- refinement
    def gamma(
        self,
        excess: Fraction,
        tolerance: Fraction,
        time_budget: float | None = None,
        report: Report | None = None,
        checkpoint: Checkpoint | None = None,
    ) -> tuple[Fraction, Fraction, str]:
        """Bounds of Gamma(excess) with a relative width of at most the tolerance, or a reason why
        they are wider.
        """

        def state() -> tuple[Fraction, Fraction, Fraction, Fraction]:
            low, high = self.inverse_bounds(excess)
            hull = self.hull
            right = next((i for i, v in enumerate(hull.values) if v > excess), len(hull.values) - 1)
            slope = _chord(hull, max(right, 1))
            return low, max(low, high), slope, slope * tolerance * low / 4

        with precision(BITS):
            lines, points = self.supports.prior(excess)
        for line in lines:
            self._add(line, points)
        return self._refine(state, tolerance, FINEST, time_budget, report, checkpoint)

    def value(
        self,
        beta: Fraction,
        tolerance: Fraction,
        time_budget: float | None = None,
        report: Report | None = None,
        checkpoint: Checkpoint | None = None,
    ) -> tuple[Fraction, Fraction, str]:
        """Bounds of T**(beta) with a relative width of at most the tolerance, or a reason why they
        are wider.
        """

        def state() -> tuple[Fraction, Fraction, Fraction, Fraction]:
            low, high = self.bounds(beta)
            hull = self.hull
            right = next(i for i, b in enumerate(hull.betas) if b >= beta and i)
            slope = _chord(hull, right)
            if hull.betas[right] == beta != self.most:  # a vertex: a slope between its two sides
                slope = (slope + _chord(hull, right + 1)) / 2
            return max(low, Fraction(0)), high, slope, tolerance * high / 4

        return self._refine(state, tolerance, FINEST**2, time_budget, report, checkpoint)

    def _refine(
        self,
        state: Callable[[], tuple[Fraction, Fraction, Fraction, Fraction]],
        tolerance: Fraction,
        finest: Fraction,
        time_budget: float | None,
        report: Report | None,
        checkpoint: Checkpoint | None,
    ) -> tuple[Fraction, Fraction, str]:
        end = math.inf if time_budget is None else time.monotonic() + time_budget
        low, high, slope, slack = state()
        reason = ""
        try:
            while not reason and high - low > max(tolerance * high, finest):
                left = end - time.monotonic()
                if left < 0:
                    reason = f"the time budget ran out after {len(self.lines)} supporting lines"
                    break
                short = _short(slope)
                level = max(
                    short * b - v for b, v in zip(self.hull.betas, self.hull.values, strict=True)
                )
                with precision(BITS):
                    found = self.supports.line(Wanted(short, slack, level, left, report))
                self._add(found.line, found.points)
                before, same, reason = high - low, slope, found.reason
                low, high, slope, slack = state()
                if report is not None:
                    report(
                        f"{len(self.lines)} supporting lines: between {float(low):.9g} and "
                        f"{float(high):.9g}"
                    )
                if checkpoint is not None:
                    checkpoint(self.as_dict())
                if not reason and slope == same and high - low >= before:
                    reason = f"supporting lines got no closer than {float(high - low):.3g}"
        except KeyboardInterrupt:
            if checkpoint is None:
                raise
            reason = f"interrupted after {len(self.lines)} supporting lines"
            checkpoint(self.as_dict())
        return low, high, reason if high - low > max(tolerance * high, finest) else ""

    def _add(self, line: Line, points: list[Point]) -> None:
        if line not in self.lines:
            self.lines.append(line)
        for beta, upper in points:
            if 0 < beta <= self.most and upper < self.hull(beta):  # others say nothing new
                self.points[beta], self._hull = max(upper, Fraction(0)), None

    # -- checkpoints
    def as_dict(self) -> dict[str, object]:
        """Everything proven so far, JSON-ready."""
        return seal(
            {
                "schema": SCHEMA,
                "statement": self.statement,
                "lines": [[str(line.slope), str(line.offset)] for line in self.lines],
                "points": [[str(b), str(v)] for b, v in self.points.items()],
            }
        )

    def resume(self, saved: dict[str, object]) -> None:
        """Take over what an earlier run proved.

        Raises
        ------
        InvalidInputError
            When the checkpoint is about another problem, or was changed since it was written.
        """
        content = read(saved, SCHEMA, self.statement)
        for slope, offset in content["lines"]:
            self._add(Line(Fraction(slope), Fraction(offset)), [])
        for beta, upper in content["points"]:
            if Fraction(beta) > 0 and Fraction(upper) <= self.points.get(
                Fraction(beta), Fraction(upper)
            ):
                self.points[Fraction(beta)], self._hull = Fraction(upper), None


def _chord(hull: ConvexHull, right: int) -> Fraction:
    (b, c), (v, w) = hull.betas[right - 1 : right + 1], hull.values[right - 1 : right + 1]
    return Fraction(w - v) / Fraction(c - b)


def _short(value: Fraction, bits: int = 64) -> Fraction:
    """A rational of few digits close by; the value itself where it has few."""
    if value.denominator < 2**bits:
        return value
    scale = 2 ** max(0, bits - (value.numerator.bit_length() - value.denominator.bit_length()))
    return Fraction(round(value * scale), scale)
