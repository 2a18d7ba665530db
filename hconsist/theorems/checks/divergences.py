"""Divergences of two distributions against bounds in their variational divergence V = sum |p - q|
(Reid, Williamson, JMLR 2011, sections 3 and 7).
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from fractions import Fraction
from typing import TYPE_CHECKING

from hconsist.formula import parse_formula
from hconsist.pointwise import PointwiseProblem
from hconsist.theorems.checks import CHECKS, Check, Verdict

if TYPE_CHECKING:
    from sympy import Expr


def _kl(p: Expr, q: Expr) -> Expr:
    import sympy

    return sum(x * sympy.log(x / y) for x, y in zip(p, q, strict=True))


def _middle(p: Expr, q: Expr) -> Expr:
    return [(x + y) / 2 for x, y in zip(p, q, strict=True)]


def _square(p: Expr, q: Expr) -> Expr:
    return sum((x - y) ** 2 / y for x, y in zip(p, q, strict=True))


def _hellinger(p: Expr, q: Expr) -> Expr:
    import sympy

    return 2 - 2 * sum(sympy.sqrt(x * y) for x, y in zip(p, q, strict=True))


#: As the caption of Table 2 defines them.
DIVERGENCES: dict[str, Callable[[Expr, Expr], Expr]] = {
    "hellinger": _hellinger,
    "jeffreys": lambda p, q: _kl(p, q) + _kl(q, p),
    "symmetric-chi-squared": lambda p, q: _square(p, q) + _square(q, p),
    "chi-squared": _square,
    "jensen-shannon": lambda p, q: (_kl(p, _middle(p, q)) + _kl(q, _middle(p, q))) / 2,
    "arithmetic-geometric": lambda p, q: (_kl(_middle(p, q), p) + _kl(_middle(p, q), q)) / 2,
    "kl": _kl,
}


def _pairs() -> list[tuple[list[Fraction], list[Fraction]]]:
    """Symmetric pairs on two points, where symmetric divergences are least; others on two and
    three.
    """
    two = [Fraction(k, 20) for k in (1, 4, 9, 11, 16, 19)]
    found = [([x, 1 - x], [y, 1 - y]) for x, y in itertools.permutations(two, 2)]
    three = [[Fraction(v, 20) for v in row] for row in ((1, 2, 17), (6, 7, 7), (12, 5, 3))]
    return found + list(itertools.permutations(three, 2))


@CHECKS.register("divergence")
def divergence(of: str, bound: str, tight: bool = False) -> Check:
    """A divergence is at least a formula in V at 36 pairs of distributions, and equal to it at one
    of them where it is said to be tight.
    """
    import sympy

    v = sympy.Symbol("V", positive=True)
    formula = parse_formula(bound, {"V": v}, "the bound of a divergence")
    measure = DIVERGENCES[of]

    def check(problem: PointwiseProblem | None) -> Verdict:
        del problem
        slacks: list[tuple[float, str]] = []
        for left, right in _pairs():
            p, q = (
                [sympy.Rational(x.numerator, x.denominator) for x in row] for row in (left, right)
            )
            variation = sum(abs(x - y) for x, y in zip(p, q, strict=True))
            value = sympy.N(measure(p, q), 30)
            slack = float(value - sympy.N(formula.subs(v, variation), 30))
            shown = f"P = {tuple(map(str, left))}, Q = {tuple(map(str, right))}, V = {variation}"
            slacks.append((slack, f"{shown}: {of} {float(value):.6f}, slack {slack:.3g}"))
        worst, where = min(slacks)
        holds = worst >= -1e-20 and (not tight or worst <= 1e-20)
        return holds, worst, where.replace("'", "")

    return check
