"""``hconsist bound``: what a surrogate excess says about the target excess."""

from __future__ import annotations

from pathlib import Path

import click

from hconsist.cli import COMMANDS
from hconsist.cli.app import ExitCode
from hconsist.cli.options import engine_option, json_option, problem_options, spec_argument
from hconsist.cli.output import at_zero, print_answer
from hconsist.cli.search import search_arguments, search_options


@click.command("bound", short_help=COMMANDS["bound"])
@spec_argument
@problem_options
@click.option(
    "--excess",
    required=True,
    metavar="E",
    help="Surrogate excess risk, >= 0, in the units of the loss.",
)
@click.option(
    "--gap",
    default="0",
    show_default=True,
    metavar="G",
    help="Minimizability gap of the surrogate, >= 0.",
)
@engine_option("auto")
@search_options("tolerance", "proven bounds this close, relative to the upper one")
@json_option
def command(
    spec: str,
    n_classes: int,
    hypotheses: str,
    target: str,
    excess: str,
    gap: str,
    engine: str,
    accuracy: str | None,
    time_budget: float,
    checkpoint: Path | None,
    as_json: bool,
) -> ExitCode:
    """Turn a surrogate excess E (plus gap G) into Gamma(E + G), the largest target excess (plus
    gap) that it allows.

    With --checkpoint, what a spent budget or an interrupt leaves finished is saved in FILE, and the
    same command goes on.
    """
    from hconsist.bounds import check_excess, derive
    from hconsist.pointwise import PointwiseProblem

    check_excess(excess), check_excess(gap, "gap")
    problem = PointwiseProblem(spec, target, hypotheses, n_classes)  # type: ignore[arg-type]
    found = derive(
        problem.surrogate,
        problem.n_classes,
        problem.hypotheses,
        problem.target,
        engine=engine,  # type: ignore[arg-type]
    )
    answer = found.bound(
        excess, gap, **search_arguments(engine, "tolerance", accuracy, time_budget, checkpoint)
    )
    name = f"Gamma({excess})" if gap == "0" else f"Gamma({excess} + {gap})"
    note = "" if engine == "rigorous" else at_zero(found)
    given = {"loss": spec, "excess": excess, "gap": gap}
    return print_answer(answer, name, as_json, problem, note, **given)
