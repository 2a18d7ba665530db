"""Targets with costs of their own: which regrets are free, in exact linear programs.

*Known best coordinates.* For cross-entropy, squared distances and sums of strictly convex,
differentiable binary losses the best scores at p have coordinates ``w = A p``, and no others have
(docs/targets_scores.md, theorem C). Prediction r may then be made at no surrogate regret exactly
where w lies in the region of r, so the largest free regret over r* is the linear program
max <p, d> over such p. Its dual proves that there is none; a rational p shows one.

*Convex losses of items.* At scores s = log x the best ones at p are those where the gradient
vanishes, which is linear in p: for rational x the same program, a witness only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import product
from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import linprog

from hconsist.arithmetic import SYMPY
from hconsist.losses import parse_loss
from hconsist.losses.cross_entropy import cross_entropy_scale, scale_of
from hconsist.losses.facts import Curve
from hconsist.losses.forms import General
from hconsist.losses.jointly_convex import quadratic_scale
from hconsist.losses.prediction_forms import Rows, Squares, WeightedMargins, WeightedSoftmax
from hconsist.pointwise import PointwiseProblem

if TYPE_CHECKING:
    from sympy import Expr

Vector = tuple[Fraction, ...]

#: Ordered pairs of predictions at most.
_MOST_PAIRS = 4000
#: Margin losses whose best score is shown to rise strictly with the weight, and to be 0 at 1/2.
_STRICT = ("margin-logistic", "least-squares", "exponential")
#: Values of e^s that are tried for losses of items.
_LEVELS = tuple(Fraction(v) for v in ("1", "1/2", "2", "1/3", "3", "2/3", "3/2"))


@dataclass(frozen=True)
class FreeRegret:
    """A distribution at which best scores may lead to a prediction with this regret: T = 0 up to
    it.

    Parameters
    ----------
    p : tuple of Fraction
    predicted : tuple
        The prediction.
    regret : Fraction
    largest : bool
        Whether a dual proves that no distribution has a larger one.
    reason : str
    """

    p: Vector
    predicted: tuple[Expr, ...]
    regret: Fraction
    largest: bool
    reason: str

    @property
    def shown(self) -> str:
        """The regret in words: a fraction, or its first digits where that is long."""
        exact = str(self.regret)
        return exact if len(exact) < 20 else f"about {float(self.regret):.6g}"

    def as_dict(self) -> dict[str, object]:
        """JSON-ready form."""
        return {
            "p": [str(v) for v in self.p],
            "predicted": [str(v) if isinstance(v, Fraction) else v for v in self.predicted],
            "regret": str(self.regret),
            "largest": self.largest,
            "reason": self.reason,
        }


@dataclass(frozen=True)
class Best:
    """The coordinates of best scores: ``rows @ p``; a region is ``G (v - origin) <= 0``."""

    rows: Rows
    region: Callable[[int], list[list[Fraction]]]
    origin: Fraction
    why: str


def free_regret(problem: PointwiseProblem) -> FreeRegret | str:
    """The largest free regret of a problem that exact programs find, or why there is none.

    Raises
    ------
    EngineCannotAnswerError
        For a formula of which nothing is proven (`PointwiseProblem.check_formula`).

    A regret of 0 with ``largest`` says that the loss is consistent with the target.

    Examples
    --------
    >>> found = free_regret(PointwiseProblem("ranknet", "kendall:items=3", n_classes=6))
    >>> str(found.regret), found.largest
    ('1/3', True)
    """
    problem.check_formula("symbolic")
    decision = problem.decision
    if problem.hypotheses.score_bound is not None or decision.size != 1:
        return "needs complete scores and one prediction"
    if decision.predicts_numbers:
        return _of_means(problem)
    if decision.items * (decision.items - 1) > _MOST_PAIRS:
        return f"{decision.items} predictions have too many pairs"
    best = best_coordinates(problem)
    if isinstance(best, str):
        return _of_convex(problem, best)
    found = _largest(problem, best)
    return found if found is not None else "no rational distribution was found"


def best_coordinates(problem: PointwiseProblem) -> Best | str:
    """What the best scores are known to be, or why not."""
    loss, decision, n = problem.surrogate, problem.decision, problem.n

    def of_scores(item: int) -> list[list[Fraction]]:
        return [list(map(Fraction, row)) for row in decision.score_region(item, problem.n_scores)]

    unit = tuple(tuple(Fraction(int(i == y)) for y in range(n)) for i in range(n))
    form = loss.prediction_form(problem.n_scores)
    if form is not None:
        match form:
            case WeightedSoftmax() if scale_of(form.g.g):
                region = of_scores
                if decision.rule == "least expected cost":
                    region = decision.exact_region
                return Best(form.weights, region, Fraction(0), "cross-entropy of weights A p")
            case WeightedMargins() if _strict(form.phi.phi):
                why = "a strictly convex, differentiable phi: the best scores order the weights A p"
                return Best(form.weights, of_scores, Fraction(1, 2), why)
            case Squares():
                return Best(form.weights, of_scores, Fraction(0), "squared distance to A p")
        return "needs cross-entropy, a squared distance, or a phi known to be strictly convex"
    ordered = loss.order_weights(problem.n_scores)
    if ordered is not None:
        return Best(ordered, of_scores, Fraction(0), "the best scores order A p")
    forecasts = loss.scores_of == "labels" and decision.rule == "least expected cost"
    if forecasts and (
        cross_entropy_scale(loss) is not None or quadratic_scale(loss, problem.n) is not None
    ):
        return Best(unit, decision.exact_region, Fraction(0), "the best forecast is p alone")
    return "needs a loss whose best scores are known"


def _strict(phi: Curve) -> bool:
    import sympy

    v = sympy.Symbol("v", real=True)
    known = [parse_loss(spec).of_margin(v, SYMPY) for spec in _STRICT]  # type: ignore[attr-defined]
    try:
        here = sympy.sympify(phi(v, SYMPY))
    except (TypeError, ValueError):
        return False
    return any(sympy.simplify(here - one) == 0 for one in known)


def _largest(problem: PointwiseProblem, best: Best) -> FreeRegret | None:
    decision, found, proven = problem.decision, None, True
    bound = Fraction(0)
    for r in range(decision.items):
        rows, limits = _constraints(best, r)
        plain = {row for row, limit in zip(rows, limits, strict=True) if limit == 0}
        for other in range(decision.items):
            d = decision.difference(r, other)
            if max(d) <= 0 or tuple(d) in plain:  # the region itself says <p, d> <= 0
                continue
            one = _program(d, rows, limits)
            if one is None:  # no p leads to r, or the solver failed: ask the dual
                proven = proven and _empty(rows, limits)
                continue
            p, above = one
            bound = max(bound, above)
            inside = p is not None and all(
                _dot(row, p) <= limit for row, limit in zip(rows, limits, strict=True)
            )
            if p is not None and inside:
                regret = decision.exact_regret(p, [r])
                if regret > (found.regret if found else 0):
                    found = FreeRegret(p, (r,), regret, False, best.why)
    if found is not None:
        largest = proven and bound == found.regret
        return FreeRegret(found.p, found.predicted, found.regret, largest, found.reason)
    if proven and bound == 0:
        n = problem.n
        least = problem.decision.finite.exact_rows()
        item = min(range(len(least)), key=lambda r: sum(least[r], Fraction(0)))
        return FreeRegret((Fraction(1, n),) * n, (item,), Fraction(0), True, best.why)
    return None


def _constraints(best: Best, item: int) -> tuple[list[Vector], list[Fraction]]:
    """``G A p <= G origin``."""
    rows, limits = [], []
    columns = list(zip(*best.rows, strict=True))
    for g in best.region(item):
        rows.append(tuple(_dot(tuple(g), column) for column in columns))
        limits.append(sum(g, Fraction(0)) * best.origin)
    return rows, limits


def _dot(a: Vector, b: Vector) -> Fraction:
    return sum((x * y for x, y in zip(a, b, strict=True) if x and y), Fraction(0))


def _program(
    d: list[Fraction], rows: list[Vector], limits: list[Fraction], equal: list[Vector] | None = None
) -> tuple[Vector | None, Fraction] | None:
    """max <p, d>: a rational p near the solver's, and an upper bound from rational multipliers."""
    n = len(d)
    floats = np.array([[float(v) for v in row] for row in rows]).reshape(len(rows), n)
    sums = [[1.0] * n, *([float(v) for v in row] for row in equal or [])]
    answer = linprog(
        [-float(v) for v in d],
        A_ub=floats if rows else None,
        b_ub=[float(v) for v in limits] if rows else None,
        A_eq=np.array(sums),
        b_eq=[1.0] + [0.0] * (len(sums) - 1),
        bounds=[(0, 1)] * n,
    )
    if answer.status != 0:
        return None
    mu = [_short(-v) for v in answer.ineqlin.marginals] if rows else []
    mu = [max(v, Fraction(0)) for v in mu]
    above = max(
        d[y] - sum((m * row[y] for m, row in zip(mu, rows, strict=True)), Fraction(0))
        for y in range(n)
    ) + sum((m * v for m, v in zip(mu, limits, strict=True)), Fraction(0))
    return _rational(answer.x), above


