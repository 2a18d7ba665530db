"""Verdicts as a table."""

from __future__ import annotations

from collections.abc import Sequence

from hconsist.verify.evidence import Verification


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
