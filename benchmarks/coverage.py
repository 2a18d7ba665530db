"""Which questions which engine answers: catalogue losses x n = 2, 3, 10 x complete, bounded:1 x
zero-one, top-k:2, at target regret 0.3, in five seconds of computing a cell.

Each cell is a process of its own, which the system stops when its seconds are over. It counts as
answered where there is a value (an estimate; for the rigorous engine an enclosure no wider than
1e-6), or where the answer says why there is none by mathematics: T is undefined. Everything else is
kept with its reason.
"""

from __future__ import annotations

import json
import multiprocessing
import resource
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path
from statistics import median
from typing import Any

BETA = "3/10"
CLASSES = (2, 3, 10)
HYPOTHESES = ("complete", "bounded:1")
TARGETS = ("zero-one", "top-k:2")
#: Seconds of computing of a cell, and of waiting for one on a busy machine.
SECONDS, PATIENCE = 5, 60
#: An enclosure no wider than this is a value.
WIDTH = 1e-6
#: What a cell's process need not load itself.
PRELOADED = [f"hconsist.engines.{name}" for name in ("numeric", "symbolic", "rigorous")]
#: What the words of a reason say where mathematics leaves no value.
UNDEFINED = ("unbounded below", "no regret exists", "no prediction has that target regret")


@dataclass(frozen=True)
class Cell:
    """One question to one engine."""

    engine: str
    loss: str
    n: int
    hypotheses: str
    target: str


@dataclass(frozen=True)
class Result:
    """What came back: ``status`` is value, undefined, undecided, refused, timeout or error."""

    cell: Cell
    status: str
    seconds: float
    value: float | None = None
    lower: float | None = None
    upper: float | None = None
    reason: str = ""

    @property
    def answered(self) -> bool:
        return self.status in ("value", "undefined")


def cells(engines: Iterable[str], losses: Sequence[str] | None = None) -> Iterator[Cell]:
    """The matrix, but for the questions that make no sense: a binary loss of more labels, or as
    many predictions as labels.
    """
    from hconsist.errors import InvalidInputError
    from hconsist.losses import CATALOGUE
    from hconsist.pointwise import PointwiseProblem

    for engine in engines:
        for spec in losses or [entry.spec for entry in CATALOGUE.values()]:
            for n in CLASSES:
                for hypotheses in HYPOTHESES:
                    for target in TARGETS:
                        try:
                            PointwiseProblem(spec, target, hypotheses, n)
                        except InvalidInputError:
                            continue
                        yield Cell(engine, spec, n, hypotheses, target)


def answer(cell: Cell) -> Result:
    """Ask, in this process."""
    from hconsist.engines import transform
    from hconsist.errors import HconsistError
    from hconsist.pointwise import PointwiseProblem

    problem = PointwiseProblem(cell.loss, cell.target, cell.hypotheses, cell.n)
    options: dict[str, Any] = {"time_budget": SECONDS - 1.0} if cell.engine == "rigorous" else {}
    start = time.process_time()
    try:
        found = transform(problem, BETA, engine=cell.engine, **options)  # type: ignore[arg-type]
    except HconsistError as refused:
        return Result(cell, "refused", time.process_time() - start, reason=str(refused))
    except Exception as failed:
        word = f"{type(failed).__name__}: {failed}"
        return Result(cell, "error", time.process_time() - start, reason=word)
    seconds = time.process_time() - start
    proven = {k: None if v is None else float(v) for k, v in
              (("lower", found.lower), ("upper", found.upper))}  # fmt: skip
    wide = found.width is None or found.width > WIDTH
    if any(word in found.reason for word in UNDEFINED):
        status = "undefined"
    elif found.estimate is None or (cell.engine == "rigorous" and wide):
        status = "undecided"
    else:
        status = "value"
    return Result(cell, status, seconds, found.estimate, reason=found.reason, **proven)


def _child(cell: Cell, pipe: Connection) -> None:
    resource.setrlimit(resource.RLIMIT_CPU, (_used() + SECONDS + 1, _used() + SECONDS + 2))
    pipe.send(answer(cell))


def _used() -> int:
    return int(time.process_time())


