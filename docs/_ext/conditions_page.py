"""The page of conditions: what rules, methods and derivations ask for, read from their sources, and
which test attacks them, read from the record of mutants.
"""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import hconsist

PACKAGE = Path(hconsist.__file__).parent
RECORD = PACKAGE.parent / "tests" / "soundness" / "mutants.json"
#: Parts of the package whose conditions proofs rest on, with a heading each.
PARTS = {
    "Rules of consistency": "consistency/rules",
    "Derivations": "engines/symbolic",
    "The rigorous engine": "engines/rigorous",
    "The checker": "checker",
    "Provers of facts": "losses/proving",
}
_ASKS = ("fact", "facts", "missing", "known", "unproven")


def record() -> dict[str, dict[str, str]]:
    """Mutant -> its part, its outcome and the test that killed it."""
    if not RECORD.exists():
        return {}
    found: dict[str, dict[str, str]] = json.loads(RECORD.read_text(encoding="utf-8"))
    return found


def facts_asked(source: str) -> list[str]:
    """The facts of curves that a module asks for, in the order of the text.

    >>> facts_asked("known(g, 'convex') or g.fact('continuous')")
    ['continuous', 'convex']
    """
    from typing import get_args

    from hconsist.losses.facts import What

    whats = set(get_args(What))
    found = {
        node.value
        for call in ast.walk(ast.parse(source))
        if isinstance(call, ast.Call)
        and getattr(call.func, "attr", getattr(call.func, "id", "")) in _ASKS
        for node in ast.walk(call)
        if isinstance(node, ast.Constant) and node.value in whats
    }
    return sorted(found)


def rows(folder: str) -> Iterator[tuple[str, str, list[str], int, int, list[str]]]:
    """For each module of a part: its name, what it is about, the facts it asks for, mutants killed
    and tried, and the tests that killed them.
    """
    tried = record()
    for path in sorted((PACKAGE / folder).rglob("*.py")):
        name = str(path.relative_to(PACKAGE))
        source = path.read_text(encoding="utf-8")
        about = (ast.get_docstring(ast.parse(source)) or "").split("\n\n")[0]
        mine = [
            v
            for k, v in tried.items()
            if k.split(": ", 1)[0] == name and v["outcome"] != "equivalent"
        ]
        killed = [v for v in mine if v["outcome"] == "killed"]
        tests = sorted({v["by"].split("[")[0].removeprefix("does not end: ") for v in killed})
        facts = facts_asked(source)
        if mine or facts:
            yield name, " ".join(about.split()), facts, len(killed), len(mine), tests


def _counts() -> str:
    """How many of each outcome, part by part, in words."""
    from collections import Counter

    found = Counter((row["part"], row["outcome"]) for row in record().values())
    parts = dict.fromkeys(part for part, _ in found)
    said = []
    for part in parts:
        mine = {outcome: count for (p, outcome), count in found.items() if p == part}
        said.append(
            part + " " + ", ".join(f"{c} {o}" for o, c in sorted(mine.items(), reverse=False))
        )
    return (
        "; ".join(said) + ". *Equivalent*: no test can notice, for the reason given; such a mutant "
        "is not run."
    )


def text(plain: Any) -> str:
    """The page, in Markdown."""
    from hconsist.consistency.rules import RULES

    lines = [
        "# Conditions",
        "",
        "What proofs rest on: the facts that a module asks for (proven ones; a declared one is "
        "told, and then nothing is called proven), and the tests that noticed when one of its "
        "conditions, constants or directions was changed: `python -m tests.soundness.mutants run`.",
        "",
        "## What each rule of consistency asks for",
        "",
        "| Rule | Shows | Asks for |",
        "|---|---|---|",
    ]
    for rule in RULES:
        asks = "; ".join(a for a in (rule.asks, rule.asks_top_k) if a) or "a form of its own"
        lines.append(f"| {plain(rule.name)} | {plain(rule.summary)} | {plain(asks)} |")
    lines.append("")
    for heading, folder in PARTS.items():
        lines += [f"## {heading}", ""]
        lines += [
            "| Module | About | Facts | Mutants killed | Attacked by |",
            "|---|---|---|---|---|",
        ]
        for name, about, facts, killed, tried, tests in rows(folder):
            cells = [f"`{name}`", plain(about), plain(", ".join(facts)), f"{killed} of {tried}"]
            cells.append(plain(", ".join(t.rpartition("/")[2] for t in tests[:4])))
            lines.append("| " + " | ".join(cells) + " |")
        lines.append("")
    lines += ["## Mutants", "", _counts(), "", "| Change | Found | By |", "|---|---|---|"]
    for name, row in record().items():
        lines.append(f"| {plain(name)} | {row['outcome']} | {plain(row['by'])} |")
    return "\n".join([*lines, ""])
