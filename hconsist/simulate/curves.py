"""The bounds that experiments are held against: Gamma at a surrogate excess, from above, with what
stands behind it.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Literal

import numpy as np
from array_api_compat import array_namespace
from array_api_compat import device as array_device
from numpy.typing import NDArray

from hconsist.arithmetic.exact import Value
from hconsist.bounds import Bound, derive
from hconsist.engines import transform
from hconsist.engines.numeric import sweep
from hconsist.engines.numeric.methods import inner_solver
from hconsist.errors import EngineCannotAnswerError
from hconsist.hull import ConvexHull
from hconsist.losses import MarginLoss
from hconsist.pointwise import PointwiseProblem
from hconsist.simulate.backend import AnyArray
from hconsist.simulate.optimum import two_label_transform

if TYPE_CHECKING:
    pass

Array = NDArray[np.float64]

#: What stands behind a bound: a closed form with a proof; certified values of T below an estimate;
#: an estimate alone.
Standing = Literal["proven", "certified", "estimate"]

#: What a difference of risks may be off by rounding, relative to 1 + risk.
ROUNDING = 1e-9
#: How far below the truth an estimate of Gamma may be read, relative, in the surrogate excess.
_LENIENT = 1e-5
#: Values of beta that every method of the numeric engine takes at once.
FEW = 21
#: The same for a direct search at three labels, which takes seconds for each.
FEWER = 11
#: How long a certified value is worked on: a proof that stops early is a proof of less.
_BOXES = 100
#: Values of beta at which T is certified.
_CERTIFIED = tuple(Fraction(i, 16) for i in range(1, 17))
#: Values of beta at which T** is closed in by supporting lines.
_SUPPORTED = (*(Fraction(1, k) for k in (40, 20, 10, 5, 3, 2)), Fraction(3, 4), Fraction(1))


class BracketedCurve:
    """T** of a bound, bracketed on a grid.

    The chords of a convex function lie above it and their prolongations below it. Pairs under a
    chord are decided by the closed form of T** where there is one, and otherwise on a grid refined
    around them.
    """

    def __init__(self, bound: Bound) -> None:
        self.bound, self.problem = bound, bound.problem
        #: Witnesses (p, scores) of the values that a search found on the way.
        self.witnesses: list[tuple[Array, Array]] = []
        uniform = {Fraction(i, 100) for i in range(101)}
        fine = {Fraction(round(b * 10**7), 10**7) for b in np.geomspace(1e-4, 0.02, 60)}
        self.grid = np.array([float(b) for b in sorted(uniform | fine)])
        # chords of a coarse grid, and no refinement, where T takes a second or more for each beta
        self.coarse = not self.proven and self.problem.surrogate.solves_for_its_value
        try:
            values = np.empty(0) if self.coarse else self._values(self.grid)
        except EngineCannotAnswerError:
            self.coarse = True
        if self.coarse:
            self.grid = np.linspace(0, 1, FEW if self.problem.n == 2 else FEWER)
            answers = sweep(self.problem, np.round(self.grid, 6).tolist())
            values = np.array([np.nan if a.estimate is None else a.estimate for a in answers])
            self.witnesses = [
                (np.array([float(v) for v in a.witness.p]), np.array(a.witness.scores))
                for a in answers
                if a.witness is not None and a.estimate is not None
            ]
        # An engine may leave a value undecided: the hull of the others is still above T**.
        self.grid, self.values = self.grid[np.isfinite(values)], values[np.isfinite(values)]
        if self.grid.size < 2:
            raise EngineCannotAnswerError(
                "numeric", f"no value of T for {self.problem.surrogate.spec}"
            )
        self.nodes = _hull(self.grid, self.values)
        self.vertices = _vertices(self.grid, self.values)

    @property
    def proven(self) -> bool:
        """Whether a closed form of T**, or of a lower bound on it, was derived."""
        return self.bound.derivation is not None

    @property
    def touching(self) -> Array:
        """Target regrets at the ends of the long chords of T**, where T touches its envelope; empty
        where it is curved.
        """
        x, _ = self.vertices
        long = np.diff(x) > 0.021
        return np.asarray(
            np.round(x[np.concatenate([[False], long]) | np.concatenate([long, [False]])], 4)
        )

    @cached_property
    def standing(self) -> Standing:
        """What stands behind `above`."""
        return (
            "proven" if self.proven else "certified" if self._certified is not None else "estimate"
        )

    @cached_property
    def _certified(self) -> Callable[[Array], Array] | None:
        """A proven Gamma from above: by supporting lines of T, or by certified values."""
        if self.proven:
            return None
        if (
            self.problem.n == 2
        ):  # lemmas give the lines; beyond two labels a search for them may take minutes
            try:
                from hconsist.engines import rigorous

                found = rigorous.envelope(self.problem)
                for beta in _SUPPORTED:
                    found.value(beta, Fraction(1, 100))
                lines = [
                    (float(line.slope), float(line.offset))
                    for line in found.lines
                    if line.slope > 0
                ]
                slopes, offsets = (np.array([line[i] for line in lines]) for i in (0, 1))
                return lambda level: np.minimum(
                    1.0, ((level[:, None] + offsets) / slopes).min(axis=1) * (1 + 1e-12)
                )
            except EngineCannotAnswerError:
                pass
        hull = self._certified_hull()
        return hull and (lambda level: np.array([float(hull.inverse(float(e))) for e in level]))

    def _certified_hull(self) -> ConvexHull | None:
        """A convex function below T: T is non-decreasing, so each certified value holds up to the
        next beta.
        """
        lows = [Fraction(0)]
        try:
            for beta in _CERTIFIED[:-1]:
                low = transform(self.problem, beta, "rigorous", max_boxes=_BOXES).lower
                lows.append(max(lows[-1], low if low is not None else Fraction(0)))
        except EngineCannotAnswerError:
            return None
        below = [max(0.0, float(np.nextafter(float(v), -1))) for v in lows]
        return ConvexHull.of([0.0, *map(float, _CERTIFIED)], [0.0, *below])

    @property
    def _by_margin(self) -> bool:
        """Whether two labels and no faster method leave a search over one margin."""
        loss = self.problem.surrogate
        if self.proven or self.problem.n != 2 or not loss.shift_invariant:
            return False
        return isinstance(loss, MarginLoss) or inner_solver(self.problem) is None

    def _values(self, betas: Array) -> Array:
        if self.proven:
            return self.bound.envelope_curve(betas)
        if self._by_margin:
            bound = self.problem.hypotheses.score_bound
            return two_label_transform(
                self.problem.surrogate, betas, None if bound is None else float(bound)
            )[0]
        return self.bound.transform_curve(betas)

    def gamma(self, excess: Value) -> AnyArray:
        """The largest target excess at a surrogate excess, by the chords (an estimate, at most the
        true value), in the array library of the excess.
        """
        x, y = self.nodes
        flat = np.flatnonzero(
            y <= 0
        )  # where T** is 0 on an interval, Gamma starts at its right end
        xs, ys = (
            np.concatenate([[x[flat[-1]] if flat.size else 0.0], x[y > 0]]),
            np.concatenate([[0.0], y[y > 0]]),
        )
        if isinstance(excess, float | np.ndarray):
            return np.asarray(np.interp(excess, ys, xs))
        return _interpolated(excess, ys, xs)

    def above(self, excess: Array, target: Array | None = None) -> Array:
        """Gamma from above at surrogate excesses, rounding granted: a proof where the curve is
        proven, else an estimate.

        With target excesses, only the pairs beyond half their bound are given it to nine digits.
        """
        level = excess + ROUNDING * (1 + np.abs(excess))
        if self.proven:
            return self._closed_in(level, np.ones_like(level) if target is None else target)
        level = level * (1 + _LENIENT)
        nodes = self.nodes
        if not self.coarse:
            low, high = _inverse(nodes, level)
            extra = np.unique(np.round(np.concatenate([low, (low + high) / 2, high]), 9))
            extra = np.setdiff1d(extra[(extra > 0) & (extra < 1)], self.grid)
            if extra.size:
                betas, values = (
                    np.concatenate([self.grid, extra]),
                    np.concatenate([self.values, self._values(extra)]),
                )
                order = np.argsort(betas)
                order = order[np.isfinite(values[order])]
                nodes = _hull(betas[order], values[order])
        return _inverse(nodes, level)[1]

    def ceiling(self, excess: Array, target: Array | None = None) -> Array:
        """A proven upper bound on Gamma, rounding granted: `above` where a closed form is; 1 where
        nothing is proven.
        """
        if self.proven:
            return self.above(excess, target)
        if self._certified is None:
            return np.ones_like(excess)
        level = excess + ROUNDING * (1 + np.abs(excess))
        return self._certified(level)

    def _closed_in(self, level: Array, target: Array) -> Array:
        """The largest beta with T**(beta) <= level from above: chords and prolongations of a convex
        function close in on it.
        """
        x, y = self.nodes
        right = np.clip(np.searchsorted(y, level, side="right"), 1, len(x) - 1)
        a, ya, b, yb = x[right - 1].copy(), y[right - 1].copy(), x[right].copy(), y[right].copy()
        full = level >= y[-1]
        for _ in range(8):
            rows = np.flatnonzero(~full & (target > 0.5 * a) & (b - a > 1e-9 * b))
            if not rows.size:
                break
            low, value, goal = a[rows], ya[rows], level[rows]
            chord = np.clip(
                low + (goal - value) * (b[rows] - low) / (yb[rows] - value), low, b[rows]
            )
            there = self._values(chord)
            with np.errstate(all="ignore"):
                beyond = chord + (goal - there) * (chord - low) / (there - value)
            # a hair further, so that the prolongation ends above the level whatever the rounding
            beyond = np.where(
                np.isfinite(beyond), beyond + 1e-10 * np.abs(beyond), (chord + b[rows]) / 2
            )
            beyond = np.clip(beyond, chord, b[rows])
            for point, height in ((chord, there), (beyond, self._values(beyond))):
                below = height <= goal
                a[rows], ya[rows] = (
                    np.where(below, point, a[rows]),
                    np.where(below, height, ya[rows]),
                )
                better = ~below & (point < b[rows])
                b[rows], yb[rows] = (
                    np.where(better, point, b[rows]),
                    np.where(better, height, yb[rows]),
                )
        coarse = (
            b - a > 1e-6 * b
        )  # not asked for in full: the prolonged neighbours of the chord will do
        return np.where(
            full, 1.0, np.where(coarse, np.minimum(b, _inverse(self.nodes, level)[1]), b)
        )

    def compare(self, target: Array, surrogate: Array) -> NDArray[np.int64]:
        """1 where T**(target) <= surrogate, -1 where it is above, 0 where that cannot be told."""
        slack = ROUNDING * (1 + np.abs(surrogate))
        states = np.where(_upper(self.nodes, target) <= surrogate + slack, 1, 0)
        between = np.flatnonzero(states == 0)
        if not between.size:
            return states
        if self.proven:
            values = self._values(np.clip(target[between], 0.0, 1.0))
            above = (values > surrogate[between] + slack[between]) | (target[between] > 1 + 1e-9)
            states[between] = np.where(above, -1, 1)
            return states
        # The numeric engine's T is an estimate: only what is clearly beyond it is called a
        # violation.
        states[between] = np.where(target[between] > self.above(surrogate[between]) + 1e-9, -1, 0)
        return states


def _interpolated(at: AnyArray, knots: Array, values: Array) -> AnyArray:
    """`numpy.interp` in another array library, on the device of the points."""
    xp, place = array_namespace(at), array_device(at)
    x, y = (xp.asarray(v, dtype=at.dtype, device=place) for v in (knots, values))
    right = xp.clip(xp.searchsorted(x, at, side="right"), 1, len(knots) - 1)
    x0, x1, y0, y1 = (xp.take(v, i) for v in (x, y) for i in (right - 1, right))
    return xp.clip(y0 + (at - x0) * ((y1 - y0) / (x1 - x0)), float(values[0]), float(values[-1]))


def _vertices(betas: Array, values: Array) -> tuple[Array, Array]:
    hull = ConvexHull.of(betas.tolist(), values.tolist())
    return np.asarray(hull.betas, dtype=float), np.asarray(hull.values, dtype=float)


def _hull(betas: Array, values: Array) -> tuple[Array, Array]:
    """The points of a table that lie on its hull, those inside a straight piece too: where T is
    linear their chords are its own prolongations, and the hull has no other neighbours to prolong.
    """
    chords = np.interp(betas, *_vertices(betas, values))
    on = values <= chords + 1e-12 * (1 + np.abs(chords))
    return betas[on], np.minimum(values, chords)[on]


def _upper(nodes: tuple[Array, Array], beta: Array) -> Array:
    """The chords at target regrets up to the last node; infinite above it."""
    return np.where(beta > nodes[0][-1] + 1e-9, np.inf, np.interp(beta, *nodes))


def _lower(nodes: tuple[Array, Array], beta: Array) -> Array:
    """The prolonged neighbours of each chord; infinite above 1."""
    x, y = nodes
    slopes = np.concatenate([[0.0], np.diff(y) / np.diff(x), [1e300]])
    i = np.clip(np.searchsorted(x, beta), 1, len(x) - 1)
    left = y[i - 1] + slopes[i - 1] * (beta - x[i - 1])
    right = y[i] - slopes[i + 1] * (x[i] - beta)
    known = np.where(beta <= x[-1], np.maximum(left, right), y[-1])
    return np.where(beta > 1 + 1e-9, np.inf, np.maximum(known, 0.0))


def _inverse(nodes: tuple[Array, Array], level: Array) -> tuple[Array, Array]:
    """The largest beta with T**(beta) <= level, between the chords' answer and that of the
    prolonged neighbours.
    """
    x, y = nodes
    slopes = np.concatenate([[0.0], np.diff(y) / np.diff(x), [1e300]])
    i = np.clip(np.searchsorted(y, level, side="right"), 1, len(x) - 1)
    full = level >= y[-1]
    with np.errstate(all="ignore"):
        low = x[i - 1] + (level - y[i - 1]) / slopes[i]
        left = np.where(slopes[i - 1] > 0, x[i - 1] + (level - y[i - 1]) / slopes[i - 1], np.inf)
        right = x[i] - (y[i] - level) / slopes[i + 1]
    high = np.minimum(np.minimum(left, right), x[i])
    return np.where(full, 1.0, low), np.where(full, 1.0, np.maximum(low, high))


@lru_cache(maxsize=256)
def curve_of(loss: str, n: int, hypotheses: str = "complete") -> BracketedCurve:
    """The curve of a loss for the zero-one target."""
    return BracketedCurve(derive(loss, n_classes=n, hypotheses=hypotheses))


def plain(problem: PointwiseProblem, betas: list[float]) -> list[tuple[Array, Array]]:
    """Witnesses (p, scores) of T at some betas."""
    found = sweep(problem, betas)
    return [
        (np.array([float(v) for v in a.witness.p]), np.array(a.witness.scores))
        for a in found
        if a.witness is not None
    ]
