"""``hconsist methods``: which methods answer a problem, and why the others do not."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict

import click

from hconsist.cli import COMMANDS
from hconsist.cli.app import ExitCode
from hconsist.cli.options import json_option, problem_options, spec_argument
from hconsist.cli.output import print_json, print_table

if TYPE_CHECKING:
    from hconsist.engines.methods import Try
    from hconsist.pointwise import PointwiseProblem


class Row(TypedDict):
    """What the command says of one method."""

    engine: str
    method: str
    asked: str
    applies: bool
    reason: str
    declared: list[str]
    lemmas: list[str]
    summary: str


@click.command("methods", short_help=COMMANDS["methods"])
@spec_argument
@problem_options
@json_option
def command(spec: str, n_classes: int, hypotheses: str, target: str, as_json: bool) -> ExitCode:
    """List every method of every engine for a problem: whether it applies, or what it needs.

    Closed forms are derived to the end to tell whether they apply; of a search it is told whether
    it may begin. T** stands for supporting lines of T, by which Gamma is enclosed. Exits 3 where no
    method applies.
    """
    from hconsist.pointwise import PointwiseProblem

    problem = PointwiseProblem(spec, target, hypotheses, n_classes)
    rows = _rows(problem)
    if as_json:
        print_json(rows)
    else:
        print_table(
            ("ENGINE", "METHOD", "FOR", "APPLIES", "RESTS ON, OR WHY NOT"),
            [
                (row["engine"], row["method"], row["asked"], _applies(row), _why(row))
                for row in rows
            ],
        )
    return ExitCode.HOLDS if any(row["applies"] for row in rows) else ExitCode.UNDECIDED


def _applies(row: Row) -> str:
    return "no" if not row["applies"] else "as an estimate" if row["declared"] else "yes"


def _why(row: Row) -> str:
    rests_on = [
        *row["declared"],
        *(lemma.removesuffix(" (docs/theory.md)") for lemma in row["lemmas"]),
    ]
    return str(row["reason"]) or "; ".join(rests_on)


def _rows(problem: PointwiseProblem) -> list[Row]:
    from hconsist.engines import ENGINES, load
    from hconsist.engines.methods import Method, methods
    from hconsist.errors import EngineCannotAnswerError

    def row(method: Method, reason: str, declared: list[str]) -> Row:
        return {
            "engine": method.engine,
            "method": method.name,
            "asked": method.asked,
            "applies": not reason,
            "reason": reason,
            "declared": declared,
            "lemmas": list(method.lemmas),
            "summary": method.summary,
        }

    rows = []
    for name in ENGINES:
        try:
            tried = load(name).methods(problem)
        except EngineCannotAnswerError as refused:
            rows += [row(m, refused.reason, []) for m in methods(name)]
        else:
            rows += [row(one.method, one.reason, _declared(one)) for one in tried]
    return rows


def _declared(one: Try) -> list[str]:
    """Declared facts that a plan rests on."""
    return [f.assumption for f in getattr(one.found, "rests_on", ()) if not f.proven]
