"""What commands print and write: JSON, columns, progress, and files that appear whole or not at
all.
"""

from __future__ import annotations

import json
import math
import os
import shutil
import sys
import textwrap
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import groupby, zip_longest
from pathlib import Path
from typing import TYPE_CHECKING

import click

from hconsist.cli.app import ExitCode
from hconsist.cli.failures import SCHEMA
from hconsist.errors import InvalidInputError

if TYPE_CHECKING:
    from hconsist.bounds import Bound
    from hconsist.pointwise import Answer, PointwiseProblem


#: A column of a table is not wrapped to less.
_NARROWEST = 12


def print_json(value: object) -> None:
    """One JSON document on stdout, with the version of its schema when it is an object; non-finite
    numbers are refused, since JSON has none.
    """
    if isinstance(value, dict):
        value = {"schema": SCHEMA, **value}
    click.echo(json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False))


def print_answer(
    answer: Answer,
    name: str,
    as_json: bool,
    problem: PointwiseProblem,
    note: str = "",
    **given: str,
) -> ExitCode:
    """An answer to what was given with a problem, and what the program exits with for it."""
    shown = answer.as_dict()
    shown["inputs"] = {
        **given,
        "n_classes": problem.n_classes,
        "hypotheses": str(problem.hypotheses),
        "target": str(problem.target),
    }
    if note:
        shown["note"] = note
    known = answer.estimate is not None and math.isfinite(answer.estimate)
    if not known:
        shown["estimate"] = None
    if as_json:
        print_json(shown)
    else:
        fields = [(name, str(shown["estimate"]) if known else "unknown")]
        if answer.lower is not None or answer.upper is not None:
            fields.append(("proven", f"between {shown['lower']} and {shown['upper']}"))
        if answer.witness is not None:
            fields.append(
                (
                    "witness",
                    "\n".join(
                        f"{key} = {_compact(value)}"
                        for key, value in answer.witness.as_dict().items()
                    ),
                )
            )
        fields.append(("engine", answer.engine))
        if note:
            fields.append(("note", note))
        if answer.assumptions:
            fields.append(("assumes", "\n".join(answer.assumptions)))
        if answer.reason:
            fields.append(("undecided", answer.reason))
        print_fields(fields)
    return ExitCode.HOLDS if known and not answer.reason else ExitCode.UNDECIDED


def at_zero(bound: Bound) -> str:
    """What to know of a bound that does not vanish with the surrogate excess; empty where it does.

    An estimated bound counts as vanishing below 0.001.
    """
    answer = bound.bound(0)
    value = answer.lower if answer.lower is not None else answer.estimate
    if value is None or not value > (0 if answer.lower is not None else 1e-3):
        return ""
    most = bound.problem.decision.max_regret
    if value >= most:
        word = "" if answer.lower is not None else " by this estimate"
        return f"T = 0{word}: no bound exists, a surrogate excess of 0 allows any target excess"
    from hconsist.arithmetic.shown import digits_down

    word = "" if answer.lower is not None else "about "
    return (
        f"this bound does not vanish: a surrogate excess of 0 still allows a target excess of "
        f"{word}{digits_down(value, 6)}"
    )


def _compact(value: object) -> str:
    """A value for the eye: long lists with runs of equal entries counted, ``0 (x998)``; JSON has
    them in full.
    """
    if not isinstance(value, list):
        return str(value)
    runs = [(entry, len(list(same))) for entry, same in groupby(value)]
    return ", ".join(
        f"{entry} (x{count})" if count > 2 else ", ".join([str(entry)] * count)
        for entry, count in runs
    )


def progress(message: str) -> None:
    """One line on stderr."""
    click.echo(message, err=True)


def print_fields(fields: Iterable[tuple[str, str]]) -> None:
    """Aligned ``name  value`` lines; the further lines of a value are indented under its first."""
    rows = list(fields)
    width = max(len(name) for name, _ in rows) + 2
    for name, value in rows:
        first, *rest = value.splitlines() or [""]
        click.echo(f"{name:{width}}{first}".rstrip())
        for line in rest:
            click.echo(f"{'':{width}}{line}".rstrip())


