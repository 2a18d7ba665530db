"""T of two labels and costs of any number of predictions, by the brute force of `two_labels`.

Costs have a row (cost where label 0 is true, cost where label 1 is true) for each prediction. The
forecast of label 0 at scores (v, -v) is q = 1 / (1 + exp(-2 v / temperature)), and the prediction
is the row of least expected cost under it; ties fall on the worst.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from hconsist.selftest.two_labels import FoundPoint, Losses, one_sided, swapped

Row = tuple[float, float]


def forecasts(rows: Sequence[Row], r: int) -> tuple[float, float] | None:
    """Between which forecasts of label 0 the row r costs least; None where nowhere.

    >>> forecasts([(0, 1), (1, 0)], 1)
    (0.0, 0.5)
    """
    low, high = 0.0, 1.0
    for k in range(len(rows)):
        at_zero, at_one = rows[r][1] - rows[k][1], rows[r][0] - rows[k][0]
        if at_zero <= 0 and at_one <= 0:
            continue
        if at_zero > 0 and at_one > 0:
            return None
        root = at_zero / (at_zero - at_one)
        low, high = (max(low, root), high) if at_zero > 0 else (low, min(high, root))
    return (low, high) if low <= high else None


def least_eta(rows: Sequence[Row], r: int, beta: float) -> float | None:
    """The probability of label 0 from which on the regret of row r is at least beta, for the sake
    of rows that are better where label 0 is likely; None where it never is.

    >>> least_eta([(0, 1), (1, 0)], 1, 0.5)
    0.75
    """
    found = []
    for k in range(len(rows)):
        at_zero, at_one = rows[r][1] - rows[k][1], rows[r][0] - rows[k][0]
        if at_one >= beta and at_one > at_zero:
            found.append(max(0.0, (beta - at_zero) / (at_one - at_zero)))
    return min(found, default=None)


def sweep(
    losses: Losses,
    rows: Sequence[Row],
    betas: Sequence[float],
    temperature: float = 1.0,
    density: int = 1,
    knots: Sequence[float] = (),
) -> list[FoundPoint | None] | None:
    """The point of least regret found for each target regret, over all scores: None for one that no
    prediction reaches. None where a risk has no lower bound.
    """
    points: list[FoundPoint | None] = [None] * len(betas)
    for side in (False, True):
        mine = [row[::-1] for row in rows] if side else list(rows)
        for r in range(len(mine)):
            where = forecasts(mine, r)
            etas = {i: least_eta(mine, r, b) for i, b in enumerate(betas)}
            asked = {i: eta for i, eta in etas.items() if eta is not None}
            if where is None or not asked:
                continue
            with np.errstate(divide="ignore"):
                low, high = (temperature * float(np.log(q) - np.log1p(-q)) / 2 for q in where)
            found = one_sided(
                swapped(losses) if side else losses,
                list(asked.values()),
                (low, high),
                None,
                density,
                [-k for k in knots] if side else knots,
            )
            if found is None:
                return None
            for i, point in zip(asked, found, strict=True):
                before, now = points[i], point.swapped if side else point
                points[i] = now if before is None or now.regret < before.regret else before
    return points
