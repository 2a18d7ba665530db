"""The smaller studies: their building blocks against independent computations, their quick versions end to end."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from scipy import integrate
from scipy.special import ndtr

from hconsist.bounds import derive
from hconsist.distributions import GaussianMixture, NoisyLabels, TsybakovNoise
from hconsist.figures.studies import draw
from hconsist.plots import STYLE
from hconsist.simulate import train
from hconsist.simulate.studies import adversarial, ensloss, large_steps, nb_vs_lr, noise, tau
from hconsist.simulate.study import STUDIES, run_study, study

SMALL = ("tau", "noise", "nb-vs-lr", "ldr", "ensloss", "adversarial", "two-gaussians", "large-steps")


@pytest.fixture(scope="module")
def rows() -> dict[str, list[dict[str, Any]]]:
    return {name: run_study(name, quick=True, seed=1) for name in SMALL}


@pytest.mark.parametrize("name", SMALL)
def test_quick_study_has_rows_a_verdict_and_a_figure(name: str, rows: dict[str, list[dict[str, Any]]]) -> None:
    table = rows[name]
    assert len({tuple(row) for row in table}) == 1  # one header for all
    verdict = study(name).verdict(table)
    assert verdict.status in ("holds", "measured"), verdict
    assert verdict.summary
    ax = draw(name, table)
    assert STYLE.exists()
    assert ax.get_xlabel() and ax.get_ylabel() and ax.get_title(loc="left")
    figure = ax.get_figure()
    assert figure is not None
    figure.draw_without_rendering()
    assert sum(len(line.get_xdata()) for line in ax.lines) > 0  # type: ignore[arg-type]
    assert set(SMALL) | {"bounds"} == set(STUDIES)


def test_a_false_tsybakov_exponent_is_caught(rows: dict[str, list[dict[str, Any]]]) -> None:
    # the rows of exponent 0.3 passed off as 0.5
    false = [{**row, "strength": 0.5} for row in rows["noise"] if (row["noise"], row["strength"]) == ("tsybakov", 0.3)]
    assert noise.verdict(false).status == "violated"


def test_a_false_massart_margin_is_caught(rows: dict[str, list[dict[str, Any]]]) -> None:
    false = [{**row, "strength": 0.45} for row in rows["noise"] if row["noise"] == "massart"]
    assert noise.verdict(false).status == "violated"


def test_a_violated_tau_bound_is_told(rows: dict[str, list[dict[str, Any]]]) -> None:
    false = [dict(rows["tau"][0], state=-1), *rows["tau"][1:]]
    assert tau.verdict(false).status == "violated"
    assert all(row["error"] <= row["bound"] * (1 + 1e-6) for row in rows["tau"])


@pytest.mark.parametrize("strength", [0.3, 0.6])
def test_tsybakov_bound_is_attained_by_errors_at_small_margins(strength: float) -> None:
    # E[m 1(m <= t)] and E[m^2 / 2 1(m <= t)] for P(m <= t) = t^c, by quadrature
    c, t = strength / (1 - strength), 0.3
    target, _ = integrate.quad(lambda m: m * c * m ** (c - 1), 0, t)
    surrogate, _ = integrate.quad(lambda m: m**2 / 2 * c * m ** (c - 1), 0, t)
    assert noise.tsybakov_bound(np.array([surrogate]), strength)[0] == pytest.approx(target, rel=1e-6)
    # and it is a bound for the logistic loss: other sets of errors fall below it
    g = GaussianMixture([0.5, 0.5], [[-1.0], [1.0]], [[1.0]])
    noisy, curve = NoisyLabels(g, TsybakovNoise(strength, g)), derive("logistic").envelope_curve
    for low, high in ((0.0, 1.0), (0.2, 0.6), (0.5, 1.0)):
        p = noisy.posterior(np.random.default_rng(0).normal(size=(4000, 1)) + 1.0)
        m = np.abs(p[:, 1] - p[:, 0])
        chosen = (m >= low) & (m <= high)
        found = noise.tsybakov_bound(np.array([np.mean(curve(m) * chosen)]), strength)[0]
        assert np.mean(m * chosen) <= found * 1.02  # margins are sampled


def test_linear_error_is_that_of_simulation() -> None:
    random = np.random.default_rng(0)
    root = random.normal(size=(3, 3))
    g = GaussianMixture([0.3, 0.7], random.normal(size=(2, 3)), root @ root.T + np.eye(3))
    rule = random.normal(size=(1, 4))
    x, y = g.sample(200_000, seed=1)
    wrong = ((x @ rule[0, :3] + rule[0, 3] > 0) != (y == 1)).mean()
    assert nb_vs_lr.linear_error(g, rule)[0] == pytest.approx(wrong, abs=4 * np.sqrt(0.25 / 200_000))


def test_naive_bayes_is_the_rule_of_its_own_gaussians() -> None:
    random = np.random.default_rng(2)
    y = np.tile(np.arange(30) % 2, (1, 1))
    x = random.normal(size=(1, 30, 2)) + y[..., None]
    rule = nb_vs_lr.naive_bayes(x, y)[0]
    means = [x[0][y[0] == k].mean(0) for k in (0, 1)]
    variance = sum(((x[0][y[0] == k] - means[k]) ** 2).sum(0) for k in (0, 1)) / 28
    g = GaussianMixture([0.5, 0.5], means, np.diag(variance))
    points = random.normal(size=(20, 2))
    posterior = g.posterior(points)
    assert points @ rule[:2] + rule[2] == pytest.approx(np.log(posterior[:, 1] / posterior[:, 0]))


def fake_rows(values: Sequence[tuple[int, float]]) -> list[dict[str, Any]]:
    return [{"m": m, "error": e, "bayes_error": 0.0} for m, e in values]


def test_need_interpolates_and_admits_defeat() -> None:
    assert nb_vs_lr.need(fake_rows([(10, 0.04), (40, 0.01)])) == pytest.approx(20.0)
    assert nb_vs_lr.need(fake_rows([(10, 0.01), (40, 0.005)])) == 10
    assert np.isnan(nb_vs_lr.need(fake_rows([(10, 0.5), (40, 0.4)])))


def test_slope_recovers_a_power_of_the_dimension() -> None:
    random = np.random.default_rng(0)
    table = [
        {"d": d, "m": m, "seed": s, "error": 0.02 * (8 * d / m) * (1 + 0.1 * random.normal()), "bayes_error": 0.0}
        for d in (4, 8, 16)
        for m in (16, 32, 64, 128, 256)
        for s in range(20)
    ]
    value, low, high = nb_vs_lr.slope(table)
    assert low < 1.0 < high
    assert value == pytest.approx(1.0, abs=0.05)


def test_robust_error_is_the_worst_point_of_every_ball() -> None:
    g, random = adversarial.distribution(), np.random.default_rng(0)
    rule = random.normal(size=(1, 11))
    x, y = g.sample(100_000, seed=3)
    w = rule[0, :10]
    attacked = x - 0.3 * (2.0 * y - 1)[:, None] * w / np.linalg.norm(w)
    wrong = ((attacked @ w + rule[0, 10] > 0) != (y == 1)).mean()
    assert adversarial.robust_error(g, rule, 0.3)[0] == pytest.approx(wrong, abs=4 * np.sqrt(0.25 / 100_000))


def test_robust_training_without_a_ball_is_logistic_training() -> None:
    g = adversarial.distribution()
    x, y = g.sample(100, seed=4)
    rule = adversarial.robust_logistic(x[None], 2.0 * y[None] - 1, 0.0, 0.0, l2=1e-2)[0]
    # scores (f/2, -f/2) have softmax sigma(f); the penalty of two rows of f/2 is half that of one row
    fit = train("logistic", "linear", x, y, l2=2e-2, tolerance=1e-8)
    difference = fit.parameters.reshape(2, -1)
    assert rule == pytest.approx(difference[1] - difference[0], abs=1e-4)


def test_robust_training_lowers_its_own_objective() -> None:
    g = adversarial.distribution()
    x, y = g.sample(200, seed=5)
    signs = 2.0 * y - 1

    def objective(rule: np.ndarray, inside: float, outside: float) -> float:
        norm = np.linalg.norm(rule[:10])
        margin = (x @ rule[:10] + rule[10]) * signs - inside * norm
        return float(np.logaddexp(0, -margin).mean() + outside * norm + 5e-4 * norm**2)

    for inside, outside in ((0.4, 0.0), (0.0, 0.3)):
        best = adversarial.robust_logistic(x[None], signs[None], inside, outside)[0]
        random = np.random.default_rng(0)
        for scale in (1e-3, 0.1, 1.0):
            for _ in range(20):
                assert (
                    objective(best, inside, outside) <= objective(best + scale * random.normal(size=11), inside, outside) + 1e-9
                )


def test_ensemble_draws_are_derivatives_of_a_convex_calibrated_loss() -> None:
    margins = np.random.default_rng(0).normal(size=(50, 30)) * 2
    slopes = ensloss.ensemble(margins, np.random.default_rng(1))
    order = np.argsort(margins, axis=-1)
    assert np.all(np.diff(np.take_along_axis(slopes, order, -1)) >= 0)  # convex
    assert np.all(slopes < 0)  # calibrated, decreasing
    assert np.all(slopes >= -1)


def test_separable_data_have_the_margin_asked_for() -> None:
    data = large_steps.separable(5, 40, 0.1, 3, np.random.default_rng(0))
    assert np.linalg.norm(data, axis=-1) == pytest.approx(1.0)
    _, needed = large_steps._iterate(data, 2000, None)
    assert np.all(needed <= 2000)  # the perceptron theorem: separable, so it ends


def test_a_growing_bayes_error_is_the_paper_s() -> None:
    for d, printed in ((2, 0.1103), (10, 0.0095)):
        assert float(nb_vs_lr.design("growing", d).bayes_error()) == pytest.approx(ndtr(-np.sqrt(2 + 2 * d) / 2), rel=1e-12)
        assert float(nb_vs_lr.design("growing", d).bayes_error()) == pytest.approx(printed, abs=5e-5)
