"""Registries: one list of a kind, filled by its entries, open to other packages."""

from __future__ import annotations

import sys
from importlib import metadata
from pathlib import Path

import pytest

from hconsist import registry
from hconsist.errors import HconsistError, UnknownNameError
from hconsist.registry import Registry


def test_entries_keep_their_order_and_their_first_paragraph() -> None:
    tools: Registry[object] = Registry("tool")

    @tools.register("saw", source="a shed")
    class Saw:
        """Cuts wood.

        Slowly.
        """

    tools.add("axe", 2, summary="splits")
    assert list(tools) == ["saw", "axe"]
    assert tools["saw"].summary == "Cuts wood"
    assert tools["saw"].source == "a shed"
    assert tools["saw"].value is Saw


def test_a_name_is_taken_once() -> None:
    tools: Registry[int] = Registry("tool")
    tools.add("saw", 1)
    tools.add("saw", 1)  # a module that is imported again changes nothing
    with pytest.raises(HconsistError, match="two entries are called 'saw'"):
        tools.add("saw", 2)


def test_an_unknown_name_suggests_the_nearest() -> None:
    tools: Registry[int] = Registry("tool")
    tools.add("hammer", 1)
    with pytest.raises(UnknownNameError, match="did you mean 'hammer'"):
        tools["hamer"]
    assert tools.get("hamer") is None
    assert "hamer" not in tools


def test_a_package_is_searched_when_first_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "toolshed"
    package.mkdir()
    (package / "__init__.py").write_text(
        "from hconsist.registry import Registry\nTOOLS = Registry('tool', package='toolshed')\n"
    )
    (package / "rake.py").write_text("from toolshed import TOOLS\nTOOLS.add('rake', 3)\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    try:
        import toolshed  # type: ignore[import-not-found]

        assert "toolshed.rake" not in sys.modules
        assert list(toolshed.TOOLS) == ["rake"]
    finally:
        for name in ("toolshed", "toolshed.rake"):
            sys.modules.pop(name, None)


def test_another_package_adds_through_an_entry_point(monkeypatch: pytest.MonkeyPatch) -> None:
    tools: Registry[str] = Registry("tool", group="hconsist.tools")

    class Point:
        name, group, value = "theirs", "hconsist.tools", "theirs:spade"

        def load(self) -> None:
            tools.add("spade", "spade")

    def points(group: str) -> list[Point]:
        return [Point()] if group == "hconsist.tools" else []

    monkeypatch.setattr(metadata, "entry_points", points)
    assert list(tools) == ["spade"]


def test_an_entry_point_that_fails_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    tools: Registry[str] = Registry("tool", group="hconsist.tools")
    point = metadata.EntryPoint("theirs", "not.a.module:x", "hconsist.tools")
    monkeypatch.setattr(registry, "_entry_points", lambda group: (point,))
    for _ in range(2):  # and not only the first time
        with pytest.raises(HconsistError, match="'theirs'"):
            list(tools)
