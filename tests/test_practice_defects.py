"""Defects that an audit found: each of these failed before."""

from __future__ import annotations

import itertools
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.special import ndtr

from hconsist.bounds import derive
from hconsist.cli.output import atomic_file
from hconsist.distributions import GaussianMixture
from hconsist.errors import InvalidInputError
from hconsist.losses import parse_loss
from hconsist.simulate import Backend, best_risk, population
from hconsist.simulate.curves import BracketedCurve
from hconsist.simulate.gradients import risk_kernel
from hconsist.studies import run_study, unconverged
from hconsist.studies.checkpoint import Checkpoint


@pytest.mark.parametrize(
    ("spec", "n", "slope"), [("weston-watkins", 2, 1.0), ("ldr-zero", 2, 1.0), ("ldam", 2, None)]
)
def test_gamma_from_above_of_a_linear_transform_is_not_one(
    spec: str, n: int, slope: float | None
) -> None:
    bound = derive(spec, n_classes=n, engine="numeric")
    curve = BracketedCurve(bound)
    y = curve.vertices[1]
    excess = np.array([0.2, 0.5, 0.8]) * y[-1]
    above = curve.above(excess)
    chord = curve.gamma(excess)
    assert (above >= chord - 1e-9).all()
    assert (above <= chord + 1e-3).all() and above.max() < 1  # was 1 for linear T
    if slope is not None:
        assert chord == pytest.approx(excess / y[-1], abs=1e-6)


@pytest.mark.parametrize("sigma", [1e-1, 1e-2, 1e-4])
def test_bayes_error_with_a_narrow_label(sigma: float) -> None:
    # where the narrow density is the larger: |x| < r; elsewhere and there the smaller one errs
    found = GaussianMixture([0.5, 0.5], [[0.0], [0.0]], [[[1.0]], [[sigma**2]]]).bayes_error()
    r = np.sqrt(-2 * np.log(sigma) / (1 / sigma**2 - 1))
    truth = 0.5 * (2 * ndtr(r) - 1) + ndtr(-r / sigma)
    assert float(found) == pytest.approx(truth, rel=1e-9)  # 9 % wrong at 1e-2, error 1e-16
    assert abs(float(found) - truth) <= found.error + 1e-12


def test_expectations_see_narrow_labels_wherever_they_lie() -> None:
    g = GaussianMixture([0.5, 0.4, 0.1], [[0.0], [3.0], [3.7]], [[[1.0]], [[1e-6]], [[0.3]]])

    def density(x: float, k: int) -> float:
        s = np.sqrt(g.covariances[k, 0, 0])
        return (
            float(g.weights[k] * np.exp(-(((x - g.means[k, 0]) / s) ** 2) / 2) / s) / 2.5066282746
        )

    peak = [3 + t * 1e-3 for t in (-12, -6, -3, -1, 0, 1, 3, 6, 12)]
    knots = [-9.0, 0.0, 2.0, *peak, 3.5, 4.0, 5.0, 9.0]
    best = sum(
        quad(lambda x: max(density(x, k) for k in range(3)), a, b, limit=200)[0]
        for a, b in itertools.pairwise(knots)
    )
    assert float(g.bayes_error()) == pytest.approx(1 - best, abs=1e-6)


def test_best_risk_covers_at_few_repeats() -> None:
    g = GaussianMixture([0.5, 0.5], [[-1.0], [1.0]], [[1.0]])
    truth = float(g.expectation(lambda p: -(p * np.log(p)).sum(-1)))
    hits = 0
    for seed in range(40):
        best = best_risk("logistic", "linear", population(g, 5, repeats=2, seed=seed), spread=2.0)
        hits += best.low <= truth <= best.high
    assert hits >= 36  # 95 %; about 70 % when two repeats were taken for a normal law


