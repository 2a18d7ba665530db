"""What a reviewer attaches: each claim of a paper with its verdict, a picture of claimed against
exact values, the factor lost, and a witness or the evidence of an engine.
"""

from __future__ import annotations

import html
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from hconsist.errors import UnknownNameError
from hconsist.verify.curves import ClaimCurve, curves, witness
from hconsist.verify.evidence import Verification

#: Makes an image of a kind, "svg" or "pdf", from the curves of a claim.
Picture = Callable[[Sequence[ClaimCurve], str], bytes]

_TITLE = "What the engines say of these claims"
_LEGEND = (
    "holds: every instance was confirmed by an engine (a claim recorded as false or not tight is "
    "confirmed by a counterexample); violated: an engine contradicts it; undecided: no engine "
    "could say. Margin: the smallest slack of an inequality, the largest difference of an "
    "equality. The numeric engine estimates; symbolic and rigorous answers are proven. In the "
    "pictures the claim is dashed, exact values are dots, ringed where the claim says too much. "
    "The factor lost is the exact value over the claimed one for T, the claimed one over the exact "
    "one for Gamma; below 1 the claim is false."
)
_HEADS = ("Claim", "Where", "Record", "Verdict", "Margin")


@dataclass(frozen=True)
class _Section:
    """One claim, ready to be written."""

    row: tuple[str, ...]
    status: str
    lines: tuple[str, ...]
    image: tuple[str, bytes] | None


def report(
    found: Sequence[Verification], path: Path, picture: Picture | None = None
) -> tuple[str, dict[str, bytes]]:
    """The report on verified claims, of the kind that the file's suffix names.

    Parameters
    ----------
    found : sequence of Verification
    path : Path
        Ends in .md, .html or .tex; nothing is written.
    picture : callable, optional
        Draws claimed against exact values; without it there are no pictures.

    Returns
    -------
    text : str
    images : dict
        What the text refers to, by file names relative to ``path``; empty for .html, which holds
        its images.

    Raises
    ------
    UnknownNameError
        For another suffix.

    Examples
    --------
    >>> print(report([], Path("review.md"))[0].splitlines()[0])
    # What the engines say of these claims
    """
    writers: dict[str, Callable[[Sequence[_Section]], str]] = {
        ".md": _markdown,
        ".html": _html,
        ".tex": _latex,
    }
    if path.suffix not in writers:
        raise UnknownNameError("kind of report", path.suffix or path.name, writers)
    kind = "pdf" if path.suffix == ".tex" else "svg"
    sections = [_section(v, path.stem, kind, picture, i) for i, v in enumerate(found, 1)]
    images = {} if path.suffix == ".html" else dict(s.image for s in sections if s.image)
    return writers[path.suffix](sections), images


def _section(
    v: Verification, stem: str, kind: str, picture: Picture | None, number: int
) -> _Section:
    entry = v.theorem
    margin = "" if v.margin is None else f"{v.margin:.3g}"
    record = f"{entry.claim} (quoted: {entry.quoted})"
    row = (entry.id, entry.locator, record, v.status, margin)
    lines = []
    if entry.formula is not None:
        lines.append(f"Claim: {entry.relation} {entry.at(entry.instances[0])}")
    drawn = curves(v)
    for curve in drawn:
        most, least = curve.factor, curve.least
        if most is not None and least is not None:
            false = " (false there)" if least[0] < 1 - 1e-6 else ""
            lines.append(
                f"Factor lost, {curve.label}: from {least[0]:.4g} at beta = {least[1]:.3g}{false} "
                f"to {most[0]:.4g} at beta = {most[1]:.3g}"
            )
    if drawn:
        seen = witness(drawn[-1], entry.instances[-1])
        if seen is not None:
            beta, point = seen
            p = ", ".join(f"{float(x):.4g}" for x in point.p)
            s = ", ".join(f"{x:.4g}" for x in point.scores)
            lines.append(
                f"Witness at beta = {beta:.3g}: p = ({p}), scores ({s}), surrogate regret "
                f"{point.regret:.6g}"
            )
    told = [c for c in v.checks if c.outcome != "undecided"] or list(v.checks)
    lines += [
        f"{c.engine}, {c.problem}: {c.outcome}" + (f" ({c.detail})" if c.detail else "")
        for c in told
    ]
    image = None
    if drawn and picture is not None:
        image = f"{stem}-{number}.{kind}", picture(drawn, kind)
    return _Section(row, v.status, tuple(lines), image)


