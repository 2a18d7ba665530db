"""Losses of the label's softmax value, l = phi(softmax(s)_y), on complete hypothesis sets.

The scores enter through S = softmax(s), any point of the open simplex, so the conditional risk is
sum_k p_k phi(S_k). With the marginal loss psi = -phi' the best S solves p_k psi(S_k) = lambda. Two
shapes carry the derivations:

- power: psi(u) = c u^(-m), every loss of the comp-sum family up to scale (m = 2 - tau);
- any phi whose reciprocal marginal h = 1/psi vanishes at 0 and is convex, or concave with h^2
  convex (theorem D of
  docs/theory.md), or is finite at 0 and meets theorem H: then two labels decide for every number of
  classes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

import numpy as np
import sympy
from scipy.optimize import minimize_scalar

from hconsist.arithmetic import SYMPY, is_symbolic, to_sympy
from hconsist.engines.derivation import Derivation, Step, beta_symbol, excess_symbol
from hconsist.engines.symbolic import margin
from hconsist.engines.symbolic.budget import MOST_LABELS
from hconsist.engines.symbolic.consequences import Case, convex_consequences, invert
from hconsist.engines.symbolic.forms import beta_of_odds, in_beta, odds_symbol
from hconsist.engines.symbolic.nodes import ConvexMinimum, FiniteMinimum, Interpolation, pool_symbol
from hconsist.engines.symbolic.pools import PoolEnvelope, PoolMinimum, best_pool, lowest_label
from hconsist.engines.symbolic.regular import SWITCHES, smooth_on
from hconsist.engines.symbolic.signs import constant_sign, holds, sign_on
from hconsist.engines.symbolic.solution import Solution, stop
from hconsist.errors import EngineCannotAnswerError
from hconsist.hull import ConvexHull
from hconsist.losses.forms import OfProbabilities, OfSoftmax
from hconsist.pointwise import PointwiseProblem, Witness

tex = sympy.latex
_FAR = 60.0  # a score this far below has a softmax value below 1e-26


def share() -> Any:
    """The softmax value of a label."""
    return sympy.Symbol("u", positive=True)


@dataclass(frozen=True)
class Power:
    """phi(u) = end + c (u^(1 - m) - 1)/(m - 1), or end - c log u at m = 1: the losses with marginal
    c u^(-m).
    """

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


def solve(problem: PointwiseProblem, form: OfSoftmax) -> Solution:
    """Derive T from the formula of the loss."""
    u = share()
    phi = sympy.sympify(form.g(u, SYMPY))
    _require_short(phi)
    steps = [
        Step(
            r"\mathcal{C}(s, p) = \sum_{k=1}^{n} p_k\, \varphi(S_k),\quad S = \mathrm{softmax}(s"
            + ("" if form.temperature == 1 else rf"/{tex(to_sympy(form.temperature))}")
            + rf"),\quad \varphi(u) = {tex(phi)}",
            "The loss sees only the label's own softmax value, and complete scores reach every S "
            "of the open simplex",
            (r"0 < S_k < 1,\ \sum_k S_k = 1",),
        )
    ]
    _require_smooth(phi, u)
    power = as_power(phi)
    bound = problem.hypotheses.score_bound
    if bound is not None:
        if problem.n_classes != 2:
            raise stop("bounded scores cut the simplex of softmax values for n >= 3")
        reach = 1 / (1 + sympy.exp(-2 * to_sympy(bound) / to_sympy(form.temperature)))
        try:
            return _of_convex(problem, phi, steps, reach, power)
        except EngineCannotAnswerError:
            return margin.of_softmax(problem, phi, u, to_sympy(form.temperature))
    if power is not None:
        if problem.top_k("symbolic") > 1:
            return _top_k(problem, power, steps)
        return of_power(problem, power, steps)
    if problem.top_k("symbolic") > 1:
        raise stop(
            f"the target {problem.target} for a loss that is not a power of the softmax value"
        )
    if is_symbolic(problem.n_classes) or problem.n > 2:
        return _of_convex(problem, phi, steps)
    try:
        return _of_convex(problem, phi, steps)
    except EngineCannotAnswerError:
        return margin.of_softmax(problem, phi, u, to_sympy(form.temperature))


def _require_short(phi: Any) -> None:
    """Exact arithmetic does not end with exponents such as 10^9 or 1 - 10^(-300)."""
    for power in phi.atoms(sympy.Pow):
        e = power.exp
        if e.is_Rational and (abs(e) > 1000 or e.q > 10**12):
            raise stop(
                f"phi(u) has the exponent {sympy.N(e, 6)}: exact derivations take exponents up to "
                "1000 with denominators up to 10^12; round the parameter"
            )


def _require_smooth(phi: Any, u: Any) -> None:
    """phi' decides everything below, and says nothing of a jump or a pole."""
    if phi.has(*SWITCHES):
        raise stop(
            f"phi(u) = {phi} changes its formula: derivations from phi' need one smooth formula"
        )
    end = phi.subs(u, 1)
    if not smooth_on(phi, u, sympy.Integer(0), sympy.Integer(1)) or end.has(
        sympy.nan, sympy.zoo, sympy.oo
    ):
        raise stop(f"could not show that phi(u) = {phi} is finite and smooth on (0, 1]")


