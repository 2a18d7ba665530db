"""``hconsist transform``: one value of T."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from hconsist.cli import COMMANDS
from hconsist.cli.app import ExitCode
from hconsist.cli.options import (
    engine_option,
    json_option,
    spec_argument,
    symbolic_problem_options,
)
from hconsist.cli.output import print_answer
from hconsist.cli.search import search_arguments, search_options

if TYPE_CHECKING:
    from hconsist.engines.protocol import EngineName


@click.command("transform", short_help=COMMANDS["transform"])
@spec_argument
@symbolic_problem_options
@click.option(
    "--beta",
    required=True,
    metavar="B",
    help="Target regret in [0, 1], as 0.3 or 1/3; kept exactly.",
)
@engine_option("numeric")
@search_options("width", "proven bounds this close")
@json_option
def command(
    spec: str,
    n_classes: object,
    hypotheses: str,
    target: str,
    beta: str,
    engine: EngineName,
    accuracy: str | None,
    time_budget: float,
    checkpoint: Path | None,
    as_json: bool,
) -> ExitCode:
    """Compute T(beta): the least surrogate regret at a point whose target regret is at least beta.

    Exits 3 when the engine could not settle the value; the reason is printed. With --checkpoint,
    what a spent budget or an interrupt leaves finished is saved in FILE, and the same command goes
    on from there.
    """
    from hconsist.engines import transform
    from hconsist.pointwise import PointwiseProblem

    problem = PointwiseProblem(spec, target, hypotheses, n_classes)
    value = problem.check_beta(beta)
    options = search_arguments(engine, "width", accuracy, time_budget, checkpoint)
    answer = transform(problem, value, engine=engine, **options)
    return print_answer(answer, f"T({beta})", as_json, problem, loss=spec, beta=beta)
