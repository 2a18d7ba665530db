"""BibTeX of a statement's source, with what became of the statement."""

from __future__ import annotations

import hashlib

from hconsist.theorems.statement import Theorem


def bibtex(entry: Theorem, certificate: bytes | None = None) -> str:
    """The source of a statement as a BibTeX entry; its note says where, how well known and what was
    found, and the SHA-256 digest of a certificate's bytes where one is given.

    Examples
    --------
    >>> from hconsist.theorems import theorem
    >>> print(bibtex(theorem("psi-hinge")).splitlines()[0])
    @misc{bartlett-2006,
    """
    source = entry.source
    known = "this project" if entry.new else f"quoted: {entry.quoted}"
    parts = [entry.id, entry.locator, known, f"record: {entry.claim}"]
    if certificate is not None:
        parts.append(f"certificate sha256 {hashlib.sha256(certificate).hexdigest()}")
    note = "; ".join(filter(None, parts))
    fields = {
        "title": source.title or source.short,
        "author": " and ".join(source.authors.split(", ")) if source.authors else "",
        "year": source.year,
        "howpublished": source.venue,
        "eprint": source.arxiv,
        "url": source.url,
        "edition": source.version,
        "note": note,
    }
    lines = [f"  {name} = {{{_escaped(value)}}}," for name, value in fields.items() if value]
    return "\n".join([f"@misc{{{source.key},", *lines, "}"])


def _escaped(text: str) -> str:
    """Text that BibTeX and TeX read as it stands."""
    for mark in "&%$#_":
        text = text.replace(mark, "\\" + mark)
    return text.replace("^", r"\^{}").replace("<", r"\textless{}").replace(">", r"\textgreater{}")
