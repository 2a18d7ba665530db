"""Every example runs, its closing assertions hold, and it keeps the fixed order of parts."""

from __future__ import annotations

import re
import runpy
from pathlib import Path

import matplotlib
import matplotlib.pyplot as plt
import pytest

EXAMPLES = sorted((Path(__file__).parents[1] / "examples").glob("*.py"))
PARTS = ["Derivation", "Witness", "Picture", "Reference"]


@pytest.fixture(autouse=True)
def off_screen(monkeypatch: pytest.MonkeyPatch) -> object:
    matplotlib.use("agg")
    monkeypatch.setattr(plt, "show", lambda: None)
    plt.close("all")
    yield
    plt.close("all")


@pytest.mark.parametrize("script", EXAMPLES, ids=lambda path: path.stem)
def test_runs(script: Path) -> None:
    runpy.run_path(str(script), run_name="__main__")
    assert plt.get_fignums(), "an example shows a picture"


@pytest.mark.parametrize("script", EXAMPLES, ids=lambda path: path.stem)
def test_has_the_parts_in_order_and_ends_with_assertions(script: Path) -> None:
    text = script.read_text(encoding="utf-8")
    assert re.findall(r"^# (\w+)\n# -+$", text, flags=re.MULTILINE) == PARTS
    opening = text.split('"""')[1]
    assert opening.index("**Problem.**") < opening.index("**Guarantee.**")
    assert "assert " in text.split("# Reference\n")[1]


def test_there_are_a_dozen() -> None:
    assert len(EXAMPLES) >= 12
