"""The rigorous engine: enclosures against closed forms and against brute force."""

from __future__ import annotations

import itertools
import json
import math
from fractions import Fraction

import flint
import numpy as np
import pytest

from hconsist.arithmetic import BALLS, endpoints, precision
from hconsist.bounds import derive
from hconsist.engines import transform as ask
from hconsist.engines.rigorous import best_in_class_risk, minimizability_gap, transform
from hconsist.engines.rigorous.risk import SoftmaxRisk, pool
from hconsist.errors import EngineCannotAnswerError, InvalidInputError
from hconsist.losses import CompSum
from hconsist.pointwise import PointwiseProblem

NINE_DIGITS = Fraction(1, 10**9)


def two_labels(tau: Fraction, b: Fraction) -> flint.arb:
    """The two-class transformation, from the closed form, as a ball."""
    with precision(128):
        one, half, ball = flint.arb(1), flint.arb(1) / 2, BALLS.const(b)
        if tau == 1:
            parts = [
                (one + s * ball) / 2 * (one + s * ball).log() for s in (1, -1) if 1 + s * b > 0
            ]
            return sum(parts[1:], parts[0])
        a = 1 / (2 - tau)
        mean = (BALLS.power(one + ball, a) + BALLS.power(one - ball, a)) * half
        return (
            BALLS.power(BALLS.const(2), 1 - tau)
            / BALLS.const(tau - 1)
            * (BALLS.power(mean, 1 / a) - one)
        )


def inside(answer, ball: flint.arb) -> bool:
    low, high = endpoints(ball)
    return answer.lower <= high and low <= answer.upper


@pytest.mark.parametrize("n", [2, 3, 10, 1000])
@pytest.mark.parametrize("tau", ["0", "1/2", "1", "6/5", "3/2"])
@pytest.mark.parametrize("b", ["1/100", "1/3", "9/10", "1"])
def test_up_to_three_halves_t_is_the_two_class_formula(tau: str, n: int, b: str) -> None:
    answer = transform(PointwiseProblem(CompSum(tau), n_classes=n), Fraction(b))
    assert answer.width <= 1e-9
    assert inside(answer, two_labels(Fraction(tau), Fraction(b)))


@pytest.mark.parametrize("n", [2, 3, 7, 10])
def test_mae_is_the_minimum_over_pools(n: int) -> None:
    for b in (Fraction(1, 50), Fraction(1, 5), Fraction(1, 3), Fraction(3, 4), Fraction(1)):
        exact = min(max(b / k, b - Fraction(1, k)) for k in range(2, n + 1))
        answer = transform(PointwiseProblem("mae", n_classes=n), b)
        assert answer.lower <= exact <= answer.upper
        assert answer.width <= 1e-9


@pytest.mark.parametrize("n", [3, 10])
@pytest.mark.parametrize("b", ["1/20", "1/2", "4/5"])
def test_gce_is_enclosed_to_nine_digits_and_below_every_random_point(n: int, b: str) -> None:
    tau = Fraction(17, 10)
    answer = transform(PointwiseProblem(CompSum(tau), n_classes=n), Fraction(b))
    assert answer.width <= 1e-9
    a, random = 1 / (2 - float(tau)), np.random.default_rng(1)
    least = math.inf
    for _ in range(4000):
        rest = random.dirichlet(np.full(n - 1, random.choice([0.2, 1.0, 30.0])))
        gap = float(Fraction(b))
        rest *= (1 - gap) / rest.sum()
        p = np.array([rest[0] / 2 + gap, rest[0] / 2, *rest[1:]])
        if p.max() > p[0]:
            continue
        order = np.sort(np.delete(p, 1))[::-1]
        total, size = p[1], 1
        for value in order:
            if value * size <= total:
                break
            total, size = total + value, size + 1
        pooled = np.concatenate([np.full(size, total / size), order[size - 1 :]])
        least = min(
            least, ((p**a).sum() ** (1 / a) - (pooled**a).sum() ** (1 / a)) / (float(tau) - 1)
        )
    assert float(answer.lower) <= least + 1e-12 < math.inf


def test_small_pools_beat_the_two_class_formula_above_three_halves() -> None:
    answer = transform(PointwiseProblem("comp-sum:tau=1.9", n_classes=3), Fraction(1, 2))
    assert answer.upper < endpoints(two_labels(Fraction(19, 10), Fraction(1, 2)))[0] - Fraction(
        1, 20
    )


