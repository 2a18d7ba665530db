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


def test_one_name_loads_one_module_and_changes_no_list(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "toolbox"
    package.mkdir()
    (package / "__init__.py").write_text(
        "from hconsist.registry import Registry\nTOOLS = Registry('tool', package='toolbox')\n"
    )
    for name in ("axe", "rake", "saw"):
        (package / f"{name}_.py").write_text(
            f"from toolbox import TOOLS\n@TOOLS.register({name!r})\nclass {name.title()}:\n  'x'\n"
        )
    (package / "said.py").write_text("# of 'saw' and class Saw\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    modules = ["toolbox", *(f"toolbox.{name}" for name in ("axe_", "rake_", "said", "saw_"))]
    try:
        import toolbox  # type: ignore[import-not-found]

        assert toolbox.TOOLS["saw"].name == "saw"
        assert {m for m in modules if m in sys.modules} == {"toolbox", "toolbox.saw_"}
        assert toolbox.TOOLS.by_name_in_code("Rake").__name__ == "Rake"
        assert "toolbox.axe_" not in sys.modules
        assert list(toolbox.TOOLS) == ["axe", "rake", "saw"]
        assert toolbox.TOOLS.by_name_in_code("Spade") is None
    finally:
        for name in modules:
            sys.modules.pop(name, None)


def test_another_package_adds_through_an_entry_point(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tools: Registry[str] = Registry("tool", group="hconsist.tools")
    assert list(tools) == []
    (tmp_path / "theirs.py").write_text(
        "import hconsist.registry as r\nr.given.add('spade', 'spade')\n"
    )
    installed = tmp_path / "theirs-1.0.dist-info"
    installed.mkdir()
    (installed / "METADATA").write_text("Name: theirs\nVersion: 1.0\n")
    (installed / "entry_points.txt").write_text(
        "[console_scripts]\na = b:c\n\n[hconsist.tools]\ntheirs = theirs\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    tools = Registry("tool", group="hconsist.tools")
    monkeypatch.setattr(registry, "given", tools, raising=False)
    try:
        assert list(tools) == ["spade"]
        assert list(Registry("tool", group="hconsist.too")) == []
    finally:
        sys.modules.pop("theirs", None)


@pytest.mark.parametrize("where", ["an archive", "a finder of its own"])
def test_what_cannot_be_looked_through_is_asked(
    where: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def points(group: str) -> list[metadata.EntryPoint]:
        asked.append(group)
        return []

    class Finder:
        def find_distributions(self) -> None: ...

    monkeypatch.setattr(metadata, "entry_points", points)
    list(Registry("tool", group="hconsist.nobody"))
    assert asked == []
    if where == "an archive":
        (tmp_path / "theirs.zip").write_bytes(b"")
        monkeypatch.setattr(sys, "path", [*sys.path, str(tmp_path / "theirs.zip")])
    else:
        monkeypatch.setattr(sys, "meta_path", [*sys.meta_path, Finder])
    list(Registry("tool", group="hconsist.nobody"))
    assert asked == ["hconsist.nobody"]


def test_an_entry_point_that_fails_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    tools: Registry[str] = Registry("tool", group="hconsist.tools")
    point = metadata.EntryPoint("theirs", "not.a.module:x", "hconsist.tools")
    monkeypatch.setattr(registry, "_entry_points", lambda group: (point,))
    for _ in range(2):  # and not only the first time
        with pytest.raises(HconsistError, match="'theirs'"):
            list(tools)
