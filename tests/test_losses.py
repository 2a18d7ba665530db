"""Identities of the loss formulas: one definition, four arithmetics."""

from __future__ import annotations

import numpy as np
import pytest

from hconsist.arithmetic import BALLS, CVXPY, NUMPY, SYMPY, exact
from hconsist.errors import InvalidInputError, UnknownNameError
from hconsist.losses import CATALOGUE, Loss, SoftmaxLoss, parse_loss
from hconsist.pointwise import PointwiseProblem

SPECS = [
    *CATALOGUE,
    "comp-sum:tau=1.5",
    "ldr:lam=0.25,c=1",
    "constrained:phi=sigmoid,k=2",
    "max:phi=exponential",
]


def scores_for(loss: Loss) -> np.ndarray:
    scores = np.linspace(-0.75, 0.5, loss.only_classes or 4)
    return scores - scores.mean() if loss.sum_to_zero else scores


@pytest.mark.parametrize("spec", SPECS)
def test_arithmetics_agree(spec: str) -> None:
    loss = parse_loss(spec)
    scores = scores_for(loss)
    floats = loss.losses(scores, NUMPY)
    symbols = loss.losses(
        np.array([SYMPY.const(exact(float(s), "s")) for s in scores], dtype=object), SYMPY
    )
    enclosures = loss.losses(
        np.array([BALLS.const(exact(float(s), "s")) for s in scores], dtype=object), BALLS
    )
    assert np.allclose(floats, np.array(symbols, dtype=float), rtol=1e-13, atol=1e-14)
    for value, ball in zip(symbols, enclosures, strict=True):
        assert abs(float(ball.mid()) - float(value)) <= 1e-13 * max(1.0, abs(float(value)))


@pytest.mark.parametrize("spec", SPECS)
def test_relabelling_permutes_the_losses(spec: str) -> None:
    loss = parse_loss(spec)
    scores = scores_for(loss)
    order = np.roll(np.arange(scores.size), 1)
    assert (
        np.allclose(loss.losses(scores[order], NUMPY), loss.losses(scores, NUMPY)[order])
        == loss.symmetric
    )


@pytest.mark.parametrize("spec", SPECS)
def test_shifts_of_the_scores_change_what_the_loss_says_they_change(spec: str) -> None:
    loss = parse_loss(spec)
    scores = scores_for(loss)
    if loss.sum_to_zero and loss.only_classes is None:
        pytest.skip("the scores must sum to zero")
    same = np.allclose(loss.losses(scores + 0.375, NUMPY), loss.losses(scores, NUMPY))
    assert same == loss.shift_invariant


@pytest.mark.parametrize("spec", SPECS)
def test_spec_string_reads_back(spec: str) -> None:
    loss = parse_loss(spec)
    assert parse_loss(loss.spec) == loss


