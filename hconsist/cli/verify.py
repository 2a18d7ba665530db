"""``hconsist verify``: the theorem catalogue against the engines."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING

import click

from hconsist.cli import COMMANDS
from hconsist.cli.app import ExitCode
from hconsist.cli.cluster import on_cluster, scheduler_option
from hconsist.cli.completion import statements
from hconsist.cli.limits import time_budget_option
from hconsist.cli.options import ENGINES, jobs_option, json_option
from hconsist.cli.output import (
    atomic_file,
    check_output,
    print_json,
    print_table,
    progress,
    write_json,
)

if TYPE_CHECKING:
    from hconsist.engines import EngineName
    from hconsist.theorems import Theorem
    from hconsist.verify import Verification

_CODES = {"holds": ExitCode.HOLDS, "violated": ExitCode.VIOLATED, "undecided": ExitCode.UNDECIDED}


@click.command("verify", short_help=COMMANDS["verify"])
@click.argument("ids", metavar="[ID|FILE.toml]...", nargs=-1, shell_complete=statements)
@click.option("--all", "everything", is_flag=True, help="Verify the whole catalogue.")
@click.option("--list", "listing", is_flag=True, help="List the statements and verify nothing.")
@click.option(
    "--engine",
    "engines",
    type=click.Choice(ENGINES),
    multiple=True,
    help="Ask this engine only (repeatable).",
)
@jobs_option
@scheduler_option
@click.option(
    "--certificates",
    metavar="DIR",
    type=click.Path(path_type=Path, file_okay=False),
    help="Write certificates of what the statements say about T, as far as the checker's rules "
    "reach, and verify nothing else.",
)
@click.option("--markdown", is_flag=True, help="Print the table as Markdown.")
@click.option(
    "--report",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Write the claims with verdicts, pictures and evidence: FILE.html, FILE.md or FILE.tex.",
)
@json_option
@time_budget_option(math.inf)
def command(
    ids: tuple[str, ...],
    everything: bool,
    listing: bool,
    engines: tuple[EngineName, ...],
    jobs: int,
    scheduler: str | None,
    certificates: Path | None,
    markdown: bool,
    report: Path | None,
    as_json: bool,
) -> ExitCode:
    """Re-run the verdict on published statements: name some, or --all; or check the claims of a
    paper's file.

    Each statement is checked by every engine that can speak: claims that are tight must hold with
    equality, valid ones as inequalities; what is not tight, false, or fails as printed must be
    contradicted on every instance. Exits 1 when a verdict
    is not reproduced, 3 when one stays undecided.
    """
    from hconsist.theorems import catalogue

    if report is not None:
        check_output(report, (".html", ".md", ".tex"))
    known = catalogue() if listing or everything else {}
    if listing:
        _print_list(_named(ids) if ids else list(known.values()), as_json)
        return ExitCode.HOLDS
    if everything == bool(ids):
        raise click.UsageError("Name statements or a file, or pass --all (and see --list)")
    chosen = list(known.values()) if everything else _named(ids)
    if certificates is not None:
        return _certify(chosen, certificates, as_json)
    found = _run(chosen, engines or ENGINES, jobs, scheduler)
    order = {t.id: i for i, t in enumerate(chosen)}
    found.sort(key=lambda v: order[v.theorem.id])
    if report is not None:
        _write_report(found, report)
    if as_json:
        print_json([v.as_dict() for v in found])
    elif markdown:
        from hconsist.verify import markdown_table

        click.echo(markdown_table(found))
    else:
        print_table(
            ("STATEMENT", "CLAIM", "VERDICT", "BY", "MARGIN", "SECONDS"),
            [
                (
                    v.theorem.id,
                    v.theorem.claim + (" (new)" if v.theorem.new else ""),
                    v.status,
                    ", ".join(v.engines) or "-",
                    "-" if v.margin is None else f"{v.margin:.2g}",
                    f"{v.seconds:.1f}",
                )
                for v in found
            ],
        )
        for v in found:
            if v.status != "holds":
                for check in v.checks:
                    if check.outcome != "confirmed":
                        progress(
                            f"{v.theorem.id}: {check.engine}, {check.problem}: {check.outcome} "
                            f"({check.detail})"
                        )
    worst = "violated" if any(v.status == "violated" for v in found) else None
    worst = worst or ("undecided" if any(v.status == "undecided" for v in found) else "holds")
    return _CODES[worst]


def _write_report(found: list[Verification], report: Path) -> None:
    """The report, after the images that it shows."""
    from hconsist.cli.pictures import picture
    from hconsist.verify.report import report as written

    text, images = written(found, report, picture)
    for name, image in images.items():
        with atomic_file(report.with_name(name)) as temporary:
            temporary.write_bytes(image)
    with atomic_file(report) as temporary:
        temporary.write_text(text, encoding="utf-8")


def _named(names: tuple[str, ...]) -> list[Theorem]:
    """Statements by id, and those of papers' files; a file's are called PAPER/id."""
    import dataclasses

    from hconsist.theorems import read_paper, theorem

    chosen = []
    for name in names:
        if name.endswith(".toml"):
            path = Path(name)
            for entry in read_paper(path):
                chosen.append(dataclasses.replace(entry, id=f"{path.stem}/{entry.id}"))
        else:
            chosen.append(theorem(name))
    return chosen


def _run(
    chosen: list[Theorem], engines: tuple[EngineName, ...], jobs: int, scheduler: str | None
) -> list[Verification]:
    """Every verification, with a progress line each on stderr; on a Dask cluster when an address is
    given.
    """
    from hconsist.verify import verify_all

    found = []
    with on_cluster(scheduler, jobs) as n_jobs:
        for result in verify_all(chosen, engines, n_jobs=n_jobs):
            found.append(result)
            progress(f"[{len(found)}/{len(chosen)}] {result.theorem.id}: {result.status}")
    return found


def _certify(chosen: list[Theorem], folder: Path, as_json: bool) -> ExitCode:
    """A certificate file for every instance of every statement that certificates cover; files that
    check are kept.
    """
    from hconsist.certificates import certify, read, statement
    from hconsist.checker import Rejected, check
    from hconsist.errors import EngineCannotAnswerError
    from hconsist.verify import claims, describe

    folder.mkdir(parents=True, exist_ok=True)
    rows, left, codes = [], 0, {ExitCode.HOLDS}
    for entry in chosen:
        for k, (problem, relation, claim, expected) in enumerate(claims(entry)):
            file = folder / f"{entry.id}-{k}.json"
            try:
                made = read(file) if file.exists() else None
                if (
                    made is None
                    or made.get("statement") != statement(problem, relation, claim)
                    or check(made) != expected
                ):
                    made = certify(problem, relation, claim)
                    write_json(file, made, indent=1)
            except EngineCannotAnswerError:
                left += 1
                continue
            except Rejected:
                raise click.UsageError(
                    f"{file} is not a certificate that checks: remove it"
                ) from None
            verdict = made["verdict"]
            codes.add(
                ExitCode.HOLDS
                if verdict == expected
                else _CODES["undecided" if verdict == "undecided" else "violated"]
            )
            rows.append(
                (
                    entry.id,
                    describe(problem),
                    verdict,
                    expected,
                    ", ".join(made["lemmas"]),
                    file.name,
                )
            )
            progress(f"{entry.id}, {describe(problem)}: {verdict}")
    heads = ("STATEMENT", "PROBLEM", "CERTIFICATE", "CATALOGUE", "RESTS ON", "FILE")
    if as_json:
        print_json([dict(zip((h.lower() for h in heads), row, strict=True)) for row in rows])
    else:
        print_table(heads, rows)
        progress(
            f"{len(rows)} certificates in {folder}; {left} claims about T are beyond the "
            "checker's rules"
        )
    return max(codes, key=[ExitCode.HOLDS, ExitCode.UNDECIDED, ExitCode.VIOLATED].index)


def _print_list(entries: list[Theorem], as_json: bool) -> None:
    if as_json:
        print_json(
            [
                {
                    "id": t.id, "paper": t.paper, "locator": t.locator, "statement": t.statement,
                    "relation": t.relation, "claim": t.claim, "new": t.new, "quoted": t.quoted,
                    "conditions": t.conditions, "note": t.note,
                }
                for t in entries
            ]
        )  # fmt: skip
        return
    print_table(
        ("STATEMENT", "CLAIM", "RELATION", "SOURCE"),
        [
            (t.id, t.claim + (" (new)" if t.new else ""), t.relation, f"{t.paper}; {t.locator}")
            for t in entries
        ],
    )