def _markdown(sections: Sequence[_Section]) -> str:
    def cell(text: str) -> str:
        return text.replace("|", "\\|").replace("\n", " ")

    lines = [f"# {_TITLE}", "", _LEGEND, "", "| " + " | ".join(_HEADS) + " |", "|---" * 5 + "|"]
    lines += ["| " + " | ".join(map(cell, s.row)) + " |" for s in sections]
    for s in sections:
        lines += ["", f"## {s.row[0]}: {s.status}", ""]
        lines += [f"![claimed and exact values]({s.image[0]})", ""] if s.image else []
        lines += [f"- {line}" for line in s.lines]
    return "\n".join([*lines, ""])


def _html(sections: Sequence[_Section]) -> str:
    head = "".join(f"<th>{h}</th>" for h in _HEADS)
    rows = "\n".join(
        f'<tr class="{s.status}">' + "".join(f"<td>{html.escape(c)}</td>" for c in s.row) + "</tr>"
        for s in sections
    )
    style = (
        "body{font:15px/1.45 system-ui,sans-serif;margin:2rem;max-width:60rem}"
        "table{border-collapse:collapse}td,th{border-top:1px solid #bbb;padding:.35rem .6rem;"
        "text-align:left;vertical-align:top}.violated td:nth-child(4){font-weight:bold}"
        "svg{max-width:100%;height:auto}h2{margin-top:2.2rem}"
    )
    blocks = []
    for s in sections:
        drawing = s.image[1].decode("utf-8") if s.image else ""
        # the image's own prologue is not part of a page
        drawing = drawing[drawing.find("<svg") :] if drawing else ""
        items = "".join(f"<li>{html.escape(line)}</li>" for line in s.lines)
        title = f"{html.escape(s.row[0])}: {s.status}"
        blocks.append(f"<section><h2>{title}</h2>{drawing}<ul>{items}</ul></section>")
    body = "\n".join(blocks)
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{_TITLE}</title>'
        f"<style>{style}</style></head>\n<body><h1>{_TITLE}</h1><p>{html.escape(_LEGEND)}</p>\n"
        f"<table><thead><tr>{head}</tr></thead><tbody>\n{rows}\n</tbody></table>\n{body}\n"
        "</body></html>\n"
    )


_TEX = {"&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "_": r"\_\allowbreak{}", "{": r"\{"}
_TEX |= {"~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "\\": r"\textbackslash{}"}
_TEX |= {"<": r"$<$", ">": r"$>$", "|": r"$|$", "}": r"\}"}


def _latex(sections: Sequence[_Section]) -> str:
    """A document of its own: packages longtable, geometry and graphicx."""

    def cell(text: str) -> str:
        plain = "".join(_TEX.get(c, c) for c in text)
        return plain.encode("ascii", "replace").decode("ascii")

    rows = "\n".join(" & ".join(map(cell, s.row)) + r" \\" for s in sections)
    blocks = []
    for s in sections:
        blocks.append(f"\\subsection*{{{cell(s.row[0])}: {s.status}}}")
        if s.image:
            blocks.append(f"\\includegraphics[width=.7\\textwidth]{{{s.image[0]}}}\n")
        items = "\n".join(f"\\item {cell(line)}" for line in s.lines)
        if items:
            blocks.append(f"\\begin{{itemize}}\n{items}\n\\end{{itemize}}")
    body = "\n".join(blocks)
    return (
        "\\documentclass{article}\n\\usepackage[margin=2cm]{geometry}\n"
        "\\usepackage{graphicx}\n\\usepackage{longtable}\n\\begin{document}\\small\\raggedright\n"
        f"\\section*{{{_TITLE}}}\n{cell(_LEGEND)}\n\n"
        "\\begin{longtable}{p{3.6cm}p{5.2cm}p{3cm}p{1.6cm}p{1.6cm}}\n"
        f"{' & '.join(_HEADS)} \\\\\\hline\n{rows}\n\\end{{longtable}}\n{body}\n\\end{{document}}\n"
    )
