"""Regrets that are jointly convex: T between the duals of one convex program a pair and rational
witnesses.

Predicting r needs coordinates v of the scores with R (v - o) <= 0. With w = A p, d = L_r - L_{r*},
<p, d> >= b and any lam >= 0, mu >= 0 (docs/targets.md, theorem 3):

*KL of vectors with one sum.* For E_i > 0, w log(w/v) - w + v >= w log E - v (E - 1), as the
logarithm is below its tangents. With E = 1 + R^T mu the last terms sum to <mu, R v> <= 0, so

    T_{r,r*}(b) >= lam b + min_y [ sum_i A_iy log E_i - lam d_y ].

*KL of each.* The same for the pairs (w_i, 1 - w_i), (v_i, 1 - v_i), with E_i = 1 + b_i + (R^T mu)_i
and E'_i = 1 + b_i, where the sum of b_i + o (R^T mu)_i is at most 0.

*Squares.* |w - v|^2 >= <g, w - v> - |g|^2/4 with g = R^T mu, or for forecasts any g with
g <= R^T mu + nu:

    T_{r,r*}(b) >= lam b + min_y [ sum_i A_iy g_i - lam d_y ] - o sum g - nu - |g|^2/4.

Whatever a solver says, these are evaluated for its rationals: in balls where there are logarithms.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hconsist.arithmetic import BALLS, endpoints
from hconsist.decisions.score_rules import ranking
from hconsist.engines.rigorous.plugin import Region, Vector, distribution
from hconsist.losses.jointly_convex import JointlyConvex, jointly_convex
from hconsist.pointwise import UNREACHED, Answer, PointwiseProblem, Witness

Array = NDArray[np.float64]

PAIRS_OF_PREDICTIONS = "theorem 3 for pairs of predictions (docs/targets.md)"

#: Ordered pairs of predictions at most: a convex program each.
_MOST_PAIRS = 700
_RULES = ("largest scores", "signs", "count", "order")
_ZERO = Fraction(0)


def missing(problem: PointwiseProblem) -> str:
    """Why the problem is not one of this kind; empty where it is.

    >>> missing(PointwiseProblem("weighted", "abstain:c=0.3", n_classes=3))
    ''
    >>> missing(PointwiseProblem("weighted:base=mae", "abstain:c=0.3", n_classes=3))
    'its regret is not shown to be a multiple of a KL divergence or a squared distance'
    """
    decision = problem.decision
    if decision.predicts_numbers or decision.rule in ("mean", "value"):
        return "the predictions are numbers, infinitely many"
    if problem.hypotheses.score_bound is not None or decision.size != 1:
        return "costs other than zero-one ones are enclosed for complete scores, one prediction"
    if decision.items * (decision.items - 1) > _MOST_PAIRS:
        return f"{decision.items} predictions have too many pairs"
    found = jointly_convex(problem.surrogate, problem.n, problem.n_scores)
    if found is None:
        return "its regret is not shown to be a multiple of a KL divergence or a squared distance"
    if found.kind != "square on a simplex" and decision.rule not in _RULES:
        return "needs the prediction that its scores name"
    return ""


def transform(problem: PointwiseProblem, beta: Fraction, width: Fraction) -> Answer:
    """Enclose T(beta), where nothing is `missing`."""
    form = jointly_convex(problem.surrogate, problem.n, problem.n_scores)
    assert form is not None
    decision, lemmas = problem.decision, (PAIRS_OF_PREDICTIONS,)
    if beta == 0:
        return Answer(0.0, _ZERO, _ZERO, None, "rigorous")
    lowers: list[Fraction] = []
    best: tuple[Fraction, Vector, Vector, int] | None = None
    for item in range(decision.items):
        side = PredictionSide(problem, form, item)
        for other in range(decision.items):
            d = tuple(decision.difference(item, other))
            if other == item or max(d) < beta or side.empty:
                continue
            found = side.solve(d, beta)
            lowers.append(found.lower)
            if found.upper is not None and (best is None or found.upper < best[0]):
                best = (found.upper, found.p, found.v, item)
    if not lowers:
        return Answer(None, None, None, None, "rigorous", lemmas, UNREACHED)
    lower = form.scale * max(min(lowers), _ZERO)
    if best is None:
        reason = "no rational point on the side of the upper bound was found"
        return Answer(float(lower), lower, None, None, "rigorous", lemmas, reason)
    upper = form.scale * best[0]
    scores = _scores(form, best[2], float(decision.temperature))
    witness = Witness(best[1], scores, (best[3],), float(upper))
    reason = "" if upper - lower <= width else "the certificate and the witness do not meet"
    return Answer(float((lower + upper) / 2), lower, upper, witness, "rigorous", lemmas, reason)


def _scores(form: JointlyConvex, v: Vector, unit: float) -> tuple[float, ...]:
    x = np.array([float(a) for a in v])
    with np.errstate(divide="ignore"):
        if form.kind.endswith("simplex"):
            scores = np.maximum(np.log(x / x.max()), -100.0) * unit
        elif form.kind == "kl of each":
            scores = np.clip(np.log(x) - np.log1p(-x), -100.0, 100.0)
        else:
            scores = 2 * x - 1 if form.origin else x
    return tuple(map(float, scores))


@dataclass(frozen=True)
class PairBounds:
    """A proven lower bound for a pair, without the scale, and a point above it."""

    lower: Fraction
    upper: Fraction | None
    p: Vector
    v: Vector


class PredictionSide:
    """One prediction: where its scores lie, and the dual program for every other prediction."""

    def __init__(self, problem: PointwiseProblem, form: JointlyConvex, item: int) -> None:
        self.decision, self.form, self.item = problem.decision, form, item
        self.size = len(form.weights)
        self.forecast = form.kind == "square on a simplex"
        rows = (
            self.decision.exact_region(item)
            if self.forecast
            else self.decision.score_region(item, problem.n_scores)
        )
        self.rows = [tuple(Fraction(v) for v in row) for row in rows if any(row)]
        self.A = np.array([[float(v) for v in row] for row in form.weights])

    @cached_property
    def empty(self) -> bool:
        """Whether multipliers prove that no forecast leads to the prediction."""
        if not self.forecast or not self.rows:
            return False
        from scipy.optimize import linprog

        rows = np.array([[float(v) for v in row] for row in self.rows])
        found = linprog(
            np.ones(len(rows)), A_ub=-rows.T, b_ub=-np.ones(self.size), bounds=(0, None)
        )
        mu = [max(Fraction(float(v)), _ZERO) for v in found.x] if found.status == 0 else []
        return bool(mu) and min(self._combined(mu)) > 0

    def _combined(self, mu: Sequence[Fraction]) -> list[Fraction]:
        """R^T mu."""
        return [
            sum((m * row[i] for m, row in zip(mu, self.rows, strict=True) if row[i]), _ZERO)
            for i in range(self.size)
        ]

    @cached_property
    def _program(self) -> dict[str, Any]:
        import cvxpy as cp

        n = self.A.shape[1]
        mu, lam, t = (
            cp.Variable(len(self.rows), nonneg=True),
            cp.Variable(nonneg=True),
            cp.Variable(),
        )
        d, beta = cp.Parameter(n), cp.Parameter()
        R = np.array([[float(v) for v in row] for row in self.rows])
        g = R.T @ mu
        free = cp.Variable(self.size)
        more: list[Any] = []
        origin, kind = float(self.form.origin), self.form.kind
        value = lam * beta + t
        if kind == "kl on a simplex":
            bound = self.A.T @ cp.log(1 + g)
            more = [free == 0]
        elif kind == "kl of each":
            bound = self.A.T @ cp.log(1 + free + g) + (1 - self.A).T @ cp.log(1 + free)
            more = [cp.sum(free) + origin * cp.sum(g) <= 0]
        elif kind == "square of each":
            bound = self.A.T @ g
            value = value - origin * cp.sum(g) - cp.sum_squares(g) / 4
            more = [free == 0]
        else:
            nu = cp.Variable()
            bound = free
            value = value - nu - cp.sum_squares(free) / 4
            more = [free <= g + nu]
        labels = bound - lam * d >= t
        program = cp.Problem(cp.Maximize(value), [labels, *more])
        return {"program": program, "d": d, "beta": beta, "mu": mu, "lam": lam, "free": free,
                "labels": labels}  # fmt: skip

    def solve(self, d: Vector, beta: Fraction) -> PairBounds:
        """A certificate and a witness for <p, d> >= beta; 0 and none where the solver fails."""
        import cvxpy as cp

        at = self._program
        at["d"].value, at["beta"].value = np.array([float(v) for v in d]), float(beta)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                at["program"].solve(
                    solver=cp.CLARABEL, tol_gap_abs=1e-12, tol_gap_rel=1e-11, tol_feas=1e-12
                )
            except cp.error.SolverError:
                return PairBounds(_ZERO, None, (), ())
        if at["lam"].value is None or at["labels"].dual_value is None:
            return PairBounds(_ZERO, None, (), ())
        mu = [max(Fraction(float(v)), _ZERO) for v in at["mu"].value]
        free = [Fraction(float(v)) for v in at["free"].value]
        lam = max(Fraction(float(at["lam"].value)), _ZERO)
        lower = self.certified(d, beta, lam, mu, free)
        p = self._reaching(np.maximum(at["labels"].dual_value, 0.0), d, beta)
        v = self._nearest(p, np.asarray(at["free"].value))
        upper = None if v is None else self.above(p, v)
        return PairBounds(lower, upper, p, v or ())

    def certified(
        self,
        d: Vector,
        beta: Fraction,
        lam: Fraction,
        mu: Sequence[Fraction],
        free: Sequence[Fraction],
    ) -> Fraction:
        """The bound of a pair by multipliers, proven for whatever they are; 0 where a logarithm has
        no value.
        """
        g, kind, A = self._combined(mu), self.form.kind, self.form.weights
        o = self.form.origin
        if kind.startswith("square"):
            own = list(free) if self.forecast else g
            nu = max(a - b for a, b in zip(own, g, strict=True)) if self.forecast else _ZERO
            level = min(
                sum((row[y] * x for row, x in zip(A, own, strict=True)), _ZERO) - lam * d[y]
                for y in range(len(d))
            )
            squares = sum((x * x for x in own), _ZERO)
            return lam * beta + level - o * sum(g, _ZERO) - nu - squares / 4
        shift = [_ZERO] * self.size
        if kind == "kl of each":
            shift = list(free)
            excess = sum(shift, _ZERO) + o * sum(g, _ZERO)
            shift[0] -= max(excess, _ZERO)
        first = [1 + a + b for a, b in zip(shift, g, strict=True)]
        second = [1 + a for a in shift]
        if min(first) <= 0 or min(second) <= 0:
            return _ZERO
        logs, others = ([BALLS.log(BALLS.const(x)) for x in part] for part in (first, second))
        lows = []
        for y in range(len(d)):
            total = BALLS.const(lam * (beta - d[y]))
            for row, log, other in zip(A, logs, others, strict=True):
                total = total + BALLS.const(row[y]) * log
                if kind == "kl of each":
                    total = total + BALLS.const(1 - row[y]) * other
            lows.append(endpoints(total)[0])
        return min(lows)

    def _reaching(self, p: Array, d: Vector, beta: Fraction) -> Vector:
        """A rational distribution near p with <p, d> >= beta."""
        p = np.where(p < 1e-11 * p.max(), 0.0, p)
        exact = distribution([Fraction(float(v)) for v in p])
        short = beta - sum((a * b for a, b in zip(exact, d, strict=True)), _ZERO)
        if short <= 0:
            return exact
        most = max(d)
        highest = [a if x == most else _ZERO for a, x in zip(exact, d, strict=True)]
        if not any(highest):
            highest[d.index(most)] = Fraction(1)
        share, total = short / (most - beta + short), sum(highest, _ZERO)
        return tuple(
            (1 - share) * a + share * b / total for a, b in zip(exact, highest, strict=True)
        )

    def _nearest(self, p: Vector, free: Array) -> Vector | None:
        """Coordinates that lead to the prediction, best at p or near it."""
        if self.forecast:  # at the optimum g = 2 (p - v)
            guess = np.maximum(np.array([float(a) for a in p]) - free / 2, 0.0)
            return Region(self.rows).near(guess / guess.sum())
        w = [sum((a * b for a, b in zip(row, p, strict=True)), _ZERO) for row in self.form.weights]
        rule = self.decision.rule
        if rule == "order":
            return in_order(w, ranking(self.item, self.size))
        if rule in ("signs", "count"):
            v = list(w)
            for row in self.rows:
                (i,) = (k for k, a in enumerate(row) if a)
                if row[i] * (v[i] - self.form.origin) > 0:
                    v[i] = self.form.origin
            return tuple(v)
        return pooled(w, self.item)

    def above(self, p: Vector, v: Vector) -> Fraction | None:
        """An upper bound of D(A p, v); None where it is infinite."""
        w = [sum((a * b for a, b in zip(row, p, strict=True)), _ZERO) for row in self.form.weights]
        if self.form.kind.startswith("square"):
            return sum(((a - b) ** 2 for a, b in zip(w, v, strict=True)), _ZERO)
        pairs = list(zip(w, v, strict=True))
        if self.form.kind == "kl of each":
            pairs += [(1 - a, 1 - b) for a, b in pairs]
        total = BALLS.const(0)
        for a, b in pairs:
            if a and not b:
                return None
            if a:
                total = total + BALLS.const(a) * BALLS.log(BALLS.const(a / b))
        return endpoints(total)[1]


def pooled(w: Sequence[Fraction], item: int) -> Vector:
    """The item and the largest others take their mean, until no other is larger.

    >>> [str(v) for v in pooled([Fraction(1, 2), Fraction(1, 5), Fraction(3, 10)], 1)]
    ['7/20', '7/20', '3/10']
    """
    members, total = [item], w[item]
    for k in sorted((k for k in range(len(w)) if k != item), key=lambda k: -w[k]):
        if w[k] * len(members) <= total:
            break
        members, total = [*members, k], total + w[k]
    return tuple(total / len(members) if k in members else v for k, v in enumerate(w))


def in_order(w: Sequence[Fraction], order: Sequence[int]) -> Vector:
    """Means of blocks that fall along an order.

    >>> [str(v) for v in in_order([Fraction(1, 5), Fraction(1, 2), Fraction(3, 10)], (0, 1, 2))]
    ['7/20', '7/20', '3/10']
    """
    blocks: list[list[int]] = []

    def mean(block: list[int]) -> Fraction:
        return sum((w[i] for i in block), _ZERO) / len(block)

    for i in order:
        blocks.append([i])
        while len(blocks) > 1 and mean(blocks[-2]) < mean(blocks[-1]):
            blocks[-2:] = [blocks[-2] + blocks[-1]]
    means = {i: mean(block) for block in blocks for i in block}
    return tuple(means[i] for i in range(len(w)))
