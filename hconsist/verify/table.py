"""Verdicts, sources and improvements as tables."""

from __future__ import annotations

from collections.abc import Sequence

from hconsist.theorems import catalogue
from hconsist.verify.evidence import Verification
from hconsist.verify.gain import gain


def markdown_table(found: Sequence[Verification]) -> str:
    """The verdicts as a Markdown table: statement, source, claim, verdict, engines.

    >>> print(markdown_table([]))
    | Statement | Source | Claim | Verdict | Confirmed by |
    |---|---|---|---|---|
    """
    lines = ["| Statement | Source | Claim | Verdict | Confirmed by |", "|---|---|---|---|---|"]
    for v in found:
        claim = v.theorem.claim + (" (new)" if v.theorem.new else "")
        lines.append(
            f"| `{v.theorem.id}` | {v.theorem.paper} | {claim} | {v.status} | "
            f"{', '.join(v.engines) or '-'} |"
        )
    return "\n".join(lines)


def quoted_table() -> str:
    """Every statement of the catalogue by how well its source is known, as a Markdown table.

    >>> quoted_table().splitlines()[0]
    '| Quoted | Statements | Which |'
    """
    ways = ("read", "secondary", "memory", "own")
    found: dict[str, list[str]] = {way: [] for way in ways}
    for entry in catalogue().values():
        found[entry.quoted].append(f"`{entry.id}`")
    lines = ["| Quoted | Statements | Which |", "|---|---|---|"]
    lines += [f"| {way} | {len(found[way])} | {', '.join(found[way])} |" for way in ways]
    return "\n".join(lines)


def gains_table() -> str:
    """Published bounds that are improved, and by what factor, as a Markdown table.

    >>> gains_table().splitlines()[2].split(" | ")[1:3]
    ['`comp-sum-gce`', '10']
    """
    lines = ["| Entry | Improves | Classes | Factor |", "|---|---|---|---|"]
    for entry in catalogue().values():
        if entry.claim == "not tight":
            n = entry.instances[-1].n_classes
            lines.append(f"| `{entry.id}` | `{entry.improves}` | {n} | {gain(entry):.2f} |")
    return "\n".join(lines)
