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
from hconsist.selftest import Tally, fuzz, three_labels, two_labels


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


@pytest.mark.parametrize("spec", ["margin:-v", "margin:exp(-v)-2*v", "softmax:log(u)"])
def test_a_risk_without_a_lower_bound_is_seen(spec: str) -> None:
    assert two_labels.sweep(losses_of(spec), [0.3]) is None


def test_brute_force_imports_no_engine() -> None:
    folder = Path(selftest.__file__).parent
    for name in ("two_labels", "three_labels", "formulas"):
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


def formulas(atoms: list[str], variable: str, knots: list[str]) -> st.SearchStrategy[str]:
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
    formulas(["-log(u)", "1-u", "(1-u)**2", "1/u", "u", "exp(-u)"], "u", ["1/3", "1/2"]).map(
        "softmax:{}".format
    ),
    formulas(["exp(-v)", "Max(0,1-v)", "log(1+exp(-v))", "v", "1/(1+exp(v))"], "v", ["0", "1"]).map(
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
