"""Constrained losses: conditional risk sum_k (1 - p_k) g(z_k) with g(z) = phi(-z), over scores z
that sum to zero.
"""

from __future__ import annotations

import sympy
from sympy import Expr

from hconsist.arithmetic import SYMPY, to_sympy
from hconsist.engines.derivation import Derivation, Step, beta_symbol, excess_symbol
from hconsist.engines.symbolic import margin, softmax
from hconsist.engines.symbolic.signs import constant_sign, sign_on
from hconsist.engines.symbolic.solution import Solution, stop
from hconsist.losses.forms import OfScores
from hconsist.pointwise import PointwiseProblem

tex = sympy.latex


def solve(problem: PointwiseProblem, form: OfScores) -> Solution:
    """Derive T for three classes or more (two classes are a binary margin loss).

    Raises
    ------
    EngineCannotAnswerError
    """
    if problem.hypotheses.score_bound is not None:
        raise stop("bounded scores for a constrained loss with n >= 3")
    v = margin.margin_variable()
    phi = sympy.sympify(form.phi(v, SYMPY))
    pieces = margin.split(phi, v, None if problem.surrogate.symbolic else form.phi)
    steps = [
        Step(
            r"\mathcal{C}(s, p) = \sum_{k=1}^n (1 - p_k)\, \varphi(-s_k),\quad \varphi(v) = "
            + tex(phi),
            "Sum the loss over the labels: label k pays for every other label",
            (r"\sum_k s_k = 0",),
        )
    ]
    if not margin.is_convex(pieces):
        raise stop(f"could not show that phi(v) = {phi} of a constrained loss is convex")
    hinge = _hinge(pieces)
    if hinge is not None:
        return _of_hinge(problem, *hinge, steps)
    return _from_pairs(problem, phi, v, pieces, steps)


def _hinge(pieces: margin.MarginPieces) -> tuple[Expr, Expr] | None:
    """Slope and reach where phi(v) = slope (reach - v)_+."""
    f = margin.margin_symbol()
    if len(pieces.knots) != 2 or pieces.right[1] != 0:
        return None
    slope = sympy.diff(pieces.left[0], f)
    reach = pieces.knots[1]
    same = [
        pieces.left[0] - slope * (reach + f),
        pieces.left[1] - slope * (reach + f),
        pieces.right[0] - slope * (reach - f),
    ]
    return (
        (slope, reach)
        if all(sympy.expand(e) == 0 for e in same) and constant_sign(slope) == 1
        else None
    )


def _of_hinge(problem: PointwiseProblem, slope: Expr, reach: Expr, steps: list[Step]) -> Solution:
    """The hinge: n times reach times slope times the mean absolute error of u = (s + reach)/(n
    reach).
    """
    n = to_sympy(problem.n_classes)
    u = softmax.share()
    steps.append(
        Step(
            rf"u_k = \frac{{s_k + {tex(reach)}}}{{{tex(n * reach)}}} \in \Delta_n,\quad"
            rf" \mathcal{{C}} = {tex(slope * n * reach)} \Bigl(1 - \sum_k p_k u_k\Bigr)",
            "A score below minus the reach pays nothing more but pushes the others up, so scores "
            "stay above it and u runs "
            "through the simplex: the risk is that of a loss linear in u",
            (),
        )
    )
    scale = slope * n * reach
    found = softmax.of_power(
        problem, softmax.Power(scale * (1 - u), sympy.Integer(0), scale, sympy.Integer(0)), steps
    )
    return Solution(found.derivation, found.lower, found.upper_only)


def _from_pairs(
    problem: PointwiseProblem, phi: Expr, v: Expr, pieces: margin.MarginPieces, steps: list[Step]
) -> Solution:
    """T(beta) >= W T_2(beta/W), T_2 the binary transformation: the two labels at stake alone, the
    others held.
    """
    b, e, f = beta_symbol(), excess_symbol(), margin.margin_symbol()
    ends = [*pieces.knots[1:], sympy.oo]
    for i, (low, high) in enumerate(zip(pieces.knots, ends, strict=True)):
        # 1/g' convex where g' > 0: the pair's regret then grows with the pair's total score. g'(z)
        # = -phi'(-z).
        for formula, mirrored in ((pieces.left[i], False), (pieces.right[i], True)):
            slope = sympy.diff(formula, f) * (-1 if mirrored else 1)
            if slope == 0:
                continue
            if sign_on(sympy.diff(1 / slope, f, 2), f, low, high) not in (0, 1):
                raise stop(f"the reciprocal slope of phi(v) = {phi} is not provably convex")
    binary = margin.derive_margin(
        PointwiseProblem(problem.surrogate, n_classes=2), phi, sympy.oo
    ).derivation
    n = to_sympy(problem.n_classes)
    # p_1 + p_j is at least beta, and at least 2 (1 + beta)/n - beta as the others stay below p_1.
    weights = (2 - 2 / n + b * (1 - 2 / n), 2 - b)
    parts = [
        sympy.factor(t) if t.is_rational_function(b) else t
        for t in (w * binary.transform.subs(b, b / w) for w in weights)
    ]
    T = sympy.Piecewise((parts[0], b <= 1 / (n - 1)), (parts[1], True))
    steps += [
        Step(
            r"\mathcal{C}^*(\mathrm{pool}(p)) - \mathcal{C}^*(p) \ge W g(\tfrac{\sigma}{2}) - "
            r"\min_{z_1 + z_j = \sigma}"
            r" \left[\tfrac{W - \beta}{2} g(z_1) + \tfrac{W + \beta}{2} g(z_j)\right],\quad g(z) "
            r"= \varphi(-z)",
            "Pooling lemma: the pool shares the top score sigma/2, which is not negative as "
            "scores sum to zero. Move only the "
            "scores of the two labels at stake, of weights 1 - p_1 and 1 - p_j with sum W, away "
            "from it",
            (r"\sigma \ge 0,\ 1 \le W \le 2",),
        ),
        Step(
            r"\ldots \ge W\, \mathcal{T}_2(\beta / W),\quad W \le 2 - \max\left(\beta, "
            r"\tfrac{2(1+\beta)}{n} - \beta\right)",
            "1/g' is convex, so the bracket grows with sigma; at sigma = 0 it is W T_2(beta/W), "
            "the perspective of the convex "
            "binary transformation, which decreases in W; p_1 is at least beta and at least (1 + "
            "beta)/n",
            (r"(1/g')'' \ge 0",),
        ),
        Step(
            rf"\mathcal{{T}}(\beta) \ge {tex(T)}",
            "Insert the binary transformation. The perspective is jointly convex and decreases in "
            "W, and W is concave in beta, "
            "so the result is convex",
            (r"n \ge 3",),
        ),
    ]
    # W <= 2: Gamma(epsilon) <= 2 Gamma_2(epsilon / 2).
    upper = None if binary.gamma_upper is None else 2 * binary.gamma_upper.subs(e, e / 2)
    assumptions = (
        "a lower bound on T, proven and not claimed to be attained; the bound Gamma that follows "
        "from it is proven",
    )
    derivation = Derivation(
        problem, T, T, None, upper, binary.growth, (*steps, *binary.steps), assumptions, ">="
    )
    return Solution(derivation, lower_only=True)
