"""Exact minimisation of piecewise-linear conditional risks whose kinks lie where score differences
are multiples of a unit.

Such a risk is linear on every cone of the braid arrangement (the orderings of the coordinates)
around a lattice point, and the rays of those cones are the indicator vectors 1_A of label sets A.
So a lattice point minimises the risk over R^n if and only if no step ``unit 1_A`` decreases it, and
the risk is unbounded below if and only if its slope at infinity is negative along some 1_A.
Restricted to ``s_j >= s_k`` for all k the same holds with the steps that stay there: the function
is L-natural-convex.

Source: Murota, "Discrete convex analysis", SIAM 2003, chapters 7 and 10 (polyhedral L-convex
functions, steepest descent).
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction

import numpy as np

from hconsist.arithmetic import SYMPY, Exact, to_sympy
from hconsist.arithmetic.exact import Value
from hconsist.losses import Loss

Lattice = tuple[int, ...]


@dataclass
class BraidRisk:
    """Conditional risks of a translation-invariant piecewise-linear loss on the lattice ``unit
    Z^n``.

    Examples
    --------
    >>> from hconsist.losses import CrammerSinger
    >>> risk = BraidRisk(CrammerSinger(), 3, Fraction(1))
    >>> risk.minimise((Fraction(2, 5), Fraction(3, 10), Fraction(3, 10)))
    ((0, 0, 0), Fraction(1, 1))
    """

    loss: Loss
    n: int
    unit: Exact
    _losses: dict[Lattice, tuple[Fraction, ...]] = field(default_factory=dict)

    @property
    def sets(self) -> list[Lattice]:
        """The indicator vectors of the proper non-empty label sets."""
        return list(itertools.product((0, 1), repeat=self.n))[1:-1]

    def risk(self, z: Lattice, p: tuple[Fraction, ...]) -> Fraction:
        """The conditional risk at the scores unit z, exactly."""
        low = min(z)
        key = tuple(v - low for v in z)  # translation invariance
        if key not in self._losses:
            values: Value = self.loss.losses(
                np.array([to_sympy(self.unit) * v for v in key], dtype=object), SYMPY
            )
            self._losses[key] = tuple(Fraction(int(v.p), int(v.q)) for v in values)
        return sum((q * v for q, v in zip(p, self._losses[key], strict=True)), Fraction(0))

    def unbounded_along(
        self, p: tuple[Fraction, ...], leaders: frozenset[int] = frozenset()
    ) -> Lattice | None:
        """An indicator vector along which the risk falls for ever while the leaders may stay on
        top.
        """
        for step in self.sets:
            if _on_top(step, leaders):
                twice, thrice = (tuple(k * v for v in step) for k in (2, 3))
                if self.risk(thrice, p) < self.risk(twice, p):
                    return step
        return None

    def minimise(
        self, p: tuple[Fraction, ...], leaders: frozenset[int] = frozenset()
    ) -> tuple[Lattice, Fraction]:
        """A minimiser and the minimum over R^n, or over the scores at which every leader is at
        least every other label.

        The risk must be bounded below.
        """
        z: Lattice = (0,) * self.n
        value = self.risk(z, p)
        while True:
            moves = (tuple(a + b for a, b in zip(z, step, strict=True)) for step in self.sets)
            best = min((m for m in moves if _on_top(m, leaders)), key=lambda m: self.risk(m, p))
            if self.risk(best, p) >= value:
                return z, value
            z, value = best, self.risk(best, p)


def _on_top(z: Lattice, leaders: frozenset[int]) -> bool:
    rest = [v for i, v in enumerate(z) if i not in leaders]
    return not leaders or not rest or min(z[i] for i in leaders) >= max(rest)


def label_distributions(n: int, largest: int = 10) -> Iterator[tuple[Fraction, ...]]:
    """Non-increasing rational label distributions, not uniform, of small denominator first.

    >>> next(label_distributions(3))
    (Fraction(1, 1), Fraction(0, 1), Fraction(0, 1))
    """

    def parts(total: int, slots: int, cap: int) -> Iterator[tuple[int, ...]]:
        if slots == 1:
            if total <= cap:
                yield (total,)
            return
        for first in range(min(total, cap), -1, -1):
            for rest in parts(total - first, slots - 1, first):
                yield (first, *rest)

    for denominator in range(1, largest + 1):
        for numerators in parts(denominator, n, denominator):
            if numerators[0] != numerators[-1] and np.gcd.reduce(numerators) == 1:
                yield tuple(Fraction(v, denominator) for v in numerators)


@dataclass(frozen=True)
class Violation:
    """A label distribution and scores at which a wrong prediction costs nothing; minimum None where
    it is minus infinity.
    """

    p: tuple[Fraction, ...]
    start: Lattice
    direction: Lattice
    predicted: tuple[int, ...]
    minimum: Fraction | None


def find_counterexample(risk: BraidRisk, k: int = 1) -> Violation | None:
    """Search label distributions of small denominator for a wrong prediction of k labels at the
    minimum.

    Examples
    --------
    >>> from hconsist.losses import WestonWatkins
    >>> found = find_counterexample(BraidRisk(WestonWatkins(), 3, Fraction(1)))
    >>> [str(v) for v in found.p], found.start, found.predicted
    (['1/2', '1/3', '1/6'], (1, 1, 0), (1,))
    """
    zero = (0,) * risk.n
    for p in label_distributions(risk.n):
        wrong = [
            c for c in itertools.combinations(range(risk.n), k) if sum(p[j] for j in c) < sum(p[:k])
        ]
        if risk.unbounded_along(p) is not None:
            for labels in wrong:
                direction = risk.unbounded_along(p, frozenset(labels))
                if direction is not None:
                    return Violation(p, zero, direction, labels, None)
            continue
        _, best = risk.minimise(p)
        for labels in wrong:
            z, value = risk.minimise(p, frozenset(labels))
            if value == best:
                return Violation(p, z, zero, labels, best)
    return None
