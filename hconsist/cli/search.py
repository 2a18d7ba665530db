"""Options of commands that may search for long: accuracy, a time budget, and a checkpoint to go on
from.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import click

from hconsist.cli.limits import ONE_VALUE, keeps, leave_time_to_answer, time_budget_option
from hconsist.cli.output import check_output, progress, write_json

F = TypeVar("F", bound=Callable[..., object])


def search_options(accuracy: str, text: str) -> Callable[[F], F]:
    """``--ACCURACY`` and ``--checkpoint`` for the rigorous engine, ``--time-budget`` for all."""

    def add(command: F) -> F:
        for option in (
            click.option(
                "--checkpoint",
                metavar="FILE",
                type=click.Path(path_type=Path),
                help="Rigorous: go on from, save to.",
            ),
            time_budget_option(ONE_VALUE, expose=True),
            click.option(f"--{accuracy}", "accuracy", metavar="W", help=f"Rigorous: {text}."),
        ):
            command = option(command)
        return command

    return add


def search_arguments(
    engine: str, name: str, accuracy: str | None, time_budget: float, checkpoint: Path | None
) -> dict[str, Any]:
    """What the engine is passed for these options; an existing checkpoint is taken over, and kept
    up to date.

    Raises
    ------
    click.UsageError
        When an option is given for another engine.
    InvalidInputError
        When a number is none, or the file cannot be read or written.
    """
    from hconsist.arithmetic import exact
    from hconsist.errors import InvalidInputError

    found: dict[str, Any] = {}
    if accuracy is not None:
        number = exact(accuracy, name)
        if not number > 0:
            raise InvalidInputError(f"{name} must be > 0", accuracy, f"pass --{name} 1e-6")
        found[name] = number
    if checkpoint is not None:
        check_output(checkpoint, (".json",))
        if checkpoint.exists():
            try:
                found["resume"] = json.loads(checkpoint.read_text(encoding="utf-8"))
            except (OSError, ValueError, RecursionError) as problem:
                raise InvalidInputError(
                    "a checkpoint must be a JSON file", str(checkpoint), "delete it to start afresh"
                ) from problem
        found["checkpoint"] = partial(write_json, checkpoint)
    if found and engine != "rigorous":
        raise click.UsageError(f"--{name} and --checkpoint need --engine rigorous.")
    if checkpoint is not None:
        keeps(f"{checkpoint} keeps what was finished: the same command goes on from there")
    if engine == "rigorous":
        leave_time_to_answer()
        if math.isfinite(time_budget):
            found["time_budget"] = time_budget
        found["progress"] = _report
    return found


def _report(*known: Any) -> None:
    if len(known) == 3:
        known = (f"{known[0]} boxes: between {known[1]:.9g} and {known[2]:.9g}",)
    progress(str(known[0]))
