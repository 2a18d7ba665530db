"""Facts of losses: proven for the catalogue, refuted for liars, said to be open where they are."""

from __future__ import annotations

import itertools
import statistics
import time
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, ClassVar

import numpy as np
import pytest
from scipy.optimize import minimize_scalar

from hconsist.arithmetic import NUMPY
from hconsist.engines import rigorous
from hconsist.losses import CATALOGUE, Loss, MarginLoss, SoftmaxLoss, parse_loss
from hconsist.losses.facts import Curve, Fact
from hconsist.losses.forms import OfMargin, OfScores, OfSoftmax, Pairwise, convex_in_scores
from hconsist.pointwise import PointwiseProblem

F = Fraction

#: Every catalogue loss by its defaults, and at other parameters.
SPECS = [
    *(entry.spec for entry in CATALOGUE.values()),
    *(f"comp-sum:tau={t}" for t in ("0", "1/2", "3/2", "17/10", "2", "5/2", "3", "7")),
    *(f"gce:q={q}" for q in ("1/1000", "1/3", "999/1000", "1")),
    *(f"focal:gamma={g}" for g in ("0", "1/10", "1/2", "1", "3/2", "5")),
    *(f"js:pi={p}" for p in ("1/100", "1/3", "9/10")),
    *(f"agce:a={a},q={q}" for a, q in (("1/10", "1/2"), ("1", "1"), ("2", "3"))),
    *(f"aul:a={a},p={p}" for a, p in (("2", "1"), ("2", "3"), ("11/10", "1/2"))),
    *(f"taylor-ce:order={k}" for k in (1, 3, 6, 20)),
    *(f"soft-truncated:alpha={a}" for a in ("1/2", "1", "5")),
    *(f"hard-truncated:alpha={a}" for a in ("1/2", "5")),
    *(f"truncated-gce:q={q},k={k}" for q, k in (("1", "1/3"), ("1/2", "9/10"))),
    *(f"ldr:lam={lam},c={c}" for lam, c in (("1", "0"), ("1/20", "2"), ("3", "1"))),
    *(f"sigmoid:k={k}" for k in ("1/10", "3")),
    *(f"rho-margin:rho={r}" for r in ("1/3", "7")),
    *(f"margin-focal:gamma={g}" for g in ("0", "1/2", "5")),
    *(f"constrained:phi={p}" for p in ("squared-hinge", "exponential", "sigmoid,k=2")),
    *(f"{kind}:phi={p}" for kind in ("sum", "max") for p in ("exponential", "margin-logistic")),
]


def _curves(loss: Loss) -> Iterator[Curve]:
    for form in loss.forms:
        if isinstance(form, OfSoftmax):
            yield form.g
        elif isinstance(form, OfMargin | OfScores | Pairwise):
            yield form.phi


@pytest.mark.parametrize("spec", SPECS)
def test_every_fact_that_the_catalogue_declares_is_proven(spec: str) -> None:
    loss = parse_loss(spec)
    for curve in _curves(loss):
        for what in curve.declared:
            found = curve.fact(what)  # type: ignore[arg-type]
            assert found, str(found)
            assert found.origin == "proven", str(found)
    shape = loss.shape
    form = loss.form(OfSoftmax)
    if shape == "convex in scores":
        for n in (2, 3, 5) if loss.only_classes is None else (2,):
            found_in_scores = convex_in_scores(loss.forms, n)
            assert found_in_scores, str(found_in_scores)
            assert all(fact.proven for fact in found_in_scores)  # type: ignore[union-attr]
    elif form is not None:
        expected = {"convex in softmax": "convex", "concave in softmax": "concave"}
        if shape is not None:
            assert form.g.fact(expected[shape]).proven  # type: ignore[arg-type]
    if form is not None:  # what `SoftmaxLoss` says of its members
        assert form.g.fact("non-increasing").proven


@pytest.mark.parametrize("spec", SPECS)
def test_declared_kinks_are_those_of_the_formula(spec: str) -> None:
    loss = parse_loss(spec)
    form = loss.form(OfMargin)
    if form is None or not isinstance(loss, MarginLoss) or loss.kinks is None:
        return
    assert form.phi.kinks == tuple(sorted(loss.kinks))
    assert form.phi.fact("piecewise linear").proven
    assert form.phi.fact("non-negative").proven
    assert form.phi.fact("non-increasing").proven


# -- liars
@dataclass(frozen=True)
class _Square(SoftmaxLoss):
    spec_name: ClassVar[str] = "square"
    shape = "convex in softmax"  # it is concave

    def of_softmax(self, u: Any, ops: Any) -> Any:
        return ops.const(1) - u * u


