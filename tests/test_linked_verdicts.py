"""Verdicts where the loss does not say how its scores are read: Crammer-Singer for abstention and
ordinal labels, margins of labels against label weights.
"""

from __future__ import annotations

from fractions import Fraction
from itertools import product

import numpy as np
import pytest
from scipy.optimize import minimize

import hconsist as hc
from hconsist.consistency import linked
from hconsist.consistency.polyhedral import BraidRisk
from hconsist.losses import CrammerSinger


def crammer_singer(s: np.ndarray) -> np.ndarray:
    """max_k (1 + s_k - s_y) over k != y, at least 0: written anew."""
    n = s.shape[-1]
    return np.stack(
        [np.maximum(0, np.max([1 + s[..., k] - s[..., y] for k in range(n) if k != y], axis=0))
         for y in range(n)], axis=-1)  # fmt: skip


@pytest.mark.parametrize("target", ["abstain:c=1/2", "ordinal:absolute"])
def test_crammer_singer_is_consistent_where_ramaswamy_and_agarwal_say_so(target: str) -> None:
    """Example 7 (and 6: not for zero-one), with their predictions, against random distributions."""
    assert hc.verdict("crammer-singer", 3).status == "not consistent"
    found = hc.verdict("crammer-singer", 3, target)
    assert found.status == "consistent"
    decision = hc.parse_target(target).decision(3)
    cells = linked.cells(BraidRisk(CrammerSinger(), 3, Fraction(1)), decision)
    reads = {cell.scores: cell.predictions[0] for cell in cells}
    assert set(reads) == {(0, 0, 0), (1, 0, 0), (0, 1, 0), (0, 0, 1)}
    costs = np.array([[float(v) for v in row] for row in decision.finite.exact_rows()])
    grid = np.array(list(product(np.arange(-2, 2.25, 0.25), repeat=2)))
    losses = crammer_singer(np.column_stack([grid, np.zeros(len(grid))]))
    own = crammer_singer(np.array(list(reads), dtype=float))
    for p in np.random.default_rng(0).dirichlet(np.ones(3), size=300):
        best = int(np.argmin(own @ p))
        assert own[best] @ p <= (losses @ p).min() + 1e-12  # no other scores are better
        expected = costs @ p
        assert expected[list(reads.values())[best]] <= expected.min() + 1e-12


@pytest.mark.parametrize(
    ("loss", "n", "target"),
    [
        ("crammer-singer", 3, "abstain:c=1/3"),
        ("crammer-singer", 3, "ordinal:squared"),
        ("crammer-singer", 3, "weights:2,1,1"),
        ("weston-watkins", 3, "abstain:c=1/2"),
    ],
)
def test_where_no_reading_of_the_scores_would_do(loss: str, n: int, target: str) -> None:
    found = hc.verdict(loss, n, target)
    assert found.status == "not consistent"
    assert "however scores are read" in found.reason


def test_crammer_singer_abstains_at_cost_one_half_only() -> None:
    assert hc.verdict("crammer-singer", 4, "abstain:c=1/2").status == "consistent"
    for c in ("2/5", "3/5"):
        assert hc.verdict("crammer-singer", 3, f"abstain:c={c}").status == "not consistent"


def test_cells_that_do_not_cover_settle_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(linked, "_STEPS", 0)
    found = hc.verdict("crammer-singer", 3, "abstain:c=1/2")
    assert found.status == "undecided"
    assert "outside the lattice cube" in found.reason
    monkeypatch.undo()
    assert "4 labels at most" in hc.verdict("crammer-singer", 5, "abstain:c=1/2").reason


def test_the_best_scores_of_label_margins() -> None:
    """p proportional to q (1 - a q): at these p the softmax of the best scores is q."""
    margins = np.array([0.5 / 1.5**2, 0.5 / 1.5, 0.5])
    a = 1 - np.exp(-margins)

    def risk(s: np.ndarray, p: np.ndarray) -> float:
        other = [np.log(np.exp(np.delete(s, y)).sum()) for y in range(3)]
        return float(sum(p[y] * np.log1p(np.exp(margins[y] + other[y] - s[y])) for y in range(3)))

    ratios = []
    for q in ([0.4, 0.2, 0.4], [0.48, 0.04, 0.48]):
        q = np.array(q)
        p = q * (1 - a * q)
        p = p / p.sum()
        found = minimize(risk, np.zeros(3), args=(p,), tol=1e-12).x
        assert np.exp(found) / np.exp(found).sum() == pytest.approx(q, abs=1e-5)
        ratios.append(p[0] / p[2])
    assert ratios[0] != pytest.approx(ratios[1], rel=1e-3)  # no weights fit both


def test_label_margins_fit_the_weights_of_two_labels_and_none_of_three() -> None:
    for n, target in ((2, "weights:1,3"), (3, "weights:1,2,3"), (3, "weights:2,2,2")):
        found = hc.verdict("ldam", n, target)
        assert found.status == "not consistent"
        assert ("sigma(Delta_y)" in found.reason) == (n == 2)
    equal = hc.verdict("ldam:margin=1/2,growth=1", 3, "weights:1,2,3")
    assert "equal margins" in equal.reason
