"""Two runs of the benchmarks are compared as ratios, each in the unit of its own machine."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks.__main__ import COMMANDS, cases, compare, main
from benchmarks.facts import first_answer


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
