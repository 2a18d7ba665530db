"""The figures of the project, each rebuilt from the package alone, byte for byte.

`FIGURES` names them; ``hconsist figures -o figures`` draws them. The plot functions behind them
take ``ax=None``, draw, and return the Axes, as those of `hconsist.plots` do.
`hconsist.studies.draw` draws what ``hconsist simulate`` measured.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from hconsist.registry import Registry

if TYPE_CHECKING:
    from matplotlib.figure import Figure

#: Every figure of the project by the name of its file; the functions register themselves.
FIGURES: Registry[Callable[[], Figure]] = Registry(
    "figure", package="hconsist.figures", group="hconsist.figures"
)


def check_name(name: str) -> str:
    """A name in `FIGURES`.

    Raises
    ------
    UnknownNameError
        With the nearest name.

    >>> check_name("worst-cases")
    'worst-cases'
    """
    return FIGURES[name].name


def draw(name: str) -> Figure:
    """One figure; `hconsist.plots.save` writes it, the same bytes each time.

    Parameters
    ----------
    name : str
        A key of `FIGURES`.

    Raises
    ------
    UnknownNameError
        With the nearest name.
    """
    return FIGURES[name].value()
