"""Statements about top-k targets, adversarial losses, calibration functions and low noise."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hconsist.arithmetic import to_sympy
from hconsist.pointwise import PointwiseProblem, beta_symbol, excess_symbol
from hconsist.theorems.statement import Theorem, entropy_gap, problems

if TYPE_CHECKING:
    import sympy

_TOPK = (
    "Cortes, Mao, Mohri, Mohri, Zhong, Cardinality-aware set prediction and top-k "
    "classification, NeurIPS 2024"
)
_MMZ = "Mao, Mohri, Zhong, Cross-entropy loss functions, ICML 2023"
_ENHANCED = "Mao, Mohri, Zhong, Enhanced H-consistency bounds, ALT 2025"
_OSOKIN = (
    "Osokin, Bach, Lacoste-Julien, On structured prediction theory with calibrated convex "
    "surrogate losses, NeurIPS 2017"
)
_DVG = (
    "Zheng, Wu, Bao, Cao, Li, Zhu, Revisiting discriminative vs. generative classifiers, ICML 2023"
)
_OWN = "hconsist, docs/theory.md"


def _logistic(problem: PointwiseProblem) -> bool:
    return problem.surrogate.tau == 1  # type: ignore[attr-defined, no-any-return]


def top_k_published(problem: PointwiseProblem) -> sympy.Expr | None:
    """The elementary form of Gamma_k = k Gamma_1: k sqrt(2 u)."""
    import sympy

    if not _logistic(problem):
        return None
    return problem.top_k("theorem") * sympy.sqrt(2 * excess_symbol())


def top_k_transform(problem: PointwiseProblem) -> sympy.Expr | None:
    """Gamma_k = k Gamma_1 read as a transformation: T_1(beta / k)."""
    b = beta_symbol()
    if not _logistic(problem):
        return None
    return entropy_gap().subs(b, b / problem.top_k("theorem"))


def top_k_exact(problem: PointwiseProblem) -> sympy.Expr | None:
    """T_1(beta), for n >= 2 k (theorem E)."""
    return (
        entropy_gap() if _logistic(problem) and problem.n >= 2 * problem.top_k("theorem") else None
    )


def adversarial(problem: PointwiseProblem) -> Any:
    """beta Phi^tau(1) for comp-sum of rho-margins."""
    import sympy

    tau = to_sympy(problem.surrogate.tau)  # type: ignore[attr-defined]
    return beta_symbol() * (sympy.log(2) if tau == 1 else (2 ** (1 - tau) - 1) / (1 - tau))


def linear_with_constant_one(problem: PointwiseProblem) -> sympy.Expr:
    """The printed row: linear, constant 1."""
    del problem
    return beta_symbol()


def quadratic_surrogate(problem: PointwiseProblem) -> Any:
    """beta^2 / (4 n)."""
    return beta_symbol() ** 2 / (4 * to_sympy(problem.n_classes))


def root_two(problem: PointwiseProblem) -> sympy.Expr | None:
    """sqrt(2 u) for the logistic loss."""
    import sympy

    return sympy.sqrt(2 * excess_symbol()) if _logistic(problem) else None


def theorems() -> tuple[Theorem, ...]:
    """All statements of this module."""
    top_k = problems(("logistic",), (4, 6), target="top-k:2")
    return (
        Theorem(
            "top-k-logistic",
            _TOPK,
            "section on comp-sum losses: top-k bound of the logistic loss, Gamma_k = k Gamma_1",
            r"\mathcal{T}_k(\beta) \ge \mathcal{T}_1(\beta/k)",
            "transform >=",
            "valid",
            (*top_k, *problems(("logistic",), (3,), target="top-k:2")),
            top_k_transform,
            note="not tight: see top-k-logistic-exact",
        ),
        Theorem(
            "top-k-logistic-gamma",
            _TOPK,
            "the same bound in elementary form",
            r"\Gamma_k(u) \le k\sqrt{2u}",
            "gamma <=",
            "valid",
            top_k,
            top_k_published,
        ),
        Theorem(
            "top-k-logistic-tightness",
            _TOPK,
            "the same bound read as tight (the paper leaves it open)",
            r"\mathcal{T}_k(\beta) = \mathcal{T}_1(\beta/k)",
            "transform =",
            "refuted",
            top_k,
            top_k_transform,
            note="the factor k can be dropped: T_k >= T_1 always",
        ),
        Theorem(
            "top-k-logistic-exact",
            _OWN,
            "theorem E",
            r"\mathcal{T}_k(\beta) = \mathcal{T}_1(\beta) \text{ for } n \ge 2k",
            "transform =",
            "tight",
            (*top_k, *problems(("logistic",), (6, 8), target="top-k:3")),
            top_k_exact,
            new=True,
        ),
        Theorem(
            "adversarial-comp-sum-rho-margin",
            _MMZ,
            "section on adversarial comp-sum losses, at a point",
            r"\mathcal{T}(\beta) \ge \beta\,\Phi^\tau(1)",
            "transform >=",
            "valid",
            problems(
                ("comp-sum-margin:phi=rho-margin,tau=1", "comp-sum-margin:phi=rho-margin,tau=0.5"),
                (2, 3),
            ),
            adversarial,
        ),
        Theorem(
            "enhanced-table-sum-exponential",
            _ENHANCED,
            "tables of enhanced bounds as printed: sum-exponential, linear with constant 1",
            r"\mathcal{T}_0(\beta) \ge \beta",
            "transform >=",
            "refuted",
            problems(("sum-exp",), (2, 3, 10)),
            linear_with_constant_one,
            note="T(1/2) = 0.134 for the sum-exponential loss",
        ),
        Theorem(
            "enhanced-table-mae",
            _ENHANCED,
            "tables of enhanced bounds as printed: MAE, linear with constant 1",
            r"\mathcal{T}_2(\beta) \ge \beta",
            "transform >=",
            "refuted",
            problems(("mae",), (2, 3, 10)),
            linear_with_constant_one,
            note="T = beta/2 for two classes",
        ),
        Theorem(
            "discriminative-logistic",
            _DVG,
            "multi-class H-consistency of the logistic loss, the step from its estimation error "
            "to the zero-one error",
            r"\Gamma(u) \le \sqrt{2u}",
            "gamma <=",
            "valid",
            problems(("logistic",), (2, 3, 5, 7)),
            root_two,
            note="the sample sizes of the paper are the subject of hconsist simulate nb-vs-lr",
        ),
        Theorem(
            "osokin-quadratic",
            _OSOKIN,
            "calibration function of the quadratic surrogate for the 0-1 loss",
            r"H(\varepsilon) = \frac{\varepsilon^2}{4n}",
            "transform =",
            "tight",
            problems(("quadratic-surrogate",), (2, 3, 5)),
            quadratic_surrogate,
        ),
    )
