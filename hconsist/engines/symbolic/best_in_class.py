"""Best-in-class conditional risk C*(p) in closed form, derived from the loss's formula: Lagrange,
or vertices and kinks.

C*(p) is the infimum of ``sum_y p_y l(s, y)`` over the scores that the hypothesis set reaches at a
point.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import sympy
from numpy.typing import ArrayLike, NDArray

from hconsist.arithmetic import NUMPY, SYMPY, evaluate, to_sympy
from hconsist.engines.derivation import Step
from hconsist.engines.symbolic.proper import EXPLICIT_LABELS
from hconsist.engines.symbolic.proper import entropy as proper_entropy
from hconsist.engines.symbolic.solution import stop
from hconsist.losses import (
    NCE,
    CompSum,
    CompSumMargin,
    Exponential,
    Loss,
    MarginLoss,
    QuadraticSurrogate,
    Separable,
    SphericalSoftmax,
    Sum,
    TaylorSoftmax,
    check_distribution,
)
from hconsist.losses.forms import OfProbabilities, OfSoftmax
from hconsist.pointwise import PointwiseProblem

__all__ = ["BestInClass", "best_in_class"]


@dataclass(frozen=True)
class BestInClass:
    """A closed form of the best-in-class conditional risk.

    Parameters
    ----------
    problem : PointwiseProblem
        Its target plays no part.
    symbols : tuple of sympy.Symbol
        p_1, ..., p_n.
    expression : sympy.Expr
        C*(p) in these symbols, and in the symbols of the problem.
    steps : tuple of Step

    Examples
    --------
    >>> best = best_in_class(PointwiseProblem("brier", n_classes=2))
    >>> float(best([0.5, 0.5]))
    0.5
    """

    problem: PointwiseProblem
    symbols: tuple[Any, ...]
    expression: Any
    steps: tuple[Step, ...]

    def __call__(self, p: ArrayLike) -> NDArray[np.float64]:
        """C*(p) in floats: label distributions (..., n_classes) to (...)."""
        array = check_distribution(p, len(self.symbols))

        def at(q: NDArray[np.float64]) -> NDArray[np.float64]:
            with np.errstate(all="ignore"):
                values = {symbol: q[..., k] for k, symbol in enumerate(self.symbols)}
                return np.asarray(evaluate(self.expression, values, NUMPY) + np.zeros(q.shape[:-1]))

        value = at(array)
        # A label of probability 0 is the limit of small probabilities where the formula itself
        # reads 0 log 0 or 0/0.
        return np.where(np.isfinite(value), value, at(np.maximum(array, 1e-300)))


@lru_cache(maxsize=256)
def best_in_class(problem: PointwiseProblem) -> BestInClass:
    """Derive C*(p).

    Parameters
    ----------
    problem : PointwiseProblem
        n_classes must be a number; loss parameters and the score bound may be symbols.

    Raises
    ------
    EngineCannotAnswerError
        Where no closed form could be derived; the message says what stopped it.

    Source: Mao, Mohri, Zhong, ICML 2023, appendix (comp-sum); Bartlett, Jordan, McAuliffe 2006
    (margins); derived here by Lagrange multipliers.

    Examples
    --------
    >>> best_in_class(PointwiseProblem("mae", n_classes=3)).expression
    1 - Max(p1, p2, p3)
    >>> best_in_class(PointwiseProblem("sum-exp", n_classes=2)).expression
    (sqrt(p1) + sqrt(p2))**2 - 1
    """
    n = problem.n
    p = sympy.symbols(f"p1:{n + 1}", nonnegative=True)
    for derivation in _DERIVATIONS:
        found = derivation(problem, p)
        if found is not None:
            expression, steps = found
            return BestInClass(problem, p, expression, tuple(Step(a, b) for a, b in steps))
    raise stop(
        f"no closed form of the best-in-class risk of {problem.surrogate.spec} on "
        f"{problem.hypotheses}"
    )


Found = tuple[Any, list[tuple[str, str]]]


def _softmax(problem: PointwiseProblem, p: tuple[Any, ...]) -> Found | None:
    """``min sum p_k g(q_k)`` over the simplex, or over the softmax values of a box of scores."""
    form, bound = problem.surrogate.separable, problem.hypotheses.score_bound
    if form is None or form.coordinate != "softmax":
        return None
    if bound is None:
        return _of_softmax_value(form, p)
    return _in_a_box(form, p, sympy.exp(2 * to_sympy(bound) / to_sympy(form.temperature)))


def _in_a_box(form: Separable, p: tuple[Any, ...], ratio: Any) -> Found | None:
    """Scores in [-B, B]: the odds of two labels stay within ``ratio = exp(2B)``. Affine g, or two
    labels.
    """
    u = sympy.Symbol("u", positive=True)
    g = sympy.sympify(form.term(u, SYMPY))
    slope, n = sympy.simplify(sympy.diff(g, u)), len(p)
    if not slope.has(u) and slope.is_negative:
        tops = [sympy.Add(*(_order_statistic(p, k) for k in range(1, m + 1))) for m in range(1, n)]
        best = sympy.Max(
            *((1 + (ratio - 1) * top) / (n + (ratio - 1) * m) for m, top in enumerate(tops, 1))
        )
        return g.subs(u, 0) + slope * best, [
            (r"\mathcal C = g(0) + g' \langle p, q \rangle,\ q \propto e^{s}", "g is affine"),
            (
                r"\langle p, q \rangle \le \max_m \frac{1 + (e^{2B} - 1) P_m}{n + (e^{2B} - 1) m}",
                "linear-fractional in the weights exp(s): the maximum is at a vertex of the box, "
                "the m likeliest labels at B",
            ),
        ]
    curvature = sympy.simplify(sympy.diff(g, u, 2))
    if curvature.is_nonpositive and slope.is_negative:
        return _concave_in_a_box(g, u, p, ratio)
    if n != 2 or not curvature.is_nonnegative:
        return None
    found, inverse = _of_softmax_value(form, p), _inverse_slope(g, u)
    if found is None or inverse is None:
        return None
    elasticity, top, low = inverse[2], sympy.Max(*p), sympy.Min(*p)
    edge = ratio / (1 + ratio)
    inside = top ** (-elasticity) <= ratio * low ** (-elasticity)
    cut = top * g.subs(u, edge) + low * g.subs(u, 1 / (1 + ratio))
    return sympy.Piecewise((found[0], inside), (cut, True)), [
        *found[1],
        (
            r"q = e^{2B} / (1 + e^{2B}) \text{ for the likelier label where the optimum lies "
            r"outside}",
            "convexity",
        ),
    ]


def _concave_in_a_box(g: Any, u: Any, p: tuple[Any, ...], ratio: Any) -> Found:
    """Concave decreasing g: the risk is least at a vertex of the box, the m likeliest labels at B.

    With all scores equal as one of the vertices (m = n).
    """
    n = len(p)
    tops = [sympy.Add(*(_order_statistic(p, k) for k in range(1, m + 1))) for m in range(1, n)]
    risks = [g.subs(u, sympy.Rational(1, n))]
    for m, top in enumerate(tops, 1):
        low = 1 / (m * ratio + n - m)
        risks.append(top * g.subs(u, ratio * low) + (1 - top) * g.subs(u, low))
    return sympy.Min(*risks), [
        (
            r"\min = \min_m P_m\, g(r_m) + (1 - P_m)\, g(e^{-2B} r_m),\quad "
            r"r_m = e^{2B} / (m e^{2B} + n - m)",
            "g is concave and decreasing: the minimum is at a vertex of what the box reaches, the "
            "m likeliest labels at the larger value",
        ),
    ]


def _order_statistic(p: tuple[Any, ...], k: int) -> Any:
    """The k-th largest label probability."""
    if k == 1:
        return sympy.Max(*p)
    if k == len(p):
        return sympy.Min(*p)
    return sympy.Max(*(sympy.Min(*c) for c in itertools.combinations(p, k)))


def _of_softmax_value(form: Separable, p: tuple[Any, ...]) -> Found | None:
    u = sympy.Symbol("u", positive=True)
    g = sympy.sympify(form.term(u, SYMPY))
    slope = sympy.simplify(sympy.diff(g, u))
    curvature = sympy.simplify(sympy.diff(g, u, 2))
    if curvature.is_nonpositive and not slope.is_nonnegative:
        start, end = sympy.limit(g, u, 0, "+"), g.subs(u, 1)
        risk = start + (end - start) * sympy.Max(*p)
        return sympy.simplify(risk), [
            (
                r"\mathcal C = \textstyle\sum_k p_k\, g(q_k),\quad g(u) = " + sympy.latex(g),
                "the loss sees its own softmax value",
            ),
            (
                r"\min = g(0) + (g(1) - g(0))\, p_{\max}",
                "g is concave and decreasing: the minimum is at a vertex of the simplex",
            ),
        ]
    if sympy.limit(slope, u, 0, "+") != -sympy.oo:
        return None  # labels of small probability may get q = 0: no closed form over all p
    return _lagrange(g, u, p, 1)


def _lagrange(g: Any, z: Any, weights: tuple[Any, ...], total: int) -> Found | None:
    """``min sum w_k g(z_k)`` with ``sum z_k = total``, where the inverse of g' is a power or a
    logarithm.

    Stationarity reads ``g'(z_k) = m / w_k``, whose solution psi is written ``a x^r + b`` or ``a log
    x + b``.
    """
    inverse, n = _inverse_slope(g, z), len(weights)
    if inverse is None:
        return None
    psi, x, elasticity = inverse
    first = [
        (
            r"\mathcal C = \textstyle\sum_k w_k\, g(z_k),\ \sum_k z_k = "
            + f"{total},\\quad g(z) = {sympy.latex(g)}",
            "definition",
        ),
        (
            r"g'(z_k) = \mu / w_k \;\Rightarrow\; z_k = "
            + sympy.latex(psi.subs(x, sympy.Symbol("mu") / sympy.Symbol("w_k"))),
            "Lagrange",
        ),
    ]
    power_sum, m, w = sympy.symbols("S m w", positive=True)  # S = sum w_k^(-r)
    if elasticity == 0:
        a = sympy.simplify(x * sympy.diff(psi, x))
        b = sympy.simplify(psi - a * sympy.log(x))
        mu = sympy.exp((total - n * b) / (a * n)) * sympy.Mul(
            *(v ** sympy.Rational(1, n) for v in weights)
        )
    else:
        a = sympy.simplify(sympy.diff(psi, x) / (elasticity * x ** (elasticity - 1)))
        b = sympy.simplify(psi - a * x**elasticity)
        mu = ((total - n * b) / (a * power_sum)) ** (1 / elasticity)
    # Each term w g(psi(m / w)) is a sum of powers of w and w log w, so that the sums over labels
    # stay apart from m.
    term = sympy.simplify(sympy.expand_log(w * g.subs(z, psi.subs(x, m / w)), force=True))
    risk = sympy.Integer(0)
    for part in sympy.Add.make_args(
        sympy.expand(sympy.powsimp(sympy.expand_power_base(sympy.expand(term), force=True)))
    ):
        coefficient, of_w = part.as_independent(w)
        shape = sympy.powsimp(of_w)
        if shape == w:
            labels: Any = sympy.Integer(_mass(weights))
        elif elasticity != 0 and sympy.simplify(shape * w**elasticity) == 1:
            labels = power_sum
        else:
            labels = sympy.Add(*(shape.subs(w, v) for v in weights))
        risk += coefficient * labels
    risk = sympy.simplify(sympy.powsimp(sympy.powdenest(risk.subs(m, mu), force=True), force=True))
    total_power = (
        sympy.Integer(_mass(weights))
        if elasticity == -1
        else sympy.Add(*(v ** (-elasticity) for v in weights))
    )
    return risk.subs(power_sum, total_power), [
        *first,
        (r"\mu = " + sympy.latex(mu), r"the constraint, with $S = \sum_k w_k^{-r}$"),
    ]


def _inverse_slope(g: Any, z: Any) -> tuple[Any, Any, Any] | None:
    """psi(x) with |g'(psi(x))| = x, the symbol x, and r where psi is ``a x^r + b`` (0: ``a log x +
    b``).
    """
    slope = sympy.simplify(sympy.diff(g, z))
    sign = -1 if slope.subs(z, sympy.Rational(1, 2)).is_negative else 1
    x = sympy.Symbol("x", positive=True)
    order = sympy.simplify(z * sympy.diff(slope, z) / slope)
    try:
        if (
            order.is_number and order != 0
        ):  # g' = c z^order; SymPy's solver does not end for some rational orders
            roots = [(sign * x / slope.subs(z, 1)) ** (1 / order)]
        else:
            roots = [r for r in sympy.solve(sympy.Eq(slope, sign * x), z) if r.is_real is not False]
    except NotImplementedError:
        return None
    if len(roots) != 1:
        return None
    psi = sympy.simplify(roots[0])
    elasticity = sympy.simplify(
        sympy.diff(x * sympy.diff(psi, x), x) * x / (x * sympy.diff(psi, x))
    )
    return None if elasticity.has(x) else (psi, x, elasticity)


def _mass(weights: tuple[Any, ...]) -> int:
    """What the weights sum to: 1 for p (also in another order), n - 1 for 1 - p."""
    return 1 if all(v.is_Symbol for v in weights) else len(weights) - 1


def _constrained(problem: PointwiseProblem, p: tuple[Any, ...]) -> Found | None:
    """``min sum (1 - p_k) g(z_k)`` over scores that sum to 0."""
    form = problem.surrogate.separable
    if (
        problem.hypotheses.score_bound is not None
        or form is None
        or form.coordinate != "scores"
        or not form.complement
    ):
        return None
    z = sympy.Symbol("z", real=True)
    g = sympy.sympify(form.term(z, SYMPY))
    if g.is_Pow and isinstance(g.base, sympy.Max) and g.exp.is_Rational and g.exp > 1:
        # Powers of max(0, .): at the optimum every label with w > 0 sits where the positive part is
        # active.
        (active,) = (a for a in g.base.args if a.has(z))
        g = active**g.exp
    elif g.has(sympy.Max):
        return None
    weights = (p[1], p[0]) if len(p) == 2 else tuple(1 - v for v in p)
    return _lagrange(g, z, weights, 0)


def _hinge(problem: PointwiseProblem, p: tuple[Any, ...]) -> Found | None:
    """Constrained hinge: a linear program whose dual is one number."""
    form = problem.surrogate.separable
    if (
        problem.hypotheses.score_bound is not None
        or form is None
        or form.coordinate != "scores"
        or not form.complement
    ):
        return None
    z = sympy.Symbol("z", real=True)
    if sympy.simplify(form.term(z, SYMPY) - sympy.Max(0, 1 + z)) != 0:
        return None
    n = len(p)
    return n * (1 - sympy.Max(*p)), [
        (
            r"\mathcal C = \textstyle\sum_k (1 - p_k) \max(0, 1 + z_k) \ge (1 - p_{\max}) \sum_k "
            r"(1 + z_k) = n (1 - p_{\max})",
            "sum z = 0",
        ),
        (r"z = n e_{\max} - 1", "attains it"),
    ]


def _proper(problem: PointwiseProblem, p: tuple[Any, ...]) -> Found | None:
    """Losses of the predicted probabilities that are minimised by q = p; cross-entropy of a link
    onto the open simplex.
    """
    loss = problem.surrogate
    if problem.hypotheses.score_bound is not None:
        return None
    if isinstance(loss, TaylorSoftmax | SphericalSoftmax):
        entropy = -sympy.Add(*(v * sympy.log(v) for v in p))
        return entropy, [
            (
                r"\mathcal C = \mathrm{KL}(p, q(s)) + H(p),\ \inf = H(p)",
                "the link reaches every point of the simplex",
            )
        ]
    if isinstance(loss, NCE):
        return sympy.Min(*p), [
            (
                r"\mathcal C = \textstyle\sum_y p_y w_y,\ w = \log q / \sum_k \log q_k \in "
                r"\Delta_n",
                "definition",
            ),
            (r"\inf = \min_y p_y", "a weighted mean; w tends to the vertex y as q_y tends to 0"),
        ]
    form = loss.form(OfProbabilities)
    if form is None or loss.form(OfSoftmax) is not None or len(p) > EXPLICIT_LABELS:
        return None
    found = proper_entropy(form, len(p))
    return None if found is None else (found.at(p), list(found.steps))


def _quadratic(problem: PointwiseProblem, p: tuple[Any, ...]) -> Found | None:
    """Quadratic surrogate: independent scores, clipped to the box where there is one."""
    if not isinstance(problem.surrogate, QuadraticSurrogate):
        return None
    n, bound = len(p), problem.hypotheses.score_bound
    s = sympy.symbols(f"s1:{n + 1}", real=True)
    losses = problem.surrogate.losses(np.array(s, dtype=object), SYMPY)
    risk = sum(a * b for a, b in zip(p, losses, strict=True))
    apart = sum(v**2 + 2 * v * (1 - q) + (1 - q) for v, q in zip(s, p, strict=True)) / (2 * n)
    if sympy.expand((risk - apart).subs(p[-1], 1 - sum(p[:-1]))) != 0:
        return None
    best = [v - 1 if bound is None else sympy.Max(v - 1, -to_sympy(bound)) for v in p]
    values = sum(
        sympy.factor(v**2 + 2 * v * (1 - q) + (1 - q)) for v, q in zip(best, p, strict=True)
    ) / (2 * n)
    return values, [
        (
            r"\mathcal C = \tfrac{1}{2n} \textstyle\sum_k (s_k^2 + 2 s_k (1 - p_k) + 1 - p_k)",
            "expanded",
        ),
        (r"s_k = p_k - 1, \text{ or the nearest point of the box}", "each score on its own"),
    ]


def _margin(problem: PointwiseProblem, p: tuple[Any, ...]) -> Found | None:
    """Two labels: ``min p_1 phi(f) + p_2 phi(-f)`` over |f| <= B, by stationarity or at the
    kinks.
    """
    loss, bound = problem.surrogate, problem.hypotheses.score_bound
    if not isinstance(loss, MarginLoss):
        return None
    f = sympy.Symbol("f", real=True)
    phi: Callable[[Any], Any] = lambda v: sympy.sympify(loss.of_margin(v, SYMPY))  # noqa: E731 (one formula, evaluated often)
    limit = sympy.oo if bound is None else to_sympy(bound)
    top, low = sympy.Max(*p), sympy.Min(*p)
    eta, theta = sympy.symbols("eta theta", positive=True)  # p_max and 1 - p_max
    definition = (
        r"\mathcal C(f) = \eta\, \varphi(f) + \theta\, \varphi(-f),\ \eta = p_{\max} = 1 - "
        r"\theta,\quad \varphi(v) = " + sympy.latex(phi(f)),
        "definition",
    )

    def at(point: Any) -> Any:
        return eta * phi(point) + theta * phi(-point)

    def finish(risk: Any, *steps: tuple[str, str]) -> Found:
        whole = sympy.expand_log(sympy.powsimp(risk.subs(eta + theta, 1)), force=True)
        return whole.subs({eta: top, theta: low}), [definition, *steps]

    kinks = _kinks(phi(f), f)
    if kinks is not None:
        points = {
            sympy.Min(k, limit) if limit != sympy.oo else k
            for k in {abs(k) for k in kinks} | {sympy.Integer(0)}
        }
        points |= {limit} if limit != sympy.oo else set()
        values = [at(v) for v in sorted(points, key=str)]
        return finish(
            sympy.Min(*values),
            (
                r"\mathcal C \text{ is piecewise linear, and } \mathcal C(f) \le \mathcal C(-f) "
                r"\text{ for } f \ge 0",
                "minimum at a kink or the end",
            ),
        )
    smooth = _active_branch(phi(f), f)
    if smooth is None:
        return None
    slope = sympy.simplify(sympy.diff(smooth, f))
    if sympy.simplify(slope - slope.subs(f, -f)) == 0:
        end = sympy.limit(smooth, f, sympy.oo) if limit == sympy.oo else smooth.subs(f, limit)
        other = sympy.limit(smooth, f, -sympy.oo) if limit == sympy.oo else smooth.subs(f, -limit)
        return finish(
            eta * end + theta * other,
            (
                r"\mathcal C'(f) = (\eta - \theta) \varphi'(f) \le 0",
                "the derivative of phi is even",
            ),
        )
    if loss.shape != "convex in scores":
        return None
    odds = sympy.Symbol("E", positive=True)
    stationary = sympy.simplify((eta * slope - theta * slope.subs(f, -f)).rewrite(sympy.exp))
    if stationary.has(sympy.exp):
        roots = [
            sympy.log(r)
            for r in sympy.solve(sympy.simplify(stationary.subs(f, sympy.log(odds))), odds)
        ]
    else:
        roots = sympy.solve(stationary, f)
    # The optimum is 0 at equal probabilities; other roots are not on the real line or not on the
    # active branch.
    roots = [r for r in roots if r.subs({eta: 1, theta: 1}) == 0]
    if len(roots) != 1:
        return None
    best = sympy.simplify(roots[0])
    inside = sympy.simplify(
        sympy.expand_log(eta * smooth.subs(f, best) + theta * smooth.subs(f, -best), force=True)
    )
    steps = [
        (
            r"\mathcal C'(f) = 0 \iff f = " + sympy.latex(best),
            "convex: the stationary point is the minimum",
        )
    ]
    if limit == sympy.oo:
        return finish(inside, *steps)
    risk = sympy.Piecewise((inside, best <= limit), (at(limit), True))
    return finish(
        risk, *steps, (r"f = B \text{ where the stationary point lies outside}", "convexity")
    )


def _kinks(phi: Any, f: Any) -> list[Any] | None:
    """The kinks of a piecewise-linear formula; None for any other."""
    parts = phi.atoms(sympy.Max, sympy.Min)
    if not parts:
        return None
    affine = {a for m in parts for a in m.args if not a.has(sympy.Max, sympy.Min)}
    outer = phi.replace(lambda e: isinstance(e, sympy.Max | sympy.Min), lambda e: sympy.Dummy("m"))
    if not outer.is_polynomial() or any(sympy.degree(outer, d) > 1 for d in outer.free_symbols):
        return None
    if any(a.has(f) and not (a.is_polynomial(f) and sympy.degree(a, f) <= 1) for a in affine):
        return None
    return [r for a in affine for b in affine if (a - b).has(f) for r in sympy.solve(a - b, f)]


def _active_branch(phi: Any, f: Any) -> Any:
    """The smooth formula, with max(0, 1 - v) read as 1 - v: the optimum of such a loss has |f| <=
    1.
    """
    if not phi.has(sympy.Max, sympy.Min, sympy.Abs):
        return phi
    if phi.is_Pow and phi.base == sympy.Max(0, 1 - f) and phi.exp.is_Rational and phi.exp > 1:
        return (1 - f) ** phi.exp
    return None


def _sum_of_exponentials(problem: PointwiseProblem, p: tuple[Any, ...]) -> Found | None:
    """Sums of exponentials are functions of the softmax value."""
    loss = problem.surrogate
    if problem.hypotheses.score_bound is not None or not (
        isinstance(loss, Sum | CompSumMargin) and isinstance(loss.phi, Exponential)
    ):
        return None
    same: Loss = CompSum(0) if isinstance(loss, Sum) else CompSum(loss.tau)
    assert same.separable is not None
    found = _of_softmax_value(same.separable, p)
    if found is None:
        return None
    return found[0], [
        (r"\textstyle\sum_{k \ne y} e^{-(s_y - s_k)} = 1/q_y - 1", f"the loss is {same.spec}"),
        *found[1],
    ]


_DERIVATIONS = (_softmax, _margin, _hinge, _constrained, _proper, _quadratic, _sum_of_exponentials)
