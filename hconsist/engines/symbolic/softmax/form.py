"""A loss g of the softmax value as a SymPy formula: is it short enough, smooth, a power?"""

from __future__ import annotations

from dataclasses import dataclass

import sympy
from sympy import Expr

from hconsist.arithmetic import is_symbolic
from hconsist.engines.symbolic.budget import MOST_LABELS
from hconsist.engines.symbolic.regular import SWITCHES, smooth_on
from hconsist.engines.symbolic.solution import stop
from hconsist.pointwise import PointwiseProblem

tex = sympy.latex


def share() -> Expr:
    """The softmax value of a label."""
    return sympy.Symbol("u", positive=True)


@dataclass(frozen=True)
class Power:
    """phi(u) = end + c (u^(1 - m) - 1)/(m - 1), or end - c log u at m = 1: the losses with marginal
    c u^(-m).
    """

    phi: Expr
    end: Expr
    c: Expr
    m: Expr


def as_power(phi: Expr) -> Power | None:
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


def require_short(phi: Expr) -> None:
    """Exact arithmetic does not end with exponents such as 10^9 or 1 - 10^(-300)."""
    for power in phi.atoms(sympy.Pow):
        e = power.exp
        if e.is_Rational and (abs(e) > 1000 or e.q > 10**12):
            raise stop(
                f"phi(u) has the exponent {sympy.N(e, 6)}: exact derivations take exponents up to "
                "1000 with denominators up to 10^12; round the parameter"
            )


def require_smooth(phi: Expr, u: Expr) -> None:
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


def require_few(problem: PointwiseProblem) -> None:
    """Sums and minima over pools of labels are written out."""
    if not is_symbolic(problem.n_classes) and problem.n > MOST_LABELS:
        raise stop(
            f"minima over pools of up to n = {problem.n} labels, written out up to {MOST_LABELS}: "
            "lower n, or pass a symbol for it"
        )


def affine(constant: Expr, factor: Expr, body: str) -> str:
    """LaTeX of constant + factor * body, without zeros and ones."""
    negative = factor.could_extract_minus_sign()
    size = -factor if negative else factor
    shown = body if size == 1 else f"{tex(size)} {body}"
    return (
        ("-" if negative else "") + shown
        if constant == 0
        else f"{tex(constant)} {'-' if negative else '+'} {shown}"
    )