@pytest.mark.parametrize("tau", ["5/2", "4"])
@pytest.mark.parametrize("n", [2, 3, 4])
def test_above_two_no_vertex_is_better(tau: str, n: int) -> None:
    problem = PointwiseProblem(CompSum(tau), n_classes=n)
    b = Fraction(2, 5)
    answer = transform(problem, b)
    least = math.inf
    grid = 20
    for cuts in itertools.product(range(grid + 1), repeat=n - 1):
        if sum(cuts) > grid:
            continue
        p = np.array([*cuts, grid - sum(cuts)]) / grid
        if p.max() - p[0] < float(b) - 1e-12:
            continue
        for size in range(1, n + 1):
            members = [0, *(1 + np.argsort(p[1:])[::-1][: size - 1])]
            s = np.zeros(n)
            s[members] = 1 / size
            losses = (s ** (float(Fraction(tau)) - 1) - 1) / (1 - float(Fraction(tau)))
            best = (1 - p.max()) / (float(Fraction(tau)) - 1)
            least = min(least, float(p @ losses) - best)
    assert float(answer.lower) <= least + 1e-12
    assert least <= float(answer.upper) + 0.05  # the grid contains points near the minimiser


def test_the_witness_reproduces_the_upper_side() -> None:
    problem = PointwiseProblem("comp-sum:tau=1.7", n_classes=5)
    answer = transform(problem, Fraction(1, 2))
    p = np.array([float(v) for v in answer.witness.p])
    assert sum(answer.witness.p) == 1
    assert answer.witness.p[0] - answer.witness.p[1] == Fraction(1, 2)
    scores = np.array(answer.witness.scores)
    assert scores[1] == scores.max()
    a = 1 / 0.3
    best = (1 - (p**a).sum() ** (1 / a)) / 0.7
    assert float(problem.conditional_risk(scores, p)) - best == pytest.approx(
        float(answer.upper), abs=1e-9
    )


def test_best_in_class_risk_is_enclosed() -> None:
    with precision(128):
        for tau in (Fraction(1, 2), Fraction(3, 2), Fraction(19, 10)):
            risk = SoftmaxRisk(CompSum(tau).separable)
            values, counts = (Fraction(1, 2), Fraction(1, 6), Fraction(0)), (1, 3, 2)
            low, high = risk.best_in_class(values, counts)
            a = 1 / (2 - tau)
            powers = BALLS.power(BALLS.const(values[0]), a) + 3 * BALLS.power(
                BALLS.const(values[1]), a
            )
            exact = (BALLS.power(powers, 1 / a) - 1) / BALLS.const(1 - tau)
            assert low.lower() <= exact.upper()
            assert exact.lower() <= high.upper()
            assert endpoints(high)[1] - endpoints(low)[0] < Fraction(1, 10**12)


def test_pool_takes_the_smallest_set() -> None:
    q, sizes, members = pool(
        (Fraction(1, 2), Fraction(0), Fraction(3, 10), Fraction(1, 5)), (1, 1, 1, 1), 1
    )
    assert (q[0], sizes[0], set(members)) == (Fraction(4, 15), 3, {0, 1, 2})


def test_pooling_over_sets_is_the_best_tied_distribution() -> None:
    """Isotonic regression by brute force: the pooled p is the one of least distance with K on top
    (a property of averages).
    """
    from hconsist.engines.rigorous.risk import pool_set

    assert pool_set((Fraction(1, 2), Fraction(3, 10), Fraction(1, 5)), (0, 1)) == (
        (Fraction(1, 2), Fraction(3, 10), Fraction(1, 5)),
        (1, 1, 1),
        (),
    )
    random = np.random.default_rng(3)
    for _ in range(60):
        cuts = sorted(random.integers(0, 60, 4))
        p = tuple(Fraction(int(v), 60) for v in np.diff([0, *cuts, 60]))
        K = tuple(int(i) for i in random.choice(5, 2, replace=False))
        values, counts, members = pool_set(p, K)
        flat = dict(zip(members, [values[0]] * len(members), strict=True))
        rest = iter(values[1:] if members else values)
        q = [flat[i] if i in flat else next(rest) for i in range(5)]
        assert sum(q) == 1 and sum(v * c for v, c in zip(values, counts, strict=True)) == 1
        assert min(q[i] for i in K) >= max(q[i] for i in range(5) if i not in K)
        distance = sum((a - b) ** 2 for a, b in zip(p, q, strict=True))
        for level in sorted(set(p) | {sum(p) / 5}):
            other = [max(v, level) if i in K else min(v, level) for i, v in enumerate(p)]
            assert distance <= sum((a - b) ** 2 for a, b in zip(p, other, strict=True))