@dataclass(frozen=True)
class _Tanh(MarginLoss):
    spec_name: ClassVar[str] = "tanh"
    convex: ClassVar[bool] = True  # it is not

    def of_margin(self, u: Any, ops: Any) -> Any:
        return ops.const(1) - ops.tanh(u)


@dataclass(frozen=True)
class _Opaque(MarginLoss):
    """The logistic loss by a function of its own, of whose signs no prover can say anything."""

    spec_name: ClassVar[str] = "opaque"
    convex: ClassVar[bool] = True

    def of_margin(self, u: Any, ops: Any) -> Any:
        if type(u).__name__ == "Term":
            raise NotImplementedError("not for you")
        return ops.softplus(-u)


def test_a_false_declared_shape_is_refuted_and_never_used() -> None:
    g = _Square().form(OfSoftmax).g  # type: ignore[union-attr]
    assert g.fact("convex").refuted
    assert g.fact("concave").origin == "proven"  # type: ignore[union-attr]
    answer = rigorous.transform(PointwiseProblem(_Square(), n_classes=3), F(3, 10))
    assert answer.lower is not None
    assert answer.upper is not None
    assert answer.lower <= F("0.2916666666666667") and answer.upper <= F("0.291667")
    phi = _Tanh().form(OfMargin).phi  # type: ignore[union-attr]
    assert phi.fact("convex").refuted
    # it falls, so it is answered as sigmoid:k=1 is
    ours, theirs = (
        rigorous.transform(PointwiseProblem(loss), F(1, 2))
        for loss in (_Tanh(), parse_loss("sigmoid:k=1"))
    )
    assert (ours.lower, ours.upper) == (theirs.lower, theirs.upper)


def test_what_is_declared_and_open_is_told_and_nothing_is_called_proven() -> None:
    phi = _Opaque().form(OfMargin).phi  # type: ignore[union-attr]
    found = phi.fact("convex")
    assert isinstance(found, Fact)
    assert found.assumption == "declared: phi on the real line is convex (convex of _Opaque)"
    answer = rigorous.transform(PointwiseProblem(_Opaque()), F(1, 2))
    assert answer.lower is None and answer.upper is None
    assert answer.assumptions == (found.assumption,)


@pytest.mark.parametrize(
    ("spec", "whats"),
    [
        ("softmax:Piecewise((-log(u),u<1/2),(-log(u)+5,True))", ["convex", "non-increasing"]),
        ("margin:Piecewise((1-v,v<1),(2,True))", ["convex", "non-increasing", "continuous"]),
        ("margin:Piecewise((Max(0,1-v)-3,v<-1),(Max(0,1-v),True))", ["convex", "continuous"]),
        ("margin:Piecewise((1-v,v<1/3),(1-v+1/1000000000,True))", ["continuous"]),
        ("softmax:u**2", ["concave", "non-increasing"]),
        ("margin:log(1+exp(-v))+3*v/4", ["non-increasing", "falls at 0"]),
        ("margin:exp(v)", ["falls at 0", "concave"]),
        ("margin:-v", ["bounded below"]),
        ("margin:Max(0,1-v)", ["decreasing", "strictly convex"]),
        ("margin:1-tanh(v)", ["convex", "concave", "piecewise linear"]),
        ("margin:Min(1,Max(0,1-v))", ["convex"]),
    ],
)
def test_jumps_and_false_facts_are_refuted(spec: str, whats: list[str]) -> None:
    loss = parse_loss(spec)
    (curve, *_) = _curves(loss)
    for what in whats:
        found = curve.fact(what)  # type: ignore[arg-type]
        assert not found
        assert found.refuted, str(found)


def test_a_jump_too_small_for_the_samples_is_not_convex() -> None:
    (curve, *_) = _curves(parse_loss("margin:Piecewise((1-v,v<1/3),(1-v-10**(-40),True))"))
    assert not curve.fact("convex")
    assert not curve.fact("continuous")


@pytest.mark.parametrize(
    "spec",
    [
        "margin:log(1+exp(-v))**2",
        "margin:log(1+exp(1-v))",
        "margin:sqrt(1+v**2)-v",
        "margin:exp(exp(-v))",
        "margin:Max(0,1-v)**(3/2)",
        "margin:(1-v)**4",
        "margin:Abs(1-v)",
        "margin:Max(v**2-2,1-v)",
        "margin:Piecewise((1-v,v<1),(0,True))",
        "softmax:-log(u)+(1-u)**2/2",
        "softmax:1/u",
        "softmax:(-log(u))**2",
    ],
)
def test_user_formulas_are_convex_by_proof(spec: str) -> None:
    (curve, *_) = _curves(parse_loss(spec))
    assert curve.fact("convex").proven