@pytest.mark.parametrize("spec", ["gce:q=0.7", "mae", "sce", "focal", "js", "soft-truncated"])
def test_value_and_slope_agree_far_out(spec: str) -> None:
    kernel = risk_kernel(parse_loss(spec), Backend())
    scores = np.array([[0.0], [400.0], [-350.0]])  # softmax values far below 1e-150
    weights = np.array([[0.5], [0.3], [0.2]])
    _, gradient = kernel(scores, weights)
    move = np.array([[0.7], [-0.3], [0.2]])
    up, down = (kernel(scores + s * 1e-2 * move, weights)[0][0] for s in (1, -1))
    assert (gradient * move).sum() == pytest.approx((up - down) / 2e-2, rel=1e-6, abs=1e-10)


def test_a_damaged_checkpoint_gives_the_same_rows(tmp_path: Path) -> None:
    file = tmp_path / "checkpoint.jsonl"
    rows = run_study("large-steps", quick=True, seed=3, checkpoint=file)
    assert run_study("large-steps", quick=True, seed=3, checkpoint=file) == rows
    whole = file.read_bytes()
    header, cell = whole.splitlines(keepends=True)[:2]
    digit = re.search(rb'"angle": 0\.0*([1-9])', cell)
    assert digit is not None
    at = len(header) + digit.start(1)
    other = b"1" if whole[at : at + 1] != b"1" else b"2"
    for damaged in (
        whole[:at] + other + whole[at + 1 :],  # one digit, and still JSON
        whole[:-7],  # cut short
        b"x" + whole[1:],  # the first line
        header + b"\xff\xfe\n" + cell,
        header + cell.replace(b'"cell": 0', b'"cell": 9'),
    ):
        file.write_bytes(damaged)
        assert run_study("large-steps", quick=True, seed=3, checkpoint=file) == rows
        assert file.read_bytes() == whole
    file.write_bytes(b"nothing of this run\n")
    with pytest.raises(InvalidInputError, match="of the same study"):
        run_study("large-steps", quick=True, seed=3, checkpoint=file)


def test_lines_of_two_runs_in_one_file_are_told_apart(tmp_path: Path) -> None:
    mine, other = (Checkpoint(tmp_path / "c", {"seed": s}) for s in (0, 1))
    list(mine.read())
    mine.append(0, [{"x": 1}])
    other.append(1, [{"x": 2}])
    assert list(mine.read()) == [(0, [{"x": 1}])]


def test_what_a_killed_program_left_is_cleared_away(tmp_path: Path) -> None:
    code = (
        "import os, signal, sys; from pathlib import Path\n"
        "from hconsist.cli.output import atomic_file\n"
        "with atomic_file(Path(sys.argv[1])) as t:\n"
        "    t.write_text('half'); os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    target = tmp_path / "study.svg"
    done = subprocess.run([sys.executable, "-c", code, str(target)], check=False)
    assert done.returncode == -signal.SIGKILL and len(list(tmp_path.iterdir())) == 1
    with atomic_file(target) as temporary, atomic_file(target) as second:
        assert temporary.exists() and second.exists()  # those of the living stay
        temporary.write_text("one")
        second.write_text("two")
    assert [p.name for p in tmp_path.iterdir()] == ["study.svg"]


def test_fits_that_did_not_converge_are_counted_in_the_table() -> None:
    rows = run_study("bounds", quick=True, seed=0, only=0)
    assert unconverged(rows) == 0 and rows[0]["unconverged"] == 0


@pytest.mark.slow
def test_killed_ten_times_and_resumed_the_files_are_the_same(tmp_path: Path) -> None:
    def command(folder: Path) -> list[str]:
        words = ["-m", "hconsist", "simulate", "bounds", "--quick", "--seed", "5", "-o"]
        return [sys.executable, *words, str(folder)]

    whole, broken = tmp_path / "whole", tmp_path / "broken"
    start = time.monotonic()
    first = subprocess.run(command(whole), check=False, capture_output=True).returncode
    seconds = time.monotonic() - start
    for i in range(10):
        process = subprocess.Popen(
            command(broken), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        time.sleep(seconds * (0.35 + 0.06 * i))
        process.kill()
        process.wait()
    last = subprocess.run(command(broken), check=False, capture_output=True).returncode
    assert first == last
    assert {p.name: p.read_bytes() for p in broken.iterdir()} == {
        p.name: p.read_bytes() for p in whole.iterdir()
    }
    assert os.listdir(broken)