def _short(value: float) -> Fraction:
    return Fraction(float(value)).limit_denominator(720)


def _rational(x: np.ndarray) -> Vector | None:
    p = [max(_short(v), Fraction(0)) for v in x]
    return tuple(p) if sum(p) == 1 else None


def _empty(rows: list[Vector], limits: list[Fraction]) -> bool:
    """Whether rational multipliers prove that no p meets the rows."""
    n = len(rows[0])
    answer = linprog(
        [1.0] * len(rows),
        A_ub=-np.array([[float(row[y] - b) for row, b in zip(rows, limits, strict=True)]
                        for y in range(n)]),
        b_ub=-np.ones(n),
        bounds=[(0, None)] * len(rows),
    )  # fmt: skip
    if answer.status != 0:
        return False
    mu = [max(_short(v), Fraction(0)) for v in answer.x]
    return all(
        sum((m * (row[y] - b) for m, row, b in zip(mu, rows, limits, strict=True)), Fraction(0)) > 0
        for y in range(n)
    )


def _of_means(problem: PointwiseProblem) -> FreeRegret | str:
    """Forecasts of a histogram whose mean is the prediction."""
    loss, numbers = problem.surrogate, problem.decision.numbers
    assert numbers is not None
    y, n = numbers.points, problem.n
    rows: Rows = tuple(tuple(Fraction(int(i == j)) for j in range(n)) for i in range(n))
    known = cross_entropy_scale(loss) is not None
    form = loss.prediction_form(problem.n_scores)
    if form is not None:
        known = isinstance(form, WeightedSoftmax) and bool(scale_of(form.g.g))
        rows = form.weights
    if not known or problem.decision.rule != "mean" or numbers.symmetric:
        return "needs cross-entropy of a histogram, decoded by its mean"
    centres = problem.decision.centres or y
    means = [_dot(column, centres) for column in zip(*rows, strict=True)]
    why = "cross-entropy: the best histogram is A p alone"
    if numbers.power == 2:  # the square of a linear function of p is largest at a label
        k = max(range(n), key=lambda i: abs(means[i] - y[i]))
        p = tuple(Fraction(int(i == k)) for i in range(n))
        return FreeRegret(p, (means[k],), (means[k] - y[k]) ** 2, True, why)
    found = [_absolute(y, means, i, j) for i in range(n) for j in range(n) if i != j]
    p, h, regret = max(found, key=lambda one: one[2])
    return FreeRegret(p, (h,), regret, False, why)


