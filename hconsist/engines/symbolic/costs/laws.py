"""Cost differences as random variables under a forecast, and the order that decides which forecast
is worst for every multiplier.

d takes the values d_1 < ... < d_m on the labels. For lam >= 0 the function e^{lam x} is, on these
values, a constant plus non-negative multiples of (x - d_j)_+, j < m. So a forecast that has the
largest E (d - d_j)_+ for each j has the largest E e^{lam d} for every lam (increasing convex
order); and the largest values, over different forecasts, are those of one law that is above all.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from hconsist.engines.symbolic.costs.programs import BasicOptimum, Number, maximum, sample


@dataclass(frozen=True)
class Law:
    """Values in increasing order and their masses, all positive."""

    values: tuple[Number, ...]
    masses: tuple[Number, ...]

    @property
    def mean(self) -> Number:
        """E x."""
        return sum((m * v for m, v in zip(self.masses, self.values, strict=True)), Fraction(0))

    @property
    def top(self) -> Number:
        """The largest value."""
        return self.values[-1]

    def beyond(self, t: Number) -> Number:
        """E (x - t)_+."""
        terms = (m * (v - t) for m, v in zip(self.masses, self.values, strict=True) if v > t)
        return sum(terms, Fraction(0))

    def below(self, other: Law) -> bool:
        """Whether E e^{lam x} is at most that of another law for every lam >= 0: by the increasing
        convex order, or as the same two values turned around.

        >>> half, one = Fraction(1, 2), Fraction(1)
        >>> narrow, wide = Law((-half, half), (half, half)), Law((-one, one), (half, half))
        >>> narrow.below(wide), wide.below(narrow)
        (True, False)
        """
        if self.mean <= other.mean and all(
            self.beyond(t) <= other.beyond(t) for t in (*self.values, *other.values)
        ):
            return True
        return self._turned(other)

    def _turned(self, other: Law) -> bool:
        """On [-a, g] turned around: any law on [-g, a] with mean at most 0, a <= g, is below the
        mean-0 law on {-a, g}, since a sinh(g lam) >= g sinh(a lam).
        """
        if len(other.values) != 2 or other.mean != 0:
            return False
        a, g = -other.values[0], other.values[1]
        return bool(a <= g and self.mean <= 0 and self.values[0] >= -g and self.top <= a)


def law(d: Sequence[Number], q: Sequence[Number]) -> Law:
    """The law of d under q.

    >>> law([Fraction(1), Fraction(-1), Fraction(1)], [Fraction(1, 4), Fraction(1, 2),
    ...      Fraction(1, 4)])
    Law(values=(Fraction(-1, 1), Fraction(1, 1)), masses=(Fraction(1, 2), Fraction(1, 2)))
    """
    known: list[list[Number]] = []
    for value, mass in sorted(zip(d, q, strict=True), key=lambda pair: sample(pair[0])):
        if sample(mass) == 0:
            continue
        if known and value == known[-1][0]:
            known[-1][1] = known[-1][1] + mass
        else:
            known.append([value, mass])
    return Law(tuple(v for v, _ in known), tuple(m for _, m in known))


@dataclass(frozen=True)
class Worst:
    """The law above all forecasts of a polytope, and the forecast that has it, if one has."""

    law: Law
    q: tuple[Number, ...] | None


def worst(region: Sequence[Sequence[Number]], d: Sequence[Number]) -> Worst | None:
    """The law above those of d under all q with ``region @ q <= 0``; None where there is no q.

    Examples
    --------
    >>> one = Fraction(1)
    >>> found = worst([[-one, one]], [-one, one])  # two labels, the first is predicted
    >>> found.q
    (Fraction(1, 2), Fraction(1, 2))
    """
    n, zero = len(d), 0 * d[0]
    one = zero + 1
    slacks = range(len(region))
    rows = [[one] * n + [zero for _ in slacks]]
    rows += [[*row, *(one if i == k else zero for k in slacks)] for i, row in enumerate(region)]
    right = [one] + [zero for _ in slacks]
    values = _distinct(d)

    def largest(objective: list[Number]) -> BasicOptimum | None:
        return maximum(rows, right, objective + [zero for _ in slacks])

    levels = []
    total = [zero] * n
    for t in values[:-1]:
        part = [v - t if v > t else zero for v in d]
        found = largest(part)
        if found is None:
            return None
        levels.append(found.value)
        total = [a + b for a, b in zip(total, part, strict=True)]
    if not levels:  # one value: any forecast
        found = largest(total)
        return None if found is None else Worst(law(d, found.point[:n]), tuple(found.point[:n]))
    found = largest(total)
    if found is not None and found.value == sum(levels, zero):
        q = tuple(found.point[:n])
        return Worst(law(d, q), q)
    return Worst(_of_levels(values, [*levels, zero]), None)


def _distinct(values: Sequence[Number]) -> list[Number]:
    known: list[Number] = []
    for value in sorted(values, key=sample):
        if not known or value != known[-1]:
            known.append(value)
    return known


def _of_levels(values: list[Number], levels: list[Number]) -> Law:
    """The law with E (x - t)_+ given at its values: minus the slope is the mass beyond."""
    beyond = [
        (a - b) / (t - s)
        for a, b, s, t in zip(levels, levels[1:], values, values[1:], strict=False)
    ]
    masses = [a - b for a, b in zip([0 * beyond[0] + 1, *beyond], [*beyond, 0 * beyond[0]],
                                    strict=True)]  # fmt: skip
    kept = [(v, m) for v, m in zip(values, masses, strict=True) if m > 0]
    return Law(tuple(v for v, _ in kept), tuple(m for _, m in kept))