# -- any convex phi


def _of_convex(
    problem: PointwiseProblem,
    phi: Any,
    steps: list[Step],
    reach: Any = sympy.Integer(1),
    power: Power | None = None,
) -> Solution:
    """Two labels decide (theorem D), or there are only two.

    Parameters
    ----------
    problem, phi, steps
    reach : sympy.Expr
        The largest softmax value that the scores allow; 1 for complete hypothesis sets.
    power : Power or None
        The power form of phi, whose two-label formula is known.
    """
    u, s = share(), sympy.Symbol("s", positive=True)
    b, w = beta_symbol(), odds_symbol()
    marginal = sympy.factor(-sympy.diff(phi, u))
    h = (
        sympy.cancel(1 / marginal)
        if marginal.is_rational_function(u)
        else sympy.simplify(1 / marginal)
    )
    one, half = sympy.Integer(1), sympy.Rational(1, 2)
    if sign_on(h, u, 0, one) != 1:
        raise stop(f"phi(u) = {phi} is not provably decreasing on (0, 1)")
    in_share = sign_on(sympy.diff(h, u), u, 0, one) == 1
    # Convex in the score difference v, u = 1/(1 + e^-v): phi_v = -psi u (1 - u) does not decrease.
    in_scores = problem.n_classes == 2 and sign_on(sympy.diff(u * (1 - u) / h, u), u, 0, one) == -1
    if not in_share and not in_scores:
        raise stop(f"phi(u) = {phi} is provably convex neither on (0, 1) nor in the scores")
    at_zero = sympy.limit(h, u, 0, "+")
    steps.append(
        Step(
            rf"\psi(u) := -\varphi'(u) = {tex(marginal)} > 0,\quad h := 1/\psi"
            + (r",\quad h' \ge 0" if in_share else r",\quad (u(1-u)\psi)' \le 0"),
            "Differentiate: phi decreases and is convex "
            + ("on (0, 1)" if in_share else "in the difference of the scores"),
            (r"0 < u < 1",),
        )
    )
    if problem.n_classes != 2:
        steps.append(
            _many_labels_of_infinite_marginal(h, u)
            if at_zero == 0
            else _many_labels_of_finite_marginal(phi, h, u)
        )
    # Stationarity p_1 psi(s) = p_2 psi(1 - s) reads beta = (h(s) - h(1 - s))/(h(s) + h(1 - s)),
    # increasing in s.
    mirror = h.subs(u, 1 - s)
    switch = sympy.factor(
        sympy.cancel(sympy.together((h.subs(u, s) - mirror) / (h.subs(u, s) + mirror)))
    )
    steps.append(
        Step(
            rf"\beta = \frac{{h(s) - h(1-s)}}{{h(s) + h(1-s)}} = {tex(switch)}",
            "Lagrange stationarity p_1 psi(s) = p_2 psi(1 - s) for p = ((1 + beta)/2, (1 - "
            "beta)/2)",
            (r"s = S_1 \ge \tfrac12",),
        )
    )
    tie = phi.subs(u, half)
    risk = (1 + b) / 2 * phi.subs(u, s) + (1 - b) / 2 * phi.subs(u, 1 - s)
    top = sympy.limit(switch, s, 1, "-") if reach == 1 else _threshold(switch, s, reach)
    branches = []
    equation = sympy.numer(sympy.together(switch - beta_of_odds()))
    best: Any = None
    T: Any = None
    if power is not None and holds(power.m > 0):
        T = two_label_transform(power)
    elif equation.is_polynomial(s):
        best = _share_of(sympy.Poly(equation, s), s, w, top)
    if best is not None and best.is_rational_function(w):
        gap = (tie - risk).subs(b, beta_of_odds()).subs(s, best)
        T = in_beta(gap if gap.has(sympy.log) else sympy.cancel(sympy.together(gap)))
    elif best is not None or (T is None and not in_share):
        best = _quadratic_share(sympy.Poly(sympy.numer(sympy.together(switch - b)), s), top)
        if best is None:
            raise stop(f"the stationarity equation beta = {switch} could not be solved for s")
        T = tie - risk.subs(s, best)
    elif T is None:
        T = tie - ConvexMinimum(risk, s, half, one)
    branches.append((T, one if top == 1 else top))
    at_one = None
    if top != 1:
        branches.append(
            (tie - ((1 + b) / 2 * phi.subs(u, reach) + (1 - b) / 2 * phi.subs(u, 1 - reach)), one)
        )
        T = sympy.Piecewise((T, b <= top), (branches[-1][0], True))
    else:
        at_one = sympy.simplify(tie - sympy.limit(phi, u, 1, "-"))
    steps.append(Step(rf"\mathcal{{T}}(\beta) = {tex(T)}", "Tie against optimum", ()))
    curvature = sympy.factor(
        (h.subs(u, s) + mirror) ** 3
        / (
            4
            * h.subs(u, s)
            * mirror
            * (
                sympy.diff(h, u).subs(u, s) * mirror
                + h.subs(u, s) * sympy.diff(h, u).subs(u, 1 - s)
            )
        )
    )
    derivation = convex_consequences(
        problem, T, steps, [Case(branches, True, (curvature, s, half, one))]
    )
    witness = None
    if not problem.is_symbolic:

        def witness(beta: Fraction) -> Witness:
            p = ((1 + beta) / 2, (1 - beta) / 2, *([Fraction(0)] * (problem.n - 2)))
            risks = sympy.lambdify(s, risk.subs(b, to_sympy(beta)), "scipy")
            found = minimize_scalar(
                risks, bounds=(0.5, float(reach)), method="bounded", options={"xatol": 1e-12}
            )
            ends = (
                [float(phi.subs(u, reach))]
                if beta == 1
                else []
                if top == 1
                else [float(risks(float(reach)))]
            )
            return evaluated(
                problem, p, _scores(problem, 2), 1, lambda q: min(float(found.fun), *ends, np.inf)
            )

    return Solution(derivation, at_one=at_one, witness=witness)


