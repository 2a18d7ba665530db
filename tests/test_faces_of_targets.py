"""Curves and tables of tightness of targets with costs of their own, read back."""

from __future__ import annotations

import numpy as np
import pytest

import hconsist as hc
from hconsist import plots
from hconsist.tightness import tightness

TARGETS = [
    ("binary-relevance", "hamming:k=2", 4),
    ("binary-relevance", "subset:k=2", 4),
    ("ranknet", "borda:items=3", 6),
    ("weighted", "abstain:c=0.3", 3),
    ("logistic", "ordinal:squared", 3),
]


@pytest.mark.parametrize(("spec", "target", "n"), TARGETS)
def test_curves_are_those_of_the_engine(spec: str, target: str, n: int) -> None:
    bound = hc.derive(spec, n, target=target, engine="symbolic")
    line = plots.transform_curves(bound, published=False).lines[0]
    x, y = (np.asarray(v, dtype=float) for v in line.get_data())
    most = float(bound.problem.decision.max_regret)
    assert x[0] == 0
    assert max(x) == pytest.approx(most)
    assert np.all(np.diff(y) >= -1e-9)
    for i in (len(x) // 3, len(x) - 1):
        wanted = hc.transform(bound.problem, str(round(x[i], 6)), "symbolic")
        assert y[i] == pytest.approx(wanted.estimate, rel=1e-3, abs=1e-5)


@pytest.mark.parametrize(
    ("spec", "target", "n", "factor"),
    [
        ("binary-relevance", "hamming:k=2", 4, 1.0),  # tight at 0: b^2/(2 l)
        ("weighted", "abstain:c=0.3", 3, 17 / 14),  # (2 - c)/(2 - 2c) in T at 0
    ],
)
def test_published_bounds_stand_beside_the_exact_value(
    spec: str, target: str, n: int, factor: float
) -> None:
    found = tightness(hc.PointwiseProblem(spec, target, n_classes=n), betas=["1/50", "1/10"])
    first = next(row for row in found.comparisons if not row.theorem.new)
    assert first.ratios[0] == pytest.approx(factor, rel=0.03)
    assert found.verdict == "loose"
