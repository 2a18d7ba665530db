"""A study is a list of independent cells, each a table of rows; running one loses nothing that was
finished.

Cells get their random numbers from the seed and their own number alone: neither the order of work,
nor the number of processes, nor an interruption changes a result.
"""

from __future__ import annotations

import hashlib
import importlib
import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np

from hconsist.errors import InvalidInputError, UnknownNameError
from hconsist.simulate.backend import Backend

Row = dict[str, Any]
Cell = dict[str, Any]

#: Every study, with what it asks.
STUDIES: Mapping[str, str] = {
    "bounds": "Target excess against surrogate excess of many (distribution, h), below every "
    "bound curve?",
    "tau": "Bound, gap and error across tau: which tau would the theory choose, which wins?",
    "noise": "Does the excess error follow the exponents predicted under Massart and Tsybakov "
    "noise?",
    "nb-vs-lr": "Samples that naive Bayes and logistic regression need as the dimension grows.",
    "ldr": "LDR losses against cross-entropy, GCE, SCE and MAE under label noise.",
    "ensloss": "Random calibrated loss-derivatives against fixed losses.",
    "adversarial": "Robust error of linear rules: plain, worst-margin and smooth adversarial "
    "training.",
    "two-gaussians": "Error against d/m, and what unlabeled points in and out of the domain add.",
    "large-steps": "Does logistic gradient descent with growing steps tend to the batch "
    "perceptron?",
}


@dataclass(frozen=True)
class Verdict:
    """What a study found.

    Parameters
    ----------
    status : {"holds", "violated", "undecided", "measured"}
        "measured" where the study claims nothing beforehand.
    summary : tuple of str
        A few lines for people.
    violations : tuple of dict
        Each with its cell, its distribution, and what was measured.
    """

    status: Literal["holds", "violated", "undecided", "measured"]
    summary: tuple[str, ...]
    violations: tuple[Row, ...] = field(default=())


@dataclass(frozen=True)
class Study:
    """A study by name: what `STUDIES` promises, found in the module of that name in
    `hconsist.simulate.studies`.

    Parameters
    ----------
    name : str
    cells : callable
        ``quick`` to the list of cells, each a JSON-ready dict.
    run : callable
        (cell, random generator, backend) to rows, JSON-ready dicts with the same keys.
    verdict : callable
        All rows to a `Verdict`.
    """

    name: str
    cells: Callable[[bool], list[Cell]]
    run: Callable[[Cell, np.random.Generator, Backend], list[Row]]
    verdict: Callable[[Sequence[Row]], Verdict]


def study(name: str) -> Study:
    """The study of a name.

    Raises
    ------
    UnknownNameError

    Examples
    --------
    >>> study("bounds").name
    'bounds'
    """
    if name not in STUDIES:
        raise UnknownNameError("study", name, STUDIES)
    module = importlib.import_module(f"hconsist.simulate.studies.{name.replace('-', '_')}")
    return Study(name, module.cells, module.run, module.verdict)


def reproduce(name: str, cell: int, seed: int, quick: bool) -> str:
    """The command that repeats one cell.

    >>> reproduce("bounds", 3, 0, quick=True)
    'hconsist simulate bounds --quick --seed 0 --cell 3 -o cell-3'
    """
    return (
        f"hconsist simulate {name} {'--quick ' if quick else ''}--seed {seed} --cell {cell} -o "
        f"cell-{cell}"
    )


def run_cell(name: str, cell: Cell, number: int, seed: int, device: str = "cpu") -> list[Row]:
    """The rows of one cell, each with the cell's number first; the same wherever and whenever it
    runs.
    """
    random = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(number,)))
    rows = study(name).run(cell, random, Backend.on(device))
    return [{"cell": number, **row} for row in rows]