@pytest.mark.parametrize(
    ("spec", "n", "k"),
    [
        ("logistic", 3, 2),
        ("logistic", 4, 2),
        ("logistic", 9, 4),
        ("gce:q=0.7", 3, 2),
        ("gce:q=0.7", 4, 3),
        ("ldr:lam=1,c=1", 4, 2),
    ],
)
def test_top_k_targets_agree_with_the_numeric_engine(spec: str, n: int, k: int) -> None:
    from hconsist.engines import numeric

    problem = PointwiseProblem(spec, f"top-k:{k}", n_classes=n)
    for b in (Fraction(1, 4), Fraction(3, 5)):
        answer = transform(problem, b, width=1e-3)
        estimate = numeric.transform(problem, b).estimate
        assert float(answer.lower) - 1e-9 <= estimate <= float(answer.upper) + 1e-9
        assert answer.width <= 1e-3
        p, scores = [float(v) for v in answer.witness.p], np.array(answer.witness.scores)
        assert float(problem.target_regret(p, answer.witness.predicted)) == pytest.approx(float(b))
        others = [i for i in range(n) if i not in answer.witness.predicted]
        assert scores[list(answer.witness.predicted)].min() >= scores[others].max() - 1e-9


def test_top_k_regions_cover_every_distribution_of_their_regret() -> None:
    """A random distribution with sorted groups is a mean of the vertices of exactly the simplices
    that contain it.
    """
    from scipy.optimize import linprog

    from hconsist.engines.rigorous.regions import top_k_regions

    random, n, k, b = np.random.default_rng(5), 5, 2, Fraction(1, 4)
    regions = top_k_regions(n, k, b)
    for _ in range(30):
        swapped = int(random.integers(1, 3))
        low = random.uniform(0, 1, swapped)
        high = random.uniform(0, 1, swapped)
        rest = random.uniform(0, 1, n - 2 * swapped)
        x = random.uniform(0, 0.375)
        p = np.concatenate(
            [
                np.sort(high / high.sum())[::-1] * (x + 0.25),
                np.sort(low / low.sum())[::-1] * x,
                np.sort(rest[: k - swapped])[::-1],
                np.sort(rest[k - swapped :])[::-1],
            ]
        )
        p[2 * swapped :] *= (0.75 - 2 * x) / rest.sum()
        inside = 0
        for s in (r for r in regions if r.swapped == swapped):
            vertices = np.array([[float(v) for v in vertex] for vertex in s.vertices]).T
            system = np.vstack([vertices, np.ones(vertices.shape[1])])
            inside += linprog(np.zeros(vertices.shape[1]), A_eq=system, b_eq=[*p, 1.0]).status == 0
        assert inside >= 1


def test_top_k_targets_without_a_method_are_refused_with_the_reason() -> None:
    for spec, n, reason in (
        ("hinge", 2, "top-k"),
        ("constrained:phi=exponential", 4, "convex in the softmax"),
    ):
        with pytest.raises((EngineCannotAnswerError, InvalidInputError), match=reason):
            transform(PointwiseProblem(spec, "top-k:2", n_classes=n), Fraction(1, 2))
    wide = transform(PointwiseProblem("weston-watkins", "top-k:2", n_classes=6), Fraction(1, 2))
    assert wide.lower == 0 < wide.upper
    assert "no lower bound" in wide.reason


def test_a_small_budget_still_gives_a_theorem() -> None:
    problem = PointwiseProblem("comp-sum:tau=1.9", n_classes=10)
    rough = transform(problem, Fraction(1, 2), max_boxes=40)
    fine = transform(problem, Fraction(1, 2), width=1e-6)
    assert "budget" in rough.reason
    assert rough.lower <= fine.upper
    assert fine.lower <= rough.upper
    assert rough.width > fine.width


