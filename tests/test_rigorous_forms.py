"""Rigorous methods by form: two labels of any formula, boxes of softmax values, few labels of many,
squared distances and losses whose T vanishes, against brute force written from the definitions.
"""

from __future__ import annotations

import itertools
from fractions import Fraction

import numpy as np
import pytest

from hconsist.arithmetic import BALLS, NUMPY, endpoints, precision
from hconsist.engines.methods import tries
from hconsist.engines.rigorous import question_of, transform
from hconsist.engines.rigorous.box import SoftmaxBox, SoftmaxBoxRisk, reach
from hconsist.engines.rigorous.line import convex_least, least
from hconsist.engines.rigorous.methods.convex import cosine, rises
from hconsist.engines.rigorous.methods.projected import squared
from hconsist.engines.rigorous.pairs import PairInBox, least_pair
from hconsist.engines.rigorous.risk import SoftmaxRisk
from hconsist.errors import EngineCannotAnswerError
from hconsist.losses import parse_loss
from hconsist.losses.facts import Curve
from hconsist.losses.forms import OfSoftmax
from hconsist.pointwise import PointwiseProblem

F = Fraction
B = F(3, 10)


def ask(spec: str, n: int, hypotheses: str = "complete", target: str = "zero-one", beta: F = B):
    return transform(PointwiseProblem(spec, target, hypotheses, n), beta)


def brute_two(spec: str, reach: float, beta: float) -> float:
    """T on a grid of scores and of label distributions."""
    v = np.unique(np.r_[np.linspace(-reach, reach, 4001), 0.0])
    losses = parse_loss(spec).losses(np.stack([v, -v], axis=-1), NUMPY)
    found = np.inf
    for b in np.linspace(beta, 1.0, 41)[:-1]:
        for p, wrong in (((1 + b) / 2, v <= 0), ((1 - b) / 2, v >= 0)):
            risk = p * losses[:, 0] + (1 - p) * losses[:, 1]
            found = min(found, risk[wrong].min() - risk.min())
    return found


@pytest.mark.parametrize(
    ("spec", "bound"),
    [("dice:gamma=1", None), ("brier", "1/2"), ("spherical", "1"), ("ldam:margin=1,growth=2", None),
     ("ldam", "1/2"), ("nce", "1"), ("rll:alpha=0.1", "1"), ("hard-truncated:alpha=1", None),
     ("focal:gamma=2", "1/3"), ("margin-focal:gamma=2", "1"), ("taylor-softmax", "1"),
     ("truncated-gce:q=0.5,k=0.3", "2")],
)  # fmt: skip
def test_two_labels_of_any_formula(spec: str, bound: str | None) -> None:
    answer = ask(spec, 2, "complete" if bound is None else f"bounded:{bound}")
    brute = brute_two(spec, 12.0 if bound is None else float(F(bound)), 0.3)
    assert answer.width <= 1e-7
    # the grid's own error, on either side, is the square of its step
    assert brute == pytest.approx(float(answer.upper), abs=3e-5)


def test_two_labels_without_a_method_are_refused() -> None:
    for spec, hypotheses in (("nce", "complete"), ("aldr", "bounded:1")):
        with pytest.raises(EngineCannotAnswerError):
            ask(spec, 2, hypotheses)


def test_a_risk_that_is_not_bounded_below_is_not_enclosed() -> None:
    from hconsist.arithmetic.derivatives import BALL_JETS
    from hconsist.arithmetic.jet import variable

    with pytest.raises(ArithmeticError):
        least(lambda x: BALL_JETS.log(variable(x)), F(0), F(1), F(1, 1000), 200)
    with pytest.raises(ArithmeticError):  # it falls for ever
        convex_least(lambda x: BALL_JETS.exp(-variable(x)), None, None)


def grid(n: int, steps: int, bound: float) -> np.ndarray:
    axis = np.linspace(-bound, bound, steps)
    return np.array(list(itertools.product(axis, repeat=n)))


def brute_box(spec: str, k: int, beta: float, bound: float) -> float:
    """T of three labels on grids of scores and of distributions with labels 1.. predicted."""
    scores = grid(3, 41, bound)
    losses = parse_loss(spec).losses(scores, NUMPY)
    if k == 1:
        wrong = scores[:, 1] >= scores.max(axis=1) - 1e-12
        p = [(x + beta, x, 1 - beta - 2 * x) for x in np.linspace(0, (1 - beta) / 2, 81)]
    else:
        wrong = scores[:, 0] <= scores.min(axis=1) + 1e-12
        p = [(x + beta, x, 1 - beta - 2 * x) for x in np.linspace(0, (1 - beta) / 3, 81)]
    risks = np.array([q for q in p if min(q) >= 0]) @ losses.T
    regret = risks[:, wrong].min(axis=1) - risks.min(axis=1)
    if k == 1:  # p_1 must be likeliest
        regret = regret[[q[0] >= q[2] - 1e-12 for q in p if min(q) >= 0]]
    return float(regret.min())


