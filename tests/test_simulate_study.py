"""Studies: same seed same result, nothing lost by an interruption, a false bound caught."""

from __future__ import annotations

import copy
import csv
import dataclasses
import importlib.util
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from scipy import stats
from scipy.special import xlogy

from hconsist.arithmetic import NUMPY
from hconsist.bounds import derive
from hconsist.cli.app import ExitCode, app
from hconsist.distributions import GaussianMixture
from hconsist.errors import InvalidInputError, UnknownNameError
from hconsist.losses import CATALOGUE, parse_loss
from hconsist.simulate import Backend, best_risk, curves, train
from hconsist.simulate.conditional import best_scores, conditional_risk, zero_one_regret
from hconsist.simulate.optimum import least_conditional_risk, two_label_transform
from hconsist.simulate.population import population
from hconsist.studies import STUDIES, run_cell, run_study, study
from hconsist.studies.bounds import experiment, judgement, members, plan
from hconsist.studies.bounds.chosen import chosen_mixture


def replaced(monkeypatch: pytest.MonkeyPatch, **parts: Any) -> None:
    """The study of the bounds with other parts, for one test."""
    entry = STUDIES["bounds"]
    other = dataclasses.replace(entry, value=dataclasses.replace(entry.value, **parts))
    monkeypatch.setitem(STUDIES._entries, "bounds", other)


@pytest.fixture(scope="module")
def rows() -> list[dict[str, Any]]:
    return run_study("bounds", quick=True, seed=1)


def test_no_pair_is_above_its_bound(rows: list[dict[str, Any]]) -> None:
    verdict = judgement.verdict(rows)
    assert len(rows) > 700
    assert verdict.status == "holds", verdict.violations[:3]
    kinds = {
        "random",
        "adversarial",
        "witness",
        "climbed",
        "mixture",
        "chosen mixture",
        "counterexample",
        "unbounded",
    }
    assert {row["kind"] for row in rows} == kinds
    assert {row["standing"] for row in rows} == {"proven", "certified", "none"}


def test_targets_with_costs_of_their_own_take_part(rows: list[dict[str, Any]]) -> None:
    groups = {row["hypotheses"] for row in rows if row["hypotheses"].startswith("complete, ")}
    assert groups == {f"complete, {target}" for _, _, target in plan.COSTS[:3]}
    for group in groups:
        chosen = [row for row in rows if row["hypotheses"] == group]
        assert max(row["target"] / row["bound"] for row in chosen if row["bound"] > 0) > 0.99


def test_pairs_are_dense_near_the_bound(rows: list[dict[str, Any]]) -> None:
    for kind in ("witness", "climbed", "adversarial"):
        chosen = [row for row in rows if row["kind"] == kind and row["surrogate"] > 1e-3]
        reached = [row["target"] / row["bound"] for row in chosen]
        assert np.mean(np.array(reached) > 0.9) > 0.05, kind


def test_trained_hypotheses_come_near_the_bound_where_an_adversary_chose(
    rows: list[dict[str, Any]],
) -> None:
    table = judgement.power(rows_of_pairs(rows))
    tried, at_99, *others = table["chosen mixture"]
    assert tried == 3 and at_99 >= 1 and others == [3, 3, 3]  # at 0.9, 0.7, 0.5
    assert table["mixture"][1] == 0 and table["witness"][1] >= table["witness"][0] - 1
    chosen = [row for row in rows if row["kind"] == "chosen mixture"]
    for row in chosen[:3]:  # again, from the parameters alone and a fine grid of the first input
        w = np.array(json.loads(row["distribution"].partition("parameters=")[2])).reshape(2, 3)
        g = chosen_mixture(0.5, 2)
        t = np.linspace(-9, 9, 20001)
        density = sum(g.weights[y] * stats.norm.pdf(t - g.means[y, 0]) for y in (0, 1))
        p = g.posterior(np.c_[t, 0 * t])
        mass = density / density.sum()
        assert abs(w[0, 1] - w[1, 1]) < 2e-3  # nearly flat in the second input
        scores = np.c_[t, 0 * t] @ w[:, :-1].T + w[:, -1]
        again = (mass * (p.max(-1) - p[np.arange(len(t)), scores.argmax(-1)])).sum()
        assert again == pytest.approx(row["target"], abs=1e-3)