def test_an_interrupted_search_goes_on_where_it_stopped() -> None:
    problem, b = PointwiseProblem("ldr:lam=1,c=1", n_classes=3), Fraction(1, 10)
    whole, seen = transform(problem, b, width=1e-7), []
    first: list[dict] = []
    part = transform(problem, b, width=1e-7, max_boxes=40, checkpoint=first.append)
    assert "box budget" in part.reason
    assert part.lower <= whole.lower and whole.upper <= part.upper
    saved = json.loads(json.dumps(first[-1]))

    def interrupt(boxes: int, lower: float, upper: float) -> None:
        seen.append(boxes)
        raise KeyboardInterrupt

    second: list[dict] = []
    stopped = transform(
        problem, b, width=1e-9, resume=saved, progress=interrupt, checkpoint=second.append
    )
    assert "interrupted" in stopped.reason
    assert second[-1]["boxes"] == seen[0] > saved["boxes"]
    resumed = transform(
        problem, b, width=1e-7, resume=second[-1], progress=lambda boxes, *_: seen.append(boxes)
    )
    assert resumed.reason == ""
    assert resumed.width <= 1e-7
    assert resumed.lower <= whole.upper and whole.lower <= resumed.upper
    with pytest.raises(
        KeyboardInterrupt
    ):  # without a checkpoint nobody would keep what is finished
        transform(problem, b, width=1e-9, progress=interrupt)


def test_a_resumed_search_repeats_nothing() -> None:
    """Cut in two or run at once: the same boxes, the same bounds."""
    problem, b = PointwiseProblem("comp-sum:tau=1.9", n_classes=4), Fraction(1, 2)
    saved: list[dict] = []
    transform(problem, b, width=1e-12, max_boxes=60, checkpoint=saved.append)
    resumed = transform(
        problem, b, width=1e-12, max_boxes=140, resume=json.loads(json.dumps(saved[-1]))
    )
    whole = transform(problem, b, width=1e-12, max_boxes=200)
    assert resumed.reason == whole.reason
    assert (resumed.lower, resumed.upper) == (whole.lower, whole.upper)


def test_checkpoints_of_another_problem_or_changed_ones_are_refused() -> None:
    problem = PointwiseProblem("comp-sum:tau=1.9", n_classes=4)
    saved: list[dict] = []
    transform(problem, Fraction(1, 2), width=1e-12, max_boxes=60, checkpoint=saved.append)
    with pytest.raises(InvalidInputError, match="same problem"):
        transform(problem, Fraction(1, 3), resume=saved[-1])
    changed = json.loads(json.dumps(saved[-1]))
    changed["open"][0]["bound"] = "1"
    with pytest.raises(InvalidInputError, match="as it was written"):
        transform(problem, Fraction(1, 2), resume=changed)


def test_a_time_budget_ends_a_search() -> None:
    answer = transform(
        PointwiseProblem("ldr:lam=1,c=1", n_classes=4), Fraction(1, 10), width=1e-9, time_budget=0.3
    )
    assert "time budget" in answer.reason
    assert answer.lower < answer.upper


def test_precision_is_restored_and_other_problems_are_refused() -> None:
    before = flint.ctx.prec
    transform(PointwiseProblem("mae", n_classes=3), Fraction(1, 2))
    assert flint.ctx.prec == before
    with pytest.raises(EngineCannotAnswerError):
        transform(PointwiseProblem("max:phi=exponential", n_classes=3), Fraction(1, 2))


def psi(name: str, b: float, bound: float | None) -> float:
    """The exact binary transformations, from the closed forms."""
    B = math.inf if bound is None else bound
    if name == "hinge":
        return b * min(B, 1)
    if name == "margin-logistic":
        if b <= (math.tanh(B / 2) if math.isfinite(B) else 1):
            return sum((1 + s * b) / 2 * math.log(1 + s * b) for s in (1, -1) if 1 + s * b > 0)
        return (
            math.log(2)
            - (1 + b) / 2 * math.log1p(math.exp(-B))
            - (1 - b) / 2 * math.log1p(math.exp(B))
        )
    if name == "exponential":
        if b <= (math.tanh(B) if math.isfinite(B) else 1):
            return 1 - math.sqrt(1 - b * b)
        return 1 - (1 + b) / 2 * math.exp(-B) - (1 - b) / 2 * math.exp(B)
    if name == "squared-hinge":
        return b * b if b <= B else 2 * B * b - B * B
    if name == "sigmoid:k=2":
        return b * math.tanh(2 * B)
    if name == "rho-margin:rho=2":
        return b * min(B, 2) / 2
    assert name == "ramp"
    return b * min(B, 1) / 2