def ask(cell: Cell, context: Any) -> Result:
    """Ask in a process of its own, which ends with its seconds."""
    here, there = context.Pipe(duplex=False)
    process = context.Process(target=_child, args=(cell, there))
    start = time.monotonic()
    process.start()
    there.close()
    try:
        result: Result = here.recv() if here.poll(PATIENCE) else _late(cell, start)
    except EOFError:  # stopped by the system
        result = _late(cell, start)
    process.join(1.0)  # it has answered, or its seconds are over
    if process.is_alive():
        process.kill()
        process.join()
    if result.seconds > SECONDS:
        result = _late(cell, start)
    return result


def _late(cell: Cell, start: float) -> Result:
    waited = time.monotonic() - start
    word = f"no answer in {SECONDS} s of computing ({waited:.0f} s of waiting)"
    return Result(cell, "timeout", float(SECONDS), reason=word)


def measure(asked: Sequence[Cell], jobs: int = 1) -> list[Result]:
    """Every cell; the seconds are of computing, so that ``jobs`` at a time do not count twice."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["benchmarks.coverage", *PRELOADED])
    done: list[Result] = []
    with ThreadPoolExecutor(jobs) as pool:
        for i, result in enumerate(pool.map(partial(ask, context=context), asked)):
            done.append(result)
            print(f"\r{i + 1}/{len(asked)}", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    return done


def as_markdown(results: Sequence[Result]) -> str:
    """The share answered of each engine, where it is lower, and every cell left, with its reason.

    >>> cell = Cell("numeric", "mae", 3, "complete", "zero-one")
    >>> print(as_markdown([Result(cell, "value", 0.1, 0.1)]).splitlines()[2])
    | numeric | 1 | 100.0 % | 0 | 0 | 0 | 0 | 0 | 0.10 s | 0.1 s |
    """
    lines = [
        "| engine | cells | answered | of these undefined | undecided | refused | timeouts "
        "| errors | median | slowest |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    engines = list(dict.fromkeys(r.cell.engine for r in results))
    for engine in engines:
        mine = [r for r in results if r.cell.engine == engine]
        counts = {s: sum(r.status == s for r in mine) for s in
                  ("undefined", "undecided", "refused", "timeout", "error")}  # fmt: skip
        share = 100 * sum(r.answered for r in mine) / len(mine)
        seconds = [r.seconds for r in mine]
        lines.append(
            f"| {engine} | {len(mine)} | {share:.1f} % | "
            + " | ".join(map(str, counts.values()))
            + f" | {median(seconds):.2f} s | {max(seconds):.1f} s |"
        )
    lines += ["", "| part | " + " | ".join(engines) + " |", "|---" * (len(engines) + 1) + "|"]
    for field, values in (("n", CLASSES), ("hypotheses", HYPOTHESES), ("target", TARGETS)):
        for value in values:
            row = []
            for engine in engines:
                part = [r for r in results
                        if r.cell.engine == engine and getattr(r.cell, field) == value]  # fmt: skip
                row.append(f"{100 * sum(r.answered for r in part) / len(part):.1f} %" if part
                           else "")  # fmt: skip
            lines.append(f"| {field if field == 'n' else ''} {value} | " + " | ".join(row) + " |")
    left = [r for r in results if not r.answered]
    if left:
        lines += [
            "",
            "| engine | loss | n | hypotheses | target | why |",
            "|---|---|---|---|---|---|",
        ]
        for r in left:
            why = " ".join(r.reason.replace("|", "\\|").split())
            lines.append(
                f"| {r.cell.engine} | {r.cell.loss} | {r.cell.n} | {r.cell.hypotheses} | "
                f"{r.cell.target} | {r.status}: {why} |"
            )
    return "\n".join([*lines, "", *_contained(results)])


def _contained(results: Sequence[Result]) -> list[str]:
    """How many estimates lie in the proven bounds of their cell, and those that do not."""
    proven = {_key(r.cell) for r in results if r.lower is not None and r.upper is not None}
    both = sum(r.value is not None and r.cell.engine == "numeric" and _key(r.cell) in proven
               for r in results)  # fmt: skip
    outside = list(_pairs(results))
    inside = f"Estimates beside proven bounds: {both} cells, {len(outside)} of them outside."
    return [inside, "", *outside] if outside else [inside]


#: A letter for each engine in the table of the page.
LETTERS = {"numeric": "n", "symbolic": "s", "rigorous": "r"}


def as_page(results: Sequence[Result]) -> str:
    """A page of the documentation: the shares, then a letter for every engine that answers.

    >>> cell = Cell("numeric", "mae", 3, "complete", "zero-one")
    >>> "| `mae` |" in as_page([Result(cell, "value", 0.1, 0.1)])
    True
    """
    table = as_markdown(results).split("\n\n")
    columns = [
        (n, h, t) for n in CLASSES for h in HYPOTHESES for t in TARGETS if n > 2 or t == "zero-one"
    ]
    lines = [
        "# What is answered",
        "",
        "Every loss of the catalogue at target regret 0.3, five seconds of computing a question:",
        "an estimate (n), a closed form (s), an enclosure no wider than 1e-6 (r); u: T is",
        "undefined, as an engine says; a dot: no engine answers; an empty cell: no such question.",
        "The columns: labels, hypotheses (all, or scores in [-1, 1]), target. Made by",
        "`python -m benchmarks coverage --page docs/coverage.md`; `-o cells.json` keeps the reason",
        "of every refusal.",
        "",
        table[0],
        "",
        table[1],
        "",
        *_contained(results),
        "",
        "| loss | "
        + " | ".join(f"{n}, {'B = 1, ' if 'b' in h else ''}{t}" for n, h, t in columns)
        + " |",
        "|---" * (len(columns) + 1) + "|",
    ]
    found: dict[tuple[str, int, str, str], str] = {}
    for r in results:
        letter = LETTERS[r.cell.engine] if r.status == "value" else "u" if r.answered else ""
        found[_key(r.cell)] = found.get(_key(r.cell), "") + letter
    for loss in dict.fromkeys(r.cell.loss for r in results):
        row = [found.get((loss, *column)) for column in columns]
        shown = [
            "" if letters is None else "".join(dict.fromkeys(letters)) or "." for letters in row
        ]
        lines.append(f"| `{loss}` | " + " | ".join(shown) + " |")
    return "\n".join(lines) + "\n"


def read(file: Path) -> list[Result]:
    """The results of an earlier run."""
    found = []
    for row in json.loads(file.read_text())["cells"]:
        names = ("engine", "loss", "n", "hypotheses", "target")
        rest = {k: v for k, v in row.items() if k not in names}
        found.append(Result(Cell(*(row[k] for k in names)), **rest))
    return found


def _key(cell: Cell) -> tuple[str, int, str, str]:
    return cell.loss, cell.n, cell.hypotheses, cell.target


def _pairs(results: Sequence[Result]) -> Iterator[str]:
    """Answers of one engine that the proven bounds of another exclude: estimates, or bounds of its
    own that do not meet them.
    """
    for proven in results:
        if proven.lower is None or proven.upper is None:
            continue
        key = _key(proven.cell)
        for other in results:
            if (
                key != _key(other.cell)
                or other.value is None
                or other.cell.engine == proven.cell.engine
            ):
                continue
            low = other.value if other.lower is None else other.lower
            high = other.value if other.upper is None else other.upper
            slack = 1e-9 * (1 + abs(other.value))
            if not (proven.lower - slack <= high and low <= proven.upper + slack):
                yield (
                    f"- {' '.join(map(str, key))}: {other.cell.engine} {other.value!r}, "
                    f"{proven.cell.engine} [{proven.lower!r}, {proven.upper!r}]"
                )


def main(
    engines: Sequence[str],
    out: Path | None,
    losses: Sequence[str] | None,
    jobs: int,
    joined: Sequence[Path] = (),
    page: Path | None = None,
) -> int:
    """Measure, or read what was measured, print the table, and keep the JSON and the page; 1 where
    two engines contradict each other.
    """
    results = [r for file in joined for r in read(file)]
    if not joined:
        results = measure(list(cells(engines, losses)), jobs)
    if page is not None:
        page.write_text(as_page(results))
    if out is not None:
        rows = [{**asdict(r.cell), **{k: v for k, v in asdict(r).items() if k != "cell"}}
                for r in results]  # fmt: skip
        out.write_text(
            json.dumps({"beta": BETA, "seconds": SECONDS, "cells": rows}, indent=1) + "\n"
        )
    print(as_markdown(results))
    return int(any(_pairs(results)))
