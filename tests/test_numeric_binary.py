"""Two labels: the numeric engine against a brute force over formulas of all kinds, and extremes."""

from __future__ import annotations

import warnings
from collections.abc import Callable

import mpmath
import numpy as np
import pytest
from scipy.optimize import minimize_scalar

from hconsist.bounds import derive
from hconsist.engines.numeric import binary, sweep, transform
from hconsist.engines.numeric.continuity import cannot_jump
from hconsist.engines.numeric.decimals import losses_in_decimals
from hconsist.engines.numeric.shapes import _in_balls
from hconsist.losses import parse_loss
from hconsist.pointwise import PointwiseProblem

#: Formulas of a user, as text and as a function written anew: convex or not, with kinks, jumps, and
#: a slope at 0 of either sign.
FORMULAS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "log(1+exp(-v))**2": lambda v: np.logaddexp(0, -v) ** 2,
    "exp(-v)+Max(0,1-v)": lambda v: np.exp(-v) + np.maximum(0, 1 - v),
    "Max(0,1-v)**3": lambda v: np.maximum(0, 1 - v) ** 3,
    "Max(0,1-v)**(3/2)": lambda v: np.maximum(0, 1 - v) ** 1.5,
    "sqrt(1+v**2)-v": lambda v: np.sqrt(1 + v**2) - v,
    "log(1+exp(1-v))": lambda v: np.logaddexp(0, 1 - v),
    "(1-v)**4": lambda v: (1 - v) ** 4,
    "1-tanh(3*v)": lambda v: 1 - np.tanh(3 * v),
    "Min(1,Max(0,1-v))+exp(-v)/4": lambda v: np.clip(1 - v, 0, 1) + np.exp(-v) / 4,
    "exp(-Abs(v-1))-v/2+v**2/9": lambda v: np.exp(-np.abs(v - 1)) - v / 2 + v**2 / 9,
    "log(1+exp(-v))+3*v/4": lambda v: np.logaddexp(0, -v) + 0.75 * v,
    "exp(v)": np.exp,
    "(v-1)**2*(v+2)**2/10": lambda v: (v - 1) ** 2 * (v + 2) ** 2 / 10,
    "Piecewise((1-v,v<1),(2,True))": lambda v: np.where(v < 1, 1 - v, 2.0),
    "Piecewise((Max(0,1-v)-3,v<-1),(Max(0,1-v),True))": lambda v: (
        np.maximum(0, 1 - v) - 3.0 * (v < -1)
    ),
    "Piecewise((3-v,v<0),(exp(-v),True))": lambda v: np.where(
        v < 0, 3 - v, np.exp(-np.maximum(v, 0))
    ),
}


def infimum(phi: Callable[[np.ndarray], np.ndarray], eta: float, sign: int) -> float:
    """inf of ``eta phi(v) + (1 - eta) phi(-v)`` over v of one sign (0 included): a dense grid, then
    Brent's method around its lowest nodes.
    """

    def risk(v: np.ndarray) -> np.ndarray:
        return eta * phi(v) + (1 - eta) * phi(-v)

    nodes = sign * np.concatenate([[0.0], np.geomspace(1e-6, 60.0, 6001)])
    with np.errstate(all="ignore"):
        values = risk(nodes)
        best = float(np.min(values))
        for i in np.argsort(values)[:4]:
            ends = sorted((nodes[max(i - 1, 0)], nodes[min(i + 1, nodes.size - 1)]))
            found = minimize_scalar(risk, bounds=ends, method="bounded", options={"xatol": 1e-12})
            best = min(best, float(found.fun))
    return best


def brute_force(phi: Callable[[np.ndarray], np.ndarray], beta: float) -> float:
    """T(beta) by its definition: the least regret over target regrets of at least beta."""
    regrets = []
    for b in np.unique([beta, *np.linspace(beta, 1.0, 24)]):
        right, wrong = (infimum(phi, (1 + b) / 2, sign) for sign in (1, -1))
        regrets.append(wrong - min(right, wrong))
    return min(regrets)