@pytest.mark.parametrize(
    "spec", ["logistic", "comp-sum:tau=0.3", "ldr:lam=0.25,c=1", "ldr:lam=2,c=0"]
)
def test_definition_in_scores_is_the_softmax_form(spec: str) -> None:
    loss = parse_loss(spec)
    assert isinstance(loss, SoftmaxLoss)
    scores = np.random.default_rng(0).normal(size=(20, 5))
    u = NUMPY.softmax(scores / float(loss.temperature))
    assert np.allclose(loss.losses(scores, NUMPY), loss.of_softmax(u, NUMPY), rtol=1e-12)


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ("logistc", "did you mean 'logistic'"),
        ("comp-sum:tua=1", "did you mean 'tau'"),
        ("comp-sum:tau=-1", "tau must be >= 0"),
        ("comp-sum:tau=x", "tau must be a finite number"),
        ("comp-sum:tau", "name:parameter=value"),
        ("comp-sum:tau=1,tau=2", "given once"),
        ("gce:q=1.5", "q must lie in (0, 1]"),
        ("constrained:phi=logistic", "phi must be a binary margin loss"),
        ("softmax:log(u) + z", "exactly one variable"),
    ],
)
def test_bad_specs_name_the_rule(spec: str, expected: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        parse_loss(spec)
    assert expected in str(caught.value)
    assert "\n" not in str(caught.value)


def test_unknown_names_are_input_errors() -> None:
    with pytest.raises(UnknownNameError):
        PointwiseProblem("logistic", target="top", n_classes=3)
    with pytest.raises(InvalidInputError, match="k < n_classes"):
        PointwiseProblem("logistic", target="top-k:3", n_classes=3)
    with pytest.raises(InvalidInputError, match="n_classes = 2"):
        PointwiseProblem("hinge", n_classes=3)


# -- definitions written a second time, from the papers
RANDOM = np.random.default_rng(7)
SCORES = RANDOM.normal(size=(6, 4))
Q = np.exp(SCORES) / np.exp(SCORES).sum(-1, keepdims=True)
ONE_HOT = np.eye(4)


def values(spec: str, scores: np.ndarray = SCORES) -> np.ndarray:
    return np.asarray(parse_loss(spec).losses(scores, NUMPY))


def kl(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return np.where(a > 0, a * np.log(np.where(a > 0, a, 1) / b), 0).sum(-1)


def test_ldr_k_is_a_linear_program_over_capped_distributions() -> None:
    from scipy.optimize import linprog

    for k in (1, 2, 3, 4):
        for s, found in zip(SCORES, values(f"ldr-k:k={k},c=0.7"), strict=True):
            for y in range(4):
                m = 0.7 * (np.arange(4) != y) + s - s[y]
                best = linprog(-m, A_eq=[[1] * 4], b_eq=[1], bounds=[(0, 1 / k)] * 4)
                assert found[y] == pytest.approx(-best.fun, abs=1e-9)


def test_limits_of_ldr() -> None:
    shift = np.log(4)
    assert np.allclose(values("ldr:lam=0.001,c=1"), values("ldr-zero:c=1"), atol=2e-3)
    assert np.allclose(values("ldr:lam=100000,c=1") - 1e5 * shift, values("ldr-inf:c=1"), atol=1e-4)
    assert np.allclose(values("ldr-k:k=4,c=1"), values("ldr-inf:c=1"))
    assert np.allclose(values("ldr-zero:c=1"), values("crammer-singer"))


def test_aldr_is_the_maximum_over_distributions_and_temperatures() -> None:
    steps = np.arange(0, 1.0001, 1 / 150)
    grid = np.array([(a, b, 1 - a - b) for a in steps for b in steps if a + b <= 1 + 1e-12]).clip(0)
    divergence = kl(grid, np.full(3, 1 / 3))
    lam0, alpha, c = 1.5, 2.0, 0.5
    a = alpha * np.log(3) / lam0
    lam = np.maximum(lam0 - divergence / a, 0)
    for s in RANDOM.normal(size=(5, 3)):
        found = values("aldr:lam0=1.5,alpha=2,c=0.5", s)
        for y in range(3):
            m = c * (np.arange(3) != y) + s - s[y]
            brute = (grid @ m - lam * divergence - a / 2 * (lam - lam0) ** 2).max()
            assert brute <= found[y] + 1e-12
            assert found[y] <= brute + 1e-3


def test_noise_robust_losses() -> None:
    u = Q
    assert np.allclose(values("rce:A=-3"), 3 * (1 - u))
    assert np.allclose(values("sce:alpha=0.3,beta=2,A=-3"), -0.3 * np.log(u) + 2 * 3 * (1 - u))
    assert np.allclose(values("nce"), np.log(u) / np.log(u).sum(-1, keepdims=True))
    assert np.allclose(values("nce").sum(-1), 1)
    assert np.allclose(values("agce:a=0.5,q=3"), (1.5**3 - (0.5 + u) ** 3) / 3)
    assert np.allclose(values("aul:a=2,p=3"), ((2 - u) ** 3 - 1) / 3)
    assert np.allclose(values("ael:a=0.5"), np.exp(-2 * u))
    assert np.allclose(values("taylor-ce:order=200"), -np.log(u), atol=1e-3)
    assert np.allclose(values("soft-truncated:alpha=1000"), -np.log(u), rtol=5e-3)
    assert np.allclose(values("hard-truncated:alpha=1"), np.minimum(-np.log(u), 1))
    assert np.allclose(values("truncated-gce:q=0.5,k=0.3"), (1 - np.maximum(u, 0.3) ** 0.5) / 0.5)
    robust = np.array(
        [
            [
                np.log(1.2 / 0.2) - np.log(0.2 + r[y]) + np.log(0.2 + np.delete(r, y)).mean()
                for y in range(4)
            ]
            for r in u
        ]
    )
    assert np.allclose(values("rll:alpha=0.2"), robust)
    assert np.allclose(values("rll:alpha=0.2").sum(-1), 4 * np.log(6))


@pytest.mark.parametrize("pi", [0.1, 0.5, 0.9])
def test_jensen_shannon_is_the_divergence(pi: float) -> None:
    for q, found in zip(Q, values(f"js:pi={pi}"), strict=True):
        m = pi * ONE_HOT + (1 - pi) * q
        expected = (pi * kl(ONE_HOT, m) + (1 - pi) * kl(q, m)) / (-(1 - pi) * np.log(1 - pi))
        assert np.allclose(found, expected)


def test_jensen_shannon_tends_to_cross_entropy() -> None:
    assert np.allclose(values("js:pi=0.000001"), -np.log(Q), rtol=1e-4)


def test_proper_and_imbalanced_losses() -> None:
    assert np.allclose(values("brier"), ((Q[:, None, :] - ONE_HOT) ** 2).sum(-1))
    assert np.allclose(values("spherical"), 1 - Q / np.linalg.norm(Q, axis=-1, keepdims=True))
    assert np.allclose(values("focal:gamma=1.5"), -((1 - Q) ** 1.5) * np.log(Q))
    overlap = 2 * (Q[:, None, :] * ONE_HOT).sum(-1) + 0.5
    assert np.allclose(
        values("dice:gamma=0.5"), 1 - overlap / ((Q**2).sum(-1, keepdims=True) + 1 + 0.5)
    )
    margins = 0.5 * 1.5 ** np.arange(-3.0, 1)
    lowered = [[s - ONE_HOT[y] * margins[y] for y in range(4)] for s in SCORES]
    expected = [[-(r[y] - np.log(np.exp(r).sum())) for y, r in enumerate(rows)] for rows in lowered]
    assert np.allclose(values("ldam:margin=0.5,growth=1.5"), expected)
    cosines = [
        [-(5 * (s[y] - 0.2) - np.log(np.exp(5 * (s - 0.2 * ONE_HOT[y])).sum())) for y in range(4)]
        for s in SCORES
    ]
    assert np.allclose(values("cosface:scale=5,margin=0.2"), cosines)
    hot = np.exp(SCORES / 0.3)
    assert np.allclose(values("infonce:temperature=0.3"), -np.log(hot / hot.sum(-1, keepdims=True)))


def test_spherical_family_sees_three_statistics_only() -> None:
    z = (SCORES - SCORES.mean(-1, keepdims=True)) / SCORES.std(-1, keepdims=True)
    assert np.allclose(values("z-loss:a=2,b=0.5"), np.log1p(np.exp(2 * (0.5 - z))) / 2)
    assert np.allclose(values("z-loss"), values("z-loss", 3 * SCORES + 5))
    taylor = 1 + SCORES + SCORES**2 / 2
    assert np.allclose(np.exp(-values("taylor-softmax")), taylor / taylor.sum(-1, keepdims=True))
    assert np.allclose(values("spherical-softmax"), values("spherical-softmax", -SCORES))


def test_margin_focal_is_the_focal_loss_of_two_labels() -> None:
    f = np.linspace(-3, 3, 13)
    assert np.allclose(
        values("margin-focal:gamma=2", np.stack([f, -f], -1)),
        values("focal:gamma=2", np.stack([f, -f], -1) / 2),
    )


@pytest.mark.parametrize("k", [1, 2, 3])
def test_sum_of_the_largest_in_every_arithmetic(k: int) -> None:
    import cvxpy as cp

    row = np.array([0.25, -1.5, 2.0, 0.5])
    expected = np.sort(row)[-k:].sum()
    assert NUMPY.top_sum(row, k) == expected
    exactly = [exact(float(v), "v") for v in row]
    assert (
        float(SYMPY.top_sum(np.array([SYMPY.const(v) for v in exactly], dtype=object), k))
        == expected
    )
    assert BALLS.top_sum(np.array([BALLS.const(v) for v in exactly], dtype=object), k).contains(
        expected
    )
    assert float(CVXPY.top_sum(cp.Constant(row), k).value) == pytest.approx(expected)


def test_xlogx_encloses_its_range() -> None:
    import flint

    for low, high in ((0.0, 0.2), (0.0, 1.0), (0.1, 2.0), (0.0, 0.0)):
        ball = BALLS.xlogx(flint.arb(low).union(flint.arb(high)))
        for x in np.linspace(low, high, 101):
            assert (
                ball.contains(flint.arb(x * np.log(x) if x > 0 else 0.0))
                or abs(float(ball.mid())) < 1e-12
            )
    assert NUMPY.xlogx(np.array([0.0, 1.0])).tolist() == [0.0, 0.0]
