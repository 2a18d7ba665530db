"""Two predictions that compete for the largest score: which sums of their weights are possible.

With one score a prediction, the surrogate regret of predicting r depends on w = A p alone, and is
at least that of the two entries w_r < w_{r*} with gap b and sum m, with equality where no other
weight exceeds m/2 (docs/targets.md, theorem 5). So the best m decides, as a function of b: linear
programs with the parameter b, solved exactly. r* may be taken as the best prediction, which no
weight exceeds.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

import sympy
from sympy import Expr

from hconsist.arithmetic import to_sympy
from hconsist.engines.derivation import beta_symbol
from hconsist.engines.symbolic.costs.conjugate import expression
from hconsist.engines.symbolic.costs.parameters import Parameter, pieces
from hconsist.engines.symbolic.costs.programs import Number, maximum
from hconsist.engines.symbolic.solution import stop

Rows = tuple[tuple[Fraction, ...], ...]
Numbers = list[list[Number]]
#: From the least and the largest possible sum, each computed when asked for, to the best one; None
#: where every sum is as good.
Choice = Callable[[Callable[[], Number], Callable[[], Number]], Number | None]
#: Whether a sum is better than another one.
Better = Callable[[Number, Number], bool]


@dataclass(frozen=True)
class CompetingPiece:
    """The best sum m of two competing weights from one beta to another, and whether it is attained:
    whether for it no other weight exceeds m/2.
    """

    sum: Expr
    attained: bool
    start: Expr
    end: Expr


def best_sums(
    weights: Rows, choose: Choice, better: Better, most: Fraction
) -> list[CompetingPiece]:
    """The best sum for each beta in [0, most].

    Parameters
    ----------
    weights : rows
        One row a prediction, one column a label.
    choose, better : callable
        See `Choice`, `Better`.
    most : Fraction
        The largest regret.

    Raises
    ------
    EngineCannotAnswerError
        Where some gap is not possible, or the formula changes too often.

    Examples
    --------
    >>> half, one = Fraction(1, 2), Fraction(1)
    >>> weights = ((one, 0 * one), (0 * one, one), (half, half))  # reject at cost 1/2
    >>> for piece in best_sums(weights, lambda low, high: high(), lambda x, y: x > y, one):
    ...     print(piece.sum, piece.attained, piece.start, piece.end)
    beta + 1 True 0 1/2
    1 True 1/2 1
    """
    every = range(len(weights))
    pairs = [(r, s) for r in every for s in every if r != s]
    gaps = {pair: [weights[pair[1]][y] - weights[pair[0]][y] for y in range(len(weights[0]))]
            for pair in pairs}  # fmt: skip
    pairs = [pair for pair in pairs if max(gaps[pair]) > 0]
    ends = sorted({Fraction(0), most, *(max(gaps[pair]) for pair in pairs)})
    found: list[CompetingPiece] = []
    for low, high in pairwise(ends):
        alive = [pair for pair in pairs if max(gaps[pair]) >= high]
        if not alive:
            break

        def compute(
            parameter: Parameter, alive: Sequence[tuple[int, int]] = tuple(alive)
        ) -> tuple[Expr, bool]:
            return _best(parameter, weights, alive, gaps, choose, better)

        for (total, attained), start, end in pieces(
            beta_symbol(), to_sympy(low), to_sympy(high), compute
        ):
            if total is None:
                raise stop("no two predictions have some gap while one of them is the best")
            found.append(CompetingPiece(total, attained, start, end))
    merged = found[:1]
    for piece in found[1:]:
        last = merged[-1]
        if (piece.sum, piece.attained) == (last.sum, last.attained):
            merged[-1] = CompetingPiece(last.sum, last.attained, last.start, piece.end)
        else:
            merged.append(piece)
    return merged


def _best(
    parameter: Parameter,
    weights: Rows,
    pairs: Sequence[tuple[int, int]],
    gaps: dict[tuple[int, int], list[Fraction]],
    choose: Choice,
    better: Better,
) -> tuple[Expr, bool]:
    beta = parameter.number(parameter.symbol)
    one = Fraction(1)
    known: list[tuple[Number | None, tuple[int, int]]] = []
    for pair in pairs:
        rows, right, sums = _optimal(one, beta, weights, pair, gaps[pair])
        high = maximum(rows, right, sums)
        if high is None:
            continue

        def low(
            rows: Numbers = rows, right: list[Number] = right, sums: list[Number] = sums
        ) -> Number:
            found = maximum(rows, right, [-v for v in sums])
            assert found is not None
            return -found.value

        known.append((choose(low, lambda high=high: high.value), pair))  # type: ignore[misc]
    if not known:
        return None, False
    best = known[0][0]
    if best is None:
        attained = any(_fits(one, beta, weights, pair, gaps[pair], None) for _, pair in known)
        return sympy.Integer(0), attained
    for value, _ in known[1:]:
        if better(value, best):
            best = value
    ties = [pair for value, pair in known if value == best]
    attained = any(_fits(one, beta, weights, pair, gaps[pair], best) for pair in ties)
    return expression(best), attained


def _optimal(
    one: Number, beta: Number, weights: Rows, pair: tuple[int, int], gap: list[Fraction]
) -> tuple[Numbers, list[Number], list[Number]]:
    """Distributions with the gap where the second of the pair is the best prediction: rows, right
    sides, and the sums of the two weights.
    """
    zero = 0 * one
    others = [k for k in range(len(weights)) if k not in pair]
    spare = range(len(others))
    rows = [
        [one] * len(gap) + [zero for _ in spare],
        [one * v for v in gap] + [zero for _ in spare],
    ]
    for i, k in enumerate(others):
        more = [a - b for a, b in zip(weights[k], weights[pair[1]], strict=True)]
        rows.append([one * v for v in more] + [one if j == i else zero for j in spare])
    sums = [one * (a + b) for a, b in zip(weights[pair[0]], weights[pair[1]], strict=True)]
    return rows, [one, beta, *(zero for _ in spare)], sums + [zero for _ in spare]


def _fits(
    one: Number,
    beta: Number,
    weights: Rows,
    pair: tuple[int, int],
    gap: list[Fraction],
    total: Number | None,
) -> bool:
    """Whether some distribution has the gap, the sum (if one is asked), and no other weight above
    half the sum.
    """
    n, zero = len(gap), 0 * one
    others = [k for k in range(len(weights)) if k not in pair]
    if not others:
        return True
    slack = len(others)

    def row(values: Sequence[Fraction], room: int | None = None) -> list[Number]:
        own = [one if k == room else zero for k in range(slack)]
        free = [zero, zero] if room is None else [one, -one]
        return [*(one * v for v in values), *free, *own]

    sums = [a + b for a, b in zip(weights[pair[0]], weights[pair[1]], strict=True)]
    rows, right = [row([Fraction(1)] * n), row(gap)], [one, beta]
    if total is not None:
        rows, right = [*rows, row(sums)], [*right, total]
    half = Fraction(1, 2)
    rows += [
        row([a - half * m for a, m in zip(weights[k], sums, strict=True)], i)
        for i, k in enumerate(others)
    ]
    right += [zero for _ in others]
    objective = [zero] * n + [one, -one] + [zero] * slack
    found = maximum(rows, right, objective)
    return found is not None and bool(found.value >= 0)


def pieced(parts: Sequence[tuple[Expr, Expr]]) -> Expr:
    """Formulas, each up to its end, as one expression."""
    b = beta_symbol()
    if len(parts) == 1:
        return parts[0][0]
    return sympy.Piecewise(*((f, b <= end) for f, end in parts[:-1]), (parts[-1][0], True))
