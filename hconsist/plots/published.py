"""Published curves beside ours: the best one of a problem, and what a source is called."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from hconsist.closed_forms import float_curve
from hconsist.theorems import published as published_theorems

if TYPE_CHECKING:
    from hconsist.bounds import Bound


def best_published(
    bound: Bound, betas: NDArray[np.float64]
) -> tuple[str, NDArray[np.float64]] | None:
    """The best transformation that a paper states and nobody refuted, on the grid: its source and
    its values.
    """
    curves = [
        (short_source(theorem.paper), float_curve(formula, betas))
        for theorem in published_theorems(bound.problem)
        if theorem.formula is not None and (formula := theorem.formula(bound.problem)) is not None
    ]
    return max(curves, key=lambda curve: float(curve[1].sum()), default=None)


def short_source(paper: str) -> str:
    """``First author et al., venue year``."""
    first, *others, venue = paper.split(", ")
    return f"{first} et al., {venue}" if others and " " not in others[0] else f"{first}, {venue}"
