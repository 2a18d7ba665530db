"""Losses of examples against the definition, in NumPy, JAX and torch; gradients, half precision."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from hconsist.arithmetic import NUMPY, ArrayOps, Ops, Value
from hconsist.errors import InvalidInputError
from hconsist.losses import CATALOGUE, Loss, MarginLoss, SoftmaxLoss, parse_loss
from hconsist.losses.per_example import expected_losses, label_losses


@dataclass(frozen=True)
class Mine(SoftmaxLoss):
    spec_name = "mine"

    def of_softmax(self, u: Value, ops: Ops) -> Value:
        return ops.const(1) / u - ops.const(1)


@dataclass(frozen=True)
class MineOfScores(Loss):
    """Two matrices joined: the row of the label is found by running the formula on rows."""

    spec_name = "mine-of-scores"

    def losses(self, scores: Value, ops: Ops) -> Value:
        margins = ops.differences(scores)
        return ops.max_others(ops.exp(-margins)) + ops.sum(ops.softplus(-margins))


@dataclass(frozen=True)
class MineOfMargin(MarginLoss):
    spec_name = "mine-of-margin"

    def of_margin(self, u: Value, ops: Ops) -> Value:
        return ops.softplus(-u) + ops.exp(-u)


OWN: list[Loss] = [Mine(), MineOfScores(), MineOfMargin()]
FORMULAS = ["softmax:1/u**2", "margin:Max(0, 1 - v)**3", "focal:gamma=0.5", "ldr:lam=0.5,c=1"]
SPECS: list[Any] = [*CATALOGUE, *FORMULAS, *OWN]


def drawn(loss: Loss, m: int = 6, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    n, random = loss.only_classes or 4, np.random.default_rng(seed)
    return random.normal(size=(m, n)), random.integers(n, size=m), random.dirichlet(np.ones(n), m)


def defined(loss: Loss, scores: np.ndarray) -> np.ndarray:
    centred = scores - scores.mean(-1, keepdims=True) if loss.sum_to_zero else scores
    return np.asarray(loss.losses(centred, NUMPY))


@pytest.mark.parametrize("spec", SPECS, ids=str)
def test_one_label_and_a_distribution_are_the_definition(spec: Any) -> None:
    loss = parse_loss(spec)
    scores, y, p = drawn(loss)
    whole = defined(loss, scores)
    assert label_losses(loss, scores, y, NUMPY) == pytest.approx(
        whole[np.arange(len(y)), y], rel=1e-12
    )
    assert expected_losses(loss, scores, p, NUMPY) == pytest.approx((p * whole).sum(-1), rel=1e-12)


def test_a_label_of_probability_zero_is_left_out_however_large_its_loss() -> None:
    scores, p = np.array([[0.0, -5000.0]]), np.array([[1.0, 0.0]])
    assert expected_losses(parse_loss("sum-exp"), scores, p, NUMPY)[0] == 0


def test_a_thousand_labels_need_no_matrix_of_a_million() -> None:
    loss, scores = parse_loss("weston-watkins"), np.zeros((2000, 1000))
    # 16 GB if every label's row were made
    assert label_losses(loss, scores, np.zeros(2000, dtype=int), NUMPY) == pytest.approx(999)


def test_bad_input_names_the_rule() -> None:
    with pytest.raises(InvalidInputError, match="lift it: 'sum:phi=hinge'"):
        label_losses(parse_loss("hinge"), np.zeros((1, 3)), np.array([0]), NUMPY)


JAX = ["gce:q=0.7", "weston-watkins", "brier", "probit", "focal"]


@pytest.mark.parametrize(
    "spec",
    [*JAX, *(pytest.param(s, marks=pytest.mark.slow) for s in SPECS if s not in JAX)],
    ids=str,
)
def test_jax_gives_the_same_values_and_slopes(spec: Any) -> None:
    jax = pytest.importorskip("jax")
    jnp = importlib.import_module("jax.numpy")
    loss = parse_loss(spec)
    scores, y, _ = drawn(loss)
    with jax.enable_x64(True):
        ops = ArrayOps(jnp, dtype=jnp.float64)

        def total(z: Any) -> Any:
            return label_losses(loss, z, jnp.asarray(y), ops).sum()

        value, slope = jax.value_and_grad(total)(jnp.asarray(scores))
        slope = np.asarray(slope)
    assert float(value) == pytest.approx(label_losses(loss, scores, y, NUMPY).sum(), rel=1e-12)
    move = 1e-6 * np.random.default_rng(1).normal(size=scores.shape)
    up, down = (label_losses(loss, scores + s * move, y, NUMPY).sum() for s in (1, -1))
    assert (slope * move).sum() == pytest.approx((up - down) / 2, rel=1e-5, abs=1e-12)
