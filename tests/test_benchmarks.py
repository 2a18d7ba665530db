"""Two runs of the benchmarks are compared as ratios, each in the unit of its own machine."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from benchmarks.__main__ import COMMANDS, cases, compare, main
from benchmarks.facts import first_answer
from hconsist.studies.bounds.table import row_of


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
    page.write_text("a\n<!-- bounds: begin -->\nstale\n<!-- bounds: end -->\nb\n")
    assert main(["bounds", str(folder), "--page", str(page)]) == 2  # not run yet
    assert "stale" in page.read_text()
    numbers = {"target": 0.5, "surrogate": 0.25, "bound": 0.625, "ceiling": 0.625}
    rows = [
        {**row_of(kind, loss, 3, sets, **numbers), "standing": standing}
        for kind, loss, sets, standing in (
            ("witness", "mae", "complete", "proven"),
            ("random", "mae", "complete", "proven"),
            ("witness", "focal", "linear:W=1,B=1", "estimate"),
            ("mixture", "mae", "complete", "proven"),
            ("unbounded", "ldr-inf", "complete", "none"),
        )
    ]
    folder.mkdir()
    with (folder / "bounds.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, ["cell", *rows[0], "unconverged"])
        writer.writeheader()
        writer.writerows({"cell": i, **row, "unconverged": 0} for i, row in enumerate(rows))
    report = {"seed": 3, "status": "holds", "violations": [], "unconverged": 0}
    (folder / "bounds.json").write_text(json.dumps(report))
    for _ in range(2):  # the second run finds its marks again
        assert main(["bounds", str(folder), "--page", str(page)]) == 0
    text = page.read_text()
    assert "stale" not in text and text.startswith("a\n") and text.endswith("\nb\n")
    assert (
        "With seed 3, `hconsist simulate bounds -o DIR` compares 4 pairs of 2 losses in 5" in text
    )
    assert "3 on finite distributions, 1 trained, 1 of all on bounded sets" in text
    assert "| proven | 3 | 1 losses" in text and "| estimate | 1 | `focal` (3b) |" in text
    assert "| - | `ldr-inf` (3) |" in text
    # 0.5 is 0.8 of the bound: above it where that is planted at 0.7 and 0.5
    assert "| witnesses of T | 2 | 0 | 0 | 2 | 2 |" in text and "a median of 0.80" in text
    own = Path(__file__).parents[1] / "docs" / "simulation.md"
    assert own.read_text().count("<!-- bounds: begin -->") == 1
