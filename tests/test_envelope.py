"""Gamma and T** between proven lines and points: against closed forms, published bounds and brute
force.
"""

from __future__ import annotations

import json
import math
from fractions import Fraction

import numpy as np
import pytest

from hconsist.arithmetic import precision
from hconsist.bounds import derive
from hconsist.engines.rigorous import envelope, transform
from hconsist.engines.rigorous.supports import tie_curvature
from hconsist.errors import EngineCannotAnswerError, InvalidInputError
from hconsist.losses import LDR, CompSum, parse_loss
from hconsist.pointwise import PointwiseProblem

EXCESSES = tuple(Fraction(s) for s in ("1/10000", "1/1000", "1/100", "1/10", "3/10", "1/2", "1"))
FINE = Fraction(1, 10**6)


def published(tau: Fraction, n: int, u: float) -> float:
    """The bounds of Mao, Mohri, Zhong (ICML 2023) on Gamma of comp-sum losses."""
    if tau < 1:
        return math.sqrt(2 ** float(tau) * (2 - float(tau)) * u)
    if tau < 2:
        return math.sqrt(2 * n ** (float(tau) - 1) * u)
    return float(tau - 1) * n ** (float(tau) - 1) * u


@pytest.mark.parametrize("n", [2, 3, 10])
@pytest.mark.parametrize("spec", ["sum-exp", "logistic", "gce:q=0.3", "gce:q=0.7", "mae"])
def test_gamma_of_comp_sum_losses_is_tight_and_agrees_with_the_closed_form(
    spec: str, n: int
) -> None:
    problem = PointwiseProblem(spec, n_classes=n)
    proven, closed = envelope(problem), derive(spec, n_classes=n, engine="symbolic")
    for u in EXCESSES[::2]:
        low, high, reason = proven.gamma(u, FINE)
        assert reason == ""
        assert high - low <= FINE * high
        exact = closed.bound(u)
        assert low <= exact.upper
        assert exact.lower is None or exact.lower <= high
        assert float(high) <= min(1.0, published(problem.surrogate.tau, n, float(u))) * (1 + 1e-6)


@pytest.mark.parametrize(
    ("spec", "hypotheses"),
    [
        ("hinge", "complete"),
        ("hinge", "bounded:0.4"),
        ("squared-hinge", "bounded:2.5"),
        ("margin-logistic", "bounded:1"),
        ("exponential", "complete"),
        ("ldr:lam=1/2,c=0", "complete"),
        ("softmax:(1 - u)**2", "complete"),
        ("sigmoid:k=2", "complete"),
        ("sigmoid:k=2", "bounded:0.4"),
        ("rho-margin:rho=2", "bounded:1"),
        ("ramp", "complete"),
    ],
)
def test_gamma_of_two_labels(spec: str, hypotheses: str) -> None:
    proven = envelope(PointwiseProblem(spec, hypotheses=hypotheses, n_classes=2))
    closed = derive(spec, hypotheses=hypotheses, engine="symbolic")
    for u in EXCESSES:
        low, high, _ = proven.gamma(u, FINE)
        exact = closed.bound(u)
        assert low <= exact.upper and (exact.lower is None or exact.lower <= high)
        assert high - low <= FINE * high


def test_every_line_stays_below_random_points_and_a_lifted_one_does_not() -> None:
    """T of GCE at n = 3 by the formula of C* and pooling, written out again here."""
    tau, n = 1.8, 3
    a = 1 / (2 - tau)
    proven = envelope(PointwiseProblem(CompSum("9/5"), n_classes=n))
    for u in EXCESSES[:-1]:
        proven.gamma(u, FINE)
    random = np.random.default_rng(0)
    points = []
    for p in np.sort(
        np.vstack([random.dirichlet(np.full(n, s), 3000) for s in (0.3, 1, 10)]), axis=1
    )[:, ::-1]:
        for j in (1, 2):
            others = np.sort(np.delete(p, j))[::-1]
            total, size = p[j], 1
            while size < n and others[size - 1] * size > total:
                total, size = total + others[size - 1], size + 1
            pooled = np.concatenate([np.full(size, total / size), others[size - 1 :]])
            points.append(
                (p[0] - p[j], ((p**a).sum() ** (1 / a) - (pooled**a).sum() ** (1 / a)) / (tau - 1))
            )
    b, value = np.array(points).T
    slack = [
        float(np.min(value - float(line.slope) * b + float(line.offset))) for line in proven.lines
    ]
    assert min(slack) >= -1e-12
    assert min(slack) <= 1e-4  # random points come close to the lines


