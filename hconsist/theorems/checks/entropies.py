"""Generalized entropies of Fenchel-Young losses (Blondel, Martins, Niculae, JMLR 2020)."""

from __future__ import annotations

import itertools
from collections.abc import Callable

from hconsist.arithmetic import exact, to_sympy
from hconsist.arithmetic.exact import Value
from hconsist.pointwise import PointwiseProblem
from hconsist.theorems.checks import CHECKS, Check, Verdict

_STEPS = 12


def _grid(n: int) -> list[tuple[Value, ...]]:
    """The simplex on a grid, vertices left out, with points near a vertex."""
    import sympy

    whole = [
        tuple(sympy.Rational(k, _STEPS) for k in (*row, _STEPS - sum(row)))
        for row in itertools.product(range(_STEPS + 1), repeat=n - 1)
        if sum(row) <= _STEPS and max(*row, _STEPS - sum(row)) < _STEPS
    ]
    small = sympy.Rational(1, 10**6)
    return [*whole, (1 - small, small, *([sympy.Integer(0)] * (n - 2)))]


@CHECKS.register("separation-margin")
def separation_margin(entropy: str, order: str, margin: str) -> Check:
    """Propositions 5 and 7: sup H(p) / (1 - max p) against the margin, on a grid and near a vertex,
    where it is approached.
    """
    import sympy

    a, claimed = to_sympy(exact(order, "order")), to_sympy(exact(margin, "margin"))

    def value(p: tuple[Value, ...]) -> Value:
        if entropy == "tsallis":
            return sum(x - x**a for x in p) / (a * (a - 1))
        return 1 - sum(x**a for x in p) ** (1 / a)

    def check(problem: PointwiseProblem) -> Verdict:
        n = problem.n
        ratios = [float(sympy.N(value(p) / (1 - max(p)), 20)) for p in _grid(n)]
        top = max(ratios)
        slack = float(claimed) - top
        return (
            slack >= -1e-12 and slack <= 2e-3 * float(claimed),
            slack,
            f"{len(ratios)} points: the largest ratio is {top:.6f}, the margin {claimed}",
        )

    return check


def _hinge(t: Value) -> Value:
    return max(0, 1 + t)


def _smoothed(t: Value) -> Value:
    if t <= -1:
        return 0 * t
    return t + to_sympy(exact("1/2", "half")) if t >= 0 else (1 + t) ** 2 / 2


def _squared(t: Value) -> Value:
    return max(0, 1 + t) ** 2 / 2


_PAIRWISE: dict[str, tuple[Callable[[Value], Value], Callable[[Value, int], Value]]] = {
    "hinge": (_hinge, lambda p, d: (1 - max(p)) * d),
    "smoothed": (
        _smoothed,
        lambda p, d: -((1 - max(p)) ** 2) / 2 * sum(1 / (1 - x) for x in p) + (1 - max(p)) * d,
    ),
    "squared": (_squared, lambda p, d: d**2 / sum(1 / (1 - x) for x in p) / 2),
}


@CHECKS.register("pairwise-entropy")
def pairwise_entropy(loss: str, p: list[str], scores: list[str]) -> Check:
    """Proposition 10: the printed entropy of ``sum_{j != k} phi(theta_j - theta_k)`` is at most
    the risk of every score vector, here of one.
    """
    phi, printed = _PAIRWISE[loss]
    q = [to_sympy(exact(v, "p")) for v in p]
    theta = [to_sympy(exact(v, "scores")) for v in scores]

    def check(problem: PointwiseProblem | None) -> Verdict:
        del problem
        d = len(q)
        risk = sum(
            q[k] * sum(phi(theta[j] - theta[k]) for j in range(d) if j != k) for k in range(d)
        )
        slack = risk - printed(q, d)
        return (
            bool(slack >= 0),
            float(slack),
            f"p = ({', '.join(p)}), theta = ({', '.join(scores)}): risk {float(risk):.6f}, "
            f"printed entropy {float(printed(q, d)):.6f}",
        )

    return check


@CHECKS.register("constrained-entropy")
def constrained_entropy(loss: str) -> Check:
    """The formulas of Proposition 10 for ``sum_{j != k} phi(theta_j)`` over scores that sum to
    zero: a lower bound at every point of a grid of p and scores, attained for three labels.
    """
    phi, printed = _PAIRWISE[loss]

    def check(problem: PointwiseProblem) -> Verdict:
        import sympy

        n = problem.n
        steps = [sympy.Rational(k, 4) for k in range(-8, 9)]
        slacks: list[Value] = []

        def risk(p: list[Value], theta: tuple[Value, ...]) -> Value:
            """Label j counts where it is not the true one."""
            return sum((1 - p[j]) * phi(theta[j]) for j in range(n))

        for p in ([sympy.Rational(v, 20) for v in row] for row in ((9, 8, 3), (12, 5, 3))):
            for first, second in itertools.product(steps, repeat=2):
                slacks.append(risk(p, (first, second, -first - second)) - printed(p, n))
            if loss == "squared":  # the minimiser: (1 - p_j) (1 + theta_j) is constant
                inverses = [1 / (1 - x) for x in p]
                best = tuple(n * v / sum(inverses) - 1 for v in inverses)
                slacks.append(risk(p, best) - printed(p, n))
        return bool(min(slacks) >= 0), float(min(slacks)), f"{len(slacks)} pairs of p and scores"

    return check
