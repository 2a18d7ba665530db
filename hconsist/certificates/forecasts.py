"""The search for certificates about costs that needs more than chords: multipliers and witnesses of
the rigorous engine, as the checker's rules for cross-entropy write them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linprog

from hconsist.arithmetic import BALLS, endpoints
from hconsist.certificates.methods import all_hold
from hconsist.checker import Tree
from hconsist.checker.coverage import Piece
from hconsist.checker.reading import Fields
from hconsist.checker.rules import forecasts, plugin
from hconsist.checker.statements import Statement
from hconsist.checker.trees import add, mul
from hconsist.decisions import Decision
from hconsist.engines.rigorous.plugin import DualPair, pairs_at

Vector = tuple[Fraction, ...]
_SHORTEST = Fraction(1, 2**10)
_METHODS = ("algebra:0", "balls:0", "balls:1", "balls:2", "balls:3")
#: Multipliers are rounded up by about this much.
_SLACK = Fraction(1, 10**9)


def multipliers(decision: Decision, r: int, best: int, beta: Fraction) -> Iterator[Fields]:
    """Slope, level and weights that are best at one beta (the dual of theorem 1), rational."""
    d = tuple(decision.difference(r, best))
    if max(d) < beta:
        return
    pair = next((p for p in pairs_at(decision, beta) if p.item == r and p.d == d), None)
    if pair is None:
        return
    pair.maximise(float("inf"))
    lam = Fraction(pair.lam).limit_denominator(10**6)
    found = pair.program(float(lam))
    if found is None or not lam:
        return
    others = [k for k in range(decision.items) if k != r]
    kept = [k for k in others if any(decision.difference(r, k))]
    mu = dict(
        zip(kept, (Fraction(float(v)).limit_denominator(10**9) for v in found[2]), strict=True)
    )
    sums = [
        sum((m * decision.difference(r, k)[y] for k, m in mu.items()), Fraction(0))
        for y in range(len(d))
    ]
    most = max(
        endpoints(BALLS.exp(BALLS.const(lam * (x - pair.top))) - BALLS.const(c))[1]
        for x, c in zip(d, sums, strict=True)
    )
    if most <= 0:
        return
    level = (most + _SLACK).limit_denominator(10**12) + _SLACK
    unit: Tree = ["exp", str(lam * pair.top)]
    weights = [mul(str(mu[k]), unit) if mu.get(k) else "0" for k in range(decision.items)]
    yield {"slope": str(lam), "level": mul(str(level), unit), "weights": weights}


def near_zero(decision: Decision, r: int, best: int) -> Iterator[Fields]:
    """Slope, level and weights in x for small b = x: the best to second order, and a bit more.

    With lam = k x and a weight k x of the best prediction both sides agree to first order; to
    second order d^2/2 <= c + sum of n_j (L_r - L_j) is asked for, with c least, and k = 1/(2 c).
    """
    d = decision.difference(r, best)
    others = [k for k in range(decision.items) if any(decision.difference(r, k))]
    rows = np.array([[float(v) for v in decision.difference(r, k)] for k in others])
    squares = np.array([float(v) ** 2 / 2 for v in d])
    found = linprog(
        np.r_[1.0, np.zeros(len(others))],
        A_ub=-np.column_stack([np.ones(len(d)), rows.T]),
        b_ub=-squares,
        bounds=[(None, None)] + [(None if k == best else 0, None) for k in others],
    )
    if found.status != 0 or found.x[0] <= 1e-9:
        return
    extra = {
        k: Fraction(float(v)).limit_denominator(1000)
        for k, v in zip(others, found.x[1:], strict=True)
    }
    exact = max(
        x * x / 2 - sum((m * decision.difference(r, k)[y] for k, m in extra.items()), Fraction(0))
        for y, x in enumerate(d)
    )
    for loose in (Fraction(1, 1000), Fraction(1, 50), Fraction(1, 10)):
        c = (exact * (1 + loose)).limit_denominator(10**5)
        k = (1 / (2 * c)).limit_denominator(1000)
        square: Tree = ["pow", "x", "2"]
        weights = [
            mul(str(k * k * extra.get(j, Fraction(0))), square) for j in range(decision.items)
        ]
        weights[best] = add(mul(str(k), "x"), weights[best])
        yield {"slope": mul(str(k), "x"), "level": add("1", mul(str(k * k * c), square)),
               "weights": weights}  # fmt: skip


def _witnesses(decision: Decision, beta: Fraction) -> list[tuple[float, DualPair]]:
    """The pairs at one beta, the least bound first."""
    pairs = pairs_at(decision, beta)
    return sorted(((pair.maximise(float("inf")), pair) for pair in pairs), key=lambda t: t[0])


def _numbers(decision: Decision, pair: DualPair) -> tuple[int, int]:
    """The two predictions of a pair."""
    best = next(
        s for s in range(decision.items)
        if s != pair.item and tuple(decision.difference(pair.item, s)) == pair.d
    )  # fmt: skip
    return pair.item, best


def refuting_point(decision: Decision, beta: Fraction) -> Fields | None:
    """The proof of rule "plug-in point" with the least regret at a beta."""
    for value, pair in _witnesses(decision, beta)[:3]:
        found = pair.witness() if np.isfinite(value) else None
        if found is None:
            continue
        p, q = found
        if min(q) == 0:
            inside = pair.region.inside
            if inside is None:
                continue
            share = Fraction(1, 10**9)
            q = tuple((1 - share) * a + share * b for a, b in zip(q, inside, strict=True))
        r, best = _numbers(decision, pair)
        return {"rule": "plug-in point", "beta": str(beta), "predicted": r, "best": best,
                "p": [str(v) for v in p], "q": [str(v) for v in q]}  # fmt: skip
    return None


def refuting_lines(s: Statement, decision: Decision, beta: Fraction) -> Fields | None:
    """The proof of rule "plug-in lines" that T(beta) is above a claim."""
    assert s.costs is not None
    listed = []
    for r, best in plugin.pairs(s.costs):
        if max(x - y for x, y in zip(s.costs[r], s.costs[best], strict=True)) < beta:
            continue
        witness = next(multipliers(decision, r, best, beta), None)
        if witness is None:
            return None
        listed.append({"predicted": r, "best": best, "witness": witness})
    return {"rule": "plug-in lines", "beta": str(beta), "pairs": listed}


def curves(s: Statement, decision: Decision, tick: Callable[[], None]) -> list[Fields] | None:
    """Pieces of rule "plug-in curve": p and q affine in b between witnesses at both ends."""
    todo, done = [(Fraction(0), s.largest)], []
    while todo:
        tick()
        low, high = todo.pop()
        piece = next(_curve(s, decision, low, high), None)
        if piece is not None:
            done.append(piece)
        elif high - low > _SHORTEST * s.largest:
            middle = (low + high) / 2
            todo += [(middle, high), (low, middle)]
        else:
            return None
    return done


def _curve(s: Statement, decision: Decision, low: Fraction, high: Fraction) -> Iterator[Fields]:
    for value, pair in _witnesses(decision, high)[:2]:
        for start in (True, False):
            ends = _ends(pair, low, high, start) if np.isfinite(value) else None
            if ends is None:
                continue
            r, best = _numbers(decision, pair)
            (p, q), inside = (
                [[_line(a, b, low, high) for a, b in zip(x, y, strict=True)]
                 for x, y in zip(*ends, strict=True)], pair.region.inside,
            )  # fmt: skip
            witness = {"predicted": r, "best": best, "p": p, "q": q,
                       "inside": None if inside is None else [str(v) for v in inside]}  # fmt: skip
            data = {"from": str(low), "to": str(high), "at": "x", "witness": witness}
            for method in _METHODS:
                piece = Piece(str(low), str(high), "x", {**data, "method": method})
                if all_hold(forecasts.on_piece(s, piece, [str(low), str(high)])):
                    yield {**data, "method": method}
                    return


def _ends(
    pair: DualPair, low: Fraction, high: Fraction, start: bool
) -> tuple[tuple[Vector, Vector], tuple[Vector, Vector]] | None:
    """p and q at both ends: the pair's witnesses, or near 0 those of the flattest tie."""
    if low == 0 and start:
        q = _tied(pair, -(pair.floats**2))
        above = None if q is None else _tilted(q, pair.d, high)
        return None if q is None or above is None else ((q, q), above)
    above = pair.witness()
    if above is None:
        return None
    if low == 0:
        return (above[1], above[1]), above
    other = DualPair(pair.item, pair.region, pair.d, low)
    other.maximise(float("inf"))
    below = other.witness()
    return None if below is None else (below, above)


