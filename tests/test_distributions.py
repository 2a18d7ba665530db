"""Distributions against independent computations: closed forms, SciPy densities, direct Monte
Carlo.
"""

from __future__ import annotations

from fractions import Fraction
from math import erfc, sqrt

import numpy as np
import pytest
from scipy import integrate, stats

from hconsist.distributions import (
    ClassNoise,
    Finite,
    GaussianMixture,
    MassartNoise,
    NoisyLabels,
    TsybakovNoise,
    UniformNoise,
)
from hconsist.errors import InvalidInputError


def powers_of_two(n_classes: int, d: int) -> GaussianMixture:
    """Class 0 has mean -1, class k mean 2^(k-1), times the ones vector; half of the variances are
    d.
    """
    means = np.array([[-1.0] * d, *([2.0 ** (k - 1)] * d for k in range(1, n_classes))])
    covariance = np.diag([float(d)] * (d // 2) + [1.0] * (d - d // 2))
    return GaussianMixture(np.full(n_classes, 1 / n_classes), means, covariance)


@pytest.mark.parametrize(("d", "published"), [(2, 0.1103), (10, 0.0095)])
def test_bayes_error_of_the_two_class_design(d: int, published: float) -> None:
    error = float(powers_of_two(2, d).bayes_error())
    assert error == pytest.approx(erfc(sqrt(2 + 2 * d) / 2 / sqrt(2)) / 2, rel=1e-13)
    assert round(error, 4) == published


@pytest.mark.parametrize("weights", [(0.5, 0.5), (0.8, 0.2), (0.03, 0.97)])
def test_closed_form_and_quadrature_agree(weights: tuple[float, float]) -> None:
    g = GaussianMixture(weights, [[0.0, 1.0], [1.0, -0.5]], [[2.0, 0.3], [0.3, 0.5]])
    closed, quadrature = g.bayes_error(), g.expectation(lambda p: 1 - p.max(axis=-1))
    assert (closed.method, quadrature.method) == ("closed form", "adaptive quadrature")
    assert float(closed) == pytest.approx(float(quadrature), abs=1e-12)
    assert quadrature.error < 1e-8


def test_posterior_is_bayes_rule_with_scipy_densities() -> None:
    random = np.random.default_rng(0)
    roots = random.normal(size=(3, 4, 4))
    g = GaussianMixture(
        [0.2, 0.3, 0.5], random.normal(size=(3, 4)), roots @ np.swapaxes(roots, 1, 2) + np.eye(4)
    )
    x = random.normal(size=(7, 4))
    joint = np.stack(
        [
            w * stats.multivariate_normal(m, c).pdf(x)
            for w, m, c in zip(g.weights, g.means, g.covariances, strict=True)
        ],
        -1,
    )
    assert np.allclose(g.posterior(x), joint / joint.sum(-1, keepdims=True), rtol=1e-10)


@pytest.mark.parametrize("n_classes", [3, 5, 7])
def test_collinear_means_reduce_to_one_dimension(n_classes: int) -> None:
    g = powers_of_two(n_classes, 6)
    assert g.reduced.dimension == 1
    assert (
        abs(
            np.ptp(g.reduced.means)
            - np.linalg.norm(np.linalg.solve(g._factors[0], g.means[-1] - g.means[0]))
        )
        < 1e-12
    )
    # Between neighbours on a line with equal weights the boundaries are midpoints: the error is a
    # sum of normal tails.
    scale = np.linalg.norm(np.linalg.solve(g._factors[0], np.ones(6)))
    centres = np.sort(scale * g.means[:, 0])
    expected = 2 * sum(stats.norm.sf(gap / 2) for gap in np.diff(centres)) / n_classes
    assert float(g.bayes_error()) == pytest.approx(expected, abs=1e-12)


def test_unequal_variances_on_the_line() -> None:
    g = GaussianMixture([0.4, 0.6], [[0.0], [0.5]], [[[1.0]], [[4.0]]])
    density = [lambda x: 0.4 * stats.norm.pdf(x), lambda x: 0.6 * stats.norm.pdf(x, 0.5, 2.0)]
    grid = np.linspace(-30, 30, 600001)
    expected = integrate.trapezoid(np.minimum(density[0](grid), density[1](grid)), grid)
    assert float(g.bayes_error()) == pytest.approx(expected, abs=1e-8)


def test_quasi_monte_carlo_error_covers_the_truth() -> None:
    # Three equal weights at the corners of a regular triangle: the error is one planar integral.
    side = 2.0
    means = (
        side / np.sqrt(3) * np.array([[np.cos(a), np.sin(a)] for a in 2 * np.pi * np.arange(3) / 3])
    )
    estimate = GaussianMixture(np.full(3, 1 / 3), means, np.eye(2)).bayes_error()
    # P(correct): both projections on the bisecting directions stay below side/2; they are normal
    # with correlation 1/2.
    correct = stats.multivariate_normal([0, 0], [[1, 0.5], [0.5, 1]]).cdf([side / 2, side / 2])
    assert estimate.method == "randomised quasi-Monte Carlo"
    assert 0 < estimate.error < 1e-3
    assert abs(float(estimate) - (1 - correct)) < estimate.error


def test_sampling_has_the_right_moments() -> None:
    g = GaussianMixture(
        [0.3, 0.7], [[0.0, 0.0], [3.0, -1.0]], [[[1.0, 0.5], [0.5, 2.0]], [[0.5, 0.0], [0.0, 0.1]]]
    )
    x, y = g.sample(40000, seed=1)
    assert abs((y == 0).mean() - 0.3) < 0.01
    for label in (0, 1):
        assert np.allclose(x[y == label].mean(0), g.means[label], atol=0.05)
        assert np.allclose(np.cov(x[y == label].T), g.covariances[label], atol=0.06)


def test_finite_is_exact() -> None:
    d = Finite([0.1, 0.2, 0.7], [["1/3", "2/3"], [0.5, 0.5], [1, 0]])
    assert d.bayes_error().value == Fraction(1, 30) + Fraction(1, 10)
    assert sum(d.label_probabilities) == 1
    entropy = d.expectation(
        lambda p: -np.where(p > 0, p * np.log(np.where(p > 0, p, 1)), 0).sum(-1)
    )
    assert float(entropy) == pytest.approx(
        0.1 * stats.entropy([1 / 3, 2 / 3]) + 0.2 * np.log(2), rel=1e-14
    )


@pytest.mark.parametrize(
    ("make", "rule"),
    [
        (lambda: Finite([0.5, 0.4], [[1, 0], [0, 1]]), "sum to exactly 1"),
        (lambda: Finite([1], [[0.5, 0.6, -0.1]]), "non-negative"),
        (lambda: Finite([1], [[0.5, 0.5], [0.5, 0.5]]), "one conditional per weight"),
        (lambda: Finite(["1/2", "1/2"], [[1, 0], [0, 1, 0]]), "same n_classes"),
        (lambda: Finite([1, 0], [[1, 0], [0, 1]]), "every weight must be > 0"),
        (lambda: Finite([1], [[1, 0]], points=[1.0]), "points must be"),
        (lambda: GaussianMixture([0.5, 0.4], [[0.0], [1.0]], [[1.0]]), "sum to 1"),
        (lambda: GaussianMixture([0.5, 0.5], [[0.0]], [[1.0]]), "means must be"),
        (lambda: GaussianMixture([0.5, 0.5], [[0.0], [1.0]], [[-1.0]]), "positive definite"),
        (
            lambda: GaussianMixture([0.5, 0.5], [[0.0, 0.0], [1.0, 0.0]], [[1.0, 2.0], [0.0, 1.0]]),
            "symmetric",
        ),
        (
            lambda: GaussianMixture([0.5, 0.5], [[0.0], [1.0]], np.eye(2)),
            "covariances must have shape",
        ),
        (
            lambda: GaussianMixture([0.5, 0.5], [[0.0], [1.0]], [[1.0]]).posterior([[0.0, 1.0]]),
            "x must have shape",
        ),
    ],
)
def test_bad_input_names_the_rule(make: object, rule: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        make()  # type: ignore[operator]
    assert rule in str(caught.value)


@pytest.mark.parametrize("kind", ["uniform", "pairs", "massart", "tsybakov"])
def test_noisy_bayes_error_by_quadrature_and_by_sampling(kind: str) -> None:
    g = GaussianMixture([0.4, 0.6], [[0.0, 0.0], [1.0, 1.0]], [[1.0, 0.2], [0.2, 0.5]])
    noise = {
        "uniform": UniformNoise(0.2),
        "pairs": ClassNoise([[0.9, 0.1], [0.3, 0.7]]),
        "massart": MassartNoise(0.3),
        "tsybakov": TsybakovNoise(0.4, g),
    }[kind]
    noisy = NoisyLabels(g, noise)
    direct = noisy.expectation(lambda p: 1 - p.max(axis=-1))
    assert float(noisy.bayes_error()) == pytest.approx(float(direct), abs=1e-9)
    x, y = noisy.sample(40000, seed=3)
    p = noisy.posterior(x)
    assert p.sum(-1) == pytest.approx(1.0)
    for label in (
        0,
        1,
    ):  # the drawn labels follow the posterior where it is large and where it is small
        chosen = p[:, label] > np.median(p[:, label]) - 1e-12
        spread = 4 * np.sqrt(0.25 / chosen.sum())
        assert abs((y[chosen] == label).mean() - p[chosen, label].mean()) < spread
    assert abs(np.mean(y == 1) - noisy.label_probabilities[1]) < 0.01
    wrong = (y != p.argmax(-1)).mean()
    assert abs(wrong - float(noisy.bayes_error())) < 4 * np.sqrt(0.25 / y.size)


@pytest.mark.parametrize("exponent", [0.3, 0.7])
def test_tsybakov_margins_have_the_law_asked_for(exponent: float) -> None:
    g = GaussianMixture([0.3, 0.7], [[0.0], [2.0]], [[1.5]])
    p = NoisyLabels(g, TsybakovNoise(exponent, g)).posterior(g.sample(20000, seed=0)[0])
    margins = np.abs(p[:, 1] - p[:, 0])
    assert stats.kstest(margins, lambda t: t ** (exponent / (1 - exponent))).pvalue > 1e-3
    clean = g.posterior(g.sample(20000, seed=0)[0])
    assert np.all(clean.argmax(-1) == p.argmax(-1))


def test_massart_margins_are_constant_for_any_number_of_labels() -> None:
    p = NoisyLabels(powers_of_two(4, 2), MassartNoise(0.25)).posterior(
        np.random.default_rng(0).normal(size=(50, 2))
    )
    ordered = np.sort(p, axis=-1)
    assert ordered[:, -1] - ordered[:, -2] == pytest.approx(0.25)


@pytest.mark.parametrize(
    ("make", "rule"),
    [
        (lambda: NoisyLabels(Finite.point(["1/2", "1/2"]), UniformNoise(0.5)), "rate must be <"),
        (lambda: UniformNoise(1.2), "rate must be a number in"),
        (lambda: ClassNoise([[0.9, 0.2], [0.5, 0.5]]), "rows that are label distributions"),
        (
            lambda: NoisyLabels(powers_of_two(3, 2), ClassNoise.pairs(2, 0.1)),
            "matrix must have 3 rows",
        ),
        (lambda: TsybakovNoise(0.5, powers_of_two(3, 2)), "two distinct labels"),
        (lambda: TsybakovNoise(1.0, powers_of_two(2, 2)), "exponent must lie in"),
        (
            lambda: NoisyLabels(powers_of_two(2, 4), TsybakovNoise(0.5, powers_of_two(2, 2))),
            "fits one distribution",
        ),
        (
            lambda: NoisyLabels(Finite.point([1, 0]), MassartNoise(0.5)).sample(3, 0),
            "inputs need a Gaussian mixture",
        ),
        (lambda: MassartNoise(0.0), "margin must be > 0"),
    ],
)
def test_noise_that_makes_no_sense_is_refused(make: object, rule: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        make()  # type: ignore[operator]
    assert rule in str(caught.value)
