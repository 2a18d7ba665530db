"""Every example runs, its closing assertions hold, and it keeps the fixed order of parts."""

from __future__ import annotations

import importlib.util
import os
import re
import runpy
import shutil
import subprocess
import sys
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


@pytest.mark.skipif(
    importlib.util.find_spec("sphinx_gallery") is None, reason="needs the extra 'docs'"
)
@pytest.mark.parametrize(
    "scripts",
    [
        pytest.param(EXAMPLES[2:3], id="one"),
        pytest.param(EXAMPLES, id="all", marks=pytest.mark.slow),
    ],
)
def test_notebooks_of_the_gallery_run(scripts: list[Path], tmp_path: Path) -> None:
    for script in scripts:
        shutil.copy(script, tmp_path)
    convert = (
        "import sys; from sphinx_gallery.notebook import python_to_jupyter_cli as convert; "
        "convert(sys.argv[1:])"
    )
    subprocess.run(
        [sys.executable, "-c", convert, *(s.name for s in scripts)],
        cwd=tmp_path,
        check=True,
        capture_output=True,
    )
    assert len(list(tmp_path.glob("*.ipynb"))) == len(scripts)
    paths = os.pathsep.join([str(Path(__file__).parents[1]), os.environ.get("PYTHONPATH", "")])
    command = [sys.executable, "-m", "pytest", "--nbmake", "-q", "-c", os.devnull, str(tmp_path)]
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": paths},
    )
    assert done.returncode == 0, done.stdout
    assert f"{len(scripts)} passed" in done.stdout


def test_there_are_a_dozen() -> None:
    assert len(EXAMPLES) >= 12
