"""``hconsist zoo``: every loss on one line."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from hconsist.cli import COMMANDS
from hconsist.cli.limits import MANY_VALUES, BudgetSpent, keeps, time_budget_option
from hconsist.cli.options import LOSS, classes_option, json_option, target_option
from hconsist.cli.output import print_json, print_table, progress

if TYPE_CHECKING:
    from hconsist.zoo import ZooRow


@click.command("zoo", short_help=COMMANDS["zoo"])
@click.argument("specs", metavar="[SPEC]...", nargs=-1, **LOSS)
@target_option
@classes_option(default=10)
@click.option(
    "--format",
    "style",
    type=click.Choice(["text", "markdown", "csv", "latex"]),
    default="text",
    show_default=True,
)
@json_option
@time_budget_option(MANY_VALUES)
def command(specs: tuple[str, ...], target: str, n_classes: int, style: str, as_json: bool) -> None:
    """Print the zoo: consistency, growth exponent, constant of the bound, and how tight the
    published bound is.

    The growth exponent s and the constant K say Gamma(u) <= K u^(1/s); ~ marks an estimate, no mark
    a derived closed form.
    """
    from hconsist.pointwise import check_n_classes
    from hconsist.zoo import zoo_of

    rows: list[ZooRow] = []
    try:
        for row in zoo_of(target, check_n_classes(n_classes), list(specs) or None):
            rows.append(row)
            progress(f"[{len(rows)}] {row.loss}")
    except (KeyboardInterrupt, BudgetSpent):
        if rows:
            keeps(
                f"the {len(rows)} losses finished by then are on stdout; name the others to go on"
            )
            _print(rows, style, as_json)
        raise
    _print(rows, style, as_json)


def _print(rows: list[ZooRow], style: str, as_json: bool) -> None:
    from hconsist.zoo import HEADER, as_dicts, as_text

    if as_json:
        print_json(as_dicts(rows))
    elif style == "text":
        print_table([h.upper() for h in HEADER], [row.cells() for row in rows])
    else:
        click.echo(as_text(rows, style))
