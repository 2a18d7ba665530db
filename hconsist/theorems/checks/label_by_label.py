"""Losses that treat each label alone: decoupled formulations and one-vs-all (Zhang, JMLR 2004)."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from hconsist.arithmetic import exact, to_sympy
from hconsist.arithmetic.exact import Value
from hconsist.pointwise import PointwiseProblem
from hconsist.theorems.checks import CHECKS, Check, Verdict


def _conjugate(kind: str, power: Value) -> Callable[[Value], Value]:
    """Minus the least of q psi(f) + t(f) over f, for the formulations of section 4.4.2."""
    import sympy

    if kind in ("exponential", "log"):
        return lambda q: q * sympy.log(q) - q
    if kind == "logistic":
        return lambda q: q * sympy.log(q) + (1 - q) * sympy.log(1 - q)
    if kind == "power":  # psi = -u^a / a, t = u
        a = 1 / (1 - power)
        return lambda q: (1 / power - 1) * q**a
    conjugate = power / (power - 1)  # |u|^p / p and max(u, 0)^p / p; the truncation starts at q = 1
    return lambda q: q**conjugate / conjugate


@CHECKS.register("decoupled")
def decoupled(kind: str, power: str = "2") -> Check:
    """The regret of a tie of two labels, s(q) + s(q') - 2 s((q + q')/2), is positive for q != q' on
    a grid; s is strictly convex, so wrong orders are never free.
    """
    import sympy

    s = _conjugate(kind, to_sympy(exact(power, "power")))

    def check(problem: PointwiseProblem) -> Verdict:
        del problem
        grid = [sympy.Rational(k, 20) for k in range(1, 20)]
        found = []
        for i, q in enumerate(grid):
            for other in grid[:i]:
                if q + other <= 1:
                    regret = s(q) + s(other) - 2 * s((q + other) / 2)
                    found.append((float(sympy.N(regret / (q - other) ** 2, 20)), q, other))
        least, q, other = min(found)
        return (
            least > 0,
            least,
            f"{len(found)} pairs: regret / (q - q')^2 is least at q = {q}, q' = {other}",
        )

    return check


@CHECKS.register("one-vs-all-low-noise")
def low_noise(constant: str = "1") -> Check:
    """Theorem 13 for the logistic loss, c_phi = 1, on random finite distributions: a wrong label
    costs the least it can, H(q) + H(q') at their mean.
    """
    c_phi = float(exact(constant, "constant"))

    def check(problem: PointwiseProblem) -> Verdict:
        n, random = problem.n, np.random.default_rng(0)

        def v(q: Value) -> Value:
            return -(q * np.log(q) + (1 - q) * np.log(1 - q))

        worst = np.inf
        for size in (1, 2, 4):
            p = np.sort(random.dirichlet(np.ones(n), (3000, size)), axis=-1)[..., ::-1]
            p = np.clip(p, 1e-9, 1 - 1e-9)
            w = random.dirichlet(np.ones(size), 3000)
            wrong = random.random((3000, size)) < 0.7
            pick = random.integers(1, n, (3000, size))[..., None]
            top, other = p[..., 0], np.take_along_axis(p, pick, axis=-1)[..., 0]
            surrogate = np.where(wrong, 2 * v((top + other) / 2) - v(top) - v(other), 0.0)
            excess = np.sum(w * np.where(wrong, top - other, 0.0), axis=1)
            regret = np.sum(w * surrogate, axis=1)
            gamma = np.maximum(top - p[..., 1], 1e-12)
            for a in (0.0, 0.5, 1.0, 3.0):
                noise = np.sum(w * gamma**-a, axis=1)
                allowed = (
                    c_phi ** ((2 * a + 2) / (a + 2))
                    * regret ** ((a + 1) / (a + 2))
                    * noise ** (1 / (a + 2))
                )
                keep = excess > 1e-9
                worst = min(worst, float(np.min(allowed[keep] / excess[keep] - 1)))
        return worst >= -1e-9, worst, "9000 distributions, alpha = 0, 1/2, 1, 3"

    return check


@CHECKS.register("scores-of-own-label")
def own_label() -> Check:
    """Example 4 of Tewari and Bartlett: exp(-f_y) with sum f = 0, p = (3/5, 2/5, 0); f = (t, t + 1,
    -2t - 1) predicts label 2 and its risk tends to 0, the infimum.
    """
    import sympy

    t = sympy.Symbol("t", positive=True)

    def check(problem: PointwiseProblem) -> Verdict:
        del problem
        risk = sympy.Rational(3, 5) * sympy.exp(-t) + sympy.Rational(2, 5) * sympy.exp(-t - 1)
        limit = sympy.limit(risk, t, sympy.oo)
        return limit == 0, float(sympy.Rational(1, 5)), f"risk {risk} tends to {limit}: regret 1/5"

    return check