@pytest.mark.parametrize("bound", [None, 0.4, 1, 2.5])
@pytest.mark.parametrize(
    "name",
    [
        "hinge",
        "margin-logistic",
        "exponential",
        "squared-hinge",
        "sigmoid:k=2",
        "rho-margin:rho=2",
        "ramp",
    ],
)
def test_binary_margin_losses_enclose_their_closed_forms(name: str, bound: float | None) -> None:
    problem = PointwiseProblem(name, hypotheses="complete" if bound is None else f"bounded:{bound}")
    for b in ("1/10", "7/10", "1"):
        answer = transform(problem, Fraction(b))
        assert answer.width <= 1e-9
        assert (
            float(answer.lower) - 1e-14
            <= psi(name, float(Fraction(b)), bound)
            <= float(answer.upper) + 1e-14
        )


@pytest.mark.parametrize(("lam", "n"), [("1/4", 3), ("1", 3), ("1/4", 2)])
def test_ldr_with_margin_is_enclosed_to_six_digits(lam: str, n: int) -> None:
    from scipy.optimize import minimize

    problem = PointwiseProblem(f"ldr:lam={lam},c=1", n_classes=n)
    answer = transform(problem, Fraction(1, 2))
    assert answer.width <= 1e-6

    def least(p: np.ndarray, tied: bool) -> float:
        """Minimum over scores by a general-purpose optimiser; label 1 level with the top label
        where tied.
        """
        p = np.maximum(p, 1e-15)

        def risk(z: np.ndarray) -> float:
            s = np.array([z[0], z[0] + (0.0 if tied else z[1]), *z[2:]])
            shifted = s if not tied else np.where(s > s[1], s[1], s)  # nothing above label 1
            return float(problem.conditional_risk(shifted, p / p.sum()))

        return min(
            minimize(
                risk,
                start,
                method="Nelder-Mead",
                options={"xatol": 1e-10, "fatol": 1e-13, "maxiter": 4000},
            ).fun
            for start in (np.zeros(n), np.array([0.0, -1.0, *[-3.0] * (n - 2)]))
        )

    grid = np.linspace(0, 0.25, 26) if n == 3 else [0.25]
    values = [
        least(p, True) - least(p, False)
        for x in grid
        for p in [np.array([x + 0.5, x, 0.5 - 2 * x][:n])]
    ]
    assert float(answer.lower) <= min(values) + 1e-7
    assert min(values) <= float(answer.upper) + 2e-3  # the grid is coarse


def test_ldr_without_margin_is_scaled_cross_entropy() -> None:
    answer = transform(PointwiseProblem("ldr:lam=1/2,c=0", n_classes=3), Fraction(1, 2))
    low, high = endpoints(two_labels(Fraction(1), Fraction(1, 2)) / 2)
    assert answer.lower <= high
    assert low <= answer.upper
    assert answer.width <= 1e-6


def test_a_users_loss_is_enclosed_and_an_increasing_one_refused() -> None:
    answer = transform(PointwiseProblem("softmax:(1 - u)**2", n_classes=2), Fraction(3, 5))
    assert answer.lower <= Fraction(9, 100) <= answer.upper  # beta^2 / 4
    assert answer.width <= 1e-6
    again = transform(PointwiseProblem("softmax:-log(u)", n_classes=3), Fraction(1, 2))
    assert inside(again, two_labels(Fraction(1), Fraction(1, 2)))
    with pytest.raises(EngineCannotAnswerError):
        transform(PointwiseProblem("softmax:u**2", n_classes=3), Fraction(1, 2))


def test_four_labels_of_a_general_loss() -> None:
    answer = transform(PointwiseProblem("softmax:-log(u)", n_classes=4), Fraction(1, 2), width=1e-4)
    assert inside(answer, two_labels(Fraction(1), Fraction(1, 2)))
    assert answer.width <= 1e-4


