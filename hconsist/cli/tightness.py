"""``hconsist tightness``: published transformations against the exact one."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from hconsist.cli import COMMANDS
from hconsist.cli.app import ExitCode
from hconsist.cli.limits import MANY_VALUES, time_budget_option
from hconsist.cli.options import json_option, problem_options, spec_argument
from hconsist.cli.output import (
    atomic_file,
    check_output,
    print_fields,
    print_json,
    print_table,
    progress,
)

if TYPE_CHECKING:
    from hconsist.tightness import Tightness

SUFFIXES = (".svg", ".pdf", ".png")


@click.command("tightness", short_help=COMMANDS["tightness"])
@spec_argument
@problem_options
@click.option(
    "--beta",
    "betas",
    multiple=True,
    metavar="B",
    help="A row of the table (repeatable); a default grid without.",
)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Draw both curves: .svg, .pdf or .png",
)
@json_option
@time_budget_option(MANY_VALUES)
def command(
    spec: str,
    n_classes: int,
    hypotheses: str,
    target: str,
    betas: tuple[str, ...],
    output: Path | None,
    as_json: bool,
) -> ExitCode:
    """Is a published transformation tight, loose by a factor, or invalid? A table over beta, with
    witnesses.

    Exits 1 when a published value exceeds the regret of a witness by more than the numerical
    margin, 3 when a solver failed.
    """
    if output is not None:
        check_output(output, SUFFIXES)
    from hconsist.pointwise import PointwiseProblem
    from hconsist.tightness import BETAS, tightness

    problem = PointwiseProblem(spec, target, hypotheses, n_classes)
    most = problem.decision.max_regret
    chosen = [problem.check_beta(b) for b in betas] or [most * b for b in BETAS]
    progress(f"{spec}, {n_classes} classes: exact T on a grid of beta")
    report = tightness(problem, chosen)
    if as_json:
        print_json(report.as_dict())
    else:
        _print(report)
    if output is not None:
        from hconsist.plots import save, tightness_curves

        ax = tightness_curves(report)
        with atomic_file(output) as temporary:
            save(ax, temporary)
        progress(f"wrote {output}")
    return {"invalid": ExitCode.VIOLATED, "undecided": ExitCode.UNDECIDED}.get(
        report.verdict, ExitCode.HOLDS
    )


def _print(report: Tightness) -> None:
    from hconsist.arithmetic.shown import digits_down, digits_up
    from hconsist.tightness import ABSOLUTE, RELATIVE

    strongest = report.strongest if report.comparisons else None
    header = (
        ["BETA", "PUBLISHED", "EXACT", "RATIO", "WITNESS P"]
        if strongest
        else ["BETA", "EXACT", "WITNESS P"]
    )
    rows = []
    for i, (beta, answer) in enumerate(zip(report.betas, report.answers, strict=True)):
        exact = "undecided" if answer.estimate is None else f"{answer.estimate:.8g}"
        row = [
            f"{float(beta):g}",
            exact,
            _witness(answer.witness.p) if answer.witness else answer.reason,
        ]
        if strongest:
            ratio = strongest.ratios[i]
            row[1:1] = [digits_down(strongest.values[i], 8)]  # a claim that T is no less
            row[3:3] = ["-" if ratio is None else f"{ratio:.6g}"]
        rows.append(row)
    print_table(header, rows)
    click.echo()
    if not strongest:
        print_fields([("verdict", "nothing published to compare with")])
        return
    print_fields(
        [
            *(
                (c.theorem.id, f"{c}  ({c.theorem.paper}; {c.theorem.locator})")
                for c in report.comparisons
            ),
            (
                "margin",
                f"differences within {ABSOLUTE:g} + {RELATIVE:g} x published count as equal",
            ),
        ]
    )
    if report.improvements:
        click.echo()
        print_table(
            ["EXCESS", "GAMMA PUBLISHED", "GAMMA EXACT"],
            [
                [f"{i.excess:.4g}", digits_up(i.published, 6), digits_up(i.exact, 6)]
                for i in report.improvements
            ],
        )


def _witness(p: tuple[object, ...]) -> str:
    """The distribution with runs of equal labels counted."""
    from itertools import groupby

    runs = [(v, len(list(g))) for v, g in groupby(round(float(str(x)), 6) for x in p)]
    return " ".join(f"{v:g}" + (f"x{count}" if count > 1 else "") for v, count in runs)
