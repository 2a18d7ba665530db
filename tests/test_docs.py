"""The documentation is true, its links lead somewhere, and the site builds offline without a
warning.
"""

from __future__ import annotations

import doctest
import importlib.util
import os
import re
import shlex
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from hconsist.cli import main

DOCS = Path(__file__).parents[1] / "docs"
PAGES = sorted(DOCS.glob("*.md"))
#: Pages for one reader, whose blocks run in their order: Python, files and commands.
TUTORIALS = sorted(DOCS.glob("tutorial_*.md"))


@pytest.mark.parametrize("page", TUTORIALS, ids=lambda path: path.stem)
@pytest.mark.parametrize("commands", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_tutorials_run_from_top_to_bottom(
    page: Path,
    commands: bool,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    known: dict[str, object] = {}
    found = re.findall(r"^```(\w+)\n(.*?)^```$", page.read_text(encoding="utf-8"), re.M | re.S)
    assert {"python", "sh"} <= {language for language, _ in found}
    for language, block in found:
        if language == "python":
            test = doctest.DocTestParser().get_doctest(block, known, page.name, page.name, 0)
            failures: list[str] = []
            runner = doctest.DocTestRunner(verbose=False)
            assert runner.run(test, out=failures.append, clear_globs=False).failed == 0, failures
            known = test.globs
        elif language == "toml":
            (tmp_path / "draft.toml").write_text(block, encoding="utf-8")
        elif language == "sh" and commands:
            for line in block.splitlines():
                words, _, comment = line.partition("  #")
                command, _, file = words.partition(" > ")
                with pytest.raises(SystemExit) as left:
                    main(shlex.split(command)[1:])
                assert (left.value.code or 0) == ("exits 1" in comment), line
                if file:
                    (tmp_path / file.strip()).write_text(capsys.readouterr().out, encoding="utf-8")
    assert not commands or len(list(tmp_path.iterdir())) > 1


@pytest.mark.parametrize("page", sorted({*PAGES} - {*TUTORIALS}), ids=lambda path: path.stem)
def test_python_blocks_are_true(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    blocks = "\n".join(re.findall(r"^```python\n(.*?)^```$", text, flags=re.MULTILINE | re.DOTALL))
    test = doctest.DocTestParser().get_doctest(blocks, {}, page.name, page.name, 0)
    assert doctest.DocTestRunner(verbose=False).run(test).failed == 0
    assert test.examples or page.stem != "tutorial"


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.stem)
def test_links_of_the_sources_lead_somewhere(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    targets = re.findall(r"\]\((?!https?:)([^)#\s]+)\)", text) + re.findall(
        r"^```\{image\} (\S+)$", text, flags=re.MULTILINE
    )
    for target in targets:
        assert (page.parent / target).exists(), f"{page.name} points to {target}"
    assert targets or page.stem not in ("tutorial", "contributing", "index")


class References(HTMLParser):
    """What a page loads, what it links to, and the places in it."""

    def __init__(self) -> None:
        super().__init__()
        self.loaded: list[str] = []
        self.links: list[str] = []
        self.places: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if place := given.get("id") or given.get("name"):
            self.places.add(place)
        if tag in ("img", "script", "iframe") and given.get("src"):
            self.loaded.append(str(given["src"]))
        if tag == "link" and given.get("rel") in ("stylesheet", "icon"):
            self.loaded.append(str(given["href"]))
        if tag == "a" and given.get("href"):
            self.links.append(str(given["href"]))


def read(page: Path) -> References:
    found = References()
    found.feed(page.read_text(encoding="utf-8"))
    return found


@pytest.mark.skipif(
    importlib.util.find_spec("sphinx_gallery") is None, reason="needs the extra 'docs'"
)
def test_site_builds_without_warnings_and_links_only_to_itself(tmp_path: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "sphinx",
        "-j",
        "auto",
        "-W",
        "--keep-going",
        "-q",
        "-D",
        "plot_gallery=0",
        "-D",
        "toc_object_entries=0",  # a quarter of the time, for the list at the side of each page
        str(DOCS),
        str(tmp_path),
    ]
    offline = {"http_proxy": "http://127.0.0.1:9", "https_proxy": "http://127.0.0.1:9"}
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, env={**os.environ, **offline}
    )
    assert done.returncode == 0, done.stderr
    pages = {path: read(path) for path in tmp_path.rglob("*.html")}
    assert len(pages) > 30
    for page, found in pages.items():
        assert not [url for url in found.loaded if urlsplit(url).netloc], (
            "a page loads something from the network"
        )
        for url in [*found.loaded, *found.links]:
            parts = urlsplit(url)
            if parts.scheme or parts.netloc:
                continue
            target = (page.parent / unquote(parts.path)).resolve() if parts.path else page
            assert target.exists(), f"{page.name} points to {url}"
            if parts.fragment and target.suffix == ".html" and target in pages:
                assert unquote(parts.fragment) in pages[target].places, (
                    f"{page.name} points to {url}"
                )
