"""The vertices of a polytope of forecasts, exactly."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from itertools import combinations
from math import comb

from hconsist.engines.symbolic.costs.programs import solve_linear
from hconsist.engines.symbolic.solution import stop

#: Sets of active inequalities that are tried at most.
MOST_SETS = 7000

Vector = tuple[Fraction, ...]


def vertices(region: Sequence[Sequence[Fraction]], n: int) -> list[Vector]:
    """The vertices of ``{q in the simplex : region @ q <= 0}``.

    Raises
    ------
    EngineCannotAnswerError
        When there are too many sets of inequalities.

    Examples
    --------
    >>> one = Fraction(1)
    >>> [[str(v) for v in q] for q in vertices([[-one, one]], 2)]
    [['1/2', '1/2'], ['1', '0']]
    """
    zero, one = Fraction(0), Fraction(1)
    tight = [list(row) for row in region]
    tight += [[-one if k == y else zero for k in range(n)] for y in range(n)]
    if not all(isinstance(v, Fraction) for row in region for v in row):
        raise stop("costs with a symbol, where no forecast is the worst for every multiplier")
    if comb(len(tight), n - 1) > MOST_SETS:
        raise stop(f"the forecasts that lead to one prediction among {n} labels have too many ends")
    found: dict[Vector, None] = {}
    for chosen in combinations(tight, n - 1):
        try:
            q = solve_linear([[one] * n, *map(list, chosen)], [one] + [zero] * (n - 1))
        except ArithmeticError:
            continue
        if all(sum((c * v for c, v in zip(row, q, strict=True)), zero) <= 0 for row in tight):
            found[tuple(q)] = None
    return list(found)