def _absolute(
    y: Vector, means: list[Fraction], i: int, j: int
) -> tuple[Vector, Fraction, Fraction]:
    """Three quarters at one label, one at another."""
    p = [Fraction(0)] * len(y)
    p[i], p[j] = Fraction(3, 4), Fraction(1, 4)
    h = _dot(tuple(p), tuple(means))

    def cost(at: Fraction) -> Fraction:
        return sum((w * abs(at - v) for w, v in zip(p, y, strict=True)), Fraction(0))

    return tuple(p), h, cost(h) - min(cost(v) for v in y)


def _of_convex(problem: PointwiseProblem, why: str) -> FreeRegret | str:
    """Losses of items that are convex in the scores: where the gradient vanishes."""
    loss, m = problem.surrogate, problem.n_scores
    form = loss.form(General)
    if loss.scores_of != "items" or m > 3 or form is None or not form.convex(problem.n):
        return why
    import sympy

    x = sympy.symbols(f"x1:{m + 1}", positive=True)
    losses = loss.losses(np.array([sympy.log(v) for v in x], dtype=object), SYMPY)
    slopes = [[sympy.simplify(v * sympy.diff(one, v)) for one in losses] for v in x]
    decision, found = problem.decision, None
    for point in _levels(m):
        at = dict(zip(x, map(_sympy, point), strict=True))
        rows = [tuple(_fraction(one.subs(at)) for one in row) for row in slopes]
        for r in range(decision.items):
            region = decision.score_region(r, m)
            if any(_product(point, row) > 1 for row in region):
                continue
            for other in range(decision.items):
                d = decision.difference(r, other)
                one = _program(d, [], [], rows) if other != r and max(d) > 0 else None
                p = one[0] if one is not None else None
                if p is None or any(_dot(row, p) for row in rows):
                    continue
                regret = decision.exact_regret(p, [r])
                if regret > (found.regret if found else 0):
                    shown = ", ".join(f"log {v}" if v != 1 else "0" for v in point)
                    reason = f"convex in the scores, and the gradient vanishes at ({shown})"
                    found = FreeRegret(p, (r,), regret, False, reason)
    return found if found is not None else why


def _levels(m: int) -> Iterator[Vector]:
    return ((Fraction(1), *rest) for rest in product(_LEVELS, repeat=m - 1))


def _product(x: Vector, powers: list[int]) -> Fraction:
    value = Fraction(1)
    for v, k in zip(x, powers, strict=True):
        value *= v**k
    return value


def _sympy(value: Fraction) -> Expr:
    import sympy

    return sympy.Rational(value.numerator, value.denominator)


def _fraction(value: Expr) -> Fraction:
    return Fraction(int(value.p), int(value.q))
