"""``hconsist cite``: where a statement comes from, as BibTeX."""

from __future__ import annotations

from pathlib import Path

import click

from hconsist.cli import COMMANDS
from hconsist.cli.app import ExitCode
from hconsist.cli.completion import statements


@click.command("cite", short_help=COMMANDS["cite"])
@click.argument("ids", metavar="ID...", nargs=-1, required=True, shell_complete=statements)
@click.option(
    "--certificate",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    metavar="FILE",
    help="Add the digest of this certificate, after checking it; with one ID.",
)
def command(ids: tuple[str, ...], certificate: Path | None) -> ExitCode:
    """Print the source of each statement as a BibTeX entry.

    Its note names the statement, its place in that edition, how well the source is known (read,
    secondary, memory) and what the record says of the statement. The identifiers are those of
    hconsist verify --list.
    """
    from hconsist.theorems import theorem
    from hconsist.theorems.citation import bibtex

    entries = [theorem(identifier) for identifier in ids]
    proof = None
    if certificate is not None:
        from hconsist.certificates import read
        from hconsist.checker import Rejected, check

        if len(entries) != 1:
            raise click.UsageError("--certificate goes with one ID")
        try:
            check(read(certificate))
        except Rejected as problem:
            raise click.UsageError(f"{certificate} does not check: {problem}") from None
        proof = certificate.read_bytes()
    for entry in entries:
        click.echo(bibtex(entry, proof))
    return ExitCode.HOLDS