def test_mae_is_exact_in_two_lines() -> None:
    """For n = 3 the envelope of T runs through (0, 0), (1/2, 1/6) and (1, 1/2)."""
    proven = envelope(PointwiseProblem("mae", n_classes=3))
    for u in EXCESSES:
        low, high, _ = proven.gamma(u, Fraction(1, 10**15))
        truth = min(Fraction(1), 3 * u if u <= Fraction(1, 6) else Fraction(1, 4) + u * 3 / 2)
        assert low <= truth <= high
    assert len(proven.lines) <= 3


def test_constrained_hinge_is_n_times_mae() -> None:
    proven, mae = (
        envelope(PointwiseProblem("constrained:phi=hinge", n_classes=5)),
        envelope(PointwiseProblem("mae", n_classes=5)),
    )
    for u in EXCESSES:
        low, high, _ = proven.gamma(u, FINE)
        least, most, _ = mae.gamma(u / 5, FINE)
        assert low <= most and least <= high and high - low <= FINE * high


@pytest.mark.parametrize(
    ("spec", "n"),
    [
        ("ldr:lam=0.25,c=1", 3),
        ("softmax:-log(u)", 3),
        pytest.param("constrained:phi=exponential", 3, marks=pytest.mark.slow),
    ],
)
def test_gamma_by_search_agrees_with_t_at_points(spec: str, n: int) -> None:
    """T**(Gamma(u)) = u: the enclosures of T at points, which know nothing of lines, must allow
    it.
    """
    problem = PointwiseProblem(spec, n_classes=n)
    proven, u = envelope(problem), Fraction(1, 10)
    low, high, reason = proven.gamma(u, Fraction(1, 200))
    assert reason == "" and high - low <= high / 200
    for line in proven.lines:
        for beta in (Fraction(1, 10), high, Fraction(9, 10)):
            assert line(beta) <= transform(problem, beta, width=1e-4).upper
    # T is convex in the middle for these losses, so T(Gamma) is the excess up to the widths.
    assert transform(problem, low, width=1e-4).lower <= u + Fraction(1, 10**4)
    assert transform(problem, high, width=1e-4).upper >= u - Fraction(1, 10**4)


def test_gamma_of_top_k_targets() -> None:
    """Theorem E: with 2k labels that of one label; with fewer labels the bound is better."""
    one, u = (
        envelope(PointwiseProblem("logistic", n_classes=6)).gamma(Fraction(1, 10), FINE),
        Fraction(1, 10),
    )
    assert envelope(PointwiseProblem("logistic", "top-k:3", n_classes=6)).gamma(u, FINE) == one
    low, high, reason = envelope(PointwiseProblem("logistic", "top-k:2", n_classes=3)).gamma(
        u, Fraction(1, 100)
    )
    assert reason == "" and low <= high < one[0]
    problem = PointwiseProblem("logistic", "top-k:2", n_classes=3)
    assert transform(problem, high, width=1e-4).upper >= u - Fraction(1, 1000)


@pytest.mark.parametrize("c", [0, "1/2", 3])
def test_theorem_k_bounds_ldr_below_for_every_margin(c: object) -> None:
    from hconsist.engines import numeric

    for n in (2, 3):
        for lam in ("1/4", 1):
            problem = PointwiseProblem(LDR(lam=lam, c=c), n_classes=n)
            for answer, b in zip(
                numeric.sweep(problem, [Fraction(1, 20), Fraction(1, 2)]), (0.05, 0.5), strict=True
            ):
                assert answer.estimate >= float(Fraction(lam)) * b * b / 2 - 1e-9


@pytest.mark.parametrize(
    ("spec", "limit"), [("softmax:-log(u)", 1 / 2), ("softmax:(1 - u)**2", 1 / 4)]
)
def test_the_curvature_at_a_tie_is_proven_and_nearly_exact_near_zero(
    spec: str, limit: float
) -> None:
    """T(b) = limit b^2 + ... for these; a curvature above it would be false, one well below it
    useless.
    """
    for n in (3, 10):
        with precision(96):
            found = tie_curvature(parse_loss(spec).of_softmax, n)
        assert [reach for reach, _ in found] == sorted(reach for reach, _ in found) and found[-1][
            0
        ] == 1
        assert 0.96 * limit <= float(found[0][1]) <= limit
        for reach, c in found:
            low = transform(PointwiseProblem(spec, n_classes=2), reach).upper
            assert c * reach**2 <= low


def test_small_excesses_of_an_own_loss_are_bounded_near_the_truth_whatever_the_budget() -> None:
    proven = envelope(PointwiseProblem("softmax:-log(u)", n_classes=5))
    low, high, reason = proven.gamma(Fraction(1, 10**6), Fraction(1, 10**6), time_budget=2.0)
    assert float(low) <= 1.41422e-3
    assert 1.4142e-3 <= float(high) <= 1.47e-3  # sqrt(2 u)
    assert reason or high - low <= low * Fraction(1, 10**6)  # as close as asked, or told


