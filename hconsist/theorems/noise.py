"""Statements about low noise, smooth adversarial losses, random loss ensembles and proper
losses.
"""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

from hconsist.arithmetic import to_sympy
from hconsist.pointwise import PointwiseProblem, beta_symbol
from hconsist.theorems.binary import exponential, hinge, squared_hinge
from hconsist.theorems.comp_sum import below_one, logistic
from hconsist.theorems.statement import MARGIN, Theorem, problems

if TYPE_CHECKING:
    import sympy

_ENHANCED = "Mao, Mohri, Zhong, Enhanced H-consistency bounds, ALT 2025"
_MMZ = "Mao, Mohri, Zhong, Cross-entropy loss functions, ICML 2023"
_ENS = "Dai, EnsLoss: stochastic calibrated loss ensembles, 2024"
_RW = "Reid, Williamson, Surrogate regret bounds for proper losses, ICML 2009"
_OWN = "hconsist, docs/theory.md"


def _massart(formula: Any) -> Any:
    """The factor MARGIN / T(MARGIN)."""

    def factor(problem: PointwiseProblem) -> sympy.Expr:
        margin = to_sympy(MARGIN)
        return margin / formula(problem).subs(beta_symbol(), margin)

    return factor


def _constant(value: Any) -> Any:
    return lambda problem: value


def smooth_adversarial(problem: PointwiseProblem) -> tuple[bool, float, str]:
    """Whether F(v') <= F(v) + mu |v' - v| for F(v) = Phi^tau(sum of rho-margins), rho = 1, mu = 1,
    near v = (rho, ..., rho).

    All n - 1 margins fall from rho by delta: F rises from 0 to Phi^tau((n-1) delta), while |v' - v|
    = sqrt(n-1) delta.
    """
    import sympy

    tau = to_sympy(problem.surrogate.tau)  # type: ignore[attr-defined]
    others, delta = problem.n - 1, sympy.Rational(1, 1000)
    one_plus = 1 + others * delta
    rise = sympy.log(one_plus) if tau == 1 else (one_plus ** (1 - tau) - 1) / (1 - tau)
    slack = sympy.sqrt(others) * delta - rise
    return (
        bool(slack >= 0),
        float(slack),
        f"n - 1 = {others} margins fall from rho by 1/1000: the loss rises by {float(rise):.6g}",
    )


def ensloss_tail(problem: PointwiseProblem) -> tuple[bool, float, str]:
    """Whether a loss with derivative -1/z beyond z = 1 is bounded below."""
    import sympy

    del problem
    z, top = sympy.symbols("z top", positive=True)
    fall = sympy.integrate(-1 / z, (z, 1, top))
    limit = sympy.limit(fall, top, sympy.oo)
    depth = fall.subs(
        top, 10**6
    )  # how far below its value at 1 the loss already is at a margin of a million
    return limit != -sympy.oo, float(depth), f"the tail integrates to {fall}: limit {limit}"


def brier(problem: PointwiseProblem) -> sympy.Expr:
    """beta^2 / 2."""
    del problem
    return beta_symbol() ** 2 / 2


def spherical(problem: PointwiseProblem) -> sympy.Expr:
    """sqrt((1 + beta^2) / 2) - sqrt(1/2)."""
    import sympy

    del problem
    return sympy.sqrt((1 + beta_symbol() ** 2) / 2) - sympy.sqrt(sympy.Rational(1, 2))


def theorems() -> tuple[Theorem, ...]:
    """All statements of this module."""
    half = to_sympy(Fraction(1, 2))
    massart: dict[str, tuple[str, tuple[int, ...], Any]] = {
        "logistic": ("logistic", (2, 3, 10), logistic),
        "sum-exponential": ("sum-exp", (2, 3, 10), below_one),
        "hinge": ("hinge", (2,), hinge),
        "exponential": ("exponential", (2,), exponential),
        "squared-hinge": ("squared-hinge", (2,), squared_hinge),
    }
    tsybakov: dict[str, tuple[str, tuple[int, ...], Any]] = {
        "logistic": ("logistic", (2, 3, 10), half),
        "sum-exponential": ("sum-exp", (2, 3, 10), half),
        "exponential": ("exponential", (2,), half),
        "squared-hinge": ("squared-hinge", (2,), to_sympy(Fraction(1))),
    }
    found = [
        Theorem(
            f"massart-{name}",
            _ENHANCED,
            "bounds under Massart noise, with the constant that the proof gives",
            r"R - R^* \le \frac{\gamma}{\mathcal{T}(\gamma)} u \text{ when regrets are } 0 \text{ "
            r"or} \ge \gamma",
            "massart",
            "tight",
            problems((spec,), classes),
            _massart(formula),
        )
        for name, (spec, classes, formula) in massart.items()
    ]
    found += [
        Theorem(
            f"tsybakov-{name}",
            _ENHANCED,
            "bounds under Tsybakov noise, with the constant that the proof gives",
            r"R - R^* \le c^{\frac{s-1}{s-a(s-1)}} "
            r"(u/C)^{\frac{1}{s-a(s-1)}},\ \mathcal{T}(\beta)\ge C\beta^s,"
            r"\ P(h\ne h^*) \le c (R-R^*)^a",
            "tsybakov",
            "valid",
            problems((spec,), classes),
            _constant(constant),
        )
        for name, (spec, classes, constant) in tsybakov.items()
    ]
    rho = ("comp-sum-margin:phi=rho-margin,tau=0", "comp-sum-margin:phi=rho-margin,tau=1")
    found += [
        Theorem(
            "smooth-adversarial-two-classes",
            _MMZ,
            "section on smooth adversarial comp-sum losses: the condition nu >= mu, two classes",
            r"\sup_{v'} F(v') \le F(v) + \nu \sup_{v'} \|v'-v\|_2 \text{ for } \nu \ge \mu,\ n = 2",
            "fact",
            "valid",
            problems(rho, (2,)),
            check=smooth_adversarial,
        ),
        Theorem(
            "smooth-adversarial-nu-mu",
            _MMZ,
            "section on smooth adversarial comp-sum losses: the printed condition nu >= mu, more "
            "classes",
            r"\sup_{v'} F(v') \le F(v) + \nu \sup_{v'} \|v'-v\|_2 \text{ for } \nu \ge \mu,\ n "
            r"\ge 3",
            "fact",
            "refuted",
            problems(rho, (3, 5)),
            check=smooth_adversarial,
            note="the step needs nu >= sqrt(n-1) mu; with nu = mu it fails where all margins sit "
            "at rho and fall together",
        ),
        Theorem(
            "ensloss-bounded-below",
            _ENS,
            "raising-tail condition, read for the released derivative -1/z beyond z = 1",
            r"\varphi'(z) = -1/z \text{ for } z > 1 \text{ keeps } \varphi \text{ bounded below}",
            "fact",
            "refuted",
            problems(("margin-logistic",)),
            check=ensloss_tail,
            note="the tail integrates to -log z, the borderline case",
        ),
        Theorem(
            "brier-regret",
            _RW,
            "surrogate regret bound of the square loss",
            r"\mathcal{T}(\beta) = \beta^2/2",
            "transform =",
            "tight",
            problems(("brier",), (2, 3, 5)),
            brier,
        ),
        Theorem(
            "spherical-exact",
            _OWN,
            "spherical loss, every n: the norm inequality of theorem A at a = 2",
            r"\mathcal{T}(\beta) = \sqrt{(1+\beta^2)/2} - \sqrt{1/2}",
            "transform =",
            "tight",
            problems(("spherical",), (2, 3)),
            spherical,
            new=True,
        ),
    ]
    return tuple(found)
