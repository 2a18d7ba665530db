"""Losses with kinks: theorem F, linear programs written anew, fine grids of scores, and the direct
search.
"""

from __future__ import annotations

import subprocess
import sys
from fractions import Fraction
from itertools import permutations, product

import numpy as np
import pytest
from scipy.optimize import linprog

from hconsist.arithmetic import NUMPY
from hconsist.engines.numeric import sweep, transform
from hconsist.engines.numeric.kinked import score_vertices
from hconsist.losses import parse_loss
from hconsist.pointwise import PointwiseProblem


@pytest.mark.parametrize("n", [2, 3, 4, 5, 6, 10])
def test_constrained_hinge_follows_theorem_f(n: int) -> None:
    betas = [0, Fraction(1, 1000), 0.05, Fraction(1, 7), 0.2, Fraction(1, 3), 0.4, 0.5, 0.75, 1]
    expected = [
        float(n * min(max(Fraction(b) / k, Fraction(b) - Fraction(1, k)) for k in range(2, n + 1)))
        for b in betas
    ]
    answers = sweep(PointwiseProblem("constrained:phi=hinge", n_classes=n), betas)
    assert [a.estimate for a in answers] == pytest.approx(expected, abs=1e-12)


def hinge_risk(
    kind: str, p: np.ndarray, predicted: tuple[int, ...] = (), bound: float | None = None
) -> float:
    """Best-in-class risk of the constrained, sum or max hinge as a linear program with a slack for
    every hinge.
    """
    n = p.size
    rows, right = [], []
    pairs = [(y, k) for y in range(n) for k in range(n) if y != k]
    slacks = pairs if kind == "sum" else list(range(n))
    cost = np.concatenate(
        [np.zeros(n), [p[y] for y, _ in pairs] if kind == "sum" else p if kind == "max" else 1 - p]
    )
    for y, k in pairs if kind != "constrained" else [(k, k) for k in range(n)]:
        row = np.zeros(n + len(slacks))
        if kind == "constrained":
            row[k] = 1.0
        else:
            row[y], row[k] = -1.0, 1.0
        row[n + (slacks.index((y, k)) if kind == "sum" else y)] = -1.0
        rows.append(row)
        right.append(-1.0)
    for j in predicted:
        for i in set(range(n)) - set(predicted):
            row = np.zeros(n + len(slacks))
            row[j], row[i] = -1.0, 1.0
            rows.append(row)
            right.append(0.0)
    zero_sum = (
        np.concatenate([np.ones(n), np.zeros(len(slacks))])[None] if kind == "constrained" else None
    )
    limits = [(None, None) if bound is None else (-bound, bound)] * n + [(0, None)] * len(slacks)
    result = linprog(
        cost, rows, right, zero_sum, None if zero_sum is None else [0.0], limits, method="highs"
    )
    assert result.status == 0
    return float(result.fun)


