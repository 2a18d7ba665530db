"""Any finite costs, a cross-entropy forecast: T from the range of the cost differences.

For predictions r, r* and d = L_r - L_{r*} with least value -a and largest g, every forecast that
leads to r has E_q d <= 0, so (docs/targets.md, theorem 2)

    T_{r,r*}(b) >= kl( (b + a)/(a + g) ; a/(a + g) ),

with equality where a forecast on the labels of the two extreme differences, with mean 0, leads to
r. The bound falls when a or g grows, and (a, g) with a <= g lies below (g, a): where one pair of
predictions has the range that is below all others, and equality, T is its formula.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import sympy
from numpy.typing import NDArray
from scipy.optimize import linprog
from sympy import Expr

from hconsist.arithmetic import to_sympy
from hconsist.decisions import Decision
from hconsist.engines.derivation import Derivation, Step, beta_symbol, excess_symbol
from hconsist.engines.symbolic.solution import Solution
from hconsist.pointwise import PointwiseProblem, Witness

tex = sympy.latex
Vector = tuple[Fraction, ...]


@dataclass(frozen=True)
class Range:
    """The cost difference of two predictions, and how far it goes below and above 0."""

    item: int
    other: int
    d: Vector

    @property
    def below(self) -> Fraction:
        """a = -min d."""
        return -min(self.d)

    @property
    def above(self) -> Fraction:
        """g = max d."""
        return max(self.d)

    def covers(self, wider: Range) -> bool:
        """Whether the formula of another range is at most this one's, everywhere."""
        a, g = max(self.below, Fraction(0)), self.above
        straight = a <= wider.below and g <= wider.above
        turned = wider.below <= wider.above and a <= wider.above and g <= wider.below
        return straight or turned


def solve(problem: PointwiseProblem, scale: Fraction) -> Solution | None:
    """The derivation, where one range is below all others and its forecast exists; None elsewhere.

    For a loss that is ``-scale log u`` and the prediction of least expected cost.
    """
    decision = problem.decision
    ranges = _ranges(decision)
    for chosen in (r for r in ranges if all(s.covers(r) for s in ranges)):
        q = tied_forecast(decision, chosen)
        if q is not None and chosen.above == decision.max_regret:
            return _solution(problem, scale, chosen, q)
    return None


def _ranges(decision: Decision) -> list[Range]:
    every = range(decision.items)
    pairs = [Range(r, s, tuple(decision.difference(r, s))) for r in every for s in every if r != s]
    return [pair for pair in pairs if pair.above > 0]  # the others have no regret


def tied_forecast(decision: Decision, pair: Range) -> Vector | None:
    """A forecast on the labels of the two extreme differences, with mean difference 0, that may
    lead to the prediction: checked exactly. None where none is found.
    """
    a, g = pair.below, pair.above
    if a <= 0:
        return None
    low = [y for y, v in enumerate(pair.d) if v == -a]
    high = [y for y, v in enumerate(pair.d) if v == g]
    region = decision.exact_region(pair.item)

    def exact(weights: NDArray[np.float64]) -> Vector | None:
        q = [Fraction(0)] * len(pair.d)
        for labels, mass in ((low, g / (a + g)), (high, a / (a + g))):
            shares = [max(Fraction(float(weights[y])), Fraction(0)) for y in labels]
            shares = [v.limit_denominator(10**4) for v in shares]
            total = sum(shares, Fraction(0))
            if total == 0:
                return None
            for y, share in zip(labels, shares, strict=True):
                q[y] = mass * share / total
        inside = all(
            sum((c * v for c, v in zip(row, q, strict=True)), Fraction(0)) <= 0 for row in region
        )
        return tuple(q) if inside else None

    even = exact(np.ones(len(pair.d)))
    if even is not None:
        return even
    n = len(pair.d)
    sums = np.zeros((2, n))
    sums[0, low], sums[1, high] = 1.0, 1.0
    found = linprog(
        np.zeros(n),
        A_ub=np.array([[float(v) for v in row] for row in region]),
        b_ub=np.zeros(len(region)),
        A_eq=sums,
        b_eq=[float(g / (a + g)), float(a / (a + g))],
        bounds=[(0, 1 if y in {*low, *high} else 0) for y in range(n)],
    )
    return exact(found.x) if found.status == 0 else None


def forecast_steps(scale: Expr) -> tuple[Step, ...]:
    """Cross-entropy regrets are divergences, and T the least one over pairs of predictions."""
    times = "" if scale == 1 else tex(scale) + r"\,"
    return (
        Step(
            rf"\mathcal{{C}}(q, p) - \mathcal{{C}}^*(p) = {times}\mathrm{{KL}}(p \| q)",
            "The loss is cross-entropy of the forecast q, the softmax of the scores",
        ),
        Step(
            r"\mathcal{T}(\beta) = \min_{r \ne r^*} \min \{ \mathrm{KL}(p \| q) : \langle p, d "
            r"\rangle \ge \beta,\ q \in Q_r \},\quad d = L_r - L_{r^*}",
            "Predicting r has regret at least beta if and only if it costs beta more than some r*; "
            "Q_r holds the forecasts under which r costs least",
        ),
    )


