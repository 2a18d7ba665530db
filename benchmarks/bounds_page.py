"""The tables of the study of the bounds in docs/simulation.md, from its output.

``hconsist simulate bounds -o DIR`` runs the study, and run again goes on where it was;
``python -m benchmarks bounds DIR --page docs/simulation.md`` then writes anew what stands between
the two marks of the page, and without ``--page`` prints it.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from hconsist.studies.bounds.judgement import POWERS, TRAINED, power
from hconsist.studies.bounds.table import OTHER

BEGIN, END = "<!-- bounds: begin -->", "<!-- bounds: end -->"

_NUMBERS = ("target", "target_error", "surrogate", "surrogate_error", "bound", "ceiling")
_NAMES = {
    "adversarial": "adversarial (tied)",
    "witness": "witnesses of T",
    "mixture": "trained on mixtures",
    "chosen mixture": "trained where an adversary chose",
}


def tables(rows: Sequence[Mapping[str, Any]], report: Mapping[str, Any]) -> str:
    """What was found in Markdown: a sentence, what stands behind the bounds, planted bounds by kind
    of pair.

    Parameters
    ----------
    rows : sequence of mapping
        Of ``bounds.csv``, as text or numbers.
    report : mapping
        ``bounds.json``.
    """
    read = [{**row, **{k: float(row[k]) for k in _NUMBERS}} for row in rows]
    pairs = [row for row in read if row["kind"] not in OTHER]
    trained = sum(row["kind"] in TRAINED for row in pairs)
    bounded = sum(row["hypotheses"].startswith(("linear:", "relu:")) for row in pairs)
    near = sum(row["bound"] > 0 and row["target"] >= 0.99 * row["bound"] for row in pairs)
    cells = len({row["cell"] for row in read})
    told = [
        f"With seed {report['seed']}, `hconsist simulate bounds -o DIR` compares {len(pairs)} pairs"
        f" of {len({row['loss'] for row in pairs})} losses in {cells} cells: {len(pairs) - trained}"
        f" on finite distributions, {trained} trained, {bounded} of all on bounded sets. Verdict: "
        f"*{report['status']}*, {len(report['violations'])} violations or estimates exceeded; "
        f"{near} pairs come within 1 % of their bound; {report['unconverged']} fits ended above "
        "their tolerance.",
        "",
        "| standing | pairs | losses (labels; b: on bounded sets) |",
        "| --- | --- | --- |",
        *(_standing(word, pairs) for word in ("proven", "certified", "estimate")),
        *_others(read),
        "",
        "Every bound times 0.99, 0.9, 0.7 and 0.5 is a false one; this is how many of the "
        "combinations of a loss, a",
        "number of labels and a set that a kind of pair was tried on catch it by that kind alone:",
        "",
        "| pairs | combinations | " + " | ".join(f"at {factor:g}" for factor in POWERS) + " |",
        "| --- " * (len(POWERS) + 2) + "|",
        *(
            f"| {_NAMES.get(kind, kind)} | " + " | ".join(map(str, counts)) + " |"
            for kind, counts in power(pairs).items()
        ),
        "",
        _nearness(pairs),
    ]
    return "\n".join(told)


def _standing(word: str, pairs: Sequence[Mapping[str, Any]]) -> str:
    own = [row for row in pairs if row["standing"] == word]
    losses: dict[str, list[str]] = {}
    for row in own:
        sets = "" if row["hypotheses"].startswith("complete") else "b"
        place = losses.setdefault(row["loss"], [])
        if f"{row['n']}{sets}" not in place:
            place.append(f"{row['n']}{sets}")
    if word == "proven":
        return f"| proven | {len(own)} | {len(losses)} losses: all the others |"
    named = ", ".join(f"`{loss}` ({', '.join(places)})" for loss, places in losses.items())
    return f"| {word} | {len(own)} | {named} |"


def _others(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    said = {
        "counterexample": "no bound, or none at small regrets: counterexample met",
        "unbounded": "risk without a lower bound over all scores, so no regret: seen to fall",
        "unanswered": "no bound or best risk from any engine",
    }
    found = []
    for kind, text in said.items():
        named = dict.fromkeys(f"`{r['loss']}` ({r['n']})" for r in rows if r["kind"] == kind)
        if named:
            found.append(f"| {text} | - | {', '.join(named)} |")
    return found


def _nearness(pairs: Sequence[Mapping[str, Any]]) -> str:
    """How near trained pairs come to their bounds."""
    parts = []
    for kind, name in (("mixture", "ordinary"), ("chosen mixture", "the adversary's")):
        shares = sorted(
            row["target"] / row["bound"] for row in pairs if row["kind"] == kind and row["bound"]
        )
        if shares:
            median, most = shares[len(shares) // 2], shares[-1]
            parts.append(f"on {name} mixtures a median of {median:.2f} and at most {most:.3f}")
    return f"Trained pairs are, of their bounds: {'; '.join(parts)}." if parts else ""


def main(folder: Path, page: Path | None) -> int:
    """Print the tables, or put them into a page; 2 where the folder has no finished study."""
    try:
        with (folder / "bounds.csv").open(newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        report = json.loads((folder / "bounds.json").read_text(encoding="utf-8"))
    except OSError as problem:
        print(f"{problem}: run hconsist simulate bounds -o {folder} to its end first")
        return 2
    told = tables(rows, report)
    if page is None:
        print(told)
        return 0
    text = page.read_text(encoding="utf-8")
    if text.count(BEGIN) != 1 or text.count(END) != 1:
        print(f"{page} must have the lines {BEGIN} and {END} once each")
        return 2
    before, _, rest = text.partition(BEGIN)
    page.write_text(f"{before}{BEGIN}\n{told}\n{END}{rest.partition(END)[2]}", encoding="utf-8")
    return 0
