"""Enclosures where the regret is a divergence of weights and coordinates: deferral and abstention
by scores, one-vs-all, regression of costs, parts, Brier forecasts.
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import brute_targets
import numpy as np
import pytest

import hconsist as hc
from hconsist.arithmetic import precision
from hconsist.engines.rigorous import duals
from hconsist.errors import EngineCannotAnswerError
from hconsist.losses.jointly_convex import jointly_convex

CASES = [
    ("weighted", "abstain:c=0.3", 3, "1/5"),
    ("weighted:base=logistic,offset=label", "weights:3,2,1", 3, "1"),
    ("weighted", "defer:accuracy=[[.9,.8,.1],[.3,.3,.9]]", 3, "3/10"),
    ("brier", "abstain:c=0.3", 3, "1/10"),
    ("brier", "ordinal:absolute", 4, "3/10"),
    ("ova", "abstain:c=0.3", 3, "1/5"),
    ("ova", "zero-one", 3, "1/2"),
    ("ova:phi=least-squares", "abstain:c=0.3", 3, "1/5"),
    ("cost-regression:square", "cost:[[0,2,5],[1,0,2],[4,1,0]]", 3, "1"),
    ("binary-relevance", "subset:k=2", 4, "4/5"),
    ("binary-relevance:phi=least-squares", "rank-loss:items=3", 8, "1/2"),
    ("cumulative", "ordinal:squared", 3, "1"),
    ("list-softmax", "first:items=3", 6, "1/2"),
]


@pytest.mark.parametrize(("spec", "target", "n", "b"), CASES)
def test_enclosures_hold_what_the_numeric_engine_finds(
    spec: str, target: str, n: int, b: str
) -> None:
    problem = hc.PointwiseProblem(spec, target, n_classes=n)
    found = hc.transform(problem, b, "rigorous")
    assert not found.reason
    assert found.width < 1e-8
    numeric = hc.transform(problem, b, "numeric").estimate
    assert float(found.lower) - 1e-7 <= numeric <= float(found.upper) + 1e-7
    p, (item,) = found.witness.p, found.witness.predicted
    assert sum(p) == 1
    assert problem.decision.exact_regret(p, [item]) >= Fraction(b)
    if "square" not in spec and spec != "brier":  # the loss, written anew
        anew = brute_targets.problem(spec, target, n)
        point = np.array([found.witness.scores]), np.array([p], dtype=float)
        assert anew.surrogate(*point)[0] == pytest.approx(found.witness.regret, rel=1e-6)


@pytest.mark.parametrize("case", CASES[:11], ids=str)
def test_no_multipliers_prove_too_much(case: tuple[str, str, int, str]) -> None:
    """Whatever they are, the bound lies below the regret at every point: a false formula would
    show."""
    spec, target, n, b = case
    problem = hc.PointwiseProblem(spec, target, n_classes=n)
    form = jointly_convex(problem.surrogate, n, problem.n_scores)
    random, beta = np.random.default_rng(3), Fraction(b)
    tried = 0
    for item in range(min(problem.decision.items, 3)):
        side = duals.PredictionSide(problem, form, item)
        for other in range(min(problem.decision.items, 3)):
            d = tuple(problem.decision.difference(item, other))
            if other == item or max(d) < beta:
                continue
            tried += 1
            with precision(96):
                found = side.solve(d, beta)
                assert found.lower <= found.upper
                at = side._program
                for scale in (1e-3, 1e-1, 1.0):

                    def near(x: object, size: float = scale) -> list[Fraction]:
                        values = np.atleast_1d(np.asarray(x, dtype=float))
                        moved = values + size * random.standard_normal(values.shape)
                        return [Fraction(float(v)) for v in moved]

                    mu = [max(v, Fraction(0)) for v in near(at["mu"].value)]
                    lam = max(near(at["lam"].value)[0], Fraction(0))
                    lower = side.certified(d, beta, lam, mu, near(at["free"].value))
                    assert lower <= found.upper
    assert tried


@pytest.mark.parametrize(
    ("spec", "target", "n", "b", "change"),
    [
        ("ova", "abstain:c=0.3", 3, "1/5", {"scale": Fraction(2)}),
        ("ova", "abstain:c=0.3", 3, "1/5", {"kind": "square of each"}),
        ("weighted", "abstain:c=0.3", 3, "1/5", {"weights": ((Fraction(1),) * 3,) * 4}),
        ("binary-relevance", "hamming:k=2", 4, "1/2", {"origin": Fraction(1, 4)}),
    ],
)
def test_a_false_form_is_noticed(
    spec: str, target: str, n: int, b: str, change: dict, monkeypatch: pytest.MonkeyPatch
) -> None:
    problem = hc.PointwiseProblem(spec, target, n_classes=n)
    true = jointly_convex(problem.surrogate, n, problem.n_scores)
    monkeypatch.setattr(duals, "jointly_convex", lambda *_: replace(true, **change))
    found = duals.transform(problem, Fraction(b), Fraction(1, 10**7))
    assert abs(found.estimate - hc.transform(problem, b, "numeric").estimate) > 1e-3


@pytest.mark.parametrize(
    ("spec", "target", "n", "said"),
    [
        ("gce:q=1/2", "abstain:c=0.3", 3, "not shown"),
        ("two-hot", "squared-error:range=1", 3, "numbers"),
        ("binary-relevance", "hamming:k=5", 32, "too many pairs"),
    ],
)
def test_what_is_not_enclosed_says_why(spec: str, target: str, n: int, said: str) -> None:
    with pytest.raises(EngineCannotAnswerError, match=said):
        hc.transform(hc.PointwiseProblem(spec, target, n_classes=n), "1/10", "rigorous")
