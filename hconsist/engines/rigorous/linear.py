"""Least risks of linear scores on finitely many inputs, and of scores in a box: a candidate from
above, tangents from below.

The risk ``sum_i sum_y m_iy l_y(W x_i + b)`` of a loss that is convex in the scores is convex in (W,
b). Tangent planes at any points, averaged with any weights, stay below it; the least value of an
affine function over row norms ``|W_k| <= weight`` and
``|b_k| <= bias`` is known in closed form. That value is the dual certificate. At the optimum of a
smooth risk one tangent suffices; at a kink it takes several, with the weights of a convex program.
Nothing that a solver says is taken on trust.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from scipy.optimize import minimize, root

from hconsist.arithmetic import BALLS, NUMPY, endpoints
from hconsist.arithmetic.derivatives import BALL_JETS, ArrayJets, Jets
from hconsist.arithmetic.exact import Value
from hconsist.losses import Loss

#: Relative width at which a single tangent is good enough.
_SHARP = 1e-9
#: How far beside a kink a tangent is taken.
_BESIDE = 2.0**-24
_ROUNDS = 60


_BALL_SCORES, _FLOAT_SCORES = BALL_JETS, ArrayJets(NUMPY)


def losses_and_slopes(
    loss: Loss, scores: Sequence[Value], ops: Jets
) -> tuple[list[Value], list[list[Value]]]:
    """The losses at a score vector, and the derivative of each (row) by each score (column)."""
    vector = np.empty(len(scores), dtype=object)
    vector[:] = scores
    if isinstance(ops, ArrayJets):
        vector = vector.astype(float)
    jets = loss.losses(ops.variables(vector, order=1), ops)
    return list(jets.v), np.asarray(jets.d1).T.tolist()


@dataclass(frozen=True)
class Tangent:
    """``offset + sum_k <rows_k, W_k> + sum_k intercepts_k b_k``, at most the risk; entries are
    balls.
    """

    offset: Value
    rows: list[list[Value]]
    intercepts: list[Value]

    @property
    def definite(self) -> bool:
        """Whether the slopes are known as numbers, not as the hull of those on the sides of a
        kink.
        """
        return all(float(v.rad()) < 2.0**-40 for row in (*self.rows, self.intercepts) for v in row)


class LinearRisk:
    """The risk of linear scores on finitely many inputs.

    Parameters
    ----------
    loss : Loss
        Convex in the scores.
    masses : sequence of rows
        ``P(x_i) p(y | x_i)``, rational.
    features : sequence of rows
        The inputs, rational; rows of length 0 leave the intercepts alone, that is one score vector
        for all inputs.
    weight, bias : Fraction
        Largest Euclidean norm of a row of W, and largest ``|b_k|``.
    """

    def __init__(
        self,
        loss: Loss,
        masses: Sequence[Sequence[Fraction]],
        features: Sequence[Sequence[Fraction]],
        weight: Fraction,
        bias: Fraction,
    ) -> None:
        self.loss, self.masses, self.features = (
            loss,
            [list(row) for row in masses],
            [list(row) for row in features],
        )
        self.weight, self.bias = weight, bias
        self.n, self.d = len(self.masses[0]), len(self.features[0])

    # -- floats: a candidate
    def _split(self, flat: Value) -> tuple[Value, Value]:
        return flat[: self.n * self.d].reshape(self.n, self.d), flat[self.n * self.d :]

    def _float(self, flat: Value) -> tuple[float, Value]:
        """The risk and its gradient."""
        W, b = self._split(flat)
        total, gradient_w, gradient_b = 0.0, np.zeros_like(W), np.zeros_like(b)
        for row, x in zip(self.masses, self.features, strict=True):
            point, masses = np.array([float(v) for v in x]), np.array([float(v) for v in row])
            values, slopes = losses_and_slopes(
                self.loss, [float(s) for s in W @ point + b], _FLOAT_SCORES
            )
            total += float(masses @ np.array(values, dtype=float))
            g = masses @ np.array(slopes, dtype=float)
            gradient_w += np.outer(g, point)
            gradient_b += g
        return total, np.concatenate([gradient_w.ravel(), gradient_b])

    def candidate(self) -> Value:
        """Nearly optimal parameters, flat: sequential quadratic programming, then Newton's method
        on the active constraints.
        """
        reach, bound = float(self.weight), float(self.bias)
        size = self.n * self.d
        constraints: list[dict[str, Value]] = []
        if self.d:

            def room(flat: Value) -> Value:
                return 1 - (self._split(flat)[0] ** 2).sum(axis=1) / reach**2

            def room_slope(flat: Value) -> Value:
                W, _ = self._split(flat)
                slopes = np.zeros((self.n, flat.size))
                for k in range(self.n):
                    slopes[k, k * self.d : (k + 1) * self.d] = -2 * W[k] / reach**2
                return slopes

            constraints.append({"type": "ineq", "fun": room, "jac": room_slope})
        sums = np.zeros((0, size + self.n))
        if self.loss.sum_to_zero:
            sums = np.zeros((self.d + 1, size + self.n))
            for j in range(self.d):
                sums[j, j : size : self.d] = 1
            sums[-1, size:] = 1
            constraints.append(
                {"type": "eq", "fun": lambda flat: sums @ flat, "jac": lambda flat: sums}
            )
        found = minimize(
            self._float,
            np.zeros(size + self.n),
            jac=True,
            method="SLSQP",
            bounds=[(None, None)] * size + [(-bound, bound)] * self.n,
            constraints=constraints,
            options={"ftol": 1e-15, "maxiter": 300},
        )
        polished = self._polished(np.asarray(found.x), sums)
        return (
            polished
            if self._float(polished)[0] <= self._float(found.x)[0] + 1e-12
            else np.asarray(found.x)
        )

    def _polished(self, flat: Value, sums: Value) -> Value:
        """The root of the stationarity equations with the constraints that look active."""
        reach, bound, size = float(self.weight), float(self.bias), self.n * self.d
        norms = np.sqrt((self._split(flat)[0] ** 2).sum(axis=1)) if self.d else np.zeros(self.n)
        tight = np.flatnonzero(norms > reach * (1 - 1e-6))
        walls = size + np.flatnonzero(np.abs(flat[size:]) > bound * (1 - 1e-6))
        gradient = self._float(flat)[1]
        start = [
            -gradient[k * self.d : (k + 1) * self.d]
            @ flat[k * self.d : (k + 1) * self.d]
            / reach**2
            for k in tight
        ]
        at_wall = np.sign(flat[walls]) * bound

        def equations(z: Value) -> Value:
            theta, mu, nu = (
                z[: flat.size],
                z[flat.size : flat.size + tight.size],
                z[flat.size + tight.size :],
            )
            g = self._float(theta)[1] + sums.T @ nu
            rooms = []
            for k, m in zip(tight, mu, strict=True):
                part = slice(k * self.d, (k + 1) * self.d)
                g[part] += m * theta[part]
                rooms.append(theta[part] @ theta[part] - reach**2)
            g[walls] = theta[walls] - at_wall
            return np.concatenate([g, rooms, sums @ theta])

        try:
            solved = root(
                equations, np.concatenate([flat, start, np.zeros(sums.shape[0])]), tol=1e-15
            )
        except (ValueError, OverflowError, ZeroDivisionError, ArithmeticError):
            return flat
        return np.asarray(solved.x[: flat.size]) if np.all(np.isfinite(solved.x)) else flat

    # -- rationals and balls: what is proven
    def feasible(self, flat: Value) -> tuple[list[list[Fraction]], list[Fraction]]:
        """A rational point of the constraint set close to a float one."""
        W, b = self._split(np.asarray(flat))
        rows = [[Fraction(float(v)) for v in row] for row in W]
        bias = [min(max(Fraction(float(v)), -self.bias), self.bias) for v in b]
        if self.loss.sum_to_zero:
            rows = [
                [v - sum((r[j] for r in rows), Fraction(0)) / self.n for j, v in enumerate(row)]
                for row in rows
            ]
            bias = [v - sum(bias, Fraction(0)) / self.n for v in bias]
        largest = max((sum((v * v for v in row), Fraction(0)) for row in rows), default=Fraction(0))
        if largest > self.weight**2:
            shrink = Fraction(math.sqrt(self.weight**2 / largest)) * (1 - Fraction(1, 2**50))
            rows = [[v * shrink for v in row] for row in rows]
        widest = max(abs(v) for v in bias)
        if widest > self.bias:
            bias = [v * self.bias / widest for v in bias]
        return rows, bias

    def tangent(self, rows: list[list[Fraction]], bias: list[Fraction]) -> tuple[Value, Tangent]:
        """The risk at a rational point, and the tangent there."""
        value = BALLS.const(0)
        slopes_w = [[BALLS.const(0)] * self.d for _ in range(self.n)]
        slopes_b = [BALLS.const(0)] * self.n
        for masses, x in zip(self.masses, self.features, strict=True):
            scores = [
                sum((w * v for w, v in zip(row, x, strict=True)), Fraction(0)) + b
                for row, b in zip(rows, bias, strict=True)
            ]
            values, slopes = losses_and_slopes(
                self.loss, [BALLS.const(s) for s in scores], _BALL_SCORES
            )
            for mass, v, slope in zip(masses, values, slopes, strict=True):
                if not mass:
                    continue
                m = BALLS.const(mass)
                value = value + m * v
                for k, d in enumerate(slope):
                    slopes_b[k] = slopes_b[k] + m * d
                    for j, xj in enumerate(x):
                        slopes_w[k][j] = slopes_w[k][j] + m * d * BALLS.const(xj)
        offset = value
        for k in range(self.n):
            offset = offset - slopes_b[k] * BALLS.const(bias[k])
            for j in range(self.d):
                offset = offset - slopes_w[k][j] * BALLS.const(rows[k][j])
        return value, Tangent(offset, slopes_w, slopes_b)

    def least(self, tangent: Tangent) -> Fraction:
        """A lower bound of the tangent over the constraint set."""
        shift_w, shift_b = [Fraction(0)] * self.d, Fraction(0)
        if self.loss.sum_to_zero:  # a multiple of what sums to zero may be taken off
            shift_b = _median([float(v.mid()) for v in tangent.intercepts])
            shift_w = (
                _geometric_median([[float(v.mid()) for v in row] for row in tangent.rows])
                if self.d
                else []
            )
        total = tangent.offset
        for row, slope in zip(tangent.rows, tangent.intercepts, strict=True):
            total = total - BALLS.const(self.bias) * abs(slope - BALLS.const(shift_b))
            if self.d:
                square = BALLS.const(0)
                for v, s in zip(row, shift_w, strict=True):
                    square = square + (v - BALLS.const(s)) * (v - BALLS.const(s))
                total = total - BALLS.const(self.weight) * square.max(BALLS.const(0)).sqrt()
        return endpoints(total)[0]

    def enclose(self) -> tuple[Fraction, Fraction]:
        """Bounds of the least risk."""
        flat = self.candidate()
        value, tangent = self.tangent(*self.feasible(flat))
        high = endpoints(value)[1]
        low = self.least(tangent)
        if float(high - low) > _SHARP * max(1.0, abs(float(high))):
            low, high = self._with_cuts(flat, low, high)
        return low, high

    def _with_cuts(self, flat: Value, low: Fraction, high: Fraction) -> tuple[Fraction, Fraction]:
        """Cutting planes: tangents beside the points that a convex program over all tangents so far
        proposes.
        """
        import cvxpy as cp

        random = np.random.default_rng(0)
        cuts: list[Tangent] = []
        point = flat
        for _ in range(_ROUNDS):
            value, tangent = self.tangent(*self.feasible(point))
            high = min(high, endpoints(value)[1])
            # A tangent may be taken anywhere: beside the constraint set too, where the risk may
            # have its kinks. On a kink its slopes are hulls of several, which say little.
            W, b = self._split(point + _BESIDE * random.standard_normal(point.size))
            beside = self.tangent(
                [[Fraction(v) for v in row] for row in W.tolist()], list(map(Fraction, b.tolist()))
            )[1]
            cuts += [beside, *([tangent] if tangent.definite else [])]
            offsets = np.array([float(c.offset.mid()) for c in cuts])
            slopes = np.array(
                [[float(v.mid()) for row in (*c.rows, c.intercepts) for v in row] for c in cuts]
            )
            theta, level = cp.Variable(flat.size), cp.Variable()
            constraints: list[Value] = [
                level >= offsets + slopes @ theta,
                cp.abs(theta[self.n * self.d :]) <= float(self.bias),
            ]
            rows = [theta[k * self.d : (k + 1) * self.d] for k in range(self.n)] if self.d else []
            constraints += [cp.norm(row) <= float(self.weight) for row in rows]
            if self.loss.sum_to_zero:
                constraints += [
                    cp.sum(theta[self.n * self.d :]) == 0,
                    *([sum(rows[1:], rows[0]) == 0] if rows else []),
                ]
            program = cp.Problem(cp.Minimize(level), constraints)
            program.solve(solver=cp.CLARABEL)
            if program.status not in (cp.OPTIMAL, cp.OPTIMAL_INACCURATE):
                break
            shares = [Fraction(max(float(v), 0.0)) for v in np.asarray(constraints[0].dual_value)]
            whole = sum(shares, Fraction(0))
            if whole > 0:
                low = max(low, self.least(_average(cuts, [s / whole for s in shares])))
            if float(high - low) <= _SHARP * max(1.0, abs(float(high))):
                break
            point = np.asarray(theta.value)
        return low, high


def _average(tangents: list[Tangent], shares: list[Fraction]) -> Tangent:
    """The mean of tangents with rational weights that sum to 1."""
    used = [(t, BALLS.const(s)) for t, s in zip(tangents, shares, strict=True) if s]

    def mean(values: list[Value]) -> Value:
        total = BALLS.const(0)
        for value, (_, share) in zip(values, used, strict=True):
            total = total + share * value
        return total

    first = tangents[0]
    rows = [
        [mean([t.rows[k][j] for t, _ in used]) for j in range(len(row))]
        for k, row in enumerate(first.rows)
    ]
    intercepts = [mean([t.intercepts[k] for t, _ in used]) for k in range(len(first.intercepts))]
    return Tangent(mean([t.offset for t, _ in used]), rows, intercepts)


def _median(values: list[float]) -> Fraction:
    return Fraction(float(np.median(values)))


def _geometric_median(rows: list[list[float]]) -> list[Fraction]:
    """The point of least total distance from the rows, nearly (Weiszfeld's iteration)."""
    points = np.array(rows)
    centre = points.mean(axis=0)
    for _ in range(200):
        distance = np.sqrt(((points - centre) ** 2).sum(axis=1)) + 1e-300
        centre = (points / distance[:, None]).sum(axis=0) / (1 / distance).sum()
    return [Fraction(float(v)) for v in centre]
