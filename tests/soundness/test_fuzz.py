"""Random losses: no proven statement excludes the brute force, no estimate misses it in silence.

The large run::

    HCONSIST_FUZZ_MINUTES=30 pytest -m slow tests/soundness/test_fuzz.py -s

or, on any machine with the package alone, ``hconsist selftest --minutes 30``.
"""

from __future__ import annotations

import ast
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import hconsist.selftest as selftest
from hconsist.arithmetic import NUMPY
from hconsist.losses import parse_loss
from hconsist.selftest import (
    Tally,
    formulas,
    fuzz,
    judge,
    three_labels,
    two_label_costs,
    two_labels,
)  # fmt: skip


def losses_of(spec: str) -> Callable[[np.ndarray], np.ndarray]:
    loss = parse_loss(spec)
    return lambda scores: np.asarray(loss.losses(scores, NUMPY))


# -- the brute force itself, against values known from papers
@pytest.mark.parametrize(
    ("spec", "truth"),
    [
        ("logistic", lambda b: ((1 + b) * np.log1p(b) + (1 - b) * np.log1p(-b)) / 2),
        ("exponential", lambda b: 1 - np.sqrt(1 - b * b)),
        ("hinge", lambda b: b),
        ("squared-hinge", lambda b: b * b),
        ("mae", lambda b: b / 2),
        ("margin:exp(-v/1000)", lambda b: 1 - np.sqrt(1 - b * b)),
        ("softmax:1-u**2", lambda b: np.minimum(b, 1 / 4 + b / 2)),  # a tie, or one label alone
        ("margin:log(1+exp(-v))+3*v/4", lambda b: 0 * b),
    ],
)
def test_brute_force_of_two_labels(spec: str, truth: Callable[[np.ndarray], np.ndarray]) -> None:
    betas = np.linspace(0.05, 0.95, 7)
    points = two_labels.sweep(losses_of(spec), betas)
    assert points is not None
    assert np.allclose([p.regret for p in points], truth(betas), atol=2e-9)


def test_brute_force_of_three_labels() -> None:
    logistic = three_labels.transform(losses_of("logistic"), 0.3)
    assert logistic is not None
    assert logistic.regret == pytest.approx((1.3 * np.log(1.3) + 0.7 * np.log(0.7)) / 2, abs=1e-9)
    mae = three_labels.transform(losses_of("mae"), 0.3)
    assert mae is not None and mae.regret == pytest.approx(0.1, abs=1e-9)
    # issue 12, 2: the true value of a loss whose declared shape was believed
    concave = three_labels.transform(losses_of("softmax:1-u**2"), 0.3)
    assert concave is not None and concave.regret == pytest.approx(0.291667, abs=1e-6)


@pytest.mark.parametrize(
    ("target", "rows", "truth"),
    [  # the regret of the squared loss is the square of how far the forecast is from the truth
        ("weights:2,1/2", [(0, 1 / 2), (2, 0)], lambda b: (b / 2.5) ** 2),
        ("abstain:c=1/4", [(0, 1), (1, 0), (1 / 4, 1 / 4)],
         lambda b: np.where(b <= 1 / 2, b, (b + 1 / 2) / 2) ** 2),
    ],
)  # fmt: skip
def test_brute_force_of_costs(
    target: str, rows: list[tuple[float, float]], truth: Callable[[np.ndarray], np.ndarray]
) -> None:
    squared, betas = parse_loss("softmax:(1-u)**2"), ("1/10", "2/5", "7/10", "19/20")
    question = judge.Trial(squared, squared.spec, 2, None, betas, target)
    points = judge.brute(question)
    assert points is not None
    found = [point.regret for point in points.values() if point is not None]
    assert np.allclose(found, truth(np.array([0.1, 0.4, 0.7, 0.95])), atol=1e-12)
    assert two_label_costs.forecasts(rows, 0) == (
        pytest.approx(1 / 5 if len(rows) == 2 else 3 / 4), 1
    )  # fmt: skip


def test_brute_force_of_costs_knows_what_no_prediction_reaches() -> None:
    dominated = [(0.0, 1.0), (1.0, 0.0), (5.0, 5.0)]  # the third row is never predicted
    points = two_label_costs.sweep(losses_of("logistic"), dominated, [0.5, 2.0])
    assert points is not None and points[0] is not None and points[1] is None


def test_brute_force_looks_closely_around_knots() -> None:
    """A valley a thousandth wide between two points of the grid, of depth 1/2, at u = 0.7."""
    spec = "softmax:(1-u)**2-Max(0,1-1000*Abs(u-7/10))/2"
    found = two_labels.least_risks(losses_of(spec), np.array([1.0]), knots=formulas.knots(spec))
    assert found is not None and found[0] == pytest.approx(0.09 - 0.5, abs=1e-9)


def test_what_more_labels_are_proven_above_two_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """T of more labels is at most T of two where the loss falls; MAE: 1/4 at beta = 1/2."""
    from fractions import Fraction

    from hconsist.pointwise import Answer

    for spec, low, severity in (
        ("mae", "1/4", []),
        ("mae", "26/100", ["false proof"]),
        ("softmax:(u-1/2)**2", "1/2", []),  # it rises: nothing is known of more labels
    ):
        question = judge.Trial(parse_loss(spec), spec, 2, None, ("1/2",))
        answer = Answer(None, Fraction(low), None, None, "rigorous")
        monkeypatch.setattr(judge, "_answers", lambda q, e, found, a=answer: found.append(a))
        tally = Tally(0)
        judge.more_labels(tally, question, judge.brute(question), 4, "rigorous", fuzz.ask)
        assert [f.severity for f in tally.findings] == severity