def test_a_search_that_runs_out_of_time_says_so_and_stays_proven() -> None:
    proven = envelope(PointwiseProblem("ldr:lam=1,c=1", n_classes=4))
    low, high, reason = proven.gamma(Fraction(1, 100), Fraction(1, 10**6), time_budget=0.5)
    assert "time budget" in reason
    assert 0 < low < high <= 1
    assert float(high) ** 2 / 2 >= 0.01  # theorem K: T >= b^2/2 for lam = 1, so Gamma <= sqrt(2 u)
    assert low <= Fraction(1415, 10000)


def test_at_zero_excess_gamma_is_proven_small() -> None:
    low, high, _ = envelope(PointwiseProblem("gce:q=0.7", n_classes=4)).gamma(Fraction(0), FINE)
    assert low == 0
    assert high < Fraction(1, 10**10)


def test_the_envelope_is_enclosed() -> None:
    proven = envelope(PointwiseProblem("logistic", n_classes=5))
    for b in (Fraction(1, 1000), Fraction(1, 3), Fraction(1)):
        x = float(b)
        exact = sum((1 + s * x) / 2 * math.log1p(s * x) for s in (1, -1) if s * x > -1)
        low, high, _ = proven.value(b, FINE)
        assert float(low) * (1 - 1e-12) <= exact <= float(high) * (1 + 1e-9)
        assert high - low <= FINE * high
    curve = derive("logistic", n_classes=5, engine="rigorous").envelope_curve([0.0, 0.5, 1.0])
    assert (
        curve[0] == 0
        and 0.1307 < curve[1] <= 0.13081203594113696
        and 0.693 < curve[2] <= math.log(2)
    )


def test_a_spent_budget_leaves_a_proven_answer_with_its_reason_and_nothing_is_lost() -> None:
    bound = derive("gce:q=0.7", n_classes=3, engine="rigorous")
    saved: list[dict] = []
    rough = bound.bound("1/100", time_budget=0.0)
    assert "time budget" in rough.reason
    assert rough.lower < rough.upper == 1
    fine = bound.bound("1/100", checkpoint=saved.append)
    assert fine.reason == ""
    assert rough.lower <= fine.lower <= fine.upper <= rough.upper
    again = derive("gce:q=0.7", n_classes=3, engine="rigorous")
    lines = []
    resumed = again.bound("1/100", resume=json.loads(json.dumps(saved[-1])), progress=lines.append)
    assert (resumed.lower, resumed.upper, lines) == (fine.lower, fine.upper, [])


def test_an_interrupt_ends_with_what_is_proven() -> None:
    bound, saved, seen = derive("logistic", n_classes=2, engine="rigorous"), [], []

    def interrupt(line: str) -> None:
        seen.append(line)
        if len(seen) == 5:
            raise KeyboardInterrupt

    answer = bound.bound("1/100", progress=interrupt, checkpoint=saved.append)
    assert "interrupted after 5" in answer.reason
    assert answer.lower < Fraction(1411851, 10**7) < answer.upper
    assert len(saved[-1]["lines"]) == 5


def test_a_changed_or_foreign_checkpoint_is_refused() -> None:
    saved: list[dict] = []
    derive("logistic", n_classes=2, engine="rigorous").bound("1/10", checkpoint=saved.append)
    changed = json.loads(json.dumps(saved[-1]))
    changed["lines"][0][1] = "-1"
    with pytest.raises(InvalidInputError, match="as it was written"):
        derive("logistic", n_classes=2, engine="rigorous").bound("1/10", resume=changed)
    with pytest.raises(InvalidInputError, match="same problem"):
        derive("logistic", n_classes=3, engine="rigorous").bound("1/10", resume=saved[-1])


def test_options_of_the_rigorous_engine_are_refused_elsewhere() -> None:
    with pytest.raises(InvalidInputError, match="tolerance is for the rigorous engine"):
        derive("logistic", n_classes=2, engine="symbolic").bound("1/10", tolerance=0.1)
    for wrong in (0, 1, -1, "x"):
        with pytest.raises(InvalidInputError, match="tolerance"):
            derive("logistic", n_classes=2, engine="rigorous").bound("1/10", tolerance=wrong)


def test_precision_is_left_alone_and_losses_without_lines_are_refused() -> None:
    with precision(77):
        import flint

        envelope(PointwiseProblem("logistic")).gamma(Fraction(1, 10), FINE)
        assert flint.ctx.prec == 77
    with pytest.raises(EngineCannotAnswerError):
        envelope(PointwiseProblem("max:phi=exponential", n_classes=3))
