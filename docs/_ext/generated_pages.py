"""Pages written from the package itself: the API, the catalogue of losses, the catalogue of
statements.
"""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import pkgutil
import sys
import types
from pathlib import Path
from typing import Any

import conditions_page
from docutils import nodes
from docutils.parsers.rst import Directive

import hconsist
from hconsist.explore import page

DOCS = Path(__file__).parents[1]


def write(path: Path, text: str) -> None:
    """Write a page if it has changed, so that an incremental build stays small."""
    path.parent.mkdir(exist_ok=True)
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        path.write_text(text, encoding="utf-8")


#: Modules of an extra, shown where its library is installed.
EXTRAS = {"hconsist.torch": "torch", "hconsist.sklearn": "sklearn"}


def modules() -> list[str]:
    """Every module of the package but the command line, whose help is its reference, and but
    those whose extra is not installed.
    """
    found = ["hconsist"]
    for info in pkgutil.walk_packages(hconsist.__path__, "hconsist."):
        extra = EXTRAS.get(info.name)
        if extra is not None and importlib.util.find_spec(extra) is None:
            continue
        if "__main__" not in info.name and not info.name.startswith("hconsist.cli"):
            found.append(info.name)
    return sorted(found)


def api_pages() -> None:
    """One page for each top-level module with its submodules."""
    names = modules()
    tops = [name for name in names if name.count(".") == 1]
    rows = []
    for top in tops:
        text = [top, "=" * len(top), "", f".. automodule:: {top}", ""]
        for name in names:
            if name.startswith(f"{top}."):
                parent, _, last = name.rpartition(".")
                shared = hasattr(importlib.import_module(parent), last) and not inspect.ismodule(
                    getattr(sys.modules[parent], last)
                )
                text += [
                    name,
                    "-" * len(name),
                    "",
                    f".. automodule:: {name}",
                    *(["   :no-index:"] if shared else []),
                    "",
                ]
        write(DOCS / "api" / f"{top.removeprefix('hconsist.')}.rst", "\n".join(text))
        summary = (importlib.import_module(top).__doc__ or "").strip().splitlines()[0]
        rows.append(f"* :doc:`{top} <{top.removeprefix('hconsist.')}>`: {summary}")
    toctree = [
        ".. toctree::",
        "   :hidden:",
        "",
        *(f"   {top.removeprefix('hconsist.')}" for top in tops),
        "",
    ]
    head = [
        "API",
        "===",
        "",
        "Everything public, module by module; ``import hconsist as hc`` gives the names used most.",
        "",
    ]
    write(DOCS / "api" / "index.rst", "\n".join([*head, *rows, "", *toctree]))


def losses_page() -> None:
    """The catalogue of losses as a table."""
    from hconsist.losses import CATALOGUE

    lines = [
        "# Losses",
        "",
        "A spec string is a name, or a name with parameters: `gce:q=0.7`. Shown are the defaults.",
        "",
    ]
    lines += ["| Spec | Loss | Source |", "|---|---|---|"]
    for entry in CATALOGUE.values():
        parameters = ",".join(
            v if k == "formula" else f"{k}={v}" for k, v in entry.parameters.items()
        )
        spec = entry.name + (f":{parameters}" if parameters else "")
        lines.append(f"| `{spec}` | {_plain(entry.summary)} | {_plain(entry.source)} |")
    write(DOCS / "catalogue" / "losses.md", "\n".join([*lines, ""]))


def methods_page() -> None:
    """Every method of every engine, in the order in which they are tried."""
    from hconsist.engines import ENGINES
    from hconsist.engines.methods import methods

    lines = [
        "# Methods",
        "",
        "An engine tries its methods in this order. Each says what it needs and why it does not "
        "apply; `hconsist methods SPEC` prints the answers for one problem. T\\*\\* stands for "
        "supporting lines of T, by which Gamma is enclosed.",
        "",
    ]
    for engine in ENGINES:
        lines += [f"## {engine}", "", "| Method | For | Answers | Rests on |", "|---|---|---|---|"]
        for method in [*methods(engine), *methods(engine, "T**")]:
            lemmas = "; ".join(method.lemmas)
            cells = (method.name, method.asked, method.summary, lemmas)
            lines.append("| " + " | ".join(_plain(cell) for cell in cells) + " |")
        lines.append("")
    write(DOCS / "catalogue" / "methods.md", "\n".join(lines))


