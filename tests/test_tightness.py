"""Verdicts on published transformations: tight, loose by a known factor, and a false one that must
be caught.
"""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from click.testing import CliRunner

from hconsist.cli.app import app
from hconsist.errors import InvalidInputError
from hconsist.plots import tightness_curves
from hconsist.pointwise import PointwiseProblem
from hconsist.theorems import published
from hconsist.tightness import tightness


@pytest.mark.parametrize(
    ("spec", "n"),
    [("logistic", 3), ("logistic", 10), ("sum-exp", 4), ("comp-sum:tau=0.5", 3), ("mae", 2)],
)
def test_tight_results_are_found_tight(spec: str, n: int) -> None:
    assert tightness(PointwiseProblem(spec, n_classes=n)).verdict == "tight"


@pytest.mark.parametrize(("spec", "n"), [("comp-sum:tau=1.3", 4), ("comp-sum:tau=1.5", 10)])
def test_generalized_cross_entropy_is_loose_by_the_known_power(spec: str, n: int) -> None:
    # up to tau = 3/2 the exact T is the two-class formula, (n/2)^(tau-1) times the published one
    report = tightness(PointwiseProblem(spec, n_classes=n))
    tau = float(report.problem.surrogate.tau)  # type: ignore[attr-defined]
    (comparison,) = report.comparisons
    assert comparison.verdict == "loose"
    assert comparison.ratios == pytest.approx([(n / 2) ** (tau - 1)] * len(report.betas), rel=1e-9)


def test_mae_with_many_classes_gets_a_better_bound() -> None:
    report = tightness(PointwiseProblem("mae", n_classes=100))
    assert report.comparisons[0].factor == pytest.approx(50.0)
    for row in report.improvements:
        assert row.published == pytest.approx(min(1.0, 100 * row.excess))
        assert row.exact <= row.published + 1e-12
    # T(1/k) = 1/(k(k+1)) lie on the envelope, so Gamma is about sqrt(u)
    assert report.envelope.inverse(1 / (20 * 21)) == pytest.approx(1 / 20, rel=1e-6)


def test_a_false_transformation_is_refuted_by_the_witness() -> None:
    problem = PointwiseProblem("logistic", n_classes=3)
    (theorem,) = published(problem)
    formula = theorem.formula
    assert formula is not None
    false = replace(theorem, formula=lambda p: formula(p) * 1.00001)
    report = tightness(problem, theorems=[false])
    assert report.verdict == "invalid"
    (comparison,) = report.comparisons
    assert comparison.factor == pytest.approx(1 / 1.00001, rel=1e-9)
    worst = report.answers[-2]
    assert worst.witness is not None and worst.witness.regret < comparison.values[-2]


def test_noise_is_neither_looseness_nor_a_violation() -> None:
    problem = PointwiseProblem("logistic", n_classes=3)
    (theorem,) = published(problem)
    formula = theorem.formula
    assert formula is not None
    for factor in (1 + 1e-9, 1 - 1e-9):
        shaken = replace(theorem, formula=lambda p, f=factor: formula(p) * f)
        assert tightness(problem, theorems=[shaken]).verdict == "tight"


def test_input_is_checked() -> None:
    with pytest.raises(InvalidInputError):
        tightness(PointwiseProblem("logistic", n_classes=3), [])
    with pytest.raises(InvalidInputError, match="beta"):
        tightness(PointwiseProblem("logistic", n_classes=3), [2])


def test_command_prints_a_table_and_json() -> None:
    runner = CliRunner()
    result = runner.invoke(app, ["tightness", "mae", "--classes", "10", "--beta", "1/2"])
    assert result.exit_code == 0, result.output
    assert "loose by a factor of" in result.stdout and "GAMMA EXACT" in result.stdout
    result = runner.invoke(
        app, ["tightness", "logistic", "--classes", "3", "--beta", "1/2", "--json"]
    )
    data = json.loads(result.stdout)
    assert data["verdict"] == "tight" and data["rows"][0]["witness"]["predicted"] == [1]
    assert runner.invoke(app, ["tightness", "mae", "--beta", "3"]).exit_code == 2


def test_figure_shows_both_curves_and_the_witnesses() -> None:
    report = tightness(PointwiseProblem("gce:q=0.7", n_classes=5))
    ax = tightness_curves(report, witnesses=3)
    insets = ax.child_axes
    assert len(insets) == 3
    exact, paper = (
        ax.lines[0],
        next(line for line in ax.lines if str(line.get_label()).startswith("published")),
    )
    assert np.all(np.asarray(exact.get_ydata()) >= np.asarray(paper.get_ydata()) - 1e-12)
    heights = [bar.get_height() for bar in insets[0].patches]
    witness = report.answers[0].witness
    assert witness is not None
    assert sum(heights) == pytest.approx(sum(sorted(map(float, witness.p))[-len(heights) :]))