@pytest.mark.parametrize("k", [1, 2])
@pytest.mark.parametrize("spec", ["logistic", "mae", "taylor-softmax"])
def test_three_labels_in_a_box(spec: str, k: int) -> None:
    answer = ask(spec, 3, "bounded:1/2", "zero-one" if k == 1 else "top-k:2")
    assert answer.width <= 1e-6
    # the grid's own error is the square of its step, times the curvature
    assert brute_box(spec, k, 0.3, 0.5) == pytest.approx(float(answer.upper), abs=4e-3)


def test_the_box_is_solved_as_well_as_its_certificate_says() -> None:
    form = parse_loss("focal").form(OfSoftmax)
    with precision(96):
        risk = SoftmaxBoxRisk(SoftmaxBox(form.g, reach(F(1), F(1))))
        for p in ((F(1, 2), F(1, 3), F(1, 6)), (F(9, 10), F(1, 10), F(0)), (F(1, 3),) * 3):
            low, high = risk.best_in_class(p, (1, 1, 1))
            assert float(endpoints(high)[1] - endpoints(low)[0]) < 1e-12
            for s in grid(3, 9, 1.0):
                u = np.exp(s) / np.exp(s).sum()
                values = form.g(u, NUMPY) @ np.array([float(v) for v in p])
                assert values >= float(endpoints(low)[0]) - 1e-12


@pytest.mark.parametrize(
    ("spec", "bound", "n"), [("logistic", None, 6), ("infonce", "1", 5), ("sum-exp", "2", 6)]
)
def test_the_pair_lemma_in_a_box_is_below_every_point(spec: str, bound: str | None, n: int) -> None:
    form = parse_loss(spec).form(OfSoftmax)
    random = np.random.default_rng(3)
    with precision(96):
        ratio = None if bound is None else reach(F(bound), form.temperature)
        lower = float(least_pair(form.g, ratio, n, B, F(1, 10**7)))
        risk = SoftmaxRisk(form.g) if bound is None else SoftmaxBoxRisk(SoftmaxBox(form.g, ratio))
        seen, room = 0, 30.0 if bound is None else 2 * float(F(bound)) / float(form.temperature)
        for _ in range(30):
            p = np.sort(random.dirichlet(np.full(n, 0.3)))[::-1]
            j = int(np.argmin(np.abs(p[0] - p - 0.3 - 0.05 * random.random())))
            if p[0] - p[j] < 0.3:
                continue
            s = np.sort(random.uniform(0, min(room, 4.0), n))
            s[[j, -1]] = s[[-1, j]]
            u = np.exp(s) / np.exp(s).sum()
            weights = tuple(map(Fraction, p.tolist()))
            total = sum(weights)
            low = risk.best_in_class(tuple(w / total for w in weights), (1,) * n)[0]
            regret = float(p @ form.g(u, NUMPY)) - float(endpoints(low)[0])
            assert lower <= regret + 1e-9
            seen += 1
    assert lower > 0 and seen > 5


def test_a_false_constant_in_the_pair_lemma_shows() -> None:
    """Three labels in a box: its bound is T, and would be above it without the lifting."""
    form = parse_loss("logistic").form(OfSoftmax)
    truth = ask("logistic", 3, "bounded:1")
    with precision(96):
        lemma = PairInBox(form.g, reach(F(1), F(1)), 3, B)
        assert truth.lower - F(1, 10**6) <= lemma.least(F(1, 10**8)) <= truth.upper
        lemma.c = BALLS.const(1)
        assert lemma.least(F(1, 10**8)) > truth.upper + F(1, 1000)


@pytest.mark.parametrize(
    ("spec", "hypotheses", "target"),
    [("logistic", "bounded:1", "zero-one"), ("gce:q=0.7", "bounded:1", "zero-one"),
     ("weston-watkins", "complete", "zero-one"), ("mae", "complete", "top-k:2"),
     ("crammer-singer", "bounded:1", "top-k:2"), ("taylor-softmax", "bounded:1", "zero-one")],
)  # fmt: skip
def test_ten_labels_where_t_vanishes(spec: str, hypotheses: str, target: str) -> None:
    problem = PointwiseProblem(spec, target, hypotheses, 10)
    answer = transform(problem, B)
    assert answer.lower == 0 <= answer.upper <= F(1, 10**6)
    p = np.array([float(v) for v in answer.witness.p])
    assert float(problem.target_regret(p, list(answer.witness.predicted))) >= 0.3 - 1e-12
    assert abs(float(problem.conditional_risk(answer.witness.scores, p))) < 10


def test_many_labels_cost_no_more_than_few() -> None:
    for n in (10, 200):
        answer = ask("focal", n)
        assert answer.width < 1e-9
        assert answer.lower <= F("0.010229763715123357") <= answer.upper


@pytest.mark.parametrize(
    ("spec", "n", "k"),
    [
        ("quadratic-surrogate", 4, 1),
        ("brier", 5, 2),
        ("quadratic-surrogate", 3, 2),
        ("brier", 3, 1),
    ],
)
def test_squared_distances(spec: str, n: int, k: int) -> None:
    answer = ask(spec, n, target="zero-one" if k == 1 else f"top-k:{k}")
    scale = F(1) if spec == "brier" else F(1, 2 * n)
    assert answer.lower == answer.upper == scale * B**2 / (2 * min(k, n - k))
    random = np.random.default_rng(0)
    for _ in range(300):
        p = random.dirichlet(np.full(n, 0.6))
        x = random.dirichlet(np.full(n, 1.0))
        top = np.sort(p)[::-1][:k].sum() - p[np.argsort(-x)[:k]].sum()
        floor = float(scale) * top**2 / (2 * min(k, n - k))
        assert float(scale) * ((x - p) ** 2).sum() >= floor - 1e-12