def _threshold(switch: Any, s: Any, reach: Any) -> Any:
    """The beta from which on the largest softmax value in reach is best."""
    return sympy.simplify(switch.subs(s, reach))


def _share_of(polynomial: Any, s: Any, w: Any, top: Any) -> Any:
    """The root s in (1/2, 1) of the stationarity equation in terms of w; None where roots are not
    found.
    """
    if polynomial.degree() > 2:
        return None
    middle = top / 2
    sample = sympy.sqrt((1 - middle) / (1 + middle))
    half = sympy.Rational(1, 2)
    chosen = []
    for root in sympy.roots(polynomial, multiple=True):
        value = root.subs(w, sample)
        if constant_sign(value - half) in (0, 1) and constant_sign(1 - value) in (0, 1):
            chosen.append(root)
    return chosen[0] if len(chosen) == 1 else None


def _quadratic_share(polynomial: Any, top: Any) -> Any:
    """The root of a quadratic in s, in the form whose denominator does not vanish with beta."""
    b, half = beta_symbol(), sympy.Rational(1, 2)
    if polynomial.degree() != 2:
        return None
    first, second, third = polynomial.all_coeffs()
    root = sympy.sqrt(sympy.expand(second**2 - 4 * first * third))
    for sign in (1, -1):
        for value in (2 * third / (-second + sign * root), (-second + sign * root) / (2 * first)):
            start, inside = value.subs(b, 0), value.subs(b, top / 2)
            if start in (sympy.nan, sympy.zoo) or constant_sign(start - half) != 0:
                continue
            if constant_sign(inside - half) == 1 and constant_sign(1 - inside) == 1:
                return value
    return None


def _many_labels_of_infinite_marginal(h: Any, u: Any) -> Step:
    """Theorem D: two labels decide for every n."""
    one = sympy.Integer(1)
    convex, concave = (
        sign_on(sympy.diff(h, u, 2), u, 0, one) in signs for signs in ((0, 1), (0, -1))
    )
    squared = sign_on(sympy.diff(h**2, u, 2), u, 0, one) in (0, 1)
    if not convex and not (concave and squared):
        raise stop(
            f"h(u) = 1/psi(u) = {h} is neither convex, nor concave with a convex square (theorem D)"
        )
    shape = "h'' \\ge 0" if convex else "h'' \\le 0,\\ (h^2)'' \\ge 0"
    return Step(
        rf"{shape},\ h(0) = 0 \implies \mathcal{{T}}_n = \mathcal{{T}}_2 \text{{ for every }} n",
        "Theorem D: moving mass from the other labels to the two at stake lowers the regret",
    )


