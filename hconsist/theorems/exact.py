"""Own exact transformations whose formulas run over the number of pools; proofs in
docs/theory.md.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from hconsist.arithmetic import to_sympy
from hconsist.losses.forms import OfScores, OfSoftmax
from hconsist.pointwise import PointwiseProblem, beta_symbol
from hconsist.theorems.statement import Paper, Theorem, problems

if TYPE_CHECKING:
    from sympy import Expr


def pools_from_two(problem: PointwiseProblem) -> Expr:
    """Exact T of the comp-sum losses with tau >= 2 (theorem C)."""
    import sympy

    tau = getattr(problem.surrogate, "tau", None)
    if problem.surrogate.form(OfSoftmax) is None or tau is None or tau < 2:
        return None
    tau, b, n = to_sympy(tau), beta_symbol(), problem.n
    # Unevaluated: SymPy would compare every pair of pools, which takes seconds and changes nothing.
    top = sympy.Max(b, (1 + b) / n)
    pools = [
        top - sympy.Integer(k) ** (1 - tau) * sympy.Min(1, k * top - b, evaluate=False)
        for k in range(2, n + 1)
    ]
    return sympy.Min(b, *pools, evaluate=False) / (tau - 1)


def constrained_hinge(problem: PointwiseProblem) -> Expr:
    """n min over k of max(beta/k, beta - 1/k)."""
    import sympy

    b, n = beta_symbol(), problem.n
    pools = (sympy.Max(b / k, b - sympy.Rational(1, k)) for k in range(2, n + 1))
    return n * sympy.Min(*pools, evaluate=False)


def constrained_perspective(problem: PointwiseProblem) -> Expr:
    """W T_2(beta / W) with W = 2 - max(beta, 2 (1 + beta)/n - beta), from T_2 of phi."""
    import sympy

    form, b = problem.surrogate.form(OfScores), beta_symbol()
    if form is None:
        return None
    width = 2 - sympy.Max(b, 2 * (1 + b) / problem.n - b)
    binary = {"squared-hinge": b**2, "exponential": 1 - sympy.sqrt(1 - b**2)}
    name = problem.surrogate.spec.partition("phi=")[2]
    return width * binary[name].subs(b, b / width) if name in binary else None


def theorems(own: Paper) -> tuple[Theorem, ...]:
    """All statements of this module."""
    return (
        Theorem(
            "comp-sum-mae-exact",
            own,
            "theorem C",
            r"\mathcal{T}_\tau(\beta) = \tfrac{1}{\tau-1}\min_{1\le k\le n}\bigl[M - "
            r"k^{1-\tau}\min(1, kM-\beta)\bigr],\ M=\max(\beta,\tfrac{1+\beta}{n}),\ \tau\ge 2",
            "T =",
            "tight",
            problems(("mae", "comp-sum:tau=2.5", "comp-sum:tau=3"), (2, 3, 10)),
            pools_from_two,
            quoted="own",
        ),
        Theorem(
            "constrained-hinge-exact",
            own,
            "theorem F (i)",
            r"\mathcal{T}(\beta) = n \min_{2 \le k \le n} \max(\beta/k, \beta - 1/k)",
            "T =",
            "tight",
            problems(("constrained:phi=hinge",), (2, 3, 4)),
            constrained_hinge,
            quoted="own",
        ),
        Theorem(
            "constrained-perspective",
            own,
            "theorem F (ii)",
            r"\mathcal{T}(\beta) \ge W\,\mathcal{T}_2(\beta/W),\quad "
            r"W = 2 - \max(\beta, \tfrac{2(1+\beta)}{n} - \beta)",
            "T >=",
            "valid",
            problems(("constrained:phi=squared-hinge", "constrained:phi=exponential"), (2, 3, 5)),
            constrained_perspective,
            quoted="own",
        ),
    )
