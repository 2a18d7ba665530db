"""What this project found, and what it found false: bounded scores, constrained losses, consistency
beyond the papers.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from hconsist.arithmetic import to_sympy
from hconsist.losses import CompSum
from hconsist.pointwise import PointwiseProblem, beta_symbol
from hconsist.theorems.statement import Relation, Theorem, entropy_gap, problems

_MMZ23 = "Mao, Mohri, Zhong, H-consistency bounds: characterization and extensions, NeurIPS 2023"
_OWN = "hconsist, docs/theory.md"


def _softmax_range(problem: PointwiseProblem) -> tuple[Any, Any]:
    """Smallest and largest softmax value of scores in [-B, B]^n."""
    import sympy

    bound, n = problem.hypotheses.score_bound, problem.n
    if bound is None:
        raise AssertionError("the statement is about bounded scores")
    reach = sympy.exp(2 * to_sympy(bound))
    return 1 / (1 + (n - 1) * reach), 1 / (1 + (n - 1) / reach)


def bounded_logistic(problem: PointwiseProblem) -> Any:
    """Entropy gap up to the reach of the softmax range, the risk at its ends beyond."""
    import sympy

    if not isinstance(problem.surrogate, CompSum) or problem.surrogate.tau != 1:
        return None
    b = beta_symbol()
    low, high = _softmax_range(problem)
    free = entropy_gap()
    tangent = (1 + b) / 2 * sympy.log(2 * high / (high + low)) + (1 - b) / 2 * sympy.log(
        2 * low / (high + low)
    )
    return sympy.Piecewise((free, b <= (high - low) / (high + low)), (tangent, True))


def zero(problem: PointwiseProblem) -> Any:
    """No regret at all."""
    import sympy

    del problem
    return sympy.Integer(0)


def near_zero(problem: PointwiseProblem) -> tuple[Fraction, ...]:
    """Betas inside [0, (n - 2)/(2 e^(2B) + n - 2)]."""
    import sympy

    bound = problem.hypotheses.score_bound
    assert bound is not None
    edge = (problem.n - 2) / (2 * sympy.exp(2 * to_sympy(bound)) + problem.n - 2)
    last = Fraction(int(sympy.floor(1000 * edge)), 1000)
    return (last / 2, last)


def constrained_hinge(problem: PointwiseProblem) -> Any:
    """n min over k of max(beta/k, beta - 1/k)."""
    import sympy

    b, n = beta_symbol(), problem.n
    return n * sympy.Min(
        *(sympy.Max(b / k, b - sympy.Rational(1, k)) for k in range(2, n + 1)), evaluate=False
    )


def constrained_perspective(problem: PointwiseProblem) -> Any:
    """W T_2(beta / W) with W = 2 - max(beta, 2 (1 + beta)/n - beta)."""
    import sympy

    b = beta_symbol()
    width = 2 - sympy.Max(b, 2 * (1 + b) / problem.n - b)
    name = problem.surrogate.phi.spec_name  # type: ignore[attr-defined]
    return width * (1 - sympy.sqrt(1 - (b / width) ** 2)) if name == "exponential" else b**2 / width


def _verdict(
    name: str,
    specs: tuple[str, ...],
    classes: tuple[int, ...],
    relation: Relation,
    text: str,
    target: str,
) -> Theorem:
    return Theorem(
        name,
        _OWN,
        "consistency",
        text,
        relation,
        "valid",
        problems(specs, classes, target=target),
        new=True,
    )


def theorems() -> tuple[Theorem, ...]:
    """All statements of this module."""
    bounded = ("bounded:1", "bounded:0.5")
    memory = "quoted from memory: read the paper before you cite the refutation. "
    return (
        Theorem(
            "bounded-logistic-two-classes",
            _MMZ23,
            "section on comp-sum losses, bounded hypothesis sets, logistic loss, two classes",
            r"\mathcal{T}(\beta) = \mathcal{T}_1(\beta) \text{ up to } "
            r"\tfrac{s_{\max}-s_{\min}}{s_{\max}+s_{\min}},"
            r" \text{ then its tangent}",
            "transform =",
            "tight",
            problems(("logistic",), (2,), bounded),
            bounded_logistic,
        ),
        Theorem(
            "bounded-logistic",
            _MMZ23,
            "the same section, three classes and more",
            r"\mathcal{T}(\beta) \ge \mathcal{T}_1(\beta) \text{ up to } "
            r"\tfrac{s_{\max}-s_{\min}}{s_{\max}+s_{\min}},"
            r" \text{ then its tangent}",
            "transform >=",
            "refuted",
            problems(("logistic",), (3, 5), bounded),
            bounded_logistic,
            note=memory + "T vanishes near 0 for scores in [-B, B]^n and n >= 3; see "
            "bounded-scores-vanish",
        ),
        Theorem(
            "bounded-scores-vanish",
            _OWN,
            "bounded scores, three classes and more",
            r"\mathcal{T}(\beta) = 0 \text{ for } \beta \le \frac{n-2}{2e^{2B}+n-2}",
            "transform =",
            "tight",
            problems(("logistic", "sum-exp", "gce:q=0.5"), (3, 5), bounded),
            zero,
            betas=near_zero,
            new=True,
        ),
        Theorem(
            "constrained-hinge-exact",
            _OWN,
            "theorem F (i)",
            r"\mathcal{T}(\beta) = n \min_{2 \le k \le n} \max(\beta/k, \beta - 1/k)",
            "transform =",
            "tight",
            problems(("constrained:phi=hinge",), (2, 3, 4)),
            constrained_hinge,
            new=True,
        ),
        Theorem(
            "constrained-perspective",
            _OWN,
            "theorem F (ii)",
            r"\mathcal{T}(\beta) \ge W\,\mathcal{T}_2(\beta/W),\quad W = 2 - \max(\beta, "
            r"\tfrac{2(1+\beta)}{n} - \beta)",
            "transform >=",
            "valid",
            problems(("constrained:phi=squared-hinge", "constrained:phi=exponential"), (2, 3, 5)),
            constrained_perspective,
            new=True,
        ),
        _verdict(
            "nce-inconsistent",
            ("nce",),
            (3, 5),
            "inconsistent",
            r"\text{normalized cross-entropy has } \mathcal{T} = 0 \text{ for } n \ge 3",
            "zero-one",
        ),
        _verdict(
            "nce-two-classes",
            ("nce",),
            (2,),
            "consistent",
            r"\text{normalized cross-entropy is consistent at } n = 2",
            "zero-one",
        ),
        _verdict(
            "max-nonconvex-inconsistent",
            ("max:phi=sigmoid", "max:phi=ramp"),
            (3, 4),
            "inconsistent",
            r"\text{the max losses of the sigmoid and the ramp are inconsistent for } n \ge 3",
            "zero-one",
        ),
        _verdict(
            "max-rho-margin-consistent",
            ("max:phi=rho-margin",),
            (3, 4),
            "consistent",
            r"\text{the max loss of the rho-margin loss is consistent}",
            "zero-one",
        ),
        _verdict(
            "top-k-finite-slope",
            ("mae", "agce", "aul"),
            (4, 5),
            "inconsistent",
            r"\varphi'(0+) \text{ finite: not top-2 consistent}",
            "top-k:2",
        ),
        _verdict(
            "top-k-infinite-slope",
            ("logistic", "gce:q=0.7", "focal", "sce", "brier"),
            (4, 5),
            "consistent",
            r"\varphi'(0+) = -\infty, \text{ or strictly proper: consistent for every top-} k",
            "top-k:2",
        ),
        _verdict(
            "constrained-hinge-top-k",
            ("constrained:phi=hinge",),
            (4,),
            "inconsistent",
            r"\text{the constrained hinge is not top-2 consistent}",
            "top-k:2",
        ),
        _verdict(
            "ldr-k-inconsistent",
            ("ldr-k:k=2",),
            (3,),
            "inconsistent",
            r"\text{LDR-2 is "
            r"inconsistent at } n = 3",
            "zero-one",
        ),
        _verdict(
            "aldr-consistent",
            ("aldr",),
            (3, 5, 10),
            "consistent",
            r"\text{ALDR-KL with } \alpha = 2 \text{ is consistent for } n \le 17",
            "zero-one",
        ),
        _verdict(
            "polynomial-softmax-inconsistent",
            ("spherical-softmax", "taylor-softmax"),
            (3, 4),
            "inconsistent",
            r"\text{even links are not monotone: spherical and Taylor softmax are inconsistent}",
            "zero-one",
        ),
        _verdict(
            "ldam-inconsistent",
            ("ldam",),
            (3, 5),
            "inconsistent",
            r"\text{label-dependent margins are inconsistent for the zero-one loss}",
            "zero-one",
        ),
        _verdict(
            "zoo-consistent",
            ("focal", "sce", "js", "rll", "z-loss", "cosface", "infonce", "dice", "agce", "aul"),
            (3, 5),
            "consistent",
            r"\text{these losses of the zoo are consistent for the zero-one loss}",
            "zero-one",
        ),
    )
