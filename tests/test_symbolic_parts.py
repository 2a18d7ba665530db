"""Derivations for scores of parts and of items: infimal convolution, whole sets, and the tie rule,
against the numeric engine and against formulas written anew.
"""

from __future__ import annotations

from fractions import Fraction
from itertools import permutations, product

import numpy as np
import pytest
import sympy
from scipy.optimize import brentq

import hconsist as hc
from hconsist.decisions import LabelWeights
from hconsist.engines import symbolic
from hconsist.engines.symbolic.costs import tied
from hconsist.engines.symbolic.costs.parts import parts
from hconsist.errors import EngineCannotAnswerError, InvalidInputError
from hconsist.losses.of_items import RankNet

WEIGHTED = "cost:[[0,1,2,3],[1,0,3,2],[2,3,0,1],[3,2,1,0]]"  # 1 and 2 for two parts


def value(spec: str, target: str, n: int, b: object, engine: str = "symbolic") -> hc.Answer:
    return hc.transform(hc.PointwiseProblem(spec, target, n_classes=n), b, engine)


@pytest.mark.parametrize(
    ("spec", "target", "n"),
    [
        ("binary-relevance", "hamming:k=2", 4),
        ("binary-relevance:phi=hinge", "hamming:k=2", 4),
        ("binary-relevance:phi=least-squares", "hamming:k=2", 4),
        ("cumulative", "ordinal:absolute", 4),
        ("cumulative:phi=least-squares", "ordinal:absolute", 3),
        ("binary-relevance", "subset:k=2", 4),
        ("binary-relevance:phi=hinge", "subset:k=3", 8),
        ("binary-relevance", WEIGHTED, 4),
        ("cumulative", "cost:[[0,1,3],[1,0,2],[3,2,0]]", 3),
        ("list-softmax", "first:items=3", 6),
        ("ranknet", "borda:items=3", 6),
    ],
)
def test_closed_forms_agree_with_the_numeric_engine(spec: str, target: str, n: int) -> None:
    problem = hc.PointwiseProblem(spec, target, n_classes=n)
    for share in ("1/10", "13/20"):
        b = problem.decision.max_regret * Fraction(share)
        found = value(spec, target, n, b)
        assert found.width < 1e-40
        assert not found.assumptions
        numeric = value(spec, target, n, b, "numeric").estimate
        assert found.estimate == pytest.approx(numeric, rel=1e-6, abs=1e-9)


def test_the_largest_regrets_have_values() -> None:
    """Where the formula has a limit, not a value of its own."""
    for spec, target, n, wanted in (
        ("binary-relevance", "hamming:k=3", 8, 3 * np.log(2)),
        ("binary-relevance", "subset:k=3", 8, np.log(2)),
        ("binary-relevance", WEIGHTED, 4, 2 * np.log(2)),
        ("ranknet", "borda:items=3", 6, np.log(8)),
    ):
        most = hc.PointwiseProblem(spec, target, n_classes=n).decision.max_regret
        found = value(spec, target, n, most)
        assert found.estimate == pytest.approx(wanted, rel=1e-15)
        assert found.width < 1e-40


@pytest.mark.parametrize("m", [3, 4])
def test_the_tie_rule_by_its_stationary_point(m: int) -> None:
    """sup_t t b - log cosh t - (m - 2) log((1 + cosh t)/2), with u = tanh(t/2) a root of a cubic:
    written anew."""
    target, n = f"borda:items={m}", len(list(permutations(range(m))))
    for b in (0.25, 1.0, m - 1.5):
        u = brentq(lambda x, b=b: 2 * x / (1 + x * x) + (m - 2) * x - b, 0, 1)
        t = 2 * np.arctanh(u)
        wanted = t * b - np.log(np.cosh(t)) - (m - 2) * np.log((1 + np.cosh(t)) / 2)
        found = value("ranknet", target, n, b)
        assert found.estimate == pytest.approx(wanted, rel=1e-12)
        assert found.width < 1e-35  # also at b = 1, a value of the law itself


def test_another_potential_is_no_potential_of_pairs(monkeypatch: pytest.MonkeyPatch) -> None:
    problem = hc.PointwiseProblem("ranknet", "borda:items=3", n_classes=6)
    assert tied.missing(problem) == ""
    plain = RankNet.losses
    for false in (lambda self, s, ops: 2 * plain(self, s, ops),
                  lambda self, s, ops: plain(self, s, ops) + s[..., 0] ** 2):  # fmt: skip
        monkeypatch.setattr(RankNet, "losses", false)
        assert "logistic loss of all pairs" in tied.missing(problem)
    monkeypatch.undo()
    assert "its cost" in tied.missing(hc.PointwiseProblem("ranknet", "first:items=3", n_classes=6))