def _tilted(q: Vector, d: Vector, beta: Fraction) -> tuple[Vector, Vector] | None:
    """q with mass moved in proportion to q d, so that the mean of d rises by beta: to second order
    the cheapest way, and labels with d = 0 keep their mass.
    """
    square = sum((x * v * v for x, v in zip(q, d, strict=True)), Fraction(0))
    p = tuple(x * (1 + beta * v / square) for x, v in zip(q, d, strict=True))
    return (p, q) if sum(p) == 1 and min(p) >= 0 else None


def _tied(pair: DualPair, cost: NDArray[np.float64]) -> Vector | None:
    """A rational forecast at a tie of the pair, of least cost."""
    rows = pair.region.floats
    found = linprog(
        cost,
        A_ub=rows,
        b_ub=np.zeros(len(rows)),
        A_eq=np.array([np.ones(len(pair.d)), pair.floats]),
        b_eq=[1.0, 0.0],
        bounds=(0, 1),
    )
    if found.status != 0:
        return None
    for limit in (60, 10_000):
        short = [Fraction(float(v)).limit_denominator(limit) for v in found.x]
        short[-1] = 1 - sum(short[:-1], Fraction(0))
        tied = sum((a * x for a, x in zip(short, pair.d, strict=True)), Fraction(0)) == 0
        if tied and min(short) >= 0 and pair.region.holds(tuple(short)):
            return tuple(short)
    return None


def _line(a: Fraction, b: Fraction, low: Fraction, high: Fraction) -> Tree:
    """a at low and b at high."""
    slope = (b - a) / (high - low)
    return add(str(a - slope * low), mul(str(slope), "x"))


def grid(largest: Fraction) -> list[Fraction]:
    """Numbers beta where a claim is tried, of a range of sizes."""
    sizes = ("1/2", "9/10", "1/4", "3/4", "1/10", "99/100", "1/100", "1", "1/8", "3/8", "5/8")
    return [largest * Fraction(v) for v in sizes]