def test_an_engine_that_was_interrupted_is_not_asked_again() -> None:
    def endless(question: judge.Trial) -> None:
        raise fuzz._Interrupted

    tally, question = Tally(0), judge.Trial(parse_loss("mae"), "mae", 2, None, ("1/2",))
    for _ in range(2):
        assert fuzz.ask(tally, question, "numeric", endless) is None
    assert {why for _, why in tally.silent} == {"not within 3 s", "was too slow before"}


def test_random_formulas_are_of_every_kind_and_readable() -> None:
    drawn = [formulas.spec(np.random.default_rng([5, i]), 2 + i % 2) for i in range(400)]
    for kind in ("1000*Abs", "Piecewise", "/(1-u)", "log(1-u)", "Max(", "Min(", "tanh(500", "**2"):
        assert any(kind in spec for spec in drawn), kind
    narrow = ("000*", "500*", "1/1000)", "800*")
    assert not any(w in spec for spec in drawn[1::2] for w in narrow)  # three labels
    for spec in drawn[:40]:
        parse_loss(spec)


@pytest.mark.parametrize("spec", ["margin:-v", "margin:exp(-v)-2*v", "softmax:log(u)"])
def test_a_risk_without_a_lower_bound_is_seen(spec: str) -> None:
    assert two_labels.sweep(losses_of(spec), [0.3]) is None


def test_brute_force_imports_no_engine() -> None:
    folder = Path(selftest.__file__).parent
    for name in ("two_labels", "two_label_costs", "three_labels", "formulas"):
        tree = ast.parse((folder / f"{name}.py").read_text(encoding="utf-8"))
        modules = [
            alias.name if isinstance(node, ast.Import) else node.module
            for node in ast.walk(tree)
            if isinstance(node, ast.Import | ast.ImportFrom)
            for alias in node.names
        ]
        ours = {m for m in modules if m and m.startswith("hconsist")}
        assert ours <= {"hconsist.selftest.two_labels"}


# -- the fuzz
def settled(tally: Tally) -> None:
    """Nothing false is proven, nothing is missed in silence."""
    bad = [str(f) for f in tally.findings if f.severity != "error"]
    assert not bad, "\n".join(bad)


def test_a_small_seeded_sample() -> None:
    tally = selftest.run(seed=12, minutes=0.25, most=5)
    settled(tally)
    assert tally.comparisons > 0


@pytest.mark.slow
def test_a_large_run() -> None:
    minutes = float(os.environ.get("HCONSIST_FUZZ_MINUTES", "10"))
    tally = selftest.run(seed=int(os.environ.get("HCONSIST_FUZZ_SEED", "0")), minutes=minutes)
    print(tally.as_dict())
    settled(tally)


# -- formulas by Hypothesis, with another distribution and smaller examples when one fails
NUMBERS = st.sampled_from(["1/3", "1/2", "1", "2", "0.7", "sqrt(2)"])


def nested(atoms: list[str], variable: str, knots: list[str]) -> st.SearchStrategy[str]:
    def extend(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
        two = st.tuples(inner, inner, NUMBERS, st.sampled_from(knots))
        shapes = st.sampled_from(
            [
                "({a})+{c}*({b})",
                "({a})*({b})",
                "Max({a},{b})",
                "Min({a},{c}*({b}))",
                "({a})+Abs({x}-({k}))",
                "Piecewise(({a},{x}<{k}),({b},True))",
                "({a})**2",
            ]
        )
        return st.builds(
            lambda shape, t: shape.format(a=t[0], b=t[1], c=t[2], k=t[3], x=variable), shapes, two
        )

    return st.recursive(st.sampled_from(atoms), extend, max_leaves=3)


SPECS = st.one_of(
    nested(["-log(u)", "1-u", "(1-u)**2", "1/u", "u", "exp(-u)"], "u", ["1/3", "1/2"]).map(
        "softmax:{}".format
    ),
    nested(["exp(-v)", "Max(0,1-v)", "log(1+exp(-v))", "v", "1/(1+exp(v))"], "v", ["0", "1"]).map(
        "margin:{}".format
    ),
)


def ask_all(spec: str, bound: str | None, seed: int) -> Tally:
    tally = Tally(seed)
    with np.errstate(all="ignore"):
        fuzz.compare(parse_loss(spec), spec, 2, bound, tally, np.random.default_rng(seed))
    return tally


@pytest.mark.filterwarnings("ignore")
@settings(max_examples=3, derandomize=True)
@given(spec=SPECS, bound=st.sampled_from([None, "1"]))
def test_formulas_of_hypothesis(spec: str, bound: str | None) -> None:
    settled(ask_all(spec, bound, 0))


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
@settings(max_examples=300)
@given(spec=SPECS, bound=st.sampled_from([None, "1", "1/2"]), seed=st.integers(0, 99))
def test_many_formulas_of_hypothesis(spec: str, bound: str | None, seed: int) -> None:
    settled(ask_all(spec, bound, seed))
