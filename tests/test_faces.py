"""What a user holds in Python: losses called and differentiated, short reprs, notebook cards, and
the names under ``hc``.
"""

from __future__ import annotations

import array_api_strict
import numpy as np
import pytest

import hconsist as hc
from hconsist.cards import card, curve
from hconsist.errors import InvalidInputError
from hconsist.losses import CATALOGUE


@pytest.mark.parametrize("name", CATALOGUE)
def test_gradients_are_differences_of_values(name: str) -> None:
    loss = hc.parse_loss(CATALOGUE[name].spec)
    n, step = loss.only_classes or 4, 1e-6
    scores = np.random.default_rng(1).normal(size=(3, n))
    moved = [(loss(scores + step * e), loss(scores - step * e)) for e in np.eye(n)]
    differences = np.stack([(up - down) / (2 * step) for up, down in moved], axis=-1)
    assert loss.gradient(scores) == pytest.approx(differences, abs=1e-5)
    assert loss(scores).shape == (3, n) and loss.gradient(scores).shape == (3, n, n)


@pytest.mark.parametrize("spec", ["gce:q=0.7", "ldr:lam=1,c=1", "hinge", "focal"])
def test_another_array_library_gives_its_own_arrays(spec: str) -> None:
    loss = hc.parse_loss(spec)
    numbers = np.array([[0.5, -0.25]])
    strict = array_api_strict.asarray(numbers)
    for of in (loss, loss.gradient):
        found = of(strict)
        assert isinstance(found, type(strict))
        assert np.asarray(found) == pytest.approx(of(numbers))


def test_wide_scores_neither_overflow_nor_lose_their_slope() -> None:
    loss = hc.parse_loss("logistic")
    assert loss([0.0, 800.0, -800.0]).tolist() == [800.0, 0.0, 1600.0]
    assert np.isfinite(loss.gradient([0.0, 800.0, -800.0])).all()
    assert loss(np.float32([0, 200, -200])).dtype == np.float32


@pytest.mark.parametrize(
    ("spec", "scores", "said"),
    [
        ("mae", "x", "array"),
        ("mae", [1.0], "two or more"),
        ("probit", [1.0, 2.0, 3.0], "2 entries"),
    ],
)
def test_what_is_not_scores_is_refused(spec: str, scores: object, said: str) -> None:
    with pytest.raises(InvalidInputError, match=said):
        hc.parse_loss(spec)(scores)


def test_reprs_are_one_line_and_say_what_is_proven() -> None:
    proven, estimated = hc.derive("gce:q=0.7", 2), hc.derive("focal", 2, engine="numeric")
    assert "T(beta) =" in repr(proven) and "the definitions alone" in repr(proven)
    assert "<=" in repr(hc.derive("gce:q=0.7", 3))
    assert "estimates" in repr(estimated) and "proven" not in repr(estimated)
    assert max(len(repr(b)) for b in (proven, estimated)) < 400


def test_cards_of_bounds_and_answers() -> None:
    bound = hc.derive("gce:q=0.7", 2)
    shown = bound._repr_html_()
    assert "<svg" in shown and r"\mathcal{T}(\beta) =" in shown and "definitions alone" in shown
    assert r"\le" in hc.derive("gce:q=0.7", 3)._repr_latex_()
    proven = hc.transform(bound.problem, "1/2", "rigorous")
    assert "proven (rigorous" in proven._repr_html_()
    estimate = hc.transform(bound.problem, "1/2", "numeric")
    assert "estimate (numeric" in estimate._repr_html_() and "proven" not in estimate.status


def test_a_card_escapes_and_a_curve_stays_in_its_frame() -> None:
    assert "<script>" not in card("<script>", [("a", "<b>")])
    points = curve([0.0, 2.0], [0.0, 4.0], "x", "y").split('points="')[1].split('"')[0]
    pairs = [tuple(map(float, pair.split(","))) for pair in points.split()]
    assert all(0 <= a <= 240 and 0 <= b <= 150 for a, b in pairs) and pairs[0][1] > pairs[1][1]


def test_packages_and_commands_have_names_under_hc() -> None:
    for name in ("simulate", "verify", "theorems", "certificates", "checker", "plots"):
        assert getattr(hc, name).__name__ == f"hconsist.{name}" and name in dir(hc)
    assert hc.certify.__module__.startswith("hconsist.certificates")
    assert hc.check.__module__.startswith("hconsist.checker")
