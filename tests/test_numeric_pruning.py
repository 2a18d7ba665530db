"""Many predictions: bounds of whole rows of pairs, by which few of them need linear programs."""

from __future__ import annotations

import numpy as np
import pytest

from hconsist.decisions import CostMatrix
from hconsist.engines.numeric import plugin
from hconsist.engines.numeric.plugin import PlugIn
from hconsist.engines.numeric.pruning import lower_bounds


def random_costs(items: int, labels: int, seed: int) -> CostMatrix:
    drawn = np.random.default_rng(seed).integers(0, 11, (items, labels))
    np.fill_diagonal(drawn, 0)
    return CostMatrix(drawn.tolist())


@pytest.mark.parametrize("beta", [0.01, 1.0, 6.0])
def test_bounds_lie_below_the_programs_and_come_near(beta: float) -> None:
    found = PlugIn(random_costs(8, 6, 3).decision(6))
    reached = total = 0
    for r in range(8):
        others = np.array([s for s in range(8) if s != r])
        d = found.costs[r] - found.costs[others]
        fits = (d.max(axis=1) >= beta) & (d.min(axis=1) < 0)
        others, d = others[fits], d[fits]
        total += len(d)
        exact = []
        for s, row in zip(others, d, strict=True):
            solved = found.program(r).solve(int(s), row, beta, 1.0, np.inf)
            exact.append(np.inf if solved is None else solved[0])
        for level in (0.8 * min(exact), 1.5 * min(exact)):
            bounds = lower_bounds(found.costs[r] - found.costs, others, d, beta, level)
            assert np.all(bounds <= np.array(exact) * (1 + 1e-9))
        near = lower_bounds(found.costs[r] - found.costs, others, d, beta, 0.95 * min(exact))
        reached += int((near >= 0.95 * min(exact)).sum())
    assert reached >= total / 2


@pytest.mark.parametrize(("items", "labels", "beta"), [(24, 10, 1.0), (24, 24, 4.0), (30, 3, 0.3)])
def test_pruning_changes_no_value_and_saves_programs(
    items: int, labels: int, beta: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    decision = random_costs(items, labels, items + labels).decision(labels)
    pruned = PlugIn(decision)
    value = pruned.smallest_regret(beta)
    monkeypatch.setattr(plugin, "_MANY", 10**6)
    plain = PlugIn(decision)
    wanted = plain.smallest_regret(beta)
    assert value is not None
    assert wanted is not None
    assert value.value == pytest.approx(wanted.value, rel=1e-9)
    assert len(pruned._programs) < len(plain._programs)


@pytest.mark.slow
def test_a_hundred_labels_and_predictions() -> None:
    """Seconds, as docs/targets.md says; every pair by its program gives the same."""
    found = PlugIn(random_costs(100, 100, 1).decision(100)).smallest_regret(1.0)
    assert found is not None
    d = found.p @ PlugIn(random_costs(100, 100, 1).decision(100)).costs.T
    assert d[found.item] - d.min() >= 1 - 1e-12
    assert np.sum(found.p * np.log(np.where(found.p > 0, found.p / found.q, 1))) == pytest.approx(
        found.value, rel=1e-7
    )
