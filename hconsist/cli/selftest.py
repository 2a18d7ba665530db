"""``hconsist selftest``: the red team, on the user's own machine."""

from __future__ import annotations

import math
import secrets

import click

from hconsist.cli import COMMANDS
from hconsist.cli.app import ExitCode
from hconsist.cli.limits import time_budget_option
from hconsist.cli.options import json_option
from hconsist.cli.output import print_json, print_table, progress
from hconsist.errors import InvalidInputError


def _positive(_: click.Context, __: click.Parameter, value: float) -> float:
    if not (value > 0 and math.isfinite(value)):
        raise InvalidInputError("minutes must be a number > 0", value, "pass --minutes 1")
    return value


def _seed(_: click.Context, __: click.Parameter, value: int | None) -> int | None:
    if value is not None and value < 0:
        raise InvalidInputError("a seed must be a whole number >= 0", value, "pass --seed 1")
    return value


@click.command("selftest", short_help=COMMANDS["selftest"])
@click.option(
    "--minutes",
    type=float,
    default=1.0,
    show_default=True,
    metavar="M",
    callback=_positive,
    help="How long to go on; the loss that is at work is finished.",
)
@click.option(
    "--seed", type=int, metavar="S", callback=_seed, help="Of the losses; drawn when left out."
)
@json_option
@time_budget_option(math.inf)
def command(minutes: float, seed: int | None, as_json: bool) -> ExitCode:
    """Draw random losses, ask every engine, and hold the answers against brute force.

    The brute force shares nothing with the engines: grids of label distributions and scores, from
    the definitions. Exits 1 only if something that was called proven is contradicted; an estimate
    that is off by more than 1e-6 without giving a reason is printed, and so is an error.
    """
    from hconsist.selftest import run

    chosen = secrets.randbelow(10**6) if seed is None else seed
    tally = run(
        chosen,
        minutes,
        progress=lambda t: progress(f"{t.formulas} losses, {t.comparisons} comparisons"),
    )
    if as_json:
        print_json(tally.as_dict())
    else:
        found = tally.as_dict()
        click.echo(
            f"seed {chosen}: {tally.formulas} losses, {tally.comparisons} comparisons with brute "
            f"force, {len(tally.findings)} findings"
        )
        print_table(
            ["ENGINE", "WHAT", "COMPARED", "WORST DIFFERENCE"],
            [
                [row["engine"], row["kind"], str(row["count"]), f"{row['worst']:.1e}"]
                for row in found["compared"]
            ],
        )
        for finding in tally.findings:
            click.echo(str(finding))
        click.echo(
            "A proven statement was contradicted: please report the lines above."
            if tally.contradicted
            else "No proven statement was contradicted."
        )
    return ExitCode.VIOLATED if tally.contradicted else ExitCode.HOLDS
