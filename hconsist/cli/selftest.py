"""``hconsist selftest``: the red team, on the user's own machine."""

from __future__ import annotations

import contextlib
import math
import secrets
import signal
import threading
from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from hconsist.cli import COMMANDS
from hconsist.cli.app import ExitCode
from hconsist.cli.limits import BudgetSpent, time_budget_option
from hconsist.cli.options import json_option
from hconsist.cli.output import print_json, print_table, progress
from hconsist.errors import InvalidInputError

if TYPE_CHECKING:
    from hconsist.selftest import Tally


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
    that is off by more than 1e-6 without giving a reason is printed, and so is an error. Stopped
    early, by Ctrl-C or a request to end, it prints what it has compared.
    """
    from hconsist.selftest import Tally, run

    chosen = secrets.randbelow(10**6) if seed is None else seed
    tally, told = Tally(chosen), _Progress()
    try:
        with _ended_as_interrupted():
            run(chosen, minutes, progress=told, tally=tally)
    except (KeyboardInterrupt, BudgetSpent) as stop:
        ended = isinstance(stop, KeyboardInterrupt)
        code = ExitCode.INTERRUPTED if ended else ExitCode.UNDECIDED
        _show(tally, as_json, f"stopped before its time, at {tally.now or 'the start'}")
    except Exception:
        told(tally)
        raise
    else:
        code = ExitCode.HOLDS
        _show(tally, as_json)
    return ExitCode.VIOLATED if tally.contradicted else code


class _Progress:
    """Counts so far and the loss at work on stderr, so that even a crash leaves them; findings as
    they come.
    """

    def __init__(self) -> None:
        self.shown = 0

    def __call__(self, tally: Tally) -> None:
        for finding in tally.findings[self.shown :]:
            progress(str(finding))
        self.shown = len(tally.findings)
        now = f"; now {tally.now}" if tally.now else ""
        progress(f"{tally.formulas} losses, {tally.comparisons} comparisons{now}")


@contextlib.contextmanager
def _ended_as_interrupted() -> Iterator[None]:
    """A request to end counts as Ctrl-C: what was compared is told in both cases."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _show(tally: Tally, as_json: bool, stopped: str = "") -> None:
    found = tally.as_dict()
    if as_json:
        print_json({**found, **({"stopped": stopped} if stopped else {})})
        return
    click.echo(
        f"seed {tally.seed}: {tally.formulas} losses, {tally.comparisons} comparisons with brute "
        f"force, {len(tally.findings)} findings" + (f"; {stopped}" if stopped else "")
    )
    if found["compared"]:
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
