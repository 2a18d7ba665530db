"""``hconsist cite``: where a statement comes from, as BibTeX."""

from __future__ import annotations

import click

from hconsist.cli import COMMANDS
from hconsist.cli.app import ExitCode


@click.command("cite", short_help=COMMANDS["cite"])
@click.argument("ids", metavar="ID...", nargs=-1, required=True)
def command(ids: tuple[str, ...]) -> ExitCode:
    """Print the source of each statement as a BibTeX entry.

    Its note names the statement, its place in that edition, how well the source is known (read,
    secondary, memory) and what the record says of the statement. The identifiers are those of
    hconsist verify --list.
    """
    from hconsist.theorems import theorem
    from hconsist.theorems.citation import bibtex

    for entry in [theorem(identifier) for identifier in ids]:
        click.echo(bibtex(entry))
    return ExitCode.HOLDS
