"""Losses of the label's softmax value, l = phi(softmax(s)_y), on complete hypothesis sets.

The scores enter through S = softmax(s), any point of the open simplex, so the conditional risk is sum_k p_k phi(S_k).
With the marginal loss psi = -phi' the best S solves p_k psi(S_k) = lambda. Two shapes carry the derivations:

- power: psi(u) = c u^(-m), every loss of the comp-sum family up to scale (m = 2 - tau);
- any phi whose reciprocal marginal h = 1/psi vanishes at 0 and is convex, or concave with h^2 convex (theorem D of
  docs/theory.md): then two labels decide for every number of classes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
import sympy

from hconsist.arithmetic import SYMPY, is_symbolic, to_sympy
from hconsist.engines.derivation import Derivation, Step, beta_symbol, excess_symbol
from hconsist.engines.symbolic.consequences import invert
from hconsist.engines.symbolic.nodes import FiniteMinimum, Interpolation, pool_symbol
from hconsist.engines.symbolic.signs import holds
from hconsist.engines.symbolic.solution import Solution, stop
from hconsist.losses import Separable
from hconsist.pointwise import PointwiseProblem, Witness

tex = sympy.latex
_FAR = 60.0  # a score this far below has a softmax value below 1e-26


def share() -> Any:
    """The softmax value of a label."""
    return sympy.Symbol("u", positive=True)


@dataclass(frozen=True)
class Power:
    """phi(u) = end + c (u^(1 - m) - 1)/(m - 1), or end - c log u at m = 1: the losses with marginal c u^(-m)."""

    phi: Any
    end: Any
    c: Any
    m: Any


def as_power(phi: Any) -> Power | None:
    """The power form of phi, where its marginal has a constant elasticity."""
    u = share()
    marginal = -sympy.diff(phi, u)
    if marginal == 0:
        return None
    m = sympy.simplify(-u * sympy.diff(marginal, u) / marginal)
    if m.has(u):
        return None
    c = sympy.simplify(marginal * u**m)
    if c.has(u):
        return None
    return Power(phi, sympy.simplify(phi.subs(u, 1)), c, m)


def solve(problem: PointwiseProblem, form: Separable) -> Solution:
    """Derive T from the formula of the loss."""
    u = share()
    phi = sympy.sympify(form.term(u, SYMPY))
    steps = [
        Step(
            r"\mathcal{C}(s, p) = \sum_{k=1}^{n} p_k\, \varphi(S_k),\quad S = \mathrm{softmax}(s"
            + ("" if form.temperature == 1 else rf"/{tex(to_sympy(form.temperature))}")
            + rf"),\quad \varphi(u) = {tex(phi)}",
            "The loss sees only the label's own softmax value, and complete scores reach every S of the open simplex",
            (r"0 < S_k < 1,\ \sum_k S_k = 1",),
        )
    ]
    power = as_power(phi)
    if power is not None:
        return _of_power(problem, power, steps)
    raise stop(f"the marginal loss of phi(u) = {phi} is not a power of u")


# -- powers ------------------------------------------------------------------------------------------------------------


def two_label_transform(power: Power) -> Any:
    """C*(1/2, 1/2) - C*((1 + beta)/2, (1 - beta)/2)."""
    b, (c, m) = beta_symbol(), (power.c, power.m)
    if m == 1:
        return c * ((1 + b) / 2 * sympy.log(1 + b) + (1 - b) / 2 * sympy.log(1 - b))
    if m == 0:
        return c * b / 2
    mean = ((1 + b) ** (1 / m) + (1 - b) ** (1 / m)) / 2
    inverse = 1 / m
    if inverse.is_Integer and inverse <= 8:
        mean = sympy.expand(mean)
    if m == 2:  # (sqrt(1 + b) + sqrt(1 - b))^2 = 2 + 2 sqrt(1 - b^2)
        return c * (1 - sympy.sqrt(1 - b**2))
    return c * 2 ** (m - 1) / (m - 1) * (1 - mean**m)


def _of_power(problem: PointwiseProblem, power: Power, steps: list[Step]) -> Solution:
    n, c, m = to_sympy(problem.n_classes), power.c, power.m
    if not holds(c > 0):
        raise stop(f"the sign of -phi'(u) = {c} u^(-{m}) is not known to be positive: phi must decrease")
    steps.append(
        Step(
            rf"\psi(u) := -\varphi'(u) = {tex(c * share() ** (-m))}",
            "Differentiate; the elasticity u psi'/psi is constant, so the loss is a power of the softmax value",
            (rf"m = {tex(m)}",),
        )
    )
    if holds(m <= 0):
        return _concave(problem, power, steps)
    if not holds(m > 0):
        raise stop(f"the sign of m = {m} is open: give the parameter an assumption, or a value")
    exponent = tex(1 / m)
    best = (
        rf"\mathcal{{C}}^*(p) = {tex(power.end)} - {tex(c)} \sum_k p_k \log p_k"
        if m == 1
        else rf"\mathcal{{C}}^*(p) = {tex(power.end)} + {tex(c / (m - 1))}"
        rf"\Bigl[\Bigl(\sum_k p_k^{{{exponent}}}\Bigr)^{{{tex(m)}}} - 1\Bigr]"
    )
    steps += [
        Step(
            rf"p_k \psi(S_k) = \lambda \implies S_k = p_k^{{{exponent}}} \Big/ \sum_i p_i^{{{exponent}}}",
            "Lagrange stationarity on the simplex; phi is strictly convex, so the point is the minimum",
            ("m > 0",),
        ),
        Step(best, "Put the optimal S into the conditional risk", ()),
        Step(
            r"\inf_{S_j \ge S_i} \mathcal{C}(S, p) = \mathcal{C}^*(\mathrm{pool}(p)),\qquad "
            r"\mathcal{T}(\beta) = \min_{p_{\max} - p_j = \beta} \mathcal{C}^*(\mathrm{pool}(p)) - \mathcal{C}^*(p)",
            "Pooling lemma: at the constrained optimum the predicted label j is tied with the smallest set of top labels "
            "whose mean is at least every label left out",
            (),
        ),
    ]
    if n == 2:
        steps.append(Step(r"\mathrm{pool}(p) = (\tfrac12, \tfrac12)", "Two labels: there is one pool", ("n = 2",)))
    elif holds(m >= 1):
        steps.append(
            Step(
                r"\mathcal{C}^*(\mathrm{pool}(p)) - \mathcal{C}^*(p) \ge \mathcal{C}^*(\tfrac12, \tfrac12)"
                r" - \mathcal{C}^*(\tfrac{1+\beta}{2}, \tfrac{1-\beta}{2})",
                "The reciprocal marginal 1/psi = u^m / c is convex: moving mass from the other labels to the two at stake "
                "lowers the regret (theorem D), down to two labels, where equality holds",
                (r"m \ge 1",),
            )
        )
    elif holds(m >= sympy.Rational(1, 2)):
        steps.append(
            Step(
                r"\mathcal{C}^*(\mathrm{pool}(p)) - \mathcal{C}^*(p) \ge \mathcal{C}^*(\tfrac12, \tfrac12)"
                r" - \mathcal{C}^*(\tfrac{1+\beta}{2}, \tfrac{1-\beta}{2})",
                "The reciprocal marginal 1/psi = u^m / c is concave and its square convex: moving mass from the other labels "
                "to the two at stake lowers the regret (theorems A and D), down to two labels, where equality holds",
                (r"\tfrac12 \le m \le 1",),
            )
        )
    else:
        raise stop(f"m = {m} lies below 1/2 and n = {n} is above 2: pools of more than two labels win")
    T = two_label_transform(power)
    steps.append(Step(rf"\mathcal{{T}}(\beta) = {tex(T)}", "Insert the two-label distribution", ()))
    steps.append(
        Step(
            r"\mathcal{T}'' \ge 0,\quad \mathcal{T}^{**} = \mathcal{T}",
            "T = C*(1/2, 1/2) - C* on a line, and C* is an infimum of linear functions of p, hence concave",
            (),
        )
    )
    at_one = _at_one(power)
    gamma = invert(T, at_one)
    if gamma is not None:
        steps.append(Step(rf"\Gamma(\varepsilon) = {tex(gamma)}", "Solve T(beta) = epsilon for beta", ()))
    upper = _square_root(power, steps)
    derivation = Derivation(
        problem, T, T, gamma=gamma, gamma_upper=upper, growth=sympy.Integer(2), steps=tuple(steps), assumptions=()
    )
    return Solution(derivation, witness=_pair_witness(problem, power) if not problem.is_symbolic else None)


def _at_one(power: Power) -> Any:
    """T(1) of two labels: phi(1/2) - phi(1)."""
    u = share()
    return sympy.simplify(power.phi.subs(u, sympy.Rational(1, 2)) - power.end)


def _square_root(power: Power, steps: list[Step]) -> Any:
    """Gamma <= sqrt(epsilon / C) from T'' >= 2 C."""
    e, (c, m) = excess_symbol(), (power.c, power.m)
    s = sympy.Symbol("s", positive=True)
    curvature = c * (s**m + (1 - s) ** m) ** 3 / (4 * m * (s * (1 - s)) ** (2 * m - 1))
    if holds(m >= 1):
        constant = c * 2 ** (m - 2) / m
        why = "s^m + (1-s)^m is at least 2^(1-m) and s (1-s) at most 1/4, both attained at s = 1/2"
    else:
        constant = c * 4 ** (2 * m - 2) / (2 * m)
        why = "s^m + (1-s)^m is at least 1 and s (1-s) at most 1/4"
    if not holds(m >= sympy.Rational(1, 2)):
        return None
    constant = sympy.powsimp(constant)
    steps.append(
        Step(
            rf"\mathcal{{T}}''(\beta) = {tex(curvature)} \ge {tex(2 * constant)},\qquad"
            rf" \Gamma(\varepsilon) \le {tex(sympy.sqrt(e / constant))}",
            f"Write T'' through the softmax value s of the top label at the optimum; {why}",
            (r"s \in [\tfrac12, 1)",),
        )
    )
    return sympy.sqrt(e / constant)


def best_in_class(power: Power) -> Callable[[np.ndarray], float]:
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


def _pair_witness(problem: PointwiseProblem, power: Power) -> Callable[[Fraction], Witness]:
    def witness(beta: Fraction) -> Witness:
        p = ((1 + beta) / 2, (1 - beta) / 2, *([Fraction(0)] * (problem.n - 2)))
        return evaluated(problem, p, _scores(problem, 2), 1, best_in_class(power))

    return witness


def _scores(problem: PointwiseProblem, pooled: int) -> tuple[float, ...]:
    """Scores that tie the first labels and leave the others far below."""
    form = problem.surrogate.separable
    assert form is not None
    far = _FAR * float(form.temperature)
    return tuple(0.0 if i < pooled else -far for i in range(problem.n))


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


# -- concave and linear powers -----------------------------------------------------------------------------------------


def largest_pool(m: Any, n: Any) -> Any:
    """The pools that can win: (k - 1) k^(m-1) grows up to k = (1 - m)/(-m), and so does k^(m-1)(k - r) for r <= 1 at most."""
    if m == 0 or is_symbolic(m):
        return n
    cap = sympy.floor((1 - m) / (-m)) + 1
    return sympy.Min(cap, n)


def _concave(problem: PointwiseProblem, power: Power, steps: list[Step]) -> Solution:
    b, n, c, m = beta_symbol(), to_sympy(problem.n_classes), power.c, power.m
    k = pool_symbol()
    scale = c / (1 - m)
    top = sympy.Max(b, (1 + b) / n)
    last = largest_pool(m, n)
    first = 1
    if m == 0:  # M - min(1, k M - beta)/k = max(beta/k, M - 1/k); M > beta only for beta < 1/(n-1), where the first wins
        body, first = scale * sympy.Max(b / k, b - 1 / k), 2
    else:
        body = scale * (top - k ** (m - 1) * sympy.Min(1, k * top - b))
    T = FiniteMinimum(body, k, first, last)
    if n == 2 and m == 0:
        T = scale * b / 2  # beta - 1/2 <= beta/2 on [0, 1]
    steps += [
        Step(
            rf"\mathcal{{C}}^*(p) = {tex(power.end)} + {tex(scale)} (1 - p_{{\max}})",
            "The conditional risk is concave in S (phi'' <= 0), so its infimum over the simplex is at a vertex",
            (r"m \le 0",),
        ),
        Step(
            rf"\inf_{{S_j \ge S_i}} \mathcal{{C}}(S, p) = \min_{{1 \le k \le n}} {tex(power.end)}"
            rf" + {tex(scale)} \left(1 - k^{{{tex(m - 1)}}} P_k\right)",
            "The vertices of the simplex cut by S_j >= S_i are the uniform vectors on sets of k labels that hold j; the best "
            "set has the k - 1 top labels, of total mass P_k with p_j",
            (),
        ),
        Step(
            rf"P_k \le \min(1, k M - \beta),\quad M = p_{{\max}} \ge \max\left(\beta, \tfrac{{1+\beta}}{{n}}\right),\quad"
            rf" \mathcal{{T}}(\beta) = \min_k {tex(scale)} \left[M - k^{{{tex(m - 1)}}} \min(1, kM - \beta)\right]",
            "For a given p_max the mass P_k is attained; the bracket does not decrease in p_max, so take the smallest",
            (rf"k \le {tex(last)}",) if last != n else (),
        ),
    ]
    envelope, points = _hull(power, n, last)
    if n == 2 and m == 0:
        envelope = T
    if points:
        steps.append(
            Step(
                rf"\mathcal{{T}}^{{**}}(\beta) = {tex(envelope)}",
                "T is piecewise linear and each pool's term convex, so the corners of the envelope are at beta = 1/j",
                (),
            )
        )
    at_one = sympy.simplify(T.subs(b, 1)) if not T.has(FiniteMinimum) else points[-1][1] if points else None
    gamma = invert(envelope, at_one) if envelope is not None and at_one is not None else None
    if envelope is None:
        raise stop(f"the convex envelope for symbolic n = {n}")
    slope = sympy.diff(envelope, b) if len(points) <= 2 else points[1][1] / points[1][0]
    gamma_upper = excess_symbol() / slope
    steps.append(
        Step(
            rf"\Gamma(\varepsilon) \le {tex(gamma_upper)}",
            "The envelope is convex and 0 at 0, so it lies above its tangent at 0",
            (),
        )
    )
    derivation = Derivation(problem, T, envelope, gamma, gamma_upper, sympy.Integer(1), tuple(steps))
    return Solution(derivation, witness=_vertex_witness(problem, power) if not problem.is_symbolic else None)


def _hull(power: Power, n: Any, last: Any) -> tuple[Any, list[tuple[Any, Any]]]:
    """The envelope by its corners (0, 0) and (1/j, T(1/j))."""
    b, m = beta_symbol(), power.m
    if is_symbolic(n) or is_symbolic(last) or is_symbolic(power.c) or is_symbolic(m):
        return None, []
    points: list[tuple[Any, Any]] = [(sympy.Integer(0), sympy.Integer(0))]
    for j in range(min(int(n) - 1, int(last)), 0, -1):
        beta = sympy.Rational(1, j)
        points.append((beta, power.c / (1 - m) * (beta - _largest_gain(m, j, int(last)))))
    points = _lower_hull(points)
    return Interpolation(b, *points), points


def _largest_gain(m: Any, j: int, last: int) -> Any:
    """The largest k^(m-1) min(1, (k-1)/j) over the pools k <= last."""
    # Increasing while k - 1 <= j and k <= (1 - m)/(-m), decreasing beyond: three candidates.
    peak = last if m == 0 else int(sympy.floor((1 - m) / (-m)))
    candidates = {min(max(k, 1), last) for k in (j + 1, min(peak, j + 1), min(peak + 1, j + 1))}
    values = [sympy.Integer(k) ** (m - 1) * min(sympy.Integer(1), sympy.Rational(k - 1, j)) for k in candidates]
    return max(values)


def _lower_hull(points: list[tuple[Any, Any]]) -> list[tuple[Any, Any]]:
    hull: list[tuple[Any, Any]] = []
    for point in points:
        while len(hull) > 1:
            (x0, y0), (x1, y1) = hull[-2:]
            if (x1 - x0) * (point[1] - y0) > (y1 - y0) * (point[0] - x0):
                break
            hull.pop()
        hull.append(point)
    return hull


def _vertex_witness(problem: PointwiseProblem, power: Power) -> Callable[[Fraction], Witness]:
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
        return evaluated(problem, tuple(p), scores, 1, best_in_class(power))

    return witness