@pytest.mark.parametrize("formula", FORMULAS)
def test_formulas_of_the_margin_against_brute_force(formula: str) -> None:
    rng = np.random.default_rng(len(formula))
    betas = np.round(rng.uniform(0.02, 0.98, 4), 3).tolist()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        answers = sweep(PointwiseProblem(f"margin:{formula}", n_classes=2), betas)
    for beta, answer in zip(betas, answers, strict=True):
        assert answer.estimate == pytest.approx(brute_force(FORMULAS[formula], beta), abs=2e-8)
        assert answer.reason == ""
        assert answer.witness is not None and answer.witness.regret == answer.estimate


@pytest.mark.parametrize("unit", ["50", "1000", "10**9", "1/10**9"])
def test_the_scale_of_the_margin_does_not_matter(unit: str) -> None:
    problem = PointwiseProblem(f"margin:exp(-v/({unit}))", n_classes=2)
    assert transform(problem, 0.9).estimate == pytest.approx(1 - np.sqrt(0.19), abs=1e-12)


def test_wide_margins_of_ldr() -> None:
    # t = difference of the scores, in high precision: log(1 + e^((c +- t)/lam))
    mpmath.mp.dps = 40
    for lam, c, b in ((0.05, 20, 0.37), (0.1, 5, 0.37), (0.01, 100, 0.9)):

        def risk(t: mpmath.mpf, lam: float = lam, c: int = c, b: float = b) -> mpmath.mpf:
            p = (1 + mpmath.mpf(str(b))) / 2
            lam = mpmath.mpf(str(lam))
            return lam * (
                p * mpmath.log1p(mpmath.exp((c - t) / lam))
                + (1 - p) * mpmath.log1p(mpmath.exp((c + t) / lam))
            )

        # the slope vanishes at t = c + lam log(2 b / (1 - b)), up to exp(-2 c / lam)
        best = c + mpmath.mpf(str(lam)) * mpmath.log(2 * mpmath.mpf(str(b)) / (1 - b))
        assert all(risk(best) < risk(best + mpmath.mpf(d)) for d in ("1e-9", "-1e-9"))
        exact = float(risk(mpmath.mpf(0)) - risk(best))
        answer = transform(PointwiseProblem(f"ldr:lam={lam},c={c}", n_classes=2), b)
        assert answer.estimate == pytest.approx(exact, rel=1e-10) and answer.reason == ""


def test_powers_that_nearly_cancel_keep_their_digits() -> None:
    mpmath.mp.dps = 60
    q, b = mpmath.mpf("0.001"), mpmath.mpf("1e-6")
    a = 1 / (1 - q)
    mean = (((1 + b) ** a + (1 - b) ** a) / 2) ** (1 / a)
    exact = float(2 ** (-q) / q * (mean - 1))
    answer = transform(PointwiseProblem("gce:q=0.001", n_classes=2), "1/1000000")
    assert answer.estimate == pytest.approx(exact, rel=1e-4)
    assert exact == pytest.approx(5.0015e-13, rel=1e-4)


@pytest.mark.parametrize(
    ("spec", "hypotheses"),
    [
        ("margin:log(1+exp(-v))+3*v/4", "complete"),
        ("margin:exp(v)", "complete"),
        ("margin:Abs(v)", "complete"),
        ("softmax:u**2", "bounded:1"),
    ],
)
def test_losses_that_reward_the_wrong_label_have_no_bound(spec: str, hypotheses: str) -> None:
    problem = PointwiseProblem(spec, hypotheses=hypotheses, n_classes=2)
    assert [a.estimate for a in sweep(problem, [0.1, 0.5, 1])] == [0.0, 0.0, 0.0]


@pytest.mark.parametrize("formula", ["-v", "-log(1+v**2)", "-exp(-v)"])
def test_a_risk_without_a_lower_bound_has_no_regret(formula: str) -> None:
    answer = transform(PointwiseProblem(f"margin:{formula}", n_classes=2), 0.5)
    assert answer.estimate is None and "unbounded below" in answer.reason