def _points(curve: Curve) -> np.ndarray:
    if curve.domain == "unit":
        return np.linspace(0.002, 0.998, 499)
    return np.linspace(-9.0, 9.0, 721)


@pytest.mark.parametrize("spec", SPECS)
def test_proven_facts_hold_in_floats(spec: str) -> None:
    for curve in _curves(parse_loss(spec)):
        x = _points(curve)
        v = np.asarray(curve(x, NUMPY)) + 0 * x
        first, second = np.diff(v), np.diff(v, 2)
        slack = 1e-12 * (1 + np.abs(v).max())
        checks = {
            "non-increasing": first.max() <= slack,
            "convex": second.min() >= -slack,
            "concave": second.max() <= slack,
            "non-negative": v.min() >= -slack,
        }
        for what, holds in checks.items():
            if curve.fact(what):  # type: ignore[arg-type]
                assert holds, (spec, what)


def test_random_formulas_have_no_false_proven_fact() -> None:
    """Sums, products and compositions drawn at random: what is proven holds on a fine grid."""
    rng = np.random.default_rng(7)
    bricks = [
        "exp(-v)",
        "Max(0,1-v)",
        "tanh(v)",
        "v**2",
        "log(1+exp(-v))",
        "Abs(v)",
        "sqrt(1+v**2)",
    ]
    x = np.linspace(-4, 4, 401)
    compared = 0
    for _ in range(40):
        a, b = rng.choice(bricks, 2, replace=False)
        c = int(rng.integers(-3, 4))
        how = rng.choice(["{a}+{c}*({b})", "({a})*({b})", "Max({a},{b}+{c})", "Min({a},{b}+{c})"])
        curve = next(_curves(parse_loss("margin:" + how.format(a=a, b=b, c=c))))
        v = np.asarray(curve(x, NUMPY)) + 0 * x
        slack = 1e-11 * (1 + np.abs(v).max())
        holds = {
            "convex": np.diff(v, 2).min() >= -slack,
            "concave": np.diff(v, 2).max() <= slack,
            "non-increasing": np.diff(v).max() <= slack,
            "non-decreasing": np.diff(v).min() >= -slack,
        }
        for what, true in holds.items():
            found = curve.fact(what)  # type: ignore[arg-type]
            assert true or not found, (how, a, b, c, what)
            assert not (found.refuted and what in ("convex", "concave") and _flat(v, what))
            compared += 1
    assert compared == 160


def _flat(v: np.ndarray, what: str) -> bool:
    """Whether second differences have the sign of `what` with room to spare everywhere."""
    second = np.diff(v, 2)
    return bool((second.min() > 1e-6) if what == "convex" else (second.max() < -1e-6))


def test_tie_strength_is_what_a_grid_finds() -> None:
    """The constant near 0 of constrained losses comes from phi: a doubled one fails here."""
    for spec, curve in (
        (s, parse_loss(s).form(OfMargin).phi)  # type: ignore[union-attr]
        for s in ("squared-hinge", "margin-logistic", "exponential", "margin:3*exp(-v/5)")
    ):
        least = np.inf
        for b in (0.03, 0.1, 0.3, 0.5):

            def risk(f: float, b: float = b, phi: Curve = curve) -> float:
                sides = [float(phi(np.asarray(s * f), NUMPY)) for s in (1, -1)]
                return (1 + b) / 2 * sides[0] + (1 - b) / 2 * sides[1]

            found = minimize_scalar(risk, bounds=(0, 12), method="bounded", options={"xatol": 1e-9})
            least = min(least, (risk(0.0) - found.fun) / b**2)
        kappa = float(curve.tie_strength)
        assert kappa <= least * (1 + 1e-4), spec
        assert kappa >= least * (1 - 1e-2), spec


def test_the_time_that_facts_add_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    spent = []
    for entry in CATALOGUE.values():
        loss = parse_loss(entry.spec)
        started = time.perf_counter()
        for curve, what in itertools.product(_curves(loss), ("convex", "non-increasing")):
            curve.fact(what)  # type: ignore[arg-type]
        spent.append(1e3 * (time.perf_counter() - started))
    with capsys.disabled():
        print(f"\nfacts of catalogue losses: median {statistics.median(spent):.1f} ms, ", end="")
        print(f"most {max(spent):.0f} ms")
    assert len(spent) == len(CATALOGUE)
