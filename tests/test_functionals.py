"""Targets of a whole distribution, against random distributions and definitions written anew."""

from __future__ import annotations

import numpy as np
import pytest
import sympy

from hconsist.errors import InvalidInputError
from hconsist.functionals import (
    AUC,
    BagDesign,
    LinearFractional,
    balanced_error,
    instance_identity,
    strong_properness,
)


def test_strong_properness_is_that_of_the_table() -> None:
    """Agarwal, JMLR 2014, table 1; and a loss that has none."""
    wanted = {
        "exponential": 4,
        "margin-logistic": 4,
        "least-squares": 8,
        "spherical": 1,
        "brier": 4,
        "hinge": 0,
    }
    for spec, value in wanted.items():
        assert strong_properness(spec).value == value


@pytest.mark.parametrize("spec", ["margin-logistic", "spherical"])
def test_lambda_is_the_least_curvature_of_the_entropy(spec: str) -> None:
    """From the entropy of the losses, written anew."""
    eta = np.linspace(0.01, 0.99, 981)
    entropies = {
        "margin-logistic": -eta * np.log(eta) - (1 - eta) * np.log(1 - eta),
        "spherical": 1 - np.sqrt(eta**2 + (1 - eta) ** 2),
    }
    bend = -np.diff(entropies[spec], 2) / (eta[1] - eta[0]) ** 2
    assert bend.min() == pytest.approx(float(strong_properness(spec).value), rel=0.05)


def test_no_random_ranking_loses_more_auc() -> None:
    """The bound sqrt(3) below the published one, for a squared and a logistic loss."""
    random = np.random.default_rng(0)
    constant = {"least-squares": 8, "margin-logistic": 4}
    for _ in range(300):
        n = int(random.integers(2, 12))
        eta = random.beta(*random.uniform(0.3, 3, size=2), size=n)
        q = np.clip(eta + random.normal(0, random.uniform(0.01, 0.6), size=n), 1e-3, 1 - 1e-3)
        pi = eta.mean()
        gap, order = eta[:, None] - eta, q[:, None] - q
        lost = np.abs(gap) * ((gap * order < 0) + (order == 0) / 2)
        regret = lost.mean() / (2 * pi * (1 - pi))
        with np.errstate(all="ignore"):
            kl = [np.where(a > 0, a * np.log(a / b), 0) for a, b in ((eta, q), (1 - eta, 1 - q))]
        excess = {"least-squares": 4 * np.mean((eta - q) ** 2), "margin-logistic": sum(kl).mean()}
        for spec, value in excess.items():
            bound = np.sqrt(2 * value / constant[spec]) / (np.sqrt(3) * pi * (1 - pi))
            assert regret <= bound * (1 + 1e-12)


def test_the_auc_bound_is_attained_by_a_squared_loss() -> None:
    target = AUC("least-squares", "3/10")
    witness = target.worst(0.2)
    (excess,) = target.gamma.free_symbols
    assert float(target.gamma.subs(excess, witness.excess)) == pytest.approx(0.2, rel=1e-4)
    assert witness.rank_regret == pytest.approx(0.2, rel=1e-9)
    assert sympy.simplify(target.published / target.gamma) == sympy.sqrt(3)
    # a false constant is noticed: 2 instead of sqrt(3)
    assert float(target.published.subs(excess, witness.excess)) / 2 < witness.rank_regret


def test_auc_needs_a_strongly_proper_loss() -> None:
    with pytest.raises(InvalidInputError, match="strongly proper"):
        _ = AUC("hinge", "1/2").gamma
    with pytest.raises(InvalidInputError, match="share of positives"):
        AUC("logistic", 1)


def f1_closed_form(regret: float, prior: float) -> float:
    """What the program for F1 was seen to return (not proven): almost all mass just above the
    threshold, predicted negative.
    """
    f = max(regret, 2 * prior / (1 + prior))
    z = max(0.0, 1 + prior - 2 * prior / regret)
    a = prior * (f - regret) / (2 - f + regret)
    m = 1 - a - z
    eta, threshold = (prior - a) / m, f / 2
    x, y = np.array([eta, 1 - eta]), np.array([threshold, 1 - threshold])
    return m * float(np.sum(np.where(x > 0, x * np.log(x / y), 0.0)))


def test_f1_by_linear_programs_and_its_witness() -> None:
    target = LinearFractional.f_measure("3/10")
    for regret in (0.05, 0.3):
        found = target.smallest_excess(regret)
        assert found.regret == pytest.approx(regret, abs=1e-5)
        assert found.excess == pytest.approx(f1_closed_form(regret, 0.3), rel=5e-3)
        assert target.bound(found.excess) >= regret
        w, eta, h = map(np.array, (found.weights, found.eta, found.decisions))
        assert w @ eta == pytest.approx(0.3)
        assert target.metric(w, eta, h) == pytest.approx(2 * (w @ (h * eta)) / (0.3 + w @ h))


@pytest.mark.parametrize("make", [LinearFractional.f_measure, LinearFractional.jaccard])
def test_no_random_plug_in_loses_more_of_a_ratio(make) -> None:
    """The proven bound, and the program's value, on random distributions and forecasts."""
    random = np.random.default_rng(1)
    for _ in range(60):
        n = int(random.integers(2, 8))
        w = random.dirichlet(np.ones(n))
        eta = random.beta(*random.uniform(0.3, 3, size=2), size=n)
        target = make(round(float(w @ eta), 12))
        w = np.append(w, 0.0)
        eta = np.append(eta, 0.0)
        best = target.best(w, eta)
        q = np.clip(eta + random.normal(0, 0.2, size=n + 1), 1e-3, 1 - 1e-3)
        decisions = q > target.threshold(best)
        with np.errstate(all="ignore"):
            kl = [np.where(a > 0, a * np.log(a / b), 0) for a, b in ((eta, q), (1 - eta, 1 - q))]
        excess = float(w @ sum(kl))
        if not decisions.any():
            continue
        lost = best - target.metric(w, eta, decisions)
        assert lost <= target.bound(excess) + 1e-9


def test_balanced_error_is_a_weighted_target() -> None:
    target = balanced_error(["1/2", "3/10", "1/5"])
    p = np.array([0.5, 0.3, 0.2])
    costs = [[float(v) for v in row] for row in target.costs(3)]
    assert np.allclose(np.array(costs) @ p, 2 / 3)  # at the priors every label errs on two thirds
    with pytest.raises(InvalidInputError, match="sum 1"):
        balanced_error(["1/2", "1/4"])


def test_the_loss_of_instances_is_that_of_bags_and_a_spread() -> None:
    instance, bag, spread = instance_identity(4)
    values = dict(zip(sorted(instance.free_symbols, key=str), (0.3, -1, 2, 0.5, 0.7), strict=True))
    assert float((instance - bag - spread).subs(values)) == pytest.approx(0)
    assert float(spread.subs(values)) > 0


def test_the_best_size_of_a_bag() -> None:
    design = BagDesign(2000, 8, signal=1.0, noise=1.0, mechanism=20.0)
    sizes = np.linspace(1, 30, 2901)
    errors = [design.instance_error(float(k)) for k in sizes]
    assert sizes[int(np.argmin(errors))] == pytest.approx(design.best_size(), abs=0.02)
    for size in (2, 4):
        instance, bag = design.simulate(size, 25)
        assert instance == pytest.approx(design.instance_error(size), rel=0.2)
        assert bag == pytest.approx(design.bag_error(size), rel=0.25)
    assert BagDesign(1000, 5, mechanism=0.0).best_size() == pytest.approx(1, abs=0.01)