def test_other_losses_are_no_squared_distances() -> None:
    assert isinstance(squared(parse_loss("spherical").losses, 3), str)
    assert isinstance(squared(lambda x, ops: x * x * x, 3), str)
    assert "leave the box" in str(refusal("quadratic-surrogate", 3, "bounded:1/2"))


def refusal(spec: str, n: int, hypotheses: str, target: str = "zero-one") -> str:
    with pytest.raises(EngineCannotAnswerError) as caught:
        ask(spec, n, hypotheses, target)
    return str(caught.value)


@pytest.mark.parametrize(("spec", "n", "hypotheses", "target"), [
    ("taylor-softmax", 3, "complete", "zero-one"), ("spherical-softmax", 4, "bounded:1", "top-k:2"),
    ("nce", 3, "complete", "zero-one"), ("nce", 10, "complete", "top-k:2")])  # fmt: skip
def test_where_t_vanishes_by_a_theorem(spec: str, n: int, hypotheses: str, target: str) -> None:
    answer = ask(spec, n, hypotheses, target)
    assert answer.lower == 0 <= answer.upper < F(1, 10**9)


def test_conditions_of_vanishing() -> None:
    # reflected scores leave the box, two labels leave none to be far below
    assert ask("taylor-softmax", 3, "bounded:1").lower > F(1, 50)
    assert "two labels left out" in refusal("nce", 3, "complete", "top-k:2")
    assert rises(Curve("w", lambda s, ops: ops.exp(s), "line"), F(1))
    assert not rises(Curve("w", lambda s, ops: s * s, "line"), F(1))


def test_hinges_of_sums_for_top_k() -> None:
    answer = ask("weston-watkins", 3, "complete", "top-k:2")
    assert answer.lower <= F(1, 5) <= answer.upper <= F(1, 5) + F(1, 10**6)


@pytest.mark.parametrize(
    ("spec", "n", "hypotheses", "target"),
    [("aul", 10, "complete", "top-k:2"), ("truncated-gce", 3, "bounded:1", "top-k:2"),
     ("hard-truncated", 10, "bounded:1", "zero-one")],
)  # fmt: skip
def test_two_likely_labels(spec: str, n: int, hypotheses: str, target: str) -> None:
    problem = PointwiseProblem(spec, target, hypotheses, n)
    answer = transform(problem, B)
    assert answer.lower == 0 <= answer.upper <= F(1, 10**6)
    p = np.array([float(v) for v in answer.witness.p])
    assert float(problem.target_regret(p, list(answer.witness.predicted))) >= 0.3 - 1e-12
    scores = np.array(answer.witness.scores)
    kept = [scores[j] for j in answer.witness.predicted]
    assert min(kept) >= max(s for j, s in enumerate(scores) if j not in answer.witness.predicted)
    # no other scores are better at the witness
    random = np.random.default_rng(0)
    others = random.uniform(-1, 1, (4000, n)) * (1.0 if hypotheses != "complete" else 20.0)
    least = problem.conditional_risk(others, p).min()
    assert float(problem.conditional_risk(scores, p)) <= least + 1e-6


def test_two_likely_labels_may_leave_a_gap() -> None:
    answer = ask("hard-truncated", 5, "complete", "top-k:2")
    assert answer.lower == 0 < answer.upper
    assert "curvature" in answer.reason


@pytest.mark.parametrize("k", [1, 2])
@pytest.mark.parametrize(("spec", "bound"), [("brier", 0.5), ("spherical", 0.5)])
def test_cones_of_three_labels(spec: str, bound: float, k: int) -> None:
    answer = ask(spec, 3, "bounded:1/2", "zero-one" if k == 1 else "top-k:2")
    assert answer.width <= 1e-6
    assert brute_box(spec, k, 0.3, bound) == pytest.approx(float(answer.upper), abs=4e-3)


def test_the_spherical_loss_of_three_labels_is_that_of_two() -> None:
    answer = ask("spherical", 3)
    exact = np.sqrt((1 + 0.09) / 2) - np.sqrt(0.5)
    assert answer.width <= 1e-6
    assert float(answer.lower) - 1e-12 <= exact <= float(answer.upper) + 1e-12
    assert cosine(lambda q, ops: 1 - q, 3) is None


@pytest.mark.parametrize("n", [2, 3])
def test_losses_that_do_not_score_labels_are_left_to_others(n: int) -> None:
    question = question_of(PointwiseProblem("ova", n_classes=n))
    with precision(96):
        told = {one.method.name: one.reason for one in tries("rigorous", question)}
    for name in ("squared distance", "two labels", "convex search"):
        assert "scores the labels" in told[name]
