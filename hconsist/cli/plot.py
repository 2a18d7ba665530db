"""``hconsist plot``: bound curves in a file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from hconsist.cli import COMMANDS
from hconsist.cli.app import ExitCode
from hconsist.cli.limits import MANY_VALUES, time_budget_option
from hconsist.cli.options import (
    checked_classes,
    classes_or_symbol,
    engine_option,
    hypotheses_option,
    specs_argument,
    target_option,
)
from hconsist.cli.output import at_zero, atomic_file, check_output, progress

if TYPE_CHECKING:
    from hconsist.engines.protocol import EngineName

SUFFIXES = (".svg", ".pdf", ".png")


@click.command("plot", short_help=COMMANDS["plot"])
@specs_argument
@click.option(
    "-n",
    "--classes",
    "n_classes",
    type=classes_or_symbol,
    multiple=True,
    default=(),
    show_default="2, or what the target is for",
    metavar="N",
    help="Number of classes, or the letter n; may repeat.",
    callback=checked_classes,
)
@hypotheses_option
@target_option
@engine_option("auto")
@click.option(
    "-o",
    "--output",
    required=True,
    type=click.Path(path_type=Path),
    metavar="FILE",
    help=".svg, .pdf or .png",
)
@click.option(
    "--of",
    "what",
    type=click.Choice(("bound", "transform")),
    default="bound",
    show_default=True,
    help="What to draw.",
)
@click.option("--exact-only", is_flag=True, help="Leave out the published bounds.")
@click.option("--log", "as_log", is_flag=True, help="Logarithmic axes.")
@click.option(
    "--label", "labels", multiple=True, metavar="TEXT", help="A name for each loss; may repeat."
)
@click.option("--no-title", is_flag=True, help="Leave out the title: a paper has captions.")
@click.option(
    "--width", type=float, metavar="INCHES", help="Width of the figure; 3.3 is a paper's column."
)
@time_budget_option(MANY_VALUES)
def command(
    specs: tuple[str, ...],
    n_classes: tuple[object, ...],
    hypotheses: str,
    target: str,
    engine: EngineName,
    output: Path,
    what: str,
    exact_only: bool,
    as_log: bool,
    labels: tuple[str, ...],
    no_title: bool,
    width: float | None,
) -> ExitCode:
    """Draw the bounds of one or more losses: target excess against surrogate excess, published
    beside exact.
    """
    check_output(output, SUFFIXES)
    if labels and len(labels) != len(specs):
        raise click.UsageError(
            f"--label comes once for each loss; received {len(labels)} for {len(specs)}; "
            "repeat it, or leave it out"
        )
    from hconsist.bounds import derive
    from hconsist.pointwise import PointwiseProblem

    pairs = [(spec, n) for spec in specs for n in n_classes]
    problems = [PointwiseProblem(spec, target, hypotheses, n) for spec, n in pairs]
    bounds = []
    for (spec, n), problem in zip(pairs, problems, strict=True):
        progress(f"{spec}, {n} classes")
        bounds.append(
            derive(
                problem.surrogate,
                problem.n_classes,
                problem.hypotheses,
                problem.target,
                engine=engine,
            )
        )
        bounds[-1].envelope_curve(
            [0.0, 1.0]
        )  # the long part of the work, done here where its loss was just named
        note = "" if engine == "rigorous" else at_zero(bounds[-1])
        if note:
            progress(f"{spec}, {n} classes: {note}")
    from hconsist.plots import bound_curves, save, transform_curves
    from hconsist.plots.labels import legend_name

    draw = bound_curves if what == "bound" else transform_curves
    names = dict(zip(specs, labels or map(legend_name, specs), strict=True))
    ax = draw(
        bounds,
        labels=[names[spec] for spec, _ in pairs],
        published=not exact_only,
        log=as_log,
        title=not no_title,
        width=width,
    )
    with atomic_file(output) as temporary:
        save(ax, temporary)
    progress(f"wrote {output}")
    return ExitCode.HOLDS
