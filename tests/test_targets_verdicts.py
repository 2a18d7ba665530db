"""Which regrets are free: exact programs against known values and the numeric engine."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

import hconsist as hc
from hconsist.arithmetic import NUMPY
from hconsist.consistency import free_regret
from hconsist.errors import EngineCannotAnswerError
from hconsist.losses import parse_loss
from hconsist.zoo import zoo_of

CONSISTENT = [
    ("logistic", "abstain:c=0.3", 3), ("brier", "ordinal:absolute", 4),
    ("weighted", "abstain:c=0.3", 3), ("ova", "abstain:c=0.3", 3),
    ("binary-relevance", "hamming:k=2", 4), ("binary-relevance", "rank-loss:items=3", 8),
    ("cumulative", "ordinal:absolute", 4), ("ranknet", "borda:items=3", 6),
    ("list-softmax", "first:items=3", 6), ("two-hot", "squared-error:range=1", 5),
    ("cost-regression", "policy:arms=2", 4), ("weighted", "defer:experts=1", 4),
]  # fmt: skip


@pytest.mark.parametrize("case", CONSISTENT, ids=str)
def test_consistent(case: tuple[str, str, int]) -> None:
    spec, target, n = case
    assert hc.verdict(spec, n, target).status == "consistent"


#: The largest regret that costs nothing, and whether it is proven to be the largest.
FREE = {
    ("binary-relevance", "subset:k=2", 4): ("1/2", True),
    ("ranknet", "kendall:items=3", 6): ("1/3", True),
    ("ranknet", "first:items=3", 6): ("1/2", True),
    ("listmle", "first:items=3", 6): ("3/5", False),
    ("logistic", "absolute-error:range=1,decode=mean", 5): ("1/8", False),
}


@pytest.mark.parametrize("case", FREE, ids=str)
def test_free_regrets(case: tuple[str, str, int]) -> None:
    spec, target, n = case
    problem = hc.PointwiseProblem(spec, target, n_classes=n)
    found = hc.verdict(spec, n, target)
    assert found.status == "not consistent"
    assert (str(found.free.regret), found.free.largest) == FREE[case]
    assert sum(found.free.p) == 1
    p, predicted = [float(v) for v in found.free.p], [float(v) for v in found.free.predicted]
    if not problem.decision.predicts_numbers:
        predicted = [int(v) for v in predicted]
    assert float(problem.target_regret(p, predicted)) == pytest.approx(float(found.free.regret))
    # the engine, which knows nothing of this, finds no surrogate regret there and some beyond
    b = found.free.regret
    if problem.decision.items == 6:
        return  # a longer search: tests/test_targets_table.py
    assert hc.transform(problem, b * Fraction(99, 100)).estimate < 1e-7
    if found.free.largest:
        assert hc.transform(problem, b + Fraction(1, 10)).estimate > 1e-4


def test_more_items_and_the_ends_of_histograms() -> None:
    four = free_regret(hc.PointwiseProblem("ranknet", "first:items=4", n_classes=24))
    assert (str(four.regret), four.largest) == ("2/3", True)
    for bins, bias in ((5, 0.138), (10, 0.0690)):
        ends = free_regret(
            hc.PointwiseProblem(f"hl-gauss:bins={bins}", "squared-error:range=1", n_classes=6)
        )
        assert float(ends.regret) ** 0.5 == pytest.approx(bias, abs=5e-4)
        assert ends.p in ((1, 0, 0, 0, 0, 0), (0, 0, 0, 0, 0, 1))


def test_what_is_not_known_is_undecided() -> None:
    for spec in ("gce:q=0.5", "weighted:base=gce:q=0.5", "weighted:base=mae"):
        found = hc.verdict(spec, 3, "abstain:c=0.3")
        assert (found.status, found.free) == ("undecided", None)


def test_ldam_of_two_labels_has_the_weights_of_its_margins() -> None:
    """Its best difference of scores changes sign where p_0 sigma(D_0) = p_1 sigma(D_1)."""
    loss = parse_loss("ldam:margin=1,growth=2")
    w = 1 / (1 + np.exp(-np.array([0.5, 1.0])))  # D_0, D_1
    h = np.linspace(-8, 8, 4001)
    losses = loss.losses(np.stack([h, -h], axis=-1) / 2, NUMPY)
    for p in np.linspace(0.05, 0.95, 37):
        best = h[np.argmin(losses @ np.array([p, 1 - p]))]
        gap = p * w[0] - (1 - p) * w[1]
        assert abs(gap) < 5e-3 or np.sign(best) == np.sign(gap)


def test_zoo_of_a_target() -> None:
    rows = {row.loss: row for row in zoo_of("abstain:c=0.6", 3, ["logistic"])}
    assert {row.consistent for row in rows.values()} == {"yes"}
    assert all(row.growth == 2.0 and row.top_2 == "-" for row in rows.values())


@pytest.mark.parametrize(
    ("spec", "target", "n"),
    [
        ("ranknet", "hamming:k=2", 4), ("cumulative", "abstain:c=0.3", 3),
        ("huber", "zero-one", 3), ("hl-gauss", "absolute-error:range=1", 3),
        ("weighted", "squared-error:range=1", 3),
    ],
)  # fmt: skip
def test_scores_from_which_nothing_follows_are_refused(spec: str, target: str, n: int) -> None:
    with pytest.raises(hc.InvalidInputError, match="no prediction of the target"):
        hc.PointwiseProblem(spec, target, n_classes=n)


@pytest.mark.parametrize(
    "target",
    ["borda:items=9", "kendall:items=x", "policy:arms=1", "defer:experts=0", "pairwise:2",
     "squared-error", "squared-error:range=0", "absolute-error:range=1,decode=mode",
     "squared-error:range=1,law=normal", "rank-loss:k=3"],
)  # fmt: skip
def test_bad_targets_are_refused_in_one_line(target: str) -> None:
    with pytest.raises(hc.InvalidInputError) as caught:
        hc.parse_target(target)
    assert "\n" not in str(caught.value)


def test_symmetric_labels_are_refused_for_forecasts() -> None:
    problem = hc.PointwiseProblem("two-hot", "squared-error:range=1,law=symmetric", n_classes=3)
    with pytest.raises(EngineCannotAnswerError, match="symmetric labels"):
        hc.transform(problem, "0.1")
