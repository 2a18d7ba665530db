"""The figures of the project, each rebuilt from the package alone, byte for byte.

`FIGURES` names them; ``hconsist figures -o figures`` draws them. The plot functions behind them
take ``ax=None``, draw, and return the Axes, as those of `hconsist.plots` do.
`hconsist.figures.studies` draws what ``hconsist simulate`` measured.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

from hconsist.errors import UnknownNameError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

#: Name of the file, and the function of this package that draws it.
FIGURES = {
    "bounds": "published.bounds",
    "published-vs-exact": "published.published_vs_exact",
    "clouds": "clouds.clouds",
    "gap-across-tau": "gap.gap_across_tau",
    "zoo-map": "zoo_map.whole_zoo",
    "worst-cases": "witnesses.worst_cases",
    "rates": "rates.rates",
}


def check_name(name: str) -> str:
    """A name in `FIGURES`.

    Raises
    ------
    UnknownNameError
        With the nearest name.

    >>> check_name("worst-cases")
    'worst-cases'
    """
    if name not in FIGURES:
        raise UnknownNameError("figure", name, FIGURES)
    return name


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
    module, function = FIGURES[check_name(name)].split(".")
    figure: Figure = getattr(importlib.import_module(f"hconsist.figures.{module}"), function)()
    return figure
