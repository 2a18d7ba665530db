"""Abstention with a predictor and a rejector (Mao, Mohri, Zhong, ALT 2024).

One stage: C = E[l] e^r + Psi(c) e^(-r) with the mean l of the predictor's loss; r <= 0 rejects. A
predictor of label j has E[l] of at least A_j, of the best label a; the surrogate regret and the
target regret are elementary functions of a, A_j and the cost c.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hconsist.arithmetic import exact, to_sympy
from hconsist.formula import parse_formula
from hconsist.pointwise import PointwiseProblem
from hconsist.theorems.checks import CHECKS, Check, Verdict

Array = NDArray[np.float64]

_POINTS = 20_000


def _least_mean(loss: str, p: Array, label: int) -> Array:
    """The least mean loss of a predictor of the label; p falls along its rows."""
    n = p.shape[1]
    if label == 0:
        return 1 - p[:, 0]
    if loss == "rho-margin":
        return np.ones(len(p))
    sums = np.cumsum(p, axis=1)
    best = np.zeros(len(p))
    for k in range(2, n + 1):
        together = sums[:, k - 1] if label < k else sums[:, k - 2] + p[:, label]
        best = np.maximum(best, together / k)
    return 1 - best  # MAE (theorem C); n times it for the constrained hinge (theorem F)


def _regrets(loss: str, n: int) -> tuple[Array, Array]:
    """Target and surrogate regrets of both kinds of mistakes at many p and costs."""
    random = np.random.default_rng(0)
    p = np.sort(random.dirichlet(np.full(n, 0.5), _POINTS), axis=1)[:, ::-1]
    # certain labels and uniform pairs, where the bounds are nearly attained
    p[:200] = np.eye(n)[0]
    p[200:400, :] = np.r_[0.5, 0.5, np.zeros(n - 2)]
    p[400:600, :] = 1 / n
    c, a = random.uniform(0, 1, _POINTS), 1 - p[:, 0]
    c[400:600] = np.linspace(a[400], 1, 200)
    scale = float(n) if loss == "constrained-hinge" else 1.0
    star = 2 * np.sqrt(a * c)
    found = [(c - np.minimum(a, c), np.where(a < c, a + c - star, 0.0))]
    for label in range(n):
        mean = _least_mean(loss, p, label)
        accepted = np.where(mean < c, 2 * np.sqrt(mean * c), mean + c) - star
        found.append((1 - p[:, label] - np.minimum(a, c), accepted))
    return (
        np.concatenate([target for target, _ in found]),
        scale * np.concatenate([surrogate for _, surrogate in found]),
    )


@CHECKS.register("one-stage-abstention")
def one_stage(loss: str, bound: str, attained: bool = False) -> Check:
    """Target regret <= bound(surrogate regret) at 20 000 p and costs for every prediction; attained
    where the slack is less than a tenth.
    """
    import sympy

    t, n = sympy.symbols("t n", positive=True)
    formula = parse_formula(bound, {"t": t, "n": n}, "the bound of an abstention loss")

    def check(problem: PointwiseProblem) -> Verdict:
        target, surrogate = _regrets(loss, problem.n)
        keep = target > 1e-9
        allowed = sympy.lambdify(t, formula.subs(n, problem.n), "numpy")(surrogate[keep])
        slack = (allowed - target[keep]) / target[keep]
        worst = int(np.argmin(slack))
        return (
            bool(slack[worst] >= -1e-9) and (not attained or bool(slack[worst] <= 0.1)),
            float(slack[worst]),
            f"{keep.sum()} points: nearest at target regret {target[keep][worst]:.6f}, surrogate "
            f"regret {surrogate[keep][worst]:.6f}",
        )

    return check


@CHECKS.register("one-stage-negative")
def one_stage_negative(cost: str = "3/5") -> Check:
    """The logistic loss in the place of l at p = (1/2, 1/2): E[l] = log 2 exceeds the cost, so the
    surrogate rejects; the error 1/2 does not, so that is wrong.
    """
    import sympy

    c = to_sympy(exact(cost, "cost"))

    def check(problem: PointwiseProblem) -> Verdict:
        del problem
        rejects = sympy.log(2) > c  # the minimiser r = log(c / log 2) / 2 is negative
        regret = c - sympy.Rational(1, 2)
        return (
            bool(rejects) and regret > 0,
            float(regret),
            f"p = (1/2, 1/2), c = {c}: at surrogate regret 0 the target regret is {regret}",
        )

    return check


@CHECKS.register("second-stage")
def second_stage(mass: str, cost: str = "9/10", inside: str = "c") -> Check:
    """mass * Gamma(t / inside) against the target regret for Phi = exp and errors of the predictor
    from 0 to 1: t = (sqrt e - sqrt c)^2, Gamma(t) = sqrt(t (2 - t)).
    """
    import sympy

    c = to_sympy(exact(cost, "cost"))
    symbol = sympy.Symbol("c", positive=True)
    outer, inner = (
        parse_formula(text, {"c": symbol}, "a mass").subs(symbol, c) for text in (mass, inside)
    )

    def check(problem: PointwiseProblem | None) -> Verdict:
        del problem
        found = []
        for step in range(0, 21):
            e = sympy.Rational(step, 20)
            t = (sympy.sqrt(e) - sympy.sqrt(c)) ** 2
            x = sympy.Min(1, t / inner)
            slack = sympy.N(outer * sympy.sqrt(x * (2 - x)) - abs(e - c), 30)
            found.append((float(slack), e, float(sympy.N(t))))
        slack, e, t_value = min(found)
        return (
            slack >= -1e-20,
            slack,
            f"c = {c}, error of the predictor {e}: surrogate regret {t_value:.6f}, target regret "
            f"{float(abs(e - c)):.4f}, slack {slack:.4f}",
        )

    return check


@CHECKS.register("second-stage-attained")
def second_stage_attained(mass: str, cost: str = "1/2", inside: str = "c") -> Check:
    """Whether the bound of `second_stage` comes within a tenth of the target regret somewhere."""
    import sympy

    c = float(exact(cost, "cost"))
    symbol = sympy.Symbol("c", positive=True)
    outer, inner = (
        float(parse_formula(text, {"c": symbol}, "a mass").subs(symbol, c))
        for text in (mass, inside)
    )

    def check(problem: PointwiseProblem) -> Verdict:
        del problem
        e = np.linspace(0, 1, 2002)
        target = np.abs(e - c)
        x = np.clip((np.sqrt(e) - np.sqrt(c)) ** 2 / inner, 0, 1)
        ratio = outer * np.sqrt(x * (2 - x)) / np.where(target > 0, target, np.inf)
        least = float(np.min(ratio[target > 0]))
        return least <= 1.1, least - 1, f"bound / target regret is at least {least:.4f}"

    return check


@CHECKS.register("two-stage")
def two_stage(mass: str, inside: str = "c") -> Check:
    """Theorem 6 for cross-entropy first and the exponential loss second, at random p, scores,
    costs and rejectors: target regret <= Gamma_1(first) + mass Gamma_2(second / inside).
    """
    import sympy

    symbol = sympy.Symbol("c", positive=True)
    outer, inner = (parse_formula(text, {"c": symbol}, "a mass") for text in (mass, inside))

    def check(problem: PointwiseProblem) -> Verdict:
        n, random = problem.n, np.random.default_rng(1)
        p = random.dirichlet(np.full(n, 0.6), _POINTS)
        scores = np.log(p) + random.normal(0, 1, (_POINTS, n)) * random.uniform(0, 1, (_POINTS, 1))
        q = np.exp(scores - scores.max(axis=1, keepdims=True))
        q /= q.sum(axis=1, keepdims=True)
        first = np.sum(p * np.log(p / q), axis=1)
        label = np.argmax(q, axis=1)
        e, best = 1 - p[np.arange(_POINTS), label], 1 - p.max(axis=1)
        c, r = random.uniform(0.05, 1, _POINTS), random.normal(0, 1, _POINTS)
        second = e * np.exp(r) + c * np.exp(-r) - 2 * np.sqrt(e * c)
        target = np.where(r > 0, e, c) - np.minimum(best, c)
        gamma_1 = np.sqrt(2 * np.maximum(first, 0))
        weights = [np.asarray(sympy.lambdify(symbol, f, "numpy")(c)) for f in (outer, inner)]
        x = np.clip(second / weights[1], 0, 1)
        slack = gamma_1 + weights[0] * np.sqrt(x * (2 - x)) - target
        return (
            bool(slack.min() >= -1e-9),
            float(slack.min()),
            f"{_POINTS} random p, scores, costs and rejectors, n = {n}",
        )

    return check


@CHECKS.register("realizable-abstention")
def realizable(psi: str) -> Check:
    """Theorem 9 on one point with cost 1/2 that the predictor labels rightly with a large margin
    and the rejector, at r = 0, rejects: L_abs = 1/2 against L = Psi(1/2) Phi(0), Phi = exp; both
    best values are 0.
    """
    import sympy

    t = sympy.Symbol("t", positive=True)
    value = parse_formula(psi, {"t": t}, "Psi").subs(t, sympy.Rational(1, 2))

    def check(problem: PointwiseProblem | None) -> Verdict:
        del problem
        slack = value - sympy.Rational(1, 2)
        return bool(slack >= 0), float(slack), f"target regret 1/2, surrogate regret {value}"

    return check
