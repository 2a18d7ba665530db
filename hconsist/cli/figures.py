"""``hconsist figures``: the project's figures, rebuilt."""

from __future__ import annotations

import math
from pathlib import Path

import click

from hconsist.cli import COMMANDS, completion
from hconsist.cli.app import ExitCode
from hconsist.cli.limits import time_budget_option
from hconsist.cli.output import atomic_file, check_output, progress


@click.command("figures", short_help=COMMANDS["figures"])
@click.argument("names", metavar="[NAME]...", nargs=-1, shell_complete=completion.figures)
@click.option(
    "-o",
    "--output",
    required=True,
    type=click.Path(path_type=Path),
    metavar="FOLDER",
    help="Where the files go; must exist.",
)
@time_budget_option(math.inf)
def command(names: tuple[str, ...], output: Path) -> ExitCode:
    """Rebuild the project's figures as SVG files, byte for byte; all of them, or those named."""
    from hconsist.figures import FIGURES, check_name, draw
    from hconsist.plots import save

    chosen = [check_name(name) for name in names] or list(FIGURES)
    files = [output / f"{name}.svg" for name in chosen]
    for file in files:
        check_output(file, (".svg",))
    for number, (name, file) in enumerate(zip(chosen, files, strict=True), 1):
        progress(f"[{number}/{len(chosen)}] {file}")
        with atomic_file(file) as temporary:
            save(draw(name).axes[0], temporary)
    return ExitCode.HOLDS