def statements_page() -> None:
    """The catalogue of statements, paper by paper."""
    from hconsist.theorems import catalogue

    lines = [
        "# Statements",
        "",
        "What papers claim, and what became of it; {doc}`/catalogue` says what the words mean.",
        "",
    ]
    papers: dict[str, list[Any]] = {}
    for entry in catalogue().values():
        papers.setdefault("New in hconsist" if entry.new else entry.paper, []).append(entry)
    for paper, entries in papers.items():
        lines += [f"## {_plain(paper)}", ""]
        for entry in entries:
            lines += [
                f"### `{entry.id}`",
                "",
                f"**{entry.claim.capitalize()}** (quoted: {entry.quoted}). "
                f"{_plain(entry.locator[0].upper() + entry.locator[1:])}.",
                "",
            ]
            lines += ["$$", entry.statement, "$$", ""]
            if entry.conditions:
                lines += [f"Conditions: {_plain(entry.conditions)}.", ""]
            if entry.note:
                lines += [f"{_plain(entry.note[0].upper() + entry.note[1:])}.", ""]
    write(DOCS / "catalogue" / "statements.md", "\n".join(lines))


def _plain(text: str) -> str:
    """Text that Markdown must not read as markup."""
    for mark in "\\`*_|$[]<>":
        text = text.replace(mark, f"\\{mark}")
    return " ".join(text.split())


def house_style(gallery_conf: dict[str, Any], fname: str) -> None:
    """Pictures of the gallery in the house style."""
    import matplotlib.style

    from hconsist.plots import STYLE

    matplotlib.style.use(STYLE)


class HelpDirective(Directive):
    """The help of the program and of every command, as it is printed."""

    def run(self) -> list[nodes.Node]:
        """One block for the program, one for each command."""
        from click.testing import CliRunner

        from hconsist.cli import COMMANDS, help_text
        from hconsist.cli.app import app

        found: list[nodes.Node] = [nodes.literal_block(help_text(), help_text(), language="none")]
        for name in COMMANDS:
            text = (
                CliRunner()
                .invoke(app.get_command(None, name), ["--help"], prog_name=f"hconsist {name}")
                .output
            )  # type: ignore[arg-type]
            section = nodes.section(ids=[f"hconsist-{name}"])
            section += nodes.title(text=name)
            section += nodes.literal_block(text, text, language="none")
            found.append(section)
        return found


def escape_bars(app: Any, what: str, name: str, obj: Any, options: Any, lines: list[str]) -> None:
    """Absolute values and envelopes in docstrings are written |b| and T**, which reStructuredText
    would read as markup.
    """
    in_example = False
    for number, line in enumerate(lines):
        in_example = line.lstrip().startswith(">>>") or (in_example and bool(line.strip()))
        if not in_example:
            parts = line.split("``")  # every second part is literal
            parts[::2] = [part.replace("|", "\\|").replace("**", "\\*\\*") for part in parts[::2]]
            lines[number] = "``".join(parts)


def skip_aliases(app: Any, what: str, name: str, obj: Any, skip: bool, options: Any) -> bool | None:
    """A name for a type is no class: it has nothing to show, and autodoc cannot write its
    signature.
    """
    return True if isinstance(obj, types.GenericAlias) else None


def setup(app: Any) -> dict[str, bool]:
    """Write the pages before Sphinx looks for sources."""
    app.connect("autodoc-skip-member", skip_aliases)
    app.connect("autodoc-process-docstring", escape_bars, priority=100)
    app.add_directive("hconsist-help", HelpDirective)
    api_pages()
    losses_page()
    methods_page()
    statements_page()
    write(DOCS / "catalogue" / "conditions.md", conditions_page.text(_plain))
    write(DOCS / "_static" / "explore.html", page())
    return {"parallel_read_safe": True, "parallel_write_safe": True}