@pytest.mark.parametrize("kind", ["constrained", "sum", "max"])
@pytest.mark.parametrize(
    ("n", "k", "bound"), [(3, 1, None), (5, 1, None), (4, 2, None), (3, 1, 0.7), (4, 1, 1.3)]
)
def test_hinge_losses_against_linear_programs_over_the_scores(
    kind: str, n: int, k: int, bound: float | None
) -> None:
    betas = [0.1, 0.35, 0.6, 0.9]
    hypotheses = "complete" if bound is None else f"bounded:{bound}"
    problem = PointwiseProblem(
        f"{kind}:phi=hinge", target=f"top-k:{k}", hypotheses=hypotheses, n_classes=n
    )
    answers = sweep(problem, betas)
    for beta, answer in zip(betas, answers, strict=True):
        witness = answer.witness
        assert witness is not None and answer.estimate is not None
        p = np.array(witness.p)
        assert float(problem.target_regret(p, list(witness.predicted))) >= beta - 1e-12
        scores = np.array(witness.scores)
        assert (
            scores[list(witness.predicted)].min()
            >= np.delete(scores, witness.predicted).max() - 1e-12
        )
        exact = hinge_risk(kind, p, witness.predicted, bound) - hinge_risk(kind, p, bound=bound)
        assert answer.estimate == pytest.approx(exact, abs=1e-9)
    # no point is better: distributions of all kinds, each at its own target regret, which T at the
    # next smaller beta bounds
    rng = np.random.default_rng(n)
    predicted = tuple(range(1, k + 1))
    for i in range(30):
        p = (
            rng.dirichlet(np.full(n, rng.choice([0.2, 1.0, 5.0])))
            if i % 3
            else rng.multinomial(6, np.full(n, 1 / n)) / 6
        )
        reached = float(problem.target_regret(p, list(predicted))) + 1e-12
        below = [a.estimate for b, a in zip(betas, answers, strict=True) if b <= reached]
        if below:
            regret = hinge_risk(kind, p, predicted, bound) - hinge_risk(kind, p, bound=bound)
            assert regret >= max(below) - 1e-9


@pytest.mark.parametrize(
    ("spec", "hypotheses"),
    [
        ("sum:phi=ramp", "complete"),
        ("max:phi=rho-margin,rho=0.5", "complete"),
        ("constrained:phi=ramp", "complete"),
        ("constrained:phi=rho-margin", "bounded:0.75"),
        ("comp-sum-margin:phi=hinge,tau=1", "bounded:0.75"),
        ("comp-sum-margin:phi=rho-margin,tau=1.5", "complete"),
        ("max:phi=ramp", "bounded:0.75"),
        ("mae", "bounded:0.75"),
        ("ldr-k:k=2,c=0.5", "bounded:0.75"),
    ],
)
def test_no_score_of_a_fine_grid_beats_the_vertices(spec: str, hypotheses: str) -> None:
    n, step = 3, 0.25
    problem = PointwiseProblem(spec, hypotheses=hypotheses, n_classes=n)
    reach = 3.0 if hypotheses == "complete" else 0.75
    grid = np.array(list(product(np.arange(-reach, reach + step / 2, step), repeat=n)))
    if problem.surrogate.sum_to_zero:
        grid = grid[:, :-1]
        grid = np.concatenate([grid, -grid.sum(axis=1, keepdims=True)], axis=1)
        grid = np.unique(
            grid[
                np.max(np.abs(grid), axis=1) <= (2 * reach if hypotheses == "complete" else reach)
            ],
            axis=0,
        )
    vertices = score_vertices(problem)
    assert vertices is not None
    vertices = np.unique([list(v) for row in vertices for v in permutations(row)], axis=0)
    rng = np.random.default_rng(1)
    for _ in range(60):
        p = rng.dirichlet(np.full(n, rng.choice([0.3, 1.0, 4.0])))
        risks = [problem.conditional_risk(s, p) for s in (vertices, grid)]
        assert risks[0].min() <= risks[1].min() + 1e-12
        tied = [
            r[s[:, 1] >= s.max(axis=1) - 1e-12]
            for r, s in zip(risks, (vertices, grid), strict=True)
        ]
        assert tied[0].min() <= tied[1].min() + 1e-12


def test_weston_watkins_and_crammer_singer_on_two_hundred_betas() -> None:
    betas = np.linspace(0.005, 1.0, 200)
    crammer = [
        a.estimate for a in sweep(PointwiseProblem("max:phi=hinge", n_classes=8), betas.tolist())
    ]
    assert crammer == pytest.approx(np.maximum(0.0, 2 * betas - 1).tolist(), abs=1e-12)
    weston = np.array(
        [a.estimate for a in sweep(PointwiseProblem("sum:phi=hinge", n_classes=3), betas.tolist())]
    )
    assert np.interp([0.02, 0.05, 0.1, 0.2, 0.3, 0.5], betas, weston) == pytest.approx(
        [0, 0, 0, 0.04, 0.16, 0.4], abs=1e-12
    )
    assert np.diff(weston).min() > -1e-12


