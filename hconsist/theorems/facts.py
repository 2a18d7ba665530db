"""Statements that are settled by evaluating them exactly at one point, or in the limit.

Each check returns whether the statement is true there, by how much, and the evidence. The papers
here were read, in the edition that each `Paper` names.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from hconsist.pointwise import PointwiseProblem
from hconsist.theorems.statement import Paper, Theorem, problems

if TYPE_CHECKING:
    import sympy
    from sympy import Expr

ENHANCED, INFORMATION = "mao-enhanced-2025", "reid-williamson-2011"
_AISTATS = Paper(
    "awasthi-aistats-2023",
    "Awasthi, Mao, Mohri, Zhong, Theoretically grounded loss functions, AISTATS 2023",
    "Theoretically grounded loss functions and algorithms for adversarial robustness",
    "Awasthi, Mao, Mohri, Zhong",
    "2023",
    "AISTATS (PMLR 206)",
    version="PMLR 206",
)


def smooth_adversarial(problem: PointwiseProblem) -> tuple[bool, float, str]:
    """Whether F(v') <= F(v) + mu |v' - v|_2 for the sum F of rho-margin losses, rho = mu = 1, near
    v = (rho, ..., rho).

    All c - 1 margins fall from rho by delta: F rises from 0 to (c - 1) delta, while |v' - v| =
    sqrt(c - 1) delta.
    """
    import sympy

    others, delta = problem.n - 1, sympy.Rational(1, 1000)
    rise = others * delta
    slack = sympy.sqrt(others) * delta - rise
    return (
        bool(slack >= 0),
        float(slack),
        f"{others} margins fall from rho by 1/1000: the loss rises by {float(rise):.6g}",
    )


def unbounded_tail(problem: PointwiseProblem) -> tuple[bool, float, str]:
    """Whether a loss with derivative -1/z beyond z = 1 is unbounded below."""
    import sympy

    del problem
    z, top = sympy.symbols("z top", positive=True)
    fall = sympy.integrate(-1 / z, (z, 1, top))
    depth = fall.subs(top, 10**6)  # how far below its value at 1 the loss is at a margin of 10^6
    limit = sympy.limit(fall, top, sympy.oo)
    return limit == -sympy.oo, float(-depth), f"the tail integrates to {fall}: limit {limit}"


def at_zero_scores(
    phi: Callable[[sympy.Expr], sympy.Expr], power: int, bound: Callable[[Expr], Expr]
) -> Callable[[PointwiseProblem], tuple[bool, float, str]]:
    """Whether 0-1 regret <= bound(surrogate regret) for a constrained loss at scores 0, where
    Lambda(h) = 0, and p = (467, 167, 366)/1000 with label 2 predicted.

    The best risk of sum_k w_k phi(-s_k), w = 1 - p, is in closed form: 3 (w_1 w_2 w_3)^(1/3) for
    the exponential loss (power 0), 9 / sum_k 1/w_k for the squared hinge (power 2, no kink in
    reach).
    """

    def check(problem: PointwiseProblem) -> tuple[bool, float, str]:
        import sympy

        del problem
        p = [sympy.Rational(v, 1000) for v in (467, 167, 366)]
        w = [1 - v for v in p]
        best = (
            3 * sympy.prod(w) ** sympy.Rational(1, 3)
            if power == 0
            else sympy.Integer(9) / sum(1 / v for v in w)
        )
        surrogate = 2 * phi(sympy.Integer(0)) - best
        target = p[0] - p[1]
        slack = sympy.N(bound(surrogate) - target, 30)
        return (
            bool(slack >= 0),
            float(slack),
            f"scores 0, p = (.467, .167, .366), label 2 predicted: surrogate regret "
            f"{float(surrogate):.6f}, bound {float(bound(surrogate)):.4f}, 0-1 regret "
            f"{float(target):.2f}",
        )

    return check


def pairwise_logistic(problem: PointwiseProblem) -> tuple[bool, float, str]:
    """Theorem 13 at eta = eta' = 1/2, h = 1/2, h' = -1/2: the pairwise logistic regret against u'
    times the one at x plus u times the one at x', u = u' = 1/2.
    """
    import sympy

    del problem
    half = sympy.Rational(1, 2)

    def regret(eta: Expr, margin: Expr) -> Expr:
        """Of the logistic loss in nats, weights eta and 1 - eta, unnormalised for a pair."""
        risk = eta * sympy.log(1 + sympy.exp(-margin)) + (1 - eta) * sympy.log(
            1 + sympy.exp(margin)
        )
        return risk + eta * sympy.log(eta) + (1 - eta) * sympy.log(1 - eta)

    # The pair is misordered with weights eta (1 - eta') and eta' (1 - eta), 1/4 each: half of a
    # binary problem with even odds and margin h - h' = 1.
    left = half * regret(half, sympy.Integer(1))
    right = half * regret(half, half) + half * regret(half, -half)
    slack = sympy.N(right - left, 30)
    evidence = f"left {float(left):.6f}, right {float(right):.6f}"
    return bool(slack >= 0), float(slack), f"eta = eta' = 1/2, h = 1/2, h' = -1/2: {evidence}"


def cost_weighted(minimum: bool) -> Callable[[PointwiseProblem], tuple[bool, float, str]]:
    """Theorem 25 of Reid and Williamson for the log loss at c0 = 1/5, eta = 3/10, etahat just below
    c0: the regret against the larger (as printed), or the smaller, of the two values of psi.
    """

    def check(problem: PointwiseProblem) -> tuple[bool, float, str]:
        import sympy

        del problem
        c0, eta, hat = (sympy.Rational(v) for v in ("1/5", "3/10", "1999/10000"))

        def kl(x: Expr, y: Expr) -> Expr:
            return x * sympy.log(x / y) + (1 - x) * sympy.log((1 - x) / (1 - y))

        alpha = eta - c0
        # psi(c0, a) = L(c0) - L(c0 + a) + a L'(c0), the regret of forecasting c0 under c0 + a
        psi = (kl(c0 + alpha, c0), kl(c0 - alpha, c0))
        surrogate = kl(eta, hat)
        bound = min(psi, key=float) if minimum else max(psi, key=float)
        slack = sympy.N(surrogate - bound, 30)
        return (
            bool(slack >= 0),
            float(slack),
            f"cost regret 1/10, surrogate regret {float(surrogate):.6f}, bound {float(bound):.6f}",
        )

    return check


def theorems(own: Paper, enhanced: Paper, information: Paper) -> tuple[Theorem, ...]:
    """All statements of this module, with the papers that have more of them."""
    import sympy

    sums = problems(("comp-sum-margin:phi=rho-margin,tau=0",), (3, 5))
    pair = problems(("comp-sum-margin:phi=rho-margin,tau=0",), (2,))
    two = problems(("margin-logistic",))
    step = (
        r"\tilde\Psi_\rho^{\rm sum}(h,x,y) \le \Phi^{\rm sum}(h,x,y) "
        r"+ \nu \sup_{\|x'-x\|\le\gamma} \|\Delta_h(x',y)-\Delta_h(x,y)\|_2 \text{ for } \nu \ge "
        r"\mu"
    )
    symmetric = "H symmetric and complete"
    return (
        Theorem(
            "smooth-adversarial-two-classes",
            _AISTATS,
            "p. 5, the inequality before Corollary 2, two classes",
            step + r",\ c = 2",
            "fact",
            "valid",
            pair,
            check=smooth_adversarial,
            quoted="read",
            conditions="Phi >= Psi_rho, Psi_rho mu-Lipschitz",
        ),
        Theorem(
            "smooth-adversarial-nu-mu",
            _AISTATS,
            "p. 5, the inequality before Corollary 2, more classes; appendix A.2 (p. 12) derives "
            "it "
            "for nu >= sqrt(c - 1) mu",
            step + r",\ c \ge 3",
            "fact",
            "fails as printed",
            sums,
            check=smooth_adversarial,
            quoted="read",
            conditions="Phi >= Psi_rho, Psi_rho mu-Lipschitz",
            note="a step of the proof of Corollary 2, not the corollary: with nu = mu it fails "
            "where all margins sit at rho and fall together; the appendix of the same paper has "
            "the condition nu >= sqrt(c - 1) mu",
        ),
        Theorem(
            "unbounded-tail",
            own,
            "a margin loss whose slope is -1/z beyond z = 1",
            r"\varphi'(z) = -1/z \text{ for } z > 1 \Rightarrow \inf \varphi = -\infty",
            "fact",
            "valid",
            two,
            check=unbounded_tail,
            quoted="own",
            note="such tails are in released code of EnsLoss (Dai 2024). Unbounded below does not "
            "mean uncalibrated: Kwon and Zou (JMLR 24:239, 2023), Theorem 1, prove a loss with "
            "this "
            "tail calibrated for label probabilities in (0, 1)",
        ),
        Theorem(
            "enhanced-theorem-5-exponential",
            enhanced,
            "Theorem 5 (p. 7), constrained exponential loss, three classes",
            r"R_{0-1}\text{-regret} \le \sqrt{2 x}\, e^{-\Lambda(h)/2},\ \Lambda(h) = 0",
            "fact",
            "fails as printed",
            problems(("constrained:phi=exponential",), (3,)),
            check=at_zero_scores(sympy.exp, 0, lambda x: sympy.sqrt(2 * x)),
            quoted="read",
            conditions=symmetric,
            note="right for two classes. Appendix C uses (sqrt(1-p_h) + sqrt(1-p_max))^2 <= 2, "
            "which "
            "needs p_max + p_h = 1. Right for every n: 2 sqrt(x), constrained-exponential-gamma",
        ),
        Theorem(
            "enhanced-theorem-5-squared-hinge",
            enhanced,
            "Theorem 5 (p. 7), constrained squared hinge, three classes",
            r"R_{0-1}\text{-regret} \le \sqrt{x}/(1+\Lambda(h)),\ \Lambda(h) = 0",
            "fact",
            "fails as printed",
            problems(("constrained:phi=squared-hinge",), (3,)),
            check=at_zero_scores(lambda s: (1 + s) ** 2, 2, sympy.sqrt),
            quoted="read",
            conditions=symmetric,
            note="right for two classes. With a = 1-p_h, b = 1-p_max the regret of two coordinates "
            "is (a u - b v)^2/(a + b), and a + b > 1 for three classes. Right for every n: "
            "sqrt(2x), constrained-squared-hinge-gamma",
        ),
        Theorem(
            "enhanced-theorem-13-pointwise",
            enhanced,
            "Theorem 13 (section 6.3), its first, pointwise inequality",
            r"\Delta C_L(h,x,x') \le u(x')\,\Delta C_\ell(h,x) + u(x)\,\Delta C_\ell(h,x')",
            "fact",
            "fails as printed",
            two,
            check=pairwise_logistic,
            quoted="read",
            conditions="H complete",
            note="the ratio of the sides tends to 2 as h - h' tends to 0. Appendix E.4 drops the "
            "positive term -s log s, s = eta (1-eta') + eta' (1-eta). The integrated inequality is "
            "not touched by this: no violation is known",
        ),
        Theorem(
            "reid-williamson-25",
            information,
            "Theorem 25, eq. (46), with the maximum of the two cases (section 2 defines the "
            "symbol)",
            r"B(\eta,\hat\eta) \ge \psi(c_0,\alpha) \vee \psi(c_0,-\alpha)",
            "fact",
            "fails as printed",
            two,
            check=cost_weighted(minimum=False),
            quoted="read",
            conditions="a proper loss; the cost-weighted regret is alpha",
            note="only one of the two cases holds at a time, so the minimum is the bound: "
            "reid-williamson-25-minimum. At c0 = 1/2 with a symmetric loss (Corollary 27) both "
            "agree",
        ),
        Theorem(
            "reid-williamson-25-minimum",
            own,
            "Theorem 25 of Reid and Williamson (JMLR 2011) with the minimum in place of the "
            "maximum",
            r"B(\eta,\hat\eta) \ge \min(\psi(c_0,\alpha), \psi(c_0,-\alpha))",
            "fact",
            "valid",
            two,
            check=cost_weighted(minimum=True),
            quoted="own",
            conditions="a proper loss; the cost-weighted regret is alpha",
        ),
    )
