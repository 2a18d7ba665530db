"""What an installation contains."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from email.parser import Parser
from pathlib import Path

import hconsist
from hconsist.explore import SCRIPTS

ROOT = Path(__file__).parents[1]
#: What is read at run time and is no Python.
DATA = {"hconsist/explore/page.html", "hconsist/figures/zoo.json"} | {
    f"hconsist/explore/{name}.js" for name in SCRIPTS
}


def test_wheel_ships_the_package_and_nothing_else(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
        (metadata,) = (
            Parser().parsestr(archive.read(n).decode())
            for n in names
            if n.endswith(".dist-info/METADATA")
        )
        (entry,) = (archive.read(n).decode() for n in names if n.endswith("entry_points.txt"))
    assert {
        "hconsist/py.typed",
        "hconsist/plots/hconsist.mplstyle",
        "hconsist/cli/plot.py",
    } | DATA <= names
    assert {name.split("/")[0] for name in names} == {
        "hconsist",
        f"hconsist-{hconsist.__version__}.dist-info",
    }
    assert metadata["Version"] == hconsist.__version__
    assert "hconsist = hconsist.cli:main" in entry