def test_a_risk_unbounded_below_has_no_regret() -> None:
    few, many = sweep(PointwiseProblem("ldr-k:k=2,c=1", n_classes=3), [0.3, 0.8])
    assert few.estimate == pytest.approx(0.2, abs=1e-12)
    assert many.estimate is None and "unbounded below" in many.reason
    linear = transform(PointwiseProblem("ldr-k:k=3,c=1", n_classes=3), 0.3)
    assert linear.estimate is None and "unbounded below" in linear.reason


def test_kinks_of_margin_losses_are_where_they_bend() -> None:
    for spec in ("hinge", "ramp", "rho-margin:rho=2"):
        loss = parse_loss(spec)
        u = np.linspace(-4, 4, 1601)
        value = loss.of_margin(u, NUMPY)  # type: ignore[attr-defined]
        bends = u[1:-1][np.abs(np.diff(value, 2)) > 1e-9]
        assert bends.tolist() == pytest.approx(sorted(float(v) for v in loss.kinks))  # type: ignore[attr-defined]


@pytest.mark.parametrize(("tau", "n", "k"), [("2", 5, 2), ("2.5", 6, 3), ("3", 4, 3)])
def test_top_k_with_tau_of_two_or_more_against_the_vertices_of_the_softmax(
    tau: str, n: int, k: int
) -> None:
    # the infimum over { S : S_i >= S_m for i predicted } of a concave risk is at S uniform on a set
    # of labels
    t, betas = float(tau), [0.2, 0.5, 0.8, 0.95]
    problem = PointwiseProblem(f"comp-sum:tau={tau}", target=f"top-k:{k}", n_classes=n)
    answers = sweep(problem, betas)

    def regret(p: np.ndarray, predicted: tuple[int, ...]) -> float:
        gains = []
        for members in (np.array(m, dtype=bool) for m in product((False, True), repeat=n)):
            inside = members[list(predicted)].all() or not np.delete(members, predicted).any()
            if members.any() and inside:
                gains.append(members.sum() ** (1 - t) * p[members].sum())
        return float(p.max() - max(gains)) / (t - 1)

    for beta, answer in zip(betas, answers, strict=True):
        witness = answer.witness
        assert witness is not None
        assert float(problem.target_regret(witness.p, witness.predicted)) >= beta - 1e-12
        assert answer.estimate == pytest.approx(
            regret(np.array(witness.p), witness.predicted), abs=1e-9
        )
    rng = np.random.default_rng(n)
    for i in range(200):
        p = rng.multinomial(8, np.full(n, 1 / n)) / 8 if i % 2 else rng.dirichlet(np.full(n, 0.3))
        predicted = tuple(np.argsort(p)[:k].tolist())
        below = [
            a.estimate
            for b, a in zip(betas, answers, strict=True)
            if b <= problem.target_regret(p, list(predicted)) + 1e-12
        ]
        assert regret(p, predicted) >= max(below, default=0.0) - 1e-12


def test_other_users_of_highs_in_the_process_do_no_harm() -> None:
    """HiGHS has one scheduler a process: whoever solves first, here CVXPY, sets its number of
    threads.
    """
    code = (
        "import cvxpy as cp; x = cp.Variable(2); cp.Problem(cp.Minimize(cp.sum(x)), [x >= "
        "1]).solve(solver='HIGHS')\n"
        "from hconsist.engines.numeric import sweep; from hconsist.pointwise import "
        "PointwiseProblem\n"
        "print(sweep(PointwiseProblem('constrained:phi=hinge', n_classes=3), [0.3])[0].estimate)"
    )
    shown = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout
    assert float(shown.split()[-1]) == pytest.approx(0.3, abs=1e-12)
