"""Forms agree with the losses they stand for: the conditional risk of each form is the sum of
probabilities times losses, for every catalogue loss, and forms that do not fit are not given.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from hconsist.arithmetic import NUMPY
from hconsist.losses import CATALOGUE, Loss, parse_loss
from hconsist.losses.forms import (
    General,
    OfMargin,
    OfProbabilities,
    OfScores,
    OfSoftmax,
    Pairwise,
    Transport,
    convex_in_scores,
)

SPECS = [entry.spec for entry in CATALOGUE.values()]


def scores_of(loss: Loss, n: int) -> np.ndarray:
    scores = np.random.default_rng(5).normal(size=(6, n))
    return scores - scores.mean(axis=1, keepdims=True) if loss.sum_to_zero else scores


def labels(loss: Loss) -> list[int]:
    only = loss.only_classes
    return [only] if isinstance(only, int) else [2, 4]


@pytest.mark.parametrize("spec", SPECS)
def test_every_form_has_the_risk_of_the_loss(spec: str) -> None:
    loss = parse_loss(spec)
    for n in labels(loss):
        scores = scores_of(loss, n)
        p = np.random.default_rng(6).dirichlet(np.ones(n), size=len(scores))
        try:
            direct = (p * np.asarray(loss.losses(scores, NUMPY), float)).sum(axis=-1)
        except Exception:  # a loss of examples alone
            continue
        seen = 0
        for kind in (OfSoftmax, OfProbabilities, OfMargin, OfScores, Pairwise, Transport, General):
            form: Any = loss.form(kind, n)
            if form is None:
                continue
            seen += 1
            assert _risk(form, scores, p) == pytest.approx(direct, rel=1e-9, abs=1e-9), kind
        assert seen >= 1


def _risk(form: Any, scores: np.ndarray, p: np.ndarray) -> np.ndarray:
    if isinstance(form, OfMargin):
        v = (scores[:, 0] - scores[:, 1]) / 2
        return np.asarray(form.risk(v, p[:, 0], NUMPY), float)
    if isinstance(form, OfSoftmax | OfProbabilities):
        return np.array(
            [
                float(form.risk(NUMPY.softmax(s / float(form.temperature)), q, NUMPY))
                for s, q in zip(scores, p, strict=True)
            ]
        )
    if isinstance(form, General | OfScores | Pairwise | Transport):
        return np.array([float(form.risk(s, q, NUMPY)) for s, q in zip(scores, p, strict=True)])
    raise AssertionError(form)


@pytest.mark.parametrize(
    ("spec", "kind", "n", "has"),
    [
        ("logistic", OfMargin, 2, True),
        ("logistic", OfMargin, 3, False),
        ("hinge", OfSoftmax, None, False),
        ("mae", Transport, None, False),
        ("ldr:lam=1,c=2", Transport, None, True),
        ("constrained:phi=hinge", OfScores, None, True),
        ("weston-watkins", Pairwise, None, True),
        ("brier", OfSoftmax, None, False),
    ],
)
def test_which_forms_a_loss_has(spec: str, kind: Any, n: int | None, has: bool) -> None:
    loss = parse_loss(spec)
    found = loss.form(kind) if n is None else loss.form(kind, n)
    assert (found is not None) is has


@pytest.mark.parametrize(
    ("spec", "convex"),
    [("logistic", True), ("mae", False), ("weston-watkins", True), ("max:phi=exponential", True)],
)
def test_convexity_in_scores_is_that_of_midpoints(spec: str, convex: bool) -> None:
    loss, n = parse_loss(spec), 3
    found = convex_in_scores(loss.forms, n)
    assert bool(found) is convex
    rng = np.random.default_rng(2)
    a, b = rng.normal(scale=2, size=(2, 4000, n))
    values = [np.asarray(loss.losses(s, NUMPY)) for s in (a, b, (a + b) / 2)]
    below = values[2] <= (values[0] + values[1]) / 2 + 1e-12
    assert bool(below.all()) is convex
