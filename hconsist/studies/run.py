"""Running a study: cells one by one or over processes; a finished cell is never lost.

Cells get their random numbers from the seed and their own number alone: neither the order of work,
nor the number of processes, nor an interruption changes a result.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

from hconsist.errors import InvalidInputError
from hconsist.simulate.backend import Backend
from hconsist.simulate.convergence import counting
from hconsist.simulate.results import Cell, Row
from hconsist.studies.checkpoint import Checkpoint
from hconsist.studies.study import study


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
    """The rows of one cell, each with the cell's number first and last the number of its fits that
    did not converge; the same wherever and whenever it runs.
    """
    random = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(number,)))
    with counting() as tally:
        rows = study(name).run(cell, random, Backend.on(device))
    return [{"cell": number, **row, "unconverged": tally.unconverged} for row in rows]


def unconverged(rows: Sequence[Row]) -> int:
    """How many fits of the study ended with a gradient above their tolerance.

    >>> unconverged([{"cell": 0, "unconverged": 2}] * 3 + [{"cell": 1, "unconverged": 1}])
    3
    """
    return sum({row["cell"]: int(row.get("unconverged", 0)) for row in rows}.values())


def run_study(
    name: str,
    *,
    quick: bool = False,
    seed: int = 0,
    device: str = "cpu",
    jobs: int = 1,
    only: int | None = None,
    where: Mapping[str, str] | None = None,
    checkpoint: Path | None = None,
    progress: Callable[[int, int, Cell], None] | None = None,
    data: Mapping[str, object] | None = None,
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
    where : mapping, optional
        The cells with these values alone: ``{"design": "paper"}``. They keep their numbers, so
        their rows are those of the whole study.
    checkpoint : path, optional
        A file that finished cells are appended to, and read back from.
    progress : callable, optional
        Called with the number of finished cells, of all cells, and the cell that was finished.
    data : mapping, optional
        For a study that reads data: ``{"data": ["wine"]}``, names of sets of scikit-learn, or
        ``{"features": path, "labels": path}``.

    Raises
    ------
    InvalidInputError
        For a bad seed, a cell or value that the study has not, a checkpoint of another run, or bad
        data.

    Examples
    --------
    >>> rows = run_study("bounds", quick=True, only=0)
    >>> rows[0]["cell"]
    0
    """
    if isinstance(seed, bool) or not isinstance(seed, int) or seed < 0:
        raise InvalidInputError("seed must be a whole number >= 0", seed, "pass seed=0")
    Backend.on(device)  # refuses a device that is not there before any work
    given = {key: value for key, value in (data or {}).items() if value}
    if given and not study(name).reads_data:
        raise InvalidInputError(
            f"the study {name} makes its own data", sorted(given), "leave them out"
        )
    if ("features" in given) != ("labels" in given):
        raise InvalidInputError(
            "features and labels go together", sorted(given), "pass both files, or neither"
        )
    cells = study(name).cells(quick, **given)
    if only is not None and not 0 <= only < len(cells):
        raise InvalidInputError(
            f"the cell must be 0..{len(cells) - 1}", only, "see the column cell of the result"
        )
    chosen = [i for i in _chosen(cells, where or {}) if only in (None, i)]
    if not chosen:
        raise InvalidInputError("the cell must have these values", only, "leave one of the two out")
    finished = (
        Checkpoint(checkpoint, _fingerprint(name, cells, seed, device)) if checkpoint else None
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


def _chosen(cells: Sequence[Cell], where: Mapping[str, str]) -> list[int]:
    """The cells that have every value asked for."""
    chosen = list(range(len(cells)))
    for key, value in where.items():
        values = list(dict.fromkeys(str(cells[i][key]) for i in chosen if key in cells[i]))
        if not values:
            keys = dict.fromkeys(name for i in chosen for name in cells[i])
            raise InvalidInputError("the cells must have the name", key, f"use {', '.join(keys)}")
        if value not in values:
            raise InvalidInputError(
                f"some cell must have this {key}", value, f"use {', '.join(values)}"
            )
        chosen = [i for i in chosen if str(cells[i].get(key)) == value]
    return chosen


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


def _fingerprint(name: str, cells: Sequence[Cell], seed: int, device: str) -> dict[str, object]:
    from hconsist import __version__

    text = json.dumps(list(cells), sort_keys=True)
    return {
        "study": name,
        "version": __version__,
        "seed": seed,
        "device": device,
        "cells": hashlib.sha256(text.encode()).hexdigest(),
    }
