"""Noise on real data: splits, noise and intervals against other computations, orders that fail."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from scipy import stats

from hconsist.cli.app import app
from hconsist.distributions import ClassNoise
from hconsist.errors import InvalidInputError, UnknownNameError
from hconsist.studies import run_study
from hconsist.studies.noise_on_data import judgement
from hconsist.studies.noise_on_data.data import checked
from hconsist.studies.noise_on_data.experiment import LOSSES, cells, observed, split


def table(**errors: list[float]) -> list[dict[str, Any]]:
    """Rows with these errors, by losses with another name for each letter."""
    names = dict(zip("abc", ("mae", "gce:q=0.7", "logistic"), strict=True))
    common = {"data": "d", "classes": 3, "samples": 9, "noise": "uniform", "rate": 0.2, "l2": 1.0}
    return [
        {**common, "loss": names[key], "repeat": i, "error": v, "error_fixed": v}
        for key, values in errors.items()
        for i, v in enumerate(values)
    ]


def test_parts_share_no_example_and_hold_every_label() -> None:
    y = np.random.default_rng(0).permutation(np.repeat([0, 1, 2], [1000, 500, 12]))
    parts = split(y, np.random.default_rng(1))
    together = np.concatenate(parts)
    assert np.unique(together).size == together.size
    assert 395 <= len(parts[0]) <= 405 and 195 <= len(parts[1]) <= 205
    assert all(set(y[part]) == {0, 1, 2} for part in parts)


def test_labels_are_observed_with_the_chances_of_the_noise() -> None:
    y = np.repeat(np.arange(3), 20_000)
    seen = observed(y, ClassNoise.pairs(3, 0.3)(np.eye(3)), np.random.default_rng(0))
    for k in range(3):
        shares = np.bincount(seen[y == k], minlength=3) / 20_000
        assert shares[k] == pytest.approx(0.7, abs=0.015)
        assert shares[(k + 1) % 3] == pytest.approx(0.3, abs=0.015) and shares[k - 1] == 0
    assert (observed(y, np.eye(3), np.random.default_rng(0)) == y).all()


def test_intervals_are_those_of_the_paired_t_test() -> None:
    random = np.random.default_rng(0)
    errors = {k: random.normal(m, 0.1, 12) for k, m in (("a", 0.2), ("b", 0.3), ("c", 0.31))}
    for d in judgement.differences(errors):
        low, high = stats.ttest_rel(errors[d.second], errors[d.first]).confidence_interval(
            1 - 0.05 / 3
        )
        assert (d.mean - d.half, d.mean + d.half) == pytest.approx((low, high))
        assert d.sure == int(low > 0) - int(high < 0)


def test_an_order_that_data_turn_round_is_told() -> None:
    good, mid, bad = ([v + 0.001 * i for i in range(4)] for v in (0.1, 0.2, 0.4))
    right = judgement.verdict(table(a=good, b=mid, c=bad)).summary
    wrong = judgement.verdict(table(a=bad, b=mid, c=good)).summary
    assert "the order of robustness, all settings: 3 pairs confirmed, 0 the other way" in right[2]
    assert "the order of robustness, all settings: 0 pairs confirmed, 3 the other way" in wrong[2]
    assert "choose picks mae, surely behind none" in right[0]
    assert "choose picks mae, surely behind gce:q=0.7, logistic" in wrong[0]


def files(folder: Path, x: Any, y: Any) -> dict[str, Path]:
    np.save(folder / "x.npy", x)
    np.save(folder / "y.npy", y)
    return {"features": folder / "x.npy", "labels": folder / "y.npy"}


def test_files_of_a_user_run_and_changed_files_are_refused(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    words = np.repeat(["cat", "dog"], 40)
    x = random.normal(size=(80, 3)) + 2.0 * (words == "dog")[:, None]
    given = files(tmp_path, x, words)
    rows = run_study("noise-on-data", quick=True, data=given, only=0)
    assert {row["loss"] for row in rows} == set(LOSSES) and {row["data"] for row in rows} == {"x"}
    assert all(0 <= row["error"] <= 1 for row in rows) and {row["samples"] for row in rows} == {32}
    assert len(cells(True, **given)) == 1  # two labels: pairs would be the same noise
    checkpoint = tmp_path / "c.jsonl"
    run_study("noise-on-data", quick=True, data=given, only=0, checkpoint=checkpoint)
    files(tmp_path, x + 1, words)
    with pytest.raises(InvalidInputError, match="of the same study"):
        run_study("noise-on-data", quick=True, data=given, only=0, checkpoint=checkpoint)


X, Y = np.zeros((30, 2)), np.repeat([0, 1], 15)


@pytest.mark.parametrize(
    ("x", "y", "rule"),
    [
        (np.zeros(30), Y, "a table of numbers"),
        (np.full((30, 2), np.nan), Y, "must be finite"),
        (X, Y[:-1], r"of shape \(30,\)"),
        (X, Y * 1.5, "whole numbers or words"),
        (X, np.zeros(30, dtype=int), "two labels or more"),
        (X, np.r_[np.zeros(25, int), np.ones(5, int)], "of 10 examples each"),
        (X.astype(str), Y, "a table of numbers"),
    ],
)
def test_bad_data_names_the_rule(x: Any, y: Any, rule: str) -> None:
    with pytest.raises(InvalidInputError, match=rule):
        checked(x, y)


def test_bad_options_are_refused_before_work(tmp_path: Path) -> None:
    given = files(tmp_path, X, Y)
    with pytest.raises(UnknownNameError, match="did you mean 'digits'"):
        run_study("noise-on-data", data={"data": ["digit"]})
    with pytest.raises(InvalidInputError, match="go together"):
        run_study("noise-on-data", data={"features": given["features"]})
    with pytest.raises(InvalidInputError, match="makes its own data"):
        run_study("tau", data=given)
    (tmp_path / "x.npy").write_text("1,2,3")
    command = ["simulate", "noise-on-data", "--features", str(given["features"]), "--labels"]
    done = CliRunner().invoke(app, [*command, str(given["labels"]), "-o", str(tmp_path / "out")])
    assert done.exit_code == 2 and "one NumPy array of numbers" in done.output
