"""Concave and linear powers (m <= 0): the best and the least wrong softmax values are vertices
(theorem C of docs/theory.md).
"""

from __future__ import annotations

import sympy
from sympy import Expr

from hconsist.arithmetic import is_symbolic, to_sympy
from hconsist.engines.derivation import Derivation, Step, beta_symbol, excess_symbol
from hconsist.engines.symbolic.consequences import invert
from hconsist.engines.symbolic.nodes import FiniteMinimum, Interpolation, pool_symbol
from hconsist.engines.symbolic.softmax.form import Power, affine, require_few
from hconsist.engines.symbolic.softmax.witnesses import vertex_witness
from hconsist.engines.symbolic.solution import Solution, stop
from hconsist.hull import ConvexHull
from hconsist.pointwise import PointwiseProblem

tex = sympy.latex


def largest_pool(m: Expr, n: int | Expr) -> Expr:
    """The pools that can win: (k - 1) k^(m-1) grows up to k = (1 - m)/(-m), and so does k^(m-1)(k -
    r) for r <= 1 at most.
    """
    if m == 0 or is_symbolic(m):
        return n
    cap = sympy.floor((1 - m) / (-m)) + 1
    return sympy.Min(cap, n)


def of_concave(problem: PointwiseProblem, power: Power, steps: list[Step]) -> Solution:
    """Derive T of a power with m <= 0, by vertices of the simplex and of its cut S_j >= S_i."""
    b, n, c, m = beta_symbol(), to_sympy(problem.n_classes), power.c, power.m
    k = pool_symbol()
    if m == 0:
        require_few(problem)  # beyond m = 0 the pools that can win are few
    scale = c / (1 - m)
    top = sympy.Max(b, (1 + b) / n)
    last = largest_pool(m, n)
    first = 1
    if (
        m == 0
        # M - min(1, k M - beta)/k = max(beta/k, M - 1/k); M > beta only for beta < 1/(n-1), where
        # the first wins
    ):
        body, first = scale * sympy.Max(b / k, b - 1 / k), 2
    else:
        body = scale * (top - k ** (m - 1) * sympy.Min(1, k * top - b))
    T = FiniteMinimum(body, k, first, last)
    if n == 2 and m == 0:
        T = scale * b / 2  # beta - 1/2 <= beta/2 on [0, 1]
    steps += [
        Step(
            r"\mathcal{C}^*(p) = " + affine(power.end, scale, r"(1 - p_{\max})"),
            "The conditional risk is concave in S (phi'' <= 0), so its infimum over the simplex "
            "is at a vertex",
            (r"m \le 0",),
        ),
        Step(
            r"\inf_{S_j \ge S_i} \mathcal{C}(S, p) = \min_{1 \le k \le n} "
            + affine(power.end, scale, rf"\left(1 - k^{{{tex(m - 1)}}} P_k\right)"),
            "The vertices of the simplex cut by S_j >= S_i are the uniform vectors on sets of k "
            "labels that hold j; the best "
            "set has the k - 1 top labels, of total mass P_k with p_j",
            (),
        ),
        Step(
            rf"P_k \le \min(1, k M - \beta),\quad M = p_{{\max}} \ge \max\left(\beta, "
            rf"\tfrac{{1+\beta}}{{n}}\right),\quad"
            rf" \mathcal{{T}}(\beta) = \min_k {tex(scale)} \left[M - k^{{{tex(m - 1)}}} \min(1, "
            r"kM - \beta)\right]",
            "For a given p_max the mass P_k is attained; the bracket does not decrease in p_max, "
            "so take the smallest",
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
                "T is piecewise linear and each pool's term convex, so the corners of the "
                "envelope are at beta = 1/j",
                (),
            )
        )
    if (
        envelope is None and m == 0
    ):  # the chords between the corners 1/(j + 1) and 1/j, and the line from 0
        chord = scale * (1 / (k * (k + 1)) + 2 / (k + 2) * (b - 1 / k))
        envelope = sympy.Max(scale * b / n, -FiniteMinimum(-chord, k, 1, n - 2))
        steps.append(
            Step(
                rf"\mathcal{{T}}^{{**}}(\beta) = {tex(envelope)}",
                "T is piecewise linear with corners (1/j, 1/(j (j + 1))), in convex position: the "
                "slopes 2/(j + 2) fall with j",
                (r"n \ge 3",),
            )
        )
        gamma_upper = excess_symbol() * n / scale
        return Solution(
            Derivation(problem, T, envelope, None, gamma_upper, sympy.Integer(1), tuple(steps))
        )
    at_one = (
        sympy.simplify(T.subs(b, 1))
        if not T.has(FiniteMinimum)
        else points[-1][1]
        if points
        else None
    )
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
    derivation = Derivation(
        problem, T, envelope, gamma, gamma_upper, sympy.Integer(1), tuple(steps)
    )
    return Solution(
        derivation, witness=vertex_witness(problem, power) if not problem.is_symbolic else None
    )


def _hull(power: Power, n: int | Expr, last: Expr) -> tuple[Expr, list[tuple[Expr, Expr]]]:
    """The envelope by its corners (0, 0) and (1/j, T(1/j))."""
    b, m = beta_symbol(), power.m
    if is_symbolic(n) or is_symbolic(last) or is_symbolic(power.c) or is_symbolic(m):
        return None, []
    points: list[tuple[Expr, Expr]] = [(sympy.Integer(0), sympy.Integer(0))]
    for j in range(min(int(n) - 1, int(last)), 0, -1):
        beta = sympy.Rational(1, j)
        points.append((beta, power.c / (1 - m) * (beta - _largest_gain(m, j, int(last)))))
    hull = ConvexHull.of(*zip(*points, strict=True))
    points = list(zip(hull.betas, hull.values, strict=True))
    return Interpolation(b, *points), points


def _largest_gain(m: Expr, j: int, last: int) -> Expr:
    """The largest k^(m-1) min(1, (k-1)/j) over the pools k <= last."""
    # Increasing while k - 1 <= j and k <= (1 - m)/(-m), decreasing beyond: three candidates.
    peak = last if m == 0 else int(sympy.floor((1 - m) / (-m)))
    candidates = {min(max(k, 1), last) for k in (j + 1, min(peak, j + 1), min(peak + 1, j + 1))}
    values = [
        sympy.Integer(k) ** (m - 1) * min(sympy.Integer(1), sympy.Rational(k - 1, j))
        for k in candidates
    ]
    return max(values)
