"""Every row of the table of targets at three settings against a brute force that is written anew:
no point lies below T, and some come near.

``pytest -m slow tests/test_targets_table.py`` takes 10^5 points for each setting.
"""

from __future__ import annotations

import brute_targets
import numpy as np
import pytest

import hconsist as hc
from benchmarks.targets import ROWS, Setting
from hconsist.engines import ENGINES
from hconsist.errors import EngineCannotAnswerError

SETTINGS = [one for row in ROWS.values() for one in row]
#: One quick setting of each row that needs no long search.
LONG = ("kendall", "first, ListMLE", "borda", "abstain, plug-in, GCE", "absolute-error, mean")
LONG += tuple(name for name in ROWS if name.endswith(("Huber", "l_p", "insensitive")))
QUICK = [row[0] for name, row in ROWS.items() if name not in LONG]


def answers(one: Setting) -> dict[str, hc.Answer]:
    problem = hc.PointwiseProblem(one.surrogate, one.target, n_classes=one.n)
    found = {}
    for engine in ENGINES:
        try:
            found[engine] = hc.transform(problem, one.beta, engine)
        except EngineCannotAnswerError:
            continue
    return found


def judge(one: Setting, size: int, rounds: int) -> None:
    found = answers(one)
    # a formula that is proven from below only is a bound, and no value
    below = [a for a in found.values() if a.lower is not None and a.upper is None]
    exact = [a for a in found.values() if a not in below]
    assert exact
    value = exact[0].estimate
    for answer in exact:
        assert answer.estimate == pytest.approx(value, rel=1e-5, abs=1e-9)
    assert all(answer.lower <= value * (1 + 1e-7) for answer in below)
    beta = brute_targets.eval_fraction(one.beta)
    problem = brute_targets.problem(one.surrogate, one.target, one.n)
    excess, ratio = brute_targets.points(problem, beta, value, size, rounds=rounds)
    assert excess >= -1e-8 * (1 + value)
    assert ratio < 1.05


@pytest.mark.parametrize("one", QUICK, ids=str)
def test_no_point_lies_below_and_some_come_near(one: Setting) -> None:
    judge(one, 4_000, 50)


@pytest.mark.slow
@pytest.mark.parametrize("one", SETTINGS, ids=str)
def test_no_point_of_many_lies_below(one: Setting) -> None:
    judge(one, 100_000, 120)


@pytest.mark.parametrize(
    ("target", "n"),
    [
        *((f"{name}:items=3", 6) for name in ("borda", "first", "kendall")),
        ("rank-loss:items=3", 8), ("policy:arms=3", 8), ("defer:experts=2", 12), ("pairwise", 2),
        ("kendall:items=4", 24),
    ],
)  # fmt: skip
def test_costs_are_their_definition(target: str, n: int) -> None:
    decision = hc.parse_target(target).decision(n)
    rows = np.array([[float(v) for v in row] for row in decision.finite.exact_rows()])
    assert np.array_equal(rows, brute_targets.costs(target, n))


@pytest.mark.parametrize(
    ("c", "b", "value"), [("0.3", "1/10", 1 / 20), ("0.6", "1/10", 1 / 30), ("0.3", "3/10", 2 / 15)]
)
def test_mean_absolute_error_with_a_score_for_rejecting(c: str, b: str, value: float) -> None:
    one = Setting("weighted:base=mae", f"abstain:c={c}", 3, b)
    assert answers(one)["numeric"].estimate == pytest.approx(value, rel=1e-9)
    judge(one, 2_000, 40)
