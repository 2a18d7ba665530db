"""Identities of the loss formulas: one definition, four arithmetics."""

from __future__ import annotations

import numpy as np
import pytest

from hconsist.arithmetic import BALLS, NUMPY, SYMPY, exact
from hconsist.errors import InvalidInputError, UnknownNameError
from hconsist.losses import CATALOGUE, Loss, SoftmaxLoss, parse_loss
from hconsist.pointwise import PointwiseProblem

SPECS = [*CATALOGUE, "comp-sum:tau=1.5", "ldr:lam=0.25,c=1", "constrained:phi=sigmoid,k=2", "max:phi=exponential"]


def scores_for(loss: Loss) -> np.ndarray:
    scores = np.linspace(-0.75, 0.5, loss.only_classes or 4)
    return scores - scores.mean() if loss.sum_to_zero else scores


@pytest.mark.parametrize("spec", SPECS)
def test_arithmetics_agree(spec: str) -> None:
    loss = parse_loss(spec)
    scores = scores_for(loss)
    floats = loss.losses(scores, NUMPY)
    symbols = loss.losses(np.array([SYMPY.const(exact(float(s), "s")) for s in scores], dtype=object), SYMPY)
    enclosures = loss.losses(np.array([BALLS.const(exact(float(s), "s")) for s in scores], dtype=object), BALLS)
    assert np.allclose(floats, np.array(symbols, dtype=float), rtol=1e-13, atol=1e-14)
    for value, ball in zip(symbols, enclosures, strict=True):
        assert abs(float(ball.mid()) - float(value)) <= 1e-13 * max(1.0, abs(float(value)))


@pytest.mark.parametrize("spec", SPECS)
def test_relabelling_permutes_the_losses(spec: str) -> None:
    loss = parse_loss(spec)
    scores = scores_for(loss)
    order = np.roll(np.arange(scores.size), 1)
    assert np.allclose(loss.losses(scores[order], NUMPY), loss.losses(scores, NUMPY)[order]) == loss.symmetric


@pytest.mark.parametrize("spec", SPECS)
def test_spec_string_reads_back(spec: str) -> None:
    loss = parse_loss(spec)
    assert parse_loss(loss.spec) == loss


@pytest.mark.parametrize("spec", ["logistic", "comp-sum:tau=0.3", "ldr:lam=0.25,c=1", "ldr:lam=2,c=0"])
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
