"""Lines that are known before any is asked for: none, or those through finitely many points."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from hconsist.engines.rigorous.envelope import Line, Point, Support, Wanted


class NoPrior:
    """Nothing is known before the first line is asked for."""

    def prior(self, excess: Fraction) -> tuple[list[Line], list[Point]]:
        """Lines and points that cost nothing, for Gamma at this excess."""
        return [], []


@dataclass(frozen=True)
class Vertices(NoPrior):
    """Lines below a piecewise linear T, from proven bounds at every point where one of its pieces
    ends.

    Between them T is a minimum of affine functions, so concave: a line below T at both ends stays
    below.

    Parameters
    ----------
    points : tuple
        (beta, lower bound of T, upper bound of T).
    lemmas : tuple of str
    """

    points: tuple[tuple[Fraction, Fraction, Fraction], ...]
    lemmas: tuple[str, ...]

    def top(self) -> Fraction:
        """An upper bound of T(1)."""
        return next(high for beta, _, high in self.points if beta == 1)

    def line(self, wanted: Wanted) -> Support:
        """The line of this slope, and the points: all of them, as they are known."""
        offset = max(wanted.slope * beta - low for beta, low, _ in self.points)
        return Support(Line(wanted.slope, offset), [(beta, high) for beta, _, high in self.points])
