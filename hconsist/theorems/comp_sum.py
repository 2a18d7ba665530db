"""Statements about comp-sum losses with complete hypothesis sets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hconsist.arithmetic import to_sympy
from hconsist.losses import CompSum
from hconsist.pointwise import PointwiseProblem, beta_symbol, excess_symbol
from hconsist.theorems.statement import Theorem, entropy_gap, problems

if TYPE_CHECKING:
    import sympy

_MMZ = "Mao, Mohri, Zhong, Cross-entropy loss functions, ICML 2023"
_OWN = "hconsist, docs/theory.md"


def _tau(problem: PointwiseProblem) -> sympy.Expr:
    assert isinstance(problem.surrogate, CompSum)
    return to_sympy(problem.surrogate.tau)


def _power_mean(tau: sympy.Expr) -> sympy.Expr:
    b, a = beta_symbol(), 1 / (2 - tau)
    return (((1 + b) ** a + (1 - b) ** a) / 2) ** (2 - tau)


def below_one(problem: PointwiseProblem) -> sympy.Expr | None:
    """Published T for 0 <= tau < 1."""
    tau = _tau(problem)
    return 2 ** (1 - tau) / (1 - tau) * (1 - _power_mean(tau)) if tau < 1 else None


def logistic(problem: PointwiseProblem) -> sympy.Expr | None:
    """Published T for tau = 1."""
    return entropy_gap() if _tau(problem) == 1 else None


def gce(problem: PointwiseProblem) -> sympy.Expr | None:
    """Published lower bound on T for 1 < tau < 2."""
    tau = _tau(problem)
    if not 1 < tau < 2:
        return None
    return (_power_mean(tau) - 1) / ((tau - 1) * to_sympy(problem.n_classes) ** (tau - 1))


def from_two(problem: PointwiseProblem) -> sympy.Expr | None:
    """Published lower bound on T for tau >= 2."""
    tau = _tau(problem)
    return (
        beta_symbol() / ((tau - 1) * to_sympy(problem.n_classes) ** (tau - 1)) if tau >= 2 else None
    )


def gamma(problem: PointwiseProblem) -> sympy.Expr:
    """Published upper bounds on Gamma, every tau >= 0."""
    import sympy

    tau, n, u = _tau(problem), to_sympy(problem.n_classes), excess_symbol()
    if tau < 1:
        return sympy.sqrt(2**tau * (2 - tau) * u)
    if tau < 2:
        return sympy.sqrt(2 * n ** (tau - 1) * u)
    return (tau - 1) * n ** (tau - 1) * u


def two_class(problem: PointwiseProblem) -> sympy.Expr | None:
    """The two-class formula for 1 < tau <= 3/2, claimed for every n (theorem A)."""
    import sympy

    tau = _tau(problem)
    if not 1 < tau <= sympy.Rational(3, 2):
        return None
    return 2 ** (1 - tau) / (tau - 1) * (_power_mean(tau) - 1)


def pools_from_two(problem: PointwiseProblem) -> sympy.Expr | None:
    """Exact T for tau >= 2 (theorem C)."""
    import sympy

    tau, b, n = _tau(problem), beta_symbol(), problem.n
    if tau < 2:
        return None
    # Unevaluated: SymPy would compare every pair of pools, which takes seconds and changes nothing.
    top = sympy.Max(b, (1 + b) / n)
    pools = [
        top - sympy.Integer(k) ** (1 - tau) * sympy.Min(1, k * top - b, evaluate=False)
        for k in range(2, n + 1)
    ]
    return sympy.Min(b, *pools, evaluate=False) / (tau - 1)


_N = (2, 3, 10)
THEOREMS = (
    Theorem(
        "comp-sum-below-one",
        _MMZ,
        "section 3, H-consistency bounds for comp-sum losses, tau in [0, 1)",
        r"\mathcal{T}_\tau(\beta) = \frac{2^{1-\tau}}{1-\tau}\Bigl[1 - "
        r"\Bigl(\tfrac{(1+\beta)^{1/(2-\tau)}"
        r" + (1-\beta)^{1/(2-\tau)}}{2}\Bigr)^{2-\tau}\Bigr]",
        "transform =",
        "tight",
        problems(("sum-exp", "comp-sum:tau=0.5"), _N),
        below_one,
    ),
    Theorem(
        "comp-sum-logistic",
        _MMZ,
        "section 3, H-consistency bounds for comp-sum losses, tau = 1",
        r"\mathcal{T}_1(\beta) = \tfrac{1+\beta}{2}\log(1+\beta) + \tfrac{1-\beta}{2}\log(1-\beta)",
        "transform =",
        "tight",
        problems(("logistic",), _N),
        logistic,
    ),
    Theorem(
        "comp-sum-gce",
        _MMZ,
        "section 3, H-consistency bounds for comp-sum losses, tau in (1, 2)",
        r"\mathcal{T}_\tau(\beta) \ge \frac{1}{(\tau-1) "
        r"n^{\tau-1}}\Bigl[\Bigl(\tfrac{(1+\beta)^{1/(2-\tau)}"
        r" + (1-\beta)^{1/(2-\tau)}}{2}\Bigr)^{2-\tau} - 1\Bigr]",
        "transform >=",
        "valid",
        problems(("gce:q=0.25", "gce:q=0.7"), _N),
        gce,
        note="tight at n = 2 only; see comp-sum-gce-tightness",
    ),
    Theorem(
        "comp-sum-from-two",
        _MMZ,
        "section 3, H-consistency bounds for comp-sum losses, tau >= 2",
        r"\mathcal{T}_\tau(\beta) \ge \frac{\beta}{(\tau-1) n^{\tau-1}}",
        "transform >=",
        "valid",
        problems(("mae", "comp-sum:tau=3"), _N),
        from_two,
        note="for MAE attained for beta <= 1/(n-1) only; see comp-sum-mae-tightness",
    ),
    Theorem(
        "comp-sum-gamma",
        _MMZ,
        "section 3, discussion of the bounds",
        r"\Gamma_\tau(u) \le \sqrt{2^\tau (2-\tau) u}\ (\tau<1),\ \sqrt{2 n^{\tau-1} "
        r"u}\ (1\le\tau<2),"
        r"\ (\tau-1) n^{\tau-1} u\ (\tau\ge 2)",
        "gamma <=",
        "valid",
        problems(("sum-exp", "comp-sum:tau=0.5", "logistic", "gce:q=0.5", "gce:q=0.7", "mae"), _N),
        gamma,
    ),
    Theorem(
        "comp-sum-gce-tightness",
        _MMZ,
        "section 3, the bound read as tight beyond tau = 1 (the paper proves it for tau <= 1)",
        r"\mathcal{T}_\tau(\beta) = \frac{1}{(\tau-1) n^{\tau-1}}[\,\cdots\,] \text{ for } 1 < "
        r"\tau < 2,\ n \ge 3",
        "transform =",
        "refuted",
        problems(("gce:q=0.25", "gce:q=0.5"), (3, 10)),
        gce,
        note="T is (n/2)^(tau-1) times larger for tau <= 3/2",
    ),
    Theorem(
        "comp-sum-mae-tightness",
        _MMZ,
        "the bound of section 3 read as tight at tau = 2",
        r"\mathcal{T}_2(\beta) = \beta / n \text{ for } n \ge 3",
        "transform =",
        "refuted",
        problems(("mae",), (3, 10)),
        from_two,
        note="T(1/2) = 1/6 at every n >= 3, not 1/(2n)",
    ),
    Theorem(
        "comp-sum-gce-exact",
        _OWN,
        "theorem A",
        r"\mathcal{T}_\tau(\beta) = "
        r"\frac{2^{1-\tau}}{\tau-1}\Bigl[\Bigl(\tfrac{(1+\beta)^{1/(2-\tau)}"
        r" + (1-\beta)^{1/(2-\tau)}}{2}\Bigr)^{2-\tau} - 1\Bigr] \text{ for } 1<\tau\le\tfrac32, "
        r"\text{ every } n",
        "transform =",
        "tight",
        problems(("gce:q=0.25", "gce:q=0.5"), (2, 3, 10, 100)),
        two_class,
        new=True,
    ),
    Theorem(
        "comp-sum-mae-exact",
        _OWN,
        "theorem C",
        r"\mathcal{T}_\tau(\beta) = \tfrac{1}{\tau-1}\min_{1\le k\le n}\bigl[M - "
        r"k^{1-\tau}\min(1, kM-\beta)\bigr],"
        r"\ M=\max(\beta,\tfrac{1+\beta}{n}),\ \tau\ge 2",
        "transform =",
        "tight",
        problems(("mae", "comp-sum:tau=2.5", "comp-sum:tau=3"), _N),
        pools_from_two,
        new=True,
    ),
)
