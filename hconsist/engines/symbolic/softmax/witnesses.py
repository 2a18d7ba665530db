"""Points that attain or approach T: a distribution, tied scores, the regret evaluated again."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

import numpy as np
import sympy

from hconsist.engines.symbolic.pools import best_pool, lowest_label
from hconsist.engines.symbolic.softmax.form import Power
from hconsist.losses.forms import OfProbabilities, OfSoftmax
from hconsist.pointwise import PointwiseProblem, Witness

tex = sympy.latex
_FAR = 60.0  # a score this far below has a softmax value below 1e-26


def evaluated(
    problem: PointwiseProblem,
    p: tuple[Fraction, ...],
    scores: tuple[float, ...],
    predicted: int,
    best: Callable[[np.ndarray], float],
) -> Witness:
    """A witness with its regret evaluated again from the loss formula."""
    floats = np.asarray([float(v) for v in p])
    risk = float(problem.conditional_risk(scores, floats))
    return Witness(p, scores, (predicted,), risk - best(floats))


def tied_scores(problem: PointwiseProblem, pooled: int) -> tuple[float, ...]:
    """Scores that tie the first labels and leave the others far below."""
    form = problem.surrogate.form(OfProbabilities) or problem.surrogate.form(OfSoftmax)
    far = _FAR * float(form.temperature) if form is not None else _FAR
    return tuple(0.0 if i < pooled else -far for i in range(problem.n))


def best_risk(power: Power) -> Callable[[np.ndarray], float]:
    """C*(p) in floats."""
    c, m, end = float(power.c), float(power.m), float(power.end)

    def value(p: np.ndarray) -> float:
        q = p[p > 0]
        if m == 1:
            return end - c * float(np.sum(q * np.log(q)))
        if m <= 0:  # concave risks are smallest at a vertex of the simplex
            return float(end + c / (m - 1) * (p.max() - 1))
        return float(end + c / (m - 1) * (np.sum(q ** (1 / m)) ** m - 1))

    return value


def pair_witness(problem: PointwiseProblem, power: Power) -> Callable[[Fraction], Witness]:
    """Two labels, tied."""

    def witness(beta: Fraction) -> Witness:
        p = ((1 + beta) / 2, (1 - beta) / 2, *([Fraction(0)] * (problem.n - 2)))
        return evaluated(problem, p, tied_scores(problem, 2), 1, best_risk(power))

    return witness


def pool_witness(problem: PointwiseProblem, power: Power) -> Callable[[Fraction], Witness]:
    """The best pool of tied labels (theorem B)."""

    a = float(1 / power.m)

    def witness(beta: Fraction) -> Witness:
        k = best_pool(a, problem.n, float(beta))
        # The float distribution, rounded to rationals that sum to 1 and differ by beta exactly.
        second = (
            Fraction(lowest_label(a, k, float(beta))).limit_denominator(10**15)
            if k > 2
            else (1 - beta) / 2
        )
        second = min(second, (1 - beta) / 2)
        rest = (1 - beta - 2 * second) / (k - 2) if k > 2 else Fraction(0)
        p = (second + beta, second, *([rest] * (k - 2)), *([Fraction(0)] * (problem.n - k)))
        return evaluated(problem, p, tied_scores(problem, k), 1, best_risk(power))

    return witness


def vertex_witness(problem: PointwiseProblem, power: Power) -> Callable[[Fraction], Witness]:
    """The best set of tied labels for a concave risk (theorem C)."""

    def witness(beta: Fraction) -> Witness:
        n, m = problem.n, float(power.m)
        top = max(beta, (1 + beta) / n)
        rest = 1 - (2 * top - beta)
        p = [top, top - beta]
        for _ in range(n - 2):
            p.append(min(top, rest))
            rest -= p[-1]
        # Label 2 is predicted; label 1 and those after it join the pool, from the largest on.
        gains = [k ** (m - 1) * float(min(Fraction(1), k * top - beta)) for k in range(1, n + 1)]
        size = 1 + max(range(n), key=gains.__getitem__)
        order = [1, 0, *range(2, n)][:size]
        scores = tuple(0.0 if i in order else -_FAR for i in range(n))
        return evaluated(problem, tuple(p), scores, 1, best_risk(power))

    return witness
