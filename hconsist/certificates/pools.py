"""Guesses for rule "pools": lines below the pools of a power of the softmax value.

A line has the slope c L and passes through the level -c K at 0, c = g(0) - g(1); K is the least
number for which no pool of 2, ..., n labels is above 1, found in floats and rounded up. What the
checker accepts is all that counts.
"""

from __future__ import annotations

import functools
import math
from fractions import Fraction

from hconsist.certificates.methods import methods_of
from hconsist.checker import Tree
from hconsist.checker.coverage import Piece
from hconsist.checker.reading import Fields
from hconsist.checker.rules import LOWER, lower
from hconsist.checker.statements import Statement

#: Levels are rounded up to multiples of this.
_STEP = Fraction(1, 2**16)
#: Slopes that are tried, per unit.
_SLOPES = 400


def options(classes: int | str, e: Fraction) -> list[Fields]:
    """The rule, where it may apply."""
    fits = isinstance(classes, int) and 2 < classes <= 200 and Fraction(1, 2) < e < 1
    return [{"rule": "pools", "scaling": str(e)}] if fits else []


def _pool(e: float, k: int, slope: float, level: float) -> float:
    tied = k**-e

    def share(y: float) -> float:
        return math.pow(max(0.0, y - level), 1 / e)

    return share(tied + slope) + share(tied - slope) + (k - 2) * share(tied)


@functools.lru_cache(maxsize=8192)
def level_of(e: Fraction, n: int, slope: float) -> float:
    """The least level of a line of this slope, in floats, from above."""
    low, high = 0.0, slope  # at K = L every share is at most that of a tie
    for _ in range(40):
        middle = (low + high) / 2
        if max(_pool(float(e), k, slope, middle) for k in range(2, n + 1)) <= 1:
            high = middle
        else:
            low = middle
    return high


def _rounded(level: float) -> str:
    return str((math.floor(Fraction(level) / _STEP) + 1) * _STEP)


def rational(e: Fraction, n: int, b: Fraction) -> list[Tree]:
    """The highest line at one beta, nearly."""
    slopes = [Fraction(k, _SLOPES) for k in range(1, _SLOPES + 1)]
    best = max(slopes, key=lambda s: float(s) * float(b) - level_of(e, n, float(s)))
    return [[str(best), _rounded(level_of(e, n, float(best)))]]


def at_zero(e: Fraction) -> list[Tree]:
    """Lines that are quadratic in beta = x, with some room."""
    bend = float(1 / e - 1) * 2 ** (float(e) - 1)
    found: list[Tree] = []
    for room in (0.5, 0.125, 0.03):
        slope = Fraction(1 / (2 * bend * (1 + room))).limit_denominator(64)
        level = (math.floor(float(slope) ** 2 * bend * (1 + room) * 256) + 1) * Fraction(1, 256)
        found.append([["mul", str(slope), "x"], ["mul", str(level), ["pow", "x", "2"]]])
    return found


def _tied(e: Fraction) -> Tree:
    """2^-e as rule "pools" and SymPy write it: the algebra then sees what cancels."""
    return ["mul", "1/2", ["pow", "2", str(1 - e)]]


def at_one(e: Fraction, n: int) -> list[Tree]:
    """Lines through T(1) = c (1 - 2^-e), of the least slopes that the pools allow."""
    top = 1 - 2 ** -float(e)
    slope = (1 + top) / 2
    for _ in range(30):  # halving: level_of - (slope - top) falls in the slope
        middle = (0.5 + slope) / 2
        slope = middle if level_of(e, n, middle) <= middle - top + 1e-12 else slope
    lost: Tree = ["add", "1", ["mul", "-1", _tied(e)]]
    levels = (Fraction(_rounded(slope - top)) + Fraction(k, 64) for k in (0, 1, 3))
    return [[["add", lost, str(level)], str(level)] for level in levels]


def tries(e: Fraction, n: int, first: Fraction, last: Fraction) -> list[tuple[Tree, str]]:
    """Witnesses with methods for a piece, the likeliest first."""
    found = at_zero(e) if first == 0 else at_one(e, n) if last == 1 else []
    plain = [w for b in ((first + last) / 2, first, last) if b for w in rational(e, n, b)]
    return [(w, "balls:2" if first == 0 else "balls:0") for w in (*found, *plain)]


def methods(read: Statement, proof: Fields, piece: Piece, method: str) -> list[str] | None:
    """A method for each inequality of a piece; None where one has none."""
    rule = LOWER["pools"]
    count = 1 + len(rule.beside(read, proof, piece.data["witness"]))
    listed = lower.on_piece(rule, read, proof, piece, [piece.low, piece.high])
    return methods_of(listed, count, (method, "balls:0", "algebra:0", "balls:1", "balls:2"))
