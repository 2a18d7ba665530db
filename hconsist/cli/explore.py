"""``hconsist explore``: the interactive page."""

from __future__ import annotations

from pathlib import Path

import click

from hconsist.cli import COMMANDS
from hconsist.cli.app import ExitCode
from hconsist.cli.output import atomic_file, check_output, progress


@click.command("explore", short_help=COMMANDS["explore"])
@click.option(
    "-o",
    "--output",
    required=True,
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="The page, .html.",
)
def command(output: Path) -> ExitCode:
    """Write one HTML page, which loads nothing else: sliders for tau, n, lambda, c and B draw T,
    Gamma and the worst case.
    """
    check_output(output, (".html",))
    from hconsist.explore import page

    text = page()
    with atomic_file(output) as temporary:
        temporary.write_text(text, encoding="utf-8")
    progress(f"wrote {output}")
    return ExitCode.HOLDS
