"""``hconsist losses``: the catalogue."""

from __future__ import annotations

import click

from hconsist.cli import COMMANDS
from hconsist.cli.options import json_option
from hconsist.cli.output import print_json, print_table


@click.command("losses", short_help=COMMANDS["losses"])
@json_option
def command(as_json: bool) -> None:
    """List the losses by name, with parameters and sources.

    A spec string is the name alone, or the name with parameters: comp-sum:tau=1.5. What is left out
    keeps its default.
    """
    from hconsist.losses import CATALOGUE, FOR_TARGETS, parse_loss

    if as_json:
        print_json(
            [
                {
                    "name": e.name,
                    "parameters": e.parameters,
                    "summary": e.summary,
                    "source": e.source,
                }
                for e in CATALOGUE.values()
            ]
        )
        return
    rows = [(entry.spec, entry.summary, entry.source) for entry in CATALOGUE.values()]
    print_table(("SPEC (defaults shown)", "LOSS", "SOURCE"), rows)
    others = [(parse_loss(e.name).spec, e.summary, e.source) for e in FOR_TARGETS.values()]
    print_table(("FOR OTHER TARGETS", "LOSS", "SOURCE"), others)
