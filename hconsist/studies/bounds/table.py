"""One row of the study of the bounds, and how it gets its bound."""

from __future__ import annotations

import numpy as np

from hconsist.simulate.curves import BracketedCurve
from hconsist.simulate.results import Row


def row_of(
    kind: str,
    loss: str,
    n: int,
    hypotheses: str,
    pair: str = "",
    distribution: str = "",
    **numbers: float,
) -> Row:
    """One pair, or one line that says why there is none.

    Target and surrogate are excesses that hold the gaps; errors are half-widths of confidence
    intervals, or rounding. The bound is Gamma at the largest surrogate excess allowed by its error,
    the ceiling a proven upper bound on it; the gap is how much of the surrogate excess is one,
    where it was measured.
    """
    values = (
        "target",
        "target_error",
        "surrogate",
        "surrogate_error",
        "gap",
        "gap_error",
        "bound",
        "ceiling",
    )
    return {
        "kind": kind,
        "loss": loss,
        "n": n,
        "hypotheses": hypotheses,
        "pair": pair,
        **{
            name: float(numbers.get(name, 1.0 if name in ("bound", "ceiling") else 0.0))
            for name in values
        },
        "standing": "none",
        "distribution": distribution,
    }


#: Kinds of rows that are no pairs under a bound.
OTHER = ("unanswered", "counterexample", "unbounded")


def with_bounds(rows: list[Row], curve: BracketedCurve) -> list[Row]:
    """The rows with their bounds."""
    if rows:
        excess = np.array([row["surrogate"] + row["surrogate_error"] for row in rows])
        target = np.array([row["target"] for row in rows])
        bound = curve.above(excess, target)
        ceiling = bound if curve.proven else curve.ceiling(excess)
        for row, b, c in zip(rows, bound, ceiling, strict=True):
            row["bound"], row["ceiling"], row["standing"] = float(b), float(c), curve.standing
    return rows
