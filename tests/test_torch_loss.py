"""`hconsist.torch.SurrogateLoss`: gradcheck for all, half precision, reductions, speed."""

from __future__ import annotations

import importlib
from typing import Any

import numpy as np
import pytest

from hconsist.arithmetic import NUMPY
from hconsist.errors import InvalidInputError, UnknownNameError
from hconsist.losses import parse_loss
from hconsist.losses.per_example import label_losses
from tests.test_per_example import SPECS, defined, drawn

torch = pytest.importorskip("torch")


def module(*arguments: Any, **named: Any) -> Any:
    return importlib.import_module("hconsist.torch").SurrogateLoss(*arguments, **named)


@pytest.mark.parametrize("spec", SPECS, ids=str)
def test_gradcheck_for_labels_and_distributions(spec: Any) -> None:
    loss = parse_loss(spec)
    scores, y, p = drawn(loss, m=3, seed=3)
    leaf = torch.tensor(scores, requires_grad=True)
    of, labels, soft = module(loss, reduction="none"), torch.tensor(y), torch.tensor(p)
    assert of(leaf, labels).detach().numpy() == pytest.approx(
        label_losses(loss, scores, y, NUMPY), rel=1e-12
    )
    assert of(leaf, soft).detach().numpy() == pytest.approx(
        (p * defined(loss, scores)).sum(-1), rel=1e-12
    )
    assert torch.autograd.gradcheck(lambda z: of(z, labels), (leaf,))
    assert torch.autograd.gradcheck(lambda z: of(z, soft), (leaf,))


@pytest.mark.parametrize("spec", SPECS, ids=str)
def test_float32_and_autocast_are_finite_where_the_loss_is(spec: Any) -> None:
    loss = parse_loss(spec)
    n = loss.only_classes or 4
    far = np.array([[60.0, -60, 1, 0], [-300, 200, 0, 5], [16, 0, 0, 0], [0, 0, 0, 1e-3]])[:, :n]
    of = module(loss, reduction="none")
    for label in range(2):
        y = np.full(4, label)
        with np.errstate(over="ignore"):
            exact = label_losses(loss, far, y, NUMPY)
        kept = np.abs(exact) < 1e35  # beyond, the number itself is infinite in float32
        assert kept[2:].all()
        near, y, exact = far[kept], y[kept], exact[kept]
        leaf = torch.tensor(near, dtype=torch.float32, requires_grad=True)
        value = of(leaf, torch.tensor(y))
        assert value.detach().numpy() == pytest.approx(exact, rel=2e-5, abs=1e-6)
        (gradient,) = torch.autograd.grad(value.sum(), leaf)
        assert torch.isfinite(gradient).all()
        with torch.autocast("cpu", dtype=torch.bfloat16):
            half = of(torch.tensor(near, dtype=torch.bfloat16), torch.tensor(y))
        assert half.dtype == torch.float32
        rounded = torch.tensor(near).bfloat16().double().numpy()
        assert half.numpy() == pytest.approx(
            label_losses(loss, rounded, y, NUMPY), rel=2e-5, abs=1e-6
        )


def test_cross_entropy_is_torch_s_with_every_reduction_and_weight() -> None:
    of = torch.nn.functional.cross_entropy
    random = torch.Generator().manual_seed(0)
    logits = torch.randn(7, 5, generator=random)
    labels, weight = torch.arange(7) % 5, torch.tensor([1.0, 2.0, 0.0, 0.5, 3.0])
    soft = torch.softmax(torch.randn(7, 5, generator=random), -1)
    for reduction in ("mean", "sum", "none"):
        for w in (None, weight):
            mine = module("logistic", reduction=reduction, weight=w)
            for target in (labels, soft):
                torch.testing.assert_close(
                    mine(logits, target), of(logits, target, weight=w, reduction=reduction)
                )


def test_a_module_trains_moves_and_prints() -> None:
    torch.manual_seed(0)
    x = torch.randn(64, 3)
    y = (x[:, 0] > 0).long()
    net, loss = torch.nn.Linear(3, 2), module("gce:q=0.7", weight=[1.0, 2.0])
    steps = torch.optim.SGD(net.parameters(), lr=1.0)
    for _ in range(60):
        steps.zero_grad()
        loss(net(x), y).backward()
        steps.step()
    assert float((net(x).argmax(-1) == y).float().mean()) > 0.9
    assert loss.state_dict()["weight"].tolist() == [1.0, 2.0]
    assert "comp-sum:tau=1.7" in repr(loss)


@pytest.mark.parametrize(
    ("make", "rule"),
    [
        (lambda: module()(torch.zeros(2, 3), torch.tensor([0, 3])), "labels must be 0..2"),
        (lambda: module()(torch.zeros(2, 3), torch.tensor([0])), "labels must have shape"),
        (lambda: module()(torch.zeros(2, 3), torch.ones(2, 3)), "sum to 1"),
        (lambda: module("hinge")(torch.zeros(2, 3), torch.tensor([0, 1])), "n_classes = 2"),
        (lambda: module(weight=[1.0, -1.0]), "weight must be one number >= 0"),
        (lambda: module(weight=[1.0])(torch.zeros(2, 3), torch.tensor([0, 1])), "3 entries"),
        (lambda: module()(torch.zeros(2, 3).long(), torch.tensor([0, 1])), "must be floating"),
    ],
)
def test_bad_input_names_the_rule(make: Any, rule: str) -> None:
    with pytest.raises(InvalidInputError, match=rule):
        make()


def test_an_unknown_reduction_gets_a_suggestion() -> None:
    with pytest.raises(UnknownNameError, match="did you mean 'mean'"):
        module(reduction="mea")


@pytest.mark.slow
def test_comp_sum_losses_take_at_most_1_3_times_cross_entropy() -> None:
    ratios = importlib.import_module("benchmarks.bench_torch").ratios
    found = ratios(("logistic", "sum-exp", "comp-sum:tau=1.5", "gce:q=0.7", "mae"), rounds=40)
    assert all(ratio <= 1.3 for ratio, _ in found.values()), found
