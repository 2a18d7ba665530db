"""Statements about constrained, sum and max losses, and about which losses are consistent at
all.
"""

from __future__ import annotations

from typing import Any

from hconsist.pointwise import PointwiseProblem, beta_symbol, excess_symbol
from hconsist.theorems.statement import Theorem, entropy_gap, problems

_AMMZ = "Awasthi, Mao, Mohri, Zhong, Multi-class H-consistency bounds, NeurIPS 2022"
_MMZ23 = "Mao, Mohri, Zhong, H-consistency bounds: characterization and extensions, NeurIPS 2023"
_GROWTH = (
    "Mao, Mohri, Zhong, A universal growth rate for learning with smooth surrogate losses, "
    "NeurIPS 2024"
)
_BJM = "Bartlett, Jordan, McAuliffe, Convexity, classification, and risk bounds, JASA 2006"
_TB = "Tewari, Bartlett, On the consistency of multiclass classification methods, JMLR 2007"
_ZHANG = (
    "Zhang, Statistical analysis of some multi-category large margin classification methods, "
    "JMLR 2004"
)
_LDR = (
    "Zhu, Ying, Yang, Label distributionally robust losses for multi-class classification, "
    "ICML 2023"
)
_ENS = (
    "Dai, EnsLoss: stochastic calibrated loss ensembles for preventing overfitting in "
    "classification, 2024"
)

_N = (2, 3, 5)


def _is(form: Any) -> Any:
    return lambda problem: form