def _many_labels_of_finite_marginal(phi: Any, h: Any, u: Any) -> Step:
    """Theorem H: labels of small probability get no mass, and two labels still decide for every
    n.
    """
    one, half, third = sympy.Integer(1), sympy.Rational(1, 2), sympy.Rational(1, 3)
    s, b = sympy.Symbol("s", positive=True), beta_symbol()
    psi = 1 / h
    finite = (
        f"the marginal loss at 0 is finite ({psi.subs(u, 0)}), so labels may get no mass: "
        "theorem H needs "
    )
    if sign_on(sympy.diff(h, u, 2), u, 0, one) not in (0, 1):
        raise stop(finite + f"a convex reciprocal marginal, not h(u) = {h}")
    rest = u * psi - (1 - 2 * u) * psi.subs(u, 1 - 2 * u)
    if sign_on(sympy.diff(u * psi, u), u, 0, third) not in (0, 1) or sign_on(
        rest, u, third, half
    ) not in (0, 1):
        raise stop(
            finite
            + f"u psi(u) = {u * psi} to increase up to 1/3, and to stay above its value at 1 - 2u "
            "up to 1/2"
        )
    slope = sympy.diff(psi, u)
    bend = psi - psi.subs(u, u / 2) - u / 4 * slope.subs(u, u / 2) + u / 2 * slope
    if sign_on(bend, u, 0, one) not in (0, -1):
        raise stop(finite + f"{bend} to be negative on (0, 1)")
    # b (phi(b/2) - phi(b)) >= T_2(b): where both labels get mass, along the optimum s; beyond it
    # T_2 is affine in b.
    h_s, mirror = h.subs(u, s), h.subs(u, 1 - s)
    switch = sympy.cancel(sympy.together((h_s - mirror) / (h_s + mirror)))
    floor = b * (phi.subs(u, b / 2) - phi.subs(u, b))
    pair = phi.subs(u, half) - (1 + b) / 2 * phi.subs(u, s) - (1 - b) / 2 * phi.subs(u, 1 - s)
    top = sympy.limit(switch, s, 1, "-")
    inside = sign_on(
        sympy.cancel(sympy.together((floor - pair).subs(b, switch))), s, half, one
    ) in (0, 1)
    beyond = top == 1 or sign_on((floor - pair.subs(s, 1)), b, top, one) in (0, 1)
    if not inside or not beyond:
        raise stop(
            finite + "beta (phi(beta/2) - phi(beta)) to be provably at least the two-label value"
        )
    return Step(
        r"\mathcal{T}_n \ge \min_{\beta \le t \le 1} R(t),\quad R(t) = \max_{x + y = t}\left[t "
        r"\varphi(\tfrac t2)"
        r" - \tfrac{t + \beta}2 \varphi(x) - \tfrac{t - \beta}2 \varphi(y)\right],\quad \min_t "
        r"R(t) = R(1) = \mathcal{T}_2",
        "Theorem H: the tied labels get at least their probability, so the pair at stake holds t "
        "with p_1 + p_j <= t. While "
        "both labels get mass R falls, as h is convex; where label j gets none R is concave, and "
        "at t = beta it is "
        "beta (phi(beta/2) - phi(beta)), at least the two-label value",
        (r"h'' \ge 0,\ (u \psi)' \ge 0",),
    )


# -- powers


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
        return _concave(problem, power, steps)
    if not holds(m > 0) or not (
        n == 2 or holds(m >= sympy.Rational(1, 2)) or holds(m < sympy.Rational(1, 2))
    ):
        return _by_cases(problem, power, steps)
    exponent = tex(1 / m)
    best = (
        _affine(power.end, -c, r"\sum_k p_k \log p_k")
        if m == 1
        else _affine(
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
        derivation, witness=_pair_witness(problem, power) if not problem.is_symbolic else None
    )


def _require_few(problem: PointwiseProblem) -> None:
    """Sums and minima over pools of labels are written out."""
    if not is_symbolic(problem.n_classes) and problem.n > MOST_LABELS:
        raise stop(
            f"minima over pools of up to n = {problem.n} labels, written out up to {MOST_LABELS}: "
            "lower n, or pass a symbol for it"
        )


def _pools(problem: PointwiseProblem, power: Power, steps: list[Step]) -> Solution:
    """Powers 0 < m < 1/2 with n >= 3 labels: theorem B."""
    _require_few(problem)
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
        witness=_pool_witness(problem, power) if not problem.is_symbolic else None,
    )


