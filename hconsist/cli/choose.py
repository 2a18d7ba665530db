"""``hconsist choose``: which loss, for so many labels, so much noise and a target."""

from __future__ import annotations

import click

from hconsist.cli import COMMANDS
from hconsist.cli.app import ExitCode
from hconsist.cli.limits import MANY_VALUES, time_budget_option
from hconsist.cli.options import LOSS, classes_option, json_option
from hconsist.cli.output import print_json, print_table, progress


@click.command("choose", short_help=COMMANDS["choose"])
@click.argument("specs", metavar="[SPEC]...", nargs=-1, **LOSS)
@classes_option(default=10)
@click.option(
    "--noise",
    type=float,
    default=0.0,
    show_default=True,
    metavar="R",
    help="Rate of label noise in the training data.",
)
@click.option(
    "--kind",
    type=click.Choice(("uniform", "pairs")),
    default="uniform",
    show_default=True,
    help="uniform: any other label, evenly; pairs: the next label.",
)
@click.option(
    "--target",
    default="zero-one",
    show_default=True,
    metavar="TARGET",
    help="zero-one or top-k:K.",
)
@json_option
@time_budget_option(MANY_VALUES)
def command(
    specs: tuple[str, ...],
    n_classes: int,
    noise: float,
    kind: str,
    target: str,
    as_json: bool,
) -> ExitCode:
    """Compare losses under label noise, by what is proven of them and by what is measured.

    BOUND is the excess error on clean labels that an excess risk of 0.01 on noisy labels allows,
    without gaps; ~ marks an estimate. Exits 3 where no loss can be recommended.
    """
    from hconsist.arithmetic.shown import digits_up
    from hconsist.choosing import USUAL, choices, recommendation

    rows = []
    for row in choices(n_classes, noise, target, specs or USUAL, kind):  # type: ignore[arg-type]
        rows.append(row)
        progress(f"{row.loss}: {row.consistent}")
    chosen, why = recommendation(rows, noise)
    if as_json:
        print_json(
            {"rows": [r.as_dict() for r in rows], "recommended": chosen or None, "because": why}
        )
        return ExitCode.HOLDS if chosen else ExitCode.UNDECIDED
    head = ("LOSS", "CONSISTENT", "BOUND", "GROWTH", "GAP AT MOST", "SYMMETRIC", "BOUNDED", "START")
    print_table(
        head,
        [
            (
                r.loss,
                r.consistent,
                "-" if r.bound is None else digits_up(r.bound) if r.proven else f"~{r.bound:.4g}",
                r.growth,
                "-" if r.gap is None else f"{r.gap:.4g}",
                "yes" if r.symmetric else "no",
                "yes" if r.bounded else "no",
                f"{r.start:.3g}",
            )
            for r in rows
        ],
    )
    click.echo()
    click.echo(f"recommended: {chosen or 'none'}")
    click.echo(f"because: {why}")
    return ExitCode.HOLDS if chosen else ExitCode.UNDECIDED
