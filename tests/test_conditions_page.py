"""The page of conditions is written from the sources and the record of mutants."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from hconsist.consistency.rules import RULES

EXTENSION = Path(__file__).parents[1] / "docs" / "_ext"


@pytest.fixture
def page(monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.syspath_prepend(str(EXTENSION))
    import conditions_page

    return conditions_page.text(lambda text: " ".join(text.split()).replace("|", "\\|"))


def test_every_rule_says_what_it_asks_for(page: str) -> None:
    for rule in RULES:
        assert f"| {rule.name} | " in page


def test_what_modules_ask_for_is_on_the_page(page: str) -> None:
    rows = {
        cells[0].strip(" `"): cells
        for line in page.splitlines()
        if line.startswith("| `") and len(cells := line.strip("|").split(" | ")) >= 5
    }
    assert "convex" in rows["consistency/rules/margins.py"][2]
    assert "bounded below" in rows["consistency/rules/margins.py"][2]
    assert rows["engines/rigorous/methods/concave.py"][2].strip() == (
        "concave, continuous at 0, non-increasing"
    )


def test_tests_of_the_record_exist(page: str) -> None:
    sys.path.insert(0, str(EXTENSION))
    import conditions_page

    sys.path.remove(str(EXTENSION))
    root = EXTENSION.parents[1]
    for row in conditions_page.record().values():
        if row["outcome"] == "killed":
            file, _, test = row["by"].removeprefix("does not end: ").partition("::")
            source = (root / file).read_text(encoding="utf-8")
            assert f"def {test.partition('[')[0]}(" in source, row["by"]