def print_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Left-aligned columns under a header; where they are wider than the terminal, or than COLUMNS
    says, the widest are wrapped.
    """
    widths = [max(len(row[i]) for row in [header, *rows]) for i in range(len(header))]
    room = columns() - 2 * (len(widths) - 1)
    while sum(widths) > room and max(widths) > _NARROWEST:
        widths[widths.index(max(widths))] -= 1
    for row in [header, *rows]:
        cells = [_wrapped(cell, width) for cell, width in zip(row, widths, strict=True)]
        for line in zip_longest(*cells, fillvalue=""):
            shown = (f"{cell:{width}}" for cell, width in zip(line, widths, strict=True))
            click.echo("  ".join(shown).rstrip())


def _wrapped(cell: str, width: int) -> list[str]:
    return [cell] if len(cell) <= width else textwrap.wrap(cell, width)


def columns() -> float:
    """How wide a table may be: what COLUMNS says, else the terminal's width; no limit where stdout
    is a file or a pipe.
    """
    said = os.environ.get("COLUMNS", "")
    if said.isascii() and said.isdecimal() and int(said) > 0:
        return int(said)
    on_terminal = sys.stdout is not None and sys.stdout.isatty()
    return shutil.get_terminal_size().columns if on_terminal else math.inf


def check_output(path: Path, suffixes: Sequence[str]) -> None:
    """Refuse a file that could not be written, before any work starts.

    Raises
    ------
    InvalidInputError
        For an unknown suffix, a missing or read-only directory, or a directory in the file's place.
    """
    if path.suffix.lower() not in suffixes:
        raise InvalidInputError(
            f"the output file must end in {', '.join(suffixes)}",
            str(path),
            f"write it as {path.stem}{suffixes[0]}",
        )
    folder = path.parent
    if not folder.is_dir():
        raise InvalidInputError(
            "the output folder must exist", str(folder), "create it first, or write elsewhere"
        )
    if path.is_dir():
        raise InvalidInputError(
            "the output must be a file", str(path), "it is a folder: add a file name"
        )
    import tempfile

    try:
        handle, name = tempfile.mkstemp(prefix=f".{path.stem}-", dir=folder)
        os.close(handle)
        os.unlink(name)
    except OSError as problem:
        raise InvalidInputError(
            "the output folder must be writable",
            str(folder),
            f"{problem.strerror}: write elsewhere",
        ) from problem
    if path.exists() and not os.access(path, os.W_OK):
        raise InvalidInputError(
            "the output must not be write-protected",
            str(path),
            "change its permissions, or its name",
        )


@contextmanager
def atomic_file(path: Path) -> Iterator[Path]:
    """A temporary path beside ``path`` that takes its name when the block ends well, and vanishes
    when it does not; what programs left that were killed on the way goes too.
    """
    import glob
    import tempfile

    own = f".{path.stem}-{_host()}-"
    for left in path.parent.glob(f"{glob.escape(own)}*{glob.escape(path.suffix)}"):
        process = left.name[len(own) :].partition("-")[0]
        if process.isdecimal() and not _runs(int(process)):
            left.unlink(missing_ok=True)
    handle, name = tempfile.mkstemp(
        prefix=f"{own}{os.getpid()}-", suffix=path.suffix, dir=path.parent
    )
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        mask = os.umask(0)
        os.umask(mask)
        temporary.chmod(0o666 & ~mask)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def _host() -> str:
    """A short word for this machine: a process number says nothing about another one's."""
    import hashlib
    import platform

    return hashlib.sha256(platform.node().encode()).hexdigest()[:8]


def _runs(process: int) -> bool:
    """Whether a process of this machine is alive, as far as can be told."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):
        return True
    return True


def write_json(path: Path, value: object, indent: int | None = None) -> None:
    """A JSON file, whole or not at all."""
    with atomic_file(path) as temporary:
        temporary.write_text(json.dumps(value, indent=indent) + "\n", encoding="utf-8")
