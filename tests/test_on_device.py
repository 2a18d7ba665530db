"""Finite pairs where the arrays are: the same numbers on every array library, nothing fetched."""

from __future__ import annotations

import numpy as np
import pytest

from hconsist.losses import parse_loss
from hconsist.simulate import Backend
from hconsist.simulate.curves import curve_of
from hconsist.simulate.on_device import least_risk, runs_on_device
from hconsist.simulate.optimum import least_conditional_risk
from hconsist.studies.bounds.finite import finite_pairs


def place(library: str) -> Backend:
    """The strict library on a device of its own, where an array made elsewhere is refused."""
    pytest.importorskip(library)
    return Backend(library, "device1" if library == "array_api_strict" else "cpu")


@pytest.mark.parametrize("library", ["numpy", "torch", "array_api_strict"])
@pytest.mark.parametrize(
    ("spec", "n"),
    [
        *((spec, n) for spec in ("logistic", "gce:q=0.7") for n in (2, 7)),
        *(("mae", 3), ("sce", 3), ("focal", 3), ("hinge", 2), ("z-loss", 2)),
    ],
)
def test_best_risks_are_those_of_the_host(spec: str, n: int, library: str) -> None:
    loss, backend = parse_loss(spec), place(library)
    p = np.random.default_rng(0).dirichlet(np.full(n, 0.4), 40)
    p[: n + 1] = [*np.eye(n), np.full(n, 1 / n)]
    found = backend.numpy(least_risk(loss, backend.array(p), backend))
    assert found == pytest.approx(least_conditional_risk(loss, p)[0], abs=1e-9)


@pytest.mark.parametrize("library", ["torch", "array_api_strict"])
@pytest.mark.parametrize(
    ("spec", "n", "hypotheses"),
    [
        ("logistic", 3, "complete"),
        ("mae", 5, "complete"),
        pytest.param("exponential", 2, "complete", marks=pytest.mark.slow),
        # the host computes the best risk of the next, and the members of the last
        pytest.param("constrained:phi=squared-hinge", 3, "complete", marks=pytest.mark.slow),
        pytest.param("hinge", 2, "linear:W=1,B=1", marks=pytest.mark.slow),
    ],
)
def test_pairs_of_the_study_are_the_same(spec: str, n: int, hypotheses: str, library: str) -> None:
    cell = {"loss": spec, "n": n, "hypotheses": hypotheses, "pairs": 24}
    first, second = (
        finite_pairs(cell, np.random.default_rng(5), where) for where in (Backend(), place(library))
    )
    assert len(first) == len(second) >= 24
    for a, b in zip(first, second, strict=True):
        for key in ("target", "surrogate", "bound", "ceiling"):
            assert b[key] == pytest.approx(a[key], abs=1e-6, rel=1e-6), (a, b)


@pytest.mark.parametrize(("spec", "n"), [("logistic", 3), ("mae", 3), ("hinge", 2)])
def test_nothing_but_an_answer_leaves_the_device(
    spec: str, n: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    torch = pytest.importorskip("torch")
    loss, backend = parse_loss(spec), Backend("torch")
    assert runs_on_device(loss, n)
    p = backend.array(np.random.default_rng(0).dirichlet(np.ones(n), 50))
    asked: list[str] = []
    for name in ("__bool__", "__int__", "__float__", "item", "tolist", "numpy", "__array__", "cpu"):
        real = getattr(torch.Tensor, name)

        def told(self: object, *args: object, name: str = name, real: object = real) -> object:
            asked.append(name)
            return real(self, *args)  # type: ignore[operator]

        monkeypatch.setattr(torch.Tensor, name, told)
    curve_of(spec, n).gamma(least_risk(loss, p, backend))
    # one answer an iteration of Newton's method, one in all of the search over the margin
    assert len(asked) <= {"logistic": 6, "mae": 0, "hinge": 1}[spec], asked
    assert not set(asked) & {"tolist", "numpy", "__array__", "cpu"}


def test_chords_are_those_of_numpy() -> None:
    backend, curve = place("array_api_strict"), curve_of("logistic", 3)
    excess = np.concatenate([[0.0, 1e-9, 5.0], np.geomspace(1e-6, 1.0, 50)])
    found = backend.numpy(curve.gamma(backend.array(excess)))
    assert found == pytest.approx(curve.gamma(excess), abs=1e-14)
