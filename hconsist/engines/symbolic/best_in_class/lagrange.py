"""The stationary point of a separable sum, ``min sum w_k g(z_k)`` with ``sum z_k = total``: the
minimum where g is convex.
"""

from __future__ import annotations

import sympy
from sympy import Expr

from hconsist.engines.symbolic.best_in_class.shown import Found
from hconsist.engines.symbolic.signs import constant_sign


def stationary(g: Expr, z: Expr, weights: tuple[Expr, ...], total: int) -> Found | None:
    """The value of the sum at its stationary point, where the inverse of g' is a power or a
    logarithm; None elsewhere. That it is the minimum is for the caller to know: g convex.

    Stationarity reads ``g'(z_k) = m / w_k``, whose solution psi is written ``a x^r + b`` or ``a log
    x + b``.
    """
    inverse, n = inverse_slope(g, z), len(weights)
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
        if constant_sign((total - n * b) / a) != 1:
            return None  # no multiplier of the sign that the inverse was read with
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
            labels: Expr = sympy.Integer(_mass(weights))
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


def inverse_slope(g: Expr, z: Expr) -> tuple[Expr, Expr, Expr] | None:
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
    except (NotImplementedError, TypeError):  # SymPy asks for the truth of an open relation
        return None
    if len(roots) != 1:
        return None
    psi = sympy.simplify(roots[0])
    elasticity = sympy.simplify(
        sympy.diff(x * sympy.diff(psi, x), x) * x / (x * sympy.diff(psi, x))
    )
    return None if elasticity.has(x) else (psi, x, elasticity)


def _mass(weights: tuple[Expr, ...]) -> int:
    """What the weights sum to: 1 for p (also in another order), n - 1 for 1 - p."""
    return 1 if all(v.is_Symbol for v in weights) else len(weights) - 1