def rows_of_pairs(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [row for row in rows if row["standing"] != "none"]


@pytest.mark.parametrize("factor", [0.7, 0.95, 0.99])
def test_a_planted_false_bound_is_caught(rows: list[dict[str, Any]], factor: float) -> None:
    verdict = judgement.verdict(rows, factor)
    assert verdict.status == "violated"
    caught = {(v["loss"], v["n"], v["hypotheses"]) for v in verdict.violations}
    assert caught == {
        (row["loss"], row["n"], row["hypotheses"]) for row in rows if row["standing"] != "none"
    }
    for v in verdict.violations:
        assert v["target"] > factor * v["bound"]
        # a certified ceiling lies somewhat above the estimate of the bound: a pair may exceed one
        # or both
        told = {
            "proven": {"violated"},
            "estimate": {"estimate exceeded"},
            "certified": {"violated", "estimate exceeded"},
        }
        assert v["status"] in told[v["standing"]]


def test_a_finite_pair_is_what_its_description_says(rows: list[dict[str, Any]]) -> None:
    # evaluated again, from the text of the row alone and the definitions, with C* from the closed
    # forms
    entropy_like = {
        "logistic": lambda p: float(-xlogy(p, p).sum()),
        "gce:q=0.7": lambda p: (1 - ((p ** (1 / 0.3)).sum()) ** 0.3) / 0.7,
        "mae": lambda p: 1 - p.max(),
    }
    finite = [
        r
        for r in rows
        if r["hypotheses"] == "complete"
        and r["kind"] in ("random", "adversarial", "witness", "climbed")
    ]
    for row in [r for r in finite if r["loss"] in entropy_like][::37]:
        text = row["distribution"]
        weights = np.array(json.loads(text[text.index("weights=") + 8 : text.index(" p=")]))
        p = np.array(json.loads(text[text.index(" p=") + 3 : text.index(" scores=")]))
        scores = np.array(json.loads(text[text.index(" scores=") + 8 :]))
        loss = parse_loss(row["loss"])
        total_target = total_surrogate = 0.0
        for w, distribution, s in zip(weights, p, scores, strict=True):
            tied = np.flatnonzero(s == s.max())
            total_target += w * (distribution.max() - distribution[tied].min())
            q = np.exp(s - s.max()) / np.exp(s - s.max()).sum()
            value = sum(
                float(d) * float(loss.of_softmax(u, NUMPY))
                for d, u in zip(distribution, q, strict=True)
                if d > 0
            )  # type: ignore[attr-defined]
            total_surrogate += w * (value - entropy_like[row["loss"]](distribution))
        assert row["target"] == pytest.approx(total_target, abs=1e-12)
        assert row["surrogate"] == pytest.approx(total_surrogate, abs=1e-8)


def test_the_curve_brackets_the_bound_it_stands_for() -> None:
    curve = curves.curve_of("logistic", 3)
    betas = np.random.default_rng(0).uniform(0, 1, 300)
    exact = ((1 + betas) * np.log1p(betas) + (1 - betas) * np.log1p(-betas)) / 2
    assert np.all(curves._lower(curve.nodes, betas) <= exact + 1e-12)
    assert np.all(exact <= curves._upper(curve.nodes, betas) + 1e-12)
    assert np.all(curve.compare(betas, exact) == 1)
    assert np.all(curve.compare(betas, exact * (1 - 1e-6) - 1e-8) == -1)
    assert curve.compare(np.array([1.1]), np.array([5.0]))[0] == -1


def test_an_estimated_curve_decides_where_it_can() -> None:
    curve = curves.BracketedCurve(derive("gce:q=0.7", n_classes=3, engine="numeric"))
    betas = np.array([0.12, 0.33, 0.61])
    exact = derive("gce:q=0.7", n_classes=3, engine="numeric").transform_curve(betas)
    assert np.all(curve.compare(betas, exact) == 1)
    assert np.all(curve.compare(betas, 0.9 * exact) == -1)


@pytest.mark.parametrize(
    "spec",
    [
        "logistic",
        "gce:q=0.7",
        "mae",
        "comp-sum:tau=2.5",
        "sum:phi=squared-hinge",
        "constrained:phi=exponential",
    ],
)
def test_best_scores_beat_random_and_local_changes(spec: str) -> None:
    loss, random = parse_loss(spec), np.random.default_rng(0)
    p = random.dirichlet(np.ones(3), 20)
    risk, scores = best_scores(loss, p)
    assert conditional_risk(loss, scores, p) == pytest.approx(risk, abs=1e-9)
    for scale in (1e-3, 0.1, 1.0, 5.0):
        for _ in range(20):
            other = (scores if scale < 2 else 0) + scale * random.standard_normal(p.shape)
            assert np.all(conditional_risk(loss, other, p) >= risk - 1e-12)


def test_ties_fall_on_the_worst_label() -> None:
    assert zero_one_regret(np.array([1.0, 1.0, 0.0]), np.array([0.5, 0.3, 0.2])) == pytest.approx(
        0.2
    )


def test_population_error_covers_the_closed_form() -> None:
    g = GaussianMixture([0.3, 0.7], [[0.0, 0.0], [1.0, 0.5]], [[1.0, 0.2], [0.2, 2.0]])
    nodes = population(g, log2_points=8, repeats=8, seed=5)
    mean, error = nodes.mean(1 - nodes.p.max(-1))
    assert 0 < error < 2e-3
    assert abs(mean - float(g.bayes_error())) < 5 * error


def test_cells_do_not_depend_on_order_or_processes() -> None:
    cell = study("bounds").cells(True)[4]
    alone = run_cell("bounds", cell, 4, seed=9)
    assert run_study("bounds", quick=True, seed=9, only=4) == alone
    assert run_cell("bounds", cell, 4, seed=10) != alone


def test_processes_give_the_same_rows() -> None:
    assert run_study("adversarial", quick=True, seed=5, jobs=2) == run_study(
        "adversarial", quick=True, seed=5
    )


@pytest.mark.parametrize(
    ("loss", "model"), [("logistic", "linear"), ("sum:phi=exponential", "linear:W=1,B=1")]
)
def test_best_risk_brackets_the_optimum_of_a_large_rule(loss: str, model: str) -> None:
    g = GaussianMixture([0.4, 0.6], [[0.0, 0.0], [1.0, 0.5]], [[1.0, 0.2], [0.2, 1.0]])
    best = best_risk(loss, model, population(g, log2_points=7, repeats=8, seed=1))
    fine = population(g, log2_points=12, repeats=2, seed=2)
    x, p = fine.x.reshape(-1, 2), fine.p.reshape(-1, 2)
    weights = np.tile(fine.weights, 2) / 2
    reference = train(loss, model, x, p, sample_weights=weights, tolerance=1e-7).objective[0]
    assert best.low < reference < best.high
    assert best.high - best.low < 0.03 * reference
    assert abs(float(best.estimate) - reference) <= best.estimate.error


def test_an_interrupted_study_resumes_with_the_same_result(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "checkpoint.jsonl"
    few = plan.cells(True)[:5]
    replaced(monkeypatch, cells=lambda quick: few)
    cells = study("bounds").cells(True)

    class StopError(Exception):
        pass

    def stop(done: int, total: int, cell: object) -> None:
        if done == 2:
            raise StopError

    with pytest.raises(StopError):
        run_study("bounds", quick=True, seed=3, checkpoint=file, progress=stop)
    with file.open("a") as broken:  # a write that was cut short
        broken.write('{"cell": 2, "rows": [{"cel')
    fresh: list[int] = []
    rows = run_study(
        "bounds",
        quick=True,
        seed=3,
        checkpoint=file,
        progress=lambda done, total, cell: fresh.append(done),
    )
    assert fresh == list(range(3, len(cells) + 1))
    assert rows == run_study("bounds", quick=True, seed=3)
    assert run_study("bounds", quick=True, seed=3, checkpoint=file) == rows  # all read back


def test_a_checkpoint_of_another_run_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "checkpoint.jsonl"
    run_study("bounds", quick=True, seed=3, only=0, checkpoint=file)
    with pytest.raises(InvalidInputError, match="same study, seed"):
        run_study("bounds", quick=True, seed=4, only=0, checkpoint=file)


@pytest.mark.parametrize(
    ("options", "rule"),
    [
        ({"seed": -1}, "seed must be"),
        ({"only": 99}, "the cell must be 0"),
        ({"device": "cuda"}, "torch must be|CUDA device must be"),
    ],
)
def test_bad_options_are_refused_before_work(options: dict[str, Any], rule: str) -> None:
    with pytest.raises(InvalidInputError, match=rule):
        run_study("bounds", quick=True, **options)


def test_every_study_in_the_table_exists() -> None:
    for name in STUDIES:
        cells = study(name).cells(True)
        assert cells
        assert json.loads(json.dumps(cells)) == cells
    with pytest.raises(UnknownNameError, match="did you mean 'bounds'"):
        study("bound")


def test_command_writes_table_figure_and_report(tmp_path: Path) -> None:
    result = CliRunner().invoke(
        app, ["simulate", "bounds", "--quick", "--cell", "4", "-o", str(tmp_path / "out")]
    )
    assert result.exit_code == 0, result.output
    assert "bounds: holds" in result.output
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == [
        "bounds.csv",
        "bounds.json",
        "bounds.svg",
    ]
    with (tmp_path / "out" / "bounds.csv").open() as file:
        table = list(csv.DictReader(file))
    assert len(table) == json.loads((tmp_path / "out" / "bounds.json").read_text())["rows"] == 120


def test_a_violation_is_told_with_what_reproduces_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    honest = judgement.verdict
    replaced(monkeypatch, verdict=lambda rows: honest(rows, 0.7))
    result = CliRunner().invoke(
        app, ["simulate", "bounds", "--quick", "--cell", "4", "--seed", "2", "-o", str(tmp_path)]
    )
    assert result.exit_code == 1
    report = json.loads((tmp_path / "bounds.json").read_text())
    assert report["status"] == "violated"
    violation = report["violations"][0]
    assert violation["reproduce"] == "hconsist simulate bounds --quick --seed 2 --cell 4 -o cell-4"
    again = CliRunner().invoke(
        app, [*violation["reproduce"].split()[1:-1], str(tmp_path / "again")]
    )
    assert again.exit_code == 1
    assert (
        json.loads((tmp_path / "again" / "bounds.json").read_text())["violations"]
        == report["violations"]
    )


def test_the_command_lists_its_studies_without_running_any() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "hconsist", "simulate", "--list"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert "bounds" in done.stdout


@pytest.mark.slow
def test_ten_thousand_pairs_hold_and_a_planted_bound_is_caught_for_every_loss() -> None:
    rows = run_study("bounds", seed=0)
    pairs = [row for row in rows if row["standing"] != "none"]
    assert len(pairs) >= 10_000
    assert sum(row["standing"] in ("proven", "certified") for row in pairs) >= 10_000
    found = judgement.verdict(rows)
    assert found.status == "holds", found.violations[:3]
    assert not any(row["kind"] == "unanswered" for row in rows)
    seen = {parse_loss(row["loss"]).spec for row in rows}
    assert all(
        any(parse_loss(spec).spec in seen for spec in plan.PARAMETERS.get(name, (name,)))
        for name in CATALOGUE
    )
    planted = judgement.verdict(rows, judgement.PLANTED)
    assert planted.status == "violated"
    assert {v["loss"] for v in planted.violations} == {row["loss"] for row in pairs}
    assert {row["kind"] for row in rows} >= {"counterexample", "unbounded", "mixture"}
    table = judgement.power(pairs)
    assert table["chosen mixture"][2] >= 12  # of 16, at 0.9: trained, and near the curve
    assert table["mixture"][3] <= table["mixture"][0] / 2  # at 0.7: an ordinary mixture is not


def test_nothing_compared_is_not_a_success() -> None:
    cell = {"kind": "finite", "loss": "z-loss", "n": 5, "hypotheses": "complete", "pairs": 40}
    rows = experiment.run(cell, np.random.default_rng(0), Backend())
    assert [row["kind"] for row in rows] == ["unanswered"]
    verdict = judgement.verdict(rows)
    assert verdict.status == "undecided"
    assert "z-loss" in verdict.summary[-1]


@pytest.mark.parametrize("spec", ["hinge", "rho-margin"])
def test_binary_losses_with_kinks_hold_and_a_false_bound_is_caught(spec: str) -> None:
    cell = {"kind": "finite", "loss": spec, "n": 2, "hypotheses": "complete", "pairs": 80}
    rows = experiment.run(cell, np.random.default_rng(1), Backend())
    assert judgement.verdict(rows).status == "holds"
    assert judgement.verdict(rows, 0.9).status == "violated"


def test_netcdf_holds_the_rows_of_the_table(tmp_path: Path) -> None:
    xarray = pytest.importorskip("xarray")
    arguments = [
        "simulate",
        "adversarial",
        "--quick",
        "--seed",
        "3",
        "--format",
        "netcdf",
        "-o",
        str(tmp_path),
    ]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0, result.output
    assert sorted(p.name for p in tmp_path.iterdir()) == [
        f"adversarial.{suffix}" for suffix in ("csv", "json", "nc", "svg")
    ]
    with xarray.open_dataset(tmp_path / "adversarial.nc", engine="scipy") as found:
        rows = run_study("adversarial", quick=True, seed=3)
        assert set(found.data_vars) == set(rows[0])
        for name in rows[0]:
            assert found[name].values.tolist() == [row[name] for row in rows]  # bit for bit
        assert found.attrs["study"] == "adversarial"
        assert found.attrs["seed"] == 3
        assert found.attrs["status"] == "measured"


def test_netcdf_without_xarray_is_refused_before_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    result = CliRunner().invoke(
        app,
        ["simulate", "adversarial", "--quick", "--format", "netcdf", "-o", str(tmp_path / "out")],
    )
    assert result.exit_code == ExitCode.BAD_INPUT
    assert "hconsist[data]" in result.output
    assert not (tmp_path / "out").exists()


def test_every_loss_of_the_catalogue_takes_part() -> None:
    named = {
        cell["loss"].partition(":")[0] for cell in plan.cells(False) if cell["kind"] == "finite"
    }
    assert named == set(CATALOGUE)
    margins = {
        name for name, entry in CATALOGUE.items() if parse_loss(entry.spec).only_classes == 2
    }
    for hypotheses in plan.BOUNDED:
        assert margins <= {
            c["loss"].partition(":")[0]
            for c in plan.cells(False)
            if c.get("hypotheses") == hypotheses
        }


def finite(
    loss: str, n: int, hypotheses: str = "complete", pairs: int = 80
) -> list[dict[str, Any]]:
    cell = {"kind": "finite", "loss": loss, "n": n, "hypotheses": hypotheses, "pairs": pairs}
    return experiment.run(cell, np.random.default_rng(1), Backend())


@pytest.mark.parametrize(
    ("spec", "n"),
    [
        ("nce", 3),
        ("taylor-softmax", 2),
        ("spherical-softmax", 3),
        ("crammer-singer", 3),
        ("ldam", 2),
    ],
)
def test_where_no_bound_exists_data_meet_the_counterexample(spec: str, n: int) -> None:
    (row,) = [row for row in finite(spec, n, pairs=0) if row["kind"] == "counterexample"]
    # evaluated again from its text, against the best of many scores: no excess, and a wrong label
    text = row["distribution"]
    p = np.array(json.loads(text[text.index(" p=") + 3 : text.index(" scores=")]))[0]
    scores = np.array(json.loads(text[text.index(" scores=") + 8 :]))[0]
    loss, random = parse_loss(spec), np.random.default_rng(0)
    others = np.concatenate(
        [random.normal(size=(20_000, n)) * 3, scores + 0.3 * random.normal(size=(2000, n))]
    )
    assert (
        conditional_risk(loss, scores, p)
        <= conditional_risk(loss, others, np.tile(p, (len(others), 1))).min() + 1e-4
    )
    assert p.max() - p[scores == scores.max()].min() == pytest.approx(row["target"])
    assert row["target"] > 0.01
    assert judgement.verdict([row]).status == "holds"
    false = judgement.verdict([{**row, "surrogate": 0.1}])
    assert (false.status, false.violations[0]["status"]) == ("violated", "no counterexample")


def test_a_risk_without_a_lower_bound_is_told_and_its_absence_noticed() -> None:
    (row,) = finite("ldr-inf", 2)
    assert row["kind"] == "unbounded" and row["surrogate"] < -1000
    verdict = judgement.verdict([row])
    assert verdict.status == "holds" and "ldr-inf" in verdict.summary[-1]
    assert judgement.verdict([{**row, "surrogate": 0.0}]).status == "violated"


def test_a_pair_above_an_estimate_is_no_violation() -> None:
    row = next(
        row
        for row in finite("focal", 3, pairs=40)
        if row["kind"] == "witness" and row["surrogate"] > 1e-3
    )
    row["standing"] = "estimate"  # whatever the rigorous engine knows today
    verdict = judgement.verdict([{**row, "bound": 0.9 * row["target"]}])
    assert verdict.status == "undecided"
    assert verdict.violations[0]["status"] == "estimate exceeded"
    certified = {**row, "standing": "certified", "ceiling": 0.95 * row["target"]}
    assert judgement.verdict([certified]).status == "violated"


@pytest.mark.parametrize("hypotheses", plan.BOUNDED)
def test_members_of_bounded_sets_obey_their_norms_and_break_the_bound_of_larger_sets(
    hypotheses: str,
) -> None:
    rows = finite("hinge", 2, hypotheses)
    verdict = judgement.verdict(rows)
    assert verdict.status == "holds"
    assert "caught for 1 of 1" in verdict.summary[3]
    for row in rows[::7]:
        fields = _fields(row["distribution"])
        norms, scores = fields["norms"], fields["scores"]
        inputs = {
            0.0: np.zeros(3),
            **{r: r * np.eye(3)[i] for i, r in enumerate(members.NORMS[1:])},
        }
        x = np.array([inputs[float(r)] for r in norms])
        if hypotheses.startswith("linear"):
            w, b, bias = fields["w"], fields["b"], 0.5 if hypotheses.endswith("1/2") else 1.0
            assert np.linalg.norm(w, axis=1).max() <= 1 + 1e-12 and np.abs(b).max() <= bias + 1e-12
            again = x @ w.T + b
        else:
            u, v, c = fields["u"], fields["v"], fields["c"]
            assert np.abs(u).sum(1).max() <= 2 + 1e-12
            assert np.linalg.norm(v, axis=1).max() <= 1 + 1e-12 and np.abs(c).max() <= 0.5 + 1e-12
            again = np.maximum(x @ v.T + c, 0) @ u.T
        assert again == pytest.approx(scores, abs=1e-12)
        # C*(H, x) of the hinge in closed form: 1 - |2 p - 1| min(1, B(x))
        reach = {
            "linear:W=1,B=1": 1 + norms,
            "linear:W=1,B=1/2": 0.5 + norms,
            "relu:L=2,W=1,B=1/2": 1 + 2 * norms,
        }[hypotheses]
        p, margin = fields["p"], (scores[:, 0] - scores[:, 1]) / 2
        risk = p[:, 0] * np.maximum(0, 1 - margin) + p[:, 1] * np.maximum(0, 1 + margin)
        best = 1 - np.abs(p[:, 0] - p[:, 1]) * np.minimum(1, reach)
        assert row["surrogate"] == pytest.approx(float(fields["weights"] @ (risk - best)), abs=1e-9)
    if (
        hypotheses == "linear:W=1,B=1/2"
    ):  # T(b) = b/2 here, b on the complete set: its bound is false here
        complete = curves.curve_of("hinge", 2)
        assert any(
            row["target"] > 1.5 * float(complete.above(np.array([row["surrogate"]]))[0])
            for row in rows
        )


def _fields(text: str) -> dict[str, Any]:
    names = [
        name
        for name in ("weights", "p", "scores", "norms", "w", "b", "u", "v", "c")
        if f" {name}=" in f" {text}"
    ]
    starts = {name: f" {text}".index(f" {name}=") for name in names}
    ends = [*sorted(starts.values())[1:], len(text) + 1]
    return {
        name: np.array(json.loads(f" {text}"[start + len(name) + 2 : end]))
        for (name, start), end in zip(
            sorted(starts.items(), key=lambda item: item[1]), ends, strict=True
        )
    }


@pytest.mark.parametrize(
    ("spec", "n", "hypotheses"),
    [("mae", 3, "complete"), ("hinge", 2, "bounded:1/2"), ("brier", 2, "complete")],
)
def test_gamma_from_above_is_the_proven_one(spec: str, n: int, hypotheses: str) -> None:
    curve, bound = curves.curve_of(spec, n, hypotheses), derive(spec, n, hypotheses)
    excess = np.array([1e-6, 1e-3, 0.02, 0.11, 0.4, 3.0])
    above = curve.above(excess)
    for e, value in zip(excess, above, strict=True):
        upper = bound.bound(float(e)).upper
        assert upper is not None
        assert (
            float(upper)
            <= value
            <= float(bound.bound(float(e + 2e-9 * (1 + e))).upper) * (1 + 1e-8)
        )  # type: ignore[arg-type]


def test_a_certified_curve_is_proven_and_close_to_its_estimate() -> None:
    derived = derive("focal", n_classes=2)
    lines = dataclasses.replace(derived, derivation=None)  # as if it had no closed form
    by_lines, by_values = curves.BracketedCurve(lines), curves.curve_of("focal", 3)
    for curve, n in ((by_lines, 2), (by_values, 3)):
        assert curve.standing == "certified"
        excess = np.array([0.2, 0.5, 0.8]) * curve.nodes[1][-1]
        above, ceiling = curve.above(excess), curve.ceiling(excess)
        assert np.all(above <= ceiling) and np.all(ceiling <= above + (0.01 if n == 2 else 0.15))
    unproven = copy.copy(by_values)
    unproven.__dict__["_certified"] = None
    assert np.all(unproven.ceiling(excess) == 1.0)


@pytest.mark.parametrize(
    "spec", ["hinge", "sigmoid", "truncated-gce", "hard-truncated", "margin-focal", "dice", "rll"]
)
def test_the_line_search_finds_the_best_margin_of_every_valley(spec: str) -> None:
    loss, random = parse_loss(spec), np.random.default_rng(3)
    p = random.dirichlet(np.ones(2), 150)
    for reach in (None, np.repeat([0.5, 1.0, 2.0], 50)):
        risk, scores = least_conditional_risk(loss, p, reach)
        assert conditional_risk(loss, scores, p) == pytest.approx(risk, abs=1e-12)
        margins = np.linspace(-1, 1, 2001)[:, None] * (40.0 if reach is None else reach)
        other = np.stack([margins, -margins], axis=-1) * np.ones((1, 150, 1))
        with np.errstate(all="ignore"):
            assert np.all(risk <= np.nanmin(conditional_risk(loss, other, p), axis=0) + 1e-12)


@pytest.mark.parametrize(
    "spec", ["spherical", "rll", "hard-truncated", "truncated-gce", "dice", "max:phi=exponential"]
)
def test_the_search_finds_best_risks_of_three_labels(spec: str) -> None:
    loss, random = parse_loss(spec), np.random.default_rng(4)
    p = random.dirichlet(np.ones(3) * 0.7, 60)
    for reach in (None, np.repeat([0.5, 2.0], 30)):
        risk, scores = least_conditional_risk(loss, p, reach)
        assert conditional_risk(loss, scores, p) == pytest.approx(risk, abs=1e-10)
        for scale in (1e-3, 0.1, 1.0, 4.0):
            for _ in range(40):
                other = (scores if scale < 1 else 0) + scale * random.normal(size=p.shape)
                other = other if reach is None else np.clip(other, -reach[:, None], reach[:, None])
                assert np.all(conditional_risk(loss, other, p) >= risk - 1e-10)
    if spec == "spherical":  # proper: C* is its generalised entropy
        assert least_conditional_risk(loss, p)[0] == pytest.approx(
            1 - np.linalg.norm(p, axis=1), abs=1e-10
        )


def test_two_label_transforms_are_the_closed_forms() -> None:
    betas = np.array([0.0, 0.1, 0.37, 0.8, 1.0])
    for spec, reach, exact in (
        ("hinge", 0.5, betas / 2),
        ("sigmoid", None, betas),
        ("ramp", None, betas / 2),
        ("least-squares", None, betas**2),
        ("mae", None, betas / 2),
    ):
        value, p, scores = two_label_transform(parse_loss(spec), betas, reach)
        assert value == pytest.approx(exact, abs=1e-9)
        best, _ = least_conditional_risk(
            parse_loss(spec), p, None if reach is None else np.full(5, reach)
        )
        assert conditional_risk(parse_loss(spec), scores, p) - best == pytest.approx(
            value, abs=1e-12
        )