def test_best_in_class_risks_enclose_their_closed_forms() -> None:
    p = [Fraction(1, 2), Fraction(1, 3), Fraction(1, 6), Fraction(0)]
    entropy = -sum(float(v) * math.log(v) for v in p if v)
    low, high = best_in_class_risk(PointwiseProblem("logistic", n_classes=4), p)
    assert float(low) - 1e-15 <= entropy <= float(high) + 1e-15
    assert high - low < Fraction(1, 10**12)
    low, high = best_in_class_risk(PointwiseProblem("ldr:lam=2,c=0", n_classes=4), p)
    assert float(low) - 1e-15 <= 2 * entropy <= float(high) + 1e-15
    low, high = best_in_class_risk(
        PointwiseProblem("hinge", hypotheses="bounded:0.5"), ["0.2", "0.8"]
    )
    assert low <= Fraction(7, 10) <= high  # 1 - 0.5 * 0.6
    low, high = best_in_class_risk(
        PointwiseProblem("hinge", hypotheses="bounded:3"), ["1/2", "1/2"]
    )  # flat on [-1, 1]
    assert low <= 1 <= high
    assert high - low < Fraction(1, 10**20)
    for wrong in ([1, 1], [1], ["-1/2", "3/2"]):
        with pytest.raises(InvalidInputError):
            best_in_class_risk(PointwiseProblem("logistic", n_classes=2), wrong)


def test_gap_of_the_constant_functions_is_the_information_about_the_label() -> None:
    weights, rows = ["1/4", "3/4"], [["1/2", "1/4", "1/4"], ["1/10", "1/5", "7/10"]]
    low, high = minimizability_gap(PointwiseProblem("logistic", n_classes=3), weights, rows)
    w = [float(Fraction(v)) for v in weights]
    table = np.array([[float(Fraction(v)) for v in row] for row in rows])
    mean = w @ table
    information = sum(w[i] * table[i] @ np.log(table[i] / mean) for i in range(2))
    assert float(low) - 1e-14 <= information <= float(high) + 1e-14
    assert minimizability_gap(
        PointwiseProblem("logistic", n_classes=3), weights, [rows[0], rows[0]]
    )[1] < Fraction(1, 10**12)
    with pytest.raises(InvalidInputError):
        minimizability_gap(PointwiseProblem("logistic", n_classes=3), ["1/2"], rows)


@pytest.mark.parametrize("phi", ["exponential", "squared-hinge", "hinge", "margin-logistic"])
def test_constrained_losses_of_three_labels_agree_with_the_numeric_engine(phi: str) -> None:
    from hconsist.engines import numeric

    problem = PointwiseProblem(f"constrained:phi={phi}", n_classes=3)
    answer = transform(problem, Fraction(1, 2), width=1e-4)
    assert answer.width <= 1e-4
    estimate = numeric.transform(problem, Fraction(1, 2)).estimate
    assert float(answer.lower) - 1e-9 <= estimate <= float(answer.upper) + 1e-9
    scores = np.array(answer.witness.scores)
    assert abs(scores.sum()) < 1e-12
    assert scores[1] == scores.max()


EXCESSES = tuple(Fraction(s) for s in ("0", "1/1000", "1/100", "1/10", "1/6", "3/10", "2/5", "1/2"))


def test_gamma_of_mae_is_enclosed() -> None:
    """For n = 3 the envelope of T runs through (0, 0), (1/2, 1/6) and (1, 1/2)."""
    bound = derive("mae", n_classes=3, engine="rigorous")
    for excess in EXCESSES:
        answer = bound.bound(excess)
        truth = 3 * excess if excess <= Fraction(1, 6) else Fraction(1, 4) + excess * 3 / 2
        assert answer.lower <= truth <= answer.upper <= answer.lower + Fraction(1, 30)


def test_gamma_of_the_logistic_loss_is_enclosed() -> None:
    """Gamma is the inverse of the convex increasing T, so T(lower) <= excess <= T(upper), but for
    Gamma = 1.
    """
    bound = derive("logistic", n_classes=2, engine="rigorous")
    for excess in EXCESSES:
        answer = bound.bound(excess)
        assert endpoints(two_labels(Fraction(1), Fraction(answer.lower)))[0] <= excess
        assert excess <= endpoints(two_labels(Fraction(1), Fraction(answer.upper)))[1]
        assert answer.upper - answer.lower <= Fraction(1, 30)
    assert bound.bound(1).lower == bound.bound(1).upper == 1


@pytest.mark.parametrize("n", [2, 3])
def test_jensen_shannon_is_enclosed(n: int) -> None:
    """Its formula has x log x, which the engine's jets know too."""
    problem = PointwiseProblem("js", n_classes=n)
    found, estimate = (
        transform(problem, Fraction(1, 2)),
        ask(problem, Fraction(1, 2), engine="numeric").estimate,
    )
    assert found.lower is not None and found.upper is not None
    assert found.upper - found.lower < 1e-5
    assert found.lower - 1e-9 <= estimate <= found.upper + 1e-9
