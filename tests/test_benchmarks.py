"""Two runs of the benchmarks are compared as ratios, each in the unit of its own machine."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from benchmarks.__main__ import COMMANDS, cases, compare, main
from benchmarks.facts import first_answer
from hconsist.cli.app import app


def test_a_machine_twice_as_slow_changes_no_ratio(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    old = {"seconds": {"a": 1.0, "b": 4.0, "gone": 1.0}, "unit": {"a": 0.5, "b": 0.5, "gone": 1}}
    new = {"seconds": {"a": 2.0, "b": 4.0}, "unit": {"a": 1.0, "b": 1.0}}
    assert compare(old, new) == [("a", 1.0), ("b", 0.5)]
    for name, run in (("old", old), ("new", new)):
        (tmp_path / name).write_text(json.dumps(run))
    assert main(["compare", str(tmp_path / "old"), str(tmp_path / "new")]) == 0
    assert "0.50 x" in capsys.readouterr().out
    assert main([]) == 2


def test_every_case_but_the_commands_runs() -> None:
    for name, work in cases().items():
        if name not in COMMANDS:
            work()


def test_the_time_of_provers_is_told_apart(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["facts", "mae", "hinge"]) == 0
    shown = capsys.readouterr().out
    assert "of 2 losses" in shown and "rigorous" in shown
    spent, whole = first_answer("margin:exp(-v)+exp(-2*v)", "numeric")
    assert 0 < spent <= whole


def test_the_tables_of_the_bounds_are_made_from_the_folder_of_the_study(tmp_path: Path) -> None:
    folder, page = tmp_path / "study", tmp_path / "page.md"
    page.write_text("a\n<!-- bounds: begin -->\nold\n<!-- bounds: end -->\nb\n")
    assert main(["bounds", str(folder), "--page", str(page)]) == 2  # not run yet
    assert "old" in page.read_text()
    words = ["simulate", "bounds", "--quick", "--where", "kind=finite", "--where", "n=3"]
    told = CliRunner().invoke(app, [*words, "--where", "loss=mae", "-o", str(folder)])
    assert told.exit_code == 0, told.output
    for _ in range(2):  # the second run finds its marks again
        assert main(["bounds", str(folder), "--page", str(page)]) == 0
    text = page.read_text()
    assert "old" not in text and text.startswith("a\n") and text.endswith("\nb\n")
    assert "compares 120 pairs of 1 losses in 1 cells: 120 on finite" in text
    assert "| proven | 120 | 1 losses" in text and "*holds*, 0 violations" in text
    assert "| witnesses of T | 1 | 1 | 1 | 1 | 1 |" in text
    own = Path(__file__).parents[1] / "docs" / "simulation.md"
    assert own.read_text().count("<!-- bounds: begin -->") == 1
