"""A study is a list of independent cells, each a table of rows, with a verdict and a figure.

Each study is a folder of this package that registers itself; `STUDIES` is the list.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

import numpy as np

from hconsist.registry import Registry
from hconsist.simulate.backend import Backend
from hconsist.simulate.results import Cell, Row

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Draw = Callable[[Sequence[Row], "Axes"], None]


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
    """A study by name.

    Parameters
    ----------
    name : str
    cells : callable
        ``quick`` to the list of cells, each a JSON-ready dict.
    run : callable
        (cell, random generator, backend) to rows, JSON-ready dicts with the same keys.
    verdict : callable
        All rows to a `Verdict`.
    draw : callable
        (rows, Axes): the figure, in the house style.
    reads_data : bool
        Whether ``cells`` takes ``data``, names of data sets, and the files ``features`` and
        ``labels``.
    """

    name: str
    cells: Callable[..., list[Cell]]
    run: Callable[[Cell, np.random.Generator, Backend], list[Row]]
    verdict: Callable[[Sequence[Row]], Verdict]
    draw: Draw
    reads_data: bool = False


#: Every study; the summary is what it asks.
STUDIES: Registry[Study] = Registry("study", package="hconsist.studies", group="hconsist.studies")


def register(
    name: str,
    asks: str,
    cells: Callable[..., list[Cell]],
    run: Callable[[Cell, np.random.Generator, Backend], list[Row]],
    verdict: Callable[[Sequence[Row]], Verdict],
    draw: Draw,
    reads_data: bool = False,
) -> Study:
    """Put a study into `STUDIES`; see `Study` for the parts."""
    return STUDIES.add(name, Study(name, cells, run, verdict, draw, reads_data), summary=asks)


def figure_of(package: str) -> Draw:
    """The function ``draw`` of the module ``figure`` in a study's folder, imported when it draws:
    Matplotlib is slow to load.
    """

    def draw(rows: Sequence[Row], ax: Axes) -> None:
        importlib.import_module(f"{package}.figure").draw(rows, ax)

    return draw


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
    return STUDIES[name].value
