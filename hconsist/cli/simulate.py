"""``hconsist simulate``: a study, its table, its figure and its verdict."""

from __future__ import annotations

import csv
import json
import math
from pathlib import Path
from typing import TYPE_CHECKING

import click

from hconsist.cli import COMMANDS
from hconsist.cli.app import ExitCode
from hconsist.cli.cluster import on_cluster, scheduler_option
from hconsist.cli.completion import studies
from hconsist.cli.limits import keeps, time_budget_option
from hconsist.cli.options import jobs_option
from hconsist.cli.output import atomic_file, progress
from hconsist.errors import InvalidInputError

if TYPE_CHECKING:
    from hconsist.simulate.results import Row

_CODES = {
    "holds": ExitCode.HOLDS,
    "violated": ExitCode.VIOLATED,
    "undecided": ExitCode.UNDECIDED,
    "measured": ExitCode.HOLDS,
}
#: Violations told on the terminal; the file has them all.
_SHOWN = 5


@click.command("simulate", short_help=COMMANDS["simulate"])
@click.argument("name", metavar="[STUDY]", required=False, shell_complete=studies)
@click.option("--list", "listing", is_flag=True, help="List the studies.")
@click.option("--quick", is_flag=True, help="A small version, in seconds.")
@click.option(
    "--device",
    type=click.Choice(("cpu", "cuda")),
    default="cpu",
    show_default=True,
    help="Where training runs.",
)
@jobs_option
@scheduler_option
@click.option(
    "--seed",
    default=0,
    show_default=True,
    metavar="S",
    type=click.IntRange(min=0),
    help="Same seed, same result.",
)
@click.option(
    "--features",
    type=click.Path(path_type=Path),
    metavar="X.npy",
    help="Of a study that reads data: features (N, d), with --labels.",
)
@click.option(
    "--labels", type=click.Path(path_type=Path), metavar="y.npy", help="One label a row of X.npy."
)
@click.option(
    "--data",
    multiple=True,
    metavar="NAME",
    help="A set of scikit-learn: digits, wine, breast_cancer. May be repeated.",
)
@click.option("--cell", type=int, metavar="C", help="Only this cell of the study.")
@click.option(
    "--where",
    multiple=True,
    metavar="KEY=VALUE",
    help="Only the cells with this value, say design=paper. May be repeated.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(("csv", "netcdf")),
    default="csv",
    show_default=True,
    help="netcdf: STUDY.nc beside STUDY.csv (needs hconsist[data]).",
)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Folder for the table and the figure.",
)
@time_budget_option(math.inf)
def command(
    name: str | None,
    listing: bool,
    quick: bool,
    device: str,
    jobs: int,
    scheduler: str | None,
    seed: int,
    features: Path | None,
    labels: Path | None,
    data: tuple[str, ...],
    cell: int | None,
    where: tuple[str, ...],
    form: str,
    output: Path | None,
) -> ExitCode:
    """Run a study; DIR receives STUDY.csv, STUDY.json and STUDY.svg.

    Interrupted, it resumes where it was when run again with the same options. Exits 1 when a bound
    is violated (each violation is written with its distribution and a command that reproduces it),
    3 when undecided.
    """
    from hconsist.simulate.results import netcdf, require_xarray
    from hconsist.studies import STUDIES, draw, reproduce, run_study, study, unconverged

    if listing:
        from hconsist.cli.output import print_table

        print_table(("STUDY", "ASKS"), [(e.name, e.summary) for e in STUDIES.values()])
        return ExitCode.HOLDS
    if name is None or output is None:
        raise click.UsageError("Name a study and a folder: simulate STUDY -o DIR (see --list)")
    chosen = study(name)
    if form == "netcdf":
        require_xarray()
    _folder(output)
    checkpoint = output / f".{name}.partial.jsonl"
    keeps(f"{output} keeps the cells that were finished: the same command goes on from there")
    with on_cluster(scheduler, jobs) as n_jobs:
        rows = run_study(
            name,
            quick=quick,
            seed=seed,
            device=device,
            jobs=n_jobs,
            only=cell,
            where=_pairs(where),
            checkpoint=checkpoint,
            data={"data": data, "features": features, "labels": labels},
            progress=lambda done, total, what: progress(
                f"{done}/{total}  {', '.join(f'{k}={v}' for k, v in what.items())}"
            ),
        )
    found = chosen.verdict(rows)
    violations = [
        {**v, "reproduce": reproduce(name, v["cell"], seed, quick)} for v in found.violations
    ]
    from hconsist.plots import save

    with atomic_file(output / f"{name}.svg") as temporary:
        save(draw(name, rows), temporary)
    with atomic_file(output / f"{name}.csv") as temporary:
        _write_table(temporary, rows)
    if form == "netcdf":
        about = {
            "study": name,
            "seed": seed,
            "quick": int(quick),
            "status": found.status,
            "summary": "\n".join(found.summary),
        }
        with atomic_file(output / f"{name}.nc") as temporary:
            temporary.write_bytes(netcdf(rows, about))
    with atomic_file(output / f"{name}.json") as temporary:
        report = {
            "study": name,
            "seed": seed,
            "quick": quick,
            "rows": len(rows),
            "unconverged": unconverged(rows),
            "status": found.status,
            "summary": list(found.summary),
            "violations": violations,
        }
        temporary.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    checkpoint.unlink(missing_ok=True)
    click.echo(f"{name}: {found.status}")
    for line in found.summary:
        click.echo(f"  {line}")
    if missed := unconverged(rows):
        click.echo(
            f"  {missed} fits ended with a gradient above their tolerance: see the column "
            "unconverged"
        )
    for v in violations[:_SHOWN]:
        click.echo(f"  violated: {json.dumps(v)}")
    suffixes = ("csv", "json", "svg", "nc") if form == "netcdf" else ("csv", "json", "svg")
    progress(f"wrote {', '.join(str(output / f'{name}.{suffix}') for suffix in suffixes)}")
    return _CODES[found.status]


def _pairs(given: tuple[str, ...]) -> dict[str, str]:
    """KEY=VALUE, each key once."""
    pairs: dict[str, str] = {}
    for text in given:
        key, sign, value = text.partition("=")
        if not (key and sign and value) or key in pairs:
            raise InvalidInputError(
                "--where takes KEY=VALUE, each key once", text, "write --where design=paper"
            )
        pairs[key] = value
    return pairs


def _folder(path: Path) -> None:
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as problem:
        raise InvalidInputError(
            "the output must be a folder that can be made", str(path), str(problem.strerror)
        ) from None


def _write_table(path: Path, rows: list[Row]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, fieldnames=list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