def theorems() -> tuple[Theorem, ...]:
    """All statements of this module."""
    import sympy

    b, u = beta_symbol(), excess_symbol()
    gammas = {
        "constrained-hinge": ("constrained:phi=hinge", u, "u"),
        "constrained-rho-margin": ("constrained:phi=rho-margin", u, "u"),
        "sum-exponential": ("sum:phi=exponential", sympy.sqrt(2 * u), r"\sqrt{2u}"),
        "sum-rho-margin": ("sum:phi=rho-margin", u, "u"),
        "max-rho-margin": ("max:phi=rho-margin", u, "u"),
    }
    found = [
        Theorem(
            f"gamma-{name}",
            _AMMZ,
            f"section on {name.split('-')[0]} losses, complete hypothesis sets",
            rf"\Gamma(u) \le {tex}",
            "gamma <=",
            "valid",
            # Kinked and flat losses are searched directly, which the numeric engine does up to four
            # classes.
            problems((spec,), (2, 3) if "rho-margin" in spec else _N),
            _is(form),
        )
        for name, (spec, form, tex) in gammas.items()
    ]
    found += [
        Theorem(
            f"gamma-sum-squared-hinge{suffix}",
            _AMMZ,
            "table of sum losses, squared hinge (quoted from memory: read the table before you "
            "cite the refutation)",
            r"\Gamma(u) \le \sqrt{u}",
            "gamma <=",
            "refuted" if suffix else "valid",
            problems(("sum:phi=squared-hinge",), classes),
            _is(sympy.sqrt(u)),
            note="T(2/5) is about 0.1463 < 0.16 at n = 3, near p = (0.69, 0.29, 0.02)"
            if suffix
            else "",
        )
        for suffix, classes in (("", (2,)), ("-many", (3,)))
    ]
    constrained = {
        "hinge": (b, r"\beta"),
        "squared-hinge": (b**2 / 2, r"\beta^2/2"),
        "exponential": (2 - sympy.sqrt(4 - b**2), r"2 - \sqrt{4-\beta^2}"),
    }
    found += [
        Theorem(
            f"constrained-{name}",
            _MMZ23,
            "section on constrained losses: error transformation for every number of classes",
            rf"\mathcal{{T}}(\beta) \ge {tex}",
            "transform >=",
            "valid",
            problems((f"constrained:phi={name}",), _N),
            _is(form),
            note="" if name == "hinge" else "the limit of many classes: larger at finite n",
        )
        for name, (form, tex) in constrained.items()
    ]
    smooth = {
        "comp-sum": ("sum-exp", "logistic", "gce:q=0.5"),
        "constrained": (
            "constrained:phi=exponential",
            "constrained:phi=squared-hinge",
            "constrained:phi=margin-logistic",
        ),
        "binary": ("margin-logistic", "exponential", "squared-hinge", "least-squares"),
    }
    found += [
        Theorem(
            f"growth-{name}",
            _GROWTH,
            f"theorem on {name} losses: square-root growth of Gamma for smooth losses",
            r"\mathcal{T}(\beta) = \Theta(\beta^2) \text{ as } \beta \to 0",
            "growth",
            "valid",
            problems(specs, (2,) if name == "binary" else _N),
            _is(sympy.Integer(2)),
        )
        for name, specs in smooth.items()
    ]
    found.append(
        Theorem(
            "ldr-without-margin",
            "hconsist, docs/theory.md",
            "LDR losses without margin",
            r"\mathcal{T}(\beta) = \lambda\,\mathcal{T}_1(\beta) \text{ for } c = 0",
            "transform =",
            "tight",
            problems(("ldr:lam=1,c=0", "ldr:lam=0.25,c=0"), (2, 3, 10)),
            ldr_without_margin,
            new=True,
        )
    )
    found.append(
        Theorem(
            "ldr-quadratic",
            "hconsist, docs/theory.md",
            "theorem K: LDR losses with any margin",
            r"\mathcal{T}(\beta) \ge \lambda\beta^2/2 \text{ for every } n \text{ and } c",
            "transform >=",
            "valid",
            problems(("ldr:lam=1,c=0", "ldr:lam=1,c=1", "ldr:lam=0.25,c=1"), (2, 3, 4)),
            ldr_quadratic,
            new=True,
        )
    )
    calibrated = ("hinge", "squared-hinge", "least-squares", "margin-logistic", "exponential")
    found += [
        Theorem(
            "bjm-calibration",
            _BJM,
            "theorem: a convex phi is classification-calibrated iff it is differentiable at 0 "
            "with phi'(0) < 0",
            r"\varphi'(0) < 0 \Rightarrow \varphi \text{ classification-calibrated}",
            "consistent",
            "valid",
            problems(calibrated),
        ),
        Theorem(
            "bjm-not-calibrated",
            _BJM,
            "the converse of the same theorem, for phi with a kink at 0",
            r"\varphi(v) = \max(0, -v) \text{ is convex and not classification-calibrated}",
            "inconsistent",
            "valid",
            problems(("margin:Max(0, -v)",)),
        ),
        Theorem(
            "max-convex-inconsistent",
            _AMMZ,
            "section on max losses: negative result for convex, non-increasing phi",
            r"\text{convex max losses admit no non-trivial bound for } n \ge 3",
            "inconsistent",
            "valid",
            problems(("max:phi=hinge", "max:phi=squared-hinge", "max:phi=exponential"), (3, 4)),
        ),
        Theorem(
            "sum-hinge-inconsistent",
            _AMMZ,
            "section on sum losses: negative result for the hinge",
            r"\text{the sum hinge (Weston-Watkins) admits no non-trivial bound for } n \ge 3",
            "inconsistent",
            "valid",
            problems(("sum:phi=hinge",), (3, 4)),
        ),
        Theorem(
            "tewari-bartlett-crammer-singer",
            _TB,
            "examples: the loss of Crammer and Singer",
            r"\text{Crammer-Singer is not consistent for } n \ge 3",
            "inconsistent",
            "valid",
            problems(("max:phi=hinge",), (3,)),
        ),
        Theorem(
            "tewari-bartlett-weston-watkins",
            _TB,
            "examples: the loss of Weston and Watkins",
            r"\text{Weston-Watkins is not consistent for } n \ge 3",
            "inconsistent",
            "valid",
            problems(("sum:phi=hinge",), (3,)),
        ),
        Theorem(
            "zhang-constrained-consistent",
            _ZHANG,
            "constrained comparison: infinite-sample consistency of Lee, Lin, Wahba",
            r"\text{constrained losses with convex, decreasing } \varphi,\ \varphi'(0)<0, \text{ "
            r"are consistent}",
            "consistent",
            "valid",
            problems(
                (
                    "constrained:phi=hinge",
                    "constrained:phi=squared-hinge",
                    "constrained:phi=exponential",
                ),
                (3, 4),
            ),
        ),
        Theorem(
            "zhang-softmax-consistent",
            _ZHANG,
            "coupled formulations: logistic regression",
            r"\text{cross-entropy is consistent}",
            "consistent",
            "valid",
            problems(("logistic",), (2, 3, 5)),
        ),
        Theorem(
            "ldr-consistent",
            _LDR,
            "theorem on LDR-KL: consistency for every lambda > 0 and c >= 0",
            r"\text{LDR-KL with margin is consistent for the zero-one loss}",
            "consistent",
            "valid",
            problems(("ldr:lam=1,c=0", "ldr:lam=0.25,c=1", "ldr:lam=2,c=1"), (2, 3, 5)),
        ),
        Theorem(
            "ldr-top-k-consistent",
            _LDR,
            "theorem on LDR-KL: all-k consistency",
            r"\text{LDR-KL is consistent for every top-} k",
            "consistent",
            "valid",
            problems(("ldr:lam=1,c=0", "ldr:lam=0.25,c=1"), (3, 5), target="top-k:2"),
        ),
        Theorem(
            "ldr-symmetric-negative",
            _LDR,
            "theorem: no symmetric loss (sum over labels constant) is all-k consistent; MAE is "
            "symmetric and top-1 consistent",
            r"\text{MAE is not top-2 consistent}",
            "inconsistent",
            "valid",
            problems(("mae",), (3, 4), target="top-k:2"),
        ),
        Theorem(
            "ldr-mae-top-1",
            _LDR,
            "the other half of the same theorem",
            r"\text{MAE is top-1 consistent}",
            "consistent",
            "valid",
            problems(("mae",), (3, 4)),
        ),
    ]
    return tuple(found)


def ldr_quadratic(problem: PointwiseProblem) -> Any:
    """lam beta^2 / 2 for LDR-KL."""
    from hconsist.arithmetic import to_sympy

    return to_sympy(problem.surrogate.lam) * beta_symbol() ** 2 / 2  # type: ignore[attr-defined]


def ldr_without_margin(problem: PointwiseProblem) -> Any:
    """lam T_1 for LDR without margin."""
    from hconsist.arithmetic import to_sympy

    loss = problem.surrogate
    if loss.c != 0:  # type: ignore[attr-defined]
        return None
    return to_sympy(loss.lam) * entropy_gap()  # type: ignore[attr-defined]