def run_study(
    name: str,
    *,
    quick: bool = False,
    seed: int = 0,
    device: str = "cpu",
    jobs: int = 1,
    only: int | None = None,
    checkpoint: Path | None = None,
    progress: Callable[[int, int, Cell], None] | None = None,
) -> list[Row]:
    """All rows of a study, in the order of its cells.

    Parameters
    ----------
    name : str
    quick : bool
        A small version of the study, for a first look and for tests.
    seed : int
        At least 0.
    device : {"cpu", "cuda"}
    jobs : int
        Processes; -1 for all cores.
    only : int, optional
        One cell alone.
    checkpoint : path, optional
        A file that finished cells are appended to, and read back from.
    progress : callable, optional
        Called with the number of finished cells, of all cells, and the cell that was finished.

    Raises
    ------
    InvalidInputError
        For a bad seed or cell, or a checkpoint of another run.

    Examples
    --------
    >>> rows = run_study("bounds", quick=True, only=0)
    >>> rows[0]["cell"]
    0
    """
    if isinstance(seed, bool) or not isinstance(seed, int) or seed < 0:
        raise InvalidInputError("seed must be a whole number >= 0", seed, "pass seed=0")
    Backend.on(device)  # refuses a device that is not there before any work
    cells = study(name).cells(quick)
    if only is not None and not 0 <= only < len(cells):
        raise InvalidInputError(
            f"the cell must be 0..{len(cells) - 1}", only, "see the column cell of the result"
        )
    chosen = list(range(len(cells))) if only is None else [only]
    finished = (
        _Checkpoint(checkpoint, _fingerprint(name, cells, seed, device)) if checkpoint else None
    )
    done = dict(finished.read()) if finished else {}
    waiting = [i for i in chosen if i not in done]
    for number, rows in _results(name, cells, waiting, seed, device, jobs):
        done[number] = rows
        if finished:
            finished.append(number, rows)
        if progress:
            progress(sum(i in done for i in chosen), len(chosen), cells[number])
    return [row for i in chosen for row in done[i]]


def _results(
    name: str, cells: Sequence[Cell], waiting: Sequence[int], seed: int, device: str, jobs: int
) -> Iterator[tuple[int, list[Row]]]:
    if jobs == 1 or len(waiting) < 2:
        for i in waiting:
            yield i, run_cell(name, cells[i], i, seed, device)
        return
    from joblib import Parallel, delayed

    tasks = (delayed(_numbered)(name, cells[i], i, seed, device) for i in waiting)
    yield from Parallel(n_jobs=jobs, return_as="generator_unordered", batch_size=1)(tasks)


def _numbered(name: str, cell: Cell, number: int, seed: int, device: str) -> tuple[int, list[Row]]:
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1):
        return number, run_cell(name, cell, number, seed, device)


def _fingerprint(name: str, cells: Sequence[Cell], seed: int, device: str) -> dict[str, Any]:
    from hconsist import __version__

    text = json.dumps(list(cells), sort_keys=True)
    return {
        "study": name,
        "version": __version__,
        "seed": seed,
        "device": device,
        "cells": hashlib.sha256(text.encode()).hexdigest(),
    }


class _Checkpoint:
    """Finished cells, one JSON line each, after a first line that says whose they are."""

    def __init__(self, path: Path, fingerprint: dict[str, Any]) -> None:
        self.path, self.fingerprint = path, fingerprint

    def read(self) -> Iterator[tuple[int, list[Row]]]:
        """What was finished; a last line that an interruption cut short is dropped from the
        file.
        """
        if not self.path.exists() or self.path.stat().st_size == 0:
            self._write("w", self.fingerprint)
            return
        whole = []
        for line in self.path.read_bytes().splitlines(keepends=True):
            try:
                whole.append((line, json.loads(line) if line.endswith(b"\n") else None))
            except ValueError:
                whole.append((line, None))
        kept = [(line, value) for line, value in whole if value is not None]
        if not kept or kept[0][1] != self.fingerprint:
            raise InvalidInputError(
                "the checkpoint must be of the same study, seed, device and version",
                str(self.path),
                "write to another folder, or delete the checkpoint",
            )
        if len(kept) < len(whole):
            with self.path.open("r+b") as file:
                file.truncate(sum(len(line) for line, _ in kept))
        for _, value in kept[1:]:
            yield int(value["cell"]), value["rows"]

    def append(self, number: int, rows: list[Row]) -> None:
        """Add a cell; on disk when this returns."""
        self._write("a", {"cell": number, "rows": rows})

    def _write(self, mode: str, value: Any) -> None:
        with self.path.open(mode, encoding="utf-8") as file:
            file.write(json.dumps(value) + "\n")
            file.flush()
            os.fsync(file.fileno())
