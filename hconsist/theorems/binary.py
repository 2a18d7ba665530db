"""Statements about binary margin losses: Bartlett-Jordan-McAuliffe, Zhang, and bounded hypothesis
sets.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from hconsist.arithmetic import to_sympy
from hconsist.pointwise import PointwiseProblem, beta_symbol, excess_symbol
from hconsist.theorems.statement import Theorem, entropy_gap, problems

if TYPE_CHECKING:
    import sympy

_AMMZ = "Awasthi, Mao, Mohri, Zhong, H-consistency bounds for surrogate loss minimizers, ICML 2022"
_BJM = "Bartlett, Jordan, McAuliffe, Convexity, classification, and risk bounds, JASA 2006"
_STEINWART = (
    "Steinwart, How to compare different loss functions and their risks, Constructive "
    "Approximation 2007"
)
_ZHANG = (
    "Zhang, Statistical behavior and consistency of classification methods based on convex "
    "risk minimization, AOS 2004"
)


def _bound(problem: PointwiseProblem) -> sympy.Expr:
    import sympy

    bound = problem.hypotheses.score_bound
    return sympy.oo if bound is None else to_sympy(bound)


def _with_tangent(
    free: sympy.Expr, tangent: Callable[[Any], Any], reach: Callable[[Any], Any]
) -> Any:
    """The unbounded formula up to the beta whose minimiser has size B, the risk at score B
    beyond.
    """

    def formula(problem: PointwiseProblem) -> sympy.Expr:
        import sympy

        B = _bound(problem)
        if B is sympy.oo:
            return free
        return sympy.Piecewise((free, beta_symbol() <= reach(B)), (tangent(B), True))

    return formula


def hinge(problem: PointwiseProblem) -> sympy.Expr:
    """beta min(B, 1)."""
    import sympy

    return beta_symbol() * sympy.Min(_bound(problem), 1)


def logistic(problem: PointwiseProblem) -> sympy.Expr:
    """Binary entropy gap, then the tangent branch."""
    import sympy

    b = beta_symbol()
    free = entropy_gap()

    def tangent(B: Any) -> Any:
        return (
            sympy.log(2)
            - (1 + b) / 2 * sympy.log(1 + sympy.exp(-B))
            - (1 - b) / 2 * sympy.log(1 + sympy.exp(B))
        )

    return _with_tangent(free, tangent, lambda B: sympy.tanh(B / 2))(problem)


def exponential(problem: PointwiseProblem) -> sympy.Expr:
    """1 - sqrt(1 - beta^2), then the tangent branch."""
    import sympy

    b = beta_symbol()

    def tangent(B: Any) -> Any:
        return 1 - (1 + b) / 2 * sympy.exp(-B) - (1 - b) / 2 * sympy.exp(B)

    return _with_tangent(1 - sympy.sqrt(1 - b**2), tangent, sympy.tanh)(problem)


def squared_hinge(problem: PointwiseProblem) -> sympy.Expr:
    """beta^2 up to B, 2 B beta - B^2 beyond."""
    import sympy

    b = beta_symbol()
    return _with_tangent(b**2, lambda B: 2 * B * b - B**2, lambda B: sympy.Min(B, 1))(problem)


def least_squares(problem: PointwiseProblem) -> sympy.Expr:
    """beta^2 without a bound on the scores."""
    del problem
    return beta_symbol() ** 2


def sigmoid(problem: PointwiseProblem) -> sympy.Expr:
    """beta tanh(k B)."""
    import sympy

    B = _bound(problem)
    k = to_sympy(problem.surrogate.k)  # type: ignore[attr-defined]
    return beta_symbol() * (1 if B is sympy.oo else sympy.tanh(k * B))


def rho_margin(problem: PointwiseProblem) -> sympy.Expr:
    """beta min(B, rho) / rho."""
    import sympy

    rho = to_sympy(problem.surrogate.rho)  # type: ignore[attr-defined]
    return beta_symbol() * sympy.Min(_bound(problem), rho) / rho


def ramp(problem: PointwiseProblem) -> sympy.Expr:
    """beta / 2 without a bound on the scores: phi(u) + phi(-u) = 1 with phi in [0, 1]."""
    del problem
    return beta_symbol() / 2


_FORMULAS: dict[str, tuple[Callable[[PointwiseProblem], Any], tuple[str, ...], str]] = {
    "hinge": (hinge, ("hinge",), r"\beta\min(B,1)"),
    "logistic": (
        logistic,
        ("margin-logistic",),
        r"\tfrac{1+\beta}{2}\log(1+\beta)+\tfrac{1-\beta}{2}\log(1-\beta)",
    ),
    "exponential": (exponential, ("exponential",), r"1-\sqrt{1-\beta^2}"),
    "squared-hinge": (squared_hinge, ("squared-hinge",), r"\beta^2"),
    "sigmoid": (sigmoid, ("sigmoid:k=1", "sigmoid:k=2"), r"\beta\tanh(kB)"),
    "rho-margin": (rho_margin, ("rho-margin:rho=1", "rho-margin:rho=2"), r"\beta\min(B,\rho)/\rho"),
}
_BOUNDS = ("0.4", "1", "2.5")


def _binary() -> list[Theorem]:
    found = []
    for name, (formula, specs, tex) in _FORMULAS.items():
        branch = (
            r"\ (\text{tangent branch beyond the reach of } B)"
            if name in ("logistic", "exponential", "squared-hinge")
            else ""
        )
        found.append(
            Theorem(
                f"linear-{name}",
                _AMMZ,
                f"section on linear hypotheses, {name} loss",
                rf"\mathcal{{T}}(\beta) = {tex}{branch}",
                "transform =",
                "tight",
                problems(specs, hypotheses=tuple(f"linear:W=1,B={B}" for B in _BOUNDS)),
                formula,
            )
        )
        found.append(
            Theorem(
                f"relu-{name}",
                _AMMZ,
                f"section on one-hidden-layer ReLU networks, {name} loss",
                rf"\mathcal{{T}}(\beta) = {tex}{branch},\ B \to \Lambda B",
                "transform =",
                "tight",
                problems(specs, hypotheses=("relu:L=2,W=1,B=0.5", "relu:L=0.8,W=3,B=0.5")),
                formula,
            )
        )
    psi: dict[str, tuple[Callable[[PointwiseProblem], Any], str, str]] = {
        "hinge": (hinge, "hinge", r"\psi(\theta) = \theta"),
        "exponential": (exponential, "exponential", r"\psi(\theta) = 1 - \sqrt{1-\theta^2}"),
        "logistic": (
            logistic,
            "margin-logistic",
            r"\psi(\theta) = \log 2 - H_b(\tfrac{1+\theta}{2})",
        ),
        "truncated-quadratic": (squared_hinge, "squared-hinge", r"\psi(\theta) = \theta^2"),
        "least-squares": (least_squares, "least-squares", r"\psi(\theta) = \theta^2"),
        "sigmoid": (sigmoid, "sigmoid", r"\psi(\theta) = \theta"),
        "ramp": (ramp, "ramp", r"\psi(\theta) = \theta/2"),
    }
    for name, (formula, spec, tex) in psi.items():
        found.append(
            Theorem(
                f"psi-{name}",
                _BJM,
                f"section 2, psi-transform, {name} loss",
                tex,
                "transform =",
                "tight",
                problems((spec,)),
                formula,
            )
        )
    return found


def _constant(form: Any) -> Callable[[PointwiseProblem], Any]:
    return lambda problem: form


def _zhang() -> list[Theorem]:
    import sympy

    u = excess_symbol()
    table = {
        "least-squares": ("least-squares", sympy.sqrt(u), r"\sqrt{u}"),
        "modified-least-squares": ("squared-hinge", sympy.sqrt(u), r"\sqrt{u}"),
        "svm": ("hinge", u, "u"),
        "exponential": ("exponential", sympy.sqrt(2 * u), r"\sqrt{2u}"),
        "logistic": ("margin-logistic", sympy.sqrt(2 * u), r"\sqrt{2u}"),
    }
    return [
        Theorem(
            f"zhang-{name}",
            _ZHANG,
            "theorem on excess classification error, constants c and s",
            rf"\Gamma(u) \le {tex}",
            "gamma <=",
            "valid",
            problems((spec,)),
            _constant(form),
        )
        for name, (spec, form, tex) in table.items()
    ]


def _steinwart_and_adversarial() -> list[Theorem]:
    calibration: dict[str, tuple[Callable[[PointwiseProblem], Any], str]] = {
        "hinge": (hinge, r"\varepsilon"),
        "least-squares": (least_squares, r"\varepsilon^2"),
        "squared-hinge": (squared_hinge, r"\varepsilon^2"),
    }
    found = [
        Theorem(
            f"steinwart-{name}",
            _STEINWART,
            f"calibration functions of margin losses, {name}",
            rf"\delta(\varepsilon) = {tex}",
            "transform =",
            "tight",
            problems((name,)),
            formula,
        )
        for name, (formula, tex) in calibration.items()
    ]
    found.append(
        Theorem(
            "adversarial-rho-margin",
            _AMMZ,
            "section on adversarial classification: sup rho-margin loss, at a point",
            r"\mathcal{T}(\beta) \ge \beta\min(B,\rho)/\rho \text{ in robust margins } "
            r"\inf_{\|x'-x\|\le\gamma} y f(x')",
            "transform >=",
            "valid",
            problems(
                ("rho-margin:rho=1", "rho-margin:rho=2"),
                hypotheses=("linear:W=1,B=0.4", "linear:W=1,B=2.5"),
            ),
            rho_margin,
            note="at a point the robust margin takes the place of the margin; the supremum itself "
            "is in the simulator's study",
        )
    )
    return found


def theorems() -> tuple[Theorem, ...]:
    """All statements of this module."""
    return (*_binary(), *_zhang(), *_steinwart_and_adversarial())
