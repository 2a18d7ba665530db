"""Powers of the softmax value, psi(u) = c u^(-m): two labels (theorems A and D), pools (theorem B),
the top-k target (theorem E).
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import sympy
from sympy import Expr

from hconsist.arithmetic import is_symbolic, to_sympy
from hconsist.engines.derivation import Derivation, Step, beta_symbol, excess_symbol
from hconsist.engines.symbolic.consequences import invert
from hconsist.engines.symbolic.nodes import FiniteMinimum, pool_symbol
from hconsist.engines.symbolic.pools import PoolEnvelope, PoolMinimum
from hconsist.engines.symbolic.signs import holds
from hconsist.engines.symbolic.softmax.concave import of_concave
from hconsist.engines.symbolic.softmax.form import Power, affine, require_few, share
from hconsist.engines.symbolic.softmax.witnesses import (
    best_risk,
    pair_witness,
    pool_witness,
    tied_scores,
)
from hconsist.engines.symbolic.solution import Solution, stop
from hconsist.pointwise import PointwiseProblem, Witness

tex = sympy.latex


def two_label_transform(power: Power) -> Expr:
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


def of_power(problem: PointwiseProblem, power: Power, steps: list[Step]) -> Solution:
    """Derive T of a power of simplex coordinates that are ordered as the scores."""
    n, c, m = to_sympy(problem.n_classes), power.c, power.m
    if not holds(c > 0):
        raise stop(
            f"the sign of -phi'(u) = {c} u^(-{m}) is not known to be positive: phi must decrease"
        )
    steps.append(
        Step(
            rf"\psi(u) := -\varphi'(u) = {tex(c * share() ** (-m))}",
            "Differentiate; the elasticity u psi'/psi is constant, so the loss is a power of the "
            "softmax value",
            (rf"m = {tex(m)}",),
        )
    )
    if holds(m <= 0):
        return of_concave(problem, power, steps)
    if not holds(m > 0) or not (
        n == 2 or holds(m >= sympy.Rational(1, 2)) or holds(m < sympy.Rational(1, 2))
    ):
        return _by_cases(problem, power, steps)
    exponent = tex(1 / m)
    best = (
        affine(power.end, -c, r"\sum_k p_k \log p_k")
        if m == 1
        else affine(
            power.end,
            c / (m - 1),
            rf"\Bigl[\Bigl(\sum_k p_k^{{{exponent}}}\Bigr)^{{{tex(m)}}} - 1\Bigr]",
        )
    )
    best = rf"\mathcal{{C}}^*(p) = {best}"
    steps += [
        Step(
            rf"p_k \psi(S_k) = \lambda \implies S_k = p_k^{{{exponent}}} \Big/ \sum_i "
            rf"p_i^{{{exponent}}}",
            "Lagrange stationarity on the simplex; phi is strictly convex, so the point is the "
            "minimum",
            ("m > 0",),
        ),
        Step(best, "Put the optimal S into the conditional risk", ()),
        Step(
            r"\inf_{S_j \ge S_i} \mathcal{C}(S, p) = \mathcal{C}^*(\mathrm{pool}(p)),\qquad "
            r"\mathcal{T}(\beta) = \min_{p_{\max} - p_j = \beta} \mathcal{C}^*(\mathrm{pool}(p)) "
            r"- \mathcal{C}^*(p)",
            "Pooling lemma: at the constrained optimum the predicted label j is tied with the "
            "smallest set of top labels "
            "whose mean is at least every label left out",
            (),
        ),
    ]
    if n == 2:
        steps.append(
            Step(
                r"\mathrm{pool}(p) = (\tfrac12, \tfrac12)",
                "Two labels: there is one pool",
                ("n = 2",),
            )
        )
    elif holds(m >= 1):
        steps.append(
            Step(
                r"\mathcal{C}^*(\mathrm{pool}(p)) - \mathcal{C}^*(p) \ge \mathcal{C}^*(\tfrac12, "
                r"\tfrac12)"
                r" - \mathcal{C}^*(\tfrac{1+\beta}{2}, \tfrac{1-\beta}{2})",
                "The reciprocal marginal 1/psi = u^m / c is convex: moving mass from the other "
                "labels to the two at stake "
                "lowers the regret (theorem D), down to two labels, where equality holds",
                (r"m \ge 1",),
            )
        )
    elif holds(m >= sympy.Rational(1, 2)):
        steps.append(
            Step(
                r"\mathcal{C}^*(\mathrm{pool}(p)) - \mathcal{C}^*(p) \ge \mathcal{C}^*(\tfrac12, "
                r"\tfrac12)"
                r" - \mathcal{C}^*(\tfrac{1+\beta}{2}, \tfrac{1-\beta}{2})",
                "The reciprocal marginal 1/psi = u^m / c is concave and its square convex: moving "
                "mass from the other labels "
                "to the two at stake lowers the regret (theorems A and D), down to two labels, "
                "where equality holds",
                (r"\tfrac12 \le m \le 1",),
            )
        )
    else:
        return _pools(problem, power, steps)
    T = two_label_transform(power)
    steps.append(Step(rf"\mathcal{{T}}(\beta) = {tex(T)}", "Insert the two-label distribution", ()))
    steps.append(
        Step(
            r"\mathcal{T}'' \ge 0,\quad \mathcal{T}^{**} = \mathcal{T}",
            "T = C*(1/2, 1/2) - C* on a line, and C* is an infimum of linear functions of p, "
            "hence concave",
            (),
        )
    )
    at_one = _at_one(power)
    gamma = invert(T, at_one)
    if gamma is not None:
        steps.append(
            Step(rf"\Gamma(\varepsilon) = {tex(gamma)}", "Solve T(beta) = epsilon for beta", ())
        )
    upper = _square_root(power, steps)
    derivation = Derivation(
        problem,
        T,
        T,
        gamma=gamma,
        gamma_upper=upper,
        growth=sympy.Integer(2),
        steps=tuple(steps),
        assumptions=(),
    )
    return Solution(
        derivation, witness=pair_witness(problem, power) if not problem.is_symbolic else None
    )


def _pools(problem: PointwiseProblem, power: Power, steps: list[Step]) -> Solution:
    """Powers 0 < m < 1/2 with n >= 3 labels: theorem B."""
    require_few(problem)
    b, n, c, m = beta_symbol(), to_sympy(problem.n_classes), power.c, power.m
    scale, a = c / (1 - m), 1 / m
    T, envelope = scale * PoolMinimum(a, n, b), scale * PoolEnvelope(a, n, b)
    steps += [
        Step(
            rf"\mathcal{{T}}(\beta) \le {tex(T)}",
            "A prediction that is uniform on k labels is feasible at every p that lives on those "
            "labels: its pool has at most "
            "this risk",
            (r"a = 1/m > 2",),
        ),
        Step(
            rf"\mathcal{{T}}^{{**}}(\beta) = {tex(scale)} \max_{{\lambda}} \Bigl[\lambda\beta + "
            r"\min_k \nu_k(\lambda)"
            rf" - k^{{\frac1a - 1}}\Bigr],\quad (\nu_k+\lambda)^\alpha + (\nu_k-\lambda)_+^\alpha "
            r"+ (k-2)\nu_k^\alpha = 1",
            "Theorem B: in the dual of the envelope the extreme predictions are uniform on k "
            "labels; nu_k is the conjugate of "
            "the k-label problem",
            (r"\alpha = a/(a-1)",),
        ),
        Step(
            r"\mathcal{T}(\beta) = \Theta(\beta^2)",
            "From above by two labels; from below since averaging the two labels at stake already "
            "costs beta^2 times "
            "(a - 1) ||p||_a^(1-a) p_1^(a-2) (1 - (p_1/||p||_a)^a)/8 at least, positive as 1/n <= "
            "p_1 < 1",
            (r"\beta \to 0",),
        ),
    ]
    steps.append(
        Step(
            rf"\mathcal{{T}}_n(\beta) \ge \min_{{\beta \le t \le 1}} t^{{{tex(2 - m)}}}\, "
            rf"\mathcal{{T}}_2(\beta/t),\qquad"
            r" \mathcal{T}_2(\beta) \ge C \beta^2 \implies \mathcal{T}_n(\beta) \ge C \beta^2",
            "The tied labels get at least their probability, so the pair at stake holds t with "
            "p_1 + p_j <= t "
            "(lemma of theorem H)",
            (r"t^{-m} \ge 1",),
        )
    )
    upper = _square_root(power, steps)
    # The envelope, and with it Gamma, is exact. The formula for T itself is proven from above only:
    # see `Solution.lower`.
    derivation = Derivation(
        problem,
        T,
        envelope,
        gamma_upper=upper,
        growth=sympy.Integer(2),
        steps=tuple(steps),
        relation="<=",
    )
    return Solution(
        derivation,
        lower=envelope,
        witness=pool_witness(problem, power) if not problem.is_symbolic else None,
    )


def of_top_k(problem: PointwiseProblem, power: Power, steps: list[Step]) -> Solution:
    """Top-k target: theorem E for the logarithm, with equality from n = 2k on."""
    if power.m != 1:
        raise stop(f"the target {problem.target} for powers other than the logarithm")
    k = problem.top_k("symbolic")
    if is_symbolic(problem.n_classes) or problem.n < 2 * k:
        raise stop(f"the target {problem.target} needs n >= {2 * k}, where the worst case has room")
    one = of_power(PointwiseProblem(problem.surrogate, n_classes=2), power, list(steps)).derivation
    steps.append(
        Step(
            rf"\mathcal{{T}}(\beta) = {tex(one.transform)}",
            "The regret is c KL(p || S). Merge the labels missed, the labels predicted in their "
            "place, and the rest: KL cannot "
            "grow (data processing), and the three-label problem is the zero-one problem. "
            "Equality: p uniform on k labels and "
            "on k others",
            (rf"n \ge {2 * k}",),
        )
    )
    derivation = replace(one, problem=problem, steps=(*steps, *one.steps[-3:]))

    def witness(beta: Fraction) -> Witness:
        p = (
            *([(1 + beta) / (2 * k)] * k),
            *([(1 - beta) / (2 * k)] * k),
            *([Fraction(0)] * (problem.n - 2 * k)),
        )
        floats = np.asarray([float(v) for v in p])
        scores = tied_scores(problem, 2 * k)
        risk = float(problem.conditional_risk(scores, floats))
        return Witness(p, scores, tuple(range(k, 2 * k)), risk - best_risk(power)(floats))

    return Solution(derivation, witness=witness)


def _by_cases(problem: PointwiseProblem, power: Power, steps: list[Step]) -> Solution:
    """A symbolic exponent whose range is open: one formula for each range, as a Piecewise.

    The envelope is left out for m <= 0 (tau >= 2), where its corners depend on the value of the
    exponent.
    """
    b, n, c, m, k = beta_symbol(), to_sympy(problem.n_classes), power.c, power.m, pool_symbol()
    convex = [
        (two_label_transform(replace(power, m=sympy.Integer(1))), sympy.Eq(m, 1)),
        (two_label_transform(power), m > 0 if n == 2 else m >= sympy.Rational(1, 2)),
    ]
    envelopes = list(convex)
    if n != 2:
        convex.append((c / (1 - m) * PoolMinimum(1 / m, n, b), m > 0))
        envelopes.append((c / (1 - m) * PoolEnvelope(1 / m, n, b), m > 0))
    top = sympy.Max(b, (1 + b) / n)
    vertices = FiniteMinimum(
        c / (1 - m) * (top - k ** (m - 1) * sympy.Min(1, k * top - b)), k, 1, n
    )
    T, envelope = sympy.Piecewise(*convex, (vertices, True)), sympy.Piecewise(*envelopes)
    steps.append(
        Step(
            rf"\mathcal{{T}}(\beta) = {tex(T)}",
            "One case for each range of the exponent: two labels for m of at least 1/2 (theorems "
            "A and D), pools below it "
            "(theorem B), vertices of the simplex for m of at most 0 (theorem C)",
            (rf"m = {tex(m)}",),
        )
    )
    return Solution(
        Derivation(problem, T, envelope, steps=tuple(steps), relation="=" if n == 2 else "<=")
    )


def _at_one(power: Power) -> Expr:
    """T(1) of two labels: phi(1/2) - phi(1)."""
    u = share()
    return sympy.simplify(power.phi.subs(u, sympy.Rational(1, 2)) - power.end)


def _square_root(power: Power, steps: list[Step]) -> Expr:
    """Gamma <= sqrt(epsilon / C) from T >= C beta^2."""
    b, e, (c, m) = beta_symbol(), excess_symbol(), (power.c, power.m)
    a = 1 / m
    scale = c * 2 ** (m - 1) / (1 - m) if m != 1 else None
    if holds(m >= 1):
        s = sympy.Symbol("s", positive=True)
        curvature = c * (s**m + (1 - s) ** m) ** 3 / (4 * m * (s * (1 - s)) ** (2 * m - 1))
        constant = sympy.powsimp(c * 2 ** (m - 2) / m)
        shown = rf"\mathcal{{T}}''(\beta) = {tex(curvature)} \ge {tex(2 * constant)}"
        why = (
            "Write T'' through the softmax value s of the top label at the optimum; s^m + (1-s)^m "
            "is at least 2^(1-m) and "
            "s (1-s) at most 1/4, both attained at s = 1/2"
        )
    elif holds(m >= sympy.Rational(1, 2)):
        rise = a * (a - 1) / 2
        constant = sympy.powsimp(scale * ((1 + rise) ** m - 1))
        shown = (
            rf"\tfrac12\left[(1+\beta)^{{{tex(a)}}} + (1-\beta)^{{{tex(a)}}}\right] \ge 1 + "
            rf"{tex(rise)} \beta^2"
        )
        why = (
            "All coefficients of the binomial series are non-negative for exponents between 1 and "
            "2; the power m of the right "
            "side is concave in beta^2, hence above its chord on [0, 1]"
        )
    else:
        rise = 2 ** (1 - m) - 1
        constant = sympy.simplify(scale * rise)
        shown = (
            rf"\left(\tfrac12\left[(1+\beta)^{{{tex(a)}}} + "
            rf"(1-\beta)^{{{tex(a)}}}\right]\right)^{{{tex(m)}}}"
            rf" \ge 1 + \left({tex(rise)}\right) \beta^2"
        )
        why = (
            "The left side is concave in beta^2, above its chord on [0, 1]: with beta = "
            "tanh(theta) and a = 1/m its slope in "
            "beta^2 is proportional to cosh(a theta)^(m - 1) sinh((a - 1) theta) coth(theta), "
            "falling as (a - 1) cosh(theta) "
            "sinh(2 theta) is at most 2 sinh((a - 1) theta) cosh(a theta) for a of at least 2"
        )
    bound = sympy.sqrt(e / constant)
    steps.append(Step(rf"{shown},\qquad \mathcal{{T}}(\beta) \ge {tex(constant * b**2)}", why))
    steps.append(Step(rf"\Gamma(\varepsilon) \le {tex(bound)}", "Invert the quadratic"))
    return bound
