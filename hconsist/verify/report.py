"""What a reviewer attaches: each claim of a paper with its verdict, the factor lost, and
evidence.
"""

from __future__ import annotations

import html
from collections.abc import Callable, Sequence
from pathlib import Path

from hconsist.errors import UnknownNameError
from hconsist.verify.evidence import Verification

_HEADS = ("Claim", "Where", "Record", "Verdict", "Margin", "Evidence")


def report(found: Sequence[Verification], path: Path) -> str:
    """The report on verified claims as text of the kind that the file's suffix names.

    Parameters
    ----------
    found : sequence of Verification
    path : Path
        Ends in .md, .html or .tex; nothing is written.

    Raises
    ------
    UnknownNameError
        For another suffix.

    Examples
    --------
    >>> print(report([], Path("review.md")).splitlines()[0])
    # What the engines say of these claims
    """
    writers: dict[str, Callable[[Sequence[Verification]], str]] = {
        ".md": _markdown,
        ".html": _html,
        ".tex": _latex,
    }
    if path.suffix not in writers:
        raise UnknownNameError("kind of report", path.suffix or path.name, writers)
    return writers[path.suffix](found)


def _row(v: Verification) -> tuple[str, ...]:
    """One claim as the cells of a table."""
    margin = "" if v.margin is None else f"{v.margin:.3g}"
    shown = [c for c in v.checks if c.outcome != "undecided"] or list(v.checks)
    evidence = "; ".join(
        f"{c.engine}, {c.problem}: {c.outcome}" + (f" ({c.detail})" if c.detail else "")
        for c in shown
    )
    entry = v.theorem
    return (entry.id, entry.locator, f"{entry.claim} ({entry.quoted})", v.status, margin, evidence)


_TITLE = "What the engines say of these claims"
_LEGEND = (
    "holds: every instance was confirmed by an engine (a claim recorded as false or not tight is "
    "confirmed by a counterexample); violated: an engine contradicts it; undecided: no engine "
    "could "
    "say. Margin: the smallest slack of an inequality, the largest difference of an equality. The "
    "numeric engine estimates; symbolic and rigorous answers are proven."
)


def _markdown(found: Sequence[Verification]) -> str:
    def cell(text: str) -> str:
        return text.replace("|", "\\|").replace("\n", " ")

    lines = [f"# {_TITLE}", "", _LEGEND, "", "| " + " | ".join(_HEADS) + " |", "|---" * 6 + "|"]
    lines += ["| " + " | ".join(map(cell, _row(v))) + " |" for v in found]
    return "\n".join([*lines, ""])


def _html(found: Sequence[Verification]) -> str:
    head = "".join(f"<th>{h}</th>" for h in _HEADS)
    rows = "\n".join(
        f'<tr class="{v.status}">'
        + "".join(f"<td>{html.escape(c)}</td>" for c in _row(v))
        + "</tr>"
        for v in found
    )
    style = (
        "body{font:15px/1.45 system-ui,sans-serif;margin:2rem;max-width:75rem}"
        "table{border-collapse:collapse}td,th{border-top:1px solid #bbb;padding:.35rem .6rem;"
        "text-align:left;vertical-align:top}.violated td:nth-child(4){font-weight:bold}"
    )
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{_TITLE}</title>'
        f"<style>{style}</style></head>\n<body><h1>{_TITLE}</h1><p>{html.escape(_LEGEND)}</p>\n"
        f"<table><thead><tr>{head}</tr></thead><tbody>\n{rows}\n</tbody></table></body></html>\n"
    )


_TEX = {"&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "_": r"\_", "{": r"\{", "}": r"\}"}
_TEX |= {"~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "\\": r"\textbackslash{}"}
_TEX |= {"<": r"$<$", ">": r"$>$", "|": r"$|$"}


def _latex(found: Sequence[Verification]) -> str:
    """A document of its own: packages longtable and geometry."""

    def cell(text: str) -> str:
        return "".join(_TEX.get(c, c) for c in text)

    rows = "\n".join(" & ".join(map(cell, _row(v))) + r" \\" for v in found)
    return (
        "\\documentclass{article}\n\\usepackage[landscape,margin=2cm]{geometry}\n"
        "\\usepackage{longtable}\n\\begin{document}\\small\\raggedright\n"
        f"\\section*{{{_TITLE}}}\n{cell(_LEGEND)}\n\n"
        "\\begin{longtable}{p{3cm}p{4.5cm}p{2.4cm}p{1.7cm}p{1.5cm}p{8cm}}\n"
        f"{' & '.join(_HEADS)} \\\\\\hline\n{rows}\n\\end{{longtable}}\n\\end{{document}}\n"
    )
