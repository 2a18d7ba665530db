"""The pictures in the repository show the code as it is."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest

FIGURES = Path(__file__).parents[1] / "figures"


def test_house_shows_the_layers_of_the_contract() -> None:
    house = runpy.run_path(str(FIGURES / "house.py"))
    drawn = (FIGURES / "house.svg").read_text(encoding="utf-8")
    if drawn != house["picture"]():
        pytest.fail("a module came or went: run python figures/house.py")
    modules = {
        p.stem
        for p in (FIGURES.parent / "hconsist").iterdir()
        if p.suffix == ".py" or (p / "__init__.py").exists()
    }
    assert (
        {name for row in house["layers"]() for name in row}
        == modules - {"__init__", "__main__"}
        == set(house["CAPTIONS"])
    )
