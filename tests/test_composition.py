"""Two-stage bounds: the combination against random predictors and rejectors."""

from __future__ import annotations

import numpy as np
import pytest

import hconsist as hc
from hconsist.composition import TwoStage
from hconsist.errors import InvalidInputError


@pytest.mark.parametrize("c", [0.1, 0.3, 0.7])
def test_no_random_population_breaks_the_tight_combination(c: float) -> None:
    """Cross-entropy of h and logistic loss of r, from their definitions."""
    random = np.random.default_rng(int(100 * c))
    pair = (hc.derive("logistic", 3), hc.derive("margin-logistic"))
    tight, published = (TwoStage(*pair, c, form) for form in ("tight", "published"))
    closest = np.inf
    for _ in range(60):
        points = int(random.integers(1, 4))
        weight = random.dirichlet(np.ones(points))
        p = random.dirichlet(np.full(3, 0.5), size=points)
        q = np.abs(p + random.normal(0, random.uniform(0.01, 0.3), size=p.shape)) + 1e-6
        q /= q.sum(axis=1, keepdims=True)
        first = weight @ np.where(p > 0, p * np.log(np.maximum(p, 1e-300) / q), 0).sum(axis=1)
        err = 1 - p[np.arange(points), q.argmax(axis=1)]
        r = random.normal(0, 1, size=points) * random.uniform(0.01, 2)

        def risk(v: np.ndarray, err: np.ndarray = err) -> np.ndarray:
            return err * np.logaddexp(0, v) + c * np.logaddexp(0, -v)

        with np.errstate(divide="ignore"):
            best = np.clip(np.log(c / err), -50, 50)
        second = weight @ (risk(r) - risk(best))
        cost = np.where(r > 0, err, c)
        excess = weight @ (cost - np.minimum(1 - p.max(axis=1), c))
        bound = tight.bound(max(float(first), 0), max(float(second), 0))
        assert excess <= float(bound.upper) + 1e-12
        looser = published.bound(max(float(first), 0), max(float(second), 0))
        assert bound.estimate <= looser.estimate * (1 + 1e-12)
        closest = min(closest, float(bound.upper) / max(excess, 1e-9))
    assert closest < 10


def test_parts_and_closed_form() -> None:
    two = TwoStage(hc.derive("logistic", 3), hc.derive("least-squares"), "1/4", "published")
    symbols = sorted(two.expression.free_symbols, key=str)
    there = float(two.expression.subs(dict(zip(symbols, (0.01, 0.02), strict=True))))
    # sqrt(2 e) for cross-entropy, (1 + c) sqrt(e / c) for the squared loss
    assert there == pytest.approx(np.sqrt(0.02) + 1.25 * np.sqrt(0.02 / 0.25), rel=1e-9)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"c": 1}, "c must lie in"),
        ({"second": ("logistic", 3, "zero-one")}, "two actions"),
        ({"first": ("logistic", 3, "abstain:c=0.3")}, "zero-one target"),
        ({"form": "loose"}, "tight or published"),
    ],
)
def test_bad_parts_are_refused(change: dict, said: str) -> None:
    parts = {"first": ("logistic", 3, "zero-one"), "second": ("logistic", 2, "zero-one")}
    given = {"c": "1/4", "form": "tight", **parts, **change}
    for name in ("first", "second"):
        spec, n, target = given[name]
        given[name] = hc.derive(spec, n, target=target)
    with pytest.raises(InvalidInputError, match=said):
        TwoStage(**given)