def test_what_is_no_sum_over_parts_is_refused() -> None:
    for target, said in (
        ("cost:[[0,1,1,1],[1,0,1,1],[1,1,0,1],[1,1,1,1/2]]", "sums over the wrong parts"),
        ("cost:[[0,1,1,2],[1,0,2,1],[1,2,0,1],[2,1,1,1]]", "sums over the wrong parts"),
        ("cost:[[0,-1,1,0],[-1,0,0,1],[1,0,0,-1],[0,1,-1,0]]", "grow with each wrong part"),
    ):
        problem = hc.PointwiseProblem("binary-relevance", target, n_classes=4)
        assert said in parts(problem)
        with pytest.raises(EngineCannotAnswerError, match=said):
            symbolic.derive(problem)


def test_thresholds_whose_probabilities_cannot_be_the_best_ones_give_a_lower_bound() -> None:
    target = "cost:[[0,1,3,4],[1,0,2,3],[3,2,0,1],[4,3,1,0]]"  # 1, 2, 1: neither rises nor falls
    found = value("cumulative", target, 4, 2)
    assert found.upper is None
    assert symbolic.derive(hc.PointwiseProblem("cumulative", target, n_classes=4)).relation == ">="
    exact = value("cumulative", target, 4, 2, "numeric").estimate
    assert float(found.lower) < exact * 0.95


def test_bounds_of_parts() -> None:
    hamming = hc.derive("binary-relevance:phi=exponential", 4, target="hamming:k=2")
    assert hamming.gamma is not None
    plain = hc.derive("exponential", 2)
    assert hamming(0.1) == pytest.approx(2 * plain(0.05), rel=1e-9)
    subset = hc.derive("binary-relevance:phi=exponential", 4, target="subset:k=2")
    assert subset(0.1) == pytest.approx((1 + plain(0.1)) / 2, rel=1e-9)
    borda = hc.derive("ranknet", 6, target="borda:items=3", engine="symbolic")
    (symbol,) = borda.gamma_upper.free_symbols
    for e in (0.5,):
        assert borda.bound(e).proven
        assert borda(e) <= float(borda.gamma_upper.subs(symbol, e)) + 1e-12


def test_a_value_where_two_pieces_meet_is_that_of_its_own_piece() -> None:
    """3/10 is no float: balls alone would take both pieces of a formula that jumps there."""
    found = value("weighted", "defer:accuracy=[[.7,.7]]", 2, "3/10")
    assert found.width < 1e-40
    numeric = value("weighted", "defer:accuracy=[[.7,.7]]", 2, "3/10", "numeric")
    assert found.estimate == pytest.approx(numeric.estimate, rel=1e-8)


@pytest.mark.parametrize("others", [(1,), (2, 1)])
def test_a_weight_that_is_a_symbol_stands_for_every_positive_number(others: tuple) -> None:
    """Where the order of the weights changes, so does the formula."""
    w = sympy.Symbol("w", positive=True)
    problem = hc.PointwiseProblem("logistic", LabelWeights([w, *others]), n_classes=1 + len(others))
    found = symbolic.derive(problem)
    (b,) = found.transform.free_symbols - {w}
    for at, beta in product(
        (Fraction(1, 100), Fraction(3, 2), 1000), (Fraction(1, 7), Fraction(9, 10))
    ):
        spec = "weights:" + ",".join(map(str, (at, *others)))
        if max(at, *others) < beta:
            continue
        wanted = value("logistic", spec, 1 + len(others), beta, "rigorous")
        formula = found.transform.subs({w: sympy.Rational(str(at))})
        shown = float(formula.subs(b, sympy.Rational(str(beta))))
        assert float(wanted.lower) * (1 - 1e-12) <= shown <= float(wanted.upper) * (1 + 1e-12)
    with pytest.raises(InvalidInputError, match="must be > 0"):
        LabelWeights([w, 0])


def test_as_many_ordered_labels_as_a_symbol_says() -> None:
    n = sympy.Symbol("n", integer=True, positive=True)
    problem = hc.PointwiseProblem("logistic", "ordinal:absolute", n_classes=n)
    found = symbolic.derive(problem)
    (b,) = found.transform.free_symbols - {n}
    for k, beta in ((2, "1/2"), (5, "1/2"), (5, "7/2")):
        shown = float(found.transform.subs({n: k, b: sympy.Rational(beta)}))
        assert shown == pytest.approx(
            value("logistic", "ordinal:absolute", k, beta, "rigorous").estimate, rel=1e-8
        )
    for engine in ("symbolic", "numeric", "rigorous"):
        with pytest.raises(InvalidInputError, match="number of labels"):
            hc.transform(problem, "1/2", engine)
    with pytest.raises(InvalidInputError, match="number of labels"):
        hc.PointwiseProblem("logistic", "ordinal:squared", n_classes=n)
    with pytest.raises(EngineCannotAnswerError, match="cross-entropy forecast"):
        symbolic.derive(hc.PointwiseProblem("brier", "ordinal:absolute", n_classes=n))
