"""The machinery of verification: outcomes, the command, and the same call on a cluster."""

from __future__ import annotations

import dataclasses
import json
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import pytest
from click.testing import CliRunner

from hconsist.cli.app import app
from hconsist.pointwise import Answer
from hconsist.theorems import catalogue, theorem
from hconsist.verify import Verification, verify, verify_all
from hconsist.verify.compare import compare_estimate, compare_proven


def answer(lower: str | None, upper: str | None, estimate: float | None = None) -> Answer:
    bounds = [None if v is None else Fraction(v) for v in (lower, upper)]
    return Answer(estimate, bounds[0], bounds[1], None, "rigorous")


@pytest.mark.parametrize(
    ("lower", "upper", "relation", "outcome"),
    [
        ("0.5", "0.6", "T >=", "confirmed"),
        ("0.2", "0.3", "T >=", "contradicted"),
        ("0.3", "0.5", "T >=", "undecided"),
        (None, "0.5", "T >=", "undecided"),
        ("0.4", "0.4", "T =", "confirmed"),
        ("0.41", "0.5", "T =", "contradicted"),
        ("0.3", "0.39", "T =", "contradicted"),
        ("0.3", "0.5", "T =", "undecided"),
        (None, None, "T =", "undecided"),
    ],
)
def test_proofs_are_compared_in_three_values(
    lower: str | None, upper: str | None, relation: str, outcome: str
) -> None:
    value = Fraction("0.4")
    assert (
        compare_proven(answer(lower, upper), value, value, relation, Fraction(1, 10**12))[0]
        == outcome
    )


@pytest.mark.parametrize(
    ("estimate", "relation", "outcome"),
    [
        (0.4 + 2e-6, "T >=", "confirmed"),
        (0.4 - 2e-6, "T >=", "contradicted"),
        (0.4 + 2e-6, "T =", "contradicted"),
        (0.4 + 1e-8, "T =", "confirmed"),
        (None, "T =", "undecided"),
    ],
)
def test_estimates_are_compared_to_their_tolerance(
    estimate: float | None, relation: str, outcome: str
) -> None:
    assert compare_estimate(answer(None, None, estimate), 0.4, relation)[0] == outcome


def test_a_denied_statement_holds_when_it_is_contradicted() -> None:
    entry = theorem("enhanced-table-mae")
    assert verify(entry, ("symbolic",)).status == "holds"
    assert verify(dataclasses.replace(entry, claim="valid"), ("symbolic",)).status == "violated"


def test_no_engine_means_undecided() -> None:
    assert verify("comp-sum-logistic", ()).status == "undecided"


def run(*words: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(app, ["verify", *words])
    return result.exit_code, result.stdout, result.stderr


def test_command_prints_a_row_each_and_progress_apart() -> None:
    code, out, err = run("comp-sum-logistic", "enhanced-table-mae", "--engine", "symbolic")
    assert code == 0
    assert [line.split()[0] for line in out.splitlines()] == [
        "STATEMENT",
        "comp-sum-logistic",
        "enhanced-table-mae",
    ]
    assert err.count("holds") == 2


def test_command_json_and_markdown_agree() -> None:
    code, out, _ = run("comp-sum-logistic", "--engine", "symbolic", "--json")
    (found,) = json.loads(out)
    assert (code, found["status"], found["engines"]) == (0, "holds", ["symbolic"])
    assert (
        "| `comp-sum-logistic` |"
        in run("comp-sum-logistic", "--engine", "symbolic", "--markdown")[1]
    )


def test_command_lists_without_verifying() -> None:
    code, out, err = run("--list", "--json")
    assert (code, err) == (0, "")
    assert [entry["id"] for entry in json.loads(out)] == list(catalogue())


def test_exit_codes(monkeypatch: pytest.MonkeyPatch) -> None:
    assert run("comp-sum-logistc")[0] == 2
    assert run()[0] == 2
    assert run("--all", "comp-sum-logistic")[0] == 2
    # The rigorous engine has nothing to say about consistency: undecided.
    assert run("bjm-calibration", "--engine", "rigorous")[0] == 3
    false = dataclasses.replace(theorem("enhanced-table-mae"), claim="valid")
    monkeypatch.setitem(catalogue(), "enhanced-table-mae", false)
    code, out, err = run("enhanced-table-mae", "--engine", "symbolic")
    assert code == 1 and "violated" in out and "f(T(beta)) - beta = -" in err


def test_processes_give_the_same_verdicts() -> None:
    entries = [theorem(i) for i in ("comp-sum-logistic", "enhanced-table-mae")]
    found = {v.theorem.id: v.status for v in verify_all(entries, ("symbolic",), n_jobs=2)}
    assert found == {"comp-sum-logistic": "holds", "enhanced-table-mae": "holds"}


def test_the_margin_is_the_one_nearest_to_a_violation() -> None:
    found = verify("comp-sum-gce", ("numeric",))
    assert isinstance(found, Verification)
    assert found.margin == min(c.margin for c in found.checks if c.margin is not None)


@pytest.mark.slow
def test_same_command_on_a_dask_cluster(tmp_path: Path) -> None:
    distributed = pytest.importorskip("distributed")
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, dashboard_address=None
    ) as cluster:
        words = [
            "comp-sum-logistic",
            "enhanced-table-mae",
            "--engine",
            "symbolic",
            "--scheduler",
            cluster.scheduler_address,
        ]
        done = subprocess.run(
            [sys.executable, "-m", "hconsist", "verify", *words, "--json"],
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
    assert done.returncode == 0, done.stderr
    assert [v["status"] for v in json.loads(done.stdout)] == ["holds", "holds"]


def test_every_statement_has_a_relation_that_can_check_it() -> None:
    from hconsist.verify.relations import RELATIONS

    assert {entry.relation for entry in catalogue().values()} <= set(RELATIONS)
    assert all(entry.summary for entry in RELATIONS.values())
