"""``hconsist transform``: one value of T."""

from __future__ import annotations

from typing import Any

import click

from hconsist.cli import COMMANDS
from hconsist.cli.app import ExitCode
from hconsist.cli.options import engine_option, json_option, problem_options, spec_argument
from hconsist.cli.output import print_fields, print_json


@click.command("transform", short_help=COMMANDS["transform"])
@spec_argument
@problem_options
@click.option("--beta", required=True, metavar="B", help="Target regret in [0, 1], as 0.3 or 1/3; kept exactly.")
@engine_option("numeric")
@json_option
def command(spec: str, n_classes: int, hypotheses: str, target: str, beta: str, engine: str, as_json: bool) -> ExitCode:
    """Compute T(beta): the least surrogate regret at a point whose target regret is at least beta.

    Exits 3 when the engine could not settle the value; the reason is printed.
    """
    from hconsist.engines import transform
    from hconsist.pointwise import PointwiseProblem, check_beta

    value = check_beta(beta)
    problem = PointwiseProblem(spec, target=target, hypotheses=hypotheses, n_classes=n_classes)  # type: ignore[arg-type]
    answer = transform(problem, value, engine=engine)  # type: ignore[arg-type]
    if as_json:
        print_json(answer.as_dict())
    else:
        print_fields([(f"T({beta})", str(answer.estimate)), *answer_fields(answer.as_dict())])
    return ExitCode.UNDECIDED if answer.reason else ExitCode.HOLDS


def answer_fields(answer: dict[str, Any]) -> list[tuple[str, str]]:
    """An answer beside its estimate, as lines."""
    fields = []
    if answer["lower"] is not None or answer["upper"] is not None:
        fields.append(("proven", f"[{answer['lower']}, {answer['upper']}]"))
    if answer["witness"]:
        fields.append(("witness", "\n".join(f"{key} = {value}" for key, value in answer["witness"].items())))
    fields.append(("engine", answer["engine"]))
    if answer["assumptions"]:
        fields.append(("assumes", "\n".join(answer["assumptions"])))
    if answer.get("reason"):
        fields.append(("undecided", answer["reason"]))
    return fields