def test_a_double_exponential_does_not_hide_its_witness() -> None:
    answer = transform(PointwiseProblem("margin:exp(exp(-v))", n_classes=2), 0.5)
    assert answer.estimate == pytest.approx(
        brute_force(lambda v: np.exp(np.exp(np.minimum(-v, 6.0))), 0.5), abs=1e-9
    )


def test_a_users_margin_loss_has_a_bound_and_an_envelope() -> None:
    bound = derive("margin:log(1+exp(-v))**2", 2, engine="numeric")
    betas = np.linspace(0, 1, 101)
    envelope = bound.envelope_curve(betas)
    assert np.all(np.diff(envelope, 2) > -1e-12) and envelope[0] == 0
    assert np.all(envelope <= bound.transform_curve(betas) + 1e-12)
    assert bound(float(envelope[40])) == pytest.approx(0.4, abs=1e-9)


def test_at_zero_the_distribution_is_uniform() -> None:
    for spec, n in (("comp-sum:tau=0.3", 40), ("mae", 3), ("margin:exp(-v/50)", 2), ("nce", 3)):
        answer = transform(PointwiseProblem(spec, n_classes=n), 0)
        assert answer.estimate == 0.0 and answer.witness is not None
        assert set(answer.witness.p) == {1.0 / n}
        assert answer.witness.scores[1] == max(answer.witness.scores)


def test_rounding_is_levelled_as_one_node_after_the_other_would() -> None:
    rng = np.random.default_rng(3)
    for _ in range(40):
        steps = rng.choice([0.0, 1e-20, -3e-19, 1e-3, -0.2], (60, 3), p=[0.3, 0.3, 0.2, 0.1, 0.1])
        risks = (1 + np.cumsum(steps.astype(np.longdouble), axis=0)).T
        expected = risks.T.copy()
        for i in range(1, len(expected)):
            new, last = expected[i], expected[i - 1]
            unit = binary._ROUNDING * np.finfo(np.longdouble).eps
            stays = ~(np.abs(new - last) > unit * np.maximum(np.abs(new), np.abs(last)))
            new[stays] = last[stays]
        np.testing.assert_array_equal(binary._levelled(risks), expected.T)


@pytest.mark.parametrize(
    "formula",
    [
        lambda v, ops: 1 / v,
        lambda v, ops: v / (v * v),
        lambda v, ops: ops.log(v),
        lambda v, ops: ops.power(v, -1),
        lambda v, ops: ops.select([(ops.less(v, 0, strict=True), v), (True, v + 1)]),
        lambda v, ops: v if v > 0 else -v,
        lambda v, ops: v + np.sign(v),
        lambda v, ops: v * np.array([1.0]),
        lambda v, ops: ops.exp(v) + "1",
    ],
)
def test_only_continuous_operations_cannot_jump(formula: Callable[..., object]) -> None:
    assert not cannot_jump(formula)
    assert cannot_jump(lambda v, ops: ops.power(ops.exp(v) + ops.const(1), -2) * v - 3)


@pytest.mark.parametrize("spec", ["logistic", "mae", "ldr:lam=1/2,c=1", "margin:tanh(v)", "focal"])
def test_decimals_say_the_digits_that_balls_prove(spec: str) -> None:
    loss, scores = parse_loss(spec), np.array([0.5, -0.25, -0.25])[: 2 if "margin" in spec else 3]
    found, proven = losses_in_decimals(loss, scores), _in_balls(loss, scores)
    assert found is not None and proven is not None
    assert found[:2] == proven


def test_decimals_find_digits_that_cancel_or_say_nothing() -> None:
    scores = np.array([0.5, -0.5])
    cancels = losses_in_decimals(parse_loss("margin:(10**60 + exp(-v)) - 10**60"), scores)
    assert cancels == pytest.approx([np.exp(-0.5), np.exp(0.5)], rel=1e-15)
    for spec in (
        "margin:erf(-v)",
        "margin:Piecewise((1, v < 0), (0, True))",
        "margin:exp(exp(99-v))",
    ):
        assert losses_in_decimals(parse_loss(spec), scores) is None