def _of_range(a: Expr, g: Expr, c: Expr) -> tuple[Expr, Expr]:
    """c kl((b + a)/(a + g); a/(a + g)), and what Pinsker says of Gamma."""
    b, e, width = beta_symbol(), excess_symbol(), sympy.factor(a + g)
    inside = (b + a) * sympy.log((b + a) / a) + (g - b) * sympy.log((g - b) / g)
    formula = sympy.Piecewise((c * inside / width, b < g), (c * sympy.log(width / a), True))
    upper = sympy.Piecewise(
        (width * sympy.sqrt(e / (2 * c)), e <= 2 * c * g**2 / width**2), (g, True)
    )
    return formula, upper


def _chord_steps(c: Expr) -> tuple[Step, ...]:
    return (
        *forecast_steps(c),
        Step(
            r"\mathbb{E}_q e^{\lambda d} \le \frac{g\, e^{-\lambda a} + a\, e^{\lambda g}}{a + g}",
            "For q in Q_r the mean of d is at most 0; on [-a, g] the exponential lies under its "
            "chord, which increases",
            (r"-a \le d \le g",),
        ),
        Step(
            r"\mathrm{KL}(p \| q) \ge \sup_\lambda \{ \lambda \beta - \log \mathbb{E}_q e^{\lambda "
            r"d} \} \ge \mathrm{kl}\left(\tfrac{\beta + a}{a + g}; \tfrac{a}{a + g}\right)",
            "Donsker and Varadhan; the conjugate of the chord's logarithm is the binary divergence",
        ),
    )


def _last_steps(upper: Expr) -> tuple[Step, ...]:
    return (
        Step(r"\mathcal{T}^{**} = \mathcal{T}", "The binary divergence is convex"),
        Step(
            rf"\Gamma(\varepsilon) \le {tex(upper)}",
            "Pinsker: the binary divergence is at least twice the squared difference",
        ),
    )


def _solution(problem: PointwiseProblem, scale: Fraction, pair: Range, q: Vector) -> Solution:
    a, g, c = (to_sympy(v) for v in (pair.below, pair.above, scale))
    formula, upper = _of_range(a, g, c)
    support = ", ".join(f"q_{{{y + 1}}} = {tex(to_sympy(v))}" for y, v in enumerate(q) if v)
    steps = (
        *_chord_steps(c),
        Step(
            rf"a = {tex(a)},\quad g = {tex(g)}",
            f"The widest range, of the predictions {pair.item} and {pair.other}: the bound falls "
            "when a or g grows, and lies below that of the same range turned around as a <= g, so "
            "every other pair is above",
        ),
        Step(
            rf"\mathcal{{T}}(\beta) = {tex(formula)}",
            "Attained: this forecast leads to the prediction, has mean difference 0, and p moves "
            f"mass between its two extremes: {support}",
        ),
        *_last_steps(upper),
    )
    derivation = Derivation(problem, formula, formula, None, upper, sympy.Integer(2), steps)
    return Solution(derivation, witness=_witness(problem, scale, pair, q))


def of_distances(problem: PointwiseProblem, scale: Fraction) -> Solution:
    """Labels in an order, as many as a symbol says, at absolute costs: T_1(b / (n - 1)).

    The cost difference of r and r* at the label y is |r - y| - |r* - y|, between -|r - r*| and
    |r - r*|, which is at most n - 1; half on the first and half on the last label, each prediction
    costs (n - 1)/2.
    """
    c, g = to_sympy(scale), problem.n_classes - 1
    formula, upper = _of_range(g, g, c)
    steps = (
        *_chord_steps(c),
        Step(
            rf"a = g = {tex(g)}",
            "abs(r - y) - abs(r* - y) lies between minus and plus abs(r - r*), by the triangle "
            "inequality; the bound falls when the range grows, and the first and the last label "
            "are furthest apart",
        ),
        Step(
            rf"\mathcal{{T}}(\beta) = {tex(formula)}",
            "Attained: under half on the first and half on the last label each prediction costs "
            "the same, so the last one may be predicted, and p moves mass to the first label",
        ),
        *_last_steps(upper),
    )
    return Solution(Derivation(problem, formula, formula, None, upper, sympy.Integer(2), steps))


def _witness(
    problem: PointwiseProblem, scale: Fraction, pair: Range, q: Vector
) -> Callable[[Fraction], Witness]:
    a, g = pair.below, pair.above

    def witness(beta: Fraction) -> Witness:
        p = tuple(
            v * ((beta + a) / a if d == g else (g - beta) / g)
            for v, d in zip(q, pair.d, strict=True)
        )
        x, y = np.array([float(v) for v in p]), np.array([float(v) for v in q])
        with np.errstate(all="ignore"):
            regret = float(scale) * float(np.where(x > 0, x * np.log(x / y), 0.0).sum())
            scores = np.maximum(np.log(y / y.max()), -100.0) * float(problem.decision.temperature)
        return Witness(p, tuple(map(float, scores)), (pair.item,), regret)

    return witness
