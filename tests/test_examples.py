"""Every example runs as a newcomer would run it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = sorted((Path(__file__).parents[1] / "examples").glob("*.py"))


@pytest.mark.parametrize("script", EXAMPLES, ids=lambda path: path.stem)
def test_runs(script: Path, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, str(script), "picture.svg"], cwd=tmp_path, capture_output=True, text=True, check=False, timeout=300
    )
    assert done.returncode == 0, done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["picture.svg"]
    assert done.stdout.endswith("wrote picture.svg\n")


def test_the_gain_over_the_published_gce_bound_is_the_claimed_one(capsys: pytest.CaptureFixture[str]) -> None:
    sys.path.insert(0, str(EXAMPLES[0].parent))
    try:
        import gce_is_better_than_published as example
    finally:
        sys.path.pop(0)
    assert example.main() == pytest.approx([1.0, 5**0.5, 50**0.5], rel=1e-12)
    assert "0.166" in capsys.readouterr().out