def _pool_witness(problem: PointwiseProblem, power: Power) -> Callable[[Fraction], Witness]:
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
        return evaluated(problem, p, _scores(problem, k), 1, best_in_class(power))

    return witness


def _top_k(problem: PointwiseProblem, power: Power, steps: list[Step]) -> Solution:
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
        scores = _scores(problem, 2 * k)
        risk = float(problem.conditional_risk(scores, floats))
        return Witness(p, scores, tuple(range(k, 2 * k)), risk - best_in_class(power)(floats))

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


def _at_one(power: Power) -> Any:
    """T(1) of two labels: phi(1/2) - phi(1)."""
    u = share()
    return sympy.simplify(power.phi.subs(u, sympy.Rational(1, 2)) - power.end)


def _square_root(power: Power, steps: list[Step]) -> Any:
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
    form = problem.surrogate.form(OfProbabilities) or problem.surrogate.form(OfSoftmax)
    far = _FAR * float(form.temperature) if form is not None else _FAR
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


# -- concave and linear powers


def largest_pool(m: Any, n: Any) -> Any:
    """The pools that can win: (k - 1) k^(m-1) grows up to k = (1 - m)/(-m), and so does k^(m-1)(k -
    r) for r <= 1 at most.
    """
    if m == 0 or is_symbolic(m):
        return n
    cap = sympy.floor((1 - m) / (-m)) + 1
    return sympy.Min(cap, n)


def _affine(constant: Any, factor: Any, body: str) -> str:
    """LaTeX of constant + factor * body, without zeros and ones."""
    negative = factor.could_extract_minus_sign()
    size = -factor if negative else factor
    shown = body if size == 1 else f"{tex(size)} {body}"
    return (
        ("-" if negative else "") + shown
        if constant == 0
        else f"{tex(constant)} {'-' if negative else '+'} {shown}"
    )


def _concave(problem: PointwiseProblem, power: Power, steps: list[Step]) -> Solution:
    b, n, c, m = beta_symbol(), to_sympy(problem.n_classes), power.c, power.m
    k = pool_symbol()
    if m == 0:
        _require_few(problem)  # beyond m = 0 the pools that can win are few
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
            r"\mathcal{C}^*(p) = " + _affine(power.end, scale, r"(1 - p_{\max})"),
            "The conditional risk is concave in S (phi'' <= 0), so its infimum over the simplex "
            "is at a vertex",
            (r"m \le 0",),
        ),
        Step(
            r"\inf_{S_j \ge S_i} \mathcal{C}(S, p) = \min_{1 \le k \le n} "
            + _affine(power.end, scale, rf"\left(1 - k^{{{tex(m - 1)}}} P_k\right)"),
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
        derivation, witness=_vertex_witness(problem, power) if not problem.is_symbolic else None
    )


def _hull(power: Power, n: Any, last: Any) -> tuple[Any, list[tuple[Any, Any]]]:
    """The envelope by its corners (0, 0) and (1/j, T(1/j))."""
    b, m = beta_symbol(), power.m
    if is_symbolic(n) or is_symbolic(last) or is_symbolic(power.c) or is_symbolic(m):
        return None, []
    points: list[tuple[Any, Any]] = [(sympy.Integer(0), sympy.Integer(0))]
    for j in range(min(int(n) - 1, int(last)), 0, -1):
        beta = sympy.Rational(1, j)
        points.append((beta, power.c / (1 - m) * (beta - _largest_gain(m, j, int(last)))))
    hull = ConvexHull.of(*zip(*points, strict=True))
    points = list(zip(hull.betas, hull.values, strict=True))
    return Interpolation(b, *points), points


def _largest_gain(m: Any, j: int, last: int) -> Any:
    """The largest k^(m-1) min(1, (k-1)/j) over the pools k <= last."""
    # Increasing while k - 1 <= j and k <= (1 - m)/(-m), decreasing beyond: three candidates.
    peak = last if m == 0 else int(sympy.floor((1 - m) / (-m)))
    candidates = {min(max(k, 1), last) for k in (j + 1, min(peak, j + 1), min(peak + 1, j + 1))}
    values = [
        sympy.Integer(k) ** (m - 1) * min(sympy.Integer(1), sympy.Rational(k - 1, j))
        for k in candidates
    ]
    return max(values)


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
