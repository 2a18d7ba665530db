"""The least conditional risk of three labels over scores of one order, for any formula, from below
and from above: halved triangles, each with a Taylor bound of every loss.

A loss that permutations leave as it is and that gives the larger score the smaller loss is best at
scores in the order of p. So it is enough to know ``R(w) = inf w_1 l_1 + w_2 l_2 + w_3 l_3`` over
the scores that fall, l_r the loss of rank r: of weights that fall it is the least risk of all
scores, of weights that do not that of a wrong prediction. A cell keeps bounds of the three losses
that hold for any weights, so one set of cells serves them all.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from hconsist.arithmetic import BALLS
from hconsist.arithmetic.derivatives import BALL_JETS
from hconsist.arithmetic.exact import Value
from hconsist.arithmetic.jet import Jet, variable
from hconsist.losses.facts import Curve

Vector = tuple[Fraction, ...]
Array = NDArray[np.float64]
#: Relative to the numbers that enter a bound, more than what floats round away in the few dozen
#: operations behind it, weights included; and to the curvature, more than what a model that is
#: called flat may fall inside.
_ROUNDING, _SINGULAR = 1e-13, 1e-11
#: How far a point on the edge of what is reached moves inward, as a part of the way to its middle.
_INWARD = 2**60
#: How many cells are halved at a time.
_BATCH = 8


class Cells:
    """Cells of three numbers and what is known of the losses there.

    Parameters
    ----------
    losses : callable
        ``losses(x)``: the jet of the three losses at a jet of three numbers.
    region : tuple of vectors
        The corners of a simplex of one or two dimensions whose points fall: x_1 >= x_2 >= x_3.
    g : Curve, optional
        Where the loss of rank r is g of x_r alone, g non-increasing.
    ratio : Fraction, optional
        Points count as reached where no number is more than this times another; the region may be
        a little larger.
    positive : bool
        Whether points count as reached only where every number is: losses may jump at 0 and at 1.
    """

    def __init__(
        self,
        losses: Callable[[Jet], Jet],
        region: Sequence[Vector],
        g: Curve | None = None,
        ratio: Fraction | None = None,
        *,
        positive: bool = False,
    ) -> None:
        self.losses, self.g, self.ratio, self.d = losses, g, ratio, len(region) - 1
        self.positive = positive
        d = self.d
        self.corners: list[tuple[Vector, ...]] = []
        self._rows = [_Table(shape) for shape in ((3,), (3, d), (3, d, d), (3,), (3,))]
        self.points: list[Vector] = []
        self._values = _Table((3,))
        self._seen: set[Vector] = set()
        for corner in region:
            self.look(corner)
        self._put(tuple(region), 0)

    # -- what is known of a cell or a point
    def look(self, x: Vector) -> None:
        """Keep the losses at a point that is reached, or at one next to it, from above."""
        if x in self._seen:
            return
        self._seen.add(x)
        if not self._reached(x):
            mean = sum(x, Fraction(0)) / len(x)
            x = tuple(v + (mean - v) / _INWARD for v in x)
            if not self._reached(x):
                return
        found = self.losses(Jet(_balls(x))).v
        self.points.append(x)
        self._values.put(len(self.points) - 1, np.array([_up(v) for v in found]))

    def _reached(self, x: Vector) -> bool:
        if self.positive and not min(x):
            return False
        return self.ratio is None or max(x) <= self.ratio * min(x)

    def _put(self, corners: tuple[Vector, ...], place: int) -> None:
        """Bound a cell, and keep it in place of an earlier one, or after all."""
        d = self.d
        moves = [_minus(corners[i + 1], corners[0]) for i in range(d)]
        centre = tuple(sum(c, Fraction(0)) / (d + 1) for c in zip(*corners, strict=True))
        self.look(centre)
        hulls = [BALLS.const(min(c)).union(BALLS.const(max(c)))
                 for c in zip(*corners, strict=True)]  # fmt: skip
        if self.g is not None:
            known = [self._of_curve(h, c, [m[y] for m in moves])
                     for y, (h, c) in enumerate(zip(hulls, centre, strict=True))]  # fmt: skip
        else:
            known = self._of_formula(hulls, centre, moves)
        for table, part in zip(self._rows, zip(*known, strict=True), strict=True):
            table.put(place, np.array(part))
        self.corners[place : place + 1] = [corners]

    def _of_curve(self, hull: Value, centre: Fraction, moves: Sequence[Fraction]) -> Value:
        """Value, slopes and curvature at the centre, with an error over the cell; a lower bound."""
        assert self.g is not None
        top = self.g(hull.upper(), BALLS)  # it does not rise
        whole = _jet(self.g(variable(hull), BALL_JETS))
        at = _jet(self.g(variable(BALLS.const(centre), 1), BALL_JETS))
        steps = np.array([float(m) for m in moves])
        least = max(_down(whole.v), _down(top))
        return _taylor(
            (at.v, [at.d1] * self.d, whole.v, [whole.d1] * self.d, [[whole.d2] * self.d] * self.d),
            (np.abs(steps), steps), least,
        )  # fmt: skip

    def _of_formula(self, hulls: Sequence[Value], centre: Vector, moves: Sequence[Vector]) -> Value:
        first = np.array([[BALLS.const(m) for m in move] for move in moves], dtype=object)
        zero = np.full((self.d, self.d, 3), BALLS.const(0), dtype=object)
        box = np.empty(3, dtype=object)
        box[:] = hulls
        whole = self.losses(Jet(box, first, zero, many=True))
        at = self.losses(Jet(_balls(centre), first, None, many=True))
        ones = np.ones(self.d)
        return [
            _taylor(
                (at.v[y], [_at(at.d1, y, i) for i in range(self.d)], whole.v[y],
                 [_at(whole.d1, y, i) for i in range(self.d)],
                 [[_at(whole.d2, y, i, j) for j in range(self.d)] for i in range(self.d)]),
                (ones, ones), _down(whole.v[y]),
            )
            for y in range(3)
        ]  # fmt: skip

    # -- bounds
    def bounds(self, weights: Array) -> tuple[Array, Array]:
        """A lower bound of the weighted losses over each cell, and where its model is least, in
        shares of the corners.
        """
        value, slope, bend, error, least = (t.filled(len(self.corners)) for t in self._rows)
        used = weights > 0
        w = weights[used]
        f = value[:, used] @ w
        g = np.einsum("kyi,y->ki", slope[:, used], w)
        h = np.einsum("kyij,y->kij", bend[:, used], w)
        size = sum(np.tensordot(np.abs(part[:, used]).reshape(len(part), len(w), -1).sum(-1), w,
                                (1, 0)) for part in (value, slope, bend))  # fmt: skip
        with np.errstate(all="ignore"):
            low, shares = _least_model(f, g, h)
        flatness = _SINGULAR * np.abs(h).reshape(len(f), -1).sum(1)
        floor = least[:, used] @ w - _ROUNDING * (np.abs(least[:, used]) @ w)
        with np.errstate(invalid="ignore"):
            low = low - error[:, used] @ w - _ROUNDING * size - flatness
        return np.maximum(np.where(np.isnan(low), -np.inf, low), floor), shares

    def values(self, weights: Array) -> Array:
        """The weighted losses at all points, from above."""
        used = weights > 0
        table = self._values.filled(len(self.points))[:, used]
        found = table @ weights[used] + _ROUNDING * (np.abs(table) @ weights[used])
        return np.where(np.isfinite(found), found, np.inf)

    def least(
        self, weights: Sequence[Fraction], width: float, most: int
    ) -> tuple[float, float, Vector]:
        """``low <= inf <= high`` over the region, and a point that attains the high one."""
        w = np.array([float(v) for v in weights])
        while True:
            low, shares = self.bounds(w)
            worst = int(np.argmin(low))
            self._try(worst, shares[worst])
            found = self.values(w)
            best = int(np.argmin(found))
            high = float(found[best])
            if high - low[worst] <= width or len(self.corners) >= most:
                return float(low[worst]), high, self.points[best]
            order = np.argsort(low)[:_BATCH]
            for i in order:
                if high - low[i] > width:
                    self._halve(int(i))

    def _try(self, i: int, shares: Array) -> None:
        """Look where the model of a cell is least."""
        rest = [min(max(Fraction(float(s)), Fraction(0)), Fraction(1)) for s in shares[1:]]
        total = sum(rest, Fraction(0))
        if total > 1:
            rest = [s / total for s in rest]
        parts = [1 - sum(rest, Fraction(0)), *rest]
        self.look(tuple(
            sum((a * c for a, c in zip(parts, column, strict=True)), Fraction(0))
            for column in zip(*self.corners[i], strict=True)
        ))  # fmt: skip

    def _halve(self, i: int) -> None:
        for half, place in zip(halves(self.corners[i]), (i, len(self.corners)), strict=True):
            self._put(half, place)


def halves(corners: tuple[Vector, ...]) -> list[tuple[Vector, ...]]:
    """Cut a simplex at the middle of its longest edge."""

    def length(pair: tuple[int, int]) -> Fraction:
        ends = zip(corners[pair[0]], corners[pair[1]], strict=True)
        return sum(((a - b) ** 2 for a, b in ends), Fraction(0))

    a, b = max(itertools.combinations(range(len(corners)), 2), key=length)
    middle = tuple((x + y) / 2 for x, y in zip(corners[a], corners[b], strict=True))
    return [tuple(middle if k == gone else c for k, c in enumerate(corners)) for gone in (a, b)]


class _Table:
    """Rows of one shape, in an array that grows."""

    def __init__(self, shape: tuple[int, ...]) -> None:
        self._rows = np.zeros((64, *shape))

    def put(self, place: int, row: Array) -> None:
        if place >= len(self._rows):
            self._rows = np.concatenate([self._rows, np.zeros_like(self._rows)])
        self._rows[place] = row

    def filled(self, count: int) -> Array:
        found: Array = self._rows[:count]
        return found


def _balls(x: Sequence[Fraction]) -> Value:
    found = np.empty(len(x), dtype=object)
    found[:] = [BALLS.const(v) for v in x]
    return found


def _minus(a: Vector, b: Vector) -> Vector:
    return tuple(x - y for x, y in zip(a, b, strict=True))


def _jet(found: Value) -> Jet:
    if isinstance(found, Jet):
        return found
    zero = BALLS.const(0)
    return Jet(found, zero, zero)  # a constant


def _at(derivative: Value, y: int, *directions: int) -> Value:
    """A derivative of loss y; 0 where the formula does not depend on anything."""
    if derivative is None:
        return BALLS.const(0)
    shape = getattr(derivative, "shape", ())
    if not shape:
        return derivative
    return derivative[(*directions, y)]


def _middle(ball: Value) -> tuple[float, float]:
    """A float, and how far from it the ball reaches."""
    m = float(ball.mid())
    return m, float(ball.rad()) * (1 + 1e-9) + abs(m) * 2.0**-52 + 1e-300


def _down(ball: Value) -> float:
    """A float below the ball; minus infinity where it is not finite."""
    if not ball.is_finite():
        return -np.inf
    m, r = _middle(ball)
    return float(np.nextafter(m - r, -np.inf))


def _up(ball: Value) -> float:
    if not ball.is_finite():
        return np.inf
    m, r = _middle(ball)
    return float(np.nextafter(m + r, np.inf))


def _taylor(found: Value, steps: tuple[Array, Array], least: float) -> Value:
    """The best of four bounds: to second order, to first (a kink: slopes of a hull), the value over
    the cell, and the constant ``least``.

    No point of a simplex is further than d/(d + 1) from its centre along any of its edges.
    """
    at, at_slopes, whole, slopes, bends = found
    size, signed = steps
    d = len(size)
    none = np.zeros(d), np.zeros((d, d))
    far = d / (d + 1)
    smooth = all(b is not None and b.is_finite() for row in bends for b in row)
    if smooth and at.is_finite() and all(s.is_finite() for s in at_slopes):
        v, e = _middle(at)
        g, h = np.empty(d), np.empty((d, d))
        for i in range(d):
            m, r = _middle(at_slopes[i])
            g[i] = m * signed[i]
            e += (r + abs(m) * 2.0**-50) * size[i] * far
            for j in range(d):
                m, r = _middle(bends[i][j])
                h[i, j] = m * signed[i] * signed[j]
                e += (r + abs(m) * 2.0**-50) * size[i] * size[j] * far * far / 2
        if np.isfinite(e):
            return v, g, (h + h.T) / 2, e, least
    if at.is_finite() and all(s is not None and s.is_finite() for s in slopes):
        v, e = _middle(at)
        g = np.empty(d)
        for i in range(d):
            m, r = _middle(slopes[i])
            g[i] = m * signed[i]
            e += (r + abs(m) * 2.0**-50) * size[i] * far
        if np.isfinite(e):
            return v, g, none[1], e, least
    if whole.is_finite():
        v, e = _middle(whole)
        return v, *none, e, least
    return least, *none, 0.0, least


def _least_model(f: Array, g: Array, h: Array) -> tuple[Array, Array]:
    """The least value of ``f + <g, x> + <x, h x>/2`` over each cell, x from its centre in its own
    coordinates, and the shares of the corners there.

    Over an edge it is at an end or where the slope vanishes. Inside, it is where h is positive
    definite: the tangent at any point is then below, and its least value is at a corner.
    """
    d = g.shape[1]
    corner = np.vstack([np.zeros(d), np.eye(d)]) - 1 / (d + 1)

    def at(x: Array) -> Array:
        value: Array = f + (g * x).sum(-1) + np.einsum("ki,kij,kj->k", x, h, x) / 2
        return value

    best = np.full(len(f), np.inf)
    shares = np.zeros((len(f), d + 1))
    unknown = np.zeros(len(f), dtype=bool)

    def take(value: Array, x: Array) -> None:
        unknown[np.isnan(value)] = True
        better = value < best
        best[better] = value[better]
        parts = x + 1 / (d + 1)
        full = np.column_stack([1 - parts.sum(1), parts])
        shares[better] = full[better]

    for a, b in itertools.combinations(range(d + 1), 2):
        move = corner[b] - corner[a]
        start = np.broadcast_to(corner[a], g.shape)
        slope = ((g + np.einsum("kij,kj->ki", h, start)) * move).sum(1)
        curve = np.einsum("i,kij,j->k", move, h, move)
        t = np.where(curve > 0, -slope / curve, 0.0)
        for share in (np.zeros(len(f)), np.ones(len(f)), np.clip(np.nan_to_num(t), 0, 1)):
            x = start + share[:, None] * move
            take(at(x), x)
    if d == 2:
        det = h[:, 0, 0] * h[:, 1, 1] - h[:, 0, 1] ** 2
        trace = h[:, 0, 0] + h[:, 1, 1]
        convex = (h[:, 0, 0] > 0) & (h[:, 1, 1] > 0) & (det > _SINGULAR * trace**2)
        x = np.column_stack([
            (h[:, 0, 1] * g[:, 1] - h[:, 1, 1] * g[:, 0]) / det,
            (h[:, 0, 1] * g[:, 0] - h[:, 0, 0] * g[:, 1]) / det,
        ])  # fmt: skip
        x = np.where(np.isfinite(x), x, 0.0)
        inside = convex & np.all(x >= corner[0], axis=1) & (x.sum(1) <= 1 / 3)
        slope = g + np.einsum("kij,kj->ki", h, x)
        drop = np.min([(slope * (c - x)).sum(1) for c in corner], axis=0)
        take(np.where(inside, at(x) + np.minimum(drop, 0.0), np.inf), x)
    best[unknown] = -np.inf
    shares[unknown] = 1 / (d + 1)
    return best, shares
